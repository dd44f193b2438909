/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: the camera goes into a live domain of a libvirt that the tests start, and out again;
   into its SPICE server where there is no port for it; and what libvirts without QEMU answer. */
#include "tests/guest/guest_tests.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "tests/guest/libvirt.h"

#define BULK   "pattern --format YUY2,MJPEG --size 320x240,640x480 --fps 30"
#define DOMAIN "libvirt"
#define ALIAS  "ua-camredir-cam-"

static Vm *machine;

void libvirt_tests_end(void)
{
    g_clear_pointer(&machine, vm_free);
    libvirt_end();
}

/* ---- what libvirt says is in the domain ---- */

static gboolean check_cameras(guint wanted, GError **error)
{
    g_autofree char *xml = libvirt_virsh("dumpxml " DOMAIN, error);
    guint n = 0;
    for (const char *at = xml; at && (at = strstr(at, ALIAS)); at++)
        n++;
    return xml &&
           (n == wanted || fail(error, "%u cameras in the domain, not %u: %s", n, wanted, xml));
}

/* With the camera in it, by libvirt's own schema. */
static gboolean check_schema(GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/live.xml", harness_folder());
    g_autofree char *command = g_strdup_printf("virt-xml-validate %s domain", path);
    g_autofree char *xml = libvirt_virsh("dumpxml " DOMAIN, error);
    g_autofree char *output = NULL, *errors = NULL;
    int status = 0;
    return xml && g_file_set_contents(path, xml, -1, error) &&
           g_spawn_command_line_sync(command, &output, &errors, &status, error) &&
           (status == 0 || fail(error, "%s%s", output, errors));
}

/* Sockets of ours that lie about. */
static guint count_folders(void)
{
    g_autoptr(GDir) dir = g_dir_open(harness_folder(), 0, NULL);
    guint n = 0;
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(harness_folder(), name, "camera.sock", NULL);
        n += g_access(path, F_OK) == 0;
    }
    return n;
}

/* The program may have been built without libvirt. */
static gboolean is_built(void)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *folder = g_path_get_dirname(program);
    g_autofree char *library = g_build_filename(folder, "libcamredir-libvirt.so.0", NULL);
    return g_access(library, F_OK) == 0;
}
#define NOT_BUILT "# SKIP camredir was built without libvirt-dev"

/* A test finds the domain without a camera, and leaves it so. */
static gboolean run_clean(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    GuestStep *const *step = test->data;
    g_autoptr(GError) why = NULL;
    (void)outer;
    if (!is_built() || !libvirt_begin(&why)) {
        g_string_append_printf(note, why ? "# SKIP no libvirt here: %s" : NOT_BUILT "%s",
                               why ? why->message : "");
        return TRUE;
    }
    if (!machine)
        machine = vm_new(DOMAIN, VM_LIBVIRT);
    Session session = {.vm = machine};
    guint folders = count_folders();
    if ((vm_agent(machine) || vm_boot(machine, error)) && check_cameras(0, error) &&
        (*step)(&session, note, error) && check_cameras(0, error) &&
        (count_folders() == folders || fail(error, "a socket is left")))
        return TRUE;
    session_give_up(&session);
    return FALSE;
}

static gboolean in_and_out(Session *session, GString *note, GError **error)
{
    return session_plug(session, "libvirt", BULK, VM_LIBVIRT, error) && check_cameras(1, error) &&
           check_schema(error) && check_stream(session, "YUYV", 640, 480, 30, 30, note, error) &&
           check_stream(session, "MJPG", 320, 240, 30, 30, note, error) &&
           session_unplug(session, error);
}

static gboolean killed(Session *session, GString *note, GError **error)
{
    if (!session_plug(session, "libvirt-killed", BULK, VM_LIBVIRT, error))
        return FALSE;
    process_signal(share_process(session->share), SIGKILL);
    g_clear_pointer(&session->share, share_free);
    return check_cameras(1, error) &&
           session_plug(session, "libvirt-killed", BULK, VM_LIBVIRT, error) &&
           check_cameras(1, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

static gboolean two(Session *left, GString *note, GError **error)
{
    Session right = {.vm = left->vm, .part = "Right"};
    left->part = "Left";
    gboolean good =
        session_plug(left, "libvirt-left", BULK " --name Left", VM_LIBVIRT, error) &&
        session_plug(&right, "libvirt-right", BULK " --name Right", VM_LIBVIRT, error) &&
        check_cameras(2, error) && check_stream(left, "YUYV", 320, 240, 30, 15, note, error) &&
        check_stream(&right, "YUYV", 320, 240, 30, 15, note, error) &&
        session_unplug(left, error) && check_cameras(1, error) && session_unplug(&right, error);
    share_free(right.share);
    return good;
}

static gboolean restarted(Session *session, GString *note, GError **error)
{
    if (!session_plug(session, "libvirt-again", BULK, VM_LIBVIRT, error))
        return FALSE;
    vm_kill(session->vm);
    g_usleep(1500000); /* long enough for an attempt or two that fail */
    return vm_boot(session->vm, error) && session_find(session, WAIT_MS, error) &&
           check_stream(session, "YUYV", 320, 240, 30, 15, note, error) &&
           session_unplug(session, error);
}

/* ---- SPICE, and libvirts without QEMU ---- */

/* Its only port is the viewer's. No guest runs: to be connected is all that shows. */
#define SPICE_DOMAIN                                                                               \
    "<domain type='qemu'><name>spice</name><memory unit='MiB'>64</memory>"                         \
    "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"                                \
    "<controller type='usb' model='qemu-xhci' ports='1'/><redirdev bus='usb' type='spicevmc'/>"    \
    "<graphics type='spice'><listen type='socket'/></graphics><memballoon model='none'/>"          \
    "</devices></domain>"

static gboolean check_log(const Share *share, const char *says, GError **error)
{
    g_autofree char *text = NULL;
    return g_file_get_contents(share_log(share), &text, NULL, error) &&
           (strstr(text, says) || fail(error, "'%s' does not say '%s'", text, says));
}

static gboolean check_refused(const char *words, const char *says, GError **error)
{
    static guint count;
    int status = -1;
    g_autofree char *name = g_strdup_printf("libvirt-refused-%u", ++count);
    Share *share = share_start(name, "pattern --no-retry", words, error);
    gboolean good =
        share &&
        (process_wait(share_process(share), WAIT_MS, &status) || fail(error, "it does not end")) &&
        (status == 4 || fail(error, "status %d", status)) && check_log(share, says, error);
    share_free(share);
    return good;
}

static gboolean check_spice(const char *words, GError **error)
{
    Share *share = share_start("libvirt-spice", "pattern --no-retry", words, error);
    gboolean in = FALSE;
    for (guint i = 0; share && !in && i < WAIT_MS / 100 && process_running(share_process(share));
         i++, g_usleep(100000))
        in = check_log(share, "the guest will find the camera", NULL);
    if (in && check_log(share, "spice+unix:///", error) &&
        check_refused(words, "a viewer is connected", error))
        return share_stop(share, error);
    if (share && !*error)
        check_log(share, "the guest will find the camera", error);
    share_free(share);
    return FALSE;
}

static gboolean spice(Session *session, GString *note, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/spice.xml", harness_folder());
    g_autofree char *command = g_strdup_printf("create %s", path);
    g_autofree char *words = g_strdup_printf("--libvirt spice --libvirt-uri %s", libvirt_uri());
    (void)session, (void)note;
    if (!g_file_set_contents(path, SPICE_DOMAIN, -1, error))
        return FALSE;
    g_autofree char *created = libvirt_virsh(command, error);
    gboolean good = created && check_spice(words, error);
    if (created)
        libvirt_destroy("spice");
    return good;
}

/* libvirt's test driver, whose domains are what a file says. */
static const struct {
    const char *devices, *says;
} refusals[] = {
    {"", "no free USB port"},
    {"<controller type='usb' model='piix3-uhci'/>", "no free USB port"},
    {"<controller type='usb' model='qemu-xhci'/>", "not supported by the connection driver"},
    {"<redirdev bus='usb' type='spicevmc'/><controller type='usb' model='piix3-uhci'/>"
     "<graphics type='spice' port='1'/>",
     "whether a viewer is connected cannot be told"},
};

static gboolean run_refusals(const GuestTest *test, Session *session, GString *note, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/node.xml", harness_folder());
    g_autofree char *there = g_strdup_printf("--libvirt-uri test://%s --libvirt cam", path);
    g_autofree char *elsewhere = g_strdup_printf("%ss", there);
    (void)test, (void)session;
    if (!is_built()) {
        g_string_append(note, NOT_BUILT);
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *xml = g_strdup_printf(
            "<node><domain type='test'><name>cam</name><memory>8192</memory><os><type>hvm</type>"
            "</os><devices>%s</devices></domain></node>",
            refusals[i].devices);
        if (!g_file_set_contents(path, xml, -1, error) ||
            !check_refused(there, refusals[i].says, error))
            return FALSE;
    }
    return check_refused(elsewhere, "no such domain", error) &&
           check_refused("--libvirt cam --libvirt-uri test:///nowhere", "cannot be reached", error);
}

static const GuestTest tests[] = {
    {"libvirt: into a live domain, and out again", GUEST_STEP(run_clean, in_and_out)},
    {"libvirt: killed, the next start cleans up", GUEST_STEP(run_clean, killed)},
    {"libvirt: two cameras at once", GUEST_STEP(run_clean, two)},
    {"libvirt: the domain is destroyed and started again", GUEST_STEP(run_clean, restarted)},
    {"libvirt: by SPICE where no port is free", GUEST_STEP(run_clean, spice)},
    {"libvirt: refusals", run_refusals, NULL},
};

const GuestTestTable libvirt_tests = {tests, G_N_ELEMENTS(tests)};
