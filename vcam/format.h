/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a picture can be: the one table that ties a V4L2 fourcc to UVC's format descriptors, and the
   modes (format, size, interval) that a camera offers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VCAM_FOURCC(a, b, c, d)                                                                    \
    ((uint32_t)(a) | ((uint32_t)(b) << 8) | ((uint32_t)(c) << 16) | ((uint32_t)(d) << 24))

/* The values are V4L2's (V4L2_PIX_FMT_*); the names are UVC's. */
#define VCAM_YUY2  VCAM_FOURCC('Y', 'U', 'Y', 'V')
#define VCAM_MJPEG VCAM_FOURCC('M', 'J', 'P', 'G')
#define VCAM_NV12  VCAM_FOURCC('N', 'V', '1', '2')
#define VCAM_I420  VCAM_FOURCC('Y', 'U', '1', '2')
#define VCAM_H264  VCAM_FOURCC('H', '2', '6', '4')
#define VCAM_HEVC  VCAM_FOURCC('H', 'E', 'V', 'C')

/* Which format descriptor carries it: UVC 1.1 payload documents "Uncompressed", "MJPEG",
   "Frame Based". */
enum vcam_payload_format { VCAM_UNCOMPRESSED, VCAM_MOTION_JPEG, VCAM_FRAME_BASED };

struct vcam_format_info {
    uint32_t fourcc;
    const char *name; /* "YUY2", as --format takes it and as people say it */
    enum vcam_payload_format payload;
    uint8_t bBitsPerPixel;  /* 0 for MJPEG; nominal for frame based */
    uint8_t guidFormat[16]; /* zeros for MJPEG */
};

/* NULL where UVC has no such format. */
const struct vcam_format_info *vcam_format_info(uint32_t fourcc);
const struct vcam_format_info *vcam_format_by_name(const char *name); /* case-insensitive */
/* All rows, in the order in which a camera offers them (YUY2 first: uvc-rules W6). */
const struct vcam_format_info *vcam_format_table(size_t *ret_count);

/* One way to stream. dwFrameInterval is in 100 ns units (UVC 1.1, 4.3.1.1). */
struct vcam_mode {
    uint32_t fourcc;
    uint16_t wWidth, wHeight; /* pixels */
    uint32_t dwFrameInterval;
};

/* Bytes of one frame: exact where uncompressed, else the most that we accept (two bytes a pixel,
   but at least 64 KiB so that small noisy pictures fit). */
uint32_t vcam_mode_max_frame_size(const struct vcam_mode *mode);
double vcam_mode_fps(const struct vcam_mode *mode);
uint32_t vcam_interval_of_fps(double fps); /* 100 ns units, rounded to the nearest */

#define VCAM_MAX_INTERVALS 16
#define VCAM_MAX_SIZES     32
#define VCAM_MAX_FORMATS   16

struct vcam_size_offer {
    uint16_t wWidth, wHeight;
    uint8_t n_intervals;
    uint32_t dwFrameInterval[VCAM_MAX_INTERVALS]; /* ascending, distinct (uvc-rules W2) */
};

struct vcam_format_offer {
    uint32_t fourcc;
    uint8_t n_sizes;
    struct vcam_size_offer sizes[VCAM_MAX_SIZES]; /* the first is the default */
};

/* Everything that a camera can stream. */
struct vcam_offer {
    uint8_t n_formats;
    struct vcam_format_offer formats[VCAM_MAX_FORMATS];
};

/* Adds mode, keeping the invariants above; false where a table is full (the mode is left out). */
bool vcam_offer_add(struct vcam_offer *offer, const struct vcam_mode *mode);
bool vcam_offer_has(const struct vcam_offer *offer, const struct vcam_mode *mode);
/* The size of a format, or NULL. */
const struct vcam_size_offer *vcam_offer_find(const struct vcam_offer *offer, uint32_t fourcc,
                                              uint16_t wWidth, uint16_t wHeight);
/* The size's interval that is nearest to the asked one. */
uint32_t vcam_nearest_interval(const struct vcam_size_offer *size, uint32_t asked);
