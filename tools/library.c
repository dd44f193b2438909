/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens a library of our own: beside the program, where it was built; below the same prefix; where
   the system has it. */
#include "tools/library.h"

#include <dlfcn.h>

#include "redir/error.h"

static void *open_library(const char *name)
{
    static const char *const below[] = {"", "../lib"};
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(program ? program : ".");
    void *library = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(below) && library == NULL; i++) {
        g_autofree char *path = g_build_filename(folder, below[i], name, NULL);
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    return library != NULL ? library : dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

void *library_function(const char *library, const char *function, const char *what,
                       const char *package, GError **error)
{
    void *opened = open_library(library);
    void *found = opened != NULL ? dlsym(opened, function) : NULL;

    if (found == NULL)
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED,
                    "this camredir was built or installed without %s (%s); build it with %s", what,
                    dlerror(), package);
    return found;
}
