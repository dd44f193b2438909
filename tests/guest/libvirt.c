/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A libvirt daemon of the tests' own. */
#include "tests/guest/libvirt.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static Process *daemon_process;
static char *uri;

const char *libvirt_uri(void)
{
    return uri ? uri : "";
}

/* root has no session of its own: it becomes somebody else, who owns the same files. */
static Process *start_daemon(const char *folder, const char *log, GError **error)
{
    static const char *const names[] = {"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"};
    const char *const as_user[] = {"unshare",          "--user",   "--map-user=1000",
                                   "--map-group=1000", "libvirtd", NULL};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_mkdir_with_parents(path, 0700);
        g_setenv(names[i], path, TRUE);
    }
    return process_start(getuid() == 0 ? as_user : as_user + 4, log, error);
}

gboolean libvirt_begin(GError **error)
{
    if (uri)
        return TRUE;
    g_autofree char *folder = g_strdup_printf("%s/v", harness_folder());
    g_autofree char *log = g_strdup_printf("%s/libvirtd.log", harness_logs());
    g_autofree char *socket =
        g_build_filename(folder, "XDG_RUNTIME_DIR", "libvirt", "libvirt-sock", NULL);
    if (!(daemon_process = start_daemon(folder, log, error)))
        return FALSE;
    for (guint waited_ms = 0; waited_ms < WAIT_MS && process_running(daemon_process);
         waited_ms += 100, g_usleep(100000)) {
        if (g_access(socket, F_OK) != 0)
            continue;
        uri = g_strdup_printf("qemu:///session?socket=%s", socket);
        g_autofree char *version = libvirt_virsh("version", error);
        if (!version)
            libvirt_end();
        return version != NULL;
    }
    libvirt_end();
    return fail(error, "libvirtd does not start: %s", log);
}

void libvirt_end(void)
{
    g_clear_pointer(&daemon_process, process_free);
    g_clear_pointer(&uri, g_free);
}

char *libvirt_virsh(const char *command, GError **error)
{
    g_autofree char *line = g_strdup_printf("virsh -q -c %s %s", uri, command);
    g_autofree char *output = NULL, *errors = NULL;
    int status = 0;
    if (!g_spawn_command_line_sync(line, &output, &errors, &status, error))
        return NULL;
    if (status == 0)
        return g_steal_pointer(&output);
    fail(error, "virsh %s: %s", command, g_strchomp(errors));
    return NULL;
}

static char *domain_xml(const char *name, const GPtrArray *argv)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    g_autofree char *here = g_get_current_dir();
    g_string_append_printf(
        xml,
        "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
        "<name>%s</name><memory unit='MiB'>512</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>"
        "<devices><controller type='usb' model='qemu-xhci' ports='4'>"
        "<address type='pci' bus='0' slot='0x10'/></controller>" /* argv's take the first slots */
        "<memballoon model='none'/></devices><qemu:commandline>",
        name);
    for (guint i = 1; i + 1 < argv->len; i++) {
        const char *word = g_ptr_array_index(argv, i);
        /* QEMU runs in a folder of libvirt's. */
        g_auto(GStrv) parts = g_strsplit(word, "build/", 2);
        gboolean relative = parts[1] && (!*parts[0] || g_str_has_suffix(parts[0], "="));
        g_autofree char *absolute =
            relative ? g_strdup_printf("%s%s/build/%s", parts[0], here, parts[1]) : g_strdup(word);
        g_autofree char *arg = g_markup_printf_escaped("<qemu:arg value='%s'/>", absolute);
        g_string_append(xml, arg);
    }
    g_string_append(xml, "</qemu:commandline></domain>");
    return g_string_free(g_steal_pointer(&xml), FALSE);
}

Process *libvirt_start(const char *name, const GPtrArray *argv, const char *log, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s.xml", harness_folder(), name);
    g_autofree char *xml = domain_xml(name, argv);
    /* The domain goes with the connection that made it, however we end. */
    g_autofree char *commands = g_strdup_printf(
        "create %s --autodestroy; event --domain %s --event lifecycle --loop", path, name);
    const char *const virsh[] = {"virsh", "-c", uri, commands, NULL};
    return g_file_set_contents(path, xml, -1, error) ? process_start(virsh, log, error) : NULL;
}

void libvirt_destroy(const char *name)
{
    g_autofree char *command = g_strdup_printf("destroy %s", name);
    g_free(libvirt_virsh(command, NULL));
}
