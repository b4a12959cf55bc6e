// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_index.h"

#include "contract/decision_texts.h"

namespace cadre::contract {

std::string_view decision_kind_name(DecisionKind kind) {
  constexpr std::string_view kNames[] = {"tool", "value", "branch", "member", "item", "span", "number", "open"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view value_type_name(ValueType type) {
  constexpr std::string_view kNames[] = {"null", "false", "true", "number", "string", "array", "object"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view value_type_bytes(ValueType type) {
  constexpr std::string_view kBytes[] = {"null", "false", "true", "", "", "[", "{"};
  return kBytes[static_cast<size_t>(type)];
}

bool is_container(ValueType type) {
  return type == ValueType::kArray || type == ValueType::kObject;
}

const DecisionIndex::List& DecisionIndex::nothing() {
  static const List list = std::make_shared<const CandidateList>();
  return list;
}

const DecisionIndex::Shape& DecisionIndex::shape(uint32_t location) {
  const auto [entry, is_new] = shapes_.try_emplace(location);
  if (!is_new) return entry->second;
  Shape& shape = entry->second;
  SchemaPrograms& programs = machine_.programs();
  shape.is_settled = programs.is_settled(location);
  shape.is_anything = true;
  CandidateList values;
  bool is_finite = true;
  for (size_t i = 0; i < kValueTypes; ++i) {
    const auto type = static_cast<ValueType>(i);
    const uint32_t program = shape.programs[i] = programs.program(location, type);
    shape.is_anything &= program != kNone && programs.is_plain(program);
    if (program == kNone) continue;
    if (is_container(type)) {
      is_finite = false;
    } else if (type == ValueType::kString || type == ValueType::kNumber) {
      const List& list = type == ValueType::kString ? texts(program) : numbers(program);
      is_finite &= list != nullptr;
      for (size_t item = 0; is_finite && item < list->items.size(); ++item) values.add(list->items[item]);
    } else {
      values.add({std::string(value_type_bytes(type)), std::string(value_type_name(type)), std::nullopt});
    }
  }
  if (is_finite && values.items.size() <= candidates_max_)
    shape.values = std::make_shared<const CandidateList>(std::move(values));
  return shape;
}

const DecisionIndex::List& DecisionIndex::copies(uint32_t program) {
  return copies_.of(machine_.programs(), program, candidates_max_);
}

const DecisionIndex::List& DecisionIndex::texts(uint32_t program) {
  const auto [entry, is_new] = texts_.try_emplace(program);
  if (!is_new || machine_.programs().is_plain(program)) return entry->second;
  const uint32_t start = machine_.programs().text_start(program);
  if (start == kNone) return entry->second = nothing();
  const TextState& text = machine_.programs().text(start);
  if (text.only_counts || text.is_regex || copies(program) != nullptr) return entry->second;
  const auto texts = finite_texts(machine_.programs().formulas().languages(), text.languages.front(), candidates_max_);
  if (!texts) return entry->second;
  auto list = std::make_shared<CandidateList>();
  for (const std::string& found : *texts) {
    if (auto bytes = canonical_string(found)) list->add({std::move(*bytes), found, std::nullopt});
  }
  return entry->second = std::move(list);
}

const DecisionIndex::List& DecisionIndex::numbers(uint32_t program) {
  const auto [entry, is_new] = numbers_.try_emplace(program);
  if (!is_new) return entry->second;
  const auto numbers = finite_numbers(machine_.programs(), program, candidates_max_);
  if (!numbers) return entry->second;
  auto list = std::make_shared<CandidateList>();
  for (const std::string& found : *numbers) list->add({found, found, std::nullopt});
  return entry->second = std::move(list);
}

const DecisionIndex::List& DecisionIndex::names(uint32_t frame) {
  const auto [entry, is_new] = names_.try_emplace(frame);
  if (!is_new) return entry->second;
  const auto names = finite_names(machine_.programs(), frame, candidates_max_);
  if (!names) return entry->second;
  auto list = std::make_shared<CandidateList>();
  for (const std::string& found : *names) {
    if (auto bytes = canonical_string(found)) list->add({std::move(*bytes), found, std::nullopt});
  }
  return entry->second = std::move(list);
}

const std::vector<DecisionIndex::Member>& DecisionIndex::members(uint32_t frame) {
  const uint32_t program = machine_.programs().frame(frame).program;
  const auto [entry, is_new] = members_.try_emplace(program);
  if (!is_new) return entry->second;
  const uint32_t first_frame = machine_.programs().frame_start(program);
  if (first_frame == kNone) return entry->second;
  for (const SchemaPrograms::NamedMember& named : machine_.programs().next_members(first_frame)) {
    const auto key = canonical_string(named.name);
    if (!key) continue;  // generate mode cannot write it
    Member member{std::string(named.name), named.index, named.required, nullptr, nullptr};
    for (const bool is_first : {true, false}) {
      auto list = std::make_shared<CandidateList>();
      list->add({(is_first ? "" : ",") + *key + ":", member.name, std::nullopt});
      list->add({"", "absent", std::nullopt});
      (is_first ? member.first : member.further) = std::move(list);
    }
    entry->second.push_back(std::move(member));
  }
  return entry->second;
}

const DecisionIndex::List& DecisionIndex::branches(uint8_t types) {
  List& list = branches_[types];
  if (list != nullptr) return list;
  auto made = std::make_shared<CandidateList>();
  for (size_t i = 0; i < kValueTypes; ++i) {
    const auto type = static_cast<ValueType>(i);
    if ((types >> i & 1) != 0) {
      made->add({std::string(value_type_bytes(type)), std::string(value_type_name(type)), std::nullopt});
    }
  }
  return list = std::move(made);
}

const DecisionIndex::List& DecisionIndex::items(ValueType container, bool is_first, bool end_first) {
  static const std::array<List, 8> lists = [] {
    std::array<List, 8> made;
    for (size_t i = 0; i < made.size(); ++i) {
      const Candidate another{i & 1 || i & 2 ? "" : ",", "another", std::nullopt};
      const Candidate end{i & 1 ? "}" : "]", "end", std::nullopt};
      auto list = std::make_shared<CandidateList>();
      list->add(i & 4 ? end : another);
      list->add(i & 4 ? another : end);
      made[i] = std::move(list);
    }
    return made;
  }();
  return lists[(container == ValueType::kObject ? 1u : 0u) + (is_first ? 2u : 0u) + (end_first ? 4u : 0u)];
}

}  // namespace cadre::contract
