/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The .def files as const tables: the rows of each kind, and which kind given bytes are. */
#include "descriptors/internal.h"
#include "descriptors/names.h"

/* What the .def files write in their rows. `self` is the structure of the rows around. */
#define GROUP(name) DESC_GROUP_##name
#define ANY_GROUP   0x7fffffff
#define BY(field)   .by = {offsetof(self, field)}
#define BY2(a, b)   .by = {offsetof(self, a), offsetof(self, b)}
#define TO_END      .by = {0}
#define ALTERNATE_0 .where_zero = offsetof(struct usb_interface, bAlternateSetting)
/* All that a host reads as part of an interface, so that a misplaced one stays inside it. */
#define BELOW_INTERFACE                                                                            \
    (GROUP(ENDPOINT) | GROUP(COMPANION) | GROUP(CS_ENDPOINT) | GROUP(CS_INTERFACE) |               \
     GROUP(VC_HEADER) | GROUP(VC_ENTITY) | GROUP(VS_HEADER) | GROUP(VS_FORMAT) | GROUP(VS_FRAME) | \
     GROUP(VS_OTHER) | GROUP(CAPABILITY) | GROUP(ALONE) | GROUP(RAW))

/* Rows that have bytes. */
enum {
#define SF_PACK(tag, ...)      WIRE_##tag = 0
#define SF_PACK_DEF_SIZE(...)  +1
#define SF_PACK_DEF_CONST(...) +1
#define SF_PACK_DEF_VAR(...)   +1
#define SF_PACK_DEF_VARS(...)  +1
#define SF_PACK_DEF_COUNT(...) +1
#define SF_PACK_DEF_TOTAL(...) +1
#define SF_PACK_END            ,
#include "descriptors/schema.def"
};

/* Groups of all lists. */
enum {
#define SF_PACK(tag, ...)              ACCEPTS_##tag = 0
#define SF_PACK_DEF_OBJS(name, groups) | (groups)
#define SF_PACK_END                    ,
#include "descriptors/schema.def"
};

/* Rows before the first array; chained so that what follows it does not count. */
enum {
#define SF_PACK(tag, ...)      N_HEAD_##tag = 1 ? 0
#define SF_PACK_DEF_SIZE(...)  +1
#define SF_PACK_DEF_CONST(...) +1
#define SF_PACK_DEF_VAR(...)   +1
#define SF_PACK_DEF_COUNT(...) +1
#define SF_PACK_DEF_TOTAL(...) +1
#define SF_PACK_DEF_VARS(...)  : 1 ? 0
#define SF_PACK_END            : 0,
#include "descriptors/schema.def"
};

enum {
    WIDTH_u8 = 1,
    WIDTH_u16 = 2,
    WIDTH_u24 = 3,
    WIDTH_u32 = 4,
    WIDTH_u64 = 8,
    WIDTH_guid = 16,
};

/* Their bytes. */
enum {
#define SF_PACK(tag, ...)            HEAD_##tag = 1 ? 0
#define SF_PACK_DEF_SIZE(type, ...)  +WIDTH_##type
#define SF_PACK_DEF_CONST(type, ...) +WIDTH_##type
#define SF_PACK_DEF_VAR(type, ...)   +WIDTH_##type
#define SF_PACK_DEF_COUNT(type, ...) +WIDTH_##type
#define SF_PACK_DEF_TOTAL(type, ...) +WIDTH_##type
#define SF_PACK_DEF_VARS(...)         : 1 ? 0
#define SF_PACK_END                   : 0,
#include "descriptors/schema.def"
};

#define ROW(role_, type, name_, ...)                                                               \
    {.name = #name_,                                                                               \
     .role = DESC_ROLE_##role_,                                                                    \
     .width = WIDTH_##type,                                                                        \
     .offset = offsetof(self, name_),                                                              \
     __VA_ARGS__},

/* A function a kind: there `self` can be its structure. */
#define SF_PACK(tag_, context_, group_, ...)                                                       \
    static inline const struct desc_type *type_of_##tag_(void)                                     \
    {                                                                                              \
        typedef struct tag_ self;                                                                  \
        enum {                                                                                     \
            context = DESC_CONTEXT_##context_,                                                     \
            group = DESC_GROUP_##group_,                                                           \
            accepts = ACCEPTS_##tag_,                                                              \
            wire = WIRE_##tag_,                                                                    \
            heads = N_HEAD_##tag_,                                                                 \
            head_bytes = HEAD_##tag_,                                                              \
            this_kind = DESC_KIND_##tag_,                                                          \
        };                                                                                         \
        static const struct desc_text text = {.tag = #tag_, __VA_ARGS__};                          \
        static const struct desc_row rows[] = {
#define SF_PACK_DEF_SIZE(type, name) ROW(SIZE, type, name)
#define SF_PACK_DEF_CONST(type, name, value_)                                                      \
    ROW(CONST, type, name, .value = value_, .symbol = #value_)
#define SF_PACK_DEF_VAR(type, name, ...) ROW(VAR, type, name, __VA_ARGS__)
#define SF_PACK_DEF_COUNT(type, name, of, ...)                                                     \
    ROW(COUNT, type, name, .n_offset = offsetof(self, n_##of), __VA_ARGS__)
#define SF_PACK_DEF_TOTAL(type, name) ROW(TOTAL, type, name)
#define SF_PACK_DEF_VARS(type, name, ...)                                                          \
    ROW(VARS, type, name, .n_offset = offsetof(self, n_##name), __VA_ARGS__)
#define SF_PACK_DEF_OBJS(name_, groups_)                                                           \
    {.name = #name_,                                                                               \
     .role = DESC_ROLE_OBJS,                                                                       \
     .offset = offsetof(self, name_),                                                              \
     .n_offset = offsetof(self, n_##name_),                                                        \
     .groups = groups_},
#define SF_PACK_END                                                                                \
    }                                                                                              \
    ;                                                                                              \
    static const struct desc_type type = {                                                         \
        .kind = (enum desc_kind)this_kind,                                                         \
        .context = (enum desc_context)context,                                                     \
        .group = group,                                                                            \
        .accepts = accepts,                                                                        \
        .size = sizeof(self),                                                                      \
        .n_wire = wire,                                                                            \
        .n_head = heads,                                                                           \
        .head = head_bytes,                                                                        \
        .n_rows = sizeof(rows) / sizeof(struct desc_row),                                          \
        .rows = rows,                                                                              \
        .text = &text,                                                                             \
    };                                                                                             \
    return &type;                                                                                  \
    }
#include "descriptors/schema.def"

const struct desc_type *desc_type_of(enum desc_kind kind)
{
    switch (kind) {
#define SF_PACK(tag, ...)                                                                          \
    case DESC_KIND_##tag:                                                                          \
        return type_of_##tag();
#include "descriptors/schema.def"
    case DESC_KIND_COUNT:
        break;
    }
    return NULL;
}

/* The rows before the first array as straight lines: walking them one by one would be most of the
   time that packing takes. */
void desc_put_head(const struct desc_node *restrict node, uint8_t *restrict bytes)
{
    switch (node->type->kind) {
#define PUT(type, name)                                                                            \
    desc_put_wire(bytes, &self->name, WIDTH_##type);                                               \
    bytes += WIDTH_##type;
#define SF_PACK(tag, ...)                                                                          \
    case DESC_KIND_##tag: {                                                                        \
        const struct tag *self = (const struct tag *)node;
#define SF_PACK_DEF_SIZE(type, name)       PUT(type, name)
#define SF_PACK_DEF_CONST(type, name, ...) PUT(type, name)
#define SF_PACK_DEF_VAR(type, name, ...)   PUT(type, name)
#define SF_PACK_DEF_COUNT(type, name, ...) PUT(type, name)
#define SF_PACK_DEF_TOTAL(type, name)      PUT(type, name)
#define SF_PACK_DEF_VARS(...)              return;
#define SF_PACK_END                                                                                \
    (void)self;                                                                                    \
    return;                                                                                        \
    }
#include "descriptors/schema.def"
    case DESC_KIND_COUNT:
        return;
    }
}

/* A kind's CONST fields in one number: context, wTerminalType, bDescriptorType, bDescriptorSubtype.
   Two kinds that bytes could not tell apart are two equal case labels below: they do not compile.
 */
#define KEY_CONTEXT(context)      ((int)(context) << 28)
#define KEY_wTerminalType(v)      ((v) << 16)
#define KEY_bDescriptorType(v)    ((v) << 8)
#define KEY_bDescriptorSubtype(v) (v)
#define KEY_bDevCapabilityType(v) (v)

enum {
#define SF_PACK(tag, context, ...)                                                                 \
    KEY_##tag = DESC_CONTEXT_##context == DESC_CONTEXT_NONE ? -1 - DESC_KIND_##tag                 \
                                                            : KEY_CONTEXT(DESC_CONTEXT_##context)
#define SF_PACK_DEF_CONST(type, name, value) +KEY_##name(value)
#define SF_PACK_END                          ,
#include "descriptors/schema.def"
};

static enum desc_kind kind_of_key(int key)
{
    switch (key) {
#define SF_PACK(tag, ...)                                                                          \
    case KEY_##tag:                                                                                \
        return DESC_KIND_##tag;
#include "descriptors/schema.def"
    default:
        return DESC_KIND_usb_raw;
    }
}

/* The same for keys without a terminal type, as a table: by context, then by type or, for the three
   types that have subtypes, by subtype. 0: none. */
enum {
    OF_TYPES,
    OF_CS_INTERFACE,
    OF_CS_ENDPOINT,
    OF_CAPABILITY,
};
#define TABLE_OF(type)                                                                             \
    ((type) == CS_INTERFACE                 ? OF_CS_INTERFACE                                      \
     : (type) == CS_ENDPOINT                ? OF_CS_ENDPOINT                                       \
     : (type) == USB_DESC_DEVICE_CAPABILITY ? OF_CAPABILITY                                        \
                                            : OF_TYPES)
#define INDEX(context, table, entry) (((context)*4 + (table)) * 256 + (entry))
#define INDEX_OF_KEY(key)                                                                          \
    INDEX((key) >> 28, TABLE_OF((key) >> 8 & 0xff),                                                \
          TABLE_OF((key) >> 8 & 0xff) ? (key)&0xff : (key) >> 8 & 0xff)
#define N_INDICES INDEX(DESC_CONTEXT_NONE, 0, 0)

static const uint8_t kinds[N_INDICES + DESC_KIND_COUNT] = {
#define SF_PACK(tag, ...)                                                                          \
    [KEY_##tag < 0 || (KEY_##tag & 0x0fff0000) ? N_INDICES + DESC_KIND_##tag                       \
                                               : INDEX_OF_KEY(KEY_##tag)] = DESC_KIND_##tag,
#include "descriptors/schema.def"
};

/* A terminal whose type is a kind of its own (camera, media transport); else usb_raw. */
static enum desc_kind classify_terminal(const uint8_t *bytes, size_t len)
{
    if (len < 6 || bytes[5] == 0 || bytes[5] > 0x0f)
        return DESC_KIND_usb_raw;
    return kind_of_key(KEY_CONTEXT(DESC_CONTEXT_VC) + KEY_wTerminalType(bytes[4] | bytes[5] << 8) +
                       KEY_bDescriptorType(CS_INTERFACE) + KEY_bDescriptorSubtype(bytes[2]));
}

/* Which kind bytes are: a whole descriptor, or usb_raw. */
static inline enum desc_kind classify(enum desc_context context, const uint8_t *bytes, size_t len)
{
    if (len < 2 || bytes[0] != len)
        return DESC_KIND_usb_raw;

    unsigned table = TABLE_OF(bytes[1]), subtype = len > 2 ? bytes[2] : 0;
    unsigned entry = table ? subtype : bytes[1];
    if (context == DESC_CONTEXT_VC && table == OF_CS_INTERFACE &&
        (subtype == VC_INPUT_TERMINAL || subtype == VC_OUTPUT_TERMINAL)) {
        enum desc_kind kind = classify_terminal(bytes, len);
        if (kind != DESC_KIND_usb_raw)
            return kind;
    }
    unsigned kind = kinds[INDEX(context, table, entry)];
    if (!kind)
        kind = kinds[INDEX(DESC_CONTEXT_STANDARD, table, entry)];
    if (!kind && table)
        kind = kinds[INDEX(DESC_CONTEXT_STANDARD, table, 0)];
    return kind ? (enum desc_kind)kind : DESC_KIND_usb_raw;
}

/* ---- Reading: a node's extra bytes are those that no row has taken yet ---- */

/* As many elements of an array as there are announced and as the bytes hold. False: no row can
   follow, because it was cut short or memory ran out. Inline always: where the compiler knows the
   row, nothing of it is left to look up. */
__attribute__((always_inline)) static inline bool
read_array(struct desc_tree *tree, struct desc_node *node, const struct desc_row *row)
{
    size_t announced = desc_announced(node, row), room = node->n_extra, n = announced;
    uint8_t *from = (uint8_t *)(uintptr_t)node->extra, *array = from; /* the tree's own */

    if (announced > room || announced * row->width > room) /* a division is slow: only here */
        n = room / row->width;
    if (row->width > 1) {
        array = desc_alloc(tree, n * desc_stride(row));
        if (!array)
            return false;
        for (size_t i = 0; i < n; i++)
            desc_get_wire(array + i * desc_stride(row), from + i * row->width, row->width);
    }
    *(uint8_t **)desc_at(node, row->offset) = array;
    *(uint32_t *)desc_at(node, row->n_offset) = (uint32_t)n;
    node->present++;
    node->extra = from + n * row->width;
    node->n_extra -= (uint32_t)(n * row->width);
    return n == announced;
}

static inline bool read_field(struct desc_node *node, const struct desc_row *row)
{
    if (node->n_extra < row->width)
        return false;
    desc_get_wire(desc_at(node, row->offset), node->extra, row->width);
    node->present++;
    node->extra += row->width;
    node->n_extra -= row->width;
    return true;
}

/* Rows as long as the bytes last. */
static void read_rows(struct desc_tree *tree, struct desc_node *node)
{
    const struct desc_type *type = node->type;
    const struct desc_row *row = &type->rows[node->present], *end = &type->rows[type->n_wire];

    while (row < end &&
           (row->role == DESC_ROLE_VARS ? read_array(tree, node, row) : read_field(node, row)))
        row++;
}

/* The rows before the first array, and that array, as straight lines: walking them one by one would
   be most of the time that parsing takes. */
struct desc_node *desc_read(struct desc_tree *tree, enum desc_context context, uint8_t *bytes,
                            size_t len)
{
    switch (classify(context, bytes, len)) {
#define GET(type, name)                                                                            \
    desc_get_wire(&self->name, bytes, WIDTH_##type);                                               \
    bytes += WIDTH_##type;
#define SF_PACK(tag, ...)                                                                          \
    case DESC_KIND_##tag: {                                                                        \
        enum { head = HEAD_##tag, n_head = N_HEAD_##tag, n_wire = WIRE_##tag };                    \
        struct tag *self = desc_alloc(tree, sizeof(*self));                                        \
        if (!self)                                                                                 \
            return NULL;                                                                           \
        self->node.type = type_of_##tag();                                                         \
        self->node.extra = bytes;                                                                  \
        self->node.n_extra = (uint32_t)len;                                                        \
        if (len + 1 <= head) { /* it can be 0 */                                                   \
            read_rows(tree, &self->node);                                                          \
            return &self->node;                                                                    \
        }                                                                                          \
        self->node.present = n_head;                                                               \
        self->node.extra += head;                                                                  \
        self->node.n_extra -= head;
#define SF_PACK_DEF_SIZE(type, name)       GET(type, name)
#define SF_PACK_DEF_CONST(type, name, ...) GET(type, name)
#define SF_PACK_DEF_VAR(type, name, ...)   GET(type, name)
#define SF_PACK_DEF_COUNT(type, name, ...) GET(type, name)
#define SF_PACK_DEF_TOTAL(type, name)      GET(type, name)
#define SF_PACK_DEF_VARS(...)                                                                      \
    if (read_array(tree, &self->node, &self->node.type->rows[n_head]) && n_head + 1 < n_wire)      \
        read_rows(tree, &self->node);                                                              \
    return &self->node;
#define SF_PACK_END                                                                                \
    return &self->node;                                                                            \
    }
#include "descriptors/schema.def"
    case DESC_KIND_COUNT:
        break;
    }
    return NULL;
}

uint64_t desc_get(const void *self, const struct desc_row *row, size_t index)
{
    const void *member = desc_at(self, row->offset);
    if (row->role == DESC_ROLE_VARS)
        member = *(uint8_t *const *)member + index * desc_stride(row);
    switch (desc_stride(row)) {
    case 1:
        return *(const uint8_t *)member;
    case 2:
        return *(const uint16_t *)member;
    case 4:
        return *(const uint32_t *)member;
    case 8:
        return *(const uint64_t *)member;
    default:
        return 0;
    }
}

void desc_set(void *self, const struct desc_row *row, size_t index, uint64_t value)
{
    void *member = desc_at(self, row->offset);
    if (row->role == DESC_ROLE_VARS)
        member = *(uint8_t **)member + index * desc_stride(row);
    switch (desc_stride(row)) {
    case 1:
        *(uint8_t *)member = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)member = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)member = (uint32_t)(row->width == 3 ? value & 0xffffff : value);
        break;
    case 8:
        *(uint64_t *)member = value;
        break;
    }
}

size_t desc_elements(const void *self, const struct desc_row *row)
{
    return row->role == DESC_ROLE_VARS || row->role == DESC_ROLE_OBJS ? desc_n(self, row->n_offset)
                                                                      : 1;
}

size_t desc_own_size(const void *node)
{
    const struct desc_node *n = node;
    size_t size = n->n_extra;
    for (unsigned i = 0; i < n->present; i++)
        size += n->type->rows[i].width * desc_elements(node, &n->type->rows[i]);
    return size;
}
