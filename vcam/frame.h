/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One picture on its way from a source to the guest: reference-counted, never copied. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vcam/format.h"

/* As a time: not to be waited for. */
#define VCAM_NEVER INT64_MAX

struct vcam_frame {
    struct vcam_mode mode; /* what the bytes are */
    uint8_t *data;         /* owned by whoever gave release() */
    size_t size;           /* bytes */
    uint64_t number;       /* counted by the source from 0, gaps where the camera lost one */
    int64_t capture_us;    /* CLOCK_MONOTONIC, when the picture was taken */
    int64_t ready_us;      /* CLOCK_MONOTONIC, when the source handed it over */

    unsigned refs;                             /* main loop's thread only */
    void (*release)(struct vcam_frame *frame); /* called at the last unref: frees or recycles */
    void *owner;                               /* for release() */
};

/* A frame with data of its own, size bytes, contents undefined. One reference, the caller's.
   NULL where memory ran out. */
struct vcam_frame *vcam_frame_new(const struct vcam_mode *mode, size_t size);
struct vcam_frame *vcam_frame_ref(struct vcam_frame *frame);
void vcam_frame_unref(struct vcam_frame *frame); /* accepts NULL */
