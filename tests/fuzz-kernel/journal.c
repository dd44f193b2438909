/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz-kernel/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Journal {
    FILE *file;
    char **texts, **digests;
    guint n;
};

static char *digest_of(GBytes *input)
{
    return g_compute_checksum_for_bytes(G_CHECKSUM_MD5, input);
}

/* "17 9e107d9d372bb6826bd81d3542a419d6 text" */
static void read_line(Journal *journal, char *line)
{
    char *end;
    gulong i = strtoul(line, &end, 10);
    gsize length = strlen(journal->digests[0]);

    if (i < journal->n && *end == ' ' && strncmp(end + 1, journal->digests[i], length) == 0 &&
        end[1 + length] == ' ') {
        g_free(journal->texts[i]);
        journal->texts[i] = g_strdup(end + length + 2);
    }
}

Journal *journal_open(const char *path, GBytes *const *inputs, guint n)
{
    Journal *journal = g_new0(Journal, 1);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint n_lines = 0;

    journal->n = n;
    journal->texts = g_new0(char *, n + 1);
    journal->digests = g_new0(char *, n + 1);
    for (guint i = 0; i < n; i++)
        journal->digests[i] = digest_of(inputs[i]);
    if (n && g_file_get_contents(path, &text, NULL, NULL)) {
        lines = g_strsplit(text, "\n", -1);
        n_lines = g_strv_length(lines);
    }
    for (guint i = 0; i + 1 < n_lines; i++) /* what follows the last newline is cut off */
        read_line(journal, lines[i]);
    journal->file = fopen(path, "a");
    if (!journal->file)
        g_error("%s: %s", path, g_strerror(errno));
    if (text && *text && !g_str_has_suffix(text, "\n"))
        fputc('\n', journal->file);
    return journal;
}

void journal_close(Journal *journal)
{
    if (!journal)
        return;
    fclose(journal->file);
    for (guint i = 0; i < journal->n; i++) {
        g_free(journal->texts[i]);
        g_free(journal->digests[i]);
    }
    g_free(journal->texts);
    g_free(journal->digests);
    g_free(journal);
}

const char *journal_get(const Journal *journal, guint i)
{
    return journal->texts[i];
}

void journal_put(Journal *journal, guint i, const char *text)
{
    g_free(journal->texts[i]);
    journal->texts[i] = g_strdup(text);
    fprintf(journal->file, "%u %s %s\n", i, journal->digests[i], text);
    fflush(journal->file);
}
