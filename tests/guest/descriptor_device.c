/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fuzzed device without a fault, in a thread. */
#include "tests/guest/descriptor_device.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <poll.h>
#include <unistd.h>

#include "tools/fuzz/device.h"
#include "tools/fuzz/mutate.h"

struct DescriptorDevice {
    FuzzCase fuzz_case;
    FuzzDevice *device;
    GThread *thread;
    int stop[2]; /* a pipe: closed to end the thread */
    gboolean plugged;
};

static gpointer run(gpointer user)
{
    DescriptorDevice *self = user;
    struct pollfd fds[] = {{.fd = fuzz_device_fd(self->device), .events = POLLIN},
                           {.fd = self->stop[0], .events = POLLIN}};

    while ((poll(fds, G_N_ELEMENTS(fds), -1) > 0 || errno == EINTR) && !fds[1].revents) {
        if (!fuzz_device_receive(self->device))
            break;
        if (!self->plugged && fuzz_device_state(self->device).ready)
            self->plugged = fuzz_device_plug(self->device, &self->fuzz_case, FALSE);
    }
    return NULL;
}

static int connect_to(const char *path, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);

    return connection ? dup(g_socket_get_fd(g_socket_connection_get_socket(connection))) : -1;
}

DescriptorDevice *descriptor_device_plug(const struct desc_tree *tree, const char *path,
                                         GError **error)
{
    int fd = connect_to(path, error);
    guint8 *bytes = g_malloc(FUZZ_MAX_BYTES);

    if (fd < 0) {
        g_free(bytes);
        return NULL;
    }
    gssize size = desc_pack(desc_tree_root((struct desc_tree *)tree), bytes, FUZZ_MAX_BYTES);
    DescriptorDevice *self = g_new0(DescriptorDevice, 1);
    self->fuzz_case.descriptors = g_bytes_new_take(bytes, MAX(size, 0));
    self->fuzz_case.faults = g_array_new(FALSE, FALSE, sizeof(FuzzFault));
    if (size < 0 || pipe(self->stop) < 0)
        g_error("no device, or no pipe");
    self->device = fuzz_device_new(fd);
    self->thread = g_thread_new("descriptors", run, self);
    return self;
}

void descriptor_device_unplug(DescriptorDevice *self)
{
    if (!self)
        return;
    close(self->stop[1]);
    g_thread_join(self->thread);
    fuzz_device_unplug(self->device);
    fuzz_device_free(self->device);
    close(self->stop[0]);
    g_bytes_unref(self->fuzz_case.descriptors);
    g_array_unref(self->fuzz_case.faults);
    g_free(self);
}
