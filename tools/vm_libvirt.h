/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual machine as libvirt is told of it. */
#pragma once

#include "tools/vm_choice.h"

/* A domain's XML; camera_only: what of it a domain that is there already needs for its camera. */
char *vm_libvirt(const struct vm_choice *choice, gboolean camera_only);
