/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make bench-spice: how much raw video camredir, spice-client-glib and spice-server carry where no
   QEMU and no guest have to take it: what 'make bench' gets less than that is theirs; no pass, no
   failure. */
#include <stdio.h>
#include <string.h>

#include "tests/guest/process.h"
#include "tests/unit/redir_fixture.h"
#include "tests/unit/spice_vm.h"
#include "vcam/device.h"

#define SETTLE_US  (1 * G_USEC_PER_SEC)
#define MEASURE_US (4 * G_USEC_PER_SEC)
#define WIDTH      1920
#define HEIGHT     1080
#define FRAME      (WIDTH * HEIGHT * 2)

/* Linux's uvcvideo has five requests pending, of 32 packets each. */
static const struct row {
    const char *way, *port_name;
    guint fps, request, pending;
} rows[] = {
    {"port", "org.camredir.camera.0", 30, 32 * 1024, 5},
    {"port", "org.camredir.camera.0", 60, 32 * 1024, 5},
    {"port", "org.camredir.camera.0", 60, 32 * 1024, 1},
    {"port", "org.camredir.camera.0", 60, 16 * 1024, 5},
    {"usbredir", NULL, 60, 32 * 1024, 5},
};

/* A guest that looks at nothing: bytes that it got by then. */
static guint64 take_until(FakeQemu *qemu, const struct row *row, gint64 end_us)
{
    guint64 bytes = 0;
    FakeAnswer *answer;
    while (g_get_monotonic_time() < end_us) {
        fake_step();
        while ((answer = g_queue_pop_head(&qemu->answers))) {
            if (answer->type == usb_redir_bulk_packet) {
                bytes += answer->data ? g_bytes_get_size(answer->data) : 0;
                fake_qemu_bulk(qemu, VCAM_STREAM_ENDPOINT, row->request, NULL);
            }
            fake_answer_free(answer);
        }
    }
    return bytes;
}

static Process *share(const struct row *row, const char *path, GError **error)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *log = g_build_filename(harness_logs(), "bench_spice.log", NULL);
    g_autofree char *size = g_strdup_printf("%ux%u", WIDTH, HEIGHT);
    g_autofree char *fps = g_strdup_printf("%u", row->fps);
    g_autofree char *to = g_strconcat("spice+unix://", path, NULL);
    const char *argv[] = {program,  "share", "pattern", "--format", "YUY2",  "--size",
                          size,     "--fps", fps,       "--speed",  "super", "--way",
                          row->way, "--to",  to,        NULL};
    return process_start(argv, log, error);
}

static FakeQemu *begin(const struct row *row, const SpiceVmDevice *device)
{
    Fixture guest = {
        .state = REDIR_HOST_ATTACHED, /* nobody tells it here */
        .mode = {VCAM_YUY2, WIDTH, HEIGHT, 10000000 / row->fps},
    };
    FAKE_WAIT((guest.qemu = spice_vm_qemu(device)) &&
              strstr(guest.qemu->order->str, "device_connect"));
    configure(&guest);
    commit(&guest);
    for (guint i = 0; i < row->pending; i++)
        fake_qemu_bulk(guest.qemu, VCAM_STREAM_ENDPOINT, row->request, NULL);
    return guest.qemu;
}

static void measure(const struct row *row, const char *path, GError **error)
{
    SpiceVm *vm = spice_vm_new(path);
    SpiceVmDevice *device = spice_vm_add(vm, row->port_name);
    Process *camredir = share(row, path, error);
    if (camredir) {
        FakeQemu *qemu = begin(row, device);
        gint64 begin_us = g_get_monotonic_time() + SETTLE_US;
        take_until(qemu, row, begin_us);
        gint64 busy_us = process_cpu_us(camredir);
        guint64 bytes = take_until(qemu, row, begin_us + MEASURE_US);
        double seconds = (g_get_monotonic_time() - begin_us) / 1e6;
        busy_us = process_cpu_us(camredir) - busy_us;
        printf("%-10s %5u %9u of %2u KiB %8.1f %8.1f %10.0f\n", row->way, row->fps, row->pending,
               row->request / 1024, bytes / 1e6 / seconds, bytes / seconds / FRAME,
               busy_us / seconds / 1e4);
    }
    process_free(camredir);
    spice_vm_free(vm);
}

int main(void)
{
    g_autoptr(GError) error = NULL;
    harness_init("bench_spice");
    g_autofree char *path = g_build_filename(harness_folder(), "spice.sock", NULL);
    printf("YUY2 %ux%u to a spice-server that hands it to nobody\n%-10s %5s %18s %8s %8s %10s\n",
           WIDTH, HEIGHT, "way", "asked", "requests pending", "MB/s", "fps", "camredir %");
    for (guint i = 0; i < G_N_ELEMENTS(rows) && !error; i++)
        measure(&rows[i], path, &error);
    if (error)
        fprintf(stderr, "bench_spice: %s\n", error->message);
    return error ? 1 : 0;
}
