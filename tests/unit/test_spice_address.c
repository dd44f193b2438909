/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SPICE addresses: what users may write, what a portal's file may say, and what is wrong with the
   rest. */
#include <glib/gstdio.h>
#include <string.h>

#include "redir/error.h"
#include "tools/spice_address.h"

static const struct {
    const char *text, *host, *port, *tls_port, *path;
} good[] = {
    {"spice://vm:5900", "vm", "5900", NULL, NULL},
    {"SPICE://vm:5900", "vm", "5900", NULL, NULL},
    {"spice://127.0.0.1:1", "127.0.0.1", "1", NULL, NULL},
    {"spice://[::1]:65535", "::1", "65535", NULL, NULL},
    {"spice://vm?tls-port=5901", "vm", NULL, "5901", NULL},
    {"spice://vm/?tls-port=5901", "vm", NULL, "5901", NULL},
    {"spice://vm:5900?tls-port=5901", "vm", "5900", "5901", NULL},
    {"spice://vm?port=5900&tls-port=5901", "vm", "5900", "5901", NULL},
    {"spice+unix:///run/vm.sock", NULL, NULL, NULL, "/run/vm.sock"},
    {"spice+unix:///run/my%20vm.sock", NULL, NULL, NULL, "/run/my vm.sock"},
};

static void test_good(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", good[i].text);
        g_assert_true(spice_address_is(good[i].text));
        g_autoptr(spice_address) address = spice_address_parse(good[i].text, &error);
        g_assert_no_error(error);
        const RedirSpiceServer *server = &address->server;
        g_assert_cmpstr(server->address, ==, good[i].text);
        g_assert_cmpstr(server->host, ==, good[i].host);
        g_assert_cmpstr(server->port, ==, good[i].port);
        g_assert_cmpstr(server->tls_port, ==, good[i].tls_port);
        g_assert_cmpstr(server->unix_path, ==, good[i].path);
        /* Who asks for TLS gets nothing less. */
        g_assert_cmpstr(server->secure_channels ? server->secure_channels[0] : NULL, ==,
                        good[i].tls_port ? "all" : NULL);
    }
}

static const struct {
    const char *text, *says;
} bad[] = {
    {"spice:", "host is missing"},
    {"spice://", "host is missing"},
    {"spice://vm", "port is missing"},
    {"spice://:5900", "host is missing"},
    {"spice://vm:0", ""},
    {"spice://vm:70000", ""},
    {"spice://vm:big", ""},
    {"spice://vm?tls-port=0", "'0' is no port"},
    {"spice://vm?tls-port=", "'' is no port"},
    {"spice://vm?tls-port=x", "'x' is no port"},
    {"spice://vm?tls-port=99999", "'99999' is no port"},
    {"spice://vm:5900?colour=red", "'colour' is not known"},
    {"spice://vm:5900?password=secret", "--password-file"},
    {"spice://me:secret@vm:5900", "no place in"},
    {"spice://[::1:5900", ""},
    {"spice+unix:", "PATH"},
    {"spice+unix://host/path", "PATH"},
    {"/nowhere.vv", "/nowhere.vv"},
};

static void test_bad(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", bad[i].text);
        g_autoptr(spice_address) address = spice_address_parse(bad[i].text, &error);
        g_assert_null(address);
        g_assert_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS);
        g_assert_nonnull(strstr(error->message, bad[i].says));
        g_assert_null(strstr(error->message, "secret@"));
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void test_not_ours(void)
{
    static const char *const others[] = {"unix:/tmp/a", "tcp:a:1", "spices://a", "vv", ""};

    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(spice_address_is(others[i]));
}

/* ---- files ---- */

static struct spice_address *parse_file(const char *text, GError **error)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("XXXXXX.vv", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    struct spice_address *address = spice_address_parse(path, error);
    g_unlink(path);
    return address;
}

static void test_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(spice_address) address =
        parse_file("[virt-viewer]\ntype=spice\nhost=10.0.0.1\nport=\ntls-port=5901\n"
                   "password=pw\nca=-----BEGIN\\nX\\n\nhost-subject=O=a,CN=b\n"
                   "secure-channels=main;inputs\ndelete-this-file=1\nproxy=http://p:3128\n"
                   "tls-ciphers=DEFAULT\nfullscreen=1\n",
                   &error);

    g_assert_no_error(error);
    g_assert_cmpstr(address->server.host, ==, "10.0.0.1");
    g_assert_null(address->server.port);
    g_assert_cmpstr(address->server.tls_port, ==, "5901");
    g_assert_cmpstr(address->server.password, ==, "pw");
    g_assert_cmpstr(address->server.ca, ==, "-----BEGIN\nX\n");
    g_assert_cmpstr(address->server.host_subject, ==, "O=a,CN=b");
    g_assert_cmpstr(address->server.secure_channels[1], ==, "inputs");
    g_assert_cmpstr(address->server.proxy, ==, "http://p:3128");
    g_assert_cmpstr(address->server.ciphers, ==, "DEFAULT");
    g_assert_true(address->delete_file);
}

static void test_wrong_file(void)
{
    static const char *const texts[] = {
        "",
        "[virt-viewer]\ntype=vnc\nhost=a\nport=1\n",
        "[virt-viewer]\nhost=a\nport=1\n",
        "[virt-viewer]\ntype=spice\nport=1\n",
        "[virt-viewer]\ntype=spice\nhost=a\n",
        "[virt-viewer]\ntype=spice\nhost=a\nport=many\n",
        "\177ELF",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(spice_address) address = parse_file(texts[i], &error);
        g_assert_null(address);
        g_assert_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spice/address/good", test_good);
    g_test_add_func("/spice/address/bad", test_bad);
    g_test_add_func("/spice/address/not-ours", test_not_ours);
    g_test_add_func("/spice/address/file", test_file);
    g_test_add_func("/spice/address/wrong-file", test_wrong_file);
    return g_test_run();
}
