/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each check of camredir doctor on facts that are made up, and the cameras of machines that are. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "fake_v4l2.h"
#include "tools/doctor.h"
#include "tools/holders.h"

static const struct fake_model webcam = {
    .card = "Webcam",
    .driver = "uvcvideo",
    .bus = "usb-1",
    .index = "0",
    .formats = {{V4L2_PIX_FMT_YUYV, .sizes = {{640, 480, {{1, 30}}}, {1280, 720, {{1, 30}}}}},
                {V4L2_PIX_FMT_MJPEG, .sizes = {{1280, 720, {{1, 30}}}}}},
};

/* ---- facts ---- */

static GArray *array_of(guint size)
{
    return g_array_new(FALSE, FALSE, size);
}

static void add_controller(struct doctor_facts *facts, const char *type, RedirSpeeds speeds)
{
    const struct doctor_controller c = {.type = type, .speeds = speeds, .ports = 4, .used = 1};
    g_array_append_val(facts->qemu.controllers, c);
}

static void add_port(struct doctor_facts *facts, const struct doctor_port *port)
{
    g_array_append_val(facts->qemu.ports, *port);
}

#define ALL (REDIR_SPEED_FULL | REDIR_SPEED_HIGH | REDIR_SPEED_SUPER)

static const struct doctor_port free_port = {
    .id = "cam", .address = "unix:/c", .speeds = ALL, .controller = "qemu-xhci"};

/* Nothing is wrong with it; the arrays alone are to be freed. */
static struct doctor_facts healthy(void)
{
    struct doctor_facts facts = {
        .speed = REDIR_SPEED_HIGH,
        .way = "--qmp /q",
        .where = "--qmp /q",
        .visit = "--to unix:/c",
        .monitor = "/q",
        .to = "unix:/c",
        .camera = {.found = TRUE, .path = "/dev/video0", .name = "Webcam"},
        .qemu = {.major = 7, .minor = 2, .status = "running", .knows_redir = TRUE},
        .link = {.opened = TRUE,
                 .greeted = TRUE,
                 .peer = "qemu",
                 .asked = TRUE,
                 .configured = TRUE,
                 .driver = TRUE,
                 .round_trip_us = 100,
                 .bytes = 500000000,
                 .bytes_us = 1000000},
    };
    const struct vcam_mode mode = {VCAM_YUY2, 1280, 720, 333333};
    vcam_offer_add(&facts.camera.offer, &mode);
    facts.qemu.controllers = array_of(sizeof(struct doctor_controller));
    facts.qemu.ports = array_of(sizeof(struct doctor_port));
    return facts;
}

static void unhealthy(struct doctor_facts *facts)
{
    g_array_unref(facts->qemu.controllers);
    g_array_unref(facts->qemu.ports);
}

static void add_usual(struct doctor_facts *facts)
{
    add_controller(facts, "qemu-xhci", ALL);
    add_port(facts, &free_port);
}

/* ---- one thing is wrong ---- */

static void nothing(struct doctor_facts *facts)
{
    add_usual(facts);
}

static void no_camera(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->camera = (struct doctor_camera){.why = "no camera"};
}

static void no_driver(struct doctor_facts *facts)
{
    no_camera(facts);
    facts->camera.unbound = TRUE;
}

static void unreadable(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->camera.error = -EACCES;
    facts->camera.group = "video";
}

static void roots_own(struct doctor_facts *facts)
{
    unreadable(facts);
    facts->camera.group = NULL;
}

static void foreign_busy(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->camera.error = -EBUSY;
}

static void no_formats(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->camera.offer.n_formats = 0;
    facts->camera.other_formats = 3;
}

static void silent(struct doctor_facts *facts)
{
    facts->qemu.why = "one client at a time";
}

static void old(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->qemu.major = 2;
}

static void no_redir_device(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->qemu.knows_redir = FALSE;
}

/* A companion of EHCI has no bus. */
static void no_controller(struct doctor_facts *facts)
{
    const struct doctor_controller companion = {.type = "ich9-usb-uhci1", .companion = TRUE};
    g_array_append_val(facts->qemu.controllers, companion);
}

static void slow_port(struct doctor_facts *facts)
{
    struct doctor_port port = free_port;
    port.speeds = REDIR_SPEED_HIGH;
    port.controller = "usb-ehci";
    facts->speed = REDIR_SPEED_SUPER;
    add_controller(facts, "usb-ehci", REDIR_SPEED_HIGH);
    add_port(facts, &port);
}

/* The one that is free counts, though it is slow. */
static void fast_taken(struct doctor_facts *facts)
{
    struct doctor_port port = free_port;
    slow_port(facts);
    port.taken = TRUE;
    add_port(facts, &port);
}

static void all_taken(struct doctor_facts *facts)
{
    struct doctor_port port = free_port;
    add_controller(facts, "qemu-xhci", ALL);
    port.taken = TRUE;
    add_port(facts, &port);
    add_port(facts, &port);
}

static void open_spice(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->qemu.spice.enabled = TRUE;
    facts->qemu.spice.host = "*";
    facts->qemu.spice.port = 5900;
}

static void safe_spice(struct doctor_facts *facts)
{
    open_spice(facts);
    facts->qemu.spice.tls_port = 5901;
}

static void refused(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->link = (struct doctor_link){.why = "the server refuses the password"};
    facts->to = "spice://h:1";
}

static void nobody(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->link = (struct doctor_link){.why = "no answer"};
}

static void nobody_calls(struct doctor_facts *facts)
{
    nobody(facts);
    facts->to = "unix:/run/cam";
    facts->awaited = TRUE;
}

static void nobody_calls_by_tcp(struct doctor_facts *facts)
{
    nobody_calls(facts);
    facts->to = "tcp:127.0.0.1:4000";
}

static void untrusted(struct doctor_facts *facts)
{
    refused(facts);
    facts->link.why = "the certificate cannot be verified";
}

static void ignored(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->link.asked = facts->link.configured = facts->link.driver = FALSE;
}

static void looked_at(struct doctor_facts *facts)
{
    ignored(facts);
    facts->link.asked = TRUE;
}

static void driverless(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->link.driver = FALSE;
}

static void too_slow(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->link.bytes = 11000000;
}

/* 5 requests of 16 KiB each 10 ms: 8 MB/s. */
static void far(struct doctor_facts *facts)
{
    add_usual(facts);
    facts->link.round_trip_us = 10000;
}

static void far_buffered(struct doctor_facts *facts)
{
    far(facts);
    facts->link.buffers = TRUE;
}

static const struct {
    const char *name;
    void (*make)(struct doctor_facts *facts);
    const char *check;
    enum doctor_state state;
    const char *says, *remedy;
} cases[] = {
    {"nothing", nothing, "camera-found", DOCTOR_GOOD, "/dev/video0, Webcam", NULL},
    {"nothing/free", nothing, "usb-redir-free", DOCTOR_GOOD, "--to unix:/c", NULL},
    {"nothing/formats", nothing, "link-formats", DOCTOR_GOOD, "1 of 1", NULL},
    {"nothing/spice", nothing, "spice", DOCTOR_NOTE, "off", NULL},
    {"nothing/streams", nothing, "guest-streams", DOCTOR_NOTE, "no program", NULL},
    {"no-camera", no_camera, "camera-found", DOCTOR_BAD, "no camera",
     "camredir doctor pattern --qmp /q"},
    {"no-camera/readable", no_camera, "camera-readable", DOCTOR_UNKNOWN, "", NULL},
    {"no-driver", no_driver, "camera-found", DOCTOR_BAD, "no driver", "sudo modprobe uvcvideo"},
    {"unreadable", unreadable, "camera-readable", DOCTOR_BAD, "group video",
     "sudo usermod -aG video $USER"},
    {"roots-own", roots_own, "camera-readable", DOCTOR_BAD, "root alone",
     "sudo setfacl -m u:$USER:rw /dev/video0"},
    {"foreign-busy", foreign_busy, "camera-free", DOCTOR_BAD, "another user's",
     "sudo fuser -v /dev/video0"},
    {"no-formats", no_formats, "camera-formats", DOCTOR_BAD, "3 others", "camredir list"},
    {"silent", silent, "qemu-answers", DOCTOR_BAD, "one client", "-qmp unix:"},
    {"silent/controller", silent, "usb-controller", DOCTOR_UNKNOWN, "", NULL},
    {"old", old, "qemu-version", DOCTOR_NOTE, "2.2.0: older", NULL},
    {"no-redir", no_redir_device, "usb-redir-known", DOCTOR_BAD, "without it", "apt install"},
    {"no-controller", no_controller, "usb-controller", DOCTOR_BAD, "none",
     "\"driver\": \"qemu-xhci\""},
    {"no-controller/socat", no_controller, "usb-controller", DOCTOR_BAD, "none",
     "socat -t2 - UNIX-CONNECT:/q"},
    {"slow-port", slow_port, "usb-speed", DOCTOR_BAD, "usb-ehci carries no super-speed",
     "camredir share --qmp /q --speed high"},
    {"fast-taken", fast_taken, "usb-speed", DOCTOR_BAD, "usb-ehci", "--speed high"},
    {"fast-taken/free", fast_taken, "usb-redir-free", DOCTOR_GOOD, "", NULL},
    {"all-taken", all_taken, "usb-redir-free", DOCTOR_BAD, "taken", "camredir share --qmp /q"},
    {"spice/port", open_spice, "spice-port", DOCTOR_NOTE, "no usb-redir is behind", NULL},
    {"spice/open", open_spice, "spice-tls", DOCTOR_NOTE, "port 5900 unencrypted", NULL},
    {"spice/safe", safe_spice, "spice-tls", DOCTOR_GOOD, "5901, and without", NULL},
    {"refused", refused, "link-opens", DOCTOR_BAD, "password", "--ask-password"},
    {"nobody", nobody, "link-opens", DOCTOR_BAD, "no answer", "vm args --via unix:/c"},
    {"nobody-calls", nobody_calls, "link-opens", DOCTOR_BAD, "no answer",
     "-chardev socket,id=camera0,path=/run/cam,reconnect=1"},
    {"nobody-calls/tcp", nobody_calls_by_tcp, "link-opens", DOCTOR_BAD, "no answer",
     "socket,id=camera0,host=127.0.0.1,port=4000,reconnect=1"},
    {"untrusted", untrusted, "link-opens", DOCTOR_BAD, "certificate", "--ca-file"},
    {"ignored", ignored, "guest-enumerates", DOCTOR_BAD, "nobody in the VM",
     "camredir doctor --to unix:/c --wait 60"},
    {"looked-at", looked_at, "guest-enumerates", DOCTOR_BAD, "not taken it", "--wait 60"},
    {"driverless", driverless, "guest-driver", DOCTOR_BAD, "no camera's driver", "modprobe"},
    {"too-slow", too_slow, "link-formats", DOCTOR_BAD, "0 of 1", "--size 320x240"},
    {"too-slow/throughput", too_slow, "link-throughput", DOCTOR_GOOD, "11.0 MB/s", NULL},
    {"far", far, "link-formats", DOCTOR_BAD, "0 of 1", "--size 320x240"},
    {"far/buffered", far_buffered, "link-formats", DOCTOR_GOOD, "1 of 1", NULL},
};

static const struct doctor_finding *find(const GArray *findings, const char *check)
{
    for (guint i = 0; i < findings->len; i++)
        if (strcmp(g_array_index(findings, struct doctor_finding, i).check, check) == 0)
            return &g_array_index(findings, struct doctor_finding, i);
    g_error("no check %s", check);
}

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    struct doctor_facts facts = healthy();
    cases[i].make(&facts);
    g_autoptr(GArray) findings = doctor_judge(&facts);
    const struct doctor_finding *f = find(findings, cases[i].check);
    g_test_message("%s; %s", f->text, f->remedy ? f->remedy : "");
    g_assert_cmpint(f->state, ==, cases[i].state);
    g_assert_nonnull(strstr(f->text, cases[i].says));
    g_assert_cmpint(f->remedy != NULL, ==, cases[i].remedy != NULL);
    if (f->remedy)
        g_assert_nonnull(strstr(f->remedy, cases[i].remedy));
    unhealthy(&facts);
}

/* Whatever is bad has something that mends it. */
static void test_remedies(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct doctor_facts facts = healthy();
        cases[i].make(&facts);
        g_autoptr(GArray) findings = doctor_judge(&facts);
        for (guint k = 0; k < findings->len; k++) {
            const struct doctor_finding *f = &g_array_index(findings, struct doctor_finding, k);
            g_assert_nonnull(f->text);
            g_assert_cmpint(f->remedy != NULL, ==, f->state == DOCTOR_BAD);
        }
        unhealthy(&facts);
    }
}

static void test_parts(void)
{
    struct doctor_facts facts = healthy();
    add_usual(&facts);
    facts.monitor = facts.to = NULL;
    g_autoptr(GArray) findings = doctor_judge(&facts);
    g_assert_cmpuint(findings->len, ==, 4);
    unhealthy(&facts);
}

static void test_forecast(void)
{
    struct doctor_facts facts = healthy();
    const struct vcam_mode more = {VCAM_MJPEG, 1280, 720, 333333};
    vcam_offer_add(&facts.camera.offer, &more);
    facts.link.bytes = 11000000;
    g_autoptr(GArray) modes = doctor_forecast(&facts);
    g_assert_cmpuint(modes->len, ==, 2);
    const struct doctor_mode *raw = &g_array_index(modes, struct doctor_mode, 0);
    const struct doctor_mode *jpeg = &g_array_index(modes, struct doctor_mode, 1);
    g_assert_cmpfloat_with_epsilon(raw->needs, 1280 * 720 * 2 * 30.0, 1000);
    g_assert_false(raw->runs);
    g_assert_true(jpeg->runs);
    facts.link.bytes_us = 0;
    g_autoptr(GArray) none = doctor_forecast(&facts);
    g_assert_cmpuint(none->len, ==, 0);
    unhealthy(&facts);
}

/* A guest that asks for little says nothing about what the link could carry. */
static void test_forecast_of_a_stream(void)
{
    struct doctor_facts facts = healthy();
    facts.link.to_the_guest = TRUE;
    facts.link.bytes = 1000000;
    g_autoptr(GArray) few = doctor_forecast(&facts);
    g_assert_cmpuint(few->len, ==, 0);
    facts.link.bytes = 100000000;
    g_autoptr(GArray) all = doctor_forecast(&facts);
    g_assert_cmpuint(all->len, ==, 1);
    unhealthy(&facts);
}

/* ---- cameras ---- */

static void test_cameras(void)
{
    struct doctor_facts facts = {.way = "--to a"};
    fake_reset();
    fake_plug(0, &webcam);
    fake_plug(1, &webcam);
    fake_forbid(0, -EACCES);
    fake_occupy(1, true);
    doctor_look_camera(&facts, &fake_v4l2);
    g_assert_cmpstr(facts.camera.path, ==, "/dev/video1"); /* as share would */
    g_assert_cmpint(facts.camera.error, ==, -EBUSY);
    g_assert_nonnull(facts.camera.holders);
    doctor_camera_clear(&facts.camera);

    fake_pull(1);
    doctor_look_camera(&facts, &fake_v4l2);
    g_assert_cmpstr(facts.camera.path, ==, "/dev/video0");
    g_assert_cmpint(facts.camera.error, ==, -EACCES);
    doctor_camera_clear(&facts.camera);

    facts.camera_spec = "pattern";
    doctor_look_camera(&facts, &fake_v4l2);
    g_assert_true(facts.camera.found);
    g_assert_null(facts.camera.path);
    doctor_camera_clear(&facts.camera);

    facts.camera_spec = "Nikon";
    doctor_look_camera(&facts, &fake_v4l2);
    g_assert_false(facts.camera.found);
    g_assert_nonnull(strstr(facts.camera.why, "Nikon"));
    doctor_camera_clear(&facts.camera);
    fake_reset();
}

/* The remedy is followed: it ends the program that has the camera. */
static void test_busy(void)
{
    const char *const argv[] = {"sleep", "60", NULL};
    g_autoptr(GError) error = NULL;
    GPid pid;
    int status;
    g_assert_true(g_spawn_async(NULL, (char **)argv, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                &error));
    struct doctor_facts facts = healthy();
    struct holder holder = {(guint)pid, "sleep"};
    add_usual(&facts);
    facts.camera.error = -EBUSY;
    facts.camera.holders = g_ptr_array_new();
    g_ptr_array_add(facts.camera.holders, &holder);
    g_autoptr(GArray) findings = doctor_judge(&facts);
    const struct doctor_finding *f = find(findings, "camera-free");
    g_assert_nonnull(strstr(f->text, "used by sleep ("));
    g_assert_true(g_spawn_command_line_sync(f->remedy, NULL, NULL, NULL, &error));
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    g_ptr_array_unref(facts.camera.holders);
    unhealthy(&facts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/doctor/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/doctor/remedies", test_remedies);
    g_test_add_func("/doctor/parts", test_parts);
    g_test_add_func("/doctor/forecast", test_forecast);
    g_test_add_func("/doctor/forecast-of-a-stream", test_forecast_of_a_stream);
    g_test_add_func("/doctor/cameras", test_cameras);
    g_test_add_func("/doctor/busy", test_busy);
    return g_test_run();
}
