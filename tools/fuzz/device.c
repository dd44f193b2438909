/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usbredir for the fuzzed device: packets in, answers with their faults out. */
#include "tools/fuzz/device.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#include "descriptors/codes.h"
#include "tools/fuzz/camera.h"
#include "tools/fuzz/cover.h"
#include "vcam/hash.h"

enum { GET_STATUS = 0, GET_DESCRIPTOR = 6, SET_CONFIGURATION = 9, SET_INTERFACE = 11 };
#define DIRECTION_IN   0x80
#define TYPE_MASK      0x60
#define SEND_MS        5000  /* a peer that takes nothing for so long is gone */
#define PAYLOAD_MOST   65536 /* of a bulk answer */
#define ISO_INTERVAL   8     /* keeps QEMU's buffer short; the guest never sees it */
#define ISO_BURST      60    /* packets */
#define ISO_MOST       2000  /* of one case */
#define HEADERS_MOST   200   /* of FUZZ_FAULT_PAYLOAD_HEADERS: more than a picture has */
#define INTERRUPT_MOST 16    /* at once */
#define STATUS_BYTES   16    /* of a status endpoint's packet */
#define STATUS_HEAD    5     /* of a control's change, before its value */

struct FuzzDevice {
    int fd;
    struct usbredirparser *parser;
    FuzzCase *fuzz_case;
    FuzzCamera *camera;
    gboolean lost;
    FuzzDeviceState state;
    guint counts[FUZZ_AT_INTERRUPT + 1]; /* of what faults count */
    GHashTable *features;                /* feature -> how often */
    guint32 previous;
    guint64 last_control; /* its id */
    gboolean filled;      /* FUZZ_FAULT_CLASS_FILL is on */
    guint8 fill;
    guint headers; /* of FUZZ_FAULT_PAYLOAD_HEADERS that are left */
    guint8 header; /* bytes of each */
    guint8 iso_endpoint;
    guint64 iso_id;
    guint8 status_endpoint; /* 0: nobody listens */
    guint64 status_id;
    guint8 status[STATUS_BYTES]; /* what a camera could tell now */
    guint status_size;
};

static const char *const reach_names[FUZZ_REACHES] = {
    "attached", "address", "descriptors", "configured", "bound", "probed", "streamed"};

const char *fuzz_reach_name(FuzzReach reach)
{
    return reach_names[reach];
}

/* ---- bytes in and out ---- */

static int on_read(void *priv, uint8_t *data, int count)
{
    FuzzDevice *device = priv;
    ssize_t n = recv(device->fd, data, count, MSG_DONTWAIT);
    return n > 0 ? (int)n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    FuzzDevice *device = priv;
    struct pollfd room = {.fd = device->fd, .events = POLLOUT};
    ssize_t n = send(device->fd, data, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN && poll(&room, 1, SEND_MS) > 0)
        n = send(device->fd, data, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n > 0 ? (int)n : -1;
}

static void on_log(void *priv, int level, const char *message)
{
    (void)priv;
    (void)level;
    g_debug("%s", message);
}

static gboolean flush(FuzzDevice *device)
{
    while (!device->lost && usbredirparser_has_data_to_write(device->parser))
        device->lost = usbredirparser_do_write(device->parser) < 0;
    return !device->lost;
}

/* ---- what is noted ---- */

static guint32 mix(guint32 a, guint32 b, guint32 c)
{
    guint32 words[4] = {a, b, c, 0};
    return (guint32)vcam_hash((const guint8 *)words, sizeof words);
}

static void note_feature(FuzzDevice *device, guint32 feature)
{
    gpointer key = GUINT_TO_POINTER(feature);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(device->features, key));
    g_hash_table_insert(device->features, key, GUINT_TO_POINTER(n + 1));
}

/* What was asked, after what, and what came of it. */
static void note(FuzzDevice *device, guint32 what, guint32 outcome)
{
    guint32 now = mix(what, outcome, 0);
    device->state.requests++;
    note_feature(device, mix(device->previous, now, 1));
    device->previous = now;
}

static void note_reach(FuzzDevice *device, FuzzReach reach)
{
    device->state.reach = MAX(device->state.reach, reach);
}

/* 1, 2, 3, 4 to 7, 8 to 15, ...: how often is worth knowing, but not exactly. */
static guint step_of(guint n)
{
    return n < 4 ? n : g_bit_storage(n) + 1;
}

void fuzz_device_features(const FuzzDevice *device, GArray *features)
{
    GHashTableIter i;
    gpointer key, value;
    guint32 reached = mix(device->state.reach, 0, 2) & FUZZ_BEHAVIOUR;

    g_array_append_val(features, reached);
    g_hash_table_iter_init(&i, device->features);
    while (g_hash_table_iter_next(&i, &key, &value)) {
        guint32 feature =
            mix(GPOINTER_TO_UINT(key), step_of(GPOINTER_TO_UINT(value)), 3) & FUZZ_BEHAVIOUR;
        g_array_append_val(features, feature);
    }
}

FuzzDeviceState fuzz_device_state(const FuzzDevice *device)
{
    return device->state;
}

/* ---- faults ---- */

static const FuzzFault *fault_next(const FuzzDevice *device, FuzzFaultKind kind, guint at,
                                   guint *from)
{
    const GArray *faults = device->fuzz_case->faults;

    while (faults && *from < faults->len) {
        const FuzzFault *fault = &g_array_index(faults, FuzzFault, (*from)++);
        if (fault->kind == kind && (fault->at == at || fuzz_fault_texts[kind].at == FUZZ_AT_NONE))
            return fault;
    }
    return NULL;
}

static const FuzzFault *fault_of(const FuzzDevice *device, FuzzFaultKind kind, guint at)
{
    guint from = 0;
    return fault_next(device, kind, at, &from);
}

/* The length that a fault gives, else size. Behind what was there come zeros. */
static gsize apply_length(const FuzzDevice *device, FuzzFaultKind kind, guint at, guint8 *bytes,
                          gsize size, gsize most)
{
    const FuzzFault *fault = fault_of(device, kind, at);

    if (!fault)
        return size;
    gsize wanted = MIN(fault->value, most);
    if (wanted > size)
        memset(bytes + size, 0, wanted - size);
    return wanted;
}

static void apply_bytes(const FuzzDevice *device, FuzzFaultKind kind, guint at, guint8 *bytes,
                        gsize size)
{
    const FuzzFault *fault;

    for (guint from = 0; (fault = fault_next(device, kind, at, &from));) {
        gsize where = fault->value >> 8;
        guint8 by = fault->value & 0xff;
        if (where < size)
            bytes[where] = kind == FUZZ_FAULT_PAYLOAD_BYTE ? by : bytes[where] ^ by;
    }
}

/* The status of the n-th control request, as usbredir numbers them. */
static guint8 control_fault(FuzzDevice *device, guint at)
{
    const FuzzFault *status = fault_of(device, FUZZ_FAULT_STATUS, at);

    if (fault_of(device, FUZZ_FAULT_UNPLUG, at))
        return usb_redir_ioerror;
    if (fault_of(device, FUZZ_FAULT_STALL, at))
        return usb_redir_stall;
    return status ? (guint8)status->value : usb_redir_success;
}

static void disconnect(FuzzDevice *device)
{
    usbredirparser_send_device_disconnect(device->parser);
    g_clear_pointer(&device->camera, fuzz_camera_free);
    device->state.isochronous = FALSE;
    device->state.ready =
        !usbredirparser_peer_has_cap(device->parser, usb_redir_cap_device_disconnect_ack);
}

static void leave(FuzzDevice *device)
{
    device->state.gone = TRUE;
    disconnect(device);
}

/* Behind the answer. Without one a guest waits for it, also where QEMU has told it that the device
   is gone. */
static void leave_after(FuzzDevice *device, guint at)
{
    if (fault_of(device, FUZZ_FAULT_UNPLUG, at))
        leave(device);
}

/* ---- who it is ---- */

static guint8 speed_of(const GArray *faults, const FuzzCameraIdentity *identity)
{
    for (guint i = 0; faults && i < faults->len; i++)
        if (g_array_index(faults, FuzzFault, i).kind == FUZZ_FAULT_SPEED)
            return (guint8)g_array_index(faults, FuzzFault, i).value;
    if (identity->bcdUSB >= 0x0300)
        return usb_redir_speed_super;
    return identity->bMaxPacketSize0 == 64 ? usb_redir_speed_high : usb_redir_speed_full;
}

guint8 fuzz_case_speed(const FuzzCase *fuzz_case)
{
    FuzzCamera *camera = fuzz_camera_new(fuzz_case->descriptors, FALSE);
    FuzzCameraIdentity identity = fuzz_camera_identity(camera);

    fuzz_camera_free(camera);
    return speed_of(fuzz_case->faults, &identity);
}

static void send_endpoints(FuzzDevice *device)
{
    struct usb_redir_ep_info_header info = {0};

    memset(info.type, usb_redir_type_invalid, sizeof info.type);
    info.type[0] = info.type[16] = usb_redir_type_control;
    info.max_packet_size[0] = info.max_packet_size[16] = 64;
    for (guint i = 1; i < 32; i++) {
        guint8 address = i < 16 ? i : DIRECTION_IN | (i - 16);
        FuzzCameraEndpoint endpoint = fuzz_camera_endpoint(device->camera, address);
        if (!endpoint.there || i == 16)
            continue;
        info.type[i] = endpoint.type;
        info.interval[i] =
            endpoint.type == usb_redir_type_iso ? ISO_INTERVAL : MAX(endpoint.interval, 1);
        info.interface[i] = endpoint.interface;
        info.max_packet_size[i] = endpoint.wMaxPacketSize & 0x07ff;
    }
    usbredirparser_send_ep_info(device->parser, &info);
}

static void send_interfaces(FuzzDevice *device)
{
    struct usb_redir_interface_info_header info = {0};
    FuzzCameraInterface interfaces[32];

    info.interface_count =
        fuzz_camera_interfaces(device->camera, interfaces, G_N_ELEMENTS(interfaces));
    for (guint i = 0; i < info.interface_count; i++) {
        info.interface[i] = interfaces[i].bInterfaceNumber;
        info.interface_class[i] = interfaces[i].bInterfaceClass;
        info.interface_subclass[i] = interfaces[i].bInterfaceSubClass;
        info.interface_protocol[i] = interfaces[i].bInterfaceProtocol;
    }
    usbredirparser_send_interface_info(device->parser, &info);
}

static void forget(FuzzDevice *device)
{
    static const guint8 button[] = {2, 1, 0, 1};

    g_clear_pointer(&device->camera, fuzz_camera_free);
    g_clear_pointer(&device->fuzz_case, fuzz_case_free);
    g_hash_table_remove_all(device->features);
    device->state = (FuzzDeviceState){.ready = device->state.ready};
    memset(device->counts, 0, sizeof device->counts);
    device->previous = 0;
    device->filled = FALSE;
    device->headers = 0;
    device->status_endpoint = 0;
    memcpy(device->status, button, device->status_size = sizeof button);
}

gboolean fuzz_device_plug(FuzzDevice *device, const FuzzCase *fuzz_case, gboolean sentinel)
{
    forget(device);
    device->fuzz_case = fuzz_case_copy(fuzz_case);
    device->camera = fuzz_camera_new(fuzz_case->descriptors, sentinel);
    const FuzzFault *picture = fault_of(device, FUZZ_FAULT_PICTURE, 0);
    FuzzCameraIdentity identity = fuzz_camera_identity(device->camera);
    struct usb_redir_device_connect_header connect = {
        .speed = speed_of(fuzz_case->faults, &identity),
        .device_class = identity.bDeviceClass,
        .device_subclass = identity.bDeviceSubClass,
        .device_protocol = identity.bDeviceProtocol,
        .vendor_id = identity.idVendor,
        .product_id = identity.idProduct,
        .device_version_bcd = identity.bcdDevice,
    };
    device->state.speed = connect.speed;
    if (picture)
        fuzz_camera_set_picture(device->camera, picture->value);
    send_interfaces(device);
    send_endpoints(device);
    usbredirparser_send_device_connect(device->parser, &connect);
    return flush(device);
}

gboolean fuzz_device_unplug(FuzzDevice *device)
{
    if (device->camera)
        disconnect(device);
    return flush(device);
}

/* ---- status interrupts ---- */

/* Returns its length. Each byte that is set is there. */
static guint make_interrupt(const FuzzDevice *device, guint at, const FuzzFault *fault,
                            guint8 *bytes)
{
    guint length = fault ? fault->value >> 24 : device->status_size, from = 0;

    memcpy(bytes, device->status, device->status_size);
    for (guint i = 0; fault && i < 3; i++)
        bytes[i] = fault->value >> 8 * i & 0xff;
    while ((fault = fault_next(device, FUZZ_FAULT_INTERRUPT_BYTE, at, &from))) {
        guint where = fault->value >> 8 & 0xff;
        bytes[where] = fault->value & 0xff;
        length = MAX(length, where + 1);
    }
    return length;
}

static void send_interrupt(FuzzDevice *device, guint at, const FuzzFault *fault)
{
    guint8 bytes[256] = {0};
    struct usb_redir_interrupt_packet_header header = {
        .endpoint = device->status_endpoint,
        .length = (guint16)make_interrupt(device, at, fault, bytes)};

    usbredirparser_send_interrupt_packet(device->parser, device->status_id++, &header, bytes,
                                         header.length);
}

/* A good camera has nothing to tell. */
static void tell_status(FuzzDevice *device)
{
    guint at = device->counts[FUZZ_AT_INTERRUPT]++, from = 0;
    const FuzzFault *fault = fault_next(device, FUZZ_FAULT_INTERRUPT, at, &from);

    if (!fault && fault_of(device, FUZZ_FAULT_INTERRUPT_BYTE, at))
        send_interrupt(device, at, NULL);
    for (guint n = 0; fault && n < INTERRUPT_MOST; n++) {
        send_interrupt(device, at, fault);
        fault = fault_next(device, FUZZ_FAULT_INTERRUPT, at, &from);
    }
}

/* UVC 1.5, table 2-2: that a control has the value that it was given. */
static void note_written(FuzzDevice *device, const FuzzSetup *setup, const guint8 *data, int size)
{
    const guint8 head[STATUS_HEAD] = {1, setup->wIndex >> 8, 0, setup->wValue >> 8, 0};
    const gsize n = MIN((gsize)size, STATUS_BYTES - STATUS_HEAD);

    if ((setup->bmRequestType & TYPE_MASK) == 0 || setup->wIndex >> 8 == 0 ||
        !device->status_endpoint)
        return;
    memcpy(device->status, head, sizeof head);
    if (n)
        memcpy(device->status + STATUS_HEAD, data, n);
    device->status_size = STATUS_HEAD + n;
    tell_status(device);
}

/* ---- endpoint 0 ---- */

typedef struct {
    FuzzSetup setup;
    guint8 bytes[FUZZ_CONTROL_MOST];
    gsize size;
    guint8 status;
} Control;

static void answer_descriptor(FuzzDevice *device, Control *control)
{
    guint8 type = control->setup.wValue >> 8, index = control->setup.wValue & 0xff;
    guint at = device->counts[FUZZ_AT_GET_DESCRIPTOR]++;
    gssize size = fuzz_camera_descriptor(device->camera, type, index, control->bytes);

    if (size < 0 && control->status == usb_redir_success)
        control->status = usb_redir_stall;
    control->size = apply_length(device, FUZZ_FAULT_DESCRIPTOR_LENGTH, at, control->bytes,
                                 MAX(size, 0), FUZZ_CONTROL_MOST);
    apply_bytes(device, FUZZ_FAULT_DESCRIPTOR_BYTE, at, control->bytes, control->size);
    if (type == USB_DESC_DEVICE)
        note_reach(device, FUZZ_ADDRESS);
    if (type == USB_DESC_CONFIGURATION)
        note_reach(device, FUZZ_DESCRIPTORS);
    if (fuzz_camera_is_sentinel(device->camera, type, index))
        device->state.ended = TRUE;
}

static void answer_class_in(FuzzDevice *device, Control *control)
{
    guint at = device->counts[FUZZ_AT_CLASS_IN]++;
    const FuzzFault *fill = fault_of(device, FUZZ_FAULT_CLASS_FILL, at);

    control->size = fuzz_camera_class_in(device->camera, &control->setup, control->bytes);
    if (fill) {
        device->filled = TRUE;
        device->fill = fill->value & 0xff;
    }
    if (device->filled)
        memset(control->bytes, device->fill, control->size);
    control->size = apply_length(device, FUZZ_FAULT_CLASS_LENGTH, at, control->bytes, control->size,
                                 FUZZ_CONTROL_MOST);
    apply_bytes(device, FUZZ_FAULT_CLASS_BYTE, at, control->bytes, control->size);
}

/* Requests of which the guest's drivers make a probe's or a control's value tell what they read
   from the descriptors: the format and frame that they begin with. */
static guint32 chosen_mode(const Control *control, const guint8 *data, int size)
{
    return control->setup.bRequest == 1 && size > 3 ? data[2] << 8 | data[3] : 0;
}

static guint32 outcome_of(const Control *control)
{
    if (control->status != usb_redir_success)
        return 0x100 | control->status;
    return control->size < control->setup.wLength;
}

static void note_control(FuzzDevice *device, const Control *control, const guint8 *data, int size)
{
    const FuzzSetup *setup = &control->setup;
    gboolean probe = fuzz_camera_is_probe(device->camera, setup);
    guint32 what = mix(setup->bmRequestType << 8 | setup->bRequest,
                       fuzz_camera_subject(device->camera, setup), step_of(setup->wLength));

    note(device, what, outcome_of(control));
    if (probe)
        note_feature(device, mix(what, chosen_mode(control, data, size), 4));
    if ((setup->bmRequestType & TYPE_MASK) != 0)
        note_reach(device, probe ? FUZZ_PROBED : FUZZ_BOUND);
}

static void answer_in(FuzzDevice *device, Control *control)
{
    if ((control->setup.bmRequestType & TYPE_MASK) != 0)
        answer_class_in(device, control);
    else if (control->setup.bRequest == GET_DESCRIPTOR)
        answer_descriptor(device, control);
    else if (control->setup.bRequest == GET_STATUS)
        memset(control->bytes, 0, control->size = 2);
    else if (control->status == usb_redir_success)
        control->status = usb_redir_stall;
    control->size = MIN(control->size, control->setup.wLength);
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *request,
                       uint8_t *data, int size)
{
    FuzzDevice *device = priv;
    struct usb_redir_control_packet_header answer = *request;
    guint at = device->counts[FUZZ_AT_CONTROL]++;
    gboolean in = request->requesttype & DIRECTION_IN;
    Control control = {.setup = {request->requesttype, request->request, request->value,
                                 request->index, request->length}};

    device->last_control = id;
    if (device->camera) {
        control.status = control_fault(device, at);
        if (in)
            answer_in(device, &control);
        else
            fuzz_camera_class_out(device->camera, &control.setup, data, size);
        note_control(device, &control, data, size);
        answer.status = control.status;
        answer.length = control.status != usb_redir_success ? 0 : in ? control.size : (gsize)size;
        usbredirparser_send_control_packet(device->parser, id, &answer, in ? control.bytes : NULL,
                                           in ? answer.length : 0);
        if (!in && control.status == usb_redir_success)
            note_written(device, &control.setup, data, size);
        leave_after(device, at);
    }
    usbredirparser_free_packet_data(device->parser, data);
}

/* What usbredir has packets of its own for. FALSE: there is nothing to answer. */
static gboolean control_begins(FuzzDevice *device, guint8 type, guint8 request, guint32 what,
                               guint8 *ret_status)
{
    if (!device->camera)
        return FALSE;
    *ret_status = control_fault(device, device->counts[FUZZ_AT_CONTROL]);
    note(device, mix(type << 8 | request, what, 5), *ret_status);
    return TRUE;
}

static void control_ends(FuzzDevice *device)
{
    leave_after(device, device->counts[FUZZ_AT_CONTROL]++);
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *set)
{
    FuzzDevice *device = priv;
    struct usb_redir_configuration_status_header answer = {.configuration = set->configuration};

    device->last_control = id;
    if (!control_begins(device, 0, SET_CONFIGURATION, set->configuration != 0, &answer.status))
        return;
    note_reach(device, FUZZ_CONFIGURED);
    fuzz_camera_select_configuration(device->camera, set->configuration);
    send_endpoints(device);
    usbredirparser_send_configuration_status(device->parser, id, &answer);
    control_ends(device);
}

static void on_get_configuration(void *priv, uint64_t id)
{
    FuzzDevice *device = priv;
    struct usb_redir_configuration_status_header answer = {0};

    if (!control_begins(device, DIRECTION_IN, 8, 0, &answer.status))
        return;
    answer.configuration = fuzz_camera_configuration(device->camera);
    usbredirparser_send_configuration_status(device->parser, id, &answer);
    control_ends(device);
}

static void on_set_alternate(void *priv, uint64_t id, struct usb_redir_set_alt_setting_header *set)
{
    FuzzDevice *device = priv;
    struct usb_redir_alt_setting_status_header answer = {.interface = set->interface,
                                                         .alt = set->alt};

    device->last_control = id;
    if (!control_begins(device, 1, SET_INTERFACE, MIN(set->alt, 2), &answer.status))
        return;
    note_reach(device, FUZZ_BOUND);
    fuzz_camera_select_alternate(device->camera, set->interface, set->alt);
    send_endpoints(device);
    usbredirparser_send_alt_setting_status(device->parser, id, &answer);
    control_ends(device);
}

static void on_get_alternate(void *priv, uint64_t id, struct usb_redir_get_alt_setting_header *get)
{
    FuzzDevice *device = priv;
    struct usb_redir_alt_setting_status_header answer = {.interface = get->interface};

    if (!control_begins(device, DIRECTION_IN | 1, 10, 0, &answer.status))
        return;
    answer.alt = fuzz_camera_alternate(device->camera, get->interface);
    usbredirparser_send_alt_setting_status(device->parser, id, &answer);
    control_ends(device);
}

/* ---- the stream ---- */

static gsize next_payload(FuzzDevice *device, guint8 *bytes, gsize room, guint8 *ret_status)
{
    guint at = device->counts[FUZZ_AT_PAYLOAD]++;
    const FuzzFault *status = fault_of(device, FUZZ_FAULT_PAYLOAD_STATUS, at);
    const FuzzFault *headers = fault_of(device, FUZZ_FAULT_PAYLOAD_HEADERS, at);

    if (headers) {
        device->header = (guint8)headers->value;
        device->headers = HEADERS_MOST;
    }
    gsize size = device->headers
                     ? fuzz_camera_header(device->camera, bytes, MIN(device->header, room))
                     : fuzz_camera_payload(device->camera, bytes, room);
    device->headers -= device->headers > 0;
    size = apply_length(device, FUZZ_FAULT_PAYLOAD_LENGTH, at, bytes, size, PAYLOAD_MOST);
    apply_bytes(device, FUZZ_FAULT_PAYLOAD_BYTE, at, bytes, size);
    *ret_status = status ? (guint8)status->value : usb_redir_success;
    return *ret_status == usb_redir_success ? size : 0;
}

static void leave_after_payload(FuzzDevice *device)
{
    if (fault_of(device, FUZZ_FAULT_PAYLOAD_UNPLUG, device->counts[FUZZ_AT_PAYLOAD] - 1))
        leave(device);
}

/* A payload is the answer to a request: shorter than it, or a guest takes the next for its rest. */
static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *request,
                    uint8_t *data, int size)
{
    FuzzDevice *device = priv;
    struct usb_redir_bulk_packet_header answer = *request;
    g_autofree guint8 *bytes = g_malloc(PAYLOAD_MOST);
    gsize asked = request->length | (gsize)request->length_high << 16;
    gboolean in = request->endpoint & DIRECTION_IN;
    gsize n = size;

    usbredirparser_free_packet_data(device->parser, data);
    if (!device->camera)
        return;
    answer.status = usb_redir_success;
    if (in)
        n = next_payload(device, bytes, MIN(asked, PAYLOAD_MOST) - (asked > 0), &answer.status);
    answer.length = n & 0xffff;
    answer.length_high = n >> 16;
    if (device->state.reach < FUZZ_STREAMED)
        note(device, mix(request->endpoint & DIRECTION_IN, 0, 6), answer.status);
    device->state.requests++;
    note_reach(device, FUZZ_STREAMED);
    usbredirparser_send_bulk_packet(device->parser, id, &answer, in ? bytes : NULL, in ? n : 0);
    if (in)
        leave_after_payload(device);
}

static void send_iso(FuzzDevice *device)
{
    FuzzCameraEndpoint endpoint = fuzz_camera_endpoint(device->camera, device->iso_endpoint);
    struct usb_redir_iso_packet_header header = {.endpoint = device->iso_endpoint};
    g_autofree guint8 *bytes = g_malloc(PAYLOAD_MOST);
    gsize room = (endpoint.wMaxPacketSize & 0x7ff) * (1 + (endpoint.wMaxPacketSize >> 11 & 3));
    gsize size = next_payload(device, bytes, room, &header.status);

    header.length = MIN(size, G_MAXUINT16);
    usbredirparser_send_iso_packet(device->parser, device->iso_id++, &header, bytes, header.length);
    leave_after_payload(device);
}

gboolean fuzz_device_stream(FuzzDevice *device)
{
    guint left = ISO_MOST - MIN(device->counts[FUZZ_AT_PAYLOAD], ISO_MOST);

    for (guint i = 0; device->camera && device->state.isochronous && i < MIN(left, ISO_BURST); i++)
        send_iso(device);
    return flush(device);
}

static void send_iso_status(FuzzDevice *device, uint64_t id, guint8 endpoint)
{
    struct usb_redir_iso_stream_status_header answer = {.status = usb_redir_success,
                                                        .endpoint = endpoint};
    usbredirparser_send_iso_stream_status(device->parser, id, &answer);
}

static void on_start_iso(void *priv, uint64_t id, struct usb_redir_start_iso_stream_header *start)
{
    FuzzDevice *device = priv;

    if (!device->camera)
        return;
    note(device, mix(start->endpoint & DIRECTION_IN, 0, 7), 0);
    send_iso_status(device, id, start->endpoint);
    device->iso_endpoint = start->endpoint;
    device->iso_id = 0;
    device->state.isochronous = start->endpoint & DIRECTION_IN;
    note_reach(device, FUZZ_STREAMED);
    fuzz_device_stream(device);
}

static void on_stop_iso(void *priv, uint64_t id, struct usb_redir_stop_iso_stream_header *stop)
{
    FuzzDevice *device = priv;

    device->state.isochronous = FALSE;
    send_iso_status(device, id, stop->endpoint);
}

/* ---- the status endpoint ---- */

static void on_start_interrupt(void *priv, uint64_t id,
                               struct usb_redir_start_interrupt_receiving_header *start)
{
    FuzzDevice *device = priv;
    struct usb_redir_interrupt_receiving_status_header answer = {.status = usb_redir_success,
                                                                 .endpoint = start->endpoint};
    if (!device->camera)
        return;
    usbredirparser_send_interrupt_receiving_status(device->parser, id, &answer);
    device->status_endpoint = start->endpoint;
    tell_status(device);
}

static void on_stop_interrupt(void *priv, uint64_t id,
                              struct usb_redir_stop_interrupt_receiving_header *stop)
{
    FuzzDevice *device = priv;
    struct usb_redir_interrupt_receiving_status_header answer = {.status = usb_redir_success,
                                                                 .endpoint = stop->endpoint};
    device->status_endpoint = 0;
    usbredirparser_send_interrupt_receiving_status(device->parser, id, &answer);
}

static void on_interrupt_out(void *priv, uint64_t id,
                             struct usb_redir_interrupt_packet_header *request, uint8_t *data,
                             int size)
{
    FuzzDevice *device = priv;
    struct usb_redir_interrupt_packet_header answer = *request;

    usbredirparser_free_packet_data(device->parser, data);
    answer.status = usb_redir_success;
    answer.length = size;
    usbredirparser_send_interrupt_packet(device->parser, id, &answer, NULL, 0);
}

static void on_iso_out(void *priv, uint64_t id, struct usb_redir_iso_packet_header *packet,
                       uint8_t *data, int size)
{
    FuzzDevice *device = priv;
    (void)id;
    (void)packet;
    (void)size;
    usbredirparser_free_packet_data(device->parser, data);
}

FuzzCase *fuzz_case_simplest(guint8 speed)
{
    guint8 bytes[] = {18, 1, 0, 2, 0, 0, 0, 64, 0x6b, 0x1d, 0x04, 0x01, 0, 1,
                      0,  0, 0, 1, 9, 2, 9, 0,  0,    1,    0,    0x80, 50};
    FuzzCase *fuzz_case = g_new0(FuzzCase, 1);

    if (speed == usb_redir_speed_super) {
        bytes[3] = 3;
        bytes[7] = 9;
    }
    fuzz_case->descriptors = g_bytes_new(bytes, sizeof bytes);
    fuzz_case->faults = g_array_new(FALSE, FALSE, sizeof(FuzzFault));
    return fuzz_case;
}

/* ---- life ---- */

/* Everything is answered at once, so an answer is on its way, too late. */
static void on_cancel(void *priv, uint64_t id)
{
    FuzzDevice *device = priv;

    if (id == device->last_control)
        device->state.disturbed = TRUE;
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    FuzzDevice *device = priv;
    (void)hello;
    device->state.ready = TRUE;
}

/* What the guest asked before is behind us. */
static void on_disconnect_ack(void *priv)
{
    FuzzDevice *device = priv;
    device->state.ready = TRUE;
}

/* It is of a speed that the port does not have. */
static void on_reject(void *priv)
{
    FuzzDevice *device = priv;
    device->state.gone = TRUE;
}

/* What needs no answer. libusbredirparser calls each without looking. */
static void on_nothing(void *priv)
{
    (void)priv;
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int n)
{
    (void)priv;
    (void)n;
    free(rules);
}

static void set_callbacks(struct usbredirparser *parser)
{
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->reset_func = on_nothing;
    parser->device_disconnect_ack_func = on_disconnect_ack;
    parser->filter_reject_func = on_reject;
    parser->filter_filter_func = on_filter;
    parser->set_configuration_func = on_set_configuration;
    parser->get_configuration_func = on_get_configuration;
    parser->set_alt_setting_func = on_set_alternate;
    parser->get_alt_setting_func = on_get_alternate;
    parser->start_iso_stream_func = on_start_iso;
    parser->stop_iso_stream_func = on_stop_iso;
    parser->start_interrupt_receiving_func = on_start_interrupt;
    parser->stop_interrupt_receiving_func = on_stop_interrupt;
    parser->cancel_data_packet_func = on_cancel;
    parser->control_packet_func = on_control;
    parser->bulk_packet_func = on_bulk;
    parser->iso_packet_func = on_iso_out;
    parser->interrupt_packet_func = on_interrupt_out;
}

FuzzDevice *fuzz_device_new(int fd)
{
    static const int offered[] = {usb_redir_cap_connect_device_version,
                                  usb_redir_cap_filter,
                                  usb_redir_cap_device_disconnect_ack,
                                  usb_redir_cap_ep_info_max_packet_size,
                                  usb_redir_cap_64bits_ids,
                                  usb_redir_cap_32bits_bulk_length};
    FuzzDevice *device = g_new0(FuzzDevice, 1);
    uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

    device->fd = fd;
    device->features = g_hash_table_new(NULL, NULL);
    device->parser = usbredirparser_create();
    device->parser->priv = device;
    set_callbacks(device->parser);
    for (guint i = 0; i < G_N_ELEMENTS(offered); i++)
        usbredirparser_caps_set_cap(caps, offered[i]);
    usbredirparser_init(device->parser, "camredir fuzz", caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host);
    flush(device);
    return device;
}

void fuzz_device_free(FuzzDevice *device)
{
    if (!device)
        return;
    forget(device);
    g_hash_table_unref(device->features);
    usbredirparser_destroy(device->parser);
    close(device->fd);
    g_free(device);
}

int fuzz_device_fd(const FuzzDevice *device)
{
    return device->fd;
}

gboolean fuzz_device_receive(FuzzDevice *device)
{
    if (!device->lost && usbredirparser_do_read(device->parser) < 0)
        device->lost = TRUE;
    return flush(device);
}
