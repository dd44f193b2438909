/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every subcommand does that serves a VM until it is told to end: main loop, signals, the
   status line, and in the end an exit status. */
#pragma once

#include <glib.h>

struct running {
    void (*start)(void *user);   /* what cannot begin has ended */
    void (*stop)(void *user);    /* everything is to end */
    char *(*status)(void *user); /* the live line, twice a second */
    void *user;

    GMainLoop *main; /* the rest is ours */
    guint n_left;
    int exit_status;
};

/* Until all of n hosts have ended: an exit status. */
int running_run(struct running *running, guint n);
/* One of them has. error: why, where it was not told to. */
void running_ended(struct running *running, const GError *error);
