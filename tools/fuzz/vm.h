/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VM that is fuzzed: QEMU with a usb-redir or several, its console, and a guest of the
   project's own with an init that tells its time, or somebody else's machine. Blocking calls, one
   thread. */
#pragma once

#include <gio/gio.h>

#include "tools/fuzz/sched.h"
#include "tools/fuzz/target.h"

typedef struct FuzzVm FuzzVm;

/* Nothing runs yet. Borrows options. NULL: no kernel, no folder for sockets. */
FuzzVm *fuzz_vm_new(const FuzzQemuOptions *options, GError **error);
void fuzz_vm_free(FuzzVm *vm); /* kills it; accepts NULL */

/* A machine in which nothing has happened yet. The first time the own guest boots and is saved;
   from then on a new QEMU goes on from there. Somebody else's boots, until it is kept. stop: not 0,
   no boot is waited for from now on; may be NULL. */
gboolean fuzz_vm_fresh(FuzzVm *vm, const volatile gint *stop, GError **error);
/* Of somebody else's guest that is up, with nobody connected to its ports: whether it could be
   saved, to go on from there from the next fuzz_vm_fresh() on, which must be next. One that writes
   to a disk cannot, as that would have what came later. */
gboolean fuzz_vm_keep(FuzzVm *vm);
/* What was saved is of no use: it boots each time. */
void fuzz_vm_discard(FuzzVm *vm);
gboolean fuzz_vm_is_kept(const FuzzVm *vm);
gboolean fuzz_vm_has_clock(const FuzzVm *vm); /* is there an init of ours */
guint fuzz_vm_n_ports(const FuzzVm *vm);
guint fuzz_vm_n_controllers(const FuzzVm *vm);
/* Does a SuperSpeed device find its bus at that port. */
gboolean fuzz_vm_has_super(const FuzzVm *vm, guint port);
/* Does a guest that was just started still get on, however slowly: its console tells something from
   time to time, and no panic; and is it waited for. */
gboolean fuzz_vm_boots_on(FuzzVm *vm);
/* How QEMU ended, or else how the console ends. */
char *fuzz_vm_last_words(FuzzVm *vm);
/* A connection to a port's usb-redir, not blocking; -1: nobody answers. */
int fuzz_vm_connect(FuzzVm *vm, guint n, GError **error);

/* Asks init (guest/protocol.h): "clock", "stream", "settle", "write", "cover". What was asked
   before is void. */
void fuzz_vm_ask(FuzzVm *vm, const char *verb, const char *arguments);
int fuzz_vm_answer_fd(const FuzzVm *vm); /* -1: no init */
/* Reads what has come. FALSE: the other side is closed. *ret_answered: to the last question. */
gboolean fuzz_vm_read_answers(FuzzVm *vm, gboolean *ret_answered);
/* How many seconds of its own time the guest has told of; no fewer have gone by. */
guint fuzz_vm_guest_seconds(const FuzzVm *vm);
/* Where the last answer has a number, that. */
guint fuzz_vm_answer(const FuzzVm *vm);

/* Does init tell what code its kernel runs ("cover"), and what it told: features, to be emptied by
   the caller. */
gboolean fuzz_vm_covers(const FuzzVm *vm);
GArray *fuzz_vm_code(FuzzVm *vm);

/* What the console said since the last such call; and the same, to be told again. */
char *fuzz_vm_console(FuzzVm *vm);
char *fuzz_vm_peek(const FuzzVm *vm);

typedef enum { FUZZ_VM_RUNS, FUZZ_VM_ENDED, FUZZ_VM_DIED } FuzzVmLife;
/* ENDED: because its guest rebooted or shut down. DIED: *ret_how (not NULL) says by what, and the
   last that QEMU said. wait_ms: how long to wait for its end. */
FuzzVmLife fuzz_vm_life(FuzzVm *vm, guint wait_ms, char **ret_how);
gint64 fuzz_vm_resident_kib(const FuzzVm *vm);
gint64 fuzz_vm_cpu_us(const FuzzVm *vm);   /* of QEMU, so far; of all that there were */
gint64 fuzz_vm_own_cpu_us(void);           /* of this process */
FuzzSched fuzz_vm_sched(const FuzzVm *vm); /* of QEMU */
GPid fuzz_vm_pid(const FuzzVm *vm);

typedef struct {
    gint64 boot_us, restart_us;
} FuzzVmTimes;
FuzzVmTimes fuzz_vm_times(const FuzzVm *vm);

/* Since its boot, in the guest's time; 0 where it does not answer. Under the virtual clock 8 ns of
   busy_ms are an instruction. */
typedef struct {
    guint busy_ms, all_ms;
} FuzzVmSpent;
FuzzVmSpent fuzz_vm_spent(FuzzVm *vm);

/* A command of QEMU's monitor for humans, which prints nothing unless it fails. */
gboolean fuzz_vm_command(const FuzzVm *vm, const char *command, GError **error);

/* Of a target that fuzz_target_qemu_new() made. */
FuzzVm *fuzz_target_qemu_vm(FuzzTarget *target);
