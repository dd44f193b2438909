/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A JPEG whose rows of blocks can be replaced one by one: each stands between restart markers, so a
   picture in which little changes costs what has changed and not what it shows. */
#pragma once

#include "vcam/frame.h"
#include "vcam/sources/paint.h"

#define VCAM_SPLICE_LINES 8 /* lines of the picture in one row */

struct vcam_splice;

/* For pictures of that size. NULL: out of memory. */
struct vcam_splice *vcam_splice_new(unsigned width, unsigned height, int quality);
void vcam_splice_free(struct vcam_splice *splice); /* accepts NULL */

/* Takes lines first .. first + count of canvas (multiples of VCAM_SPLICE_LINES, but for the
   picture's end) into the JPEG. All lines must be taken once before a frame can be made. 0 or
   -ENOMEM. */
int vcam_splice_take(struct vcam_splice *splice, const struct vcam_canvas *canvas, unsigned first,
                     unsigned count);
/* The JPEG as it is now, the same bytes as if encoded as a whole. NULL: out of memory. */
struct vcam_frame *vcam_splice_frame(const struct vcam_splice *splice,
                                     const struct vcam_mode *mode);
