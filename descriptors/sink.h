/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the verbs that make text put it: any writer, a piece at a time. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct desc_sink {
    void (*write)(void *user, const char *text, size_t len); /* text has no NUL at its end */
    void *user;
};

static inline void desc_write_stdio(void *user, const char *text, size_t len)
{
    fwrite(text, 1, len, user);
}

/* Errors stay in file, for ferror() at the end. */
static inline struct desc_sink desc_sink_stdio(FILE *file)
{
    return (struct desc_sink){desc_write_stdio, file};
}

static inline void desc_puts(const struct desc_sink *sink, const char *text)
{
    sink->write(sink->user, text, strlen(text));
}

/* Pieces of up to 255 bytes; what is longer is cut. */
__attribute__((format(printf, 2, 3))) static inline void desc_printf(const struct desc_sink *sink,
                                                                     const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n > 0)
        sink->write(sink->user, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}
