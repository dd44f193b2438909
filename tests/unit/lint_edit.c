/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The language that breaks a camera, and findings as a list. */
#include <string.h>

#include "tests/unit/lint_fixture.h"

static struct desc_tree *parse(const GByteArray *bytes, enum desc_context context)
{
    struct desc_tree *tree = NULL;
    g_assert_cmpint(desc_parse(bytes->data, bytes->len, context, &tree), ==, 0);
    return tree;
}

/* ---- Names ---- */

/* "tag" or "tag#2" at the start of *at, which then is behind it. */
static struct desc_node *find_node(struct desc_tree *tree, const char **at)
{
    size_t n = strcspn(*at, ".#+-*<>~!=");
    g_autofree char *tag = g_strndup(*at, n);
    struct desc_node *top = &desc_tree_root(tree)->node;
    unsigned long which = 1;

    *at += n;
    if (**at == '#')
        which = strtoul(*at + 1, (char **)at, 10);
    for (struct desc_node *node = top; node; node = desc_next(node, top))
        if (strcmp(node->type->text->tag, tag) == 0 && --which == 0)
            return node;
    g_error("no %s in the tree", tag);
}

/* ".field" or ".field[1]" */
static const struct desc_row *find_row(const struct desc_node *node, const char **at,
                                       size_t *ret_index)
{
    size_t n = strcspn(++*at, "[=");
    g_autofree char *name = g_strndup(*at, n);

    *at += n;
    *ret_index = 0;
    if (**at == '[') {
        *ret_index = strtoul(*at + 1, (char **)at, 10);
        ++*at;
    }
    for (unsigned i = 0; i < node->type->n_wire; i++)
        if (strcmp(node->type->rows[i].name, name) == 0)
            return &node->type->rows[i];
    g_error("no %s in %s", name, node->type->text->tag);
}

uint32_t lint_offset(struct desc_tree *tree, const char *where)
{
    struct desc_node *node = find_node(tree, &where);
    uint32_t offset = node->offset;
    size_t index;

    if (*where != '.')
        return offset;
    const struct desc_row *row = find_row(node, &where, &index);
    for (const struct desc_row *before = node->type->rows; before < row; before++)
        offset += before->width * (uint32_t)desc_elements(node, before);
    return offset + row->width * (uint32_t)index;
}

/* ---- Edits ---- */

static size_t end_of(const struct desc_node *node, const GByteArray *bytes)
{
    while (node && !node->next)
        node = node->parent;
    return node ? node->next->offset : bytes->len;
}

static void insert(GByteArray *bytes, size_t at, const uint8_t *more, size_t n)
{
    g_autofree uint8_t *copy = g_memdup2(more, n);
    size_t behind = bytes->len - at;
    g_byte_array_set_size(bytes, bytes->len + n);
    memmove(bytes->data + at + n, bytes->data + at, behind);
    memcpy(bytes->data + at, copy, n);
}

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t n = 0;
    for (; hex[0] && hex[1]; hex += 2)
        bytes[n++] = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
    return n;
}

static void set_field(GByteArray *bytes, struct desc_tree *tree, struct desc_node *node,
                      const char *at)
{
    size_t index;
    const struct desc_row *row = find_row(node, &at, &index);

    g_assert_cmpuint(*at++, ==, '=');
    if (row->width == 16)
        g_assert_cmpuint(from_hex(at, (uint8_t *)node + row->offset), ==, 16);
    else
        desc_set(node, row, index, g_ascii_strtoull(at, NULL, 0));
    g_assert_cmpint(desc_pack(desc_tree_root(tree), bytes->data, bytes->len), ==, bytes->len);
}

static void derive(GByteArray *bytes, struct desc_tree *tree)
{
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_byte_array_set_size(bytes, desc_tree_root(tree)->node.total);
    g_assert_cmpint(desc_pack(desc_tree_root(tree), bytes->data, bytes->len), ==, bytes->len);
}

/* What stands behind the tag: one character, and what belongs to it. */
static void edit_node(GByteArray *bytes, struct desc_tree *tree, struct desc_node *node,
                      const char *at)
{
    size_t own = desc_own_size(node), offset = node->offset, end = end_of(node, bytes);
    size_t number = strtoul(at + 1, NULL, 10);
    uint8_t more[256] = {0};

    switch (*at) {
    case '.':
        set_field(bytes, tree, node, at);
        break;
    case '+':
        insert(bytes, offset + own, more, from_hex(at + 1, more));
        break;
    case '>':
        insert(bytes, end, more, from_hex(at + 1, more));
        break;
    case '<':
        g_byte_array_remove_range(bytes, (guint)(offset + number), (guint)(own - number));
        bytes->data[offset] = (uint8_t)number;
        break;
    case '~':
        insert(bytes, offset + own, more, number);
        bytes->data[offset] = (uint8_t)(own + number);
        break;
    case '!':
        g_byte_array_set_size(bytes, (guint)(offset + number));
        break;
    default:
        g_error("what is %s?", at);
    }
}

static void edit(GByteArray *bytes, enum desc_context context, const char *what)
{
    struct desc_tree *tree = parse(bytes, context);
    const char *at = what + (*what == '-' || *what == '*');

    if (strcmp(what, "derive") == 0) {
        derive(bytes, tree);
        desc_tree_free(tree);
        return;
    }
    struct desc_node *node = find_node(tree, &at);
    size_t offset = node->offset, end = end_of(node, bytes);
    if (*what == '-')
        g_byte_array_remove_range(bytes, (guint)offset, (guint)(end - offset));
    else if (*what == '*')
        insert(bytes, end, bytes->data + offset, end - offset);
    else
        edit_node(bytes, tree, node, at);
    desc_tree_free(tree);
}

void lint_edit(GByteArray *bytes, enum desc_context context, const char *edits)
{
    g_auto(GStrv) list = g_strsplit(edits, " ", 0);
    for (char **what = list; *what; what++)
        if (**what)
            edit(bytes, context, *what);
}

/* ---- Findings ---- */

static void finding_free(void *data)
{
    Finding *f = data;
    g_free(f->path);
    g_free(f->found);
    g_free(f->expected);
    g_free(f);
}

static char *in_words(const struct desc_finding *finding,
                      size_t (*words)(const struct desc_finding *finding, char *buf, size_t size))
{
    size_t n = words(finding, NULL, 0);
    char *text = g_malloc(n + 1);
    g_assert_cmpuint(words(finding, text, n + 1), ==, n);
    g_assert_cmpuint(strlen(text), ==, n);
    return text;
}

static void on_finding(void *user, const struct desc_finding *finding)
{
    Finding *f = g_new(Finding, 1);
    *f = (Finding){finding->rule, finding->offset, in_words(finding, desc_finding_path),
                   in_words(finding, desc_finding_found), in_words(finding, desc_finding_expected)};
    g_ptr_array_add(user, f);
}

GPtrArray *lint_findings(struct desc_tree *tree, const struct desc_lint_options *options)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func(finding_free);
    desc_lint(desc_tree_root(tree), options, on_finding, findings);
    return findings;
}

GPtrArray *lint_bytes(const uint8_t *bytes, size_t len, enum desc_context context,
                      const struct desc_lint_options *options)
{
    struct desc_tree *tree;
    g_assert_cmpint(desc_parse(bytes, len, context, &tree), ==, 0);
    GPtrArray *findings = lint_findings(tree, options);
    desc_tree_free(tree);
    return findings;
}

bool lint_has_finding(const GPtrArray *findings, const char *id, uint32_t offset)
{
    for (guint i = 0; i < findings->len; i++) {
        const Finding *f = findings->pdata[i];
        if (strcmp(f->rule->id, id) == 0 && (offset == UINT32_MAX || offset == f->offset))
            return true;
    }
    return false;
}

char *lint_text(const GPtrArray *findings)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *f = findings->pdata[i];
        g_string_append_printf(text, "%u %s %s %s: found '%s', expected '%s'\n", f->offset,
                               desc_severity_name(f->rule->severity), f->rule->id, f->path,
                               f->found, f->expected);
    }
    return g_string_free(text, FALSE);
}

unsigned lint_count(const GPtrArray *findings, enum desc_severity least)
{
    unsigned n = 0;
    for (guint i = 0; i < findings->len; i++)
        n += ((const Finding *)findings->pdata[i])->rule->severity >= least;
    return n;
}
