/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The USB controllers of a running QEMU. */
#include "redir/transports/qmp_usb.h"

#include <string.h>

const char *const redir_qmp_containers[REDIR_QMP_CONTAINERS] = {
    "/machine/peripheral", "/machine/peripheral-anon", "/machine/unattached"};

/* The best first. A device behind a hub would be a full-speed one, so only root ports count. */
static const struct row {
    const char *type;
    RedirSpeeds speeds;
    const char *ports_property; /* or */
    guint ports;
} rows[] = {
#define XHCI REDIR_SPEED_FULL | REDIR_SPEED_HIGH | REDIR_SPEED_SUPER, "p2", 0
#define EHCI REDIR_SPEED_HIGH, NULL, 6
#define UHCI REDIR_SPEED_FULL, NULL, 2
    {"qemu-xhci", XHCI},      {"nec-usb-xhci", XHCI},
    {"sysbus-xhci", XHCI},    {"usb-ehci", EHCI},
    {"ich9-usb-ehci1", EHCI}, {"ich9-usb-ehci2", EHCI},
    {"piix3-usb-uhci", UHCI}, {"piix4-usb-uhci", UHCI},
    {"ich9-usb-uhci1", UHCI}, {"ich9-usb-uhci2", UHCI},
    {"ich9-usb-uhci3", UHCI}, {"pci-ohci", REDIR_SPEED_FULL, "num-ports", 0},
};

JsonNode *redir_qmp_list(RedirQmp *qmp, const char *path, GError **error)
{
    return redir_qmp_run(qmp, error, "qom-list", "{'path': <%s>}", path);
}

const char *redir_qmp_bus_of(JsonNode *device, const char *type)
{
    return redir_qmp_string(redir_qmp_find(device, "type", type), "name");
}

int redir_qmp_devices_on(RedirQmp *qmp, const char *device, const char *bus)
{
    g_autofree char *path = g_strdup_printf("%s/%s", device, bus);
    g_autoptr(JsonNode) members = redir_qmp_list(qmp, path, NULL);
    int count = 0;

    if (members == NULL)
        return -1;
    for (guint i = 0; i < redir_qmp_length(members); i++)
        count +=
            g_str_has_prefix(redir_qmp_string(redir_qmp_element(members, i), "name"), "child[");
    return count;
}

static guint count_ports(RedirQmp *qmp, const struct row *row, const char *path)
{
    if (row->ports_property == NULL)
        return row->ports;
    g_autoptr(JsonNode) value = redir_qmp_run(
        qmp, NULL, "qom-get", "{'path': <%s>, 'property': <%s>}", path, row->ports_property);
    gint64 ports = value != NULL && JSON_NODE_HOLDS_VALUE(value) ? json_node_get_int(value) : 0;
    return CLAMP(ports, 0, 255);
}

typedef struct {
    RedirQmp *qmp;
    gboolean (*enough)(gpointer user, const RedirQmpController *controller);
    gpointer user;
} Search;

static gboolean inspect(const Search *search, const struct row *row, const char *path)
{
    g_autoptr(JsonNode) members = redir_qmp_list(search->qmp, path, NULL);
    const char *bus = members != NULL ? redir_qmp_bus_of(members, "child<usb-bus>") : "";
    int used = *bus ? redir_qmp_devices_on(search->qmp, path, bus) : -1;
    const RedirQmpController controller = {
        .type = row->type,
        .speeds = row->speeds,
        .path = path,
        .bus = used >= 0 ? bus : NULL,
        .ports = count_ports(search->qmp, row, path),
        .used = MAX(used, 0),
    };

    return search->enough(search->user, &controller);
}

static gboolean inspect_type(const Search *search, const struct row *row, const char *container,
                             JsonNode *members)
{
    g_autofree char *type = g_strdup_printf("child<%s>", row->type);

    for (guint i = 0; i < redir_qmp_length(members); i++) {
        JsonNode *member = redir_qmp_element(members, i);
        g_autofree char *path =
            g_strdup_printf("%s/%s", container, redir_qmp_string(member, "name"));
        if (strcmp(redir_qmp_string(member, "type"), type) == 0 && inspect(search, row, path))
            return TRUE;
    }
    return FALSE;
}

static gboolean inspect_row(const Search *search, const struct row *row, JsonNode *const members[])
{
    gboolean done = FALSE;

    for (guint c = 0; c < REDIR_QMP_CONTAINERS && !done; c++)
        done = inspect_type(search, row, redir_qmp_containers[c], members[c]);
    return done;
}

gboolean redir_qmp_each_controller(RedirQmp *qmp, RedirSpeeds speeds,
                                   gboolean (*enough)(gpointer user,
                                                      const RedirQmpController *controller),
                                   gpointer user, GError **error)
{
    const Search search = {qmp, enough, user};
    JsonNode *members[REDIR_QMP_CONTAINERS] = {NULL};
    gboolean good = TRUE, done = FALSE;

    for (guint c = 0; c < REDIR_QMP_CONTAINERS && good; c++)
        good = (members[c] = redir_qmp_list(qmp, redir_qmp_containers[c], error)) != NULL;
    for (guint r = 0; r < G_N_ELEMENTS(rows) && good && !done; r++)
        done = (rows[r].speeds & speeds) && inspect_row(&search, &rows[r], members);
    for (guint c = 0; c < REDIR_QMP_CONTAINERS; c++)
        g_clear_pointer(&members[c], json_node_unref);
    return good;
}
