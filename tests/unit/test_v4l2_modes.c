/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a capture device has, as the guest will see it: formats, sizes, intervals; which devices are
   cameras; and what is said where one cannot be used. */
#include <errno.h>
#include <string.h>

#include "tests/unit/fake_v4l2.h"

#define YUYV V4L2_PIX_FMT_YUYV
#define MJPG V4L2_PIX_FMT_MJPEG
#define FPS(n)                                                                                     \
    {                                                                                              \
        1, n                                                                                       \
    }

static const struct fake_model webcam =
    {
        .card = "HD Webcam: HD Webcam",
        .driver = "uvcvideo",
        .bus = "usb-0000:00:14.0-1",
        .serial = "SN1",
        .index = "0",
        .formats =
            {
                {V4L2_PIX_FMT_RGB24, .sizes = {{640, 480, {FPS(30)}}}},
                {MJPG, .sizes = {{1280, 720, {FPS(30), FPS(60)}}, {640, 480, {FPS(30)}}}},
                {YUYV, .sizes = {{1280, 720, {{1, 10}, {2, 15}}},
                                 {640, 480, {{1001, 30000}, FPS(30), FPS(15)}},
                                 {161, 120, {FPS(30)}},
                                 {160, 121, {FPS(30)}},
                                 {320, 240, {FPS(30), FPS(30), {0, 1}}}}},
                {V4L2_PIX_FMT_SBGGR8, .sizes = {{640, 480, {FPS(30)}}}},
                {V4L2_PIX_FMT_NV12, .sizes = {{320, 240, {FPS(5)}}}},
            },
};

/* One format whose sizes or times are a range. */
static const struct fake_model grabber = {
    .card = "Grabber",
    .driver = "grab",
    .bus = "PCI:1",
    .index = "0",
    .formats = {{YUYV, .size_range = {64, 1280, 16, 48, 720, 8},
                 .time_range = {{1, 30}, {1, 5}, {1, 1000}}}},
};
/* Ranges that nothing usual is in. */
static const struct fake_model thermal = {
    .card = "Thermal",
    .driver = "therm",
    .bus = "spi:0",
    .index = "0",
    .formats = {{V4L2_PIX_FMT_GREY, .size_range = {80, 80, 1, 62, 62, 1},
                 .time_range = {{1, 9}, {1, 9}, {0, 0}}}},
};
static const struct fake_model plain = {.card = "Plain",
                                        .driver = "plain",
                                        .bus = "usb-1",
                                        .index = "0",
                                        .formats = {{YUYV, .sizes = {{640, 480, {FPS(30)}}}}}};
/* Enumerates nothing but its format. */
static const struct fake_model silent = {
    .card = "", .driver = "old", .bus = "pp:0", .index = "0", .formats = {{.fourcc = YUYV}}};

struct row {
    uint32_t fourcc;
    uint16_t width, height;
    uint32_t intervals[9]; /* up to 0 */
};

static struct vcam_source *open_source(const char *path)
{
    char why[VCAM_ERROR_LEN] = "";
    struct vcam_source *source = vcam_source_v4l2_new_on(&fake_v4l2, path, why);
    g_assert_cmpstr(why, ==, "");
    g_assert_nonnull(source);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    return source;
}

/* The whole offer, in its order. */
static void assert_offer(const struct vcam_offer *offer, const struct row *rows, gsize n_rows)
{
    gsize at = 0;
    for (guint f = 0; f < offer->n_formats; f++)
        for (guint s = 0; s < offer->formats[f].n_sizes; s++, at++) {
            const struct vcam_size_offer *size = &offer->formats[f].sizes[s];
            g_assert_cmpuint(at, <, n_rows);
            g_assert_cmphex(offer->formats[f].fourcc, ==, rows[at].fourcc);
            g_assert_cmpuint(size->wWidth, ==, rows[at].width);
            g_assert_cmpuint(size->wHeight, ==, rows[at].height);
            for (guint i = 0; i < size->n_intervals; i++)
                g_assert_cmpuint(size->dwFrameInterval[i], ==, rows[at].intervals[i]);
            g_assert_cmpuint(rows[at].intervals[size->n_intervals], ==, 0);
        }
    g_assert_cmpuint(at, ==, n_rows);
}

static void test_mirror(void)
{
    static const struct row rows[] = {
        {YUYV, 640, 480, {333333, 333667, 666667}},
        {YUYV, 1280, 720, {1000000, 1333333}},
        {YUYV, 320, 240, {333333}},
        {MJPG, 640, 480, {333333}},
        {MJPG, 1280, 720, {166667, 333333}},
        {V4L2_PIX_FMT_NV12, 320, 240, {2000000}},
    };
    fake_reset();
    fake_plug(0, &webcam);
    struct vcam_source *source = open_source("/dev/video0");
    assert_offer(&source->offer, rows, G_N_ELEMENTS(rows));
    g_assert_cmpstr(source->name, ==, "HD Webcam");
    g_assert_cmpstr(source->serial, ==, "SN1");
    vcam_source_free(source);
}

static void test_ranges(void)
{
    static const uint32_t rates[] = {333333, 400000, 500000, 666667, 1000000, 2000000};
    fake_reset();
    fake_plug(0, &grabber);
    struct vcam_source *source = open_source("/dev/video0");
    const struct vcam_format_offer *format = &source->offer.formats[0];
    g_assert_cmpuint(format->sizes[0].wWidth, ==, 640);
    g_assert_cmpuint(format->sizes[0].wHeight, ==, 480);
    g_assert_cmpuint(format->sizes[0].n_intervals, ==, G_N_ELEMENTS(rates));
    for (guint i = 0; i < G_N_ELEMENTS(rates); i++)
        g_assert_cmpuint(format->sizes[0].dwFrameInterval[i], ==, rates[i]);
    g_assert_nonnull(vcam_offer_find(&source->offer, YUYV, 1280, 720));
    g_assert_null(vcam_offer_find(&source->offer, YUYV, 1920, 1080)); /* too large */
    g_assert_null(vcam_offer_find(&source->offer, YUYV, 424, 240));   /* between two steps */
    vcam_source_free(source);
}

static void test_narrow_ranges(void)
{
    static const struct row rows[] = {{V4L2_PIX_FMT_GREY, 80, 62, {1111111}}};
    fake_reset();
    fake_plug(0, &thermal);
    struct vcam_source *source = open_source("/dev/video0");
    assert_offer(&source->offer, rows, G_N_ELEMENTS(rows));
    vcam_source_free(source);
}

static void test_no_enumeration(void)
{
    static const struct row now[] = {{YUYV, 640, 480, {416667}}}; /* what G_PARM says */
    static const struct row unknown[] = {{YUYV, 640, 480, {333333}}};
    fake_reset();
    fake_plug(0, &silent);
    struct vcam_source *source = open_source("/dev/video0");
    assert_offer(&source->offer, now, G_N_ELEMENTS(now));
    g_assert_cmpstr(source->name, ==, "Camera"); /* it has none of its own */
    vcam_source_free(source);
    fake_quirks(0)->fixed_rate = true;
    source = open_source("/dev/video0");
    assert_offer(&source->offer, unknown, G_N_ELEMENTS(unknown));
    g_assert_cmpint(vcam_source_start(source, &(struct vcam_mode){YUYV, 640, 480, 333333}, 0), ==,
                    0);
    vcam_source_free(source);
}

static void test_endless(void)
{
    fake_reset();
    fake_plug(0, &webcam);
    fake_quirks(0)->endless = true;
    char why[VCAM_ERROR_LEN];
    g_assert_null(vcam_source_v4l2_new_on(&fake_v4l2, "/dev/video0", why)); /* RGB24 for ever */
    fake_plug(0, &plain);
    fake_quirks(0)->endless = true;
    struct vcam_source *source = open_source("/dev/video0");
    assert_offer(&source->offer, (const struct row[]){{YUYV, 640, 480, {333333}}}, 1);
    vcam_source_free(source);
}

/* --- setting a mode --- */

/* The driver gets its own fraction back, not one of 100 ns units. */
static void test_fractions(void)
{
    static const struct {
        uint32_t dwFrameInterval;
        struct v4l2_fract time;
    } rows[] = {{333333, {1, 30}}, {333667, {1001, 30000}}, {666667, {1, 15}}};
    fake_reset();
    fake_plug(0, &webcam);
    struct vcam_source *source = open_source("/dev/video0");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct vcam_mode mode = {YUYV, 640, 480, rows[i].dwFrameInterval};
        g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
        g_assert_true(fake_streams(0));
        g_assert_cmpuint(fake_time(0).numerator, ==, rows[i].time.numerator);
        g_assert_cmpuint(fake_time(0).denominator, ==, rows[i].time.denominator);
    }
    vcam_source_free(source);
}

/* A driver that takes something else than it was asked for. */
static void test_adjusted(void)
{
    static const struct {
        struct fake_quirks quirks;
        int result;
    } rows[] = {
        {{0}, 0},
        {{.width = 624}, -EINVAL},
        {{.width = 648}, -EINVAL},
        {{.fourcc = MJPG}, -EINVAL},
        {{.bytesperline = 640}, -EINVAL}, /* less than a line */
        {{.bytesperline = 1536}, 0},      /* lines are copied */
        {{.field = V4L2_FIELD_INTERLACED}, 0},
        {{.field = V4L2_FIELD_ALTERNATE}, -EINVAL}, /* half a picture at a time */
        {{.field = V4L2_FIELD_TOP}, -EINVAL},
        {{.time = {1, 25}}, -EINVAL},
        {{.time = {1001, 30000}}, -EINVAL},
        {{.time = {333334, 10000000}}, 0},
        {{.buffers = 1}, -ENOMEM},
        {{.buffers = 2}, 0},
    };
    const struct vcam_mode mode = {YUYV, 640, 480, 333333};
    fake_reset();
    fake_plug(0, &webcam);
    struct vcam_source *source = open_source("/dev/video0");
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        *fake_quirks(0) = rows[i].quirks;
        g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, rows[i].result);
        g_assert_cmpint(fake_streams(0), ==, rows[i].result == 0);
        vcam_source_stop(source);
        g_assert_cmpuint(fake_open_count(), ==, 0);
        g_assert_cmpuint(fake_mapping_count(), ==, 0);
    }
    g_assert_cmpint(vcam_source_start(source, &(struct vcam_mode){YUYV, 640, 480, 1}, 0), ==,
                    -EINVAL);
    vcam_source_free(source);
}

/* --- which are cameras --- */

static const struct fake_model metadata = {.card = "HD Webcam: HD Webcam",
                                           .driver = "uvcvideo",
                                           .bus = "usb-0000:00:14.0-1",
                                           .serial = "SN1",
                                           .index = "1",
                                           .device_caps =
                                               V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING};
static const struct fake_model codec = {
    .card = "Codec",
    .driver = "codec",
    .bus = "platform:codec",
    .index = "0",
    .device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_STREAMING,
    .formats = {{.fourcc = YUYV}},
};
static const struct fake_model raw_sensor = {
    .card = "Sensor\x1b[2J",
    .driver = "sensor",
    .bus = "platform:isp",
    .index = "0",
    .formats = {{V4L2_PIX_FMT_SBGGR8, .sizes = {{640, 480, {FPS(30)}}}}},
};

static void keep_device(void *user, const struct vcam_v4l2_device *device)
{
    g_array_append_val((GArray *)user, *device);
}

static void test_list(void)
{
    static const struct {
        const char *path, *name, *driver, *bus, *serial;
        int error;
        unsigned other_formats;
        uint8_t n_formats;
    } rows[] = {
        {"/dev/video0", "HD Webcam", "uvcvideo", "usb-0000:00:14.0-1", "SN1", 0, 2, 3},
        {"/dev/video3", "Sensor[2J", "sensor", "platform:isp", "", 0, 1, 0},
        {"/dev/video4", "Grabber", "grab", "PCI:1", "", -EBUSY, 0, 1},
        {"/dev/video5", "HD Webcam", "", "", "SN1", -EACCES, 0, 0},
    };
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct vcam_v4l2_device));
    fake_reset();
    fake_plug(0, &webcam);
    fake_plug(1, &metadata);
    fake_plug(2, &codec);
    fake_plug(3, &raw_sensor);
    fake_plug(4, &grabber);
    fake_occupy(4, true);
    fake_plug(5, &webcam);
    fake_forbid(5, -EACCES);
    fake_plug(6, &metadata);
    fake_forbid(6, -EACCES);
    fake_plug(7, &webcam);
    fake_forbid(7, -ENODEV);
    g_assert_cmpint(vcam_v4l2_list_on(&fake_v4l2, keep_device, found), ==, G_N_ELEMENTS(rows));
    g_assert_cmpuint(found->len, ==, G_N_ELEMENTS(rows));
    for (guint i = 0; i < found->len; i++) {
        const struct vcam_v4l2_device *device = &g_array_index(found, struct vcam_v4l2_device, i);
        g_assert_cmpstr(device->path, ==, rows[i].path);
        g_assert_cmpstr(device->name, ==, rows[i].name);
        g_assert_cmpstr(device->driver, ==, rows[i].driver);
        g_assert_cmpstr(device->bus, ==, rows[i].bus);
        g_assert_cmpstr(device->serial, ==, rows[i].serial);
        g_assert_cmpint(device->error, ==, rows[i].error);
        g_assert_cmpuint(device->other_formats, ==, rows[i].other_formats);
        g_assert_cmpuint(device->offer.n_formats, ==, rows[i].n_formats);
    }
    g_assert_cmpuint(fake_open_count(), ==, 0);
}

/* To look whether a camera is busy does not disturb who streams. */
static void test_list_is_harmless(void)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct vcam_v4l2_device));
    fake_reset();
    fake_plug(0, &webcam);
    struct vcam_source *source = open_source("/dev/video0");
    const struct vcam_mode mode = {YUYV, 640, 480, 333333};
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
    unsigned queued = fake_queued(0);
    g_assert_cmpint(vcam_v4l2_list_on(&fake_v4l2, keep_device, found), ==, 1);
    g_assert_cmpint(g_array_index(found, struct vcam_v4l2_device, 0).error, ==, -EBUSY);
    g_assert_true(fake_streams(0));
    g_assert_cmpuint(fake_queued(0), ==, queued);
    vcam_source_stop(source);
    g_array_set_size(found, 0);
    vcam_v4l2_list_on(&fake_v4l2, keep_device, found);
    g_assert_cmpint(g_array_index(found, struct vcam_v4l2_device, 0).error, ==, 0);
    vcam_source_free(source);
}

static void test_errors(void)
{
    static const struct {
        const struct fake_model *model;
        int forbidden, error;
        const char *say;
    } rows[] = {
        {NULL, 0, ENOENT, "/dev/video0 does not exist"},
        {&webcam, -EACCES, EACCES, "usermod -aG video"},
        {&webcam, -EPERM, EPERM, "container"},
        {&webcam, -ENODEV, ENODEV, "plug the camera in"},
        {&webcam, -ENXIO, ENODEV, "plug the camera in"},
        {&webcam, -EBUSY, EBUSY, "another program"},
        {&webcam, -EMFILE, EMFILE, "cannot open /dev/video0"},
        {&metadata, 0, ENOTTY, "not a camera"},
        {&codec, 0, ENOTTY, "not a camera"},
        {&raw_sensor, 0, ENOTSUP, "/dev/video0 (Sensor[2J) has no format"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        char why[VCAM_ERROR_LEN] = "";
        fake_reset();
        if (rows[i].model)
            fake_plug(0, rows[i].model);
        fake_forbid(0, rows[i].forbidden);
        errno = 0;
        g_assert_null(vcam_source_v4l2_new_on(&fake_v4l2, "/dev/video0", why));
        g_assert_cmpint(errno, ==, rows[i].error);
        g_assert_nonnull(strstr(why, rows[i].say));
        g_assert_null(strchr(why, '\n'));
        g_assert_cmpuint(fake_open_count(), ==, 0);
    }
    char path[5000] = {0}, why[VCAM_ERROR_LEN];
    memset(path, 'x', sizeof(path) - 1);
    g_assert_null(vcam_source_v4l2_new_on(&fake_v4l2, path, why));
    g_assert_cmpint(errno, ==, ENAMETOOLONG);
}

/* The real kernel, with what every machine has. */
static void test_kernel(void)
{
    char why[VCAM_ERROR_LEN] = "";
    g_assert_null(vcam_source_v4l2_new("/dev/null", why));
    g_assert_cmpint(errno, ==, ENOTTY);
    g_assert_nonnull(strstr(why, "/dev/null is not a camera"));
    g_assert_null(vcam_source_v4l2_new("/dev/null/no", why));
    g_assert_cmpint(errno, ==, ENOTDIR);
    g_assert_null(vcam_source_v4l2_new("/nowhere/video0", why));
    g_assert_cmpint(errno, ==, ENOENT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/v4l2/modes/mirror", test_mirror);
    g_test_add_func("/v4l2/modes/ranges", test_ranges);
    g_test_add_func("/v4l2/modes/narrow-ranges", test_narrow_ranges);
    g_test_add_func("/v4l2/modes/no-enumeration", test_no_enumeration);
    g_test_add_func("/v4l2/modes/endless", test_endless);
    g_test_add_func("/v4l2/modes/fractions", test_fractions);
    g_test_add_func("/v4l2/modes/adjusted", test_adjusted);
    g_test_add_func("/v4l2/list", test_list);
    g_test_add_func("/v4l2/list/harmless", test_list_is_harmless);
    g_test_add_func("/v4l2/errors", test_errors);
    g_test_add_func("/v4l2/kernel", test_kernel);
    return g_test_run();
}
