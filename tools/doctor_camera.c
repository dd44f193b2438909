/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine has of the camera that is meant. Opens devices without their light. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/doctor.h"
#include "tools/holders.h"
#include "tools/tools.h"

#define USB_DEVICES     "/sys/bus/usb/devices"
#define USB_CLASS_VIDEO "0e"

/* ---- capture devices ---- */

static void take(struct doctor_camera *camera, const struct vcam_v4l2_device *device)
{
    g_free(camera->path);
    g_free(camera->name);
    camera->found = TRUE;
    camera->path = g_strdup(device->path);
    camera->name = g_strdup(device->name[0] ? device->name : "?");
    camera->error = device->error;
    camera->offer = device->offer;
    camera->other_formats = device->other_formats;
}

/* The same one that 'share' would take; where that is none, the first that could be meant. */
static void consider(void *user, const struct vcam_v4l2_device *device)
{
    struct doctor_facts *facts = user;
    struct doctor_camera *camera = &facts->camera;
    const char *wanted = facts->camera_spec;
    if (!wanted) {
        gboolean usable = device->error == 0 || device->error == -EBUSY;
        if (!camera->found || (usable && camera->error && camera->error != -EBUSY))
            take(camera, device);
    } else if (!camera->found &&
               (strcasestr(device->name, wanted) || !strcmp(device->path, wanted)))
        take(camera, device);
}

static void read_group(struct doctor_camera *camera)
{
    struct stat status;
    if (stat(camera->path, &status) < 0 || status.st_gid == 0 || !(status.st_mode & S_IWGRP))
        return;
    const struct group *group = getgrgid(status.st_gid);
    camera->group = group ? g_strdup(group->gr_name) : NULL;
}

/* ---- cameras that nobody drives ---- */

static gboolean is_unbound_camera(const char *interface)
{
    g_autofree char *file = g_build_filename(USB_DEVICES, interface, "bInterfaceClass", NULL);
    g_autofree char *driver = g_build_filename(USB_DEVICES, interface, "driver", NULL);
    g_autofree char *class = NULL;
    return g_file_get_contents(file, &class, NULL, NULL) &&
           g_str_has_prefix(class, USB_CLASS_VIDEO) && !g_file_test(driver, G_FILE_TEST_EXISTS);
}

static gboolean has_unbound_camera(void)
{
    g_autoptr(GDir) dir = g_dir_open(USB_DEVICES, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (strchr(name, ':') && is_unbound_camera(name))
            return TRUE;
    return FALSE;
}

/* ---- all ---- */

/* With the formats that conversion adds. */
static void open_camera(struct doctor_facts *facts)
{
    struct doctor_camera *camera = &facts->camera;
    g_autoptr(GError) error = NULL;
    struct camera_limit limit;
    struct vcam_offer offer;
    camera_limit_init(&limit);
    struct vcam_source *source =
        camera_open(camera->path ? camera->path : facts->camera_spec, &limit, &offer, &error);
    camera_limit_clear(&limit);
    if (source) {
        camera->offer = offer;
        if (!camera->found)
            camera->name = g_strdup(source->name);
        camera->found = TRUE;
    } else if (!camera->found) {
        camera->why = g_strdup(error->message);
    }
    vcam_source_free(source);
}

static gboolean is_device(const char *spec)
{
    return !spec || (strcmp(spec, "pattern") != 0 && !g_str_has_prefix(spec, "file:"));
}

void doctor_look_camera(struct doctor_facts *facts, const struct vcam_v4l2_io *io)
{
    struct doctor_camera *camera = &facts->camera;
    if (is_device(facts->camera_spec))
        vcam_v4l2_list_on(io, consider, facts);
    if (camera->error == -EBUSY) {
        const char *const nodes[] = {camera->path, NULL};
        camera->holders = holders_find(nodes);
    } else if (camera->error == -EACCES) {
        read_group(camera);
    } else if (!camera->error) {
        open_camera(facts);
    }
    camera->unbound = !camera->found && !facts->camera_spec && has_unbound_camera();
}
