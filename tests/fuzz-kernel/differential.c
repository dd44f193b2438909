/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make differential: the same broken cameras before four readers, and where these disagree.
   usage: differential CASES FOLDER (what is known stays there) >docs/differential.md
          differential CASES: but for the guest, and only whether all is explained, as TAP */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/fuzz-kernel/buckets.h"
#include "tests/fuzz-kernel/guest_reader.h"
#include "tests/fuzz-kernel/host_readers.h"
#include "tests/fuzz-kernel/journal.h"
#include "tests/fuzz-kernel/mutants.h"
#include "tests/unit/mock_usb.h"

#define N_HOSTS 2              /* processes that ask lsusb and libuvc */
#define HOSTS   "lsusb-libuvc" /* journals */
#define GUEST   "uvcvideo"

static void say_progress(const char *reader, guint done, guint n)
{
    static gint64 last;
    gint64 now = g_get_monotonic_time();
    if (done == n || now - last > 10 * G_USEC_PER_SEC) {
        fprintf(stderr, "differential: %s: %u of %u\n", reader, done, n);
        last = now;
    }
}

/* ---- lsusb and libuvc: "ra\tWarning: Descriptor too short\t" ---- */

static void note_hosts(Journal *journal, guint i, HostVerdicts *verdicts)
{
    g_autofree char *line = g_strdup_printf("%c%c\t%s\t%s", verdicts->lsusb, verdicts->libuvc,
                                            verdicts->lsusb_says ? verdicts->lsusb_says : "",
                                            verdicts->libuvc_says ? verdicts->libuvc_says : "");
    journal_put(journal, i, line);
    g_clear_pointer(&verdicts->lsusb_says, g_free);
    g_clear_pointer(&verdicts->libuvc_says, g_free);
}

/* Every N_HOSTS-th camera from `first` on. */
static void ask_hosts(Journal *journal, GBytes *const *inputs, guint first, guint n)
{
    guint i = first;

    while (i < n) {
        HostVerdicts verdicts[MOCK_USB_MOST];
        GBytes *some[MOCK_USB_MOST];
        guint which[MOCK_USB_MOST], n_some = 0;
        for (; i < n && n_some < MOCK_USB_MOST; i += N_HOSTS)
            if (!journal_get(journal, i)) {
                some[n_some] = inputs[i];
                which[n_some++] = i;
            }
        host_readers_judge(some, n_some, verdicts);
        for (guint k = 0; k < n_some; k++)
            note_hosts(journal, which[k], &verdicts[k]);
        say_progress("lsusb, libuvc", MIN(i, n), n);
    }
}

/* ---- uvcvideo: "a probed", "r bound\tno endpoint", "x KASAN: slab-out-of-bounds in f" ---- */

static gboolean ask_guest(Journal *journal, GBytes *const *inputs, guint n, GError **error)
{
    GuestReader *reader = NULL;
    gboolean good = TRUE;

    for (guint i = 0; i < n && good; i++) {
        g_autofree char *line = NULL;
        if (journal_get(journal, i))
            continue;
        if (!reader)
            reader = guest_reader_new(error);
        if (reader)
            line = guest_reader_judge(reader, inputs[i], error);
        good = line != NULL;
        if (good)
            journal_put(journal, i, line);
        say_progress("uvcvideo", i + 1, n);
    }
    guest_reader_free(reader);
    return good;
}

/* ---- all ---- */

static Journal *open_journal(const char *folder, const char *name, GBytes *const *inputs, guint n)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return journal_open(path, inputs, n);
}

/* In a process of its own, beside the guest. What each writes to the journal is a line. */
static pid_t start_hosts(const char *folder, GBytes *const *inputs, guint first, guint n)
{
    pid_t pid = fork();
    if (pid < 0)
        g_error("fork: %s", g_strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        Journal *journal = open_journal(folder, HOSTS, inputs, n);
        ask_hosts(journal, inputs, first, n);
        journal_close(journal);
        _exit(0);
    }
    return pid;
}

static gboolean ask_all(const char *folder, GBytes *const *inputs, guint n, gboolean with_guest)
{
    g_autoptr(GError) error = NULL;
    gboolean good = TRUE;
    pid_t hosts[N_HOSTS];
    for (guint i = 0; i < N_HOSTS; i++)
        hosts[i] = start_hosts(folder, inputs, i, n);
    if (with_guest) {
        Journal *journal = open_journal(folder, GUEST, inputs, n);
        good = ask_guest(journal, inputs, n, &error);
        if (!good)
            fprintf(stderr, "differential: %s\n", error->message);
        journal_close(journal);
    }
    for (guint i = 0; i < N_HOSTS; i++) {
        int status;
        waitpid(hosts[i], &status, 0);
        good = good && status == 0;
    }
    return good;
}

/* "ra\tUNRECOGNIZED\tuvc_get_device_list" and "a probed\tno endpoint"; where the guest was not asked
   (NULL), it is of our mind. */
static Verdicts read_verdicts(const Mutant *mutant, const char *host_line, const char *guest_line)
{
    g_auto(GStrv) hosts = g_strsplit(host_line, "\t", 3);
    const Opinion ours = {mutant_verdict(mutant), NULL};
    return (Verdicts){{[READER_OURS] = ours,
                       [READER_LINUX] =
                           guest_line ? (Opinion){guest_line[0], guest_line + 2} : ours,
                       [READER_LSUSB] = {hosts[0][0], g_intern_string(hosts[1])},
                       [READER_LIBUVC] = {hosts[0][1], g_intern_string(hosts[2])}}};
}

/* guest: NULL where it was not asked. */
static Buckets *sort_out(GPtrArray *mutants, const Journal *hosts, const Journal *guest)
{
    Buckets *buckets = buckets_new();

    for (guint i = 0; i < mutants->len; i++) {
        const Verdicts verdicts = read_verdicts(mutants->pdata[i], journal_get(hosts, i),
                                                guest ? journal_get(guest, i) : NULL);
        buckets_add(buckets, mutants->pdata[i], &verdicts);
    }
    return buckets;
}

/* FALSE: there is a disagreement that nothing explains. */
static gboolean compare(GPtrArray *mutants, GBytes *const *inputs, const char *folder)
{
    g_mkdir_with_parents(folder, 0777);
    if (!ask_all(folder, inputs, mutants->len, TRUE))
        return FALSE;
    Journal *hosts = open_journal(folder, HOSTS, inputs, mutants->len);
    Journal *guest = open_journal(folder, GUEST, inputs, mutants->len);
    Buckets *buckets = sort_out(mutants, hosts, guest);
    buckets_print(buckets);
    gboolean explained = buckets_explained(buckets, FALSE);
    buckets_free(buckets);
    journal_close(hosts);
    journal_close(guest);
    return explained;
}

static gboolean check(GPtrArray *mutants, GBytes *const *inputs)
{
    g_autofree char *folder = g_dir_make_tmp("differential-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, HOSTS, NULL);
    gboolean good = ask_all(folder, inputs, mutants->len, FALSE);

    if (good) {
        Journal *hosts = open_journal(folder, HOSTS, inputs, mutants->len);
        Buckets *buckets = sort_out(mutants, hosts, NULL);
        good = buckets_explained(buckets, TRUE);
        buckets_free(buckets);
        journal_close(hosts);
    }
    g_unlink(path);
    g_rmdir(folder);
    printf("%s 1 - differential: of %u cameras it is known why lsusb and libuvc are of another "
           "mind\n1..1\n",
           good ? "ok" : "not ok", mutants->len);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fputs("usage: differential CASES [FOLDER]\n", stderr);
        return 2;
    }
    if (!mock_usb_init(argv)) {
        fputs("differential: umockdev-wrapper is missing: 'make deps'\n", stderr);
        return 1;
    }
    g_autoptr(GPtrArray) mutants = mutants_new((guint)strtoul(argv[1], NULL, 10));
    g_autofree GBytes **inputs = g_new(GBytes *, mutants->len);
    for (guint i = 0; i < mutants->len; i++)
        inputs[i] = ((Mutant *)mutants->pdata[i])->bytes;
    return (argc == 3 ? compare(mutants, inputs, argv[2]) : check(mutants, inputs)) ? 0 : 1;
}
