/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that a test starts: none of them outlives it, however it ends. */
#include "tests/guest/process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct Process {
    pid_t pid;
    gboolean ended;
    int status;
};

static char *folder, *logs;
static GPtrArray *running; /* of Process */
static GMutex running_lock;

gboolean fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, g_quark_from_static_string("harness"), 0, text);
    return FALSE;
}

static void remove_files(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (g_unlink(file) < 0 && errno == EISDIR) {
            remove_files(file);
            g_rmdir(file);
        }
    }
    if (dir)
        g_dir_close(dir);
}

void process_kill_all(void)
{
    g_mutex_lock(&running_lock);
    for (guint i = 0; i < running->len; i++)
        kill(((Process *)running->pdata[i])->pid, SIGKILL);
    g_mutex_unlock(&running_lock);
}

/* Of the two that may come here, by a signal and by the end of main(), or of Xlib whose server is
   gone, one does it and the other waits for the end. */
static void at_exit(void)
{
    static GMutex once;
    g_mutex_lock(&once);
    process_kill_all();
    remove_files(folder);
    g_rmdir(folder);
}

static void *wait_for_signal(void *user)
{
    int number = 0;
    sigwait(user, &number);
    at_exit();
    _exit(128 + number);
}

/* Two runs of one program at a time: the second keeps away from the first one's files. */
static char *own_logs(const char *program)
{
    g_autofree char *path = g_build_filename("build/guest/logs", program, NULL);
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    if (g_mkdir_with_parents(path, 0755) < 0)
        g_error("%s: %s", path, g_strerror(errno));
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
        return g_strdup_printf("%s.%d", path, getpid());
    return g_steal_pointer(&path);
}

void harness_init(const char *program)
{
    static sigset_t signals;
    pthread_t thread;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    pthread_create(&thread, NULL, wait_for_signal, &signals);
    pthread_detach(thread);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);

    running = g_ptr_array_new();
    logs = own_logs(program);
    const char *outer = g_getenv("TMPDIR"); /* GLib asks once, and shall find the inner */
    folder = g_mkdtemp(g_build_filename(outer ? outer : "/tmp", "camredir-XXXXXX", NULL));
    if (!folder || g_mkdir_with_parents(logs, 0755) < 0)
        g_error("%s: %s", logs, g_strerror(errno));
    g_setenv("TMPDIR", folder, TRUE);
    remove_files(logs);
    atexit(at_exit);
}

const char *harness_logs(void)
{
    return logs;
}

const char *harness_folder(void)
{
    return folder;
}

char *harness_camredir(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *here = g_path_get_dirname(self);
    return g_build_filename(here, "..", "..", "camredir", NULL);
}

/* Between fork() and exec(): system calls alone. */
G_GNUC_NORETURN static void become(const char *const *argv, int output, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int input = open("/dev/null", O_RDONLY);
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    if (getppid() == parent)
        execvp(argv[0], (char *const *)argv);
    static const char message[] = "harness: cannot execute it\n";
    if (write(2, message, sizeof message - 1) < 0)
        _exit(126);
    _exit(127);
}

Process *process_start(const char *const *argv, const char *log_path, GError **error)
{
    int output = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) {
        fail(error, "%s: %s", log_path, g_strerror(errno));
        return NULL;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(argv, output, parent);
    close(output);
    if (pid < 0) {
        fail(error, "fork: %s", g_strerror(errno));
        return NULL;
    }
    Process *process = g_new0(Process, 1);
    process->pid = pid;
    g_mutex_lock(&running_lock);
    g_ptr_array_add(running, process);
    g_mutex_unlock(&running_lock);
    return process;
}

gboolean process_running(Process *process)
{
    int status;
    if (!process->ended && waitpid(process->pid, &status, WNOHANG) == process->pid) {
        process->ended = TRUE;
        process->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        g_mutex_lock(&running_lock);
        g_ptr_array_remove(running, process);
        g_mutex_unlock(&running_lock);
    }
    return !process->ended;
}

void process_signal(Process *process, int number)
{
    if (process_running(process))
        kill(process->pid, number);
}

gboolean process_wait(Process *process, gint64 timeout_ms, int *ret_status)
{
    gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    while (process_running(process) && g_get_monotonic_time() < deadline)
        g_usleep(5000);
    if (process->ended && ret_status)
        *ret_status = process->status;
    return process->ended;
}

void process_free(Process *process)
{
    if (!process)
        return;
    process_signal(process, SIGKILL);
    process_wait(process, WAIT_MS, NULL);
    g_free(process);
}

static gboolean proc_read(const Process *process, const char *name, char *ret_text, gsize size)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", process->pid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return FALSE;
    ret_text[fread(ret_text, 1, size - 1, file)] = 0;
    fclose(file);
    return TRUE;
}

char *process_descriptor(const Process *process, int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", process->pid, fd);
    return g_file_read_link(path, NULL);
}

/* Of a file "stat", a process's or a thread's, whose name begins with name. */
static gint64 stat_cpu_us(const Process *process, const char *file, const char *name)
{
    char text[1024];
    unsigned long user = 0, kernel = 0;
    if (!proc_read(process, file, text, sizeof text))
        return 0;
    /* Fields are counted behind the name, which may hold anything: proc(5). */
    const char *begin = strchr(text, '('), *rest = strrchr(text, ')');
    if (!begin || !rest || !g_str_has_prefix(begin + 1, name) ||
        sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        return 0;
    return (gint64)(user + kernel) * 1000000 / sysconf(_SC_CLK_TCK);
}

gint64 process_cpu_us(const Process *process)
{
    return stat_cpu_us(process, "stat", "");
}

gint64 process_threads_cpu_us(const Process *process, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", process->pid);
    g_autoptr(GDir) tasks = g_dir_open(path, 0, NULL);
    gint64 sum = 0;
    for (const char *task; tasks && (task = g_dir_read_name(tasks));) {
        g_autofree char *file = g_strdup_printf("task/%s/stat", task);
        sum += stat_cpu_us(process, file, name);
    }
    return sum;
}

static gint64 status_kib(const Process *process, const char *field)
{
    char text[4096];
    const char *line = proc_read(process, "status", text, sizeof text) ? strstr(text, field) : NULL;
    return line ? g_ascii_strtoll(line + strlen(field), NULL, 10) : 0;
}

gint64 process_peak_kib(const Process *process)
{
    return status_kib(process, "VmHWM:");
}

gint64 process_resident_kib(const Process *process)
{
    return status_kib(process, "VmRSS:");
}

guint process_count_descriptors(const Process *process)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", process->pid);
    g_autoptr(GDir) descriptors = g_dir_open(path, 0, NULL);
    guint count = 0;
    while (descriptors && g_dir_read_name(descriptors))
        count++;
    return count;
}

static GString *told;

void log_tell_tail(const char *path, guint n_lines)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL) || !*text)
        return;
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    guint n = g_strv_length(lines);
    if (!told)
        told = g_string_new(NULL);
    g_string_append_printf(told, "# %s:\n", path);
    for (guint i = n > n_lines ? n - n_lines : 0; i < n; i++)
        g_string_append_printf(told, "#   %s\n", g_strchomp(lines[i]));
}

void log_print_told(FILE *output)
{
    if (told)
        fputs(told->str, output);
    if (told)
        g_string_truncate(told, 0);
}
