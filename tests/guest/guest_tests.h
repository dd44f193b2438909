/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of guest tests have in common: a test is a row with a function, in a table that
   the runner (guest_tests.c) walks. One VM serves them all, one after the other. */
#pragma once

#include "tests/guest/session.h"

typedef struct GuestTest GuestTest;

struct GuestTest {
    const char *name;
    /* Leaves nothing plugged in where it succeeds. note: figures for people, optional. */
    gboolean (*run)(const GuestTest *test, Session *session, GString *note, GError **error);
    const void *data; /* the function's own */
};

typedef struct {
    const GuestTest *tests;
    guint n_tests;
} GuestTestTable;

/* A test's own part, in a row whose run() does the same around each. */
typedef gboolean GuestStep(Session *session, GString *note, GError **error);
#define GUEST_STEP(run, step)                                                                      \
    run, &(GuestStep *const)                                                                       \
    {                                                                                              \
        step                                                                                       \
    }

extern const GuestTestTable stream_tests;       /* formats by controllers, speeds and transfers */
extern const GuestTestTable scenario_tests;     /* things that stop, die, and come back */
extern const GuestTestTable inspect_tests;      /* other programs look at the camera */
extern const GuestTestTable descriptor_tests;   /* any descriptors, read by the guest's driver */
extern const GuestTestTable client_tests;       /* a second VM shares a camera that is not ours */
extern const GuestTestTable redirect_tests;     /* the second VM gives a USB device on */
extern const GuestTestTable spice_tests;        /* the camera comes by SPICE */
extern const GuestTestTable spice_device_tests; /* its ports and channels come and go */
extern const GuestTestTable spice_cycle_tests;  /* many connections */
extern const GuestTestTable far_tests, spice_far_tests; /* through tunnels */
extern const GuestTestTable valgrind_tests;
extern const GuestTestTable attach_tests; /* from inside a program on spice-client-glib */
void spice_end(void);
extern const GuestTestTable hotplug_tests; /* the camera comes into a VM that runs */
void hotplug_end(void);
extern const GuestTestTable viewer_tests; /* it comes by a viewer with our module in it */
void viewer_end(void);
extern const GuestTestTable docs_tests;       /* the commands that the documentation shows */
extern const GuestTestTable vm_libvirt_tests; /* what 'camredir vm libvirt' prints, started */
extern const GuestTestTable vm_args_tests;    /* what 'camredir vm args' prints, run */
extern const GuestTestTable fuzz_tests;       /* camredir fuzz and its guest */
void fuzz_tests_end(void);
extern const GuestTestTable libvirt_tests; /* and into a domain of libvirt */
void libvirt_tests_end(void);

/* The second VM, which stays for all tests that want it: the program, vivid, a network, a USB
   controller. */
#define CLIENT_HOST "10.0.2.2" /* the host, as QEMU's user-mode network shows it */
gboolean client_begin(GError **error);
Vm *client_vm(void);
/* "sh COMMAND" and the like in it. */
char *client_run(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
void client_end(void);

/* tests/cameras/NAME.rec ("bulk", "iso") played into that port: the guest's frames are those that
   were recorded. paused: the VM stops for a while in the middle. */
gboolean replay_camera(Session *session, VmParts port, const char *name, gboolean paused,
                       GString *note, GError **error);

/* QEMU drops isochronous packets that its guest does not take in time, as many as the machine is
   busy. So by iso a test wants a number of whole frames, and begins streams until that many came; a
   camera of ours that damages frames damages them each time. By bulk nothing may be lost. */
#define STREAMS_ISO 8
static inline guint streams_most(const Session *session)
{
    return session->iso ? STREAMS_ISO : 1;
}

/* FALSE where frames were damaged or fewer than least came. Frames that the driver or camredir left
   out are reported, not judged. */
gboolean check_intact(const Session *session, const Outcome *outcome, guint least, GError **error);
/* Streams frames of a mode from what is plugged in, all compared. */
gboolean check_stream(Session *session, const char *fourcc, guint width, guint height, double fps,
                      guint frames, GString *note, GError **error);
