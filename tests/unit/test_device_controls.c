/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Camera terminal and processing unit: ranges, values, error codes, status packets. The fixture's
   controls: brightness -64..64, power line 0..2, AE mode 1|8, exposure 3..2047, pan and tilt,
   privacy (read-only). */
#include <errno.h>
#include <string.h>

#include "tests/unit/vcam_fixture.h"

#define TALK(f, rows) fixture_talk(f, rows, G_N_ELEMENTS(rows))

static void init(struct fixture *f)
{
    fixture_init(f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    fixture_configure(f);
}

/* Every request to every control, and to the two bytes' neighbours. */
static void test_requests(void)
{
    static const struct fixture_row rows[] = {
        {"brightness min", {0xa1, 0x82, 0x0200, 0x0200, 2}, NULL, "c0 ff"},
        {"brightness max", {0xa1, 0x83, 0x0200, 0x0200, 2}, NULL, "40 00"},
        {"brightness res", {0xa1, 0x84, 0x0200, 0x0200, 2}, NULL, "01 00"},
        {"brightness def", {0xa1, 0x87, 0x0200, 0x0200, 2}, NULL, "00 00"},
        {"brightness len", {0xa1, 0x85, 0x0200, 0x0200, 2}, NULL, "02 00"},
        {"brightness info", {0xa1, 0x86, 0x0200, 0x0200, 1}, NULL, "03"},
        {"brightness cur", {0xa1, 0x81, 0x0200, 0x0200, 2}, NULL, "00 00"},
        {"brightness cur, 1 byte", {0xa1, 0x81, 0x0200, 0x0200, 1}, NULL, "00"},
        {"brightness cur, 9 bytes", {0xa1, 0x81, 0x0200, 0x0200, 9}, NULL, "00 00"},
        {"brightness -64", {0x21, 1, 0x0200, 0x0200, 2}, "c0 ff", "ACK"},
        {"brightness is -64", {0xa1, 0x81, 0x0200, 0x0200, 2}, NULL, "c0 ff"},
        {"AE mode res", {0xa1, 0x84, 0x0200, 0x0100, 1}, NULL, "09"},
        {"AE mode def", {0xa1, 0x87, 0x0200, 0x0100, 1}, NULL, "08"},
        {"AE mode min", {0xa1, 0x82, 0x0200, 0x0100, 1}, NULL, "STALL"},
        {"AE mode max", {0xa1, 0x83, 0x0200, 0x0100, 1}, NULL, "STALL"},
        {"exposure max", {0xa1, 0x83, 0x0400, 0x0100, 4}, NULL, "ff 07 00 00"},
        {"exposure, while automatic", {0xa1, 0x86, 0x0400, 0x0100, 1}, NULL, "0f"},
        {"AE mode manual", {0x21, 1, 0x0200, 0x0100, 1}, "01", "ACK"},
        {"exposure, manual", {0xa1, 0x86, 0x0400, 0x0100, 1}, NULL, "0b"},
        {"exposure 1000", {0x21, 1, 0x0400, 0x0100, 4}, "e8 03 00 00", "ACK"},
        {"pan and tilt min", {0xa1, 0x82, 0x0d00, 0x0100, 8}, NULL, "60 73 ff ff b0 b9 ff ff"},
        {"pan and tilt", {0x21, 1, 0x0d00, 0x0100, 8}, "10 0e 00 00 f0 f1 ff ff", "ACK"},
        {"are set", {0xa1, 0x81, 0x0d00, 0x0100, 8}, NULL, "10 0e 00 00 f0 f1 ff ff"},
        {"pan and tilt len", {0xa1, 0x85, 0x0d00, 0x0100, 2}, NULL, "08 00"},
        {"privacy info", {0xa1, 0x86, 0x1100, 0x0100, 1}, NULL, "09"},
    };
    struct fixture f;
    init(&f);
    TALK(&f, rows);
    g_assert_cmpint(f.controls[VCAM_PU_BRIGHTNESS], ==, -64);
    g_assert_cmpint(f.controls[VCAM_CT_EXPOSURE_TIME_ABSOLUTE], ==, 1000);
    g_assert_cmpint(f.controls[VCAM_CT_PAN_ABSOLUTE], ==, 3600);
    g_assert_cmpint(f.controls[VCAM_CT_TILT_ABSOLUTE], ==, -3600);
    fixture_clear(&f);
}

/* Each stall leaves its code; reading it, and any success, resets it. */
static void test_error_codes(void)
{
    static const struct {
        struct fixture_row row;
        const char *code;
    } rows[] = {
        {{"above the range", {0x21, 1, 0x0200, 0x0200, 2}, "41 00", "STALL"}, "04"},
        {{"below the range", {0x21, 1, 0x0200, 0x0200, 2}, "bf ff", "STALL"}, "04"},
        {{"exposure with its top bit", {0x21, 1, 0x0400, 0x0100, 4}, "00 00 00 80", "STALL"}, "04"},
        {{"AE mode that is not there", {0x21, 1, 0x0200, 0x0100, 1}, "02", "STALL"}, "04"},
        {{"two AE modes", {0x21, 1, 0x0200, 0x0100, 1}, "09", "STALL"}, "04"},
        {{"no AE mode", {0x21, 1, 0x0200, 0x0100, 1}, "00", "STALL"}, "04"},
        {{"tilt out of range", {0x21, 1, 0x0d00, 0x0100, 8}, "00 00 00 00 ff ff ff 7f", "STALL"},
         "04"},
        {{"1 byte of 2", {0x21, 1, 0x0200, 0x0200, 1}, "00", "STALL"}, "07"},
        {{"3 bytes of 2", {0x21, 1, 0x0200, 0x0200, 3}, "00 00 00", "STALL"}, "07"},
        {{"no bytes", {0x21, 1, 0x0200, 0x0200, 0}, NULL, "STALL"}, "07"},
        {{"read-only", {0x21, 1, 0x1100, 0x0100, 1}, "00", "STALL"}, "07"},
        {{"no such request", {0xa1, 0x80, 0x0200, 0x0200, 2}, NULL, "STALL"}, "07"},
        {{"AE mode min", {0xa1, 0x82, 0x0200, 0x0100, 1}, NULL, "STALL"}, "07"},
        {{"SET_CUR of the code", {0x21, 1, 0x0200, 0, 1}, "00", "STALL"}, "07"},
        {{"low byte of wValue", {0xa1, 0x81, 0x0201, 0x0200, 2}, NULL, "STALL"}, "07"},
        {{"control that the camera lacks", {0xa1, 0x81, 0x0300, 0x0200, 2}, NULL, "STALL"}, "06"},
        {{"control that does not exist", {0xa1, 0x81, 0x7f00, 0x0100, 2}, NULL, "STALL"}, "06"},
        {{"control of the output", {0xa1, 0x81, 0x0100, 0x0300, 2}, NULL, "STALL"}, "06"},
        {{"power mode", {0xa1, 0x81, 0x0100, 0, 1}, NULL, "STALL"}, "06"},
        {{"interface control 3", {0xa1, 0x81, 0x0300, 0, 1}, NULL, "STALL"}, "06"},
        {{"unit 4", {0xa1, 0x81, 0x0200, 0x0400, 2}, NULL, "STALL"}, "05"},
        {{"unit 255", {0xa1, 0x81, 0x0200, 0xff00, 2}, NULL, "STALL"}, "05"},
        {{"PROBE of 25 bytes", {0x21, 1, 0x0100, 1, 25}, NULL, "STALL"}, "07"},
        {{"COMMIT of nonsense", {0x21, 1, 0x0200, 1, 34}, NULL, "STALL"}, "04"},
        {{"VS control 9", {0xa1, 0x81, 0x0900, 1, 2}, NULL, "STALL"}, "06"},
        {{"a standard request", {0x80, 6, 0x03ee, 0, 18}, NULL, "STALL"}, "00"},
    };
    static const struct fixture_row info = {"info", {0xa1, 0x86, 0x0200, 0, 1}, NULL, "01"};
    struct fixture f;
    init(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fixture_row code = {
            rows[i].row.what, {0xa1, 0x81, 0x0200, 0, 1}, NULL, rows[i].code};
        fixture_talk(&f, &rows[i].row, 1);
        fixture_talk(&f, &code, 1);
        code.expected = "00";
        fixture_talk(&f, &code, 1);
        fixture_talk(&f, &rows[i].row, 1);
        fixture_talk(&f, &info, 1);
        fixture_talk(&f, &code, 1);
    }
    g_assert_cmpint(f.controls[VCAM_PU_BRIGHTNESS], ==, 0);
    g_assert_cmpint(f.controls[VCAM_CT_PAN_ABSOLUTE], ==, 0);
    fixture_clear(&f);
}

/* What the camera itself refuses. */
static void test_camera_errors(void)
{
    static const struct {
        int result;
        const char *code;
    } rows[] = {
        {-EBUSY, "01"},  {-ENODEV, "01"}, {-EIO, "01"},    {-EACCES, "02"},
        {-ERANGE, "04"}, {-ENOENT, "06"}, {-EINVAL, "08"},
    };
    struct fixture f;
    init(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct fixture_row talk[] = {
            {"GET_CUR", {0xa1, 0x81, 0x0200, 0x0200, 2}, NULL, "STALL"},
            {"its code", {0xa1, 0x81, 0x0200, 0, 1}, NULL, rows[i].code},
            {"SET_CUR", {0x21, 1, 0x0200, 0x0200, 2}, "01 00", "STALL"},
            {"its code", {0xa1, 0x81, 0x0200, 0, 1}, NULL, rows[i].code},
            {"GET_MAX asks nobody", {0xa1, 0x83, 0x0200, 0x0200, 2}, NULL, "40 00"},
        };
        f.control_result = rows[i].result;
        TALK(&f, talk);
    }
    fixture_clear(&f);
}

/* A camera with pan alone, and no processing unit at all. */
static void test_few_controls(void)
{
    static const struct fixture_row rows[] = {
        {"SET_CONFIGURATION", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"pan", {0x21, 1, 0x0d00, 0x0100, 8}, "0a 00 00 00 00 00 00 00", "ACK"},
        {"is set", {0xa1, 0x81, 0x0d00, 0x0100, 8}, NULL, "0a 00 00 00 00 00 00 00"},
        {"tilt", {0x21, 1, 0x0d00, 0x0100, 8}, "0a 00 00 00 01 00 00 00", "STALL"},
        {"no unit 2", {0xa1, 0x81, 0x0200, 0x0200, 2}, NULL, "STALL"},
        {"its code", {0xa1, 0x81, 0x0200, 0, 1}, NULL, "05"},
    };
    const struct vcam_control_list controls = {1, {{VCAM_CT_PAN_ABSOLUTE, -10, 10, 1, 0, 0}}};
    const struct vcam_profile_options options = {.speed = VCAM_SPEED_HIGH};
    struct vcam_offer offer;
    struct fixture f;
    size_t len;

    init(&f);
    const struct vcam_profile *old = vcam_device_profile(f.device);
    offer = *vcam_profile_offer(old);
    fixture_replace(&f, vcam_profile_new(&offer, &controls, &options, NULL));
    TALK(&f, rows);
    const uint8_t *bytes = vcam_profile_descriptor(vcam_device_profile(f.device), 2, 0, 0, &len);
    /* After configuration, association, interface and header: terminal 1, and 3 fed by 1. */
    fixture_assert_bytes("entities", bytes + 39, 27,
                         (const uint8_t[]){18, 0x24, 2,    1, 1, 2,    0, 0, 0, 0, 0, 0, 0, 0,
                                           3,  0x00, 0x08, 0, 9, 0x24, 3, 3, 1, 1, 0, 1, 0},
                         27);
    fixture_clear(&f);
}

/* ---- Status packets ---- */

static void assert_status(struct fixture *f, const char *expected)
{
    uint8_t packet[16], bytes[16];
    size_t len = 99, n = 0;
    enum vcam_answer answer = vcam_device_interrupt_in(f->device, 0x82, packet, &len);
    if (!expected) {
        g_assert_cmpint(answer, ==, VCAM_NAK);
        return;
    }
    g_assert_cmpint(answer, ==, VCAM_DATA);
    for (const char *at = expected; *at; at += strspn(at, " "), n++)
        bytes[n] = g_ascii_strtoull(at, (char **)&at, 16);
    fixture_assert_bytes("status packet", packet, len, bytes, n);
}

static void test_status(void)
{
    struct fixture f;
    init(&f);
    assert_status(&f, NULL);
    g_assert_cmpuint(f.status_ready, ==, 0);
    f.controls[VCAM_CT_EXPOSURE_TIME_ABSOLUTE] = 500;
    vcam_device_control_changed(f.device, VCAM_CT_EXPOSURE_TIME_ABSOLUTE);
    g_assert_cmpuint(f.status_ready, ==, 1);
    /* More before the guest has asked: one packet each, with the newest value. */
    f.controls[VCAM_CT_EXPOSURE_TIME_ABSOLUTE] = 501;
    vcam_device_control_changed(f.device, VCAM_CT_EXPOSURE_TIME_ABSOLUTE);
    vcam_device_control_changed(f.device, VCAM_CT_PRIVACY);
    f.controls[VCAM_CT_TILT_ABSOLUTE] = -1;
    vcam_device_control_changed(f.device, VCAM_CT_PAN_ABSOLUTE);
    vcam_device_control_changed(f.device, VCAM_CT_TILT_ABSOLUTE);
    g_assert_cmpuint(f.status_ready, ==, 1);
    assert_status(&f, "01 01 00 04 00 f5 01 00 00");
    assert_status(&f, "01 01 00 0d 00 00 00 00 00 ff ff ff ff");
    assert_status(&f, "01 01 00 11 00 00");
    assert_status(&f, NULL);
    /* Not announced as changing by themselves, or not there at all. */
    vcam_device_control_changed(f.device, VCAM_PU_BRIGHTNESS);
    vcam_device_control_changed(f.device, VCAM_PU_GAMMA);
    g_assert_cmpuint(f.status_ready, ==, 1);
    assert_status(&f, NULL);
    /* The camera went before the guest asked. */
    vcam_device_control_changed(f.device, VCAM_CT_PRIVACY);
    f.control_result = -ENODEV;
    assert_status(&f, NULL);
    fixture_clear(&f);
}

static void test_status_states(void)
{
    uint8_t packet[16];
    size_t len;
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    vcam_device_control_changed(f.device, VCAM_CT_PRIVACY);
    g_assert_cmpint(vcam_device_interrupt_in(f.device, 0x82, packet, &len), ==, VCAM_STALL);
    fixture_configure(&f);
    assert_status(&f, NULL); /* what changed before is no news */
    g_assert_cmpint(vcam_device_interrupt_in(f.device, 0x81, packet, &len), ==, VCAM_STALL);
    fixture_ask(&f, "halt", (struct fixture_setup){0x02, 3, 0, 0x82, 0}, NULL, "ACK");
    g_assert_cmpint(vcam_device_interrupt_in(f.device, 0x82, packet, &len), ==, VCAM_STALL);
    fixture_ask(&f, "unhalt", (struct fixture_setup){0x02, 1, 0, 0x82, 0}, NULL, "ACK");
    vcam_device_control_changed(f.device, VCAM_CT_PRIVACY);
    vcam_device_reset(f.device, f.now_us);
    fixture_configure(&f);
    assert_status(&f, NULL);
    /* A request that waited at the reset is gone. */
    unsigned ready = f.status_ready;
    vcam_device_reset(f.device, f.now_us);
    fixture_configure(&f);
    vcam_device_control_changed(f.device, VCAM_CT_PRIVACY);
    g_assert_cmpuint(f.status_ready, ==, ready);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/controls/requests", test_requests);
    g_test_add_func("/controls/error-codes", test_error_codes);
    g_test_add_func("/controls/camera-errors", test_camera_errors);
    g_test_add_func("/controls/few", test_few_controls);
    g_test_add_func("/status/packets", test_status);
    g_test_add_func("/status/states", test_status_states);
    return g_test_run();
}
