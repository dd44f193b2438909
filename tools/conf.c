/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One table of the keys, which the file, the environment and the command line share. */
#include "tools/conf.h"

#include <string.h>

#include "tools/limit.h"

const struct conf_row conf_rows[N_CONF_KEYS] = {
    [CONF_CAMERA] = {"camera", "camera", "CAMERA", "As for 'camredir share'; the first otherwise"},
    [CONF_SPEED] = {"camera", "speed", "high|full|super", "USB speed"},
    [CONF_TRANSFER] = {"camera", "transfer", "bulk|iso", "USB transfer"},
    [CONF_FORMAT] = {"camera", "format", "LIST", "Offer only these: YUY2,MJPEG"},
    [CONF_SIZE] = {"camera", "size", "LIST", "Offer only these: 640x480,1280x720"},
    [CONF_FPS] = {"camera", "fps", "LIST", "Offer only these: 15,30"},
    [CONF_NAME] = {"camera", "name", "TEXT", "The camera's name in the guest"},
    [CONF_SERIAL] = {"camera", "serial", "TEXT", "Its serial number in the guest"},
    [CONF_WAY] = {"spice", "way", "auto|port|usbredir", "How it gets into the VM"},
    [CONF_PORT_NAME] = {"spice", "port-name", "NAME", "The SPICE port"},
    [CONF_USE] = {"privacy", "use", "ask|always|never", "When the guest wants to use it"},
    [CONF_NOTIFICATIONS] = {"privacy", "notifications", "true|false",
                            "Tell on the desktop when the guest starts and stops using it"},
};

/* ---- what may stand where ---- */

static gboolean check_list(enum conf_key key, const char *value, const char *where, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    struct camera_limit limit;
    camera_limit_init(&limit);
    gboolean fine =
        camera_limit_parse(&limit, key == CONF_FORMAT ? value : NULL,
                           key == CONF_SIZE ? value : NULL, key == CONF_FPS ? value : NULL, &wrong);
    camera_limit_clear(&limit);
    if (!fine) /* it begins with the option of another command */
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s: %s", where,
                    strstr(wrong->message, ": ") + 2);
    return fine;
}

gboolean conf_check(enum conf_key key, const char *value, const char *where, GError **error)
{
    g_auto(GStrv) choices = g_strsplit(conf_rows[key].form, "|", -1);
    if (!choices[1])
        return check_list(key, value, where, error);
    if (g_strv_contains((const char *const *)choices, value))
        return TRUE;
    g_autofree char *list = g_strjoinv(", ", choices);
    g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s: '%s' is none of %s",
                where, value, list);
    return FALSE;
}

/* Takes value. */
static gboolean set(struct viewer_conf *conf, enum conf_key key, char *value, const char *where,
                    GError **error)
{
    g_free(conf->values[key]);
    conf->values[key] = g_strstrip(value);
    return conf_check(key, value, where, error);
}

/* ---- the file ---- */

static const char *name_of(const struct conf_row *row, const char *group)
{
    return group ? row->key : row->group;
}

/* The groups, or (group given) the keys of one, for people. */
static char *list_names(const char *group)
{
    GString *names = g_string_new(NULL);
    const char *last = "";
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        const char *name = name_of(&conf_rows[k], group);
        if ((group && strcmp(conf_rows[k].group, group) != 0) || strcmp(name, last) == 0)
            continue;
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
        last = name;
    }
    return g_string_free(names, FALSE);
}

static gboolean is_known(const char *group, const char *key)
{
    for (guint k = 0; k < N_CONF_KEYS; k++)
        if (strcmp(conf_rows[k].group, group) == 0 && (!key || strcmp(conf_rows[k].key, key) == 0))
            return TRUE;
    return FALSE;
}

static gboolean check_names(GKeyFile *file, const char *path, const char *group, GError **error)
{
    g_auto(GStrv) keys =
        is_known(group, NULL) ? g_key_file_get_keys(file, group, NULL, NULL) : NULL;
    if (!keys) {
        g_autofree char *groups = list_names(NULL);
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND,
                    "%s: [%s]: there is no such group, only %s", path, group, groups);
        return FALSE;
    }
    for (char **key = keys; *key; key++) {
        if (is_known(group, *key))
            continue;
        g_autofree char *known = list_names(group);
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND,
                    "%s: [%s] %s: there is no such key, only %s", path, group, *key, known);
        return FALSE;
    }
    return TRUE;
}

static gboolean take_file(struct viewer_conf *conf, GKeyFile *file, const char *path,
                          GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
        if (!check_names(file, path, *group, error))
            return FALSE;
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        const struct conf_row *row = &conf_rows[k];
        g_autofree char *where = g_strdup_printf("%s: [%s] %s", path, row->group, row->key);
        g_autoptr(GError) unreadable = NULL;
        /* It may give both, value and error. */
        g_autofree char *value = g_key_file_get_string(file, row->group, row->key, &unreadable);
        if (g_error_matches(unreadable, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE) ||
            g_error_matches(unreadable, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING)) {
            g_propagate_prefixed_error(error, g_steal_pointer(&unreadable), "%s: ", where);
            return FALSE;
        }
        if (value && !set(conf, k, g_steal_pointer(&value), where, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_file(struct viewer_conf *conf, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    const char *named = g_getenv(CONF_FILE_VARIABLE);
    g_autofree char *path =
        named ? g_strdup(named)
              : g_build_filename(g_get_user_config_dir(), "camredir", "camredir.conf", NULL);
    g_autoptr(GError) unread = NULL;
    if (g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &unread))
        return take_file(conf, file, path, error);
    if (!named && g_error_matches(unread, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&unread), "%s: ", path);
    return FALSE;
}

/* ---- the environment ---- */

char *conf_variable(enum conf_key key)
{
    g_autofree char *upper = g_ascii_strup(conf_rows[key].key, -1);
    return g_strconcat("CAMREDIR_", g_strdelimit(upper, "-", '_'), NULL);
}

static gboolean read_environment(struct viewer_conf *conf, GError **error)
{
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        g_autofree char *variable = conf_variable(k);
        const char *value = g_getenv(variable);
        if (value && *value && !set(conf, k, g_strdup(value), variable, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- both ---- */

static void set_defaults(struct viewer_conf *conf)
{
    for (guint k = 0; k < N_CONF_KEYS; k++) {
        gsize first = strcspn(conf_rows[k].form, "|");
        if (!conf->values[k] && conf_rows[k].form[first])
            conf->values[k] = g_strndup(conf_rows[k].form, first);
    }
}

struct viewer_conf *conf_load(GError **error)
{
    g_autoptr(viewer_conf) conf = g_new0(struct viewer_conf, 1);
    if (!read_file(conf, error) || !read_environment(conf, error))
        return NULL;
    set_defaults(conf);
    return g_steal_pointer(&conf);
}

void conf_free(struct viewer_conf *conf)
{
    for (guint k = 0; conf && k < N_CONF_KEYS; k++)
        g_free(conf->values[k]);
    g_free(conf);
}

gboolean conf_is(const struct viewer_conf *conf, enum conf_key key, const char *choice)
{
    return g_strcmp0(conf->values[key], choice) == 0;
}
