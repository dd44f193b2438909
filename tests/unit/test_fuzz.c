/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Campaigns against a reader with planted flaws: they are found, made small and shown again, the
   same seed makes the same cases, one after the other or several at once, and neither a kill nor a
   second process confuses the files. */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "descriptors/lint.h"
#include "tests/unit/program.h"
#include "tests/unit/wait.h"
#include "tools/fuzz/campaign.h"
#include "tools/fuzz/check.h"
#include "tools/fuzz/corpus.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/page.h"
#include "tools/fuzz/put.h"
#include "tools/fuzz/report.h"

static GPtrArray *seeds;
static char *folder;

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* ---- A reader with flaws ---- */

typedef struct {
    GArray *features;
    gboolean same_id, huge, no_frames;
} Look;

static void on_finding(void *user, const struct desc_finding *finding)
{
    Look *look = user;
    fuzz_feature(look->features, 1, g_str_hash(finding->rule->id), finding->node->type->kind);
}

static void look_at_node(Look *look, const struct desc_node *node)
{
    const struct uvc_vs_frame_mjpeg *frame = DESC_CAST(uvc_vs_frame_mjpeg, node);
    const struct uvc_processing_unit *unit = DESC_CAST(uvc_processing_unit, node);
    const struct uvc_vs_format_mjpeg *format = DESC_CAST(uvc_vs_format_mjpeg, node);

    if (frame)
        look->huge |= frame->dwMaxVideoFrameBufferSize > 0x40000000;
    if (unit)
        look->same_id |= unit->bUnitID == unit->bSourceID;
    if (format)
        look->no_frames |= format->bNumFrameDescriptors > 1 && !format->node.first;
}

static void die(const char *why)
{
    fprintf(stderr, "camredir bug: %s\n", why);
    abort();
}

/* Each needs more than one thing at a time: two fields; a missing piece and a count that stays; a
   field and a fault. */
static void flawed_check(const FuzzCase *fuzz_case, GArray *features, const char **stage)
{
    struct desc_tree *tree;
    gsize size;
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, &size);
    Look look = {.features = features};
    gboolean stalls = FALSE;

    *stage = "reading";
    g_assert(desc_parse(bytes, size, DESC_CONTEXT_STANDARD, &tree) == 0);
    const struct desc_node *root = &desc_tree_root(tree)->node;
    desc_lint(root, NULL, on_finding, &look);
    for (const struct desc_node *node = root; node; node = desc_next(node, root))
        look_at_node(&look, node);
    for (guint i = 0; i < fuzz_case->faults->len; i++) {
        const FuzzFault *fault = &g_array_index(fuzz_case->faults, FuzzFault, i);
        stalls |= fault->kind == FUZZ_FAULT_STALL && fault->at < 10;
        fuzz_feature(features, 2, fault->kind, 0);
    }
    if (look.huge && look.same_id)
        die("huge frame of a unit that feeds itself");
    if (look.no_frames)
        die("frame 0 of none");
    if (look.same_id && stalls)
        die("stall in a circle");
    desc_tree_free(tree);
}

static FuzzTarget *flawed_target(gpointer user, GError **error)
{
    (void)user;
    (void)error;
    return fuzz_target_check_new("flawed", flawed_check);
}

/* ---- Running ---- */

static FuzzCampaign campaign_in(const char *dir, guint64 cases)
{
    return (FuzzCampaign){.dir = dir,
                          .name = "one",
                          .seeds = seeds,
                          .new_target = flawed_target,
                          .target = "flawed",
                          .seed = 5,
                          .jobs = 1,
                          .cases = cases};
}

static FuzzTotals run(const FuzzCampaign *campaign)
{
    g_autoptr(GError) error = NULL;
    FuzzTotals totals;

    gboolean done = fuzz_campaign_run(campaign, &totals, &error);
    g_assert_no_error(error);
    g_assert_true(done);
    return totals;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *list(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_name);
    return names;
}

static GPtrArray *list_queue(const char *dir, const char *job)
{
    g_autofree char *path = g_build_filename(dir, job, "queue", NULL);
    return fuzz_list_folder(path, NULL); /* not what a killed process was writing */
}

static char *contents(const char *dir, const char *name, gsize *ret_size)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    g_file_get_contents(path, &text, ret_size, &error);
    g_assert_no_error(error);
    return text;
}

/* ---- Findings ---- */

/* A JSON reader and an eye find in the folder what replay does. */
static void check_finding(const char *path)
{
    g_autofree char *report = contents(path, "report.md", NULL);
    g_autofree char *console = contents(path, "console.log", NULL);
    g_auto(FuzzReported) reported = {0};
    g_autoptr(GError) error = NULL;
    gsize size;
    g_autofree char *bytes = contents(path, "descriptors.bin", &size);
    guint places = 0;

    g_test_message("%s", report);
    g_assert_true(fuzz_report_read(path, &reported, &error));
    g_assert_cmpuint(reported.seed, !=, 0);
    g_assert_nonnull(strstr(console, "camredir bug: "));
    g_autofree char *here = g_get_current_dir();
    g_assert_nonnull(strstr(report, path));
    g_assert_nonnull(strstr(report, here));
    g_assert_cmpmem(bytes, size, g_bytes_get_data(reported.fuzz_case->descriptors, NULL),
                    g_bytes_get_size(reported.fuzz_case->descriptors));
    g_assert_cmpint(sscanf(strstr(report, "\nIn "), "\nIn %u place", &places), ==, 1);
    g_assert_cmpuint(places, <=, 3);
    g_assert_nonnull(strstr(report, "this showed it 3 of 3 times"));

    FuzzMinimiser m = {.target = flawed_target(NULL, NULL), .title = reported.title};
    g_assert_cmpuint(fuzz_replay(&m, reported.fuzz_case, 10, &error), ==, 10);
    g_assert_no_error(error);
    m.title = "another";
    g_assert_cmpuint(fuzz_replay(&m, reported.fuzz_case, 2, &error), ==, 0);
    g_assert_cmpstr(m.instead, ==, reported.title);
    m.target->ops->free(m.target);
}

/* A target that breaks by the fifth case since it was fresh, whatever that is. */
typedef struct {
    FuzzTarget base;
    guint shown;
} Tired;

static gboolean tired_fresh(FuzzTarget *target, GError **error)
{
    (void)error;
    ((Tired *)target)->shown = 0;
    return TRUE;
}

static gboolean tired_run(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                          GError **error)
{
    (void)fuzz_case;
    (void)error;
    if (++((Tired *)target)->shown == 5) {
        ret_outcome->verdict = FUZZ_GREW;
        ret_outcome->title = g_strdup("tired");
    }
    return TRUE;
}

static void tired_free(FuzzTarget *target)
{
    g_free(target);
}

static FuzzTarget *target_of(const FuzzTargetOps *ops)
{
    Tired *tired = g_new0(Tired, 1);

    tired->base = (FuzzTarget){.ops = ops, .name = (char *)"tired"};
    return &tired->base;
}

static FuzzTarget *tired_target(gpointer user, GError **error)
{
    static const FuzzTargetOps ops = {.fresh = tired_fresh, .run = tired_run, .free = tired_free};

    (void)user, (void)error;
    return target_of(&ops);
}

/* What shows only after other cases is kept with those, and shown again by them. */
static void test_needs_others(void)
{
    g_autofree char *dir = in_folder("needs-others");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    FuzzCampaign campaign = campaign_in(dir, 7);
    campaign.new_target = tired_target;
    run(&campaign);

    g_autoptr(GPtrArray) names = list(findings);
    g_assert_cmpuint(names->len, ==, 1);
    g_autofree char *path = g_build_filename(findings, names->pdata[0], NULL);
    g_autofree char *report = contents(path, "report.md", NULL);
    g_auto(FuzzReported) reported = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(fuzz_report_read(path, &reported, &error));
    g_assert_cmpuint(reported.before->len, ==, 4);
    g_assert_nonnull(strstr(report, "the 4 in `before/` are shown first"));
    g_assert_nonnull(strstr(report, "this showed it 3 of 3 times"));

    FuzzMinimiser m = {
        .target = tired_target(NULL, NULL), .title = reported.title, .before = reported.before};
    g_assert_cmpuint(fuzz_replay(&m, reported.fuzz_case, 2, &error), ==, 2);
    m.before = NULL;
    g_assert_cmpuint(fuzz_replay(&m, reported.fuzz_case, 2, &error), ==, 0);
    m.target->ops->free(m.target);
}

static void hang(FuzzOutcome *outcome, char *title)
{
    outcome->verdict = FUZZ_HANG;
    outcome->title = title;
}

/* A target that hangs at its fifth case, and never again. */
static gboolean lame_run(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                         GError **error)
{
    static guint cases;

    (void)target, (void)fuzz_case, (void)error;
    if (++cases == 5)
        hang(ret_outcome, g_strdup("lame"));
    return TRUE;
}

static FuzzTarget *lame_target(gpointer user, GError **error)
{
    static const FuzzTargetOps ops = {.fresh = tired_fresh, .run = lame_run, .free = tired_free};

    (void)user, (void)error;
    return target_of(&ops);
}

/* One that hangs at each case from the fifth on, never at the same place. */
static gboolean lost_run(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                         GError **error)
{
    static guint cases;

    (void)target, (void)fuzz_case, (void)error;
    if (++cases >= 5)
        hang(ret_outcome, g_strdup_printf("lost %u", cases));
    return TRUE;
}

static FuzzTarget *lost_target(gpointer user, GError **error)
{
    static const FuzzTargetOps ops = {.fresh = tired_fresh, .run = lost_run, .free = tired_free};

    (void)user, (void)error;
    return target_of(&ops);
}

static void test_hang_moves(void)
{
    g_autofree char *dir = in_folder("hang-moves");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    FuzzCampaign campaign = campaign_in(dir, 12);
    campaign.new_target = lost_target;
    campaign.findings = 1;
    run(&campaign);

    g_autoptr(GPtrArray) names = list(findings);
    g_assert_cmpuint(names->len, ==, 1);
    g_autofree char *path = g_build_filename(findings, names->pdata[0], NULL);
    g_autofree char *report = contents(path, "report.md", NULL);
    g_assert_nonnull(strstr(report, "this showed it 3 of 3 times"));
}

/* A machine that was busy makes no finding; what was seen stays all the same. */
static void test_withdrawn(void)
{
    g_autofree char *dir = in_folder("withdrawn");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    g_autofree char *others = g_build_filename(dir, "not-again", NULL);
    FuzzCampaign campaign = campaign_in(dir, 12);
    campaign.new_target = lame_target;
    campaign.findings = 1;
    FuzzTotals totals = run(&campaign);

    g_assert_cmpuint(totals.cases, ==, 12);
    g_assert_cmpuint(totals.findings, ==, 0);
    g_autoptr(GPtrArray) names = list(findings), withdrawn = list(others);
    g_assert_cmpuint(names->len, ==, 0);
    g_assert_cmpuint(withdrawn->len, ==, 1);
    g_autofree char *path = g_build_filename(others, withdrawn->pdata[0], NULL);
    g_autofree char *report = contents(path, "report.md", NULL);
    g_assert_nonnull(strstr(report, "this showed it 0 of 10 times"));
    g_assert_nonnull(strstr(report, path)); /* the command that it names */
}

/* A target that breaks by a device descriptor's idVendor, every second time by chance. */
typedef struct {
    FuzzTarget base;
    GRand *chance;
    gboolean now;
} Racing;

static gboolean racing_fresh(FuzzTarget *target, GError **error)
{
    Racing *racing = (Racing *)target;

    (void)error;
    racing->now = g_rand_boolean(racing->chance);
    return TRUE;
}

static gboolean racing_run(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                           GError **error)
{
    Racing *racing = (Racing *)target;
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, NULL);

    if (bytes[8] == 0xff && racing->now) {
        ret_outcome->verdict = FUZZ_CONSOLE;
        ret_outcome->title = g_strdup("race");
    }
    return racing_fresh(target, error);
}

/* The field that does it, and four that do nothing. */
static FuzzCase *racing_case(const FuzzCase *valid)
{
    static const guint8 changed[] = {8, 10, 12, 14, 15};
    FuzzCase *fuzz_case = fuzz_case_copy(valid);
    gsize size;
    guint8 *bytes = g_bytes_unref_to_data(fuzz_case->descriptors, &size);

    for (guint i = 0; i < G_N_ELEMENTS(changed); i++)
        bytes[changed[i]] = 0xff;
    fuzz_case->descriptors = g_bytes_new_take(bytes, size);
    return fuzz_case;
}

static gboolean is_small(guint32 seed, const FuzzDiff *diff)
{
    static const FuzzTargetOps ops = {.fresh = racing_fresh, .run = racing_run};
    Racing racing = {.base = {.ops = &ops}, .chance = g_rand_new_with_seed(seed)};
    FuzzMinimiser m = {.target = &racing.base, .title = "race", .stale = TRUE};
    g_autoptr(GError) error = NULL;
    g_autofree gboolean *kept = fuzz_minimise(&m, diff, &error);
    g_autoptr(FuzzCase) small = fuzz_diff_apply(diff, kept);

    g_assert_no_error(error);
    guint shown = fuzz_replay_anew(&m, small, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(shown, >, 0);
    g_assert_cmpuint(m.replays, ==, shown == FUZZ_REPLAYS ? m.replays : FUZZ_RACE_REPLAYS);
    g_rand_free(racing.chance);
    return fuzz_count_kept(diff, kept) == 1;
}

/* One try that shows nothing proves nothing. That the first three all show it happens, too. */
static void test_race(void)
{
    const FuzzCase *valid = ((FuzzSeed *)seeds->pdata[0])->fuzz_case;
    g_autoptr(FuzzCase) broken = racing_case(valid);
    g_autoptr(FuzzDiff) diff = fuzz_diff_new(valid, broken);
    guint small = 0;

    for (guint32 seed = 1; seed <= 20; seed++)
        small += is_small(seed, diff);
    g_test_message("%u of 20 made small", small);
    g_assert_cmpuint(small, >=, 15);
}

/* A target that breaks at a place in one function: by the first byte, of class to the last, in
   which a device descriptor differs from that of the only seed. */
#define PLACES "KASAN: x in f"

static guint place_of(const FuzzCase *fuzz_case)
{
    gsize size, n;
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, &size);
    const guint8 *valid =
        g_bytes_get_data(((FuzzSeed *)seeds->pdata[0])->fuzz_case->descriptors, &n);
    guint at = 4;

    if (size < 18 || memcmp(bytes, valid, at) != 0)
        return 0;
    while (at < 18 && bytes[at] == valid[at])
        at++;
    return at < 18 ? at : 0;
}

static gboolean placed_run(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                           GError **error)
{
    guint32 feature = g_bytes_hash(fuzz_case->descriptors) & 63;
    guint place = place_of(fuzz_case);

    (void)target;
    (void)error;
    g_array_append_val(ret_outcome->features, feature);
    if (place) {
        ret_outcome->verdict = FUZZ_CONSOLE;
        ret_outcome->title = g_strdup(PLACES);
        ret_outcome->place = g_strdup_printf("f.part.0+0x%x/0x100", place);
    }
    return TRUE;
}

static FuzzTarget *placed_target(gpointer user, GError **error)
{
    static const FuzzTargetOps ops = {.fresh = tired_fresh, .run = placed_run, .free = tired_free};
    Tired *target = g_new0(Tired, 1);

    (void)user;
    (void)error;
    target->base = (FuzzTarget){.ops = &ops, .name = (char *)"placed"};
    return &target->base;
}

/* Made small to what comes out at its place, and listed with that. */
static void check_place(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, "findings", name, NULL);
    g_autofree char *page = contents(dir, "index.html", NULL);
    g_auto(FuzzReported) reported = {0};
    g_autoptr(GError) error = NULL;
    guint place = 0;

    g_assert_true(fuzz_report_read(path, &reported, &error));
    g_assert_cmpstr(reported.title, ==, PLACES);
    g_assert_cmpint(sscanf(reported.place, "f.part.0+0x%x/0x100", &place), ==, 1);
    g_assert_cmpuint(place_of(reported.fuzz_case), ==, place);
    g_autofree char *headline = g_strdup_printf(">" PLACES " (%s)<", reported.place);
    g_assert_nonnull(strstr(page, headline));
}

/* Of one title there are several, but not without end; and one whose folder has no report, as a
   process leaves it that is killed, is found again. */
static void test_places(void)
{
    g_autofree char *dir = in_folder("places");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    FuzzCampaign campaign = campaign_in(dir, 3000);

    g_ptr_array_add(one, seeds->pdata[0]);
    campaign.seeds = one;
    campaign.new_target = placed_target;
    for (guint turn = 0; turn < 2; turn++) {
        g_assert_cmpuint(run(&campaign).findings, ==, 8);
        g_autoptr(GPtrArray) names = list(findings);
        for (guint i = 0; i < names->len; i++) {
            g_autofree char *path = g_build_filename(findings, names->pdata[i], NULL);
            g_autofree char *report = g_build_filename(path, "report.md", NULL);
            const struct utimbuf long_ago = {0};
            if (!g_file_test(report, G_FILE_TEST_EXISTS))
                continue;
            check_place(dir, names->pdata[i]);
            g_assert_cmpint(g_remove(report), ==, 0);
            g_assert_cmpint(utime(path, &long_ago), ==, 0);
        }
        g_assert_cmpuint(fuzz_report_count(dir), ==, 0);
    }
}

/* Its tags match each other, and nothing is fetched from elsewhere. */
static void check_page(const char *dir, guint findings)
{
    g_autofree char *page = contents(dir, "index.html", NULL);
    g_autoptr(GError) error = NULL;
    const GMarkupParser nothing = {0};
    g_autoptr(GMarkupParseContext) parser = g_markup_parse_context_new(&nothing, 0, NULL, NULL);

    g_markup_parse_context_parse(parser, page, -1, &error);
    g_assert_no_error(error);
    g_assert_true(g_markup_parse_context_end_parse(parser, &error));
    g_assert_null(strstr(page, "http"));
    g_assert_nonnull(strstr(page, "<polyline points=\""));
    guint links = 0;
    for (const char *at = page; (at = strstr(at, "/report.md")); at++)
        links++;
    g_assert_cmpuint(links, ==, findings);
}

static void test_finds(void)
{
    g_autofree char *dir = in_folder("finds");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    FuzzCampaign campaign = campaign_in(dir, 20000);
    campaign.seed = 1; /* eight of ten seeds meet all three in so many */
    FuzzTotals totals = run(&campaign);
    g_autoptr(GPtrArray) names = list(findings);

    g_assert_cmpuint(totals.cases, ==, 20000);
    g_assert_cmpuint(totals.findings, ==, names->len);
    g_assert_cmpuint(names->len, ==, 3);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(findings, names->pdata[i], NULL);
        check_finding(path);
    }
    check_page(dir, names->len);
}

/* It ends with the first, but not before that is written down and made small. */
static void test_first(void)
{
    g_autofree char *dir = in_folder("first");
    FuzzCampaign campaign = campaign_in(dir, 0);
    campaign.findings = 1;
    FuzzTotals totals = run(&campaign);
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    g_autoptr(GPtrArray) names = list(findings);

    g_assert_cmpuint(totals.findings, ==, 1);
    g_autofree char *path = g_build_filename(findings, names->pdata[0], NULL);
    check_finding(path);
}

/* What is known is counted and goes by: the first of the others is the first. */
static void test_ignored(void)
{
    static const char *const known[] = {"nothing like it", "*frame 0 of n?ne*", NULL};
    g_autofree char *dir = in_folder("ignored");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    FuzzCampaign campaign = campaign_in(dir, 3000);
    campaign.ignored = known;
    FuzzTotals totals = run(&campaign);
    g_autoptr(GPtrArray) names = list(findings);

    g_assert_cmpuint(totals.cases, ==, 3000);
    g_assert_cmpuint(totals.ignored[0], ==, 0);
    g_assert_cmpuint(totals.ignored[1], >, 0);
    g_assert_cmpuint(totals.findings, ==, names->len);
    for (guint i = 0; i < names->len; i++)
        g_assert_null(strstr(names->pdata[i], "frame-0"));
}

static void test_names(void)
{
    static const char *const titles[] = {
        "KASAN: slab-out-of-bounds in uvc_parse_format", "../../etc", "", "a/b", "a b", "\xc3\xa4"};
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *lengthy = g_strnfill(1000, 'x');

    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++)
        g_hash_table_add(names, fuzz_safe_name(titles[i]));
    g_hash_table_add(names, fuzz_safe_name(lengthy));
    g_assert_cmpuint(g_hash_table_size(names), ==, G_N_ELEMENTS(titles) + 1);
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_assert_cmpuint(strlen(name), <, 100);
        g_assert_null(strpbrk(name, "/. :"));
    }
}

/* ---- The same again ---- */

static void test_same_seed(void)
{
    g_autofree char *a = in_folder("same-a"), *b = in_folder("same-b"), *c = in_folder("other");
    FuzzCampaign campaign = campaign_in(a, 600);

    run(&campaign);
    campaign.dir = b;
    run(&campaign);
    campaign.dir = c;
    campaign.seed = 6;
    run(&campaign);
    g_autoptr(GPtrArray) in_a = list_queue(a, "one-1"), in_b = list_queue(b, "one-1");
    g_autoptr(GPtrArray) in_c = list_queue(c, "one-1");
    g_assert_cmpuint(in_a->len, ==, in_b->len);
    g_assert_cmpuint(in_a->len, >, seeds->len + 20);
    gboolean other = in_c->len != in_a->len;
    for (guint i = 0; i < in_a->len; i++) {
        g_autofree char *x = g_build_filename(a, "one-1", "queue", in_a->pdata[i], NULL);
        g_autofree char *y = g_build_filename(b, "one-1", "queue", in_b->pdata[i], NULL);
        gsize n, m;
        g_autofree char *of_a = contents(x, NULL, &n), *of_b = contents(y, NULL, &m);
        g_assert_cmpstr(in_a->pdata[i], ==, in_b->pdata[i]);
        g_assert_cmpmem(of_a, n, of_b, m);
        other |= i < in_c->len && strcmp(in_a->pdata[i], in_c->pdata[i]) != 0;
    }
    g_assert_true(other);
}

/* ---- Kills ---- */

static guint64 stats_value(const char *dir, const char *job, const char *key)
{
    g_autofree char *path = g_build_filename(dir, job, "fuzzer_stats", NULL), *text = NULL;
    const char *at = g_file_get_contents(path, &text, NULL, NULL) ? strstr(text, key) : NULL;
    return at ? g_ascii_strtoull(strchr(at, ':') + 2, NULL, 10) : 0;
}

/* said: a path, for how it went; or NULL */
static pid_t start(const FuzzCampaign *campaign, const char *said)
{
    pid_t pid = fork();
    if (pid == 0) {
        FuzzTotals totals;
        GError *error = NULL;
        end_with_test(NULL);
        g_freopen("/dev/null", "w", stdout);
        gboolean done = fuzz_campaign_run(campaign, &totals, &error);
        if (said)
            g_file_set_contents(said, done ? "done" : error->message, -1, NULL);
        _exit(0);
    }
    return pid;
}

#define WAIT_FOR(condition) WAIT_STEPPING(condition, g_usleep(20000))

/* A process that was killed is not dead at once. */
static void wait_until_free(const char *dir)
{
    FuzzCorpus *corpus;

    WAIT_FOR((corpus = fuzz_corpus_open(dir, "one-1", NULL)) != NULL);
    fuzz_corpus_free(corpus);
}

/* With its job, when it has shown so many cases. */
static void kill_after(FuzzCampaign *campaign, guint64 cases)
{
    const char *dir = campaign->dir;
    pid_t pid = start(campaign, NULL);

    WAIT_FOR(stats_value(dir, "one-1", "execs_done") >= cases);
    pid_t job = (pid_t)stats_value(dir, "one-1", "fuzzer_pid");
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(kill(job, SIGKILL), ==, 0);
    waitpid(pid, NULL, 0);
    wait_until_free(dir);
}

/* The job dies in the middle of a case, and so does the one above; then all goes on. */
static void test_killed(void)
{
    g_autofree char *dir = in_folder("killed");
    FuzzCampaign campaign = campaign_in(dir, 0);

    kill_after(&campaign, 500);
    g_autoptr(GPtrArray) before = list_queue(dir, "one-1");
    g_autofree char *begun = g_build_filename(dir, "one-1", "queue", ".new-1", NULL);
    g_assert_true(g_file_set_contents(begun, "half", -1, NULL));
    guint64 cases = stats_value(dir, "one-1", "execs_done");
    campaign.cases = 300;
    FuzzTotals totals = run(&campaign);
    g_autoptr(GPtrArray) after = list_queue(dir, "one-1");
    g_assert_cmpuint(totals.cases, ==, cases + 300);
    g_assert_cmpuint(stats_value(dir, "one-1", "execs_done"), ==, totals.cases);
    g_assert_cmpuint(after->len, >=, before->len);
    g_assert_cmpuint(totals.kept, ==, after->len);
    g_assert_false(g_file_test(begun, G_FILE_TEST_EXISTS));
    for (guint i = 0; i < before->len; i++)
        g_assert_cmpstr(before->pdata[i], ==, after->pdata[i]);
    for (guint i = 1; i < after->len; i++)
        g_assert_cmpint(strncmp(after->pdata[i - 1], after->pdata[i], strlen("id:000000")), <, 0);
}

/* What went wrong is told, and what was found out by then is in the page. */
static void test_job_killed(void)
{
    g_autofree char *dir = in_folder("job-killed"), *said = g_build_filename(dir, "said", NULL);
    FuzzCampaign campaign = campaign_in(dir, 0);
    pid_t pid = start(&campaign, said);

    WAIT_FOR(stats_value(dir, "one-1", "execs_done"));
    kill((pid_t)stats_value(dir, "one-1", "fuzzer_pid"), SIGKILL);
    waitpid(pid, NULL, 0);
    g_autofree char *words = contents(dir, "said", NULL), *page = contents(dir, "index.html", NULL);
    g_assert_true(g_str_has_prefix(words, "job 1 was killed"));
    g_assert_nonnull(strstr(page, "Behaviours"));
}

/* Its curve goes on where it was; what could not be begun is no part of it. */
static void test_curve(void)
{
    g_autofree char *dir = in_folder("curve"), *path = g_build_filename(dir, "one.csv", NULL);
    g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(FuzzSample));
    FuzzCampaign campaign = campaign_in(dir, 60);
    g_autoptr(GError) error = NULL;
    FuzzTotals totals;

    run(&campaign);
    g_autofree char *before = contents(dir, "one.csv", NULL);
    campaign.target = "another";
    g_assert_false(fuzz_campaign_run(&campaign, &totals, &error));
    g_assert_nonnull(strstr(error->message, "another --corpus"));
    g_autofree char *after = contents(dir, "one.csv", NULL);
    g_assert_cmpstr(before, ==, after);
    campaign.target = "flawed";
    run(&campaign);
    fuzz_samples_load(samples, path);
    g_assert_cmpuint(samples->len, >=, 2);
    for (guint i = 1; i < samples->len; i++)
        g_assert_cmpfloat(g_array_index(samples, FuzzSample, i - 1).cases, <=,
                          g_array_index(samples, FuzzSample, i).cases);
    g_assert_cmpfloat(g_array_index(samples, FuzzSample, samples->len - 1).cases, ==, 120);
}

/* A corpus may be anybody's. */
static void test_bounds(void)
{
    g_autofree char *path = in_folder("bounds");
    g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(FuzzSample));
    g_autoptr(GError) error = NULL;

    g_assert_true(
        g_file_set_contents(path, "nan,1,1,1,1\n1,inf,1,1,1,1\n1,2,3\n1,2,3,4,5\n", -1, NULL));
    fuzz_samples_load(samples, path);
    g_assert_cmpuint(samples->len, ==, 1);
    g_autofree char *whole = fuzz_read_file(path, 42, NULL, NULL);
    g_assert_cmpuint(strlen(whole), ==, 42);
    g_assert_null(fuzz_read_file(path, 41, NULL, NULL));
    g_assert_null(fuzz_read_file("/dev/zero", 44, NULL, &error));
    g_assert_nonnull(strstr(error->message, "/dev/zero"));
}

/* Asked to end, it does, with its page; and its jobs are gone. */
static void test_asked_to_end(void)
{
    g_autofree char *dir = in_folder("asked");
    FuzzCampaign campaign = campaign_in(dir, 0);
    campaign.jobs = 2;
    pid_t pid = start(&campaign, NULL);
    int status;

    WAIT_FOR(stats_value(dir, "one-1", "execs_done") && stats_value(dir, "one-2", "execs_done"));
    pid_t job = (pid_t)stats_value(dir, "one-2", "fuzzer_pid");
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    g_assert_cmpint(kill(job, 0), ==, -1);
    g_autofree char *page = contents(dir, "index.html", NULL);
    g_assert_nonnull(strstr(page, "Behaviours"));
}

/* ---- Sharing ---- */

static guint count_synced(const char *dir, const char *job, const char *from)
{
    g_autoptr(GPtrArray) names = list_queue(dir, job);
    guint n = 0;
    for (guint i = 0; i < names->len; i++)
        n += strstr(names->pdata[i], from) != NULL;
    return n;
}

static void test_shared(void)
{
    g_autofree char *dir = in_folder("shared");
    FuzzCampaign one = campaign_in(dir, 1500), two = campaign_in(dir, 0);
    g_autoptr(GError) error = NULL;
    FuzzTotals totals;

    run(&one);
    two.name = "two";
    two.seed = 77;
    pid_t pid = start(&two, NULL);
    WAIT_FOR(count_synced(dir, "two-1", "sync:one-1,src:"));
    g_assert_false(fuzz_campaign_run(&two, &totals, &error)); /* it is there */
    g_assert_nonnull(strstr(error->message, "--name"));
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    g_autofree char *page = contents(dir, "index.html", NULL);
    g_assert_nonnull(strstr(page, "<h2>one</h2>\n<p>Target: flawed. 1500 cases"));
    g_assert_nonnull(strstr(page, "<h2>two</h2>\n<p>Target: flawed."));
    two.target = "another";
    g_clear_error(&error);
    g_assert_false(fuzz_campaign_run(&two, &totals, &error));
    g_assert_nonnull(strstr(error->message, "flawed"));
}

/* As afl-whatsup reads them: each line is a variable of a shell, and none of its own is missing. */
static void test_stats(void)
{
    static const char script[] =
        "set -eu; t=$(mktemp); sed 's/[ ]*:[ ]*/=\"/;s/$/\"/' \"$0\" >\"$t\"; . \"$t\"; rm \"$t\"\n"
        "for i in $start_time $last_update $run_time $last_find $last_crash $last_hang $fuzzer_pid "
        "$execs_done $corpus_count $saved_crashes $exec_timeout $cycles_done $cur_item "
        "$pending_total $pending_favs $bitmap_cvg; do [ \"$i\" -ge 0 ]; done\n"
        "echo $afl_banner $execs_done";
    g_autofree char *dir = in_folder("stats"), *output = NULL, *errors = NULL;
    g_autofree char *path = g_build_filename(dir, "one-1", "fuzzer_stats", NULL);
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, path, NULL};
    const FuzzCampaign campaign = campaign_in(dir, 150);
    g_autoptr(GError) error = NULL;
    int status;

    run(&campaign);
    run(&campaign);
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_cmpstr(errors, ==, "");
    g_assert_cmpstr(output, ==, "one-1 300\n");
    g_assert_cmpint(status, ==, 0);
}

/* What another fuzzer leaves there need not be ours, nor whole. */
static void test_foreign(void)
{
    g_autofree char *dir = in_folder("foreign"), *queue = g_build_filename(dir, "afl/queue", NULL);
    g_autofree char *other = g_build_filename(queue, "id:000000,orig:x", NULL);
    g_autofree char *odd = g_build_filename(queue, "README.txt", NULL);
    g_autofree char *large = g_build_filename(queue, "id:000001,src:000000", NULL);
    g_autofree char *pipe = g_build_filename(queue, "id:000002", NULL);
    g_autofree char *endless = g_build_filename(queue, "id:000003", NULL);
    g_autofree char *much = g_strnfill(200000, 'x');
    g_autoptr(GError) error = NULL;

    g_mkdir_with_parents(queue, 0755);
    g_assert_true(g_file_set_contents(other, "\x09\x02\xff\xff\x01", 5, NULL));
    g_assert_true(g_file_set_contents(odd, "hello", -1, NULL));
    g_assert_true(g_file_set_contents(large, much, -1, NULL));
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    g_assert_cmpint(symlink("/dev/zero", endless), ==, 0);
    g_autoptr(FuzzCorpus) corpus = fuzz_corpus_open(dir, "us", &error);
    g_assert_no_error(error);
    fuzz_corpus_scan(corpus);
    g_autofree char *origin = NULL;
    g_autoptr(FuzzCase) fuzz_case = fuzz_corpus_next_foreign(corpus, &origin);
    g_assert_cmpuint(g_bytes_get_size(fuzz_case->descriptors), ==, 5);
    g_assert_cmpstr(origin, ==, "sync:afl,src:000000");
    g_assert_null(fuzz_corpus_next_foreign(corpus, &origin));
    fuzz_corpus_scan(corpus);
    g_assert_null(fuzz_corpus_next_foreign(corpus, &origin));
}

/* ---- Several at once ---- */

#define CROWD 4

/* The reader with flaws, shown four cases at once, of which it does not say whose a flaw was. Two
   that give descriptors of an odd length do not get along. */
typedef struct {
    FuzzTarget base;
    FuzzTarget *flawed;
    FILE *log; /* a line a batch; NULL: none */
} Crowd;

static gboolean crowd_fresh(FuzzTarget *target, GError **error)
{
    FuzzTarget *flawed = ((Crowd *)target)->flawed;
    return flawed->ops->fresh(flawed, error);
}

static gboolean crowd_run(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                          GError **error)
{
    FuzzTarget *flawed = ((Crowd *)target)->flawed;
    return flawed->ops->run(flawed, fuzz_case, ret_outcome, error);
}

static gboolean is_odd(const FuzzCase *fuzz_case)
{
    return fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_DESCRIPTOR_LENGTH);
}

static gboolean leaves(const FuzzCase *fuzz_case)
{
    return fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_UNPLUG) ||
           fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_PAYLOAD_UNPLUG);
}

static void check_kind(const GPtrArray *cases)
{
    const FuzzCase *first = cases->pdata[0];

    for (guint i = 1; i < cases->len; i++) {
        const FuzzCase *other = cases->pdata[i];
        g_assert_cmpint(fuzz_has_fault(first->faults, FUZZ_FAULT_STREAM), ==,
                        fuzz_has_fault(other->faults, FUZZ_FAULT_STREAM));
        g_assert_cmpint(leaves(first), ==, leaves(other));
    }
}

static void log_batch(const Crowd *crowd, const GPtrArray *cases)
{
    for (guint i = 0; crowd->log && i < cases->len; i++) {
        g_autoptr(GBytes) packed = fuzz_case_pack(cases->pdata[i]);
        fprintf(crowd->log, "%08x%c", g_bytes_hash(packed), i + 1 < cases->len ? ' ' : '\n');
    }
    if (crowd->log)
        fflush(crowd->log);
}

static gboolean crowd_run_together(FuzzTarget *target, const GPtrArray *cases,
                                   FuzzOutcome *ret_each, FuzzOutcome *ret_whole, GError **error)
{
    guint n_odd = 0;

    g_assert_cmpuint(cases->len, <=, CROWD);
    if (cases->len == CROWD) /* not what is left of one, with what was taken back */
        check_kind(cases);
    log_batch((Crowd *)target, cases);
    for (guint i = 0; i < cases->len; i++) {
        FuzzOutcome *each = &ret_each[i];
        if (!crowd_run(target, cases->pdata[i], each, error))
            return FALSE;
        n_odd += is_odd(cases->pdata[i]);
        if (each->verdict == FUZZ_FINE || ret_whole->verdict != FUZZ_FINE)
            continue;
        ret_whole->verdict = each->verdict;
        ret_whole->title = g_steal_pointer(&each->title);
        ret_whole->console = g_steal_pointer(&each->console);
        each->verdict = FUZZ_FINE;
    }
    if (ret_whole->verdict == FUZZ_FINE && n_odd > 1) {
        ret_whole->verdict = FUZZ_CONSOLE;
        ret_whole->title = g_strdup("two are a crowd");
    }
    return TRUE;
}

static void crowd_free(FuzzTarget *target)
{
    Crowd *crowd = (Crowd *)target;

    crowd->flawed->ops->free(crowd->flawed);
    if (crowd->log)
        fclose(crowd->log);
    g_free(target);
}

/* user: a path for the log, NULL: none */
static FuzzTarget *crowd_target(gpointer user, GError **error)
{
    static const FuzzTargetOps ops = {.fresh = crowd_fresh,
                                      .run = crowd_run,
                                      .run_together = crowd_run_together,
                                      .free = crowd_free};
    Crowd *crowd = g_new0(Crowd, 1);

    crowd->base = (FuzzTarget){.ops = &ops, .name = (char *)"crowd", .together = CROWD};
    crowd->flawed = flawed_target(NULL, error);
    crowd->log = user ? fopen(user, "ae") : NULL;
    return &crowd->base;
}

/* None does it by itself, two do. */
static void check_crowd(const char *path)
{
    g_autofree char *report = contents(path, "report.md", NULL);
    g_auto(FuzzReported) reported = {0};
    g_autoptr(GError) error = NULL;

    g_test_message("%s", report);
    g_assert_true(fuzz_report_read(path, &reported, &error));
    g_assert_cmpuint(reported.beside->len, ==, 1);
    g_assert_true(is_odd(reported.fuzz_case) && is_odd(reported.beside->pdata[0]));
    g_assert_nonnull(strstr(report, "It was found with 2 cameras at once"));
    g_assert_nonnull(strstr(report, "this showed it 3 of 3 times"));
    FuzzMinimiser m = {
        .target = crowd_target(NULL, NULL), .title = reported.title, .beside = reported.beside};
    g_assert_cmpuint(fuzz_replay(&m, reported.fuzz_case, 2, &error), ==, 2);
    m.target->together = 0; /* one after the other */
    g_assert_cmpuint(fuzz_replay(&m, reported.fuzz_case, 2, &error), ==, 0);
    g_assert_nonnull(strstr(error->message, "--devices 2"));
    m.target->ops->free(m.target);
}

/* Of those that are shown at once the one that does it is named and made small; where none does it
   alone, the fewest that do. */
static void test_several(void)
{
    g_autofree char *dir = in_folder("several");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    FuzzCampaign campaign = campaign_in(dir, 8002);
    guint crowds = 0;

    campaign.new_target = crowd_target;
    g_assert_cmpuint(run(&campaign).cases, ==, 8002);
    g_autoptr(GPtrArray) names = list(findings);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(findings, names->pdata[i], NULL);
        gboolean crowd = g_str_has_prefix(names->pdata[i], "two-are");
        crowds += crowd;
        if (crowd)
            check_crowd(path);
        else
            check_finding(path);
    }
    g_assert_cmpuint(crowds, ==, 1);
    g_assert_cmpuint(names->len, >, 2);
}

/* What does not show again is everybody's. */
static void test_lost(void)
{
    g_autoptr(GPtrArray) cases = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    const FuzzOutcome once = {.verdict = FUZZ_CONSOLE, .title = (char *)"once"};
    FuzzMinimiser m = {.target = crowd_target(NULL, NULL)};

    for (guint i = 0; i < seeds->len; i++)
        g_ptr_array_add(cases, ((FuzzSeed *)seeds->pdata[i])->fuzz_case);
    g_autoptr(GPtrArray) company = fuzz_company(&m, cases, &once, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(company->len, ==, cases->len);
    g_assert_cmpuint(m.runs, ==, 1);
    m.target->ops->free(m.target);
}

/* A target that breaks by the first batch; while it comes up again the campaign is asked to end. */
static gboolean interrupted_fresh(FuzzTarget *target, GError **error)
{
    if (((Tired *)target)->shown == 0)
        return TRUE;
    if (!*target->stop)
        kill(getppid(), SIGTERM);
    WAIT_FOR(*target->stop);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "not up");
    return FALSE;
}

static gboolean interrupted_run(FuzzTarget *target, const GPtrArray *cases, FuzzOutcome *ret_each,
                                FuzzOutcome *ret_whole, GError **error)
{
    (void)cases;
    (void)ret_each;
    (void)error;
    ((Tired *)target)->shown++;
    ret_whole->verdict = FUZZ_GREW;
    ret_whole->title = g_strdup("tired");
    return TRUE;
}

static FuzzTarget *interrupted_target(gpointer user, GError **error)
{
    static const FuzzTargetOps ops = {
        .fresh = interrupted_fresh, .run_together = interrupted_run, .free = tired_free};
    FuzzTarget *target = tired_target(user, error);

    target->ops = &ops;
    target->together = CROWD;
    return target;
}

/* What was seen is written down, with all that may have done it. */
static void test_interrupted(void)
{
    g_autofree char *dir = in_folder("interrupted");
    g_autofree char *findings = g_build_filename(dir, "findings", NULL);
    FuzzCampaign campaign = campaign_in(dir, 0);

    campaign.new_target = interrupted_target;
    g_assert_cmpuint(run(&campaign).findings, ==, 1);
    g_autoptr(GPtrArray) names = list(findings);
    g_autofree char *path = g_build_filename(findings, names->pdata[0], NULL);
    g_auto(FuzzReported) reported = {0};
    g_assert_true(fuzz_report_read(path, &reported, NULL));
    g_assert_cmpuint(reported.beside->len, ==, seeds->len - 1);
}

static char *batches_of(const char *name, guint64 seed)
{
    g_autofree char *dir = in_folder(name);
    g_autofree char *log = g_strconcat(dir, ".log", NULL);
    FuzzCampaign campaign = campaign_in(dir, 400);
    char *text = NULL;

    campaign.new_target = crowd_target;
    campaign.user = log;
    campaign.seed = seed;
    run(&campaign);
    g_assert_true(g_file_get_contents(log, &text, NULL, NULL));
    return text;
}

static void test_same_batches(void)
{
    g_autofree char *a = batches_of("batches-a", 5), *b = batches_of("batches-b", 5);
    g_autofree char *c = batches_of("batches-c", 6);

    g_assert_cmpstr(a, ==, b);
    g_assert_cmpstr(a, !=, c);
    g_assert_true(g_regex_match_simple("^([0-9a-f]{8} ){3}[0-9a-f]{8}$", a, G_REGEX_MULTILINE, 0));
}

/* What was seen before is gone on from. */
static void test_several_again(void)
{
    g_autofree char *dir = in_folder("several-again");
    FuzzCampaign campaign = campaign_in(dir, 0);
    campaign.new_target = crowd_target;

    kill_after(&campaign, 200);
    guint64 cases = stats_value(dir, "one-1", "execs_done");
    g_autoptr(GPtrArray) before = list_queue(dir, "one-1");
    campaign.cases = 101;
    g_assert_cmpuint(run(&campaign).cases, ==, cases + 101);
    g_autoptr(GPtrArray) after = list_queue(dir, "one-1");
    g_assert_cmpuint(after->len, >=, before->len);
    for (guint i = 0; i < seeds->len; i++) {
        g_autofree char *name = fuzz_seed_origin(((FuzzSeed *)seeds->pdata[i])->name);
        g_assert_cmpuint(count_synced(dir, "one-1", name), ==, 1);
    }
}

/* ---- The whole ---- */

static void remove_all(const char *path)
{
    g_autoptr(GPtrArray) names = list(path);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *child = g_build_filename(path, names->pdata[i], NULL);
        if (g_file_test(child, G_FILE_TEST_IS_DIR))
            remove_all(child);
        else
            g_remove(child);
    }
    g_rmdir(path);
}

int main(int argc, char **argv)
{
    char *names[] = {(char *)"webcam", (char *)"uvc15", NULL};

    g_test_init(&argc, &argv, NULL);
    seeds = fuzz_seeds_read(names, NULL);
    folder = g_dir_make_tmp("camredir-fuzz-XXXXXX", NULL);
    g_test_add_func("/fuzz/finds", test_finds);
    g_test_add_func("/fuzz/first", test_first);
    g_test_add_func("/fuzz/ignored", test_ignored);
    g_test_add_func("/fuzz/race", test_race);
    g_test_add_func("/fuzz/withdrawn", test_withdrawn);
    g_test_add_func("/fuzz/hang-moves", test_hang_moves);
    g_test_add_func("/fuzz/needs-others", test_needs_others);
    g_test_add_func("/fuzz/several", test_several);
    g_test_add_func("/fuzz/several-lost", test_lost);
    g_test_add_func("/fuzz/several-interrupted", test_interrupted);
    g_test_add_func("/fuzz/same-batches", test_same_batches);
    g_test_add_func("/fuzz/several-again", test_several_again);
    g_test_add_func("/fuzz/places", test_places);
    g_test_add_func("/fuzz/names", test_names);
    g_test_add_func("/fuzz/same-seed", test_same_seed);
    g_test_add_func("/fuzz/killed", test_killed);
    g_test_add_func("/fuzz/job-killed", test_job_killed);
    g_test_add_func("/fuzz/curve", test_curve);
    g_test_add_func("/fuzz/bounds", test_bounds);
    g_test_add_func("/fuzz/asked-to-end", test_asked_to_end);
    g_test_add_func("/fuzz/shared", test_shared);
    g_test_add_func("/fuzz/stats", test_stats);
    g_test_add_func("/fuzz/foreign", test_foreign);
    int status = g_test_run();
    remove_all(folder);
    g_free(folder);
    g_ptr_array_unref(seeds);
    return status;
}
