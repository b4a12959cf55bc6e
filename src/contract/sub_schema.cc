// The schema of what stands at a path in values of a schema: a walk over the JSON text of it.
//
// Where several keywords speak about the place, the answer is their allOf or anyOf. An answer with references inside keeps the whole
// document beside it under an identifier of its own, so that they mean what they meant.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "contract/regex.h"
#include "contract/schema_fit.h"

namespace cadre::contract {
namespace {

using base::Json;

constexpr const char* kWhole = "cadre:whole";
constexpr const char* kPart = "x-cadre-part";
constexpr int kWalkDepthMax = 100;  // references and allOf inside each other

// What is known of a place: schemas that all hold. `never`: nothing can stand there.
struct Place {
  std::vector<Json> schemas;
  bool never = false;
  bool required = false;

  void add(const Json& schema) {
    never |= schema == false;
    if (!schema.is_boolean() && schema != Json::object()) schemas.push_back(schema);
  }
  void add(Place other) {
    never |= other.never;
    required |= other.required;
    for (Json& schema : other.schemas) schemas.push_back(std::move(schema));
  }
  Json take() const {
    if (never) return false;
    if (schemas.empty()) return true;
    return schemas.size() == 1 ? schemas[0] : Json{{"allOf", schemas}};
  }
};

std::optional<size_t> index_of(const std::string& segment) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
  if (error != std::errc() || end != segment.data() + segment.size()) return std::nullopt;
  return index;
}

bool has_reference(const Json& value) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      if (name == "$ref" || name == "$dynamicRef" || name == "$recursiveRef" || has_reference(member)) return true;
    }
    return false;
  }
  return value.is_array() && std::any_of(value.begin(), value.end(), has_reference);
}

class SubSchemaWalk {
 public:
  explicit SubSchemaWalk(const Json& whole) : whole_(whole) {
    const Json* dialect = whole.is_object() ? step(whole, "$schema") : nullptr;
    reference_stands_alone_ =
        dialect != nullptr && dialect->is_string() && dialect->get<std::string>().find("draft-0") != std::string::npos;
  }

  Result<Place> at(const Json& schema, const std::string& segment, int depth) const {
    if (depth > kWalkDepthMax)
      return Error{ErrorCode::kLimit,
                   fmt::format("schemas nested more than {} deep on the way to \"{}\"", kWalkDepthMax, segment)};
    Place place;
    if (!schema.is_object()) {
      if (schema == false) place.never = true;
      return place;
    }
    TRY(add_reference(schema, segment, depth, place));
    if (reference_stands_alone_ && schema.contains("$ref")) return place;
    const bool in_array = is_array(schema, segment);
    TRY(in_array ? add_item(schema, segment, place) : add_member(schema, segment, place));
    if (const auto all = schema.find("allOf"); all != schema.end() && all->is_array()) {
      for (const Json& part : *all) place.add(TRY(at(part, segment, depth + 1)));
    }
    for (const char* keyword : {"anyOf", "oneOf"}) TRY(add_choices(schema, keyword, segment, depth, place));
    return place;
  }

 private:
  Result<void> add_reference(const Json& schema, const std::string& segment, int depth, Place& place) const {
    for (const char* keyword : {"$dynamicRef", "$recursiveRef"}) {
      if (schema.contains(keyword))
        return Error{ErrorCode::kUnsupported, fmt::format("{} on the way to \"{}\"", keyword, segment)};
    }
    const auto reference = schema.find("$ref");
    if (reference == schema.end() || !reference->is_string()) return {};
    const auto text = reference->get<std::string>();
    const auto unsupported =
        Error{ErrorCode::kUnsupported,
              fmt::format("reference \"{}\" on the way to \"{}\": only pointers into the same document are followed",
                          text, segment)};
    if (text != "#" && !text.starts_with("#/")) return unsupported;
    if (text.find('%') != std::string::npos) return unsupported;
    const Json* target = &whole_;
    for (size_t begin = 2; begin <= text.size() && text.size() > 1;) {
      const size_t end = std::min(text.find('/', begin), text.size());
      target = step(*target, unescaped(text.substr(begin, end - begin)));
      if (target == nullptr)
        return Error{ErrorCode::kNotFound, fmt::format("reference \"{}\": nothing stands there", text)};
      begin = end + 1;
    }
    place.add(TRY(at(*target, segment, depth + 1)));
    return {};
  }

  static std::string unescaped(std::string token) {
    std::string out;
    for (size_t i = 0; i < token.size(); ++i) {
      const bool escape = token[i] == '~' && i + 1 < token.size();
      out.push_back(escape ? (token[++i] == '0' ? '~' : '/') : token[i]);
    }
    return out;
  }

  static const Json* step(const Json& value, const std::string& token) {
    if (value.is_object()) {
      const auto found = value.find(token);
      return found == value.end() ? nullptr : &*found;
    }
    const auto index = index_of(token);
    return value.is_array() && index && *index < value.size() ? &value[*index] : nullptr;
  }

  // Does the segment name an item here? A schema for arrays and objects alike decides by the keywords that it has.
  static bool is_array(const Json& schema, const std::string& segment) {
    if (segment != "*" && !index_of(segment)) return false;
    const auto type = schema.find("type");
    if (type != schema.end() && type->is_string()) return *type == "array";
    return segment == "*" || schema.contains("items") || schema.contains("prefixItems");
  }

  static Result<void> add_item(const Json& schema, const std::string& segment, Place& place) {
    const auto index = index_of(segment);
    const auto count = [&](const char* keyword) -> std::optional<double> {
      const auto found = schema.find(keyword);
      return found != schema.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
    };
    if (const auto most = count("maxItems"); most && static_cast<double>(index.value_or(0)) >= *most)
      place.never = true;
    if (const auto least = count("minItems"); least && static_cast<double>(index.value_or(0)) < *least)
      place.required = true;
    auto items = schema.find("items");
    auto prefix = schema.find("prefixItems");
    if (prefix == schema.end() && items != schema.end() && items->is_array()) {
      prefix = items;
      items = schema.find("additionalItems");
    }
    const size_t size = prefix != schema.end() && prefix->is_array() ? prefix->size() : 0;
    if (index && *index < size) {
      place.add((*prefix)[*index]);
    } else if (index || size == 0) {
      if (items != schema.end()) place.add(*items);
    } else {  // any item
      Json ways = Json::array();
      for (const Json& one : *prefix) ways.push_back(one);
      ways.push_back(items == schema.end() ? Json(true) : *items);
      place.add(Json{{"anyOf", std::move(ways)}});
    }
    return {};
  }

  static Result<void> add_member(const Json& schema, const std::string& name, Place& place) {
    if (const auto type = schema.find("type"); type != schema.end()) {
      const bool is_object =
          *type == "object" || (type->is_array() && std::count(type->begin(), type->end(), "object") > 0);
      place.never |= !is_object;
    }
    bool known = false;
    const auto properties = schema.find("properties");
    if (properties != schema.end() && properties->is_object() && properties->contains(name)) {
      place.add((*properties)[name]);
      known = true;
    }
    const auto patterns = schema.find("patternProperties");
    if (patterns != schema.end() && patterns->is_object()) {
      for (const auto& [pattern, value] : patterns->items()) {
        if (!TRY(TRY(Regex::parse(pattern)).search(name))) continue;
        place.add(value);
        known = true;
      }
    }
    const auto others = schema.find("additionalProperties");
    if (!known && others != schema.end()) place.add(*others);
    const auto required = schema.find("required");
    if (required != schema.end() && required->is_array())
      place.required |= std::find(required->begin(), required->end(), name) != required->end();
    return {};
  }

  Result<void> add_choices(const Json& schema, const char* keyword, const std::string& segment, int depth,
                           Place& place) const {
    const auto choices = schema.find(keyword);
    if (choices == schema.end() || !choices->is_array() || choices->empty()) return {};
    Json ways = Json::array();
    bool required = true, open = false;
    for (const Json& choice : *choices) {
      const Place way = TRY(at(choice, segment, depth + 1));
      required &= way.required;
      if (way.never) continue;
      Json what = way.take();
      open |= what == true;
      if (std::find(ways.begin(), ways.end(), what) == ways.end()) ways.push_back(std::move(what));
    }
    place.required |= required;
    if (ways.empty()) place.never = true;
    if (!ways.empty() && !open) place.add(ways.size() == 1 ? ways[0] : Json{{"anyOf", std::move(ways)}});
    return {};
  }

  const Json& whole_;
  bool reference_stands_alone_ = false;  // drafts to 7 ignore what stands beside it
};

// The part with the whole document beside it, where its references lead.
Json standing_alone(const Json& whole, Json part) {
  if (!whole.is_object()) return part;
  Json out = Json::object();
  if (whole.contains("$schema")) out["$schema"] = whole["$schema"];
  if (!has_reference(part)) {
    if (part.is_boolean() || out.empty()) return part;
    out["allOf"] = Json::array({std::move(part)});
    return out;
  }
  const bool is_draft_4 = out.contains("$schema") && out["$schema"].is_string() &&
                          out["$schema"].get<std::string>().find("draft-04") != std::string::npos;
  // The part moves into the document, so that its references are relative to it.
  Json document = whole;
  Json& id = document[is_draft_4 ? "id" : "$id"];
  const bool has_own = id.is_string() && id.get<std::string>().find(':') != std::string::npos &&
                       id.get<std::string>().find('#') == std::string::npos;
  if (!has_own) id = kWhole;
  const auto reference = id.get<std::string>() + "#/" + kPart;
  document[kPart] = std::move(part);
  out["definitions"] = Json{{"whole", std::move(document)}};
  out["allOf"] = Json::array({Json{{"$ref", reference}}});
  return out;
}

}  // namespace

Result<SubSchema> sub_schema(const Json& schema, const std::vector<std::string>& path) {
  SubSchema out{schema, true};
  const SubSchemaWalk walk(schema);
  std::string so_far;
  for (const std::string& segment : path) {
    Place place = TRY(walk.at(out.schema, segment, 0));
    so_far += "/" + segment;
    if (place.never) return Error{ErrorCode::kNotFound, fmt::format("\"{}\": the schema has nothing there", so_far)};
    out.is_always_there &= place.required;
    out.schema = place.take();
  }
  if (!path.empty()) out.schema = standing_alone(schema, std::move(out.schema));
  return out;
}

}  // namespace cadre::contract
