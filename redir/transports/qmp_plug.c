/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of QEMU to put a camera in and to take it out. The monitor serves one client at a
   time, so it is held for these steps alone and not while the camera is there. */
#include "redir/transports/qmp_plug.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redir/address.h"
#include "redir/error.h"
#include "redir/transports/qmp_usb.h"

typedef struct {
    RedirPlug base;
    char *path;
    RedirSpeeds speed;
} QmpPlug;

/* ---- what is there ---- */

typedef struct {
    char *bus;   /* its name, for device_add; NULL: none was found */
    guint ports; /* that it has, used or not */
} Place;

static gboolean take_free(gpointer user, const RedirQmpController *controller)
{
    Place *place = user;

    if (controller->bus == NULL || controller->used >= controller->ports)
        return FALSE;
    *place = (Place){g_strdup(controller->bus), controller->ports};
    return TRUE;
}

/* FALSE: the answers failed; no controller with room is no error. */
static gboolean find_place(RedirQmp *qmp, RedirSpeeds speed, Place *ret_place, GError **error)
{
    return redir_qmp_each_controller(qmp, speed, take_free, ret_place, error);
}

/* ---- a controller of our own ---- */

static gboolean add_controller_at(RedirQmp *qmp, const char *bus, GError **error)
{
    if (bus == NULL)
        return redir_qmp_do(qmp, error, "device_add",
                            "{'driver': <'qemu-xhci'>, 'id': <%s>, 'p2': <15>, 'p3': <15>}",
                            REDIR_QMP_CONTROLLER_ID);
    return redir_qmp_do(qmp, error, "device_add",
                        "{'driver': <'qemu-xhci'>, 'id': <%s>, 'p2': <15>, 'p3': <15>, "
                        "'bus': <%s>}",
                        REDIR_QMP_CONTROLLER_ID, bus);
}

/* Where the machine's own PCI bus takes nothing while it runs, a free root port may. */
static gboolean add_at_root_port(RedirQmp *qmp, const char *container)
{
    g_autoptr(JsonNode) found = redir_qmp_list(qmp, container, NULL);

    for (guint i = 0; found != NULL && i < redir_qmp_length(found); i++) {
        JsonNode *member = redir_qmp_element(found, i);
        if (strcmp(redir_qmp_string(member, "type"), "child<pcie-root-port>") != 0)
            continue;
        g_autofree char *path =
            g_strdup_printf("%s/%s", container, redir_qmp_string(member, "name"));
        g_autoptr(JsonNode) members = redir_qmp_list(qmp, path, NULL);
        const char *bus = members != NULL ? redir_qmp_bus_of(members, "child<PCIE>") : "";
        if (*bus && redir_qmp_devices_on(qmp, path, bus) == 0 && add_controller_at(qmp, bus, NULL))
            return TRUE;
    }
    return FALSE;
}

static gboolean add_controller(RedirQmp *qmp, const QmpPlug *plug, Place *ret_place, GError **error)
{
    g_autoptr(GError) inner = NULL;
    gboolean added = add_controller_at(qmp, NULL, &inner);

    for (guint c = 0; c < REDIR_QMP_CONTAINERS && !added; c++)
        added = add_at_root_port(qmp, redir_qmp_containers[c]);
    if (added && !find_place(qmp, plug->speed, ret_place, error))
        return FALSE;
    if (ret_place->bus != NULL)
        return TRUE;
    if (added)
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FINAL,
                    "%s: QEMU has taken a USB controller, and does not have it", plug->path);
    else
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FINAL,
                    "%s; this VM has no free %s-speed USB port, and no place for another "
                    "controller while it runs: start it with -device qemu-xhci, or with a free "
                    "-device pcie-root-port",
                    inner->message, redir_speed_name(plug->speed));
    return FALSE;
}

static gboolean remove_controller(RedirQmp *qmp, GError **error)
{
    const char *bus = REDIR_QMP_CONTROLLER_ID ".0";

    if (redir_qmp_devices_on(qmp, "/machine/peripheral/" REDIR_QMP_CONTROLLER_ID, bus) != 0)
        return TRUE;
    if (redir_qmp_remove_device(qmp, REDIR_QMP_CONTROLLER_ID, error))
        return TRUE;
    g_prefix_error(error, "the USB controller " REDIR_QMP_CONTROLLER_ID
                          " stays until the guest lets it go (is it paused, or not up?): ");
    return FALSE;
}

/* ---- the camera ---- */

static JsonNode *list_chardevs(RedirQmp *qmp, GError **error)
{
    return redir_qmp_run(qmp, error, "query-chardev", NULL);
}

static gboolean remove_camera(RedirQmp *qmp, const char *id, GError **error)
{
    g_autoptr(JsonNode) devices = redir_qmp_list(qmp, redir_qmp_containers[0], error);

    if (devices == NULL ||
        (redir_qmp_find(devices, "name", id) != NULL && !redir_qmp_remove_device(qmp, id, error)))
        return FALSE;
    /* Which takes the chardev with it, in the QEMUs that we know. */
    g_autoptr(JsonNode) chardevs = list_chardevs(qmp, error);
    return chardevs != NULL && (redir_qmp_find(chardevs, "label", id) == NULL ||
                                redir_qmp_do(qmp, error, "chardev-remove", "{'id': <%s>}", id));
}

/* A camera whose stream has ended serves nobody, whoever began it. */
static gboolean remove_leftovers(RedirQmp *qmp, GError **error)
{
    g_autoptr(JsonNode) chardevs = list_chardevs(qmp, error);
    gboolean good = chardevs != NULL;

    for (guint i = 0; good && i < redir_qmp_length(chardevs); i++) {
        JsonNode *chardev = redir_qmp_element(chardevs, i);
        const char *id = redir_qmp_string(chardev, "label");
        if (g_str_has_prefix(id, REDIR_QMP_CAMERA_ID) &&
            g_str_has_prefix(redir_qmp_string(chardev, "filename"), "disconnected:"))
            good = remove_camera(qmp, id, error);
    }
    return good;
}

static char *free_id(RedirQmp *qmp, GError **error)
{
    g_autoptr(JsonNode) chardevs = list_chardevs(qmp, error);
    g_autoptr(JsonNode) devices =
        chardevs != NULL ? redir_qmp_list(qmp, redir_qmp_containers[0], error) : NULL;
    g_autofree char *id = NULL;

    if (devices == NULL)
        return NULL;
    for (guint n = 0; id == NULL || redir_qmp_find(chardevs, "label", id) != NULL ||
                      redir_qmp_find(devices, "name", id) != NULL;
         n++) {
        g_free(id);
        id = g_strdup_printf(REDIR_QMP_CAMERA_ID "%u", n);
    }
    return g_steal_pointer(&id);
}

/* The port is named because QEMU puts a full-speed hub into the last free one otherwise. */
static gboolean add_device(RedirQmp *qmp, const char *id, const Place *place, GError **error)
{
    gboolean added = FALSE;

    for (guint number = 1; number <= place->ports && !added; number++) {
        g_autofree char *port = g_strdup_printf("%u", number);
        g_clear_error(error);
        added = redir_qmp_do(qmp, error, "device_add",
                             "{'driver': <'usb-redir'>, 'id': <%s>, 'chardev': <%s>, "
                             "'bus': <%s>, 'port': <%s>}",
                             id, id, place->bus, port);
    }
    return added;
}

static gboolean add_chardev(RedirQmp *qmp, int fd, const char *id, GError **error)
{
    return redir_qmp_pass_fd(qmp, fd, id, error) &&
           redir_qmp_do(qmp, error, "chardev-add",
                        "{'id': <%s>, 'backend': <{'type': <'socket'>, 'data': <{"
                        "'addr': <{'type': <'fd'>, 'data': <{'str': <%s>}>}>, "
                        "'server': <false>}>}>}",
                        id, id);
}

static GSocket *add_camera(RedirQmp *qmp, const Place *place, GError **error)
{
    g_autofree char *id = free_id(qmp, error);
    int fds[2];

    if (id == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "socketpair: %s", g_strerror(errno));
        return NULL;
    }
    gboolean added = add_chardev(qmp, fds[1], id, error) && add_device(qmp, id, place, error);
    GSocket *socket = added ? g_socket_new_from_fd(fds[0], error) : NULL;
    close(fds[1]);
    if (socket == NULL)
        close(fds[0]);
    return socket;
}

/* ---- the plug ---- */

static gboolean check_usb_redir(RedirQmp *qmp, const QmpPlug *plug, GError **error)
{
    g_autoptr(GError) inner = NULL;

    if (redir_qmp_do(qmp, &inner, "device-list-properties", "{'typename': <'usb-redir'>}"))
        return TRUE;
    if (!g_error_matches(inner, REDIR_ERROR, REDIR_ERROR_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_FINAL,
                "%s: this QEMU has no usb-redir device; use one that is built with usbredir, with "
                "its module hw-usb-redirect.so",
                plug->base.address);
    return FALSE;
}

static void say_if_paused(RedirQmp *qmp, const QmpPlug *plug)
{
    g_autoptr(JsonNode) status = redir_qmp_run(qmp, NULL, "query-status", NULL);

    if (status != NULL && strcmp(redir_qmp_string(status, "status"), "running") != 0)
        redir_plug_say("%s: the VM is paused; the guest will find the camera when it goes on",
                       plug->base.address);
}

static GSocket *qmp_put(RedirPlug *base, GCancellable *cancellable, GError **error)
{
    QmpPlug *plug = (QmpPlug *)base;
    g_autoptr(RedirQmp) qmp = redir_qmp_open(plug->path, cancellable, error);
    Place place = {0};
    GSocket *socket = NULL;

    if (qmp == NULL || !check_usb_redir(qmp, plug, error))
        return NULL;
    base->began = TRUE;
    if (remove_leftovers(qmp, error) && find_place(qmp, plug->speed, &place, error) &&
        (place.bus != NULL || add_controller(qmp, plug, &place, error)))
        socket = add_camera(qmp, &place, error);
    if (socket != NULL)
        say_if_paused(qmp, plug);
    g_free(place.bus);
    return socket;
}

/* Our end of the stream is closed, so what put() made is a leftover like others. */
static gboolean qmp_remove(RedirPlug *base, GCancellable *cancellable, GError **error)
{
    QmpPlug *plug = (QmpPlug *)base;
    g_autoptr(GError) inner = NULL;
    g_autoptr(RedirQmp) qmp = redir_qmp_open(plug->path, cancellable, &inner);

    if (qmp != NULL && remove_leftovers(qmp, &inner) && remove_controller(qmp, &inner))
        return TRUE;
    if (g_error_matches(inner, REDIR_ERROR, REDIR_ERROR_UNREACHABLE))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

static void qmp_free(RedirPlug *base)
{
    QmpPlug *plug = (QmpPlug *)base;

    g_free(plug->path);
    g_free(plug);
}

static const RedirPlugOps ops = {.put = qmp_put, .remove = qmp_remove, .free = qmp_free};

RedirPlug *redir_qmp_plug_new(const char *path, RedirSpeeds speed, GError **error)
{
    g_autofree char *address =
        g_str_has_prefix(path, "unix:") ? g_strdup(path) : g_strconcat("unix:", path, NULL);
    g_autoptr(RedirAddress) parsed = NULL;

    if (g_str_has_prefix(path, "tcp:")) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS,
                    "--qmp %s: a stream can be handed over through a unix socket alone; give QEMU "
                    "-qmp unix:PATH,server=on,wait=off",
                    path);
        return NULL;
    }
    if ((parsed = redir_address_parse(address, error)) == NULL)
        return NULL;
    QmpPlug *plug = g_new0(QmpPlug, 1);
    redir_plug_init(&plug->base, &ops, g_strdup_printf("qmp:%s", parsed->path));
    plug->path = g_strdup(parsed->path);
    plug->speed = speed;
    return &plug->base;
}
