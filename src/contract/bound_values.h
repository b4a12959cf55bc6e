// What the origins of a schema (contract/value_origins.h) allow under given bindings, as languages and sets of numbers.
//
// Built when asked and once for equal rules, so that a request pays only for what its document touches. Errors: problem().
// Thread safety: none; belongs to one SchemaFormulas.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contract/bindings.h"
#include "contract/language.h"
#include "contract/mentions.h"
#include "contract/value_origins.h"

namespace cadre::contract {

class BoundValues {
 public:
  // REQUIRES that check_bindings() passed. Null where the schema needs no bindings.
  explicit BoundValues(std::shared_ptr<const Bindings> bindings) : bindings_(std::move(bindings)) {}

  Language copies(const CopyRule& rule, LanguageTable& languages);
  Language normal_texts(const NormalRule& rule, LanguageTable& languages);
  Language set_texts(const std::string& set, LanguageTable& languages);
  std::shared_ptr<const NumberSet> normal_numbers(const NormalRule& rule);
  std::shared_ptr<const NumberSet> set_numbers(const std::string& set);

  // The first source or mention over a limit; empty when all is well.
  const std::string& problem() const { return problem_; }

 private:
  const std::vector<std::string>& normal_forms(const NormalRule& rule);

  std::shared_ptr<const Bindings> bindings_;
  std::map<CopyRule, Language> copies_;
  std::map<NormalRule, std::vector<std::string>> normal_forms_;
  std::map<NormalRule, std::shared_ptr<const SortedTexts>> normal_texts_;
  std::map<NormalRule, std::shared_ptr<const NumberSet>> normal_numbers_;
  std::string problem_;
};

}  // namespace cadre::contract
