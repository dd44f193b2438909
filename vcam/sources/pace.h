/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the next picture of a made-up camera is due: absolute deadlines, so that lateness never adds
   up, and numbers left out where a deadline was missed, so that nothing is sent in a burst. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vcam/source.h"

struct vcam_pace {
    int64_t start_us;
    uint32_t dwFrameInterval; /* 100 ns units; 0: stopped, nothing is due */
    uint64_t next;            /* number of the next picture */
};

static inline int64_t vcam_pace_deadline(const struct vcam_pace *pace, uint64_t number)
{
    return pace->start_us + (int64_t)(number * pace->dwFrameInterval / 10);
}

/* True where a picture is due: its number and the time that it stands for. */
static inline bool vcam_pace_due(struct vcam_pace *pace, int64_t now_us, uint64_t *ret_number,
                                 int64_t *ret_capture_us)
{
    if (!pace->dwFrameInterval || now_us < vcam_pace_deadline(pace, pace->next))
        return false;
    uint64_t number = (uint64_t)(now_us - pace->start_us) * 10 / pace->dwFrameInterval;
    if (number < pace->next)
        number = pace->next;
    *ret_number = number;
    *ret_capture_us = vcam_pace_deadline(pace, number);
    pace->next = number + 1;
    return true;
}

static inline int64_t vcam_pace_next(const struct vcam_pace *pace)
{
    return pace->dwFrameInterval ? vcam_pace_deadline(pace, pace->next) : VCAM_NEVER;
}
