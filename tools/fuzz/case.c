/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases as bytes: faults are found from the end, so that whatever stands before them, framed as
   badly as it may be, is the descriptors. */
#include "tools/fuzz/case.h"

#include <string.h>

#include "descriptors/desc.h"
#include "tools/fuzz/put.h"

#define FAULT_BYTES 9 /* bLength, bDescriptorType, kind, at (2), value (4) */

const FuzzFaultText fuzz_fault_texts[FUZZ_FAULT_KINDS] = {
#define FUZZ_FAULT(tag, name, at, what) {name, FUZZ_AT_##at, what},
#include "tools/fuzz/faults.def"
};

gboolean fuzz_has_fault(const GArray *faults, FuzzFaultKind kind)
{
    for (guint i = 0; i < faults->len; i++)
        if (g_array_index(faults, FuzzFault, i).kind == kind)
            return TRUE;
    return FALSE;
}

static gboolean is_fault(const guint8 *bytes)
{
    return bytes[0] == FAULT_BYTES && bytes[1] == FUZZ_FAULT_TYPE && bytes[2] < FUZZ_FAULT_KINDS;
}

gboolean fuzz_case_is_newer(const FuzzCase *fuzz_case)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(fuzz_case->descriptors, &size);

    return size >= FAULT_BYTES && bytes[size - FAULT_BYTES] == FAULT_BYTES &&
           bytes[size - FAULT_BYTES + 1] == FUZZ_FAULT_TYPE;
}

static FuzzFault read_fault(const guint8 *bytes)
{
    return (FuzzFault){
        .kind = (FuzzFaultKind)bytes[2],
        .at = (guint16)(bytes[3] | bytes[4] << 8),
        .value =
            bytes[5] | (guint32)bytes[6] << 8 | (guint32)bytes[7] << 16 | (guint32)bytes[8] << 24,
    };
}

static void append_fault(GByteArray *bytes, const FuzzFault *fault)
{
    const guint8 written[FAULT_BYTES] = {
        FAULT_BYTES,
        FUZZ_FAULT_TYPE,
        (guint8)fault->kind,
        (guint8)fault->at,
        (guint8)(fault->at >> 8),
        (guint8)fault->value,
        (guint8)(fault->value >> 8),
        (guint8)(fault->value >> 16),
        (guint8)(fault->value >> 24),
    };
    g_byte_array_append(bytes, written, sizeof written);
}

struct desc_tree *fuzz_parse_tree(GBytes *descriptors)
{
    struct desc_tree *tree;
    gsize size;
    const guint8 *data = g_bytes_get_data(descriptors, &size);

    if (desc_parse(data, size, DESC_CONTEXT_STANDARD, &tree) != 0)
        g_error("out of memory");
    return tree;
}

FuzzCase *fuzz_case_parse(const guint8 *bytes, gsize size)
{
    FuzzCase *fuzz_case = g_new0(FuzzCase, 1);
    gsize end = size;

    while (end >= FAULT_BYTES && is_fault(bytes + end - FAULT_BYTES))
        end -= FAULT_BYTES;
    fuzz_case->descriptors = g_bytes_new(bytes, end);
    fuzz_case->faults = g_array_new(FALSE, FALSE, sizeof(FuzzFault));
    for (; end < size; end += FAULT_BYTES) {
        FuzzFault fault = read_fault(bytes + end);
        g_array_append_val(fuzz_case->faults, fault);
    }
    return fuzz_case;
}

FuzzCase *fuzz_case_read(const char *path, GError **error)
{
    gsize size;
    g_autofree char *bytes = fuzz_read_file(path, FUZZ_MAX_PACKED, &size, error);

    return bytes ? fuzz_case_parse((const guint8 *)bytes, size) : NULL;
}

GBytes *fuzz_case_pack(const FuzzCase *fuzz_case)
{
    gsize size;
    const guint8 *descriptors = g_bytes_get_data(fuzz_case->descriptors, &size);
    GByteArray *bytes = g_byte_array_new();

    if (size)
        g_byte_array_append(bytes, descriptors, (guint)size);
    for (guint i = 0; i < fuzz_case->faults->len; i++)
        append_fault(bytes, &g_array_index(fuzz_case->faults, FuzzFault, i));
    return g_byte_array_free_to_bytes(bytes);
}

FuzzCase *fuzz_case_copy(const FuzzCase *fuzz_case)
{
    FuzzCase *copy = g_new0(FuzzCase, 1);

    copy->descriptors = g_bytes_ref(fuzz_case->descriptors);
    copy->faults = g_array_copy(fuzz_case->faults);
    return copy;
}

void fuzz_case_free(FuzzCase *fuzz_case)
{
    if (fuzz_case == NULL)
        return;
    g_bytes_unref(fuzz_case->descriptors);
    g_array_unref(fuzz_case->faults);
    g_free(fuzz_case);
}
