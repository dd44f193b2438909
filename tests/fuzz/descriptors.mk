# The fuzzers of the descriptors' engine.

LIBS_fuzz_derive := descriptors

# What the engine compares is single bytes and its own counts: coverage finds those alone, and tracing
# each comparison takes half of the time.
$(patsubst %,build/fuzz/descriptors/%.o,schema tree parse pack derive): override CFLAGS += -fno-sanitize-coverage=trace-cmp
