/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a VM has, as QEMU's monitor tells: questions alone, in one short conversation. */
#include <string.h>

#include "redir/transports/qmp_plug.h"
#include "redir/transports/qmp_usb.h"
#include "tools/doctor.h"

#define USB_REDIR "child<usb-redir>"

static gint64 number(JsonNode *object, const char *member)
{
    JsonNode *node = JSON_NODE_HOLDS_OBJECT(object)
                         ? json_object_get_member(json_node_get_object(object), member)
                         : NULL;
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;
}

static JsonNode *member(JsonNode *object, const char *name)
{
    return JSON_NODE_HOLDS_OBJECT(object)
               ? json_object_get_member(json_node_get_object(object), name)
               : NULL;
}

/* A string of a device in QOM; "" where it has none. */
static char *property(RedirQmp *qmp, const char *path, const char *name)
{
    g_autoptr(JsonNode) value =
        redir_qmp_run(qmp, NULL, "qom-get", "{'path': <%s>, 'property': <%s>}", path, name);
    const char *text = value && JSON_NODE_HOLDS_VALUE(value) ? json_node_get_string(value) : NULL;
    return g_strdup(text ? text : "");
}

/* ---- usb-redir ---- */

#define UNCONNECTED "disconnected:"

/* As --to takes it: QEMU says "unix:/tmp/cam.sock,server=on". */
static char *address_of(const char *filename)
{
    const char *text =
        g_str_has_prefix(filename, UNCONNECTED) ? filename + strlen(UNCONNECTED) : filename;
    const char *end = strstr(text, ",server");
    gboolean known = g_str_has_prefix(text, "unix:") || g_str_has_prefix(text, "tcp:");
    return known && end ? g_strndup(text, end - text) : NULL;
}

static void place_port(struct doctor_port *port, const GArray *controllers, const char *bus)
{
    for (guint i = 0; i < controllers->len; i++) {
        const struct doctor_controller *c =
            &g_array_index(controllers, struct doctor_controller, i);
        g_autofree char *below = g_strconcat(c->path, "/", NULL);
        if (!g_str_has_prefix(bus, below))
            continue;
        port->controller = c->type;
        port->speeds = c->speeds;
    }
}

static void look_port(RedirQmp *qmp, struct doctor_qemu *q, JsonNode *chardevs, const char *path)
{
    g_autofree char *bus = property(qmp, path, "parent_bus");
    struct doctor_port port = {.id = property(qmp, path, "chardev"), .controller = "?"};
    const char *file = redir_qmp_string(redir_qmp_find(chardevs, "label", port.id), "filename");
    port.spice = g_str_has_prefix(file, "spice");
    port.address = address_of(file);
    port.taken = port.spice ? q->spice.camera_clients > 0 : !g_str_has_prefix(file, UNCONNECTED);
    place_port(&port, q->controllers, bus);
    g_array_append_val(q->ports, port);
}

static gboolean look_ports(RedirQmp *qmp, struct doctor_qemu *q, GError **error)
{
    g_autoptr(JsonNode) chardevs = redir_qmp_run(qmp, error, "query-chardev", NULL);
    for (guint c = 0; chardevs && c < REDIR_QMP_CONTAINERS; c++) {
        g_autoptr(JsonNode) members = redir_qmp_list(qmp, redir_qmp_containers[c], error);
        if (!members)
            return FALSE;
        for (guint i = 0; i < redir_qmp_length(members); i++) {
            JsonNode *found = redir_qmp_element(members, i);
            g_autofree char *path =
                g_strdup_printf("%s/%s", redir_qmp_containers[c], redir_qmp_string(found, "name"));
            if (strcmp(redir_qmp_string(found, "type"), USB_REDIR) == 0)
                look_port(qmp, q, chardevs, path);
        }
    }
    return chardevs != NULL;
}

/* ---- SPICE ---- */

/* spice/enums.h: SPICE_CHANNEL_USBREDIR, SPICE_CHANNEL_PORT */
#define CHANNEL_USBREDIR 9
#define CHANNEL_PORT     10

static guint count_camera_clients(JsonNode *channels)
{
    guint n = 0;
    for (guint i = 0; channels && i < redir_qmp_length(channels); i++) {
        gint64 type = number(redir_qmp_element(channels, i), "channel-type");
        n += type == CHANNEL_USBREDIR || type == CHANNEL_PORT;
    }
    return n;
}

/* A QEMU without SPICE does not know the question. */
static void look_spice(RedirQmp *qmp, struct doctor_qemu *q)
{
    g_autoptr(JsonNode) answer = redir_qmp_run(qmp, NULL, "query-spice", NULL);
    JsonNode *enabled = answer ? member(answer, "enabled") : NULL;
    if (!enabled || !json_node_get_boolean(enabled))
        return;
    q->spice.enabled = TRUE;
    q->spice.host = g_strdup(redir_qmp_string(answer, "host"));
    q->spice.password = strcmp(redir_qmp_string(answer, "auth"), "none") != 0;
    q->spice.port = number(answer, "port");
    q->spice.tls_port = number(answer, "tls-port");
    q->spice.camera_clients = count_camera_clients(member(answer, "channels"));
}

/* ---- all ---- */

static gboolean look_version(RedirQmp *qmp, struct doctor_qemu *q, GError **error)
{
    g_autoptr(JsonNode) version = redir_qmp_run(qmp, error, "query-version", NULL);
    g_autoptr(JsonNode) status = version ? redir_qmp_run(qmp, error, "query-status", NULL) : NULL;
    JsonNode *numbers = status ? member(version, "qemu") : NULL;
    if (!status)
        return FALSE;
    if (numbers) {
        q->major = number(numbers, "major");
        q->minor = number(numbers, "minor");
        q->micro = number(numbers, "micro");
    }
    q->status = g_strdup(redir_qmp_string(status, "status"));
    return TRUE;
}

static void port_clear(gpointer data)
{
    struct doctor_port *port = data;
    g_free(port->id);
    g_free(port->address);
}

static void controller_clear(gpointer data)
{
    struct doctor_controller *controller = data;
    g_free(controller->path);
}

static gboolean add_controller(gpointer user, const RedirQmpController *found)
{
    GArray *controllers = user;
    const struct doctor_controller controller = {.type = found->type,
                                                 .speeds = found->speeds,
                                                 .ports = found->ports,
                                                 .used = found->used,
                                                 .path = g_strdup(found->path),
                                                 .companion = !found->bus};
    g_array_append_val(controllers, controller);
    return FALSE;
}

#define ALL_SPEEDS (REDIR_SPEED_FULL | REDIR_SPEED_HIGH | REDIR_SPEED_SUPER)

static gboolean look(RedirQmp *qmp, struct doctor_qemu *q, GError **error)
{
    q->controllers = g_array_new(FALSE, FALSE, sizeof(struct doctor_controller));
    g_array_set_clear_func(q->controllers, controller_clear);
    q->ports = g_array_new(FALSE, FALSE, sizeof(struct doctor_port));
    g_array_set_clear_func(q->ports, port_clear);
    if (!look_version(qmp, q, error) ||
        !redir_qmp_each_controller(qmp, ALL_SPEEDS, add_controller, q->controllers, error))
        return FALSE;
    q->knows_redir =
        redir_qmp_do(qmp, NULL, "device-list-properties", "{'typename': <'usb-redir'>}");
    look_spice(qmp, q);
    return look_ports(qmp, q, error);
}

void doctor_look_qemu(struct doctor_facts *facts, const char *monitor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RedirQmp) qmp = redir_qmp_open(monitor, NULL, &error);
    if (!qmp || !look(qmp, &facts->qemu, &error))
        facts->qemu.why = g_strdup(error->message);
}
