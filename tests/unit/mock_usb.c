/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/mock_usb.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <umockdev.h>
#include <unistd.h>

#define DEVICE_NODE "/dev/bus/usb/001/%03u"

struct MockUsb {
    UMockdevTestbed *testbed;
    UMockdevIoctlBase *ioctls;
};

gboolean mock_usb_init(char **argv)
{
    const char *preload = g_getenv("LD_PRELOAD");
    if (preload && strstr(preload, "umockdev"))
        return TRUE;
    g_autofree char *path = g_find_program_in_path("umockdev-wrapper");
    if (!path)
        return FALSE;

    g_autoptr(GPtrArray) command = g_ptr_array_new();
    g_ptr_array_add(command, path);
    for (char **word = argv; *word; word++)
        g_ptr_array_add(command, *word);
    g_ptr_array_add(command, NULL);
    /* ASan wants to be the first library, the preloaded one is. */
    g_setenv("ASAN_OPTIONS", "verify_asan_link_order=0", FALSE);
    execv(path, (char **)command->pdata);
    return FALSE;
}

void mock_usb_test_init(int *argc, char ***argv)
{
    if (!mock_usb_init(*argv))
        g_error("umockdev-wrapper is missing: 'make deps'");
    g_test_init(argc, argv, NULL);
}

/* A status interrupt may be waited for, for ever; all else that is asked for fails at once. */
static gboolean is_interrupt(UMockdevIoctlClient *client)
{
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
    UMockdevIoctlData *urb = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    gboolean is =
        urb && ((struct usbdevfs_urb *)(gpointer)urb->data)->type == USBDEVFS_URB_TYPE_INTERRUPT;
    g_clear_pointer(&urb, umockdev_ioctl_data_unref);
    return is;
}

/* Enough for a library to open it. */
static gboolean answer_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
    (void)base;
    (void)user;
    switch (umockdev_ioctl_client_get_request(client)) {
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_DISCARDURB:
        umockdev_ioctl_client_complete(client, 0, 0);
        return TRUE;
    case USBDEVFS_SUBMITURB:
        umockdev_ioctl_client_complete(client, is_interrupt(client) ? 0 : -1, ENODEV);
        return TRUE;
    case USBDEVFS_GETDRIVER:
    case USBDEVFS_IOCTL: /* detach the driver, there is none */
        umockdev_ioctl_client_complete(client, -1, ENODATA);
        return TRUE;
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
        umockdev_ioctl_client_complete(client, -1, EAGAIN);
        return TRUE;
    default:
        umockdev_ioctl_client_complete(client, -1, ENOTTY);
        return TRUE;
    }
}

static void describe(GString *text, guint number, const guint8 *descriptors, gsize size)
{
    g_string_append_printf(text,
                           "P: /devices/pci0000:00/0000:00:01.0/usb1/1-%u\n"
                           "N: bus/usb/001/%03u\n"
                           "E: SUBSYSTEM=usb\n"
                           "E: DEVTYPE=usb_device\n"
                           "E: DEVNAME=" DEVICE_NODE "\n"
                           "E: BUSNUM=001\n"
                           "E: DEVNUM=%03u\n"
                           "A: busnum=1\n"
                           "A: devnum=%u\n"
                           "A: bConfigurationValue=1\n"
                           "A: speed=480\n"
                           "H: descriptors=",
                           number - 1, number, number, number, number);
    for (gsize i = 0; i < size; i++)
        g_string_append_printf(text, "%02X", descriptors[i]);
    g_string_append(text, "\n\n");
}

static MockUsb *mock_new(const char *text)
{
    g_autoptr(GError) error = NULL;
    MockUsb *mock = g_new0(MockUsb, 1);

    mock->testbed = umockdev_testbed_new();
    umockdev_testbed_add_from_string(mock->testbed, text, &error);
    g_assert_no_error(error);
    return mock;
}

MockUsb *mock_usb_new(const guint8 *descriptors, gsize size)
{
    g_autofree char *node = g_strdup_printf(DEVICE_NODE, MOCK_USB_FIRST);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    describe(text, MOCK_USB_FIRST, descriptors, size);
    MockUsb *mock = mock_new(text->str);
    mock->ioctls = umockdev_ioctl_base_new();
    g_signal_connect(mock->ioctls, "handle-ioctl", G_CALLBACK(answer_ioctl), NULL);
    umockdev_testbed_attach_ioctl(mock->testbed, node, mock->ioctls, &error);
    g_assert_no_error(error);
    return mock;
}

MockUsb *mock_usb_new_many(GBytes *const *descriptors, guint n)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_cmpuint(n, <=, MOCK_USB_MOST);
    for (guint i = 0; i < n; i++) {
        gsize size;
        const guint8 *bytes = g_bytes_get_data(descriptors[i], &size);
        describe(text, MOCK_USB_FIRST + i, bytes, size);
    }
    return mock_new(text->str);
}

void mock_usb_free(MockUsb *mock)
{
    if (!mock)
        return;
    if (mock->ioctls) {
        g_autofree char *node = g_strdup_printf(DEVICE_NODE, MOCK_USB_FIRST);
        umockdev_testbed_detach_ioctl(mock->testbed, node, NULL);
    }
    g_clear_object(&mock->ioctls);
    g_clear_object(&mock->testbed);
    g_free(mock);
}
