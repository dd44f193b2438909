/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir fuzz as a user runs it: what is refused and why, exit statuses, and a finding's way from
   a folder to its replay. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/unit/program.h"
#include "tests/unit/wait.h"

static char *program, *folder;

typedef struct {
    char *output, *errors;
    int status;
} Run;

static void run_clear(Run *run)
{
    g_free(run->output);
    g_free(run->errors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* arguments: words behind 'camredir fuzz', in the test's folder. */
static char **command_line(const char *arguments)
{
    g_autofree char *whole = g_strjoin(" ", program, "fuzz", arguments, NULL);
    return g_strsplit(whole, " ", -1);
}

static Run run_fuzz(const char *arguments)
{
    g_auto(GStrv) argv = command_line(arguments);
    g_autoptr(GError) error = NULL;
    Run run = {0};

    g_spawn_sync(folder, argv, NULL, G_SPAWN_DEFAULT, end_with_test, NULL, &run.output, &run.errors,
                 &run.status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(run.status));
    run.status = WEXITSTATUS(run.status);
    return run;
}

static char *contents(const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_refused(void)
{
    static const struct {
        const char *arguments, *says;
    } rows[] = {
        {"--jobs 0", "1 to 64"},
        {"--cases -1", "--cases"},
        {"--mutate words", "typed, bytes"},
        {"--target elf", "unix:"},
        {"--target tcp:example.org:4000", "--allow-remote"},
        {"--target tcp:127.0.0.1:4000 --jobs 2", "--name"},
        {"--target self -- qemu-system-x86_64", "--target qemu"},
        {"--guest windows", "linux"},
        {"--guest linux -- qemu-system-x86_64", "give one"},
        {"--kernel vmlinux", "--kernel"},
        {"--controllers 2", "--controllers"},
        {"--guest linux --controllers 99", "--controllers"},
        {"--guest linux --controllers xhci,ohci", "xhci, ehci"},
        {"--guest linux --controllers ehci --devices 7", "six ports"},
        {"--guest linux --controllers xhci,ehci", "--real-time"},
        {"--devices 2", "--devices"},
        {"--target qemu --stream -- qemu-system-x86_64", "--stream"},
        {"--target qemu --devices 2 --controllers xhci,ehci -- false", "QEMU ended"},
        {"--guest linux --devices 0", "1 to 16"},
        {"--guest linux --devices 17", "1 to 16"},
        {"--guest linux --target self", "--target qemu"},
        {"--guest linux --kernel no-such-kernel", "no-such-kernel"},
        {"--guest linux --initramfs .", "--initramfs"},
        {"--target qemu --", "QEMU's command line"},
        {"--corpus=", "--corpus"},
        {"--replay . --minimise .", "--minimise"},
        {"--replay . webcam", "seeds"},
        {"--name a/b", "--name"},
        {"--name .a", "--name"},
        {"no-such-seed", "no-such-seed"},
        {"--replay no-such-folder", "no-such-folder"},
        {"--minimise no-such-folder", "no-such-folder"},
        {"--corpus /proc/fuzz", "/proc/fuzz"},
        {"--nonsense", "--help"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Run) run = run_fuzz(rows[i].arguments);
        g_test_message("%s: %s", rows[i].arguments, run.errors);
        g_assert_cmpint(run.status, ==, 2);
        g_assert_nonnull(strstr(run.errors, rows[i].says));
    }
}

/* Ours read all that there is; what was learnt is gone on from. */
static void test_self(void)
{
    g_auto(Run) run = run_fuzz("webcam --cases 200 --jobs 2 --corpus c --name us");
    g_auto(Run) more = run_fuzz("webcam --cases 100 --jobs 2 --corpus c --name us");
    g_auto(Run) plain = run_fuzz("webcam --cases 100 --corpus c --name plain --mutate bytes");

    g_assert_cmpint(run.status, ==, 0);
    g_assert_cmpint(more.status, ==, 0);
    g_assert_cmpint(plain.status, ==, 0);
    g_assert_nonnull(strstr(run.output, " 200 cases ("));
    g_assert_nonnull(strstr(run.output, "all read"));
    g_assert_nonnull(strstr(run.output, "c/index.html"));
    g_assert_nonnull(strstr(more.output, " 300 cases ("));
    g_autofree char *page = contents("c/index.html");
    g_assert_nonnull(strstr(page, "Nothing was found"));
}

/* A folder of a finding that never shows with this target. */
static void test_replay(void)
{
    g_autofree char *finding = g_build_filename(folder, "finding", NULL);
    g_autofree char *report = g_build_filename(finding, "report.md", NULL);
    g_autofree char *bytes = g_build_filename(finding, "case.bin", NULL);
    g_autofree char *others = g_build_filename(finding, "before", NULL);
    g_autofree char *no_case = g_build_filename(others, "000.bin", NULL);

    g_assert_cmpint(g_mkdir(finding, 0755), ==, 0);
    g_assert_true(g_file_set_contents(report, "# lint: it fell\n", -1, NULL));
    g_assert_true(g_file_set_contents(bytes, "\x12\x01", 2, NULL));
    g_auto(Run) run = run_fuzz("--replay finding --cases 4");
    g_assert_cmpint(run.status, ==, 1);
    g_assert_nonnull(strstr(run.output, "lint: it fell\nreproduced 0 of 4\n"));
    g_assert_null(strstr(run.errors, "newer"));
    g_assert_null(strstr(run.errors, "another target"));
    g_assert_nonnull(strstr(run.output, "did not show: nothing\n"));
    g_assert_true(g_file_set_contents(report, "# lint: it fell\n\n- Target: a VM\n", -1, NULL));
    g_auto(Run) elsewhere = run_fuzz("--replay finding --cases 1");
    g_assert_cmpint(elsewhere.status, ==, 1);
    g_assert_nonnull(strstr(elsewhere.errors, "another target, 'a VM', and this is 'self'"));
    g_assert_true(g_file_set_contents(bytes, "\x09\xfa\xff\0\0\0\0\0", 9, NULL));
    g_auto(Run) newer = run_fuzz("--replay finding --cases 1");
    g_assert_cmpint(newer.status, ==, 1);
    g_assert_nonnull(strstr(newer.errors, "newer"));
    g_assert_cmpint(g_mkdir(others, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(no_case, 0755), ==, 0);
    g_auto(Run) unread = run_fuzz("--replay finding --cases 1");
    g_assert_cmpint(unread.status, ==, 2);
    g_assert_nonnull(strstr(unread.errors, "finding/before/000.bin"));
    g_assert_true(g_file_set_contents(report, "no title\n", -1, NULL));
    g_auto(Run) broken = run_fuzz("--replay finding");
    g_assert_cmpint(broken.status, ==, 2);
    g_assert_nonnull(strstr(broken.errors, "report.md"));
    g_autofree char *much = g_strnfill(200000, 'x');
    g_assert_true(g_file_set_contents(bytes, much, -1, NULL));
    g_auto(Run) large = run_fuzz("--replay finding");
    g_assert_cmpint(large.status, ==, 2);
    g_assert_nonnull(strstr(large.errors, "larger than expected"));
}

/* What stands where QEMU is looked for, and never tells anything. */
static char **with_mute_qemu(void)
{
    g_autofree char *path = g_build_filename(folder, "qemu-system-x86_64", NULL);
    g_autofree char *search = g_strjoin(":", folder, g_getenv("PATH"), NULL);

    g_assert_true(g_file_set_contents(path, "#!/bin/sh\n>started\nexec sleep 1000\n", -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
    return g_environ_setenv(g_get_environ(), "PATH", search, TRUE);
}

/* No boot is waited for, whosever guest it is. */
static void test_ended_early(gconstpointer arguments)
{
    g_auto(GStrv) argv = command_line(arguments), environment = with_mute_qemu();
    g_autofree char *started = g_build_filename(folder, "started", NULL);
    g_autoptr(GError) error = NULL;
    int status;
    GPid pid;

    g_spawn_async(folder, argv, environment, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                  end_with_test, NULL, &pid, &error);
    g_assert_no_error(error);
    WAIT_STEPPING(g_file_test(started, G_FILE_TEST_EXISTS), g_usleep(10000));
    g_assert_cmpint(kill(pid, SIGINT), ==, 0);
    WAIT_STEPPING(waitpid(pid, &status, WNOHANG) == pid, g_usleep(10000));
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    g_assert_cmpint(g_remove(started), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *here = g_path_get_dirname(self);
    program = g_canonicalize_filename("../../camredir", here);
    folder = g_dir_make_tmp("camredir-fuzz-XXXXXX", NULL);
    g_test_add_func("/fuzz-command/refused", test_refused);
    g_test_add_func("/fuzz-command/self", test_self);
    g_test_add_func("/fuzz-command/replay", test_replay);
    g_test_add_data_func("/fuzz-command/ended-early/own",
                         "--guest linux --kernel qemu-system-x86_64 "
                         "--initramfs qemu-system-x86_64 --corpus early-own",
                         test_ended_early);
    g_test_add_data_func("/fuzz-command/ended-early/yours",
                         "--target qemu --corpus early-yours -- qemu-system-x86_64",
                         test_ended_early);
    int status = g_test_run();
    char *remove[] = {(char *)"rm", (char *)"-rf", folder, NULL};
    g_spawn_sync(NULL, remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    g_free(program);
    g_free(folder);
    return status;
}
