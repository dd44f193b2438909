/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir: finds the subcommand and gives it the rest of the command line. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/tools.h"

static const struct subcommand subcommands[] = {
    {"share", "put a camera into a virtual machine", share_run},
    {"redirect", "put a USB device of this machine into a virtual machine", redirect_run},
    {"viewer", "start a SPICE viewer that brings a camera along", viewer_run},
    {"record", "redirect a USB device, and write down all that is said", record_run},
    {"replay", "put a recorded USB device into a virtual machine", replay_run},
    {"list", "show the cameras of this machine", list_run},
    {"doctor", "find what is missing between a camera and a virtual machine", doctor_run},
    {"describe", "show USB descriptors", describe_run},
    {"lint", "find what is wrong with USB descriptors", lint_run},
    {"pack", "make bytes of descriptors in JSON", pack_run},
    {"fuzz", "break cameras on purpose, and find what that breaks", fuzz_run},
    {"vm", "print what starts a virtual machine with a port for a camera", vm_run},
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

static void print_version(FILE *out)
{
    fputs("camredir " CAMREDIR_VERSION "\n", out);
}

static const struct {
    const char *word;
    void (*print)(FILE *out);
} texts[] = {
    {"--version", print_version},
    {"--help", print_help},
    {"-h", print_help},
    {"help", print_help},
};

int close_output(const char *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    if (errno != EPIPE) /* whoever reads has had enough */
        g_printerr("camredir: %s: cannot write: %s\n", command, g_strerror(errno));
    return EXIT_BROKEN;
}

/* Not left to GLib, which ends the program with status 0 where the text could not be written. */
static void show_help(GOptionContext *context)
{
    char *help = g_option_context_get_help(context, TRUE, NULL);
    fputs(help, stdout);
    g_free(help);
    exit(close_output("--help"));
}

gboolean options_parse(const char *usage, const char *description, const GOptionEntry *entries,
                       int *argc, char ***argv, int max_operands)
{
    g_autoptr(GError) error = NULL;
    gboolean help = FALSE;
    const GOptionEntry help_entries[] = {
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "This text", NULL},
        {0},
    };
    g_autofree char *program = g_strdup_printf("camredir %s", (*argv)[0]);
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, help_entries, NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description);
    g_set_prgname(program);
    gboolean parsed = g_option_context_parse(context, argc, argv, &error);
    if (help)
        show_help(context);
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

/* A camera must never become descriptor 2, which messages are written to. Those that were closed
   are opened the wrong way round: what is written there fails, as it would have. */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            exit(EXIT_BROKEN);
}

static int show_text(const char *word, void (*print)(FILE *out), const char *excess)
{
    if (excess) {
        g_printerr("camredir: unexpected '%s': see 'camredir --help'\n", excess);
        return EXIT_USAGE;
    }
    print(stdout);
    return close_output(word);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    g_set_prgname("camredir");
    log_init();
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (strcmp(argv[1], texts[i].word) == 0)
            return show_text(texts[i].word, texts[i].print, argv[2]);
    for (gsize i = 0; i < G_N_ELEMENTS(subcommands); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    g_printerr("camredir: no command '%s': see 'camredir --help'\n", argv[1]);
    return EXIT_USAGE;
}
