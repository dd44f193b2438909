/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QMP: JSON objects one after the other over a unix socket, events in between. */
#include "redir/transports/qmp.h"

#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "redir/error.h"

#define GREETING_S  5  /* for connection, greeting and capabilities */
#define COMMAND_S   10 /* for an answer */
#define UNPLUG_S    15 /* for a guest to let a device go; PCIe hot-plug alone takes 5 s */
#define POLL_MS     200
#define MAX_MESSAGE (256 * 1024)
#define MAX_DEPTH   16

struct RedirQmp {
    char *path;
    GSocket *socket;
    GCancellable *cancellable;
    gint64 deadline_us; /* of the step under way */
    guint8 input[4096];
    gsize input_size, input_used;
};

G_GNUC_PRINTF(4, 5)
static gboolean failed(RedirQmp *qmp, GError **error, RedirError code, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, REDIR_ERROR, code, "%s: %s", qmp->path, text);
    return FALSE;
}

static void set_deadline(RedirQmp *qmp, guint seconds)
{
    qmp->deadline_us = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
}

/* ---- reading ---- */

#define NO_ANSWER "QEMU does not answer"

static gboolean fill_input(RedirQmp *qmp, GError **error)
{
    g_autoptr(GError) inner = NULL;
    gint64 left_us = qmp->deadline_us - g_get_monotonic_time();
    gssize got = -1;

    if (left_us <= 0) /* also where events never end */
        return failed(qmp, error, REDIR_ERROR_TIMEOUT, NO_ANSWER);
    if (g_socket_condition_timed_wait(qmp->socket, G_IO_IN, left_us, qmp->cancellable, &inner))
        got = g_socket_receive(qmp->socket, (char *)qmp->input, sizeof qmp->input, qmp->cancellable,
                               &inner);
    qmp->input_size = MAX(got, 0);
    qmp->input_used = 0;
    if (got > 0)
        return TRUE;
    if (g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return failed(qmp, error, REDIR_ERROR_TIMEOUT, NO_ANSWER);
    if (got == 0 || g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
        return failed(qmp, error, REDIR_ERROR_UNREACHABLE,
                      "QEMU closed its monitor; has it ended?");
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* Where one object ends, told from its brackets: QMP may be set to write it in several lines. */
typedef struct {
    GString *text;
    guint depth;
    gboolean in_string, escaped;
} Scan;

/* FALSE: this is no object, or one that goes too deep. */
static gboolean scan_byte(Scan *scan, char byte)
{
    if (scan->depth == 0 && byte != '{')
        return g_ascii_isspace(byte);
    g_string_append_c(scan->text, byte);
    if (scan->in_string) {
        scan->in_string = byte != '"' || scan->escaped;
        scan->escaped = byte == '\\' && !scan->escaped;
        return TRUE;
    }
    scan->in_string = byte == '"';
    if (byte == '{' || byte == '[')
        scan->depth++;
    else if (byte == '}' || byte == ']')
        scan->depth--;
    return scan->depth <= MAX_DEPTH;
}

static gboolean read_text(RedirQmp *qmp, Scan *scan, GError **error)
{
    do {
        if (qmp->input_used == qmp->input_size && !fill_input(qmp, error))
            return FALSE;
        if (!scan_byte(scan, qmp->input[qmp->input_used++]) || scan->text->len > MAX_MESSAGE)
            return failed(qmp, error, REDIR_ERROR_FINAL,
                          "what is there does not speak QMP; name the socket of QEMU's "
                          "-qmp unix:PATH,server=on,wait=off");
    } while (scan->depth > 0 || scan->text->len == 0);
    return TRUE;
}

static JsonNode *read_object(RedirQmp *qmp, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Scan scan = {.text = text};

    if (!read_text(qmp, &scan, error))
        return NULL;
    JsonNode *node = json_from_string(text->str, NULL);
    if (node == NULL || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_clear_pointer(&node, json_node_unref);
        failed(qmp, error, REDIR_ERROR_FINAL, "what is there writes JSON that cannot be read");
    }
    return node;
}

const char *redir_qmp_string(JsonNode *object, const char *member)
{
    JsonNode *node = object != NULL && JSON_NODE_HOLDS_OBJECT(object)
                         ? json_object_get_member(json_node_get_object(object), member)
                         : NULL;
    const char *text =
        node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    return text != NULL ? text : "";
}

guint redir_qmp_length(JsonNode *array)
{
    return JSON_NODE_HOLDS_ARRAY(array) ? json_array_get_length(json_node_get_array(array)) : 0;
}

JsonNode *redir_qmp_element(JsonNode *array, guint i)
{
    return json_array_get_element(json_node_get_array(array), i);
}

JsonNode *redir_qmp_find(JsonNode *array, const char *member, const char *value)
{
    for (guint i = 0; i < redir_qmp_length(array); i++)
        if (strcmp(redir_qmp_string(redir_qmp_element(array, i), member), value) == 0)
            return redir_qmp_element(array, i);
    return NULL;
}

#define MAX_SAYING 300

/* What QEMU says goes to a terminal. */
static char *printable(const char *text)
{
    g_autofree char *cut = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), MAX_SAYING));
    char *result = g_utf8_make_valid(cut, -1);

    for (char *c = result; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return result;
}

/* The member of the next message that is no event: "QMP" or "return". */
static JsonNode *read_answer(RedirQmp *qmp, const char *member, GError **error)
{
    for (;;) {
        g_autoptr(JsonNode) message = read_object(qmp, error);
        if (message == NULL)
            return NULL;
        JsonObject *object = json_node_get_object(message);
        if (json_object_has_member(object, member))
            return json_object_dup_member(object, member);
        if (json_object_has_member(object, "error")) {
            JsonNode *why = json_object_get_member(object, "error");
            g_autofree char *text = printable(redir_qmp_string(why, "desc"));
            failed(qmp, error, REDIR_ERROR_REFUSED, "%s%s",
                   *text ? "QEMU says: " : "QEMU refuses, and does not say why", text);
            return NULL;
        }
    }
}

/* ---- writing ---- */

static gboolean send_text(RedirQmp *qmp, const char *text, int fd, GError **error)
{
    g_autoptr(GSocketControlMessage) passed = NULL;
    gsize length = strlen(text), sent = 0;

    if (fd >= 0) {
        passed = g_unix_fd_message_new();
        if (!g_unix_fd_message_append_fd(G_UNIX_FD_MESSAGE(passed), fd, error))
            return FALSE;
    }
    while (sent < length) {
        GOutputVector vector = {text + sent, length - sent};
        gssize now =
            g_socket_send_message(qmp->socket, NULL, &vector, 1, &passed,
                                  passed != NULL && sent == 0 ? 1 : 0, 0, qmp->cancellable, error);
        if (now < 0)
            return FALSE;
        sent += now;
    }
    return TRUE;
}

/* format is GVariant's, not printf's. */
static JsonNode *run(RedirQmp *qmp, int fd, GError **error, const char *command, const char *format,
                     va_list *args)
{
    g_autofree char *arguments = NULL;

    if (format != NULL) {
        g_autoptr(GVariant) variant = g_variant_ref_sink(g_variant_new_parsed_va(format, args));
        arguments = json_gvariant_serialize_data(variant, NULL);
    }
    g_autofree char *text =
        g_strdup_printf("{\"execute\": \"%s\"%s%s}\n", command,
                        arguments != NULL ? ", \"arguments\": " : "", arguments ? arguments : "");
    set_deadline(qmp, COMMAND_S);
    return send_text(qmp, text, fd, error) ? read_answer(qmp, "return", error) : NULL;
}

JsonNode *redir_qmp_run(RedirQmp *qmp, GError **error, const char *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    JsonNode *answer = run(qmp, -1, error, command, format, &args);
    va_end(args);
    return answer;
}

gboolean redir_qmp_do(RedirQmp *qmp, GError **error, const char *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autoptr(JsonNode) answer = run(qmp, -1, error, command, format, &args);
    va_end(args);
    return answer != NULL;
}

static JsonNode *run_with_fd(RedirQmp *qmp, int fd, GError **error, const char *command,
                             const char *format, ...)
{
    va_list args;

    va_start(args, format);
    JsonNode *answer = run(qmp, fd, error, command, format, &args);
    va_end(args);
    return answer;
}

gboolean redir_qmp_pass_fd(RedirQmp *qmp, int fd, const char *name, GError **error)
{
    g_autoptr(JsonNode) answer = run_with_fd(qmp, fd, error, "getfd", "{'fdname': <%s>}", name);

    return answer != NULL;
}

/* Or until something comes, which the next command reads. */
static gboolean wait_a_little(RedirQmp *qmp, GError **error)
{
    g_autoptr(GError) inner = NULL;

    if (g_socket_condition_timed_wait(qmp->socket, G_IO_IN, POLL_MS * 1000, qmp->cancellable,
                                      &inner) ||
        g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

/* -1 on error. */
static int device_is_there(RedirQmp *qmp, const char *id, GError **error)
{
    g_autoptr(JsonNode) devices =
        redir_qmp_run(qmp, error, "qom-list", "{'path': <'/machine/peripheral'>}");

    return devices == NULL ? -1 : redir_qmp_find(devices, "name", id) != NULL;
}

/* QEMU 7.2 says DEVICE_DELETED of many devices, but not of qemu-xhci: so this looks itself. */
gboolean redir_qmp_remove_device(RedirQmp *qmp, const char *id, GError **error)
{
    g_autoptr(GError) inner = NULL;
    gint64 end_us = g_get_monotonic_time() + UNPLUG_S * G_USEC_PER_SEC;
    int there;

    /* Asked for before, and the guest has not done it yet: that is an error, but no reason to go.
     */
    if (!redir_qmp_do(qmp, &inner, "device_del", "{'id': <%s>}", id) &&
        strstr(inner->message, "in the process of unplug") == NULL) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    while ((there = device_is_there(qmp, id, error)) == 1) {
        if (g_get_monotonic_time() > end_us)
            return failed(qmp, error, REDIR_ERROR_TIMEOUT, "%s is still there", id);
        if (!wait_a_little(qmp, error))
            return FALSE;
    }
    return there == 0;
}

/* ---- life ---- */

static const struct {
    int code; /* GIOErrorEnum */
    RedirError error;
    const char *text;
} connect_errors[] = {
    {G_IO_ERROR_NOT_FOUND, REDIR_ERROR_UNREACHABLE,
     "there is no such socket; is QEMU running with -qmp unix:PATH,server=on,wait=off?"},
    {G_IO_ERROR_CONNECTION_REFUSED, REDIR_ERROR_UNREACHABLE,
     "nobody listens on that socket; the QEMU that made it has ended"},
    {G_IO_ERROR_PERMISSION_DENIED, REDIR_ERROR_UNREACHABLE,
     "no permission to open that socket; run as QEMU's user, or allow it"},
};
#define BUSY                                                                                       \
    "QEMU does not greet us; its monitor takes one client at a time: end the other one, or give "  \
    "QEMU a second -qmp"

static gboolean translate_connect_error(RedirQmp *qmp, const GError *inner, GError **error)
{
    for (guint i = 0; inner->domain == G_IO_ERROR && i < G_N_ELEMENTS(connect_errors); i++)
        if (connect_errors[i].code == inner->code)
            return failed(qmp, error, connect_errors[i].error, "%s", connect_errors[i].text);
    /* The queue of those who wait for the first client to go is full. */
    if (g_error_matches(inner, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return failed(qmp, error, REDIR_ERROR_IN_USE, BUSY);
    return failed(qmp, error, REDIR_ERROR_UNREACHABLE, "%s", inner->message);
}

static gboolean connect_socket(RedirQmp *qmp, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(qmp->path);
    g_autoptr(GError) inner = NULL;

    qmp->socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
    if (qmp->socket == NULL)
        return FALSE;
    g_socket_set_timeout(qmp->socket, COMMAND_S);
    return g_socket_connect(qmp->socket, address, qmp->cancellable, &inner) ||
           translate_connect_error(qmp, inner, error);
}

static gboolean greet(RedirQmp *qmp, GError **error)
{
    g_autoptr(GError) inner = NULL;

    set_deadline(qmp, GREETING_S);
    g_autoptr(JsonNode) greeting = read_answer(qmp, "QMP", &inner);
    if (greeting != NULL)
        return redir_qmp_do(qmp, error, "qmp_capabilities", NULL);
    if (g_error_matches(inner, REDIR_ERROR, REDIR_ERROR_TIMEOUT))
        return failed(qmp, error, REDIR_ERROR_IN_USE, BUSY);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

RedirQmp *redir_qmp_open(const char *path, GCancellable *cancellable, GError **error)
{
    g_autoptr(RedirQmp) qmp = g_new0(RedirQmp, 1);

    qmp->path = g_strdup(path);
    qmp->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
    return connect_socket(qmp, error) && greet(qmp, error) ? g_steal_pointer(&qmp) : NULL;
}

void redir_qmp_close(RedirQmp *qmp)
{
    if (qmp == NULL)
        return;
    g_clear_object(&qmp->socket);
    g_clear_object(&qmp->cancellable);
    g_free(qmp->path);
    g_free(qmp);
}
