/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera plugged into a guest, and streams of it that are compared with what was sent: the steps
   that tests, demo and benchmark have in common. */
#include "tests/guest/session.h"

#include <stdio.h>
#include <string.h>

guint interval_of_fps(double fps)
{
    return (guint)(1e7 / fps + 0.5);
}

gboolean session_find(Session *session, gint64 timeout_ms, GError **error)
{
    g_autofree char *text =
        agent_run(vm_agent(session->vm), timeout_ms + 5000, error, "camera uvcvideo %d %s",
                  (int)(timeout_ms / 1000), session->part ? session->part : "");
    if (!text)
        return FALSE;
    if (sscanf(text, "%31s %15s %63[^\n]", session->device, session->speed, session->name) != 3)
        return fail(error, "the agent says '%s'", text);
    return TRUE;
}

gboolean session_plug(Session *session, const char *name, const char *options, VmParts port,
                      GError **error)
{
    int status = 0;
    session->iso = strstr(options, "--transfer iso") != NULL;
    const char *address = port ? vm_address(session->vm, port) : "";
    session->share = session->program
                         ? share_start_program(session->program, name, options, address, error)
                         : share_start(name, options, address, error);
    if (!session->share)
        return FALSE;
    gint64 deadline = g_get_monotonic_time() + WAIT_MS * 1000;
    while (g_get_monotonic_time() < deadline) {
        if (session_find(session, 1000, NULL))
            return TRUE;
        if (process_wait(share_process(session->share), 0, &status))
            return fail(error, "camredir has ended with status %d", status);
    }
    return session_find(session, 0, error);
}

gboolean session_wait_gone(Session *session, GError **error)
{
    g_autofree char *text =
        agent_run(vm_agent(session->vm), WAIT_MS, error, "gone uvcvideo " WAIT_S " %s",
                  session->part ? session->part : "");
    return text != NULL;
}

gboolean session_wait_said(Session *session, const char *says, GError **error)
{
    g_autofree char *log = NULL;
    for (gint64 deadline = g_get_monotonic_time() + WAIT_MS * 1000;
         g_get_monotonic_time() < deadline; g_usleep(20000)) {
        g_clear_pointer(&log, g_free);
        if (!g_file_get_contents(share_log(session->share), &log, NULL, error))
            return FALSE;
        if (strstr(log, says))
            return TRUE;
    }
    return fail(error, "it does not say '%s' but: %s", says, log);
}

gboolean session_unplug(Session *session, GError **error)
{
    Share *share = g_steal_pointer(&session->share);
    return share_stop(share, error) && session_wait_gone(session, error);
}

void session_reset(Session *session)
{
    g_clear_pointer(&session->share, share_free);
    if (!vm_agent(session->vm))
        return;
    g_autofree char *text = agent_run(vm_agent(session->vm), WAIT_MS, NULL, "stop");
    g_autofree char *gone = agent_run(vm_agent(session->vm), WAIT_MS, NULL, "gone uvcvideo 10");
    if (!text || !gone)
        vm_kill(session->vm);
}

void session_give_up(Session *session)
{
    if (session->share)
        log_tell_tail(share_log(session->share), 10);
    vm_tell_log(session->vm);
    g_clear_pointer(&session->share, share_free);
    vm_kill(session->vm);
}

guint session_begin(Session *session, const StreamOrder *order)
{
    return agent_send(vm_agent(session->vm), "stream %s %s %u %u %u %u %u %u %u", session->device,
                      order->fourcc, order->width, order->height, order->interval, order->frames,
                      order->ms, order->hash_each, order->save);
}

static char *trace_path(const Session *session)
{
    const char *path = share_trace_path(session->share);
    return session->number ? g_strdup_printf("%s.%u", path, session->number) : g_strdup(path);
}

gboolean session_end(Session *session, guint stream, const StreamOrder *order, Outcome *ret_outcome,
                     GBytes **ret_picture, GError **error)
{
    AgentClient *agent = vm_agent(session->vm);
    gint64 length_ms = order->frames * (order->interval / 10000) + order->ms;
    guint frames, flagged, width, height;
    g_autofree char *text = agent_wait(agent, stream, length_ms + WAIT_MS, error);
    if (!text)
        return FALSE;
    if (sscanf(text, "%u %u %u %u", &frames, &flagged, &width, &height) != 4 ||
        width != order->width || height != order->height)
        return fail(error, "asked for %ux%u, the guest has %s", order->width, order->height, text);
    g_autoptr(GArray) seen = agent_frames(agent, stream, frames);
    g_autofree char *trace = trace_path(session);
    g_autoptr(GArray) sent = trace_read(trace, &session->dropped);
    if (seen->len != frames)
        return fail(error, "the guest counts %u frames, %u were told", frames, seen->len);
    compare_frames(seen, sent, ret_outcome);
    if (ret_picture && order->save && frames >= order->save)
        *ret_picture = agent_picture(agent, stream);
    return TRUE;
}

gboolean session_stream(Session *session, const StreamOrder *order, Outcome *ret_outcome,
                        GBytes **ret_picture, GError **error)
{
    guint stream = session_begin(session, order);
    return session_end(session, stream, order, ret_outcome, ret_picture, error);
}

gboolean session_wait_frames(Session *session, guint stream, guint n, gint64 timeout_ms,
                             GError **error)
{
    gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    while (agent_count_frames(vm_agent(session->vm), stream) < n) {
        if (g_get_monotonic_time() > deadline)
            return fail(error, "%u of %u frames in %d s",
                        agent_count_frames(vm_agent(session->vm), stream), n,
                        (int)(timeout_ms / 1000));
        g_usleep(5000);
    }
    return TRUE;
}
