/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the subcommands share: exit statuses, the log, and how a program names a camera. */
#pragma once

#include <glib.h>

#include "tools/limit.h"
#include "vcam/source.h"

/* Documented in camredir(1); each subcommand returns one. */
enum exit_status {
    EXIT_DONE = 0,    /* what was asked has been done, or was ended by SIGINT or SIGTERM */
    EXIT_BROKEN = 1,  /* something failed on the way */
    EXIT_USAGE = 2,   /* the command line cannot be understood */
    EXIT_CAMERA = 3,  /* no such camera, no permission, or nothing that a guest could use */
    EXIT_ADDRESS = 4, /* the address cannot be reached (with --no-retry) or served */
};

#define MAX_CAMERAS 8 /* of one 'share', by one SPICE connection */

struct subcommand {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the subcommand's name */
};

int share_run(int argc, char **argv);
int redirect_run(int argc, char **argv);
int record_run(int argc, char **argv);
int replay_run(int argc, char **argv);
int viewer_run(int argc, char **argv);
int list_run(int argc, char **argv);
int doctor_run(int argc, char **argv);
int describe_run(int argc, char **argv);
int lint_run(int argc, char **argv);
int pack_run(int argc, char **argv);
int fuzz_run(int argc, char **argv);
int vm_run(int argc, char **argv);

/* Parses argv by GLib's option parser; what remains are operands, at most max_operands.
   Prints what is wrong and returns FALSE. Where help is asked for, prints that and ends the
   program.
 */
gboolean options_parse(const char *usage, const char *description, const GOptionEntry *entries,
                       int *argc, char ***argv, int max_operands);

/* Everything written to standard output has arrived; else says so and returns EXIT_BROKEN. */
int close_output(const char *command);

/* Messages go to standard error as "camredir: text", around the status line where there is one. In
   tests (CAMREDIR_ABORT_ON_BUG set) a "camredir bug:" line aborts. */
void log_init(void);
/* One line that stays below the messages; NULL removes it. Nothing where stderr is no terminal. */
void log_set_status(const char *line);
gboolean log_has_status(void);

/* The camera that spec names: "pattern", "file:PATH", "/dev/videoN", a part of a name that
   'camredir list' shows, or NULL for the first camera of the machine. limit narrows (for the
   pattern: chooses) what it offers; an empty list leaves all. Conversions are wrapped
   around it. NULL: *ret_error says why. */
struct vcam_source *camera_open(const char *spec, const struct camera_limit *limit,
                                struct vcam_offer *ret_offer, GError **ret_error);
/* What to end with then: EXIT_USAGE for G_OPTION_ERROR, else EXIT_CAMERA. */
int camera_exit_status(const GError *error);
