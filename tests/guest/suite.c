/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests that wait for other programs, reported as TAP, with a second try for those that failed. */
#include "tests/guest/suite.h"

#include "tests/guest/process.h"

/* TRUE with a note, or FALSE with a reason; both without the end of a line. */
static gboolean try(const Suite *suite, gconstpointer test, GString *ret_text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) note = g_string_new(NULL);
    gint64 begun = g_get_monotonic_time();
    gboolean good = suite->run(test, note, &error);
    double seconds = (g_get_monotonic_time() - begun) / 1e6;
    const char *said = good ? note->str : error ? error->message : "for no reason that was told";
    g_string_printf(ret_text, good ? "%s%s%.1f s" : "%s%s(%.1f s)", said,
                    !*said ? ""
                    : good ? "; "
                           : " ",
                    seconds);
    return good;
}

static void end_bad_try(const Suite *suite, const char *reason)
{
    g_auto(GStrv) lines = g_strsplit(reason, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        fprintf(suite->output, "#   %s\n", lines[i]);
    log_print_told(suite->output);
    suite->renew();
}

/* first: the reason of the first try, NULL: it is the first. */
static void print_good(const Suite *suite, const char *name, const char *first, const char *text)
{
    g_autofree char *reason = g_strdelimit(g_strdup(first ? first : ""), "\n#", ' ');
    fprintf(suite->output, "ok %u - %s (%s%s%s%s)\n", suite->number, name,
            first ? "2nd try; first: " : "", reason, first ? "; " : "", text);
}

static gboolean takes_second(Suite *suite, const char *name)
{
    if (suite->n_seconds == SUITE_SECOND_TRIES)
        return FALSE;
    if (suite->n_seconds++)
        g_string_append(suite->seconds, "; ");
    else
        suite->seconds = g_string_new(NULL);
    g_string_append(suite->seconds, name);
    return TRUE;
}

void suite_test(Suite *suite, const char *name, gconstpointer test)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *first = NULL;

    suite->number++;
    gboolean good = try(suite, test, text);
    if (!good && takes_second(suite, name)) {
        fprintf(suite->output, "# 1st try of %s:\n", name);
        end_bad_try(suite, text->str);
        first = g_strdup(text->str);
        good = try(suite, test, text);
    }
    if (good) {
        print_good(suite, name, first, text->str);
        return;
    }
    suite->failed++;
    fprintf(suite->output, "not ok %u - %s\n", suite->number, name);
    if (first)
        fprintf(suite->output, "#   a second time:\n");
    end_bad_try(suite, text->str);
}

int suite_end(Suite *suite)
{
    fprintf(suite->output, "1..%u\n", suite->number);
    if (suite->n_seconds)
        fprintf(suite->output, "# seen: %u of %u tests needed a second try: %s\n", suite->n_seconds,
                suite->number, suite->seconds->str);
    if (suite->seconds)
        g_string_free(g_steal_pointer(&suite->seconds), TRUE);
    return suite->failed ? 1 : 0;
}
