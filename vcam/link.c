/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables and arithmetic of bandwidth. */
#include "vcam/link.h"
#include "vcam/payload.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct vcam_alternate full_alternates[] = {
    {128, 1, 1}, {256, 1, 1}, {384, 1, 1}, {512, 1, 1},
    {640, 1, 1}, {768, 1, 1}, {896, 1, 1}, {1023, 1, 1},
};

/* Two transactions must have more than 512 bytes each, three more than 682 (USB 2.0, 5.9.1). */
static const struct vcam_alternate high_alternates[] = {
    {192, 1, 1}, {384, 1, 1}, {512, 1, 1}, {640, 1, 1}, {800, 1, 1},  {944, 1, 1},
    {640, 1, 2}, {800, 1, 2}, {992, 1, 2}, {896, 1, 3}, {1020, 1, 3},
};

static const struct vcam_alternate super_alternates[] = {
    {1024, 1, 1},  {1024, 2, 1},  {1024, 3, 1},  {1024, 4, 1},  {1024, 6, 1},  {1024, 8, 1},
    {1024, 12, 1}, {1024, 16, 1}, {1024, 12, 2}, {1024, 16, 2}, {1024, 16, 3},
};

static const struct vcam_link links[] = {
    [VCAM_SPEED_FULL] = {.bcdUSB = 0x0200,
                         .bMaxPacketSize0 = 64,
                         .status_bInterval = 16,
                         .bulk_packet = 64,
                         .bulk_bytes_per_second = 1200000,
                         .interval = 10000,
                         .alternates = full_alternates,
                         .n_alternates = COUNT(full_alternates)},
    [VCAM_SPEED_HIGH] = {.bcdUSB = 0x0200,
                         .bMaxPacketSize0 = 64,
                         .status_bInterval = 8,
                         .bulk_packet = 512,
                         .interval = 1250,
                         .alternates = high_alternates,
                         .n_alternates = COUNT(high_alternates)},
    [VCAM_SPEED_SUPER] = {.bcdUSB = 0x0300,
                          .bMaxPacketSize0 = 9, /* 2 to that power: 512 */
                          .status_bInterval = 8,
                          .bulk_packet = 1024,
                          .interval = 1250,
                          .alternates = super_alternates,
                          .n_alternates = COUNT(super_alternates)},
};

const struct vcam_link *vcam_link(enum vcam_speed speed)
{
    return &links[speed];
}

static bool is_uncompressed(const struct vcam_mode *mode)
{
    return vcam_format_info(mode->fourcc)->payload == VCAM_UNCOMPRESSED;
}

uint64_t vcam_usual_frame_size(const struct vcam_mode *mode)
{
    if (is_uncompressed(mode))
        return vcam_mode_max_frame_size(mode);
    return (uint64_t)mode->wWidth * mode->wHeight / 8;
}

static uint32_t largest_packet(const struct vcam_link *link)
{
    return vcam_alternate_bytes(&link->alternates[link->n_alternates - 1]);
}

/* Bytes an interval, header included, so that size bytes get through within a frame's time. */
static uint64_t iso_need(const struct vcam_link *link, const struct vcam_mode *mode, uint64_t size)
{
    uint32_t packets = mode->dwFrameInterval / link->interval;
    return packets ? (size + packets - 1) / packets + VCAM_PAYLOAD_HEADER : UINT64_MAX;
}

bool vcam_link_fits(const struct vcam_link *link, enum vcam_transfer transfer,
                    const struct vcam_mode *mode)
{
    /* uvc-rules A2. */
    if (mode->wWidth % 2 || mode->wHeight % 2)
        return false;
    if (vcam_mode_max_frame_size(mode) > UINT32_MAX - VCAM_MAX_HEADER - VCAM_PAYLOAD_UNIT)
        return false;
    uint64_t size = vcam_usual_frame_size(mode);
    if (transfer == VCAM_TRANSFER_ISO)
        return iso_need(link, mode, size) <= largest_packet(link);
    return !link->bulk_bytes_per_second ||
           size * 10000000 <= (uint64_t)link->bulk_bytes_per_second * mode->dwFrameInterval;
}
