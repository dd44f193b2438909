/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From bytes, any bytes, to a tree that packs to the same bytes. One pass; the depth of the tree is
   the schema's, whatever the input. */
#include <errno.h>

#include "descriptors/internal.h"

/* As many elements of an array as there are announced and as the bytes hold. False: out of memory.
 */
static inline bool get_array(struct desc_tree *tree, void *self, const struct desc_row *row,
                             const uint8_t *bytes, size_t n)
{
    uint8_t **array = desc_at(self, row->offset);

    *(uint32_t *)desc_at(self, row->n_offset) = (uint32_t)n;
    if (n == 0)
        return true;
    *array = desc_alloc_dirty(tree, n * desc_stride(row));
    if (!*array)
        return false;
    if (desc_is_wire(row))
        memcpy(*array, bytes, n * row->width);
    else
        for (size_t i = 0; i < n; i++)
            desc_get_wire(*array + i * desc_stride(row), bytes + i * row->width, row->width);
    return true;
}

/* Fills node from its bytes: rows as long as they last, then extra. */
static inline int get_node(struct desc_tree *tree, struct desc_node *node, const uint8_t *bytes,
                           size_t len)
{
    const struct desc_type *type = node->type;
    const uint8_t *at = bytes, *stop = bytes + len;
    unsigned i = 0;

    if (len >= type->head) {
        desc_get_head(node, at);
        at += type->head;
        i = type->n_head;
    }
    for (; i < type->n_wire; i++) {
        const struct desc_row *row = &type->rows[i];
        size_t room = (size_t)(stop - at);
        if (row->role != DESC_ROLE_VARS) {
            if (room < row->width)
                break;
            desc_get_wire(desc_at(node, row->offset), at, row->width);
            at += row->width;
            continue;
        }
        size_t announced = desc_announced(node, row), n = announced;
        if (announced > room || announced * row->width > room) /* a division is slow: only here */
            n = room / row->width;
        if (!get_array(tree, node, row, at, n))
            return -ENOMEM;
        at += n * row->width;
        if (n < announced) { /* cut short, or to the end: no row can follow */
            i++;
            break;
        }
    }
    node->present = (uint8_t)i;
    node->extra = at;
    node->n_extra = (uint32_t)(stop - at);
    return 0;
}

/* UVC 1.5, A.1 and A.2 */
static enum desc_context context_of(const struct usb_interface *interface)
{
    if (interface->bInterfaceClass != CC_VIDEO)
        return DESC_CONTEXT_STANDARD;
    return interface->bInterfaceSubClass == SC_VIDEOCONTROL     ? DESC_CONTEXT_VC
           : interface->bInterfaceSubClass == SC_VIDEOSTREAMING ? DESC_CONTEXT_VS
                                                                : DESC_CONTEXT_STANDARD;
}

/* Where the parser is. */
struct position {
    struct desc_node *node;          /* the last one */
    enum desc_context context;       /* of the interface that it is in */
    const enum desc_context outside; /* of any */
};

static void move_to(struct position *position, struct desc_node *node)
{
    if (node->type->kind == DESC_KIND_usb_interface)
        position->context = context_of((const struct usb_interface *)node);
    else if (node->parent->type->accepts & (DESC_GROUP_INTERFACE | DESC_GROUP_CONFIGURATION))
        position->context = position->outside;
    position->node = node;
}

/* Adds one node for len bytes at offset, below the last or the nearest above it that can hold it.
 */
static int add_piece(struct desc_tree *tree, struct position *position, enum desc_kind kind,
                     const uint8_t *bytes, size_t offset, size_t len)
{
    struct desc_node *node = desc_node_new(tree, desc_type_of(kind));
    struct desc_node *parent = position->node;

    if (!node)
        return -ENOMEM;
    node->offset = (uint32_t)offset;
    if (get_node(tree, node, bytes + offset, len) < 0)
        return -ENOMEM;
    while (!(parent->type->accepts & node->type->group))
        parent = parent->parent;
    desc_link(parent, node);
    move_to(position, node);
    return 0;
}

static int parse_all(struct desc_tree *tree, const uint8_t *bytes, size_t len,
                     enum desc_context outside)
{
    struct position position = {(struct desc_node *)tree->root, outside, outside};
    size_t offset = 0, size;

    for (; offset < len; offset += size) {
        const uint8_t *at = bytes + offset;
        enum desc_kind kind = DESC_KIND_usb_raw;
        size = len - offset;
        if (size >= 2 && at[0] >= 2 && at[0] <= size) {
            size = at[0];
            kind = desc_classify(position.context, at, size);
        }
        if (add_piece(tree, &position, kind, bytes, offset, size) < 0)
            return -ENOMEM;
    }
    return 0;
}

int desc_parse(const uint8_t *bytes, size_t len, enum desc_context context,
               struct desc_tree **ret_tree)
{
    if (len > DESC_MAX_BYTES)
        return -E2BIG;
    /* A configuration's structures take about six times its bytes. */
    struct desc_tree *tree = desc_tree_new_sized(0, 7 * len + 1024);
    if (!tree)
        return -ENOMEM;

    uint8_t *copy = desc_alloc_dirty(tree, len);
    if (copy && len)
        memcpy(copy, bytes, len);
    if (!copy || parse_all(tree, copy, len, context) < 0) {
        desc_tree_free(tree);
        return -ENOMEM;
    }
    *ret_tree = tree;
    return 0;
}

size_t desc_unpack_rows(enum desc_kind kind, void *self, const uint8_t *bytes, size_t len)
{
    const struct desc_type *type = desc_type_of(kind);
    size_t used = 0;
    for (unsigned i = 0; i < type->n_wire; i++) {
        const struct desc_row *row = &type->rows[i];
        if (row->role == DESC_ROLE_VARS || len - used < row->width)
            break;
        desc_get_wire(desc_at(self, row->offset), bytes + used, row->width);
        used += row->width;
    }
    return used;
}
