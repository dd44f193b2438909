/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM of ours as a target: plugs a case in, or several at once, lets its guest do what it will,
   and says what became of guest and QEMU. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <usbredirproto.h>

#include "tools/fuzz/console.h"
#include "tools/fuzz/device.h"
#include "tools/fuzz/quiet.h"
#include "tools/fuzz/target.h"
#include "tools/fuzz/vm.h"

#define QUIET_MS      1000 /* of the guest's time: a guest that asks nothing for so long is done */
#define FIRST_MS      3000 /* the same, before it has asked anything */
#define TURN_MS       6000 /* the same, of one among several: another's request may time out before */
#define ANSWER_MS     100 /* of the guest's time: until an EHCI has handed on an answer */
#define SETTLE_MS     150 /* of the guest's time: what an unplugged device still causes */
#define HUBS_MS       250 /* the same, of all that is plugged in together: QEMU attaches after 200 */
#define RETRY_MS      20000 /* the same: a hub tries a device four times, that many time-outs each */
#define LEFT_MS       80000  /* the same: a driver asks fifteen times of a camera that has left */
#define READY_MS      30000  /* the same: QEMU itself answers at once, where it gets a processor */
#define EXPLAIN_MS    300000 /* the same: until its watchdogs have said what it hangs in */
#define STREAM_MS     1000 /* of the guest's time: a camera that answers as it should needs a tenth */
#define LEAPING_MS    30000 /* the same by a virtual clock, which leaps where the host is busy */
#define STUCK_MS      15000 /* the machine's (elapsed_ms()): no sign of life */
#define AWAKE_MS      30000 /* of the guest's time: whoever waits in time-outs wakes more than once */
#define SHARE         8     /* of a processor, what a QEMU gets at least that has something to do */
#define ISO_MS        5     /* ours, between isochronous packets */
#define LOOK_MS       1000 /* ours, between looks at the console */
#define TOLD_MS       10000
#define DIE_MS        2000
#define LONGEST_MS    60000 /* ours: a guest that asks on and on has been seen enough */
#define ENDLESS_MS    30000 /* of the guest's time: so long it asks on and on */
#define ATTEMPTS      2     /* at a case that was disturbed */
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
    FuzzDevice **devices;                    /* one a port; all but the first in real time only */
    guint next;                              /* the port that is used first */
    guint ports[FUZZ_MOST_TOGETHER], n_used; /* that are used */
    guint cases;
    gboolean busy;       /* with what was plugged in last: it must be made fresh */
    gint64 resident_kib; /* when it was fresh */
    gint64 cases_us, own_cpu_us, boot_us;
    gint64 look_ms, told_ms; /* at its console again; trouble was seen there; 0: not yet */
    struct {
        gint64 us, cpu_us;
    } heard; /* when there was a sign of life */
    Phase phase;
    gint64 phase_at_us, phases_us[PHASES];
    FuzzTime times[PHASES + 4];
} QemuTarget;

/* How the wait for something ended. */
typedef enum {
    WAIT_DONE,
    WAIT_QUIET, /* nothing was asked for QUIET_MS */
    WAIT_BUSY,  /* it gets on, but not to an end: no use any more, and no fault of its own */
    WAIT_LATE,  /* it lives, and is not done in time */
    WAIT_STUCK,
    WAIT_LOST, /* QEMU closed a connection */
} Wait;

/* ---- waiting ---- */

static FuzzDevice *used_at(const QemuTarget *target, guint i)
{
    return target->devices[target->ports[i]];
}

static gboolean takes_several(const QemuTarget *target)
{
    return target->base.together > 1;
}

/* Whether the guest's program says when the hubs are through. */
static gboolean hubs_tell(const QemuTarget *target)
{
    return takes_several(target) && fuzz_vm_has_clock(target->vm);
}

typedef gboolean (*IsSo)(FuzzDeviceState state);

static gboolean is_done(FuzzDeviceState state)
{
    return state.ended || state.gone;
}

static gboolean is_ready(FuzzDeviceState state)
{
    return state.ready;
}

static gboolean was_seen(FuzzDeviceState state)
{
    return state.requests > 0 || state.gone;
}

static gboolean was_configured(FuzzDeviceState state)
{
    return state.reach >= FUZZ_CONFIGURED;
}

static gboolean never(FuzzDeviceState state)
{
    (void)state;
    return FALSE;
}

static gboolean are_all(const QemuTarget *target, IsSo is_so)
{
    for (guint i = 0; i < target->n_used; i++)
        if (!is_so(fuzz_device_state(used_at(target, i))))
            return FALSE;
    return TRUE;
}

static guint64 count_requests(const QemuTarget *target)
{
    guint64 n = 0;

    for (guint i = 0; i < target->n_used; i++)
        n += fuzz_device_state(used_at(target, i)).requests;
    return n;
}

static FuzzReach farthest(const QemuTarget *target)
{
    FuzzReach reach = FUZZ_ATTACHED;

    for (guint i = 0; i < target->n_used; i++)
        reach = MAX(reach, fuzz_device_state(used_at(target, i)).reach);
    return reach;
}

static void enter(QemuTarget *target, Phase phase)
{
    gint64 now_us = fuzz_vm_cpu_us(target->vm);

    target->phases_us[target->phase] += MAX(now_us - target->phase_at_us, 0);
    target->phase_at_us = now_us;
    target->phase = phase;
}

static Phase plugged_phase(const QemuTarget *target)
{
    return count_requests(target) == 0          ? PHASE_ATTACH
           : farthest(target) < FUZZ_CONFIGURED ? PHASE_ENUMERATE
                                                : PHASE_PROBE;
}

static gboolean serve(FuzzDevice *device, short revents)
{
    return (!revents || fuzz_device_receive(device)) &&
           (!fuzz_device_state(device).isochronous || fuzz_device_stream(device));
}

static void note_life(QemuTarget *target)
{
    target->heard.us = g_get_monotonic_time();
    target->heard.cpu_us = fuzz_vm_cpu_us(target->vm);
}

/* Since a sign of life. What else runs on this machine makes a guest slow, which is none of its
   faults: so QEMU's own time counts, for each of the guest's processors. One that waits for what
   never comes uses none. */
static gint64 elapsed_ms(const QemuTarget *target)
{
    gint64 cpu_us = fuzz_vm_cpu_us(target->vm) - target->heard.cpu_us;
    gint64 us = g_get_monotonic_time() - target->heard.us;

    return MAX(takes_several(target) ? cpu_us / 2 : cpu_us, us / SHARE) / 1000;
}

/* One round: hears devices and init. STUCK: neither has said anything for long. */
static Wait hear(QemuTarget *target, guint timeout_ms, gboolean *ret_answered)
{
    struct pollfd fds[FUZZ_MOST_TOGETHER + 1];
    guint n = target->n_used;
    gboolean iso = FALSE;

    *ret_answered = FALSE;
    for (guint i = 0; i < n; i++) {
        fds[i] = (struct pollfd){.fd = fuzz_device_fd(used_at(target, i)), .events = POLLIN};
        iso |= fuzz_device_state(used_at(target, i)).isochronous;
    }
    fds[n] = (struct pollfd){.fd = fuzz_vm_answer_fd(target->vm), .events = POLLIN};
    int came = poll(fds, n + 1, iso ? ISO_MS : timeout_ms);
    if (came < 0)
        return errno == EINTR ? WAIT_DONE : WAIT_LOST;
    if (came > 0)
        note_life(target);
    else if (elapsed_ms(target) > STUCK_MS)
        return WAIT_STUCK;
    for (guint i = 0; i < n; i++)
        if (!serve(used_at(target, i), fds[i].revents))
            return WAIT_LOST;
    if (fds[n].revents && !fuzz_vm_read_answers(target->vm, ret_answered))
        return WAIT_LOST;
    if (target->phase < PHASE_PROBE && target->phase < plugged_phase(target))
        enter(target, plugged_phase(target));
    return WAIT_DONE;
}

static void ask_clock(QemuTarget *target, guint ms)
{
    g_autofree char *text = g_strdup_printf("%u", ms);
    fuzz_vm_ask(target->vm, "clock", text);
}

/* Where the console tells of trouble, what else a guest does is not worth a long wait. */
static gboolean told_enough(QemuTarget *target)
{
    gint64 now = fuzz_now_ms();

    if (now < target->look_ms)
        return FALSE;
    target->look_ms = now + LOOK_MS;
    g_autofree char *console = target->told_ms ? NULL : fuzz_vm_peek(target->vm);
    g_autofree char *title = console ? fuzz_console_find(console, NULL) : NULL;
    if (title)
        target->told_ms = now;
    return target->told_ms && now - target->told_ms > TOLD_MS;
}

/* A guest with nothing of ours inside has no clock but ours, of which counts what it had. */
static gint64 had_ms(const QemuTarget *target, FuzzSched begun)
{
    return fuzz_sched_had_us(begun, fuzz_vm_sched(target->vm)) / 1000;
}

static Wait wait_blindly(QemuTarget *target, IsSo done, guint ms)
{
    const FuzzSched begun = fuzz_vm_sched(target->vm);
    gint64 left;
    gboolean answered;

    while (!are_all(target, done)) {
        note_life(target);
        if ((left = ms - had_ms(target, begun)) <= 0)
            return WAIT_QUIET;
        if (told_enough(target))
            return WAIT_STUCK;
        if (hear(target, (guint)MIN(left, LOOK_MS), &answered) == WAIT_LOST)
            return WAIT_LOST;
    }
    return WAIT_DONE;
}

static gboolean is_past(const QemuTarget *target, guint begun_s, guint ms)
{
    return fuzz_vm_guest_seconds(target->vm) - begun_s > ms / 1000;
}

/* Until all are done, or until the guest's clock says that ms went by; if quiet, that nothing was
   asked for so long. */
static Wait wait_for(QemuTarget *target, IsSo done, guint ms, gboolean quiet)
{
    gboolean answered;
    guint begun_s = fuzz_vm_guest_seconds(target->vm);
    guint64 before = 0;

    if (!fuzz_vm_has_clock(target->vm))
        return wait_blindly(target, done, ms);
    note_life(target);
    for (gboolean ask = TRUE; !are_all(target, done); ask = answered) {
        if (ask) {
            before = count_requests(target);
            ask_clock(target, quiet && before == 0 ? FIRST_MS : ms);
        }
        Wait wait = hear(target, LOOK_MS, &answered);
        if (wait != WAIT_DONE)
            return wait;
        if (told_enough(target) || is_past(target, begun_s, ms + ENDLESS_MS))
            return WAIT_STUCK;
        if (answered && (!quiet || count_requests(target) == before))
            return WAIT_QUIET;
    }
    return WAIT_DONE;
}

/* Until the guest's program says that it is through with it, which takes it no longer than that. */
static Wait let_guest(QemuTarget *target, const char *verb, guint ms, guint most_ms)
{
    guint begun_s = fuzz_vm_guest_seconds(target->vm);
    g_autofree char *arguments = g_strdup_printf("%u", ms);
    gboolean answered = FALSE;

    note_life(target);
    fuzz_vm_ask(target->vm, verb, arguments);
    while (!answered) {
        Wait wait = hear(target, LOOK_MS, &answered);
        if (wait != WAIT_DONE)
            return wait;
        if (told_enough(target))
            return WAIT_STUCK;
        if (is_past(target, begun_s, most_ms))
            return WAIT_LATE;
    }
    return WAIT_DONE;
}

/* Behind one another at a hub, at most. */
static guint count_in_line(const QemuTarget *target)
{
    guint controllers = fuzz_vm_n_controllers(target->vm);

    return (target->n_used + controllers - 1) / controllers;
}

/* One that looks at several devices one after the other may be in time-outs of each. */
static guint patience_ms(const QemuTarget *target)
{
    return MAX(EXPLAIN_MS, count_in_line(target) * LEFT_MS);
}

/* Until the guest's hubs are through with all that came or went. */
static Wait let_settle(QemuTarget *target)
{
    return let_guest(target, "settle", HUBS_MS, patience_ms(target));
}

/* The same, and nothing is asked any more. A device of which a guest never asks anything cannot be
   told from one that it has not seen yet; and one that it asks for ever is enough after a while. */
static Wait let_probe(QemuTarget *target)
{
    gint64 begun = g_get_monotonic_time(), waited = 0;
    guint64 before;
    Wait wait = WAIT_DONE;

    do {
        before = count_requests(target);
        wait = let_settle(target);
        waited = g_get_monotonic_time() - begun;
    } while (wait == WAIT_DONE && waited < target->n_used * RETRY_MS * 1000ll &&
             (count_requests(target) != before ||
              (!are_all(target, was_seen) && waited < FIRST_MS * 1000ll)));
    return wait;
}

/* A device that stays, and is not used, is sent to sleep after two seconds; then to unplug it costs
   the guest time-outs. */
static gboolean unplug_quiet(QemuTarget *target, FuzzQuiet *watches, gint64 now)
{
    gboolean good = TRUE;

    for (guint i = 0; i < target->n_used; i++) {
        guint64 requests = fuzz_device_state(used_at(target, i)).requests;
        if (fuzz_quiet_ms(&watches[i], requests, now) >= QUIET_MS && requests)
            good &= fuzz_device_unplug(used_at(target, i));
    }
    return good;
}

/* The same of a guest with nothing of ours inside: what is asked of each device tells that it is
   through with it, or was so long at it that this is enough. */
static Wait let_quiet(QemuTarget *target)
{
    const FuzzSched begun = fuzz_vm_sched(target->vm);
    const gint64 most = MAX(LONGEST_MS, target->n_used * RETRY_MS);
    FuzzQuiet whole = fuzz_quiet_begin(0), each[FUZZ_MOST_TOGETHER];
    gboolean answered;

    for (guint i = 0; i < target->n_used; i++)
        each[i] = whole;
    for (gint64 now = 0; now < most && !are_all(target, is_done); now = had_ms(target, begun)) {
        gint64 silent = fuzz_quiet_ms(&whole, count_requests(target), now);
        gint64 enough = are_all(target, was_seen) ? QUIET_MS
                        : takes_several(target)   ? TURN_MS
                                                  : FIRST_MS;
        if (silent >= enough)
            break;
        if (!unplug_quiet(target, each, now) ||
            hear(target, MIN(LOOK_MS / 10, (guint)(enough - silent)), &answered) == WAIT_LOST)
            return WAIT_LOST;
    }
    return WAIT_QUIET;
}

static Wait let_finish(QemuTarget *target)
{
    if (!fuzz_vm_has_clock(target->vm))
        return let_quiet(target);
    return takes_several(target) ? let_probe(target) : wait_for(target, is_done, QUIET_MS, TRUE);
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
    char *title = fuzz_console_find(outcome->console, &outcome->place);
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

/* The cases that are plugged in together. */
typedef struct {
    FuzzCase *const *at;
    guint n;
} Cases;

/* An EHCI hands on an answer a moment later, and not at all if the device has left by then. */
static Wait unplug(QemuTarget *target)
{
    Wait wait = WAIT_DONE;

    enter(target, PHASE_UNPLUG);
    if (target->options.ehci && (wait = wait_for(target, never, ANSWER_MS, FALSE)) > WAIT_QUIET)
        return wait;
    for (guint i = 0; i < target->n_used; i++)
        if (!fuzz_device_unplug(used_at(target, i)))
            return WAIT_LOST;
    wait = hubs_tell(target) ? let_settle(target)
                             : wait_for(target, never, SETTLE_MS * count_in_line(target), FALSE);
    if (wait <= WAIT_QUIET)
        wait = wait_for(target, is_ready, READY_MS, FALSE);
    return wait == WAIT_QUIET ? WAIT_LATE : wait;
}

/* One program uses all cameras that there are, whoever of them asked for it. */
static gboolean want_stream(const QemuTarget *target, Cases cases)
{
    gboolean want = target->options.stream;

    for (guint i = 0; i < cases.n; i++)
        want |= fuzz_has_fault(cases.at[i]->faults, FUZZ_FAULT_STREAM);
    return want && fuzz_vm_has_clock(target->vm) && farthest(target) >= FUZZ_BOUND;
}

/* Only where time is short is the end of a case worth an interface that is not the case's. */
static gboolean has_sentinel(const QemuTarget *target)
{
    return !target->options.real_time && !target->base.plain;
}

static Wait plug(QemuTarget *target, Cases cases)
{
    enter(target, PHASE_ATTACH);
    for (guint i = 0; i < cases.n; i++)
        if (!fuzz_device_plug(used_at(target, i), cases.at[i], has_sentinel(target)))
            return WAIT_LOST;
    Wait wait = let_finish(target);
    if (wait <= WAIT_QUIET && want_stream(target, cases)) {
        enter(target, PHASE_PICTURES);
        guint ms = target->options.real_time ? STREAM_MS * cases.n : LEAPING_MS;
        Wait used = let_guest(target, "stream", ms, patience_ms(target));
        wait = MAX(wait, used);
    }
    return wait;
}

/* Where its hubs are through, a port whose device was configured works. */
static gboolean is_in_doubt(const QemuTarget *target, const FuzzDevice *device)
{
    return !hubs_tell(target) || !was_configured(fuzz_device_state(device));
}

/* A guest's program knows by itself when its hubs are through. */
static gboolean tells_end(const QemuTarget *target)
{
    return has_sentinel(target) || !fuzz_vm_has_clock(target->vm);
}

static gboolean plug_simplest(QemuTarget *target)
{
    for (guint i = 0; i < target->n_used; i++) {
        FuzzDevice *device = used_at(target, i);
        guint8 speed =
            fuzz_vm_has_super(target->vm, target->ports[i]) ? fuzz_device_state(device).speed : 0;
        g_autoptr(FuzzCase) simplest = fuzz_case_simplest(speed);
        if (is_in_doubt(target, device) && !fuzz_device_plug(device, simplest, tells_end(target)))
            return FALSE;
    }
    return TRUE;
}

/* Not before the guest has asked what it will: whoever waits for an answer of a device that has
   left does so for seconds, and does not see the next one. */
static Wait unplug_simplest(QemuTarget *target, Wait wait)
{
    if (wait == WAIT_QUIET)
        return WAIT_LATE;
    if (wait == WAIT_DONE && !fuzz_vm_has_clock(target->vm) && let_quiet(target) == WAIT_LOST)
        return WAIT_LOST;
    Wait unplugged = unplug(target);
    return MAX(wait, unplugged);
}

/* A guest that went quiet before the end: it may have had enough, or hang. The clock runs until its
   watchdogs have said what it hangs in. */
static Wait still_works(QemuTarget *target)
{
    enter(target, PHASE_ALIVE);
    if (!plug_simplest(target))
        return WAIT_LOST;
    gboolean asks = has_sentinel(target) && fuzz_vm_has_clock(target->vm);
    Wait wait = wait_for(target, asks ? is_done : was_configured, patience_ms(target), FALSE);
    return unplug_simplest(target, wait);
}

/* Of a guest that does not take a device in time: its hubs may be in the time-outs of a driver that
   asks a camera which has left for all that it could have, and that could be anything. */
static gboolean gets_on(QemuTarget *target)
{
    return fuzz_vm_has_clock(target->vm) && let_guest(target, "hubs", 0, AWAKE_MS) == WAIT_DONE &&
           wait_for(target, never, AWAKE_MS, FALSE) == WAIT_QUIET &&
           let_guest(target, "hubs", 0, AWAKE_MS) == WAIT_DONE && fuzz_vm_answer(target->vm) > 0;
}

/* Until a guest that tells nothing of itself takes a device at each port. */
static Wait let_boot(QemuTarget *target)
{
    Wait wait = WAIT_QUIET;

    if (!plug_simplest(target))
        return WAIT_LOST;
    while (wait == WAIT_QUIET && fuzz_vm_boots_on(target->vm))
        wait = wait_for(target, was_configured, QUIET_MS, FALSE);
    return unplug_simplest(target, wait);
}

static void tell(const QemuTarget *target, FuzzOutcome *each, FuzzOutcome *whole)
{
    for (guint i = 0; i < target->n_used; i++) {
        fuzz_outcome_clear(&each[i]);
        each[i].reached = fuzz_reach_name(fuzz_device_state(used_at(target, i)).reach);
        fuzz_device_features(used_at(target, i), each[i].features);
    }
    whole->reached = fuzz_reach_name(farthest(target));
}

/* FALSE: the host was too slow, so that this says nothing. each may be whole, of one case. */
static gboolean run_once(QemuTarget *target, Cases cases, FuzzOutcome *each, FuzzOutcome *whole)
{
    target->told_ms = 0;
    target->look_ms = fuzz_now_ms() + LOOK_MS;
    Wait wait = plug(target, cases);
    FuzzDeviceState first = fuzz_device_state(used_at(target, 0));
    gboolean disturbed = first.disturbed && !takes_several(target);

    tell(target, each, whole);
    if (wait <= WAIT_QUIET)
        wait = unplug(target);
    if (wait <= WAIT_QUIET && (takes_several(target) || !first.ended))
        wait = still_works(target);
    if (fuzz_vm_covers(target->vm) && wait <= WAIT_QUIET)
        wait = let_guest(target, "cover", 0, AWAKE_MS);
    if (wait == WAIT_LATE)
        wait = gets_on(target) ? WAIT_BUSY : WAIT_STUCK;
    target->busy = wait == WAIT_BUSY;
    judge(target, wait, whole);
    judge_memory(target, whole);
    return !disturbed || whole->verdict != FUZZ_FINE;
}

/* Whose code it was that ran, nobody says: it counts for the one that came farthest. */
static void add_code(const QemuTarget *target, FuzzOutcome *each, const FuzzOutcome *whole)
{
    const GArray *code = fuzz_vm_code(target->vm);
    guint i = 0;

    while (i + 1 < target->n_used && each[i].reached != whole->reached)
        i++;
    g_array_append_vals(each[i].features, code->data, code->len);
}

/* Of any speed there is but high one must be at an xHCI, which does not matter where all are. */
static gboolean is_particular(const QemuTarget *target, const FuzzCase *fuzz_case)
{
    return target->options.ehci && fuzz_case_speed(fuzz_case) != usb_redir_speed_high;
}

static void take_port(QemuTarget *target, guint i, gboolean particular, gboolean *taken)
{
    guint n = fuzz_vm_n_ports(target->vm), port = target->next;

    for (guint k = 0; k < n; k++, port = (port + 1) % n)
        if (!taken[port] && (!particular || fuzz_vm_has_super(target->vm, port)))
            break;
    while (taken[port])
        port = (port + 1) % n;
    taken[port] = TRUE;
    target->ports[i] = port;
}

/* From the next one on; first come those that cannot be anywhere. */
static void choose_ports(QemuTarget *target, Cases cases)
{
    gboolean taken[FUZZ_MOST_TOGETHER] = {FALSE};

    target->n_used = cases.n;
    for (gboolean last = FALSE; last <= TRUE; last++)
        for (guint i = 0; i < cases.n; i++) {
            gboolean particular = is_particular(target, cases.at[i]);
            if (particular != last)
                take_port(target, i, particular, taken);
        }
}

static void show(QemuTarget *target, Cases cases, FuzzOutcome *each, FuzzOutcome *whole)
{
    choose_ports(target, cases);
    for (guint i = 0; i < ATTEMPTS; i++) {
        fuzz_outcome_clear(whole);
        if (run_once(target, cases, each, whole) || target->busy)
            break;
    }
}

/* Where there are two kinds of controllers a case is at the same kind each time: those that come
   together by their order, one by itself at the first of each. */
static void show_at_each_kind(QemuTarget *target, Cases cases, FuzzOutcome *each,
                              FuzzOutcome *whole)
{
    guint n = fuzz_vm_n_ports(target->vm);

    target->next = 0;
    show(target, cases, each, whole);
    gboolean is_super = fuzz_vm_has_super(target->vm, target->ports[0]);
    while (target->next < n && fuzz_vm_has_super(target->vm, target->next) == is_super)
        target->next++;
    if (target->next < n && cases.n == 1 && whole->verdict == FUZZ_FINE && !target->busy &&
        !is_particular(target, cases.at[0]))
        show(target, cases, each, whole);
}

static gboolean run_cases(QemuTarget *target, Cases cases, FuzzOutcome *each, FuzzOutcome *whole,
                          GError **error)
{
    gint64 begun = g_get_monotonic_time(), own = fuzz_vm_own_cpu_us();

    if ((!target->devices[0] || target->busy) && !target->base.ops->fresh(&target->base, error))
        return FALSE;
    target->phase_at_us = fuzz_vm_cpu_us(target->vm);
    g_array_set_size(fuzz_vm_code(target->vm), 0);
    if (target->options.ehci) {
        show_at_each_kind(target, cases, each, whole);
    } else {
        target->next = (target->next + 1) % fuzz_vm_n_ports(target->vm);
        show(target, cases, each, whole);
    }
    add_code(target, each, whole);
    whole->taken_us = g_get_monotonic_time() - begun;
    target->cases_us += whole->taken_us;
    enter(target, PHASE_ATTACH);
    target->own_cpu_us += fuzz_vm_own_cpu_us() - own;
    return TRUE;
}

static gboolean run(FuzzTarget *base, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                    GError **error)
{
    FuzzCase *one = (FuzzCase *)fuzz_case;
    return run_cases((QemuTarget *)base, (Cases){&one, 1}, ret_outcome, ret_outcome, error);
}

static gboolean run_together(FuzzTarget *base, const GPtrArray *cases, FuzzOutcome *ret_each,
                             FuzzOutcome *ret_whole, GError **error)
{
    const Cases all = {(FuzzCase **)cases->pdata, cases->len};
    return run_cases((QemuTarget *)base, all, ret_each, ret_whole, error);
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

/* Of a guest that may lack a driver. */
static gboolean try_ports(QemuTarget *target, GError **error)
{
    guint n_ports = fuzz_vm_n_ports(target->vm), n = 0;
    gboolean own = fuzz_vm_has_clock(target->vm);

    if (own && !target->options.ehci)
        return TRUE;
    for (guint i = 0; i < n_ports; i++)
        target->ports[i] = i;
    target->n_used = n_ports;
    if ((own ? still_works(target) : let_boot(target)) == WAIT_DONE)
        return TRUE;
    g_autofree char *words = fuzz_vm_last_words(target->vm);
    for (guint i = 0; i < n_ports; i++)
        n += !was_configured(fuzz_device_state(target->devices[i]));
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                "at %u of %u ports the guest takes no USB device; has it a driver for %s? (%s)", n,
                n_ports, target->options.ehci ? "qemu-xhci and usb-ehci" : "qemu-xhci", words);
    return FALSE;
}

static gboolean connect_devices(QemuTarget *target, GError **error)
{
    for (guint i = 0; i < fuzz_vm_n_ports(target->vm); i++) {
        int fd = fuzz_vm_connect(target->vm, i, error);
        if (fd < 0)
            return FALSE;
        target->devices[i] = fuzz_device_new(fd);
        target->ports[0] = target->next = i;
        target->n_used = 1;
        if (wait_for(target, is_ready, READY_MS, FALSE) != WAIT_DONE) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no hello from QEMU's usb-redir");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean start(QemuTarget *target, GError **error)
{
    drop_devices(target);
    return fuzz_vm_fresh(target->vm, target->base.stop, error) && connect_devices(target, error);
}

/* Saves a guest of somebody else's that is up, and goes on from there, if that can be. */
static gboolean keep(QemuTarget *target, GError **error)
{
    drop_devices(target);
    if (!fuzz_vm_keep(target->vm))
        return connect_devices(target, error);
    if (start(target, NULL) && try_ports(target, NULL))
        return TRUE;
    fuzz_vm_discard(target->vm);
    return start(target, error) && try_ports(target, error);
}

/* A guest of somebody else's is up when it takes devices. */
static gboolean let_come_up(QemuTarget *target, GError **error)
{
    gint64 begun = g_get_monotonic_time();

    if (fuzz_vm_has_clock(target->vm))
        return try_ports(target, error);
    if (fuzz_vm_is_kept(target->vm))
        return TRUE;
    gboolean up = try_ports(target, error);
    target->boot_us += g_get_monotonic_time() - begun;
    return up && keep(target, error);
}

static gboolean fresh(FuzzTarget *base, GError **error)
{
    QemuTarget *target = (QemuTarget *)base;

    target->busy = FALSE;
    target->look_ms = G_MAXINT64; /* what it tells while it boots is no trouble of ours */
    if (!start(target, error) || !let_come_up(target, error))
        return FALSE;
    g_free(fuzz_vm_console(target->vm)); /* of its boot */
    /* A host that is busy makes the guest slow, which is no lockup. */
    if (target->options.real_time)
        fuzz_vm_ask(target->vm, "write", "/proc/sys/kernel/watchdog_thresh 20");
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

    *next++ = (FuzzTime){"boot", vm.boot_us + target->boot_us};
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

static const FuzzTargetOps qemu_ops = {
    .fresh = fresh, .run = run, .run_together = run_together, .times = times, .free = free_target};

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
    target->base.together = options->devices;
    return &target->base;
}
