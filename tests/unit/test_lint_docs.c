/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* docs/lint.md is what the table of rules says: `test_lint_docs --write` (make docs/lint.md) writes
   it, and without it the file is compared. */
#include <glib.h>
#include <string.h>

#include "descriptors/lint.h"

#define PATH "docs/lint.md"

static const char head[] =
    "# What the linter knows\n"
    "\n"
    "Written from `descriptors/lint_rules.def` by `make docs/lint.md`; do not edit it here.\n"
    "\n"
    "A finding names a rule, a path such as\n"
    "`configuration[1].interface[1.0].vs_header.format[2].frame[3].dwFrameInterval[1]`, the offset "
    "of\n"
    "the byte at fault, what was found and what was expected. Nodes of a path are named by their "
    "own\n"
    "number (interfaces by number and alternate setting, formats by bFormatIndex and so on), "
    "elements\n"
    "of an array by their index from 0.\n"
    "\n"
    "- **error**: the specification forbids it, and a host refuses the device or goes wrong with "
    "it,\n"
    "  or it leads readers out of the bytes.\n"
    "- **warning**: the specification or custom forbids it, and hosts get over it: shipped "
    "cameras\n"
    "  have such.\n"
    "- **note**: worth knowing, no fault.\n"
    "\n"
    "Ids never change their meaning. W, M, L and A are what Windows, macOS, Linux and "
    "applications\n"
    "hold a camera to; K are shapes that brought down a host or a library; the others go by area.\n"
    "What a camera does after it was enumerated (probe and commit, payload headers, halting: W4, "
    "W5,\n"
    "W9, M2, L1, L6, L7 and L8 of the list that these ids come from) no descriptor shows, so there "
    "is\n"
    "no rule for it here.\n"
    "\n"
    "Hosts: those that refuse such a device, or a part of it, as far as that is known.\n"
    "\n"
    "| id | severity | hosts | what is wrong | who says so |\n"
    "|---|---|---|---|---|\n";

static void add_hosts(GString *out, uint8_t hosts)
{
    static const char *const names[] = {"Linux", "Windows", "macOS"};
    const char *comma = "";
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (hosts >> i & 1) {
            g_string_append_printf(out, "%s%s", comma, names[i]);
            comma = ", ";
        }
}

static char *render(void)
{
    GString *out = g_string_new(head);
    const struct desc_lint_rule *rule;

    for (unsigned n = 0; (rule = desc_lint_rule_at(n)); n++) {
        g_string_append_printf(out, "| %s | %s | ", rule->id, desc_severity_name(rule->severity));
        add_hosts(out, rule->hosts);
        g_string_append_printf(out, " | %s | %s |\n", rule->text, rule->clause);
    }
    return g_string_free(out, FALSE);
}

static void test_docs(void)
{
    g_autofree char *expected = render(), *found = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(PATH, &found, NULL, &error);
    g_assert_no_error(error);
    if (strcmp(found, expected) != 0)
        g_error(PATH " is not what the table says: make docs/lint.md");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0) {
        g_autofree char *text = render();
        return g_file_set_contents(PATH, text, -1, NULL) ? 0 : 1;
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lint/docs", test_docs);
    return g_test_run();
}
