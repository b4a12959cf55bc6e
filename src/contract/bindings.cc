// SPDX-License-Identifier: Apache-2.0
#include "contract/bindings.h"

#include <fmt/format.h>

#include <utility>

#include "base/utf8.h"
#include "contract/schema.h"

namespace cadre::contract {

Result<void> Bindings::bind_source(std::string name, std::string text) {
  if (text.size() > kSourceSizeBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("bind source \"{}\": {} bytes, over the limit of {}; bind a part of it",
                                                name, text.size(), kSourceSizeBytesMax)};
  if (!base::is_valid_utf8(text))
    return Error{ErrorCode::kInvalid, fmt::format("bind source \"{}\": the text is not valid UTF-8", name)};
  if (sources_.contains(name))
    return Error{ErrorCode::kInvalid, fmt::format("bind source \"{}\": the name is bound already", name)};
  sources_.emplace(std::move(name), std::move(text));
  return {};
}

Result<void> Bindings::bind_set(std::string name, std::shared_ptr<const ValueSet> set) {
  if (sets_.contains(name))
    return Error{ErrorCode::kInvalid, fmt::format("bind set \"{}\": the name is bound already", name)};
  sets_.emplace(std::move(name), std::move(set));
  return {};
}

const std::string* Bindings::source(std::string_view name) const {
  const auto found = sources_.find(name);
  return found == sources_.end() ? nullptr : &found->second;
}

const ValueSet* Bindings::set(std::string_view name) const {
  const auto found = sets_.find(name);
  return found == sets_.end() ? nullptr : found->second.get();
}

Result<void> check_bindings(const Schema& schema, const Bindings* bindings) {
  const auto missing = [](const SchemaNode& node, const char* keyword, const char* what, const std::string& name) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}/{}: the {} \"{}\" is not bound; bind it before the schema is used", node.path, keyword,
                             what, name)};
  };
  const auto has_source = [&](const std::string& name) {
    return bindings != nullptr && bindings->source(name) != nullptr;
  };
  for (const SchemaNode& node : schema.nodes) {
    if (node.copy) {
      for (const std::string& name : node.copy->from) {
        if (!has_source(name)) return missing(node, "x-copy", "source", name);
      }
    }
    if (node.normal) {
      for (const std::string& name : node.normal->from) {
        if (!has_source(name)) return missing(node, "x-normal", "source", name);
      }
    }
    if (node.grounded && !has_source(kInputSource)) return missing(node, "x-grounded", "source", kInputSource);
    if (!node.enum_from.empty() && (bindings == nullptr || bindings->set(node.enum_from) == nullptr))
      return missing(node, "x-enum-from", "set", node.enum_from);
  }
  return {};
}

}  // namespace cadre::contract
