/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: the camera is plugged into a VM that runs and has no USB at all, or into machines of
   other kinds, by QEMU's monitor alone; and nothing of it is left behind. */
#include "tests/guest/guest_tests.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/qmp.h"

#define BULK "pattern --format YUY2,MJPEG --size 320x240,640x480 --fps 30"

static const StreamOrder endless = {
    .fourcc = "YUYV", .width = 320, .height = 240, .interval = 333333, .hash_each = 1};

static Vm *machine; /* without any USB controller */

void hotplug_end(void)
{
    g_clear_pointer(&machine, vm_free);
}

/* ---- what is in the VM ---- */

static int compare_parts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Devices and chardevs; QEMU lists them in no order. */
static char *inventory(Qmp *monitor, GError **error)
{
    g_autofree char *chardevs = qmp_ask(monitor, "query-chardev", error);
    g_autofree char *devices = chardevs
                                   ? qmp_ask(monitor,
                                             "{\"execute\": \"qom-list\", "
                                             "\"arguments\": {\"path\": \"/machine/peripheral\"}}",
                                             error)
                                   : NULL;
    if (!devices)
        return NULL;
    g_autofree char *both = g_strconcat(chardevs, devices, NULL);
    g_strdelimit(both, "[{}]", '\n');
    g_auto(GStrv) parts = g_strsplit(both, "\n", -1);
    qsort(parts, g_strv_length(parts), sizeof *parts, compare_parts);
    return g_strjoinv("\n", parts);
}

static gboolean check_inventory(Qmp *monitor, const char *before, GError **error)
{
    g_autofree char *now = inventory(monitor, error);
    return now && (strcmp(now, before) == 0 || fail(error, "left in the VM: %s", now));
}

static gboolean check_has(Qmp *monitor, const char *what, gboolean wanted, GError **error)
{
    g_autofree char *now = inventory(monitor, error);
    return now && ((strstr(now, what) != NULL) == wanted ||
                   fail(error, "%s is %s in the VM: %s", what, wanted ? "not" : "still", now));
}

static gboolean wait_has(Qmp *monitor, const char *what, GError **error)
{
    for (guint i = 0; i < WAIT_MS / 100; i++, g_usleep(100000))
        if (check_has(monitor, what, TRUE, NULL))
            return TRUE;
    return check_has(monitor, what, TRUE, error);
}

static gboolean check_log(const char *log, const char *says, GError **error)
{
    g_autofree char *text = NULL;
    return g_file_get_contents(log, &text, NULL, error) &&
           (strstr(text, says) || fail(error, "'%s' does not say '%s'", text, says));
}

static gboolean wait_log(Share *share, const char *says, GError **error)
{
    g_autoptr(GError) late = NULL;
    for (guint i = 0; i < WAIT_MS / 100; i++, g_usleep(100000)) {
        g_clear_error(&late);
        if (check_log(share_log(share), says, &late))
            return TRUE;
    }
    return fail(error, "%s", late->message);
}

/* A test finds the VM as it was, and leaves it so. */
static gboolean run_clean(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    GuestStep *const *step = test->data;
    (void)outer;
    if (!machine)
        machine = vm_new("hotplug", VM_QMP);
    Session session = {.vm = machine};
    g_autofree char *before =
        vm_agent(machine) || vm_boot(machine, error) ? inventory(vm_monitor(machine), error) : NULL;
    if (before && (*step)(&session, note, error) &&
        check_inventory(vm_monitor(machine), before, error))
        return TRUE;
    session_give_up(&session);
    return FALSE;
}

/* ---- in the guest ---- */

static gboolean in_and_out(Session *session, GString *note, GError **error)
{
    return check_has(vm_monitor(session->vm), "hci", FALSE, error) &&
           session_plug(session, "hotplug", BULK, VM_QMP, error) &&
           check_has(vm_monitor(session->vm), "camredir-usb", TRUE, error) &&
           check_stream(session, "YUYV", 640, 480, 30, 30, note, error) &&
           check_stream(session, "MJPG", 320, 240, 30, 30, note, error) &&
           session_unplug(session, error);
}

static gboolean super_speed(Session *session, GString *note, GError **error)
{
    if (!session_plug(session, "hotplug-super", BULK " --speed super", VM_QMP, error) ||
        !check_stream(session, "YUYV", 640, 480, 30, 30, note, error))
        return FALSE;
    if (strcmp(session->speed, "5000") != 0)
        return fail(error, "its speed is %s", session->speed);
    return session_unplug(session, error);
}

static gboolean killed(Session *session, GString *note, GError **error)
{
    if (!session_plug(session, "hotplug-killed", BULK, VM_QMP, error))
        return FALSE;
    guint stream = session_begin(session, &endless);
    if (!session_wait_frames(session, stream, 10, WAIT_MS, error))
        return FALSE;
    process_signal(share_process(session->share), SIGKILL);
    g_autofree char *text = agent_wait(vm_agent(session->vm), stream, 20000, NULL);
    if (text)
        return fail(error, "the guest's stream did not end in an error");
    g_clear_pointer(&session->share, share_free);
    return check_has(vm_monitor(session->vm), "camredir-cam-0", TRUE, error) &&
           session_plug(session, "hotplug-killed", BULK, VM_QMP, error) &&
           check_has(vm_monitor(session->vm), "disconnected:fd", FALSE, error) &&
           check_has(vm_monitor(session->vm), "camredir-cam-1", FALSE, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

static gboolean end_endless(Session *session, guint stream, GString *note, GError **error)
{
    Outcome outcome;
    if (!session_end(session, stream, &endless, &outcome, NULL, error) ||
        !check_intact(session, &outcome, 15, error))
        return FALSE;
    g_string_append_printf(note, "%s%u frames", note->len ? "; " : "", outcome.frames);
    return TRUE;
}

static gboolean stream_both(Session *left, Session *right, GString *note, GError **error)
{
    guint streams[] = {session_begin(left, &endless), session_begin(right, &endless)};
    if (!session_wait_frames(left, streams[0], 15, WAIT_MS, error) ||
        !session_wait_frames(right, streams[1], 15, WAIT_MS, error))
        return FALSE;
    g_autofree char *stopped = agent_run(vm_agent(left->vm), WAIT_MS, error, "stop");
    return stopped && end_endless(left, streams[0], note, error) &&
           end_endless(right, streams[1], note, error);
}

/* The first that came, and brought the controller, leaves first. */
static gboolean two(Session *left, GString *note, GError **error)
{
    Session right = {.vm = left->vm, .part = "Right"};
    left->part = "Left";
    gboolean good = session_plug(left, "hotplug-left", BULK " --name Left", VM_QMP, error) &&
                    session_plug(&right, "hotplug-right", BULK " --name Right", VM_QMP, error) &&
                    stream_both(left, &right, note, error) && session_unplug(left, error) &&
                    check_has(vm_monitor(left->vm), "camredir-usb", TRUE, error) &&
                    check_stream(&right, "YUYV", 320, 240, 30, 15, note, error) &&
                    session_unplug(&right, error);
    share_free(right.share);
    return good;
}

/* Both leave at the same moment, and the controller with the last of them. */
static gboolean two_by_one(Session *session, GString *note, GError **error)
{
    (void)note;
    return session_plug(session, "hotplug-two", "pattern " BULK, VM_QMP, error) &&
           check_has(vm_monitor(session->vm), "camredir-cam-0", TRUE, error) &&
           wait_has(vm_monitor(session->vm), "camredir-cam-1", error) &&
           session_unplug(session, error);
}

static gboolean paused(Session *session, GString *note, GError **error)
{
    if (!vm_qmp(session->vm, "stop", error))
        return FALSE;
    session->share = share_start("hotplug-paused", BULK, vm_address(session->vm, VM_QMP), error);
    return session->share && wait_log(session->share, "the VM is paused", error) &&
           vm_qmp(session->vm, "cont", error) && session_find(session, WAIT_MS, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

/* The guest cannot let the controller go: that is said, and it goes later. */
static gboolean paused_at_end(Session *session, GString *note, GError **error)
{
    int status = -1;
    (void)note;
    if (!session_plug(session, "hotplug-stays", BULK, VM_QMP, error) ||
        !vm_qmp(session->vm, "stop", error))
        return FALSE;
    process_signal(share_process(session->share), SIGTERM);
    if (!process_wait(share_process(session->share), WAIT_MS, &status) || status != 4)
        return fail(error, "it ends with status %d", status);
    gboolean good = check_log(share_log(session->share), "stays until the guest", error) &&
                    check_has(vm_monitor(session->vm), "camredir-cam-0", FALSE, error) &&
                    check_has(vm_monitor(session->vm), "camredir-usb", TRUE, error) &&
                    vm_qmp(session->vm, "cont", error);
    g_clear_pointer(&session->share, share_free);
    for (guint i = 0; good && i < WAIT_MS / 100; i++, g_usleep(100000))
        if (check_has(vm_monitor(session->vm), "camredir-usb", FALSE, NULL))
            break;
    return good;
}

static gboolean qemu_killed(Session *session, GString *note, GError **error)
{
    if (!session_plug(session, "hotplug-again", BULK, VM_QMP, error))
        return FALSE;
    vm_kill(session->vm);
    g_usleep(1500000); /* long enough for an attempt or two that fail */
    return vm_boot(session->vm, error) && session_find(session, WAIT_MS, error) &&
           check_log(share_log(session->share), "nobody listens", error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

/* ---- refusals, and machines where no guest is needed ---- */

/* words: of camredir share. TRUE where it ends with that status and says that. */
static gboolean check_refused(const char *words, const char *says, GError **error)
{
    static guint count;
    int status = -1;
    g_autofree char *name = g_strdup_printf("hotplug-refused-%u", ++count);
    Share *share = share_start(name, "pattern --no-retry", words, error);
    gboolean good =
        share &&
        (process_wait(share_process(share), WAIT_MS, &status) || fail(error, "it does not end")) &&
        (status == 4 || fail(error, "status %d", status)) &&
        check_log(share_log(share), says, error);
    share_free(share);
    return good;
}

static int connect_monitor(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    for (guint i = 0; i < WAIT_MS / 50; i++, g_usleep(50000))
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
    close(fd);
    return -1;
}

static gboolean busy(Session *session, GString *note, GError **error)
{
    const char *words = vm_address(session->vm, VM_QMP);
    int fd = connect_monitor(words + strlen("--qmp "));
    Qmp *other = fd >= 0 ? qmp_new(fd, error) : NULL;
    (void)note;
    gboolean good = other && check_refused(words, "one client at a time", error);
    qmp_free(other);
    return good;
}

typedef struct {
    const char *name, *qemu, *share;
    const char *says; /* where it refuses */
} Machine;

static const Machine machines[] = {
    {"xhci", "-device qemu-xhci,id=mine", "--speed super", NULL},
    {"ehci", "-device usb-ehci,id=mine", "--speed high", NULL},
    {"uhci", "-usb", "--speed full", NULL},
    {"last-port", "-device qemu-xhci,p2=2,p3=2 -device usb-kbd", "", NULL},
    {"q35-usb", "-M q35 -usb", "", NULL},
    {"uhci-too-slow", "-M q35 -device piix3-usb-uhci", "", "no free high-speed USB port"},
    {"full", "-M q35 -device qemu-xhci,p2=1,p3=1 -device usb-kbd", "", "no free high-speed"},
    {"q35", "-M q35", "", "-device pcie-root-port"},
    {"microvm", "-M microvm", "", "-device qemu-xhci"},
};

/* A second monitor is ours. */
static Process *start_machine(const Machine *m, const char *path, GError **error)
{
    g_autofree char *log = g_strdup_printf("%s/hotplug-machines.log", harness_logs());
    g_autofree char *line = g_strdup_printf("qemu-system-x86_64 -nodefaults -display none "
                                            "-accel tcg -qmp unix:%s,server=on,wait=off "
                                            "-qmp unix:%s.2,server=on,wait=off %s",
                                            path, path, m->qemu);
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    return process_start((const char *const *)words, log, error);
}

static gboolean check_served(const Machine *m, const char *words, Qmp *monitor, GError **error)
{
    g_autofree char *name = g_strdup_printf("hotplug-%s", m->name);
    Share *share = share_start(name, "pattern", words, error);
    if (share && wait_log(share, "the guest will find the camera", error) &&
        check_has(monitor, "camredir-cam-0", TRUE, error) &&
        check_has(monitor, "camredir-usb", FALSE, error))
        return share_stop(share, error);
    share_free(share);
    return FALSE;
}

static gboolean run_machine(const Machine *m, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s.qmp", harness_folder(), m->name);
    g_autofree char *own = g_strconcat(path, ".2", NULL);
    g_autofree char *words = g_strdup_printf("--qmp %s %s", path, m->share);
    Process *qemu = start_machine(m, path, error);
    int fd = qemu ? connect_monitor(own) : -1;
    Qmp *monitor = fd >= 0 ? qmp_new(fd, error) : NULL;
    g_autofree char *before = monitor ? inventory(monitor, error) : NULL;
    gboolean good =
        before &&
        (m->says ? check_refused(words, m->says, error) : check_served(m, words, monitor, error)) &&
        check_inventory(monitor, before, error);
    qmp_free(monitor);
    process_free(qemu);
    return good;
}

static gboolean run_machines(const GuestTest *test, Session *session, GString *note, GError **error)
{
    (void)test, (void)session, (void)note;
    for (guint i = 0; i < G_N_ELEMENTS(machines); i++)
        if (!run_machine(&machines[i], error)) {
            if (!*error)
                fail(error, "QEMU does not start");
            g_prefix_error(error, "%s: ", machines[i].name);
            return FALSE;
        }
    return TRUE;
}

static const GuestTest tests[] = {
    {"plugged into a VM without USB, and out again", GUEST_STEP(run_clean, in_and_out)},
    {"plugged in, super speed", GUEST_STEP(run_clean, super_speed)},
    {"plugged in, killed while streaming, the next start cleans up", GUEST_STEP(run_clean, killed)},
    {"plugged in twice at once", GUEST_STEP(run_clean, two)},
    {"plugged in twice by one camredir", GUEST_STEP(run_clean, two_by_one)},
    {"plugged into a VM that is paused", GUEST_STEP(run_clean, paused)},
    {"plugged in, and the VM is paused at the end", GUEST_STEP(run_clean, paused_at_end)},
    {"plugged in, QEMU killed and started again", GUEST_STEP(run_clean, qemu_killed)},
    {"plugged in: the monitor is another's", GUEST_STEP(run_clean, busy)},
    {"plugged into machines of all kinds", run_machines, NULL},
};

const GuestTestTable hotplug_tests = {tests, G_N_ELEMENTS(tests)};
