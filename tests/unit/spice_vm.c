/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* spice-server on GLib's main loop, and usb-redir behind its character devices. */
#include "tests/unit/spice_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <spice.h>
#include <spice/protocol.h>
#include <sys/socket.h>
#include <unistd.h>

struct SpiceVm {
    SpiceServer *server;
    GPtrArray *devices;
};

struct SpiceVmDevice {
    SpiceCharDeviceInstance instance; /* the first member: spice-server gives us its address */
    SpiceVm *vm;
    char *port_name;
    FakeQemu *qemu;
    int fd; /* the other end of qemu's */
    GSource *readable;
};

/* ---- the server's main loop ---- */

struct SpiceTimer {
    SpiceTimerFunc func;
    void *opaque;
    guint id;
};

static gboolean on_timer(gpointer user)
{
    SpiceTimer *timer = user;
    timer->id = 0;
    timer->func(timer->opaque);
    return G_SOURCE_REMOVE;
}

static SpiceTimer *timer_add(SpiceTimerFunc func, void *opaque)
{
    SpiceTimer *timer = g_new0(SpiceTimer, 1);
    *timer = (SpiceTimer){func, opaque, 0};
    return timer;
}

static void timer_cancel(SpiceTimer *timer)
{
    g_clear_handle_id(&timer->id, g_source_remove);
}

static void timer_start(SpiceTimer *timer, guint32 ms)
{
    timer_cancel(timer);
    timer->id = g_timeout_add(ms, on_timer, timer);
}

static void timer_remove(SpiceTimer *timer)
{
    timer_cancel(timer);
    g_free(timer);
}

struct SpiceWatch {
    SpiceWatchFunc func;
    void *opaque;
    int fd;
    guint id;
};

static gboolean on_watch(int fd, GIOCondition condition, gpointer user)
{
    SpiceWatch *watch = user;
    int events = (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) ? SPICE_WATCH_EVENT_READ : 0) |
                 (condition & G_IO_OUT ? SPICE_WATCH_EVENT_WRITE : 0);
    watch->func(fd, events, watch->opaque);
    return G_SOURCE_CONTINUE;
}

static void watch_update_mask(SpiceWatch *watch, int mask)
{
    GIOCondition condition = (mask & SPICE_WATCH_EVENT_READ ? G_IO_IN | G_IO_HUP | G_IO_ERR : 0) |
                             (mask & SPICE_WATCH_EVENT_WRITE ? G_IO_OUT : 0);
    g_clear_handle_id(&watch->id, g_source_remove);
    if (condition)
        watch->id = g_unix_fd_add(watch->fd, condition, on_watch, watch);
}

static SpiceWatch *watch_add(int fd, int mask, SpiceWatchFunc func, void *opaque)
{
    SpiceWatch *watch = g_new0(SpiceWatch, 1);
    *watch = (SpiceWatch){func, opaque, fd, 0};
    watch_update_mask(watch, mask);
    return watch;
}

static void watch_remove(SpiceWatch *watch)
{
    watch_update_mask(watch, 0);
    g_free(watch);
}

static SpiceCoreInterface core = {
    .base = {.type = SPICE_INTERFACE_CORE,
             .major_version = SPICE_INTERFACE_CORE_MAJOR,
             .minor_version = SPICE_INTERFACE_CORE_MINOR},
    .timer_add = timer_add,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .timer_remove = timer_remove,
    .watch_add = watch_add,
    .watch_update_mask = watch_update_mask,
    .watch_remove = watch_remove,
};

/* ---- character devices ---- */

static SpiceVmDevice *device_of(SpiceCharDeviceInstance *instance)
{
    return (SpiceVmDevice *)instance;
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
    SpiceVmDevice *device = user;
    (void)fd, (void)condition;
    spice_server_char_device_wakeup(&device->instance);
    return G_SOURCE_CONTINUE;
}

static void unplug(SpiceVmDevice *device)
{
    if (!device->qemu)
        return;
    g_source_destroy(device->readable);
    g_clear_pointer(&device->readable, g_source_unref);
    g_clear_pointer(&device->qemu, fake_qemu_free);
    close(device->fd);
}

static void plug(SpiceVmDevice *device)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        g_error("socketpair: %s", g_strerror(errno));
    device->fd = fds[0];
    device->qemu = fake_qemu_new(fds[1], TRUE);
    device->readable = g_unix_fd_source_new(device->fd, G_IO_IN);
    g_source_set_callback(device->readable, G_SOURCE_FUNC(on_readable), device, NULL);
    g_source_attach(device->readable, NULL);
}

static void on_state(SpiceCharDeviceInstance *instance, int connected)
{
    SpiceVmDevice *device = device_of(instance);
    unplug(device);
    if (connected)
        plug(device);
}

/* Both: what does not fit now is asked again, as QEMU has it. */
static int on_write(SpiceCharDeviceInstance *instance, const guint8 *data, int size)
{
    SpiceVmDevice *device = device_of(instance);
    ssize_t sent = device->qemu ? send(device->fd, data, size, MSG_NOSIGNAL) : 0;
    return sent < 0 ? 0 : sent;
}

static int on_read(SpiceCharDeviceInstance *instance, guint8 *data, int size)
{
    SpiceVmDevice *device = device_of(instance);
    ssize_t got = device->qemu ? recv(device->fd, data, size, 0) : 0;
    return got < 0 ? 0 : got;
}

static void on_event(SpiceCharDeviceInstance *instance, guint8 event)
{
    (void)instance, (void)event;
}

static const SpiceCharDeviceInterface interface = {
    .base = {.type = SPICE_INTERFACE_CHAR_DEVICE,
             .description = "camera",
             .major_version = SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
             .minor_version = SPICE_INTERFACE_CHAR_DEVICE_MINOR},
    .state = on_state,
    .write = on_write,
    .read = on_read,
    .event = on_event,
};

static void device_free(gpointer data)
{
    SpiceVmDevice *device = data;
    spice_server_remove_interface(&device->instance.base);
    unplug(device);
    g_free(device->port_name);
    g_free(device);
}

SpiceVmDevice *spice_vm_add(SpiceVm *vm, const char *port_name)
{
    SpiceVmDevice *device = g_new0(SpiceVmDevice, 1);
    device->vm = vm;
    device->port_name = g_strdup(port_name);
    device->instance.base.sif = &interface.base;
    device->instance.subtype = port_name ? "port" : "usbredir";
    device->instance.portname = device->port_name;
    g_ptr_array_add(vm->devices, device);
    spice_server_add_interface(vm->server, &device->instance.base);
    if (port_name)
        spice_server_port_event(&device->instance, SPICE_PORT_EVENT_OPENED);
    return device;
}

void spice_vm_remove(SpiceVmDevice *device)
{
    if (device->port_name)
        spice_server_port_event(&device->instance, SPICE_PORT_EVENT_CLOSED);
    g_ptr_array_remove(device->vm->devices, device);
}

FakeQemu *spice_vm_qemu(const SpiceVmDevice *device)
{
    return device->qemu;
}

/* ---- life ---- */

SpiceVm *spice_vm_new(const char *path)
{
    SpiceVm *vm = g_new0(SpiceVm, 1);
    vm->devices = g_ptr_array_new_with_free_func(device_free);
    vm->server = spice_server_new();
    spice_server_set_addr(vm->server, path, SPICE_ADDR_FLAG_UNIX_ONLY);
    spice_server_set_noauth(vm->server);
    if (spice_server_init(vm->server, &core) != 0)
        g_error("spice-server does not start at %s", path);
    spice_server_vm_start(vm->server);
    return vm;
}

void spice_vm_set_running(SpiceVm *vm, gboolean running)
{
    if (running)
        spice_server_vm_start(vm->server);
    else
        spice_server_vm_stop(vm->server);
    for (guint i = 0; i < vm->devices->len; i++) {
        SpiceVmDevice *device = vm->devices->pdata[i];
        if (device->qemu)
            fake_qemu_set_reading(device->qemu, running);
    }
}

void spice_vm_free(SpiceVm *vm)
{
    if (!vm)
        return;
    g_ptr_array_unref(vm->devices);
    spice_server_destroy(vm->server);
    g_free(vm);
}
