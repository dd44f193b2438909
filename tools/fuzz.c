/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir fuzz: breaks cameras on purpose, shows them to a target, and says
 * what that broke. */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "redir/address.h"
#include "tools/fuzz/campaign.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/report.h"
#include "tools/tools.h"

/* Not enum exit_status: for scripts, as 'camredir lint' has it. */
enum { FUZZ_NOTHING = 0, FUZZ_FOUND = 1, FUZZ_FAILED = 2 };

#define REPLAYS       10
#define MINIMISE_RUNS 400 /* of a finding in a campaign */

struct fuzz {
    char *target, *guest, *kernel, *initramfs, *corpus, *name, *mutate, *replay, *minimise;
    char *controllers;         /* NULL: by itself */
    guint n_controllers, ehci; /* of that, as FuzzQemuOptions have them */
    gint64 seed, cases;
    int seconds, findings, jobs, devices;
    gboolean stream, real_time, allow_remote;
    char **seeds, **qemu; /* qemu: a command line, NULL: none */
    char **ignored;       /* NULL: none */
};

/* ---- Targets ---- */

static gboolean is_qemu(const struct fuzz *fuzz)
{
    return strcmp(fuzz->target, "qemu") == 0;
}

static FuzzTarget *make_self(const struct fuzz *fuzz, GError **error)
{
    (void)fuzz;
    (void)error;
    return fuzz_target_self_new();
}

static FuzzTarget *make_qemu(const struct fuzz *fuzz, GError **error)
{
    const FuzzQemuOptions options = {.argv = (const char *const *)fuzz->qemu,
                                     .kernel = fuzz->kernel,
                                     .initramfs = fuzz->initramfs,
                                     .real_time = fuzz->real_time || fuzz->devices > 1 ||
                                                  (fuzz->qemu && fuzz->replay),
                                     .controllers = fuzz->n_controllers,
                                     .ehci = fuzz->ehci,
                                     .devices = (guint)fuzz->devices,
                                     .stream = fuzz->stream};
    return fuzz_target_qemu_new(&options, error);
}

static FuzzTarget *make_address(const struct fuzz *fuzz, GError **error)
{
    return fuzz_target_address_new(fuzz->target, error);
}

/* By --target; an address is none of the words. */
static const struct target {
    const char *word;
    FuzzTarget *(*make)(const struct fuzz *fuzz, GError **error);
} targets[] = {{"self", make_self}, {"qemu", make_qemu}, {NULL, make_address}};

static const struct target *target_of(const struct fuzz *fuzz)
{
    const struct target *target = targets;
    while (target->word && strcmp(target->word, fuzz->target) != 0)
        target++;
    return target;
}

static FuzzTarget *make_target(gpointer user, GError **error)
{
    return target_of(user)->make(user, error);
}

static char *quoted(const char *word)
{
    const gsize plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_./:=,-");
    return *word && plain == strlen(word) ? g_strdup(word) : g_shell_quote(word);
}

static void add_word(GString *text, const char *option, const char *value)
{
    g_autofree char *word = quoted(value ? value : "");

    g_string_append_printf(text, "%s%s%s%s", text->len ? " " : "", option,
                           value && *option ? " " : "", value ? word : "");
}

/* What of the command line names the target again. */
static char *target_options(const struct fuzz *fuzz, gboolean real_time)
{
    GString *text = g_string_new(NULL);
    g_autofree char *devices = g_strdup_printf("%d", fuzz->devices);
    const struct {
        gboolean given;
        const char *option, *value;
    } words[] = {
        {!fuzz->guest, "--target", fuzz->target},
        {fuzz->guest != NULL, "--guest", fuzz->guest},
        {fuzz->kernel != NULL, "--kernel", fuzz->kernel},
        {fuzz->initramfs != NULL, "--initramfs", fuzz->initramfs},
        {fuzz->stream, "--stream", NULL},
        {is_qemu(fuzz) && !fuzz->qemu && real_time, "--real-time", NULL},
        {fuzz->controllers != NULL, "--controllers", fuzz->controllers},
        {fuzz->devices > 1, "--devices", devices},
        {fuzz->allow_remote, "--allow-remote", NULL},
        {fuzz->qemu != NULL, "--", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (words[i].given)
            add_word(text, words[i].option, words[i].value);
    for (char **arg = fuzz->qemu; arg && *arg; arg++)
        add_word(text, "", *arg);
    return g_string_free(text, FALSE);
}

/* The same for whoever replays: in its own time, which is what a finding must stand. */
static char *replay_options(const struct fuzz *fuzz)
{
    return target_options(fuzz, TRUE);
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

static void warn_of_other_target(const char *folder, const FuzzReported *reported,
                                 const FuzzTarget *target)
{
    if (reported->target && strcmp(reported->target, target->name) != 0)
        g_warning("%s: it was found with another target, '%s', and this is '%s': see --target and "
                  "--guest",
                  folder, reported->target, target->name);
}

static int replay(struct fuzz *fuzz, GError **error)
{
    g_auto(FuzzReported) reported = {0};
    guint n = fuzz->cases ? (guint)fuzz->cases : REPLAYS, shown = 0;
    GError *inner = NULL;

    if (!fuzz_report_read(fuzz->replay, &reported, error))
        return FUZZ_FAILED;
    if (fuzz_case_is_newer(reported.fuzz_case))
        g_warning("%s: its camera does something wrong that is not known here: was it found by a "
                  "newer camredir?",
                  fuzz->replay);
    FuzzTarget *target = make_target(fuzz, &inner);
    FuzzMinimiser m = {0};
    if (target) {
        warn_of_other_target(fuzz->replay, &reported, target);
        m = (FuzzMinimiser){.target = target,
                            .title = reported.title,
                            .before = reported.before,
                            .beside = reported.beside};
        shown = fuzz_replay(&m, reported.fuzz_case, n, &inner);
        if (inner && target->borrowed && m.replays) {
            g_message("%s; it was tried %u of %u times", inner->message, m.replays, n);
            g_clear_error(&inner);
            n = m.replays;
        }
        target->ops->free(target);
    }
    if (inner) {
        g_propagate_error(error, inner);
        return FUZZ_FAILED;
    }
    printf("%s\nreproduced %u of %u\n", reported.title, shown, n);
    if (shown < n)
        printf("The last time that it did not show: %s\n", *m.instead ? m.instead : "nothing");
    return shown == n ? FUZZ_NOTHING : FUZZ_FOUND;
}

/* What the smaller case does, for its report. */
static gboolean look_again(FuzzMinimiser *m, FuzzFinding *finding, FuzzOutcome *outcome,
                           GError **error)
{
    g_autoptr(FuzzCase) small = fuzz_diff_apply(finding->diff, finding->kept);

    for (guint i = 0; i < MAX(m->tries, 1) && g_strcmp0(outcome->title, m->title) != 0; i++)
        if (!fuzz_run_fresh(m, small, outcome, error))
            return FALSE;
    if (g_strcmp0(outcome->title, m->title) != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s: does not show again; its folder is as it was", m->title);
        return FALSE;
    }
    finding->verdict = outcome->verdict;
    finding->place = outcome->place;
    finding->console = outcome->console;
    m->place = NULL;
    finding->shown = fuzz_replay_anew(m, small, error);
    finding->replays = m->replays;
    return *error == NULL;
}

static gboolean make_smaller(struct fuzz *fuzz, FuzzTarget *target, const FuzzReported *reported,
                             GPtrArray *seeds, GError **error)
{
    g_autoptr(GPtrArray) valid = g_ptr_array_new();
    g_auto(FuzzOutcome) outcome = {0};
    g_autofree char *options = replay_options(fuzz);
    FuzzMinimiser m = {.target = target,
                       .title = reported->title,
                       .place = reported->place,
                       .before = reported->before->len ? reported->before : NULL,
                       .beside = reported->beside};
    guint which;

    for (guint i = 0; i < seeds->len; i++)
        g_ptr_array_add(valid, ((FuzzSeed *)seeds->pdata[i])->fuzz_case);
    g_autoptr(FuzzDiff) diff = fuzz_nearest(valid, reported->fuzz_case, &which);
    const guint all = fuzz_diff_n_groups(diff);
    g_autofree gboolean *kept = fuzz_make_small(&m, valid->pdata[which], &diff, error);
    if (*error)
        return FALSE;
    printf("%u of %u places stay, after %u runs\n", fuzz_count_kept(diff, kept), all, m.runs);
    FuzzFinding finding = {.title = reported->title,
                           .target = target->name,
                           .options = options,
                           .valid = ((FuzzSeed *)seeds->pdata[which])->name,
                           .number = reported->number,
                           .seed = reported->seed,
                           .before = reported->before->len ? reported->before : NULL,
                           .beside = reported->beside->len ? reported->beside : NULL,
                           .diff = diff,
                           .kept = kept};
    return look_again(&m, &finding, &outcome, error) &&
           fuzz_report_write(fuzz->minimise, &finding, error);
}

/* Once more, of a finding that was not made small when it was found. */
static int minimise(struct fuzz *fuzz, GPtrArray *seeds, GError **error)
{
    g_auto(FuzzReported) reported = {0};
    GError *inner = NULL;

    if (!fuzz_report_read(fuzz->minimise, &reported, error))
        return FUZZ_FAILED;
    FuzzTarget *target = fresh_target(fuzz, error);
    if (target == NULL)
        return FUZZ_FAILED;
    gboolean done = make_smaller(fuzz, target, &reported, seeds, &inner);
    target->ops->free(target);
    if (inner)
        g_propagate_error(error, inner);
    return done ? FUZZ_NOTHING : FUZZ_FAILED;
}

/* ---- The campaign ---- */

static int campaign(struct fuzz *fuzz, GPtrArray *seeds, GError **error)
{
    g_autofree char *options = replay_options(fuzz);
    g_autofree char *target = target_options(fuzz, fuzz->real_time);
    const FuzzCampaign campaign = {
        .dir = fuzz->corpus ? fuzz->corpus : "camredir-fuzz",
        .name = fuzz->name ? fuzz->name : "camredir",
        .seeds = seeds,
        .new_target = make_target,
        .user = fuzz,
        .target = target,
        .options = options,
        .plain = g_strcmp0(fuzz->mutate, "bytes") == 0,
        .seed = (guint64)fuzz->seed,
        .jobs = (guint)fuzz->jobs,
        .cases = (guint64)fuzz->cases,
        .seconds = (guint)fuzz->seconds,
        .findings = (guint)fuzz->findings,
        .most_minimise_runs = MINIMISE_RUNS,
        .ignored = (const char *const *)fuzz->ignored,
    };
    FuzzTotals totals;

    if (!fuzz_campaign_run(&campaign, &totals, error))
        return FUZZ_FAILED;
    for (guint i = 0; fuzz->ignored && fuzz->ignored[i]; i++)
        printf("Ignored as '%s': %" G_GUINT64_FORMAT " cases.\n", fuzz->ignored[i],
               totals.ignored[i]);
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

static gboolean refuse(GError **error, const char *text)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return FALSE;
}

static gboolean is_loopback(const char *host)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
    return strcmp(host, "localhost") == 0 || (address && g_inet_address_get_is_loopback(address));
}

static gboolean check_address(const struct fuzz *fuzz, GError **error)
{
    g_autoptr(RedirAddress) address = redir_address_parse(fuzz->target, error);

    if (address == NULL)
        return FALSE;
    if (fuzz->jobs > 1)
        return refuse(error, "--jobs: one address is one job's: start one campaign an address, "
                             "with a --name each");
    if (address->scheme == REDIR_SCHEME_TCP && !is_loopback(address->host) && !fuzz->allow_remote)
        return refuse(error, "--target: that is another machine: its VM may crash. "
                             "--allow-remote if you may do that to it");
    return TRUE;
}

/* "xhci,ehci,xhci" */
static gboolean read_kinds(struct fuzz *fuzz, GError **error)
{
    static const char *const kinds[] = {"xhci", "ehci", NULL};
    g_auto(GStrv) words = g_strsplit(fuzz->controllers, ",", -1);

    fuzz->n_controllers = g_strv_length(words);
    if (!is_within("--controllers", fuzz->n_controllers, 1, FUZZ_MOST_CONTROLLERS, error))
        return FALSE;
    for (guint i = 0; words[i]; i++) {
        if (!is_one_of("--controllers", words[i], kinds, error))
            return FALSE;
        fuzz->ehci |= (guint)(strcmp(words[i], "ehci") == 0) << i;
    }
    if (fuzz->ehci && !fuzz->qemu && !fuzz->real_time && fuzz->devices == 1)
        return refuse(error,
                      "--controllers: under a virtual clock an EHCI's cameras are not seen in "
                      "time: give --real-time");
    return !fuzz->ehci || (guint)fuzz->devices <= fuzz->n_controllers * FUZZ_EHCI_PORTS ||
           refuse(error, "--controllers: an EHCI has six ports: name more controllers");
}

/* The same, or "3". */
static gboolean read_controllers(struct fuzz *fuzz, GError **error)
{
    guint64 n = 0;

    if (!fuzz->controllers)
        return TRUE;
    if (!is_qemu(fuzz))
        return refuse(error, "--controllers: only with --target qemu");
    if (!g_ascii_isdigit(*fuzz->controllers))
        return read_kinds(fuzz, error);
    if (!g_ascii_string_to_unsigned(fuzz->controllers, 10, 1, FUZZ_MOST_CONTROLLERS, &n, error)) {
        g_prefix_error(error, "--controllers: ");
        return FALSE;
    }
    fuzz->n_controllers = (guint)n;
    return TRUE;
}

static gboolean is_file(const char *option, const char *path, GError **error)
{
    if (path == NULL || g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s: there is no such file",
                option, path);
    return FALSE;
}

static gboolean check_target(const struct fuzz *fuzz, GError **error)
{
    static const char *const guests[] = {"linux", NULL};
    gboolean is_own = is_qemu(fuzz) && !fuzz->qemu;

    if (!is_one_of("--guest", fuzz->guest, guests, error))
        return FALSE;
    if (fuzz->qemu && !fuzz->qemu[0])
        return refuse(error, "--: expected QEMU's command line behind it");
    if (fuzz->guest && fuzz->qemu)
        return refuse(error, "--guest and a command line of QEMU: give one");
    if (!is_qemu(fuzz) && (fuzz->qemu || fuzz->guest))
        return refuse(error, "--guest, and a command line behind '--', are for --target qemu");
    if (!is_own && (fuzz->kernel || fuzz->initramfs || fuzz->stream || fuzz->real_time))
        return refuse(error, "--kernel, --initramfs, --stream, --real-time: only with the "
                             "program's own guest");
    if (!is_qemu(fuzz) && fuzz->devices > 1)
        return refuse(error, "--devices: only with --target qemu");
    return is_file("--kernel", fuzz->kernel, error) &&
           is_file("--initramfs", fuzz->initramfs, error) &&
           (target_of(fuzz)->word || check_address(fuzz, error));
}

static gboolean check_options(const struct fuzz *fuzz, GError **error)
{
    static const char *const mutations[] = {"typed", "bytes", NULL};

    if (fuzz->name && (strchr(fuzz->name, '/') || fuzz->name[0] == '.' || !*fuzz->name))
        return refuse(error, "--name: expected a word without '/' and '.' at its beginning");
    if (fuzz->corpus && !*fuzz->corpus)
        return refuse(error, "--corpus: expected a folder's name");
    if (fuzz->replay && (fuzz->minimise || fuzz->seeds[0]))
        return refuse(error, "--replay: only a finding's folder, without --minimise and seeds");
    return is_one_of("--mutate", fuzz->mutate, mutations, error) && check_target(fuzz, error) &&
           is_within("--ignore", fuzz->ignored ? g_strv_length(fuzz->ignored) : 0, 0,
                     FUZZ_MAX_IGNORED, error) &&
           is_within("--jobs", fuzz->jobs, 1, FUZZ_MAX_JOBS, error) &&
           is_within("--devices", fuzz->devices, 1, FUZZ_MOST_TOGETHER, error) &&
           is_within("--time", fuzz->seconds, 0, G_MAXINT, error) &&
           is_within("--findings", fuzz->findings, 0, G_MAXINT, error) &&
           is_within("--cases", fuzz->cases, 0, G_MAXINT64, error) &&
           is_within("--seed", fuzz->seed, 0, G_MAXINT64, error);
}

static int run(struct fuzz *fuzz, GError **error)
{
    if (!check_options(fuzz, error) || !read_controllers(fuzz, error))
        return FUZZ_FAILED;
    if (fuzz->replay)
        return replay(fuzz, error);
    g_autoptr(GPtrArray) seeds = fuzz_seeds_read(fuzz->seeds, error);
    if (seeds == NULL)
        return FUZZ_FAILED;
    return fuzz->minimise ? minimise(fuzz, seeds, error) : campaign(fuzz, seeds, error);
}

/* What follows "--", which ends the command line. */
static char **split_qemu(int *argc, char **argv)
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
         "self (the program's own readers, default), qemu (a VM), or the address of a usb-redir: "
         "unix:PATH, tcp:HOST:PORT",
         "TARGET"},
        {"guest", 'g', 0, G_OPTION_ARG_STRING, &fuzz->guest,
         "Of --target qemu: linux (the test guest, default); else QEMU's command line behind '--'",
         "GUEST"},
        {"kernel", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->kernel, "Of the test guest", "FILE"},
        {"initramfs", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->initramfs, "Of the test guest", "FILE"},
        {"stream", 0, 0, G_OPTION_ARG_NONE, &fuzz->stream,
         "The test guest uses each camera and takes pictures", NULL},
        {"real-time", 0, 0, G_OPTION_ARG_NONE, &fuzz->real_time,
         "The test guest's clock is not virtual: slower, and as it is elsewhere", NULL},
        {"controllers", 0, 0, G_OPTION_ARG_STRING, &fuzz->controllers,
         "USB controllers of the VM, used in turn (1; with --devices one for each two); KINDS: "
         "xhci,ehci,...",
         "N|KINDS"},
        {"devices", 0, 0, G_OPTION_ARG_INT, &fuzz->devices,
         "So many cameras are plugged into the VM at once, in real time (1)", "N"},
        {"allow-remote", 0, 0, G_OPTION_ARG_NONE, &fuzz->allow_remote,
         "tcp:HOST may be another machine", NULL},
        {"corpus", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->corpus,
         "What was learnt is there, to go on from, and findings (default "
         "camredir-fuzz)",
         "DIR"},
        {"name", 0, 0, G_OPTION_ARG_STRING, &fuzz->name,
         "Of this campaign in a DIR that several share (default camredir)", "NAME"},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &fuzz->jobs, "Processes, each with its own target (1)",
         "N"},
        {"time", 0, 0, G_OPTION_ARG_INT, &fuzz->seconds, "End after so long", "SECONDS"},
        {"cases", 'n', 0, G_OPTION_ARG_INT64, &fuzz->cases,
         "End after so many; with --replay, so often (10)", "N"},
        {"findings", 0, 0, G_OPTION_ARG_INT, &fuzz->findings, "End after so many", "N"},
        {"ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &fuzz->ignored,
         "A finding of that title is known: it is counted, and no finding; * and ? stand for what "
         "they do in a shell; may be given again",
         "TITLE"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &fuzz->seed, "The same seed, the same cases (1)", "N"},
        {"mutate", 0, 0, G_OPTION_ARG_STRING, &fuzz->mutate,
         "typed (default): by what fields mean; bytes: whatever they mean", "HOW"},
        {"replay", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->replay,
         "Try whether a finding shows again, on a fresh target each time", "FOLDER"},
        {"minimise", 0, 0, G_OPTION_ARG_FILENAME, &fuzz->minimise,
         "Make a finding smaller, as a campaign does by itself", "FOLDER"},
        {0},
    };
    fuzz->qemu = split_qemu(&argc, argv);
    if (!options_parse("[SEED...] [-- QEMU ARGUMENTS...] - break cameras on "
                       "purpose, and say what that broke",
                       "SEED: a file with descriptors (bytes, JSON, a "
                       "recording), a folder of such, "
                       "or a preset by\nname; without any, all presets. Exit "
                       "status: 0 nothing "
                       "found (--replay: shown each time),\n1 findings "
                       "(--replay: not each time), "
                       "2 it could not be done.",
                       entries, &argc, &argv, G_MAXINT - 1))
        return FUZZ_FAILED;
    fuzz->seeds = argv + 1;
    if (!fuzz->target)
        fuzz->target = g_strdup(fuzz->guest ? "qemu" : "self");
    int status = run(fuzz, &error);
    if (error)
        g_printerr("camredir: %s\n", error->message);
    return close_output("fuzz") == EXIT_DONE ? status : FUZZ_FAILED;
}

int fuzz_run(int argc, char **argv)
{
    struct fuzz fuzz = {.seed = 1, .jobs = 1, .devices = 1};
    int status = parse_and_run(&fuzz, argc, argv);

    char *const strings[] = {fuzz.target,   fuzz.guest,      fuzz.kernel, fuzz.initramfs,
                             fuzz.corpus,   fuzz.name,       fuzz.mutate, fuzz.replay,
                             fuzz.minimise, fuzz.controllers};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_strfreev(fuzz.ignored);
    return status;
}
