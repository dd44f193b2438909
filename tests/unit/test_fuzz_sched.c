/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a program had a processor, or nothing to do, as a /proc tells it. */
#include "tools/fuzz/sched.h"

static void test_had(void)
{
    static const struct {
        gint64 all, ran, waited, had; /* since the first look */
    } rows[] = {
        {1000, 0, 0, 1000},      /* it sleeps */
        {1000, 1000, 0, 1000},   /* it has a processor of its own */
        {1000, 300, 700, 300},   /* it is one of many */
        {1000, 50, 150, 850},    /* it has little to do, and waits for that too */
        {1000, 2000, 0, 1000},   /* two threads */
        {1000, 500, 1500, 250},  /* the same, beside others */
        {1000, 0, 1000, 125},    /* it never runs */
        {1000, 0, 5000, 125},    /* it told late of what was before */
        {1000, -400, -10, 1000}, /* a thread has ended */
        {0, 0, 0, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        FuzzSched from = {7000, 5000, 3000}, to = from;
        to.us += rows[i].all;
        to.ran_us += rows[i].ran;
        to.waited_us += rows[i].waited;
        g_assert_cmpint(fuzz_sched_had_us(from, to), ==, rows[i].had);
    }
}

static void put(const char *proc, const char *thread, const char *text)
{
    g_autofree char *folder = g_build_filename(proc, "42", "task", thread, NULL);
    g_autofree char *path = g_build_filename(folder, "schedstat", NULL);

    g_mkdir_with_parents(folder, 0700);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_look(void)
{
    g_autofree char *proc = g_dir_make_tmp("sched-XXXXXX", NULL);
    char *argv[] = {(char *)"rm", (char *)"-r", proc, NULL};

    put(proc, "42", "5000000 2000000 17\n");
    put(proc, "43", "1000 3000000 2\n");
    put(proc, "44", "\n");
    FuzzSched sched = fuzz_sched_look(proc, 42), none = fuzz_sched_look(proc, 1);
    g_assert_cmpint(sched.ran_us, ==, 5001);
    g_assert_cmpint(sched.waited_us, ==, 5000);
    g_assert_cmpint(none.ran_us + none.waited_us, ==, 0);
    g_assert_cmpint(none.us, >=, sched.us);
    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/sched/had", test_had);
    g_test_add_func("/fuzz/sched/look", test_look);
    return g_test_run();
}
