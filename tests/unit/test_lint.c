/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linter as a whole: nothing to say of valid cameras, the right thing at the right byte of
   broken ones, each finding of six real webcams, any bytes whatever. */
#include <string.h>

#include "tests/unit/lint_fixture.h"
#include "vcam/profile.h"
#include "vcam/sources/sources.h"

/* ---- Valid cameras ---- */

static const Camera cameras[] = {
    {0x0100, DESC_SPEED_FULL, false},  {0x0110, DESC_SPEED_FULL, true},
    {0x0100, DESC_SPEED_HIGH, false},  {0x0110, DESC_SPEED_HIGH, false},
    {0x0150, DESC_SPEED_HIGH, true},   {0x0150, DESC_SPEED_FULL, false},
    {0x0110, DESC_SPEED_SUPER, false}, {0x0150, DESC_SPEED_SUPER, true},
};

static void assert_clean(const char *what, const uint8_t *bytes, size_t len,
                         const struct desc_lint_options *options)
{
    g_autoptr(GPtrArray) findings = lint_bytes(bytes, len, DESC_CONTEXT_STANDARD, options);
    g_autofree char *text = lint_text(findings);
    if (lint_count(findings, DESC_WARNING))
        g_error("%s:\n%s", what, text);
    g_test_message("%s: %u notes", what, findings->len);
}

static void test_valid(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cameras); i++) {
        const Camera *c = &cameras[i];
        g_autoptr(GByteArray) bytes = lint_camera(c);
        g_autofree char *what = g_strdup_printf("UVC %04x, speed %d, %s", c->bcdUVC, c->speed,
                                                c->bulk ? "bulk" : "iso");
        struct desc_lint_options options = lint_camera_options(c);
        assert_clean(what, bytes->data, bytes->len, &options);
        assert_clean(what, bytes->data, bytes->len, NULL); /* speed told from the bytes */
    }
}

/* What a host would read of our own camera: strings, qualifier or BOS, device, configuration. */
static GByteArray *read_profile(const struct vcam_profile *profile)
{
    static const uint16_t order[] = {0x0300, 0x0301, 0x0302, 0x0303,
                                     0x0600, 0x0f00, 0x0100, 0x0200};
    GByteArray *bytes = g_byte_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        size_t len;
        const uint8_t *descriptor =
            vcam_profile_descriptor(profile, order[i] >> 8, order[i] & 0xff, 0x0409, &len);
        if (descriptor)
            g_byte_array_append(bytes, descriptor, (guint)len);
    }
    return bytes;
}

static void test_own_camera(void)
{
    static const struct {
        enum vcam_speed vcam;
        enum desc_speed speed;
    } speeds[] = {{VCAM_SPEED_FULL, DESC_SPEED_FULL},
                  {VCAM_SPEED_HIGH, DESC_SPEED_HIGH},
                  {VCAM_SPEED_SUPER, DESC_SPEED_SUPER}};
    static const uint16_t versions[] = {0x0100, 0x0110, 0x0150};
    struct vcam_source *source = vcam_source_pattern_new(NULL);
    g_assert_nonnull(source);

    for (size_t i = 0; i < G_N_ELEMENTS(speeds) * 2 * G_N_ELEMENTS(versions); i++) {
        struct vcam_profile_options options = {
            .speed = speeds[i % 3].vcam,
            .transfer = i / 3 % 2 ? VCAM_TRANSFER_ISO : VCAM_TRANSFER_BULK,
            .idVendor = 0x1209,
            .idProduct = 1,
            .bcdUVC = versions[i / 6],
            .manufacturer = "camredir",
            .product = source->name,
            .serial = "1",
        };
        struct vcam_profile *profile =
            vcam_profile_new(&source->offer, &source->controls, &options, NULL);
        g_assert_nonnull(profile);
        g_autoptr(GByteArray) bytes = read_profile(profile);
        g_autofree char *what = g_strdup_printf("pattern, speed %d, transfer %d, UVC %04x",
                                                options.speed, options.transfer, options.bcdUVC);
        const struct desc_lint_options all = {
            .known = DESC_KNOWN_STRINGS | DESC_KNOWN_BOS | DESC_KNOWN_QUALIFIER,
            .speed = speeds[i % 3].speed,
        };
        assert_clean(what, bytes->data, bytes->len, &all);
        vcam_profile_free(profile);
    }
    vcam_source_free(source);
}

/* ---- Twenty faults ---- */

static const Camera camera = {0x0110, DESC_SPEED_HIGH, false};

static const struct {
    const char *what, *edits, *rule, *at;
} faults[] = {
    {"a frame's bFrameIntervalType of 200", "uvc_vs_frame_mjpeg.bFrameIntervalType=200", "K8",
     "uvc_vs_frame_mjpeg.bFrameIntervalType"},
    {"VS wTotalLength 9", "uvc_vs_input_header.wTotalLength=9", "K14f",
     "uvc_vs_input_header.wTotalLength"},
    {"bNumFormats 9", "uvc_vs_input_header.bNumFormats=9", "K14b",
     "uvc_vs_input_header.bNumFormats"},
    {"bNumFrameDescriptors 99", "uvc_vs_format_uncompressed.bNumFrameDescriptors=99", "K14a",
     "uvc_vs_format_uncompressed.bNumFrameDescriptors"},
    {"bLength 0", "uvc_vs_format_mjpeg.bLength=0", "LEN1", "usb_raw"},
    {"bLength 3 of a format", "uvc_vs_format_mjpeg.bLength=3", "K2", "uvc_vs_format_mjpeg"},
    {"bLength 3 of an endpoint", "usb_endpoint#2.bLength=3", "LEN5", "usb_endpoint#2"},
    {"bFrameIndex 0", "uvc_vs_frame_uncompressed.bFrameIndex=0", "K12b",
     "uvc_vs_frame_uncompressed.bFrameIndex"},
    {"output terminal naming itself", "uvc_output_terminal.bSourceID=3", "K5a",
     "uvc_output_terminal.bSourceID"},
    {"duplicate ids", "uvc_processing_unit.bUnitID=6", "K3b", "uvc_processing_unit.bUnitID"},
    {"configuration wTotalLength too large", "vcam_config_descriptor.wTotalLength=1367", "K14d",
     "vcam_config_descriptor.wTotalLength"},
    {"configuration wTotalLength too small", "vcam_config_descriptor.wTotalLength=367", "K14d",
     "vcam_config_descriptor.wTotalLength"},
    {"bNumInterfaces 255", "vcam_config_descriptor.bNumInterfaces=255", "K14c",
     "vcam_config_descriptor.bNumInterfaces"},
    {"frame subtype 0", "uvc_vs_frame_mjpeg.bDescriptorSubtype=0", "K1b",
     "usb_cs_interface.bDescriptorSubtype"},
    {"a 0x0 frame: width", "uvc_vs_frame_mjpeg.wWidth=0 uvc_vs_frame_mjpeg.wHeight=0", "FRAME1",
     "uvc_vs_frame_mjpeg.wWidth"},
    {"a 0x0 frame: height", "uvc_vs_frame_mjpeg.wWidth=0 uvc_vs_frame_mjpeg.wHeight=0", "FRAME1",
     "uvc_vs_frame_mjpeg.wHeight"},
    {"bControlSize 255 in a terminal", "uvc_camera_terminal.bControlSize=255", "K10a",
     "uvc_camera_terminal.bControlSize"},
    {"bControlSize 255 in a unit", "uvc_extension_unit.bControlSize=255", "K10a",
     "uvc_extension_unit.bControlSize"},
    {"bNrInPins 255", "uvc_selector_unit.bNrInPins=255", "K10b", "uvc_selector_unit.bNrInPins"},
    {"the last frame's count 255", "uvc_vs_frame_mjpeg#4.bFrameIntervalType=255", "K8",
     "uvc_vs_frame_mjpeg#4.bFrameIntervalType"},
    {"baInterfaceNr naming itself", "uvc_vc_header.baInterfaceNr[0]=0", "K10c",
     "uvc_vc_header.baInterfaceNr[0]"},
    {"baInterfaceNr naming nothing", "uvc_vc_header.baInterfaceNr[0]=200", "K10d",
     "uvc_vc_header.baInterfaceNr[0]"},
};

static void test_faults(void)
{
    const struct desc_lint_options options = lint_camera_options(&camera);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autoptr(GByteArray) bytes = lint_camera(&camera);
        struct desc_tree *tree;

        g_test_message("%s", faults[i].what);
        lint_edit(bytes, DESC_CONTEXT_STANDARD, faults[i].edits);
        g_assert_cmpint(desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
        g_autoptr(GPtrArray) findings = lint_findings(tree, &options);
        g_assert_true(lint_has_finding(findings, faults[i].rule, lint_offset(tree, faults[i].at)));
        desc_tree_free(tree);
    }
}

/* wTotalLength wrong by just this much, whatever the camera's length. */
static void test_total_length_off(void)
{
    static const int wrong[] = {500, -500, 1, -1};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GByteArray) bytes = lint_camera(&camera);
        struct desc_tree *tree;
        g_assert_cmpint(desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
        uint32_t at = lint_offset(tree, "vcam_config_descriptor.wTotalLength");
        desc_tree_free(tree);
        unsigned right = bytes->data[at] | (unsigned)bytes->data[at + 1] << 8;
        g_autofree char *edit =
            g_strdup_printf("vcam_config_descriptor.wTotalLength=%d", (int)right + wrong[i]);
        lint_edit(bytes, DESC_CONTEXT_STANDARD, edit);
        g_autoptr(GPtrArray) findings =
            lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, NULL);
        g_assert_true(lint_has_finding(findings, "K14d", at));
        g_assert_cmpuint(findings->len, ==, 1);
        const Finding *f = findings->pdata[0];
        g_assert_cmpint(atoi(f->found) - atoi(f->expected), ==, wrong[i]);
    }
}

/* ---- The speed, told from what there is ---- */

/* As that of a vendor's interface with a bulk endpoint of 64 bytes, where no device counts it. */
#define OTHER_SPEED                                                                                \
    "usb_device_qualifier>090719000101008032"                                                      \
    "0904000001ff000000"                                                                           \
    "07058102400000"

static const Camera high_iso = {0x0110, DESC_SPEED_HIGH, false},
                    high_bulk = {0x0150, DESC_SPEED_HIGH, true},
                    full_bulk = {0x0110, DESC_SPEED_FULL, true};

/* One field is wrong, and the others still say which speed it is: all rules that then speak,
   without notes. */
static const struct {
    const char *what;
    const Camera *camera;
    const char *edits, *rules;
} outvoted[] = {
    {"endpoint 0", &high_iso, "vcam_dev_descriptor.bMaxPacketSize0=8", "DEV2"},
    {"endpoint 0, bulk", &high_bulk, "vcam_dev_descriptor.bMaxPacketSize0=8", "DEV2"},
    {"endpoint 0 at full speed", &full_bulk,
     "vcam_dev_descriptor.bcdUSB=0x0200 vcam_dev_descriptor.bMaxPacketSize0=8", ""},
    {"a bulk endpoint, and the other speed's", &high_bulk,
     "usb_endpoint#2.wMaxPacketSize=64 " OTHER_SPEED, "EP2"},
    {"a bulk endpoint, and the qualifier's endpoint 0", &high_bulk,
     "usb_device_qualifier.bMaxPacketSize0=8 usb_endpoint#2.wMaxPacketSize=64", "EP2"},
    {"a bulk endpoint, and what only full speed has", &full_bulk,
     "vcam_dev_descriptor.bcdUSB=0x0200 vcam_dev_descriptor.bMaxPacketSize0=8 "
     "usb_endpoint.bInterval=32 usb_endpoint#2.wMaxPacketSize=512",
     "EP2"},
    {"bulk for interrupt", &high_iso, "usb_endpoint.bmAttributes=2", "EP2 IF5 VS10"},
};

static char *warned(const GPtrArray *findings)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *f = findings->pdata[i];
        if (f->rule->severity != DESC_NOTE)
            g_string_append_printf(text, "%s%s", text->len ? " " : "", f->rule->id);
    }
    return g_string_free(text, FALSE);
}

static void test_outvoted(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(outvoted); i++) {
        g_autoptr(GByteArray) bytes = lint_camera(outvoted[i].camera);
        lint_edit(bytes, DESC_CONTEXT_STANDARD, outvoted[i].edits);
        g_autoptr(GPtrArray) findings =
            lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, NULL);
        g_autofree char *all = lint_text(findings), *rules = warned(findings);
        g_test_message("%s:\n%s", outvoted[i].what, all);
        g_assert_cmpstr(rules, ==, outvoted[i].rules);
    }
}

/* Nothing tells the speed, but no speed has such an endpoint. */
static void test_no_speed(void)
{
    static const uint8_t bytes[] = {9, 2,    25, 0, 1, 1, 0, 0x80, 50, 9,   4, 0, 0,
                                    1, 0xff, 0,  0, 0, 7, 5, 0x81, 2,  100, 0, 0};
    g_autoptr(GPtrArray) findings = lint_bytes(bytes, sizeof(bytes), DESC_CONTEXT_STANDARD, NULL);
    g_autofree char *rules = warned(findings);
    g_assert_cmpstr(rules, ==, "EP2");
    g_assert_cmpstr(((const Finding *)findings->pdata[0])->expected, ==,
                    "8, 16, 32, 64, 512 or 1024");
}

/* Rates follow from the shortest and the longest interval, wherever these stand: W2 alone. */
static void test_unsorted(void)
{
    g_autoptr(GByteArray) bytes = lint_camera(&camera);
    lint_edit(bytes, DESC_CONTEXT_STANDARD,
              "uvc_vs_frame_uncompressed.dwFrameInterval[0]=666666 "
              "uvc_vs_frame_uncompressed.dwFrameInterval[1]=333333");
    g_autoptr(GPtrArray) findings =
        lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, NULL);
    g_autofree char *all = lint_text(findings), *rules = warned(findings);
    g_test_message("%s", all);
    g_assert_cmpstr(rules, ==, "W2");
}

/* ---- Real cameras ---- */

#define VECTORS "../shared/vectors/"

/* Every finding, in the order of the linter; rules of notes that say the same of many frames are
   left to `repeated`. Each was looked at and is true. */
static const struct {
    const char *name, *repeated, *findings;
} vectors[] = {
    {"anker_powerconf_c200", "A2b",
     "73 BITS1 0x8a|67 CT2 0|107 XU2 15|122 ENT2 4|87 ENT4 |161 W6 |161 COL2 |362 COL2 |"
     "398 FRAME9 6144000|402 FRAME10 6144000|415 BW1 333333|428 FRAME9 4608000|"
     "432 FRAME10 4608000|458 FRAME9 1536000|462 FRAME10 1536000|484 STILL5 1920|136 BW2 2048"},
    {"canyon_cne_cwc2", "A2b", "16 W7a 0|86 XU2 8|157 COL2 "},
    {"elp_h264", "A2b",
     "195 W6 |195 COL2 |477 FRAME11 1920|724 FRAME11 640|882 W6 |868 A1 |882 VER2 |"
     "1181 FRAME11 1920"},
    {"logitech_c270", "A2b",
     "15 DEV6 0|34 W7b 0|86 ENT4 |140 ENT4 |168 ENT4 |228 K14b 3|1043 FRAME10 147456000|"
     "1077 FRAME10 196608000"},
    {"logitech_streamcam", "A2b",
     "34 W7b 0|67 CT2 0|160 XU2 8|215 XU2 11|243 XU2 4|86 ENT4 |113 ENT4 |140 ENT4 |167 ENT4 |"
     "195 ENT4 |223 ENT4 |1782 SS2 |1813 SS2 "},
    {"rockchip_dual", "A2b",
     "75 VER5 12|96 ENT4 |157 W6 |177 FRAME12 18432000|280 VER5 12|301 ENT4 |362 W6 |348 A1 |"
     "362 VER2 |399 FRAME12 3072000|441 FRAME12 9216000|483 FRAME12 20736000|"
     "525 FRAME12 36864000|567 FRAME12 29859840|134 BW2 2048|339 BW2 2048"},
};

static GByteArray *read_vector(const char *name)
{
    static const char *const parts[] = {"device", "config"};
    GByteArray *bytes = g_byte_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_strdup_printf(VECTORS "%s.%s.bin", name, parts[i]);
        g_autofree char *contents = NULL;
        size_t len;
        g_assert_true(g_file_get_contents(path, &contents, &len, NULL));
        g_byte_array_append(bytes, (uint8_t *)contents, (guint)len);
    }
    return bytes;
}

static char *short_text(const GPtrArray *findings, const char *repeated)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *f = findings->pdata[i];
        if (strcmp(f->rule->id, repeated) != 0)
            g_string_append_printf(text, "%s%u %s %s", text->len ? "|" : "", f->offset, f->rule->id,
                                   f->found);
    }
    return g_string_free(text, FALSE);
}

static void test_vectors(void)
{
    if (!g_file_test(VECTORS, G_FILE_TEST_IS_DIR)) {
        g_test_skip("no " VECTORS);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autoptr(GByteArray) bytes = read_vector(vectors[i].name);
        g_autoptr(GPtrArray) findings =
            lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, NULL);
        g_autofree char *text = short_text(findings, vectors[i].repeated);
        g_test_message("%s", vectors[i].name);
        g_assert_cmpstr(text, ==, vectors[i].findings);
        g_assert_cmpuint(lint_count(findings, DESC_ERROR), ==, 0); /* they all work */
    }
}

/* ---- Options, words ---- */

static void test_hosts(void)
{
    g_autoptr(GByteArray) bytes = lint_camera(&camera);
    lint_edit(bytes, DESC_CONTEXT_STANDARD,
              "vcam_config_descriptor.bConfigurationValue=2 usb_interface.bInterfaceSubClass=3 "
              "uvc_vs_frame_mjpeg.dwFrameInterval[1]=1");
    unsigned of[8];
    for (uint8_t hosts = 0; hosts < 8; hosts++) {
        const struct desc_lint_options options = {.hosts = hosts};
        g_autoptr(GPtrArray) findings =
            lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &options);
        of[hosts] = findings->len;
        for (guint i = 0; hosts && i < findings->len; i++)
            g_assert_true(((const Finding *)findings->pdata[i])->rule->hosts & hosts);
        g_assert_cmpint(lint_has_finding(findings, "W2", UINT32_MAX), ==,
                        !hosts || hosts & DESC_HOST_WINDOWS);
        g_assert_cmpint(lint_has_finding(findings, "M1", UINT32_MAX), ==,
                        !hosts || hosts & DESC_HOST_MACOS);
    }
    g_assert_cmpuint(of[DESC_HOST_LINUX], <, of[0]);
    g_assert_cmpuint(of[7], <, of[0]);
}

/* Nothing is said of what the input need not hold. */
static void test_unknown_is_not_absent(void)
{
    g_autoptr(GByteArray) bytes = lint_camera(&camera);
    lint_edit(bytes, DESC_CONTEXT_STANDARD,
              "-usb_string -usb_string -usb_string -usb_string -usb_string -usb_device_qualifier "
              "vcam_dev_descriptor.bcdUSB=0x0210");
    assert_clean("device and configuration alone", bytes->data, bytes->len, NULL);

    const struct desc_lint_options all = lint_camera_options(&camera);
    g_autoptr(GPtrArray) findings =
        lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &all);
    g_assert_true(lint_has_finding(findings, "STR1", UINT32_MAX));
    g_assert_true(lint_has_finding(findings, "W10", UINT32_MAX));
    g_assert_true(lint_has_finding(findings, "QUAL6", UINT32_MAX));

    g_byte_array_remove_range(bytes, 0, 18);
    assert_clean("configuration alone", bytes->data, bytes->len, NULL);
}

static void test_words(void)
{
    static const struct {
        const char *edit, *rule, *path, *found, *expected;
    } cases[] = {
        {"uvc_vs_frame_uncompressed#2.dwFrameInterval[1]=5", "W2",
         "configuration[1].interface[1.0].vs_header.format[1].frame[2].dwFrameInterval[1]", "5",
         "at least 333333"},
        {"vcam_dev_descriptor.bcdUSB=0x0b00", "DEV1", "device.bcdUSB", "0x0b00",
         "1.00, 1.10, 2.00, 2.01, 2.10, 3.00, 3.10 or 3.20"},
        {"usb_endpoint.bmAttributes=0xc3", "K13b",
         "configuration[1].interface[0.0].endpoint[0x82].bmAttributes", "0xc3", "0x03"},
        {"uvc_vc_header.baInterfaceNr[1]=9", "K10d",
         "configuration[1].interface[0.0].vc_header.baInterfaceNr[1]", "9", ""},
        {"uvc_vs_frame_mjpeg.dwDefaultFrameInterval=7", "FRAME4",
         "configuration[1].interface[1.0].vs_header.format[2].frame[1].dwDefaultFrameInterval", "7",
         "one of the frame's"},
        {"uvc_extension_unit.guidExtensionCode=00000000000000000000000000000000", "XU1",
         "configuration[1].interface[0.0].vc_header.extension_unit[4].guidExtensionCode",
         "{00000000-0000-0000-0000-000000000000}", ""},
        {"vcam_config_descriptor.bMaxPower=251", "CFG5", "configuration[1].bMaxPower", "251",
         "at most 250"},
        {"usb_interface_association.bFunctionProtocol=1", "IAD5",
         "configuration[1].association[0].bFunctionProtocol", "1", "0"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = lint_camera(&camera);
        lint_edit(bytes, DESC_CONTEXT_STANDARD, cases[i].edit);
        g_autoptr(GPtrArray) findings =
            lint_bytes(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, NULL);
        const Finding *f = NULL;
        for (guint n = 0; n < findings->len && !f; n++)
            if (strcmp(((const Finding *)findings->pdata[n])->rule->id, cases[i].rule) == 0)
                f = findings->pdata[n];
        g_assert_nonnull(f);
        g_assert_cmpstr(f->path, ==, cases[i].path);
        g_assert_cmpstr(f->found, ==, cases[i].found);
        g_assert_cmpstr(f->expected, ==, cases[i].expected);
    }
    g_assert_cmpstr(desc_severity_name(DESC_NOTE), ==, "note");
    g_assert_cmpstr(desc_severity_name(DESC_WARNING), ==, "warning");
    g_assert_cmpstr(desc_severity_name(DESC_ERROR), ==, "error");
}

static void test_short_buffers(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct vcam_config_descriptor *config = DESC_ADD(tree, NULL, vcam_config_descriptor);
    struct usb_interface *interface = DESC_ADD(tree, config, usb_interface);
    const struct desc_row *row = &interface->node.type->rows[2];
    static const char whole[] = "configuration[0].interface[0.0].bInterfaceNumber";

    for (size_t size = 0; size < sizeof(whole) + 2; size++) {
        char *buf = g_malloc(size + 1); /* of exact size, for ASan */
        memset(buf, 'x', size + 1);
        g_assert_cmpuint(desc_path(interface, row, 0, buf, size), ==, sizeof(whole) - 1);
        g_autofree char *expected = g_strndup(whole, size ? size - 1 : 0);
        if (size)
            g_assert_cmpstr(buf, ==, expected);
        g_assert_cmpint(buf[size], ==, 'x');
        g_free(buf);
    }
    desc_tree_free(tree);
}

/* A part of a tree alone: what is above is not looked at. */
static void on_any(void *user, const struct desc_finding *finding)
{
    (void)finding;
    ++*(unsigned *)user;
}

static void test_part(void)
{
    g_autoptr(GByteArray) bytes = lint_camera(&camera);
    struct desc_tree *tree;
    unsigned all = 0, inside = 0;

    lint_edit(bytes, DESC_CONTEXT_STANDARD,
              "vcam_dev_descriptor.idVendor=0 uvc_vs_frame_mjpeg.bFrameIndex=0");
    g_assert_cmpint(desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    desc_lint(desc_tree_root(tree), NULL, on_any, &all);
    struct desc_node *node = &desc_tree_root(tree)->node;
    while (node->type->kind != DESC_KIND_vcam_config_descriptor)
        node = desc_next(node, NULL);
    desc_lint(node, NULL, on_any, &inside);
    g_assert_cmpuint(inside, ==, all - 1);
    desc_tree_free(tree);
}

/* ---- Any bytes ---- */

static void on_plausible(void *user, const struct desc_finding *finding)
{
    size_t len = *(size_t *)user;
    char path[64], found[64], expected[64];
    g_assert_cmpuint(finding->offset, <=, len);
    g_assert_cmpuint(finding->offset, >=, finding->node->offset);
    desc_finding_path(finding, path, sizeof(path));
    desc_finding_found(finding, found, sizeof(found));
    desc_finding_expected(finding, expected, sizeof(expected));
}

static void lint_any(const uint8_t *bytes, size_t len, enum desc_context context)
{
    struct desc_tree *tree;
    struct desc_lint_options options = {.known = len & 7, .speed = len & 3};
    g_assert_cmpint(desc_parse(bytes, len, context, &tree), ==, 0);
    desc_lint(desc_tree_root(tree), &options, on_plausible, &len);
    desc_tree_free(tree);
}

static void mutate(GRand *rand, uint8_t *bytes, size_t len)
{
    for (int n = g_rand_int_range(rand, 1, 6); n > 0; n--) {
        size_t at = (size_t)g_rand_int_range(rand, 0, (gint32)len);
        size_t from = (size_t)g_rand_int_range(rand, 0, (gint32)len);
        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            bytes[at] ^= 1 << g_rand_int_range(rand, 0, 8);
            break;
        case 1:
            bytes[at] = (uint8_t)g_rand_int(rand);
            break;
        case 2:
            bytes[at] = 0xff;
            break;
        case 3: /* a piece somewhere else */
            memmove(bytes + at, bytes + from, MIN(32, len - MAX(at, from)));
            break;
        }
    }
}

/* LINT_ROUNDS: how many; some thousands where nothing is said. */
static void test_any_bytes(void)
{
    const char *asked = g_getenv("LINT_ROUNDS");
    unsigned rounds = asked ? (unsigned)atoi(asked) : 3000;
    GRand *rand = g_rand_new_with_seed(g_test_rand_int());

    for (unsigned i = 0; i < rounds; i++) {
        g_autoptr(GByteArray) bytes = lint_camera(&cameras[i % G_N_ELEMENTS(cameras)]);
        for (int n = 0; n < 8; n++) {
            mutate(rand, bytes->data, bytes->len);
            lint_any(bytes->data, (size_t)g_rand_int_range(rand, 1, (gint32)bytes->len + 1),
                     (enum desc_context)(n % DESC_CONTEXT_NONE));
        }
        uint8_t noise[512];
        for (size_t n = 0; n < sizeof(noise); n++)
            noise[n] = (uint8_t)g_rand_int_range(rand, 0, g_rand_boolean(rand) ? 256 : 40);
        lint_any(noise, (size_t)g_rand_int_range(rand, 0, sizeof(noise)),
                 (enum desc_context)(i % DESC_CONTEXT_NONE));
    }
    g_rand_free(rand);
}

/* Every prefix of a camera, and every camera with one byte at its worst. */
static void test_each_byte(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cameras); i += 3) {
        g_autoptr(GByteArray) bytes = lint_camera(&cameras[i]);
        for (size_t at = 0; at < bytes->len; at++) {
            uint8_t kept = bytes->data[at];
            lint_any(bytes->data, at, DESC_CONTEXT_STANDARD);
            bytes->data[at] = at % 2 ? 0xff : 0;
            lint_any(bytes->data, bytes->len, DESC_CONTEXT_STANDARD);
            bytes->data[at] = kept;
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lint/valid/built", test_valid);
    g_test_add_func("/lint/valid/own", test_own_camera);
    g_test_add_func("/lint/faults/twenty", test_faults);
    g_test_add_func("/lint/faults/total-length", test_total_length_off);
    g_test_add_func("/lint/speed/outvoted", test_outvoted);
    g_test_add_func("/lint/speed/none", test_no_speed);
    g_test_add_func("/lint/faults/unsorted-intervals", test_unsorted);
    g_test_add_func("/lint/vectors", test_vectors);
    g_test_add_func("/lint/options/hosts", test_hosts);
    g_test_add_func("/lint/options/known", test_unknown_is_not_absent);
    g_test_add_func("/lint/words/findings", test_words);
    g_test_add_func("/lint/words/short-buffers", test_short_buffers);
    g_test_add_func("/lint/part", test_part);
    g_test_add_func("/lint/any/bytes", test_any_bytes);
    g_test_add_func("/lint/any/each-byte", test_each_byte);
    return g_test_run();
}
