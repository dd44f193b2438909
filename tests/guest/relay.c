/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A unix socket that leads to another one, until somebody cuts the wires. */
#include "tests/guest/relay.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/process.h"

typedef struct {
    int fds[2]; /* the client's, the server's */
    guint delay_ms;
    GThread *thread;
} Wire;

struct Relay {
    char *path, *target;
    guint delay_ms;
    int listener;
    GThread *thread;
    GMutex lock;
    GArray *wires; /* of Wire; theirs to use, ours to close */
    gint connections;
};

static int unix_socket(const char *path, int (*use)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && use(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Both ways; the end of one is the end of the other. */
static void *carry(void *user)
{
    g_autofree Wire *wire = user;
    const int fds[2] = {wire->fds[0], wire->fds[1]};
    char buffer[65536];
    gboolean open = TRUE;
    while (open) {
        struct pollfd polls[2] = {{.fd = fds[0], .events = POLLIN},
                                  {.fd = fds[1], .events = POLLIN}};
        poll(polls, 2, -1);
        for (guint i = 0; i < 2 && open; i++) {
            if (!polls[i].revents)
                continue;
            ssize_t n = read(fds[i], buffer, sizeof buffer);
            open = n > 0;
            g_usleep(wire->delay_ms * 1000);
            for (ssize_t done = 0, step; open && done < n; done += step)
                open = (step = send(fds[!i], buffer + done, n - done, MSG_NOSIGNAL)) > 0;
        }
    }
    for (guint i = 0; i < 2; i++)
        shutdown(fds[i], SHUT_RDWR);
    return NULL;
}

static void *serve(void *user)
{
    Relay *relay = user;
    for (int client; (client = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        int server = unix_socket(relay->target, connect);
        if (server < 0) {
            close(client);
            continue;
        }
        Wire wire = {.fds = {client, server}, .delay_ms = relay->delay_ms};
        wire.thread = g_thread_new("wire", carry, g_memdup2(&wire, sizeof wire));
        g_mutex_lock(&relay->lock);
        g_array_append_val(relay->wires, wire);
        g_mutex_unlock(&relay->lock);
        g_atomic_int_inc(&relay->connections);
    }
    return NULL;
}

static gboolean begin(Relay *relay, GError **error)
{
    unlink(relay->path);
    relay->listener = unix_socket(relay->path, bind);
    if (relay->listener < 0 || listen(relay->listener, 16) < 0)
        return fail(error, "%s: %s", relay->path, g_strerror(errno));
    relay->thread = g_thread_new("relay", serve, relay);
    return TRUE;
}

static void end(Relay *relay)
{
    if (relay->thread) {
        shutdown(relay->listener, SHUT_RDWR);
        g_clear_pointer(&relay->thread, g_thread_join);
    }
    for (guint i = 0; i < relay->wires->len; i++) {
        Wire *wire = &g_array_index(relay->wires, Wire, i);
        shutdown(wire->fds[0], SHUT_RDWR);
        g_thread_join(wire->thread);
        close(wire->fds[0]);
        close(wire->fds[1]);
    }
    g_array_set_size(relay->wires, 0);
    if (relay->listener >= 0)
        close(relay->listener);
    relay->listener = -1;
}

Relay *relay_new(const char *path, const char *target, guint delay_ms, GError **error)
{
    Relay *relay = g_new0(Relay, 1);
    relay->delay_ms = delay_ms;
    relay->path = g_strdup(path);
    relay->target = g_strdup(target);
    relay->wires = g_array_new(FALSE, FALSE, sizeof(Wire));
    g_mutex_init(&relay->lock);
    if (begin(relay, error))
        return relay;
    relay_free(relay);
    return NULL;
}

gboolean relay_cut(Relay *relay, GError **error)
{
    end(relay);
    return begin(relay, error);
}

guint relay_count_connections(Relay *relay)
{
    return g_atomic_int_get(&relay->connections);
}

void relay_free(Relay *relay)
{
    if (!relay)
        return;
    end(relay);
    unlink(relay->path);
    g_array_unref(relay->wires);
    g_mutex_clear(&relay->lock);
    g_free(relay->path);
    g_free(relay->target);
    g_free(relay);
}
