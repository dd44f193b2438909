/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disposable Linux guest: QEMU with the controllers that a test asks for, a usb-redir device on
   each, and the agent inside. */
#include "tests/guest/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/libvirt.h"
#include "tests/guest/process.h"
#include "tests/guest/qmp.h"
#include "tools/fuzz/tsc.h"

#define KVM_BOOT_MS 10000
#define GUEST       "build/guest/"
/* no_timer_check: a busy machine's ticks may come too late for the test whether there are any. */
#define KERNEL_OPTIONS                                                                             \
    "mitigations=off nokaslr rodata=off init_on_alloc=0 lsm= audit=0 nowatchdog tsc=reliable "     \
    "no_timer_check cryptomgr.notests loglevel=1 console=ttyS0 panic=-1 "                          \
    "load=virtio_pci,virtio_console,uvcvideo"

/* One of QEMU's own sockets, to which it connects as it starts. */
typedef struct {
    char *path;
    int listener;
} Inlet;

typedef enum { INLET_QMP, INLET_AGENT, INLET_FRAMES, N_INLETS } InletId;

#define N_PORTS 9

struct Vm {
    VmParts parts;
    GStrv given; /* the machine, where its parts are not ours to choose */
    char *name, *console, *output, *initramfs;
    char *addresses[N_PORTS], *paths[N_PORTS];
    int tcp_listener;
    guint16 tcp_port;
    char *spice_path, *spice_keys;
    guint16 spice_port, spice_tls_port;
    Inlet inlets[N_INLETS];
    Process *process;
    Qmp *qmp;
    AgentClient *agent;
};

/* With its last port a controller gets a hub from QEMU, of full speed, and what is plugged in later
   lands there. */
#define XHCI_OF_MANY_PORTS "qemu-xhci,p2=15,p3=15"

/* Where a camera can be plugged in; a port without a controller of its own is xHCI's. */
static const struct {
    VmParts part;
    const char *id, *controller, *module, *option, *chardev;
} ports[N_PORTS] = {
    {VM_XHCI, "xhci", XHCI_OF_MANY_PORTS, "xhci_pci", "--to unix:", "socket,server=on,wait=off"},
    {VM_EHCI, "ehci", "usb-ehci", "ehci_pci", "--to unix:", "socket,server=on,wait=off"},
    {VM_UHCI, "uhci", "piix3-usb-uhci", "uhci_hcd", "--to unix:", "socket,server=on,wait=off"},
    {VM_TCP, "tcp", NULL, NULL, "--to tcp:", "socket,server=on,wait=off"},
    {VM_CALLS, "calls", NULL, NULL, "--as unix:", "socket,reconnect=1"},
    {VM_SPICE_PORT, "port", NULL, NULL, "--way port --to ", "spiceport,name=org.camredir.camera.0"},
    {VM_SPICE_USBREDIR, "usbredir", NULL, NULL, "--way usbredir --to ", "spicevmc,name=usbredir"},
    {VM_QMP, "control", NULL, "xhci_pci", "--qmp ", "socket,server=on,wait=off"},
    {VM_LIBVIRT, "libvirt", NULL, "xhci_pci", "--libvirt ", NULL},
};
#define SPICE_PARTS (VM_SPICE_PORT | VM_SPICE_USBREDIR)

/* ---- what QEMU runs on ---- */

/* /dev/kvm may be there and not carry a real kernel, where it stands on no hardware of its own or
   forbids what the kernel needs. The flags say so at once; whatever else is wrong shows when the
   first guest does not come up, and from then on there is no KVM. */
static gboolean kvm_usable(void)
{
    static const char *const flags[] = {" vmx ", " svm "};
    g_autofree char *text = NULL;
    if (access("/dev/kvm", R_OK | W_OK) < 0 ||
        !g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
        return FALSE;
    return strstr(text, flags[0]) || strstr(text, flags[1]);
}

static enum { ACCEL_UNKNOWN, ACCEL_KVM, ACCEL_TCG } accelerator;

const char *vm_accelerator(void)
{
    return accelerator == ACCEL_KVM ? "kvm" : "tcg,thread=multi";
}

/* The kernel takes several archives, one behind the other. */
static char *join_initramfs(const Vm *vm, GError **error)
{
    g_autofree char *camredir = harness_camredir();
    g_autofree char *build = g_path_get_dirname(camredir);
    g_autofree char *client = g_build_filename(build, "tests", "guest", "camredir.cpio", NULL);
    const char *parts[] = {GUEST "base.cpio", vm->parts & VM_TOOLS ? GUEST "tools.cpio" : NULL,
                           vm->parts & VM_LINK ? GUEST "link.cpio" : NULL,
                           vm->parts & VM_CAMREDIR ? client : NULL};
    g_autoptr(GString) whole = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *text = NULL;
        gsize size = 0;
        if (parts[i] && !g_file_get_contents(parts[i], &text, &size, error))
            return NULL;
        g_string_append_len(whole, text, size);
    }
    g_autofree char *path = g_strdup_printf("%s/%s.cpio", harness_folder(), vm->name);
    if (!g_file_set_contents(path, whole->str, whole->len, error))
        return NULL;
    return g_steal_pointer(&path);
}

/* ---- sockets ---- */

static gboolean inlet_open(Vm *vm, InletId id, const char *kind, GError **error)
{
    Inlet *inlet = &vm->inlets[id];
    inlet->path = g_strdup_printf("%s/%s.%s", harness_folder(), vm->name, kind);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, inlet->path, sizeof address.sun_path);
    inlet->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(inlet->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(inlet->listener, 1) < 0)
        return fail(error, "%s: %s", inlet->path, g_strerror(errno));
    return TRUE;
}

/* QEMU connects before it answers anybody: soon or never. */
static int inlet_accept(Vm *vm, InletId id)
{
    struct pollfd fd = {.fd = vm->inlets[id].listener, .events = POLLIN};
    for (int i = 0; i < 200 && process_running(vm->process); i++)
        if (poll(&fd, 1, 50) > 0)
            return accept4(fd.fd, NULL, NULL, SOCK_CLOEXEC);
    return -1;
}

/* Inherited by QEMU: so no other program can take the port between choosing and using it. */
static int tcp_open(guint16 *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        g_error("no TCP port: %s", g_strerror(errno));
    *ret_port = ntohs(address.sin_port);
    return listener;
}

/* SPICE can inherit none: it gets two that were free just now. */
static void spice_open(Vm *vm)
{
    vm->spice_path = g_strdup_printf("%s/%s.spice", harness_folder(), vm->name);
    vm->spice_keys = g_strdup_printf("%s/%s.keys", harness_folder(), vm->name);
    if (!(vm->parts & VM_SPICE_LOCKED))
        return;
    int plain = tcp_open(&vm->spice_port), tls = tcp_open(&vm->spice_tls_port);
    close(plain);
    close(tls);
    g_autofree char *command = g_strdup_printf("tests/guest/make-keys.sh %s", vm->spice_keys);
    if (!g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL))
        g_error("%s failed", command);
}

static char *port_path(const Vm *vm, guint i)
{
    if (ports[i].part == VM_LIBVIRT)
        return g_strdup_printf("%s --libvirt-uri %s", vm->name, libvirt_uri());
    if (ports[i].part == VM_TCP)
        return g_strdup_printf("127.0.0.1:%u", vm->tcp_port);
    if (!(ports[i].part & SPICE_PARTS))
        return g_strdup_printf("%s/%s.%s", harness_folder(), vm->name, ports[i].id);
    return vm->spice_port ? g_strdup_printf("spice://127.0.0.1:%u", vm->spice_port)
                          : g_strdup_printf("spice+unix://%s", vm->spice_path);
}

/* ---- the machine ---- */

Vm *vm_new(const char *name, VmParts parts)
{
    Vm *vm = g_new0(Vm, 1);
    vm->parts = parts;
    vm->name = g_strdup(name);
    vm->console = g_strdup_printf("%s/%s.console.log", harness_logs(), name);
    vm->output = g_strdup_printf("%s/%s.output.log", harness_logs(), name);
    vm->tcp_listener = -1;
    if (parts & VM_TCP)
        vm->tcp_listener = tcp_open(&vm->tcp_port);
    if (parts & SPICE_PARTS)
        spice_open(vm);
    for (guint i = 0; i < N_PORTS; i++) {
        vm->paths[i] = port_path(vm, i);
        vm->addresses[i] = g_strconcat(ports[i].option, vm->paths[i], NULL);
    }
    for (guint i = 0; i < N_INLETS; i++)
        vm->inlets[i].listener = -1;
    return vm;
}

Vm *vm_new_given(const char *name, const char *const *command)
{
    Vm *vm = vm_new(name, 0);
    vm->given = g_strdupv((GStrv)command);
    return vm;
}

G_GNUC_PRINTF(3, 4)
static void add(GPtrArray *argv, const char *option, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(argv, g_strdup(option));
    g_ptr_array_add(argv, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void add_port(GPtrArray *argv, const char *id, const char *name)
{
    add(argv, "-device", "virtserialport,chardev=%s,name=%s", id, name);
}

static void add_ports(const Vm *vm, GPtrArray *argv, GString *modules)
{
    for (guint i = 0; i < N_PORTS; i++) {
        const char *id = ports[i].id;
        if (!(vm->parts & ports[i].part))
            continue;
        if (ports[i].controller)
            add(argv, "-device", "%s,id=%s", ports[i].controller, id);
        if (ports[i].module)
            g_string_append_printf(modules, ",%s", ports[i].module);
        if (!ports[i].chardev)
            continue;
        g_autofree char *address = ports[i].part & SPICE_PARTS ? g_strdup("")
                                   : ports[i].part == VM_TCP
                                       ? g_strdup_printf(",fd=%d", vm->tcp_listener)
                                       : g_strdup_printf(",path=%s", vm->paths[i]);
        add(argv, "-chardev", "%s,id=cam-%s%s", ports[i].chardev, id, address);
        if (ports[i].part == VM_QMP)
            add(argv, "-mon", "chardev=cam-%s,mode=control", id);
        else
            add(argv, "-device", "usb-redir,id=cam-%s,chardev=cam-%s,bus=%s.0", id, id,
                ports[i].controller ? id : "xhci");
    }
}

static void add_spice(const Vm *vm, GPtrArray *argv)
{
    if (vm->spice_port == 0) {
        add(argv, "-spice", "unix=on,addr=%s,disable-ticketing=on", vm->spice_path);
        return;
    }
    add(argv, "-object", "secret,id=ticket,data=" VM_SPICE_PASSWORD);
    add(argv, "-spice",
        "addr=127.0.0.1,port=%u,tls-port=%u,x509-dir=%s,password-secret=ticket,"
        "seamless-migration=%s",
        vm->spice_port, vm->spice_tls_port, vm->spice_keys, vm->parts & VM_SEAMLESS ? "on" : "off");
}

static void add_desktop(GPtrArray *argv)
{
    static const char *const rows[][3] = {
        {"desktop-agent", "spicevmc,name=vdagent", VM_PORT_AGENT},
        {"desktop-files", "spiceport,name=" VM_PORT_FILES, VM_PORT_FILES},
        {"desktop-console", "spiceport,name=" VM_PORT_CONSOLE, VM_PORT_CONSOLE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        add(argv, "-chardev", "%s,id=%s", rows[i][1], rows[i][0]);
        add_port(argv, rows[i][0], rows[i][2]);
    }
}

static void add_given(const Vm *vm, GPtrArray *argv, GString *modules)
{
    for (guint i = 0; vm->given[i]; i++)
        g_ptr_array_add(argv, g_strdup(vm->given[i]));
    for (guint i = 0; i < N_PORTS; i++)
        if (ports[i].controller)
            g_string_append_printf(modules, ",%s", ports[i].module);
}

static void add_own(const Vm *vm, GPtrArray *argv)
{
    g_ptr_array_add(argv, g_strdup("qemu-system-x86_64"));
    g_ptr_array_add(argv, g_strdup("-nodefaults"));
    g_ptr_array_add(argv, g_strdup("-no-user-config"));
    add(argv, "-name", "camredir-test-%s,debug-threads=on", vm->name);
    add(argv, "-accel", "%s", vm_accelerator());
    /* Where the processor says erms, Linux copies by an instruction that TCG runs byte by byte. */
    add(argv, "-cpu", accelerator == ACCEL_KVM ? "max" : "max,erms=off");
    add(argv, "-m", "512");
}

/* incoming: where another QEMU will hand over what runs in it; NULL: it boots. */
static GPtrArray *command_line(const Vm *vm, const char *incoming)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) options = g_string_new(KERNEL_OPTIONS);
    if (vm->given)
        add_given(vm, argv, options);
    else
        add_own(vm, argv);
    add(argv, "-display", "none");
    add(argv, "-bios", "qboot.rom");
    add(argv, "-kernel", GUEST "kernel/vmlinux");
    add(argv, "-initrd", "%s", vm->initramfs);
    add(argv, "-chardev", "file,id=console,append=on,path=%s", vm->console);
    add(argv, "-serial", "chardev:console");
    add(argv, "-device", "virtio-serial-pci");
    add(argv, "-chardev", "socket,id=qmp,path=%s", vm->inlets[INLET_QMP].path);
    add(argv, "-mon", "chardev=qmp,mode=control");
    add(argv, "-chardev", "socket,id=agent,path=%s", vm->inlets[INLET_AGENT].path);
    add_port(argv, "agent", GUEST_PORT_AGENT);
    add(argv, "-chardev", "socket,id=frames,path=%s", vm->inlets[INLET_FRAMES].path);
    add_port(argv, "frames", GUEST_PORT_FRAMES);
    add(argv, "-chardev", "file,id=output,path=%s", vm->output);
    add_port(argv, "output", GUEST_PORT_OUTPUT);
    if (vm->parts & VM_CAMREDIR) {
        gboolean fast = (vm->parts & VM_LINK) != 0;
        add(argv, "-netdev", "user,id=net");
        add(argv, "-device", "%s,netdev=net", fast ? "virtio-net-pci" : "e1000");
        g_string_append(options, fast ? ",virtio_net" : ",e1000");
    }
    if (vm->parts & SPICE_PARTS)
        add_spice(vm, argv);
    if (vm->parts & VM_DISPLAY)
        add(argv, "-device", "VGA");
    if (vm->parts & VM_DESKTOP)
        add_desktop(argv);
    add_ports(vm, argv, options);
    g_autofree char *tsc = accelerator == ACCEL_KVM ? g_strdup("") : fuzz_tsc_option();
    add(argv, "-append", "%s%s", options->str, tsc);
    if (incoming)
        add(argv, "-incoming", "%s", incoming);
    g_ptr_array_add(argv, NULL);
    return argv;
}

static gboolean start(Vm *vm, const char *incoming, GError **error)
{
    static const char *const kinds[N_INLETS] = {"qmp", "agent", "frames"};
    int fds[N_INLETS];
    for (guint i = 0; i < N_INLETS; i++)
        if (vm->inlets[i].listener < 0 && !inlet_open(vm, i, kinds[i], error))
            return FALSE;
    g_autoptr(GPtrArray) argv = command_line(vm, incoming);
    vm->process = vm->parts & VM_LIBVIRT
                      ? libvirt_start(vm->name, argv, vm->console, error)
                      : process_start((const char *const *)argv->pdata, vm->console, error);
    if (!vm->process)
        return FALSE;
    for (guint i = 0; i < N_INLETS; i++)
        if ((fds[i] = inlet_accept(vm, i)) < 0)
            return fail(error, "QEMU did not start: %s", vm->console);
    vm->agent = agent_client_new(fds[INLET_AGENT], fds[INLET_FRAMES]);
    vm->qmp = qmp_new(fds[INLET_QMP], error);
    return vm->qmp != NULL;
}

static gboolean boot_once(Vm *vm, GError **error)
{
    return start(vm, NULL, error) &&
           agent_wait_ready(vm->agent, accelerator == ACCEL_KVM ? KVM_BOOT_MS : WAIT_MS, error);
}

gboolean vm_boot(Vm *vm, GError **error)
{
    if (!vm->initramfs && !(vm->initramfs = join_initramfs(vm, error)))
        return FALSE;
    if (accelerator == ACCEL_UNKNOWN)
        accelerator = kvm_usable() ? ACCEL_KVM : ACCEL_TCG;
    if (accelerator == ACCEL_KVM) {
        if (boot_once(vm, NULL))
            return TRUE;
        vm_kill(vm);
        accelerator = ACCEL_TCG;
    }
    if (boot_once(vm, error))
        return TRUE;
    vm_kill(vm);
    return FALSE;
}

/* Until what the monitor is asked says so. */
static gboolean wait_until(Vm *vm, const char *question, const char *says, GError **error)
{
    g_autofree char *answer = NULL;
    for (guint waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 100) {
        g_free(answer);
        answer = qmp_ask(vm->qmp, question, error);
        if (!answer || strstr(answer, "\"failed\""))
            break;
        if (strstr(answer, says))
            return TRUE;
        g_usleep(100000);
    }
    return *error ? FALSE : fail(error, "the VM does not migrate: %s", answer);
}

gboolean vm_migrate(Vm *vm, Vm *target, GError **error)
{
    g_autofree char *uri = g_strdup_printf("unix:%s/%s.migration", harness_folder(), target->name);
    g_autofree char *follow = g_strdup_printf(
        "{\"execute\": \"client_migrate_info\", \"arguments\": {\"protocol\": \"spice\", "
        "\"hostname\": \"127.0.0.1\", \"port\": %u}}",
        target->spice_port);
    g_autofree char *move =
        g_strdup_printf("{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", uri);
    g_free(target->initramfs);
    target->initramfs = g_strdup(vm->initramfs);
    /* The client follows when the VM is there. */
    return start(target, uri, error) && vm_qmp(vm, follow, error) && vm_qmp(vm, move, error) &&
           wait_until(vm, "query-migrate", "\"completed\"", error) &&
           wait_until(vm, "query-spice", "\"migrated\":true", error);
}

void vm_kill(Vm *vm)
{
    if (vm->process && vm->parts & VM_LIBVIRT)
        libvirt_destroy(vm->name);
    g_clear_pointer(&vm->process, process_free);
    g_clear_pointer(&vm->qmp, qmp_free);
    g_clear_pointer(&vm->agent, agent_client_free);
}

void vm_free(Vm *vm)
{
    if (!vm)
        return;
    vm_kill(vm);
    for (guint i = 0; i < N_INLETS; i++) {
        if (vm->inlets[i].listener >= 0) {
            close(vm->inlets[i].listener);
            unlink(vm->inlets[i].path); /* another VM may have the name */
        }
        g_free(vm->inlets[i].path);
    }
    if (vm->tcp_listener >= 0)
        close(vm->tcp_listener);
    g_free(vm->spice_path);
    g_free(vm->spice_keys);
    for (guint i = 0; i < N_PORTS; i++) {
        g_free(vm->addresses[i]);
        g_free(vm->paths[i]);
    }
    g_strfreev(vm->given);
    g_free(vm->name);
    g_free(vm->console);
    g_free(vm->output);
    g_free(vm->initramfs);
    g_free(vm);
}

const char *vm_address(const Vm *vm, VmParts part)
{
    guint i = 0;
    while (ports[i].part != part)
        i++;
    return vm->addresses[i];
}

guint16 vm_tcp_port(const Vm *vm)
{
    return vm->tcp_port;
}

Process *vm_process(Vm *vm)
{
    return vm->process;
}

AgentClient *vm_agent(Vm *vm)
{
    return vm->agent;
}

gboolean vm_qmp(Vm *vm, const char *command, GError **error)
{
    return qmp_run(vm->qmp, command, error);
}

Qmp *vm_monitor(Vm *vm)
{
    return vm->qmp;
}

VmSpice vm_spice(const Vm *vm)
{
    return (VmSpice){vm->spice_port, vm->spice_tls_port, vm->spice_path, vm->spice_keys};
}

const char *vm_output(const Vm *vm)
{
    return vm->output;
}

void vm_tell_log(const Vm *vm)
{
    log_tell_tail(vm->console, 15);
}
