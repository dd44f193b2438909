/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames as files that any viewer opens. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <png.h>

#include "vcam/sources/colour.h"
#include "vcam/sources/picture.h"

struct picture {
    const struct vcam_mode *mode;
    const uint8_t *data;
    uint8_t *rgb; /* one row */
    FILE *file;
};

static void yuy2_row(const struct picture *picture, unsigned y)
{
    unsigned width = picture->mode->wWidth;
    const uint8_t *from = picture->data + (size_t)y * width * 2;
    for (unsigned x = 0; x < width; x++) {
        const uint8_t *pair = from + x / 2 * 4;
        vcam_yuv_to_rgb(from[2 * x], pair[1], pair[3], picture->rgb + 3 * x);
    }
}

static void planar_row(const struct picture *picture, unsigned y)
{
    unsigned width = picture->mode->wWidth, height = picture->mode->wHeight, half = width / 2;
    bool interleaved = picture->mode->fourcc == VCAM_NV12;
    const uint8_t *luma = picture->data + (size_t)y * width;
    const uint8_t *chroma = picture->data + (size_t)width * height;
    unsigned step = interleaved ? 2 : 1;
    const uint8_t *u = chroma + (size_t)(y / 2) * half * step;
    const uint8_t *v = interleaved ? u + 1 : u + (size_t)half * (height / 2);
    for (unsigned x = 0; x < width; x++)
        vcam_yuv_to_rgb(luma[x], u[x / 2 * step], v[x / 2 * step], picture->rgb + 3 * x);
}

static void write_rows(png_structp png, png_infop info, const struct picture *picture)
{
    const struct vcam_mode *mode = picture->mode;
    png_init_io(png, picture->file);
    png_set_compression_level(png, 1);
    png_set_IHDR(png, info, mode->wWidth, mode->wHeight, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (unsigned y = 0; y < mode->wHeight; y++) {
        if (mode->fourcc == VCAM_YUY2)
            yuy2_row(picture, y);
        else
            planar_row(picture, y);
        png_write_row(png, picture->rgb);
    }
    png_write_end(png, info);
}

/* setjmp alone in a function: nothing here has a local that a jump could spoil. */
static int write_guarded(png_structp png, png_infop info, const struct picture *picture)
{
    if (setjmp(png_jmpbuf(png)))
        return errno ? -errno : -EIO;
    write_rows(png, info, picture);
    return 0;
}

static void be_silent(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static int write_png(const struct picture *picture)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, be_silent, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    errno = 0;
    int r = info ? write_guarded(png, info, picture) : -ENOMEM;
    png_destroy_write_struct(&png, &info);
    return r;
}

/* Also closes: what was buffered may fail only then. */
static int finish(FILE *file, int r)
{
    if (fclose(file) != 0 && r == 0)
        r = -errno;
    return r;
}

int vcam_picture_write_png(const char *path, const struct vcam_mode *mode, const uint8_t *data,
                           size_t size)
{
    if ((mode->fourcc != VCAM_YUY2 && mode->fourcc != VCAM_NV12 && mode->fourcc != VCAM_I420) ||
        mode->wWidth % 2 || (mode->fourcc != VCAM_YUY2 && mode->wHeight % 2) ||
        size != vcam_mode_max_frame_size(mode))
        return -EINVAL;
    struct picture picture = {.mode = mode, .data = data, .rgb = malloc((size_t)mode->wWidth * 3)};
    if (!picture.rgb)
        return -ENOMEM;
    picture.file = fopen(path, "wbe");
    int r = picture.file ? finish(picture.file, write_png(&picture)) : -errno;
    free(picture.rgb);
    return r;
}

static int write_bytes(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wbe");
    if (!file)
        return -errno;
    return finish(file, fwrite(data, 1, size, file) == size ? 0 : -EIO);
}

int vcam_picture_write(const char *stem, const struct vcam_mode *mode, const uint8_t *data,
                       size_t size, char *ret_path, size_t ret_path_size)
{
    bool jpeg = mode->fourcc == VCAM_MJPEG;
    int len = snprintf(ret_path, ret_path_size, "%s.%s", stem, jpeg ? "jpg" : "png");
    if (len < 0 || (size_t)len >= ret_path_size)
        return -ENAMETOOLONG;
    return jpeg ? write_bytes(ret_path, data, size)
                : vcam_picture_write_png(ret_path, mode, data, size);
}
