/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The presets that ship: sound but for what their model prescribes, the same as JSON and as bytes,
   and the devices that their names promise. */
#include "descriptors/json.h"
#include "descriptors/lint.h"
#include "descriptors_inputs.h"

#define DIRECTORY "descriptors/presets"

/* What the linter may say of a preset, and what it says it to. */
static const struct {
    const char *preset, *rules;
} prescribed[] = {
    /* one source to select, one alternate setting to stream, a string for each thing */
    {"qemu_usb_video_full", "SU1 BW2 IAD8"},
    {"qemu_usb_video_high", "SU1 BW2 IAD8"},
    {"uvc15", "W3"}, /* Windows 8 or later */
    {"h264", ""},
    {"superspeed", ""},
    {"two_streams", ""},
    {"webcam", ""},
};

static struct desc_tree *read_preset(const char *name)
{
    g_autofree char *path = g_strdup_printf(DIRECTORY "/%s.json", name);
    g_autofree char *json = NULL;
    struct desc_json_error error;
    struct desc_tree *tree = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &json, &len, NULL));
    if (desc_json_read(json, len, &tree, &error) != 0)
        g_error("%s: %s", path, error.text);
    return tree;
}

static void on_finding(void *user, const struct desc_finding *finding)
{
    const char *rules = user;
    char path[256];
    desc_finding_path(finding, path, sizeof(path));
    if (!strstr(rules, finding->rule->id))
        g_error("%s: %s: %s", path, finding->rule->id, finding->rule->text);
}

static void test_clean(gconstpointer data)
{
    const struct desc_lint_options options = {.known = DESC_KNOWN_STRINGS | DESC_KNOWN_BOS |
                                                       DESC_KNOWN_QUALIFIER};
    struct desc_tree *tree = read_preset(data);
    char *rules = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(prescribed); i++)
        if (g_str_equal(prescribed[i].preset, data))
            rules = (char *)prescribed[i].rules;
    g_assert_nonnull(rules);
    desc_lint(desc_tree_root(tree), &options, on_finding, rules);
    desc_tree_free(tree);
}

/* Nothing that can be computed is given, so nothing can be wrong: deriving changes no byte. */
static void test_derived(gconstpointer data)
{
    struct desc_tree *tree = read_preset(data);
    g_autoptr(GByteArray) was = inputs_pack(desc_tree_root(tree));
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_autoptr(GByteArray) is = inputs_pack(desc_tree_root(tree));
    g_assert_cmpmem(is->data, is->len, was->data, was->len);
    desc_tree_free(tree);
}

/* JSON -> tree -> bytes -> tree -> JSON -> tree -> bytes */
static void test_round_trip(gconstpointer data)
{
    struct desc_tree *tree = read_preset(data), *parsed, *again;
    struct desc_node *device = desc_tree_root(tree)->arrDescs.first;
    g_autoptr(GByteArray) was = inputs_pack(device);
    g_autoptr(GString) json = g_string_new(NULL);
    const struct desc_sink sink = {inputs_append, json};
    struct desc_json_error error;

    g_assert_nonnull(DESC_CAST(vcam_dev_descriptor, device));
    g_assert_cmpint(desc_parse(was->data, was->len, DESC_CONTEXT_STANDARD, &parsed), ==, 0);
    desc_json_write(desc_tree_root(parsed), 0, &sink);
    g_assert_cmpint(desc_json_read(json->str, json->len, &again, &error), ==, 0);
    g_autoptr(GByteArray) is = inputs_pack(desc_tree_root(again));
    g_assert_cmpmem(is->data, is->len, was->data, was->len);
    g_assert_cmpuint(desc_tree_root(again)->n_arrDescs, ==, 1); /* all of it is the device's */
    desc_tree_free(tree);
    desc_tree_free(parsed);
    desc_tree_free(again);
}

/* ---- What the names promise ---- */

static unsigned count_kind(struct desc_tree *tree, enum desc_kind kind)
{
    unsigned n = 0;
    struct desc_node *root = &desc_tree_root(tree)->node;
    for (struct desc_node *node = root; node; node = desc_next(node, root))
        n += node->type->kind == kind;
    return n;
}

static const struct vcam_dev_descriptor *device_of(struct desc_tree *tree)
{
    return DESC_CAST(vcam_dev_descriptor, desc_tree_root(tree)->arrDescs.first);
}

static void test_promises(void)
{
    static const struct {
        const char *preset;
        uint16_t bcdUSB;
        uint8_t bMaxPacketSize0;
        enum desc_kind kind;
        unsigned n; /* of them, with those at the other speed */
    } promises[] = {
        {"webcam", 0x0200, 64, DESC_KIND_uvc_vs_format_uncompressed, 2},
        {"webcam", 0x0200, 64, DESC_KIND_uvc_vs_format_mjpeg, 1},
        {"h264", 0x0200, 64, DESC_KIND_uvc_vs_format_frame_based, 1},
        {"uvc15", 0x0200, 64, DESC_KIND_uvc_vs_format_h264, 1},
        {"uvc15", 0x0200, 64, DESC_KIND_uvc_encoding_unit, 2},
        {"superspeed", 0x0300, 9, DESC_KIND_usb_cap_superspeed, 1},
        {"superspeed", 0x0300, 9, DESC_KIND_usb_ss_endpoint_companion, 2},
        {"two_streams", 0x0200, 64, DESC_KIND_uvc_vs_input_header, 3},
        {"two_streams", 0x0200, 64, DESC_KIND_uvc_output_terminal, 3},
        {"qemu_usb_video_full", 0x0100, 8, DESC_KIND_uvc_selector_unit, 1},
        {"qemu_usb_video_high", 0x0200, 64, DESC_KIND_uvc_selector_unit, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
        struct desc_tree *tree = read_preset(promises[i].preset);
        g_test_message("%s", promises[i].preset);
        g_assert_cmphex(device_of(tree)->bcdUSB, ==, promises[i].bcdUSB);
        g_assert_cmpuint(device_of(tree)->bMaxPacketSize0, ==, promises[i].bMaxPacketSize0);
        g_assert_cmpuint(count_kind(tree, promises[i].kind), ==, promises[i].n);
        g_assert_cmpuint(count_kind(tree, DESC_KIND_usb_string), >=, 3);
        desc_tree_free(tree);
    }
}

/* The rest of the model's description. */
static void test_qemu(gconstpointer data)
{
    static const enum desc_kind control[] = {
        DESC_KIND_uvc_camera_terminal, DESC_KIND_uvc_selector_unit, DESC_KIND_uvc_processing_unit,
        DESC_KIND_uvc_output_terminal};
    struct desc_tree *tree = read_preset(data);
    const struct vcam_dev_descriptor *device = device_of(tree);
    g_assert_cmphex(device->idVendor, ==, 0x46f4);
    g_assert_cmpuint(device->bNumConfigurations, ==, 1);
    struct vcam_config_descriptor *config =
        DESC_CAST(vcam_config_descriptor, device->arrConfigDescs.first);
    g_assert_cmphex(config->bmAttributes, ==, 0xc0);
    g_assert_cmphex(config->bMaxPower, ==, 0x32);
    g_assert_cmpuint(config->bNumInterfaces, ==, 2);
    g_assert_cmpuint(config->n_arrIFDescs, ==, 3); /* VC, VS 0, VS 1 */
    struct usb_interface_association *association =
        DESC_CAST(usb_interface_association, config->node.first);
    g_assert_cmpuint(association->bInterfaceCount, ==, 2);
    struct usb_interface *vc = DESC_CAST(usb_interface, config->arrIFDescs.first);
    struct uvc_vc_header *header = DESC_CAST(uvc_vc_header, vc->node.first);
    struct desc_node *entity = header->arrEntityDescs.first;
    for (size_t i = 0; i < G_N_ELEMENTS(control); i++, entity = entity->next)
        g_assert_cmpint(entity->type->kind, ==, control[i]);
    g_assert_null(entity);
    struct usb_interface *streaming = DESC_CAST(usb_interface, config->arrIFDescs.last);
    g_assert_cmpuint(streaming->bAlternateSetting, ==, 1);
    g_assert_cmpuint(streaming->bNumEndpoints, ==, 1);
    g_assert_cmpuint(count_kind(tree, DESC_KIND_usb_string), ==, streaming->iInterface);
    desc_tree_free(tree);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GDir) dir = g_dir_open(DIRECTORY, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *file;
    g_assert_nonnull(dir);
    while ((file = g_dir_read_name(dir))) {
        char *name = g_strndup(file, strlen(file) - strlen(".json"));
        g_ptr_array_add(names, name);
        g_autofree char *clean = g_strdup_printf("/presets/clean/%s", name);
        g_autofree char *derived = g_strdup_printf("/presets/derived/%s", name);
        g_autofree char *round_trip = g_strdup_printf("/presets/round-trip/%s", name);
        g_test_add_data_func(clean, name, test_clean);
        g_test_add_data_func(derived, name, test_derived);
        g_test_add_data_func(round_trip, name, test_round_trip);
    }
    g_test_add_func("/presets/promises", test_promises);
    g_test_add_data_func("/presets/qemu/full", "qemu_usb_video_full", test_qemu);
    g_test_add_data_func("/presets/qemu/high", "qemu_usb_video_high", test_qemu);
    return g_test_run();
}
