/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual camera with a recorder behind it, and conversations with it as tables of rows. */
#pragma once

#include <glib.h>

#include "vcam/device.h"

#define FIXTURE_FPS(fps) (10000000u / (fps))

struct fixture {
    struct vcam_device *device;
    int64_t now_us;

    bool on; /* the camera, by stream_start and stream_stop */
    unsigned starts, stops;
    struct vcam_mode mode;             /* of the last start */
    struct vcam_frame *frame_at_start; /* pushed from inside stream_start */
    int32_t controls[VCAM_CONTROL_COUNT];
    int control_result; /* of control_get and control_set */
    unsigned events[VCAM_FRAME_REFUSED + 1];
    uint64_t last_event_frame[VCAM_FRAME_REFUSED + 1];
    unsigned stream_ready, status_ready;
};

/* Adds format x size x rates; the rates end with 0. */
void fixture_offer(struct vcam_offer *offer, uint32_t fourcc, uint16_t wWidth, uint16_t wHeight,
                   const unsigned *fps);
/* YUY2 and MJPEG in some sizes; 160x120 at 5 fps fits any link. */
void fixture_default_offer(struct vcam_offer *ret_offer);
/* One of each kind of control. */
void fixture_default_controls(struct vcam_control_list *ret_controls);

/* bcdUVC 0 and offer NULL: the defaults. */
void fixture_init(struct fixture *fixture, enum vcam_speed speed, enum vcam_transfer transfer,
                  uint16_t bcdUVC, const struct vcam_offer *offer);
/* Another profile in its place, which it takes over. */
void fixture_replace(struct fixture *fixture, struct vcam_profile *profile);
void fixture_clear(struct fixture *fixture);

struct fixture_setup {
    uint8_t bmRequestType, bRequest;
    uint16_t wValue, wIndex, wLength;
};

/* One control transfer: what it says, what the host sends, what must come back.
   expected: "ACK", "STALL", or bytes in hexadecimal: ".." stands for any byte, "*" at the end for
   any more, "*N" for N bytes in all, "*total" for as many as the answer's bytes 2 and 3 say, "" for
   a zero-length packet. */
struct fixture_row {
    const char *what;
    struct fixture_setup setup;
    const char *out; /* wLength bytes in hexadecimal; NULL: as many zeros */
    const char *expected;
};

void fixture_talk(struct fixture *fixture, const struct fixture_row *rows, size_t n);
/* For rows that a loop makes. */
void fixture_ask(struct fixture *fixture, const char *what, struct fixture_setup setup,
                 const uint8_t *out, const char *expected);
/* What comes back, VCAM_DATA only; asserts that it does. */
size_t fixture_get(struct fixture *fixture, struct fixture_setup setup, uint8_t *ret_bytes);

/* SET_CONFIGURATION(1). */
void fixture_configure(struct fixture *fixture);
/* Negotiates that mode as a host does, and commits it. Asserts that the camera can. Returns
   dwMaxPayloadTransferSize. */
uint32_t fixture_commit(struct fixture *fixture, const struct vcam_mode *mode);
/* SET_INTERFACE: the smallest alternate setting whose packets have that size. */
void fixture_select(struct fixture *fixture, uint32_t payload);

/* A frame whose bytes depend on its number. capture_us is number * 1000. */
struct vcam_frame *fixture_frame(const struct vcam_mode *mode, size_t size, uint64_t number);
void fixture_assert_bytes(const char *what, const uint8_t *got, size_t n_got,
                          const uint8_t *expected, size_t n_expected);
