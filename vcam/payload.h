/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts frames into payloads: the header's bits and clocks (UVC 1.1, 2.4.3.3), and where a payload
   ends on a bulk endpoint and on an isochronous one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcam/device.h"
#include "vcam/frame.h"

/* PTS and SCR count microseconds, so that no conversion rounds. */
#define VCAM_CLOCK_FREQUENCY 1000000
#define VCAM_PAYLOAD_HEADER  12

struct vcam_packetizer {
    uint32_t dwMaxPayloadTransferSize;
    bool fid;             /* of the frame begun last */
    bool header_sent;     /* bulk: of the frame begun last */
    bool zero_length_due; /* bulk: the payload filled its last transfer */
    bool cut;             /* iso: a frame was begun and will not be finished */
    uint32_t pts;         /* of the frame begun last */
    const uint8_t *data;  /* of the frame; not ours */
    size_t size, offset;
};

/* Nothing is begun. FID goes on where it was, so that no two frames in a row share it. */
void vcam_packetizer_reset(struct vcam_packetizer *packetizer);
void vcam_packetizer_begin(struct vcam_packetizer *packetizer, const struct vcam_frame *frame,
                           uint32_t dwMaxPayloadTransferSize);

/* The next slice for a transfer of length bytes: with the header where the frame begins, for which
   there must be room; then the frame's bytes up to its end. */
void vcam_packetizer_bulk(struct vcam_packetizer *packetizer, size_t length, int64_t now_us,
                          struct vcam_payload *ret_payload);
/* The next packet, a payload of its own, on an endpoint of max_packet_size bytes an interval. */
void vcam_packetizer_iso(struct vcam_packetizer *packetizer, uint32_t max_packet_size,
                         int64_t now_us, struct vcam_payload *ret_payload);
/* Iso: the header alone that tells the host to throw away what it has of the frame that was cut. */
void vcam_packetizer_cut(struct vcam_packetizer *packetizer, int64_t now_us,
                         struct vcam_payload *ret_payload);
