/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libusbredirhost leaves to its program: the device's coming and going, bounds, the end. */
#include "redir/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <usbredirhost.h>

#include "redir/error.h"
#include "redir/guard.h"
#include "redir/heartbeat.h"
#include "redir/input.h"
#include "redir/packet_view.h"
#include "redir/usb_loop.h"

#define LOOK_MS     1000 /* sysfs asked for the device */
#define COMPLAIN_US (10 * G_USEC_PER_SEC)
#define MAX_QUEUED  (16 * 1024 * 1024u) /* made for a VM that reads nothing: enough to give up */

typedef struct {
    RedirGadget base;
    RedirRelayEvents events;
    RedirUsbWish *wish;
    struct usbredirfilter_rule *rules; /* what the user lets through */
    int n_rules;
    RedirUsbLoop *loop;
    RedirGadgetStatistics statistics;
    gint64 complain_us; /* not before */

    /* while the stream is open */
    RedirTransport *transport;
    RedirEndpointEvents link;
    struct usbredirhost *host;
    RedirInput input;
    RedirPacketIds ids; /* how both sides write a packet's id */
    const guint8 *feed; /* what libusbredirhost may read now */
    gsize feed_size;
    GQueue queue; /* of Chunk, which the transport does not take yet */
    gsize queued; /* bytes in it */
    guint hello_timer, look_timer, leave_timer, end_idle;
    GError *error; /* for over() */
    gboolean greeted, leaving, ended;

    /* what is told again to a VM that owes an answer: see beat() */
    GBytes *interface_info; /* the last packet of that kind */
    gboolean bulk_on;       /* the guest has asked for bulk data */
    guint bulk_pending;
    RedirHeartbeat heartbeat;

    /* while the device is ours */
    RedirUsbDevice *device;
    GPtrArray *devices; /* which owns it */
    RedirGuard *guard;
    int fd;
    char *why; /* what was last said of waiting */
} Relay;

/* ---- telling ---- */

static gboolean report_end(gpointer user)
{
    Relay *relay = user;

    relay->end_idle = 0;
    relay->link.over(relay->link.user, relay->error);
    return G_SOURCE_REMOVE;
}

/* From an idle source: libusbredirhost is on the stack. Takes error. */
static void end(Relay *relay, GError *error)
{
    if (relay->ended) {
        g_clear_error(&error);
        return;
    }
    relay->ended = TRUE;
    relay->error = error;
    relay->end_idle = g_idle_add_full(G_PRIORITY_DEFAULT, report_end, relay, NULL);
}

static void fail(Relay *relay, RedirError code, const char *text)
{
    end(relay, g_error_new(REDIR_ERROR, code, "%s: %s", relay->transport->address, text));
}

static void tell(Relay *relay, RedirRelayState state, const char *why)
{
    if (state == REDIR_RELAY_WAITING && g_strcmp0(why, relay->why) == 0)
        return;
    g_free(relay->why);
    relay->why = g_strdup(why);
    relay->events.state(relay->events.user, state, relay->device, why);
}

/* ---- bytes out ---- */

typedef struct {
    guint8 *data;
    gsize size;
} Chunk;

static void flush(Relay *relay)
{
    Chunk *chunk;

    /* A VM that is paused has not said hello, and shall find nothing when it wakes up. */
    if (relay->transport->ops->lasting && !relay->ids.greeted[REDIR_FROM_VM])
        return;
    while ((chunk = g_queue_peek_head(&relay->queue)) != NULL &&
           relay->transport->ops->send(relay->transport, chunk->data, chunk->size)) {
        relay->queued -= chunk->size;
        relay->statistics.bytes_out += chunk->size;
        g_free(g_queue_pop_head(&relay->queue));
    }
    if (relay->queued > MAX_QUEUED)
        fail(relay, REDIR_ERROR_TIMEOUT, "the VM takes no data (is it paused?)");
}

static void look_at_output(Relay *relay, const guint8 *data, gsize size,
                           const RedirPacketView *packet)
{
    switch (packet->type) {
    case usb_redir_interface_info:
        g_clear_pointer(&relay->interface_info, g_bytes_unref);
        relay->interface_info = g_bytes_new(data, size);
        break;
    case usb_redir_bulk_packet:
        relay->bulk_pending -= relay->bulk_pending > 0;
        break;
    case usb_redir_device_connect:
        relay->bulk_on = FALSE;
        relay->bulk_pending = 0;
        break;
    }
}

/* A whole packet, malloc()ed. */
static void enqueue(Relay *relay, guint8 *data, gsize size)
{
    Chunk *chunk = g_new(Chunk, 1);

    *chunk = (Chunk){data, size};
    g_queue_push_tail(&relay->queue, chunk);
    relay->queued += size;
}

static int on_write(void *user, uint8_t *data, int count)
{
    Relay *relay = user;
    RedirPacketView packet;

    if (redir_packet_look(&relay->ids, REDIR_TO_VM, data, (gsize)count, &packet))
        look_at_output(relay, data, (gsize)count, &packet);
    enqueue(relay, data, (gsize)count);
    return count;
}

/* By which libusbredirhost decides to drop whole isochronous intervals. */
static uint64_t on_output_size(void *user)
{
    Relay *relay = user;

    return relay->queued + relay->transport->ops->outstanding(relay->transport);
}

static void clear_queue(Relay *relay)
{
    Chunk *chunk;

    while ((chunk = g_queue_pop_head(&relay->queue)) != NULL) {
        free(chunk->data);
        g_free(chunk);
    }
    relay->queued = 0;
}

/* ---- the device ---- */

static void give_back(Relay *relay)
{
    if (relay->device == NULL)
        return;
    relay->device = NULL;
    usbredirhost_set_device(relay->host, NULL); /* also reaps what is under way */
    close(relay->fd);
    g_clear_pointer(&relay->guard, redir_guard_dismiss);
    g_clear_pointer(&relay->devices, g_ptr_array_unref);
}

static char *why_not_open(const RedirUsbDevice *device, int reason)
{
    g_autofree char *name = redir_usb_describe(device);

    if (reason == EACCES || reason == EPERM)
        return g_strdup_printf(
            "%s: %s may not be opened; 'camredir redirect --udev-rule %s' prints "
            "the rule that permits it",
            name, device->node, device->path);
    return g_strdup_printf("%s: %s: %s", name, device->node, g_strerror(reason));
}

/* Whose filter keeps it out, the user's or the VM's; NULL: nobody's. */
static const char *who_filters(const Relay *relay, libusb_device_handle *handle)
{
    libusb_device *device = libusb_get_device(handle);
    const struct usbredirfilter_rule *theirs;
    int n_theirs;

    if (relay->rules != NULL &&
        usbredirhost_check_device_filter(relay->rules, relay->n_rules, device, 0) != 0)
        return "the --filter";
    usbredirhost_get_guest_filter(relay->host, &theirs, &n_theirs);
    if (theirs != NULL && usbredirhost_check_device_filter(theirs, n_theirs, device, 0) != 0)
        return "the VM's filter";
    return NULL;
}

/* NULL: the device is ours. Else why not, and the descriptor is closed. */
static char *hand_over(Relay *relay, const RedirUsbDevice *device, int fd)
{
    g_autofree char *name = redir_usb_describe(device);
    libusb_device_handle *handle;
    int result = libusb_wrap_sys_device(redir_usb_loop_context(relay->loop), fd, &handle);

    if (result != 0) {
        close(fd);
        return g_strdup_printf("%s: %s", name, libusb_strerror(result));
    }
    const char *filter = who_filters(relay, handle);
    if (filter != NULL || redir_guard_is_used(fd)) {
        libusb_close(handle);
        close(fd);
        return filter ? g_strdup_printf("%s: %s keeps it out", name, filter)
                      : g_strdup_printf("%s is used by another program", name);
    }
    relay->guard = redir_guard_new(device->node, fd);
    if (usbredirhost_set_device(relay->host, handle) != usb_redir_success) {
        close(fd);
        g_clear_pointer(&relay->guard, redir_guard_dismiss);
        return g_strdup_printf("%s cannot be taken from this machine: it does not answer", name);
    }
    relay->fd = fd;
    return NULL;
}

static char *take(Relay *relay, const RedirUsbDevice *device)
{
    int fd = open(device->node, O_RDWR | O_CLOEXEC);

    return fd < 0 ? why_not_open(device, errno) : hand_over(relay, device, fd);
}

static void look_for_device(Relay *relay)
{
    g_autoptr(GPtrArray) devices = redir_usb_list();
    g_autoptr(GError) error = NULL;
    const RedirUsbDevice *found = redir_usb_find(devices, relay->wish, &error);
    g_autofree char *why = NULL;

    if (found != NULL)
        why = take(relay, found);
    else
        why = error ? g_strdup(error->message)
                    : g_strdup_printf("'%s' is not plugged in here", relay->wish->text);
    if (why == NULL) {
        relay->device = (RedirUsbDevice *)found;
        relay->devices = g_steal_pointer(&devices);
    }
    tell(relay, why ? REDIR_RELAY_WAITING : REDIR_RELAY_HELD, why);
}

/* The node is a device's as long as it is plugged in. */
static gboolean is_gone(const Relay *relay)
{
    return access(relay->device->node, F_OK) != 0;
}

static void device_lost(Relay *relay)
{
    gboolean gone = is_gone(relay);

    give_back(relay);
    tell(relay, REDIR_RELAY_WAITING,
         gone ? "the device was pulled out" : "the device does not come back from a reset");
}

/* ---- a VM that owes an answer ---- */

/* See heartbeat.h. */
static void beat(Relay *relay)
{
    gboolean owed = relay->leaving || (relay->bulk_on && relay->bulk_pending == 0);
    gsize size;

    if (!redir_heartbeat(&relay->heartbeat, relay->statistics.bytes_in, owed,
                         on_output_size(relay) == 0, g_get_monotonic_time()) ||
        relay->interface_info == NULL)
        return;
    const guint8 *packet = g_bytes_get_data(relay->interface_info, &size);
    enqueue(relay, memcpy(malloc(size), packet, size), size);
}

static gboolean on_look(gpointer user)
{
    Relay *relay = user;

    if (relay->ended)
        return G_SOURCE_CONTINUE;
    if (relay->leaving || !relay->greeted)
        ; /* nobody wants it */
    else if (relay->device == NULL)
        look_for_device(relay);
    else if (is_gone(relay))
        device_lost(relay);
    if (relay->transport->ops->lasting)
        beat(relay);
    flush(relay);
    return G_SOURCE_CONTINUE;
}

/* ---- bytes in ---- */

static int on_read(void *user, uint8_t *data, int count)
{
    Relay *relay = user;
    gsize size = MIN((gsize)count, relay->feed_size);

    memcpy(data, relay->feed, size);
    relay->feed += size;
    relay->feed_size -= size;
    return (int)size;
}

static void on_log(void *user, int level, const char *message)
{
    Relay *relay = user;

    gint64 now_us = g_get_monotonic_time();

    /* Why we have no device we say ourselves; a stream can complain with each of its packets. */
    if (level > usbredirparser_warning || relay->device == NULL || now_us < relay->complain_us) {
        g_debug("%s", message);
        return;
    }
    relay->complain_us = now_us + COMPLAIN_US;
    g_message("%s", message);
}

static void on_result(Relay *relay, int result)
{
    switch (result) {
    case 0:
        break;
    case usbredirhost_read_device_rejected:
        fail(relay, REDIR_ERROR_REFUSED,
             "the VM refuses the device: its usb-redir has a filter, or its USB controller takes "
             "no device of this speed");
        break;
    case usbredirhost_read_device_lost:
        device_lost(relay);
        break;
    default:
        fail(relay, REDIR_ERROR_PROTOCOL, "the peer breaks the usbredir protocol");
    }
}

static void look_at_input(Relay *relay, const RedirPacketView *packet)
{
    switch (packet->type) {
    case usb_redir_hello:
        if (!relay->greeted)
            relay->link.greeted(relay->link.user);
        relay->greeted = TRUE;
        g_clear_handle_id(&relay->hello_timer, g_source_remove);
        break;
    case usb_redir_set_configuration:
        relay->link.attached(relay->link.user);
        break;
    case usb_redir_bulk_packet:
        relay->bulk_on = TRUE;
        break;
    case usb_redir_device_disconnect_ack:
        if (relay->leaving)
            end(relay, NULL);
        break;
    }
}

static void read_packets(Relay *relay)
{
    g_autoptr(GError) error = NULL;
    RedirPacketView packet;

    while (!relay->ended && redir_input_take(&relay->input, redir_packet_long_ids(&relay->ids),
                                             &relay->feed, &relay->feed_size, &error)) {
        gboolean whole =
            redir_packet_look(&relay->ids, REDIR_FROM_VM, relay->feed, relay->feed_size, &packet);
        if (whole && packet.type == usb_redir_bulk_packet)
            relay->bulk_pending++;
        on_result(relay, usbredirhost_read_guest_data(relay->host));
        if (whole)
            look_at_input(relay, &packet);
        usbredirhost_write_guest_data(relay->host);
        flush(relay);
    }
    if (error != NULL)
        fail(relay, REDIR_ERROR_PROTOCOL, error->message);
}

/* ---- the gadget ---- */

/* libusb has called libusbredirhost, which made packets, or found the device gone. */
static void on_handled(gpointer user)
{
    Relay *relay = user;

    if (relay->host == NULL || relay->ended)
        return;
    relay->feed_size = 0;
    on_result(relay, usbredirhost_read_guest_data(relay->host));
    usbredirhost_write_guest_data(relay->host);
    flush(relay);
}

static void relay_received(RedirGadget *gadget, const guint8 *data, gsize size)
{
    Relay *relay = (Relay *)gadget;

    relay->statistics.bytes_in += size;
    if (relay->ended)
        return;
    redir_input_append(&relay->input, data, size);
    read_packets(relay);
}

static void relay_writable(RedirGadget *gadget)
{
    flush((Relay *)gadget);
}

static gboolean on_no_hello(gpointer user)
{
    Relay *relay = user;

    relay->hello_timer = 0;
    if (relay->transport->ops->lasting || relay->transport->ops->sure)
        g_message("%s: connected, waiting for the VM (is it paused?)", relay->transport->address);
    else
        fail(relay, REDIR_ERROR_TIMEOUT, REDIR_NO_HELLO);
    return G_SOURCE_REMOVE;
}

static void relay_open(RedirGadget *gadget, RedirTransport *transport,
                       const RedirEndpointOptions *options, const RedirEndpointEvents *events)
{
    Relay *relay = (Relay *)gadget;

    relay->transport = transport;
    relay->link = *events;
    relay->greeted = relay->leaving = relay->ended = FALSE;
    relay->ids = (RedirPacketIds){0};
    relay->bulk_on = FALSE;
    relay->bulk_pending = 0;
    redir_input_init(&relay->input);
    relay->host = usbredirhost_open(redir_usb_loop_context(relay->loop), NULL, on_log, on_read,
                                    on_write, relay, "camredir " CAMREDIR_VERSION,
                                    usbredirparser_warning, usbredirhost_fl_write_cb_owns_buffer);
    if (relay->host == NULL)
        g_error("out of memory");
    usbredirhost_set_buffered_output_size_cb(relay->host, on_output_size);
    relay->hello_timer = g_timeout_add(options->hello_timeout_ms ? options->hello_timeout_ms
                                                                 : REDIR_HELLO_TIMEOUT_MS,
                                       on_no_hello, relay);
    relay->look_timer = g_timeout_add(LOOK_MS, on_look, relay);
    usbredirhost_write_guest_data(relay->host);
    flush(relay);
}

static gboolean on_left(gpointer user)
{
    Relay *relay = user;

    relay->leave_timer = 0;
    end(relay, NULL);
    return G_SOURCE_REMOVE;
}

/* Where the peer acknowledges, that is waited for: see look_at_input(). */
static void relay_disconnect(RedirGadget *gadget)
{
    Relay *relay = (Relay *)gadget;
    gboolean told = relay->device != NULL && relay->greeted;

    relay->leaving = TRUE;
    give_back(relay);
    usbredirhost_write_guest_data(relay->host);
    flush(relay);
    if (!told)
        end(relay, NULL);
    else if (!relay->transport->ops->lasting && relay->leave_timer == 0)
        relay->leave_timer = g_timeout_add(REDIR_DISCONNECT_TIMEOUT_MS, on_left, relay);
}

static void relay_close(RedirGadget *gadget)
{
    Relay *relay = (Relay *)gadget;
    guint *timers[] = {&relay->hello_timer, &relay->look_timer, &relay->leave_timer,
                       &relay->end_idle};

    for (gsize i = 0; i < G_N_ELEMENTS(timers); i++)
        g_clear_handle_id(timers[i], g_source_remove);
    relay->ended = TRUE;
    give_back(relay);
    g_clear_pointer(&relay->host, usbredirhost_close);
    clear_queue(relay);
    redir_input_clear(&relay->input);
    g_clear_error(&relay->error);
    g_clear_pointer(&relay->interface_info, g_bytes_unref);
    relay->transport = NULL;
    tell(relay, REDIR_RELAY_IDLE, NULL);
}

static void relay_get_statistics(const RedirGadget *gadget, RedirGadgetStatistics *ret_statistics)
{
    const Relay *relay = (const Relay *)gadget;

    *ret_statistics = relay->statistics;
    ret_statistics->outstanding = relay->transport ? on_output_size((void *)relay) : 0;
}

static gboolean parse_filter(Relay *relay, const char *filter, GError **error)
{
    if (filter == NULL ||
        usbredirfilter_string_to_rules(filter, ",", "|", &relay->rules, &relay->n_rules) == 0)
        return TRUE;
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS,
                "--filter: '%s' are no rules of the form CLASS,VENDOR,PRODUCT,VERSION,ALLOW "
                "separated by |, with -1 for any: 0x0e,-1,-1,-1,1|-1,-1,-1,-1,0 lets video through",
                filter);
    return FALSE;
}

RedirGadget *redir_relay_new(const RedirRelayOptions *options, const RedirRelayEvents *events,
                             GError **error)
{
    static const RedirGadgetOps ops = {
        .open = relay_open,
        .received = relay_received,
        .writable = relay_writable,
        .disconnect = relay_disconnect,
        .close = relay_close,
        .get_statistics = relay_get_statistics,
    };
    Relay *relay = g_new0(Relay, 1);

    relay->base.ops = &ops;
    relay->events = *events;
    relay->wish = options->wish;
    relay->loop = redir_usb_loop_new(on_handled, relay, error);
    if (relay->loop != NULL && parse_filter(relay, options->filter, error))
        return &relay->base;
    redir_relay_free(&relay->base);
    return NULL;
}

void redir_relay_free(RedirGadget *gadget)
{
    Relay *relay = (Relay *)gadget;

    if (relay == NULL)
        return;
    if (relay->transport != NULL)
        relay_close(gadget);
    redir_usb_loop_free(relay->loop);
    redir_usb_wish_free(relay->wish);
    free(relay->rules);
    g_free(relay->why);
    g_free(relay);
}
