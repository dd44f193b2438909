/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The framer between a transport and libusbredirparser. */
#include "redir/input.h"

#include <string.h>
#include <usbredirproto.h>

#include "redir/error.h"

#define SHORT_HEADER 12u /* type, length, 32-bit id */
#define LONG_HEADER  16u

void redir_input_init(RedirInput *input)
{
    *input = (RedirInput){.bytes = g_byte_array_new()};
}

void redir_input_clear(RedirInput *input)
{
    g_clear_pointer(&input->bytes, g_byte_array_unref);
}

/* Drops what was taken, but only once it is more than what remains: moving a little each time would
   cost the square of the bytes. */
void redir_input_append(RedirInput *input, const guint8 *data, gsize size)
{
    if (input->consumed >= redir_input_pending(input)) {
        g_byte_array_remove_range(input->bytes, 0, input->consumed);
        input->consumed = 0;
    }
    g_byte_array_append(input->bytes, data, size);
}

gsize redir_input_pending(const RedirInput *input)
{
    return input->bytes->len - input->consumed;
}

static gboolean check_header(const guint8 *at, gboolean greeted, guint32 type, guint32 length,
                             GError **error)
{
    if (!greeted && (type != usb_redir_hello || length < sizeof(struct usb_redir_hello_header))) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL,
                    "what answers does not speak usbredir (it begins %02x %02x %02x %02x, not with "
                    "a hello)",
                    at[0], at[1], at[2], at[3]);
        return FALSE;
    }
    if (length > (greeted ? REDIR_MAX_PACKET : REDIR_MAX_HELLO)) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL,
                    "the peer announces %s of %u bytes, at most %u are sane",
                    greeted ? "a packet" : "a hello", length,
                    greeted ? REDIR_MAX_PACKET : REDIR_MAX_HELLO);
        return FALSE;
    }
    return TRUE;
}

gboolean redir_input_take(RedirInput *input, gboolean long_ids, const guint8 **ret_packet,
                          gsize *ret_size, GError **error)
{
    const gsize header = long_ids ? LONG_HEADER : SHORT_HEADER;
    guint32 type, length;

    if (redir_input_pending(input) < SHORT_HEADER)
        return FALSE;
    const guint8 *at = input->bytes->data + input->consumed;
    memcpy(&type, at, 4);
    memcpy(&length, at + 4, 4);
    type = GUINT32_FROM_LE(type);
    length = GUINT32_FROM_LE(length);
    if (!check_header(at, input->greeted, type, length, error))
        return FALSE;
    if (redir_input_pending(input) < header + length)
        return FALSE;

    input->greeted = TRUE;
    input->consumed += header + length;
    *ret_packet = at;
    *ret_size = header + length;
    return TRUE;
}
