/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection for each command: the monitor greets, echoes what is typed, answers, and prompts. */
#include "tools/fuzz/monitor.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>

#define PROMPT    "(qemu) "
#define ANSWER_S  30
#define MOST_TEXT 65536

/* Up to the next prompt, which is cut off. */
static gboolean read_answer(GSocket *socket, GString *text, GError **error)
{
    char bytes[4096];

    g_string_truncate(text, 0);
    while (!g_str_has_suffix(text->str, PROMPT)) {
        gssize n = g_socket_receive(socket, bytes, sizeof bytes, NULL, error);
        if (n <= 0 || text->len + n > MOST_TEXT) {
            if (n >= 0)
                g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "QEMU's monitor broke off");
            return FALSE;
        }
        g_string_append_len(text, bytes, n);
    }
    g_string_truncate(text, text->len - strlen(PROMPT));
    return TRUE;
}

static GSocket *open_monitor(const char *path, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, error);

    if (!socket || !g_socket_connect(socket, address, NULL, error))
        return NULL;
    g_socket_set_timeout(socket, ANSWER_S);
    return g_steal_pointer(&socket);
}

char *fuzz_monitor_ask(const char *path, const char *command, GError **error)
{
    g_autoptr(GSocket) socket = open_monitor(path, error);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *line = g_strdup_printf("%s\n", command);

    if (!socket || !read_answer(socket, text, error) ||
        g_socket_send(socket, line, strlen(line), NULL, error) < 0 ||
        !read_answer(socket, text, error))
        return NULL;
    char *answer = strchr(text->str, '\n'); /* behind the echo */
    return g_strstrip(g_strdup(answer ? answer : ""));
}

gboolean fuzz_monitor_do(const char *path, const char *command, GError **error)
{
    g_autofree char *text = fuzz_monitor_ask(path, command, error);

    if (text && *text)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "QEMU: %s: %s", command, text);
    return text && !*text;
}

/* "NAME (#NODE): FILE (FORMAT, read-only)" or "NAME: [not inserted]"; more of it is indented. */
gboolean fuzz_monitor_has_disk(const char *drives)
{
    g_auto(GStrv) lines = g_strsplit(drives, "\n", -1);

    for (char **line = lines; *line; line++)
        if (**line && !g_ascii_isspace(**line) && !strstr(*line, "[not inserted]") &&
            !strstr(*line, "read-only)"))
            return TRUE;
    return FALSE;
}
