/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the guest tests, TAP on standard output. usage: guest-tests [PART-OF-A-NAME...] */
#include "tests/guest/guest_tests.h"

#include <stdio.h>
#include <string.h>

#define VM_PARTS (VM_XHCI | VM_EHCI | VM_UHCI | VM_TCP | VM_CALLS | VM_TOOLS)

static const struct {
    const GuestTestTable *table;
    gboolean own_vm; /* its tests run one themselves */
} tables[] = {
    {&stream_tests, FALSE},      {&inspect_tests, FALSE},    {&scenario_tests, FALSE},
    {&descriptor_tests, FALSE},  {&client_tests, FALSE},     {&redirect_tests, FALSE},
    {&spice_device_tests, TRUE}, {&spice_cycle_tests, TRUE}, {&valgrind_tests, TRUE},
    {&spice_tests, TRUE},        {&hotplug_tests, TRUE},     {&viewer_tests, TRUE},
    {&vm_args_tests, TRUE},      {&vm_libvirt_tests, TRUE},  {&docs_tests, TRUE},
    {&attach_tests, TRUE},       {&libvirt_tests, TRUE},
    {&fuzz_tests, TRUE},
};

static guint damaged(const Outcome *outcome)
{
    return outcome->flagged + outcome->wrong;
}

gboolean check_intact(const Session *session, const Outcome *outcome, guint least, GError **error)
{
    /* The driver throws away raw frames that lost packets, but not the rare one that got as many of
       the frame after next. */
    if (damaged(outcome) > (session->iso ? outcome->frames / 4 : 0))
        return fail(error, "of %u frames %u are flagged as damaged, %u are not what was sent",
                    outcome->frames, outcome->flagged, outcome->wrong);
    if (outcome->frames < least || outcome->hashed < least)
        return fail(error, "%u of %u frames, %u compared", outcome->frames, least, outcome->hashed);
    return TRUE;
}

/* What went wrong on the way is said. */
static void tell_stream(const Session *session, const Outcome *outcome, guint whole, guint streams,
                        GString *note)
{
    g_autofree char *text = outcome_text(outcome);
    g_string_append_printf(note, "%s%s", note->len ? "; " : "", text);
    if (session->iso)
        g_string_append_printf(note, ", %u whole in %u of at most %u streams", whole, streams,
                               STREAMS_ISO);
}

gboolean check_stream(Session *session, const char *fourcc, guint width, guint height, double fps,
                      guint frames, GString *note, GError **error)
{
    StreamOrder order = {.fourcc = fourcc,
                         .width = width,
                         .height = height,
                         .interval = interval_of_fps(fps),
                         .frames = frames,
                         .hash_each = 1};
    /* Of MJPEG the driver hands on frames that lost packets, unflagged. */
    const gboolean lossy = session->iso && strcmp(fourcc, "MJPG") == 0;
    guint whole = 0, streams = 0;
    Outcome outcome;
    for (; whole < frames && streams < streams_most(session); streams++) {
        if (!session_stream(session, &order, &outcome, NULL, error) ||
            (!lossy && !check_intact(session, &outcome, frames, error)))
            return FALSE;
        whole += outcome.hashed - MIN(outcome.hashed, damaged(&outcome));
    }
    if (whole < frames)
        return fail(error, "%u frames are wanted, %u came whole in %u streams", frames, whole,
                    streams);
    if (note)
        tell_stream(session, &outcome, whole, streams, note);
    return TRUE;
}

static gboolean run_test(const GuestTest *test, guint number, gboolean own_vm, Session *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) note = g_string_new(NULL);
    gint64 begun = g_get_monotonic_time();
    gboolean good = (own_vm || vm_agent(session->vm) || vm_boot(session->vm, &error)) &&
                    test->run(test, session, note, &error);
    double seconds = (g_get_monotonic_time() - begun) / 1e6;
    if (good) {
        printf("ok %u - %s (%s%s%.1f s)\n", number, test->name, note->str, note->len ? "; " : "",
               seconds);
        return TRUE;
    }
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    g_autofree char *reason = g_strjoinv("\n#   ", lines);
    printf("not ok %u - %s\n#   %s (%.1f s)\n", number, test->name, reason, seconds);
    if (session->share)
        log_print_tail(share_log(session->share), 10);
    vm_print_log(session->vm);
    session_reset(session);
    return FALSE;
}

static gboolean is_wanted(const GuestTest *test, char **parts)
{
    gboolean wanted = *parts == NULL;
    for (; *parts && !wanted; parts++)
        wanted = strstr(test->name, *parts) != NULL;
    return wanted;
}

int main(int argc, char **argv)
{
    (void)argc;
    guint number = 0, failed = 0;
    harness_init("guest-tests");
    Session session = {.vm = vm_new("guest", VM_PARTS)};
    for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
        for (guint i = 0; i < tables[t].table->n_tests; i++) {
            const GuestTest *test = &tables[t].table->tests[i];
            if (is_wanted(test, argv + 1))
                failed += !run_test(test, ++number, tables[t].own_vm, &session);
        }
    printf("1..%u\n", number);
    client_end();
    spice_end();
    hotplug_end();
    viewer_end();
    libvirt_tests_end();
    fuzz_tests_end();
    vm_free(session.vm);
    return failed ? 1 : 0;
}
