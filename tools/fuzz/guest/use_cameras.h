/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzzed guest's program does with the cameras that came: as much of their driver as
   programs can make run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Until deadline, of now_ms(), at most; the first one is reset while its pictures are on, if so.
   How many pictures came back. */
unsigned use_cameras(int64_t deadline, bool resets);
