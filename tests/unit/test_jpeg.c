/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JPEG by rows: to and fro within tolerance, what other encoders make, and what is broken. */
#include <errno.h>
#include <string.h>
#include <turbojpeg.h>

#include "tests/unit/sources_fixture.h"
#include "vcam/sources/colour.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/picture.h"

static guint8 *encoded(guint32 fourcc, const guint8 *data, guint width, guint height, int quality,
                       gsize *ret_size)
{
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    const guint8 *jpeg;
    g_assert_cmpint(
        vcam_jpeg_encode(encoder, fourcc, data, width, height, quality, false, &jpeg, ret_size), ==,
        0);
    guint8 *copy = g_memdup2(jpeg, *ret_size);
    vcam_jpeg_encoder_free(encoder);
    return copy;
}

static guint8 *decoded(const guint8 *jpeg, gsize size, guint width, guint height)
{
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    guint8 *yuy2 = g_malloc((gsize)width * height * 2);
    g_assert_cmpint(vcam_jpeg_decode_yuy2(decoder, jpeg, size, yuy2, width, height), ==, 0);
    vcam_jpeg_decoder_free(decoder);
    return yuy2;
}

static const struct {
    guint width, height;
} sizes[] = {{16, 16}, {2, 2}, {18, 10}, {160, 120}, {322, 182}, {640, 480}, {46, 1000}};

static void test_round_trip(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint width = sizes[i].width, height = sizes[i].height, w, h;
        gsize size;
        g_autofree guint8 *before = smooth_yuy2(width, height);
        g_autofree guint8 *jpeg = encoded(VCAM_YUY2, before, width, height, 95, &size);
        g_assert_true(vcam_jpeg_check(jpeg, size, &w, &h));
        g_assert_cmpuint(w, ==, width);
        g_assert_cmpuint(h, ==, height);
        g_autofree guint8 *after = decoded(jpeg, size, width, height);
        g_assert_cmpuint(largest_difference(before, after, (gsize)width * height * 2), <=,
                         width < 16 ? 24 : 12);
    }
}

/* Planar formats with one grey and one colour: what comes out is those. */
static void test_planar(void)
{
    static const guint32 fourccs[] = {VCAM_NV12, VCAM_I420};
    for (guint f = 0; f < G_N_ELEMENTS(fourccs); f++) {
        const guint width = 98, height = 50, pixels = width * height;
        gsize size;
        g_autofree guint8 *data = g_malloc(pixels * 3 / 2);
        memset(data, 100, pixels);
        for (guint i = 0; i < pixels / 2; i++)
            data[pixels + i] = (fourccs[f] == VCAM_NV12 ? i % 2 : i / (pixels / 4)) ? 160 : 90;
        g_autofree guint8 *jpeg = encoded(fourccs[f], data, width, height, 95, &size);
        g_autofree guint8 *yuy2 = decoded(jpeg, size, width, height);
        for (guint i = 0; i < pixels * 2; i += 4) {
            const guint8 expected[] = {100, 90, 100, 160};
            g_assert_cmpuint(largest_difference(yuy2 + i, expected, 4), <=, 2);
        }
    }
}

static void test_encoder_refuses(void)
{
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    guint8 data[64] = {0};
    const guint8 *jpeg;
    gsize size;
    static const struct vcam_mode modes[] = {{VCAM_H264, 4, 4, 0},
                                             {VCAM_MJPEG, 4, 4, 0},
                                             {VCAM_YUY2, 3, 4, 0},
                                             {VCAM_NV12, 4, 3, 0},
                                             {VCAM_YUY2, 0, 4, 0}};
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
        g_assert_cmpint(vcam_jpeg_encode(encoder, modes[i].fourcc, data, modes[i].wWidth,
                                         modes[i].wHeight, 80, false, &jpeg, &size),
                        ==, -EINVAL);
    vcam_jpeg_encoder_free(encoder);
    vcam_jpeg_encoder_free(NULL);
    vcam_jpeg_decoder_free(NULL);
}

/* Every subsampling, by another encoder, against colours computed from what it was given. */
static void test_subsamplings(void)
{
    for (int subsampling = 0; subsampling < TJ_NUMSAMP; subsampling++) {
        const guint width = 176, height = 144;
        gsize size;
        g_autofree guint8 *jpeg = foreign_jpeg(width, height, subsampling, 0, &size);
        struct vcam_jpeg_info info;
        g_assert_cmpint(vcam_jpeg_info(jpeg, size, &info), ==, 0);
        g_assert_cmpuint(info.width, ==, width);
        g_assert_cmpuint(info.height, ==, height);
        g_assert_true(info.plain);
        g_autofree guint8 *yuy2 = decoded(jpeg, size, width, height);
        for (guint y = 0; y < height; y += 7)
            for (guint x = 0; x < width; x += 2) {
                int r = 30 + 190 * x / width, g = 30 + 190 * y / height, b = 220 - 190 * x / width;
                gboolean grey = subsampling == TJSAMP_GRAY;
                const guint8 expected[] = {vcam_rgb_luma(r, g, b), grey ? 128 : vcam_rgb_u(r, g, b),
                                           vcam_rgb_luma(r + 1, g, b - 1),
                                           grey ? 128 : vcam_rgb_v(r, g, b)};
                g_assert_cmpuint(largest_difference(yuy2 + (y * width + x) * 2, expected, 4), <=,
                                 8);
            }
    }
}

static void test_odd_sizes_are_cut(void)
{
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(161, 121, TJSAMP_420, 0, &size);
    g_autofree guint8 *yuy2 = decoded(jpeg, size, 160, 120);
    /* The last pixel that is kept lies at (159, 119), not where rows of 161 would put it. */
    g_assert_cmpint(abs(yuy2[160 * 120 * 2 - 2] - vcam_rgb_luma(217, 216, 33)), <=, 4);
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    static const struct {
        guint width, height;
    } others[] = {{158, 120}, {162, 120}, {160, 118}, {160, 122}, {2, 2}};
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree guint8 *other = g_malloc(others[i].width * others[i].height * 2);
        g_assert_cmpint(
            vcam_jpeg_decode_yuy2(decoder, jpeg, size, other, others[i].width, others[i].height),
            ==, -EBADMSG);
    }
    vcam_jpeg_decoder_free(decoder);
}

static void test_progressive_is_not_plain(void)
{
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(64, 64, TJSAMP_420, TJFLAG_PROGRESSIVE, &size);
    g_autofree guint8 *yuy2 = g_malloc(64 * 64 * 2);
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    struct vcam_jpeg_info info;
    guint w, h;
    g_assert_cmpint(vcam_jpeg_info(jpeg, size, &info), ==, 0);
    g_assert_false(info.plain);
    g_assert_cmpint(vcam_jpeg_decode_yuy2(decoder, jpeg, size, yuy2, 64, 64), ==, -EBADMSG);
    g_assert_true(vcam_jpeg_check(jpeg, size, &w, &h));
    vcam_jpeg_decoder_free(decoder);
}

/* Cut anywhere, or with a byte of its data spoilt: never a crash; a cut is always noticed. The
   decoder works as before afterwards. */
static void test_damage(void)
{
    gsize size;
    guint w = 1, h = 2;
    g_autofree guint8 *jpeg = foreign_jpeg(64, 48, TJSAMP_422, 0, &size);
    g_autofree guint8 *yuy2 = g_malloc(64 * 48 * 2);
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    for (gsize cut = 0; cut + 1 < size; cut++) {
        g_autofree guint8 *exact = g_memdup2(jpeg, cut);
        g_assert_cmpint(vcam_jpeg_decode_yuy2(decoder, exact, cut, yuy2, 64, 48), ==, -EBADMSG);
        g_assert_false(vcam_jpeg_check(exact, cut, &w, &h));
        g_assert_cmpint(vcam_jpeg_length(exact, cut), <=, 0);
    }
    g_assert_cmpuint(w, ==, 1);
    g_assert_cmpuint(h, ==, 2);
    guint noticed = 0;
    for (gsize i = 0; i < size; i++) {
        g_autofree guint8 *spoilt = g_memdup2(jpeg, size);
        spoilt[i] ^= 0x5a;
        int r = vcam_jpeg_decode_yuy2(decoder, spoilt, size, yuy2, 64, 48);
        g_assert_true(r == 0 || r == -EBADMSG);
        noticed += r != 0;
    }
    g_assert_cmpuint(noticed, >, 0);
    g_assert_cmpint(vcam_jpeg_decode_yuy2(decoder, jpeg, size, yuy2, 64, 48), ==, 0);
    vcam_jpeg_decoder_free(decoder);
}

/* Some cameras fill up with nothing between a header's segments: no damage to the picture, but not
   clean either. */
static void test_rubbish_between_segments(void)
{
    gsize size;
    guint w, h;
    g_autofree guint8 *jpeg = foreign_jpeg(64, 48, TJSAMP_422, 0, &size);
    g_autofree guint8 *filled = g_malloc(size + 3);
    gsize app0 = 4 + (jpeg[4] << 8 | jpeg[5]); /* the end of the first segment */
    memcpy(filled, jpeg, app0);
    memcpy(filled + app0, "abc", 3);
    memcpy(filled + app0 + 3, jpeg + app0, size - app0);
    g_autofree guint8 *yuy2 = decoded(filled, size + 3, 64, 48);
    g_autofree guint8 *clean = decoded(jpeg, size, 64, 48);
    g_assert_cmpmem(yuy2, 64 * 48 * 2, clean, 64 * 48 * 2);
    g_assert_false(vcam_jpeg_check(filled, size + 3, &w, &h));
    g_assert_true(vcam_jpeg_check(jpeg, size, &w, &h));
}

/* Motion JPEG may leave the standard Huffman tables out. */
static void test_without_huffman_tables(void)
{
    gsize size, kept = 2;
    g_autofree guint8 *picture = smooth_yuy2(64, 48);
    g_autofree guint8 *jpeg = encoded(VCAM_YUY2, picture, 64, 48, 80, &size);
    g_autofree guint8 *bare = g_memdup2(jpeg, size);
    for (gsize pos = 2;;) {
        gsize length = 2 + (jpeg[pos + 2] << 8 | jpeg[pos + 3]);
        if (jpeg[pos + 1] == 0xda) {
            memcpy(bare + kept, jpeg + pos, size - pos);
            kept += size - pos;
            break;
        }
        if (jpeg[pos + 1] != 0xc4) {
            memcpy(bare + kept, jpeg + pos, length);
            kept += length;
        }
        pos += length;
    }
    g_assert_cmpuint(kept, <, size);
    g_autofree guint8 *with = decoded(jpeg, size, 64, 48);
    g_autofree guint8 *without = decoded(bare, kept, 64, 48);
    g_assert_cmpmem(with, 64 * 48 * 2, without, 64 * 48 * 2);
}

static void test_length(void)
{
    static const struct {
        const char *bytes;
        gsize size;
        gint64 length;
    } rows[] = {
#define ROW(bytes, length) {bytes, sizeof(bytes) - 1, length}
        ROW("\xff\xd8\xff\xd9", 4),
        ROW("\xff\xd8\xff\xff\xff\xd9rest", 6),
        ROW("\xff\xd8\xff\xe0\x00\x04\xff\xd9\xff\xd9", 10), /* an EOI within a segment */
        ROW("\xff\xd8\xff\xda\x00\x02xx\xff\x00y\xff\xd0z\xff\xff\xd9", 17),
        ROW("\xff\xd8\xff\xda\x00\x02xx\xff\xc4\x00\x02\xff\xda\x00\x02q\xff\xd9", 19),
        ROW("\xff\xd8", 0),
        ROW("\xff\xd8\xff", 0),
        ROW("\xff\xd8\xff\xe0\x00", 0),
        ROW("\xff\xd8\xff\xe0\xff\xff", 0),
        ROW("\xff\xd8\xff\xda\x00\x02xxxx\xff", 0),
        ROW("\xff\xd8"
            "abcd",
            -1),
        ROW("\xff\xd8\xff\xe0\x00\x01\x00", -1),
        ROW("\xff\xd8\xff\xd8\xff\xd9", -1),
        ROW("\xff\xd8\xff\xda\x00\x02xx\xff\xd8\xff\xd9", -1), /* the next one begins */
#undef ROW
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree guint8 *exact = g_memdup2(rows[i].bytes, rows[i].size);
        g_assert_cmpint(vcam_jpeg_length(exact, rows[i].size), ==, rows[i].length);
    }
}

static bool count_row(void *user, unsigned y, const uint8_t *row, unsigned width)
{
    guint *count = user;
    g_assert_cmpuint(y, ==, *count);
    g_assert_cmpuint(width, ==, 64);
    g_assert_nonnull(row);
    return ++*count < 10;
}

static void test_rows_can_stop(void)
{
    gsize size;
    guint count = 0;
    g_autofree guint8 *jpeg = foreign_jpeg(64, 48, TJSAMP_444, 0, &size);
    g_assert_cmpint(vcam_jpeg_decode_rows(jpeg, size, true, count_row, &count, NULL), ==, 0);
    g_assert_cmpuint(count, ==, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jpeg/round-trip", test_round_trip);
    g_test_add_func("/jpeg/planar", test_planar);
    g_test_add_func("/jpeg/encoder-refuses", test_encoder_refuses);
    g_test_add_func("/jpeg/subsamplings", test_subsamplings);
    g_test_add_func("/jpeg/odd-sizes-are-cut", test_odd_sizes_are_cut);
    g_test_add_func("/jpeg/progressive", test_progressive_is_not_plain);
    g_test_add_func("/jpeg/damage", test_damage);
    g_test_add_func("/jpeg/rubbish-between-segments", test_rubbish_between_segments);
    g_test_add_func("/jpeg/without-huffman-tables", test_without_huffman_tables);
    g_test_add_func("/jpeg/length", test_length);
    g_test_add_func("/jpeg/rows-can-stop", test_rows_can_stop);
    return g_test_run();
}
