/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the usbredir host have in common: a camera, a host that shares it, and the
   steps by which a guest comes to use it. */
#pragma once

#include "redir/host.h"
#include "tests/unit/fake_qemu.h"

typedef struct {
    enum vcam_speed speed;
    enum vcam_transfer transfer;
    struct vcam_mode mode; /* the only one */
    gboolean buffered;     /* as RedirChoice */
} Camera;

typedef struct {
    char *dir, *path, *address;
    int listen_fd; /* QEMU's, where it listens */
    struct vcam_device *device;
    gboolean buffered, asks_distance;
    gint64 round_trip_us; /* as the camera's form was chosen by */
    RedirGadget *gadget;  /* it */
    struct vcam_mode mode;
    guint started, stopped;
    RedirTransportNew transport_new;
    RedirHost *host;
    RedirHostState state;
    GString *states; /* a letter a change: W C O(pen) A L(eaving) S */
    GError *error;   /* the last */
    FakeQemu *qemu;
} Fixture;

extern const Camera bulk_camera, buffered_camera, iso_camera, super_iso_camera, full_iso_camera,
    raw_camera, raw_iso_camera;

/* Everything but host and QEMU; and the end of everything. camera NULL: f->gadget is the test's. */
void prepare(Fixture *f, const Camera *camera);
void finish(Fixture *f);

/* For a transport_new: the socket's transport by ops, a copy of its own that may be changed then.
 */
extern const RedirTransportOps *socket_ops;
RedirTransport *socket_changed(RedirTransportOps *ops, const char *address, RedirRole role,
                               const RedirTransportEvents *events, GError **error);
/* A transport_new: the socket's ways, but that it lasts. */
RedirTransport *lasting_new(const char *address, RedirRole role, const RedirTransportEvents *events,
                            GError **error);

/* The host, at f->address. */
void start_host(Fixture *f, RedirRole role, gboolean retry);
/* QEMU, listening at f->path; and its connection, up to the point where the guest may ask. */
void listen_as_qemu(Fixture *f);
void begin_qemu(Fixture *f, int fd, guint32 lacks);
int socket_at(const char *path, gboolean listening);
int accept_one(int listen_fd);

/* prepare() and all of these, QEMU listening. */
void attach(Fixture *f, const Camera *camera);
/* The same by a transport that takes a packet when the one before is gone, to a QEMU that lacks
   some capabilities. */
void attach_narrow(Fixture *f, const Camera *camera, guint32 lacks);
/* Then SET_CONFIGURATION; then PROBE as it stands and COMMIT of it: what uvcvideo does at least. */
void configure(Fixture *f);
void commit(Fixture *f);
/* attach() to commit(). */
void start_bulk(Fixture *f, const Camera *camera);
/* A request, and its end once the camera is on: so none waits for the next frame. */
void begin_bulk(Fixture *f);
/* The largest alternate setting and a stream on it. */
void start_iso(Fixture *f);
void send_start_iso(Fixture *f, guint8 endpoint);
/* QEMU is to be sent pictures that it has not asked for. Returns the request's id. */
guint64 start_buffered(Fixture *f, guint8 endpoint);

/* Bytes that tell where they belong: no slice of a frame is like another. */
void push_frame(Fixture *f, guint number, gsize size);
void assert_frame(const GByteArray *bytes, guint number, gsize size);
/* One frame by bulk requests of that length, five in flight. */
void read_frame(Fixture *f, GByteArray *frame, guint length);
void cancel(Fixture *f, guint64 id);
/* The answer to id carries that and no data. */
void assert_status(Fixture *f, guint64 id, guint8 status);
