/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One JPEG after the other out of a file of any size, through a window of bounded size. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define VCAM_READER_MAX (16 << 20) /* bytes of one JPEG */

struct vcam_reader;

/* Reads fd, which stays the caller's, from its beginning. NULL: out of memory. */
struct vcam_reader *vcam_reader_new(int fd);
void vcam_reader_free(struct vcam_reader *reader); /* accepts NULL */
void vcam_reader_rewind(struct vcam_reader *reader);

/* The next whole JPEG; what lies between is passed over. The bytes are the reader's until its next
   call. 0, -ENODATA at the end of the file, -EAGAIN: only rubbish for now, there may be more
   behind, -ENOMEM, or the errno of reading. */
int vcam_reader_next(struct vcam_reader *reader, const uint8_t **ret_jpeg, size_t *ret_size);
