// Grammar text from outside, then bytes to read along it: parsing and compiling never crash, and every state that is
// not dead has the completion that its distance promises.
//
// Input: grammar text, a NUL, bytes to read.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "contract/gbnf.h"
#include "contract/grammar_machine.h"

using namespace cadre::contract;

namespace {

// From a live state a byte must lead one step nearer to the end, again and again.
void check_completion(GrammarMachine& machine, GrammarMachine::State state) {
  constexpr uint32_t kStepsMax = 64;
  for (uint32_t left = machine.distance(state); left > 0 && left <= kStepsMax; --left) {
    bool found = false;
    for (int byte = 0; byte < 256 && !found; ++byte) {
      const auto next = machine.next(state, static_cast<uint8_t>(byte));
      if (machine.overflowed()) return;
      CADRE_CHECK(machine.dead(next) || machine.distance(next) + 1 >= left, "no step is longer than one byte");
      if (machine.dead(next) || machine.distance(next) + 1 != left) continue;
      state = next;
      found = true;
    }
    CADRE_CHECK(found, "a live state has a shortest completion");
  }
  CADRE_CHECK(machine.distance(state) != 0 || machine.complete(state), "at distance 0 the text is complete");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), input.size());
  const auto grammar = parse_gbnf(input.substr(0, cut));
  if (!grammar.ok()) return 0;
  const auto network = compile_grammar(*grammar, {.states_max = 20'000});
  if (!network.ok()) return 0;
  GrammarMachine machine(*network, {.size_bytes_max = 8 << 20, .items_max = 2'000});
  GrammarMachine::State state = machine.start();
  const std::string_view text = input.substr(cut);
  for (size_t i = 1; i < text.size() && i < 200 && !machine.dead(state); ++i) {
    machine.idle(state);
    state = machine.next(state, static_cast<uint8_t>(text[i]));
  }
  if (!machine.dead(state)) check_completion(machine, state);
  return 0;
}
