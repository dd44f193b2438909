# What the camera costs and gives, measured in the guest.

$(O)/tests/bench/bench: $(O)/tests/bench/bench.o $(O)/tests/bench/report.o $(harness)
	$(guest_link)

# ROW=... measures the rows that have this in their name.
bench-run: $(O)/tests/bench/bench $(O)/camredir $(guest)/base.cpio
	@$(O)/tests/bench/bench $(if $(JSON),--json) '$(ROW)'

# The camera by each way over links of all kinds. LINK_ONLY=... measures the rows that match it anew, a
# pattern with * and ?: LINK_ONLY='share*150 ms*'. Table and plot (bench/) have them all.
$(O)/tests/bench/link: $(patsubst %,$(O)/tests/bench/%.o,link link_lab link_report link_plot) $(harness)
	$(guest_link)

# For the client: what shapes the link, another program that redirects, and the pictures.
$(guest)/link.mjpeg: $(O)/tests/bench/link
	$(call say,MAKE,$@)$< --pictures $@
$(guest)/link.cpio: $(guest_packer) $(guest)/link.mjpeg
	$(call say,PACK,$@)$(guest_packer) $@ link.mjpeg=$(guest)/link.mjpeg \
	        $(foreach t,usbredirect socat tc ip,usr/bin/$(t)=$$(PATH=$$PATH:/usr/sbin:/sbin command -v $(t)))

.PHONY: bench-link bench-link-run bench-link-page
bench-link: ## usbredirect, redirect and share over slow, far and lossy links, about 55 minutes (JSON=1, RESUME=1)
	@tools/deps.sh && $(MAKE) -s bench-link-run
bench-link-run: $(O)/tests/bench/link $(O)/camredir $(guest)/base.cpio $(guest)/link.cpio $(O)/tests/guest/camredir.cpio
	@$< $(if $(JSON),--json) $(if $(RESUME),--resume) '$(LINK_ONLY)'
# The last results into docs/link.md and docs/link.svg.
bench-link-page: $(O)/tests/bench/link
	@$< --page
