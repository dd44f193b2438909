/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages and the live status line on one terminal without writing over each other. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/tools.h"

#define ERASE "\r\033[K"

static char *status_line;
static int terminal = -1; /* standard error, where it is one */

/* A terminal that was stopped (Ctrl-S), or that hangs, must not stop the camera's main loop: it
   misses text. */
static void put(const char *text)
{
    struct pollfd output = {.fd = terminal, .events = POLLOUT};
    if (terminal < 0) {
        fputs(text, stderr);
    } else if (poll(&output, 1, 0) > 0) {
        ssize_t taken = write(terminal, text, strlen(text));
        (void)taken;
    }
}

static void draw_status(void)
{
    struct winsize size = {.ws_col = 80};
    ioctl(terminal, TIOCGWINSZ, &size);
    glong columns = MAX(size.ws_col, 20) - 1;
    g_autofree char *cut = g_utf8_strlen(status_line, -1) > columns
                               ? g_utf8_substring(status_line, 0, columns)
                               : g_strdup(status_line);
    g_autofree char *text = g_strconcat(ERASE, cut, NULL);
    put(text);
}

gboolean log_has_status(void)
{
    return terminal >= 0;
}

void log_set_status(const char *line)
{
    if (!log_has_status())
        return;
    if (status_line && !line)
        put(ERASE);
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
    g_autofree char *text = g_strdup_printf("%scamredir: %s\n", status_line ? ERASE : "", message);
    put(text);
    if (status_line)
        draw_status();
    if (g_str_has_prefix(message, "camredir bug:") && getenv("CAMREDIR_ABORT_ON_BUG"))
        abort();
    return G_LOG_WRITER_HANDLED;
}

/* Not to wait is a property of the open file, which standard error shares with the shell: a
   terminal is opened again. */
static void open_terminal(void)
{
    if (!isatty(STDERR_FILENO))
        return;
    terminal = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) /* another user's, after su */
        terminal = STDERR_FILENO;
}

void log_init(void)
{
    open_terminal();
    g_log_set_writer_func(write_message, NULL, NULL);
}
