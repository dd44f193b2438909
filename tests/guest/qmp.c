/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's control socket, as little of it as the tests need. */
#include "tests/guest/qmp.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/guest/process.h"

struct Qmp {
    FILE *input;
    int fd;
};

/* The member, as JSON. Passes over events. */
static char *read_answer(Qmp *qmp, const char *member, GError **error)
{
    char line[16384];
    while (fgets(line, sizeof line, qmp->input)) {
        g_autoptr(JsonParser) parser = json_parser_new();
        if (!json_parser_load_from_data(parser, line, -1, error))
            return NULL;
        JsonObject *object = json_node_get_object(json_parser_get_root(parser));
        if (json_object_has_member(object, member))
            return json_to_string(json_object_get_member(object, member), FALSE);
        if (json_object_has_member(object, "error")) {
            fail(error, "QMP: %s", g_strchomp(line));
            return NULL;
        }
    }
    fail(error, "QMP: no answer");
    return NULL;
}

char *qmp_ask(Qmp *qmp, const char *command, GError **error)
{
    g_autofree char *text = command[0] == '{' ? g_strconcat(command, "\n", NULL)
                                              : g_strdup_printf("{\"execute\": \"%s\"}\n", command);
    if (write(qmp->fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        fail(error, "QMP: cannot write");
        return NULL;
    }
    return read_answer(qmp, "return", error);
}

gboolean qmp_run(Qmp *qmp, const char *command, GError **error)
{
    g_autofree char *answer = qmp_ask(qmp, command, error);
    return answer != NULL;
}

Qmp *qmp_new(int fd, GError **error)
{
    Qmp *qmp = g_new0(Qmp, 1);
    struct timeval timeout = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    qmp->fd = fd;
    qmp->input = fdopen(fd, "r");
    g_autofree char *greeting = read_answer(qmp, "QMP", error);
    if (!greeting || !qmp_run(qmp, "qmp_capabilities", error)) {
        qmp_free(qmp);
        return NULL;
    }
    return qmp;
}

void qmp_free(Qmp *qmp)
{
    if (!qmp)
        return;
    fclose(qmp->input);
    g_free(qmp);
}
