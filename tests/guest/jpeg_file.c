/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JPEG pictures of a wanted size, for file sources in tests and benchmark. */
#include "tests/guest/jpeg_file.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

static void fill_row(guint8 *row, guint width, guint y, guint noise, GRand *random)
{
    for (guint i = 0; i < width * 3; i++)
        row[i] = i / 3 + y + (noise ? g_rand_int_range(random, 0, noise) : 0);
}

GByteArray *jpeg_make(guint width, guint height, guint noise, guint seed)
{
    struct jpeg_compress_struct jpeg = {.image_width = 0};
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    GRand *random = g_rand_new_with_seed(seed);
    g_autofree guint8 *row = g_malloc(width * 3);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &size);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < height) {
        fill_row(row, width, jpeg.next_scanline + seed, noise, random);
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    g_rand_free(random);
    GByteArray *result = g_byte_array_new();
    g_byte_array_append(result, bytes, size);
    free(bytes);
    return result;
}
