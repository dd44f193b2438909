/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frame number and capture time as blocks in the picture: painted into YUY2, read from any luma. */
#include <stdlib.h>
#include <string.h>

#include "vcam/sources/code.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/sources.h"

#define CODE_BYTES                                                                                 \
    12 /* number (4), capture_us (6), checksum (2), each least significant byte first */
#define CODE_BITS (CODE_BYTES * 8)

struct geometry {
    unsigned block;   /* pixels of a side */
    unsigned columns; /* blocks in a row */
    unsigned rows;
};

static bool code_geometry(unsigned width, unsigned height, struct geometry *ret)
{
    for (unsigned block = 8; block >= 4; block /= 2) {
        unsigned columns = width / block < CODE_BITS ? width / block : CODE_BITS;
        unsigned rows = columns ? (CODE_BITS + columns - 1) / columns : 0;
        if (columns && rows * block <= height / 2) {
            *ret = (struct geometry){block, columns, rows};
            return true;
        }
    }
    return false;
}

/* CRC-16 with polynomial 0x1021 from 0xffff: neither a black nor a white picture passes. */
static unsigned checksum(const uint8_t *bytes, unsigned count)
{
    unsigned crc = 0xffff;
    for (unsigned i = 0; i < count; i++) {
        crc ^= bytes[i] << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return crc;
}

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = value >> (8 * i);
}

static uint64_t get(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

unsigned vcam_code_height(unsigned width, unsigned height)
{
    struct geometry g;
    return code_geometry(width, height, &g) ? (g.rows * g.block + 7) / 8 * 8 : 0;
}

void vcam_code_paint(const struct vcam_canvas *canvas, uint64_t number, int64_t capture_us)
{
    uint8_t bytes[CODE_BYTES];
    struct geometry g;
    if (!code_geometry(canvas->width, canvas->height, &g))
        return;
    put(bytes, number, 4);
    put(bytes + 4, capture_us, 6);
    put(bytes + 10, checksum(bytes, 10), 2);
    vcam_paint_rect(canvas, 0, 0, canvas->width, vcam_code_height(canvas->width, canvas->height),
                    VCAM_BLACK);
    for (unsigned bit = 0; bit < CODE_BITS; bit++)
        if (bytes[bit / 8] >> (bit % 8) & 1)
            vcam_paint_rect(canvas, bit % g.columns * g.block, bit / g.columns * g.block, g.block,
                            g.block, VCAM_WHITE);
}

/* The middle of a block, which its neighbours' ringing does not reach. */
static bool block_is_white(const uint8_t *luma, unsigned step, size_t pitch, unsigned block)
{
    unsigned sum = 0;
    for (unsigned y = block / 4; y < block * 3 / 4; y++)
        for (unsigned x = block / 4; x < block * 3 / 4; x++)
            sum += luma[y * pitch + (size_t)x * step];
    return sum > 128 * (block / 2) * (block / 2);
}

bool vcam_pattern_read(const uint8_t *luma, unsigned step, size_t pitch, unsigned width,
                       unsigned height, uint64_t *ret_number, int64_t *ret_capture_us)
{
    uint8_t bytes[CODE_BYTES] = {0};
    struct geometry g;
    if (!code_geometry(width, height, &g))
        return false;
    for (unsigned bit = 0; bit < CODE_BITS; bit++) {
        const uint8_t *block =
            luma + bit / g.columns * g.block * pitch + (size_t)(bit % g.columns) * g.block * step;
        bytes[bit / 8] |= block_is_white(block, step, pitch, g.block) << (bit % 8);
    }
    if (get(bytes + 10, 2) != checksum(bytes, 10))
        return false;
    *ret_number = get(bytes, 4);
    *ret_capture_us = get(bytes + 4, 6);
    return true;
}

/* The rows with the blocks of a JPEG, in grey. */
struct top {
    unsigned width, rows;
    uint8_t *luma;
};

static bool top_row(void *user, unsigned y, const uint8_t *row, unsigned width)
{
    struct top *top = user;
    if (width != top->width)
        return false;
    memcpy(top->luma + (size_t)y * width, row, width);
    return y + 1 < top->rows;
}

static bool read_jpeg(const struct vcam_mode *mode, const uint8_t *data, size_t size,
                      uint64_t *ret_number, int64_t *ret_capture_us)
{
    struct vcam_jpeg_info info;
    if (vcam_jpeg_info(data, size, &info) < 0 || info.width != mode->wWidth ||
        info.height != mode->wHeight)
        return false;
    struct top top = {.width = mode->wWidth, .rows = vcam_code_height(mode->wWidth, mode->wHeight)};
    if (!top.rows || !(top.luma = calloc(top.rows, top.width)))
        return false;
    bool ok = vcam_jpeg_decode_rows(data, size, true, top_row, &top, NULL) == 0 &&
              vcam_pattern_read(top.luma, 1, top.width, mode->wWidth, mode->wHeight, ret_number,
                                ret_capture_us);
    free(top.luma);
    return ok;
}

bool vcam_pattern_read_frame(const struct vcam_mode *mode, const uint8_t *data, size_t size,
                             uint64_t *ret_number, int64_t *ret_capture_us)
{
    if (mode->fourcc == VCAM_MJPEG)
        return read_jpeg(mode, data, size, ret_number, ret_capture_us);
    bool packed = mode->fourcc == VCAM_YUY2;
    if ((!packed && mode->fourcc != VCAM_NV12 && mode->fourcc != VCAM_I420) ||
        size != vcam_mode_max_frame_size(mode))
        return false;
    unsigned step = packed ? 2 : 1;
    return vcam_pattern_read(data, step, (size_t)mode->wWidth * step, mode->wWidth, mode->wHeight,
                             ret_number, ret_capture_us);
}
