/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir pack: from descriptors in JSON to their bytes. */
#include <errno.h>
#include <stdio.h>

#include "tools/description.h"
#include "tools/tools.h"

static int write_bytes(const struct description *description, const char *path)
{
    size_t len;
    g_autofree uint8_t *bytes = description_pack(description, &len);
    if (!path) {
        fwrite(bytes, 1, len, stdout);
        return close_output("pack");
    }
    /* Written into, not replaced: it may be a device or a pipe. */
    FILE *file = fopen(path, "we");
    gboolean written = file && fwrite(bytes, 1, len, file) == len;
    if (file && fclose(file) == 0 && written)
        return EXIT_DONE;
    g_printerr("camredir: pack: %s: cannot write: %s\n", path, g_strerror(errno));
    return EXIT_BROKEN;
}

static int pack(const char *source, const char *output, gboolean sysfs)
{
    g_autoptr(GError) error = NULL;
    struct profile_wish wish = {.speed = VCAM_SPEED_HIGH, .address = "pack"};
    struct description description;
    int status = description_read(&description, source, &wish, &error);
    if (status) {
        g_printerr("camredir: %s\n", error->message);
        return status;
    }
    if (sysfs)
        description_keep_device(&description);
    if (description.is_json) {
        status = write_bytes(&description, output);
    } else {
        g_printerr("camredir: %s: no JSON: pack takes what 'camredir describe --as json' writes\n",
                   source);
        status = EXIT_BROKEN;
    }
    description_clear(&description);
    return status;
}

int pack_run(int argc, char **argv)
{
    char *output = NULL;
    gboolean sysfs = FALSE;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write there, not to standard output",
         "FILE"},
        {"sysfs", 0, 0, G_OPTION_ARG_NONE, &sysfs,
         "The device and its configurations alone, as sysfs has them", NULL},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse("FILE.json -o FILE.bin - make bytes of descriptors in JSON",
                      "Lengths, totals and counts that the JSON does not give are computed.",
                      entries, &argc, &argv, 1)) {
        if (argc > 1)
            status = pack(argv[1], output, sysfs);
        else
            g_printerr("camredir: pack needs a FILE: see 'camredir pack --help'\n");
    }
    g_free(output);
    return status;
}
