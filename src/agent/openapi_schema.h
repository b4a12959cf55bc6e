// References inside one OpenAPI document, and its schemas as JSON Schemas that stand on their own.
//
// A reference is "#/a/b", into the same document; any other is refused. Schemas of OpenAPI 3.1 are JSON Schema 2020-12; those of 3.0 are turned into it
// (`nullable`, nothing beside $ref). What a schema refers to is moved into $defs under the last name of its pointer. Left out: what only documents
// (`example`, `xml`, `discriminator`, "x-..."), properties that are readOnly in a request and those that are writeOnly in a response. Refused, by path:
// $id, $anchor, $dynamicRef and their kind, another dialect, more than the limits below. Nothing is fetched.
// Thread safety: one thread each; the document must outlive them. Spec: spec.openapis.org/oas/v3.1.1, "Schema Object", and v3.0.4.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr int kOpenApiReferenceHopsMax = 16;
inline constexpr size_t kOpenApiDefinitionsMax = 500;
inline constexpr size_t kOpenApiSchemaNodesMax = 50'000;
inline constexpr int kOpenApiSchemaDepthMax = 64;

// A part of the document and its JSON pointer, which messages name.
struct OpenApiPlace {
  const base::Json* value = nullptr;
  std::string pointer;

  // The member of an object, or the item of a list; `value` is null where there is none.
  OpenApiPlace at(const std::string& key) const;
  OpenApiPlace at(size_t index) const;
  explicit operator bool() const { return value != nullptr; }
};

// kInvalid, or another code, with the place in front.
Error openapi_error(const OpenApiPlace& place, const std::string& why, ErrorCode code = ErrorCode::kInvalid);

class OpenApiReferences {
 public:
  explicit OpenApiReferences(const base::Json& document) : document_(document) {}
  OpenApiPlace root() const { return {&document_, ""}; }
  // Where a "$ref" leads that stands at `from`.
  Result<OpenApiPlace> target(const OpenApiPlace& from, const std::string& reference) const;
  // The object at `place`, or the one that its $ref leads to.
  Result<OpenApiPlace> resolve(OpenApiPlace place) const;

 private:
  const base::Json& document_;
};

enum class OpenApiDirection : uint8_t { kRequest, kResponse };
enum class OpenApiEra : uint8_t { k30, k31 };

class OpenApiSchemas {
 public:
  OpenApiSchemas(const OpenApiReferences& references, OpenApiEra era, OpenApiDirection direction)
      : references_(references), era_(era), direction_(direction) {}

  // A schema whose references point into $defs of the schema it will be part of.
  Result<base::Json> convert(const OpenApiPlace& place);
  // Adds to `schema`, the outermost one, what the converted ones refer to.
  Result<void> add_definitions(base::Json& schema);

 private:
  Result<base::Json> convert(const OpenApiPlace& place, int depth);
  Result<base::Json> convert_members(const OpenApiPlace& place, const std::string& keyword, int depth);
  Result<std::string> definition_for(const OpenApiPlace& from, const std::string& reference);
  Result<bool> is_hidden(const OpenApiPlace& property) const;
  Result<void> hide_properties(const OpenApiPlace& place, base::Json& schema) const;

  const OpenApiReferences& references_;
  OpenApiEra era_;
  OpenApiDirection direction_;
  size_t node_count_ = 0;
  std::map<std::string, std::string> names_;  // by pointer
  std::vector<OpenApiPlace> waiting_;         // registered and not yet converted
  base::Json definitions_ = base::Json::object();
};

}  // namespace cadre::agent
