/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the virtual camera says what went wrong. A line begins with the culprit: "guest bug: ",
   "camera bug: ", "camredir bug: ". */
#pragma once

#include <stdint.h>

/* line is whole, without a newline. */
typedef void (*vcam_log_func)(void *user, const char *line);

/* For the whole process, from the main loop's thread. NULL: standard error, as at first. */
void vcam_log_set(vcam_log_func func, void *user);

/* One kind of complaint. All 0 at first. */
struct vcam_log_limit {
    int64_t next_us;     /* silent until then */
    unsigned suppressed; /* since the last line */
};

/* Writes the line, at most one of its kind in ten seconds; says how many it kept back before. */
void vcam_log(struct vcam_log_limit *limit, int64_t now_us, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
