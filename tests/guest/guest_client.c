/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: a camera that this project did not write. A second VM, the client, runs camredir on
   its kernel's vivid device and shares it over TCP into the first. */
#include "tests/guest/guest_tests.h"

#include <stdlib.h>
#include <string.h>

#define BRIGHTNESS_ID 0x980900
#define HOST          "10.0.2.2" /* the host, as QEMU's user-mode network shows it */

/* One capture device and nothing else; no on-screen text, which only costs time. */
#define VIVID "load vivid n_devs=1 node_types=0x1"

static char *start_client(Vm *client, guint16 port, GError **error)
{
    AgentClient *agent = vm_agent(client);
    g_autofree char *loaded = agent_run(agent, 30000, error, VIVID);
    g_autofree char *camera = loaded ? agent_run(agent, 15000, error, "camera vivid 10") : NULL;
    g_autofree char *network = camera ? agent_run(agent, 15000, error,
                                                  "sh ip link set lo up; ip link set eth0 up; "
                                                  "ip addr add 10.0.2.15/24 dev eth0")
                                      : NULL;
    if (!network)
        return NULL;
    char *device = g_strndup(camera, strcspn(camera, " "));
    g_autofree char *started =
        agent_run(agent, 15000, error,
                  "sh camredir share %s --format YUY2 --to tcp:" HOST
                  ":%u --trace /dev/" GUEST_PORT_OUTPUT " >/tmp/camredir.log 2>&1 &",
                  device, port);
    return started ? device : (g_free(device), NULL);
}

static gboolean set_and_compare(Session *session, Vm *client, const char *device, GString *note,
                                GError **error)
{
    for (int wanted = 40; wanted <= 200; wanted += 80) {
        g_autofree char *set = agent_run(vm_agent(session->vm), 10000, error, "set %s %d %d",
                                         session->device, BRIGHTNESS_ID, wanted);
        g_autofree char *got =
            set ? agent_run(vm_agent(client), 10000, error, "control %s %d", device, BRIGHTNESS_ID)
                : NULL;
        if (!got)
            return FALSE;
        if (atoi(set) != wanted || atoi(got) != wanted)
            return fail(error, "brightness %d: the guest has %s, vivid has %s", wanted, set, got);
    }
    g_string_append(note, "; brightness 40, 120, 200");
    return TRUE;
}

static gboolean stream_client(Session *session, Vm *client, GString *note, GError **error)
{
    StreamOrder order = {.fourcc = "YUYV",
                         .width = 640,
                         .height = 360,
                         .interval = 333333,
                         .frames = 30,
                         .hash_each = 1};
    AgentClient *agent = vm_agent(session->vm);
    guint stream = session_begin(session, &order);
    g_autofree char *text = agent_wait(agent, stream, 60000, error);
    if (!text)
        return FALSE;
    g_autoptr(GArray) seen = agent_frames(agent, stream, order.frames);
    g_autoptr(GArray) sent = trace_read(vm_output(client), NULL);
    Outcome outcome;
    /* Ready in the client's time and seen in ours: without a common clock there is no latency. */
    for (guint i = 0; i < sent->len; i++)
        g_array_index(sent, SentFrame, i).ready_us = 0;
    compare_frames(seen, sent, &outcome);
    g_string_append_printf(note, "%u frames of vivid, %.1f fps", outcome.frames, outcome.fps);
    return check_intact(&outcome, order.frames, error);
}

static gboolean run_client(const GuestTest *test, Session *session, GString *note, GError **error)
{
    (void)test;
    Vm *client = vm_new("client", VM_CAMREDIR);
    g_autofree char *device = NULL;
    gboolean good = vm_boot(client, error) &&
                    (device = start_client(client, vm_tcp_port(session->vm), error)) &&
                    session_find(session, 30000, error) &&
                    stream_client(session, client, note, error) &&
                    set_and_compare(session, client, device, note, error);
    if (!good && vm_agent(client)) {
        g_autofree char *log = agent_run(vm_agent(client), 10000, NULL, "sh cat /tmp/camredir.log");
        g_prefix_error(error, "[client: %s] ", log ? g_strstrip(log) : "no log");
    }
    vm_free(client);
    g_autofree char *gone =
        good ? agent_run(vm_agent(session->vm), 20000, error, "gone uvcvideo 15") : NULL;
    return gone != NULL;
}

static const GuestTest tests[] = {
    {"vivid in a client VM, over TCP", run_client, NULL},
};

const GuestTestTable client_tests = {tests, G_N_ELEMENTS(tests)};
