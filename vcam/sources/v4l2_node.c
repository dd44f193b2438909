/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which node is which camera: opening it, and finding it again after it was pulled. */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>

#include "vcam/sources/v4l2_priv.h"

int vcam_v4l2_ioctl(const struct vcam_v4l2_node *node, unsigned long request, void *arg)
{
    int r = node->io->ioctl(node->fd, request, arg);
    return r < 0 ? r : 0;
}

void vcam_v4l2_close(struct vcam_v4l2_node *node)
{
    if (node->fd >= 0)
        node->io->close(node->fd);
    node->fd = -1;
}

/* Single-planar capture by mmap; codecs capture too, but also have an output. */
static bool is_camera(const struct v4l2_capability *capability)
{
    uint32_t caps = capability->capabilities & V4L2_CAP_DEVICE_CAPS ? capability->device_caps
                                                                    : capability->capabilities;
    const uint32_t needed = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    const uint32_t other =
        V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VIDEO_M2M;
    return (caps & needed) == needed && !(caps & other);
}

static int read_identity(const struct vcam_v4l2_node *node, const char *path,
                         struct vcam_v4l2_identity *ret_identity)
{
    struct v4l2_capability capability = {0};
    int r = vcam_v4l2_ioctl(node, VIDIOC_QUERYCAP, &capability);
    if (r < 0)
        return r == -EINVAL || r == -EBADF ? -ENOTTY : r; /* not V4L2 at all */
    if (!is_camera(&capability))
        return -ENOTTY;
    snprintf(ret_identity->card, sizeof(ret_identity->card), "%.32s", capability.card);
    snprintf(ret_identity->driver, sizeof(ret_identity->driver), "%.16s", capability.driver);
    snprintf(ret_identity->bus, sizeof(ret_identity->bus), "%.32s", capability.bus_info);
    node->io->attribute(path, "device/../serial", ret_identity->serial,
                        sizeof(ret_identity->serial));
    node->io->attribute(path, "index", ret_identity->index, sizeof(ret_identity->index));
    return 0;
}

int vcam_v4l2_open(const struct vcam_v4l2_io *io, const char *path, struct vcam_v4l2_node *ret_node,
                   struct vcam_v4l2_identity *ret_identity)
{
    struct vcam_v4l2_node node = {io, io->open(path)};
    if (node.fd < 0)
        return node.fd == -ENXIO ? -ENODEV : node.fd; /* a node that is left of a camera */
    int r = read_identity(&node, path, ret_identity);
    if (r < 0)
        vcam_v4l2_close(&node);
    else
        *ret_node = node;
    return r;
}

static bool is_same_model(const struct vcam_v4l2_identity *a, const struct vcam_v4l2_identity *b)
{
    return !strcmp(a->card, b->card) && !strcmp(a->driver, b->driver) &&
           !strcmp(a->index, b->index);
}

static bool is_same_socket(const struct vcam_v4l2_identity *a, const struct vcam_v4l2_identity *b)
{
    return is_same_model(a, b) && !strcmp(a->bus, b->bus) && !strcmp(a->serial, b->serial);
}

static bool is_same_serial(const struct vcam_v4l2_identity *wanted,
                           const struct vcam_v4l2_identity *found)
{
    return is_same_model(wanted, found) && wanted->serial_is_own &&
           !strcmp(wanted->serial, found->serial);
}

static int
open_if(const struct vcam_v4l2_io *io, const char *path, const struct vcam_v4l2_identity *identity,
        bool (*matches)(const struct vcam_v4l2_identity *, const struct vcam_v4l2_identity *),
        struct vcam_v4l2_node *ret_node)
{
    struct vcam_v4l2_identity found = {0};
    struct vcam_v4l2_node node;
    int r = vcam_v4l2_open(io, path, &node, &found);
    if (r < 0)
        return r;
    if (!matches(identity, &found)) {
        vcam_v4l2_close(&node);
        return -ENODEV;
    }
    *ret_node = node;
    return 0;
}

int vcam_v4l2_find(const struct vcam_v4l2_io *io, char path[VCAM_V4L2_PATH_LEN],
                   const struct vcam_v4l2_identity *identity, struct vcam_v4l2_node *ret_node)
{
    unsigned numbers[VCAM_V4L2_MAX_NODES];
    int first = open_if(io, path, identity, is_same_socket, ret_node);
    if (first == 0)
        return 0;
    size_t n = io->nodes(numbers, VCAM_V4L2_MAX_NODES);
    for (size_t i = 0; i < 2 * n; i++) {
        char other[VCAM_V4L2_PATH_LEN];
        snprintf(other, sizeof(other), "/dev/video%u", numbers[i % n]);
        if (open_if(io, other, identity, i < n ? is_same_socket : is_same_serial, ret_node) < 0)
            continue;
        memcpy(path, other, sizeof(other));
        return 0;
    }
    return first == -ENOENT || first == -ENOTTY ? -ENODEV : first;
}

bool vcam_v4l2_serial_is_unique(const struct vcam_v4l2_io *io,
                                const struct vcam_v4l2_identity *identity)
{
    unsigned numbers[VCAM_V4L2_MAX_NODES], same = 0;
    if (!identity->serial[0])
        return false;
    size_t n = io->nodes(numbers, VCAM_V4L2_MAX_NODES);
    for (size_t i = 0; i < n; i++) {
        char path[VCAM_V4L2_PATH_LEN], index[sizeof(identity->index)],
            serial[sizeof(identity->serial)];
        snprintf(path, sizeof(path), "/dev/video%u", numbers[i]);
        io->attribute(path, "index", index, sizeof(index));
        io->attribute(path, "device/../serial", serial, sizeof(serial));
        same += !strcmp(index, identity->index) && !strcmp(serial, identity->serial);
    }
    return same <= 1;
}

void vcam_v4l2_name(const struct vcam_v4l2_identity *identity, char ret_name[64])
{
    const char *card = identity->card;
    const char *colon = strstr(card, ": ");
    /* uvcvideo: "Integrated Camera: Integrated C", the product and as much of the function as fits.
     */
    size_t len = colon && !strncmp(card, colon + 2, strlen(colon + 2)) ? (size_t)(colon - card)
                                                                       : strlen(card);
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)card[i] >= ' ' && card[i] != 0x7f)
            ret_name[n++] = card[i];
    ret_name[n] = 0;
    if (n == 0)
        strcpy(ret_name, "Camera");
}
