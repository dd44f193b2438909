/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir list on USB cameras that umockdev makes, and who has a node open. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fake_usbfs.h"
#include "tests/unit/mock_usb.h"
#include "tests/unit/program.h"
#include "tools/holders.h"

static char *program;

/* A process that has it open, and is called so. */
static pid_t hold(const char *path)
{
    int ready[2];
    char byte;
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    if (pid == 0) {
        end_with_test(NULL);
        int fd = open(path, O_RDONLY);
        if (fd < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void release(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_holders(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("holders-XXXXXX", &path, NULL);
    const char *const nodes[] = {"/dev/nothing", path, NULL};
    pid_t first = hold(path), second = hold(path);
    g_autofree char *is_first = g_strdup_printf("test_list (%d)", first);
    g_autofree char *is_second = g_strdup_printf("test_list (%d)", second);

    g_autoptr(GPtrArray) holders = holders_find(nodes);
    g_assert_cmpuint(holders->len, ==, 2); /* and not this one, which has it open too */
    g_autofree char *text = holders_text(holders);
    g_assert_nonnull(strstr(text, is_first));
    g_assert_nonnull(strstr(text, is_second));
    release(first);
    release(second);
    g_autoptr(GPtrArray) none = holders_find(nodes);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_null(holders_text(none));
    close(fd);
    g_unlink(path);
}

static char *list(const char *option)
{
    const char *const argv[] = {program, "list", option, NULL};
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    int status;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_true(g_spawn_check_wait_status(status, NULL));
    return output;
}

static const FakeUsbDevice devices[] = {
    {"1-1", 1, 5, "046d", "0825", "Logitech", "Webcam", "A1", 480, "0e", "uvcvideo", NULL},
    {"1-1.4", 1, 6, "1d6b", "0104", NULL, "Disk", "A1", 480, "08", "usb-storage", NULL},
    {"2-1", 2, 5, "8086", "0b07", NULL, "Depth", NULL, 5000, "0e", "usbfs", NULL},
};

static void check_member(JsonObject *object, const char *name, const char *expected)
{
    g_assert_cmpstr(json_object_get_string_member(object, name), ==, expected);
}

static void test_json(void)
{
    FakeUsbfs *fake = fake_usbfs_new();
    fake_usbfs_add(fake, devices, G_N_ELEMENTS(devices));
    g_autofree char *output = list("--json");
    g_autoptr(JsonNode) root = json_from_string(output, NULL);
    JsonArray *all = json_node_get_array(root);

    g_assert_cmpuint(json_array_get_length(all), ==, 2); /* a disk is no camera */
    JsonObject *first = json_array_get_object_element(all, 0);
    JsonObject *second = json_array_get_object_element(all, 1);
    check_member(first, "kind", "usb");
    check_member(first, "path", "1-1");
    check_member(first, "id", "046d:0825");
    check_member(first, "node", "/dev/bus/usb/001/005");
    check_member(first, "driver", "uvcvideo");
    check_member(first, "state", "free");
    check_member(second, "name", "Depth");
    check_member(second, "state", "busy");
    g_assert_cmpuint(json_array_get_length(json_object_get_array_member(first, "users")), ==, 0);
    fake_usbfs_free(fake);
}

static void test_text(void)
{
    FakeUsbfs *fake = fake_usbfs_new();
    g_autofree char *empty = list(NULL);
    g_assert_nonnull(strstr(empty, "No camera found."));
    fake_usbfs_add(fake, devices, G_N_ELEMENTS(devices));
    g_autofree char *output = list(NULL);
    g_assert_cmpstr(output, ==,
                    "USB  046d:0825 Logitech Webcam (1-1)  (free, uvcvideo)\n"
                    "USB  8086:0b07 Depth (2-1)  (busy, usbfs)\n");
    fake_usbfs_free(fake);
}

int main(int argc, char **argv)
{
    mock_usb_test_init(&argc, &argv);
    program = program_path(argv[0], "camredir");
    g_test_add_func("/list/holders", test_holders);
    g_test_add_func("/list/json", test_json);
    g_test_add_func("/list/text", test_text);
    int result = g_test_run();
    g_free(program);
    return result;
}
