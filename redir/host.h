/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One device offered at one address: opens the stream, attaches, and does so again when the VM
   comes back. Owns the transport; the camera's light goes out the moment the VM is lost.
 */
#pragma once

#include "redir/gadget.h"
#include "redir/transport.h"

typedef struct RedirHost RedirHost;

typedef enum {
    REDIR_HOST_WAITING, /* for a VM to connect, or for the next attempt */
    REDIR_HOST_CONNECTING,
    REDIR_HOST_CONNECTED, /* the stream is open */
    REDIR_HOST_ATTACHED,  /* the guest has configured the camera */
    REDIR_HOST_LEAVING,   /* what was put into the VM for the camera is taken out */
    REDIR_HOST_STOPPED,   /* for good: after redir_host_stop(), or the first error without retry */
} RedirHostState;

/* From the main loop, never from inside a redir_host_ call. The host may not be freed in it. */
typedef struct {
    /* error: why it left the state before, or NULL. */
    void (*state)(gpointer user, RedirHostState state, const GError *error);
    gpointer user;
} RedirHostEvents;

/* As redir_socket_transport_new: which transport speaks this address is the caller's to know. */
typedef RedirTransport *(*RedirTransportNew)(const char *address, RedirRole role,
                                             const RedirTransportEvents *events, GError **error);

typedef struct {
    const char *address;
    RedirRole role;
    RedirTransportNew transport_new;
    RedirTransport *transport;  /* instead of address and transport_new; taken over */
    const char *noun;           /* for people: "device"; NULL: "camera"; must outlive the host */
    gboolean retry;             /* connect, or wait, again after each end */
    gboolean asks_distance;     /* as RedirEndpointOptions */
    guint hello_timeout_ms;     /* 0: the default */
    guint configure_timeout_ms; /* until a guest that has not taken the camera is worth a line; 0:
                                   the default */
    guint first_delay_ms; /* before the second attempt, then doubling up to the maximum until a VM
                             says hello; 0: the default */
} RedirHostOptions;

#define REDIR_FIRST_DELAY_MS 250
#define REDIR_MAX_DELAY_MS   5000

/* Opens nothing yet. Borrows gadget. NULL with REDIR_ERROR_ADDRESS. */
RedirHost *redir_host_new(RedirGadget *gadget, const RedirHostOptions *options,
                          const RedirHostEvents *events, GError **error);
/* FALSE where it cannot even begin: address in use, no such folder. */
gboolean redir_host_start(RedirHost *host, GError **error);
/* Takes the camera from the guest and ends: REDIR_HOST_STOPPED follows within about half a second.
   Not so over a lasting transport, where the VM must have let go of the camera first, and where
   something else is to be taken out of the VM; a second call does not wait for that. */
void redir_host_stop(RedirHost *host);
void redir_host_free(RedirHost *host); /* ends at once; accepts NULL */

typedef struct {
    RedirHostState state;
    guint connections; /* streams opened */
    RedirGadgetStatistics gadget;
} RedirHostStatistics;

void redir_host_get_statistics(const RedirHost *host, RedirHostStatistics *ret_statistics);
