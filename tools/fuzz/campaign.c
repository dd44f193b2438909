/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process above the jobs: starts them, shows what they do, and ends them. */
#include "tools/fuzz/campaign.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fuzz/job.h"
#include "tools/fuzz/page.h"
#include "tools/fuzz/report.h"
#include "tools/fuzz/screen.h"

#define TICK_US   (G_USEC_PER_SEC / 4)
#define PATIENCE  (120 * G_USEC_PER_SEC) /* of who is asked to end: a case may wait for a guest */
#define ORPHAN_S  20                     /* the same, of a job whose parent was killed */
#define MAX_CURVE 2000                   /* points of one run */
#define PAGE_US   (60 * G_USEC_PER_SEC)  /* so often it is written anew */

typedef struct {
    const FuzzCampaign *campaign;
    FuzzShared *shared;
    pid_t jobs[FUZZ_MAX_JOBS]; /* 0: ended */
    gboolean cut_short;        /* a job was not waited for */
    guint n_running;
    gboolean failed;
    gint64 stopped_us; /* 0: not asked to */
    FuzzScreen screen;
    FuzzTotals totals;
    GArray *samples;
    char *samples_path;
    double earlier_s; /* of runs before this one */
    gint64 sampled_us, page_us;
} Campaign;

/* ---- Signals ---- */

static FuzzShared *signalled;
static pid_t above; /* the one above */
static volatile sig_atomic_t n_signals;
static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number)
{
    (void)number;
    n_signals++;
    signalled->stop = 1;
    if (getpid() != above && getppid() != above) /* nobody else would end what takes too long */
        alarm(ORPHAN_S);
}

static void take_signals(FuzzShared *shared, struct sigaction before[G_N_ELEMENTS(ending)])
{
    const struct sigaction action = {.sa_handler = on_signal};

    signalled = shared;
    above = getpid();
    n_signals = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(ending); i++)
        sigaction(ending[i], &action, &before[i]);
}

static void give_signals_back(const struct sigaction before[G_N_ELEMENTS(ending)])
{
    for (gsize i = 0; i < G_N_ELEMENTS(ending); i++)
        sigaction(ending[i], &before[i], NULL);
}

/* ---- Jobs ---- */

/* A group of its own: what a terminal sends is for the one above, who asks all to end. */
static gboolean start_job(Campaign *c, guint number, GError **error)
{
    fflush(NULL);
    c->jobs[number] = fork();
    if (c->jobs[number] == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != above)
            _exit(0);
        int status = fuzz_job_run(c->campaign, c->shared, number);
        fflush(NULL);
        _exit(status);
    }
    if (c->jobs[number] > 0) {
        c->n_running++;
        return TRUE;
    }
    c->jobs[number] = 0;
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "fork: %s",
                g_strerror(errno));
    return FALSE;
}

static void job_ended(Campaign *c, guint number, int status, GError **error)
{
    FuzzJobState *state = &c->shared->jobs[number];

    c->jobs[number] = 0;
    c->n_running--;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    c->shared->stop = 1;
    if (c->cut_short && WIFSIGNALED(status))
        return;
    if (!c->failed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "job %u was killed; by the kernel, for want of memory?", number + 1);
    else if (!c->failed && WIFSIGNALED(status))
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "camredir bug: job %u: %s", number + 1,
                    g_strsignal(WTERMSIG(status)));
    else if (!c->failed)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, state->error);
    c->failed = TRUE;
}

static void look_after_jobs(Campaign *c, GError **error)
{
    for (guint i = 0; i < c->campaign->jobs; i++) {
        int status;
        if (c->jobs[i] && waitpid(c->jobs[i], &status, WNOHANG) == c->jobs[i])
            job_ended(c, i, status, error);
    }
    if (c->shared->stop && c->stopped_us == 0)
        c->stopped_us = g_get_monotonic_time();
    gboolean enough = c->stopped_us && g_get_monotonic_time() - c->stopped_us > PATIENCE;
    for (guint i = 0; (enough || n_signals > 1) && i < c->campaign->jobs; i++)
        if (c->jobs[i])
            c->cut_short |= kill(c->jobs[i], SIGKILL) == 0;
}

/* ---- What it comes to ---- */

static void sum_up(Campaign *c)
{
    FuzzTotals totals = {.behaviours = c->shared->behaviours.n,
                         .code = c->shared->code.n,
                         .findings = fuzz_report_count(c->campaign->dir)};

    for (guint i = 0; i < c->campaign->jobs; i++) {
        const FuzzJobState *state = &c->shared->jobs[i];
        totals.cases += state->cases;
        totals.kept += state->kept;
        totals.last_new_us = MAX(totals.last_new_us, state->last_new_us);
        for (guint k = 0; k < FUZZ_MAX_IGNORED; k++)
            totals.ignored[k] += state->ignored[k];
    }
    c->totals = totals;
}

static void sample(Campaign *c)
{
    gint64 now_us = g_get_monotonic_time();
    const FuzzTotals *t = &c->totals;
    const FuzzSample sample = {c->earlier_s +
                                   (double)(now_us - c->screen.began_us) / G_USEC_PER_SEC,
                               (double)t->cases,
                               t->behaviours,
                               t->kept,
                               t->findings,
                               t->code};
    g_autoptr(GError) error = NULL;

    c->sampled_us = now_us;
    g_array_append_val(c->samples, sample);
    if (!fuzz_samples_append(&sample, c->samples_path, &error))
        g_warning("%s", error->message);
}

/* Before that the numbers are not those that the curves go on from. */
static gboolean are_open(const Campaign *c)
{
    gboolean open = TRUE;

    for (guint i = 0; i < c->campaign->jobs; i++)
        open &= c->shared->jobs[i].open;
    return open;
}

/* At once, then the longer it runs, the less often. */
static gboolean is_sample_due(const Campaign *c)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 every_us = MAX(G_USEC_PER_SEC, (now_us - c->screen.began_us) / MAX_CURVE);
    return now_us - c->sampled_us >= every_us;
}

static void load_samples(Campaign *c)
{
    g_autofree char *name = g_strconcat(c->campaign->name, FUZZ_SAMPLES, NULL);

    c->samples = g_array_new(FALSE, FALSE, sizeof(FuzzSample));
    c->samples_path = g_build_filename(c->campaign->dir, name, NULL);
    fuzz_samples_load(c->samples, c->samples_path);
    if (c->samples->len)
        c->earlier_s = g_array_index(c->samples, FuzzSample, c->samples->len - 1).seconds;
}

/* At the end, and now and then before: who looks at it meanwhile sees what there is. */
static gboolean write_page(Campaign *c, GError **error)
{
    c->page_us = g_get_monotonic_time();
    return fuzz_page_write(c->campaign->dir, error);
}

static gboolean write_down(Campaign *c, GError **error)
{
    if (!are_open(c))
        return TRUE;
    sample(c);
    return write_page(c, error);
}

static void watch(Campaign *c, GError **error)
{
    while (c->n_running) {
        g_usleep(c->sampled_us ? TICK_US : TICK_US / 10);
        look_after_jobs(c, error);
        sum_up(c);
        fuzz_screen_show(&c->screen, c->campaign, c->shared, &c->totals);
        if (are_open(c) && is_sample_due(c))
            sample(c);
        if (c->sampled_us && g_get_monotonic_time() - c->page_us > PAGE_US)
            write_page(c, NULL);
    }
}

/* ---- The whole ---- */

static FuzzShared *map_shared(const FuzzCampaign *campaign)
{
    FuzzShared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        g_error("out of memory");
    if (campaign->seconds)
        shared->end_us = g_get_monotonic_time() + (gint64)campaign->seconds * G_USEC_PER_SEC;
    return shared;
}

gboolean fuzz_campaign_run(const FuzzCampaign *campaign, FuzzTotals *ret_totals, GError **error)
{
    Campaign c = {.campaign = campaign, .shared = map_shared(campaign)};
    struct sigaction before[G_N_ELEMENTS(ending)];
    GError *inner = NULL;

    take_signals(c.shared, before);
    g_mkdir_with_parents(campaign->dir, 0755); /* where it cannot be, the jobs say so */
    load_samples(&c);
    fuzz_screen_init(&c.screen);
    for (guint i = 0; i < campaign->jobs && !inner; i++)
        c.failed = !start_job(&c, i, &inner);
    if (c.failed)
        c.shared->stop = 1;
    watch(&c, inner ? NULL : &inner);
    sum_up(&c);
    if (!c.failed || c.shared->done)
        fuzz_screen_end(&c.screen, campaign, c.shared, &c.totals);
    c.failed |= !write_down(&c, inner ? NULL : &inner);
    give_signals_back(before);
    *ret_totals = c.totals;
    g_array_unref(c.samples);
    g_free(c.samples_path);
    munmap(c.shared, sizeof *c.shared);
    if (inner)
        g_propagate_error(error, inner);
    return !c.failed;
}
