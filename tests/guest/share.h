/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 'camredir share' as a test runs it, its trace, and the comparison of what the guest received with
   what was sent. */
#pragma once

#include "tests/guest/agent_client.h"
#include "tests/guest/process.h"

typedef struct Share Share;

/* options and address: as on the command line, separated by blanks, the camera first.
   Its standard error goes to a log that several runs with one name share. */
Share *share_start(const char *name, const char *options, const char *address, GError **error);
/* The same by another program that runs it; before: that one and its options. */
Share *share_start_under(const char *const *before, const char *name, const char *options,
                         const char *address, GError **error);
/* As share_start() with another program, which has to know the options: its path from where the
   program under test lies. */
Share *share_start_program(const char *program, const char *name, const char *options,
                           const char *address, GError **error);
/* SIGTERM; it must end by itself with status 0. Frees share. */
gboolean share_stop(Share *share, GError **error);
void share_free(Share *share); /* kills it; accepts NULL */
Process *share_process(Share *share);
const char *share_trace_path(const Share *share);
const char *share_log(const Share *share);

/* A line of the trace about a frame that was sent. */
typedef struct {
    guint64 hash, number;
    guint32 bytes, width, height, interval;
    char format[8];
    gint64 capture_us, ready_us, now_us;
} SentFrame;

/* Of SentFrame; what the trace says so far. ret_dropped may be NULL: frames overtaken by a newer.
 */
GArray *trace_read(const char *path, guint *ret_dropped);

typedef struct {
    guint frames;          /* dequeued by the guest */
    guint flagged;         /* of these the driver says that they are damaged */
    guint wrong;           /* other bytes than any frame that was sent, or of another length */
    guint lost;            /* sent between the first and the last of them, and not among them */
    guint hashed;          /* compared byte for byte (by hash), the rest by length and order */
    double fps;            /* from the first to the last */
    double p50_ms, p99_ms; /* from ready at the source to dequeued in the guest */
} Outcome;

/* seen: of SeenFrame, one stream's; sent: of SentFrame. */
void compare_frames(const GArray *seen, const GArray *sent, Outcome *ret_outcome);
/* For people: "30 frames, 0 damaged, 0 lost, 29.97 fps, 9.1/12.0 ms". */
char *outcome_text(const Outcome *outcome);
