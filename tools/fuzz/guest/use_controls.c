/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The controls that the driver made of what a camera has. */
#include <string.h>

#include "tools/fuzz/guest/use.h"

#define MOST_CONTROLS 64
#define MOST_ITEMS    32 /* of a menu */
#define MOST_EVENTS   16

static void read_menu(struct node *node, const struct v4l2_query_ext_ctrl *control)
{
    struct v4l2_querymenu item = {.id = control->id};
    if (control->type != V4L2_CTRL_TYPE_MENU && control->type != V4L2_CTRL_TYPE_INTEGER_MENU)
        return;
    for (; item.index < MOST_ITEMS && item.index <= control->maximum; item.index++)
        ask(node, VIDIOC_QUERYMENU, &item);
}

/* What it can be at most and at least, and in the end what it was. */
static void write_control(struct node *node, const struct v4l2_query_ext_ctrl *control)
{
    struct v4l2_control was = {.id = control->id};
    if (ask(node, VIDIOC_G_CTRL, &was) < 0)
        return;
    const int64_t values[] = {control->maximum, control->minimum, was.value};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        struct v4l2_control set = {control->id, values[i]};
        ask(node, VIDIOC_S_CTRL, &set);
    }
}

static unsigned use_each(struct node *node, struct v4l2_ext_control *ret_controls)
{
    const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
    struct v4l2_query_ext_ctrl control = {.id = next};
    unsigned n = 0;
    for (; n < MOST_CONTROLS && ask(node, VIDIOC_QUERY_EXT_CTRL, &control) == 0; n++) {
        struct v4l2_event_subscription changes = {
            .type = V4L2_EVENT_CTRL, .id = control.id, .flags = V4L2_EVENT_SUB_FL_SEND_INITIAL};
        ask(node, VIDIOC_SUBSCRIBE_EVENT, &changes);
        read_menu(node, &control);
        write_control(node, &control);
        ret_controls[n] = (struct v4l2_ext_control){.id = control.id};
        control.id |= next;
    }
    return n;
}

/* All at once, and what each was made with. */
static void use_together(struct node *node, struct v4l2_ext_control *controls, unsigned n)
{
    struct v4l2_ext_controls all = {
        .which = V4L2_CTRL_WHICH_DEF_VAL, .count = n, .controls = controls};
    ask(node, VIDIOC_G_EXT_CTRLS, &all);
    all.which = V4L2_CTRL_WHICH_CUR_VAL;
    if (ask(node, VIDIOC_G_EXT_CTRLS, &all) < 0)
        return;
    ask(node, VIDIOC_TRY_EXT_CTRLS, &all);
    ask(node, VIDIOC_S_EXT_CTRLS, &all);
}

static void read_events(struct node *node)
{
    struct v4l2_event event;
    for (int i = 0; i < MOST_EVENTS && ask(node, VIDIOC_DQEVENT, &event) == 0; i++)
        continue;
}

/* By two users, as the driver sees it: one writes each, and is gone when the other writes all. */
void use_controls(struct node *node, int number)
{
    struct v4l2_ext_control controls[MOST_CONTROLS];
    struct node other;
    unsigned n = 0;
    if (open_node(&other, "video", number, node->deadline)) {
        other.asked = node->asked;
        n = use_each(&other, controls);
        read_events(&other);
        node->asked = other.asked;
    }
    close_node(&other);
    use_together(node, controls, n);
}
