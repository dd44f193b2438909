/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz-kernel/mutants.h"

#include "descriptors/mutate.h"
#include "tools/fuzz/seeds.h"

/* Those presets that every reader takes as they are. libuvc 0.0.6 takes none of UVC 1.5; lsusb
   finds fault with the others' processing unit, which is right for UVC 1.00. */
static char *const seed_names[] = {"webcam", "two_streams", "superspeed", NULL};
#define N_SEEDS (G_N_ELEMENTS(seed_names) - 1)

static GBytes *packed(const void *node)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    ssize_t length;

    do {
        g_byte_array_set_size(bytes, bytes->len * 2 + 4096);
        length = desc_pack(node, bytes->data, bytes->len);
    } while (length < 0);
    return g_bytes_new(bytes->data, (gsize)length);
}

static struct desc_tree *parsed(GBytes *bytes)
{
    struct desc_tree *tree;
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    if (desc_parse(data, size, DESC_CONTEXT_STANDARD, &tree) < 0)
        g_error("out of memory");
    return tree;
}

static void keep_worst(void *user, const struct desc_finding *finding)
{
    const struct desc_lint_rule **rule = user;
    if (finding->rule->severity > (*rule ? (*rule)->severity : DESC_NOTE))
        *rule = finding->rule;
}

static void add_mutant(GPtrArray *mutants, const char *seed, const char *mutation, const char *what,
                       GBytes *bytes)
{
    Mutant *mutant = g_new0(Mutant, 1);
    struct desc_tree *tree = parsed(bytes);

    *mutant = (Mutant){seed, mutation, g_strdup(what), g_bytes_ref(bytes), NULL};
    desc_lint(desc_tree_root(tree), NULL, keep_worst, &mutant->rule);
    desc_tree_free(tree);
    g_ptr_array_add(mutants, mutant);
}

static void mutant_free(gpointer data)
{
    Mutant *mutant = data;
    g_free(mutant->what);
    g_bytes_unref(mutant->bytes);
    g_free(mutant);
}

/* A device and its configuration: what a host's programs find in sysfs, without strings and the
   like behind them. */
static GBytes *without_rest(GBytes *bytes)
{
    struct desc_tree *tree = parsed(bytes);
    const struct desc_node *device = desc_tree_root(tree)->arrDescs.first;
    const struct vcam_config_descriptor *config = DESC_CAST(vcam_config_descriptor, device->first);
    GBytes *kept = g_bytes_new_from_bytes(bytes, 0, config->node.offset + config->wTotalLength);

    desc_tree_free(tree);
    return kept;
}

static void add_seeds(GPtrArray *mutants)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) seeds = fuzz_seeds_read((char **)seed_names, &error);

    if (!seeds)
        g_error("%s", error->message);
    for (guint i = 0; i < seeds->len; i++) {
        FuzzSeed *seed = seeds->pdata[i];
        g_autoptr(GBytes) bytes = without_rest(seed->fuzz_case->descriptors);
        add_mutant(mutants, seed_names[i], "", "as it is", bytes);
    }
}

/* NULL: the mutation does not apply to this seed. */
static GBytes *mutate(const Mutant *seed, const char *mutation, guint64 number, char *ret_what,
                      gsize size)
{
    struct desc_tree *tree = parsed(seed->bytes);
    GBytes *bytes = NULL;

    if (desc_mutate(tree, mutation, number, ret_what, size) == 0)
        bytes = packed(desc_tree_root(tree));
    desc_tree_free(tree);
    return bytes;
}

GPtrArray *mutants_new(guint n)
{
    GPtrArray *mutants = g_ptr_array_new_with_free_func(mutant_free);
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    const struct desc_mutation *mutation;
    char what[256];

    add_seeds(mutants);
    for (guint i = 0; i < N_SEEDS; i++)
        g_hash_table_add(seen, g_bytes_ref(((Mutant *)mutants->pdata[i])->bytes));
    for (guint64 number = 0; mutants->len < N_SEEDS + n; number++)
        for (guint m = 0; (mutation = desc_mutation_at(m)) && mutants->len < N_SEEDS + n; m++) {
            const Mutant *seed = mutants->pdata[number % N_SEEDS];
            g_autoptr(GBytes) bytes = mutate(seed, mutation->name, number, what, sizeof(what));
            if (bytes && g_hash_table_add(seen, g_bytes_ref(bytes)))
                add_mutant(mutants, seed->seed, mutation->name, what, bytes);
        }
    return mutants;
}
