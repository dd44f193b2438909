/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is plugged into a target once: a device's descriptors, and what it does wrong beside them.
   As a file: the bytes of the descriptors, behind them a descriptor for each fault
   (bDescriptorType FUZZ_FAULT_TYPE), so that any tool that changes bytes changes cases. */
#pragma once

#include <glib.h>

#define FUZZ_FAULT_TYPE 0xfa
#define FUZZ_MAX_BYTES  65536u                  /* its descriptors never grow beyond */
#define FUZZ_MAX_PACKED (FUZZ_MAX_BYTES + 4096) /* with its faults */

/* What a fault's `at` counts, from 0: the n-th such thing since the device was plugged in. */
typedef enum {
    FUZZ_AT_NONE,
    FUZZ_AT_GET_DESCRIPTOR,
    FUZZ_AT_CONTROL,   /* requests on endpoint 0, but SET_ADDRESS, which QEMU keeps to itself */
    FUZZ_AT_CLASS_IN,  /* those of them that ask a UVC control or a negotiation */
    FUZZ_AT_PAYLOAD,   /* bulk answers or isochronous packets */
    FUZZ_AT_INTERRUPT, /* occasions: the guest begins to listen, or has written a control */
} FuzzAt;

typedef enum {
#define FUZZ_FAULT(tag, name, at, what) FUZZ_FAULT_##tag,
#include "tools/fuzz/faults.def"
    FUZZ_FAULT_KINDS
} FuzzFaultKind;

typedef struct {
    const char *name;
    FuzzAt at;
    const char *what;
} FuzzFaultText;
extern const FuzzFaultText fuzz_fault_texts[FUZZ_FAULT_KINDS];

typedef struct {
    FuzzFaultKind kind;
    guint16 at;
    guint32 value;
} FuzzFault;

typedef struct {
    GBytes *descriptors; /* a device, its configurations, strings, BOS: any bytes */
    GArray *faults;      /* of FuzzFault */
} FuzzCase;

struct desc_tree;

/* Any bytes are a tree. */
struct desc_tree *fuzz_parse_tree(GBytes *descriptors);

gboolean fuzz_has_fault(const GArray *faults, FuzzFaultKind kind);

/* Any bytes are a case. */
FuzzCase *fuzz_case_parse(const guint8 *bytes, gsize size);
/* Behind its descriptors stands a fault of a kind that is not known here. */
gboolean fuzz_case_is_newer(const FuzzCase *fuzz_case);
GBytes *fuzz_case_pack(const FuzzCase *fuzz_case);
/* NULL: it cannot be read, is no file, or is larger than a case is. */
FuzzCase *fuzz_case_read(const char *path, GError **error);
FuzzCase *fuzz_case_copy(const FuzzCase *fuzz_case);
void fuzz_case_free(FuzzCase *fuzz_case); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FuzzCase, fuzz_case_free)
