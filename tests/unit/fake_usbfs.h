/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USB devices as sysfs and usbfs show them, made by umockdev: sysfs for any number of them, and one
   whose node can be opened and asked. What umockdev cannot do as the kernel does: its node is
   always ready to be polled, so libusb asks again and again. */
#pragma once

#include <glib.h>

typedef struct {
    const char *path; /* "1-1.4" */
    guint busnum, devnum;
    const char *idVendor, *idProduct, *manufacturer, *product, *serial; /* NULL: no such file */
    guint megabits;
    const char *interface_class; /* of the only interface; "0e" is video */
    const char *driver;          /* of it, or NULL */
    const char *video_node;      /* "video0", or NULL */
} FakeUsbDevice;

typedef struct FakeUsbfs FakeUsbfs;

/* A controller that has lost an isochronous stream completes no transfer of it. */
typedef enum { FAKE_ISO_RUNS, FAKE_ISO_LOST_TO_ALTERNATE, FAKE_ISO_LOST_TO_RESET } FakeIso;

/* What the device does with what it is asked; read and written with fake_usbfs_lock(). */
typedef struct {
    const char *driver;   /* GETDRIVER's answer for interface 0; NULL: it has none */
    int claim_error;      /* CLAIMINTERFACE fails with it */
    gboolean gone;        /* everything fails with ENODEV */
    gboolean stalls;      /* every transfer does */
    gboolean bulk_waits;  /* bulk transfers are not completed */
    gboolean reset_error; /* RESET fails with EIO */
    FakeIso iso;          /* what brings it back: alternate setting 0, or RESET */
    char alternates[16];  /* those set, a digit each */
    guint resets, claims, releases, discards, connects, submits; /* how often it was asked */
    guint refused;                                               /* submits, for want of memory */
    gsize asked; /* bytes of those that have not been reaped: at most FAKE_USBFS_MEMORY */
} FakeUsbState;

#define FAKE_USBFS_MEMORY (16u * 1024 * 1024) /* the kernel's usbcore.usbfs_memory_mb */

/* Of a program that began with mock_usb_test_init(). */
FakeUsbfs *fake_usbfs_new(void);
void fake_usbfs_free(FakeUsbfs *fake);
/* In sysfs alone. */
void fake_usbfs_add(FakeUsbfs *fake, const FakeUsbDevice *devices, gsize count);
/* And with a node: a camera of the descriptors below, answering control requests. */
void fake_usbfs_plug(FakeUsbfs *fake, const FakeUsbDevice *device);
void fake_usbfs_unplug(FakeUsbfs *fake);
char *fake_usbfs_node_path(const FakeUsbfs *fake); /* where it really is */

FakeUsbState *fake_usbfs_lock(FakeUsbfs *fake);
void fake_usbfs_unlock(FakeUsbfs *fake);

#define FAKE_USB_BULK      0x81 /* sends FAKE_USB_BULK_SIZE bytes 0, 1, 2... */
#define FAKE_USB_BULK_SIZE 100
#define FAKE_USB_ISO       0x82 /* of alternate setting 1; its packets are empty */
/* device, configuration, interface, endpoint, interface, endpoint */
extern const guint8 fake_usb_descriptors[59];
