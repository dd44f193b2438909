/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What 'camredir vm' prints, and a folder of its own where that is run. */
#include "tests/guest/printed.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/vm.h"

#define SHELL_MS 120000

struct Printed {
    char *folder, *bin, *log;
    int listener; /* QEMU's monitor connects there */
    Process *process;
};

/* QEMU ends with the shell that started it. */
static const char qemu[] = "#!/bin/bash\n"
                           "PATH=${PATH#*:}\n"
                           "exec setpriv --pdeathsig KILL qemu-system-x86_64 \"$@\" -S \\\n"
                           "    -display none -pidfile {}/pid \\\n"
                           "    -chardev socket,id=test-qmp,path={}/qmp \\\n"
                           "    -mon chardev=test-qmp,mode=control\n";

static char *in_folder(const Printed *printed, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "{}", -1);
    return g_strjoinv(printed->folder, parts);
}

void printed_program(const Printed *printed, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(printed->bin, name, NULL);
    g_autofree char *expanded = in_folder(printed, text);
    if (!g_file_set_contents(path, expanded, -1, NULL) || g_chmod(path, 0755) < 0)
        g_error("%s: %s", path, g_strerror(errno));
}

static gboolean listen_for_qmp(Printed *printed)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/qmp", printed->folder);
    printed->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(printed->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(printed->listener, 1) == 0;
}

Printed *printed_new(const char *name)
{
    Printed *printed = g_new0(Printed, 1);
    printed->folder = g_build_filename(harness_folder(), name, NULL);
    printed->bin = g_build_filename(printed->folder, "bin", NULL);
    printed->log = g_strdup_printf("%s/%s.log", harness_logs(), name);
    if (g_mkdir_with_parents(printed->bin, 0755) < 0 || !listen_for_qmp(printed))
        g_error("%s: %s", printed->folder, g_strerror(errno));
    printed_program(printed, "qemu-system-x86_64", qemu);
    return printed;
}

/* Shells may be between QEMU and us, whose end is not its own. */
static void kill_all(Printed *printed)
{
    g_autofree char *file = g_build_filename(printed->folder, "pid", NULL), *text = NULL;
    g_clear_pointer(&printed->process, process_free);
    if (!g_file_get_contents(file, &text, NULL, NULL))
        return;
    kill((pid_t)g_ascii_strtoll(text, NULL, 10), SIGKILL);
    g_unlink(file);
}

const char *printed_folder(const Printed *printed)
{
    return printed->folder;
}

/* In the folder, by bash, its output in the log. */
static gboolean start_text(Printed *printed, const char *text, GError **error)
{
    g_autofree char *file = g_build_filename(printed->folder, "script", NULL);
    g_autofree char *path = g_strdup_printf("PATH=%s:%s", printed->bin, g_getenv("PATH"));
    const char *argv[] = {"env", "-C", printed->folder, path, "bash", "-e", "script", NULL};
    g_unlink(printed->log);
    return g_file_set_contents(file, text, -1, error) &&
           (printed->process = process_start(argv, printed->log, error)) != NULL;
}

char *printed_shell(Printed *printed, const char *text, GError **error)
{
    int status = -1;
    char *output = NULL;
    if (!start_text(printed, text, error))
        return NULL;
    gboolean in_time = process_wait(printed->process, SHELL_MS, &status);
    g_clear_pointer(&printed->process, process_free);
    g_file_get_contents(printed->log, &output, NULL, NULL);
    if (in_time && status == 0)
        return output;
    fail(error, "%s\nends with status %d: %s", text, status, output);
    g_free(output);
    return NULL;
}

void printed_free(Printed *printed)
{
    if (!printed)
        return;
    const char *argv[] = {"rm", "-rf", printed->folder, NULL};
    kill_all(printed);
    close(printed->listener);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(printed->folder);
    g_free(printed->bin);
    g_free(printed->log);
    g_free(printed);
}

/* ---- what is printed ---- */

char *printed_run(const Printed *printed, const char *options, GError **error)
{
    g_autofree char *expanded = in_folder(printed, options);
    g_autofree char *camredir = harness_camredir();
    g_autofree char *line = g_strdup_printf("%s %s", camredir, expanded);
    g_autofree char *errors = NULL;
    char *output = NULL;
    int status;
    if (!g_spawn_command_line_sync(line, &output, &errors, &status, error))
        return NULL;
    if (status == 0)
        return output;
    fail(error, "camredir %s: status %d: %s", expanded, status, errors);
    g_free(output);
    return NULL;
}

GStrv printed_share(const char *text, GError **error)
{
    static const char begin[] = "\n#     camredir share";
    GStrv words = NULL;
    const char *line = strstr(text, begin);
    g_autofree char *command =
        line ? g_strndup(line + strlen("\n#     "), strcspn(line + 1, "\n") - strlen("#     "))
             : NULL;
    if (!command)
        fail(error, "no 'camredir share' in it");
    else
        g_shell_parse_argv(command, NULL, &words, error);
    return words;
}

/* ---- what it does ---- */

static const struct {
    gboolean kvm; /* only where there is no KVM */
    const char *from, *to;
} replacements[] = {
    {TRUE, "-accel kvm", "-accel tcg"},
    {TRUE, "accel = \"kvm\"", "accel = \"tcg\""},
    {TRUE, "-cpu host", "-cpu max"},
    {TRUE, ",hv-vpindex=on", ""}, /* the others are accepted, and do nothing */
    {FALSE, "-netdev bridge,id=net,br=br0", "-netdev user,id=net"},
    {FALSE, "type = \"bridge\"\n  br = \"br0\"", "type = \"user\""},
};

static char *replace(const char *text)
{
    char *replaced = g_strdup(text);
    for (gsize i = 0; i < G_N_ELEMENTS(replacements); i++) {
        if (replacements[i].kvm && strcmp(vm_accelerator(), "kvm") == 0)
            continue;
        g_autofree char *before = replaced;
        g_auto(GStrv) parts = g_strsplit(before, replacements[i].from, -1);
        replaced = g_strjoinv(replacements[i].to, parts);
    }
    return replaced;
}

static int accept_qmp(Printed *printed)
{
    struct pollfd fd = {.fd = printed->listener, .events = POLLIN};
    for (guint i = 0; i < WAIT_MS / 10 && process_running(printed->process); i++)
        if (poll(&fd, 1, 10) > 0)
            return accept4(fd.fd, NULL, NULL, SOCK_CLOEXEC);
    return -1;
}

/* A file for -readconfig says under which name it wants to be kept, and how it is then used. */
static char *keep_config(const Printed *printed, const char *text, GError **error)
{
    static const char keep[] = "# Save it as ", use[] = "\n#     bash <(";
    const char *name = strstr(text, keep), *line = strstr(text, use);
    if (!name || !line)
        return g_strdup(text);
    name += strlen(keep);
    line += strlen(use) - strlen("bash <(");
    g_autofree char *base = g_strndup(name, strstr(name, ".cfg") + strlen(".cfg") - name);
    g_autofree char *path = g_build_filename(printed->folder, base, NULL);
    return g_file_set_contents(path, text, -1, error) ? g_strndup(line, strcspn(line, "\n")) : NULL;
}

gboolean printed_start(Printed *printed, const char *text, Qmp **ret_qmp, GError **error)
{
    g_autofree char *replaced = replace(text), *log = NULL;
    g_autofree char *script = keep_config(printed, replaced, error);
    if (!script || !start_text(printed, script, error))
        return FALSE;
    int fd = accept_qmp(printed);
    Qmp *qmp = fd < 0 ? NULL : qmp_new(fd, NULL);
    if (qmp) {
        *ret_qmp = qmp;
        return TRUE;
    }
    kill_all(printed);
    g_file_get_contents(printed->log, &log, NULL, NULL);
    return fail(error, "QEMU did not start: %s", log);
}

gboolean printed_stop(Printed *printed, Qmp *qmp, GError **error)
{
    int status = -1;
    gboolean good = qmp_run(qmp, "quit", error);
    qmp_free(qmp);
    if (good && (!process_wait(printed->process, WAIT_MS, &status) || status != 0))
        good = fail(error, "QEMU ended with status %d", status);
    kill_all(printed);
    return good;
}

static gboolean is_free(guint16 port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gboolean is_bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_bound;
}

/* Below those that the kernel hands out by itself. */
guint16 printed_free_ports(void)
{
    guint16 port;
    do
        port = (guint16)g_random_int_range(12000, 32000);
    while (!is_free(port) || !is_free(port + 1));
    return port;
}
