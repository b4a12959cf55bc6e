// What each node of a schema demands of an instance of one type, as a formula over atoms.
//
// In-place keywords (allOf, anyOf, oneOf, not, if, dependentSchemas, references) dissolve into the formula; what remains are atoms: one
// keyword's verdict on this very instance (at least 3 items, has the name "a", its members satisfy properties and its companions). String
// keywords are regular languages, so all of them at a node are one atom, and any boolean combination is one language again.
// Objects and arrays in const and enum become schema nodes of their own, made here.
// Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/bound_values.h"
#include "contract/formula.h"
#include "contract/language.h"
#include "contract/schema.h"

namespace cadre::contract {

// Types as the first byte of a JSON value tells them apart.
enum class ValueType : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };
inline constexpr size_t kValueTypes = 7;

enum class AtomKind : uint8_t {
  kString,     // the text is in language `a`
  kRegexText,  // the text is a regular expression (an asserted format, and no regular language)
  kInteger,
  kPlainInteger,       // spelt without fraction and exponent (draft 4)
  kMinimum,            // decimal `a`
  kExclusiveMinimum,   // decimal `a`
  kMaximum,            // decimal `a`
  kExclusiveMaximum,   // decimal `a`
  kMultipleOf,         // decimal `a`
  kEqualNumber,        // decimal `a`
  kNumberSet,          // one of number set `a`
  kItems,              // prefixItems and items of node `a`
  kMinItems,           // `a`
  kMaxItems,           // `a`
  kContains,           // contains of node `a` with its bounds
  kUnique,             // no two items equal
  kUnevaluatedItems,   // of node `a`
  kMembers,            // properties, patternProperties and additionalProperties of node `a`
  kHas,                // the name `a`
  kMinMembers,         // `a`
  kMaxMembers,         // `a`
  kNames,              // every name is in language `a`
  kUnevaluatedMembers  // of node `a`
};

struct Atom {
  AtomKind kind = AtomKind::kString;
  uint64_t a = 0;
  friend bool operator==(const Atom&, const Atom&) = default;
};
inline uint64_t hash_of(const Atom& atom) {
  return mix_hash(static_cast<uint64_t>(atom.kind), atom.a);
}

class SchemaFormulas {
 public:
  // Converts every pattern to a language; Error: a pattern that is not regular, with its text.
  // With `plain_integers` an integer is spelt without fraction and exponent, whatever the draft.
  // Also Error: something that the schema names is not bound.
  static Result<SchemaFormulas> make(const Schema& schema, bool plain_integers,
                                     std::shared_ptr<const Bindings> bindings = nullptr);

  // The demand of a node on an instance of the type; variables are indices for atom(). kTrue: anything of the type will do.
  Formula of(SchemaId node, ValueType type);
  // Is the node the schema `false`, or can be seen to be? (Its formulas may be false for every type all the same.)
  bool never(SchemaId node) const { return this->node(node).never; }

  const SchemaNode& node(SchemaId id) const {
    return id < schema_->nodes.size() ? schema_->nodes[id] : made_[id - schema_->nodes.size()];
  }
  const Atom& atom(uint32_t variable) const { return atoms_[variable]; }
  const Decimal& decimal(uint64_t index) const { return decimals_[index]; }
  const NumberSet& number_set(uint64_t index) const { return *number_sets_[index]; }
  const std::string& name(uint64_t index) const { return names_[index]; }
  Language pattern_language(uint32_t pattern) const { return pattern_languages_[pattern]; }
  // The language of a boolean combination of kString atoms. A kRegexText among them counts as true; whoever reads the text looks after it.
  Language language_of(Formula f);
  // Variable of the atom "has this name"; made on demand.
  uint32_t has_variable(const std::string& name);

  FormulaTable& formulas() { return formulas_; }
  LanguageTable& languages() { return languages_; }
  bool languages_full() const { return languages_.full(); }

  // Is it minLength and maxLength and nothing else?
  bool is_length(Language language) const {
    return std::find(lengths_.begin(), lengths_.end(), language) != lengths_.end();
  }
  uint32_t regex_text_variable() { return variable(AtomKind::kRegexText, 0); }
  // What no keyword can say by itself in this form; empty when all is well. Set while formulas are made.
  const std::string& problem() const { return problem_.empty() ? bound_.problem() : problem_; }
  // The first keyword met whose source or set holds nothing for it: a reason why nothing can be generated. Empty: none.
  const std::string& empty_origins() const { return empty_origins_; }

 private:
  SchemaFormulas(const Schema& schema, std::shared_ptr<const Bindings> bindings)
      : schema_(&schema), bound_(std::move(bindings)) {}
  uint32_t variable(AtomKind kind, uint64_t a) { return atoms_.id(Atom{kind, a}); }
  Formula atom_formula(AtomKind kind, uint64_t a) { return formulas_.variable(variable(kind, a)); }
  uint64_t decimal_index(const Decimal& value);
  uint64_t name_index(const std::string& name);
  Formula make_formula(SchemaId id, ValueType type);
  Formula value_list(const std::vector<JsonValue>& values, ValueType type);
  SchemaId node_of_value(const JsonValue& value);
  void own_keywords(SchemaId id, ValueType type, std::vector<Formula>& parts);
  void in_place(const SchemaNode& node, ValueType type, std::vector<Formula>& parts);
  Language names_language(SchemaId node);
  void text_origins(SchemaId id, std::vector<Language>& demands);
  void number_origins(SchemaId id, std::vector<Formula>& parts);
  void grounding(SchemaId id, ValueType type, std::vector<Formula>& parts);
  Formula says_origin_formula(SchemaId id, ValueType type);
  Formula number_formula(std::shared_ptr<const NumberSet> numbers);
  void note_empty(const SchemaNode& node, const char* keyword);

  const Schema* schema_;
  bool plain_integers_ = false;
  std::deque<SchemaNode> made_;  // for const and enum values that are objects or arrays
  FormulaTable formulas_;
  LanguageTable languages_;
  InternTable<Atom> atoms_;
  BoundValues bound_;
  std::vector<std::shared_ptr<const NumberSet>> number_sets_;
  std::string empty_origins_;
  std::vector<Decimal> decimals_;
  std::vector<std::string> names_;
  std::map<std::string, uint64_t> name_indices_, decimal_indices_;
  std::vector<Language> pattern_languages_;
  std::vector<Language> lengths_;
  std::map<uint64_t, Formula> memo_;  // (node, type) -> formula
  std::map<Formula, Language> language_memo_;
  std::string problem_;
  size_t depth_ = 0;
};

}  // namespace cadre::contract
