# camredir: a camera in a virtual machine. 'make help' lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
CFLAGS  ?= -O2 -g
O       ?= build/$(if $(SAN),san,$(if $(filter clang,$(CC)),clang,std))
VERSION := $(shell cat VERSION)

warnings := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
, := ,
sanitize := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

packages := glib-2.0 gio-2.0 gio-unix-2.0 json-glib-1.0 libusbredirparser-0.5 libusbredirhost libusb-1.0 libturbojpeg libjpeg libpng
# Read when first needed: on a fresh machine 'make deps' runs before.
pkg_cflags = $(eval pkg_cflags := $(shell pkg-config --cflags $(packages)))$(pkg_cflags)
pkg_libs   = $(eval pkg_libs := $(shell pkg-config --libs $(packages)))$(pkg_libs)

# One kind of objects, for programs and for the shared library.
base_cflags = -std=gnu11 $(warnings) -fPIC -fvisibility=hidden -I. -D_GNU_SOURCE -DCAMREDIR_VERSION='"$(VERSION)"' \
              -DG_LOG_DOMAIN='"camredir"' -MMD -MP
all_cflags  = $(base_cflags) $(pkg_cflags) $(extra_cflags) $(CFLAGS) $(sanitize)
say = @printf '  %-7s %s\n' $(1) $(2);
ifeq ($(V),1)
say =
endif

# SPICE is in a library of its own, which the program opens when it needs it, other people's viewers
# link (tools/camredir-spice.h), and which is left out where spice-client-glib is not there.
spice_src     := $(wildcard redir/transports/spice*.c)
attach_src    := $(patsubst %,tools/%.c,attach sharing camera limit profile source_loop spice_way status trace)
spice_library := $(if $(shell pkg-config --exists spice-client-glib-2.0 2>/dev/null && echo 1),libcamredir-spice.so.0)
spice_cflags   = $(eval spice_cflags := $(shell pkg-config --cflags spice-client-glib-2.0))$(spice_cflags)

# So is the module for viewers, which needs GTK 3 too.
module_src    := $(wildcard tools/gtk_*.c)
viewer_module := $(if $(spice_library),$(if $(shell pkg-config --exists gtk+-3.0 2>/dev/null && echo 1),libcamredir.so))
module_cflags  = $(eval module_cflags := $(shell pkg-config --cflags gtk+-3.0) $(spice_cflags))$(module_cflags)

# And libvirt.
libvirt_src     := redir/transports/libvirt_plug.c
libvirt_library := $(if $(shell pkg-config --exists libvirt libvirt-qemu 2>/dev/null && echo 1),libcamredir-libvirt.so.0)
# What ASan puts before libvirt's XDR functions finds them only in a library that is there from the start.
san_libs        := $(if $(SAN),$(if $(libvirt_library),-Wl$(,)--no-as-needed -lvirt))
own_libraries   := $(spice_library) $(viewer_module) $(libvirt_library)

# A library a folder, in the order of who may use whom (see 'make check-layers').
descriptors_src := $(wildcard descriptors/*.c)
vcam_src        := $(wildcard vcam/*.c)
sources_src     := $(wildcard vcam/sources/*.c)
redir_src       := $(filter-out $(spice_src) $(libvirt_src),$(wildcard redir/*.c redir/transports/*.c))
tools_src       := $(filter-out tools/attach.c $(module_src),$(wildcard tools/*.c tools/fuzz/*.c))
libraries := redir sources vcam descriptors
archives  := $(libraries:%=$(O)/lib%.a)
objects    = $($(1)_src:%.c=$(O)/%.o)

unit_tests := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all help demo check check-unit check-guest check-layers check-clang bench coverage deps install \
        uninstall clean fuzz fuzz-long
all: $(O)/camredir ## build the program

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  SAN=1 builds with ASan and UBSan, V=1 shows the commands, PREFIX and DESTDIR are honoured.'

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(all_cflags) -c -o $@ $<
$(O)/tools/fuzz/presets.o: $(wildcard descriptors/presets/*.json tools/fuzz/seeds/*.json) # the assembler reads them
$(spice_src:%.c=$(O)/%.o): extra_cflags = $(spice_cflags)
$(module_src:%.c=$(O)/%.o): extra_cflags = $(module_cflags)

define library
$(O)/lib$(1).a: $$(call objects,$(1))
	$$(call say,AR,$$@)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach l,$(libraries),$(eval $(call library,$(l))))

$(O)/camredir: $(call objects,tools) $(archives) | $(own_libraries:%=$(O)/%)
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ $(pkg_libs) -lm $(san_libs)

ifneq ($(spice_library),)
$(O)/$(spice_library): $(call objects,spice) $(call objects,attach) $(archives)
	$(call say,LD,$@)$(CC) -shared -Wl,-soname,$(@F) $(if $(SAN),,-Wl,-z,defs) $(all_cflags) $(LDFLAGS) \
	        -o $@ $^ $$(pkg-config --libs spice-client-glib-2.0) $(pkg_libs) -lm
endif

# Stays where it was loaded: its hook does. It finds the library beside itself, or two folders up.
ifneq ($(viewer_module),)
$(O)/$(viewer_module): $(call objects,module) $(O)/tools/conf.o $(O)/tools/limit.o $(O)/libvcam.a $(O)/$(spice_library)
	$(call say,LD,$@)$(CC) -shared -Wl,-z,nodelete '-Wl,-rpath,$$ORIGIN:$$ORIGIN/../..' \
	        $(if $(SAN),,-Wl,-z,defs) $(all_cflags) $(LDFLAGS) -o $@ $^ \
	        $$(pkg-config --libs gtk+-3.0 spice-client-glib-2.0) -lm
endif

ifneq ($(libvirt_library),)
$(O)/$(libvirt_library): $(call objects,libvirt) $(O)/libredir.a
	$(call say,LD,$@)$(CC) -shared -Wl,-soname,$(@F) $(if $(SAN),,-Wl,-z,defs) $(all_cflags) $(LDFLAGS) \
	        -o $@ $^ $$(pkg-config --libs libvirt libvirt-qemu) $(pkg_libs)
endif

# LIBS_test_name := the libraries that this test links; all of them where it says nothing.
.SECONDEXPANSION:
$(O)/tests/unit/%: $(O)/tests/unit/%.o \
        $$(foreach l,$$(if $$(LIBS_$$*),$$(LIBS_$$*),$$(libraries)),$$(O)/lib$$l.a)
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $(filter-out %.a,$^) $(filter %.a,$^) $(pkg_libs) -lm

-include $(wildcard tests/unit/*.mk tests/guest/*.mk tests/fuzz/*.mk tests/bench/*.mk tests/fuzz-kernel/*.mk)

deps: ## install what is missing (apt; sudo when not root)
	@tools/deps.sh

check: ## every test: unit, layers, fuzz (short), guest
	@tools/deps.sh && exec $(MAKE) --no-print-directory check-run

# 'make check' in its parts; SAN=1 carries through. The guest suite and the fuzzers build themselves.
.PHONY: check-run demo-run bench-run
check-run: $(O)/camredir $(unit_tests) $(check_programs)
	@exec env LOGS=$(O)/logs tests/run.sh tests/check-layers.sh $(if $(SAN),,'$(MAKE) -s check-clang') \
		$(unit_tests:%='% --tap') $(check_commands) $(check_lanes)

check-unit: $(unit_tests) ## the unit tests alone, seconds
	@exec env LOGS=$(O)/logs tests/run.sh $(unit_tests:%='% --tap')

check-clang: ## everything compiles without a warning with clang too
	@nice $(MAKE) -s CC=clang V= all $(unit_tests:$(O)/%=build/clang/%) >/dev/null && echo 'ok 1 - clang builds without a warning'

check-layers: ## the includes keep to the table of who may use whom
	@tests/check-layers.sh

coverage_tests := $(filter $(addprefix %/test_,descriptors descriptors_bytes lint lint_rules print json cdump mutate presets),$(unit_tests))
coverage: ## lines and branches of descriptors/ that its tests reach
	@$(MAKE) -s O=build/coverage CFLAGS='-O1 -g --coverage -fprofile-update=atomic' \
	        $(coverage_tests:$(O)/%=build/coverage/%) >/dev/null
	@CAMREDIR_INPUTS=60000 tests/coverage.sh build/coverage $(coverage_tests:$(O)/%=build/coverage/%)

demo: ## a disposable Linux guest sees the camera and streams it; pictures in demo/
	@tools/deps.sh && $(MAKE) --no-print-directory demo-run

bench: ## frame rates, latencies, CPU and memory as a table (JSON=1: as JSON)
	@tools/deps.sh && $(MAKE) -s all && \
	$(if $(JSON),printf '{"guest": ' &&) $(MAKE) -s bench-run && \
	$(if $(JSON),printf '$(,) "descriptors": ',echo) && $(MAKE) -s bench-descriptors \
	$(if $(JSON),&& echo '}')

man_pages := $(patsubst docs/man/%.scd,$(O)/man/%,$(wildcard docs/man/*.scd))
man_pages += $(O)/man/camredir-replay.1
$(O)/man/camredir-replay.1: Makefile
	$(call say,MAN,$@)mkdir -p $(@D) && echo '.so man1/camredir-record.1' >$@
$(O)/man/%: docs/man/%.scd
	$(call say,MAN,$@)mkdir -p $(@D) && scdoc <$< >$@

# For programs that take the camera into their own SPICE session.
spice_pc := lib/pkgconfig/camredir-spice.pc
define install_spice
install -D -m 644 $(O)/$(spice_library) '$(DESTDIR)$(PREFIX)/lib/$(spice_library)'
	ln -sf $(spice_library) '$(DESTDIR)$(PREFIX)/lib/libcamredir-spice.so'
	install -D -m 644 tools/camredir-spice.h '$(DESTDIR)$(PREFIX)/include/camredir/camredir-spice.h'
	install -d '$(DESTDIR)$(PREFIX)/lib/pkgconfig'
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' tools/camredir-spice.pc.in >'$(DESTDIR)$(PREFIX)/$(spice_pc)'
endef

# The shells find a completion by these names.
bash_completion := share/bash-completion/completions/camredir
zsh_completion  := share/zsh/site-functions/_camredir

install: all $(man_pages) ## the program, its manual pages, completions, presets and libraries, below PREFIX and DESTDIR
	install -D -m 755 $(O)/camredir '$(DESTDIR)$(PREFIX)/bin/camredir'
	$(if $(spice_library),$(install_spice))
	$(if $(viewer_module),install -D -m 644 $(O)/$(viewer_module) '$(DESTDIR)$(PREFIX)/lib/gtk-3.0/modules/$(viewer_module)')
	install -D -m 644 docs/camredir.conf.example '$(DESTDIR)$(PREFIX)/share/camredir/camredir.conf.example'
	$(if $(libvirt_library),install -D -m 644 $(O)/$(libvirt_library) '$(DESTDIR)$(PREFIX)/lib/$(libvirt_library)')
	install -d '$(DESTDIR)$(PREFIX)/share/man/man1' '$(DESTDIR)$(PREFIX)/share/camredir/presets'
	install -m 644 descriptors/presets/*.json '$(DESTDIR)$(PREFIX)/share/camredir/presets/'
	install -m 644 $(man_pages) '$(DESTDIR)$(PREFIX)/share/man/man1/'
	$(if $(wildcard $(guest)/fuzz.cpio),install -D -m 644 -t '$(DESTDIR)$(PREFIX)/lib/camredir' $(guest)/fuzz.cpio $(guest)/kernel/vmlinux)
	install -D -m 644 docs/completion.bash '$(DESTDIR)$(PREFIX)/$(bash_completion)'
	install -D -m 644 docs/completion.zsh '$(DESTDIR)$(PREFIX)/$(zsh_completion)'

uninstall: ## what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/camredir' '$(DESTDIR)$(PREFIX)/lib/libcamredir-spice.so.0' '$(DESTDIR)$(PREFIX)/lib/libcamredir-libvirt.so.0' \
	        '$(DESTDIR)$(PREFIX)/lib/libcamredir-spice.so' '$(DESTDIR)$(PREFIX)/$(spice_pc)' \
	        '$(DESTDIR)$(PREFIX)/lib/gtk-3.0/modules/libcamredir.so' \
	        '$(DESTDIR)$(PREFIX)/$(bash_completion)' '$(DESTDIR)$(PREFIX)/$(zsh_completion)' \
	        $(man_pages:$(O)/man/%='$(DESTDIR)$(PREFIX)/share/man/man1/%')
	rm -rf '$(DESTDIR)$(PREFIX)/share/camredir' '$(DESTDIR)$(PREFIX)/include/camredir' \
	        '$(DESTDIR)$(PREFIX)/lib/camredir'

clean: ## remove what was built (the downloaded kernel package stays)
	rm -rf build/std build/san build/clang build/fuzz build/coverage demo

.PRECIOUS: $(O)/%.o
-include $(shell find $(O) -name '*.d' 2>/dev/null)
