/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of who names whom. */
#include "tools/fuzz/renumber.h"

#include <string.h>

/* In each family the first ones are what has the number; NULL ends. */
static const struct {
    guint n_own;
    const char *names[8];
    guint8 fixed; /* bits that say something else */
} families[] = {
    {2,
     {"bUnitID", "bTerminalID", "bSourceID", "baSourceID", "bTerminalLink", "bAssocTerminal"},
     0},
    {1, {"bInterfaceNumber", "baInterfaceNr", "bFirstInterface"}, 0},
    {1, {"bEndpointAddress"}, 0xf0},
};

static gboolean is_named(guint family, const struct desc_row *row, gboolean own)
{
    const char *const *names = families[family].names;

    for (guint i = 0; names[i] && (!own || i < families[family].n_own); i++)
        if (strcmp(row->name, names[i]) == 0)
            return TRUE;
    return FALSE;
}

/* Of all that have a number of the family, each as likely. */
static gboolean pick_number(struct desc_tree *tree, guint family, FuzzRandom *random,
                            guint64 *ret_number)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    guint n = 0;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        for (guint i = 0; i < node->present; i++)
            if (is_named(family, &node->type->rows[i], TRUE) && fuzz_random_below(random, ++n) == 0)
                *ret_number = desc_get(node, &node->type->rows[i], 0);
    return n > 0;
}

static void change_row(struct desc_node *node, const struct desc_row *row, guint64 was, guint64 is)
{
    for (gsize i = 0; i < desc_elements(node, row); i++)
        if (desc_get(node, row, i) == was)
            desc_set(node, row, i, is);
}

gboolean fuzz_renumber(struct desc_tree *tree, FuzzRandom *random)
{
    const guint family = fuzz_random_below(random, G_N_ELEMENTS(families));
    struct desc_node *root = &desc_tree_root(tree)->node;
    const guint8 fixed = families[family].fixed;
    guint64 was = 0, is = fuzz_random(random) & 255;

    if (!pick_number(tree, family, random, &was))
        return FALSE;
    is = (was & fixed) | (is & ~(guint64)fixed);
    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        for (guint i = 0; i < node->present; i++)
            if (is_named(family, &node->type->rows[i], FALSE))
                change_row(node, &node->type->rows[i], was, is);
    return is != was;
}
