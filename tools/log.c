/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages and the live status line on one terminal without writing over each other. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/tools.h"

static char *status_line;

/* A terminal that was stopped (Ctrl-S) must not stop the camera's main loop: it misses lines. */
static gboolean is_stopped_terminal(void)
{
    struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
    return isatty(STDERR_FILENO) && poll(&terminal, 1, 0) == 0;
}

static void draw_status(void)
{
    if (is_stopped_terminal())
        return;
    struct winsize size = {.ws_col = 80};
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    glong columns = MAX(size.ws_col, 20) - 1;
    g_autofree char *cut = g_utf8_strlen(status_line, -1) > columns
                               ? g_utf8_substring(status_line, 0, columns)
                               : g_strdup(status_line);
    fprintf(stderr, "\r\033[K%s", cut);
}

gboolean log_has_status(void)
{
    return isatty(STDERR_FILENO);
}

void log_set_status(const char *line)
{
    if (!log_has_status())
        return;
    if (status_line && !line && !is_stopped_terminal())
        fputs("\r\033[K", stderr);
    g_free(status_line);
    status_line = g_strdup(line);
    if (status_line)
        draw_status();
}

/* Libraries that warn of what we say in our own words. */
static gboolean is_chatty(const char *domain)
{
    return domain && (strcmp(domain, "GSpice") == 0 || strcmp(domain, "Spice") == 0);
}

static GLogWriterOutput write_message(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                      gpointer user)
{
    (void)user;
    const char *message = "";
    const char *domain = NULL;
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            message = fields[i].value;
        else if (strcmp(fields[i].key, "GLIB_DOMAIN") == 0)
            domain = fields[i].value;
    }
    if (g_log_writer_default_would_drop(is_chatty(domain) ? G_LOG_LEVEL_DEBUG : level, domain))
        return G_LOG_WRITER_HANDLED;
    if (is_stopped_terminal())
        return G_LOG_WRITER_HANDLED;
    if (status_line)
        fputs("\r\033[K", stderr);
    fprintf(stderr, "camredir: %s\n", message);
    if (status_line)
        draw_status();
    if (g_str_has_prefix(message, "camredir bug:") && getenv("CAMREDIR_ABORT_ON_BUG"))
        abort();
    return G_LOG_WRITER_HANDLED;
}

void log_init(void)
{
    g_log_set_writer_func(write_message, NULL, NULL);
}
