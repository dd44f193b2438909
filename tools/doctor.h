/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between a camera of this machine and a VM. It is found out first (facts), part by
   part; then each row of a table of checks judges the facts, without looking at anything itself. */
#pragma once

#include "redir/transports/qmp_usb.h"
#include "tools/destination.h"
#include "vcam/sources/v4l2_io.h"

/* ---- facts ---- */

struct doctor_camera {
    gboolean found;
    gboolean unbound; /* a USB camera is plugged in, and no driver has it */
    char *why;        /* no such camera, in words; or NULL */
    char *path;       /* of a device; NULL: a pattern or a file */
    char *name;
    int error;          /* of opening it, negative, or 0 */
    char *group;        /* whose members may open the device; NULL: nobody but root */
    GPtrArray *holders; /* of struct holder: who has it open; NULL where nobody looked */
    struct vcam_offer offer;
    guint other_formats;
};

struct doctor_controller {
    const char *type; /* "qemu-xhci" */
    RedirSpeeds speeds;
    guint ports, used;
    char *path;         /* in QOM */
    gboolean companion; /* of an EHCI, whose bus it shares */
};

/* A usb-redir device of the VM. */
struct doctor_port {
    char *id;               /* of its chardev */
    char *address;          /* to connect there, as --to takes it; NULL: not so */
    gboolean spice;         /* behind SPICE */
    gboolean taken;         /* by a client that is connected */
    RedirSpeeds speeds;     /* of its controller */
    const char *controller; /* its type; "?" where it is none that we know */
};

struct doctor_qemu {
    char *why; /* its monitor cannot be asked; or NULL */
    guint major, minor, micro;
    char *status; /* "running" */
    gboolean knows_redir;
    GArray *controllers; /* of struct doctor_controller */
    GArray *ports;       /* of struct doctor_port */
    struct {
        gboolean enabled, password;
        char *host;
        gint64 port, tls_port; /* 0: none */
        guint camera_clients;  /* who use a port or a usbredir channel */
    } spice;
};

struct doctor_link {
    char *why; /* how it ended before its time; or NULL, which it is not where nothing opened */
    gboolean opened, greeted;
    char *peer;                                   /* as its hello says */
    gboolean asked, configured, driver, streamed; /* what the guest has done */
    gint64 round_trip_us;                         /* 0: not known */
    gboolean buffers; /* it is so long that 'share' has QEMU buffer the pictures */
    guint64 bytes;
    gint64 bytes_us;       /* within which they were taken; 0: not measured */
    gboolean to_the_guest; /* a guest's stream took them; else QEMU, and threw them away */
};

struct doctor_facts {
    const char *camera_spec; /* as the user wrote it, or NULL */
    RedirSpeeds speed;
    /* What the commands that mend have in common: "--qmp PATH", the same behind the camera, and,
       for what a visit shows, "CAMERA --to ADDRESS". */
    char *way, *where, *visit;
    const char *monitor; /* QMP's socket, or */
    const char *domain;  /* libvirt's, whose monitor virsh knows; both NULL: not asked */
    const char *to;      /* NULL: not tried */
    gboolean awaited;    /* there QEMU is to connect to us: --as */
    struct doctor_camera camera;
    struct doctor_qemu qemu;
    struct doctor_link link;
};

void doctor_facts_clear(struct doctor_facts *facts);
void doctor_camera_clear(struct doctor_camera *camera); /* a part of it */

/* Each fills in its part. */
void doctor_look_camera(struct doctor_facts *facts, const struct vcam_v4l2_io *io);
void doctor_look_qemu(struct doctor_facts *facts, const char *monitor);
void doctor_look_domain(struct doctor_facts *facts, const char *uri); /* the same */
/* Presents a test picture for a while. destination: its "to" or "as" is the address. wait_s: for
   the VM, and then for its guest. */
void doctor_look_link(struct doctor_facts *facts, const struct destination *destination,
                      guint wait_s);

/* ---- checks ---- */

enum doctor_state {
    DOCTOR_GOOD,
    DOCTOR_NOTE, /* worth knowing, and no obstacle */
    DOCTOR_BAD,
    DOCTOR_UNKNOWN, /* something before it is bad */
};

struct doctor_finding {
    const char *check, *title;
    enum doctor_state state;
    char *text;
    char *remedy; /* of a bad one: the command that mends it, lines of it */
};

/* A mode of the camera, and whether the link carries it. */
struct doctor_mode {
    struct vcam_mode mode;
    double needs; /* bytes a second; of compressed formats an estimate */
    gboolean runs;
};

/* Of struct doctor_finding, those of the parts that were looked at; to be unref'd. */
GArray *doctor_judge(const struct doctor_facts *facts);
/* Of struct doctor_mode; empty where too little is known of camera and link. */
GArray *doctor_forecast(const struct doctor_facts *facts);
/* Bytes a second that the link carries, by its throughput and its round trip; 0: not known. */
double doctor_capacity(const struct doctor_facts *facts);

/* ---- the report ---- */

void doctor_print(const GArray *findings, const GArray *modes, gboolean colour);
void doctor_print_json(const GArray *findings, const GArray *modes);
