# How fast the guests of camredir fuzz take cameras.

$(O)/tests/bench/bench-fuzz: $(O)/tests/bench/bench_fuzz.o $(O)/libfuzz.a $(archives)
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ $(pkg_libs) -lm

.PHONY: bench-fuzz
bench-fuzz: $(O)/tests/bench/bench-fuzz fuzz-guest ## cases a second of 'camredir fuzz' in VMs, and where the time goes
	@$(O)/tests/bench/bench-fuzz --jobs 1 --cases $(or $(CASES),2000)
	@$(O)/tests/bench/bench-fuzz --jobs 2 --cases $(or $(CASES),2000)
