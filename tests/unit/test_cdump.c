/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* C source of trees: a compiler takes it without a warning, and what it compiles to is the input.
 */
#include <dlfcn.h>
#include <glib/gstdio.h>

#include "descriptors/cdump.h"
#include "descriptors_camera.h"
#include "descriptors_inputs.h"

/* All inputs of a test in one file, so that the compiler runs once; what only the test needs comes
   behind, and not to those compilers that see the dumps as they are. */
static GString *source, *sizes;
static GPtrArray *inputs;

static void add_tree(struct desc_tree *tree)
{
    const struct desc_sink sink = {inputs_append, source};
    g_autofree char *name = g_strdup_printf("input_%u", inputs->len);
    desc_cdump(desc_tree_root(tree), name, &sink);
    g_string_append_printf(sizes, "const unsigned long size_%u = sizeof(%s);\n", inputs->len, name);
    g_ptr_array_add(inputs, inputs_pack(desc_tree_root(tree)));
}

static void add_bytes(const uint8_t *bytes, size_t len)
{
    struct desc_tree *tree;
    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    add_tree(tree);
    desc_tree_free(tree);
}

static void begin(void)
{
    source = g_string_new(NULL);
    sizes = g_string_new(NULL);
    inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
}

static void compile(const char *cc, const char *how, const char *c, const char *out)
{
    const char *command[] = {cc,      "-Wall", "-Wextra", "-Werror", "-std=gnu11", how,
                             "-fPIC", "-o",    out,       c,         NULL};
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &output,
                 &status, &error);
    g_assert_no_error(error);
    if (status != 0)
        g_error("%s: %.2000s", cc, output);
}

/* The dumps and nothing else, by each compiler that there is. */
static void compile_alone(const char *c, const char *out)
{
    static const char *const compilers[] = {"cc", "gcc", "clang"};
    for (size_t i = 0; i < G_N_ELEMENTS(compilers); i++) {
        g_autofree char *path = g_find_program_in_path(compilers[i]);
        if (path)
            compile(path, "-c", c, out);
    }
}

static void *compiled(const char *directory)
{
    g_autofree char *c = g_build_filename(directory, "dump.c", NULL);
    g_autofree char *so = g_build_filename(directory, "dump.so", NULL);

    g_assert_true(g_file_set_contents(c, source->str, (gssize)source->len, NULL));
    compile_alone(c, so);
    g_string_append(source, sizes->str);
    g_assert_true(g_file_set_contents(c, source->str, (gssize)source->len, NULL));
    compile(g_getenv("CC") ? g_getenv("CC") : "cc", "-shared", c, so);
    void *library = dlopen(so, RTLD_NOW);
    g_assert_nonnull(library);
    g_assert_cmpint(g_unlink(c) | g_unlink(so), ==, 0);
    return library;
}

static void check_all(void)
{
    g_autofree char *directory = g_dir_make_tmp("cdump-XXXXXX", NULL);
    void *library = compiled(directory);
    for (guint i = 0; i < inputs->len; i++) {
        GByteArray *expected = inputs->pdata[i];
        g_autofree char *at = g_strdup_printf("input_%u", i), *size = g_strdup_printf("size_%u", i);
        const uint8_t *bytes = dlsym(library, at);
        const unsigned long *len = dlsym(library, size);
        g_assert_cmpmem(bytes, *len, expected->data, expected->len);
    }
    dlclose(library);
    g_assert_cmpint(g_rmdir(directory), ==, 0);
    g_string_free(source, TRUE);
    g_string_free(sizes, TRUE);
    g_ptr_array_unref(inputs);
}

static void test_generated(void)
{
    begin();
    inputs_each(21, 150, add_bytes);
    check_all();
}

static void test_cameras(void)
{
    begin();
    inputs_each_camera(add_bytes);
    check_all();
}

/* A string that would end the comment, open another, or go on in the next line. */
static void test_hostile_string(void)
{
    static const char text[] = "*/ int x; /* \\\n \?\?/ //*/ /*/";
    struct desc_tree *tree = desc_tree_new(0);
    DESC_ADD(tree, NULL, vcam_dev_descriptor)->iProduct = 1;
    DESC_VARS(tree, DESC_ADD(tree, NULL, usb_string_zero), wLANGID, 1)[0] = 0x0409;
    struct usb_string *string = DESC_ADD(tree, NULL, usb_string);
    uint16_t *units = DESC_VARS(tree, string, bString, sizeof(text) - 1);
    for (size_t i = 0; i + 1 < sizeof(text); i++)
        units[i] = (uint8_t)text[i];
    g_assert_cmpint(desc_derive(tree), ==, 0);
    begin();
    add_tree(tree);
    check_all();
    desc_tree_free(tree);
}

static void test_nothing(void)
{
    begin();
    add_bytes(NULL, 0);
    check_all();
}

/* How it reads. */
static void test_text(void)
{
    static const char *const lines[] = {
        "\nconst uint8_t input_0[] = {\n",
        "    /* Device Descriptor (USB 2.0, 9.6.1) */\n",
        "    0x12,                   /* bLength 18 */\n",
        "    0x00, 0x02,             /* bcdUSB 2.00 */\n",
        "      /* Configuration Descriptor (USB 2.0, 9.6.3) */\n",
        "/* VideoStreaming Interface Descriptor (UVC 1.1 Uncompressed, 3.1.1) */\n",
        "0x59, 0x55, 0x59, 0x32, 0x00, 0x00, 0x10, 0x00, /* guidFormat: YUY2 */\n",
        "0x15, 0x16, 0x05, 0x00, /* dwFrameInterval(0) 333333: 30.000 fps */\n",
        "};\n",
    };
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    begin();
    add_tree(tree);
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        if (!strstr(source->str, lines[i]))
            g_error("'%s' is not in\n%s", lines[i], source->str);
    check_all();
    desc_tree_free(tree);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cdump/text", test_text);
    g_test_add_func("/cdump/generated", test_generated);
    g_test_add_func("/cdump/cameras", test_cameras);
    g_test_add_func("/cdump/hostile-string", test_hostile_string);
    g_test_add_func("/cdump/nothing", test_nothing);
    return g_test_run();
}
