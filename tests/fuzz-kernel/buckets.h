/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where readers disagree: cameras with the same fault and the same verdicts are one bucket, and
   each bucket is explained by what is known of the readers (readers.def). */
#pragma once

#include "tests/fuzz-kernel/host_readers.h"
#include "tests/fuzz-kernel/mutants.h"

enum {
#define READER(tag, name, what) READER_##tag,
#include "tests/fuzz-kernel/readers.def"
    N_READERS
};

typedef struct {
    char verdict;     /* ReaderVerdict */
    const char *says; /* in the reader's own words; NULL: nothing */
} Opinion;

typedef struct {
    Opinion of[N_READERS];
} Verdicts;

/* Ours. */
ReaderVerdict mutant_verdict(const Mutant *mutant);

typedef struct Buckets Buckets;

Buckets *buckets_new(void);
void buckets_free(Buckets *buckets); /* accepts NULL */
void buckets_add(Buckets *buckets, const Mutant *mutant, const Verdicts *verdicts);
/* As docs/differential.md, to standard output. */
void buckets_print(const Buckets *buckets);
/* FALSE: something in it is not. print: a line "# ..." for each such. */
gboolean buckets_explained(const Buckets *buckets, gboolean print);
