/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chance that is the same everywhere and each time: splitmix64. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 state;
} FuzzRandom;

static inline guint64 fuzz_random(FuzzRandom *random)
{
    guint64 z = random->state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* n > 0 */
static inline guint fuzz_random_below(FuzzRandom *random, guint n)
{
    return (guint)(fuzz_random(random) % n);
}

/* Of case number `number` of a job: so nothing but the number must be kept to go on. */
static inline FuzzRandom fuzz_random_of(guint64 seed, guint job, guint64 number)
{
    FuzzRandom random = {seed ^ (guint64)job << 48};
    random.state = fuzz_random(&random) ^ number;
    random.state = fuzz_random(&random);
    return random;
}
