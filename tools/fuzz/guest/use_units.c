/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extension units: only who reads the descriptors knows which there are. */
#include <fcntl.h>
#include <linux/usb/video.h>
#include <linux/uvcvideo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/fuzz/guest/use.h"

#define MOST_UNITS     4
#define MOST_SELECTORS 4 /* of each */
#define MOST_DATA      64
#define CS_INTERFACE   0x24
#define FIRST_CONTROL  (V4L2_CID_CAMERA_CLASS_BASE + 0x800) /* behind all that have names */

/* As the driver knows it, and what each request is answered by. */
static void query_control(struct node *node, uint8_t unit, uint8_t selector)
{
    static const uint8_t requests[] = {UVC_GET_CUR, UVC_GET_MIN, UVC_GET_MAX, UVC_GET_RES,
                                       UVC_GET_DEF};
    uint8_t length[2] = {0}, data[MOST_DATA] = {0};
    struct uvc_xu_control_query query = {unit, selector, UVC_GET_LEN, sizeof length, length};
    if (ask(node, UVCIOC_CTRL_QUERY, &query) < 0)
        return;
    uint16_t size = length[0] | length[1] << 8;
    struct uvc_xu_control_query info = {unit, selector, UVC_GET_INFO, 1, data};
    ask(node, UVCIOC_CTRL_QUERY, &info);
    for (unsigned i = 0; size <= MOST_DATA && i < sizeof requests; i++) {
        struct uvc_xu_control_query get = {unit, selector, requests[i], size, data};
        ask(node, UVCIOC_CTRL_QUERY, &get);
    }
    struct uvc_xu_control_query set = {unit, selector, UVC_SET_CUR, size, data};
    if (size <= MOST_DATA)
        ask(node, UVCIOC_CTRL_QUERY, &set);
}

/* A control of its own, which is then asked for as any other: of the first byte, and of more than
   the camera has. */
static void map_control(struct node *node, const uint8_t *unit, uint8_t selector)
{
    static const struct {
        uint8_t size, offset;
    } pieces[] = {{8, 0}, {32, 0}, {32, 224}};
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct uvc_xu_control_mapping map = {.id = FIRST_CONTROL + unit[3] * 0x10u + selector * 3u +
                                                   i,
                                             .name = "of a unit",
                                             .selector = selector,
                                             .size = pieces[i].size,
                                             .offset = pieces[i].offset,
                                             .v4l2_type = V4L2_CTRL_TYPE_INTEGER,
                                             .data_type = UVC_CTRL_DATA_TYPE_UNSIGNED};
        memcpy(map.entity, unit + 4, sizeof map.entity);
        struct v4l2_control value = {.id = map.id};
        if (ask(node, UVCIOC_CTRL_MAP, &map) == 0 && ask(node, VIDIOC_G_CTRL, &value) == 0)
            ask(node, VIDIOC_S_CTRL, &value);
    }
}

/* unit: as the descriptor has it, with a whole guidExtensionCode. */
static void use_unit(struct node *node, const uint8_t *unit, uint8_t length)
{
    unsigned at = 22 + unit[21]; /* bControlSize, behind baSourceID */
    unsigned used = 0;
    for (unsigned bit = 0; at < length && bit < unit[at] * 8u && used < MOST_SELECTORS; bit++) {
        unsigned byte = at + 1 + bit / 8;
        if (byte >= length || !(unit[byte] >> bit % 8 & 1))
            continue;
        used++;
        query_control(node, unit[3], bit + 1);
        map_control(node, unit, bit + 1);
    }
}

void use_units(struct node *node)
{
    uint8_t bytes[8192];
    char path[80];
    snprintf(path, sizeof path, "/sys/class/video4linux/%s/device/../descriptors", node->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    unsigned used = 0;
    for (ssize_t at = 0; at + 1 < n && bytes[at] >= 2 && at + bytes[at] <= n; at += bytes[at])
        if (bytes[at] >= 24 && bytes[at + 1] == CS_INTERFACE &&
            bytes[at + 2] == UVC_VC_EXTENSION_UNIT && used++ < MOST_UNITS)
            use_unit(node, bytes + at, bytes[at]);
}
