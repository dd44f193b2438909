/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts what a peer sends into usbredir packets and refuses the ones that no honest peer sends,
   before libusbredirparser allocates what their length asks for (up to 128 MB, 4 GB in older ones).
 */
#pragma once

#include <glib.h>

typedef struct {
    GByteArray *bytes;
    gsize consumed;   /* of bytes */
    gboolean greeted; /* the first packet, the hello, has been taken */
} RedirInput;

/* The most bytes behind a packet's header: a control or bulk OUT of 64 KiB with its own header. */
#define REDIR_MAX_PACKET (65536u + 64)
/* A hello's version string and as many capabilities as one may dream up. */
#define REDIR_MAX_HELLO 1024u

void redir_input_init(RedirInput *input);
void redir_input_clear(RedirInput *input);

void redir_input_append(RedirInput *input, const guint8 *data, gsize size);
/* Bytes that wait. */
gsize redir_input_pending(const RedirInput *input);

/* Looks at the packet at the front. long_ids: both sides have 64bits_ids. TRUE: *ret_packet,
   *ret_size is one whole packet with its header, valid until the next append or take. FALSE without
   error: not all of it is here yet. FALSE with REDIR_ERROR_PROTOCOL: end this connection. */
gboolean redir_input_take(RedirInput *input, gboolean long_ids, const guint8 **ret_packet,
                          gsize *ret_size, GError **error);
