// SPDX-License-Identifier: Apache-2.0
#include "contract/tool_envelope.h"

#include <algorithm>

#include "base/utf8.h"
#include "contract/json_scan.h"
#include "contract/vocabulary_utf8.h"

namespace cadre::contract {

namespace {

constexpr uint32_t kOut = UINT32_MAX;  // of a position in a fixed text: what was read does not fit it
constexpr uint64_t kNoWay = UINT32_MAX;

// The position after `byte`.
uint32_t advance(const std::vector<uint16_t>& symbols, uint32_t at, uint8_t byte) {
  if (at == kOut) return kOut;
  for (; at < symbols.size(); ++at) {
    const uint16_t symbol = symbols[at];
    if (symbol == SpacedText::kSpaces) {
      if (is_json_space(byte)) return at;
    } else {
      const bool fits = symbol == SpacedText::kOneSpace ? is_json_space(byte) : symbol == byte;
      return fits ? at + 1 : kOut;
    }
  }
  return kOut;
}

// May the text end at this position?
bool may_end(const std::vector<uint16_t>& symbols, uint32_t at) {
  return at != kOut && std::all_of(symbols.begin() + at, symbols.end(),
                                   [](uint16_t symbol) { return symbol == SpacedText::kSpaces; });
}

uint64_t rest(const std::vector<uint16_t>& symbols, uint32_t at) {
  return at == kOut ? kNoWay : symbols.size() - at;
}

uint32_t continuation_bytes(uint8_t utf8) {
  switch (utf8) {
    case kUtf8Boundary:
      return 0;
    case kUtf8NeedsOne:
      return 1;
    case kUtf8NeedsTwo:
    case kUtf8AfterE0:
    case kUtf8AfterED:
      return 2;
    default:
      return 3;
  }
}

}  // namespace

ToolEnvelope::ToolEnvelope(std::shared_ptr<const ToolSet> set, SchemaMode mode)
    : set_(std::move(set)), generates_(mode == SchemaMode::kGenerate) {
  const ToolTexts& texts = set_->texts();
  opening_ = symbols_of(texts.opening);
  between_ = symbols_of(texts.between);
  before_ = symbols_of(texts.before_arguments);
  after_ = symbols_of(texts.after_arguments);
  closing_ = symbols_of(texts.closing);
  calls_begin_ = set_->callable().first < set_->callable().second;
  prepare_trigger();
  State start;
  if (set_->must_call()) {
    start.kind = Kind::kOpening;
    start.calls = 1;
  } else if (!set_->format().after_text) {
    start.kind = Kind::kStart;
  }
  start_ = states_.id(start);
}

// Where a model's own text is read, spaces may stand before the first call.
ToolEnvelope::Symbols ToolEnvelope::symbols_of(const SpacedText& text) const {
  Symbols symbols;
  if (!generates_) {
    symbols = text.read;
    if (&text == &set_->texts().opening) symbols.insert(symbols.begin(), SpacedText::kSpaces);
  } else {
    for (const char c : text.written) symbols.push_back(static_cast<uint8_t>(c));
  }
  return symbols;
}

void ToolEnvelope::prepare_trigger() {
  const std::string& trigger = set_->format().trigger;
  opening_at_trigger_ = static_cast<uint32_t>(trigger.size()) + (generates_ ? 0 : 1);
  trigger_matches_.resize(trigger.size());
  trigger_chars_.assign(1, 0);
  uint32_t border = 0;  // the longest beginning of the trigger that its first `at` bytes end with, themselves apart
  for (size_t at = 0; at < trigger.size(); ++at) {
    const auto byte = static_cast<uint8_t>(trigger[at]);
    auto& row = trigger_matches_[at];
    if (at == 0) {
      row.fill(0);
    } else {
      row = trigger_matches_[border];
      border = row[byte];
    }
    row[byte] = static_cast<uint16_t>(at + 1);
    trigger_chars_.push_back(trigger_chars_.back() + (base::is_continuation(byte) ? 0 : 1));
  }
  idle_bytes_.set();
  if (set_->format().after_text) idle_bytes_.reset(static_cast<uint8_t>(trigger[0]));
}

ToolEnvelope::Step ToolEnvelope::next(uint32_t id, uint8_t byte) {
  const State state = states_[id];
  switch (state.kind) {
    case Kind::kStart:
      return read_start(state, byte);
    case Kind::kText:
      return read_text(state, byte);
    case Kind::kOpening:
      return read_before_name(state, opening_, byte);
    case Kind::kBetween:
      return read_before_name(state, between_, byte);
    case Kind::kName:
      return read_name(state, byte);
    case Kind::kBeforeArguments:
      return read_before_arguments(state, byte);
    case Kind::kAfterArguments:
      return read_after_arguments(state, byte);
    case Kind::kAfterCall:
      return read_after_call(state, byte);
  }
  return {};
}

// ---- free text
// --------------------------------------------------------------------------------------------------------------

// Characters after the byte, if they are bounded; one past the bound stands for any number.
uint32_t ToolEnvelope::one_more(uint32_t chars, uint8_t byte) const {
  if (set_->options().text_chars_max == kUnlimited || base::is_continuation(byte)) return chars;
  return chars + 1;
}

// Would the trigger begin a call if it went on from here?
bool ToolEnvelope::trigger_begins_call(const State& state) const {
  if (!calls_begin_) return false;
  return state.kind == Kind::kStart ? !(generates_ && state.spaced) : set_->format().after_text;
}

// Not longer than it may be, the trigger apart, should that go on.
bool ToolEnvelope::text_fits(const State& state) const {
  if (is_within(state.chars)) return true;
  if (!trigger_begins_call(state)) return false;
  return state.kind == Kind::kStart || is_within(state.chars - trigger_chars_[state.at]);
}

bool ToolEnvelope::text_may_end(const State& state) const {
  return state.utf8 == kUtf8Boundary && is_within(state.chars);
}

ToolEnvelope::Step ToolEnvelope::read_text(State state, uint8_t byte) {
  state.utf8 = next_utf8_state(state.utf8, byte);
  if (state.utf8 == kUtf8Bad) return {};
  state.chars = one_more(state.chars, byte);
  if (set_->format().after_text) state.at = trigger_matches_[state.at][byte];
  if (!text_fits(state)) return {};
  if (state.at < trigger_matches_.size()) return go(state);
  if (!calls_begin_) return {};
  State opening{Kind::kOpening};
  opening.at = opening_at_trigger_;
  opening.calls = 1;
  return go(opening);
}

ToolEnvelope::Step ToolEnvelope::read_start(State state, uint8_t byte) {
  const std::string& trigger = set_->format().trigger;
  const bool begins_call = trigger_begins_call(state);
  state.chars = std::min(one_more(state.chars, byte), set_->options().text_chars_max + 1);
  if (state.at == 0 && is_json_space(byte)) {
    state.spaced = true;
  } else if (byte == static_cast<uint8_t>(trigger[state.at])) {
    ++state.at;
    state.utf8 = next_utf8_state(state.utf8, byte);
    if (state.at == trigger.size()) {
      if (!begins_call) return {};
      State opening{Kind::kOpening};
      opening.at = opening_at_trigger_;
      opening.calls = 1;
      return go(opening);
    }
  } else {
    State text;
    text.chars = state.chars;
    text.utf8 = next_utf8_state(state.utf8, byte);
    return text.utf8 != kUtf8Bad && text_fits(text) ? go(text) : Step{};
  }
  return text_fits(state) ? go(state) : Step{};
}

// ---- calls
// ------------------------------------------------------------------------------------------------------------------

ToolEnvelope::State ToolEnvelope::name_state(uint32_t calls) const {
  State name{Kind::kName};
  name.low = static_cast<uint32_t>(set_->callable().first);
  name.high = static_cast<uint32_t>(set_->callable().second);
  name.calls = set_->options().calls_max == kUnlimited ? 0 : calls;
  return name;
}

ToolEnvelope::State ToolEnvelope::after_call(uint32_t calls) const {
  State state{Kind::kAfterCall};
  state.calls = calls;
  const uint32_t calls_max = set_->options().calls_max;
  if (calls_max != kUnlimited && calls >= calls_max) state.at = kOut;
  return state;
}

ToolEnvelope::Step ToolEnvelope::read_before_name(State state, const Symbols& symbols, uint8_t byte) {
  const uint32_t at = advance(symbols, state.at, byte);
  if (at == kOut) {
    return may_end(symbols, state.at) ? read_name(name_state(state.calls), byte) : Step{};
  }
  state.at = at;
  return go(at == symbols.size() ? name_state(state.calls) : state);
}

ToolEnvelope::Step ToolEnvelope::read_name(State state, uint8_t byte) {
  const std::vector<Tool>& tools = set_->tools();
  if (tools[state.low].name.size() == state.at) {  // the shortest comes first
    State ended{Kind::kBeforeArguments};
    ended.low = state.low;
    ended.calls = state.calls;
    const Step step = read_before_arguments(ended, byte);
    if (step.kind != Step::Kind::kRefused) return step;
    ++state.low;
  }
  const auto begin = tools.begin();
  const size_t at = state.at;
  const auto low = std::partition_point(begin + state.low, begin + state.high,
                                        [&](const Tool& tool) { return static_cast<uint8_t>(tool.name[at]) < byte; });
  const auto high = std::partition_point(low, begin + state.high,
                                         [&](const Tool& tool) { return static_cast<uint8_t>(tool.name[at]) == byte; });
  if (low == high) return {};
  state.low = static_cast<uint32_t>(low - begin);
  state.high = static_cast<uint32_t>(high - begin);
  ++state.at;
  return go(state);
}

ToolEnvelope::Step ToolEnvelope::read_before_arguments(State state, uint8_t byte) {
  state.at = advance(before_, state.at, byte);
  if (state.at == kOut) return {};
  if (state.at < before_.size()) return go(state);
  State after{Kind::kAfterArguments};
  after.calls = state.calls;
  if (after_.empty()) after = after_call(state.calls);
  return {Step::Kind::kArguments, states_.id(after), state.low};
}

ToolEnvelope::Step ToolEnvelope::read_after_arguments(State state, uint8_t byte) {
  state.at = advance(after_, state.at, byte);
  if (state.at == kOut) return {};
  return go(state.at == after_.size() ? after_call(state.calls) : state);
}

ToolEnvelope::Step ToolEnvelope::read_after_call(State state, uint8_t byte) {
  const uint32_t before = state.at;
  state.at = advance(between_, before, byte);
  state.closing_at = advance(closing_, state.closing_at, byte);
  if (state.closing_at != kOut) return go(state);  // both at their ends would be the same text, which is not allowed
  State further{Kind::kBetween};
  further.at = before;
  further.calls = state.calls + 1;
  if (set_->options().calls_max == kUnlimited) further.calls = 0;
  return before == kOut ? Step{} : read_before_name(further, between_, byte);
}

// ---- what is asked of a state
// -----------------------------------------------------------------------------------------------

bool ToolEnvelope::complete(uint32_t id) const {
  const State& state = states_[id];
  if (state.kind == Kind::kStart || state.kind == Kind::kText) return text_may_end(state);
  return state.kind == Kind::kAfterCall && may_end(closing_, state.closing_at);
}

bool ToolEnvelope::counts(uint32_t id) const {
  const State& state = states_[id];
  return (state.kind == Kind::kStart || state.kind == Kind::kText) && set_->options().text_chars_max != kUnlimited;
}

Idle ToolEnvelope::idle(uint32_t id) const {
  const State& state = states_[id];
  if (state.kind != Kind::kText || state.at != 0 || state.utf8 != kUtf8Boundary) return {};
  const uint32_t chars_max = set_->options().text_chars_max;
  if (chars_max == kUnlimited) return {&idle_bytes_, true, UINT32_MAX, true};
  return {&idle_bytes_, true, chars_max - std::min(chars_max, state.chars), false};
}

void ToolEnvelope::set_costs(std::vector<uint32_t> costs) {
  costs_ = std::move(costs);
  const State name = name_state(1);
  call_cost_ = names_distance(name.low, name.high, 0);
}

uint64_t ToolEnvelope::names_distance(uint32_t low, uint32_t high, uint32_t depth) const {
  uint64_t best = kNoWay;
  for (uint32_t tool = low; tool < high; ++tool)
    best = std::min(best, set_->tools()[tool].name.size() - depth + static_cast<uint64_t>(costs_[tool]));
  return best + before_.size() + after_.size() + closing_.size();
}

uint32_t ToolEnvelope::distance(uint32_t id) const {
  const State& state = states_[id];
  uint64_t best = kNoWay;
  switch (state.kind) {
    case Kind::kStart:
    case Kind::kText:
      if (is_within(state.chars)) best = continuation_bytes(state.utf8);
      if (trigger_begins_call(state)) {
        best = std::min(best, trigger_matches_.size() - state.at + opening_.size() - opening_at_trigger_ + call_cost_);
      }
      break;
    case Kind::kOpening:
      best = rest(opening_, state.at) + call_cost_;
      break;
    case Kind::kBetween:
      best = rest(between_, state.at) + call_cost_;
      break;
    case Kind::kName:
      best = names_distance(state.low, state.high, state.at);
      break;
    case Kind::kBeforeArguments:
      best = rest(before_, state.at) + costs_[state.low] + after_.size() + closing_.size();
      break;
    case Kind::kAfterArguments:
      best = rest(after_, state.at) + closing_.size();
      break;
    case Kind::kAfterCall:
      best = std::min(rest(closing_, state.closing_at), rest(between_, state.at) + call_cost_);
      break;
  }
  return static_cast<uint32_t>(std::min(best, kNoWay));
}

}  // namespace cadre::contract
