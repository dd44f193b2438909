/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts JPEGs at their restart markers and joins the pieces anew (ITU T.81, B.2.1 and E.1.4): after
   a restart marker no prediction reaches back, and the tables are the same at the same quality. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vcam/sources/jpeg.h"
#include "vcam/sources/splice.h"

struct piece {
    uint8_t *data;
    size_t size, capacity;
};

struct vcam_splice {
    struct vcam_jpeg_encoder *encoder;
    unsigned width, height;
    int quality;
    unsigned n_rows;
    struct piece header; /* all up to the first entropy-coded byte */
    struct piece rows[]; /* entropy-coded data alone */
};

struct vcam_splice *vcam_splice_new(unsigned width, unsigned height, int quality)
{
    unsigned n_rows = (height + VCAM_SPLICE_LINES - 1) / VCAM_SPLICE_LINES;
    struct vcam_splice *splice = calloc(1, sizeof(*splice) + n_rows * sizeof(splice->rows[0]));
    if (!splice)
        return NULL;
    splice->width = width;
    splice->height = height;
    splice->quality = quality;
    splice->n_rows = n_rows;
    splice->encoder = vcam_jpeg_encoder_new();
    if (!splice->encoder) {
        vcam_splice_free(splice);
        return NULL;
    }
    return splice;
}

void vcam_splice_free(struct vcam_splice *splice)
{
    if (!splice)
        return;
    for (unsigned i = 0; i < splice->n_rows; i++)
        free(splice->rows[i].data);
    free(splice->header.data);
    vcam_jpeg_encoder_free(splice->encoder);
    free(splice);
}

static int keep(struct piece *piece, const uint8_t *data, size_t size)
{
    if (size > piece->capacity) {
        uint8_t *grown = realloc(piece->data, size);
        if (!grown)
            return -ENOMEM;
        piece->data = grown;
        piece->capacity = size;
    }
    memcpy(piece->data, data, size);
    piece->size = size;
    return 0;
}

/* Our own encoder's output: headers are well formed. */
static size_t header_size(const uint8_t *jpeg, unsigned *ret_sof_height)
{
    size_t pos = 2;
    for (;;) {
        uint8_t marker = jpeg[pos + 1];
        size_t next = pos + 2 + (jpeg[pos + 2] << 8 | jpeg[pos + 3]);
        if (marker == 0xc0) /* SOF0: length (2), precision (1), height (2), ... */
            *ret_sof_height = pos + 5;
        if (marker == 0xda)
            return next;
        pos = next;
    }
}

static int keep_header(struct vcam_splice *splice, const uint8_t *jpeg, size_t size,
                       unsigned sof_height)
{
    int r = keep(&splice->header, jpeg, size);
    if (r == 0) {
        splice->header.data[sof_height] = splice->height >> 8;
        splice->header.data[sof_height + 1] = splice->height & 0xff;
    }
    return r;
}

/* The end of the entropy-coded data that begins at data: the next marker. */
static const uint8_t *piece_end(const uint8_t *data)
{
    while (data[0] != 0xff || data[1] == 0x00)
        data = memchr(data + 1, 0xff, SIZE_MAX / 2);
    return data;
}

int vcam_splice_take(struct vcam_splice *splice, const struct vcam_canvas *canvas, unsigned first,
                     unsigned count)
{
    const uint8_t *jpeg;
    size_t size;
    unsigned sof_height = 0;
    int r = vcam_jpeg_encode(splice->encoder, VCAM_YUY2,
                             canvas->data + (size_t)first * canvas->width * 2, canvas->width, count,
                             splice->quality, true, &jpeg, &size);
    if (r < 0)
        return r;
    size_t at = header_size(jpeg, &sof_height);
    if (!splice->header.size)
        r = keep_header(splice, jpeg, at, sof_height);
    const uint8_t *data = jpeg + at;
    unsigned row = first / VCAM_SPLICE_LINES;
    unsigned end = (first + count + VCAM_SPLICE_LINES - 1) / VCAM_SPLICE_LINES;
    for (; r == 0 && row < end; row++) {
        const uint8_t *marker = piece_end(data);
        r = keep(&splice->rows[row], data, marker - data);
        data = marker + 2;
    }
    return r;
}

static uint8_t *append(uint8_t *to, const struct piece *piece)
{
    memcpy(to, piece->data, piece->size);
    return to + piece->size;
}

struct vcam_frame *vcam_splice_frame(const struct vcam_splice *splice, const struct vcam_mode *mode)
{
    size_t size = splice->header.size;
    for (unsigned i = 0; i < splice->n_rows; i++)
        size += splice->rows[i].size + 2; /* and its marker: RSTn, at the end EOI */
    struct vcam_frame *frame = vcam_frame_new(mode, size);
    if (!frame)
        return NULL;
    uint8_t *to = append(frame->data, &splice->header);
    for (unsigned i = 0; i < splice->n_rows; i++) {
        to = append(to, &splice->rows[i]);
        *to++ = 0xff;
        *to++ = i + 1 < splice->n_rows ? 0xd0 | (i & 7) : 0xd9;
    }
    return frame;
}
