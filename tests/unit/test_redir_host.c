/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usbredir host losing and finding the VM through its sockets, and peers that talk garbage, lie
   or never read. */
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirfilter.h>

#include "redir/endpoint.h"
#include "redir/error.h"
#include "redir/transports/socket.h"
#include "tests/unit/redir_fixture.h"

/* ---- the log ---- */

static GPtrArray *lines; /* what it says during a test */

static void keep_message(const char *domain, GLogLevelFlags level, const char *message,
                         gpointer user)
{
    (void)domain, (void)level, (void)user;
    g_ptr_array_add(lines, g_strdup(message));
}

static void keep_line(void *user, const char *line)
{
    keep_message(NULL, 0, line, user);
}

static guint count_lines(const char *part)
{
    guint count = 0;

    for (guint i = 0; i < lines->len; i++)
        count += strstr(lines->pdata[i], part) != NULL;
    return count;
}

/* Runs a test that looks at lines. */
static void with_log(gconstpointer test)
{
    guint handler = g_log_set_handler(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, keep_message, NULL);

    lines = g_ptr_array_new_with_free_func(g_free);
    vcam_log_set(keep_line, NULL);
    ((void (*)(void))test)();
    vcam_log_set(NULL, NULL);
    g_clear_pointer(&lines, g_ptr_array_unref);
    g_log_remove_handler(G_LOG_DOMAIN, handler);
}

/* ---- coming and going ---- */

static void test_reconnect(void)
{
    Fixture f;

    start_bulk(&f, &bulk_camera);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
    FAKE_WAIT(f.started == 1);
    g_clear_pointer(&f.qemu, fake_qemu_free);
    FAKE_WAIT(f.state == REDIR_HOST_WAITING);
    g_assert_cmpuint(f.stopped, ==, 1); /* the light is out */
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_CLOSED);

    /* QEMU is gone for a while, then back. */
    close(f.listen_fd);
    FAKE_WAIT(g_error_matches(f.error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE));
    g_unlink(f.path);
    listen_as_qemu(&f);
    begin_qemu(&f, accept_one(f.listen_fd), 0);
    configure(&f);
    g_assert_true(g_str_has_prefix(f.states->str, "OAWC"));
    g_assert_true(g_str_has_suffix(f.states->str, "COA"));
    finish(&f);
}

typedef struct {
    struct vcam_device *forms[2];
    guint asked;
} Choice;

static RedirChoice choose_form(gpointer user, gint64 round_trip_us, gboolean can_buffer)
{
    Choice *choice = user;

    g_assert_true(can_buffer);             /* QEMU can */
    g_assert_cmpint(round_trip_us, ==, 0); /* not known of a unix socket */
    return (RedirChoice){.device = choice->forms[choice->asked++ % 2]};
}

/* What it is may change with each connection, and not before the VM's hello. */
static void test_chosen(void)
{
    static const guint8 types[] = {usb_redir_type_bulk, usb_redir_type_iso, usb_redir_type_bulk};
    Fixture f, other;

    prepare(&f, &bulk_camera);
    prepare(&other, &iso_camera);
    Choice choice = {.forms = {f.device, other.device}};
    redir_camera_free(f.gadget);
    f.gadget = redir_camera_new(choose_form, &choice);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    close(accept_one(f.listen_fd)); /* a VM that never says hello */
    FAKE_WAIT(f.state == REDIR_HOST_WAITING && f.error != NULL);
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        int fd = accept_one(f.listen_fd);
        FAKE_WAIT(f.state == REDIR_HOST_CONNECTED);
        g_assert_cmpuint(choice.asked, ==, i);
        begin_qemu(&f, fd, 0);
        g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, types[i]);
        configure(&f);
        g_assert_cmpuint(choice.asked, ==, i + 1);
        g_clear_pointer(&f.qemu, fake_qemu_free);
        FAKE_WAIT(f.state == REDIR_HOST_WAITING);
    }
    finish(&f);
    finish(&other);
}

static void test_stop(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    begin_qemu(&f, accept_one(f.listen_fd), 0);
    configure(&f);
    commit(&f);
    guint64 id = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    FAKE_WAIT(f.started == 1);
    redir_host_stop(f.host);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    FAKE_WAIT(f.qemu->closed);
    g_assert_true(g_str_has_suffix(f.qemu->order->str, "device_disconnect "));
    assert_status(&f, id, usb_redir_cancelled);
    g_assert_cmpuint(f.stopped, ==, 1);
    g_assert_no_error(f.error);
    finish(&f);
}

/* Where an acknowledgement is waited for without end, and this VM makes none. */
static void test_stop_plain(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    f.transport_new = lasting_new;
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, FALSE);
    begin_qemu(&f, accept_one(f.listen_fd), FAKE_CAP(usb_redir_cap_device_disconnect_ack));
    configure(&f);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    FAKE_WAIT(f.qemu->closed);
    g_assert_true(g_str_has_suffix(f.qemu->order->str, "device_disconnect "));
    g_assert_no_error(f.error);
    finish(&f);
}

/* Neither a VM that answers nothing nor one that is not there keeps us from ending. */
static void test_stop_early(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_CONNECT, TRUE);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    finish(&f);

    prepare(&f, &bulk_camera);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    int fd = accept_one(f.listen_fd);
    FAKE_WAIT(f.state == REDIR_HOST_CONNECTED);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    close(fd);
    finish(&f);

    attach(&f, &bulk_camera);
    fake_qemu_set_reading(f.qemu, FALSE);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    finish(&f);
}

static void test_no_hello(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    int silent = accept_one(f.listen_fd);
    FAKE_WAIT(f.error != NULL);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_TIMEOUT);
    begin_qemu(&f, accept_one(f.listen_fd), 0);
    configure(&f);
    close(silent);
    finish(&f);
}

/* As another program does that would listen there: it is no VM that has gone. */
static void test_looked_in(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_LISTEN, FALSE);
    for (guint i = 0; i < 2; i++) {
        close(socket_at(f.path, FALSE));
        FAKE_WAIT(f.states->len == 2 * (i + 1));
        g_assert_cmpint(f.state, ==, REDIR_HOST_WAITING);
        g_assert_no_error(f.error);
    }
    begin_qemu(&f, socket_at(f.path, FALSE), 0);
    configure(&f);
    g_clear_pointer(&f.qemu, fake_qemu_free);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_CLOSED);
    finish(&f);
}

static void test_listen(void)
{
    g_autoptr(GError) error = NULL;
    Fixture f;

    prepare(&f, &bulk_camera);
    close(socket_at(f.path, TRUE)); /* a stale file */
    start_host(&f, REDIR_LISTEN, TRUE);
    for (guint i = 0; i < 3; i++) {
        begin_qemu(&f, socket_at(f.path, FALSE), 0);
        configure(&f);
        /* A second one is turned away and the first stays. */
        int second = socket_at(f.path, FALSE);
        guint8 byte;
        ssize_t got = -1;
        FAKE_WAIT((got = recv(second, &byte, 1, MSG_DONTWAIT)) >= 0 || errno == ECONNRESET);
        g_assert_cmpint(got, <=, 0);
        close(second);
        g_assert_cmpint(f.state, ==, REDIR_HOST_ATTACHED);
        g_clear_pointer(&f.qemu, fake_qemu_free);
        FAKE_WAIT(f.state == REDIR_HOST_WAITING);
    }

    /* The address is taken: by a live one. */
    const RedirTransportEvents none = {0};
    RedirTransport *other = redir_socket_transport_new(f.address, REDIR_LISTEN, &none, NULL);
    g_assert_false(other->ops->open(other, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_IN_USE);
    other->ops->free(other);
    g_assert_true(g_file_test(f.path, G_FILE_TEST_EXISTS));
    finish(&f);
}

/* One line and no busy loop while nobody can be let in; then the VM that waited is. */
static void test_out_of_descriptors(void)
{
    struct rlimit before, none;
    guint turns = 0;
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_LISTEN, TRUE);
    int fd = socket_at(f.path, FALSE);
    int lowest = dup(fd);
    close(lowest);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    none = before;
    none.rlim_cur = lowest;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    FAKE_WAIT(count_lines("cannot be let in") == 1);
    while (turns < 1000 && g_main_context_iteration(NULL, FALSE))
        turns++;
    g_assert_cmpuint(turns, <, 1000);
    g_assert_cmpuint(lines->len, ==, 1);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    begin_qemu(&f, fd, 0);
    configure(&f);
    finish(&f);
}

static const struct {
    const char *address; /* %s: the folder */
    RedirError code;
    const char *hint;
} cannot_listen[] = {
    {"unix:%s/none/x.sock", REDIR_ERROR_FAILED, "no such folder"},
    {"unix:%s/file", REDIR_ERROR_IN_USE, "no socket"},
    {"tcp:192.0.2.1:4000", REDIR_ERROR_FAILED, "not an address of this machine"},
};

static void test_cannot_listen(void)
{
    g_autofree char *dir = g_dir_make_tmp("redir-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "file", NULL);
    const RedirTransportEvents none = {0};

    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(cannot_listen); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) halves = g_strsplit(cannot_listen[i].address, "%s", 2);
        g_autofree char *address = g_strjoinv(dir, halves);
        RedirTransport *t = redir_socket_transport_new(address, REDIR_LISTEN, &none, NULL);
        g_assert_false(t->ops->open(t, &error));
        g_assert_error(error, REDIR_ERROR, (int)cannot_listen[i].code);
        g_assert_nonnull(strstr(error->message, cannot_listen[i].hint));
        t->ops->free(t);
    }
    g_assert_cmpint(g_unlink(file), ==, 0); /* it was left alone */
    g_rmdir(dir);
}

/* A port that was free a moment ago. */
static guint16 free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, size), ==, 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    return ntohs(address.sin_port);
}

static int connect_tcp(guint16 port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* TCP both ways: one host listens by name, QEMU connects. Then the same by number. */
static void test_tcp(void)
{
    static const char *const names[] = {"localhost", "127.0.0.1"};
    g_autoptr(GByteArray) frame = g_byte_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        guint16 port = free_port();
        int fd;
        Fixture f;

        prepare(&f, &bulk_camera);
        g_free(f.address);
        f.address = g_strdup_printf("tcp:%s:%u", names[i], port);
        start_host(&f, REDIR_LISTEN, TRUE);
        FAKE_WAIT((fd = connect_tcp(port)) >= 0);
        begin_qemu(&f, fd, 0);
        configure(&f);
        commit(&f);
        fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
        FAKE_WAIT(f.started == 1);
        cancel(&f, f.qemu->next_id);
        assert_status(&f, f.qemu->next_id, usb_redir_cancelled);
        push_frame(&f, 5, 500000);
        read_frame(&f, frame, 16384);
        assert_frame(frame, 5, 500000);
        finish(&f);
    }
}

static void on_transport_opened(gpointer user)
{
    *(gboolean *)user = TRUE;
}

static void on_transport_writable(gpointer user)
{
    (void)user;
}

/* A peer that does not read: what is made for it waits with us, who can stop making more, and not
   in the kernel. */
static void test_tcp_queue(void)
{
    const guint16 port = free_port();
    g_autofree char *address = g_strdup_printf("tcp:127.0.0.1:%u", port);
    g_autoptr(GError) error = NULL;
    gboolean opened = FALSE;
    const RedirTransportEvents events = {
        .opened = on_transport_opened, .writable = on_transport_writable, .user = &opened};
    RedirTransportMeasure measure;
    int fd;

    RedirTransport *transport = redir_socket_transport_new(address, REDIR_LISTEN, &events, &error);
    g_assert_no_error(error);
    g_assert_true(transport->ops->open(transport, &error));
    FAKE_WAIT((fd = connect_tcp(port)) >= 0);
    FAKE_WAIT(opened);
    transport->ops->measure(transport, &measure);
    g_assert_cmpint(measure.round_trip_us, >, 0);
    g_assert_cmpint(measure.round_trip_us, <, G_MAXUINT32); /* "none measured" */
    for (guint waited = 0; waited < 50; waited++) {
        guint8 *data = malloc(65536);
        if (!transport->ops->send(transport, memset(data, 0, 65536), 65536))
            free(data);
        fake_step();
    }
    transport->ops->measure(transport, &measure);
    g_assert_cmpuint(transport->ops->outstanding(transport), >, 512 * 1024);
    g_assert_cmpuint(measure.in_kernel, <, 512 * 1024);
    transport->ops->free(transport);
    close(fd);
}

static const struct {
    const char *address; /* %s: the folder, %u: a free port */
    const char *hint;
} unreachable[] = {
    {"unix:%s/none.sock", "is QEMU running"},
    {"unix:%s/stale.sock", "nobody listens"},
    {"tcp:127.0.0.1:%u", "nobody listens there"},
    {"tcp:no..such..name:4000", "no such host"},
};

static void test_unreachable(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(unreachable); i++) {
        Fixture f;

        prepare(&f, &bulk_camera);
        g_autofree char *port = g_strdup_printf("%u", free_port());
        g_autofree char *stale = g_build_filename(f.dir, "stale.sock", NULL);
        close(socket_at(stale, TRUE));
        g_free(f.address);
        GString *address = g_string_new(unreachable[i].address);
        g_string_replace(address, "%s", f.dir, 0);
        g_string_replace(address, "%u", port, 0);
        f.address = g_string_free(address, FALSE);
        start_host(&f, REDIR_CONNECT, FALSE);
        FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
        g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE);
        g_assert_true(g_str_has_prefix(f.error->message, f.address));
        g_assert_nonnull(strstr(f.error->message, unreachable[i].hint));
        g_unlink(stale);
        finish(&f);
    }
}

/* ---- bad peers ---- */

#define HELLO64 "\0\0\0\0\x40\0\0\0\0\0\0\0"
#define ZEROS64                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" /* a version, unterminated  \
                                                                        */

static const struct {
    const char *name, *bytes;
    gsize size;
    const char *hint;
} garbage[] = {
    {"http", "HTTP/1.1 400 Bad Request\r\n\r\n", 28, "does not speak usbredir (it begins 48 54"},
    {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "does not speak usbredir"},
    {"hello of 4 GB", "\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 12, "a hello of 4294967295 bytes"},
    {"hello of 2 GB", "\0\0\0\0\0\0\0\x80\0\0\0\0", 12, "a hello of 2147483648 bytes"},
    {"not a hello", "\x65\0\0\0\x0a\0\0\0\0\0\0\0", 12, "does not speak usbredir"},
    {"packet of 128 MB", HELLO64 ZEROS64 "\x65\0\0\0\0\0\0\x08\0\0\0\0", 88,
     "a packet of 134217728 bytes"},
    {"unknown packet", HELLO64 ZEROS64 "\x33\0\0\0\0\0\0\0\0\0\0\0", 88,
     "breaks the usbredir protocol"},
    {"packet of a host", HELLO64 ZEROS64 "\x02\0\0\0\0\0\0\0\0\0\0\0", 88,
     "breaks the usbredir protocol"},
    {"short packet", HELLO64 ZEROS64 "\x64\0\0\0\x03\0\0\0\0\0\0\0abc", 91,
     "breaks the usbredir protocol"},
};

static void test_garbage(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(garbage); i++) {
        Fixture f;

        prepare(&f, &bulk_camera);
        listen_as_qemu(&f);
        start_host(&f, REDIR_CONNECT, FALSE);
        int fd = accept_one(f.listen_fd);
        g_assert_cmpint(send(fd, garbage[i].bytes, garbage[i].size, 0), ==,
                        (gssize)garbage[i].size);
        FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
        g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_PROTOCOL);
        if (strstr(f.error->message, garbage[i].hint) == NULL)
            g_error("%s: '%s'", garbage[i].name, f.error->message);
        close(fd);
        finish(&f);
    }
}

static void be_turned_away(Fixture *f, const void *bytes, gsize size)
{
    int fd = socket_at(f->path, FALSE);
    guint8 answer[1024];
    ssize_t got = -1;

    g_assert_cmpint(send(fd, bytes, size, MSG_NOSIGNAL), ==, (gssize)size);
    FAKE_WAIT((got = recv(fd, answer, sizeof answer, MSG_DONTWAIT)) == 0 ||
              (got < 0 && errno == ECONNRESET));
    close(fd);
}

/* Each waits longer than the one before, and the log has what is wrong with them once. */
static void test_flood(void)
{
    const gint64 begin_us = g_get_monotonic_time();
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_LISTEN, TRUE);
    for (guint i = 0; i < 6; i++)
        be_turned_away(&f, garbage[0].bytes, garbage[0].size);
    g_assert_cmpint(g_get_monotonic_time() - begin_us, >=, (10 + 20 + 40 + 80 + 160) * 1000);
    g_assert_cmpuint(lines->len, ==, 1);

    begin_qemu(&f, socket_at(f.path, FALSE), 0);
    configure(&f);
    finish(&f);
}

/* Each says hello, which ends the waiting, and then something that no one said before. */
static void test_varied_flood(void)
{
    guint8 bytes[] = HELLO64 ZEROS64 "\x33\0\0\0\0\0\0\0\0\0\0";
    const guint n_clients = 60;
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_LISTEN, TRUE);
    for (guint i = 0; i < n_clients; i++, bytes[sizeof bytes - 12]++)
        be_turned_away(&f, bytes, sizeof bytes);
    g_assert_cmpuint(count_lines("breaks the usbredir protocol"), >, 1);
    g_assert_cmpuint(lines->len, <, n_clients);

    begin_qemu(&f, socket_at(f.path, FALSE), 0);
    configure(&f);
    finish(&f);
}

/* What a guest does wrong is said once, not once a connection. */
static void test_guest_bugs(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_LISTEN, TRUE);
    for (guint i = 0; i < 3; i++) {
        begin_qemu(&f, socket_at(f.path, FALSE), 0);
        assert_status(&f, fake_qemu_bulk(f.qemu, 0x87, 512, NULL), usb_redir_inval);
        g_clear_pointer(&f.qemu, fake_qemu_free);
        FAKE_WAIT(f.state == REDIR_HOST_WAITING);
    }
    g_assert_cmpuint(count_lines("guest bug:"), ==, 1);
    finish(&f);
}

/* A guest that does not take the camera: what to look for. */
static void test_ignored(void)
{
    static const struct {
        const Camera *camera;
        gboolean asks;
        const char *hint;
    } rows[] = {
        {&bulk_camera, FALSE, "is a system running there?"},
        {&super_iso_camera, FALSE, "is a system running there?"},
        {&bulk_camera, TRUE, "does it know webcams?"},
        {&full_iso_camera, TRUE, "does it know webcams?"},
        {&super_iso_camera, TRUE, "-device qemu-xhci"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture f;

        g_ptr_array_set_size(lines, 0);
        attach(&f, rows[i].camera);
        FAKE_WAIT(count_lines("is a system running there?") == 1);
        if (rows[i].asks)
            fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 64, NULL);
        FAKE_WAIT(count_lines(rows[i].hint) == 1);
        g_assert_cmpint(f.state, ==, REDIR_HOST_CONNECTED);
        configure(&f); /* better late than never */
        finish(&f);
    }
}

static void test_refused(void)
{
    static const struct usbredirfilter_rule deny = {-1, -1, -1, -1, 0};
    static const struct usbredirfilter_rule cameras[] = {{0x0e, -1, -1, -1, 1},
                                                         {-1, -1, -1, -1, 0}};
    Fixture f;

    attach(&f, &bulk_camera);
    usbredirparser_send_filter_filter(f.qemu->parser, cameras, 2);
    fake_qemu_flush(f.qemu);
    configure(&f);
    usbredirparser_send_filter_filter(f.qemu->parser, &deny, 1);
    fake_qemu_flush(f.qemu);
    FAKE_WAIT(f.error != NULL);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_REFUSED);
    g_assert_nonnull(strstr(f.error->message, "0x0e:-1:-1:-1:1"));
    finish(&f);

    attach(&f, &bulk_camera);
    usbredirparser_send_filter_reject(f.qemu->parser);
    fake_qemu_flush(f.qemu);
    FAKE_WAIT(f.error != NULL);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_REFUSED);
    g_assert_nonnull(strstr(f.error->message, "high-speed"));
    finish(&f);
}

static gsize outstanding(Fixture *f)
{
    RedirHostStatistics statistics;

    redir_host_get_statistics(f->host, &statistics);
    return statistics.gadget.outstanding;
}

/* Sends what it can without waiting. */
static void flood(Fixture *f)
{
    for (guint i = 0; i < 1000 && !usbredirparser_has_data_to_write(f->qemu->parser); i++)
        fake_qemu_control(f->qemu, 0x80, 6, 0x0200, 0, 4096, NULL);
    fake_qemu_flush(f->qemu);
}

/* A peer that asks and asks and reads nothing. */
static void test_never_reads_control(void)
{
    Fixture f;
    gsize most = 0;

    attach(&f, &bulk_camera);
    configure(&f);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < 300; i++) {
        flood(&f);
        g_main_context_iteration(NULL, FALSE);
        most = MAX(most, outstanding(&f));
    }
    g_assert_cmpuint(most, >, REDIR_MAX_BACKLOG / 2);
    g_assert_cmpuint(most, <, REDIR_MAX_BACKLOG + 8192);

    /* It reads again: everything is answered, once. */
    fake_qemu_set_reading(f.qemu, TRUE);
    while (usbredirparser_has_data_to_write(f.qemu->parser)) {
        fake_qemu_flush(f.qemu);
        fake_step();
    }
    guint64 last = fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 18, NULL);
    FAKE_WAIT(f.qemu->answers.tail && ((FakeAnswer *)f.qemu->answers.tail->data)->id == last);
    g_assert_cmpuint(f.qemu->answers.length, ==, last - (G_GUINT64_CONSTANT(1) << 32) - 1);
    g_assert_cmpint(f.state, ==, REDIR_HOST_ATTACHED);
    finish(&f);
}

static void test_never_reads_bulk(void)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    const gsize size = 1920 * 1080 * 2;
    struct vcam_device_state state;
    Fixture f;
    gsize most = 0;

    start_bulk(&f, &raw_camera);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 0, NULL);
    FAKE_WAIT(f.started == 1);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < 100; i++) {
        for (guint k = 0; k < 40; k++)
            fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, i % 2 ? 32768 : 8 << 20, NULL);
        push_frame(&f, i, size);
        g_main_context_iteration(NULL, FALSE);
        most = MAX(most, outstanding(&f));
    }
    g_assert_cmpuint(most, >, REDIR_MAX_BACKLOG);
    g_assert_cmpuint(most, <, REDIR_MAX_BACKLOG + size + 65536);
    vcam_device_get_state(f.device, &state);
    g_assert_cmpuint(state.frames_dropped, >, 50);

    /* It reads again: a frame arrives whole after what had been asked is through. */
    fake_qemu_set_reading(f.qemu, TRUE);
    g_autoptr(FakeAnswer) cleared = fake_qemu_wait(
        f.qemu, fake_qemu_control(f.qemu, 0x02, 1, 0, VCAM_STREAM_ENDPOINT, 0, NULL));
    g_assert_cmpuint(cleared->status, ==, usb_redir_success);
    g_queue_clear_full(&f.qemu->answers, (GDestroyNotify)fake_answer_free);
    begin_bulk(&f);
    push_frame(&f, 777, size);
    read_frame(&f, frame, 32768);
    assert_frame(frame, 777, size);
    finish(&f);
}

static void test_never_reads_iso(void)
{
    const gsize size = 1920 * 1080 * 2;
    Fixture f;
    gsize most = 0;

    attach(&f, &raw_iso_camera);
    configure(&f);
    commit(&f);
    start_iso(&f);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < 30; i++) {
        push_frame(&f, i, size);
        fake_step();
        most = MAX(most, outstanding(&f));
    }
    g_assert_cmpuint(most, >, REDIR_HOLD_UNASKED);
    g_assert_cmpuint(most, <, REDIR_MAX_BACKLOG + 65536);
    finish(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redir/reconnect", test_reconnect);
    g_test_add_func("/redir/chosen", test_chosen);
    g_test_add_func("/redir/stop/acknowledged", test_stop);
    g_test_add_func("/redir/stop/plain", test_stop_plain);
    g_test_add_func("/redir/stop/early", test_stop_early);
    g_test_add_func("/redir/no hello", test_no_hello);
    g_test_add_func("/redir/looked in", test_looked_in);
    g_test_add_func("/redir/listen", test_listen);
    g_test_add_data_func("/redir/out of descriptors", test_out_of_descriptors, with_log);
    g_test_add_func("/redir/cannot listen", test_cannot_listen);
    g_test_add_func("/redir/tcp", test_tcp);
    g_test_add_func("/redir/tcp queue", test_tcp_queue);
    g_test_add_func("/redir/unreachable", test_unreachable);
    g_test_add_func("/redir/garbage", test_garbage);
    g_test_add_data_func("/redir/flood/same", test_flood, with_log);
    g_test_add_data_func("/redir/flood/varied", test_varied_flood, with_log);
    g_test_add_data_func("/redir/guest bugs", test_guest_bugs, with_log);
    g_test_add_data_func("/redir/ignored", test_ignored, with_log);
    g_test_add_func("/redir/refused", test_refused);
    g_test_add_func("/redir/never reads/control", test_never_reads_control);
    g_test_add_func("/redir/never reads/bulk", test_never_reads_bulk);
    g_test_add_func("/redir/never reads/iso", test_never_reads_iso);
    return g_test_run();
}
