/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The transport that rides on a SPICE connection: by a port with a name of its own, or by one of
   the usbredir channels that a VM has for its viewer. Names no SPICE header, so that a program can
   do without the library until an address asks for it. */
#pragma once

#include "redir/transport.h"

#define REDIR_SPICE_PORT_NAME "org.camredir.camera.0"

typedef enum {
    REDIR_SPICE_AUTO, /* the port where the VM has it, else a usbredir channel */
    REDIR_SPICE_PORT,
    REDIR_SPICE_USBREDIR,
} RedirSpiceWay;

typedef struct {
    RedirSpiceWay way;
    const char *port_name; /* NULL: REDIR_SPICE_PORT_NAME */
} RedirSpiceChoice;

/* Where a SPICE server is, and what it wants to hear; what is not needed is NULL. */
typedef struct {
    const char *address;                /* as the user wrote it, for messages */
    const char *unix_path;              /* this, or */
    const char *host, *port, *tls_port; /* these: the first, and one of the others at least */
    const char *user_name, *password;
    const char *ca_file, *ca; /* PEM: a file's name, or the text itself */
    const char *host_subject; /* which the server's certificate must have */
    const char *ciphers, *proxy;
    const char *const *secure_channels; /* {"all", NULL}: nothing goes unencrypted */
} RedirSpiceServer;

/* A session of our own: the only client that the VM then has. Both are copied. Its events are to be
   set before open(), which any transport leaves to RedirHost. */
RedirTransport *redir_spice_transport_new(const RedirSpiceServer *server,
                                          const RedirSpiceChoice *choice);

/* In the session of one that redir_spice_transport_new() made: another of the VM's ports or
   channels, over one connection. Before either is opened. name: for messages. */
RedirTransport *redir_spice_transport_new_beside(RedirTransport *other, const char *name,
                                                 const RedirSpiceChoice *choice);

typedef struct _SpiceSession SpiceSession;

/* In the session of a viewer, from before it connects. name: for messages. Holds no reference: the
   session may go at any time. Channels of VM and viewer are left alone but for the one it takes. */
RedirTransport *redir_spice_transport_new_inside(SpiceSession *session, const char *name,
                                                 const RedirSpiceChoice *choice);
