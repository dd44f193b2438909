/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user of 'camredir viewer' wants, from a key file and from the environment: read by the
   module inside the viewer, written into the environment by the program that starts it. */
#pragma once

#include <glib.h>

enum conf_key {
    CONF_CAMERA,
    CONF_SPEED,
    CONF_TRANSFER,
    CONF_FORMAT,
    CONF_SIZE,
    CONF_FPS,
    CONF_NAME,
    CONF_SERIAL,
    CONF_WAY,
    CONF_PORT_NAME,
    CONF_USE,
    CONF_NOTIFICATIONS,
    N_CONF_KEYS
};

struct conf_row {
    const char *group, *key;
    const char *form; /* "ask|always|never", the default first; else what it is: "LIST" */
    const char *help;
};

extern const struct conf_row conf_rows[N_CONF_KEYS];

/* Another file than camredir/camredir.conf in the user's folder of configuration files. */
#define CONF_FILE_VARIABLE "CAMREDIR_CONF"

struct viewer_conf {
    char *values[N_CONF_KEYS]; /* checked; NULL where nothing is said and there is no default */
};

/* The file, which may be missing where no variable names it, and over it the variables. NULL with
   an error that names file (or variable), group and key, and what is allowed there. */
struct viewer_conf *conf_load(GError **error);
void conf_free(struct viewer_conf *conf); /* accepts NULL */
gboolean conf_is(const struct viewer_conf *conf, enum conf_key key, const char *choice);

/* Whether value may stand for key; where: what the error begins with. */
gboolean conf_check(enum conf_key key, const char *value, const char *where, GError **error);

/* "CAMREDIR_PORT_NAME" */
char *conf_variable(enum conf_key key);

typedef struct viewer_conf viewer_conf;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(viewer_conf, conf_free)
