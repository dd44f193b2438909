/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine-readable blocks of the test pattern: black and white squares, aligned to JPEG's
   blocks where the picture is large enough, so that they survive any quality. */
#pragma once

#include <stdint.h>

#include "vcam/sources/paint.h"

/* Rows that the blocks take, a multiple of 8; 0 where the picture is too small for them. */
unsigned vcam_code_height(unsigned width, unsigned height);
/* Covers these rows wholly. 32 bits of number and 48 of capture_us are kept. */
void vcam_code_paint(const struct vcam_canvas *canvas, uint64_t number, int64_t capture_us);
