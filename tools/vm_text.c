/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the user's within a shell's line, an option of QEMU's and XML: what keeps each of them
   one word, whatever is in it. */
#include "tools/vm_text.h"

#include <string.h>

static gboolean has_control(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text))
            return TRUE;
    return FALSE;
}

/* $'...': all but letters, digits and what is beyond ASCII as three octal digits. */
static char *quote_octal(const char *text)
{
    GString *quoted = g_string_new("$'");
    for (; *text; text++) {
        if (g_ascii_isalnum(*text) || (guchar)*text >= 0x80 || strchr("/._-", *text))
            g_string_append_c(quoted, *text);
        else
            g_string_append_printf(quoted, "\\%03o", (guchar)*text);
    }
    g_string_append_c(quoted, '\'');
    return g_string_free(quoted, FALSE);
}

char *vm_quote_shell(const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
    if (*text && strspn(text, plain) == strlen(text))
        return g_strdup(text);
    return has_control(text) || strstr(text, "?>") ? quote_octal(text) : g_shell_quote(text);
}

char *vm_quote_option(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    return g_strjoinv(",,", parts);
}

char *vm_quote_xml(const char *text)
{
    GString *quoted = g_string_new(NULL);
    for (; *text; text++)
        if (strchr("&<>'\"\t\n\r", *text))
            g_string_append_printf(quoted, "&#%d;", *text);
        else
            g_string_append_c(quoted, *text);
    return g_string_free(quoted, FALSE);
}

gboolean vm_fits_xml(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return FALSE;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if ((c < ' ' && !strchr("\t\n\r", (int)c)) || c == 0xfffe || c == 0xffff)
            return FALSE;
    }
    return TRUE;
}

char *vm_fill(const char *text, GHashTable *values, GHashTable *more_values, vm_quote quote)
{
    GString *filled = g_string_new(NULL);
    for (const char *brace; (brace = strchr(text, '{')); text = strchr(brace, '}') + 1) {
        g_autofree char *name = g_strndup(brace + 1, strcspn(brace + 1, "}"));
        const char *value = g_hash_table_lookup(values, name);
        if (!value)
            value = g_hash_table_lookup(more_values, name);
        if (!value)
            g_error("camredir bug: {%s} has no value", name);
        g_autofree char *quoted = quote ? quote(value) : g_strdup(value);
        g_string_append_len(filled, text, brace - text);
        g_string_append(filled, quoted);
    }
    g_string_append(filled, text);
    return g_string_free(filled, FALSE);
}
