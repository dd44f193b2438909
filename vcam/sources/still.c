/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads picture files row by row, scaling down on the way: memory is that of the result. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <png.h>

#include "vcam/format.h"
#include "vcam/sources/colour.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/still.h"

#define MAX_JPEG_BYTES  (16 << 20)
#define MAX_READ_PIXELS (100 * 1000 * 1000) /* more would take too long, too */
#define JPEG_QUALITY    92

/* --- rows of RGB, scaled down by a whole factor, into YUY2 --- */

struct shrink {
    unsigned from_width, from_height, factor;
    unsigned width, height; /* even */
    uint32_t *sums;         /* of one row of the result: 3 a pixel */
    uint8_t *yuy2;
};

static bool too_large(unsigned width, unsigned height)
{
    return width > VCAM_STILL_MAX_SIDE || height > VCAM_STILL_MAX_SIDE ||
           (uint64_t)width * height > VCAM_STILL_MAX_PIXELS;
}

static const char *size_refused(unsigned width, unsigned height)
{
    if (width < VCAM_STILL_MIN_SIDE || height < VCAM_STILL_MIN_SIDE)
        return "a picture smaller than 16x16: use a larger one";
    if ((uint64_t)width * height > MAX_READ_PIXELS)
        return "a picture of more than 100 million pixels: scale it down";
    return NULL;
}

static int shrink_begin(struct shrink *shrink, unsigned width, unsigned height,
                        const char **ret_why)
{
    const char *refused = size_refused(width, height);
    if (refused) {
        *ret_why = refused;
        return -EINVAL;
    }
    unsigned factor = 1;
    while (too_large(width / factor, height / factor))
        factor++;
    *shrink = (struct shrink){.from_width = width,
                              .from_height = height,
                              .factor = factor,
                              .width = width / factor & ~1u,
                              .height = height / factor & ~1u};
    if (shrink->width < 2 || shrink->height < 2) {
        *ret_why = "a picture too long and thin: cut it to the shape of a screen";
        return -EINVAL;
    }
    shrink->sums = calloc(shrink->width, 3 * sizeof(uint32_t));
    shrink->yuy2 = malloc((size_t)shrink->width * shrink->height * 2);
    if (shrink->sums && shrink->yuy2)
        return 0;
    free(shrink->sums);
    free(shrink->yuy2);
    *ret_why = "there is not enough memory";
    return -ENOMEM;
}

/* One row of the result from the sums. */
static void shrink_emit(struct shrink *shrink, unsigned y)
{
    uint8_t *to = shrink->yuy2 + (size_t)y * shrink->width * 2;
    const uint32_t *sums = shrink->sums;
    uint32_t area = shrink->factor * shrink->factor;
    for (unsigned x = 0; x < shrink->width; x += 2, to += 4, sums += 6) {
        int r0 = sums[0] / area, g0 = sums[1] / area, b0 = sums[2] / area;
        int r1 = sums[3] / area, g1 = sums[4] / area, b1 = sums[5] / area;
        int r = (r0 + r1) / 2, g = (g0 + g1) / 2, b = (b0 + b1) / 2;
        to[0] = vcam_rgb_luma(r0, g0, b0);
        to[1] = vcam_rgb_u(r, g, b);
        to[2] = vcam_rgb_luma(r1, g1, b1);
        to[3] = vcam_rgb_v(r, g, b);
    }
    memset(shrink->sums, 0, shrink->width * 3 * sizeof(uint32_t));
}

/* A vcam_jpeg_row_func: rgb is one row of the picture as it was. */
static bool shrink_row(void *user, unsigned y, const uint8_t *rgb, unsigned width)
{
    struct shrink *shrink = user;
    unsigned factor = shrink->factor;
    if (width != shrink->from_width || y / factor >= shrink->height)
        return false;
    for (unsigned x = 0; x < shrink->width * factor; x++, rgb += 3) {
        uint32_t *sums = shrink->sums + x / factor * 3;
        sums[0] += rgb[0];
        sums[1] += rgb[1];
        sums[2] += rgb[2];
    }
    if (y % factor == factor - 1)
        shrink_emit(shrink, y / factor);
    return true;
}

/* Takes over the picture in shrink where r is 0, frees it otherwise. */
static int shrink_finish(struct shrink *shrink, int r, struct vcam_still *ret_still,
                         const char **ret_why)
{
    free(shrink->sums);
    if (r < 0) {
        free(shrink->yuy2);
        return r;
    }
    *ret_still = (struct vcam_still){.width = shrink->width, .height = shrink->height};
    ret_still->yuy2 = vcam_blob_new(shrink->yuy2, (size_t)shrink->width * shrink->height * 2);
    *ret_why = "there is not enough memory";
    return ret_still->yuy2 ? 0 : -ENOMEM;
}

/* --- PNG --- */

struct png_reading {
    png_structp png;
    png_infop info;
    FILE *file;
    struct shrink shrink;
    bool begun;
    uint8_t *rows; /* one, or all where the PNG is interlaced */
    const char *why;
};

static void png_fail(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void png_ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* Whatever it holds: 8 bits, RGB, transparency over black. */
static void png_to_rgb(png_structp png, png_infop info)
{
    png_color_16 black = {0};
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    if (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA ||
        png_get_valid(png, info, PNG_INFO_tRNS))
        png_set_background(png, &black, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
}

static int read_png_rows(struct png_reading *reading, int passes)
{
    struct shrink *shrink = &reading->shrink;
    size_t pitch = png_get_rowbytes(reading->png, reading->info);
    size_t step = passes > 1 ? pitch : 0;
    if (pitch != (size_t)shrink->from_width * 3) /* else shrink_row() would misread it */
        return -EBADMSG;
    reading->rows = calloc(passes > 1 ? shrink->from_height : 1, pitch);
    if (!reading->rows) {
        reading->why = "there is not enough memory";
        return -ENOMEM;
    }
    for (int pass = 0; pass < passes; pass++)
        for (unsigned y = 0; y < shrink->from_height; y++) {
            png_read_row(reading->png, reading->rows + y * step, NULL);
            if (pass == passes - 1)
                shrink_row(shrink, y, reading->rows + y * step, shrink->from_width);
        }
    return 0;
}

static int read_png_all(struct png_reading *reading)
{
    png_structp png = reading->png;
    png_init_io(png, reading->file);
    png_set_user_limits(png, 65535, 65535);
    png_set_chunk_malloc_max(png, 4 << 20);
    png_set_chunk_cache_max(png, 64);
    png_read_info(png, reading->info);
    unsigned width = png_get_image_width(png, reading->info);
    unsigned height = png_get_image_height(png, reading->info);
    int r = shrink_begin(&reading->shrink, width, height, &reading->why);
    if (r < 0)
        return r;
    reading->begun = true;
    png_to_rgb(png, reading->info);
    int passes = png_set_interlace_handling(png);
    if (passes > 1 && too_large(width, height)) {
        reading->why = "an interlaced PNG of this size: scale it down or save it without";
        return -EFBIG;
    }
    png_read_update_info(png, reading->info);
    r = read_png_rows(reading, passes);
    if (r == 0)
        png_read_end(png, NULL);
    return r;
}

/* setjmp alone in a function: nothing here has a local that a jump could spoil. */
static int read_png_guarded(struct png_reading *reading)
{
    reading->why = "the PNG is damaged: save it anew";
    if (setjmp(png_jmpbuf(reading->png)))
        return -EBADMSG;
    return read_png_all(reading);
}

static int load_png(int fd, struct vcam_still *ret_still, const char **ret_why)
{
    struct png_reading reading = {.why = "there is not enough memory"};
    int copy = dup(fd); /* the FILE closes its own; both share the offset */
    reading.file = copy >= 0 ? fdopen(copy, "rb") : NULL;
    if (!reading.file) {
        if (copy >= 0)
            close(copy);
        *ret_why = reading.why;
        return -ENOMEM;
    }
    reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, png_fail, png_ignore);
    reading.info = reading.png ? png_create_info_struct(reading.png) : NULL;
    int r = reading.info ? read_png_guarded(&reading) : -ENOMEM;
    png_destroy_read_struct(&reading.png, &reading.info, NULL);
    fclose(reading.file);
    free(reading.rows);
    *ret_why = reading.why;
    return reading.begun ? shrink_finish(&reading.shrink, r, ret_still, ret_why) : r;
}

/* --- JPEG --- */

static int read_file(int fd, uint8_t **ret_data, size_t *ret_size, const char **ret_why)
{
    struct stat st;
    *ret_why = "it cannot be read";
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size > MAX_JPEG_BYTES) {
        *ret_why = "a JPEG of more than 16 MB: scale it down";
        return -EFBIG;
    }
    uint8_t *data = malloc(st.st_size);
    size_t size = 0;
    ssize_t n = 1;
    while (data && size < (size_t)st.st_size && n > 0)
        if ((n = pread(fd, data + size, st.st_size - size, size)) > 0)
            size += n;
    if (!data || n < 0) {
        free(data);
        return data ? -EIO : -ENOMEM;
    }
    *ret_data = data;
    *ret_size = size;
    return 0;
}

int vcam_still_decode(const struct vcam_blob *mjpeg, unsigned width, unsigned height,
                      struct vcam_blob **ret_yuy2)
{
    size_t size, yuy2_size = (size_t)width * height * 2;
    const uint8_t *data = vcam_blob_data(mjpeg, &size);
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    uint8_t *yuy2 = malloc(yuy2_size);
    int r =
        decoder && yuy2 ? vcam_jpeg_decode_yuy2(decoder, data, size, yuy2, width, height) : -ENOMEM;
    vcam_jpeg_decoder_free(decoder);
    if (r < 0) {
        free(yuy2);
        return r;
    }
    *ret_yuy2 = vcam_blob_new(yuy2, yuy2_size);
    return *ret_yuy2 ? 0 : -ENOMEM;
}

static bool passes_as_it_is(const struct vcam_jpeg_info *info, size_t size)
{
    struct vcam_mode mode = {VCAM_MJPEG, info->width, info->height, 1};
    return info->plain && info->width % 2 == 0 && info->height % 2 == 0 &&
           !too_large(info->width, info->height) && size <= vcam_mode_max_frame_size(&mode);
}

/* The file's own bytes, once they have been decoded without fault. */
static int pass_jpeg(uint8_t *data, size_t size, const struct vcam_jpeg_info *info,
                     struct vcam_still *ret_still)
{
    struct vcam_blob *probe = NULL;
    *ret_still = (struct vcam_still){.width = info->width, .height = info->height};
    ret_still->mjpeg = vcam_blob_new(data, size);
    int r = ret_still->mjpeg
                ? vcam_still_decode(ret_still->mjpeg, info->width, info->height, &probe)
                : -ENOMEM;
    vcam_blob_unref(probe);
    if (r < 0)
        vcam_still_clear(ret_still);
    return r;
}

static int convert_jpeg(const uint8_t *data, size_t size, const struct vcam_jpeg_info *info,
                        struct vcam_still *ret_still, const char **ret_why)
{
    struct shrink shrink;
    unsigned warnings = 0;
    int r = shrink_begin(&shrink, info->width, info->height, ret_why);
    if (r < 0)
        return r;
    r = vcam_jpeg_decode_rows(data, size, false, shrink_row, &shrink, &warnings);
    if (r == -EFBIG)
        *ret_why = "a progressive JPEG of this size: save it as baseline, or scale it down";
    return shrink_finish(&shrink, r == 0 && warnings ? -EBADMSG : r, ret_still, ret_why);
}

static int load_jpeg(int fd, struct vcam_still *ret_still, const char **ret_why)
{
    struct vcam_jpeg_info info;
    uint8_t *data = NULL;
    size_t size = 0;
    int r = read_file(fd, &data, &size, ret_why);
    if (r < 0)
        return r;
    int64_t length = vcam_jpeg_length(data, size);
    *ret_why = "the JPEG is damaged: save it anew";
    r = length > 0 ? vcam_jpeg_info(data, size, &info) : -EBADMSG;
    const char *refused = r == 0 ? size_refused(info.width, info.height) : NULL;
    if (refused) {
        *ret_why = refused;
        r = -EINVAL;
    }
    if (r == 0 && passes_as_it_is(&info, length))
        return pass_jpeg(data, length, &info, ret_still);
    if (r == 0)
        r = convert_jpeg(data, length, &info, ret_still, ret_why);
    free(data);
    return r;
}

/* --- both --- */

static int encode_mjpeg(struct vcam_still *still)
{
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    const uint8_t *jpeg;
    size_t size;
    const uint8_t *yuy2 = vcam_blob_data(still->yuy2, &size);
    int r = encoder ? vcam_jpeg_encode(encoder, VCAM_YUY2, yuy2, still->width, still->height,
                                       JPEG_QUALITY, false, &jpeg, &size)
                    : -ENOMEM;
    uint8_t *copy = r == 0 ? malloc(size) : NULL;
    if (copy)
        still->mjpeg = vcam_blob_new(memcpy(copy, jpeg, size), size);
    vcam_jpeg_encoder_free(encoder);
    return still->mjpeg ? 0 : -ENOMEM;
}

int vcam_still_load(int fd, struct vcam_still *ret_still, const char **ret_why)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xff, 0xd8, 0xff};
    uint8_t magic[4] = {0};
    struct vcam_still still = {0};
    int r = -EBADMSG;
    ssize_t n = pread(fd, magic, sizeof(magic), 0);
    *ret_why = n == 0 ? "the file is empty" : "not a JPEG or PNG picture: convert it to one";
    if (n < 0)
        return -errno;
    if (!memcmp(magic, png, sizeof(png)))
        r = load_png(fd, &still, ret_why);
    else if (!memcmp(magic, jpeg, sizeof(jpeg)))
        r = load_jpeg(fd, &still, ret_why);
    if (r == 0 && !still.mjpeg && (r = encode_mjpeg(&still)) < 0) {
        *ret_why = "there is not enough memory";
        vcam_still_clear(&still);
    }
    if (r == 0)
        *ret_still = still;
    return r;
}

void vcam_still_clear(struct vcam_still *still)
{
    vcam_blob_unref(still->mjpeg);
    vcam_blob_unref(still->yuy2);
    *still = (struct vcam_still){0};
}
