/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands in a page of the documentation, in fenced blocks. */
#include "tests/guest/docs_commands.h"

#include <string.h>

#include "tests/guest/process.h"

#define FENCE "```"

static void commands_free(gpointer data)
{
    DocsCommands *commands = data;
    g_free(commands->text);
    g_free(commands);
}

GPtrArray *docs_commands_read(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, error))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(commands_free);
    for (guint i = 0; lines[i]; i++) {
        g_autoptr(GString) block = g_string_new(NULL);
        guint begin = i;
        if (!g_str_has_prefix(lines[i], FENCE))
            continue;
        while (lines[++i] && strcmp(lines[i], FENCE) != 0)
            g_string_append_printf(block, "%s\n", lines[i]);
        if (!lines[i]) {
            fail(error, "%s:%u: this block does not end", path, begin + 1);
            return NULL;
        }
        gboolean xml = strcmp(lines[begin], FENCE "xml") == 0;
        if (!xml && strcmp(lines[begin], FENCE "sh") != 0)
            continue;
        DocsCommands *commands = g_new0(DocsCommands, 1);
        commands->xml = xml;
        commands->line = begin + 2;
        commands->text = g_strdup(block->str);
        g_ptr_array_add(all, commands);
    }
    return g_steal_pointer(&all);
}
