/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Payload headers and the borders of payloads. */
#include "vcam/payload.h"

/* bmHeaderInfo: UVC 1.1, 2.4.3.3 */
enum {
    FID = 1 << 0,
    END_OF_FRAME = 1 << 1,
    PTS = 1 << 2,
    SCR = 1 << 3,
    ERR = 1 << 6,
    EOH = 1 << 7,
};

void vcam_packetizer_reset(struct vcam_packetizer *p)
{
    *p = (struct vcam_packetizer){.fid = p->fid, .pts = p->pts};
}

void vcam_packetizer_begin(struct vcam_packetizer *p, const struct vcam_frame *frame,
                           uint32_t dwMaxPayloadTransferSize)
{
    *p = (struct vcam_packetizer){
        .dwMaxPayloadTransferSize = dwMaxPayloadTransferSize,
        .fid = !p->fid,
        .pts = frame->capture_us,
        .data = frame->data,
        .size = frame->size,
    };
}

static void put_le32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = value >> 8 * i;
}

static void put_header(const struct vcam_packetizer *p, uint8_t flags, int64_t now_us,
                       struct vcam_payload *payload)
{
    uint16_t frame_number = (uint64_t)now_us / 1000 & 0x7ff; /* bus time: 1 ms, 11 bits */
    uint8_t *header = payload->header;

    payload->header_len = VCAM_PAYLOAD_HEADER;
    header[0] = VCAM_PAYLOAD_HEADER;
    header[1] = EOH | SCR | PTS | flags | (p->fid ? FID : 0);
    put_le32(header + 2, p->pts);
    put_le32(header + 6, now_us);
    header[10] = frame_number;
    header[11] = frame_number >> 8;
}

static void put_data(struct vcam_packetizer *p, size_t room, struct vcam_payload *payload)
{
    size_t left = p->size - p->offset;
    payload->data = p->data + p->offset;
    payload->len = left < room ? left : room;
    p->offset += payload->len;
    payload->left = p->size - p->offset;
    payload->ends_frame = payload->left == 0;
}

void vcam_packetizer_bulk(struct vcam_packetizer *p, size_t length, int64_t now_us,
                          struct vcam_payload *ret_payload)
{
    *ret_payload = (struct vcam_payload){0};
    if (p->zero_length_due) {
        p->zero_length_due = false;
        return;
    }
    if (!p->header_sent) {
        put_header(p, END_OF_FRAME, now_us, ret_payload);
        ret_payload->begins_frame = p->header_sent = true;
    }
    put_data(p, length - ret_payload->header_len, ret_payload);
    p->zero_length_due =
        ret_payload->ends_frame && ret_payload->header_len + ret_payload->len == length;
}

void vcam_packetizer_iso(struct vcam_packetizer *p, uint32_t max_packet_size, int64_t now_us,
                         struct vcam_payload *ret_payload)
{
    size_t length = max_packet_size < p->dwMaxPayloadTransferSize ? max_packet_size
                                                                  : p->dwMaxPayloadTransferSize;
    *ret_payload = (struct vcam_payload){.begins_frame = !p->offset};
    put_data(p, length - VCAM_PAYLOAD_HEADER, ret_payload);
    put_header(p, ret_payload->ends_frame ? END_OF_FRAME : 0, now_us, ret_payload);
}

void vcam_packetizer_cut(struct vcam_packetizer *p, int64_t now_us,
                         struct vcam_payload *ret_payload)
{
    *ret_payload = (struct vcam_payload){0};
    put_header(p, END_OF_FRAME | ERR, now_us, ret_payload);
    p->cut = false;
}
