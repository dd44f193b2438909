/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are there whole or not at all, whenever the process is killed. Not for a power cut: to
   wait for the disk would take longer than a case. */
#pragma once

#include <gio/gio.h>

/* What is in a folder, sorted, but what begins with a dot; nothing in one that cannot be read. */
GPtrArray *fuzz_list_folder(const char *folder, GError **error);

#define FUZZ_MOST_TEXT (16u << 20)

/* A corpus may be anybody's: neither a pipe, which has no end, nor more than most bytes. NULL:
   cannot be read, or is such. ret_size may be NULL; a zero is behind the bytes. */
char *fuzz_read_file(const char *path, gsize most, gsize *ret_size, GError **error);

/* What a process that was killed had begun there. Only in a folder in which nobody else writes. */
void fuzz_remove_begun(const char *folder);

gboolean fuzz_put_file(const char *folder, const char *name, gconstpointer bytes, gsize size,
                       GError **error);
