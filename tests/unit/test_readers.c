/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What other people's readers make of the same bytes: lsusb -v and libuvc, before which umockdev
   puts a device of our descriptors. What they say and our tree must agree, but for a table of known
   disagreements with the reason of each. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "descriptors/json.h"
#include "descriptors/names.h"
#include "tests/unit/descriptors_camera.h"
#include "tests/unit/descriptors_inputs.h"
#include "tests/unit/mock_usb.h"
#include "tests/unit/other_readers.h"

#define PRESETS "descriptors/presets"

/* ---- known disagreements ---- */

#define ANY_FIELD "*"

typedef struct {
    const char *reader;
    enum desc_kind kind;
    const char *field; /* "no FIELD": one that is not there; ANY_FIELD: any that differs;
                          NULL: the descriptor as a whole */
    const char *reason;
} Known;

#define LSUSB_HAS_NO_SUBTYPE "usbutils 014 knows no subtypes of UVC 1.5: it shows them as bytes"
#define LIBUVC_NO_COUNT      "libuvc 0.0.6 does not read the count, but lists as many frames"

static const Known known[] = {
    {"lsusb", DESC_KIND_usb_cs_interface, "bData",
     "has names for what is in descriptors of audio and of communication"},
    {"lsusb", DESC_KIND_usb_cs_interface, NULL,
     "shows descriptors of communication without length and type"},
    {"lsusb", DESC_KIND_usb_cs_endpoint, "bData", "has names for what is in audio's"},
    {"lsusb", DESC_KIND_usb_ss_endpoint_companion, NULL,
     "shows a companion as one field of its endpoint"},
    {"lsusb", DESC_KIND_uvc_encoding_unit, "bmControlsRuntime",
     "puts the first byte of bmControls into the fourth of bmControlsRuntime, which has three"},
    {"lsusb", DESC_KIND_uvc_vs_format_h264, ANY_FIELD, LSUSB_HAS_NO_SUBTYPE},
    {"lsusb", DESC_KIND_uvc_vs_frame_h264, ANY_FIELD, LSUSB_HAS_NO_SUBTYPE},
    {"libuvc", DESC_KIND_uvc_vs_format_uncompressed, "bNumFrameDescriptors", LIBUVC_NO_COUNT},
    {"libuvc", DESC_KIND_uvc_vs_format_mjpeg, "bNumFrameDescriptors", LIBUVC_NO_COUNT},
    {"libuvc", DESC_KIND_uvc_vs_format_mjpeg, "bmFlags",
     "libuvc 0.0.6 reports 0: the field shares its place with bBitsPerPixel, which is 0"},
    {"libuvc", DESC_KIND_uvc_vc_header, "bcdUVC", "libuvc 0.0.6 refuses every camera of UVC 1.5"},
    {"lsusb", DESC_KIND_uvc_cs_interrupt_endpoint, NULL,
     "shows no class-specific descriptors of a video function's endpoints"},
    {"lsusb", DESC_KIND_uvc_processing_unit, "no bmVideoStandards",
     "prints the field that UVC 1.00 has not, from the byte after the descriptor"},
};

static const Known *find_known(const char *reader, enum desc_kind kind, const char *field)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].reader, reader) == 0 && known[i].kind == kind &&
            (g_strcmp0(known[i].field, field) == 0 ||
             (field && g_strcmp0(known[i].field, ANY_FIELD) == 0)))
            return &known[i];
    return NULL;
}

/* Fails where it is not a known one. ours or theirs may be NULL: not there. */
static void disagree(const char *reader, const struct desc_node *node, const char *field,
                     const char *ours, const char *theirs)
{
    const Known *row = find_known(reader, node->type->kind, field);
    const char *format = row ? "%s, byte %u, %s.%s: ours %s, theirs %s: %s"
                             : "%s, byte %u, %s.%s: ours %s, theirs %s%s";
    g_autofree char *text = g_strdup_printf(format, reader, node->offset, node->type->text->tag,
                                            field ? field : "", ours ? ours : "nothing",
                                            theirs ? theirs : "nothing", row ? row->reason : "");
    g_test_message("%s", text);
    if (!row)
        g_test_fail_printf("%s", text);
}

/* ---- lsusb -v ---- */

/* "dwFrameInterval( 1)   666666" */
typedef struct {
    char *name, *value;
    int index; /* -1: none */
} Line;

static void line_clear(gpointer data)
{
    Line *line = data;
    g_free(line->name);
    g_free(line->value);
}

/* Of GArray of Line: a descriptor each, from its bLength on. */
static GPtrArray *read_lsusb(const char *text)
{
    GPtrArray *blocks = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    g_autoptr(GRegex) regex =
        g_regex_new("^ *([a-zA-Z]\\w*)(?:\\( *(\\d+)\\))? +(\\S+)", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *index = g_match_info_fetch(match, 2);
        Line line = {.name = g_match_info_fetch(match, 1),
                     .value = g_match_info_fetch(match, 3),
                     .index = *index ? atoi(index) : -1};
        if (strcmp(line.name, "bLength") == 0) {
            GArray *block = g_array_new(FALSE, FALSE, sizeof(Line));
            g_array_set_clear_func(block, line_clear);
            g_ptr_array_add(blocks, block);
        }
        if (blocks->len)
            g_array_append_val((GArray *)blocks->pdata[blocks->len - 1], line);
        else
            line_clear(&line);
    }
    return blocks;
}

static const Line *find_line(const GArray *block, const char *name, int index)
{
    for (guint i = 0; i < block->len; i++) {
        const Line *line = &g_array_index(block, Line, i);
        if (strcmp(line->name, name) == 0 && line->index == index)
            return line;
    }
    return NULL;
}

/* As lsusb writes it: BCD, MHz, mA, or a number. */
static guint64 lsusb_number(const struct desc_node *node, const struct desc_row *row,
                            const char *text)
{
    const struct vcam_dev_descriptor *device = DESC_CAST(vcam_dev_descriptor, node->parent);
    if (g_str_has_prefix(row->name, "bcd")) {
        char *minor = NULL;
        guint64 major = g_ascii_strtoull(text, &minor, 16);
        return major << 8 | (*minor ? g_ascii_strtoull(minor + 1, NULL, 16) : 0);
    }
    if (g_str_has_suffix(text, "MHz"))
        return (guint64)llround(g_ascii_strtod(text, NULL) * 1e6);
    if (g_str_has_suffix(text, "mA"))
        return g_ascii_strtoull(text, NULL, 10) / (device && device->bcdUSB >= 0x0300 ? 8 : 2);
    return g_ascii_strtoull(text, NULL, 0);
}

static void check_lsusb_guid(const struct desc_node *node, const struct desc_row *row,
                             const Line *line)
{
    char ours[DESC_GUID_TEXT];
    desc_guid_format((const guint8 *)node + row->offset, ours);
    if (!line || g_ascii_strcasecmp(line->value, ours) != 0)
        disagree("lsusb", node, row->name, ours, line ? line->value : NULL);
}

static void check_lsusb_value(const struct desc_node *node, const struct desc_row *row,
                              const Line *line, guint64 value)
{
    if (line && lsusb_number(node, row, line->value) == value)
        return;
    g_autofree char *ours = g_strdup_printf("%" G_GUINT64_FORMAT, value);
    disagree("lsusb", node, row->name, ours, line ? line->value : NULL);
}

/* Bytes in the order of the wire as one number. */
static guint64 joined(const struct desc_node *node, const struct desc_row *row)
{
    guint64 value = 0;
    for (gsize i = desc_elements(node, row); i-- > 0;)
        value = value << 8 | desc_get(node, row, i);
    return value;
}

/* Names that lsusb has of its own. */
static const char *lsusb_name(const struct desc_node *node, const struct desc_row *row, gsize index)
{
    static const char *const names[][2] = {
        {"iSerialNumber", "iSerial"},
        {"bMaxPower", "MaxPower"},
        {"bmFlags", "bFlags"},
        {"bNumCompressionPattern", "bNumCompressionPatterns"},
    };
    static const char *const range[] = {"dwMinFrameInterval", "dwMaxFrameInterval",
                                        "dwFrameIntervalStep"};

    if (strcmp(row->name, "dwFrameInterval") == 0 && row->by[0] &&
        *((const guint8 *)node + row->by[0]) == 0 && index < G_N_ELEMENTS(range))
        return range[index];
    if (node->type->kind == DESC_KIND_uvc_selector_unit && strcmp(row->name, "baSourceID") == 0)
        return "baSource";
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(row->name, names[i][0]) == 0)
            return names[i][1];
    return row->name;
}

/* Element index of an array. Sizes of still images are two columns there. */
static const Line *lsusb_element(const struct desc_node *node, const struct desc_row *row,
                                 const GArray *block, gsize index)
{
    const char *name = lsusb_name(node, row, index);
    if (strcmp(name, "wWidthHeight") == 0)
        return find_line(block, index % 2 ? "wHeight" : "wWidth", (int)index / 2);
    const Line *line = find_line(block, name, (int)index);
    return line ? line : find_line(block, name, -1);
}

static void check_lsusb_row(const struct desc_node *node, const struct desc_row *row,
                            const GArray *block)
{
    const Line *whole = find_line(block, lsusb_name(node, row, SIZE_MAX), -1);

    if (row->width == 16)
        check_lsusb_guid(node, row, whole);
    else if (row->role != DESC_ROLE_VARS)
        check_lsusb_value(node, row, whole, desc_get(node, row, 0));
    else if (whole && row->width == 1)
        check_lsusb_value(node, row, whole, joined(node, row));
    else
        for (gsize i = 0; i < desc_elements(node, row); i++)
            check_lsusb_value(node, row, lsusb_element(node, row, block, i),
                              desc_get(node, row, i));
}

/* What it prints although it is not there. */
static void check_lsusb_surplus(const struct desc_node *node, const GArray *block)
{
    for (guint i = node->present; i < node->type->n_wire; i++) {
        const Line *line = find_line(block, node->type->rows[i].name, -1);
        g_autofree char *absent = g_strdup_printf("no %s", node->type->rows[i].name);
        if (line)
            disagree("lsusb", node, absent, NULL, line->value);
    }
}

/* The block is this descriptor's: same length, type and, of those that have one, subtype. */
static bool is_block_of(const struct desc_node *node, const GArray *block)
{
    static const char *const names[] = {"bLength", "bDescriptorType", "bDescriptorSubtype"};
    bool has_subtype = node->present > 2 && strcmp(node->type->rows[2].name, names[2]) == 0;
    guint8 bytes[256];

    if (desc_pack_alone(node, bytes, sizeof(bytes)) < 3)
        return false;
    for (guint i = 0; i < (has_subtype ? 3 : 2); i++) {
        const Line *line = find_line(block, names[i], -1);
        if (!line || g_ascii_strtoull(line->value, NULL, 0) != bytes[i])
            return false;
    }
    return true;
}

static void check_lsusb_node(const struct desc_node *node, const GArray *block)
{
    for (guint i = 0; i < node->present; i++)
        check_lsusb_row(node, &node->type->rows[i], block);
    check_lsusb_surplus(node, block);
}

static guint check_lsusb(const struct desc_tree *tree, const char *text)
{
    g_autoptr(GPtrArray) blocks = read_lsusb(text);
    const struct desc_node *root = (struct desc_node *)desc_tree_root((struct desc_tree *)tree);
    guint n_blocks = 0;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        if (n_blocks < blocks->len && is_block_of(node, blocks->pdata[n_blocks]))
            check_lsusb_node(node, blocks->pdata[n_blocks++]);
        else if (node->type->kind != DESC_KIND_usb_raw) /* it has no common word for those */
            disagree("lsusb", node, NULL, "a descriptor", NULL);
    if (n_blocks != blocks->len)
        g_test_fail_printf("lsusb shows %u descriptors more than the tree has",
                           blocks->len - n_blocks);
    return n_blocks;
}

/* ---- libuvc ---- */

/* Our tree in the words of other_readers_report_libuvc(). */
typedef struct {
    GPtrArray *lines, *nodes;
} Report;

static void report(Report *to, const void *node, char *line)
{
    g_ptr_array_add(to->lines, line);
    g_ptr_array_add(to->nodes, (gpointer)node);
}

#define CONTROLS(unit) joined_bytes((unit)->bmControls, (unit)->n_bmControls)
static guint64 joined_bytes(const guint8 *bytes, guint n)
{
    guint64 value = 0;
    while (n-- > 0)
        value = value << 8 | bytes[n];
    return value;
}

static void report_entity(Report *to, const struct desc_node *node)
{
    const struct uvc_camera_terminal *camera = DESC_CAST(uvc_camera_terminal, node);
    const struct uvc_selector_unit *selector = DESC_CAST(uvc_selector_unit, node);
    const struct uvc_processing_unit *processing = DESC_CAST(uvc_processing_unit, node);
    const struct uvc_extension_unit *extension = DESC_CAST(uvc_extension_unit, node);

    if (camera)
        report(to, node,
               g_strdup_printf("input %u type %04x focal %u %u %u controls %" G_GINT64_MODIFIER "x",
                               camera->bTerminalID, camera->wTerminalType,
                               camera->wObjectiveFocalLengthMin, camera->wObjectiveFocalLengthMax,
                               camera->wOcularFocalLength, CONTROLS(camera)));
    if (selector)
        report(to, node, g_strdup_printf("selector %u", selector->bUnitID));
    if (processing)
        report(to, node,
               g_strdup_printf("processing %u source %u controls %" G_GINT64_MODIFIER "x",
                               processing->bUnitID, processing->bSourceID, CONTROLS(processing)));
    if (extension) {
        g_autoptr(GString) guid = g_string_new(NULL);
        for (guint i = 0; i < sizeof(extension->guidExtensionCode); i++)
            g_string_append_printf(guid, "%02x", extension->guidExtensionCode[i]);
        report(to, node,
               g_strdup_printf("extension %u guid %s controls %" G_GINT64_MODIFIER "x",
                               extension->bUnitID, guid->str, CONTROLS(extension)));
    }
}

/* A field of any kind by its name; 0 where the kind has none. */
static guint64 field(const struct desc_node *node, const char *name)
{
    for (guint i = 0; i < node->type->n_wire; i++)
        if (strcmp(node->type->rows[i].name, name) == 0)
            return desc_get(node, &node->type->rows[i], 0);
    return 0;
}
#define U(node, name) (guint) field(node, name)

static const char *fourcc_of(const struct desc_node *node)
{
    const struct uvc_vs_format_uncompressed *plain = DESC_CAST(uvc_vs_format_uncompressed, node);
    const struct uvc_vs_format_frame_based *based = DESC_CAST(uvc_vs_format_frame_based, node);
    return plain                                               ? (const char *)plain->guidFormat
           : based                                             ? (const char *)based->guidFormat
           : node->type->kind == DESC_KIND_uvc_vs_format_mjpeg ? "MJPG"
                                                               : "";
}

/* What libuvc makes of a field that it is known not to report: 0. */
static guint reported(const struct desc_node *node, const char *name)
{
    return find_known("libuvc", node->type->kind, name) ? 0 : U(node, name);
}

static void report_format(Report *to, const struct desc_node *node)
{
    report(to, node,
           g_strdup_printf("format %u subtype %u %.4s frames %u bits %u default %u aspect %ux%u "
                           "flags %u protect %u variable %u",
                           U(node, "bFormatIndex"), U(node, "bDescriptorSubtype"), fourcc_of(node),
                           reported(node, "bNumFrameDescriptors"),
                           U(node, "bBitsPerPixel") | reported(node, "bmFlags"),
                           U(node, "bDefaultFrameIndex"), U(node, "bAspectRatioX"),
                           U(node, "bAspectRatioY"), U(node, "bmInterlaceFlags"),
                           U(node, "bCopyProtect"), U(node, "bVariableSize")));
}

static void report_frame(Report *to, const struct desc_node *node)
{
    const struct desc_row *row = &node->type->rows[node->type->n_wire - 1];
    g_autoptr(GString) text = g_string_new(NULL);
    bool is_range = field(node, "bFrameIntervalType") == 0;

    g_string_printf(text, "frame %u.%u %ux%u can %u rate %u-%u buffer %u line %u default %u every",
                    U(node->parent, "bFormatIndex"), U(node, "bFrameIndex"), U(node, "wWidth"),
                    U(node, "wHeight"), U(node, "bmCapabilities"), U(node, "dwMinBitRate"),
                    U(node, "dwMaxBitRate"), U(node, "dwMaxVideoFrameBufferSize"),
                    U(node, "dwBytesPerLine"), U(node, "dwDefaultFrameInterval"));
    for (gsize i = 0; i < desc_elements(node, row); i++)
        g_string_append_printf(text, "%s %" G_GUINT64_FORMAT,
                               is_range && i ? i == 1 ? " to" : " by" : "", desc_get(node, row, i));
    report(to, node, g_string_free(g_steal_pointer(&text), FALSE));
}

/* libuvc shows one camera, and of it the first streaming interface. */
static void report_tree(Report *to, const struct desc_tree *tree)
{
    const struct desc_node *root = (struct desc_node *)desc_tree_root((struct desc_tree *)tree);
    guint n_vc = 0, n_vs = 0;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        n_vc += node->type->group == DESC_GROUP_VC_HEADER;
        n_vs += node->type->group == DESC_GROUP_VS_HEADER;
        if (n_vc == 1 && node->type->group == DESC_GROUP_VC_ENTITY)
            report_entity(to, node);
        if (n_vs == 1 && node->type->group == DESC_GROUP_VS_FORMAT)
            report_format(to, node);
        if (n_vs == 1 && node->type->group == DESC_GROUP_VS_FRAME)
            report_frame(to, node);
    }
}

static bool take_line(char **lines, const char *line)
{
    for (guint i = 0; lines[i]; i++)
        if (strcmp(lines[i], line) == 0) {
            lines[i][0] = '\0';
            return true;
        }
    return false;
}

static guint check_libuvc(const struct desc_tree *tree, const char *text)
{
    g_auto(GStrv) theirs = g_strsplit(text, "\n", -1);
    Report ours = {g_ptr_array_new_with_free_func(g_free), g_ptr_array_new()};
    guint n_lines;

    report_tree(&ours, tree);
    for (guint i = 0; i < ours.lines->len; i++)
        if (!take_line(theirs, ours.lines->pdata[i]))
            disagree("libuvc", ours.nodes->pdata[i], NULL, ours.lines->pdata[i], NULL);
    for (guint i = 0; theirs[i]; i++)
        if (theirs[i][0])
            g_test_fail_printf("libuvc alone says: %s", theirs[i]);
    n_lines = ours.lines->len;
    g_ptr_array_unref(ours.lines);
    g_ptr_array_unref(ours.nodes);
    return n_lines;
}

static void check_refusal(const struct desc_tree *tree, const char *why)
{
    const struct desc_node *root = (struct desc_node *)desc_tree_root((struct desc_tree *)tree);
    const struct desc_node *node = root;

    while (node && node->type->kind != DESC_KIND_uvc_vc_header)
        node = desc_next(node, root);
    if (node && field(node, "bcdUVC") > 0x0110)
        disagree("libuvc", node, "bcdUVC", "a camera", why);
    else
        g_test_fail_printf("%s", why);
}

/* ---- cameras ---- */

static void check_camera(const uint8_t *bytes, size_t size)
{
    static const char *const command[] = {"lsusb", "-v", NULL};
    g_autofree char *output = NULL, *complaints = NULL;
    g_autoptr(GError) error = NULL;
    const char *why = NULL;
    struct desc_tree *tree;

    g_assert_cmpint(desc_parse(bytes, size, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    MockUsb *mock = mock_usb_new(bytes, size);
    g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                 &complaints, NULL, &error);
    g_assert_no_error(error);
    guint n_blocks = check_lsusb(tree, output);

    OtherReaders *readers = other_readers_new(&why);
    guint n_lines = 0;
    if (readers) {
        g_autofree char *text = other_readers_report_libuvc(readers);
        n_lines = check_libuvc(tree, text);
    } else
        check_refusal(tree, why);
    g_test_message("%u descriptors beside lsusb, %u beside libuvc", n_blocks, n_lines);
    other_readers_free(readers);
    mock_usb_free(mock);
    desc_tree_free(tree);
}

static void test_builder(void)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    struct vcam_dev_descriptor *device = camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_autoptr(GByteArray) bytes = inputs_pack(device);
    desc_tree_free(tree);
    check_camera(bytes->data, bytes->len);
}

static void test_preset(gconstpointer data)
{
    g_autofree char *path = g_build_filename(PRESETS, (const char *)data, NULL), *text = NULL;
    struct desc_json_error error;
    struct desc_tree *tree;
    gsize size;

    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    g_assert_cmpint(desc_json_read(text, size, &tree, &error), ==, 0);
    g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(tree)->arrDescs.first);
    desc_tree_free(tree);
    check_camera(bytes->data, bytes->len);
}

static void test_vectors(void)
{
    inputs_each_camera(check_camera);
}

static void add_presets(void)
{
    g_autoptr(GDir) dir = g_dir_open(PRESETS, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_strdup_printf("/readers/preset/%s", name);
        g_test_add_data_func_full(path, g_strdup(name), test_preset, g_free);
    }
}

int main(int argc, char **argv)
{
    mock_usb_test_init(&argc, &argv);
    g_test_add_func("/readers/builder", test_builder);
    add_presets();
    g_test_add_func("/readers/vectors", test_vectors);
    return g_test_run();
}
