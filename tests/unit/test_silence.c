/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which streams are taken for silent, and by which packets they are begun anew. */
#include "redir/silence.h"

#include <string.h>

enum { VIDEO = 0x81, SOUND = 0x82, OUT = 0x01, INTERFACE = 1, ALTERNATE = 5 };

/* Video and sound are of one interface here, so one cannot be set anew without the other. */
static const guint8 owner[32] = {[0x11] = INTERFACE, [0x12] = INTERFACE, [0x01] = INTERFACE};

static void note(RedirSilence *silence, RedirDirection direction, guint32 type, gconstpointer body,
                 gsize size)
{
    g_autofree guint8 *bytes = g_memdup2(body, size); /* so that ASan sees over-reads */
    const RedirPacketView packet = {type, 0, bytes, size};

    redir_silence_note(silence, direction, &packet, owner);
}

static void start(RedirSilence *silence, guint8 endpoint)
{
    const struct usb_redir_start_iso_stream_header header = {endpoint, 32, endpoint};
    const struct usb_redir_iso_stream_status_header status = {usb_redir_success, endpoint};

    note(silence, REDIR_FROM_VM, usb_redir_start_iso_stream, &header, sizeof header);
    note(silence, REDIR_TO_VM, usb_redir_iso_stream_status, &status, sizeof status);
}

static void send(RedirSilence *silence, guint8 endpoint, guint8 status)
{
    const struct usb_redir_iso_packet_header header = {endpoint, status, 0};

    note(silence, REDIR_TO_VM, usb_redir_iso_packet, &header, sizeof header);
}

static void set_alternate(RedirSilence *silence, guint8 interface, guint8 alternate)
{
    const struct usb_redir_set_alt_setting_header header = {interface, alternate};
    const struct usb_redir_alt_setting_status_header status = {0, interface, alternate};

    note(silence, REDIR_FROM_VM, usb_redir_set_alt_setting, &header, sizeof header);
    note(silence, REDIR_TO_VM, usb_redir_alt_setting_status, &status, sizeof status);
}

static void do_letter(RedirSilence *silence, char letter)
{
    static const struct usb_redir_stop_iso_stream_header stop = {VIDEO};
    static const struct usb_redir_iso_stream_status_header stall = {usb_redir_stall, VIDEO};

    switch (letter) {
    case 'b':
        start(silence, VIDEO);
        break;
    case 'o':
        start(silence, OUT);
        break;
    case 'e':
        note(silence, REDIR_FROM_VM, usb_redir_stop_iso_stream, &stop, sizeof stop);
        break;
    case 'p':
        send(silence, VIDEO, usb_redir_success);
        break;
    case 't':
        send(silence, VIDEO, usb_redir_timeout);
        break;
    case 'f':
        note(silence, REDIR_TO_VM, usb_redir_iso_stream_status, &stall, sizeof stall);
        break;
    case 'a':
        set_alternate(silence, INTERFACE, 0);
        break;
    case 'x':
        set_alternate(silence, INTERFACE + 1, 0);
        break;
    case 'r':
        note(silence, REDIR_FROM_VM, usb_redir_reset, NULL, 0);
        break;
    default:
        g_assert_not_reached();
    }
}

/* Begin, end, packet, one with an error (too late), failure told to the VM, alternate setting 0 of
   this interface or of another (x), reset, a stream out; "." is a look, for which the answer has a
   letter: alive, silent, lost. */
static const struct {
    const char *script, *answers;
} cases[] = {
    {"...", "aaa"},
    {"b......", "aasaal"},
    {"b.p.p.p.p.", "aaaaa"},
    {"b.t.t.t.", "aasa"},         /* packets that tell errors are none */
    {"b..p....", "aaaaas"},       /* from the last packet on */
    {"b...p......", "aasaaasaa"}, /* it has helped: not lost the next time */
    {"b...b...", "aasaal"},       /* nor has the VM's own try */
    {"b..e...", "aaaaa"},
    {"b..f...", "aaaaa"},
    {"b..a...", "aaaaa"},
    {"b..r...", "aaaaa"},
    {"b..x.", "aas"},
    {"o....", "aaaa"}, /* the VM may have nothing to send */
};

static void test_looks(void)
{
    static const char letters[] = {'a', 's', 'l'};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        RedirSilence silence = {0};
        g_autoptr(GString) answers = g_string_new(NULL);
        for (const char *at = cases[i].script; *at; at++) {
            guint8 endpoint = VIDEO;
            if (*at == '.')
                g_string_append_c(answers, letters[redir_silence_look(&silence, &endpoint)]);
            else
                do_letter(&silence, *at);
            g_assert_cmphex(endpoint, ==, VIDEO);
        }
        g_test_message("%s", cases[i].script);
        g_assert_cmpstr(answers->str, ==, cases[i].answers);
    }
}

static void check_packets(gboolean long_ids)
{
    const RedirPacketIds ids = {.long_ids = {long_ids, long_ids}};
    static const guint8 bodies[][3] = {
        {INTERFACE, 0}, {INTERFACE, ALTERNATE}, {VIDEO, 32, VIDEO}, {SOUND, 32, SOUND}};
    RedirSilence silence = {0};

    set_alternate(&silence, INTERFACE, ALTERNATE);
    start(&silence, VIDEO);
    start(&silence, SOUND);
    g_autoptr(GByteArray) packets = redir_silence_packets(&silence, VIDEO, owner, long_ids);
    const guint8 *at = packets->data;
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        const gsize body = i < 2 ? 2 : 3, size = (long_ids ? 16 : 12) + body;
        RedirPacketIds copy = ids;
        RedirPacketView packet;
        g_assert_cmpuint(packets->len - (at - packets->data), >=, size);
        g_assert_true(redir_packet_look(&copy, REDIR_FROM_VM, at, size, &packet));
        g_assert_cmpuint(packet.type, ==,
                         i < 2 ? usb_redir_set_alt_setting : usb_redir_start_iso_stream);
        g_assert_cmpmem(packet.body, packet.size, bodies[i], body);
        at += size;
    }
    g_assert_true(at == packets->data + packets->len);
}

static void test_packets(void)
{
    check_packets(TRUE);
    check_packets(FALSE);
}

/* Of any length, from either side. */
static void test_short(void)
{
    RedirSilence silence = {0};
    guint8 endpoint;

    for (guint32 type = 0; type < 105; type++)
        for (gsize size = 0; size < 4; size++) {
            note(&silence, REDIR_FROM_VM, type, "\xff\xff\xff", size);
            note(&silence, REDIR_TO_VM, type, "\x00\xff\xff", size);
        }
    redir_silence_look(&silence, &endpoint);
    g_autoptr(GByteArray) packets = redir_silence_packets(&silence, 0xff, owner, TRUE);
    g_assert_cmpuint(packets->len, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/silence/looks", test_looks);
    g_test_add_func("/silence/packets", test_packets);
    g_test_add_func("/silence/short", test_short);
    return g_test_run();
}
