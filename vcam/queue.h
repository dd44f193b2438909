/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the source, which pushes, and the USB side, which pulls, meet: one frame in flight, one
   newer that waits. So memory is bounded, a guest that falls behind sees the newest picture, and a
   frame once begun is finished. */
#pragma once

#include <stdbool.h>

#include "vcam/frame.h"

struct vcam_queue {
    struct vcam_frame *in_flight; /* its first byte was taken */
    struct vcam_frame *pending;   /* the newest */
};

/* Takes the reference. Returns the frame that it overtook, whose reference is the caller's now. */
struct vcam_frame *vcam_queue_push(struct vcam_queue *queue, struct vcam_frame *frame);
/* The pending frame goes into flight; only where none is there already. NULL: none waits. */
struct vcam_frame *vcam_queue_begin(struct vcam_queue *queue);
/* These hand the reference to the caller; NULL where there is none. */
struct vcam_frame *vcam_queue_take_in_flight(struct vcam_queue *queue);
struct vcam_frame *vcam_queue_take_pending(struct vcam_queue *queue);
