/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the virtual camera share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vcam_fixture.h"
#include "vcam/profile.h"

/* ---- The camera behind the device ---- */

static void on_start(void *user, const struct vcam_mode *mode)
{
    struct fixture *f = user;
    g_assert_false(f->on);
    f->on = true;
    f->starts++;
    f->mode = *mode;
    struct vcam_frame *frame = g_steal_pointer(&f->frame_at_start);
    if (frame)
        vcam_device_push_frame(f->device, frame, f->now_us);
}

static void on_stop(void *user)
{
    struct fixture *f = user;
    g_assert_true(f->on);
    f->on = false;
    f->stops++;
}

static int on_control_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    struct fixture *f = user;
    if (!f->control_result)
        *ret_value = f->controls[id];
    return f->control_result;
}

static int on_control_set(void *user, enum vcam_control_id id, int32_t value)
{
    struct fixture *f = user;
    if (!f->control_result)
        f->controls[id] = value;
    return f->control_result;
}

static void on_frame_event(void *user, const struct vcam_frame *frame, enum vcam_frame_event event,
                           int64_t now_us)
{
    struct fixture *f = user;
    g_assert_cmpint(now_us, <=, f->now_us);
    f->events[event]++;
    f->last_event_frame[event] = frame->number;
}

static void on_ready(void *user, uint8_t bEndpointAddress)
{
    struct fixture *f = user;
    if (bEndpointAddress == VCAM_STREAM_ENDPOINT)
        f->stream_ready++;
    else if (bEndpointAddress == VCAM_STATUS_ENDPOINT)
        f->status_ready++;
    else
        g_assert_not_reached();
}

void fixture_offer(struct vcam_offer *offer, uint32_t fourcc, uint16_t wWidth, uint16_t wHeight,
                   const unsigned *fps)
{
    for (; *fps; fps++) {
        struct vcam_mode mode = {fourcc, wWidth, wHeight, FIXTURE_FPS(*fps)};
        g_assert_true(vcam_offer_add(offer, &mode));
    }
}

void fixture_default_offer(struct vcam_offer *ret_offer)
{
    memset(ret_offer, 0, sizeof(*ret_offer));
    fixture_offer(ret_offer, VCAM_YUY2, 640, 480, (const unsigned[]){30, 15, 0});
    fixture_offer(ret_offer, VCAM_YUY2, 160, 120, (const unsigned[]){30, 5, 0});
    fixture_offer(ret_offer, VCAM_YUY2, 1280, 720, (const unsigned[]){10, 0});
    fixture_offer(ret_offer, VCAM_MJPEG, 640, 480, (const unsigned[]){60, 30, 25, 0});
    fixture_offer(ret_offer, VCAM_MJPEG, 1280, 720, (const unsigned[]){30, 0});
}

void fixture_default_controls(struct vcam_control_list *ret_controls)
{
    static const struct vcam_control_range ranges[] = {
        {VCAM_PU_BRIGHTNESS, -64, 64, 1, 0, 0},
        {VCAM_PU_POWER_LINE_FREQUENCY, 0, 2, 1, 1, 0},
        {VCAM_CT_AE_MODE, 1, 8, 0x09, 8, 0},
        {VCAM_CT_EXPOSURE_TIME_ABSOLUTE, 3, 2047, 1, 250, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_PAN_ABSOLUTE, -36000, 36000, 3600, 0, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_TILT_ABSOLUTE, -18000, 18000, 3600, 0, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_PRIVACY, 0, 1, 1, 0, VCAM_CONTROL_READONLY | VCAM_CONTROL_AUTOUPDATE},
    };
    *ret_controls = (struct vcam_control_list){.count = G_N_ELEMENTS(ranges)};
    memcpy(ret_controls->items, ranges, sizeof(ranges));
}

void fixture_init(struct fixture *fixture, enum vcam_speed speed, enum vcam_transfer transfer,
                  uint16_t bcdUVC, const struct vcam_offer *offer)
{
    struct vcam_offer default_offer;
    struct vcam_control_list controls;
    const struct vcam_profile_options options = {
        .speed = speed,
        .transfer = transfer,
        .idVendor = 0x1209,
        .idProduct = 0x0001,
        .bcdDevice = 0x0102,
        .bcdUVC = bcdUVC,
        .manufacturer = "Ab",
        .product = "Cam",
        .serial = "7",
    };

    fixture_default_offer(&default_offer);
    fixture_default_controls(&controls);
    memset(fixture, 0, sizeof(*fixture));
    fixture->now_us = 1000000;
    for (unsigned i = 0; i < controls.count; i++)
        fixture->controls[controls.items[i].id] = controls.items[i].def;
    struct vcam_profile *profile =
        vcam_profile_new(offer ? offer : &default_offer, &controls, &options, NULL);
    fixture_replace(fixture, profile);
}

void fixture_replace(struct fixture *fixture, struct vcam_profile *profile)
{
    const struct vcam_device_ops ops = {on_start,       on_stop,        on_control_get,
                                        on_control_set, on_frame_event, fixture};
    g_assert_nonnull(profile);
    vcam_device_free(fixture->device);
    fixture->device = vcam_device_new(profile, &ops);
    g_assert_nonnull(fixture->device);
    vcam_device_set_ready_func(fixture->device, on_ready, fixture);
}

void fixture_clear(struct fixture *fixture)
{
    vcam_device_free(fixture->device);
    g_assert_false(fixture->on);
    g_assert_cmpuint(fixture->starts, ==, fixture->stops);
}

/* ---- Conversations ---- */

static char *hex(const uint8_t *bytes, size_t n)
{
    GString *s = g_string_new(NULL);
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(s, "%s%02x", i ? " " : "", bytes[i]);
    return g_string_free(s, FALSE);
}

void fixture_assert_bytes(const char *what, const uint8_t *got, size_t n_got,
                          const uint8_t *expected, size_t n_expected)
{
    if (n_got == n_expected && !memcmp(got, expected, n_got))
        return;
    g_autofree char *is = hex(got, n_got), *should = hex(expected, n_expected);
    g_error("%s:\n  expected %zu: %s\n  got      %zu: %s", what, n_expected, should, n_got, is);
}

static bool matches(const char *expected, enum vcam_answer answer, const uint8_t *bytes, size_t n)
{
    if (!strcmp(expected, "ACK") || !strcmp(expected, "STALL"))
        return answer == (*expected == 'A' ? VCAM_ACK : VCAM_STALL);
    if (answer != VCAM_DATA)
        return false;
    size_t i = 0;
    for (const char *at = expected; *at; at += strspn(at, " ")) {
        if (!strcmp(at, "*total"))
            return n >= 4 && n == bytes[2] + 256u * bytes[3];
        if (*at == '*')
            return !at[1] || n == strtoul(at + 1, NULL, 10);
        if (i == n || (*at != '.' && bytes[i] != strtoul((char[]){at[0], at[1], 0}, NULL, 16)))
            return false;
        i++;
        at += 2;
    }
    return i == n;
}

void fixture_ask(struct fixture *fixture, const char *what, struct fixture_setup s,
                 const uint8_t *out, const char *expected)
{
    const struct vcam_setup setup = {s.bmRequestType, s.bRequest, s.wValue, s.wIndex, s.wLength};
    /* Exactly as long as the host says, so that ASan sees each byte too far. */
    g_autofree uint8_t *data = s.wLength ? g_malloc0(s.wLength) : NULL;
    size_t len = 0;

    if (out && s.wLength)
        memcpy(data, out, s.wLength);
    enum vcam_answer answer =
        vcam_device_control(fixture->device, &setup, data, &len, fixture->now_us);
    g_assert_cmpuint(len, <=, s.wLength);
    if (matches(expected, answer, data, len))
        return;
    static const char *const answers[] = {"ACK", "", "NAK", "STALL"};
    g_autofree char *got = hex(data, len);
    g_error("%s: %02x %02x wValue %04x wIndex %04x wLength %u\n  expected %s\n  got      %s%s",
            what, s.bmRequestType, s.bRequest, s.wValue, s.wIndex, s.wLength, expected,
            answers[answer], got);
}

void fixture_talk(struct fixture *fixture, const struct fixture_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t out[64] = {0};
        const char *at = rows[i].out;
        for (size_t k = 0; at && *at && k < sizeof(out); k++) {
            out[k] = strtoul(at, (char **)&at, 16);
            at += strspn(at, " ");
        }
        bool is_out = !(rows[i].setup.bmRequestType & 0x80);
        g_assert_true(!is_out || rows[i].setup.wLength <= sizeof(out));
        fixture_ask(fixture, rows[i].what, rows[i].setup, is_out ? out : NULL, rows[i].expected);
    }
}

size_t fixture_get(struct fixture *fixture, struct fixture_setup s, uint8_t *ret_bytes)
{
    const struct vcam_setup setup = {s.bmRequestType, s.bRequest, s.wValue, s.wIndex, s.wLength};
    size_t len = 0;
    g_assert_cmpint(vcam_device_control(fixture->device, &setup, ret_bytes, &len, fixture->now_us),
                    ==, VCAM_DATA);
    return len;
}

void fixture_configure(struct fixture *fixture)
{
    fixture_ask(fixture, "SET_CONFIGURATION", (struct fixture_setup){0x00, 9, 1, 0, 0}, NULL,
                "ACK");
}

static void put_le32(uint8_t *to, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = value >> 8 * i;
}

static uint32_t get_le32(const uint8_t *from)
{
    return from[0] | from[1] << 8 | from[2] << 16 | (uint32_t)from[3] << 24;
}

static void find_indexes(const struct vcam_offer *offer, const struct vcam_mode *mode,
                         uint8_t *ret_format, uint8_t *ret_frame)
{
    for (unsigned i = 0; i < offer->n_formats; i++)
        for (unsigned j = 0; j < offer->formats[i].n_sizes; j++)
            if (offer->formats[i].fourcc == mode->fourcc &&
                offer->formats[i].sizes[j].wWidth == mode->wWidth &&
                offer->formats[i].sizes[j].wHeight == mode->wHeight) {
                *ret_format = i + 1;
                *ret_frame = j + 1;
                return;
            }
    g_assert_not_reached();
}

uint32_t fixture_commit(struct fixture *fixture, const struct vcam_mode *mode)
{
    const struct vcam_profile *profile = vcam_device_profile(fixture->device);
    uint8_t probe[48] = {1}, answer[64];
    find_indexes(vcam_profile_offer(profile), mode, &probe[2], &probe[3]);
    put_le32(probe + 4, mode->dwFrameInterval);
    fixture_ask(fixture, "SET_CUR(PROBE)", (struct fixture_setup){0x21, 1, 0x100, 1, 26}, probe,
                "ACK");
    size_t len = fixture_get(fixture, (struct fixture_setup){0xa1, 0x81, 0x100, 1, 64}, answer);
    g_assert_cmpuint(get_le32(answer + 4), ==, mode->dwFrameInterval);
    fixture_ask(fixture, "SET_CUR(COMMIT)", (struct fixture_setup){0x21, 1, 0x200, 1, len}, answer,
                "ACK");
    return get_le32(answer + 22);
}

void fixture_select(struct fixture *fixture, uint32_t payload)
{
    const struct vcam_profile *profile = vcam_device_profile(fixture->device);
    struct vcam_endpoint endpoints[2];
    for (unsigned i = 0; i < vcam_profile_alternates(profile); i++) {
        if (vcam_profile_endpoints(profile, i, endpoints) < 2 ||
            endpoints[1].max_packet_size < payload)
            continue;
        fixture_ask(fixture, "SET_INTERFACE", (struct fixture_setup){0x01, 11, i, 1, 0}, NULL,
                    "ACK");
        return;
    }
    g_assert_not_reached();
}

struct vcam_frame *fixture_frame(const struct vcam_mode *mode, size_t size, uint64_t number)
{
    struct vcam_frame *frame = vcam_frame_new(mode, size);
    g_assert_nonnull(frame);
    frame->number = number;
    frame->capture_us = number * 1000;
    for (size_t i = 0; i < size; i++)
        frame->data[i] = (number * 31 + i * 7 + i / 251) & 0xff;
    return frame;
}
