/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual machine as QEMU is told of it: the table's rows become options, which are then written
   in one of three forms. */
#include "tools/vm_qemu.h"

#include <string.h>

#include "tools/vm_table.h"
#include "tools/vm_text.h"

#define PROGRAM "qemu-system-x86_64"

struct comment {
    char *label; /* what of the option it is about, or NULL */
    char *text;
    gboolean part; /* about a part of the option */
};

struct setting {
    char *key; /* NULL: the first of an option, whose key goes without saying */
    char *value;
};

struct option {
    const char *name;
    GArray *settings; /* of struct setting */
    GArray *comments; /* of struct comment */
};

struct machine {
    const struct vm_choice *choice;
    GArray *options;   /* of struct option */
    GArray *comments;  /* of the option that comes next */
    GPtrArray *setups; /* lines of shell */
};

/* ---- From rows to options ---- */

static void comment_clear(gpointer data)
{
    struct comment *comment = data;
    g_free(comment->label);
    g_free(comment->text);
}

static void setting_clear(gpointer data)
{
    struct setting *setting = data;
    g_free(setting->key);
    g_free(setting->value);
}

static void option_clear(gpointer data)
{
    struct option *option = data;
    g_array_unref(option->settings);
    g_array_unref(option->comments);
}

static GArray *array_new(gsize size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, FALSE, size);
    g_array_set_clear_func(array, clear);
    return array;
}

static void add_settings(GArray *settings, const char *text, const struct vm_choice *choice,
                         GHashTable *camera)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (char **part = parts; *part; part++) {
        const char *equals = strchr(*part, '=');
        if (!**part)
            continue;
        struct setting setting = {
            .key = equals ? g_strndup(*part, equals - *part) : NULL,
            .value = vm_fill(equals ? equals + 1 : *part, choice->texts, camera, NULL)};
        g_array_append_val(settings, setting);
    }
}

static char *label_of(const struct vm_row *row, const struct vm_choice *choice, GHashTable *camera)
{
    if (!row->value)
        return row->option ? g_strdup_printf("-%s", row->option) : NULL;
    gboolean part = !row->option;
    g_autofree char *first = g_strndup(row->value + part, strcspn(row->value + part, ","));
    g_autofree char *label = part ? g_strdup(first) : g_strdup_printf("-%s %s", row->option, first);
    return vm_fill(label, choice->texts, camera, vm_quote_shell);
}

static void add_row(void *user, const struct vm_row *row, GHashTable *camera)
{
    struct machine *machine = user;
    const struct vm_choice *choice = machine->choice;
    gboolean part = !row->option && row->value, alone = !row->option && !row->value;
    if (alone && row->xml)
        return;
    if (row->setup)
        g_ptr_array_add(machine->setups,
                        vm_fill(row->setup, choice->texts, camera, vm_quote_shell));
    if (row->option) {
        struct option option = {row->option, array_new(sizeof(struct setting), setting_clear),
                                machine->comments};
        machine->comments = array_new(sizeof(struct comment), comment_clear);
        g_array_append_val(machine->options, option);
    }
    struct option *last =
        &g_array_index(machine->options, struct option, machine->options->len - 1);
    if (row->why) {
        struct comment comment = {.label = label_of(row, choice, camera), .part = part};
        comment.text = vm_fill(row->why, choice->texts, camera, vm_quote_shell);
        g_array_append_val(alone ? machine->comments : last->comments, comment);
    }
    if (row->value)
        add_settings(last->settings, row->value, choice, camera);
}

static void machine_init(struct machine *machine, const struct vm_choice *choice)
{
    machine->choice = choice;
    machine->options = array_new(sizeof(struct option), option_clear);
    machine->comments = array_new(sizeof(struct comment), comment_clear);
    machine->setups = g_ptr_array_new_with_free_func(g_free);
    vm_rows_walk(choice, add_row, machine);
}

static void machine_clear(struct machine *machine)
{
    g_array_unref(machine->options);
    g_array_unref(machine->comments);
    g_ptr_array_unref(machine->setups);
}

static const struct option *option_at(const struct machine *machine, guint i)
{
    return i < machine->options->len ? &g_array_index(machine->options, struct option, i) : NULL;
}

/* ---- What the forms have in common ---- */

/* "-device usb-redir,id=camera0", for a shell. */
static char *option_text(const struct option *option)
{
    g_autoptr(GString) value = g_string_new(NULL);
    for (guint i = 0; i < option->settings->len; i++) {
        const struct setting *setting = &g_array_index(option->settings, struct setting, i);
        g_autofree char *quoted = vm_quote_option(setting->value);
        g_string_append_printf(value, "%s%s%s%s", i ? "," : "", setting->key ? setting->key : "",
                               setting->key ? "=" : "", quoted);
    }
    g_autofree char *quoted = vm_quote_shell(value->str);
    return option->settings->len ? g_strdup_printf("-%s %s", option->name, quoted)
                                 : g_strdup_printf("-%s", option->name);
}

/* labelled: each comment says what it is about, since that is not the next line. */
static void add_comments(GString *out, const GArray *comments, const char *indent,
                         gboolean labelled)
{
    for (guint i = 0; i < comments->len; i++) {
        const struct comment *comment = &g_array_index(comments, struct comment, i);
        gboolean label = comment->label && (labelled || comment->part);
        g_autofree char *next = g_strdup_printf("\n%s# ", indent);
        g_auto(GStrv) lines = g_strsplit(comment->text, "\n", -1);
        g_autofree char *text = g_strjoinv(next, lines);
        g_string_append_printf(out, "%s# %s%s%s\n", indent, label ? comment->label : "",
                               label ? ": " : "", text);
    }
}

static void add_head(GString *out, const struct machine *machine)
{
    g_string_append_printf(out,
                           "# %s in QEMU, with a port for a camera. Made by camredir vm args.\n",
                           machine->choice->title);
}

static void add_setups(GString *out, const struct machine *machine, const char *indent)
{
    for (guint i = 0; i < machine->setups->len; i++)
        g_string_append_printf(out, "%s%s\n", indent, (char *)machine->setups->pdata[i]);
}

static void add_share(GString *out, const struct machine *machine)
{
    g_autoptr(GPtrArray) commands = vm_choice_shares(machine->choice);
    g_string_append_printf(out, "#\n# Once it runs, this brings %s in:\n",
                           machine->choice->cameras->len > 1 ? "cameras" : "the camera");
    for (guint i = 0; i < commands->len; i++)
        g_string_append_printf(out, "#     %s\n", (char *)commands->pdata[i]);
}

/* ---- The forms ---- */

char *vm_qemu_command(const struct vm_choice *choice)
{
    struct machine machine;
    machine_init(&machine, choice);
    GString *out = g_string_new(NULL);
    add_head(out, &machine);
    g_string_append(out, "#\n");
    for (guint i = 0; i < machine.options->len; i++)
        add_comments(out, option_at(&machine, i)->comments, "", TRUE);
    add_comments(out, machine.comments, "", TRUE);
    add_setups(out, &machine, "");
    g_string_append(out, PROGRAM);
    for (guint i = 0; i < machine.options->len; i++) {
        g_autofree char *text = option_text(option_at(&machine, i));
        g_string_append_printf(out, " \\\n    %s", text);
    }
    g_string_append_c(out, '\n');
    add_share(out, &machine);
    machine_clear(&machine);
    return g_string_free(out, FALSE);
}

char *vm_qemu_script(const struct vm_choice *choice)
{
    struct machine machine;
    machine_init(&machine, choice);
    GString *out = g_string_new("#!/usr/bin/env bash\n");
    add_head(out, &machine);
    g_string_append(out, "# Options given to this script are QEMU's too.\nset -eu\n");
    add_setups(out, &machine, "");
    g_string_append(out, "options=(\n");
    for (guint i = 0; i < machine.options->len; i++) {
        g_autofree char *text = option_text(option_at(&machine, i));
        add_comments(out, option_at(&machine, i)->comments, "    ", FALSE);
        g_string_append_printf(out, "    %s\n", text);
    }
    add_comments(out, machine.comments, "    ", FALSE);
    g_string_append(out, ")\nexec " PROGRAM " \"${options[@]}\" \"$@\"\n");
    add_share(out, &machine);
    machine_clear(&machine);
    return g_string_free(out, FALSE);
}

/* QEMU's options that a file for -readconfig can hold, and the key that goes without saying on the
   command line alone. */
static const struct {
    const char *option, *group, *key;
} config_groups[] = {
    {"name", "name", "guest"},         {"machine", "machine", "type"},
    {"accel", "accel", "accel"},       {"m", "memory", "size"},
    {"smp", "smp-opts", "cpus"},       {"rtc", "rtc", NULL},
    {"global", "global", NULL},        {"drive", "drive", NULL},
    {"chardev", "chardev", "backend"}, {"tpmdev", "tpmdev", "type"},
    {"device", "device", "driver"},    {"netdev", "netdev", "type"},
    {"object", "object", "qom-type"},  {"spice", "spice", NULL},
};

/* Such a file has no way to say a quotation mark or the end of a line. NULL: not there. */
static char *config_text(const struct option *option)
{
    guint g = 0;
    while (g < G_N_ELEMENTS(config_groups) && strcmp(config_groups[g].option, option->name) != 0)
        g++;
    if (g == G_N_ELEMENTS(config_groups))
        return NULL;
    g_autoptr(GString) lines = g_string_new(NULL);
    const char *id = NULL;
    for (guint i = 0; i < option->settings->len; i++) {
        const struct setting *setting = &g_array_index(option->settings, struct setting, i);
        const char *key = setting->key ? setting->key : config_groups[g].key;
        if (strpbrk(setting->value, "\"\n"))
            return NULL;
        if (strcmp(key, "id") == 0)
            id = setting->value;
        else
            g_string_append_printf(lines, "  %s = \"%s\"\n", key, setting->value);
    }
    return id ? g_strdup_printf("[%s \"%s\"]\n%s", config_groups[g].group, id, lines->str)
              : g_strdup_printf("[%s]\n%s", config_groups[g].group, lines->str);
}

#define REST "#$ "

char *vm_qemu_config(const struct vm_choice *choice)
{
    struct machine machine;
    machine_init(&machine, choice);
    GString *out = g_string_new(NULL), *file = g_string_new(NULL);
    const char *name = g_hash_table_lookup(choice->texts, "name");
    add_head(out, &machine);
    g_string_append_printf(out,
                           "# Save it as %s.cfg. What such a file cannot hold is in the lines with "
                           "a dollar, which this runs:\n"
                           "#     bash <(sed -n 's/^#[$] //p' %s.cfg)\n#\n",
                           name, name);
    add_setups(out, &machine, REST);
    g_string_append_printf(out, REST PROGRAM " -readconfig %s.cfg", name);
    for (guint i = 0; i < machine.options->len; i++) {
        const struct option *option = option_at(&machine, i);
        g_autofree char *group = config_text(option), *text = option_text(option);
        GString *part = group ? file : out;
        g_string_append(part, group ? "\n" : " \\\n");
        add_comments(part, option->comments, "", FALSE);
        g_string_append_printf(part, group ? "%s" : REST "    %s", group ? group : text);
    }
    g_string_append_c(out, '\n');
    g_string_append(out, file->str);
    add_comments(out, machine.comments, "", FALSE);
    add_share(out, &machine);
    g_string_free(file, TRUE);
    machine_clear(&machine);
    return g_string_free(out, FALSE);
}
