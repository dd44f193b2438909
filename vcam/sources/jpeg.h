/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JPEG as cameras use it: the one place that knows libjpeg. Rows go in and out one MCU row at a
   time, so that memory stays at a few rows whatever a picture claims to be. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcam_jpeg_encoder;

struct vcam_jpeg_encoder *vcam_jpeg_encoder_new(void);
void vcam_jpeg_encoder_free(struct vcam_jpeg_encoder *encoder); /* accepts NULL */

/* A whole raw frame (YUY2, NV12 or I420; even size, rows without padding) as baseline JPEG with the
   standard Huffman tables: 4:2:2 from YUY2, 4:2:0 from the others. quality: 1..100.
   restart_each_row: a restart marker after each MCU row, so that rows stand alone.
   The bytes stay the encoder's, until its next call. 0, -EINVAL another format, -ENOMEM. */
int vcam_jpeg_encode(struct vcam_jpeg_encoder *encoder, uint32_t fourcc, const uint8_t *data,
                     unsigned width, unsigned height, int quality, bool restart_each_row,
                     const uint8_t **ret_jpeg, size_t *ret_size);

struct vcam_jpeg_info {
    unsigned width, height;
    bool plain; /* baseline, one scan, grey or YCbCr: what a UVC host expects of MJPEG */
};
/* Reads up to the first scan. 0, or -EBADMSG. */
int vcam_jpeg_info(const uint8_t *jpeg, size_t size, struct vcam_jpeg_info *ret_info);

struct vcam_jpeg_decoder;

struct vcam_jpeg_decoder *vcam_jpeg_decoder_new(void);
void vcam_jpeg_decoder_free(struct vcam_jpeg_decoder *decoder); /* accepts NULL */

/* A plain JPEG into YUY2 of width x height, which may be one less than the JPEG's own. -EBADMSG:
   not a plain JPEG, of another size, or damaged (the contents are undefined then); -ENOMEM. Data
   between segments that means nothing, which some cameras send, is no damage. */
int vcam_jpeg_decode_yuy2(struct vcam_jpeg_decoder *decoder, const uint8_t *jpeg, size_t size,
                          uint8_t *yuy2, unsigned width, unsigned height);

/* Any JPEG that libjpeg reads, row by row; row returns false to stop. rgb: 3 bytes a pixel,
   grey: 1. 0, -EBADMSG, -EFBIG (needs more memory or work than we allow). *ret_warnings (may be
   NULL) counts what libjpeg complained of. */
typedef bool (*vcam_jpeg_row_func)(void *user, unsigned y, const uint8_t *row, unsigned width);
int vcam_jpeg_decode_rows(const uint8_t *jpeg, size_t size, bool grey, vcam_jpeg_row_func row,
                          void *user, unsigned *ret_warnings);

/* The length of the JPEG that begins at data (FF D8), up to and with its EOI, by its markers and
   segment lengths. 0: it goes on behind size. -1: these are not the bytes of a JPEG. */
int64_t vcam_jpeg_length(const uint8_t *data, size_t size);
