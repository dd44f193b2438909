/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From address and options to a transport: fetches the password, and the library that speaks SPICE.
 */
#include "tools/spice_share.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "redir/address.h"
#include "redir/error.h"
#include "tools/library.h"
#include "tools/spice_address.h"
#include "tools/spice_way.h"

static gboolean failed(GError **error, const char *what, const char *why)
{
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "%s: %s", what, why);
    return FALSE;
}

/* ---- the password ---- */

static gboolean ask_terminal(const char *address, char **ret_password, GError **error)
{
    FILE *terminal = fopen("/dev/tty", "r+e");
    struct termios before, silent;
    char line[256];

    if (terminal == NULL || tcgetattr(fileno(terminal), &before) < 0) {
        if (terminal != NULL)
            fclose(terminal);
        return failed(error, "--ask-password",
                      "there is no terminal to ask on; use --password-file");
    }
    fprintf(terminal, "Password of %s: ", address);
    silent = before;
    silent.c_lflag &= ~ECHO;
    tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    gboolean read = fgets(line, sizeof line, terminal) != NULL;
    tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fputc('\n', terminal);
    fclose(terminal);
    if (read)
        *ret_password = g_strndup(line, strcspn(line, "\n"));
    explicit_bzero(line, sizeof line);
    return read || failed(error, "--ask-password", "no password was given");
}

static gboolean read_password_file(const char *path, char **ret_password, GError **error)
{
    g_autoptr(GError) inner = NULL;
    char *text;

    if (!g_file_get_contents(path, &text, NULL, &inner))
        return failed(error, "--password-file", inner->message);
    text[strcspn(text, "\r\n")] = '\0';
    *ret_password = text;
    return TRUE;
}

/* What the options say goes before the environment, and that before a .vv file. */
static gboolean get_password(struct spice_address *address, const struct spice_options *options,
                             GError **error)
{
    const char *variable = g_getenv(SPICE_PASSWORD_VARIABLE);
    char *password = NULL;

    if (options->password_file != NULL) {
        if (!read_password_file(options->password_file, &password, error))
            return FALSE;
    } else if (options->ask_password) {
        if (!ask_terminal(address->text, &password, error))
            return FALSE;
    } else if (variable != NULL) {
        password = g_strdup(variable);
    } else if (options->known_password != NULL) {
        password = g_strdup(options->known_password);
    }
    if (password != NULL) {
        g_free(address->password);
        address->server.password = address->password = password;
    }
    return TRUE;
}

/* ---- the library ---- */

typedef typeof(redir_spice_transport_new) *TransportNew;
typedef typeof(redir_spice_transport_new_beside) *TransportNewBeside;

static void *find_function(const char *name, GError **error)
{
    return library_function("libcamredir-spice.so.0", name, "SPICE", "libspice-client-glib-2.0-dev",
                            error);
}

static gboolean check_readable(const char *option, const char *path, GError **error)
{
    return path == NULL || access(path, R_OK) == 0 ||
           (g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "%s: %s: %s", option, path,
                        g_strerror(errno)),
            FALSE);
}

RedirTransport *spice_share_open(const char *text, const struct spice_options *options,
                                 GError **error)
{
    RedirSpiceChoice choice = {.port_name = options->port_name};
    g_autoptr(spice_address) address = spice_address_parse(text, error);
    TransportNew transport_new;

    if (address == NULL || !spice_way_parse(options->way, &choice.way, error) ||
        !check_readable("--ca-file", options->ca_file, error) ||
        !(transport_new = (TransportNew)find_function("redir_spice_transport_new", error)) ||
        !get_password(address, options, error))
        return NULL;
    if (options->ca_file != NULL)
        address->server.ca_file = options->ca_file;
    if (options->host_subject != NULL)
        address->server.host_subject = options->host_subject;
    RedirTransport *transport = transport_new(&address->server, &choice);
    if (address->delete_file && g_unlink(text) < 0)
        g_message("%s asks to be deleted: %s", text, g_strerror(errno));
    return transport;
}

/* ---- several cameras ---- */

/* org.camredir.camera.0, 1: org.camredir.camera.1 */
static char *numbered(const char *port_name, guint number, GError **error)
{
    const char *digits = port_name + strlen(port_name);

    while (digits > port_name && g_ascii_isdigit(digits[-1]))
        digits--;
    if (*digits != '\0')
        return g_strdup_printf("%.*s%" G_GUINT64_FORMAT, (int)(digits - port_name), port_name,
                               g_ascii_strtoull(digits, NULL, 10) + number);
    redir_address_wrong(error,
                        "--port-name: %s has no number at its end, which the next camera's "
                        "port would count on from",
                        port_name);
    return NULL;
}

RedirTransport *spice_share_open_beside(RedirTransport *first, const struct spice_options *options,
                                        guint number, GError **error)
{
    const char *base = options->port_name ? options->port_name : REDIR_SPICE_PORT_NAME;
    g_autofree char *port_name = numbered(base, number, error);
    g_autofree char *name = g_strdup_printf("%s, camera %u", first->address, number + 1);
    RedirSpiceChoice choice = {.port_name = port_name};
    TransportNewBeside beside;

    if (port_name == NULL || !spice_way_parse(options->way, &choice.way, error) ||
        !(beside = (TransportNewBeside)find_function("redir_spice_transport_new_beside", error)))
        return NULL;
    return beside(first, name, &choice);
}
