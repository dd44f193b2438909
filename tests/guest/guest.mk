# The disposable Linux guest, and what is tested with it.

guest         := build/guest
guest_modules := virtio_pci virtio_console uvcvideo xhci_pci ehci_pci uhci_hcd vivid e1000 virtio_net veth sch_netem sch_tbf
guest_packer  := tests/guest/pack-initramfs.sh

build/cache/linux-image.deb:
	$(call say,FETCH,$@)tests/guest/fetch-kernel.sh $@

$(guest)/kernel/vmlinux: build/cache/linux-image.deb tests/guest/unpack-kernel.sh tests/guest/guest.mk
	$(call say,UNPACK,$@)tests/guest/unpack-kernel.sh $< $(@D) $(guest_modules)

# Static: the guest has no C library of its own.
$(guest)/agent: tests/guest/agent.c tests/guest/protocol.h tools/fuzz/guest/boot.h vcam/hash.h
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) -std=gnu11 $(warnings) -O2 -g0 -I. -D_GNU_SOURCE \
	        -static -pthread -o $@ $<

busybox_links := sh cat ls dmesg ip ifconfig ps kill sleep echo grep
$(guest)/base.cpio: $(guest)/agent $(guest)/kernel/vmlinux $(guest_packer)
	$(call say,PACK,$@)$(guest_packer) $@ init=$< modules=$(guest)/kernel/modules \
	        bin/busybox=$$(command -v busybox) $(busybox_links:%=bin/%@=busybox)

# The guest of 'camredir fuzz': the same kernel, an init of its own.
$(guest)/fuzz-init: $(wildcard tools/fuzz/guest/*.c) $(wildcard tools/fuzz/guest/*.h)
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) -std=gnu11 $(warnings) -O2 -g0 -I. -D_GNU_SOURCE \
	        -static -pthread -o $@ $(filter %.c,$^)

$(guest)/fuzz.cpio: $(guest)/fuzz-init $(guest)/kernel/vmlinux $(guest_packer)
	$(call say,PACK,$@)$(guest_packer) $@ init=$< modules=$(guest)/kernel/modules

.PHONY: fuzz-guest
fuzz-guest: $(guest)/fuzz.cpio ## the guest that 'camredir fuzz --target qemu' starts

# One that does nothing for the fuzzer.
$(guest)/bystander: tests/guest/bystander.c tools/fuzz/guest/boot.h
	$(call say,CC,$@)mkdir -p $(@D) && $(CC) -std=gnu11 $(warnings) -O2 -g0 -I. -D_GNU_SOURCE \
	        -static -o $@ $<

$(guest)/bystander.cpio: $(guest)/bystander $(guest)/kernel/vmlinux $(guest_packer)
	$(call say,PACK,$@)$(guest_packer) $@ init=$< modules=$(guest)/kernel/modules

# Programs that look at the camera from inside the guest.
guest_tools := v4l2-ctl v4l2-compliance lsusb
$(guest)/tools.cpio: $(guest_packer)
	$(call say,PACK,$@)mkdir -p $(@D) && $(guest_packer) $@ \
	        $(foreach t,$(guest_tools),usr/bin/$(t)=$$(command -v $(t)))

# The program and its libraries, for the guest that is a client.
$(O)/tests/guest/camredir.cpio: $(O)/camredir $(guest_packer)
	$(call say,PACK,$@)mkdir -p $(@D) && $(guest_packer) $@ usr/bin/camredir=$<

harness := $(patsubst %,$(O)/tests/guest/%.o,process suite agent_client qmp vm libvirt share session jpeg_file relay printed)
guest_tests_objects := $(patsubst tests/guest/%.c,$(O)/tests/guest/%.o,$(wildcard tests/guest/guest_*.c))
guest_link = $(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(pkg_libs) $(guest_libs) -lm
guest_needs := $(O)/camredir $(guest)/base.cpio $(guest)/tools.cpio $(guest)/fuzz.cpio \
        $(guest)/bystander.cpio

$(O)/tests/guest/guest-tests: guest_libs = -lXtst -lX11
$(O)/tests/guest/guest-tests: $(guest_tests_objects) $(harness) \
        $(patsubst %,$(O)/tests/guest/%.o,descriptor_device desktop notifications docs_commands) \
        $(O)/libfuzz.a $(archives)
	$(guest_link)

# A viewer with the library for viewers inside.
ifneq ($(spice_library),)
guest_needs += $(O)/tests/guest/attach-viewer
endif
$(O)/tests/guest/attach_viewer.o: extra_cflags = $(spice_cflags)
$(O)/tests/guest/attach-viewer: $(O)/tests/guest/attach_viewer.o $(O)/tools/spice_address.o $(O)/libredir.a \
        $(O)/$(spice_library)
	$(call say,LD,$@)$(CC) $(all_cflags) $(LDFLAGS) -o $@ $^ -Wl,-rpath,'$$ORIGIN/../..' \
	        $$(pkg-config --libs spice-client-glib-2.0) $(pkg_libs) -lm

$(O)/tests/guest/program-tests: $(patsubst %,$(O)/tests/guest/%.o,program_tests peer process suite share agent_client)
	$(guest_link)

# camredir doctor before set-ups that are broken.
$(O)/tests/guest/doctor-tests: $(O)/tests/guest/doctor_tests.o $(harness)
	$(guest_link)

guest_programs := $(O)/tests/guest/program-tests $(O)/tests/guest/doctor-tests $(O)/tests/guest/guest-tests
guest_needs += $(guest_programs) $(O)/tests/guest/camredir.cpio
check_programs += $(guest_needs)
guest_commands := $(patsubst %,'%',$(filter-out %/guest-tests,$(guest_programs)))
check_commands += $(guest_commands) \
        $(patsubst %,'tests/docs.sh % $(O)/camredir',docs/troubleshooting.md README.md)
# Two lanes of VMs, of which most wait, for two cores.
check_lanes += $(foreach l,1 2,--beside '$(O)/tests/guest/guest-tests --lane $(l)')

check-guest: $(guest_needs) ## the tests of the whole program and in the guest alone, minutes
	@exec env LOGS=$(O)/logs tests/run.sh $(guest_commands) $(check_lanes)

.PHONY: soak
soak: $(guest_needs) ## 200 SPICE connections and streams by each way: memory and descriptors stay flat
	@CAMREDIR_CYCLES=200 $(O)/tests/guest/guest-tests 'many connections'

.PHONY: check-valgrind
check-valgrind: $(guest_needs) ## camredir under valgrind, while a guest streams over SPICE
	@$(O)/tests/guest/guest-tests valgrind

$(O)/tests/guest/demo: $(O)/tests/guest/demo.o $(O)/tests/guest/picture.o $(harness)
	$(guest_link)

# CAMERA=... shares another one than the first of this machine.
demo-run: $(O)/tests/guest/demo $(O)/camredir $(guest)/base.cpio
	@$(O)/tests/guest/demo $(CAMERA)
