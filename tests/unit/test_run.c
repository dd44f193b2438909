/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who ends tests/run.sh ends what it runs, of each lane. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/wait.h"

static void wait_for_file(const char *path)
{
    WAIT_STEPPING(g_file_test(path, G_FILE_TEST_EXISTS), g_usleep(10000));
}

static GPid start(const char *folder, const char *first, const char *second)
{
    g_autofree char *one = g_strdup_printf("touch %s; sleep 1000", first);
    g_autofree char *other = g_strdup_printf("touch %s; sleep 1000", second);
    const char *const argv[] = {"tests/run.sh", one, "--beside", other, NULL};
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "LOGS", folder, TRUE);
    g_autoptr(GError) error = NULL;
    GPid pid;

    g_spawn_async(NULL, (char **)argv, env, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                  NULL, NULL, &pid, &error);
    g_assert_no_error(error);
    wait_for_file(first);
    wait_for_file(second);
    return pid;
}

static void clear(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

/* What it leaves behind becomes ours, and would sleep on. */
static void test_ended(gconstpointer signal)
{
    g_autofree char *folder = g_dir_make_tmp("run-XXXXXX", NULL);
    g_autofree char *first = g_build_filename(folder, "first", NULL);
    g_autofree char *second = g_build_filename(folder, "second", NULL);

    g_assert_cmpint(kill(start(folder, first, second), GPOINTER_TO_INT(signal)), ==, 0);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    clear(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    alarm(300);
    signal(SIGINT, SIG_DFL); /* what is ignored stays so, as in a lane of this */
    signal(SIGHUP, SIG_DFL);
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    g_test_add_data_func("/run/terminated", GINT_TO_POINTER(SIGTERM), test_ended);
    g_test_add_data_func("/run/interrupted", GINT_TO_POINTER(SIGINT), test_ended);
    g_test_add_data_func("/run/hung-up", GINT_TO_POINTER(SIGHUP), test_ended);
    return g_test_run();
}
