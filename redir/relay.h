/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real USB device as something to plug in: libusbredirhost between usbfs and the VM. It waits for
   the device where it is not there, takes it from its drivers while a VM has it, and gives it back.
 */
#pragma once

#include <usbredirfilter.h>

#include "redir/gadget.h"
#include "redir/usb.h"

typedef enum {
    REDIR_RELAY_WAITING, /* for the device, for the permission to open it, or for its user to end */
    REDIR_RELAY_HELD,    /* the device is ours */
    REDIR_RELAY_IDLE,    /* no VM: the device is left to this machine */
} RedirRelayState;

/* From the main loop; IDLE from inside close(). */
typedef struct {
    /* device: while HELD, else NULL. why: for people, what is waited for, or NULL. */
    void (*state)(gpointer user, RedirRelayState state, const RedirUsbDevice *device,
                  const char *why);
    gpointer user;
} RedirRelayEvents;

typedef struct {
    RedirUsbWish *wish; /* taken over */
    const char *filter; /* in usbredir's syntax; NULL: every device */
} RedirRelayOptions;

/* NULL with REDIR_ERROR_ADDRESS where the filter cannot be understood. */
RedirGadget *redir_relay_new(const RedirRelayOptions *options, const RedirRelayEvents *events,
                             GError **error);
void redir_relay_free(RedirGadget *relay); /* the device is back with its drivers; accepts NULL */
