/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device of a scripted usbfs redirected to a QEMU that a test plays: what happens to requests,
   and to the device when either side goes away. */
#include "redir/relay.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "redir/error.h"
#include "tests/unit/fake_usbfs.h"
#include "tests/unit/mock_usb.h"
#include "tests/unit/redir_fixture.h"

static const FakeUsbDevice camera = {"1-1",    1,    2,   "046d", "0825",     "Logitech",
                                     "Webcam", "A1", 480, "0e",   "uvcvideo", NULL};
static const FakeUsbDevice camera_again = {"1-1",    1,    3,   "046d", "0825",     "Logitech",
                                           "Webcam", "A1", 480, "0e",   "uvcvideo", NULL};

typedef struct {
    Fixture f;
    FakeUsbfs *usb;
    RedirGadget *relay;
    RedirRelayState state;
    char *why; /* the last */
} Bed;

static void on_relay(gpointer user, RedirRelayState state, const RedirUsbDevice *device,
                     const char *why)
{
    Bed *bed = user;

    g_assert_cmpint(device != NULL, ==, state == REDIR_RELAY_HELD);
    bed->state = state;
    if (why == NULL)
        return;
    g_free(bed->why);
    bed->why = g_strdup(why);
}

static void bed_init(Bed *bed, const char *filter)
{
    const RedirRelayEvents events = {on_relay, bed};
    g_autoptr(GError) error = NULL;

    *bed = (Bed){.state = REDIR_RELAY_IDLE};
    prepare(&bed->f, NULL);
    bed->usb = fake_usbfs_new();
    const RedirRelayOptions options = {redir_usb_wish_new("camera", NULL), filter};
    bed->relay = bed->f.gadget = redir_relay_new(&options, &events, &error);
    g_assert_no_error(error);
}

/* QEMU is there and has said hello. */
static void bed_connect(Bed *bed)
{
    listen_as_qemu(&bed->f);
    start_host(&bed->f, REDIR_CONNECT, TRUE);
    bed->f.qemu = fake_qemu_new(accept_one(bed->f.listen_fd), 0);
}

static void bed_hold(Bed *bed)
{
    FAKE_WAIT(bed->state == REDIR_RELAY_HELD);
    FAKE_WAIT(strstr(bed->f.qemu->order->str, "device_connect") != NULL);
}

static void bed_clear(Bed *bed)
{
    redir_host_free(g_steal_pointer(&bed->f.host));
    redir_relay_free(bed->relay);
    bed->f.gadget = NULL;
    finish(&bed->f);
    fake_usbfs_free(bed->usb);
    g_free(bed->why);
}

static void bed_begin(Bed *bed)
{
    bed_init(bed, NULL);
    fake_usbfs_plug(bed->usb, &camera);
    bed_connect(bed);
    bed_hold(bed);
}

static FakeUsbState state_of(Bed *bed)
{
    FakeUsbState state = *fake_usbfs_lock(bed->usb);

    fake_usbfs_unlock(bed->usb);
    return state;
}

static void wait_why(Bed *bed, const char *part)
{
    FAKE_WAIT(bed->state == REDIR_RELAY_WAITING && bed->why != NULL &&
              strstr(bed->why, part) != NULL);
}

/* ---- requests ---- */

static guint64 ask_descriptor(Bed *bed, guint8 type, guint16 length)
{
    return fake_qemu_control(bed->f.qemu, 0x80, 6, (guint16)(type << 8), 0, length, NULL);
}

static void test_enumeration(void)
{
    Bed bed;

    bed_begin(&bed);
    FakeQemu *qemu = bed.f.qemu;
    g_assert_cmpstr(qemu->order->str, ==, "hello interface_info ep_info device_connect ");
    g_assert_cmphex(qemu->device.vendor_id, ==, 0x046d);
    g_assert_cmphex(qemu->device.product_id, ==, 0x0825);
    g_assert_cmpuint(qemu->device.speed, ==, usb_redir_speed_high);
    g_assert_cmpuint(qemu->interfaces.interface_count, ==, 1);
    g_assert_cmpuint(qemu->interfaces.interface_class[0], ==, 0x0e);
    g_assert_cmpuint(qemu->endpoints.type[0x11], ==, usb_redir_type_bulk);
    g_assert_cmpuint(qemu->endpoints.max_packet_size[0x11], ==, 512);

    g_autoptr(FakeAnswer) device = fake_qemu_wait(qemu, ask_descriptor(&bed, 1, 64));
    g_assert_cmpuint(device->status, ==, usb_redir_success);
    g_assert_cmpmem(g_bytes_get_data(device->data, NULL), g_bytes_get_size(device->data),
                    fake_usb_descriptors, 18);
    g_autoptr(FakeAnswer) set = fake_qemu_wait(qemu, fake_qemu_set_configuration(qemu, 1));
    g_assert_cmpuint(set->status, ==, usb_redir_success);
    g_assert_cmpint(bed.f.state, ==, REDIR_HOST_ATTACHED);
    g_autoptr(FakeAnswer) bulk =
        fake_qemu_wait(qemu, fake_qemu_bulk(qemu, FAKE_USB_BULK, 512, NULL));
    g_assert_cmpuint(bulk->status, ==, usb_redir_success);
    g_assert_cmpuint(g_bytes_get_size(bulk->data), ==, FAKE_USB_BULK_SIZE);
    bed_clear(&bed);
}

static void test_stall(void)
{
    Bed bed;

    bed_begin(&bed);
    assert_status(&bed.f, ask_descriptor(&bed, 15, 64), usb_redir_stall); /* no such descriptor */
    fake_usbfs_lock(bed.usb)->stalls = TRUE;
    fake_usbfs_unlock(bed.usb);
    assert_status(&bed.f, ask_descriptor(&bed, 1, 64), usb_redir_stall);
    assert_status(&bed.f, fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL), usb_redir_stall);
    fake_usbfs_lock(bed.usb)->stalls = FALSE;
    fake_usbfs_unlock(bed.usb);
    g_autoptr(FakeAnswer) bulk =
        fake_qemu_wait(bed.f.qemu, fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL));
    g_assert_cmpuint(bulk->status, ==, usb_redir_success);
    bed_clear(&bed);
}

/* Endpoints, interfaces and configurations that are not there. */
static void test_nonsense(void)
{
    Bed bed;

    bed_begin(&bed);
    FakeQemu *qemu = bed.f.qemu;
    assert_status(&bed.f, fake_qemu_bulk(qemu, 0x8f, 512, NULL), usb_redir_inval);
    assert_status(&bed.f, fake_qemu_set_alt(qemu, 9, 1), usb_redir_inval);
    assert_status(&bed.f, fake_qemu_set_alt(qemu, 0, 2), usb_redir_inval);
    assert_status(&bed.f, fake_qemu_set_alt(qemu, 0, 255), usb_redir_inval);
    g_autoptr(FakeAnswer) bulk =
        fake_qemu_wait(qemu, fake_qemu_bulk(qemu, FAKE_USB_BULK, 512, NULL));
    g_assert_cmpuint(bulk->status, ==, usb_redir_success);
    bed_clear(&bed);
}

static void test_cancel(void)
{
    Bed bed;

    bed_begin(&bed);
    fake_usbfs_lock(bed.usb)->bulk_waits = TRUE;
    fake_usbfs_unlock(bed.usb);
    guint submits = state_of(&bed).submits;
    guint64 first = fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL);
    guint64 second = fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL);
    FAKE_WAIT(state_of(&bed).submits == submits + 2);
    cancel(&bed.f, first);
    assert_status(&bed.f, first, usb_redir_cancelled);
    FAKE_WAIT(state_of(&bed).discards == 1);
    cancel(&bed.f, first); /* known no more */
    cancel(&bed.f, second);
    assert_status(&bed.f, second, usb_redir_cancelled);
    FAKE_WAIT(state_of(&bed).discards == 2);
    bed_clear(&bed);
}

/* What a guest asks for beyond what the kernel takes at once is answered, and not kept. */
static void test_too_much(void)
{
    enum { SIZE = 1024 * 1024, MOST = FAKE_USBFS_MEMORY / SIZE, N = 3 * MOST };
    guint64 ids[N];
    Bed bed;

    bed_begin(&bed);
    fake_usbfs_lock(bed.usb)->bulk_waits = TRUE;
    fake_usbfs_unlock(bed.usb);
    for (guint i = 0; i < N; i++)
        ids[i] = fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, SIZE, NULL);
    for (guint i = MOST; i < N; i++)
        assert_status(&bed.f, ids[i], usb_redir_ioerror);
    g_assert_cmpuint(state_of(&bed).refused, ==, N - MOST);
    g_assert_cmpuint(state_of(&bed).asked, ==, FAKE_USBFS_MEMORY);
    for (guint i = 0; i < MOST; i++) {
        cancel(&bed.f, ids[i]);
        assert_status(&bed.f, ids[i], usb_redir_cancelled);
    }
    FAKE_WAIT(state_of(&bed).asked == 0);
    fake_usbfs_lock(bed.usb)->bulk_waits = FALSE;
    fake_usbfs_unlock(bed.usb);
    g_autoptr(FakeAnswer) bulk =
        fake_qemu_wait(bed.f.qemu, fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, SIZE, NULL));
    g_assert_cmpuint(g_bytes_get_size(bulk->data), ==, FAKE_USB_BULK_SIZE);
    bed_clear(&bed);
}

/* ---- taking and giving back ---- */

/* At the end requests under way are taken back, interfaces released, drivers bound. */
static void test_given_back(void)
{
    Bed bed;

    bed_begin(&bed);
    fake_usbfs_lock(bed.usb)->bulk_waits = TRUE;
    fake_usbfs_unlock(bed.usb);
    fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL);
    guint connects = state_of(&bed).connects;
    FAKE_WAIT(state_of(&bed).submits > 0);
    redir_host_stop(bed.f.host);
    FAKE_WAIT(bed.f.state == REDIR_HOST_STOPPED);
    FAKE_WAIT(bed.f.qemu->closed);
    g_assert_no_error(bed.f.error);
    g_assert_true(g_str_has_suffix(bed.f.qemu->order->str, "device_disconnect "));
    g_assert_cmpuint(state_of(&bed).discards, ==, 1);
    g_assert_cmpuint(state_of(&bed).releases, >=, 1);
    g_assert_cmpuint(state_of(&bed).connects, >, connects);
    g_assert_cmpint(bed.state, ==, REDIR_RELAY_IDLE);
    bed_clear(&bed);
}

static void set_driver(Bed *bed, const char *driver, int claim_error)
{
    FakeUsbState *state = fake_usbfs_lock(bed->usb);

    state->driver = driver;
    state->claim_error = claim_error;
    fake_usbfs_unlock(bed->usb);
}

/* It is not even reset under the program that has it. */
static void test_busy(void)
{
    Bed bed;

    bed_init(&bed, NULL);
    fake_usbfs_plug(bed.usb, &camera);
    set_driver(&bed, "usbfs", EBUSY);
    bed_connect(&bed);
    wait_why(&bed, "used by another program");
    g_assert_cmpuint(state_of(&bed).claims, ==, 0);
    g_assert_cmpuint(state_of(&bed).resets, ==, 0);
    set_driver(&bed, NULL, 0);
    bed_hold(&bed);
    bed_clear(&bed);
}

static void test_claim_fails(void)
{
    Bed bed;

    bed_init(&bed, NULL);
    fake_usbfs_plug(bed.usb, &camera);
    set_driver(&bed, NULL, EIO);
    bed_connect(&bed);
    wait_why(&bed, "cannot be taken");
    set_driver(&bed, NULL, 0);
    bed_hold(&bed);
    bed_clear(&bed);
}

/* root may open everything but for this. */
static void set_override(gboolean on)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    const guint32 bits = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;

    g_assert_cmpint(syscall(SYS_capget, &header, data), ==, 0);
    data[0].effective =
        on ? data[0].effective | (data[0].permitted & bits) : data[0].effective & ~bits;
    g_assert_cmpint(syscall(SYS_capset, &header, data), ==, 0);
}

static void test_permission(void)
{
    Bed bed;

    bed_init(&bed, NULL);
    fake_usbfs_plug(bed.usb, &camera);
    g_autofree char *node = fake_usbfs_node_path(bed.usb);
    g_assert_cmpint(g_chmod(node, 0), ==, 0);
    set_override(FALSE);
    bed_connect(&bed);
    wait_why(&bed, "/dev/bus/usb/001/002 may not be opened; 'camredir redirect --udev-rule 1-1'");
    g_assert_cmpint(g_chmod(node, 0600), ==, 0);
    bed_hold(&bed);
    set_override(TRUE);
    bed_clear(&bed);
}

/* ---- filters ---- */

#define NO_VIDEO "0x0e,-1,-1,-1,0|-1,-1,-1,-1,1"

static void test_filter(void)
{
    const RedirRelayEvents events = {0};
    const RedirRelayOptions bad = {redir_usb_wish_new("camera", NULL), "video"};
    g_autoptr(GError) error = NULL;
    Bed bed;

    g_assert_null(redir_relay_new(&bad, &events, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS);

    bed_init(&bed, NO_VIDEO);
    fake_usbfs_plug(bed.usb, &camera);
    bed_connect(&bed);
    wait_why(&bed, "the --filter keeps it out");
    g_assert_cmpuint(state_of(&bed).claims, ==, 0);
    bed_clear(&bed);
}

static void test_their_filter(void)
{
    Bed bed;

    bed_init(&bed, "0x0e,-1,-1,-1,1");
    bed_connect(&bed);
    FAKE_WAIT(strstr(bed.f.qemu->order->str, "hello") != NULL);
    fake_qemu_send_filter(bed.f.qemu, NO_VIDEO);
    wait_why(&bed, "no USB camera is plugged in");
    fake_usbfs_plug(bed.usb, &camera);
    wait_why(&bed, "the VM's filter keeps it out");
    g_assert_cmpuint(state_of(&bed).claims, ==, 0);
    bed_clear(&bed);
}

static void test_rejected(void)
{
    Bed bed;

    bed_begin(&bed);
    fake_qemu_reject(bed.f.qemu);
    FAKE_WAIT(g_error_matches(bed.f.error, REDIR_ERROR, REDIR_ERROR_REFUSED));
    FAKE_WAIT(bed.state == REDIR_RELAY_IDLE);
    bed_clear(&bed);
}

/* ---- gone in each state ---- */

static void check_returns(Bed *bed)
{
    g_string_truncate(bed->f.qemu->order, 0);
    fake_usbfs_plug(bed->usb, &camera_again);
    bed_hold(bed);
    g_autoptr(FakeAnswer) device = fake_qemu_wait(bed->f.qemu, ask_descriptor(bed, 1, 64));
    g_assert_cmpuint(device->status, ==, usb_redir_success);
    bed_clear(bed);
}

/* A VM that has not said hello is no reason to take it. */
static void test_gone_before_hello(void)
{
    Bed bed;

    bed_init(&bed, NULL);
    fake_usbfs_plug(bed.usb, &camera);
    listen_as_qemu(&bed.f);
    start_host(&bed.f, REDIR_CONNECT, TRUE);
    int fd = accept_one(bed.f.listen_fd);
    FAKE_WAIT(g_error_matches(bed.f.error, REDIR_ERROR, REDIR_ERROR_TIMEOUT));
    g_assert_cmpint(bed.state, ==, REDIR_RELAY_IDLE);
    fake_usbfs_unplug(bed.usb);
    close(fd);
    bed.f.qemu = fake_qemu_new(accept_one(bed.f.listen_fd), 0);
    wait_why(&bed, "no USB camera is plugged in");
    check_returns(&bed);
}

static void test_gone_when_held(void)
{
    Bed bed;

    bed_begin(&bed);
    fake_usbfs_unplug(bed.usb);
    wait_why(&bed, "pulled out");
    FAKE_WAIT(g_str_has_suffix(bed.f.qemu->order->str, "device_disconnect "));
    g_assert_cmpint(bed.f.state, !=, REDIR_HOST_STOPPED);
    check_returns(&bed);
}

static void test_gone_while_streaming(void)
{
    Bed bed;

    bed_begin(&bed);
    fake_usbfs_lock(bed.usb)->bulk_waits = TRUE;
    fake_usbfs_unlock(bed.usb);
    guint submits = state_of(&bed).submits;
    guint64 id = fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL);
    FAKE_WAIT(state_of(&bed).submits == submits + 1);
    fake_usbfs_unplug(bed.usb);
    assert_status(&bed.f, id, usb_redir_ioerror);
    wait_why(&bed, "pulled out");
    FAKE_WAIT(strstr(bed.f.qemu->order->str, "device_disconnect") != NULL);
    fake_usbfs_lock(bed.usb)->bulk_waits = FALSE;
    fake_usbfs_unlock(bed.usb);
    check_returns(&bed);
}

/* The guest's reset finds it broken. */
static void test_reset_fails(void)
{
    Bed bed;

    bed_begin(&bed);
    fake_answer_free(fake_qemu_wait(bed.f.qemu, ask_descriptor(&bed, 1, 64)));
    fake_usbfs_lock(bed.usb)->reset_error = TRUE;
    fake_usbfs_unlock(bed.usb);
    fake_qemu_reset(bed.f.qemu);
    wait_why(&bed, "cannot be taken");
    fake_usbfs_lock(bed.usb)->reset_error = FALSE;
    fake_usbfs_unlock(bed.usb);
    g_string_truncate(bed.f.qemu->order, 0);
    bed_hold(&bed);
    bed_clear(&bed);
}

/* ---- isochronous streams ---- */

static guint count_of(const char *text, const char *part)
{
    guint count = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

static void begin_iso(Bed *bed, FakeIso iso)
{
    assert_status(&bed->f, fake_qemu_set_alt(bed->f.qemu, 0, 1), usb_redir_success);
    fake_usbfs_lock(bed->usb)->iso = iso;
    fake_usbfs_unlock(bed->usb);
    send_start_iso(&bed->f, FAKE_USB_ISO);
    assert_status(&bed->f, bed->f.qemu->next_id, usb_redir_success);
}

/* The first that comes. */
static void check_iso_packet(Bed *bed)
{
    g_autoptr(FakeAnswer) packet = fake_qemu_wait_type(bed->f.qemu, usb_redir_iso_packet);

    g_assert_cmpuint(packet->endpoint, ==, FAKE_USB_ISO);
    g_assert_cmpuint(packet->status, ==, usb_redir_success);
}

static void test_iso(void)
{
    Bed bed;

    bed_begin(&bed);
    begin_iso(&bed, FAKE_ISO_RUNS);
    check_iso_packet(&bed);
    bed_clear(&bed);
}

/* The VM finds out nothing: no transfer that took too long, no answer that it did not ask for. */
static void test_iso_revived(void)
{
    Bed bed;

    bed_begin(&bed);
    FakeQemu *qemu = bed.f.qemu;
    begin_iso(&bed, FAKE_ISO_LOST_TO_ALTERNATE);
    g_autofree char *order = g_strdup(qemu->order->str);
    check_iso_packet(&bed);
    g_assert_cmpstr(state_of(&bed).alternates, ==, "101");
    g_assert_cmpstr(qemu->order->str, ==, order);
    for (GList *l = qemu->answers.head; l != NULL; l = l->next)
        g_assert_cmpuint(((FakeAnswer *)l->data)->type, ==, usb_redir_iso_packet);
    bed_clear(&bed);
}

static void test_iso_attached_again(void)
{
    Bed bed;

    bed_begin(&bed);
    begin_iso(&bed, FAKE_ISO_LOST_TO_RESET);
    guint resets = state_of(&bed).resets;
    wait_why(&bed, "attached again");
    FAKE_WAIT(strstr(bed.f.qemu->order->str, "device_disconnect") != NULL);
    g_string_truncate(bed.f.qemu->order, 0);
    bed_hold(&bed);
    g_assert_cmpuint(state_of(&bed).resets, >, resets);
    g_assert_cmpuint(g_queue_get_length(&bed.f.qemu->answers), ==, 0);
    begin_iso(&bed, FAKE_ISO_RUNS);
    check_iso_packet(&bed);
    bed_clear(&bed);
}

/* ---- a transport like SPICE's ---- */

/* Nothing before the VM's hello; what it is, again, where a guest that has all owes a request; and
   the end with the VM's consent alone. */
static void test_lasting(void)
{
    char byte;
    Bed bed;

    bed_init(&bed, NULL);
    bed.f.transport_new = lasting_new;
    fake_usbfs_plug(bed.usb, &camera);
    listen_as_qemu(&bed.f);
    start_host(&bed.f, REDIR_CONNECT, TRUE);
    int fd = accept_one(bed.f.listen_fd);
    g_usleep(50000);
    fake_step();
    g_assert_cmpint(recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT), ==, -1);
    bed.f.qemu = fake_qemu_new(fd, 0);
    bed_hold(&bed);

    fake_answer_free(
        fake_qemu_wait(bed.f.qemu, fake_qemu_bulk(bed.f.qemu, FAKE_USB_BULK, 512, NULL)));
    g_assert_cmpuint(count_of(bed.f.qemu->order->str, "interface_info "), ==, 1);
    FAKE_WAIT(count_of(bed.f.qemu->order->str, "interface_info ") > 1);
    g_assert_cmpuint(bed.f.qemu->interfaces.interface_count, ==, 1);

    fake_qemu_set_reading(bed.f.qemu, FALSE);
    redir_host_stop(bed.f.host);
    gint64 end_us = g_get_monotonic_time() + 2 * REDIR_DISCONNECT_TIMEOUT_MS * 1000;
    while (g_get_monotonic_time() < end_us)
        fake_step();
    g_assert_cmpint(bed.f.state, !=, REDIR_HOST_STOPPED);
    fake_qemu_set_reading(bed.f.qemu, TRUE);
    FAKE_WAIT(bed.f.state == REDIR_HOST_STOPPED);
    bed_clear(&bed);
}

static const struct {
    const char *path;
    void (*test)(void);
} tests[] = {
    {"/relay/enumeration", test_enumeration},
    {"/relay/stall", test_stall},
    {"/relay/nonsense", test_nonsense},
    {"/relay/cancel", test_cancel},
    {"/relay/too-much", test_too_much},
    {"/relay/given-back", test_given_back},
    {"/relay/busy", test_busy},
    {"/relay/claim-fails", test_claim_fails},
    {"/relay/permission", test_permission},
    {"/relay/filter", test_filter},
    {"/relay/their-filter", test_their_filter},
    {"/relay/rejected", test_rejected},
    {"/relay/gone/before-hello", test_gone_before_hello},
    {"/relay/gone/held", test_gone_when_held},
    {"/relay/gone/streaming", test_gone_while_streaming},
    {"/relay/reset-fails", test_reset_fails},
    {"/relay/iso/packets", test_iso},
    {"/relay/iso/revived", test_iso_revived},
    {"/relay/iso/attached-again", test_iso_attached_again},
    {"/relay/lasting", test_lasting},
};

int main(int argc, char **argv)
{
    mock_usb_test_init(&argc, &argv);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add_func(tests[i].path, tests[i].test);
    return g_test_run();
}
