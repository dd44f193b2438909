# The tests of the verbs link the engine alone; so do their fuzzers.
$(foreach t,test_print test_json test_cdump test_mutate test_presets fuzz_json \
              fuzz_print, \
    $(eval LIBS_$(t) := descriptors))
LIBS_test_profile_preset := vcam descriptors
