/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir describe, lint and pack as a user runs them: sources of every kind, what comes out, exit
   statuses, and one line for what cannot be read. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors_inputs.h"
#include "mock_usb.h"
#include "program.h"

#define PRESET "descriptors/presets/webcam.json"

static char *program, *folder;

typedef struct {
    char *output, *errors;
    gsize len;
    int status;
} Run;

static void run_clear(Run *run)
{
    g_free(run->output);
    g_free(run->errors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* What ASan says of coroutines, which the SPICE library has, is no error. */
static char *without_notes(const char *errors)
{
    g_autoptr(GRegex) note =
        g_regex_new("^(==\\d+==WARNING: ASan |False positive |For details see ).*\\n",
                    G_REGEX_MULTILINE, 0, NULL);
    return g_regex_replace_literal(note, errors, -1, 0, "", 0, NULL);
}

/* command: words behind 'camredir'; {} is the test's folder. input: for standard input, or NULL. */
static Run run_command(const char *command, const void *input, gsize input_len)
{
    g_auto(GStrv) parts = g_strsplit(command, "{}", -1);
    g_autofree char *expanded = g_strjoinv(folder, parts);
    g_auto(GStrv) words = g_strsplit(expanded, " ", -1);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *in = g_build_filename(folder, "input", NULL);
    Run result = {0};

    g_ptr_array_add(argv, program);
    for (char **word = words; *word; word++)
        g_ptr_array_add(argv, *word);
    g_ptr_array_add(argv, NULL);
    g_assert_true(g_file_set_contents(in, input ? input : "", (gssize)input_len, NULL));
    int in_fd = open(in, O_RDONLY), out_fd, error_fd;
    g_autofree char *out = g_build_filename(folder, "output", NULL);
    g_autofree char *err = g_build_filename(folder, "errors", NULL);
    out_fd = open(out, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    error_fd = open(err, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    GPid pid;
    g_assert_true(g_spawn_async_with_fds(NULL, (char **)argv->pdata, NULL,
                                         G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, in_fd, out_fd,
                                         error_fd, &error));
    waitpid(pid, &result.status, 0);
    g_assert_true(WIFEXITED(result.status));
    result.status = WEXITSTATUS(result.status);
    close(in_fd);
    close(out_fd);
    close(error_fd);
    g_assert_true(g_file_get_contents(out, &result.output, &result.len, NULL));
    g_autofree char *errors = NULL;
    g_assert_true(g_file_get_contents(err, &errors, NULL, NULL));
    result.errors = without_notes(errors);
    return result;
}

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* ---- Sources and forms ---- */

/* The same bytes whatever way they take. */
static void test_round_trips(void)
{
    g_auto(Run) packed = run_command("pack " PRESET, NULL, 0);
    g_assert_cmpint(packed.status, ==, 0);
    g_assert_cmpuint(packed.len, >, 800);

    g_auto(Run) to_file = run_command("pack " PRESET " -o {}/webcam.bin", NULL, 0);
    g_assert_cmpint(to_file.status, ==, 0);
    g_assert_cmpuint(to_file.len, ==, 0);
    g_auto(Run) from_file = run_command("describe {}/webcam.bin --as bin", NULL, 0);
    g_assert_cmpmem(from_file.output, from_file.len, packed.output, packed.len);

    g_auto(Run) json = run_command("describe - --as json", packed.output, packed.len);
    g_auto(Run) again = run_command("pack -", json.output, json.len);
    g_assert_cmpmem(again.output, again.len, packed.output, packed.len);

    g_auto(Run) device = run_command("pack --sysfs " PRESET, NULL, 0);
    g_assert_cmpuint(device.len, <, packed.len);
    g_assert_cmpmem(device.output, device.len, packed.output, device.len);
}

/* Command, what the output must begin with, and have somewhere. */
static const struct {
    const char *command, *begins, *has;
} shown[] = {
    {"describe " PRESET, "Device Descriptor:\n  bLength ",
     "iProduct                      2 Webcam\n"},
    {"describe " PRESET " --offsets", "    ", "\n     0  12 "},
    {"describe " PRESET " --as tree", "Device Descriptor:\n", "\n"},
    {"describe " PRESET " --as json", "{\n  \"descriptors\": [\n", "\"guidFormat\": \"YUY2\""},
    {"describe " PRESET " --as c", "#include <stdint.h>\n", "\nconst uint8_t descriptors[] = {"},
    {"describe " PRESET " --as hex", "00000000  12 01 00 02 ef 02 01 40", "|"},
    {"describe pattern", "Device Descriptor:\n", "Test pattern"},
    {"describe pattern --speed super", "Device Descriptor:\n", "SUPERSPEED_USB"},
    {"describe pattern --transfer iso --as json", "{\n", "\"bmAttributes\": \"0x05\""},
    {"lint --json " PRESET, "[\n", "\"findings\" : []"},
    {"--help", "Usage: camredir", "describe"},
};

static void test_shown(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
        g_auto(Run) result = run_command(shown[i].command, NULL, 0);
        g_test_message("%s", shown[i].command);
        g_assert_cmpint(result.status, ==, 0);
        g_assert_cmpstr(result.errors, ==, "");
        g_assert_true(g_str_has_prefix(result.output, shown[i].begins));
        g_assert_nonnull(strstr(result.output, shown[i].has));
        g_assert_null(strchr(result.output, '\033')); /* no terminal, no colour */
    }
}

static void test_help_fits(void)
{
    static const char *const commands[] = {"",       "share", "redirect", "record",    "replay",
                                           "doctor", "list",  "describe", "lint",      "pack",
                                           "viewer", "vm",    "vm args",  "vm libvirt"};
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *command =
            g_strconcat(commands[i], *commands[i] ? " " : "", "--help", NULL);
        g_auto(Run) help = run_command(command, NULL, 0);
        g_auto(GStrv) lines = g_strsplit(help.output, "\n", -1);
        g_assert_cmpint(help.status, ==, 0);
        for (char **line = lines; *line; line++) {
            g_test_message("%s", *line);
            g_assert_cmpint(g_utf8_strlen(*line, -1), <=, 100);
        }
    }
}

/* ---- Lint ---- */

static void test_lint(void)
{
    g_auto(Run) clean = run_command("lint " PRESET, NULL, 0);
    g_assert_cmpint(clean.status, ==, 0);
    g_assert_cmpstr(clean.output, ==, "");

    g_auto(Run) super = run_command("lint " PRESET " --speed super", NULL, 0);
    g_assert_cmpint(super.status, ==, 1);
    g_assert_nonnull(strstr(super.output, "error: W8: device.bMaxPacketSize0: "));

    g_auto(Run) bytes = run_command("pack --sysfs " PRESET " -o {}/broken.bin", NULL, 0);
    g_autofree char *path = in_folder("broken.bin"), *contents = NULL;
    gsize len;
    g_assert_cmpint(bytes.status, ==, 0);
    g_assert_true(g_file_get_contents(path, &contents, &len, NULL));
    contents[18 + 2]++; /* the configuration's wTotalLength */
    g_assert_true(g_file_set_contents(path, contents, (gssize)len, NULL));

    g_auto(Run) broken = run_command("lint {}/broken.bin", NULL, 0);
    g_autofree char *begins = g_strdup_printf("%s:20: ", path);
    g_assert_cmpint(broken.status, ==, 1);
    g_assert_true(g_str_has_prefix(broken.output, begins));
    g_assert_nonnull(strstr(broken.output, "configuration[1].wTotalLength"));
    g_assert_nonnull(strstr(broken.output, ": found "));

    g_auto(Run) json = run_command("lint --json {}/broken.bin", NULL, 0);
    g_assert_cmpint(json.status, ==, 1);
    g_assert_nonnull(strstr(json.output, "\"severity\" : \"error\""));
    g_assert_nonnull(strstr(json.output, "\"offset\" : 20"));

    g_auto(Run) many = run_command("lint " PRESET " {}/broken.bin {}/missing.bin", NULL, 0);
    g_assert_cmpint(many.status, ==, 2);
    g_assert_nonnull(strstr(many.output, "3 sources: 1 errors, 0 warnings, "));
    g_assert_nonnull(strstr(many.output, "; 1 could not be read\n"));
    g_assert_nonnull(strstr(many.errors, "missing.bin: No such file"));
}

static void test_preset_with_errors(void)
{
    g_autofree char *path = in_folder("broken.bin");
    g_auto(Run) bytes = run_command("pack --sysfs " PRESET, NULL, 0);
    g_assert_cmpint(bytes.status, ==, 0);
    bytes.output[18 + 2]++; /* the configuration's wTotalLength */
    g_assert_true(g_file_set_contents(path, bytes.output, (gssize)bytes.len, NULL));

    g_auto(Run) shared =
        run_command("share --preset {}/broken.bin --to unix:{}/none --no-retry", NULL, 0);
    g_autofree char *says = g_strdup_printf(
        "camredir: %s: 1 error, hosts may refuse it: see camredir lint %s\n", path, path);
    g_assert_cmpint(shared.status, ==, 4);
    g_assert_true(g_str_has_prefix(shared.errors, says));
}

/* ---- What cannot be read ---- */

static const struct {
    const char *command;
    int status;
    const char *says;
    const char *input;
} refused[] = {
    {"describe", 2, "describe needs a SOURCE", NULL},
    {"describe {}/none.bin", 1, "none.bin: No such file or directory", NULL},
    {"describe {}/none.json", 1, "none.json: No such file or directory", NULL},
    {"describe {}", 1, "Is a directory", NULL},
    {"describe /dev/zero", 1, "/dev/zero: more than 1048576 bytes", NULL},
    {"describe {}/sparse", 1, "sparse: more than 1048576 bytes", NULL},
    {"describe -", 1, "standard input: empty: expected descriptors", NULL},
    {"describe -", 1, "standard input: not JSON", "{\"x\""},
    {"describe -", 1, "standard input: not JSON: line 1: 'h': expected a value", "hello\n"},
    {"lint -", 2, "standard input: not JSON: line 2: '}': expected a name", "{\"a\": 1,\n}"},
    {"lint -", 2, "line 1: 'x' is there twice", "{\"x\": 1, \"x\": 1}"},
    {"lint -", 2, "standard input: expected an object", "[]"},
    {"describe -", 1, "'x': expected \"descriptors\"", "{\"x\": 1}"},
    {"pack -", 1, "descriptors[0].bInterval: 300: expected 0 to 255",
     "{\"descriptors\": [{\"kind\": \"usb_endpoint\", \"bInterval\": 300}]}"},
    {"describe " PRESET " --as xml", 2, "--as: 'xml' is none of tree, json, c, hex, bin", NULL},
    {"describe pattern --speed warp", 2, "--speed: 'warp' is none of full, high, super", NULL},
    {"describe " PRESET " --speed full --as bin", 2,
     "--speed is for cameras: '" PRESET "' has its own", NULL},
    {"describe - --transfer iso", 2, "--transfer is for cameras: '-' has its own", "x"},
    {"describe usb:9-9 --speed full", 2, "--speed is for cameras: 'usb:9-9'", NULL},
    {"lint pattern " PRESET " --transfer iso", 2, "--transfer is for cameras: '" PRESET, NULL},
    {"lint usb:9-9 --speed full", 2, "--speed is for cameras and files: 'usb:9-9' has its", NULL},
    {"describe no-such-camera", 3,
     "no file 'no-such-camera', and no camera with 'no-such-camera' in its name", NULL},
    {"describe usb:9-9", 1, "usb:9-9: no such USB device", NULL},
    {"describe usb:../../x", 1, "usb:../../x: no such USB device", NULL},
    {"describe usb:", 1, "usb:: no such USB device", NULL},
    {"lint", 2, "lint needs a SOURCE", NULL},
    {"lint --host bsd " PRESET, 2, "--host: 'bsd' is none of windows, linux, macos", NULL},
    {"lint -", 2, "standard input: empty", NULL},
    {"pack", 2, "pack needs a FILE", NULL},
    {"pack -", 1, "-: no JSON: pack takes", "\x09\x02"},
    {"pack -", 1, "expected the end", "\"kind\": \"vcam_dev_descriptor\""},
    {"pack " PRESET " -o /dev/full", 1, "/dev/full: cannot write: No space left", NULL},
    {"pack " PRESET " -o {}", 1, "cannot write: Is a directory", NULL},
    {"pack " PRESET " -o {}/no/such/folder", 1, "No such file or directory", NULL},
    {"share --preset {}/none.json --as unix:{}/s", 1, "none.json: No such file", NULL},
    {"share pattern pattern --to unix:{}/s", 2, "only by SPICE, --qmp and --libvirt", NULL},
    {"share pattern pattern --to spice://localhost:1 --name x", 2, "for one camera alone", NULL},
    {"share --preset {}/broken.bin --as unix:{}/s --size 640x480", 2, "a preset says by itself",
     NULL},
    {"share --preset " PRESET " --as unix:{}/s --speed super", 2, "a device of USB 2", NULL},
    {"share --preset descriptors/presets/superspeed.json --as unix:{}/s --speed high", 2,
     "a SuperSpeed device", NULL},
    {"redirect 1d6b:ffff --to unix:{}/none --no-retry", 4, "there is no such socket", NULL},
    {"share --libvirt=", 2, "camredir: --libvirt: the domain's name is empty", NULL},
    {"share --qmp=", 2, "camredir: --qmp: the socket's path is empty", NULL},
    {"share --to unix:{}/s --way port", 2, "--way is for SPICE", NULL},
    {"redirect camera --as unix:{}/s --password-file {}/p", 2, "--password-file is for SPICE",
     NULL},
    {"share --qmp {}/q --ask-password", 2, "--ask-password is for SPICE", NULL},
    {"doctor --to unix:{}/s --as unix:{}/t", 2, "say where to, once", NULL},
    {"doctor --qmp {}/q --libvirt vm", 2, "say where to, once", NULL},
    {"doctor pattern --to tcp:x", 2, "tcp:x", NULL},
    {"doctor pattern --ca-file {}/ca", 2, "--ca-file is for SPICE", NULL},
};

static void test_refused(void)
{
    g_autofree char *sparse = in_folder("sparse");
    int fd = open(sparse, O_CREAT | O_WRONLY, 0600);
    g_assert_cmpint(ftruncate(fd, G_GINT64_CONSTANT(10) << 30), ==, 0);
    close(fd);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        const char *input = refused[i].input;
        g_auto(Run) result = run_command(refused[i].command, input, input ? strlen(input) : 0);
        g_test_message("%s: %s", refused[i].command, result.errors);
        g_assert_cmpint(result.status, ==, refused[i].status);
        g_assert_true(g_str_has_prefix(result.errors, "camredir: "));
        g_assert_nonnull(strstr(result.errors, refused[i].says));
        g_assert_true(strchr(result.errors, '\n') == result.errors + strlen(result.errors) - 1);
        g_assert_cmpstr(result.output, ==, "");
    }
    g_assert_cmpint(g_unlink(sparse), ==, 0);
}

/* ---- A VM that is not there ---- */

static int listen_in_folder(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *path = in_folder(name);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 8), ==, 0);
    return fd;
}

static void unlisten(int fd, const char *name)
{
    g_autofree char *path = in_folder(name);
    close(fd);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void check_doctor(const char *command, const char *says)
{
    g_auto(Run) result = run_command(command, NULL, 0);
    g_test_message("%s: %s%s", command, result.output, result.errors);
    g_assert_cmpint(result.status, ==, 1);
    g_assert_cmpstr(result.errors, ==, "");
    g_assert_nonnull(strstr(result.output, says));
}

static void test_doctor_nobody_comes(void)
{
    check_doctor("doctor pattern --as unix:{}/nobody --wait 1", "no VM connected within 1 s");
}

/* Who connects is let in by the kernel, and hears nothing. */
static void test_doctor_no_answer(void)
{
    int fd = listen_in_folder("silent");
    check_doctor("doctor pattern --to spice+unix://{}/silent --wait 1", "no answer for 1 s");
    unlisten(fd, "silent");
}

struct peer {
    int listen_fd;
    const char *says;
};

static gpointer be_peer(gpointer user)
{
    const struct peer *peer = user;
    char heard[256];
    int fd;
    while ((fd = accept4(peer->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        (void)send(fd, peer->says, strlen(peer->says), MSG_NOSIGNAL);
        while (recv(fd, heard, sizeof heard, 0) > 0)
            ;
        close(fd);
    }
    return NULL;
}

/* What cannot be plugged into cannot be cleaned up either, and that is the same trouble. */
static void test_no_monitor(void)
{
    static const char *const sayings[] = {
        "hello\n",
        "{\"QMP\": {}}\r\n[]",
        "{\"QMP\": {}}\r\n{\"error\": {\"desc\": \"no\"}}\r\n",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sayings); i++) {
        struct peer peer = {listen_in_folder("qmp"), sayings[i]};
        GThread *thread = g_thread_new("peer", be_peer, &peer);
        g_auto(Run) result = run_command("share pattern --qmp {}/qmp --no-retry", NULL, 0);
        shutdown(peer.listen_fd, SHUT_RDWR);
        g_thread_join(thread);
        unlisten(peer.listen_fd, "qmp");
        g_test_message("%s", result.errors);
        g_assert_cmpint(result.status, ==, 4);
        g_assert_true(strchr(result.errors, '\n') == result.errors + strlen(result.errors) - 1);
    }
}

/* A pipe that nobody stops writing to. */
static void test_endless_pipe(void)
{
    g_autofree char *path = in_folder("pipe");
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    char *writer[] = {(char *)"sh", (char *)"-c", (char *)"exec yes >\"$0\" 2>/dev/null", path,
                      NULL};
    GPid pid;
    g_assert_true(g_spawn_async(NULL, writer, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                NULL, NULL, &pid, NULL));
    g_auto(Run) result = run_command("describe {}/pipe", NULL, 0);
    g_assert_cmpint(result.status, ==, 1);
    g_assert_nonnull(strstr(result.errors, "pipe: more than 1048576 bytes"));
    waitpid(pid, NULL, 0); /* it ends when nobody reads */
    g_assert_cmpint(g_unlink(path), ==, 0);
}

/* ---- USB devices ---- */

static void test_usb(void)
{
    g_auto(Run) packed = run_command("pack --sysfs " PRESET, NULL, 0);
    MockUsb *mock = mock_usb_new((const guint8 *)packed.output, packed.len);
    g_autoptr(GDir) dir = g_dir_open("/sys/bus/usb/devices", 0, NULL);
    const char *name = g_dir_read_name(dir);
    g_autofree char *by_name = g_strdup_printf("describe usb:%s --as bin", name);
    g_autofree char *bus_path = g_strdup_printf("/sys/bus/usb/devices/%s/busnum", name);
    g_autofree char *number_path = g_strdup_printf("/sys/bus/usb/devices/%s/devnum", name);
    g_autofree char *bus = NULL, *number = NULL;

    g_auto(Run) named = run_command(by_name, NULL, 0);
    g_assert_cmpmem(named.output, named.len, packed.output, packed.len);
    g_assert_true(g_file_get_contents(bus_path, &bus, NULL, NULL));
    g_assert_true(g_file_get_contents(number_path, &number, NULL, NULL));
    static const char *const spelled[] = {"describe usb:%03d:%03d --as bin",
                                          "describe usb:%d-%d --as bin"};
    for (gsize i = 0; i < G_N_ELEMENTS(spelled); i++) {
        g_autofree char *by_number = g_strdup_printf(spelled[i], atoi(bus), atoi(number));
        g_auto(Run) numbered = run_command(by_number, NULL, 0);
        g_assert_cmpmem(numbered.output, numbered.len, packed.output, packed.len);
    }
    mock_usb_free(mock);
}

int main(int argc, char **argv)
{
    gboolean has_mock = mock_usb_init(argv);
    g_test_init(&argc, &argv, NULL);
    program = program_path(argv[0], "camredir");
    g_autofree char *spice = program_path(argv[0], "libcamredir-spice.so.0");
    folder = g_dir_make_tmp("commands-XXXXXX", NULL);
    g_test_add_func("/commands/round-trips", test_round_trips);
    g_test_add_func("/commands/shown", test_shown);
    g_test_add_func("/commands/help-fits", test_help_fits);
    g_test_add_func("/commands/lint", test_lint);
    g_test_add_func("/commands/preset-with-errors", test_preset_with_errors);
    g_test_add_func("/commands/refused", test_refused);
    g_test_add_func("/commands/no-monitor", test_no_monitor);
    g_test_add_func("/commands/endless-pipe", test_endless_pipe);
    g_test_add_func("/commands/doctor/nobody-comes", test_doctor_nobody_comes);
    if (g_file_test(spice, G_FILE_TEST_EXISTS))
        g_test_add_func("/commands/doctor/no-answer", test_doctor_no_answer);
    if (has_mock)
        g_test_add_func("/commands/usb", test_usb);
    int failed = g_test_run();
    static const char *const left[] = {"input", "output", "errors", "webcam.bin", "broken.bin"};
    for (gsize i = 0; i < G_N_ELEMENTS(left); i++) {
        g_autofree char *path = in_folder(left[i]);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
    g_free(program);
    return failed;
}
