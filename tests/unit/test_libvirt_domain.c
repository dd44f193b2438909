/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read out of a domain's XML, as libvirt 9 writes it. */
#include <glib.h>
#include <string.h>

#include "redir/error.h"
#include "redir/transports/libvirt_domain.h"

#define HIGH  REDIR_SPEED_HIGH
#define FULL  REDIR_SPEED_FULL
#define SUPER REDIR_SPEED_SUPER

#define DOMAIN(devices)                                                                            \
    "<domain type='kvm' id='1'><name>a</name><devices>" devices "</devices></domain>"
#define ICH9                                                                                       \
    "<controller type='usb' index='0' model='ich9-ehci1'><alias name='usb'/></controller>"         \
    "<controller type='usb' index='0' model='ich9-uhci1'><master startport='0'/></controller>"     \
    "<controller type='usb' index='0' model='ich9-uhci2'><master startport='2'/></controller>"

/* Buses 0 and 1. */
static const struct {
    const char *xml;
    guint n_buses;
    RedirSpeeds speeds[2];
    guint free[2]; /* ports */
} buses[] = {
    {DOMAIN(""), 0, {0}, {0}},
    {DOMAIN("<controller type='pci' index='0' model='pci-root'/>"), 0, {0}, {0}},
    {DOMAIN("<controller type='usb' index='0' model='none'/>"), 1, {0}, {0}},
    {DOMAIN("<controller type='usb' index='0' model='qemu-xhci' ports='15'/>"),
     1,
     {FULL | HIGH | SUPER},
     {15}},
    {DOMAIN("<disk><source><address bus='1' device='2'/></source>"
            "<address type='usb' bus='0' port='1'/></disk>"
            "<controller type='usb' index='0' model='qemu-xhci'>"
            "<address type='pci' bus='0' slot='2'/></controller>"
            "<hub type='usb'><address type='usb' bus='0' port='2'/></hub>"
            "<input type='tablet' bus='usb'><address type='usb' bus='0' port='2.1'/></input>"),
     1,
     {FULL | HIGH | SUPER},
     {2}},
    {DOMAIN(ICH9), 1, {HIGH | FULL}, {6}},
    {DOMAIN("<controller type='usb' index='0' model='piix3-uhci'/>"
            "<controller type='usb' index='1' model='nec-xhci'/>"),
     2,
     {FULL, FULL | HIGH | SUPER},
     {2, 4}},
    {"<domain><metadata><controller type='usb' model='qemu-xhci'/></metadata></domain>",
     0,
     {0},
     {0}},
};

static void test_buses(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(buses); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RedirLibvirtDomain) domain = redir_libvirt_domain_parse(buses[i].xml, &error);
        g_assert_no_error(error);
        g_test_message("%s", buses[i].xml);
        g_assert_cmpuint(domain->buses->len, ==, buses[i].n_buses);
        for (guint b = 0; b < buses[i].n_buses; b++) {
            const RedirLibvirtBus *bus = &g_array_index(domain->buses, RedirLibvirtBus, b);
            g_assert_cmpuint(bus->index, ==, b);
            g_assert_cmpuint(bus->speeds, ==, buses[i].speeds[b]);
            g_assert_cmpuint(bus->ports - bus->used, ==, buses[i].free[b]);
        }
    }
}

static void test_devices(void)
{
    static const char *const xml =
        DOMAIN("<redirdev bus='usb' type='spicevmc'><alias name='redir0'/></redirdev>"
               "<redirdev bus='usb' type='unix'><source mode='connect' path='/tmp/a &amp; b'>"
               "<reconnect enabled='no'/></source><alias name='ua-camredir-cam-0'/>"
               "<address type='usb' bus='0' port='1'/></redirdev>");
    g_autoptr(RedirLibvirtDomain) domain = redir_libvirt_domain_parse(xml, NULL);
    const RedirLibvirtDevice *device;

    g_assert_cmpuint(domain->devices->len, ==, 2);
    device = g_ptr_array_index(domain->devices, 0);
    g_assert_cmpstr(device->alias, ==, "redir0");
    g_assert_null(device->path);
    device = g_ptr_array_index(domain->devices, 1);
    g_assert_cmpstr(device->alias, ==, "ua-camredir-cam-0");
    g_assert_cmpstr(device->path, ==, "/tmp/a & b");
    g_assert_true(domain->has_spice_place);
}

#define PORT_CHANNEL                                                                               \
    "<channel type='spiceport'><source channel='org.camredir.camera.0'/>"                          \
    "<target type='virtio' name='x'/></channel>"
#define VNC                                                                                        \
    "<graphics type='vnc' port='5901'><listen type='address' address='192.0.2.9'/></graphics>"

static const struct {
    const char *xml, *host;
    const char *address; /* NULL: none */
    gboolean place;
    const char *password;
} servers[] = {
    {DOMAIN(VNC), NULL, NULL, FALSE, NULL},
    {DOMAIN(VNC "<graphics type='spice' port='5900' autoport='yes' listen='127.0.0.1' passwd='x y'>"
                "<listen type='address' address='127.0.0.1'/></graphics>" PORT_CHANNEL),
     NULL, "spice://127.0.0.1:5900", TRUE, "x y"},
    {DOMAIN("<graphics type='spice' port='5900' tlsPort='5901'><listen type='address' "
            "address='0.0.0.0'/></graphics>"),
     NULL, "spice://localhost:5900", FALSE, NULL},
    {DOMAIN("<graphics type='spice' port='5900' tlsPort='5901'><listen type='address' "
            "address='0.0.0.0'/></graphics>"),
     "vm.example.org", "spice://vm.example.org:5900?tls-port=5901", FALSE, NULL},
    {DOMAIN("<graphics type='spice' port='-1' tlsPort='5901'><listen type='address' "
            "address='::1'/></graphics>"),
     NULL, "spice://[::1]?tls-port=5901", FALSE, NULL},
    {DOMAIN("<graphics type='spice' port='5900'><listen type='address' address='127.0.0.1'/>"
            "</graphics>"),
     "vm.example.org", NULL, FALSE, NULL},
    {DOMAIN("<graphics type='spice' port='5900'><listen type='address' address='192.0.2.1'/>"
            "</graphics>"),
     "vm.example.org", "spice://192.0.2.1:5900", FALSE, NULL},
    {DOMAIN("<graphics type='spice'><listen type='socket' socket='/run/a.sock'/></graphics>"), NULL,
     "spice+unix:///run/a.sock", FALSE, NULL},
    {DOMAIN("<graphics type='spice'><listen type='socket' socket='/run/a.sock'/></graphics>"),
     "vm.example.org", NULL, FALSE, NULL},
    {DOMAIN("<graphics type='spice'><listen type='none'/></graphics>"), NULL, NULL, FALSE, NULL},
};

static void test_spice(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(servers); i++) {
        g_autoptr(RedirLibvirtDomain) domain = redir_libvirt_domain_parse(servers[i].xml, NULL);
        g_autofree char *address = redir_libvirt_domain_spice(domain, servers[i].host);
        g_test_message("%s", servers[i].xml);
        g_assert_cmpstr(address, ==, servers[i].address);
        g_assert_cmpint(domain->has_spice, ==, strstr(servers[i].xml, "'spice'") != NULL);
        g_assert_cmpint(domain->has_spice_place, ==, servers[i].place);
        g_assert_cmpstr(domain->spice_password, ==, servers[i].password);
    }
}

static void test_no_xml(void)
{
    static const char *const broken[] = {"", "domain", "<domain>", "<domain></devices>"};

    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(redir_libvirt_domain_parse(broken[i], &error));
        g_assert_nonnull(error);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/libvirt/buses", test_buses);
    g_test_add_func("/libvirt/devices", test_devices);
    g_test_add_func("/libvirt/spice", test_spice);
    g_test_add_func("/libvirt/no-xml", test_no_xml);
    return g_test_run();
}
