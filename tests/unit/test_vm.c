/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir vm: what a shell, QEMU's parsers and an XML parser read out of what is printed is what
   was asked for, whatever names it has; and what cannot be is refused. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/vm_choice.h"
#include "tools/vm_libvirt.h"
#include "tools/vm_qemu.h"

static char *folder; /* a program qemu-system-x86_64 is there, which writes its arguments down */

static void choose(struct vm_choice *ret_choice, const struct vm_options *options,
                   enum vm_fact form)
{
    g_autoptr(GError) error = NULL;
    vm_choice_make(ret_choice, options, form, &error);
    g_assert_no_error(error);
}

static char *print(const struct vm_options *options, vm_qemu_form form)
{
    struct vm_choice choice;
    choose(&choice, options, VM_QEMU);
    char *text = form(&choice);
    vm_choice_clear(&choice);
    return text;
}

static char *print_xml(const struct vm_options *options, gboolean camera_only)
{
    struct vm_choice choice;
    choose(&choice, options, VM_LIBVIRT);
    char *text = vm_libvirt(&choice, camera_only);
    vm_choice_clear(&choice);
    return text;
}

/* ---- What is read out of it: "OPTION KEY=VALUE", a string for each setting ---- */

static void see(GPtrArray *seen, const char *option, const char *setting)
{
    g_ptr_array_add(seen, g_strdup_printf("%s %s", option, setting));
}

/* QEMU's KEY=VALUE,KEY=VALUE, where two commas are one. */
static void see_settings(GPtrArray *seen, const char *option, const char *text)
{
    g_autoptr(GString) setting = g_string_new(NULL);
    for (;; text++) {
        if (*text && (*text != ',' || text[1] == ',')) {
            g_string_append_c(setting, *text);
            text += *text == ',';
            continue;
        }
        see(seen, option, setting->str);
        g_string_truncate(setting, 0);
        if (!*text)
            return;
    }
}

static void run_shell(GPtrArray *seen, const char *script)
{
    g_autofree char *path = g_strdup_printf("%s:%s", folder, g_getenv("PATH"));
    g_autofree char *file = g_build_filename(folder, "script", NULL);
    g_autofree char *written = g_build_filename(folder, "arguments", NULL), *arguments = NULL;
    const char *argv[] = {"bash", file, NULL};
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "PATH", path, TRUE);
    g_autoptr(GError) error = NULL;
    gsize size;
    int status;
    g_assert_true(g_file_set_contents(file, script, -1, NULL));
    g_spawn_sync(folder, (char **)argv, environment, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                 &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_file_get_contents(written, &arguments, &size, NULL));
    const char *option = "", *end = arguments + size;
    for (const char *word = arguments; word < end; word += strlen(word) + 1) {
        if (*word == '-')
            option = word + 1;
        else
            see_settings(seen, option, word);
    }
    g_unlink(written);
}

/* As QEMU's reader of such files has it: lines, and no escapes. */
static void read_config(GPtrArray *seen, const char *text)
{
    char group[64] = "", key[64], value[1024];
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    for (char **line = lines; *line; line++) {
        g_assert_cmpuint(strlen(*line), <, 1023);
        if (g_str_has_prefix(*line, "#$ ")) {
            g_string_append_printf(rest, "%s\n", *line + 3);
        } else if (sscanf(*line, "[%63[^] ]", group) == 1 || **line == '#' || **line == '\0') {
            continue;
        } else {
            g_assert_cmpint(sscanf(*line, " %63s = \"%1023[^\"]\"", key, value), ==, 2);
            g_autofree char *setting = g_strdup_printf("%s=%s", key, value);
            see(seen, group, setting);
        }
    }
    run_shell(seen, rest->str);
}

static void see_attributes(GMarkupParseContext *context, const char *element, const char **names,
                           const char **values, gpointer seen, GError **error)
{
    (void)context;
    (void)error;
    for (; *names; names++, values++) {
        g_autofree char *setting = g_strdup_printf("%s=%s", *names, *values);
        see(seen, element, setting);
    }
}

static void see_instruction(GMarkupParseContext *context, const char *text, gsize size,
                            gpointer seen, GError **error)
{
    (void)context;
    (void)error;
    g_autofree char *whole = g_strndup(text, size);
    if (g_str_has_prefix(whole, "<?"))
        see(seen, "?", whole);
}

static void read_xml(GPtrArray *seen, const char *text)
{
    const GMarkupParser parser = {.start_element = see_attributes, .passthrough = see_instruction};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, seen, NULL);
    g_autoptr(GError) error = NULL;
    g_markup_parse_context_parse(context, text, -1, &error);
    g_assert_no_error(error);
}

static void assert_seen(GPtrArray *seen, const char *option, const char *setting)
{
    g_autofree char *wanted = g_strdup_printf("%s %s", option, setting);
    if (!g_ptr_array_find_with_equal_func(seen, wanted, g_str_equal, NULL))
        g_error("'%s' is not there", wanted);
}

static void assert_path_seen(GPtrArray *seen, const char *option, const char *key, const char *path)
{
    g_autofree char *setting = g_strdup_printf("%s=%s", key, path);
    assert_seen(seen, option, setting);
}

static const struct {
    vm_qemu_form print;
    void (*read)(GPtrArray *seen, const char *text);
} forms[] = {
    {vm_qemu_command, run_shell}, {vm_qemu_script, run_shell}, {vm_qemu_config, read_config}};

/* ---- Names ---- */

static const char *const hostile[] = {
    "plain",     "a b",       "it's",  "a,b,,c",  "say \"x\"",   "new\nline", "$(touch x)",
    "`touch x`", "<&>",       "a?>b",  "--two--", "\xc3\xbc",    "back\\sl",  "tab\there",
    "*?[a]",     "~",         "!bang", "#hash",   "{disk}",      "%s%n",      "cr\rcr",
    "-->",       "]]>",       "&amp;", ";x",      "'; touch x'", "a=b,c=d",   "\n# x",
    "\\\n",      "\"\n[x]\n", "$'x'",
};

struct paths {
    char *disk, *via, *spice, *secret;
    struct vm_options options;
};

static void paths_make(struct paths *ret_paths, const char *name)
{
    struct paths *p = ret_paths;
    p->disk = g_build_filename(folder, name, NULL);
    p->via = g_strconcat("unix:/run/", name, NULL);
    p->spice = g_strconcat("unix:/srv/", name, NULL);
    p->secret = g_strconcat(p->disk, ".secret", NULL);
    p->options = (struct vm_options){
        .disk = p->disk, .via = p->via, .spice = p->spice, .spice_password_file = p->secret};
    g_assert_true(g_file_set_contents(p->secret, "mellon", -1, NULL));
}

static void paths_clear(struct paths *p)
{
    char *all[] = {p->disk, p->via, p->spice, p->secret};
    g_unlink(p->secret);
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        g_free(all[i]);
}

static void test_names(void)
{
    g_autofree char *touched = g_build_filename(folder, "x", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(hostile) * G_N_ELEMENTS(forms); i++) {
        struct paths paths;
        const char *name = hostile[i / G_N_ELEMENTS(forms)];
        g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
        g_test_message("%s", name);
        paths_make(&paths, name);
        g_autofree char *text = print(&paths.options, forms[i % G_N_ELEMENTS(forms)].print);
        forms[i % G_N_ELEMENTS(forms)].read(seen, text);
        assert_path_seen(seen, "drive", "file", paths.disk);
        assert_path_seen(seen, "chardev", "path", paths.via + strlen("unix:"));
        assert_path_seen(seen, "spice", "addr", paths.spice + strlen("unix:"));
        assert_path_seen(seen, "object", "file", paths.secret);
        g_assert_false(g_file_test(touched, G_FILE_TEST_EXISTS));
        paths_clear(&paths);
    }
}

static gboolean is_valid(const char *xml)
{
    g_autofree char *file = g_build_filename(folder, "domain.xml", NULL);
    const char *argv[] = {"virt-xml-validate", file, "domain", NULL};
    int status = -1;
    g_assert_true(g_file_set_contents(file, xml, -1, NULL));
    g_assert_true(
        g_spawn_sync(NULL, (char **)argv, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                     NULL, NULL, NULL, NULL, &status, NULL));
    return status == 0;
}

static gboolean can_validate(void)
{
    g_autofree char *program = g_find_program_in_path("virt-xml-validate");
    if (!program)
        g_test_skip("virt-xml-validate is not here");
    return program != NULL;
}

/* A line's end, a tabulator and '?>' among them; what XML cannot say at all is refused. */
static void test_names_xml(void)
{
    gboolean can = can_validate();
    for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++) {
        struct paths paths;
        g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
        g_test_message("%s", hostile[i]);
        paths_make(&paths, hostile[i]);
        g_autofree char *text = print_xml(&paths.options, FALSE);
        read_xml(seen, text);
        assert_path_seen(seen, "source", "file", paths.disk);
        assert_path_seen(seen, "source", "path", paths.via + strlen("unix:"));
        assert_path_seen(seen, "listen", "socket", paths.spice + strlen("unix:"));
        /* libvirt's schema, not libvirt, has no line's end in a path. */
        g_assert_true(!can || is_valid(text) == !strpbrk(hostile[i], "\n\r"));
        paths_clear(&paths);
    }
}

/* ---- The same knowledge in every form ---- */

static const char *const guests[] = {"linux", "windows11", "windows10", "windows7", "macos"};
static const char *const ways[] = {"unix:/tmp/c", "tcp:[::1]:4000", "spice-port", "spice-usbredir"};
static const char *const servers[] = {"unix:/tmp/s", "127.0.0.1:5900", "0.0.0.0:5900"};
static const char *const counts[] = {"1", "2", "3"};
static const char *const networks[] = {"user", "bridge:br--0", "none"};

/* Each of the lists is walked at a pace of its own, so that all pairs meet. */
static struct vm_options mixture(gsize i)
{
    return (struct vm_options){
        .guest = guests[i % 5],
        .via = ways[i % 4],
        .spice = servers[i / 5 % 3],
        .spice_tls = i / 5 % 3 && i / 2 % 2 ? "/etc/ke ys" : NULL,
        .network = networks[i / 4 % 3],
        .usb = i / 20 % 2 ? "ehci" : NULL,
        .accel = i / 3 % 2 ? "tcg" : NULL,
        .disk = i / 7 % 2 ? "disk.qcow2" : NULL,
        .cameras = counts[i / 11 % 3],
    };
}
#define N_MIXTURES 120

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The keys and option names that a file has and a command line has not. */
static char *normal(const char *setting)
{
    static const char *const same[][2] = {
        {"name guest=", "name "},         {"machine type=", "machine "},
        {"accel accel=", "accel "},       {"memory size=", "m "},
        {"smp-opts cpus=", "smp "},       {"smp-opts ", "smp "},
        {"chardev backend=", "chardev "}, {"tpmdev type=", "tpmdev "},
        {"device driver=", "device "},    {"netdev type=", "netdev "},
        {"object qom-type=", "object "},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
        if (g_str_has_prefix(setting, same[i][0]))
            return g_strconcat(same[i][1], setting + strlen(same[i][0]), NULL);
    return g_strdup(setting);
}

static char *normal_settings(vm_qemu_form form, void (*read)(GPtrArray *seen, const char *text),
                             const struct vm_options *options)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = print(options, form);
    g_autoptr(GString) all = g_string_new(NULL);
    read(seen, text);
    for (guint i = 0; i < seen->len; i++) {
        g_autofree char *before = seen->pdata[i];
        seen->pdata[i] = normal(before);
    }
    g_ptr_array_sort(seen, by_text);
    for (guint i = 0; i < seen->len; i++)
        if (!g_str_has_prefix(seen->pdata[i], "readconfig ") && !strstr(seen->pdata[i], " id="))
            g_string_append_printf(all, "%s\n", (char *)seen->pdata[i]);
    return g_strdup(all->str);
}

static void test_forms_agree(void)
{
    for (gsize i = 0; i < N_MIXTURES; i += 5) {
        struct vm_options options = mixture(i + i / 5 % 5);
        g_autofree char *command = normal_settings(forms[0].print, forms[0].read, &options);
        g_assert_nonnull(strstr(command, "device usb-redir\n"));
        for (gsize f = 1; f < G_N_ELEMENTS(forms); f++) {
            g_autofree char *other = normal_settings(forms[f].print, forms[f].read, &options);
            g_assert_cmpstr(other, ==, command);
        }
    }
}

/* What --devices-only prints is a part of a domain: valid once it has what every domain needs. */
static char *complete(const char *xml)
{
    const char *inside = strchr(strstr(xml, "<domain"), '>') + 1;
    return g_strdup_printf("%.*s<name>x</name><memory>1</memory><os><type>hvm</type></os>%s",
                           (int)(inside - xml), xml, inside);
}

static void test_valid_xml(void)
{
    if (!can_validate())
        return;
    for (gsize i = 0; i < N_MIXTURES; i++) {
        struct vm_options options = mixture(i);
        g_autofree char *xml = print_xml(&options, i % 4 == 3);
        g_autofree char *completed = i % 4 == 3 ? complete(xml) : g_strdup(xml);
        g_test_message("%s", xml);
        g_assert_true(is_valid(completed));
    }
}

/* ---- What a guest has ---- */

/* QEMU's documentation, system/i386/hyperv: "Requires". */
static const char *const requirements[][2] = {
    {"hv-synic", "hv-vpindex"}, {"hv-stimer", "hv-vpindex"},   {"hv-stimer", "hv-synic"},
    {"hv-stimer", "hv-time"},   {"hv-tlbflush", "hv-vpindex"}, {"hv-ipi", "hv-vpindex"},
};
static const char *const always[] = {"hv-time=on", "hv-relaxed=on", "hv-vapic=on",
                                     "hv-spinlocks=0x1fff", "hv-vpindex=on"};

static void check_enlightenments(const char *guest, const char *accel)
{
    struct vm_options options = {.guest = guest, .accel = accel};
    g_autofree char *text = print(&options, vm_qemu_command), *xml = print_xml(&options, TRUE);
    const char *cpu = strstr(text, "\n    -cpu ");
    g_autofree char *line = g_strndup(cpu, strcspn(cpu + 1, "\n") + 1);
    gboolean wanted = g_str_has_prefix(guest, "windows") && strcmp(accel, "kvm") == 0;
    for (gsize i = 0; i < G_N_ELEMENTS(always); i++)
        g_assert_true(!strstr(line, always[i]) == !wanted);
    for (gsize i = 0; i < G_N_ELEMENTS(requirements); i++)
        g_assert_true(!strstr(line, requirements[i][0]) || strstr(line, requirements[i][1]));
    g_assert_true(!strstr(xml, "<hyperv") == !wanted);
    g_auto(GStrv) flags = g_strsplit(line, "hv-", -1);
    for (char **flag = flags + 1; *flag; flag++) {
        g_autofree char *name = g_strndup(*flag, strcspn(*flag, "="));
        g_autofree char *element = strcmp(name, "time") == 0
                                       ? g_strdup("<timer name='hypervclock' present='yes'")
                                       : g_strdup_printf("<%s state='on'", name);
        g_assert_nonnull(strstr(xml, element));
        g_autofree char *comment = g_strdup_printf("\n# hv-%s=", name);
        g_assert_nonnull(strstr(text, comment)); /* each says what it does */
    }
}

static void test_enlightenments(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(guests); i++) {
        check_enlightenments(guests[i], "kvm");
        check_enlightenments(guests[i], "tcg");
    }
}

/* Lines that are there, or (beginning with '!') are not, of the command and of the XML. */
static const struct {
    struct vm_options options;
    const char *command[4], *xml[4];
} things[] = {
    {{.guest = "linux", .disk = "d.qcow2"},
     {"-device virtio-blk-pci,", "format=qcow2", "-device qemu-xhci,", "-device virtio-net-pci,"},
     {"bus='virtio'", "type='qcow2'", "model='qemu-xhci'"}},
    {{.guest = "windows7", .disk = "d.img"},
     {"-device ide-hd,", "!virtio", "-device ich9-usb-ehci1,", "-device e1000,"},
     {"bus='sata'", "!virtio", "model='ich9-ehci1'", "<master startport='4'/>"}},
    {{.guest = "windows7", .usb = "xhci"},
     {"-device nec-usb-xhci,", "!ehci", "# -device nec-usb-xhci: Windows 7 has no driver"},
     {"model='nec-xhci'"}},
    {{.guest = "windows11"},
     {"-device tpm-crb,", "if=pflash", "swtpm socket", "OVMF_VARS"},
     {"<tpm model='tpm-crb'>", "firmware='efi'", "!pflash"}},
    {{.guest = "windows10"}, {"!tpm", "!pflash", "virtio-win"}, {"virtio-win", "!<tpm"}},
    {{.guest = "macos"},
     {"isa-applesmc", "-smbios type=2", "usb-kbd"},
     {"isa-applesmc", "<qemu:arg value='type=2'/>", "xmlns:qemu="}},
    {{.network = "bridge:br7"},
     {"nmcli connection add type bridge con-name br7", "-netdev bridge,id=net,br=br7", "allow br7"},
     {"nmcli connection add type bridge con-name br7", "<source bridge='br7'/>"}},
    {{.network = "none"}, {"!netdev"}, {"!<interface"}},
    {{.accel = "tcg", .memory = "3G", .cpus = "3"},
     {"-accel tcg", "-cpu max", "-m 3072M", "-smp 3,sockets=1,cores=3"},
     {"<domain type='qemu'>", "<vcpu>3</vcpu>", "cores='3'", ">3072<"}},
    {{.spice = "0.0.0.0:5900"},
     {"SPICE without a password", "disable-ticketing=on", "virtio-serial-pci"},
     {"SPICE without a password", "address='0.0.0.0'"}},
    {{.spice = "127.0.0.1:5900"}, {"!SPICE without"}, {"!SPICE without", "port='5900'"}},
    {{.via = "tcp:0.0.0.0:4000"}, {"neither encrypted"}, {"neither encrypted"}},
    {{.via = "tcp:localhost:4000"}, {"!neither encrypted"}, {"!neither encrypted"}},
};

static void check_things(const char *text, const char *const wanted[4])
{
    for (gsize i = 0; i < 4 && wanted[i]; i++) {
        gboolean absent = *wanted[i] == '!';
        if ((strstr(text, wanted[i] + absent) == NULL) != absent)
            g_error("%s: %s", wanted[i], text);
    }
}

static void expect_windows7(const struct vm_options *options)
{
    if (options->guest && strcmp(options->guest, "windows7") == 0 && options->usb)
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "Windows 7 has no driver*");
}

static void test_things(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(things); i++) {
        expect_windows7(&things[i].options);
        g_autofree char *command = print(&things[i].options, vm_qemu_command);
        expect_windows7(&things[i].options);
        g_autofree char *xml = print_xml(&things[i].options, FALSE);
        g_test_assert_expected_messages();
        check_things(command, things[i].command);
        check_things(xml, things[i].xml);
    }
}

/* ---- The command for the camera ---- */

static const struct {
    struct vm_options options;
    guint index;
    const char *command;
} shares[] = {
    {{0}, 0, "camredir share --to unix:/tmp/cam.sock"},
    {{.via = "unix:/r/a b", .cameras = "2"}, 1, "camredir share CAMERA --to 'unix:/r/a b.1'"},
    {{.via = "tcp:[::]:4000", .cameras = "3"}, 2, "camredir share CAMERA --to tcp:localhost:4002"},
    {{.via = "tcp:[::1]:4000"}, 0, "camredir share --to 'tcp:[::1]:4000'"},
    {{.via = "spice-port", .spice = "unix:/r/a b"}, 0, "camredir share --to spice+unix:///r/a%20b"},
    {{.via = "spice-port", .spice = "vm:5900", .cameras = "2"},
     0,
     "camredir share CAMERA CAMERA --to spice://vm:5900"},
    {{.via = "spice-usbredir",
      .spice = "vm:5900",
      .spice_tls = "/k y",
      .spice_password_file = "/none/p"},
     0,
     "camredir share --to 'spice://vm?tls-port=5900' --ca-file '/k y/ca-cert.pem' "
     "--password-file /none/p"},
    {{.via = "unix:/r/\n"}, 0, "camredir share --to $'unix\\072/r/\\012'"},
};

static void test_share(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shares); i++) {
        struct vm_choice choice;
        choose(&choice, &shares[i].options, VM_QEMU);
        g_autoptr(GPtrArray) commands = vm_choice_shares(&choice);
        const char *command = commands->pdata[shares[i].index];
        g_assert_cmpstr(command, ==, shares[i].command);
        vm_choice_clear(&choice);
        for (gsize f = 0; f < G_N_ELEMENTS(forms); f++) {
            g_autofree char *text = print(&shares[i].options, forms[f].print);
            g_autofree char *comment = g_strdup_printf("\n#     %s\n", command);
            g_assert_nonnull(strstr(text, comment));
        }
    }
}

/* ---- What cannot be ---- */

static char long_path[300];

static const struct {
    struct vm_options options;
    const char *says;
} refused[] = {
    {{.guest = "bsd"}, "--guest: 'bsd' is none of linux, windows11"},
    {{.guest = ""}, "--guest: '' is none of"},
    {{.usb = "uhci"}, "--usb: 'uhci' is none of xhci, ehci"},
    {{.accel = "hax"}, "--accel: 'hax' is none of kvm, tcg"},
    {{.via = "floppy"}, "--via: 'floppy' is none of unix:PATH, tcp:HOST:PORT"},
    {{.via = "unix:"}, "--via: unix:: the path is missing"},
    {{.via = "tcp:here"}, "--via: tcp:here: write tcp:HOST:PORT"},
    {{.via = long_path}, "has at most 107 bytes"},
    {{.via = "tcp:h:65535", .cameras = "2"}, "there is no port 65536"},
    {{.via = "spice-port"}, "--via spice-port needs --spice"},
    {{.via = "spice-usbredir"}, "--via spice-usbredir needs --spice"},
    {{.spice = "here"}, "--spice: 'here' is neither unix:PATH nor HOST:PORT"},
    {{.spice = "h:0"}, "--spice: 'h:0' is neither"},
    {{.spice = long_path}, "--spice: "},
    {{.spice = "unix:/s", .spice_tls = "k"}, "--spice-tls: "},
    {{.spice_tls = "k"}, "--spice-tls needs --spice"},
    {{.spice_password_file = "k"}, "--spice-password-file needs --spice"},
    {{.network = "lan"}, "--network: 'lan' is none of user, bridge:NAME, none"},
    {{.network = "bridge:"}, "--network: '' is no name of a bridge"},
    {{.network = "bridge:a/b"}, "is no name of a bridge"},
    {{.network = "bridge:a\nb"}, "is no name of a bridge"},
    {{.network = "bridge:abcdefghijklmnop"}, "is no name of a bridge"},
    {{.memory = "much"}, "--memory: 'much' is no size"},
    {{.memory = "-1"}, "--memory: "},
    {{.memory = "4T"}, "--memory: "},
    {{.memory = "63"}, "--memory: "},
    {{.memory = "18446744073709551615G"}, "--memory: "},
    {{.memory = "2000000G"}, "--memory: "},
    {{.cpus = "-1"}, "--cpus: '-1' is no number from 1 to 255"},
    {{.cpus = "256"}, "--cpus: '256' is no"},
    {{.cameras = "15"}, "--cameras: '15' is no number from 1 to 14"},
    {{.cameras = "9", .via = "spice-port", .spice = "h:1"},
     "--cameras: '9' is no number from 1 to 8"},
    {{.cameras = "6", .usb = "ehci"}, "--cameras: '6' is no number from 1 to 5"},
    {{.cameras = "-1"}, "--cameras: '-1' is no"},
    {{.cameras = "0"}, "--cameras: '0' is no number"},
    {{.cameras = "many"}, "--cameras: 'many' is no number"},
    {{.disk = ""}, "--disk: the file's name is missing"},
    {{.spice = "h:1", .spice_password_file = "long"}, "passwords have at most 60 bytes"},
    {{.disk = long_path, .guest = "windows11"}, "--disk: the TPM's socket"},
};

static void test_refused(void)
{
    struct vm_choice untouched = {.facts = 7};
    memset(long_path, 'x', sizeof long_path - 1);
    g_assert_true(g_file_set_contents("long", long_path, 61, NULL));
    memcpy(long_path, "unix:", 5);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(vm_choice_make(&untouched, &refused[i].options, VM_QEMU, &error));
        if (!strstr(error->message, refused[i].says))
            g_error("'%s' does not say '%s'", error->message, refused[i].says);
        g_assert_null(strchr(error->message, '\n'));
        g_assert_cmpuint(untouched.facts, ==, 7);
    }
}

static const char *const unspeakable[] = {"bell\a", "byte\xff", "escape\033", "half\xc3"};

/* Neither of the two readers of the other forms minds. */
static void test_refused_xml(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(unspeakable); i++) {
        g_autoptr(GError) error = NULL;
        struct vm_choice choice;
        const struct vm_options options = {.disk = unspeakable[i]};
        g_assert_false(vm_choice_make(&choice, &options, VM_LIBVIRT, &error));
        g_assert_nonnull(strstr(error->message, "XML has no way to say this"));
        choose(&choice, &options, VM_QEMU);
        vm_choice_clear(&choice);
    }
}

/* ---- Images and passwords ---- */

static const struct {
    const char *name, *head, *format;
} images[] = {
    {"a.img", "QFI\xfb....", "qcow2"}, {"b.qcow2", "", "qcow2"},
    {"c.qcow2", "MZ......", "raw"},    {"d.img", "KDMV....", "vmdk"},
    {"e.vhdx", "vhdxfile", "vhdx"},    {"f.img", "QFI", "raw"},
};

static void test_images(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(images); i++) {
        g_autofree char *path = g_build_filename(folder, images[i].name, NULL);
        g_autofree char *wanted = g_strdup_printf("format=%s,file=", images[i].format);
        const struct vm_options options = {.disk = path};
        g_assert_true(g_file_set_contents(path, images[i].head, -1, NULL));
        g_autofree char *text = print(&options, vm_qemu_command);
        g_assert_nonnull(strstr(text, wanted));
        g_unlink(path);
    }
}

/* What has no end, or nobody writes to, is not waited for. */
static void test_endless(void)
{
    static const char *const files[] = {"/dev/zero", "pipe", "."};
    g_assert_cmpint(mkfifo("pipe", 0600), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        const struct vm_options options = {
            .disk = files[i], .spice = "h:1", .spice_password_file = files[i]};
        g_autofree char *text = print(&options, vm_qemu_command);
        g_assert_nonnull(strstr(text, "format=raw"));
    }
}

/* libvirt has the password in its XML, QEMU's command line only the file's name. */
static void test_password(void)
{
    g_autofree char *path = g_build_filename(folder, "password", NULL);
    struct vm_options options = {.spice = "unix:/s", .spice_password_file = path};
    g_assert_true(g_file_set_contents(path, "o'pen<\n", -1, NULL));
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "*takes the end of the line*");
    g_autofree char *text = print(&options, vm_qemu_command), *xml = print_xml(&options, FALSE);
    g_test_assert_expected_messages();
    g_assert_null(strstr(text, "pen<"));
    g_assert_nonnull(strstr(text, "password-secret=password"));
    g_assert_null(strstr(text, "disable-ticketing"));
    g_assert_nonnull(strstr(xml, " passwd='o&#39;pen&#60;'"));
    g_unlink(path);
    g_autoptr(GError) error = NULL;
    struct vm_choice choice;
    g_assert_false(vm_choice_make(&choice, &options, VM_LIBVIRT, &error));
    g_assert_nonnull(strstr(error->message, "--spice-password-file: "));
}

/* What a script runs: QEMU writes down what it is given, the others do nothing. */
static void make_program(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("vm-XXXXXX", NULL);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    make_program("qemu-system-x86_64", "#!/bin/sh\nprintf '%s\\0' \"$@\" >arguments\n");
    make_program("swtpm", "#!/bin/sh\n");
    make_program("cp", "#!/bin/sh\n");
    g_test_add_func("/vm/names", test_names);
    g_test_add_func("/vm/names-xml", test_names_xml);
    g_test_add_func("/vm/forms-agree", test_forms_agree);
    g_test_add_func("/vm/valid-xml", test_valid_xml);
    g_test_add_func("/vm/enlightenments", test_enlightenments);
    g_test_add_func("/vm/things", test_things);
    g_test_add_func("/vm/share", test_share);
    g_test_add_func("/vm/refused", test_refused);
    g_test_add_func("/vm/refused-xml", test_refused_xml);
    g_test_add_func("/vm/images", test_images);
    g_test_add_func("/vm/endless", test_endless);
    g_test_add_func("/vm/password", test_password);
    int failed = g_test_run();
    const char *remove[] = {"rm", "-rf", folder, NULL};
    g_spawn_sync("/", (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(folder);
    return failed;
}
