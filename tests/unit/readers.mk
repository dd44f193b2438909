# Other people's readers, before which umockdev puts our descriptors.

LIBS_test_readers := descriptors
reader_packages := umockdev-1.0 libusb-1.0 libuvc
reader_cflags    = $(shell pkg-config --cflags $(reader_packages))
reader_libs      = $(shell pkg-config --libs $(reader_packages))
readers := $(O)/tests/unit/mock_usb.o $(O)/tests/unit/other_readers.o

$(readers): extra_cflags = $(reader_cflags)
$(O)/tests/unit/test_readers: $(readers)
$(O)/tests/unit/test_readers: LDFLAGS += -Wl,--no-as-needed $(reader_libs)
