/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From V4L2's enumerations to UVC's modes, and back: what a device offers, and how to set one of
   it. */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>

#include "vcam/sources/v4l2_priv.h"

/* Offered where the device takes any size (or rate) of a range. */
static const struct v4l2_frmsize_discrete common_sizes[] = {
    {640, 480},   {640, 360},   {320, 180}, {320, 240},  {424, 240},   {800, 600},
    {960, 540},   {160, 120},   {352, 288}, {1024, 768}, {1280, 720},  {1280, 960},
    {1600, 1200}, {1920, 1080}, {720, 480}, {720, 576},  {2560, 1440}, {3840, 2160},
};
static const unsigned common_rates[] = {60, 50, 30, 25, 20, 15, 10, 5};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 100 ns units; 0 where it is no time. */
static uint32_t interval_of(const struct v4l2_fract *time)
{
    if (!time->denominator)
        return 0;
    uint64_t interval =
        (time->numerator * UINT64_C(10000000) + time->denominator / 2) / time->denominator;
    return interval > UINT32_MAX ? 0 : interval;
}

/* --- intervals --- */

/* What is done with each interval of a size. */
typedef void (*interval_func)(void *user, const struct v4l2_fract *time);

static void each_rate_in_range(const struct v4l2_frmival_stepwise *range, interval_func func,
                               void *user)
{
    bool any = false;
    for (unsigned i = 0; i < COUNT(common_rates); i++) {
        struct v4l2_fract time = {1, common_rates[i]};
        uint32_t interval = interval_of(&time);
        if (interval < interval_of(&range->min) || interval > interval_of(&range->max))
            continue;
        func(user, &time);
        any = true;
    }
    if (!any)
        func(user, &range->min);
}

/* A driver that does not enumerate has one: the one that it has now. */
static void current_interval(const struct vcam_v4l2_node *node, interval_func func, void *user)
{
    struct v4l2_streamparm parm = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    struct v4l2_fract *time = &parm.parm.capture.timeperframe;
    if (vcam_v4l2_ioctl(node, VIDIOC_G_PARM, &parm) < 0 || !interval_of(time))
        *time = (struct v4l2_fract){1, 30};
    func(user, time);
}

static void each_interval(const struct vcam_v4l2_node *node, uint32_t fourcc, unsigned width,
                          unsigned height, interval_func func, void *user)
{
    struct v4l2_frmivalenum item = {.pixel_format = fourcc, .width = width, .height = height};
    while (item.index < VCAM_V4L2_MAX_ENUMERATED &&
           vcam_v4l2_ioctl(node, VIDIOC_ENUM_FRAMEINTERVALS, &item) == 0) {
        if (item.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
            each_rate_in_range(&item.stepwise, func, user);
            return;
        }
        func(user, &item.discrete);
        item = (struct v4l2_frmivalenum){
            .index = item.index + 1, .pixel_format = fourcc, .width = width, .height = height};
    }
    if (item.index == 0)
        current_interval(node, func, user);
}

/* --- sizes --- */

typedef void (*size_func)(void *user, unsigned width, unsigned height);

static bool is_step(unsigned value, unsigned min, unsigned max, unsigned step)
{
    return value >= min && value <= max && (value - min) % (step ? step : 1) == 0;
}

static void each_size_in_range(const struct v4l2_frmsize_stepwise *range, size_func func,
                               void *user)
{
    bool any = false;
    for (unsigned i = 0; i < COUNT(common_sizes); i++) {
        unsigned width = common_sizes[i].width, height = common_sizes[i].height;
        if (!is_step(width, range->min_width, range->max_width, range->step_width) ||
            !is_step(height, range->min_height, range->max_height, range->step_height))
            continue;
        func(user, width, height);
        any = true;
    }
    if (!any)
        func(user, range->max_width, range->max_height);
}

/* A driver that does not enumerate has the size that it makes of the usual one. */
static void nearest_size(const struct vcam_v4l2_node *node, uint32_t fourcc, size_func func,
                         void *user)
{
    struct v4l2_format format = {
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .fmt.pix.width = 640,
        .fmt.pix.height = 480,
        .fmt.pix.pixelformat = fourcc,
        .fmt.pix.field = V4L2_FIELD_NONE,
    };
    if (vcam_v4l2_ioctl(node, VIDIOC_TRY_FMT, &format) == 0 && format.fmt.pix.pixelformat == fourcc)
        func(user, format.fmt.pix.width, format.fmt.pix.height);
}

static void each_size(const struct vcam_v4l2_node *node, uint32_t fourcc, size_func func,
                      void *user)
{
    struct v4l2_frmsizeenum item = {.pixel_format = fourcc};
    while (item.index < VCAM_V4L2_MAX_ENUMERATED &&
           vcam_v4l2_ioctl(node, VIDIOC_ENUM_FRAMESIZES, &item) == 0) {
        if (item.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
            each_size_in_range(&item.stepwise, func, user);
            return;
        }
        func(user, item.discrete.width, item.discrete.height);
        item = (struct v4l2_frmsizeenum){.index = item.index + 1, .pixel_format = fourcc};
    }
    if (item.index == 0)
        nearest_size(node, fourcc, func, user);
}

/* --- the offer --- */

struct reading {
    const struct vcam_v4l2_node *node;
    struct vcam_offer *offer;
    uint32_t fourcc;
    uint16_t width, height;
    bool usual_size; /* this time 640x480 alone, which thus becomes the default */
};

static void add_interval(void *user, const struct v4l2_fract *time)
{
    const struct reading *reading = user;
    const struct vcam_mode mode = {reading->fourcc, reading->width, reading->height,
                                   interval_of(time)};
    vcam_offer_add(reading->offer, &mode);
}

static void add_size(void *user, unsigned width, unsigned height)
{
    struct reading *reading = user;
    /* Odd ones: uvc-rules A2. */
    if (width % 2 || height % 2 || width > UINT16_MAX || height > UINT16_MAX ||
        (width == 640 && height == 480) != reading->usual_size)
        return;
    reading->width = width;
    reading->height = height;
    each_interval(reading->node, reading->fourcc, width, height, add_interval, reading);
}

static void read_format(const struct vcam_v4l2_node *node, uint32_t fourcc,
                        struct vcam_offer *offer)
{
    struct reading reading = {node, offer, fourcc, 0, 0, true};
    each_size(node, fourcc, add_size, &reading);
    reading.usual_size = false;
    each_size(node, fourcc, add_size, &reading);
}

unsigned vcam_v4l2_read_offer(const struct vcam_v4l2_node *node, struct vcam_offer *ret_offer)
{
    size_t n_rows;
    const struct vcam_format_info *rows = vcam_format_table(&n_rows);
    uint64_t has = 0; /* bit: row */
    unsigned others = 0;
    struct v4l2_fmtdesc item = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};

    while (item.index < VCAM_V4L2_MAX_ENUMERATED &&
           vcam_v4l2_ioctl(node, VIDIOC_ENUM_FMT, &item) == 0) {
        const struct vcam_format_info *info = vcam_format_info(item.pixelformat);
        if (info)
            has |= UINT64_C(1) << (info - rows);
        else
            others++;
        item = (struct v4l2_fmtdesc){.index = item.index + 1, .type = item.type};
    }
    *ret_offer = (struct vcam_offer){0};
    for (size_t i = 0; i < n_rows; i++)
        if (has >> i & 1)
            read_format(node, rows[i].fourcc, ret_offer);
    return others;
}

/* --- setting one --- */

struct search {
    uint32_t dwFrameInterval;
    struct v4l2_fract found;
};

static void compare_interval(void *user, const struct v4l2_fract *time)
{
    struct search *search = user;
    if (interval_of(time) == search->dwFrameInterval)
        search->found = *time;
}

/* As the driver spells it: 333333/10000000 is less than 1/30, and some would take the next one. */
static int set_interval(const struct vcam_v4l2_node *node, const struct vcam_mode *mode)
{
    struct search search = {mode->dwFrameInterval, {mode->dwFrameInterval, 10000000}};
    struct v4l2_streamparm parm = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    int r = vcam_v4l2_ioctl(node, VIDIOC_G_PARM, &parm);
    if (r == -ENOTTY || r == -EINVAL ||
        (r == 0 && !(parm.parm.capture.capability & V4L2_CAP_TIMEPERFRAME)))
        return 0; /* it has the one rate that was offered */
    each_interval(node, mode->fourcc, mode->wWidth, mode->wHeight, compare_interval, &search);
    parm = (struct v4l2_streamparm){
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .parm.capture.timeperframe = search.found,
    };
    r = vcam_v4l2_ioctl(node, VIDIOC_S_PARM, &parm);
    if (r < 0)
        return r;
    /* uvcvideo rounds fractions; 30 and 29.97 are 1/1000 apart. */
    int64_t got = interval_of(&parm.parm.capture.timeperframe), wanted = mode->dwFrameInterval;
    return llabs(got - wanted) > wanted / 2000 + 1 ? -EINVAL : 0;
}

static bool is_whole_frame(uint32_t field)
{
    return field != V4L2_FIELD_TOP && field != V4L2_FIELD_BOTTOM && field != V4L2_FIELD_ALTERNATE;
}

/* Bytes of a line of the first plane, as UVC has it. */
static uint32_t tight_bytesperline(const struct vcam_mode *mode)
{
    const struct vcam_format_info *info = vcam_format_info(mode->fourcc);
    if (info->payload != VCAM_UNCOMPRESSED)
        return 0;
    return info->bBitsPerPixel == 16 ? mode->wWidth * 2u : mode->wWidth; /* the rest has planes */
}

int vcam_v4l2_set_mode(const struct vcam_v4l2_node *node, const struct vcam_mode *mode,
                       uint32_t *ret_bytesperline)
{
    struct v4l2_format format = {
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .fmt.pix.width = mode->wWidth,
        .fmt.pix.height = mode->wHeight,
        .fmt.pix.pixelformat = mode->fourcc,
        .fmt.pix.field = V4L2_FIELD_NONE,
    };
    const struct v4l2_pix_format *pix = &format.fmt.pix;
    int r = vcam_v4l2_ioctl(node, VIDIOC_S_FMT, &format);
    if (r < 0)
        return r;
    uint32_t tight = tight_bytesperline(mode);
    if (pix->width != mode->wWidth || pix->height != mode->wHeight ||
        pix->pixelformat != mode->fourcc || !is_whole_frame(pix->field) ||
        (tight && pix->bytesperline && pix->bytesperline < tight))
        return -EINVAL;
    r = set_interval(node, mode);
    if (r < 0)
        return r;
    *ret_bytesperline = tight && pix->bytesperline > tight ? pix->bytesperline : 0;
    return 0;
}
