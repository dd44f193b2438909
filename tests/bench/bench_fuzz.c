/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many cameras a second a guest takes, and where the time goes: mutants of all presets, one
   after the other, in a VM or in several at once.
   usage: bench-fuzz [--cases N] [--jobs N] [--real-time] [--stream] [--plain] [--seed N] */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fuzz/mutate.h"
#include "tools/fuzz/seeds.h"
#include "tools/fuzz/target.h"

static int cases = 1000, jobs = 1, seed = 1;
static gboolean real_time, stream, plain, verbose, unchanged, twice;
static char *kernel, *initramfs;

static const GOptionEntry entries[] = {
    {"cases", 0, 0, G_OPTION_ARG_INT, &cases, "of each VM", "N"},
    {"jobs", 0, 0, G_OPTION_ARG_INT, &jobs, "VMs at once", "N"},
    {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "of the mutations", "N"},
    {"real-time", 0, 0, G_OPTION_ARG_NONE, &real_time, "without the virtual clock", NULL},
    {"stream", 0, 0, G_OPTION_ARG_NONE, &stream, "the guest takes pictures", NULL},
    {"plain", 0, 0, G_OPTION_ARG_NONE, &plain, "mutations of bytes alone", NULL},
    {"unchanged", 0, 0, G_OPTION_ARG_NONE, &unchanged, "the presets as they are", NULL},
    {"twice", 0, 0, G_OPTION_ARG_NONE, &twice, "each case twice: is it seen as the same?", NULL},
    {"verbose", 0, 0, G_OPTION_ARG_NONE, &verbose, "a line a case", NULL},
    {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &kernel, "of the guest", "PATH"},
    {"initramfs", 0, 0, G_OPTION_ARG_FILENAME, &initramfs, "of the guest", "PATH"},
    {0},
};

/* What a job tells the others' parent. */
typedef struct {
    guint done, findings, features, ways, differ;
    gint64 us;
    guint reached[8];
    char names[8][16];
    FuzzTime times[8];
    char time_names[8][16];
} Result;

static void count_reached(Result *result, const char *reached)
{
    guint i = 0;

    while (i < 7 && result->names[i][0] && strcmp(result->names[i], reached) != 0)
        i++;
    g_strlcpy(result->names[i], reached, sizeof result->names[i]);
    result->reached[i]++;
}

static guint32 sum_of(const GArray *features)
{
    guint32 sum = 0;

    for (guint i = 0; i < features->len; i++)
        sum += g_array_index(features, guint32, i) * 2654435761u;
    return sum;
}

static guint add_features(GHashTable *all, const GArray *features)
{
    guint new = 0;

    for (guint i = 0; i < features->len; i++)
        new += g_hash_table_add(all, GUINT_TO_POINTER(g_array_index(features, guint32, i)));
    return new;
}

static char *faults_text(const FuzzCase *fuzz_case)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < fuzz_case->faults->len; i++) {
        const FuzzFault *fault = &g_array_index(fuzz_case->faults, FuzzFault, i);
        g_string_append_printf(text, " %s@%u=0x%x", fuzz_fault_texts[fault->kind].name, fault->at,
                               fault->value);
    }
    return g_string_free(text, FALSE);
}

static void report(const FuzzCase *fuzz_case, const FuzzOutcome *outcome, guint number, guint new)
{
    g_autofree char *faults = faults_text(fuzz_case);
    if (verbose)
        printf("%u %s %s %.1f ms, %u features, %u new,%s\n", number, outcome->reached,
               outcome->title ? outcome->title : "fine", outcome->taken_us / 1e3,
               outcome->features->len, new, faults);
    if (outcome->verdict != FUZZ_FINE)
        fprintf(stderr, "case %u:%s: %s\n%.4000s\n", number, faults, outcome->title,
                outcome->console);
}

static void run_cases(FuzzTarget *target, guint job, Result *result)
{
    char *none[] = {NULL};
    g_autoptr(GPtrArray) seeds = fuzz_seeds_read(none, NULL);
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(plain);
    g_autoptr(GHashTable) all = g_hash_table_new(NULL, NULL), ways = g_hash_table_new(NULL, NULL);
    g_autoptr(GError) error = NULL;
    FuzzOutcome outcome = {0};

    for (guint i = 0; i < (guint)cases * (twice ? 2 : 1); i++) {
        guint number = twice ? i / 2 : i;
        FuzzRandom random = fuzz_random_of(seed, job, number);
        FuzzSeed *from = seeds->pdata[fuzz_random_below(&random, seeds->len)];
        FuzzSeed *other = seeds->pdata[fuzz_random_below(&random, seeds->len)];
        FuzzTrail trail;
        g_autoptr(FuzzCase) fuzz_case =
            unchanged ? fuzz_case_copy(from->fuzz_case)
                      : fuzz_mutate(mutator, &random, from->fuzz_case, other->fuzz_case, &trail);
        fuzz_outcome_clear(&outcome);
        if (!target->ops->run(target, fuzz_case, &outcome, &error))
            g_error("%s", error->message);
        guint new = add_features(all, outcome.features);
        gboolean new_way = g_hash_table_add(ways, GUINT_TO_POINTER(sum_of(outcome.features)));
        if (twice && i % 2 && new_way) {
            result->differ++;
            g_autofree char *text =
                unchanged ? g_strdup(from->name) : fuzz_trail_text(mutator, &trail);
            fprintf(stderr, "case %u, %s of %s: %u features new at the second time\n", number, text,
                    from->name, new);
        }
        report(fuzz_case, &outcome, number, new);
        count_reached(result, outcome.reached);
        result->done++;
        result->findings += outcome.verdict != FUZZ_FINE;
        if (outcome.verdict != FUZZ_FINE && !target->ops->fresh(target, &error))
            g_error("%s", error->message);
    }
    result->features = g_hash_table_size(all);
    result->ways = g_hash_table_size(ways);
    fuzz_outcome_free(&outcome);
}

static void run_job(guint job, int out)
{
    FuzzQemuOptions options = {
        .real_time = real_time, .stream = stream, .kernel = kernel, .initramfs = initramfs};
    g_autoptr(GError) error = NULL;
    Result result = {0};
    FuzzTarget *target = fuzz_target_qemu_new(&options, &error);
    guint n = 0;

    if (!target || !target->ops->fresh(target, &error))
        g_error("%s", error->message);
    gint64 begun = g_get_monotonic_time();
    run_cases(target, job, &result);
    result.us = g_get_monotonic_time() - begun;
    const FuzzTime *times = target->ops->times(target, &n);
    for (guint i = 0; i < n; i++) {
        result.times[i] = times[i];
        g_strlcpy(result.time_names[i], times[i].name, sizeof result.time_names[i]);
    }
    target->ops->free(target);
    if (write(out, &result, sizeof result) != sizeof result)
        g_error("no pipe");
}

static void print_job(guint job, const Result *result)
{
    printf("| %u | %u | %.1f | %u | %u | %u |", job, result->done,
           result->done * 1e6 / MAX(result->us, 1), result->findings, result->features,
           result->ways);
    for (guint i = 0; i < G_N_ELEMENTS(result->times) && result->time_names[i][0]; i++)
        printf(" %s %.2f s,", result->time_names[i], result->times[i].us / 1e6);
    for (guint i = 0; i < G_N_ELEMENTS(result->reached) && result->reached[i]; i++)
        printf(" %s %u", result->names[i], result->reached[i]);
    printf(" |\n");
    if (twice)
        printf("%u cases differ at the second time\n", result->differ);
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    int ends[2];

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || pipe(ends) < 0) {
        fprintf(stderr, "%s\n", error ? error->message : "no pipe");
        return 2;
    }
    for (int i = 0; i < jobs; i++)
        if (jobs == 1 || fork() == 0) {
            run_job(i, ends[1]);
            if (jobs > 1)
                exit(0);
        }
    close(ends[1]);
    printf("| VM | cases | cases/s | findings | features | behaviours | time, reached |\n"
           "|---|---|---|---|---|---|---|\n");
    double rate = 0;
    Result result;
    for (int i = 0; read(ends[0], &result, sizeof result) == sizeof result; i++) {
        print_job(i, &result);
        rate += result.done * 1e6 / MAX(result.us, 1);
    }
    while (wait(NULL) > 0)
        ;
    printf("together %.1f cases/s\n", rate);
    return 0;
}
