/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that serves a VM is told to end, and told again while it gives back what it holds. */
#include <signal.h>

#include "tools/running.h"
#include "tools/tools.h"

static void start(void *user)
{
    (void)user;
    raise(SIGTERM);
}

static void stop(void *user)
{
    running_ended(user, NULL);
}

static char *status(void *user)
{
    (void)user;
    return g_strdup("");
}

static void ends_once(void)
{
    struct running running = {.start = start, .stop = stop, .status = status, .user = &running};

    if (g_test_subprocess()) {
        int exit_status = running_run(&running, 1);
        raise(SIGINT);
        raise(SIGTERM);
        exit(exit_status);
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/running/told-to-end-twice", ends_once);
    return g_test_run();
}
