/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON out of any tree and into one. The only file here that uses GLib, for reading. */
#include "descriptors/json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>

#include "descriptors/edit.h"
#include "descriptors/internal.h"
#include "descriptors/json_grammar.h"
#include "descriptors/names.h"

/* More than any descriptor has, but no more than two bytes of counts announce. */
#define MAX_ELEMENTS (255 * 255)

/* ---- What both directions must agree on ---- */

static uint16_t version_of(const struct desc_node *top)
{
    for (const struct desc_node *node = top; node; node = desc_next(node, top)) {
        const struct uvc_vc_header *header = DESC_CAST(uvc_vc_header, node);
        if (header && header->node.present > 3 && header->bcdUVC)
            return header->bcdUVC;
    }
    return 0;
}

/* Rows that a descriptor has where nothing else is said. */
static unsigned usual_rows(const struct desc_type *type, uint16_t bcdUVC)
{
    unsigned n = 0;
    while (n < type->n_wire && (!bcdUVC || type->rows[n].since <= bcdUVC))
        n++;
    return n;
}

static size_t bytes_below(const struct desc_node *node)
{
    size_t total = 0;
    for (const struct desc_node *at = node; at; at = desc_next(at, node))
        total += desc_own_size(at);
    return total;
}

/* Stands the field for itself, because the reader would compute the same? */
static bool is_implied(const struct desc_node *node, const struct desc_row *row)
{
    switch (row->role) {
    case DESC_ROLE_CONST:
        return desc_get(node, row, 0) == row->value;
    case DESC_ROLE_SIZE:
        return desc_get(node, row, 0) == desc_own_size(node);
    case DESC_ROLE_COUNT:
        return desc_get(node, row, 0) == desc_counted(node, row);
    case DESC_ROLE_TOTAL:
        return desc_get(node, row, 0) == bytes_below(node);
    case DESC_ROLE_VARS: {
        size_t announced = desc_announced(node, row);
        return desc_elements(node, row) == 0 && (announced == 0 || announced == SIZE_MAX);
    }
    default:
        return false;
    }
}

/* ---- Writing ---- */

struct writer {
    const struct desc_sink *sink;
    unsigned flags;
    uint16_t bcdUVC;
    unsigned indent;
    bool needs_comma;
};

static void new_item(struct writer *w)
{
    desc_printf(w->sink, "%s\n%*s", w->needs_comma ? "," : "", 2 * w->indent, "");
    w->needs_comma = true;
}

static void open_item(struct writer *w, const char *bracket)
{
    desc_puts(w->sink, bracket);
    w->indent++;
    w->needs_comma = false;
}

static void close_item(struct writer *w, const char *bracket)
{
    w->indent--;
    desc_printf(w->sink, "\n%*s%s", 2 * w->indent, "", bracket);
    w->needs_comma = true;
}

static void member(struct writer *w, const char *name)
{
    new_item(w);
    desc_printf(w->sink, "\"%s\": ", name);
}

static void write_number(struct writer *w, const struct desc_row *row, uint64_t value)
{
    const char *quote = desc_is_hex(row) ? "\"" : "";
    char text[32];
    desc_value_text(row, value, text, sizeof(text));
    desc_printf(w->sink, "%s%s%s", quote, text, quote);
}

static void write_guid(struct writer *w, const uint8_t *guid)
{
    const struct desc_guid_name *known = desc_guid_find(guid);
    char text[DESC_GUID_TEXT];
    desc_guid_format(guid, text);
    desc_printf(w->sink, "\"%s\"", known ? known->name : text);
}

static void write_hex(struct writer *w, const uint8_t *bytes, size_t len)
{
    desc_puts(w->sink, "\"");
    for (size_t i = 0; i < len; i++)
        desc_printf(w->sink, "%02x", bytes[i]);
    desc_puts(w->sink, "\"");
}

/* Whole pairs, and nothing that C's strings cannot hold. */
static bool is_text(const uint16_t *units, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (units[i] >> 10 == 0x36 && i + 1 < n && units[i + 1] >> 10 == 0x37)
            i++;
        else if (units[i] == 0 || units[i] >> 11 == 0x1b)
            return false;
    }
    return true;
}

static void write_text(struct writer *w, const uint16_t *units, size_t n)
{
    desc_puts(w->sink, "\"");
    for (size_t i = 0, took; i < n; i += took) {
        char utf8[8];
        if (units[i] < 0x20 || units[i] == '"' || units[i] == '\\') {
            took = 1;
            desc_printf(w->sink, "\\u%04x", units[i]);
            continue;
        }
        /* What desc_utf16_text() escapes for people is \uXXXX, which is JSON's too. */
        took = desc_utf16_text(units + i, units[i] >> 10 == 0x36 ? 2 : 1, utf8, sizeof(utf8));
        desc_puts(w->sink, utf8);
    }
    desc_puts(w->sink, "\"");
}

static void write_array(struct writer *w, const struct desc_node *node, const struct desc_row *row)
{
    const void *array = *(void *const *)desc_at(node, row->offset);
    size_t n = desc_elements(node, row);

    if (node->type->kind == DESC_KIND_usb_string && is_text(array, n)) {
        write_text(w, array, n);
        return;
    }
    desc_puts(w->sink, "[");
    for (size_t i = 0; i < n; i++) {
        desc_puts(w->sink, i ? ", " : "");
        write_number(w, row, desc_get(node, row, i));
    }
    desc_puts(w->sink, "]");
}

static void write_row(struct writer *w, const struct desc_node *node, const struct desc_row *row)
{
    if (is_implied(node, row) && (row->role == DESC_ROLE_VARS || !(w->flags & DESC_JSON_ALL)))
        return;
    member(w, row->name);
    if (row->role == DESC_ROLE_VARS)
        write_array(w, node, row);
    else if (row->width == 16)
        write_guid(w, desc_at(node, row->offset));
    else
        write_number(w, row, desc_get(node, row, 0));
}

/* Up to where its children stand. */
static void open_node(struct writer *w, const struct desc_node *node)
{
    const struct desc_type *type = node->type;

    new_item(w);
    open_item(w, "{");
    member(w, "kind");
    desc_printf(w->sink, "\"%s\"", type->text->tag);
    for (unsigned i = 0; i < node->present; i++)
        write_row(w, node, &type->rows[i]);
    if (node->present != usual_rows(type, w->bcdUVC)) {
        member(w, "last");
        desc_printf(w->sink, "\"%s\"", node->present ? type->rows[node->present - 1].name : "");
    }
    if (node->n_extra) {
        member(w, "extra");
        write_hex(w, node->extra, node->n_extra);
    }
    if (node->first) {
        member(w, "children");
        open_item(w, "[");
    }
}

static void close_node(struct writer *w, const struct desc_node *node)
{
    if (node->first)
        close_item(w, "]");
    close_item(w, "}");
}

static void write_tree(struct writer *w, const struct desc_node *top)
{
    const struct desc_node *node = top;
    for (;;) {
        open_node(w, node);
        if (node->first) {
            node = node->first;
            continue;
        }
        while (close_node(w, node), node != top && !node->next)
            node = node->parent;
        if (node == top)
            return;
        node = node->next;
    }
}

void desc_json_write(const void *top, unsigned flags, const struct desc_sink *sink)
{
    const struct desc_node *node = top;
    struct writer w = {.sink = sink, .flags = flags, .bcdUVC = version_of(node)};

    open_item(&w, "{");
    member(&w, "descriptors");
    open_item(&w, "[");
    if (node->type->kind != DESC_KIND_usb_descriptors)
        write_tree(&w, node);
    else
        for (const struct desc_node *child = node->first; child; child = child->next)
            write_tree(&w, child);
    close_item(&w, "]");
    close_item(&w, "}");
    desc_puts(sink, "\n");
}

/* ---- Reading ---- */

struct reader {
    struct desc_tree *tree;
    GString *path; /* of what is being read */
    struct desc_json_error *error;
    uint16_t bcdUVC;
};

/* Always -EINVAL, for return. */
G_GNUC_PRINTF(2, 3) static int fail(struct reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_snprintf(r->error->text, sizeof(r->error->text), "%s%s%s", r->path->str,
               r->path->len ? ": " : "", what);
    return -EINVAL;
}

/* What stands there, as far as it can be said in a few words. */
static char *spelled(JsonNode *json)
{
    if (JSON_NODE_HOLDS_OBJECT(json))
        return g_strdup("an object");
    if (JSON_NODE_HOLDS_ARRAY(json))
        return g_strdup("an array");
    g_autofree char *text = json_to_string(json, FALSE);
    return g_strndup(text, 60);
}

/* NULL where it is no string, or not there. */
static const char *string_of(JsonNode *json)
{
    bool is_string =
        json && JSON_NODE_HOLDS_VALUE(json) && json_node_get_value_type(json) == G_TYPE_STRING;
    return is_string ? json_node_get_string(json) : NULL;
}

static int fail_at(struct reader *r, JsonNode *json, const char *expected)
{
    g_autofree char *found = spelled(json);
    return fail(r, "%s: expected %s", found, expected);
}

static bool parse_hex(const char *text, char end, const char **ret_rest, uint64_t *ret_value)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    if (n < 1 || n > 16 || text[n] != end)
        return false;
    *ret_value = g_ascii_strtoull(text, NULL, 16);
    *ret_rest = text + n + 1;
    return true;
}

/* "0x81", and for BCD "1.10" */
static bool parse_number(const char *text, bool is_bcd, uint64_t *ret_value)
{
    const char *rest;
    uint64_t major, minor;

    if (g_str_has_prefix(text, "0x"))
        return parse_hex(text + 2, '\0', &rest, ret_value);
    if (!is_bcd || !parse_hex(text, '.', &rest, &major) || strlen(rest) != 2 ||
        !parse_hex(rest, '\0', &rest, &minor) || major > 0xff)
        return false;
    *ret_value = major << 8 | minor;
    return true;
}

/* A whole number, however it is spelled: 100, 1e2, 100.0. */
static bool whole_number(JsonNode *json, uint64_t *ret_value)
{
    GType type = JSON_NODE_HOLDS_VALUE(json) ? json_node_get_value_type(json) : G_TYPE_INVALID;
    double value;

    if (type == G_TYPE_INT64) {
        *ret_value = (uint64_t)json_node_get_int(json);
        return json_node_get_int(json) >= 0;
    }
    if (type != G_TYPE_DOUBLE)
        return false;
    value = json_node_get_double(json);
    if (!(value >= 0 && value < 0x1p64) || value != (double)(uint64_t)value)
        return false;
    *ret_value = (uint64_t)value;
    return true;
}

static int read_number(struct reader *r, JsonNode *json, const struct desc_row *row,
                       uint64_t *ret_value)
{
    uint64_t most = row->width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * row->width) - 1;
    bool is_bcd = strncmp(row->name, "bcd", 3) == 0;
    const char *text = string_of(json);
    char expected[96];

    g_snprintf(expected, sizeof(expected), "%s0 to %" PRIu64 "%s",
               is_bcd ? "a version such as \"1.10\", or " : "", most,
               text ? ", in a string as hex (\"0x81\")" : "");
    if (text ? !parse_number(text, is_bcd, ret_value) : !whole_number(json, ret_value))
        return fail_at(r, json, expected);
    return *ret_value <= most ? 0 : fail_at(r, json, expected);
}

static int read_guid(struct reader *r, JsonNode *json, uint8_t *guid)
{
    const char *text = string_of(json);
    const struct desc_guid_name *known = text ? desc_guid_by_name(text) : NULL;

    if (known)
        memcpy(guid, known->guid, sizeof(known->guid));
    else if (!text || !desc_guid_parse(text, guid))
        return fail_at(r, json,
                       "a name such as \"YUY2\", or "
                       "\"{32595559-0000-0010-8000-00aa00389b71}\"");
    return 0;
}

/* Makes the array of the row n elements long. Its count is another member, or derived. */
static int new_array(struct reader *r, struct desc_node *node, const struct desc_row *row, size_t n)
{
    void *array = desc_alloc(r->tree, n * desc_stride(row));
    if (!array)
        return -ENOMEM;
    *(void **)desc_at(node, row->offset) = array;
    *(uint32_t *)desc_at(node, row->n_offset) = (uint32_t)n;
    return 0;
}

static int read_text(struct reader *r, JsonNode *json, struct desc_node *node,
                     const struct desc_row *row)
{
    glong n = 0;
    g_autofree gunichar2 *units = g_utf8_to_utf16(string_of(json), -1, NULL, &n, NULL);
    if (!units || n > MAX_ELEMENTS)
        return fail_at(r, json, "a text, and not as long");
    int error = new_array(r, node, row, (size_t)n);
    for (glong i = 0; i < n && !error; i++)
        desc_set(node, row, (size_t)i, units[i]);
    return error;
}

static int read_array(struct reader *r, JsonNode *json, struct desc_node *node,
                      const struct desc_row *row)
{
    if (node->type->kind == DESC_KIND_usb_string && string_of(json))
        return read_text(r, json, node, row);
    if (!JSON_NODE_HOLDS_ARRAY(json))
        return fail_at(r, json, "an array");
    JsonArray *array = json_node_get_array(json);
    guint n = json_array_get_length(array);
    gsize path = r->path->len;

    if (n > MAX_ELEMENTS)
        return fail(r, "%u elements: expected at most %u", n, MAX_ELEMENTS);
    int error = new_array(r, node, row, n);
    for (guint i = 0; i < n && !error; i++) {
        uint64_t value = 0;
        g_string_append_printf(r->path, "[%u]", i);
        error = read_number(r, json_array_get_element(array, i), row, &value);
        desc_set(node, row, i, value);
        if (!error)
            g_string_truncate(r->path, path);
    }
    return error;
}

static int read_row(struct reader *r, JsonNode *json, struct desc_node *node,
                    const struct desc_row *row)
{
    uint64_t value = 0;
    if (row->role == DESC_ROLE_VARS)
        return read_array(r, json, node, row);
    if (row->width == 16)
        return read_guid(r, json, desc_at(node, row->offset));
    int error = read_number(r, json, row, &value);
    if (!error)
        desc_set(node, row, 0, value);
    return error;
}

static int read_extra(struct reader *r, JsonNode *json, struct desc_node *node)
{
    const char *hex = string_of(json);
    size_t len = hex ? strlen(hex) : 1;
    bool is_hex = len % 2 == 0;

    for (size_t i = 0; is_hex && i < len; i++)
        is_hex = g_ascii_isxdigit(hex[i]);
    if (!is_hex)
        return fail_at(r, json, "bytes in hex, such as \"00ff\"");
    g_autofree uint8_t *bytes = g_malloc(len / 2 + 1);
    for (size_t i = 0; i < len; i += 2)
        bytes[i / 2] =
            (uint8_t)(g_ascii_xdigit_value(hex[i]) << 4 | g_ascii_xdigit_value(hex[i + 1]));
    desc_set_extra(r->tree, node, bytes, len / 2);
    return 0;
}

static const struct desc_row *find_row(const struct desc_type *type, const char *name)
{
    for (unsigned i = 0; i < type->n_wire; i++)
        if (strcmp(type->rows[i].name, name) == 0)
            return &type->rows[i];
    return NULL;
}

static int unknown_member(struct reader *r, const struct desc_type *type, const char *name)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (unsigned i = 0; i < type->n_wire; i++)
        g_string_append_printf(names, "%s, ", type->rows[i].name);
    return fail(r, "%s has no '%.40s': expected one of %slast, extra, children, comment",
                type->text->tag, name, names->str);
}

/* How many rows there are: what "last" says, else the usual ones and each that is given. */
static int read_present(struct reader *r, JsonObject *object, struct desc_node *node)
{
    const struct desc_type *type = node->type;
    JsonNode *last = json_object_get_member(object, "last");
    const char *name = string_of(last);
    const struct desc_row *row = name ? find_row(type, name) : NULL;

    node->present = (uint8_t)usual_rows(type, r->bcdUVC);
    if (last && !row && (!name || *name))
        return fail(r, "last: expected the name of a field of %s", type->text->tag);
    if (last)
        node->present = (uint8_t)(row ? row - type->rows + 1 : 0);
    for (unsigned i = node->present; i < type->n_wire; i++) {
        if (!json_object_has_member(object, type->rows[i].name))
            continue;
        if (last)
            return fail(r, "%s is given, but comes after \"last\"", type->rows[i].name);
        node->present = (uint8_t)(i + 1);
    }
    return 0;
}

static int read_member(struct reader *r, const char *name, JsonNode *json, struct desc_node *node)
{
    const struct desc_row *row = find_row(node->type, name);
    gsize path = r->path->len;
    int error = 0;

    if (strcmp(name, "kind") == 0 || strcmp(name, "last") == 0 || strcmp(name, "comment") == 0 ||
        strcmp(name, "children") == 0)
        return 0;
    if (!row && strcmp(name, "extra") != 0)
        return unknown_member(r, node->type, name);
    g_string_append_printf(r->path, ".%s", name);
    error = row ? read_row(r, json, node, row) : read_extra(r, json, node);
    if (!error)
        g_string_truncate(r->path, path);
    return error;
}

static int read_members(struct reader *r, JsonObject *object, struct desc_node *node)
{
    g_autoptr(GList) names = json_object_get_members(object);
    int error = 0;
    for (GList *name = names; name && !error; name = name->next)
        error = read_member(r, name->data, json_object_get_member(object, name->data), node);
    return error;
}

static int derive_row(struct reader *r, struct desc_node *node, const struct desc_row *row)
{
    uint64_t value = row->role == DESC_ROLE_SIZE    ? desc_own_size(node)
                     : row->role == DESC_ROLE_TOTAL ? bytes_below(node)
                                                    : desc_counted(node, row);
    desc_set(node, row, 0, value);
    if (desc_get(node, row, 0) == value)
        return 0;
    return fail(r, "%s would be %" PRIu64 ", for which it has no room: expected less below it",
                row->name, value);
}

/* What is not given, when all below is there: counts, then the arrays that follow from them, then
   lengths, then totals. */
static int derive_missing(struct reader *r, JsonObject *object, struct desc_node *node)
{
    static const enum desc_role order[] = {DESC_ROLE_COUNT, DESC_ROLE_VARS, DESC_ROLE_SIZE,
                                           DESC_ROLE_TOTAL};
    int error = 0;
    for (size_t step = 0; step < G_N_ELEMENTS(order); step++)
        for (unsigned i = 0; i < node->present && !error; i++) {
            const struct desc_row *row = &node->type->rows[i];
            if (row->role != order[step] || json_object_has_member(object, row->name))
                continue;
            error = row->role == DESC_ROLE_VARS ? desc_fit_array(r->tree, node, row)
                                                : derive_row(r, node, row);
        }
    return error;
}

static const struct desc_type *find_kind(const char *tag)
{
    for (int kind = 0; kind < DESC_KIND_COUNT; kind++) {
        const struct desc_type *type = desc_type_of((enum desc_kind)kind);
        if (tag && type->group != DESC_GROUP_NONE && strcmp(type->text->tag, tag) == 0)
            return type;
    }
    return NULL;
}

static int read_children(struct reader *r, JsonNode *json, struct desc_node *parent,
                         const char *name);

/* Only what its parent accepts is read further, so the depth is the schema's. */
static int read_node(struct reader *r, JsonNode *json, struct desc_node *parent)
{
    if (!JSON_NODE_HOLDS_OBJECT(json))
        return fail_at(r, json, "an object with a \"kind\"");
    JsonObject *object = json_node_get_object(json);
    const char *tag = string_of(json_object_get_member(object, "kind"));
    const struct desc_type *type = find_kind(tag);

    if (!type)
        return fail(r, "kind '%.40s': expected one of usb.def and uvc.def, such as usb_interface",
                    tag ? tag : "");
    if (!(parent->type->accepts & type->group))
        return fail(r, "%s cannot be below %s", tag, parent->type->text->tag);
    struct desc_node *node = desc_add(r->tree, parent, type->kind);
    int error = read_present(r, object, node);
    if (!error)
        error = read_members(r, object, node);
    if (!error && json_object_has_member(object, "children"))
        error = read_children(r, json_object_get_member(object, "children"), node, ".children");
    return error ? error : derive_missing(r, object, node);
}

static int read_children(struct reader *r, JsonNode *json, struct desc_node *parent,
                         const char *name)
{
    gsize path = r->path->len;
    int error = 0;

    g_string_append(r->path, name);
    if (!JSON_NODE_HOLDS_ARRAY(json))
        return fail_at(r, json, "an array of descriptors");
    JsonArray *array = json_node_get_array(json);
    for (guint i = 0; i < json_array_get_length(array) && !error; i++) {
        gsize here = r->path->len;
        g_string_append_printf(r->path, "[%u]", i);
        error = read_node(r, json_array_get_element(array, i), parent);
        if (!error)
            g_string_truncate(r->path, here);
    }
    if (!error)
        g_string_truncate(r->path, path);
    return error;
}

/* The version of the first uvc_vc_header below, in stream order. */
static uint16_t find_version(JsonNode *json)
{
    static const struct desc_row row = {.name = "bcdUVC", .width = 2};
    struct desc_json_error ignored;
    g_autoptr(GString) path = g_string_new(NULL);
    struct reader r = {.path = path, .error = &ignored};
    uint64_t version = 0;

    if (JSON_NODE_HOLDS_ARRAY(json)) {
        JsonArray *array = json_node_get_array(json);
        for (guint i = 0; i < json_array_get_length(array) && !version; i++)
            version = find_version(json_array_get_element(array, i));
    } else if (JSON_NODE_HOLDS_OBJECT(json)) {
        JsonObject *object = json_node_get_object(json);
        const char *kind = string_of(json_object_get_member(object, "kind"));
        if (g_strcmp0(kind, "uvc_vc_header") == 0 && json_object_has_member(object, "bcdUVC"))
            read_number(&r, json_object_get_member(object, "bcdUVC"), &row, &version);
        else if (json_object_has_member(object, "children"))
            version = find_version(json_object_get_member(object, "children"));
    }
    return version <= UINT16_MAX ? (uint16_t)version : 0;
}

static int read_document(struct reader *r, JsonNode *json)
{
    if (!json || !JSON_NODE_HOLDS_OBJECT(json))
        return fail(r, "expected an object with \"descriptors\"");
    JsonObject *object = json_node_get_object(json);
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *name = names; name; name = name->next)
        if (strcmp(name->data, "descriptors") != 0 && strcmp(name->data, "comment") != 0)
            return fail(r, "'%.40s': expected \"descriptors\" or \"comment\"",
                        (const char *)name->data);
    if (!json_object_has_member(object, "descriptors"))
        return fail(r, "no \"descriptors\": expected an array of descriptors");
    JsonNode *list = json_object_get_member(object, "descriptors");
    r->bcdUVC = find_version(list);
    return read_children(r, list, (struct desc_node *)r->tree->root, "descriptors");
}

/* json-glib keeps the last of the members that have one name, and says each of them. */
struct members {
    GHashTable *said; /* of each object: how many */
    JsonParser *parser;
    char *twice;
};

static void on_member(struct members *members, JsonObject *object, const char *name)
{
    guint said = 1 + GPOINTER_TO_UINT(g_hash_table_lookup(members->said, object));
    g_hash_table_insert(members->said, object, GUINT_TO_POINTER(said));
    if (said > json_object_get_size(object) && !members->twice)
        members->twice = g_strdup_printf("line %u: '%.40s' is there twice",
                                         json_parser_get_current_line(members->parser), name);
}

static int load(struct reader *r, JsonParser *parser, const char *text, size_t len)
{
    g_autoptr(GHashTable) said = g_hash_table_new(NULL, NULL);
    g_autoptr(GError) error = NULL;
    struct members members = {said, parser, NULL};
    gulong id = g_signal_connect_swapped(parser, "object-member", G_CALLBACK(on_member), &members);
    bool loaded = json_parser_load_from_data(parser, text, (gssize)len, &error);

    g_signal_handler_disconnect(parser, id);
    if (loaded && !members.twice)
        return 0;
    fail(r, loaded ? "%s" : "not JSON: %s", loaded ? members.twice : error->message);
    g_free(members.twice);
    return -EINVAL;
}

static int read_all(struct reader *r, const char *text, size_t len)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    char why[160];

    if (!desc_json_is_json(text, len, why, sizeof(why)))
        return fail(r, "%s", why);
    int result = load(r, parser, text, len);
    if (result)
        return result;
    result = read_document(r, json_parser_get_root(parser));
    if (!result)
        result = r->tree->error; /* only memory is left to run out */
    desc_locate(r->tree);
    return result;
}

int desc_json_read(const char *text, size_t len, struct desc_tree **ret_tree,
                   struct desc_json_error *ret_error)
{
    g_autoptr(GString) path = g_string_new(NULL);
    struct reader r = {.path = path, .error = ret_error};

    g_strlcpy(ret_error->text, "out of memory", sizeof(ret_error->text));
    if (len > DESC_MAX_BYTES) {
        fail(&r, "%zu bytes: expected at most %u", len, DESC_MAX_BYTES);
        return -E2BIG;
    }
    r.tree = desc_tree_new(0);
    if (!r.tree)
        return -ENOMEM;
    int error = read_all(&r, text, len);
    if (error)
        desc_tree_free(r.tree);
    else
        *ret_tree = r.tree;
    return error;
}
