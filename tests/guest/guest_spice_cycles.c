/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: many SPICE connections one after the other, each with a stream, leave nothing behind
   in the program. 'make soak' makes more of them. */
#include "tests/guest/guest_spice.h"

#include <stdlib.h>
#include <string.h>

#include "tests/guest/relay.h"

#define CYCLES  12
#define WARM_UP 4 /* caches and pools fill */
/* AddressSanitizer keeps freed memory. */
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_KIB HARNESS_MEMORY_KIB
#else
#define GROWTH_KIB 1024
#endif

static guint cycles(void)
{
    const char *text = g_getenv("CAMREDIR_CYCLES");
    return text ? MAX(atoi(text), WARM_UP + 1) : CYCLES;
}

typedef struct {
    gint64 kib;
    guint descriptors;
} Burden;

static Burden burden(Session *session)
{
    Process *process = share_process(session->share);
    return (Burden){process_resident_kib(process), process_count_descriptors(process)};
}

/* Every second connection is cut while pictures come, the others between two streams. */
static gboolean cycle(Session *session, Relay *relay, guint number, GError **error)
{
    static const StreamOrder endless = {
        .fourcc = "YUYV", .width = 320, .height = 240, .interval = 333333, .hash_each = 1};
    if (!session_find(session, WAIT_MS, error))
        return FALSE;
    if (number % 2)
        return check_stream(session, "YUYV", 320, 240, 30, 5, NULL, error) &&
               relay_cut(relay, error) && session_wait_gone(session, error);
    guint stream = session_begin(session, &endless);
    return session_wait_frames(session, stream, 5, WAIT_MS, error) && relay_cut(relay, error) &&
           spice_wait_lost(session, stream, error);
}

static gboolean run_cycles(Session *session, Relay *relay, GString *note, GError **error)
{
    Burden before = {0}, after;
    for (guint i = 0; i < cycles(); i++) {
        if (!cycle(session, relay, i, error)) {
            g_prefix_error(error, "connection %u: ", i + 1);
            return FALSE;
        }
        after = burden(session);
        if (i < WARM_UP)
            before = after;
    }
    g_string_append_printf(note,
                           "%u connections of %u channels, %d KiB and %u descriptors after %u of "
                           "them, then %d and %u",
                           cycles(), relay_count_connections(relay) / cycles(), (int)before.kib,
                           before.descriptors, WARM_UP, (int)after.kib, after.descriptors);
    if (after.kib > before.kib + GROWTH_KIB)
        return fail(error, "memory grew: %s", note->str);
    /* One that leaks in each connection, not one that is open at the moment. */
    if (after.descriptors >= before.descriptors + cycles() - WARM_UP)
        return fail(error, "descriptors grew: %s", note->str);
    return session_find(session, WAIT_MS, error) && session_unplug(session, error);
}

static gboolean many(const SpiceCase *c, Session *session, GString *note, GError **error)
{
    g_autofree char *path = g_build_filename(harness_folder(), "relay", NULL);
    g_autofree char *options =
        g_strdup_printf(SPICE_BULK " --way %s --to spice+unix://%s", c->options, path);
    Relay *relay = relay_new(path, vm_spice(session->vm).path, 0, error);
    gboolean good = relay && session_plug(session, "spice-cycles", options, 0, error) &&
                    run_cycles(session, relay, note, error);
    relay_free(relay);
    return good;
}

static const GuestTest tests[] = {
    SPICE_ROW("SPICE port: many connections leave nothing behind", many, .options = "port"),
    SPICE_ROW("SPICE usbredir: many connections leave nothing behind", many, .options = "usbredir"),
};

const GuestTestTable spice_cycle_tests = {tests, G_N_ELEMENTS(tests)};
