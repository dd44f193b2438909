/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of use_cameras() have in common. A camera says what it likes, so each part is
   bounded by what it may ask in all, and by time. */
#pragma once

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "tools/fuzz/guest/now.h"

#define MOST_ASKED 600 /* of a node, what a picture needs aside */

/* A file in /dev. */
struct node {
    int fd;
    uint32_t type;  /* V4L2_BUF_TYPE_*; 0: a media device, or none that we know */
    char name[16];  /* "video0" */
    unsigned asked; /* so far */
    int64_t deadline;
};

/* Below 0: refused, or enough was asked. */
static inline int ask(struct node *node, unsigned long request, void *argument)
{
    if (node->asked == MOST_ASKED || now_ms() >= node->deadline)
        return -1;
    node->asked++;
    return ioctl(node->fd, request, argument);
}

/* FALSE: there is none of that name. */
bool open_node(struct node *node, const char *kind, int number, int64_t deadline);
void close_node(struct node *node);

/* use_formats.c: each format, size and interval; in the end the smallest of the first format. */
void use_formats(struct node *node);
void use_inputs(struct node *node);

/* use_controls.c: each control and menu of the node of that number is read and written. */
void use_controls(struct node *node, int number);

/* use_units.c: what the extension units have, and a control made of each. */
void use_units(struct node *node);

/* use_pictures.c: of a camera, and what comes with its pictures: NULL, or its node for that. */
unsigned use_pictures(struct node *node, struct node *meta);

/* use_files.c: the media device's graph; what sysfs, debugfs and usbfs tell of a node's device;
   what the driver counted of pictures. */
void use_media(struct node *node);
void use_files(const struct node *node);
void use_statistics(void);
