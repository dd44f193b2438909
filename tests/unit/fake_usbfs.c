/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's side of usbfs: each ioctl is a row. They are asked in a thread of umockdev's. */
#include "tests/unit/fake_usbfs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/usbdevice_fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <umockdev.h>

/* USB 2.0, 9.6.1, 9.6.3, 9.6.5, 9.6.6 */
const guint8 fake_usb_descriptors[59] = {
    18, 1, 0x00, 0x02, 0xef, 2,  1, 64,   0x6d, 0x04, 0x25, 0x08, 0x10, 0x00, 0, 0, 0, 1, /**/
    9,  2, 41,   0,    1,    1,  0, 0x80, 50,                                             /**/
    9,  4, 0,    0,    1,    14, 2, 0,    0,                                              /**/
    7,  5, 0x81, 2,    0x00, 2,  0,                                                       /**/
    9,  4, 0,    1,    1,    14, 2, 0,    0,                                              /**/
    7,  5, 0x82, 5,    0x00, 1,  1,
};

#define DEVICE_SIZE 18
#define ISO_US      10000 /* between two transfers of a stream */

struct FakeUsbfs {
    UMockdevTestbed *testbed;
    UMockdevIoctlBase *ioctls;
    char *node, *syspath; /* of the one that is plugged in */
    GMutex mutex;
    FakeUsbState state;
    GQueue flying, done; /* of UMockdevIoctlData: transfers */
    gint64 iso_us;       /* when the last isochronous one was completed */
};

FakeUsbState *fake_usbfs_lock(FakeUsbfs *fake)
{
    g_mutex_lock(&fake->mutex);
    return &fake->state;
}

void fake_usbfs_unlock(FakeUsbfs *fake)
{
    g_mutex_unlock(&fake->mutex);
}

/* ---- transfers ---- */

typedef struct {
    FakeUsbfs *fake;
    UMockdevIoctlClient *client;
    UMockdevIoctlData *arg;
} Call;

static struct usbdevfs_urb *urb_of(UMockdevIoctlData *data)
{
    return (gpointer)data->data;
}

static void finish_urb(UMockdevIoctlData *data, int status, const guint8 *bytes, gsize size)
{
    struct usbdevfs_urb *urb = urb_of(data);
    gsize header = urb->type == USBDEVFS_URB_TYPE_CONTROL ? 8 : 0;

    size = MIN(size, (gsize)urb->buffer_length - header);
    urb->status = status;
    urb->actual_length = (int)size;
    if (size > 0)
        memcpy((guint8 *)urb->buffer + header, bytes, size);
}

/* GET_DESCRIPTOR of the device or its configuration; anything else is a stall. */
static void answer_control(UMockdevIoctlData *data)
{
    const guint8 *setup = urb_of(data)->buffer;
    gsize offset = setup[3] == 2 ? DEVICE_SIZE : 0;
    gsize size = setup[3] == 2 ? sizeof fake_usb_descriptors - DEVICE_SIZE : DEVICE_SIZE;

    if (setup[0] == 0x80 && setup[1] == 6 && (setup[3] == 1 || setup[3] == 2))
        finish_urb(data, 0, fake_usb_descriptors + offset, size);
    else
        finish_urb(data, -EPIPE, NULL, 0);
}

static void answer_bulk(UMockdevIoctlData *data)
{
    guint8 bytes[FAKE_USB_BULK_SIZE];

    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (guint8)i;
    finish_urb(data, 0, bytes, sizeof bytes);
}

static gboolean is_iso(const struct usbdevfs_urb *urb)
{
    return urb->type == USBDEVFS_URB_TYPE_ISO;
}

/* How long it is stands in it, and who submits it is a thread of this process. */
static UMockdevIoctlData *resolve_urb(Call *call)
{
    const struct usbdevfs_urb *theirs = *(struct usbdevfs_urb **)(gpointer)call->arg->data;
    gsize packets = is_iso(theirs) ? (gsize)theirs->number_of_packets : 0;

    return umockdev_ioctl_data_resolve(
        call->arg, 0, sizeof *theirs + packets * sizeof(struct usbdevfs_iso_packet_desc), NULL);
}

/* The next of a stream that runs, when its time has come. */
static UMockdevIoctlData *take_iso(FakeUsbfs *fake)
{
    gint64 now_us = g_get_monotonic_time();

    if (fake->state.iso != FAKE_ISO_RUNS || now_us - fake->iso_us < ISO_US)
        return NULL;
    for (GList *l = fake->flying.head; l != NULL; l = l->next) {
        UMockdevIoctlData *data = l->data;
        if (!is_iso(urb_of(data)))
            continue;
        g_queue_delete_link(&fake->flying, l);
        fake->iso_us = now_us;
        return data;
    }
    return NULL;
}

static gboolean fits(FakeUsbState *state, gsize size)
{
    if (size > FAKE_USBFS_MEMORY - state->asked) {
        state->refused++;
        return FALSE;
    }
    state->asked += size;
    return TRUE;
}

static int submit(Call *call)
{
    FakeUsbState *state = &call->fake->state;
    UMockdevIoctlData *data = resolve_urb(call);
    gboolean control = urb_of(data)->type == USBDEVFS_URB_TYPE_CONTROL;

    if (!fits(state, (gsize)urb_of(data)->buffer_length)) {
        umockdev_ioctl_data_unref(data);
        return ENOMEM;
    }
    UMockdevIoctlData *buffer =
        umockdev_ioctl_data_resolve(data, G_STRUCT_OFFSET(struct usbdevfs_urb, buffer),
                                    (gsize)urb_of(data)->buffer_length, NULL);

    g_clear_pointer(&buffer, umockdev_ioctl_data_unref);
    state->submits++;
    if (is_iso(urb_of(data)) || (!control && state->bulk_waits)) {
        g_queue_push_tail(&call->fake->flying, data);
        return 0;
    }
    if (state->stalls)
        finish_urb(data, -EPIPE, NULL, 0);
    else if (control)
        answer_control(data);
    else
        answer_bulk(data);
    g_queue_push_tail(&call->fake->done, data);
    return 0;
}

static int reap(Call *call)
{
    UMockdevIoctlData *data = g_queue_pop_head(&call->fake->done);

    if (data == NULL)
        data = take_iso(call->fake);
    if (data == NULL)
        return call->fake->state.gone ? ENODEV : EAGAIN;
    call->fake->state.asked -= (gsize)urb_of(data)->buffer_length;
    UMockdevIoctlData *place = umockdev_ioctl_data_resolve(call->arg, 0, sizeof(gpointer), NULL);
    umockdev_ioctl_data_set_ptr(place, 0, data);
    umockdev_ioctl_data_unref(place);
    umockdev_ioctl_data_unref(data);
    return 0;
}

static int discard(Call *call)
{
    gulong address = *(gulong *)(gpointer)call->arg->data;

    call->fake->state.discards++;
    for (GList *l = call->fake->flying.head; l != NULL; l = l->next) {
        UMockdevIoctlData *data = l->data;
        if (data->client_addr != address)
            continue;
        finish_urb(data, -ENOENT, NULL, 0);
        g_queue_delete_link(&call->fake->flying, l);
        g_queue_push_tail(&call->fake->done, data);
        return 0;
    }
    return EINVAL;
}

/* ---- the others ---- */

static int get_driver(Call *call)
{
    const char *driver = call->fake->state.driver;
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(call->arg, 0, sizeof(struct usbdevfs_getdriver), NULL);
    struct usbdevfs_getdriver *get = (gpointer)data->data;
    gboolean has = driver != NULL && get->interface == 0;

    if (has)
        g_strlcpy(get->driver, driver, sizeof get->driver);
    umockdev_ioctl_data_unref(data);
    return has ? 0 : ENODATA;
}

static int claim(Call *call)
{
    call->fake->state.claims++;
    return call->fake->state.claim_error;
}

static int release(Call *call)
{
    call->fake->state.releases++;
    return 0;
}

static int reset(Call *call)
{
    call->fake->state.resets++;
    call->fake->state.iso = FAKE_ISO_RUNS;
    return call->fake->state.reset_error ? EIO : 0;
}

static int set_alternate(Call *call)
{
    FakeUsbState *state = &call->fake->state;
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(call->arg, 0, sizeof(struct usbdevfs_setinterface), NULL);
    const struct usbdevfs_setinterface set = *(struct usbdevfs_setinterface *)(gpointer)data->data;
    guint alternate = set.altsetting;
    gsize n = strlen(state->alternates);

    umockdev_ioctl_data_unref(data);
    if (set.interface != 0)
        return EINVAL; /* but any alternate, as of a device that leaves numbers out */
    if (n + 1 < sizeof state->alternates)
        state->alternates[n] = (char)('0' + alternate);
    if (alternate == 0 && state->iso == FAKE_ISO_LOST_TO_ALTERNATE)
        state->iso = FAKE_ISO_RUNS;
    return 0;
}

/* Detach or attach the kernel's driver; only usbfs' claims are of interest here. */
static int driver_ioctl(Call *call)
{
    call->fake->state.connects++;
    return call->fake->state.driver != NULL ? 0 : ENODATA;
}

static int get_capabilities(Call *call)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(call->arg, 0, sizeof(guint32), NULL);

    *(guint32 *)(gpointer)data->data = USBDEVFS_CAP_NO_PACKET_SIZE_LIM;
    umockdev_ioctl_data_unref(data);
    return 0;
}

static int connect_info(Call *call)
{
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(call->arg, 0, sizeof(struct usbdevfs_connectinfo), NULL);

    ((struct usbdevfs_connectinfo *)(gpointer)data->data)->devnum = 2;
    umockdev_ioctl_data_unref(data);
    return 0;
}

/* Synchronous control transfers: libusb asks GET_CONFIGURATION so. */
static int control(Call *call)
{
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(call->arg, 0, sizeof(struct usbdevfs_ctrltransfer), NULL);
    struct usbdevfs_ctrltransfer *transfer = (gpointer)data->data;
    gboolean is_configuration = transfer->bRequest == 8 && transfer->wLength == 1;

    if (is_configuration) {
        UMockdevIoctlData *byte = umockdev_ioctl_data_resolve(
            data, G_STRUCT_OFFSET(struct usbdevfs_ctrltransfer, data), 1, NULL);
        byte->data[0] = 1;
        umockdev_ioctl_data_unref(byte);
    }
    umockdev_ioctl_data_unref(data);
    return is_configuration ? 0 : EPIPE;
}

/* -1: none. */
static int set_configuration(Call *call)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(call->arg, 0, sizeof(int), NULL);
    int configuration = *(int *)(gpointer)data->data;

    umockdev_ioctl_data_unref(data);
    return configuration == 1 || configuration == -1 ? 0 : EINVAL;
}

static int nothing(Call *call)
{
    (void)call;
    return 0;
}

static const struct {
    gulong request;
    int (*answer)(Call *call); /* an errno, or 0 */
    int result;                /* where it is 0 */
    gboolean also_gone;
} rows[] = {
    {USBDEVFS_SUBMITURB, submit, 0, FALSE},
    {USBDEVFS_REAPURB, reap, 0, TRUE},
    {USBDEVFS_REAPURBNDELAY, reap, 0, TRUE},
    {USBDEVFS_DISCARDURB, discard, 0, FALSE},
    {USBDEVFS_GETDRIVER, get_driver, 0, FALSE},
    {USBDEVFS_CLAIMINTERFACE, claim, 0, FALSE},
    {USBDEVFS_RELEASEINTERFACE, release, 0, FALSE},
    {USBDEVFS_RESET, reset, 0, FALSE},
    {USBDEVFS_IOCTL, driver_ioctl, 0, FALSE},
    {USBDEVFS_GET_CAPABILITIES, get_capabilities, 0, FALSE},
    {USBDEVFS_CONNECTINFO, connect_info, 0, FALSE},
    {USBDEVFS_CONTROL, control, 1, FALSE},
    {USBDEVFS_GET_SPEED, nothing, 3, FALSE}, /* high */
    {USBDEVFS_SETINTERFACE, set_alternate, 0, FALSE},
    {USBDEVFS_SETCONFIGURATION, set_configuration, 0, FALSE},
    {USBDEVFS_CLEAR_HALT, nothing, 0, FALSE},
};

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
    FakeUsbfs *fake = user;
    Call call = {fake, client, umockdev_ioctl_client_get_arg(client)};
    gulong request = umockdev_ioctl_client_get_request(client);
    int result = 0, error = ENOTTY;

    (void)base;
    g_mutex_lock(&fake->mutex);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if ((guint32)rows[i].request == (guint32)request) {
            result = rows[i].result;
            error = fake->state.gone && !rows[i].also_gone ? ENODEV : rows[i].answer(&call);
        }
    g_mutex_unlock(&fake->mutex);
    umockdev_ioctl_client_complete(client, error ? -1 : result, error);
    return TRUE;
}

/* ---- sysfs ---- */

static void append_attribute(GString *text, const char *name, const char *value)
{
    if (value != NULL)
        g_string_append_printf(text, "A: %s=%s\\n\n", name, value);
}

static char *syspath_of(const FakeUsbDevice *device)
{
    return g_strdup_printf("/devices/pci0000:00/0000:00:01.0/usb%u/%s", device->busnum,
                           device->path);
}

static void append_device(GString *text, const FakeUsbDevice *device, const char *content)
{
    g_autofree char *path = syspath_of(device);

    g_string_append_printf(text,
                           "P: %s\nN: bus/usb/%03u/%03u%s%s\nE: SUBSYSTEM=usb\n"
                           "E: DEVTYPE=usb_device\nA: busnum=%u\\n\nA: devnum=%u\\n\n"
                           "A: speed=%u\\n\n",
                           path, device->busnum, device->devnum, content ? "=" : "",
                           content ? content : "", device->busnum, device->devnum,
                           device->megabits);
    append_attribute(text, "idVendor", device->idVendor);
    append_attribute(text, "idProduct", device->idProduct);
    append_attribute(text, "manufacturer", device->manufacturer);
    append_attribute(text, "product", device->product);
    append_attribute(text, "serial", device->serial);
    g_string_append_printf(text, "\nP: %s/%s:1.0\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n",
                           path, device->path);
    append_attribute(text, "bInterfaceClass", device->interface_class);
    if (device->driver != NULL)
        g_string_append_printf(text, "L: driver=../../../../../../bus/usb/drivers/%s\n",
                               device->driver);
    g_string_append_c(text, '\n');
    if (device->video_node != NULL)
        g_string_append_printf(text,
                               "P: %s/%s:1.0/video4linux/%s\nN: %s\nE: SUBSYSTEM=video4linux\n\n",
                               path, device->path, device->video_node, device->video_node);
}

static void add(FakeUsbfs *fake, const FakeUsbDevice *device, const char *content)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    append_device(text, device, content);
    umockdev_testbed_add_from_string(fake->testbed, text->str, &error);
    g_assert_no_error(error);
}

void fake_usbfs_add(FakeUsbfs *fake, const FakeUsbDevice *devices, gsize count)
{
    for (gsize i = 0; i < count; i++)
        add(fake, &devices[i], NULL);
}

void fake_usbfs_plug(FakeUsbfs *fake, const FakeUsbDevice *device)
{
    g_autoptr(GString) content = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < sizeof fake_usb_descriptors; i++)
        g_string_append_printf(content, "%02X", fake_usb_descriptors[i]);
    fake->node = g_strdup_printf("/dev/bus/usb/%03u/%03u", device->busnum, device->devnum);
    g_autofree char *path = syspath_of(device);
    fake->syspath = g_strconcat("/sys", path, NULL);
    fake_usbfs_lock(fake)->gone = FALSE;
    fake_usbfs_unlock(fake);
    add(fake, device, content->str);
    umockdev_testbed_attach_ioctl(fake->testbed, fake->node, fake->ioctls, &error);
    g_assert_no_error(error);
}

char *fake_usbfs_node_path(const FakeUsbfs *fake)
{
    g_autofree char *root = umockdev_testbed_get_root_dir(fake->testbed);

    return g_strconcat(root, fake->node, NULL);
}

/* umockdev leaves the links by which its devices are found. */
static void remove_link(FakeUsbfs *fake, const char *suffix)
{
    g_autofree char *root = umockdev_testbed_get_sys_dir(fake->testbed);
    g_autofree char *name = g_path_get_basename(fake->syspath);
    g_autofree char *link = g_strconcat(root, "/bus/usb/devices/", name, suffix, NULL);

    g_assert_cmpint(g_unlink(link), ==, 0);
}

/* As the kernel does it: what is under way ends, the node is gone, and so is all of sysfs. */
void fake_usbfs_unplug(FakeUsbfs *fake)
{
    g_autofree char *path = fake_usbfs_node_path(fake);
    UMockdevIoctlData *data;

    fake_usbfs_lock(fake)->gone = TRUE;
    while ((data = g_queue_pop_head(&fake->flying)) != NULL) {
        finish_urb(data, -ESHUTDOWN, NULL, 0);
        g_queue_push_tail(&fake->done, data);
    }
    fake_usbfs_unlock(fake);
    g_unlink(path);
    remove_link(fake, "");
    remove_link(fake, ":1.0");
    umockdev_testbed_remove_device(fake->testbed, fake->syspath);
    g_clear_pointer(&fake->node, g_free);
    g_clear_pointer(&fake->syspath, g_free);
}

/* ---- life ---- */

FakeUsbfs *fake_usbfs_new(void)
{
    FakeUsbfs *fake = g_new0(FakeUsbfs, 1);

    g_mutex_init(&fake->mutex);
    g_queue_init(&fake->flying);
    g_queue_init(&fake->done);
    fake->testbed = umockdev_testbed_new();
    fake->ioctls = umockdev_ioctl_base_new();
    g_signal_connect(fake->ioctls, "handle-ioctl", G_CALLBACK(on_ioctl), fake);
    return fake;
}

void fake_usbfs_free(FakeUsbfs *fake)
{
    if (fake->node != NULL)
        umockdev_testbed_detach_ioctl(fake->testbed, fake->node, NULL);
    g_queue_clear_full(&fake->flying, (GDestroyNotify)umockdev_ioctl_data_unref);
    g_queue_clear_full(&fake->done, (GDestroyNotify)umockdev_ioctl_data_unref);
    g_clear_object(&fake->ioctls);
    g_clear_object(&fake->testbed);
    g_mutex_clear(&fake->mutex);
    g_free(fake->node);
    g_free(fake->syspath);
    g_free(fake);
}
