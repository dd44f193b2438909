/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: what 'camredir vm args' prints is run. Every combination by QEMU, which is then
   asked what it has; some of them with the test's guest inside, to which the command that is
   printed below brings a camera. */
#include "tests/guest/guest_tests.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/printed.h"

/* ---- Combinations ---- */

static const char *const guests[] = {"linux", "windows11", "windows10", "windows7", "macos"};
static const char *const controllers[] = {"xhci", "ehci"};
static const char *const accelerators[] = {"kvm", "tcg"};
static const char *const networks[] = {"user", "bridge:br0", "none"};
static const char *const forms[] = {"", "--script", "--config"};
/* %u: a port. The first two bring SPICE too, or not. */
static const char *const ways[] = {"unix:{}/cam,s", "tcp:127.0.0.1:%u", "spice-port",
                                   "spice-usbredir"};
static const char *const spices[] = {
    "", "--spice unix:{}/spice,s", "--spice 127.0.0.1:%u",
    "--spice 127.0.0.1:%u --spice-password-file {}/password",
    "--spice 127.0.0.1:%u --spice-password-file {}/password --spice-tls {}/keys"};

typedef struct {
    guint guest, way, controller, network, cameras, accelerator, form, spice;
    char *options;
    guint16 port, spice_port; /* of all */
} Combination;

#define N_COMBINATIONS (5 * 4 * 2 * 3 * 2)

/* Each of guest, way, controller, network and number of cameras with each; the rest in turn, so
   that each pair occurs. */
static void combine(Combination *ret_combination, guint i)
{
    Combination *c = ret_combination;
    c->cameras = 1 + i % 2;
    c->network = i / 2 % 3;
    c->controller = i / 6 % 2;
    c->way = i / 12 % 4;
    c->guest = i / 48;
    guint sum = c->cameras + c->network + c->controller + c->way + c->guest;
    c->accelerator = sum % 2;
    c->form = (sum + i / 12) % 3;
    c->spice = c->way < 2 ? sum % 5 : 1 + sum % 4;
    g_autofree char *way = g_strdup_printf(ways[c->way], c->port);
    g_autofree char *spice = g_strdup_printf(spices[c->spice], c->spice_port);
    g_free(c->options);
    c->options = g_strdup_printf(
        "--guest %s --via %s --usb %s --accel %s --network %s --cameras %u "
        "--disk '{}/a, b.img' --memory 256M --cpus 3 %s %s",
        guests[c->guest], way, controllers[c->controller], accelerators[c->accelerator],
        networks[c->network], c->cameras, spice, forms[c->form]);
}

/* ---- What QEMU must have ---- */

#define HMP(line)                                                                                  \
    "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"" line "\"}}"
#define QOM(path) "{\"execute\": \"qom-list\", \"arguments\": {\"path\": \"" path "\"}}"

enum { NAMED, OTHERS, USB, NETWORK, SPICE, BLOCK, CPUS, MEMORY, N_QUESTIONS };
static const char *const questions[N_QUESTIONS] = {
    [NAMED] = QOM("/machine/peripheral"),
    [OTHERS] = QOM("/machine/peripheral-anon"),
    [USB] = HMP("info usb"),
    [NETWORK] = HMP("info network"),
    [SPICE] = "query-spice",
    [BLOCK] = "query-block",
    [CPUS] = HMP("info cpus"),
    [MEMORY] = "query-memory-size-summary",
};

/* Where the options have both words (of one with '!': have it not), the answer has that text (with
   '!': has it not). */
static const struct {
    const char *words[2];
    guint question;
    const char *text;
} wanted[] = {
    {{"--usb xhci", "!windows7"}, NAMED, "\"usb\",\"type\":\"child<qemu-xhci>\""},
    {{"--usb xhci", "windows7"}, NAMED, "\"usb\",\"type\":\"child<nec-usb-xhci>\""},
    {{"--usb xhci"}, OTHERS, "!uhci"},
    {{"--usb ehci"}, NAMED, "\"usb\",\"type\":\"child<ich9-usb-ehci1>\""},
    {{"--usb ehci"}, OTHERS, "child<ich9-usb-uhci1>"},
    {{"--usb ehci"}, OTHERS, "child<ich9-usb-uhci2>"},
    {{"--usb ehci"}, OTHERS, "child<ich9-usb-uhci3>"},
    {{""}, USB, "QEMU USB Tablet"},
    {{""}, USB, "!Hub"},
    {{"macos"}, USB, "QEMU USB Keyboard"},
    {{""}, BLOCK, "/a, b.img\""},
    {{""}, BLOCK, "\"drv\":\"raw\""},
    {{"windows7"}, OTHERS, "child<ide-hd>"},
    {{"windows7"}, OTHERS, "!virtio-blk"},
    {{"macos"}, OTHERS, "child<ide-hd>"},
    {{"linux"}, OTHERS, "child<virtio-blk-pci>"},
    {{"windows10"}, OTHERS, "child<virtio-blk-pci>"},
    {{"windows11"}, OTHERS, "child<virtio-blk-pci>"},
    {{"windows11"}, OTHERS, "child<tpm-crb>"},
    {{"windows11"}, BLOCK, "a, b.img.efivars"},
    {{"!windows11"}, OTHERS, "!tpm"},
    {{"--network none"}, NETWORK, "!net:"},
    {{"!--network none", "linux"}, NETWORK, "model=virtio-net-pci"},
    {{"!--network none", "windows1"}, NETWORK, "model=virtio-net-pci"},
    {{"!--network none", "windows7"}, NETWORK, "model=e1000,"},
    {{"!--network none", "macos"}, NETWORK, "model=vmxnet3"},
    {{"--spice "}, SPICE, "\"enabled\":true"},
    {{"--spice "}, OTHERS, "child<virtio-serial-pci>"},
    {{"!--spice "}, SPICE, "\"enabled\":false"},
    {{"--spice 127"}, SPICE, "\"host\":\"127.0.0.1\""},
    {{"--spice 127", "!tls"}, SPICE, ",\"port\":"},
    {{"tls"}, SPICE, "\"tls-port\":"},
    {{"tls"}, SPICE, "!,\"port\":"},
    {{"password"}, SPICE, "\"auth\":\"spice\""},
    {{"--spice ", "!password"}, SPICE, "\"auth\":\"none\""},
    {{""}, CPUS, "CPU #2"},
    {{""}, CPUS, "!CPU #3"},
    {{""}, MEMORY, "\"base-memory\":268435456"},
};

/* of one with '!': that it is not there. */
static gboolean holds(const char *text, const char *word)
{
    return *word == '!' ? !strstr(text, word + 1) : strstr(text, word) != NULL;
}

static gboolean check_wanted(const char *options, char *const answers[], GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
        const char *const *words = wanted[i].words, *answer = answers[wanted[i].question];
        if (holds(options, words[0]) && (!words[1] || holds(options, words[1])) &&
            !holds(answer, wanted[i].text))
            return fail(error, "not '%s' in %s", wanted[i].text, answer);
    }
    return TRUE;
}

/* The chardev's description, as QEMU has it. */
static char *chardev_text(const Combination *c, const char *folder, guint n)
{
    g_autofree char *suffix = c->cameras == 1 ? g_strdup("") : g_strdup_printf(".%u", n);
    switch (c->way) {
    case 0:
        return g_strdup_printf("disconnected:unix:%s/cam,s%s,server=on", folder, suffix);
    case 1:
        return g_strdup_printf("disconnected:tcp:127.0.0.1:%u,server=on", c->port + n);
    default:
        return g_strdup(c->way == 2 ? "spiceport" : "spicevmc");
    }
}

/* A chardev, and a usb-redir of that name on a port of its own behind it. */
static gboolean check_camera(const Combination *c, const char *folder, guint n, Qmp *qmp,
                             const char *usb, GError **error)
{
    g_autofree char *chardevs = qmp_ask(qmp, "query-chardev", error);
    g_autofree char *get = g_strdup_printf("{\"execute\": \"qom-get\", \"arguments\": {\"path\": "
                                           "\"/machine/peripheral/camera%u\", \"property\": "
                                           "\"chardev\"}}",
                                           n);
    g_autofree char *behind = chardevs ? qmp_ask(qmp, get, error) : NULL;
    if (!behind)
        return FALSE;
    g_autofree char *text = chardev_text(c, folder, n);
    g_autofree char *chardev =
        g_strdup_printf("\"filename\":\"%s\",\"label\":\"camera%u\"", text, n);
    g_autofree char *name = g_strdup_printf("\"camera%u\"", n);
    g_autofree char *port =
        g_strdup_printf("Device 0.0, Port %u, Speed 1.5 Mb/s, Product USB "
                        "Redirection Device, ID: camera%u\\r\\n",
                        (strcmp(guests[c->guest], "macos") == 0 ? 3 : 2) + n, n);
    if (!strstr(chardevs, chardev))
        return fail(error, "not '%s' in %s", chardev, chardevs);
    if (strcmp(behind, name) != 0)
        return fail(error, "%s is behind camera %u", behind, n);
    return strstr(usb, port) || fail(error, "not '%s' in %s", port, usb);
}

static gboolean check_machine(const Combination *c, const char *folder, Qmp *qmp, GError **error)
{
    char *answers[N_QUESTIONS] = {NULL};
    gboolean good = TRUE;
    for (guint i = 0; i < N_QUESTIONS && good; i++)
        good = (answers[i] = qmp_ask(qmp, questions[i], error)) != NULL;
    good = good && check_wanted(c->options, answers, error);
    for (guint n = 0; n < c->cameras && good; n++)
        good = check_camera(c, folder, n, qmp, answers[USB], error);
    g_autofree char *excess = g_strdup_printf("ID: camera%u", c->cameras);
    if (good && strstr(answers[USB], excess))
        good = fail(error, "more than %u cameras in %s", c->cameras, answers[USB]);
    for (guint i = 0; i < N_QUESTIONS; i++)
        g_free(answers[i]);
    return good;
}

/* ---- The test ---- */

static gboolean run_text(Printed *printed, const Combination *c, GError **error)
{
    Qmp *qmp = NULL;
    g_autofree char *command = g_strdup_printf("vm args %s", c->options);
    g_autofree char *text = printed_run(printed, command, error);
    if (!text || !printed_start(printed, text, &qmp, error))
        return FALSE;
    gboolean good = check_machine(c, printed_folder(printed), qmp, error);
    return printed_stop(printed, qmp, good ? error : NULL) && good;
}

static gboolean has_windows11(void)
{
    g_autofree char *swtpm = g_find_program_in_path("swtpm");
    return swtpm && g_file_test("/usr/share/OVMF/OVMF_CODE_4M.ms.fd", G_FILE_TEST_EXISTS);
}

static gboolean prepare(Printed *printed, GError **error)
{
    const char *folder = printed_folder(printed);
    g_autofree char *keys = g_strdup_printf("tests/guest/make-keys.sh %s/keys", folder);
    g_autofree char *image = g_build_filename(folder, "a, b.img", NULL);
    g_autofree char *password = g_build_filename(folder, "password", NULL);
    return g_spawn_command_line_sync(keys, NULL, NULL, NULL, error) &&
           g_file_set_contents(image, "", 0, error) && truncate(image, 1 << 20) == 0 &&
           g_file_set_contents(password, VM_SPICE_PASSWORD, -1, error);
}

static gboolean run_combinations(const GuestTest *test, Session *session, GString *note,
                                 GError **error)
{
    Printed *printed = printed_new("vm-args");
    Combination c = {.port = printed_free_ports(), .spice_port = printed_free_ports()};
    gboolean good = prepare(printed, error);
    guint started = 0;
    (void)test;
    (void)session;
    for (guint i = 0; i < N_COMBINATIONS && good; i++) {
        combine(&c, i);
        if (strcmp(guests[c.guest], "windows11") == 0 && !has_windows11())
            continue;
        good = run_text(printed, &c, error);
        started += good;
        if (!good)
            g_prefix_error(error, "camredir vm args %s: ", c.options);
    }
    g_string_append_printf(note, "%u machines", started);
    if (started < N_COMBINATIONS)
        g_string_append(note, ", no Windows 11: ovmf or swtpm is missing");
    if (strcmp(vm_accelerator(), "kvm") != 0)
        g_string_append(note, ", TCG for KVM");
    g_free(c.options);
    printed_free(printed);
    return good;
}

/* ---- Names ---- */

static const char *const names[] = {"a, b",     "it's",          "say \"x\"", "new\nline",
                                    "$(x) `y`", "back\\sl",      "<&>",       "\xc3\xbc",
                                    "a=b,c=d",  "#x ?> --> '\"", "tab\tx"};

/* The image's file, as QEMU has it open. */
static gboolean check_file(Qmp *qmp, const char *path, GError **error)
{
    g_autofree char *answer = qmp_ask(qmp, "query-block", error);
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!answer || !json_parser_load_from_data(parser, answer, -1, error))
        return FALSE;
    JsonArray *blocks = json_node_get_array(json_parser_get_root(parser));
    JsonObject *block = json_array_get_object_element(blocks, 0);
    JsonObject *inserted = json_object_get_object_member(block, "inserted");
    const char *file = json_object_get_string_member(inserted, "file");
    return strcmp(file, path) == 0 || fail(error, "%s is open, not %s", file, path);
}

static gboolean run_name(Printed *printed, const char *name, const char *form, GError **error)
{
    Qmp *qmp = NULL;
    g_autofree char *path = g_build_filename(printed_folder(printed), name, NULL);
    g_autofree char *disk = g_shell_quote(path);
    g_autofree char *via = g_strdup_printf("unix:%s.s", path);
    g_autofree char *socket = g_shell_quote(via);
    g_autofree char *options =
        g_strdup_printf("vm args --accel tcg --disk %s --via %s %s", disk, socket, form);
    g_autofree char *text = printed_run(printed, options, error);
    if (!text || !g_file_set_contents(path, "", 0, error) || truncate(path, 1 << 20) < 0 ||
        !printed_start(printed, text, &qmp, error))
        return FALSE;
    g_autofree char *listens = g_strconcat(path, ".s", NULL);
    gboolean good = check_file(qmp, path, error);
    if (good && !g_file_test(listens, G_FILE_TEST_EXISTS))
        good = fail(error, "nothing listens at %s", listens);
    return printed_stop(printed, qmp, good ? error : NULL) && good;
}

static gboolean run_names(const GuestTest *test, Session *session, GString *note, GError **error)
{
    Printed *printed = printed_new("vm-names");
    gboolean good = TRUE;
    (void)test;
    (void)session;
    (void)note;
    for (guint i = 0; i < G_N_ELEMENTS(names) * G_N_ELEMENTS(forms) && good; i++)
        good = run_name(printed, names[i / G_N_ELEMENTS(forms)], forms[i % G_N_ELEMENTS(forms)],
                        error);
    printed_free(printed);
    return good;
}

/* ---- With a guest inside ---- */

typedef struct {
    const char *name, *options, *controller; /* its speed, as the guest has it */
} BootCase;

/* The camera comes by the command that is printed. */
static gboolean plug(Session *session, const char *name, const char *text, GError **error)
{
    g_auto(GStrv) words = printed_share(text, error);
    if (!words)
        return FALSE;
    guint first = 2;
    while (strcmp(words[first], "CAMERA") == 0)
        first++;
    g_autofree char *rest = g_strjoinv(" ", words + first);
    g_autofree char *options =
        g_strdup_printf("pattern --format YUY2,MJPEG --size 640x480 --fps 30 %s", rest);
    return session_plug(session, name, options, 0, error);
}

static gboolean stream_printed(const BootCase *c, Printed *printed, Session *session, GString *note,
                               GError **error)
{
    g_autofree char *spice = g_strdup_printf("%u", printed_free_ports());
    g_auto(GStrv) parts = g_strsplit(c->options, "PORT", -1);
    g_autofree char *options = g_strjoinv(spice, parts);
    /* One processor: QEMU 7.2 without KVM loses a Linux of several now and then, as tools/fuzz/vm.c
       says. */
    g_autofree char *command =
        g_strdup_printf("vm args --script --accel tcg --memory 512M --cpus 1 %s", options);
    g_autofree char *text = printed_run(printed, command, error);
    g_autofree char *script = g_build_filename(printed_folder(printed), "vm.sh", NULL);
    const char *argv[] = {"bash", script, NULL};
    if (!text || !g_file_set_contents(script, text, -1, error))
        return FALSE;
    session->vm = vm_new_given(c->name, argv);
    gboolean good = vm_boot(session->vm, error) && plug(session, c->name, text, error) &&
                    check_stream(session, "YUYV", 640, 480, 30, 30, note, error) &&
                    check_stream(session, "MJPG", 640, 480, 30, 30, note, error);
    if (good && strcmp(session->speed, c->controller) != 0)
        good = fail(error, "the camera's speed is %s", session->speed);
    good = good && session_unplug(session, error);
    if (!good) {
        vm_tell_log(session->vm);
        if (session->share)
            log_tell_tail(share_log(session->share), 10);
    }
    g_clear_pointer(&session->share, share_free);
    vm_free(session->vm);
    return good;
}

static gboolean run_boot(const GuestTest *test, Session *outer, GString *note, GError **error)
{
    const BootCase *c = test->data;
    Printed *printed = printed_new(c->name);
    Session session = {0};
    (void)outer;
    gboolean good = prepare(printed, error) && stream_printed(c, printed, &session, note, error);
    printed_free(printed);
    return good;
}

#define BOOT(title, ...)                                                                           \
    {                                                                                              \
        "vm args: " title, run_boot, &(const BootCase)                                             \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const GuestTest tests[] = {
    {"vm args: every combination starts", run_combinations, NULL},
    {"vm args: names of every kind", run_names, NULL},
    BOOT("Linux's, xHCI, unix socket", "args-linux", "--guest linux --via unix:{}/cam", "480"),
    BOOT("Windows 7's, EHCI, TCP", "args-windows7",
         "--guest windows7 --disk '{}/a, b.img' --via tcp:127.0.0.1:PORT", "480"),
    BOOT("Windows 10's, two SPICE ports", "args-port",
         "--guest windows10 --cameras 2 --via spice-port --spice unix:{}/spice", "480"),
    BOOT("macOS', SPICE usbredir by TLS with a password", "args-usbredir",
         "--guest macos --via spice-usbredir --spice 127.0.0.1:PORT --spice-tls {}/keys "
         "--spice-password-file {}/password",
         "480"),
};

const GuestTestTable vm_args_tests = {tests, G_N_ELEMENTS(tests)};
