/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors from wherever a user has them, as a tree. */
#pragma once

#include <glib.h>
#include <stdio.h>

#include "descriptors/lint.h"
#include "tools/profile.h"

/* A file, or what comes through a pipe, is read so far; more is refused. */
#define DESCRIPTION_MAX_BYTES (1u << 20)

/* What a source is, as bits. */
enum description_origin {
    DESCRIPTION_FILE = 1 << 0,   /* or standard input */
    DESCRIPTION_DEVICE = 1 << 1, /* of this machine */
    DESCRIPTION_CAMERA = 1 << 2,
};

enum description_origin description_origin(const char *source);

/* FALSE, with G_OPTION_ERROR_BAD_VALUE, where the source has by itself what the option would say;
   origins: those for which it is. value: what was said, NULL for nothing. */
gboolean description_takes(const char *source, const char *option, const char *value,
                           unsigned origins, GError **error);

struct description {
    struct desc_tree *tree;
    enum desc_speed speed; /* unknown where nothing tells */
    uint8_t known;         /* enum desc_known */
    gboolean is_json;      /* it came as JSON */
};

/* source is "-" (standard input) or a file, either with bytes or with JSON; "usb:" and a device of
   this machine, by its name in sysfs ("usb:1-1.4") or by bus and number ("usb:001:005", "usb:1-5");
   or a camera as 'share' names it, which wish makes a USB device of. Of a file, wish says the
   speed that its device runs at, if it says one. An exit status: 0, camera_exit_status() for a
   camera, else EXIT_BROKEN, with *error set. */
int description_read(struct description *description, const char *source,
                     const struct profile_wish *wish, GError **error);
void description_clear(struct description *description); /* accepts one that was never read */

/* Bytes as sysfs's 'descriptors' has them (device, configurations), or nodes in JSON, up to
   DESCRIPTION_MAX_BYTES. FALSE: *error says what and where. */
gboolean description_read_file(struct description *description, const char *path, GError **error);

/* Takes out what is no part of sysfs's 'descriptors': strings, BOS, the other speed. */
void description_keep_device(struct description *description);

/* All bytes; free with g_free. */
uint8_t *description_pack(const struct description *description, size_t *ret_len);

/* Terminal, and nothing in the environment against it (NO_COLOR, TERM=dumb). */
gboolean wants_colour(FILE *file);
