/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix and TCP sockets, connecting and listening. */
#pragma once

#include "redir/transport.h"

/* For "unix:PATH" and "tcp:HOST:PORT". Nothing is opened yet. NULL with REDIR_ERROR_ADDRESS. */
RedirTransport *redir_socket_transport_new(const char *address, RedirRole role,
                                           const RedirTransportEvents *events, GError **error);
