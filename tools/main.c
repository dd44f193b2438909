/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir: finds the subcommand and gives it the rest of the command line. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/tools.h"

static const struct subcommand subcommands[] = {
    {"share", "put a camera into a virtual machine", share_run},
    {"list", "show the cameras of this machine", list_run},
    {"describe", "show USB descriptors", describe_run},
    {"lint", "find what is wrong with USB descriptors", lint_run},
    {"pack", "make bytes of descriptors in JSON", pack_run},
};

static void print_help(FILE *out)
{
    fputs("Usage: camredir COMMAND [OPTION...]\n\n"
          "Brings a camera into a virtual machine through a QEMU usb-redir device, without\n"
          "touching the machine.\n\n"
          "Commands:\n",
          out);
    for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++)
        fprintf(out, "  %-8s %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\n  camredir COMMAND --help   the options of a command\n"
          "  camredir --version        the version\n\n"
          "Example: qemu-system-x86_64 ... -device qemu-xhci \\\n"
          "             -chardev socket,id=cam,path=/tmp/cam.sock,server=on,wait=off \\\n"
          "             -device usb-redir,chardev=cam\n"
          "         camredir share --to unix:/tmp/cam.sock\n",
          out);
}

gboolean options_parse(const char *usage, const char *description, const GOptionEntry *entries,
                       int *argc, char ***argv, int max_operands)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = g_strdup_printf("camredir %s", (*argv)[0]);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description);
    g_set_prgname(program);
    gboolean parsed = g_option_context_parse(context, argc, argv, &error);
    g_set_prgname("camredir");
    if (!parsed) {
        g_printerr("camredir: %s: see '%s --help'\n", error->message, program);
        return FALSE;
    }
    if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
        (*argv)++;
        (*argc)--;
    }
    if (*argc - 1 > max_operands) {
        g_printerr("camredir: unexpected '%s': see '%s --help'\n", (*argv)[1 + max_operands],
                   program);
        return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    g_set_prgname("camredir");
    log_init();
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("camredir " CAMREDIR_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    g_printerr("camredir: no command '%s': see 'camredir --help'\n", argv[1]);
    return EXIT_USAGE;
}
