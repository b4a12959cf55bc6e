// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_documents.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "contract/schema_uri.h"

namespace cadre::contract {
namespace {

constexpr int kMetaSchemaDepthMax = 8;  // a meta-schema's own $schema, and so on

const std::string* string_member(const JsonValue& value, std::string_view name) {
  const auto* member = value.find(name);
  return member != nullptr && member->kind == JsonKind::kString ? &member->text : nullptr;
}

bool is_true(const JsonValue* value) {
  return value != nullptr && value->kind == JsonKind::kTrue;
}

// Most schemas name nothing but by pointer: one look at the text saves walking the tree. An escape might spell a keyword.
bool may_have_names(std::string_view json) {
  for (const std::string_view hint : {"id\"", "nchor\"", "\\u"}) {
    if (json.find(hint) != std::string_view::npos) return true;
  }
  return false;
}

// The identifier of a schema in this dialect. Draft 4 calls it id; so do schemas without `$schema`, at their root.
const std::string* identifier(const JsonValue& value, const Dialect& dialect, bool is_document) {
  const char* name = dialect.draft == Draft::k4 ? "id" : "$id";
  if (dialect.draft <= Draft::k7 && value.find("$ref") != nullptr) return nullptr;
  const auto* id = string_member(value, name);
  return id == nullptr && is_document && !dialect.declared ? string_member(value, "id") : id;
}

bool names_vocabulary(const JsonValue& vocabulary, std::string_view name) {
  for (const auto& member : vocabulary.members) {
    if (member.first.ends_with(name)) return true;
  }
  return false;
}

Error reference_error(std::string_view reference, std::string_view what) {
  return Error{ErrorCode::kNotFound, fmt::format("reference \"{}\": {}", reference.substr(0, 300), what)};
}

// A step of a pointer through an array: digits without a leading zero.
const JsonValue* item_at(const JsonValue& array, std::string_view token) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size() || (token.size() > 1 && token[0] == '0'))
    return nullptr;
  return index < array.items.size() ? &array.items[index] : nullptr;
}

}  // namespace

const SchemaAnchor* SchemaResource::find_anchor(std::string_view name, bool dynamic_only) const {
  for (const auto& anchor : anchors) {
    if (anchor.name == name && (anchor.dynamic || !dynamic_only)) return &anchor;
  }
  return nullptr;
}

ResourceId SchemaDocuments::resource_at(const JsonValue* value, ResourceId otherwise) const {
  const auto found = by_root_.find(value);
  return found == by_root_.end() ? otherwise : found->second;
}

Result<void> SchemaDocuments::add_main(std::string_view json) {
  Dialect dialect;
  if (!options_.default_dialect.empty()) {
    const auto named = published_dialect(options_.default_dialect);
    if (!named)
      return Error{ErrorCode::kUnsupported,
                   fmt::format("default dialect \"{}\" is not a draft from 4 to 2020-12", options_.default_dialect)};
    dialect = *named;
  }
  TRY(add_document(json, "", dialect));
  return {};
}

Result<ResourceId> SchemaDocuments::add_document(std::string_view json, const std::string& uri,
                                                 const Dialect& inherited) {
  if (json.size() > kSchemaSizeBytesMax)
    return Error{ErrorCode::kLimit,
                 fmt::format("schema of {} bytes: the limit is {}", json.size(), kSchemaSizeBytesMax)};
  documents_.push_back(std::make_unique<JsonValue>(TRY(parse_document(json))));
  const JsonValue& root = *documents_.back();
  const Dialect dialect = TRY(dialect_of(root, inherited, 0));
  const auto* id = identifier(root, dialect, true);
  const std::string base = id == nullptr ? uri : resolve_uri(uri, *id);
  const ResourceId resource = TRY(add_resource(root, base, uri + "#", dialect));
  by_uri_.emplace(uri, resource);
  if (may_have_names(json)) {
    add_anchors(root, resources_[resource].path, resource);
    TRY(scan_members(root, resources_[resource].path, resource));
  }
  return resource;
}

Result<Dialect> SchemaDocuments::dialect_of(const JsonValue& root, const Dialect& inherited, int depth) const {
  const auto* meta_schema = string_member(root, "$schema");
  if (meta_schema == nullptr) return inherited;
  if (const auto published = published_dialect(*meta_schema)) return *published;
  if (is_unsupported_draft(*meta_schema))
    return Error{ErrorCode::kUnsupported, fmt::format("$schema \"{}\": drafts before 4 are not read", *meta_schema)};
  return custom_dialect(*meta_schema, inherited, depth);
}

Result<Dialect> SchemaDocuments::custom_dialect(const std::string& meta_schema, const Dialect& inherited,
                                                int depth) const {
  const auto supplied = options_.documents.find(std::string(split_fragment(meta_schema).absolute));
  if (supplied == options_.documents.end()) return inherited;
  if (depth >= kMetaSchemaDepthMax)
    return Error{ErrorCode::kLimit, fmt::format("$schema \"{}\": meta-schemas of meta-schemas", meta_schema)};
  const auto root = parse_document(supplied->second);
  if (!root.ok()) return Error(root.error()).with_context(fmt::format("$schema \"{}\"", meta_schema));
  Dialect dialect = TRY(dialect_of(*root, inherited, depth + 1));
  const auto* vocabulary = root->find("$vocabulary");
  if (vocabulary == nullptr || vocabulary->kind != JsonKind::kObject) return dialect;
  dialect.applicator = names_vocabulary(*vocabulary, "/vocab/applicator");
  dialect.validation = names_vocabulary(*vocabulary, "/vocab/validation");
  dialect.unevaluated =
      dialect.draft == Draft::k2019 ? dialect.applicator : names_vocabulary(*vocabulary, "/vocab/unevaluated");
  return dialect;
}

Result<ResourceId> SchemaDocuments::add_resource(const JsonValue& root, std::string uri, std::string path,
                                                 Dialect dialect) {
  const auto id = static_cast<ResourceId>(resources_.size());
  by_uri_.emplace(uri, id);
  by_root_.emplace(&root, id);
  auto& resource = resources_.emplace_back();
  resource.uri = std::move(uri);
  resource.root = &root;
  resource.path = std::move(path);
  resource.dialect = dialect;
  return id;
}

void SchemaDocuments::add_anchors(const JsonValue& value, const std::string& path, ResourceId resource_id) {
  auto& resource = resources_[resource_id];
  const auto add = [&](const std::string& name, bool dynamic) {
    if (resource.find_anchor(name, dynamic) == nullptr) resource.anchors.push_back({name, &value, path, dynamic});
    resource.has_dynamic_anchors |= dynamic;
  };
  const Draft draft = resource.dialect.draft;
  if (draft <= Draft::k7) {
    const auto* id = identifier(value, resource.dialect, false);
    if (id != nullptr && split_fragment(*id).fragment.size() > 0) add(std::string(split_fragment(*id).fragment), false);
    return;
  }
  if (const auto* name = string_member(value, "$anchor")) add(*name, false);
  if (draft == Draft::k2019 && &value == resource.root && is_true(value.find("$recursiveAnchor"))) add("", true);
  if (draft < Draft::k2020) return;
  if (const auto* name = string_member(value, "$dynamicAnchor")) add(*name, true);
}

// Recursion follows the nesting of the document, which is bounded.
Result<void> SchemaDocuments::scan(const JsonValue& value, const std::string& path, ResourceId resource) {
  if (value.kind != JsonKind::kObject) return {};
  const auto& outer = resources_[resource];
  const auto dialect = TRY(dialect_of(value, outer.dialect, 0));
  const auto* id = identifier(value, dialect, false);
  if (id != nullptr && !split_fragment(*id).absolute.empty())
    resource = TRY(add_resource(value, resolve_uri(outer.uri, *id), path, dialect));
  add_anchors(value, path, resource);
  return scan_members(value, path, resource);
}

Result<void> SchemaDocuments::scan_members(const JsonValue& value, const std::string& path, ResourceId resource) {
  for (const auto& [name, member] : value.members) {
    const auto holds = schemas_under(keyword_of(name, resources_[resource].dialect));
    if (holds == Holds::kNoSchema) continue;
    const std::string here = path + "/" + escape_pointer(name);
    if (member.kind == JsonKind::kArray && (holds == Holds::kList || holds == Holds::kSchemaOrList)) {
      for (size_t i = 0; i < member.items.size(); ++i)
        TRY(scan(member.items[i], fmt::format("{}/{}", here, i), resource));
    } else if (holds == Holds::kMap) {
      for (const auto& [key, schema] : member.members) TRY(scan(schema, here + "/" + escape_pointer(key), resource));
    } else if (holds != Holds::kList) {
      TRY(scan(member, here, resource));
    }
  }
  return {};
}

Result<ResourceId> SchemaDocuments::find_resource(const std::string& uri, ResourceId from) {
  const auto known = by_uri_.find(uri);
  if (known != by_uri_.end()) return known->second;
  const auto supplied = options_.documents.find(uri);
  if (supplied == options_.documents.end())
    return reference_error(uri, "no such schema in the document, and nothing is fetched (supply it in the options)");
  auto added = add_document(supplied->second, uri, resources_[from].dialect);
  if (!added.ok()) return std::move(added).error().with_context("document \"" + uri + "\"");
  return added;
}

Result<SchemaLocation> SchemaDocuments::resolve(std::string_view reference, ResourceId from) {
  ResourceId resource = from;
  if (!reference.starts_with('#')) resource = TRY(find_resource(resolve_uri(resources_[from].uri, reference), from));
  const auto raw = split_fragment(reference).fragment;
  const std::string fragment = percent_decode(raw);
  const auto& target = resources_[resource];
  if (fragment.empty()) return SchemaLocation{target.root, resource, target.path, std::nullopt};
  if (fragment[0] == '/') {
    auto location = follow_pointer(fragment, resource);
    if (!location.ok()) return reference_error(reference, location.error().message);
    return location;
  }
  const auto* anchor = target.find_anchor(fragment, false);
  if (anchor == nullptr) return reference_error(reference, "no such anchor");
  const auto* dynamic = target.find_anchor(fragment, true);
  SchemaLocation out{anchor->value, resource, anchor->path, std::nullopt};
  if (dynamic != nullptr) out.dynamic_name = fragment;
  return out;
}

Result<SchemaLocation> SchemaDocuments::follow_pointer(std::string_view pointer, ResourceId resource) const {
  const JsonValue* at = resources_[resource].root;
  std::string path = resources_[resource].path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    at = at->kind == JsonKind::kArray ? item_at(*at, token) : at->find(unescape_pointer(token));
    if (at == nullptr)
      return Error{ErrorCode::kNotFound, fmt::format("nothing is there (no \"{}\")", token.substr(0, 100))};
    path.append("/").append(token);
    resource = resource_at(at, resource);
  }
  return SchemaLocation{at, resource, std::move(path), std::nullopt};
}

}  // namespace cadre::contract
