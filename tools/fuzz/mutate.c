/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators of three kinds in one table: the schema's mutations, a row a kind of fault, and what
   needs a second case. */
#include "tools/fuzz/mutate.h"

#include <errno.h>
#include <string.h>

#include "descriptors/edit.h"
#include "descriptors/mutate.h"
#include "tools/fuzz/pictures.h"
#include "tools/fuzz/renumber.h"
#include "tools/fuzz/sweep.h"

#define MAX_OPS        128
#define ATTEMPTS       64 /* to find an operator that applies */
#define ID_ROW         3  /* of a terminal or unit */
#define END_SHARE      4 /* what reads too far is seen at the end alone, and there are many kinds */
#define MOST_CONTROLS  400 /* requests of a case with pictures */
#define FIRST_AT       8   /* packets, which there are in any case with pictures */
#define RENUMBER_SHARE 3
#define STREAM_SHARE   6 /* descriptors that are wrong may be so only for who takes pictures */

/* A case that is being changed. */
typedef struct {
    struct desc_tree *tree;
    struct desc_tree *other;
    GArray *faults;
    GByteArray *bytes; /* of a plain one, instead of the rest */
    FuzzRandom *random;
    FuzzSweep *sweep;
} Work;

typedef struct Op Op;
struct Op {
    const char *name;
    gboolean (*apply)(Work *work, const Op *op); /* FALSE: there is nothing to which it applies */
    guint kind;                                  /* of fault */
    guint share;                                 /* for so many */
    guint tries, news;
};

struct FuzzMutator {
    Op ops[MAX_OPS];
    guint n_ops;
    FuzzSweep *sweep; /* NULL: of bytes, which knows no fields */
};

/* ---- Descriptors ---- */

static gboolean apply_mutation(Work *work, const Op *op)
{
    char text[8];
    return desc_mutate(work->tree, op->name, fuzz_random(work->random), text, sizeof text) == 0;
}

/* Any node of one of the groups, each as likely. */
static struct desc_node *pick_node(Work *work, struct desc_tree *tree, guint32 groups)
{
    struct desc_node *root = &desc_tree_root(tree)->node, *picked = NULL;
    guint n = 0;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        if (node->type->group & groups && fuzz_random_below(work->random, ++n) == 0)
            picked = node;
    return picked;
}

/* A piece of the other case, instead of one of its kind or beside it. */
static gboolean apply_splice(Work *work, const Op *op)
{
    (void)op;
    struct desc_node *node = pick_node(work, work->tree, G_MAXUINT32);
    struct desc_node *from = node ? pick_node(work, work->other, node->type->group) : NULL;
    struct desc_node *copy = from ? desc_copy(work->tree, from) : NULL;

    if (copy == NULL || desc_place(node->parent, copy, node) != 0)
        return FALSE;
    if (fuzz_random_below(work->random, 2))
        desc_unlink(node);
    desc_locate(work->tree);
    return TRUE;
}

static gboolean apply_renumber(Work *work, const Op *op)
{
    (void)op;
    return fuzz_renumber(work->tree, work->random);
}

/* All that follows from what is there is made right: so that a guest does not stop before it comes
   to what else is wrong. */
static gboolean apply_derive(Work *work, const Op *op)
{
    (void)op;
    return desc_derive(work->tree) != -ENOMEM; /* what does not fit its field is a case, too */
}

/* A field or a few, and often with somebody who takes pictures: what a driver has read of a
   descriptor it may use only then. */
static gboolean apply_sweep(Work *work, const Op *op)
{
    const FuzzFault stream = {.kind = FUZZ_FAULT_STREAM};
    gboolean any = FALSE;

    (void)op;
    for (guint n = 1 + fuzz_random_below(work->random, 3); n; n--)
        any |= fuzz_sweep_step(work->sweep, work->tree, work->random);
    if (any && fuzz_random_below(work->random, 2) &&
        !fuzz_has_fault(work->faults, FUZZ_FAULT_STREAM))
        g_array_append_val(work->faults, stream);
    return any;
}

/* ---- Faults ---- */

/* Numbers that may be wrong: lengths about those that hosts ask for, and those where a number is
   one too many. */
static const guint32 speeds[] = {0, 1, 2, 3, 4, 255};
static const guint32 statuses[] = {1, 2, 3, 4, 5, 6, 255};
static const guint32 lengths[] = {0,  1,  2,  3,  4,   5,   7,   8,   9,   10,   17,   18,
                                  19, 63, 64, 65, 254, 255, 256, 511, 513, 4096, 65535};
static const guint32 class_lengths[] = {0, 1, 2, 3, 4, 11, 25, 26, 27, 33, 34, 35, 48, 64, 255};
static const guint32 fills[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
static const guint32 picture_lengths[] = {0,    1,     2,       699,     701,     4095,
                                          4096, 65535, 1 << 20, 4 << 20, 64 << 20};
static const guint32 payload_lengths[] = {0,   1,    2,    3,    11,   12,   13,   511,
                                          513, 1023, 1024, 1025, 3072, 3073, 16384};
static const guint32 header_lengths[] = {2, 12, 13, 64, 255};

/* How values of a kind are made: one of a list, or the place of a byte with its new value; and up
   to which `at`. */
static const struct {
    const guint32 *values;
    guint n_values, n_bytes, n_at;
} ranges[FUZZ_FAULT_KINDS] = {
#define LIST(tag, list, n_at)   [FUZZ_FAULT_##tag] = {list, G_N_ELEMENTS(list), 0, n_at}
#define BYTE(tag, places, n_at) [FUZZ_FAULT_##tag] = {NULL, 0, places, n_at}
    LIST(SPEED, speeds, 1),
    LIST(DESCRIPTOR_LENGTH, lengths, 12),
    BYTE(DESCRIPTOR_BYTE, 256, 12),
    LIST(STREAM, speeds, 1),
    LIST(STALL, speeds, 40),
    LIST(STATUS, statuses, 40),
    LIST(UNPLUG, speeds, 40),
    LIST(CLASS_LENGTH, class_lengths, 120),
    BYTE(CLASS_BYTE, 48, 120),
    LIST(CLASS_FILL, fills, 120),
    BYTE(PAYLOAD_BYTE, 16, 40),
    LIST(PAYLOAD_LENGTH, payload_lengths, 40),
    LIST(PAYLOAD_STATUS, statuses, 40),
    BYTE(INTERRUPT, 0, 60),
    BYTE(INTERRUPT_BYTE, 16, 60),
    LIST(PICTURE, picture_lengths, 1),
    LIST(PAYLOAD_UNPLUG, speeds, 40),
    LIST(PAYLOAD_HEADERS, header_lengths, 4),
#undef LIST
#undef BYTE
};

/* What is said to have happened to which entity or interface: those that there are have small
   numbers, and those events that mean something are 0. */
static guint32 any_interrupt(Work *work)
{
    FuzzRandom *random = work->random;
    const struct desc_node *entity = pick_node(work, work->tree, DESC_GROUP_VC_ENTITY);
    guint32 length = fuzz_random_below(random, 17), status = fuzz_random_below(random, 4);
    guint32 originator = fuzz_random_below(random, fuzz_random_below(random, 2) ? 16 : 256);
    guint32 event = fuzz_random_below(random, 2) ? 0 : fuzz_random_below(random, 256);

    if (entity && entity->present > ID_ROW && fuzz_random_below(random, 2)) {
        status = 1; /* of a control */
        originator = desc_get(entity, &entity->type->rows[ID_ROW], 0);
    }
    return length << 24 | event << 16 | originator << 8 | status;
}

/* The first bytes more often. Those that are changed are so by what is not 0. */
static guint32 any_byte(FuzzRandom *random, guint n, gboolean is_set)
{
    static const guint8 edges[] = {0, 1, 2, 3, 11, 13, 127, 128, 255};
    guint most = 1 + fuzz_random_below(random, n);
    guint32 at = fuzz_random_below(random, most);

    if (!is_set)
        return at << 8 | (1 + fuzz_random_below(random, 255));
    if (fuzz_random_below(random, 2))
        return at << 8 | edges[fuzz_random_below(random, G_N_ELEMENTS(edges))];
    return at << 8 | fuzz_random_below(random, 256);
}

static gboolean has_value(FuzzFaultKind kind)
{
    return kind != FUZZ_FAULT_STALL && kind != FUZZ_FAULT_UNPLUG && kind != FUZZ_FAULT_STREAM &&
           kind != FUZZ_FAULT_PAYLOAD_UNPLUG;
}

static guint32 any_value(Work *work, FuzzFaultKind kind)
{
    FuzzRandom *random = work->random;

    if (!has_value(kind))
        return 0;
    if (kind == FUZZ_FAULT_INTERRUPT)
        return any_interrupt(work);
    if (ranges[kind].values)
        return ranges[kind].values[fuzz_random_below(random, ranges[kind].n_values)];
    return any_byte(random, ranges[kind].n_bytes,
                    kind == FUZZ_FAULT_PAYLOAD_BYTE || kind == FUZZ_FAULT_INTERRUPT_BYTE);
}

/* A driver alone asks less than programs do. */
static guint most_at(Work *work, FuzzFaultKind kind)
{
    gboolean far =
        fuzz_fault_texts[kind].at == FUZZ_AT_CONTROL && fuzz_random_below(work->random, 3) == 0;
    return far ? MOST_CONTROLS : ranges[kind].n_at;
}

/* The first ones more often. */
static guint16 any_at(Work *work, FuzzFaultKind kind)
{
    guint n = 1 + fuzz_random_below(work->random, most_at(work, kind));
    return (guint16)fuzz_random_below(work->random, n);
}

/* Those that are met by who uses the camera come with somebody who does. */
static void add_fault(Work *work, FuzzFault fault)
{
    const FuzzFault stream = {.kind = FUZZ_FAULT_STREAM};

    g_array_append_val(work->faults, fault);
    if (!fuzz_has_fault(work->faults, FUZZ_FAULT_STREAM) &&
        (fuzz_fault_texts[fault.kind].at == FUZZ_AT_CLASS_IN || fuzz_pictures_meet(&fault)))
        g_array_append_val(work->faults, stream);
}

static gboolean apply_fault(Work *work, const Op *op)
{
    const FuzzFaultKind kind = (FuzzFaultKind)op->kind;
    const guint16 when = any_at(work, kind); /* drawn before the value, on every compiler */
    const FuzzFault fault = {kind, when, any_value(work, kind)};

    if (kind == FUZZ_FAULT_STREAM && fuzz_has_fault(work->faults, kind))
        return FALSE;
    add_fault(work, fault);
    return TRUE;
}

/* The same for bytes of what a camera sends by itself, and of how it answers for its descriptors,
   which are asked for more than once. */
static gboolean apply_sweep_byte(Work *work, const Op *op)
{
    static const FuzzFaultKind kinds[FUZZ_SWEPTS] = {
        [FUZZ_SWEPT_HEADER] = FUZZ_FAULT_PAYLOAD_BYTE,
        [FUZZ_SWEPT_STATUS] = FUZZ_FAULT_INTERRUPT_BYTE,
        [FUZZ_SWEPT_DESCRIPTOR] = FUZZ_FAULT_DESCRIPTOR_BYTE};
    const FuzzSwept what = (FuzzSwept)fuzz_random_below(work->random, FUZZ_SWEPTS);
    const guint16 when = (guint16)fuzz_random_below(work->random, FIRST_AT);
    const guint32 value = fuzz_sweep_byte(work->sweep, what, work->random);

    (void)op;
    if (what == FUZZ_SWEPT_DESCRIPTOR && (value & 0xff) == 0)
        return FALSE; /* nothing is changed */
    add_fault(work, (FuzzFault){kinds[what], when, value});
    return TRUE;
}

static gboolean apply_change_fault(Work *work, const Op *op)
{
    (void)op;
    if (work->faults->len == 0)
        return FALSE;
    FuzzFault *fault =
        &g_array_index(work->faults, FuzzFault, fuzz_random_below(work->random, work->faults->len));
    if (fuzz_random_below(work->random, 2))
        fault->at = any_at(work, fault->kind);
    else
        fault->value = any_value(work, fault->kind);
    return TRUE;
}

static gboolean apply_drop_fault(Work *work, const Op *op)
{
    (void)op;
    if (work->faults->len == 0)
        return FALSE;
    g_array_remove_index(work->faults, fuzz_random_below(work->random, work->faults->len));
    return TRUE;
}

/* ---- Bytes ---- */

static void change_byte(Work *work, guint mask)
{
    work->bytes->data[fuzz_random_below(work->random, work->bytes->len)] ^= (guint8)mask;
}

static gboolean apply_flip_bit_of_byte(Work *work, const Op *op)
{
    (void)op;
    if (work->bytes->len == 0)
        return FALSE;
    change_byte(work, 1u << fuzz_random_below(work->random, 8));
    return TRUE;
}

static gboolean apply_set_byte(Work *work, const Op *op)
{
    (void)op;
    if (work->bytes->len == 0)
        return FALSE;
    change_byte(work, 1 + fuzz_random_below(work->random, 255));
    return TRUE;
}

/* ---- The table ---- */

static void add_op(FuzzMutator *mutator, Op op)
{
    g_assert(mutator->n_ops < MAX_OPS);
    op.share = op.share ? op.share : 1;
    mutator->ops[mutator->n_ops++] = op;
}

FuzzMutator *fuzz_mutator_new(gboolean plain)
{
    FuzzMutator *mutator = g_new0(FuzzMutator, 1);
    const struct desc_mutation *mutation;

    if (plain) {
        add_op(mutator, (Op){.name = "byte-bit", .apply = apply_flip_bit_of_byte});
        add_op(mutator, (Op){.name = "byte", .apply = apply_set_byte});
        return mutator;
    }
    for (guint i = 0; (mutation = desc_mutation_at(i)); i++)
        add_op(mutator, (Op){.name = mutation->name,
                             .apply = apply_mutation,
                             .share = strcmp(mutation->name, "end-early") == 0 ? END_SHARE : 1});
    for (guint i = 0; i < FUZZ_FAULT_KINDS; i++)
        add_op(mutator, (Op){.name = fuzz_fault_texts[i].name,
                             .apply = apply_fault,
                             .kind = i,
                             .share = i == FUZZ_FAULT_STREAM ? STREAM_SHARE : 1});
    mutator->sweep = fuzz_sweep_new();
    add_op(mutator, (Op){.name = "renumber", .apply = apply_renumber, .share = RENUMBER_SHARE});
    add_op(mutator, (Op){.name = "sweep", .apply = apply_sweep});
    add_op(mutator, (Op){.name = "sweep-byte", .apply = apply_sweep_byte});
    add_op(mutator, (Op){.name = "change-fault", .apply = apply_change_fault});
    add_op(mutator, (Op){.name = "drop-fault", .apply = apply_drop_fault});
    add_op(mutator, (Op){.name = "splice", .apply = apply_splice});
    add_op(mutator, (Op){.name = "derive", .apply = apply_derive});
    return mutator;
}

void fuzz_mutator_free(FuzzMutator *mutator)
{
    if (mutator)
        fuzz_sweep_free(mutator->sweep);
    g_free(mutator);
}

/* ---- Choice ---- */

/* By what it brings a try. Each keeps a share: what brings nothing today may be what a later case
   needs, and a flaw need not look like new behaviour before it shows. */
static guint weight_of(const Op *op)
{
    return op->share * (64 + (guint)MIN(4096 * ((guint64)op->news + 1) / (op->tries + 32), 512));
}

static guint pick_op(const FuzzMutator *mutator, FuzzRandom *random)
{
    guint sum = 0, i = 0;

    for (guint k = 0; k < mutator->n_ops; k++)
        sum += weight_of(&mutator->ops[k]);
    for (guint left = fuzz_random_below(random, sum); left >= weight_of(&mutator->ops[i]); i++)
        left -= weight_of(&mutator->ops[i]);
    return i;
}

static guint find_op(const FuzzMutator *mutator, gboolean (*apply)(Work *work, const Op *op))
{
    guint i = 0;
    while (i < mutator->n_ops && mutator->ops[i].apply != apply)
        i++;
    return i;
}

/* Every other case begins with a field as it has not been yet, one of ten with such a byte.
   What was broken before may be followed by all that follows from it: a shape that is wrong in
   itself is not what one is that contradicts itself. */
static guint pick_next(const FuzzMutator *mutator, FuzzRandom *random, const FuzzTrail *trail)
{
    guint draw = mutator->sweep && trail->n == 0 ? fuzz_random_below(random, 30) : 30;

    if (draw < 15)
        return find_op(mutator, apply_sweep);
    if (draw < 18)
        return find_op(mutator, apply_sweep_byte);
    if (mutator->sweep && trail->n && fuzz_random_below(random, 5) == 0)
        return find_op(mutator, apply_derive);
    return pick_op(mutator, random);
}

/* One half of all have one step, a quarter two, and so on. */
static guint pick_steps(FuzzRandom *random)
{
    guint n = 1;
    while (n < FUZZ_MAX_STEPS && fuzz_random_below(random, 2))
        n++;
    return n;
}

static void work_begin(Work *work, FuzzRandom *random, const FuzzCase *from, const FuzzCase *other,
                       FuzzSweep *sweep)
{
    *work = (Work){.random = random, .sweep = sweep};
    if (!sweep) {
        work->bytes = g_bytes_unref_to_array(fuzz_case_pack(from));
        return;
    }
    work->tree = fuzz_parse_tree(from->descriptors);
    work->other = fuzz_parse_tree(other->descriptors);
    work->faults = g_array_copy(from->faults);
    desc_locate(work->tree);
}

/* Normal form: what parses to this case. NULL: it has become too large. */
static FuzzCase *work_end(Work *work)
{
    FuzzCase *result = NULL;

    if (work->bytes == NULL && desc_tree_root(work->tree)->node.total <= FUZZ_MAX_BYTES) {
        gsize size = desc_tree_root(work->tree)->node.total;
        guint8 *bytes = g_malloc(size + 1);
        FuzzCase made = {.faults = work->faults};
        desc_pack(desc_tree_root(work->tree), bytes, size);
        made.descriptors = g_bytes_new_take(bytes, size);
        work->bytes = g_bytes_unref_to_array(fuzz_case_pack(&made));
        g_bytes_unref(made.descriptors);
    }
    if (work->bytes) {
        result = fuzz_case_parse(work->bytes->data, work->bytes->len);
        g_byte_array_unref(work->bytes);
    }
    if (work->faults)
        g_array_unref(work->faults);
    desc_tree_free(work->tree);
    desc_tree_free(work->other);
    return result;
}

static FuzzCase *attempt(FuzzMutator *mutator, FuzzRandom *random, const FuzzCase *from,
                         const FuzzCase *other, FuzzTrail *trail)
{
    Work work;
    guint steps = pick_steps(random);

    trail->n = 0;
    work_begin(&work, random, from, other, mutator->sweep);
    for (guint i = 0; i < ATTEMPTS && trail->n < steps; i++) {
        guint op = pick_next(mutator, random, trail);
        if (mutator->ops[op].apply(&work, &mutator->ops[op]))
            trail->ops[trail->n++] = (guint8)op;
    }
    return work_end(&work);
}

FuzzCase *fuzz_mutate(FuzzMutator *mutator, FuzzRandom *random, const FuzzCase *from,
                      const FuzzCase *other, FuzzTrail *ret_trail)
{
    g_autoptr(GBytes) was = fuzz_case_pack(from);

    for (guint i = 0; i < ATTEMPTS; i++) {
        g_autoptr(FuzzCase) made = attempt(mutator, random, from, other, ret_trail);
        g_autoptr(GBytes) is = made ? fuzz_case_pack(made) : NULL;
        if (is && !g_bytes_equal(is, was))
            return g_steal_pointer(&made);
    }
    return fuzz_case_copy(from); /* so large that all makes it too large */
}

guint fuzz_mutator_least(const FuzzMutator *mutator, const FuzzCase *fuzz_case)
{
    if (!mutator->sweep)
        return 0;
    struct desc_tree *tree = fuzz_parse_tree(fuzz_case->descriptors);
    guint least = fuzz_sweep_least(mutator->sweep, tree);
    desc_tree_free(tree);
    return least;
}

gboolean fuzz_trail_sweeps(const FuzzMutator *mutator, const FuzzTrail *trail)
{
    for (guint i = 0; i < trail->n; i++)
        if (mutator->ops[trail->ops[i]].apply == apply_sweep)
            return TRUE;
    return FALSE;
}

/* ---- Learning ---- */

char *fuzz_trail_text(const FuzzMutator *mutator, const FuzzTrail *trail)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < trail->n; i++)
        g_string_append_printf(text, "%s%s", i ? "+" : "", mutator->ops[trail->ops[i]].name);
    return g_string_free(text, FALSE);
}

void fuzz_mutator_learn(FuzzMutator *mutator, const FuzzTrail *trail, gboolean brought_new)
{
    for (guint i = 0; i < trail->n; i++) {
        mutator->ops[trail->ops[i]].tries++;
        mutator->ops[trail->ops[i]].news += brought_new;
    }
}

/* As a shell's variables are named. */
static char *key_of(const Op *op)
{
    return g_strdelimit(g_strconcat("op_", op->name, NULL), "-", '_');
}

void fuzz_mutator_save(const FuzzMutator *mutator, GString *lines)
{
    for (guint i = 0; i < mutator->n_ops; i++) {
        g_autofree char *key = key_of(&mutator->ops[i]);
        g_string_append_printf(lines, "%s : %u %u\n", key, mutator->ops[i].tries,
                               mutator->ops[i].news);
    }
}

static void load_line(FuzzMutator *mutator, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1); /* "op_NAME", ":", tries, news */

    for (guint i = 0; g_strv_length(words) == 4 && i < mutator->n_ops; i++) {
        g_autofree char *key = key_of(&mutator->ops[i]);
        if (strcmp(words[0], key) == 0) {
            mutator->ops[i].tries = (guint)MIN(g_ascii_strtoull(words[2], NULL, 10), 1u << 30);
            mutator->ops[i].news =
                (guint)MIN(g_ascii_strtoull(words[3], NULL, 10), mutator->ops[i].tries);
        }
    }
}

void fuzz_mutator_load(FuzzMutator *mutator, const char *lines)
{
    g_auto(GStrv) all = g_strsplit(lines, "\n", -1);
    for (char **line = all; *line; line++)
        if (g_str_has_prefix(*line, "op_"))
            load_line(mutator, *line);
}
