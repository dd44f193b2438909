/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads seeds from wherever a user has them. */
#include "tools/fuzz/seeds.h"

#include <gio/gio.h>
#include <string.h>

#include "descriptors/edit.h"
#include "descriptors/json.h"
#include "redir/recorded_device.h"
#include "tools/description.h"
#include "tools/fuzz/mutate.h"
#include "tools/fuzz/presets.h"
#include "tools/fuzz/put.h"

static void seed_free(gpointer data)
{
    FuzzSeed *seed = data;

    g_free(seed->name);
    fuzz_case_free(seed->fuzz_case);
    g_free(seed);
}

static gboolean add_seed(GPtrArray *seeds, const char *name, const guint8 *bytes, gsize size,
                         GError **error)
{
    if (size > FUZZ_MAX_BYTES) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: %" G_GSIZE_FORMAT " bytes of descriptors: expected at most %u", name, size,
                    FUZZ_MAX_BYTES);
        return FALSE;
    }
    FuzzSeed *seed = g_new0(FuzzSeed, 1);
    seed->name = g_strdup(name);
    seed->fuzz_case = fuzz_case_parse(bytes, size);
    g_ptr_array_add(seeds, seed);
    return TRUE;
}

/* What is never asked for by who knows the device at its own speed: half of all mutations would be
   in there, and nobody would see them. */
static void drop_other_speed(struct desc_tree *tree)
{
    struct desc_node *next = desc_tree_root(tree)->node.first;

    for (struct desc_node *node = next; node; node = next) {
        next = node->next;
        if (node->type->kind == DESC_KIND_usb_other_speed_configuration)
            desc_unlink(node);
    }
}

static gboolean add_description(GPtrArray *seeds, const char *name,
                                const struct description *description, GError **error)
{
    size_t size;
    drop_other_speed(description->tree);
    g_autofree guint8 *bytes = description_pack(description, &size);
    return add_seed(seeds, name, bytes, size, error);
}

/* ---- Presets ---- */

static void add_preset(GPtrArray *seeds, const FuzzPreset *preset)
{
    struct desc_json_error why;
    struct description description = {0};

    if (desc_json_read(preset->json, (gsize)(preset->end - preset->json), &description.tree,
                       &why) != 0 ||
        !add_description(seeds, preset->name, &description, NULL))
        g_error("camredir bug: preset %s: %s", preset->name, why.text);
    description_clear(&description);
}

static const FuzzPreset *find_preset(const char *name)
{
    for (guint i = 0; i < fuzz_n_presets; i++)
        if (strcmp(fuzz_presets[i].name, name) == 0)
            return &fuzz_presets[i];
    return NULL;
}

/* ---- Recordings ---- */

/* The longest answer to GET_DESCRIPTOR of one type and index. */
static const RedirRecordedAnswer *find_answer(const RedirRecordedDevice *device, guint8 type,
                                              guint8 index)
{
    const RedirRecordedAnswer *best = NULL;

    for (guint i = 0; i < device->answers->len; i++) {
        const RedirRecordedAnswer *answer = &g_array_index(device->answers, RedirRecordedAnswer, i);
        const RedirSetup *setup = &answer->setup;
        if (setup->requesttype == 0x80 && setup->request == 6 &&
            setup->value == (type << 8 | index) && answer->status == 0 && answer->size > 0 &&
            (best == NULL || answer->size > best->size))
            best = answer;
    }
    return best;
}

/* All of one type by their index; gaps: an empty one keeps the others' place. */
static void append_answers(GByteArray *bytes, const RedirRecordedDevice *device, guint8 type,
                           gboolean gaps)
{
    static const guint8 empty[] = {2, USB_DESC_STRING};
    guint n = 0;

    for (guint i = 0; i < 256; i++) {
        const RedirRecordedAnswer *answer = find_answer(device, type, (guint8)i);
        if (answer == NULL)
            continue;
        for (; gaps && n < i; n++)
            g_byte_array_append(bytes, empty, sizeof empty);
        g_byte_array_append(bytes, device->recording.bytes + answer->offset, answer->size);
        n = i + 1;
    }
}

static gboolean add_recording(GPtrArray *seeds, const char *name, const guint8 *contents,
                              gsize size, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(RedirRecordedDevice) device = redir_recorded_device_new(contents, size, error);

    if (device == NULL) {
        g_prefix_error(error, "%s: ", name);
        return FALSE;
    }
    append_answers(bytes, device, USB_DESC_DEVICE, FALSE);
    append_answers(bytes, device, USB_DESC_CONFIGURATION, FALSE);
    append_answers(bytes, device, USB_DESC_BOS, FALSE);
    append_answers(bytes, device, USB_DESC_DEVICE_QUALIFIER, FALSE);
    append_answers(bytes, device, USB_DESC_STRING, TRUE);
    if (bytes->len == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: no answer to GET_DESCRIPTOR in this recording", name);
        return FALSE;
    }
    return add_seed(seeds, name, bytes->data, bytes->len, error);
}

/* ---- Files ---- */

static gboolean is_recording(const char *contents, gsize size)
{
    const gsize magic = strlen(REDIR_RECORDING_MAGIC) + 1;
    return size >= magic && memcmp(contents, REDIR_RECORDING_MAGIC, magic) == 0;
}

/* What has been written by us already is bytes, with faults behind the descriptors. */
static gboolean add_file(GPtrArray *seeds, const char *path, GError **error)
{
    g_autofree char *name = g_path_get_basename(path), *contents = NULL;
    struct description description = {0};
    gsize size;

    if (g_str_has_suffix(path, ".rec")) {
        if (!g_file_get_contents(path, &contents, &size, error))
            return FALSE;
        if (is_recording(contents, size))
            return add_recording(seeds, name, (const guint8 *)contents, size, error);
    }
    gboolean read = description_read_file(&description, path, error) &&
                    add_description(seeds, name, &description, error);
    description_clear(&description);
    return read;
}

static gboolean add_folder(GPtrArray *seeds, const char *path, GError **error)
{
    GError *inner = NULL;
    g_autoptr(GPtrArray) names = fuzz_list_folder(path, &inner);

    for (guint i = 0; i < names->len && !inner; i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            add_file(seeds, file, &inner);
    }
    if (inner)
        g_propagate_error(error, inner);
    return inner == NULL;
}

static gboolean add_named(GPtrArray *seeds, const char *name, GError **error)
{
    const FuzzPreset *preset = find_preset(name);

    if (g_file_test(name, G_FILE_TEST_IS_DIR))
        return add_folder(seeds, name, error);
    if (preset && !g_file_test(name, G_FILE_TEST_EXISTS)) {
        add_preset(seeds, preset);
        return TRUE;
    }
    return add_file(seeds, name, error);
}

GPtrArray *fuzz_seeds_read(char **names, GError **error)
{
    g_autoptr(GPtrArray) seeds = g_ptr_array_new_with_free_func(seed_free);

    for (guint i = 0; names[0] == NULL && i < fuzz_n_presets; i++)
        add_preset(seeds, &fuzz_presets[i]);
    for (; *names; names++)
        if (!add_named(seeds, *names, error))
            return NULL;
    if (seeds->len == 0) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "no file in the folder");
        return NULL;
    }
    return g_steal_pointer(&seeds);
}
