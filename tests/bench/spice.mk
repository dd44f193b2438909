# What the SPICE transport alone carries, with the server and the guest of the unit tests (attach.mk).
ifneq ($(and $(spice_library),$(shell pkg-config --exists spice-server 2>/dev/null && echo 1)),)
$(O)/tests/bench/bench_spice.o: extra_cflags = $(server_cflags)
$(O)/tests/bench/bench_spice: LDFLAGS += $(shell pkg-config --libs spice-server)
$(O)/tests/bench/bench_spice: $(O)/tests/bench/bench_spice.o $(O)/tests/guest/process.o $(O)/tests/unit/spice_vm.o \
        $(patsubst %,$(O)/lib%.a,redir_fixture redir vcam descriptors)
	$(call say,LD,$@)$(CC) $(all_cflags) -o $@ $^ $(LDFLAGS) $(pkg_libs) -lm

bench-spice: $(O)/tests/bench/bench_spice $(O)/camredir
	@$<
else
bench-spice:
	@echo 'bench-spice needs libspice-client-glib-2.0-dev and libspice-server-dev'; exit 1
endif
.PHONY: bench-spice
bench-spice: ## raw video over SPICE without QEMU and guest
