/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir doctor before set-ups that are broken in one way each: it names what is wrong, and
   nothing else, and what it says to do helps. TAP on standard output. usage: doctor-tests
   [PART-OF-A-NAME] */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/session.h"
#include "tests/guest/suite.h"

#define CONNECTED  "the guest will find the camera"
#define IN_NETWORK "CAMREDIR_DOCTOR_SLOW"

typedef struct Setup Setup;

struct Setup {
    const char *name;
    const char *qemu;   /* behind what all of them have; NULL: none runs */
    const char *before; /* a command that goes on meanwhile, and when it has said CONNECTED */
    const char *doctor; /* behind 'camredir doctor --json'; {} is the test's folder */
    const char *bad;    /* all checks that are, in their order */
    const char *says;   /* of the one that is meant */
    const char *helps;  /* its remedy says this */
    /* Follows the remedy; then the check is good, or the camera is in. NULL: nobody can here. */
    gboolean (*follow)(const Setup *setup, const char *remedy, GError **error);
    const char *check; /* the one that is meant; NULL: the last */
};

/* ---- running ---- */

static char *expand(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "{}", -1);
    return g_strjoinv(harness_folder(), parts);
}

static char *in_folder(const char *name)
{
    return g_build_filename(harness_folder(), name, NULL);
}

static Process *start_shell(const char *command, const char *log, GError **error)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    return process_start(argv, log, error);
}

static gboolean run_shell(const char *command, int wanted, GError **error)
{
    g_autofree char *log = g_strdup_printf("%s/commands.log", harness_logs());
    int status = -1;
    Process *process = start_shell(command, log, error);
    gboolean ended = process && process_wait(process, WAIT_MS, &status);
    process_free(process);
    return (ended && status == wanted) ||
           (!*error && fail(error, "status %d of: %s", status, command));
}

static gboolean wait_for(const char *log, const char *text, GError **error)
{
    for (guint i = 0; i < WAIT_MS / 100; i++, g_usleep(100000)) {
        g_autofree char *now = NULL;
        if (g_file_get_contents(log, &now, NULL, NULL) && strstr(now, text))
            return TRUE;
    }
    return fail(error, "%s does not say '%s'", log, text);
}

static gboolean wait_socket(const char *path, GError **error)
{
    for (guint i = 0; i < WAIT_MS / 50; i++, g_usleep(50000))
        if (access(path, F_OK) == 0)
            return TRUE;
    return fail(error, "QEMU makes no %s", path);
}

static Process *start_qemu(const char *words, GError **error)
{
    g_autofree char *log = g_strdup_printf("%s/qemu.log", harness_logs());
    g_autofree char *line =
        g_strconcat("exec qemu-system-x86_64 -nodefaults -display none -vga none -accel tcg "
                    "-qmp unix:{}/qmp,server=on,wait=off ",
                    words, NULL);
    g_autofree char *command = expand(line), *monitor = in_folder("qmp");
    g_unlink(monitor);
    Process *process = start_shell(command, log, error);
    if (process && wait_socket(monitor, error))
        return process;
    process_free(process);
    return NULL;
}

/* libvirt's monitor of the one domain "there is", as far as the doctor asks for it. */
static const char virsh[] = "#!/bin/sh\n"
                            "[ \"$3\" = there ] || { echo 'error: no domain' >&2; exit 1; }\n"
                            "case $2 in\n"
                            "domstate) echo running ;;\n"
                            "*) printf '{\"execute\": \"qmp_capabilities\"}\\n%s\\n' \"$4\" |\n"
                            "    socat -t1 - UNIX-CONNECT:${0%/*}/qmp | tail -n 1 ;;\n"
                            "esac\n";

static gboolean install_virsh(GError **error)
{
    g_autofree char *path = in_folder("virsh");
    return g_file_set_contents(path, virsh, -1, error) && g_chmod(path, 0700) == 0;
}

/* ---- what the doctor says ---- */

typedef struct {
    JsonNode *root;
    JsonArray *checks; /* its */
    GString *bad;      /* their names */
    int status;
} Report;

static void report_clear(Report *report)
{
    g_clear_pointer(&report->root, json_node_unref);
    if (report->bad)
        g_string_free(report->bad, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Report, report_clear)

static gboolean report_read(Report *report, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, error) ||
        !(report->root = json_from_string(text, error)))
        return *error ? FALSE : fail(error, "it says nothing");
    report->checks = json_object_get_array_member(json_node_get_object(report->root), "checks");
    report->bad = g_string_new(NULL);
    for (guint i = 0; i < json_array_get_length(report->checks); i++) {
        JsonObject *check = json_array_get_object_element(report->checks, i);
        if (strcmp(json_object_get_string_member(check, "state"), "bad") == 0)
            g_string_append_printf(report->bad, "%s%s", report->bad->len ? " " : "",
                                   json_object_get_string_member(check, "check"));
    }
    return TRUE;
}

/* words may begin with variables for the environment. */
static gboolean ask_doctor(const char *words, Report *report, GError **error)
{
    g_autofree char *output = in_folder("doctor.json"),
                    *log = g_strdup_printf("%s/doctor.log", harness_logs());
    g_autofree char *expanded = expand(words);
    g_autofree char *command = g_strdup_printf("camredir doctor --json %s >'%s'", expanded, output);
    *report = (Report){.status = -1};
    Process *process = start_shell(command, log, error);
    gboolean ended = process && process_wait(process, WAIT_MS, &report->status);
    process_free(process);
    return ended ? report_read(report, output, error) : fail(error, "it does not end");
}

static const char *report_member(const Report *report, const char *name, const char *member)
{
    for (guint i = 0; i < json_array_get_length(report->checks); i++) {
        JsonObject *check = json_array_get_object_element(report->checks, i);
        if (strcmp(json_object_get_string_member(check, "check"), name) == 0 &&
            !json_object_get_null_member(check, member))
            return json_object_get_string_member(check, member);
    }
    return "";
}

static const char *meant(const Setup *setup)
{
    if (setup->check)
        return setup->check;
    const char *blank = strrchr(setup->bad, ' ');
    return blank ? blank + 1 : setup->bad;
}

static gboolean check_report(const Setup *setup, const Report *report, GError **error)
{
    const char *text = report_member(report, meant(setup), "text"),
               *remedy = report_member(report, meant(setup), "remedy");
    if (strcmp(report->bad->str, setup->bad) != 0)
        return fail(error, "bad are '%s', not '%s'", report->bad->str, setup->bad);
    if (!strstr(text, setup->says))
        return fail(error, "'%s' does not say '%s'", text, setup->says);
    if (!strstr(remedy, setup->helps))
        return fail(error, "the remedy '%s' does not say '%s'", remedy, setup->helps);
    return report->status == (*setup->bad ? 1 : 0) || fail(error, "status %d", report->status);
}

/* ---- following what it says ---- */

static gboolean is_good_now(const Setup *setup, GError **error)
{
    g_auto(Report) report = {0};
    if (!ask_doctor(setup->doctor, &report, error))
        return FALSE;
    const char *state = report_member(&report, meant(setup), "state");
    return strcmp(state, "good") == 0 || fail(error, "it is %s still", state);
}

/* Commands that end, each line one of them. */
static gboolean run_it(const Setup *setup, const char *remedy, GError **error)
{
    g_autofree char *script = g_strconcat("set -e\n", remedy, NULL);
    return run_shell(script, 0, error) && is_good_now(setup, error);
}

/* The first line alone. */
static gboolean run_first(const Setup *setup, const char *remedy, GError **error)
{
    g_autofree char *first = g_strndup(remedy, strcspn(remedy, "\n"));
    return run_it(setup, first, error);
}

/* A command that brings the camera in, and goes on. */
static gboolean share_it(const Setup *setup, const char *remedy, GError **error)
{
    static guint count;
    g_autofree char *log = g_strdup_printf("%s/followed-%u.log", harness_logs(), ++count);
    g_autofree char *command = g_strconcat("exec ", remedy, NULL);
    (void)setup;
    int status = -1;
    Process *process = start_shell(command, log, error);
    gboolean good = process && wait_for(log, CONNECTED, error);
    if (good) {
        process_signal(process, SIGTERM);
        good =
            process_wait(process, WAIT_MS, &status) || fail(error, "it does not end: %s", remedy);
    }
    process_free(process);
    return good;
}

/* The same question again, once the VM goes on. */
static gboolean go_on_and_run(const Setup *setup, const char *remedy, GError **error)
{
    g_autofree char *cont =
        expand("echo '{\"execute\": \"qmp_capabilities\"} {\"execute\": \"cont\"}' | "
               "socat -t2 - UNIX-CONNECT:{}/qmp");
    return run_shell(cont, 0, error) && run_shell(remedy, 1, error) && is_good_now(setup, error);
}

#define PASSWORD "open-sesame"

static gboolean type_password(const Setup *setup, const char *remedy, GError **error)
{
    g_autofree char *output = in_folder("typed");
    g_autofree char *command = g_strdup_printf(
        "(sleep 1; echo " PASSWORD "; sleep 8) | script -qec '%s --wait 2' %s", remedy, output);
    (void)setup;
    g_unsetenv("CAMREDIR_SPICE_PASSWORD");
    return run_shell(command, 1, error) && wait_for(output, "usb-redir guest", error);
}

/* ---- in a guest, and over a slow link ---- */

/* Whether a mode of the forecast runs; -1: it is not in there. */
static int runs(const Report *report, const char *format, int width)
{
    JsonArray *modes = json_object_get_array_member(json_node_get_object(report->root), "formats");
    for (guint i = 0; i < json_array_get_length(modes); i++) {
        JsonObject *mode = json_array_get_object_element(modes, i);
        if (strcmp(json_object_get_string_member(mode, "format"), format) == 0 &&
            json_object_get_int_member(mode, "width") == width)
            return json_object_get_boolean_member(mode, "runs");
    }
    return -1;
}

static gboolean check_forecast(const Report *report, gboolean slow, GError **error)
{
    const char *const good[] = {"guest-enumerates", "guest-driver", "link-round-trip",
                                "link-throughput", "link-formats"};
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        if (strcmp(report_member(report, good[i], "state"), "good") != 0)
            return fail(error, "%s: %s", good[i], report_member(report, good[i], "text"));
    printf("# %s, %s\n", report_member(report, "link-throughput", "text"),
           report_member(report, "link-round-trip", "text"));
    /* What an unhindered link carries depends on how busy the machine is: said, not judged. */
    if (runs(report, "MJPEG", 640) != 1 || runs(report, "YUY2", 1280) < 0 ||
        (slow && runs(report, "YUY2", 1280) != 0))
        return fail(error, "MJPEG 640: %d, YUY2 1280: %d", runs(report, "MJPEG", 640),
                    runs(report, "YUY2", 1280));
    return TRUE;
}

static gboolean visit_guest(gboolean slow, GError **error)
{
    Vm *vm = vm_new(slow ? "doctor-slow" : "doctor", VM_XHCI | VM_TCP);
    g_autofree char *words = g_strdup_printf("pattern --wait 5 %s", vm_address(vm, VM_TCP));
    g_auto(Report) report = {0};
    gboolean good = vm_boot(vm, error) && ask_doctor(words, &report, error) &&
                    (!*report.bad->str || fail(error, "bad: %s", report.bad->str)) &&
                    check_forecast(&report, slow, error);
    vm_free(vm);
    return good;
}

/* ---- the set-ups ---- */

#define PORT  "-chardev socket,id=cam,path={}/cam,server=on,wait=off -device usb-redir,chardev=cam"
#define XHCI  "-device qemu-xhci "
#define SPICE "-spice unix=on,addr={}/spice,disable-ticketing=on "
#define LOCKED                                                                                     \
    "-object secret,id=key,data=" PASSWORD " -spice unix=on,addr={}/spice,password-secret=key "    \
    "-chardev spiceport,name=org.camredir.camera.0,id=cam -device usb-redir,chardev=cam"
#define QMP "pattern --qmp {}/qmp"

static const Setup setups[] = {
    {"nothing is wrong", XHCI PORT, NULL, QMP, "", "", "", NULL, NULL},
    {"no controller", "", NULL, QMP, "usb-controller usb-redir", "no usb-redir", "share", share_it,
     NULL},
    {"no controller, one is added", "", NULL, QMP, "usb-controller usb-redir", "has none",
     "device_add", run_first, "usb-controller"},
    {"no usb-redir", XHCI, NULL, QMP, "usb-redir", "no usb-redir", "share pattern", share_it, NULL},
    {"usb-redir taken", XHCI PORT, "camredir share pattern --to unix:{}/cam", QMP, "usb-redir-free",
     "taken", "share pattern", share_it, NULL},
    {"EHCI and a super-speed camera", "-device usb-ehci " PORT, NULL, QMP " --speed super",
     "usb-speed", "usb-ehci carries no super-speed", "--speed high", share_it, NULL},
    {"UHCI alone", "-device piix3-usb-uhci " PORT, NULL, QMP, "usb-speed",
     "piix3-usb-uhci carries no high-speed", "--speed full", share_it, NULL},
    {"SPICE without a port", XHCI SPICE, NULL, QMP, "usb-redir spice-port", "no usb-redir",
     "spiceport", run_it, NULL},
    {"a paused VM", "-S " XHCI PORT, NULL, QMP, "vm-runs", "prelaunch", "cont", run_it, NULL},
    {"a domain of libvirt", XHCI PORT, NULL, "pattern --libvirt there", "", "", "", NULL, NULL},
    {"a domain without usb-redir", XHCI, NULL, "pattern --libvirt there", "usb-redir",
     "no usb-redir", "camredir share pattern --libvirt there", NULL, NULL},
    {"no such domain", NULL, NULL, "pattern --libvirt nowhere", "qemu-answers", "no domain",
     "virsh start nowhere", NULL, NULL},
    {"no monitor", NULL, NULL, "pattern --qmp {}/nobody", "qemu-answers", "no such socket",
     "-qmp unix:", NULL, NULL},
    {"a file that is no monitor", NULL, NULL, "pattern --qmp /etc/passwd", "qemu-answers", "",
     "-qmp unix:", NULL, NULL},
    {"nobody at the address", NULL, NULL, "pattern --to unix:{}/nobody", "link-opens",
     "no such socket", "vm args --via unix:", NULL, NULL},
    {"a paused VM, seen from outside", "-S " XHCI PORT, NULL, "pattern --to unix:{}/cam --wait 1",
     "link-greets", "paused", "camredir doctor pattern --to", go_on_and_run, NULL},
    {"a port with another client", XHCI PORT, "camredir share pattern --to unix:{}/cam",
     "pattern --to unix:{}/cam --wait 1", "link-greets", "another client", "no other client", NULL,
     NULL},
    {"a VM without a system", XHCI PORT, NULL, "pattern --to unix:{}/cam --wait 1",
     "guest-enumerates", "", "--wait 60", NULL, NULL},
    {"a filter", XHCI PORT ",filter=0x0e:-1:-1:-1:0", NULL, "pattern --to unix:{}/cam --wait 1",
     "link-takes guest-enumerates", "", "", NULL, NULL},
    {"a wrong password", XHCI LOCKED, NULL, "pattern --to spice+unix://{}/spice --wait 5",
     "link-opens", "password", "--ask-password", type_password, NULL},
    {"no such camera", NULL, NULL, "Nikon", "camera-found", "Nikon", "camredir doctor pattern",
     NULL, NULL},
    {"a file that is no picture", NULL, NULL, "file:/bin/sh", "camera-found", "/bin/sh",
     "camredir doctor pattern", NULL, NULL},
};

static gboolean examine(const Setup *setup, GError **error)
{
    g_auto(Report) report = {0};
    if (!ask_doctor(setup->doctor, &report, error) || !check_report(setup, &report, error))
        return FALSE;
    return !setup->follow ||
           setup->follow(setup, report_member(&report, meant(setup), "remedy"), error);
}

typedef struct Row Row;
struct Row {
    gboolean (*run)(const Row *row, GString *note, GError **error);
    const Setup *setup;
};

static gboolean run_setup(const Row *row, GString *note, GError **error)
{
    const Setup *setup = row->setup;
    (void)note;
    g_autofree char *log = g_strdup_printf("%s/before.log", harness_logs());
    g_autofree char *before = setup->before ? expand(setup->before) : NULL;
    g_autofree char *command = before ? g_strconcat("exec ", before, NULL) : NULL;
    g_setenv("CAMREDIR_SPICE_PASSWORD", "wrong", TRUE);
    g_unlink(log);
    Process *qemu = setup->qemu ? start_qemu(setup->qemu, error) : NULL;
    Process *other = command && !*error ? start_shell(command, log, error) : NULL;
    gboolean good = !*error && (!other || wait_for(log, CONNECTED, error)) && examine(setup, error);
    process_free(other);
    process_free(qemu);
    return good;
}

/* A network of its own, so that nobody else's is slow: 80 Mbit/s and, where the kernel has netem, a
   round trip of 2 ms. */
#define SLOW                                                                                       \
    "unshare -n sh -c 'ip link set lo up mtu 1500 && "                                             \
    "{ tc qdisc add dev lo root netem rate 80mbit delay 1ms limit 10000 2>/dev/null || "           \
    "tc qdisc add dev lo root tbf rate 80mbit burst 128kb latency 50ms; }"

static gboolean run_slow(const Row *row, GString *note, GError **error)
{
    g_autoptr(GError) why = NULL;
    (void)row;
    if (!run_shell(SLOW "'", 0, &why)) {
        g_string_append(note, "# SKIP tc in a network of our own is not permitted");
        return TRUE;
    }
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *command = g_strdup_printf(SLOW " && exec %s'", self);
    const char *argv[] = {"sh", "-c", command, NULL};
    g_autofree char *said = NULL;
    int status = -1;
    g_setenv(IN_NETWORK, "1", TRUE);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &said, NULL, &status,
                 NULL);
    g_unsetenv(IN_NETWORK);
    return status == 0 || fail(error, "%s", said ? g_strchomp(said) : "it does not start");
}

static gboolean run_guest(const Row *row, GString *note, GError **error)
{
    (void)row, (void)note;
    return visit_guest(FALSE, error);
}

/* The remedies say "camredir". */
static void set_path(void)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *absolute = g_canonicalize_filename(program, NULL);
    g_autofree char *folder = g_path_get_dirname(absolute);
    g_autofree char *path = g_strconcat(harness_folder(), ":", folder, ":", g_getenv("PATH"), NULL);
    g_setenv("PATH", path, TRUE);
}

static gboolean run_row(gconstpointer user, GString *note, GError **error)
{
    const Row *row = user;
    return row->run(row, note, error);
}

static void test_wanted(Suite *suite, const char *part, const char *name, Row row)
{
    if (!part || strstr(name, part))
        suite_test(suite, name, &row);
}

int main(int argc, char **argv)
{
    Suite suite = {.output = stdout, .run = run_row, .renew = process_kill_all};
    const char *part = argc > 1 ? argv[1] : NULL;
    harness_init("doctor-tests");
    set_path();
    if (!install_virsh(NULL))
        return 1;
    if (g_getenv(IN_NETWORK)) {
        g_autoptr(GError) error = NULL;
        gboolean good = visit_guest(TRUE, &error);
        printf("%s\n", good ? "a slow link is seen" : error ? error->message : "?");
        return !good;
    }
    for (guint i = 0; i < G_N_ELEMENTS(setups); i++)
        test_wanted(&suite, part, setups[i].name, (Row){run_setup, &setups[i]});
    test_wanted(&suite, part, "a guest", (Row){run_guest, NULL});
    test_wanted(&suite, part, "a slow link", (Row){run_slow, NULL});
    return suite_end(&suite);
}
