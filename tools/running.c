/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main loop around hosts. */
#include "tools/running.h"

#include <glib-unix.h>
#include <signal.h>

#include "tools/tools.h"

#define STATUS_PERIOD_MS 500

void running_ended(struct running *running, const GError *error)
{
    if (error) {
        g_warning("%s", error->message);
        running->exit_status = EXIT_ADDRESS;
    }
    if (--running->n_left == 0)
        g_main_loop_quit(running->main);
}

static gboolean on_signal(gpointer user)
{
    struct running *running = user;
    running->stop(running->user);
    return G_SOURCE_CONTINUE;
}

/* The handler stays when the loop has ended: a second signal, as timeout(1) sends one, must not cut
   short what is given back then. */
static guint watch_signal(int number, struct running *running)
{
    static GSource *kept[NSIG];

    if (kept[number] == NULL)
        kept[number] = g_unix_signal_source_new(number);
    return g_unix_signal_add(number, on_signal, running);
}

/* As nohup leaves it. */
static gboolean hangup_is_ignored(void)
{
    struct sigaction inherited;
    return sigaction(SIGHUP, NULL, &inherited) == 0 && inherited.sa_handler == SIG_IGN;
}

static gboolean show_status(gpointer user)
{
    struct running *running = user;
    g_autofree char *line = running->status(running->user);
    log_set_status(line);
    return G_SOURCE_CONTINUE;
}

int running_run(struct running *running, guint n)
{
    running->main = g_main_loop_new(NULL, FALSE);
    running->exit_status = EXIT_DONE;
    running->n_left = n;
    guint ids[] = {watch_signal(SIGINT, running), watch_signal(SIGTERM, running),
                   hangup_is_ignored() ? 0 : watch_signal(SIGHUP, running),
                   log_has_status() ? g_timeout_add(STATUS_PERIOD_MS, show_status, running) : 0};
    running->start(running->user);
    if (running->n_left)
        g_main_loop_run(running->main);
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
        if (ids[i])
            g_source_remove(ids[i]);
    log_set_status(NULL);
    g_clear_pointer(&running->main, g_main_loop_unref);
    return running->exit_status;
}
