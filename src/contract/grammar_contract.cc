// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar_contract.h"

#include <fmt/format.h>

#include "contract/gbnf.h"
#include "contract/grammar_machine.h"
#include "contract/machine_contract.h"

namespace cadre::contract {

namespace {

class BoundedGrammar : public GrammarMachine {
 public:
  explicit BoundedGrammar(std::shared_ptr<const Network> network)
      : GrammarMachine(std::move(network), {.size_bytes_max = kGrammarTablesSizeBytesMax}) {}
  bool bounded() const { return true; }
  size_t size() const { return size_bytes(); }
  std::string problem() const {
    if (!overflowed()) return {};
    return fmt::format(
        "the tables of this grammar are over {} bytes, or one place of a text can be read in too many ways",
        kGrammarTablesSizeBytesMax);
  }
};

}  // namespace

Result<std::shared_ptr<Contract>> grammar_contract(const Grammar& grammar) {
  return std::shared_ptr<Contract>(
      std::make_shared<MachineContract<BoundedGrammar>>(BoundedGrammar(TRY(compile_grammar(grammar)))));
}

Result<std::shared_ptr<Contract>> grammar_contract(std::string_view gbnf) {
  const Grammar grammar = TRY(parse_gbnf(gbnf));
  return grammar_contract(grammar);
}

}  // namespace cadre::contract
