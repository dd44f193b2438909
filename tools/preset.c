/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings a described camera and a source of pictures together. */
#include "tools/preset.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "tools/description.h"
#include "tools/status.h"
#include "tools/tools.h"
#include "vcam/sources/sources.h"

static struct vcam_profile *make_profile(const char *path, struct desc_tree *tree,
                                         const struct vcam_control_list *controls,
                                         const enum vcam_speed *speed, GError **error)
{
    const char *why = "out of memory";
    struct vcam_profile *profile = vcam_profile_new_from_tree(tree, controls, speed, &why);
    if (!profile)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "%s: no camera that can be shared: %s", path, why);
    return profile;
}

typedef void (*mode_func)(const struct vcam_mode *mode, void *user);

static void each_mode_of(const struct vcam_offer *offer, mode_func func, void *user)
{
    for (guint f = 0; f < offer->n_formats; f++) {
        const struct vcam_format_offer *format = &offer->formats[f];
        for (guint s = 0; s < format->n_sizes; s++)
            for (guint i = 0; i < format->sizes[s].n_intervals; i++) {
                const struct vcam_mode mode = {format->fourcc, format->sizes[s].wWidth,
                                               format->sizes[s].wHeight,
                                               format->sizes[s].dwFrameInterval[i]};
                func(&mode, user);
            }
    }
}

/* Of both streaming interfaces. */
static void each_mode(const struct vcam_profile *profile, mode_func func, void *user)
{
    const struct vcam_profile *side = vcam_profile_side(profile);
    each_mode_of(vcam_profile_offer(profile), func, user);
    if (side)
        each_mode_of(vcam_profile_offer(side), func, user);
}

/* user: the offer of all that the pattern makes. */
static void add_if_pattern(const struct vcam_mode *mode, void *user)
{
    struct vcam_offer *one = g_new0(struct vcam_offer, 1);
    vcam_offer_add(one, mode);
    struct vcam_source *source = vcam_source_pattern_new(one);
    if (source)
        vcam_offer_add(user, mode);
    vcam_source_free(source);
    g_free(one);
}

static struct vcam_source *open_pattern(const struct vcam_profile *wanted, GError **error)
{
    g_autofree struct vcam_offer *offer = g_new0(struct vcam_offer, 1);
    each_mode(wanted, add_if_pattern, offer);
    struct vcam_source *source = offer->n_formats ? vcam_source_pattern_new(offer) : NULL;
    if (!source)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "the test pattern makes raw pictures and MJPEG, and has none of the preset's "
                    "modes: name another source");
    return source;
}

static struct vcam_source *open_source(const char *spec, const struct vcam_profile *wanted,
                                       GError **error)
{
    struct camera_limit limit;
    if (!spec || strcmp(spec, "pattern") == 0)
        return open_pattern(wanted, error);
    g_autofree struct vcam_offer *offer = g_new0(struct vcam_offer, 1);
    camera_limit_init(&limit);
    struct vcam_source *source = camera_open(spec, &limit, offer, error);
    camera_limit_clear(&limit);
    return source;
}

struct missing {
    const struct vcam_source *source;
    GString *names;
    guint n, of;
};

static void note_missing(const struct vcam_mode *mode, void *user)
{
    struct missing *missing = user;
    missing->of++;
    if (vcam_offer_find(&missing->source->offer, mode->fourcc, mode->wWidth, mode->wHeight))
        return;
    if (missing->n++ < 3) {
        g_autofree char *name = status_mode(mode);
        g_string_append_printf(missing->names, "%s%s", missing->n > 1 ? ", " : "", name);
    }
}

static void report_missing(const struct vcam_source *source, const struct missing *missing)
{
    if (missing->n)
        g_message("%s makes %u of the preset's %u modes; the guest cannot choose the others "
                  "(%s%s)",
                  source->name, missing->of - missing->n, missing->of, missing->names->str,
                  missing->n > 3 ? ", ..." : "");
}

/* FALSE: the source has no picture for any mode. */
static gboolean fit(struct vcam_profile *profile, const struct vcam_source *source, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    struct missing missing = {.source = source, .names = names};
    each_mode(profile, note_missing, &missing);
    if (vcam_profile_restrict(profile, &source->offer)) {
        report_missing(source, &missing);
        return TRUE;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "%s has none of the preset's modes: name another source", source->name);
    return FALSE;
}

/* A SuperSpeed device has companions, and others must have none: the file has one or the other. */
static gboolean check_speed(const char *path, const struct vcam_profile *profile,
                            const enum vcam_speed *wanted, GError **error)
{
    gboolean is_super = vcam_profile_options(profile)->speed == VCAM_SPEED_SUPER;
    if (!wanted || (*wanted == VCAM_SPEED_SUPER) == is_super)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "--speed: %s describes %s: leave --speed out", path,
                is_super ? "a SuperSpeed device, which has no other speed"
                         : "a device of USB 2, which cannot be super");
    return FALSE;
}

static void count_error(void *user, const struct desc_finding *finding)
{
    *(guint *)user += finding->rule->severity == DESC_ERROR;
}

/* As 'camredir lint' counts them. */
static guint count_errors(const struct description *description)
{
    const struct desc_lint_options options = {.known = description->known,
                                              .speed = description->speed};
    guint n = 0;
    desc_lint(desc_tree_root(description->tree), &options, count_error, &n);
    return n;
}

static int open_both(const char *path, struct desc_tree *tree, const char *spec,
                     const enum vcam_speed *speed, struct vcam_source **ret_source,
                     struct vcam_profile **ret_profile, GError **error)
{
    /* Once for the modes, and again when the source's controls are known. */
    struct vcam_profile *profile = make_profile(path, tree, NULL, NULL, error);
    if (!profile)
        return EXIT_BROKEN;
    if (!check_speed(path, profile, speed, error)) {
        vcam_profile_free(profile);
        return EXIT_USAGE;
    }
    struct vcam_source *source = open_source(spec, profile, error);
    vcam_profile_free(profile);
    if (!source)
        return camera_exit_status(*error);
    profile = make_profile(path, tree, &source->controls, speed, error);
    if (!profile || !fit(profile, source, error)) {
        int status = profile ? EXIT_CAMERA : EXIT_BROKEN;
        vcam_profile_free(profile);
        vcam_source_free(source);
        return status;
    }
    *ret_source = source;
    *ret_profile = profile;
    return EXIT_DONE;
}

int preset_open(const char *path, const char *source_spec, const enum vcam_speed *speed,
                struct vcam_source **ret_source, struct vcam_profile **ret_profile, GError **error)
{
    struct description description = {0};
    if (!description_read_file(&description, path, error))
        return EXIT_BROKEN;
    guint n_errors = count_errors(&description);
    int status =
        open_both(path, description.tree, source_spec, speed, ret_source, ret_profile, error);
    if (status == EXIT_DONE && n_errors)
        g_message("%s: %u error%s, hosts may refuse it: see camredir lint %s", path, n_errors,
                  n_errors > 1 ? "s" : "", path);
    description_clear(&description);
    return status;
}
