# The front door. Every target is one line a person could type.
.PHONY: build demo test packages check-deep format lint clean
PRESET ?= release
JOBS ?= $(shell nproc)

build:            ## configure and build, installing nothing
	@cmake --preset $(PRESET) >build-configure.log 2>&1 || { cat build-configure.log; exit 1; }; rm -f build-configure.log
	@cmake --build --preset $(PRESET) -j $(JOBS)

packages:         ## install the Debian packages (root or sudo)
	@tools/install_packages.sh

demo: packages build   ## the main job on real input
	@tools/demo.sh

test: packages build   ## every test
	@ctest --preset $(PRESET) -j $(JOBS)

check-deep:       ## sanitizers, fuzzing, crash simulation, benchmarks (long)
	@tools/install_packages.sh deep
	@tools/check_deep.sh

format:
	@git ls-files '*.cc' '*.h' | xargs clang-format -i

lint: build
	@git ls-files 'src/*.cc' | xargs -P $(JOBS) -n 4 clang-tidy -p build/$(PRESET) --quiet

clean:
	@rm -rf build
