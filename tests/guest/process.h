/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that a test starts: none of them outlives it, however it ends. */
#pragma once

#include <glib.h>
#include <stdio.h>

/* Sets the error and returns FALSE: 'return fail(error, ...)'. */
gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What camredir may take at most, whatever a peer does. AddressSanitizer keeps freed memory. */
#ifdef __SANITIZE_ADDRESS__
#define HARNESS_MEMORY_KIB (512 * 1024)
#else
#define HARNESS_MEMORY_KIB (64 * 1024)
#endif

/* Once, first in main(): from then on a signal ends the program by exit(), which ends the rest.
   Everything that the program leaves to read goes to build/guest/logs/PROGRAM/, emptied here (or to
   PROGRAM.PID/, where another run has that one). */
void harness_init(const char *program);
const char *harness_logs(void);   /* that folder */
const char *harness_folder(void); /* for sockets, and TMPDIR; goes away at exit */
char *harness_camredir(void);     /* the program under test, of the same build as this one */

/* What anything that a test waits for may take: many times what it takes, so that a machine that is
   busy does not decide. In milliseconds and, for a guest, a little less in seconds. */
#define WAIT_MS 90000
#define WAIT_S  "80"

typedef struct Process Process;

/* Standard output and error go to log_path, appended; standard input is /dev/null. */
Process *process_start(const char *const *argv, const char *log_path, GError **error);
gboolean process_running(Process *process);
void process_signal(Process *process, int signal);
/* TRUE where it ended in time; *ret_status as a shell counts: 128 + the signal that ended it. */
gboolean process_wait(Process *process, gint64 timeout_ms, int *ret_status);
void process_free(Process *process); /* kills it; accepts NULL */
void process_kill_all(void);         /* whoever they belong to, who still has to free them */

/* What it has open there; NULL: nothing. */
char *process_descriptor(const Process *process, int fd);
gint64 process_cpu_us(const Process *process); /* user and system time so far, 10 ms steps */
/* The same of its threads whose names begin with name. */
gint64 process_threads_cpu_us(const Process *process, const char *name);
gint64 process_peak_kib(const Process *process);     /* VmHWM */
gint64 process_resident_kib(const Process *process); /* VmRSS */
guint process_count_descriptors(const Process *process);

/* The last lines of a log, for people who look at a failed test: told where its verdict is. */
void log_tell_tail(const char *path, guint n_lines);
void log_print_told(FILE *output); /* each line behind "# "; once */
