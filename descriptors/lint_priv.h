/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the linter's checks share: the rules by name, what is known while the tree is walked, and
   the one way to report. */
#pragma once

#include "descriptors/internal.h"
#include "descriptors/lint.h"

enum lint_rule {
#define LINT(id, ...) LINT_##id,
#include "descriptors/lint_rules.def"
#undef LINT
    LINT_RULES
};

/* ---- Reporting ---- */

/* found and expected of a finding. */
struct lint_values {
    bool has_found;
    enum desc_expectation expectation;
    uint64_t found, expected, expected_max;
    const char *text;
};

#define NOTHING                                                                                    \
    (struct lint_values)                                                                           \
    {                                                                                              \
        0                                                                                          \
    }
#define VALUES(how, value, ...)                                                                    \
    (struct lint_values)                                                                           \
    {                                                                                              \
        .has_found = true, .expectation = DESC_EXPECT_##how, .found = (value), __VA_ARGS__         \
    }
#define FOUND(value)              VALUES(NOTHING, value, )
#define EQUAL(value, wanted)      VALUES(EQUAL, value, .expected = (wanted))
#define AT_LEAST(value, least)    VALUES(AT_LEAST, value, .expected = (least))
#define AT_MOST(value, most)      VALUES(AT_MOST, value, .expected = (most))
#define RANGE(value, least, most) VALUES(RANGE, value, .expected = (least), .expected_max = (most))
#define TEXT(value, words)        VALUES(TEXT, value, .text = (words))

struct lint;

/* member: offset of the field in the node's structure, 0 for the node as a whole. */
void lint_report(struct lint *l, enum lint_rule rule, const struct desc_node *node, size_t member,
                 size_t index, struct lint_values values);

#define REPORT(l, rule, self, field, values)                                                       \
    lint_report(l, LINT_##rule, &(self)->node, offsetof(__typeof__(*(self)), field), 0, values)
#define REPORT_AT(l, rule, self, field, index, values)                                             \
    lint_report(l, LINT_##rule, &(self)->node, offsetof(__typeof__(*(self)), field), index, values)
#define REPORT_NODE(l, rule, node, values) lint_report(l, LINT_##rule, node, 0, 0, values)

/* Do the node's bytes hold this field (of an array: any of it)? What they do not hold reads as 0.
 */
static inline bool lint_has(const struct desc_node *node, size_t member)
{
    return node->present == node->type->n_wire || member < node->type->rows[node->present].offset;
}
#define HAS(self, field) lint_has(&(self)->node, offsetof(__typeof__(*(self)), field))

/* ---- Sets of small numbers ---- */

struct lint_set {
    uint32_t words[8];
};

/* Adds value; was it there already? */
static inline bool lint_set_add(struct lint_set *set, uint8_t value)
{
    uint32_t bit = 1u << (value & 31), *word = &set->words[value >> 5];
    bool was = *word & bit;
    *word |= bit;
    return was;
}

static inline bool lint_set_has(const struct lint_set *set, uint8_t value)
{
    return set->words[value >> 5] >> (value & 31) & 1;
}

/* ---- What is known of the tree ---- */

/* One bInterfaceNumber of the configuration, over all its alternate settings. */
struct lint_interface {
    const struct usb_interface *first;
    const struct desc_node *header;      /* first VideoControl or VideoStreaming header */
    const struct desc_node *still;       /* first still image descriptor */
    const struct uvc_vc_header *control; /* that collects it */
    const struct usb_interface_association *association;
    struct lint_set alternates;
    /* Bytes a service interval of its largest isochronous endpoint, and of the last one seen. */
    uint32_t largest, last;
    uint16_t n_alternates, n_iso, n_bulk, n_interrupt;
    struct lint_set endpoints; /* addresses */
    struct lint_set bulk_in;
    bool ascends; /* in isochronous bandwidth */
};

/* The configuration that is looked at; where the tree has none, all of it. */
struct lint_configuration {
    const struct desc_node *node; /* NULL: none */
    enum desc_speed speed;
    bool has_control;
    struct lint_set touched; /* entries of interfaces[] that are in use, and which */
    uint8_t used[256];
    unsigned n_used;
    uint16_t n_interfaces; /* different numbers */
    struct lint_interface interfaces[256];
    uint16_t endpoint_user[256];         /* by address: 1 + bInterfaceNumber */
    const struct uvc_vc_header *control; /* the first */
};

struct lint {
    desc_lint_fn fn;
    void *user;
    const struct desc_lint_options *options;
    const struct desc_node *top;

    const struct vcam_dev_descriptor *device; /* the first */
    const struct usb_device_qualifier *qualifier;
    const struct usb_bos *bos;
    enum desc_speed speed; /* that the device runs at */
    uint32_t n_strings;
    bool seen_string;
    bool has_association, has_configuration;
    bool seen_outside;                    /* an interface outside of any configuration */
    struct lint_set configuration_values; /* of the device that is looked at */
    unsigned n_configurations;
    struct lint_configuration configuration;

    struct lint_set capabilities; /* of the BOS that is looked at */
    struct lint_set formats;      /* bFormatIndex seen in the header that is looked at */
    unsigned n_formats;
    const struct desc_node
        *described;            /* the last endpoint that had its class-specific descriptor */
    struct lint_set addresses; /* of endpoints, in the interface that is looked at */
};

typedef void (*lint_check)(struct lint *l, const struct desc_node *node);

static inline struct lint_interface *lint_interface_of(struct lint *l,
                                                       const struct usb_interface *interface)
{
    return &l->configuration.interfaces[interface->bInterfaceNumber];
}

static inline bool lint_is_video(const struct usb_interface *interface, uint8_t subclass)
{
    return interface->bInterfaceClass == CC_VIDEO && interface->bInterfaceSubClass == subclass;
}

/* Of endpoint 0 and of bulk endpoints at full speed: USB 2.0, 5.5.3 and 5.8.3. */
static inline bool lint_is_full_speed_size(unsigned size)
{
    return size == 8 || size == 16 || size == 32 || size == 64;
}

/* The interface that node is in, or NULL. */
const struct usb_interface *lint_interface_above(const struct desc_node *node);
/* The version that a node of a video function follows; 0: not known. */
uint16_t lint_version(struct lint *l, const struct desc_node *node);

/* ---- The checks, by file ---- */

/* lint_schema.c: what the rows themselves say */
void lint_schema_enter(struct lint *l, const struct desc_node *node);
void lint_schema_leave(struct lint *l, const struct desc_node *node, uint32_t total);

/* lint_speed.c: of the device, once the tree was surveyed; of a configuration, which may be that of
   the other speed, or of any other node */
enum desc_speed lint_speed(const struct lint *l);
enum desc_speed lint_speed_of(const struct lint *l, const struct desc_node *node);

/* lint_collect.c: the interfaces and endpoints below a configuration, or below any other node */
void lint_collect(struct lint *l, const struct desc_node *node);

/* lint_usb.c */
void lint_device(struct lint *l, const struct desc_node *node);
void lint_qualifier(struct lint *l, const struct desc_node *node);
void lint_configuration_enter(struct lint *l, const struct desc_node *node);
void lint_configuration_leave(struct lint *l, const struct desc_node *node);
void lint_association(struct lint *l, const struct desc_node *node);
void lint_interface_enter(struct lint *l, const struct desc_node *node);
void lint_interface_leave(struct lint *l, const struct desc_node *node);
void lint_string(struct lint *l, const struct desc_node *node);
void lint_string_zero(struct lint *l, const struct desc_node *node);

/* lint_endpoint.c */
void lint_endpoint(struct lint *l, const struct desc_node *node);
void lint_companion(struct lint *l, const struct desc_node *node);
void lint_iso_companion(struct lint *l, const struct desc_node *node);
/* Bytes a service interval; 0 where they cannot be told. */
uint32_t lint_endpoint_bytes(const struct usb_endpoint *endpoint, enum desc_speed speed);

/* lint_bos.c */
void lint_bos_enter(struct lint *l, const struct desc_node *node);
void lint_bos_leave(struct lint *l, const struct desc_node *node);
void lint_capability(struct lint *l, const struct desc_node *node);

/* lint_control.c, lint_graph.c */
void lint_vc_header(struct lint *l, const struct desc_node *node);
void lint_entity(struct lint *l, const struct desc_node *node);
void lint_cs_interrupt_endpoint(struct lint *l, const struct desc_node *node);
/* All terminals and units below scope, and the streaming interfaces that header collects. */
void lint_graph(struct lint *l, const struct desc_node *scope, const struct uvc_vc_header *header);

/* lint_streaming.c, lint_format.c, lint_frame.c */
void lint_vs_header(struct lint *l, const struct desc_node *node);
void lint_streaming_interface(struct lint *l, const struct usb_interface *interface);
void lint_streaming_alternate(struct lint *l, const struct usb_interface *interface);
void lint_format(struct lint *l, const struct desc_node *node);
void lint_frames(struct lint *l, const struct desc_node *format);
