/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port for a camera in a running domain of libvirt. Names no libvirt header, so that a program
   can do without the library until it is asked for. */
#pragma once

#include "redir/transports/plug.h"

/* The domain to go to; uri NULL: libvirt's default. domain: a name or a UUID. */
typedef struct {
    const char *uri, *domain;
    RedirSpeeds speed;
} RedirLibvirtTarget;

/* Where a domain is reached without a port of ours; to be freed by g_free(). */
typedef struct {
    char *address;  /* "spice://..." or "spice+unix://..."; NULL: a plug is the way */
    char *password; /* or NULL */
} RedirLibvirtSpice;

/* Looks at the domain: blocks. A plug is the way where libvirt runs on this machine and the domain
   has a USB controller for the speed, or does not run yet; else its SPICE server, where it has one
   with a place for a camera and no viewer. FALSE with an error that is final: no such way. */
gboolean redir_libvirt_choose(const RedirLibvirtTarget *target, RedirLibvirtSpice *ret_spice,
                              GError **error);
/* A redirdev that is added to the live domain, on a socket of ours. Opens nothing yet. */
RedirPlug *redir_libvirt_plug_new(const RedirLibvirtTarget *target);
