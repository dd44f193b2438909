/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz-kernel/host_readers.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/mock_usb.h"
#include "tests/unit/other_readers.h"

#define CPU_US           200000 /* for what takes libuvc microseconds */
#define PATIENCE_SECONDS 120
#define MAX_LINE         100 /* of what is kept of a line: one may have megabytes */

/* ---- libuvc, in a process that may die ---- */

/* Its last words. */
static int words_fd;

static const char *function_of_libuvc(void *address)
{
    Dl_info info;
    gboolean known = dladdr(address, &info) && info.dli_fname && info.dli_sname;
    return known && strstr(info.dli_fname, "libuvc") ? info.dli_sname : NULL;
}

/* "xuvc_parse_vs_frame_uncompressed", the innermost of libuvc's on the stack. */
static void say_where(int signal_number)
{
    void *addresses[32];
    int n = backtrace(addresses, G_N_ELEMENTS(addresses));
    const char *name = NULL;

    for (int i = 0; i < n && !name; i++)
        name = function_of_libuvc(addresses[i]);
    dprintf(words_fd, "%c%s%s\n", READER_CRASHES, signal_number == SIGVTALRM ? "no end of " : "",
            name ? name : "");
    _exit(1);
}

static void prepare_end(int fd)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGVTALRM};
    void *address;

    words_fd = fd;
    backtrace(&address, 1); /* loads what it needs while that can be loaded */
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        signal(signals[i], say_where);
}

/* A line each for devices from first on, before which it is a process of its own. */
static G_NORETURN void judge_by_libuvc(int fd, guint first, guint n)
{
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    prepare_end(fd);
    OtherReaders *readers = other_readers_new_listed();
    for (guint i = first; i < n; i++) {
        static const struct itimerval patience = {.it_value.tv_usec = CPU_US};
        setitimer(ITIMER_VIRTUAL, &patience, NULL);
        g_autofree char *why =
            other_readers_refused_by_libuvc(readers, (guint8)(MOCK_USB_FIRST + i));
        if (dprintf(fd, "%c%s\n", why ? READER_REFUSES : READER_ACCEPTS, why ? why : "") < 0)
            break;
    }
    _exit(0);
}

/* How many verdicts came from first on, before it ended or died. */
static guint run_libuvc(guint first, guint n, HostVerdicts *verdicts)
{
    int ends[2];
    char line[512];

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
    FILE *words = fdopen(ends[0], "r");
    guint done = 0;
    for (; first + done < n && fgets(line, sizeof line, words); done++) {
        g_strchomp(line);
        verdicts[first + done].libuvc = (ReaderVerdict)line[0];
        verdicts[first + done].libuvc_says = g_strdup(line + 1);
    }
    fclose(words);
    waitpid(pid, NULL, 0);
    return done;
}

static void ask_libuvc(guint n, HostVerdicts *verdicts)
{
    for (guint i = 0; i < n;) {
        guint done = run_libuvc(i, n, verdicts);
        if (!done)
            verdicts[i].libuvc = READER_CRASHES; /* without a word */
        i += MAX(done, 1);
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
                return g_strstrip(g_strndup(lines[i], MAX_LINE));
    return NULL;
}

/* Its place in the text is its place in the program. */
static char *last_line(const char *text)
{
    g_autofree char *whole = g_strchomp(g_strdup(text));
    const char *newline = strrchr(whole, '\n');
    return g_strstrip(g_strndup(newline ? newline + 1 : whole, MAX_LINE));
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
    verdicts->lsusb_says = died ? last_line(text) : find_complaint(text);
    verdicts->lsusb = died                   ? READER_CRASHES
                      : verdicts->lsusb_says ? READER_REFUSES
                                             : READER_ACCEPTS;
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
            ret_verdicts[i] = (HostVerdicts){READER_REFUSES, READER_REFUSES, NULL, NULL};
        ask_lsusb(descriptors + first, some, ret_verdicts + first);
        MockUsb *mock = mock_usb_new_many(descriptors + first, some);
        ask_libuvc(some, ret_verdicts + first);
        mock_usb_free(mock);
    }
}
