// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_contract.h"

#include <fmt/format.h>

#include "contract/machine_contract.h"
#include "contract/sql_machine.h"

namespace cadre::contract {

namespace {

class BoundedSql : public SqlMachine {
 public:
  explicit BoundedSql(SqlMachine machine) : SqlMachine(std::move(machine)) {}
  bool bounded() const { return false; }
  uint32_t distance(State) const { return Contract::kNoWay; }
  size_t size() const { return size_bytes(); }
  std::string problem() const {
    return overflowed() ? fmt::format("the tables for SQL over this schema are over {} bytes", kSqlTablesSizeBytesMax)
                        : std::string();
  }
};

}  // namespace

Result<std::shared_ptr<Contract>> sql_contract(const SqlSchema& schema, SqlGrammarOptions options) {
  auto machine = TRY(SqlMachine::create(schema, std::move(options), kSqlTablesSizeBytesMax));
  return std::shared_ptr<Contract>(std::make_shared<MachineContract<BoundedSql>>(BoundedSql(std::move(machine))));
}

}  // namespace cadre::contract
