/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of a frame's NAL units, behind their start codes (Annex B of both). */
#include "vcam/key_frame.h"

#include <stddef.h>

/* Of NAL unit types, a bit each. */
#define TYPES(first, last) ((UINT64_C(2) << (last)) - (UINT64_C(1) << (first)))

static const struct codec {
    uint32_t fourcc;
    uint8_t shift, mask; /* nal_unit_type in the unit's first byte */
    uint64_t key;
    uint64_t slices; /* of other pictures: what decides comes before the first */
} codecs[] = {
    {VCAM_H264, 0, 0x1f, TYPES(5, 5) | TYPES(7, 7), TYPES(1, 4)},      /* H.264, table 7-1 */
    {VCAM_HEVC, 1, 0x3f, TYPES(16, 21) | TYPES(32, 34), TYPES(0, 15)}, /* H.265, table 7-1 */
};

static const struct codec *codec_of(uint32_t fourcc)
{
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
        if (codecs[i].fourcc == fourcc)
            return &codecs[i];
    return NULL;
}

bool vcam_is_key_frame(const struct vcam_frame *frame)
{
    const struct codec *codec = codec_of(frame->mode.fourcc);
    const uint8_t *at = frame->data;
    bool found = false;

    for (size_t left = codec ? frame->size : 0; left > 3; at++, left--) {
        if (at[0] || at[1] || at[2] != 1)
            continue;
        uint64_t type = UINT64_C(1) << (at[3] >> codec->shift & codec->mask);
        if (type & (codec->key | codec->slices))
            return type & codec->key;
        found = true;
    }
    return !found;
}
