/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fuzzed camera's answers: how a configuration ends that is to tell when a guest is done with
   it, and what ends badly stays as it is. */
#include <string.h>

#include "tools/fuzz/camera.h"

#define DEVICE  18, 1, 0, 2, 239, 2, 1, 64, 0x6b, 0x1d, 2, 1, 0, 1, 0, 0, 0, 1
#define CONTROL 9, 4, 0, 0, 0, 14, 1, 0, 0
#define STREAM  9, 4, 1, 0, 0, 14, 2, 0, 0
#define HEADER  13, 0x24, 1, 0x10, 1, 13, 0, 0, 0, 0, 0, 1, 1
#define COLOR   6, 0x24, 13, 1, 1, 4

/* A device whose one configuration is followed by what is given. */
static FuzzCamera *camera_with(const guint8 *rest, gsize size)
{
    static const guint8 device[] = {DEVICE};
    const guint8 head[] = {9, 2, (guint8)(9 + size), 0, 2, 1, 0, 0x80, 50};
    g_autoptr(GByteArray) all = g_byte_array_new();

    g_byte_array_append(all, device, sizeof device);
    g_byte_array_append(all, head, sizeof head);
    g_byte_array_append(all, rest, (guint)size);
    g_autoptr(GBytes) bytes = g_bytes_new(all->data, all->len);
    return fuzz_camera_new(bytes, TRUE);
}

/* What follows the configuration descriptor as a guest is told. */
static gsize told(const guint8 *rest, gsize size, guint8 ret_bytes[FUZZ_CONTROL_MOST])
{
    FuzzCamera *camera = camera_with(rest, size);
    gssize all = fuzz_camera_descriptor(camera, 2, 0, ret_bytes);

    g_assert_cmpint(all, ==, ret_bytes[2] | ret_bytes[3] << 8);
    memmove(ret_bytes, ret_bytes + 9, (gsize)all - 9);
    fuzz_camera_free(camera);
    return (gsize)all - 9;
}

static void test_whole(void)
{
    static const guint8 rest[] = {CONTROL, HEADER, STREAM, COLOR, 7, 5, 0x81, 2, 0, 2, 0};
    guint8 bytes[FUZZ_CONTROL_MOST];

    g_assert_cmpuint(told(rest, sizeof rest, bytes), ==, sizeof rest + 9);
    g_assert_cmpmem(bytes, sizeof rest, rest, sizeof rest);
    g_assert_cmpuint(bytes[sizeof rest + 2], ==, 2); /* a number that is free */
    g_assert_cmpuint(bytes[sizeof rest + 8], !=, 0);
}

/* Not a byte is added behind a descriptor that may be shorter than who reads it thinks. */
static void test_class_specific(void)
{
    static const guint8 rest[] = {CONTROL, HEADER, STREAM, COLOR};
    const gsize name = sizeof rest - 6 - 1; /* iInterface of the last */
    guint8 bytes[FUZZ_CONTROL_MOST];

    g_assert_cmpuint(told(rest, sizeof rest, bytes), ==, sizeof rest);
    g_assert_cmpuint(bytes[name], !=, 0);
    bytes[name] = 0;
    g_assert_cmpmem(bytes, sizeof rest, rest, sizeof rest);
}

/* Its string would be asked for before it has been looked at. */
static void test_control_is_last(void)
{
    static const guint8 rest[] = {CONTROL, HEADER};
    guint8 bytes[FUZZ_CONTROL_MOST];

    g_assert_cmpuint(told(rest, sizeof rest, bytes), ==, sizeof rest);
    g_assert_cmpmem(bytes, sizeof rest, rest, sizeof rest);
}

static void test_cut(void)
{
    static const guint8 endpoint[] = {CONTROL, HEADER, STREAM, 4, 5, 0x81, 2};
    static const guint8 fragment[] = {CONTROL, HEADER, STREAM, 7, 5, 0x81, 2, 0, 2, 0, 9};
    guint8 bytes[FUZZ_CONTROL_MOST];

    g_assert_cmpuint(told(endpoint, sizeof endpoint, bytes), ==, sizeof endpoint);
    g_assert_cmpuint(told(fragment, sizeof fragment, bytes), ==, sizeof fragment);
}

static void test_pictures(void)
{
    static const guint8 rest[] = {CONTROL, HEADER, STREAM};
    FuzzCamera *camera = camera_with(rest, sizeof rest);
    guint8 bytes[64];

    fuzz_camera_set_picture(camera, 100);
    g_assert_cmpuint(fuzz_camera_payload(camera, bytes, sizeof bytes), ==, 64);
    g_assert_cmphex(bytes[1] & 2, ==, 0);
    g_assert_cmpuint(fuzz_camera_payload(camera, bytes, sizeof bytes), ==, 12 + 100 - 52);
    g_assert_cmphex(bytes[1] & 2, ==, 2);
    fuzz_camera_free(camera);
}

/* Time goes by from payload to payload, a picture keeps its own; headers alone are of the next. */
static void test_headers(void)
{
    static const guint8 rest[] = {CONTROL, HEADER, STREAM};
    FuzzCamera *camera = camera_with(rest, sizeof rest);
    guint8 first[64], second[64], header[255];

    fuzz_camera_set_picture(camera, 100);
    fuzz_camera_payload(camera, first, sizeof first);
    fuzz_camera_payload(camera, second, sizeof second);
    g_assert_cmphex(first[1] & 0xfd, ==, second[1] & 0xfd);
    g_assert_cmpmem(first + 2, 4, second + 2, 4);
    g_assert_true(memcmp(first + 6, second + 6, 4) != 0);
    g_assert_cmpuint(second[10], ==, first[10] + 1);

    g_assert_cmpuint(fuzz_camera_header(camera, header, 255), ==, 255);
    g_assert_cmpuint(header[0], ==, 255);
    g_assert_cmphex(header[1], ==, (second[1] & 0xfd) ^ 1);
    g_assert_cmpuint(header[10], ==, second[10] + 1);
    fuzz_camera_payload(camera, first, sizeof first);
    g_assert_cmphex(first[1], ==, header[1]);
    g_assert_cmpuint(fuzz_camera_header(camera, header, 2), ==, 2);
    g_assert_cmphex(header[1], ==, 0x80 | (first[1] & 1));
    g_assert_cmpuint(fuzz_camera_header(camera, header, 1), ==, 0);
    fuzz_camera_free(camera);
}

/* Extension units' controls have lengths of their own, each the same whenever it is asked. */
static void test_lengths(void)
{
    static const guint8 rest[] = {CONTROL, HEADER, STREAM};
    FuzzCamera *camera = camera_with(rest, sizeof rest);
    guint8 bytes[FUZZ_CONTROL_MOST], least = 255, most = 0;

    for (guint16 selector = 1; selector <= 32; selector++) {
        const FuzzSetup setup = {0xa1, 0x85, (guint16)(selector << 8), 5 << 8, 2};
        g_assert_cmpuint(fuzz_camera_class_in(camera, &setup, bytes), ==, 2);
        g_assert_cmpuint(bytes[1], ==, 0);
        least = MIN(least, bytes[0]);
        most = MAX(most, bytes[0]);
    }
    g_assert_cmpuint(least, ==, 1);
    g_assert_cmpuint(most, >, 32);
    fuzz_camera_free(camera);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/camera/whole", test_whole);
    g_test_add_func("/fuzz/camera/ends-class-specific", test_class_specific);
    g_test_add_func("/fuzz/camera/control-is-last", test_control_is_last);
    g_test_add_func("/fuzz/camera/ends-cut", test_cut);
    g_test_add_func("/fuzz/camera/pictures", test_pictures);
    g_test_add_func("/fuzz/camera/headers", test_headers);
    g_test_add_func("/fuzz/camera/lengths", test_lengths);
    return g_test_run();
}
