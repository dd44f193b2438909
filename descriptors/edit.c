/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Surgery on trees, for what is neither built nor parsed. */
#include "descriptors/edit.h"

#include <errno.h>

#include "descriptors/internal.h"

/* The lists of node, from its children as they stand. */
static void relist(struct desc_node *node)
{
    struct desc_node *child = node->first;

    for (unsigned i = node->type->n_wire; i < node->type->n_rows; i++) {
        memset(desc_at(node, node->type->rows[i].offset), 0, sizeof(struct desc_list));
        *(uint32_t *)desc_at(node, node->type->rows[i].n_offset) = 0;
    }
    node->first = node->last = NULL;
    while (child) {
        struct desc_node *next = child->next;
        child->next = child->next_in_list = NULL;
        desc_link(node, child);
        child = next;
    }
}

/* Where parent points to child, or to its end (NULL). */
static struct desc_node **link_to(struct desc_node *parent, const struct desc_node *child)
{
    struct desc_node **link = &parent->first;
    while (*link && *link != child)
        link = &(*link)->next;
    return link;
}

void desc_unlink(void *node)
{
    struct desc_node *self = node, *parent = self->parent;
    *link_to(parent, self) = self->next;
    self->parent = self->next = self->next_in_list = NULL;
    relist(parent);
}

void desc_drop_after(void *node)
{
    struct desc_node *self = node;
    self->next = NULL;
    relist(self->parent);
}

void desc_drop_children(void *node)
{
    struct desc_node *self = node;
    self->first = NULL;
    relist(self);
}

int desc_place(void *parent, void *node, void *before)
{
    struct desc_node *self = node, *above = parent;

    if (!(above->type->accepts & self->type->group))
        return -EINVAL;
    if (before) {
        struct desc_node **link = link_to(above, before);
        self->next = *link;
        *link = self;
        relist(above);
    } else {
        desc_link(above, self);
    }
    return 0;
}

/* What self's structure points to, after its bytes were copied from elsewhere. */
static bool copy_arrays(struct desc_tree *tree, struct desc_node *self)
{
    for (unsigned i = 0; i < self->type->n_wire; i++) {
        const struct desc_row *row = &self->type->rows[i];
        if (row->role != DESC_ROLE_VARS)
            continue;
        void **array = desc_at(self, row->offset);
        size_t size = desc_n(self, row->n_offset) * desc_stride(row);
        void *copy = desc_alloc(tree, size);
        if (!copy)
            return false;
        if (size)
            memcpy(copy, *array, size);
        *array = copy;
    }
    uint8_t *extra = desc_alloc(tree, self->n_extra);
    if (extra && self->n_extra)
        memcpy(extra, self->extra, self->n_extra);
    self->extra = extra;
    return extra != NULL;
}

/* As deep as the schema. */
void *desc_copy(struct desc_tree *tree, const void *node)
{
    const struct desc_node *from = node;
    struct desc_node *self = desc_node_new(tree, from->type);

    if (!self)
        return NULL;
    memcpy(self, from, from->type->size);
    self->parent = self->first = self->next = NULL;
    relist(self);
    if (!copy_arrays(tree, self))
        return NULL;
    for (const struct desc_node *child = from->first; child; child = child->next) {
        struct desc_node *copy = desc_copy(tree, child);
        if (!copy)
            return NULL;
        desc_link(self, copy);
    }
    return self;
}

void desc_cut_rows(void *node, unsigned n)
{
    struct desc_node *self = node;
    for (unsigned i = n; i < self->present; i++) {
        const struct desc_row *row = &self->type->rows[i];
        if (row->role == DESC_ROLE_VARS)
            *(uint32_t *)desc_at(self, row->n_offset) = 0;
        else
            memset(desc_at(self, row->offset), 0, desc_stride(row));
    }
    if (n < self->present)
        self->present = (uint8_t)n;
}

void desc_locate(struct desc_tree *tree)
{
    struct desc_node *node = (struct desc_node *)tree->root;
    uint32_t end = 0;

    while (node) {
        node->offset = end;
        end += (uint32_t)desc_own_size(node);
        if (node->first) {
            node = node->first;
            continue;
        }
        for (; node; node = node->parent) {
            node->total = end - node->offset;
            if (node->next)
                break;
        }
        node = node ? node->next : NULL;
    }
}
