/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second try of the tests with VMs: it mends chance alone, a few times, and says so. */
#include "tests/guest/suite.h"

#include <glib.h>
#include <string.h>

#include "tests/guest/process.h"

/* How often each fails before it passes, and what it finds of the try before. */
typedef struct {
    guint fails;
} Trouble;

static guint tries, renewals;
static gboolean left_over;

static gboolean run(gconstpointer test, GString *note, GError **error)
{
    const Trouble *trouble = test;
    g_assert_false(left_over);
    left_over = tries++ < trouble->fails;
    g_string_append(note, "a note");
    return !left_over || fail(error, "try %u\nof # it", tries);
}

static void renew(void)
{
    left_over = FALSE;
    renewals++;
}

/* One suite of them; its whole report. */
static char *report(const guint *fails, guint n, int *ret_status)
{
    char *text = NULL;
    size_t size;
    Suite suite = {.output = open_memstream(&text, &size), .run = run, .renew = renew};
    renewals = 0;
    for (guint i = 0; i < n; i++) {
        const Trouble trouble = {fails[i]};
        g_autofree char *name = g_strdup_printf("test %c", 'a' + i);
        tries = 0;
        suite_test(&suite, name, &trouble);
    }
    *ret_status = suite_end(&suite);
    fclose(suite.output);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("'%s' is not in:\n%s", part, text);
}

static void once(void)
{
    const guint fails[] = {0, 1, 0};
    int status;
    char *text = report(fails, G_N_ELEMENTS(fails), &status);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpuint(renewals, ==, 1);
    has(text, "ok 1 - test a (a note; ");
    has(text, "# 1st try of test b:\n#   try 1\n#   of # it (");
    has(text, "\nok 2 - test b (2nd try; first: try 1 of   it (");
    has(text, "\nok 3 - test c (a note; ");
    has(text, "\n1..3\n# seen: 1 of 3 tests needed a second try: test b\n");
    g_assert_null(strstr(text, "not ok"));
    free(text);
}

static void always(void)
{
    const guint fails[] = {9, 0};
    int status;
    char *text = report(fails, G_N_ELEMENTS(fails), &status);
    g_assert_cmpint(status, ==, 1);
    g_assert_cmpuint(renewals, ==, 2);
    has(text, "\nnot ok 1 - test a\n#   a second time:\n#   try 2\n");
    has(text, "\nok 2 - test b (a note; ");
    has(text, "\n# seen: 1 of 2 tests needed a second try: test a\n");
    free(text);
}

static void too_often(void)
{
    const guint fails[] = {1, 1, 9, 1, 0};
    int status;
    char *text = report(fails, G_N_ELEMENTS(fails), &status);
    g_assert_cmpint(status, ==, 1);
    has(text, "\nok 2 - test b (2nd try");
    has(text, "\nnot ok 3 - test c\n#   a second time:\n#   try 2\n");
    has(text, "\nnot ok 4 - test d\n#   try 1\n"); /* no second one is left */
    has(text, "\nok 5 - test e");
    has(text, "\n# seen: 3 of 5 tests needed a second try: test a; test b; test c\n");
    free(text);
}

static void no_trouble(void)
{
    const guint fails[] = {0};
    int status;
    char *text = report(fails, 1, &status);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(text, ==, "ok 1 - test a (a note; 0.0 s)\n1..1\n");
    free(text);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/suite/no-trouble", no_trouble);
    g_test_add_func("/suite/once", once);
    g_test_add_func("/suite/always", always);
    g_test_add_func("/suite/too-often", too_often);
    return g_test_run();
}
