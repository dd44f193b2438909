/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual machine as QEMU is told of it: a command line, a script, or a file for -readconfig. */
#pragma once

#include "tools/vm_choice.h"

typedef char *(*vm_qemu_form)(const struct vm_choice *choice);

/* One option a line, what they are for above it. For any shell that knows $'...'. */
char *vm_qemu_command(const struct vm_choice *choice);
/* For bash; what is given to the script goes to QEMU behind its own. */
char *vm_qemu_script(const struct vm_choice *choice);
/* With the rest of the command line, which such a file cannot hold, in comments. */
char *vm_qemu_config(const struct vm_choice *choice);
