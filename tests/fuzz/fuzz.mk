# Fuzzers: each tests/fuzz/fuzz_NAME.c with clang's libFuzzer, the libraries compiled likewise, started
# on a copy of tests/fuzz/corpus/NAME/. What it finds stays in build/fuzz/found/.
#   LIBS_fuzz_NAME := the libraries that it links; all of them where nothing is said.

FUZZ_SECONDS ?= 10
fuzz_names := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
fuzz_build  = nice $(MAKE) -s CC=clang O=build/fuzz SAN= CFLAGS='-O1 -g -fno-omit-frame-pointer \
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
        $(fuzz_names:%=build/fuzz/tests/fuzz/%)

$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o \
        $$(foreach l,$$(if $$(LIBS_fuzz_$$*),$$(LIBS_fuzz_$$*),$$(libraries)),$$(O)/lib$$l.a)
	$(call say,LD,$@)$(CC) $(all_cflags) -fsanitize=fuzzer -o $@ $^ $(pkg_libs) -lm

fuzz: ## every fuzzer for FUZZ_SECONDS (10) seconds on its corpus
	@$(fuzz_build) >&2 && FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(fuzz_names)

fuzz-long: ## every fuzzer for an hour
	@$(MAKE) -s fuzz FUZZ_SECONDS=3600

# Part of 'make check', once: they are built with the sanitizers anyway.
check_commands += $(if $(SAN),,'$(MAKE) -s fuzz FUZZ_SECONDS=5')

LIBS_fuzz_parse := descriptors
LIBS_fuzz_peer  := redir vcam descriptors
LIBS_fuzz_replay := redir vcam descriptors
