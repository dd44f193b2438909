/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each VM keeps a core for itself; who finds none left goes on without. */
#include <glib.h>
#include <sched.h>

#include "tools/fuzz/core.h"

static int count_allowed(void)
{
    cpu_set_t allowed;

    g_assert_cmpint(sched_getaffinity(0, sizeof allowed, &allowed), ==, 0);
    return CPU_COUNT(&allowed);
}

/* Another campaign may have each of them meanwhile. */
static void test_taken_and_released(void)
{
    int before = count_allowed();
    FuzzCore *core = fuzz_core_take();

    if (!core) {
        g_test_skip("each core is another's");
        return;
    }
    g_assert_cmpint(count_allowed(), ==, 1);
    g_assert_null(fuzz_core_take()); /* of the one that may still be used */
    fuzz_core_release(core);
    g_assert_cmpint(count_allowed(), ==, before);
    fuzz_core_release(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/core/taken-and-released", test_taken_and_released);
    return g_test_run();
}
