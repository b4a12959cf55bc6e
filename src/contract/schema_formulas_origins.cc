// The demands of a schema's origins (contract/value_origins.h) on strings and numbers.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "contract/schema_formulas.h"

namespace cadre::contract {
namespace {

const CopyRule& grounded_copy() {
  static const CopyRule rule;
  return rule;
}

NormalRule grounded_number() {
  return {NormalKind::kNumber, {kInputSource}};
}

bool says_origin(const SchemaNode& node) {
  return !node.value_lists.empty() || !node.enum_from.empty() || node.copy || node.normal;
}

}  // namespace

void SchemaFormulas::text_origins(SchemaId id, std::vector<Language>& demands) {
  const SchemaNode& node = this->node(id);
  const auto demand = [&](const char* keyword, Language language) {
    if (language == LanguageTable::kNothing) note_empty(node, keyword);
    demands.push_back(language);
  };
  if (node.copy) demand("x-copy", bound_.copies(*node.copy, languages_));
  if (node.normal) demand("x-normal", bound_.normal_texts(*node.normal, languages_));
  if (!node.enum_from.empty()) demand("x-enum-from", bound_.set_texts(node.enum_from, languages_));
}

void SchemaFormulas::number_origins(SchemaId id, std::vector<Formula>& parts) {
  const SchemaNode& node = this->node(id);
  const auto demand = [&](const char* keyword, std::shared_ptr<const NumberSet> numbers) {
    if (numbers->numbers.empty()) note_empty(node, keyword);
    parts.push_back(number_formula(std::move(numbers)));
  };
  if (node.normal) demand("x-normal", bound_.normal_numbers(*node.normal));
  if (!node.enum_from.empty()) demand("x-enum-from", bound_.set_numbers(node.enum_from));
}

// Out of the input, unless a schema that holds says where the value comes from.
void SchemaFormulas::grounding(SchemaId id, ValueType type, std::vector<Formula>& parts) {
  if (!node(id).grounded || (type != ValueType::kString && type != ValueType::kNumber)) return;
  const Formula chosen = says_origin_formula(id, type);
  if (chosen == FormulaTable::kTrue) return;
  Formula grounded = FormulaTable::kFalse;
  if (type == ValueType::kNumber) {
    grounded = number_formula(bound_.normal_numbers(grounded_number()));
  } else {
    const Language copies = bound_.copies(grounded_copy(), languages_);
    if (copies != LanguageTable::kNothing) grounded = atom_formula(AtomKind::kString, copies);
  }
  if (grounded == FormulaTable::kFalse) note_empty(node(id), "x-grounded");
  parts.push_back(formulas_.any({grounded, chosen}));
}

// Does a schema that applies to the value, and holds for it, say an origin?
Formula SchemaFormulas::says_origin_formula(SchemaId id, ValueType type) {
  const SchemaNode& node = this->node(id);
  if (says_origin(node)) return FormulaTable::kTrue;
  std::vector<Formula> ways;
  for (const SchemaId child : node.all_of) ways.push_back(says_origin_formula(child, type));
  const auto under = [&](SchemaId child, Formula condition) {
    const Formula says = says_origin_formula(child, type);
    if (says != FormulaTable::kFalse) ways.push_back(formulas_.all({says, condition}));
  };
  for (const auto* lists : {&node.any_of, &node.one_of}) {
    for (const auto& branches : *lists) {
      for (const SchemaId child : branches) under(child, of(child, type));
    }
  }
  if (node.if_schema) {
    const Formula condition = of(*node.if_schema, type);
    if (node.then_schema) under(*node.then_schema, condition);
    if (node.else_schema) under(*node.else_schema, formulas_.negate(condition));
  }
  return formulas_.any(std::move(ways));
}

Formula SchemaFormulas::number_formula(std::shared_ptr<const NumberSet> numbers) {
  if (numbers->numbers.empty()) return FormulaTable::kFalse;
  const auto found = std::find(number_sets_.begin(), number_sets_.end(), numbers);
  const auto index = static_cast<uint64_t>(found - number_sets_.begin());
  if (found == number_sets_.end()) number_sets_.push_back(std::move(numbers));
  return atom_formula(AtomKind::kNumberSet, index);
}

void SchemaFormulas::note_empty(const SchemaNode& node, const char* keyword) {
  if (empty_origins_.empty()) empty_origins_ = fmt::format("{}/{} has nothing to choose from", node.path, keyword);
}

}  // namespace cadre::contract
