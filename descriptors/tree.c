/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree itself: its memory, its links, and the calls by which a builder fills it. */
#include <errno.h>
#include <stdlib.h>

#include "descriptors/internal.h"

#define CHUNK_SIZE (64u << 10)

static void use_chunk(struct desc_tree *tree, struct desc_chunk *chunk, size_t size)
{
    tree->chunks = chunk;
    tree->free = chunk->data;
    tree->end = chunk->data + size;
}

void *desc_alloc_chunk(struct desc_tree *tree, size_t size)
{
    size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct desc_chunk *chunk = calloc(1, sizeof(*chunk) + room);
    if (!chunk) {
        tree->error = tree->error ? tree->error : -ENOMEM;
        return NULL;
    }
    chunk->next = tree->chunks;
    use_chunk(tree, chunk, room);
    tree->free += size;
    return chunk->data;
}

struct desc_tree *desc_tree_new_sized(uint16_t bcdUVC, size_t room)
{
    const struct desc_type *type = desc_type_of(DESC_KIND_usb_descriptors);
    size_t size = room + sizeof(struct usb_descriptors);
    struct desc_tree *tree = calloc(1, sizeof(*tree) + size);
    if (!tree)
        return NULL;
    tree->bcdUVC = bcdUVC;
    use_chunk(tree, &tree->own, size);
    tree->root = (struct usb_descriptors *)desc_node_new(tree, type);
    return tree;
}

struct desc_tree *desc_tree_new(uint16_t bcdUVC)
{
    return desc_tree_new_sized(bcdUVC, CHUNK_SIZE);
}

void desc_tree_free(struct desc_tree *tree)
{
    if (!tree)
        return;
    while (tree->chunks != &tree->own) {
        struct desc_chunk *chunk = tree->chunks;
        tree->chunks = chunk->next;
        free(chunk);
    }
    free(tree);
}

struct usb_descriptors *desc_tree_root(struct desc_tree *tree)
{
    return tree->root;
}

/* Remembers the first error; what the builder then gets is written and never read. */
static void *spare_node(struct desc_tree *tree, const struct desc_type *type, int error)
{
    if (!tree->error)
        tree->error = error;
    memset(&tree->spare, 0, sizeof(tree->spare));
    struct desc_node *node = (struct desc_node *)&tree->spare;
    node->type = type;
    return node;
}

static void set_constants(struct desc_node *node, uint16_t bcdUVC)
{
    const struct desc_type *type = node->type;
    for (unsigned i = 0; i < type->n_wire; i++) {
        const struct desc_row *row = &type->rows[i];
        if (bcdUVC && row->since > bcdUVC)
            break;
        if (row->role == DESC_ROLE_CONST)
            desc_set(node, row, 0, row->value);
        node->present = (uint8_t)(i + 1);
    }
}

void *desc_add(struct desc_tree *tree, void *parent, enum desc_kind kind)
{
    const struct desc_type *type = desc_type_of(kind);
    struct desc_node *above = parent ? parent : (struct desc_node *)tree->root;

    if (tree->error || !(above->type->accepts & type->group))
        return spare_node(tree, type, -EINVAL);
    struct desc_node *node = desc_node_new(tree, type);
    if (!node)
        return spare_node(tree, type, -ENOMEM);
    set_constants(node, tree->bcdUVC);
    desc_link(above, node);
    return node;
}

static const struct desc_row *array_row(const struct desc_type *type, size_t offset)
{
    for (unsigned i = 0; i < type->n_wire; i++)
        if (type->rows[i].offset == offset && type->rows[i].role == DESC_ROLE_VARS)
            return &type->rows[i];
    return NULL;
}

void *desc_vars(struct desc_tree *tree, void *self, size_t offset, size_t n)
{
    const struct desc_row *row = array_row(((struct desc_node *)self)->type, offset);
    void *array = NULL;

    if (!row || n > DESC_MAX_ELEMENTS)
        tree->error = tree->error ? tree->error : row ? -E2BIG : -EINVAL;
    else if (!(array = desc_alloc(tree, n * desc_stride(row))) && !tree->error)
        tree->error = -ENOMEM;
    if (!array)
        return memset(tree->spare_array, 0, sizeof(tree->spare_array));

    *(void **)desc_at(self, offset) = array;
    *(uint32_t *)desc_at(self, row->n_offset) = (uint32_t)n;
    if (row->by[0] && !row->by[1])
        *(uint8_t *)desc_at(self, row->by[0]) = (uint8_t)(row->times ? n / row->times : n);
    return array;
}

void desc_set_extra(struct desc_tree *tree, void *self, const uint8_t *bytes, size_t len)
{
    struct desc_node *node = self;
    uint8_t *copy = len <= DESC_MAX_BYTES ? desc_alloc(tree, len) : NULL;
    if (!copy) {
        tree->error = tree->error ? tree->error : -ENOMEM;
        return;
    }
    if (len)
        memcpy(copy, bytes, len);
    node->extra = copy;
    node->n_extra = (uint32_t)len;
}

void *desc_cast(const void *node, enum desc_kind kind)
{
    const struct desc_node *n = node;
    return n && n->type->kind == kind ? (void *)(uintptr_t)n : NULL;
}

struct desc_node *desc_next(const struct desc_node *node, const struct desc_node *top)
{
    if (node->first)
        return node->first;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}
