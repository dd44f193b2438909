# What the camera costs and gives, measured in the guest.

$(O)/tests/bench/bench: $(O)/tests/bench/bench.o $(O)/tests/bench/report.o $(harness)
	$(guest_link)

# ROW=... measures the rows that have this in their name.
bench-run: $(O)/tests/bench/bench $(O)/camredir $(guest)/base.cpio
	@$(O)/tests/bench/bench $(if $(JSON),--json) '$(ROW)'
