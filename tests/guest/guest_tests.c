/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the guest tests, TAP on standard output. usage: guest-tests [--lane N] [PART-OF-A-NAME...]
   Two of them at a time, one for each lane, use a machine better than one. */
#include "tests/guest/guest_tests.h"

#include <stdlib.h>
#include <string.h>

#include "tests/guest/suite.h"

#define VM_PARTS (VM_XHCI | VM_EHCI | VM_UHCI | VM_TCP | VM_CALLS | VM_TOOLS)

static const struct {
    const GuestTestTable *table;
    gboolean own_vm; /* its tests run one themselves */
    int lane;        /* so that both take as long */
} tables[] = {
    {&stream_tests, FALSE, 1},     {&inspect_tests, FALSE, 1},     {&scenario_tests, FALSE, 1},
    {&descriptor_tests, FALSE, 1}, {&client_tests, FALSE, 1},      {&redirect_tests, FALSE, 1},
    {&hotplug_tests, TRUE, 1},     {&vm_args_tests, TRUE, 1},      {&fuzz_tests, TRUE, 1},
    {&viewer_tests, TRUE, 2},      {&spice_device_tests, TRUE, 2}, {&spice_cycle_tests, TRUE, 2},
    {&valgrind_tests, TRUE, 2},    {&spice_tests, TRUE, 2},        {&vm_libvirt_tests, TRUE, 2},
    {&docs_tests, TRUE, 2},        {&attach_tests, TRUE, 2},       {&libvirt_tests, TRUE, 2},
    {&far_tests, FALSE, 1},        {&spice_far_tests, TRUE, 2},
};

static void (*const ends[])(void) = {client_end, spice_end,         hotplug_end,
                                     viewer_end, libvirt_tests_end, fuzz_tests_end};

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
    g_autoptr(GError) last = NULL;
    guint whole = 0, streams = 0;
    Outcome outcome;
    for (; whole < frames && streams < streams_most(session); streams++) {
        g_clear_error(&last);
        if (!session_stream(session, &order, &outcome, NULL, error))
            return FALSE;
        if (lossy || check_intact(session, &outcome, frames, &last))
            whole += outcome.hashed - MIN(outcome.hashed, damaged(&outcome));
    }
    if (whole < frames)
        return fail(error, "%u frames are wanted, %u came whole in %u streams; in the last %s",
                    frames, whole, streams, last ? last->message : "too few");
    if (note)
        tell_stream(session, &outcome, whole, streams, note);
    return TRUE;
}

typedef struct {
    const GuestTest *test;
    gboolean own_vm;
} Row;

static Session session; /* in the one VM of those that have none of their own */

static gboolean run_row(gconstpointer user, GString *note, GError **error)
{
    const Row *row = user;
    if ((row->own_vm || vm_agent(session.vm) || vm_boot(session.vm, error)) &&
        row->test->run(row->test, &session, note, error))
        return TRUE;
    if (session.share)
        log_tell_tail(share_log(session.share), 10);
    if (!row->own_vm)
        vm_tell_log(session.vm);
    return FALSE;
}

/* Every VM goes, and whatever else a test left that failed. */
static void end_all(void)
{
    g_clear_pointer(&session.share, share_free);
    for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
        ends[i]();
    vm_kill(session.vm);
    process_kill_all();
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
    Suite suite = {.output = stdout, .run = run_row, .renew = end_all};
    int lane = argc > 2 && strcmp(argv[1], "--lane") == 0 ? atoi(argv[2]) : 0;
    char **parts = argv + (lane ? 3 : 1);
    g_autofree char *name =
        lane ? g_strdup_printf("guest-tests-%d", lane) : g_strdup("guest-tests");
    harness_init(name);
    session.vm = vm_new("guest", VM_PARTS);
    for (guint t = 0; t < G_N_ELEMENTS(tables); t++)
        for (guint i = 0; i < tables[t].table->n_tests; i++) {
            const Row row = {&tables[t].table->tests[i], tables[t].own_vm};
            if ((!lane || tables[t].lane == lane) && is_wanted(row.test, parts))
                suite_test(&suite, row.test->name, &row);
        }
    end_all();
    vm_free(session.vm);
    return suite_end(&suite);
}
