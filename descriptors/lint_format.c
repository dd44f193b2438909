/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One format: its own fields, and the descriptors that come after its frames. */
#include "descriptors/lint_priv.h"
#include "descriptors/names.h"

/* ---- Index ---- */

static uint8_t formats_of(const struct desc_node *header)
{
    const struct uvc_vs_input_header *in = DESC_CAST(uvc_vs_input_header, header);
    const struct uvc_vs_output_header *out = DESC_CAST(uvc_vs_output_header, header);
    return in ? in->bNumFormats : out ? out->bNumFormats : 255;
}

static void check_index(struct lint *l, const struct desc_node *node)
{
    /* The same row in all formats. */
    size_t member = offsetof(struct uvc_vs_format_mjpeg, bFormatIndex);
    uint8_t index = ((const struct uvc_vs_format_mjpeg *)node)->bFormatIndex;
    uint8_t last = formats_of(node->parent);
    unsigned place = ++l->n_formats;

    if (!index)
        return; /* K12a */
    if (lint_set_add(&l->formats, index))
        lint_report(l, LINT_FMT1, node, member, 0, FOUND(index));
    else if (index > last)
        lint_report(l, LINT_K12c, node, member, 0, AT_MOST(index, last));
    else if (index != place && node->parent->type->group == DESC_GROUP_VS_HEADER)
        lint_report(l, LINT_FMT2, node, member, 0, EQUAL(index, place));
}

/* ---- GUID ---- */

static bool is_compressed(const struct desc_guid_name *guid)
{
    static const char *const names[] = {"MJPG", "H264", "H265", "HEVC", "VP80"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(guid->name, names[i]) == 0)
            return true;
    return false;
}

static void check_uncompressed(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_uncompressed *f = (const struct uvc_vs_format_uncompressed *)node;
    const struct desc_guid_name *guid = desc_guid_find(f->guidFormat);

    if (!guid)
        REPORT(l, L9, f, guidFormat, NOTHING);
    else if (is_compressed(guid))
        REPORT(l, FMT8, f, guidFormat, NOTHING);
    else if (guid->bits_per_pixel && guid->bits_per_pixel != f->bBitsPerPixel)
        REPORT(l, FMT4, f, bBitsPerPixel, EQUAL(f->bBitsPerPixel, guid->bits_per_pixel));
}

static void check_frame_based(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_frame_based *f = (const struct uvc_vs_format_frame_based *)node;
    const struct desc_guid_name *guid = desc_guid_find(f->guidFormat);
    uint16_t version = lint_version(l, node);

    if (version && version < 0x0110)
        REPORT_NODE(l, VER2, node, NOTHING);
    if (!guid)
        REPORT(l, L9, f, guidFormat, NOTHING);
    else if (!is_compressed(guid))
        REPORT(l, FMT9, f, guidFormat, NOTHING);
}

/* ---- Aspect and interlacing ---- */

/* The three kinds of format that have these four fields, whose places differ. */
#define CHECK_PICTURE(l, f)                                                                        \
    do {                                                                                           \
        if (!(f)->bAspectRatioX != !(f)->bAspectRatioY)                                            \
            REPORT(l, FMT5, f, bAspectRatioX, FOUND((f)->bAspectRatioX));                          \
        if (((f)->bmInterlaceFlags & 0x36) && !((f)->bmInterlaceFlags & 1))                        \
            REPORT(l, FMT6, f, bmInterlaceFlags,                                                   \
                   VALUES(TEXT, (f)->bmInterlaceFlags, .text = "bit 0 set"));                      \
    } while (0)

static void check_picture(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_uncompressed *raw = DESC_CAST(uvc_vs_format_uncompressed, node);
    const struct uvc_vs_format_mjpeg *mjpeg = DESC_CAST(uvc_vs_format_mjpeg, node);
    const struct uvc_vs_format_frame_based *based = DESC_CAST(uvc_vs_format_frame_based, node);

    if (raw)
        CHECK_PICTURE(l, raw);
    if (mjpeg)
        CHECK_PICTURE(l, mjpeg);
    if (based)
        CHECK_PICTURE(l, based);
}

/* ---- The other kinds ---- */

static void check_mpeg2ts(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_mpeg2ts *f = (const struct uvc_vs_format_mpeg2ts *)node;
    uint16_t version = lint_version(l, node);
    unsigned least = f->bDataOffset + f->bPacketLength, length = f->bPacketLength;

    if (HAS(f, guidStrideFormat) && version && version < 0x0110)
        REPORT(l, VER8, f, guidStrideFormat, NOTHING);
    if (!HAS(f, bStrideLength))
        return; /* L3g */
    if (length != 188 && length != 192 && length != 204)
        REPORT(l, FMT10, f, bPacketLength, TEXT(length, "188, 192 or 204"));
    if (f->bStrideLength < least)
        REPORT(l, FMT11, f, bStrideLength, AT_LEAST(f->bStrideLength, least));
}

static void check_dv(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_dv *f = (const struct uvc_vs_format_dv *)node;
    if ((f->bFormatType & 0x7f) > 2)
        REPORT(l, FMT12, f, bFormatType, FOUND(f->bFormatType));
    if (!f->dwMaxVideoFrameBufferSize)
        REPORT(l, FMT13, f, dwMaxVideoFrameBufferSize, AT_LEAST(0, 1));
}

static void check_stream_based(struct lint *l, const struct desc_node *node)
{
    static const uint8_t none[16];
    const struct uvc_vs_format_stream_based *f = (const struct uvc_vs_format_stream_based *)node;
    uint16_t version = lint_version(l, node);

    if (version && version < 0x0110)
        REPORT_NODE(l, VER6, node, NOTHING);
    if (memcmp(f->guidFormat, none, sizeof(none)) == 0)
        REPORT(l, FMT14, f, guidFormat, NOTHING);
}

static void check_version_15(struct lint *l, const struct desc_node *node)
{
    uint16_t version = lint_version(l, node);
    if (version && version < 0x0150)
        REPORT_NODE(l, VER3, node, NOTHING);
}

/* Both kinds of H.264 have the same fields. */
static void check_h264(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_h264 *f = (const struct uvc_vs_format_h264 *)node;
    check_version_15(l, node);
    if (!f->bmSupportedRateControlModes)
        REPORT(l, FMT15, f, bmSupportedRateControlModes, FOUND(0));
    if (f->Reserved1)
        REPORT(l, FMT16, f, Reserved1, EQUAL(f->Reserved1, 0));
    if (!f->bMaxCodecConfigDelay)
        REPORT(l, FMT17, f, bMaxCodecConfigDelay, AT_LEAST(0, 1));
}

/* And both of VP8. */
static void check_vp8(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_format_vp8 *f = (const struct uvc_vs_format_vp8 *)node;
    check_version_15(l, node);
    if (!f->bmSupportedRateControlModes)
        REPORT(l, FMT15, f, bmSupportedRateControlModes, FOUND(0));
    if (!f->bMaxCodecConfigDelay)
        REPORT(l, FMT17, f, bMaxCodecConfigDelay, AT_LEAST(0, 1));
}

static const lint_check checks[DESC_KIND_COUNT] = {
    [DESC_KIND_uvc_vs_format_uncompressed] = check_uncompressed,
    [DESC_KIND_uvc_vs_format_frame_based] = check_frame_based,
    [DESC_KIND_uvc_vs_format_mpeg2ts] = check_mpeg2ts,
    [DESC_KIND_uvc_vs_format_dv] = check_dv,
    [DESC_KIND_uvc_vs_format_stream_based] = check_stream_based,
    [DESC_KIND_uvc_vs_format_h264] = check_h264,
    [DESC_KIND_uvc_vs_format_h264_simulcast] = check_h264,
    [DESC_KIND_uvc_vs_format_vp8] = check_vp8,
    [DESC_KIND_uvc_vs_format_vp8_simulcast] = check_vp8,
};

/* ---- Color matching ---- */

static void check_colors(struct lint *l, const struct uvc_vs_color_matching *c)
{
    const struct desc_node *next = c->node.next;

    if (!desc_name_of(desc_names_color_primaries, c->bColorPrimaries))
        REPORT(l, COL3, c, bColorPrimaries, FOUND(c->bColorPrimaries));
    if (!desc_name_of(desc_names_transfer_characteristics, c->bTransferCharacteristics))
        REPORT(l, COL3, c, bTransferCharacteristics, FOUND(c->bTransferCharacteristics));
    if (!desc_name_of(desc_names_matrix_coefficients, c->bMatrixCoefficients))
        REPORT(l, COL3, c, bMatrixCoefficients, FOUND(c->bMatrixCoefficients));
    if (next && (next->type->group == DESC_GROUP_VS_FRAME ||
                 next->type->kind == DESC_KIND_uvc_vs_still_image_frame))
        REPORT_NODE(l, COL4, &c->node, NOTHING);
}

static void check_color_matching(struct lint *l, const struct desc_node *format)
{
    bool wants = format->type->kind == DESC_KIND_uvc_vs_format_uncompressed ||
                 format->type->kind == DESC_KIND_uvc_vs_format_mjpeg ||
                 format->type->kind == DESC_KIND_uvc_vs_format_frame_based;
    unsigned n = 0;

    for (const struct desc_node *child = format->first; child; child = child->next) {
        if (child->type->kind != DESC_KIND_uvc_vs_color_matching)
            continue;
        if (n++ == 1)
            REPORT_NODE(l, COL1, child, NOTHING);
        check_colors(l, (const struct uvc_vs_color_matching *)child);
    }
    if (n == 0 && wants)
        REPORT_NODE(l, COL2, format, NOTHING);
}

void lint_format(struct lint *l, const struct desc_node *node)
{
    /* K2, L3g. The last rows may be those of a later version. */
    bool whole = node->present == node->type->n_wire || node->type->rows[node->present].since != 0;

    if (node->present > 3)
        check_index(l, node);
    if (whole && checks[node->type->kind])
        checks[node->type->kind](l, node);
    if (whole)
        check_picture(l, node);
    check_color_matching(l, node);
    lint_frames(l, node);
}
