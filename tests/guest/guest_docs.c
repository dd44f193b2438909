/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: each command that a page of the documentation shows is run, as a reader would run
   them: one block after the other, in one folder. QEMU shows no window and goes on in the
   background until the next one starts; a shared camera is the test pattern, and taken back as soon
   as the VM has it. Devices in XML are started in a libvirt domain, whose name is VM. */
#include "tests/guest/guest_tests.h"

#include <string.h>

#include "tests/guest/docs_commands.h"
#include "tests/guest/libvirt.h"
#include "tests/guest/printed.h"

static const char qemu[] =
    "#!/bin/bash -e\n"
    "PATH=${PATH#*:}\n"
    "if [ -e {}/pid ]; then\n"
    "    kill $(cat {}/pid)\n"
    "    while [ -e {}/pid ]; do sleep 0.05; done\n"
    "fi\n"
    "exec qemu-system-x86_64 \"$@\" -display none -daemonize -pidfile {}/pid\n";

/* %s: the program, and what is added to 'camredir vm' where there is no KVM. The page's own options
   go before. */
static const char camredir[] =
    "#!/bin/bash\n"
    "camredir=%s\n"
    "case $1 in\n"
    "vm)\n"
    "    [[ \" $* \" = *' --via '* ]] || set -- \"$@\" --via unix:{}/cam.sock\n"
    "    [[ \" $* \" = *' --accel '* ]] || set -- \"$@\" %s\n"
    "    exec $camredir \"$@\" ;;\n"
    "share)\n"
    "    shift\n"
    "    [[ $1 != -* ]] || set -- pattern \"$@\"\n"
    "    $camredir share \"$@\" 2>{}/share &\n"
    "    while sleep 0.1 && kill -0 $!; do\n"
    "        ! grep -q 'the guest will find' {}/share || break\n"
    "    done\n"
    "    kill $! && wait $! || { cat {}/share >&2; exit 1; } ;;\n"
    "*)\n"
    "    echo \"the test has no way to run camredir $1\" >&2\n"
    "    exit 1 ;;\n"
    "esac\n";

static void make_programs(const Printed *printed)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *absolute = g_canonicalize_filename(program, NULL);
    gboolean kvm = strcmp(vm_accelerator(), "kvm") == 0;
    g_autofree char *text = g_strdup_printf(camredir, absolute, kvm ? "" : "--accel tcg");
    printed_program(printed, "camredir", text);
    printed_program(printed, "qemu-system-x86_64", qemu);
}

/* What the page calls /tmp is the test's own folder. */
static char *move(const Printed *printed, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "/tmp/", -1);
    g_autofree char *folder = g_strconcat(printed_folder(printed), "/", NULL);
    return g_strjoinv(folder, parts);
}

static char *start_domain(const char *devices)
{
    return g_strdup_printf("cat >VM.xml <<'END'\n"
                           "<domain type='qemu'><name>VM</name><memory unit='MiB'>64</memory>\n"
                           "<os><type arch='x86_64'>hvm</type></os>\n"
                           "<devices>%s</devices></domain>\n"
                           "END\n"
                           "virt-xml-validate VM.xml\n"
                           "virsh list --name | grep -qx VM && virsh destroy VM\n"
                           "virsh create VM.xml\n",
                           devices);
}

static char *run_block(Printed *printed, const DocsCommands *block, GError **error)
{
    g_autofree char *text = block->xml ? start_domain(block->text) : g_strdup(block->text);
    g_autofree char *moved = move(printed, text);
    return printed_shell(printed, moved, error);
}

static gboolean run_commands(Printed *printed, const char *page, GString *note, GError **error)
{
    g_autoptr(GPtrArray) blocks = docs_commands_read(page, error);
    if (!blocks)
        return FALSE;
    for (guint i = 0; i < blocks->len; i++) {
        const DocsCommands *commands = blocks->pdata[i];
        g_autofree char *output = run_block(printed, commands, error);
        if (!output) {
            g_prefix_error(error, "%s:%u: ", page, commands->line);
            return FALSE;
        }
    }
    g_string_append_printf(note, "%u blocks", blocks->len);
    return blocks->len > 0 || fail(error, "%s: no commands", page);
}

static gboolean run_page(const GuestTest *test, Session *session, GString *note, GError **error)
{
    g_autofree char *name = g_path_get_basename(test->data);
    Printed *printed = printed_new(name);
    (void)session;
    make_programs(printed);
    gboolean good = run_commands(printed, test->data, note, error);
    printed_free(printed);
    return good;
}

static gboolean run_libvirt(const GuestTest *test, Session *session, GString *note, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (!libvirt_begin(&why)) {
        g_string_append_printf(note, "# SKIP no libvirt here: %s; ", why->message);
        return TRUE;
    }
    g_setenv("LIBVIRT_DEFAULT_URI", libvirt_uri(), TRUE);
    gboolean good = run_page(test, session, note, error);
    libvirt_destroy("windows10");
    libvirt_destroy("VM");
    return good;
}

static const GuestTest tests[] = {
    {"commands in docs/qemu.md", run_page, "docs/qemu.md"},
    {"commands in docs/libvirt.md", run_libvirt, "docs/libvirt.md"},
    {"commands in docs/spice.md", run_libvirt, "docs/spice.md"},
    {"commands in docs/windows.md", run_page, "docs/windows.md"},
};

const GuestTestTable docs_tests = {tests, G_N_ELEMENTS(tests)};
