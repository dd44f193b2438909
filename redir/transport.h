/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A byte stream to a usb-redir device, whatever carries it. A transport knows no USB and no
   usbredir: it says when the stream is open, hands over what arrives, and takes buffers until it is
   full. */
#pragma once

#include <gio/gio.h>

typedef struct RedirTransport RedirTransport;

/* What a transport calls, from the main loop only, never from inside a redir_transport_ call. */
typedef struct {
    void (*opened)(gpointer user);
    /* size > 0. */
    void (*received)(gpointer user, const guint8 *data, gsize size);
    /* There is room again after send() returned FALSE, or the outstanding bytes fell. */
    void (*writable)(gpointer user);
    /* The stream ended or could not be opened. error says what, where, what to do; never NULL.
       A transport that was opened, then closed by us, does not call this. */
    void (*closed)(gpointer user, const GError *error);
    /* After leave(). error: what it could not undo, or NULL. */
    void (*left)(gpointer user, const GError *error);
    gpointer user;
} RedirTransportEvents;

/* What the kernel knows of a stream. */
typedef struct {
    gint64 round_trip_us; /* the shortest so far; 0: not known */
    gsize in_kernel;      /* bytes gone out that the peer's machine has not taken yet */
} RedirTransportMeasure;

typedef struct {
    /* To come back harms the VM while it has not read what it was sent: so nobody closes this
       stream because the VM is silent, and a device is taken away with the VM's consent alone. */
    gboolean lasting;
    /* It leads to a usb-redir that waits for us alone: where its hello does not come the VM is
       paused, which open() has said, and a new connection would not help. */
    gboolean sure;
    /* Begins to connect, or to listen and accept one peer. FALSE where it cannot even begin
       (address in use, no such folder). Called again after closed() for the next attempt. */
    gboolean (*open)(RedirTransport *transport, GError **error);
    /* Takes data, which was malloc()ed, and frees it when it has gone out, or returns FALSE where
       it is full or not open and leaves it to the caller. size > 0. */
    gboolean (*send)(RedirTransport *transport, guint8 *data, gsize size);
    /* Bytes taken and not gone out yet. */
    gsize (*outstanding)(RedirTransport *transport);
    /* Optional; while it is open. */
    void (*measure)(RedirTransport *transport, RedirTransportMeasure *ret_measure);
    /* Back-pressure: while paused, nothing is read from the peer, where that can be had. */
    void (*pause_reading)(RedirTransport *transport, gboolean paused);
    /* Ends the stream now, without events. A listening transport goes on to own its address. */
    void (*close)(RedirTransport *transport);
    /* Optional, where open() puts something into the VM: takes it out again, then calls left().
       The stream is closed and is not opened again; close() and free() end this too. */
    void (*leave)(RedirTransport *transport);
    void (*free)(RedirTransport *transport);
} RedirTransportOps;

struct RedirTransport {
    const RedirTransportOps *ops;
    RedirTransportEvents events;
    char *address; /* as the user wrote it, for messages */
};

/* Zeroes where it cannot measure. */
static inline RedirTransportMeasure redir_transport_measure(RedirTransport *transport)
{
    RedirTransportMeasure measure = {0};

    if (transport->ops->measure)
        transport->ops->measure(transport, &measure);
    return measure;
}

typedef enum { REDIR_CONNECT, REDIR_LISTEN } RedirRole; /* --to, --as */
