/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test pattern: a camera that everyone has, and whose every frame can be checked by machine.

   What stands still is drawn (and for MJPEG encoded) once; a frame costs three bands: the blocks
   for machines at the top, the label below them, the moving box in the middle. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vcam/sources/code.h"
#include "vcam/sources/pace.h"
#include "vcam/sources/paint.h"
#include "vcam/sources/pool.h"
#include "vcam/sources/repack.h"
#include "vcam/sources/sources.h"
#include "vcam/sources/splice.h"

#define JPEG_QUALITY 80
#define MIN_WIDTH    64
#define MIN_HEIGHT   48
#define MAX_SIDE     4096

static const struct {
    uint16_t wWidth, wHeight;
} default_sizes[] = {
    {640, 480}, {640, 360},  {320, 180},   {320, 240}, {424, 240},
    {800, 600}, {1280, 720}, {1920, 1080}, {160, 120},
};
static const unsigned default_rates[] = {60, 30, 20, 15, 10, 5};

static const struct vcam_control_range control_ranges[] = {
    {VCAM_PU_BRIGHTNESS, -64, 64, 1, 0, 0},
    {VCAM_PU_CONTRAST, 0, 200, 1, 100, 0},
    {VCAM_PU_SATURATION, 0, 200, 1, 100, 0},
};
enum { BRIGHTNESS, CONTRAST, SATURATION, CONTROLS };

/* Lines of the picture from first on, whole rows of JPEG blocks. */
struct band {
    unsigned first, count;
};

struct pattern {
    struct vcam_source source;
    int32_t controls[CONTROLS];
    /* While started: */
    struct vcam_mode mode;
    struct vcam_pace pace;
    struct band label, motion; /* the blocks for machines lie above the label */
    unsigned text_scale;
    unsigned generation;        /* of the background: controls have changed */
    struct vcam_pool *pool;     /* raw: frames; YUY2: tagged with the generation that they show */
    struct vcam_splice *splice; /* MJPEG */
    struct vcam_canvas canvas;  /* all but YUY2: what is encoded or repacked */
    unsigned canvas_generation; /* that the canvas and the splice show */
};

static struct pattern *pattern_of(struct vcam_source *source)
{
    return (struct pattern *)source;
}

/* --- the picture --- */

static uint8_t clamp(int value)
{
    return value < 1 ? 1 : value > 254 ? 254 : value;
}

static uint8_t adjusted_luma(const struct pattern *pattern, int luma)
{
    return clamp((luma - 126) * pattern->controls[CONTRAST] / 100 + 126 +
                 pattern->controls[BRIGHTNESS]);
}

static struct vcam_colour adjusted(const struct pattern *pattern, struct vcam_colour colour)
{
    int saturation = pattern->controls[SATURATION];
    return (struct vcam_colour){adjusted_luma(pattern, colour.y),
                                clamp((colour.u - 128) * saturation / 100 + 128),
                                clamp((colour.v - 128) * saturation / 100 + 128)};
}

/* 75 % bars, BT.601. */
static const struct vcam_colour bars[] = {
    {180, 128, 128}, {162, 44, 142}, {131, 156, 44}, {112, 72, 58},
    {84, 184, 198},  {65, 100, 212}, {35, 212, 114}, {16, 128, 128},
};
#define BARS (sizeof(bars) / sizeof(bars[0]))

static void paint_bars(const struct pattern *pattern, const struct vcam_canvas *canvas)
{
    for (unsigned i = 0; i < BARS; i++) {
        unsigned left = canvas->width * i / BARS & ~1u;
        unsigned right = canvas->width * (i + 1) / BARS & ~1u;
        vcam_paint_rect(canvas, left, 0, right - left, canvas->height, adjusted(pattern, bars[i]));
    }
}

/* Rings that get finer outwards: shows scaling and sharpness, and gives a JPEG the size of a
   camera's. They fill the lower part of the picture. */
static void paint_rings(const struct pattern *pattern, const struct vcam_canvas *canvas)
{
    unsigned top = canvas->height * 2 / 3;
    double finest = 0.42 * M_PI / canvas->width; /* a period of about 5 pixels at the sides */
    uint8_t wave[256];
    for (unsigned i = 0; i < 256; i++)
        wave[i] = adjusted_luma(pattern, 126 + (int)(60 * cos(i * 2 * M_PI / 256)));
    for (unsigned y = top; y < canvas->height; y++) {
        uint8_t *row = canvas->data + (size_t)y * canvas->width * 2;
        double dy = (double)y - (top + canvas->height) / 2.0;
        for (unsigned x = 0; x < canvas->width; x++) {
            double dx = (double)x - canvas->width / 2.0;
            double phase = (dx * dx + dy * dy) * finest * 128 / M_PI;
            row[2 * x] = wave[(unsigned)phase & 255];
            row[2 * x + 1] = 128;
        }
    }
}

static void paint_background(const struct pattern *pattern, const struct vcam_canvas *canvas)
{
    paint_bars(pattern, canvas);
    paint_rings(pattern, canvas);
}

static void paint_label(const struct pattern *pattern, const struct vcam_canvas *canvas,
                        uint64_t number)
{
    char text[64];
    unsigned scale = pattern->text_scale;
    snprintf(text, sizeof(text), "#%llu %ux%u %s %.4g FPS", (unsigned long long)number,
             pattern->mode.wWidth, pattern->mode.wHeight,
             vcam_format_info(pattern->mode.fourcc)->name, vcam_mode_fps(&pattern->mode));
    vcam_paint_rect(canvas, 0, pattern->label.first, canvas->width, pattern->label.count,
                    VCAM_BLACK);
    unsigned margin = (pattern->label.count - VCAM_TEXT_LINES * scale) / 2;
    vcam_paint_text(canvas, 2 * scale, pattern->label.first + margin, scale, text, 235);
}

/* The box crosses the picture in 160 frames, and comes back. */
static unsigned box_left(unsigned number, unsigned width, unsigned box)
{
    unsigned path = width - box, step = width / 160 > 2 ? width / 160 & ~1u : 2;
    unsigned at = (uint64_t)number * step % (2 * path);
    return at < path ? at : 2 * path - at;
}

static void paint_motion(const struct pattern *pattern, const struct vcam_canvas *canvas,
                         uint64_t number)
{
    static const struct vcam_colour ground = {60, 128, 128}, box = {145, 54, 34};
    const struct band *band = &pattern->motion;
    unsigned side = band->count;
    vcam_paint_rect(canvas, 0, band->first, canvas->width, band->count, adjusted(pattern, ground));
    vcam_paint_rect(canvas, box_left(number, canvas->width, side), band->first, side, side,
                    adjusted(pattern, box));
}

static void paint_moving(const struct pattern *pattern, const struct vcam_canvas *canvas,
                         uint64_t number, int64_t capture_us)
{
    vcam_code_paint(canvas, number, capture_us);
    paint_label(pattern, canvas, number);
    paint_motion(pattern, canvas, number);
}

static unsigned whole_rows(unsigned lines)
{
    return (lines + VCAM_SPLICE_LINES - 1) / VCAM_SPLICE_LINES * VCAM_SPLICE_LINES;
}

static void lay_out(struct pattern *pattern)
{
    unsigned width = pattern->mode.wWidth, height = pattern->mode.wHeight;
    pattern->text_scale = height / 240 > 1 ? height / 240 : 1;
    pattern->label = (struct band){vcam_code_height(width, height),
                                   whole_rows(VCAM_TEXT_LINES * pattern->text_scale)};
    unsigned below = pattern->label.first + pattern->label.count;
    unsigned middle = height / 2 / VCAM_SPLICE_LINES * VCAM_SPLICE_LINES;
    pattern->motion = (struct band){middle > below ? middle : below, whole_rows(height / 30)};
}

/* --- frames --- */

static struct vcam_frame *make_yuy2(struct pattern *pattern, uint64_t number, int64_t capture_us)
{
    struct vcam_frame *frame = vcam_pool_take(pattern->pool);
    if (!frame)
        return NULL;
    struct vcam_canvas canvas = {frame->data, pattern->mode.wWidth, pattern->mode.wHeight};
    unsigned *generation = vcam_pool_tag(frame);
    if (*generation != pattern->generation)
        paint_background(pattern, &canvas);
    *generation = pattern->generation;
    paint_moving(pattern, &canvas, number, capture_us);
    return frame;
}

/* The background too? Else the three bands alone. */
static bool paint_canvas(struct pattern *pattern, uint64_t number, int64_t capture_us)
{
    bool fresh = pattern->canvas_generation != pattern->generation;
    if (fresh)
        paint_background(pattern, &pattern->canvas);
    paint_moving(pattern, &pattern->canvas, number, capture_us);
    return fresh;
}

static struct vcam_frame *make_repacked(struct pattern *pattern, uint64_t number,
                                        int64_t capture_us)
{
    struct vcam_frame *frame = vcam_pool_take(pattern->pool);
    if (!frame)
        return NULL;
    paint_canvas(pattern, number, capture_us);
    pattern->canvas_generation = pattern->generation;
    vcam_repack(&pattern->mode, pattern->canvas.data, frame->data);
    return frame;
}

static struct vcam_frame *make_mjpeg(struct pattern *pattern, uint64_t number, int64_t capture_us)
{
    const struct vcam_canvas *canvas = &pattern->canvas;
    const struct band top = {0, pattern->label.first + pattern->label.count};
    bool fresh = paint_canvas(pattern, number, capture_us);
    int r = fresh ? vcam_splice_take(pattern->splice, canvas, 0, canvas->height)
                  : vcam_splice_take(pattern->splice, canvas, top.first, top.count);
    if (!fresh && r == 0)
        r = vcam_splice_take(pattern->splice, canvas, pattern->motion.first, pattern->motion.count);
    if (r < 0)
        return NULL;
    pattern->canvas_generation = pattern->generation;
    return vcam_splice_frame(pattern->splice, &pattern->mode);
}

static void make_frame(struct pattern *pattern, int64_t now_us, uint64_t number, int64_t capture_us)
{
    struct vcam_frame *frame =
        pattern->mode.fourcc == VCAM_MJPEG  ? make_mjpeg(pattern, number, capture_us)
        : pattern->mode.fourcc == VCAM_YUY2 ? make_yuy2(pattern, number, capture_us)
                                            : make_repacked(pattern, number, capture_us);
    if (!frame)
        return; /* the consumer holds them all: its number is left out */
    frame->number = number;
    frame->capture_us = capture_us;
    frame->ready_us = now_us;
    pattern->source.sink.frame(pattern->source.sink.user, frame);
}

/* --- the source --- */

static void pattern_stop(struct vcam_source *source)
{
    struct pattern *pattern = pattern_of(source);
    vcam_pool_free(pattern->pool);
    vcam_splice_free(pattern->splice);
    free(pattern->canvas.data);
    pattern->pool = NULL;
    pattern->splice = NULL;
    pattern->canvas = (struct vcam_canvas){0};
    pattern->pace = (struct vcam_pace){0};
}

static int pattern_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    struct pattern *pattern = pattern_of(source);
    size_t yuy2_size = (size_t)mode->wWidth * mode->wHeight * 2;
    pattern->mode = *mode;
    pattern->generation++;
    lay_out(pattern);
    if (mode->fourcc == VCAM_MJPEG)
        pattern->splice = vcam_splice_new(mode->wWidth, mode->wHeight, JPEG_QUALITY);
    else
        pattern->pool = vcam_pool_new(mode, vcam_mode_max_frame_size(mode));
    if (mode->fourcc != VCAM_YUY2)
        pattern->canvas = (struct vcam_canvas){malloc(yuy2_size), mode->wWidth, mode->wHeight};
    if ((!pattern->pool && !pattern->splice) ||
        (mode->fourcc != VCAM_YUY2 && !pattern->canvas.data)) {
        pattern_stop(source);
        return -ENOMEM;
    }
    pattern->pace = (struct vcam_pace){now_us, mode->dwFrameInterval, 0};
    return 0;
}

static int64_t pattern_dispatch(struct vcam_source *source, int64_t now_us)
{
    struct pattern *pattern = pattern_of(source);
    uint64_t number;
    int64_t capture_us;
    if (vcam_pace_due(&pattern->pace, now_us, &number, &capture_us))
        make_frame(pattern, now_us, number, capture_us);
    return vcam_pace_next(&pattern->pace); /* the sink may have stopped us */
}

static int pattern_control_get(struct vcam_source *source, enum vcam_control_id id,
                               int32_t *ret_value)
{
    for (unsigned i = 0; i < CONTROLS; i++)
        if (control_ranges[i].id == id)
            *ret_value = pattern_of(source)->controls[i];
    return 0;
}

static int pattern_control_set(struct vcam_source *source, enum vcam_control_id id, int32_t value)
{
    struct pattern *pattern = pattern_of(source);
    for (unsigned i = 0; i < CONTROLS; i++)
        if (control_ranges[i].id == id)
            pattern->controls[i] = value;
    pattern->generation++;
    return 0;
}

static void pattern_free(struct vcam_source *source)
{
    free(source);
}

static const struct vcam_source_ops pattern_ops = {
    .name = "pattern",
    .start = pattern_start,
    .stop = pattern_stop,
    .dispatch = pattern_dispatch,
    .control_get = pattern_control_get,
    .control_set = pattern_control_set,
    .free = pattern_free,
};

static void offer_default(struct vcam_offer *offer)
{
    static const uint32_t fourccs[] = {VCAM_YUY2, VCAM_MJPEG};
    for (unsigned f = 0; f < sizeof(fourccs) / sizeof(fourccs[0]); f++)
        for (unsigned s = 0; s < sizeof(default_sizes) / sizeof(default_sizes[0]); s++)
            for (unsigned r = 0; r < sizeof(default_rates) / sizeof(default_rates[0]); r++)
                vcam_offer_add(offer, &(struct vcam_mode){fourccs[f], default_sizes[s].wWidth,
                                                          default_sizes[s].wHeight,
                                                          vcam_interval_of_fps(default_rates[r])});
}

static bool size_is_drawable(const struct vcam_size_offer *size)
{
    return size->wWidth % 2 == 0 && size->wHeight % 2 == 0 && size->wWidth >= MIN_WIDTH &&
           size->wHeight >= MIN_HEIGHT && size->wWidth <= MAX_SIDE && size->wHeight <= MAX_SIDE &&
           vcam_code_height(size->wWidth, size->wHeight) > 0;
}

static bool offer_is_drawable(const struct vcam_offer *offer)
{
    for (unsigned f = 0; f < offer->n_formats; f++) {
        const struct vcam_format_offer *format = &offer->formats[f];
        if (format->fourcc != VCAM_YUY2 && format->fourcc != VCAM_MJPEG &&
            !vcam_repack_has(format->fourcc))
            return false;
        for (unsigned s = 0; s < format->n_sizes; s++)
            if (!size_is_drawable(&format->sizes[s]))
                return false;
    }
    return offer->n_formats > 0;
}

struct vcam_source *vcam_source_pattern_new(const struct vcam_offer *offer)
{
    if (offer && !offer_is_drawable(offer)) {
        errno = EINVAL;
        return NULL;
    }
    struct pattern *pattern = calloc(1, sizeof(*pattern));
    if (!pattern)
        return NULL;
    struct vcam_source *source = &pattern->source;
    source->ops = &pattern_ops;
    snprintf(source->name, sizeof(source->name), "Test pattern");
    if (offer)
        source->offer = *offer;
    else
        offer_default(&source->offer);
    for (unsigned i = 0; i < CONTROLS; i++) {
        source->controls.items[source->controls.count++] = control_ranges[i];
        pattern->controls[i] = control_ranges[i].def;
    }
    return source;
}
