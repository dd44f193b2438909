/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a case of one that is known, runs it, keeps it where it did something new, and writes down
   what it broke. All that it knows is in the corpus, so it can be killed at any time. */
#include "tools/fuzz/job.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fuzz/corpus.h"
#include "tools/fuzz/cover.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/pictures.h"
#include "tools/fuzz/report.h"

#define ATTEMPTS      3  /* with a target that cannot say, each on a fresh one */
#define DRAWS         8  /* of seeds, for the one to go on from */
#define MOST_BEFORE   32 /* cases that are kept with a finding that needs some before it */
#define STATS_EVERY   (2 * G_USEC_PER_SEC)
#define FOREIGN_EVERY (5 * G_USEC_PER_SEC)

/* Cases that wait until there are enough of a kind to be shown together: where one takes pictures
   all do, and where one leaves while it is asked, the others would wait for the guest's time-outs.
 */
enum { LEAVES = 1, PICTURES = 2, PILES = 4 };

typedef struct {
    const FuzzCampaign *campaign;
    FuzzShared *shared;
    FuzzJobState *state;
    guint number;
    FuzzTarget *target;
    FuzzCorpus *corpus;
    FuzzMutator *mutator;
    FuzzOutcome outcome;     /* of the last case */
    gboolean stale;          /* the target must be made fresh */
    GPtrArray *before;       /* of FuzzCase: the last that it was shown since it was fresh */
    const GPtrArray *beside; /* the same: what the last was shown together with; NULL: by itself */
    GPtrArray *piles[PILES]; /* of Waiting */
    gint64 began_us, stats_us, foreign_us;
    gint64 earlier_s; /* of runs before this one */
} Job;

/* ---- State as files ---- */

static char *job_name(const Job *job)
{
    return g_strdup_printf("%s-%u", job->campaign->name, job->number + 1);
}

static void add_number(GString *text, const char *key, gint64 value)
{
    g_string_append_printf(text, "%s : %" G_GINT64_FORMAT "\n", key, value);
}

/* What became of time; 0: it has not been yet. */
static void add_times(const Job *job, GString *text)
{
    gint64 now_us = g_get_real_time(), since_us = now_us - g_get_monotonic_time();
    gint64 run_us = g_get_monotonic_time() - job->began_us;
    gint64 all_us = job->earlier_s * G_USEC_PER_SEC + run_us, new_us = job->state->last_new_us;

    add_number(text, "start_time", (now_us - run_us) / G_USEC_PER_SEC);
    add_number(text, "last_update", now_us / G_USEC_PER_SEC);
    add_number(text, "run_time", all_us / G_USEC_PER_SEC);
    add_number(text, "last_find", new_us ? (new_us + since_us) / G_USEC_PER_SEC : 0);
    add_number(text, "last_crash", fuzz_report_last(job->campaign->dir));
    g_string_append_printf(text, "execs_per_sec : %.2f\n",
                           (double)job->state->cases * G_USEC_PER_SEC / (double)MAX(all_us, 1));
}

/* AFL++'s afl-whatsup has a shell read it, line by line as variables, and wants each of its own. */
static gboolean write_stats(Job *job, GError **error)
{
    static const char *const others[] = {"last_hang",     "exec_timeout", "cycles_done", "cur_item",
                                         "pending_total", "pending_favs", "bitmap_cvg"};
    g_autoptr(GString) text = g_string_new(NULL);

    add_times(job, text);
    add_number(text, "fuzzer_pid", getpid());
    add_number(text, "execs_done", (gint64)job->state->cases);
    add_number(text, "corpus_count", fuzz_corpus_size(job->corpus));
    add_number(text, "edges_found", fuzz_corpus_n_features(job->corpus));
    add_number(text, "saved_crashes", fuzz_report_count(job->campaign->dir));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        add_number(text, others[i], 0);
    g_string_append_printf(text, "afl_banner : %s-%u\ntarget : %s\nseed : %" G_GUINT64_FORMAT "\n",
                           job->campaign->name, job->number + 1, job->campaign->target,
                           job->campaign->seed);
    fuzz_mutator_save(job->mutator, text);
    job->stats_us = g_get_monotonic_time();
    return fuzz_corpus_write_stats(job->corpus, text->str, error);
}

static gboolean read_stats(Job *job, GError **error)
{
    g_autofree char *stats = fuzz_corpus_read_stats(job->corpus);
    g_autofree char *cases = fuzz_stats_value(stats, "execs_done");
    g_autofree char *target = fuzz_stats_value(stats, "target");
    g_autofree char *run_time = fuzz_stats_value(stats, "run_time");

    if (target && strcmp(target, job->campaign->target) != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "%s: made with target '%s': take another --corpus or --name",
                    fuzz_corpus_folder(job->corpus), target);
        return FALSE;
    }
    job->state->cases = cases ? g_ascii_strtoull(cases, NULL, 10) : 0;
    job->earlier_s = run_time ? g_ascii_strtoll(run_time, NULL, 10) : 0;
    fuzz_mutator_load(job->mutator, stats);
    return TRUE;
}

/* ---- What is told to the one above ---- */

static void count_reached(FuzzJobState *state, const char *words)
{
    for (guint i = 0; words && i < FUZZ_MAX_REACHED; i++)
        if (state->reached[i].words == NULL || strcmp(state->reached[i].words, words) == 0) {
            state->reached[i].words = words;
            state->reached[i].n++;
            break;
        }
}

static void tell_times(Job *job)
{
    guint n = 0;
    const FuzzTime *times =
        job->target->ops->times ? job->target->ops->times(job->target, &n) : NULL;

    job->state->n_times = MIN(n, FUZZ_MAX_TIMES);
    if (job->state->n_times)
        memcpy(job->state->times, times, job->state->n_times * sizeof *times);
}

static void see(guint32 feature, gpointer user)
{
    FuzzShared *shared = user;
    FuzzSeen *seen = fuzz_cover_is_code(feature) ? &shared->code : &shared->behaviours;
    guint32 bit = feature % (8 * sizeof seen->bits);
    guint8 mask = (guint8)(1u << bit % 8);

    if (!(__atomic_fetch_or(&seen->bits[bit / 8], mask, __ATOMIC_RELAXED) & mask))
        __atomic_add_fetch(&seen->n, 1, __ATOMIC_RELAXED);
}

/* ---- A case ---- */

static gboolean is_over(const Job *job)
{
    guint enough = job->campaign->findings;
    return job->shared->stop || (enough && job->shared->found >= enough) ||
           (job->shared->end_us && g_get_monotonic_time() >= job->shared->end_us);
}

/* FALSE: enough have been begun. */
static gboolean take_ticket(Job *job)
{
    guint64 ticket = __atomic_fetch_add(&job->shared->tickets, 1, __ATOMIC_RELAXED);
    return job->campaign->cases == 0 || ticket < job->campaign->cases;
}

static gboolean make_fresh(Job *job, GError **error)
{
    g_ptr_array_set_size(job->before, 0);
    job->state->doing = "starts its target";
    gboolean done = job->target->ops->fresh(job->target, error);
    job->state->doing = NULL;
    if (!done && job->shared->stop) {
        g_clear_error(error);
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "asked to end");
    }
    return done;
}

/* Asked to end while its target came up: the case was not begun. */
static gboolean was_cut(const GError *error)
{
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void remember(Job *job, const FuzzCase *fuzz_case)
{
    if (job->before->len == MOST_BEFORE)
        g_ptr_array_remove_index(job->before, 0);
    g_ptr_array_add(job->before, fuzz_case_copy(fuzz_case));
}

static gboolean run_once(Job *job, const FuzzCase *fuzz_case, GError **error)
{
    if (job->stale && !make_fresh(job, error))
        return FALSE;
    job->stale = TRUE;
    fuzz_outcome_clear(&job->outcome);
    if (!job->target->ops->run(job->target, fuzz_case, &job->outcome, error))
        return FALSE;
    job->stale = job->outcome.verdict != FUZZ_FINE;
    if (!job->stale)
        remember(job, fuzz_case);
    return TRUE;
}

static void count_case(Job *job, const FuzzOutcome *outcome)
{
    job->state->cases++;
    __atomic_add_fetch(&job->shared->done, 1, __ATOMIC_RELAXED);
    count_reached(job->state, outcome->reached);
    job->state->coverage = job->target->coverage;
    tell_times(job);
    for (guint i = 0; i < outcome->features->len; i++)
        see(g_array_index(outcome->features, guint32, i), job->shared);
}

static gboolean run_case(Job *job, const FuzzCase *fuzz_case, GError **error)
{
    for (guint i = 1; !run_once(job, fuzz_case, error); i++) {
        if (i == ATTEMPTS || job->target->borrowed || was_cut(*error))
            return FALSE;
        g_clear_error(error);
    }
    count_case(job, &job->outcome);
    return TRUE;
}

/* ---- Findings ---- */

/* Those that are kept, and those that are still to be looked at. */
static GPtrArray *valid_cases(const Job *job, GPtrArray *ret_names)
{
    GPtrArray *cases = g_ptr_array_new(), *seeds = job->campaign->seeds;

    for (guint i = 0; i < fuzz_corpus_size(job->corpus); i++) {
        FuzzEntry *entry = fuzz_corpus_at(job->corpus, i);
        if (!entry->seed)
            continue;
        g_ptr_array_add(cases, entry->fuzz_case);
        g_ptr_array_add(ret_names, strstr(entry->name, ",orig:") + strlen(",orig:"));
    }
    for (guint i = 0; i < seeds->len; i++) {
        const FuzzSeed *seed = seeds->pdata[i];
        if (fuzz_corpus_has_seed(job->corpus, seed->name))
            continue;
        g_ptr_array_add(cases, seed->fuzz_case);
        g_ptr_array_add(ret_names, seed->name);
    }
    return cases;
}

/* FALSE: nothing came of it again, with or without a virtual clock, alone or behind others. */
static gboolean minimise(Job *job, FuzzFinding *finding, const FuzzCase *valid, FuzzDiff **diff,
                         gboolean **kept)
{
    g_autoptr(GError) error = NULL;
    FuzzMinimiser m = {.target = job->target,
                       .title = finding->title,
                       .verdict = finding->verdict,
                       .place = finding->place,
                       .stop = &job->shared->stop,
                       .most_runs = job->campaign->most_minimise_runs,
                       .beside = job->beside,
                       .progress = &job->state->smaller,
                       .stale = TRUE};
    gboolean *fewer = fuzz_make_small(&m, valid, diff, &error);
    g_autoptr(FuzzCase) fuzz_case = fuzz_diff_apply(*diff, fewer);

    m.place = NULL; /* as --replay looks at it */
    if (error == NULL)
        finding->shown = fuzz_replay_anew(&m, fuzz_case, &error);
    finding->replays = m.replays;
    if (error == NULL && finding->shown == 0 && job->before->len && !job->beside) {
        m.before = job->before;
        finding->shown = fuzz_replay_anew(&m, fuzz_case, &error);
        finding->before = finding->shown ? job->before : NULL;
        finding->replays = finding->shown ? m.replays : finding->replays;
    }
    job->state->smaller = (FuzzProgress){0};
    if (error && !job->shared->stop)
        g_warning("%s: not made smaller: %s", finding->title, error->message);
    g_free(*kept);
    *kept = fewer;
    finding->kept = fewer;
    finding->diff = *diff;
    job->stale = TRUE;
    return error || m.tries || m.broke || job->shared->stop;
}

/* First as it is, which is what stays if we are killed now. */
static gboolean write_finding(Job *job, const char *folder, const FuzzCase *fuzz_case,
                              gboolean *ret_shows, GError **error)
{
    g_autofree char *title = g_strdup(job->outcome.title), *place = g_strdup(job->outcome.place),
                    *console = g_strdup(job->outcome.console);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GPtrArray) valid = valid_cases(job, names);
    guint which = 0;
    g_autoptr(FuzzDiff) diff = fuzz_nearest(valid, fuzz_case, &which);
    gboolean *kept = g_new(gboolean, fuzz_diff_size(diff) + 1);
    FuzzFinding finding = {.title = title,
                           .place = place,
                           .console = console,
                           .verdict = job->outcome.verdict,
                           .target = job->target->name,
                           .options = job->campaign->options,
                           .valid = names->pdata[which],
                           .diff = diff,
                           .kept = kept,
                           .number = job->state->cases,
                           .beside = job->beside,
                           .seed = job->campaign->seed};

    for (guint i = 0; i < fuzz_diff_size(diff); i++)
        kept[i] = TRUE;
    gboolean written = fuzz_report_write(folder, &finding, error);
    if (written) {
        job->state->doing = "makes a finding smaller";
        *ret_shows = minimise(job, &finding, valid->pdata[which], &diff, &kept);
        job->state->doing = NULL;
        written = fuzz_report_write(folder, &finding, error);
    }
    g_free(kept);
    return written;
}

static gboolean is_ignored(Job *job, const char *title)
{
    const char *const *patterns = job->campaign->ignored;

    for (guint i = 0; patterns && patterns[i]; i++)
        if (g_pattern_match_simple(patterns[i], title)) {
            job->state->ignored[i]++;
            return TRUE;
        }
    return FALSE;
}

static void name_finding(FuzzOutcome *outcome)
{
    if (outcome->title == NULL)
        outcome->title = g_strdup("no title");
    g_strdelimit(outcome->title, "\n\r", ' ');
}

/* That a guest got nowhere may be this machine's doing, where much else runs. */
static gboolean withdraw(Job *job, const char *folder)
{
    g_autofree char *to = fuzz_report_withdraw(job->campaign->dir, folder);

    if (to)
        g_message("case %" G_GUINT64_FORMAT ": %s, but not again, in none of many tries: %s",
                  job->state->cases, job->outcome.title, to);
    return to != NULL;
}

static void count_finding(Job *job)
{
    __atomic_add_fetch(&job->shared->found, 1, __ATOMIC_RELAXED);
}

static gboolean see_finding(Job *job, const FuzzCase *fuzz_case, GError **error)
{
    g_autofree char *folder = NULL;
    gboolean shows = TRUE;

    name_finding(&job->outcome);
    if (is_ignored(job, job->outcome.title) ||
        !fuzz_report_claim(job->campaign->dir, job->outcome.title, job->outcome.place, &folder))
        return TRUE;
    if (job->outcome.verdict != FUZZ_HANG)
        count_finding(job);
    if (!write_finding(job, folder, fuzz_case, &shows, error))
        return FALSE;
    if (job->outcome.verdict == FUZZ_HANG && (shows || !withdraw(job, folder)))
        count_finding(job);
    return TRUE;
}

/* ---- What comes of a case ---- */

/* Where it broke something it is not one to go on from: those made of it break the same. */
static gboolean keep(Job *job, const FuzzCase *fuzz_case, const char *origin, gboolean always,
                     const FuzzOutcome *outcome, gboolean *ret_new, GError **error)
{
    *ret_new = fuzz_corpus_count_new(job->corpus, outcome->features) > 0;
    if (!always && (!*ret_new || outcome->verdict != FUZZ_FINE))
        return TRUE;
    if (!fuzz_corpus_add(job->corpus, fuzz_case, origin, outcome->features, error))
        return FALSE;
    job->state->kept = fuzz_corpus_size(job->corpus);
    if (*ret_new)
        job->state->last_new_us = g_get_monotonic_time();
    return TRUE;
}

static gboolean look(Job *job, const FuzzCase *fuzz_case, const char *origin, gboolean always,
                     gboolean *ret_new, GError **error)
{
    return run_case(job, fuzz_case, error) &&
           keep(job, fuzz_case, origin, always, &job->outcome, ret_new, error) &&
           (job->outcome.verdict == FUZZ_FINE || see_finding(job, fuzz_case, error));
}

/* What is new without pictures may well be so with them. */
static gboolean look_at_pictures(Job *job, FuzzCase *made, const char *origin, gboolean *ret_new,
                                 GError **error)
{
    if (!*ret_new || job->outcome.verdict != FUZZ_FINE || is_over(job) || !take_ticket(job))
        return TRUE;
    gboolean is_new;
    fuzz_pictures_add(made);
    gboolean done = look(job, made, origin, FALSE, &is_new, error);
    *ret_new |= done && is_new;
    return done;
}

/* A case that is to be shown. */
typedef struct {
    FuzzCase *fuzz_case;
    char *origin;
    gboolean always;  /* it is kept, whatever it does */
    gboolean learns;  /* the mutator, from what comes of the trail */
    gboolean put_off; /* its pictures */
    FuzzTrail trail;
} Waiting;

static Waiting *waiting_new(const FuzzCase *fuzz_case, const char *origin)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->fuzz_case = fuzz_case_copy(fuzz_case);
    waiting->origin = g_strdup(origin);
    return waiting;
}

static void waiting_free(Waiting *waiting)
{
    fuzz_case_free(waiting->fuzz_case);
    g_free(waiting->origin);
    g_free(waiting);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waiting, waiting_free)

static guint64 count_waiting(const Job *job)
{
    guint64 n = 0;

    for (guint i = 0; i < PILES; i++)
        n += job->piles[i]->len;
    return n;
}

/* Of the seeds, of which few may have a kind of descriptor, rather one with which there is
   something left to try. */
static FuzzEntry *pick_entry(Job *job, FuzzRandom *random)
{
    FuzzEntry *best = fuzz_corpus_pick(job->corpus, random);
    guint least = best->seed ? fuzz_mutator_least(job->mutator, best->fuzz_case) : 0;

    for (guint i = 1; best->seed && i < DRAWS; i++) {
        FuzzEntry *entry = fuzz_corpus_pick_seed(job->corpus, random);
        guint its = fuzz_mutator_least(job->mutator, entry->fuzz_case);
        if (its < least) {
            least = its;
            best = entry;
        }
    }
    return best;
}

static Waiting *make_mutant(Job *job)
{
    FuzzRandom random =
        fuzz_random_of(job->campaign->seed, job->number, job->state->cases + count_waiting(job));
    Waiting *mutant = g_new0(Waiting, 1);
    FuzzEntry *from = pick_entry(job, &random);
    const FuzzEntry *other =
        fuzz_corpus_at(job->corpus, fuzz_random_below(&random, fuzz_corpus_size(job->corpus)));

    mutant->fuzz_case =
        fuzz_mutate(job->mutator, &random, from->fuzz_case, other->fuzz_case, &mutant->trail);
    g_autofree char *ops = fuzz_trail_text(job->mutator, &mutant->trail);
    mutant->origin = g_strdup_printf("src:%06u,op:%s", from->id, ops);
    mutant->put_off = !fuzz_trail_sweeps(job->mutator, &mutant->trail) &&
                      fuzz_pictures_put_off(mutant->fuzz_case, &random);
    mutant->learns = TRUE;
    return mutant;
}

static gboolean look_at_mutant(Job *job, GError **error)
{
    g_autoptr(Waiting) mutant = make_mutant(job);
    FuzzCase *made = mutant->fuzz_case;
    gboolean is_new = FALSE;

    if (!look(job, made, mutant->origin, FALSE, &is_new, error) ||
        (mutant->put_off && !look_at_pictures(job, made, mutant->origin, &is_new, error)))
        return FALSE;
    fuzz_mutator_learn(job->mutator, &mutant->trail, is_new);
    return TRUE;
}

/* ---- Several at once ---- */

/* Cases that are shown together, and what came of it. */
typedef struct {
    GPtrArray *waiting, *cases; /* of Waiting; theirs */
    FuzzOutcome each[FUZZ_MOST_TOGETHER], whole;
} Batch;

static void batch_clear(Batch *batch)
{
    for (guint i = 0; i < FUZZ_MOST_TOGETHER; i++)
        fuzz_outcome_free(&batch->each[i]);
    fuzz_outcome_free(&batch->whole);
    g_ptr_array_unref(batch->waiting);
    g_ptr_array_unref(batch->cases);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static GPtrArray *pile_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)waiting_free);
}

/* The pile is empty then, and may fill while the batch is looked at. */
static void take_pile(Job *job, guint pile, Batch *batch)
{
    batch->waiting = job->piles[pile];
    batch->cases = g_ptr_array_new();
    job->piles[pile] = pile_new();
    for (guint i = 0; i < batch->waiting->len; i++)
        g_ptr_array_add(batch->cases, ((Waiting *)batch->waiting->pdata[i])->fuzz_case);
}

static gboolean run_batch_once(Job *job, Batch *batch, GError **error)
{
    if (job->stale && !make_fresh(job, error))
        return FALSE;
    job->stale = TRUE;
    for (guint i = 0; i < batch->cases->len; i++)
        fuzz_outcome_clear(&batch->each[i]);
    fuzz_outcome_clear(&batch->whole);
    if (!job->target->ops->run_together(job->target, batch->cases, batch->each, &batch->whole,
                                        error))
        return FALSE;
    job->stale = batch->whole.verdict != FUZZ_FINE;
    return TRUE;
}

static gboolean run_batch(Job *job, Batch *batch, GError **error)
{
    for (guint i = 1; !run_batch_once(job, batch, error); i++) {
        if (i == ATTEMPTS || was_cut(*error))
            return FALSE;
        g_clear_error(error);
    }
    return TRUE;
}

static gboolean put(Job *job, Waiting *waiting, GError **error);

/* What was new without pictures waits for others that take some. */
static gboolean learn(Job *job, const Waiting *waiting, FuzzVerdict verdict, gboolean is_new,
                      GError **error)
{
    if (waiting->learns)
        fuzz_mutator_learn(job->mutator, &waiting->trail, is_new);
    if (!waiting->put_off || !is_new || verdict != FUZZ_FINE || is_over(job) || !take_ticket(job))
        return TRUE;
    Waiting *again = waiting_new(waiting->fuzz_case, waiting->origin);
    fuzz_pictures_add(again->fuzz_case);
    return put(job, again, error);
}

static gboolean keep_batch(Job *job, Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->cases->len; i++) {
        const Waiting *waiting = batch->waiting->pdata[i];
        const FuzzOutcome *outcome = &batch->each[i];
        gboolean is_new;
        count_case(job, outcome);
        if (!keep(job, waiting->fuzz_case, waiting->origin, waiting->always, outcome, &is_new,
                  error) ||
            !learn(job, waiting, FUZZ_FINE, is_new, error))
            return FALSE;
    }
    return TRUE;
}

/* Each by itself, as if they had never met: what one did may have hidden what another did. */
static gboolean look_at_each(Job *job, Batch *batch, gboolean *ret_same, GError **error)
{
    *ret_same = FALSE;
    for (guint i = 0; i < batch->cases->len && !job->shared->stop; i++) {
        const Waiting *waiting = batch->waiting->pdata[i];
        gboolean is_new = FALSE;
        if (!look(job, waiting->fuzz_case, waiting->origin, waiting->always, &is_new, error)) {
            if (!was_cut(*error))
                return FALSE;
            g_clear_error(error);
            break;
        }
        *ret_same |= fuzz_is_same(&job->outcome, &batch->whole);
        if (!learn(job, waiting, job->outcome.verdict, is_new, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_known(Job *job, const FuzzOutcome *outcome)
{
    return is_ignored(job, outcome->title) ||
           fuzz_report_exists(job->campaign->dir, outcome->title, outcome->place);
}

/* What none did by itself. */
static gboolean see_company(Job *job, Batch *batch, GError **error)
{
    FuzzMinimiser m = {.target = job->target, .stop = &job->shared->stop};
    g_autoptr(GError) inner = NULL;

    job->state->doing = "looks which of several cameras a finding takes";
    g_autoptr(GPtrArray) company = fuzz_company(&m, batch->cases, &batch->whole, &inner);
    job->state->doing = NULL;
    if (inner && !job->shared->stop)
        g_warning("%s: not found out by which cases: %s", batch->whole.title, inner->message);
    const FuzzCase *last = g_ptr_array_steal_index(company, company->len - 1);
    fuzz_outcome_free(&job->outcome);
    job->outcome = batch->whole;
    batch->whole = (FuzzOutcome){0};
    job->stale = TRUE;
    job->beside = company;
    gboolean seen = see_finding(job, last, error);
    job->beside = NULL;
    return seen;
}

static gboolean look_at_pile(Job *job, guint pile, GError **error)
{
    g_auto(Batch) batch = {0};
    gboolean same;

    take_pile(job, pile, &batch);
    if (batch.cases->len == 0)
        return TRUE;
    if (!run_batch(job, &batch, error))
        return FALSE;
    if (batch.whole.verdict == FUZZ_FINE)
        return keep_batch(job, &batch, error);
    name_finding(&batch.whole);
    return look_at_each(job, &batch, &same, error) &&
           (same || batch.cases->len == 1 || is_known(job, &batch.whole) ||
            see_company(job, &batch, error));
}

/* Those with pictures last: to them the others may add. */
static gboolean look_at_piles(Job *job, GError **error)
{
    for (guint i = 0; i < PILES && !is_over(job); i++)
        if (!look_at_pile(job, i, error))
            return FALSE;
    return TRUE;
}

static gboolean leaves(const GArray *faults)
{
    return fuzz_has_fault(faults, FUZZ_FAULT_UNPLUG) ||
           fuzz_has_fault(faults, FUZZ_FAULT_PAYLOAD_UNPLUG);
}

/* Takes it, and looks at all of its kind when there are enough. */
static gboolean put(Job *job, Waiting *waiting, GError **error)
{
    const GArray *faults = waiting->fuzz_case->faults;
    guint pile =
        (fuzz_has_fault(faults, FUZZ_FAULT_STREAM) ? PICTURES : 0) | (leaves(faults) ? LEAVES : 0);

    g_ptr_array_add(job->piles[pile], waiting);
    return job->piles[pile]->len < job->target->together || look_at_pile(job, pile, error);
}

/* ---- One after the other, or several at once ---- */

static gboolean takes_several(const Job *job)
{
    return job->target->together > 1;
}

static gboolean look_at_seed(Job *job, const FuzzSeed *seed, GError **error)
{
    g_autofree char *origin = fuzz_seed_origin(seed->name);
    gboolean is_new;

    if (!takes_several(job))
        return look(job, seed->fuzz_case, origin, TRUE, &is_new, error);
    Waiting *waiting = waiting_new(seed->fuzz_case, origin);
    waiting->always = TRUE;
    return put(job, waiting, error);
}

static gboolean look_at_seeds(Job *job, GError **error)
{
    GPtrArray *seeds = job->campaign->seeds;

    for (guint i = 0; i < seeds->len && !is_over(job); i++) {
        const FuzzSeed *seed = seeds->pdata[i];
        if (!fuzz_corpus_has_seed(job->corpus, seed->name) && take_ticket(job) &&
            !look_at_seed(job, seed, error))
            return FALSE;
    }
    return look_at_piles(job, error);
}

static gboolean look_at_next(Job *job, GError **error)
{
    g_autofree char *origin = NULL;
    gboolean is_new;

    if (g_get_monotonic_time() - job->foreign_us > FOREIGN_EVERY) {
        fuzz_corpus_scan(job->corpus);
        job->foreign_us = g_get_monotonic_time();
    }
    g_autoptr(FuzzCase) foreign = fuzz_corpus_next_foreign(job->corpus, &origin);
    if (takes_several(job))
        return put(job, foreign ? waiting_new(foreign, origin) : make_mutant(job), error);
    return foreign ? look(job, foreign, origin, FALSE, &is_new, error) : look_at_mutant(job, error);
}

static gboolean look_on(Job *job, GError **error)
{
    while (!is_over(job) && fuzz_corpus_size(job->corpus) && take_ticket(job)) {
        if (!look_at_next(job, error))
            return FALSE;
        if (g_get_monotonic_time() - job->stats_us > STATS_EVERY && !write_stats(job, error))
            return FALSE;
    }
    return look_at_piles(job, error) && write_stats(job, error);
}

static gboolean open_all(Job *job, GError **error)
{
    g_autofree char *name = job_name(job);

    job->before = g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free);
    for (guint i = 0; i < PILES; i++)
        job->piles[i] = pile_new();
    job->mutator = fuzz_mutator_new(job->campaign->plain);
    job->corpus = fuzz_corpus_open(job->campaign->dir, name, error);
    if (job->corpus == NULL || !read_stats(job, error))
        return FALSE;
    fuzz_corpus_each_feature(job->corpus, see, job->shared);
    job->state->kept = fuzz_corpus_size(job->corpus);
    job->target = job->campaign->new_target(job->campaign->user, error);
    if (job->target)
        job->target->stop = &job->shared->stop;
    job->stale = TRUE;
    job->state->open = job->target != NULL;
    return job->state->open;
}

/* What somebody else runs stays broken by a finding until they start it again. */
static gboolean is_broken(const Job *job)
{
    return job->target && job->target->borrowed && job->shared->found;
}

/* Not all was done; is that as it should be? */
static gboolean is_end(Job *job, const GError *error)
{
    if (was_cut(error))
        return TRUE;
    if (!is_broken(job))
        return FALSE;
    g_message("%s; that is the end of this campaign, which goes on from here when its VM does",
              error->message);
    job->shared->stop = 1;
    return TRUE;
}

int fuzz_job_run(const FuzzCampaign *campaign, FuzzShared *shared, guint number)
{
    g_autoptr(GError) error = NULL;
    Job job = {.campaign = campaign,
               .shared = shared,
               .state = &shared->jobs[number],
               .number = number,
               .began_us = g_get_monotonic_time()};
    gboolean done = open_all(&job, &error) && look_at_seeds(&job, &error) && look_on(&job, &error);

    if (!done && is_end(&job, error)) {
        g_clear_error(&error);
        done = write_stats(&job, &error);
    }
    if (!done)
        g_strlcpy(job.state->error, error->message, sizeof job.state->error);
    if (job.target)
        job.target->ops->free(job.target);
    fuzz_outcome_free(&job.outcome);
    for (guint i = 0; i < PILES; i++)
        g_ptr_array_unref(job.piles[i]);
    g_ptr_array_unref(job.before);
    fuzz_corpus_free(job.corpus);
    fuzz_mutator_free(job.mutator);
    return done ? 0 : 1;
}
