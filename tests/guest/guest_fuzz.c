/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: camredir fuzz with the project's own guest. Each kind of trouble is noticed when it
   is caused on purpose, a stock guest has none, and a flaw is made small and shown again; and whose
   it was of cameras that came together, also into a VM that knows nothing of us. */
#include "tests/guest/guest_tests.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "redir/transports/qmp.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/mutate.h"
#include "tools/fuzz/pictures.h"
#include "tools/fuzz/seeds.h"
#include "tools/fuzz/vm.h"

#define CASES     300
#define MOST_RUNS 20  /* until memory is looked at */
#define MORE_WAYS 100 /* in which a program has a camera asked */
#define FLAW      "KASAN: slab-out-of-bounds in planted_flaw"

static FuzzTarget *target; /* one VM for all tests */
static GPtrArray *seeds;

static gboolean read_seeds(GError **error)
{
    char *none[] = {NULL};

    return seeds || (seeds = fuzz_seeds_read(none, error));
}

static gboolean begin(GError **error)
{
    static const FuzzQemuOptions options = {0};

    if (!read_seeds(error))
        return FALSE;
    if (!target && !(target = fuzz_target_qemu_new(&options, error)))
        return FALSE;
    return target->ops->fresh(target, error);
}

void fuzz_tests_end(void)
{
    if (target)
        target->ops->free(target);
    target = NULL;
    g_clear_pointer(&seeds, g_ptr_array_unref);
}

static const FuzzCase *good_case(void)
{
    return ((FuzzSeed *)seeds->pdata[0])->fuzz_case;
}

/* ---- a stock guest ---- */

/* What is known of the stock kernel. */
static const char *const known[] = {
    "WARNING in vb2_core_reqbufs",         /* a negotiated dwMaxVideoFrameSize of 0 */
    "WARNING in usb_submit_urb",           /* an extension unit's control of 0 bytes */
    "WARNING in uvc_queue_buffer_release", /* a transfer fails while others are copied: a race, */
    "WARNING in vb2_buffer_done",          /* with two ways to end */
    "WARNING in vb2_start_streaming",      /* it leaves while a stream starts: a race, too */
};

static gboolean is_known(const char *title)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(title, known[i]) == 0)
            return TRUE;
    return FALSE;
}

static gboolean test_stock(const GuestTest *test, Session *session, GString *note, GError **error)
{
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(FALSE);
    g_auto(FuzzOutcome) outcome = {0};
    guint probed = 0, n_known = 0;

    (void)test, (void)session;
    if (!begin(error))
        return FALSE;
    for (guint i = 0; i < CASES; i++) {
        FuzzRandom random = fuzz_random_of(1, 0, i);
        FuzzSeed *from = seeds->pdata[fuzz_random_below(&random, seeds->len)];
        FuzzTrail trail;
        g_autoptr(FuzzCase) fuzz_case =
            fuzz_mutate(mutator, &random, from->fuzz_case, good_case(), &trail);
        fuzz_outcome_clear(&outcome);
        if (!target->ops->run(target, fuzz_case, &outcome, error))
            return FALSE;
        if (outcome.verdict != FUZZ_FINE && !is_known(outcome.title))
            return fail(error, "case %u: %s\n%s", i, outcome.title, outcome.console);
        if (outcome.verdict != FUZZ_FINE && !target->ops->fresh(target, error))
            return FALSE;
        n_known += outcome.verdict != FUZZ_FINE;
        probed += strcmp(outcome.reached, "probed") == 0;
    }
    g_string_append_printf(
        note, "%u cases, of %u the driver negotiated pictures and no more; %u known findings",
        CASES, probed, n_known);
    if (probed <= CASES / 4)
        return fail(error, "only %u of %u cases were probed", probed, CASES);
    FuzzVmSpent spent = fuzz_vm_spent(fuzz_target_qemu_vm(target));
    return (spent.busy_ms && spent.busy_ms < spent.all_ms) ||
           fail(error, "the guest was busy for %u of %u ms", spent.busy_ms, spent.all_ms);
}

/* ---- the guest's program ---- */

/* In how many ways a device was asked. */
static gboolean count_asked(const FuzzCase *fuzz_case, guint *ret_n, GError **error)
{
    g_auto(FuzzOutcome) outcome = {0};

    fuzz_outcome_clear(&outcome);
    if (!target->ops->run(target, fuzz_case, &outcome, error))
        return FALSE;
    *ret_n = outcome.features->len;
    return outcome.verdict == FUZZ_FINE || fail(error, "%s\n%s", outcome.title, outcome.console);
}

static gboolean test_use(const GuestTest *test, Session *session, GString *note, GError **error)
{
    guint probed, used;

    (void)test, (void)session;
    if (!begin(error))
        return FALSE;
    const FuzzSeed *studio = NULL;
    for (guint i = 0; i < seeds->len; i++)
        if (strcmp(((FuzzSeed *)seeds->pdata[i])->name, "studio") == 0)
            studio = seeds->pdata[i];
    if (!studio)
        return fail(error, "no seed 'studio'");
    g_autoptr(FuzzCase) with_pictures = fuzz_case_copy(studio->fuzz_case);
    fuzz_pictures_add(with_pictures);
    if (!count_asked(studio->fuzz_case, &probed, error) ||
        !count_asked(with_pictures, &used, error))
        return FALSE;
    g_string_append_printf(note, "asked in %u ways by its drivers, in %u with a program", probed,
                           used);
    return used >= probed + MORE_WAYS || fail(error, "%s", note->str);
}

/* ---- each oracle ---- */

typedef gboolean (*Cause)(FuzzVm *vm, const char *argument, GError **error);

static gboolean tell_init(FuzzVm *vm, const char *argument, GError **error)
{
    g_auto(GStrv) words = g_strsplit(argument, " ", 2);

    (void)error;
    fuzz_vm_ask(vm, words[0], words[1] ? words[1] : "");
    return TRUE;
}

static gboolean kill_qemu(FuzzVm *vm, const char *argument, GError **error)
{
    (void)argument;
    return kill(fuzz_vm_pid(vm), SIGABRT) == 0 || fail(error, "no QEMU");
}

static gboolean grow(FuzzVm *vm, const char *argument, GError **error)
{
    (void)argument;
    return fuzz_vm_command(vm, "object_add memory-backend-ram,id=grown,size=700M,prealloc=on",
                           error);
}

static const struct {
    const char *name;
    Cause cause;
    const char *argument;
    FuzzVerdict verdict;
    const char *title; /* how it begins */
} oracles[] = {
    {"KASAN", tell_init, "write /dev/kmsg <3>BUG: KASAN: slab-out-of-bounds in planted+0x1/0x2",
     FUZZ_CONSOLE, "KASAN: slab-out-of-bounds in planted"},
    {"warning", tell_init, "write /dev/kmsg <4>WARNING: CPU: 0 PID: 1 at f.c:1 planted+0x1/0x2",
     FUZZ_CONSOLE, "WARNING in planted"},
    {"lockdep", tell_init,
     "write /dev/kmsg <4>WARNING: possible circular locking dependency detected", FUZZ_CONSOLE,
     "lockdep: possible circular locking"},
    {"panic", tell_init, "write /proc/sysrq-trigger c", FUZZ_CONSOLE, "panic: sysrq"},
    {"reboot", tell_init, "reboot", FUZZ_REBOOT, "the guest rebooted"},
    {"hang", tell_init, "stop", FUZZ_HANG, "the guest hangs"},
    {"a hub that takes nothing", tell_init, "write /sys/bus/usb/devices/usb1/authorized 0",
     FUZZ_HANG, "the guest hangs after attached"},
    {"QEMU's death", kill_qemu, NULL, FUZZ_DIED, "QEMU died: signal 6"},
    {"QEMU's memory", grow, NULL, FUZZ_GREW, "QEMU's memory grows"},
};

static gboolean check_oracle(guint i, FuzzOutcome *outcome, GError **error)
{
    if (!target->ops->fresh(target, error) ||
        !oracles[i].cause(fuzz_target_qemu_vm(target), oracles[i].argument, error))
        return FALSE;
    for (guint run = 0; run < MOST_RUNS; run++) {
        fuzz_outcome_clear(outcome);
        if (!target->ops->run(target, good_case(), outcome, error))
            return FALSE;
        if (outcome->verdict != FUZZ_FINE)
            break;
    }
    if (outcome->verdict != oracles[i].verdict ||
        !g_str_has_prefix(outcome->title ? outcome->title : "", oracles[i].title))
        return fail(error, "%s: verdict %d, '%s'\n%s", oracles[i].name, outcome->verdict,
                    outcome->title, outcome->console);
    return TRUE;
}

static gboolean test_oracles(const GuestTest *test, Session *session, GString *note, GError **error)
{
    g_auto(FuzzOutcome) outcome = {0};

    (void)test, (void)session;
    if (!begin(error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(oracles); i++) {
        if (!check_oracle(i, &outcome, error))
            return FALSE;
        g_string_append_printf(note, "%s%s", i ? ", " : "", oracles[i].name);
    }
    /* Nothing of that is left. */
    fuzz_outcome_clear(&outcome);
    if (!target->ops->fresh(target, error) ||
        !target->ops->run(target, good_case(), &outcome, error))
        return FALSE;
    return outcome.verdict == FUZZ_FINE || fail(error, "left over: %s", outcome.title);
}

/* ---- what is slow, and no hang ---- */

#define TERMINALS 6  /* more, with as many controls each as there are, and five seconds for each */
#define LEAVES    24 /* at this request, when some of these have been asked for */
#define PATIENCE  300
enum { INPUT = 2, SELECTOR = 4, PROCESSING = 5 };

/* The first descriptor of a kind of the control interface. */
static gsize find_kind(const GByteArray *bytes, guint8 kind)
{
    gsize at = 0;

    while (at < bytes->len && !(bytes->data[at + 1] == 0x24 && bytes->data[at + 2] == kind))
        at += bytes->data[at];
    return at;
}

static void insert(GByteArray *bytes, gsize at, const guint8 *what, gsize size)
{
    g_autofree guint8 *behind = g_memdup2(bytes->data + at, bytes->len - at);
    const gsize n = bytes->len - at;

    g_byte_array_set_size(bytes, (guint)at);
    g_byte_array_append(bytes, what, (guint)size);
    g_byte_array_append(bytes, behind, (guint)n);
}

/* A selector in front of the processing unit takes its picture from one of many terminals. */
static FuzzCase *slow_case(void)
{
    const FuzzFault leaves = {.kind = FUZZ_FAULT_UNPLUG, .at = LEAVES};
    FuzzCase *fuzz_case = fuzz_case_copy(good_case());
    GByteArray *bytes = g_bytes_unref_to_array(g_steal_pointer(&fuzz_case->descriptors));
    guint8 terminal[18], selector[6 + TERMINALS] = {sizeof selector, 0x24, SELECTOR, 99, TERMINALS};

    memcpy(terminal, bytes->data + find_kind(bytes, INPUT), sizeof terminal);
    memset(terminal + 15, 0xff, 3); /* bmControls */
    bytes->data[find_kind(bytes, PROCESSING) + 4] = 99;
    for (guint8 i = 0; i < TERMINALS; i++) {
        selector[5 + i] = terminal[3] = 100 + i;
        insert(bytes, find_kind(bytes, PROCESSING), terminal, sizeof terminal);
    }
    insert(bytes, find_kind(bytes, PROCESSING), selector, sizeof selector);
    bytes->data[20] = (bytes->len - 18) & 0xff;
    bytes->data[21] = (guint8)((bytes->len - 18) >> 8);
    fuzz_case->descriptors = g_byte_array_free_to_bytes(bytes);
    g_array_append_val(fuzz_case->faults, leaves);
    return fuzz_case;
}

static gboolean run_fine(FuzzTarget *guest, const FuzzCase *fuzz_case, const char *reached,
                         GError **error)
{
    g_auto(FuzzOutcome) outcome = {0};

    fuzz_outcome_clear(&outcome);
    if (!guest->ops->run(guest, fuzz_case, &outcome, error))
        return FALSE;
    return (outcome.verdict == FUZZ_FINE && strcmp(outcome.reached, reached) == 0) ||
           fail(error, "%s: '%s'\n%s", outcome.reached, outcome.title, outcome.console);
}

static gboolean test_slow(const GuestTest *test, Session *session, GString *note, GError **error)
{
    if (!begin(error))
        return FALSE;
    FuzzVm *vm = fuzz_target_qemu_vm(target);
    g_autoptr(FuzzCase) slow = slow_case();
    guint begun = fuzz_vm_guest_seconds(vm);

    (void)test, (void)session;
    if (!run_fine(target, slow, "bound", error))
        return FALSE;
    guint took = fuzz_vm_guest_seconds(vm) - begun;
    g_string_append_printf(note, "%u s of its time later it was still at it", took);
    return (took > PATIENCE || fail(error, "only %u s", took)) &&
           run_fine(target, good_case(), "probed", error);
}

/* ---- a flaw ---- */

/* The guest, with a driver that minds a configuration of 255 interfaces. */
typedef struct {
    FuzzTarget base;
    FuzzTarget *guest;
} Flawed;

static gboolean flawed_fresh(FuzzTarget *base, GError **error)
{
    FuzzTarget *guest = ((Flawed *)base)->guest;
    return guest->ops->fresh(guest, error);
}

static void mind(FuzzTarget *guest, const FuzzCase *fuzz_case)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, &size);

    if (size > 22 && bytes[22] == 255)
        fuzz_vm_ask(fuzz_target_qemu_vm(guest), "write",
                    "/dev/kmsg <3>BUG: KASAN: slab-out-of-bounds in planted_flaw+0x1/0x2");
}

static gboolean flawed_run(FuzzTarget *base, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                           GError **error)
{
    FuzzTarget *guest = ((Flawed *)base)->guest;

    mind(guest, fuzz_case);
    return guest->ops->run(guest, fuzz_case, ret_outcome, error);
}

static gboolean flawed_run_together(FuzzTarget *base, const GPtrArray *cases, FuzzOutcome *ret_each,
                                    FuzzOutcome *ret_whole, GError **error)
{
    FuzzTarget *guest = ((Flawed *)base)->guest;

    for (guint i = 0; i < cases->len; i++)
        mind(guest, cases->pdata[i]);
    return guest->ops->run_together(guest, cases, ret_each, ret_whole, error);
}

static const FuzzTargetOps flawed_ops = {
    .fresh = flawed_fresh, .run = flawed_run, .run_together = flawed_run_together};

/* Three places differ from a good camera, one of them matters. */
static FuzzCase *broken_case(void)
{
    gsize size;
    const guint8 *good = g_bytes_get_data(good_case()->descriptors, &size);
    guint8 *bytes = g_memdup2(good, size);
    FuzzCase *fuzz_case = g_new0(FuzzCase, 1);

    bytes[12] ^= 1;  /* bcdDevice */
    bytes[22] = 255; /* bNumInterfaces */
    bytes[26] ^= 8;  /* bMaxPower */
    fuzz_case->descriptors = g_bytes_new_take(bytes, size);
    fuzz_case->faults = g_array_new(FALSE, FALSE, sizeof(FuzzFault));
    return fuzz_case;
}

static gboolean check_replay(const FuzzCase *fuzz_case, GError **error)
{
    static const FuzzQemuOptions options = {.real_time = TRUE};
    FuzzTarget *real = fuzz_target_qemu_new(&options, error);
    Flawed flawed = {.base.ops = &flawed_ops, .guest = real};
    FuzzMinimiser m = {.target = &flawed.base, .title = FLAW, .stale = TRUE};
    guint shown = real ? fuzz_replay(&m, fuzz_case, 2, error) : 0;

    if (real)
        real->ops->free(real);
    return shown == 2 || *error || fail(error, "shown %u of 2 times in real time", shown);
}

static gboolean test_flaw(const GuestTest *test, Session *session, GString *note, GError **error)
{
    if (!begin(error))
        return FALSE;
    Flawed flawed = {.base.ops = &flawed_ops, .guest = target};
    FuzzMinimiser m = {.target = &flawed.base, .title = FLAW};
    g_autoptr(GPtrArray) valid = g_ptr_array_new();
    g_autoptr(FuzzCase) broken = broken_case();
    guint which;

    (void)test, (void)session;
    g_ptr_array_add(valid, (gpointer)good_case());
    g_autoptr(FuzzDiff) diff = fuzz_nearest(valid, broken, &which);
    g_autofree gboolean *kept = fuzz_minimise(&m, diff, error);
    if (*error)
        return FALSE;
    g_string_append_printf(note, "%u of %u places stay, after %u runs", fuzz_count_kept(diff, kept),
                           fuzz_diff_n_groups(diff), m.runs);
    if (fuzz_count_kept(diff, kept) != 1)
        return fail(error, "%s", note->str);
    return check_replay(broken, error) && !*error;
}

/* ---- several at once ---- */

#define TOGETHER 8
#define BATCHES  5
#define GUILTY   1 /* of the last batch */

/* A camera that leaves while it is asked costs seconds of real time a question, and one of a speed
   that the controller does not have is not seen. */
static void remove_faults(FuzzCase *fuzz_case)
{
    GArray *faults = fuzz_case->faults;

    for (guint i = faults->len; i-- > 0;) {
        FuzzFaultKind kind = g_array_index(faults, FuzzFault, i).kind;
        if (kind == FUZZ_FAULT_UNPLUG || kind == FUZZ_FAULT_SPEED || kind == FUZZ_FAULT_STREAM)
            g_array_remove_index(faults, i);
    }
}

static GPtrArray *make_batch(FuzzMutator *mutator, guint number)
{
    GPtrArray *cases = g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free);

    for (guint i = 0; i < TOGETHER; i++) {
        FuzzRandom random = fuzz_random_of(2, 0, number * TOGETHER + i);
        FuzzSeed *from = seeds->pdata[fuzz_random_below(&random, seeds->len)];
        FuzzTrail trail;
        FuzzCase *fuzz_case = fuzz_mutate(mutator, &random, from->fuzz_case, good_case(), &trail);
        remove_faults(fuzz_case);
        g_ptr_array_add(cases, fuzz_case);
    }
    return cases;
}

typedef struct {
    FuzzOutcome each[TOGETHER], whole;
} Outcomes;

static void outcomes_clear(Outcomes *outcomes)
{
    for (guint i = 0; i < TOGETHER; i++)
        fuzz_outcome_free(&outcomes->each[i]);
    fuzz_outcome_free(&outcomes->whole);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outcomes, outcomes_clear)

static gboolean show_batch(FuzzTarget *several, const GPtrArray *cases, Outcomes *ret_outcomes,
                           GError **error)
{
    for (guint i = 0; i < cases->len; i++)
        fuzz_outcome_clear(&ret_outcomes->each[i]);
    fuzz_outcome_clear(&ret_outcomes->whole);
    return several->ops->run_together(several, cases, ret_outcomes->each, &ret_outcomes->whole,
                                      error);
}

/* Nothing is found, and each camera was asked. */
static gboolean check_batch(FuzzTarget *several, const GPtrArray *cases, GError **error)
{
    g_auto(Outcomes) outcomes = {0};

    if (!show_batch(several, cases, &outcomes, error))
        return FALSE;
    if (outcomes.whole.verdict != FUZZ_FINE && !is_known(outcomes.whole.title))
        return fail(error, "%s\n%s", outcomes.whole.title, outcomes.whole.console);
    for (guint i = 0; i < TOGETHER; i++)
        if (strcmp(outcomes.each[i].reached, "attached") == 0 || outcomes.each[i].features->len < 2)
            return fail(error, "camera %u was not asked: %s", i, outcomes.each[i].reached);
    return outcomes.whole.verdict == FUZZ_FINE || several->ops->fresh(several, error);
}

static gboolean find_guilty(FuzzTarget *several, GPtrArray *cases, GError **error)
{
    Flawed flawed = {.base = {.ops = &flawed_ops, .together = TOGETHER}, .guest = several};
    FuzzMinimiser m = {.target = &flawed.base, .title = FLAW, .stale = TRUE};
    g_auto(Outcomes) outcomes = {0};

    fuzz_case_free(cases->pdata[GUILTY]);
    cases->pdata[GUILTY] = broken_case();
    if (!show_batch(&flawed.base, cases, &outcomes, error))
        return FALSE;
    if (outcomes.whole.verdict != FUZZ_CONSOLE || strcmp(outcomes.whole.title, FLAW) != 0)
        return fail(error, "not found: '%s'", outcomes.whole.title);
    for (guint i = 0; i <= GUILTY + 1; i++)
        if (fuzz_shows(&m, cases->pdata[i], error) != (i == GUILTY))
            return *error ? FALSE : fail(error, "case %u %s", i, i == GUILTY ? "does not" : "does");
    return TRUE;
}

static gboolean run_batches(FuzzTarget *several, GError **error)
{
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(FALSE);

    if (!several->ops->fresh(several, error))
        return FALSE;
    for (guint i = 0; i < BATCHES; i++) {
        g_autoptr(GPtrArray) cases = make_batch(mutator, i);
        if (!check_batch(several, cases, error))
            return FALSE;
        if (i == BATCHES - 1 && !find_guilty(several, cases, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean test_several(const GuestTest *test, Session *session, GString *note, GError **error)
{
    static const FuzzQemuOptions options = {
        .real_time = TRUE, .devices = TOGETHER, .controllers = 2};
    FuzzTarget *several = read_seeds(error) ? fuzz_target_qemu_new(&options, error) : NULL;
    gboolean done = several && run_batches(several, error);

    (void)test, (void)session;
    if (several)
        several->ops->free(several);
    g_string_append_printf(note,
                           "%u times %u cameras at two controllers, each was asked, one blamed",
                           BATCHES, TOGETHER);
    return done;
}

/* ---- somebody else's guest ---- */

#define YOURS   4 /* cameras, two of them at an EHCI */
#define IN_TURN 4
#define SHOWING 3 /* its kernel looks from time to time, and the machine may be busy */
#define GUEST   "build/guest/"

static const char *const your_argv[] = {
    "qemu-system-x86_64",
    "-nodefaults",
    "-accel",
    "tcg,thread=single",
    "-cpu",
    "qemu64,model=4",
    "-smp",
    "2",
    "-m",
    "256",
    "-bios",
    "qboot.rom",
    "-kernel",
    GUEST "kernel/vmlinux",
    "-initrd",
    GUEST "bystander.cpio",
    "-append",
    "console=ttyS0 mitigations=off no_timer_check watchdog_thresh=30 "
    "load=xhci_pci,ehci_pci,uvcvideo",
    NULL};

static gboolean is_high_speed(const FuzzCase *fuzz_case)
{
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, NULL);

    return bytes[3] < 3 && bytes[7] == 64;
}

static GPtrArray *good_cases(void)
{
    GPtrArray *cases = g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free);

    for (guint i = 0; cases->len < YOURS; i = (i + 1) % seeds->len) {
        const FuzzCase *good = ((FuzzSeed *)seeds->pdata[i])->fuzz_case;
        if (is_high_speed(good))
            g_ptr_array_add(cases, fuzz_case_copy(good));
    }
    return cases;
}

static gboolean check_yours(FuzzTarget *yours, const GPtrArray *cases, const char *title,
                            GError **error)
{
    g_auto(Outcomes) outcomes = {0};

    for (guint i = 0; i < (title ? SHOWING : 1) && outcomes.whole.verdict == FUZZ_FINE; i++)
        if (!show_batch(yours, cases, &outcomes, error))
            return FALSE;
    if (g_strcmp0(outcomes.whole.title, title) != 0)
        return fail(error, "'%s' instead of '%s'\n%s", outcomes.whole.title, title,
                    outcomes.whole.console);
    for (guint i = 0; i < YOURS; i++)
        if (strcmp(outcomes.each[i].reached, "probed") != 0)
            return fail(error, "camera %u was only %s", i, outcomes.each[i].reached);
    return TRUE;
}

/* bcdDevice, as bystander.c has it. */
static void make_minded(FuzzCase *fuzz_case)
{
    gsize size;
    const guint8 *good = g_bytes_get_data(fuzz_case->descriptors, &size);
    guint8 *bytes = g_memdup2(good, size);

    bytes[12] = 0xad;
    bytes[13] = 0xde;
    g_bytes_unref(fuzz_case->descriptors);
    fuzz_case->descriptors = g_bytes_new_take(bytes, size);
}

static gboolean run_yours(FuzzTarget *yours, GError **error)
{
    g_autoptr(GPtrArray) cases = good_cases();

    if (!yours->ops->fresh(yours, error) || !check_yours(yours, cases, NULL, error))
        return FALSE;
    make_minded(cases->pdata[GUILTY]);
    return check_yours(yours, cases, FLAW, error);
}

static gboolean test_yours(const GuestTest *test, Session *session, GString *note, GError **error)
{
    static const FuzzQemuOptions options = {
        .argv = your_argv, .real_time = TRUE, .devices = YOURS, .controllers = 2, .ehci = 1 << 1};
    FuzzTarget *yours = read_seeds(error) ? fuzz_target_qemu_new(&options, error) : NULL;
    gboolean done = yours && run_yours(yours, error);

    (void)test, (void)session;
    if (yours)
        yours->ops->free(yours);
    g_string_append_printf(note, "%u cameras at an xHCI and an EHCI were probed, and a flaw seen",
                           YOURS);
    return done;
}

/* Nothing comes of it, and its end is not reached. */
static FuzzCase *barren_case(void)
{
    gsize size;
    const guint8 *good = g_bytes_get_data(good_case()->descriptors, &size);
    guint8 *bytes = g_memdup2(good, size);
    FuzzCase *fuzz_case = fuzz_case_copy(good_case());

    bytes[17] = 0; /* bNumConfigurations */
    g_bytes_unref(fuzz_case->descriptors);
    fuzz_case->descriptors = g_bytes_new_take(bytes, size);
    return fuzz_case;
}

/* What shows that the guest works must not keep it busy when the next camera comes. */
static gboolean run_in_turn(FuzzTarget *yours, GError **error)
{
    g_autoptr(FuzzCase) barren = barren_case();

    if (!yours->ops->fresh(yours, error))
        return FALSE;
    for (guint i = 0; i < IN_TURN; i++)
        if (!run_fine(yours, barren, "address", error) ||
            !run_fine(yours, good_case(), "probed", error))
            return FALSE;
    return TRUE;
}

static gboolean test_in_turn(const GuestTest *test, Session *session, GString *note, GError **error)
{
    static const FuzzQemuOptions options = {.argv = your_argv};
    FuzzTarget *yours = read_seeds(error) ? fuzz_target_qemu_new(&options, error) : NULL;
    gboolean done = yours && run_in_turn(yours, error);

    (void)test, (void)session;
    if (yours)
        yours->ops->free(yours);
    g_string_append_printf(note, "%u times one of which nothing comes, and one that is probed",
                           IN_TURN);
    return done;
}

static const GuestTest tests[] = {
    {"fuzzing: 300 broken cameras, and a stock guest minds none in a way that is not known",
     test_stock, NULL},
    {"fuzzing: a program in the guest uses all that a camera has", test_use, NULL},
    {"fuzzing: what goes wrong on purpose is noticed", test_oracles, NULL},
    {"fuzzing: a driver in the time-outs of a camera that has left is no hang", test_slow, NULL},
    {"fuzzing: a flaw is made small, and shown again in real time", test_flaw, NULL},
    {"fuzzing: several cameras come at once, and the one that breaks something is found",
     test_several, NULL},
    {"fuzzing: several come at once into a VM of somebody else's", test_yours, NULL},
    {"fuzzing: each is seen that comes into a VM of somebody else's", test_in_turn, NULL},
};
const GuestTestTable fuzz_tests = {tests, G_N_ELEMENTS(tests)};
