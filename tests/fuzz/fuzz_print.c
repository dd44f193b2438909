/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any bytes, parsed, can be printed, and each byte is in the text. */
#include <stdlib.h>

#include "descriptors/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *user, const char *text, size_t len)
{
    size_t *total = user;
    for (size_t i = 0; i < len; i++)
        *total += text[i] == '\n';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum desc_context context = (enum desc_context)(size % DESC_CONTEXT_NONE);
    struct desc_tree *tree;
    size_t lines = 0;
    const struct desc_sink sink = {count, &lines};

    if (desc_parse(data, size, context, &tree) != 0)
        abort();
    desc_print(desc_tree_root(tree), size % 4, &sink);
    if (lines < (size + 15) / 16 || lines > 32 * size)
        abort();
    desc_tree_free(tree);
    return 0;
}
