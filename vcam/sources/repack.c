/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vcam/sources/repack.h"

#include <stddef.h>

static void take_luma(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to)
{
    size_t pixels = (size_t)mode->wWidth * mode->wHeight;
    for (size_t i = 0; i < pixels; i++)
        to[i] = yuy2[2 * i];
}

/* Half as many lines, each of two; first: 1 takes U, 3 takes V. */
static void take_chroma(const struct vcam_mode *mode, const uint8_t *yuy2, unsigned first,
                        uint8_t *to, unsigned step)
{
    size_t pitch = (size_t)mode->wWidth * 2;
    for (unsigned y = 0; y < mode->wHeight; y += 2, yuy2 += 2 * pitch)
        for (size_t x = first; x < pitch; x += 4, to += step)
            *to = (uint8_t)((yuy2[x] + yuy2[x + pitch] + 1) / 2);
}

static void to_nv12(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to)
{
    uint8_t *chroma = to + (size_t)mode->wWidth * mode->wHeight;
    take_luma(mode, yuy2, to);
    take_chroma(mode, yuy2, 1, chroma, 2);
    take_chroma(mode, yuy2, 3, chroma + 1, 2);
}

static void to_planes(const struct vcam_mode *mode, const uint8_t *yuy2, unsigned first,
                      unsigned second, uint8_t *to)
{
    size_t pixels = (size_t)mode->wWidth * mode->wHeight;
    take_luma(mode, yuy2, to);
    take_chroma(mode, yuy2, first, to + pixels, 1);
    take_chroma(mode, yuy2, second, to + pixels + pixels / 4, 1);
}

static void to_i420(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to)
{
    to_planes(mode, yuy2, 1, 3, to);
}

static void to_yv12(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to)
{
    to_planes(mode, yuy2, 3, 1, to);
}

static void to_uyvy(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to)
{
    size_t size = (size_t)mode->wWidth * mode->wHeight * 2;
    for (size_t i = 0; i < size; i += 2) {
        to[i] = yuy2[i + 1];
        to[i + 1] = yuy2[i];
    }
}

static const struct {
    uint32_t fourcc;
    void (*repack)(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to);
} formats[] = {
    {VCAM_NV12, to_nv12},
    {VCAM_I420, to_i420},
    {VCAM_FOURCC('Y', 'V', '1', '2'), to_yv12},
    {VCAM_FOURCC('U', 'Y', 'V', 'Y'), to_uyvy},
    {VCAM_FOURCC('G', 'R', 'E', 'Y'), take_luma},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

bool vcam_repack_has(uint32_t fourcc)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].fourcc == fourcc)
            return true;
    return false;
}

void vcam_repack(const struct vcam_mode *mode, const uint8_t *yuy2, uint8_t *to)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].fourcc == mode->fourcc)
            formats[i].repack(mode, yuy2, to);
}
