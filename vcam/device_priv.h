/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a device, shared by the files that answer its requests: standard.c (USB 2.0, 9.4),
   video_control.c (UVC 1.1, 4.2), video_streaming.c (4.3), stream.c (pictures). */
#pragma once

#include "descriptors/desc.h"
#include "vcam/device.h"
#include "vcam/log.h"
#include "vcam/payload.h"
#include "vcam/queue.h"

/* What a streaming interface has of its own. */
struct vcam_streaming {
    const struct vcam_profile *profile; /* its formats and endpoints */
    uint8_t bAlternateSetting;
    bool halted;              /* its bulk endpoint */
    uint8_t bStreamErrorCode; /* UVC 1.1, 4.3.1.7 */
    struct uvc_probe_commit probe, commit;
    bool committed;
};

struct vcam_device {
    struct vcam_profile *profile;
    struct vcam_device_ops ops;
    vcam_endpoint_ready_func ready;
    void *ready_user;

    uint8_t bConfigurationValue;
    uint8_t link_states; /* SuperSpeed: U1_ENABLE and kin, as GET_STATUS has them */
    bool status_halted;

    uint8_t bRequestErrorCode; /* UVC 1.1, 4.2.1.2 */

    uint32_t changed_controls; /* bit = id: the guest has still to be told */
    bool status_waits;         /* the status endpoint answered NAK */

    struct vcam_streaming interfaces[2]; /* profile NULL: there is none */
    struct vcam_streaming *on; /* the one that streams or, while none does, was turned to last */

    struct vcam_queue queue;
    uint64_t next_number; /* of the frame that builds on the one queued last */
    struct vcam_packetizer packetizer;
    struct vcam_frame *sent; /* the last payload points into it */
    bool streaming;          /* between stream_start and stream_stop */
    bool stream_waits;       /* the stream endpoint answered NAK */
    bool held;
    int64_t asked_us; /* the guest's last sign of life on the stream endpoint */

    struct vcam_log_limit refused_limit, short_limit;
    uint64_t frames_sent, frames_dropped, bytes_sent;
};

/* One control request on its way through the handlers. */
struct vcam_request {
    struct vcam_setup setup;
    uint8_t *data; /* wLength bytes: the host's, or ours to fill */
    size_t *ret_len;
    int64_t now_us;
};

/* Answers IN with at most wLength of these bytes. */
enum vcam_answer vcam_reply(const struct vcam_request *request, const void *bytes, size_t len);

/* bRequestErrorCode: UVC 1.1, 4.2.1.2 */
enum vcam_request_error {
    VCAM_NO_ERROR = 0,
    VCAM_NOT_READY = 1,
    VCAM_WRONG_STATE = 2,
    VCAM_OUT_OF_RANGE = 4,
    VCAM_INVALID_UNIT = 5,
    VCAM_INVALID_CONTROL = 6,
    VCAM_INVALID_REQUEST = 7,
    VCAM_INVALID_VALUE = 8, /* within the range, but not one of its values */
};

/* UVC 1.1, A.8 */
enum {
    SET_CUR = 0x01,
    GET_CUR = 0x81,
    GET_MIN = 0x82,
    GET_MAX = 0x83,
    GET_RES = 0x84,
    GET_LEN = 0x85,
    GET_INFO = 0x86,
    GET_DEF = 0x87,
};

/* GET_INFO: UVC 1.1, 4.1.2 */
enum {
    INFO_GET = 1 << 0,
    INFO_SET = 1 << 1,
    INFO_DISABLED = 1 << 2,
    INFO_AUTOUPDATE = 1 << 3,
};

static inline const struct vcam_layout *vcam_layout(const struct vcam_device *device)
{
    return vcam_profile_layout(device->profile);
}

/* All that a configuration has of state, as it is when one is chosen. The stream must be off. */
void vcam_device_unconfigure(struct vcam_device *device);

/* The same for class requests: a number of 1 or 2 bytes, always VCAM_NO_ERROR; and all requests to
   the two controls that hold an error code. */
enum vcam_request_error vcam_reply_number(const struct vcam_request *request, uint16_t value,
                                          size_t len);
enum vcam_request_error vcam_error_code_request(const struct vcam_request *request, uint8_t code);

/* standard.c */
enum vcam_answer vcam_standard_request(struct vcam_device *device,
                                       const struct vcam_request *request);
/* video_control.c, video_streaming.c: for a class request to their interface. The request's
   direction is bRequest's. VCAM_NO_ERROR: done, and answered where it is IN. */
enum vcam_request_error vcam_video_control(struct vcam_device *device,
                                           const struct vcam_request *request);
enum vcam_request_error vcam_video_streaming(struct vcam_device *device,
                                             struct vcam_streaming *interface,
                                             const struct vcam_request *request);

/* PROBE and COMMIT as after a reset. */
void vcam_video_streaming_reset(struct vcam_device *device);

/* By bInterfaceNumber, or NULL. */
struct vcam_streaming *vcam_device_streaming(struct vcam_device *device, uint16_t number);

/* stream.c. The interface's turn to stream; false while another one does. */
bool vcam_stream_turn(struct vcam_device *device, struct vcam_streaming *interface, int64_t now_us);
/* Of the interface whose turn it is. Both are idempotent. start does nothing before a commit. */
void vcam_stream_start(struct vcam_device *device, int64_t now_us);
void vcam_stream_stop(struct vcam_device *device, int64_t now_us);
/* An endpoint of the configuration and alternate setting that are selected. */
bool vcam_device_endpoint(const struct vcam_device *device, uint8_t bEndpointAddress,
                          struct vcam_endpoint *ret_endpoint);
/* Something came for the guest: tells the USB side, once for each NAK. */
void vcam_stream_ready(struct vcam_device *device, int64_t now_us);
