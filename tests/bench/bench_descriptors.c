/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make bench-descriptors: what each verb of descriptors/ costs on whole camera configurations,
   beside the parsers of libusb and libuvc on the same bytes in the same run; no pass, no failure.
   usage: bench_descriptors [--json] */
#include <errno.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "descriptors/lint.h"
#include "tests/unit/descriptors_camera.h"
#include "tests/unit/mock_usb.h"
#include "tests/unit/other_readers.h"

#define ROUNDS   60
#define ROUND_NS 5000000

/* One input and all that the verbs need of it. */
typedef struct {
    const char *name;
    guint8 *bytes; /* the configuration */
    gsize size;
    guint8 *packed;
    struct desc_tree *tree, *derived;
    MockUsb *mock;
    guint n_findings;
    OtherReaders *others;
} Input;

/* ---- the verbs ---- */

static void run_pack(Input *input)
{
    if (desc_pack(desc_tree_root(input->tree), input->packed, input->size) != (ssize_t)input->size)
        abort();
}

static void run_derive(Input *input)
{
    if (desc_derive(input->derived) == -ENOMEM) /* a broken configuration's values may not fit */
        abort();
}

static void run_parse(Input *input)
{
    struct desc_tree *tree;
    if (desc_parse(input->bytes, input->size, DESC_CONTEXT_STANDARD, &tree) < 0)
        abort();
    desc_tree_free(tree);
}

static void run_libusb(Input *input)
{
    if (!other_readers_parse_libusb(input->others))
        abort();
}

static void run_libuvc(Input *input)
{
    if (!other_readers_parse_libuvc(input->others))
        abort();
}

static void count_finding(void *user, const struct desc_finding *finding)
{
    (void)finding;
    ++*(guint *)user;
}

static void run_lint(Input *input)
{
    guint findings = 0;
    desc_lint(desc_tree_root(input->tree), NULL, count_finding, &findings);
    if (input->n_findings && input->n_findings != findings)
        abort();
    input->n_findings = findings;
}

typedef struct {
    const char *name;
    void (*run)(Input *input);
} Verb;

static const Verb verbs[] = {
    {"parse", run_parse},   {"pack", run_pack},     {"lint", run_lint},
    {"derive", run_derive}, {"libusb", run_libusb}, {"libuvc", run_libuvc},
};

/* ---- the inputs ---- */

static const guint8 device_bytes[] = {18,   1,    0x00, 0x02, 0xef, 2, 1, 64, 0xf4,
                                      0x46, 0x02, 0x00, 0x00, 0x01, 0, 0, 0,  1};

/* 50 bytes */
static void add_frame(struct desc_tree *tree, struct uvc_vs_format_uncompressed *format,
                      guint8 index)
{
    struct uvc_vs_frame_uncompressed *frame = DESC_ADD(tree, format, uvc_vs_frame_uncompressed);
    frame->bFrameIndex = index;
    frame->wWidth = (guint16)(index * 96);
    frame->wHeight = (guint16)(index * 54);
    frame->dwMaxVideoFrameBufferSize = frame->wWidth * frame->wHeight * 2u;
    frame->dwMinBitRate = frame->dwMaxVideoFrameBufferSize * 8 * 5;
    frame->dwMaxBitRate = frame->dwMaxVideoFrameBufferSize * 8 * 30;
    frame->dwDefaultFrameInterval = 333333;
    guint32 *interval = DESC_VARS(tree, frame, dwFrameInterval, 6);
    for (guint32 i = 0; i < 6; i++)
        interval[i] = 333333 * (i + 1);
}

/* Frames in formats of 20, with a colour matching descriptor each. */
static void add_modes(struct desc_tree *tree, struct uvc_vs_input_header *header, guint n_frames)
{
    struct uvc_vs_format_uncompressed *format = NULL;
    guint8 n_formats = 0;

    for (guint i = 0; i < n_frames; i++) {
        if (i % 20 == 0)
            format = camera_yuy2(tree, header, ++n_formats);
        add_frame(tree, format, (guint8)(1 + i % 20));
        if (i % 20 == 19 || i + 1 == n_frames)
            DESC_ADD(tree, format, uvc_vs_color_matching)->bColorPrimaries = 1;
    }
}

/* Alternate settings as the isochronous cameras have them that are sold. */
static void add_streaming(struct desc_tree *tree, struct vcam_config_descriptor *config,
                          guint n_frames)
{
    static const guint16 packets[] = {0,      0x0080, 0x0200, 0x0400, 0x0b00, 0x0c00,
                                      0x0c80, 0x1300, 0x1380, 0x13fc, 0x1400};
    add_modes(tree, camera_alternates(tree, config, packets, G_N_ELEMENTS(packets)), n_frames);
}

static guint8 *make_camera(guint n_frames, gsize *ret_size)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    struct vcam_config_descriptor *config = DESC_ADD(tree, NULL, vcam_config_descriptor);
    config->bConfigurationValue = 1;
    config->bmAttributes = 0x80;
    config->bMaxPower = 250;
    struct usb_interface_association *function = DESC_ADD(tree, config, usb_interface_association);
    function->bInterfaceCount = 2;
    function->bFunctionClass = CC_VIDEO;
    function->bFunctionSubClass = SC_VIDEO_INTERFACE_COLLECTION;
    camera_control(tree, config);
    add_streaming(tree, config, n_frames);

    static guint8 buffer[UINT16_MAX];
    int r = desc_derive(tree);
    ssize_t length = desc_pack(config, buffer, sizeof(buffer));
    if (r < 0 || length < 0) {
        printf("a camera of %u frames: %s\n", n_frames, strerror(r < 0 ? -r : (int)-length));
        exit(1);
    }
    desc_tree_free(tree);
    *ret_size = (gsize)length;
    return g_memdup2(buffer, (gsize)length);
}

static void input_begin(Input *input)
{
    g_autoptr(GByteArray) both = g_byte_array_new();
    g_byte_array_append(both, device_bytes, sizeof(device_bytes));
    g_byte_array_append(both, input->bytes, (guint)input->size);
    input->packed = g_malloc(input->size);
    input->mock = mock_usb_new(both->data, both->len);
    const char *why = "not parsed";
    if (desc_parse(input->bytes, input->size, DESC_CONTEXT_STANDARD, &input->tree) == 0 &&
        desc_parse(input->bytes, input->size, DESC_CONTEXT_STANDARD, &input->derived) == 0)
        input->others = other_readers_new(&why);
    if (!input->others) {
        printf("%s: %s\n", input->name, why);
        exit(1);
    }
}

static void input_end(Input *input)
{
    other_readers_free(input->others);
    mock_usb_free(input->mock);
    desc_tree_free(input->tree);
    desc_tree_free(input->derived);
    g_free(input->packed);
    g_free(input->bytes);
}

/* ---- measuring ---- */

static gint64 cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * G_GINT64_CONSTANT(1000000000) + now.tv_nsec;
}

static double measure_round(const Verb *verb, Input *input)
{
    gint64 begun = cpu_ns(), ended = begun;
    guint runs = 0;
    for (guint batch = 1; ended - begun < ROUND_NS; batch *= 2) {
        for (guint i = 0; i < batch; i++)
            verb->run(input);
        runs += batch;
        ended = cpu_ns();
    }
    return (double)(ended - begun) / runs;
}

/* Least nanoseconds of a run in many short rounds, the verbs taking turns: what else runs on the
   machine then disturbs some rounds of each. */
static void measure(Input *input, double ret_ns[G_N_ELEMENTS(verbs)])
{
    for (guint round = 0; round < ROUNDS; round++)
        for (guint v = 0; v < G_N_ELEMENTS(verbs); v++) {
            double ns = measure_round(&verbs[v], input);
            ret_ns[v] = round ? MIN(ret_ns[v], ns) : ns;
        }
}

static void print_rows(const Input *input, const double *ns)
{
    printf("%s, %zu bytes\n", input->name, input->size);
    for (guint v = 0; v < G_N_ELEMENTS(verbs); v++)
        printf("  %-8s %10.0f /s  %8.2f us  %6.2f us/kB  %6.2f x parse\n", verbs[v].name,
               1e9 / ns[v], ns[v] / 1e3, ns[v] / (double)input->size, ns[v] / ns[0]);
    fflush(stdout);
}

static void build_number(JsonBuilder *json, const char *name, double value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_double_value(json, value);
}

static void build_rows(JsonBuilder *json, const Input *input, const double *ns)
{
    for (guint v = 0; v < G_N_ELEMENTS(verbs); v++) {
        json_builder_begin_object(json);
        json_builder_set_member_name(json, "input");
        json_builder_add_string_value(json, input->name);
        json_builder_set_member_name(json, "verb");
        json_builder_add_string_value(json, verbs[v].name);
        build_number(json, "bytes", (double)input->size);
        build_number(json, "per_second", 1e9 / ns[v]);
        build_number(json, "us_per_kb", ns[v] / (double)input->size);
        build_number(json, "times_parse", ns[v] / ns[0]);
        json_builder_end_object(json);
    }
}

static void bench(Input input, JsonBuilder *json)
{
    double ns[G_N_ELEMENTS(verbs)];
    input_begin(&input);
    measure(&input, ns);
    if (json)
        build_rows(json, &input, ns);
    else
        print_rows(&input, ns);
    input_end(&input);
}

static void bench_all(JsonBuilder *json)
{
    static const struct {
        const char *name;
        guint n_frames;
    } made[] = {{"a camera", 42},
                {"a camera of 1 kB", 13},
                {"a camera of 16 kB", 306},
                {"a camera of 64 kB", 1240}};
    static const char real[] = "../shared/vectors/logitech_c270.config.bin";
    Input input = {.name = "a webcam that is sold"};

    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        Input camera = {.name = made[i].name};
        camera.bytes = make_camera(made[i].n_frames, &camera.size);
        bench(camera, json);
    }
    if (g_file_get_contents(real, (char **)&input.bytes, &input.size, NULL))
        bench(input, json);
}

int main(int argc, char **argv)
{
    static char ignored[1 << 16];
    bool as_json = argc > 1 && strcmp(argv[1], "--json") == 0;

    if (!mock_usb_init(argv) || !freopen("/dev/null", "w", stderr))
        return 77;
    setvbuf(stderr, ignored, _IOFBF, sizeof(ignored));
    g_autoptr(JsonBuilder) json = as_json ? json_builder_new() : NULL;
    if (json)
        json_builder_begin_array(json);
    bench_all(json);
    if (!json)
        puts("libusb reads interfaces and endpoints, and copies what is between them unread: the "
             "more formats,\nthe further it is ahead of what reads them too.");
    if (json) {
        json_builder_end_array(json);
        g_autoptr(JsonNode) root = json_builder_get_root(json);
        g_autofree char *text = json_to_string(root, TRUE);
        puts(text);
    }
    return 0;
}
