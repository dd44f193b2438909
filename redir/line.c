/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets in and out, and the end. */
#include "redir/line.h"

#include <stdlib.h>
#include <string.h>

#define MAX_QUEUED (16 * 1024 * 1024u) /* made for a VM that reads nothing: enough to give up */

/* ---- the end ---- */

static gboolean report_end(gpointer user)
{
    RedirLine *line = user;

    line->end_idle = 0;
    line->events.over(line->events.user, line->error);
    return G_SOURCE_REMOVE;
}

/* From an idle source: whoever makes packets is on the stack. */
void redir_line_end(RedirLine *line, GError *error)
{
    if (line->ended) {
        g_clear_error(&error);
        return;
    }
    line->ended = TRUE;
    line->error = error;
    line->end_idle = g_idle_add_full(G_PRIORITY_DEFAULT, report_end, line, NULL);
}

void redir_line_fail(RedirLine *line, RedirError code, const char *text)
{
    redir_line_end(line, g_error_new(REDIR_ERROR, code, "%s: %s", line->transport->address, text));
}

static gboolean on_left(gpointer user)
{
    RedirLine *line = user;

    line->leave_timer = 0;
    redir_line_end(line, NULL);
    return G_SOURCE_REMOVE;
}

void redir_line_leave(RedirLine *line, gboolean told)
{
    line->leaving = TRUE;
    redir_line_flush(line);
    if (!told || !line->greeted)
        redir_line_end(line, NULL);
    else if (!line->transport->ops->lasting && line->leave_timer == 0)
        line->leave_timer = g_timeout_add(REDIR_DISCONNECT_TIMEOUT_MS, on_left, line);
}

/* ---- out ---- */

typedef struct {
    guint8 *data;
    gsize size;
} Chunk;

static void enqueue(RedirLine *line, guint8 *data, gsize size)
{
    Chunk *chunk = g_new(Chunk, 1);

    *chunk = (Chunk){data, size};
    g_queue_push_tail(&line->queue, chunk);
    line->queued += size;
}

void redir_line_send(RedirLine *line, guint8 *data, gsize size)
{
    RedirPacketView packet;

    if (redir_packet_look(&line->ids, REDIR_TO_VM, data, size, &packet) &&
        packet.type == usb_redir_interface_info) {
        g_clear_pointer(&line->interface_info, g_bytes_unref);
        line->interface_info = g_bytes_new(data, size);
    }
    enqueue(line, data, size);
}

void redir_line_flush(RedirLine *line)
{
    Chunk *chunk;

    /* A VM that is paused has not said hello, and shall find nothing when it wakes up. */
    if (line->transport->ops->lasting && !line->ids.greeted[REDIR_FROM_VM])
        return;
    while ((chunk = g_queue_peek_head(&line->queue)) != NULL &&
           line->transport->ops->send(line->transport, chunk->data, chunk->size)) {
        line->queued -= chunk->size;
        line->bytes_out += chunk->size;
        g_free(g_queue_pop_head(&line->queue));
    }
    if (line->queued > MAX_QUEUED)
        redir_line_fail(line, REDIR_ERROR_TIMEOUT, "the VM takes no data (is it paused?)");
}

gsize redir_line_backlog(const RedirLine *line)
{
    return line->queued + line->transport->ops->outstanding(line->transport);
}

void redir_line_get_statistics(const RedirLine *line, RedirGadgetStatistics *ret_statistics)
{
    *ret_statistics = (RedirGadgetStatistics){
        .bytes_in = line->bytes_in,
        .bytes_out = line->bytes_out,
        .outstanding = line->transport ? redir_line_backlog(line) : 0,
    };
}

void redir_line_beat(RedirLine *line, gboolean owed)
{
    gsize size;

    if (!line->transport->ops->lasting || line->interface_info == NULL ||
        !redir_heartbeat(&line->heartbeat, line->bytes_in, owed || line->leaving,
                         redir_line_backlog(line) == 0, g_get_monotonic_time()))
        return;
    const guint8 *packet = g_bytes_get_data(line->interface_info, &size);
    enqueue(line, memcpy(malloc(size), packet, size), size);
    redir_line_flush(line);
}

/* ---- in ---- */

void redir_line_append(RedirLine *line, const guint8 *data, gsize size)
{
    line->bytes_in += size;
    if (!line->ended)
        redir_input_append(&line->input, data, size);
}

/* The first packet is a hello: the framer sees to that. */
static void on_packet(RedirLine *line, guint32 type)
{
    if (!line->greeted) {
        line->greeted = TRUE;
        g_clear_handle_id(&line->hello_timer, g_source_remove);
        line->events.greeted(line->events.user);
    }
    if (type == usb_redir_device_disconnect_ack && line->leaving)
        redir_line_end(line, NULL);
}

gboolean redir_line_take(RedirLine *line, RedirPacketView *ret_packet, const guint8 **ret_bytes,
                         gsize *ret_size)
{
    g_autoptr(GError) error = NULL;

    if (line->ended)
        return FALSE;
    if (redir_input_take(&line->input, redir_packet_long_ids(&line->ids), ret_bytes, ret_size,
                         &error) &&
        redir_packet_look(&line->ids, REDIR_FROM_VM, *ret_bytes, *ret_size, ret_packet)) {
        on_packet(line, ret_packet->type);
        return TRUE;
    }
    if (error != NULL)
        redir_line_fail(line, REDIR_ERROR_PROTOCOL, error->message);
    return FALSE;
}

static gboolean on_no_hello(gpointer user)
{
    RedirLine *line = user;

    line->hello_timer = 0;
    if (line->transport->ops->lasting)
        g_message("%s: connected, waiting for the VM (is it paused?)", line->transport->address);
    else
        redir_line_fail(line, REDIR_ERROR_TIMEOUT, REDIR_NO_HELLO);
    return G_SOURCE_REMOVE;
}

/* ---- life ---- */

void redir_line_open(RedirLine *line, RedirTransport *transport,
                     const RedirEndpointOptions *options, const RedirEndpointEvents *events)
{
    *line = (RedirLine){
        .transport = transport,
        .bytes_in = line->bytes_in,
        .bytes_out = line->bytes_out,
        .events = *events,
    };
    redir_input_init(&line->input);
    /* Where the transport is sure, open() has said that the VM is paused. */
    if (!transport->ops->sure)
        line->hello_timer = g_timeout_add(options->hello_timeout_ms ? options->hello_timeout_ms
                                                                    : REDIR_HELLO_TIMEOUT_MS,
                                          on_no_hello, line);
}

void redir_line_close(RedirLine *line)
{
    Chunk *chunk;

    if (line->transport == NULL)
        return;
    g_clear_handle_id(&line->hello_timer, g_source_remove);
    g_clear_handle_id(&line->leave_timer, g_source_remove);
    g_clear_handle_id(&line->end_idle, g_source_remove);
    while ((chunk = g_queue_pop_head(&line->queue)) != NULL) {
        free(chunk->data);
        g_free(chunk);
    }
    line->queued = 0;
    redir_input_clear(&line->input);
    g_clear_error(&line->error);
    g_clear_pointer(&line->interface_info, g_bytes_unref);
    line->ended = TRUE;
    line->transport = NULL;
}
