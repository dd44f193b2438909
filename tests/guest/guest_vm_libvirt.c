/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: libvirt itself starts what 'camredir vm libvirt' prints, paused, and QEMU is asked
   what came of it. */
#include "tests/guest/guest_tests.h"

#include <string.h>

#include "tests/guest/libvirt.h"
#include "tests/guest/printed.h"

typedef struct {
    const char *name, *log, *options; /* name: of the guest, and so of the domain */
    const char *wanted[6];            /* of QEMU's "info usb" and "info chardev" */
} DomainCase;

static gboolean start_domain(const DomainCase *c, Printed *printed, GError **error)
{
    const char *folder = printed_folder(printed);
    g_autofree char *port = g_strdup_printf("%u", printed_free_ports());
    g_auto(GStrv) parts = g_strsplit(c->options, "PORT", -1);
    g_autofree char *way = g_strjoinv(port, parts);
    g_autofree char *options = g_strdup_printf("vm libvirt --accel tcg --memory 256M --guest %s "
                                               "--disk '{}/a, b.img' %s",
                                               c->name, way);
    g_autofree char *password = g_build_filename(folder, "password", NULL);
    if (!g_file_set_contents(password, VM_SPICE_PASSWORD, -1, error))
        return FALSE;
    g_autofree char *xml = printed_run(printed, options, error);
    g_autofree char *file = g_build_filename(folder, "domain.xml", NULL);
    g_autofree char *image = g_build_filename(folder, "a, b.img", NULL);
    if (!xml || !g_file_set_contents(file, xml, -1, error) ||
        !g_file_set_contents(image, "", 0, error))
        return FALSE;
    g_autofree char *commands = g_strdup_printf("'create --paused --autodestroy --validate \"%s\"; "
                                                "qemu-monitor-command %s --hmp info usb; "
                                                "qemu-monitor-command %s --hmp info chardev'",
                                                file, c->name, c->name);
    g_autofree char *output = libvirt_virsh(commands, error);
    if (!output)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(c->wanted) && c->wanted[i]; i++) {
        g_auto(GStrv) around = g_strsplit(c->wanted[i], "{}", -1);
        g_autofree char *wanted = g_strjoinv(folder, around);
        if (!strstr(output, wanted))
            return fail(error, "not '%s' in %s", wanted, output);
    }
    return TRUE;
}

static gboolean run_domain(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const DomainCase *c = test->data;
    (void)session;
    g_autoptr(GError) why = NULL;
    if (!libvirt_begin(&why)) {
        g_string_append_printf(note, "# SKIP no libvirt here: %s; ", why->message);
        return TRUE;
    }
    Printed *printed = printed_new(c->log);
    gboolean good = start_domain(c, printed, error);
    printed_free(printed);
    return good;
}

#define REDIR(n, port)                                                                             \
    "Port " #port ", Speed 1.5 Mb/s, Product USB Redirection Device, ID: redir" #n
#define ROW(title, ...)                                                                            \
    {                                                                                              \
        "vm libvirt: " title, run_domain, &(const DomainCase)                                      \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const GuestTest tests[] = {
    ROW("Linux's, xHCI, unix socket", "linux", "libvirt-linux", "--via 'unix:{}/c, s'",
        {REDIR(0, 2), "charredir0: filename=disconnected:unix:{}/c, s,server=on"}),
    ROW("Windows 7's, EHCI, two TCP sockets", "windows7", "libvirt-windows7",
        "--via tcp:127.0.0.1:PORT --cameras 2 --network none --spice unix:{}/s",
        {REDIR(0, 2), REDIR(1, 3), "charredir0: filename=disconnected:tcp:127.0.0.1:",
         "charredir1: filename=disconnected:tcp:127.0.0.1:", "charchannel0: filename=spicevmc"}),
    ROW("Windows 11's, UEFI, TPM, two SPICE ports", "windows11", "libvirt-windows11",
        "--via spice-port --cameras 2 --spice 127.0.0.1:PORT",
        {REDIR(0, 2), REDIR(1, 3), "charredir0: filename=spiceport",
         "charredir1: filename=spiceport", "chrtpm: filename="}),
    ROW("macOS', SPICE usbredir", "macos", "libvirt-macos",
        "--via spice-usbredir --spice unix:{}/s --spice-password-file {}/password",
        {REDIR(0, 3), "charredir0: filename=spicevmc"}),
};

const GuestTestTable vm_libvirt_tests = {tests, G_N_ELEMENTS(tests)};
