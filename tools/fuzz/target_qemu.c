/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM of ours as a target: plugs a case in, lets its guest do what it will, and says what became
   of guest and QEMU. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "tools/fuzz/console.h"
#include "tools/fuzz/device.h"
#include "tools/fuzz/target.h"
#include "tools/fuzz/vm.h"

#define QUIET_MS  1000  /* of the guest's time: a guest that asks nothing for so long is done */
#define FIRST_MS  3000  /* the same, before it has asked anything */
#define SETTLE_MS 150   /* of the guest's time: what an unplugged device still causes */
#define STREAM_MS 1000  /* of the guest's time: a camera that answers as it should needs a tenth */
#define STUCK_MS  15000 /* ours: no sign of life */
#define EXPLAIN_MS                                                                                 \
    300000              /* of the guest's time: until its watchdogs have said what it hangs in     \
                         */
#define ISO_MS        5 /* ours, between isochronous packets */
#define DIE_MS        2000
#define ATTEMPTS      2 /* at a case that was disturbed */
#define MEMORY_EACH   16
#define MEMORY_GROWTH (512 * 1024) /* KiB */

/* Of a case; what QEMU's CPU is used in. */
typedef enum {
    PHASE_ATTACH,    /* until the guest asks something */
    PHASE_ENUMERATE, /* until it selects a configuration */
    PHASE_PROBE,     /* its drivers */
    PHASE_PICTURES,
    PHASE_UNPLUG,
    PHASE_ALIVE, /* whether it takes another device */
    PHASES,
} Phase;
static const char *const phase_names[PHASES] = {"attach",   "enumerate", "probe",
                                                "pictures", "unplug",    "still alive"};

typedef struct {
    FuzzTarget base;
    FuzzQemuOptions options;
    FuzzVm *vm;
    FuzzDevice **devices; /* one a port; all but the first in real time only */
    guint next;           /* port */
    guint cases;
    gint64 resident_kib; /* when it was fresh */
    gint64 cases_us, own_cpu_us;
    Phase phase;
    gint64 phase_at_us, phases_us[PHASES];
    FuzzTime times[PHASES + 4];
} QemuTarget;

/* How the wait for something ended. */
typedef enum {
    WAIT_DONE,
    WAIT_QUIET, /* nothing was asked for QUIET_MS */
    WAIT_STUCK,
    WAIT_LOST, /* QEMU closed a connection */
} Wait;

/* ---- waiting ---- */

static FuzzDevice *device_of(const QemuTarget *target)
{
    return target->devices[target->next];
}

static gboolean is_done(const FuzzDevice *device)
{
    FuzzDeviceState state = fuzz_device_state(device);
    return state.ended || state.gone;
}

static gboolean is_ready(const FuzzDevice *device)
{
    FuzzDeviceState state = fuzz_device_state(device);
    return state.ready;
}

static gboolean was_configured(const FuzzDevice *device)
{
    FuzzDeviceState state = fuzz_device_state(device);
    return state.reach >= FUZZ_CONFIGURED;
}

static gboolean never(const FuzzDevice *device)
{
    (void)device;
    return FALSE;
}

static void enter(QemuTarget *target, Phase phase)
{
    gint64 now_us = fuzz_vm_cpu_us(target->vm);

    target->phases_us[target->phase] += MAX(now_us - target->phase_at_us, 0);
    target->phase_at_us = now_us;
    target->phase = phase;
}

static Phase plugged_phase(const FuzzDevice *device)
{
    FuzzDeviceState state = fuzz_device_state(device);
    return state.requests == 0             ? PHASE_ATTACH
           : state.reach < FUZZ_CONFIGURED ? PHASE_ENUMERATE
                                           : PHASE_PROBE;
}

/* One round: hears device and init. */
static Wait hear(QemuTarget *target, guint timeout_ms, gboolean *ret_answered)
{
    FuzzDevice *device = device_of(target);
    struct pollfd fds[] = {{.fd = fuzz_device_fd(device), .events = POLLIN},
                           {.fd = fuzz_vm_answer_fd(target->vm), .events = POLLIN}};
    gboolean iso = fuzz_device_state(device).isochronous;

    *ret_answered = FALSE;
    int n = poll(fds, G_N_ELEMENTS(fds), iso ? ISO_MS : timeout_ms);
    if (n < 0)
        return errno == EINTR ? WAIT_DONE : WAIT_LOST;
    if (n == 0 && !iso)
        return WAIT_STUCK;
    if (fds[0].revents && !fuzz_device_receive(device))
        return WAIT_LOST;
    if (iso && !fuzz_device_stream(device))
        return WAIT_LOST;
    if (fds[1].revents && !fuzz_vm_read_answers(target->vm, ret_answered))
        return WAIT_LOST;
    if (target->phase < plugged_phase(device) && target->phase < PHASE_PROBE)
        enter(target, plugged_phase(device));
    return WAIT_DONE;
}

static void ask_clock(QemuTarget *target, guint ms)
{
    g_autofree char *text = g_strdup_printf("%u", ms);
    fuzz_vm_ask(target->vm, "clock", text);
}

/* Until done, or until the guest's clock says that ms went by; if quiet, that nothing was asked for
   so long. Without an init of ours its clock is ours. */
static Wait wait_for(QemuTarget *target, gboolean (*done)(const FuzzDevice *device), guint ms,
                     gboolean quiet)
{
    FuzzDevice *device = device_of(target);
    gboolean clock = fuzz_vm_has_clock(target->vm), answered;
    gint64 begun = g_get_monotonic_time();
    guint64 before = 0;

    for (gboolean ask = TRUE; !done(device); ask = answered) {
        if (ask) {
            before = fuzz_device_state(device).requests;
            ask_clock(target, quiet && before == 0 ? FIRST_MS : ms);
        }
        Wait wait = hear(target, clock ? STUCK_MS : ms, &answered);
        answered |= !clock && wait == WAIT_STUCK;
        if (wait == WAIT_LOST || (wait == WAIT_STUCK && clock))
            return wait;
        if (clock && g_get_monotonic_time() - begun > (ms + 2 * STUCK_MS) * 1000ll)
            return WAIT_STUCK;
        if (answered && (!quiet || fuzz_device_state(device).requests == before))
            return WAIT_QUIET;
    }
    return WAIT_DONE;
}

/* Until the guest's program says that it is through with it. */
static Wait let_guest(QemuTarget *target, const char *verb, const char *arguments)
{
    gint64 begun = g_get_monotonic_time();
    gboolean answered = FALSE;

    fuzz_vm_ask(target->vm, verb, arguments);
    while (!answered) {
        Wait wait = hear(target, STUCK_MS, &answered);
        if (wait != WAIT_DONE)
            return wait;
        if (g_get_monotonic_time() - begun > STUCK_MS * 1000ll)
            return WAIT_STUCK;
    }
    return WAIT_DONE;
}

/* ---- verdicts ---- */

static void set_verdict(FuzzOutcome *outcome, FuzzVerdict verdict, char *title)
{
    outcome->verdict = verdict;
    outcome->title = title;
}

/* What the kernel says comes first: it says most. */
static void judge(QemuTarget *target, Wait wait, FuzzOutcome *outcome)
{
    g_autofree char *how = NULL;
    FuzzVmLife life = fuzz_vm_life(target->vm, wait == WAIT_LOST ? DIE_MS : 0, &how);

    outcome->console = fuzz_vm_console(target->vm);
    char *title = fuzz_console_find(outcome->console);
    if (title)
        set_verdict(outcome, FUZZ_CONSOLE, title);
    else if (life == FUZZ_VM_DIED)
        set_verdict(outcome, FUZZ_DIED, g_strdup_printf("QEMU died: %s", how));
    else if (life == FUZZ_VM_ENDED)
        set_verdict(outcome, FUZZ_REBOOT, g_strdup("the guest rebooted"));
    else if (wait == WAIT_LOST)
        set_verdict(outcome, FUZZ_DIED, g_strdup("QEMU closed the device's connection"));
    else if (wait == WAIT_STUCK)
        set_verdict(outcome, FUZZ_HANG,
                    g_strdup_printf("the guest hangs after %s", outcome->reached));
}

static void judge_memory(QemuTarget *target, FuzzOutcome *outcome)
{
    if (outcome->verdict != FUZZ_FINE || target->cases++ % MEMORY_EACH)
        return;
    if (fuzz_vm_resident_kib(target->vm) > target->resident_kib + MEMORY_GROWTH)
        set_verdict(outcome, FUZZ_GREW, g_strdup("QEMU's memory grows"));
}

/* ---- a case ---- */

static Wait unplug(QemuTarget *target)
{
    FuzzDevice *device = device_of(target);

    enter(target, PHASE_UNPLUG);
    if (!fuzz_device_unplug(device))
        return WAIT_LOST;
    Wait wait = wait_for(target, never, SETTLE_MS, FALSE);
    if (wait == WAIT_QUIET)
        wait = wait_for(target, is_ready, QUIET_MS, FALSE);
    return wait == WAIT_QUIET ? WAIT_STUCK : wait;
}

static gboolean wants_stream(const QemuTarget *target, const FuzzCase *fuzz_case)
{
    gboolean wants = target->options.stream || fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_STREAM);

    return wants && fuzz_vm_has_clock(target->vm) &&
           fuzz_device_state(device_of(target)).reach >= FUZZ_BOUND;
}

/* Only where time is short is the end of a case worth an interface that is not the case's. */
static gboolean has_sentinel(const QemuTarget *target)
{
    return fuzz_vm_has_clock(target->vm) && !target->options.real_time;
}

static Wait plug(QemuTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *outcome)
{
    FuzzDevice *device = device_of(target);

    enter(target, PHASE_ATTACH);
    if (!fuzz_device_plug(device, fuzz_case, has_sentinel(target)))
        return WAIT_LOST;
    Wait wait = wait_for(target, is_done, QUIET_MS, TRUE);
    if (wait <= WAIT_QUIET && wants_stream(target, fuzz_case)) {
        enter(target, PHASE_PICTURES);
        Wait used = let_guest(target, "stream", G_STRINGIFY(STREAM_MS));
        wait = MAX(wait, used);
    }
    outcome->reached = fuzz_reach_name(fuzz_device_state(device).reach);
    fuzz_device_features(device, outcome->features);
    return wait;
}

/* A guest that went quiet before the end: it may have had enough, or hang. The clock runs until its
   watchdogs have said what it hangs in. */
static Wait still_works(QemuTarget *target)
{
    FuzzDevice *device = device_of(target);
    g_autoptr(FuzzCase) simplest = fuzz_case_simplest(fuzz_device_state(device).speed);

    enter(target, PHASE_ALIVE);
    if (!fuzz_device_plug(device, simplest, has_sentinel(target)))
        return WAIT_LOST;
    Wait wait =
        wait_for(target, has_sentinel(target) ? is_done : was_configured, EXPLAIN_MS, FALSE);
    if (wait == WAIT_QUIET)
        return WAIT_STUCK;
    Wait unplugged = unplug(target);
    return MAX(wait, unplugged);
}

static gint64 own_cpu_us(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

/* FALSE: the host was too slow, so that this says nothing. */
static gboolean run_once(QemuTarget *target, const FuzzCase *fuzz_case, FuzzOutcome *outcome)
{
    Wait plugged = plug(target, fuzz_case, outcome);
    FuzzDeviceState state = fuzz_device_state(device_of(target));
    Wait wait = plugged <= WAIT_QUIET ? unplug(target) : plugged;

    if (!state.ended && wait <= WAIT_QUIET)
        wait = still_works(target);
    if (fuzz_vm_covers(target->vm) && wait <= WAIT_QUIET)
        wait = let_guest(target, "cover", "");
    judge(target, wait, outcome);
    judge_memory(target, outcome);
    return !state.disturbed || outcome->verdict != FUZZ_FINE;
}

static gboolean run(FuzzTarget *base, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                    GError **error)
{
    QemuTarget *target = (QemuTarget *)base;
    gint64 begun = g_get_monotonic_time(), own = own_cpu_us();
    GArray *code = fuzz_vm_code(target->vm);

    if (!target->devices[0] && !base->ops->fresh(base, error))
        return FALSE;
    target->phase_at_us = fuzz_vm_cpu_us(target->vm);
    target->next = (target->next + 1) % fuzz_vm_n_ports(target->vm);
    g_array_set_size(code, 0);
    for (guint i = 0; i < ATTEMPTS; i++) {
        fuzz_outcome_clear(ret_outcome);
        if (run_once(target, fuzz_case, ret_outcome))
            break;
    }
    g_array_append_vals(ret_outcome->features, code->data, code->len);
    ret_outcome->taken_us = g_get_monotonic_time() - begun;
    target->cases_us += ret_outcome->taken_us;
    enter(target, PHASE_ATTACH);
    target->own_cpu_us += own_cpu_us() - own;
    return TRUE;
}

FuzzVm *fuzz_target_qemu_vm(FuzzTarget *target)
{
    return ((QemuTarget *)target)->vm;
}

/* ---- life ---- */

static void drop_devices(QemuTarget *target)
{
    for (guint i = 0; i < fuzz_vm_n_ports(target->vm); i++)
        g_clear_pointer(&target->devices[i], fuzz_device_free);
}

static gboolean fresh(FuzzTarget *base, GError **error)
{
    QemuTarget *target = (QemuTarget *)base;

    drop_devices(target);
    if (!fuzz_vm_fresh(target->vm, error))
        return FALSE;
    for (guint i = 0; i < fuzz_vm_n_ports(target->vm); i++) {
        int fd = fuzz_vm_connect(target->vm, i, error);
        if (fd < 0)
            return FALSE;
        target->devices[i] = fuzz_device_new(fd);
        target->next = i;
        if (wait_for(target, is_ready, QUIET_MS * 10, FALSE) != WAIT_DONE) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no hello from QEMU's usb-redir");
            return FALSE;
        }
    }
    if (!fuzz_vm_has_clock(target->vm) && still_works(target) != WAIT_DONE) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the guest takes no USB device; has it a driver for qemu-xhci?");
        return FALSE;
    }
    target->resident_kib = fuzz_vm_resident_kib(target->vm);
    base->coverage = fuzz_vm_covers(target->vm) ? "KCOV"
                     : fuzz_vm_has_clock(target->vm)
                         ? "not seen: the guest's kernel is built without KCOV"
                         : "not seen: nothing of ours is in the guest";
    return TRUE;
}

/* QEMU's CPU is the guest's, emulation and all; what neither it nor we use is waited. */
static const FuzzTime *times(const FuzzTarget *base, guint *ret_n)
{
    QemuTarget *target = (QemuTarget *)base;
    FuzzVmTimes vm = fuzz_vm_times(target->vm);
    gint64 waiting = target->cases_us - target->own_cpu_us;
    FuzzTime *next = target->times;

    *next++ = (FuzzTime){"boot", vm.boot_us};
    *next++ = (FuzzTime){"restart", vm.restart_us};
    for (guint i = 0; i < PHASES; i++) {
        *next++ = (FuzzTime){phase_names[i], target->phases_us[i]};
        waiting -= target->phases_us[i];
    }
    *next++ = (FuzzTime){"device", target->own_cpu_us};
    *next++ = (FuzzTime){"waiting", MAX(waiting, 0)};
    *ret_n = G_N_ELEMENTS(target->times);
    return target->times;
}

static void free_target(FuzzTarget *base)
{
    QemuTarget *target = (QemuTarget *)base;

    if (target->vm && target->devices)
        drop_devices(target);
    fuzz_vm_free(target->vm);
    g_free(target->devices);
    g_free(base->name);
    g_free(target);
}

static const FuzzTargetOps qemu_ops = {fresh, run, times, free_target};

FuzzTarget *fuzz_target_qemu_new(const FuzzQemuOptions *options, GError **error)
{
    QemuTarget *target = g_new0(QemuTarget, 1);

    target->base.ops = &qemu_ops;
    target->base.name = g_strdup(options->argv ? "a VM of yours" : "the Linux test guest");
    target->options = *options;
    target->vm = fuzz_vm_new(&target->options, error);
    if (!target->vm) {
        free_target(&target->base);
        return NULL;
    }
    target->devices = g_new0(FuzzDevice *, fuzz_vm_n_ports(target->vm));
    return &target->base;
}
