/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The USB devices of a machine that umockdev makes, and the names by which a user means one. */
#include <stdlib.h>
#include <string.h>

#include "redir/error.h"
#include "redir/usb.h"
#include "tests/unit/fake_usbfs.h"
#include "tests/unit/mock_usb.h"

static const FakeUsbDevice devices[] = {
    {"1-1", 1, 5, "046d", "0825", "Logitech", "Webcam", "A1", 480, "0e", "uvcvideo", "video0"},
    {"1-1.4", 1, 6, "1d6b", "0104", NULL, "Disk", "A1", 480, "08", "usb-storage", NULL},
    {"1-10", 1, 7, "046d", "0825", "Logitech", "Webcam", "B2", 480, "0e", NULL, NULL},
    {"2-1", 2, 5, "8086", "0b07", NULL, NULL, NULL, 5000, "0e", "uvcvideo", "video4"},
    {"2-6", 2, 1, "8086", "0b08", NULL, NULL, NULL, 5000, "0e", "uvcvideo", NULL},
    {"2-7", 2, 9, "05e3", "0608", NULL, "Hub", NULL, 480, "09", "hub", NULL},
};

/* What the user says; which device that is, or a part of the message. */
static const struct {
    const char *text, *path, *error;
} wishes[] = {
    {"camera", "1-1", NULL},
    {"1d6b:0104", "1-1.4", NULL},
    {"1D6B:104", "1-1.4", NULL},
    {"046d:0825", NULL, "046d:0825 Logitech Webcam (1-1), 046d:0825 Logitech Webcam (1-10)"},
    {"ffff:0001", NULL, NULL},
    {"1-10", "1-10", NULL},
    {"1-1.4", "1-1.4", NULL},
    {"001-006", "1-1.4", NULL},
    {"1-5", "1-1", NULL}, /* a camera's number, nothing is at that port */
    {"1-6", NULL, NULL},  /* not a camera's */
    {"002-005", "2-1", NULL},
    {"2-1", "2-1", NULL}, /* by its port, though 2-6 has number 1 */
    {"002-001", "2-6", NULL},
    {"2-5", "2-1", NULL},
    {"2-7", NULL, "05e3:0608 Hub (2-7) is a hub"},
    {"9-9", NULL, NULL},
    {"serial:B2", "1-10", NULL},
    {"serial:A1", NULL, "(1-1), 1d6b:0104 Disk (1-1.4)"},
    {"serial:b2", NULL, NULL},
    {"", NULL, "names no USB device"},
    {"serial:", NULL, "names no USB device"},
    {"046d:", NULL, "names no USB device"},
    {"046d:0825:1", NULL, "names no USB device"},
    {"046d1:0825", NULL, "names no USB device"},
    {"-1", NULL, "names no USB device"},
    {"1-1;rm", NULL, "names no USB device"},
    {"1-", NULL, "names no USB device"},
    {"1-1.", NULL, "names no USB device"},
    {"1-1..4", NULL, "names no USB device"},
    {"1-1-4", NULL, "names no USB device"},
    {"1-1\n", NULL, "names no USB device"},
    {"01-5", NULL, "names no USB device"},
    {"0001-005", NULL, "names no USB device"},
    {" 46d:825", NULL, "names no USB device"},
    {"+46d:-82", NULL, "names no USB device"},
    {"0x4:0x8", NULL, "names no USB device"},
    {"Camera", NULL, "names no USB device"},
};

static void check_wish(const GPtrArray *list, const char *text, const char *path, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RedirUsbWish) wish = redir_usb_wish_new(text, &error);
    const RedirUsbDevice *found = wish ? redir_usb_find(list, wish, &error) : NULL;

    g_test_message("'%s'", text);
    g_assert_cmpstr(found ? found->path : NULL, ==, path);
    if (says == NULL)
        g_assert_no_error(error);
    else
        g_assert_error(error, REDIR_ERROR, (wish ? REDIR_ERROR_IN_USE : REDIR_ERROR_ADDRESS));
    if (says != NULL && strstr(error->message, says) == NULL)
        g_error("'%s' is not in '%s'", says, error->message);
}

static FakeUsbfs *make_devices(void)
{
    FakeUsbfs *fake = fake_usbfs_new();

    fake_usbfs_add(fake, devices, G_N_ELEMENTS(devices));
    return fake;
}

static void test_names(void)
{
    FakeUsbfs *fake = make_devices();
    g_autoptr(GPtrArray) list = redir_usb_list();

    for (gsize i = 0; i < G_N_ELEMENTS(wishes); i++)
        check_wish(list, wishes[i].text, wishes[i].path, wishes[i].error);
    fake_usbfs_free(fake);
}

static void check_missing(const char *text, const char *expected)
{
    g_autoptr(RedirUsbWish) wish = redir_usb_wish_new(text, NULL);
    g_autofree char *says = redir_usb_missing(wish);

    g_assert_cmpstr(says, ==, expected);
}

static void test_missing(void)
{
    check_missing("camera", "no USB camera is plugged in here");
    check_missing("046d:0825", "'046d:0825' is not plugged in here");
    check_missing("1-1.4", "'1-1.4' is not plugged in here");
    check_missing("1-5", "nothing is plugged in here at port 1-5 (device 5 of bus 1 is 001-005)");
}

/* What was found by its number has another one when it is plugged in again. */
static void test_number(void)
{
    static const FakeUsbDevice before = {"1-4", 1,    5,   "046d", "0825", NULL,
                                         NULL,  NULL, 480, "0e",   NULL,   NULL};
    static const FakeUsbDevice after[] = {
        {"1-3", 1, 5, "1d6b", "0104", NULL, "Disk", NULL, 480, "08", NULL, NULL},
        {"1-4", 1, 9, "046d", "0825", NULL, NULL, NULL, 480, "0e", NULL, NULL},
    };
    g_autoptr(RedirUsbWish) wish = redir_usb_wish_new("001-005", NULL);
    FakeUsbfs *fake = fake_usbfs_new();

    fake_usbfs_add(fake, &before, 1);
    g_autoptr(GPtrArray) first = redir_usb_list();
    g_assert_cmpstr(redir_usb_find(first, wish, NULL)->path, ==, "1-4");
    fake_usbfs_free(fake);
    fake = fake_usbfs_new();
    fake_usbfs_add(fake, after, G_N_ELEMENTS(after));
    g_autoptr(GPtrArray) second = redir_usb_list();
    g_assert_cmpuint(redir_usb_find(second, wish, NULL)->devnum, ==, 9);
    fake_usbfs_free(fake);
}

/* A line end in a name would be the end of a comment, where it stands in one. */
static void test_harmless(void)
{
    static const FakeUsbDevice rude = {"1-1",       1,           5,   "046d", "0825", "A\033[2J",
                                       "B\\nC\177", "\302\233D", 480, "0e",   NULL,   NULL};
    FakeUsbfs *fake = fake_usbfs_new();

    fake_usbfs_add(fake, &rude, 1);
    g_autoptr(GPtrArray) list = redir_usb_list();
    const RedirUsbDevice *device = list->pdata[0];
    g_assert_cmpstr(device->manufacturer, ==, "A\357\277\275[2J");
    g_assert_cmpstr(device->product, ==, "B\357\277\275C\357\277\275");
    g_assert_cmpstr(device->serial, ==, "\357\277\275D");
    fake_usbfs_free(fake);
}

static void check_device(const RedirUsbDevice *is, const FakeUsbDevice *was)
{
    g_autofree char *node = g_strdup_printf("/dev/bus/usb/%03u/%03u", was->busnum, was->devnum);

    g_assert_cmpstr(is->path, ==, was->path);
    g_assert_cmpstr(is->node, ==, node);
    g_assert_cmphex(is->idVendor, ==, strtoul(was->idVendor, NULL, 16));
    g_assert_cmphex(is->idProduct, ==, strtoul(was->idProduct, NULL, 16));
    g_assert_cmpstr(is->manufacturer, ==, was->manufacturer ? was->manufacturer : "");
    g_assert_cmpstr(is->product, ==, was->product ? was->product : "");
    g_assert_cmpstr(is->serial, ==, was->serial ? was->serial : "");
    g_assert_cmpuint(is->megabits, ==, was->megabits);
    g_assert_cmpint(is->video, ==, strcmp(was->interface_class, "0e") == 0);
    g_assert_cmpint(is->hub, ==, strcmp(was->interface_class, "09") == 0);
    g_assert_cmpstr(is->driver, ==, was->driver);
    g_assert_cmpuint(is->video_nodes->len, ==, was->video_node != NULL);
    if (was->video_node != NULL)
        g_assert_cmpstr(is->video_nodes->pdata[0], ==, was->video_node);
}

static void test_list(void)
{
    FakeUsbfs *fake = make_devices();
    g_autoptr(GPtrArray) list = redir_usb_list();

    g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(devices));
    for (guint i = 0; i < list->len; i++)
        check_device(list->pdata[i], &devices[i]);
    fake_usbfs_free(fake);
}

static void test_empty(void)
{
    FakeUsbfs *fake = fake_usbfs_new();
    g_autoptr(GPtrArray) list = redir_usb_list();

    g_assert_cmpuint(list->len, ==, 0);
    check_wish(list, "camera", NULL, NULL);
    fake_usbfs_free(fake);
}

int main(int argc, char **argv)
{
    mock_usb_test_init(&argc, &argv);
    g_test_add_func("/usb/list", test_list);
    g_test_add_func("/usb/names", test_names);
    g_test_add_func("/usb/empty", test_empty);
    g_test_add_func("/usb/missing", test_missing);
    g_test_add_func("/usb/number", test_number);
    g_test_add_func("/usb/harmless", test_harmless);
    return g_test_run();
}
