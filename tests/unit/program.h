/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a test finds what is built with it: camredir, or a library of its. And what it starts ends
   with it. */
#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/prctl.h>

/* argv0: the test's own. */
static inline char *program_path(const char *argv0, const char *name)
{
    g_autofree char *here = g_path_get_dirname(argv0);

    return g_build_filename(here, "..", "..", name, NULL);
}

/* In the child: a GSpawnChildSetupFunc, or behind fork(). */
static inline void end_with_test(gpointer unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}
