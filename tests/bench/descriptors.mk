# What the verbs of descriptors/ cost, beside libusb and libuvc (readers and reader_libs are what
# tests/unit/readers.mk says).

$(O)/tests/bench/bench_descriptors: $(O)/tests/bench/bench_descriptors.o $(readers) $(O)/libdescriptors.a
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ $(pkg_libs) $(reader_libs) -ldl

.PHONY: bench-descriptors
bench-descriptors: $(O)/tests/bench/bench_descriptors ## what packing, parsing and linting descriptors costs (JSON=1)
	@$< $(if $(JSON),--json)
