/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs that the verbs are held to: trees generated from the schema, with every kind at every
   place that takes it and any values in it; the same as bytes with some of them changed; real
   cameras. */
#pragma once

#include <glib.h>
#include <string.h>

#include "descriptors/desc.h"

/* A tree of about n descriptors. Every field is random, derived or not. */
static inline struct desc_tree *inputs_tree(GRand *rand, unsigned n);

static inline void inputs_fill(struct desc_tree *tree, struct desc_node *node, GRand *rand)
{
    static const uint32_t common[] = {0, 1, 2, 3, 4, 9, 0x24, 0xff, 0xffff, 0xffffffff};
    for (unsigned i = 0; i < node->type->n_wire; i++) {
        const struct desc_row *row = &node->type->rows[i];
        bool is_array = row->role == DESC_ROLE_VARS;
        if (is_array)
            desc_vars(tree, node, row->offset, (size_t)g_rand_int_range(rand, 0, 6));
        if (row->width == 16)
            memset((uint8_t *)node + row->offset, g_rand_int_range(rand, 0, 256), 16);
        else if (row->role != DESC_ROLE_CONST || g_rand_int_range(rand, 0, 30) == 0)
            for (size_t k = 0; k < desc_elements(node, row); k++)
                desc_set(node, row, k,
                         g_rand_boolean(rand)
                             ? g_rand_int(rand)
                             : common[g_rand_int_range(rand, 0, G_N_ELEMENTS(common))]);
    }
    if (g_rand_int_range(rand, 0, 4) == 0)
        node->present = (uint8_t)g_rand_int_range(rand, 0, node->type->n_wire + 1);
    /* What has no bytes has no value either. */
    for (unsigned i = node->present; i < node->type->n_wire; i++) {
        if (node->type->rows[i].role == DESC_ROLE_VARS)
            desc_vars(tree, node, node->type->rows[i].offset, 0);
        else
            desc_set(node, &node->type->rows[i], 0, 0);
    }
    if (node->type->n_wire == 0 || g_rand_int_range(rand, 0, 8) == 0)
        desc_set_extra(tree, node, (const uint8_t *)"\x05\x24\xf0/*\"\\*/",
                       1 + g_rand_int(rand) % 8);
}

static inline struct desc_tree *inputs_tree(GRand *rand, unsigned n)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct desc_node *parents[64] = {&desc_tree_root(tree)->node};
    unsigned n_parents = 1;

    while (n > 0) {
        struct desc_node *parent = parents[g_rand_int_range(rand, 0, (gint32)n_parents)];
        enum desc_kind kind = (enum desc_kind)g_rand_int_range(rand, 1, DESC_KIND_COUNT);
        const struct desc_type *type = desc_type_of(kind);
        if (type->group == DESC_GROUP_NONE || !(parent->type->accepts & type->group)) {
            n -= g_rand_int_range(rand, 0, 8) == 0;
            continue;
        }
        struct desc_node *node = desc_add(tree, parent, kind);
        inputs_fill(tree, node, rand);
        if (type->accepts)
            parents[n_parents < 64 ? n_parents++ : 1 + g_rand_int(rand) % 63] = node;
        n--;
    }
    if (g_rand_boolean(rand))
        desc_derive(tree);
    return tree;
}

static inline GByteArray *inputs_pack(const void *node)
{
    GByteArray *bytes = g_byte_array_new();
    ssize_t len;
    for (guint size = 4096;; size *= 2) {
        g_byte_array_set_size(bytes, size);
        len = desc_pack(node, bytes->data, size);
        if (len >= 0)
            break;
    }
    g_byte_array_set_size(bytes, (guint)len);
    return bytes;
}

/* Some bytes changed, added, taken out. */
static inline void inputs_disturb(GByteArray *bytes, GRand *rand)
{
    for (int i = g_rand_int_range(rand, 0, 6); i > 0 && bytes->len > 1; i--) {
        guint at = g_rand_int(rand) % bytes->len;
        guint n = 1 + g_rand_int(rand) % 40;
        switch (g_rand_int_range(rand, 0, 5)) {
        case 0:
            g_byte_array_remove_range(bytes, at, MIN(n, bytes->len - at));
            break;
        case 1:
            g_byte_array_append(bytes, (const guint8 *)"\x09\x04\x01\x00\x00\x0e\x02\x00\x00", 9);
            break;
        default:
            bytes->data[at] = (guint8)g_rand_int(rand);
        }
    }
}

typedef void (*inputs_func)(const uint8_t *bytes, size_t len);

/* The vectors of real cameras: device descriptor followed by its configuration. Where there are
   none, the test is skipped with a line that says so. */
static inline void inputs_each_camera(inputs_func func)
{
    const char *shared = g_getenv("CAMREDIR_SHARED");
    g_autofree char *directory = g_build_filename(shared ? shared : "../shared", "vectors", NULL);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    if (!dir)
        g_test_skip("no real cameras' descriptors here (../shared/vectors, or $CAMREDIR_SHARED)");
    while (dir && (name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, ".device.bin"))
            continue;
        g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".device.bin"));
        g_autofree char *device_path = g_strdup_printf("%s/%s.device.bin", directory, stem);
        g_autofree char *config_path = g_strdup_printf("%s/%s.config.bin", directory, stem);
        g_autofree char *device = NULL, *config = NULL;
        gsize device_len, config_len;
        g_assert_true(g_file_get_contents(device_path, &device, &device_len, NULL));
        g_assert_true(g_file_get_contents(config_path, &config, &config_len, NULL));
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_byte_array_append(bytes, (const guint8 *)device, (guint)device_len);
        g_byte_array_append(bytes, (const guint8 *)config, (guint)config_len);
        g_test_message("%s", stem);
        func(bytes->data, bytes->len);
    }
}

/* n cases: generated trees, as bytes, one in two disturbed. */
static inline void inputs_each(guint32 seed, unsigned n, inputs_func func)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    for (unsigned i = 0; i < n; i++) {
        struct desc_tree *tree = inputs_tree(rand, 1 + g_rand_int(rand) % 40);
        g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(tree));
        desc_tree_free(tree);
        if (i % 2)
            inputs_disturb(bytes, rand);
        func(bytes->data, bytes->len);
    }
}

/* A verb's text as a string. */
static inline void inputs_append(void *user, const char *text, size_t len)
{
    g_string_append_len(user, text, (gssize)len);
}
