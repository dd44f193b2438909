/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a device goes: the options that name a VM, and the way there, for every subcommand that
   puts something into one. */
#pragma once

#include "redir/host.h"
#include "redir/transports/tap.h"
#include "tools/spice_share.h"
#include "vcam/profile.h"

struct destination {
    char *to, *as, *qmp, *libvirt; /* one of them */
    char *libvirt_uri;
    gboolean no_retry;
    struct spice_options spice;
};

/* The options that fill it in, followed by a subcommand's own ones; to be freed by g_free(). */
GOptionEntry *destination_entries(struct destination *destination, const GOptionEntry *own);

/* What can be said before anything is opened: FALSE with REDIR_ERROR_ADDRESS. */
gboolean destination_check(const struct destination *destination, GError **error);
/* The same where an address and a monitor may be given together, or neither. */
gboolean destination_check_given(const struct destination *destination, GError **error);
/* As the user wrote it: the same for the same VM. */
const char *destination_address(const struct destination *destination);
/* Fills in address, role and transport or transport_new, and retry. An exit status; other than
   EXIT_DONE with an error. */
int destination_open(const struct destination *destination, enum vcam_speed speed,
                     RedirHostOptions *ret_host, GError **error);
/* Puts a tap around the transport, which is made where it is not yet. FALSE with the error of
   transport_new. */
gboolean destination_tap(RedirHostOptions *host, const RedirTapEvents *events, GError **error);
/* Where each device gets a port of its own, which is made for it. */
gboolean destination_is_plugged(const struct destination *destination);
/* Several devices go to the one place: over the connection of the first, which is not started yet,
   or each through a port of its own. The same for device number (from 1). */
gboolean destination_carries_several(const struct destination *destination);
int destination_open_beside(const struct destination *destination, const RedirHostOptions *first,
                            guint number, enum vcam_speed speed, RedirHostOptions *ret_host,
                            GError **error);
void destination_clear(struct destination *destination);
