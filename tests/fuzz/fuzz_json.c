/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any text is refused with words, or becomes a tree whose JSON gives the same
   bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    char *at;
    size_t len, size;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void append(void *user, const char *text, size_t len)
{
    struct text *to = user;
    if (to->len + len > to->size) {
        to->size = 2 * (to->len + len);
        to->at = realloc(to->at, to->size);
        require(to->at);
    }
    memcpy(to->at + to->len, text, len);
    to->len += len;
}

static uint8_t *packed(struct desc_tree *tree, size_t *ret_len)
{
    *ret_len = desc_tree_root(tree)->node.total;
    uint8_t *bytes = malloc(*ret_len + 1);
    require(bytes && desc_pack(desc_tree_root(tree), bytes, *ret_len) == (ssize_t)*ret_len);
    return bytes;
}

static void check_tree(struct desc_tree *tree, unsigned flags)
{
    struct text json = {0};
    const struct desc_sink sink = {append, &json};
    struct desc_json_error error;
    struct desc_tree *again;
    size_t was_len, is_len;

    desc_json_write(desc_tree_root(tree), flags, &sink);
    require(desc_json_read(json.at, json.len, &again, &error) == 0);
    uint8_t *was = packed(tree, &was_len), *is = packed(again, &is_len);
    require(was_len == is_len && memcmp(was, is, is_len) == 0);
    desc_tree_free(again);
    free(was);
    free(is);
    free(json.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct desc_json_error error = {""};
    struct desc_tree *tree;
    char *copy = malloc(size); /* of exact size, so that ASan sees each over-read */

    require(copy || size == 0);
    if (size)
        memcpy(copy, data, size);
    int r = desc_json_read(copy, size, &tree, &error);
    free(copy);
    if (r != 0) {
        require(r == -EINVAL && error.text[0]);
        return 0;
    }
    check_tree(tree, 0);
    check_tree(tree, DESC_JSON_ALL);
    desc_tree_free(tree);
    return 0;
}
