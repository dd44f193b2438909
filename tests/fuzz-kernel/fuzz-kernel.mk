# A Linux kernel that sees its own faults, what the fuzzer finds in it, and the readers beside it.

fuzz_flaws   := frame-count entity-id interval-length
fuzz_kernels := $(fuzz_flaws:%=build/fuzz-kernel/%/vmlinux)
build_kernel := tests/fuzz-kernel/build.sh
kernel_inputs = $(build_kernel) $(addprefix tests/fuzz-kernel/,config.fragment kcov.folders)

build/fuzz-kernel/stock/vmlinux: $(kernel_inputs)
	$(build_kernel) stock
$(fuzz_kernels): build/fuzz-kernel/%/vmlinux: tests/fuzz-kernel/%.patch $(kernel_inputs)
	$(build_kernel) --patch $< $*

.PHONY: fuzz-kernels
fuzz-kernels: build/fuzz-kernel/stock/vmlinux $(fuzz_kernels) ## kernels with KASAN, one as it is and three with a flaw in uvcvideo (half an hour)

# Goes on where it was broken off; RUNS=1 CASES=500 are less.
.PHONY: fuzz-kernel
fuzz-kernel: fuzz-kernels $(O)/camredir build/guest/fuzz.cpio ## what the fuzzer needs to find each flaw, by fields and by bytes, into docs/fuzz.md (hours)
	@tests/fuzz-kernel/coverage.sh $(O)/camredir build/fuzz-kernel/stock/vmlinux build/fuzz-kernel/coverage
	@tests/fuzz-kernel/campaigns.sh $(O)/camredir build/fuzz-kernel/campaigns $(fuzz_flaws)

# MUTANTS=... other than 10,000. What is known already stays in build/differential/.
differential := $(O)/tests/fuzz-kernel/differential
MUTANTS ?= 10000
$(differential): $(patsubst %.c,$(O)/%.o,$(wildcard tests/fuzz-kernel/*.c)) $(readers) \
        $(patsubst %,$(O)/lib%.a,$(LIBS_test_fuzz))
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ $(pkg_libs) $(reader_libs) -ldl -lm

# A few of them in 'make check'. A sanitizer would take the place of a reader's crash.
check_programs += $(if $(SAN),,$(differential))
check_commands += $(if $(SAN),,'$(differential) 200')

.PHONY: differential
differential: $(differential) build/guest/fuzz.cpio ## broken cameras before four readers, and where these disagree, into docs/differential.md (a quarter of an hour)
	@$(differential) $(MUTANTS) build/differential >build/differential.md
	@tests/fuzz-kernel/put-table.sh docs/differential.md buckets <build/differential.md
