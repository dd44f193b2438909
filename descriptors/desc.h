/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors as a tree of typed structures: build them, have their lengths and counts computed,
   pack them to bytes, parse any bytes back. One schema (usb.def, uvc.def) says what each looks
   like; every verb is an ordinary function over its const table.

       struct desc_tree *tree = desc_tree_new(0x0110);
       struct vcam_config_descriptor *config = DESC_ADD(tree, NULL, vcam_config_descriptor);
       config->bConfigurationValue = 1;
       struct usb_interface *vs = DESC_ADD(tree, config, usb_interface);
       ...
       struct uvc_vs_frame_mjpeg *frame = DESC_ADD(tree, format, uvc_vs_frame_mjpeg);
       DESC_VARS(tree, frame, dwFrameInterval, 1)[0] = 333333;
       int r = desc_derive(tree);             // bLength, wTotalLength, every count
       ssize_t length = desc_pack(config, buf, sizeof(buf));
       desc_tree_free(tree);

   No global state; a tree belongs to one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "descriptors/codes.h"

/* Whose numbering a class-specific descriptor follows. */
enum desc_context {
    DESC_CONTEXT_STANDARD,
    DESC_CONTEXT_VC,      /* VideoControl interface */
    DESC_CONTEXT_VS,      /* VideoStreaming interface */
    DESC_CONTEXT_LANGIDS, /* string descriptor 0 */
    DESC_CONTEXT_NONE,    /* not a descriptor: the parser never makes one */
};

/* What a descriptor is to its parent: bits, so that a list of children can name several. */
enum desc_group {
    DESC_GROUP_DEVICE = 1 << 0,
    DESC_GROUP_CONFIGURATION = 1 << 1,
    DESC_GROUP_ASSOCIATION = 1 << 2,
    DESC_GROUP_INTERFACE = 1 << 3,
    DESC_GROUP_ENDPOINT = 1 << 4,
    DESC_GROUP_COMPANION = 1 << 5, /* of an endpoint, SuperSpeed */
    DESC_GROUP_BOS = 1 << 6,
    DESC_GROUP_CAPABILITY = 1 << 7,
    DESC_GROUP_ALONE = 1 << 8,         /* read by itself: strings, device qualifier */
    DESC_GROUP_CS_ENDPOINT = 1 << 9,   /* class-specific, of an endpoint */
    DESC_GROUP_CS_INTERFACE = 1 << 10, /* class-specific, of an interface, not known further */
    DESC_GROUP_VC_HEADER = 1 << 11,
    DESC_GROUP_VC_ENTITY = 1 << 12, /* terminals and units */
    DESC_GROUP_VS_HEADER = 1 << 13,
    DESC_GROUP_VS_FORMAT = 1 << 14,
    DESC_GROUP_VS_FRAME = 1 << 15,
    DESC_GROUP_VS_OTHER = 1 << 16, /* still image, colour matching */
    DESC_GROUP_RAW = 1 << 17,
    DESC_GROUP_NONE = 1 << 18, /* in no tree */
};

enum desc_kind {
#define SF_PACK(tag, ...) DESC_KIND_##tag,
#include "descriptors/schema.def"
    DESC_KIND_COUNT
};

/* Every typed structure begins with one. Its bytes are its first `present` rows, then extra[]. */
struct desc_node {
    const struct desc_type *type;
    struct desc_node *parent;
    struct desc_node *first, *last; /* children, in stream order */
    struct desc_node *next;         /* sibling, in stream order */
    struct desc_node *next_in_list; /* next in the parent's OBJS list that holds this one */
    const uint8_t *extra;           /* bytes that no row describes */
    uint32_t n_extra;
    uint32_t offset; /* of its first byte from the tree's, by parse or derive */
    uint32_t total;  /* bytes of itself and all below, by derive */
    uint8_t present; /* rows that its bytes hold, from the first */
};

/* Children of one OBJS row, linked by next_in_list. */
struct desc_list {
    struct desc_node *first, *last;
};

typedef uint8_t desc_u8;
typedef uint16_t desc_u16;
typedef uint32_t desc_u24;
typedef uint32_t desc_u32;
typedef uint64_t desc_u64;
typedef uint8_t desc_guid[16]; /* in the bytes' order */

/* The typed structures: struct vcam_dev_descriptor, struct uvc_vs_frame_mjpeg and so on,
   host-endian, fields as in the .def files. An array `name` of the wire is `name` and `n_name` (its
   elements); a list of children is `name` and `n_name` (its nodes). Make arrays with DESC_VARS. */
#define SF_PACK(tag, ...)                                                                          \
    struct tag {                                                                                   \
        struct desc_node node;
#define SF_PACK_DEF_SIZE(type, name, ...)  desc_##type name;
#define SF_PACK_DEF_CONST(type, name, ...) desc_##type name;
#define SF_PACK_DEF_VAR(type, name, ...)   desc_##type name;
#define SF_PACK_DEF_COUNT(type, name, ...) desc_##type name;
#define SF_PACK_DEF_TOTAL(type, name, ...) desc_##type name;
#define SF_PACK_DEF_VARS(type, name, ...)                                                          \
    desc_##type *name;                                                                             \
    uint32_t n_##name;
#define SF_PACK_DEF_OBJS(name, ...)                                                                \
    struct desc_list name;                                                                         \
    uint32_t n_##name;
#define SF_PACK_END                                                                                \
    }                                                                                              \
    ;
#include "descriptors/schema.def"

/* ---- Building ---- */

struct desc_tree;

/* bcdUVC: fields that came with a later version are left out of what desc_add makes; 0: all stay.
   NULL: out of memory. */
struct desc_tree *desc_tree_new(uint16_t bcdUVC);
void desc_tree_free(struct desc_tree *tree); /* accepts NULL */

/* The node above all others; has no bytes of its own. */
struct usb_descriptors *desc_tree_root(struct desc_tree *tree);

/* A new last child of parent (NULL: the root), CONST fields set, the others 0. Never NULL: where
   memory runs out or parent cannot hold such a child (-EINVAL), the tree remembers the error for
   desc_derive and the structure returned is in no tree. So a builder checks once, at its end. */
void *desc_add(struct desc_tree *tree, void *parent, enum desc_kind kind);
#define DESC_ADD(tree, parent, tag) ((struct tag *)desc_add(tree, parent, DESC_KIND_##tag))

/* Makes the array `name` of the structure self n elements long (at most 255; more is remembered as
   -E2BIG), zeros, and its counting field n. Returns the array. */
#define DESC_VARS(tree, self, name, n)                                                             \
    ((__typeof__((self)->name))desc_vars(tree, self, offsetof(__typeof__(*(self)), name), n))
void *desc_vars(struct desc_tree *tree, void *self, size_t offset, size_t n);

/* The bytes that follow the known fields of self. Copied. */
void desc_set_extra(struct desc_tree *tree, void *self, const uint8_t *bytes, size_t len);

/* Computes every SIZE, COUNT and TOTAL and the offsets, and fits arrays whose length other fields
   give (bmaControls). 0, an error that the building left, or -EOVERFLOW where a value does not fit
   its field (which then holds its low bits). */
int desc_derive(struct desc_tree *tree);

/* ---- Bytes ---- */

/* What the structures hold, as it is, in stream order: node and all below. Bytes written, or
 * -ENOSPC. */
ssize_t desc_pack(const void *node, uint8_t *buf, size_t size);
/* The same without what is below. */
ssize_t desc_pack_alone(const void *node, uint8_t *buf, size_t size);

/* A tree for any bytes: what cannot be understood stays as raw nodes and extra bytes, and desc_pack
   of the root gives the same bytes back. context: DESC_CONTEXT_STANDARD, or what class-specific
   descriptors outside any interface are to be read as. 0 or -ENOMEM; -E2BIG above DESC_MAX_BYTES.
 */
#define DESC_MAX_BYTES (16u << 20)
int desc_parse(const uint8_t *bytes, size_t len, enum desc_context context,
               struct desc_tree **ret_tree);

/* A structure that is in no tree, such as uvc_probe_commit: its whole fields that size or len bytes
   hold, from the first. Return the bytes used. Fields beyond len keep their values. No arrays. */
size_t desc_pack_rows(enum desc_kind kind, const void *self, uint8_t *buf, size_t size);
size_t desc_unpack_rows(enum desc_kind kind, void *self, const uint8_t *bytes, size_t len);

/* ---- Walking ---- */

/* node as its structure, NULL where it is of another kind or NULL. */
#define DESC_CAST(tag, node) ((struct tag *)desc_cast(node, DESC_KIND_##tag))
void *desc_cast(const void *node, enum desc_kind kind);

/* The node after `node` in stream order within the tree below top; NULL after the last. */
struct desc_node *desc_next(const struct desc_node *node, const struct desc_node *top);

#define DESC_FOREACH(child, list)                                                                  \
    for (struct desc_node *child = (list).first; child; child = child->next_in_list)

/* ---- The schema as data, for verbs ---- */

enum desc_role {
    DESC_ROLE_SIZE,  /* bytes of this descriptor without what is below it */
    DESC_ROLE_CONST, /* what makes it this kind */
    DESC_ROLE_VAR,
    DESC_ROLE_COUNT, /* of an array or of a list of children */
    DESC_ROLE_TOTAL, /* bytes of itself and all below it */
    DESC_ROLE_VARS,
    DESC_ROLE_OBJS,
};

/* A named value, or a named bit (its number), of a field; ends with a NULL name. */
struct desc_name {
    uint32_t value;
    const char *name;
};

struct desc_row {
    const char *name;
    uint8_t role;
    uint8_t width;       /* bytes on the wire, of one element: 1 to 4, 8, or 16 (GUID) */
    uint16_t offset;     /* of the member in the structure */
    uint16_t n_offset;   /* VARS, OBJS: of n_name; COUNT: of the n_ of what it counts */
    uint16_t by[2];      /* VARS: offsets of u8 fields whose product counts; 0, 0: to the end */
    uint8_t times;       /* VARS, COUNT: elements to each counted one; 0 means 1 */
    uint8_t zero_is;     /* VARS, COUNT: elements where the count says 0 */
    uint16_t where_zero; /* COUNT: only children whose u8 at this offset is 0; 0: all */
    uint16_t since;      /* first bcdUVC that has it */
    uint32_t groups;     /* OBJS: which children */
    uint32_t value;      /* CONST */
    uint32_t min, max;   /* allowed; both 0: anything */
    const struct desc_name *names; /* of values */
    const struct desc_name *bits;  /* of bits */
    const char *symbol;            /* CONST: what the specification calls the value */
};

struct desc_text {
    const char *tag;    /* "uvc_vs_frame_mjpeg" */
    const char *name;   /* "frame": in paths */
    const char *clause; /* "UVC 1.1 MJPEG, 3.1.2" */
};

struct desc_type {
    enum desc_kind kind;
    enum desc_context context;
    uint32_t group;
    uint32_t accepts; /* groups of all its OBJS rows */
    uint16_t size;    /* of the structure */
    uint8_t n_wire;   /* rows with bytes; the OBJS rows follow them */
    uint8_t n_rows;
    uint8_t n_head; /* rows before the first VARS */
    uint8_t head;   /* their bytes */
    const struct desc_row *rows;
    const struct desc_text *text;
};

const struct desc_type *desc_type_of(enum desc_kind kind);

/* Element index (0 but for VARS) of a row of at most 8 bytes. */
uint64_t desc_get(const void *self, const struct desc_row *row, size_t index);
void desc_set(void *self, const struct desc_row *row, size_t index, uint64_t value);
/* Elements of a row: 1, or n_name. */
size_t desc_elements(const void *self, const struct desc_row *row);
/* Bytes of a node without what is below it. */
size_t desc_own_size(const void *node);
