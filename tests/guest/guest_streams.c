/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: each controller, speed and transfer streams, and each frame is what was sent. */
#include "tests/guest/guest_tests.h"

#include <string.h>
#include <unistd.h>
#include <usbredirproto.h>

#include "redir/recording.h"
#include "tests/guest/jpeg_file.h"

typedef struct {
    VmParts port;
    const char *options; /* of the link */
    const char *speed;   /* what the guest must find, Mbit/s */
    const char *format, *fourcc;
    guint width, height;
    double fps;
    guint frames;
} StreamCase;

static gboolean run_stream(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const StreamCase *c = test->data;
    g_autofree char *options = g_strdup_printf("pattern %s --format %s --size %ux%u --fps %g",
                                               c->options, c->format, c->width, c->height, c->fps);
    if (!session_plug(session, "streams", options, c->port, error))
        return FALSE;
    if (strcmp(session->speed, c->speed) != 0)
        return fail(error, "the guest finds a speed of %s, not %s", session->speed, c->speed);
    return check_stream(session, c->fourcc, c->width, c->height, c->fps, c->frames, note, error) &&
           session_unplug(session, error);
}

#define CASE(name, ...)                                                                            \
    {                                                                                              \
        name, run_stream, &(const StreamCase)                                                      \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define YUY2  "YUY2", "YUYV"
#define MJPEG "MJPEG", "MJPG"
#define FULL  "--speed full"
#define SUPER "--speed super"
#define ISO   "--transfer iso"
#define KEPT  "--transfer buffered"

/* ---- sizes that end exactly on a boundary ---- */

/* Bytes of a frame and its header of 12: on the edge of a packet, of a request of the guest's, of
   several; and frames that are so long without the header. */
static const guint edge_sizes[] = {16384 - 12,    2 * 16384 - 12, 3 * 16384 - 12, 9 * 512 - 12,
                                   9 * 1024 - 12, 16384,          16384 - 11,     16384 - 13};

/* A picture of exactly size bytes: a comment behind the start marker fills it up. */
static void append_padded(GByteArray *stream, const GByteArray *jpeg, guint size)
{
    guint length = size - jpeg->len - 2;
    g_autofree guint8 *comment = g_malloc0(length + 2);
    comment[0] = 0xff;
    comment[1] = 0xfe;
    comment[2] = length >> 8;
    comment[3] = length;
    g_byte_array_append(stream, jpeg->data, 2);
    g_byte_array_append(stream, comment, length + 2);
    g_byte_array_append(stream, jpeg->data + 2, jpeg->len - 2);
}

static gboolean check_edges_sent(const char *trace, GError **error)
{
    g_autoptr(GArray) sent = trace_read(trace, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(edge_sizes); i++) {
        guint k = 0;
        while (k < sent->len && g_array_index(sent, SentFrame, k).bytes != edge_sizes[i])
            k++;
        if (k == sent->len)
            return fail(error, "no frame of %u bytes was sent", edge_sizes[i]);
    }
    return TRUE;
}

static gboolean run_edges(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const StreamCase *c = test->data;
    g_autoptr(GByteArray) jpeg = jpeg_make(160, 120, 0, 0), stream = g_byte_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(edge_sizes); i++)
        append_padded(stream, jpeg, edge_sizes[i]);
    g_autofree char *path = g_build_filename(harness_folder(), "edges.mjpeg", NULL);
    g_autofree char *options = g_strdup_printf("file:%s %s --format MJPEG", path, c->options);
    return g_file_set_contents(path, (char *)stream->data, stream->len, error) &&
           session_plug(session, "edges", options, c->port, error) &&
           check_stream(session, "MJPG", 160, 120, 30, c->frames, note, error) &&
           check_edges_sent(share_trace_path(session->share), error) &&
           session_unplug(session, error);
}

/* ---- buffered ---- */

/* Packets of that type, of either direction. */
static gboolean count_recorded(const char *path, guint32 type, guint *ret_count, GError **error)
{
    g_auto(RedirRecordReader) reader = {0};
    RedirRecording recording;
    RedirRecord record;
    GError *broken = NULL;

    if (!redir_recording_open(&recording, path, error))
        return FALSE;
    redir_record_reader_init(&reader, &recording, &broken);
    for (*ret_count = 0; !broken && redir_record_next(&reader, &record, &broken);)
        *ret_count += !record.begins && record.packet.type == type;
    close(recording.fd);
    if (broken)
        g_propagate_error(error, broken);
    return !broken;
}

/* Each picture is one packet, which nobody asked for. */
static gboolean run_unasked(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const StreamCase *c = test->data;
    g_autofree char *path = g_build_filename(harness_folder(), "unasked.rec", NULL);
    g_autofree char *options = g_strdup_printf("%s --record %s", c->options, path);
    StreamCase recorded = *c;
    guint asked = 0, unasked = 0;

    recorded.options = options;
    const GuestTest inner = {test->name, run_stream, &recorded};
    if (!run_stream(&inner, session, note, error) ||
        !count_recorded(path, usb_redir_bulk_packet, &asked, error) ||
        !count_recorded(path, usb_redir_buffered_bulk_packet, &unasked, error))
        return FALSE;
    g_string_append_printf(note, ", %u pictures unasked", unasked);
    return (asked == 0 && unasked >= c->frames) ||
           fail(error, "%u packets are bulk, %u buffered", asked, unasked);
}

/* ---- a port that is too slow ---- */

typedef struct {
    VmParts port;
    const char *options, *says;
} RefusedCase;

/* QEMU would attach it all the same, were it not told of the isochronous endpoint in time. */
static gboolean run_refused(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const RefusedCase *c = test->data;
    g_autofree char *options = g_strdup_printf("pattern --no-retry %s", c->options);
    g_autofree char *log = NULL;
    int status = 0;
    (void)note;
    session->share = share_start("refused", options, vm_address(session->vm, c->port), error);
    if (!session->share)
        return FALSE;
    if (!process_wait(share_process(session->share), WAIT_MS, &status) || status == 0)
        return fail(error, "the VM takes it (status %d)", status);
    if (!g_file_get_contents(share_log(session->share), &log, NULL, error))
        return FALSE;
    g_clear_pointer(&session->share, share_free);
    /* Its firmware does not come through a reset any more. */
    vm_kill(session->vm);
    return strstr(log, c->says) || fail(error, "it does not say '%s' but: %s", c->says, log);
}

#define EDGES(name, ...)                                                                           \
    {                                                                                              \
        name, run_edges, &(const StreamCase)                                                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const GuestTest tests[] = {
    CASE("xhci high bulk YUY2 640x480", VM_XHCI, "", "480", YUY2, 640, 480, 30, 60),
    CASE("xhci high bulk YUY2 1280x720", VM_XHCI, "", "480", YUY2, 1280, 720, 30, 30),
    CASE("xhci high bulk MJPEG 1920x1080", VM_XHCI, "", "480", MJPEG, 1920, 1080, 30, 60),
    CASE("xhci super bulk YUY2 1280x720", VM_XHCI, SUPER, "5000", YUY2, 1280, 720, 30, 30),
    CASE("xhci super bulk MJPEG 1280x720", VM_XHCI, SUPER, "5000", MJPEG, 1280, 720, 30, 60),
    CASE("xhci high iso YUY2 640x480", VM_XHCI, ISO, "480", YUY2, 640, 480, 30, 30),
    CASE("xhci high iso MJPEG 1280x720", VM_XHCI, ISO, "480", MJPEG, 1280, 720, 30, 60),
    CASE("xhci super iso YUY2 1280x720", VM_XHCI, SUPER " " ISO, "5000", YUY2, 1280, 720, 30, 30),
    CASE("xhci super iso MJPEG 1920x1080", VM_XHCI, SUPER " " ISO, "5000", MJPEG, 1920, 1080, 30,
         60),
    CASE("xhci full bulk MJPEG 320x240", VM_XHCI, FULL, "12", MJPEG, 320, 240, 15, 15),
    CASE("ehci high bulk YUY2 640x480", VM_EHCI, "", "480", YUY2, 640, 480, 30, 30),
    CASE("ehci high bulk MJPEG 1280x720", VM_EHCI, "", "480", MJPEG, 1280, 720, 30, 30),
    CASE("ehci high iso YUY2 640x480", VM_EHCI, ISO, "480", YUY2, 640, 480, 30, 30),
    CASE("ehci high iso MJPEG 1280x720", VM_EHCI, ISO, "480", MJPEG, 1280, 720, 30, 30),
    CASE("uhci full bulk YUY2 160x120", VM_UHCI, FULL, "12", YUY2, 160, 120, 10, 10),
    CASE("uhci full bulk MJPEG 320x240", VM_UHCI, FULL, "12", MJPEG, 320, 240, 10, 10),
    CASE("uhci full iso YUY2 160x120", VM_UHCI, FULL " " ISO, "12", YUY2, 160, 120, 10, 10),
    CASE("uhci full iso MJPEG 320x240", VM_UHCI, FULL " " ISO, "12", MJPEG, 320, 240, 10, 10),
    CASE("xhci high buffered YUY2 640x480", VM_XHCI, KEPT, "480", YUY2, 640, 480, 30, 30),
    CASE("xhci high buffered MJPEG 1280x720", VM_XHCI, KEPT, "480", MJPEG, 1280, 720, 30, 60),
    CASE("xhci super buffered YUY2 1280x720", VM_XHCI, SUPER " " KEPT, "5000", YUY2, 1280, 720, 30,
         30),
    CASE("xhci super buffered MJPEG 1280x720", VM_XHCI, SUPER " " KEPT, "5000", MJPEG, 1280, 720,
         30, 60),
    CASE("ehci high buffered MJPEG 1280x720", VM_EHCI, KEPT, "480", MJPEG, 1280, 720, 30, 30),
    CASE("uhci full buffered, which QEMU does not", VM_UHCI, FULL " " KEPT, "12", MJPEG, 320, 240,
         10, 10),
    {"buffered pictures are not asked for", run_unasked,
     &(const StreamCase){VM_XHCI, KEPT, "480", MJPEG, 640, 480, 30, 30}},
    CASE("QEMU connects to camredir", VM_CALLS, "", "480", YUY2, 640, 480, 30, 30),
    CASE("over tcp", VM_TCP, "", "480", MJPEG, 640, 480, 30, 30),
    EDGES("frame and header = n x 16 KiB, high speed", VM_XHCI, "", .frames = 24),
    EDGES("frame and header = n x 16 KiB, super speed", VM_XHCI, SUPER, .frames = 24),
    EDGES("frame and header = n x 16 KiB, ehci", VM_EHCI, "", .frames = 24),
    EDGES("frame and header = n x 16 KiB, iso", VM_XHCI, ISO, .frames = 24),
    EDGES("frame and header = n x 16 KiB, buffered", VM_XHCI, KEPT, .frames = 48),
    EDGES("frame and header = n x 16 KiB, super speed, buffered", VM_XHCI, SUPER " " KEPT,
          .frames = 48),
    EDGES("frame and header = n x 16 KiB, ehci, buffered", VM_EHCI, KEPT, .frames = 48),
    {"uhci refuses high speed iso", run_refused,
     &(const RefusedCase){VM_UHCI, ISO, "takes no high-speed device"}},
    {"ehci refuses super speed iso", run_refused,
     &(const RefusedCase){VM_EHCI, SUPER " " ISO, "takes no super-speed device"}},
};

const GuestTestTable stream_tests = {tests, G_N_ELEMENTS(tests)};
