# The linter's tests. What they share goes before the library that it uses, so it is one itself.
lint_fixture_src := tests/unit/lint_camera.c tests/unit/lint_edit.c
$(eval $(call library,lint_fixture))
LIBS_test_lint       := lint_fixture sources vcam descriptors
LIBS_test_lint_rules := lint_fixture descriptors
LIBS_test_lint_docs  := descriptors
LIBS_fuzz_lint       := descriptors

.PHONY: docs/lint.md
docs/lint.md: $(O)/tests/unit/test_lint_docs
	@$< --write
