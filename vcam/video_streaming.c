/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Class requests to the VideoStreaming interface: UVC 1.1, 4.3. */
#include "vcam/device_priv.h"
#include "vcam/negotiation.h"

/* UVC 1.1, A.9.7 */
enum { VS_PROBE = 1, VS_COMMIT = 2, VS_STREAM_ERROR_CODE = 6 };

#define STREAM_FORMAT_CHANGED 6 /* bStreamErrorCode: UVC 1.1, 4.3.1.7 */

void vcam_video_streaming_reset(struct vcam_device *device)
{
    vcam_negotiate(device->profile, &(struct uvc_probe_commit){0}, &device->probe);
    device->commit = device->probe;
    device->committed = false;
    device->bStreamErrorCode = 0;
    const struct vcam_profile *side = vcam_profile_side(device->profile);
    if (side)
        vcam_negotiate(side, &(struct uvc_probe_commit){0}, &device->side_probe);
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
                                          const struct vcam_request *request)
{
    struct uvc_probe_commit asked;
    if (!vcam_probe_read(request->data, request->setup.wLength, &asked))
        return VCAM_INVALID_REQUEST;
    if (!vcam_probe_exists(device->profile, &asked))
        return VCAM_OUT_OF_RANGE;
    bool is_iso = vcam_profile_options(device->profile)->transfer == VCAM_TRANSFER_ISO;
    bool was_streaming = device->streaming, was_cut = device->queue.in_flight != NULL;

    vcam_stream_stop(device, request->now_us);
    vcam_negotiate(device->profile, &asked, &device->probe);
    device->commit = device->probe;
    device->committed = true;
    device->packetizer.cut = is_iso && was_cut;
    device->bStreamErrorCode = was_cut ? STREAM_FORMAT_CHANGED : 0;
    if (was_streaming || (is_iso && device->bAlternateSetting))
        vcam_stream_start(device, request->now_us);
    vcam_stream_ready(device, request->now_us);
    return VCAM_NO_ERROR;
}

static enum vcam_request_error commit_request(struct vcam_device *device,
                                              const struct vcam_request *request)
{
    switch (request->setup.bRequest) {
    case SET_CUR:
        return set_commit(device, request);
    case GET_CUR:
        return reply_probe(device->profile, request, &device->commit);
    case GET_LEN:
        return vcam_reply_number(request, probe_length(device->profile), 2);
    case GET_INFO:
        return vcam_reply_number(request, INFO_GET | INFO_SET, 1);
    default:
        return VCAM_INVALID_REQUEST;
    }
}

enum vcam_request_error vcam_video_streaming(struct vcam_device *device,
                                             const struct vcam_request *request)
{
    if (request->setup.wIndex >> 8)
        return VCAM_INVALID_UNIT;
    switch (request->setup.wValue >> 8) {
    case VS_PROBE:
        return probe_request(device->profile, request, &device->probe);
    case VS_COMMIT:
        return commit_request(device, request);
    case VS_STREAM_ERROR_CODE:
        return vcam_error_code_request(request, device->bStreamErrorCode);
    default:
        return VCAM_INVALID_CONTROL;
    }
}

enum vcam_request_error vcam_side_streaming(struct vcam_device *device,
                                            const struct vcam_request *request)
{
    uint8_t selector = request->setup.wValue >> 8;
    if (request->setup.wIndex >> 8)
        return VCAM_INVALID_UNIT;
    if (selector != VS_PROBE && selector != VS_COMMIT)
        return VCAM_INVALID_CONTROL;
    return probe_request(vcam_profile_side(device->profile), request, &device->side_probe);
}
