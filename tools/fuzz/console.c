/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel messages: a table of how trouble begins, and where in its report the culprit stands. */
#include "tools/fuzz/console.h"

#include <string.h>

#define REPORT_LINES 80 /* a report with its stacks is not longer */
#define TITLE_BYTES  160

/* What becomes of the line behind the words by which it was known. */
typedef enum {
    REST_DROPPED,
    REST_SAMPLED,    /* dropped, too; and where the kernel was then is chance */
    REST_FIRST_WORD, /* "slab-out-of-bounds" */
    REST_TEXT,       /* as it stands, up to where it becomes particular */
    REST_ALONE,      /* dropped; whoever is in the stack behind it has nothing to do with it */
    REST_HARMLESS,   /* the line tells of no trouble of the kernel's */
} Rest;

/* In this order, each at a line's begin. */
static const struct {
    const char *begin;
    const char *kind; /* NULL: begin itself */
    Rest rest;
    const char *must; /* somewhere behind it; NULL: nothing */
} rows[] = {
    {"BUG: KASAN: ", "KASAN: ", REST_FIRST_WORD, NULL},
    {"BUG: KFENCE: ", "KFENCE: ", REST_TEXT, NULL},
    {"BUG: KMSAN: ", "KMSAN: ", REST_FIRST_WORD, NULL},
    {"BUG: KCSAN: ", "KCSAN: ", REST_FIRST_WORD, NULL},
    {"UBSAN: Undefined behaviour in ", "UBSAN: undefined behaviour", REST_DROPPED, NULL},
    {"UBSAN: ", NULL, REST_FIRST_WORD, NULL},
    {"BUG: kernel NULL pointer dereference", "NULL pointer dereference", REST_DROPPED, NULL},
    {"BUG: unable to handle ", "unable to handle ", REST_TEXT, NULL},
    {"Unable to handle kernel ", "unable to handle ", REST_TEXT, NULL},
    {"BUG: sleeping function called from invalid context", NULL, REST_DROPPED, NULL},
    {"BUG: scheduling while atomic", NULL, REST_DROPPED, NULL},
    {"BUG: workqueue lockup", NULL, REST_SAMPLED, NULL},
    {"watchdog: BUG: soft lockup", "soft lockup", REST_SAMPLED, NULL},
    {"NMI watchdog: BUG: soft lockup", "soft lockup", REST_SAMPLED, NULL},
    {"BUG: soft lockup", "soft lockup", REST_SAMPLED, NULL},
    {"watchdog: Watchdog detected hard LOCKUP", "hard lockup", REST_SAMPLED, NULL},
    {"watchdog: CPU", "hard lockup", REST_SAMPLED, ": Watchdog detected hard LOCKUP"},
    {"Watchdog detected hard LOCKUP", "hard lockup", REST_SAMPLED, NULL},
    {"NMI watchdog: Watchdog detected hard LOCKUP", "hard lockup", REST_SAMPLED, NULL},
    {"BUG: MAX_", NULL, REST_HARMLESS, " too low!"}, /* lockdep's tables are full, it stops */
    {"BUG: ", NULL, REST_TEXT, NULL},
    {"BUG ", "slab corruption", REST_DROPPED, "ainted"},
    {"kernel BUG at ", "kernel BUG", REST_DROPPED, NULL},
    {"WARNING: possible ", "lockdep: possible ", REST_TEXT, "lock"},
    {"WARNING: bad unlock balance detected", "lockdep: bad unlock balance", REST_DROPPED, NULL},
    {"WARNING: inconsistent lock state", "lockdep: inconsistent lock state", REST_DROPPED, NULL},
    {"WARNING: held lock freed", "lockdep: held lock freed", REST_DROPPED, NULL},
    {"WARNING: lock held when returning", "lockdep: lock held when returning to user space",
     REST_DROPPED, NULL},
    {"WARNING: Nested lock was not taken", "lockdep: nested lock was not taken", REST_DROPPED,
     NULL},
    {"WARNING: bad contention detected", "lockdep: bad contention", REST_DROPPED, NULL},
    {"WARNING: suspicious RCU usage", "lockdep: suspicious RCU usage", REST_DROPPED, NULL},
    {"INFO: possible ", "lockdep: possible ", REST_TEXT, "lock"},
    {"[ BUG: ", "lockdep: ", REST_TEXT, " ]"},
    {"[ INFO: ", "lockdep: ", REST_TEXT, " ]"},
    {"INFO: trying to register non-static key", "lockdep: non-static key", REST_DROPPED, NULL},
    {"WARNING: ", "lockdep: ", REST_TEXT, "-unsafe lock order detected"},
    {"WARNING: ", "lockdep: locks are still held", REST_DROPPED, " still has locks held"},
    /* the unwinder's, of a stack that it cannot read */
    {"WARNING: kernel stack ", NULL, REST_HARMLESS, " has bad "},
    {"WARNING: stack going in the wrong direction", NULL, REST_HARMLESS, NULL},
    {"WARNING: can't access registers at ", NULL, REST_HARMLESS, NULL},
    {"WARNING: CPU: ", "WARNING", REST_DROPPED, " at "},
    {"WARNING: ", "WARNING: ", REST_TEXT, " at "},
    {"general protection fault", NULL, REST_DROPPED, NULL},
    {"divide error: ", "divide error", REST_DROPPED, NULL},
    {"invalid opcode: ", "invalid opcode", REST_DROPPED, NULL},
    {"stack segment: ", "stack segment fault", REST_DROPPED, NULL},
    {"segment not present: ", "segment not present", REST_DROPPED, " [#"},
    {"alignment check: ", "alignment check", REST_DROPPED, " [#"},
    {"int3: ", "int3", REST_DROPPED, " [#"},
    {"double fault: ", "double fault", REST_DROPPED, NULL},
    {"PANIC: double fault", "double fault", REST_DROPPED, NULL},
    {"traps: PANIC: double fault", "double fault", REST_DROPPED, NULL},
    {"Oops: general protection fault", "general protection fault", REST_DROPPED, NULL},
    {"Oops: divide error: ", "divide error", REST_DROPPED, NULL},
    {"Oops: invalid opcode: ", "invalid opcode", REST_DROPPED, NULL},
    {"Oops: ", "oops", REST_DROPPED, NULL},
    {"Oops", "oops", REST_DROPPED, "[#"}, /* MIPS, RISC-V */
    {"Internal error: ", "oops", REST_DROPPED, NULL},
    {"INFO: task ", "hung task", REST_SAMPLED, " blocked "},
    {"rcu: INFO: rcu_", "RCU stall", REST_SAMPLED, " stall"},
    {"INFO: rcu_", "RCU stall", REST_SAMPLED, " stall"},
    {"Kernel panic - not syncing: ", "panic: ", REST_TEXT, NULL},
    {"Out of memory: Kill", "out of memory", REST_ALONE, NULL},
    {"kmemleak: ", "kmemleak: memory leak", REST_DROPPED, " new suspected memory leak"},
    {"unreferenced object 0x", "kmemleak: memory leak", REST_DROPPED, NULL},
};

/* How functions begin that tell of trouble, or in which it comes out, but which are not its cause:
   reporters, library routines that were given a bad argument, waiting, and how a stack starts. */
static const char *const machinery[] = {
    /* reporters */
    "dump_stack",
    "dump_backtrace",
    "show_stack",
    "print_",
    "kasan_",
    "__kasan_",
    "__asan_",
    "ubsan_",
    "__ubsan_",
    "handle_overflow",
    "val_to_string",
    "kmsan_",
    "__msan_",
    "kfence_",
    "__warn",
    "warn_slowpath",
    "report_bug",
    "handle_bug",
    "exc_",
    "asm_",
    "do_error_trap",
    "do_trap",
    "panic",
    "die_",
    "__die",
    "oops_",
    "page_fault_oops",
    "no_context",
    "__bad_area",
    "bad_area",
    "kernelmode_fixup",
    "__might_",
    "___might_",
    "__schedule_bug",
    "lockdep_",
    "__lock_acquire",
    "lock_acquire",
    "lock_release",
    "check_bytes",
    "check_deadlock",
    "check_flush_dependency",
    "check_irq_usage",
    "check_memory_region",
    "check_noncircular",
    "check_object",
    "check_preemption",
    "check_prev",
    "check_slab",
    "check_usage",
    "check_wait_context",
    "validate_chain",
    "mark_lock",
    "debug_",
    "kmemleak_",
    "watchdog",
    "softlockup",
    "nmi_",
    "rcu_",
    "trigger_",
    "sched_show",
    "update_process_times",
    "tick_",
    "__hrtimer",
    "hrtimer_",
    "sysvec_",
    "__sysvec_",
    "irq_exit",
    "__irq_exit",
    "__do_softirq",
    "do_softirq",
    "update_wall_time",
    /* given a bad argument */
    "memchr",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "__memcpy",
    "__memmove",
    "__memset",
    "strc",
    "strl",
    "strn",
    "strr",
    "strs",
    "__str",
    "kfree",
    "kmem_cache_",
    "__kmem_cache_",
    "kmalloc",
    "__kmalloc",
    "slab_",
    "___slab_",
    "__slab_",
    "__list_",
    "list_",
    "refcount_",
    "kref_",
    "kobject_",
    "fortify_",
    "__fortify_",
    "snprintf",
    "scnprintf",
    "sprintf",
    "vsnprintf",
    "vscnprintf",
    "format_decode",
    "_copy_",
    "__copy_",
    "copy_user",
    "rep_movs",
    "_raw_",
    "__raw_",
    "native_",
    "mutex_",
    "__mutex_",
    "rt_mutex",
    "rwsem_",
    "down_",
    "up_",
    "__down",
    "__up",
    "queue_work",
    "__queue_work",
    "__get_user",
    "__put_user",
    "idr_",
    "ida_",
    "delay_",
    "__delay",
    "__const_udelay",
    "udelay",
    /* waiting */
    "schedule",
    "__schedule",
    "preempt_",
    "wait_for_",
    "__wait_",
    "do_wait",
    "io_schedule",
    "msleep",
    "usleep",
    "context_switch",
    "__switch_to",
    /* how it started */
    "process_one_work",
    "worker_thread",
    "kthread",
    "ret_from_fork",
    "do_syscall_64",
    "entry_",
    "x64_sys_",
    "__x64_sys_",
    "do_one_initcall",
};

/* ---- one line ---- */

/* Where "[   12.345678]" begins; NULL: there is none. */
static const char *time_in(const char *line, const char *end)
{
    for (; (line = memchr(line, '[', end - line)); line++) {
        const char *digits = line + 1 + strspn(line + 1, " ");
        gsize n = strspn(digits, "0123456789");
        if (n && digits[n] == '.' && digits[n + 1 + strspn(digits + n + 1, "0123456789")] == ']')
            return line;
    }
    return NULL;
}

/* Behind "[   12.345678] " and "[    T12] "; the line ends at *ret_end. What stands before the
   time, like "login: ", is somebody else's who did not end its line. */
static const char *message_of(const char *line, const char **ret_end)
{
    const char *end = line + strcspn(line, "\r\n");
    const char *time = *line == '[' ? NULL : time_in(line, end);

    line = time ? time : line;
    while (line < end && (*line == '[' || *line == ' ')) {
        const char *close = *line == '[' ? memchr(line, ']', end - line) : line;
        if (!close || strspn(line + 1, " .0123456789TC") < (gsize)MAX(close - line - 1, 0))
            break;
        line = close + 1;
    }
    *ret_end = end;
    return line;
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : NULL;
}

static gboolean is_symbol(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/* "name.part.0+0x12/0x34 [module]": the name, or NULL. */
static char *symbol_at(const char *text, const char *end)
{
    gsize n = 0, at;

    while (text + n < end && is_symbol(text[n]))
        n++;
    for (at = n; text + at < end && (is_symbol(text[at]) || text[at] == '.');)
        at++;
    if (n == 0 || end - text < (gssize)at + 3 || strncmp(text + at, "+0x", 3) != 0)
        return NULL;
    return g_strndup(text, n);
}

static gboolean is_machinery(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(machinery); i++)
        if (g_str_has_prefix(name, machinery[i]))
            return TRUE;
    return FALSE;
}

/* ---- whose fault ---- */

/* Where a symbol can stand in a line that is no stack's. */
static const char *symbol_place(const char *line, const char *end)
{
    static const char *const before[] = {" in ", "RIP: 0010:", "RIP: 0033:", "pc : ", " at "};

    for (guint i = 0; i < G_N_ELEMENTS(before); i++) {
        const char *found = g_strstr_len(line, end - line, before[i]);
        if (found)
            return found + strlen(before[i]);
    }
    return line;
}

/* "WARNING: CPU: 0 PID: 1 at file.c:12 function+0x1/0x2": the last word but the module, at
 *ret_word. */
static char *symbol_in(const char *line, const char *end, const char **ret_word)
{
    for (const char *word = symbol_place(line, end); word && word < end;) {
        word += *word == '('; /* as ARM has them */
        char *name = symbol_at(word, end);
        *ret_word = word;
        if (name)
            return name;
        word = memchr(word, ' ', end - word);
        word = word ? word + strspn(word, " ") : NULL;
    }
    return NULL;
}

static char *culprit(const char *line, char **ret_place)
{
    for (guint i = 0; line && i < REPORT_LINES; line = next_line(line), i++) {
        const char *end;
        const char *message = message_of(line, &end), *word = message;
        if (message < end && *message == '?') /* on the stack, but perhaps not of it */
            continue;
        g_autofree char *name = symbol_in(message, end, &word);
        if (!name || is_machinery(name))
            continue;
        *ret_place = g_strndup(word, MIN(strcspn(word, " )\r\n"), TITLE_BYTES));
        return g_steal_pointer(&name);
    }
    return NULL;
}

/* ---- titles ---- */

/* Up to where it becomes particular: a place, an address, a number. */
static gsize text_length(const char *rest, const char *end)
{
    static const char *const particulars[] = {" in ", " for address", " at "};
    gsize n = 0;

    while (rest + n < end && !strchr(":,;!]", rest[n]) && !g_ascii_isdigit(rest[n]))
        n++;
    for (guint i = 0; i < G_N_ELEMENTS(particulars); i++) {
        const char *found = g_strstr_len(rest, n, particulars[i]);
        n = found ? (gsize)(found - rest) : n;
    }
    while (n && rest[n - 1] == ' ')
        n--;
    return n;
}

static gsize rest_length(Rest rest, const char *text, const char *end)
{
    return rest == REST_FIRST_WORD ? MIN(strcspn(text, " \r\n"), (gsize)(end - text))
           : rest == REST_TEXT     ? text_length(text, end)
                                   : 0;
}

static char *title_of(guint row, const char *line, const char *rest, const char *end,
                      char **ret_place)
{
    GString *title = g_string_new(rows[row].kind ? rows[row].kind : rows[row].begin);
    g_autofree char *place = NULL;
    g_autofree char *name = rows[row].rest == REST_ALONE ? NULL : culprit(line, &place);

    g_string_append_len(title, rest, rest_length(rows[row].rest, rest, end));
    while (title->len && strchr(" :", title->str[title->len - 1]))
        g_string_truncate(title, title->len - 1);
    if (name)
        g_string_append_printf(title, " in %s", name);
    g_string_truncate(title, MIN(title->len, TITLE_BYTES));
    if (ret_place && rows[row].rest != REST_SAMPLED)
        *ret_place = g_steal_pointer(&place);
    return g_string_free(title, FALSE);
}

static char *title_in(const char *line, char **ret_place)
{
    const char *end;
    const char *message = message_of(line, &end);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        gsize n = strlen(rows[i].begin);
        if ((gsize)(end - message) < n || strncmp(message, rows[i].begin, n) != 0)
            continue;
        const char *rest = message + n;
        if (rows[i].must && !g_strstr_len(rest, end - rest, rows[i].must))
            continue;
        return rows[i].rest == REST_HARMLESS ? NULL : title_of(i, line, rest, end, ret_place);
    }
    return NULL;
}

/* A warning need not break anything: what is told behind it may be what did. */
static gboolean is_mild(const char *title)
{
    return g_str_has_prefix(title, "WARNING");
}

/* What a kernel does of its own when it has told of something. */
static gboolean is_consequence(const char *title)
{
    return g_str_has_prefix(title, "panic: ");
}

char *fuzz_console_find(const char *text, char **ret_place)
{
    g_autofree char *found = NULL, *found_place = NULL;

    for (const char *line = text; line && (!found || is_mild(found)); line = next_line(line)) {
        g_autofree char *place = NULL, *title = title_in(line, &place);
        if (!title || (found && (is_mild(title) || is_consequence(title))))
            continue;
        g_free(found);
        g_free(found_place);
        found = g_steal_pointer(&title);
        found_place = g_steal_pointer(&place);
    }
    if (ret_place)
        *ret_place = g_steal_pointer(&found_place);
    return g_steal_pointer(&found);
}
