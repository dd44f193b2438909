/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chooses of a camera's offer what the link carries and a guest can read. */
#include <string.h>

#include "vcam/profile_priv.h"

/* An interval of a frame descriptor, and a frame descriptor without intervals, as a lower bound:
   what leaving one out gains. */
#define INTERVAL_BYTES 4
#define FRAME_BYTES    26
/* Intervals that a size keeps while others have more. */
#define ENOUGH_INTERVALS 4

unsigned vcam_offer_count(const struct vcam_offer *offer)
{
    unsigned n = 0;
    for (unsigned i = 0; i < offer->n_formats; i++)
        for (unsigned j = 0; j < offer->formats[i].n_sizes; j++)
            n += offer->formats[i].sizes[j].n_intervals;
    return n;
}

static void add_fitting(struct vcam_offer *to, const struct vcam_format_offer *format,
                        const struct vcam_link *link, enum vcam_transfer transfer)
{
    for (unsigned j = 0; j < format->n_sizes; j++) {
        const struct vcam_size_offer *size = &format->sizes[j];
        for (unsigned k = 0; k < size->n_intervals; k++) {
            struct vcam_mode mode = {format->fourcc, size->wWidth, size->wHeight,
                                     size->dwFrameInterval[k]};
            if (mode.dwFrameInterval && vcam_link_fits(link, transfer, &mode))
                vcam_offer_add(to, &mode);
        }
    }
}

/* Formats in the table's order, whatever the camera's: uvc-rules W6. */
void vcam_offer_select(const struct vcam_offer *offer, enum vcam_speed speed,
                       enum vcam_transfer transfer, struct vcam_offer *ret_offer)
{
    size_t n_formats;
    const struct vcam_format_info *formats = vcam_format_table(&n_formats);

    memset(ret_offer, 0, sizeof(*ret_offer));
    for (size_t f = 0; f < n_formats; f++)
        for (unsigned i = 0; i < offer->n_formats; i++)
            if (offer->formats[i].fourcc == formats[f].fourcc)
                add_fitting(ret_offer, &offer->formats[i], vcam_link(speed), transfer);
}

/* Slow rates are missed least. Last format and last size first, the fewer the better the others. */
static size_t drop_intervals(struct vcam_offer *offer, size_t excess)
{
    size_t gained = 0;
    for (unsigned i = offer->n_formats; i-- && gained < excess;) {
        struct vcam_format_offer *format = &offer->formats[i];
        for (unsigned j = format->n_sizes; j-- && gained < excess;)
            while (format->sizes[j].n_intervals > ENOUGH_INTERVALS && gained < excess) {
                format->sizes[j].n_intervals--;
                gained += INTERVAL_BYTES;
            }
    }
    return gained;
}

/* Takes out the largest size but for the first, which is the default. */
static size_t drop_largest_size(struct vcam_format_offer *format)
{
    unsigned largest = 1;
    for (unsigned j = 2; j < format->n_sizes; j++)
        if ((uint32_t)format->sizes[j].wWidth * format->sizes[j].wHeight >
            (uint32_t)format->sizes[largest].wWidth * format->sizes[largest].wHeight)
            largest = j;
    size_t gained = FRAME_BYTES + INTERVAL_BYTES * format->sizes[largest].n_intervals;
    format->n_sizes--;
    memmove(&format->sizes[largest], &format->sizes[largest + 1],
            (format->n_sizes - largest) * sizeof(format->sizes[0]));
    return gained;
}

static size_t drop_sizes(struct vcam_offer *offer, size_t excess)
{
    size_t gained = 0;
    for (unsigned i = offer->n_formats; i-- && gained < excess;)
        while (offer->formats[i].n_sizes > 1 && gained < excess)
            gained += drop_largest_size(&offer->formats[i]);
    return gained;
}

bool vcam_offer_shrink(struct vcam_offer *offer, size_t excess)
{
    return drop_intervals(offer, excess) || drop_sizes(offer, excess);
}
