/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The negotiation's arithmetic. */
#include <string.h>

#include "vcam/negotiation.h"
#include "vcam/payload.h"
#include "vcam/profile_priv.h"

static const struct {
    uint16_t bcdUVC;
    uint8_t length;
} lengths[] = {{0x0150, 48}, {0x0110, 34}, {0, 26}};
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

size_t vcam_probe_length(uint16_t bcdUVC)
{
    unsigned i = 0;
    while (bcdUVC < lengths[i].bcdUVC)
        i++;
    return lengths[i].length;
}

bool vcam_probe_read(const uint8_t *bytes, size_t len, struct uvc_probe_commit *ret_asked)
{
    for (unsigned i = 0; i < LENGTHS; i++) {
        if (len != lengths[i].length)
            continue;
        memset(ret_asked, 0, sizeof(*ret_asked));
        desc_unpack_rows(DESC_KIND_uvc_probe_commit, ret_asked, bytes, len);
        return true;
    }
    return false;
}

size_t vcam_probe_write(const struct vcam_profile *profile, const struct uvc_probe_commit *probe,
                        uint8_t bytes[VCAM_PROBE_MAX])
{
    size_t len = vcam_probe_length(vcam_profile_options(profile)->bcdUVC);
    memset(bytes, 0, VCAM_PROBE_MAX);
    desc_pack_rows(DESC_KIND_uvc_probe_commit, probe, bytes, len);
    return len;
}

static const struct vcam_size_offer *size_of(const struct vcam_profile *profile,
                                             const struct uvc_probe_commit *probe)
{
    const struct vcam_offer *offer = vcam_profile_offer(profile);
    return &offer->formats[probe->bFormatIndex - 1].sizes[probe->bFrameIndex - 1];
}

bool vcam_probe_exists(const struct vcam_profile *profile, const struct uvc_probe_commit *probe)
{
    const struct vcam_offer *offer = vcam_profile_offer(profile);
    return probe->bFormatIndex && probe->bFormatIndex <= offer->n_formats && probe->bFrameIndex &&
           probe->bFrameIndex <= offer->formats[probe->bFormatIndex - 1].n_sizes &&
           size_of(profile, probe)->n_intervals;
}

struct vcam_mode vcam_probe_mode(const struct vcam_profile *profile,
                                 const struct uvc_probe_commit *probe)
{
    const struct vcam_size_offer *size = size_of(profile, probe);
    return (struct vcam_mode){
        .fourcc = vcam_profile_offer(profile)->formats[probe->bFormatIndex - 1].fourcc,
        .wWidth = size->wWidth,
        .wHeight = size->wHeight,
        .dwFrameInterval = probe->dwFrameInterval,
    };
}

static bool take_first_frame(const struct vcam_offer *offer, unsigned format,
                             struct uvc_probe_commit *probe)
{
    for (unsigned s = 0; format < offer->n_formats && s < offer->formats[format].n_sizes; s++)
        if (offer->formats[format].sizes[s].n_intervals) {
            probe->bFormatIndex = (uint8_t)(format + 1);
            probe->bFrameIndex = (uint8_t)(s + 1);
            return true;
        }
    return false;
}

/* Where hosts ask for nothing, or for what is not there: the first frame of their format, else the
   first of all. Somewhere there is one. */
static void choose_first(const struct vcam_profile *profile, struct uvc_probe_commit *probe)
{
    const struct vcam_offer *offer = vcam_profile_offer(profile);
    bool taken = take_first_frame(offer, probe->bFormatIndex - 1u, probe);
    for (unsigned f = 0; !taken && f < offer->n_formats; f++)
        taken = take_first_frame(offer, f, probe);
}

static uint32_t nearest_interval(const struct vcam_size_offer *size, uint32_t asked)
{
    return asked ? vcam_nearest_interval(size, asked) : vcam_default_interval(size);
}

static uint32_t bulk_payload(uint32_t dwMaxVideoFrameSize)
{
    uint32_t size = dwMaxVideoFrameSize + VCAM_MAX_HEADER + VCAM_PAYLOAD_UNIT - 1;
    return size / VCAM_PAYLOAD_UNIT * VCAM_PAYLOAD_UNIT;
}

/* What follows from format, frame and interval. */
static void fill_sizes(const struct vcam_profile *profile, struct uvc_probe_commit *probe)
{
    struct vcam_mode mode = vcam_probe_mode(profile, probe);
    probe->dwMaxVideoFrameSize = vcam_mode_max_frame_size(&mode);
    /* Iso: the largest, whatever the mode needs. QEMU's queue is counted in packets and throws away
       what its guest does not take in time, so the fewer packets a frame has, the more survives. */
    probe->dwMaxPayloadTransferSize =
        vcam_profile_options(profile)->transfer == VCAM_TRANSFER_BULK
            ? bulk_payload(probe->dwMaxVideoFrameSize)
            : vcam_layout_largest_packet(vcam_profile_layout(profile));
}

void vcam_negotiate(const struct vcam_profile *profile, const struct uvc_probe_commit *asked,
                    struct uvc_probe_commit *ret_probe)
{
    /* The interval is the one field of bmHint that this camera negotiates, and the asked one is
       kept as near as can be with the hint and without. The other hinted fields are those of
       encoders whose quality the host sets: we have none, they are 0. */
    struct uvc_probe_commit probe = {
        .bmHint = asked->bmHint,
        .bFormatIndex = asked->bFormatIndex,
        .bFrameIndex = asked->bFrameIndex,
        .dwClockFrequency = VCAM_CLOCK_FREQUENCY,
        .bmFramingInfo = 3, /* FID and EOF are in the payload headers */
        .bPreferedVersion = 1,
        .bMinVersion = 1,
        .bMaxVersion = 1,
    };
    if (!vcam_probe_exists(profile, &probe))
        choose_first(profile, &probe);
    probe.dwFrameInterval = nearest_interval(size_of(profile, &probe), asked->dwFrameInterval);
    fill_sizes(profile, &probe);
    *ret_probe = probe;
}

void vcam_negotiate_shortest(const struct vcam_profile *profile, struct uvc_probe_commit *probe)
{
    probe->dwFrameInterval = size_of(profile, probe)->dwFrameInterval[0];
    fill_sizes(profile, probe);
}

void vcam_negotiate_longest(const struct vcam_profile *profile, struct uvc_probe_commit *probe)
{
    const struct vcam_size_offer *size = size_of(profile, probe);
    probe->dwFrameInterval = size->dwFrameInterval[size->n_intervals - 1];
    fill_sizes(profile, probe);
}
