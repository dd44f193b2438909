/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a payload header has to be: see buffered.h for the rule. */
#include "redir/buffered.h"

#include <string.h>

static gsize size_of(const struct vcam_payload *payload)
{
    return payload->header_len + payload->len;
}

static gboolean is_good(const RedirBuffered *buffered, const struct vcam_payload *payload)
{
    return size_of(payload) % REDIR_BUFFERED_BLOCK >= sizeof buffered->last &&
           memcmp(payload->header, buffered->last, sizeof buffered->last) != 0;
}

/* UVC 1.1, 2.4.3.3: bHeaderLength says where the picture begins. */
static void lengthen(struct vcam_payload *payload)
{
    payload->header[payload->header_len++] = 0;
    payload->header[0] = payload->header_len;
}

void redir_buffered_fit(RedirBuffered *buffered, struct vcam_payload *payload)
{
    while (!is_good(buffered, payload))
        lengthen(payload);
    gsize last = size_of(payload) / REDIR_BUFFERED_BLOCK * REDIR_BUFFERED_BLOCK;
    memcpy(buffered->last, last ? payload->data + (last - payload->header_len) : payload->header,
           sizeof buffered->last);
}
