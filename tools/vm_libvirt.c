/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual machine as libvirt is told of it: the table's rows become elements of a domain. */
#include "tools/vm_libvirt.h"

#include <string.h>

#include "tools/vm_table.h"
#include "tools/vm_text.h"

struct domain {
    const struct vm_choice *choice;
    gboolean camera_only;
    GPtrArray *places[VM_N_PLACES]; /* elements and comments, without their indentation */
    GPtrArray *comments;            /* of the element that comes next */
};

/* What is around the elements of a place, and the place whose elements follow inside it. */
static const struct {
    const char *open, *close;
    enum vm_place inner;
} frames[VM_N_PLACES] = {
    [VM_IN_FEATURES] = {"<features>", "</features>", VM_IN_HYPERV},
    [VM_IN_HYPERV] = {"<hyperv mode='custom'>", "</hyperv>", 0},
    [VM_IN_CLOCK] = {"<clock offset='{clock}'>", "</clock>", 0},
    [VM_IN_DEVICES] = {"<devices>", "</devices>", 0},
    [VM_IN_ARGUMENTS] = {"<qemu:commandline>", "</qemu:commandline>", 0},
};
static const enum vm_place outer[] = {VM_IN_DOMAIN, VM_IN_FEATURES, VM_IN_CLOCK, VM_IN_DEVICES,
                                      VM_IN_ARGUMENTS};

/* ---- From rows to elements ---- */

/* XML has no two dashes in a comment; a shell that reads the line puts these together again. */
static char *comment_text(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "--", -1);
    g_autofree char *joined = g_strjoinv("-''-", parts);
    return g_strdup_printf("<!-- %s -->", joined);
}

static void add_element(struct domain *domain, GPtrArray *place, char *element)
{
    for (guint i = 0; i < domain->comments->len; i++)
        g_ptr_array_add(place, g_strdup(domain->comments->pdata[i]));
    g_ptr_array_set_size(domain->comments, 0);
    g_ptr_array_add(place, element);
}

static void add_argument(struct domain *domain, GPtrArray *place, const char *argument)
{
    g_autofree char *quoted = vm_quote_xml(argument);
    add_element(domain, place, g_strdup_printf("<qemu:arg value='%s'/>", quoted));
}

static void add_arguments(struct domain *domain, const struct vm_row *row, GHashTable *camera)
{
    GPtrArray *place = domain->places[VM_IN_ARGUMENTS];
    g_autofree char *option = g_strconcat("-", row->option, NULL);
    g_autofree char *value = vm_fill(row->value, domain->choice->texts, camera, vm_quote_option);
    add_argument(domain, place, option);
    add_argument(domain, place, value);
}

static void add_row(void *user, const struct vm_row *row, GHashTable *camera)
{
    struct domain *domain = user;
    gboolean alone = !row->option && !row->value && !row->xml;
    if ((domain->camera_only && !row->camera) ||
        !(alone || row->xml || row->place == VM_IN_ARGUMENTS))
        return;
    if (row->why) {
        g_autofree char *why = vm_fill(row->why, domain->choice->texts, camera, vm_quote_shell);
        g_ptr_array_add(domain->comments, comment_text(why));
    }
    if (alone)
        return;
    if (!row->xml) {
        add_arguments(domain, row, camera);
        return;
    }
    GPtrArray *place = domain->places[row->place];
    char *xml = vm_fill(row->xml, domain->choice->texts, camera, vm_quote_xml);
    if (*xml == '+') {
        g_autofree char *begun = g_ptr_array_steal_index(place, place->len - 1);
        g_autofree char *rest = xml;
        xml = g_strconcat(begun, rest + 1, NULL);
    }
    add_element(domain, place, xml);
}

/* ---- From elements to text ---- */

static gboolean is_empty(const struct domain *domain, enum vm_place place)
{
    enum vm_place inner = frames[place].inner;
    return domain->places[place]->len == 0 && (!inner || is_empty(domain, inner));
}

static void add_line(GString *out, guint depth, const char *text)
{
    g_string_append_printf(out, "%*s%s\n", (int)depth * 2, "", text);
}

static void add_place(GString *out, const struct domain *domain, enum vm_place place, guint depth)
{
    if (is_empty(domain, place))
        return;
    guint inside = depth + (frames[place].open != NULL);
    if (frames[place].open) {
        g_autofree char *open =
            vm_fill(frames[place].open, domain->choice->texts, domain->choice->texts, NULL);
        add_line(out, depth, open);
    }
    for (guint i = 0; i < domain->places[place]->len; i++)
        add_line(out, inside, domain->places[place]->pdata[i]);
    if (frames[place].inner)
        add_place(out, domain, frames[place].inner, inside);
    if (frames[place].close)
        add_line(out, depth, frames[place].close);
}

/* The command in an instruction, where two dashes may stand. */
static void add_share(GString *out, const struct vm_choice *choice)
{
    g_autoptr(GPtrArray) commands = vm_choice_shares(choice);
    g_string_append_printf(out, "<!-- Once it runs, this brings %s in: -->\n",
                           choice->cameras->len > 1 ? "cameras" : "the camera");
    for (guint i = 0; i < commands->len; i++)
        g_string_append_printf(out, "<?run %s?>\n", (char *)commands->pdata[i]);
}

static void add_head(GString *out, const struct domain *domain)
{
    const char *type = g_hash_table_lookup(domain->choice->texts, "domain");
    g_string_append_printf(out,
                           "<!-- %s, with a port for a camera. Made by camredir vm libvirt. -->\n",
                           domain->choice->title);
    if (domain->camera_only)
        g_string_append(out,
                        "<!-- To be added to a domain by virsh edit; a controller takes the place "
                        "of the one with its index. -->\n");
    g_string_append_printf(out, "<domain type='%s'%s>\n", type,
                           is_empty(domain, VM_IN_ARGUMENTS)
                               ? ""
                               : " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'");
}

char *vm_libvirt(const struct vm_choice *choice, gboolean camera_only)
{
    struct domain domain = {.choice = choice,
                            .camera_only = camera_only,
                            .comments = g_ptr_array_new_with_free_func(g_free)};
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < VM_N_PLACES; i++)
        domain.places[i] = g_ptr_array_new_with_free_func(g_free);
    vm_rows_walk(choice, add_row, &domain);
    add_head(out, &domain);
    for (guint i = 0; i < G_N_ELEMENTS(outer); i++)
        add_place(out, &domain, outer[i], 1);
    g_string_append(out, "</domain>\n");
    add_share(out, choice);
    for (guint i = 0; i < VM_N_PLACES; i++)
        g_ptr_array_unref(domain.places[i]);
    g_ptr_array_unref(domain.comments);
    return g_string_free(out, FALSE);
}
