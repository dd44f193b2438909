/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir describe: descriptors for people, for programs, for firmware. */
#include <stdio.h>
#include <string.h>

#include "descriptors/cdump.h"
#include "descriptors/json.h"
#include "descriptors/print.h"
#include "tools/description.h"
#include "tools/tools.h"

struct describe_options {
    char *as, *speed, *transfer;
    gboolean offsets, sysfs;
};

static void as_tree(const struct description *description, const struct describe_options *options)
{
    const struct desc_sink sink = desc_sink_stdio(stdout);
    unsigned flags = (options->offsets ? DESC_PRINT_OFFSETS : 0) |
                     (wants_colour(stdout) ? DESC_PRINT_COLOUR : 0);
    desc_print(desc_tree_root(description->tree), flags, &sink);
}

static void as_json(const struct description *description, const struct describe_options *options)
{
    const struct desc_sink sink = desc_sink_stdio(stdout);
    (void)options;
    desc_json_write(desc_tree_root(description->tree), 0, &sink);
}

static void as_c(const struct description *description, const struct describe_options *options)
{
    const struct desc_sink sink = desc_sink_stdio(stdout);
    (void)options;
    desc_cdump(desc_tree_root(description->tree), "descriptors", &sink);
}

static void as_hex(const struct description *description, const struct describe_options *options)
{
    const struct desc_sink sink = desc_sink_stdio(stdout);
    size_t len;
    g_autofree uint8_t *bytes = description_pack(description, &len);
    (void)options;
    desc_print_hex(bytes, len, &sink);
}

static void as_bin(const struct description *description, const struct describe_options *options)
{
    size_t len;
    g_autofree uint8_t *bytes = description_pack(description, &len);
    (void)options;
    fwrite(bytes, 1, len, stdout);
}

typedef void (*show_func)(const struct description *description,
                          const struct describe_options *options);

static const struct {
    const char *name;
    show_func show;
} forms[] = {{"tree", as_tree}, {"json", as_json}, {"c", as_c}, {"hex", as_hex}, {"bin", as_bin}};

static show_func find_form(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++)
        if (!name || strcmp(name, forms[i].name) == 0)
            return forms[i].show;
    g_printerr("camredir: --as: '%s' is none of tree, json, c, hex, bin\n", name);
    return NULL;
}

static int describe(const struct describe_options *options, const char *source)
{
    g_autoptr(GError) error = NULL;
    struct profile_wish wish = {.address = "describe"};
    struct description description;
    show_func show = find_form(options->as);
    if (!show)
        return EXIT_USAGE;
    int status = EXIT_USAGE;
    if (profile_wish_parse(&wish, options->speed, options->transfer, &error) &&
        description_takes(source, "--speed", options->speed, DESCRIPTION_CAMERA, &error) &&
        description_takes(source, "--transfer", options->transfer, DESCRIPTION_CAMERA, &error))
        status = description_read(&description, source, &wish, &error);
    if (status) {
        g_printerr("camredir: %s\n", error->message);
        return status;
    }
    if (options->sysfs)
        description_keep_device(&description);
    show(&description, options);
    description_clear(&description);
    return close_output("describe");
}

int describe_run(int argc, char **argv)
{
    struct describe_options o = {0};
    const GOptionEntry entries[] = {
        {"as", 0, 0, G_OPTION_ARG_STRING, &o.as, "tree (default), json, c, hex or bin", "FORM"},
        {"offsets", 0, 0, G_OPTION_ARG_NONE, &o.offsets,
         "In the tree: each line's offset and bytes", NULL},
        {"sysfs", 0, 0, G_OPTION_ARG_NONE, &o.sysfs,
         "The device and its configurations alone, as sysfs has them", NULL},
        {"speed", 0, 0, G_OPTION_ARG_STRING, &o.speed, "Of a camera: full, high (default), super",
         "SPEED"},
        {"transfer", 0, 0, G_OPTION_ARG_STRING, &o.transfer, "Of a camera: bulk (default) or iso",
         "TYPE"},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse("SOURCE - show USB descriptors",
                      "SOURCE is a file with descriptors (bytes or JSON), - (standard input), "
                      "usb:BUS:DEV or usb:1-1.4\n(a USB device of this machine), or a camera as "
                      "'share' names it: pattern, file:PATH, /dev/videoN,\na part of its name.",
                      entries, &argc, &argv, 1)) {
        if (argc > 1)
            status = describe(&o, argv[1]);
        else
            g_printerr("camredir: describe needs a SOURCE: see 'camredir describe --help'\n");
    }
    g_free(o.as);
    g_free(o.speed);
    g_free(o.transfer);
    return status;
}
