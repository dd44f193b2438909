/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make differential: the same broken cameras before four readers, and where these disagree.
   usage: differential CASES FOLDER (what is known stays there) >docs/differential.md */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz-kernel/buckets.h"
#include "tests/fuzz-kernel/host_readers.h"
#include "tests/fuzz-kernel/journal.h"
#include "tests/fuzz-kernel/mutants.h"
#include "tests/unit/mock_usb.h"
#include "tools/fuzz/target.h"

#define AT_ONCE 200

static void say_progress(const char *reader, guint done, guint n)
{
    static gint64 last;
    gint64 now = g_get_monotonic_time();
    if (done == n || now - last > 10 * G_USEC_PER_SEC) {
        fprintf(stderr, "differential: %s: %u of %u\n", reader, done, n);
        last = now;
    }
}

/* ---- lsusb and libuvc: "ra Warning: Descriptor too short" ---- */

static void note_hosts(Journal *journal, guint i, HostVerdicts *verdicts)
{
    g_autofree char *line = g_strdup_printf("%c%c %s", verdicts->lsusb, verdicts->libuvc,
                                            verdicts->complaint ? verdicts->complaint : "");
    journal_put(journal, i, line);
    g_clear_pointer(&verdicts->complaint, g_free);
}

static void ask_hosts(Journal *journal, GBytes *const *inputs, guint n)
{
    guint i = 0;

    while (i < n) {
        HostVerdicts verdicts[AT_ONCE];
        GBytes *some[AT_ONCE];
        guint which[AT_ONCE], n_some = 0;
        for (; i < n && n_some < AT_ONCE; i++)
            if (!journal_get(journal, i)) {
                some[n_some] = inputs[i];
                which[n_some++] = i;
            }
        host_readers_judge(some, n_some, verdicts);
        for (guint k = 0; k < n_some; k++)
            note_hosts(journal, which[k], &verdicts[k]);
        say_progress("lsusb, libuvc", i, n);
    }
}

/* ---- uvcvideo: "a probed", "x KASAN: slab-out-of-bounds in uvc_parse_format" ---- */

/* It takes a camera when it has negotiated pictures with it: the last thing before it makes it
   known to programs. */
static char *judge_outcome(const FuzzOutcome *outcome)
{
    gboolean taken =
        g_strcmp0(outcome->reached, "probed") == 0 || g_strcmp0(outcome->reached, "streamed") == 0;
    if (outcome->verdict != FUZZ_FINE)
        return g_strdup_printf("%c %s", READER_CRASHES, outcome->title);
    return g_strdup_printf("%c %s", taken ? READER_ACCEPTS : READER_REFUSES, outcome->reached);
}

static gboolean ask_guest_of(FuzzTarget *target, GBytes *input, char **ret_line, GError **error)
{
    g_auto(FuzzOutcome) outcome = {0};
    gsize size;
    const guint8 *bytes = g_bytes_get_data(input, &size);
    g_autoptr(FuzzCase) fuzz_case = fuzz_case_parse(bytes, size);

    fuzz_outcome_clear(&outcome);
    if (!target->ops->run(target, fuzz_case, &outcome, error) ||
        (outcome.verdict != FUZZ_FINE && !target->ops->fresh(target, error)))
        return FALSE;
    *ret_line = judge_outcome(&outcome);
    return TRUE;
}

static gboolean ask_guest(Journal *journal, GBytes *const *inputs, guint n, GError **error)
{
    FuzzTarget *target = NULL;
    FuzzQemuOptions options = {0};
    gboolean good = TRUE;

    for (guint i = 0; i < n && good; i++) {
        g_autofree char *line = NULL;
        if (journal_get(journal, i))
            continue;
        if (!target) {
            target = fuzz_target_qemu_new(&options, error);
            good = target && target->ops->fresh(target, error);
        }
        good = good && ask_guest_of(target, inputs[i], &line, error);
        if (good)
            journal_put(journal, i, line);
        say_progress("uvcvideo", i + 1, n);
    }
    if (target)
        target->ops->free(target);
    return good;
}

/* ---- all ---- */

static Journal *open_journal(const char *folder, const char *name, GBytes *const *inputs, guint n)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return journal_open(path, inputs, n);
}

/* FALSE: there is a disagreement that nothing explains. */
static gboolean document(GPtrArray *mutants, const Journal *hosts, const Journal *guest)
{
    Buckets *buckets = buckets_new();

    for (guint i = 0; i < mutants->len; i++) {
        const char *host_line = journal_get(hosts, i), *guest_line = journal_get(guest, i);
        const Verdicts verdicts = {
            {mutant_verdict(mutants->pdata[i]), guest_line[0], host_line[0], host_line[1]}};
        buckets_add(buckets, mutants->pdata[i], &verdicts);
    }
    gboolean explained = buckets_print(buckets);
    buckets_free(buckets);
    return explained;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: differential CASES FOLDER\n", stderr);
        return 2;
    }
    if (!mock_usb_init(argv)) {
        fputs("differential: umockdev-wrapper is missing: 'make deps'\n", stderr);
        return 1;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) mutants = mutants_new((guint)strtoul(argv[1], NULL, 10));
    g_autofree GBytes **inputs = g_new(GBytes *, mutants->len);
    for (guint i = 0; i < mutants->len; i++)
        inputs[i] = ((Mutant *)mutants->pdata[i])->bytes;
    g_mkdir_with_parents(argv[2], 0777);
    Journal *hosts = open_journal(argv[2], "hosts", inputs, mutants->len);
    Journal *guest = open_journal(argv[2], "guest", inputs, mutants->len);

    ask_hosts(hosts, inputs, mutants->len);
    int status = 1;
    if (!ask_guest(guest, inputs, mutants->len, &error))
        fprintf(stderr, "differential: %s\n", error->message);
    else if (document(mutants, hosts, guest))
        status = 0;
    journal_close(hosts);
    journal_close(guest);
    return status;
}
