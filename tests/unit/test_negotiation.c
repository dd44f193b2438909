/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROBE and COMMIT over the control pipe: every format, frame and interval of several cameras, and
   what hosts send that is none of them. */
#include <string.h>

#include "tests/unit/vcam_fixture.h"

/* The fields that a host reads, at their places on the wire (UVC 1.1, 4.3.1.1). */
struct wire {
    uint8_t bytes[64];
    size_t len;
};

static uint32_t field(const struct wire *wire, unsigned offset, unsigned size)
{
    uint32_t value = 0;
    g_assert_cmpuint(offset + size, <=, wire->len);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)wire->bytes[offset + i] << 8 * i;
    return value;
}

#define BM_HINT(w)          field(w, 0, 2)
#define FORMAT_INDEX(w)     field(w, 2, 1)
#define FRAME_INDEX(w)      field(w, 3, 1)
#define FRAME_INTERVAL(w)   field(w, 4, 4)
#define MAX_FRAME_SIZE(w)   field(w, 18, 4)
#define MAX_PAYLOAD_SIZE(w) field(w, 22, 4)
#define CLOCK_FREQUENCY(w)  field(w, 26, 4)

enum { PROBE = 0x100, COMMIT = 0x200 };
enum { CUR = 0x81, MIN, MAX, RES, LEN, INFO, DEF };

static struct wire get(struct fixture *f, uint16_t control, uint8_t request)
{
    struct wire wire;
    wire.len = fixture_get(f, (struct fixture_setup){0xa1, request, control, 1, 64}, wire.bytes);
    return wire;
}

static void set(struct fixture *f, uint16_t control, uint8_t format, uint8_t frame,
                uint32_t interval, uint16_t len, const char *expected)
{
    uint8_t bytes[64] = {1, 0, format, frame};
    for (unsigned i = 0; i < 4; i++)
        bytes[4 + i] = interval >> 8 * i;
    /* A host's idea of sizes is no business of ours. */
    memset(bytes + 18, 0xff, 8);
    fixture_ask(f, control == PROBE ? "SET_CUR(PROBE)" : "SET_CUR(COMMIT)",
                (struct fixture_setup){0x21, 1, control, 1, len}, bytes, expected);
}

static const struct {
    enum vcam_speed speed;
    enum vcam_transfer transfer;
    uint16_t bcdUVC;
    size_t length;
} cameras[] = {
    {VCAM_SPEED_FULL, VCAM_TRANSFER_BULK, 0x0110, 34},
    {VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, 0x0100, 26},
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0x0100, 26},
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0x0000, 34}, /* the default is 1.10 */
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0x0150, 48},
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x0110, 34},
    {VCAM_SPEED_SUPER, VCAM_TRANSFER_BULK, 0x0150, 48},
    {VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, 0x0110, 34},
};

static void each_camera(void (*test)(struct fixture *f, size_t length))
{
    for (size_t i = 0; i < G_N_ELEMENTS(cameras); i++) {
        struct fixture f;
        fixture_init(&f, cameras[i].speed, cameras[i].transfer, cameras[i].bcdUVC, NULL);
        fixture_configure(&f);
        test(&f, cameras[i].length);
        fixture_clear(&f);
    }
}

/* ---- Every mode ---- */

static void check_sizes(struct fixture *f, const struct vcam_mode *mode, const struct wire *wire)
{
    const struct vcam_profile *profile = vcam_device_profile(f->device);
    uint32_t size = vcam_mode_max_frame_size(mode), payload = MAX_PAYLOAD_SIZE(wire);
    struct vcam_endpoint endpoints[2];
    bool found = false;

    g_assert_cmpuint(MAX_FRAME_SIZE(wire), ==, size);
    if (vcam_profile_options(profile)->transfer == VCAM_TRANSFER_BULK) {
        g_assert_cmpuint(payload % VCAM_PAYLOAD_UNIT, ==, 0);
        g_assert_cmpuint(payload, >=, size + VCAM_MAX_HEADER);
        g_assert_cmpuint(payload, <, size + VCAM_MAX_HEADER + VCAM_PAYLOAD_UNIT);
        return;
    }
    /* An alternate setting has exactly that (uvc-rules L5), and it is enough for raw video. */
    for (unsigned i = 1; i < vcam_profile_alternates(profile); i++)
        found |= vcam_profile_endpoints(profile, i, endpoints) == 2 &&
                 endpoints[1].max_packet_size == payload;
    g_assert_true(found);
    uint64_t interval = vcam_profile_options(profile)->speed == VCAM_SPEED_FULL ? 10000 : 1250;
    if (mode->fourcc != VCAM_MJPEG)
        g_assert_cmpuint(mode->dwFrameInterval / interval * (payload - 12), >=, size);
}

static void every_mode(struct fixture *f, size_t length)
{
    const struct vcam_offer *offer = vcam_profile_offer(vcam_device_profile(f->device));
    struct vcam_device_state state;

    for (unsigned i = 0; i < offer->n_formats; i++)
        for (unsigned j = 0; j < offer->formats[i].n_sizes; j++)
            for (unsigned k = 0; k < offer->formats[i].sizes[j].n_intervals; k++) {
                const struct vcam_size_offer *size = &offer->formats[i].sizes[j];
                const struct vcam_mode mode = {offer->formats[i].fourcc, size->wWidth,
                                               size->wHeight, size->dwFrameInterval[k]};
                set(f, PROBE, i + 1, j + 1, mode.dwFrameInterval, length, "ACK");
                struct wire probe = get(f, PROBE, CUR);
                g_assert_cmpuint(probe.len, ==, length);
                g_assert_cmpuint(BM_HINT(&probe), ==, 1);
                g_assert_cmpuint(FORMAT_INDEX(&probe), ==, i + 1);
                g_assert_cmpuint(FRAME_INDEX(&probe), ==, j + 1);
                g_assert_cmpuint(FRAME_INTERVAL(&probe), ==, mode.dwFrameInterval);
                check_sizes(f, &mode, &probe);
                fixture_ask(f, "SET_CUR(COMMIT)",
                            (struct fixture_setup){0x21, 1, COMMIT, 1, length}, probe.bytes, "ACK");
                struct wire commit = get(f, COMMIT, CUR);
                fixture_assert_bytes("COMMIT", commit.bytes, commit.len, probe.bytes, probe.len);
                vcam_device_get_state(f->device, &state);
                g_assert_cmpmem(&state.mode, sizeof(mode), &mode, sizeof(mode));
                g_assert_cmpuint(state.dwMaxPayloadTransferSize, ==, MAX_PAYLOAD_SIZE(&probe));
                struct wire min = get(f, PROBE, MIN), max = get(f, PROBE, MAX);
                g_assert_cmpuint(FRAME_INTERVAL(&min), ==, size->dwFrameInterval[0]);
                g_assert_cmpuint(FRAME_INTERVAL(&max), ==,
                                 size->dwFrameInterval[size->n_intervals - 1]);
                g_assert_cmpuint(min.len, ==, length);
                g_assert_cmpuint(max.len, ==, length);
            }
    g_assert_cmpuint(f->starts, ==, 0); /* a commit alone starts nothing */
}

static void test_every_mode(void)
{
    each_camera(every_mode);
}

/* ---- Other requests ---- */

static void other_requests(struct fixture *f, size_t length)
{
    const struct fixture_row rows[] = {
        {"GET_INFO(PROBE)", {0xa1, INFO, PROBE, 1, 1}, NULL, "03"},
        {"GET_INFO(COMMIT)", {0xa1, INFO, COMMIT, 1, 1}, NULL, "03"},
        {"GET_MIN(COMMIT)", {0xa1, MIN, COMMIT, 1, 64}, NULL, "STALL"},
        {"GET_DEF(COMMIT)", {0xa1, DEF, COMMIT, 1, 64}, NULL, "STALL"},
        {"GET_CUR, shorter", {0xa1, CUR, PROBE, 1, 8}, NULL, "00 00 01 01 .. .. .. 00"},
        {"GET_CUR, nothing", {0xa1, CUR, PROBE, 1, 0}, NULL, ""},
        {"GET_DEF, 26", {0xa1, DEF, PROBE, 1, 26}, NULL, "00 00 01 01 .. .. .. 00 *26"},
        {"GET_RES", {0xa1, RES, PROBE, 1, 26}, NULL, "00 00 00 00 00 00 00 00 *26"},
        {"GET_CUR(STREAM_ERROR)", {0xa1, CUR, 0x600, 1, 1}, NULL, "00"},
        {"GET_INFO(STREAM_ERROR)", {0xa1, INFO, 0x600, 1, 1}, NULL, "01"},
        {"GET_LEN(STREAM_ERROR)", {0xa1, LEN, 0x600, 1, 2}, NULL, "01 00"},
        {"SET_CUR(STREAM_ERROR)", {0x21, 1, 0x600, 1, 1}, NULL, "STALL"},
        {"GET_CUR(STILL_PROBE)", {0xa1, CUR, 0x300, 1, 11}, NULL, "STALL"},
        {"GET_CUR(0)", {0xa1, CUR, 0, 1, 11}, NULL, "STALL"},
        {"entity in wIndex", {0xa1, CUR, PROBE, 0x101, 34}, NULL, "STALL"},
        {"low byte in wValue", {0xa1, CUR, PROBE | 1, 1, 34}, NULL, "STALL"},
        {"no such request", {0xa1, 0x88, PROBE, 1, 34}, NULL, "STALL"},
        {"GET as OUT", {0x21, CUR, PROBE, 1, 34}, NULL, "STALL"},
        {"SET as IN", {0xa1, 1, PROBE, 1, 34}, NULL, "STALL"},
    };
    const uint8_t expected[] = {length, 0};
    fixture_talk(f, rows, G_N_ELEMENTS(rows));
    for (unsigned control = PROBE; control <= COMMIT; control += 0x100) {
        struct wire len = get(f, control, LEN);
        fixture_assert_bytes("GET_LEN", len.bytes, len.len, expected, 2);
    }
    struct wire def = get(f, PROBE, DEF), commit = get(f, COMMIT, CUR);
    fixture_assert_bytes("COMMIT before any", commit.bytes, commit.len, def.bytes, def.len);
    if (length >= 34)
        g_assert_cmpuint(CLOCK_FREQUENCY(&def), ==, 1000000);
}

static void test_other_requests(void)
{
    each_camera(other_requests);
}

/* uvc-rules M2: 26, 34 and 48 are taken whatever the version; no other length is. */
static void every_length(struct fixture *f, size_t length)
{
    for (unsigned len = 0; len <= 64; len++) {
        bool good = len == 26 || len == 34 || len == 48;
        set(f, PROBE, 1, 1, 333333, len, good ? "ACK" : "STALL");
        set(f, COMMIT, 1, 1, 333333, len, good ? "ACK" : "STALL");
    }
    struct wire probe = get(f, PROBE, CUR);
    g_assert_cmpuint(probe.len, ==, length);
}

static void test_every_length(void)
{
    each_camera(every_length);
}

/* ---- What there is not ---- */

static void test_nearest(void)
{
    static const struct {
        uint8_t format, frame;
        uint32_t interval;
        uint8_t is_format, is_frame;
        uint32_t is_interval;
    } rows[] = {
        {2, 1, 1, 2, 1, 166666},          /* faster than the fastest */
        {2, 1, UINT32_MAX, 2, 1, 400000}, /* slower than the slowest */
        {2, 1, 333332, 2, 1, 333333},     {2, 1, 380000, 2, 1, 400000},
        {2, 1, 250000, 2, 1, 333333},     {2, 1, 0, 2, 1, 333333},
        {1, 2, 1000000, 1, 2, 333333},    {1, 2, 1500000, 1, 2, 2000000},
        {1, 4, 666666, 1, 1, 666666},     {1, 0, 666666, 1, 1, 666666},
        {1, 255, 0, 1, 1, 333333},        {0, 0, 0, 1, 1, 333333},
        {3, 1, 0, 1, 1, 333333},          {255, 2, 333333, 1, 1, 333333},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    fixture_configure(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        set(&f, PROBE, rows[i].format, rows[i].frame, rows[i].interval, 34, "ACK");
        struct wire probe = get(&f, PROBE, CUR);
        g_assert_cmpuint(FORMAT_INDEX(&probe), ==, rows[i].is_format);
        g_assert_cmpuint(FRAME_INDEX(&probe), ==, rows[i].is_frame);
        g_assert_cmpuint(FRAME_INTERVAL(&probe), ==, rows[i].is_interval);
        bool exists = rows[i].format == rows[i].is_format && rows[i].frame == rows[i].is_frame;
        set(&f, COMMIT, rows[i].format, rows[i].frame, rows[i].interval, 34,
            exists ? "ACK" : "STALL");
        fixture_ask(&f, "REQUEST_ERROR_CODE", (struct fixture_setup){0xa1, CUR, 0x200, 0, 1}, NULL,
                    exists ? "00" : "04");
        struct wire commit = get(&f, COMMIT, CUR);
        if (exists)
            g_assert_cmpuint(FRAME_INTERVAL(&commit), ==, rows[i].is_interval);
    }
    fixture_clear(&f);
}

/* By isochronous transfer every mode goes out in the largest packets that the speed has. */
static void test_iso_payload(void)
{
    static const struct {
        enum vcam_speed speed;
        uint32_t payload;
    } rows[] = {{VCAM_SPEED_FULL, 1023}, {VCAM_SPEED_HIGH, 3060}, {VCAM_SPEED_SUPER, 49152}};
    static const struct vcam_mode modes[] = {{VCAM_YUY2, 160, 120, 666666},
                                             {VCAM_MJPEG, 320, 240, 333333}};
    struct vcam_offer offer = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
        g_assert_true(vcam_offer_add(&offer, &modes[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture f;
        fixture_init(&f, rows[i].speed, VCAM_TRANSFER_ISO, 0, &offer);
        fixture_configure(&f);
        for (size_t m = 0; m < G_N_ELEMENTS(modes); m++)
            g_assert_cmpuint(fixture_commit(&f, &modes[m]), ==, rows[i].payload);
        fixture_clear(&f);
    }
}

/* Configuration and reset forget what was negotiated. */
static void test_forgets(void)
{
    const struct vcam_mode mode = {VCAM_MJPEG, 1280, 720, 333333};
    struct vcam_device_state state;
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    for (unsigned i = 0; i < 2; i++) {
        fixture_configure(&f);
        fixture_commit(&f, &mode);
        vcam_device_get_state(f.device, &state);
        g_assert_cmpuint(state.mode.wWidth, ==, 1280);
        if (i)
            vcam_device_reset(f.device, f.now_us);
        fixture_configure(&f);
        struct wire probe = get(&f, PROBE, CUR);
        g_assert_cmpuint(FORMAT_INDEX(&probe), ==, 1);
        vcam_device_get_state(f.device, &state);
        g_assert_cmpuint(state.mode.wWidth, ==, 0);
    }
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/negotiation/every-mode", test_every_mode);
    g_test_add_func("/negotiation/other-requests", test_other_requests);
    g_test_add_func("/negotiation/every-length", test_every_length);
    g_test_add_func("/negotiation/nearest", test_nearest);
    g_test_add_func("/negotiation/iso-payload", test_iso_payload);
    g_test_add_func("/negotiation/forgets", test_forgets);
    return g_test_run();
}
