/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Life of a device, and which file answers which request. */
#include <stdlib.h>
#include <string.h>

#include "vcam/device_priv.h"
#include "vcam/negotiation.h"

struct vcam_device *vcam_device_new(struct vcam_profile *profile, const struct vcam_device_ops *ops)
{
    struct vcam_device *device = calloc(1, sizeof(*device));
    if (!device)
        return NULL;
    device->profile = profile;
    device->ops = *ops;
    device->interfaces[0].profile = profile;
    device->interfaces[1].profile = vcam_profile_side(profile);
    vcam_video_streaming_reset(device);
    return device;
}

void vcam_device_free(struct vcam_device *device)
{
    if (!device)
        return;
    vcam_stream_stop(device, device->asked_us);
    vcam_profile_free(device->profile);
    free(device);
}

const struct vcam_profile *vcam_device_profile(const struct vcam_device *device)
{
    return device->profile;
}

void vcam_device_set_ready_func(struct vcam_device *device, vcam_endpoint_ready_func func,
                                void *user)
{
    device->ready = func;
    device->ready_user = user;
}

struct vcam_streaming *vcam_device_streaming(struct vcam_device *device, uint16_t number)
{
    for (unsigned i = 0; i < 2; i++) {
        struct vcam_streaming *interface = &device->interfaces[i];
        if (interface->profile && vcam_profile_layout(interface->profile)->vs_interface == number)
            return interface;
    }
    return NULL;
}

unsigned vcam_device_endpoints(const struct vcam_device *device,
                               struct vcam_endpoint ret_endpoints[VCAM_MAX_ENDPOINTS])
{
    const struct vcam_streaming *first = &device->interfaces[0], *second = &device->interfaces[1];
    unsigned n = vcam_profile_endpoints(first->profile, first->bAlternateSetting, ret_endpoints);
    if (!second->profile)
        return n;
    const struct vcam_layout *layout = vcam_profile_layout(second->profile);
    ret_endpoints[n] = layout->streams[second->bAlternateSetting];
    return n + (ret_endpoints[n].bEndpointAddress != 0);
}

bool vcam_device_endpoint(const struct vcam_device *device, uint8_t bEndpointAddress,
                          struct vcam_endpoint *ret_endpoint)
{
    struct vcam_endpoint endpoints[VCAM_MAX_ENDPOINTS];
    unsigned n = device->bConfigurationValue ? vcam_device_endpoints(device, endpoints) : 0;
    for (unsigned i = 0; i < n; i++) {
        if (endpoints[i].bEndpointAddress == bEndpointAddress) {
            *ret_endpoint = endpoints[i];
            return true;
        }
    }
    return false;
}

void vcam_device_reset(struct vcam_device *device, int64_t now_us)
{
    vcam_stream_stop(device, now_us);
    vcam_device_unconfigure(device);
    device->bConfigurationValue = 0;
    device->link_states = 0;
    device->bRequestErrorCode = VCAM_NO_ERROR;
    device->stream_waits = device->status_waits = false;
}

void vcam_device_unconfigure(struct vcam_device *device)
{
    device->status_halted = false;
    device->changed_controls = 0;
    vcam_video_streaming_reset(device);
}

enum vcam_answer vcam_reply(const struct vcam_request *request, const void *bytes, size_t len)
{
    if (len > request->setup.wLength)
        len = request->setup.wLength;
    if (len) /* data may be NULL where wLength is 0 */
        memcpy(request->data, bytes, len);
    *request->ret_len = len;
    return VCAM_DATA;
}

enum vcam_request_error vcam_reply_number(const struct vcam_request *request, uint16_t value,
                                          size_t len)
{
    const uint8_t bytes[] = {value, value >> 8};
    vcam_reply(request, bytes, len);
    return VCAM_NO_ERROR;
}

enum vcam_request_error vcam_error_code_request(const struct vcam_request *request, uint8_t code)
{
    switch (request->setup.bRequest) {
    case GET_CUR:
        return vcam_reply_number(request, code, 1);
    case GET_LEN:
        return vcam_reply_number(request, 1, 2);
    case GET_INFO:
        return vcam_reply_number(request, INFO_GET, 1);
    default:
        return VCAM_INVALID_REQUEST;
    }
}

/* UVC 1.1, 4.1: to an interface, the direction as bRequest has it, wValue's low byte 0. */
static enum vcam_request_error class_request(struct vcam_device *device,
                                             const struct vcam_request *request)
{
    const struct vcam_setup *setup = &request->setup;
    uint8_t recipient = setup->bmRequestType & 0x1f, number = setup->wIndex;
    struct vcam_streaming *streaming = vcam_device_streaming(device, number);

    if (!device->bConfigurationValue)
        return VCAM_WRONG_STATE;
    if (recipient != 1 || (setup->bmRequestType ^ setup->bRequest) & 0x80 || setup->wValue & 0xff)
        return VCAM_INVALID_REQUEST;
    if (number == vcam_layout(device)->vc_interface)
        return vcam_video_control(device, request);
    return streaming ? vcam_video_streaming(device, streaming, request) : VCAM_INVALID_UNIT;
}

enum vcam_answer vcam_device_control(struct vcam_device *device, const struct vcam_setup *setup,
                                     uint8_t *data, size_t *ret_len, int64_t now_us)
{
    const struct vcam_request request = {*setup, data, ret_len, now_us};
    uint8_t type = setup->bmRequestType >> 5 & 3;

    if (type == 0)
        return vcam_standard_request(device, &request);
    if (type != 1)
        return VCAM_STALL;
    /* Success resets the code, that of reading it too. */
    device->bRequestErrorCode = class_request(device, &request);
    if (device->bRequestErrorCode)
        return VCAM_STALL;
    return setup->bmRequestType & 0x80 ? VCAM_DATA : VCAM_ACK;
}

void vcam_device_get_state(const struct vcam_device *device, struct vcam_device_state *ret_state)
{
    *ret_state = (struct vcam_device_state){
        .bConfigurationValue = device->bConfigurationValue,
        .bAlternateSetting = device->on->bAlternateSetting,
        .streaming = device->streaming,
        .frame_in_flight = device->queue.in_flight != NULL,
        .frames_sent = device->frames_sent,
        .frames_dropped = device->frames_dropped,
        .bytes_sent = device->bytes_sent,
    };
    if (device->on->committed) {
        ret_state->mode = vcam_probe_mode(device->on->profile, &device->on->commit);
        ret_state->dwMaxPayloadTransferSize = device->on->commit.dwMaxPayloadTransferSize;
    }
}
