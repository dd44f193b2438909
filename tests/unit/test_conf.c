/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The viewer's configuration: what the file says, what the environment says over it, and the one
   line for what neither may say. */
#include <glib/gstdio.h>
#include <locale.h>

#include "tools/conf.h"

#define EXAMPLE "docs/camredir.conf.example"

static char *path;

typedef struct {
    enum conf_key key;
    const char *value;
} Wanted;

static const struct {
    const char *name, *file, *environment; /* NULL: no file; "VARIABLE=VALUE", or NULL */
    const char *error;                     /* a part of it, behind the file's name; NULL: fine */
    Wanted wanted[2];
} rows[] = {
    {"nothing", "", NULL, NULL, {{CONF_USE, "ask"}, {CONF_CAMERA, NULL}}},
    {"defaults", "", NULL, NULL, {{CONF_SPEED, "high"}, {CONF_NOTIFICATIONS, "true"}}},
    {"a text", "[camera]\ncamera=C 920\n", NULL, NULL, {{CONF_CAMERA, "C 920"}}},
    {"blanks", "[camera]\n speed = super \n", NULL, NULL, {{CONF_SPEED, "super"}}},
    {"lists",
     "[camera]\nformat=YUY2,MJPEG\nsize=640x480, 1280x720\nfps=29.97\n",
     NULL,
     NULL,
     {{CONF_SIZE, "640x480, 1280x720"}, {CONF_FPS, "29.97"}}},
    {"another port",
     "[spice]\nway=port\nport-name=org.example.0\n",
     NULL,
     NULL,
     {{CONF_WAY, "port"}, {CONF_PORT_NAME, "org.example.0"}}},
    {"comments",
     "# of ours\n[privacy]\n#use=never\nuse=always\n",
     NULL,
     NULL,
     {{CONF_USE, "always"}}},
    {"variable over file",
     "[privacy]\nuse=always\n",
     "CAMREDIR_USE=never",
     NULL,
     {{CONF_USE, "never"}}},
    {"variable alone",
     "",
     "CAMREDIR_PORT_NAME=org.example.1",
     NULL,
     {{CONF_PORT_NAME, "org.example.1"}}},
    {"empty variable", "[privacy]\nuse=always\n", "CAMREDIR_USE=", NULL, {{CONF_USE, "always"}}},
    {"wrong choice",
     "[privacy]\nuse=nevr\n",
     NULL,
     ": [privacy] use: 'nevr' is none of ask, always, never",
     {{0}}},
    {"part of a choice", "[privacy]\nuse=a\n", NULL, ": [privacy] use: 'a' is none of", {{0}}},
    {"two choices",
     "[privacy]\nuse=ask, always\n",
     NULL,
     ": [privacy] use: 'ask, always' is none of",
     {{0}}},
    {"empty choice", "[privacy]\nuse=\n", NULL, ": [privacy] use: '' is none of", {{0}}},
    {"wrong size",
     "[camera]\nsize=640\n",
     NULL,
     ": [camera] size: '640' is not an even size from 16x16",
     {{0}}},
    {"wrong format",
     "[camera]\nformat=JPEG2000\n",
     NULL,
     ": [camera] format: 'JPEG2000' is not a format",
     {{0}}},
    {"wrong rate", "[camera]\nfps=nan\n", NULL, ": [camera] fps: 'nan' is not a rate", {{0}}},
    {"unknown key",
     "[camera]\ncolour=red\n",
     NULL,
     ": [camera] colour: there is no such key, only camera, speed, transfer, format, size, fps, "
     "name, serial",
     {{0}}},
    {"key in another group",
     "[camera]\nuse=never\n",
     NULL,
     ": [camera] use: there is no such key, only",
     {{0}}},
    {"unknown group",
     "[sound]\nuse=never\n",
     NULL,
     ": [sound]: there is no such group, only camera, spice, privacy",
     {{0}}},
    {"no group", "use=never\n", NULL, ": ", {{0}}},
    {"no key file",
     "\x7f"
     "ELF",
     NULL,
     ": ",
     {{0}}},
    {"wrong escape", "[camera]\nname=a\\q\n", NULL, ": [camera] name: ", {{0}}},
    {"no text", "[camera]\nname=\xff\xfe\n", NULL, ": [camera] name: ", {{0}}},
    {"wrong variable", "", "CAMREDIR_USE=yes", "CAMREDIR_USE: 'yes' is none of ask", {{0}}},
    {"wrong variable of a list", "", "CAMREDIR_FPS=0", "CAMREDIR_FPS: '0' is not a rate", {{0}}},
    {"file is missing", NULL, NULL, ": ", {{0}}},
};

static void check_error(const char *message, gsize row)
{
    const char *text = message;
    if (rows[row].error[0] == ':') {
        g_assert_true(g_str_has_prefix(message, path));
        text += strlen(path);
    }
    g_assert_true(g_str_has_prefix(text, rows[row].error));
    g_assert_null(strchr(text, '\n'));
}

static void test_row(gconstpointer data)
{
    gsize row = GPOINTER_TO_SIZE(data);
    g_auto(GStrv) variable =
        rows[row].environment ? g_strsplit(rows[row].environment, "=", 2) : NULL;
    g_autoptr(GError) error = NULL;
    g_unlink(path);
    if (rows[row].file)
        g_assert_true(g_file_set_contents(path, rows[row].file, -1, NULL));
    if (variable)
        g_setenv(variable[0], variable[1], TRUE);
    g_autoptr(viewer_conf) conf = conf_load(&error);
    if (variable)
        g_unsetenv(variable[0]);
    if (rows[row].error) {
        g_assert_null(conf);
        check_error(error->message, row);
        return;
    }
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(rows[row].wanted); i++)
        if (i == 0 || rows[row].wanted[i].key)
            g_assert_cmpstr(conf->values[rows[row].wanted[i].key], ==, rows[row].wanted[i].value);
}

static void test_no_file(void)
{
    g_autoptr(GError) error = NULL;
    g_unsetenv(CONF_FILE_VARIABLE);
    g_autoptr(viewer_conf) conf = conf_load(&error);
    g_setenv(CONF_FILE_VARIABLE, path, TRUE);
    g_assert_no_error(error);
    g_assert_true(conf_is(conf, CONF_USE, "ask"));
    g_assert_false(conf_is(conf, CONF_CAMERA, "pattern"));
}

/* The example shows each key, and is a configuration. */
static void test_example(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) commented = g_regex_new("^#(?=\\S+ = )", G_REGEX_MULTILINE, 0, NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(EXAMPLE, &text, NULL, &error));
    g_autofree char *whole = g_regex_replace_literal(commented, text, -1, 0, "", 0, NULL);
    g_assert_true(g_file_set_contents(path, whole, -1, NULL));
    g_autoptr(viewer_conf) conf = conf_load(&error);
    g_assert_no_error(error);
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        g_test_message("%s", conf_rows[k].key);
        g_assert_nonnull(conf->values[k]);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_dir_make_tmp("conf-XXXXXX", NULL);
    path = g_build_filename(folder, "camredir.conf", NULL);
    g_setenv(CONF_FILE_VARIABLE, path, TRUE);
    g_setenv("XDG_CONFIG_HOME", "/nonexistent", TRUE);
    for (enum conf_key k = 0; k < N_CONF_KEYS; k++) {
        g_autofree char *variable = conf_variable(k);
        g_unsetenv(variable);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("/conf/%s", rows[i].name);
        g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_row);
    }
    g_test_add_func("/conf/without a file", test_no_file);
    g_test_add_func("/conf/example", test_example);
    int failed = g_test_run();
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    return failed;
}
