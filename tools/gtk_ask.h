/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question whether a virtual machine may use the camera, over the window that shows it. */
#pragma once

#include <gtk/gtk.h>
#include <spice-client.h>

typedef void (*AskAnswer)(gboolean allowed, gboolean remember, gpointer user);

/* answer is called once, unless the window is destroyed before. Nobody answers by accident what the
   guest can ask at any moment: Return and Escape refuse. */
GtkWidget *ask_new(SpiceSession *session, const char *machine, const char *camera, AskAnswer answer,
                   gpointer user);
