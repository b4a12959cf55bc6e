// SPDX-License-Identifier: Apache-2.0
#include "contract/regex_contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "contract/language_machine.h"
#include "contract/machine_contract.h"

namespace cadre::contract {

namespace {

class RegexMachine {
 public:
  struct State {
    Language id = LanguageTable::kNothing;
    friend bool operator==(State, State) = default;
  };

  RegexMachine(std::unique_ptr<LanguageTable> table, Language start)
      : table_(std::move(table)), machine_(std::make_unique<LanguageMachine>(*table_)), start_(start) {}

  State start() const { return {start_}; }
  State next(State state, uint8_t byte) { return {machine_->next(state.id, byte)}; }
  bool dead(State state) const { return machine_->dead(state.id); }
  bool complete(State state) const { return table_->nullable(state.id); }
  Idle idle(State state) { return machine_->idle(state.id); }
  bool bounded() const { return true; }
  size_t size() const { return table_->size(); }

  // A shortest text tells the distances of all states along it.
  uint32_t distance(State state) {
    if (state.id < distances_.size() && distances_[state.id] != kUnknown) return distances_[state.id];
    const auto shortest = table_->shortest(state.id);
    if (!shortest) return known(state.id) = Contract::kNoWay;
    const auto length = static_cast<uint32_t>(shortest->size());
    Language at = state.id;
    for (uint32_t i = 0; i <= length && known(at) == kUnknown; ++i) {
      known(at) = length - i;
      if (i < length) at = table_->derivative(at, static_cast<uint8_t>((*shortest)[i]));
    }
    return length;
  }

  std::string problem() const {
    return table_->full() ? "the automaton of this regular expression has too many states" : std::string();
  }

 private:
  static constexpr uint32_t kUnknown = UINT32_MAX - 1;

  uint32_t& known(Language state) {
    if (state >= distances_.size()) distances_.resize(std::max<size_t>(state + 1, 2 * distances_.size()), kUnknown);
    return distances_[state];
  }

  std::unique_ptr<LanguageTable> table_;
  std::unique_ptr<LanguageMachine> machine_;
  Language start_;
  std::vector<uint32_t> distances_;  // [states]
};

}  // namespace

Result<std::shared_ptr<Contract>> regex_contract(std::string_view pattern) {
  TRY(Regex::parse(pattern));  // alone, so that messages speak of the user's pattern
  const Regex whole = TRY(Regex::parse(fmt::format("^(?:{})$", pattern)));
  auto table = std::make_unique<LanguageTable>();
  const Language matches = TRY(table->from_regex(whole));
  const Language utf8 = table->repeat(table->code_points({{0, 0xD7FF}, {0xE000, 0x10FFFF}}), 0, kUnbounded);
  const Language start = table->intersect({matches, utf8});
  RegexMachine machine(std::move(table), start);
  if (machine.distance(machine.start()) == Contract::kNoWay) {
    return Error{ErrorCode::kInvalid, fmt::format("no text was found that the regular expression {} matches", pattern)};
  }
  return std::shared_ptr<Contract>(std::make_shared<MachineContract<RegexMachine>>(std::move(machine)));
}

}  // namespace cadre::contract
