/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: valgrind watches the program while a guest streams over SPICE, the connection is
   cut, and the program ends. Not in a build with AddressSanitizer, which does the same itself and
   does not bear valgrind. */
#include "tests/guest/guest_spice.h"

#include <signal.h>

#include "tests/guest/relay.h"

#ifndef __SANITIZE_ADDRESS__

#define SMALL "pattern --format YUY2 --size 160x120 --fps 10"

static const char *const valgrind[] = {
    "valgrind",
    "--quiet",
    "--leak-check=full",
    "--show-leak-kinds=definite,possible",
    "--errors-for-leak-kinds=definite,possible",
    "--error-exitcode=99",
    "--suppressions=/usr/share/glib-2.0/valgrind/glib.supp",
    "--suppressions=tests/guest/valgrind.supp",
    "--num-callers=24",
    NULL,
};

static gboolean stream(Session *session, GString *note, GError **error)
{
    return session_find(session, WAIT_MS, error) &&
           check_stream(session, "YUYV", 160, 120, 10, 5, note, error);
}

static gboolean leave(Session *session, GError **error)
{
    Process *process = share_process(session->share);
    int status = -1;
    process_signal(process, SIGTERM);
    if (!process_wait(process, WAIT_MS, &status))
        return fail(error, "it does not end");
    if (status != 0) {
        log_tell_tail(share_log(session->share), 60);
        return fail(error, "it ended with status %d: %s", status, share_log(session->share));
    }
    g_clear_pointer(&session->share, share_free);
    return session_wait_gone(session, error);
}

static gboolean watched(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    g_autofree char *path = g_build_filename(harness_folder(), "relay", NULL);
    g_autofree char *options =
        g_strdup_printf(SMALL " --way %s --to spice+unix://%s", c->options, path);
    Relay *relay = relay_new(path, vm_spice(session->vm).path, 0, error);
    if (relay)
        session->share = share_start_under(valgrind, "valgrind", options, "", error);
    gboolean good = session->share && stream(session, note, error) && relay_cut(relay, error) &&
                    session_wait_gone(session, error) && stream(session, note, error) &&
                    leave(session, error);
    relay_free(relay);
    return good;
}

static const GuestTest tests[] = {
    SPICE_ROW("valgrind finds nothing, by SPICE port", watched, .options = "port"),
    SPICE_ROW("valgrind finds nothing, by SPICE usbredir", watched, .options = "usbredir"),
};

const GuestTestTable valgrind_tests = {tests, G_N_ELEMENTS(tests)};

#else

const GuestTestTable valgrind_tests = {NULL, 0};

#endif
