/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What 'camredir vm' prints, and a folder of its own where that is run, with QEMU made to wait for
   its test instead of showing a window. */
#pragma once

#include "tests/guest/process.h"
#include "tests/guest/qmp.h"

typedef struct Printed Printed;

/* The folder is empty but for "bin", which holds a qemu-system-x86_64. */
Printed *printed_new(const char *name);
void printed_free(Printed *printed); /* ends what runs, removes the folder; accepts NULL */
const char *printed_folder(const Printed *printed);
/* A program in "bin"; {} in text is the folder. */
void printed_program(const Printed *printed, const char *name, const char *text);
/* Runs text by bash, in the folder, with "bin" before all other programs: what it writes. NULL
   where it fails. */
char *printed_shell(Printed *printed, const char *text, GError **error);

/* Standard output of 'camredir OPTIONS', which are a shell's words; {} is the folder. */
char *printed_run(const Printed *printed, const char *options, GError **error);
/* The first "camredir share ..." in the comments of text, in words. */
GStrv printed_share(const char *text, GError **error);

/* Runs text by bash, in the folder; it must start a QEMU, which stands before its first instruction
   and is asked through *ret_qmp. What this machine lacks is replaced: KVM, a bridge. */
gboolean printed_start(Printed *printed, const char *text, Qmp **ret_qmp, GError **error);
/* Ends it, and waits. */
gboolean printed_stop(Printed *printed, Qmp *qmp, GError **error);
/* A port of 127.0.0.1 that is free now, and the next one too. */
guint16 printed_free_ports(void);
