/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What 'camredir share' needs beyond an address to reach a VM by SPICE. */
#pragma once

#include "redir/transport.h"

struct spice_options {
    char *way;       /* "auto" (NULL too), "port", "usbredir" */
    char *port_name; /* NULL: the usual one. Another camera's has the number behind it */
    char *ca_file, *host_subject, *password_file;
    gboolean ask_password;
    const char *known_password; /* where nothing else says one; or NULL */
};

/* The environment variable that may hold the password. */
#define SPICE_PASSWORD_VARIABLE "CAMREDIR_SPICE_PASSWORD"

/* NULL with REDIR_ERROR_ADDRESS (the command line is wrong), REDIR_ERROR_FAILED (a file cannot be
   read, or this camredir has no SPICE). */
RedirTransport *spice_share_open(const char *address, const struct spice_options *options,
                                 GError **error);
/* Camera number (from 1) beside camera 0, which spice_share_open() made and is not open yet: over
   the same connection. NULL with REDIR_ERROR_ADDRESS. */
RedirTransport *spice_share_open_beside(RedirTransport *first, const struct spice_options *options,
                                        guint number, GError **error);
