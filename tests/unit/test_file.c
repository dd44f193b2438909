/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picture files as cameras: stills, streams, odd ones, broken ones, and those made to hurt. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <png.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <turbojpeg.h>
#include <unistd.h>

#include "tests/unit/sources_fixture.h"
#include "vcam/sources/colour.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/picture.h"
#include "vcam/sources/reader.h"

#define FPS30 333333

static char *dir;

static char *path_of(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* Under dir, gone with it at the end. */
static char *file_with(const char *name, gconstpointer data, gsize size)
{
    char *path = path_of(name);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
    return path;
}

static struct vcam_source *opened(const char *path)
{
    char error[VCAM_ERROR_LEN] = "";
    struct vcam_source *source = vcam_source_file_new(path, error);
    if (!source)
        g_error("%s", error);
    return source;
}

/* One frame of the file in that format. */
static void show_one(struct vcam_source *source, guint32 fourcc, guint width, guint height)
{
    struct vcam_mode mode = {fourcc, width, height, FPS30};
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
    vcam_source_dispatch(source, 0);
}

static void assert_yuy2_of(const struct vcam_frame *frame, const guint8 *jpeg, gsize size)
{
    guint width = frame->mode.wWidth, height = frame->mode.wHeight;
    g_autofree guint8 *expected = g_malloc((gsize)width * height * 2);
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    g_assert_cmpint(vcam_jpeg_decode_yuy2(decoder, jpeg, size, expected, width, height), ==, 0);
    g_assert_cmpmem(frame->data, frame->size, expected, (gsize)width * height * 2);
    vcam_jpeg_decoder_free(decoder);
}

static void test_jpeg_still(void)
{
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(96, 64, TJSAMP_420, 0, &size);
    g_autofree char *path = file_with("still.jpg", jpeg, size);
    struct vcam_source *source = opened(path);
    struct catcher *catcher = catcher_new(source);
    g_assert_cmpstr(source->name, ==, "still.jpg");
    g_assert_cmpuint(source->offer.n_formats, ==, 2);
    g_assert_cmpuint(source->offer.formats[0].sizes[0].n_intervals, ==, 6);
    g_unlink(path); /* what was read once is kept */
    show_one(source, VCAM_MJPEG, 96, 64);
    gint64 next = vcam_source_dispatch(source, 0);
    g_assert_cmpint(next, ==, 33333);
    vcam_source_dispatch(source, next);
    g_assert_cmpuint(catcher->frames->len, ==, 2);
    g_assert_cmpuint(catcher_last(catcher)->number, ==, 1);
    g_assert_cmpint(catcher_last(catcher)->capture_us, ==, 33333);
    g_assert_cmpmem(catcher_last(catcher)->data, catcher_last(catcher)->size, jpeg, size);
    show_one(source, VCAM_YUY2, 96, 64);
    assert_yuy2_of(catcher_last(catcher), jpeg, size);
    vcam_source_free(source);
    assert_yuy2_of(catcher_last(catcher), jpeg, size); /* outlives its source */
    catcher_free(catcher);
}

/* What follows a still's end (a phone's second picture, say) is not shown. */
static void test_still_with_a_tail(void)
{
    gsize size, second_size;
    g_autofree guint8 *jpeg = foreign_jpeg(96, 64, TJSAMP_422, 0, &size);
    g_autofree guint8 *second = foreign_jpeg(32, 32, TJSAMP_422, 0, &second_size);
    g_autoptr(GByteArray) both = g_byte_array_new();
    g_byte_array_append(both, jpeg, size);
    g_byte_array_append(both, second, second_size);
    g_autofree char *path = file_with("tail.JPG", both->data, both->len);
    struct vcam_source *source = opened(path);
    struct catcher *catcher = catcher_new(source);
    show_one(source, VCAM_MJPEG, 96, 64);
    g_assert_cmpmem(catcher_last(catcher)->data, catcher_last(catcher)->size, jpeg, size);
    catcher_free(catcher);
    vcam_source_free(source);
}

/* What cannot pass as it is becomes a plain JPEG of even size. */
static void test_jpegs_made_plain(void)
{
    static const struct {
        guint width, height, flags, shown_width, shown_height;
    } rows[] = {
        {97, 65, 0, 96, 64},
        {96, 64, TJFLAG_PROGRESSIVE, 96, 64},
        {4200, 2100, 0, 2100, 1050},
        {8200, 64, 0, 2732, 20}, /* a third: 2733.3 x 21.3, then even */
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        gsize size;
        guint w, h;
        g_autofree guint8 *jpeg =
            foreign_jpeg(rows[i].width, rows[i].height, TJSAMP_420, rows[i].flags, &size);
        g_autofree char *path = file_with("odd.jpg", jpeg, size);
        struct vcam_source *source = opened(path);
        struct catcher *catcher = catcher_new(source);
        show_one(source, VCAM_MJPEG, rows[i].shown_width, rows[i].shown_height);
        struct vcam_jpeg_info info;
        const struct vcam_frame *frame = catcher_last(catcher);
        g_assert_true(vcam_jpeg_check(frame->data, frame->size, &w, &h));
        g_assert_cmpuint(w, ==, rows[i].shown_width);
        g_assert_cmpuint(h, ==, rows[i].shown_height);
        g_assert_cmpint(vcam_jpeg_info(frame->data, frame->size, &info), ==, 0);
        g_assert_true(info.plain);
        show_one(source, VCAM_YUY2, rows[i].shown_width, rows[i].shown_height);
        const struct vcam_frame *yuy2 = catcher_last(catcher);
        for (guint y = 0; y < h; y += 8) /* still the picture of foreign_jpeg(): red to the right */
            for (guint x = 0; x < w; x += 16) {
                int r = 30 + 190 * x / w, g = 30 + 190 * y / h, b = 220 - 190 * x / w;
                g_assert_cmpint(abs(yuy2->data[(y * w + x) * 2] - vcam_rgb_luma(r, g, b)), <=, 10);
            }
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

static char *png_file(const char *name, guint width, guint height, guint format, gconstpointer data)
{
    char *path = path_of(name);
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = format};
    g_assert_true(png_image_write_to_file(&image, path, 0, data, 0, NULL));
    return path;
}

/* Every kind of PNG: one colour, seen as that colour. */
static void test_png(void)
{
    static const struct {
        guint format;
        guint8 pixel[4];
        guint8 y, u, v;
    } rows[] = {
        {PNG_FORMAT_RGB, {255, 0, 0}, 81, 90, 240},
        {PNG_FORMAT_GRAY, {255}, 235, 128, 128},
        {PNG_FORMAT_RGBA, {0, 0, 255, 255}, 41, 240, 110},
        {PNG_FORMAT_RGBA, {255, 255, 255, 0}, 16, 128, 128}, /* transparent: black */
        {PNG_FORMAT_GA, {0, 255}, 16, 128, 128},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint channels = PNG_IMAGE_SAMPLE_CHANNELS(rows[i].format);
        g_autofree guint8 *data = g_malloc(33 * 17 * channels);
        for (guint p = 0; p < 33 * 17; p++)
            memcpy(data + p * channels, rows[i].pixel, channels);
        g_autofree char *path = png_file("picture.png", 33, 17, rows[i].format, data);
        struct vcam_source *source = opened(path);
        struct catcher *catcher = catcher_new(source);
        show_one(source, VCAM_YUY2, 32, 16);
        const guint8 expected[] = {rows[i].y, rows[i].u, rows[i].y, rows[i].v};
        for (guint at = 0; at < 32 * 16 * 2; at += 4)
            g_assert_cmpuint(largest_difference(catcher_last(catcher)->data + at, expected, 4), <=,
                             2);
        guint w, h;
        show_one(source, VCAM_MJPEG, 32, 16);
        g_assert_true(
            vcam_jpeg_check(catcher_last(catcher)->data, catcher_last(catcher)->size, &w, &h));
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

/* --- streams --- */

/* n pictures that differ, as one file, and each for itself. */
static GByteArray *stream_of(guint width, guint height, guint n, GPtrArray *ret_jpegs)
{
    GByteArray *stream = g_byte_array_new();
    struct vcam_jpeg_encoder *encoder = vcam_jpeg_encoder_new();
    g_autofree guint8 *yuy2 = smooth_yuy2(width, height);
    for (guint i = 0; i < n; i++) {
        const guint8 *jpeg;
        gsize size;
        memset(yuy2, 50 + 10 * i, width * 8);
        g_assert_cmpint(
            vcam_jpeg_encode(encoder, VCAM_YUY2, yuy2, width, height, 80, i % 2, &jpeg, &size), ==,
            0);
        g_byte_array_append(stream, jpeg, size);
        g_ptr_array_add(ret_jpegs, g_bytes_new(jpeg, size));
    }
    vcam_jpeg_encoder_free(encoder);
    return stream;
}

static void assert_jpeg(const struct vcam_frame *frame, GPtrArray *jpegs, guint i)
{
    gsize size;
    gconstpointer data = g_bytes_get_data(g_ptr_array_index(jpegs, i), &size);
    g_assert_cmpmem(frame->data, frame->size, data, size);
}

static void test_stream(void)
{
    static const char *const names[] = {"stream.mjpeg", "stream.MJPG", "stream.bin"};
    for (guint n = 0; n < G_N_ELEMENTS(names); n++) {
        g_autoptr(GPtrArray) jpegs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
        g_autoptr(GByteArray) stream = stream_of(160, 120, 3, jpegs);
        g_autofree char *path = file_with(names[n], stream->data, stream->len);
        struct vcam_source *source = opened(path);
        struct catcher *catcher = catcher_new(source);
        struct vcam_mode mode = {VCAM_MJPEG, 160, 120, FPS30};
        for (guint round = 0; round < 2; round++) { /* each start begins at the beginning */
            g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
            catcher_clear(catcher);
            gint64 now = 0;
            for (guint i = 0; i < 8; i++) {
                now = vcam_source_dispatch(source, now);
                g_assert_cmpuint(catcher->frames->len, ==, i + 1);
                g_assert_cmpuint(catcher_last(catcher)->number, ==, i);
                assert_jpeg(catcher_last(catcher), jpegs, i % 3);
            }
        }
        show_one(source, VCAM_YUY2, 160, 120);
        gsize size;
        gconstpointer first = g_bytes_get_data(g_ptr_array_index(jpegs, 0), &size);
        assert_yuy2_of(catcher_last(catcher), first, size);
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

/* Rubbish between pictures, a picture of another size, one that is cut: passed over, the rest
 * shown. */
static void test_damaged_stream(void)
{
    g_autoptr(GPtrArray) jpegs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GByteArray) good = stream_of(160, 120, 2, jpegs);
    gsize first = g_bytes_get_size(g_ptr_array_index(jpegs, 0)), other_size;
    g_autofree guint8 *other = foreign_jpeg(80, 60, TJSAMP_422, 0, &other_size);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_byte_array_append(stream, (const guint8 *)"rubbish\xff\xd8", 9);
    g_byte_array_append(stream, good->data, first);
    g_byte_array_append(stream, good->data, first / 2);
    g_byte_array_append(stream, other, other_size);
    g_byte_array_append(stream, (const guint8 *)"\xff\xd8\xff\xe0\x00\x00", 6);
    g_byte_array_append(stream, good->data + first, good->len - first);
    g_byte_array_append(stream, good->data, first / 2);
    g_autofree char *path = file_with("damaged.mjpeg", stream->data, stream->len);
    static const guint32 fourccs[] = {VCAM_MJPEG, VCAM_YUY2};
    g_free(log_taken());
    for (guint f = 0; f < G_N_ELEMENTS(fourccs); f++) {
        struct vcam_source *source = opened(path);
        struct catcher *catcher = catcher_new(source);
        struct vcam_mode mode = {fourccs[f], 160, 120, FPS30};
        gint64 now = 0;
        g_assert_cmpint(vcam_source_start(source, &mode, now), ==, 0);
        for (guint i = 0; i < 6; i++)
            now = vcam_source_dispatch(source, now);
        g_assert_cmpuint(catcher->frames->len, ==, 4); /* two rounds of: one, other, two */
        if (mode.fourcc == VCAM_MJPEG)
            for (guint i = 0; i < 4; i++)
                assert_jpeg(g_ptr_array_index(catcher->frames, i), jpegs, i % 2);
        g_autofree char *complaint = log_taken();
        g_assert_true(g_str_has_prefix(complaint, "camera bug: damaged.mjpeg: "));
        catcher_free(catcher);
        vcam_source_free(source);
    }
}

static void test_odd_stream(void)
{
    gsize size;
    guint w, h;
    g_autofree guint8 *jpeg = foreign_jpeg(161, 121, TJSAMP_420, 0, &size);
    g_autofree char *path = file_with("odd.mjpeg", jpeg, size);
    struct vcam_source *source = opened(path);
    struct catcher *catcher = catcher_new(source);
    show_one(source, VCAM_MJPEG, 160, 120);
    g_assert_true(
        vcam_jpeg_check(catcher_last(catcher)->data, catcher_last(catcher)->size, &w, &h));
    g_assert_cmpuint(w, ==, 160);
    g_assert_cmpuint(h, ==, 120);
    show_one(source, VCAM_YUY2, 160, 120);
    assert_yuy2_of(catcher_last(catcher), jpeg, size);
    catcher_free(catcher);
    vcam_source_free(source);
}

/* The file is cut, or emptied, while it is shown: no picture, no spinning, and again when it is
 * back. */
static void test_stream_that_changes(void)
{
    g_autoptr(GPtrArray) jpegs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GByteArray) stream = stream_of(160, 120, 2, jpegs);
    g_autofree char *path = file_with("changing.mjpeg", stream->data, stream->len);
    struct vcam_source *source = opened(path);
    struct catcher *catcher = catcher_new(source);
    struct vcam_mode mode = {VCAM_MJPEG, 160, 120, FPS30};
    g_free(log_taken());
    g_assert_cmpint(vcam_source_start(source, &mode, 0), ==, 0);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    gint64 now = 0;
    for (guint i = 0; i < 10; i++)
        now = vcam_source_dispatch(source, now);
    g_assert_cmpuint(catcher->frames->len, ==, 0);
    g_autofree char *complaint = log_taken();
    g_assert_true(g_str_has_prefix(complaint, "camera bug: changing.mjpeg: "));
    int fd = open(path, O_WRONLY);
    g_assert_cmpint(write(fd, stream->data, stream->len), ==, stream->len);
    close(fd);
    for (guint i = 0; i < 4; i++)
        now = vcam_source_dispatch(source, now);
    g_assert_cmpuint(catcher->frames->len, ==, 4);
    catcher_free(catcher);
    vcam_source_free(source);
}

/* --- refused --- */

static void assert_refused(const char *path, int error, const char *says)
{
    char text[VCAM_ERROR_LEN] = "";
    errno = 0;
    g_assert_null(vcam_source_file_new(path, text));
    int got = errno;
    g_test_message("%s", text);
    g_assert_cmpint(got, ==, error);
    g_assert_true(g_str_has_prefix(text, path));
    g_assert_nonnull(strstr(text, says));
    g_assert_null(strchr(text, '\n'));
}

static void test_refused_files(void)
{
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(96, 64, TJSAMP_420, 0, &size);
    gsize tiny_size;
    g_autofree guint8 *tiny = foreign_jpeg(8, 8, TJSAMP_444, 0, &tiny_size);
    static const guint8 png_start[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    const struct {
        const char *name;
        gconstpointer data;
        gsize size;
        int error;
        const char *says;
    } rows[] = {
        {"empty", "", 0, EBADMSG, "the file is empty"},
        {"text.txt", "hello, world", 12, EBADMSG, "not a JPEG or PNG picture: convert it"},
        {"x.mjpeg", "hello, world", 12, ENODATA, "no JPEG in it"},
        {"cut.jpg", jpeg, size - 20, EBADMSG, "the JPEG is damaged"},
        {"cut.mjpeg", jpeg, size - 20, ENODATA, "no JPEG in it"},
        {"head.jpg", jpeg, 20, EBADMSG, "the JPEG is damaged"},
        {"end.jpg", "\xff\xd8\xff\xd9", 4, EBADMSG, "the JPEG is damaged"},
        {"end.mjpeg", "\xff\xd8\xff\xd9", 4, EBADMSG, "its first picture is damaged"},
        {"tiny.jpg", tiny, tiny_size, EINVAL, "smaller than 16x16"},
        {"tiny.mjpeg", tiny, tiny_size, EINVAL, "not between 16x16"},
        {"cut.png", png_start, sizeof(png_start) - 1, EBADMSG, "the PNG is damaged"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = file_with(rows[i].name, rows[i].data, rows[i].size);
        assert_refused(path, rows[i].error, rows[i].says);
        g_unlink(path);
    }
}

static void test_refused_names(void)
{
    g_autofree char *missing = path_of("missing.jpg"), *fifo = path_of("fifo");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    assert_refused(missing, ENOENT, "No such file");
    assert_refused(dir, EISDIR, "a directory");
    assert_refused(fifo, EINVAL, "not a regular file");
    assert_refused("/dev/zero", EINVAL, "not a regular file");
}

/* A name longer than a camera's may be ends with a whole letter. */
static void test_long_name(void)
{
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(96, 64, TJSAMP_420, 0, &size);
    for (guint shift = 0; shift < 3; shift++) {
        g_autoptr(GString) name = g_string_new(&"aaa"[shift]);
        for (guint i = 0; i < 40; i++)
            g_string_append(name, "€");
        g_autofree char *path = file_with(name->str, jpeg, size);
        struct vcam_source *source = opened(path);
        g_assert_true(g_utf8_validate(source->name, -1, NULL));
        g_assert_cmpuint(strlen(source->name), >=, 58);
        vcam_source_free(source);
        g_unlink(path);
    }
}

/* --- made to hurt --- */

static gboolean is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return TRUE;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer);
#else
    return FALSE;
#endif
}

/* A valid JPEG whose frame header claims another size. */
static GBytes *claiming(guint width, guint height, int flags)
{
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(96, 64, TJSAMP_420, flags, &size);
    for (gsize i = 2; i + 9 < size; i += 2 + (jpeg[i + 2] << 8 | jpeg[i + 3]))
        if (jpeg[i + 1] == 0xc0 || jpeg[i + 1] == 0xc2) {
            jpeg[i + 5] = height >> 8;
            jpeg[i + 6] = height & 0xff;
            jpeg[i + 7] = width >> 8;
            jpeg[i + 8] = width & 0xff;
            break;
        }
    return g_bytes_new(jpeg, size);
}

static void make_all_of(const char *path)
{
    static const guint32 fourccs[] = {VCAM_YUY2, VCAM_MJPEG};
    char text[VCAM_ERROR_LEN];
    struct vcam_source *source = vcam_source_file_new(path, text);
    for (guint f = 0; source && f < G_N_ELEMENTS(fourccs); f++) {
        const struct vcam_size_offer *size = &source->offer.formats[f].sizes[0];
        struct catcher *catcher = catcher_new(source);
        show_one(source, fourccs[f], size->wWidth, size->wHeight);
        vcam_source_dispatch(source, 40000);
        catcher_free(catcher);
    }
    vcam_source_free(source);
}

/* In a process of its own, so that what it has taken at most can be seen. */
static void assert_modest(const char *path)
{
    struct rusage usage;
    int status;
    pid_t child = fork();
    if (child == 0) {
        make_all_of(path);
        _exit(0);
    }
    g_assert_cmpint(wait4(child, &status, 0, &usage), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    g_test_message("%s: %ld kB", path, usage.ru_maxrss);
    if (!is_sanitized())
        g_assert_cmpint(usage.ru_maxrss, <, 64 * 1024);
}

static void test_claims(void)
{
    static const struct {
        guint width, height;
        int flags;
        const char *name;
    } rows[] = {
        {65500, 65500, 0, "claim.jpg"},
        {65500, 65500, 0, "claim.mjpeg"},
        {65500, 65500, TJFLAG_PROGRESSIVE, "claim.jpg"},
        {9990, 9990, 0, "claim.jpg"},
        {9990, 9990, TJFLAG_PROGRESSIVE, "claim.jpg"},
        {4096, 2160, 0, "claim.mjpeg"},
        {65500, 16, 0, "claim.jpg"},
        {16, 65500, TJFLAG_PROGRESSIVE, "claim.jpg"},
    };
    g_free(log_taken());
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) jpeg = claiming(rows[i].width, rows[i].height, rows[i].flags);
        gsize size;
        gconstpointer data = g_bytes_get_data(jpeg, &size);
        g_autofree char *path = file_with(rows[i].name, data, size);
        assert_modest(path);
    }
}

/* The largest pictures that are taken: their memory is bounded, too. */
static void test_largest(void)
{
    gsize size;
    g_autofree guint8 *plain = foreign_jpeg(4096, 2160, TJSAMP_444, 0, &size);
    g_autofree char *plain_path = file_with("largest.jpg", plain, size);
    assert_modest(plain_path);
    g_autofree guint8 *photo = foreign_jpeg(6000, 4000, TJSAMP_420, 0, &size);
    g_autofree char *photo_path = file_with("photo.jpg", photo, size);
    assert_modest(photo_path);
    g_autofree guint8 *rgb = g_malloc0(6000 * 4000 * 3);
    g_autofree char *png_path = png_file("photo.png", 6000, 4000, PNG_FORMAT_RGB, rgb);
    assert_modest(png_path);
}

/* 10 GB, of which nearly all is a hole; one picture at the beginning. No call looks for the next
   one to the end. */
static void test_huge_files(void)
{
    static const char *const names[] = {"huge.mjpeg", "huge.jpg", "huge.png", "huge.bin"};
    gsize size;
    g_autofree guint8 *jpeg = foreign_jpeg(96, 64, TJSAMP_420, 0, &size);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = file_with(names[i], jpeg, size);
        if (truncate(path, G_GINT64_CONSTANT(10) << 30) < 0) {
            g_test_message("no sparse files here: %s", g_strerror(errno));
            g_assert_cmpint(truncate(path, 64 << 20), ==, 0);
        }
        assert_modest(path);
        g_unlink(path);
    }
}

static void test_reader_is_bounded(void)
{
    gsize size, length;
    const uint8_t *jpeg;
    g_autofree guint8 *first = foreign_jpeg(96, 64, TJSAMP_420, 0, &size);
    g_autofree char *path = file_with("hole.mjpeg", first, size);
    g_assert_cmpint(truncate(path, 80 << 20), ==, 0);
    int fd = open(path, O_RDWR);
    g_assert_cmpint(pwrite(fd, first, size, 80 << 20), ==, size);
    struct vcam_reader *reader = vcam_reader_new(fd);
    g_assert_cmpint(vcam_reader_next(reader, &jpeg, &length), ==, 0);
    g_assert_cmpint(vcam_reader_next(reader, &jpeg, &length), ==, -EAGAIN);
    guint calls = 2;
    while (vcam_reader_next(reader, &jpeg, &length) == -EAGAIN)
        g_assert_cmpuint(++calls, <, 10);
    g_assert_cmpmem(jpeg, length, first, size); /* found all the same */
    g_assert_cmpint(vcam_reader_next(reader, &jpeg, &length), ==, -ENODATA);
    vcam_reader_free(reader);
    close(fd);
}

/* Beginnings without end, each inside the last: time stays bounded. */
static void test_nested_beginnings(void)
{
    const gsize size = 8 << 20;
    g_autofree guint8 *data = g_malloc(size);
    for (gsize i = 0; i < size; i++)
        data[i] = "\xff\xd8\xff\xe1\xff\xfe"[i % 6];
    g_autofree char *path = file_with("nested.mjpeg", data, size);
    char text[VCAM_ERROR_LEN];
    g_assert_null(vcam_source_file_new(path, text));
    int fd = open(path, O_RDONLY);
    struct vcam_reader *reader = vcam_reader_new(fd);
    const uint8_t *jpeg;
    gsize length;
    for (guint i = 0; i < 20; i++) {
        int r = vcam_reader_next(reader, &jpeg, &length);
        g_assert_true(r == -EAGAIN || r == -ENODATA);
    }
    vcam_reader_free(reader);
    close(fd);
}

static void remove_dir(void)
{
    g_autoptr(GDir) open_dir = g_dir_open(dir, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(open_dir))) {
        g_autofree char *path = path_of(name);
        g_unlink(path);
    }
    g_rmdir(dir);
    g_free(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("camredir-file-XXXXXX", NULL);
    g_test_add_func("/file/still/jpeg", test_jpeg_still);
    g_test_add_func("/file/still/tail", test_still_with_a_tail);
    g_test_add_func("/file/still/made-plain", test_jpegs_made_plain);
    g_test_add_func("/file/still/png", test_png);
    g_test_add_func("/file/stream/loop", test_stream);
    g_test_add_func("/file/stream/damaged", test_damaged_stream);
    g_test_add_func("/file/stream/odd", test_odd_stream);
    g_test_add_func("/file/stream/changes", test_stream_that_changes);
    g_test_add_func("/file/refused/contents", test_refused_files);
    g_test_add_func("/file/refused/names", test_refused_names);
    g_test_add_func("/file/long-name", test_long_name);
    g_test_add_func("/file/hostile/claims", test_claims);
    g_test_add_func("/file/hostile/largest", test_largest);
    g_test_add_func("/file/hostile/huge", test_huge_files);
    g_test_add_func("/file/hostile/reader-is-bounded", test_reader_is_bounded);
    g_test_add_func("/file/hostile/nested", test_nested_beginnings);
    int r = g_test_run();
    remove_dir();
    return r;
}
