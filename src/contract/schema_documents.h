// The documents of a schema and what may be referred to in them: resources by URI, anchors, JSON pointers.
//
// A resource is a document's root or a schema inside it that carries its own id; it has a base URI, a dialect and anchors.
// Identifiers count only where a schema stands (not inside const, enum or unknown keywords). Documents that the caller
// supplied are read when the first reference names them. Lifetime: values point into documents owned here; `options` must outlive this.
// Thread safety: none; lives while one schema is read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/json_document.h"
#include "contract/schema.h"
#include "contract/schema_dialect.h"

namespace cadre::contract {

using ResourceId = uint32_t;

struct SchemaAnchor {
  std::string name;
  const JsonValue* value = nullptr;
  std::string path;
  bool dynamic = false;
};

struct SchemaResource {
  std::string uri;  // absolute, without fragment; empty for a main document without an id
  const JsonValue* root = nullptr;
  std::string path;  // of the root: "#", "#/$defs/a", "http://x/y#"
  Dialect dialect;
  std::vector<SchemaAnchor> anchors;  // $recursiveAnchor: true is a dynamic anchor without a name
  bool has_dynamic_anchors = false;

  const SchemaAnchor* find_anchor(std::string_view name, bool dynamic_only) const;
};

// Where a reference leads.
struct SchemaLocation {
  const JsonValue* value = nullptr;
  ResourceId resource = 0;
  std::string path;
  std::optional<std::string> dynamic_name;  // the dynamic anchor by which it was named
};

class SchemaDocuments {
 public:
  explicit SchemaDocuments(const SchemaOptions& options) : options_(options) {}

  // The main document; its root resource is number 0.
  Result<void> add_main(std::string_view json);

  const SchemaResource& resource(ResourceId id) const { return resources_[id]; }
  // The resource whose root `value` is, else `otherwise`.
  ResourceId resource_at(const JsonValue* value, ResourceId otherwise) const;
  Result<SchemaLocation> resolve(std::string_view reference, ResourceId from);

 private:
  struct Place;
  Result<ResourceId> add_document(std::string_view json, const std::string& uri, const Dialect& inherited);
  Result<Dialect> dialect_of(const JsonValue& root, const Dialect& inherited, int depth) const;
  Result<Dialect> custom_dialect(const std::string& meta_schema, const Dialect& inherited, int depth) const;
  Result<ResourceId> add_resource(const JsonValue& root, std::string uri, std::string path, Dialect dialect);
  Result<ResourceId> find_resource(const std::string& uri, ResourceId from);
  Result<SchemaLocation> follow_pointer(std::string_view pointer, ResourceId resource) const;
  Result<void> scan(const JsonValue& value, const std::string& path, ResourceId resource);
  Result<void> scan_members(const JsonValue& value, const std::string& path, ResourceId resource);
  void add_anchors(const JsonValue& value, const std::string& path, ResourceId resource);

  const SchemaOptions& options_;
  std::vector<std::unique_ptr<JsonValue>> documents_;
  std::deque<SchemaResource> resources_;
  std::unordered_map<std::string, ResourceId> by_uri_;
  std::unordered_map<const JsonValue*, ResourceId> by_root_;
};

}  // namespace cadre::contract
