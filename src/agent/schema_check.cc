// SPDX-License-Identifier: Apache-2.0
#include "agent/schema_check.h"

#include <fmt/format.h>

#include <utility>

#include "contract/json_document.h"
#include "contract/schema_validate.h"

namespace cadre::agent {

Result<SchemaCheck> SchemaCheck::make(const base::Json& schema) {
  SchemaCheck check;
  if (schema.is_null()) return check;
  check.schema_ = std::make_shared<const contract::Schema>(TRY(contract::read_schema(base::dump_json(schema))));
  check.origins_ = origin_names(*check.schema_);
  return check;
}

Result<void> SchemaCheck::check(const base::Json& value, const OriginScope& scope) const {
  if (schema_ == nullptr) return {};
  const contract::JsonValue document = TRY(contract::parse_document(base::dump_json(value)));
  std::shared_ptr<const contract::Bindings> bindings;
  if (!origins_.empty()) bindings = TRY(bind_sources(origins_, scope));
  const contract::Validity validity = TRY(contract::validate_document(*schema_, document, bindings.get()));
  if (validity.valid) return {};
  const std::string where = validity.instance_path.empty() ? "the whole value" : validity.instance_path;
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", where, validity.message)};
}

Result<std::vector<contract::Provenance>> SchemaCheck::origins_of(const base::Json& value,
                                                                  const OriginScope& scope) const {
  if (schema_ == nullptr || origins_.empty()) return std::vector<contract::Provenance>();
  const contract::JsonValue document = TRY(contract::parse_document(base::dump_json(value)));
  const auto bindings = TRY(bind_sources(origins_, scope));
  return contract::provenance(*schema_, *bindings, document);
}

Verdict SchemaCheck::verdict(const char* rule, const base::Json& value, const OriginScope& scope) const {
  const auto checked = check(value, scope);
  return {rule, checked.ok(), checked.ok() ? "" : checked.error().message};
}

}  // namespace cadre::agent
