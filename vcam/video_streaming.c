/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Class requests to the VideoStreaming interface: UVC 1.1, 4.3. */
#include "vcam/device_priv.h"
#include "vcam/negotiation.h"
#include "vcam/profile_priv.h"

/* UVC 1.1, A.9.7 */
enum { VS_PROBE = 1, VS_COMMIT = 2, VS_STREAM_ERROR_CODE = 6 };

#define STREAM_FORMAT_CHANGED 6 /* bStreamErrorCode: UVC 1.1, 4.3.1.7 */

void vcam_video_streaming_reset(struct vcam_device *device)
{
    device->on = &device->interfaces[0];
    for (unsigned i = 0; i < 2 && device->interfaces[i].profile; i++) {
        struct vcam_streaming *interface = &device->interfaces[i];
        *interface = (struct vcam_streaming){.profile = interface->profile};
        vcam_negotiate(interface->profile, &(struct uvc_probe_commit){0}, &interface->probe);
        interface->commit = interface->probe;
    }
}

static enum vcam_request_error reply_probe(const struct vcam_profile *profile,
                                           const struct vcam_request *request,
                                           const struct uvc_probe_commit *probe)
{
    uint8_t bytes[VCAM_PROBE_MAX];
    size_t len = vcam_probe_write(profile, probe, bytes);
    vcam_reply(request, bytes, len);
    return VCAM_NO_ERROR;
}

static size_t probe_length(const struct vcam_profile *profile)
{
    return vcam_probe_length(vcam_profile_options(profile)->bcdUVC);
}

static enum vcam_request_error set_probe(const struct vcam_profile *profile,
                                         const struct vcam_request *request,
                                         struct uvc_probe_commit *state)
{
    struct uvc_probe_commit asked;
    if (!vcam_probe_read(request->data, request->setup.wLength, &asked))
        return VCAM_INVALID_REQUEST;
    vcam_negotiate(profile, &asked, state);
    return VCAM_NO_ERROR;
}

/* state: what was negotiated last, here with these formats. */
static enum vcam_request_error probe_request(const struct vcam_profile *profile,
                                             const struct vcam_request *request,
                                             struct uvc_probe_commit *state)
{
    struct uvc_probe_commit probe = *state;

    switch (request->setup.bRequest) {
    case SET_CUR:
        return set_probe(profile, request, state);
    case GET_CUR:
        break;
    case GET_MIN:
        vcam_negotiate_shortest(profile, &probe);
        break;
    case GET_MAX:
        vcam_negotiate_longest(profile, &probe);
        break;
    case GET_DEF:
        vcam_negotiate(profile, &(struct uvc_probe_commit){0}, &probe);
        break;
    case GET_RES:
        probe = (struct uvc_probe_commit){0}; /* all fields are discrete: no steps */
        break;
    case GET_LEN:
        return vcam_reply_number(request, probe_length(profile), 2);
    case GET_INFO:
        return vcam_reply_number(request, INFO_GET | INFO_SET, 1);
    default:
        return VCAM_INVALID_REQUEST;
    }
    return reply_probe(profile, request, &probe);
}

/* While a stream is on, it goes on in the new mode: what a host has of the old one is void. */
static enum vcam_request_error set_commit(struct vcam_device *device,
                                          struct vcam_streaming *interface,
                                          const struct vcam_request *request)
{
    struct uvc_probe_commit asked;
    if (!vcam_probe_read(request->data, request->setup.wLength, &asked))
        return VCAM_INVALID_REQUEST;
    if (!vcam_probe_exists(interface->profile, &asked))
        return VCAM_OUT_OF_RANGE;
    if (interface->profile->is_silent || !vcam_stream_turn(device, interface, request->now_us))
        return VCAM_WRONG_STATE;
    bool is_iso = vcam_profile_options(interface->profile)->transfer == VCAM_TRANSFER_ISO;
    bool was_streaming = device->streaming, was_cut = device->queue.in_flight != NULL;

    vcam_stream_stop(device, request->now_us);
    vcam_negotiate(interface->profile, &asked, &interface->probe);
    interface->commit = interface->probe;
    interface->committed = true;
    device->packetizer.cut = is_iso && was_cut;
    interface->bStreamErrorCode = was_cut ? STREAM_FORMAT_CHANGED : 0;
    if (was_streaming || (is_iso && interface->bAlternateSetting))
        vcam_stream_start(device, request->now_us);
    vcam_stream_ready(device, request->now_us);
    return VCAM_NO_ERROR;
}

static enum vcam_request_error commit_request(struct vcam_device *device,
                                              struct vcam_streaming *interface,
                                              const struct vcam_request *request)
{
    switch (request->setup.bRequest) {
    case SET_CUR:
        return set_commit(device, interface, request);
    case GET_CUR:
        return reply_probe(interface->profile, request, &interface->commit);
    case GET_LEN:
        return vcam_reply_number(request, probe_length(interface->profile), 2);
    case GET_INFO:
        return vcam_reply_number(request, INFO_GET | INFO_SET, 1);
    default:
        return VCAM_INVALID_REQUEST;
    }
}

enum vcam_request_error vcam_video_streaming(struct vcam_device *device,
                                             struct vcam_streaming *interface,
                                             const struct vcam_request *request)
{
    if (request->setup.wIndex >> 8)
        return VCAM_INVALID_UNIT;
    switch (request->setup.wValue >> 8) {
    case VS_PROBE:
        return probe_request(interface->profile, request, &interface->probe);
    case VS_COMMIT:
        return commit_request(device, interface, request);
    case VS_STREAM_ERROR_CODE:
        return vcam_error_code_request(request, interface->bStreamErrorCode);
    default:
        return VCAM_INVALID_CONTROL;
    }
}
