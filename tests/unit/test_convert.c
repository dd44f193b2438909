/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conversion: what is added to a camera's formats, that its own pass untouched, and that a picture
   stays the same picture. */
#include <errno.h>
#include <string.h>
#include <turbojpeg.h>

#include "tests/unit/sources_fixture.h"
#include "vcam/sources/picture.h"

#define FPS30 333333
#define UYVY  VCAM_FOURCC('U', 'Y', 'V', 'Y')
#define YV12  VCAM_FOURCC('Y', 'V', '1', '2')
#define GREY  VCAM_FOURCC('G', 'R', 'E', 'Y')

static struct vcam_source *convert_one(guint32 fourcc, guint width, guint height,
                                       struct toy **ret_toy, struct catcher **ret_catcher)
{
    struct vcam_mode mode = {fourcc, width, height, FPS30};
    *ret_toy = toy_new(&mode, 1);
    struct vcam_source *source = vcam_source_convert_new(&(*ret_toy)->source);
    *ret_catcher = catcher_new(source);
    return source;
}

static void start(struct vcam_source *source, guint32 fourcc, guint width, guint height)
{
    struct vcam_mode mode = {fourcc, width, height, FPS30};
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
}

static void test_offers(void)
{
    static const struct {
        guint32 inner[4], outer[6];
    } rows[] = {
        {{VCAM_YUY2}, {VCAM_YUY2, VCAM_MJPEG}},
        {{VCAM_MJPEG}, {VCAM_YUY2, VCAM_MJPEG}},
        {{VCAM_MJPEG, VCAM_YUY2}, {VCAM_YUY2, VCAM_MJPEG}},
        {{VCAM_NV12}, {VCAM_YUY2, VCAM_MJPEG, VCAM_NV12}},
        {{VCAM_I420, VCAM_MJPEG}, {VCAM_YUY2, VCAM_MJPEG, VCAM_I420}},
        {{UYVY, GREY}, {VCAM_YUY2, VCAM_MJPEG, UYVY, GREY}},
        {{VCAM_H264}, {VCAM_H264}},
        {{VCAM_H264, VCAM_YUY2}, {VCAM_YUY2, VCAM_MJPEG, VCAM_H264}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct vcam_mode modes[4];
        gsize n = 0;
        for (; n < 4 && rows[i].inner[n]; n++)
            modes[n] = (struct vcam_mode){rows[i].inner[n], 640, 480, FPS30};
        struct vcam_source *source = vcam_source_convert_new(&toy_new(modes, n)->source);
        for (guint f = 0; f < G_N_ELEMENTS(rows[i].outer) && rows[i].outer[f]; f++) {
            g_assert_cmpuint(f, <, source->offer.n_formats);
            g_assert_cmpuint(source->offer.formats[f].fourcc, ==, rows[i].outer[f]);
            g_assert_cmpuint(source->offer.formats[f].n_sizes, ==, 1);
        }
        g_assert_cmpstr(source->name, ==, "Toy");
        g_assert_cmpstr(source->serial, ==, "T1");
        vcam_source_free(source);
    }
}

/* What the camera has in a format of its own is not added to from others, and odd sizes are not
 * made. */
static void test_offered_sizes(void)
{
    static const struct vcam_mode modes[] = {
        {VCAM_YUY2, 640, 480, FPS30},
        {VCAM_MJPEG, 1920, 1080, FPS30},
        {VCAM_NV12, 320, 240, FPS30},
        {VCAM_YUY2, 640, 480, 166667},
    };
    struct vcam_source *source =
        vcam_source_convert_new(&toy_new(modes, G_N_ELEMENTS(modes))->source);
    g_assert_cmpuint(source->offer.formats[0].n_sizes, ==, 1);
    g_assert_cmpuint(source->offer.formats[0].sizes[0].n_intervals, ==, 2);
    g_assert_null(vcam_offer_find(&source->offer, VCAM_YUY2, 1920, 1080));
    g_assert_null(vcam_offer_find(&source->offer, VCAM_MJPEG, 640, 480));
    vcam_source_free(source);
    static const struct vcam_mode odd[] = {{GREY, 641, 480, FPS30}, {GREY, 640, 480, FPS30}};
    source = vcam_source_convert_new(&toy_new(odd, G_N_ELEMENTS(odd))->source);
    g_assert_null(vcam_offer_find(&source->offer, VCAM_YUY2, 641, 480));
    g_assert_nonnull(vcam_offer_find(&source->offer, VCAM_YUY2, 640, 480));
    vcam_source_free(source);
}

static void test_passes_untouched(void)
{
    static const guint32 fourccs[] = {VCAM_YUY2, VCAM_MJPEG, VCAM_NV12, VCAM_H264};
    for (guint i = 0; i < G_N_ELEMENTS(fourccs); i++) {
        struct toy *toy;
        struct catcher *catcher;
        struct vcam_source *source = convert_one(fourccs[i], 64, 48, &toy, &catcher);
        start(source, fourccs[i], 64, 48);
        gconstpointer frame = toy_push(toy, "rubbish", 7, 42);
        g_assert_true(catcher_last(catcher) == frame);
        g_assert_cmpuint(catcher_last(catcher)->number, ==, 42);
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

static void assert_like(const struct vcam_frame *frame, const struct vcam_mode *mode)
{
    g_assert_cmpuint(frame->mode.fourcc, ==, mode->fourcc);
    g_assert_cmpuint(frame->mode.wWidth, ==, mode->wWidth);
    g_assert_cmpuint(frame->mode.wHeight, ==, mode->wHeight);
    g_assert_cmpuint(frame->number, ==, 7);
    g_assert_cmpint(frame->capture_us, ==, 1007);
    g_assert_cmpint(frame->ready_us, ==, 2007);
    g_assert_cmpuint(frame->size, <=, vcam_mode_max_frame_size(mode));
}

/* YUY2 to MJPEG by one converter, and back by another. */
static void test_there_and_back(void)
{
    const struct vcam_mode raw = {VCAM_YUY2, 320, 240, FPS30},
                           mjpeg = {VCAM_MJPEG, 320, 240, FPS30};
    gsize size = 320 * 240 * 2;
    g_autofree guint8 *picture = smooth_yuy2(320, 240);
    struct toy *camera, *second;
    struct catcher *encoded, *decoded;
    struct vcam_source *encoder = convert_one(VCAM_YUY2, 320, 240, &camera, &encoded);
    struct vcam_source *decoder = convert_one(VCAM_MJPEG, 320, 240, &second, &decoded);
    start(encoder, VCAM_MJPEG, 320, 240);
    start(decoder, VCAM_YUY2, 320, 240);
    toy_push(camera, picture, size, 7);
    const struct vcam_frame *jpeg = catcher_last(encoded);
    guint width, height;
    assert_like(jpeg, &mjpeg);
    g_assert_true(vcam_jpeg_check(jpeg->data, jpeg->size, &width, &height));
    toy_push(second, jpeg->data, jpeg->size, 7);
    const struct vcam_frame *yuy2 = catcher_last(decoded);
    assert_like(yuy2, &raw);
    g_assert_cmpuint(yuy2->size, ==, size);
    g_assert_cmpuint(largest_difference(yuy2->data, picture, size), <=, 16);
    /* Frames outlive the stream and the source. */
    vcam_source_free(encoder);
    vcam_source_free(decoder);
    g_assert_cmpuint(largest_difference(yuy2->data, picture, size), <=, 16);
    catcher_free(encoded);
    catcher_free(decoded);
}

/* The same 4x2 picture in each raw format; the colours lie in pairs of pixels and lines. */
static void test_raw_to_yuy2(void)
{
    static const guint8 expected[] = {10, 90, 20, 160, 30, 91, 40, 161,
                                      50, 90, 60, 160, 70, 91, 80, 161};
    static const guint8 grey[] = {10, 128, 20, 128, 30, 128, 40, 128,
                                  50, 128, 60, 128, 70, 128, 80, 128};
    static const struct {
        guint32 fourcc;
        guint size;
        guint8 bytes[16];
        const guint8 *expected;
    } rows[] = {
        {UYVY, 16, {90, 10, 160, 20, 91, 30, 161, 40, 90, 50, 160, 60, 91, 70, 161, 80}, expected},
        {VCAM_NV12, 12, {10, 20, 30, 40, 50, 60, 70, 80, 90, 160, 91, 161}, expected},
        {VCAM_I420, 12, {10, 20, 30, 40, 50, 60, 70, 80, 90, 91, 160, 161}, expected},
        {YV12, 12, {10, 20, 30, 40, 50, 60, 70, 80, 160, 161, 90, 91}, expected},
        {GREY, 8, {10, 20, 30, 40, 50, 60, 70, 80}, grey},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct toy *toy;
        struct catcher *catcher;
        struct vcam_source *source = convert_one(rows[i].fourcc, 4, 2, &toy, &catcher);
        start(source, VCAM_YUY2, 4, 2);
        g_assert_cmpuint(toy->mode.fourcc, ==, rows[i].fourcc);
        toy_push(toy, rows[i].bytes, rows[i].size, 7);
        g_assert_cmpmem(catcher_last(catcher)->data, catcher_last(catcher)->size, rows[i].expected,
                        16);
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

/* Every raw format as MJPEG gives the picture that it gives as YUY2. */
static void test_raw_to_mjpeg(void)
{
    static const guint32 fourccs[] = {VCAM_YUY2, UYVY, VCAM_NV12, VCAM_I420, YV12, GREY};
    for (guint i = 0; i < G_N_ELEMENTS(fourccs); i++) {
        struct vcam_mode mode = {fourccs[i], 64, 48, FPS30};
        gsize size = vcam_mode_max_frame_size(&mode);
        g_autofree guint8 *data = g_malloc(size);
        memset(data, 120, size);
        struct toy *toy;
        struct catcher *catcher;
        struct vcam_source *source = convert_one(fourccs[i], 64, 48, &toy, &catcher);
        start(source, VCAM_MJPEG, 64, 48);
        toy_push(toy, data, size, 7);
        const struct vcam_frame *jpeg = catcher_last(catcher);
        mode.fourcc = VCAM_MJPEG;
        assert_like(jpeg, &mode);
        guint width, height;
        g_assert_true(vcam_jpeg_check(jpeg->data, jpeg->size, &width, &height));
        g_assert_cmpuint(width, ==, 64);
        g_assert_cmpuint(height, ==, 48);
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

static void test_broken_pictures(void)
{
    struct toy *toy;
    struct catcher *catcher;
    struct vcam_source *source = convert_one(VCAM_MJPEG, 64, 48, &toy, &catcher);
    gsize size, other_size;
    g_autofree guint8 *jpeg = foreign_jpeg(64, 48, TJSAMP_422, 0, &size);
    g_autofree guint8 *other = foreign_jpeg(80, 48, TJSAMP_422, 0, &other_size);
    g_free(log_taken());
    start(source, VCAM_YUY2, 64, 48);
    toy_push(toy, jpeg, size / 2, 0);
    g_autofree char *complaint = log_taken();
    g_assert_true(g_str_has_prefix(complaint, "camera bug: Toy "));
    toy_push(toy, "", 0, 1);
    toy_push(toy, other, other_size, 2);
    toy_push(toy, "\xff\xd8\xff\xd9", 4, 3);
    g_autofree char *more = log_taken();
    g_assert_cmpstr(more, ==, ""); /* said once is enough for a while */
    g_assert_cmpuint(catcher->frames->len, ==, 0);
    toy_push(toy, jpeg, size, 4);
    g_assert_cmpuint(catcher->frames->len, ==, 1);
    g_assert_cmpuint(catcher_last(catcher)->number, ==, 4);
    catcher_free(catcher);
    vcam_source_free(source);
    source = convert_one(VCAM_NV12, 64, 48, &toy, &catcher);
    start(source, VCAM_MJPEG, 64, 48);
    static const guint8 grey[64 * 48] = {128};
    toy_push(toy, grey, sizeof(grey), 0); /* a third is missing */
    g_assert_cmpuint(catcher->frames->len, ==, 0);
    g_autofree char *short_frame = log_taken();
    g_assert_true(
        g_str_has_prefix(short_frame, "camera bug: Toy sends 3072 bytes instead of 4608"));
    catcher_free(catcher);
    vcam_source_free(source);
}

static void test_failures_and_forwarding(void)
{
    struct toy *toy;
    struct catcher *catcher;
    struct vcam_source *source = convert_one(VCAM_YUY2, 64, 48, &toy, &catcher);
    struct vcam_mode mode = {VCAM_MJPEG, 64, 48, FPS30};
    int32_t value = 0;
    toy->start_result = -EBUSY;
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, -EBUSY);
    toy->start_result = 0;
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
    g_assert_true(toy->started);
    vcam_source_stop(source);
    g_assert_false(toy->started);
    mode.wWidth = 66;
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, -EINVAL);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, -4), ==, 0);
    g_assert_cmpint(toy->brightness, ==, -4);
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_BRIGHTNESS, &value), ==, 0);
    g_assert_cmpint(value, ==, -4);
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_GAMMA, &value), ==, -ENOENT);
    short events;
    g_assert_cmpint(vcam_source_get_fd(source, &events), ==, -1);
    toy_tell(toy, VCAM_SOURCE_GONE, -ENODEV);
    const struct event_seen *seen = &g_array_index(catcher->events, struct event_seen, 0);
    g_assert_cmpint(seen->event, ==, VCAM_SOURCE_GONE);
    g_assert_cmpint(seen->detail, ==, -ENODEV);
    catcher_free(catcher);
    vcam_source_free(source);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/convert/offers", test_offers);
    g_test_add_func("/convert/offered-sizes", test_offered_sizes);
    g_test_add_func("/convert/passes-untouched", test_passes_untouched);
    g_test_add_func("/convert/there-and-back", test_there_and_back);
    g_test_add_func("/convert/raw-to-yuy2", test_raw_to_yuy2);
    g_test_add_func("/convert/raw-to-mjpeg", test_raw_to_mjpeg);
    g_test_add_func("/convert/broken-pictures", test_broken_pictures);
    g_test_add_func("/convert/failures-and-forwarding", test_failures_and_forwarding);
    return g_test_run();
}
