/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree as people read it. */
#include "descriptors/print.h"

#include "descriptors/internal.h"
#include "descriptors/names.h"

#define LINE_BYTES 8  /* that the column in front of a line has room for */
#define NAME_WIDTH 20 /* of the names' column, where no name is longer */

struct printer {
    const struct desc_sink *sink;
    unsigned flags;
    unsigned depth;  /* of the node */
    unsigned width;  /* of its longest name */
    uint32_t offset; /* of the next byte */
    struct desc_strings strings;
};

enum colour { PLAIN, TITLE, FAINT, MEANING };

static void colour(const struct printer *p, enum colour which)
{
    static const char *const sequences[] = {"\033[0m", "\033[1m", "\033[2m", "\033[36m"};
    if (p->flags & DESC_PRINT_COLOUR)
        desc_puts(p->sink, sequences[which]);
}

/* What stands in front of a line that shows n bytes of the wire (at most LINE_BYTES). */
static void begin_line(struct printer *p, const uint8_t *wire, size_t n)
{
    char bytes[3 * LINE_BYTES + 1] = "";

    if (p->flags & DESC_PRINT_OFFSETS) {
        for (size_t i = 0; i < n; i++)
            sprintf(bytes + 3 * i, "%02x ", wire[i]);
        colour(p, FAINT);
        if (n)
            desc_printf(p->sink, "%6u  %-*s  ", p->offset, 3 * LINE_BYTES, bytes);
        else
            desc_printf(p->sink, "%6s  %-*s  ", "", 3 * LINE_BYTES, "");
        colour(p, PLAIN);
    }
    p->offset += (uint32_t)n;
    desc_printf(p->sink, "%*s", 2 * p->depth, "");
}

static void end_line(struct printer *p, const char *meaning)
{
    if (*meaning) {
        desc_puts(p->sink, " ");
        colour(p, MEANING);
        desc_puts(p->sink, meaning);
        colour(p, PLAIN);
    }
    desc_puts(p->sink, "\n");
}

/* Names of the bits that are set in value, whose lowest has the number first. */
static void print_bits(struct printer *p, const struct desc_name *bits, uint64_t value,
                       size_t first, size_t n)
{
    for (; bits && bits->name; bits++) {
        if (bits->value < first || bits->value >= first + n ||
            !(value >> (bits->value - first) & 1))
            continue;
        begin_line(p, NULL, 0);
        desc_printf(p->sink, "    %*s", p->width, "");
        end_line(p, bits->name);
    }
}

static void print_guid(struct printer *p, const struct desc_node *node, const struct desc_row *row,
                       const char *meaning)
{
    const uint8_t *guid = desc_at(node, row->offset);
    char text[DESC_GUID_TEXT];

    desc_guid_format(guid, text);
    begin_line(p, guid, 8);
    desc_printf(p->sink, "  %-*s  %s", p->width, row->name, text);
    end_line(p, meaning);
    if (p->flags & DESC_PRINT_OFFSETS) {
        begin_line(p, guid + 8, 8);
        end_line(p, "");
    } else
        p->offset += 8;
}

static void print_element(struct printer *p, const struct desc_node *node,
                          const struct desc_row *row, size_t index)
{
    char label[64], value[32], meaning[200];
    uint8_t wire[16];

    desc_explain(node, row, index, &p->strings, meaning, sizeof(meaning));
    if (row->width == 16) {
        print_guid(p, node, row, meaning);
        return;
    }
    uint64_t number = desc_get(node, row, index);
    for (unsigned i = 0; i < row->width; i++)
        wire[i] = (uint8_t)(number >> 8 * i);
    desc_label(node, row, index, label, sizeof(label));
    desc_value_text(row, number, value, sizeof(value));
    begin_line(p, wire, row->width);
    desc_printf(p->sink, "  %-*s %10s", p->width, label, value);
    end_line(p, meaning);
    if (row->bits)
        print_bits(p, row->bits, number, desc_first_bit(node, row, index), 8 * row->width);
}

/* Bytes without a field each, some a line. */
static void print_run(struct printer *p, const char *name, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += LINE_BYTES) {
        size_t chunk = n - i < LINE_BYTES ? n - i : LINE_BYTES;
        begin_line(p, bytes + i, chunk);
        desc_printf(p->sink, "  %-*s ", p->width, i ? "" : name);
        for (size_t j = 0; j < chunk; j++)
            desc_printf(p->sink, " %02x", bytes[i + j]);
        end_line(p, "");
    }
}

static void print_text(struct printer *p, const char *name, const uint16_t *units, size_t n)
{
    char text[6 * LINE_BYTES / 2 + 1];
    for (size_t i = 0; i < n;) {
        size_t chunk = n - i < LINE_BYTES / 2 ? n - i : LINE_BYTES / 2;
        uint8_t wire[LINE_BYTES];
        chunk = desc_utf16_text(units + i, chunk, text, sizeof(text));
        for (size_t j = 0; j < chunk; j++)
            desc_put_wire(wire + 2 * j, &units[i + j], 2);
        begin_line(p, wire, 2 * chunk);
        desc_printf(p->sink, "  %-*s  \"%s\"", p->width, i ? "" : name, text);
        end_line(p, "");
        i += chunk;
    }
}

static void print_array(struct printer *p, const struct desc_node *node, const struct desc_row *row)
{
    const void *array = *(void *const *)desc_at(node, row->offset);
    size_t n = desc_elements(node, row);

    if (node->type->kind == DESC_KIND_usb_string) {
        print_text(p, row->name, array, n);
    } else if (desc_is_opaque(row)) {
        print_run(p, row->name, array, n);
        for (size_t i = 0; i < n && row->bits; i++)
            print_bits(p, row->bits, ((const uint8_t *)array)[i], 8 * i, 8);
    } else {
        for (size_t i = 0; i < n; i++)
            print_element(p, node, row, i);
    }
}

static unsigned name_width(const struct desc_type *type)
{
    size_t width = NAME_WIDTH;
    for (unsigned i = 0; i < type->n_wire; i++) {
        size_t len = strlen(type->rows[i].name) + (type->rows[i].role == DESC_ROLE_VARS ? 4 : 0);
        width = len > width ? len : width;
    }
    return (unsigned)width;
}

static void print_node(struct printer *p, const struct desc_node *node)
{
    const struct desc_row *rows = node->type->rows;

    p->width = name_width(node->type);
    begin_line(p, NULL, 0);
    colour(p, TITLE);
    desc_printf(p->sink, "%s:", desc_title(node));
    colour(p, PLAIN);
    end_line(p, "");
    for (unsigned i = 0; i < node->present; i++) {
        if (rows[i].role == DESC_ROLE_VARS)
            print_array(p, node, &rows[i]);
        else
            print_element(p, node, &rows[i], 0);
    }
    print_run(p, node->type->n_wire ? "extra" : "bytes", node->extra, node->n_extra);
}

void desc_print(const void *top, unsigned flags, const struct desc_sink *sink)
{
    const struct desc_node *first = top;
    struct printer p = {.sink = sink, .flags = flags, .offset = first->offset};

    desc_strings_collect(top, &p.strings);
    for (const struct desc_node *node = first; node; node = desc_next(node, first)) {
        if (node->type->kind == DESC_KIND_usb_descriptors)
            continue;
        p.depth = 0;
        for (const struct desc_node *up = node; up != first && up->parent->parent; up = up->parent)
            p.depth++;
        print_node(&p, node);
    }
}

void desc_print_hex(const uint8_t *bytes, size_t len, const struct desc_sink *sink)
{
    for (size_t i = 0; i < len; i += 16) {
        desc_printf(sink, "%08zx", i);
        for (size_t j = i; j < i + 16; j++) {
            desc_puts(sink, j % 8 ? " " : "  ");
            if (j < len)
                desc_printf(sink, "%02x", bytes[j]);
            else
                desc_puts(sink, "  ");
        }
        desc_puts(sink, "  |");
        for (size_t j = i; j < i + 16 && j < len; j++)
            desc_printf(sink, "%c", bytes[j] >= 0x20 && bytes[j] < 0x7f ? bytes[j] : '.');
        desc_puts(sink, "|\n");
    }
    if (len)
        desc_printf(sink, "%08zx\n", len);
}
