/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port that is put into a QEMU by its monitor: conversations as tables, row by row, and peers
   that are no QEMU. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "redir/error.h"
#include "redir/transports/qmp.h"
#include "redir/transports/qmp_plug.h"

/* What is asked (a part of it), and what is answered. */
typedef struct {
    const char *asks, *answer;
} Row;

typedef struct {
    char *dir, *path;
    int listen_fd;
    GThread *thread;
    const char *greeting;
    const Row *rows; /* up to one without asks */
    guint done;      /* rows */
    int passed;      /* the descriptor that came, or -1 */
} Fake;

#define GREETING           "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define DONE               "{\"return\": {}}\r\n"
#define NONE               "{\"return\": []}\r\n"
#define REFUSED            "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\r\n"
#define LIST(members)      "{\"return\": [" members "]}\r\n"
#define OF(name, type)     "{\"name\": \"" name "\", \"type\": \"" type "\"}"
#define CHARDEV(id, where) "{\"label\": \"" id "\", \"filename\": \"" where "\"}"
#define DELETED(id)        "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"" id "\"}}\r\n"

/* ---- the fake monitor ---- */

/* A line, and the descriptor that came with it. FALSE: the client is gone. */
static gboolean read_line(Fake *fake, int fd, GString *line)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;

    g_string_truncate(line, 0);
    for (;;) {
        struct iovec iov = {&byte, 1};
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof control};
        if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) <= 0)
            return FALSE;
        if (CMSG_FIRSTHDR(&message) != NULL)
            memcpy(&fake->passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
        if (byte == '\n')
            return TRUE;
        g_string_append_c(line, byte);
    }
}

static void converse(Fake *fake, int fd)
{
    g_autoptr(GString) line = g_string_new(NULL);

    if (send(fd, fake->greeting, strlen(fake->greeting), MSG_NOSIGNAL) < 0 || fake->rows == NULL)
        return;
    while (read_line(fake, fd, line)) {
        const Row *row = &fake->rows[fake->done];
        if (row->asks == NULL || strstr(line->str, row->asks) == NULL)
            g_error("row %u expects %s, not %s", fake->done, row->asks, line->str);
        fake->done++;
        g_assert_cmpint(send(fd, row->answer, strlen(row->answer), MSG_NOSIGNAL), >, 0);
    }
}

/* Serves as many clients as come, one at a time, as QEMU does. */
static gpointer serve(gpointer user)
{
    Fake *fake = user;
    int fd;

    while ((fd = accept4(fake->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        converse(fake, fd);
        close(fd);
    }
    return NULL;
}

static void fake_begin(Fake *fake, const char *greeting, const Row *rows)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *fake = (Fake){.dir = g_dir_make_tmp("qmp-XXXXXX", NULL),
                   .greeting = greeting,
                   .rows = rows,
                   .passed = -1};
    fake->path = g_build_filename(fake->dir, "qmp", NULL);
    g_strlcpy(address.sun_path, fake->path, sizeof address.sun_path);
    fake->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fake->listen_fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fake->listen_fd, 1), ==, 0);
    fake->thread = g_thread_new("qmp", serve, fake);
}

/* Everything that the table has was asked for. */
static void fake_end(Fake *fake)
{
    shutdown(fake->listen_fd, SHUT_RDWR);
    g_thread_join(fake->thread);
    close(fake->listen_fd);
    if (fake->rows != NULL)
        g_assert_cmpstr(fake->rows[fake->done].asks, ==, NULL);
    if (fake->passed >= 0)
        close(fake->passed);
    g_unlink(fake->path);
    g_rmdir(fake->dir);
    g_free(fake->path);
    g_free(fake->dir);
}

static GSocket *put(Fake *fake, RedirSpeeds speed, GError **error)
{
    RedirPlug *plug = redir_qmp_plug_new(fake->path, speed, NULL);
    GSocket *socket = plug->ops->put(plug, NULL, error);

    redir_plug_unref(plug);
    return socket;
}

/* ---- conversations ---- */

#define BEGIN(chardevs)                                                                            \
    {"qmp_capabilities", DONE}, {"\"usb-redir\"", NONE},                                           \
    {                                                                                              \
        "query-chardev", LIST(chardevs)                                                            \
    }
#define DEVICES(with_id, without, machine)                                                         \
    {"/machine/peripheral\"", LIST(with_id)}, {"/machine/peripheral-anon", LIST(without)},         \
    {                                                                                              \
        "/machine/unattached", LIST(machine)                                                       \
    }
#define CHARDEV_ADD(id)                                                                            \
    {"\"getfd\", \"arguments\": {\"fdname\":\"" id "\"}}", DONE},                                  \
    {                                                                                              \
        "\"chardev-add\", \"arguments\": {\"id\":\"" id "\",\"backend\":{\"type\":\"socket\","     \
        "\"data\":{\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"" id "\"}},\"server\":false}}}}", \
            DONE                                                                                   \
    }
#define DEVICE_ADD(id, bus, port, answer)                                                          \
    {                                                                                              \
        "\"device_add\", \"arguments\": {\"driver\":\"usb-redir\",\"id\":\"" id                    \
        "\",\"chardev\":\"" id "\",\"bus\":\"" bus "\",\"port\":\"" port "\"}",                    \
            answer                                                                                 \
    }
#define RUNNING                                                                                    \
    {                                                                                              \
        "query-status", "{\"return\": {\"status\": \"running\"}}\r\n"                              \
    }

/* EHCI serves: its first port is another's. What a killed run left goes first, and a live camera's
   id is not used again. */
static const Row on_ehci[] = {
    BEGIN(CHARDEV("camredir-cam-0", "disconnected:fd:x") ", " CHARDEV(
        "camredir-cam-1", "unix:") ", " CHARDEV("other", "disconnected:unix:/tmp/x")),
    {"/machine/peripheral", LIST(OF("camredir-cam-0", "child<usb-redir>"))},
    {"\"device_del\", \"arguments\": {\"id\":\"camredir-cam-0\"}",
     DELETED("other") DONE DELETED("camredir-cam-0")},
    {"/machine/peripheral\"", LIST(OF("camredir-cam-1", "child<usb-redir>"))},
    {"query-chardev", LIST(CHARDEV("camredir-cam-0", "disconnected:fd:x"))},
    {"\"chardev-remove\", \"arguments\": {\"id\":\"camredir-cam-0\"}", DONE},
    DEVICES("", "", OF("device[3]", "child<usb-ehci>")),
    {"/machine/unattached/device[3]\"", LIST(OF("usb-bus.0", "child<usb-bus>"))},
    {"/machine/unattached/device[3]/usb-bus.0", LIST(OF("child[0]", "link<usb-kbd>"))},
    {"query-chardev", LIST(CHARDEV("camredir-cam-1", "unix:"))},
    {"/machine/peripheral", LIST(OF("camredir-cam-0", "child<nobody-knows>"))},
    CHARDEV_ADD("camredir-cam-2"),
    DEVICE_ADD("camredir-cam-2", "usb-bus.0", "1", REFUSED),
    DEVICE_ADD("camredir-cam-2", "usb-bus.0", "2", DONE),
    RUNNING,
    {NULL, NULL},
};

/* UHCI is too slow, the first xHCI is full: the second. */
static const Row on_xhci[] = {
    BEGIN(""),
    DEVICES(OF("full", "child<qemu-xhci>") ", " OF("good", "child<qemu-xhci>"), "",
            OF("device[1]", "child<piix3-usb-uhci>")),
    {"/machine/peripheral/full\"", LIST(OF("full.0", "child<usb-bus>"))},
    {"/machine/peripheral/full/full.0", LIST(OF("child[0]", "link<usb-tablet>"))},
    {"\"qom-get\", \"arguments\": {\"path\":\"/machine/peripheral/full\",\"property\":\"p2\"}",
     "{\"return\": 1}\r\n"},
    {"/machine/peripheral/good\"", LIST(OF("good.0", "child<usb-bus>"))},
    {"/machine/peripheral/good/good.0", NONE},
    {"\"qom-get\"", "{\"return\": 4}\r\n"},
    {"query-chardev", NONE},
    {"/machine/peripheral", NONE},
    CHARDEV_ADD("camredir-cam-0"),
    DEVICE_ADD("camredir-cam-0", "good.0", "1", DONE),
    RUNNING,
    {NULL, NULL},
};

/* No controller, and a PCI bus that takes none: the root port that is free. */
static const Row at_root_port[] = {
    BEGIN(""),
    DEVICES(OF("rp0", "child<pcie-root-port>"), "", ""),
    {"\"device_add\", \"arguments\": {\"driver\":\"qemu-xhci\",\"id\":\"camredir-usb\",\"p2\":15,"
     "\"p3\":15}",
     REFUSED},
    {"/machine/peripheral\"",
     LIST(OF("rp0", "child<pcie-root-port>") ", " OF("rp1", "child<pcie-root-port>"))},
    {"/machine/peripheral/rp0\"", LIST(OF("rp0", "child<PCIE>"))},
    {"/machine/peripheral/rp0/rp0", LIST(OF("child[0]", "link<e1000e>"))},
    {"/machine/peripheral/rp1\"", LIST(OF("rp1", "child<PCIE>"))},
    {"/machine/peripheral/rp1/rp1", NONE},
    {"\"bus\":\"rp1\"}", DONE},
    DEVICES(OF("camredir-usb", "child<qemu-xhci>"), "", ""),
    {"/machine/peripheral/camredir-usb\"", LIST(OF("camredir-usb.0", "child<usb-bus>"))},
    {"/machine/peripheral/camredir-usb/camredir-usb.0", NONE},
    {"\"qom-get\"", "{\"return\": 15}\r\n"},
    {"query-chardev", NONE},
    {"/machine/peripheral", NONE},
    CHARDEV_ADD("camredir-cam-0"),
    DEVICE_ADD("camredir-cam-0", "camredir-usb.0", "1", DONE),
    RUNNING,
    {NULL, NULL},
};

static const Row no_place[] = {
    BEGIN(""),
    DEVICES("", "", OF("device[1]", "child<piix3-usb-uhci>")),
    {"\"device_add\"", REFUSED},
    DEVICES("", "", ""),
    {NULL, NULL},
};

static const Row added_and_lost[] = {
    BEGIN(""), DEVICES("", "", ""), {"\"device_add\"", DONE}, DEVICES("", "", ""), {NULL, NULL},
};

static const Row no_usb_redir[] = {
    {"qmp_capabilities", DONE},
    {"\"usb-redir\"", REFUSED},
    {NULL, NULL},
};

static const Row no_capabilities[] = {
    {"qmp_capabilities", REFUSED},
    {NULL, NULL},
};

static const struct {
    const char *name;
    const Row *rows;
    int code; /* RedirError, or -1 where it succeeds */
    const char *says;
} conversations[] = {
    {"/qmp/put/ehci", on_ehci, -1, NULL},
    {"/qmp/put/xhci", on_xhci, -1, NULL},
    {"/qmp/put/root-port", at_root_port, -1, NULL},
    {"/qmp/put/no-place", no_place, REDIR_ERROR_FINAL, "-device qemu-xhci"},
    {"/qmp/put/added-and-lost", added_and_lost, REDIR_ERROR_FINAL, "does not have it"},
    {"/qmp/put/no-usb-redir", no_usb_redir, REDIR_ERROR_FINAL, "no usb-redir"},
    {"/qmp/put/no-capabilities", no_capabilities, REDIR_ERROR_REFUSED, "QEMU says: no"},
};

static void test_put(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(GError) error = NULL;
    Fake fake;
    char byte = 0;

    fake_begin(&fake, GREETING, conversations[i].rows);
    g_autoptr(GSocket) socket = put(&fake, REDIR_SPEED_HIGH, &error);
    if (conversations[i].code >= 0) {
        g_assert_null(socket);
        g_assert_error(error, REDIR_ERROR, conversations[i].code);
        g_assert_nonnull(strstr(error->message, conversations[i].says));
    } else {
        g_assert_no_error(error);
        g_assert_cmpint(write(fake.passed, "x", 1), ==, 1);
        g_assert_cmpint(g_socket_receive(socket, &byte, 1, NULL, NULL), ==, 1);
        g_assert_cmpint(byte, ==, 'x');
    }
    fake_end(&fake);
}

/* The controller is ours and serves nobody any more: it goes too. */
static const Row the_end[] = {
    {"qmp_capabilities", DONE},
    {"query-chardev", LIST(CHARDEV("camredir-cam-0", "disconnected:fd:x"))},
    {"/machine/peripheral", LIST(OF("camredir-cam-0", "child<usb-redir>"))},
    {"\"device_del\", \"arguments\": {\"id\":\"camredir-cam-0\"}", DELETED("camredir-cam-0") DONE},
    {"/machine/peripheral\"", NONE},
    {"query-chardev", NONE},
    {"/machine/peripheral/camredir-usb/camredir-usb.0", NONE},
    {"\"device_del\", \"arguments\": {\"id\":\"camredir-usb\"}",
     "{\"error\": {\"desc\": \"Device camredir-usb is already in the process of unplug\"}}"},
    {"/machine/peripheral\"", LIST(OF("camredir-usb", "child<qemu-xhci>"))},
    {"/machine/peripheral\"", NONE},
    {NULL, NULL},
};

/* Another one's camera is on it. */
static const Row shared_end[] = {
    {"qmp_capabilities", DONE},
    {"query-chardev", LIST(CHARDEV("camredir-cam-1", "unix:"))},
    {"/machine/peripheral/camredir-usb/camredir-usb.0", LIST(OF("child[1]", "link<usb-redir>"))},
    {NULL, NULL},
};

static void test_remove(gconstpointer rows)
{
    g_autoptr(GError) error = NULL;
    Fake fake;

    fake_begin(&fake, GREETING, rows);
    RedirPlug *plug = redir_qmp_plug_new(fake.path, REDIR_SPEED_HIGH, NULL);
    g_assert_true(plug->ops->remove(plug, NULL, &error));
    g_assert_no_error(error);
    fake_end(&fake);
    /* A VM that is gone has nothing to be removed. */
    g_assert_true(plug->ops->remove(plug, NULL, &error));
    g_assert_no_error(error);
    redir_plug_unref(plug);
}

/* ---- who is there ---- */

static char *repeat(const char *text, guint n, const char *before)
{
    GString *all = g_string_new(before);

    for (guint i = 0; i < n; i++)
        g_string_append(all, text);
    return g_string_free(all, FALSE);
}

static const struct {
    const char *begins, *repeats;
    guint times;
    RedirError code;
    const char *says;
} peers[] = {
    {"HTTP/1.1 400 Bad Request\r\n\r\n", "", 0, REDIR_ERROR_FINAL, "does not speak QMP"},
    {"", "[", 1, REDIR_ERROR_FINAL, "does not speak QMP"},
    {"{\"QMP\": ", "{\"a\":", 100000, REDIR_ERROR_FINAL, "does not speak QMP"},
    {"{\"QMP\": ", "[", 100000, REDIR_ERROR_FINAL, "does not speak QMP"},
    {"{\"QMP\": \"", "x", 1000000, REDIR_ERROR_FINAL, "does not speak QMP"},
    {"{\"QMP\": [0", ", 0", 1000000, REDIR_ERROR_FINAL, "does not speak QMP"},
    {"{\"QMP\"]", "", 0, REDIR_ERROR_FINAL, "cannot be read"},
    {"{\"QMP\": \"\xff\xfe\"}", "", 0, REDIR_ERROR_FINAL, "cannot be read"},
    {"{\"QMP\": {", "\"", 1, REDIR_ERROR_UNREACHABLE, "closed its monitor"},
    {"", "", 0, REDIR_ERROR_UNREACHABLE, "closed its monitor"},
    {"", "{\"event\": 1}\n", 1000, REDIR_ERROR_UNREACHABLE, "closed its monitor"},
    {"{\"error\": 7}", "", 0, REDIR_ERROR_REFUSED, "does not say why"},
    {"{\"error\": {}}", "", 0, REDIR_ERROR_REFUSED, "does not say why"},
    {"{\"error\": {\"desc\": \"a\\u001b[2Jb\\n\"}}", "", 0, REDIR_ERROR_REFUSED, "says: a [2Jb "},
};

static void test_peers(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(peers); i++) {
        g_autofree char *greeting = repeat(peers[i].repeats, peers[i].times, peers[i].begins);
        g_autoptr(GError) error = NULL;
        Fake fake;
        fake_begin(&fake, greeting, NULL);
        g_assert_null(redir_qmp_open(fake.path, NULL, &error));
        g_test_message("%u: %s", i, error->message);
        g_assert_error(error, REDIR_ERROR, (int)peers[i].code);
        g_assert_nonnull(strstr(error->message, peers[i].says));
        g_assert_true(g_str_has_prefix(error->message, fake.path));
        g_assert_cmpuint(strlen(error->message), <, 500);
        fake_end(&fake);
    }
}

/* As QEMU writes it where its monitor has pretty=on, brackets in strings among it. */
static void test_pretty(void)
{
    static const Row rows[] = {
        {"qmp_capabilities", "{\n    \"return\": {\n    }\n}\n"},
        {"human-monitor-command\", \"arguments\": {\"command-line\":\"info \\\"usb\\\"\"}",
         "{\n  \"return\": \"}]\\\"\\\\\"\n}\n"},
        {NULL, NULL},
    };
    g_autoptr(GError) error = NULL;
    Fake fake;

    fake_begin(&fake, "\n {\n  \"QMP\": {\n  }\n}\n", rows);
    g_autoptr(RedirQmp) qmp = redir_qmp_open(fake.path, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(JsonNode) answer = redir_qmp_run(qmp, &error, "human-monitor-command",
                                               "{'command-line': <%s>}", "info \"usb\"");
    g_assert_no_error(error);
    g_assert_cmpstr(json_node_get_string(answer), ==, "}]\"\\");
    g_clear_pointer(&qmp, redir_qmp_close);
    fake_end(&fake);
}

static void test_nobody(void)
{
    g_autoptr(GError) error = NULL;
    Fake fake;

    fake_begin(&fake, GREETING, NULL);
    shutdown(fake.listen_fd, SHUT_RDWR);
    g_assert_null(redir_qmp_open(fake.path, NULL, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE);
    g_assert_nonnull(strstr(error->message, "nobody listens"));
    g_clear_error(&error);
    fake_end(&fake);
    g_assert_null(redir_qmp_open("/no/where", NULL, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE);
    g_assert_nonnull(strstr(error->message, "no such socket"));
}

/* As many wait already as the monitor lets wait. */
static void test_queue_full(void)
{
    g_autofree char *dir = g_dir_make_tmp("qmp-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autoptr(GError) error = NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;
    g_autoptr(GArray) clients = g_array_new(FALSE, FALSE, sizeof client);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 0), ==, 0);
    do {
        client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        g_array_append_val(clients, client);
    } while (connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    g_assert_null(redir_qmp_open(path, NULL, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_IN_USE);
    g_assert_nonnull(strstr(error->message, "one client at a time"));
    for (guint i = 0; i < clients->len; i++)
        close(g_array_index(clients, int, i));
    close(fd);
    g_unlink(path);
    g_rmdir(dir);
}

static gpointer cancel_soon(gpointer cancellable)
{
    g_usleep(50000);
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void test_cancelled(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autofree char *dir = g_dir_make_tmp("qmp-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "qmp", NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autoptr(GError) error = NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
    g_assert_null(redir_qmp_open(path, cancellable, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_thread_join(thread);
    close(fd);
    g_unlink(path);
    g_rmdir(dir);
}

static void test_addresses(void)
{
    static const char *const wrong[] = {"tcp:localhost:4444", "unix:", ""};

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(redir_qmp_plug_new(wrong[i], REDIR_SPEED_HIGH, &error));
        g_assert_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS);
    }
    RedirPlug *plug = redir_qmp_plug_new("unix:/tmp/x", REDIR_SPEED_HIGH, NULL);
    g_assert_cmpstr(plug->address, ==, "qmp:/tmp/x");
    redir_plug_unref(plug);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(conversations); i++)
        g_test_add_data_func(conversations[i].name, GUINT_TO_POINTER(i), test_put);
    g_test_add_data_func("/qmp/remove/last", the_end, test_remove);
    g_test_add_data_func("/qmp/remove/shared", shared_end, test_remove);
    g_test_add_func("/qmp/peers", test_peers);
    g_test_add_func("/qmp/pretty", test_pretty);
    g_test_add_func("/qmp/nobody", test_nobody);
    g_test_add_func("/qmp/queue-full", test_queue_full);
    g_test_add_func("/qmp/cancelled", test_cancelled);
    g_test_add_func("/qmp/addresses", test_addresses);
    return g_test_run();
}
