/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Computes what nobody writes by hand: lengths, counts and totals, at each level. */
#include <errno.h>

#include "descriptors/internal.h"

/* Stores value; false where the field cannot hold it. */
static bool store(struct desc_node *node, const struct desc_row *row, size_t value)
{
    desc_set(node, row, 0, value);
    return desc_get(node, row, 0) == value;
}

static size_t count_children(const struct desc_node *node, const struct desc_row *row)
{
    const struct desc_type *type = node->type;
    const struct desc_row *list = type->rows + type->n_wire;
    size_t n = 0;

    if (!row->where_zero)
        return desc_n(node, row->n_offset);
    while (list->n_offset != row->n_offset)
        list++;
    DESC_FOREACH(child, *(const struct desc_list *)desc_at(node, list->offset))
    n += *(const uint8_t *)desc_at(child, row->where_zero) == 0;
    return n;
}

size_t desc_counted(const struct desc_node *node, const struct desc_row *row)
{
    unsigned times = row->times ? row->times : 1;
    return (count_children(node, row) + times - 1) / times;
}

static bool derive_count(struct desc_node *node, const struct desc_row *row)
{
    size_t n = desc_counted(node, row);

    /* 0 with zero_is elements says something else than zero_is: a builder's choice to keep. */
    if (row->zero_is && n == row->zero_is && desc_get(node, row, 0) == 0)
        return true;
    return store(node, row, n);
}

int desc_fit_array(struct desc_tree *tree, struct desc_node *node, const struct desc_row *row)
{
    size_t have = desc_n(node, row->n_offset), want = desc_announced(node, row);
    void **array = desc_at(node, row->offset);

    if (want == SIZE_MAX || want == have)
        return 0;
    if (want > have) {
        void *longer = desc_alloc(tree, want * desc_stride(row));
        if (!longer)
            return -ENOMEM;
        if (have)
            memcpy(longer, *array, have * desc_stride(row));
        *array = longer;
    }
    *(uint32_t *)desc_at(node, row->n_offset) = (uint32_t)want;
    return 0;
}

static int enter(struct desc_tree *tree, struct desc_node *node, size_t offset, size_t *ret_size)
{
    const struct desc_row *rows = node->type->rows;
    bool fits = true;
    int r = 0;

    for (unsigned i = 0; i < node->present; i++)
        if (rows[i].role == DESC_ROLE_COUNT)
            fits = derive_count(node, &rows[i]) && fits;
    for (unsigned i = 0; i < node->present && r == 0; i++)
        if (rows[i].role == DESC_ROLE_VARS)
            r = desc_fit_array(tree, node, &rows[i]);
    if (r < 0)
        return r;

    node->offset = (uint32_t)offset;
    *ret_size = desc_own_size(node);
    for (unsigned i = 0; i < node->present; i++)
        if (rows[i].role == DESC_ROLE_SIZE)
            fits = store(node, &rows[i], *ret_size) && fits;
    return fits ? 0 : -EOVERFLOW;
}

/* All below node is known: end is the offset after it. */
static int leave(struct desc_node *node, size_t end)
{
    const struct desc_row *rows = node->type->rows;
    bool fits = true;

    node->total = (uint32_t)(end - node->offset);
    for (unsigned i = 0; i < node->present; i++)
        if (rows[i].role == DESC_ROLE_TOTAL)
            fits = store(node, &rows[i], node->total) && fits;
    return fits ? 0 : -EOVERFLOW;
}

int desc_derive(struct desc_tree *tree)
{
    struct desc_node *node = (struct desc_node *)tree->root;
    size_t offset = 0, size = 0;
    int result = tree->error, r;

    while (node) {
        r = enter(tree, node, offset, &size);
        if (r == -ENOMEM)
            return r;
        result = result ? result : r;
        offset += size;
        if (node->first) {
            node = node->first;
            continue;
        }
        for (; node; node = node->parent) {
            r = leave(node, offset);
            result = result ? result : r;
            if (node->next)
                break;
        }
        node = node ? node->next : NULL;
    }
    return result;
}
