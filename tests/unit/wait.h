/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits that end. */
#pragma once

#include <glib.h>

/* Does step until condition; ends the test after a minute, which no busy machine needs. */
#define WAIT_STEPPING(condition, step)                                                             \
    do {                                                                                           \
        gint64 wait_end_us = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;                         \
        while (!(condition)) {                                                                     \
            step;                                                                                  \
            if (g_get_monotonic_time() > wait_end_us)                                              \
                g_error("waited in vain for " #condition);                                         \
        }                                                                                          \
    } while (0)
