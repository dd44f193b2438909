# Tests of real devices: their sysfs and usbfs are umockdev's, which must be the library preloaded.
fake_usbfs := $(O)/tests/unit/fake_usbfs.o $(O)/tests/unit/mock_usb.o
umockdev_libs := -Wl,--no-as-needed $(shell pkg-config --libs umockdev-1.0)
usb_tests := $(addprefix $(O)/tests/unit/,test_usb test_relay test_relay_peer test_list \
        test_redirect)

$(O)/tests/unit/fake_usbfs.o: extra_cflags = $(shell pkg-config --cflags umockdev-1.0)
$(usb_tests): $(fake_usbfs)
$(usb_tests): LDFLAGS += $(umockdev_libs)
LIBS_test_usb     := redir
LIBS_test_traffic := redir
LIBS_test_shed    := redir
LIBS_test_silence := redir
LIBS_test_relay   := redir_fixture redir vcam descriptors
LIBS_test_relay_peer := redir_fixture redir vcam descriptors
LIBS_test_list    := descriptors
LIBS_test_redirect := descriptors
$(O)/tests/unit/test_list: $(O)/tools/holders.o | $(O)/camredir
$(O)/tests/unit/test_redirect: | $(O)/camredir
LIBS_test_replay  := redir_fixture redir vcam descriptors
$(O)/tests/unit/test_replay: | $(O)/camredir
