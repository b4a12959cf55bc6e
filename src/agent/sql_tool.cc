// SPDX-License-Identifier: Apache-2.0
#include "agent/sql_tool.h"

#include <fmt/format.h>

#include <cstdlib>

#include "agent/object_schema.h"
#include "agent/option_reader.h"
#include "agent/postgres_backend.h"
#include "agent/sql_parameters.h"
#include "agent/sql_rows.h"
#include "agent/sqlite_backend.h"
#include "base/sha256.h"

namespace cadre::agent {
namespace {

using base::Json;

SqlDialect dialect_of(const SqlToolOptions& options) {
  return options.postgres.empty() ? SqlDialect::kSqlite : SqlDialect::kPostgres;
}

Json input_schema_of(const std::vector<std::string>& names, bool is_free) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const std::string& name : names) {
    properties[name] = {{"type", {"string", "number", "boolean", "null"}}};
    required.push_back(name);
  }
  if (is_free) {
    properties["sql"] = {{"type", "string"}};
    required.push_back("sql");
  }
  return object_schema(properties, required);
}

class SqlTool final : public Tool {
 public:
  SqlTool(ToolDefinition definition, NumberedSql statement, std::unique_ptr<SqlBackend> backend)
      : definition_(std::move(definition)), statement_(std::move(statement)), backend_(std::move(backend)) {}

  const ToolDefinition& definition() const override { return definition_; }

  Result<void> check(const Json& arguments) override { return backend_->check(TRY(query_of(arguments))); }

  ToolReturn call(const ToolCall& call) override {
    auto query = query_of(call.arguments);
    ToolReturn returned;
    if (!query.ok()) {
      returned.error = std::move(query).error();
      return returned;
    }
    if (query->is_fenced && call.key.empty()) {
      returned.error =
          Error{ErrorCode::kInvalid, fmt::format("tool \"{}\": a fenced call needs a key", definition_.name)};
      return returned;
    }
    return backend_->run(*query, call);
  }

 private:
  Result<SqlQuery> query_of(const Json& arguments) const {
    SqlQuery query{.sql = statement_.sql,
                   .is_read_only = definition_.effect == ToolEffect::kRead,
                   .is_fenced = definition_.is_fenced,
                   .call_digest = base::to_hex(base::sha256(definition_.name + '\0' + base::dump_json(arguments)))};
    if (query.sql.empty()) query.sql = TRY(base::json_string(arguments, "sql"));
    for (const std::string& name : statement_.names)
      query.parameters.push_back(arguments.is_object() ? arguments.value(name, Json()) : Json());
    return query;
  }

  ToolDefinition definition_;
  NumberedSql statement_;
  std::unique_ptr<SqlBackend> backend_;
};

}  // namespace

Result<SqlToolOptions> sql_tool_options(const Json& object) {
  OptionReader reader(object);
  SqlToolOptions options{.definition = TRY(read_definition(reader)),
                         .sqlite = TRY(reader.text_or("sqlite", "")),
                         .postgres = TRY(reader.text_or("postgres", "")),
                         .password_variable = TRY(reader.text_or("password_variable", "")),
                         .statement = TRY(reader.text_or("statement", ""))};
  TRY(reader.finish());
  if (options.sqlite.empty() == options.postgres.empty())
    return reader.error("sqlite", "or \"postgres\" says where the data is, one of both");
  if (!options.password_variable.empty() && options.postgres.empty())
    return reader.error("password_variable", "is for PostgreSQL");
  const bool writes = options.definition.effect != ToolEffect::kRead;
  if (options.statement.empty() && writes)
    return reader.error("statement", "is missing: only a tool that reads may run whatever SQL it is given");
  auto numbered = number_parameters(options.statement, dialect_of(options));
  if (!numbered.ok()) return reader.error("statement", "cannot be read: " + numbered.error().message);
  ToolDefinition& definition = options.definition;
  if (definition.input_schema.is_null())
    definition.input_schema = input_schema_of(numbered->names, options.statement.empty());
  if (definition.output_schema.is_null()) definition.output_schema = sql_output_schema(writes);
  return options;
}

Result<std::unique_ptr<Tool>> make_sql_tool(SqlToolOptions options, const net::AddressPolicy& policy) {
  NumberedSql statement = TRY(number_parameters(options.statement, dialect_of(options)));
  std::unique_ptr<SqlBackend> backend;
  if (options.postgres.empty()) {
    backend = make_sqlite_backend(options.sqlite);
  } else {
    std::string password;
    if (!options.password_variable.empty()) {
      const char* value = std::getenv(options.password_variable.c_str());
      if (value == nullptr)
        return Error{ErrorCode::kNotFound,
                     fmt::format("tool \"{}\": the environment variable {} with the password is not set",
                                 options.definition.name, options.password_variable)};
      password = value;
    }
    backend = TRY(make_postgres_backend(options.postgres, password, policy));
  }
  return std::unique_ptr<Tool>(
      std::make_unique<SqlTool>(std::move(options.definition), std::move(statement), std::move(backend)));
}

}  // namespace cadre::agent
