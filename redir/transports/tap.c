/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes everything on; cuts what comes in into packets, and gets whole ones from our side. */
#include "redir/transports/tap.h"

#include "redir/input.h"

typedef struct {
    RedirTransport base;
    RedirTransportOps ops; /* the inner one's nature, our functions */
    RedirTransport *inner;
    RedirTapEvents tap;
    RedirPacketIds ids;
    RedirInput input;
    gboolean lost;         /* what came in was no packet */
    const guint8 *refused; /* shown already, and offered again until the inner one takes it */
} Tap;

static void show(Tap *tap, RedirDirection direction, const guint8 *bytes, gsize size)
{
    RedirPacketView packet;

    if (redir_packet_look(&tap->ids, direction, bytes, size, &packet))
        tap->tap.packet(tap->tap.user, direction, bytes, size, &packet);
}

static void show_input(Tap *tap, const guint8 *data, gsize size)
{
    g_autoptr(GError) error = NULL;
    const guint8 *bytes;

    if (tap->lost)
        return;
    redir_input_append(&tap->input, data, size);
    while (redir_input_take(&tap->input, redir_packet_long_ids(&tap->ids), &bytes, &size, &error))
        show(tap, REDIR_FROM_VM, bytes, size);
    tap->lost = error != NULL;
}

static void forget(Tap *tap)
{
    tap->ids = (RedirPacketIds){0};
    tap->lost = FALSE;
    tap->refused = NULL;
    redir_input_clear(&tap->input);
    redir_input_init(&tap->input);
}

/* ---- what the inner one says ---- */

static void on_opened(gpointer user)
{
    Tap *tap = user;

    forget(tap);
    if (tap->tap.opened != NULL)
        tap->tap.opened(tap->tap.user);
    tap->base.events.opened(tap->base.events.user);
}

static void on_received(gpointer user, const guint8 *data, gsize size)
{
    Tap *tap = user;

    show_input(tap, data, size);
    tap->base.events.received(tap->base.events.user, data, size);
}

static void on_writable(gpointer user)
{
    Tap *tap = user;

    tap->base.events.writable(tap->base.events.user);
}

static void on_closed(gpointer user, const GError *error)
{
    Tap *tap = user;

    tap->base.events.closed(tap->base.events.user, error);
}

static void on_left(gpointer user, const GError *error)
{
    Tap *tap = user;

    tap->base.events.left(tap->base.events.user, error);
}

/* ---- what the inner one is told ---- */

static RedirTransport *inner_of(RedirTransport *transport)
{
    return ((Tap *)transport)->inner;
}

static gboolean tap_open(RedirTransport *transport, GError **error)
{
    RedirTransport *inner = inner_of(transport);

    return inner->ops->open(inner, error);
}

static gboolean tap_send(RedirTransport *transport, guint8 *data, gsize size)
{
    Tap *tap = (Tap *)transport;

    if (data != tap->refused)
        show(tap, REDIR_TO_VM, data, size);
    gboolean taken = tap->inner->ops->send(tap->inner, data, size);
    tap->refused = taken ? NULL : data;
    return taken;
}

static void tap_measure(RedirTransport *transport, RedirTransportMeasure *ret_measure)
{
    RedirTransport *inner = inner_of(transport);

    inner->ops->measure(inner, ret_measure);
}

static gsize tap_outstanding(RedirTransport *transport)
{
    RedirTransport *inner = inner_of(transport);

    return inner->ops->outstanding(inner);
}

static void tap_pause_reading(RedirTransport *transport, gboolean paused)
{
    RedirTransport *inner = inner_of(transport);

    inner->ops->pause_reading(inner, paused);
}

static void tap_close(RedirTransport *transport)
{
    RedirTransport *inner = inner_of(transport);

    inner->ops->close(inner);
}

static void tap_leave(RedirTransport *transport)
{
    RedirTransport *inner = inner_of(transport);

    inner->ops->leave(inner);
}

static void tap_free(RedirTransport *transport)
{
    Tap *tap = (Tap *)transport;

    tap->inner->ops->free(tap->inner);
    redir_input_clear(&tap->input);
    g_free(tap->base.address);
    g_free(tap);
}

RedirTransport *redir_tap_new(RedirTransport *inner, const RedirTapEvents *events)
{
    Tap *tap = g_new0(Tap, 1);

    tap->ops = (RedirTransportOps){
        .lasting = inner->ops->lasting,
        .sure = inner->ops->sure,
        .open = tap_open,
        .send = tap_send,
        .outstanding = tap_outstanding,
        .measure = inner->ops->measure ? tap_measure : NULL,
        .pause_reading = tap_pause_reading,
        .close = tap_close,
        .leave = inner->ops->leave ? tap_leave : NULL,
        .free = tap_free,
    };
    tap->base.ops = &tap->ops;
    tap->base.address = g_strdup(inner->address);
    tap->inner = inner;
    tap->tap = *events;
    redir_input_init(&tap->input);
    inner->events = (RedirTransportEvents){
        .opened = on_opened,
        .received = on_received,
        .writable = on_writable,
        .closed = on_closed,
        .left = on_left,
        .user = tap,
    };
    return &tap->base;
}
