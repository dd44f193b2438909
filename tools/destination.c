/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the options that name a VM to the transport that leads there. */
#include "tools/destination.h"

#include "redir/address.h"
#include "redir/error.h"
#include "redir/transports/qmp_plug.h"
#include "redir/transports/socket.h"
#include "redir/transports/spice.h"
#include "tools/libvirt_share.h"
#include "tools/spice_address.h"
#include "tools/tools.h"

GOptionEntry *destination_entries(struct destination *d, const GOptionEntry *own)
{
    const GOptionEntry entries[] = {
        {"to", 't', 0, G_OPTION_ARG_STRING, &d->to, "Connect to QEMU there", "ADDRESS"},
        {"as", 'a', 0, G_OPTION_ARG_STRING, &d->as, "Wait there for QEMU to connect", "ADDRESS"},
        {"qmp", 0, 0, G_OPTION_ARG_FILENAME, &d->qmp,
         "Plug into the running QEMU whose monitor (QMP) is there", "PATH"},
        {"libvirt", 0, 0, G_OPTION_ARG_STRING, &d->libvirt,
         "Plug into that running domain of libvirt (name or UUID)", "DOMAIN"},
        {"libvirt-uri", 0, 0, G_OPTION_ARG_STRING, &d->libvirt_uri,
         "Which libvirt (LIBVIRT_DEFAULT_URI, or its own choice)", "URI"},
        {"no-retry", 0, 0, G_OPTION_ARG_NONE, &d->no_retry,
         "End when the connection cannot be made or is lost", NULL},
        {"way", 0, 0, G_OPTION_ARG_STRING, &d->spice.way,
         "SPICE: by port, usbredir, or auto (the port where there is one)", "WAY"},
        {"port-name", 0, 0, G_OPTION_ARG_STRING, &d->spice.port_name,
         "SPICE: the port (" REDIR_SPICE_PORT_NAME ")", "NAME"},
        {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &d->spice.ca_file,
         "SPICE: the CA that signed the server's certificate (PEM)", "FILE"},
        {"host-subject", 0, 0, G_OPTION_ARG_STRING, &d->spice.host_subject,
         "SPICE: the certificate's subject, where it is not the host's name", "SUBJECT"},
        {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &d->spice.password_file,
         "SPICE: read the password there (or set " SPICE_PASSWORD_VARIABLE ")", "FILE"},
        {"ask-password", 0, 0, G_OPTION_ARG_NONE, &d->spice.ask_password,
         "SPICE: ask for the password", NULL},
    };
    g_autoptr(GArray) all = g_array_new(TRUE, TRUE, sizeof *entries);
    g_array_append_vals(all, entries, G_N_ELEMENTS(entries));
    for (const GOptionEntry *entry = own; entry->long_name; entry++)
        g_array_append_val(all, *entry);
    return g_array_steal(all, NULL);
}

static gboolean check_address(const char *text, GError **error)
{
    if (spice_address_is(text)) {
        g_autoptr(spice_address) spice = spice_address_parse(text, error);
        return spice != NULL;
    }
    g_autoptr(RedirAddress) address = redir_address_parse(text, error);
    return address != NULL;
}

const char *destination_address(const struct destination *destination)
{
    return destination->to    ? destination->to
           : destination->as  ? destination->as
           : destination->qmp ? destination->qmp
                              : destination->libvirt;
}

gboolean destination_is_plugged(const struct destination *destination)
{
    return destination->qmp || destination->libvirt;
}

static gboolean say_where(GError **error)
{
    return redir_address_wrong(error,
                               "say where to, once: --to ADDRESS (QEMU listens there), --as "
                               "ADDRESS (QEMU connects there), --qmp PATH (QEMU's monitor) or "
                               "--libvirt DOMAIN");
}

/* A domain of libvirt may have SPICE for its way in. */
static gboolean check_spice(const struct destination *d, GError **error)
{
    const struct {
        const char *option;
        gboolean given;
    } options[] = {
        {"--way", d->spice.way != NULL},
        {"--port-name", d->spice.port_name != NULL},
        {"--ca-file", d->spice.ca_file != NULL},
        {"--host-subject", d->spice.host_subject != NULL},
        {"--password-file", d->spice.password_file != NULL},
        {"--ask-password", d->spice.ask_password},
    };
    if (d->libvirt || (d->to && spice_address_is(d->to)))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
        if (options[i].given)
            return redir_address_wrong(error, "%s is for SPICE: it goes with --to spice://...",
                                       options[i].option);
    return TRUE;
}

gboolean destination_check_given(const struct destination *d, GError **error)
{
    if ((d->to && d->as) || (d->qmp && d->libvirt))
        return say_where(error);
    if (d->libvirt_uri && !d->libvirt)
        return redir_address_wrong(error, "--libvirt-uri goes with --libvirt DOMAIN");
    if (d->as && spice_address_is(d->as))
        return redir_address_wrong(error, "a SPICE server never connects to us: --to %s", d->as);
    if (d->qmp && !*d->qmp)
        return redir_address_wrong(error, "--qmp: the socket's path is empty");
    if (d->libvirt && !*d->libvirt)
        return redir_address_wrong(error, "--libvirt: the domain's name is empty");
    if ((d->to || d->as) && !check_address(d->to ? d->to : d->as, error))
        return FALSE;
    return check_spice(d, error);
}

gboolean destination_check(const struct destination *d, GError **error)
{
    return !!d->to + !!d->as + !!d->qmp + !!d->libvirt == 1 ? destination_check_given(d, error)
                                                            : say_where(error);
}

static RedirTransport *open_plug(const struct destination *d, enum vcam_speed speed, GError **error)
{
    static const RedirSpeeds speeds[] = {
        [VCAM_SPEED_FULL] = REDIR_SPEED_FULL,
        [VCAM_SPEED_HIGH] = REDIR_SPEED_HIGH,
        [VCAM_SPEED_SUPER] = REDIR_SPEED_SUPER,
    };
    if (d->libvirt)
        return libvirt_share_open(d->libvirt_uri, d->libvirt, speeds[speed], &d->spice, error);
    RedirPlug *plug = redir_qmp_plug_new(d->qmp, speeds[speed], error);
    return plug ? redir_socket_transport_new_plugged(plug) : NULL;
}

static int failure_status(const GError *error)
{
    return g_error_matches(error, REDIR_ERROR, REDIR_ERROR_ADDRESS) ? EXIT_USAGE : EXIT_ADDRESS;
}

int destination_open(const struct destination *destination, enum vcam_speed speed,
                     RedirHostOptions *ret_host, GError **error)
{
    RedirTransport *transport = NULL;
    const char *address = destination_address(destination);
    gboolean plain = !destination_is_plugged(destination) && !spice_address_is(address);

    if (destination_is_plugged(destination))
        transport = open_plug(destination, speed, error);
    else if (!plain)
        transport = spice_share_open(address, &destination->spice, error);
    if (!transport && !plain)
        return failure_status(*error);
    ret_host->address = address;
    ret_host->role = destination->as ? REDIR_LISTEN : REDIR_CONNECT;
    ret_host->transport_new = redir_socket_transport_new;
    ret_host->transport = transport;
    ret_host->retry = !destination->no_retry;
    return EXIT_DONE;
}

gboolean destination_tap(RedirHostOptions *host, const RedirTapEvents *events, GError **error)
{
    const RedirTransportEvents none = {0}; /* the tap sets its own */
    if (!host->transport)
        host->transport = host->transport_new(host->address, host->role, &none, error);
    if (host->transport)
        host->transport = redir_tap_new(host->transport, events);
    return host->transport != NULL;
}

gboolean destination_carries_several(const struct destination *destination)
{
    return destination_is_plugged(destination) ||
           (destination->to && spice_address_is(destination->to));
}

int destination_open_beside(const struct destination *destination, const RedirHostOptions *first,
                            guint number, enum vcam_speed speed, RedirHostOptions *ret_host,
                            GError **error)
{
    if (first->transport->ops->sure)
        return destination_open(destination, speed, ret_host, error);
    RedirTransport *transport =
        spice_share_open_beside(first->transport, &destination->spice, number, error);
    if (!transport)
        return failure_status(*error);
    *ret_host = *first;
    ret_host->transport = transport;
    return EXIT_DONE;
}

void destination_clear(struct destination *destination)
{
    char **strings[] = {&destination->to,
                        &destination->as,
                        &destination->qmp,
                        &destination->libvirt,
                        &destination->libvirt_uri,
                        &destination->spice.way,
                        &destination->spice.port_name,
                        &destination->spice.ca_file,
                        &destination->spice.host_subject,
                        &destination->spice.password_file};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(*strings[i]);
}
