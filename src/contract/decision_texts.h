// Finite sets of values, listed: the texts of a regular language, the numbers that a program accepts.
//
// Neither depends on `enum`: a pattern with finitely many texts counts, and so do the integers between two bounds. Nothing is
// returned for a set that is infinite, larger than `count_max`, or not enumerated within a bound on work. What is returned is all of it, except
// that beyond the outermost bounds numbers that satisfy several divisors at once are looked for up to a limit only.
// Thread safety: none; the owner of the tables locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/language.h"

namespace cadre::contract {

class SchemaPrograms;

// In order of their bytes.
std::optional<std::vector<std::string>> finite_texts(LanguageTable& table, Language language, size_t count_max);

// The names that may come next in an object, those that the schema mentions among them.
std::optional<std::vector<std::string>> finite_names(SchemaPrograms& programs, uint32_t frame, size_t count_max);

// In ascending order, as generate mode writes them.
std::optional<std::vector<std::string>> finite_numbers(SchemaPrograms& programs, uint32_t program, size_t count_max);

// A JSON number in generate mode's spelling (no exponent, no zeros that say nothing); nothing where that takes over 40 digits.
std::optional<std::string> canonical_number(std::string_view json_number);

// A JSON string in generate mode's spelling, quotes included; nothing for a text with control characters that have no short escape.
std::optional<std::string> canonical_string(std::string_view text);

}  // namespace cadre::contract
