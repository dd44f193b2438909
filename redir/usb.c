/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads /sys/bus/usb/devices. */
#include "redir/usb.h"

#include <stdio.h>
#include <string.h>

#include "redir/error.h"

#define SYSFS       "/sys/bus/usb/devices"
#define CLASS_HUB   0x09
#define CLASS_VIDEO 0x0e

static void device_free(gpointer data)
{
    RedirUsbDevice *device = data;

    g_free(device->path);
    g_free(device->node);
    g_free(device->manufacturer);
    g_free(device->product);
    g_free(device->serial);
    g_free(device->driver);
    g_ptr_array_unref(device->video_nodes);
    g_free(device);
}

/* ---- sysfs ---- */

/* A device says of itself what it likes. Where it ends up, on a terminal and in a udev rule, a
   control character would do more than to be read. */
static char *harmless(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *result = g_string_new(NULL);

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(result, g_unichar_iscntrl(c) ? 0xfffd : c);
    }
    return g_string_free(result, FALSE);
}

static char *attribute(const char *name, const char *file)
{
    g_autofree char *path = g_build_filename(SYSFS, name, file, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    g_autofree char *raw = text;
    return harmless(g_strstrip(raw));
}

static guint number(const char *name, const char *file, guint base)
{
    g_autofree char *text = attribute(name, file);

    return (guint)g_ascii_strtoull(text, NULL, base);
}

static void add_video_nodes(RedirUsbDevice *device, const char *interface)
{
    g_autofree char *folder = g_build_filename(SYSFS, interface, "video4linux", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(device->video_nodes, g_strdup(name));
}

static void look_at_interface(RedirUsbDevice *device, const char *interface)
{
    g_autofree char *link = g_build_filename(SYSFS, interface, "driver", NULL);
    g_autofree char *target = g_file_read_link(link, NULL);
    guint class = number(interface, "bInterfaceClass", 16);
    gboolean video = class == CLASS_VIDEO;

    add_video_nodes(device, interface);
    if (target != NULL && (device->driver == NULL || (video && !device->video))) {
        g_free(device->driver);
        device->driver = g_path_get_basename(target);
    }
    device->video |= video;
    device->hub |= class == CLASS_HUB;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *sysfs_names(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(SYSFS, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_name);
    return names;
}

static RedirUsbDevice *read_device(const char *name)
{
    RedirUsbDevice *device = g_new0(RedirUsbDevice, 1);

    device->path = g_strdup(name);
    device->busnum = number(name, "busnum", 10);
    device->devnum = number(name, "devnum", 10);
    device->node = g_strdup_printf("/dev/bus/usb/%03u/%03u", device->busnum, device->devnum);
    device->idVendor = number(name, "idVendor", 16);
    device->idProduct = number(name, "idProduct", 16);
    device->manufacturer = attribute(name, "manufacturer");
    device->product = attribute(name, "product");
    device->serial = attribute(name, "serial");
    device->megabits = number(name, "speed", 10);
    device->video_nodes = g_ptr_array_new_with_free_func(g_free);
    return device;
}

/* Devices are "1-1.4", their interfaces "1-1.4:1.0", root hubs "usb1". Sorted, a device comes
   before its interfaces, but "1-1.4" between "1-1" and "1-1:1.0". */
GPtrArray *redir_usb_list(void)
{
    GPtrArray *devices = g_ptr_array_new_with_free_func(device_free);
    g_autoptr(GPtrArray) names = sysfs_names();

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (g_ascii_isdigit(name[0]) && strchr(name, ':') == NULL)
            g_ptr_array_add(devices, read_device(name));
    }
    for (guint i = 0; i < names->len; i++) {
        const char *colon = strchr(names->pdata[i], ':');
        for (guint d = 0; colon != NULL && d < devices->len; d++) {
            RedirUsbDevice *device = devices->pdata[d];
            if (strlen(device->path) == (gsize)(colon - (char *)names->pdata[i]) &&
                g_str_has_prefix(names->pdata[i], device->path))
                look_at_interface(device, names->pdata[i]);
        }
    }
    return devices;
}

/* ---- what a user calls it ---- */

/* lsusb has three digits for bus and device, the kernel's names of ports have no zero in front. */
static const struct {
    const char *pattern;
    RedirUsbKind kind;
} forms[] = {
    {"\\Acamera\\z", REDIR_USB_ANY_CAMERA},
    {"\\A[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}\\z", REDIR_USB_ID},
    {"\\A[0-9]{3}-[0-9]{3}\\z", REDIR_USB_NUMBER},
    {"\\A[1-9][0-9]{0,2}-[1-9][0-9]{0,2}(\\.[1-9][0-9]{0,2})*\\z", REDIR_USB_PORT},
    {"\\Aserial:.", REDIR_USB_SERIAL},
};

static gboolean understand(RedirUsbWish *wish)
{
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
        if (g_regex_match_simple(forms[i].pattern, wish->text, G_REGEX_RAW | G_REGEX_DOTALL, 0)) {
            wish->kind = forms[i].kind;
            sscanf(wish->text, "%x:%x", &wish->idVendor, &wish->idProduct);
            return TRUE;
        }
    return FALSE;
}

RedirUsbWish *redir_usb_wish_new(const char *text, GError **error)
{
    g_autoptr(RedirUsbWish) wish = g_new0(RedirUsbWish, 1);

    wish->text = g_strdup(text);
    if (understand(wish))
        return g_steal_pointer(&wish);
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS,
                "'%s' names no USB device: say camera (the first one), VID:PID (046d:0825), "
                "BUS-DEV (001-005), its port (1-1.4) or serial:TEXT; 'camredir list' shows them",
                text);
    return NULL;
}

void redir_usb_wish_free(RedirUsbWish *wish)
{
    if (wish == NULL)
        return;
    g_free(wish->text);
    g_free(wish);
}

static gboolean has_number(const RedirUsbDevice *device, const char *text)
{
    g_autofree char *number = g_strdup_printf("%03u-%03u", device->busnum, device->devnum);

    return strcmp(number, text) == 0;
}

static gboolean matches(const RedirUsbDevice *device, const RedirUsbWish *wish)
{
    switch (wish->kind) {
    case REDIR_USB_ANY_CAMERA:
        return device->video;
    case REDIR_USB_ID:
        return device->idVendor == wish->idVendor && device->idProduct == wish->idProduct;
    case REDIR_USB_NUMBER:
        return has_number(device, wish->text);
    case REDIR_USB_PORT:
        return strcmp(device->path, wish->text) == 0;
    case REDIR_USB_SERIAL:
        return strcmp(device->serial, wish->text + strlen("serial:")) == 0;
    }
    return FALSE;
}

/* A port that could be a number as usbredirect has it: "1-5". */
static gboolean is_like_number(const RedirUsbWish *wish, guint *ret_bus, guint *ret_number)
{
    return wish->kind == REDIR_USB_PORT && strchr(wish->text, '.') == NULL &&
           sscanf(wish->text, "%u-%u", ret_bus, ret_number) == 2;
}

static const RedirUsbDevice *camera_numbered(const GPtrArray *devices, const RedirUsbWish *wish)
{
    guint bus, number;

    if (wish->looked_for || !is_like_number(wish, &bus, &number))
        return NULL;
    for (guint i = 0; i < devices->len; i++) {
        const RedirUsbDevice *device = devices->pdata[i];
        if (device->video && device->busnum == bus && device->devnum == number)
            return device;
    }
    return NULL;
}

/* Its number goes with it when it is pulled out, and may become another device's. */
static void remember_port(RedirUsbWish *wish, const RedirUsbDevice *device)
{
    if (wish->kind != REDIR_USB_NUMBER && wish->kind != REDIR_USB_PORT)
        return;
    wish->kind = REDIR_USB_PORT;
    g_free(wish->text);
    wish->text = g_strdup(device->path);
}

char *redir_usb_missing(const RedirUsbWish *wish)
{
    guint bus, device;

    if (wish->kind == REDIR_USB_ANY_CAMERA)
        return g_strdup("no USB camera is plugged in here");
    if (is_like_number(wish, &bus, &device))
        return g_strdup_printf("nothing is plugged in here at port %s (device %u of bus %u is "
                               "%03u-%03u)",
                               wish->text, device, bus, bus, device);
    return g_strdup_printf("'%s' is not plugged in here", wish->text);
}

char *redir_usb_describe(const RedirUsbDevice *device)
{
    return g_strdup_printf("%04x:%04x %s%s%s (%s)", device->idVendor, device->idProduct,
                           device->manufacturer, device->manufacturer[0] ? " " : "",
                           device->product, device->path);
}

const RedirUsbDevice *redir_usb_find(const GPtrArray *devices, RedirUsbWish *wish, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);
    const RedirUsbDevice *found = NULL;
    guint count = 0;

    for (guint i = 0; i < devices->len; i++) {
        const RedirUsbDevice *device = devices->pdata[i];
        if (!matches(device, wish))
            continue;
        g_autofree char *text = redir_usb_describe(device);
        g_string_append_printf(list, "%s%s", count ? ", " : "", text);
        if (count++ == 0)
            found = device;
    }
    if (found == NULL)
        found = camera_numbered(devices, wish);
    wish->looked_for = TRUE;
    if (found != NULL)
        remember_port(wish, found);
    if (count > 1 && wish->kind != REDIR_USB_ANY_CAMERA)
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_IN_USE,
                    "'%s' could be each of these, name one by its port: %s", wish->text, list->str);
    else if (found != NULL && found->hub)
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_IN_USE,
                    "%s is a hub: name what is plugged into it", list->str);
    else
        return found;
    return NULL;
}
