// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_report.h"

#include <fmt/format.h>

#include "contract/schema_contract.h"

namespace cadre::contract {

namespace {

void add_narrowings(const Schema& schema, SchemaReport& report) {
  const auto note = [&](const SchemaNode& node, const char* keyword, std::string text) {
    report.generate = Grade::kNarrowed;
    report.notes.push_back({node.path + "/" + keyword, std::move(text)});
  };
  for (const SchemaNode& node : schema.nodes) {
    if (node.unique_items) {
      note(node, "uniqueItems",
           fmt::format("generated items after the first are texts or numbers without demands, at most {}", kOthersMax));
    }
    if (!node.pattern_properties.empty())
      note(node, "patternProperties", "at most one generated member has a name that is not under properties");
    if (node.property_names)
      note(node, "propertyNames", "at most one generated member has a name that is not under properties");
    if (node.negated) note(node, "not", "generated only where a way round it is found in a bounded search");
    if (!node.one_of.empty())
      note(node, "oneOf", "generated only where a way into exactly one branch is found in a bounded search");
  }
}

}  // namespace

const char* grade_name(Grade grade) {
  switch (grade) {
    case Grade::kExact:
      return "exact";
    case Grade::kNarrowed:
      return "narrowed";
    default:
      return "refused";
  }
}

SchemaReport report_schema(std::string_view json, const SchemaOptions& options,
                           const std::shared_ptr<const Bindings>& bindings) {
  SchemaReport report;
  const auto refuse = [&](const Error& error) {
    report.accept = report.generate = Grade::kRefused;
    report.notes.push_back({"", error.message});
    return report;
  };
  auto read = read_schema(json, options);
  if (!read.ok()) return refuse(read.error());
  const auto shared = std::make_shared<const Schema>(std::move(*read));
  const auto accepting = SchemaContract::compile(shared, SchemaMode::kAccept, bindings);
  if (!accepting.ok()) return refuse(accepting.error());
  const Schema& schema = *shared;
  for (const std::string& keyword : schema.unknown_keywords)
    report.notes.push_back({keyword, "unknown keyword, taken as an annotation"});
  const auto generating = SchemaContract::compile(shared, SchemaMode::kGenerate, bindings);
  if (generating.ok()) {
    add_narrowings(schema, report);
    report.bytes_min = (*generating)->bytes_min();
    report.states = (*generating)->size();
  } else {
    report.generate = Grade::kRefused;
    report.notes.push_back({"", generating.error().message});
  }
  return report;
}

}  // namespace cadre::contract
