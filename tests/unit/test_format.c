/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats, modes and offers. */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "vcam/control.h"
#include "vcam/format.h"

static void test_table(void)
{
    size_t n;
    const struct vcam_format_info *formats = vcam_format_table(&n);

    g_assert_cmpuint(formats[0].fourcc, ==, VCAM_YUY2); /* uvc-rules W6 */
    g_assert_cmpmem(formats[0].guidFormat, 16,
                    "YUY2\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 16);
    for (size_t i = 0; i < n; i++) {
        g_assert_true(vcam_format_info(formats[i].fourcc) == &formats[i]);
        g_autofree char *name = g_ascii_strdown(formats[i].name, -1);
        g_assert_true(vcam_format_by_name(name) == &formats[i]);
    }
    g_assert_null(vcam_format_info(VCAM_FOURCC('n', 'o', 'n', 'e')));
    g_assert_null(vcam_format_by_name("YUY"));
    g_assert_cmpint(vcam_format_info(VCAM_MJPEG)->payload, ==, VCAM_MOTION_JPEG);
    g_assert_cmpint(vcam_format_info(VCAM_H264)->payload, ==, VCAM_FRAME_BASED);
    g_assert_cmpmem(vcam_format_info(VCAM_HEVC)->guidFormat, 4, "H265", 4);
}

static void test_sizes(void)
{
    static const struct {
        uint32_t fourcc;
        uint16_t wWidth, wHeight;
        uint32_t size;
    } rows[] = {
        {VCAM_YUY2, 640, 480, 614400},         {VCAM_NV12, 640, 480, 460800},
        {VCAM_I420, 160, 120, 28800},          {VCAM_MJPEG, 1920, 1080, 4147200},
        {VCAM_MJPEG, 160, 120, 65536},         {VCAM_H264, 640, 480, 614400},
        {VCAM_YUY2, 65534, 65534, UINT32_MAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct vcam_mode mode = {rows[i].fourcc, rows[i].wWidth, rows[i].wHeight, 333333};
        g_assert_cmpuint(vcam_mode_max_frame_size(&mode), ==, rows[i].size);
    }
}

static void test_intervals(void)
{
    static const struct {
        double fps;
        uint32_t interval;
    } rows[] = {
        {30, 333333}, {60, 166667},    {29.97, 333667},  {7.5, 1333333},
        {1e9, 1},     {0, UINT32_MAX}, {-3, UINT32_MAX}, {1e-9, UINT32_MAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(vcam_interval_of_fps(rows[i].fps), ==, rows[i].interval);
    const struct vcam_mode mode = {VCAM_YUY2, 2, 2, 333333};
    g_assert_cmpfloat(fabs(vcam_mode_fps(&mode) - 30), <, 0.001);
}

static void test_offer(void)
{
    struct vcam_offer offer = {0};
    static const uint32_t intervals[] = {400000, 166666, 333333, 166666, 1000000};

    for (size_t i = 0; i < G_N_ELEMENTS(intervals); i++) {
        const struct vcam_mode mode = {VCAM_YUY2, 640, 480, intervals[i]};
        g_assert_true(vcam_offer_add(&offer, &mode));
        g_assert_true(vcam_offer_has(&offer, &mode));
    }
    const struct vcam_size_offer *size = vcam_offer_find(&offer, VCAM_YUY2, 640, 480);
    g_assert_cmpuint(size->n_intervals, ==, 4);
    for (unsigned i = 1; i < size->n_intervals; i++)
        g_assert_cmpuint(size->dwFrameInterval[i - 1], <, size->dwFrameInterval[i]);
    g_assert_null(vcam_offer_find(&offer, VCAM_MJPEG, 640, 480));
    g_assert_false(vcam_offer_has(&offer, &(struct vcam_mode){VCAM_YUY2, 640, 480, 1}));

    static const struct vcam_mode bad[] = {
        {VCAM_FOURCC('?', '?', '?', '?'), 640, 480, 333333},
        {VCAM_MJPEG, 0, 480, 333333},
        {VCAM_MJPEG, 640, 0, 333333},
        {VCAM_MJPEG, 640, 480, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(vcam_offer_add(&offer, &bad[i]));
    g_assert_cmpuint(offer.n_formats, ==, 1);
}

static void test_full_offer(void)
{
    struct vcam_offer offer = {0};
    struct vcam_mode mode = {VCAM_YUY2, 64, 64, 0};

    for (unsigned i = 0; i < VCAM_MAX_INTERVALS; i++) {
        mode.dwFrameInterval = 1000 - i;
        g_assert_true(vcam_offer_add(&offer, &mode));
    }
    mode.dwFrameInterval = 500;
    g_assert_false(vcam_offer_add(&offer, &mode));
    for (unsigned i = 1; i < VCAM_MAX_SIZES; i++) {
        mode.wWidth += 2;
        g_assert_true(vcam_offer_add(&offer, &mode));
    }
    mode.wWidth += 2;
    g_assert_false(vcam_offer_add(&offer, &mode));
    g_assert_cmpuint(offer.formats[0].n_sizes, ==, VCAM_MAX_SIZES);
    g_assert_cmpuint(offer.formats[0].sizes[0].n_intervals, ==, VCAM_MAX_INTERVALS);
}

/* No two controls may answer to the same bytes, nor claim the same bit, but for pan and tilt. */
static void test_controls(void)
{
    for (unsigned i = 0; i < VCAM_CONTROL_COUNT; i++) {
        const struct vcam_control_info *a = vcam_control_info(i);
        g_assert_cmpuint(a->offset + a->size, <=, a->wLength);
        g_assert_cmpuint(a->bit, <, 24);
        for (unsigned j = i + 1; j < VCAM_CONTROL_COUNT; j++) {
            const struct vcam_control_info *b = vcam_control_info(j);
            if (a->is_camera_terminal != b->is_camera_terminal)
                continue;
            bool is_pair = i == VCAM_CT_PAN_ABSOLUTE && j == VCAM_CT_TILT_ABSOLUTE;
            g_assert_cmpint(a->selector == b->selector, ==, is_pair);
            g_assert_cmpint(a->bit == b->bit, ==, is_pair);
            g_assert_cmpstr(a->name, !=, b->name);
        }
    }
    g_assert_null(vcam_control_info(VCAM_CONTROL_COUNT));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/format/table", test_table);
    g_test_add_func("/format/sizes", test_sizes);
    g_test_add_func("/format/intervals", test_intervals);
    g_test_add_func("/offer/invariants", test_offer);
    g_test_add_func("/offer/full", test_full_offer);
    g_test_add_func("/control/table", test_controls);
    return g_test_run();
}
