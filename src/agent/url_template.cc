// SPDX-License-Identifier: Apache-2.0
#include "agent/url_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/http_client.h"

namespace cadre::agent {
namespace {

Error template_error(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalid, fmt::format("the URL \"{}\": {}", text, why)};
}

bool has_dot_segment(std::string_view url) {
  std::string_view path = url.substr(url.find("://") + 3);
  path = path.substr(0, path.find('?'));
  while (true) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<std::string> argument_text(std::string_view name, const base::Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return base::dump_json(value);
  return Error{ErrorCode::kInvalid, fmt::format("argument \"{}\" is neither text, a number nor true or false", name)};
}

Result<UrlTemplate> UrlTemplate::parse(std::string_view text) {
  UrlTemplate result;
  const size_t scheme_end = text.find("://");
  const size_t host_end = scheme_end == std::string_view::npos ? scheme_end : text.find_first_of("/?#", scheme_end + 3);
  if (text.find('#') != std::string_view::npos) return template_error(text, "a fragment is never sent");
  if (text.substr(0, host_end).find_first_of("{}") != std::string_view::npos || scheme_end == std::string_view::npos)
    return template_error(text, "it must begin with a fixed scheme, host and port");
  size_t at = 0;
  while (true) {
    const size_t open = text.find('{', at);
    const std::string_view literal = text.substr(at, open == std::string_view::npos ? open : open - at);
    if (literal.find('}') != std::string_view::npos) return template_error(text, "a \"}\" has no \"{\"");
    if (open == std::string_view::npos) {
      result.parts_.push_back({std::string(literal), "", true});
      break;
    }
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return template_error(text, "a \"{\" has no \"}\"");
    const std::string name(text.substr(open + 1, close - open - 1));
    if (name.empty() || name.find('{') != std::string::npos) return template_error(text, "a place without a name");
    result.parts_.push_back({std::string(literal), name, text.substr(0, open).find('?') == std::string_view::npos});
    result.names_.push_back(name);
    at = close + 1;
  }
  std::string sample;
  for (const Part& part : result.parts_) sample += part.literal + (part.argument.empty() ? "" : "x");
  if (has_dot_segment(sample)) return template_error(text, "\".\" and \"..\" are no segments of a path");
  const auto destination = net::destination_of(sample);
  if (!destination.ok()) return template_error(text, destination.error().message);
  return result;
}

Result<std::string> UrlTemplate::fill(const base::Json& arguments) const {
  std::string url;
  for (const Part& part : parts_) {
    url += part.literal;
    if (part.argument.empty()) continue;
    if (!arguments.is_object() || !arguments.contains(part.argument))
      return Error{ErrorCode::kInvalid, fmt::format("argument \"{}\" is missing, the URL needs it", part.argument)};
    const std::string text = TRY(argument_text(part.argument, arguments[part.argument]));
    if (part.is_in_path && text.empty())
      return Error{ErrorCode::kInvalid,
                   fmt::format("argument \"{}\" is empty, and would address something else", part.argument)};
    url += net::percent_encoded(text);
  }
  if (has_dot_segment(url))
    return Error{ErrorCode::kInvalid, "an argument is \".\" or \"..\", and would address something else"};
  return url;
}

}  // namespace cadre::agent
