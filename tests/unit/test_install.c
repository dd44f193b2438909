/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 'make install' as others meet it: pages and completions of each command; a viewer's author
   compiles against the installed header, links by pkg-config, and finds no other name in the
   library than those that the header has. */
#include <glib.h>
#include <string.h>

static char *root;

static const char viewer[] =
    "#include <camredir-spice.h>\n"
    "#include <spice-client.h>\n"
    "#include <stdio.h>\n"
    "int main(int argc, char **argv)\n"
    "{\n"
    "    RedirSpiceOptions options = {.size = sizeof options, .camera = argv[1]};\n"
    "    SpiceSession *session = spice_session_new();\n"
    "    GError *error = NULL;\n"
    "    if (argc > 2)\n"
    "        options.way = argv[2];\n"
    "    RedirSpiceAttachment *attachment = redir_spice_attach(session, &options, &error);\n"
    "    puts(attachment ? \"attached\" : error->message);\n"
    "    redir_spice_detach(attachment);\n"
    "    g_clear_error(&error);\n"
    "    while (g_main_context_iteration(NULL, FALSE))\n"
    "        ;\n"
    "    g_object_unref(session);\n"
    "    while (g_main_context_iteration(NULL, FALSE))\n"
    "        ;\n"
    "    return 0;\n"
    "}\n";

/* Standard output. The command has to succeed. */
G_GNUC_PRINTF(1, 2)
static char *run(const char *format, ...)
{
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    g_autofree char *errors = NULL;
    int status = 0;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, &errors, &status,
                 &error);
    g_assert_no_error(error);
    if (!g_spawn_check_wait_status(status, &error))
        g_error("%s: %s\n%s%s", command, error->message, output, errors);
    return output;
}

static void make(const char *target, const char *destdir, const char *prefix)
{
    g_free(run("unset MAKEFLAGS MAKELEVEL; " TEST_MAKE " DESTDIR='%s' PREFIX='%s' %s", destdir,
               prefix, target));
}

static void test_viewer(void)
{
    static const struct {
        const char *arguments, *says;
    } cases[] = {
        {"pattern", "attached"},
        {"pattern usbredir", "attached"},
        {"pattern ether", "none of auto, port, usbredir"},
        {"file:/nowhere", "/nowhere"},
    };
    g_autofree char *source = g_build_filename(root, "viewer.c", NULL);
    g_assert_true(g_file_set_contents(source, viewer, -1, NULL));
    g_free(run("cd '%s' && " TEST_CC " -Wall -Wextra -Werror -o viewer viewer.c "
               "-Wl,-rpath,'%s/lib' $(PKG_CONFIG_PATH='%s/lib/pkgconfig' "
               "pkg-config --cflags --libs camredir-spice spice-client-glib-2.0)",
               root, root, root));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *said = run("'%s/viewer' %s", root, cases[i].arguments);
        g_test_message("%s: %s", cases[i].arguments, said);
        g_assert_nonnull(strstr(said, cases[i].says));
    }
}

static void test_names(void)
{
    g_autofree char *names =
        run("nm -D --defined-only '%s/lib/libcamredir-spice.so' | cut -d' ' -f3", root);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(names), "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_test_message("%s", lines[i]);
#ifndef __SANITIZE_ADDRESS__ /* which adds names of its own */
        g_assert_true(g_str_has_prefix(lines[i], "redir_spice_"));
#endif
    }
    g_assert_true(g_strv_contains((const char *const *)lines, "redir_spice_attach"));
    g_assert_true(g_strv_contains((const char *const *)lines, "redir_spice_attachment_allow"));
    g_assert_true(g_strv_contains((const char *const *)lines, "redir_spice_detach"));
}

/* Every command that the program has, and its page. */
static void test_pages(void)
{
    g_autofree char *commands = run(
        "'%s/bin/camredir' --help | sed -n '/^Commands:/,/^$/s/^  \\([a-z]*\\) .*/\\1/p'", root);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(commands), "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), >, 8);
    for (guint i = 0; lines[i]; i++) {
        g_autofree char *page = g_strdup_printf("%s/share/man/man1/camredir-%s.1", root, lines[i]);
        g_test_message("%s", page);
        g_assert_true(g_file_test(page, G_FILE_TEST_EXISTS));
    }
}

/* What is typed, with the word that Tab is pressed in last, and a word that is then proposed. */
static const struct {
    const char *typed, *proposed;
} completions[] = {
    {"doc", "doctor"},
    {"--v", "--version"},
    {"share pat", "pattern"},
    {"share --sp", "--speed"},
    {"share --speed s", "super"},
    {"doctor --q", "--qmp"},
    {"describe --as j", "json"},
    {"vm li", "libvirt"},
    {"vm args --gu", "--guest"},
    {"vm args --guest windows1", "windows10"},
};

static void test_bash(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(completions); i++) {
        g_autofree char *said =
            run("PATH='%s/bin':$PATH bash -c '. %s/share/bash-completion/completions/camredir; "
                "COMP_WORDS=(camredir %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _camredir; "
                "printf \"%%s\\n\" \"${COMPREPLY[@]}\"'",
                root, root, completions[i].typed);
        g_auto(GStrv) words = g_strsplit(said, "\n", -1);
        g_test_message("%s: %s", completions[i].typed, said);
        g_assert_true(g_strv_contains((const char *const *)words, completions[i].proposed));
    }
}

/* compadd and _describe say what they were given. As a first word commands alone are proposed. */
static void test_zsh(void)
{
    g_autofree char *zsh = g_find_program_in_path("zsh");
    if (!zsh) {
        g_test_skip("there is no zsh");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(completions); i++) {
        g_autofree char *said =
            run("PATH='%s/bin':$PATH zsh -fc 'compadd() { print -l -- $@ }; "
                "_describe() { print -l -- ${(P)2} }; _files() { }; words=(camredir %s); "
                "CURRENT=$#words; . %s/share/zsh/site-functions/_camredir' | sed 's/:.*//'",
                root, completions[i].typed, root);
        g_auto(GStrv) words = g_strsplit(said, "\n", -1);
        g_test_message("%s: %s", completions[i].typed, said);
        if (completions[i].typed[0] != '-')
            g_assert_true(g_strv_contains((const char *const *)words, completions[i].proposed));
    }
}

/* As a package is made: what is installed below DESTDIR does not know of it. */
static void test_staged(void)
{
    g_autofree char *stage = g_build_filename(root, "stage", NULL);
    make("install", stage, "/usr");
    g_autofree char *prefix =
        run("grep '^prefix=' '%s/usr/lib/pkgconfig/camredir-spice.pc'", stage);
    g_assert_cmpstr(prefix, ==, "prefix=/usr\n");
    g_free(run("test -e '%s/usr/include/camredir/camredir-spice.h'", stage));
    make("uninstall", stage, "/usr");
    g_autofree char *left = run("find '%s' ! -type d", stage);
    g_assert_cmpstr(left, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("camredir-install-XXXXXX", NULL);
    make("install", "", root);
    g_test_add_func("/install/viewer", test_viewer);
    g_test_add_func("/install/names", test_names);
    g_test_add_func("/install/pages", test_pages);
    g_test_add_func("/install/bash", test_bash);
    g_test_add_func("/install/zsh", test_zsh);
    g_test_add_func("/install/staged", test_staged);
    int status = g_test_run();
    g_free(run("rm -rf '%s'", root));
    g_free(root);
    return status;
}
