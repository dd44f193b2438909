/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cases that brought new behaviour, as files in the layout by which fuzzers of AFL++'s kind
   share theirs: DIR/NAME/queue/id:000000,orig:webcam, one file a case, put there by a rename. A
   process writes below its own NAME alone, and reads the others'. All state is files: who is killed
   goes on from them. */
#pragma once

#include "tools/fuzz/mutate.h"

typedef struct {
    guint id;
    gboolean seed;
    char *name; /* of the file */
    FuzzCase *fuzz_case;
    guint picks;
} FuzzEntry;

typedef struct FuzzCorpus FuzzCorpus;

/* What NAME has written there before is there again. NULL: another process writes to it now, or it
   cannot be written. */
FuzzCorpus *fuzz_corpus_open(const char *dir, const char *name, GError **error);
void fuzz_corpus_free(FuzzCorpus *corpus); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FuzzCorpus, fuzz_corpus_free)

/* DIR/NAME; what was written by fuzz_corpus_write_stats(), "" where there is none. */
const char *fuzz_corpus_folder(const FuzzCorpus *corpus);
char *fuzz_corpus_read_stats(const FuzzCorpus *corpus);
gboolean fuzz_corpus_write_stats(const FuzzCorpus *corpus, const char *text, GError **error);
/* Of such text, what follows "key : "; NULL where there is no such line. */
char *fuzz_stats_value(const char *stats, const char *key);

guint fuzz_corpus_size(const FuzzCorpus *corpus);
FuzzEntry *fuzz_corpus_at(const FuzzCorpus *corpus, guint i);
/* "orig:NAME", as a seed's origin is written. */
char *fuzz_seed_origin(const char *name);
gboolean fuzz_corpus_has_seed(const FuzzCorpus *corpus, const char *name);
guint fuzz_corpus_n_features(const FuzzCorpus *corpus);
void fuzz_corpus_each_feature(const FuzzCorpus *corpus,
                              void (*each)(guint32 feature, gpointer user), gpointer user);

/* How many of the features (of guint32) no case in the corpus has shown. */
guint fuzz_corpus_count_new(const FuzzCorpus *corpus, const GArray *features);

/* Keeps a case. origin: what it comes from, as the file's name has it: "orig:webcam",
   "src:000003,op:stall", "sync:other,src:000012". */
gboolean fuzz_corpus_add(FuzzCorpus *corpus, const FuzzCase *fuzz_case, const char *origin,
                         const GArray *features, GError **error);

/* One to make another one of: half of the time a seed, else rather one that was not picked often.
 */
FuzzEntry *fuzz_corpus_pick(FuzzCorpus *corpus, FuzzRandom *random);
/* One of the seeds, each as likely. Only where there is one. */
FuzzEntry *fuzz_corpus_pick_seed(FuzzCorpus *corpus, FuzzRandom *random);

/* Looks whether other processes have put something there. */
void fuzz_corpus_scan(FuzzCorpus *corpus);
/* What they have put there, once each; NULL: nothing more before the next scan. ret_origin:
 * "sync:...". */
FuzzCase *fuzz_corpus_next_foreign(FuzzCorpus *corpus, char **ret_origin);
