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
    const char *rules, *mutations, *why;
} reasons[] = {
#define REASON(tag, verdict, rules, mutations, why)                                                \
    {READER_##tag, READER_##verdict, rules, mutations, why},
#include "tests/fuzz-kernel/readers.def"
};

typedef struct {
    const struct desc_lint_rule *rule; /* NULL: the linter finds nothing worse than a note */
    Verdicts verdicts;
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

void buckets_add(Buckets *buckets, const Mutant *mutant, const Verdicts *verdicts)
{
    g_autofree char *key =
        g_strdup_printf("%s %s %.*s", rule_id(mutant->rule), mutant->rule ? "" : mutant->mutation,
                        N_READERS, verdicts->of);
    Bucket *bucket = g_hash_table_lookup(buckets->table, key);

    if (!bucket) {
        bucket = g_new0(Bucket, 1);
        *bucket = (Bucket){mutant->rule, *verdicts, mutant, 0};
        g_hash_table_insert(buckets->table, g_steal_pointer(&key), bucket);
    }
    bucket->n++;
    buckets->n++;
}

static gboolean all_agree(const Verdicts *verdicts)
{
    for (guint i = 1; i < N_READERS; i++)
        if (verdicts->of[i] != verdicts->of[0])
            return FALSE;
    return TRUE;
}

/* ---- why ---- */

/* Is `word` one of the words of `list`, or is that "*"? */
static gboolean is_listed(const char *list, const char *word)
{
    g_auto(GStrv) entries = g_strsplit(list, " ", -1);
    return strcmp(list, "*") == 0 || g_strv_contains((const char *const *)entries, word);
}

/* NULL: nobody knows. */
static const char *find_reason(const Bucket *bucket, guint reader)
{
    for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (reasons[i].reader == reader &&
            reasons[i].verdict == (ReaderVerdict)bucket->verdicts.of[reader] &&
            is_listed(reasons[i].rules, rule_id(bucket->rule)) &&
            is_listed(reasons[i].mutations, bucket->example->mutation))
            return reasons[i].why;
    return NULL;
}

static gboolean is_host(const struct desc_lint_rule *rule, enum desc_host host)
{
    return rule && (rule->hosts & host);
}

/* What the linter has against it, by which clause, and whether the rule is one for this driver. */
static void explain_ours(const Bucket *bucket, GString *text)
{
    const struct desc_lint_rule *rule = bucket->rule;
    if (!rule)
        return;
    g_string_append_printf(text, "%s (%s)", rule->text, rule->clause);
    if (rule->severity == DESC_WARNING)
        g_string_append(text, "; a warning: hosts get over it");
    else if (!is_host(rule, DESC_HOST_LINUX))
        g_string_append(text, is_host(rule, DESC_HOST_WINDOWS)
                                  ? "; Windows refuses it, Linux does not"
                                  : "; hosts get over it in different ways");
    g_string_append(text, ". ");
}

/* The linter itself says that this reader takes such a camera. */
static gboolean is_no_rule_of(const Bucket *bucket, guint reader)
{
    return reader == READER_LINUX && bucket->verdicts.of[reader] == READER_ACCEPTS &&
           !is_host(bucket->rule, DESC_HOST_LINUX);
}

/* FALSE: a reader is of another mind than ours, and there is no reason. */
static gboolean explain(const Bucket *bucket, GString *text)
{
    gboolean explained = TRUE;

    explain_ours(bucket, text);
    for (guint i = READER_OURS + 1; i < N_READERS; i++) {
        if (bucket->verdicts.of[i] == bucket->verdicts.of[READER_OURS] || is_no_rule_of(bucket, i))
            continue;
        const char *why = find_reason(bucket, i);
        explained = explained && why;
        g_string_append_printf(text, "%s: %s. ", readers[i].name, why ? why : "**not explained**");
    }
    return explained;
}

/* ---- as text ---- */

static gint by_size(gconstpointer a, gconstpointer b)
{
    const Bucket *x = *(Bucket *const *)a, *y = *(Bucket *const *)b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    int order = strcmp(rule_id(x->rule), rule_id(y->rule));
    return order ? order : memcmp(x->verdicts.of, y->verdicts.of, N_READERS);
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
    guint counts[N_READERS][G_N_ELEMENTS(verdicts)] = {0}, n_agreed = 0;

    for (guint b = 0; b < list->len; b++) {
        const Bucket *bucket = list->pdata[b];
        n_agreed += all_agree(&bucket->verdicts) ? bucket->n : 0;
        for (guint r = 0; r < N_READERS; r++)
            for (guint v = 0; v < G_N_ELEMENTS(verdicts); v++)
                counts[r][v] += bucket->verdicts.of[r] == (char)verdicts[v] ? bucket->n : 0;
    }
    printf("| reader | what it is here | accepted | refused | crashed |\n|---|---|---|---|---|\n");
    for (guint r = 0; r < N_READERS; r++)
        printf("| %s | %s | %u | %u | %u |\n", readers[r].name, readers[r].what, counts[r][0],
               counts[r][1], counts[r][2]);
    printf("\nOf %u cameras, all four say the same of %u.\n", buckets->n, n_agreed);
}

static gboolean print_bucket(const Bucket *bucket)
{
    g_autoptr(GString) why = g_string_new(NULL);
    gboolean explained = explain(bucket, why);

    printf("| %u | %s |", bucket->n, rule_id(bucket->rule));
    for (guint r = 0; r < N_READERS; r++)
        printf(" %s |", words[(guint)bucket->verdicts.of[r]]);
    printf(" %s, `%s` | %s|\n", bucket->example->seed, bucket->example->what, why->str);
    return explained;
}

gboolean buckets_print(const Buckets *buckets)
{
    g_autoptr(GPtrArray) list = sorted(buckets);
    gboolean explained = TRUE;

    print_totals(buckets, list);
    printf("\n| cameras | rule |");
    for (guint r = 0; r < N_READERS; r++)
        printf(" %s |", readers[r].name);
    printf(" example | why |\n|---|---|---|---|---|---|---|---|\n");
    for (guint b = 0; b < list->len; b++) {
        const Bucket *bucket = list->pdata[b];
        if (!all_agree(&bucket->verdicts))
            explained = print_bucket(bucket) && explained;
    }
    return explained;
}
