/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own readers of descriptors: any bytes become a tree, and come back as they were, from the
   tree and from its JSON; linter and printer take whatever there is. */
#include <string.h>

#include "descriptors/json.h"
#include "descriptors/lint.h"
#include "descriptors/print.h"
#include "tools/fuzz/check.h"

enum { NODE = 1, ROWS, RULE };

static void require(gboolean holds, const char *what)
{
    if (!holds)
        g_error("camredir bug: %s", what);
}

static void count(void *user, const char *text, size_t len)
{
    (void)text;
    *(gsize *)user += len;
}

static void append(void *user, const char *text, size_t len)
{
    g_string_append_len(user, text, (gssize)len);
}

static void on_finding(void *user, const struct desc_finding *finding)
{
    fuzz_feature(user, RULE, g_str_hash(finding->rule->id), finding->node->type->kind);
}

static void note_nodes(const struct desc_node *root, GArray *features)
{
    for (const struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        fuzz_feature(features, NODE, node->type->kind, node->parent->type->kind);
        fuzz_feature(features, ROWS, node->type->kind, node->present * 2u + (node->n_extra > 0));
    }
}

static void require_bytes(struct desc_tree *tree, const guint8 *bytes, gsize size, const char *what)
{
    g_autofree guint8 *packed = g_malloc(size + 1); /* one more than there should be */
    ssize_t n = desc_pack(desc_tree_root(tree), packed, size + 1);

    require(n == (ssize_t)size && (size == 0 || memcmp(packed, bytes, size) == 0), what);
}

static void check_json(struct desc_tree *tree, const guint8 *bytes, gsize size)
{
    g_autoptr(GString) json = g_string_new(NULL);
    const struct desc_sink sink = {append, json};
    struct desc_json_error why;
    struct desc_tree *again;

    desc_json_write(desc_tree_root(tree), 0, &sink);
    require(desc_json_read(json->str, json->len, &again, &why) == 0, "JSON is not read back");
    require_bytes(again, bytes, size, "JSON gives other bytes");
    desc_tree_free(again);
}

void fuzz_self_check(const FuzzCase *fuzz_case, GArray *features, const char **stage)
{
    struct desc_tree *tree;
    gsize size, printed = 0;
    const guint8 *data = g_bytes_get_data(fuzz_case->descriptors, &size);
    g_autofree guint8 *bytes = g_memdup2(data, size); /* of exact size: ASan sees an over-read */
    const struct desc_sink counter = {count, &printed};

    *stage = "parse";
    require(desc_parse(bytes, size, DESC_CONTEXT_STANDARD, &tree) == 0, "bytes are not parsed");
    note_nodes(&desc_tree_root(tree)->node, features);
    *stage = "pack";
    require_bytes(tree, data, size, "the tree packs to other bytes");
    *stage = "lint";
    desc_lint(desc_tree_root(tree), NULL, on_finding, features);
    *stage = "print";
    desc_print(desc_tree_root(tree), DESC_PRINT_OFFSETS, &counter);
    require(printed >= size, "bytes are missing in the text");
    *stage = "json";
    check_json(tree, data, size);
    desc_tree_free(tree);
    *stage = "all read";
}

FuzzTarget *fuzz_target_self_new(void)
{
    return fuzz_target_check_new("self", fuzz_self_check);
}
