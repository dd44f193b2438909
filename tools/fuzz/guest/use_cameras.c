/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Goes from node to node: first what only asks, then pictures, whatever time that leaves. */
#include "tools/fuzz/guest/use_cameras.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/fuzz/guest/use.h"

#define MOST_NODES  32  /* of a kind */
#define PICTURES_MS 150 /* of a camera: a stream in which no picture comes costs the host much */

/* By what it lists, not by VIDIOC_QUERYCAP: Debian's 6.1 warns when that is asked of the node
   beside a display. */
static uint32_t type_of(int fd)
{
    static const uint32_t types[] = {V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_OUTPUT,
                                     V4L2_BUF_TYPE_META_CAPTURE};
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        struct v4l2_fmtdesc first = {.type = types[i]};
        if (ioctl(fd, VIDIOC_ENUM_FMT, &first) == 0)
            return types[i];
    }
    return 0;
}

bool open_node(struct node *node, const char *kind, int number, int64_t deadline)
{
    char path[32];
    *node = (struct node){.deadline = deadline};
    snprintf(node->name, sizeof node->name, "%s%d", kind, number);
    snprintf(path, sizeof path, "/dev/%s", node->name);
    node->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (node->fd >= 0)
        node->type = type_of(node->fd);
    return node->fd >= 0;
}

void close_node(struct node *node)
{
    if (node->fd >= 0)
        close(node->fd);
    node->fd = -1;
}

static bool has_pictures(const struct node *node)
{
    return node->type == V4L2_BUF_TYPE_VIDEO_CAPTURE || node->type == V4L2_BUF_TYPE_VIDEO_OUTPUT;
}

static unsigned use_camera(struct node *node, int number)
{
    struct node meta;
    int64_t deadline = node->deadline;
    bool beside =
        open_node(&meta, "video", number + 1, deadline) && meta.type == V4L2_BUF_TYPE_META_CAPTURE;
    node->deadline -= PICTURES_MS;
    use_files(node);
    use_inputs(node);
    use_units(node);
    use_controls(node, number);
    use_formats(node);
    node->deadline = least(deadline, now_ms() + PICTURES_MS);
    unsigned taken = use_pictures(node, beside ? &meta : NULL);
    close_node(&meta);
    return taken;
}

unsigned use_cameras(int64_t deadline)
{
    unsigned taken = 0;
    struct node node;
    for (int i = 0; i < MOST_NODES; i++) {
        if (open_node(&node, "media", i, deadline))
            use_media(&node);
        close_node(&node);
    }
    for (int i = 0; i < MOST_NODES; i++) {
        if (open_node(&node, "video", i, deadline) && has_pictures(&node))
            taken += use_camera(&node, i);
        close_node(&node);
    }
    use_statistics();
    return taken;
}
