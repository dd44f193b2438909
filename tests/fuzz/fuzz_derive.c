/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: lengths and counts of any tree can be computed, and it packs to as many bytes
   as they say; computed once more, nothing changes. */
#include <errno.h>
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

static uint8_t *derive_and_pack(struct desc_tree *tree, size_t *ret_len)
{
    int r = desc_derive(tree);
    require(r == 0 || r == -EOVERFLOW);
    *ret_len = desc_tree_root(tree)->node.total;
    uint8_t *packed = malloc(*ret_len); /* of exact size */
    require(packed || *ret_len == 0);
    require(desc_pack(desc_tree_root(tree), packed, *ret_len) == (ssize_t)*ret_len);
    return packed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct desc_tree *tree;
    size_t once_len, twice_len;

    require(desc_parse(data, size, (enum desc_context)(size % DESC_CONTEXT_NONE), &tree) == 0);
    uint8_t *once = derive_and_pack(tree, &once_len), *twice = derive_and_pack(tree, &twice_len);
    require(once_len == twice_len && (once_len == 0 || memcmp(once, twice, once_len) == 0));
    free(once);
    free(twice);
    desc_tree_free(tree);
    return 0;
}
