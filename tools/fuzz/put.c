/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Written beside, under a name of its own that nobody looks at, then renamed. */
#include "tools/fuzz/put.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BEGUN ".new-" /* behind it the process */

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *fuzz_list_folder(const char *folder, GError **error)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (name[0] != '.')
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_name);
    return names;
}

char *fuzz_read_file(const char *path, gsize most, gsize *ret_size, GError **error)
{
    GStatBuf st = {0};
    char *bytes = NULL;

    if (g_stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: not a file", path);
        return NULL;
    }
    if ((guint64)st.st_size > most) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "%s: larger than expected, which is at most %" G_GSIZE_FORMAT " bytes", path,
                    most);
        return NULL;
    }
    return g_file_get_contents(path, &bytes, ret_size, error) ? bytes : NULL;
}

void fuzz_remove_begun(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_prefix(name, BEGUN)) {
            g_autofree char *path = g_build_filename(folder, name, NULL);
            g_unlink(path);
        }
}

static gboolean write_all(const char *path, gconstpointer bytes, gsize size)
{
    FILE *file = fopen(path, "we");
    gboolean written = file && (size == 0 || fwrite(bytes, size, 1, file) == 1);

    return file && fclose(file) == 0 && written;
}

gboolean fuzz_put_file(const char *folder, const char *name, gconstpointer bytes, gsize size,
                       GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *own = g_strdup_printf(BEGUN "%d", (int)getpid());
    g_autofree char *beside = g_build_filename(folder, own, NULL);

    if (write_all(beside, bytes, size) && g_rename(beside, path) == 0)
        return TRUE;
    int why = errno;
    g_unlink(beside);
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(why), "%s: cannot be written: %s",
                path, g_strerror(why));
    return FALSE;
}
