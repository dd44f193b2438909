/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir doctor: looks at each part between a camera and a VM, and says what mends what is
   missing. */
#include "tools/doctor.h"

#include <string.h>

#include "tools/description.h"
#include "tools/profile.h"
#include "tools/tools.h"

#define WAIT_S     8
#define MAX_WAIT_S 3600

struct doctor_options {
    struct destination destination;
    char *speed;
    gint wait_s;
    gboolean as_json;
};

static int report(const struct doctor_facts *facts, gboolean as_json)
{
    g_autoptr(GArray) findings = doctor_judge(facts);
    g_autoptr(GArray) modes = doctor_forecast(facts);
    gboolean good = TRUE;
    for (guint i = 0; i < findings->len; i++)
        good = good && g_array_index(findings, struct doctor_finding, i).state != DOCTOR_BAD;
    if (as_json)
        doctor_print_json(findings, modes);
    else
        doctor_print(findings, modes, wants_colour(stdout));
    int status = close_output("doctor");
    return status ? status : good ? EXIT_DONE : EXIT_BROKEN;
}

/* For a shell, and as it is where that is the same. */
static char *shell_word(const char *text)
{
    gsize plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-_./:=@%+,");
    return text[plain] || !*text ? g_shell_quote(text) : g_strdup(text);
}

/* The first option of some that is given; the last one always is. */
struct way {
    const char *option, *value;
};

static char *way_text(const struct way *ways)
{
    while (!ways->value)
        ways++;
    g_autofree char *value = shell_word(ways->value);
    return g_strjoin(" ", ways->option, value, NULL);
}

static void name_the_ways(struct doctor_facts *facts, const struct destination *d)
{
    const struct way ways[] = {{"--qmp", d->qmp},
                               {"--libvirt", d->libvirt},
                               {"--to", d->to},
                               {"--as", d->as},
                               {"--to", "ADDRESS"}};
    g_autofree char *to = way_text(&ways[2]);
    g_autofree char *word = facts->camera_spec ? shell_word(facts->camera_spec) : NULL;
    g_autofree char *camera = g_strconcat(word ? word : "", word ? " " : "", NULL);
    facts->way = way_text(ways);
    facts->where = g_strconcat(camera, facts->way, NULL);
    facts->visit = g_strconcat(camera, to, NULL);
}

static int examine(struct doctor_facts *facts, const struct doctor_options *options)
{
    const struct destination *d = &options->destination;
    struct destination there = *d; /* the strings are its */
    there.qmp = there.libvirt = NULL;
    facts->to = d->to ? d->to : d->as;
    facts->awaited = d->as != NULL;
    facts->monitor = d->qmp;
    facts->domain = d->libvirt;
    name_the_ways(facts, d);
    doctor_look_camera(facts, &vcam_v4l2_kernel);
    if (facts->monitor)
        doctor_look_qemu(facts, facts->monitor);
    else if (facts->domain)
        doctor_look_domain(facts, d->libvirt_uri);
    if (facts->to)
        doctor_look_link(facts, &there, options->wait_s);
    return report(facts, options->as_json);
}

/* Where to is not needed: a camera alone can be looked at. */
static gboolean check(const struct doctor_options *options, struct doctor_facts *facts,
                      GError **error)
{
    struct profile_wish wish = {0};
    if (!profile_wish_parse(&wish, options->speed, NULL, error))
        return FALSE;
    facts->speed = 1u << wish.speed; /* RedirSpeeds counts in the same order */
    if (options->wait_s < 1 || options->wait_s > MAX_WAIT_S) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--wait: 1 to %d seconds",
                    MAX_WAIT_S);
        return FALSE;
    }
    return destination_check_given(&options->destination, error);
}

static void options_clear(struct doctor_options *options)
{
    g_free(options->speed);
    destination_clear(&options->destination);
}

int doctor_run(int argc, char **argv)
{
    struct doctor_options options = {.wait_s = WAIT_S};
    struct doctor_facts facts = {0};
    g_autoptr(GError) error = NULL;
    int status = EXIT_USAGE;
    const GOptionEntry own[] = {
        {"speed", 0, 0, G_OPTION_ARG_STRING, &options.speed,
         "The camera's USB speed: full, high (default), super", "SPEED"},
        {"wait", 0, 0, G_OPTION_ARG_INT, &options.wait_s,
         "Wait so long for the VM, then watch the guest for so long (8)", "SECONDS"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.as_json, "For programs", NULL},
        {0},
    };
    g_autofree GOptionEntry *entries = destination_entries(&options.destination, own);
    if (!options_parse(
            "[CAMERA] - find what is missing between a camera and a VM",
            "Without a VM, the camera alone is looked at; with --qmp or --libvirt, what QEMU has;\n"
            "with --to or --as, the VM is shown a test picture for a moment. Both can be given.\n"
            "Exit status 0: nothing is missing.",
            entries, &argc, &argv, 1))
        return EXIT_USAGE;
    facts.camera_spec = argc > 1 ? argv[1] : NULL;
    if (check(&options, &facts, &error))
        status = examine(&facts, &options);
    else
        g_printerr("camredir: %s\n", error->message);
    doctor_facts_clear(&facts);
    options_clear(&options);
    return status;
}
