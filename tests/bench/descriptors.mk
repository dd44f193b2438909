# What the verbs of descriptors/ cost, beside libusb and libuvc.

reader_packages := umockdev-1.0 libusb-1.0 libuvc
reader_cflags    = $(shell pkg-config --cflags $(reader_packages))
reader_libs      = $(shell pkg-config --libs $(reader_packages))

readers := $(O)/tests/unit/mock_usb.o $(O)/tests/unit/other_readers.o
$(readers): base_cflags += $(reader_cflags)

$(O)/tests/bench/bench_descriptors: $(O)/tests/bench/bench_descriptors.o $(readers) $(O)/libdescriptors.a
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ $(pkg_libs) $(reader_libs) -ldl

.PHONY: bench-descriptors
bench-descriptors: $(O)/tests/bench/bench_descriptors ## what packing, parsing and linting descriptors costs (JSON=1)
	@$< $(if $(JSON),--json)
