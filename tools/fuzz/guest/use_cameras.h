/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzzed guest's program does with the cameras that came: as much of their driver as
   programs can make run. */
#pragma once

#include <stdint.h>

/* Until deadline, of now_ms(), at most. How many pictures came back. */
unsigned use_cameras(int64_t deadline);
