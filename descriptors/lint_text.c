/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of rules, and findings in words. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "descriptors/lint_priv.h"
#include "descriptors/names.h"

enum {
    NONE = 0,
    LINUX = DESC_HOST_LINUX,
    WINDOWS = DESC_HOST_WINDOWS,
    MACOS = DESC_HOST_MACOS,
    ALL = LINUX | WINDOWS | MACOS,
    NOTE = DESC_NOTE,
    WARNING = DESC_WARNING,
    ERROR = DESC_ERROR,
};

static const struct desc_lint_rule rules[] = {
#define LINT(id, severity, hosts, clause, text) {#id, clause, text, severity, hosts},
#include "descriptors/lint_rules.def"
#undef LINT
};

const struct desc_lint_rule *desc_lint_rule_at(unsigned n)
{
    return n < LINT_RULES ? &rules[n] : NULL;
}

const char *desc_severity_name(enum desc_severity severity)
{
    static const char *const names[] = {
        [DESC_NOTE] = "note", [DESC_WARNING] = "warning", [DESC_ERROR] = "error"};
    return names[severity];
}

/* ---- Reporting ---- */

static const struct desc_row *row_of(const struct desc_node *node, size_t member)
{
    for (unsigned i = 0; member && i < node->type->n_wire; i++)
        if (node->type->rows[i].offset == member)
            return &node->type->rows[i];
    return NULL;
}

static uint32_t offset_of(const struct desc_node *node, const struct desc_row *row, size_t index)
{
    uint32_t offset = node->offset;
    for (const struct desc_row *at = node->type->rows; row && at < row; at++)
        offset += at->width * (uint32_t)desc_elements(node, at);
    return row ? offset + row->width * (uint32_t)index : offset;
}

void lint_report(struct lint *l, enum lint_rule rule, const struct desc_node *node, size_t member,
                 size_t index, struct lint_values values)
{
    if (l->options->hosts && !(rules[rule].hosts & l->options->hosts))
        return;
    const struct desc_row *row = row_of(node, member);
    const struct desc_finding finding = {
        .rule = &rules[rule],
        .node = node,
        .row = row,
        .index = (uint32_t)index,
        .offset = offset_of(node, row, index),
        .has_found = values.has_found,
        .expectation = values.expectation,
        .found = values.found,
        .expected = values.expected,
        .expected_max = values.expected_max,
        .expected_text = values.text,
    };
    l->fn(l->user, &finding);
}

/* ---- Text that may not fit ---- */

struct text {
    char *buf;
    size_t size, len; /* len: what it would be */
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    bool room = text->len < text->size;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(room ? text->buf + text->len : NULL, room ? text->size - text->len : 0,
                      format, args);
    va_end(args);
    text->len += n > 0 ? (size_t)n : 0;
}

static struct text text_new(char *buf, size_t size)
{
    if (size)
        buf[0] = '\0';
    return (struct text){buf, size, 0};
}

/* ---- Paths ---- */

/* The row by which nodes of a group are told apart, -1: by nothing but where they are. */
static int name_row(uint32_t group)
{
    switch (group) {
    case DESC_GROUP_ASSOCIATION:
    case DESC_GROUP_INTERFACE:
    case DESC_GROUP_ENDPOINT:
        return 2;
    case DESC_GROUP_VC_ENTITY:
    case DESC_GROUP_VS_FORMAT:
    case DESC_GROUP_VS_FRAME:
        return 3;
    case DESC_GROUP_CONFIGURATION:
        return 4;
    default:
        return -1;
    }
}

static void add_node(struct text *text, const struct desc_node *node)
{
    const struct desc_type *type = node->type;
    int n = name_row(type->group);

    add(text, "%s%s", text->len ? "." : "", type->text->name);
    if (n < 0)
        return;
    unsigned number = (unsigned)desc_get(node, &type->rows[n], 0);
    if (type->group == DESC_GROUP_INTERFACE)
        add(text, "[%u.%u]", number, ((const struct usb_interface *)node)->bAlternateSetting);
    else
        add(text, type->group == DESC_GROUP_ENDPOINT ? "[0x%02x]" : "[%u]", number);
}

/* More than the schema is deep. */
#define MAX_DEPTH 16

size_t desc_path(const void *node, const struct desc_row *row, size_t index, char *buf, size_t size)
{
    const struct desc_node *above[MAX_DEPTH];
    unsigned depth = 0;
    struct text text = text_new(buf, size);

    /* The device is what the whole path is about, so it is named only where it is meant itself. */
    for (const struct desc_node *n = node; n && depth < MAX_DEPTH; n = n->parent)
        if (n->type->text->name[0] && (n == node || n->type->group != DESC_GROUP_DEVICE))
            above[depth++] = n;
    while (depth > 0)
        add_node(&text, above[--depth]);
    if (row)
        add(&text, "%s%s", text.len ? "." : "", row->name);
    if (row && row->role == DESC_ROLE_VARS)
        add(&text, "[%zu]", index);
    return text.len;
}

size_t desc_finding_path(const struct desc_finding *finding, char *buf, size_t size)
{
    return desc_path(finding->node, finding->row, finding->index, buf, size);
}

/* ---- Values ---- */

static void add_value(struct text *text, const struct desc_row *row, uint64_t value)
{
    if (row && desc_is_hex(row))
        add(text, "0x%0*" PRIx64, row->width * 2, value);
    else
        add(text, "%" PRIu64, value);
}

size_t desc_finding_found(const struct desc_finding *finding, char *buf, size_t size)
{
    struct text text = text_new(buf, size);
    char guid[DESC_GUID_TEXT];

    if (finding->row && finding->row->width == 16) {
        desc_guid_format(desc_at(finding->node, finding->row->offset), guid);
        add(&text, "%s", guid);
    } else if (finding->has_found) {
        add_value(&text, finding->row, finding->found);
    }
    return text.len;
}

size_t desc_finding_expected(const struct desc_finding *finding, char *buf, size_t size)
{
    struct text text = text_new(buf, size);

    switch (finding->expectation) {
    case DESC_EXPECT_NOTHING:
        return 0;
    case DESC_EXPECT_TEXT:
        add(&text, "%s", finding->expected_text);
        return text.len;
    case DESC_EXPECT_AT_LEAST:
        add(&text, "at least ");
        break;
    case DESC_EXPECT_AT_MOST:
        add(&text, "at most ");
        break;
    case DESC_EXPECT_EQUAL:
    case DESC_EXPECT_RANGE:
        break;
    }
    add_value(&text, finding->row, finding->expected);
    if (finding->expectation == DESC_EXPECT_RANGE) {
        add(&text, " to ");
        add_value(&text, finding->row, finding->expected_max);
    }
    return text.len;
}
