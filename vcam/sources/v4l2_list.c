/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capture devices of the machine, and whether each can be had now. */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcam/sources/v4l2_priv.h"

/* To ask for no buffers changes nothing, but whoever streams owns the queue. */
static int busy_error(const struct vcam_v4l2_node *node)
{
    struct v4l2_requestbuffers none = {
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
    };
    return vcam_v4l2_ioctl(node, VIDIOC_REQBUFS, &none) == -EBUSY ? -EBUSY : 0;
}

static void describe(const struct vcam_v4l2_node *node, const struct vcam_v4l2_identity *identity,
                     struct vcam_v4l2_device *device)
{
    vcam_v4l2_name(identity, device->name);
    memcpy(device->driver, identity->driver, sizeof(identity->driver));
    memcpy(device->bus, identity->bus, sizeof(identity->bus));
    memcpy(device->serial, identity->serial, sizeof(identity->serial));
    device->error = busy_error(node);
    device->other_formats = vcam_v4l2_read_offer(node, &device->offer);
    vcam_v4l2_read_controls(node, &device->controls);
}

/* Of a node that cannot be opened sysfs knows the name, but not whether it captures. The first node
   of a camera does; those after it carry metadata. */
static bool describe_closed(const struct vcam_v4l2_io *io, struct vcam_v4l2_device *device)
{
    struct vcam_v4l2_identity identity = {0};
    io->attribute(device->path, "index", identity.index, sizeof(identity.index));
    io->attribute(device->path, "name", identity.card, sizeof(identity.card));
    io->attribute(device->path, "device/../serial", device->serial, sizeof(device->serial));
    vcam_v4l2_name(&identity, device->name);
    return !strcmp(identity.index, "0");
}

/* False where it is no camera, or none any more. */
static bool read_device(const struct vcam_v4l2_io *io, struct vcam_v4l2_device *device)
{
    struct vcam_v4l2_identity identity = {0};
    struct vcam_v4l2_node node;
    int r = vcam_v4l2_open(io, device->path, &node, &identity);
    if (r < 0) {
        device->error = r;
        return r != -ENOENT && r != -ENODEV && r != -ENOTTY && describe_closed(io, device);
    }
    describe(&node, &identity, device);
    vcam_v4l2_close(&node);
    return true;
}

int vcam_v4l2_list_on(const struct vcam_v4l2_io *io,
                      void (*func)(void *user, const struct vcam_v4l2_device *device), void *user)
{
    unsigned numbers[VCAM_V4L2_MAX_NODES];
    size_t n = io->nodes(numbers, VCAM_V4L2_MAX_NODES);
    int found = 0;
    struct vcam_v4l2_device *device = malloc(sizeof(*device)); /* big, for a stack */
    if (!device)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        *device = (struct vcam_v4l2_device){0};
        snprintf(device->path, sizeof(device->path), "/dev/video%u", numbers[i]);
        if (!read_device(io, device))
            continue;
        func(user, device);
        found++;
    }
    free(device);
    return found;
}

int vcam_v4l2_list(void (*func)(void *user, const struct vcam_v4l2_device *device), void *user)
{
    return vcam_v4l2_list_on(&vcam_v4l2_kernel, func, user);
}
