/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes to standard output; where that is a terminal, over what it wrote before. */
#include "tools/fuzz/screen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_EVERY (10 * G_USEC_PER_SEC)
#define MOST_JOBS  12u /* shown one by one: all must fit on a terminal of 24 lines */

void fuzz_screen_init(FuzzScreen *screen)
{
    *screen = (FuzzScreen){.terminal = isatty(STDOUT_FILENO),
                           .began_us = g_get_monotonic_time(),
                           .said_us = g_get_monotonic_time()};
}

static double seconds_of(const FuzzScreen *screen)
{
    return (double)(g_get_monotonic_time() - screen->began_us) / G_USEC_PER_SEC;
}

static char *duration(gint64 us)
{
    gint64 s = us / G_USEC_PER_SEC;
    return g_strdup_printf("%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

static char *since_new(const FuzzTotals *totals)
{
    if (totals->last_new_us == 0)
        return g_strdup("none yet");
    g_autofree char *text = duration(MAX(g_get_monotonic_time() - totals->last_new_us, 0));
    return g_strdup_printf("%s ago", text);
}

/* Of the target's code; NULL: there is no word of it. */
static char *code_seen(const FuzzShared *shared, const FuzzTotals *totals)
{
    const char *coverage = shared->jobs[0].coverage;

    return totals->code && coverage ? g_strdup_printf("%u places (%s)", totals->code, coverage)
                                    : g_strdup(coverage);
}

/* Of this run alone. */
static double rate(const FuzzScreen *screen, const FuzzShared *shared)
{
    return (double)shared->done / MAX(seconds_of(screen), 0.001);
}

/* Why a job has no cases just now, and how far that is; NULL: it has. */
static char *job_doing(const FuzzJobState *job)
{
    const char *words = job->doing; /* of another process, which may set it */
    FuzzProgress smaller = job->smaller;

    return words && smaller.all ? g_strdup_printf("%s: %u of %u places are left, after %u runs",
                                                  words, smaller.left, smaller.all, smaller.runs)
                                : g_strdup(words);
}

/* The same of them all. */
static char *doing(const FuzzScreen *screen, const FuzzCampaign *campaign, const FuzzShared *shared)
{
    for (guint i = 0; !screen->over && i < campaign->jobs; i++) {
        g_autofree char *words = job_doing(&shared->jobs[i]);
        if (words)
            return campaign->jobs == 1 ? g_steal_pointer(&words)
                                       : g_strdup_printf("job %u %s", i + 1, words);
    }
    return NULL;
}

static void say_line(const FuzzScreen *screen, const FuzzCampaign *campaign,
                     const FuzzShared *shared, const FuzzTotals *totals)
{
    g_autofree char *when = duration(g_get_monotonic_time() - screen->began_us);
    g_autofree char *last = since_new(totals), *now = doing(screen, campaign, shared);
    g_autofree char *code = totals->code ? g_strdup_printf(" %u places,", totals->code) : NULL;

    printf("%s: %" G_GUINT64_FORMAT
           " cases (%.1f/s), %u behaviours,%s %u kept, %u findings, last new %s%s%s\n",
           when, totals->cases, rate(screen, shared), totals->behaviours, code ? code : "",
           totals->kept, totals->findings, last, now ? "; " : "", now ? now : "");
}

/* ---- A terminal ---- */

static void add_row(GString *text, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add_row(GString *text, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_printf(text, "\033[K%-18s ", name);
    g_string_append_vprintf(text, format, args);
    g_string_append_c(text, '\n');
    va_end(args);
}

static void add_jobs(GString *text, const FuzzCampaign *campaign, const FuzzShared *shared)
{
    for (guint i = 0; campaign->jobs > 1 && i < MIN(campaign->jobs, MOST_JOBS); i++) {
        const FuzzJobState *state = &shared->jobs[i];
        const char *words = state->doing;
        g_autofree char *job = g_strdup_printf("  job %u", i + 1);
        add_row(text, job, "%" G_GUINT64_FORMAT " cases, %u kept%s%s", state->cases, state->kept,
                words ? "; " : "", words ? words : "");
    }
    if (campaign->jobs > MOST_JOBS)
        add_row(text, "", "and %u jobs more", campaign->jobs - MOST_JOBS);
}

static GString *draw(const FuzzScreen *screen, const FuzzCampaign *campaign,
                     const FuzzShared *shared, const FuzzTotals *totals)
{
    GString *text = g_string_new(NULL);
    g_autofree char *when = duration(g_get_monotonic_time() - screen->began_us);
    g_autofree char *last = since_new(totals);
    g_autofree char *code = code_seen(shared, totals), *now = doing(screen, campaign, shared);

    add_row(text, "camredir fuzz", "%s, seed %" G_GUINT64_FORMAT ", corpus %s", campaign->target,
            campaign->seed, campaign->dir);
    add_row(text, "running for", "%s", when);
    add_row(text, "cases", "%" G_GUINT64_FORMAT " (%.1f/s)", totals->cases, rate(screen, shared));
    add_row(text, "behaviours", "%u, in %u cases kept", totals->behaviours, totals->kept);
    if (code)
        add_row(text, "kernel's code", "%s", code);
    add_row(text, "last new", "%s", last);
    add_row(text, "findings", "%u", totals->findings);
    if (shared->stop && !screen->over)
        add_row(text, "ends", "when what was begun is through; Ctrl-C once more: at once");
    else if (now && campaign->jobs == 1)
        add_row(text, "now", "it %s", now);
    add_jobs(text, campaign, shared);
    return text;
}

static guint count_lines(const char *text)
{
    guint n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void redraw(FuzzScreen *screen, const FuzzCampaign *campaign, const FuzzShared *shared,
                   const FuzzTotals *totals)
{
    g_autoptr(GString) text = draw(screen, campaign, shared, totals);

    if (screen->lines)
        printf("\033[%uA", screen->lines);
    /* A line that is too long is cut, or all would move. There may have been more lines. */
    printf("\033[?7l%s\033[J\033[?7h", text->str);
    screen->lines = count_lines(text->str);
}

void fuzz_screen_show(FuzzScreen *screen, const FuzzCampaign *campaign, const FuzzShared *shared,
                      const FuzzTotals *totals)
{
    gint64 now_us = g_get_monotonic_time();

    if (screen->terminal) {
        redraw(screen, campaign, shared, totals);
    } else if (now_us - screen->said_us >= LINE_EVERY) {
        screen->said_us = now_us;
        say_line(screen, campaign, shared, totals);
    }
    fflush(stdout);
}

/* ---- The end ---- */

typedef struct {
    const char *words;
    guint64 n;
} Reached;

static void add_reached(GArray *all, const char *words, guint64 n)
{
    for (guint i = 0; i < all->len; i++)
        if (strcmp(g_array_index(all, Reached, i).words, words) == 0) {
            g_array_index(all, Reached, i).n += n;
            return;
        }
    const Reached reached = {words, n};
    g_array_append_val(all, reached);
}

/* How far the cases went, over all jobs; in the order in which it was met. */
static void say_reached(const FuzzCampaign *campaign, const FuzzShared *shared)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Reached));
    guint64 sum = 0;

    for (guint i = 0; i < campaign->jobs; i++)
        for (guint k = 0; k < FUZZ_MAX_REACHED && shared->jobs[i].reached[k].words; k++) {
            add_reached(all, shared->jobs[i].reached[k].words, shared->jobs[i].reached[k].n);
            sum += shared->jobs[i].reached[k].n;
        }
    for (guint i = 0; i < all->len; i++)
        printf("  %-16s %" G_GUINT64_FORMAT " (%.1f %%)\n", g_array_index(all, Reached, i).words,
               g_array_index(all, Reached, i).n,
               100.0 * (double)g_array_index(all, Reached, i).n / (double)sum);
}

static void say_times(const FuzzCampaign *campaign, const FuzzShared *shared)
{
    const FuzzJobState *first = &shared->jobs[0];
    gint64 sum = 0, each[FUZZ_MAX_TIMES] = {0};

    for (guint i = 0; i < campaign->jobs; i++)
        for (guint k = 0; k < MIN(first->n_times, shared->jobs[i].n_times); k++) {
            each[k] += shared->jobs[i].times[k].us;
            sum += shared->jobs[i].times[k].us;
        }
    for (guint k = 0; k < first->n_times; k++)
        printf("  %-12s %8.1f s (%.1f %%)\n", first->times[k].name,
               (double)each[k] / G_USEC_PER_SEC, 100.0 * (double)each[k] / (double)MAX(sum, 1));
}

void fuzz_screen_end(FuzzScreen *screen, const FuzzCampaign *campaign, const FuzzShared *shared,
                     const FuzzTotals *totals)
{
    screen->over = TRUE;
    if (screen->terminal)
        redraw(screen, campaign, shared, totals);
    else
        say_line(screen, campaign, shared, totals);
    g_autofree char *code = code_seen(shared, totals);
    if (code && !screen->terminal)
        printf("The kernel's code: %s\n", code);
    if (shared->done)
        printf("How far the cases went:\n");
    say_reached(campaign, shared);
    if (shared->jobs[0].n_times)
        printf("Where the time went:\n");
    say_times(campaign, shared);
    fflush(stdout);
}
