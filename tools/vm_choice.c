/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user wants of a virtual machine, understood and checked. */
#include "tools/vm_choice.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "redir/address.h"
#include "tools/tools.h"
#include "tools/vm_text.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)
#define CPUS_MAX        255 /* more need an IOMMU that remaps interrupts */
#define MEMORY_MIN      64  /* MiB */
#define MEMORY_MAX      (1 << 20)
#define PASSWORD_MAX    60 /* SPICE_MAX_PASSWORD_LENGTH */

static const guint groups[] = {
    VM_LINUX | VM_WINDOWS | VM_MACOS,
    VM_XHCI | VM_EHCI,
    VM_KVM | VM_TCG,
    VM_VIA_SOCKET | VM_VIA_SPICE,
    VM_SPICE_NONE | VM_SPICE,
    VM_PASSWORD | VM_NO_PASSWORD,
    VM_USER | VM_BRIDGE | VM_NO_NETWORK,
    VM_DISK | VM_NO_DISK,
    VM_QEMU | VM_LIBVIRT,
    VM_VIA_OPEN,
    VM_SPICE_OPEN,
};

static const struct guest {
    guint fact;
    const char *title;
    enum vm_fact usb;
    guint memory, cpus; /* memory in MiB */
    const char *clock;
    guint usb_devices; /* besides cameras */
} guests[] = {
    {VM_LINUX, "Linux", VM_XHCI, 2048, 2, "utc", 1},
    {VM_WINDOWS11, "Windows 11", VM_XHCI, 8192, 4, "localtime", 1},
    {VM_WINDOWS10, "Windows 10", VM_XHCI, 4096, 4, "localtime", 1},
    {VM_WINDOWS7, "Windows 7", VM_EHCI, 2048, 2, "localtime", 1},
    {VM_MACOS, "macOS", VM_XHCI, 4096, 4, "utc", 2},
};

struct word {
    const char *text;
    guint fact;
};

static const struct word guest_words[] = {{"linux", VM_LINUX},
                                          {"windows11", VM_WINDOWS11},
                                          {"windows10", VM_WINDOWS10},
                                          {"windows7", VM_WINDOWS7},
                                          {"macos", VM_MACOS}};
static const struct word usb_words[] = {{"xhci", VM_XHCI}, {"ehci", VM_EHCI}};
static const struct word accel_words[] = {{"kvm", VM_KVM}, {"tcg", VM_TCG}};

/* As their distributions install it: Debian, Fedora, Arch. Both are for Secure Boot; the second
   is the machine's own, to be copied, and has Microsoft's keys. */
static const struct {
    const char *code, *variables;
} firmware[] = {
    {"/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"},
    {"/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd"},
    {"/usr/share/edk2/x64/OVMF_CODE.secboot.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
};

/* QEMU's names of image formats; a suffix decides where the file cannot be read (yet). */
static const struct {
    const char *format, *suffix, *magic;
} images[] = {
    {"qcow2", ".qcow2", "QFI\xfb"}, {"vmdk", ".vmdk", "KDMV"},   {"vdi", ".vdi", "<<< "},
    {"vhdx", ".vhdx", "vhdxfile"},  {"vpc", ".vhd", "conectix"},
};

G_GNUC_PRINTF(2, 3)
static gboolean wrong(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_propagate_error(error,
                      g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args));
    va_end(args);
    return FALSE;
}

G_GNUC_PRINTF(3, 4)
static void set(GHashTable *texts, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_hash_table_insert(texts, (gpointer)name, g_strdup_vprintf(format, args));
    va_end(args);
}

static const char *get(const struct vm_choice *choice, const char *name)
{
    return g_hash_table_lookup(choice->texts, name);
}

static GHashTable *texts_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
}

/* Adds the fact that text names; NULL names fallback. */
static gboolean choose(struct vm_choice *choice, const char *option, const char *text,
                       const struct word *words, gsize n_words, guint fallback, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (gsize i = 0; i < n_words; i++) {
        if (text ? strcmp(text, words[i].text) == 0 : words[i].fact == fallback) {
            choice->facts |= words[i].fact;
            return TRUE;
        }
        g_string_append_printf(known, "%s%s", i ? ", " : "", words[i].text);
    }
    return wrong(error, "%s: '%s' is none of %s", option, text, known->str);
}

/* A number from 1 to most; NULL is fallback. 0 with an error. */
static guint count(const char *option, const char *text, guint fallback, guint most, GError **error)
{
    guint64 value = 0;
    if (!text)
        return fallback;
    if (!g_ascii_string_to_unsigned(text, 10, 1, most, &value, NULL))
        wrong(error, "%s: '%s' is no number from 1 to %u", option, text, most);
    return (guint)value;
}

/* ---- The machine ---- */

static gboolean take_size(struct vm_choice *choice, const struct guest *guest,
                          const struct vm_options *options, GError **error)
{
    guint64 memory = guest->memory;
    if (options->memory) {
        char *end;
        memory = g_ascii_strtoull(options->memory, &end, 10);
        gboolean digits = g_ascii_isdigit(*options->memory) && memory <= MEMORY_MAX;
        if (strcmp(end, "G") == 0)
            memory *= 1024;
        else if (*end && strcmp(end, "M") != 0)
            digits = FALSE;
        if (!digits || memory < MEMORY_MIN || memory > MEMORY_MAX)
            return wrong(error, "--memory: '%s' is no size as 4G or 512M", options->memory);
    }
    guint cpus = count("--cpus", options->cpus, guest->cpus, CPUS_MAX, error);
    if (!cpus)
        return FALSE;
    set(choice->texts, "memory", "%u", (guint)memory);
    set(choice->texts, "cpus", "%u", cpus);
    return TRUE;
}

/* The first bytes of a file or a disk, with a 0 behind; 0 where there are none to be had at once.
 */
static gsize read_head(const char *path, char *ret_head, gsize size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    gboolean is_file =
        fd >= 0 && fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode));
    ssize_t length = is_file ? read(fd, ret_head, size - 1) : 0;
    if (fd >= 0)
        close(fd);
    ret_head[MAX(length, 0)] = '\0';
    return (gsize)MAX(length, 0);
}

static const char *image_format(const char *path)
{
    char head[9];
    gsize size = read_head(path, head, sizeof head);
    for (gsize i = 0; i < G_N_ELEMENTS(images); i++) {
        gsize length = strlen(images[i].magic);
        if (size ? size >= length && memcmp(head, images[i].magic, length) == 0
                 : g_str_has_suffix(path, images[i].suffix))
            return images[i].format;
    }
    return "raw";
}

/* Windows 11 also keeps its firmware's variables and its TPM: beside the disk. */
static gboolean take_disk(struct vm_choice *choice, const char *disk, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(disk ? disk : get(choice, "name"), NULL);
    gsize i = G_N_ELEMENTS(firmware);
    while (--i > 0 && !g_file_test(firmware[i].code, G_FILE_TEST_EXISTS))
        ;
    choice->facts |= disk ? VM_DISK : VM_NO_DISK;
    if (disk && !*disk)
        return wrong(error, "--disk: the file's name is missing");
    set(choice->texts, "disk", "%s", path);
    set(choice->texts, "format", "%s", image_format(path));
    set(choice->texts, "firmware", "%s", firmware[i].code);
    set(choice->texts, "fresh_variables", "%s", firmware[i].variables);
    set(choice->texts, "variables", "%s.efivars", path);
    set(choice->texts, "tpm", "%s.tpm", path);
    set(choice->texts, "tpm_socket", "%s.tpm/socket", path);
    if (vm_choice_is(choice, VM_WINDOWS11 | VM_QEMU) &&
        strlen(get(choice, "tpm_socket")) > SOCKET_PATH_MAX)
        return wrong(error, "--disk: the TPM's socket beside it, %s, has more than %zu bytes",
                     get(choice, "tpm_socket"), SOCKET_PATH_MAX);
    return TRUE;
}

static gboolean has_blank(const char *text)
{
    while (*text && !g_ascii_isspace(*text) && !g_ascii_iscntrl(*text))
        text++;
    return *text != '\0';
}

static gboolean take_network(struct vm_choice *choice, const char *network, GError **error)
{
    static const char prefix[] = "bridge:";
    if (!network || strcmp(network, "user") == 0) {
        choice->facts |= VM_USER;
    } else if (strcmp(network, "none") == 0) {
        choice->facts |= VM_NO_NETWORK;
    } else if (g_str_has_prefix(network, prefix)) {
        const char *name = network + strlen(prefix);
        gsize length = strlen(name);
        g_autofree char *quoted = vm_quote_shell(name);
        if (length < 1 || length > 15 || strpbrk(name, "/:") || has_blank(name) || *name == '-')
            return wrong(error, "--network: %s is no name of a bridge", quoted);
        choice->facts |= VM_BRIDGE;
        set(choice->texts, "bridge", "%s", name);
    } else {
        return wrong(error, "--network: '%s' is none of user, bridge:NAME, none", network);
    }
    return TRUE;
}

/* ---- SPICE ---- */

static gboolean is_loopback(const char *host)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
    return address ? g_inet_address_get_is_loopback(address) : strcmp(host, "localhost") == 0;
}

/* Where a client that runs here finds who listens on host; in brackets where an address needs
   them. */
static char *reachable(const char *host)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
    if (address && g_inet_address_get_is_any(address))
        return g_strdup("localhost");
    return g_strdup_printf(strchr(host, ':') ? "[%s]" : "%s", host);
}

static gboolean take_spice_address(struct vm_choice *choice, const char *spice, gboolean tls,
                                   GError **error)
{
    gboolean is_unix = g_str_has_prefix(spice, "unix:");
    g_autofree char *text = is_unix ? g_strdup(spice) : g_strconcat("tcp:", spice, NULL);
    g_autoptr(RedirAddress) address = redir_address_parse(text, NULL);
    if (!address)
        return wrong(error, "--spice: '%s' is neither unix:PATH nor HOST:PORT", spice);
    if (is_unix) {
        g_autofree char *path = g_canonicalize_filename(address->path, NULL);
        g_autofree char *escaped =
            g_uri_escape_string(path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);
        if (tls)
            return wrong(error, "--spice-tls: nothing listens on the net: leave it out, or give "
                                "--spice HOST:PORT");
        if (strlen(path) > SOCKET_PATH_MAX)
            return wrong(error, "--spice: %s has more than %zu bytes", path, SOCKET_PATH_MAX);
        choice->facts |= VM_SPICE_UNIX;
        set(choice->texts, "spice_path", "%s", path);
        set(choice->texts, "spice_address", "spice+unix://%s", escaped);
        return TRUE;
    }
    g_autofree char *host = reachable(address->host);
    choice->facts |= tls ? VM_SPICE_TLS : VM_SPICE_TCP;
    if (!is_loopback(address->host) && vm_choice_is(choice, VM_NO_PASSWORD))
        choice->facts |= VM_SPICE_OPEN;
    set(choice->texts, "spice_host", "%s", address->host);
    set(choice->texts, "spice_port", "%u", address->port);
    set(choice->texts, "spice_address", tls ? "spice://%s?tls-port=%u" : "spice://%s:%u", host,
        address->port);
    return TRUE;
}

/* QEMU reads the file when it starts, and takes every byte; libvirt has the password in its XML. */
static gboolean take_password(struct vm_choice *choice, const char *file, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(file, NULL), *quoted = vm_quote_shell(path);
    char password[PASSWORD_MAX + 2];
    gsize size = read_head(path, password, sizeof password), length = strcspn(password, "\r\n");
    choice->facts |= VM_PASSWORD;
    set(choice->texts, "password_file", "%s", path);
    if (length > PASSWORD_MAX)
        return wrong(error, "--spice-password-file: SPICE's passwords have at most %d bytes",
                     PASSWORD_MAX);
    if (vm_choice_is(choice, VM_QEMU)) {
        if (length < size)
            g_message("QEMU takes the end of the line in %s for a part of the password; write it "
                      "by: printf %%s PASSWORD >FILE",
                      quoted);
    } else if (length == 0) {
        return wrong(error, "--spice-password-file: no password can be read in %s", quoted);
    } else {
        set(choice->texts, "password", "%.*s", (int)length, password);
    }
    return TRUE;
}

static gboolean take_spice(struct vm_choice *choice, const struct vm_options *options,
                           GError **error)
{
    if (!options->spice) {
        choice->facts |= VM_SPICE_NONE | VM_NO_PASSWORD;
        if (options->spice_tls || options->spice_password_file)
            return wrong(error, "%s needs --spice",
                         options->spice_tls ? "--spice-tls" : "--spice-password-file");
        return TRUE;
    }
    if (!options->spice_password_file)
        choice->facts |= VM_NO_PASSWORD;
    else if (!take_password(choice, options->spice_password_file, error))
        return FALSE;
    if (options->spice_tls) {
        g_autofree char *folder = g_canonicalize_filename(options->spice_tls, NULL);
        set(choice->texts, "tls", "%s", folder);
    }
    return take_spice_address(choice, options->spice, options->spice_tls != NULL, error);
}

/* ---- Cameras ---- */

static gboolean take_socket(struct vm_choice *choice, const char *via, GError **error)
{
    g_autoptr(RedirAddress) address = redir_address_parse(via, error);
    if (!address) {
        g_prefix_error(error, "--via: ");
        return FALSE;
    }
    if (address->scheme == REDIR_SCHEME_UNIX) {
        g_autofree char *path = g_canonicalize_filename(address->path, NULL);
        choice->facts |= VM_VIA_UNIX;
        set(choice->texts, "via_path", "%s", path);
    } else {
        choice->facts |= VM_VIA_TCP | (is_loopback(address->host) ? 0 : VM_VIA_OPEN);
        set(choice->texts, "via_host", "%s", address->host);
        set(choice->texts, "via_port", "%u", address->port);
    }
    return TRUE;
}

static gboolean take_via(struct vm_choice *choice, const struct vm_options *options, GError **error)
{
    static const struct word ways[] = {{"spice-port", VM_VIA_PORT},
                                       {"spice-usbredir", VM_VIA_USBREDIR}};
    const char *via = options->via ? options->via : "unix:/tmp/cam.sock";
    if (strchr(via, ':'))
        return take_socket(choice, via, error);
    if (!choose(choice, "--via", via, ways, G_N_ELEMENTS(ways), 0, NULL))
        return wrong(error,
                     "--via: '%s' is none of unix:PATH, tcp:HOST:PORT, spice-port, spice-usbredir",
                     via);
    return options->spice || wrong(error, "--via %s needs --spice unix:PATH or HOST:PORT", via);
}

/* One is at the address itself, of several each at one of its own. */
static gboolean add_camera(struct vm_choice *choice, guint index, gboolean only, GError **error)
{
    GHashTable *texts = texts_new();
    g_ptr_array_add(choice->cameras, texts);
    set(texts, "n", "%u", index);
    if (vm_choice_is(choice, VM_VIA_UNIX)) {
        g_autofree char *suffix = only ? g_strdup("") : g_strdup_printf(".%u", index);
        set(texts, "path", "%s%s", get(choice, "via_path"), suffix);
        const char *path = g_hash_table_lookup(texts, "path");
        set(texts, "address", "unix:%s", path);
        return strlen(path) <= SOCKET_PATH_MAX ||
               wrong(error, "--via: %s has more than %zu bytes", path, SOCKET_PATH_MAX);
    }
    if (vm_choice_is(choice, VM_VIA_TCP)) {
        g_autofree char *host = reachable(get(choice, "via_host"));
        guint64 port = g_ascii_strtoull(get(choice, "via_port"), NULL, 10) + index;
        set(texts, "host", "%s", get(choice, "via_host"));
        set(texts, "port", "%u", (guint)port);
        set(texts, "address", "tcp:%s:%u", host, (guint)port);
        return port <= G_MAXUINT16 || wrong(error, "--via: there is no port %u", (guint)port);
    }
    set(texts, "port_name", "org.camredir.camera.%u", index);
    set(texts, "address", "%s", get(choice, "spice_address"));
    return TRUE;
}

static gboolean take_cameras(struct vm_choice *choice, const struct guest *guest,
                             const char *wanted, GError **error)
{
    guint ports = vm_choice_is(choice, VM_XHCI) ? 15 : 6; /* and no hub: it would be a slow one */
    guint most = ports - guest->usb_devices;
    if (vm_choice_is(choice, VM_VIA_SPICE))
        most = MIN(most, MAX_CAMERAS);
    guint n_cameras = count("--cameras", wanted, 1, most, error);
    if (!n_cameras)
        return FALSE;
    set(choice->texts, "usb_ports", "%u", ports);
    for (guint i = 0; i < n_cameras; i++) {
        if (!add_camera(choice, i, n_cameras == 1, error))
            return FALSE;
        set(choice->cameras->pdata[i], "usb_port", "%u", guest->usb_devices + 1 + i);
    }
    return TRUE;
}

/* ---- All of it ---- */

static gboolean check_texts(const struct vm_choice *choice, GHashTable *texts, GError **error)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, texts);
    while (vm_choice_is(choice, VM_LIBVIRT) && g_hash_table_iter_next(&iter, NULL, &value))
        if (!vm_fits_xml(value)) {
            g_autofree char *quoted = vm_quote_shell(value);
            return wrong(error, "%s: XML has no way to say this", quoted);
        }
    return TRUE;
}

static const struct guest *find_guest(const struct vm_choice *choice)
{
    const struct guest *guest = guests;
    while (!vm_choice_is(choice, guest->fact))
        guest++;
    return guest;
}

static gboolean take_all(struct vm_choice *choice, const struct vm_options *options, GError **error)
{
    if (!choose(choice, "--guest", options->guest, guest_words, G_N_ELEMENTS(guest_words), VM_LINUX,
                error))
        return FALSE;
    const struct guest *guest = find_guest(choice);
    choice->title = guest->title;
    set(choice->texts, "name", "%s", options->guest ? options->guest : guest_words[0].text);
    set(choice->texts, "clock", "%s", guest->clock);
    if (!choose(choice, "--usb", options->usb, usb_words, G_N_ELEMENTS(usb_words), guest->usb,
                error) ||
        !choose(choice, "--accel", options->accel, accel_words, G_N_ELEMENTS(accel_words), VM_KVM,
                error) ||
        !take_size(choice, guest, options, error) || !take_disk(choice, options->disk, error) ||
        !take_network(choice, options->network, error) || !take_spice(choice, options, error) ||
        !take_via(choice, options, error) ||
        !take_cameras(choice, guest, options->cameras, error) ||
        !check_texts(choice, choice->texts, error))
        return FALSE;
    set(choice->texts, "domain", "%s", vm_choice_is(choice, VM_KVM) ? "kvm" : "qemu");
    for (guint i = 0; i < choice->cameras->len; i++)
        if (!check_texts(choice, choice->cameras->pdata[i], error))
            return FALSE;
    if (vm_choice_is(choice, VM_WINDOWS7 | VM_XHCI))
        g_message("Windows 7 has no driver for xHCI: without Renesas' (uPD720200) inside, take "
                  "--usb ehci");
    return TRUE;
}

gboolean vm_choice_make(struct vm_choice *ret_choice, const struct vm_options *options,
                        enum vm_fact form, GError **error)
{
    struct vm_choice choice = {
        .facts = form,
        .texts = texts_new(),
        .cameras = g_ptr_array_new_with_free_func((GDestroyNotify)g_hash_table_unref),
    };
    if (!take_all(&choice, options, error)) {
        vm_choice_clear(&choice);
        return FALSE;
    }
    *ret_choice = choice;
    return TRUE;
}

void vm_choice_clear(struct vm_choice *choice)
{
    g_clear_pointer(&choice->texts, g_hash_table_unref);
    g_clear_pointer(&choice->cameras, g_ptr_array_unref);
}

gboolean vm_choice_is(const struct vm_choice *choice, guint when)
{
    for (gsize i = 0; i < G_N_ELEMENTS(groups); i++)
        if ((when & groups[i]) && !(choice->facts & when & groups[i]))
            return FALSE;
    return TRUE;
}

static void add_word(GString *line, const char *word)
{
    g_autofree char *quoted = vm_quote_shell(word);
    g_string_append_printf(line, " %s", quoted);
}

static char *share_command(const struct vm_choice *choice, const char *address, guint n_cameras)
{
    g_autoptr(GString) line = g_string_new("camredir share");
    for (guint i = 0; i < n_cameras && choice->cameras->len > 1; i++)
        g_string_append(line, " CAMERA");
    g_string_append(line, " --to");
    add_word(line, address);
    if (vm_choice_is(choice, VM_VIA_SPICE | VM_SPICE_TLS)) {
        g_autofree char *file = g_build_filename(get(choice, "tls"), "ca-cert.pem", NULL);
        g_string_append(line, " --ca-file");
        add_word(line, file);
    }
    if (vm_choice_is(choice, VM_VIA_SPICE | VM_PASSWORD)) {
        g_string_append(line, " --password-file");
        add_word(line, get(choice, "password_file"));
    }
    return g_strdup(line->str);
}

GPtrArray *vm_choice_shares(const struct vm_choice *choice)
{
    GPtrArray *commands = g_ptr_array_new_with_free_func(g_free);
    guint together = vm_choice_is(choice, VM_VIA_SPICE) ? choice->cameras->len : 1;
    for (guint i = 0; i < choice->cameras->len; i += together) {
        const char *address = g_hash_table_lookup(choice->cameras->pdata[i], "address");
        g_ptr_array_add(commands, share_command(choice, address, together));
    }
    return commands;
}
