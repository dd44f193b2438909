/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mutations: each does what it says, the same each time, and leaves a tree that every verb takes;
   and the linter sees those that it must see. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "descriptors/edit.h"
#include "descriptors/lint.h"
#include "descriptors/mutate.h"
#include "descriptors/print.h"
#include "descriptors_camera.h"
#include "descriptors_inputs.h"

/* The small camera, made sound, and with what it has not: pins, a name, bytes of nobody knows what.
 */
static struct desc_tree *camera(void)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    for (struct desc_node *node = &desc_tree_root(tree)->node; node;
         node = desc_next(node, &desc_tree_root(tree)->node)) {
        struct uvc_vs_frame_mjpeg *frame = DESC_CAST(uvc_vs_frame_mjpeg, node);
        struct uvc_vc_header *header = DESC_CAST(uvc_vc_header, node);
        if (frame)
            frame->dwMaxVideoFrameBufferSize = 2 * 1280 * 720;
        if (header) {
            struct uvc_extension_unit *unit = DESC_ADD(tree, header, uvc_extension_unit);
            unit->bUnitID = 4;
            DESC_VARS(tree, unit, baSourceID, 1)[0] = 2;
            desc_set_extra(tree, unit, (const uint8_t[]){1, 2, 3, 4}, 4);
        }
    }
    struct usb_string *name = DESC_ADD(tree, NULL, usb_string);
    DESC_VARS(tree, name, bString, 1)[0] = 'c';
    g_assert_cmpint(desc_derive(tree), ==, 0);
    return tree;
}

static unsigned count_mutations(void)
{
    unsigned n = 0;
    while (desc_mutation_at(n))
        n++;
    return n;
}

/* ---- The table ---- */

static void test_table(void)
{
    char text[256] = "";
    struct desc_tree *tree = camera();
    for (unsigned i = 0; i < count_mutations(); i++) {
        const struct desc_mutation *mutation = desc_mutation_at(i);
        for (unsigned k = 0; k < i; k++)
            g_assert_cmpstr(mutation->name, !=, desc_mutation_at(k)->name);
        g_assert_cmpstr(mutation->what, !=, "");
    }
    for (unsigned shape = 1; shape <= 14; shape++) { /* all of uvc-rules */
        g_autofree char *prefix = g_strdup_printf("k%u-", shape);
        bool found = false;
        for (unsigned i = 0; i < count_mutations(); i++)
            found |= g_str_has_prefix(desc_mutation_at(i)->name, prefix);
        g_assert_true(found);
    }
    g_assert_cmpint(desc_mutate(tree, "break-everything", 1, text, sizeof(text)), ==, -ENOENT);
    g_assert_cmpstr(text, ==, "");
    desc_tree_free(tree);

    tree = desc_tree_new(0); /* nothing there to break */
    for (unsigned i = 0; i < count_mutations(); i++)
        g_assert_cmpint(desc_mutate(tree, desc_mutation_at(i)->name, 1, text, sizeof(text)), ==,
                        -ENODATA);
    desc_tree_free(tree);
}

/* Each of them, on a camera: it applies, says so, changes bytes, and does it again with the same
 * seed. */
static void test_each(gconstpointer data)
{
    const struct desc_mutation *mutation = data;
    g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct desc_tree *intact = camera();
    g_autoptr(GByteArray) was = inputs_pack(desc_tree_root(intact));
    unsigned changed = 0;

    for (uint64_t seed = 0; seed < 64; seed++) {
        struct desc_tree *a = camera(), *b = camera();
        char text[256] = "", again[256] = "";
        int r = desc_mutate(a, mutation->name, seed, text, sizeof(text));
        g_assert_cmpint(desc_mutate(b, mutation->name, seed, again, sizeof(again)), ==, r);
        g_autoptr(GByteArray) is = inputs_pack(desc_tree_root(a));
        g_autoptr(GByteArray) is_again = inputs_pack(desc_tree_root(b));
        g_assert_cmpmem(is->data, is->len, is_again->data, is_again->len);
        g_assert_cmpstr(text, ==, again);
        bool differs = is->len != was->len || memcmp(is->data, was->data, was->len) != 0;
        g_assert_true(r == 0 || (r == -ENODATA && !differs && !*text));
        g_assert_true(r != 0 || g_str_has_prefix(text, mutation->name));
        g_assert_cmpuint(desc_tree_root(a)->node.total, ==, is->len);
        changed += differs;
        if (r == 0)
            g_hash_table_add(texts, g_strdup(text));
        desc_tree_free(a);
        desc_tree_free(b);
    }
    g_test_message("%u of 64, %u ways", changed, g_hash_table_size(texts));
    g_assert_cmpuint(changed, >, 20);
    desc_tree_free(intact);
}

/* ---- What some of them do ---- */

#define DRAWS 1500

static struct desc_tree *mutated(const char *name, uint64_t seed, char *ret_text, size_t size)
{
    struct desc_tree *tree = camera();
    g_assert_cmpint(desc_mutate(tree, name, seed, ret_text, size), ==, 0);
    return tree;
}

static struct desc_node *last_of_configuration(struct desc_tree *tree)
{
    struct desc_node *node = &desc_tree_root(tree)->node;
    while (!DESC_CAST(vcam_config_descriptor, node))
        node = desc_next(node, &desc_tree_root(tree)->node);
    while (node->last)
        node = node->last;
    return node;
}

/* What the camera has, and what no camera of ours has. */
static void test_ends(void)
{
    static const enum desc_kind ends[] = {
        DESC_KIND_usb_endpoint,      DESC_KIND_uvc_vs_color_matching,
        DESC_KIND_uvc_selector_unit, DESC_KIND_uvc_media_transport_output_terminal,
        DESC_KIND_uvc_vs_format_dv,  DESC_KIND_uvc_vs_still_image_frame,
        DESC_KIND_uvc_vs_frame_h264, DESC_KIND_usb_ss_endpoint_companion,
        DESC_KIND_usb_cs_interface,  DESC_KIND_uvc_vs_output_header,
        DESC_KIND_uvc_vs_format_vp8, DESC_KIND_uvc_encoding_unit,
    };
    unsigned seen[DESC_KIND_COUNT] = {0};
    char text[256];
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        struct desc_tree *tree = mutated("end-early", seed, text, sizeof(text));
        seen[last_of_configuration(tree)->type->kind]++;
        desc_tree_free(tree);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        g_assert_cmpuint(seen[ends[i]], >, 0);
}

static unsigned count_nodes(struct desc_tree *tree)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    unsigned n = 0;
    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        n++;
    return n;
}

static unsigned count_intact(void)
{
    struct desc_tree *tree = camera();
    unsigned n = count_nodes(tree);
    desc_tree_free(tree);
    return n;
}

/* Where all is counted there is nothing left to derive. */
static void test_added(void)
{
    unsigned intact = count_intact(), counted = 0;
    char text[256];
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct desc_tree *tree = mutated("add-node", seed, text, sizeof(text));
        g_assert_cmpuint(count_nodes(tree), ==, intact + 1);
        g_autoptr(GByteArray) is = inputs_pack(desc_tree_root(tree));
        g_assert_cmpint(desc_derive(tree), ==, 0);
        g_autoptr(GByteArray) right = inputs_pack(desc_tree_root(tree));
        bool same = is->len == right->len && memcmp(is->data, right->data, is->len) == 0;
        g_assert_cmpint(same, ==, g_str_has_suffix(text, ", and counted"));
        counted += same;
        desc_tree_free(tree);
    }
    g_assert_cmpuint(counted, >, 50);
    g_assert_cmpuint(counted, <, 150);
}

/* Bare: each of so many more is one descriptor. */
static void test_repeated(void)
{
    unsigned intact = count_intact(), bare = 0, n;
    char text[256];
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct desc_tree *tree = mutated("repeat-node", seed, text, sizeof(text));
        const char *what = strrchr(text, ':');
        g_assert_cmpint(sscanf(what, ": %u more of it", &n), ==, 1);
        if (strstr(what, ", bare"))
            g_assert_cmpuint(count_nodes(tree), ==, intact + n);
        bare += strstr(what, ", bare") != NULL;
        desc_tree_free(tree);
    }
    g_assert_cmpuint(bare, >, 20);
}

/* The array that has more elements than it had, and its descriptor. */
static const struct desc_row *grown_array(struct desc_tree *tree, struct desc_tree *intact,
                                          struct desc_node **ret_node)
{
    struct desc_node *root = &desc_tree_root(tree)->node, *was = &desc_tree_root(intact)->node;
    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        was = desc_next(was, &desc_tree_root(intact)->node);
        for (unsigned i = 0; i < node->type->n_wire; i++)
            if (desc_elements(node, &node->type->rows[i]) !=
                desc_elements(was, &was->type->rows[i])) {
                *ret_node = node;
                return &node->type->rows[i];
            }
    }
    g_assert_not_reached();
}

/* Up to what a bLength can say, and of bytes that mean nothing or all. */
static void test_grown(void)
{
    unsigned most = 0, zeros = 0, ones = 0;
    struct desc_tree *intact = camera();
    char text[256];
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct desc_tree *tree = mutated("grow-array", seed, text, sizeof(text));
        struct desc_node *node;
        const struct desc_row *row = grown_array(tree, intact, &node);
        uint64_t last = desc_get(node, row, desc_elements(node, row) - 1);
        zeros += last == 0;
        ones += last == UINT64_MAX >> (64 - 8 * row->width);
        most += desc_own_size(node) + row->width > UINT8_MAX;
        g_assert_cmpuint(desc_own_size(node), <=, UINT8_MAX);
        desc_tree_free(tree);
    }
    g_assert_cmpuint(zeros + ones, ==, 100);
    g_assert_cmpuint(MIN(zeros, ones), >, 20);
    g_assert_cmpuint(most, >, 10);
    desc_tree_free(intact);
}

/* ---- Whatever comes of it ---- */

static void count_bytes(void *user, const char *text, size_t len)
{
    (void)text;
    *(size_t *)user += len;
}

static void ignore_finding(void *user, const struct desc_finding *finding)
{
    (void)user;
    (void)finding;
}

static void check_verbs(struct desc_tree *tree)
{
    size_t len = 0;
    const struct desc_sink sink = {count_bytes, &len};
    g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(tree));
    g_autofree uint8_t *exact = g_memdup2(bytes->data, bytes->len);
    struct desc_tree *parsed;

    desc_print(desc_tree_root(tree), DESC_PRINT_OFFSETS, &sink);
    desc_lint(desc_tree_root(tree), NULL, ignore_finding, NULL);
    g_assert_cmpint(desc_parse(exact, bytes->len, DESC_CONTEXT_STANDARD, &parsed), ==, 0);
    g_autoptr(GByteArray) again = inputs_pack(desc_tree_root(parsed));
    g_assert_cmpmem(again->data, again->len, bytes->data, bytes->len);
    desc_lint(desc_tree_root(parsed), NULL, ignore_finding, NULL);
    desc_tree_free(parsed);
}

static void mutate_often(struct desc_tree *tree, GRand *rand, int n)
{
    for (int i = 0; i < n; i++) {
        const char *name = desc_mutation_at(g_rand_int(rand) % count_mutations())->name;
        char text[64];
        int r = desc_mutate(tree, name, g_rand_int(rand), text,
                            (size_t)g_rand_int_range(rand, 1, sizeof(text)));
        g_assert_true(r == 0 || r == -ENODATA);
    }
}

/* One upon the other, on cameras and on trees that are broken already. */
static void test_chains(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(31);
    for (int i = 0; i < (g_test_slow() ? 20000 : 400); i++) {
        struct desc_tree *tree = i % 2 ? camera() : inputs_tree(rand, 1 + g_rand_int(rand) % 30);
        mutate_often(tree, rand, g_rand_int_range(rand, 1, 20));
        check_verbs(tree);
        desc_tree_free(tree);
    }
}

static void mutate_bytes(const uint8_t *bytes, size_t len)
{
    for (uint64_t seed = 0; seed < 3; seed++)
        for (unsigned i = 0; i < count_mutations(); i++) {
            struct desc_tree *tree;
            char text[256];
            g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
            desc_mutate(tree, desc_mutation_at(i)->name, seed, text, sizeof(text));
            check_verbs(tree);
            desc_tree_free(tree);
        }
}

static void test_cameras(void)
{
    inputs_each_camera(mutate_bytes);
}

/* ---- And the linter ---- */

static void add_rule(void *user, const struct desc_finding *finding)
{
    g_hash_table_add(user, (gpointer)finding->rule->id);
}

/* The ids of the rules that the tree's bytes break. */
static GHashTable *rules_of(struct desc_tree *tree)
{
    g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(tree));
    GHashTable *rules = g_hash_table_new(g_str_hash, g_str_equal);
    struct desc_tree *parsed;
    g_assert_cmpint(desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &parsed), ==, 0);
    desc_lint(desc_tree_root(parsed), NULL, add_rule, rules);
    desc_tree_free(parsed);
    return rules;
}

/* Every known-bad shape breaks a rule that the camera did not break. */
static void test_linted(gconstpointer data)
{
    const struct desc_mutation *mutation = data;
    struct desc_tree *intact = camera();
    g_autoptr(GHashTable) before = rules_of(intact);
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct desc_tree *tree = camera();
        char text[256] = "";
        if (desc_mutate(tree, mutation->name, seed, text, sizeof(text)) == 0) {
            g_autoptr(GHashTable) after = rules_of(tree);
            GHashTableIter iter;
            gpointer rule;
            bool is_new = false;
            g_hash_table_iter_init(&iter, after);
            while (g_hash_table_iter_next(&iter, &rule, NULL))
                is_new |= !g_hash_table_contains(before, rule);
            if (!is_new)
                g_error("no rule sees '%s'", text);
        }
        desc_tree_free(tree);
    }
    desc_tree_free(intact);
}

/* ---- Surgery ---- */

static unsigned list_length(const struct desc_list *list)
{
    unsigned n = 0;
    DESC_FOREACH(child, *list)
    n++;
    return n;
}

static void test_edit(void)
{
    struct desc_tree *tree = desc_tree_new(0), *other = desc_tree_new(0);
    struct usb_interface *interface = DESC_ADD(tree, NULL, usb_interface);
    struct usb_endpoint *first = DESC_ADD(tree, interface, usb_endpoint);
    struct usb_endpoint *second = DESC_ADD(tree, interface, usb_endpoint);
    DESC_ADD(tree, second, usb_ss_endpoint_companion);
    desc_set_extra(tree, second, (const uint8_t *)"ab", 2);

    struct desc_node *copy = desc_copy(tree, second);
    g_assert_nonnull(DESC_CAST(usb_ss_endpoint_companion, copy->first));
    g_assert_cmpint(desc_place(interface, copy, first), ==, 0);
    g_assert_true(interface->node.first == copy && copy->next == &first->node);
    g_assert_cmpuint(interface->n_arrEndpointDescs, ==, 3);
    g_assert_cmpuint(list_length(&interface->arrEndpointDescs), ==, 3);
    g_assert_cmpint(desc_place(first, desc_copy(tree, interface), NULL), ==, -EINVAL);

    desc_unlink(copy);
    g_assert_cmpuint(list_length(&interface->arrEndpointDescs), ==, 2);
    desc_locate(tree);
    g_assert_cmpuint(second->node.offset, ==, 9 + 7);
    g_assert_cmpuint(interface->node.total, ==, 9 + 7 + 9 + 6);
    desc_cut_rows(second, 3);
    desc_locate(tree);
    g_assert_cmpuint(interface->node.total, ==, 9 + 7 + 5 + 6);
    desc_drop_children(second);
    desc_drop_after(first);
    g_assert_cmpuint(interface->n_arrEndpointDescs, ==, 1);
    g_assert_true(interface->node.last == &first->node);

    struct usb_string *string = DESC_ADD(tree, NULL, usb_string);
    DESC_VARS(tree, string, bString, 2)[1] = 'x';
    struct usb_string *there = desc_copy(other, string);
    desc_tree_free(tree); /* a copy needs nothing of where it came from */
    g_assert_cmpint(desc_place(desc_tree_root(other), there, NULL), ==, 0);
    g_assert_cmpuint(there->bString[1], ==, 'x');
    desc_tree_free(other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mutate/table", test_table);
    g_test_add_func("/mutate/edit", test_edit);
    for (unsigned i = 0; i < count_mutations(); i++) {
        const struct desc_mutation *mutation = desc_mutation_at(i);
        g_autofree char *each = g_strdup_printf("/mutate/each/%s", mutation->name);
        g_autofree char *linted = g_strdup_printf("/mutate/linted/%s", mutation->name);
        g_test_add_data_func(each, mutation, test_each);
        if (mutation->name[0] == 'k' || g_str_equal(mutation->name, "break-length") ||
            g_str_equal(mutation->name, "break-total"))
            g_test_add_data_func(linted, mutation, test_linted);
    }
    g_test_add_func("/mutate/ends", test_ends);
    g_test_add_func("/mutate/added", test_added);
    g_test_add_func("/mutate/repeated", test_repeated);
    g_test_add_func("/mutate/grown", test_grown);
    g_test_add_func("/mutate/chains", test_chains);
    g_test_add_func("/mutate/cameras", test_cameras);
    return g_test_run();
}
