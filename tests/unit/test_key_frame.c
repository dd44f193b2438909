/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames as encoders write them, and what they say about themselves. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "vcam/key_frame.h"

#define MOST 32

static const struct {
    uint32_t fourcc;
    const char *bytes; /* hexadecimal */
    bool is_key;
} rows[] = {
    {VCAM_H264, "000001 65 88", true},                                /* IDR */
    {VCAM_H264, "00000001 09f0 00000001 67 42 00000001 68 ce", true}, /* delimiter, SPS, PPS */
    {VCAM_H264, "000001 09f0 000001 06 05 0180 000001 65", true},     /* delimiter, SEI, IDR */
    {VCAM_H264, "000001 27 42", true},                                /* SPS, nal_ref_idc 1 */
    {VCAM_H264, "000001 41 9a", false},                               /* slice */
    {VCAM_H264, "00000001 09f0 00000001 01 9e", false},               /* not a reference */
    {VCAM_H264, "000001 42 00", false},                               /* data partition A */
    {VCAM_H264, "000001 41 9a 000001 65", false},                     /* the first slice decides */
    {VCAM_H264, "000001 68 ce", false},                               /* a PPS alone */
    {VCAM_H264, "000001 06 05 000001", false},                        /* ends in a start code */
    {VCAM_H264, "000002 65 000065 010065 000001", true},              /* no NAL unit at all */
    {VCAM_H264, "00000000 000001 41", false},                         /* leading zeros */
    {VCAM_H264, "00", true},
    {VCAM_HEVC, "000001 2601", true},               /* IDR_W_RADL */
    {VCAM_HEVC, "000001 2001", true},               /* BLA_W_LP */
    {VCAM_HEVC, "000001 2a01", true},               /* CRA */
    {VCAM_HEVC, "00000001 4601 00000001 40", true}, /* delimiter, VPS */
    {VCAM_HEVC, "000001 4201", true},               /* SPS */
    {VCAM_HEVC, "000001 4401", true},               /* PPS */
    {VCAM_HEVC, "000001 0201", false},              /* TRAIL_R */
    {VCAM_HEVC, "000001 4601 000001 0001", false},  /* delimiter, TRAIL_N */
    {VCAM_HEVC, "000001 1201 000001 2601", false},  /* RASL_R */
    {VCAM_MJPEG, "000001 41 9a", true},
    {VCAM_YUY2, "000001 41 9a", true},
};

static void test_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct vcam_mode mode = {rows[i].fourcc, 640, 480, 333333};
        unsigned size = 0, byte;
        uint8_t bytes[MOST];
        int used;
        for (const char *at = rows[i].bytes; sscanf(at, "%2x%n", &byte, &used) == 1; at += used)
            bytes[size++] = byte;
        /* Exactly as long as it is, so that ASan sees each byte too far. */
        struct vcam_frame *frame = vcam_frame_new(&mode, size);
        memcpy(frame->data, bytes, size);
        if (vcam_is_key_frame(frame) != rows[i].is_key)
            g_error("%s is %sa key frame", rows[i].bytes, rows[i].is_key ? "" : "no ");
        vcam_frame_unref(frame);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-frame/rows", test_rows);
    return g_test_run();
}
