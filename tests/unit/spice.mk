# SPICE addresses are read without the SPICE library. What reads them needs redir/, so it is a library too.
spice_address_src := tools/spice_address.c
$(eval $(call library,spice_address))
LIBS_test_spice_address := spice_address redir
