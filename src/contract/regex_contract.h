// A regular expression as a contract (contract/contract.h): the texts that it matches as a whole.
//
//     auto contract = TRY(regex_contract("[A-Z]{3}-[0-9]+"));   // as if it were ^(?:[A-Z]{3}-[0-9]+)$
//
// The syntax is that of contract/regex.h (ECMA-262, as JSON Schema uses it); texts are well-formed UTF-8. Distances are those of
// shortest texts; where a bounded search (LanguageTable::shortest) finds none, that way is not offered.
// Errors: what contract/regex.h and LanguageTable::from_regex refuse, and a pattern that matches nothing.
// Thread safety: as Contract says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "contract/contract.h"

namespace cadre::contract {

Result<std::shared_ptr<Contract>> regex_contract(std::string_view pattern);

}  // namespace cadre::contract
