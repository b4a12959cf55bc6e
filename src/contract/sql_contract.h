// SELECT statements over a database schema as a contract (contract/contract.h).
//
//     auto contract = TRY(sql_contract(TRY(read_sql_schema(database)), {}));
//     auto constraint = TRY(Constraint::make(contract, vocabulary, 100));   // always a whole statement within 100 tokens
//
// What may be written is what contract/sql_machine.h says, in either of its modes; bounded in generate mode.
// Errors: what check_sql_schema refuses. Limit: kSqlTablesSizeBytesMax, past which the contract refuses everything and says so.
// Thread safety: as Contract says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "contract/contract.h"
#include "contract/sql_schema.h"
#include "contract/sql_tokens.h"

namespace cadre::contract {

inline constexpr size_t kSqlTablesSizeBytesMax = 256 << 20;

Result<std::shared_ptr<Contract>> sql_contract(const SqlSchema& schema, SqlGrammarOptions options);

}  // namespace cadre::contract
