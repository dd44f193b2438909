/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket transport: opening (GLib resolves and connects, so that the main loop never waits),
   then one non-blocking descriptor, written with sendmsg() in batches. */
#include "redir/transports/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "redir/address.h"
#include "redir/error.h"

#define CONNECT_TIMEOUT_S 5
#define SEND_LIMIT        (1024 * 1024) /* outstanding bytes from which on send() says "full" */
#define BATCH_BYTES       (64 * 1024)   /* at most this much for one sendmsg() */
#define BATCH_BUFFERS     64
#define READ_BYTES        65536
/* In a TCP socket: what waits there is late, and can be dropped no more. */
#define UNSENT_BYTES (32 * 1024)

typedef struct {
    guint8 *data;
    gsize size;
} Chunk;

typedef struct {
    RedirTransport base;
    RedirAddress *address;
    RedirPlug *plug; /* makes the stream, where there is no address to go to */
    RedirRole role;
    gboolean wanted;       /* open() was called, neither opened() nor closed() followed */
    GCancellable *attempt; /* of the look-up or connection under way */

    int listen_fd; /* -1 where none */
    GSource *listen_source;
    struct stat bound;  /* the socket file that we made, to remove no other */
    gint64 refused_us;  /* when a second peer was last refused, for the log's rate */
    guint accept_timer; /* accept() failed: not again until then */
    gboolean exhausted; /* and the log has it */

    int fd; /* the stream; -1 where none */
    GSource *source;
    gpointer tag;
    GQueue out; /* of Chunk */
    gsize outstanding, first_sent;
    gboolean full; /* the kernel took no more: wait until it says so */
    gboolean fell; /* outstanding did, and writable() has not been called since */
    gboolean paused;
    int broken; /* errno of a failed write, told from the main loop */
} SocketTransport;

static SocketTransport *socket_transport(RedirTransport *transport)
{
    return (SocketTransport *)transport;
}

static void watch_peers(SocketTransport *t, gboolean watch);

/* ---- the stream ---- */

static void chunk_free(gpointer data)
{
    Chunk *chunk = data;

    free(chunk->data);
    g_free(chunk);
}

static void end_stream(SocketTransport *t)
{
    if (t->source != NULL) {
        g_source_destroy(t->source);
        g_clear_pointer(&t->source, g_source_unref);
    }
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    g_queue_clear_full(&t->out, chunk_free);
    t->outstanding = t->first_sent = 0;
    t->full = t->fell = t->paused = FALSE;
    t->broken = 0;
}

static void watch_stream(SocketTransport *t)
{
    GIOCondition condition =
        (t->paused ? 0 : G_IO_IN) | (t->outstanding > 0 || t->fell ? G_IO_OUT : 0);

    g_source_modify_unix_fd(t->source, t->tag, condition);
    if (t->broken)
        g_source_set_ready_time(t->source, 0);
}

static guint gather(SocketTransport *t, struct iovec iov[BATCH_BUFFERS])
{
    guint count = 0;
    gsize bytes = 0;

    for (GList *l = t->out.head; l && count < BATCH_BUFFERS && bytes < BATCH_BYTES; l = l->next) {
        Chunk *chunk = l->data;
        gsize skip = count == 0 ? t->first_sent : 0;
        iov[count++] = (struct iovec){chunk->data + skip, chunk->size - skip};
        bytes += chunk->size - skip;
    }
    return count;
}

static void drop_sent(SocketTransport *t, gsize sent)
{
    t->fell |= sent > 0;
    t->outstanding -= sent;
    t->first_sent += sent;
    for (Chunk *first; (first = g_queue_peek_head(&t->out)) && t->first_sent >= first->size;) {
        t->first_sent -= first->size;
        chunk_free(g_queue_pop_head(&t->out));
    }
}

static void flush(SocketTransport *t)
{
    struct iovec iov[BATCH_BUFFERS];

    while (t->outstanding > 0 && !t->broken && !t->full) {
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = gather(t, iov)};
        ssize_t sent = sendmsg(t->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            drop_sent(t, sent);
        else if (errno == EAGAIN)
            t->full = TRUE;
        else if (errno != EINTR)
            t->broken = errno;
    }
}

static gboolean socket_send(RedirTransport *transport, guint8 *data, gsize size)
{
    SocketTransport *t = socket_transport(transport);

    if (t->fd < 0 || t->outstanding >= SEND_LIMIT)
        return FALSE;
    Chunk *chunk = g_new(Chunk, 1);
    *chunk = (Chunk){data, size};
    g_queue_push_tail(&t->out, chunk);
    t->outstanding += size;
    /* Small packets wait for the main loop's next turn and go out together. */
    if (t->outstanding >= BATCH_BYTES)
        flush(t);
    watch_stream(t);
    return TRUE;
}

G_GNUC_PRINTF(3, 4)
static void report_closed(SocketTransport *t, RedirError code, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    end_stream(t);
    watch_peers(t, FALSE);
    t->wanted = FALSE;
    g_autoptr(GError) error = g_error_new(REDIR_ERROR, code, "%s: %s", t->base.address, text);
    t->base.events.closed(t->base.events.user, error);
}

static void report_lost(SocketTransport *t, int code)
{
    if (code == 0 || code == EPIPE || code == ECONNRESET)
        report_closed(t, REDIR_ERROR_CLOSED,
                      "the VM closed the connection (QEMU ended, or its usb-redir was removed)");
    else
        report_closed(t, REDIR_ERROR_CLOSED, "the connection broke: %s", g_strerror(code));
}

/* FALSE: the stream is gone. */
static gboolean read_some(SocketTransport *t, GSource *source)
{
    guint8 buffer[READ_BYTES];
    ssize_t got = recv(t->fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (got > 0) {
        t->base.events.received(t->base.events.user, buffer, got);
        return t->source == source;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return TRUE;
    report_lost(t, got == 0 ? 0 : errno);
    return FALSE;
}

/* As read_some. */
static gboolean tell_writable(SocketTransport *t, GSource *source)
{
    if (!t->fell)
        return TRUE;
    t->fell = FALSE;
    t->base.events.writable(t->base.events.user);
    return t->source == source;
}

static gboolean dispatch_stream(GSource *source, GSourceFunc callback, gpointer user)
{
    SocketTransport *t = user;
    GIOCondition ready = g_source_query_unix_fd(source, t->tag);

    (void)callback;
    g_source_set_ready_time(source, -1);
    if (ready & G_IO_OUT)
        t->full = FALSE;
    flush(t);
    if (!tell_writable(t, source))
        return G_SOURCE_REMOVE;
    if ((ready & G_IO_IN) && !t->paused && !read_some(t, source))
        return G_SOURCE_REMOVE;
    /* Gone while nobody reads: what it still had to say does not matter any more. */
    if ((ready & (G_IO_HUP | G_IO_ERR)) && !(ready & G_IO_IN) && t->broken == 0)
        t->broken = EPIPE;
    flush(t);
    if (!tell_writable(t, source))
        return G_SOURCE_REMOVE;
    if (t->broken) {
        report_lost(t, t->broken);
        return G_SOURCE_REMOVE;
    }
    watch_stream(t);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs stream_funcs = {.dispatch = dispatch_stream};

static gboolean never(gpointer user)
{
    (void)user;
    return G_SOURCE_CONTINUE;
}

static void set_option(int fd, int level, int option, int value)
{
    /* Each makes the link better, none is needed. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void begin_stream(SocketTransport *t, int fd)
{
    if (t->address != NULL && t->address->scheme == REDIR_SCHEME_TCP) {
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES);
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    }
    t->wanted = FALSE;
    t->fd = fd;
    t->source = g_source_new(&stream_funcs, sizeof(GSource));
    g_source_set_callback(t->source, never, t, NULL);
    t->tag = g_source_add_unix_fd(t->source, fd, G_IO_IN);
    g_source_attach(t->source, NULL);
    t->base.events.opened(t->base.events.user);
}

static void take_socket(SocketTransport *t, GSocket *socket)
{
    int fd = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        report_closed(t, REDIR_ERROR_FAILED, "%s", g_strerror(errno));
    else
        begin_stream(t, fd);
}

/* ---- connecting ---- */

static const struct {
    int code; /* GIOErrorEnum */
    const char *on_unix, *on_tcp;
} connect_hints[] = {
    {G_IO_ERROR_NOT_FOUND,
     "there is no such socket; is QEMU running with -chardev "
     "socket,id=cam,path=...,server=on,wait=off -device usb-redir,chardev=cam?",
     "no such host; check the name"},
    {G_IO_ERROR_CONNECTION_REFUSED,
     "nobody listens on that socket; the QEMU that made it has ended",
     "nobody listens there; is QEMU running with -chardev "
     "socket,id=cam,host=...,port=...,server=on,wait=off -device usb-redir,chardev=cam?"},
    {G_IO_ERROR_WOULD_BLOCK, "the VM does not answer; another client may hold its usb-redir", NULL},
    {G_IO_ERROR_PERMISSION_DENIED,
     "no permission to open that socket; run as QEMU's user, or allow it",
     "no permission to connect there"},
    {G_IO_ERROR_TIMED_OUT, NULL,
     "no answer for 5 s; is the host up, and does a firewall let us in?"},
    {G_IO_ERROR_HOST_UNREACHABLE, NULL, "that host cannot be reached; check the address"},
    {G_IO_ERROR_NETWORK_UNREACHABLE, NULL, "that network cannot be reached; check the address"},
};

static const char *connect_hint(const SocketTransport *t, const GError *error)
{
    struct stat found;

    if (error->domain == G_RESOLVER_ERROR)
        return "no such host; check the name";
    if (t->address->scheme == REDIR_SCHEME_UNIX && stat(t->address->path, &found) == 0 &&
        !S_ISSOCK(found.st_mode))
        return "is no socket; check the path";
    for (guint i = 0; error->domain == G_IO_ERROR && i < G_N_ELEMENTS(connect_hints); i++)
        if (connect_hints[i].code == error->code)
            return t->address->scheme == REDIR_SCHEME_UNIX ? connect_hints[i].on_unix
                                                           : connect_hints[i].on_tcp;
    return NULL;
}

static void report_unreachable(SocketTransport *t, const GError *error)
{
    const char *hint = connect_hint(t, error);

    report_closed(t, REDIR_ERROR_UNREACHABLE, "%s", hint ? hint : error->message);
}

/* FALSE where the attempt failed. t is only looked at once we know that it was not given up. */
static gboolean end_attempt(SocketTransport *t, const GError *error)
{
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return FALSE;
    g_clear_object(&t->attempt);
    if (error != NULL)
        report_unreachable(t, error);
    return error == NULL;
}

static void on_connected(GObject *client, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect_finish(G_SOCKET_CLIENT(client), result, &error);
    SocketTransport *t = user;

    if (!end_attempt(t, error))
        return;
    take_socket(t, g_socket_connection_get_socket(connection));
}

static void begin_connect(SocketTransport *t)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnectable) where =
        t->address->scheme == REDIR_SCHEME_UNIX
            ? G_SOCKET_CONNECTABLE(g_unix_socket_address_new(t->address->path))
            : G_SOCKET_CONNECTABLE(g_network_address_new(t->address->host, t->address->port));

    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_set_timeout(client, CONNECT_TIMEOUT_S);
    t->attempt = g_cancellable_new();
    g_socket_client_connect_async(client, where, t->attempt, on_connected, t);
}

/* ---- plugging ---- */

static void on_put(GObject *none, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = redir_plug_put_finish(result, &error);
    SocketTransport *t = user;

    (void)none;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_clear_object(&t->attempt);
    if (socket != NULL) {
        take_socket(t, socket);
        return;
    }
    t->wanted = FALSE;
    t->base.events.closed(t->base.events.user, error);
}

static void on_removed(GObject *none, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    SocketTransport *t = user;

    (void)none;
    redir_plug_remove_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_clear_object(&t->attempt);
    t->base.events.left(t->base.events.user, error);
}

static gboolean plugged_open(RedirTransport *transport, GError **error)
{
    SocketTransport *t = socket_transport(transport);

    (void)error;
    g_return_val_if_fail(!t->wanted && t->fd < 0, FALSE);
    t->wanted = TRUE;
    t->attempt = g_cancellable_new();
    redir_plug_put_async(t->plug, t->attempt, on_put, t);
    return TRUE;
}

static void plugged_leave(RedirTransport *transport)
{
    SocketTransport *t = socket_transport(transport);

    t->attempt = g_cancellable_new();
    redir_plug_remove_async(t->plug, t->attempt, on_removed, t);
}

/* ---- listening ---- */

static gboolean on_accept_again(gpointer user)
{
    SocketTransport *t = user;

    t->accept_timer = 0;
    watch_peers(t, TRUE);
    return G_SOURCE_REMOVE;
}

/* Out of descriptors or memory: the peer stays in the queue and keeps the socket readable. */
static void pause_accepting(SocketTransport *t, int code)
{
    if (!t->exhausted)
        g_message("%s: a VM cannot be let in (%s); trying again each second", t->base.address,
                  g_strerror(code));
    t->exhausted = TRUE;
    watch_peers(t, FALSE);
    t->accept_timer = g_timeout_add_seconds(1, on_accept_again, t);
}

static gboolean on_peer(int listen_fd, GIOCondition condition, gpointer user)
{
    SocketTransport *t = user;
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)condition;
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            pause_accepting(t, errno);
        return G_SOURCE_CONTINUE;
    }
    t->exhausted = FALSE;
    if (t->wanted) {
        begin_stream(t, fd);
        return G_SOURCE_CONTINUE;
    }
    close(fd);
    if (g_get_monotonic_time() - t->refused_us > 5 * G_USEC_PER_SEC || t->refused_us == 0)
        g_message("%s: refused a second VM while one is connected", t->base.address);
    t->refused_us = g_get_monotonic_time();
    return G_SOURCE_CONTINUE;
}

/* While neither a peer is wanted nor one is here, whoever comes waits in the kernel's queue. */
static void watch_peers(SocketTransport *t, gboolean watch)
{
    g_clear_handle_id(&t->accept_timer, g_source_remove);
    if (t->listen_source != NULL && !watch) {
        g_source_destroy(t->listen_source);
        g_clear_pointer(&t->listen_source, g_source_unref);
    } else if (t->listen_source == NULL && watch) {
        t->listen_source = g_unix_fd_source_new(t->listen_fd, G_IO_IN);
        g_source_set_callback(t->listen_source, G_SOURCE_FUNC(on_peer), t, NULL);
        g_source_attach(t->listen_source, NULL);
    }
}

static gboolean set_listen_error(SocketTransport *t, int code, GError **error)
{
    static const struct {
        int code;
        RedirError error;
        const char *hint;
    } hints[] = {
        {EADDRINUSE, REDIR_ERROR_IN_USE,
         "in use: another program listens there; end it or choose another address"},
        {ENOTSOCK, REDIR_ERROR_IN_USE, "exists and is no socket; choose another path"},
        {EACCES, REDIR_ERROR_FAILED, "no permission to listen there"},
        {ENOENT, REDIR_ERROR_FAILED, "no such folder; create it first"},
        {EADDRNOTAVAIL, REDIR_ERROR_FAILED,
         "not an address of this machine; 0.0.0.0 and [::] stand for all of them"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(hints); i++)
        if (hints[i].code == code) {
            g_set_error(error, REDIR_ERROR, hints[i].error, "%s: %s", t->base.address,
                        hints[i].hint);
            return FALSE;
        }
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "%s: %s", t->base.address,
                g_strerror(code));
    return FALSE;
}

/* 0, or the errno. */
static int bind_and_listen(SocketTransport *t, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return errno;
    if (address->sa_family != AF_UNIX)
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, address, size) < 0 || listen(fd, 4) < 0) {
        int code = errno;
        close(fd);
        return code;
    }
    t->listen_fd = fd;
    return 0;
}

/* What stands in the way at path: 0 where it was a socket that nobody answers on, and is removed
   now; else the errno to report. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat found;

    if (lstat(address->sun_path, &found) < 0)
        return errno;
    if (!S_ISSOCK(found.st_mode))
        return ENOTSOCK;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    gboolean dead =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    if (!dead)
        return EADDRINUSE;
    return unlink(address->sun_path) < 0 ? errno : 0;
}

static gboolean listen_unix(SocketTransport *t, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    g_strlcpy(address.sun_path, t->address->path, sizeof address.sun_path);
    int code = bind_and_listen(t, (struct sockaddr *)&address, sizeof address);
    if (code == EADDRINUSE) {
        code = remove_stale(&address);
        if (code == 0)
            code = bind_and_listen(t, (struct sockaddr *)&address, sizeof address);
    }
    if (code != 0)
        return set_listen_error(t, code, error);
    if (lstat(address.sun_path, &t->bound) < 0)
        t->bound = (struct stat){0};
    return TRUE;
}

static void remove_bound(SocketTransport *t)
{
    struct stat found;

    if (t->address->scheme == REDIR_SCHEME_UNIX && t->bound.st_ino != 0 &&
        lstat(t->address->path, &found) == 0 && found.st_ino == t->bound.st_ino &&
        found.st_dev == t->bound.st_dev)
        unlink(t->address->path);
}

static gboolean listen_tcp(SocketTransport *t, GInetAddress *where, GError **error)
{
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new(where, t->address->port);
    struct sockaddr_storage native;

    if (!g_socket_address_to_native(address, &native, sizeof native, error))
        return FALSE;
    int code =
        bind_and_listen(t, (struct sockaddr *)&native, g_socket_address_get_native_size(address));
    return code == 0 || set_listen_error(t, code, error);
}

/* A name may stand for ::1 and 127.0.0.1: who connects by that name tries both, who connects by
   number mostly means the latter. */
static GInetAddress *preferred(GList *addresses)
{
    for (GList *l = addresses; l != NULL; l = l->next)
        if (g_inet_address_get_family(l->data) == G_SOCKET_FAMILY_IPV4)
            return l->data;
    return addresses->data;
}

static void on_resolved(GObject *resolver, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
    SocketTransport *t = user;

    if (!end_attempt(t, error))
        return;
    if (listen_tcp(t, preferred(found), &error)) {
        watch_peers(t, TRUE);
    } else {
        t->wanted = FALSE;
        t->base.events.closed(t->base.events.user, error);
    }
    g_resolver_free_addresses(found);
}

static gboolean begin_listen(SocketTransport *t, GError **error)
{
    if (t->listen_fd < 0 && t->address->scheme == REDIR_SCHEME_UNIX && !listen_unix(t, error))
        return FALSE;
    if (t->listen_fd < 0 && t->address->scheme == REDIR_SCHEME_TCP) {
        g_autoptr(GInetAddress) number = g_inet_address_new_from_string(t->address->host);
        if (number == NULL) {
            g_autoptr(GResolver) resolver = g_resolver_get_default();
            t->attempt = g_cancellable_new();
            g_resolver_lookup_by_name_async(resolver, t->address->host, t->attempt, on_resolved, t);
            return TRUE;
        }
        if (!listen_tcp(t, number, error))
            return FALSE;
    }
    watch_peers(t, TRUE);
    return TRUE;
}

/* ---- the operations ---- */

static gboolean socket_open(RedirTransport *transport, GError **error)
{
    SocketTransport *t = socket_transport(transport);

    g_return_val_if_fail(!t->wanted && t->fd < 0, FALSE);
    if (t->role == REDIR_LISTEN) {
        t->wanted = begin_listen(t, error);
        return t->wanted;
    }
    t->wanted = TRUE;
    begin_connect(t);
    return TRUE;
}

static gsize socket_outstanding(RedirTransport *transport)
{
    return socket_transport(transport)->outstanding;
}

/* The shortest so far: a busy machine lengthens some. An older kernel does not keep it; and none
   may have been measured, where the connection took a second attempt. */
static gint64 round_trip(const struct tcp_info *info, socklen_t size)
{
    gboolean known = size >= G_STRUCT_OFFSET(struct tcp_info, tcpi_min_rtt) + sizeof(guint32) &&
                     info->tcpi_min_rtt != G_MAXUINT32;

    return known ? info->tcpi_min_rtt : info->tcpi_rtt;
}

static void socket_measure(RedirTransport *transport, RedirTransportMeasure *ret_measure)
{
    SocketTransport *t = socket_transport(transport);
    struct tcp_info info;
    socklen_t size = sizeof info;
    int queued = 0;

    *ret_measure = (RedirTransportMeasure){0};
    if (getsockopt(t->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
        ret_measure->round_trip_us = round_trip(&info, size);
    if (ioctl(t->fd, SIOCOUTQ, &queued) == 0)
        ret_measure->in_kernel = MAX(queued, 0);
}

static void socket_pause_reading(RedirTransport *transport, gboolean paused)
{
    SocketTransport *t = socket_transport(transport);

    if (t->fd < 0 || t->paused == paused)
        return;
    t->paused = paused;
    watch_stream(t);
}

static void socket_close(RedirTransport *transport)
{
    SocketTransport *t = socket_transport(transport);

    t->wanted = FALSE;
    if (t->attempt != NULL)
        g_cancellable_cancel(t->attempt);
    g_clear_object(&t->attempt);
    watch_peers(t, FALSE);
    end_stream(t);
}

static void socket_free(RedirTransport *transport)
{
    SocketTransport *t = socket_transport(transport);

    socket_close(transport);
    if (t->listen_fd >= 0) {
        remove_bound(t);
        close(t->listen_fd);
    }
    redir_address_free(t->address);
    redir_plug_unref(t->plug);
    g_free(t->base.address);
    g_free(t);
}

static const RedirTransportOps socket_ops = {
    .open = socket_open,
    .send = socket_send,
    .outstanding = socket_outstanding,
    .measure = socket_measure,
    .pause_reading = socket_pause_reading,
    .close = socket_close,
    .free = socket_free,
};

static const RedirTransportOps plugged_ops = {
    .sure = TRUE,
    .open = plugged_open,
    .send = socket_send,
    .outstanding = socket_outstanding,
    .measure = socket_measure,
    .pause_reading = socket_pause_reading,
    .close = socket_close,
    .leave = plugged_leave,
    .free = socket_free,
};

RedirTransport *redir_socket_transport_new_plugged(RedirPlug *plug)
{
    SocketTransport *t = g_new0(SocketTransport, 1);

    t->base.ops = &plugged_ops;
    t->base.address = g_strdup(plug->address);
    t->plug = plug;
    t->listen_fd = t->fd = -1;
    g_queue_init(&t->out);
    return &t->base;
}

RedirTransport *redir_socket_transport_new(const char *address, RedirRole role,
                                           const RedirTransportEvents *events, GError **error)
{
    RedirAddress *parsed = redir_address_parse(address, error);

    if (parsed == NULL)
        return NULL;
    SocketTransport *t = g_new0(SocketTransport, 1);
    t->base.ops = &socket_ops;
    t->base.events = *events;
    t->base.address = g_strdup(address);
    t->address = parsed;
    t->role = role;
    t->listen_fd = t->fd = -1;
    g_queue_init(&t->out);
    return &t->base;
}
