// A context-free grammar as a contract (contract/contract.h).
//
//     auto contract = TRY(grammar_contract(gbnf_text));
//     auto constraint = TRY(Constraint::make(contract, vocabulary, 60));
//
// Exact, ambiguous or not; distances are those of shortest texts, so any budget from the shortest text on can be kept.
// Errors: what contract/gbnf.h and contract/grammar_network.h refuse. Limit: kGrammarTablesSizeBytesMax, past which the contract refuses everything
// and says so. Thread safety: as Contract says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "contract/contract.h"
#include "contract/grammar.h"

namespace cadre::contract {

inline constexpr size_t kGrammarTablesSizeBytesMax = 256 << 20;

Result<std::shared_ptr<Contract>> grammar_contract(std::string_view gbnf);
Result<std::shared_ptr<Contract>> grammar_contract(const Grammar& grammar);

}  // namespace cadre::contract
