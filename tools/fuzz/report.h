/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A finding as a folder that somebody else can use: what, how it differs from a valid camera, and
   how to see it again. */
#pragma once

#include "tools/fuzz/diff.h"
#include "tools/fuzz/target.h"

typedef struct {
    const char *title, *place, *console; /* place: of FuzzOutcome */
    FuzzVerdict verdict;
    const char *target;  /* its name */
    const char *options; /* of the command line, for the one that replays; may be NULL */
    const char *valid;   /* which valid camera it differs from */
    const FuzzDiff *diff;
    const gboolean *kept; /* its changes that the case has */
    guint64 number;       /* of the case */
    guint64 seed;
    const GPtrArray
        *before; /* of FuzzCase: what a fresh target must be shown first; NULL: nothing */
    const GPtrArray *beside; /* the same: what it must be shown together with it */
    guint shown, replays;    /* shown of so many replays; 0 of 0: not tried yet */
} FuzzFinding;

/* A title as the name of a folder. */
char *fuzz_safe_name(const char *title);

/* DIR/findings/NAME is ours to look into: it did not exist, or nobody who began it is writing its
   report; and there are not yet enough places of that title: one flaw may come out in several. */
gboolean fuzz_report_claim(const char *dir, const char *title, const char *place,
                           char **ret_folder);
/* It was none: its folder is in DIR/not-again/ from now on, g_free(). NULL: it stays. */
char *fuzz_report_withdraw(const char *dir, const char *folder);
gboolean fuzz_report_exists(const char *dir, const char *title, const char *place);
guint fuzz_report_count(const char *dir);
gint64 fuzz_report_last(const char *dir); /* when one was begun, as time() counts; 0: never */

/* Writes report.md, descriptors.json, descriptors.bin, case.bin, console.log, before/, beside/,
   each whole or not at all; replaces those of before. */
gboolean fuzz_report_write(const char *folder, const FuzzFinding *finding, GError **error);

/* What a folder says. */
typedef struct {
    FuzzCase *fuzz_case;
    GPtrArray *before; /* of FuzzCase, what comes before it; may be empty */
    GPtrArray *beside; /* the same, what comes together with it */
    char *title;
    char *place, *target; /* NULL: not said */
    guint64 number, seed; /* 0: not said */
} FuzzReported;

/* "TITLE (PLACE)", for a list; NULL: there is no report. */
char *fuzz_report_headline(const char *folder);

gboolean fuzz_report_read(const char *folder, FuzzReported *ret_reported, GError **error);
void fuzz_reported_clear(FuzzReported *reported);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FuzzReported, fuzz_reported_clear)
