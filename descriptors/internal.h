/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs share and users need not see: the tree's memory, linking, the wire's scalars. */
#pragma once

#include <string.h>

#include "descriptors/desc.h"

/* Memory that goes when the tree goes. */
struct desc_chunk {
    struct desc_chunk *next;
    _Alignas(16) uint8_t data[];
};

/* Largest structure of the schema, and longest array that DESC_VARS makes. */
union desc_any {
#define SF_PACK(tag, ...) struct tag of_##tag;
#include "descriptors/schema.def"
};
#define DESC_MAX_ELEMENTS 255

struct desc_tree {
    struct usb_descriptors *root;
    uint8_t *free, *end;       /* what is left of the chunk in use, all zeros */
    struct desc_chunk *chunks; /* the first is the one in use, the last is below */
    uint16_t bcdUVC;
    int error;            /* the first that the building met */
    union desc_any spare; /* what a builder gets once memory has run out */
    uint64_t spare_array[DESC_MAX_ELEMENTS];
    struct desc_chunk own; /* in the same allocation: most trees need no other */
};

/* room: bytes that the tree will need, more or less. */
struct desc_tree *desc_tree_new_sized(uint16_t bcdUVC, size_t room);
/* size bytes of a new chunk. */
void *desc_alloc_chunk(struct desc_tree *tree, size_t size);

/* Zeros, aligned for anything; NULL: out of memory, which the tree remembers. */
static inline void *desc_alloc(struct desc_tree *tree, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    uint8_t *memory = tree->free;

    if ((size_t)(tree->end - memory) < rounded)
        return desc_alloc_chunk(tree, rounded);
    tree->free = memory + rounded;
    return memory;
}

/* What a COUNT row counts. */
size_t desc_counted(const struct desc_node *node, const struct desc_row *row);
/* An array whose length other fields give follows them: zeros are added, or the end is cut.
   0 or -ENOMEM. */
int desc_fit_array(struct desc_tree *tree, struct desc_node *node, const struct desc_row *row);

/* The node, in no tree yet, that bytes are within context: a whole descriptor (bLength is len), or
   anything, which is then usb_raw. It points into bytes, the tree's own. NULL: out of memory. */
struct desc_node *desc_read(struct desc_tree *tree, enum desc_context context, uint8_t *bytes,
                            size_t len);
/* The rows before the first array, type->head bytes. */
void desc_put_head(const struct desc_node *restrict node, uint8_t *restrict bytes);

static inline void *desc_at(const void *self, size_t offset)
{
    return (uint8_t *)(uintptr_t)self + offset;
}

static inline uint32_t desc_n(const void *self, size_t n_offset)
{
    return *(const uint32_t *)desc_at(self, n_offset);
}

/* Bytes of one element in memory. */
static inline size_t desc_stride(const struct desc_row *row)
{
    return row->width == 3 ? 4 : row->width;
}

/* Elements that the counting fields of a VARS row announce; SIZE_MAX: to the end. */
static inline size_t desc_announced(const void *self, const struct desc_row *row)
{
    if (!row->by[0])
        return SIZE_MAX;
    size_t n = *(const uint8_t *)desc_at(self, row->by[0]);
    if (row->by[1])
        n *= *(const uint8_t *)desc_at(self, row->by[1]);
    if (n == 0)
        return row->zero_is;
    return row->times ? n * row->times : n;
}

/* In no tree yet, all 0, nothing present; NULL: out of memory. */
static inline struct desc_node *desc_node_new(struct desc_tree *tree, const struct desc_type *type)
{
    struct desc_node *node = desc_alloc(tree, type->size);
    if (node)
        node->type = type;
    return node;
}

/* Makes node the last child of parent, whose type must accept its group. */
static inline void desc_link(struct desc_node *parent, struct desc_node *node)
{
    const struct desc_row *row = parent->type->rows + parent->type->n_wire;
    while (!(row->groups & node->type->group))
        row++;
    struct desc_list *list = desc_at(parent, row->offset);

    node->parent = parent;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;

    if (list->last)
        list->last->next_in_list = node;
    else
        list->first = node;
    list->last = node;
    ++*(uint32_t *)desc_at(parent, row->n_offset);
}

/* Elements are in memory as they are on the wire. */
static inline bool desc_is_wire(const struct desc_row *row)
{
    return row->width == 1 ||
           (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && desc_stride(row) == row->width);
}

/* One element, from host order in memory to the wire and back. */
static inline void desc_put_wire(uint8_t *wire, const void *value, size_t width)
{
    uint32_t v;
    switch (width) {
    case 1:
        *wire = *(const uint8_t *)value;
        return;
    case 2:
        v = *(const uint16_t *)value;
        wire[0] = (uint8_t)v;
        wire[1] = (uint8_t)(v >> 8);
        return;
    case 3:
        v = *(const uint32_t *)value;
        wire[0] = (uint8_t)v;
        wire[1] = (uint8_t)(v >> 8);
        wire[2] = (uint8_t)(v >> 16);
        return;
    case 4:
        v = *(const uint32_t *)value;
        wire[0] = (uint8_t)v;
        wire[1] = (uint8_t)(v >> 8);
        wire[2] = (uint8_t)(v >> 16);
        wire[3] = (uint8_t)(v >> 24);
        return;
    case 8:
        for (size_t i = 0; i < 8; i++)
            wire[i] = (uint8_t)(*(const uint64_t *)value >> (8 * i));
        return;
    default:
        memcpy(wire, value, width);
    }
}

static inline void desc_get_wire(void *value, const uint8_t *wire, size_t width)
{
    switch (width) {
    case 1:
        *(uint8_t *)value = wire[0];
        return;
    case 2:
        *(uint16_t *)value = (uint16_t)(wire[0] | wire[1] << 8);
        return;
    case 3:
        *(uint32_t *)value = wire[0] | (uint32_t)wire[1] << 8 | (uint32_t)wire[2] << 16;
        return;
    case 4:
        *(uint32_t *)value =
            wire[0] | (uint32_t)wire[1] << 8 | (uint32_t)wire[2] << 16 | (uint32_t)wire[3] << 24;
        return;
    case 8: {
        uint64_t v = 0;
        for (size_t i = 8; i-- > 0;)
            v = v << 8 | wire[i];
        *(uint64_t *)value = v;
        return;
    }
    default:
        memcpy(value, wire, width);
    }
}
