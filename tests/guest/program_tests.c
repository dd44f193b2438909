/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program does with bad input, from its command line and from its peer: one clear line,
   the right exit status or a new connection, and memory that stays small. TAP on standard output;
   no VM. usage: program-tests [PART-OF-A-NAME] */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/guest/peer.h"
#include "tests/guest/share.h"
#include "tests/guest/suite.h"

#define PATTERN "pattern --format YUY2 --size 640x480,1920x1080 --fps 30"

typedef struct ProgramTest ProgramTest;

struct ProgramTest {
    const char *name;
    gboolean (*run)(const ProgramTest *test, GError **error);
    const char *command; /* what a shell reads behind 'camredir' */
    int status;
    const char *says; /* a part of the one line on standard error */
    /* Against a running program: begun with the stream open. */
    gboolean (*attack)(Peer *peer, GError **error);
    gboolean reconnects; /* and the program then opens a new connection */
};

/* ---- the command line ---- */

static char *new_log(void)
{
    static guint count;
    return g_strdup_printf("%s/%03u.log", harness_logs(), ++count);
}

static char *expand(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "{}", -1);
    return g_strjoinv(harness_folder(), parts);
}

/* By a shell, for the sake of quotes and redirections. */
static Process *start_camredir(const char *command, const char *log, GError **error)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *words = expand(command);
    g_autofree char *line = g_strdup_printf("exec '%s' %s", program, words);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    return process_start(argv, log, error);
}

static gboolean check_one_line(const char *log, const char *says, GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(log, &text, NULL, error))
        return FALSE;
    g_strchomp(text);
    if (!*text || strchr(text, '\n'))
        return fail(error, "not one line but: %s", text);
    if (!g_str_has_prefix(text, "camredir: ") || !strstr(text, says))
        return fail(error, "'%s' does not say '%s'", text, says);
    return TRUE;
}

static gboolean run_refused(const ProgramTest *test, GError **error)
{
    g_autofree char *log = new_log();
    int status = -1;
    Process *process = start_camredir(test->command, log, error);
    gboolean ended = process && process_wait(process, WAIT_MS, &status);
    process_free(process);
    if (!ended)
        return fail(error, "it does not end");
    if (status != test->status)
        return fail(error, "status %d, not %d", status, test->status);
    return check_one_line(log, test->says, error);
}

/* The same with {}/used being served by somebody else, and {}/port.. a TCP port. */
static gboolean run_in_use(const ProgramTest *test, GError **error)
{
    g_autofree char *path = expand("{}/used");
    Peer *peer = peer_new(path, error);
    gboolean good = peer && run_refused(test, error);
    peer_free(peer);
    return good;
}

static gboolean run_port_in_use(const ProgramTest *test, GError **error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return fail(error, "no port to be had");
    g_autofree char *command = g_strdup_printf("%s:%u", test->command, ntohs(address.sin_port));
    ProgramTest with_port = *test;
    with_port.command = command;
    gboolean good = run_refused(&with_port, error);
    close(fd);
    return good;
}

/* ---- peers ---- */

static gboolean check_memory(Process *process, GError **error)
{
    gint64 peak_kib = process_peak_kib(process);
    if (peak_kib <= 0 || peak_kib > HARNESS_MEMORY_KIB)
        return fail(error, "it took %d KiB", (int)peak_kib);
    return TRUE;
}

static gboolean end_camredir(Process *process, int wanted, GError **error)
{
    int status = -1;
    process_signal(process, SIGTERM);
    if (!process_wait(process, WAIT_MS, &status))
        return fail(error, "it does not end on SIGTERM");
    return status == wanted || fail(error, "it ended with status %d", status);
}

/* The next 16 KiB of a frame; frames have many times that. */
static gboolean check_stream(Peer *peer, guint8 endpoint, GError **error)
{
    if (!peer_ask_bulk(peer, endpoint, 16384))
        return fail(error, "it takes no request");
    g_autoptr(GBytes) packet = peer_receive(peer, usb_redir_bulk_packet, WAIT_MS, error);
    if (packet && g_bytes_get_size(packet) != sizeof(struct usb_redir_bulk_packet_header) + 16384)
        return fail(error, "a bulk answer of %u bytes", (guint)g_bytes_get_size(packet));
    return packet != NULL;
}

/* The answer to a request that a whole frame fits in. */
static gboolean take_frame(Peer *peer, GError **error)
{
    g_autoptr(GBytes) frame = peer_receive(peer, usb_redir_bulk_packet, WAIT_MS, error);
    if (frame && g_bytes_get_size(frame) < 640 * 480 * 2)
        return fail(error, "a frame of %u bytes", (guint)g_bytes_get_size(frame));
    return frame != NULL;
}

/* A peer that keeps to the rules must find the camera working. */
static gboolean check_alive(Peer *peer, GError **error)
{
    guint8 endpoint;
    return peer_start_stream(peer, &endpoint, error) && check_stream(peer, endpoint, error);
}

static gboolean survive(const ProgramTest *test, Process *process, Peer *peer, GError **error)
{
    if (!peer_accept(peer, WAIT_MS, error) || !test->attack(peer, error) ||
        !check_memory(process, error))
        return FALSE;
    if (!process_running(process))
        return fail(error, "it has ended");
    return !test->reconnects || (peer_accept(peer, WAIT_MS, error) && check_alive(peer, error) &&
                                 check_memory(process, error));
}

static gboolean run_attack(const ProgramTest *test, GError **error)
{
    g_autofree char *path = expand("{}/peer");
    g_autofree char *log = new_log();
    Peer *peer = peer_new(path, error);
    Process *process =
        peer ? start_camredir("share " PATTERN " --to unix:{}/peer", log, error) : NULL;
    gboolean good = process && survive(test, process, peer, error);
    if (process && good && !test->reconnects)
        good = end_camredir(process, 0, error);
    if (!good)
        log_tell_tail(log, 10);
    process_free(process);
    peer_free(peer);
    return good;
}

static gboolean send_garbage(Peer *peer, GError **error)
{
    GRand *random = g_rand_new_with_seed(1);
    guint32 words[16384];
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        words[i] = g_rand_int(random);
    g_rand_free(random);
    peer_write(peer, words, sizeof words, 1000);
    return peer_wait_closed(peer, 10000) || fail(error, "garbage does not end the connection");
}

static gboolean send_garbage_after_hello(Peer *peer, GError **error)
{
    return peer_hello(peer, error) && send_garbage(peer, error);
}

static gboolean send_long_hello(Peer *peer, GError **error)
{
    static const guint32 header[] = {usb_redir_hello, 0xfffffff0, 0};
    static const guint8 zeros[65536];
    peer_write(peer, header, sizeof header, 1000);
    for (guint i = 0; i < 4096; i++) /* 256 MiB */
        if (!peer_write(peer, zeros, sizeof zeros, 1000))
            return TRUE;
    return fail(error, "256 MiB of hello were taken");
}

static gboolean send_long_packet(Peer *peer, GError **error)
{
    static const guint32 header[] = {usb_redir_bulk_packet, 0xfffffff0, 0, 0};
    static const guint8 zeros[65536];
    if (!peer_hello(peer, error))
        return FALSE;
    peer_write(peer, header, sizeof header, 1000);
    for (guint i = 0; i < 4096; i++)
        if (!peer_write(peer, zeros, sizeof zeros, 1000))
            return TRUE;
    return fail(error, "256 MiB of a packet were taken");
}

static gboolean say_nothing(Peer *peer, GError **error)
{
    return peer_wait_closed(peer, 6000) ||
           fail(error, "a peer without a hello keeps the connection");
}

/* It may answer with an error or end the connection: then a new one must work. */
static gboolean ask_wrong_endpoints(Peer *peer, GError **error)
{
    guint8 endpoint;
    if (!peer_start_stream(peer, &endpoint, error))
        return FALSE;
    for (guint i = 0; i < 256; i++) {
        struct usb_redir_start_iso_stream_header iso = {i, 32, 3};
        struct usb_redir_start_interrupt_receiving_header interrupt = {i};
        struct usb_redir_set_alt_setting_header alternate = {i, i};
        if (i != endpoint)
            peer_ask_bulk(peer, i, 1 << 20);
        peer_send(peer, usb_redir_start_iso_stream, &iso, sizeof iso, NULL, 0);
        peer_send(peer, usb_redir_start_interrupt_receiving, &interrupt, sizeof interrupt, NULL, 0);
        peer_send(peer, usb_redir_set_alt_setting, &alternate, sizeof alternate, NULL, 0);
    }
    return TRUE;
}

static gboolean stop_reading(Peer *peer, GError **error)
{
    guint8 endpoint;
    if (!peer_start_stream(peer, &endpoint, error))
        return FALSE;
    for (guint i = 0; i < 5000 && peer_ask_bulk(peer, endpoint, 4 << 20); i++)
        ;
    g_usleep(4000000);
    return TRUE;
}

/* Each request has an answer, and nobody reads them. */
static gboolean flood(Peer *peer, GError **error)
{
    struct {
        struct usb_redir_header head;
        struct usb_redir_control_packet_header control;
    } request = {
        .head = {usb_redir_control_packet, sizeof request.control, 7},
        .control = {
            .endpoint = 0x80, .requesttype = 0x80, .request = 6, .value = 0x0200, .length = 4096}};
    guint8 endpoint;
    if (!peer_start_stream(peer, &endpoint, error))
        return FALSE;
    for (guint i = 0; i < 1000000 && peer_write(peer, &request, sizeof request, 1000); i++)
        ;
    return TRUE;
}

/* What is asked before the pause is answered after it, on the same connection. */
static gboolean pause_and_go_on(Peer *peer, GError **error)
{
    const guint n_frames = 20;
    guint8 endpoint;
    if (!peer_start_stream(peer, &endpoint, error))
        return FALSE;
    for (guint i = 0; i < n_frames; i++)
        peer_ask_bulk(peer, endpoint, 4 << 20);
    g_usleep(8000000);
    for (guint i = 0; i < n_frames; i++)
        if (!take_frame(peer, error))
            return FALSE;
    return check_stream(peer, endpoint, error);
}

/* ---- what is around the program ---- */

/* A good peer at unix:{}/good, and the program that is to serve it. */
typedef struct {
    Peer *peer;
    Process *process;
    char *log;
} Served;

static gboolean serve(Served *served, const char *command, GError **error)
{
    g_autofree char *path = expand("{}/good");
    *served = (Served){.log = new_log()};
    served->peer = peer_new(path, error);
    served->process = served->peer ? start_camredir(command, served->log, error) : NULL;
    return served->process && peer_accept(served->peer, WAIT_MS, error);
}

static void served_clear(Served *served)
{
    process_free(served->process);
    peer_free(served->peer);
    g_free(served->log);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Served, served_clear)

static gboolean come_late(const ProgramTest *test, GError **error)
{
    g_autofree char *path = expand("{}/late");
    g_autofree char *log = new_log();
    Process *process = start_camredir(test->command, log, error);
    g_usleep(1500000);
    Peer *peer = process ? peer_new(path, error) : NULL;
    gboolean good = peer && peer_accept(peer, WAIT_MS, error) && check_alive(peer, error) &&
                    end_camredir(process, 0, error);
    process_free(process);
    peer_free(peer);
    return good;
}

/* Started without them, no camera and no connection may get their numbers. */
static gboolean run_closed(const ProgramTest *test, GError **error)
{
    g_auto(Served) served;
    if (!serve(&served, test->command, error) || !check_alive(served.peer, error))
        return FALSE;
    for (int fd = 0; fd < 3; fd++) {
        g_autofree char *what = process_descriptor(served.process, fd);
        if (g_strcmp0(what, "/dev/null") != 0)
            return fail(error, "descriptor %d is %s", fd, what ? what : "closed");
    }
    return end_camredir(served.process, 0, error);
}

/* The stream goes on, the exit status tells. */
static gboolean run_full_disk(const ProgramTest *test, GError **error)
{
    g_auto(Served) served;
    g_autofree char *text = NULL;
    guint8 endpoint;
    if (!serve(&served, test->command, error) || !peer_start_stream(served.peer, &endpoint, error))
        return FALSE;
    for (guint i = 0; i < 5; i++)
        if (!peer_ask_bulk(served.peer, endpoint, 4 << 20) || !take_frame(served.peer, error))
            return FALSE;
    if (!end_camredir(served.process, test->status, error) ||
        !g_file_get_contents(served.log, &text, NULL, error))
        return FALSE;
    const char *first = strstr(text, test->says);
    return (first && !strstr(first + 1, test->says)) ||
           fail(error, "not once '%s' but: %s", test->says, text);
}

/* Ctrl-S stops the terminal that messages and status line go to. */
static gboolean check_stopped(int master, const char *terminal, GError **error)
{
    g_autofree char *command =
        g_strdup_printf("share " PATTERN " --to unix:{}/good 2>%s", terminal);
    g_auto(Served) served;
    guint8 endpoint;
    if (!serve(&served, command, error) || !peer_start_stream(served.peer, &endpoint, error) ||
        !check_stream(served.peer, endpoint, error))
        return FALSE;
    if (write(master, "\x13", 1) != 1)
        return fail(error, "the terminal takes no Ctrl-S");
    for (guint i = 0; i < 4; i++) {
        g_usleep(500000); /* a status line's time */
        if (!check_stream(served.peer, endpoint, error))
            return FALSE;
    }
    return end_camredir(served.process, 0, error);
}

static gboolean run_stopped_terminal(const ProgramTest *test, GError **error)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    (void)test;
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        return fail(error, "no terminal to be had");
    gboolean good = check_stopped(master, ptsname(master), error);
    close(master);
    return good;
}

#define NO_RETRY " --to unix:{}/nobody --no-retry"

#define ROW(test_name, function, ...)                                                              \
    {                                                                                              \
        .name = test_name, .run = function, __VA_ARGS__                                            \
    }
#define REFUSED(name, words, wanted, text)                                                         \
    ROW(name, run_refused, .command = words, .status = wanted, .says = text)
#define ATTACK(name, function) ROW(name, run_attack, .attack = function)
#define CLOSED(name, function) ROW(name, run_attack, .attack = function, .reconnects = TRUE)

static const ProgramTest tests[] = {
    REFUSED("nobody at a unix address", "share pattern" NO_RETRY, 4, "nobody"),
    REFUSED("no such folder", "share pattern --as unix:{}/no/where", 4, "where"),
    REFUSED("nobody at a tcp address", "share pattern --to tcp:127.0.0.1:1 --no-retry", 4,
            "127.0.0.1:1"),
    REFUSED("no such host", "share pattern --to tcp:nowhere.invalid:4000 --no-retry", 4,
            "nowhere.invalid"),
    ROW("unix address in use", run_in_use, .command = "share pattern --as unix:{}/used",
        .status = 4, .says = "used"),
    ROW("tcp address in use", run_port_in_use, .command = "share pattern --as tcp:127.0.0.1",
        .status = 4, .says = "127.0.0.1"),
    REFUSED("an address of no known kind", "share pattern --to floppy:a", 2, "floppy"),
    REFUSED("no address", "share pattern", 2, "--to"),
    REFUSED("two addresses", "share pattern --to unix:a --as unix:b", 2, "--as"),
    REFUSED("no monitor there", "share pattern --qmp {}/nobody --no-retry", 4, "no such socket"),
    REFUSED("a monitor by tcp", "share pattern --qmp tcp:127.0.0.1:1", 2, "unix:PATH"),
    REFUSED("a monitor and an address", "share pattern --qmp a --to unix:b", 2, "--qmp"),
    REFUSED("no such option", "share pattern --wings", 2, "wings"),
    REFUSED("no such subcommand", "sharing", 2, "sharing"),
    REFUSED("more than --version", "--version now", 2, "'now'"),
    REFUSED("more than --help", "--help me", 2, "'me'"),
    REFUSED("--version to a full disk", "--version >/dev/full", 1, "No space left"),
    REFUSED("--help to a full disk", "--help >/dev/full", 1, "No space left"),
    REFUSED("a command's --help to a full disk", "share --help >/dev/full", 1, "No space left"),
    REFUSED("list to a full disk", "list >/dev/full", 1, "No space left"),
    REFUSED("list as JSON to a full disk", "list --json >/dev/full", 1, "No space left"),
    REFUSED("list to nowhere", "list >&-", 1, "Bad file descriptor"),
    REFUSED("describe to a full disk", "describe pattern >/dev/full", 1, "No space left"),
    REFUSED("an empty address to connect to", "share pattern --to ''", 2, "address"),
    REFUSED("an empty address to listen at", "share pattern --as ''", 2, "address"),
    REFUSED("an empty address, whatever the camera", "share /dev/video99 --to ''", 2, "address"),
    REFUSED("an empty monitor", "share pattern --qmp ''", 2, "--qmp"),
    REFUSED("an empty preset", "share --preset ''" NO_RETRY, 2, "--preset"),
    REFUSED("an address that is a file", "share pattern --to unix:/etc/passwd --no-retry", 4,
            "is no socket"),
    REFUSED("an empty camera", "share ''" NO_RETRY, 2, "empty"),
    REFUSED("an empty camera to describe", "describe ''", 2, "empty"),
    REFUSED("an empty file", "share file:" NO_RETRY, 2, "file:PATH"),
    REFUSED("an empty trace", "share pattern --trace ''" NO_RETRY, 2, "--trace"),
    REFUSED("an empty name", "share pattern --name ''" NO_RETRY, 2, "--name: empty"),
    REFUSED("a control character", "share pattern --serial \"$(printf 'a\\tb')\"" NO_RETRY, 2,
            "--serial: a control character"),
    REFUSED("a text that is none", "share pattern --name \"$(printf 'a\\377b')\"" NO_RETRY, 2,
            "--name: not UTF-8"),
    REFUSED("a serial number too long", "share pattern --serial $(printf %0127d 0)" NO_RETRY, 2,
            "--serial: 127 characters"),
    REFUSED("a name too long in UTF-16",
            "share pattern --name $(printf '\360\237\216\245%.0s' $(seq 64))" NO_RETRY, 2,
            "--name: 128 characters"),
    REFUSED("the longest serial number", "share pattern --serial $(printf %0126d 0)" NO_RETRY, 4,
            "nobody"),
    REFUSED("a name with comma and accent, any locale",
            "share pattern --name 'Zo\303\253, front' --to unix:{}/nobody --no-retry", 4, "nobody"),
    REFUSED("a size that is none", "share pattern --size big" NO_RETRY, 2, "big"),
    REFUSED("a format that is none", "share pattern --format VHS" NO_RETRY, 2, "VHS"),
    REFUSED("a rate that is none", "share pattern --fps fast" NO_RETRY, 2, "fast"),
    REFUSED("a speed that is none", "share pattern --speed ludicrous" NO_RETRY, 2, "ludicrous"),
    REFUSED("no such device", "share /dev/video99" NO_RETRY, 3, "/dev/video99"),
    REFUSED("no such camera", "share Nikon" NO_RETRY, 3, "Nikon"),
    REFUSED("a device that is no camera", "share /dev/null" NO_RETRY, 3, "/dev/null"),
    REFUSED("no device to redirect", "redirect" NO_RETRY, 2, "say which device"),
    REFUSED("a device that is no name of one", "redirect webcam" NO_RETRY, 2,
            "names no USB device"),
    REFUSED("a filter that is none", "redirect camera --filter video" NO_RETRY, 2, "--filter"),
    REFUSED("a udev rule for nothing", "redirect --udev-rule ffff:ffff", 3,
            "'ffff:ffff' is not plugged in here"),
    REFUSED("a recording without a file", "record camera" NO_RETRY, 2, "say where to"),
    REFUSED("a recording into a file without a name", "record camera ''" NO_RETRY, 2,
            "say where to"),
    REFUSED("a recording nowhere", "record camera /no/file" NO_RETRY, 1, "/no/file"),
    REFUSED("a shared camera's recording nowhere", "share pattern --record /no/file" NO_RETRY, 1,
            "/no/file"),
    REFUSED("an empty recording", "share pattern --record ''" NO_RETRY, 2, "--record"),
    REFUSED("nothing to replay", "replay" NO_RETRY, 2, "say which file"),
    REFUSED("a replay of no such file", "replay /nowhere" NO_RETRY, 3, "/nowhere"),
    REFUSED("a replay of a folder", "replay /etc" NO_RETRY, 3, "/etc: no file,"),
    REFUSED("a replay of another file", "replay /etc/passwd" NO_RETRY, 3, "no recording"),
    REFUSED("a replay to nobody", "replay tests/cameras/bulk.rec" NO_RETRY, 4, "nobody"),
    ROW("a recording on a full disk", run_full_disk,
        .command = "share " PATTERN " --record /dev/full --to unix:{}/good", .status = 1,
        .says = "No space left"),
    REFUSED("no such file", "share file:/nowhere.jpg" NO_RETRY, 3, "/nowhere.jpg"),
    REFUSED("a file that is no picture", "share file:/bin/sh" NO_RETRY, 3, "/bin/sh"),
    REFUSED("a trace that cannot be written", "share pattern --trace /no/trace" NO_RETRY, 1,
            "/no/trace"),
    ROW("started without standard descriptors", run_closed,
        .command = "share " PATTERN " --to unix:{}/good <&- >&- 2>&-"),
    ROW("a trace on a full disk", run_full_disk,
        .command = "share " PATTERN " --trace /dev/full --to unix:{}/good", .status = 1,
        .says = "No space left"),
    ROW("a stopped terminal", run_stopped_terminal),
    ROW("the VM comes later", come_late, .command = "share " PATTERN " --to unix:{}/late"),
    CLOSED("peer talks garbage", send_garbage),
    CLOSED("peer talks garbage after its hello", send_garbage_after_hello),
    CLOSED("peer says a hello of 4 GB", send_long_hello),
    CLOSED("peer sends a packet of 4 GB", send_long_packet),
    CLOSED("peer says nothing", say_nothing),
    ATTACK("peer asks for endpoints that do not exist", ask_wrong_endpoints),
    ATTACK("peer stops reading for ever", stop_reading),
    ATTACK("peer floods and never reads", flood),
    ATTACK("peer pauses for 8 s and goes on", pause_and_go_on),
};

static gboolean run_row(gconstpointer user, GString *note, GError **error)
{
    const ProgramTest *test = user;
    (void)note;
    return test->run(test, error);
}

int main(int argc, char **argv)
{
    Suite suite = {.output = stdout, .run = run_row, .renew = process_kill_all};
    harness_init("program-tests");
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
        if (argc < 2 || strstr(tests[i].name, argv[1]))
            suite_test(&suite, tests[i].name, &tests[i]);
    return suite_end(&suite);
}
