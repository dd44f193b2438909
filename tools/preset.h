/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera that is described in a file: its descriptors, and a source for as many of its modes as
   can be. */
#pragma once

#include <glib.h>

#include "vcam/profile.h"
#include "vcam/source.h"

/* source_spec: as for camera_open(); NULL is the test pattern. speed: NULL tells it from the file.
   An exit status: 0, else EXIT_BROKEN (the file), EXIT_USAGE (a speed that the file's device cannot
   have) or camera_exit_status() with *error set. Modes that the source cannot make are spoken of,
   and so are the linter's errors. */
int preset_open(const char *path, const char *source_spec, const enum vcam_speed *speed,
                struct vcam_source **ret_source, struct vcam_profile **ret_profile, GError **error);
