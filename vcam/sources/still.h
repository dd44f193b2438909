/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture file made ready to be a camera's: of even size, no larger than memory allows, as MJPEG
   and as YUY2. */
#pragma once

#include <stdint.h>

#include "vcam/sources/pool.h"

#define VCAM_STILL_MAX_SIDE   4096
#define VCAM_STILL_MAX_PIXELS (4096 * 2160)
#define VCAM_STILL_MIN_SIDE   16

struct vcam_still {
    unsigned width, height;
    struct vcam_blob *mjpeg;
    struct vcam_blob *yuy2; /* NULL where mjpeg is the file's own bytes: decode it when needed */
};

/* Reads the JPEG or PNG that fd holds. 0, or a negative errno and one sentence in *ret_why: what is
   wrong and what to do. */
int vcam_still_load(int fd, struct vcam_still *ret_still, const char **ret_why);
void vcam_still_clear(struct vcam_still *still);
/* A plain JPEG into YUY2 of width x height. 0, -EBADMSG, -ENOMEM. */
int vcam_still_decode(const struct vcam_blob *mjpeg, unsigned width, unsigned height,
                      struct vcam_blob **ret_yuy2);
