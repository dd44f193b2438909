/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The USB devices of this machine as sysfs has them, and how a user names one of them. Asks sysfs
   and not libusb: that needs no udev, opens nothing, and tells which driver has which interface. */
#pragma once

#include <glib.h>

#define REDIR_USB_MAX_INTERFACES 32

typedef struct {
    char *path; /* "1-1.4": bus and ports */
    char *node; /* "/dev/bus/usb/001/005" */
    guint busnum, devnum;
    guint16 idVendor, idProduct;
    /* "" where the device has none; without control characters */
    char *manufacturer, *product, *serial;
    guint megabits;      /* 12, 480, 5000 */
    gboolean video, hub; /* an interface of class 0x0e, 0x09 */
    char *driver; /* of the video interface, else of the first that has one: "uvcvideo", "usbfs" for
                     a program; NULL */
    GPtrArray *video_nodes; /* of char: "video0", the V4L2 devices that it makes */
} RedirUsbDevice;

/* All but root hubs, in the order of bus and ports. Of RedirUsbDevice; to be unref'd. */
GPtrArray *redir_usb_list(void);

typedef enum {
    REDIR_USB_ANY_CAMERA, /* "camera" */
    REDIR_USB_ID,         /* "046d:0825" */
    REDIR_USB_NUMBER,     /* of bus and device as lsusb has them: "001-005" */
    REDIR_USB_PORT,       /* "1-1.4" */
    REDIR_USB_SERIAL,     /* "serial:TEXT" */
} RedirUsbKind;

typedef struct {
    char *text; /* as the user wrote it; of one found by its number its port */
    RedirUsbKind kind;
    guint idVendor, idProduct;
    gboolean looked_for; /* by redir_usb_find() */
} RedirUsbWish;

/* NULL with REDIR_ERROR_ADDRESS where text is none of these. */
RedirUsbWish *redir_usb_wish_new(const char *text, GError **error);
void redir_usb_wish_free(RedirUsbWish *wish); /* accepts NULL */

/* The one of devices that is meant, borrowed. NULL where there is none, without error; with
   REDIR_ERROR_IN_USE where there are several, which the message lists, or where it is a hub, with
   which all that is behind it would go. One that was found by its number is meant by its port from
   then on. Where the first look finds nothing at a port "1-5", a camera of that number, as
   usbredirect has it, is what is meant; later it may be any device's. */
const RedirUsbDevice *redir_usb_find(const GPtrArray *devices, RedirUsbWish *wish, GError **error);

/* For people, where there is none. */
char *redir_usb_missing(const RedirUsbWish *wish);

/* "046d:0825 Logitech HD Webcam C270 (1-1.4)" */
char *redir_usb_describe(const RedirUsbDevice *device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedirUsbWish, redir_usb_wish_free)
