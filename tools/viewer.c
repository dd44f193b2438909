/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir viewer: starts somebody else's SPICE viewer with our module in it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tools/conf.h"
#include "tools/tools.h"

#define VIEWER          "remote-viewer"
#define MODULE          "libcamredir.so"
#define MODULE_VARIABLE "GTK_MODULES"
#define N_OPTIONS       (N_CONF_KEYS + 1) /* of ours; the last one is --viewer */

/* ---- the command line ---- */

static gboolean is_option(const GOptionEntry *entry, const char *argument, gboolean *ret_alone)
{
    gsize length = strlen(entry->long_name);
    if (!g_str_has_prefix(argument, "--") || strncmp(argument + 2, entry->long_name, length) != 0)
        return FALSE;
    *ret_alone = argument[2 + length] == '\0';
    return *ret_alone || argument[2 + length] == '=';
}

/* How many words are ours: the leading options that we know. What follows is the viewer's. */
static int count_own(int argc, char **argv, const GOptionEntry *entries)
{
    int n = 1;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return 2;
    while (n < argc) {
        gboolean alone = FALSE, known = FALSE;
        for (guint i = 0; i < N_OPTIONS && !known; i++)
            known = is_option(&entries[i], argv[n], &alone);
        if (!known)
            break;
        n += alone ? 2 : 1;
    }
    return MIN(n, argc);
}

/* ---- the module ---- */

/* Beside the program, where it was built, or below the same prefix. */
static char *find_module(void)
{
    static const char *const places[] = {".", "../lib/gtk-3.0/modules", NULL};
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(program ? program : ".");
    for (guint i = 0; places[i]; i++) {
        g_autofree char *path = g_build_filename(folder, places[i], MODULE, NULL);
        if (access(path, R_OK) == 0)
            return g_canonicalize_filename(path, "/");
    }
    return NULL;
}

static void add_module(const char *module)
{
    const char *others = g_getenv(MODULE_VARIABLE);
    g_autofree char *both = others && *others ? g_strconcat(others, ":", module, NULL) : NULL;
    g_setenv(MODULE_VARIABLE, both ? both : module, TRUE);
}

/* For the module, which finds them in the environment; together with the rest they must make sense.
 */
static gboolean set_options(char **values, GError **error)
{
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        g_autofree char *option = g_strconcat("--", conf_rows[k].key, NULL);
        g_autofree char *variable = conf_variable(k);
        if (values[k] && !conf_check(k, values[k], option, error))
            return FALSE;
        if (values[k])
            g_setenv(variable, values[k], TRUE);
    }
    g_autoptr(viewer_conf) conf = conf_load(error);
    return conf != NULL;
}

/* Returns only where it cannot. */
static int become(const char *viewer, char **arguments)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer)viewer);
    for (; *arguments; arguments++)
        g_ptr_array_add(argv, *arguments);
    g_ptr_array_add(argv, NULL);
    execvp(viewer, (char **)argv->pdata);
    g_warning("%s: %s%s", viewer, g_strerror(errno),
              errno == ENOENT ? "; install virt-viewer, or name another one by --viewer" : "");
    return EXIT_BROKEN;
}

static int start(const char *viewer, char **values, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *module = find_module();
    if (!module) {
        g_warning("this camredir was built or installed without the viewers' module (" MODULE
                  "); build it with libgtk-3-dev and libspice-client-glib-2.0-dev");
        return EXIT_BROKEN;
    }
    if (!set_options(values, &error)) {
        g_warning("%s", error->message);
        return EXIT_USAGE;
    }
    add_module(module);
    return become(viewer, arguments);
}

int viewer_run(int argc, char **argv)
{
    char *values[N_OPTIONS] = {NULL};
    GOptionEntry entries[N_OPTIONS + 1] = {0};
    for (guint i = 0; i < N_OPTIONS; i++)
        entries[i] = i < N_CONF_KEYS ? (GOptionEntry){.long_name = conf_rows[i].key,
                                                      .description = conf_rows[i].help,
                                                      .arg_description = conf_rows[i].form}
                                     : (GOptionEntry){.long_name = "viewer",
                                                      .description = "Another viewer than " VIEWER,
                                                      .arg_description = "PROGRAM"};
    for (guint i = 0; i < N_OPTIONS; i++) {
        entries[i].arg = G_OPTION_ARG_STRING;
        entries[i].arg_data = &values[i];
    }
    int n_own = count_own(argc, argv, entries), status = EXIT_USAGE;
    char **own = argv, **rest = argv + n_own;
    if (*rest && strcmp(*rest, "--") == 0)
        rest++;
    if (options_parse("[--] [ARGUMENT...] - a SPICE viewer that brings a camera along",
                      "The first word that is none of these options and all that follow are the "
                      "viewer's. Options go\nbefore the environment (CAMREDIR_CAMERA, ...), that "
                      "before ~/.config/camredir/camredir.conf.\nOf several choices the "
                      "first is the default.",
                      entries, &n_own, &own, 0))
        status = start(values[N_CONF_KEYS] ? values[N_CONF_KEYS] : VIEWER, values, rest);
    for (guint i = 0; i < N_OPTIONS; i++)
        g_free(values[i]);
    return status;
}
