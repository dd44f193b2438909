/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device redirected to a peer that asks for anything, in packets whose lengths are right: it is
   answered or cut off, and the device comes back. -m slow: many more of them. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redir/relay.h"
#include "tests/unit/fake_usbfs.h"
#include "tests/unit/mock_usb.h"
#include "tests/unit/redir_fixture.h"

static GRand *dice; /* the same in each run */

enum { PACKETS = 1000, AT_ONCE = 25, MOST_DATA = 64 };

typedef struct {
    Fixture f;
    FakeUsbfs *usb;
    RedirGadget *relay;
    RedirRelayState state;
    int fd;
    gboolean closed;
} Bed;

/* ---- the peer ---- */

static void send_bytes(Bed *bed, const GByteArray *bytes)
{
    while (send(bed->fd, bytes->data, bytes->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
           !bed->closed) {
        bed->closed = errno != EAGAIN;
        fake_step();
    }
}

static void read_all(Bed *bed)
{
    guint8 bytes[65536];
    ssize_t got;

    while ((got = recv(bed->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        ;
    bed->closed |= got == 0;
}

static void send_hello(Bed *bed)
{
    static const struct usb_redir_hello_header hello = {.version = "anything"};
    const guint32 caps = GUINT32_TO_LE(0xff);
    const guint32 header[] = {usb_redir_hello, GUINT32_TO_LE(sizeof hello + sizeof caps), 0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    g_byte_array_append(bytes, (const guint8 *)header, sizeof header);
    g_byte_array_append(bytes, (const guint8 *)&hello, sizeof hello);
    g_byte_array_append(bytes, (const guint8 *)&caps, sizeof caps);
    send_bytes(bed, bytes);
}

#define SIZE_OF(name) sizeof(struct usb_redir_##name##_header)

/* endpoint: where in the body its address stands, or -1; set, clear: bits of it, without which the
   packet itself is wrong. */
static const struct {
    guint8 type;
    gsize size;
    int endpoint;
    guint8 set, clear;
    enum { BARE, LENGTH_AT_2, LENGTH_AT_8, TEXT } data;
} kinds[] = {
    {usb_redir_control_packet, SIZE_OF(control_packet), 0, 0, 0, LENGTH_AT_8},
    {usb_redir_bulk_packet, SIZE_OF(bulk_packet), 0, 0, 0, LENGTH_AT_2},
    {usb_redir_iso_packet, SIZE_OF(iso_packet), 0, 0, 0x80, LENGTH_AT_2},
    {usb_redir_interrupt_packet, SIZE_OF(interrupt_packet), 0, 0, 0x80, LENGTH_AT_2},
    {usb_redir_cancel_data_packet, 0, -1, 0, 0, BARE},
    {usb_redir_set_configuration, SIZE_OF(set_configuration), -1, 0, 0, BARE},
    {usb_redir_get_configuration, 0, -1, 0, 0, BARE},
    {usb_redir_set_alt_setting, SIZE_OF(set_alt_setting), -1, 0, 0, BARE},
    {usb_redir_get_alt_setting, SIZE_OF(get_alt_setting), -1, 0, 0, BARE},
    {usb_redir_start_iso_stream, SIZE_OF(start_iso_stream), 0, 0, 0, BARE},
    {usb_redir_stop_iso_stream, SIZE_OF(stop_iso_stream), 0, 0, 0, BARE},
    {usb_redir_start_interrupt_receiving, SIZE_OF(start_interrupt_receiving), 0, 0x80, 0, BARE},
    {usb_redir_stop_interrupt_receiving, SIZE_OF(stop_interrupt_receiving), 0, 0x80, 0, BARE},
    {usb_redir_start_bulk_receiving, SIZE_OF(start_bulk_receiving), 8, 0x80, 0, BARE},
    {usb_redir_stop_bulk_receiving, SIZE_OF(stop_bulk_receiving), 4, 0x80, 0, BARE},
    {usb_redir_filter_filter, 0, -1, 0, 0, TEXT},
    {usb_redir_reset, 0, -1, 0, 0, BARE},
};

static guint8 any_of(const guint8 *values, guint n)
{
    return values[g_rand_int_range(dice, 0, (gint32)n)];
}

static guint8 any_byte(void)
{
    static const guint8 values[] = {0, 0, 0, 1, 1, 2, 6, 16, 32, 64, 0x80, 0xff};

    return any_of(values, G_N_ELEMENTS(values));
}

static guint8 any_endpoint(void)
{
    static const guint8 values[] = {
        0,    0x80, 0x80, FAKE_USB_BULK, FAKE_USB_BULK, FAKE_USB_ISO, FAKE_USB_ISO,
        0x01, 0x02, 0x8f, 0xff};

    return any_of(values, G_N_ELEMENTS(values));
}

/* What comes from the device has a length and no data, what goes to it as much as its length. */
static void append_data(GByteArray *body, gsize length_at)
{
    gboolean in = body->data[0] & 0x80;
    guint8 length = (guint8)g_rand_int_range(dice, 0, MOST_DATA);

    body->data[length_at] = length;
    body->data[length_at + 1] = in ? any_byte() : 0;
    if (body->len > 8 && length_at == 2) /* a bulk packet's upper half */
        body->data[8] = in ? any_byte() & 0x0f : 0, body->data[9] = 0;
    for (guint i = 0; !in && i < length; i++) {
        guint8 byte = any_byte();
        g_byte_array_append(body, &byte, 1);
    }
}

static void append_text(GByteArray *body)
{
    static const char *const rules[] = {"0x0e,-1,-1,-1,1", "-1,-1,-1,-1,0", "|", ""};
    const char *text = rules[g_rand_int_range(dice, 0, G_N_ELEMENTS(rules))];

    g_byte_array_append(body, (const guint8 *)text, (guint)strlen(text) + 1);
}

static void append_packet(GByteArray *bytes, gsize kind)
{
    g_autoptr(GByteArray) body = g_byte_array_new();

    for (gsize i = 0; i < kinds[kind].size; i++) {
        gboolean is_endpoint = (int)i == kinds[kind].endpoint;
        guint8 byte =
            is_endpoint ? (any_endpoint() | kinds[kind].set) & ~kinds[kind].clear : any_byte();
        g_byte_array_append(body, &byte, 1);
    }
    if (kinds[kind].type == usb_redir_start_bulk_receiving) /* 128 MB at most */
        body->data[7] &= 0x07;
    if (kinds[kind].data == LENGTH_AT_2 || kinds[kind].data == LENGTH_AT_8)
        append_data(body, kinds[kind].data == LENGTH_AT_2 ? 2 : 8);
    else if (kinds[kind].data == TEXT)
        append_text(body);
    const struct usb_redir_header header = {
        GUINT32_TO_LE(kinds[kind].type),
        GUINT32_TO_LE(body->len),
        GUINT64_TO_LE((guint64)g_rand_int_range(dice, 0, 8)),
    };
    g_byte_array_append(bytes, (const guint8 *)&header, sizeof header);
    g_byte_array_append(bytes, body->data, body->len);
}

/* ---- the device ---- */

static void on_relay(gpointer user, RedirRelayState state, const RedirUsbDevice *device,
                     const char *why)
{
    (void)device, (void)why;
    ((Bed *)user)->state = state;
}

static void bed_begin(Bed *bed)
{
    static const FakeUsbDevice camera = {"1-1", 1,    2,   "046d", "0825", NULL,
                                         NULL,  NULL, 480, "0e",   NULL,   NULL};
    const RedirRelayEvents events = {on_relay, bed};

    *bed = (Bed){.state = REDIR_RELAY_IDLE};
    prepare(&bed->f, NULL);
    bed->usb = fake_usbfs_new();
    fake_usbfs_plug(bed->usb, &camera);
    const RedirRelayOptions options = {redir_usb_wish_new("camera", NULL), NULL};
    bed->relay = bed->f.gadget = redir_relay_new(&options, &events, NULL);
    listen_as_qemu(&bed->f);
    start_host(&bed->f, REDIR_CONNECT, TRUE);
    bed->fd = accept_one(bed->f.listen_fd);
    send_hello(bed);
    FAKE_WAIT(bed->state == REDIR_RELAY_HELD);
}

static void bed_end(Bed *bed)
{
    redir_host_stop(bed->f.host);
    FAKE_WAIT(bed->f.state == REDIR_HOST_STOPPED);
    g_assert_cmpint(bed->state, ==, REDIR_RELAY_IDLE);
    close(bed->fd);
    redir_host_free(g_steal_pointer(&bed->f.host));
    redir_relay_free(bed->relay);
    bed->f.gadget = NULL;
    finish(&bed->f);
    fake_usbfs_free(bed->usb);
}

static void wait_or_answer(Bed *bed)
{
    FakeUsbState *state = fake_usbfs_lock(bed->usb);

    state->bulk_waits = g_rand_boolean(dice);
    state->stalls = g_rand_int_range(dice, 0, 4) == 0;
    fake_usbfs_unlock(bed->usb);
}

static void ask_anything(guint32 seed)
{
    Bed bed;

    g_test_message("seed %u", seed);
    dice = g_rand_new_with_seed(seed);
    bed_begin(&bed);
    for (guint sent = 0; sent < PACKETS && !bed.closed; sent += AT_ONCE) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        for (guint i = 0; i < AT_ONCE; i++)
            append_packet(bytes, (gsize)g_rand_int_range(dice, 0, G_N_ELEMENTS(kinds)));
        wait_or_answer(&bed);
        send_bytes(&bed, bytes);
        fake_step();
        read_all(&bed);
    }
    bed_end(&bed);
    g_rand_free(dice);
}

static void test_anything(void)
{
    for (guint32 seed = 0; seed < (g_test_slow() ? 200 : 3); seed++)
        ask_anything(seed);
}

int main(int argc, char **argv)
{
    mock_usb_test_init(&argc, &argv);
    g_test_add_func("/relay-peer/anything", test_anything);
    return g_test_run();
}
