/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chapter 9, as conversations: what Linux, Windows and macOS say to a camera that they meet, and
   what no host should say. */
#include "tests/unit/vcam_fixture.h"

#define TALK(f, rows) fixture_talk(f, rows, G_N_ELEMENTS(rows))

static void test_linux_high(void)
{
    static const struct fixture_row rows[] = {
        {"device, 64 bytes before the address",
         {0x80, 6, 0x0100, 0, 64},
         NULL,
         "12 01 00 02 ef 02 01 40 09 12 01 00 02 01 01 02 03 01"},
        {"address", {0x00, 5, 5, 0, 0}, NULL, "ACK"},
        {"device, 8 bytes", {0x80, 6, 0x0100, 0, 8}, NULL, "12 01 00 02 ef 02 01 40"},
        {"device",
         {0x80, 6, 0x0100, 0, 18},
         NULL,
         "12 01 00 02 ef 02 01 40 09 12 01 00 02 01 01 02 03 01"},
        {"configuration, 9 bytes", {0x80, 6, 0x0200, 0, 9}, NULL, "09 02 .. .. 02 01 00 80 32"},
        {"configuration", {0x80, 6, 0x0200, 0, 4096}, NULL, "09 02 *total"},
        {"language", {0x80, 6, 0x0300, 0, 255}, NULL, "04 03 09 04"},
        {"product", {0x80, 6, 0x0302, 0x0409, 255}, NULL, "08 03 43 00 61 00 6d 00"},
        {"manufacturer", {0x80, 6, 0x0301, 0x0409, 255}, NULL, "06 03 41 00 62 00"},
        {"serial", {0x80, 6, 0x0303, 0x0409, 255}, NULL, "04 03 37 00"},
        {"SET_CONFIGURATION", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"association's string", {0x80, 6, 0x0302, 0x0409, 255}, NULL, "08 03 43 00 61 00 6d 00"},
        {"GET_INFO of brightness", {0xa1, 0x86, 0x0200, 0x0200, 1}, NULL, "03"},
        {"SET_INTERFACE", {0x01, 11, 0, 1, 0}, NULL, "ACK"},
        {"GET_DEF(PROBE)", {0xa1, 0x87, 0x0100, 1, 34}, NULL, "00 00 01 01 15 16 05 00 *34"},
        {"GET_CUR(PROBE)", {0xa1, 0x81, 0x0100, 1, 34}, NULL, "00 00 01 01 15 16 05 00 *34"},
        {"SET_CUR(PROBE)", {0x21, 1, 0x0100, 1, 34}, "01 00 02 01 15 16 05 00", "ACK"},
        {"GET_MIN(PROBE)", {0xa1, 0x82, 0x0100, 1, 34}, NULL, "01 00 02 01 0a 8b 02 00 *34"},
        {"GET_MAX(PROBE)", {0xa1, 0x83, 0x0100, 1, 34}, NULL, "01 00 02 01 80 1a 06 00 *34"},
        {"GET_CUR(PROBE)",
         {0xa1, 0x81, 0x0100, 1, 34},
         NULL,
         "01 00 02 01 15 16 05 00 00 00 00 00 00 00 00 00 00 00 00 60 09 00 00 70 09 00 "
         "40 42 0f 00 03 01 01 01"},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    TALK(&f, rows);
    fixture_clear(&f);
}

static void test_linux_super(void)
{
    static const struct fixture_row rows[] = {
        {"device, 8 bytes", {0x80, 6, 0x0100, 0, 8}, NULL, "12 01 00 03 ef 02 01 09"},
        {"delay", {0x00, 49, 40, 0, 0}, NULL, "ACK"},
        {"device", {0x80, 6, 0x0100, 0, 18}, NULL, "12 01 00 03 ef 02 01 09 *18"},
        {"BOS, 5 bytes", {0x80, 6, 0x0f00, 0, 5}, NULL, "05 0f 16 00 02"},
        {"BOS", {0x80, 6, 0x0f00, 0, 22}, NULL, "05 0f 16 00 02 *22"},
        {"configuration, 9 bytes", {0x80, 6, 0x0200, 0, 9}, NULL, "09 02 .. .. 02 01 00 80 0c"},
        {"SET_SEL", {0x00, 48, 0, 0, 6}, "01 02 03 00 04 00", "ACK"},
        {"SET_CONFIGURATION", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"U1", {0x00, 3, 48, 0, 0}, NULL, "ACK"},
        {"U2", {0x00, 3, 49, 0, 0}, NULL, "ACK"},
        {"status", {0x80, 0, 0, 0, 2}, NULL, "0c 00"},
        {"U1 off", {0x00, 1, 48, 0, 0}, NULL, "ACK"},
        {"LTM", {0x00, 3, 50, 0, 0}, NULL, "ACK"},
        {"status", {0x80, 0, 0, 0, 2}, NULL, "18 00"},
        {"interface status", {0x81, 0, 0, 0, 2}, NULL, "00 00"},
        {"suspend", {0x01, 3, 0, 0x0300, 0}, NULL, "ACK"},
        {"resume", {0x01, 3, 0, 0x0000, 0}, NULL, "ACK"},
        {"suspend interface 2", {0x01, 3, 0, 0x0302, 0}, NULL, "STALL"},
        {"feature 51", {0x00, 3, 51, 0, 0}, NULL, "STALL"},
        {"SET_CONFIGURATION again", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"clears U2 and LTM", {0x80, 0, 0, 0, 2}, NULL, "00 00"},
        {"qualifier", {0x80, 6, 0x0600, 0, 10}, NULL, "STALL"},
        {"SET_SEL, 5 bytes", {0x00, 48, 0, 0, 5}, NULL, "STALL"},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_SUPER, VCAM_TRANSFER_BULK, 0, NULL);
    TALK(&f, rows);
    fixture_clear(&f);
}

/* A string that only it asks for, a qualifier at high speed, the configuration in three steps. */
static void test_windows(void)
{
    static const struct fixture_row rows[] = {
        {"device, 64 bytes", {0x80, 6, 0x0100, 0, 64}, NULL, "12 01 00 02 ef 02 01 40 *18"},
        {"address", {0x00, 5, 2, 0, 0}, NULL, "ACK"},
        {"device", {0x80, 6, 0x0100, 0, 18}, NULL, "12 01 *18"},
        {"configuration, 9 bytes", {0x80, 6, 0x0200, 0, 9}, NULL, "09 02 .. .. 02 01 00 80 32"},
        {"OS string", {0x80, 6, 0x03ee, 0, 18}, NULL, "STALL"},
        {"configuration, 255 bytes", {0x80, 6, 0x0200, 0, 255}, NULL, "09 02 *255"},
        {"serial's language", {0x80, 6, 0x0300, 0, 255}, NULL, "04 03 09 04"},
        {"serial", {0x80, 6, 0x0303, 0x0409, 255}, NULL, "04 03 37 00"},
        {"qualifier", {0x80, 6, 0x0600, 0, 10}, NULL, "0a 06 00 02 ef 02 01 40 01 00"},
        {"configuration, whole", {0x80, 6, 0x0200, 0, 4096}, NULL, "09 02 *total"},
        {"status", {0x80, 0, 0, 0, 2}, NULL, "00 00"},
        {"SET_CONFIGURATION", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"other speed", {0x80, 6, 0x0700, 0, 4096}, NULL, "09 07 *total"},
        {"GET_INFO of power line", {0xa1, 0x86, 0x0500, 0x0200, 1}, NULL, "03"},
        {"error code", {0xa1, 0x81, 0x0200, 0, 1}, NULL, "00"},
        {"GET_LEN(PROBE)", {0xa1, 0x85, 0x0100, 1, 2}, NULL, "22 00"},
        {"GET_CUR(PROBE)", {0xa1, 0x81, 0x0100, 1, 34}, NULL, "00 00 01 01 *34"},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    TALK(&f, rows);
    fixture_clear(&f);
}

/* 34 bytes where UVC 1.5 has 48 (uvc-rules M2), and the halt cleared between commit and read. */
static void test_macos(void)
{
    static const struct fixture_row rows[] = {
        {"device, 8 bytes", {0x80, 6, 0x0100, 0, 8}, NULL, "12 01 00 02 ef 02 01 40"},
        {"address", {0x00, 5, 9, 0, 0}, NULL, "ACK"},
        {"device", {0x80, 6, 0x0100, 0, 18}, NULL, "12 01 *18"},
        {"language, 2 bytes", {0x80, 6, 0x0300, 0, 2}, NULL, "04 03"},
        {"product, 2 bytes", {0x80, 6, 0x0302, 0x0409, 2}, NULL, "08 03"},
        {"product", {0x80, 6, 0x0302, 0x0409, 8}, NULL, "08 03 43 00 61 00 6d 00"},
        {"configuration, 9 bytes", {0x80, 6, 0x0200, 0, 9}, NULL, "09 02 *9"},
        {"configuration", {0x80, 6, 0x0200, 0, 1024}, NULL, "09 02 *total"},
        {"SET_CONFIGURATION", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"GET_CONFIGURATION", {0x80, 8, 0, 0, 1}, NULL, "01"},
        {"SET_CUR(PROBE)", {0x21, 1, 0x0100, 1, 34}, "00 00 02 02 15 16 05 00", "ACK"},
        {"GET_CUR(PROBE)", {0xa1, 0x81, 0x0100, 1, 48}, NULL, "00 00 02 02 15 16 05 00 *48"},
        {"SET_CUR(COMMIT)", {0x21, 1, 0x0200, 1, 34}, "00 00 02 02 15 16 05 00", "ACK"},
        {"clear the halt", {0x02, 1, 0, 0x81, 0}, NULL, "ACK"},
    };
    struct vcam_payload payload;
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0x0150, NULL);
    TALK(&f, rows);
    g_assert_cmpint(vcam_device_bulk_in(f.device, 0x81, 16384, f.now_us, &payload), ==, VCAM_NAK);
    g_assert_cmpuint(f.starts, ==, 1);
    g_assert_cmpuint(f.mode.wWidth, ==, 1280);
    fixture_clear(&f);
}

static void test_full_speed(void)
{
    static const struct fixture_row rows[] = {
        {"device, 8 bytes", {0x80, 6, 0x0100, 0, 8}, NULL, "12 01 00 02 ef 02 01 40"},
        {"qualifier", {0x80, 6, 0x0600, 0, 10}, NULL, "STALL"},
        {"other speed", {0x80, 6, 0x0700, 0, 9}, NULL, "STALL"},
        {"BOS", {0x80, 6, 0x0f00, 0, 5}, NULL, "STALL"},
        {"SET_CONFIGURATION", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"U1", {0x00, 3, 48, 0, 0}, NULL, "STALL"},
        {"SET_SEL", {0x00, 48, 0, 0, 6}, NULL, "STALL"},
        {"delay", {0x00, 49, 40, 0, 0}, NULL, "STALL"},
        {"suspend", {0x01, 3, 0, 0x0300, 0}, NULL, "STALL"},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, 0, NULL);
    TALK(&f, rows);
    fixture_clear(&f);
}

static void test_any_length(void)
{
    static const struct {
        uint16_t wValue;
        size_t len;
    } descriptors[] = {{0x0100, 18}, {0x0300, 4}, {0x0302, 8}, {0x0600, 10}};
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(descriptors); i++)
        for (unsigned len = 0; len < 300; len++) {
            g_autofree uint8_t *bytes = g_malloc(len + 1);
            struct fixture_setup setup = {0x80, 6, descriptors[i].wValue, 0x0409, len};
            g_assert_cmpuint(fixture_get(&f, setup, bytes), ==, MIN(len, descriptors[i].len));
        }
    fixture_ask(&f, "64 KiB", (struct fixture_setup){0x80, 6, 0x0200, 0, 65535}, NULL,
                "09 02 *total");
    fixture_clear(&f);
}

/* ---- Requests before and after SET_CONFIGURATION ---- */

static void test_states(void)
{
    static const struct fixture_row before[] = {
        {"configuration is 0", {0x80, 8, 0, 0, 1}, NULL, "00"},
        {"endpoint 0", {0x82, 0, 0, 0, 2}, NULL, "00 00"},
        {"interface status", {0x81, 0, 0, 0, 2}, NULL, "STALL"},
        {"endpoint status", {0x82, 0, 0, 0x82, 2}, NULL, "STALL"},
        {"GET_INTERFACE", {0x81, 10, 0, 0, 1}, NULL, "STALL"},
        {"SET_INTERFACE", {0x01, 11, 0, 0, 0}, NULL, "STALL"},
        {"halt", {0x02, 3, 0, 0x82, 0}, NULL, "STALL"},
        {"unhalt", {0x02, 1, 0, 0x82, 0}, NULL, "STALL"},
        {"GET_CUR(PROBE)", {0xa1, 0x81, 0x0100, 1, 34}, NULL, "STALL"},
        {"GET_CUR of brightness", {0xa1, 0x81, 0x0200, 0x0200, 2}, NULL, "STALL"},
        {"SET_CONFIGURATION(2)", {0x00, 9, 2, 0, 0}, NULL, "STALL"},
        {"SET_CONFIGURATION(0)", {0x00, 9, 0, 0, 0}, NULL, "ACK"},
    };
    static const struct fixture_row after[] = {
        {"configuration is 1", {0x80, 8, 0, 0, 1}, NULL, "01"},
        {"interface 0", {0x81, 0, 0, 0, 2}, NULL, "00 00"},
        {"interface 2", {0x81, 0, 0, 2, 2}, NULL, "STALL"},
        {"alternate of VC", {0x81, 10, 0, 0, 1}, NULL, "00"},
        {"alternate of VS", {0x81, 10, 0, 1, 1}, NULL, "00"},
        {"alternate of 2", {0x81, 10, 0, 2, 1}, NULL, "STALL"},
        {"alternate 1 of VC", {0x01, 11, 1, 0, 0}, NULL, "STALL"},
        {"alternate 0 of VC", {0x01, 11, 0, 0, 0}, NULL, "ACK"},
        {"alternate 0 of 2", {0x01, 11, 0, 2, 0}, NULL, "STALL"},
        {"alternate 12 of VS", {0x01, 11, 12, 1, 0}, NULL, "STALL"},
        {"no stream endpoint in alternate 0", {0x82, 0, 0, 0x81, 2}, NULL, "STALL"},
        {"alternate 11 of VS", {0x01, 11, 11, 1, 0}, NULL, "ACK"},
        {"alternate of VS", {0x81, 10, 0, 1, 1}, NULL, "0b"},
        {"stream endpoint", {0x82, 0, 0, 0x81, 2}, NULL, "00 00"},
        {"iso cannot halt", {0x02, 3, 0, 0x81, 0}, NULL, "STALL"},
        {"halt", {0x02, 3, 0, 0x82, 0}, NULL, "ACK"},
        {"halted", {0x82, 0, 0, 0x82, 2}, NULL, "01 00"},
        {"unhalt", {0x02, 1, 0, 0x82, 0}, NULL, "ACK"},
        {"not halted", {0x82, 0, 0, 0x82, 2}, NULL, "00 00"},
        {"halt endpoint 0", {0x02, 3, 0, 0, 0}, NULL, "STALL"},
        {"unhalt endpoint 0", {0x02, 1, 0, 0, 0}, NULL, "ACK"},
        {"halt", {0x02, 3, 0, 0x82, 0}, NULL, "ACK"},
        {"SET_CONFIGURATION again", {0x00, 9, 1, 0, 0}, NULL, "ACK"},
        {"clears the halt", {0x82, 0, 0, 0x82, 2}, NULL, "00 00"},
        {"and the alternate", {0x81, 10, 0, 1, 1}, NULL, "00"},
        {"address while configured", {0x00, 5, 5, 0, 0}, NULL, "STALL"},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0, NULL);
    TALK(&f, before);
    fixture_configure(&f);
    TALK(&f, after);
    vcam_device_reset(f.device, f.now_us);
    TALK(&f, before);
    fixture_clear(&f);
}

static void test_malformed(void)
{
    static const struct fixture_row rows[] = {
        {"GET_STATUS with wValue", {0x80, 0, 1, 0, 2}, NULL, "STALL"},
        {"GET_STATUS with wIndex", {0x80, 0, 0, 1, 2}, NULL, "STALL"},
        {"GET_STATUS of no recipient", {0x83, 0, 0, 0, 2}, NULL, "STALL"},
        {"GET_STATUS as OUT", {0x00, 0, 0, 0, 2}, NULL, "STALL"},
        {"GET_STATUS of endpoint 0x81", {0x82, 0, 0, 0x0181, 2}, NULL, "STALL"},
        {"GET_STATUS of endpoint 3", {0x82, 0, 0, 0x83, 2}, NULL, "STALL"},
        {"GET_STATUS of OUT endpoint 1", {0x82, 0, 0, 0x01, 2}, NULL, "STALL"},
        {"remote wake-up", {0x00, 3, 1, 0, 0}, NULL, "STALL"},
        {"no remote wake-up", {0x00, 1, 1, 0, 0}, NULL, "STALL"},
        {"test mode", {0x00, 3, 2, 0x0400, 0}, NULL, "STALL"},
        {"feature 99", {0x00, 3, 99, 0, 0}, NULL, "STALL"},
        {"U1 at high speed", {0x00, 3, 48, 0, 0}, NULL, "STALL"},
        {"interface feature", {0x01, 3, 0, 0, 0}, NULL, "STALL"},
        {"endpoint feature 1", {0x02, 3, 1, 0x82, 0}, NULL, "STALL"},
        {"endpoint feature with data", {0x02, 3, 0, 0x82, 2}, NULL, "STALL"},
        {"clear endpoint feature 1", {0x02, 1, 1, 0x82, 0}, NULL, "STALL"},
        {"clear halt of endpoint 3", {0x02, 1, 0, 0x83, 0}, NULL, "STALL"},
        {"clear halt of 0x0181", {0x02, 1, 0, 0x0181, 0}, NULL, "STALL"},
        {"SET_DESCRIPTOR", {0x00, 7, 0x0100, 0, 18}, NULL, "STALL"},
        {"GET_DESCRIPTOR of interface", {0x81, 6, 0x2200, 0, 64}, NULL, "STALL"},
        {"GET_DESCRIPTOR type 0", {0x80, 6, 0, 0, 64}, NULL, "STALL"},
        {"GET_DESCRIPTOR endpoint", {0x80, 6, 0x0500, 0, 64}, NULL, "STALL"},
        {"GET_DESCRIPTOR class", {0x80, 6, 0x2400, 0, 64}, NULL, "STALL"},
        {"device 1", {0x80, 6, 0x0101, 0, 64}, NULL, "STALL"},
        {"configuration 1", {0x80, 6, 0x0201, 0, 64}, NULL, "STALL"},
        {"string 4", {0x80, 6, 0x0304, 0x0409, 255}, NULL, "STALL"},
        {"string in another language", {0x80, 6, 0x0302, 0x0407, 255}, NULL, "STALL"},
        {"SET_CONFIGURATION with data", {0x00, 9, 1, 0, 1}, NULL, "STALL"},
        {"SET_CONFIGURATION with wIndex", {0x00, 9, 1, 1, 0}, NULL, "STALL"},
        {"SET_CONFIGURATION 0x0101", {0x00, 9, 0x0101, 0, 0}, NULL, "STALL"},
        {"SET_CONFIGURATION to interface", {0x01, 9, 1, 0, 0}, NULL, "STALL"},
        {"SET_INTERFACE with data", {0x01, 11, 0, 1, 1}, NULL, "STALL"},
        {"SET_INTERFACE 1", {0x01, 11, 1, 1, 0}, NULL, "STALL"},
        {"SET_INTERFACE 0x0100", {0x01, 11, 0x0100, 1, 0}, NULL, "STALL"},
        {"SET_INTERFACE of 0x0101", {0x01, 11, 0, 0x0101, 0}, NULL, "STALL"},
        {"GET_INTERFACE with wValue", {0x81, 10, 1, 1, 1}, NULL, "STALL"},
        {"SYNCH_FRAME", {0x82, 12, 0, 0x81, 2}, NULL, "STALL"},
        {"request 2", {0x80, 2, 0, 0, 0}, NULL, "STALL"},
        {"request 255", {0x80, 255, 0, 0, 0}, NULL, "STALL"},
        {"vendor request", {0xc0, 1, 0, 4, 16}, NULL, "STALL"},
        {"reserved type", {0xe0, 6, 0x0100, 0, 18}, NULL, "STALL"},
        {"class request to device", {0xa0, 0x81, 0x0100, 1, 34}, NULL, "STALL"},
        {"class request to endpoint", {0xa2, 0x81, 0x0100, 0x81, 34}, NULL, "STALL"},
        {"class request to interface 2", {0xa1, 0x81, 0x0100, 2, 34}, NULL, "STALL"},
        {"still there", {0x80, 8, 0, 0, 1}, NULL, "01"},
    };
    struct fixture f;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    fixture_configure(&f);
    TALK(&f, rows);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/enumeration/linux/high", test_linux_high);
    g_test_add_func("/enumeration/linux/super", test_linux_super);
    g_test_add_func("/enumeration/windows", test_windows);
    g_test_add_func("/enumeration/macos", test_macos);
    g_test_add_func("/enumeration/full-speed", test_full_speed);
    g_test_add_func("/enumeration/any-length", test_any_length);
    g_test_add_func("/standard/states", test_states);
    g_test_add_func("/standard/malformed", test_malformed);
    return g_test_run();
}
