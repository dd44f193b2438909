/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The virtual camera as a USB device: a state machine over (setup packet, now).

   It knows no clock, no socket and no main loop: time is a parameter, answers are return values,
   and what it wants of the outside (capture on, capture off, a control) goes through
   vcam_device_ops. All calls from one thread. now_us is CLOCK_MONOTONIC in microseconds (any clock
   in tests). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcam/control.h"
#include "vcam/format.h"
#include "vcam/frame.h"
#include "vcam/profile.h"

struct vcam_device;

/* USB 2.0, 9.3. All fields in host order. */
struct vcam_setup {
    uint8_t bmRequestType, bRequest;
    uint16_t wValue, wIndex, wLength;
};

/* How a device answers. A STALL is an answer, not an error. */
enum vcam_answer {
    VCAM_ACK,  /* control OUT: taken */
    VCAM_DATA, /* IN: bytes follow, possibly none (a zero-length packet) */
    VCAM_NAK,  /* IN: nothing yet; ask again after endpoint_ready() */
    VCAM_STALL,
};

enum vcam_frame_event {
    VCAM_FRAME_BEGUN,   /* its first byte was taken */
    VCAM_FRAME_SENT,    /* its last byte was taken */
    VCAM_FRAME_DROPPED, /* overtaken before its first byte, or builds on one that is lost */
    VCAM_FRAME_CUT,     /* begun, then the stream ended */
    VCAM_FRAME_REFUSED, /* camera bug: wrong size for the mode */
};

/* All but frame_event are required. None may call back into the device, but for push_frame from
   inside stream_start. */
struct vcam_device_ops {
    /* The guest starts to look (bulk: first IN request after a commit; iso: alternate setting other
       than 0): open the camera. Where that fails no frames come. */
    void (*stream_start)(void *user, const struct vcam_mode *mode);
    /* It stopped, was reset, or went. Never called without a start before it. After a stop that the
       guest asked for, bulk requests that still wait are dead: to be completed as cancelled, not
       answered later (uvc-rules W5). */
    void (*stream_stop)(void *user);
    /* As vcam_source_control_get/set: 0 or a negative errno. */
    int (*control_get)(void *user, enum vcam_control_id id, int32_t *ret_value);
    int (*control_set)(void *user, enum vcam_control_id id, int32_t value);
    /* For statistics and traces; optional. The frame is the callee's only during the call. */
    void (*frame_event)(void *user, const struct vcam_frame *frame, enum vcam_frame_event event,
                        int64_t now_us);
    void *user;
};

/* Where the USB side hears that an endpoint which answered NAK has something now. */
typedef void (*vcam_endpoint_ready_func)(void *user, uint8_t bEndpointAddress);

/* The device presents profile, which it takes over. ops is copied. NULL: out of memory, and profile
   stays the caller's. */
struct vcam_device *vcam_device_new(struct vcam_profile *profile,
                                    const struct vcam_device_ops *ops);
void vcam_device_free(struct vcam_device *device); /* stops the stream; accepts NULL */

const struct vcam_profile *vcam_device_profile(const struct vcam_device *device);
void vcam_device_set_ready_func(struct vcam_device *device, vcam_endpoint_ready_func func,
                                void *user);

/* One control transfer (USB 2.0, 9.4; UVC 1.1, 4). data holds wLength bytes: the host's for OUT,
   ours to fill for IN. VCAM_DATA sets *ret_len to at most wLength; VCAM_ACK and VCAM_STALL leave
   it. SET_CONFIGURATION and SET_INTERFACE come this way too. */
enum vcam_answer vcam_device_control(struct vcam_device *device, const struct vcam_setup *setup,
                                     uint8_t *data, size_t *ret_len, int64_t now_us);

/* Bus reset (USB 2.0, 9.1.1.3), also what a lost connection amounts to: stream stopped, address
   and configuration 0. Controls keep their values: they are the camera's. */
void vcam_device_reset(struct vcam_device *device, int64_t now_us);

/* Bytes: a bulk stream's dwMaxPayloadTransferSize is a multiple of it, and of every bulk packet's
   size; a picture with the longest header fits. */
#define VCAM_PAYLOAD_UNIT 4096
#define VCAM_MAX_HEADER   16

/* One slice of the stream: header_len bytes of payload header (0 or 12), then len bytes of the
   frame, pointing into it and valid until the next call on this device. */
struct vcam_payload {
    /* UVC 1.1, 2.4.3.3: bHeaderLength, bmHeaderInfo, PTS, SCR. There is room for more behind. */
    uint8_t header[VCAM_MAX_HEADER];
    uint8_t header_len;
    const uint8_t *data;
    size_t len;
    size_t left; /* of the frame, behind these */
    bool begins_frame, ends_frame;
};

/* A bulk IN request of length bytes. VCAM_DATA: header_len + len <= length, shorter where the
   payload ends; nothing at all for a request at a frame's begin that has no room for the header.
   VCAM_STALL: no such endpoint, halted, or not bulk. */
enum vcam_answer vcam_device_bulk_in(struct vcam_device *device, uint8_t bEndpointAddress,
                                     size_t length, int64_t now_us,
                                     struct vcam_payload *ret_payload);

/* One isochronous packet of the selected alternate setting. VCAM_NAK: no frame data now (send
   nothing, or a zero-length packet to pad). */
enum vcam_answer vcam_device_iso_in(struct vcam_device *device, uint8_t bEndpointAddress,
                                    int64_t now_us, struct vcam_payload *ret_payload);

/* One status packet (UVC 1.1, 2.4.2.2) of at most 16 bytes. */
enum vcam_answer vcam_device_interrupt_in(struct vcam_device *device, uint8_t bEndpointAddress,
                                          uint8_t buf[16], size_t *ret_len);

/* The source has a picture. Takes the reference. One frame is in flight, one newer waits, which the
   next overwrites, or the next key frame where frames build on each other. Frames are refused while
   no stream is on. */
void vcam_device_push_frame(struct vcam_device *device, struct vcam_frame *frame, int64_t now_us);
/* A control changed on the camera: tells the guest by status interrupt. */
void vcam_device_control_changed(struct vcam_device *device, enum vcam_control_id id);
/* The idle watch: a bulk stream whose guest has asked nothing for 5 s has its camera released; it
   starts again with the next request. Returns when to call again, or VCAM_NEVER (until the next
   stream_start). */
int64_t vcam_device_tick(struct vcam_device *device, int64_t now_us);

/* Frames whose first byte has not been taken yet can be held back while the link is full: nothing
   begins a frame while held. A frame once begun goes on. */
void vcam_device_hold(struct vcam_device *device, bool hold);

/* Endpoints as the host sees them with the alternate settings that are selected. Returns the count.
 */
#define VCAM_MAX_ENDPOINTS 3
unsigned vcam_device_endpoints(const struct vcam_device *device,
                               struct vcam_endpoint ret_endpoints[VCAM_MAX_ENDPOINTS]);

/* Of two streaming interfaces: of the one that streams, or did last. */
struct vcam_device_state {
    uint8_t bConfigurationValue;
    uint8_t bAlternateSetting;
    bool streaming; /* between stream_start and stream_stop */
    bool frame_in_flight;
    struct vcam_mode mode; /* committed; all 0 before */
    uint32_t dwMaxPayloadTransferSize;
    uint64_t frames_sent, frames_dropped, bytes_sent; /* since creation */
};
void vcam_device_get_state(const struct vcam_device *device, struct vcam_device_state *ret_state);
