/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any bytes become a tree, and pack to themselves. */
#include <stdlib.h>
#include <string.h>

#include "descriptors/desc.h"
#include "tests/fuzz/small_quarantine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
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

    /* The tree has its own copy: what was parsed is room for what is packed, of exact size too. */
    if (size)
        memset(copy, 0x5a, size);
    require(desc_pack(desc_tree_root(tree), copy, size) == (ssize_t)size);
    require(size == 0 || memcmp(copy, data, size) == 0);
    desc_tree_free(tree);
    free(copy);
    return 0;
}
