/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what the user wrote to a source: which camera is meant, and the conversions around it. */
#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "tools/tools.h"
#include "vcam/sources/sources.h"

static GQuark camera_error_quark(void)
{
    return g_quark_from_static_string("camera-error-quark");
}

struct search {
    const char *wanted; /* NULL: any */
    char path[64];
    GString *names; /* of those that do not match */
};

static void consider(void *user, const struct vcam_v4l2_device *device)
{
    struct search *search = user;
    if (search->path[0])
        return;
    gboolean matches = search->wanted ? strcasestr(device->name, search->wanted) != NULL
                                      : device->error == 0 || device->error == -EBUSY;
    if (matches)
        g_strlcpy(search->path, device->path, sizeof(search->path));
    else
        g_string_append_printf(search->names, "%s%s", search->names->len ? ", " : "",
                               device->name[0] ? device->name : device->path);
}

/* The device node of the camera that is meant, or NULL. */
static char *find_device(const char *wanted, GError **error)
{
    struct search search = {.wanted = wanted, .names = g_string_new(NULL)};
    vcam_v4l2_list(consider, &search);
    g_autofree char *names = g_string_free(search.names, FALSE);
    if (search.path[0])
        return g_strdup(search.path);
    if (!wanted)
        g_set_error(error, camera_error_quark(), ENOENT,
                    "no camera that can be opened on this machine%s%s: plug one in, or share "
                    "'pattern' or 'file:PATH'",
                    names[0] ? ": found " : "", names);
    else
        g_set_error(error, camera_error_quark(), ENOENT,
                    "no camera with '%s' in its name%s%s: see 'camredir list'", wanted,
                    names[0] ? ", but " : "", names);
    return NULL;
}

static struct vcam_source *pattern_open(const struct camera_limit *limit, GError **error)
{
    struct vcam_source *all = vcam_source_pattern_new(NULL);
    if (!all)
        g_error("out of memory");
    struct vcam_offer offer;
    camera_limit_choose(limit, &all->offer, &offer);
    vcam_source_free(all);
    struct vcam_source *source = vcam_source_pattern_new(&offer);
    if (!source)
        g_set_error(error, camera_error_quark(), errno,
                    "the test pattern has no such mode: it makes raw pictures and MJPEG, 64x48 to "
                    "4096x4096");
    return source;
}

static struct vcam_source *hardware_open(const char *spec, GError **error)
{
    char why[VCAM_ERROR_LEN] = "";
    struct vcam_source *source;
    if (spec && g_str_has_prefix(spec, "file:")) {
        source = vcam_source_file_new(spec + strlen("file:"), why);
    } else {
        g_autofree char *path = spec && spec[0] == '/' ? g_strdup(spec) : find_device(spec, error);
        if (!path)
            return NULL;
        source = vcam_source_v4l2_new(path, why);
    }
    if (!source)
        g_set_error_literal(error, camera_error_quark(), errno, why);
    return source;
}

static struct vcam_source *converted(struct vcam_source *source)
{
    struct vcam_source *outer = vcam_source_convert_new(source);
    if (!outer)
        g_error("out of memory");
    return outer;
}

/* Whether spec can be a camera's at all. */
static gboolean check_spec(const char *spec, GError **error)
{
    const char *fault = NULL;
    if (spec && !*spec)
        fault = "the camera's name is empty: see 'camredir list'";
    else if (spec && strcmp(spec, "file:") == 0)
        fault = "the file is missing: write file:PATH";
    if (fault)
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, fault);
    return !fault;
}

int camera_exit_status(const GError *error)
{
    return error->domain == G_OPTION_ERROR ? EXIT_USAGE : EXIT_CAMERA;
}

struct vcam_source *camera_open(const char *spec, const struct camera_limit *limit,
                                struct vcam_offer *ret_offer, GError **error)
{
    if (!check_spec(spec, error))
        return NULL;
    if (spec && strcmp(spec, "pattern") == 0) {
        struct vcam_source *source = pattern_open(limit, error);
        if (source)
            *ret_offer = source->offer;
        return source;
    }
    struct vcam_source *source = hardware_open(spec, error);
    if (!source)
        return NULL;
    source = converted(source);
    struct vcam_offer narrowed;
    camera_limit_narrow(limit, &source->offer, &narrowed);
    if (narrowed.n_formats == 0) {
        g_set_error(error, camera_error_quark(), EINVAL,
                    "%s has nothing that --format, --size and --fps admit: see 'camredir list'",
                    source->name);
        vcam_source_free(source);
        return NULL;
    }
    *ret_offer = narrowed;
    return source;
}
