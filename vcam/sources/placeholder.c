/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that looks at a camera which is not there, or which it may not have, sees why, instead of
   a stream that has died: a picture in the negotiated mode, five times a second, until the camera's
   own come (again). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcam/sources/jpeg.h"
#include "vcam/sources/pace.h"
#include "vcam/sources/paint.h"
#include "vcam/sources/pool.h"
#include "vcam/sources/sources.h"

#define JPEG_QUALITY    85
#define RETRY_US        1000000
#define PATIENCE_US     1000000 /* without a picture, at least */
#define PATIENCE_FRAMES 3       /* and as many intervals */
#define SLOW_INTERVAL   2000000 /* 100 ns units: 5 fps */

struct placeholder {
    struct vcam_source source;
    struct vcam_source *inner;
    enum vcam_permission permission;
    /* While started: */
    bool started;
    struct vcam_mode mode;
    int64_t now_us; /* of the call that we are in */
    bool inner_started;
    int64_t retry_us;      /* when to start inner again */
    int reason;            /* errno that took the camera away; 0: it just says nothing */
    int64_t patience_us;   /* show a picture from then on */
    struct vcam_pace pace; /* of the pictures; stopped while the camera's own come */
    struct vcam_blob *picture;
    const struct text *picture_text; /* that it tells */
    uint64_t next_number;            /* at least; numbers never go back */
    uint64_t offset;                 /* of ours from inner's */
};

static struct placeholder *placeholder_of(struct vcam_source *source)
{
    return (struct placeholder *)source;
}

/* --- the picture --- */

struct text {
    int reason;
    const char *lines[2];
};

static const struct text permission_texts[] = {
    [VCAM_AWAITED] = {0, {"CAMERA OFF:", "PERMISSION IS AWAITED"}},
    [VCAM_REFUSED] = {0, {"CAMERA OFF:", "REFUSED BY ITS OWNER"}},
};

static const struct text texts[] = {
    {0, {"WAITING FOR", "THE CAMERA"}},
    {EBUSY, {"CAMERA IS USED BY", "ANOTHER PROGRAM"}},
    {EACCES, {"NO PERMISSION", "TO USE THE CAMERA"}},
    {EPERM, {"NO PERMISSION", "TO USE THE CAMERA"}},
    {-1, {"CAMERA", "UNPLUGGED"}}, /* whatever else it says as it goes */
};

static const struct text *find_text(const struct placeholder *placeholder)
{
    const struct text *text = texts;
    if (placeholder->permission != VCAM_ALLOWED)
        return &permission_texts[placeholder->permission];
    while (text->reason != placeholder->reason && text->reason != -1)
        text++;
    return text;
}

static void paint_line(const struct vcam_canvas *canvas, unsigned y, unsigned scale,
                       const char *line)
{
    unsigned width = strlen(line) * VCAM_TEXT_CELL * scale;
    unsigned x = width < canvas->width ? (canvas->width - width) / 2 : 0;
    vcam_paint_text(canvas, x, y, scale, line, 200);
}

static void paint(const struct vcam_canvas *canvas, const struct text *text)
{
    size_t first = strlen(text->lines[0]), second = strlen(text->lines[1]);
    unsigned letters = (first > second ? first : second) + 2;
    unsigned scale = canvas->width / (letters * VCAM_TEXT_CELL);
    scale = scale < 1 ? 1 : scale > 8 ? 8 : scale;
    unsigned line = (VCAM_TEXT_LINES + 3) * scale;
    unsigned top = canvas->height > 2 * line ? canvas->height / 2 - line : 0;
    vcam_paint_rect(canvas, 0, 0, canvas->width, canvas->height,
                    (struct vcam_colour){48, 128, 128});
    paint_line(canvas, top, scale, text->lines[0]);
    paint_line(canvas, top + line, scale, text->lines[1]);
}

/* What is painted in YUY2, as a picture without colour of mode; NULL: none in this format. */
static struct vcam_blob *grey_blob(const struct vcam_mode *mode, const uint8_t *yuy2)
{
    size_t pixels = (size_t)mode->wWidth * mode->wHeight, size = vcam_mode_max_frame_size(mode);
    uint8_t *data = malloc(size);
    if (!data)
        return NULL;
    memset(data, 128, size); /* chroma, where there is some */
    switch (mode->fourcc) {
    case VCAM_NV12:
    case VCAM_I420:
    case VCAM_FOURCC('Y', 'V', '1', '2'):
    case VCAM_FOURCC('G', 'R', 'E', 'Y'):
        for (size_t i = 0; i < pixels; i++)
            data[i] = yuy2[2 * i];
        break;
    case VCAM_FOURCC('U', 'Y', 'V', 'Y'):
        for (size_t i = 0; i < pixels; i++)
            data[2 * i + 1] = yuy2[2 * i];
        break;
    case VCAM_YUY2:
        memcpy(data, yuy2, size);
        break;
    default:
        free(data);
        return NULL;
    }
    return vcam_blob_new(data, size);
}

static struct vcam_blob *mjpeg_blob(const struct vcam_mode *mode, const uint8_t *yuy2)
{
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    const uint8_t *jpeg;
    size_t size;
    uint8_t *copy = NULL;
    if (encoder && vcam_jpeg_encode(encoder, VCAM_YUY2, yuy2, mode->wWidth, mode->wHeight,
                                    JPEG_QUALITY, false, &jpeg, &size) == 0)
        copy = malloc(size);
    struct vcam_blob *blob = copy ? vcam_blob_new(memcpy(copy, jpeg, size), size) : NULL;
    vcam_jpeg_encoder_free(encoder);
    return blob;
}

static struct vcam_blob *make_picture(const struct vcam_mode *mode, const struct text *text)
{
    struct vcam_canvas canvas = {NULL, mode->wWidth, mode->wHeight};
    struct vcam_blob *picture = NULL;
    if (mode->wWidth % 2 == 0)
        canvas.data = malloc((size_t)mode->wWidth * mode->wHeight * 2);
    if (canvas.data) {
        paint(&canvas, text);
        picture = mode->fourcc == VCAM_MJPEG ? mjpeg_blob(mode, canvas.data)
                                             : grey_blob(mode, canvas.data);
    }
    free(canvas.data);
    return picture;
}

static void show_picture(struct placeholder *placeholder, int64_t capture_us)
{
    const struct text *text = find_text(placeholder);
    if (placeholder->picture && placeholder->picture_text != text) {
        vcam_blob_unref(placeholder->picture);
        placeholder->picture = NULL;
    }
    if (!placeholder->picture)
        placeholder->picture = make_picture(&placeholder->mode, text);
    placeholder->picture_text = text;
    struct vcam_frame *frame =
        placeholder->picture ? vcam_blob_frame(placeholder->picture, &placeholder->mode) : NULL;
    if (!frame)
        return;
    frame->number = placeholder->next_number++;
    frame->capture_us = capture_us;
    frame->ready_us = placeholder->now_us;
    placeholder->source.sink.frame(placeholder->source.sink.user, frame);
}

/* --- what inner says --- */

static int64_t patience(const struct placeholder *placeholder)
{
    int64_t frames = PATIENCE_FRAMES * (int64_t)placeholder->mode.dwFrameInterval / 10;
    return frames > PATIENCE_US ? frames : PATIENCE_US;
}

static void stop_showing(struct placeholder *placeholder)
{
    placeholder->pace = (struct vcam_pace){0};
    vcam_blob_unref(placeholder->picture);
    placeholder->picture = NULL;
}

static void on_frame(void *user, struct vcam_frame *frame)
{
    struct placeholder *placeholder = user;
    const struct vcam_source_sink *sink = &placeholder->source.sink;
    stop_showing(placeholder);
    placeholder->reason = 0;
    placeholder->patience_us = placeholder->now_us + patience(placeholder);
    if (frame->number + placeholder->offset < placeholder->next_number)
        placeholder->offset = placeholder->next_number - frame->number;
    frame->number += placeholder->offset;
    placeholder->next_number = frame->number + 1;
    sink->frame(sink->user, frame);
}

static void tell(const struct placeholder *placeholder, enum vcam_source_event event, int detail)
{
    const struct vcam_source_sink *sink = &placeholder->source.sink;
    if (sink->event)
        sink->event(sink->user, event, detail);
}

static void on_event(void *user, enum vcam_source_event event, int detail)
{
    struct placeholder *placeholder = user;
    if (event == VCAM_SOURCE_GONE) {
        placeholder->reason = detail ? abs(detail) : ENODEV;
        placeholder->patience_us = placeholder->now_us;
    } else if (event == VCAM_SOURCE_BACK) {
        placeholder->reason = 0; /* its first picture is still to come */
    }
    tell(placeholder, event, detail);
}

/* --- the source --- */

static void placeholder_stop(struct vcam_source *source)
{
    struct placeholder *placeholder = placeholder_of(source);
    placeholder->started = false;
    vcam_source_stop(placeholder->inner);
    stop_showing(placeholder);
}

/* True where starting again later may help. */
static bool is_passing(int r)
{
    return r != -EINVAL && r != -ENOMEM;
}

static void withhold(struct placeholder *placeholder)
{
    vcam_source_stop(placeholder->inner);
    placeholder->inner_started = false;
    placeholder->retry_us = VCAM_NEVER;
    placeholder->patience_us = placeholder->now_us;
}

static int placeholder_start(struct vcam_source *source, const struct vcam_mode *mode,
                             int64_t now_us)
{
    struct placeholder *placeholder = placeholder_of(source);
    placeholder->mode = *mode;
    placeholder->now_us = now_us;
    placeholder->next_number = placeholder->offset = 0;
    placeholder->reason = 0;
    placeholder->patience_us = now_us + patience(placeholder);
    if (placeholder->permission != VCAM_ALLOWED) {
        placeholder->started = true;
        withhold(placeholder);
        return 0;
    }
    int r = vcam_source_start(placeholder->inner, mode, now_us);
    if (r < 0 && !is_passing(r))
        return r;
    placeholder->started = true;
    placeholder->inner_started = r == 0;
    placeholder->retry_us = now_us + RETRY_US;
    if (r < 0)
        on_event(placeholder, VCAM_SOURCE_GONE, r);
    return 0;
}

static void start_again(struct placeholder *placeholder)
{
    int r = vcam_source_start(placeholder->inner, &placeholder->mode, placeholder->now_us);
    placeholder->retry_us = placeholder->now_us + RETRY_US;
    placeholder->inner_started = r == 0;
    if (r < 0)
        placeholder->reason = -r;
}

static void retry_start(struct placeholder *placeholder)
{
    start_again(placeholder);
    if (placeholder->inner_started)
        on_event(placeholder, VCAM_SOURCE_BACK, 0);
}

void vcam_source_placeholder_permit(struct vcam_source *source, enum vcam_permission permission,
                                    int64_t now_us)
{
    struct placeholder *placeholder = placeholder_of(source);
    placeholder->permission = permission;
    if (!placeholder->started)
        return;
    placeholder->now_us = now_us;
    if (permission != VCAM_ALLOWED) {
        withhold(placeholder);
    } else if (!placeholder->inner_started) {
        placeholder->reason = 0;
        placeholder->patience_us = now_us + patience(placeholder);
        start_again(placeholder);
        if (!placeholder->inner_started)
            on_event(placeholder, VCAM_SOURCE_GONE, -placeholder->reason);
    }
}

/* Returns when it wants to be called again. */
static int64_t show_if_silent(struct placeholder *placeholder)
{
    uint64_t number;
    int64_t capture_us, now_us = placeholder->now_us;
    if (now_us < placeholder->patience_us)
        return placeholder->patience_us;
    uint32_t interval = placeholder->mode.dwFrameInterval;
    if (!placeholder->pace.dwFrameInterval)
        placeholder->pace =
            (struct vcam_pace){now_us, interval > SLOW_INTERVAL ? interval : SLOW_INTERVAL, 0};
    if (vcam_pace_due(&placeholder->pace, now_us, &number, &capture_us))
        show_picture(placeholder, capture_us);
    return vcam_pace_next(&placeholder->pace);
}

static int64_t placeholder_dispatch(struct vcam_source *source, int64_t now_us)
{
    struct placeholder *placeholder = placeholder_of(source);
    if (!placeholder->started)
        return VCAM_NEVER;
    placeholder->now_us = now_us;
    if (!placeholder->inner_started && now_us >= placeholder->retry_us)
        retry_start(placeholder);
    int64_t next = placeholder->inner_started ? vcam_source_dispatch(placeholder->inner, now_us)
                                              : placeholder->retry_us;
    /* The sink may have stopped us at any of these. */
    int64_t shown = placeholder->started ? show_if_silent(placeholder) : VCAM_NEVER;
    if (!placeholder->started)
        return VCAM_NEVER;
    return next < shown ? next : shown;
}

static int placeholder_get_fd(struct vcam_source *source, short *ret_events)
{
    return vcam_source_get_fd(placeholder_of(source)->inner, ret_events);
}

static int placeholder_control_get(struct vcam_source *source, enum vcam_control_id id,
                                   int32_t *ret_value)
{
    return vcam_source_control_get(placeholder_of(source)->inner, id, ret_value);
}

static int placeholder_control_set(struct vcam_source *source, enum vcam_control_id id,
                                   int32_t value)
{
    return vcam_source_control_set(placeholder_of(source)->inner, id, value);
}

static void placeholder_free(struct vcam_source *source)
{
    vcam_source_free(placeholder_of(source)->inner);
    free(source);
}

static const struct vcam_source_ops placeholder_ops = {
    .name = "placeholder",
    .start = placeholder_start,
    .stop = placeholder_stop,
    .dispatch = placeholder_dispatch,
    .get_fd = placeholder_get_fd,
    .control_get = placeholder_control_get,
    .control_set = placeholder_control_set,
    .free = placeholder_free,
};

struct vcam_source *vcam_source_placeholder_new(struct vcam_source *inner)
{
    struct placeholder *placeholder = calloc(1, sizeof(*placeholder));
    if (!placeholder)
        return NULL;
    struct vcam_source *source = &placeholder->source;
    source->ops = &placeholder_ops;
    snprintf(source->name, sizeof(source->name), "%s", inner->name);
    snprintf(source->serial, sizeof(source->serial), "%s", inner->serial);
    source->offer = inner->offer;
    source->controls = inner->controls;
    placeholder->inner = inner;
    vcam_source_set_sink(inner, &(struct vcam_source_sink){on_frame, on_event, placeholder});
    return source;
}
