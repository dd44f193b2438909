/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Life and death of a frame. */
#include <stdlib.h>

#include "vcam/frame.h"

static void release_own(struct vcam_frame *frame)
{
    free(frame);
}

struct vcam_frame *vcam_frame_new(const struct vcam_mode *mode, size_t size)
{
    struct vcam_frame *frame;
    if (size > SIZE_MAX - sizeof(*frame) || !(frame = malloc(sizeof(*frame) + size)))
        return NULL;
    *frame = (struct vcam_frame){
        .mode = *mode,
        .data = (uint8_t *)(frame + 1),
        .size = size,
        .refs = 1,
        .release = release_own,
    };
    return frame;
}

struct vcam_frame *vcam_frame_ref(struct vcam_frame *frame)
{
    frame->refs++;
    return frame;
}

void vcam_frame_unref(struct vcam_frame *frame)
{
    if (frame && !--frame->refs)
        frame->release(frame);
}
