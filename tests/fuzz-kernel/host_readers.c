/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz-kernel/host_readers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/mock_usb.h"
#include "tests/unit/other_readers.h"

#define PATIENCE_SECONDS 120

/* ---- libuvc, in a process that may die ---- */

/* A byte each for devices from first on, before which it is a process of its own. */
static G_NORETURN void judge_by_libuvc(int fd, guint first, guint n)
{
    int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDERR_FILENO);
    alarm(PATIENCE_SECONDS);
    OtherReaders *readers = other_readers_new_listed();
    for (guint i = first; i < n; i++) {
        alarm(PATIENCE_SECONDS);
        gboolean taken = other_readers_parse_libuvc_at(readers, (guint8)(MOCK_USB_FIRST + i));
        char verdict = taken ? READER_ACCEPTS : READER_REFUSES;
        if (write(fd, &verdict, 1) != 1)
            break;
    }
    _exit(0);
}

/* How many verdicts came from first on, before it ended or died. */
static guint run_libuvc(guint first, guint n, HostVerdicts *verdicts)
{
    int ends[2];
    char verdict;

    if (pipe(ends) < 0)
        g_error("pipe: %s", g_strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        g_error("fork: %s", g_strerror(errno));
    if (pid == 0) {
        close(ends[0]);
        judge_by_libuvc(ends[1], first, n);
    }
    close(ends[1]);
    guint done = 0;
    while (first + done < n && read(ends[0], &verdict, 1) == 1)
        verdicts[first + done++].libuvc = (ReaderVerdict)verdict;
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return done;
}

static void ask_libuvc(guint n, HostVerdicts *verdicts)
{
    for (guint i = 0; i < n; i++) {
        i += run_libuvc(i, n, verdicts);
        if (i < n)
            verdicts[i].libuvc = READER_CRASHES;
    }
}

/* ---- lsusb ---- */

/* Its ways to say that something is wrong with what it shows. What it says of devices that answer
   nothing, as ours, is not among them. */
static const char *const complaints[] = {
    "Warning:",
    "WARNING",
    "INVALID",
    "Invalid",
    "UNRECOGNIZED",
    "junk at descriptor end",
    "UNKNOWN",
    "unknown descriptor type",
    "illegal descriptor",
    "Couldn't get configuration descriptor",
};

static char *find_complaint(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        for (guint c = 0; c < G_N_ELEMENTS(complaints); c++)
            if (strstr(lines[i], complaints[c]))
                return g_strstrip(g_strdup(lines[i]));
    return NULL;
}

/* What it prints. Line by line, so that what goes to standard error stands where it belongs. */
static char *run_lsusb(gboolean *ret_died)
{
    g_autofree char *line =
        g_strdup_printf("exec timeout %d stdbuf -oL lsusb -v 2>&1", PATIENCE_SECONDS);
    const char *const command[] = {"sh", "-c", line, NULL};
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    int status;

    g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL,
                 &status, &error);
    if (error)
        g_error("lsusb: %s", error->message);
    *ret_died = WIFSIGNALED(status) || WEXITSTATUS(status) >= 124;
    return output;
}

static void judge_lsusb(HostVerdicts *verdicts, const char *text, gboolean died)
{
    verdicts->complaint = died ? NULL : find_complaint(text);
    verdicts->lsusb = died ? READER_CRASHES : verdicts->complaint ? READER_REFUSES : READER_ACCEPTS;
}

/* Which of all devices are still to be shown, for it may have died at one of them. */
typedef struct {
    GBytes *descriptors[MOCK_USB_MOST];
    HostVerdicts *verdicts[MOCK_USB_MOST]; /* NULL: judged */
    guint n;
} Pending;

static void keep_unjudged(Pending *pending)
{
    guint n = 0;
    for (guint i = 0; i < pending->n; i++)
        if (pending->verdicts[i]) {
            pending->descriptors[n] = pending->descriptors[i];
            pending->verdicts[n++] = pending->verdicts[i];
        }
    pending->n = n;
}

/* FALSE: it shows none of them. */
static gboolean show_some(Pending *pending)
{
    MockUsb *mock = mock_usb_new_many(pending->descriptors, pending->n);
    gboolean died, any = FALSE;
    g_autofree char *text = run_lsusb(&died);
    g_auto(GStrv) devices = g_strsplit(text, "\nBus 001 Device ", -1);
    mock_usb_free(mock);

    for (guint i = 1; devices[0] && devices[i]; i++) {
        guint n = (guint)strtoul(devices[i], NULL, 10) - MOCK_USB_FIRST;
        if (n >= pending->n || !pending->verdicts[n])
            continue;
        gboolean died_here = died && !devices[i + 1];
        if (died_here && pending->n > 1) { /* was it this one? */
            Pending alone = {{pending->descriptors[n]}, {pending->verdicts[n]}, 1};
            show_some(&alone);
        } else {
            judge_lsusb(pending->verdicts[n], devices[i], died_here);
        }
        pending->verdicts[n] = NULL;
        any = TRUE;
    }
    keep_unjudged(pending);
    return any;
}

static void ask_lsusb(GBytes *const *descriptors, guint n, HostVerdicts *verdicts)
{
    Pending pending = {.n = n};
    for (guint i = 0; i < n; i++) {
        pending.descriptors[i] = descriptors[i];
        pending.verdicts[i] = &verdicts[i];
    }
    while (pending.n && show_some(&pending))
        ;
}

void host_readers_judge(GBytes *const *descriptors, guint n, HostVerdicts *ret_verdicts)
{
    for (guint first = 0; first < n; first += MOCK_USB_MOST) {
        guint some = MIN(MOCK_USB_MOST, n - first);
        /* What neither lists, it refuses. */
        for (guint i = first; i < first + some; i++)
            ret_verdicts[i] = (HostVerdicts){READER_REFUSES, READER_REFUSES, NULL};
        ask_lsusb(descriptors + first, some, ret_verdicts + first);
        MockUsb *mock = mock_usb_new_many(descriptors + first, some);
        ask_libuvc(some, ret_verdicts + first);
        mock_usb_free(mock);
    }
}
