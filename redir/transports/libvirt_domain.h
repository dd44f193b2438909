/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of USB, of cameras, and of SPICE. */
#pragma once

#include "redir/transports/plug.h"

/* Where USB devices go: a controller, or several companions of one index. */
typedef struct {
    guint index;
    RedirSpeeds speeds;
    guint ports, used;
} RedirLibvirtBus;

/* A redirdev behind a unix socket. */
typedef struct {
    char *alias, *path;
} RedirLibvirtDevice;

typedef struct {
    GArray *buses;                       /* of RedirLibvirtBus */
    GPtrArray *devices;                  /* of RedirLibvirtDevice */
    gboolean has_spice, has_spice_place; /* a server; a channel that a camera could take */
    char *spice_host, *spice_socket, *spice_password; /* or NULL */
    guint spice_port, spice_tls_port;                 /* or 0 */
    gboolean in_spice;                                /* while it is parsed */
} RedirLibvirtDomain;

/* NULL where it is no XML. */
RedirLibvirtDomain *redir_libvirt_domain_parse(const char *xml, GError **error);
void redir_libvirt_domain_free(RedirLibvirtDomain *domain); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedirLibvirtDomain, redir_libvirt_domain_free)

gboolean redir_libvirt_bus_takes(const RedirLibvirtBus *bus, RedirSpeeds speed);
/* "spice://..." for a client on a machine where the domain's host has that name (NULL: the same
   machine), or NULL where it cannot be reached from there. */
char *redir_libvirt_domain_spice(const RedirLibvirtDomain *domain, const char *host);
