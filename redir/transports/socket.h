/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix and TCP sockets, connecting and listening, and those that a plug connects. */
#pragma once

#include "redir/transport.h"
#include "redir/transports/plug.h"

/* For "unix:PATH" and "tcp:HOST:PORT". Nothing is opened yet. NULL with REDIR_ERROR_ADDRESS. */
RedirTransport *redir_socket_transport_new(const char *address, RedirRole role,
                                           const RedirTransportEvents *events, GError **error);
/* Each open() lets plug put a port into its VM; takes over the caller's reference. */
RedirTransport *redir_socket_transport_new_plugged(RedirPlug *plug);
