/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How terminals and units hang together: ids, sources, cycles, what reaches what, and which
   terminal a streaming interface belongs to. Ids are bytes, so tables of 256 hold any function, and
   each entity and each of its pins is looked at a fixed number of times. */
#include "descriptors/lint_priv.h"

enum state { NEW, OPEN, DONE };

struct graph {
    const struct desc_node *by_id[256]; /* the first with that id */
    uint8_t state[256];
    struct lint_set feeds;   /* ids that somebody names as a source */
    struct lint_set reaches; /* ids from which an input terminal is reached */
    unsigned n_inputs, n_outputs;
    unsigned n_processing, n_selectors; /* of the chain that is followed */
};

static bool is_output(const struct desc_node *node)
{
    return node->type->kind == DESC_KIND_uvc_output_terminal ||
           node->type->kind == DESC_KIND_uvc_media_transport_output_terminal;
}

static bool is_input(const struct desc_node *node)
{
    return node->type->kind == DESC_KIND_uvc_input_terminal ||
           node->type->kind == DESC_KIND_uvc_camera_terminal ||
           node->type->kind == DESC_KIND_uvc_media_transport_input_terminal;
}

/* bTerminalID and bUnitID are the fourth row of them all. */
static const struct desc_row *id_row(const struct desc_node *node)
{
    return &node->type->rows[3];
}

static uint8_t id_of(const struct desc_node *node)
{
    return (uint8_t)desc_get(node, id_row(node), 0);
}

/* Where an entity has its sources: one field, or an array. */
struct pins {
    const uint8_t *ids;
    uint32_t n;
    size_t member;
};

#define ONE_PIN(tag)                                                                               \
    case DESC_KIND_##tag:                                                                          \
        return (struct pins)                                                                       \
        {                                                                                          \
            &((const struct tag *)node)->bSourceID, HAS((const struct tag *)node, bSourceID),      \
                offsetof(struct tag, bSourceID)                                                    \
        }
#define SEVERAL_PINS(tag)                                                                          \
    case DESC_KIND_##tag:                                                                          \
        return (struct pins)                                                                       \
        {                                                                                          \
            ((const struct tag *)node)->baSourceID, ((const struct tag *)node)->n_baSourceID,      \
                offsetof(struct tag, baSourceID)                                                   \
        }

static struct pins pins_of(const struct desc_node *node)
{
    switch (node->type->kind) {
        ONE_PIN(uvc_output_terminal);
        ONE_PIN(uvc_media_transport_output_terminal);
        ONE_PIN(uvc_processing_unit);
        ONE_PIN(uvc_encoding_unit);
        SEVERAL_PINS(uvc_selector_unit);
        SEVERAL_PINS(uvc_extension_unit);
    default:
        return (struct pins){0};
    }
}

/* The next terminal or unit below scope, in stream order. */
static const struct desc_node *next_entity(const struct desc_node *node,
                                           const struct desc_node *scope)
{
    do
        node = desc_next(node, scope);
    while (node && (node->type->group != DESC_GROUP_VC_ENTITY || node->present < 4));
    return node;
}

#define FOREACH_ENTITY(node, scope)                                                                \
    for (const struct desc_node *node = next_entity(scope, scope); node;                           \
         node = next_entity(node, scope))

/* ---- Ids ---- */

static void add_entity(struct lint *l, struct graph *g, const struct desc_node *node)
{
    uint8_t id = id_of(node);
    const struct desc_node *other = g->by_id[id];

    g->n_inputs += is_input(node);
    g->n_outputs += is_output(node);
    if (!other)
        g->by_id[id] = node;
    else if (id) /* 0 is K3a's matter */
        lint_report(l, is_output(node) != is_output(other) ? LINT_K4 : LINT_K3b, node,
                    id_row(node)->offset, 0, FOUND(id));
}

/* ---- Sources ---- */

/* uvcvideo makes up a chain of all that there is where sources do not give one. */
static bool can_guess(const struct graph *g)
{
    return g->n_inputs == 1 && g->n_outputs == 1;
}

static void check_source(struct lint *l, struct graph *g, const struct desc_node *node,
                         const struct pins *pins, uint32_t n)
{
    uint8_t id = pins->ids[n];
    const struct desc_node *source = g->by_id[id];

    lint_set_add(&g->feeds, id);
    if (id == id_of(node))
        lint_report(l, LINT_K5a, node, pins->member, n, FOUND(id));
    else if (!source)
        lint_report(l, can_guess(g) ? LINT_ENT2 : LINT_ENT1, node, pins->member, n, FOUND(id));
    else if (is_output(source))
        lint_report(l, LINT_K7a, node, pins->member, n, FOUND(id));
}

/* bAssocTerminal names a terminal of the other direction, or nothing. */
static void check_associated(struct lint *l, struct graph *g, const struct desc_node *node)
{
    size_t member = offsetof(struct uvc_input_terminal, bAssocTerminal);
    uint8_t id = is_input(node)    ? ((const struct uvc_input_terminal *)node)->bAssocTerminal
                 : is_output(node) ? ((const struct uvc_output_terminal *)node)->bAssocTerminal
                                   : 0;
    const struct desc_node *other = g->by_id[id];
    if (id && (!other || !(is_input(node) ? is_output(other) : is_input(other))))
        lint_report(l, LINT_ENT11, node, member, 0, FOUND(id));
}

/* ---- Chains ---- */

static void count_unit(struct lint *l, struct graph *g, const struct desc_node *node)
{
    if (node->type->kind == DESC_KIND_uvc_processing_unit && g->n_processing++ == 1)
        REPORT_NODE(l, ENT12, node, NOTHING);
    if (node->type->kind == DESC_KIND_uvc_selector_unit && g->n_selectors++ == 1)
        REPORT_NODE(l, ENT13, node, NOTHING);
}

struct step {
    uint8_t id;
    uint32_t next; /* pin */
    struct pins pins;
};

static void open_entity(struct lint *l, struct graph *g, struct step *step, uint8_t id)
{
    const struct desc_node *node = g->by_id[id];
    *step = (struct step){id, 0, pins_of(node)};
    g->state[id] = OPEN;
    count_unit(l, g, node);
    if (is_input(node))
        lint_set_add(&g->reaches, id);
}

/* From one entity to all its sources, depth first; each id is opened once in the graph's life. */
static void follow(struct lint *l, struct graph *g, uint8_t start)
{
    struct step steps[256];
    unsigned depth = 1;

    open_entity(l, g, &steps[0], start);
    while (depth > 0) {
        struct step *step = &steps[depth - 1];
        if (step->next == step->pins.n) {
            g->state[step->id] = DONE;
            depth--;
            if (depth && lint_set_has(&g->reaches, step->id))
                lint_set_add(&g->reaches, steps[depth - 1].id);
            continue;
        }
        uint32_t pin = step->next++;
        uint8_t source = step->pins.ids[pin];
        if (!g->by_id[source])
            continue;
        if (g->state[source] == NEW)
            open_entity(l, g, &steps[depth++], source);
        else if (g->state[source] == OPEN && source != step->id)
            lint_report(l, LINT_K5b, g->by_id[step->id], step->pins.member, pin, FOUND(source));
        else if (lint_set_has(&g->reaches, source))
            lint_set_add(&g->reaches, step->id);
    }
}

static void follow_chain(struct lint *l, struct graph *g, const struct desc_node *node)
{
    uint8_t id = id_of(node);
    if (g->by_id[id] != node || g->state[id] != NEW)
        return;
    g->n_processing = g->n_selectors = 0;
    follow(l, g, id);
}

static void check_chains(struct lint *l, struct graph *g, const struct desc_node *scope)
{
    FOREACH_ENTITY(node, scope)
    if (is_output(node))
        follow_chain(l, g, node);
    FOREACH_ENTITY(node, scope)
    {
        follow_chain(l, g, node); /* what no output terminal led to */
        uint8_t id = id_of(node);
        bool feeds = lint_set_has(&g->feeds, id);
        if (is_output(node) && g->by_id[id] == node && !lint_set_has(&g->reaches, id) &&
            !can_guess(g))
            REPORT_NODE(l, ENT3, node, NOTHING);
        else if (is_input(node) && !feeds)
            REPORT_NODE(l, ENT5, node, NOTHING);
        else if (!is_input(node) && !is_output(node) && !feeds)
            REPORT_NODE(l, ENT4, node, NOTHING);
    }
}

/* ---- Streaming interfaces ---- */

static void check_link(struct lint *l, struct graph *g, struct lint_set *linked,
                       const struct desc_node *header)
{
    const struct uvc_vs_input_header *in = DESC_CAST(uvc_vs_input_header, header);
    const struct uvc_vs_output_header *out = DESC_CAST(uvc_vs_output_header, header);
    bool has = in ? HAS(in, bTerminalLink) : out && HAS(out, bTerminalLink);
    if (!has)
        return;

    size_t member = in ? offsetof(struct uvc_vs_input_header, bTerminalLink)
                       : offsetof(struct uvc_vs_output_header, bTerminalLink);
    uint8_t id = in ? in->bTerminalLink : out->bTerminalLink;
    const struct desc_node *terminal = g->by_id[id];
    const struct uvc_output_terminal *output = DESC_CAST(uvc_output_terminal, terminal);
    const struct uvc_input_terminal *input = DESC_CAST(uvc_input_terminal, terminal);
    uint16_t type = in ? (output ? output->wTerminalType : 0) : (input ? input->wTerminalType : 0);

    if (!terminal)
        lint_report(l, LINT_VS3, header, member, 0, FOUND(id));
    else if (type != TT_STREAMING)
        lint_report(l, LINT_VS4, header, member, 0, FOUND(id));
    else if (lint_set_add(linked, id))
        lint_report(l, LINT_VS5, header, member, 0, FOUND(id));
}

static void check_links(struct lint *l, struct graph *g, const struct uvc_vc_header *header)
{
    struct lint_set linked = {0}, seen = {0};
    for (uint32_t n = 0; n < header->n_baInterfaceNr; n++) {
        const struct lint_interface *i = &l->configuration.interfaces[header->baInterfaceNr[n]];
        if (!lint_set_add(&seen, header->baInterfaceNr[n]) && i->header && i->control == header)
            check_link(l, g, &linked, i->header);
    }
}

void lint_graph(struct lint *l, const struct desc_node *scope, const struct uvc_vc_header *header)
{
    struct graph g = {0};

    FOREACH_ENTITY(node, scope)
    add_entity(l, &g, node);
    FOREACH_ENTITY(node, scope)
    {
        struct pins pins = pins_of(node);
        for (uint32_t n = 0; n < pins.n; n++)
            check_source(l, &g, node, &pins, n);
        check_associated(l, &g, node);
    }
    check_chains(l, &g, scope);
    if (!header)
        return;
    if (!g.n_inputs)
        REPORT_NODE(l, ENT6, &header->node, NOTHING);
    if (!g.n_outputs)
        REPORT_NODE(l, ENT7, &header->node, NOTHING);
    check_links(l, &g, header);
}
