/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device with these descriptors says when it is asked, as a good camera would, however
   broken the descriptors are: they are handed out as they are, and what else is asked follows from
   them as far as they can be understood. No protocol, no socket, no clock. */
#pragma once

#include <glib.h>

#define FUZZ_CONTROL_MOST 4096 /* QEMU takes no larger answer on endpoint 0 */

typedef struct FuzzCamera FuzzCamera;

/* descriptors: a device with its configurations, then what else can be asked for (strings in the
   order of their index, BOS); any bytes. sentinel: each configuration ends with one interface more,
   of which the guest asks a string when all before it have been looked at; where the end is what is
   wrong, it stays as it is, and the last interface gets the string where that is late enough. */
FuzzCamera *fuzz_camera_new(GBytes *descriptors, gboolean sentinel);
void fuzz_camera_free(FuzzCamera *camera); /* accepts NULL */

/* The index-th descriptor of a type, with all that is in it; -1 where there is none. Cut to
   FUZZ_CONTROL_MOST. */
gssize fuzz_camera_descriptor(const FuzzCamera *camera, guint8 type, guint8 index,
                              guint8 ret_bytes[FUZZ_CONTROL_MOST]);
/* Is that the sentinel's string? */
gboolean fuzz_camera_is_sentinel(const FuzzCamera *camera, guint8 type, guint8 index);

typedef struct {
    guint16 bcdUSB, idVendor, idProduct, bcdDevice;
    guint8 bDeviceClass, bDeviceSubClass, bDeviceProtocol, bMaxPacketSize0;
} FuzzCameraIdentity;
FuzzCameraIdentity fuzz_camera_identity(const FuzzCamera *camera);

typedef struct {
    guint8 bInterfaceNumber, bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol;
} FuzzCameraInterface;
/* Alternate settings 0 of the configuration that is selected, at most n. */
guint fuzz_camera_interfaces(const FuzzCamera *camera, FuzzCameraInterface *ret_interfaces,
                             guint n);

typedef struct {
    guint8 type; /* bmAttributes' low bits: control, iso, bulk, interrupt */
    guint8 interface, interval;
    guint16 wMaxPacketSize;
    gboolean there;
} FuzzCameraEndpoint;
/* As the alternate settings that are selected have it. address: with its direction. */
FuzzCameraEndpoint fuzz_camera_endpoint(const FuzzCamera *camera, guint8 address);

void fuzz_camera_select_configuration(FuzzCamera *camera, guint8 value);
guint8 fuzz_camera_configuration(const FuzzCamera *camera);
void fuzz_camera_select_alternate(FuzzCamera *camera, guint8 interface, guint8 alternate);
guint8 fuzz_camera_alternate(const FuzzCamera *camera, guint8 interface);

/* USB 2.0, 9.3. */
typedef struct {
    guint8 bmRequestType, bRequest;
    guint16 wValue, wIndex, wLength;
} FuzzSetup;

/* What a request is about, without the numbers that a device is free to choose: for a control its
   entity's kind, for a negotiation what it negotiates. */
guint32 fuzz_camera_subject(const FuzzCamera *camera, const FuzzSetup *setup);
gboolean fuzz_camera_is_probe(const FuzzCamera *camera, const FuzzSetup *setup);
/* Class requests. In: bytes written. */
gsize fuzz_camera_class_in(FuzzCamera *camera, const FuzzSetup *setup,
                           guint8 ret_bytes[FUZZ_CONTROL_MOST]);
void fuzz_camera_class_out(FuzzCamera *camera, const FuzzSetup *setup, const guint8 *bytes,
                           gsize size);

/* All pictures are as long from now on, whatever was negotiated. */
void fuzz_camera_set_picture(FuzzCamera *camera, gsize bytes);

/* The next payload of the stream, of at most room bytes: its header, and a piece of a picture. */
gsize fuzz_camera_payload(FuzzCamera *camera, guint8 *ret_bytes, gsize room);
/* A payload that is a header alone, of size bytes: what a longer one has is its vendor's. */
gsize fuzz_camera_header(FuzzCamera *camera, guint8 *ret_bytes, guint8 size);
