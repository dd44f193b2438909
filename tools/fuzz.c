/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir fuzz: breaks cameras on purpose, shows them to a target, and says what that broke. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/fuzz/campaign.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/report.h"
#include "tools/tools.h"

/* Not enum exit_status: for scripts, as 'camredir lint' has it. */
enum { FUZZ_NOTHING = 0, FUZZ_FOUND = 1, FUZZ_FAILED = 2 };

#define REPLAYS       10
#define MINIMISE_RUNS 400 /* of a finding in a campaign */

struct fuzz {
    char *target, *guest, *corpus, *name, *mutate, *replay, *minimise, *kernel, *initramfs;
    gint64 seed, cases;
    int seconds, jobs, controllers;
    gboolean real_time, stream;
    char **seeds, **qemu; /* qemu: its arguments; NULL: the project's own guest */
};

/* ---- Targets ---- */

static FuzzTarget *make_qemu(const struct fuzz *fuzz, GError **error)
{
    const FuzzQemuOptions options = {
        .argv = (const char *const *)fuzz->qemu,
        .kernel = fuzz->kernel,
        .initramfs = fuzz->initramfs,
        .real_time = fuzz->real_time,
        .controllers = (guint)fuzz->controllers,
        .stream = fuzz->stream,
    };
    return fuzz_target_qemu_new(&options, error);
}

static gboolean is_qemu(const struct fuzz *fuzz)
{
    return strcmp(fuzz->target, "qemu") == 0;
}

static FuzzTarget *make_target(gpointer user, GError **error)
{
    const struct fuzz *fuzz = user;

    if (is_qemu(fuzz))
        return make_qemu(fuzz, error);
    return strcmp(fuzz->target, "self") == 0 ? fuzz_target_self_new()
                                             : fuzz_target_address_new(fuzz->target, error);
}

/* What of the command line names the target again, for whoever replays: in its own time, which is
   what a finding must stand. QEMU's arguments come last. */
static char *target_options(const struct fuzz *fuzz)
{
    GString *text = g_string_new("--target ");
    const struct {
        const char *option, *value;
    } named[] = {{"--kernel", fuzz->kernel}, {"--initramfs", fuzz->initramfs}};
    g_autofree char *target = g_shell_quote(fuzz->target);

    g_string_append(text, is_qemu(fuzz) ? "qemu --real-time" : target);
    if (fuzz->stream)
        g_string_append(text, " --stream");
    for (guint i = 0; i < G_N_ELEMENTS(named); i++) {
        g_autofree char *value = named[i].value ? g_shell_quote(named[i].value) : NULL;
        if (value)
            g_string_append_printf(text, " %s %s", named[i].option, value);
    }
    for (guint i = 0; fuzz->qemu && fuzz->qemu[i]; i++) {
        g_autofree char *word = g_shell_quote(fuzz->qemu[i]);
        g_string_append_printf(text, "%s%s", i ? " " : " -- ", word);
    }
    return g_string_free(text, FALSE);
}

/* ---- Folders of findings ---- */

static FuzzTarget *fresh_target(struct fuzz *fuzz, GError **error)
{
    FuzzTarget *target = make_target(fuzz, error);

    if (target && !target->ops->fresh(target, error)) {
        target->ops->free(target);
        return NULL;
    }
    return target;
}

static int replay(struct fuzz *fuzz, GError **error)
{
    g_autofree char *title = NULL;
    FuzzCase *fuzz_case = NULL;
    guint n = fuzz->cases ? (guint)fuzz->cases : REPLAYS, shown = 0;
    GError *inner = NULL;

    if (!fuzz_report_read(fuzz->replay, &fuzz_case, &title, error))
        return FUZZ_FAILED;
    FuzzTarget *target = fresh_target(fuzz, &inner);
    if (target) {
        FuzzMinimiser m = {.target = target, .title = title};
        shown = fuzz_replay(&m, fuzz_case, n, &inner);
        target->ops->free(target);
    }
    fuzz_case_free(fuzz_case);
    if (inner) {
        g_propagate_error(error, inner);
        return FUZZ_FAILED;
    }
    printf("%s\nreproduced %u of %u\n", title, shown, n);
    return shown == n ? FUZZ_NOTHING : FUZZ_FOUND;
}

/* Once more, of a finding that was not made small when it was found. */
static int minimise(struct fuzz *fuzz, GPtrArray *seeds, GError **error)
{
    g_autofree char *title = NULL;
    g_autoptr(GPtrArray) valid = g_ptr_array_new();
    FuzzCase *fuzz_case = NULL;
    guint which;
    GError *inner = NULL;

    if (!fuzz_report_read(fuzz->minimise, &fuzz_case, &title, error))
        return FUZZ_FAILED;
    for (guint i = 0; i < seeds->len; i++)
        g_ptr_array_add(valid, ((FuzzSeed *)seeds->pdata[i])->fuzz_case);
    g_autoptr(FuzzDiff) diff = fuzz_nearest(valid, fuzz_case, &which);
    fuzz_case_free(fuzz_case);
    FuzzTarget *target = fresh_target(fuzz, error);
    if (target == NULL)
        return FUZZ_FAILED;
    FuzzMinimiser m = {.target = target, .title = title};
    g_autofree gboolean *kept = fuzz_minimise(&m, diff, &inner);
    g_autofree char *options = target_options(fuzz);
    FuzzFinding finding = {.title = title,
                           .target = target->name,
                           .options = options,
                           .valid = ((FuzzSeed *)seeds->pdata[which])->name,
                           .diff = diff,
                           .kept = kept};
    printf("%u of %u places stay, after %u runs\n", fuzz_count_kept(diff, kept),
           fuzz_diff_n_groups(diff), m.runs);
    gboolean done = inner == NULL && fuzz_report_write(fuzz->minimise, &finding, &inner);
    target->ops->free(target);
    if (inner)
        g_propagate_error(error, inner);
    return done ? FUZZ_NOTHING : FUZZ_FAILED;
}

/* ---- The campaign ---- */

static int campaign(struct fuzz *fuzz, GPtrArray *seeds, GError **error)
{
    g_autofree char *options = target_options(fuzz);
    const FuzzCampaign campaign = {
        .dir = fuzz->corpus ? fuzz->corpus : "camredir-fuzz",
        .name = fuzz->name ? fuzz->name : "camredir",
        .seeds = seeds,
        .new_target = make_target,
        .user = fuzz,
        .target = fuzz->target,
        .options = options,
        .plain = g_strcmp0(fuzz->mutate, "bytes") == 0,
        .seed = (guint64)fuzz->seed,
        .jobs = (guint)fuzz->jobs,
        .cases = (guint64)fuzz->cases,
        .seconds = (guint)fuzz->seconds,
        .most_minimise_runs = MINIMISE_RUNS,
    };
    FuzzTotals totals;

    if (!fuzz_campaign_run(&campaign, &totals, error))
        return FUZZ_FAILED;
    printf("%s/index.html has the curves%s.\n", campaign.dir,
           totals.findings ? ", findings/ below it what was found" : "");
    return totals.findings ? FUZZ_FOUND : FUZZ_NOTHING;
}

/* ---- The command line ---- */

static gboolean is_one_of(const char *option, const char *value, const char *const *words,
                          GError **error)
{
    if (value == NULL || g_strv_contains(words, value))
        return TRUE;
    g_autofree char *list = g_strjoinv(", ", (char **)words);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is none of %s", option,
                value, list);
    return FALSE;
}

static gboolean is_within(const char *option, gint64 value, gint64 min, gint64 max, GError **error)
{
    if (value >= min && value <= max)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "%s: expected %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, option, min, max);
    return FALSE;
}

static gboolean check_options(const struct fuzz *fuzz, GError **error)
{
    static const char *const mutations[] = {"typed", "bytes", NULL};
    static const char *const guests[] = {"linux", NULL};

    if (fuzz->name && (strchr(fuzz->name, '/') || fuzz->name[0] == '.' || !*fuzz->name)) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--name: expected a word without '/' and '.' at its beginning");
        return FALSE;
    }
    return is_one_of("--mutate", fuzz->mutate, mutations, error) &&
           is_one_of("--guest", fuzz->guest, guests, error) &&
           is_within("--controllers", fuzz->controllers, 1, 15, error) &&
           is_within("--jobs", fuzz->jobs, 1, FUZZ_MAX_JOBS, error) &&
           is_within("--time", fuzz->seconds, 0, G_MAXINT, error) &&
           is_within("--cases", fuzz->cases, 0, G_MAXINT64, error) &&
           is_within("--seed", fuzz->seed, 0, G_MAXINT64, error);
}

static int run(struct fuzz *fuzz, GError **error)
{
    if (!check_options(fuzz, error))
        return FUZZ_FAILED;
    if (fuzz->replay)
        return replay(fuzz, error);
    g_autoptr(GPtrArray) seeds = fuzz_seeds_read(fuzz->seeds, error);
    if (seeds == NULL)
        return FUZZ_FAILED;
    return fuzz->minimise ? minimise(fuzz, seeds, error) : campaign(fuzz, seeds, error);
}

/* What stands behind "--" is QEMU's. */
static char **split_command_line(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++)
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            *argc = i;
            return argv + i + 1;
        }
    return NULL;
}

static int parse_and_run(struct fuzz *fuzz, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"target", 't', 0, G_OPTION_ARG_STRING, &fuzz->target,
         "What is fuzzed: self (the program's own readers, default), qemu (a VM), or the address "
         "of\n"
         "a usb-redir (unix:PATH, tcp:HOST:PORT)",
         "TARGET"},
        {"guest", 0, 0, G_OPTION_ARG_STRING, &fuzz->guest,
         "Of --target qemu: linux (the test guest, default); else QEMU's arguments behind '--'",
         "GUEST"},
        {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->kernel, "Of the test guest", "FILE"},
        {"initramfs", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->initramfs, "Of the test guest", "FILE"},
        {"stream", 0, 0, G_OPTION_ARG_NONE, &fuzz->stream, "The test guest takes pictures", NULL},
        {"real-time", 0, 0, G_OPTION_ARG_NONE, &fuzz->real_time,
         "The test guest's clock is not virtual: slower, and as it is elsewhere", NULL},
        {"controllers", 0, 0, G_OPTION_ARG_INT, &fuzz->controllers,
         "USB controllers of the VM, to be used in turn (1)", "N"},
        {"corpus", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->corpus,
         "What was learnt is there, to go on from, and findings (default camredir-fuzz)", "DIR"},
        {"name", 0, 0, G_OPTION_ARG_STRING, &fuzz->name,
         "Of this campaign in a DIR that several share (default camredir)", "NAME"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &fuzz->jobs, "Processes, each with its own target (1)",
         "N"},
        {"time", 0, 0, G_OPTION_ARG_INT, &fuzz->seconds, "End after so long", "SECONDS"},
        {"cases", 'n', 0, G_OPTION_ARG_INT64, &fuzz->cases,
         "End after so many; with --replay, so often (10)", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &fuzz->seed, "The same seed, the same cases (1)", "N"},
        {"mutate", 0, 0, G_OPTION_ARG_STRING, &fuzz->mutate,
         "typed (default): by what fields mean; bytes: whatever they mean", "HOW"},
        {"replay", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->replay,
         "Try whether a finding shows again, on a fresh target each time", "FOLDER"},
        {"minimise", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->minimise,
         "Make a finding smaller, as a campaign does by itself", "FOLDER"},
        {0},
    };
    fuzz->qemu = split_command_line(&argc, argv);
    if (!options_parse(
            "[SEED...] [-- QEMU ARGUMENTS] - break cameras on purpose, and say what that broke",
            "SEED: a file with descriptors (bytes, JSON, a recording), a folder of such, "
            "or a preset by\nname; without any, all presets. Exit status: 0 nothing "
            "found (--replay: shown each time),\n1 findings (--replay: not each time), "
            "2 it could not be done.",
            entries, &argc, &argv, G_MAXINT - 1))
        return FUZZ_FAILED;
    fuzz->seeds = argv + 1;
    int status = run(fuzz, &error);
    if (error)
        g_printerr("camredir: %s\n", error->message);
    return close_output("fuzz") == EXIT_DONE ? status : FUZZ_FAILED;
}

int fuzz_run(int argc, char **argv)
{
    struct fuzz fuzz = {.target = g_strdup("self"), .seed = 1, .jobs = 1, .controllers = 1};
    int status = parse_and_run(&fuzz, argc, argv);

    g_free(fuzz.target);
    g_free(fuzz.guest);
    g_free(fuzz.kernel);
    g_free(fuzz.initramfs);
    g_free(fuzz.corpus);
    g_free(fuzz.name);
    g_free(fuzz.mutate);
    g_free(fuzz.replay);
    g_free(fuzz.minimise);
    return status;
}
