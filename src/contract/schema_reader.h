// Reading one schema into nodes: a work list of schemas to read, each node instantiated once per dynamic scope.
//
// A dynamic scope is the list of resources with dynamic anchors that evaluation has entered, outermost first, without those that
// add no new name; it is part of a node's identity, so that $dynamicRef is resolved while reading. Only what the root reaches
// is read. Nothing recurses. Thread safety: none; lives for one read_schema.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/schema.h"
#include "contract/schema_dialect.h"
#include "contract/schema_documents.h"

namespace cadre::contract {

class SchemaReader {
 public:
  explicit SchemaReader(const SchemaOptions& options) : options_(options), documents_(options) {}
  Result<Schema> read(std::string_view json);

 private:
  using ScopeId = uint32_t;  // 0: no resource with dynamic anchors entered

  // How x-grounded above a schema concerns it.
  enum class Grounding : uint8_t {
    kNone,
    kInPlace,  // one of several for the same instance: grounds what is inside, a schema further out the instance itself
    kDemand    // the values that it speaks about must be grounded
  };
  // A node whose keywords are still to be read.
  struct Pending {
    SchemaId id = 0;
    const JsonValue* value = nullptr;
    ResourceId resource = 0;
    ScopeId scope = 0;
    Grounding grounding = Grounding::kNone;
  };
  // The node being read.
  struct Here : Pending {
    Dialect dialect;
  };
  // Nodes by (value, scope, grounding): open addressing, since a schema of a few kilobytes asks it hundreds of times.
  struct Slot {
    const JsonValue* value = nullptr;
    ScopeId scope = 0;
    Grounding grounding = Grounding::kNone;
    SchemaId id = 0;
  };

  Result<SchemaId> node_for(const JsonValue& value, ResourceId resource, ScopeId scope, Grounding grounding,
                            std::string path);
  Slot& slot_for(const JsonValue* value, ScopeId scope, Grounding grounding);
  void grow_slots();
  ScopeId enter(ScopeId scope, ResourceId resource);

  Result<void> read_node(const Pending& pending);
  Result<void> read_keyword(const Here& here, Keyword keyword, const std::string& name, const JsonValue& value);
  Result<void> read_applicator(const Here& here, Keyword keyword, const std::string& name, const JsonValue& value);
  Result<void> read_assertion(const Here& here, Keyword keyword, const std::string& name, const JsonValue& value);
  void note_unknown(const Here& here, const std::string& name);

  SchemaNode& node(const Here& here) { return schema_.nodes[here.id]; }
  Error malformed(const Here& here, std::string_view name, std::string_view expected) const;
  std::string path_of(const Here& here, std::string_view name) const;

  // Sub-schemas.
  Result<SchemaId> read_child(const Here& here, const std::string& name, const JsonValue& value);
  Result<SchemaId> read_child_at(const Here& here, const std::string& name, std::string_view key,
                                 const JsonValue& value);
  Result<std::vector<SchemaId>> read_children(const Here& here, const std::string& name, const JsonValue& value);
  Result<void> read_properties(const Here& here, const std::string& name, const JsonValue& value);
  Result<void> read_pattern_properties(const Here& here, const std::string& name, const JsonValue& value);
  Result<void> read_dependencies(const Here& here, const std::string& name, const JsonValue& value, Keyword keyword);
  Result<void> read_items(const Here& here, const JsonValue& schema);
  Result<void> read_reference(const Here& here, const std::string& name, const JsonValue& value, Keyword keyword);

  // Values.
  Result<uint8_t> read_types(const Here& here, const JsonValue& value) const;
  Result<Decimal> read_number(const Here& here, std::string_view name, const JsonValue& value) const;
  Result<uint64_t> read_count(const Here& here, std::string_view name, const JsonValue& value) const;
  Result<std::vector<std::string>> read_names(const Here& here, std::string_view name, const JsonValue& value) const;
  Result<uint32_t> pattern_index(const Here& here, std::string_view name, const std::string& pattern);
  Result<void> read_bounds(const Here& here, const JsonValue& schema);

  // Origins of values.
  static Grounding grounding_below(Grounding here, std::string_view keyword);
  Result<void> read_grounded(Here& here) const;
  Result<void> read_origin(const Here& here, Keyword keyword, const std::string& name, const JsonValue& value);
  Result<CopyRule> read_copy(const Here& here, const std::string& name, const JsonValue& value) const;
  static Result<std::vector<std::string>> read_sources(const std::string& path, const JsonValue& value);
  Result<void> finish_origins(const Here& here);
  SchemaId without_marks(SchemaId condition);
  void ground(SchemaId id);

  Result<void> check_cycles() const;

  const SchemaOptions& options_;
  SchemaDocuments documents_;
  Schema schema_;
  std::vector<Pending> pending_;
  std::vector<Slot> slots_;
  std::vector<std::vector<ResourceId>> scopes_ = {{}};
  std::map<std::vector<ResourceId>, ScopeId> scope_ids_;
  std::unordered_map<std::string, uint32_t> pattern_ids_;
  std::optional<SchemaId> grounded_any_;  // any value, all of it grounded
};

}  // namespace cadre::contract
