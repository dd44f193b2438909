/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pictures' way through the device: start and stop as hosts mean them, frames in, payload out.

   Bulk hosts have no request for "start": a commit followed by an IN request is one. "Stop" is
   CLEAR_FEATURE(ENDPOINT_HALT) (uvc-rules W4). The commit outlives it, since some hosts clear the
   halt between commit and first read. */
#include "vcam/device_priv.h"
#include "vcam/key_frame.h"
#include "vcam/negotiation.h"
#include "vcam/profile_priv.h"

#define IDLE_US   5000000
#define NO_NUMBER UINT64_MAX

static void report(struct vcam_device *device, const struct vcam_frame *frame,
                   enum vcam_frame_event event, int64_t now_us)
{
    if (device->ops.frame_event)
        device->ops.frame_event(device->ops.user, frame, event, now_us);
}

static void dispose(struct vcam_device *device, struct vcam_frame *frame,
                    enum vcam_frame_event event, int64_t now_us)
{
    if (!frame)
        return;
    report(device, frame, event, now_us);
    vcam_frame_unref(frame);
}

static void drop(struct vcam_device *device, struct vcam_frame *frame, int64_t now_us)
{
    device->frames_dropped += frame != NULL;
    dispose(device, frame, VCAM_FRAME_DROPPED, now_us);
}

static void drop_pending(struct vcam_device *device, int64_t now_us)
{
    drop(device, vcam_queue_take_pending(&device->queue), now_us);
}

/* The last payload's bytes were valid until now. */
static void release_sent(struct vcam_device *device)
{
    struct vcam_frame *frame = device->sent;
    device->sent = NULL;
    vcam_frame_unref(frame);
}

/* The same in every alternate setting that has it. */
static uint8_t stream_address(const struct vcam_device *device)
{
    const struct vcam_layout *layout = vcam_profile_layout(device->on->profile);
    return layout->streams[layout->n_alternates - 1].bEndpointAddress;
}

static struct vcam_mode committed_mode(const struct vcam_device *device)
{
    return vcam_probe_mode(device->on->profile, &device->on->commit);
}

/* ---- Start and stop ---- */

/* There is one camera: interfaces take turns. */
bool vcam_stream_turn(struct vcam_device *device, struct vcam_streaming *interface, int64_t now_us)
{
    if (interface == device->on)
        return true;
    if (device->streaming)
        return false;
    vcam_stream_stop(device, now_us);
    device->on = interface;
    return true;
}

void vcam_stream_start(struct vcam_device *device, int64_t now_us)
{
    if (device->streaming || !device->on->committed)
        return;
    struct vcam_mode mode = committed_mode(device);
    device->streaming = true;
    device->next_number = NO_NUMBER;
    device->asked_us = now_us;
    /* Last: the camera may hand over a frame from inside. */
    device->ops.stream_start(device->ops.user, &mode);
}

static void release_camera(struct vcam_device *device)
{
    if (!device->streaming)
        return;
    device->streaming = false;
    device->ops.stream_stop(device->ops.user);
}

void vcam_stream_stop(struct vcam_device *device, int64_t now_us)
{
    struct vcam_frame *frame = vcam_queue_take_in_flight(&device->queue);

    release_sent(device);
    drop_pending(device, now_us);
    vcam_packetizer_reset(&device->packetizer);
    release_camera(device);
    dispose(device, frame, VCAM_FRAME_CUT, now_us);
}

int64_t vcam_device_tick(struct vcam_device *device, int64_t now_us)
{
    const struct vcam_profile_options *options = vcam_profile_options(device->on->profile);
    if (!device->streaming || options->transfer != VCAM_TRANSFER_BULK)
        return VCAM_NEVER;
    /* Then it is not the guest that keeps us waiting. */
    if (device->stream_waits)
        device->asked_us = now_us;
    if (now_us - device->asked_us < IDLE_US)
        return device->asked_us + IDLE_US;
    /* The frame in flight stays: should the guest come back, it gets the rest. */
    drop_pending(device, now_us);
    release_camera(device);
    return VCAM_NEVER;
}

/* ---- Frames in ---- */

void vcam_stream_ready(struct vcam_device *device, int64_t now_us)
{
    if (!device->stream_waits)
        return;
    device->stream_waits = false;
    device->asked_us = now_us;
    if (device->ready)
        device->ready(device->ready_user, stream_address(device));
}

static bool is_acceptable(const struct vcam_frame *frame, const struct vcam_mode *mode)
{
    uint32_t size = vcam_mode_max_frame_size(mode);
    if (frame->mode.fourcc != mode->fourcc || frame->mode.wWidth != mode->wWidth ||
        frame->mode.wHeight != mode->wHeight)
        return false;
    /* uvc-rules L6; damaged MJPEG passes hosts unflagged, so a part of one is no help either. */
    if (vcam_format_info(mode->fourcc)->payload == VCAM_UNCOMPRESSED)
        return frame->size == size;
    return frame->size > 0 && frame->size <= size;
}

static void refuse(struct vcam_device *device, struct vcam_frame *frame,
                   const struct vcam_mode *mode, int64_t now_us)
{
    vcam_log(&device->refused_limit, now_us,
             "camera bug: frame %llu of %zu bytes, %ux%u, does not fit %s %ux%u (%u bytes): "
             "refused",
             (unsigned long long)frame->number, frame->size, frame->mode.wWidth,
             frame->mode.wHeight, vcam_format_info(mode->fourcc)->name, mode->wWidth, mode->wHeight,
             vcam_mode_max_frame_size(mode));
    dispose(device, frame, VCAM_FRAME_REFUSED, now_us);
}

/* A frame that builds on the one before is of no use to a guest that does not get that one. So it
   overtakes none; and once one is lost, here or in the camera, the next key frame is awaited. */
static bool is_decodable(const struct vcam_device *device, const struct vcam_frame *frame)
{
    return vcam_is_key_frame(frame) ||
           (frame->number == device->next_number && !device->queue.pending);
}

void vcam_device_push_frame(struct vcam_device *device, struct vcam_frame *frame, int64_t now_us)
{
    release_sent(device);
    if (!device->streaming) {
        vcam_frame_unref(frame);
        return;
    }
    struct vcam_mode mode = committed_mode(device);
    if (!is_acceptable(frame, &mode)) {
        refuse(device, frame, &mode, now_us);
        return;
    }
    if (!is_decodable(device, frame)) {
        drop(device, frame, now_us);
        return;
    }
    drop_pending(device, now_us);
    device->next_number = frame->number + 1;
    vcam_queue_push(&device->queue, frame);
    if (!device->held)
        vcam_stream_ready(device, now_us);
}

void vcam_device_hold(struct vcam_device *device, bool hold)
{
    device->held = hold;
    if (!hold && device->queue.pending)
        vcam_stream_ready(device, device->asked_us);
}

/* ---- Payload out ---- */

static enum vcam_answer wait(struct vcam_device *device)
{
    device->stream_waits = true;
    return VCAM_NAK;
}

/* Is there a frame in flight, or can one begin now? */
static bool have_frame(struct vcam_device *device)
{
    if (device->queue.in_flight)
        return true;
    return !device->held && device->queue.pending;
}

static void begin_frame(struct vcam_device *device)
{
    if (!device->queue.in_flight)
        vcam_packetizer_begin(&device->packetizer, vcam_queue_begin(&device->queue),
                              device->on->commit.dwMaxPayloadTransferSize);
}

static void account(struct vcam_device *device, const struct vcam_payload *payload, int64_t now_us)
{
    struct vcam_frame *frame = device->queue.in_flight;

    device->bytes_sent += payload->header_len + payload->len;
    if (payload->ends_frame) {
        device->sent = vcam_queue_take_in_flight(&device->queue);
        device->frames_sent++;
    }
    if (payload->begins_frame)
        report(device, frame, VCAM_FRAME_BEGUN, now_us);
    if (payload->ends_frame)
        report(device, frame, VCAM_FRAME_SENT, now_us);
}

/* An endpoint of that type whose turn it is, or can be. */
static bool is_stream(struct vcam_device *device, uint8_t bEndpointAddress, uint8_t type,
                      int64_t now_us, struct vcam_endpoint *ret_endpoint)
{
    if (!vcam_device_endpoint(device, bEndpointAddress, ret_endpoint) || ret_endpoint->type != type)
        return false;
    struct vcam_streaming *interface =
        vcam_device_streaming(device, ret_endpoint->bInterfaceNumber);
    return interface && !interface->halted && vcam_stream_turn(device, interface, now_us);
}

enum vcam_answer vcam_device_bulk_in(struct vcam_device *device, uint8_t bEndpointAddress,
                                     size_t length, int64_t now_us,
                                     struct vcam_payload *ret_payload)
{
    struct vcam_endpoint endpoint;
    release_sent(device);
    if (!is_stream(device, bEndpointAddress, VCAM_ENDPOINT_BULK, now_us, &endpoint))
        return VCAM_STALL;
    device->asked_us = now_us;
    device->stream_waits = false;
    vcam_stream_start(device, now_us);
    if (!device->packetizer.zero_length_due) {
        if (!have_frame(device))
            return wait(device);
        if (!device->queue.in_flight && length < VCAM_PAYLOAD_HEADER) {
            vcam_log(&device->short_limit, now_us,
                     "guest bug: asks for %zu bytes, a payload's header has %u", length,
                     VCAM_PAYLOAD_HEADER);
            *ret_payload = (struct vcam_payload){0};
            return VCAM_DATA;
        }
        begin_frame(device);
    }
    vcam_packetizer_bulk(&device->packetizer, length, now_us, ret_payload);
    account(device, ret_payload, now_us);
    return VCAM_DATA;
}

enum vcam_answer vcam_device_iso_in(struct vcam_device *device, uint8_t bEndpointAddress,
                                    int64_t now_us, struct vcam_payload *ret_payload)
{
    struct vcam_endpoint endpoint;
    release_sent(device);
    if (!is_stream(device, bEndpointAddress, VCAM_ENDPOINT_ISO, now_us, &endpoint))
        return VCAM_STALL;
    if (device->packetizer.cut) {
        vcam_packetizer_cut(&device->packetizer, now_us, ret_payload);
        return VCAM_DATA;
    }
    if (!device->streaming || !have_frame(device))
        return wait(device);
    begin_frame(device);
    vcam_packetizer_iso(&device->packetizer, endpoint.max_packet_size, now_us, ret_payload);
    account(device, ret_payload, now_us);
    return VCAM_DATA;
}
