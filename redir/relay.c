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
#include "redir/line.h"
#include "redir/shed.h"
#include "redir/silence.h"
#include "redir/usb_loop.h"

#define LOOK_MS     1000 /* sysfs asked for the device */
#define COMPLAIN_US (10 * G_USEC_PER_SEC)

typedef struct {
    RedirGadget base;
    RedirRelayEvents events;
    RedirUsbWish *wish;
    struct usbredirfilter_rule *rules; /* what the user lets through */
    int n_rules;
    RedirUsbLoop *loop;
    gint64 complain_us; /* not before */
    RedirLine line;

    /* while the line is open */
    struct usbredirhost *host;
    const guint8 *feed; /* what libusbredirhost may read now */
    gsize feed_size;
    guint look_timer;
    gboolean bulk_on; /* the guest has asked for bulk data */
    guint bulk_pending;
    RedirShed shed;
    RedirSilence silence;
    gboolean reviving; /* what libusbredirhost answers now is not the VM's */

    /* while the device is ours */
    RedirUsbDevice *device;
    GPtrArray *devices; /* which owns it */
    libusb_device *usb; /* as libusb has it; libusbredirhost's */
    RedirGuard *guard;
    int fd;
    char *why; /* what was last said of waiting */
} Relay;

/* ---- telling ---- */

static void tell(Relay *relay, RedirRelayState state, const char *why)
{
    if (state == REDIR_RELAY_WAITING && g_strcmp0(why, relay->why) == 0)
        return;
    g_free(relay->why);
    relay->why = g_strdup(why);
    relay->events.state(relay->events.user, state, relay->device, why);
}

/* ---- bytes out ---- */

static void look_at_output(Relay *relay, const RedirPacketView *packet)
{
    if (packet->type == usb_redir_bulk_packet && relay->bulk_pending > 0)
        relay->bulk_pending--;
    if (packet->type == usb_redir_device_connect)
        relay->bulk_on = FALSE, relay->bulk_pending = 0;
}

static gboolean is_ours(const Relay *relay, guint32 type)
{
    return relay->reviving &&
           (type == usb_redir_alt_setting_status || type == usb_redir_iso_stream_status ||
            type == usb_redir_interface_info || type == usb_redir_ep_info);
}

/* FALSE: it is not for the VM. */
static gboolean goes_out(Relay *relay, const RedirPacketView *packet, guint8 *bytes, gsize size)
{
    if (is_ours(relay, packet->type))
        return FALSE;
    look_at_output(relay, packet);
    redir_silence_note(&relay->silence, REDIR_TO_VM, packet, relay->shed.owner);
    return !redir_shed(&relay->shed, packet, bytes, size, redir_line_backlog(&relay->line));
}

/* What is left out here shows by its id, which the next packet does not follow on. */
static int on_write(void *user, uint8_t *data, int count)
{
    Relay *relay = user;
    RedirPacketView packet;

    if (redir_packet_look(&relay->line.ids, REDIR_TO_VM, data, (gsize)count, &packet) &&
        !goes_out(relay, &packet, data, (gsize)count))
        free(data);
    else
        redir_line_send(&relay->line, data, (gsize)count);
    return count;
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
                      : g_strdup_printf(
                            "%s is used by another program, which 'camredir list' shows", name);
    }
    relay->guard = redir_guard_new(device->node, fd);
    relay->shed = (RedirShed){0};
    relay->silence = (RedirSilence){0};
    if (usbredirhost_set_device(relay->host, handle) != usb_redir_success) {
        close(fd);
        g_clear_pointer(&relay->guard, redir_guard_dismiss);
        return g_strdup_printf("%s cannot be taken from this machine: it does not answer", name);
    }
    relay->fd = fd;
    relay->usb = libusb_get_device(handle);
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
        why = error ? g_strdup(error->message) : redir_usb_missing(relay->wish);
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
        redir_line_fail(
            &relay->line, REDIR_ERROR_REFUSED,
            "the VM refuses the device: its usb-redir has a filter, or its USB controller takes "
            "no device of this speed");
        break;
    case usbredirhost_read_device_lost:
        device_lost(relay);
        break;
    default:
        redir_line_fail(&relay->line, REDIR_ERROR_PROTOCOL,
                        "the peer breaks the usbredir protocol");
    }
}

static void look_at_input(Relay *relay, const RedirPacketView *packet)
{
    redir_silence_note(&relay->silence, REDIR_FROM_VM, packet, relay->shed.owner);
    if (packet->type == usb_redir_set_configuration)
        relay->line.events.attached(relay->line.events.user);
    if (packet->type != usb_redir_bulk_packet)
        return;
    relay->bulk_on = TRUE;
    relay->bulk_pending++;
}

/* As many as the number needs. */
static gboolean has_alternate(const Relay *relay, guint8 interface, guint8 alternate)
{
    struct libusb_config_descriptor *config;
    gboolean has = FALSE;

    if (libusb_get_active_config_descriptor(relay->usb, &config) != 0)
        return FALSE;
    for (guint i = 0; i < config->bNumInterfaces; i++) {
        const struct libusb_interface *is = &config->interface[i];
        has |= is->num_altsetting > alternate && is->altsetting[0].bInterfaceNumber == interface;
    }
    libusb_free_config_descriptor(config);
    return has;
}

/* libusbredirhost takes an alternate setting's number for its place among the others, and does not
   look whether there are as many, once the device has taken it. */
static gboolean is_refused(const Relay *relay, const RedirPacketView *packet)
{
    return packet->type == usb_redir_set_alt_setting && relay->device != NULL &&
           packet->size == sizeof(struct usb_redir_set_alt_setting_header) &&
           !has_alternate(relay, packet->body[0], packet->body[1]);
}

static void refuse(Relay *relay, const RedirPacketView *packet)
{
    const struct usb_redir_header header = {
        .type = GUINT32_TO_LE(usb_redir_alt_setting_status),
        .length = GUINT32_TO_LE(sizeof(struct usb_redir_alt_setting_status_header)),
        .id = GUINT64_TO_LE(packet->id),
    };
    const struct usb_redir_alt_setting_status_header status = {
        .status = usb_redir_inval, .interface = packet->body[0], .alt = 0xff};
    gsize size = sizeof header - (redir_packet_long_ids(&relay->line.ids) ? 0 : sizeof(guint32));
    guint8 *bytes = g_malloc(size + sizeof status);

    memcpy(bytes, &header, size);
    memcpy(bytes + size, &status, sizeof status);
    redir_line_send(&relay->line, bytes, size + sizeof status);
}

static void read_packets(Relay *relay)
{
    RedirPacketView packet;

    while (redir_line_take(&relay->line, &packet, &relay->feed, &relay->feed_size)) {
        look_at_input(relay, &packet);
        if (is_refused(relay, &packet))
            refuse(relay, &packet);
        else
            on_result(relay, usbredirhost_read_guest_data(relay->host));
        usbredirhost_write_guest_data(relay->host);
        redir_line_flush(&relay->line);
    }
}

/* ---- streams that fell silent ---- */

/* To the VM as if nothing had been. */
static void revive(Relay *relay, guint8 endpoint)
{
    g_autoptr(GByteArray) packets = redir_silence_packets(
        &relay->silence, endpoint, relay->shed.owner, redir_packet_long_ids(&relay->line.ids));

    g_message("nothing comes from the device's endpoint %02x any more; its stream is begun anew",
              endpoint);
    usbredirhost_write_guest_data(relay->host); /* before, what is the VM's */
    relay->reviving = TRUE;
    relay->feed = packets->data;
    relay->feed_size = packets->len;
    int result = usbredirhost_read_guest_data(relay->host);
    usbredirhost_write_guest_data(relay->host);
    relay->reviving = FALSE;
    on_result(relay, result);
}

/* As pulled out and plugged in, with a reset in between. */
static void attach_again(Relay *relay)
{
    give_back(relay);
    tell(relay, REDIR_RELAY_WAITING,
         "still nothing comes from the device, which is taken from the guest and attached again");
}

static void look_for_silence(Relay *relay)
{
    guint8 endpoint;

    switch (redir_silence_look(&relay->silence, &endpoint)) {
    case REDIR_STREAMS_ALIVE:
        break;
    case REDIR_STREAMS_SILENT:
        revive(relay, endpoint);
        break;
    case REDIR_STREAMS_LOST:
        attach_again(relay);
        break;
    }
}

/* ---- once a second ---- */

static gboolean on_look(gpointer user)
{
    Relay *relay = user;

    if (relay->line.ended)
        return G_SOURCE_CONTINUE;
    if (relay->line.leaving || !relay->line.greeted)
        ; /* nobody wants it */
    else if (relay->device == NULL)
        look_for_device(relay);
    else if (is_gone(relay))
        device_lost(relay);
    else
        look_for_silence(relay);
    redir_line_beat(&relay->line, relay->bulk_on && relay->bulk_pending == 0);
    redir_line_flush(&relay->line);
    return G_SOURCE_CONTINUE;
}

/* ---- the gadget ---- */

/* libusb has called libusbredirhost, which made packets, or found the device gone. */
static void on_handled(gpointer user)
{
    Relay *relay = user;

    if (relay->host == NULL || relay->line.ended)
        return;
    relay->feed_size = 0;
    on_result(relay, usbredirhost_read_guest_data(relay->host));
    usbredirhost_write_guest_data(relay->host);
    redir_line_flush(&relay->line);
}

static void relay_received(RedirGadget *gadget, const guint8 *data, gsize size)
{
    Relay *relay = (Relay *)gadget;

    redir_line_append(&relay->line, data, size);
    read_packets(relay);
}

static void relay_writable(RedirGadget *gadget)
{
    redir_line_flush(&((Relay *)gadget)->line);
}

static void relay_open(RedirGadget *gadget, RedirTransport *transport,
                       const RedirEndpointOptions *options, const RedirEndpointEvents *events)
{
    Relay *relay = (Relay *)gadget;

    redir_line_open(&relay->line, transport, options, events);
    relay->bulk_on = FALSE;
    relay->bulk_pending = 0;
    relay->host = usbredirhost_open(redir_usb_loop_context(relay->loop), NULL, on_log, on_read,
                                    on_write, relay, "camredir " CAMREDIR_VERSION,
                                    usbredirparser_warning, usbredirhost_fl_write_cb_owns_buffer);
    if (relay->host == NULL)
        g_error("out of memory");
    relay->look_timer = g_timeout_add(LOOK_MS, on_look, relay);
    usbredirhost_write_guest_data(relay->host);
    redir_line_flush(&relay->line);
}

/* Where the peer acknowledges, that is waited for. */
static void relay_disconnect(RedirGadget *gadget)
{
    Relay *relay = (Relay *)gadget;
    gboolean told = relay->device != NULL;

    relay->line.leaving = TRUE;
    give_back(relay);
    usbredirhost_write_guest_data(relay->host);
    redir_line_leave(&relay->line, told);
}

static void relay_close(RedirGadget *gadget)
{
    Relay *relay = (Relay *)gadget;
    g_clear_handle_id(&relay->look_timer, g_source_remove);
    relay->line.ended = TRUE;
    give_back(relay);
    g_clear_pointer(&relay->host, usbredirhost_close);
    redir_line_close(&relay->line);
    tell(relay, REDIR_RELAY_IDLE, NULL);
}

static void relay_get_statistics(const RedirGadget *gadget, RedirGadgetStatistics *ret_statistics)
{
    redir_line_get_statistics(&((const Relay *)gadget)->line, ret_statistics);
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
    if (relay->line.transport != NULL)
        relay_close(gadget);
    redir_usb_loop_free(relay->loop);
    redir_usb_wish_free(relay->wish);
    free(relay->rules);
    g_free(relay->why);
    g_free(relay);
}
