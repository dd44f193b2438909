/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two VMs and a link between them that is as wide, far and lossy as is asked for. */
#include "tests/bench/link_lab.h"

#include <stdlib.h>
#include <string.h>

#define HOST          "10.0.2.2" /* this machine, as QEMU's user-mode network shows it */
#define NEAR          "10.9.0.1"
#define FAR           "10.9.0.2"
#define PORT          4000 /* of the relay */
#define PLAIN_PORT    4001
#define PLAIN_LATER_S 3
#define MTU           1514
#define QUEUE_MS      100 /* of a router before the link */
#define PID           "/tmp/link.pid"
#define LOG           "/tmp/link.log"
#define CARRIED       "/tmp/carried"
/* By their paths: busybox would run its own. */
#define IP     "/usr/bin/ip "
#define QDISC  "/usr/bin/tc qdisc "
#define IN_FAR IP "netns exec far "

/* The kernel would remember a link that it has seen. */
static const char *const setup[] = {
    "load veth",
    "load sch_netem",
    "load sch_tbf",
    "sh busybox mkdir -p /var/run && " IP "link set lo up && " IP "netns add far && " IP
    "link add near type veth peer name far",
    "sh " IP "link set far netns far && " IP "link set eth0 netns far",
    "sh " IP "addr add " NEAR "/24 dev near && " IP "link set near up",
    "sh " IN_FAR IP "addr add " FAR "/24 dev far && " IN_FAR IP "link set far up",
    "sh " IN_FAR IP "addr add 10.0.2.15/24 dev eth0 && " IN_FAR IP "link set eth0 up",
    "sh echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save",
    "sh " IN_FAR "sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save'",
};

G_GNUC_PRINTF(3, 4)
static char *in_client(LinkLab *lab, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    char *text = agent_run(vm_agent(lab->client), 120000, error, "%s", command);
    if (!text)
        g_prefix_error(error, "in the client: ");
    return text;
}

/* The same, where the answer does not matter. */
static gboolean tell_client(LinkLab *lab, const char *command, GError **error)
{
    g_autofree char *text = in_client(lab, error, "%s", command);
    return text != NULL;
}

static gboolean start_relay(LinkLab *lab, GError **error)
{
    g_autofree char *relay =
        g_strdup_printf("sh " IN_FAR "socat -b 65536 TCP-LISTEN:%u,fork,reuseaddr,nodelay "
                        "TCP:" HOST ":%u,nodelay >/dev/null 2>/tmp/relay.log </dev/null &",
                        PORT, vm_tcp_port(lab->guest));
    return tell_client(lab, relay, error);
}

gboolean link_lab_begin(LinkLab *lab, GError **error)
{
    lab->client = vm_new("client", VM_CAMREDIR | VM_LINK | VM_XHCI);
    lab->guest = vm_new("guest", VM_XHCI | VM_TCP);
    lab->camera = (Session){.vm = lab->client};
    if (!vm_boot(lab->client, error) || !vm_boot(lab->guest, error))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(setup); i++)
        if (!tell_client(lab, setup[i], error))
            return FALSE;
    return start_relay(lab, error);
}

void link_lab_end(LinkLab *lab)
{
    g_clear_pointer(&lab->camera.share, share_free);
    g_clear_pointer(&lab->plugged, g_free);
    g_clear_pointer(&lab->client, vm_free);
    g_clear_pointer(&lab->guest, vm_free);
}

/* ---- the link ---- */

/* Of one end. Where packets are lost each has to be one, and not the many that a veth carries as
   one; the queue, which also holds what is on its way, is then counted in them. */
static char *lossy(const char *device, const LinkShape *shape)
{
    guint delay_ms = shape->round_trip_ms / 2;
    return g_strdup_printf(IP "link set %s gso_max_segs 1 && " QDISC
                              "add dev %s root netem limit %u delay %ums loss %u%% rate %umbit",
                           device, device, shape->mbit * 125 * (delay_ms + QUEUE_MS) / MTU,
                           delay_ms, shape->loss_percent, shape->mbit);
}

/* The others may stay together, which saves the processor: the queue is counted in bytes. */
static char *lossless(const char *device, const LinkShape *shape)
{
    return g_strdup_printf(IP "link set %s gso_max_segs 44 && " QDISC
                              "add dev %s root handle 1: netem limit 100000 delay %ums && " QDISC
                              "add dev %s parent 1:1 handle 2: tbf rate %umbit burst 16kb limit %u",
                           device, device, shape->round_trip_ms / 2, device, shape->mbit,
                           shape->mbit * 125 * QUEUE_MS);
}

/* before: what runs a command at that end */
static char *shape_end(const char *device, const char *before, const LinkShape *shape)
{
    g_autofree char *commands = !shape                ? g_strdup("true")
                                : shape->loss_percent ? lossy(device, shape)
                                                      : lossless(device, shape);
    return g_strdup_printf("%s" QDISC "del dev %s root 2>/dev/null; %ssh -c '%s'", before, device,
                           before, commands);
}

gboolean link_lab_shape(LinkLab *lab, const LinkShape *shape, GError **error)
{
    g_autofree char *near = shape_end("near", "", shape);
    g_autofree char *far = shape_end("far", IN_FAR, shape);
    g_autofree char *text = in_client(lab, error, "sh { %s && %s; } 2>&1", near, far);
    return text != NULL;
}

/* Not the first seconds, in which a connection's first bytes go before the first loss of a packet:
   a camera's are over when the guest has found it. */
gboolean link_lab_carries(LinkLab *lab, guint seconds, double *ret_bytes, GError **error)
{
    g_autofree char *text =
        in_client(lab, error,
                  "sh " IN_FAR "socat -u -b 65536 TCP-LISTEN:%u,reuseaddr "
                  "SYSTEM:'busybox timeout %u busybox cat >/dev/null; "
                  "busybox timeout %u busybox cat | busybox wc -c >" CARRIED "' 2>/dev/null & "
                  "sleep 1; "
                  "busybox timeout %u socat -u -b 65536 OPEN:/dev/zero TCP:" FAR ":%u 2>/dev/null; "
                  "wait; busybox cat " CARRIED,
                  PLAIN_PORT, PLAIN_LATER_S, seconds, PLAIN_LATER_S + seconds + 3, PLAIN_PORT);
    if (!text)
        return FALSE;
    *ret_bytes = atof(text) / seconds;
    return *ret_bytes > 0 || fail(error, "plain TCP carries nothing: '%s'", text);
}

/* ---- the camera ---- */

gboolean link_lab_plug(LinkLab *lab, const char *options, GError **error)
{
    if (g_strcmp0(options, lab->plugged) == 0)
        return TRUE;
    if (lab->plugged && !session_unplug(&lab->camera, error))
        return FALSE;
    g_clear_pointer(&lab->plugged, g_free);
    if (options && !session_plug(&lab->camera, "camera", options, VM_XHCI, error))
        return FALSE;
    lab->plugged = g_strdup(options);
    return TRUE;
}

gboolean link_lab_start(LinkLab *lab, const char *command, Session *ret_found, GError **error)
{
    *ret_found = (Session){.vm = lab->guest};
    g_autofree char *text = in_client(
        lab, error, "sh %s" FAR ":%u >" LOG " 2>&1 </dev/null & echo $! >" PID, command, PORT);
    return text && session_find(ret_found, 30000, error);
}

gboolean link_lab_stop(LinkLab *lab, const char *signal, GError **error)
{
    g_autofree char *text = in_client(lab, error, "sh kill -%s $(cat " PID ")", signal);
    g_autofree char *gone =
        text ? agent_run(vm_agent(lab->guest), 30000, error, "gone uvcvideo 20") : NULL;
    return gone != NULL;
}

char *link_lab_log(LinkLab *lab)
{
    char *text = in_client(lab, NULL, "sh busybox tail -n 1 " LOG);
    char *end = text ? strchr(text, '\n') : NULL; /* behind it is tail's status */
    if (end)
        *end = 0;
    return end ? text : NULL;
}

/* ---- clocks ---- */

/* The quickest of some answers is the most exact. */
gboolean link_lab_moment(LinkLab *lab, LinkMoment *ret_moment, GError **error)
{
    gint64 best_us = G_MAXINT64;
    for (guint i = 0; i < 15; i++) {
        gint64 begin_us = g_get_monotonic_time();
        g_autofree char *text = in_client(lab, error, "clock");
        gint64 end_us = g_get_monotonic_time();
        if (!text)
            return FALSE;
        if (end_us - begin_us < best_us) {
            best_us = end_us - begin_us;
            *ret_moment = (LinkMoment){(begin_us + end_us) / 2, g_ascii_strtoll(text, NULL, 10)};
        }
    }
    return TRUE;
}
