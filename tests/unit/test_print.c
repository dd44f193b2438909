/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of trees: nothing of the input is missing, and what values mean is said. */
#include "descriptors/names.h"
#include "descriptors/print.h"
#include "descriptors_camera.h"
#include "descriptors_inputs.h"

static char *to_text(const void *top, unsigned flags)
{
    GString *text = g_string_new(NULL);
    const struct desc_sink sink = {inputs_append, text};
    desc_print(top, flags, &sink);
    return g_string_free(text, FALSE);
}

/* ---- Properties of any input ---- */

/* The column of bytes is the input, each line's offset is where its bytes stand. */
static void check_columns(const char *text, const uint8_t *bytes, size_t len)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    size_t at = 0;
    for (char **line = lines; *line && **line; line++) {
        g_assert_cmpuint(strlen(*line), <, 400);
        if ((*line)[5] == ' ')
            continue;
        g_assert_cmpuint(g_ascii_strtoull(*line, NULL, 10), ==, at);
        for (const char *hex = *line + 8; hex < *line + 8 + 24 && *hex != ' '; hex += 3)
            g_assert_cmphex(g_ascii_strtoull(hex, NULL, 16), ==, bytes[at++]);
    }
    g_assert_cmpuint(at, ==, len);
}

static char *without_columns(const char *text)
{
    GString *plain = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && **line; line++)
        g_string_append_printf(plain, "%s\n", *line + 8 + 24 + 2);
    return g_string_free(plain, FALSE);
}

static char *without_colour(const char *text)
{
    g_autoptr(GRegex) regex = g_regex_new("\033\\[[0-9]+m", 0, 0, NULL);
    return g_regex_replace_literal(regex, text, -1, 0, "", 0, NULL);
}

/* Whatever a device's strings hold. */
static void check_harmless(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        g_assert_true(*at == '\n' || !g_unichar_iscntrl(g_utf8_get_char(at)));
}

static void check_text(const uint8_t *bytes, size_t len)
{
    struct desc_tree *tree;
    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    g_autofree char *offsets = to_text(desc_tree_root(tree), DESC_PRINT_OFFSETS);
    g_autofree char *colour = to_text(desc_tree_root(tree), DESC_PRINT_OFFSETS | DESC_PRINT_COLOUR);
    g_autofree char *plain = without_colour(colour);

    check_columns(offsets, bytes, len);
    check_harmless(offsets);
    g_assert_true(strcmp(plain, offsets) == 0);
    desc_tree_free(tree);
}

static void test_generated(void)
{
    inputs_each(11, g_test_slow() ? 100000 : 1000, check_text);
}

static void test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(12);
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[200];
        size_t len = g_rand_int(rand) % sizeof(bytes);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)(g_rand_int(rand) % (i % 2 ? 40 : 256));
        check_text(bytes, len);
    }
}

static void test_cameras(void)
{
    inputs_each_camera(check_text);
}

/* Without the columns the text differs in nothing but the GUIDs' second line. */
static void test_plain(void)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    struct desc_node *config =
        DESC_CAST(vcam_dev_descriptor, desc_tree_root(tree)->arrDescs.first)->arrConfigDescs.first;
    struct desc_node *vc = DESC_CAST(vcam_config_descriptor, config)->arrIFDescs.first;
    g_autofree char *plain = to_text(vc, 0);
    g_autofree char *offsets = to_text(vc, DESC_PRINT_OFFSETS);
    g_autofree char *cut = without_columns(offsets);
    g_assert_cmpstr(plain, ==, cut);
    g_assert_true(g_str_has_prefix(offsets, "        ")); /* the title has no bytes */
    g_assert_nonnull(strstr(offsets, "\n    35  09 "));   /* counted from the tree's first byte */
    desc_tree_free(tree);
}

/* ---- What it says ---- */

/* Bytes in STANDARD context, and lines that the text must have (blanks count as one). */
static const struct {
    const char *hex, *lines;
} meanings[] = {
    {"12010002ef020140f446020010010102030 1",
     "Device Descriptor:|bLength 18|bDescriptorType 1 DEVICE|bcdUSB 2.00|"
     "bDeviceClass 239 Miscellaneous Device|idVendor 0x46f4|bcdDevice 1.10|iProduct 2"},
    {"0902090001010080fa", "Configuration Descriptor:|bmAttributes 0x80|bMaxPower 250 500mA"},
    {"09020900010100e0fa", "Self Powered|Remote Wakeup"},
    {"1201000300000009 0000000000000000 0001 090209000101008070", "bMaxPower 112 896mA"},
    {"080b00020e030005", "Interface Association:|bFunctionClass 14 Video|"
                         "bFunctionSubClass 3 Video Interface Collection"},
    {"090400000103010200", "bInterfaceClass 3 Human Interface Device|bInterfaceSubClass 1|"},
    {"07058105000401", "bEndpointAddress 0x81 EP 1 IN|"
                       "bmAttributes 0x05 Isochronous, Asynchronous, Data|"
                       "wMaxPacketSize 0x0400 1x 1024 bytes"},
    {"07050203001401", "bEndpointAddress 0x02 EP 2 OUT|bmAttributes 0x03 Interrupt|"
                       "wMaxPacketSize 0x1400 3x 1024 bytes"},
    {"09050102000400 aabb", "extra aa bb|bmAttributes 0x02 Bulk"},
    {"09211001000122 3f00", "Unrecognized:|bytes 09 21 10 01 00 01 22 3f| 00"},
    {"00ff", "Unrecognized:|bytes 00 ff"},
    {"0a034300e4003dd800de", "String Descriptor:|bString \"C\303\244\360\237\230\200\""},
    {"08031b00 2e20 3dd8", "bString \"\\u001b\\u202e\\ud83d\""},
    {"1403 4100420043004400450046004700480049 00", "bString \"ABCD\"|\"EFGH\"|\"I\""},
    {"050f0c0001 07100206000000",
     "Binary Object Store Descriptor:|Device Capability:|"
     "bDevCapabilityType 2 USB_2_0_EXTENSION|Link Power Management (LPM)"},
    {"1410040000112233445566778899aabbccddeeff",
     "ContainerID {33221100-5544-7766-8899-aabbccddeeff}"},
    {"09040000000e010000 0d2401100142000 06cdc020101 12240201010200000000000000000 30e2000"
     "0924030301010002 00",
     "bInterfaceSubClass 1 Video Control|VideoControl Interface Descriptor:|bcdUVC 1.10|"
     "dwClockFrequency 48000000 48.000000 MHz|baInterfaceNr(0) 1|wTerminalType 0x0201 ITT_CAMERA|"
     "bmControls 0e 20 00|Auto-Exposure Mode|Roll (Absolute)|"
     "wTerminalType 0x0101 USB Streaming"},
    {"09040100000e020000 2624070100000 5d002 00000000 00000000 00000000 15160500 00"
     "15160500 80969800 01000000",
     "bFrameIntervalType 0 continuous|dwMinFrameInterval 333333 30.000 fps|"
     "dwMaxFrameInterval 10000000 1.000 fps|dwFrameIntervalStep 1"},
    {"09040100000e020000 1e24110100800738044 0420f0000127a0015160500 0100000000 15160500",
     "bFrameIntervalType 1 discrete|dwFrameInterval(0) 333333 30.000 fps"},
    {"09040100000e020000 0f2403000280 02e0010005d0020105",
     "wWidth(1) 640|wHeight(1) 480|wWidth(2) 1280|wHeight(2) 720|bCompression(0) 5"},
    {"09040100000e020000 0624 0d010104 09240c058032020080",
     "bColorPrimaries 1 BT.709, sRGB|bMatrixCoefficients 4 SMPTE 170M (BT.601)|"
     "bFormatType 128 SD-DV, 60 Hz"},
    {"09040100000e020000 1324010 1130081010302010103 040201 0810ff",
     "bStillCaptureMethod 2 Method 2|bTriggerUsage 1 General purpose button event|"
     "bmaControls(0) 0x04|wCompQuality"},
    {"09040100000e020000 1b240401 02595559320000100080 0000aa00389b711001000000 00",
     "guidFormat {32595559-0000-0010-8000-00aa00389b71} YUY2"},
};

static char *squeezed(const char *text)
{
    g_autoptr(GRegex) blanks = g_regex_new(" +", 0, 0, NULL);
    return g_regex_replace_literal(blanks, text, -1, 0, " ", 0, NULL);
}

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t digits = 0;
    for (; *hex; hex++)
        if (*hex != ' ') {
            bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | g_ascii_xdigit_value(*hex));
            digits++;
        }
    g_assert_cmpuint(digits % 2, ==, 0);
    return digits / 2;
}

static void test_meanings(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++) {
        uint8_t bytes[256] = {0};
        size_t len = from_hex(meanings[i].hex, bytes);
        struct desc_tree *tree;
        g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
        g_autofree char *text = to_text(desc_tree_root(tree), 0);
        g_autofree char *line_text = squeezed(text);
        g_auto(GStrv) lines = g_strsplit(meanings[i].lines, "|", -1);
        for (char **line = lines; *line; line++)
            if (!strstr(line_text, *line))
                g_error("'%s' is not in\n%s", *line, line_text);
        desc_tree_free(tree);
    }
}

/* Indexes are the strings' order; the languages are 0. */
static void test_strings(void)
{
    static const char *const texts[] = {"Maker", "Camera", "1234"};
    struct desc_tree *tree = desc_tree_new(0);
    struct vcam_dev_descriptor *device = DESC_ADD(tree, NULL, vcam_dev_descriptor);
    device->iManufacturer = 1;
    device->iProduct = 2;
    device->iSerialNumber = 4; /* there is none */
    DESC_VARS(tree, DESC_ADD(tree, NULL, usb_string_zero), wLANGID, 1)[0] = 0x0409;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct usb_string *string = DESC_ADD(tree, NULL, usb_string);
        uint16_t *units = DESC_VARS(tree, string, bString, strlen(texts[i]));
        for (size_t k = 0; texts[i][k]; k++)
            units[k] = (uint16_t)texts[i][k];
    }
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_autofree char *text = to_text(desc_tree_root(tree), 0), *line_text = squeezed(text);
    g_assert_nonnull(strstr(line_text, "iManufacturer 1 Maker\n"));
    g_assert_nonnull(strstr(line_text, "iProduct 2 Camera\n"));
    g_assert_nonnull(strstr(line_text, "iSerialNumber 4\n"));
    g_assert_nonnull(strstr(line_text, "wLANGID(0) 0x0409 English (United States)\n"));
    desc_tree_free(tree);
}

static void test_hex(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const struct desc_sink sink = {inputs_append, text};
    desc_print_hex((const uint8_t *)"\x12\x01"
                                    "0123456789abcdef",
                   18, &sink);
    g_assert_cmpstr(
        text->str, ==,
        "00000000  12 01 30 31 32 33 34 35  36 37 38 39 61 62 63 64  |..0123456789abcd|\n"
        "00000010  65 66                                             |ef|\n"
        "00000012\n");
    g_string_truncate(text, 0);
    desc_print_hex(NULL, 0, &sink);
    g_assert_cmpstr(text->str, ==, "");
}

/* ---- The tables ---- */

static void test_guids(void)
{
    size_t n;
    const struct desc_guid_name *table = desc_guid_table(&n);
    for (size_t i = 0; i < n; i++) {
        char text[DESC_GUID_TEXT];
        uint8_t guid[16];
        g_assert_true(desc_guid_find(table[i].guid) == &table[i]); /* none twice */
        g_assert_true(desc_guid_by_name(table[i].name) == &table[i]);
        desc_guid_format(table[i].guid, text);
        g_assert_true(desc_guid_parse(text, guid));
        g_assert_cmpmem(guid, 16, table[i].guid, 16);
        g_assert_false(desc_guid_parse(table[i].name, guid));
    }
    uint8_t guid[16];
    g_assert_true(desc_guid_parse("32595559-0000-0010-8000-00AA00389B71", guid));
    g_assert_true(desc_guid_find(guid) == desc_guid_by_name("YUY2"));
    g_assert_cmpuint(desc_guid_find(guid)->bits_per_pixel, ==, 16);
    g_assert_false(desc_guid_parse("{32595559-0000-0010-8000-00aa00389b71", guid));
    g_assert_false(desc_guid_parse("32595559-0000-0010-8000-00aa00389b71}", guid));
    g_assert_false(desc_guid_parse("32595559-0000-0010-8000-00aa00389b7", guid));
    g_assert_false(desc_guid_parse("32595559-0000-00108-000-00aa00389b71", guid));
    g_assert_null(desc_guid_by_name("yuy2"));
}

/* Names are of values that the field can have; bits of bits. */
static void check_names(const struct desc_type *type, const struct desc_row *row)
{
    uint64_t most = row->width >= 4 ? UINT32_MAX : (1u << 8 * row->width) - 1;
    for (const struct desc_name *name = row->names; name && name->name; name++) {
        g_assert_cmpuint(name->value, <=, most);
        g_assert_true(desc_name_of(row->names, name->value) == name->name);
    }
    for (const struct desc_name *bit = row->bits; bit && bit->name; bit++)
        g_assert_true(row->role == DESC_ROLE_VARS || bit->value < 8u * row->width);
    g_assert_cmpint(row->symbol != NULL, ==, row->role == DESC_ROLE_CONST);
    g_assert_nonnull(type->text->tag);
}

static void test_names(void)
{
    for (int kind = 0; kind < DESC_KIND_COUNT; kind++) {
        const struct desc_type *type = desc_type_of((enum desc_kind)kind);
        for (unsigned i = 0; i < type->n_wire; i++)
            check_names(type, &type->rows[i]);
        const struct desc_node node = {.type = type};
        if (type->context != DESC_CONTEXT_NONE && type->kind != DESC_KIND_usb_raw)
            g_assert_cmpstr(desc_title(&node), !=, "Unrecognized");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/print/complete/generated", test_generated);
    g_test_add_func("/print/complete/random", test_random);
    g_test_add_func("/print/complete/cameras", test_cameras);
    g_test_add_func("/print/plain", test_plain);
    g_test_add_func("/print/meanings", test_meanings);
    g_test_add_func("/print/strings", test_strings);
    g_test_add_func("/print/hex", test_hex);
    g_test_add_func("/print/guids", test_guids);
    g_test_add_func("/print/names", test_names);
    return g_test_run();
}
