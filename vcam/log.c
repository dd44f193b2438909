/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for people, however many a broken guest or camera gives cause for. */
#include <stdarg.h>
#include <stdio.h>

#include "vcam/log.h"

#define PERIOD_US 10000000

static void to_stderr(void *user, const char *line)
{
    (void)user;
    fprintf(stderr, "%s\n", line);
}

static vcam_log_func log_func = to_stderr;
static void *log_user;

void vcam_log_set(vcam_log_func func, void *user)
{
    log_func = func ? func : to_stderr;
    log_user = user;
}

void vcam_log(struct vcam_log_limit *limit, int64_t now_us, const char *format, ...)
{
    if (now_us < limit->next_us) {
        limit->suppressed++;
        return;
    }
    char line[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (limit->suppressed && len > 0 && (size_t)len < sizeof(line))
        snprintf(line + len, sizeof(line) - len, " (and %u more like it)", limit->suppressed);
    *limit = (struct vcam_log_limit){.next_us = now_us + PERIOD_US};
    log_func(log_user, line);
}
