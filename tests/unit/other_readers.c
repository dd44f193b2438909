/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/other_readers.h"

#include <dlfcn.h>
#include <libusb.h>
#include <libuvc/libuvc.h>
#include <string.h>

#define SEEN_BY_LIBRARIES __attribute__((visibility("default")))

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
SEEN_BY_LIBRARIES int LIBUSB_CALL libusb_open(libusb_device *device,
                                              libusb_device_handle **ret_handle)
{
    int (*real)(libusb_device *, libusb_device_handle **) =
        (__typeof__(real))dlsym(RTLD_NEXT, "libusb_open");
    return refuse_open ? LIBUSB_ERROR_ACCESS : real(device, ret_handle);
}

/* libuvc forgets selector units; libusb what of a transfer the kernel never gave back, as the
   mocked one does with the status interrupt. */
SEEN_BY_LIBRARIES const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libuvc.so\nleak:libusb-1.0.so\n";
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

static char said[256]; /* by libusb, the first since it was emptied */

/* "libusb: warning [parse_configuration] short extra config desc read 2/9": what is behind "] " */
static void LIBUSB_CALL note(libusb_context *context, enum libusb_log_level level, const char *text)
{
    const char *message = strstr(text, "] ");

    (void)context;
    (void)level;
    if (*said || !message)
        return;
    g_strlcpy(said, message + 2, sizeof said);
    g_strchomp(said);
}

OtherReaders *other_readers_new_listed(void)
{
    OtherReaders *readers = g_new0(OtherReaders, 1);

    if (libusb_init(&readers->usb) < 0 || uvc_init(&readers->uvc, readers->usb) < 0 ||
        libusb_get_device_list(readers->usb, &readers->devices) < 0 ||
        uvc_get_device_list(readers->uvc, &readers->uvc_devices) < 0)
        readers->uvc_devices = NULL;
    libusb_set_option(readers->usb, LIBUSB_OPTION_LOG_LEVEL, LIBUSB_LOG_LEVEL_WARNING);
    libusb_set_log_cb(readers->usb, note, LIBUSB_LOG_CB_CONTEXT);
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

static gboolean parse_libuvc(uvc_device_t *device)
{
    struct uvc_device_info *info;
    refuse_open = TRUE;
    gboolean good = uvc_get_device_info(device, &info) == UVC_SUCCESS;
    refuse_open = FALSE;
    if (good)
        uvc_free_device_info(info);
    return good;
}

gboolean other_readers_parse_libuvc(OtherReaders *readers)
{
    return parse_libuvc(readers->uvc_devices[0]);
}

static libusb_device *find_usb(OtherReaders *readers, guint8 number)
{
    for (libusb_device **device = readers->devices; device && *device; device++)
        if (libusb_get_device_address(*device) == number)
            return *device;
    return NULL;
}

static uvc_device_t *find_uvc(OtherReaders *readers, guint8 number)
{
    for (uvc_device_t **device = readers->uvc_devices; device && *device; device++)
        if (uvc_get_device_address(*device) == number)
            return *device;
    return NULL;
}

char *other_readers_refused_by_libuvc(OtherReaders *readers, guint8 number)
{
    libusb_device *usb_device = find_usb(readers, number);
    uvc_device_t *uvc_device = find_uvc(readers, number);
    struct libusb_config_descriptor *config;

    *said = 0;
    if (!usb_device)
        return g_strdup("libusb_get_device_list");
    int result = libusb_get_config_descriptor(usb_device, 0, &config);
    if (result < 0)
        return g_strdup_printf("libusb_get_config_descriptor: %s %s", libusb_error_name(result),
                               said);
    libusb_free_config_descriptor(config);
    if (!uvc_device)
        return g_strdup("uvc_get_device_list");
    return parse_libuvc(uvc_device) ? NULL : g_strdup("uvc_get_device_info");
}

static void report_units(GString *text, uvc_device_handle_t *handle)
{
    for (const uvc_input_terminal_t *it = uvc_get_input_terminals(handle); it; it = it->next)
        g_string_append_printf(
            text, "input %u type %04x focal %u %u %u controls %" G_GINT64_MODIFIER "x\n",
            it->bTerminalID, it->wTerminalType, it->wObjectiveFocalLengthMin,
            it->wObjectiveFocalLengthMax, it->wOcularFocalLength, it->bmControls);
    for (const uvc_selector_unit_t *su = uvc_get_selector_units(handle); su; su = su->next)
        g_string_append_printf(text, "selector %u\n", su->bUnitID);
    for (const uvc_processing_unit_t *pu = uvc_get_processing_units(handle); pu; pu = pu->next)
        g_string_append_printf(text, "processing %u source %u controls %" G_GINT64_MODIFIER "x\n",
                               pu->bUnitID, pu->bSourceID, pu->bmControls);
    for (const uvc_extension_unit_t *xu = uvc_get_extension_units(handle); xu; xu = xu->next) {
        g_string_append_printf(text, "extension %u guid ", xu->bUnitID);
        for (guint i = 0; i < sizeof(xu->guidExtensionCode); i++)
            g_string_append_printf(text, "%02x", xu->guidExtensionCode[i]);
        g_string_append_printf(text, " controls %" G_GINT64_MODIFIER "x\n", xu->bmControls);
    }
}

static void report_frame(GString *text, const uvc_format_desc_t *format,
                         const uvc_frame_desc_t *frame)
{
    g_string_append_printf(
        text, "frame %u.%u %ux%u can %u rate %u-%u buffer %u line %u default %u every",
        format->bFormatIndex, frame->bFrameIndex, frame->wWidth, frame->wHeight,
        frame->bmCapabilities, frame->dwMinBitRate, frame->dwMaxBitRate,
        frame->dwMaxVideoFrameBufferSize, frame->dwBytesPerLine, frame->dwDefaultFrameInterval);
    if (frame->intervals)
        for (const uint32_t *interval = frame->intervals; *interval; interval++)
            g_string_append_printf(text, " %u", *interval);
    else
        g_string_append_printf(text, " %u to %u by %u", frame->dwMinFrameInterval,
                               frame->dwMaxFrameInterval, frame->dwFrameIntervalStep);
    g_string_append_c(text, '\n');
}

char *other_readers_report_libuvc(OtherReaders *readers)
{
    GString *text = g_string_new(NULL);
    report_units(text, readers->uvc_handle);
    for (const uvc_format_desc_t *format = uvc_get_format_descs(readers->uvc_handle); format;
         format = format->next) {
        g_string_append_printf(
            text,
            "format %u subtype %u %.4s frames %u bits %u default %u aspect %ux%u flags %u protect "
            "%u variable %u\n",
            format->bFormatIndex, format->bDescriptorSubtype, (const char *)format->fourccFormat,
            format->bNumFrameDescriptors, format->bBitsPerPixel, format->bDefaultFrameIndex,
            format->bAspectRatioX, format->bAspectRatioY, format->bmInterlaceFlags,
            format->bCopyProtect, format->bVariableSize);
        for (const uvc_frame_desc_t *frame = format->frame_descs; frame; frame = frame->next)
            report_frame(text, format, frame);
    }
    return g_string_free(text, FALSE);
}
