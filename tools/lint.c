/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir lint: what is wrong with descriptors, a line a finding, over any number of sources. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "tools/description.h"
#include "tools/tools.h"

/* Not enum exit_status: for scripts, as other linters have it. */
enum { LINT_CLEAN = 0, LINT_ERRORS = 1, LINT_UNREADABLE = 2 };

struct host_name {
    enum desc_host host;
    const char *name;
};

static const struct host_name hosts[] = {
    {DESC_HOST_WINDOWS, "windows"}, {DESC_HOST_LINUX, "linux"}, {DESC_HOST_MACOS, "macos"}};

struct lint {
    struct desc_lint_options options;
    struct profile_wish wish;
    JsonBuilder *json; /* NULL: lines */
    gboolean colour;
    const char *source; /* the one being looked at */
    GArray *findings;   /* its struct desc_finding */
    guint counts[DESC_ERROR + 1];
    guint n_sources, n_unreadable;
};

static void on_finding(void *user, const struct desc_finding *finding)
{
    struct lint *lint = user;
    lint->counts[finding->rule->severity]++;
    g_array_append_vals(lint->findings, finding, 1);
}

static gint by_offset(gconstpointer a, gconstpointer b)
{
    const struct desc_finding *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* ---- Lines ---- */

static const char *paint(const struct lint *lint, enum desc_severity severity)
{
    static const char *const colours[] = {"\033[36m", "\033[33m", "\033[31m"};
    return lint->colour ? colours[severity] : "";
}

static char *host_list(const struct desc_lint_rule *rule, const char *separator)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++)
        if (rule->hosts & hosts[i].host)
            g_string_append_printf(list, "%s%s", list->len ? separator : "", hosts[i].name);
    return g_strdup(list->str);
}

static void print_finding(const struct lint *lint, const struct desc_finding *finding)
{
    const struct desc_lint_rule *rule = finding->rule;
    char path[512], found[128], expected[256];
    g_autofree char *refused = host_list(rule, ", ");
    gsize has_path = desc_finding_path(finding, path, sizeof(path));
    gsize has_found = desc_finding_found(finding, found, sizeof(found));
    gsize has_expected = desc_finding_expected(finding, expected, sizeof(expected));

    printf("%s:%u: %s%s%s: %s: %s%s", lint->source, finding->offset, paint(lint, rule->severity),
           desc_severity_name(rule->severity), lint->colour ? "\033[0m" : "", rule->id, path,
           has_path ? ": " : "");
    fputs(rule->text, stdout);
    if (has_found || has_expected)
        printf(": %s%s%s%s%s", has_found ? "found " : "", found,
               has_found && has_expected ? ", " : "", has_expected ? "expected " : "", expected);
    printf(" (%s)", rule->clause);
    if (*refused)
        printf(" [refused by %s]", refused);
    putchar('\n');
}

static void print_summary(const struct lint *lint)
{
    printf("%u sources: %u errors, %u warnings, %u notes", lint->n_sources,
           lint->counts[DESC_ERROR], lint->counts[DESC_WARNING], lint->counts[DESC_NOTE]);
    if (lint->n_unreadable)
        printf("; %u could not be read", lint->n_unreadable);
    putchar('\n');
}

/* ---- JSON ---- */

static void build_text(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, value);
}

static void build_finding(JsonBuilder *json, const struct desc_finding *finding)
{
    const struct desc_lint_rule *rule = finding->rule;
    char text[512];

    json_builder_begin_object(json);
    build_text(json, "severity", desc_severity_name(rule->severity));
    build_text(json, "rule", rule->id);
    desc_finding_path(finding, text, sizeof(text));
    build_text(json, "path", text);
    json_builder_set_member_name(json, "offset");
    json_builder_add_int_value(json, finding->offset);
    build_text(json, "text", rule->text);
    if (desc_finding_found(finding, text, sizeof(text)))
        build_text(json, "found", text);
    if (desc_finding_expected(finding, text, sizeof(text)))
        build_text(json, "expected", text);
    build_text(json, "clause", rule->clause);
    json_builder_set_member_name(json, "hosts");
    json_builder_begin_array(json);
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++)
        if (rule->hosts & hosts[i].host)
            json_builder_add_string_value(json, hosts[i].name);
    json_builder_end_array(json);
    json_builder_end_object(json);
}

static void build_source(const struct lint *lint, const GError *error)
{
    json_builder_begin_object(lint->json);
    build_text(lint->json, "source", lint->source);
    if (error)
        build_text(lint->json, "unreadable", error->message);
    json_builder_set_member_name(lint->json, "findings");
    json_builder_begin_array(lint->json);
    for (guint i = 0; i < lint->findings->len; i++)
        build_finding(lint->json, &g_array_index(lint->findings, struct desc_finding, i));
    json_builder_end_array(lint->json);
    json_builder_end_object(lint->json);
}

static void print_json(JsonBuilder *json)
{
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

/* ---- The run ---- */

static void look_at(struct lint *lint, const struct description *description)
{
    struct desc_lint_options options = lint->options;
    options.known = description->known;
    options.speed = description->speed;
    desc_lint(desc_tree_root(description->tree), &options, on_finding, lint);
    g_array_sort(lint->findings, by_offset);
}

static void lint_source(struct lint *lint, const char *source)
{
    g_autoptr(GError) error = NULL;
    struct description description;

    lint->source = source;
    g_array_set_size(lint->findings, 0);
    if (description_read(&description, source, &lint->wish, &error) == 0)
        look_at(lint, &description);
    else
        lint->n_unreadable++;
    if (lint->findings->len)
        log_set_status(NULL); /* else the first line would be behind it */
    if (lint->json)
        build_source(lint, error);
    else
        for (guint i = 0; i < lint->findings->len; i++)
            print_finding(lint, &g_array_index(lint->findings, struct desc_finding, i));
    if (error)
        g_warning("%s", error->message);
    description_clear(&description);
}

static void lint_all(struct lint *lint, char **sources)
{
    for (; *sources; sources++, lint->n_sources++) {
        g_autofree char *status = g_strdup_printf("%u of %u: %s (%u errors)", lint->n_sources + 1,
                                                  lint->n_sources + g_strv_length(sources),
                                                  *sources, lint->counts[DESC_ERROR]);
        log_set_status(sources[1] || lint->n_sources ? status : NULL);
        lint_source(lint, *sources);
    }
    log_set_status(NULL);
    if (!lint->json && lint->n_sources > 1)
        print_summary(lint);
}

static gboolean parse_hosts(const char *list, guint8 *ret_hosts, GError **error)
{
    g_auto(GStrv) names = g_strsplit(list ? list : "", ",", -1);
    for (char **name = names; *name; name++) {
        gsize i = 0;
        while (i < G_N_ELEMENTS(hosts) && strcmp(*name, hosts[i].name) != 0)
            i++;
        if (i == G_N_ELEMENTS(hosts)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--host: '%s' is none of windows, linux, macos", *name);
            return FALSE;
        }
        *ret_hosts |= (guint8)hosts[i].host;
    }
    return TRUE;
}

/* All of them, before anything is said of the first. */
static gboolean check_options(char **sources, const char *speed, const char *transfer,
                              GError **error)
{
    unsigned with_speed = DESCRIPTION_FILE | DESCRIPTION_CAMERA;
    for (; *sources; sources++)
        if (!description_takes(*sources, "--speed", speed, with_speed, error) ||
            !description_takes(*sources, "--transfer", transfer, DESCRIPTION_CAMERA, error))
            return FALSE;
    return TRUE;
}

static int run(struct lint *lint, char **sources, gboolean as_json)
{
    lint->json = as_json ? json_builder_new() : NULL;
    lint->findings = g_array_new(FALSE, FALSE, sizeof(struct desc_finding));
    lint->colour = !as_json && wants_colour(stdout);
    if (as_json)
        json_builder_begin_array(lint->json);
    lint_all(lint, sources);
    if (as_json) {
        json_builder_end_array(lint->json);
        print_json(lint->json);
    }
    g_array_unref(lint->findings);
    g_clear_object(&lint->json);
    if (close_output("lint") != EXIT_DONE)
        return LINT_UNREADABLE;
    return lint->n_unreadable         ? LINT_UNREADABLE
           : lint->counts[DESC_ERROR] ? LINT_ERRORS
                                      : LINT_CLEAN;
}

int lint_run(int argc, char **argv)
{
    char *host_names = NULL, *speed = NULL, *transfer = NULL;
    gboolean as_json = FALSE;
    g_autoptr(GError) error = NULL;
    struct lint lint = {.wish = {.address = "lint"}};
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "For programs", NULL},
        {"host", 0, 0, G_OPTION_ARG_STRING, &host_names,
         "Only what makes these refuse the device: windows,linux,macos", "LIST"},
        {"speed", 0, 0, G_OPTION_ARG_STRING, &speed,
         "That a file's device runs at, or of a camera (default high): full, high, super", "SPEED"},
        {"transfer", 0, 0, G_OPTION_ARG_STRING, &transfer, "Of a camera: bulk (default) or iso",
         "TYPE"},
        {0},
    };
    int status = LINT_UNREADABLE;
    if (options_parse("SOURCE... - find what is wrong with USB descriptors",
                      "SOURCE is as for 'camredir describe'. Exit status: 0 no errors, 1 errors, "
                      "2 something\ncould not be read.",
                      entries, &argc, &argv, G_MAXINT - 1) &&
        profile_wish_parse(&lint.wish, speed, transfer, &error) &&
        parse_hosts(host_names, &lint.options.hosts, &error) &&
        check_options(argv + 1, speed, transfer, &error)) {
        if (argc > 1)
            status = run(&lint, argv + 1, as_json);
        else
            g_printerr("camredir: lint needs a SOURCE: see 'camredir lint --help'\n");
    }
    if (error)
        g_printerr("camredir: %s\n", error->message);
    g_free(host_names);
    g_free(speed);
    g_free(transfer);
    return status;
}
