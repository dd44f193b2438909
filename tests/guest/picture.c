/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame as the guest saw it, as a file that any viewer opens. */
#include "tests/guest/picture.h"

#include <stdio.h>
#include <string.h>

#include <png.h>

#include "tests/guest/process.h"

/* Where the samples of a pixel lie: offset of the plane in pixels, distance from one sample to the
   next and bits by which x and y are shifted. */
typedef struct {
    double plane;
    guint first, step, shift_x, shift_y;
    double pitch; /* bytes of a row, in widths */
} Samples;

static const struct {
    const char *fourcc;
    double bytes; /* a pixel */
    Samples y, u, v;
} raw_formats[] = {
    {"YUYV", 2, {0, 0, 2, 0, 0, 2}, {0, 1, 4, 1, 0, 2}, {0, 3, 4, 1, 0, 2}},
    {"NV12", 1.5, {0, 0, 1, 0, 0, 1}, {1, 0, 2, 1, 1, 1}, {1, 1, 2, 1, 1, 1}},
    {"YU12", 1.5, {0, 0, 1, 0, 0, 1}, {1, 0, 1, 1, 1, 0.5}, {1.25, 0, 1, 1, 1, 0.5}},
};

static int sample(const guint8 *frame, const Samples *s, guint width, guint height, guint x,
                  guint y)
{
    gsize plane = (gsize)(s->plane * width * height);
    gsize row = (gsize)(s->pitch * width) * (y >> s->shift_y);
    return frame[plane + row + s->first + (gsize)s->step * (x >> s->shift_x)];
}

static guint8 clamp(double value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (guint8)(value + 0.5);
}

/* BT.601, video range: what UVC's colour matching descriptor says by default. */
static void convert(guint8 *rgb, int y, int u, int v)
{
    double luma = 1.164 * (y - 16);
    rgb[0] = clamp(luma + 1.596 * (v - 128));
    rgb[1] = clamp(luma - 0.392 * (u - 128) - 0.813 * (v - 128));
    rgb[2] = clamp(luma + 2.017 * (u - 128));
}

static gboolean save_raw(const char *path, guint kind, guint width, guint height, GBytes *frame,
                         GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(frame, &size);
    if (size < (gsize)(raw_formats[kind].bytes * width * height))
        return fail(error, "%s: only %u bytes", path, (guint)size);
    g_autofree guint8 *rgb = g_malloc((gsize)width * height * 3);
    for (guint y = 0; y < height; y++)
        for (guint x = 0; x < width; x++)
            convert(rgb + ((gsize)y * width + x) * 3,
                    sample(data, &raw_formats[kind].y, width, height, x, y),
                    sample(data, &raw_formats[kind].u, width, height, x, y),
                    sample(data, &raw_formats[kind].v, width, height, x, y));
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
    if (!png_image_write_to_file(&image, path, FALSE, rgb, 0, NULL))
        return fail(error, "%s: %s", path, image.message);
    return TRUE;
}

char *picture_save(const char *folder, const char *format, const char *fourcc, guint width,
                   guint height, GBytes *frame, GError **error)
{
    guint kind = 0;
    while (kind < G_N_ELEMENTS(raw_formats) && strcmp(raw_formats[kind].fourcc, fourcc) != 0)
        kind++;
    const char *extension = kind < G_N_ELEMENTS(raw_formats) ? "png"
                            : strcmp(fourcc, "MJPG") == 0    ? "jpg"
                                                             : "bin";
    g_autofree char *path =
        g_strdup_printf("%s/%s-%ux%u.%s", folder, format, width, height, extension);
    gboolean saved = kind < G_N_ELEMENTS(raw_formats)
                         ? save_raw(path, kind, width, height, frame, error)
                         : g_file_set_contents(path, g_bytes_get_data(frame, NULL),
                                               g_bytes_get_size(frame), error);
    return saved ? g_steal_pointer(&path) : NULL;
}
