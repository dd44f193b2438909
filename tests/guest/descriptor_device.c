/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/descriptor_device.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#define GET_STATUS     0
#define GET_DESCRIPTOR 6
#define UVC_GET_INFO   0x86
#define INFO_GET_SET   0x03
#define MOST           4096 /* QEMU takes no larger answer on endpoint 0 */

struct DescriptorDevice {
    const struct desc_tree *tree;
    const struct vcam_dev_descriptor *descriptor;
    struct usbredirparser *parser;
    GSocketConnection *connection;
    GThread *thread;
    int fd;
    int stop[2]; /* a pipe: closed to end the thread */
    guint8 configuration;
    guint8 alternate[256];
};

/* ---- bytes in and out ---- */

static int on_read(void *priv, uint8_t *data, int count)
{
    DescriptorDevice *device = priv;
    ssize_t n = recv(device->fd, data, count, MSG_DONTWAIT);
    return n > 0 ? (int)n : n < 0 && errno == EAGAIN ? 0 : -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    DescriptorDevice *device = priv;
    ssize_t n = send(device->fd, data, count, MSG_NOSIGNAL);
    return n > 0 ? (int)n : -1;
}

static void on_log(void *priv, int level, const char *message)
{
    (void)priv;
    (void)level;
    g_debug("%s", message);
}

static gpointer run(gpointer user)
{
    DescriptorDevice *device = user;
    for (;;) {
        struct pollfd fds[] = {{.fd = device->fd, .events = POLLIN},
                               {.fd = device->stop[0], .events = POLLIN}};
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents)
            break;
        if (usbredirparser_do_read(device->parser) < 0)
            break;
        while (usbredirparser_has_data_to_write(device->parser))
            if (usbredirparser_do_write(device->parser) < 0)
                return NULL;
    }
    return NULL;
}

/* ---- what there is to say about the device ---- */

/* The index-th descriptor of a type that the guest can ask for. A configuration and a BOS come with
   all that is in them. */
static gssize find_descriptor(const DescriptorDevice *device, guint8 type, guint8 index,
                              guint8 *buffer)
{
    const guint32 asked_for =
        DESC_GROUP_DEVICE | DESC_GROUP_CONFIGURATION | DESC_GROUP_BOS | DESC_GROUP_ALONE;
    const struct desc_node *root =
        (struct desc_node *)desc_tree_root((struct desc_tree *)device->tree);

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        if (!(node->type->group & asked_for))
            continue;
        gssize n = node->type->group & (DESC_GROUP_CONFIGURATION | DESC_GROUP_BOS)
                       ? desc_pack(node, buffer, MOST)
                       : desc_pack_alone(node, buffer, MOST);
        if (n > 1 && buffer[1] == type && index-- == 0)
            return n;
    }
    return -1;
}

static guint8 speed_of(const DescriptorDevice *device)
{
    if (device->descriptor->bcdUSB >= 0x0300)
        return usb_redir_speed_super;
    return device->descriptor->bMaxPacketSize0 == 64 ? usb_redir_speed_high : usb_redir_speed_full;
}

static void send_endpoints(DescriptorDevice *device)
{
    struct usb_redir_ep_info_header info = {0};
    const struct desc_node *top = &device->descriptor->node; /* not what it is at other speeds */
    const struct usb_interface *interface = NULL;

    memset(info.type, usb_redir_type_invalid, sizeof(info.type));
    info.type[0] = info.type[16] = usb_redir_type_control;
    info.max_packet_size[0] = info.max_packet_size[16] = 64;
    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top)) {
        const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node);
        interface = DESC_CAST(usb_interface, node) ? (struct usb_interface *)node : interface;
        if (!endpoint || !interface)
            continue;
        guint at =
            (endpoint->bEndpointAddress & 0x0f) + (endpoint->bEndpointAddress & 0x80 ? 16 : 0);
        info.type[at] = endpoint->bmAttributes & 3;
        info.interval[at] = MAX(endpoint->bInterval, 1);
        info.interface[at] = interface->bInterfaceNumber;
        info.max_packet_size[at] = endpoint->wMaxPacketSize & 0x07ff;
    }
    usbredirparser_send_ep_info(device->parser, &info);
}

static void send_interfaces(DescriptorDevice *device)
{
    struct usb_redir_interface_info_header info = {0};
    const struct desc_node *top = &device->descriptor->node;

    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top)) {
        const struct usb_interface *interface = DESC_CAST(usb_interface, node);
        if (!interface || interface->bAlternateSetting || info.interface_count == 32)
            continue;
        info.interface[info.interface_count] = interface->bInterfaceNumber;
        info.interface_class[info.interface_count] = interface->bInterfaceClass;
        info.interface_subclass[info.interface_count] = interface->bInterfaceSubClass;
        info.interface_protocol[info.interface_count++] = interface->bInterfaceProtocol;
    }
    usbredirparser_send_interface_info(device->parser, &info);
}

/* ---- packets ---- */

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    DescriptorDevice *device = priv;
    const struct vcam_dev_descriptor *descriptor = device->descriptor;
    struct usb_redir_device_connect_header connect = {
        .speed = speed_of(device),
        .device_class = descriptor->bDeviceClass,
        .device_subclass = descriptor->bDeviceSubClass,
        .device_protocol = descriptor->bDeviceProtocol,
        .vendor_id = descriptor->idVendor,
        .product_id = descriptor->idProduct,
        .device_version_bcd = descriptor->bcdDevice,
    };
    (void)hello;
    send_interfaces(device);
    send_endpoints(device);
    usbredirparser_send_device_connect(device->parser, &connect);
}

static gssize answer_in(DescriptorDevice *device,
                        const struct usb_redir_control_packet_header *request, guint8 *buffer)
{
    bool is_standard = (request->requesttype & 0x60) == 0;

    if (is_standard && request->request == GET_DESCRIPTOR)
        return find_descriptor(device, request->value >> 8, request->value & 0xff, buffer);
    if (is_standard && request->request != GET_STATUS)
        return -1;
    memset(buffer, 0, MOST);
    if (!is_standard && request->request == UVC_GET_INFO)
        buffer[0] = INFO_GET_SET;
    return request->length;
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *request,
                       uint8_t *data, int size)
{
    DescriptorDevice *device = priv;
    struct usb_redir_control_packet_header answer = *request;
    guint8 buffer[MOST];
    bool is_in = request->requesttype & 0x80;
    gssize n = is_in ? answer_in(device, request, buffer) : request->length;

    (void)size;
    usbredirparser_free_packet_data(device->parser, data);
    answer.status = n < 0 ? usb_redir_stall : usb_redir_success;
    answer.length = n < 0 ? 0 : (guint16)MIN(n, MIN(request->length, MOST));
    usbredirparser_send_control_packet(device->parser, id, &answer, is_in ? buffer : NULL,
                                       is_in ? answer.length : 0);
}

static void send_configuration(DescriptorDevice *device, uint64_t id)
{
    struct usb_redir_configuration_status_header status = {.status = usb_redir_success,
                                                           .configuration = device->configuration};
    usbredirparser_send_configuration_status(device->parser, id, &status);
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *set)
{
    DescriptorDevice *device = priv;
    device->configuration = set->configuration;
    memset(device->alternate, 0, sizeof(device->alternate));
    send_endpoints(device);
    send_configuration(device, id);
}

static void on_get_configuration(void *priv, uint64_t id)
{
    send_configuration(priv, id);
}

static void send_alternate(DescriptorDevice *device, uint64_t id, guint8 interface)
{
    struct usb_redir_alt_setting_status_header status = {
        .status = usb_redir_success, .interface = interface, .alt = device->alternate[interface]};
    usbredirparser_send_alt_setting_status(device->parser, id, &status);
}

static void on_set_alternate(void *priv, uint64_t id, struct usb_redir_set_alt_setting_header *set)
{
    DescriptorDevice *device = priv;
    device->alternate[set->interface] = set->alt;
    send_alternate(device, id, set->interface);
}

static void on_get_alternate(void *priv, uint64_t id, struct usb_redir_get_alt_setting_header *get)
{
    send_alternate(priv, id, get->interface);
}

static void on_start_interrupt(void *priv, uint64_t id,
                               struct usb_redir_start_interrupt_receiving_header *start)
{
    DescriptorDevice *device = priv;
    struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_success,
                                                                 .endpoint = start->endpoint};
    usbredirparser_send_interrupt_receiving_status(device->parser, id, &status);
}

static void on_stop_interrupt(void *priv, uint64_t id,
                              struct usb_redir_stop_interrupt_receiving_header *stop)
{
    DescriptorDevice *device = priv;
    struct usb_redir_interrupt_receiving_status_header status = {.status = usb_redir_success,
                                                                 .endpoint = stop->endpoint};
    usbredirparser_send_interrupt_receiving_status(device->parser, id, &status);
}

static void on_iso(void *priv, uint64_t id, struct usb_redir_start_iso_stream_header *start)
{
    DescriptorDevice *device = priv;
    struct usb_redir_iso_stream_status_header status = {.status = usb_redir_stall,
                                                        .endpoint = start->endpoint};
    usbredirparser_send_iso_stream_status(device->parser, id, &status);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *request,
                    uint8_t *data, int size)
{
    DescriptorDevice *device = priv;
    struct usb_redir_bulk_packet_header answer = *request;
    (void)size;
    usbredirparser_free_packet_data(device->parser, data);
    answer.status = usb_redir_stall;
    answer.length = answer.length_high = 0;
    usbredirparser_send_bulk_packet(device->parser, id, &answer, NULL, 0);
}

/* What needs no answer. libusbredirparser calls each without looking. */
static void on_nothing(void *priv)
{
    (void)priv;
}

static void on_nothing_id(void *priv, uint64_t id)
{
    (void)priv;
    (void)id;
}

static void on_stop_iso(void *priv, uint64_t id, struct usb_redir_stop_iso_stream_header *stop)
{
    (void)priv;
    (void)id;
    (void)stop;
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int n)
{
    (void)priv;
    (void)n;
    free(rules);
}

static struct usbredirparser *new_parser(DescriptorDevice *device)
{
    struct usbredirparser *parser = usbredirparser_create();
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};
    static const int offered[] = {usb_redir_cap_connect_device_version,
                                  usb_redir_cap_filter,
                                  usb_redir_cap_device_disconnect_ack,
                                  usb_redir_cap_ep_info_max_packet_size,
                                  usb_redir_cap_64bits_ids,
                                  usb_redir_cap_32bits_bulk_length};
    parser->priv = device;
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->reset_func = on_nothing;
    parser->device_disconnect_ack_func = on_nothing;
    parser->filter_reject_func = on_nothing;
    parser->filter_filter_func = on_filter;
    parser->set_configuration_func = on_set_configuration;
    parser->get_configuration_func = on_get_configuration;
    parser->set_alt_setting_func = on_set_alternate;
    parser->get_alt_setting_func = on_get_alternate;
    parser->start_iso_stream_func = on_iso;
    parser->stop_iso_stream_func = on_stop_iso;
    parser->start_interrupt_receiving_func = on_start_interrupt;
    parser->stop_interrupt_receiving_func = on_stop_interrupt;
    parser->cancel_data_packet_func = on_nothing_id;
    parser->control_packet_func = on_control;
    parser->bulk_packet_func = on_bulk;
    for (guint i = 0; i < G_N_ELEMENTS(offered); i++)
        usbredirparser_caps_set_cap(caps, offered[i]);
    usbredirparser_init(parser, "descriptors", caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
    return parser;
}

DescriptorDevice *descriptor_device_plug(const struct desc_tree *tree, const char *path,
                                         GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    GSocketConnection *connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
    if (!connection)
        return NULL;

    DescriptorDevice *device = g_new0(DescriptorDevice, 1);
    device->tree = tree;
    device->connection = connection;
    device->descriptor =
        DESC_CAST(vcam_dev_descriptor, desc_tree_root((struct desc_tree *)tree)->arrDescs.first);
    device->fd = g_socket_get_fd(g_socket_connection_get_socket(connection));
    if (!device->descriptor || pipe(device->stop) < 0)
        g_error("no device, or no pipe");
    g_socket_set_blocking(g_socket_connection_get_socket(connection), TRUE);
    device->parser = new_parser(device);
    usbredirparser_do_write(device->parser);
    device->thread = g_thread_new("descriptors", run, device);
    return device;
}

void descriptor_device_unplug(DescriptorDevice *device)
{
    if (!device)
        return;
    close(device->stop[1]);
    g_thread_join(device->thread);
    usbredirparser_send_device_disconnect(device->parser);
    usbredirparser_do_write(device->parser);
    close(device->stop[0]);
    usbredirparser_destroy(device->parser);
    g_object_unref(device->connection);
    g_free(device);
}
