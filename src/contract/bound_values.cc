// SPDX-License-Identifier: Apache-2.0
#include "contract/bound_values.h"

namespace cadre::contract {

Language BoundValues::copies(const CopyRule& rule, LanguageTable& languages) {
  const auto [entry, is_new] = copies_.try_emplace(rule, LanguageTable::kNothing);
  if (!is_new) return entry->second;
  std::vector<std::string_view> sources;
  for (const std::string& name : rule.from) sources.push_back(*bindings_->source(name));
  auto automaton = CopyAutomaton::make(sources, rule);
  if (automaton.ok()) {
    entry->second = languages.copies(std::move(*automaton));
  } else if (problem_.empty()) {
    problem_ = automaton.error().message;
  }
  return entry->second;
}

const std::vector<std::string>& BoundValues::normal_forms(const NormalRule& rule) {
  const auto [entry, is_new] = normal_forms_.try_emplace(rule);
  if (!is_new) return entry->second;
  for (const std::string& name : rule.from) {
    const auto mentions = find_mentions(rule.kind, *bindings_->source(name), bindings_->options());
    if (!mentions.ok()) {
      if (problem_.empty()) problem_ = "source \"" + name + "\": " + mentions.error().message;
      continue;
    }
    for (const Mention& mention : *mentions) entry->second.push_back(mention.normal);
  }
  return entry->second;
}

Language BoundValues::normal_texts(const NormalRule& rule, LanguageTable& languages) {
  auto& texts = normal_texts_[rule];
  if (!texts) texts = std::make_shared<const SortedTexts>(normal_forms(rule));
  return languages.bound_literals(texts);
}

Language BoundValues::set_texts(const std::string& set, LanguageTable& languages) {
  return languages.bound_literals(bindings_->set(set)->texts());
}

// Only "number" has numbers.
std::shared_ptr<const NumberSet> BoundValues::normal_numbers(const NormalRule& rule) {
  auto& numbers = normal_numbers_[rule];
  if (numbers) return numbers;
  std::vector<Decimal> found;
  if (rule.kind == NormalKind::kNumber) {
    for (const std::string& text : normal_forms(rule)) {
      auto number = Decimal::parse(text);
      if (number.ok()) found.push_back(std::move(*number));
    }
  }
  numbers = std::make_shared<const NumberSet>(std::move(found));
  return numbers;
}

std::shared_ptr<const NumberSet> BoundValues::set_numbers(const std::string& set) {
  return bindings_->set(set)->numbers();
}

}  // namespace cadre::contract
