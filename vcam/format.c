/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of picture formats, and the arithmetic of modes and offers. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "vcam/format.h"

/* Base of the media subtypes that are made from a fourcc (Uncompressed payload, 2.2). */
#define GUID(a, b, c, d)                                                                           \
    {                                                                                              \
        a, b, c, d, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71                           \
    }

static const struct vcam_format_info formats[] = {
    {VCAM_YUY2, "YUY2", VCAM_UNCOMPRESSED, 16, GUID('Y', 'U', 'Y', '2')},
    {VCAM_MJPEG, "MJPEG", VCAM_MOTION_JPEG, 0, {0}},
    {VCAM_NV12, "NV12", VCAM_UNCOMPRESSED, 12, GUID('N', 'V', '1', '2')},
    {VCAM_I420, "I420", VCAM_UNCOMPRESSED, 12, GUID('I', '4', '2', '0')},
    {VCAM_FOURCC('U', 'Y', 'V', 'Y'), "UYVY", VCAM_UNCOMPRESSED, 16, GUID('U', 'Y', 'V', 'Y')},
    {VCAM_FOURCC('Y', 'V', '1', '2'), "YV12", VCAM_UNCOMPRESSED, 12, GUID('Y', 'V', '1', '2')},
    {VCAM_FOURCC('G', 'R', 'E', 'Y'), "GREY", VCAM_UNCOMPRESSED, 8, GUID('Y', '8', '0', '0')},
    {VCAM_FOURCC('Y', '1', '6', ' '), "Y16", VCAM_UNCOMPRESSED, 16, GUID('Y', '1', '6', ' ')},
    {VCAM_H264, "H264", VCAM_FRAME_BASED, 16, GUID('H', '2', '6', '4')},
    {VCAM_HEVC, "H265", VCAM_FRAME_BASED, 16, GUID('H', '2', '6', '5')}, /* as Linux knows it */
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct vcam_format_info *vcam_format_info(uint32_t fourcc)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].fourcc == fourcc)
            return &formats[i];
    return NULL;
}

const struct vcam_format_info *vcam_format_by_name(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (!strcasecmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}

const struct vcam_format_info *vcam_format_table(size_t *ret_count)
{
    *ret_count = FORMATS;
    return formats;
}

uint32_t vcam_mode_max_frame_size(const struct vcam_mode *mode)
{
    const struct vcam_format_info *info = vcam_format_info(mode->fourcc);
    uint64_t pixels = (uint64_t)mode->wWidth * mode->wHeight, size;

    if (info && info->payload == VCAM_UNCOMPRESSED) {
        size = pixels * info->bBitsPerPixel / 8;
    } else {
        size = pixels * 2;
        if (size < 64 * 1024)
            size = 64 * 1024;
    }
    /* The field has 32 bits; only a picture of 65535 x 32769 and more reaches them. */
    return size > UINT32_MAX ? UINT32_MAX : size;
}

double vcam_mode_fps(const struct vcam_mode *mode)
{
    return mode->dwFrameInterval ? 1e7 / mode->dwFrameInterval : 0;
}

uint32_t vcam_interval_of_fps(double fps)
{
    double interval = round(1e7 / fps);
    return fps > 0 && interval <= UINT32_MAX ? interval < 1 ? 1 : (uint32_t)interval : UINT32_MAX;
}

static struct vcam_format_offer *format_of(struct vcam_offer *offer, uint32_t fourcc)
{
    for (unsigned i = 0; i < offer->n_formats; i++)
        if (offer->formats[i].fourcc == fourcc)
            return &offer->formats[i];
    if (offer->n_formats == VCAM_MAX_FORMATS)
        return NULL;
    struct vcam_format_offer *format = &offer->formats[offer->n_formats];
    *format = (struct vcam_format_offer){.fourcc = fourcc};
    return format;
}

static struct vcam_size_offer *size_of(struct vcam_format_offer *format, uint16_t wWidth,
                                       uint16_t wHeight)
{
    for (unsigned i = 0; i < format->n_sizes; i++)
        if (format->sizes[i].wWidth == wWidth && format->sizes[i].wHeight == wHeight)
            return &format->sizes[i];
    if (format->n_sizes == VCAM_MAX_SIZES)
        return NULL;
    struct vcam_size_offer *size = &format->sizes[format->n_sizes];
    *size = (struct vcam_size_offer){.wWidth = wWidth, .wHeight = wHeight};
    return size;
}

static bool insert_interval(struct vcam_size_offer *size, uint32_t dwFrameInterval)
{
    unsigned at = 0;
    while (at < size->n_intervals && size->dwFrameInterval[at] < dwFrameInterval)
        at++;
    if (at < size->n_intervals && size->dwFrameInterval[at] == dwFrameInterval)
        return true;
    if (size->n_intervals == VCAM_MAX_INTERVALS)
        return false;
    memmove(&size->dwFrameInterval[at + 1], &size->dwFrameInterval[at],
            (size->n_intervals - at) * sizeof(size->dwFrameInterval[0]));
    size->dwFrameInterval[at] = dwFrameInterval;
    size->n_intervals++;
    return true;
}

bool vcam_offer_add(struct vcam_offer *offer, const struct vcam_mode *mode)
{
    if (!vcam_format_info(mode->fourcc) || !mode->wWidth || !mode->wHeight ||
        !mode->dwFrameInterval)
        return false;
    struct vcam_format_offer *format = format_of(offer, mode->fourcc);
    struct vcam_size_offer *size = format ? size_of(format, mode->wWidth, mode->wHeight) : NULL;
    if (!size || !insert_interval(size, mode->dwFrameInterval))
        return false;
    /* Entries that format_of() and size_of() made count only now: nothing empty is left behind. */
    if (size == &format->sizes[format->n_sizes])
        format->n_sizes++;
    if (format == &offer->formats[offer->n_formats])
        offer->n_formats++;
    return true;
}

const struct vcam_size_offer *vcam_offer_find(const struct vcam_offer *offer, uint32_t fourcc,
                                              uint16_t wWidth, uint16_t wHeight)
{
    for (unsigned i = 0; i < offer->n_formats; i++) {
        const struct vcam_format_offer *format = &offer->formats[i];
        for (unsigned j = 0; format->fourcc == fourcc && j < format->n_sizes; j++)
            if (format->sizes[j].wWidth == wWidth && format->sizes[j].wHeight == wHeight)
                return &format->sizes[j];
    }
    return NULL;
}

bool vcam_offer_has(const struct vcam_offer *offer, const struct vcam_mode *mode)
{
    const struct vcam_size_offer *size =
        vcam_offer_find(offer, mode->fourcc, mode->wWidth, mode->wHeight);
    for (unsigned i = 0; size && i < size->n_intervals; i++)
        if (size->dwFrameInterval[i] == mode->dwFrameInterval)
            return true;
    return false;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

uint32_t vcam_nearest_interval(const struct vcam_size_offer *size, uint32_t asked)
{
    uint32_t best = size->dwFrameInterval[0];
    for (unsigned i = 1; i < size->n_intervals; i++)
        if (distance(size->dwFrameInterval[i], asked) < distance(best, asked))
            best = size->dwFrameInterval[i];
    return best;
}
