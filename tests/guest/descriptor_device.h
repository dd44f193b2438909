/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A USB device that is nothing but descriptors, before the guest by usb-redir: any bytes can be
   looked at by the guest's drivers. It has a thread of its own. Requests of a class are answered as
   good will goes: GET_INFO that a control can be read and written, everything else zeros; no
   endpoint but 0 ever has data. */
#pragma once

#include <glib.h>

#include "descriptors/desc.h"

typedef struct DescriptorDevice DescriptorDevice;

/* Connects to a unix socket, where QEMU's usb-redir listens. tree, borrowed: a device with its
   configurations, then what else can be asked for (strings in the order of their index, BOS). */
DescriptorDevice *descriptor_device_plug(const struct desc_tree *tree, const char *path,
                                         GError **error);
/* Takes it from the guest; accepts NULL. */
void descriptor_device_unplug(DescriptorDevice *device);
