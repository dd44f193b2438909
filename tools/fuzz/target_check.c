/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child process that looks at case after case, as long as it lives. Case and answer are in memory
   that both have, so a death is that of the case that is there. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fuzz/check.h"
#include "tools/fuzz/mutate.h"

#define MAX_FEATURES 16384
#define MAX_CONSOLE  65536
#define HANG_MS      10000
#define MAX_MEMORY   (G_GUINT64_CONSTANT(2) << 30)

/* ASan's shadow memory is address space, much of it. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HAS_SHADOW 1
#else
#define HAS_SHADOW 0
#endif

typedef struct {
    const char *stage; /* of this program: the same for both */
    guint32 size, n_features;
    guint8 bytes[FUZZ_MAX_PACKED];
    guint32 features[MAX_FEATURES];
} Shared;

typedef struct {
    FuzzTarget base;
    FuzzCheck check;
    Shared *shared;
    pid_t child; /* 0: none */
    int ask, answer, console;
} CheckTarget;

/* ---- The child ---- */

static void look_at_one(const CheckTarget *target, GArray *features)
{
    Shared *shared = target->shared;
    FuzzCase *fuzz_case = fuzz_case_parse(shared->bytes, shared->size);

    g_array_set_size(features, 0);
    target->check(fuzz_case, features, &shared->stage);
    fuzz_case_free(fuzz_case);
    shared->n_features = MIN(features->len, MAX_FEATURES);
    if (features->len > 0)
        memcpy(shared->features, features->data, shared->n_features * sizeof(guint32));
}

G_GNUC_NORETURN static void be_child(const CheckTarget *target, int ask, int answer, pid_t parent)
{
    g_autoptr(GArray) features = g_array_new(FALSE, FALSE, sizeof(guint32));
    const struct rlimit memory = {MAX_MEMORY, MAX_MEMORY}, no_core = {0, 0};
    char word;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* of a terminal: it is for the one above */
    setrlimit(RLIMIT_CORE, &no_core);
    if (!HAS_SHADOW)
        setrlimit(RLIMIT_AS, &memory);
    dup2(target->console, STDOUT_FILENO);
    dup2(target->console, STDERR_FILENO);
    while (getppid() == parent && read(ask, &word, 1) == 1) {
        look_at_one(target, features);
        if (write(answer, &word, 1) != 1)
            break;
    }
    _exit(0);
}

/* ---- The one above ---- */

static gboolean fail_errno(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "%s: %s", what,
                g_strerror(errno));
    return FALSE;
}

static void end_child(CheckTarget *target)
{
    if (target->child == 0)
        return;
    close(target->ask);
    close(target->answer);
    kill(target->child, SIGKILL);
    waitpid(target->child, NULL, 0);
    target->child = 0;
}

static gboolean start_child(CheckTarget *target, GError **error)
{
    int ask[2], answer[2];
    pid_t parent = getpid();

    if (pipe2(ask, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0 ||
        ftruncate(target->console, 0) != 0)
        return fail_errno(error, "self");
    lseek(target->console, 0, SEEK_SET);
    fflush(NULL);
    target->child = fork();
    if (target->child == 0) {
        close(ask[1]);
        close(answer[0]);
        be_child(target, ask[0], answer[1], parent);
    }
    close(ask[0]);
    close(answer[1]);
    target->ask = ask[1];
    target->answer = answer[0];
    if (target->child > 0)
        return TRUE;
    target->child = 0;
    return fail_errno(error, "fork");
}

static gboolean check_fresh(FuzzTarget *base, GError **error)
{
    CheckTarget *target = (CheckTarget *)base;

    end_child(target);
    return start_child(target, error);
}

/* ---- Deaths ---- */

static char *read_console(const CheckTarget *target)
{
    g_autofree char *text = g_malloc0(MAX_CONSOLE + 1);
    ssize_t n = pread(target->console, text, MAX_CONSOLE, 0);

    return n > 0 ? g_utf8_make_valid(text, n) : g_strdup("");
}

/* What says more than a signal, in the words of whoever ended the process. */
static char *reason(const char *console)
{
    static const char *const marks[] = {"SUMMARY: ", "runtime error: ", "camredir bug: ", "ERROR:"};

    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        const char *at = strstr(console, marks[i]);
        if (at)
            return g_strndup(at, strcspn(at, "\n"));
    }
    return NULL;
}

static void say_death(CheckTarget *target, FuzzOutcome *outcome)
{
    int status = 0;

    waitpid(target->child, &status, 0);
    close(target->ask);
    close(target->answer);
    target->child = 0;
    outcome->verdict = FUZZ_DIED;
    outcome->console = read_console(target);
    g_autofree char *why = reason(outcome->console);
    if (why == NULL)
        why = WIFSIGNALED(status) ? g_strdup(g_strsignal(WTERMSIG(status)))
                                  : g_strdup_printf("exit status %d", WEXITSTATUS(status));
    outcome->title = g_strdup_printf("%s: %s", target->shared->stage, why);
}

static void say_hang(CheckTarget *target, FuzzOutcome *outcome)
{
    outcome->verdict = FUZZ_HANG;
    outcome->title = g_strdup_printf("%s: hang", target->shared->stage);
    outcome->console = read_console(target);
    end_child(target);
}

/* ---- A case ---- */

static gboolean put_case(CheckTarget *target, const FuzzCase *fuzz_case, GError **error)
{
    g_autoptr(GBytes) packed = fuzz_case_pack(fuzz_case);
    gsize size;
    const guint8 *bytes = g_bytes_get_data(packed, &size);

    if (size > sizeof target->shared->bytes) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "a case of %" G_GSIZE_FORMAT " bytes is too large", size);
        return FALSE;
    }
    target->shared->stage = "start";
    target->shared->n_features = 0;
    target->shared->size = (guint32)size;
    if (size)
        memcpy(target->shared->bytes, bytes, size);
    return TRUE;
}

static gboolean check_run(FuzzTarget *base, const FuzzCase *fuzz_case, FuzzOutcome *outcome,
                          GError **error)
{
    CheckTarget *target = (CheckTarget *)base;
    struct pollfd answer = {.events = POLLIN};
    gint64 began_us = g_get_monotonic_time();
    char word = 0;
    int ready;

    if (!put_case(target, fuzz_case, error) || (target->child == 0 && !start_child(target, error)))
        return FALSE;
    answer.fd = target->answer;
    if (write(target->ask, &word, 1) == 1) {
        do
            ready = poll(&answer, 1, HANG_MS);
        while (ready < 0 && errno == EINTR);
    } else {
        ready = 1; /* it is dead already */
    }
    if (ready == 0)
        say_hang(target, outcome);
    else if (read(target->answer, &word, 1) != 1)
        say_death(target, outcome);
    g_array_append_vals(outcome->features, target->shared->features, target->shared->n_features);
    outcome->reached = target->shared->stage;
    outcome->taken_us = g_get_monotonic_time() - began_us;
    return TRUE;
}

static void check_free(FuzzTarget *base)
{
    CheckTarget *target = (CheckTarget *)base;

    end_child(target);
    munmap(target->shared, sizeof *target->shared);
    close(target->console);
    g_free(target->base.name);
    g_free(target);
}

FuzzTarget *fuzz_target_check_new(const char *name, FuzzCheck check)
{
    static const FuzzTargetOps ops = {.fresh = check_fresh, .run = check_run, .free = check_free};
    CheckTarget *target = g_new0(CheckTarget, 1);

    target->base = (FuzzTarget){.ops = &ops, .name = g_strdup(name)};
    target->check = check;
    target->console = memfd_create("console", MFD_CLOEXEC);
    target->shared =
        mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (target->console < 0 || target->shared == MAP_FAILED)
        g_error("out of memory");
    return &target->base;
}
