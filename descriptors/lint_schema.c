/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules that the schema's rows state by themselves: lengths, counts, totals, ranges, reserved
   bits, strings, and which descriptor may stand where. */
#include "descriptors/lint_priv.h"
#include "descriptors/names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DEVICE_BYTES 18 /* USB 2.0, 9.6.1 */

/* Some fields and kinds have rules of their own; the others share one. */
struct own_rule {
    const char *field;
    enum lint_rule rule;
};

static const struct own_rule range_rules[] = {
    {"bTerminalID", LINT_K3a},      {"bUnitID", LINT_K3a},
    {"bFormatIndex", LINT_K12a},    {"bFrameIndex", LINT_K12b},
    {"wWidth", LINT_FRAME1},        {"wHeight", LINT_FRAME1},
    {"bEndpointAddress", LINT_VS2}, {"bStillCaptureMethod", LINT_VS7},
    {"bMaxBurst", LINT_SS3},        {"bU1DevExitLat", LINT_BOS7},
    {"wU2DevExitLat", LINT_BOS7},   {NULL, LINT_RANGE1},
};

static const struct own_rule count_rules[] = {
    {"bNumFrameDescriptors", LINT_K14a}, {"bNumFormats", LINT_K14b},
    {"bNumInterfaces", LINT_K14c},       {"bNumEndpoints", LINT_IF1},
    {"bNumConfigurations", LINT_DEV5},   {NULL, LINT_BOS1},
};

/* Counting fields whose array the bytes cut short. */
static const struct own_rule array_rules[] = {
    {"bControlSize", LINT_K10a},     {"bNrInPins", LINT_K10b},        {"bInCollection", LINT_K10e},
    {"bFrameIntervalType", LINT_K8}, {"bNumFrameIntervals", LINT_K8}, {NULL, LINT_LEN8},
};

static enum lint_rule own_rule(const struct own_rule *rules, const char *field)
{
    while (rules->field && strcmp(rules->field, field) != 0)
        rules++;
    return rules->rule;
}

static void report_row(struct lint *l, enum lint_rule rule, const struct desc_node *node,
                       const struct desc_row *row, size_t index, struct lint_values values)
{
    lint_report(l, rule, node, row->offset, index, values);
}

/* ---- Cut short, or too long ---- */

static enum lint_rule short_rule(const struct desc_node *node)
{
    switch (node->type->group) {
    case DESC_GROUP_DEVICE:
    case DESC_GROUP_CONFIGURATION:
    case DESC_GROUP_INTERFACE:
    case DESC_GROUP_ENDPOINT:
    case DESC_GROUP_BOS:
        return LINT_LEN5;
    case DESC_GROUP_ASSOCIATION:
        return LINT_K11b;
    case DESC_GROUP_COMPANION:
        return LINT_K13c;
    case DESC_GROUP_VC_HEADER:
        return LINT_L3a;
    case DESC_GROUP_VS_HEADER:
        return LINT_L3b;
    case DESC_GROUP_VC_ENTITY:
        return node->type->kind == DESC_KIND_uvc_camera_terminal   ? LINT_L3c
               : node->type->kind == DESC_KIND_uvc_processing_unit ? LINT_L3d
                                                                   : LINT_L3e;
    case DESC_GROUP_VS_FORMAT:
        return desc_own_size(node) == 3 ? LINT_K2 : LINT_L3g;
    case DESC_GROUP_VS_FRAME:
        return LINT_L3f;
    default:
        return LINT_LEN4;
    }
}

/* The bytes that all rows would have, were they there; arrays as announced. */
static size_t due_size(struct lint *l, const struct desc_node *node)
{
    uint16_t version = lint_version(l, node);
    size_t size = 0;
    for (unsigned i = 0; i < node->type->n_wire; i++) {
        const struct desc_row *row = &node->type->rows[i];
        if (row->since && version < row->since)
            break;
        size_t n = row->role == DESC_ROLE_VARS ? desc_announced(node, row) : 1;
        size += n == SIZE_MAX ? 0 : n * row->width;
    }
    return size;
}

static void check_end(struct lint *l, const struct desc_node *node, bool array_cut)
{
    const struct desc_type *type = node->type;

    if (node->present == type->n_wire) {
        /* Audio 1.0 endpoints have two fields more, and other classes are not our matter. */
        const struct usb_interface *interface = lint_interface_above(node->parent);
        bool other_class = interface && interface->bInterfaceClass != CC_VIDEO;
        if (node->n_extra && !other_class && type->kind != DESC_KIND_usb_string)
            REPORT_NODE(l, LEN6, node, AT_MOST(desc_own_size(node), due_size(l, node)));
        return;
    }
    if (array_cut)
        return;
    const struct desc_row *missing = &type->rows[node->present];
    struct lint_values lengths = AT_LEAST(desc_own_size(node), due_size(l, node));
    if (!missing->since || node->n_extra)
        lint_report(l, short_rule(node), node, 0, 0, lengths);
    else if (lint_version(l, node) >= missing->since)
        lint_report(l, type->kind == DESC_KIND_uvc_processing_unit ? LINT_L3d : LINT_VER10, node, 0,
                    0, lengths);
}

/* ---- Rows ---- */

static void check_range(struct lint *l, const struct desc_node *node, const struct desc_row *row)
{
    uint64_t value;
    if (!row->max || ((value = desc_get(node, row, 0)) >= row->min && value <= row->max))
        return;
    report_row(l, own_rule(range_rules, row->name), node, row, 0, RANGE(value, row->min, row->max));
}

/* Bits that no name has, but that belong to fields of several bits. */
static uint32_t unnamed_bits(const struct desc_row *row)
{
    return row->bits == desc_bits_interlace           ? 0xf4
           : row->bits == desc_bits_usb_2_0_extension ? 0xff00
           : row->bits == desc_bits_configuration     ? 0xff   /* CFG3, CFG4 */
           : row->bits == desc_bits_speeds            ? 0xffff /* BOS5 */
                                                      : 0;
}

/* Element index of a row with bits; for bmaControls, which repeats, the place within a format. */
static void check_bits(struct lint *l, const struct desc_node *node, const struct desc_row *row,
                       size_t index)
{
    uint64_t value = desc_get(node, row, index);
    uint32_t allowed = unnamed_bits(row), repeat = 0;

    if (value == 0)
        return;
    if (row->by[1])
        repeat = *(const uint8_t *)desc_at(node, row->by[1]);
    uint32_t first = (uint32_t)(repeat ? index % repeat : index) * row->width * 8;
    for (const struct desc_name *bit = row->bits; bit->name; bit++)
        if (bit->value >= first && bit->value < first + row->width * 8)
            allowed |= 1u << (bit->value - first);
    if (value & ~(uint64_t)allowed)
        report_row(l, LINT_BITS1, node, row, index, VALUES(TEXT, value, .text = "no reserved bit"));
}

static void check_string_index(struct lint *l, const struct desc_node *node,
                               const struct desc_row *row)
{
    if (row->width != 1 || row->name[0] != 'i' || row->name[1] < 'A' || row->name[1] > 'Z')
        return;
    uint64_t index = desc_get(node, row, 0);
    bool known = l->n_strings > 0 || (l->options->known & DESC_KNOWN_STRINGS);
    if (index && known && index >= l->n_strings)
        report_row(l, LINT_STR1, node, row, 0, AT_MOST(index, l->n_strings ? l->n_strings - 1 : 0));
}

/* The field whose number an array follows. */
static const struct desc_row *counting_row(const struct desc_type *type,
                                           const struct desc_row *array)
{
    const struct desc_row *row = type->rows;
    while (row->offset != array->by[0])
        row++;
    return row;
}

/* False: the bytes cut it short. */
static bool check_array(struct lint *l, const struct desc_node *node, const struct desc_row *row)
{
    size_t n = desc_elements(node, row), announced = desc_announced(node, row);
    if (row->bits)
        for (size_t i = 0; i < n; i++)
            check_bits(l, node, row, i);
    if (announced == SIZE_MAX || n >= announced)
        return true;

    const struct desc_row *counts = counting_row(node->type, row);
    enum lint_rule rule = own_rule(array_rules, counts->name);
    if (row->by[1]) { /* bmaControls, by bNumFormats and bControlSize */
        report_row(l, LINT_VS8, node, row, 0, AT_LEAST(n, announced));
        return false;
    }
    unsigned times = row->times ? row->times : 1;
    report_row(l, rule, node, counts, 0, AT_MOST(desc_get(node, counts, 0), n / times));
    return false;
}

static void check_count(struct lint *l, const struct desc_node *node, const struct desc_row *row)
{
    const struct desc_type *type = node->type;
    const struct desc_row *list = type->rows + type->n_wire, *end = type->rows + type->n_rows;
    size_t n = 0, announced = desc_get(node, row, 0);

    while (list < end && list->n_offset != row->n_offset)
        list++;
    if (list == end)
        return; /* of an array: check_array */
    if (!row->where_zero)
        n = desc_n(node, list->n_offset);
    else
        DESC_FOREACH(child, *(const struct desc_list *)desc_at(node, list->offset))
    n += *(const uint8_t *)desc_at(child, row->where_zero) == 0;
    /* A device descriptor is often read without its configurations. */
    bool device = type->group == DESC_GROUP_DEVICE, alone = device && n == 0;
    enum lint_rule rule = device && n < announced ? LINT_DEV10 : own_rule(count_rules, row->name);
    if (n != announced && !alone)
        report_row(l, rule, node, row, 0, EQUAL(announced, n));
}

static void check_size(struct lint *l, const struct desc_node *node, const struct desc_row *row)
{
    uint64_t value = desc_get(node, row, 0);
    size_t size = desc_own_size(node);
    if (value != size)
        report_row(l, LINT_LEN7, node, row, 0, EQUAL(value, size));
}

static void check_const(struct lint *l, const struct desc_node *node, const struct desc_row *row)
{
    uint64_t value = desc_get(node, row, 0);
    if (value != row->value)
        report_row(l, LINT_TYPE1, node, row, 0, EQUAL(value, row->value));
}

static void check_rows(struct lint *l, const struct desc_node *node)
{
    bool array_cut = false;
    for (unsigned i = 0; i < node->present; i++) {
        const struct desc_row *row = &node->type->rows[i];
        switch (row->role) {
        case DESC_ROLE_SIZE:
            check_size(l, node, row);
            break;
        case DESC_ROLE_CONST:
            check_const(l, node, row);
            break;
        case DESC_ROLE_VAR:
            check_range(l, node, row);
            if (row->bits)
                check_bits(l, node, row, 0);
            check_string_index(l, node, row);
            break;
        case DESC_ROLE_COUNT:
            check_count(l, node, row);
            break;
        case DESC_ROLE_VARS:
            array_cut |= !check_array(l, node, row);
            break;
        }
    }
    check_end(l, node, array_cut);
}

/* ---- What is no descriptor, or not known ---- */

static bool is_format_subtype(uint8_t subtype)
{
    static const uint8_t formats[] = {
        VS_FORMAT_UNCOMPRESSED, VS_FORMAT_MJPEG,
        VS_FORMAT_MPEG2TS,      VS_FORMAT_DV,
        VS_FORMAT_FRAME_BASED,  VS_FORMAT_STREAM_BASED,
        VS_FORMAT_H264,         VS_FORMAT_H264_SIMULCAST,
        VS_FORMAT_VP8,          VS_FORMAT_VP8_SIMULCAST,
    };
    return memchr(formats, subtype, sizeof(formats));
}

static void check_raw(struct lint *l, const struct desc_node *node)
{
    const uint8_t *bytes = node->extra;
    uint32_t n = node->n_extra;
    const struct usb_interface *interface = lint_interface_above(node);
    bool video = interface && interface->bInterfaceClass == CC_VIDEO;

    if (n == 0)
        return;
    if (n >= 2 && bytes[0] >= 2 && bytes[0] <= n) {
        if (video)
            REPORT_NODE(l, TYPE2, node, FOUND(bytes[1]));
        return;
    }
    if (n == 1)
        REPORT_NODE(l, LEN3, node, FOUND(bytes[0]));
    else if (bytes[0] < 2)
        REPORT_NODE(l, LEN1, node, AT_LEAST(bytes[0], 2));
    else
        REPORT_NODE(l, LEN2, node, AT_MOST(bytes[0], n));
    if (n == 3 && video && interface->bInterfaceSubClass == SC_VIDEOSTREAMING &&
        bytes[1] == CS_INTERFACE && is_format_subtype(bytes[2]))
        REPORT_NODE(l, K2, node, AT_LEAST(n, 4));
    if (interface && interface->bNumEndpoints > interface->n_arrEndpointDescs)
        REPORT_NODE(l, K11a, node, NOTHING);
}

/* Such a format has one list, for all that comes after it. */
static bool is_format_without_frames(const struct desc_node *node)
{
    return node->type->group == DESC_GROUP_VS_FORMAT &&
           node->type->n_rows - node->type->n_wire == 1;
}

static void check_unknown_subtype(struct lint *l, const struct desc_node *node)
{
    const struct usb_cs_interface *self = (const struct usb_cs_interface *)node;
    const struct usb_interface *interface = lint_interface_above(node);
    bool in_function =
        node->parent && node->parent->type->group & (DESC_GROUP_VS_FORMAT | DESC_GROUP_VS_HEADER);

    if (!HAS(self, bDescriptorSubtype) ||
        !(in_function || (interface && interface->bInterfaceClass == CC_VIDEO)))
        return;
    if (self->bDescriptorSubtype)
        REPORT(l, TYPE3, self, bDescriptorSubtype, FOUND(self->bDescriptorSubtype));
    else if (in_function && desc_own_size(node) >= 26 && is_format_without_frames(node->parent))
        REPORT(l, K1a, self, bDescriptorSubtype, FOUND(desc_own_size(node)));
    else
        REPORT(l, K1b, self, bDescriptorSubtype, FOUND(0));
}

/* ---- What stands where ---- */

#define INSIDE_INTERFACE                                                                           \
    (DESC_GROUP_ENDPOINT | DESC_GROUP_CS_INTERFACE | DESC_GROUP_CS_ENDPOINT |                      \
     DESC_GROUP_VC_HEADER | DESC_GROUP_VC_ENTITY | DESC_GROUP_VS_HEADER | DESC_GROUP_VS_FORMAT |   \
     DESC_GROUP_VS_FRAME | DESC_GROUP_VS_OTHER | DESC_GROUP_COMPANION)
#define INTERFACE_SPECIFIC                                                                         \
    (DESC_GROUP_VC_HEADER | DESC_GROUP_VC_ENTITY | DESC_GROUP_VS_HEADER | DESC_GROUP_VS_FORMAT |   \
     DESC_GROUP_VS_FRAME | DESC_GROUP_VS_OTHER)

static bool after_endpoint(const struct desc_node *node)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, node->parent);
    const struct desc_node *endpoint = interface ? interface->arrEndpointDescs.first : NULL;
    return endpoint && endpoint->offset < node->offset;
}

static const struct {
    uint32_t groups, parents;
    enum lint_rule rule;
} places[] = {
    {DESC_GROUP_VC_ENTITY, DESC_GROUP_VC_HEADER, LINT_PLACE2},
    {DESC_GROUP_VS_FORMAT, DESC_GROUP_VS_HEADER, LINT_PLACE3},
    {DESC_GROUP_VS_FRAME, DESC_GROUP_VS_FORMAT, LINT_PLACE4},
    {DESC_GROUP_VS_OTHER, DESC_GROUP_VS_FORMAT, LINT_PLACE5},
    {DESC_GROUP_COMPANION, DESC_GROUP_ENDPOINT, LINT_PLACE9},
    {DESC_GROUP_CAPABILITY, DESC_GROUP_BOS, LINT_PLACE10},
};

/* Read by itself, a descriptor stands nowhere wrong; beside a device or a configuration, what
   belongs into a configuration does. */
static void check_top(struct lint *l, const struct desc_node *node)
{
    uint32_t group = node->type->group;
    const uint8_t *bytes = node->extra;

    if (!l->device && !l->has_configuration)
        return;
    if (group & (DESC_GROUP_INTERFACE | DESC_GROUP_ASSOCIATION)) {
        if (!l->seen_outside)
            REPORT_NODE(l, PLACE11, node, NOTHING);
        l->seen_outside = true;
    } else if (group & INSIDE_INTERFACE) {
        REPORT_NODE(l, PLACE1, node, NOTHING);
    } else if (group & DESC_GROUP_RAW && node->n_extra >= 2 && bytes[0] == node->n_extra) {
        if (!l->device && bytes[0] == DEVICE_BYTES)
            REPORT_NODE(l, DEV11, node, FOUND(bytes[1]));
        else
            REPORT_NODE(l, TYPE4, node, FOUND(bytes[1]));
    }
}

static void check_place(struct lint *l, const struct desc_node *node)
{
    uint32_t group = node->type->group;
    const struct desc_node *parent = node->parent;

    if (!parent || node == l->top)
        return;
    if (parent->type->kind == DESC_KIND_usb_descriptors) {
        check_top(l, node);
        return;
    }
    if ((group & INSIDE_INTERFACE) && parent->type->group == DESC_GROUP_CONFIGURATION) {
        REPORT_NODE(l, PLACE1, node, NOTHING);
        return;
    }
    if ((group & INTERFACE_SPECIFIC) && after_endpoint(node)) {
        REPORT_NODE(l, K9c, node, NOTHING);
        return;
    }
    for (size_t i = 0; i < COUNT(places); i++)
        if ((group & places[i].groups) && !(parent->type->group & places[i].parents))
            lint_report(l, places[i].rule, node, 0, 0, NOTHING);
}

void lint_schema_enter(struct lint *l, const struct desc_node *node)
{
    if (node->type->kind == DESC_KIND_usb_raw)
        check_raw(l, node);
    else
        check_rows(l, node);
    if (node->type->kind == DESC_KIND_usb_cs_interface)
        check_unknown_subtype(l, node);
    check_place(l, node);
}

/* ---- Once all below is known ---- */

static enum lint_rule total_rule(const struct desc_node *node)
{
    switch (node->type->group) {
    case DESC_GROUP_CONFIGURATION:
        return LINT_K14d;
    case DESC_GROUP_VC_HEADER:
        return LINT_K14e;
    case DESC_GROUP_VS_HEADER:
        return LINT_K14f;
    default:
        return LINT_K14g;
    }
}

void lint_schema_leave(struct lint *l, const struct desc_node *node, uint32_t total)
{
    for (unsigned i = 0; i < node->present; i++) {
        const struct desc_row *row = &node->type->rows[i];
        if (row->role == DESC_ROLE_TOTAL && desc_get(node, row, 0) != total)
            report_row(l, total_rule(node), node, row, 0, EQUAL(desc_get(node, row, 0), total));
    }
}
