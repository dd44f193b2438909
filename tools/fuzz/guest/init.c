/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fuzzed guest's whole user space: it keeps a virtual clock from leaping while the host has
   something to say, tells the host what time it is, and uses the cameras that come. */
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/reboot.h>

#include "tools/fuzz/guest/boot.h"
#include "tools/fuzz/guest/cover.h"
#include "tools/fuzz/guest/hubs.h"
#include "tools/fuzz/guest/now.h"
#include "tools/fuzz/guest/protocol.h"
#include "tools/fuzz/guest/use_cameras.h"

#define TICK_MS 1000 /* the drivers' time-outs are 5 s */
#define POLL_MS 20

#define MOST_BUSES 32

static int port = -1;
static bool waiting; /* for the host's answer to a tick */
static struct cover cover;

static void send_text(const char *text, size_t n)
{
    while (write(port, text, n) < 0 && (errno == EAGAIN || errno == EINTR))
        usleep(1000);
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[128];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    send_text(line, n);
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int result = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return result;
}

/* ---- cameras ---- */

/* A hub's device is locked while the kernel looks at its ports, until their devices are configured
   and probed, or given up; who asks for its configuration waits for that. */
static void wait_for_hubs(void)
{
    for (int bus = 1; bus <= MOST_BUSES; bus++) {
        char path[64], configuration[16];
        snprintf(path, sizeof path, "/sys/bus/usb/devices/usb%d/bConfigurationValue", bus);
        boot_read_line(path, configuration, sizeof configuration);
    }
}

/* One that is through may have more to do at once. */
static void settle(int ms)
{
    wait_for_hubs();
    usleep(ms * 1000);
    wait_for_hubs();
}

/* By a thread of its own: while the driver waits for an answer of the camera, somebody must hold
   the clock. */
struct work {
    unsigned number;
    int ms;
    bool settles;
};
static int work[2]; /* a pipe of such */

static void take_pictures(struct work next)
{
    cover_trace_me(&cover, true);
    unsigned taken = use_cameras(now_ms() + next.ms);
    cover_trace_me(&cover, false);
    say("stream %u %u\n", next.number, taken);
}

static void *work_on(void *unused)
{
    struct work next;
    while (read(work[0], &next, sizeof next) == sizeof next) {
        if (next.settles) {
            settle(next.ms);
            say("settle %u\n", next.number);
        } else {
            take_pictures(next);
        }
    }
    return unused;
}

static bool begin_work(void)
{
    pthread_t thread;
    return pipe2(work, O_CLOEXEC) == 0 && pthread_create(&thread, NULL, work_on, NULL) == 0;
}

static void hand_on(struct work next)
{
    if (write(work[1], &next, sizeof next) != sizeof next)
        say("stream %u 0\n", next.number);
}

/* ---- coverage ---- */

static struct {
    char text[1024];
    size_t used;
} line_of_pcs;

static void end_line_of_pcs(void)
{
    if (line_of_pcs.used) {
        line_of_pcs.text[line_of_pcs.used++] = '\n';
        send_text(line_of_pcs.text, line_of_pcs.used);
    }
    line_of_pcs.used = 0;
}

static void say_pc(uint32_t pc)
{
    size_t room = sizeof line_of_pcs.text - line_of_pcs.used;
    line_of_pcs.used += snprintf(line_of_pcs.text + line_of_pcs.used, room, "%s %" PRIx32,
                                 line_of_pcs.used ? "" : "pcs", pc);
    if (line_of_pcs.used > sizeof line_of_pcs.text - sizeof " 00000000\n")
        end_line_of_pcs();
}

static unsigned say_cover(void)
{
    unsigned n = cover_tell(&cover, say_pc);
    end_line_of_pcs();
    return n;
}

/* ---- time ---- */

static void say_spent(unsigned number)
{
    char line[64];
    double all = 0, idle = 0; /* of all processors */
    boot_read_line("/proc/uptime", line, sizeof line);
    sscanf(line, "%lf %lf", &all, &idle);
    double busy = all * sysconf(_SC_NPROCESSORS_ONLN) - idle;
    say("spent %u %.0f %.0f\n", number, busy * 1e3, all * 1e3);
}

static void say_hubs(unsigned number)
{
    static struct hubs before;
    struct hubs now = hubs_look("/proc");
    say("hubs %u %u\n", number, hubs_that_get_on(&before, &now));
    before = now;
}

/* ---- what the host asks ---- */

struct clock {
    unsigned number;
    int64_t deadline; /* 0: none runs */
};

static void stop(void)
{
    for (;;)
        pause();
}

static void obey(char *line, struct clock *clock)
{
    char verb[16] = "", path[128] = "";
    unsigned number = 0;
    int ms = 0, text = 0;
    if (strcmp(line, "tock") == 0) {
        waiting = false;
        return;
    }
    sscanf(line, "%15s %u %n", verb, &number, &text);
    clock->deadline = 0;
    if (strcmp(verb, "clock") == 0 && sscanf(line + text, "%d", &ms) == 1) {
        clock->number = number;
        clock->deadline = now_ms() + ms;
    } else if (strcmp(verb, "stream") == 0 && sscanf(line + text, "%d", &ms) == 1) {
        hand_on((struct work){.number = number, .ms = ms});
    } else if (strcmp(verb, "settle") == 0 && sscanf(line + text, "%d", &ms) == 1) {
        hand_on((struct work){.number = number, .ms = ms, .settles = true});
    } else if (strcmp(verb, "hubs") == 0) {
        say_hubs(number);
    } else if (strcmp(verb, "write") == 0 && sscanf(line + text, "%127s %n", path, &ms) == 1) {
        say("write %u %d\n", number, write_file(path, line + text + ms));
    } else if (strcmp(verb, "cover") == 0) {
        say("cover %u %u\n", number, say_cover());
    } else if (strcmp(verb, "spent") == 0) {
        say_spent(number);
    } else if (strcmp(verb, "stop") == 0) {
        stop();
    } else if (strcmp(verb, "reboot") == 0) {
        reboot(RB_AUTOBOOT);
    }
}

/* Lines that have come; what is not whole yet stays for the next time. */
static bool read_lines(struct clock *clock)
{
    static char input[512];
    static size_t used;
    ssize_t n = read(port, input + used, sizeof input - 1 - used);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    input[used += n] = 0;
    char *line = input;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        obey(line, clock);
    }
    used -= line - input;
    memmove(input, line, used);
    if (used == sizeof input - 1) /* no line of ours is as long */
        used = 0;
    return true;
}

/* Where nobody sleeps, a virtual clock runs no faster than we do. So it cannot pass a time-out
   while an answer is on its way: the host answers what came before the tick first. */
static void tick(struct clock *clock)
{
    waiting = true;
    say("tick\n");
    while (waiting)
        if (!read_lines(clock))
            usleep(POLL_MS * 1000); /* nobody is there */
}

static void serve(void)
{
    struct clock clock = {0, 0};
    int64_t next_tick = now_ms();
    say(cover_start(&cover) ? "ready kcov\n" : "ready\n");
    for (;;) {
        int64_t now = now_ms();
        if (clock.deadline && now >= clock.deadline) {
            say("clock %u\n", clock.number);
            clock.deadline = 0;
        }
        if (now >= next_tick) {
            tick(&clock);
            next_tick = now + TICK_MS;
        }
        struct pollfd come = {.fd = port, .events = POLLIN};
        int64_t until = clock.deadline ? least(next_tick, clock.deadline) : next_tick;
        int64_t left = until - now_ms();
        if (poll(&come, 1, left > 0 ? left : 0) > 0 && !read_lines(&clock))
            usleep(POLL_MS * 1000);
    }
}

/* What the kernel tells that is no warning is not for the host. A loop is told after seconds; a
   task that waits may wait for many of a driver's time-outs. A file that this kernel does not have
   is none of ours. */
static void set_watchdogs(void)
{
    static const char *const settings[][2] = {
        {"/proc/sys/kernel/printk", "5"},
        {"/proc/sys/kernel/watchdog_thresh", "3"},
        {"/proc/sys/kernel/hung_task_timeout_secs", "150"},
        {"/proc/sys/kernel/hung_task_check_interval_secs", "10"},
        {"/proc/sys/kernel/printk_devkmsg", "on"},
        {"/proc/sys/kernel/sysrq", "1"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        write_file(settings[i][0], settings[i][1]);
}

/* A root hub that sleeps takes seconds to see a device; and a device that goes while it is sent to
   sleep, after two seconds in which nobody used it, holds its hub for five. */
static void keep_awake(void)
{
    write_file("/sys/module/usbcore/parameters/autosuspend", "-1");
    for (int bus = 1; bus <= MOST_BUSES; bus++) {
        char path[64];
        snprintf(path, sizeof path, "/sys/bus/usb/devices/usb%d/power/control", bus);
        write_file(path, "on");
    }
}

int main(void)
{
    boot_mount();
    boot_load_drivers();
    set_watchdogs();
    keep_awake();
    if (boot_link_port(FUZZ_PORT))
        port = open("/dev/" FUZZ_PORT, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    bool works = begin_work();
    if (nice(19) < 0) /* this thread's alone */
        errno = 0;
    if (!works)
        perror("init: no thread");
    else if (port < 0)
        fprintf(stderr, "init: no port %s\n", FUZZ_PORT);
    else
        serve();
    return 1; /* init's end is the kernel's: the console then says why */
}
