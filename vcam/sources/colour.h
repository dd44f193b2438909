/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between RGB and the YCbCr of raw video: BT.601, limited range, 16.16 fixed point. */
#pragma once

#include <stdint.h>

static inline uint8_t vcam_clamp8(int32_t value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

static inline void vcam_yuv_to_rgb(int y, int u, int v, uint8_t ret_rgb[3])
{
    int32_t luma = (y - 16) * 76309 + 32768;
    u -= 128;
    v -= 128;
    ret_rgb[0] = vcam_clamp8((luma + 104597 * v) >> 16);
    ret_rgb[1] = vcam_clamp8((luma - 25675 * u - 53279 * v) >> 16);
    ret_rgb[2] = vcam_clamp8((luma + 132201 * u) >> 16);
}

static inline uint8_t vcam_rgb_luma(int r, int g, int b)
{
    return (16829 * r + 33039 * g + 6416 * b + (16 << 16) + 32768) >> 16;
}

static inline uint8_t vcam_rgb_u(int r, int g, int b)
{
    return (-9714 * r - 19071 * g + 28785 * b + (128 << 16) + 32768) >> 16;
}

static inline uint8_t vcam_rgb_v(int r, int g, int b)
{
    return (28785 * r - 24103 * g - 4682 * b + (128 << 16) + 32768) >> 16;
}
