// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_formulas.h"

#include <fmt/format.h>

#include <algorithm>

namespace cadre::contract {

namespace {

constexpr size_t kInPlaceDepthMax = 2000;  // in-place applications inside each other; the reader has refused cycles

uint8_t type_bits(ValueType type) {
  switch (type) {
    case ValueType::kNull:
      return kTypeNull;
    case ValueType::kFalse:
    case ValueType::kTrue:
      return kTypeBoolean;
    case ValueType::kNumber:
      return kTypeNumber | kTypeInteger;
    case ValueType::kString:
      return kTypeString;
    case ValueType::kArray:
      return kTypeArray;
    case ValueType::kObject:
      return kTypeObject;
  }
  return 0;
}

ValueType type_of(const JsonValue& value) {
  switch (value.kind) {
    case JsonKind::kNull:
      return ValueType::kNull;
    case JsonKind::kFalse:
      return ValueType::kFalse;
    case JsonKind::kTrue:
      return ValueType::kTrue;
    case JsonKind::kNumber:
      return ValueType::kNumber;
    case JsonKind::kString:
      return ValueType::kString;
    case JsonKind::kArray:
      return ValueType::kArray;
    case JsonKind::kObject:
      return ValueType::kObject;
  }
  return ValueType::kNull;
}

}  // namespace

Result<SchemaFormulas> SchemaFormulas::make(const Schema& schema, bool plain_integers,
                                            std::shared_ptr<const Bindings> bindings) {
  TRY(check_bindings(schema, bindings.get()));
  SchemaFormulas result(schema, std::move(bindings));
  result.plain_integers_ = plain_integers;
  result.pattern_languages_.reserve(schema.patterns.size());
  for (const Regex& regex : schema.patterns) {
    Result<Language> language = result.languages_.from_regex(regex);
    if (!language.ok()) {
      return std::move(language).error().with_context(fmt::format("pattern \"{}\"", regex.pattern()));
    }
    result.pattern_languages_.push_back(*language);
  }
  return result;
}

uint64_t SchemaFormulas::decimal_index(const Decimal& value) {
  const auto [entry, is_new] = decimal_indices_.try_emplace(value.text(), decimals_.size());
  if (is_new) decimals_.push_back(value);
  return entry->second;
}

uint64_t SchemaFormulas::name_index(const std::string& name) {
  const auto [entry, is_new] = name_indices_.try_emplace(name, names_.size());
  if (is_new) names_.push_back(name);
  return entry->second;
}

uint32_t SchemaFormulas::has_variable(const std::string& name) {
  return variable(AtomKind::kHas, name_index(name));
}

Formula SchemaFormulas::of(SchemaId node, ValueType type) {
  const uint64_t key = static_cast<uint64_t>(node) * kValueTypes + static_cast<uint64_t>(type);
  if (const auto found = memo_.find(key); found != memo_.end()) return found->second;
  if (depth_ >= kInPlaceDepthMax) {
    problem_ = fmt::format("{}: over {} schemas applied inside each other to one value", this->node(node).path,
                           kInPlaceDepthMax);
    return FormulaTable::kFalse;
  }
  ++depth_;
  const Formula formula = make_formula(node, type);
  --depth_;
  memo_.emplace(key, formula);
  return formula;
}

Formula SchemaFormulas::make_formula(SchemaId id, ValueType type) {
  const SchemaNode& node = this->node(id);
  if (node.never || (node.types & type_bits(type)) == 0) return FormulaTable::kFalse;
  std::vector<Formula> parts;
  if (type == ValueType::kNumber && (node.types & kTypeNumber) == 0) {
    parts.push_back(
        atom_formula(node.plain_integers || plain_integers_ ? AtomKind::kPlainInteger : AtomKind::kInteger, 0));
  }
  for (const auto& values : node.value_lists) parts.push_back(value_list(values, type));
  own_keywords(id, type, parts);
  grounding(id, type, parts);
  in_place(node, type, parts);
  return formulas_.all(std::move(parts));
}

Formula SchemaFormulas::value_list(const std::vector<JsonValue>& values, ValueType type) {
  std::vector<Formula> choices;
  std::vector<std::string> texts;
  for (const JsonValue& value : values) {
    if (type_of(value) != type) continue;
    switch (type) {
      case ValueType::kNumber:
        choices.push_back(atom_formula(AtomKind::kEqualNumber, decimal_index(value.number)));
        break;
      case ValueType::kString:
        texts.push_back(value.text);
        break;
      case ValueType::kArray:
      case ValueType::kObject:
        choices.push_back(of(node_of_value(value), type));
        break;
      default:
        return FormulaTable::kTrue;
    }
  }
  if (!texts.empty()) choices.push_back(atom_formula(AtomKind::kString, languages_.literals(std::move(texts))));
  return formulas_.any(std::move(choices));
}

// A schema that only this value satisfies, out of keywords that the machine knows.
SchemaId SchemaFormulas::node_of_value(const JsonValue& value) {
  SchemaNode node;
  node.path = "const";
  if (value.kind == JsonKind::kObject) {
    node.types = kTypeObject;
    for (const auto& [name, member] : value.members) {
      node.required.push_back(name);
      node.properties.emplace_back(name, node_of_value(member));
    }
    SchemaNode never;
    never.never = true;
    made_.push_back(std::move(never));
    node.additional_properties = static_cast<SchemaId>(schema_->nodes.size() + made_.size() - 1);
  } else if (value.kind == JsonKind::kArray) {
    node.types = kTypeArray;
    for (const JsonValue& item : value.items) node.prefix_items.push_back(node_of_value(item));
    node.min_items = value.items.size();
    node.max_items = value.items.size();
  } else {
    node.value_lists.push_back({value});
  }
  made_.push_back(std::move(node));
  return static_cast<SchemaId>(schema_->nodes.size() + made_.size() - 1);
}

void SchemaFormulas::own_keywords(SchemaId id, ValueType type, std::vector<Formula>& parts) {
  const SchemaNode& node = this->node(id);
  const auto add = [&](AtomKind kind, uint64_t a) { parts.push_back(atom_formula(kind, a)); };
  switch (type) {
    case ValueType::kNumber:
      if (node.minimum) add(AtomKind::kMinimum, decimal_index(*node.minimum));
      if (node.exclusive_minimum) add(AtomKind::kExclusiveMinimum, decimal_index(*node.exclusive_minimum));
      if (node.maximum) add(AtomKind::kMaximum, decimal_index(*node.maximum));
      if (node.exclusive_maximum) add(AtomKind::kExclusiveMaximum, decimal_index(*node.exclusive_maximum));
      if (node.multiple_of) add(AtomKind::kMultipleOf, decimal_index(*node.multiple_of));
      number_origins(id, parts);
      break;
    case ValueType::kString: {
      std::vector<Language> demands;
      for (const uint32_t pattern : node.patterns) demands.push_back(pattern_languages_[pattern]);
      if (node.min_length.value_or(0) > 0 || node.max_length) {
        demands.push_back(languages_.length(node.min_length.value_or(0), node.max_length.value_or(UINT64_MAX)));
      }
      if (node.patterns.empty() && !demands.empty()) lengths_.push_back(demands[0]);
      text_origins(id, demands);
      if (node.asserts_regex) add(AtomKind::kRegexText, 0);
      if (demands.empty()) break;
      const Language all = languages_.intersect(std::move(demands));
      if (all == LanguageTable::kNothing) {
        parts.push_back(FormulaTable::kFalse);
      } else if (all != LanguageTable::kEverything) {
        add(AtomKind::kString, all);
      }
      break;
    }
    case ValueType::kArray:
      if (!node.prefix_items.empty() || node.items) add(AtomKind::kItems, id);
      if (node.min_items.value_or(0) > 0) add(AtomKind::kMinItems, *node.min_items);
      if (node.max_items) add(AtomKind::kMaxItems, *node.max_items);
      if (node.contains && (node.min_contains > 0 || node.max_contains)) add(AtomKind::kContains, id);
      if (node.unique_items) add(AtomKind::kUnique, 0);
      if (node.unevaluated_items) add(AtomKind::kUnevaluatedItems, id);
      break;
    case ValueType::kObject:
      if (!node.properties.empty() || !node.pattern_properties.empty() || node.additional_properties)
        add(AtomKind::kMembers, id);
      for (const std::string& name : node.required) parts.push_back(formulas_.variable(has_variable(name)));
      if (node.min_properties.value_or(0) > 0) add(AtomKind::kMinMembers, *node.min_properties);
      if (node.max_properties) add(AtomKind::kMaxMembers, *node.max_properties);
      for (const auto& [name, needs] : node.dependent_required) {
        std::vector<Formula> needed;
        for (const std::string& need : needs) needed.push_back(formulas_.variable(has_variable(need)));
        const Formula absent = formulas_.negate(formulas_.variable(has_variable(name)));
        parts.push_back(formulas_.any({absent, formulas_.all(std::move(needed))}));
      }
      if (node.property_names) {
        const Language names = names_language(*node.property_names);
        if (names != LanguageTable::kEverything) add(AtomKind::kNames, names);
      }
      if (node.unevaluated_properties) add(AtomKind::kUnevaluatedMembers, id);
      break;
    default:
      break;
  }
}

void SchemaFormulas::in_place(const SchemaNode& node, ValueType type, std::vector<Formula>& parts) {
  for (const SchemaId child : node.all_of) parts.push_back(of(child, type));
  for (const auto& branches : node.any_of) {
    std::vector<Formula> choices;
    for (const SchemaId child : branches) choices.push_back(of(child, type));
    parts.push_back(formulas_.any(std::move(choices)));
  }
  for (const auto& branches : node.one_of) {
    std::vector<Formula> choices;
    for (const SchemaId child : branches) choices.push_back(of(child, type));
    parts.push_back(formulas_.exactly_one(std::move(choices)));
  }
  if (node.negated) parts.push_back(formulas_.negate(of(*node.negated, type)));
  if (node.if_schema && (node.then_schema || node.else_schema)) {
    const Formula condition = of(*node.if_schema, type);
    if (node.then_schema) parts.push_back(formulas_.any({formulas_.negate(condition), of(*node.then_schema, type)}));
    if (node.else_schema) parts.push_back(formulas_.any({condition, of(*node.else_schema, type)}));
  }
  if (type != ValueType::kObject) return;
  for (const auto& [name, child] : node.dependent_schemas) {
    const Formula absent = formulas_.negate(formulas_.variable(has_variable(name)));
    parts.push_back(formulas_.any({absent, of(child, type)}));
  }
}

Language SchemaFormulas::names_language(SchemaId node) {
  return language_of(of(node, ValueType::kString));
}

Language SchemaFormulas::language_of(Formula f) {
  if (f == FormulaTable::kTrue) return LanguageTable::kEverything;
  if (f == FormulaTable::kFalse) return LanguageTable::kNothing;
  if (const auto found = language_memo_.find(f); found != language_memo_.end()) return found->second;
  const FormulaTable::Node& node = formulas_.node(f);
  Language result = LanguageTable::kNothing;
  std::vector<Language> parts;
  if (node.kind != FormulaTable::Kind::kVariable) {
    for (const Formula part : node.parts) parts.push_back(language_of(part));
  }
  switch (node.kind) {
    case FormulaTable::Kind::kVariable:
      if (atoms_[node.parts[0]].kind == AtomKind::kRegexText) {
        result = LanguageTable::kEverything;
      } else {
        result = static_cast<Language>(atoms_[node.parts[0]].a);
      }
      break;
    case FormulaTable::Kind::kNot:
      result = languages_.complement(parts[0]);
      break;
    case FormulaTable::Kind::kAll:
      result = languages_.intersect(std::move(parts));
      break;
    case FormulaTable::Kind::kAny:
      result = languages_.alternate(std::move(parts));
      break;
    case FormulaTable::Kind::kExactlyOne: {
      std::vector<Language> choices;
      for (size_t i = 0; i < parts.size(); ++i) {
        std::vector<Language> choice{parts[i]};
        for (size_t j = 0; j < parts.size(); ++j) {
          if (j != i) choice.push_back(languages_.complement(parts[j]));
        }
        choices.push_back(languages_.intersect(std::move(choice)));
      }
      result = languages_.alternate(std::move(choices));
      break;
    }
    default:
      break;
  }
  language_memo_.emplace(f, result);
  return result;
}

}  // namespace cadre::contract
