/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other side of usbredir as QEMU's usb-redir plays it, on a socket: asks what a test tells it
   to and keeps what comes. */
#pragma once

#include <glib.h>
#include <usbredirparser.h>

#include "tests/unit/wait.h"

typedef struct {
    guint8 type; /* usb_redir_control_packet... */
    guint64 id;
    guint8 endpoint, status, value; /* value: configuration or alternate setting */
    guint length;                   /* as the packet's header has it */
    GBytes *data;
} FakeAnswer;

typedef struct {
    int fd;
    GSource *source;
    struct usbredirparser *parser;
    gboolean reading; /* FALSE: the VM is paused */
    gboolean closed;  /* the host has closed the stream */
    guint32 lacks;
    GString *order; /* names of the packets other than data, each with a blank behind it */
    guint64 bytes_read;
    char peer[64]; /* as its hello has it: "camredir 1.0" */

    struct usb_redir_device_connect_header device;
    struct usb_redir_interface_info_header interfaces;
    struct usb_redir_ep_info_header endpoints;
    GQueue answers; /* of FakeAnswer, oldest first */
    guint64 next_id;
} FakeQemu;

/* Takes fd over, says hello. lacks: what QEMU has and this one does not. */
#define FAKE_CAP(cap) (1u << (cap)) /* usb_redir_cap_... */
FakeQemu *fake_qemu_new(int fd, guint32 lacks);
void fake_qemu_free(FakeQemu *qemu);
void fake_qemu_set_reading(FakeQemu *qemu, gboolean reading);
void fake_qemu_flush(FakeQemu *qemu);

/* Each sends one packet and returns its id. */
guint64 fake_qemu_control(FakeQemu *qemu, guint8 requesttype, guint8 request, guint16 value,
                          guint16 index, guint16 length, const guint8 *data);
guint64 fake_qemu_bulk(FakeQemu *qemu, guint8 endpoint, guint32 length, const guint8 *data);
guint64 fake_qemu_set_configuration(FakeQemu *qemu, guint8 configuration);
guint64 fake_qemu_set_alt(FakeQemu *qemu, guint8 interface, guint8 alt);

void fake_qemu_reset(FakeQemu *qemu);
/* rules: in usbredir's syntax. */
void fake_qemu_send_filter(FakeQemu *qemu, const char *rules);
void fake_qemu_reject(FakeQemu *qemu);

/* Takes the answer to id out of the queue, waiting for it. Free it with fake_answer_free(). */
FakeAnswer *fake_qemu_wait(FakeQemu *qemu, guint64 id);
/* The oldest answer of that type. */
FakeAnswer *fake_qemu_wait_type(FakeQemu *qemu, guint8 type);
void fake_answer_free(FakeAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeAnswer, fake_answer_free)

/* Runs the main loop until condition. */
#define FAKE_WAIT(condition) WAIT_STEPPING(condition, fake_step())
void fake_step(void);
