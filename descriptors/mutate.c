/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mutations: fields broken by role, nodes moved about, and the shapes that are known to have
   hurt someone. */
#include "descriptors/mutate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "descriptors/edit.h"
#include "descriptors/internal.h"
#include "descriptors/lint.h"

struct mutator {
    struct desc_tree *tree;
    struct desc_node *root;
    const char *name;
    uint64_t state; /* of the random numbers */
    char *text;
    size_t size;
};

/* An element of a field of a node. */
struct place {
    struct desc_node *node;
    const struct desc_row *row;
    size_t index;
};

/* ---- Chance ---- */

/* splitmix64 */
static uint64_t any(struct mutator *m)
{
    uint64_t z = m->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* n > 0 */
static size_t below(struct mutator *m, size_t n)
{
    return any(m) % n;
}

#define ONE_OF(m, array) ((array)[below(m, sizeof(array) / sizeof((array)[0]))])

typedef bool (*node_filter)(const struct desc_node *node, const void *arg);

/* Any of the nodes that pass, each as likely; NULL where none does. */
static struct desc_node *pick_node(struct mutator *m, node_filter passes, const void *arg)
{
    struct desc_node *picked = NULL;
    size_t n = 0;
    for (struct desc_node *node = desc_next(m->root, m->root); node;
         node = desc_next(node, m->root))
        if (passes(node, arg) && below(m, ++n) == 0)
            picked = node;
    return picked;
}

typedef bool (*row_filter)(const struct desc_node *node, const struct desc_row *row);

static struct place pick_place(struct mutator *m, row_filter passes)
{
    struct place picked = {0};
    size_t n = 0;
    for (struct desc_node *node = desc_next(m->root, m->root); node;
         node = desc_next(node, m->root))
        for (unsigned i = 0; i < node->present; i++) {
            const struct desc_row *row = &node->type->rows[i];
            if (row->width <= 8 && desc_elements(node, row) && passes(node, row) &&
                below(m, ++n) == 0)
                picked = (struct place){node, row, 0};
        }
    if (picked.node)
        picked.index = below(m, desc_elements(picked.node, picked.row));
    return picked;
}

/* ---- Words ---- */

static int done(struct mutator *m, const struct desc_node *node, const char *what)
{
    char path[256];
    desc_path(node, NULL, 0, path, sizeof(path));
    snprintf(m->text, m->size, "%s: %s: %s", m->name, path, what);
    return 0;
}

static int set_place(struct mutator *m, struct place at, uint64_t value)
{
    char path[256];
    uint64_t was = desc_get(at.node, at.row, at.index);
    desc_path(at.node, at.row, at.index, path, sizeof(path));
    desc_set(at.node, at.row, at.index, value);
    snprintf(m->text, m->size, "%s: %s: %" PRIu64 ", now %" PRIu64, m->name, path, was,
             desc_get(at.node, at.row, at.index));
    return 0;
}

/* A field that is there, by name. row NULL: none. */
static struct place find_place(struct desc_node *node, const char *name)
{
    for (unsigned i = 0; node && i < node->present; i++)
        if (strcmp(node->type->rows[i].name, name) == 0)
            return (struct place){node, &node->type->rows[i], 0};
    return (struct place){0};
}

static bool has_field(const struct desc_node *node, const void *name)
{
    struct place at = find_place((struct desc_node *)(uintptr_t)node, name);
    return at.row && desc_elements(node, at.row) > 0;
}

/* Sets a field of any node that has it. */
static int set_any(struct mutator *m, const char *field, uint64_t value)
{
    struct place at = find_place(pick_node(m, has_field, field), field);
    if (!at.row)
        return -ENODATA;
    at.index = below(m, desc_elements(at.node, at.row));
    return set_place(m, at, value);
}

static bool is_kind(const struct desc_node *node, const void *kind)
{
    return node->type->kind == *(const enum desc_kind *)kind;
}

static struct desc_node *pick_kind(struct mutator *m, enum desc_kind kind)
{
    return pick_node(m, is_kind, &kind);
}

static bool is_group(const struct desc_node *node, const void *groups)
{
    return node->type->group & *(const uint32_t *)groups;
}

static struct desc_node *pick_group(struct mutator *m, uint32_t groups)
{
    return pick_node(m, is_group, &groups);
}

/* ---- Fields by what they are ---- */

static uint64_t limit_of(const struct desc_row *row)
{
    return row->width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * row->width) - 1;
}

/* Another value of those offered; where the field has it already, one more. */
static int set_one_of(struct mutator *m, struct place at, const uint64_t *values, size_t n)
{
    if (!at.node)
        return -ENODATA;
    uint64_t was = desc_get(at.node, at.row, at.index);
    uint64_t value = values[below(m, n)] & limit_of(at.row);
    return set_place(m, at, value == was ? was + 1 : value);
}

#define SET_ONE_OF(m, at, ...)                                                                     \
    set_one_of(m, at, (const uint64_t[]){__VA_ARGS__},                                             \
               sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint64_t value_at(struct place at)
{
    return at.node ? desc_get(at.node, at.row, at.index) : 0;
}

static bool is_size(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->role == DESC_ROLE_SIZE;
}

static int break_length(struct mutator *m)
{
    struct place at = pick_place(m, is_size);
    uint64_t v = value_at(at);
    return SET_ONE_OF(m, at, 0, 1, 2, 3, v - 1, v + 1, v + 4, 255, any(m));
}

static bool is_count(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->role == DESC_ROLE_COUNT;
}

static int break_count(struct mutator *m)
{
    struct place at = pick_place(m, is_count);
    uint64_t v = value_at(at);
    return SET_ONE_OF(m, at, 0, v - 1, v + 1, 9, 99, 200, 255, any(m));
}

static bool is_total(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->role == DESC_ROLE_TOTAL;
}

static int break_total(struct mutator *m)
{
    struct place at = pick_place(m, is_total);
    uint64_t v = value_at(at);
    return SET_ONE_OF(m, at, 0, 3, 9, v - 1, v + 1, v - 500, v + 500, 0xffff, any(m));
}

/* Numbers by which descriptors speak of each other. */
static const char *const references[] = {
    "bSourceID",           "baSourceID",        "bTerminalLink",
    "bTerminalID",         "bUnitID",           "bAssocTerminal",
    "bFormatIndex",        "bFrameIndex",       "bDefaultFrameIndex",
    "baInterfaceNr",       "bFirstInterface",   "bInterfaceCount",
    "bInterfaceNumber",    "bAlternateSetting", "bEndpointAddress",
    "bConfigurationValue",
};

static bool is_reference(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        if (strcmp(row->name, references[i]) == 0)
            return true;
    return row->width == 1 && row->name[0] == 'i' && row->name[1] < 'a'; /* a string's index */
}

static int break_reference(struct mutator *m)
{
    struct place at = pick_place(m, is_reference), other = pick_place(m, is_reference);
    return SET_ONE_OF(m, at, 0, 255, value_at(at) + 1, value_at(at) - 1, value_at(other),
                      value_at(other), any(m));
}

static bool has_range(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->min || (row->max && row->max < limit_of(row));
}

static int break_range(struct mutator *m)
{
    struct place at = pick_place(m, has_range);
    if (!at.node)
        return -ENODATA;
    const struct desc_row *row = at.row;
    bool above = row->max < limit_of(row) && (!row->min || below(m, 2));
    return above ? SET_ONE_OF(m, at, row->max + UINT64_C(1), limit_of(row))
                 : SET_ONE_OF(m, at, row->min - UINT64_C(1), 0);
}

static bool is_constant(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->role == DESC_ROLE_CONST;
}

static int break_type(struct mutator *m)
{
    struct place at = pick_place(m, is_constant);
    return SET_ONE_OF(m, at, 0, value_at(at) + 1, value_at(at) - 1, 0xff, any(m));
}

static int change_subtype(struct mutator *m)
{
    return set_any(m, "bDescriptorSubtype", below(m, VS_FORMAT_VP8_SIMULCAST + 2));
}

static bool is_variable(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->role == DESC_ROLE_VAR || row->role == DESC_ROLE_VARS;
}

static int break_value(struct mutator *m)
{
    struct place at = pick_place(m, is_variable);
    return SET_ONE_OF(m, at, 0, 1, UINT64_MAX, UINT64_MAX >> 1, value_at(at) + 1, any(m));
}

static int flip_bit(struct mutator *m)
{
    struct place at = pick_place(m, is_variable);
    if (!at.node)
        return -ENODATA;
    return set_place(m, at, value_at(at) ^ UINT64_C(1) << below(m, 8 * at.row->width));
}

static bool has_guid(const struct desc_node *node, const void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < node->present; i++)
        if (node->type->rows[i].width == 16)
            return true;
    return false;
}

static int break_guid(struct mutator *m)
{
    struct desc_node *node = pick_node(m, has_guid, NULL);
    if (!node)
        return -ENODATA;
    const struct desc_row *row = node->type->rows;
    while (row->width != 16)
        row++;
    uint8_t change = (uint8_t)(1 + below(m, 255));
    ((uint8_t *)desc_at(node, row->offset))[below(m, 16)] ^= change;
    return done(m, node, "one byte of the GUID is another");
}

static int derived(struct mutator *m)
{
    int r = desc_derive(m->tree);
    return r == -ENOMEM ? r : 0;
}

/* ---- Arrays ---- */

static bool is_list(const struct desc_node *node, const struct desc_row *row)
{
    return row->role == DESC_ROLE_VARS && desc_elements(node, row) > 1;
}

static int break_order(struct mutator *m)
{
    struct place a = pick_place(m, is_list), b = a;
    if (!a.node)
        return -ENODATA;
    b.index =
        (a.index + 1 + below(m, desc_elements(a.node, a.row) - 1)) % desc_elements(a.node, a.row);
    uint64_t value = value_at(b);
    desc_set(b.node, b.row, b.index, value_at(a));
    return set_place(m, a, value);
}

static bool is_array(const struct desc_node *node, const struct desc_row *row)
{
    (void)node;
    return row->role == DESC_ROLE_VARS;
}

/* Sets how many elements there are; those that are added are of that byte. */
static int resize_array(struct mutator *m, struct place at, size_t n, uint8_t fill)
{
    char what[96];
    size_t was = desc_elements(at.node, at.row), stride = desc_stride(at.row);
    uint8_t *array = desc_alloc(m->tree, n * stride);
    if (!array)
        return -ENOMEM;
    memset(array, fill, n * stride);
    memcpy(array, *(void **)desc_at(at.node, at.row->offset), (n < was ? n : was) * stride);
    *(void **)desc_at(at.node, at.row->offset) = array;
    *(uint32_t *)desc_at(at.node, at.row->n_offset) = (uint32_t)n;
    snprintf(what, sizeof(what), "%s of %zu elements, now %zu", at.row->name, was, n);
    return done(m, at.node, what);
}

static int grow_array(struct mutator *m)
{
    struct place at = pick_place(m, is_array);
    if (!at.node)
        return -ENODATA;
    size_t was = desc_elements(at.node, at.row), size = desc_own_size(at.node);
    size_t room = size < UINT8_MAX ? (UINT8_MAX - size) / at.row->width : 0;
    bool most = room > 0 && was + room <= DESC_MAX_ELEMENTS && below(m, 3) == 0;
    size_t more = most ? room : 1 + below(m, 8); /* drawn before the byte, on every compiler */
    return resize_array(m, at, was + more, below(m, 2) ? 0xff : 0);
}

static int shrink_array(struct mutator *m)
{
    struct place at = pick_place(m, is_array);
    if (!at.node)
        return -ENODATA;
    return resize_array(m, at, below(m, desc_elements(at.node, at.row)), 0);
}

/* ---- Nodes ---- */

static bool is_any(const struct desc_node *node, const void *arg)
{
    (void)node;
    (void)arg;
    return true;
}

static int drop_node(struct mutator *m)
{
    struct desc_node *node = pick_node(m, is_any, NULL);
    if (!node)
        return -ENODATA;
    done(m, node, "dropped, with all below it");
    desc_unlink(node);
    return 0;
}

static int double_node(struct mutator *m)
{
    struct desc_node *node = pick_node(m, is_any, NULL);
    if (!node)
        return -ENODATA;
    struct desc_node *copy = desc_copy(m->tree, node);
    if (!copy)
        return -ENOMEM;
    done(m, node, "doubled, with all below it");
    return desc_place(node->parent, copy, node);
}

static bool has_next(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return node->next != NULL;
}

static int swap_nodes(struct mutator *m)
{
    struct desc_node *node = pick_node(m, has_next, NULL);
    if (!node)
        return -ENODATA;
    struct desc_node *next = node->next, *parent = node->parent;
    done(m, node, "comes after the one that came after it");
    desc_unlink(next);
    return desc_place(parent, next, node);
}

/* Could node hang below this one instead? */
static bool takes(const struct desc_node *parent, const void *arg)
{
    const struct desc_node *node = arg;
    if (parent == node->parent || !(parent->type->accepts & node->type->group))
        return false;
    for (; parent; parent = parent->parent)
        if (parent == node)
            return false;
    return true;
}

static int move_node(struct mutator *m)
{
    char path[256], what[300];
    struct desc_node *node = pick_node(m, is_any, NULL);
    struct desc_node *parent = node ? pick_node(m, takes, node) : NULL;
    if (!parent)
        return -ENODATA;
    desc_path(parent, NULL, 0, path, sizeof(path));
    snprintf(what, sizeof(what), "moved below %s", path);
    done(m, node, what);
    desc_unlink(node);
    return desc_place(parent, node, parent->first && below(m, 2) ? parent->first : NULL);
}

static bool has_rows(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return node->present > 2;
}

/* What its bytes are now, unlike what follows from other fields. */
static void fix_length(struct desc_node *node)
{
    struct place at = find_place(node, "bLength");
    if (at.row)
        desc_set(node, at.row, 0, desc_own_size(node));
}

static int truncate_node(struct mutator *m)
{
    char what[64];
    struct desc_node *node = pick_node(m, has_rows, NULL);
    if (!node)
        return -ENODATA;
    unsigned n = 2 + (unsigned)below(m, node->present - 2u);
    bool honest = below(m, 2);
    snprintf(what, sizeof(what), "ends after %s, bLength %s", node->type->rows[n - 1].name,
             honest ? "says so" : "does not");
    desc_cut_rows(node, n);
    node->n_extra = 0;
    if (honest)
        fix_length(node);
    return done(m, node, what);
}

static int lengthen_node(struct mutator *m)
{
    char what[64];
    uint8_t bytes[16];
    struct desc_node *node = pick_node(m, is_any, NULL);
    if (!node)
        return -ENODATA;
    size_t n = 1 + below(m, sizeof(bytes));
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)any(m);
    desc_set_extra(m->tree, node, bytes, n);
    bool honest = below(m, 2);
    if (honest)
        fix_length(node);
    snprintf(what, sizeof(what), "%zu bytes more, bLength %s", n, honest ? "says so" : "does not");
    return done(m, node, what);
}

static int cut_end(struct mutator *m)
{
    struct desc_node *node = m->root;
    while (node->last)
        node = node->last;
    if (node == m->root || node->present < 2)
        return -ENODATA;
    desc_cut_rows(node, 1 + (unsigned)below(m, node->present - 1u));
    node->n_extra = 0;
    return done(m, node, "the last one is cut off, whatever its bLength says");
}

/* ---- Whole devices ---- */

#define MANY_BYTES 3500 /* a guest may take no more than 4096 at once */

/* Each kind is as likely as any other, however many there are of it. */
static struct desc_node *pick_of_any_kind(struct mutator *m, node_filter passes)
{
    struct desc_node *picked[DESC_KIND_COUNT] = {NULL}, *result = NULL;
    size_t n[DESC_KIND_COUNT] = {0}, n_kinds = 0;
    for (struct desc_node *node = desc_next(m->root, m->root); node;
         node = desc_next(node, m->root)) {
        enum desc_kind kind = node->type->kind;
        if (passes(node, NULL) && below(m, ++n[kind]) == 0)
            picked[kind] = node;
    }
    for (size_t kind = 0; kind < DESC_KIND_COUNT; kind++)
        if (picked[kind] && below(m, ++n_kinds) == 0)
            result = picked[kind];
    return result;
}

static struct desc_node *configuration_of(const struct desc_node *node)
{
    struct desc_node *above = node->parent;
    while (above && above->type->group != DESC_GROUP_CONFIGURATION)
        above = above->parent;
    return above;
}

static bool is_configured(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return (node->present > 2 || node->n_extra > 1) && configuration_of(node);
}

/* Behind its second byte, and before its last. */
static void cut_short(struct mutator *m, struct desc_node *node)
{
    size_t n = node->present > 2 ? 0 : 1 + below(m, node->n_extra - 1u);
    if (node->present > 2)
        desc_cut_rows(node, 3 + (unsigned)below(m, node->present - 2u));
    desc_set_extra(m->tree, node, node->extra, n);
}

static struct place any_count(struct mutator *m, struct desc_node *node)
{
    struct place picked = {0};
    size_t n = 0;
    for (unsigned i = 0; i < node->present; i++)
        if (node->type->rows[i].role == DESC_ROLE_COUNT && below(m, ++n) == 0)
            picked = (struct place){node, &node->type->rows[i], 0};
    return picked;
}

static bool takes_kind(const struct desc_node *node, const void *kind)
{
    const struct desc_type *type = desc_type_of(*(const enum desc_kind *)kind);
    bool configured = node->type->group == DESC_GROUP_CONFIGURATION || configuration_of(node);
    return configured && node->type->accepts & type->group && type->n_wire > 2;
}

/* A small number, or one that has a name. */
static uint64_t likely_value(struct mutator *m, const struct desc_row *row)
{
    uint64_t value = row->min + below(m, 4);
    size_t n = 0;
    for (const struct desc_name *name = row->names; name && name->name; name++)
        if (below(m, ++n) == 0)
            value = name->value;
    return value;
}

/* Each kind that a configuration has room for is as likely, whether there is one or not: what no
   camera has, nobody has tried. */
static struct desc_node *add_of_any_kind(struct mutator *m)
{
    struct desc_node *parent = NULL;
    enum desc_kind picked = DESC_KIND_COUNT;
    size_t n = 0;
    for (enum desc_kind kind = 0; kind < DESC_KIND_COUNT; kind++) {
        struct desc_node *above = pick_node(m, takes_kind, &kind);
        if (above && below(m, ++n) == 0) {
            parent = above;
            picked = kind;
        }
    }
    struct desc_node *node = parent ? desc_add(m->tree, parent, picked) : NULL;
    if (!node || !node->parent)
        return NULL;
    for (unsigned i = 0; i < node->present; i++) {
        const struct desc_row *row = &node->type->rows[i];
        if (row->role == DESC_ROLE_VAR && row->width <= 8)
            desc_set(node, row, 0, likely_value(m, row));
    }
    return node;
}

static int add_node(struct mutator *m)
{
    struct desc_node *node = add_of_any_kind(m);
    if (!node)
        return -ENODATA;
    bool right = below(m, 2);
    if (right && derived(m))
        return -ENOMEM;
    if (!right)
        fix_length(node);
    return done(m, node, right ? "new, and counted" : "new, and not counted");
}

/* Behind the last one there is nothing: who reads further than it goes reads what is not there. */
static int end_early(struct mutator *m)
{
    bool added = below(m, 3) == 0;
    struct desc_node *node = added ? add_of_any_kind(m) : pick_of_any_kind(m, is_configured);
    if (!node)
        return -ENODATA;
    desc_drop_children(node);
    for (struct desc_node *n = node; n->type->group != DESC_GROUP_CONFIGURATION; n = n->parent)
        desc_drop_after(n);
    bool cut = below(m, 2);
    if (cut)
        cut_short(m, node);
    if (derived(m))
        return -ENOMEM;
    struct place count = any_count(m, node);
    if (count.row && below(m, 2))
        return SET_ONE_OF(m, count, value_at(count) + 1, value_at(count) + 2, 16, 255);
    return done(m, node, cut ? "cut, and the last" : "the last");
}

/* The numbers that tell one from another of its kind. */
static bool is_own_number(const char *name)
{
    static const char *const names[] = {"bInterfaceNumber", "bAlternateSetting", "bTerminalID",
                                        "bUnitID",          "bFormatIndex",      "bFrameIndex",
                                        "bEndpointAddress", "bFirstInterface"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static struct place own_number(struct mutator *m, struct desc_node *node)
{
    struct place picked = {0};
    size_t n = 0;
    for (unsigned i = 0; i < node->present; i++)
        if (is_own_number(node->type->rows[i].name) && below(m, ++n) == 0)
            picked = (struct place){node, &node->type->rows[i], 0};
    return picked;
}

/* What a tree has room for, of nodes of so many bytes. */
static size_t room_for(const struct desc_node *node, size_t bytes)
{
    const struct desc_node *above = configuration_of(node);
    size_t used = above ? above->total : 0;
    return bytes && used < MANY_BYTES ? (MANY_BYTES - used) / bytes : 0;
}

static bool is_repeatable(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return room_for(node, node->total) > 0;
}

static int repeat_node(struct mutator *m)
{
    char what[64];
    struct desc_node *node = pick_of_any_kind(m, is_repeatable);
    if (!node)
        return -ENODATA;
    struct place number = below(m, 2) ? own_number(m, node) : (struct place){0};
    bool bare = node->first && below(m, 2); /* without what is below it there are more */
    size_t room = room_for(node, bare ? desc_own_size(node) : node->total), n = 2 + below(m, 15);
    if (below(m, 2)) { /* more than a table has room for */
        n = below(m, 2) ? 16 : 32;
        n += below(m, 256);
    }
    n = n < room ? n : room;
    for (size_t i = 1; i <= n; i++) {
        struct desc_node *copy = desc_copy(m->tree, node);
        if (!copy || desc_place(node->parent, copy, node->next))
            return -ENOMEM;
        if (bare)
            desc_drop_children(copy);
        if (number.row)
            desc_set(copy, number.row, 0, value_at(number) + n + 1 - i);
    }
    bool right = below(m, 2);
    if (right && derived(m))
        return -ENOMEM;
    snprintf(what, sizeof(what), "%zu more of it%s%s%s", n, bare ? ", bare" : "",
             number.row ? ", numbered" : "", right ? ", counted" : "");
    return done(m, node, what);
}

static int long_string(struct mutator *m)
{
    static const uint16_t units[] = {'x', 0x00e9, 0x20ac, 0xd800, 0xdc00};
    struct desc_node *node = pick_kind(m, DESC_KIND_usb_string);
    if (!node)
        return -ENODATA;
    size_t n = below(m, 2) ? 126 : 1 + below(m, 126);
    uint16_t unit = ONE_OF(m, units),
             *text = DESC_VARS(m->tree, (struct usb_string *)node, bString, n);
    for (size_t i = 0; i < n; i++)
        text[i] = unit;
    fix_length(node);
    return done(m, node, "long, and of one sign");
}

/* A byte that is no field's. */
static bool has_extra(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return node->n_extra > 0;
}

static int break_extra(struct mutator *m)
{
    static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    uint8_t bytes[256];
    struct desc_node *node = pick_node(m, has_extra, NULL);
    if (!node || node->n_extra > sizeof(bytes))
        return -ENODATA;
    memcpy(bytes, node->extra, node->n_extra);
    size_t at = below(m, node->n_extra);
    uint8_t value = below(m, 2) ? ONE_OF(m, values) : (uint8_t)any(m);
    bytes[at] = value == bytes[at] ? value + 1 : value;
    desc_set_extra(m->tree, node, bytes, node->n_extra);
    return done(m, node, "a byte that is no field's is another");
}

/* Drivers go other ways for cameras of which they know. */
static int real_device(struct mutator *m)
{
    static const struct {
        uint16_t idVendor, idProduct;
    } known[] = {
        {0x046d, 0x08c1}, /* extension units of a type of its own */
        {0x05ac, 0x8501}, /* an iSight: no payload headers */
        {0x18ec, 0x3188}, /* GET_DEF is not to be asked */
        {0x05a9, 0x2640}, /* nor are GET_MIN and GET_MAX */
        {0x18cd, 0xcafe}, /* the probe has fields of another version */
        {0x0ac8, 0x3410}, /* asks for a bandwidth that it does not need */
        {0x174f, 0x8a31}, /* no frame ids */
        {0x04f2, 0xb071}, /* only one frame interval works */
        {0x19ab, 0x1000}, /* the status endpoint's bInterval is an exponent */
        {0x2833, 0x0201}, /* grey pictures that are called YUY2 */
        {0x29fe, 0x4d53}, /* bBitsPerPixel is wrong */
        {0x1bcf, 0x0b40}, /* controls are of another version */
        {0x046d, 0x082d}, /* controls are forgotten */
        {0x8086, 0x0b03}, /* metadata in payload headers */
        {0x13d3, 0x509b}, /* a control that is there is not to be asked, */
        {0x06f8, 0x3005}, /* one of a camera terminal, */
        {0x046d, 0x08cc}, /* or is told wrongly by an extension unit */
        {0x0fd9, 0x0066}, /* bFormatIndex of the probe is elsewhere */
    };
    struct vcam_dev_descriptor *device =
        (struct vcam_dev_descriptor *)pick_kind(m, DESC_KIND_vcam_dev_descriptor);
    if (!device || device->node.present < 9)
        return -ENODATA;
    size_t i = below(m, sizeof(known) / sizeof(known[0]));
    device->idVendor = known[i].idVendor;
    device->idProduct = known[i].idProduct;
    return done(m, &device->node, "says that it is a camera of which drivers know");
}

/* One of Logitech's own: of another type, and behind the fields of any other bmControlsType,
   bReserved, iExtension. */
static int vendor_unit(struct mutator *m)
{
    uint8_t bytes[256] = {0};
    struct vcam_dev_descriptor *device =
        (struct vcam_dev_descriptor *)pick_kind(m, DESC_KIND_vcam_dev_descriptor);
    struct desc_node *unit = pick_kind(m, DESC_KIND_uvc_extension_unit);
    if (!device || device->node.present < 8 || !unit)
        return -ENODATA;
    desc_set_extra(m->tree, unit, bytes, 1 + value_at(find_place(unit, "bControlSize")));
    if (derived(m))
        return -ENOMEM;
    device->idVendor = 0x046d;
    done(m, unit, "of a type of its vendor's");
    desc_set(unit, &unit->type->rows[1], 0, 0x41);
    desc_set(unit, &unit->type->rows[2], 0, 1);
    return 0;
}

/* ---- Known-bad shapes: 'uvc-rules', the table's numbers ---- */

/* A node that the shape needs. NULL: out of memory, or no place for it. */
static void *add(struct mutator *m, void *parent, enum desc_kind kind)
{
    struct desc_node *node = parent ? desc_add(m->tree, parent, kind) : NULL;
    return node && node->parent ? node : NULL;
}

static int no_room(struct mutator *m, const struct desc_node *parent)
{
    return parent && m->tree->error ? m->tree->error : -ENODATA;
}

static int k1_dv_undefined(struct mutator *m)
{
    struct desc_node *header = pick_group(m, DESC_GROUP_VS_HEADER);
    struct uvc_vs_format_dv *format = add(m, header, DESC_KIND_uvc_vs_format_dv);
    struct usb_cs_interface *frame = add(m, format, DESC_KIND_usb_cs_interface);
    if (!frame || derived(m))
        return no_room(m, header);
    size_t n = 23 + 4 * (1 + below(m, 8)); /* behind the subtype, as in a frame */
    memset(DESC_VARS(m->tree, frame, bData, n), 1, n);
    format->bFormatIndex = (uint8_t)value_at(find_place(header, "bNumFormats"));
    return derived(m) ? -ENOMEM : done(m, &frame->node, "a frame of subtype 0 below a DV format");
}

static int k2_three_bytes(struct mutator *m)
{
    static const enum desc_kind kinds[] = {
        DESC_KIND_uvc_vs_format_uncompressed, DESC_KIND_uvc_vs_format_mjpeg,
        DESC_KIND_uvc_vs_format_frame_based, DESC_KIND_uvc_vs_format_dv};
    struct desc_node *header = pick_group(m, DESC_GROUP_VS_HEADER);
    struct desc_node *format = add(m, header, ONE_OF(m, kinds));
    if (!format)
        return no_room(m, header);
    desc_cut_rows(format, 3);
    return derived(m) ? -ENOMEM : done(m, format, "a format of three bytes ends the block");
}

static const char *id_name(const struct desc_node *entity)
{
    return has_field(entity, "bUnitID") ? "bUnitID" : "bTerminalID";
}

static struct place id_of(struct desc_node *entity)
{
    return find_place(entity, entity ? id_name(entity) : "");
}

static int set_id(struct mutator *m, struct desc_node *entity, uint64_t id)
{
    struct place at = id_of(entity);
    return at.row ? set_place(m, at, id) : -ENODATA;
}

static int k3_id_zero(struct mutator *m)
{
    return set_id(m, pick_group(m, DESC_GROUP_VC_ENTITY), 0);
}

static bool is_other_entity(const struct desc_node *node, const void *entity)
{
    return node != entity && node->type->group == DESC_GROUP_VC_ENTITY;
}

static int k3_id_twice(struct mutator *m)
{
    struct desc_node *entity = pick_group(m, DESC_GROUP_VC_ENTITY);
    struct place other = id_of(entity ? pick_node(m, is_other_entity, entity) : NULL);
    return other.row ? set_id(m, entity, value_at(other)) : -ENODATA;
}

static bool is_unit(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return node->type->group == DESC_GROUP_VC_ENTITY && has_field(node, "bUnitID");
}

static int k4_terminal_id(struct mutator *m)
{
    struct place terminal = id_of(pick_kind(m, DESC_KIND_uvc_output_terminal));
    struct desc_node *unit = pick_node(m, is_unit, NULL);
    return unit && terminal.row ? set_id(m, unit, value_at(terminal)) : -ENODATA;
}

static bool has_source(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return node->type->group == DESC_GROUP_VC_ENTITY &&
           (has_field(node, "bSourceID") || has_field(node, "baSourceID"));
}

static struct place source_of(struct desc_node *node)
{
    struct place at = find_place(node, "bSourceID");
    return at.row ? at : find_place(node, "baSourceID");
}

static int k5_own_source(struct mutator *m)
{
    struct desc_node *node = pick_node(m, has_source, NULL);
    struct place source = source_of(node), id = id_of(node);
    return source.row && id.row ? set_place(m, source, value_at(id)) : -ENODATA;
}

/* a feeds b already; now b feeds a. */
static int k5_cycle(struct mutator *m)
{
    struct desc_node *by_id[256] = {NULL}, *picked = NULL;
    size_t n = 0;
    for (struct desc_node *a = m->root; a; a = desc_next(a, m->root))
        if (has_source(a, NULL) && id_of(a).row)
            by_id[value_at(id_of(a))] = a;
    for (struct desc_node *b = m->root; b; b = desc_next(b, m->root)) {
        struct desc_node *a = has_source(b, NULL) ? by_id[value_at(source_of(b))] : NULL;
        if (a && a != b && id_of(b).row && below(m, ++n) == 0)
            picked = b;
    }
    if (!picked)
        return -ENODATA;
    return set_place(m, source_of(by_id[value_at(source_of(picked))]), value_at(id_of(picked)));
}

static bool is_input(const struct desc_node *node, const void *arg)
{
    (void)arg;
    return node->type->group == DESC_GROUP_VC_ENTITY && has_field(node, "wTerminalType") &&
           !has_field(node, "bSourceID");
}

static int k6_terminal_type(struct mutator *m)
{
    struct place at = find_place(pick_node(m, is_input, NULL), "wTerminalType");
    if (!at.row)
        return -ENODATA;
    return set_place(m, at, below(m, 2) ? value_at(at) | 0x8000 : value_at(at) & 0xff);
}

static int k7_no_pads(struct mutator *m)
{
    struct desc_node *node = pick_kind(m, DESC_KIND_uvc_selector_unit);
    struct desc_node *header = node ? node->parent : pick_kind(m, DESC_KIND_uvc_vc_header);
    struct place sink = find_place(pick_kind(m, DESC_KIND_uvc_output_terminal), "bSourceID");
    struct uvc_selector_unit *unit =
        node ? (struct uvc_selector_unit *)node : add(m, header, DESC_KIND_uvc_selector_unit);
    if (!unit || !sink.row)
        return no_room(m, header);
    if (!node)
        unit->bUnitID = 200;
    unit->n_baSourceID = 0;
    desc_set(sink.node, sink.row, 0, unit->bUnitID);
    return derived(m) ? -ENOMEM : done(m, &unit->node, "the output's source has no pins");
}

static int k8_intervals(struct mutator *m)
{
    struct desc_node *frame = pick_node(m, has_field, "bFrameIntervalType");
    struct place at = find_place(frame, "bFrameIntervalType");
    if (!at.row)
        return -ENODATA;
    size_t n = desc_elements(frame, desc_type_of(frame->type->kind)->rows + frame->present - 1);
    return n >= 255 ? -ENODATA : set_place(m, at, below(m, 2) ? 200 : n + 1 + below(m, 255 - n));
}

static int k9_zero_interval(struct mutator *m)
{
    return set_any(m, below(m, 2) ? "dwFrameInterval" : "dwDefaultFrameInterval", 0);
}

static int k9_huge_buffer(struct mutator *m)
{
    return set_any(m, "dwMaxVideoFrameBufferSize", below(m, 2) ? 0xffffffff : 0x7fffffff);
}

static bool has_cs_and_endpoint(const struct desc_node *node, const void *arg)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, node);
    const uint32_t headers = DESC_GROUP_VC_HEADER | DESC_GROUP_VS_HEADER;
    (void)arg;
    return interface && interface->n_arrEndpointDescs && node->first &&
           node->first->type->group & headers;
}

static int k9_after_endpoint(struct mutator *m)
{
    struct desc_node *interface = pick_node(m, has_cs_and_endpoint, NULL);
    if (!interface)
        return -ENODATA;
    struct desc_node *header = interface->first;
    desc_unlink(header);
    desc_place(interface, header, NULL);
    return derived(m) ? -ENOMEM : done(m, header, "class-specific ones after the endpoint");
}

static int k10_control_size(struct mutator *m)
{
    return set_any(m, "bControlSize", 255);
}

static int k10_pins(struct mutator *m)
{
    return set_any(m, "bNrInPins", 255);
}

static int k10_collection(struct mutator *m)
{
    struct desc_node *header = pick_kind(m, DESC_KIND_uvc_vc_header);
    struct usb_interface *interface = header ? DESC_CAST(usb_interface, header->parent) : NULL;
    struct place at = find_place(header, "baInterfaceNr");
    if (!interface || !at.row || !desc_elements(header, at.row))
        return -ENODATA;
    return set_place(m, at, below(m, 2) ? interface->bInterfaceNumber : 200);
}

static int k11_cut_extra(struct mutator *m)
{
    struct desc_node *endpoint = pick_kind(m, DESC_KIND_usb_endpoint);
    if (!endpoint)
        return -ENODATA;
    desc_drop_children(endpoint);
    struct desc_node *raw = add(m, endpoint, DESC_KIND_usb_raw);
    if (!raw)
        return no_room(m, endpoint);
    desc_set_extra(m->tree, raw, (const uint8_t[]){9}, 1);
    for (struct desc_node *node = endpoint; node != m->root; node = node->parent)
        desc_drop_after(node);
    return derived(m) ? -ENOMEM
                      : done(m, endpoint, "one byte of a descriptor behind it, then the end");
}

static int k11_short_association(struct mutator *m)
{
    struct desc_node *node = pick_kind(m, DESC_KIND_usb_interface_association);
    if (!node)
        return -ENODATA;
    desc_cut_rows(node, 2 + (unsigned)below(m, 4));
    return derived(m) ? -ENOMEM : done(m, node, "too short for its fields");
}

static int k12_format_index(struct mutator *m)
{
    return set_any(m, "bFormatIndex", below(m, 2) ? 0 : 255);
}

static int k12_frame_index(struct mutator *m)
{
    return set_any(m, "bFrameIndex", below(m, 2) ? 0 : 255);
}

static bool is_other_endpoint(const struct desc_node *node, const void *endpoint)
{
    return node != endpoint && node->type->kind == DESC_KIND_usb_endpoint &&
           ((const struct usb_endpoint *)node)->bEndpointAddress !=
               ((const struct usb_endpoint *)endpoint)->bEndpointAddress;
}

static int k13_same_address(struct mutator *m)
{
    struct desc_node *endpoint = pick_kind(m, DESC_KIND_usb_endpoint);
    struct desc_node *other = endpoint ? pick_node(m, is_other_endpoint, endpoint) : NULL;
    struct place at = find_place(endpoint, "bEndpointAddress");
    if (!other || !at.row)
        return -ENODATA;
    return set_place(m, at, ((struct usb_endpoint *)other)->bEndpointAddress);
}

static int k13_reserved_bits(struct mutator *m)
{
    const char *field = below(m, 2) ? "bEndpointAddress" : "bmAttributes";
    struct place at = find_place(pick_kind(m, DESC_KIND_usb_endpoint), field);
    if (!at.row)
        return -ENODATA;
    return set_place(m, at, value_at(at) ^ (at.row->name[1] == 'E' ? 0x70 : 0xc0));
}

static int k13_short_companion(struct mutator *m)
{
    struct desc_node *endpoint = pick_kind(m, DESC_KIND_usb_endpoint);
    struct desc_node *companion = pick_kind(m, DESC_KIND_usb_ss_endpoint_companion);
    if (!companion)
        companion = add(m, endpoint, DESC_KIND_usb_ss_endpoint_companion);
    if (!companion)
        return no_room(m, endpoint);
    desc_cut_rows(companion, 2 + (unsigned)below(m, 3));
    return derived(m) ? -ENOMEM : done(m, companion, "cut short");
}

static int miscount(struct mutator *m, const char *field)
{
    struct place at = find_place(pick_node(m, has_field, field), field);
    return SET_ONE_OF(m, at, 0, value_at(at) - 1, value_at(at) + 1, 9, 99, 255);
}

static int k14_frames(struct mutator *m)
{
    return miscount(m, "bNumFrameDescriptors");
}

static int k14_formats(struct mutator *m)
{
    return miscount(m, "bNumFormats");
}

static int k14_interfaces(struct mutator *m)
{
    return miscount(m, "bNumInterfaces");
}

/* ---- The table ---- */

static const struct {
    struct desc_mutation shown;
    int (*apply)(struct mutator *m);
} mutations[] = {
    {{"break-length", "a descriptor's bLength is another"}, break_length},
    {{"break-count", "a field says another number than there is"}, break_count},
    {{"break-total", "a wTotalLength is another"}, break_total},
    {{"break-reference", "a number by which descriptors speak of each other is another"},
     break_reference},
    {{"break-range", "a field has a value that the specification does not allow"}, break_range},
    {{"break-type", "a constant of the kind is another"}, break_type},
    {{"break-value", "any other field is another"}, break_value},
    {{"break-guid", "a byte of a GUID is another"}, break_guid},
    {{"break-order", "two elements of an array change places"}, break_order},
    {{"flip-bit", "a bit of a field is turned"}, flip_bit},
    {{"change-subtype", "a class-specific descriptor is of another subtype"}, change_subtype},
    {{"grow-array", "an array has more elements, which no count says"}, grow_array},
    {{"shrink-array", "an array has fewer elements, which no count says"}, shrink_array},
    {{"drop-node", "a descriptor is missing, with all below it"}, drop_node},
    {{"double-node", "a descriptor is there twice, with all below it"}, double_node},
    {{"swap-nodes", "two neighbours change places"}, swap_nodes},
    {{"move-node", "a descriptor is below another one"}, move_node},
    {{"truncate-node", "a descriptor ends early"}, truncate_node},
    {{"lengthen-node", "bytes follow a descriptor's fields"}, lengthen_node},
    {{"cut-end", "the input ends within its last descriptor"}, cut_end},
    {{"end-early",
      "the configuration ends with or within a descriptor; but for its counts, the rest "
      "is derived"},
     end_early},
    {{"add-node", "a descriptor of any kind is there, too; the rest may be derived"}, add_node},
    {{"repeat-node", "a descriptor is there many times; the rest may be derived"}, repeat_node},
    {{"long-string", "a string is as long as can be, or is no text"}, long_string},
    {{"break-extra", "a byte that is no field's is another"}, break_extra},
    {{"real-device", "idVendor and idProduct are those of a camera of which drivers know"},
     real_device},
    {{"vendor-unit", "an extension unit is as Logitech has them; the rest is derived"},
     vendor_unit},
    {{"k1-dv-then-undefined", "DV format, then frames of subtype 0; the rest is derived"},
     k1_dv_undefined},
    {{"k2-three-bytes-left", "the block ends with a format of 3 bytes; the rest is derived"},
     k2_three_bytes},
    {{"k3-id-zero", "an entity's id is 0"}, k3_id_zero},
    {{"k3-id-twice", "two entities have one id"}, k3_id_twice},
    {{"k4-terminal-id", "a unit has the output terminal's id"}, k4_terminal_id},
    {{"k5-own-source", "an entity is its own source"}, k5_own_source},
    {{"k5-cycle", "two entities are each other's source"}, k5_cycle},
    {{"k6-terminal-type", "an input terminal's type has bit 15 set, or a high byte of 0"},
     k6_terminal_type},
    {{"k7-no-pads", "the output's source is a unit without pins; the rest is derived"}, k7_no_pads},
    {{"k8-intervals-past-the-end", "bFrameIntervalType is more than bLength allows"}, k8_intervals},
    {{"k9-zero-interval", "an interval is 0"}, k9_zero_interval},
    {{"k9-huge-buffer", "dwMaxVideoFrameBufferSize is absurd"}, k9_huge_buffer},
    {{"k9-after-endpoint", "class-specific ones after the endpoint; the rest is derived"},
     k9_after_endpoint},
    {{"k10-control-size", "a bControlSize of 255"}, k10_control_size},
    {{"k10-pins", "a bNrInPins of 255"}, k10_pins},
    {{"k10-collection", "baInterfaceNr names its own interface, or none"}, k10_collection},
    {{"k11-cut-extra", "an endpoint, a byte, and the end; the rest is derived"}, k11_cut_extra},
    {{"k11-short-association", "an association too short; the rest is derived"},
     k11_short_association},
    {{"k12-format-index", "a bFormatIndex of 0 or 255"}, k12_format_index},
    {{"k12-frame-index", "a bFrameIndex of 0 or 255"}, k12_frame_index},
    {{"k13-same-address", "two endpoints have one address"}, k13_same_address},
    {{"k13-reserved-bits", "reserved bits of an endpoint are set"}, k13_reserved_bits},
    {{"k13-short-companion", "a SuperSpeed companion is cut short; the rest is derived"},
     k13_short_companion},
    {{"k14-frames", "bNumFrameDescriptors is not the number of frames"}, k14_frames},
    {{"k14-formats", "bNumFormats is not the number of formats"}, k14_formats},
    {{"k14-interfaces", "bNumInterfaces is not the number of interfaces"}, k14_interfaces},
};
#define N_MUTATIONS (sizeof(mutations) / sizeof(mutations[0]))

const struct desc_mutation *desc_mutation_at(unsigned n)
{
    return n < N_MUTATIONS ? &mutations[n].shown : NULL;
}

int desc_mutate(struct desc_tree *tree, const char *name, uint64_t seed, char *ret_text,
                size_t size)
{
    struct mutator m = {tree, &tree->root->node, name, seed, ret_text, size};
    size_t i = 0;
    while (i < N_MUTATIONS && strcmp(mutations[i].shown.name, name) != 0)
        i++;
    if (i == N_MUTATIONS)
        return -ENOENT;
    int r = mutations[i].apply(&m);
    desc_locate(tree);
    return r;
}
