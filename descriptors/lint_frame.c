/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames and still images of a format: numbers, sizes, intervals, and the arithmetic between
   them. The kinds of frame have the same fields in different places, so a table says where. */
#include "descriptors/lint_priv.h"

/* Offsets of members; 0: the kind has none. */
struct layout {
    enum desc_kind kind;
    uint16_t wWidth, wHeight, dwMinBitRate, dwMaxBitRate, dwMaxVideoFrameBufferSize,
        dwDefaultFrameInterval, count, dwFrameInterval, n_dwFrameInterval;
};

#define LAYOUT(tag, buffer_size, count_)                                                           \
    {                                                                                              \
        DESC_KIND_##tag, offsetof(struct tag, wWidth), offsetof(struct tag, wHeight),              \
            offsetof(struct tag, dwMinBitRate), offsetof(struct tag, dwMaxBitRate), buffer_size,   \
            offsetof(struct tag, dwDefaultFrameInterval), offsetof(struct tag, count_),            \
            offsetof(struct tag, dwFrameInterval), offsetof(struct tag, n_dwFrameInterval)         \
    }
#define BUFFER(tag) offsetof(struct tag, dwMaxVideoFrameBufferSize)

static const struct layout layouts[] = {
    LAYOUT(uvc_vs_frame_uncompressed, BUFFER(uvc_vs_frame_uncompressed), bFrameIntervalType),
    LAYOUT(uvc_vs_frame_mjpeg, BUFFER(uvc_vs_frame_mjpeg), bFrameIntervalType),
    LAYOUT(uvc_vs_frame_frame_based, 0, bFrameIntervalType),
    LAYOUT(uvc_vs_frame_h264, 0, bNumFrameIntervals),
    LAYOUT(uvc_vs_frame_vp8, 0, bNumFrameIntervals),
};

/* What a frame says, wherever it says it. */
struct frame {
    const struct desc_node *node;
    const struct layout *layout;
    uint16_t wWidth, wHeight;
    uint32_t dwMinBitRate, dwMaxBitRate, dwMaxVideoFrameBufferSize, dwDefaultFrameInterval;
    const uint32_t *intervals;
    uint32_t n;
    bool continuous;            /* intervals: shortest, longest, step */
    uint32_t shortest, longest; /* indices of intervals, wherever these stand (W2, FRAME5) */
};

#define REPORT_FRAME(l, rule, frame, field, index, values)                                         \
    lint_report(l, LINT_##rule, (frame)->node, (frame)->layout->field, index, values)

static uint16_t get_16(const struct desc_node *node, uint16_t offset)
{
    return *(const uint16_t *)desc_at(node, offset);
}

static uint32_t get_32(const struct desc_node *node, uint16_t offset)
{
    return offset ? *(const uint32_t *)desc_at(node, offset) : 0;
}

static void find_ends(struct frame *f)
{
    uint32_t n = f->continuous && f->n > 2 ? 2 : f->n;
    for (uint32_t i = 1; i < n; i++) {
        f->shortest = f->intervals[i] < f->intervals[f->shortest] ? i : f->shortest;
        f->longest = f->intervals[i] > f->intervals[f->longest] ? i : f->longest;
    }
}

static struct frame frame_of(const struct desc_node *node)
{
    const struct layout *at = layouts;
    while (at->kind != node->type->kind)
        at++;
    bool zero_is_continuous = node->type->kind != DESC_KIND_uvc_vs_frame_h264 &&
                              node->type->kind != DESC_KIND_uvc_vs_frame_vp8;
    struct frame f = {
        .node = node,
        .layout = at,
        .wWidth = get_16(node, at->wWidth),
        .wHeight = get_16(node, at->wHeight),
        .dwMinBitRate = get_32(node, at->dwMinBitRate),
        .dwMaxBitRate = get_32(node, at->dwMaxBitRate),
        .dwMaxVideoFrameBufferSize = get_32(node, at->dwMaxVideoFrameBufferSize),
        .dwDefaultFrameInterval = get_32(node, at->dwDefaultFrameInterval),
        .intervals = *(uint32_t *const *)desc_at(node, at->dwFrameInterval),
        .n = get_32(node, at->n_dwFrameInterval),
        .continuous = zero_is_continuous && *(const uint8_t *)desc_at(node, at->count) == 0,
    };
    find_ends(&f);
    return f;
}

/* ---- Intervals ---- */

/* 1 ms to 1 minute, in 100 ns. */
#define SHORTEST 10000
#define LONGEST  600000000

static void check_interval(struct lint *l, const struct frame *f, uint32_t i)
{
    uint32_t interval = f->intervals[i];
    if (!interval)
        REPORT_FRAME(l, K9a, f, dwFrameInterval, i, AT_LEAST(0, 1));
    else if (interval < SHORTEST || interval > LONGEST)
        REPORT_FRAME(l, FRAME14, f, dwFrameInterval, i, RANGE(interval, SHORTEST, LONGEST));
}

static void check_discrete(struct lint *l, const struct frame *f)
{
    bool has_default = f->n == 0;

    for (uint32_t i = 0; i < f->n; i++) {
        uint32_t interval = f->intervals[i], before = i ? f->intervals[i - 1] : 0;
        check_interval(l, f, i);
        has_default |= interval == f->dwDefaultFrameInterval;
        if (i && interval < before)
            REPORT_FRAME(l, W2, f, dwFrameInterval, i, AT_LEAST(interval, before));
        else if (i && interval && interval == before)
            REPORT_FRAME(l, FRAME15, f, dwFrameInterval, i, FOUND(interval));
    }
    if (!has_default)
        REPORT_FRAME(l, FRAME4, f, dwDefaultFrameInterval, 0,
                     TEXT(f->dwDefaultFrameInterval, "one of the frame's"));
}

static void check_continuous(struct lint *l, const struct frame *f)
{
    if (f->n < 3)
        return; /* K8 */
    uint32_t shortest = f->intervals[0], longest = f->intervals[1], step = f->intervals[2];

    check_interval(l, f, 0);
    check_interval(l, f, 1);
    if (shortest > longest)
        REPORT_FRAME(l, FRAME5, f, dwFrameInterval, 0, AT_MOST(shortest, longest));
    else if (shortest < longest && (!step || (longest - shortest) % step))
        REPORT_FRAME(l, FRAME6, f, dwFrameInterval, 2, FOUND(step));
    if (f->dwDefaultFrameInterval < shortest || f->dwDefaultFrameInterval > longest)
        REPORT_FRAME(l, FRAME4, f, dwDefaultFrameInterval, 0,
                     RANGE(f->dwDefaultFrameInterval, shortest, longest));
}

/* ---- Arithmetic ---- */

/* bytes each interval, as bits a second; as much as the field holds. */
static uint32_t bit_rate(uint64_t bytes, uint32_t interval)
{
    uint64_t rate = interval ? bytes * 8 * 10000000 / interval : UINT32_MAX;
    return rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
}

/* Within the rounding of frame rates. */
static bool is_near(uint64_t a, uint64_t b)
{
    uint64_t difference = a > b ? a - b : b - a;
    return difference <= (a > b ? a : b) / 64 + 8;
}

/* Bytes of one picture, 0 where that varies. */
static uint64_t picture_size(const struct frame *f)
{
    const struct uvc_vs_format_uncompressed *format =
        DESC_CAST(uvc_vs_format_uncompressed, f->node->parent);
    if (!format || f->node->type->kind != DESC_KIND_uvc_vs_frame_uncompressed)
        return 0;
    return (uint64_t)f->wWidth * f->wHeight * format->bBitsPerPixel / 8;
}

static void check_buffer_size(struct lint *l, const struct frame *f, uint64_t size)
{
    uint64_t pixels = (uint64_t)f->wWidth * f->wHeight, most = 64 * pixels + (1 << 20);
    uint32_t said = f->dwMaxVideoFrameBufferSize;

    if (!f->layout->dwMaxVideoFrameBufferSize)
        return;
    if (!said || said > most)
        REPORT_FRAME(l, K9b, f, dwMaxVideoFrameBufferSize, 0, RANGE(said, 1, most));
    else if (size && said != size)
        REPORT_FRAME(l, FRAME7, f, dwMaxVideoFrameBufferSize, 0, EQUAL(said, size));
}

static void check_bit_rates(struct lint *l, const struct frame *f, uint64_t size)
{
    uint32_t shortest = f->n ? f->intervals[f->shortest] : 0;
    uint32_t longest = shortest ? f->intervals[f->longest] : 0; /* 0: K9a, and no rate follows */
    bool mjpeg = f->node->type->kind == DESC_KIND_uvc_vs_frame_mjpeg;
    uint32_t most = bit_rate(f->dwMaxVideoFrameBufferSize, shortest);

    if (f->dwMinBitRate > f->dwMaxBitRate)
        REPORT_FRAME(l, FRAME8, f, dwMinBitRate, 0, AT_MOST(f->dwMinBitRate, f->dwMaxBitRate));
    else if (!size && f->n > 1 && f->dwMinBitRate == f->dwMaxBitRate)
        REPORT_FRAME(l, FRAME12, f, dwMinBitRate, 0, FOUND(f->dwMinBitRate));
    if (size && longest && !is_near(f->dwMinBitRate, bit_rate(size, longest)))
        REPORT_FRAME(l, FRAME9, f, dwMinBitRate, 0,
                     EQUAL(f->dwMinBitRate, bit_rate(size, longest)));
    if (size && shortest && !is_near(f->dwMaxBitRate, bit_rate(size, shortest)))
        REPORT_FRAME(l, FRAME10, f, dwMaxBitRate, 0,
                     EQUAL(f->dwMaxBitRate, bit_rate(size, shortest)));
    if (mjpeg && shortest && f->dwMaxVideoFrameBufferSize && f->dwMaxBitRate > most &&
        !is_near(f->dwMaxBitRate, most))
        REPORT_FRAME(l, FRAME21, f, dwMaxBitRate, 0, AT_MOST(f->dwMaxBitRate, most));
}

/* Against the largest alternate setting; microframes, or frames at full speed. */
static void check_bandwidth(struct lint *l, const struct frame *f, uint64_t size)
{
    const struct usb_interface *interface = lint_interface_above(f->node);
    enum desc_speed speed = l->configuration.speed;
    uint32_t shortest = f->n ? f->intervals[f->shortest] : 0;
    if (!size || !interface || !shortest || speed == DESC_SPEED_UNKNOWN)
        return;

    const struct lint_interface *i = lint_interface_of(l, interface);
    uint64_t have = (uint64_t)i->largest * (speed == DESC_SPEED_FULL ? 1000 : 8000);
    uint64_t need = size * 10000000 / shortest;
    if (i->n_iso && need > have)
        REPORT_FRAME(l, BW1, f, dwFrameInterval, f->shortest,
                     AT_LEAST(shortest, have ? size * 10000000 / have : UINT32_MAX));
}

/* ---- Fields of single kinds ---- */

static void check_capabilities(struct lint *l, const struct frame *f, uint8_t bmCapabilities)
{
    const struct uvc_vs_input_header *header =
        DESC_CAST(uvc_vs_input_header, f->node->parent->parent);
    size_t member = offsetof(struct uvc_vs_frame_uncompressed, bmCapabilities);
    if (header && (bmCapabilities & 1) && header->bStillCaptureMethod != 1)
        lint_report(l, LINT_FRAME17, f->node, member, 0, FOUND(bmCapabilities));
}

static void check_line(struct lint *l, const struct uvc_vs_frame_frame_based *frame)
{
    const struct uvc_vs_format_frame_based *format =
        DESC_CAST(uvc_vs_format_frame_based, frame->node.parent);
    if (format && !format->bVariableSize == !frame->dwBytesPerLine)
        REPORT(l, FRAME13, frame, dwBytesPerLine, FOUND(frame->dwBytesPerLine));
}

static void check_h264(struct lint *l, const struct uvc_vs_frame_h264 *frame)
{
    if (!frame->wSARwidth || !frame->wSARheight)
        REPORT(l, FRAME19, frame, wSARwidth, FOUND(frame->wSARwidth));
    if (!frame->wProfile)
        REPORT(l, FRAME20, frame, wProfile, FOUND(0));
    else if (!frame->bLevelIDC)
        REPORT(l, FRAME20, frame, bLevelIDC, FOUND(0));
}

static void check_kind(struct lint *l, const struct frame *f)
{
    const struct desc_node *node = f->node;
    switch (node->type->kind) {
    case DESC_KIND_uvc_vs_frame_uncompressed:
        check_capabilities(l, f, ((const struct uvc_vs_frame_uncompressed *)node)->bmCapabilities);
        break;
    case DESC_KIND_uvc_vs_frame_mjpeg:
        check_capabilities(l, f, ((const struct uvc_vs_frame_mjpeg *)node)->bmCapabilities);
        break;
    case DESC_KIND_uvc_vs_frame_frame_based:
        check_capabilities(l, f, ((const struct uvc_vs_frame_frame_based *)node)->bmCapabilities);
        check_line(l, (const struct uvc_vs_frame_frame_based *)node);
        break;
    case DESC_KIND_uvc_vs_frame_h264:
        check_h264(l, (const struct uvc_vs_frame_h264 *)node);
        break;
    default:
        break;
    }
    if (!f->continuous && !*(const uint8_t *)desc_at(node, f->layout->count))
        REPORT_FRAME(l, FRAME18, f, count, 0, AT_LEAST(0, 1));
}

/* ---- All frames of a format ---- */

/* The sizes of a format's frames; more than 255 frames cannot be numbered, and are not kept. */
struct sizes {
    uint32_t slots[512]; /* wWidth << 16 | wHeight; 0: free */
    unsigned n;
};

static uint32_t *slot_of(struct sizes *sizes, uint32_t key)
{
    uint32_t at = key * 2654435761u >> 23;
    while (sizes->slots[at] && sizes->slots[at] != key)
        at = (at + 1) & 511;
    return &sizes->slots[at];
}

/* Was it there already? */
static bool add_size(struct sizes *sizes, const struct frame *f)
{
    uint32_t key = (uint32_t)f->wWidth << 16 | f->wHeight, *slot = slot_of(sizes, key);
    if (key && *slot == key)
        return true;
    if (key && sizes->n < 255) {
        *slot = key;
        sizes->n++;
    }
    return false;
}

static void check_size(struct lint *l, const struct frame *f, struct sizes *sizes)
{
    bool seen = add_size(sizes, f);
    /* One size with several profiles or usages is several frames in UVC 1.5. */
    bool may_repeat = f->node->type->kind == DESC_KIND_uvc_vs_frame_h264 ||
                      f->node->type->kind == DESC_KIND_uvc_vs_frame_vp8;

    if (seen && !may_repeat)
        REPORT_FRAME(l, FRAME11, f, wWidth, 0, FOUND(f->wWidth));
    if (f->wWidth & 1)
        REPORT_FRAME(l, A2a, f, wWidth, 0, FOUND(f->wWidth));
    else if (f->wWidth % 32)
        REPORT_FRAME(l, A2b, f, wWidth, 0, FOUND(f->wWidth));
    if (f->wHeight & 1)
        REPORT_FRAME(l, A2a, f, wHeight, 0, FOUND(f->wHeight));
}

static void check_frame(struct lint *l, const struct desc_node *node, struct sizes *sizes)
{
    const struct frame f = frame_of(node);
    if (!lint_has(node, f.layout->wHeight))
        return; /* L3f */
    uint64_t size = picture_size(&f);

    check_size(l, &f, sizes);
    if (!lint_has(node, f.layout->count))
        return; /* L3f */
    if (f.continuous)
        check_continuous(l, &f);
    else
        check_discrete(l, &f);
    check_buffer_size(l, &f, size);
    check_bit_rates(l, &f, size);
    check_bandwidth(l, &f, size);
    check_kind(l, &f);
}

/* ---- Numbers ---- */

struct family {
    enum desc_kind format, frame;
    uint16_t frames, bNumFrameDescriptors, bDefaultFrameIndex;
};

#define FAMILY(tag, frame_tag)                                                                     \
    {                                                                                              \
        DESC_KIND_##tag, DESC_KIND_##frame_tag, offsetof(struct tag, arrFrameDescs),               \
            offsetof(struct tag, bNumFrameDescriptors), offsetof(struct tag, bDefaultFrameIndex)   \
    }

static const struct family families[] = {
    FAMILY(uvc_vs_format_uncompressed, uvc_vs_frame_uncompressed),
    FAMILY(uvc_vs_format_mjpeg, uvc_vs_frame_mjpeg),
    FAMILY(uvc_vs_format_frame_based, uvc_vs_frame_frame_based),
    FAMILY(uvc_vs_format_h264, uvc_vs_frame_h264),
    FAMILY(uvc_vs_format_h264_simulcast, uvc_vs_frame_h264),
    FAMILY(uvc_vs_format_vp8, uvc_vs_frame_vp8),
    FAMILY(uvc_vs_format_vp8_simulcast, uvc_vs_frame_vp8),
};

static void check_index(struct lint *l, const struct desc_node *node, struct lint_set *seen,
                        unsigned place, uint8_t last)
{
    /* The same row in all frames. */
    size_t member = offsetof(struct uvc_vs_frame_mjpeg, bFrameIndex);
    uint8_t index = ((const struct uvc_vs_frame_mjpeg *)node)->bFrameIndex;

    if (!index)
        return; /* K12b */
    if (lint_set_add(seen, index))
        lint_report(l, LINT_FRAME2, node, member, 0, FOUND(index));
    else if (index > last)
        lint_report(l, LINT_K12d, node, member, 0, AT_MOST(index, last));
    else if (index != place)
        lint_report(l, LINT_FRAME3, node, member, 0, EQUAL(index, place));
}

static void check_family(struct lint *l, const struct desc_node *format,
                         const struct family *family, struct sizes *sizes)
{
    const struct desc_list *frames = desc_at(format, family->frames);
    uint8_t last = *(const uint8_t *)desc_at(format, family->bNumFrameDescriptors);
    uint8_t chosen = *(const uint8_t *)desc_at(format, family->bDefaultFrameIndex);
    struct lint_set seen = {0};
    unsigned place = 0;

    DESC_FOREACH(frame, *frames)
    {
        if (frame->type->kind != family->frame)
            REPORT_NODE(l, FRAME16, frame, NOTHING);
        if (frame->present > 3)
            check_index(l, frame, &seen, ++place, last);
        check_frame(l, frame, sizes);
    }
    if (!frames->first)
        REPORT_NODE(l, FMT7, format, NOTHING);
    else if (lint_has(format, family->bDefaultFrameIndex) && !lint_set_has(&seen, chosen))
        lint_report(l, LINT_FMT3, format, family->bDefaultFrameIndex, 0, FOUND(chosen));
}

/* ---- Still images ---- */

static void check_still_endpoint(struct lint *l, const struct uvc_vs_still_image_frame *s,
                                 uint8_t method)
{
    const struct usb_interface *interface = lint_interface_above(&s->node);
    uint8_t address = s->bEndpointAddress;

    if (method == 2 && address)
        REPORT(l, STILL4, s, bEndpointAddress, EQUAL(address, 0));
    if (method == 3 && interface &&
        !lint_set_has(&lint_interface_of(l, interface)->bulk_in, address))
        REPORT(l, STILL4, s, bEndpointAddress, TEXT(address, "a bulk IN endpoint"));
}

static void check_still_sizes(struct lint *l, const struct uvc_vs_still_image_frame *s,
                              struct sizes *sizes)
{
    if (!s->bNumImageSizePatterns)
        REPORT(l, STILL7, s, bNumImageSizePatterns, AT_LEAST(0, 1));
    for (uint32_t i = 0; i + 1 < s->n_wWidthHeight; i += 2) {
        uint16_t width = s->wWidthHeight[i], height = s->wWidthHeight[i + 1];
        uint32_t key = (uint32_t)width << 16 | height;
        if (!width || !height)
            REPORT_AT(l, STILL3, s, wWidthHeight, width ? i + 1 : i, AT_LEAST(0, 1));
        else if (sizes->n && *slot_of(sizes, key) != key)
            REPORT_AT(l, STILL5, s, wWidthHeight, i, FOUND(width));
    }
}

static void check_stills(struct lint *l, const struct desc_node *format, struct sizes *sizes)
{
    const struct uvc_vs_input_header *header = DESC_CAST(uvc_vs_input_header, format->parent);
    uint8_t method = header ? header->bStillCaptureMethod : 2;
    unsigned n = 0;

    for (const struct desc_node *child = format->first; child; child = child->next) {
        const struct uvc_vs_still_image_frame *s = DESC_CAST(uvc_vs_still_image_frame, child);
        if (!s)
            continue;
        if (n++ == 1)
            REPORT_NODE(l, STILL6, child, NOTHING);
        if (!HAS(s, bNumImageSizePatterns))
            continue; /* LEN4 */
        if (method != 2 && method != 3)
            REPORT_NODE(l, STILL2, child, FOUND(method));
        check_still_endpoint(l, s, method);
        check_still_sizes(l, s, sizes);
    }
}

/* Frames after a format that has none, as DV, are looked at all the same. */
static void check_stray_frames(struct lint *l, const struct desc_node *format, struct sizes *sizes)
{
    for (const struct desc_node *child = format->first; child; child = child->next) {
        if (child->type->group != DESC_GROUP_VS_FRAME)
            continue;
        REPORT_NODE(l, FMT18, child, NOTHING);
        check_frame(l, child, sizes);
    }
}

void lint_frames(struct lint *l, const struct desc_node *format)
{
    struct sizes sizes = {0};
    const struct family *family = families, *end = families + sizeof(families) / sizeof(*families);

    if (!format->first && format->type->n_rows - format->type->n_wire == 1)
        return;
    while (family < end && family->format != format->type->kind)
        family++;
    if (family < end)
        check_family(l, format, family, &sizes);
    else
        check_stray_frames(l, format, &sizes);
    check_stills(l, format, &sizes);
}
