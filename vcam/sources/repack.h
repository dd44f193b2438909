/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From YUY2, in which pictures are painted, to the other raw formats. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vcam/format.h"

/* Can it be made? YUY2 is none of these. */
bool vcam_repack_has(uint32_t fourcc);
/* Fills a whole frame of that mode. Width and height are even. */
void vcam_repack(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to);
