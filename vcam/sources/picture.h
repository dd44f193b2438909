/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures to and from the formats that viewers open; what a demonstration or a test shows of a
   frame. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcam/format.h"

/* Writes one frame of YUY2, NV12 or I420 as a PNG. 0, -EINVAL (another format, or size is not that
   of a frame), -ENOMEM, or the errno of the file. */
int vcam_picture_write_png(const char *path, const struct vcam_mode *mode, const uint8_t *data,
                           size_t size);
/* Writes what any viewer opens: raw frames as PNG, MJPEG byte for byte. stem: the path without
   extension; ".png" or ".jpg" is added, and the whole put into ret_path. As above. */
int vcam_picture_write(const char *stem, const struct vcam_mode *mode, const uint8_t *data,
                       size_t size, char *ret_path, size_t ret_path_size);

/* Decodes a JPEG to its last block. False where libjpeg has but a warning; then ret_ values stay.
   Pictures of more than 64 million pixels are refused. */
bool vcam_jpeg_check(const uint8_t *data, size_t size, unsigned *ret_width, unsigned *ret_height);
