/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From bytes, any bytes, to a tree that packs to the same bytes. One pass; the depth of the tree is
   the schema's, whatever the input. */
#include <errno.h>

#include "descriptors/internal.h"

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
    const uint8_t *bytes;            /* all of them */
    size_t len;
    size_t alone_inside; /* strings before this offset are inside a configuration */
};

/* A run of strings and qualifiers that begins at offset ends there. */
static size_t end_of_alone(const uint8_t *bytes, size_t len, size_t offset)
{
    while (len - offset >= 2 && bytes[offset] >= 2 && bytes[offset] <= len - offset &&
           (bytes[offset + 1] == USB_DESC_STRING || bytes[offset + 1] == USB_DESC_DEVICE_QUALIFIER))
        offset += bytes[offset];
    return offset;
}

/* What comes at offset, if anything, is in no configuration. */
static bool is_outside(const uint8_t *bytes, size_t len, size_t offset)
{
    switch (len - offset >= 2 ? bytes[offset + 1] : USB_DESC_DEVICE) {
    case USB_DESC_DEVICE:
    case USB_DESC_CONFIGURATION:
    case USB_DESC_OTHER_SPEED_CONFIGURATION:
    case USB_DESC_BOS:
        return true;
    default:
        return false;
    }
}

/* A string in the middle of a configuration is misplaced and stays there; behind one it is
   nobody's. Not by wTotalLength, which may be wrong. */
static bool is_behind(struct position *position, const struct desc_node *node)
{
    if (node->offset < position->alone_inside)
        return false;
    size_t end = end_of_alone(position->bytes, position->len, node->offset);
    if (end > node->offset && is_outside(position->bytes, position->len, end))
        return true;
    position->alone_inside = end;
    return false;
}

/* The last node or the nearest above it that can hold this one. */
static inline struct desc_node *parent_of(struct position *position, const struct desc_node *node)
{
    struct desc_node *parent = position->node;
    while (!(parent->type->accepts & node->type->group))
        parent = parent->parent;
    if (node->type->group == DESC_GROUP_ALONE && is_behind(position, node))
        while (parent->parent)
            parent = parent->parent;
    return parent;
}

static inline void add_node(struct position *position, struct desc_node *node)
{
    struct desc_node *parent = parent_of(position, node);
    desc_link(parent, node);

    if (node->type->kind == DESC_KIND_usb_interface)
        position->context = context_of((const struct usb_interface *)node);
    else if (parent->type->accepts & (DESC_GROUP_INTERFACE | DESC_GROUP_CONFIGURATION))
        position->context = position->outside;
    position->node = node;
}

static void parse_all(struct desc_tree *tree, uint8_t *bytes, size_t len, enum desc_context outside)
{
    struct position position = {(struct desc_node *)tree->root, outside, outside, bytes, len, 0};

    for (size_t offset = 0, size; offset < len; offset += size) {
        size = len - offset;
        if (bytes[offset] >= 2 && bytes[offset] < size)
            size = bytes[offset];
        struct desc_node *node = desc_read(tree, position.context, bytes + offset, size);
        if (!node)
            return;
        node->offset = (uint32_t)offset;
        add_node(&position, node);
    }
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

    uint8_t *copy = desc_alloc(tree, len);
    if (copy && len)
        memcpy(copy, bytes, len);
    if (copy)
        parse_all(tree, copy, len, context);
    if (tree->error) {
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
