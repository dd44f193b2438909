/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes changes back, many at once at first and one by one in the end, as long as the flaw stays.
 */
#include "tools/fuzz/minimise.h"

#include <string.h>

#include "tools/fuzz/transplant.h"

#define ATTEMPTS    2 /* of a target that cannot say */
#define FIRST_TRIES 4 /* until a whole case shows it once more */
#define SAMPLES     3 /* of those, by which a race is told */
#define MOST_TRIES  8

/* ---- Asking ---- */

/* What they show themselves is not the question. */
static gboolean show_before(FuzzMinimiser *m, FuzzOutcome *outcome, GError **error)
{
    for (guint i = 0; m->before && i < m->before->len; i++) {
        fuzz_outcome_clear(outcome);
        if (!m->target->ops->run(m->target, m->before->pdata[i], outcome, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean run_beside(FuzzMinimiser *m, const FuzzCase *fuzz_case, FuzzOutcome *outcome,
                           GError **error)
{
    const guint n = m->beside->len + 1;
    FuzzOutcome each[FUZZ_MOST_TOGETHER] = {0};
    g_autoptr(GPtrArray) cases = g_ptr_array_sized_new(n);

    if (n > MIN(m->target->together, FUZZ_MOST_TOGETHER)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "it takes %u cameras at once: --devices %u", n, n);
        return FALSE;
    }
    for (guint i = 0; i < n; i++) {
        g_ptr_array_add(cases, i + 1 < n ? m->beside->pdata[i] : (gpointer)fuzz_case);
        fuzz_outcome_clear(&each[i]);
    }
    gboolean done = m->target->ops->run_together(m->target, cases, each, outcome, error);
    for (guint i = 0; i < n; i++)
        fuzz_outcome_free(&each[i]);
    return done;
}

static gboolean show(FuzzMinimiser *m, const FuzzCase *fuzz_case, FuzzOutcome *outcome,
                     GError **error)
{
    if (m->beside && m->beside->len)
        return run_beside(m, fuzz_case, outcome, error);
    return m->target->ops->run(m->target, fuzz_case, outcome, error);
}

static gboolean run_once(FuzzMinimiser *m, const FuzzCase *fuzz_case, FuzzOutcome *outcome,
                         GError **error)
{
    if (m->stale && !m->target->ops->fresh(m->target, error))
        return FALSE;
    m->stale = TRUE;
    m->runs++;
    if (m->progress)
        m->progress->runs = m->runs;
    if (!show_before(m, outcome, error))
        return FALSE;
    fuzz_outcome_clear(outcome);
    if (!show(m, fuzz_case, outcome, error))
        return FALSE;
    m->stale = m->before || outcome->verdict != FUZZ_FINE;
    return TRUE;
}

gboolean fuzz_run_fresh(FuzzMinimiser *m, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                        GError **error)
{
    m->stale = TRUE;
    return run_once(m, fuzz_case, ret_outcome, error);
}

static gboolean is_enough(const FuzzMinimiser *m)
{
    return m->stop && *m->stop;
}

static gboolean shows_once(FuzzMinimiser *m, const FuzzCase *fuzz_case, GError **error)
{
    g_auto(FuzzOutcome) outcome = {0};

    for (guint i = 1; !run_once(m, fuzz_case, &outcome, error); i++) {
        if (i == ATTEMPTS || m->target->borrowed)
            return FALSE;
        g_clear_error(error);
    }
    m->broke |= outcome.verdict != FUZZ_FINE;
    if (m->verdict == FUZZ_HANG && outcome.verdict == FUZZ_HANG)
        return TRUE;
    if (g_strcmp0(outcome.title, m->title) == 0 &&
        (!m->place || g_strcmp0(outcome.place, m->place) == 0))
        return TRUE;
    g_strlcpy(m->instead, outcome.title ? outcome.title : "", sizeof m->instead);
    return FALSE;
}

/* Asked to end, or run as often as it may. */
static gboolean may_not_go_on(const FuzzMinimiser *m)
{
    return is_enough(m) || (m->most_runs && m->runs >= m->most_runs);
}

gboolean fuzz_shows(FuzzMinimiser *m, const FuzzCase *fuzz_case, GError **error)
{
    GError *inner = NULL;
    gboolean shown = FALSE;

    for (guint i = 0; i < MAX(m->tries, 1) && !shown && !inner && !(i && is_enough(m)); i++)
        shown = shows_once(m, fuzz_case, &inner);
    if (inner)
        g_propagate_error(error, inner);
    return shown;
}

/* n runs, or fewer where sought of them have shown it; *ret_runs: how many. */
static guint count_shown(FuzzMinimiser *m, const FuzzCase *fuzz_case, guint n, guint sought,
                         guint *ret_runs, GError **error)
{
    GError *inner = NULL;
    guint shown = 0;

    for (*ret_runs = 0; *ret_runs < n && shown < sought && !is_enough(m); ++*ret_runs) {
        m->stale = TRUE;
        shown += shows_once(m, fuzz_case, &inner);
        if (inner)
            break;
    }
    if (inner)
        g_propagate_error(error, inner);
    return shown;
}

guint fuzz_replay(FuzzMinimiser *m, const FuzzCase *fuzz_case, guint n, GError **error)
{
    m->target->plain = TRUE;
    guint shown = count_shown(m, fuzz_case, n, n, &m->replays, error);
    m->target->plain = FALSE;
    return shown;
}

guint fuzz_replay_anew(FuzzMinimiser *m, const FuzzCase *fuzz_case, GError **error)
{
    GError *inner = NULL;
    guint shown = fuzz_replay(m, fuzz_case, FUZZ_REPLAYS, &inner), runs = m->replays;

    if (!inner && shown < runs && runs == FUZZ_REPLAYS) {
        shown += fuzz_replay(m, fuzz_case, FUZZ_RACE_REPLAYS - runs, &inner);
        m->replays += runs;
    }
    if (inner)
        g_propagate_error(error, inner);
    return shown;
}

/* ---- Which of several ---- */

gboolean fuzz_is_same(const FuzzOutcome *a, const FuzzOutcome *b)
{
    return a->verdict == b->verdict &&
           (a->verdict == FUZZ_HANG || g_strcmp0(a->title, b->title) == 0);
}

/* cases but the i-th. */
static gboolean shows_without(FuzzMinimiser *m, const GPtrArray *cases, guint i,
                              const FuzzOutcome *outcome, GError **error)
{
    g_autoptr(GPtrArray) beside = g_ptr_array_new();
    g_auto(FuzzOutcome) now = {0};

    for (guint k = 0; k < cases->len; k++)
        if (k != i)
            g_ptr_array_add(beside, cases->pdata[k]);
    const FuzzCase *last = g_ptr_array_steal_index(beside, beside->len - 1);
    m->beside = beside;
    gboolean shows = fuzz_run_fresh(m, last, &now, error) && fuzz_is_same(&now, outcome);
    m->beside = NULL;
    return shows;
}

/* Each is left out in turn, and stays out where it is not missed. */
GPtrArray *fuzz_company(FuzzMinimiser *m, const GPtrArray *cases, const FuzzOutcome *outcome,
                        GError **error)
{
    GPtrArray *needed = g_ptr_array_new();
    GError *inner = NULL;
    guint i = 0;

    for (guint k = 0; k < cases->len; k++)
        g_ptr_array_add(needed, cases->pdata[k]);
    gboolean shows = !is_enough(m) && shows_without(m, cases, G_MAXUINT, outcome, &inner);
    while (shows && needed->len > 2 && i < needed->len && !is_enough(m) && !inner)
        if (shows_without(m, needed, i, outcome, &inner))
            g_ptr_array_remove_index(needed, i);
        else
            i++;
    if (inner)
        g_propagate_error(error, inner);
    return needed;
}

/* ---- Taking back ---- */

typedef struct {
    FuzzMinimiser *m;
    const FuzzDiff *diff;
    gboolean *kept;
    GError *error;
} Reduction;

static gboolean is_over(const Reduction *r)
{
    return r->error || may_not_go_on(r->m);
}

static void tell(const Reduction *r)
{
    if (r->m->progress)
        *r->m->progress = (FuzzProgress){r->m->runs, fuzz_count_kept(r->diff, r->kept),
                                         fuzz_diff_n_groups(r->diff)};
}

/* Units are groups, or (single) changes. Takes back units first to first + n - 1 of those that are
   still there. */
static gboolean take_back(Reduction *r, const guint *units, guint first, guint n, gboolean single)
{
    guint size = fuzz_diff_size(r->diff);
    g_autofree gboolean *fewer = g_memdup2(r->kept, size * sizeof(gboolean));

    for (guint i = 0; i < size; i++)
        for (guint k = first; k < first + n; k++)
            if ((single ? i : fuzz_diff_group(r->diff, i)) == units[k])
                fewer[i] = FALSE;
    g_autoptr(FuzzCase) fuzz_case = fuzz_diff_apply(r->diff, fewer);
    if (!fuzz_shows(r->m, fuzz_case, &r->error))
        return FALSE;
    memcpy(r->kept, fewer, size * sizeof(gboolean));
    tell(r);
    return TRUE;
}

/* Those of which something is still there, each once, in order. */
static GArray *units_left(const Reduction *r, gboolean single)
{
    GArray *units = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < fuzz_diff_size(r->diff); i++) {
        guint unit = single ? i : fuzz_diff_group(r->diff, i);
        if (r->kept[i] && (units->len == 0 || g_array_index(units, guint, units->len - 1) != unit))
            g_array_append_val(units, unit);
    }
    return units;
}

/* One pass with pieces of n units. TRUE: something was taken back. */
static gboolean pass(Reduction *r, guint n, gboolean single)
{
    g_autoptr(GArray) units = units_left(r, single);
    gboolean any = FALSE;

    for (guint i = 0; i < units->len && !is_over(r); i += n)
        any |=
            take_back(r, (const guint *)(gpointer)units->data, i, MIN(n, units->len - i), single);
    return any;
}

/* Until no unit can be spared. */
static void reduce(Reduction *r, gboolean single)
{
    g_autoptr(GArray) units = units_left(r, single);
    guint n = units->len;

    while (n > 1 && !is_over(r)) {
        n = (n + 1) / 2;
        pass(r, n, single);
    }
    while (!is_over(r) && pass(r, 1, single))
        continue;
}

/* What comes only now and then would otherwise keep changes that do nothing. */
static void choose_tries(FuzzMinimiser *m, const FuzzCase *whole, guint first_runs, GError **error)
{
    guint runs = 0, shown = 1;

    if (first_runs < SAMPLES)
        shown += count_shown(m, whole, SAMPLES - first_runs, SAMPLES, &runs, error);
    runs += first_runs;
    m->tries = shown == runs ? 1 : MIN(MOST_TRIES, 2 + 3 * (runs - shown));
}

/* What does not come out at its place again may do so at another one. */
static gboolean shows_anywhere(FuzzMinimiser *m, const FuzzCase *whole, GError **error)
{
    GError *inner = NULL;
    guint runs;

    gboolean shown = count_shown(m, whole, FIRST_TRIES, 1, &runs, &inner);
    if (!shown && m->place && !inner) {
        m->place = NULL;
        shown = count_shown(m, whole, FIRST_TRIES, 1, &runs, &inner);
    }
    if (shown)
        choose_tries(m, whole, runs, &inner);
    if (inner)
        g_propagate_error(error, inner);
    return shown && !inner;
}

gboolean *fuzz_minimise(FuzzMinimiser *m, const FuzzDiff *diff, GError **error)
{
    Reduction r = {m, diff, g_new(gboolean, fuzz_diff_size(diff) + 1), NULL};

    for (guint i = 0; i < fuzz_diff_size(diff); i++)
        r.kept[i] = TRUE;
    m->tries = 0;
    tell(&r);
    g_autoptr(FuzzCase) whole = fuzz_diff_apply(diff, r.kept);
    if (shows_anywhere(m, whole, &r.error)) {
        reduce(&r, FALSE);
        reduce(&r, TRUE);
    }
    if (r.error)
        g_propagate_error(error, r.error);
    return r.kept;
}

/* Takes the case's place where it needs less. */
static void try_instead(FuzzMinimiser *m, const FuzzCase *valid, const FuzzCase *instead,
                        FuzzDiff **diff, gboolean **kept, GError **error)
{
    const guint tries = m->tries;
    FuzzDiff *other = fuzz_diff_new(valid, instead);
    gboolean *its = fuzz_minimise(m, other, error);

    if (!*error && m->tries && fuzz_count_kept(other, its) < fuzz_count_kept(*diff, *kept)) {
        fuzz_diff_free(*diff);
        g_free(*kept);
        *diff = other;
        *kept = its;
        return;
    }
    m->tries = tries;
    fuzz_diff_free(other);
    g_free(its);
}

static void try_pieces(FuzzMinimiser *m, const FuzzCase *valid, FuzzDiff **diff, gboolean **kept,
                       GError **error)
{
    g_autoptr(FuzzCase) small = fuzz_diff_apply(*diff, *kept);
    g_autoptr(GPtrArray) cases = fuzz_transplants(valid, small);

    for (guint i = 0; i < cases->len && !*error && fuzz_count_kept(*diff, *kept) > FUZZ_FEW; i++) {
        if (may_not_go_on(m))
            break;
        if (fuzz_shows(m, cases->pdata[i], error))
            try_instead(m, valid, cases->pdata[i], diff, kept, error);
    }
}

gboolean *fuzz_make_small(FuzzMinimiser *m, const FuzzCase *valid, FuzzDiff **diff, GError **error)
{
    GError *inner = NULL;
    gboolean *kept = fuzz_minimise(m, *diff, &inner);

    if (!inner && m->tries && fuzz_count_kept(*diff, kept) > FUZZ_FEW)
        try_pieces(m, valid, diff, &kept, &inner);
    if (inner)
        g_propagate_error(error, inner);
    return kept;
}

guint fuzz_count_kept(const FuzzDiff *diff, const gboolean *kept)
{
    guint n = 0, last = G_MAXUINT;

    for (guint i = 0; i < fuzz_diff_size(diff); i++)
        if (kept[i] && !fuzz_diff_is_use(diff, i) && fuzz_diff_group(diff, i) != last) {
            last = fuzz_diff_group(diff, i);
            n++;
        }
    return n;
}

FuzzDiff *fuzz_nearest(GPtrArray *valid, const FuzzCase *broken, guint *ret_which)
{
    FuzzDiff *best = NULL;

    for (guint i = 0; i < valid->len; i++) {
        FuzzDiff *diff = fuzz_diff_new(valid->pdata[i], broken);
        if (best && fuzz_diff_size(best) <= fuzz_diff_size(diff)) {
            fuzz_diff_free(diff);
            continue;
        }
        fuzz_diff_free(best);
        best = diff;
        *ret_which = i;
    }
    return best;
}
