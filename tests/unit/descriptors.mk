# What the descriptors' tests link: the engine alone.
LIBS_test_descriptors       := descriptors
LIBS_test_descriptors_bytes := descriptors
