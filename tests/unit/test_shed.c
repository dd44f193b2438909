/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a link that is full leaves out of isochronous streams: of a camera whole pictures, so that
   those which go out are whole and each differs from the last in its frame id; of others intervals.
 */
#include "redir/shed.h"

#include <string.h>

enum { VIDEO = 0x81, SOUND = 0x82, HEADER = 12 };
enum { FREE = REDIR_SHED_BACKLOG, FULL = REDIR_SHED_BACKLOG + 1, MOST = REDIR_SHED_MOST + 1 };

static void show(RedirShed *shed, guint32 type, gconstpointer body, gsize size)
{
    g_autofree guint8 *bytes = g_memdup2(body, size);
    const RedirPacketView packet = {type, 0, bytes, size};

    g_assert_false(redir_shed(shed, &packet, bytes, size, FULL));
}

/* A camera with a microphone: interface 1 streams video by endpoint 0x81, 3 sound by 0x82. */
static void announce(RedirShed *shed)
{
    const struct usb_redir_interface_info_header interfaces = {
        .interface_count = GUINT32_TO_LE(4),
        .interface = {0, 1, 2, 3},
        .interface_class = {0x0e, 0x0e, 0x01, 0x01},
        .interface_subclass = {1, 2, 1, 2},
    };
    struct usb_redir_ep_info_header endpoints = {0};

    *shed = (RedirShed){0};
    endpoints.interface[0x11] = 1;
    endpoints.interface[0x12] = 3;
    show(shed, usb_redir_interface_info, &interfaces, sizeof interfaces);
    show(shed, usb_redir_ep_info, &endpoints, sizeof endpoints);
}

/* Returns whether it goes out; *flags: of a payload header, as they came and as they go. */
static gboolean pass(RedirShed *shed, guint8 endpoint, gsize length, guint8 *flags, gsize backlog)
{
    struct usb_redir_iso_packet_header iso = {.endpoint = endpoint, .length = length};
    g_autofree guint8 *bytes = g_malloc0(sizeof iso + length); /* so that ASan sees over-reads */
    const RedirPacketView packet = {usb_redir_iso_packet, 0, bytes, sizeof iso + length};

    memcpy(bytes, &iso, sizeof iso);
    if (length > 0)
        bytes[sizeof iso] = HEADER;
    if (length > 1)
        bytes[sizeof iso + 1] = *flags;
    gboolean left_out = redir_shed(shed, &packet, bytes, packet.size, backlog);
    if (length > 1)
        *flags = bytes[sizeof iso + 1];
    return !left_out;
}

/* A script of intervals. "0 1": the frame id, with data; "a b": the same and the picture's end;
   "x y": a header alone; "X Y": a header alone that ends the picture; "-": nothing; behind one of
   these "!": the link is full by now; "*": so full that nothing more is kept for it, "_": nothing
   waits. What goes out is told in the same letters; "." is left out.
 */
static const struct {
    const char *letters;
    guint8 flags;
    gsize length;
} intervals[] = {
    {"01", 0x80, 100}, {"ab", 0x82, 100}, {"xy", 0x80, HEADER}, {"XY", 0x82, HEADER}, {"-", 0, 0}};

static char letter_after(RedirShed *shed, char letter, gsize backlog)
{
    for (gsize i = 0; i < G_N_ELEMENTS(intervals); i++) {
        const char *at = strchr(intervals[i].letters, letter);
        if (at == NULL)
            continue;
        guint8 flags = intervals[i].flags | (guint8)(at - intervals[i].letters);
        if (!pass(shed, VIDEO, intervals[i].length, &flags, backlog))
            return '.';
        g_assert_cmphex(flags & 0xfe, ==, intervals[i].flags);
        return intervals[i].letters[flags & 1];
    }
    g_assert_not_reached();
}

static gsize backlog_of(char link)
{
    return link == '!' ? FULL : link == '*' ? MOST : 0;
}

static const struct {
    const char *name, *in, *out;
} scripts[] = {
    {"a link that carries all", "00a11b-x00a--", "00a11b-x00a--"},
    {"a picture once begun goes on", "00!0!a!11b", "000a11b"},
    {"left out from its first byte to its end", "00a1!1b00a", "00a...11b"},
    {"also when the link is free again", "1!1-y1b00a", "......11b"},
    {"two left out", "00a1!1b0!0a11b", "00a......11b"},
    {"no end told", "001!1001!1001!1", "00..11..00.."},
    {"ended by a header alone", "00X1!1Y00X", "00X...11Y"},
    {"begun by a header alone", "00ay!11bx00a", "00a....y11b"},
    {"no toggle told", "00a0!0a00a", "00a...00a"},
    {"between pictures, while the link is full", "00a-!x!-11b", "00a..-11b"},
    {"empty intervals go first", "0-!0a", "0.0a"},
    {"a picture without an end", "00*00!001b", "0.....1b"},
    {"a picture without an end, the link empty again", "00*00!0_00*0", "0...00.."},
};

static void test_scripts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        RedirShed shed;
        announce(&shed);
        for (const char *at = scripts[i].in; *at; at++) {
            const char *link = at[1] ? strchr("!*_", at[1]) : NULL;
            g_string_append_c(out, letter_after(&shed, *at, link ? backlog_of(*link) : FREE));
            at += link != NULL;
        }
        g_test_message("%s: %s", scripts[i].name, scripts[i].in);
        g_assert_cmpstr(out->str, ==, scripts[i].out);
    }
}

/* No camera's: each interval for itself. */
static void test_sound(void)
{
    static const struct {
        gsize backlog;
        gboolean goes;
    } rows[] = {{FREE, TRUE}, {FULL, FALSE}, {FULL, FALSE}, {FREE, TRUE}};
    RedirShed shed;

    announce(&shed);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint8 flags = i & 1;
        g_assert_cmpint(pass(&shed, SOUND, 192, &flags, rows[i].backlog), ==, rows[i].goes);
        g_assert_cmphex(flags, ==, i & 1);
    }
}

/* Whatever a device sends, and of whatever length, is not looked at behind its end. */
static void test_nonsense(void)
{
    RedirShed shed;
    guint8 flags = 0xff;

    announce(&shed);
    for (gsize length = 0; length < HEADER; length++)
        g_assert_true(pass(&shed, VIDEO, length, &flags, FREE));
    g_assert_cmphex(flags, ==, 0xff);
    for (gsize size = 0; size < sizeof(struct usb_redir_ep_info_header); size++) {
        static const guint32 types[] = {usb_redir_interface_info, usb_redir_ep_info};
        for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
            g_autofree guint8 *body = g_malloc(size);
            if (size > 0)
                memset(body, 0xff, size);
            show(&shed, types[i], body, size);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shed/pictures", test_scripts);
    g_test_add_func("/shed/sound", test_sound);
    g_test_add_func("/shed/nonsense", test_nonsense);
    return g_test_run();
}
