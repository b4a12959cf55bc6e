#!/bin/sh
# The main job on the tables of examples/: questions that are answered, one that is declined, and the trace of a run.
# Fails if a plain question is not answered with what the table holds, if what must be declined is answered, or if anything breaks.
set -u
cd "$(dirname "$0")/.."
cadre="${CADRE:-build/release/cadre}"
[ -x "$cadre" ] || { echo "demo: $cadre is not there; run \`make build\`" >&2; exit 1; }
home="$(mktemp -d)" || exit 1
trap 'rm -rf "$home"' EXIT
failures=0

fail() {
  echo "demo: FAILED: $1" >&2
  failures=$((failures + 1))
}

# ask TABLE QUESTION: shows the question and the answer; leaves the exit status in $status and the output in $home/out.
ask() {
  printf '\n$ cadre ask --table examples/%s "%s"\n' "$1" "$2"
  "$cadre" ask --journal "$home/journal.sqlite" --table "examples/$1" "$2" >"$home/out" 2>&1
  status=$?
  cat "$home/out"
}

# must_answer TABLE QUESTION ANSWER: declining is a failure, too.
must_answer() {
  ask "$1" "$2"
  [ "$status" = 0 ] || { fail "\"$2\" ended with status $status"; return; }
  head -n 1 "$home/out" | grep -qF "$3" || fail "\"$2\" was not answered with $3"
}

# may_answer TABLE QUESTION ANSWER: harder ones. Declining is honest; another answer is shown for what it is.
may_answer() {
  ask "$1" "$2"
  case "$status" in
    0) head -n 1 "$home/out" | grep -qF "$3" || echo "         (the table says: $3)" ;;
    3) ;;
    *) fail "\"$2\" ended with status $status" ;;
  esac
}

must_decline() {
  ask "$1" "$2"
  [ "$status" = 3 ] || fail "\"$2\" should have been declined, the status is $status"
}

echo "Every answer below comes from a table in examples/; nothing else is read and nothing leaves this machine."
must_answer countries.csv "what is the capital of Peru" "Lima"
must_answer countries.csv "which country has the capital Nairobi" "Kenya"
must_answer elements.csv "which element is liquid" "Bromine"
may_answer countries.csv "what is the currency of Thailand" "Baht"
may_answer countries.csv "how many countries in Europe have a population over 50 million" "4 "
run="$(sed -n 's/^run  *//p' "$home/out")"
may_answer countries.csv "what is the average population in Africa" "77.5"
may_answer elements.csv "what is the atomic mass of Silver" "107.87"
may_answer goals.csv "what is the sum of goals by Ada Brandt" "9 "
may_answer goals.csv "which players scored at home on matchday 5" "Mia Solberg and Ines Moreau"
must_decline countries.csv "what is the population of Atlantis"
must_decline countries.csv "write me a poem"

printf '\n$ cadre trace %s\n' "$run"
"$cadre" trace --journal "$home/journal.sqlite" "$run" || fail "the trace of run $run"
printf '\n$ cadre trace --list\n'
"$cadre" trace --journal "$home/journal.sqlite" --list || fail "the list of runs"
printf '\n$ cadre trace --verify\n'
"$cadre" trace --journal "$home/journal.sqlite" --verify || fail "the journal"

echo
if [ "$failures" -gt 0 ]; then
  echo "demo: $failures failures" >&2
  exit 1
fi
echo "demo: all of it worked"
