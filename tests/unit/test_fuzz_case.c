/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases and what they are made of: bytes to case to bytes, seeds, mutations, and our own readers as
   a target. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptors/mutate.h"
#include "tools/fuzz/check.h"
#include "tools/fuzz/diff.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/mutate.h"
#include "tools/fuzz/pictures.h"
#include "tools/fuzz/renumber.h"
#include "tools/fuzz/seeds.h"
#include "tools/fuzz/sweep.h"
#include "tools/fuzz/transplant.h"

static GPtrArray *seeds;

static const FuzzCase *seed(guint i)
{
    return ((FuzzSeed *)seeds->pdata[i % seeds->len])->fuzz_case;
}

static void assert_same(const FuzzCase *a, const FuzzCase *b)
{
    g_autoptr(GBytes) x = fuzz_case_pack(a), y = fuzz_case_pack(b);
    g_assert_true(g_bytes_equal(x, y));
}

/* ---- Bytes ---- */

/* Any bytes, also such that look like faults, come back. */
static void test_any_bytes(void)
{
    FuzzRandom random = {1};
    guint with_faults = 0;

    for (guint i = 0; i < 20000; i++) {
        guint8 bytes[64];
        gsize size = fuzz_random_below(&random, sizeof bytes);
        for (gsize k = 0; k < size; k++)
            bytes[k] = fuzz_random_below(&random, 4) ? (guint8)fuzz_random(&random)
                       : k % 9 == size % 9           ? 9
                                                     : FUZZ_FAULT_TYPE;
        for (gsize k = size % 9; i % 2 && k + 9 <= size; k += 9)
            memcpy(bytes + k, (const guint8[]){9, FUZZ_FAULT_TYPE, (guint8)(i % FUZZ_FAULT_KINDS)},
                   3);
        g_autoptr(FuzzCase) fuzz_case = fuzz_case_parse(bytes, size);
        g_autoptr(GBytes) packed = fuzz_case_pack(fuzz_case);
        g_assert_cmpmem(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed), bytes, size);
        with_faults += fuzz_case->faults->len > 0;
    }
    g_assert_cmpuint(with_faults, >, 1000);
}

static void test_faults(void)
{
    const FuzzFault faults[] = {
        {FUZZ_FAULT_STALL, 3, 0},
        {FUZZ_FAULT_INTERRUPT, 65535, 0xfffefdfc},
        {FUZZ_FAULT_DESCRIPTOR_BYTE, 0, 0x1234},
    };
    g_autoptr(FuzzCase) fuzz_case = fuzz_case_copy(seed(0));

    g_array_append_vals(fuzz_case->faults, faults, G_N_ELEMENTS(faults));
    g_autoptr(GBytes) packed = fuzz_case_pack(fuzz_case);
    g_autoptr(FuzzCase) again =
        fuzz_case_parse(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
    g_assert_true(g_bytes_equal(again->descriptors, seed(0)->descriptors));
    g_assert_cmpuint(again->faults->len, ==, G_N_ELEMENTS(faults));
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        const FuzzFault *fault = &g_array_index(again->faults, FuzzFault, i);
        g_assert_cmpint(fault->kind, ==, faults[i].kind);
        g_assert_cmpuint(fault->at, ==, faults[i].at);
        g_assert_cmpuint(fault->value, ==, faults[i].value);
    }
    g_assert_cmpuint(seed(0)->faults->len, ==, 0);
}

/* What a newer version did wrong stays behind the descriptors, and is seen to be no part of them.
 */
static void test_newer(void)
{
    const FuzzFault fault = {FUZZ_FAULT_STALL, 3, 0};
    g_autoptr(FuzzCase) fuzz_case = fuzz_case_copy(seed(0));

    g_array_append_val(fuzz_case->faults, fault);
    g_assert_false(fuzz_case_is_newer(fuzz_case));
    g_autoptr(GByteArray) bytes = g_bytes_unref_to_array(fuzz_case_pack(fuzz_case));
    bytes->data[bytes->len - 7] = FUZZ_FAULT_KINDS;
    g_autoptr(FuzzCase) newer = fuzz_case_parse(bytes->data, bytes->len);
    g_assert_true(fuzz_case_is_newer(newer));
    g_autoptr(FuzzCase) none = fuzz_case_parse(NULL, 0);
    g_assert_false(fuzz_case_is_newer(none));
}

/* ---- Mutations ---- */

/* The same seed, the same cases; each differs from what it was made of, and is in normal form. */
static void test_mutate(gconstpointer plain)
{
    g_autoptr(FuzzMutator) a = fuzz_mutator_new(plain != NULL);
    g_autoptr(FuzzMutator) b = fuzz_mutator_new(plain != NULL);
    g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint with_faults = 0;

    for (guint i = 0; i < 2000; i++) {
        FuzzRandom one = fuzz_random_of(7, 0, i), two = one;
        FuzzTrail trail, again;
        g_autoptr(FuzzCase) made = fuzz_mutate(a, &one, seed(i), seed(i / 7), &trail);
        g_autoptr(FuzzCase) same = fuzz_mutate(b, &two, seed(i), seed(i / 7), &again);
        assert_same(made, same);
        g_assert_false(made->faults->len == 0 &&
                       g_bytes_equal(made->descriptors, seed(i)->descriptors));
        g_autoptr(GBytes) packed = fuzz_case_pack(made);
        g_autoptr(FuzzCase) parsed =
            fuzz_case_parse(g_bytes_get_data(packed, NULL), g_bytes_get_size(packed));
        g_assert_cmpuint(parsed->faults->len, ==, made->faults->len);
        with_faults += made->faults->len > 0;
        g_hash_table_add(texts, fuzz_trail_text(a, &trail));
        fuzz_mutator_learn(a, &trail, i % 5 == 0);
        fuzz_mutator_learn(b, &again, i % 5 == 0);
    }
    g_test_message("%u with faults, %u trails", with_faults, g_hash_table_size(texts));
    g_assert_true(plain ? with_faults == 0 : with_faults > 100);
    g_assert_cmpuint(g_hash_table_size(texts), >, plain ? 10 : 500);
}

/* What only a user of the camera meets is never without one. */
static void test_streamed(void)
{
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(FALSE);
    guint used = 0;

    for (guint i = 0; i < 2000; i++) {
        FuzzRandom random = fuzz_random_of(9, 0, i);
        FuzzTrail trail;
        g_autoptr(FuzzCase) made = fuzz_mutate(mutator, &random, seed(i), seed(i + 1), &trail);
        g_autofree char *text = fuzz_trail_text(mutator, &trail);
        gboolean streams = FALSE, needed = FALSE;
        for (guint k = 0; k < made->faults->len; k++) {
            FuzzFaultKind kind = g_array_index(made->faults, FuzzFault, k).kind;
            streams |= kind == FUZZ_FAULT_STREAM;
            needed |= fuzz_fault_texts[kind].at >= FUZZ_AT_CLASS_IN;
        }
        g_assert_true(streams || !needed || strstr(text, "drop-fault"));
        used += streams;
    }
    g_test_message("%u of 2000", used);
    g_assert_cmpuint(used, >, 200);
    g_assert_cmpuint(used, <, 1000);
}

/* "kind.field", of each field that is there; set: that is 0. */
static void add_fields(GHashTable *set, struct desc_tree *tree, gboolean zero)
{
    struct desc_node *root = &desc_tree_root(tree)->node;

    for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
        for (guint i = 0; i < node->present; i++) {
            const struct desc_row *row = &node->type->rows[i];
            if (row->role != DESC_ROLE_VAR || row->width > 8 || (zero && desc_get(node, row, 0)))
                continue;
            g_hash_table_add(set, g_strdup_printf("%s.%s", node->type->text->tag, row->name));
        }
}

/* Until nothing is left that was not tried, each field was 0, at whatever place of how many. */
static void test_sweep(void)
{
    g_autoptr(FuzzSweep) sweep = fuzz_sweep_new();
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) zero = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    FuzzRandom random = {5};
    guint steps = 0, changed = 0;

    for (gboolean more = TRUE; more; steps++) {
        struct desc_tree *tree = fuzz_parse_tree(seed(0)->descriptors);
        add_fields(all, tree, FALSE);
        more = fuzz_sweep_least(sweep, tree) == 0;
        changed += more && fuzz_sweep_step(sweep, tree, &random);
        add_fields(zero, tree, TRUE);
        desc_tree_free(tree);
    }
    g_test_message("%u steps, %u changes, %u fields", steps, changed, g_hash_table_size(all));
    g_assert_cmpuint(steps, <, 20 * g_hash_table_size(all));
    g_assert_cmpuint(changed, >, steps * 3 / 4);
    GHashTableIter iter;
    gpointer field;
    g_hash_table_iter_init(&iter, all);
    while (g_hash_table_iter_next(&iter, &field, NULL))
        if (!g_hash_table_contains(zero, field) && !g_str_has_prefix(field, "usb_string."))
            g_error("never 0: %s", (const char *)field);
}

/* A camera that ends within its device descriptor, and a string that is longer than any. */
static FuzzCase *shifted_case(const FuzzCase *valid, const guint8 *string, gsize size)
{
    GByteArray *bytes = g_byte_array_new();
    FuzzCase *fuzz_case = fuzz_case_copy(valid);

    g_byte_array_append(bytes, g_bytes_get_data(valid->descriptors, NULL), 8);
    g_byte_array_append(bytes, string, (guint)size);
    bytes->data[0] = 8;
    g_bytes_unref(fuzz_case->descriptors);
    fuzz_case->descriptors = g_byte_array_free_to_bytes(bytes);
    return fuzz_case;
}

static gboolean has_bytes(const FuzzCase *fuzz_case, const guint8 *bytes, gsize size)
{
    gsize n;
    const guint8 *all = g_bytes_get_data(fuzz_case->descriptors, &n);

    return memmem(all, n, bytes, size) != NULL;
}

/* The piece comes whole into a camera that is valid but for it, as few places as a reader counts.
 */
static void test_transplants(void)
{
    guint8 string[40] = {sizeof string, 3, 9, 4};
    g_autoptr(FuzzCase) broken = shifted_case(seed(0), string, sizeof string);
    g_autoptr(GPtrArray) cases = fuzz_transplants(seed(0), broken);
    guint least = G_MAXUINT;

    for (guint i = 0; i < cases->len; i++) {
        g_autoptr(FuzzDiff) diff = fuzz_diff_new(seed(0), cases->pdata[i]);
        if (has_bytes(cases->pdata[i], string, sizeof string))
            least = MIN(least, fuzz_diff_n_groups(diff));
    }
    g_test_message("%u cases, %u places", cases->len, least);
    g_assert_cmpuint(least, <=, 2);
    g_autoptr(GPtrArray) none = fuzz_transplants(seed(0), seed(0));
    g_assert_cmpuint(none->len, ==, 0);
}

/* The entities that are there, as bits; FALSE: a source is none of them. */
static gboolean has_sources(struct desc_tree *tree)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    gboolean entities[256] = {FALSE}, all = TRUE;

    for (guint pass = 0; pass < 2; pass++)
        for (struct desc_node *node = desc_next(root, root); node; node = desc_next(node, root))
            for (guint i = 0; i < node->present; i++) {
                const struct desc_row *row = &node->type->rows[i];
                gboolean own =
                    g_str_equal(row->name, "bUnitID") || g_str_equal(row->name, "bTerminalID");
                if (pass == 0 && own)
                    entities[desc_get(node, row, 0)] = TRUE;
                else if (pass && g_str_has_suffix(row->name, "SourceID"))
                    for (gsize k = 0; k < desc_elements(node, row); k++)
                        all &= entities[desc_get(node, row, k)];
            }
    return all;
}

/* Whatever has another number is still found by who names it. */
static void test_renumber(void)
{
    guint changed = 0;

    for (guint i = 0; i < 1000; i++) {
        FuzzRandom random = fuzz_random_of(13, 0, i);
        struct desc_tree *tree = fuzz_parse_tree(seed(i)->descriptors);
        gboolean before = has_sources(tree);
        changed += fuzz_renumber(tree, &random);
        g_assert_true(!before || has_sources(tree));
        desc_tree_free(tree);
    }
    g_assert_cmpuint(changed, >, 900);
}

/* What brings new behaviour is done more often, nothing else is given up, and it is kept. */
static void test_learning(void)
{
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(FALSE);
    g_autoptr(FuzzMutator) loaded = fuzz_mutator_new(FALSE);
    g_autoptr(GString) lines = g_string_new("seed : 4\nop_none : 1 2\nop_stall : x\n"),
                       after = NULL;
    FuzzRandom random = {3};
    guint stalls[2] = {0}, drops[2] = {0};

    for (guint i = 0; i < 20000; i++) {
        FuzzTrail trail;
        fuzz_case_free(fuzz_mutate(mutator, &random, seed(0), seed(1), &trail));
        g_autofree char *text = fuzz_trail_text(mutator, &trail);
        gboolean stall = strstr(text, "stall") != NULL;
        stalls[i >= 10000] += stall;
        drops[i >= 10000] += strstr(text, "drop-node") != NULL;
        fuzz_mutator_learn(mutator, &trail, stall);
    }
    g_test_message("stall %u, %u; drop-node %u, %u", stalls[0], stalls[1], drops[0], drops[1]);
    g_assert_cmpuint(2 * stalls[1], >, 3 * drops[1]);
    g_assert_cmpuint(drops[1], >, 50);
    fuzz_mutator_save(mutator, lines);
    fuzz_mutator_load(loaded, lines->str);
    after = g_string_new("seed : 4\nop_none : 1 2\nop_stall : x\n");
    fuzz_mutator_save(loaded, after);
    g_assert_cmpstr(after->str, ==, lines->str);
}

/* ---- Differences ---- */

/* All changes make the broken case of the valid one, none leave it, and each has words. */
static void test_diff(void)
{
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(FALSE);

    for (guint i = 0; i < 1500; i++) {
        FuzzRandom random = fuzz_random_of(11, 0, i);
        FuzzTrail trail;
        g_autoptr(FuzzCase) broken = fuzz_mutate(mutator, &random, seed(i), seed(i / 7), &trail);
        g_autoptr(FuzzDiff) diff = fuzz_diff_new(seed(i), broken);
        guint n = fuzz_diff_size(diff);
        g_autofree gboolean *kept = g_new0(gboolean, n + 1);
        g_autoptr(FuzzCase) none = fuzz_diff_apply(diff, kept);
        for (guint k = 0; k < n; k++) {
            g_autofree char *words = fuzz_diff_words(diff, k);
            g_assert_cmpstr(words, !=, "");
            kept[k] = TRUE;
        }
        g_autoptr(FuzzCase) all = fuzz_diff_apply(diff, kept);
        assert_same(none, seed(i));
        assert_same(all, broken);
        g_assert_cmpuint(fuzz_diff_n_groups(diff), >, 0);
        g_assert_cmpuint(fuzz_count_kept(diff, kept), ==,
                         fuzz_diff_n_groups(diff) -
                             fuzz_has_fault(broken->faults, FUZZ_FAULT_STREAM));
    }
}

/* How one mutation of each kind is told. */
static void test_diff_words(void)
{
    static const struct {
        const char *mutation;
        guint most; /* places, on average of many */
    } rows[] = {
        {"break-length", 1},
        {"break-count", 1},
        {"break-total", 1},
        {"break-range", 1},
        {"flip-bit", 1},
        {"drop-node", 4},
        {"double-node", 4},
        {"swap-nodes", 4},
        {"truncate-node", 3},
        {"lengthen-node", 2},
        {"k8-intervals-past-the-end", 1},
        {"k5-cycle", 2},
    };
    for (gsize r = 0; r < G_N_ELEMENTS(rows); r++) {
        guint sum = 0, n = 0;
        for (guint i = 0; i < 40; i++) {
            gsize size;
            const guint8 *bytes = g_bytes_get_data(seed(6)->descriptors, &size);
            struct desc_tree *tree;
            char text[256], packed[65536];
            g_assert_cmpint(desc_parse(bytes, size, DESC_CONTEXT_STANDARD, &tree), ==, 0);
            if (desc_mutate(tree, rows[r].mutation, i, text, sizeof text) == 0) {
                ssize_t length = desc_pack(desc_tree_root(tree), (guint8 *)packed, sizeof packed);
                g_autoptr(FuzzCase) broken = fuzz_case_parse((guint8 *)packed, (gsize)length);
                g_autoptr(FuzzDiff) diff = fuzz_diff_new(seed(6), broken);
                sum += fuzz_diff_n_groups(diff);
                n++;
                for (guint k = 0; i < 2 && k < fuzz_diff_size(diff); k++) {
                    g_autofree char *words = fuzz_diff_words(diff, k);
                    g_test_message("%s | %s", text, words);
                }
            }
            desc_tree_free(tree);
        }
        g_test_message("%s: %.1f places", rows[r].mutation, (double)sum / MAX(n, 1));
        g_assert_cmpuint(n, >, 0);
        g_assert_cmpuint(sum, <=, rows[r].most * n);
    }
}

/* What is missing together is one line, however many descriptors that are. */
static void test_line(void)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(seed(6)->descriptors, &size);
    g_autofree guint8 *copy = g_memdup2(bytes, size);
    gsize at = 18, end;

    while (!(copy[at + 1] == 0x24 && copy[at + 2] == 0x04)) /* a format; what it has goes with it */
        at += copy[at];
    for (end = at; copy[end + 1] == 0x24; end += copy[end])
        continue;
    memmove(copy + at, copy + end, size - end);
    g_autoptr(FuzzCase) broken = fuzz_case_parse(copy, size - (end - at));
    g_autoptr(FuzzDiff) diff = fuzz_diff_new(seed(6), broken);
    g_autofree gboolean *kept = g_new0(gboolean, fuzz_diff_size(diff) + 1);
    guint lines = 0, missing = 0, n;

    for (guint i = 0; i < fuzz_diff_size(diff); i++)
        kept[i] = TRUE;
    for (guint i = 0; i < fuzz_diff_size(diff); i++, lines++) {
        g_autofree char *line = fuzz_diff_line(diff, kept, &i);
        g_test_message("%s", line);
        if (sscanf(line, "%u descriptors are missing behind", &n) == 1)
            missing = n;
    }
    g_assert_cmpuint(missing, >, 2);
    g_assert_cmpuint(lines, ==, fuzz_diff_size(diff) - missing + 1);
}

static char *words_of(const char *mutation, guint64 number)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(seed(6)->descriptors, &size);
    struct desc_tree *tree;
    char text[256];
    guint8 packed[65536];

    g_assert_cmpint(desc_parse(bytes, size, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    g_assert_cmpint(desc_mutate(tree, mutation, number, text, sizeof text), ==, 0);
    ssize_t length = desc_pack(desc_tree_root(tree), packed, sizeof packed);
    desc_tree_free(tree);
    g_autoptr(FuzzCase) broken = fuzz_case_parse(packed, (gsize)length);
    g_autoptr(FuzzDiff) diff = fuzz_diff_new(seed(6), broken);
    return fuzz_diff_words(diff, fuzz_diff_size(diff) - 1);
}

/* A reader is told what it is, not only its bytes. */
static void test_words_of_pieces(void)
{
    gboolean twice = FALSE, named = FALSE;

    for (guint i = 0; i < 60; i++) {
        g_autofree char *doubled = words_of("double-node", i);
        g_autofree char *swapped = words_of("swap-nodes", i);
        twice |= g_str_has_suffix(doubled, ".frame[2]: there twice");
        named |= strstr(swapped, ": frame of ") != NULL;
    }
    g_assert_true(twice);
    g_assert_true(named);
}

static void test_fault_words(void)
{
    static const struct {
        FuzzFault fault;
        const char *words;
    } rows[] = {
        {{FUZZ_FAULT_STALL, 3, 0}, "control request 3 (counted from 0) is stalled"},
        {{FUZZ_FAULT_SPEED, 0, 2}, "the device says usbredir speed 2"},
        {{FUZZ_FAULT_PAYLOAD_BYTE, 1, 0x0203}, "payload 1 (counted from 0) has byte 2 set to 3"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *words = fuzz_fault_words(&rows[i].fault);
        g_assert_cmpstr(words, ==, rows[i].words);
    }
}

/* ---- Seeds ---- */

static void test_seeds(void)
{
    char *all[] = {(char *)"tests/cameras", (char *)"webcam",
                   (char *)"descriptors/presets/uvc15.json", NULL};
    char *missing[] = {(char *)"webcam", (char *)"no-such-camera", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) read = fuzz_seeds_read(all + 1, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, 2);
    g_assert_null(fuzz_seeds_read(missing, &error));
    g_assert_nonnull(strstr(error->message, "no-such-camera"));
}

/* The recorded camera's descriptors, as it was asked for them. */
static void test_recording(void)
{
    char *names[] = {(char *)"tests/cameras/bulk.rec", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) read = fuzz_seeds_read(names, &error);
    gsize size;

    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, 1);
    const FuzzCase *fuzz_case = ((FuzzSeed *)read->pdata[0])->fuzz_case;
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, &size);
    g_assert_cmpuint(size, >, 18 + 9);
    g_assert_cmpuint(bytes[1], ==, USB_DESC_DEVICE);
    g_assert_cmpuint(bytes[18 + 1], ==, USB_DESC_CONFIGURATION);
    g_assert_cmpuint(18 + (bytes[18 + 2] | bytes[18 + 3] << 8), <=, size);
}

/* ---- Targets ---- */

static void test_self(void)
{
    g_autoptr(FuzzMutator) mutator = fuzz_mutator_new(FALSE);
    g_autoptr(GError) error = NULL;
    g_auto(FuzzOutcome) outcome = {0};
    FuzzTarget *target = fuzz_target_self_new();
    guint features = 0;

    g_assert_true(target->ops->fresh(target, &error));
    for (guint i = 0; i < 300; i++) {
        FuzzRandom random = fuzz_random_of(1, 0, i);
        FuzzTrail trail;
        g_autoptr(FuzzCase) made = fuzz_mutate(mutator, &random, seed(i), seed(i + 1), &trail);
        fuzz_outcome_clear(&outcome);
        g_assert_true(target->ops->run(target, made, &outcome, &error));
        g_assert_cmpint(outcome.verdict, ==, FUZZ_FINE);
        g_assert_cmpstr(outcome.reached, ==, "all read");
        features += outcome.features->len;
    }
    g_assert_cmpuint(features, >, 300);
    target->ops->free(target);
}

/* Dies, or never ends, by the first byte. */
static void bad_check(const FuzzCase *fuzz_case, GArray *features, const char **stage)
{
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, NULL);

    *stage = "reading";
    fuzz_feature(features, 1, bytes[0], 0);
    if (bytes[0] == 1)
        abort();
    if (bytes[0] == 2)
        g_error("camredir bug: it is 2");
    if (bytes[0] == 3)
        _exit(7);
}

static void test_deaths(void)
{
    static const char *const titles[] = {NULL, "reading: Aborted", "camredir bug: it is 2",
                                         "reading: exit status 7"};
    g_autoptr(GError) error = NULL;
    g_auto(FuzzOutcome) outcome = {0};
    FuzzTarget *target = fuzz_target_check_new("bad", bad_check);

    for (guint8 i = 0; i < 12; i++) {
        const guint8 bytes[] = {i & 3};
        g_autoptr(FuzzCase) fuzz_case = fuzz_case_parse(bytes, 1);
        fuzz_outcome_clear(&outcome);
        g_assert_true(target->ops->run(target, fuzz_case, &outcome, &error));
        g_assert_cmpint(outcome.verdict, ==, i & 3 ? FUZZ_DIED : FUZZ_FINE);
        g_test_message("%s", outcome.title ? outcome.title : "fine");
        g_assert_true(i & 3 ? strstr(outcome.title, titles[i & 3]) != NULL : !outcome.title);
    }
    target->ops->free(target);
}

/* Of 1000 cases that ask for pictures, those that stay so: nearly none, or all. */
static void test_pictures(void)
{
    static const struct {
        FuzzFaultKind beside;
        guint16 at;
        guint least, most;
    } rows[] = {
        {FUZZ_FAULT_STALL, 0, 30, 100},           {FUZZ_FAULT_CLASS_BYTE, 5, 30, 100},
        {FUZZ_FAULT_CLASS_BYTE, 100, 1000, 1000}, {FUZZ_FAULT_PAYLOAD_LENGTH, 0, 1000, 1000},
        {FUZZ_FAULT_UNPLUG, 100, 1000, 1000},     {FUZZ_FAULT_UNPLUG, 5, 30, 100},
        {FUZZ_FAULT_PICTURE, 0, 1000, 1000},      {FUZZ_FAULT_INTERRUPT, 0, 1000, 1000}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const FuzzFault beside = {.kind = rows[i].beside, .at = rows[i].at};
        guint stay = 0;
        for (guint n = 0; n < 1000; n++) {
            FuzzRandom random = fuzz_random_of(1, 0, n);
            g_autoptr(FuzzCase) fuzz_case = fuzz_case_copy(seed(0));
            g_array_append_val(fuzz_case->faults, beside);
            fuzz_pictures_add(fuzz_case);
            gboolean put_off = fuzz_pictures_put_off(fuzz_case, &random);
            g_assert_cmpint(put_off, !=, fuzz_has_fault(fuzz_case->faults, FUZZ_FAULT_STREAM));
            g_assert_true(fuzz_has_fault(fuzz_case->faults, beside.kind));
            stay += !put_off;
        }
        g_assert_cmpuint(stay, >=, rows[i].least);
        g_assert_cmpuint(stay, <=, rows[i].most);
    }
}

int main(int argc, char **argv)
{
    char *none[] = {NULL};

    g_test_init(&argc, &argv, NULL);
    seeds = fuzz_seeds_read(none, NULL);
    g_test_add_func("/fuzz/case/any-bytes", test_any_bytes);
    g_test_add_func("/fuzz/case/faults", test_faults);
    g_test_add_func("/fuzz/case/newer", test_newer);
    g_test_add_data_func("/fuzz/mutate/typed", NULL, test_mutate);
    g_test_add_data_func("/fuzz/mutate/bytes", "plain", test_mutate);
    g_test_add_func("/fuzz/mutate/streamed", test_streamed);
    g_test_add_func("/fuzz/mutate/sweep", test_sweep);
    g_test_add_func("/fuzz/transplants", test_transplants);
    g_test_add_func("/fuzz/mutate/renumber", test_renumber);
    g_test_add_func("/fuzz/mutate/learning", test_learning);
    g_test_add_func("/fuzz/pictures/put-off", test_pictures);
    g_test_add_func("/fuzz/diff/all-and-none", test_diff);
    g_test_add_func("/fuzz/diff/places", test_diff_words);
    g_test_add_func("/fuzz/diff/words-of-pieces", test_words_of_pieces);
    g_test_add_func("/fuzz/diff/line", test_line);
    g_test_add_func("/fuzz/diff/fault-words", test_fault_words);
    g_test_add_func("/fuzz/seeds/names", test_seeds);
    g_test_add_func("/fuzz/seeds/recording", test_recording);
    g_test_add_func("/fuzz/target/self", test_self);
    g_test_add_func("/fuzz/target/deaths", test_deaths);
    int status = g_test_run();
    g_ptr_array_unref(seeds);
    return status;
}
