/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libusb on the GLib main loop. */
#pragma once

#include <glib.h>
#include <libusb.h>

/* A context without device discovery (see usb.h) whose events are handled from the default main
   context; handled() follows each time. NULL with REDIR_ERROR_FAILED. */
typedef struct RedirUsbLoop RedirUsbLoop;

RedirUsbLoop *redir_usb_loop_new(void (*handled)(gpointer user), gpointer user, GError **error);
void redir_usb_loop_free(RedirUsbLoop *loop); /* after its devices are closed; accepts NULL */
libusb_context *redir_usb_loop_context(const RedirUsbLoop *loop);
