/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a guest kernel's console for what a kernel only says when something is wrong. */
#pragma once

#include <glib.h>

/* The first trouble in text, or what is worse than a warning and stands behind one, as a title: its
   kind, and the first function of its stack that is not the kernel's machinery for telling it,
   without addresses, offsets or times. So the same flaw has the same title in each run: "KASAN:
   slab-out-of-bounds in uvc_parse_format". NULL: all is well. *ret_place (ret_place may be NULL)
   tells apart what one function has of it, within one kernel: "uvc_parse_format+0x8e1/0x1460".
   NULL: it is not said, or chance, as where a watchdog looked. */
char *fuzz_console_find(const char *text, char **ret_place);
