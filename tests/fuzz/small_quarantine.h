/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For fuzz targets whose executions keep nothing: ASan then need not hold freed memory back for
   long (256 MB, its default, are new pages and cold caches for each execution), nor long stacks. */
#pragma once

__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4:malloc_context_size=8";
}
