/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Class requests to the VideoControl interface and its entities (UVC 1.1, 4.2), and the status
   packets that tell of controls which changed by themselves (2.4.2.2). */
#include <errno.h>
#include <string.h>

#include "vcam/device_priv.h"
#include "vcam/profile_priv.h"

/* Selectors: UVC 1.1, A.9.1 and A.9.3 */
enum { VC_REQUEST_ERROR_CODE = 2, SU_INPUT_SELECT = 1 };
#define CONTROL_MAX 8 /* bytes of the longest control, PANTILT_ABSOLUTE */

/* A control of the wire: one or two of the list's, which share entity and selector. */
struct wire_control {
    const struct vcam_control_range *parts[2];
    unsigned n_parts;
    uint8_t wLength;
    bool is_bitmap;
};

static bool find_control(const struct vcam_device *device, bool is_camera_terminal,
                         uint8_t selector, struct wire_control *ret_control)
{
    const struct vcam_control_list *list = vcam_profile_controls(device->profile);
    struct wire_control control = {0};

    for (unsigned i = 0; i < list->count; i++) {
        const struct vcam_control_info *info = vcam_control_info(list->items[i].id);
        if (info->is_camera_terminal != is_camera_terminal || info->selector != selector ||
            control.n_parts == 2)
            continue;
        control.parts[control.n_parts++] = &list->items[i];
        control.wLength = info->wLength;
        control.is_bitmap = info->is_bitmap;
    }
    if (!control.n_parts)
        return false;
    *ret_control = control;
    return true;
}

/* ---- Values ---- */

static void put_value(uint8_t *bytes, const struct vcam_control_info *info, int32_t value)
{
    for (unsigned i = 0; i < info->size; i++)
        bytes[info->offset + i] = (uint32_t)value >> 8 * i;
}

static int64_t get_value(const uint8_t *bytes, const struct vcam_control_info *info)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < info->size; i++)
        value |= (uint32_t)bytes[info->offset + i] << 8 * i;
    if (!info->is_signed)
        return value;
    uint32_t sign = 1u << (8 * info->size - 1);
    return (int64_t)(value ^ sign) - sign;
}

static bool is_in_range(const struct vcam_control_range *range, bool is_bitmap, int64_t value)
{
    if (is_bitmap) /* exactly one of the bits that there are */
        return value && !(value & (value - 1)) && (value & range->res);
    return value >= range->min && value <= range->max;
}

static enum vcam_request_error error_of(int r)
{
    static const struct {
        int r;
        enum vcam_request_error error;
    } rows[] = {
        {0, VCAM_NO_ERROR},          {-ENOENT, VCAM_INVALID_CONTROL}, {-ERANGE, VCAM_OUT_OF_RANGE},
        {-EACCES, VCAM_WRONG_STATE}, {-EINVAL, VCAM_INVALID_VALUE},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].r == r)
            return rows[i].error;
    return VCAM_NOT_READY; /* busy, pulled out */
}

static int read_current(const struct vcam_device *device, const struct wire_control *control,
                        uint8_t bytes[CONTROL_MAX])
{
    for (unsigned i = 0; i < control->n_parts; i++) {
        int32_t value;
        int r = device->ops.control_get(device->ops.user, control->parts[i]->id, &value);
        if (r)
            return r;
        put_value(bytes, vcam_control_info(control->parts[i]->id), value);
    }
    return 0;
}

/* ---- Requests to a control ---- */

static enum vcam_request_error reply(const struct vcam_request *request, const uint8_t *bytes,
                                     size_t len)
{
    vcam_reply(request, bytes, len);
    return VCAM_NO_ERROR;
}

static enum vcam_request_error get_current(struct vcam_device *device,
                                           const struct vcam_request *request,
                                           const struct wire_control *control)
{
    uint8_t bytes[CONTROL_MAX] = {0};
    int r = read_current(device, control, bytes);
    return r ? error_of(r) : reply(request, bytes, control->wLength);
}

/* GET_MIN, GET_MAX, GET_RES, GET_DEF */
static enum vcam_request_error get_limit(const struct vcam_request *request,
                                         const struct wire_control *control)
{
    uint8_t bytes[CONTROL_MAX] = {0};
    uint8_t bRequest = request->setup.bRequest;
    if (control->is_bitmap && (bRequest == GET_MIN || bRequest == GET_MAX))
        return VCAM_INVALID_REQUEST;
    for (unsigned i = 0; i < control->n_parts; i++) {
        const struct vcam_control_range *part = control->parts[i];
        int32_t value = bRequest == GET_MIN   ? part->min
                        : bRequest == GET_MAX ? part->max
                        : bRequest == GET_RES ? part->res
                                              : part->def;
        put_value(bytes, vcam_control_info(part->id), value);
    }
    return reply(request, bytes, control->wLength);
}

/* Controls that mean nothing while an automatic one is on. */
static const struct {
    enum vcam_control_id id, automatic;
    uint32_t manual_values; /* of the automatic one: bit = value */
} automatics[] = {
    {VCAM_CT_EXPOSURE_TIME_ABSOLUTE, VCAM_CT_AE_MODE, 1 << 1 | 1 << 4}, /* manual, shutter */
    {VCAM_CT_FOCUS_ABSOLUTE, VCAM_CT_FOCUS_AUTO, 1 << 0},
    {VCAM_PU_HUE, VCAM_PU_HUE_AUTO, 1 << 0},
    {VCAM_PU_WHITE_BALANCE_TEMPERATURE, VCAM_PU_WHITE_BALANCE_TEMPERATURE_AUTO, 1 << 0},
};

/* As the automatic control stands now; as the camera said at first where that is not known. */
static bool is_inactive(const struct vcam_device *device, const struct vcam_control_range *range)
{
    const struct vcam_control_list *list = vcam_profile_controls(device->profile);
    int32_t value;
    for (unsigned i = 0; i < sizeof(automatics) / sizeof(automatics[0]); i++)
        if (automatics[i].id == range->id && vcam_control_find(list, automatics[i].automatic) &&
            !device->ops.control_get(device->ops.user, automatics[i].automatic, &value))
            return value < 0 || value > 31 || !(automatics[i].manual_values >> value & 1);
    return range->flags & VCAM_CONTROL_INACTIVE;
}

static enum vcam_request_error get_info(struct vcam_device *device,
                                        const struct vcam_request *request,
                                        const struct wire_control *control)
{
    uint8_t info = INFO_GET | INFO_SET;
    for (unsigned i = 0; i < control->n_parts; i++) {
        const struct vcam_control_range *part = control->parts[i];
        if (part->flags & VCAM_CONTROL_READONLY)
            info &= ~INFO_SET;
        if (part->flags & VCAM_CONTROL_AUTOUPDATE)
            info |= INFO_AUTOUPDATE;
        if (is_inactive(device, part))
            info |= INFO_DISABLED;
    }
    return vcam_reply_number(request, info, 1);
}

/* An inactive control is set all the same: in UVC 1.1 that is no error, and cameras keep the value.
 */
static enum vcam_request_error set_current(struct vcam_device *device,
                                           const struct vcam_request *request,
                                           const struct wire_control *control)
{
    uint8_t known[CONTROL_MAX] = {0};
    int64_t values[2];

    if (request->setup.wLength != control->wLength)
        return VCAM_INVALID_REQUEST;
    for (unsigned i = 0; i < control->n_parts; i++) {
        const struct vcam_control_range *part = control->parts[i];
        const struct vcam_control_info *info = vcam_control_info(part->id);
        if (part->flags & VCAM_CONTROL_READONLY)
            return VCAM_INVALID_REQUEST;
        values[i] = get_value(request->data, info);
        if (!is_in_range(part, control->is_bitmap, values[i]))
            return VCAM_OUT_OF_RANGE;
        put_value(known, info, values[i]);
    }
    /* The half of a control that this camera does not have (tilt where there is only pan) stays 0.
     */
    if (memcmp(known, request->data, control->wLength))
        return VCAM_OUT_OF_RANGE;
    int r = 0;
    for (unsigned i = 0; i < control->n_parts && !r; i++)
        r = device->ops.control_set(device->ops.user, control->parts[i]->id, values[i]);
    return error_of(r);
}

static enum vcam_request_error control_request(struct vcam_device *device,
                                               const struct vcam_request *request,
                                               const struct wire_control *control)
{
    switch (request->setup.bRequest) {
    case SET_CUR:
        return set_current(device, request, control);
    case GET_CUR:
        return get_current(device, request, control);
    case GET_MIN:
    case GET_MAX:
    case GET_RES:
    case GET_DEF:
        return get_limit(request, control);
    case GET_LEN:
        return vcam_reply_number(request, control->wLength, 2);
    case GET_INFO:
        return get_info(device, request, control);
    default:
        return VCAM_INVALID_REQUEST;
    }
}

/* ---- Requests to the interface ---- */

/* VIDEO_POWER_MODE is not offered: a camera in use is never in any other mode. */
static enum vcam_request_error interface_request(struct vcam_device *device,
                                                 const struct vcam_request *request)
{
    if (request->setup.wValue >> 8 != VC_REQUEST_ERROR_CODE)
        return VCAM_INVALID_CONTROL;
    return vcam_error_code_request(request, device->bRequestErrorCode);
}

/* Whatever pins a selector has, the pictures come by the first. */
static enum vcam_request_error input_select_request(const struct vcam_request *request)
{
    switch (request->setup.bRequest) {
    case GET_CUR:
    case GET_MIN:
    case GET_MAX:
    case GET_RES:
    case GET_DEF:
    case GET_INFO: /* INFO_GET is 1 too */
        return vcam_reply_number(request, 1, 1);
    case GET_LEN:
        return vcam_reply_number(request, 1, 2);
    default:
        return VCAM_INVALID_REQUEST;
    }
}

enum vcam_request_error vcam_video_control(struct vcam_device *device,
                                           const struct vcam_request *request)
{
    const struct vcam_layout *layout = vcam_layout(device);
    uint8_t entity = request->setup.wIndex >> 8, selector = request->setup.wValue >> 8;
    struct wire_control control;

    if (!entity)
        return interface_request(device, request);
    if (!(layout->entities[entity / 32] >> entity % 32 & 1))
        return VCAM_INVALID_UNIT;
    if (entity == layout->selector_unit && selector == SU_INPUT_SELECT)
        return input_select_request(request);
    if ((entity != layout->camera_terminal && entity != layout->processing_unit) ||
        !find_control(device, entity == layout->camera_terminal, selector, &control))
        return VCAM_INVALID_CONTROL;
    return control_request(device, request, &control);
}

/* ---- Status ---- */

void vcam_device_control_changed(struct vcam_device *device, enum vcam_control_id id)
{
    const struct vcam_control_range *range =
        vcam_control_find(vcam_profile_controls(device->profile), id);
    if (!device->bConfigurationValue || !range || !(range->flags & VCAM_CONTROL_AUTOUPDATE) ||
        !vcam_layout(device)->status.bEndpointAddress)
        return;
    device->changed_controls |= 1u << id;
    if (!device->status_waits)
        return;
    device->status_waits = false;
    if (device->ready)
        device->ready(device->ready_user, vcam_layout(device)->status.bEndpointAddress);
}

/* Takes the lowest changed control out of the set; its partner of the same wire control with it. */
static bool next_changed(struct vcam_device *device, const struct vcam_control_info **ret_info,
                         struct wire_control *ret_control)
{
    for (unsigned id = 0; id < VCAM_CONTROL_COUNT; id++) {
        const struct vcam_control_info *info = vcam_control_info(id);
        if (!(device->changed_controls >> id & 1) ||
            !find_control(device, info->is_camera_terminal, info->selector, ret_control))
            continue;
        for (unsigned i = 0; i < ret_control->n_parts; i++)
            device->changed_controls &= ~(1u << ret_control->parts[i]->id);
        *ret_info = info;
        return true;
    }
    return false;
}

enum vcam_answer vcam_device_interrupt_in(struct vcam_device *device, uint8_t bEndpointAddress,
                                          uint8_t buf[16], size_t *ret_len)
{
    const struct vcam_control_info *info;
    struct wire_control control;
    uint8_t value[CONTROL_MAX];

    const struct vcam_layout *layout = vcam_layout(device);
    if (!layout->status.bEndpointAddress || bEndpointAddress != layout->status.bEndpointAddress ||
        !device->bConfigurationValue || device->status_halted)
        return VCAM_STALL;
    while (next_changed(device, &info, &control)) {
        memset(value, 0, sizeof(value));
        if (read_current(device, &control, value))
            continue; /* gone again: nothing to tell */
        const uint8_t head[5] = {
            1, /* bStatusType: VideoControl */
            info->is_camera_terminal ? layout->camera_terminal : layout->processing_unit,
            0, /* bEvent: control change */
            info->selector,
            0, /* bAttribute: its value */
        };
        memcpy(buf, head, sizeof(head));
        memcpy(buf + sizeof(head), value, control.wLength);
        *ret_len = sizeof(head) + control.wLength;
        return VCAM_DATA;
    }
    device->status_waits = true;
    return VCAM_NAK;
}
