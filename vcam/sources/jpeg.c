/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libjpeg, fed with and asked for rows of raw YCbCr: no colour conversion on the way, memory of a
   few rows, and every error a return value.

   Raw video is BT.601 in limited range, JPEG in full range (JFIF 1.02): tables translate. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "vcam/format.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/picture.h"

#define MAX_OUTPUT     (64 << 20)
#define MAX_MEMORY     (24 << 20) /* what libjpeg may take for a progressive picture */
#define MAX_SCANS      50         /* more are only made to waste our time */
#define MAX_CHECKED    (64 * 1000 * 1000)
#define MAX_STRIP_ROWS (4 * DCTSIZE)

/* --- errors as return values --- */

struct guard {
    struct jpeg_error_mgr manager; /* first: libjpeg hands us this */
    jmp_buf jump;
    unsigned warnings;
    bool damaged; /* by a warning that stands for wrong pixels */
};

static void on_error(j_common_ptr jpeg)
{
    longjmp(((struct guard *)jpeg->err)->jump, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    struct guard *guard = (struct guard *)jpeg->err;
    if (level >= 0)
        return;
    guard->warnings++;
    if (jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA)
        guard->damaged = true;
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static struct jpeg_error_mgr *guard_init(struct guard *guard)
{
    jpeg_std_error(&guard->manager);
    guard->manager.error_exit = on_error;
    guard->manager.emit_message = on_message;
    guard->manager.output_message = on_output;
    return &guard->manager;
}

/* setjmp alone in a function: nothing here has a local that a jump could spoil. */
static int guarded(struct guard *guard, void (*body)(void *), void *arg)
{
    guard->warnings = 0;
    guard->damaged = false;
    if (setjmp(guard->jump) == 0) {
        body(arg);
        return 0;
    }
    switch (guard->manager.msg_code) {
    case JERR_OUT_OF_MEMORY:
        return -ENOMEM;
    case JERR_NO_BACKING_STORE:
    case JERR_IMAGE_TOO_BIG:
        return -EFBIG;
    default:
        return -EBADMSG;
    }
}

/* --- ranges --- */

struct ranges {
    uint8_t luma[256], chroma[256];
};

static struct ranges to_full, to_limited;

static uint8_t scaled(int value, int numerator, int denominator, int offset)
{
    int magnitude = (abs(value) * numerator + denominator / 2) / denominator;
    int result = offset + (value < 0 ? -magnitude : magnitude);
    return result < 0 ? 0 : result > 255 ? 255 : result;
}

__attribute__((constructor)) static void fill_ranges(void)
{
    for (int i = 0; i < 256; i++) {
        to_full.luma[i] = scaled(i - 16, 255, 219, 0);
        to_full.chroma[i] = scaled(i - 128, 255, 224, 128);
        to_limited.luma[i] = scaled(i, 219, 255, 16);
        to_limited.chroma[i] = scaled(i - 128, 224, 255, 128);
    }
}

static void translate(uint8_t *to, const uint8_t *from, unsigned step, unsigned count,
                      const uint8_t table[256])
{
    for (unsigned i = 0; i < count; i++)
        to[i] = table[from[(size_t)i * step]];
}

/* --- strips: one MCU row of planes --- */

struct strip {
    unsigned columns; /* samples in a row of each plane's buffer */
    uint8_t *memory;
    JSAMPROW rows[3][MAX_STRIP_ROWS];
    JSAMPARRAY planes[3];
};

static bool strip_reserve(struct strip *strip, unsigned columns)
{
    if (columns > strip->columns) {
        uint8_t *memory = realloc(strip->memory, (size_t)columns * MAX_STRIP_ROWS * 3);
        if (!memory)
            return false;
        strip->memory = memory;
        strip->columns = columns;
    }
    for (unsigned plane = 0; plane < 3; plane++) {
        for (unsigned row = 0; row < MAX_STRIP_ROWS; row++)
            strip->rows[plane][row] =
                strip->memory + (size_t)strip->columns * (plane * MAX_STRIP_ROWS + row);
        strip->planes[plane] = strip->rows[plane];
    }
    return true;
}

/* --- encoding --- */

struct vcam_jpeg_encoder {
    struct jpeg_compress_struct jpeg;
    struct guard guard;
    struct jpeg_destination_mgr destination;
    uint8_t *out;
    size_t capacity, size;
    struct strip strip;
    /* The picture at hand. */
    uint32_t fourcc;
    const uint8_t *data;
    unsigned width, height;
    int quality;
    bool restart_each_row;
};

static struct vcam_jpeg_encoder *encoder_of(j_compress_ptr jpeg)
{
    return jpeg->client_data;
}

static void destination_init(j_compress_ptr jpeg)
{
    struct vcam_jpeg_encoder *encoder = encoder_of(jpeg);
    encoder->destination.next_output_byte = encoder->out;
    encoder->destination.free_in_buffer = encoder->capacity;
}

static boolean destination_full(j_compress_ptr jpeg)
{
    struct vcam_jpeg_encoder *encoder = encoder_of(jpeg);
    size_t capacity = encoder->capacity * 2;
    uint8_t *out = capacity <= MAX_OUTPUT ? realloc(encoder->out, capacity) : NULL;
    if (!out)
        ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    encoder->destination.next_output_byte = out + encoder->capacity;
    encoder->destination.free_in_buffer = capacity - encoder->capacity;
    encoder->out = out;
    encoder->capacity = capacity;
    return TRUE;
}

static void destination_end(j_compress_ptr jpeg)
{
    struct vcam_jpeg_encoder *encoder = encoder_of(jpeg);
    encoder->size = encoder->capacity - encoder->destination.free_in_buffer;
}

static void encoder_create(void *arg)
{
    struct vcam_jpeg_encoder *encoder = arg;
    jpeg_create_compress(&encoder->jpeg);
}

struct vcam_jpeg_encoder *vcam_jpeg_encoder_new(void)
{
    struct vcam_jpeg_encoder *encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return NULL;
    encoder->jpeg.err = guard_init(&encoder->guard);
    encoder->capacity = 64 << 10;
    encoder->out = malloc(encoder->capacity);
    if (!encoder->out || guarded(&encoder->guard, encoder_create, encoder) < 0) {
        vcam_jpeg_encoder_free(encoder);
        return NULL;
    }
    encoder->jpeg.client_data = encoder;
    encoder->jpeg.dest = &encoder->destination;
    encoder->destination.init_destination = destination_init;
    encoder->destination.empty_output_buffer = destination_full;
    encoder->destination.term_destination = destination_end;
    return encoder;
}

void vcam_jpeg_encoder_free(struct vcam_jpeg_encoder *encoder)
{
    if (!encoder)
        return;
    jpeg_destroy_compress(&encoder->jpeg);
    free(encoder->strip.memory);
    free(encoder->out);
    free(encoder);
}

static unsigned round_up(unsigned value, unsigned to)
{
    return (value + to - 1) / to * to;
}

/* libjpeg reads whole blocks: the last sample of a row is repeated to fill them. */
static void pad_row(uint8_t *row, unsigned used, unsigned until)
{
    memset(row + used, row[used - 1], until - used);
}

static void fill_yuy2_row(struct vcam_jpeg_encoder *encoder, unsigned row, unsigned y)
{
    const uint8_t *from = encoder->data + (size_t)y * encoder->width * 2;
    JSAMPROW luma = encoder->strip.rows[0][row], u = encoder->strip.rows[1][row],
             v = encoder->strip.rows[2][row];
    for (unsigned i = 0; i < encoder->width / 2; i++, from += 4) {
        luma[2 * i] = to_full.luma[from[0]];
        luma[2 * i + 1] = to_full.luma[from[2]];
        u[i] = to_full.chroma[from[1]];
        v[i] = to_full.chroma[from[3]];
    }
}

static void fill_planar_luma_row(struct vcam_jpeg_encoder *encoder, unsigned row, unsigned y)
{
    translate(encoder->strip.rows[0][row], encoder->data + (size_t)y * encoder->width, 1,
              encoder->width, to_full.luma);
}

/* y: of the chroma planes, which have half the rows. */
static void fill_planar_chroma_row(struct vcam_jpeg_encoder *encoder, unsigned row, unsigned y)
{
    unsigned half = encoder->width / 2;
    const uint8_t *chroma = encoder->data + (size_t)encoder->width * encoder->height;
    bool interleaved = encoder->fourcc == VCAM_NV12;
    unsigned step = interleaved ? 2 : 1;
    const uint8_t *u = chroma + (size_t)y * half * step;
    const uint8_t *v = interleaved ? u + 1 : u + (size_t)half * (encoder->height / 2);
    translate(encoder->strip.rows[1][row], u, step, half, to_full.chroma);
    translate(encoder->strip.rows[2][row], v, step, half, to_full.chroma);
}

static void fill_strip(struct vcam_jpeg_encoder *encoder, unsigned first, unsigned rows)
{
    unsigned padded = round_up(encoder->width, 16), last = encoder->height - 1;
    bool planar = encoder->fourcc != VCAM_YUY2;
    for (unsigned row = 0; row < rows; row++) {
        unsigned y = first + row < last ? first + row : last;
        if (planar)
            fill_planar_luma_row(encoder, row, y);
        else
            fill_yuy2_row(encoder, row, y);
        pad_row(encoder->strip.rows[0][row], encoder->width, padded);
    }
    for (unsigned row = 0; row < (planar ? rows / 2 : rows); row++) {
        unsigned y = first / 2 + row < last / 2 ? first / 2 + row : last / 2;
        if (planar)
            fill_planar_chroma_row(encoder, row, y);
        pad_row(encoder->strip.rows[1][row], encoder->width / 2, padded / 2);
        pad_row(encoder->strip.rows[2][row], encoder->width / 2, padded / 2);
    }
}

static void encode(void *arg)
{
    struct vcam_jpeg_encoder *encoder = arg;
    struct jpeg_compress_struct *jpeg = &encoder->jpeg;
    unsigned v_factor = encoder->fourcc == VCAM_YUY2 ? 1 : 2;
    jpeg->image_width = encoder->width;
    jpeg->image_height = encoder->height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_YCbCr;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, encoder->quality, TRUE);
    jpeg->raw_data_in = TRUE;
    jpeg->restart_in_rows = encoder->restart_each_row ? 1 : 0;
    jpeg->comp_info[0].h_samp_factor = 2;
    jpeg->comp_info[0].v_samp_factor = v_factor;
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        fill_strip(encoder, jpeg->next_scanline, v_factor * DCTSIZE);
        jpeg_write_raw_data(jpeg, encoder->strip.planes, v_factor * DCTSIZE);
    }
    jpeg_finish_compress(jpeg);
}

int vcam_jpeg_encode(struct vcam_jpeg_encoder *encoder, uint32_t fourcc, const uint8_t *data,
                     unsigned width, unsigned height, int quality, bool restart_each_row,
                     const uint8_t **ret_jpeg, size_t *ret_size)
{
    if ((fourcc != VCAM_YUY2 && fourcc != VCAM_NV12 && fourcc != VCAM_I420) || width % 2 ||
        !width || !height || (fourcc != VCAM_YUY2 && height % 2))
        return -EINVAL;
    if (!strip_reserve(&encoder->strip, round_up(width, 16)))
        return -ENOMEM;
    encoder->fourcc = fourcc;
    encoder->data = data;
    encoder->width = width;
    encoder->height = height;
    encoder->quality = quality;
    encoder->restart_each_row = restart_each_row;
    int r = guarded(&encoder->guard, encode, encoder);
    if (r < 0) {
        jpeg_abort_compress(&encoder->jpeg);
        return r;
    }
    *ret_jpeg = encoder->out;
    *ret_size = encoder->size;
    return 0;
}

/* --- decoding --- */

struct vcam_jpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    struct guard guard;
    struct jpeg_progress_mgr progress;
    struct strip strip;
    /* The task at hand. */
    const uint8_t *data;
    size_t size;
    uint8_t *yuy2;
    unsigned width, height;
    struct vcam_jpeg_info info;
    bool grey, refused;
    uint8_t *row;
    vcam_jpeg_row_func on_row;
    void *user;
};

static void on_progress(j_common_ptr common)
{
    j_decompress_ptr jpeg = (j_decompress_ptr)common;
    if (jpeg->input_scan_number > MAX_SCANS)
        ERREXIT(jpeg, JERR_IMAGE_TOO_BIG);
}

static void decoder_create(void *arg)
{
    struct vcam_jpeg_decoder *decoder = arg;
    jpeg_create_decompress(&decoder->jpeg);
}

struct vcam_jpeg_decoder *vcam_jpeg_decoder_new(void)
{
    struct vcam_jpeg_decoder *decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return NULL;
    decoder->jpeg.err = guard_init(&decoder->guard);
    if (guarded(&decoder->guard, decoder_create, decoder) < 0) {
        free(decoder);
        return NULL;
    }
    decoder->progress.progress_monitor = on_progress;
    decoder->jpeg.progress = &decoder->progress;
    decoder->jpeg.mem->max_memory_to_use = MAX_MEMORY;
    return decoder;
}

void vcam_jpeg_decoder_free(struct vcam_jpeg_decoder *decoder)
{
    if (!decoder)
        return;
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder->strip.memory);
    free(decoder);
}

static void read_header(struct vcam_jpeg_decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg_mem_src(jpeg, decoder->data, decoder->size);
    jpeg_read_header(jpeg, TRUE);
    decoder->info.width = jpeg->image_width;
    decoder->info.height = jpeg->image_height;
    decoder->info.plain =
        jpeg->data_precision == 8 && !jpeg->progressive_mode && !jpeg->arith_code &&
        !jpeg_has_multiple_scans(jpeg) &&
        (jpeg->jpeg_color_space == JCS_YCbCr || jpeg->jpeg_color_space == JCS_GRAYSCALE);
}

static int run(struct vcam_jpeg_decoder *decoder, void (*body)(void *))
{
    int r = guarded(&decoder->guard, body, decoder);
    jpeg_abort_decompress(&decoder->jpeg);
    return r;
}

static void info_body(void *arg)
{
    read_header(arg);
}

int vcam_jpeg_info(const uint8_t *data, size_t size, struct vcam_jpeg_info *ret_info)
{
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    if (!decoder)
        return -ENOMEM;
    decoder->data = data;
    decoder->size = size;
    int r = run(decoder, info_body);
    if (r == 0)
        *ret_info = decoder->info;
    vcam_jpeg_decoder_free(decoder);
    return r;
}

/* The sample of a component that lies at (x, row) of the strip's full resolution. */
static inline uint8_t sample(const struct vcam_jpeg_decoder *decoder, unsigned plane, unsigned x,
                             unsigned row)
{
    const struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    const jpeg_component_info *component = &jpeg->comp_info[plane];
    return decoder->strip.rows[plane][row * component->v_samp_factor / jpeg->max_v_samp_factor]
                              [x * component->h_samp_factor / jpeg->max_h_samp_factor];
}

static void interleave_any(const struct vcam_jpeg_decoder *decoder, unsigned row, uint8_t *to)
{
    bool grey = decoder->jpeg.num_components == 1;
    for (unsigned x = 0; x < decoder->width; x += 2, to += 4) {
        to[0] = to_limited.luma[sample(decoder, 0, x, row)];
        to[1] = grey ? 128 : to_limited.chroma[sample(decoder, 1, x, row)];
        to[2] = to_limited.luma[sample(decoder, 0, x + 1, row)];
        to[3] = grey ? 128 : to_limited.chroma[sample(decoder, 2, x, row)];
    }
}

/* 4:2:2 and 4:2:0, which nearly all cameras send. */
static void interleave_half(const struct vcam_jpeg_decoder *decoder, unsigned row, uint8_t *to)
{
    const struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    unsigned chroma_row = row / (unsigned)jpeg->max_v_samp_factor;
    const uint8_t *luma = decoder->strip.rows[0][row], *u = decoder->strip.rows[1][chroma_row],
                  *v = decoder->strip.rows[2][chroma_row];
    for (unsigned i = 0; i < decoder->width / 2; i++, to += 4) {
        to[0] = to_limited.luma[luma[2 * i]];
        to[1] = to_limited.chroma[u[i]];
        to[2] = to_limited.luma[luma[2 * i + 1]];
        to[3] = to_limited.chroma[v[i]];
    }
}

static bool chroma_is_half(const struct jpeg_decompress_struct *jpeg)
{
    const jpeg_component_info *component = jpeg->comp_info;
    return jpeg->num_components == 3 && component[0].h_samp_factor == 2 &&
           component[0].v_samp_factor <= 2 && component[1].h_samp_factor == 1 &&
           component[2].h_samp_factor == 1 && component[1].v_samp_factor == 1 &&
           component[2].v_samp_factor == 1;
}

static void yuy2_body(void *arg)
{
    struct vcam_jpeg_decoder *decoder = arg;
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    read_header(decoder);
    if (!decoder->info.plain || decoder->info.width - decoder->width > 1 ||
        decoder->info.height - decoder->height > 1) {
        decoder->refused = true;
        return;
    }
    jpeg->raw_data_out = TRUE;
    jpeg_start_decompress(jpeg);
    /* A row of whole blocks, in the widest MCU there is. */
    if (!strip_reserve(&decoder->strip, round_up(jpeg->image_width, 4 * DCTSIZE)))
        ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    bool half = chroma_is_half(jpeg);
    unsigned rows = jpeg->max_v_samp_factor * DCTSIZE;
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned first = jpeg->output_scanline;
        jpeg_read_raw_data(jpeg, decoder->strip.planes, rows);
        for (unsigned row = 0; row < rows && first + row < decoder->height; row++) {
            uint8_t *to = decoder->yuy2 + (size_t)(first + row) * decoder->width * 2;
            if (half)
                interleave_half(decoder, row, to);
            else
                interleave_any(decoder, row, to);
        }
    }
    jpeg_finish_decompress(jpeg);
}

int vcam_jpeg_decode_yuy2(struct vcam_jpeg_decoder *decoder, const uint8_t *data, size_t size,
                          uint8_t *yuy2, unsigned width, unsigned height)
{
    decoder->data = data;
    decoder->size = size;
    decoder->yuy2 = yuy2;
    decoder->width = width;
    decoder->height = height;
    decoder->refused = false;
    int r = run(decoder, yuy2_body);
    if (r < 0)
        return r;
    return decoder->refused || decoder->guard.damaged ? -EBADMSG : 0;
}

static void rows_body(void *arg)
{
    struct vcam_jpeg_decoder *decoder = arg;
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    read_header(decoder);
    jpeg->out_color_space = decoder->grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(jpeg);
    decoder->row = jpeg->mem->alloc_small((j_common_ptr)jpeg, JPOOL_IMAGE,
                                          (size_t)jpeg->output_width * jpeg->output_components);
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned y = jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &decoder->row, 1);
        if (!decoder->on_row(decoder->user, y, decoder->row, jpeg->output_width))
            return;
    }
    jpeg_finish_decompress(jpeg);
}

int vcam_jpeg_decode_rows(const uint8_t *data, size_t size, bool grey, vcam_jpeg_row_func row,
                          void *user, unsigned *ret_warnings)
{
    struct vcam_jpeg_decoder *decoder = vcam_jpeg_decoder_new();
    if (!decoder)
        return -ENOMEM;
    decoder->data = data;
    decoder->size = size;
    decoder->grey = grey;
    decoder->on_row = row;
    decoder->user = user;
    int r = run(decoder, rows_body);
    if (r == 0 && ret_warnings)
        *ret_warnings = decoder->guard.warnings;
    vcam_jpeg_decoder_free(decoder);
    return r;
}

struct checked {
    unsigned width, height;
};

static bool check_row(void *user, unsigned y, const uint8_t *row, unsigned width)
{
    (void)row;
    *(struct checked *)user = (struct checked){width, y + 1};
    return true;
}

bool vcam_jpeg_check(const uint8_t *data, size_t size, unsigned *ret_width, unsigned *ret_height)
{
    struct vcam_jpeg_info info;
    struct checked checked = {0};
    unsigned warnings;
    if (vcam_jpeg_info(data, size, &info) < 0 || (uint64_t)info.width * info.height > MAX_CHECKED ||
        vcam_jpeg_decode_rows(data, size, false, check_row, &checked, &warnings) < 0 || warnings)
        return false;
    *ret_width = checked.width;
    *ret_height = checked.height;
    return true;
}

/* --- where a JPEG ends (ITU T.81, B.1.1) --- */

enum { RST0 = 0xd0, RST7 = 0xd7, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, TEM = 0x01 };

/* From inside entropy-coded data to the next marker that is not part of it; size where none is. */
static size_t skip_entropy(const uint8_t *data, size_t pos, size_t size)
{
    while (pos + 1 < size) {
        const uint8_t *found = memchr(data + pos, 0xff, size - pos - 1);
        if (!found)
            return size;
        pos = found - data;
        uint8_t next = data[pos + 1];
        if (next == 0xff)
            pos++;
        else if (next == 0x00 || (next >= RST0 && next <= RST7))
            pos += 2;
        else
            return pos;
    }
    return size;
}

int64_t vcam_jpeg_length(const uint8_t *data, size_t size)
{
    size_t pos = 2;
    while (pos + 1 < size) {
        if (data[pos] != 0xff || data[pos + 1] == SOI || data[pos + 1] == 0x00)
            return -1;
        uint8_t marker = data[pos + 1];
        if (marker == 0xff) { /* a fill byte */
            pos++;
            continue;
        }
        pos += 2;
        if (marker == EOI)
            return pos;
        if (marker == TEM || (marker >= RST0 && marker <= RST7))
            continue;
        if (pos + 2 > size)
            return 0;
        unsigned length = data[pos] << 8 | data[pos + 1];
        if (length < 2)
            return -1;
        pos += length;
        if (marker == SOS)
            pos = skip_entropy(data, pos, size);
    }
    return 0;
}
