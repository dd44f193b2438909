/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test pattern: that its blocks can be read whatever happens on the way, that its JPEGs are
   those of a whole encoder, and that its clock does not drift. */
#include <errno.h>
#include <string.h>

#include "tests/unit/sources_fixture.h"
#include "vcam/sources/code.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/picture.h"
#include "vcam/sources/repack.h"
#include "vcam/sources/splice.h"

#define FPS30 333333

static struct vcam_source *pattern_of(const struct vcam_mode *mode)
{
    struct vcam_offer offer = {0};
    g_assert_true(vcam_offer_add(&offer, mode));
    struct vcam_source *source = vcam_source_pattern_new(&offer);
    g_assert_nonnull(source);
    return source;
}

static void assert_code(const struct vcam_frame *frame, guint64 number, gint64 capture_us)
{
    uint64_t got_number = 0;
    int64_t got_capture = 0;
    g_assert_true(
        vcam_pattern_read_frame(&frame->mode, frame->data, frame->size, &got_number, &got_capture));
    g_assert_cmpuint(got_number, ==, number);
    g_assert_cmpint(got_capture, ==, capture_us);
}

static void test_default_offer(void)
{
    static const struct {
        guint width, height;
    } sizes[] = {{640, 480}, {640, 360},  {320, 180},   {320, 240}, {424, 240},
                 {800, 600}, {1280, 720}, {1920, 1080}, {160, 120}};
    static const guint32 intervals[] = {166667, 333333, 500000, 666667, 1000000, 2000000};
    struct vcam_source *source = vcam_source_pattern_new(NULL);
    g_assert_cmpuint(source->offer.n_formats, ==, 2);
    g_assert_cmpuint(source->offer.formats[0].fourcc, ==, VCAM_YUY2);
    g_assert_cmpuint(source->offer.formats[1].fourcc, ==, VCAM_MJPEG);
    for (guint f = 0; f < 2; f++) {
        g_assert_cmpuint(source->offer.formats[f].n_sizes, ==, G_N_ELEMENTS(sizes));
        for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
            const struct vcam_size_offer *size = &source->offer.formats[f].sizes[s];
            g_assert_cmpuint(size->wWidth, ==, sizes[s].width);
            g_assert_cmpuint(size->wHeight, ==, sizes[s].height);
            g_assert_cmpmem(size->dwFrameInterval, size->n_intervals * sizeof(guint32), intervals,
                            sizeof(intervals));
        }
    }
    vcam_source_free(source);
}

static void test_refused_offers(void)
{
    static const struct vcam_mode modes[] = {
        {VCAM_H264, 640, 480, FPS30}, {VCAM_YUY2, 641, 480, FPS30}, {VCAM_YUY2, 640, 481, FPS30},
        {VCAM_YUY2, 62, 48, FPS30},   {VCAM_YUY2, 64, 46, FPS30},   {VCAM_MJPEG, 4098, 480, FPS30},
    };
    struct vcam_offer empty = {0};
    g_assert_null(vcam_source_pattern_new(&empty));
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        struct vcam_offer offer = {0};
        g_assert_true(vcam_offer_add(&offer, &modes[i]));
        errno = 0;
        g_assert_null(vcam_source_pattern_new(&offer));
        g_assert_cmpint(errno, ==, EINVAL);
    }
}

/* Frame 0 and one much later, at one size in both formats. */
static void check_size(guint width, guint height)
{
    static const guint32 fourccs[] = {VCAM_YUY2, VCAM_MJPEG, VCAM_NV12, VCAM_I420};
    for (guint f = 0; f < G_N_ELEMENTS(fourccs); f++) {
        struct vcam_mode mode = {fourccs[f], width, height, FPS30};
        struct vcam_source *source = pattern_of(&mode);
        struct catcher *catcher = catcher_new(source);
        gint64 start = G_GINT64_CONSTANT(0x123456789ab);
        g_assert_cmpint(vcam_source_start(source, &mode, start), ==, 0);
        vcam_source_dispatch(source, start);
        assert_code(catcher_last(catcher), 0, start);
        gint64 late = start + 1000 * (gint64)FPS30 / 10;
        vcam_source_dispatch(source, late);
        assert_code(catcher_last(catcher), 1000, late);
        g_assert_cmpuint(catcher_last(catcher)->number, ==, 1000);
        guint w, h;
        if (mode.fourcc == VCAM_MJPEG) {
            g_assert_true(
                vcam_jpeg_check(catcher_last(catcher)->data, catcher_last(catcher)->size, &w, &h));
            g_assert_cmpuint(w, ==, width);
            g_assert_cmpuint(h, ==, height);
            g_assert_cmpuint(catcher_last(catcher)->size, <=, vcam_mode_max_frame_size(&mode));
        }
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

static void test_sizes(void)
{
    struct vcam_source *source = vcam_source_pattern_new(NULL);
    const struct vcam_format_offer *format = &source->offer.formats[0];
    for (guint s = 0; s < format->n_sizes; s++)
        check_size(format->sizes[s].wWidth, format->sizes[s].wHeight);
    vcam_source_free(source);
    for (guint width = 64; width <= 160; width += 6)
        for (guint height = 48; height <= 130; height += 6)
            check_size(width, height);
    check_size(4096, 64);
    check_size(64, 4096);
    check_size(3840, 2160);
}

/* 4 x 2 pixels, by hand. */
static void test_raw_formats(void)
{
    static const guint8 yuy2[] = {10, 100, 11, 200, 12, 102, 13, 202,
                                  20, 105, 21, 206, 22, 108, 23, 209};
    static const struct {
        const char *name;
        guint8 bytes[16];
    } cases[] = {
        {"NV12", {10, 11, 12, 13, 20, 21, 22, 23, 103, 203, 105, 206}},
        {"I420", {10, 11, 12, 13, 20, 21, 22, 23, 103, 105, 203, 206}},
        {"YV12", {10, 11, 12, 13, 20, 21, 22, 23, 203, 206, 103, 105}},
        {"UYVY", {100, 10, 200, 11, 102, 12, 202, 13, 105, 20, 206, 21, 108, 22, 209, 23}},
        {"GREY", {10, 11, 12, 13, 20, 21, 22, 23}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct vcam_mode mode = {vcam_format_by_name(cases[i].name)->fourcc, 4, 2, FPS30};
        gsize size = vcam_mode_max_frame_size(&mode);
        g_autofree guint8 *bytes = g_malloc(size); /* of exact size */
        g_assert_true(vcam_repack_has(mode.fourcc));
        vcam_repack(&mode, yuy2, bytes);
        g_assert_cmpmem(bytes, size, cases[i].bytes, size);
    }
    g_assert_false(vcam_repack_has(VCAM_YUY2));
    g_assert_false(vcam_repack_has(VCAM_MJPEG));
}

static void test_code_values(void)
{
    static const struct {
        guint64 number;
        gint64 capture_us;
    } rows[] = {
        {0, 0},
        {1, 1},
        {0xffffffff, G_GINT64_CONSTANT(0xffffffffffff)},
        {0xaaaaaaaa, G_GINT64_CONSTANT(0x555555555555)},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint8 data[160 * 120 * 2];
        struct vcam_canvas canvas = {data, 160, 120};
        memset(data, 77, sizeof(data));
        vcam_code_paint(&canvas, rows[i].number, rows[i].capture_us);
        uint64_t number;
        int64_t capture_us;
        g_assert_true(vcam_pattern_read(data, 2, 320, 160, 120, &number, &capture_us));
        g_assert_cmpuint(number, ==, rows[i].number);
        g_assert_cmpint(capture_us, ==, rows[i].capture_us);
    }
}

/* Through a JPEG encoder of any quality. */
static void test_code_survives_jpeg(void)
{
    static const struct {
        guint width, height;
    } sizes[] = {{64, 48}, {100, 64}, {160, 120}, {320, 180}, {640, 480}, {1280, 720}};
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
        struct vcam_mode mode = {VCAM_YUY2, sizes[s].width, sizes[s].height, FPS30};
        struct vcam_source *source = pattern_of(&mode);
        struct catcher *catcher = catcher_new(source);
        g_assert_cmpint(vcam_source_start(source, &mode, 987654321), ==, 0);
        vcam_source_dispatch(source, 987654321);
        mode.fourcc = VCAM_MJPEG;
        for (guint quality = 20; quality <= 100; quality += 10) {
            const guint8 *jpeg;
            gsize size;
            uint64_t number = 1;
            int64_t capture_us = 0;
            g_assert_cmpint(vcam_jpeg_encode(encoder, VCAM_YUY2, catcher_last(catcher)->data,
                                             mode.wWidth, mode.wHeight, quality, false, &jpeg,
                                             &size),
                            ==, 0);
            g_assert_true(vcam_pattern_read_frame(&mode, jpeg, size, &number, &capture_us));
            g_assert_cmpuint(number, ==, 0);
            g_assert_cmpint(capture_us, ==, 987654321);
        }
        catcher_free(catcher);
        vcam_source_free(source);
    }
    vcam_jpeg_encoder_free(encoder);
}

static void test_code_refuses(void)
{
    struct vcam_mode mode = {VCAM_YUY2, 320, 240, FPS30};
    gsize size = 320 * 240 * 2;
    g_autofree guint8 *data = g_malloc(size);
    uint64_t number = 4711;
    int64_t capture_us = 4712;
    static const guint8 shades[] = {0, 16, 128, 235, 255};
    for (guint i = 0; i < G_N_ELEMENTS(shades); i++) {
        memset(data, shades[i], size);
        g_assert_false(vcam_pattern_read_frame(&mode, data, size, &number, &capture_us));
    }
    struct vcam_canvas canvas = {data, 320, 240};
    for (guint bit = 0; bit < 96; bit++) { /* each block, turned over */
        vcam_code_paint(&canvas, 12345, 67890);
        guint x = bit % 40 * 8, y = bit / 40 * 8;
        gboolean white = data[(y * 320 + x) * 2] > 128;
        vcam_paint_rect(&canvas, x, y, 8, 8, white ? VCAM_BLACK : VCAM_WHITE);
        g_assert_false(vcam_pattern_read_frame(&mode, data, size, &number, &capture_us));
    }
    vcam_code_paint(&canvas, 12345, 67890);
    g_assert_false(vcam_pattern_read_frame(&mode, data, size - 2, &number, &capture_us));
    mode.fourcc = VCAM_MJPEG; /* raw bytes are no JPEG */
    g_assert_false(vcam_pattern_read_frame(&mode, data, size, &number, &capture_us));
    mode.fourcc = VCAM_H264;
    g_assert_false(vcam_pattern_read_frame(&mode, data, size, &number, &capture_us));
    g_assert_cmpuint(number, ==, 4711);
    g_assert_cmpint(capture_us, ==, 4712);
}

static void scribble(GRand *rand, const struct vcam_canvas *canvas, guint first, guint lines)
{
    guint8 *to = canvas->data + (gsize)first * canvas->width * 2;
    for (gsize i = 0; i < (gsize)lines * canvas->width * 2; i++)
        to[i] = g_rand_int_range(rand, 1, 255);
}

static void assert_whole(const struct vcam_splice *splice, const struct vcam_canvas *canvas,
                         int quality)
{
    struct vcam_mode mode = {VCAM_MJPEG, canvas->width, canvas->height, FPS30};
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    const guint8 *whole;
    gsize size;
    guint width, height;
    g_assert_cmpint(vcam_jpeg_encode(encoder, VCAM_YUY2, canvas->data, canvas->width,
                                     canvas->height, quality, true, &whole, &size),
                    ==, 0);
    struct vcam_frame *frame = vcam_splice_frame(splice, &mode);
    g_assert_cmpmem(frame->data, frame->size, whole, size);
    g_assert_true(vcam_jpeg_check(frame->data, frame->size, &width, &height));
    g_assert_cmpuint(height, ==, canvas->height);
    vcam_frame_unref(frame);
    vcam_jpeg_encoder_free(encoder);
}

/* Rows replaced one by one give the bytes of a picture encoded as a whole: also where the markers
   wrap (more than 8 rows), with a last row cut short, and in rows that grow and shrink. */
static void test_splice(void)
{
    static const struct {
        guint width, height;
        int quality;
    } rows[] = {{64, 48, 80}, {96, 72, 30},  {64, 136, 95},
                {64, 50, 80}, {98, 90, 100}, {16, 8, 80}};
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint width = rows[i].width, height = rows[i].height;
        g_autofree guint8 *data = g_malloc0((gsize)width * height * 2);
        struct vcam_canvas canvas = {data, width, height};
        struct vcam_splice *splice = vcam_splice_new(width, height, rows[i].quality);
        scribble(rand, &canvas, 0, height);
        g_assert_cmpint(vcam_splice_take(splice, &canvas, 0, height), ==, 0);
        assert_whole(splice, &canvas, rows[i].quality);
        for (guint round = 0; round < 20; round++) {
            guint n_rows = (height + 7) / 8, row = g_rand_int_range(rand, 0, n_rows);
            guint end = g_rand_int_range(rand, row, n_rows) + 1;
            guint lines = MIN(end * 8, height) - row * 8;
            if (round % 2)
                scribble(rand, &canvas, row * 8, lines);
            else
                vcam_paint_rect(&canvas, 0, row * 8, width, lines, VCAM_BLACK);
            g_assert_cmpint(vcam_splice_take(splice, &canvas, row * 8, lines), ==, 0);
            assert_whole(splice, &canvas, rows[i].quality);
        }
        vcam_splice_free(splice);
    }
}

static void dispatch_at(struct vcam_source *source, const struct vcam_mode *mode, gint64 start,
                        gint64 now)
{
    g_assert_cmpint(vcam_source_start(source, mode, start), ==, 0);
    vcam_source_dispatch(source, now);
}

/* The same mode, number, time and controls: the same bytes, whatever was before. */
static void test_deterministic(void)
{
    static const guint32 fourccs[] = {VCAM_YUY2, VCAM_MJPEG};
    for (guint f = 0; f < G_N_ELEMENTS(fourccs); f++) {
        struct vcam_mode mode = {fourccs[f], 320, 240, FPS30};
        struct vcam_source *one = pattern_of(&mode), *two = pattern_of(&mode);
        struct catcher *first = catcher_new(one), *second = catcher_new(two);
        dispatch_at(one, &mode, 5000, 5000 + 33334 * 100);
        g_assert_cmpint(vcam_source_start(two, &mode, 5000), ==, 0);
        for (guint i = 0; i <= 50; i++) {
            if (i < 49)
                catcher_clear(second);
            vcam_source_dispatch(two, 5000 + 33334 * 2 * i);
        }
        struct vcam_frame *a = catcher_last(first), *b = catcher_last(second);
        g_assert_cmpuint(a->number, ==, b->number);
        g_assert_cmpint(a->capture_us, ==, b->capture_us);
        g_assert_cmpmem(a->data, a->size, b->data, b->size);
        struct vcam_frame *earlier = g_ptr_array_index(second->frames, second->frames->len - 2);
        g_assert_false(a->size == earlier->size && !memcmp(a->data, earlier->data, a->size));
        catcher_free(first);
        catcher_free(second);
        vcam_source_free(one);
        vcam_source_free(two);
    }
}

/* A loop that is always late by some ms: deadlines stay where they are. */
static void test_no_drift(void)
{
    struct vcam_mode mode = {VCAM_YUY2, 64, 48, 166667};
    struct vcam_source *source = pattern_of(&mode);
    struct catcher *catcher = catcher_new(source);
    g_assert_cmpint(vcam_source_start(source, &mode, 1000), ==, 0);
    gint64 now = 1000;
    for (guint64 i = 0; i < 6000; i++) {
        gint64 next = vcam_source_dispatch(source, now);
        g_assert_cmpuint(catcher->frames->len, ==, 1);
        g_assert_cmpuint(catcher_last(catcher)->number, ==, i);
        g_assert_cmpint(next, ==, 1000 + (gint64)((i + 1) * 166667 / 10));
        g_assert_cmpint(vcam_source_dispatch(source, next - 1), ==, next); /* nothing is due yet */
        g_assert_cmpuint(catcher->frames->len, ==, 1);
        catcher_clear(catcher);
        now = next + i % 16 * 1000;
    }
    catcher_free(catcher);
    vcam_source_free(source);
}

/* Very late: numbers are left out, and no burst follows. */
static void test_skips(void)
{
    struct vcam_mode mode = {VCAM_YUY2, 64, 48, 200000};
    struct vcam_source *source = pattern_of(&mode);
    struct catcher *catcher = catcher_new(source);
    dispatch_at(source, &mode, 0, 0);
    g_assert_cmpint(vcam_source_dispatch(source, 1019999), ==, 1020000);
    g_assert_cmpuint(catcher->frames->len, ==, 2);
    g_assert_cmpuint(catcher_last(catcher)->number, ==, 50);
    assert_code(catcher_last(catcher), 50, 1000000);
    g_assert_cmpint(vcam_source_dispatch(source, 1020000), ==, 1040000);
    g_assert_cmpuint(catcher_last(catcher)->number, ==, 51);
    vcam_source_stop(source);
    g_assert_cmpint(vcam_source_dispatch(source, 2000000), ==, VCAM_NEVER);
    g_assert_cmpuint(catcher->frames->len, ==, 3);
    catcher_free(catcher);
    vcam_source_free(source);
}

/* A consumer that keeps everything: memory is bounded, its frames stay as they are, also when the
   source has gone. */
static void test_slow_consumer(void)
{
    struct vcam_mode mode = {VCAM_YUY2, 64, 48, FPS30};
    struct vcam_source *source = pattern_of(&mode);
    struct catcher *catcher = catcher_new(source);
    gint64 now = 0;
    g_assert_cmpint(vcam_source_start(source, &mode, now), ==, 0);
    for (guint i = 0; i < 50; i++)
        now = vcam_source_dispatch(source, now);
    guint most = catcher->frames->len;
    g_assert_cmpuint(most, >=, 3);
    g_assert_cmpuint(most, <=, 8);
    g_ptr_array_remove_index(catcher->frames, 0);
    vcam_source_dispatch(source, now);
    g_assert_cmpuint(catcher->frames->len, ==, most);
    assert_code(catcher_last(catcher), 50, now);
    vcam_source_free(source);
    for (guint i = 0; i < catcher->frames->len; i++) {
        const struct vcam_frame *frame = g_ptr_array_index(catcher->frames, i);
        assert_code(frame, frame->number, frame->capture_us);
    }
    catcher_free(catcher);
}

static double mean_luma(const struct vcam_frame *frame)
{
    double sum = 0;
    gsize half = frame->size / 2;
    for (gsize i = half; i < frame->size; i += 2) /* the lower half: no label */
        sum += frame->data[i];
    return sum * 2 / half;
}

static void test_controls(void)
{
    struct vcam_mode mode = {VCAM_YUY2, 320, 240, FPS30};
    struct vcam_source *source = pattern_of(&mode);
    struct catcher *catcher = catcher_new(source);
    int32_t value = 99;
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_BRIGHTNESS, &value), ==, 0);
    g_assert_cmpint(value, ==, 0);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 65), ==, -ERANGE);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_HUE, 0), ==, -ENOENT);
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_HUE, &value), ==, -ENOENT);
    dispatch_at(source, &mode, 0, 0);
    double before = mean_luma(catcher_last(catcher));
    const guint8 *buffer = catcher_last(catcher)->data;
    catcher_clear(catcher); /* so that the buffer with the old background is used again */
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 40), ==, 0);
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_BRIGHTNESS, &value), ==, 0);
    g_assert_cmpint(value, ==, 40);
    vcam_source_dispatch(source, 33334);
    g_assert_true(catcher_last(catcher)->data == buffer);
    g_assert_cmpfloat(mean_luma(catcher_last(catcher)), >, before + 30);
    assert_code(catcher_last(catcher), 1, 33333);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 0), ==, 0);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_SATURATION, 0), ==, 0);
    vcam_source_dispatch(source, 66667);
    const struct vcam_frame *grey = catcher_last(catcher);
    for (gsize i = 1; i < grey->size; i += 2)
        g_assert_cmpuint(grey->data[i], ==, 128);
    g_assert_cmpfloat_with_epsilon(mean_luma(grey), before, 1);
    catcher_free(catcher);
    vcam_source_free(source);
}

/* MJPEG frames after a change of controls are whole pictures of the new background. */
static void test_controls_mjpeg(void)
{
    struct vcam_mode mode = {VCAM_MJPEG, 320, 240, FPS30};
    struct vcam_source *changed = pattern_of(&mode), *fresh = pattern_of(&mode);
    struct catcher *a = catcher_new(changed), *b = catcher_new(fresh);
    dispatch_at(changed, &mode, 0, 0);
    g_assert_cmpint(vcam_source_control_set(changed, VCAM_PU_CONTRAST, 50), ==, 0);
    g_assert_cmpint(vcam_source_control_set(fresh, VCAM_PU_CONTRAST, 50), ==, 0);
    vcam_source_dispatch(changed, 70000);
    dispatch_at(fresh, &mode, 0, 70000);
    g_assert_cmpmem(catcher_last(a)->data, catcher_last(a)->size, catcher_last(b)->data,
                    catcher_last(b)->size);
    catcher_free(a);
    catcher_free(b);
    vcam_source_free(changed);
    vcam_source_free(fresh);
}

static void stop_at_once(void *user, struct vcam_frame *frame)
{
    vcam_source_stop(user);
    g_assert_cmpuint(frame->mode.wWidth, ==, 64);
    vcam_frame_unref(frame);
}

static void test_stopped_by_its_sink(void)
{
    static const guint32 fourccs[] = {VCAM_YUY2, VCAM_MJPEG};
    for (guint f = 0; f < G_N_ELEMENTS(fourccs); f++) {
        struct vcam_mode mode = {fourccs[f], 64, 48, FPS30};
        struct vcam_source *source = pattern_of(&mode);
        vcam_source_set_sink(source,
                             &(struct vcam_source_sink){.frame = stop_at_once, .user = source});
        g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
        g_assert_cmpint(vcam_source_dispatch(source, 0), ==, VCAM_NEVER);
        mode.wWidth = 66;
        g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, -EINVAL);
        vcam_source_free(source);
    }
    vcam_source_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pattern/offer/default", test_default_offer);
    g_test_add_func("/pattern/offer/refused", test_refused_offers);
    g_test_add_func("/pattern/sizes", test_sizes);
    g_test_add_func("/pattern/raw-formats", test_raw_formats);
    g_test_add_func("/pattern/code/values", test_code_values);
    g_test_add_func("/pattern/code/survives-jpeg", test_code_survives_jpeg);
    g_test_add_func("/pattern/code/refuses", test_code_refuses);
    g_test_add_func("/pattern/splice", test_splice);
    g_test_add_func("/pattern/deterministic", test_deterministic);
    g_test_add_func("/pattern/pace/no-drift", test_no_drift);
    g_test_add_func("/pattern/pace/skips", test_skips);
    g_test_add_func("/pattern/slow-consumer", test_slow_consumer);
    g_test_add_func("/pattern/controls", test_controls);
    g_test_add_func("/pattern/controls/mjpeg", test_controls_mjpeg);
    g_test_add_func("/pattern/stopped-by-its-sink", test_stopped_by_its_sink);
    return g_test_run();
}
