#!/bin/sh
# What is too long for `make test`: every file compiled on its own (other builds join eight to a batch), every test under the address, undefined-behaviour and thread sanitizers, every fuzz target, the
# crash tests over many seeds, the kill tests of the binary over many kills, plans in many simulated worlds, the official clients, the
# benchmarks. Prints one line per part; fails if one fails.
#
#   FUZZ_SECONDS=10     per fuzz target
#   CRASH_SEEDS=20      ideas of what survives each power cut of the journal
#   KILLS=500           kills of a process that answers questions
#   SIMULATED=40000     seeded worlds for runs of plans, about 30 events each
#   JOBS=(processors)   compilations at once
#   PARTS="files asan-ubsan tsan fuzz crash simulation clients bench"
set -u
cd "$(dirname "$0")/.."
fuzz_seconds="${FUZZ_SECONDS:-10}"
crash_seeds="${CRASH_SEEDS:-20}"
kills="${KILLS:-500}"
simulated="${SIMULATED:-40000}"
jobs="${JOBS:-$(nproc)}"
parts="${PARTS:-files asan-ubsan tsan fuzz crash simulation clients bench}"
logs="build/check-deep"
mkdir -p "$logs"
failures=0

# part NAME COMMAND...: runs it with its output in a log, and says how it went.
part() {
  name="$1"
  shift
  start="$(date +%s)"
  if "$@" >"$logs/$name.log" 2>&1; then
    printf 'ok      %-28s %5d s\n' "$name" "$(($(date +%s) - start))"
  else
    printf 'FAILED  %-28s %5d s  see %s\n' "$name" "$(($(date +%s) - start))" "$logs/$name.log"
    failures=$((failures + 1))
  fi
}

build() { cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"; }

tests_under() { build "$1" && ctest --preset "$1" -j "$jobs" --timeout 1200; }

# A target keeps what it found interesting in build/fuzz-corpus, so that the next run starts from there.
fuzz_one() {
  name="$(basename "$1" _fuzz)"
  mkdir -p "build/fuzz-corpus/$name"
  "$1" -max_total_time="$fuzz_seconds" -rss_limit_mb=2048 -timeout=25 -print_final_stats=1 -artifact_prefix="$logs/$name-" "build/fuzz-corpus/$name"
}

crash_tests() {
  build release && CADRE_CRASH_SEEDS="$crash_seeds" CADRE_KILLS="$kills" CADRE_SERVE_KILLS="$kills" build/release/cadre_cross_test --gtest_filter='*Crash*:*Kill*:CliServe.*'
}

simulation() {
  build release && CADRE_SIMULATION_SEEDS="$simulated" build/release/cadre_agent_test --gtest_filter='*PlanSimulation*'
}

# The official clients, from the npm registry, against the binary, and our client against official servers. Needs node and npm.
clients() {
  build release && mkdir -p build/clients && cp tests/clients/* build/clients/ && rm -f build/clients/journal.sqlite* &&
    npm install --prefix build/clients --no-audit --no-fund && node build/clients/binary.mjs "$PWD/build/release/cadre" "$PWD/examples/cadre.yaml" "$PWD/build/clients/journal.sqlite" &&
    CADRE_MCP_SERVERS="$PWD/build/clients/node_modules" build/release/cadre_cross_test --gtest_filter='McpServers.*'
}

benchmarks() {
  build bench || return 1
  for program in build/bench/bench_*; do
    case "$program" in *_peer_*) continue ;; esac # they need cases and peers: docs/comparison.md
    echo "== $program"
    BENCHMARK_MIN_TIME=0.2 "$program" || return 1
  done
}

has() { case " $parts " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

has files && part files build debug
has asan-ubsan && part asan-ubsan tests_under asan-ubsan
has tsan && part tsan tests_under tsan
if has fuzz; then
  part fuzz-build build fuzz
  for target in build/fuzz/*_fuzz; do
    [ -x "$target" ] && part "fuzz-$(basename "$target" _fuzz)" fuzz_one "$target"
  done
fi
has crash && part crash crash_tests
has simulation && part simulation simulation
has clients && part clients clients
if has bench; then
  part bench benchmarks
  grep -E '^(==|\{|[A-Za-z_]+[/ ].* ns )' "$logs/bench.log" | sed 's/^/        /'
fi

if [ "$failures" -gt 0 ]; then
  echo "check-deep: $failures parts failed" >&2
  exit 1
fi
echo "check-deep: all parts passed"
