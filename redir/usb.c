/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads /sys/bus/usb/devices. */
#include "redir/usb.h"

#include <stdio.h>
#include <string.h>

#include "redir/error.h"

#define SYSFS       "/sys/bus/usb/devices"
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

static char *attribute(const char *name, const char *file)
{
    g_autofree char *path = g_build_filename(SYSFS, name, file, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    g_autofree char *raw = text;
    return g_utf8_make_valid(g_strstrip(raw), -1);
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
    gboolean video = number(interface, "bInterfaceClass", 16) == CLASS_VIDEO;

    add_video_nodes(device, interface);
    if (target != NULL && (device->driver == NULL || (video && !device->video))) {
        g_free(device->driver);
        device->driver = g_path_get_basename(target);
    }
    device->video |= video;
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

/* The whole text and nothing behind it. */
static gboolean scan_pair(const char *text, const char *format, guint *ret_first, guint *ret_second)
{
    int end = 0;

    return sscanf(text, format, ret_first, ret_second, &end) == 2 && end > 0 && text[end] == '\0';
}

static gboolean is_place(const char *text)
{
    return g_ascii_isdigit(text[0]) && strchr(text, '-') != NULL &&
           strspn(text, "0123456789-.") == strlen(text);
}

static gboolean understand(RedirUsbWish *wish)
{
    const char *text = wish->text;

    if (strcmp(text, "camera") == 0) {
        wish->kind = REDIR_USB_ANY_CAMERA;
    } else if (g_str_has_prefix(text, "serial:") && text[strlen("serial:")] != '\0') {
        wish->kind = REDIR_USB_SERIAL;
    } else if (strlen(text) <= 9 &&
               scan_pair(text, "%4x:%4x%n", &wish->idVendor, &wish->idProduct)) {
        wish->kind = REDIR_USB_ID;
    } else if (is_place(text)) {
        wish->kind = REDIR_USB_PLACE;
        if (!scan_pair(text, "%u-%u%n", &wish->busnum, &wish->devnum))
            wish->busnum = wish->devnum = 0;
    } else {
        return FALSE;
    }
    return TRUE;
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

static gboolean matches(const RedirUsbDevice *device, const RedirUsbWish *wish)
{
    switch (wish->kind) {
    case REDIR_USB_ANY_CAMERA:
        return device->video;
    case REDIR_USB_ID:
        return device->idVendor == wish->idVendor && device->idProduct == wish->idProduct;
    case REDIR_USB_PLACE:
        return strcmp(device->path, wish->text) == 0 ||
               (wish->devnum != 0 && device->busnum == wish->busnum &&
                device->devnum == wish->devnum);
    case REDIR_USB_SERIAL:
        return strcmp(device->serial, wish->text + strlen("serial:")) == 0;
    }
    return FALSE;
}

char *redir_usb_describe(const RedirUsbDevice *device)
{
    return g_strdup_printf("%04x:%04x %s%s%s (%s)", device->idVendor, device->idProduct,
                           device->manufacturer, device->manufacturer[0] ? " " : "",
                           device->product, device->path);
}

const RedirUsbDevice *redir_usb_find(const GPtrArray *devices, const RedirUsbWish *wish,
                                     GError **error)
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
    if (count <= 1 || wish->kind == REDIR_USB_ANY_CAMERA)
        return found;
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_IN_USE,
                "'%s' could be each of these, name one by its port: %s", wish->text, list->str);
    return NULL;
}
