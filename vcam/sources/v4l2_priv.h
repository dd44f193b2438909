/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the V4L2 source share: an opened node, who it is, its modes, its controls and
   its buffers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcam/sources/v4l2_io.h"

/* Of any enumeration: a driver that never ends one does not hang us. */
#define VCAM_V4L2_MAX_ENUMERATED 128
#define VCAM_V4L2_MAX_NODES      256
#define VCAM_V4L2_PATH_LEN       256

/* A node that is open. */
struct vcam_v4l2_node {
    const struct vcam_v4l2_io *io;
    int fd;
};

/* 0 or a negative errno. */
int vcam_v4l2_ioctl(const struct vcam_v4l2_node *node, unsigned long request, void *arg);
void vcam_v4l2_close(struct vcam_v4l2_node *node);

/* --- who (v4l2_node.c) --- */

/* What stays when a camera is pulled and plugged in again, perhaps under another number; bus only
   where it is the same socket. */
struct vcam_v4l2_identity {
    char card[33], driver[17], bus[33], serial[64];
    char index[8];      /* which of the camera's nodes it is */
    bool serial_is_own; /* no other camera here has the same: some makers give all of them one */
};

/* Opens path and reads who it is. Errors as the constructor's in sources.h. */
int vcam_v4l2_open(const struct vcam_v4l2_io *io, const char *path, struct vcam_v4l2_node *ret_node,
                   struct vcam_v4l2_identity *ret_identity);
/* Opens the camera that is identity, at path or, where it is not there, wherever it is now (path is
   changed then). -ENODEV: nowhere. */
int vcam_v4l2_find(const struct vcam_v4l2_io *io, char path[VCAM_V4L2_PATH_LEN],
                   const struct vcam_v4l2_identity *identity, struct vcam_v4l2_node *ret_node);
/* For people: without what the driver adds, without control characters. */
void vcam_v4l2_name(const struct vcam_v4l2_identity *identity, char ret_name[64]);
/* For serial_is_own; looks at all cameras, without opening them. */
bool vcam_v4l2_serial_is_unique(const struct vcam_v4l2_io *io,
                                const struct vcam_v4l2_identity *identity);

/* --- modes (v4l2_modes.c) --- */

/* Fills offer with what UVC can carry. Returns how many formats it cannot. */
unsigned vcam_v4l2_read_offer(const struct vcam_v4l2_node *node, struct vcam_offer *ret_offer);
/* The device then captures in mode; bytesperline is 0 where a frame's bytes are UVC's own. -EINVAL
   where the driver gives something else, -EBUSY. */
int vcam_v4l2_set_mode(const struct vcam_v4l2_node *node, const struct vcam_mode *mode,
                       uint32_t *ret_bytesperline);

/* --- controls (v4l2_controls.c) --- */

void vcam_v4l2_read_controls(const struct vcam_v4l2_node *node, struct vcam_control_list *ret_list);
int vcam_v4l2_get_control(const struct vcam_v4l2_node *node, enum vcam_control_id id,
                          int32_t *ret_value);
int vcam_v4l2_set_control(const struct vcam_v4l2_node *node, enum vcam_control_id id,
                          int32_t value);
/* Events for the changes of those in list; what the driver refuses is left out. */
void vcam_v4l2_subscribe_controls(const struct vcam_v4l2_node *node,
                                  const struct vcam_control_list *list);
/* The next control that has changed, or -ENOENT. */
int vcam_v4l2_next_change(const struct vcam_v4l2_node *node, enum vcam_control_id *ret_id);

/* --- buffers (v4l2_capture.c) --- */

struct vcam_v4l2_capture;

/* Sets mode and starts; takes node over where it succeeds. */
int vcam_v4l2_capture_new(const struct vcam_v4l2_node *node, const struct vcam_mode *mode,
                          struct vcam_v4l2_capture **ret_capture);
/* Stops and closes the device. Frames still out stay valid. Accepts NULL. */
void vcam_v4l2_capture_free(struct vcam_v4l2_capture *capture);
const struct vcam_v4l2_node *vcam_v4l2_capture_node(const struct vcam_v4l2_capture *capture);
/* The next picture with the driver's time; its number is the driver's sequence. -EAGAIN: none yet,
   -EBADMSG: a damaged one (*ret_size bytes came), already given back; anything else: it is gone. */
int vcam_v4l2_capture_take(struct vcam_v4l2_capture *capture, int64_t now_us,
                           struct vcam_frame **ret_frame, uint32_t *ret_size);
