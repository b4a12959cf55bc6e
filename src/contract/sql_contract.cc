// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_contract.h"

#include <fmt/format.h>

#include "contract/machine_contract.h"
#include "contract/sql_machine.h"

namespace cadre::contract {

namespace {

class BoundedSql : public SqlMachine {
 public:
  BoundedSql(SqlMachine machine, bool bounded) : SqlMachine(std::move(machine)), bounded_(bounded) {}
  bool bounded() const { return bounded_; }
  size_t size() const { return size_bytes(); }
  std::string problem() const {
    return overflowed() ? fmt::format("the tables for SQL over this schema are over {} bytes", kSqlTablesSizeBytesMax)
                        : std::string();
  }

 private:
  bool bounded_;  // in generate mode
};

}  // namespace

Result<std::shared_ptr<Contract>> sql_contract(const SqlSchema& schema, SqlGrammarOptions options) {
  const bool bounded = options.mode == SqlMode::kGenerate;
  auto machine = TRY(SqlMachine::create(schema, std::move(options), kSqlTablesSizeBytesMax));
  return std::shared_ptr<Contract>(
      std::make_shared<MachineContract<BoundedSql>>(BoundedSql(std::move(machine), bounded)));
}

}  // namespace cadre::contract
