/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts by kind, row and sort of value; of those with the lowest count each is as likely. */
#include "tools/fuzz/sweep.h"

#define MOST_ROWS  40
#define MOST_PARTS 8
#define MOST_BYTES 16

/* By what drivers do wrong with a number: divide by it, count to it, look it up in a table that is
   about as long as the valid ones or much shorter than the field allows, multiply it. */
typedef enum { ZERO, NEAR, SMALL, MIDDLE, MOST, SORTS } Sort;

struct FuzzSweep {
    guint16 counts[DESC_KIND_COUNT][MOST_PARTS][MOST_ROWS][SORTS];
    guint16 bytes[FUZZ_SWEPTS][MOST_BYTES][SORTS];
};

/* A field of a node, and what it is to be. */
typedef struct {
    struct desc_node *node;
    const struct desc_row *row;
    gsize element;
    guint16 *count;
    Sort sort;
} Choice;

FuzzSweep *fuzz_sweep_new(void)
{
    return g_new0(FuzzSweep, 1);
}

void fuzz_sweep_free(FuzzSweep *sweep)
{
    g_free(sweep);
}

/* Lengths, totals and constants decide what a descriptor is: others break those. */
static gboolean is_swept(const struct desc_node *node, const struct desc_row *row)
{
    return node->type->kind != DESC_KIND_usb_string && row->width <= 8 &&
           (row->role == DESC_ROLE_VAR || row->role == DESC_ROLE_COUNT ||
            row->role == DESC_ROLE_VARS) &&
           desc_elements(node, row) > 0;
}

/* Whose elements are a field each: shortest, longest and step, where a frame's intervals are not
   counted. */
static gboolean is_record(const struct desc_node *node, const struct desc_row *row)
{
    return row->role == DESC_ROLE_VARS && row->zero_is && ((const guint8 *)node)[row->by[0]] == 0 &&
           desc_elements(node, row) == row->zero_is;
}

static gboolean has_record(const struct desc_node *node)
{
    guint i = 0;

    while (i < node->present && !is_record(node, &node->type->rows[i]))
        i++;
    return i < node->present;
}

/* What a node of its kind is for: drivers ask an interface of control other things than one of
   pictures, and read the one endpoint of many. Below MOST_PARTS. */
static guint part_of(const struct desc_node *node)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, node);
    const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node);

    if (interface)
        return (interface->bInterfaceSubClass & 3u) | (interface->bAlternateSetting ? 4 : 0);
    return endpoint ? endpoint->bmAttributes & 3u : has_record(node) ? 1 : 0;
}

/* Of the least counted so far and the sorts of one field, each as likely; n of them so far. */
static void look_at_field(FuzzSweep *sweep, const Choice *field, guint slot, FuzzRandom *random,
                          Choice *choice, guint *n)
{
    guint16 *counts = sweep->counts[field->node->type->kind][part_of(field->node)][slot];

    for (guint sort = 0; sort < SORTS; sort++) {
        guint16 *count = &counts[sort];
        if (choice->count && *count > *choice->count)
            continue;
        if (choice->count && *count < *choice->count)
            *n = 0;
        if (fuzz_random_below(random, ++*n) == 0)
            *choice = (Choice){field->node, field->row, field->element, count, (Sort)sort};
    }
}

static void look_at_node(FuzzSweep *sweep, struct desc_node *node, FuzzRandom *random,
                         Choice *choice, guint *n)
{
    for (guint i = 0; i < MIN(node->present, MOST_ROWS); i++) {
        Choice field = {.node = node, .row = &node->type->rows[i]};
        if (!is_swept(node, field.row))
            continue;
        gsize elements = desc_elements(node, field.row);
        if (!is_record(node, field.row)) {
            field.element = fuzz_random_below(random, (guint)elements);
            look_at_field(sweep, &field, i, random, choice, n);
            continue;
        }
        for (; field.element < elements && i + field.element < MOST_ROWS; field.element++)
            look_at_field(sweep, &field, i + (guint)field.element, random, choice, n);
    }
}

/* Each kind and part has one of its nodes looked at, so that one of many is no more likely. */
static Choice choose(FuzzSweep *sweep, struct desc_tree *tree, FuzzRandom *random)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    struct desc_node *picked[DESC_KIND_COUNT][MOST_PARTS] = {{NULL}};
    guint seen[DESC_KIND_COUNT][MOST_PARTS] = {{0}}, n = 0;
    Choice choice = {0};

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        if (fuzz_random_below(random, ++seen[node->type->kind][part_of(node)]) == 0)
            picked[node->type->kind][part_of(node)] = node;
    for (guint i = 0; i < DESC_KIND_COUNT * MOST_PARTS; i++)
        if (picked[i / MOST_PARTS][i % MOST_PARTS])
            look_at_node(sweep, picked[i / MOST_PARTS][i % MOST_PARTS], random, &choice, &n);
    return choice;
}

guint fuzz_sweep_least(const FuzzSweep *sweep, struct desc_tree *tree)
{
    FuzzRandom any = {0};
    const Choice choice = choose((FuzzSweep *)sweep, tree, &any);
    return choice.count ? *choice.count : G_MAXUINT;
}

static guint64 value_of(Sort sort, guint64 was, guint bits, FuzzRandom *random)
{
    const guint64 most = bits == 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT(1) << bits) - 1;
    const guint64 any = fuzz_random(random), width = 5 + any % (bits - 4);

    switch (sort) {
    case ZERO:
        return 0;
    case NEAR:
        return (any % 2 ? was + 1 : was - 1) & most;
    case SMALL:
        return 1 + any % 15;
    case MIDDLE: /* any number of digits, then any number */
        return fuzz_random(random) & most >> (bits - width);
    default:
        return any % 2 ? most : (most >> 1) + any / 2 % 2;
    }
}

gboolean fuzz_sweep_step(FuzzSweep *sweep, struct desc_tree *tree, FuzzRandom *random)
{
    const Choice choice = choose(sweep, tree, random);

    if (!choice.count)
        return FALSE;
    *choice.count += *choice.count < G_MAXUINT16;
    guint64 was = desc_get(choice.node, choice.row, choice.element);
    guint64 is = value_of(choice.sort, was, 8u * choice.row->width, random);
    desc_set(choice.node, choice.row, choice.element, is);
    return is != was;
}

guint32 fuzz_sweep_byte(FuzzSweep *sweep, FuzzSwept what, FuzzRandom *random)
{
    static const guint lengths[FUZZ_SWEPTS] = {
        [FUZZ_SWEPT_HEADER] = 12, [FUZZ_SWEPT_STATUS] = 16, [FUZZ_SWEPT_DESCRIPTOR] = 9};
    guint16 *counts = sweep->bytes[what][0];
    guint least = 0, n = 0;

    for (guint i = 0; i < lengths[what] * SORTS; i++) {
        if (counts[i] < counts[least])
            n = 0;
        if (counts[i] <= counts[least] && fuzz_random_below(random, ++n) == 0)
            least = i;
    }
    counts[least] += counts[least] < G_MAXUINT16;
    return least / SORTS << 8 | (guint32)value_of((Sort)(least % SORTS), 0, 8, random);
}
