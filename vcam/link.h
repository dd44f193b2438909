/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection of each speed carries: packet sizes, alternate settings, and which modes fit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vcam/format.h"
#include "vcam/profile.h"

/* One isochronous alternate setting, in counts (the descriptors have count - 1). */
struct vcam_alternate {
    uint16_t packet; /* bytes of one packet */
    uint8_t burst;   /* SuperSpeed: packets in a burst */
    uint8_t mult;    /* transactions (high speed) or bursts (SuperSpeed) an interval */
};

static inline uint32_t vcam_alternate_bytes(const struct vcam_alternate *alternate)
{
    return (uint32_t)alternate->packet * alternate->burst * alternate->mult;
}

struct vcam_link {
    uint16_t bcdUSB;
    uint8_t bMaxPacketSize0;
    uint8_t status_bInterval; /* of the interrupt endpoint: 16 ms */
    uint16_t bulk_packet;
    uint32_t bulk_bytes_per_second;          /* 0: not worth a limit, QEMU models no bandwidth */
    uint16_t interval;                       /* of isochronous packets, in 100 ns */
    const struct vcam_alternate *alternates; /* ascending; bAlternateSetting 1 first */
    uint8_t n_alternates;
};

const struct vcam_link *vcam_link(enum vcam_speed speed);

/* False where the link cannot carry it, or no guest would take it. */
bool vcam_link_fits(const struct vcam_link *link, enum vcam_transfer transfer,
                    const struct vcam_mode *mode);

/* Bytes that one frame has to be expected to have. A compressed one is taken to have one bit a
   pixel: a 1080p JPEG of a camera has 150 to 250 kB. */
uint64_t vcam_usual_frame_size(const struct vcam_mode *mode);
