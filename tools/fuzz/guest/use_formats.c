/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each format that a camera has: what it says of it, and a negotiation of its largest and smallest
   size. */
#include <string.h>

#include "tools/fuzz/guest/use.h"

#define MOST_FORMATS 32
#define MOST_INPUTS  8

static void read_intervals(struct node *node, const struct v4l2_frmsizeenum *size)
{
    struct v4l2_frmivalenum interval = {.pixel_format = size->pixel_format,
                                        .width = size->discrete.width,
                                        .height = size->discrete.height};
    while (ask(node, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0)
        interval.index++;
}

static void read_sizes(struct node *node, uint32_t pixel_format)
{
    struct v4l2_frmsizeenum size = {.pixel_format = pixel_format};
    for (; ask(node, VIDIOC_ENUM_FRAMESIZES, &size) == 0; size.index++)
        read_intervals(node, &size);
}

static int negotiate(struct node *node, unsigned long request, uint32_t pixel_format, uint32_t side)
{
    struct v4l2_format format = {.type = node->type};
    format.fmt.pix.pixelformat = pixel_format;
    format.fmt.pix.width = format.fmt.pix.height = side;
    return ask(node, request, &format);
}

/* The interval that it has, then one that is shorter than all. */
static void use_intervals(struct node *node)
{
    struct v4l2_streamparm parameters = {.type = node->type};
    if (ask(node, VIDIOC_G_PARM, &parameters) < 0)
        return;
    parameters.parm.capture.timeperframe = (struct v4l2_fract){1, 10000};
    ask(node, VIDIOC_S_PARM, &parameters);
}

void use_formats(struct node *node)
{
    struct v4l2_format first = {.type = node->type};
    struct v4l2_fmtdesc format = {.type = node->type};
    struct v4l2_capability has;
    ask(node, VIDIOC_QUERYCAP, &has);
    bool known = ask(node, VIDIOC_G_FMT, &first) == 0;
    for (; format.index < MOST_FORMATS && ask(node, VIDIOC_ENUM_FMT, &format) == 0;
         format.index++) {
        read_sizes(node, format.pixelformat);
        negotiate(node, VIDIOC_TRY_FMT, format.pixelformat, UINT32_MAX);
        negotiate(node, VIDIOC_S_FMT, format.pixelformat, 1);
    }
    use_intervals(node);
    if (known) /* what a picture costs grows with its size, what it shows of a driver does not */
        negotiate(node, VIDIOC_S_FMT, first.fmt.pix.pixelformat, 1);
}

void use_inputs(struct node *node)
{
    int first = 0;
    bool known = ask(node, VIDIOC_G_INPUT, &first) == 0;
    struct v4l2_input input = {0};
    while (input.index < MOST_INPUTS && ask(node, VIDIOC_ENUMINPUT, &input) == 0)
        input.index++;
    for (int i = 0; input.index > 1 && i <= (int)input.index; i++)
        ask(node, VIDIOC_S_INPUT, &i);
    if (known && input.index > 1)
        ask(node, VIDIOC_S_INPUT, &first);
}
