/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir list: the cameras of this machine, for people and (--json) for programs: those of V4L2,
   to share, and the USB devices behind them, to redirect. */
#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <unistd.h>

#include "redir/usb.h"
#include "tools/holders.h"
#include "tools/tools.h"
#include "vcam/sources/sources.h"

static const char *state_of(const struct vcam_v4l2_device *device)
{
    switch (device->error) {
    case 0:
        return "free";
    case -EBUSY:
        return "busy";
    case -EACCES:
        return "no permission";
    default:
        return g_strerror(-device->error);
    }
}

static GPtrArray *users_of(const struct vcam_v4l2_device *device)
{
    const char *const nodes[] = {device->path, NULL};
    return holders_find(nodes);
}

static void print_users(const GPtrArray *users)
{
    g_autofree char *text = holders_text(users);
    if (text)
        printf("  used by %s\n", text);
}

static const char *format_name(uint32_t fourcc)
{
    const struct vcam_format_info *info = vcam_format_info(fourcc);
    return info ? info->name : "?";
}

static void print_size(const struct vcam_format_offer *format, const struct vcam_size_offer *size,
                       gboolean first)
{
    g_autofree char *dimensions = g_strdup_printf("%ux%u", size->wWidth, size->wHeight);
    printf("  %-6s %-10s", first ? format_name(format->fourcc) : "", dimensions);
    for (guint i = 0; i < size->n_intervals; i++)
        printf(" %.4g", 1e7 / size->dwFrameInterval[i]);
    puts(" fps");
}

static void print_device(void *user, const struct vcam_v4l2_device *device)
{
    (void)user;
    printf("%s  %s  (%s%s%s)\n", device->path, device->name[0] ? device->name : "?",
           state_of(device), device->driver[0] ? ", " : "", device->driver);
    if (device->error == -EACCES)
        puts("  to use it, join its group: sudo usermod -aG video $USER, then log in again");
    g_autoptr(GPtrArray) users = users_of(device);
    print_users(users);
    for (guint f = 0; f < device->offer.n_formats; f++)
        for (guint s = 0; s < device->offer.formats[f].n_sizes; s++)
            print_size(&device->offer.formats[f], &device->offer.formats[f].sizes[s], s == 0);
    if (device->other_formats)
        printf("  and %u formats that USB video class has no name for\n", device->other_formats);
}

static void build_size(JsonBuilder *json, const struct vcam_size_offer *size)
{
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "width");
    json_builder_add_int_value(json, size->wWidth);
    json_builder_set_member_name(json, "height");
    json_builder_add_int_value(json, size->wHeight);
    json_builder_set_member_name(json, "intervals");
    json_builder_begin_array(json);
    for (guint i = 0; i < size->n_intervals; i++)
        json_builder_add_int_value(json, size->dwFrameInterval[i]);
    json_builder_end_array(json);
    json_builder_end_object(json);
}

static void build_text(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, text);
}

static void build_control(JsonBuilder *json, const struct vcam_control_range *control)
{
    const struct {
        const char *name;
        int32_t value;
    } members[] = {{"min", control->min},
                   {"max", control->max},
                   {"step", control->res},
                   {"default", control->def}};
    json_builder_begin_object(json);
    build_text(json, "name", vcam_control_info(control->id)->name);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        json_builder_set_member_name(json, members[i].name);
        json_builder_add_int_value(json, members[i].value);
    }
    json_builder_end_object(json);
}

static void build_users(JsonBuilder *json, const GPtrArray *users)
{
    json_builder_set_member_name(json, "users");
    json_builder_begin_array(json);
    for (guint i = 0; i < users->len; i++) {
        const struct holder *holder = users->pdata[i];
        json_builder_begin_object(json);
        json_builder_set_member_name(json, "pid");
        json_builder_add_int_value(json, holder->pid);
        build_text(json, "name", holder->name);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void build_device(void *user, const struct vcam_v4l2_device *device)
{
    JsonBuilder *json = user;
    g_autoptr(GPtrArray) users = users_of(device);
    json_builder_begin_object(json);
    build_text(json, "kind", "v4l2");
    build_text(json, "path", device->path);
    build_text(json, "name", device->name);
    build_text(json, "driver", device->driver);
    build_text(json, "bus", device->bus);
    build_text(json, "serial", device->serial);
    build_text(json, "state", state_of(device));
    build_users(json, users);
    json_builder_set_member_name(json, "formats");
    json_builder_begin_array(json);
    for (guint f = 0; f < device->offer.n_formats; f++) {
        const struct vcam_format_offer *format = &device->offer.formats[f];
        json_builder_begin_object(json);
        build_text(json, "format", format_name(format->fourcc));
        json_builder_set_member_name(json, "sizes");
        json_builder_begin_array(json);
        for (guint s = 0; s < format->n_sizes; s++)
            build_size(json, &format->sizes[s]);
        json_builder_end_array(json);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "controls");
    json_builder_begin_array(json);
    for (guint c = 0; c < device->controls.count; c++)
        build_control(json, &device->controls.items[c]);
    json_builder_end_array(json);
    json_builder_end_object(json);
}

/* ---- USB devices ---- */

/* Paths of the node by which it is redirected and of those by which it is shared. */
static GPtrArray *nodes_of(const RedirUsbDevice *device)
{
    GPtrArray *nodes = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(nodes, g_strdup(device->node));
    for (guint i = 0; i < device->video_nodes->len; i++)
        g_ptr_array_add(nodes, g_strdup_printf("/dev/%s", (char *)device->video_nodes->pdata[i]));
    g_ptr_array_add(nodes, NULL);
    return nodes;
}

static const char *usb_state_of(const RedirUsbDevice *device)
{
    if (access(device->node, R_OK | W_OK) != 0)
        return errno == EACCES ? "no permission" : g_strerror(errno);
    return g_strcmp0(device->driver, "usbfs") == 0 ? "busy" : "free";
}

static void print_usb(void *user, const RedirUsbDevice *device)
{
    (void)user;
    g_autofree char *name = redir_usb_describe(device);
    g_autoptr(GPtrArray) nodes = nodes_of(device);
    char *const *paths = (char **)nodes->pdata;
    g_autofree char *video = g_strjoinv(" ", (char **)paths + 1);
    g_autoptr(GPtrArray) users = holders_find((const char *const *)paths);
    printf("USB  %s  (%s%s%s%s%s)\n", name, usb_state_of(device), device->driver ? ", " : "",
           device->driver ? device->driver : "", *video ? ", " : "", video);
    if (access(device->node, R_OK | W_OK) != 0 && errno == EACCES)
        printf("  to redirect it: camredir redirect --udev-rule %s\n", device->path);
    print_users(users);
}

static void build_usb(void *user, const RedirUsbDevice *device)
{
    JsonBuilder *json = user;
    g_autofree char *id = g_strdup_printf("%04x:%04x", device->idVendor, device->idProduct);
    g_autoptr(GPtrArray) nodes = nodes_of(device);
    g_autoptr(GPtrArray) users = holders_find((const char *const *)nodes->pdata);
    json_builder_begin_object(json);
    build_text(json, "kind", "usb");
    build_text(json, "path", device->path);
    build_text(json, "node", device->node);
    build_text(json, "id", id);
    build_text(json, "manufacturer", device->manufacturer);
    build_text(json, "name", device->product);
    build_text(json, "serial", device->serial);
    build_text(json, "driver", device->driver ? device->driver : "");
    build_text(json, "state", usb_state_of(device));
    json_builder_set_member_name(json, "video");
    json_builder_begin_array(json);
    for (guint i = 1; nodes->pdata[i]; i++)
        json_builder_add_string_value(json, nodes->pdata[i]);
    json_builder_end_array(json);
    build_users(json, users);
    json_builder_end_object(json);
}

/* How many cameras there are. */
static guint each_usb_camera(void (*use)(void *user, const RedirUsbDevice *device), void *user)
{
    g_autoptr(GPtrArray) devices = redir_usb_list();
    guint count = 0;
    for (guint i = 0; i < devices->len; i++) {
        const RedirUsbDevice *device = devices->pdata[i];
        if (!device->video)
            continue;
        use(user, device);
        count++;
    }
    return count;
}

/* ---- The command ---- */

static void list_json(void)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_array(json);
    vcam_v4l2_list(build_device, json);
    each_usb_camera(build_usb, json);
    json_builder_end_array(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

int list_run(int argc, char **argv)
{
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "For programs: intervals in 100 ns units",
         NULL},
        {0},
    };
    if (!options_parse("- show the cameras of this machine", NULL, entries, &argc, &argv, 0))
        return EXIT_USAGE;
    if (as_json) {
        list_json();
        return close_output("list");
    }
    gboolean any = vcam_v4l2_list(print_device, NULL) > 0;
    if (each_usb_camera(print_usb, NULL) == 0 && !any)
        puts("No camera found. 'camredir share pattern' shares a test picture.");
    return close_output("list");
}
