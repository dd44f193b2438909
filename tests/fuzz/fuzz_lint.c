/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: the linter looks at the tree of any bytes, and each finding can be put into
   words and lies within them. */
#include <stdlib.h>
#include <string.h>

#include "descriptors/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bounds {
    size_t len, findings;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void on_finding(void *user, const struct desc_finding *finding)
{
    struct bounds *bounds = user;
    char text[32];

    bounds->findings++;
    require(finding->offset <= bounds->len && finding->offset >= finding->node->offset);
    require(!finding->row || finding->index < desc_elements(finding->node, finding->row) ||
            finding->index == 0);
    if (bounds->findings % 16 != 1)
        return; /* words take longer than the linter */
    desc_finding_path(finding, text, sizeof(text));
    desc_finding_found(finding, text, sizeof(text));
    desc_finding_expected(finding, text, sizeof(text));
}

/* The last two bytes are what is known, and the class that is assumed outside of interfaces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct desc_lint_options options = {0};
    enum desc_context context = DESC_CONTEXT_STANDARD;
    struct bounds bounds = {0};
    struct desc_tree *tree;

    if (size >= 2) {
        size -= 2;
        options.known = data[size] & 7;
        options.speed = (enum desc_speed)(data[size] >> 3 & 3);
        context = (enum desc_context)(data[size + 1] % DESC_CONTEXT_NONE);
    }
    bounds.len = size;
    require(desc_parse(data, size, context, &tree) == 0);
    desc_lint(desc_tree_root(tree), &options, on_finding, &bounds);
    require(bounds.findings <= 64 * (size + 1)); /* linear in what there is */
    desc_tree_free(tree);
    return 0;
}
