/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz-kernel/buckets.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *what;
} readers[N_READERS] = {
#define READER(tag, name, what) {name, what},
#include "tests/fuzz-kernel/readers.def"
};

static const struct {
    guint reader;
    ReaderVerdict verdict;
    const char *rules, *says, *where, *why;
} reasons[] = {
#define REASON(tag, verdict, rules, says, where, why)                                              \
    {READER_##tag, READER_##verdict, rules, says, where, why},
#include "tests/fuzz-kernel/readers.def"
};
#define N_REASONS G_N_ELEMENTS(reasons)
#define AGREES    -1 /* instead of a reason's number */
#define UNKNOWN   -2

typedef struct {
    const struct desc_lint_rule *rule; /* NULL: the linter finds nothing worse than a note */
    char verdicts[N_READERS];
    int reasons[N_READERS];
    const Mutant *example; /* the first */
    guint n;
} Bucket;

struct Buckets {
    GHashTable *table; /* char * to Bucket */
    guint n;           /* cameras, those too on which all agree */
};

static const char *const words[] = {
    [READER_ACCEPTS] = "accepted",
    [READER_REFUSES] = "refused",
    [READER_CRASHES] = "**crashed**",
};

ReaderVerdict mutant_verdict(const Mutant *mutant)
{
    gboolean is_error = mutant->rule && mutant->rule->severity == DESC_ERROR;
    return is_error ? READER_REFUSES : READER_ACCEPTS;
}

Buckets *buckets_new(void)
{
    Buckets *buckets = g_new0(Buckets, 1);
    buckets->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return buckets;
}

void buckets_free(Buckets *buckets)
{
    if (!buckets)
        return;
    g_hash_table_unref(buckets->table);
    g_free(buckets);
}

static const char *rule_id(const struct desc_lint_rule *rule)
{
    return rule ? rule->id : "-";
}

/* ---- why ---- */

/* Is `word` one of the words of `list`, or is that "*"? */
static gboolean is_listed(const char *list, const char *word)
{
    g_auto(GStrv) entries = g_strsplit(list, " ", -1);
    return strcmp(list, "*") == 0 || g_strv_contains((const char *const *)entries, word);
}

/* Does it say one of `list`, or is that "*"? "-" is in no reader's words. */
static gboolean is_said(const char *list, const char *says)
{
    g_auto(GStrv) entries = g_strsplit(list, "|", -1);
    gboolean said = strcmp(list, "*") == 0;
    for (guint i = 0; entries[i] && !said; i++)
        said = strstr(says, entries[i]) != NULL;
    return said;
}

static int find_reason(const Mutant *mutant, guint reader, const Opinion *opinion)
{
    for (guint i = 0; i < N_REASONS; i++)
        if (reasons[i].reader == reader && reasons[i].verdict == (ReaderVerdict)opinion->verdict &&
            is_listed(reasons[i].rules, rule_id(mutant->rule)) &&
            is_said(reasons[i].says, opinion->says))
            return (int)i;
    return UNKNOWN;
}

static Bucket bucket_of(const Mutant *mutant, const Verdicts *verdicts)
{
    Bucket bucket = {.rule = mutant->rule, .example = mutant};

    for (guint i = 0; i < N_READERS; i++) {
        const Opinion *opinion = &verdicts->of[i];
        gboolean agrees = opinion->verdict == verdicts->of[READER_OURS].verdict;
        bucket.verdicts[i] = opinion->verdict;
        bucket.reasons[i] = agrees ? AGREES : find_reason(mutant, i, opinion);
    }
    return bucket;
}

void buckets_add(Buckets *buckets, const Mutant *mutant, const Verdicts *verdicts)
{
    Bucket is = bucket_of(mutant, verdicts);
    g_autoptr(GString) key = g_string_new(rule_id(mutant->rule));

    for (guint i = 0; i < N_READERS; i++)
        g_string_append_printf(key, " %c%d", is.verdicts[i], is.reasons[i]);
    Bucket *bucket = g_hash_table_lookup(buckets->table, key->str);
    if (!bucket) {
        bucket = g_memdup2(&is, sizeof is);
        g_hash_table_insert(buckets->table, g_strdup(key->str), bucket);
    }
    bucket->n++;
    buckets->n++;
}

static gboolean all_agree(const Bucket *bucket)
{
    for (guint i = 0; i < N_READERS; i++)
        if (bucket->reasons[i] != AGREES)
            return FALSE;
    return TRUE;
}

static gboolean is_explained(const Bucket *bucket)
{
    for (guint i = 0; i < N_READERS; i++)
        if (bucket->reasons[i] == UNKNOWN)
            return FALSE;
    return TRUE;
}

/* ---- as text ---- */

/* "uvcvideo 3", the third of this reader's reasons. */
static char *reason_name(guint reason)
{
    guint number = 1;
    for (guint i = 0; i < reason; i++)
        number += reasons[i].reader == reasons[reason].reader;
    return g_strdup_printf("%s %u", readers[reasons[reason].reader].name, number);
}

static gint by_size(gconstpointer a, gconstpointer b)
{
    const Bucket *x = *(Bucket *const *)a, *y = *(Bucket *const *)b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    int order = strcmp(rule_id(x->rule), rule_id(y->rule));
    order = order ? order : memcmp(x->verdicts, y->verdicts, sizeof x->verdicts);
    return order ? order : memcmp(x->reasons, y->reasons, sizeof x->reasons);
}

static GPtrArray *sorted(const Buckets *buckets)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer bucket;

    g_hash_table_iter_init(&iter, buckets->table);
    while (g_hash_table_iter_next(&iter, NULL, &bucket))
        g_ptr_array_add(list, bucket);
    g_ptr_array_sort(list, by_size);
    return list;
}

static void print_totals(const Buckets *buckets, GPtrArray *list)
{
    static const ReaderVerdict verdicts[] = {READER_ACCEPTS, READER_REFUSES, READER_CRASHES};
    guint counts[N_READERS][G_N_ELEMENTS(verdicts)] = {0}, n_agreed = 0, n_buckets = 0;

    for (guint b = 0; b < list->len; b++) {
        const Bucket *bucket = list->pdata[b];
        n_agreed += all_agree(bucket) ? bucket->n : 0;
        n_buckets += !all_agree(bucket);
        for (guint r = 0; r < N_READERS; r++)
            for (guint v = 0; v < G_N_ELEMENTS(verdicts); v++)
                counts[r][v] += bucket->verdicts[r] == (char)verdicts[v] ? bucket->n : 0;
    }
    printf("| reader | what it is here | accepted | refused | crashed |\n|---|---|---|---|---|\n");
    for (guint r = 0; r < N_READERS; r++)
        printf("| %s | %s | %u | %u | %u |\n", readers[r].name, readers[r].what, counts[r][0],
               counts[r][1], counts[r][2]);
    printf("\nOf %u cameras, all four say the same of %u. The other %u are in %u buckets.\n",
           buckets->n, n_agreed, buckets->n - n_agreed, n_buckets);
}

/* Those that hold for some camera, and for how many. */
static void print_reasons(GPtrArray *list)
{
    guint counts[N_REASONS] = {0};

    for (guint b = 0; b < list->len; b++) {
        const Bucket *bucket = list->pdata[b];
        for (guint r = 0; r < N_READERS; r++)
            if (bucket->reasons[r] >= 0)
                counts[bucket->reasons[r]] += bucket->n;
    }
    printf("\n## Reasons\n\n| reason | verdict | cameras | where in its source | why |\n"
           "|---|---|---|---|---|\n");
    for (guint i = 0; i < N_REASONS; i++) {
        g_autofree char *name = reason_name(i);
        if (counts[i])
            printf("| %s | %s | %u | %s | %s |\n", name, words[reasons[i].verdict], counts[i],
                   reasons[i].where, reasons[i].why);
    }
}

static void print_opinion(const Bucket *bucket, guint reader)
{
    int reason = bucket->reasons[reader];
    g_autofree char *name = reason >= 0        ? reason_name((guint)reason)
                            : reason == AGREES ? g_strdup("")
                                               : g_strdup("**not explained**");
    printf(" %s%s%s |", words[(guint)bucket->verdicts[reader]], *name ? ": " : "", name);
}

static void print_bucket(const Bucket *bucket)
{
    const struct desc_lint_rule *rule = bucket->rule;

    printf("| %u | %s |", bucket->n, rule_id(rule));
    for (guint r = 0; r < N_READERS; r++)
        print_opinion(bucket, r);
    printf(" %s, `%s` |", bucket->example->seed, bucket->example->what);
    if (rule)
        printf(" %s (%s) |\n", rule->text, rule->clause);
    else
        printf(" nothing worse than a note |\n");
}

gboolean buckets_explained(const Buckets *buckets, gboolean print)
{
    g_autoptr(GPtrArray) list = sorted(buckets);
    gboolean explained = TRUE;

    for (guint b = 0; b < list->len; b++) {
        if (is_explained(list->pdata[b]))
            continue;
        explained = FALSE;
        if (print) {
            printf("# ");
            print_bucket(list->pdata[b]);
        }
    }
    return explained;
}

void buckets_print(const Buckets *buckets)
{
    g_autoptr(GPtrArray) list = sorted(buckets);

    print_totals(buckets, list);
    print_reasons(list);
    printf("\n## Buckets\n\n| cameras | rule |");
    for (guint r = 0; r < N_READERS; r++)
        printf(" %s |", readers[r].name);
    printf(" example | what camredir has against it |\n|---|---|---|---|---|---|---|---|\n");
    for (guint b = 0; b < list->len; b++)
        if (!all_agree(list->pdata[b]))
            print_bucket(list->pdata[b]);
}
