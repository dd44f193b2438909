# How fast the guests of camredir fuzz take cameras.

$(O)/tests/bench/bench-fuzz: $(O)/tests/bench/bench_fuzz.o $(O)/libfuzz.a $(archives)
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ $(pkg_libs) -lm

# CASES=10000 shows whether the rate holds; JOBS is as many VMs as there are cores.
.PHONY: bench-fuzz
bench-fuzz: $(O)/tests/bench/bench-fuzz fuzz-guest ## cases a second of 'camredir fuzz' in VMs, and where the time goes: into docs/fuzz.md
	@for jobs in 1 $(or $(JOBS),$$(nproc)); do \
	    $(O)/tests/bench/bench-fuzz --jobs $$jobs --cases $(or $(CASES),2000) $(BENCH_FUZZ) || exit 1; \
	    echo; done | tee $(O)/bench-fuzz.md
	@tests/fuzz-kernel/put-table.sh docs/fuzz.md rates <$(O)/bench-fuzz.md
