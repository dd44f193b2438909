/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of the valid case are found again in the broken one's bytes by the cheapest way to
   make these of them: not by the broken one's own lengths, which may be what is wrong. */
#include "tools/fuzz/diff.h"

#include <string.h>

#include "descriptors/edit.h"
#include "descriptors/internal.h"
#include "descriptors/lint.h"
#include "descriptors/names.h"

#define MOST_LISTED 6           /* of descriptors that are missing together */
#define MAX_CELLS   (16u << 20) /* of the table; above it what differs is one change */

/* A descriptor of the valid case and what it became, or bytes that the valid one has not. */
typedef struct {
    const struct desc_node *node; /* NULL: bytes too many */
    const guint8 *was, *is;
    guint n_was, n_is;
    gboolean missing;
    guint at;         /* its first byte in the broken one */
    const char *name; /* of what is too many, "frame"; NULL: no descriptor */
} Piece;

typedef enum { FIELD, LENGTH, MISSING, INSERTED, FAULT } ChangeKind;

typedef struct {
    ChangeKind kind;
    guint group;
    guint piece, offset, size; /* FIELD: bytes of the piece */
    const struct desc_row *row;
    gsize index;
    FuzzFault fault;
} Change;

/* A field that differs, but is right in both cases: it is no change, but what follows from them. */
typedef struct {
    guint piece, offset;
    const struct desc_row *row;
} Follower;

struct FuzzDiff {
    struct desc_tree *valid;
    GBytes *was, *is;
    GArray *pieces;  /* of Piece, as they stand one behind the other */
    GArray *changes; /* of Change */
    GArray *followers;
    guint n_groups;
};

static const Piece *piece_at(const FuzzDiff *diff, guint i)
{
    return &g_array_index(diff->pieces, Piece, i);
}

static const Change *change_at(const FuzzDiff *diff, guint i)
{
    return &g_array_index(diff->changes, Change, i);
}

/* Never NULL, also of none. */
static const guint8 *data_of(GBytes *bytes, gsize *ret_size)
{
    const guint8 *data = g_bytes_get_data(bytes, ret_size);
    return data ? data : (const guint8 *)"";
}

/* ---- Which bytes are which descriptor ---- */

typedef enum { MATCH, DROP, INSERT } StepKind;

/* The cheapest way from here to both ends. */
typedef struct {
    guint32 cost;
    guint16 size; /* bytes of the broken one */
    guint8 kind;
} Step;

typedef struct {
    const struct desc_node **nodes;
    guint n; /* of them */
    const guint8 *was, *is;
    guint m;     /* bytes of `is` */
    Step *steps; /* (n + 1) times (m + 1) */
} Alignment;

static Step *step_at(const Alignment *a, guint i, guint j)
{
    return &a->steps[(gsize)i * (a->m + 1) + j];
}

static void offer(Step *best, StepKind kind, guint size, guint cost, const Step *rest)
{
    if (cost + rest->cost < best->cost)
        *best = (Step){cost + rest->cost, (guint16)size, (guint8)kind};
}

static guint count_other_bytes(const guint8 *a, const guint8 *b, guint n)
{
    guint other = 0;
    for (guint i = 0; i < n; i++)
        other += a[i] != b[i];
    return other;
}

/* The descriptor became size bytes of the broken one. */
static void offer_match(const Alignment *a, Step *best, guint i, guint j, guint size)
{
    guint was = (guint)desc_own_size(a->nodes[i]);
    const guint8 *bytes = a->was + a->nodes[i]->offset;
    guint resized = size == was ? 0 : 6 + (size > was ? size - was : was - size) / 4;

    offer(best, MATCH, size, 2 * count_other_bytes(bytes, a->is + j, MIN(size, was)) + resized,
          step_at(a, i + 1, j + size));
}

static void offer_matches(const Alignment *a, Step *best, guint i, guint j)
{
    guint was = (guint)desc_own_size(a->nodes[i]), left = a->m - j;
    guint said = left ? a->is[j] : 0;

    if (was <= left)
        offer_match(a, best, i, j, was);
    if (said >= 2 && said <= left && said != was)
        offer_match(a, best, i, j, said);
    /* Cut short without saying so: by type alone it is known. */
    if (left >= 2 && was > 2 && a->is[j + 1] == a->was[a->nodes[i]->offset + 1])
        for (guint size = 2; size < MIN(was, left + 1); size++)
            offer_match(a, best, i, j, size);
}

static void fill_step(const Alignment *a, guint i, guint j)
{
    Step best = {i == a->n && j == a->m ? 0 : G_MAXUINT32 / 2, 0, MATCH};
    guint left = a->m - j;

    if (i < a->n) {
        offer_matches(a, &best, i, j);
        offer(&best, DROP, 0, 4 + (guint)desc_own_size(a->nodes[i]) / 4, step_at(a, i + 1, j));
    }
    if (left && a->is[j] >= 2 && a->is[j] <= left)
        offer(&best, INSERT, a->is[j], 4 + a->is[j] / 4u, step_at(a, i, j + a->is[j]));
    if (left)
        offer(&best, INSERT, 1, 3, step_at(a, i, j + 1));
    *step_at(a, i, j) = best;
}

/* ---- Pieces ---- */

static void add_piece(FuzzDiff *diff, const struct desc_node *node, StepKind kind, guint at,
                      guint size)
{
    const guint8 *was = data_of(diff->was, NULL), *is = data_of(diff->is, NULL);
    Piece piece = {.is = is + at, .n_is = size, .at = at, .missing = kind == DROP};

    if (kind != INSERT) {
        piece.node = node;
        piece.was = was + node->offset;
        piece.n_was = (guint)desc_own_size(node);
    }
    g_array_append_val(diff->pieces, piece);
}

static void add_pieces(FuzzDiff *diff, const Alignment *a, guint base)
{
    for (guint i = 0, j = 0; i < a->n || j < a->m;) {
        const Step *step = step_at(a, i, j);
        add_piece(diff, i < a->n ? a->nodes[i] : NULL, (StepKind)step->kind, base + j, step->size);
        j += step->size;
        i += step->kind != INSERT;
    }
}

/* Without a table: all of one, for all of the other. */
static void add_all(FuzzDiff *diff, const Alignment *a, guint base)
{
    for (guint i = 0; i < a->n; i++)
        add_piece(diff, a->nodes[i], DROP, base, 0);
    if (a->m)
        add_piece(diff, NULL, INSERT, base, a->m);
}

static void align_rest(FuzzDiff *diff, Alignment *a, guint base)
{
    gsize cells = ((gsize)a->n + 1) * (a->m + 1);

    if (cells > MAX_CELLS) {
        add_all(diff, a, base);
        return;
    }
    a->steps = g_new(Step, cells);
    for (guint i = a->n + 1; i-- > 0;)
        for (guint j = a->m + 1; j-- > 0;)
            fill_step(a, i, j);
    add_pieces(diff, a, base);
    g_free(a->steps);
}

static gboolean same_at(const struct desc_node *node, const guint8 *was, const guint8 *is, gsize at,
                        gsize size)
{
    gsize own = desc_own_size(node);
    return at + own <= size && memcmp(was + node->offset, is + at, own) == 0;
}

/* Most is the same at both ends, and needs no table. */
static void align(FuzzDiff *diff, GPtrArray *nodes)
{
    gsize n_was, n_is;
    const guint8 *was = data_of(diff->was, &n_was);
    const guint8 *is = data_of(diff->is, &n_is);
    guint first = 0, end = nodes->len, begin = 0, tail = 0;

    for (; first < end && same_at(nodes->pdata[first], was, is, begin, n_is); first++) {
        add_piece(diff, nodes->pdata[first], MATCH, begin,
                  (guint)desc_own_size(nodes->pdata[first]));
        begin += (guint)desc_own_size(nodes->pdata[first]);
    }
    for (; end > first; end--, tail += (guint)desc_own_size(nodes->pdata[end])) {
        gsize own = desc_own_size(nodes->pdata[end - 1]);
        if (begin + tail + own > n_is ||
            !same_at(nodes->pdata[end - 1], was, is, n_is - tail - own, n_is))
            break;
    }
    Alignment rest = {(const struct desc_node **)(gpointer)nodes->pdata + first,
                      end - first,
                      was,
                      is + begin,
                      (guint)n_is - begin - tail,
                      NULL};
    align_rest(diff, &rest, begin);
    for (guint at = (guint)n_is - tail; end < nodes->len; end++) {
        add_piece(diff, nodes->pdata[end], MATCH, at, (guint)desc_own_size(nodes->pdata[end]));
        at += (guint)desc_own_size(nodes->pdata[end]);
    }
}

/* ---- What follows from what ---- */

static gboolean counts_children(const struct desc_type *type, const struct desc_row *row)
{
    for (guint i = type->n_wire; i < type->n_rows; i++)
        if (type->rows[i].n_offset == row->n_offset)
            return TRUE;
    return FALSE;
}

/* In a tree that desc_locate() has seen. FALSE: it follows from nothing. */
static gboolean right_value(const struct desc_node *node, const struct desc_row *row,
                            guint64 *ret_value)
{
    if (row->role == DESC_ROLE_SIZE)
        *ret_value = desc_own_size(node);
    else if (row->role == DESC_ROLE_TOTAL)
        *ret_value = node->total;
    else if (row->role == DESC_ROLE_COUNT && counts_children(node->type, row))
        *ret_value = desc_counted(node, row);
    else
        return FALSE;
    return TRUE;
}

static gboolean is_right(const struct desc_node *node, const struct desc_row *row)
{
    guint64 right;
    return right_value(node, row, &right) && right == desc_get(node, row, 0);
}

/* Nodes of a tree in stream order. */
typedef struct {
    const struct desc_node *root, *next;
} Cursor;

static Cursor cursor_of(struct desc_tree *tree)
{
    const struct desc_node *root = &desc_tree_root(tree)->node;
    return (Cursor){root, desc_next(root, root)};
}

/* The node that begins there. Offsets must not fall from call to call. */
static const struct desc_node *any_node_at(Cursor *cursor, gsize offset)
{
    while (cursor->next && cursor->next->offset < offset)
        cursor->next = desc_next(cursor->next, cursor->root);
    return cursor->next && cursor->next->offset == offset ? cursor->next : NULL;
}

/* If it is of this kind. */
static const struct desc_node *node_at(Cursor *cursor, gsize offset, enum desc_kind kind)
{
    const struct desc_node *node = any_node_at(cursor, offset);
    return node && node->type->kind == kind ? node : NULL;
}

/* ---- Changes ---- */

static void add_change(FuzzDiff *diff, Change change, gboolean joins)
{
    change.group = joins ? diff->n_groups - 1 : diff->n_groups++;
    g_array_append_val(diff->changes, change);
}

static gboolean follows(const Piece *p, const struct desc_row *row, Cursor *broken)
{
    if (row == NULL || !is_right(p->node, row))
        return FALSE;
    if (row->role == DESC_ROLE_SIZE)
        return p->is[0] == (guint8)p->n_is;
    const struct desc_node *became = node_at(broken, p->at, p->node->type->kind);
    return became && is_right(became, row);
}

static void add_field(FuzzDiff *diff, guint piece, Cursor *broken, const struct desc_row *row,
                      gsize index, guint offset, guint size)
{
    const Piece *p = piece_at(diff, piece);

    if (memcmp(p->was + offset, p->is + offset, size) == 0)
        return;
    if (follows(p, row, broken)) {
        const Follower follower = {piece, offset, row};
        g_array_append_val(diff->followers, follower);
        return;
    }
    add_change(diff,
               (Change){.kind = FIELD,
                        .piece = piece,
                        .offset = offset,
                        .size = size,
                        .row = row,
                        .index = index},
               FALSE);
}

/* Field after field, as far as both go; then the bytes that are no field's. */
static void add_fields(FuzzDiff *diff, guint piece, Cursor *broken)
{
    const Piece *p = piece_at(diff, piece);
    const guint end = MIN(p->n_was, p->n_is);
    guint offset = 0;

    for (guint i = 0; i < p->node->present; i++) {
        const struct desc_row *row = &p->node->type->rows[i];
        gsize n = desc_elements(p->node, row);
        for (gsize k = 0; k < n && offset < end; k++, offset += row->width)
            add_field(diff, piece, broken, row, k, offset, MIN(row->width, end - offset));
    }
    for (; offset < end; offset++)
        add_field(diff, piece, broken, NULL, 0, offset, 1);
}

/* What it is to the broken case's own tree. */
static const char *name_of(const Piece *p, Cursor *broken)
{
    const struct desc_node *node = any_node_at(broken, p->at);
    gboolean whole =
        node && node->type->kind != DESC_KIND_usb_raw && desc_own_size(node) == p->n_is;
    return whole ? node->type->text->name : NULL;
}

static void add_changes_of(FuzzDiff *diff, guint i, Cursor *broken)
{
    const Piece *p = piece_at(diff, i), *before = i ? piece_at(diff, i - 1) : NULL;

    if (p->node == NULL) {
        g_array_index(diff->pieces, Piece, i).name = name_of(p, broken);
        add_change(diff, (Change){.kind = INSERTED, .piece = i}, before && before->node == NULL);
    } else if (p->missing) {
        add_change(diff, (Change){.kind = MISSING, .piece = i}, before && before->missing);
    } else {
        if (p->n_was != p->n_is)
            add_change(diff, (Change){.kind = LENGTH, .piece = i}, FALSE);
        add_fields(diff, i, broken);
    }
}

static struct desc_tree *parse(GBytes *bytes)
{
    struct desc_tree *tree = fuzz_parse_tree(bytes);
    desc_locate(tree);
    return tree;
}

/* With all changes made each piece is where the broken case has it. */
static gboolean has_followed(const Piece *p, const Follower *f, GBytes *result)
{
    const guint8 *bytes = data_of(result, NULL);
    return memcmp(bytes + p->at + f->offset, p->is + f->offset, f->row->width) == 0;
}

/* One may follow only where another has already: a count, from what a total lets in. Such are
   changes after all. */
static void settle_followers(FuzzDiff *diff)
{
    for (gboolean settled = FALSE; !settled;) {
        g_autofree gboolean *kept = g_new(gboolean, diff->changes->len + 1);
        for (guint i = 0; i < diff->changes->len; i++)
            kept[i] = TRUE;
        g_autoptr(FuzzCase) all = fuzz_diff_apply(diff, kept);
        settled = TRUE;
        for (guint i = diff->followers->len; i-- > 0;) {
            const Follower f = g_array_index(diff->followers, Follower, i);
            if (has_followed(piece_at(diff, f.piece), &f, all->descriptors))
                continue;
            add_change(diff,
                       (Change){.kind = FIELD,
                                .piece = f.piece,
                                .offset = f.offset,
                                .size = f.row->width,
                                .row = f.row},
                       FALSE);
            g_array_remove_index(diff->followers, i);
            settled = FALSE;
        }
    }
}

FuzzDiff *fuzz_diff_new(const FuzzCase *valid, const FuzzCase *broken)
{
    FuzzDiff *diff = g_new0(FuzzDiff, 1);
    g_autoptr(GPtrArray) nodes = g_ptr_array_sized_new(64);
    struct desc_tree *tree = parse(broken->descriptors);
    Cursor cursor = cursor_of(tree);

    diff->was = g_bytes_ref(valid->descriptors);
    diff->is = g_bytes_ref(broken->descriptors);
    diff->valid = parse(valid->descriptors);
    diff->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    diff->changes = g_array_new(FALSE, FALSE, sizeof(Change));
    diff->followers = g_array_new(FALSE, FALSE, sizeof(Follower));
    const struct desc_node *root = &desc_tree_root(diff->valid)->node;
    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        g_ptr_array_add(nodes, node);
    align(diff, nodes);
    for (guint i = 0; i < diff->pieces->len; i++)
        add_changes_of(diff, i, &cursor);
    settle_followers(diff);
    for (guint i = 0; i < broken->faults->len; i++)
        add_change(diff,
                   (Change){.kind = FAULT, .fault = g_array_index(broken->faults, FuzzFault, i)},
                   FALSE);
    desc_tree_free(tree);
    return diff;
}

void fuzz_diff_free(FuzzDiff *diff)
{
    if (diff == NULL)
        return;
    desc_tree_free(diff->valid);
    g_bytes_unref(diff->was);
    g_bytes_unref(diff->is);
    g_array_unref(diff->pieces);
    g_array_unref(diff->changes);
    g_array_unref(diff->followers);
    g_free(diff);
}

guint fuzz_diff_size(const FuzzDiff *diff)
{
    return diff->changes->len;
}

guint fuzz_diff_group(const FuzzDiff *diff, guint change)
{
    return change_at(diff, change)->group;
}

gboolean fuzz_diff_is_use(const FuzzDiff *diff, guint change)
{
    const Change *at = change_at(diff, change);
    return at->kind == FAULT && at->fault.kind == FUZZ_FAULT_STREAM;
}

guint fuzz_diff_n_groups(const FuzzDiff *diff)
{
    return diff->n_groups;
}

/* ---- Some of the changes ---- */

/* A piece as it goes into the result. */
typedef struct {
    guint8 *bytes;
    guint size, at;
    gboolean out;
} Built;

static void build_length(Built *built, const Piece *p)
{
    built->bytes = g_realloc(built->bytes, p->n_is + 1);
    if (p->n_is > p->n_was)
        memcpy(built->bytes + p->n_was, p->is + p->n_was, p->n_is - p->n_was);
    built->size = p->n_is;
}

static void build_change(const FuzzDiff *diff, Built *all, guint i, GArray *faults)
{
    const Change *change = change_at(diff, i);
    Built *built = &all[change->piece];
    const Piece *p = piece_at(diff, change->piece);

    switch (change->kind) {
    case FIELD:
        if (change->offset + change->size <= built->size)
            memcpy(built->bytes + change->offset, p->is + change->offset, change->size);
        break;
    case LENGTH:
        build_length(built, p);
        break;
    case MISSING:
        built->out = TRUE;
        break;
    case INSERTED:
        built->out = FALSE;
        break;
    case FAULT:
        g_array_append_val(faults, change->fault);
        break;
    }
}

static Built *build_all(const FuzzDiff *diff, const gboolean *kept, GArray *faults)
{
    Built *all = g_new0(Built, diff->pieces->len + 1);

    for (guint i = 0; i < diff->pieces->len; i++) {
        const Piece *p = piece_at(diff, i);
        const guint8 *bytes = p->node ? p->was : p->is;
        all[i].size = p->node ? p->n_was : p->n_is;
        all[i].bytes = g_malloc(all[i].size + 1);
        memcpy(all[i].bytes, bytes, all[i].size);
        all[i].out = p->node == NULL;
    }
    for (guint i = 0; i < diff->changes->len; i++)
        if (kept[i])
            build_change(diff, all, i, faults);
    return all;
}

static void put_value(guint8 *bytes, guint64 value, guint width)
{
    for (guint i = 0; i < width; i++)
        bytes[i] = (guint8)(value >> 8 * i);
}

static GByteArray *join(const FuzzDiff *diff, Built *all)
{
    GByteArray *bytes = g_byte_array_new();

    for (guint i = 0; i < diff->followers->len; i++) {
        const Follower *f = &g_array_index(diff->followers, Follower, i);
        if (f->row->role == DESC_ROLE_SIZE && all[f->piece].size)
            put_value(all[f->piece].bytes + f->offset, all[f->piece].size, f->row->width);
    }
    for (guint i = 0; i < diff->pieces->len; i++) {
        all[i].at = bytes->len;
        if (!all[i].out)
            g_byte_array_append(bytes, all[i].bytes, all[i].size);
    }
    return bytes;
}

/* Counts and totals, by the tree that the result is. */
static void follow_tree(const FuzzDiff *diff, const Built *all, GByteArray *bytes)
{
    g_autoptr(GBytes) copy = g_bytes_new(bytes->data, bytes->len);
    struct desc_tree *tree = parse(copy);
    Cursor cursor = cursor_of(tree);

    for (guint i = 0; i < diff->followers->len; i++) {
        const Follower *f = &g_array_index(diff->followers, Follower, i);
        const Built *built = &all[f->piece];
        guint64 value;
        if (f->row->role == DESC_ROLE_SIZE || built->out)
            continue;
        const struct desc_node *became =
            node_at(&cursor, built->at, piece_at(diff, f->piece)->node->type->kind);
        if (became && f->offset + f->row->width <= built->size &&
            right_value(became, f->row, &value))
            put_value(bytes->data + built->at + f->offset, value, f->row->width);
    }
    desc_tree_free(tree);
}

FuzzCase *fuzz_diff_apply(const FuzzDiff *diff, const gboolean *kept)
{
    FuzzCase *result = g_new0(FuzzCase, 1);

    result->faults = g_array_new(FALSE, FALSE, sizeof(FuzzFault));
    Built *all = build_all(diff, kept, result->faults);
    GByteArray *bytes = join(diff, all);
    follow_tree(diff, all, bytes);
    result->descriptors = g_byte_array_free_to_bytes(bytes);
    for (guint i = 0; i < diff->pieces->len; i++)
        g_free(all[i].bytes);
    g_free(all);
    return result;
}

/* ---- Words ---- */

static char *path_of(const struct desc_node *node, const struct desc_row *row, gsize index)
{
    char path[512];

    desc_path(node, row, index, path, sizeof path);
    return g_strdup(path);
}

static char *hex(const guint8 *bytes, guint n)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < MIN(n, 64); i++)
        g_string_append_printf(text, "%s%02x", i ? " " : "", bytes[i]);
    if (n > 64)
        g_string_append(text, " ...");
    return g_string_free(text, FALSE);
}

static char *value_text(const Change *change, const guint8 *bytes)
{
    char text[128];
    guint64 value = 0;

    if (change->row == NULL || change->row->width > 8 || change->size != change->row->width)
        return hex(bytes, change->size);
    for (guint i = change->size; i-- > 0;)
        value = value << 8 | bytes[i];
    desc_value_text(change->row, value, text, sizeof text);
    return g_strdup(text);
}

static char *field_words(const Change *change, const Piece *p)
{
    g_autofree char *path = path_of(p->node, change->row, change->index);
    g_autofree char *was = value_text(change, p->was + change->offset);
    g_autofree char *is = value_text(change, p->is + change->offset);

    if (change->row == NULL)
        return g_strdup_printf("%s: byte %u: %s, now %s", path, change->offset, was, is);
    return g_strdup_printf("%s: %s, now %s", path, was, is);
}

/* The last of the valid case's descriptors before a piece; NULL: there is none. */
static const Piece *piece_before(const FuzzDiff *diff, guint piece)
{
    while (piece-- > 0)
        if (piece_at(diff, piece)->node)
            return piece_at(diff, piece);
    return NULL;
}

static char *path_before(const Piece *before)
{
    return before ? path_of(before->node, NULL, 0) : g_strdup("the beginning");
}

static char *inserted_words(const FuzzDiff *diff, guint piece)
{
    const Piece *p = piece_at(diff, piece), *before = piece_before(diff, piece);
    g_autofree char *path = path_before(before);

    if (before && p->n_is == before->n_is && memcmp(p->is, before->is, p->n_is) == 0)
        return g_strdup_printf("%s: there twice", path);
    g_autofree char *bytes = hex(p->is, p->n_is);
    return g_strdup_printf("behind %s: %s%s%u bytes more: %s", path, p->name ? p->name : "",
                           p->name ? " of " : "", p->n_is, bytes);
}

char *fuzz_diff_words(const FuzzDiff *diff, guint i)
{
    const Change *change = change_at(diff, i);

    if (change->kind == FAULT)
        return fuzz_fault_words(&change->fault);
    if (change->kind == INSERTED)
        return inserted_words(diff, change->piece);
    const Piece *p = piece_at(diff, change->piece);
    if (change->kind == FIELD)
        return field_words(change, p);
    g_autofree char *path = path_of(p->node, NULL, 0);
    return change->kind == MISSING
               ? g_strdup_printf("%s: missing", path)
               : g_strdup_printf("%s: %u bytes, now %u", path, p->n_was, p->n_is);
}

/* How many descriptors are missing from change i on, and which change is the last of them. */
static guint count_missing(const FuzzDiff *diff, const gboolean *kept, guint i, guint *ret_last)
{
    const Change *first = change_at(diff, i);
    guint n = 0;

    for (; i < diff->changes->len && change_at(diff, i)->group == first->group; i++)
        if (kept[i] && change_at(diff, i)->kind == MISSING) {
            *ret_last = i;
            n++;
        }
    return n;
}

char *fuzz_diff_line(const FuzzDiff *diff, const gboolean *kept, guint *i)
{
    guint first = *i, last = first, listed = 0;
    guint n = count_missing(diff, kept, first, &last);

    if (n < 2 || change_at(diff, first)->kind != MISSING)
        return fuzz_diff_words(diff, first);
    GString *line = g_string_new(NULL);
    g_autofree char *behind = path_before(piece_before(diff, change_at(diff, first)->piece));
    g_string_printf(line, "%u descriptors are missing behind %s:", n, behind);
    for (guint k = first; k <= last && listed < MOST_LISTED; k++)
        if (kept[k]) {
            g_autofree char *path =
                path_of(piece_at(diff, change_at(diff, k)->piece)->node, NULL, 0);
            g_string_append_printf(line, "%s %s", listed++ ? "," : "", path);
        }
    if (listed < n)
        g_string_append_printf(line, " and %u more", n - listed);
    *i = last;
    return g_string_free(line, FALSE);
}

char *fuzz_fault_words(const FuzzFault *fault)
{
    static const char *const things[] = {
        [FUZZ_AT_NONE] = "",
        [FUZZ_AT_GET_DESCRIPTOR] = "GET_DESCRIPTOR",
        [FUZZ_AT_CONTROL] = "control request",
        [FUZZ_AT_CLASS_IN] = "class-specific IN request",
        [FUZZ_AT_PAYLOAD] = "payload",
        [FUZZ_AT_INTERRUPT] = "status interrupt at occasion",
    };
    const struct {
        const char *pattern;
        guint32 value;
    } values[] = {{"value >> 24", fault->value >> 24},
                  {"value >> 8", fault->value >> 8},
                  {"value & 255", fault->value & 255},
                  {"value", fault->value}};
    const FuzzFaultText *text = &fuzz_fault_texts[fault->kind];
    GString *words = g_string_new(text->what);

    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *number = g_strdup_printf("%u", values[i].value);
        g_string_replace(words, values[i].pattern, number, 0);
    }
    if (text->at == FUZZ_AT_INTERRUPT)
        g_string_append_printf(words, ": 0x%06x", fault->value & 0xffffff);
    g_autofree char *which =
        text->at == FUZZ_AT_NONE
            ? g_strdup("")
            : g_strdup_printf("%s %u (counted from 0) ", things[text->at], fault->at);
    g_string_prepend(words, which);
    return g_string_free(words, FALSE);
}
