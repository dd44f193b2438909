/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU as a child: its command line, its sockets, its end. */
#include "tools/fuzz/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/fuzz/core.h"
#include "tools/fuzz/cover.h"
#include "tools/fuzz/guest/protocol.h"
#include "tools/fuzz/monitor.h"
#include "tools/fuzz/put.h"
#include "tools/fuzz/quiet.h"
#include "tools/fuzz/tsc.h"

#define BOOT_SILENT_MS  180000  /* the console of a guest that boots tells something */
#define STOCK_SILENT_MS 60000   /* the same, of a kernel without checks */
#define BOOT_MOST_MS    1800000 /* and not for ever */
#define SAVE_S          120     /* a moment, where nothing else is busy */
#define SOCKET_S        60
#define SPENT_S         2
#define IDLE_LOOK_US    200000
#define IDLE_ENOUGH     25 /* such looks: a guest that waits for a device does so for 5 s */
#define IDLE_COSTS      2  /* looks, if it is at work */
#define IDLE_PART       3  /* of its time: so much is work */
#define IDLE_MOST_US    60000000
#define LOAD_POLL_US    20000
#define SAVED_PART      4 /* of this machine's memory, at most */
#define MAX_CONSOLE     (1 << 20)
#define MAX_LINE        4096 /* of init */
#define PORTS_EACH      4    /* of a controller, unless it must have more */
#define DEVICES_EACH    2 /* a hub looks at one after the other; a controller costs time at boot */
/* Without what costs time in each case and shows nothing of a driver. How it boots is told line by
   line; init then has it tell no more than warnings. no_timer_check: a busy machine's ticks may
   come too late for the test whether there are any, and the kernel panics. */
#define KERNEL_OPTIONS                                                                             \
    "mitigations=off nokaslr init_on_alloc=0 lsm= audit=0 psi=0 cgroup_disable=memory "            \
    "noautogroup no_timer_check tsc=reliable cryptomgr.notests log_buf_len=16M loglevel=7 "        \
    "console=ttyS0 panic=0 load=virtio_pci,virtio_console,xhci_pci,uvcvideo"
#define EHCI_DRIVER ",ehci_pci"
#define NO_DEBUGFS  " debugfs=off" /* KCOV is read there */

struct FuzzVm {
    const FuzzQemuOptions *options;
    char *kernel, *initramfs; /* NULL: somebody else's machine */
    FuzzCore *core;
    char *folder, *console_path, *error_path, *monitor_path;
    GPid pid; /* 0: none runs */
    int status;
    gboolean over;  /* it has ended, status says how */
    int state;      /* a file with the machine after its boot; -1: none yet */
    gboolean boots; /* each time, as it cannot be saved */
    int port;       /* to init; -1: none */
    long console_at;
    gint64 begun_ms;
    FuzzQuiet boot; /* the console's bytes */
    guint asked, answered, answer, ticks;
    GString *input;
    gboolean covers;
    GArray *code;
    gint64 cpu_us; /* of those before */
    FuzzVmTimes times;
    FuzzVmSpent spent;
    const volatile gint *stop; /* not 0: no boot is waited for; NULL: it is */
};

G_GNUC_PRINTF(2, 3)
static gboolean failed(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(G_IO_ERROR, G_IO_ERROR_FAILED, format, args));
    va_end(args);
    return FALSE;
}

/* ---- what is started ---- */

static gboolean is_own(const FuzzVm *vm)
{
    return vm->kernel != NULL;
}

/* Whoever waits for it to come up has had enough. */
static gboolean is_given_up(const FuzzVm *vm)
{
    return vm->stop && *vm->stop;
}

static gboolean has_several(const FuzzVm *vm)
{
    return vm->options->devices > 1;
}

guint fuzz_vm_n_controllers(const FuzzVm *vm)
{
    guint wanted = vm->options->controllers, devices = vm->options->devices;

    if (!wanted && has_several(vm))
        wanted = (devices + DEVICES_EACH - 1) / DEVICES_EACH;
    return CLAMP(wanted, 1, FUZZ_MOST_CONTROLLERS);
}

guint fuzz_vm_n_ports(const FuzzVm *vm)
{
    return has_several(vm) ? vm->options->devices : fuzz_vm_n_controllers(vm);
}

static gboolean is_ehci(const FuzzVm *vm, guint controller)
{
    return vm->options->ehci >> controller & 1;
}

gboolean fuzz_vm_has_super(const FuzzVm *vm, guint port)
{
    return !is_ehci(vm, port % fuzz_vm_n_controllers(vm));
}

/* Beside the program: installed, or in the tree where it was built. */
static char *find_own(const char *installed, const char *built)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(program ? program : "");
    g_autofree char *first = g_build_filename(folder, "..", "lib", "camredir", installed, NULL);

    if (g_file_test(first, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&first);
    while (strlen(folder) > 1) {
        g_autofree char *path = g_build_filename(folder, "build", "guest", built, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
        g_autofree char *above = g_path_get_dirname(folder);
        g_free(folder);
        folder = g_steal_pointer(&above);
    }
    return NULL;
}

static gboolean find_guest(FuzzVm *vm, GError **error)
{
    const FuzzQemuOptions *options = vm->options;

    if (options->argv)
        return TRUE;
    vm->kernel =
        options->kernel ? g_strdup(options->kernel) : find_own("vmlinux", "kernel/vmlinux");
    vm->initramfs =
        options->initramfs ? g_strdup(options->initramfs) : find_own("fuzz.cpio", "fuzz.cpio");
    if (!vm->kernel || !vm->initramfs)
        return failed(error,
                      "the test guest is not there; build it with 'make fuzz-guest', or name "
                      "a kernel and an initramfs with --kernel and --initramfs");
    return TRUE;
}

G_GNUC_PRINTF(3, 4)
static void add(GPtrArray *argv, const char *option, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(argv, g_strdup(option));
    g_ptr_array_add(argv, g_strdup_vprintf(format, args));
    va_end(args);
}

static char *port_path(const FuzzVm *vm, guint n)
{
    return g_strdup_printf("%s/redir.%u", vm->folder, n);
}

/* Under a virtual clock waits cost nothing, and a case is the same each time. Devices that come
   together are to meet in the guest, so it has two processors then: in turn, as QEMU 7.2 may
   translate on one what another just now writes, and keep it. Linux writes its own code (static
   keys, by a breakpoint): its processors then met that breakpoint for ever. */
static void add_machine(const FuzzVm *vm, GPtrArray *argv)
{
    g_ptr_array_add(argv, g_strdup("qemu-system-x86_64"));
    g_ptr_array_add(argv, g_strdup("-nodefaults"));
    g_ptr_array_add(argv, g_strdup("-no-user-config"));
    add(argv, "-accel", "tcg,thread=single");
    if (!vm->options->real_time)
        add(argv, "-icount", "shift=3,sleep=off");
    /* What a newer one can do costs more here than it saves. For this model Linux does without
       "rep stos", which QEMU takes word by word. */
    add(argv, "-cpu", "qemu64,model=4");
    add(argv, "-smp", "%d", has_several(vm) ? 2 : 1);
    add(argv, "-m", "512"); /* KASAN takes an eighth, and its kernel is large */
    add(argv, "-bios", "qboot.rom");
    add(argv, "-kernel", "%s", vm->kernel);
    add(argv, "-initrd", "%s", vm->initramfs);
    g_autofree char *tsc = vm->options->real_time ? fuzz_tsc_option() : g_strdup("");
    add(argv, "-append", KERNEL_OPTIONS "%s%s%s", vm->options->ehci ? EHCI_DRIVER : "",
        vm->options->kernel ? "" : NO_DEBUGFS, tsc);
}

static void add_ports(const FuzzVm *vm, GPtrArray *argv)
{
    guint n = fuzz_vm_n_ports(vm), controllers = fuzz_vm_n_controllers(vm);
    guint each = MAX((n + controllers - 1) / controllers, PORTS_EACH);

    for (guint i = 0; i < controllers; i++)
        if (is_ehci(vm, i))
            add(argv, "-device", "usb-ehci,id=fuzz-usb%u", i);
        else
            add(argv, "-device", "qemu-xhci,id=fuzz-usb%u,p2=%u,p3=%u", i, each, each);
    for (guint i = 0; i < n; i++) {
        g_autofree char *path = port_path(vm, i);
        add(argv, "-chardev", "socket,id=fuzz-redir%u,server=on,wait=off,path=%s", i, path);
        /* By itself QEMU would put a hub into a controller's last port. */
        add(argv, "-device",
            "usb-redir,id=fuzz-device%u,chardev=fuzz-redir%u,bus=fuzz-usb%u.0,port=%u", i, i,
            i % controllers, i / controllers + 1);
    }
}

/* port: init's, on QEMU's side. */
static GPtrArray *command_line(const FuzzVm *vm, int port, int incoming)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; !is_own(vm) && vm->options->argv[i]; i++)
        g_ptr_array_add(argv, g_strdup(vm->options->argv[i]));
    if (is_own(vm)) {
        add_machine(vm, argv);
        /* As few queues as can be, and none that QEMU's main loop waits for: it looks at all of
           them each time that it wakes. */
        add(argv, "-device", "virtio-serial-pci,max_ports=2,ioeventfd=off");
        add(argv, "-chardev", "socket,id=fuzz-init,fd=%d", port);
        add(argv, "-device", "virtserialport,chardev=fuzz-init,name=" FUZZ_PORT);
    }
    add(argv, "-display", "none");
    add(argv, "-chardev", "file,id=fuzz-console,append=on,path=%s", vm->console_path);
    add(argv, "-serial", "chardev:fuzz-console");
    add_ports(vm, argv);
    add(argv, "-chardev", "socket,id=fuzz-monitor,server=on,wait=off,path=%s", vm->monitor_path);
    add(argv, "-mon", "chardev=fuzz-monitor,mode=readline");
    g_ptr_array_add(argv, g_strdup("-no-reboot"));
    if (incoming >= 0)
        add(argv, "-incoming", "fd:%d", incoming);
    g_ptr_array_add(argv, NULL);
    return argv;
}

/* ---- start and end ---- */

static void prepare_child(gpointer user)
{
    const FuzzVm *vm = user;
    int out = open(vm->error_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean spawn(FuzzVm *vm, int incoming, GError **error)
{
    int ends[2] = {-1, -1};

    if (is_own(vm) && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return failed(error, "no sockets: %s", g_strerror(errno));
    g_autoptr(GPtrArray) argv = command_line(vm, ends[1], incoming);
    if (ends[0] >= 0)
        fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    vm->over = FALSE;
    vm->begun_ms = fuzz_now_ms();
    vm->boot = fuzz_quiet_begin(vm->begun_ms);
    gboolean done = g_spawn_async(NULL, (char **)argv->pdata, NULL,
                                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                      G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                                  prepare_child, vm, &vm->pid, error);
    if (ends[1] >= 0)
        close(ends[1]);
    vm->port = ends[0];
    g_string_truncate(vm->input, 0);
    if (done && vm->port >= 0)
        fcntl(vm->port, F_SETFL, O_NONBLOCK);
    return done;
}

static gboolean has_ended(FuzzVm *vm)
{
    if (!vm->over && vm->pid && waitpid(vm->pid, &vm->status, WNOHANG) == vm->pid)
        vm->over = TRUE;
    return vm->over || !vm->pid;
}

static void end(FuzzVm *vm)
{
    if (!vm->pid)
        return;
    vm->cpu_us = fuzz_vm_cpu_us(vm);
    if (!has_ended(vm)) {
        kill(vm->pid, SIGKILL);
        waitpid(vm->pid, &vm->status, 0);
    }
    g_spawn_close_pid(vm->pid);
    vm->pid = 0;
    if (vm->port >= 0)
        close(vm->port);
    vm->port = -1;
}

static char *last_lines(const char *path, guint n)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    g_strchomp(text);
    char *begin = text + strlen(text);
    while (begin > text && n) {
        begin--;
        n -= *begin == '\n';
    }
    char *lines = g_utf8_make_valid(begin + (*begin == '\n'), -1);
    return g_strdelimit(lines, "\n", ' ');
}

FuzzVmLife fuzz_vm_life(FuzzVm *vm, guint wait_ms, char **ret_how)
{
    for (guint waited = 0; !has_ended(vm) && waited < wait_ms; waited += 10)
        g_usleep(10000);
    if (!has_ended(vm))
        return FUZZ_VM_RUNS;
    if (vm->pid && WIFEXITED(vm->status) && WEXITSTATUS(vm->status) == 0)
        return FUZZ_VM_ENDED;
    g_autofree char *said = last_lines(vm->error_path, 3);
    *ret_how = WIFSIGNALED(vm->status)
                   ? g_strdup_printf("signal %d (%s)%s%s", WTERMSIG(vm->status),
                                     g_strsignal(WTERMSIG(vm->status)), *said ? ": " : "", said)
                   : g_strdup_printf("exit status %d%s%s", WEXITSTATUS(vm->status),
                                     *said ? ": " : "", said);
    return FUZZ_VM_DIED;
}

/* ---- init ---- */

gboolean fuzz_vm_has_clock(const FuzzVm *vm)
{
    return is_own(vm);
}

int fuzz_vm_answer_fd(const FuzzVm *vm)
{
    return vm->port;
}

static void tell(FuzzVm *vm, const char *line)
{
    if (vm->port >= 0 && send(vm->port, line, strlen(line), MSG_NOSIGNAL) < 0)
        g_debug("the guest's init does not read: %s", g_strerror(errno));
}

void fuzz_vm_ask(FuzzVm *vm, const char *verb, const char *arguments)
{
    g_autofree char *line = g_strdup_printf("%s %u %s\n", verb, ++vm->asked, arguments);

    tell(vm, line);
}

guint fuzz_vm_guest_seconds(const FuzzVm *vm)
{
    return vm->ticks;
}

guint fuzz_vm_answer(const FuzzVm *vm)
{
    return vm->answer;
}

static void read_line(FuzzVm *vm, const char *line)
{
    char verb[16];
    guint number, answer = 0;

    if (strcmp(line, "tick") == 0) {
        vm->ticks++;
        tell(vm, "tock\n");
    }
    if (fuzz_cover_read(vm->code, line))
        return;
    sscanf(line, "spent %*u %u %u", &vm->spent.busy_ms, &vm->spent.all_ms);
    if (g_str_has_prefix(line, "ready")) {
        vm->answered = vm->asked;
        vm->covers = strcmp(line, "ready kcov") == 0;
    }
    if (sscanf(line, "%15s %u %u", verb, &number, &answer) < 2)
        return;
    vm->answered = number;
    vm->answer = answer;
}

gboolean fuzz_vm_read_answers(FuzzVm *vm, gboolean *ret_answered)
{
    char bytes[4096];
    ssize_t n = recv(vm->port, bytes, sizeof bytes, MSG_DONTWAIT);
    char *end;

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return FALSE;
    g_string_append_len(vm->input, bytes, MAX(n, 0));
    *ret_answered = FALSE;
    while ((end = strchr(vm->input->str, '\n'))) {
        *end = 0;
        read_line(vm, vm->input->str);
        *ret_answered = vm->answered == vm->asked;
        g_string_erase(vm->input, 0, end + 1 - vm->input->str);
    }
    if (vm->input->len > MAX_LINE)
        g_string_truncate(vm->input, 0);
    return TRUE;
}

gboolean fuzz_vm_covers(const FuzzVm *vm)
{
    return vm->covers;
}

GArray *fuzz_vm_code(FuzzVm *vm)
{
    return vm->code;
}

static gboolean wait_answer(FuzzVm *vm, guint seconds)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    gboolean answered = FALSE;

    while (!answered) {
        struct pollfd come = {.fd = vm->port, .events = POLLIN};
        gint64 left_ms = (deadline - g_get_monotonic_time()) / 1000;
        if (left_ms <= 0 || poll(&come, 1, left_ms) <= 0 || !fuzz_vm_read_answers(vm, &answered))
            return FALSE;
    }
    return TRUE;
}

FuzzVmSpent fuzz_vm_spent(FuzzVm *vm)
{
    vm->spent = (FuzzVmSpent){0};
    fuzz_vm_ask(vm, "spent", "");
    if (!wait_answer(vm, SPENT_S))
        g_debug("the guest does not say what it spent");
    return vm->spent;
}

/* ---- a fresh one ---- */

gboolean fuzz_vm_command(const FuzzVm *vm, const char *command, GError **error)
{
    return fuzz_monitor_do(vm->monitor_path, command, error);
}

/* By a command: QEMU closes its end before what reads from it has written all, and says no more. */
static gboolean save_to(const FuzzVm *vm, int state, const int *through, GError **error)
{
    int us = getpid();
    g_autofree char *migrate =
        g_strdup_printf("migrate -d \"exec:cat >/proc/%d/fd/%d && echo >/proc/%d/fd/%d\"", us,
                        state, us, through[1]);
    struct pollfd come = {.fd = through[0], .events = POLLIN};

    return fuzz_vm_command(vm, "migrate_set_parameter max-bandwidth 4G", error) &&
           fuzz_vm_command(vm, migrate, error) && poll(&come, 1, SAVE_S * 1000) > 0;
}

static gboolean save(FuzzVm *vm, GError **error)
{
    int state = memfd_create("camredir-fuzz-state", MFD_CLOEXEC), through[2] = {-1, -1};
    gboolean can = state >= 0 && pipe2(through, O_CLOEXEC) == 0;
    gboolean done = can && save_to(vm, state, through, error);

    if (done)
        vm->state = state;
    else if (state >= 0)
        close(state);
    if (can) {
        close(through[0]);
        close(through[1]);
    }
    return done || (error && *error) ? done : failed(error, "QEMU could not save the machine");
}

/* What is saved takes no more memory than the guest has touched. */
static gboolean is_small(const FuzzVm *vm)
{
    gint64 all_kib = sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024);
    return fuzz_vm_resident_kib(vm) <= all_kib / SAVED_PART;
}

/* What its guest had to do it has done: it uses little of the time that it has. */
static gboolean wait_idle(const FuzzVm *vm)
{
    const FuzzSched begun = fuzz_vm_sched(vm);
    FuzzSched before = begun, now = begun;
    guint still = 0;

    while (still < IDLE_ENOUGH && !is_given_up(vm) &&
           fuzz_sched_had_us(begun, now) < IDLE_MOST_US) {
        g_usleep(IDLE_LOOK_US);
        now = fuzz_vm_sched(vm);
        gboolean works = (now.ran_us - before.ran_us) * IDLE_PART > fuzz_sched_had_us(before, now);
        still = works ? still - MIN(still, IDLE_COSTS) : still + 1;
        before = now;
    }
    return still == IDLE_ENOUGH;
}

gboolean fuzz_vm_keep(FuzzVm *vm)
{
    g_autofree char *drives = fuzz_monitor_ask(vm->monitor_path, "info block", NULL);
    g_autoptr(GError) error = NULL;

    if (!vm->boots && drives && !fuzz_monitor_has_disk(drives) && is_small(vm) && wait_idle(vm) &&
        save(vm, &error))
        return TRUE;
    g_debug("it boots each time: %s", error ? error->message : drives);
    vm->boots = TRUE;
    return FALSE;
}

void fuzz_vm_discard(FuzzVm *vm)
{
    if (vm->state >= 0)
        close(vm->state);
    vm->state = -1;
    vm->boots = TRUE;
}

gboolean fuzz_vm_is_kept(const FuzzVm *vm)
{
    return vm->state >= 0;
}

static gboolean is_stock(const FuzzVm *vm)
{
    return is_own(vm) && !vm->options->kernel && !vm->options->initramfs;
}

gboolean fuzz_vm_boots_on(FuzzVm *vm)
{
    g_autofree char *console = NULL;
    gsize size = 0;
    gint64 now_ms = fuzz_now_ms();

    g_file_get_contents(vm->console_path, &console, &size, NULL);
    return !has_ended(vm) && !is_given_up(vm) && now_ms - vm->begun_ms < BOOT_MOST_MS &&
           fuzz_quiet_ms(&vm->boot, size, now_ms) <
               (is_stock(vm) ? STOCK_SILENT_MS : BOOT_SILENT_MS) &&
           !(console && strstr(console, "Kernel panic"));
}

char *fuzz_vm_last_words(FuzzVm *vm)
{
    g_autofree char *how = NULL;
    g_autofree char *console = last_lines(vm->console_path, 3);
    FuzzVmLife life = fuzz_vm_life(vm, 200, &how);

    return life == FUZZ_VM_DIED ? g_strdup_printf("QEMU ended: %s", how)
                                : g_strdup_printf("its console ends with: %s", console);
}

static gboolean cannot_start(FuzzVm *vm, GError **error)
{
    if (error && *error)
        return FALSE;
    g_autofree char *words = fuzz_vm_last_words(vm);
    return failed(error, "the guest does not come up; %s", words);
}

static gboolean boot(FuzzVm *vm, GError **error)
{
    gint64 begun = g_get_monotonic_time();

    vm->asked++;
    if (!spawn(vm, -1, error))
        return cannot_start(vm, error);
    while (is_own(vm) && !wait_answer(vm, 1))
        if (!fuzz_vm_boots_on(vm))
            return cannot_start(vm, error);
    vm->times.boot_us += g_get_monotonic_time() - begun;
    return TRUE;
}

/* A file of its own for each QEMU: they would share one's position. */
static int open_state(const FuzzVm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", vm->state);
    return open(path, O_RDONLY);
}

static gboolean goes_on(FuzzVm *vm)
{
    tell(vm, "tock\n"); /* it may have been saved while it waited */
    fuzz_vm_ask(vm, "clock", "1");
    return wait_answer(vm, SAVE_S);
}

/* Whoever connects to its ports before that would have it abort. */
static gboolean wait_loaded(FuzzVm *vm)
{
    gint64 deadline = g_get_monotonic_time() + SAVE_S * G_USEC_PER_SEC;

    while (!has_ended(vm) && g_get_monotonic_time() < deadline) {
        g_autofree char *status = fuzz_monitor_ask(vm->monitor_path, "info status", NULL);
        if (status && strstr(status, "running"))
            return TRUE;
        g_usleep(LOAD_POLL_US);
    }
    return FALSE;
}

static gboolean restart(FuzzVm *vm, GError **error)
{
    gint64 begun = g_get_monotonic_time();
    int state = open_state(vm);
    gboolean done = state >= 0 && spawn(vm, state, error);

    if (state >= 0)
        close(state);
    if (!done)
        return cannot_start(vm, error);
    if (!(is_own(vm) ? goes_on(vm) : wait_loaded(vm)))
        return cannot_start(vm, error);
    vm->times.restart_us += g_get_monotonic_time() - begun;
    return TRUE;
}

/* What is saved goes on in another QEMU, which has not translated what only a boot runs: a case
   then costs 6 % less. */
static gboolean begin(FuzzVm *vm, GError **error)
{
    if (vm->state < 0 && !boot(vm, error))
        return FALSE;
    if (vm->state < 0 && !is_own(vm))
        return TRUE;
    if (vm->state < 0 && !save(vm, error))
        return FALSE;
    end(vm);
    return restart(vm, error);
}

static gboolean begin_anew(FuzzVm *vm, GError **error)
{
    end(vm);
    if (truncate(vm->console_path, 0) < 0 && errno != ENOENT)
        return failed(error, "%s: %s", vm->console_path, g_strerror(errno));
    vm->console_at = 0;
    return begin(vm, error);
}

/* In real time, without KVM and beside other work, QEMU now and then loses a kernel while it boots;
   nothing was plugged in by then. */
gboolean fuzz_vm_fresh(FuzzVm *vm, const volatile gint *stop, GError **error)
{
    g_autoptr(GError) why = NULL;

    vm->stop = stop;
    if (begin_anew(vm, &why))
        return TRUE;
    if (is_stock(vm) && !has_ended(vm) && !is_given_up(vm)) {
        g_message("%s; it is booted once more", why->message);
        if (begin_anew(vm, error))
            return TRUE;
    } else {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    end(vm);
    return FALSE;
}

int fuzz_vm_connect(FuzzVm *vm, guint n, GError **error)
{
    g_autofree char *path = port_path(vm, n);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    gint64 deadline = g_get_monotonic_time() + SOCKET_S * G_USEC_PER_SEC;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    while (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        if (has_ended(vm) || is_given_up(vm) || g_get_monotonic_time() > deadline) {
            close(fd);
            cannot_start(vm, error);
            return -1;
        }
        g_usleep(5000);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* ---- what can be seen of it ---- */

static char *read_console(const FuzzVm *vm, long *ret_n)
{
    FILE *file = fopen(vm->console_path, "re");
    char *text = g_malloc(MAX_CONSOLE + 1);
    size_t n = 0;

    if (file && fseek(file, vm->console_at, SEEK_SET) == 0)
        n = fread(text, 1, MAX_CONSOLE, file);
    if (file)
        fclose(file);
    text[n] = 0;
    for (size_t i = 0; i < n; i++)
        if (!text[i])
            text[i] = ' ';
    *ret_n = (long)n;
    return g_realloc(text, n + 1);
}

char *fuzz_vm_console(FuzzVm *vm)
{
    long n;
    char *text = read_console(vm, &n);

    vm->console_at += n;
    return text;
}

char *fuzz_vm_peek(const FuzzVm *vm)
{
    long n;
    return read_console(vm, &n);
}

GPid fuzz_vm_pid(const FuzzVm *vm)
{
    return vm->pid;
}

gint64 fuzz_vm_resident_kib(const FuzzVm *vm)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", vm->pid);
    g_autofree char *text = NULL;
    gint64 total, resident = 0;

    if (g_file_get_contents(path, &text, NULL, NULL))
        sscanf(text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &total, &resident);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static gint64 read_clock_us(clockid_t clock)
{
    struct timespec used = {0};

    clock_gettime(clock, &used);
    return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

gint64 fuzz_vm_cpu_us(const FuzzVm *vm)
{
    clockid_t clock;

    if (!vm->pid || clock_getcpuclockid(vm->pid, &clock) != 0)
        return vm->cpu_us;
    return vm->cpu_us + read_clock_us(clock);
}

FuzzSched fuzz_vm_sched(const FuzzVm *vm)
{
    return fuzz_sched_look("/proc", vm->pid);
}

gint64 fuzz_vm_own_cpu_us(void)
{
    return read_clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

FuzzVmTimes fuzz_vm_times(const FuzzVm *vm)
{
    return vm->times;
}

/* ---- its folder ---- */

#define FOLDER "camredir-fuzz-"

static void remove_folder(const char *folder)
{
    g_autoptr(GPtrArray) names = fuzz_list_folder(folder, NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

/* The folder's name has the process that made it; one that was killed could not remove it. */
static gboolean is_left_over(const char *path, const char *name)
{
    GStatBuf st;
    int pid, end = 0;

    return sscanf(name, FOLDER "%d-%n", &pid, &end) == 1 && end > 0 && pid > 0 &&
           kill(pid, 0) < 0 && errno == ESRCH && g_lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == getuid();
}

static void remove_leftovers(void)
{
    g_autoptr(GPtrArray) names = fuzz_list_folder(g_get_tmp_dir(), NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(g_get_tmp_dir(), names->pdata[i], NULL);
        if (is_left_over(path, names->pdata[i]))
            remove_folder(path);
    }
}

static char *make_folder(GError **error)
{
    g_autofree char *name = g_strdup_printf(FOLDER "%d-XXXXXX", (int)getpid());

    remove_leftovers();
    return g_dir_make_tmp(name, error);
}

/* ---- life ---- */

FuzzVm *fuzz_vm_new(const FuzzQemuOptions *options, GError **error)
{
    FuzzVm *vm = g_new0(FuzzVm, 1);

    vm->options = options;
    vm->state = vm->port = -1;
    vm->input = g_string_new(NULL);
    vm->code = g_array_new(FALSE, FALSE, sizeof(guint32));
    vm->folder = make_folder(error);
    if (!vm->folder || !find_guest(vm, error)) {
        fuzz_vm_free(vm);
        return NULL;
    }
    if (is_own(vm) && !options->real_time)
        vm->core = fuzz_core_take();
    vm->console_path = g_build_filename(vm->folder, "console", NULL);
    vm->error_path = g_build_filename(vm->folder, "qemu", NULL);
    vm->monitor_path = g_build_filename(vm->folder, "monitor", NULL);
    return vm;
}

void fuzz_vm_free(FuzzVm *vm)
{
    if (!vm)
        return;
    end(vm);
    if (vm->folder)
        remove_folder(vm->folder);
    if (vm->state >= 0)
        close(vm->state);
    fuzz_core_release(vm->core);
    g_string_free(vm->input, TRUE);
    g_array_unref(vm->code);
    g_free(vm->kernel);
    g_free(vm->initramfs);
    g_free(vm->folder);
    g_free(vm->console_path);
    g_free(vm->error_path);
    g_free(vm->monitor_path);
    g_free(vm);
}
