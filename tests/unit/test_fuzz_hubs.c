/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hub threads as a guest's /proc shows them: which are at work, and which have got on. */
#include <glib.h>
#include <stdbool.h>

#include "tools/fuzz/guest/hubs.h"

static char *proc;

static void put(guint pid, const char *name, guint slept)
{
    g_autofree char *folder = g_strdup_printf("%s/%u", proc, pid);
    g_autofree char *comm = g_build_filename(folder, "comm", NULL);
    g_autofree char *status = g_build_filename(folder, "status", NULL);
    g_autofree char *text = g_strdup_printf("Name:\tkworker\nvoluntary_ctxt_switches:\t%u\n"
                                            "nonvoluntary_ctxt_switches:\t7\n",
                                            slept);

    g_mkdir_with_parents(folder, 0700);
    g_assert_true(g_file_set_contents(comm, name, -1, NULL));
    g_assert_true(g_file_set_contents(status, text, -1, NULL));
}

static void begin(void)
{
    proc = g_dir_make_tmp("hubs-XXXXXX", NULL);
    put(1, "init\n", 100);
    put(7, "kworker/0:0-rcu_gp\n", 200);
    put(8, "kworker/0:1-usb_hub_wq\n", 300); /* it was, and waits for more */
    put(9, "not+usb_hub_wq\n", 400);
}

static void end(void)
{
    char *argv[] = {(char *)"rm", (char *)"-r", proc, NULL};

    g_assert_true(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    g_clear_pointer(&proc, g_free);
}

static void test_none(void)
{
    begin();
    struct hubs none = hubs_look(proc);
    g_assert_cmpuint(none.n, ==, 0);
    g_assert_cmpuint(hubs_that_get_on(&none, &none), ==, 0);
    end();
}

static void test_gets_on(void)
{
    static const struct {
        const char *name; /* of the second thread, later */
        guint slept;
        guint get_on;
    } rows[] = {
        {"kworker/1:2+usb_hub_wq\n", 51, 2},
        {"kworker/1:2+usb_hub_wq\n", 50, 0}, /* it hangs */
        {"kworker/1:2-usb_hub_wq\n", 51, 2}, /* it is through */
        {"kworker/1:2-events\n", 90, 2},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        begin();
        put(17, "kworker/0:2+usb_hub_wq\n", 40);
        put(18, "kworker/1:2+usb_hub_wq\n", 50);
        struct hubs before = hubs_look(proc);
        g_assert_cmpuint(before.n, ==, 2);
        put(17, "kworker/0:2+usb_hub_wq\n", 41);
        put(18, rows[i].name, rows[i].slept);
        put(19, "kworker/1:3+usb_hub_wq\n", 1); /* it has only begun */
        struct hubs now = hubs_look(proc);
        g_assert_cmpuint(hubs_that_get_on(&before, &now), ==, rows[i].get_on);
        end();
    }
}

/* More than there is room for. */
static void test_many(void)
{
    begin();
    for (guint i = 0; i < HUBS_MOST + 4; i++)
        put(100 + i, "kworker/0:2+usb_hub_wq\n", i);
    struct hubs all = hubs_look(proc);
    g_assert_cmpuint(all.n, ==, HUBS_MOST);
    g_assert_cmpuint(hubs_that_get_on(&all, &all), ==, 0);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/hubs/none", test_none);
    g_test_add_func("/fuzz/hubs/gets-on", test_gets_on);
    g_test_add_func("/fuzz/hubs/many", test_many);
    return g_test_run();
}
