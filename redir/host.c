/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attach, lose, wait, attach again. */
#include "redir/host.h"

#include <string.h>

#include "redir/error.h"

struct RedirHost {
    RedirGadget *gadget;
    RedirHostEvents events;
    RedirRole role;
    const char *noun;
    gboolean retry;
    guint first_delay_ms;
    RedirEndpointOptions endpoint_options;

    RedirTransport *transport;
    gboolean open;  /* the stream, and so the gadget */
    gboolean heard; /* something came through it */
    RedirHostState state;
    gboolean stopping;
    gboolean leaving; /* the transport was told to */
    GError *reason;   /* for which it stops */
    guint delay_ms;   /* before the next attempt */
    guint retry_timer, stop_idle;
    GHashTable *said; /* lines of the log since a guest last left: each once */
    guint connections;
    struct vcam_log_limit guest_bugs;
};

static void set_state(RedirHost *host, RedirHostState state, const GError *error)
{
    if (host->state == state && error == NULL)
        return;
    host->state = state;
    host->events.state(host->events.user, state, error);
}

/* A peer chooses parts of some lines: it gets so many, then silence until a guest has had the
   camera and left in peace. */
#define MAX_SAID 32

static void say(RedirHost *host, const char *line)
{
    if (g_hash_table_size(host->said) < MAX_SAID && g_hash_table_add(host->said, g_strdup(line)))
        g_message("%s", line);
}

static void drop_connection(RedirHost *host)
{
    host->transport->ops->close(host->transport);
    if (host->open)
        host->gadget->ops->close(host->gadget);
    host->open = FALSE;
}

/* ---- attempts ---- */

static void lost(RedirHost *host, const GError *error);

static gboolean on_retry(gpointer user)
{
    RedirHost *host = user;
    g_autoptr(GError) error = NULL;

    host->retry_timer = 0;
    if (host->role == REDIR_CONNECT)
        set_state(host, REDIR_HOST_CONNECTING, NULL);
    if (!host->transport->ops->open(host->transport, &error))
        lost(host, error);
    return G_SOURCE_REMOVE;
}

/* A VM that leaves may call again soon; whoever talks nonsense, or nothing, waits longer each time.
   A VM that refuses the camera will not have changed its mind in a quarter of a second. */
static guint next_delay(RedirHost *host, const GError *error)
{
    if (host->role == REDIR_LISTEN && g_error_matches(error, REDIR_ERROR, REDIR_ERROR_CLOSED))
        return host->first_delay_ms;
    if (g_error_matches(error, REDIR_ERROR, REDIR_ERROR_REFUSED))
        host->delay_ms = REDIR_MAX_DELAY_MS;
    guint delay = host->delay_ms;
    host->delay_ms = MIN(2 * host->delay_ms, REDIR_MAX_DELAY_MS);
    return delay;
}

/* A second call does not wait for the transport any more. */
static void end(RedirHost *host, const GError *error)
{
    if (host->leaving || host->transport->ops->leave == NULL) {
        set_state(host, REDIR_HOST_STOPPED, host->leaving ? host->reason : error);
        return;
    }
    host->leaving = TRUE;
    host->reason = error ? g_error_copy(error) : NULL;
    set_state(host, REDIR_HOST_LEAVING, NULL);
    host->transport->ops->leave(host->transport);
}

static void on_left(gpointer user, const GError *error)
{
    RedirHost *host = user;

    if (host->reason != NULL && error != NULL && strcmp(host->reason->message, error->message) != 0)
        g_message("%s", error->message);
    set_state(host, REDIR_HOST_STOPPED, host->reason ? host->reason : error);
}

static void wait_again(RedirHost *host, const GError *error)
{
    host->retry_timer = g_timeout_add(next_delay(host, error), on_retry, host);
}

/* No VM, which greets at once: another program found out whether anybody listens here. */
static gboolean looked_in(const RedirHost *host, const GError *error)
{
    return host->role == REDIR_LISTEN && !host->heard &&
           g_error_matches(error, REDIR_ERROR, REDIR_ERROR_CLOSED);
}

static void lost(RedirHost *host, const GError *error)
{
    drop_connection(host);
    if (!host->stopping && looked_in(host, error)) {
        g_debug("%s: somebody looked in", host->transport->address);
        wait_again(host, error);
        set_state(host, REDIR_HOST_WAITING, NULL);
        return;
    }
    if (host->stopping || !host->retry || g_error_matches(error, REDIR_ERROR, REDIR_ERROR_FINAL)) {
        end(host, host->stopping ? NULL : error);
        return;
    }
    if (host->state == REDIR_HOST_ATTACHED &&
        g_error_matches(error, REDIR_ERROR, REDIR_ERROR_CLOSED))
        g_hash_table_remove_all(host->said);
    g_autofree char *line =
        g_strdup_printf("%s; %s", error->message,
                        host->role == REDIR_CONNECT ? "trying again" : "waiting for a VM");
    say(host, line);
    wait_again(host, error);
    set_state(host, REDIR_HOST_WAITING, error);
}

/* ---- what the endpoint says ---- */

static void on_greeted(gpointer user)
{
    RedirHost *host = user;
    g_autofree char *line = g_strdup_printf("%s: connected; the guest will find the %s",
                                            host->transport->address, host->noun);

    host->delay_ms = host->first_delay_ms;
    say(host, line);
}

static void on_attached(gpointer user)
{
    RedirHost *host = user;
    g_autofree char *line =
        g_strdup_printf("%s: the guest has the %s", host->transport->address, host->noun);

    say(host, line);
    set_state(host, REDIR_HOST_ATTACHED, NULL);
}

static void on_ignored(gpointer user, const char *hint)
{
    RedirHost *host = user;
    g_autofree char *line = g_strdup_printf("%s: %s", host->transport->address, hint);

    say(host, line);
}

static void on_over(gpointer user, const GError *error)
{
    RedirHost *host = user;
    /* The error is the endpoint's, which goes first. */
    g_autoptr(GError) copy = error ? g_error_copy(error) : NULL;

    lost(host, copy);
}

/* ---- what the transport says ---- */

static void on_opened(gpointer user)
{
    RedirHost *host = user;
    const RedirEndpointEvents events = {
        .greeted = on_greeted,
        .attached = on_attached,
        .ignored = on_ignored,
        .over = on_over,
        .user = host,
    };

    host->connections++;
    host->open = TRUE;
    host->heard = FALSE;
    host->gadget->ops->open(host->gadget, host->transport, &host->endpoint_options, &events);
    set_state(host, REDIR_HOST_CONNECTED, NULL);
}

static void on_received(gpointer user, const guint8 *data, gsize size)
{
    RedirHost *host = user;

    host->heard = TRUE;
    host->gadget->ops->received(host->gadget, data, size);
}

static void on_writable(gpointer user)
{
    RedirHost *host = user;

    host->gadget->ops->writable(host->gadget);
}

static void on_closed(gpointer user, const GError *error)
{
    lost(user, error);
}

/* ---- life ---- */

RedirHost *redir_host_new(RedirGadget *gadget, const RedirHostOptions *options,
                          const RedirHostEvents *events, GError **error)
{
    RedirHost *host = g_new0(RedirHost, 1);
    const RedirTransportEvents transport_events = {
        .opened = on_opened,
        .received = on_received,
        .writable = on_writable,
        .closed = on_closed,
        .left = on_left,
        .user = host,
    };

    host->transport = options->transport ? options->transport
                                         : options->transport_new(options->address, options->role,
                                                                  &transport_events, error);
    if (host->transport == NULL) {
        g_free(host);
        return NULL;
    }
    host->transport->events = transport_events;
    host->gadget = gadget;
    host->events = *events;
    host->role = options->role;
    host->noun = options->noun ? options->noun : "camera";
    host->retry = options->retry;
    host->endpoint_options = (RedirEndpointOptions){
        .hello_timeout_ms = options->hello_timeout_ms,
        .configure_timeout_ms = options->configure_timeout_ms,
        .guest_bugs = &host->guest_bugs,
        .asks_distance = options->asks_distance,
    };
    host->first_delay_ms = options->first_delay_ms ? options->first_delay_ms : REDIR_FIRST_DELAY_MS;
    host->delay_ms = host->first_delay_ms;
    host->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return host;
}

gboolean redir_host_start(RedirHost *host, GError **error)
{
    host->state = host->role == REDIR_CONNECT ? REDIR_HOST_CONNECTING : REDIR_HOST_WAITING;
    return host->transport->ops->open(host->transport, error);
}

static gboolean on_stop(gpointer user)
{
    RedirHost *host = user;

    host->stop_idle = 0;
    lost(host, NULL);
    return G_SOURCE_REMOVE;
}

void redir_host_stop(RedirHost *host)
{
    gboolean at_once = !host->open || (host->stopping && host->transport->ops->lasting);

    host->stopping = TRUE;
    g_clear_handle_id(&host->retry_timer, g_source_remove);
    if (!at_once)
        host->gadget->ops->disconnect(host->gadget);
    else if (host->stop_idle == 0)
        host->stop_idle = g_idle_add(on_stop, host);
}

void redir_host_free(RedirHost *host)
{
    if (host == NULL)
        return;
    g_clear_handle_id(&host->retry_timer, g_source_remove);
    g_clear_handle_id(&host->stop_idle, g_source_remove);
    drop_connection(host);
    host->transport->ops->free(host->transport);
    g_hash_table_unref(host->said);
    g_clear_error(&host->reason);
    g_free(host);
}

void redir_host_get_statistics(const RedirHost *host, RedirHostStatistics *ret_statistics)
{
    *ret_statistics = (RedirHostStatistics){
        .state = host->state,
        .connections = host->connections,
    };
    host->gadget->ops->get_statistics(host->gadget, &ret_statistics->gadget);
}
