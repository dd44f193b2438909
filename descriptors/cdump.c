/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree for firmware: bytes that a compiler takes and people can check. */
#include "descriptors/cdump.h"

#include "descriptors/internal.h"
#include "descriptors/names.h"

#define LINE_BYTES 8

struct dump {
    const struct desc_sink *sink;
    unsigned depth;
    struct desc_strings strings;
};

/* Comments of a line each must end where they should, whatever a device's string says. */
static void put_comment(const struct dump *d, const char *text)
{
    desc_puts(d->sink, " /* ");
    for (; *text; text++) {
        bool opens = text[0] == '/' && text[1] == '*', closes = text[0] == '*' && text[1] == '/';
        d->sink->write(d->sink->user, text, 1);
        if (opens || closes)
            desc_puts(d->sink, " ");
    }
    desc_puts(d->sink, " */\n");
}

/* n bytes (at most LINE_BYTES) and what they are. */
static void put_line(const struct dump *d, const uint8_t *bytes, size_t n, const char *comment)
{
    desc_printf(d->sink, "%*s", 4 + 2 * d->depth, "");
    for (size_t i = 0; i < n; i++)
        desc_printf(d->sink, "%s0x%02x,", i ? " " : "", bytes[i]);
    for (size_t i = n; i < 4; i++) /* so that most comments stand below each other */
        desc_printf(d->sink, "%6s", "");
    put_comment(d, comment);
}

static void put_run(const struct dump *d, const char *name, const uint8_t *bytes, size_t n)
{
    char comment[64];
    for (size_t i = 0; i < n; i += LINE_BYTES) {
        snprintf(comment, sizeof(comment), "%s[%zu]", name, i);
        put_line(d, bytes + i, n - i < LINE_BYTES ? n - i : LINE_BYTES, comment);
    }
}

static void put_element(const struct dump *d, const struct desc_node *node,
                        const struct desc_row *row, size_t index)
{
    char comment[320], label[64], number[32], meaning[200];
    uint8_t wire[8];

    desc_explain(node, row, index, &d->strings, meaning, sizeof(meaning));
    if (row->width == 16) {
        const uint8_t *guid = desc_at(node, row->offset);
        snprintf(comment, sizeof(comment), "%s%s%s", row->name, *meaning ? ": " : "", meaning);
        put_line(d, guid, 8, comment);
        put_line(d, guid + 8, 8, row->name);
        return;
    }
    uint64_t value = desc_get(node, row, index);
    for (unsigned i = 0; i < row->width; i++)
        wire[i] = (uint8_t)(value >> 8 * i);
    desc_label(node, row, index, label, sizeof(label));
    desc_value_text(row, value, number, sizeof(number));
    snprintf(comment, sizeof(comment), "%s %s%s%s", label, number, *meaning ? ": " : "", meaning);
    put_line(d, wire, row->width, comment);
}

static void put_row(const struct dump *d, const struct desc_node *node, const struct desc_row *row)
{
    if (desc_is_opaque(row)) {
        const void *array = *(void *const *)desc_at(node, row->offset);
        put_run(d, row->name, array, desc_elements(node, row));
        return;
    }
    for (size_t i = 0; i < desc_elements(node, row); i++)
        put_element(d, node, row, i);
}

static void put_node(const struct dump *d, const struct desc_node *node)
{
    char comment[128];
    snprintf(comment, sizeof(comment), "%s (%s)", desc_title(node), node->type->text->clause);
    desc_printf(d->sink, "%*s", 3 + 2 * d->depth, "");
    put_comment(d, comment);
    for (unsigned i = 0; i < node->present; i++)
        put_row(d, node, &node->type->rows[i]);
    put_run(d, node->type->n_wire ? "extra" : "bytes", node->extra, node->n_extra);
}

void desc_cdump(const void *top, const char *name, const struct desc_sink *sink)
{
    struct dump d = {.sink = sink};

    desc_strings_collect(top, &d.strings);
    desc_printf(sink, "#include <stdint.h>\n\nconst uint8_t %.100s[] = {\n", name);
    for (const struct desc_node *node = top; node; node = desc_next(node, top)) {
        if (node->type->kind == DESC_KIND_usb_descriptors)
            continue;
        d.depth = 0;
        for (const struct desc_node *up = node; up != top && up->parent->parent; up = up->parent)
            d.depth++;
        put_node(&d, node);
    }
    desc_puts(sink, "};\n");
}
