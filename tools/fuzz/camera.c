/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera's answers, from its descriptors alone. */
#include "tools/fuzz/camera.h"

#include <string.h>

#include "descriptors/desc.h"

#define DEVICE_BYTES    18
#define SENTINEL_STRING 0xf5
#define SENTINEL_BYTES  INTERFACE_BYTES
#define INTERFACE_BYTES 9
#define ENDPOINT_BYTES  7
#define CONFIG_HEAD     9 /* a guest reads as much at least, whatever wTotalLength says */
#define PROBE_MAX       48
#define PAYLOAD_HEADER  12
#define PICTURE_MAX     (1u << 20)
#define JPEG_BYTES      700
#define TICK_STC        48000 /* of a millisecond, or what a host takes for one */

enum { SET_CUR = 0x01, GET_CUR = 0x81, GET_MIN, GET_MAX, GET_RES, GET_LEN, GET_INFO, GET_DEF };
enum { VS_PROBE_CONTROL = 1, VS_COMMIT_CONTROL = 2 };

/* What GET_DESCRIPTOR can ask for. */
typedef struct {
    guint8 type;
    gsize at, size;
} Piece;

struct FuzzCamera {
    GBytes *descriptors;
    struct desc_tree *tree;
    gsize tree_at;  /* where its bytes begin */
    GArray *pieces; /* of Piece */
    gboolean sentinel;
    guint8 configuration;
    guint8 alternate[256];
    struct uvc_probe_commit probe;
    gsize probe_length; /* as the guest has it */
    gsize left;         /* of the picture under way */
    gsize picture;      /* bytes; 0: by what was negotiated */
    gboolean frame_id;
    guint32 ticks, begun; /* payloads so far, and when the picture began: time goes by with them */
    guint8 streaming;     /* the interface that committed */
};

/* ---- from bytes to what can be asked for ---- */

static const guint8 *bytes_of(const FuzzCamera *camera, gsize *ret_size)
{
    return g_bytes_get_data(camera->descriptors, ret_size);
}

/* A device descriptor whose bLength is wrong does not make its configurations disappear: a guest
   asks for 18 bytes whatever it says. */
static gsize device_size(const guint8 *bytes, gsize size)
{
    if (size < DEVICE_BYTES + 2 || bytes[1] != USB_DESC_DEVICE)
        return 0;
    gsize told = bytes[0];
    gboolean fits = told >= 2 && told + 2 <= size && bytes[told + 1] == USB_DESC_CONFIGURATION;
    return fits || bytes[DEVICE_BYTES + 1] != USB_DESC_CONFIGURATION ? 0 : DEVICE_BYTES;
}

static void add_piece(FuzzCamera *camera, const guint8 *bytes, gsize at, gsize end)
{
    Piece piece = {.at = at, .size = end - at};
    piece.type = piece.size > 1 ? bytes[at + 1] : 0;
    g_array_append_val(camera->pieces, piece);
}

/* From one descriptor that stands by itself, or below a device, to the next. */
static void find_pieces(FuzzCamera *camera)
{
    gsize size, begun = 0;
    const guint8 *bytes = bytes_of(camera, &size);
    const struct desc_node *root = &desc_tree_root(camera->tree)->node;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        gsize at = node->offset + camera->tree_at;
        gboolean alone = node->parent == root || node->type->group == DESC_GROUP_CONFIGURATION;
        if (!alone || at == begun)
            continue;
        add_piece(camera, bytes, begun, at);
        begun = at;
    }
    if (begun < size)
        add_piece(camera, bytes, begun, size);
}

FuzzCamera *fuzz_camera_new(GBytes *descriptors, gboolean sentinel)
{
    FuzzCamera *camera = g_new0(FuzzCamera, 1);
    gsize size;

    camera->descriptors = g_bytes_ref(descriptors);
    camera->sentinel = sentinel;
    camera->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    const guint8 *bytes = bytes_of(camera, &size);
    camera->tree_at = device_size(bytes, size);
    if (desc_parse(bytes + camera->tree_at, size - camera->tree_at, DESC_CONTEXT_STANDARD,
                   &camera->tree) < 0)
        g_error("no memory for %zu bytes of descriptors", size);
    find_pieces(camera);
    return camera;
}

void fuzz_camera_free(FuzzCamera *camera)
{
    if (!camera)
        return;
    desc_tree_free(camera->tree);
    g_array_unref(camera->pieces);
    g_bytes_unref(camera->descriptors);
    g_free(camera);
}

static const Piece *find_piece(const FuzzCamera *camera, guint8 type, guint index)
{
    for (guint i = 0; i < camera->pieces->len; i++) {
        const Piece *piece = &g_array_index(camera->pieces, Piece, i);
        if (piece->type == type && index-- == 0)
            return piece;
    }
    return NULL;
}

static guint16 get16(const guint8 *bytes)
{
    return (guint16)(bytes[0] | bytes[1] << 8);
}

/* ---- the sentinel ---- */

/* A configuration as a guest goes through it, from bLength to bLength. */
typedef struct {
    gsize end;          /* of the last descriptor */
    gsize last;         /* where that one is */
    gsize interface;    /* where the last interface is; 0: none */
    gboolean used[256]; /* interface numbers */
} Walk;

static void walk(Walk *w, const guint8 *bytes, gsize size)
{
    gsize at = 0;

    *w = (Walk){0};
    while (at + 2 <= size && bytes[at] >= 2 && at + bytes[at] <= size) {
        if (bytes[at + 1] == USB_DESC_INTERFACE && bytes[at] >= INTERFACE_BYTES) {
            w->used[bytes[at + 2]] = TRUE;
            w->interface = at;
        }
        w->last = at;
        at += bytes[at];
    }
    w->end = at;
}

/* Whoever reads further than such a descriptor goes is to read what is not there. */
static gboolean ends_badly(const Walk *w, const guint8 *bytes, gsize size)
{
    static const guint8 least[] = {[USB_DESC_CONFIGURATION] = CONFIG_HEAD,
                                   [USB_DESC_INTERFACE] = INTERFACE_BYTES,
                                   [USB_DESC_ENDPOINT] = ENDPOINT_BYTES};
    guint8 type = bytes[w->last + 1];
    guint8 bytes_at_least = type < G_N_ELEMENTS(least) ? least[type] : 0;

    if (w->end < size)
        return size - w->end < SENTINEL_BYTES;
    return bytes_at_least == 0 || bytes[w->last] < bytes_at_least;
}

/* The last interface is the sentinel, where its string is not asked for too soon: before the
   VideoControl interface has been looked at, which looks at all others. */
static void take_last(const Walk *w, guint8 *bytes)
{
    const guint8 *last = bytes + w->interface;

    if (w->interface == 0 || (last[5] == CC_VIDEO && last[6] == SC_VIDEOCONTROL))
        return;
    for (gsize at = 0; at < w->end; at += bytes[at])
        if (bytes[at + 1] == USB_DESC_INTERFACE && bytes[at] >= INTERFACE_BYTES &&
            bytes[at + 2] == last[2])
            bytes[at + 8] = SENTINEL_STRING;
}

static guint8 free_number(const Walk *w)
{
    guint8 number = 0;
    while (w->used[number] && number < 255)
        number++;
    return number;
}

/* Behind the last descriptor that a guest reads. What lies behind that, it does not look at. */
static gsize add_sentinel(guint8 *bytes, gsize size)
{
    Walk w;
    gsize total = get16(bytes + 2), read = MIN(size, MAX(total, CONFIG_HEAD));

    walk(&w, bytes, read);
    if (w.end < CONFIG_HEAD || size + SENTINEL_BYTES > FUZZ_CONTROL_MOST ||
        total + SENTINEL_BYTES > G_MAXUINT16)
        return size;
    if (ends_badly(&w, bytes, read)) {
        take_last(&w, bytes);
        return size;
    }
    const guint8 interface[SENTINEL_BYTES] = {
        SENTINEL_BYTES, USB_DESC_INTERFACE, free_number(&w), 0, 0, 0xff, 0, 0, SENTINEL_STRING};
    memmove(bytes + w.end + SENTINEL_BYTES, bytes + w.end, size - w.end);
    memcpy(bytes + w.end, interface, SENTINEL_BYTES);
    total = MAX(total, CONFIG_HEAD) + SENTINEL_BYTES;
    bytes[2] = total & 0xff;
    bytes[3] = total >> 8;
    bytes[4] += bytes[4] < 255;
    return size + SENTINEL_BYTES;
}

gboolean fuzz_camera_is_sentinel(const FuzzCamera *camera, guint8 type, guint8 index)
{
    return camera->sentinel && type == USB_DESC_STRING && index == SENTINEL_STRING;
}

/* A guest asks for the sentinel's string only where it could read the languages. */
static gssize sentinel_string(guint8 index, guint8 *ret_bytes)
{
    static const guint8 languages[] = {4, USB_DESC_STRING, 0x09, 0x04};
    static const guint8 name[] = {4, USB_DESC_STRING, '.', 0};
    memcpy(ret_bytes, index ? name : languages, 4);
    return 4;
}

gssize fuzz_camera_descriptor(const FuzzCamera *camera, guint8 type, guint8 index,
                              guint8 ret_bytes[FUZZ_CONTROL_MOST])
{
    const Piece *piece = find_piece(camera, type, index);
    gboolean wants_sentinel = camera->sentinel && type == USB_DESC_STRING;

    if (fuzz_camera_is_sentinel(camera, type, index) || (wants_sentinel && index == 0 && !piece))
        return sentinel_string(index, ret_bytes);
    if (!piece)
        return -1;
    gsize size = MIN(piece->size, FUZZ_CONTROL_MOST);
    memcpy(ret_bytes, bytes_of(camera, NULL) + piece->at, size);
    if (camera->sentinel && type == USB_DESC_CONFIGURATION && size >= CONFIG_HEAD)
        size = add_sentinel(ret_bytes, size);
    return size;
}

/* ---- what it is ---- */

FuzzCameraIdentity fuzz_camera_identity(const FuzzCamera *camera)
{
    guint8 bytes[FUZZ_CONTROL_MOST] = {0};
    fuzz_camera_descriptor(camera, USB_DESC_DEVICE, 0, bytes);
    return (FuzzCameraIdentity){
        .bcdUSB = get16(bytes + 2),
        .bDeviceClass = bytes[4],
        .bDeviceSubClass = bytes[5],
        .bDeviceProtocol = bytes[6],
        .bMaxPacketSize0 = bytes[7],
        .idVendor = get16(bytes + 8),
        .idProduct = get16(bytes + 10),
        .bcdDevice = get16(bytes + 12),
    };
}

/* The configuration that is selected, else the first. */
static const struct desc_node *configuration_of(const FuzzCamera *camera)
{
    const struct desc_node *root = &desc_tree_root(camera->tree)->node;
    const struct desc_node *first = NULL;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root)) {
        const struct vcam_config_descriptor *config = DESC_CAST(vcam_config_descriptor, node);
        if (config && config->bConfigurationValue == camera->configuration)
            return node;
        first = first || !config ? first : node;
    }
    return first ? first : root;
}

guint fuzz_camera_interfaces(const FuzzCamera *camera, FuzzCameraInterface *ret_interfaces, guint n)
{
    const struct desc_node *top = configuration_of(camera);
    guint found = 0;

    for (struct desc_node *node = desc_next(top, top); node && found < n;
         node = desc_next(node, top)) {
        const struct usb_interface *interface = DESC_CAST(usb_interface, node);
        if (!interface || interface->bAlternateSetting)
            continue;
        ret_interfaces[found++] =
            (FuzzCameraInterface){interface->bInterfaceNumber, interface->bInterfaceClass,
                                  interface->bInterfaceSubClass, interface->bInterfaceProtocol};
    }
    return found;
}

FuzzCameraEndpoint fuzz_camera_endpoint(const FuzzCamera *camera, guint8 address)
{
    const struct desc_node *top = configuration_of(camera);
    const struct usb_interface *interface = NULL;
    FuzzCameraEndpoint found = {0};
    gboolean selected = FALSE;

    for (struct desc_node *node = desc_next(top, top); node && !selected;
         node = desc_next(node, top)) {
        const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node);
        interface = DESC_CAST(usb_interface, node) ? (struct usb_interface *)node : interface;
        if (!endpoint || !interface || endpoint->bEndpointAddress != address)
            continue;
        found = (FuzzCameraEndpoint){
            .there = TRUE,
            .type = endpoint->bmAttributes & 3,
            .interface = interface->bInterfaceNumber,
            .interval = endpoint->bInterval,
            .wMaxPacketSize = endpoint->wMaxPacketSize,
        };
        selected = camera->alternate[interface->bInterfaceNumber] == interface->bAlternateSetting;
    }
    return found;
}

void fuzz_camera_select_configuration(FuzzCamera *camera, guint8 value)
{
    camera->configuration = value;
    memset(camera->alternate, 0, sizeof camera->alternate);
}

guint8 fuzz_camera_configuration(const FuzzCamera *camera)
{
    return camera->configuration;
}

void fuzz_camera_select_alternate(FuzzCamera *camera, guint8 interface, guint8 alternate)
{
    camera->alternate[interface] = alternate;
}

guint8 fuzz_camera_alternate(const FuzzCamera *camera, guint8 interface)
{
    return camera->alternate[interface];
}

/* ---- class requests ---- */

/* The first interface of that number; NULL: there is none. */
static const struct usb_interface *interface_of(const FuzzCamera *camera, guint8 number)
{
    const struct desc_node *top = configuration_of(camera);

    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top)) {
        const struct usb_interface *interface = DESC_CAST(usb_interface, node);
        if (interface && interface->bInterfaceNumber == number)
            return interface;
    }
    return NULL;
}

static gboolean is_streaming(const FuzzCamera *camera, const FuzzSetup *setup)
{
    const struct usb_interface *interface = interface_of(camera, setup->wIndex & 0xff);
    return interface && interface->bInterfaceClass == CC_VIDEO &&
           interface->bInterfaceSubClass == SC_VIDEOSTREAMING;
}

gboolean fuzz_camera_is_probe(const FuzzCamera *camera, const FuzzSetup *setup)
{
    guint8 selector = setup->wValue >> 8;
    return (setup->bmRequestType & 0x7f) == 0x21 && is_streaming(camera, setup) &&
           (selector == VS_PROBE_CONTROL || selector == VS_COMMIT_CONTROL);
}

/* A terminal's or unit's id is its fourth byte in every version of UVC. */
static guint entity_kind(const FuzzCamera *camera, guint8 interface, guint8 id)
{
    const struct usb_interface *control = interface_of(camera, interface);

    for (struct desc_node *node = control ? desc_next(&control->node, &control->node) : NULL; node;
         node = desc_next(node, &control->node)) {
        if (node->type->group == DESC_GROUP_VC_ENTITY && desc_own_size(node) > 3 &&
            bytes_of(camera, NULL)[camera->tree_at + node->offset + 3] == id)
            return node->type->kind;
    }
    return 0;
}

guint32 fuzz_camera_subject(const FuzzCamera *camera, const FuzzSetup *setup)
{
    guint8 kind = setup->bmRequestType & 0x60, low = setup->wIndex & 0xff;

    if (kind == 0 && (setup->bmRequestType & 0x1f) == 0) /* of the device: a descriptor's type */
        return (setup->wValue & 0xff00) | ((setup->wValue & 0xff) != 0);
    if (kind == 0)
        return setup->bmRequestType << 8 | (setup->wValue != 0);
    if (is_streaming(camera, setup))
        return 0x10000 | (setup->wValue & 0xff00);
    return 0x20000 | (setup->wValue & 0xff00) | entity_kind(camera, low, setup->wIndex >> 8);
}

/* The index-th node of a group below top; the first where there is none such. */
static const struct desc_node *chosen(const struct desc_node *top, guint32 group, guint8 index)
{
    const struct desc_node *first = NULL;

    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top)) {
        guint64 number = 0;
        if (node->type->group != group)
            continue;
        for (guint i = 0; i < node->present && i < 4; i++)
            number = desc_get(node, &node->type->rows[i], 0); /* bFormatIndex, bFrameIndex */
        if (number == index)
            return node;
        first = first ? first : node;
    }
    return first;
}

static guint32 field(const struct desc_node *node, const char *name)
{
    for (guint i = 0; node && i < node->present && i < node->type->n_wire; i++)
        if (strcmp(node->type->rows[i].name, name) == 0 &&
            desc_elements(node, &node->type->rows[i]))
            return desc_get(node, &node->type->rows[i], 0);
    return 0;
}

static guint32 payload_size(const FuzzCamera *camera, guint8 interface, guint32 picture)
{
    const struct desc_node *top = configuration_of(camera);
    guint8 number = 0;
    guint32 largest = 0;

    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top)) {
        const struct usb_interface *in = DESC_CAST(usb_interface, node);
        const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node);
        number = in ? in->bInterfaceNumber : number;
        if (!endpoint || number != interface || !(endpoint->bEndpointAddress & 0x80))
            continue;
        if ((endpoint->bmAttributes & 3) == 2)
            return picture + PAYLOAD_HEADER;
        guint32 bytes =
            (endpoint->wMaxPacketSize & 0x7ff) * (1 + (endpoint->wMaxPacketSize >> 11 & 3));
        largest = MAX(largest, bytes);
    }
    return largest;
}

/* What follows from the format and frame that the guest chose, where there are such. */
static void negotiate(FuzzCamera *camera, guint8 interface)
{
    struct uvc_probe_commit *probe = &camera->probe;
    const struct usb_interface *streaming = interface_of(camera, interface);
    const struct desc_node *format =
        streaming ? chosen(&streaming->node, DESC_GROUP_VS_FORMAT, probe->bFormatIndex) : NULL;
    const struct desc_node *frame =
        format ? chosen(format, DESC_GROUP_VS_FRAME, probe->bFrameIndex) : NULL;

    probe->bFormatIndex = field(format, "bFormatIndex");
    probe->bFrameIndex = field(frame, "bFrameIndex");
    if (probe->dwFrameInterval == 0)
        probe->dwFrameInterval = field(frame, "dwDefaultFrameInterval");
    guint32 told = field(frame, "dwMaxVideoFrameBufferSize");
    guint32 pixels = field(frame, "wWidth") * field(frame, "wHeight");
    probe->dwMaxVideoFrameSize = told ? told : pixels * 2;
    probe->dwMaxPayloadTransferSize = payload_size(camera, interface, probe->dwMaxVideoFrameSize);
    probe->dwClockFrequency = 1000000;
    probe->bmFramingInfo = 3;
    probe->bPreferedVersion = probe->bMinVersion = probe->bMaxVersion = 1;
}

/* A control that can be read and written. */
static const struct {
    guint8 bRequest, first;
} control_answers[] = {
    {GET_CUR, 1}, {GET_MIN, 0}, {GET_MAX, 255}, {GET_RES, 1}, {GET_INFO, 3}, {GET_DEF, 1},
};

/* By selector: a guest asks it of extension units' controls alone, which may have any length. */
static const guint8 control_lengths[] = {4, 2, 33, 1, 8, 16, 60};

gsize fuzz_camera_class_in(FuzzCamera *camera, const FuzzSetup *setup,
                           guint8 ret_bytes[FUZZ_CONTROL_MOST])
{
    memset(ret_bytes, 0, FUZZ_CONTROL_MOST);
    if (fuzz_camera_is_probe(camera, setup) && setup->bRequest == GET_LEN) {
        ret_bytes[0] = camera->probe_length ? camera->probe_length : 26;
        return MIN(setup->wLength, 2);
    }
    if (fuzz_camera_is_probe(camera, setup) && setup->bRequest != GET_INFO) {
        negotiate(camera, setup->wIndex & 0xff);
        return desc_pack_rows(DESC_KIND_uvc_probe_commit, &camera->probe, ret_bytes,
                              MIN(setup->wLength, PROBE_MAX));
    }
    for (guint i = 0; i < G_N_ELEMENTS(control_answers); i++)
        if (control_answers[i].bRequest == setup->bRequest)
            ret_bytes[0] = control_answers[i].first;
    if (setup->bRequest == GET_LEN)
        ret_bytes[0] = control_lengths[(setup->wValue >> 8) % G_N_ELEMENTS(control_lengths)];
    return MIN(setup->wLength, FUZZ_CONTROL_MOST);
}

void fuzz_camera_class_out(FuzzCamera *camera, const FuzzSetup *setup, const guint8 *bytes,
                           gsize size)
{
    if (!fuzz_camera_is_probe(camera, setup) || setup->bRequest != SET_CUR)
        return;
    memset(&camera->probe, 0, sizeof camera->probe);
    desc_unpack_rows(DESC_KIND_uvc_probe_commit, &camera->probe, bytes, size);
    camera->probe_length = size;
    negotiate(camera, setup->wIndex & 0xff);
    camera->streaming = setup->wIndex & 0xff;
    camera->left = 0;
}

/* ---- the stream ---- */

void fuzz_camera_set_picture(FuzzCamera *camera, gsize bytes)
{
    camera->picture = MAX(bytes, 1);
}

/* A JPEG's size is its own; a raw picture has that of the mode. */
static gsize picture_size(const FuzzCamera *camera)
{
    const struct usb_interface *streaming = interface_of(camera, camera->streaming);
    const struct desc_node *format =
        streaming ? chosen(&streaming->node, DESC_GROUP_VS_FORMAT, camera->probe.bFormatIndex)
                  : NULL;
    if (camera->picture)
        return camera->picture;
    if (!format || format->type->kind != DESC_KIND_uvc_vs_format_uncompressed)
        return JPEG_BYTES;
    return CLAMP(camera->probe.dwMaxVideoFrameSize, 1, PICTURE_MAX);
}

static void put_le(guint8 *bytes, guint32 value, guint n)
{
    for (guint i = 0; i < n; i++)
        bytes[i] = value >> 8 * i & 0xff;
}

/* UVC 1.1, table 2-5: end of header, and as far as it goes the picture's time and the payload's. */
static void put_header(FuzzCamera *camera, guint8 *bytes, guint8 size, guint8 flags)
{
    camera->ticks++;
    memset(bytes, 0, size);
    bytes[0] = size;
    bytes[1] = 0x80 | flags;
    if (size < PAYLOAD_HEADER)
        return;
    bytes[1] |= 0x0c; /* PTS, SCR */
    put_le(bytes + 2, camera->begun * TICK_STC, 4);
    put_le(bytes + 6, camera->ticks * TICK_STC, 4);
    put_le(bytes + 10, camera->ticks & 0x7ff, 2);
}

gsize fuzz_camera_header(FuzzCamera *camera, guint8 *ret_bytes, guint8 size)
{
    if (size > 1)
        put_header(camera, ret_bytes, size, camera->left ? camera->frame_id : !camera->frame_id);
    return size > 1 ? size : 0;
}

gsize fuzz_camera_payload(FuzzCamera *camera, guint8 *ret_bytes, gsize room)
{
    static const guint8 start[] = {0xff, 0xd8, 0xff, 0xdb}, end[] = {0xff, 0xd9};

    if (room <= PAYLOAD_HEADER)
        return 0;
    gboolean begins = camera->left == 0;
    if (begins) {
        camera->left = picture_size(camera);
        camera->frame_id = !camera->frame_id;
        camera->begun = camera->ticks;
    }
    gsize n = MIN(camera->left, room - PAYLOAD_HEADER);
    camera->left -= n;
    put_header(camera, ret_bytes, PAYLOAD_HEADER, camera->frame_id | (camera->left == 0 ? 2 : 0));
    memset(ret_bytes + PAYLOAD_HEADER, 0, n);
    if (begins)
        memcpy(ret_bytes + PAYLOAD_HEADER, start, MIN(n, sizeof start));
    if (camera->left == 0 && n >= sizeof end)
        memcpy(ret_bytes + PAYLOAD_HEADER + n - sizeof end, end, sizeof end);
    return PAYLOAD_HEADER + n;
}
