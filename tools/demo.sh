#!/bin/sh
# The main job on the tables of examples/: questions that are answered, one that is declined, and the trace of a run.
# Fails if a question gives another answer than the table holds, if what must be declined is answered, or if anything breaks.
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

# may_decline TABLE QUESTION ANSWER: declining is honest, a wrong answer is a failure.
may_decline() {
  ask "$1" "$2"
  case "$status" in
    0) head -n 1 "$home/out" | grep -qF "$3" || fail "\"$2\" was not answered with $3" ;;
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
may_decline countries.csv "what is the currency of Thailand" "Baht"
may_decline countries.csv "how many countries are in South America" "7 ("
run="$(sed -n 's/^run  *//p' "$home/out")"
may_decline elements.csv "what is the symbol of tungsten" "no such element in this table: any answer is wrong"
may_decline elements.csv "what is the atomic mass of Silver" "107.87"
may_decline elements.csv "which element is liquid" "Bromine"
may_decline goals.csv "how many goals did Ada Brandt score away" "6 ("
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
