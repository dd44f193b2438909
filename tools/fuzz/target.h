/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is fuzzed, whatever it is: our own readers, a VM of ours, somebody else's VM. Takes one case
   after the other, or several at once, and tells what they did. One process has one target. */
#pragma once

#include <gio/gio.h>

#include "tools/fuzz/case.h"

typedef enum {
    FUZZ_FINE,
    FUZZ_CONSOLE, /* the guest's kernel said so: KASAN, oops, ... */
    FUZZ_HANG,    /* no progress while there should be some */
    FUZZ_REBOOT,
    FUZZ_DIED, /* QEMU, or our own process */
    FUZZ_GREW, /* QEMU's memory */
} FuzzVerdict;

typedef struct {
    FuzzVerdict verdict;
    char *title;   /* the same flaw, the same words: "KASAN: slab-out-of-bounds in f"; NULL: fine */
    char *place;   /* which of those of one title, if that is known: "f+0x12/0x34" */
    char *console; /* what the guest printed during the case; NULL: nothing known */
    GArray
        *features; /* of guint32: the same behaviour, the same number. Request sequence, cover.h */
    const char *reached; /* how far the guest went, for tables: "configured"; static */
    gint64 taken_us;
} FuzzOutcome;

/* Begins as {0}. Cleared: fine, features an empty array. */
void fuzz_outcome_clear(FuzzOutcome *outcome);
void fuzz_outcome_free(FuzzOutcome *outcome); /* what is in it */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FuzzOutcome, fuzz_outcome_free)

/* Where the time of all cases went, for tables. */
typedef struct {
    const char *name; /* "boot", "probe", "waiting" */
    gint64 us;
} FuzzTime;

#define FUZZ_MOST_TOGETHER    16 /* cases at once */
#define FUZZ_MOST_CONTROLLERS 15
#define FUZZ_EHCI_PORTS       6

typedef struct FuzzTarget FuzzTarget;

typedef struct {
    /* Ready for cases, with nothing left of earlier ones: boots, or comes back to that state. */
    gboolean (*fresh)(FuzzTarget *target, GError **error);
    /* Plugs in, watches, unplugs. outcome is cleared. FALSE: nothing can be said of the case, and
       error says why (QEMU cannot be started, the address is gone). After a verdict other than
       FUZZ_FINE comes fresh() before the next case. */
    gboolean (*run)(FuzzTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                    GError **error);
    /* Optional: at most FuzzTarget.together cases (of FuzzCase) at once. What each did is in
       ret_each, what became of the target in ret_whole: it cannot say which of them that was. All
       outcomes are cleared. */
    gboolean (*run_together)(FuzzTarget *target, const GPtrArray *cases, FuzzOutcome *ret_each,
                             FuzzOutcome *ret_whole, GError **error);
    const FuzzTime *(*times)(const FuzzTarget *target, guint *ret_n); /* optional */
    void (*free)(FuzzTarget *target);
} FuzzTargetOps;

struct FuzzTarget {
    const FuzzTargetOps *ops;
    char *name;        /* for people */
    guint together;    /* 0, 1: one case after the other */
    gboolean borrowed; /* somebody else runs it: fresh() cannot start it again */
    gboolean plain;    /* cases come as they are, without what tells sooner that they are through */
    const char *coverage; /* what tells which code runs, or why nothing does; static, may be NULL */
    const volatile gint *stop; /* not 0: fresh() does not wait for a boot; NULL: it does */
};

/* descriptors/: parser, linter, printer, packer in this process. */
FuzzTarget *fuzz_target_self_new(void);
/* argv: QEMU's command line, NULL at its end, to which a port, a console and a monitor are added;
   NULL: the project's own Linux guest. */
typedef struct {
    const char *const *argv;
    const char *kernel, *initramfs; /* instead of the project's own; NULL: those */
    gboolean real_time;             /* no virtual clock: what replay and findings are checked by */
    guint controllers;              /* 0: one, or for several devices one for each two */
    guint ehci;      /* a bit for each of them that is an EHCI; the others are xHCI */
    guint devices;   /* at once, in real time; 0, 1: one at each controller in turn */
    gboolean stream; /* the guest opens what it finds and asks for pictures */
} FuzzQemuOptions;
FuzzTarget *fuzz_target_qemu_new(const FuzzQemuOptions *options, GError **error);
/* A usb-redir somewhere. */
FuzzTarget *fuzz_target_address_new(const char *address, GError **error);
