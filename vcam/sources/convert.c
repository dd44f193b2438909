/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a camera the formats that guests look for and it has not: MJPEG out of raw pictures, YUY2
   out of whatever there is. What the camera has itself passes untouched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcam/log.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/pool.h"
#include "vcam/sources/sources.h"

#define JPEG_QUALITY 85

#define UYVY VCAM_FOURCC('U', 'Y', 'V', 'Y')
#define YV12 VCAM_FOURCC('Y', 'V', '1', '2')
#define GREY VCAM_FOURCC('G', 'R', 'E', 'Y')

struct convert {
    struct vcam_source source;
    struct vcam_source *inner;
    struct vcam_log_limit damaged;
    /* While started: */
    struct vcam_mode mode; /* asked of us */
    struct vcam_mode from; /* asked of inner */
    bool converting;
    struct vcam_pool *pool; /* YUY2: what we give, or an intermediate */
    struct vcam_jpeg_decoder *decoder;
    struct vcam_jpeg_encoder *encoder;
};

static struct convert *convert_of(struct vcam_source *source)
{
    return (struct convert *)source;
}

/* --- raw to YUY2 --- */

struct planes {
    const uint8_t *u, *v; /* NULL: grey */
    unsigned step;
    size_t pitch;
};

static void yuy2_from_planes(const struct vcam_mode *mode, const uint8_t *luma,
                             const struct planes *chroma, uint8_t *to)
{
    for (unsigned y = 0; y < mode->wHeight; y++, luma += mode->wWidth) {
        size_t row = y / 2 * chroma->pitch;
        for (unsigned i = 0; i < mode->wWidth / 2u; i++, to += 4) {
            size_t at = row + (size_t)i * chroma->step;
            to[0] = luma[2 * i];
            to[1] = chroma->u ? chroma->u[at] : 128;
            to[2] = luma[2 * i + 1];
            to[3] = chroma->v ? chroma->v[at] : 128;
        }
    }
}

static void nv12_to_yuy2(const struct vcam_mode *mode, const uint8_t *from, uint8_t *to)
{
    const uint8_t *chroma = from + (size_t)mode->wWidth * mode->wHeight;
    yuy2_from_planes(mode, from, &(struct planes){chroma, chroma + 1, 2, mode->wWidth}, to);
}

static void i420_to_yuy2(const struct vcam_mode *mode, const uint8_t *from, uint8_t *to)
{
    const uint8_t *first = from + (size_t)mode->wWidth * mode->wHeight;
    const uint8_t *second = first + (size_t)(mode->wWidth / 2) * (mode->wHeight / 2);
    yuy2_from_planes(mode, from, &(struct planes){first, second, 1, mode->wWidth / 2}, to);
}

static void yv12_to_yuy2(const struct vcam_mode *mode, const uint8_t *from, uint8_t *to)
{
    const uint8_t *first = from + (size_t)mode->wWidth * mode->wHeight;
    const uint8_t *second = first + (size_t)(mode->wWidth / 2) * (mode->wHeight / 2);
    yuy2_from_planes(mode, from, &(struct planes){second, first, 1, mode->wWidth / 2}, to);
}

static void grey_to_yuy2(const struct vcam_mode *mode, const uint8_t *from, uint8_t *to)
{
    yuy2_from_planes(mode, from, &(struct planes){0}, to);
}

static void uyvy_to_yuy2(const struct vcam_mode *mode, const uint8_t *from, uint8_t *to)
{
    size_t size = (size_t)mode->wWidth * mode->wHeight * 2;
    for (size_t i = 0; i < size; i += 2) {
        to[i] = from[i + 1];
        to[i + 1] = from[i];
    }
}

/* In the order in which we would rather convert from one than from the next. */
static const struct raw_format {
    uint32_t fourcc;
    bool encodes; /* JPEG can be made of it as it is */
    void (*to_yuy2)(const struct vcam_mode *mode, const uint8_t *from, uint8_t *to);
} raw_formats[] = {
    {VCAM_YUY2, true, NULL},         {UYVY, false, uyvy_to_yuy2}, {VCAM_NV12, true, nv12_to_yuy2},
    {VCAM_I420, true, i420_to_yuy2}, {YV12, false, yv12_to_yuy2}, {GREY, false, grey_to_yuy2},
};
#define RAW_FORMATS (sizeof(raw_formats) / sizeof(raw_formats[0]))

static const struct raw_format *raw_format(uint32_t fourcc)
{
    for (size_t i = 0; i < RAW_FORMATS; i++)
        if (raw_formats[i].fourcc == fourcc)
            return &raw_formats[i];
    return NULL;
}

/* --- one frame --- */

static struct vcam_frame *to_yuy2(struct convert *convert, const struct vcam_frame *frame)
{
    struct vcam_frame *yuy2 = vcam_pool_take(convert->pool);
    int r = 0;
    if (!yuy2)
        return NULL;
    if (frame->mode.fourcc == VCAM_MJPEG)
        r = vcam_jpeg_decode_yuy2(convert->decoder, frame->data, frame->size, yuy2->data,
                                  frame->mode.wWidth, frame->mode.wHeight);
    else
        raw_format(frame->mode.fourcc)->to_yuy2(&frame->mode, frame->data, yuy2->data);
    if (r == 0)
        return yuy2;
    vcam_log(&convert->damaged, frame->ready_us,
             "camera bug: %s sends MJPEG that cannot be decoded: frame %llu left out",
             convert->source.name, (unsigned long long)frame->number);
    vcam_frame_unref(yuy2);
    return NULL;
}

static struct vcam_frame *encoded(struct convert *convert, const struct vcam_frame *frame)
{
    const uint8_t *jpeg;
    size_t size;
    if (vcam_jpeg_encode(convert->encoder, frame->mode.fourcc, frame->data, frame->mode.wWidth,
                         frame->mode.wHeight, JPEG_QUALITY, false, &jpeg, &size) < 0)
        return NULL;
    struct vcam_frame *mjpeg = vcam_frame_new(&convert->mode, size);
    if (mjpeg)
        memcpy(mjpeg->data, jpeg, size);
    return mjpeg;
}

static struct vcam_frame *to_mjpeg(struct convert *convert, const struct vcam_frame *frame)
{
    if (!convert->pool)
        return encoded(convert, frame);
    struct vcam_frame *yuy2 = to_yuy2(convert, frame);
    struct vcam_frame *mjpeg = yuy2 ? encoded(convert, yuy2) : NULL;
    vcam_frame_unref(yuy2);
    return mjpeg;
}

static struct vcam_frame *converted(struct convert *convert, const struct vcam_frame *frame)
{
    struct vcam_mode *from = &convert->from;
    if (from->fourcc != VCAM_MJPEG && frame->size != vcam_mode_max_frame_size(from)) {
        vcam_log(&convert->damaged, frame->ready_us,
                 "camera bug: %s sends %zu bytes instead of %u: frame %llu left out",
                 convert->source.name, frame->size, vcam_mode_max_frame_size(from),
                 (unsigned long long)frame->number);
        return NULL;
    }
    return convert->encoder ? to_mjpeg(convert, frame) : to_yuy2(convert, frame);
}

static void on_frame(void *user, struct vcam_frame *frame)
{
    struct convert *convert = user;
    const struct vcam_source_sink *sink = &convert->source.sink;
    if (!convert->converting) {
        sink->frame(sink->user, frame);
        return;
    }
    struct vcam_frame *result = converted(convert, frame);
    if (result) {
        result->number = frame->number;
        result->capture_us = frame->capture_us;
        result->ready_us = frame->ready_us;
    }
    vcam_frame_unref(frame); /* before the sink: a camera's buffer goes back at once */
    if (result)
        sink->frame(sink->user, result);
}

static void on_event(void *user, enum vcam_source_event event, int detail)
{
    const struct vcam_source_sink *sink = &((struct convert *)user)->source.sink;
    if (sink->event)
        sink->event(sink->user, event, detail);
}

/* --- the source --- */

/* What inner shall give for mode; false where there is nothing to make it of. */
static bool choose_from(const struct vcam_source *inner, const struct vcam_mode *mode,
                        struct vcam_mode *ret_from)
{
    static const struct raw_format mjpeg = {VCAM_MJPEG, false, NULL};
    for (size_t i = 0; i <= RAW_FORMATS; i++) {
        const struct raw_format *format = i < RAW_FORMATS ? &raw_formats[i] : &mjpeg;
        struct vcam_mode from = *mode;
        from.fourcc = format->fourcc;
        if (format->fourcc != mode->fourcc && vcam_offer_has(&inner->offer, &from)) {
            *ret_from = from;
            return true;
        }
    }
    return false;
}

static void convert_stop(struct vcam_source *source)
{
    struct convert *convert = convert_of(source);
    vcam_source_stop(convert->inner);
    vcam_pool_free(convert->pool);
    vcam_jpeg_decoder_free(convert->decoder);
    vcam_jpeg_encoder_free(convert->encoder);
    convert->pool = NULL;
    convert->decoder = NULL;
    convert->encoder = NULL;
    convert->converting = false;
}

static int prepare(struct convert *convert)
{
    const struct vcam_mode *mode = &convert->mode, *from = &convert->from;
    const struct raw_format *raw = raw_format(from->fourcc);
    bool encodes = mode->fourcc == VCAM_MJPEG;
    if (!encodes || !raw->encodes) {
        struct vcam_mode yuy2 = *mode;
        yuy2.fourcc = VCAM_YUY2;
        convert->pool = vcam_pool_new(&yuy2, vcam_mode_max_frame_size(&yuy2));
        if (!convert->pool)
            return -ENOMEM;
    }
    if (encodes && !(convert->encoder = vcam_jpeg_encoder_new()))
        return -ENOMEM;
    if (!raw && !(convert->decoder = vcam_jpeg_decoder_new()))
        return -ENOMEM;
    return 0;
}

static int convert_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    struct convert *convert = convert_of(source);
    convert->mode = convert->from = *mode;
    convert->converting = !vcam_offer_has(&convert->inner->offer, mode);
    int r = 0;
    if (convert->converting)
        r = choose_from(convert->inner, mode, &convert->from) ? prepare(convert) : -EINVAL;
    if (r == 0)
        r = vcam_source_start(convert->inner, &convert->from, now_us);
    if (r < 0)
        convert_stop(source);
    return r;
}

static int64_t convert_dispatch(struct vcam_source *source, int64_t now_us)
{
    return vcam_source_dispatch(convert_of(source)->inner, now_us);
}

static int convert_get_fd(struct vcam_source *source, short *ret_events)
{
    return vcam_source_get_fd(convert_of(source)->inner, ret_events);
}

static int convert_control_get(struct vcam_source *source, enum vcam_control_id id,
                               int32_t *ret_value)
{
    return vcam_source_control_get(convert_of(source)->inner, id, ret_value);
}

static int convert_control_set(struct vcam_source *source, enum vcam_control_id id, int32_t value)
{
    return vcam_source_control_set(convert_of(source)->inner, id, value);
}

static void convert_free(struct vcam_source *source)
{
    vcam_source_free(convert_of(source)->inner);
    free(source);
}

static const struct vcam_source_ops convert_ops = {
    .name = "convert",
    .start = convert_start,
    .stop = convert_stop,
    .dispatch = convert_dispatch,
    .get_fd = convert_get_fd,
    .control_get = convert_control_get,
    .control_set = convert_control_set,
    .free = convert_free,
};

/* --- what it offers --- */

static const struct vcam_format_offer *offered(const struct vcam_offer *offer, uint32_t fourcc)
{
    for (unsigned i = 0; i < offer->n_formats; i++)
        if (offer->formats[i].fourcc == fourcc)
            return &offer->formats[i];
    return NULL;
}

/* All modes of like, as fourcc; odd sizes left out (uvc-rules A2). */
static void add_like(struct vcam_offer *offer, uint32_t fourcc,
                     const struct vcam_format_offer *like)
{
    for (unsigned s = 0; s < like->n_sizes; s++) {
        const struct vcam_size_offer *size = &like->sizes[s];
        if (size->wWidth % 2 || size->wHeight % 2)
            continue;
        for (unsigned i = 0; i < size->n_intervals; i++)
            vcam_offer_add(offer, &(struct vcam_mode){fourcc, size->wWidth, size->wHeight,
                                                      size->dwFrameInterval[i]});
    }
}

static void add_all_raw(struct vcam_offer *offer, const struct vcam_offer *inner, uint32_t fourcc)
{
    for (size_t i = 0; i < RAW_FORMATS; i++) {
        const struct vcam_format_offer *raw = offered(inner, raw_formats[i].fourcc);
        if (raw)
            add_like(offer, fourcc, raw);
    }
}

/* YUY2 goes first (uvc-rules W6), MJPEG second, then what else inner has. */
static void fill_offer(struct vcam_offer *offer, const struct vcam_offer *inner)
{
    const struct vcam_format_offer *yuy2 = offered(inner, VCAM_YUY2),
                                   *mjpeg = offered(inner, VCAM_MJPEG);
    if (yuy2)
        add_like(offer, VCAM_YUY2, yuy2);
    else
        add_all_raw(offer, inner, VCAM_YUY2);
    if (!yuy2 && mjpeg)
        add_like(offer, VCAM_YUY2, mjpeg);
    if (mjpeg)
        add_like(offer, VCAM_MJPEG, mjpeg);
    else
        add_all_raw(offer, inner, VCAM_MJPEG);
    for (unsigned i = 0; i < inner->n_formats; i++)
        if (&inner->formats[i] != yuy2 && &inner->formats[i] != mjpeg &&
            offer->n_formats < VCAM_MAX_FORMATS)
            offer->formats[offer->n_formats++] = inner->formats[i];
}

struct vcam_source *vcam_source_convert_new(struct vcam_source *inner)
{
    struct convert *convert = calloc(1, sizeof(*convert));
    if (!convert)
        return NULL;
    struct vcam_source *source = &convert->source;
    source->ops = &convert_ops;
    snprintf(source->name, sizeof(source->name), "%s", inner->name);
    snprintf(source->serial, sizeof(source->serial), "%s", inner->serial);
    source->controls = inner->controls;
    fill_offer(&source->offer, &inner->offer);
    convert->inner = inner;
    vcam_source_set_sink(inner, &(struct vcam_source_sink){on_frame, on_event, convert});
    return source;
}
