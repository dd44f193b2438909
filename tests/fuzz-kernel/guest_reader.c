/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz-kernel/guest_reader.h"

#include <string.h>

#include "tests/fuzz-kernel/host_readers.h"
#include "tools/fuzz/target.h"
#include "tools/fuzz/vm.h"

struct GuestReader {
    FuzzTarget *target;
    FuzzQemuOptions options;
};

/* Nothing remains of an earlier case, and the driver tells what it passes over and why. */
static gboolean begin(GuestReader *reader, GError **error)
{
    if (!reader->target->ops->fresh(reader->target, error))
        return FALSE;
    FuzzVm *vm = fuzz_target_qemu_vm(reader->target);
    fuzz_vm_ask(vm, "write", "/sys/module/uvcvideo/parameters/trace 3");
    fuzz_vm_ask(vm, "write", "/proc/sys/kernel/printk 8");
    return TRUE;
}

GuestReader *guest_reader_new(GError **error)
{
    GuestReader *reader = g_new0(GuestReader, 1);

    reader->target = fuzz_target_qemu_new(&reader->options, error);
    if (reader->target && begin(reader, error))
        return reader;
    guest_reader_free(reader);
    return NULL;
}

void guest_reader_free(GuestReader *reader)
{
    if (!reader)
        return;
    if (reader->target)
        reader->target->ops->free(reader->target);
    g_free(reader);
}

/* ---- what the kernel says ---- */

/* Begins like that: what it says of a camera that is as it should be. */
static const char *const usual[] = {
    "new ",
    "New USB device",
    "Product:",
    "Manufacturer:",
    "SerialNumber:",
    "USB disconnect",
    "Probing generic",
    "Found format",
    "- ",
    "Scanning UVC chain",
    "Found a valid video chain",
    "Found UVC",
    "UVC device initialized",
    "Found a Status endpoint",
};

static gboolean is_usual(const char *message)
{
    for (guint i = 0; i < G_N_ELEMENTS(usual); i++)
        if (g_str_has_prefix(message, usual[i]))
            return TRUE;
    return FALSE;
}

/* "[   17.094] usb 1-1: config 1 has no interfaces?" is of the USB stack's, its words alone. NULL:
   another line. */
static const char *message_of(const char *line)
{
    const char *device = strstr(line, "] usb ");
    device = device ? device : strstr(line, "] uvcvideo ");
    const char *message = device ? strstr(device, ": ") : NULL;
    return message ? message + 2 : NULL;
}

/* Each message once, in its order. */
static void add_messages(GString *text, const char *console)
{
    g_auto(GStrv) lines = g_strsplit_set(console, "\r\n", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; lines[i]; i++) {
        const char *message = message_of(lines[i]);
        if (message && !is_usual(message) && g_hash_table_add(seen, (gpointer)message))
            g_string_append_printf(text, "\t%s", message);
    }
}

/* ---- a camera ---- */

/* Behind the negotiation it looks once more at what was chosen, and may give the whole camera up.
 */
#define GIVEN_UP "Failed to initialize the device"

/* It takes a camera when it has negotiated pictures with it: the last thing, but for that look,
   before it makes it known to programs. */
static gboolean is_taken(const FuzzOutcome *outcome)
{
    return (strcmp(outcome->reached, "probed") == 0 || strcmp(outcome->reached, "streamed") == 0) &&
           !strstr(outcome->console, GIVEN_UP);
}

static char *describe(const FuzzOutcome *outcome)
{
    if (outcome->verdict != FUZZ_FINE)
        return g_strdup_printf("%c %s", READER_CRASHES, outcome->title);
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%c %s", is_taken(outcome) ? READER_ACCEPTS : READER_REFUSES,
                    outcome->reached);
    add_messages(text, outcome->console);
    return g_string_free(text, FALSE);
}

char *guest_reader_judge(GuestReader *reader, GBytes *descriptors, GError **error)
{
    g_auto(FuzzOutcome) outcome = {0};
    gsize size;
    const guint8 *bytes = g_bytes_get_data(descriptors, &size);
    g_autoptr(FuzzCase) fuzz_case = fuzz_case_parse(bytes, size);

    fuzz_outcome_clear(&outcome);
    if (!reader->target->ops->run(reader->target, fuzz_case, &outcome, error) ||
        (outcome.verdict != FUZZ_FINE && !begin(reader, error)))
        return NULL;
    return describe(&outcome);
}
