/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two trees, node by node. */
#include "tools/fuzz/transplant.h"

#include "descriptors/edit.h"
#include "tools/fuzz/check.h"

#define MOST_PIECES 64

static GBytes *bytes_of(const struct desc_node *node)
{
    gsize size = node->total;
    guint8 *bytes = g_malloc(size + 1);

    desc_pack(node, bytes, size);
    return g_bytes_new_take(bytes, size);
}

/* What the valid camera has itself is not what breaks. */
static GHashTable *all_bytes(struct desc_tree *tree)
{
    GHashTable *all =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    struct desc_node *root = &desc_tree_root(tree)->node;

    for (struct desc_node *node = root; node; node = desc_next(node, root))
        g_hash_table_add(all, bytes_of(node));
    return all;
}

static gint by_size(gconstpointer a, gconstpointer b)
{
    const struct desc_node *left = *(struct desc_node *const *)a;
    const struct desc_node *right = *(struct desc_node *const *)b;

    return (left->total > right->total) - (left->total < right->total);
}

static GPtrArray *pieces_of(struct desc_tree *broken, struct desc_tree *valid)
{
    GPtrArray *pieces = g_ptr_array_new();
    struct desc_node *root = &desc_tree_root(broken)->node;
    g_autoptr(GHashTable) known = all_bytes(valid);

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        g_autoptr(GBytes) bytes = bytes_of(node);
        if (!g_hash_table_contains(known, bytes))
            g_ptr_array_add(pieces, node);
    }
    g_ptr_array_sort(pieces, by_size);
    g_ptr_array_set_size(pieces, (gint)MIN(pieces->len, MOST_PIECES));
    return pieces;
}

/* Of its kind, or else of its group. */
static gboolean is_like(const struct desc_node *node, const struct desc_node *piece,
                        gboolean same_kind)
{
    return same_kind ? node->type->kind == piece->type->kind
                     : (node->type->group & piece->type->group) != 0;
}

/* NULL: there are fewer. */
static struct desc_node *nth_like(struct desc_tree *tree, const struct desc_node *piece,
                                  gboolean same_kind, guint n)
{
    struct desc_node *root = &desc_tree_root(tree)->node;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        if (is_like(node, piece, same_kind) && n-- == 0)
            return node;
    return NULL;
}

static guint count_like(struct desc_tree *tree, const struct desc_node *piece, gboolean same_kind)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    guint n = 0;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        n += is_like(node, piece, same_kind);
    return n;
}

static gboolean put_before(struct desc_tree *tree, const struct desc_node *piece,
                           struct desc_node *parent, struct desc_node *before,
                           struct desc_node **ret_copy)
{
    *ret_copy = desc_copy(tree, piece);
    return *ret_copy && desc_place(parent, *ret_copy, before) == 0;
}

/* NULL: it has become too large. */
static FuzzCase *case_of(const struct desc_node *root, GArray *faults)
{
    if (root->total > FUZZ_MAX_BYTES)
        return NULL;
    FuzzCase *made = g_new0(FuzzCase, 1);
    made->descriptors = bytes_of(root);
    made->faults = g_array_copy(faults);
    return made;
}

/* Lengths and counts around it become right, and the piece itself stays as it is. */
static FuzzCase *transplant(const FuzzCase *valid, const FuzzCase *broken,
                            const struct desc_node *piece, gboolean same_kind, guint n)
{
    struct desc_tree *tree = fuzz_parse_tree(valid->descriptors);
    struct desc_node *at = nth_like(tree, piece, same_kind, n), *parent = at->parent, *copy, *last;
    FuzzCase *made = NULL;

    if (put_before(tree, piece, parent, same_kind ? at : NULL, &copy)) {
        if (same_kind)
            desc_unlink(at);
        desc_derive(tree);
        if (put_before(tree, piece, parent, copy, &last)) {
            desc_unlink(copy);
            desc_locate(tree);
            made = case_of(&desc_tree_root(tree)->node, broken->faults);
        }
    }
    desc_tree_free(tree);
    return made;
}

/* In the place of the first, the last and one between, of its kind; or else behind its group. */
static void add_places(GPtrArray *cases, const FuzzCase *valid, const FuzzCase *broken,
                       struct desc_tree *tree, const struct desc_node *piece)
{
    guint same = count_like(tree, piece, TRUE), like = count_like(tree, piece, FALSE);
    guint places[] = {0, same - 1, same / 2}, n = MIN(same, G_N_ELEMENTS(places));

    for (guint i = 0; i < n; i++) {
        FuzzCase *made = transplant(valid, broken, piece, TRUE, places[i]);
        if (made)
            g_ptr_array_add(cases, made);
    }
    FuzzCase *made = like ? transplant(valid, broken, piece, FALSE, like - 1) : NULL;
    if (made)
        g_ptr_array_add(cases, made);
}

GPtrArray *fuzz_transplants(const FuzzCase *valid, const FuzzCase *broken)
{
    GPtrArray *cases = g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free);
    struct desc_tree *sound = fuzz_parse_tree(valid->descriptors);
    struct desc_tree *other = fuzz_parse_tree(broken->descriptors);
    desc_locate(sound);
    desc_locate(other);
    g_autoptr(GPtrArray) pieces = pieces_of(other, sound);

    for (guint i = 0; i < pieces->len; i++)
        add_places(cases, valid, broken, sound, pieces->pdata[i]);
    desc_tree_free(other);
    desc_tree_free(sound);
    return cases;
}
