/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other end of a usbredir stream, as QEMU would be it, but free to break every rule. */
#include "tests/guest/peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/process.h"

#define SEND_MS        5000 /* to one who may not read */
#define LONGEST_PACKET (64u << 20)
#define PROBE_SIZE     34 /* UVC 1.1, 4.3.1.1 */
#define STREAMING      1  /* the number of the interface that streams */
#define SET_CUR        0x01
#define GET_CUR        0x81
#define PROBE          0x0100
#define COMMIT         0x0200
#define TO_INTERFACE   0x21
#define FROM_INTERFACE 0xa1

struct Peer {
    int listener, fd;
    guint64 id;
    gboolean greeted; /* from then on ids have 64 bits */
};

Peer *peer_new(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    Peer *peer = g_new0(Peer, 1);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    unlink(path);
    peer->fd = -1;
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(peer->listener, 4) == 0)
        return peer;
    fail(error, "%s: %s", path, g_strerror(errno));
    peer_free(peer);
    return NULL;
}

void peer_free(Peer *peer)
{
    if (!peer)
        return;
    if (peer->fd >= 0)
        close(peer->fd);
    close(peer->listener);
    g_free(peer);
}

static gboolean wait_for(int fd, short events, gint64 timeout_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    return poll(&poll_fd, 1, timeout_ms) > 0;
}

gboolean peer_accept(Peer *peer, gint64 timeout_ms, GError **error)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = wait_for(peer->listener, POLLIN, timeout_ms)
                   ? accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)
                   : -1;
    peer->greeted = FALSE;
    return peer->fd >= 0 || fail(error, "camredir does not connect");
}

gboolean peer_write(Peer *peer, const void *data, gsize size, gint64 timeout_ms)
{
    for (const char *next = data; size;) {
        if (!wait_for(peer->fd, POLLOUT, timeout_ms))
            return FALSE;
        ssize_t n = send(peer->fd, next, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return FALSE;
        if (n > 0)
            next += n, size -= n;
    }
    return TRUE;
}

static gboolean read_all(Peer *peer, void *data, gsize size, gint64 timeout_ms)
{
    for (char *next = data; size;) {
        ssize_t n = wait_for(peer->fd, POLLIN, timeout_ms) ? recv(peer->fd, next, size, 0) : 0;
        if (n <= 0)
            return FALSE;
        next += n, size -= n;
    }
    return TRUE;
}

gboolean peer_wait_closed(Peer *peer, gint64 timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    char text[65536];
    while (g_get_monotonic_time() < deadline)
        if (wait_for(peer->fd, POLLIN, 50) && recv(peer->fd, text, sizeof text, 0) <= 0)
            return TRUE;
    return FALSE;
}

gboolean peer_send(Peer *peer, guint32 type, const void *header, gsize header_size,
                   const void *data, gsize size)
{
    struct usb_redir_header head = {.type = type, .length = header_size + size, .id = peer->id++};
    return peer_write(peer, &head, peer->greeted ? 16 : 12, SEND_MS) &&
           peer_write(peer, header, header_size, SEND_MS) && peer_write(peer, data, size, SEND_MS);
}

GBytes *peer_receive(Peer *peer, guint32 type, gint64 timeout_ms, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    struct usb_redir_header head = {0};
    while (g_get_monotonic_time() < deadline &&
           read_all(peer, &head, peer->greeted ? 16 : 12, timeout_ms) &&
           head.length <= LONGEST_PACKET) {
        g_autofree guint8 *body = g_malloc(head.length + 1);
        if (!read_all(peer, body, head.length, timeout_ms))
            break;
        if (head.type == type)
            return g_bytes_new_take(g_steal_pointer(&body), head.length);
    }
    fail(error, "camredir sends no packet of type %u", type);
    return NULL;
}

gboolean peer_hello(Peer *peer, GError **error)
{
    struct {
        struct usb_redir_hello_header hello;
        guint32 capabilities;
    } hello = {.hello.version = "a test",
               .capabilities =
                   1u << usb_redir_cap_connect_device_version | 1u << usb_redir_cap_filter |
                   1u << usb_redir_cap_device_disconnect_ack |
                   1u << usb_redir_cap_ep_info_max_packet_size | 1u << usb_redir_cap_64bits_ids |
                   1u << usb_redir_cap_32bits_bulk_length};
    if (!peer_send(peer, usb_redir_hello, &hello, sizeof hello, NULL, 0))
        return fail(error, "camredir takes no hello");
    g_autoptr(GBytes) answer = peer_receive(peer, usb_redir_hello, WAIT_MS, error);
    peer->greeted = TRUE;
    return answer != NULL;
}

GBytes *peer_control(Peer *peer, guint8 requesttype, guint8 request, guint16 value, guint16 index,
                     const void *data, guint16 length, GError **error)
{
    gboolean in = requesttype & 0x80;
    struct usb_redir_control_packet_header header = {.endpoint = in ? 0x80 : 0,
                                                     .requesttype = requesttype,
                                                     .request = request,
                                                     .value = value,
                                                     .index = index,
                                                     .length = length};
    peer_send(peer, usb_redir_control_packet, &header, sizeof header, data, in ? 0 : length);
    g_autoptr(GBytes) answer = peer_receive(peer, usb_redir_control_packet, WAIT_MS, error);
    if (!answer)
        return NULL;
    gsize size;
    const struct usb_redir_control_packet_header *reply = g_bytes_get_data(answer, &size);
    if (size < sizeof *reply || reply->status != usb_redir_success) {
        fail(error, "request %02x %02x %04x fails", requesttype, request, value);
        return NULL;
    }
    return g_bytes_new_from_bytes(answer, sizeof *reply, size - sizeof *reply);
}

/* The endpoints' numbers in ep_info: OUT 0 to 15, then IN. */
static gboolean find_bulk(Peer *peer, guint8 *ret_endpoint, GError **error)
{
    g_autoptr(GBytes) packet = peer_receive(peer, usb_redir_ep_info, WAIT_MS, error);
    if (!packet)
        return FALSE;
    const struct usb_redir_ep_info_header *info = g_bytes_get_data(packet, NULL);
    for (guint i = 17; i < 32; i++)
        if (info->type[i] == usb_redir_type_bulk) {
            *ret_endpoint = 0x80 | (i - 16);
            return TRUE;
        }
    return fail(error, "there is no bulk endpoint");
}

gboolean peer_start_stream(Peer *peer, guint8 *ret_endpoint, GError **error)
{
    struct usb_redir_set_configuration_header configuration = {.configuration = 1};
    if (!peer_hello(peer, error))
        return FALSE;
    g_autoptr(GBytes) connect = peer_receive(peer, usb_redir_device_connect, WAIT_MS, error);
    if (!connect)
        return FALSE;
    peer_send(peer, usb_redir_set_configuration, &configuration, sizeof configuration, NULL, 0);
    if (!find_bulk(peer, ret_endpoint, error))
        return FALSE;
    g_autoptr(GBytes) status = peer_receive(peer, usb_redir_configuration_status, WAIT_MS, error);
    if (!status)
        return FALSE;
    g_autoptr(GBytes) probe =
        peer_control(peer, FROM_INTERFACE, GET_CUR, PROBE, STREAMING, NULL, PROBE_SIZE, error);
    if (!probe || g_bytes_get_size(probe) != PROBE_SIZE)
        return probe ? fail(error, "PROBE has another length") : FALSE;
    g_autoptr(GBytes) commit = peer_control(peer, TO_INTERFACE, SET_CUR, COMMIT, STREAMING,
                                            g_bytes_get_data(probe, NULL), PROBE_SIZE, error);
    return commit != NULL;
}

gboolean peer_ask_bulk(Peer *peer, guint8 endpoint, guint32 size)
{
    struct usb_redir_bulk_packet_header header = {
        .endpoint = endpoint, .length = size, .length_high = size >> 16};
    return peer_send(peer, usb_redir_bulk_packet, &header, sizeof header, NULL, 0);
}
