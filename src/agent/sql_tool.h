// A statement of SQL as a tool, on a SQLite file or a PostgreSQL server.
//
// The statement stands in the cadre file, with parameters by name (":city") that are bound from the arguments, never pasted; a missing argument is
// NULL. A tool that only reads may leave the statement out: then the argument "sql" is one. Its result is agent/sql_rows.h's. check() is a dry run:
// the database resolves the statement and executes nothing. What writes runs in one transaction; with `fenced`, the call's key is recorded in it,
// and a repeated key returns the recorded result (agent/sql_backend.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/tool.h"
#include "net/address_policy.h"

namespace cadre::agent {

struct SqlToolOptions {
  ToolDefinition definition;
  std::string sqlite;    // path of the file; or
  std::string postgres;  // postgresql://user@host:port/database, or postgresql:///database?host=/folder/of/socket
  std::string password_variable;  // environment variable that holds PostgreSQL's password
  std::string statement;          // empty: the argument "sql"
};

// Keys: those of read_definition, sqlite, postgres, password_variable, statement. Where no schema is given: input is the parameters, each
// required; output what the tool returns.
Result<SqlToolOptions> sql_tool_options(const base::Json& object);

// Error: a URL that is none, an address that the policy denies, a variable that is not set.
Result<std::unique_ptr<Tool>> make_sql_tool(SqlToolOptions options, const net::AddressPolicy& policy);

}  // namespace cadre::agent
