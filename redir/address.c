/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads addresses: a row a scheme. */
#include "redir/address.h"

#include <string.h>
#include <sys/un.h>

#include "redir/error.h"

#define PATH_ROOM sizeof(((struct sockaddr_un *)NULL)->sun_path)

gboolean redir_address_wrong(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(REDIR_ERROR, REDIR_ERROR_ADDRESS, format, args));
    va_end(args);
    return FALSE;
}

gboolean redir_address_port(const char *text, const char *port, guint16 *ret_port, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(port, 10, 1, G_MAXUINT16, &number, NULL))
        return redir_address_wrong(error, "%s: '%s' is no port; write a number from 1 to 65535",
                                   text, port);
    *ret_port = number;
    return TRUE;
}

static gboolean parse_unix(RedirAddress *address, const char *rest, GError **error)
{
    if (g_str_has_prefix(rest, "//"))
        rest += 2;
    if (rest[0] == '\0')
        return redir_address_wrong(error, "%s: the path is missing; write unix:/path/of/the.sock",
                                   address->text);
    if (strlen(rest) >= PATH_ROOM)
        return redir_address_wrong(
            error, "%s: a socket's path has at most %zu bytes; choose a shorter one", address->text,
            PATH_ROOM - 1);
    address->path = g_strdup(rest);
    return TRUE;
}

/* "name:port" or "[v6]:port". Splits at the last colon. */
static gboolean parse_tcp(RedirAddress *address, const char *rest, GError **error)
{
    if (g_str_has_prefix(rest, "//"))
        rest += 2;
    const char *colon = strrchr(rest, ':');
    if (colon == NULL || colon == rest || g_str_has_suffix(rest, "]"))
        return redir_address_wrong(
            error, "%s: write tcp:HOST:PORT, for instance tcp:127.0.0.1:4000", address->text);
    if (!redir_address_port(address->text, colon + 1, &address->port, error))
        return FALSE;

    g_autofree char *host = g_strndup(rest, colon - rest);
    gsize length = strlen(host);
    if (host[0] == '[' && host[length - 1] == ']' && length > 2) {
        address->host = g_strndup(host + 1, length - 2);
    } else if (strpbrk(host, ":[]") != NULL) {
        return redir_address_wrong(
            error, "%s: write an IPv6 address in brackets, for instance tcp:[::1]:4000",
            address->text);
    } else {
        address->host = g_steal_pointer(&host);
    }
    return TRUE;
}

static const struct {
    const char *name;
    RedirScheme scheme;
    gboolean (*parse)(RedirAddress *address, const char *rest, GError **error);
    const char *form;
} schemes[] = {
    {"unix", REDIR_SCHEME_UNIX, parse_unix, "unix:PATH"},
    {"tcp", REDIR_SCHEME_TCP, parse_tcp, "tcp:HOST:PORT"},
};

static char *all_forms(void)
{
    GString *forms = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(schemes); i++)
        g_string_append_printf(forms, "%s%s", i == 0 ? "" : " or ", schemes[i].form);
    return g_string_free(forms, FALSE);
}

/* What the user may have meant who forgot the scheme. */
static gboolean wrong_scheme(const char *text, GError **error)
{
    g_autofree char *forms = all_forms();
    const char *colon = strrchr(text, ':');

    if (strchr(text, '/') != NULL && strstr(text, ":/") == NULL)
        return redir_address_wrong(error, "%s: write unix:%s", text, text);
    if (colon != NULL && colon != text &&
        g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, NULL, NULL) &&
        strchr(text, ':') == colon)
        return redir_address_wrong(error, "%s: write tcp:%s", text, text);
    return redir_address_wrong(error, "'%s' is no address; it has the form %s", text, forms);
}

RedirAddress *redir_address_parse(const char *text, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(schemes); i++) {
        gsize length = strlen(schemes[i].name);
        if (g_ascii_strncasecmp(text, schemes[i].name, length) != 0 || text[length] != ':')
            continue;
        g_autoptr(RedirAddress) address = g_new0(RedirAddress, 1);
        address->scheme = schemes[i].scheme;
        address->text = g_strdup(text);
        if (!schemes[i].parse(address, text + length + 1, error))
            return NULL;
        return g_steal_pointer(&address);
    }
    wrong_scheme(text, error);
    return NULL;
}

void redir_address_free(RedirAddress *address)
{
    if (address == NULL)
        return;
    g_free(address->text);
    g_free(address->path);
    g_free(address->host);
    g_free(address);
}
