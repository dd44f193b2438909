/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a domain's XML: a row for each element that matters. */
#include "redir/transports/libvirt_domain.h"

#include <string.h>

#include "redir/transports/spice.h"

/* An attribute of the element that begins, or "". */
typedef struct {
    const char **names, **values;
} Attributes;

static const char *get(const Attributes *attributes, const char *name)
{
    for (guint i = 0; attributes->names[i] != NULL; i++)
        if (strcmp(attributes->names[i], name) == 0)
            return attributes->values[i];
    return "";
}

static gboolean is(const Attributes *attributes, const char *name, const char *value)
{
    return strcmp(get(attributes, name), value) == 0;
}

/* -1, libvirt's "none yet", is none too. */
static guint get_number(const Attributes *attributes, const char *name, guint most)
{
    guint64 number = 0;

    return g_ascii_string_to_unsigned(get(attributes, name), 10, 0, most, &number, NULL) ? number
                                                                                         : 0;
}

static char *get_text(const Attributes *attributes, const char *name)
{
    const char *text = get(attributes, name);

    return *text ? g_strdup(text) : NULL;
}

/* Ports: libvirt's own numbers, where the XML has none. */
static const struct {
    const char *model; /* the beginning of its name */
    RedirSpeeds speeds;
    guint ports;
} models[] = {
    {"qemu-xhci", REDIR_SPEED_FULL | REDIR_SPEED_HIGH | REDIR_SPEED_SUPER, 4},
    {"nec-xhci", REDIR_SPEED_FULL | REDIR_SPEED_HIGH | REDIR_SPEED_SUPER, 4},
    {"ehci", REDIR_SPEED_HIGH, 6},
    {"ich9-ehci", REDIR_SPEED_HIGH, 6},
    {"ich9-uhci", REDIR_SPEED_FULL, 2},
    {"piix", REDIR_SPEED_FULL, 2},
    {"vt82c686b-uhci", REDIR_SPEED_FULL, 2},
    {"pci-ohci", REDIR_SPEED_FULL, 3},
};

typedef void Take(RedirLibvirtDomain *domain, const Attributes *attributes);

/* Devices may come before their controller. */
static RedirLibvirtBus *get_bus(RedirLibvirtDomain *domain, guint index)
{
    const RedirLibvirtBus bus = {.index = index};

    for (guint i = 0; i < domain->buses->len; i++)
        if (g_array_index(domain->buses, RedirLibvirtBus, i).index == index)
            return &g_array_index(domain->buses, RedirLibvirtBus, i);
    g_array_append_val(domain->buses, bus);
    return &g_array_index(domain->buses, RedirLibvirtBus, domain->buses->len - 1);
}

static void take_controller(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    if (!is(attributes, "type", "usb"))
        return;
    RedirLibvirtBus *bus = get_bus(domain, get_number(attributes, "index", G_MAXUINT16));
    guint ports = get_number(attributes, "ports", G_MAXUINT8);
    for (guint i = 0; i < G_N_ELEMENTS(models); i++)
        if (g_str_has_prefix(get(attributes, "model"), models[i].model)) {
            bus->speeds |= models[i].speeds;
            bus->ports = MAX(bus->ports, ports ? ports : models[i].ports);
        }
}

/* A port "1.2" is a hub's. */
static void take_address(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    if (is(attributes, "type", "usb") && strchr(get(attributes, "port"), '.') == NULL)
        get_bus(domain, get_number(attributes, "bus", G_MAXUINT16))->used++;
}

static void take_redirdev(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    domain->has_spice_place |= is(attributes, "type", "spicevmc");
    g_ptr_array_add(domain->devices, g_new0(RedirLibvirtDevice, 1));
}

static RedirLibvirtDevice *last_device(RedirLibvirtDomain *domain)
{
    return g_ptr_array_index(domain->devices, domain->devices->len - 1);
}

static void take_source(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    g_free(last_device(domain)->path);
    last_device(domain)->path = get_text(attributes, "path");
}

static void take_alias(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    g_free(last_device(domain)->alias);
    last_device(domain)->alias = get_text(attributes, "name");
}

static void take_channel_source(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    domain->has_spice_place |= is(attributes, "channel", REDIR_SPICE_PORT_NAME);
}

static void take_graphics(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    domain->in_spice = is(attributes, "type", "spice");
    if (!domain->in_spice)
        return;
    domain->has_spice = TRUE;
    domain->spice_port = get_number(attributes, "port", G_MAXUINT16);
    domain->spice_tls_port = get_number(attributes, "tlsPort", G_MAXUINT16);
    domain->spice_password = get_text(attributes, "passwd");
}

static void take_listen(RedirLibvirtDomain *domain, const Attributes *attributes)
{
    if (!domain->in_spice)
        return;
    if (domain->spice_host == NULL)
        domain->spice_host = get_text(attributes, "address");
    if (domain->spice_socket == NULL)
        domain->spice_socket = get_text(attributes, "socket");
}

static const struct {
    const char *path; /* a pattern */
    Take *take;
} elements[] = {
    {"domain/devices/controller", take_controller},
    {"domain/devices/redirdev", take_redirdev},
    {"domain/devices/redirdev/source", take_source},
    {"domain/devices/redirdev/alias", take_alias},
    {"domain/devices/channel/source", take_channel_source},
    {"domain/devices/graphics", take_graphics},
    {"domain/devices/graphics/listen", take_listen},
    {"domain/devices/*/address", take_address},
};

static char *element_path(GMarkupParseContext *context)
{
    GString *path = g_string_new(NULL);

    for (const GSList *l = g_markup_parse_context_get_element_stack(context); l; l = l->next) {
        g_string_prepend(path, l->data);
        if (l->next != NULL)
            g_string_prepend_c(path, '/');
    }
    return g_string_free(path, FALSE);
}

static void on_element(GMarkupParseContext *context, const char *name, const char **names,
                       const char **values, gpointer user, GError **error)
{
    g_autofree char *path = element_path(context);
    const Attributes attributes = {names, values};

    (void)name, (void)error;
    for (guint i = 0; i < G_N_ELEMENTS(elements); i++)
        if (g_pattern_match_simple(elements[i].path, path))
            elements[i].take(user, &attributes);
}

static void device_free(gpointer data)
{
    RedirLibvirtDevice *device = data;

    g_free(device->alias);
    g_free(device->path);
    g_free(device);
}

RedirLibvirtDomain *redir_libvirt_domain_parse(const char *xml, GError **error)
{
    static const GMarkupParser parser = {.start_element = on_element};
    g_autoptr(RedirLibvirtDomain) domain = g_new0(RedirLibvirtDomain, 1);
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, domain, NULL);

    domain->buses = g_array_new(FALSE, FALSE, sizeof(RedirLibvirtBus));
    domain->devices = g_ptr_array_new_with_free_func(device_free);
    return g_markup_parse_context_parse(context, xml, -1, error) &&
                   g_markup_parse_context_end_parse(context, error)
               ? g_steal_pointer(&domain)
               : NULL;
}

void redir_libvirt_domain_free(RedirLibvirtDomain *domain)
{
    if (domain == NULL)
        return;
    g_array_unref(domain->buses);
    g_ptr_array_unref(domain->devices);
    g_free(domain->spice_host);
    g_free(domain->spice_socket);
    g_free(domain->spice_password);
    g_free(domain);
}

gboolean redir_libvirt_bus_takes(const RedirLibvirtBus *bus, RedirSpeeds speed)
{
    return (bus->speeds & speed) && bus->used < bus->ports;
}

/* Of the numbers for "every address", the one to connect to. */
static const char *reachable_host(const char *listens, const char *host)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(listens);

    if (address != NULL && g_inet_address_get_is_any(address))
        return host != NULL ? host : "localhost";
    if (address != NULL && g_inet_address_get_is_loopback(address) && host != NULL)
        return NULL;
    return listens;
}

char *redir_libvirt_domain_spice(const RedirLibvirtDomain *domain, const char *host)
{
    const char *name = reachable_host(domain->spice_host ? domain->spice_host : "127.0.0.1", host);

    if (domain->spice_socket != NULL)
        return host == NULL ? g_strdup_printf("spice+unix://%s", domain->spice_socket) : NULL;
    if (name == NULL || (domain->spice_port == 0 && domain->spice_tls_port == 0))
        return NULL;
    /* To this machine itself encryption adds a CA to be named and nothing else. */
    gboolean encrypted = domain->spice_tls_port != 0 && (host != NULL || domain->spice_port == 0);
    g_autofree char *bracketed = strchr(name, ':') ? g_strdup_printf("[%s]", name) : g_strdup(name);
    g_autofree char *port =
        domain->spice_port ? g_strdup_printf(":%u", domain->spice_port) : g_strdup("");
    g_autofree char *tls =
        encrypted ? g_strdup_printf("?tls-port=%u", domain->spice_tls_port) : g_strdup("");
    return g_strdup_printf("spice://%s%s%s", bracketed, port, tls);
}
