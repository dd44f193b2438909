/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many cameras a second a guest takes, and where the time goes: mutants of all presets, one
   after the other, in a VM or in several at once.
   usage: bench-fuzz [--cases N] [--jobs N] [--real-time] [--stream] [--plain]
   [--seed N]
   What was found is shown again at the end, on a fresh VM in real time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fuzz/check.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/mutate.h"
#include "tools/fuzz/pictures.h"
#include "tools/fuzz/seeds.h"
#include "tools/fuzz/target.h"
#include "tools/fuzz/vm.h"

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
#define KEPT        3  /* cases of a title, one after the other until one shows it again */
#define SAMPLE      50 /* cases: how often the guest and the machine are asked */

/* What grows from case to case; a window has by how much. What the guest spent is the cases' own,
   on any machine that has a core for them. The yardstick is a camera that our own readers read: the
   same work each time, so what it takes tells how fast the machine is now. */
enum {
    WALL_US,
    ENUMERATIONS, /* cases without pictures */
    ENUMERATIONS_US,
    GUEST_BUSY_MS,
    GUEST_ALL_MS,
    QEMU_US,
    OWN_US,
    YARDSTICKS,
    YARDSTICK_US,
    STOLEN_US, /* of each core, by the host of a machine that is virtual itself */
    COUNTERS,
};
typedef gint64 Counters[COUNTERS];

/* What a job tells the others' parent. */
typedef struct {
    guint done, findings, features, ways, differ;
    gint64 us;
    struct {
        guint n;
        gint64 us;
    } kinds[2]; /* without and with pictures */
    Counters windows[MOST_WINDOW];
    guint reached[MOST];
    char names[MOST][16];
    FuzzTime times[MOST];
    char time_names[MOST][16];
    struct {
        char title[96];
        guint shown, replays;
    } found[MOST]; /* each title once */
} Result;

typedef struct {
    FuzzTarget *target;
    Result *result;
    GHashTable *features, *ways;
    GPtrArray *found; /* of GPtrArray: the cases of each of result->found */
    FuzzOutcome outcome;
    const FuzzCase *yardstick;
    FuzzVmSpent spent;  /* by the guest, when it was last asked */
    Counters now, then; /* then: when the window began */
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

/* ---- what grows ---- */

static gint64 stolen_us(void)
{
    g_autofree char *text = NULL;
    gint64 ticks = 0;

    if (g_file_get_contents("/proc/stat", &text, NULL, NULL))
        sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %" G_GINT64_FORMAT, &ticks);
    return ticks * G_USEC_PER_SEC / sysconf(_SC_CLK_TCK) / sysconf(_SC_NPROCESSORS_ONLN);
}

static void ask_guest(Run *run)
{
    FuzzVmSpent spent = fuzz_vm_spent(fuzz_target_qemu_vm(run->target));

    if (spent.all_ms) {
        run->now[GUEST_BUSY_MS] += (gint64)spent.busy_ms - run->spent.busy_ms;
        run->now[GUEST_ALL_MS] += (gint64)spent.all_ms - run->spent.all_ms;
        run->spent = spent;
    }
}

static void apply_yardstick(Run *run)
{
    g_autoptr(GArray) features = g_array_new(FALSE, FALSE, sizeof(guint32));
    const char *stage;
    gint64 begun = fuzz_vm_own_cpu_us();

    fuzz_self_check(run->yardstick, features, &stage);
    run->now[YARDSTICK_US] += fuzz_vm_own_cpu_us() - begun;
    run->now[YARDSTICKS]++;
}

static void end_window(Run *run, Counters *window)
{
    run->now[WALL_US] = g_get_monotonic_time();
    run->now[OWN_US] = fuzz_vm_own_cpu_us() - run->now[YARDSTICK_US];
    run->now[QEMU_US] = fuzz_vm_cpu_us(fuzz_target_qemu_vm(run->target));
    run->now[STOLEN_US] = stolen_us();
    for (guint i = 0; window && i < COUNTERS; i++)
        (*window)[i] = run->now[i] - run->then[i];
    memcpy(run->then, run->now, sizeof run->then);
}

static void count_time(Run *run, const FuzzCase *fuzz_case)
{
    Result *result = run->result;
    gboolean pictures = stream || fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_STREAM);

    result->kinds[pictures].n++;
    result->kinds[pictures].us += run->outcome.taken_us;
    run->now[ENUMERATIONS] += !pictures;
    run->now[ENUMERATIONS_US] += pictures ? 0 : run->outcome.taken_us;
    if (++result->done % SAMPLE == 0 || run->outcome.verdict != FUZZ_FINE)
        ask_guest(run);
    if (result->done % SAMPLE == 0)
        apply_yardstick(run);
    if (result->done % WINDOW == 0 && result->done / WINDOW <= MOST_WINDOW)
        end_window(run, &result->windows[result->done / WINDOW - 1]);
}

static void make_fresh(Run *run)
{
    g_autoptr(GError) error = NULL;

    if (!run->target->ops->fresh(run->target, &error))
        g_error("%s", error->message);
    run->spent = fuzz_vm_spent(fuzz_target_qemu_vm(run->target));
}

static void keep_finding(Run *run, const FuzzCase *fuzz_case)
{
    Result *result = run->result;
    guint i = 0;

    result->findings++;
    while (i < run->found->len && strcmp(result->found[i].title, run->outcome.title) != 0)
        i++;
    if (i == MOST)
        return;
    if (i == run->found->len) {
        g_strlcpy(result->found[i].title, run->outcome.title, sizeof result->found[i].title);
        g_ptr_array_add(run->found, g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free));
    }
    GPtrArray *kept = run->found->pdata[i];
    if (kept->len < KEPT)
        g_ptr_array_add(kept, fuzz_case_copy(fuzz_case));
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
    make_fresh(run);
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
               .yardstick = ((FuzzSeed *)seeds->pdata[0])->fuzz_case};

    make_fresh(&run);
    gint64 begun = g_get_monotonic_time();
    end_window(&run, NULL);
    for (guint i = 0; result->done < (guint)cases; i++)
        run_case(&run, mutator, seeds, job, i);
    result->us = g_get_monotonic_time() - begun;
    result->features = g_hash_table_size(features);
    result->ways = g_hash_table_size(ways);
    fuzz_outcome_free(&run.outcome);
}

static void replay_title(FuzzTarget *target, const GPtrArray *kept, Result *result, guint number,
                         GError **error)
{
    FuzzMinimiser m = {.target = target, .title = result->found[number].title, .stale = TRUE};

    for (guint i = 0; i < kept->len && !result->found[number].shown && !*error; i++) {
        result->found[number].shown = fuzz_replay_anew(&m, kept->pdata[i], error);
        result->found[number].replays = m.replays;
    }
}

/* Each kind of verdict, on a fresh VM in its own time. */
static void replay(const FuzzQemuOptions *options, GPtrArray *found, Result *result)
{
    FuzzQemuOptions real = *options;
    GError *error = NULL;

    real.real_time = TRUE;
    FuzzTarget *target = found->len ? fuzz_target_qemu_new(&real, &error) : NULL;
    for (guint i = 0; target && i < found->len; i++)
        replay_title(target, found->pdata[i], result, i, &error);
    if (error)
        g_error("%s", error->message);
    if (target)
        target->ops->free(target);
}

static void run_job(guint job, Result *result)
{
    FuzzQemuOptions options = {
        .real_time = real_time, .stream = stream, .kernel = kernel, .initramfs = initramfs};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    FuzzTarget *target = fuzz_target_qemu_new(&options, &error);
    guint n = 0;

    if (!target)
        g_error("%s", error->message);
    run_cases(target, job, result, found);
    const FuzzTime *times = target->ops->times(target, &n);
    for (guint i = 0; i < MIN(n, MOST); i++) {
        result->times[i] = times[i];
        g_strlcpy(result->time_names[i], times[i].name, sizeof result->time_names[i]);
    }
    target->ops->free(target);
    replay(&options, found, result);
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

/* Of all VMs: those of one number go side by side. */
static void print_window(const Result *results, guint number)
{
    Counters sum = {0};
    double rate = 0, enumerations = 0, n = (double)jobs * WINDOW;

    for (int j = 0; j < jobs; j++) {
        const gint64 *window = results[j].windows[number];
        rate += rate_of(WINDOW, window[WALL_US]);
        enumerations += rate_of(window[ENUMERATIONS], window[ENUMERATIONS_US]);
        for (guint i = 0; i < COUNTERS; i++)
            sum[i] += window[i];
    }
    /* With shift=3 an instruction is 8 ns of the guest's time. */
    double instructions = sum[GUEST_BUSY_MS] / 8e-6;
    printf("| %u | %.1f | %.1f | %.1f | %.2f | %.0f | %.1f | %.2f | %.1f | %.2f | %.1f |\n",
           (number + 1) * WINDOW, rate, enumerations, 100 - 100 * sum[ENUMERATIONS] / n,
           instructions / n / 1e6, sum[GUEST_ALL_MS] / n, sum[QEMU_US] / n / 1e3,
           sum[OWN_US] / n / 1e3, instructions > 0 ? sum[QEMU_US] * 1e3 / instructions : 0,
           sum[YARDSTICKS] ? sum[YARDSTICK_US] / 1e3 / sum[YARDSTICKS] : 0,
           100.0 * sum[STOLEN_US] / sum[WALL_US]);
}

static void print_windows(const Result *results)
{
    if (!results[0].windows[1][WALL_US])
        return;
    printf(
        "\n| up to case | cases/s | enumerations/s | with pictures, %% | guest: M instructions a "
        "case | its clock: ms a case | QEMU: CPU ms a case | camredir: CPU ms a case | QEMU: CPU "
        "ns an instruction | the yardstick: CPU ms | stolen, %% |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (guint i = 0; i < MOST_WINDOW && results[0].windows[i][WALL_US]; i++)
        print_window(results, i);
}

static void print_found(const Result *results)
{
    for (int j = 0; j < jobs; j++)
        for (guint i = 0; i < MOST && results[j].found[i].title[0]; i++)
            printf("%s- `%s`: %sshown again in real time on a fresh VM, %u of %u times\n",
                   i || j ? "" : "\n", results[j].found[i].title,
                   results[j].found[i].shown ? "" : "NOT ", results[j].found[i].shown,
                   results[j].found[i].replays);
}

/* TRUE: all came to their end. */
static gboolean run_jobs(Result *results)
{
    gboolean ended = TRUE;
    int status;

    for (int i = 0; i < jobs; i++)
        if (fork() == 0) {
            run_job(i, &results[i]);
            exit(0);
        }
    while (wait(&status) > 0)
        ended &= status == 0;
    return ended;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 2;
    }
    Result *results = mmap(NULL, jobs * sizeof *results, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED || !run_jobs(results)) {
        fprintf(stderr, "not all VMs came to an end\n");
        return 1;
    }
    print_rates(results);
    print_times(results);
    print_windows(results);
    print_found(results);
    return 0;
}
