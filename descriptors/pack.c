/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From structures to bytes: what they hold, as it is, right or wrong. */
#include <errno.h>

#include "descriptors/internal.h"

/* Where the next byte goes, and how many more may come. */
struct sink {
    uint8_t *at;
    size_t left;
};

static bool put_array(struct sink *sink, const void *self, const struct desc_row *row)
{
    const uint8_t *from = *(uint8_t *const *)desc_at(self, row->offset);
    size_t width = row->width, stride = desc_stride(row), n = desc_n(self, row->n_offset);

    if (sink->left < n * width)
        return false;
    sink->left -= n * width;
    if (n > 0 && desc_is_wire(row))
        memcpy(sink->at, from, n * width);
    else
        for (size_t i = 0; i < n; i++)
            desc_put_wire(sink->at + i * width, from + i * stride, width);
    sink->at += n * width;
    return true;
}

static inline bool put_row(struct sink *sink, const void *self, const struct desc_row *row)
{
    if (row->role == DESC_ROLE_VARS)
        return put_array(sink, self, row);
    if (sink->left < row->width)
        return false;
    desc_put_wire(sink->at, desc_at(self, row->offset), row->width);
    sink->at += row->width;
    sink->left -= row->width;
    return true;
}

static bool put_node(struct sink *sink, const struct desc_node *node)
{
    const struct desc_type *type = node->type;
    unsigned i = 0;

    if (node->present >= type->n_head && sink->left >= type->head) {
        desc_put_head(node, sink->at);
        sink->at += type->head;
        sink->left -= type->head;
        i = type->n_head;
    }
    for (; i < node->present; i++)
        if (!put_row(sink, node, &type->rows[i]))
            return false;
    if (sink->left < node->n_extra)
        return false;
    if (node->n_extra) {
        memcpy(sink->at, node->extra, node->n_extra);
        sink->at += node->n_extra;
        sink->left -= node->n_extra;
    }
    return true;
}

ssize_t desc_pack_alone(const void *node, uint8_t *buf, size_t size)
{
    struct sink sink = {buf, size};
    return put_node(&sink, node) ? (ssize_t)(size - sink.left) : -ENOSPC;
}

ssize_t desc_pack(const void *node, uint8_t *buf, size_t size)
{
    struct sink sink = {buf, size};
    for (const struct desc_node *n = node; n; n = desc_next(n, node))
        if (!put_node(&sink, n))
            return -ENOSPC;
    return (ssize_t)(size - sink.left);
}

size_t desc_pack_rows(enum desc_kind kind, const void *self, uint8_t *buf, size_t size)
{
    const struct desc_type *type = desc_type_of(kind);
    struct sink sink = {buf, size};
    for (unsigned i = 0; i < type->n_wire; i++)
        if (!put_row(&sink, self, &type->rows[i]))
            break;
    return size - sink.left;
}
