/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libusb and libuvc as readers of a mocked device. A file of its own since libuvc names its
   structures as the specification does, and so as desc.h does. */
#pragma once

#include <glib.h>

typedef struct OtherReaders OtherReaders;

/* The device is the one that mock_usb_new() made. NULL: they do not take it, *ret_why says which.
 */
OtherReaders *other_readers_new(const char **ret_why);
void other_readers_free(OtherReaders *readers); /* accepts NULL */

/* The devices that mock_usb_new_many() made, to be parsed and not to be opened. */
OtherReaders *other_readers_new_listed(void);

/* Parse once and throw the result away; FALSE: refused.
   libusb has the bytes in memory since it listed its devices: this is its parser and no I/O.
   libuvc's is libusb's plus its own; what it would ask of the device on the way (strings) is
   refused at once, without a system call. What it says on standard error is the caller's to divert.
 */
gboolean other_readers_parse_libusb(OtherReaders *readers);
gboolean other_readers_parse_libuvc(OtherReaders *readers);
/* By its number on the bus. NULL: libuvc takes it; else why not, to be freed: the function that
   refuses, and what libusb says. */
char *other_readers_refused_by_libuvc(OtherReaders *readers, guint8 number);

/* What libuvc makes of the camera, a line each as test_readers.c writes them. */
char *other_readers_report_libuvc(OtherReaders *readers);
