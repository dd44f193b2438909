/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPICE servers as users name them: a URI, or the file that a web portal hands to virt-viewer. */
#pragma once

#include <glib.h>

#include "redir/transports/spice.h"

struct spice_address {
    RedirSpiceServer server; /* points to what follows */
    char *text, *host, *port, *tls_port, *unix_path, *user_name, *password;
    char *ca, *host_subject, *ciphers, *proxy;
    GStrv secure_channels;
    gboolean delete_file; /* the .vv file asks to be deleted once it was read: for one use only */
};

/* TRUE: text is to be understood as one of these. */
gboolean spice_address_is(const char *text);
/* spice://HOST:PORT, spice://HOST?tls-port=N (both together: by TLS), spice+unix://PATH, or a .vv
   file. NULL with REDIR_ERROR_ADDRESS. */
struct spice_address *spice_address_parse(const char *text, GError **error);
void spice_address_free(struct spice_address *address); /* wipes the password; accepts NULL */
typedef struct spice_address spice_address;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(spice_address, spice_address_free)
