/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames can be decoded without those before them. */
#pragma once

#include <stdbool.h>

#include "vcam/frame.h"

/* True for every frame of a format whose frames stand alone, and for one of H.264 or HEVC that has
   an instant decoder refresh (HEVC: any random access point) or the parameters of a new sequence.
   Also where no NAL unit is found: such a stream cannot be judged. */
bool vcam_is_key_frame(const struct vcam_frame *frame);
