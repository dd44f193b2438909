/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the user's within a shell's line, an option of QEMU's and XML: what keeps each of them
   one word, whatever is in it. */
#pragma once

#include <glib.h>

/* A word that bash reads as text, on one line, and without "?>", which would end XML's <?...?>. */
char *vm_quote_shell(const char *text);
/* A value in QEMU's KEY=VALUE,KEY=VALUE. */
char *vm_quote_option(const char *text);
/* Text or the value of an attribute. */
char *vm_quote_xml(const char *text);
/* XML 1.0 has no way to say most control characters, nor bytes that are no UTF-8. */
gboolean vm_fits_xml(const char *text);

typedef char *(*vm_quote)(const char *text);
/* text with each {NAME} replaced by its value in one of the two tables of strings, quoted. quote
   NULL: as it is. */
char *vm_fill(const char *text, GHashTable *values, GHashTable *more_values, vm_quote quote);
