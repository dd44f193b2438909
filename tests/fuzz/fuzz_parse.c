/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any bytes become a tree, pack to themselves, and can be derived. */
#include <stdlib.h>
#include <string.h>

#include "descriptors/desc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_pack(struct desc_tree *tree, const uint8_t *expected, size_t len)
{
    uint8_t *packed = malloc(len);
    require(packed || len == 0);
    require(desc_pack(desc_tree_root(tree), packed, len) == (ssize_t)len);
    require(!expected || len == 0 || memcmp(packed, expected, len) == 0);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum desc_context context = (enum desc_context)(size % DESC_CONTEXT_NONE);
    struct desc_tree *tree;
    uint8_t *copy = malloc(size); /* of exact size, so that ASan sees each over-read */

    require(copy || size == 0);
    if (size)
        memcpy(copy, data, size);
    require(desc_parse(copy, size, context, &tree) == 0);
    free(copy);

    check_pack(tree, data, size);
    desc_derive(tree);
    check_pack(tree, NULL, desc_tree_root(tree)->node.total);
    desc_tree_free(tree);
    return 0;
}
