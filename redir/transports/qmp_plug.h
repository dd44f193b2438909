/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port for a camera in a running QEMU, by its monitor alone: chardev and usb-redir on a
   controller that is there, or on one that is added for it. */
#pragma once

#include "redir/transports/plug.h"

/* Ids in the VM begin so, which is how the next run tells what one that was killed left there. */
#define REDIR_QMP_CAMERA_ID     "camredir-cam-"
#define REDIR_QMP_CONTROLLER_ID "camredir-usb"

/* path: of QEMU's -qmp unix:PATH,server=on,wait=off; "unix:" before it is understood. Nothing is
   opened yet. NULL with REDIR_ERROR_ADDRESS. */
RedirPlug *redir_qmp_plug_new(const char *path, RedirSpeeds speed, GError **error);
