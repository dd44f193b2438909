/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any bytes are a case, come back as they were, and go through what
   'camredir fuzz --target self' asks of our readers; and any two cases have a difference. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/small_quarantine.h"
#include "tools/fuzz/check.h"
#include "tools/fuzz/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same(const FuzzCase *fuzz_case, const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) packed = fuzz_case_pack(fuzz_case);
    size_t n;
    const uint8_t *bytes = g_bytes_get_data(packed, &n);

    if (n != size || (n && memcmp(bytes, data, n) != 0))
        abort();
}

/* The first byte says where the one ends and the other begins. */
static void check_diff(const uint8_t *data, size_t size)
{
    size_t cut = size ? data[0] % size : 0;
    g_autoptr(FuzzCase) valid = fuzz_case_parse(data, cut);
    g_autoptr(FuzzCase) broken = fuzz_case_parse(data + cut, size - cut);
    g_autoptr(FuzzDiff) diff = fuzz_diff_new(valid, broken);
    g_autofree gboolean *kept = g_new(gboolean, fuzz_diff_size(diff) + 1);

    for (guint i = 0; i < fuzz_diff_size(diff); i++) {
        g_free(fuzz_diff_words(diff, i));
        kept[i] = TRUE;
    }
    for (guint i = 0; i < fuzz_diff_size(diff); i++)
        g_free(fuzz_diff_line(diff, kept, &i));
    g_autoptr(FuzzCase) again = fuzz_diff_apply(diff, kept);
    require_same(again, data + cut, size - cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(FuzzCase) fuzz_case = fuzz_case_parse(data, size);
    g_autoptr(GArray) features = g_array_new(FALSE, FALSE, sizeof(guint32));
    const char *stage;

    require_same(fuzz_case, data, size);
    fuzz_self_check(fuzz_case, features, &stage);
    check_diff(data, size);
    return 0;
}
