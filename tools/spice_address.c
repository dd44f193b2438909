/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads SPICE addresses: URIs by GUri, .vv files by GKeyFile. */
#include "tools/spice_address.h"

#include <string.h>

#include "redir/address.h"

#define FORMS "spice://HOST:PORT, spice://HOST?tls-port=N, spice+unix://PATH or FILE.vv"
#define GROUP "virt-viewer"

static gboolean check_port(const struct spice_address *address, const char *port, GError **error)
{
    guint16 number;

    return port == NULL || redir_address_port(address->text, port, &number, error);
}

/* ---- URIs ---- */

static gboolean take_parameter(struct spice_address *address, const char *name, const char *value,
                               GError **error)
{
    const struct {
        const char *name;
        char **field;
    } known[] = {{"port", &address->port}, {"tls-port", &address->tls_port}};

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].name, name) == 0) {
            g_free(*known[i].field);
            *known[i].field = g_strdup(value);
            return TRUE;
        }
    if (strcmp(name, "password") == 0)
        return redir_address_wrong(
            error, "a password in an address can be read by everybody on this machine; "
                   "use --password-file or --ask-password");
    return redir_address_wrong(error, "%s: '%s' is not known; an address has the form " FORMS,
                               address->text, name);
}

static gboolean take_query(struct spice_address *address, const char *query, GError **error)
{
    GUriParamsIter iter;
    g_autoptr(GError) inner = NULL;

    g_uri_params_iter_init(&iter, query, -1, "&;", G_URI_PARAMS_NONE);
    for (;;) {
        g_autofree char *name = NULL, *value = NULL;
        if (!g_uri_params_iter_next(&iter, &name, &value, &inner))
            break;
        if (!take_parameter(address, name, value, error))
            return FALSE;
    }
    return inner == NULL || redir_address_wrong(error, "%s: %s", address->text, inner->message);
}

static gboolean read_host(struct spice_address *address, GUri *uri, GError **error)
{
    static const char *const all[] = {"all", NULL};
    const char *host = g_uri_get_host(uri);

    if (host == NULL || *host == '\0')
        return redir_address_wrong(error, "%s: the host is missing; write " FORMS, address->text);
    if (g_uri_get_userinfo(uri) != NULL)
        return redir_address_wrong(error,
                                   "a user's name or password has no place in an address; use "
                                   "--password-file or --ask-password");
    address->host = g_strdup(host);
    if (g_uri_get_port(uri) > 0)
        address->port = g_strdup_printf("%d", g_uri_get_port(uri));
    if (g_uri_get_query(uri) && !take_query(address, g_uri_get_query(uri), error))
        return FALSE;
    if (address->port == NULL && address->tls_port == NULL)
        return redir_address_wrong(error, "%s: the port is missing; write " FORMS, address->text);
    if (address->tls_port != NULL)
        address->secure_channels = g_strdupv((GStrv)all);
    return TRUE;
}

static gboolean read_path(struct spice_address *address, GUri *uri, GError **error)
{
    const char *path = g_uri_get_path(uri);

    if (*path != '/' || (g_uri_get_host(uri) && *g_uri_get_host(uri)))
        return redir_address_wrong(error, "%s: write spice+unix:///PATH/OF/THE.sock",
                                   address->text);
    address->unix_path = g_strdup(path);
    return TRUE;
}

static gboolean read_uri(struct spice_address *address, GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(GUri) uri = g_uri_parse(address->text, G_URI_FLAGS_NONE, &inner);

    if (uri == NULL)
        return redir_address_wrong(error, "%s: %s; write " FORMS, address->text, inner->message);
    return strcmp(g_uri_get_scheme(uri), "spice+unix") == 0 ? read_path(address, uri, error)
                                                            : read_host(address, uri, error);
}

/* ---- .vv files ---- */

static gboolean read_file(struct spice_address *address, GError **error)
{
    const struct {
        const char *key;
        char **field;
    } strings[] = {
        {"host", &address->host},           {"port", &address->port},
        {"tls-port", &address->tls_port},   {"username", &address->user_name},
        {"password", &address->password},   {"ca", &address->ca},
        {"tls-ciphers", &address->ciphers}, {"host-subject", &address->host_subject},
        {"proxy", &address->proxy},
    };
    g_autoptr(GError) inner = NULL;
    g_autoptr(GKeyFile) file = g_key_file_new();

    if (!g_key_file_load_from_file(file, address->text, G_KEY_FILE_NONE, &inner))
        return redir_address_wrong(error, "%s: %s", address->text, inner->message);
    g_autofree char *type = g_key_file_get_string(file, GROUP, "type", NULL);
    if (g_strcmp0(type, "spice") != 0)
        return redir_address_wrong(error, "%s: no file for SPICE (type=%s)", address->text,
                                   type ? type : "?");
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        *strings[i].field = g_key_file_get_string(file, GROUP, strings[i].key, NULL);
        if (*strings[i].field && **strings[i].field == '\0')
            g_clear_pointer(strings[i].field, g_free);
    }
    address->secure_channels =
        g_key_file_get_string_list(file, GROUP, "secure-channels", NULL, NULL);
    address->delete_file = g_key_file_get_boolean(file, GROUP, "delete-this-file", NULL);
    if (address->host == NULL || (address->port == NULL && address->tls_port == NULL))
        return redir_address_wrong(error, "%s: host, or port and tls-port, are missing",
                                   address->text);
    return TRUE;
}

/* ---- both ---- */

gboolean spice_address_is(const char *text)
{
    return g_ascii_strncasecmp(text, "spice:", 6) == 0 ||
           g_ascii_strncasecmp(text, "spice+unix:", 11) == 0 || g_str_has_suffix(text, ".vv");
}

static void point_server(struct spice_address *address)
{
    address->server = (RedirSpiceServer){
        .address = address->text,
        .unix_path = address->unix_path,
        .host = address->host,
        .port = address->port,
        .tls_port = address->tls_port,
        .user_name = address->user_name,
        .password = address->password,
        .ca = address->ca,
        .host_subject = address->host_subject,
        .ciphers = address->ciphers,
        .proxy = address->proxy,
        .secure_channels = (const char *const *)address->secure_channels,
    };
}

struct spice_address *spice_address_parse(const char *text, GError **error)
{
    g_autoptr(spice_address) address = g_new0(struct spice_address, 1);

    address->text = g_strdup(text);
    if (!(g_str_has_suffix(text, ".vv") ? read_file(address, error) : read_uri(address, error)) ||
        !check_port(address, address->port, error) ||
        !check_port(address, address->tls_port, error))
        return NULL;
    point_server(address);
    return g_steal_pointer(&address);
}

void spice_address_free(struct spice_address *address)
{
    if (address == NULL)
        return;
    if (address->password != NULL)
        explicit_bzero(address->password, strlen(address->password));
    char *strings[] = {address->text,     address->host,      address->port,
                       address->tls_port, address->unix_path, address->user_name,
                       address->password, address->ca,        address->host_subject,
                       address->ciphers,  address->proxy};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_strfreev(address->secure_channels);
    g_free(address);
}
