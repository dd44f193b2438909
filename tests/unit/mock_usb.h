/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A USB device that consists of its descriptors, put before other people's programs and libraries
   by umockdev: this process and those that it starts find it in sysfs. It answers no transfer. */
#pragma once

#include <glib.h>

typedef struct MockUsb MockUsb;

/* First in main(): starts the program again with umockdev's library preloaded, where it is not.
   FALSE: umockdev-wrapper cannot be run. */
gboolean mock_usb_init(char **argv);
/* For a test that is nothing without it: that, then g_test_init(), or the end. */
void mock_usb_test_init(int *argc, char ***argv);

/* One at a time in a process. descriptors: a device descriptor and its configurations, as sysfs has
   them. */
MockUsb *mock_usb_new(const guint8 *descriptors, gsize size);
/* As many at once, in place of the one: from MOCK_USB_FIRST on, each a GBytes. They cannot be asked
   anything beyond what sysfs has. */
#define MOCK_USB_BUS   1
#define MOCK_USB_FIRST 2
#define MOCK_USB_MOST  40
MockUsb *mock_usb_new_many(GBytes *const *descriptors, guint n);
void mock_usb_free(MockUsb *mock); /* accepts NULL */
