/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What camredir redirect says of USB devices that umockdev makes, before any VM is there. */
#include <sys/wait.h>

#include "tests/unit/fake_usbfs.h"
#include "tests/unit/mock_usb.h"
#include "tests/unit/program.h"

static char *program;

static const FakeUsbDevice devices[] = {
    {"1-1", 1, 5, "046d", "0825", "Logitech", "Webcam", "A1", 480, "0e", "uvcvideo", NULL},
    {"1-2", 1, 6, "046d", "0825", "Logitech", "Webcam", "A2", 480, "0e", "uvcvideo", NULL},
    {"1-4", 1, 7, "1d6b", "0104", "Me", "A\\nRUN+=\"/bin/evil\"", NULL, 480, "0e", NULL, NULL},
};

#define RULE                                                                                       \
    "# to /etc/udev/rules.d/70-camredir.rules; then: sudo udevadm control --reload && "            \
    "sudo udevadm trigger\n"                                                                       \
    "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"1d6b\", ATTR{idProduct}==\"0104\", MODE=\"0660\", "     \
    "GROUP=\"plugdev\", TAG+=\"uaccess\"\n"
#define NOBODY " --to unix:/nobody --no-retry"
#define UNREACHABLE                                                                                \
    "camredir: unix:/nobody: there is no such socket; is QEMU running with -chardev "              \
    "socket,id=cam,path=...,server=on,wait=off -device usb-redir,chardev=cam?\n"
#define BOTH                                                                                       \
    "camredir: '046d:0825' could be each of these, name one by its port: 046d:0825 Logitech "      \
    "Webcam (1-1), 046d:0825 Logitech Webcam (1-2)\n"

static const struct {
    const char *words;
    int status;
    const char *output, *error;
} rows[] = {
    {"--udev-rule 1-4", 0, "# A\357\277\275RUN+=\"/bin/evil\"\n" RULE, ""},
    {"--udev-rule 046d:0825", 3, "", BOTH},
    {"--udev-rule serial:A3", 3, "", "camredir: 'serial:A3' is not plugged in here\n"},
    {"046d:0825" NOBODY, 3, "", BOTH},
    {"1-1" NOBODY, 4, "", UNREACHABLE},
    {"001-006" NOBODY, 4, "", UNREACHABLE},
    {"1-9" NOBODY, 4, "", UNREACHABLE},
    {"1-9 --as unix:/no/folder", 4, "",
     "camredir: nothing is plugged in here at port 1-9 (device 9 of bus 1 is 001-009); waiting for "
     "it\n"
     "camredir: unix:/no/folder: no such folder; create it first\n"},
};

static void check(gsize row)
{
    g_autofree char *line = g_strdup_printf("%s redirect %s", program, rows[row].words);
    g_autofree char *output = NULL, *said = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    g_spawn_command_line_sync(line, &output, &said, &status, &error);
    g_assert_no_error(error);
    g_test_message("%s", rows[row].words);
    g_assert_cmpstr(output, ==, rows[row].output);
    g_assert_cmpstr(said, ==, rows[row].error);
    g_assert_cmpint(WEXITSTATUS(status), ==, rows[row].status);
}

static void test_words(void)
{
    FakeUsbfs *fake = fake_usbfs_new();

    fake_usbfs_add(fake, devices, G_N_ELEMENTS(devices));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        check(i);
    fake_usbfs_free(fake);
}

int main(int argc, char **argv)
{
    mock_usb_test_init(&argc, &argv);
    program = program_path(argv[0], "camredir");
    g_test_add_func("/redirect/words", test_words);
    int result = g_test_run();
    g_free(program);
    return result;
}
