/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where pictures come from. One interface for the test pattern, a file, a capture device, and for
   the sources that wrap another one (conversion, the placeholder for a camera that was pulled).

   A source has no thread and no main loop: the program polls its descriptor and calls dispatch().
   It touches its hardware between start() and stop() alone (and briefly in its constructor, to read
   what the camera offers): the camera's light is on only while the guest looks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vcam/control.h"
#include "vcam/format.h"
#include "vcam/frame.h"

struct vcam_source;

enum vcam_source_event {
    VCAM_SOURCE_GONE,     /* the camera was pulled, or failed; errno-like reason in detail */
    VCAM_SOURCE_BACK,     /* it is there again and streams */
    VCAM_SOURCE_CONTROLS, /* a control changed by itself; its id in detail */
};

/* What a source calls. All from start() or dispatch(), in the main loop's thread. */
struct vcam_source_sink {
    /* Takes the caller's reference. */
    void (*frame)(void *user, struct vcam_frame *frame);
    void (*event)(void *user, enum vcam_source_event event, int detail);
    void *user;
};

struct vcam_source_ops {
    const char *name; /* "pattern", "file", "v4l2" */
    /* Begins to capture. May block for as long as the driver takes to open. 0, or a negative errno:
       -EBUSY another program has the camera, -ENODEV gone, -EINVAL not an offered mode. */
    int (*start)(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us);
    /* Ends it and closes the device. Frames still referenced stay valid. Idempotent. */
    void (*stop)(struct vcam_source *source);
    /* Does what is due: takes a picture, makes one, retries a camera that is gone. Never blocks.
       Returns the time of the next call that it wants (CLOCK_MONOTONIC, us), or VCAM_NEVER. */
    int64_t (*dispatch)(struct vcam_source *source, int64_t now_us);
    /* What to poll for *ret_events (POLLIN...), or -1. May change after any call; optional. */
    int (*get_fd)(struct vcam_source *source, short *ret_events);
    /* In the units of UVC's control. Optional; works whether started or not.
       0, -ENOENT no such control, -ERANGE out of range, -EBUSY, -ENODEV. */
    int (*control_get)(struct vcam_source *source, enum vcam_control_id id, int32_t *ret_value);
    int (*control_set)(struct vcam_source *source, enum vcam_control_id id, int32_t value);
    void (*free)(struct vcam_source *source);
};

/* The part that all sources share; each embeds it as its first member. Filled by the constructor
   and constant from then on, but for the sink. */
struct vcam_source {
    const struct vcam_source_ops *ops;
    char name[64];   /* for people and for the guest's product string, UTF-8 */
    char serial[64]; /* "" where unknown */
    struct vcam_offer offer;
    struct vcam_control_list controls;
    struct vcam_source_sink sink;
};

void vcam_source_set_sink(struct vcam_source *source, const struct vcam_source_sink *sink);
int vcam_source_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us);
void vcam_source_stop(struct vcam_source *source);
int64_t vcam_source_dispatch(struct vcam_source *source, int64_t now_us);
int vcam_source_get_fd(struct vcam_source *source, short *ret_events);
int vcam_source_control_get(struct vcam_source *source, enum vcam_control_id id,
                            int32_t *ret_value);
int vcam_source_control_set(struct vcam_source *source, enum vcam_control_id id, int32_t value);
void vcam_source_free(struct vcam_source *source); /* stops it; accepts NULL */
