/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes and reads a finding's folder. The title in report.md's first line is its identity, and the
   place where it came out. */
#include "tools/fuzz/report.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "descriptors/json.h"
#include "tools/fuzz/minimise.h"
#include "tools/fuzz/put.h"

#define NAME_BYTES     80
#define MOST_PLACES    8   /* of one title */
#define MOST_WITHDRAWN 100 /* the same */
#define WRITTEN_S      10  /* a report takes no longer */
#define REPORT         "report.md"

static const char *const verdict_words[] = {
    [FUZZ_FINE] = "nothing",
    [FUZZ_CONSOLE] = "the guest's kernel said so on its console",
    [FUZZ_HANG] = "no progress while there should be some",
    [FUZZ_REBOOT] = "the guest started again",
    [FUZZ_DIED] = "the process died",
    [FUZZ_GREW] = "memory grew",
};

/* ---- Names ---- */

static GString *words_of(const char *title)
{
    GString *name = g_string_new(NULL);

    for (const char *c = title; *c && name->len < NAME_BYTES; c++)
        if (g_ascii_isalnum(*c))
            g_string_append_c(name, *c);
        else if (name->len && name->str[name->len - 1] != '-')
            g_string_append_c(name, '-');
    return name;
}

/* A hash tells apart what is cut, or differs in signs alone. */
char *fuzz_safe_name(const char *title)
{
    GString *name = words_of(title);

    g_string_append_printf(name, "%s%08x", name->len && name->str[name->len - 1] != '-' ? "-" : "",
                           g_str_hash(title));
    return g_string_free(name, FALSE);
}

#define AT " at "

/* The title has the function's name: what the place has beside it is where in that. */
static char *folder_of(const char *dir, const char *title, const char *place)
{
    const char *within = place ? strchr(place, '+') : NULL;
    g_autofree char *whole = g_strconcat(title, within ? AT : NULL, within, NULL);
    g_autofree char *name = fuzz_safe_name(whole);

    return g_build_filename(dir, "findings", name, NULL);
}

static gboolean has_report(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, REPORT, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

gboolean fuzz_report_exists(const char *dir, const char *title, const char *place)
{
    g_autofree char *folder = folder_of(dir, title, place);

    return has_report(folder);
}

/* Reports in folders whose names begin with words. */
static guint count_reports(const char *dir, const char *words)
{
    g_autofree char *all = g_build_filename(dir, "findings", NULL);
    g_autoptr(GPtrArray) names = fuzz_list_folder(all, NULL);
    guint n = 0;

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *folder = g_build_filename(all, names->pdata[i], NULL);
        n += g_str_has_prefix(names->pdata[i], words) && has_report(folder);
    }
    return n;
}

static guint count_places(const char *dir, const char *title)
{
    g_autofree char *begin = g_strconcat(title, AT, NULL);
    g_autoptr(GString) words = words_of(begin);

    return count_reports(dir, words->str);
}

/* By a process that was killed before it wrote a report. */
static gboolean is_abandoned(const char *folder)
{
    GStatBuf st;

    return !has_report(folder) && g_stat(folder, &st) == 0 &&
           st.st_mtime + WRITTEN_S < g_get_real_time() / G_USEC_PER_SEC;
}

gboolean fuzz_report_claim(const char *dir, const char *title, const char *place, char **ret_folder)
{
    g_autofree char *all = g_build_filename(dir, "findings", NULL);
    g_autofree char *folder = folder_of(dir, title, place);

    if (place && count_places(dir, title) >= MOST_PLACES)
        return FALSE;
    g_mkdir_with_parents(all, 0755);
    if (g_mkdir(folder, 0755) != 0 && !is_abandoned(folder))
        return FALSE;
    *ret_folder = g_steal_pointer(&folder);
    return TRUE;
}

/* In the command that shows it again. */
static void name_anew(const char *folder, const char *was)
{
    g_autofree char *path = g_build_filename(folder, REPORT, NULL);
    g_autofree char *from = g_shell_quote(was), *to = g_shell_quote(folder);
    char *text = fuzz_read_file(path, FUZZ_MOST_TEXT, NULL, NULL);
    g_autoptr(GString) report = g_string_new(text);

    g_string_replace(report, from, to, 0);
    if (text)
        fuzz_put_file(folder, REPORT, report->str, report->len, NULL);
    g_free(text);
}

char *fuzz_report_withdraw(const char *dir, const char *folder)
{
    g_autofree char *all = g_build_filename(dir, "not-again", NULL);
    g_autofree char *base = g_path_get_basename(folder);

    g_mkdir_with_parents(all, 0755);
    for (guint i = 1; i <= MOST_WITHDRAWN; i++) {
        g_autofree char *name = g_strdup_printf("%s-%u", base, i);
        char *to = g_build_filename(all, name, NULL);
        if (g_rename(folder, to) == 0) {
            name_anew(to, folder);
            return to;
        }
        g_free(to);
    }
    return NULL;
}

guint fuzz_report_count(const char *dir)
{
    return count_reports(dir, "");
}

gint64 fuzz_report_last(const char *dir)
{
    g_autofree char *all = g_build_filename(dir, "findings", NULL);
    GStatBuf st;

    return g_stat(all, &st) == 0 ? st.st_mtime : 0;
}

#define TITLE    "# "
#define WHERE    "\n- Where: "
#define TARGET   "\n- Target: "
#define FOUND_BY "- Found by: case "

/* ---- Writing ---- */

static void append(void *user, const char *text, size_t len)
{
    g_string_append_len(user, text, (gssize)len);
}

static GString *json_of(GBytes *descriptors)
{
    GString *json = g_string_new(NULL);
    const struct desc_sink sink = {append, json};
    struct desc_tree *tree = fuzz_parse_tree(descriptors);

    desc_json_write(desc_tree_root(tree), 0, &sink);
    desc_tree_free(tree);
    return json;
}

static void say_changes(GString *text, const FuzzFinding *finding)
{
    const FuzzDiff *diff = finding->diff;
    guint n = fuzz_count_kept(diff, finding->kept);

    g_string_append_printf(text, "\n## How it differs from the valid camera `%s`\n\n",
                           finding->valid);
    if (n == 0)
        g_string_append(text, "Not at all.\n");
    else
        g_string_append_printf(text,
                               "In %u place%s; lengths, counts and totals that follow from "
                               "them are not listed.\n\n",
                               n, n == 1 ? "" : "s");
    gboolean used = FALSE;
    for (guint i = 0; i < fuzz_diff_size(diff); i++)
        if (finding->kept[i] && fuzz_diff_is_use(diff, i))
            used = TRUE;
        else if (finding->kept[i]) {
            g_autofree char *words = fuzz_diff_line(diff, finding->kept, &i);
            g_string_append_printf(text, "- %s\n", words);
        }
    if (used)
        g_string_append_printf(text, "\nMeanwhile, %s.\n",
                               fuzz_fault_texts[FUZZ_FAULT_STREAM].what);
}

static void say_replay(GString *text, const FuzzFinding *finding, const char *folder)
{
    g_autofree char *quoted = g_shell_quote(folder), *here = g_get_current_dir();

    g_string_append_printf(text, "\n## How to see it again\n\nIn `%s`:\n\n", here);
    g_string_append_printf(text, "    camredir fuzz --replay %s %s\n\n", quoted,
                           finding->options ? finding->options : "--target self");
    if (finding->before)
        g_string_append_printf(text,
                               "It needs cases before it: the %u in `before/` are shown first, in "
                               "the order of their names.\n\n",
                               finding->before->len);
    if (finding->beside)
        g_string_append_printf(text,
                               "It was found with %u cameras at once: those in `beside/` are "
                               "plugged in together with it.\n\n",
                               finding->beside->len + 1);
    if (finding->replays)
        g_string_append_printf(text, "When it was found, this showed it %u of %u times.\n",
                               finding->shown, finding->replays);
    else
        g_string_append(text, "It was not tried again.\n");
    g_string_append(text,
                    "\n`case.bin` is the whole case: the bytes of the descriptors, and behind them "
                    "a descriptor for\neach thing that the device does wrong besides. "
                    "`descriptors.bin` and `descriptors.json` are the\ndescriptors alone.\n");
}

static GString *report_text(const FuzzFinding *finding, const char *folder)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, TITLE "%s\n\n", finding->title);
    g_string_append_printf(text,
                           "- What: %s%s%s" TARGET "%s\n" FOUND_BY "%" G_GUINT64_FORMAT
                           " of seed %" G_GUINT64_FORMAT "\n",
                           verdict_words[finding->verdict], finding->place ? WHERE : "",
                           finding->place ? finding->place : "", finding->target, finding->number,
                           finding->seed);
    say_changes(text, finding);
    say_replay(text, finding, folder);
    if (finding->console && *finding->console)
        g_string_append_printf(text, "\n## What was printed\n\n`console.log` has %zu bytes.\n",
                               strlen(finding->console));
    return text;
}

/* The folders of other cases that a finding needs. */
#define BEFORE "before"
#define BESIDE "beside"

static gboolean put_case(const char *folder, const char *name, const FuzzCase *fuzz_case,
                         GError **error)
{
    g_autoptr(GBytes) packed = fuzz_case_pack(fuzz_case);

    return fuzz_put_file(folder, name, g_bytes_get_data(packed, NULL), g_bytes_get_size(packed),
                         error);
}

static gboolean put_others(const char *folder, const char *which, const GPtrArray *others,
                           GError **error)
{
    g_autofree char *path = g_build_filename(folder, which, NULL);

    if (others)
        g_mkdir_with_parents(path, 0755); /* where it cannot be, the files say so */
    for (guint i = 0; others && i < others->len; i++) {
        g_autofree char *name = g_strdup_printf("%03u.bin", i);
        if (!put_case(path, name, others->pdata[i], error))
            return FALSE;
    }
    return TRUE;
}

gboolean fuzz_report_write(const char *folder, const FuzzFinding *finding, GError **error)
{
    g_autoptr(FuzzCase) fuzz_case = fuzz_diff_apply(finding->diff, finding->kept);
    g_autoptr(GString) json = json_of(fuzz_case->descriptors);
    g_autoptr(GString) text = report_text(finding, folder);
    const char *console = finding->console ? finding->console : "";

    return put_others(folder, BEFORE, finding->before, error) &&
           put_others(folder, BESIDE, finding->beside, error) &&
           put_case(folder, "case.bin", fuzz_case, error) &&
           fuzz_put_file(folder, "descriptors.bin", g_bytes_get_data(fuzz_case->descriptors, NULL),
                         g_bytes_get_size(fuzz_case->descriptors), error) &&
           fuzz_put_file(folder, "descriptors.json", json->str, json->len, error) &&
           fuzz_put_file(folder, "console.log", console, strlen(console), error) &&
           fuzz_put_file(folder, REPORT, text->str, text->len, error);
}

/* ---- Reading ---- */

static gboolean read_others(const char *folder, const char *which, GPtrArray **ret_others,
                            GError **error)
{
    g_autoptr(GPtrArray) others = g_ptr_array_new_with_free_func((GDestroyNotify)fuzz_case_free);
    g_autofree char *path = g_build_filename(folder, which, NULL);
    g_autoptr(GPtrArray) names = fuzz_list_folder(path, NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = g_build_filename(path, names->pdata[i], NULL);
        FuzzCase *fuzz_case = fuzz_case_read(name, error);
        if (!fuzz_case)
            return FALSE;
        g_ptr_array_add(others, fuzz_case);
    }
    *ret_others = g_steal_pointer(&others);
    return TRUE;
}

/* The rest of the line behind key; NULL: there is none such. */
static char *line_of(const char *text, const char *key)
{
    const char *found = strstr(text, key);

    return found ? g_strndup(found + strlen(key), strcspn(found + strlen(key), "\n")) : NULL;
}

char *fuzz_report_headline(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, REPORT, NULL);
    g_autofree char *text = fuzz_read_file(path, FUZZ_MOST_TEXT, NULL, NULL);

    if (!text || !g_str_has_prefix(text, TITLE))
        return NULL;
    g_autofree char *title = line_of(text, TITLE), *place = line_of(text, WHERE);
    return place ? g_strdup_printf("%s (%s)", title, place) : g_steal_pointer(&title);
}

gboolean fuzz_report_read(const char *folder, FuzzReported *ret_reported, GError **error)
{
    g_autofree char *case_path = g_build_filename(folder, "case.bin", NULL);
    g_autofree char *report_path = g_build_filename(folder, REPORT, NULL);
    g_autoptr(FuzzCase) fuzz_case = fuzz_case_read(case_path, error);
    g_autofree char *text = NULL;
    g_autoptr(GPtrArray) before = NULL, beside = NULL;

    if (!fuzz_case || !(text = fuzz_read_file(report_path, FUZZ_MOST_TEXT, NULL, error))) {
        g_prefix_error(error, "%s: expected a folder below findings/ of a corpus: ", folder);
        return FALSE;
    }
    if (!g_str_has_prefix(text, TITLE)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s: its first line is no '" TITLE "TITLE'", report_path);
        return FALSE;
    }
    if (!read_others(folder, BEFORE, &before, error) ||
        !read_others(folder, BESIDE, &beside, error))
        return FALSE;
    *ret_reported = (FuzzReported){
        .fuzz_case = g_steal_pointer(&fuzz_case),
        .before = g_steal_pointer(&before),
        .beside = g_steal_pointer(&beside),
        .title = line_of(text, TITLE),
        .place = line_of(text, WHERE),
        .target = line_of(text, TARGET),
    };
    const char *found = strstr(text, FOUND_BY);
    if (found)
        sscanf(found + strlen(FOUND_BY), "%" G_GUINT64_FORMAT " of seed %" G_GUINT64_FORMAT,
               &ret_reported->number, &ret_reported->seed);
    return TRUE;
}

void fuzz_reported_clear(FuzzReported *reported)
{
    fuzz_case_free(reported->fuzz_case);
    g_clear_pointer(&reported->before, g_ptr_array_unref);
    g_clear_pointer(&reported->beside, g_ptr_array_unref);
    g_free(reported->title);
    g_free(reported->place);
    g_free(reported->target);
}
