/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The controls that UVC and V4L2 both know, and their values both ways.

   A value is UVC's in its unit, V4L2's otherwise the same, but for two things: the auto exposure
   mode is a bit there and a number here, and what is unsigned there may begin below zero here (a
   contrast from -50 to 50): then the range is moved up. */
#include <errno.h>
#include <linux/videodev2.h>

#include "vcam/sources/v4l2_priv.h"

/* 0: V4L2 has no such control. Roll is one: V4L2_CID_ROTATE turns the picture, by 90 degrees. */
static const uint32_t v4l2_ids[VCAM_CONTROL_COUNT] = {
    [VCAM_CT_AE_MODE] = V4L2_CID_EXPOSURE_AUTO,
    [VCAM_CT_AE_PRIORITY] = V4L2_CID_EXPOSURE_AUTO_PRIORITY,
    [VCAM_CT_EXPOSURE_TIME_ABSOLUTE] = V4L2_CID_EXPOSURE_ABSOLUTE,
    [VCAM_CT_FOCUS_ABSOLUTE] = V4L2_CID_FOCUS_ABSOLUTE,
    [VCAM_CT_FOCUS_AUTO] = V4L2_CID_FOCUS_AUTO,
    [VCAM_CT_IRIS_ABSOLUTE] = V4L2_CID_IRIS_ABSOLUTE,
    [VCAM_CT_ZOOM_ABSOLUTE] = V4L2_CID_ZOOM_ABSOLUTE,
    [VCAM_CT_PAN_ABSOLUTE] = V4L2_CID_PAN_ABSOLUTE,
    [VCAM_CT_TILT_ABSOLUTE] = V4L2_CID_TILT_ABSOLUTE,
    [VCAM_CT_PRIVACY] = V4L2_CID_PRIVACY,
    [VCAM_PU_BACKLIGHT_COMPENSATION] = V4L2_CID_BACKLIGHT_COMPENSATION,
    [VCAM_PU_BRIGHTNESS] = V4L2_CID_BRIGHTNESS,
    [VCAM_PU_CONTRAST] = V4L2_CID_CONTRAST,
    [VCAM_PU_GAIN] = V4L2_CID_GAIN,
    [VCAM_PU_POWER_LINE_FREQUENCY] = V4L2_CID_POWER_LINE_FREQUENCY,
    [VCAM_PU_HUE] = V4L2_CID_HUE,
    [VCAM_PU_HUE_AUTO] = V4L2_CID_HUE_AUTO,
    [VCAM_PU_SATURATION] = V4L2_CID_SATURATION,
    [VCAM_PU_SHARPNESS] = V4L2_CID_SHARPNESS,
    [VCAM_PU_GAMMA] = V4L2_CID_GAMMA,
    [VCAM_PU_WHITE_BALANCE_TEMPERATURE] = V4L2_CID_WHITE_BALANCE_TEMPERATURE,
    [VCAM_PU_WHITE_BALANCE_TEMPERATURE_AUTO] = V4L2_CID_AUTO_WHITE_BALANCE,
};

/* UVC 1.1, 4.2.2.1.2: the bit for each V4L2_EXPOSURE_*. */
static const uint8_t exposure_bits[] = {
    [V4L2_EXPOSURE_AUTO] = 1 << 1,
    [V4L2_EXPOSURE_MANUAL] = 1 << 0,
    [V4L2_EXPOSURE_SHUTTER_PRIORITY] = 1 << 2,
    [V4L2_EXPOSURE_APERTURE_PRIORITY] = 1 << 3,
};
#define EXPOSURES ((int32_t)(sizeof(exposure_bits)))

static const struct {
    uint32_t v4l2, uvc;
} flag_rows[] = {
    {V4L2_CTRL_FLAG_READ_ONLY, VCAM_CONTROL_READONLY},
    {V4L2_CTRL_FLAG_VOLATILE, VCAM_CONTROL_AUTOUPDATE},
    {V4L2_CTRL_FLAG_INACTIVE, VCAM_CONTROL_INACTIVE},
};

static int query(const struct vcam_v4l2_node *node, enum vcam_control_id id,
                 struct v4l2_queryctrl *ret_query)
{
    struct v4l2_queryctrl queried = {.id = v4l2_ids[id]};
    if (!queried.id)
        return -ENOENT;
    int r = vcam_v4l2_ioctl(node, VIDIOC_QUERYCTRL, &queried);
    if (r < 0)
        return r == -EINVAL || r == -ENOTTY ? -ENOENT : r;
    if (queried.flags & (V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_WRITE_ONLY) ||
        queried.minimum > queried.maximum ||
        (queried.type != V4L2_CTRL_TYPE_INTEGER && queried.type != V4L2_CTRL_TYPE_BOOLEAN &&
         queried.type != V4L2_CTRL_TYPE_MENU))
        return -ENOENT;
    *ret_query = queried;
    return 0;
}

/* --- numbers --- */

static int64_t clamped(int64_t value, int64_t min, int64_t max)
{
    return value < min ? min : value > max ? max : value;
}

/* What UVC's field of a control can hold, and a value of the table. */
static int64_t field_max(const struct vcam_control_info *info)
{
    unsigned bits = 8u * info->size;
    return (INT64_C(1) << (info->is_signed || bits == 32 ? bits - 1 : bits)) - 1;
}

static int64_t field_min(const struct vcam_control_info *info)
{
    return info->is_signed ? -field_max(info) - 1 : 0;
}

/* From V4L2's value to UVC's. */
static int64_t shift(const struct vcam_control_info *info, const struct v4l2_queryctrl *queried)
{
    return !info->is_signed && queried->minimum < 0 ? -(int64_t)queried->minimum : 0;
}

/* A range that goes beyond UVC's field is cut there. */
static int32_t number_of(const struct vcam_control_info *info, const struct v4l2_queryctrl *queried,
                         int32_t value)
{
    return clamped(value + shift(info, queried), field_min(info), field_max(info));
}

static bool number_range(const struct vcam_control_info *info, const struct v4l2_queryctrl *queried,
                         struct vcam_control_range *range)
{
    range->min = number_of(info, queried, queried->minimum);
    range->max = number_of(info, queried, queried->maximum);
    range->def = clamped(number_of(info, queried, queried->default_value), range->min, range->max);
    int64_t span = (int64_t)range->max - range->min;
    range->res = queried->step < 1 || queried->step > span ? 1 : queried->step;
    return span > 0;
}

/* --- auto exposure --- */

static int32_t exposure_bit(int32_t value)
{
    return value >= 0 && value < EXPOSURES ? exposure_bits[value] : 0;
}

static bool exposure_range(const struct vcam_v4l2_node *node, const struct v4l2_queryctrl *queried,
                           struct vcam_control_range *range)
{
    for (int32_t value = 0; value < EXPOSURES; value++) {
        struct v4l2_querymenu item = {.id = queried->id, .index = value};
        int32_t bit = exposure_bits[value];
        if (value < queried->minimum || value > queried->maximum ||
            vcam_v4l2_ioctl(node, VIDIOC_QUERYMENU, &item) < 0)
            continue;
        range->res |= bit;
        range->min = range->min && range->min < bit ? range->min : bit;
        range->max = range->max > bit ? range->max : bit;
    }
    int32_t def = exposure_bit(queried->default_value) & range->res;
    range->def = def ? def : range->min;
    return range->res != 0;
}

static int exposure_of_bit(int32_t bit, int32_t *ret_value)
{
    for (int32_t value = 0; value < EXPOSURES; value++)
        if (exposure_bits[value] == bit) {
            *ret_value = value;
            return 0;
        }
    return -ERANGE;
}

/* --- all of them --- */

static bool read_control(const struct vcam_v4l2_node *node, enum vcam_control_id id,
                         struct vcam_control_range *ret_range)
{
    const struct vcam_control_info *info = vcam_control_info(id);
    struct vcam_control_range range = {.id = id};
    struct v4l2_queryctrl queried;
    if (query(node, id, &queried) < 0)
        return false;
    for (unsigned i = 0; i < sizeof(flag_rows) / sizeof(flag_rows[0]); i++)
        if (queried.flags & flag_rows[i].v4l2)
            range.flags |= flag_rows[i].uvc;
    bool usable = info->is_bitmap ? exposure_range(node, &queried, &range)
                                  : number_range(info, &queried, &range);
    if (usable)
        *ret_range = range;
    return usable;
}

void vcam_v4l2_read_controls(const struct vcam_v4l2_node *node, struct vcam_control_list *ret_list)
{
    *ret_list = (struct vcam_control_list){0};
    for (unsigned id = 0; id < VCAM_CONTROL_COUNT; id++)
        if (read_control(node, id, &ret_list->items[ret_list->count]))
            ret_list->count++;
}

int vcam_v4l2_get_control(const struct vcam_v4l2_node *node, enum vcam_control_id id,
                          int32_t *ret_value)
{
    const struct vcam_control_info *info = vcam_control_info(id);
    struct v4l2_queryctrl queried;
    int r = query(node, id, &queried);
    if (r < 0)
        return r;
    struct v4l2_control control = {.id = queried.id};
    r = vcam_v4l2_ioctl(node, VIDIOC_G_CTRL, &control);
    if (r < 0)
        return r;
    if (info->is_bitmap && !exposure_bit(control.value))
        return -EIO;
    *ret_value =
        info->is_bitmap ? exposure_bit(control.value) : number_of(info, &queried, control.value);
    return 0;
}

int vcam_v4l2_set_control(const struct vcam_v4l2_node *node, enum vcam_control_id id, int32_t value)
{
    const struct vcam_control_info *info = vcam_control_info(id);
    struct v4l2_queryctrl queried;
    int r = query(node, id, &queried);
    if (r < 0)
        return r;
    struct v4l2_control control = {.id = queried.id};
    if (info->is_bitmap)
        r = exposure_of_bit(value, &control.value);
    else
        control.value = value - shift(info, &queried);
    return r < 0 ? r : vcam_v4l2_ioctl(node, VIDIOC_S_CTRL, &control);
}

/* --- changes --- */

void vcam_v4l2_subscribe_controls(const struct vcam_v4l2_node *node,
                                  const struct vcam_control_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        struct v4l2_event_subscription subscription = {
            .type = V4L2_EVENT_CTRL,
            .id = v4l2_ids[list->items[i].id],
        };
        vcam_v4l2_ioctl(node, VIDIOC_SUBSCRIBE_EVENT, &subscription);
    }
}

static int control_of(uint32_t v4l2_id, enum vcam_control_id *ret_id)
{
    for (unsigned id = 0; id < VCAM_CONTROL_COUNT; id++)
        if (v4l2_ids[id] && v4l2_ids[id] == v4l2_id) {
            *ret_id = id;
            return 0;
        }
    return -ENOENT;
}

int vcam_v4l2_next_change(const struct vcam_v4l2_node *node, enum vcam_control_id *ret_id)
{
    for (unsigned tries = 0; tries < VCAM_V4L2_MAX_ENUMERATED; tries++) {
        struct v4l2_event event = {0};
        if (vcam_v4l2_ioctl(node, VIDIOC_DQEVENT, &event) < 0)
            break;
        if (event.type == V4L2_EVENT_CTRL && event.u.ctrl.changes & V4L2_EVENT_CTRL_CH_VALUE &&
            control_of(event.id, ret_id) == 0)
            return 0;
    }
    return -ENOENT;
}
