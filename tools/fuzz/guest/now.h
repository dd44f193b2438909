/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's time, in which its waits are bounded. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
