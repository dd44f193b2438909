/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of files, and what has been seen of other queues. */
#include "tools/fuzz/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/fuzz/put.h"

#define NAME_BYTES 200 /* of a file: file systems take 255 */

typedef struct {
    char *path, *origin;
} Foreign;

struct FuzzCorpus {
    char *dir, *name, *folder;
    int lock;
    GPtrArray *entries;   /* of FuzzEntry */
    GPtrArray *seeds;     /* those of them, borrowed */
    GHashTable *features; /* seen */
    GHashTable *foreign;  /* name of another queue to the next id that is not known of it */
    GQueue waiting;       /* of Foreign */
    guint next_id;
};

static void entry_free(gpointer data)
{
    FuzzEntry *entry = data;

    g_free(entry->name);
    fuzz_case_free(entry->fuzz_case);
    g_free(entry);
}

static void foreign_free(gpointer data)
{
    Foreign *foreign = data;

    g_free(foreign->path);
    g_free(foreign->origin);
    g_free(foreign);
}

/* ---- Files ---- */

static gboolean put_file(const FuzzCorpus *corpus, const char *folder, const char *name,
                         gconstpointer bytes, gsize size, GError **error)
{
    g_autofree char *path = g_build_filename(corpus->folder, folder, NULL);
    return fuzz_put_file(path, name, bytes, size, error);
}

static gboolean parse_id(const char *name, guint *ret_id)
{
    char *end;

    if (!g_str_has_prefix(name, "id:"))
        return FALSE;
    guint64 id = g_ascii_strtoull(name + strlen("id:"), &end, 10);
    *ret_id = (guint)id;
    return end > name + strlen("id:") && id < G_MAXINT && (*end == ',' || *end == '\0');
}

/* Names of a queue's files, in the order of their ids; others' files may be among them. */
static GPtrArray *list_queue(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "queue", NULL);
    return fuzz_list_folder(path, NULL);
}

/* ---- Opening ---- */

static void see_features(FuzzCorpus *corpus, const guint32 *features, gsize n)
{
    for (gsize i = 0; i < n; i++)
        g_hash_table_add(corpus->features, GUINT_TO_POINTER(features[i]));
}

static void load_features(FuzzCorpus *corpus, const char *name)
{
    gsize size;
    g_autofree char *path = g_build_filename(corpus->folder, "features", name, NULL);
    g_autofree char *bytes = fuzz_read_file(path, FUZZ_MOST_TEXT, &size, NULL);

    if (bytes)
        see_features(corpus, (const guint32 *)(gconstpointer)bytes, size / sizeof(guint32));
}

static void append_entry(FuzzCorpus *corpus, guint id, const char *name, FuzzCase *fuzz_case)
{
    FuzzEntry *entry = g_new0(FuzzEntry, 1);

    entry->id = id;
    entry->name = g_strdup(name);
    entry->fuzz_case = fuzz_case;
    entry->seed = strstr(name, ",orig:") != NULL;
    g_ptr_array_add(corpus->entries, entry);
    if (entry->seed)
        g_ptr_array_add(corpus->seeds, entry);
    corpus->next_id = MAX(corpus->next_id, id + 1);
}

static void load_queue(FuzzCorpus *corpus)
{
    g_autoptr(GPtrArray) names = list_queue(corpus->folder);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(corpus->folder, "queue", names->pdata[i], NULL);
        FuzzCase *fuzz_case = fuzz_case_read(path, NULL); /* it may be none of ours */
        guint id;
        if (fuzz_case == NULL || !parse_id(names->pdata[i], &id)) {
            fuzz_case_free(fuzz_case);
            continue;
        }
        append_entry(corpus, id, names->pdata[i], fuzz_case);
        load_features(corpus, names->pdata[i]);
    }
}

static const char *const subfolders[] = {"", "queue", "features", ".synced"};

static gboolean make_folders(FuzzCorpus *corpus, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(subfolders); i++) {
        g_autofree char *path = g_build_filename(corpus->folder, subfolders[i], NULL);
        if (g_mkdir_with_parents(path, 0755) != 0) {
            g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                        "%s: cannot be made: %s", path, g_strerror(errno));
            return FALSE;
        }
    }
    return TRUE;
}

/* Once they are ours. */
static void clean_folders(const FuzzCorpus *corpus)
{
    for (gsize i = 0; i < G_N_ELEMENTS(subfolders); i++) {
        g_autofree char *path = g_build_filename(corpus->folder, subfolders[i], NULL);
        fuzz_remove_begun(path);
    }
}

/* A lock of this process alone: what it forks must not hold it longer. */
static gboolean lock_folder(FuzzCorpus *corpus, GError **error)
{
    g_autofree char *path = g_build_filename(corpus->folder, ".lock", NULL);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    corpus->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (corpus->lock >= 0 && fcntl(corpus->lock, F_SETLK, &lock) == 0)
        return TRUE;
    if (corpus->lock >= 0 && (errno == EAGAIN || errno == EACCES))
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                    "%s: another process is writing there: take another --name", corpus->folder);
    else
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                    "%s: cannot be locked: %s", path, g_strerror(errno));
    return FALSE;
}

FuzzCorpus *fuzz_corpus_open(const char *dir, const char *name, GError **error)
{
    g_autoptr(FuzzCorpus) corpus = g_new0(FuzzCorpus, 1);

    corpus->dir = g_strdup(dir);
    corpus->name = g_strdup(name);
    corpus->folder = g_build_filename(dir, name, NULL);
    corpus->lock = -1;
    corpus->entries = g_ptr_array_new_with_free_func(entry_free);
    corpus->seeds = g_ptr_array_new();
    corpus->features = g_hash_table_new(NULL, NULL);
    corpus->foreign = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_queue_init(&corpus->waiting);
    if (!make_folders(corpus, error) || !lock_folder(corpus, error))
        return NULL;
    clean_folders(corpus);
    load_queue(corpus);
    return g_steal_pointer(&corpus);
}

void fuzz_corpus_free(FuzzCorpus *corpus)
{
    if (corpus == NULL)
        return;
    if (corpus->lock >= 0)
        close(corpus->lock);
    g_queue_clear_full(&corpus->waiting, foreign_free);
    g_hash_table_unref(corpus->foreign);
    g_hash_table_unref(corpus->features);
    g_ptr_array_unref(corpus->seeds);
    g_ptr_array_unref(corpus->entries);
    g_free(corpus->folder);
    g_free(corpus->name);
    g_free(corpus->dir);
    g_free(corpus);
}

const char *fuzz_corpus_folder(const FuzzCorpus *corpus)
{
    return corpus->folder;
}

char *fuzz_corpus_read_stats(const FuzzCorpus *corpus)
{
    g_autofree char *path = g_build_filename(corpus->folder, "fuzzer_stats", NULL);
    char *text = fuzz_read_file(path, FUZZ_MOST_TEXT, NULL, NULL);
    return text ? text : g_strdup("");
}

gboolean fuzz_corpus_write_stats(const FuzzCorpus *corpus, const char *text, GError **error)
{
    return put_file(corpus, "", "fuzzer_stats", text, strlen(text), error);
}

char *fuzz_stats_value(const char *stats, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(stats, "\n", -1);
    g_autofree char *prefix = g_strdup_printf("%s : ", key);

    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, prefix))
            return g_strdup(*line + strlen(prefix));
    return NULL;
}

/* ---- Entries ---- */

guint fuzz_corpus_size(const FuzzCorpus *corpus)
{
    return corpus->entries->len;
}

FuzzEntry *fuzz_corpus_at(const FuzzCorpus *corpus, guint i)
{
    return corpus->entries->pdata[i];
}

char *fuzz_seed_origin(const char *name)
{
    char *origin = g_strdup_printf("orig:%.*s", NAME_BYTES / 2, name);
    return g_strdelimit(origin, "/,\n", '_');
}

gboolean fuzz_corpus_has_seed(const FuzzCorpus *corpus, const char *name)
{
    g_autofree char *origin = fuzz_seed_origin(name);

    for (guint i = 0; i < corpus->seeds->len; i++)
        if (g_str_has_suffix(((FuzzEntry *)corpus->seeds->pdata[i])->name, origin))
            return TRUE;
    return FALSE;
}

guint fuzz_corpus_n_features(const FuzzCorpus *corpus)
{
    return g_hash_table_size(corpus->features);
}

void fuzz_corpus_each_feature(const FuzzCorpus *corpus,
                              void (*each)(guint32 feature, gpointer user), gpointer user)
{
    GHashTableIter iter;
    gpointer feature;

    g_hash_table_iter_init(&iter, corpus->features);
    while (g_hash_table_iter_next(&iter, &feature, NULL))
        each(GPOINTER_TO_UINT(feature), user);
}

guint fuzz_corpus_count_new(const FuzzCorpus *corpus, const GArray *features)
{
    guint n = 0;

    for (guint i = 0; i < features->len; i++)
        n += !g_hash_table_contains(corpus->features,
                                    GUINT_TO_POINTER(g_array_index(features, guint32, i)));
    return n;
}

/* The features first: an entry is known together with them, or not at all. */
gboolean fuzz_corpus_add(FuzzCorpus *corpus, const FuzzCase *fuzz_case, const char *origin,
                         const GArray *features, GError **error)
{
    g_autoptr(GBytes) bytes = fuzz_case_pack(fuzz_case);
    g_autofree char *name = g_strdup_printf("id:%06u,%.*s", corpus->next_id, NAME_BYTES, origin);

    if (!put_file(corpus, "features", name, features->data, features->len * sizeof(guint32),
                  error) ||
        !put_file(corpus, "queue", name, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                  error))
        return FALSE;
    see_features(corpus, (const guint32 *)(gconstpointer)features->data, features->len);
    append_entry(corpus, corpus->next_id, name, fuzz_case_copy(fuzz_case));
    return TRUE;
}

FuzzEntry *fuzz_corpus_pick_seed(FuzzCorpus *corpus, FuzzRandom *random)
{
    return corpus->seeds->pdata[fuzz_random_below(random, corpus->seeds->len)];
}

FuzzEntry *fuzz_corpus_pick(FuzzCorpus *corpus, FuzzRandom *random)
{
    FuzzEntry *best = NULL;

    if (corpus->seeds->len && fuzz_random_below(random, 2))
        best = fuzz_corpus_pick_seed(corpus, random);
    for (guint i = 0; best == NULL || (!best->seed && i < 3); i++) {
        FuzzEntry *entry = corpus->entries->pdata[fuzz_random_below(random, corpus->entries->len)];
        if (best == NULL || entry->picks < best->picks)
            best = entry;
    }
    best->picks++;
    return best;
}

/* ---- Others' queues ---- */

static char *synced_path(const FuzzCorpus *corpus, const char *name)
{
    return g_build_filename(corpus->folder, ".synced", name, NULL);
}

/* The next id that is not known. */
static guint synced(FuzzCorpus *corpus, const char *name)
{
    gpointer next;
    g_autofree char *path = synced_path(corpus, name), *text = NULL;

    if (g_hash_table_lookup_extended(corpus->foreign, name, NULL, &next))
        return GPOINTER_TO_UINT(next);
    text = fuzz_read_file(path, FUZZ_MOST_TEXT, NULL, NULL);
    return text ? (guint)g_ascii_strtoull(text, NULL, 10) : 0;
}

static void scan_queue(FuzzCorpus *corpus, const char *name)
{
    g_autofree char *folder = g_build_filename(corpus->dir, name, NULL);
    g_autoptr(GPtrArray) names = list_queue(folder);
    guint next = synced(corpus, name), id;

    for (guint i = 0; i < names->len; i++) {
        if (!parse_id(names->pdata[i], &id) || id < next)
            continue;
        Foreign *foreign = g_new0(Foreign, 1);
        foreign->path = g_build_filename(folder, "queue", names->pdata[i], NULL);
        foreign->origin = g_strdup_printf("sync:%.*s,src:%06u", NAME_BYTES / 2, name, id);
        g_queue_push_tail(&corpus->waiting, foreign);
        next = id + 1;
    }
    g_hash_table_insert(corpus->foreign, g_strdup(name), GUINT_TO_POINTER(next));
}

void fuzz_corpus_scan(FuzzCorpus *corpus)
{
    g_autoptr(GPtrArray) names = fuzz_list_folder(corpus->dir, NULL);

    for (guint i = 0; i < names->len; i++)
        if (strcmp(names->pdata[i], corpus->name) != 0)
            scan_queue(corpus, names->pdata[i]);
}

/* So far, for the next start; what is lost with it is only looked at again. */
static void note_synced(FuzzCorpus *corpus)
{
    GHashTableIter iter;
    gpointer name, next;

    g_hash_table_iter_init(&iter, corpus->foreign);
    while (g_hash_table_iter_next(&iter, &name, &next))
        if (GPOINTER_TO_UINT(next) > 0) {
            g_autofree char *text = g_strdup_printf("%u\n", GPOINTER_TO_UINT(next));
            put_file(corpus, ".synced", name, text, strlen(text), NULL);
        }
}

FuzzCase *fuzz_corpus_next_foreign(FuzzCorpus *corpus, char **ret_origin)
{
    FuzzCase *fuzz_case = NULL;
    Foreign *foreign;

    while (fuzz_case == NULL && (foreign = g_queue_pop_head(&corpus->waiting))) {
        fuzz_case = fuzz_case_read(foreign->path, NULL);
        if (fuzz_case)
            *ret_origin = g_steal_pointer(&foreign->origin);
        foreign_free(foreign);
        if (g_queue_is_empty(&corpus->waiting))
            note_synced(corpus);
    }
    return fuzz_case;
}
