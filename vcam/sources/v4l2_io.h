/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few calls through which the V4L2 source reaches the kernel, as a table: so that a device
   which is data can take the kernel's place. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vcam/sources/sources.h"

struct vcam_v4l2_io {
    /* A descriptor that neither blocks nor survives exec, or a negative errno. */
    int (*open)(const char *path);
    void (*close)(int fd);
    /* What the ioctl returns (0 or more), or a negative errno; never -EINTR. */
    int (*ioctl)(int fd, unsigned long request, void *arg);
    /* NULL where it cannot be mapped. */
    void *(*map)(int fd, size_t length, uint32_t offset);
    void (*unmap)(void *start, size_t length);
    /* Without waiting: those of events that there are, and POLLERR, POLLHUP, POLLNVAL. */
    short (*poll)(int fd, short events);
    /* The numbers N of all /dev/videoN, ascending. Returns how many. */
    size_t (*nodes)(unsigned *ret_numbers, size_t max);
    /* A file of sysfs, relative to the device's folder in /sys/class/video4linux, without the
       newline; "" where there is none. */
    void (*attribute)(const char *path, const char *name, char *ret_text, size_t size);
};

extern const struct vcam_v4l2_io vcam_v4l2_kernel;

/* The public functions of the same names, on another kernel. */
struct vcam_source *vcam_source_v4l2_new_on(const struct vcam_v4l2_io *io, const char *path,
                                            char ret_error[VCAM_ERROR_LEN]);
int vcam_v4l2_list_on(const struct vcam_v4l2_io *io,
                      void (*func)(void *user, const struct vcam_v4l2_device *device), void *user);
