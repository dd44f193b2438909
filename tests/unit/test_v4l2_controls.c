/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each control that UVC and V4L2 both know, both ways; and what is left out, cut or refused. */
#include <errno.h>
#include <string.h>

#include "tests/unit/fake_v4l2.h"
#include "tests/unit/sources_fixture.h"

#define FORMATS                                                                                    \
    {                                                                                              \
        {                                                                                          \
            V4L2_PIX_FMT_YUYV, .sizes = {{8, 4, {{1, 30}}}},                                       \
        }                                                                                          \
    }
#define INTEGER V4L2_CTRL_TYPE_INTEGER
#define BOOLEAN V4L2_CTRL_TYPE_BOOLEAN
#define MENU    V4L2_CTRL_TYPE_MENU
#define QUERY(id_, type_, min_, max_, step_, def_, flags_)                                         \
    {                                                                                              \
        .id = (id_), .type = (type_), .minimum = (min_), .maximum = (max_), .step = (step_),       \
        .default_value = (def_), .flags = (flags_)                                                 \
    }

static const struct vcam_mode yuyv = {V4L2_PIX_FMT_YUYV, 8, 4, 333333};

static struct vcam_source *open_source(const struct fake_model *model)
{
    char why[VCAM_ERROR_LEN] = "";
    fake_reset();
    fake_plug(0, model);
    struct vcam_source *source = vcam_source_v4l2_new_on(&fake_v4l2, "/dev/video0", why);
    g_assert_cmpstr(why, ==, "");
    return source;
}

/* A camera with one control. */
static struct fake_model camera_with(const struct v4l2_queryctrl *query)
{
    struct fake_model model = {
        .card = "Webcam", .driver = "uvcvideo", .bus = "usb-1", .index = "0", .formats = FORMATS};
    model.controls[0] = *query;
    model.exposure_menu = 0x0b;
    return model;
}

/* What V4L2 has, what UVC then has, and one value in both. */
static const struct row {
    enum vcam_control_id id;
    struct v4l2_queryctrl query;
    struct vcam_control_range range;
    int32_t v4l2, uvc;
} rows[] = {
    {VCAM_CT_AE_MODE,
     QUERY(V4L2_CID_EXPOSURE_AUTO, MENU, 0, 3, 1, 3, 0),
     {0, 1, 8, 0x0b, 8, 0}, /* without shutter priority, as its menu */
     V4L2_EXPOSURE_MANUAL,
     1},
    {VCAM_CT_AE_MODE,
     QUERY(V4L2_CID_EXPOSURE_AUTO, MENU, 0, 1, 1, 0, 0),
     {0, 1, 2, 0x03, 2, 0},
     V4L2_EXPOSURE_AUTO,
     2},
    {VCAM_CT_AE_MODE,
     QUERY(V4L2_CID_EXPOSURE_AUTO, MENU, 1, 3, 1, 0, 0),
     {0, 1, 8, 0x09, 1, 0}, /* a default that it does not have */
     V4L2_EXPOSURE_APERTURE_PRIORITY,
     8},
    {VCAM_CT_AE_PRIORITY,
     QUERY(V4L2_CID_EXPOSURE_AUTO_PRIORITY, BOOLEAN, 0, 1, 1, 0, 0),
     {0, 0, 1, 1, 0, 0},
     1,
     1},
    {VCAM_CT_EXPOSURE_TIME_ABSOLUTE,
     QUERY(V4L2_CID_EXPOSURE_ABSOLUTE, INTEGER, 3, 2047, 1, 250, V4L2_CTRL_FLAG_INACTIVE),
     {0, 3, 2047, 1, 250, VCAM_CONTROL_INACTIVE},
     2047,
     2047},
    {VCAM_CT_FOCUS_ABSOLUTE,
     QUERY(V4L2_CID_FOCUS_ABSOLUTE, INTEGER, 0, 250, 5, 0, V4L2_CTRL_FLAG_VOLATILE),
     {0, 0, 250, 5, 0, VCAM_CONTROL_AUTOUPDATE},
     35,
     35},
    {VCAM_CT_FOCUS_AUTO,
     QUERY(V4L2_CID_FOCUS_AUTO, BOOLEAN, 0, 1, 1, 1, 0),
     {0, 0, 1, 1, 1, 0},
     0,
     0},
    {VCAM_CT_IRIS_ABSOLUTE,
     QUERY(V4L2_CID_IRIS_ABSOLUTE, INTEGER, 0, 1000, 1, 5, 0),
     {0, 0, 1000, 1, 5, 0},
     17,
     17},
    {VCAM_CT_ZOOM_ABSOLUTE,
     QUERY(V4L2_CID_ZOOM_ABSOLUTE, INTEGER, 100, 500, 1, 100, 0),
     {0, 100, 500, 1, 100, 0},
     500,
     500},
    {VCAM_CT_PAN_ABSOLUTE,
     QUERY(V4L2_CID_PAN_ABSOLUTE, INTEGER, -36000, 36000, 3600, 0, 0),
     {0, -36000, 36000, 3600, 0, 0},
     -7200,
     -7200},
    {VCAM_CT_TILT_ABSOLUTE,
     QUERY(V4L2_CID_TILT_ABSOLUTE, INTEGER, -36000, 36000, 3600, 0, 0),
     {0, -36000, 36000, 3600, 0, 0},
     3600,
     3600},
    {VCAM_CT_PRIVACY,
     QUERY(V4L2_CID_PRIVACY, BOOLEAN, 0, 1, 1, 0, V4L2_CTRL_FLAG_READ_ONLY),
     {0, 0, 1, 1, 0, VCAM_CONTROL_READONLY},
     1,
     1},
    {VCAM_PU_BACKLIGHT_COMPENSATION,
     QUERY(V4L2_CID_BACKLIGHT_COMPENSATION, INTEGER, 0, 4, 1, 1, 0),
     {0, 0, 4, 1, 1, 0},
     3,
     3},
    {VCAM_PU_BRIGHTNESS,
     QUERY(V4L2_CID_BRIGHTNESS, INTEGER, -64, 64, 1, 0, 0),
     {0, -64, 64, 1, 0, 0},
     -64,
     -64},
    {VCAM_PU_BRIGHTNESS, /* beyond 16 bits: cut */
     QUERY(V4L2_CID_BRIGHTNESS, INTEGER, -100000, 100000, 1, 50000, 0),
     {0, -32768, 32767, 1, 32767, 0},
     -20000,
     -20000},
    {VCAM_PU_CONTRAST,
     QUERY(V4L2_CID_CONTRAST, INTEGER, 0, 95, 0, 2, 0),
     {0, 0, 95, 1, 2, 0},
     95,
     95},
    {VCAM_PU_CONTRAST, /* from below zero: moved up */
     QUERY(V4L2_CID_CONTRAST, INTEGER, -50, 50, 1, 0, 0),
     {0, 0, 100, 1, 50, 0},
     -50,
     0},
    {VCAM_PU_GAIN,
     QUERY(V4L2_CID_GAIN, INTEGER, INT32_MIN, INT32_MAX, 1, INT32_MIN, 0),
     {0, 0, 65535, 1, 0, 0},
     INT32_MIN + 65535,
     65535},
    {VCAM_PU_POWER_LINE_FREQUENCY,
     QUERY(V4L2_CID_POWER_LINE_FREQUENCY, MENU, 0, 2, 1, 1, 0),
     {0, 0, 2, 1, 1, 0},
     V4L2_CID_POWER_LINE_FREQUENCY_60HZ,
     2},
    {VCAM_PU_HUE,
     QUERY(V4L2_CID_HUE, INTEGER, -180, 180, 20, 0, 0),
     {0, -180, 180, 20, 0, 0},
     -160,
     -160},
    {VCAM_PU_HUE_AUTO, QUERY(V4L2_CID_HUE_AUTO, BOOLEAN, 0, 1, 1, 0, 0), {0, 0, 1, 1, 0, 0}, 1, 1},
    {VCAM_PU_SATURATION,
     QUERY(V4L2_CID_SATURATION, INTEGER, 0, 128, 1000, 64, 0), /* a step beyond its range */
     {0, 0, 128, 1, 64, 0},
     128,
     128},
    {VCAM_PU_SHARPNESS,
     QUERY(V4L2_CID_SHARPNESS, INTEGER, 0, 6, 1, 9, 0), /* a default beyond it */
     {0, 0, 6, 1, 6, 0},
     6,
     6},
    {VCAM_PU_GAMMA,
     QUERY(V4L2_CID_GAMMA, INTEGER, 72, 500, 1, 100, 0),
     {0, 72, 500, 1, 100, 0},
     72,
     72},
    {VCAM_PU_WHITE_BALANCE_TEMPERATURE,
     QUERY(V4L2_CID_WHITE_BALANCE_TEMPERATURE, INTEGER, 2800, 6500, 1, 4600,
           V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_VOLATILE | V4L2_CTRL_FLAG_SLIDER),
     {0, 2800, 6500, 1, 4600, VCAM_CONTROL_INACTIVE | VCAM_CONTROL_AUTOUPDATE},
     2800,
     2800},
    {VCAM_PU_WHITE_BALANCE_TEMPERATURE_AUTO,
     QUERY(V4L2_CID_AUTO_WHITE_BALANCE, BOOLEAN, 0, 1, 1, 1, 0),
     {0, 0, 1, 1, 1, 0},
     0,
     0},
};

static void assert_range(const struct vcam_control_range *got, const struct row *row)
{
    g_assert_cmpint(got->id, ==, row->id);
    g_assert_cmpint(got->min, ==, row->range.min);
    g_assert_cmpint(got->max, ==, row->range.max);
    g_assert_cmpint(got->res, ==, row->range.res);
    g_assert_cmpint(got->def, ==, row->range.def);
    g_assert_cmphex(got->flags, ==, row->range.flags);
}

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    struct fake_model model = camera_with(&row->query);
    struct vcam_source *source = open_source(&model);
    bool is_readonly = row->range.flags & VCAM_CONTROL_READONLY;
    int32_t value = 0;

    g_assert_cmpuint(source->controls.count, ==, 1);
    assert_range(&source->controls.items[0], row);
    fake_turn(0, row->query.id, row->v4l2);
    g_assert_cmpint(vcam_source_control_get(source, row->id, &value), ==, 0);
    g_assert_cmpint(value, ==, row->uvc);
    fake_turn(0, row->query.id,
              row->query.maximum == row->v4l2 ? row->query.minimum : row->query.maximum);
    g_assert_cmpint(vcam_source_control_set(source, row->id, row->uvc), ==,
                    is_readonly ? -EACCES : 0);
    if (!is_readonly)
        g_assert_cmpint(fake_control(0, row->query.id), ==, row->v4l2);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    vcam_source_free(source);
}

/* The rows above leave none out. V4L2 has no roll. */
static void test_all_have_rows(void)
{
    for (guint id = 0; id < VCAM_CONTROL_COUNT; id++) {
        guint n = 0;
        for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
            n += rows[i].id == id;
        g_assert_cmpint(n > 0, ==, id != VCAM_CT_ROLL_ABSOLUTE);
    }
}

static void test_left_out(void)
{
    static const struct v4l2_queryctrl queries[] = {
        QUERY(V4L2_CID_BRIGHTNESS, INTEGER, 0, 255, 1, 0, V4L2_CTRL_FLAG_DISABLED),
        QUERY(V4L2_CID_BRIGHTNESS, INTEGER, 0, 255, 1, 0, V4L2_CTRL_FLAG_WRITE_ONLY),
        QUERY(V4L2_CID_BRIGHTNESS, V4L2_CTRL_TYPE_BUTTON, 0, 0, 0, 0, 0),
        QUERY(V4L2_CID_BRIGHTNESS, V4L2_CTRL_TYPE_STRING, 0, 255, 1, 0, 0),
        QUERY(V4L2_CID_BRIGHTNESS, INTEGER, 5, 5, 1, 5, 0),       /* nothing to set */
        QUERY(V4L2_CID_BRIGHTNESS, INTEGER, 255, 0, 1, 5, 0),     /* upside down */
        QUERY(V4L2_CID_GAIN, INTEGER, 70000, 80000, 1, 70000, 0), /* no number of it fits */
        QUERY(V4L2_CID_EXPOSURE_AUTO, MENU, 2, 2, 1, 2, 0),       /* not in the menu */
        QUERY(V4L2_CID_EXPOSURE_AUTO, MENU, 4, 9, 1, 4, 0),       /* none that is known */
        QUERY(V4L2_CID_ROTATE, INTEGER, 0, 270, 90, 0, 0),
    };
    for (guint i = 0; i < G_N_ELEMENTS(queries); i++) {
        struct fake_model model = camera_with(&queries[i]);
        struct vcam_source *source = open_source(&model);
        int32_t value = -7;
        g_assert_cmpuint(source->controls.count, ==, 0);
        g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_BRIGHTNESS, &value), ==, -ENOENT);
        g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 1), ==, -ENOENT);
        g_assert_cmpint(value, ==, -7);
        vcam_source_free(source);
    }
}

static const struct v4l2_queryctrl brightness =
    QUERY(V4L2_CID_BRIGHTNESS, INTEGER, -64, 64, 1, 0, V4L2_CTRL_FLAG_VOLATILE);

static void test_refused(void)
{
    static const int errors[] = {-ERANGE, -EBUSY, -EACCES, -EIO, -EINVAL};
    struct fake_model model = camera_with(&brightness);
    struct vcam_source *source = open_source(&model);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 65), ==, -ERANGE);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, -65), ==, -ERANGE);
    for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
        fake_quirks(0)->control_error = errors[i];
        g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 5), ==, errors[i]);
    }
    g_assert_cmpint(fake_control(0, V4L2_CID_BRIGHTNESS), ==, 0);
    vcam_source_free(source);
}

static void test_no_such_exposure(void)
{
    static const struct v4l2_queryctrl exposure =
        QUERY(V4L2_CID_EXPOSURE_AUTO, MENU, 0, 3, 1, 3, 0);
    struct fake_model model = camera_with(&exposure);
    struct vcam_source *source = open_source(&model);
    int32_t value = -7;
    g_assert_cmpint(vcam_source_control_set(source, VCAM_CT_AE_MODE, 4), ==, -ERANGE);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_CT_AE_MODE, 3), ==, -ERANGE);
    fake_turn(0, V4L2_CID_EXPOSURE_AUTO, 9); /* a driver's own mode */
    g_assert_cmpint(vcam_source_control_get(source, VCAM_CT_AE_MODE, &value), ==, -EIO);
    g_assert_cmpint(value, ==, -7);
    vcam_source_free(source);
}

/* The same while it streams, and by the descriptor that is open then. */
static void test_streaming(void)
{
    struct fake_model model = camera_with(&brightness);
    struct vcam_source *source = open_source(&model);
    struct catcher *catcher = catcher_new(source);
    int32_t value;
    g_assert_cmpint(vcam_source_start(source, &yuyv, 0), ==, 0);
    fake_forbid(0, -EMFILE); /* cannot be opened again */
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 33), ==, 0);
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_BRIGHTNESS, &value), ==, 0);
    g_assert_cmpint(value, ==, 33);
    g_assert_true(fake_streams(0));
    vcam_source_free(source);
    catcher_free(catcher);
}

static void test_gone(void)
{
    struct fake_model model = camera_with(&brightness);
    struct vcam_source *source = open_source(&model);
    int32_t value = -7;
    fake_pull(0);
    g_assert_cmpint(vcam_source_control_get(source, VCAM_PU_BRIGHTNESS, &value), ==, -ENODEV);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 3), ==, -ENODEV);
    g_assert_cmpint(value, ==, -7);
    fake_plug(4, &model);
    g_assert_cmpint(vcam_source_control_set(source, VCAM_PU_BRIGHTNESS, 3), ==, 0);
    g_assert_cmpint(fake_control(4, V4L2_CID_BRIGHTNESS), ==, 3);
    vcam_source_free(source);
}

static void test_changes(void)
{
    struct fake_model model = camera_with(&brightness);
    model.controls[1] = (struct v4l2_queryctrl)QUERY(V4L2_CID_HUE, INTEGER, 0, 9, 1, 0, 0);
    struct vcam_source *source = open_source(&model);
    struct catcher *catcher = catcher_new(source);
    fake_turn(0, V4L2_CID_BRIGHTNESS, 1); /* nobody looks */
    g_assert_cmpint(vcam_source_start(source, &yuyv, 0), ==, 0);
    vcam_source_dispatch(source, 0);
    g_assert_cmpuint(catcher->events->len, ==, 0);
    fake_turn(0, V4L2_CID_HUE, 7);
    fake_turn(0, V4L2_CID_BRIGHTNESS, 2);
    fake_deliver(0, &(struct fake_arrival){.bytesused = 64});
    vcam_source_dispatch(source, 0);
    g_assert_cmpuint(catcher->frames->len, ==, 1); /* both in one go */
    g_assert_cmpuint(catcher->events->len, ==, 2);
    const struct event_seen *seen = (struct event_seen *)catcher->events->data;
    g_assert_cmpint(seen[0].event, ==, VCAM_SOURCE_CONTROLS);
    g_assert_cmpint(seen[0].detail, ==, VCAM_PU_BRIGHTNESS);
    g_assert_cmpint(seen[1].detail, ==, VCAM_PU_HUE);
    vcam_source_dispatch(source, 0);
    g_assert_cmpuint(catcher->events->len, ==, 2);
    vcam_source_stop(source);
    catcher_free(catcher);
    vcam_source_free(source);
}

/* A driver without events streams all the same. */
static void test_no_events(void)
{
    struct fake_model model = camera_with(&brightness);
    struct vcam_source *source = open_source(&model);
    fake_quirks(0)->no_events = true;
    g_assert_cmpint(vcam_source_start(source, &yuyv, 0), ==, 0);
    g_assert_true(fake_streams(0));
    vcam_source_free(source);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/v4l2/controls/row/%02u-%s", i, vcam_control_info(rows[i].id)->name);
        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/v4l2/controls/all-have-rows", test_all_have_rows);
    g_test_add_func("/v4l2/controls/left-out", test_left_out);
    g_test_add_func("/v4l2/controls/refused", test_refused);
    g_test_add_func("/v4l2/controls/no-such-exposure", test_no_such_exposure);
    g_test_add_func("/v4l2/controls/streaming", test_streaming);
    g_test_add_func("/v4l2/controls/gone", test_gone);
    g_test_add_func("/v4l2/controls/changes", test_changes);
    g_test_add_func("/v4l2/controls/no-events", test_no_events);
    return g_test_run();
}
