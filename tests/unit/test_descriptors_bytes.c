/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties that hold for any bytes: they come back from the tree exactly, nodes tile the input,
   and no verb minds what it is given. Random, mutated and real cameras' bytes. */
#include <errno.h>
#include <glib.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "descriptors/json.h"
#include "descriptors/mutate.h"
#include "descriptors_camera.h"

static uint64_t random_state;

/* splitmix64: the numbers that follow from one seed have nothing to do with those of the next. */
static uint32_t any(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 16);
}

static uint32_t below(uint32_t n)
{
    return any() % n;
}

static unsigned depth_of(const struct desc_node *node)
{
    unsigned depth = 0;
    while ((node = node->parent))
        depth++;
    return depth;
}

/* Nodes follow each other in stream order without a gap; lists and counts agree with the children.
 */
static void check_tiling(struct desc_tree *tree, size_t len)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    size_t offset = 0;

    for (struct desc_node *node = root; node; node = desc_next(node, root)) {
        size_t children = 0, listed = 0;
        g_assert_cmpuint(node->offset, ==, offset);
        g_assert_cmpuint(depth_of(node), <=, 6);
        g_assert_cmpuint(node->present, <=, node->type->n_wire);
        offset += desc_own_size(node);
        for (struct desc_node *child = node->first; child; child = child->next, children++)
            g_assert_true(child->parent == node);
        for (unsigned i = node->type->n_wire; i < node->type->n_rows; i++)
            listed += desc_elements(node, &node->type->rows[i]);
        g_assert_cmpuint(children, ==, listed);
    }
    g_assert_cmpuint(offset, ==, len);
}

static void check_packs_to(struct desc_tree *tree, const uint8_t *bytes, size_t len)
{
    g_autofree uint8_t *packed = g_malloc(len + 1);
    g_assert_cmpint(desc_pack(desc_tree_root(tree), packed, len), ==, len);
    g_assert_cmpmem(packed, len, bytes, len);
    if (len)
        g_assert_cmpint(desc_pack(desc_tree_root(tree), packed, len - 1), ==, -ENOSPC);
}

/* After derive the tree packs to something consistent, and deriving again changes nothing. */
static void check_derive(struct desc_tree *tree)
{
    struct desc_node *root = &desc_tree_root(tree)->node;
    int r = desc_derive(tree);
    size_t len = root->total;
    g_autofree uint8_t *once = g_malloc(len + 1), *twice = g_malloc(len + 1);

    g_assert_true(r == 0 || r == -EOVERFLOW);
    check_tiling(tree, len);
    g_assert_cmpint(desc_pack(root, once, len), ==, len);
    g_assert_cmpint(desc_derive(tree), ==, r);
    g_assert_cmpint(desc_pack(root, twice, root->total), ==, len);
    g_assert_cmpmem(once, len, twice, len);
}

static void check_exact(const uint8_t *bytes, size_t len, enum desc_context context)
{
    g_autofree uint8_t *copy = g_memdup2(bytes, len); /* exact size: ASan sees an over-read */
    struct desc_tree *tree;

    g_assert_cmpint(desc_parse(copy, len, context, &tree), ==, 0);
    if (copy)
        memset(copy, 0xa5, len); /* the tree keeps nothing of the caller's */
    check_tiling(tree, len);
    check_packs_to(tree, bytes, len);
    check_derive(tree);
    desc_tree_free(tree);
}

/* ---- Makers of inputs: bytes (at most size) from the random numbers as they stand ---- */

#define LARGEST_INPUT 8192

static size_t make_random(uint8_t *bytes, size_t size)
{
    size_t len = below((uint32_t)MIN(size, 256));
    for (size_t k = 0; k < len; k++)
        bytes[k] = (uint8_t)any();
    return len;
}

/* Descriptors of believable headers and random contents: deep trees with wild counts. */
static size_t make_soup(uint8_t *bytes, size_t size)
{
    static const uint8_t types[] = {0x01, 0x02, 0x03, 0x04, 0x04, 0x05, 0x05, 0x0b, 0x0f,
                                    0x10, 0x21, 0x24, 0x24, 0x24, 0x24, 0x24, 0x25, 0x30};
    size_t len = 0;
    while (len + 64 < size && below(20)) {
        uint8_t *at = bytes + len;
        uint8_t bLength = (uint8_t)(below(40) ? 2 + below(50) : below(256));
        for (int k = 0; k < 64; k++)
            at[k] = (uint8_t)(below(3) ? below(5) : any());
        at[0] = bLength;
        at[1] = types[below(sizeof(types))];
        at[2] = (uint8_t)below(0x1a);
        if (at[1] == 0x04) {
            at[5] = CC_VIDEO;
            at[6] = (uint8_t)(1 + below(2));
        }
        len += MIN(bLength, 64);
    }
    return len;
}

/* Knows nothing of descriptors. */
static size_t mutate(uint8_t *bytes, size_t len, size_t size)
{
    if (len == 0)
        return 0;
    size_t at = below((uint32_t)len), n = 1 + below(64), to = below((uint32_t)len);
    n = MIN(n, len - MAX(at, to));

    switch (below(6)) {
    case 0:
        bytes[at] = (uint8_t)any();
        return len;
    case 1:
        bytes[at] ^= (uint8_t)(1u << below(8));
        return len;
    case 2: /* drop */
        memmove(bytes + at, bytes + at + n, len - at - n);
        return len - n;
    case 3: /* double */
        if (len + n > size)
            return len;
        memmove(bytes + at + n, bytes + at, len - at);
        return len + n;
    case 4: /* copy elsewhere */
        memmove(bytes + to, bytes + at, n);
        return len;
    default: /* cut short, seldom */
        return below(8) ? len : MAX(at, 1);
    }
}

static size_t sample(uint8_t *bytes, size_t size)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    ssize_t len = desc_pack(desc_tree_root(tree), bytes, size);
    g_assert_cmpint(len, >, 0);
    desc_tree_free(tree);
    return (size_t)len;
}

/* What is mutated: the camera above, then the presets. */
static GPtrArray *originals; /* of GBytes */

static void read_preset(const char *path)
{
    uint8_t bytes[LARGEST_INPUT];
    struct desc_json_error error;
    struct desc_tree *tree;
    char *json;
    size_t json_len;

    g_assert_true(g_file_get_contents(path, &json, &json_len, NULL));
    if (desc_json_read(json, json_len, &tree, &error) != 0)
        g_error("%s: %s", path, error.text);
    ssize_t len = desc_pack(desc_tree_root(tree), bytes, sizeof(bytes) / 2);
    g_assert_cmpint(len, >, 0);
    g_ptr_array_add(originals, g_bytes_new(bytes, (size_t)len));
    desc_tree_free(tree);
    g_free(json);
}

static void read_originals(void)
{
    uint8_t bytes[1024];
    glob_t presets;
    originals = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(originals, g_bytes_new(bytes, sample(bytes, sizeof(bytes))));
    g_assert_cmpint(glob("descriptors/presets/*.json", 0, NULL, &presets), ==, 0);
    for (size_t i = 0; i < presets.gl_pathc; i++)
        read_preset(presets.gl_pathv[i]);
    globfree(&presets);
}

static const uint8_t *any_original(size_t *ret_len)
{
    return g_bytes_get_data(originals->pdata[below(originals->len)], ret_len);
}

static size_t make_mutated(uint8_t *bytes, size_t size)
{
    size_t len;
    const uint8_t *original = any_original(&len);
    memcpy(bytes, original, len);
    for (uint32_t k = 1 + below(8); k > 0; k--)
        len = mutate(bytes, len, size);
    return len;
}

/* By the mutator that knows the schema. */
static size_t make_mutant(uint8_t *bytes, size_t size)
{
    struct desc_tree *tree;
    unsigned n_mutations = 0;
    size_t len;
    const uint8_t *original = any_original(&len);

    while (desc_mutation_at(n_mutations))
        n_mutations++;
    g_assert_cmpint(desc_parse(original, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    for (uint32_t k = 1 + below(3); k > 0; k--)
        desc_mutate(tree, desc_mutation_at(below(n_mutations))->name, any(), NULL, 0);
    ssize_t packed = desc_pack(desc_tree_root(tree), bytes, size);
    desc_tree_free(tree);
    return packed < 0 ? 0 : (size_t)packed;
}

/* ---- Millions of them ---- */

#if defined(__SANITIZE_ADDRESS__)
#define INPUTS 60000
#else
#define INPUTS 2400000
#endif
#define ALL_CHECKS_EVERY 32 /* inputs; the others are parsed, packed and compared */

static const struct maker {
    const char *name;
    uint64_t seed;  /* of the first input, the next number is that of the second, and so on */
    unsigned share; /* of all inputs, in hundredths */
    size_t (*make)(uint8_t *bytes, size_t size);
} makers[] = {
    {"random", 0x5eed000000001, 30, make_random},
    {"soup", 0x5eed100000001, 10, make_soup},
    {"mutated", 0x5eed200000001, 50, make_mutated},
    {"mutants", 0x5eed300000001, 10, make_mutant},
};

static uint64_t seed_now; /* for whoever reads of a failure */

static void say_seed(int number)
{
    char text[128];
    int len =
        snprintf(text, sizeof(text), "# not right with CAMREDIR_SEED=%#" PRIx64 "\n", seed_now);
    if (write(STDERR_FILENO, text, (size_t)len) == len)
        signal(number, SIG_DFL);
    raise(number);
}

static void check_back(const uint8_t *bytes, size_t len, enum desc_context context)
{
    g_autofree uint8_t *copy = g_memdup2(bytes, len);
    struct desc_tree *tree;

    g_assert_cmpint(desc_parse(copy, len, context, &tree), ==, 0);
    if (copy) {
        memset(copy, 0xa5, len);
        g_assert_cmpint(desc_pack(desc_tree_root(tree), copy, len), ==, len);
        g_assert_true(memcmp(copy, bytes, len) == 0);
    }
    desc_tree_free(tree);
}

static uint64_t setting(const char *name, uint64_t standard)
{
    const char *text = g_getenv(name);
    return text ? g_ascii_strtoull(text, NULL, 0) : standard;
}

/* $CAMREDIR_INPUTS: how many of all makers; $CAMREDIR_SEED: of the first. */
static void test_maker(gconstpointer data)
{
    const struct maker *maker = data;
    uint64_t seed = setting("CAMREDIR_SEED", maker->seed);
    uint64_t n = (setting("CAMREDIR_INPUTS", INPUTS) * maker->share + 99) / 100;
    uint8_t bytes[LARGEST_INPUT];

    g_test_message("seen: %" PRIu64 " inputs, seeds from %#" PRIx64 " on", n, seed);
    signal(SIGABRT, say_seed);
    signal(SIGSEGV, say_seed);
    for (uint64_t i = 0; i < n; i++) {
        random_state = seed_now = seed + i;
        size_t len = maker->make(bytes, sizeof(bytes));
        enum desc_context context = (enum desc_context)below(DESC_CONTEXT_NONE);
        if (i % ALL_CHECKS_EVERY == 0)
            check_exact(bytes, len, context);
        else
            check_back(bytes, len, context);
    }
    signal(SIGABRT, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

/* ---- Special ones ---- */

static void test_truncated(void)
{
    uint8_t bytes[1024];
    size_t len = sample(bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= len; cut++)
        check_exact(bytes, cut, DESC_CONTEXT_STANDARD);
}

/* A tree that was built, packed and parsed derives to itself. */
static void test_fixpoint(void)
{
    uint8_t bytes[1024], again[1024];
    size_t len = sample(bytes, sizeof(bytes));
    struct desc_tree *tree;

    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_assert_cmpint(desc_pack(desc_tree_root(tree), again, sizeof(again)), ==, len);
    g_assert_cmpmem(again, len, bytes, len);
    desc_tree_free(tree);
}

/* The largest input: the smallest descriptors. */
static void test_large(void)
{
    const size_t len = 1u << 20;
    g_autofree uint8_t *bytes = g_malloc(len);
    memset(bytes, 2, len);
    check_exact(bytes, len, DESC_CONTEXT_STANDARD);
    memset(bytes, 0, len);
    check_exact(bytes, len, DESC_CONTEXT_STANDARD);
}

/* ---- Real cameras ---- */

/* Where a camera declares what is not so: camera, field's descriptor and its offset, field,
   declared, what there is. (A descriptor's total that follows from these is listed too.) */
static const struct {
    const char *camera, *tag;
    uint32_t offset;
    const char *field;
    uint64_t declared, is;
} camera_bugs[] = {
    {"logitech_c270", "vcam_config_descriptor", 18, "wTotalLength", 2466, 2465},
    {"logitech_c270", "uvc_vs_input_header", 225, "bLength", 16, 15},
    {"logitech_c270", "uvc_vs_input_header", 225, "bNumFormats", 3, 2},
    {"logitech_c270", "uvc_vs_input_header", 225, "wTotalLength", 1846, 1845},
};

static bool is_camera_bug(const char *camera, const struct desc_node *node,
                          const struct desc_row *row, uint64_t declared, uint64_t is)
{
    for (size_t i = 0; i < G_N_ELEMENTS(camera_bugs); i++)
        if (g_strcmp0(camera_bugs[i].camera, camera) == 0 &&
            g_strcmp0(camera_bugs[i].tag, node->type->text->tag) == 0 &&
            camera_bugs[i].offset == node->offset &&
            g_strcmp0(camera_bugs[i].field, row->name) == 0 &&
            camera_bugs[i].declared == declared && camera_bugs[i].is == is)
            return true;
    return false;
}

/* Returns the camera's bugs met. */
static unsigned check_derived_fields(const char *camera, const struct desc_node *was,
                                     const struct desc_node *now)
{
    unsigned bugs = 0;
    for (unsigned i = 0; i < was->present; i++) {
        const struct desc_row *row = &was->type->rows[i];
        if (row->role != DESC_ROLE_SIZE && row->role != DESC_ROLE_COUNT &&
            row->role != DESC_ROLE_TOTAL)
            continue;
        uint64_t declared = desc_get(was, row, 0), is = desc_get(now, row, 0);
        if (declared == is)
            continue;
        g_test_message("camera bug: %s: %s at %u: %s is %" G_GUINT64_FORMAT
                       ", should be %" G_GUINT64_FORMAT,
                       camera, was->type->text->tag, was->offset, row->name, declared, is);
        g_assert_true(is_camera_bug(camera, was, row, declared, is));
        bugs++;
    }
    return bugs;
}

/* device followed by its configuration, as sysfs has them. */
static void check_camera(const char *camera, const uint8_t *bytes, size_t len)
{
    struct desc_tree *was, *now;
    unsigned bugs = 0, expected = 0;

    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &was), ==, 0);
    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &now), ==, 0);
    g_assert_cmpint(desc_derive(now), ==, 0);
    struct desc_node *a = &desc_tree_root(was)->node, *root = a;
    struct desc_node *b = &desc_tree_root(now)->node;
    for (; a; a = desc_next(a, root), b = desc_next(b, &desc_tree_root(now)->node))
        bugs += check_derived_fields(camera, a, b);
    for (size_t i = 0; i < G_N_ELEMENTS(camera_bugs); i++)
        expected += g_strcmp0(camera_bugs[i].camera, camera) == 0;
    g_assert_cmpuint(bugs, ==, expected);
    desc_tree_free(was);
    desc_tree_free(now);
}

static void test_camera(const char *directory, const char *camera)
{
    g_autofree char *stem = g_build_filename(directory, camera, NULL);
    g_autofree char *device_path = g_strconcat(stem, ".device.bin", NULL);
    g_autofree char *config_path = g_strconcat(stem, ".config.bin", NULL);
    g_autofree char *device = NULL, *config = NULL;
    uint8_t bytes[8192];
    size_t device_len, config_len;

    g_assert_true(g_file_get_contents(device_path, &device, &device_len, NULL));
    g_assert_true(g_file_get_contents(config_path, &config, &config_len, NULL));
    g_assert_cmpuint(device_len + config_len, <=, sizeof(bytes) / 2);
    memcpy(bytes, device, device_len);
    memcpy(bytes + device_len, config, config_len);

    check_exact((uint8_t *)config, config_len, DESC_CONTEXT_STANDARD);
    check_exact(bytes, device_len + config_len, DESC_CONTEXT_STANDARD);
    check_camera(camera, bytes, device_len + config_len);
    random_state = 0x5eed4;
    for (int i = 0; i < 500; i++) {
        uint8_t mutated[LARGEST_INPUT];
        size_t len = device_len + config_len;
        memcpy(mutated, bytes, len);
        for (uint32_t k = 1 + below(8); k > 0; k--)
            len = mutate(mutated, len, sizeof(mutated));
        check_exact(mutated, len, DESC_CONTEXT_STANDARD);
    }
}

static void test_cameras(void)
{
    const char *shared = g_getenv("CAMREDIR_SHARED");
    g_autofree char *directory = g_build_filename(shared ? shared : "../shared", "vectors", NULL);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    if (!dir) {
        g_test_skip("no real cameras' descriptors here (../shared/vectors, or $CAMREDIR_SHARED)");
        return;
    }
    while ((name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, ".device.bin"))
            continue;
        g_autofree char *camera = g_strndup(name, strlen(name) - strlen(".device.bin"));
        g_test_message("%s", camera);
        test_camera(directory, camera);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    read_originals();
    for (size_t i = 0; i < G_N_ELEMENTS(makers); i++) {
        g_autofree char *path = g_strconcat("/descriptors/bytes/", makers[i].name, NULL);
        g_test_add_data_func(path, &makers[i], test_maker);
    }
    g_test_add_func("/descriptors/bytes/truncated", test_truncated);
    g_test_add_func("/descriptors/bytes/fixpoint", test_fixpoint);
    g_test_add_func("/descriptors/bytes/large", test_large);
    g_test_add_func("/descriptors/bytes/cameras", test_cameras);
    int r = g_test_run();
    g_ptr_array_unref(originals);
    return r;
}
