// Frames of objects and arrays, and the names of members.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/schema_programs.h"
#include "contract/schema_programs_inside.h"

namespace cadre::contract {

void SchemaPrograms::substitute(std::vector<Formula>& formulas, const std::function<Formula(uint32_t)>& value_of) {
  for (Formula& formula : formulas) formula = table().substitute(formula, value_of);
}

uint32_t SchemaPrograms::frame_start(uint32_t program_id) {
  const Details& details = this->details(program_id);
  Frame frame;
  frame.program = program_id;
  frame.formulas = details.start;
  frame.seen.assign((details.names.size() + 63) / 64, 0);
  frame.contained.assign(details.contains.size(), 0);
  return frames_.id(std::move(frame));
}

uint32_t SchemaPrograms::frame_verdict(uint32_t frame_id) {
  if (frame_id < frame_verdict_memo_.size() && frame_verdict_memo_[frame_id] != kUnknown)
    return frame_verdict_memo_[frame_id];
  const Frame& frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  const auto at_end = [&](uint32_t variable) {
    switch (formulas_.atom(variable).kind) {
      case AtomKind::kHas:
      case AtomKind::kMinItems:
      case AtomKind::kMinMembers:
        return FormulaTable::kFalse;
      case AtomKind::kContains:
        for (size_t i = 0; i < details.contains.size(); ++i) {
          if (details.contains[i].first != variable) continue;
          const SchemaNode& node = formulas_.node(details.contains[i].second);
          const uint64_t count = frame.contained[i];
          return table().constant(count >= node.min_contains && count <= node.max_contains.value_or(UINT64_MAX));
        }
        return FormulaTable::kFalse;
      default:
        return FormulaTable::kTrue;
    }
  };
  const size_t goals = programs_[frame.program].formulas.size() - 1;
  auto verdict = final_verdict(frame.formulas, goals, at_end);
  const uint32_t id = verdict ? verdicts_.id(std::move(*verdict)) : kNone;
  if (frame_id >= frame_verdict_memo_.size()) frame_verdict_memo_.resize(frames_.size(), kUnknown);
  frame_verdict_memo_[frame_id] = id;
  return id;
}

bool SchemaPrograms::frame_open(uint32_t frame_id) {
  if (frame_type(frame_id) == ValueType::kArray) return item_step(frame_id) != kNone;
  return key_start(frame_id) != kNone;
}

bool SchemaPrograms::has_unique(uint32_t frame_id) {
  const Frame& frame = frames_[frame_id];
  if (frame_type(frame_id) != ValueType::kArray) return false;
  const std::optional<uint32_t> unique = details(frame.program).unique;
  if (!unique) return false;
  return std::any_of(frame.formulas.begin(), frame.formulas.end(), [&](Formula formula) {
    const auto& variables = table().variables(formula);
    return std::binary_search(variables.begin(), variables.end(), *unique);
  });
}

uint32_t SchemaPrograms::mark_duplicate(uint32_t frame_id) {
  Frame frame = frames_[frame_id];
  const uint32_t unique = *details(frame.program).unique;
  substitute(frame.formulas,
             [&](uint32_t variable) { return variable == unique ? FormulaTable::kFalse : table().variable(variable); });
  return frame.formulas[0] == FormulaTable::kFalse ? kNone : frames_.id(std::move(frame));
}

bool SchemaPrograms::duplicate_is_fatal(uint32_t frame_id) {
  return mark_duplicate(frame_id) == kNone;
}

void SchemaPrograms::decide_counts(Frame& frame, const Details& details) {
  if (details.counts.empty()) return;
  substitute(frame.formulas, [&](uint32_t variable) {
    for (const CountAtom& atom : details.counts) {
      if (atom.variable != variable) continue;
      if (!atom.is_max && frame.count >= atom.bound) return FormulaTable::kTrue;
      if (atom.is_max && frame.count > atom.bound) return FormulaTable::kFalse;
    }
    return table().variable(variable);
  });
}

// ---- names ------------------------------------------------------------------------------------------------------------------

uint32_t SchemaPrograms::key_start(uint32_t frame_id) {
  const Frame& frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  KeyState key;
  key.program = frame.program;
  key.high = static_cast<uint32_t>(details.names.size());
  for (const uint32_t pattern : details.patterns) key.languages.push_back(formulas_.pattern_language(pattern));
  for (const auto& [variable, language] : details.name_atoms) key.languages.push_back(language);
  const uint32_t id = keys_.id(std::move(key));
  return key_alive(frame_id, id) ? id : kNone;
}

uint32_t SchemaPrograms::key_next(uint32_t frame_id, uint32_t key_id, uint8_t byte) {
  KeyState key = keys_[key_id];
  const std::vector<std::string>& names = details(key.program).names;
  const auto byte_at = [&](const std::string& name) {
    return name.size() <= key.depth ? -1 : static_cast<int>(static_cast<uint8_t>(name[key.depth]));
  };
  const auto begin = names.begin() + key.low, end = names.begin() + key.high;
  const auto low = std::partition_point(begin, end, [&](const std::string& name) { return byte_at(name) < byte; });
  const auto high = std::partition_point(low, end, [&](const std::string& name) { return byte_at(name) == byte; });
  key.low = static_cast<uint32_t>(low - names.begin());
  key.high = static_cast<uint32_t>(high - names.begin());
  ++key.depth;
  if (key.low >= key.high) key.low = key.high = key.depth = 0;
  for (Language& language : key.languages) language = formulas_.languages().derivative(language, byte);
  const uint32_t id = keys_.id(std::move(key));
  return key_alive(frame_id, id) ? id : kNone;
}

ByteSet SchemaPrograms::key_loops(uint32_t key_id) {
  const KeyState& key = keys_[key_id];
  if (key.low < key.high) return {};
  ByteSet bytes = ByteSet().set();
  for (const Language language : key.languages) bytes &= formulas_.languages().looping_characters(language);
  return bytes;
}

ByteSet SchemaPrograms::key_bytes_alike(uint32_t key_id, uint8_t byte) {
  const KeyState& key = keys_[key_id];
  const std::vector<std::string>& names = details(key.program).names;
  ByteSet alike = ByteSet().set();
  for (uint32_t name = key.low; name < key.high; ++name) {
    if (names[name].size() > key.depth) alike.reset(static_cast<uint8_t>(names[name][key.depth]));
  }
  if (!alike[byte]) return ByteSet().set(byte);
  for (const Language language : key.languages) alike &= formulas_.languages().bytes_alike(language, byte);
  return alike;
}

bool SchemaPrograms::key_alive(uint32_t frame_id, uint32_t key_id) {
  const auto [entry, is_new] = key_alive_memo_.try_emplace(pair_key(frame_id, key_id), false);
  if (!is_new) return entry->second;
  const bool alive = key_can_end(frame_id, keys_[key_id]);
  key_alive_memo_[pair_key(frame_id, key_id)] = alive;
  return alive;
}

// Is there a name that begins like this and may stand here?
bool SchemaPrograms::key_can_end(uint32_t frame_id, const KeyState& key) {
  const Details& details = this->details(key.program);
  const size_t patterns = details.patterns.size();
  for (uint32_t name = key.low; name < key.high; ++name) {
    if (is_seen(frames_[frame_id].seen, name)) continue;
    const uint32_t key_class = class_of_name(key.program, name);
    if (member_step(frame_id, classes_[key_class]) != kNone) return true;
  }
  KeyClass other;
  other.matches.assign(key.languages.size(), false);
  for (size_t i = patterns; i < key.languages.size(); ++i) {
    other.matches[i] = formulas_.languages().nonempty(key.languages[i], kNonemptyStepsMax).value_or(true);
  }
  if (member_step(frame_id, other) != kNone) return true;
  for (size_t i = 0; i < patterns; ++i) {
    if (!formulas_.languages().nonempty(key.languages[i], kNonemptyStepsMax).value_or(true)) continue;
    other.matches[i] = true;
    if (member_step(frame_id, other) != kNone) return true;
    other.matches[i] = false;
  }
  return false;
}

KeyClass SchemaPrograms::class_of(const KeyState& key) {
  KeyClass key_class;
  const Details& details = this->details(key.program);
  if (key.low < key.high && details.names[key.low].size() == key.depth) key_class.name = key.low;
  for (const Language language : key.languages) key_class.matches.push_back(formulas_.languages().nullable(language));
  return key_class;
}

uint32_t SchemaPrograms::class_of_name(uint32_t program_id, uint32_t name) {
  const auto [entry, is_new] = name_class_memo_.try_emplace(pair_key(program_id, name), kNone);
  if (!is_new) return entry->second;
  const Details& details = this->details(program_id);
  KeyClass key_class;
  key_class.name = name;
  const auto add = [&](Language language) {
    for (const char c : details.names[name])
      language = formulas_.languages().derivative(language, static_cast<uint8_t>(c));
    key_class.matches.push_back(formulas_.languages().nullable(language));
  };
  for (const uint32_t pattern : details.patterns) add(formulas_.pattern_language(pattern));
  for (const auto& [variable, language] : details.name_atoms) add(language);
  const uint32_t id = classes_.id(std::move(key_class));
  name_class_memo_[pair_key(program_id, name)] = id;
  return id;
}

bool SchemaPrograms::key_is_other(uint32_t key_id) {
  const KeyState& key = keys_[key_id];
  return !(key.low < key.high && details(key.program).names[key.low].size() == key.depth);
}

uint32_t SchemaPrograms::key_step(uint32_t frame, uint32_t key) {
  return member_step(frame, class_of(keys_[key]));
}

}  // namespace cadre::contract
