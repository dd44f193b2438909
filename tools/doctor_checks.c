/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of what can be wrong, and of what mends it. */
#include <errno.h>
#include <string.h>

#include "tools/doctor.h"
#include "redir/address.h"
#include "redir/transports/spice.h"
#include "tools/holders.h"
#include "tools/spice_address.h"

#define MB 1e6

/* ---- what a check says ---- */

G_GNUC_PRINTF(3, 4)
static void say(struct doctor_finding *f, enum doctor_state state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    f->state = state;
    f->text = g_strdup_vprintf(format, args);
    va_end(args);
}

/* Another remedy than the table's. */
G_GNUC_PRINTF(2, 3)
static void mend(struct doctor_finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(f->remedy);
    f->remedy = g_strdup_vprintf(format, args);
    va_end(args);
}

/* ---- the camera ---- */

static void camera_found(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_camera *c = &facts->camera;
    if (c->found) {
        say(f, DOCTOR_GOOD, "%s%s%s", c->path ? c->path : "", c->path ? ", " : "", c->name);
        return;
    }
    say(f, DOCTOR_BAD, "%s",
        c->unbound ? "a USB camera is plugged in, and no driver has taken it" : c->why);
    if (c->unbound)
        mend(f, "sudo modprobe uvcvideo");
    else
        mend(f, "camredir doctor pattern %s    # goes on with a test picture", facts->way);
}

static void camera_readable(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_camera *c = &facts->camera;
    if (!c->found) {
        say(f, DOCTOR_UNKNOWN, "there is none");
    } else if (c->error == -EACCES) {
        say(f, DOCTOR_BAD, "no permission for %s%s%s", c->path,
            c->group ? ", which is for the group " : ", which is for root alone",
            c->group ? c->group : "");
        if (c->group)
            mend(f, "sudo usermod -aG %s $USER    # then log in again", c->group);
        else
            mend(f, "sudo setfacl -m u:$USER:rw %s    # until it is plugged in again", c->path);
    } else if (c->error && c->error != -EBUSY) {
        say(f, DOCTOR_BAD, "%s: %s", c->path, g_strerror(-c->error));
        mend(f, "camredir list    # and choose one that is free");
    } else {
        say(f, DOCTOR_GOOD, "yes");
    }
}

static void camera_free(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_camera *c = &facts->camera;
    if (!c->found || (c->error && c->error != -EBUSY)) {
        say(f, DOCTOR_UNKNOWN, "it cannot be opened");
    } else if (c->error != -EBUSY) {
        say(f, DOCTOR_GOOD, "yes");
    } else if (!c->holders || !c->holders->len) {
        say(f, DOCTOR_BAD, "another user's program has it");
        mend(f, "sudo fuser -v %s    # shows which; close that", c->path);
    } else {
        const struct holder *first = c->holders->pdata[0];
        g_autofree char *who = holders_text(c->holders);
        say(f, DOCTOR_BAD, "used by %s", who);
        mend(f, "kill %u", first->pid);
    }
}

static char *format_names(const struct vcam_offer *offer)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < offer->n_formats; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "",
                               vcam_format_info(offer->formats[i].fourcc)->name);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static void camera_formats(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_camera *c = &facts->camera;
    g_autofree char *names = format_names(&c->offer);
    if (!c->found || (c->error && !c->offer.n_formats))
        say(f, DOCTOR_UNKNOWN, "it cannot be opened");
    else if (c->offer.n_formats)
        say(f, DOCTOR_GOOD, "%s", names);
    else
        say(f, DOCTOR_BAD, "none that a USB camera can have (but %u others)", c->other_formats);
}

/* ---- QEMU ---- */

#define OLDEST_MAJOR 5 /* that this has been seen with is 7.2 */

static gboolean qemu_is_silent(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (facts->qemu.why)
        say(f, DOCTOR_UNKNOWN, "QEMU does not answer");
    return facts->qemu.why != NULL;
}

static void qemu_answers(const struct doctor_facts *facts, struct doctor_finding *f)
{
    say(f, facts->qemu.why ? DOCTOR_BAD : DOCTOR_GOOD, "%s",
        facts->qemu.why ? facts->qemu.why : "yes");
    if (facts->domain)
        mend(f, "virsh start %s", facts->domain);
}

static void qemu_version(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_qemu *q = &facts->qemu;
    if (qemu_is_silent(facts, f))
        return;
    gboolean old = q->major < OLDEST_MAJOR;
    say(f, old ? DOCTOR_NOTE : DOCTOR_GOOD, "%u.%u.%u%s", q->major, q->minor, q->micro,
        old ? ": older than any that this was tried with" : "");
}

static void vm_runs(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (qemu_is_silent(facts, f))
        return;
    gboolean runs = g_strcmp0(facts->qemu.status, "running") == 0;
    say(f, runs ? DOCTOR_GOOD : DOCTOR_BAD, "%s", runs ? "yes" : facts->qemu.status);
}

static void redir_known(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (!qemu_is_silent(facts, f))
        say(f, facts->qemu.knows_redir ? DOCTOR_GOOD : DOCTOR_BAD, "%s",
            facts->qemu.knows_redir ? "yes" : "this QEMU was built or installed without it");
}

static char *controller_names(const GArray *controllers)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < controllers->len; i++) {
        const struct doctor_controller *c =
            &g_array_index(controllers, struct doctor_controller, i);
        if (!c->companion)
            g_string_append_printf(names, "%s%s (%u of %u ports used)", names->len ? ", " : "",
                                   c->type, c->used, c->ports);
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static void usb_controller(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (qemu_is_silent(facts, f))
        return;
    g_autofree char *names = controller_names(facts->qemu.controllers);
    say(f, *names ? DOCTOR_GOOD : DOCTOR_BAD, "%s", *names ? names : "the VM has none");
}

/* The best port for the camera: free, and fast enough. */
static const struct doctor_port *best_port(const struct doctor_facts *facts)
{
    const struct doctor_port *best = NULL;
    guint most = 0;
    for (guint i = 0; i < facts->qemu.ports->len; i++) {
        const struct doctor_port *p = &g_array_index(facts->qemu.ports, struct doctor_port, i);
        guint worth = 1 + 2 * !p->taken + !!(p->speeds & facts->speed);
        if (worth > most) {
            best = p;
            most = worth;
        }
    }
    return best;
}

static void usb_speed(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (qemu_is_silent(facts, f))
        return;
    const GArray *controllers = facts->qemu.controllers;
    const struct doctor_port *port = best_port(facts);
    const char *type = port ? port->controller : NULL, *speed = redir_speed_name(facts->speed);
    RedirSpeeds speeds = port ? port->speeds : 0;
    for (guint i = 0; !port && i < controllers->len; i++) {
        const struct doctor_controller *c =
            &g_array_index(controllers, struct doctor_controller, i);
        type = type ? type : c->type;
        speeds |= c->companion ? 0 : c->speeds;
    }
    if (!type) {
        say(f, DOCTOR_UNKNOWN, "there is no controller");
    } else if (speeds & facts->speed) {
        say(f, DOCTOR_GOOD, "%s", speed);
    } else {
        const char *other = speeds & REDIR_SPEED_HIGH ? "high" : "full";
        say(f, DOCTOR_BAD, "%s carries no %s-speed camera", type, speed);
        mend(f, "camredir share %s --speed %s", facts->where, other);
    }
}

static void redir_there(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (qemu_is_silent(facts, f))
        return;
    const GArray *ports = facts->qemu.ports;
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < ports->len; i++) {
        const struct doctor_port *p = &g_array_index(ports, struct doctor_port, i);
        g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                               p->address ? p->address : p->id);
    }
    say(f, ports->len ? DOCTOR_GOOD : DOCTOR_BAD, "%s",
        ports->len ? names->str : "the VM has no usb-redir device");
}

static void redir_free(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (qemu_is_silent(facts, f))
        return;
    const struct doctor_port *port = best_port(facts);
    if (!port)
        say(f, DOCTOR_UNKNOWN, "there is none");
    else if (port->taken)
        say(f, DOCTOR_BAD, "%s is taken: a client is connected",
            port->address ? port->address : port->id);
    else if (port->address)
        say(f, DOCTOR_GOOD, "yes: camredir share --to %s", port->address);
    else
        say(f, DOCTOR_GOOD, "%s is", port->id);
}

static gboolean has_spice_port(const GArray *ports)
{
    for (guint i = 0; i < ports->len; i++)
        if (g_array_index(ports, struct doctor_port, i).spice)
            return TRUE;
    return FALSE;
}

static void spice_on(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_qemu *q = &facts->qemu;
    if (qemu_is_silent(facts, f))
        return;
    if (!q->spice.enabled)
        say(f, DOCTOR_NOTE, "off");
    else
        say(f, DOCTOR_GOOD, "on, at %s%s", q->spice.host,
            q->spice.password ? ", with a password" : "");
}

/* Names are told to SPICE's clients, and not by the monitor. */
static void spice_port(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_qemu *q = &facts->qemu;
    if (qemu_is_silent(facts, f))
        return;
    if (!q->spice.enabled)
        say(f, DOCTOR_UNKNOWN, "SPICE is off");
    else if (has_spice_port(q->ports))
        say(f, DOCTOR_GOOD, "yes%s", q->spice.camera_clients ? ", in use" : "");
    else
        say(f, q->ports->len ? DOCTOR_NOTE : DOCTOR_BAD,
            "no usb-redir is behind a SPICE port or usbredir channel");
}

static void spice_tls(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_qemu *q = &facts->qemu;
    if (qemu_is_silent(facts, f))
        return;
    if (!q->spice.enabled)
        say(f, DOCTOR_UNKNOWN, "SPICE is off");
    else if (q->spice.tls_port > 0)
        say(f, DOCTOR_GOOD, "at port %d%s", (int)q->spice.tls_port,
            q->spice.port > 0 ? ", and without it at another" : "");
    else if (q->spice.port > 0)
        say(f, DOCTOR_NOTE, "no: password and pictures go over port %d unencrypted",
            (int)q->spice.port);
    else
        say(f, DOCTOR_GOOD, "not needed: a unix socket");
}

/* ---- the link ---- */

static gboolean link_is_down(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (!facts->link.greeted)
        say(f, DOCTOR_UNKNOWN, "there is no connection");
    return !facts->link.greeted;
}

/* The command that opens what is closed, by what the error says. */
static const struct {
    const char *says, *remedy;
} link_remedies[] = {
    {"password", "camredir doctor %s --ask-password"},
    {"certificate", "camredir doctor %s --ca-file ca-cert.pem"},
};

static void mend_link(const struct doctor_facts *facts, struct doctor_finding *f)
{
    for (gsize i = 0; i < G_N_ELEMENTS(link_remedies); i++) {
        g_auto(GStrv) parts = g_strsplit(link_remedies[i].remedy, "%s", -1);
        if (strcasestr(facts->link.why, link_remedies[i].says)) {
            g_free(f->remedy);
            f->remedy = g_strjoinv(facts->visit, parts);
            return;
        }
    }
}

#define CALLS_US                                                                                   \
    "qemu-system-x86_64 ... -device qemu-xhci -chardev socket,id=camera0,%s,reconnect=1 "          \
    "-device usb-redir,chardev=camera0"

static void mend_socket(const struct doctor_facts *facts, struct doctor_finding *f)
{
    g_autoptr(RedirAddress) at = redir_address_parse(facts->to, NULL);
    if (!facts->awaited || !at) {
        mend(f, "camredir vm args --via %s    # prints a VM with such a port", facts->to);
        return;
    }
    g_autofree char *where = at->scheme == REDIR_SCHEME_UNIX
                                 ? g_strdup_printf("path=%s", at->path)
                                 : g_strdup_printf("host=%s,port=%u", at->host, at->port);
    mend(f, CALLS_US, where);
}

static void link_opens(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (l->opened) {
        say(f, DOCTOR_GOOD, "%s", facts->to);
        return;
    }
    say(f, DOCTOR_BAD, "%s", l->why);
    if (!spice_address_is(facts->to))
        mend_socket(facts, f);
    else
        mend_link(facts, f);
}

static void link_greets(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (!l->opened) {
        say(f, DOCTOR_UNKNOWN, "there is no connection");
    } else if (!l->greeted) {
        say(f, DOCTOR_BAD, "%s", l->why ? l->why : "no hello came from the VM; is it paused?");
        if (l->why)
            mend_link(facts, f);
    } else {
        say(f, DOCTOR_GOOD, "%s", l->peer);
    }
}

static void link_takes(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (!link_is_down(facts, f))
        say(f, facts->link.why ? DOCTOR_BAD : DOCTOR_GOOD, "%s",
            facts->link.why ? facts->link.why : "yes");
}

static void guest_enumerates(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (link_is_down(facts, f))
        return;
    if (l->configured)
        say(f, DOCTOR_GOOD, "descriptors read, configured");
    else if (l->asked)
        say(f, DOCTOR_BAD, "the guest has looked at the camera and not taken it");
    else
        say(f, DOCTOR_BAD, "nobody in the VM has asked for the camera: is a system running there?");
}

static void guest_driver(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (!l->configured)
        say(f, DOCTOR_UNKNOWN, "the guest has not taken the camera");
    else
        say(f, l->driver ? DOCTOR_GOOD : DOCTOR_BAD, "%s",
            l->driver ? "a camera's driver asks for its controls"
                      : "configured, but no camera's driver asks for anything");
}

static void guest_streams(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (!l->driver)
        say(f, DOCTOR_UNKNOWN, "no driver has the camera");
    else
        say(f, l->streamed ? DOCTOR_GOOD : DOCTOR_NOTE, "%s",
            l->streamed ? "yes" : "no program in the guest opened the camera meanwhile");
}

static void link_round_trip(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (link_is_down(facts, f))
        return;
    if (l->round_trip_us)
        say(f, DOCTOR_GOOD, "%.2f ms", l->round_trip_us / 1e3);
    else
        say(f, DOCTOR_NOTE, "not known: nothing that was sent was answered");
}

static void link_throughput(const struct doctor_facts *facts, struct doctor_finding *f)
{
    const struct doctor_link *l = &facts->link;
    if (link_is_down(facts, f))
        return;
    if (!l->bytes_us)
        say(f, DOCTOR_NOTE, "not measured: %s",
            l->driver ? "a program in the guest had opened the camera already"
                      : "the guest has not taken the camera");
    else if (l->to_the_guest)
        say(f, DOCTOR_GOOD, "at least %.1f MB/s, which is what the guest asked for",
            l->bytes / MB / (l->bytes_us / 1e6));
    else
        say(f, DOCTOR_GOOD, "%.1f MB/s (%.1f MB in %.2f s, as far as QEMU)",
            l->bytes / MB / (l->bytes_us / 1e6), l->bytes / MB, l->bytes_us / 1e6);
}

static void link_formats(const struct doctor_facts *facts, struct doctor_finding *f)
{
    if (link_is_down(facts, f))
        return;
    g_autoptr(GArray) modes = doctor_forecast(facts);
    guint n = 0;
    for (guint i = 0; i < modes->len; i++)
        n += g_array_index(modes, struct doctor_mode, i).runs;
    if (!modes->len)
        say(f, DOCTOR_NOTE, "not known without a camera and a measure of the link");
    else
        say(f, n ? DOCTOR_GOOD : DOCTOR_BAD, "%u of %u run at their full rate", n, modes->len);
}

/* ---- the table ---- */

enum part { PART_CAMERA, PART_QEMU, PART_LINK };

#define DEVICE_ADD(more) "{\"execute\": \"device_add\", \"arguments\": {" more "}}"

/* In a remedy {} is the camera and where the VM is. Lines that begin with a brace and a quote are
   for its monitor. */
static const struct check {
    const char *name, *title;
    enum part part;
    void (*look)(const struct doctor_facts *facts, struct doctor_finding *f);
    const char *remedy;
} checks[] = {
    {"camera-found", "camera found", PART_CAMERA, camera_found, NULL},
    {"camera-readable", "camera readable", PART_CAMERA, camera_readable, NULL},
    {"camera-free", "camera free", PART_CAMERA, camera_free, NULL},
    {"camera-formats", "camera's formats", PART_CAMERA, camera_formats,
     "camredir list    # and choose one with formats"},
    {"qemu-answers", "QEMU answers", PART_QEMU, qemu_answers,
     "qemu-system-x86_64 ... -qmp unix:/tmp/qmp.sock,server=on,wait=off"},
    {"qemu-version", "QEMU's version", PART_QEMU, qemu_version, NULL},
    {"vm-runs", "VM runs", PART_QEMU, vm_runs, "{\"execute\": \"cont\"}"},
    {"usb-redir-known", "QEMU knows usb-redir", PART_QEMU, redir_known,
     "sudo apt install qemu-system-modules-spice    # or a QEMU built with usbredir"},
    {"usb-controller", "USB controller", PART_QEMU, usb_controller,
     DEVICE_ADD("\"driver\": \"qemu-xhci\", \"id\": \"xhci\"") "\ncamredir share {}    # or: "
                                                               "brings its own while it runs"},
    {"usb-speed", "controller's speed", PART_QEMU, usb_speed, NULL},
    {"usb-redir", "usb-redir present", PART_QEMU, redir_there,
     "camredir share {}    # brings its own while it runs"},
    {"usb-redir-free", "usb-redir free", PART_QEMU, redir_free,
     "camredir share {}    # brings its own while it runs"},
    {"spice", "SPICE", PART_QEMU, spice_on, NULL},
    {"spice-port", "SPICE port for a camera", PART_QEMU, spice_port,
     "{\"execute\": \"chardev-add\", \"arguments\": {\"id\": \"cam\", \"backend\": {\"type\": "
     "\"spiceport\", \"data\": {\"fqdn\": \"" REDIR_SPICE_PORT_NAME
     "\"}}}}\n" DEVICE_ADD("\"driver\": \"usb-redir\", \"chardev\": \"cam\", \"id\": \"cam\"")},
    {"spice-tls", "SPICE by TLS", PART_QEMU, spice_tls, NULL},
    {"link-opens", "connection", PART_LINK, link_opens,
     "camredir vm args --spice HOST:PORT --via spice-port    # prints a VM with such a port"},
    {"link-greets", "VM's hello", PART_LINK, link_greets,
     "camredir doctor {}    # again, once the VM runs and no other client has its port"},
    {"link-takes", "VM admits the camera", PART_LINK, link_takes,
     "camredir doctor {} --speed high    # or start QEMU without filter= on its usb-redir"},
    {"guest-enumerates", "guest finds the camera", PART_LINK, guest_enumerates,
     "camredir doctor {} --wait 60    # and start the guest meanwhile"},
    {"guest-driver", "guest's driver", PART_LINK, guest_driver,
     "sudo modprobe uvcvideo    # in a Linux guest; Windows and macOS bring theirs"},
    {"guest-streams", "guest streams", PART_LINK, guest_streams, NULL},
    {"link-round-trip", "round trip", PART_LINK, link_round_trip, NULL},
    {"link-throughput", "throughput", PART_LINK, link_throughput, NULL},
    {"link-formats", "formats", PART_LINK, link_formats,
     "camredir share {} --size 320x240 --fps 15    # or over a faster link"},
};

static gboolean part_was_looked_at(enum part part, const struct doctor_facts *facts)
{
    switch (part) {
    case PART_QEMU:
        return facts->monitor || facts->domain;
    case PART_LINK:
        return facts->to != NULL;
    default:
        return TRUE;
    }
}

/* A line for a shell: what is for QEMU's monitor goes through socat, or virsh. */
static char *command_of(const char *line, enum part part, const struct doctor_facts *facts)
{
    if (g_str_has_prefix(line, "{\"") && facts->monitor)
        return g_strdup_printf("echo '{\"execute\": \"qmp_capabilities\"} %s' | "
                               "socat -t2 - UNIX-CONNECT:%s",
                               line, facts->monitor);
    if (g_str_has_prefix(line, "{\"") && facts->domain)
        return g_strdup_printf("virsh qemu-monitor-command %s '%s'", facts->domain, line);
    g_auto(GStrv) parts = g_strsplit(line, "{}", -1);
    return g_strjoinv(part == PART_LINK ? facts->visit : facts->where, parts);
}

/* The table's remedy, where the check had none that is better. */
static void complete(struct doctor_finding *f, const struct check *check,
                     const struct doctor_facts *facts)
{
    if (f->state != DOCTOR_BAD) {
        g_clear_pointer(&f->remedy, g_free);
    } else if (!f->remedy && check->remedy) {
        g_auto(GStrv) lines = g_strsplit(check->remedy, "\n", -1);
        for (guint i = 0; lines[i]; i++) {
            char *command = command_of(lines[i], check->part, facts);
            g_free(lines[i]);
            lines[i] = command;
        }
        f->remedy = g_strjoinv("\n", lines);
    }
}

static void finding_clear(gpointer data)
{
    struct doctor_finding *f = data;
    g_free(f->text);
    g_free(f->remedy);
}

GArray *doctor_judge(const struct doctor_facts *facts)
{
    GArray *findings = g_array_new(FALSE, FALSE, sizeof(struct doctor_finding));
    g_array_set_clear_func(findings, finding_clear);
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
        struct doctor_finding f = {.check = checks[i].name, .title = checks[i].title};
        if (!part_was_looked_at(checks[i].part, facts))
            continue;
        checks[i].look(facts, &f);
        complete(&f, &checks[i], facts);
        g_array_append_val(findings, f);
    }
    return findings;
}

/* ---- what will run ---- */

/* A guest's Linux keeps 5 requests in flight, of 16 KiB by high speed and 32 by super: so much goes
   over in one round trip, at most, where 'share' does not have QEMU buffer the pictures. */
#define REQUESTS      5
#define HIGH_REQUEST  16384
#define SUPER_REQUEST 32768
/* Of the bytes of YUY2: what cameras make of a lively picture. */
#define MJPEG_SHARE 0.1
#define VIDEO_SHARE 0.02
#define USUAL_RATE  30

double doctor_capacity(const struct doctor_facts *facts)
{
    const struct doctor_link *l = &facts->link;
    if (!l->bytes_us)
        return 0;
    double carried = l->bytes * 1e6 / l->bytes_us;
    guint request = facts->speed == REDIR_SPEED_SUPER ? SUPER_REQUEST : HIGH_REQUEST;
    if (l->buffers || !l->round_trip_us)
        return carried;
    return MIN(carried, REQUESTS * request * 1e6 / l->round_trip_us);
}

static double mode_needs(const struct vcam_mode *mode)
{
    const struct vcam_format_info *info = vcam_format_info(mode->fourcc);
    double pixels = (double)mode->wWidth * mode->wHeight, fps = vcam_mode_fps(mode);
    switch (info->payload) {
    case VCAM_UNCOMPRESSED:
        return vcam_mode_max_frame_size(mode) * fps;
    case VCAM_MOTION_JPEG:
        return 2 * pixels * MJPEG_SHARE * fps;
    default:
        return 2 * pixels * VIDEO_SHARE * fps;
    }
}

/* FALSE: a guest that asked for less does not tell what more the link could carry. */
static gboolean forecast(const struct doctor_facts *facts, const struct vcam_mode *mode,
                         struct doctor_mode *ret_mode)
{
    double capacity = doctor_capacity(facts), needs = mode_needs(mode);
    *ret_mode = (struct doctor_mode){*mode, needs, needs <= capacity};
    return capacity > 0 && (ret_mode->runs || !facts->link.to_the_guest);
}

GArray *doctor_forecast(const struct doctor_facts *facts)
{
    const struct vcam_offer *offer = &facts->camera.offer;
    GArray *modes = g_array_new(FALSE, FALSE, sizeof(struct doctor_mode));
    for (guint i = 0; i < offer->n_formats; i++)
        for (guint s = 0; s < offer->formats[i].n_sizes; s++) {
            const struct vcam_size_offer *size = &offer->formats[i].sizes[s];
            const struct vcam_mode mode = {
                offer->formats[i].fourcc, size->wWidth, size->wHeight,
                vcam_nearest_interval(size, vcam_interval_of_fps(USUAL_RATE))};
            struct doctor_mode found;
            if (forecast(facts, &mode, &found))
                g_array_append_val(modes, found);
        }
    return modes;
}
