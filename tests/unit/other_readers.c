/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/other_readers.h"

#include <dlfcn.h>
#include <libusb.h>
#include <libuvc/libuvc.h>

/* Exported by libuvc, in none of its public headers. */
struct uvc_device_info;
uvc_error_t uvc_get_device_info(uvc_device_t *device, struct uvc_device_info **ret_info);
void uvc_free_device_info(struct uvc_device_info *info);

struct OtherReaders {
    libusb_context *usb;
    libusb_device **devices;
    uvc_context_t *uvc;
    uvc_device_t **uvc_devices;
    uvc_device_handle_t *uvc_handle;
};

/* Stands before libusb's own, for libuvc too. */
static gboolean refuse_open;
int LIBUSB_CALL libusb_open(libusb_device *device, libusb_device_handle **ret_handle)
{
    int (*real)(libusb_device *, libusb_device_handle **) =
        (__typeof__(real))dlsym(RTLD_NEXT, "libusb_open");
    return refuse_open ? LIBUSB_ERROR_ACCESS : real(device, ret_handle);
}

OtherReaders *other_readers_new(const char **ret_why)
{
    OtherReaders *readers = g_new0(OtherReaders, 1);
    const char *why = NULL;

    if (libusb_init(&readers->usb) < 0 ||
        libusb_get_device_list(readers->usb, &readers->devices) != 1)
        why = "libusb finds no device";
    else if (uvc_init(&readers->uvc, readers->usb) < 0 ||
             uvc_get_device_list(readers->uvc, &readers->uvc_devices) < 0 ||
             !readers->uvc_devices[0])
        why = "libuvc finds no camera";
    else if (uvc_open(readers->uvc_devices[0], &readers->uvc_handle) < 0)
        why = "libuvc does not open the camera";
    if (why) {
        other_readers_free(readers);
        *ret_why = why;
        return NULL;
    }
    return readers;
}

void other_readers_free(OtherReaders *readers)
{
    if (!readers)
        return;
    if (readers->uvc_handle)
        uvc_close(readers->uvc_handle);
    if (readers->uvc_devices)
        uvc_free_device_list(readers->uvc_devices, 1);
    if (readers->uvc)
        uvc_exit(readers->uvc);
    if (readers->devices)
        libusb_free_device_list(readers->devices, 1);
    if (readers->usb)
        libusb_exit(readers->usb);
    g_free(readers);
}

gboolean other_readers_parse_libusb(OtherReaders *readers)
{
    struct libusb_config_descriptor *config;
    if (libusb_get_config_descriptor(readers->devices[0], 0, &config) < 0)
        return FALSE;
    libusb_free_config_descriptor(config);
    return TRUE;
}

gboolean other_readers_parse_libuvc(OtherReaders *readers)
{
    struct uvc_device_info *info;
    refuse_open = TRUE;
    gboolean good = uvc_get_device_info(readers->uvc_devices[0], &info) == UVC_SUCCESS;
    refuse_open = FALSE;
    if (good)
        uvc_free_device_info(info);
    return good;
}
