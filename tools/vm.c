/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir vm: prints what starts a virtual machine with a port for a camera. */
#include <stdio.h>
#include <string.h>

#include "tools/tools.h"
#include "tools/vm_choice.h"
#include "tools/vm_libvirt.h"
#include "tools/vm_qemu.h"

#define CONFIG_LINE_MAX 1022 /* more, and QEMU takes a line for two */

struct vm_wish {
    struct vm_options options;
    gboolean script, config, devices_only;
};

static void wish_clear(struct vm_wish *wish)
{
    struct vm_options *o = &wish->options;
    const char *strings[] = {
        o->guest,     o->via,     o->usb,   o->disk, o->memory, o->spice, o->spice_password_file,
        o->spice_tls, o->network, o->accel, o->cpus, o->cameras};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free((gpointer)strings[i]);
}

static gboolean has_long_line(const char *text)
{
    for (; *text; text += strcspn(text, "\n") + 1)
        if (strcspn(text, "\n") > CONFIG_LINE_MAX)
            return TRUE;
    return FALSE;
}

static int print_args(const struct vm_choice *choice, const struct vm_wish *wish)
{
    if (wish->script && wish->config) {
        g_printerr("camredir: --script and --config are two forms: give one\n");
        return EXIT_USAGE;
    }
    vm_qemu_form form = wish->script   ? vm_qemu_script
                        : wish->config ? vm_qemu_config
                                       : vm_qemu_command;
    g_autofree char *text = form(choice);
    if (wish->config && has_long_line(text)) {
        g_printerr("camredir: --config: QEMU reads lines of at most %d bytes: take --script, or "
                   "files with shorter names\n",
                   CONFIG_LINE_MAX);
        return EXIT_USAGE;
    }
    fputs(text, stdout);
    return close_output("vm args");
}

static int print_libvirt(const struct vm_choice *choice, const struct vm_wish *wish)
{
    g_autofree char *text = vm_libvirt(choice, wish->devices_only);
    fputs(text, stdout);
    return close_output("vm libvirt");
}

static const struct form {
    const char *name, *usage, *description;
    enum vm_fact fact;
    int (*print)(const struct vm_choice *choice, const struct vm_wish *wish);
} forms[] = {
    {"args", "vm args", "- print a QEMU command line for a VM with a port for a camera", VM_QEMU,
     print_args},
    {"libvirt", "vm libvirt", "- print a libvirt domain with a port for a camera", VM_LIBVIRT,
     print_libvirt},
};

/* entries that one form alone has come last. */
static gboolean parse(const struct form *form, struct vm_wish *wish, int argc, char **argv)
{
    struct vm_options *o = &wish->options;
    const GOptionEntry args_entries[] = {
        {"script", 0, 0, G_OPTION_ARG_NONE, &wish->script, "Print a script for bash", NULL},
        {"config", 0, 0, G_OPTION_ARG_NONE, &wish->config,
         "Print a file for -readconfig, and the rest of the command line", NULL},
    };
    const GOptionEntry libvirt_entries[] = {
        {"devices-only", 0, 0, G_OPTION_ARG_NONE, &wish->devices_only,
         "What a domain that is there already needs for its camera", NULL},
    };
    GOptionEntry entries[] = {
        {"guest", 0, 0, G_OPTION_ARG_STRING, &o->guest,
         "linux (default), windows11, windows10, windows7, macos", "SYSTEM"},
        {"via", 0, 0, G_OPTION_ARG_FILENAME, &o->via,
         "By unix:PATH (default), tcp:HOST:PORT, spice-port, spice-usbredir", "WAY"},
        {"cameras", 0, 0, G_OPTION_ARG_STRING, &o->cameras, "Ports for so many (1)", "N"},
        {"usb", 0, 0, G_OPTION_ARG_STRING, &o->usb, "xhci (default), ehci (for Windows 7)",
         "CONTROLLER"},
        {"disk", 0, 0, G_OPTION_ARG_FILENAME, &o->disk, "The disk's image", "FILE"},
        {"memory", 0, 0, G_OPTION_ARG_STRING, &o->memory, "As 4G or 512M", "SIZE"},
        {"cpus", 0, 0, G_OPTION_ARG_STRING, &o->cpus, "Processors", "N"},
        {"spice", 0, 0, G_OPTION_ARG_FILENAME, &o->spice, "A SPICE server there",
         "unix:PATH|HOST:PORT"},
        {"spice-password-file", 0, 0, G_OPTION_ARG_FILENAME, &o->spice_password_file,
         "SPICE's password is in there", "FILE"},
        {"spice-tls", 0, 0, G_OPTION_ARG_FILENAME, &o->spice_tls,
         "SPICE by TLS alone, with the certificates in there", "FOLDER"},
        {"network", 0, 0, G_OPTION_ARG_STRING, &o->network, "user (default), bridge:NAME, none",
         "KIND"},
        {"accel", 0, 0, G_OPTION_ARG_STRING, &o->accel, "kvm (default), tcg", "KIND"},
        {0},
        {0},
        {0},
    };
    GOptionEntry *end = &entries[G_N_ELEMENTS(entries) - 3];
    if (form->fact == VM_QEMU)
        memcpy(end, args_entries, sizeof args_entries);
    else
        memcpy(end, libvirt_entries, sizeof libvirt_entries);
    argv[0] = (char *)form->usage;
    return options_parse(form->description, NULL, entries, &argc, &argv, 0);
}

static int run_form(const struct form *form, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    struct vm_wish wish = {0};
    struct vm_choice choice;
    int status = EXIT_USAGE;
    if (parse(form, &wish, argc, argv)) {
        if (vm_choice_make(&choice, &wish.options, form->fact, &error)) {
            status = form->print(&choice, &wish);
            vm_choice_clear(&choice);
        } else {
            g_printerr("camredir: %s\n", error->message);
        }
    }
    wish_clear(&wish);
    return status;
}

int vm_run(int argc, char **argv)
{
    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(forms); i++)
        if (strcmp(argv[1], forms[i].name) == 0)
            return run_form(&forms[i], argc - 1, argv + 1);
    gboolean help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (argc > 1 && !help)
        g_printerr("camredir: no command 'vm %s': see 'camredir vm --help'\n", argv[1]);
    else
        fputs("Usage: camredir vm args|libvirt [OPTION...]\n\n"
              "  args     a QEMU command line for a VM with a port for a camera\n"
              "  libvirt  the same as a libvirt domain\n\n"
              "  camredir vm args --help   the options\n",
              help ? stdout : stderr);
    return help ? close_output("vm --help") : EXIT_USAGE;
}
