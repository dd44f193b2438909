/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads /proc/PID/fd of every process that lets us. */
#include "tools/holders.h"

#include <string.h>
#include <unistd.h>

static void holder_free(gpointer data)
{
    struct holder *holder = data;
    g_free(holder->name);
    g_free(holder);
}

static gboolean has_open(const char *pid, const char *const *nodes)
{
    g_autofree char *folder = g_build_filename("/proc", pid, "fd", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *fd;
    while (dir && (fd = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(folder, fd, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);
        if (target && g_strv_contains(nodes, target))
            return TRUE;
    }
    return FALSE;
}

static struct holder *holder_new(const char *pid)
{
    struct holder *holder = g_new(struct holder, 1);
    g_autofree char *path = g_build_filename("/proc", pid, "comm", NULL);
    char *name = NULL;
    holder->pid = (guint)g_ascii_strtoull(pid, NULL, 10);
    if (!g_file_get_contents(path, &name, NULL, NULL)) /* it has ended */
        name = g_strdup("?");
    holder->name = g_utf8_make_valid(g_strchomp(name), -1);
    g_free(name);
    return holder;
}

GPtrArray *holders_find(const char *const *nodes)
{
    GPtrArray *holders = g_ptr_array_new_with_free_func(holder_free);
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    g_autofree char *self = g_strdup_printf("%d", (int)getpid());
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (g_ascii_isdigit(name[0]) && strcmp(name, self) != 0 && has_open(name, nodes))
            g_ptr_array_add(holders, holder_new(name));
    return holders;
}

char *holders_text(const GPtrArray *holders)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < holders->len; i++) {
        const struct holder *holder = holders->pdata[i];
        g_string_append_printf(text, "%s%s (%u)", i ? ", " : "", holder->name, holder->pid);
    }
    return holders->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}
