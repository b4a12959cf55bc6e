// The SQL tool's statements on a PostgreSQL server, over a few kept connections.
//
// Reading: in a READ ONLY transaction, through a cursor, which the server opens for SELECT, VALUES and WITH alone. Writing: in one transaction. Both
// under statement_timeout. Only a commit without an answer is uncertain; whatever fails before it was rolled back. Work is not counted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/sql_backend.h"
#include "net/address_policy.h"

namespace cadre::agent {

// Connects at the first call.
Result<std::unique_ptr<SqlBackend>> make_postgres_backend(const std::string& url, const std::string& password,
                                                          const net::AddressPolicy& policy);

}  // namespace cadre::agent
