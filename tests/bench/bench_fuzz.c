/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many cameras a second a guest takes, and where the time goes: mutants of all presets, one
   after the other, in a VM or in several at once.
   usage: bench-fuzz [--cases N] [--jobs N] [--real-time] [--stream] [--plain]
   [--seed N]
   What was found is shown again at the end, on a fresh VM in real time. */
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fuzz/minimise.h"
#include "tools/fuzz/mutate.h"
#include "tools/fuzz/pictures.h"
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

#define MOST        16   /* of what a table has a row for */
#define WINDOW      1000 /* cases */
#define MOST_WINDOW 64

/* What a job tells the others' parent. */
typedef struct {
    guint done, findings, features, ways, differ;
    gint64 us;
    struct {
        guint n;
        gint64 us;
    } kinds[2]; /* without and with pictures */
    gint64 windows_us[MOST_WINDOW];
    guint reached[MOST];
    char names[MOST][16];
    FuzzTime times[MOST];
    char time_names[MOST][16];
    struct {
        char title[96];
        gboolean shown;
    } found[MOST]; /* each title once */
} Result;
G_STATIC_ASSERT(sizeof(Result) <= PIPE_BUF); /* so it is written as one */

typedef struct {
    FuzzTarget *target;
    Result *result;
    GHashTable *features, *ways;
    GPtrArray *found; /* the cases of result->found */
    FuzzOutcome outcome;
    gint64 window_us; /* when it began */
} Run;

static void count_reached(Result *result, const char *reached)
{
    guint i = 0;

    while (i < MOST - 1 && result->names[i][0] && strcmp(result->names[i], reached) != 0)
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

static void count_time(Run *run, const FuzzCase *fuzz_case)
{
    Result *result = run->result;
    gboolean pictures = stream || fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_STREAM);
    gint64 now_us = g_get_monotonic_time();

    result->kinds[pictures].n++;
    result->kinds[pictures].us += run->outcome.taken_us;
    if (++result->done % WINDOW == 0 && result->done / WINDOW <= MOST_WINDOW) {
        result->windows_us[result->done / WINDOW - 1] = now_us - run->window_us;
        run->window_us = now_us;
    }
}

static void keep_finding(Run *run, const FuzzCase *fuzz_case)
{
    Result *result = run->result;
    guint i = 0;

    result->findings++;
    while (i < run->found->len && strcmp(result->found[i].title, run->outcome.title) != 0)
        i++;
    if (i < run->found->len || i == MOST)
        return;
    g_strlcpy(result->found[i].title, run->outcome.title, sizeof result->found[i].title);
    g_ptr_array_add(run->found, fuzz_case_copy(fuzz_case));
}

/* How many of its features are new. */
static guint look(Run *run, const FuzzCase *fuzz_case, guint number, gboolean *ret_new_way)
{
    g_autoptr(GError) error = NULL;

    fuzz_outcome_clear(&run->outcome);
    if (!run->target->ops->run(run->target, fuzz_case, &run->outcome, &error))
        g_error("%s", error->message);
    guint new = add_features(run->features, run->outcome.features);
    *ret_new_way = g_hash_table_add(run->ways, GUINT_TO_POINTER(sum_of(run->outcome.features)));
    report(fuzz_case, &run->outcome, number, new);
    count_reached(run->result, run->outcome.reached);
    count_time(run, fuzz_case);
    if (run->outcome.verdict == FUZZ_FINE)
        return new;
    keep_finding(run, fuzz_case);
    if (!run->target->ops->fresh(run->target, &error))
        g_error("%s", error->message);
    return 0;
}

/* The number-th case of the job, with pictures where a campaign would ask for them. */
static void run_case(Run *run, FuzzMutator *mutator, GPtrArray *seeds, guint job, guint number)
{
    FuzzRandom random = fuzz_random_of(seed, job, number);
    FuzzSeed *from = seeds->pdata[fuzz_random_below(&random, seeds->len)];
    FuzzSeed *other = seeds->pdata[fuzz_random_below(&random, seeds->len)];
    FuzzTrail trail = {0};
    g_autoptr(FuzzCase) fuzz_case =
        unchanged ? fuzz_case_copy(from->fuzz_case)
                  : fuzz_mutate(mutator, &random, from->fuzz_case, other->fuzz_case, &trail);
    gboolean put_off = fuzz_pictures_put_off(fuzz_case, &random), new_way;
    guint new = look(run, fuzz_case, number, &new_way);

    if (twice && (new = look(run, fuzz_case, number, &new_way), new_way)) {
        run->result->differ++;
        g_autofree char *text = unchanged ? g_strdup("-") : fuzz_trail_text(mutator, &trail);
        fprintf(stderr, "case %u, %s of %s: %u features new at the second time\n", number, text,
                from->name, new);
    }
    if (put_off && new) {
        fuzz_pictures_add(fuzz_case);
        look(run, fuzz_case, number, &new_way);
    }
}

static void run_cases(FuzzTarget *target, guint job, Result *result, GPtrArray *found)
{
    char *none[] = {NULL};
    g_autoptr(GPtrArray) seeds = fuzz_seeds_read(none, NULL);
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(plain);
    g_autoptr(GHashTable) features = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) ways = g_hash_table_new(NULL, NULL);
    Run run = {.target = target,
               .result = result,
               .features = features,
               .ways = ways,
               .found = found,
               .window_us = g_get_monotonic_time()};

    for (guint i = 0; result->done < (guint)cases; i++)
        run_case(&run, mutator, seeds, job, i);
    result->features = g_hash_table_size(features);
    result->ways = g_hash_table_size(ways);
    fuzz_outcome_free(&run.outcome);
}

/* Each kind of verdict once, on a fresh VM in its own time. */
static void replay(const FuzzQemuOptions *options, GPtrArray *found, Result *result)
{
    FuzzQemuOptions real = *options;
    g_autoptr(GError) error = NULL;

    real.real_time = TRUE;
    FuzzTarget *target = found->len ? fuzz_target_qemu_new(&real, &error) : NULL;
    for (guint i = 0; target && i < found->len; i++) {
        FuzzMinimiser m = {.target = target, .title = result->found[i].title, .stale = TRUE};
        result->found[i].shown = fuzz_replay(&m, found->pdata[i], 1, &error) == 1;
    }
    if (error)
        g_error("%s", error->message);
    if (target)
        target->ops->free(target);
}

static void run_job(guint job, int out)
{
    FuzzQemuOptions options = {
        .real_time = real_time, .stream = stream, .kernel = kernel, .initramfs = initramfs};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free);
    Result result = {0};
    FuzzTarget *target = fuzz_target_qemu_new(&options, &error);
    guint n = 0;

    if (!target || !target->ops->fresh(target, &error))
        g_error("%s", error->message);
    gint64 begun = g_get_monotonic_time();
    run_cases(target, job, &result, found);
    result.us = g_get_monotonic_time() - begun;
    const FuzzTime *times = target->ops->times(target, &n);
    for (guint i = 0; i < MIN(n, MOST); i++) {
        result.times[i] = times[i];
        g_strlcpy(result.time_names[i], times[i].name, sizeof result.time_names[i]);
    }
    target->ops->free(target);
    replay(&options, found, &result);
    if (write(out, &result, sizeof result) != sizeof result)
        g_error("no pipe");
}

/* ---- tables ---- */

static double rate_of(guint n, gint64 us)
{
    return us ? n * 1e6 / us : 0;
}

static void print_rates(const Result *results)
{
    double together = 0;

    printf("| VM | cases | cases/s | enumerations/s | with pictures: cases | of these/s | findings "
           "| behaviours |\n|---|---|---|---|---|---|---|---|\n");
    for (const Result *r = results; r < results + jobs; r++) {
        printf("| %td | %u | %.1f | %.1f | %u | %.1f | %u | %u |\n", r - results + 1, r->done,
               rate_of(r->done, r->us), rate_of(r->kinds[0].n, r->kinds[0].us), r->kinds[1].n,
               rate_of(r->kinds[1].n, r->kinds[1].us), r->findings, r->ways);
        together += rate_of(r->done, r->us);
        if (twice)
            fprintf(stderr, "%u cases differ at the second time\n", r->differ);
    }
    printf("\nTogether %.1f cases/s. Reached:", together);
    for (guint i = 0; i < MOST && results[0].names[i][0]; i++)
        printf(" %s %u", results[0].names[i], results[0].reached[i]);
    printf(" (of the first VM).\n");
}

static void print_times(const Result *results)
{
    guint done = 0;

    for (int j = 0; j < jobs; j++)
        done += results[j].done;
    printf("\n| where the time goes | seconds | ms a case |\n|---|---|---|\n");
    for (guint i = 0; i < MOST && results[0].time_names[i][0]; i++) {
        gint64 us = 0;
        for (int j = 0; j < jobs; j++)
            us += results[j].times[i].us;
        printf("| %s | %.2f | %.2f |\n", results[0].time_names[i], us / 1e6, us / 1e3 / done);
    }
}

/* Of all VMs together, as they go side by side. */
static void print_windows(const Result *results)
{
    if (!results[0].windows_us[1])
        return;
    printf("\nCases/s of all VMs, each %u cases of one:", WINDOW);
    for (guint i = 0; i < MOST_WINDOW && results[0].windows_us[i]; i++) {
        double together = 0;
        for (int j = 0; j < jobs; j++)
            together += rate_of(WINDOW, results[j].windows_us[i]);
        printf(" %.1f", together);
    }
    printf(".\n");
}

static void print_found(const Result *results)
{
    for (int j = 0; j < jobs; j++)
        for (guint i = 0; i < MOST && results[j].found[i].title[0]; i++)
            printf("%s- `%s`: %s in real time on a fresh VM\n", i || j ? "" : "\n",
                   results[j].found[i].title,
                   results[j].found[i].shown ? "shown again" : "NOT shown again");
}

static void start_jobs(int out)
{
    for (int i = 0; i < jobs; i++)
        if (fork() == 0) {
            run_job(i, out);
            exit(0);
        }
    close(out);
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    int ends[2], n = 0;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || pipe(ends) < 0) {
        fprintf(stderr, "%s\n", error ? error->message : "no pipe");
        return 2;
    }
    g_autofree Result *results = g_new0(Result, jobs);
    start_jobs(ends[1]);
    while (n < jobs && read(ends[0], &results[n], sizeof *results) == sizeof *results)
        n++;
    while (wait(NULL) > 0)
        ;
    if (n < jobs) {
        fprintf(stderr, "%d of %d VMs came to an end\n", n, jobs);
        return 1;
    }
    print_rates(results);
    print_times(results);
    print_windows(results);
    print_found(results);
    return 0;
}
