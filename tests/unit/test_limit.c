/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --format, --size and --fps: what they admit, and what they say of nonsense. */
#include <glib.h>

#include "tools/limit.h"

static const struct {
    const char *formats, *sizes, *rates;
    const char *error;                     /* a part of it; NULL: fine */
    guint n_formats, n_sizes, n_intervals; /* of the first format, of its first size */
} rows[] = {
    {NULL, NULL, NULL, NULL, 2, 2, 3},
    {"mjpeg", NULL, NULL, NULL, 1, 2, 3},
    {"YUY2, MJPEG", "1280x720", "30", NULL, 2, 1, 1},
    {NULL, "640x480,1280x720", "29.97", NULL, 2, 2, 1},
    {NULL, NULL, "7", NULL, 0, 0, 0},
    {"NV12", NULL, NULL, NULL, 0, 0, 0},
    {"JPEG2000", NULL, NULL, "--format: 'JPEG2000'", 0, 0, 0},
    {"", NULL, NULL, NULL, 2, 2, 3},
    {NULL, "641x480", NULL, "--size: '641x480'", 0, 0, 0},
    {NULL, "640", NULL, "--size: '640'", 0, 0, 0},
    {NULL, "640x", NULL, "--size: '640x'", 0, 0, 0},
    {NULL, "-640x480", NULL, "--size: '-640x480'", 0, 0, 0},
    {NULL, "640x480x2", NULL, "--size: '640x480x2'", 0, 0, 0},
    {NULL, "99999999999999999999x480", NULL, "--size:", 0, 0, 0},
    {NULL, NULL, "0", "--fps: '0'", 0, 0, 0},
    {NULL, NULL, "nan", "--fps: 'nan'", 0, 0, 0},
    {NULL, NULL, "30,", "--fps: ''", 0, 0, 0},
    {NULL, NULL, "30fps", "--fps: '30fps'", 0, 0, 0},
};

static void fill_offer(struct vcam_offer *offer)
{
    const uint32_t fourccs[] = {VCAM_YUY2, VCAM_MJPEG};
    const struct camera_size sizes[] = {{640, 480}, {1280, 720}};
    const uint32_t intervals[] = {166667, 333333, 666667};
    *offer = (struct vcam_offer){0};
    for (guint i = 0; i < 2 * 2 * 3; i++) {
        struct vcam_mode mode = {fourccs[i / 6], sizes[i / 3 % 2].wWidth, sizes[i / 3 % 2].wHeight,
                                 intervals[i % 3]};
        g_assert_true(vcam_offer_add(offer, &mode));
    }
}

static void test_row(gconstpointer data)
{
    gsize row = GPOINTER_TO_SIZE(data);
    g_autoptr(GError) error = NULL;
    struct camera_limit limit;
    struct vcam_offer offer, narrowed;
    fill_offer(&offer);
    camera_limit_init(&limit);
    gboolean fine =
        camera_limit_parse(&limit, rows[row].formats, rows[row].sizes, rows[row].rates, &error);
    if (rows[row].error) {
        g_assert_false(fine);
        g_assert_nonnull(strstr(error->message, rows[row].error));
    } else {
        g_assert_no_error(error);
        camera_limit_narrow(&limit, &offer, &narrowed);
        g_assert_cmpuint(narrowed.n_formats, ==, rows[row].n_formats);
        g_assert_cmpuint(narrowed.formats[0].n_sizes, ==, rows[row].n_sizes);
        g_assert_cmpuint(narrowed.formats[0].sizes[0].n_intervals, ==, rows[row].n_intervals);
    }
    camera_limit_clear(&limit);
}

static void test_choose(void)
{
    struct camera_limit limit;
    struct vcam_offer offer, chosen;
    fill_offer(&offer);
    camera_limit_init(&limit);
    g_assert_true(camera_limit_parse(&limit, "MJPEG", "322x242", "17.5", NULL));
    camera_limit_choose(&limit, &offer, &chosen);
    g_assert_cmpuint(chosen.n_formats, ==, 1);
    g_assert_cmpuint(chosen.formats[0].fourcc, ==, VCAM_MJPEG);
    g_assert_cmpuint(chosen.formats[0].n_sizes, ==, 1);
    g_assert_cmpuint(chosen.formats[0].sizes[0].wWidth, ==, 322);
    g_assert_cmpuint(chosen.formats[0].sizes[0].n_intervals, ==, 1);
    g_assert_cmpuint(chosen.formats[0].sizes[0].dwFrameInterval[0], ==, 571429);
    camera_limit_clear(&limit);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("/limit/%" G_GSIZE_FORMAT "/%s,%s,%s", i,
                                                rows[i].formats, rows[i].sizes, rows[i].rates);
        g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_row);
    }
    g_test_add_func("/limit/choose", test_choose);
    return g_test_run();
}
