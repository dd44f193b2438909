/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests that wait for other programs, reported as TAP. A busy machine can make one of them fail
   that is right; so a test that failed is tried once more, from a new start. A fault that is real
   is there both times, and that many tests go wrong by chance is one too. */
#pragma once

#include <glib.h>
#include <stdio.h>

#define SUITE_SECOND_TRIES 3 /* at most, in one run of the program */

typedef struct {
    FILE *output;
    /* note: for people. Where it begins with "# SKIP" the test is skipped. */
    gboolean (*run)(gconstpointer test, GString *note, GError **error);
    void (*renew)(
        void); /* after a failure: the next try, or test, begins with nothing of this one */
    guint number, failed;
    GString *seconds; /* those that were tried twice */
    guint n_seconds;
} Suite;

void suite_test(Suite *suite, const char *name, gconstpointer test);
/* Closes the report. 0 where all is well, else 1: the program's exit status. */
int suite_end(Suite *suite);
