/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames as files, read back by libpng. */
#include <errno.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>

#include "tests/unit/sources_fixture.h"
#include "vcam/sources/picture.h"

/* One colour in each format, and what it is in RGB (BT.601). */
static const struct {
    guint8 y, u, v, rgb[3];
} colours[] = {
    {16, 128, 128, {0, 0, 0}},  {235, 128, 128, {255, 255, 255}}, {81, 90, 240, {255, 0, 0}},
    {145, 54, 34, {0, 255, 0}}, {41, 240, 110, {0, 0, 255}},      {126, 128, 128, {128, 128, 128}},
};

static guint8 *filled(const struct vcam_mode *mode, guint colour)
{
    gsize pixels = (gsize)mode->wWidth * mode->wHeight;
    guint8 *data = g_malloc(vcam_mode_max_frame_size(mode));
    for (gsize i = 0; i < pixels; i++) {
        if (mode->fourcc == VCAM_YUY2) {
            data[2 * i] = colours[colour].y;
            data[2 * i + 1] = i % 2 ? colours[colour].v : colours[colour].u;
        } else {
            data[i] = colours[colour].y;
        }
    }
    for (gsize i = 0; mode->fourcc != VCAM_YUY2 && i < pixels / 2; i++) {
        gboolean v = mode->fourcc == VCAM_NV12 ? i % 2 : i >= pixels / 4;
        data[pixels + i] = v ? colours[colour].v : colours[colour].u;
    }
    return data;
}

static guint8 *read_png(const char *path, guint *ret_width, guint *ret_height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    g_assert_true(png_image_begin_read_from_file(&image, path));
    image.format = PNG_FORMAT_RGB;
    guint8 *rgb = g_malloc(PNG_IMAGE_SIZE(image));
    g_assert_true(png_image_finish_read(&image, NULL, rgb, 0, NULL));
    *ret_width = image.width;
    *ret_height = image.height;
    return rgb;
}

static void test_colours(void)
{
    static const guint32 fourccs[] = {VCAM_YUY2, VCAM_NV12, VCAM_I420};
    g_autofree char *dir = g_dir_make_tmp("picture-XXXXXX", NULL);
    g_autofree char *stem = g_build_filename(dir, "frame", NULL);
    for (guint f = 0; f < G_N_ELEMENTS(fourccs); f++)
        for (guint c = 0; c < G_N_ELEMENTS(colours); c++) {
            struct vcam_mode mode = {fourccs[f], 34, 18, 333333};
            g_autofree guint8 *data = filled(&mode, c);
            char path[256];
            guint width, height;
            g_assert_cmpint(vcam_picture_write(stem, &mode, data, vcam_mode_max_frame_size(&mode),
                                               path, sizeof(path)),
                            ==, 0);
            g_assert_true(g_str_has_suffix(path, "frame.png"));
            g_autofree guint8 *rgb = read_png(path, &width, &height);
            g_assert_cmpuint(width, ==, 34);
            g_assert_cmpuint(height, ==, 18);
            for (guint i = 0; i < width * height; i++)
                g_assert_cmpuint(largest_difference(rgb + 3 * i, colours[c].rgb, 3), <=, 3);
            g_unlink(path);
        }
    g_rmdir(dir);
}

static void test_mjpeg_as_it_is(void)
{
    g_autofree char *dir = g_dir_make_tmp("picture-XXXXXX", NULL);
    g_autofree char *stem = g_build_filename(dir, "frame", NULL);
    struct vcam_mode mode = {VCAM_MJPEG, 34, 18, 333333};
    char path[256];
    g_assert_cmpint(vcam_picture_write(stem, &mode, (const guint8 *)"bytes", 5, path, sizeof(path)),
                    ==, 0);
    g_assert_true(g_str_has_suffix(path, "frame.jpg"));
    g_autofree char *contents = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &contents, &length, NULL));
    g_assert_cmpmem(contents, length, "bytes", 5);
    g_unlink(path);
    g_rmdir(dir);
}

static void test_errors(void)
{
    struct vcam_mode mode = {VCAM_YUY2, 34, 18, 333333};
    gsize size = vcam_mode_max_frame_size(&mode);
    g_autofree guint8 *data = filled(&mode, 0);
    char path[256], tiny[8];
    g_assert_cmpint(vcam_picture_write_png("/nonexistent/x.png", &mode, data, size), ==, -ENOENT);
    g_assert_cmpint(vcam_picture_write_png("/dev/full", &mode, data, size), ==, -ENOSPC);
    g_assert_cmpint(vcam_picture_write_png("/dev/null", &mode, data, size - 1), ==, -EINVAL);
    g_assert_cmpint(vcam_picture_write("/dev/null/x", &mode, data, size, tiny, sizeof(tiny)), ==,
                    -ENAMETOOLONG);
    mode.fourcc = VCAM_H264;
    g_assert_cmpint(vcam_picture_write("/dev/null/x", &mode, data, size, path, sizeof(path)), ==,
                    -EINVAL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/picture/colours", test_colours);
    g_test_add_func("/picture/mjpeg-as-it-is", test_mjpeg_as_it_is);
    g_test_add_func("/picture/errors", test_errors);
    return g_test_run();
}
