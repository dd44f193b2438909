/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a kernel traced becomes addresses, each told once, and the host reads what the guest wrote.
 */
#include <inttypes.h>
#include <string.h>

#include "tools/fuzz/check.h"
#include "tools/fuzz/guest/cover.h"
#include "tools/fuzz/page.h"

static struct cover cover;
static GString *line;

static void write_pc(uint32_t pc)
{
    g_string_append_printf(line, "%s %" PRIx32, line->len ? "" : "pcs", pc);
}

/* As the kernel does: how many, then they. */
static void trace(uint64_t *pcs, const guint64 *traced, guint n)
{
    pcs[0] = n;
    for (guint i = 0; i < n; i++)
        pcs[i + 1] = traced[i];
}

static GArray *told(void)
{
    GArray *features = g_array_new(FALSE, FALSE, sizeof(guint32));

    g_string_truncate(line, 0);
    guint n = cover_tell(&cover, write_pc);
    fuzz_cover_read(features, line->str);
    g_assert_cmpuint(features->len, ==, n);
    return features;
}

/* ---- The guest's side ---- */

static void test_told_once(void)
{
    static const guint64 first[] = {0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000010};
    static const guint64 second[] = {0xffffffff81000020, 0xffffffffc0000010};

    trace(cover.kernel.pcs, first, 3);
    trace(cover.own.pcs, second, 1);
    g_autoptr(GArray) once = told();
    g_assert_cmpuint(once->len, ==, 2);
    g_assert_cmphex(g_array_index(once, guint32, 0), ==, 0x81000010);
    g_assert_cmphex(g_array_index(once, guint32, 1), ==, 0x81000020);
    g_assert_cmpuint(cover.kernel.pcs[0], ==, 0);

    trace(cover.own.pcs, second, 2);
    g_autoptr(GArray) later = told();
    g_assert_cmpuint(later->len, ==, 1);
    g_assert_cmphex(g_array_index(later, guint32, 0), ==, 0xc0000010);
    g_autoptr(GArray) nothing = told();
    g_assert_cmpuint(nothing->len, ==, 0);
}

/* A count beyond the trace is not believed, and a set that is full is not searched for ever. */
static void count_pc(uint32_t pc)
{
    (void)pc;
}

static void test_full(void)
{
    cover.own.pcs[0] = G_MAXUINT64;
    for (guint i = 1; i < COVER_TRACE; i++)
        cover.own.pcs[i] = 0x81000000 + 16 * i;
    cover_tell(&cover, count_pc);
    for (guint i = 1; i < COVER_TRACE; i++)
        cover.own.pcs[i] = 0x91000000 + 16 * i;
    cover.own.pcs[0] = COVER_TRACE;
    cover_tell(&cover, count_pc);
    g_assert_cmpuint(cover.told.n, ==, COVER_SLOTS / 4 * 3);
    g_assert_false(cover_add(&cover.told, 0xa1000000));
    g_assert_false(cover_add(&cover.told, 0x81000010)); /* it is there */
    g_assert_false(cover_add(&cover.told, 0));
}

/* ---- The host's side ---- */

static void test_lines(void)
{
    static const struct {
        const char *line;
        guint n;
        guint32 last;
    } lines[] = {
        {"pcs 81000010 c0000020", 2, 0xc0000020},
        {"pcs 10", 1, 0x80000010},
        {"pcs", 0, 0},
        {"pcs ", 0, 0},
        {"pcs 81000010 what 81000020", 1, 0x81000010},
        {"pcs ffffffff81000010", 1, 0x81000010},
        {"cover 12 3", 0, 0},
        {"tick", 0, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GArray) features = g_array_new(FALSE, FALSE, sizeof(guint32));
        fuzz_cover_read(features, lines[i].line);
        g_assert_cmpuint(features->len, ==, lines[i].n);
        if (lines[i].n)
            g_assert_cmphex(g_array_index(features, guint32, lines[i].n - 1), ==, lines[i].last);
    }
}

static void test_bounded(void)
{
    g_autoptr(GArray) features = g_array_new(FALSE, FALSE, sizeof(guint32));

    for (guint i = 0; i < FUZZ_COVER_MOST; i++)
        fuzz_cover_read(features, "pcs 1 2 3");
    g_assert_cmpuint(features->len, ==, FUZZ_COVER_MOST);
}

/* No behaviour is taken for an address. */
static void test_behaviours(void)
{
    g_autoptr(GArray) features = g_array_new(FALSE, FALSE, sizeof(guint32));

    for (guint i = 0; i < 1000; i++)
        fuzz_feature(features, i, i * 7, 3);
    for (guint i = 0; i < features->len; i++)
        g_assert_false(fuzz_cover_is_code(g_array_index(features, guint32, i)));
    fuzz_cover_read(features, "pcs 81000010");
    g_assert_true(fuzz_cover_is_code(g_array_index(features, guint32, 1000)));
}

/* A curve that was drawn before there was code to be seen is gone on from. */
static void test_samples(void)
{
    g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(FuzzSample));
    g_autofree char *folder = g_dir_make_tmp("cover-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "samples.csv", NULL);
    const FuzzSample sample = {2, 20, 30, 4, 0, 500};

    g_assert_true(g_file_set_contents(path, "1,10,20,3,0\n", -1, NULL));
    g_assert_true(fuzz_samples_append(&sample, path, NULL));
    fuzz_samples_load(samples, path);
    g_assert_cmpuint(samples->len, ==, 2);
    g_assert_cmpfloat(g_array_index(samples, FuzzSample, 0).code, ==, 0);
    g_assert_cmpfloat(g_array_index(samples, FuzzSample, 0).kept, ==, 3);
    g_assert_cmpfloat(g_array_index(samples, FuzzSample, 1).code, ==, 500);
    g_assert_cmpint(unlink(path) | rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    line = g_string_new(NULL);
    cover.own.pcs = g_new0(uint64_t, COVER_TRACE);
    cover.kernel.pcs = g_new0(uint64_t, COVER_TRACE);
    g_test_add_func("/fuzz/cover/told-once", test_told_once);
    g_test_add_func("/fuzz/cover/full", test_full);
    g_test_add_func("/fuzz/cover/lines", test_lines);
    g_test_add_func("/fuzz/cover/bounded", test_bounded);
    g_test_add_func("/fuzz/cover/behaviours", test_behaviours);
    g_test_add_func("/fuzz/cover/samples", test_samples);
    int status = g_test_run();
    g_free(cover.own.pcs);
    g_free(cover.kernel.pcs);
    g_string_free(line, TRUE);
    return status;
}
