/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two places for frames, and how one moves through them. */
#include "vcam/queue.h"

static struct vcam_frame *take(struct vcam_frame **place)
{
    struct vcam_frame *frame = *place;
    *place = NULL;
    return frame;
}

struct vcam_frame *vcam_queue_push(struct vcam_queue *queue, struct vcam_frame *frame)
{
    struct vcam_frame *overtaken = queue->pending;
    queue->pending = frame;
    return overtaken;
}

struct vcam_frame *vcam_queue_begin(struct vcam_queue *queue)
{
    if (queue->in_flight)
        return NULL;
    return queue->in_flight = take(&queue->pending);
}

struct vcam_frame *vcam_queue_take_in_flight(struct vcam_queue *queue)
{
    return take(&queue->in_flight);
}

struct vcam_frame *vcam_queue_take_pending(struct vcam_queue *queue)
{
    return take(&queue->pending);
}
