/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks libvirt for a redirdev in a live domain. QEMU connects to a socket of ours: it may run as
   another user, whose sockets we could not reach, while libvirt hands it what it has to reach. */
#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "redir/error.h"
#include "redir/transports/libvirt.h"
#include "redir/transports/libvirt_domain.h"

#define EXPORT __attribute__((visibility("default")))

#define ALIAS      "ua-camredir-cam-" /* libvirt wants "ua-" before what users choose */
#define FOLDER     "camredir-XXXXXX"
#define SOCKET     "/camera.sock"
#define CONNECT_MS 5000
#define DETACH_S   10
#define POLL_US    100000

typedef struct {
    RedirPlug base;
    char *uri, *domain;
    RedirSpeeds speed;
    char *folder, *path; /* of the socket that QEMU connects to; NULL: none */
    int listener; /* open as long as the camera is there: how others tell that it is in use */
} LibvirtPlug;

/* ---- talking to libvirt ---- */

typedef struct {
    const char *name; /* for messages */
    virConnectPtr connection;
    virDomainPtr domain;
} Domain;

static void domain_close(Domain *domain)
{
    if (domain->domain != NULL)
        virDomainFree(domain->domain);
    if (domain->connection != NULL)
        virConnectClose(domain->connection);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Domain, domain_close)

static gboolean failed(const char *name, GError **error, RedirError code, const char *what)
{
    const char *why = virGetLastErrorMessage();

    g_set_error(error, REDIR_ERROR, code, "libvirt:%s: %s%s%s", name, what, *why ? ": " : "", why);
    return FALSE;
}

static gboolean refused(const char *name, GError **error, RedirError code, const char *what)
{
    g_set_error(error, REDIR_ERROR, code, "libvirt:%s: %s", name, what);
    return FALSE;
}

static void be_quiet(void *user, virErrorPtr error)
{
    (void)user, (void)error;
}

static gboolean domain_open(const char *uri, const char *name, Domain *ret_domain, GError **error)
{
    g_auto(Domain) domain = {.name = name};

    virSetErrorFunc(NULL, be_quiet);
    domain.connection = virConnectOpen(uri);
    if (domain.connection == NULL)
        return failed(name, error, REDIR_ERROR_UNREACHABLE, "libvirt cannot be reached");
    domain.domain = virDomainLookupByName(domain.connection, name);
    if (domain.domain == NULL)
        domain.domain = virDomainLookupByUUIDString(domain.connection, name);
    if (domain.domain == NULL)
        return refused(name, error, REDIR_ERROR_UNREACHABLE,
                       "there is no such domain; 'virsh list --all' shows them, --libvirt-uri "
                       "names another libvirt");
    *ret_domain = domain;
    domain = (Domain){NULL, NULL, NULL};
    return TRUE;
}

static RedirLibvirtDomain *domain_look(const Domain *domain, unsigned flags, GError **error)
{
    char *xml = virDomainGetXMLDesc(domain->domain, flags);
    RedirLibvirtDomain *parsed = NULL;

    if (xml != NULL)
        parsed = redir_libvirt_domain_parse(xml, error);
    else
        failed(domain->name, error, REDIR_ERROR_UNREACHABLE, "its XML cannot be read");
    free(xml);
    return parsed;
}

static const RedirLibvirtDevice *find_device(const RedirLibvirtDomain *domain, const char *alias)
{
    for (guint i = 0; i < domain->devices->len; i++) {
        const RedirLibvirtDevice *device = g_ptr_array_index(domain->devices, i);
        if (g_strcmp0(device->alias, alias) == 0)
            return device;
    }
    return NULL;
}

/* ---- the socket ---- */

static int unix_socket(const char *path, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    g_strlcpy(ret_address->sun_path, path, sizeof ret_address->sun_path);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static gboolean nobody_listens(const char *path)
{
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    gboolean dead = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0 &&
                    (errno == ECONNREFUSED || errno == ENOENT);

    if (fd >= 0)
        close(fd);
    return dead;
}

/* In a folder that others can pass through and not look into. */
static gboolean begin_listening(LibvirtPlug *plug, GError **error)
{
    struct sockaddr_un address;

    plug->folder = g_dir_make_tmp(FOLDER, error);
    if (plug->folder == NULL)
        return FALSE;
    plug->path = g_strconcat(plug->folder, SOCKET, NULL);
    plug->listener = unix_socket(plug->path, &address);
    if (plug->listener >= 0 && g_chmod(plug->folder, 0711) == 0 &&
        bind(plug->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        g_chmod(plug->path, 0600) == 0 && listen(plug->listener, 8) == 0)
        return TRUE;
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "%s: %s", plug->path, g_strerror(errno));
    return FALSE;
}

static void end_listening(LibvirtPlug *plug)
{
    if (plug->listener >= 0)
        close(plug->listener);
    plug->listener = -1;
    if (plug->folder != NULL) {
        g_unlink(plug->path);
        g_rmdir(plug->folder);
    }
    g_clear_pointer(&plug->folder, g_free);
    g_clear_pointer(&plug->path, g_free);
}

/* Of a run that was killed: the path comes from the domain, so it must be one of ours. */
static void remove_stale_socket(const char *path)
{
    g_autofree char *ours = g_build_filename(g_get_tmp_dir(), "camredir-", NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    if (!g_str_has_prefix(path, ours) || !g_str_has_suffix(path, SOCKET) ||
        strchr(folder + strlen(ours), '/') != NULL)
        return;
    g_unlink(path);
    g_rmdir(folder);
}

/* libvirt said that the device is there, so QEMU has connected already. */
static GSocket *accept_qemu(const LibvirtPlug *plug, GError **error)
{
    struct pollfd ready = {.fd = plug->listener, .events = POLLIN};
    int fd =
        poll(&ready, 1, CONNECT_MS) > 0 ? accept4(plug->listener, NULL, NULL, SOCK_CLOEXEC) : -1;

    if (fd >= 0)
        return g_socket_new_from_fd(fd, error);
    refused(plug->domain, error, REDIR_ERROR_UNREACHABLE,
            "QEMU has the device and has not connected to it");
    return NULL;
}

/* ---- taking out ---- */

/* The guest is not asked: a USB device goes at once, but libvirt tells later. */
static gboolean detach(const Domain *domain, const char *alias, GCancellable *cancellable,
                       GError **error)
{
    gint64 end_us = g_get_monotonic_time() + DETACH_S * G_USEC_PER_SEC;

    if (virDomainDetachDeviceAlias(domain->domain, alias, VIR_DOMAIN_AFFECT_LIVE) < 0)
        return failed(domain->name, error, REDIR_ERROR_REFUSED, "the camera cannot be detached");
    while (g_get_monotonic_time() < end_us) {
        g_autoptr(RedirLibvirtDomain) now = domain_look(domain, 0, error);
        if (now == NULL)
            return FALSE;
        if (find_device(now, alias) == NULL)
            return TRUE;
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        g_usleep(POLL_US);
    }
    return refused(domain->name, error, REDIR_ERROR_TIMEOUT, "the camera is still attached");
}

static gboolean remove_leftovers(const Domain *domain, GCancellable *cancellable, GError **error)
{
    g_autoptr(RedirLibvirtDomain) now = domain_look(domain, 0, error);

    for (guint i = 0; now != NULL && i < now->devices->len; i++) {
        const RedirLibvirtDevice *device = g_ptr_array_index(now->devices, i);
        if (device->alias == NULL || !g_str_has_prefix(device->alias, ALIAS) ||
            device->path == NULL || !nobody_listens(device->path))
            continue;
        if (!detach(domain, device->alias, cancellable, error))
            return FALSE;
        remove_stale_socket(device->path);
    }
    return now != NULL;
}

static gboolean libvirt_remove(RedirPlug *base, GCancellable *cancellable, GError **error)
{
    LibvirtPlug *plug = (LibvirtPlug *)base;
    g_autoptr(GError) inner = NULL;
    g_auto(Domain) domain = {NULL, NULL, NULL};

    end_listening(plug);
    if (!domain_open(plug->uri, plug->domain, &domain, &inner) ||
        virDomainIsActive(domain.domain) != 1)
        return TRUE;
    return remove_leftovers(&domain, cancellable, error);
}

/* ---- putting in ---- */

static gboolean attach_to(const LibvirtPlug *plug, const Domain *domain, const char *alias,
                          guint bus)
{
    g_autofree char *xml =
        g_markup_printf_escaped("<redirdev bus='usb' type='unix'>"
                                "<source mode='connect' path='%s'/><alias name='%s'/>"
                                "<address type='usb' bus='%u'/></redirdev>",
                                plug->path, alias, bus);

    return virDomainAttachDeviceFlags(domain->domain, xml, VIR_DOMAIN_AFFECT_LIVE) == 0;
}

#define NO_BUS                                                                                     \
    "it has no free USB port of the camera's speed, and libvirt adds no controller while it "      \
    "runs: add <controller type='usb' model='qemu-xhci' ports='15'/> by 'virsh edit' and start "   \
    "it again"

static gboolean attach(const LibvirtPlug *plug, const Domain *domain, GError **error)
{
    g_autoptr(RedirLibvirtDomain) now = domain_look(domain, 0, error);
    gboolean tried = FALSE;

    if (now == NULL)
        return FALSE;
    /* As unique as the folder. */
    g_autofree char *alias = g_strconcat(ALIAS, strrchr(plug->folder, '-') + 1, NULL);
    for (guint i = 0; i < now->buses->len; i++) {
        const RedirLibvirtBus *bus = &g_array_index(now->buses, RedirLibvirtBus, i);
        if (!redir_libvirt_bus_takes(bus, plug->speed))
            continue;
        tried = TRUE;
        if (attach_to(plug, domain, alias, bus->index))
            return TRUE;
    }
    if (!tried)
        return refused(plug->domain, error, REDIR_ERROR_FINAL, NO_BUS);
    gboolean never = virGetLastErrorCode() == VIR_ERR_NO_SUPPORT;
    return failed(plug->domain, error, never ? REDIR_ERROR_FINAL : REDIR_ERROR_REFUSED,
                  "libvirt attaches no camera");
}

static void say_if_paused(const LibvirtPlug *plug, const Domain *domain)
{
    int state = VIR_DOMAIN_NOSTATE;

    if (virDomainGetState(domain->domain, &state, NULL, 0) == 0 && state == VIR_DOMAIN_PAUSED)
        redir_plug_say("%s: the VM is paused; the guest will find the camera when it goes on",
                       plug->base.address);
}

static GSocket *libvirt_put(RedirPlug *base, GCancellable *cancellable, GError **error)
{
    LibvirtPlug *plug = (LibvirtPlug *)base;
    g_auto(Domain) domain = {NULL, NULL, NULL};
    GSocket *socket = NULL;

    end_listening(plug);
    if (!domain_open(plug->uri, plug->domain, &domain, error))
        return NULL;
    if (virDomainIsActive(domain.domain) != 1) {
        refused(plug->domain, error, REDIR_ERROR_UNREACHABLE, "the domain does not run");
        return NULL;
    }
    base->began = TRUE;
    if (remove_leftovers(&domain, cancellable, error) && begin_listening(plug, error) &&
        attach(plug, &domain, error))
        socket = accept_qemu(plug, error);
    if (socket != NULL)
        say_if_paused(plug, &domain);
    return socket;
}

static void libvirt_free(RedirPlug *base)
{
    LibvirtPlug *plug = (LibvirtPlug *)base;

    end_listening(plug);
    g_free(plug->uri);
    g_free(plug->domain);
    g_free(plug);
}

static const RedirPlugOps ops = {
    .put = libvirt_put, .remove = libvirt_remove, .free = libvirt_free};

EXPORT RedirPlug *redir_libvirt_plug_new(const RedirLibvirtTarget *target)
{
    LibvirtPlug *plug = g_new0(LibvirtPlug, 1);

    redir_plug_init(&plug->base, &ops, g_strdup_printf("libvirt:%s", target->domain));
    plug->uri = g_strdup(target->uri);
    plug->domain = g_strdup(target->domain);
    plug->speed = target->speed;
    plug->listener = -1;
    return &plug->base;
}

/* ---- which way ---- */

/* The machine on which libvirt runs; NULL: this one. */
static char *remote_host(const Domain *domain)
{
    char *uri = virConnectGetURI(domain->connection);
    g_autoptr(GUri) parsed = uri != NULL ? g_uri_parse(uri, G_URI_FLAGS_PARSE_RELAXED, NULL) : NULL;
    const char *host = parsed != NULL ? g_uri_get_host(parsed) : NULL;

    free(uri);
    return host != NULL && *host ? g_strdup(host) : NULL;
}

/* A second client of a SPICE server throws the first one out. */
static gboolean check_no_viewer(const Domain *domain, GError **error)
{
    char *text = NULL;
    int asked = virDomainQemuMonitorCommand(domain->domain, "{\"execute\": \"query-spice\"}", &text,
                                            VIR_DOMAIN_QEMU_MONITOR_COMMAND_DEFAULT);
    g_autoptr(JsonNode) answer = asked == 0 ? json_from_string(text, NULL) : NULL;
    g_autoptr(JsonNode) channels =
        answer != NULL ? json_path_query("$.return.channels[*]", answer, NULL) : NULL;

    free(text);
    if (channels == NULL)
        return failed(domain->name, error, REDIR_ERROR_FINAL,
                      "whether a viewer is connected cannot be told; where none is, use --to");
    return json_array_get_length(json_node_get_array(channels)) == 0 ||
           refused(domain->name, error, REDIR_ERROR_FINAL,
                   "a viewer is connected to its SPICE server, which would throw it out for us: "
                   "close the viewer first");
}

static gboolean choose_spice(const Domain *domain, const char *host, RedirLibvirtSpice *ret_spice,
                             GError **error)
{
    g_autoptr(RedirLibvirtDomain) now = domain_look(domain, VIR_DOMAIN_XML_SECURE, NULL);

    if (now == NULL && (now = domain_look(domain, 0, error)) == NULL)
        return FALSE;
    if (!now->has_spice || !now->has_spice_place)
        return refused(domain->name, error, REDIR_ERROR_FINAL,
                       host != NULL ? "libvirt is on another machine, and the domain has no SPICE "
                                      "server with a <redirdev bus='usb' type='spicevmc'/>"
                                    : NO_BUS);
    g_autofree char *address = redir_libvirt_domain_spice(now, host);
    if (address == NULL)
        return refused(domain->name, error, REDIR_ERROR_FINAL,
                       "its SPICE server can only be reached on its own machine: forward the port "
                       "(ssh -L) and use --to spice://localhost:PORT");
    if (!check_no_viewer(domain, error))
        return FALSE;
    ret_spice->address = g_steal_pointer(&address);
    ret_spice->password = g_steal_pointer(&now->spice_password);
    return TRUE;
}

static gboolean has_room(const RedirLibvirtDomain *domain, RedirSpeeds speed)
{
    for (guint i = 0; i < domain->buses->len; i++)
        if (redir_libvirt_bus_takes(&g_array_index(domain->buses, RedirLibvirtBus, i), speed))
            return TRUE;
    return FALSE;
}

EXPORT gboolean redir_libvirt_choose(const RedirLibvirtTarget *target, RedirLibvirtSpice *ret_spice,
                                     GError **error)
{
    g_auto(Domain) domain = {NULL, NULL, NULL};
    g_autoptr(RedirLibvirtDomain) now = NULL;

    /* What is not there yet is the plug's to say, and to wait for. */
    if (!domain_open(target->uri, target->domain, &domain, NULL) ||
        virDomainIsActive(domain.domain) != 1)
        return TRUE;
    g_autofree char *host = remote_host(&domain);
    if (host == NULL) {
        if ((now = domain_look(&domain, 0, error)) == NULL)
            return FALSE;
        if (has_room(now, target->speed))
            return TRUE;
    }
    return choose_spice(&domain, host, ret_spice, error);
}
