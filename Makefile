# The everyday commands. The build itself is meson's (meson.build); this file only names what is done often.
# `make help` lists the targets. Everything built goes into build/.

BUILD = build/main
BENCH = build/bench
PREFIX ?= /usr/local
SETUP = tools/setup.sh

.DEFAULT_GOAL = build
.PHONY: help setup build demo check bench bench-instructions bench-plots format tidy docs deb install install-docs \
	uninstall clean compile

help:
	@echo 'make           build the libraries, tests and examples in $(BUILD)'
	@echo 'make setup     install what is missing, with apt (tools/packages.txt)'
	@echo 'make demo      setup, build, and run examples/healthcheck'
	@echo 'make check     setup, build, and run all tests and examples'
	@echo 'make bench     setup, build optimised in $(BENCH), and run the benchmarks'
	@echo 'make bench-instructions   the same in instructions per operation, which no other load disturbs'
	@echo 'make bench-plots   the same at 10^3 to 10^7 operations, drawn in build/plots'
	@echo 'make format    format all C files with clang-format'
	@echo 'make tidy      look at all C files with clang-tidy'
	@echo 'make docs      build the reference with doxygen: build/docs/html and build/docs/man'
	@echo 'make deb       build the Debian packages in build/debian, and try them'
	@echo 'make install   build and install to PREFIX (default /usr/local; DESTDIR is honoured)'
	@echo 'make install-docs   the same, with the reference and the manual pages'
	@echo 'make uninstall remove what was installed to PREFIX'
	@echo 'make clean     remove build/'
	@echo
	@echo 'The whole gate, as CI runs it: bash .ci/run'

setup:
	@$(SETUP) check

# Without the Check library there is a library to build but no tests; `make check` insists on them.
build:
	@$(SETUP) --missing build
	@$(MAKE) --no-print-directory compile

compile: $(BUILD)/build.ninja
	@echo '== building in $(BUILD)'
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@echo '== configuring $(BUILD)'
	@meson setup --prefix=$(PREFIX) $(BUILD)

demo:
	@$(SETUP) build
	@$(MAKE) --no-print-directory compile
	@echo '== running examples/healthcheck'
	@$(BUILD)/examples/healthcheck --report $(BUILD)/healthcheck-report.json

# A build configured before Check was there has no tests; here they are asked for, once.
check: setup
	@[ -f $(BUILD)/with-tests ] || echo '== configuring $(BUILD), with tests'
	@[ -f $(BUILD)/with-tests ] || meson setup --prefix=$(PREFIX) $$(test ! -f $(BUILD)/build.ninja || echo --reconfigure) \
		-Dtests=enabled -Dexamples=enabled -Dbench=enabled $(BUILD)
	@touch $(BUILD)/with-tests
	@$(MAKE) --no-print-directory compile
	@echo '== running all tests and examples'
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs

$(BENCH)/bench/effect-bench: setup
	@echo '== building optimised in $(BENCH)'
	@tools/build-bench.sh $(BENCH)

bench: $(BENCH)/bench/effect-bench
	@echo '== running the benchmarks'
	@$(BENCH)/bench/effect-bench

bench-instructions: $(BENCH)/bench/effect-bench
	@command -v valgrind >/dev/null || $(SETUP) gate
	@echo '== counting instructions'
	@bench/instructions.py $(BENCH)

bench-plots: $(BENCH)/bench/effect-bench
	@command -v valgrind >/dev/null || $(SETUP) gate
	@command -v gnuplot >/dev/null || $(SETUP) plots
	@echo '== measuring the same at 10^3 to 10^7, ten minutes; the plot goes to build/plots'
	@bench/scaling.py $(BENCH) build/plots

format:
	@command -v clang-format >/dev/null || $(SETUP) gate
	@echo '== formatting'
	@tools/format.sh

# Of what is configured with the tests, that is of everything.
tidy: setup $(BUILD)/build.ninja
	@command -v clang-tidy >/dev/null || $(SETUP) gate
	@tools/tidy.sh $(BUILD)

docs:
	@command -v doxygen >/dev/null || $(SETUP) gate
	@tools/docs.sh build/docs

deb:
	@command -v dh >/dev/null || $(SETUP) gate
	@tools/check-debian.sh

install: build
	@echo '== installing to $(DESTDIR)$(PREFIX)'
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@tools/install.sh $(BUILD)

install-docs: $(BUILD)/build.ninja
	@command -v doxygen >/dev/null || $(SETUP) gate
	@meson configure $(BUILD) -Ddocs=enabled
	@$(MAKE) --no-print-directory install

uninstall: $(BUILD)/build.ninja
	@echo '== removing from $(DESTDIR)$(PREFIX)'
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@tools/uninstall.py $(BUILD)

clean:
	@echo '== removing build/'
	@rm -rf build
