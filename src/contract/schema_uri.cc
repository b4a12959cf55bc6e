// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_uri.h"

#include <algorithm>
#include <vector>

#include "base/ascii.h"

namespace cadre::contract {
namespace {

// scheme ":" "//" authority path "?" query, each with its punctuation, each perhaps empty.
struct Components {
  std::string_view scheme, authority, path, query;
};

bool is_scheme_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

std::string_view take(std::string_view& text, size_t size) {
  const auto out = text.substr(0, size);
  text.remove_prefix(out.size());
  return out;
}

Components split(std::string_view uri) {
  Components out;
  size_t scheme_end = 0;
  while (scheme_end < uri.size() && is_scheme_char(uri[scheme_end])) ++scheme_end;
  if (scheme_end > 0 && scheme_end < uri.size() && uri[scheme_end] == ':') out.scheme = take(uri, scheme_end + 1);
  if (uri.starts_with("//")) out.authority = take(uri, uri.find_first_of("/?", 2));
  out.path = take(uri, uri.find('?'));
  out.query = uri;
  return out;
}

std::string remove_dot_segments(std::string_view path) {
  if (path.find('.') == std::string_view::npos) return std::string(path);
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> kept;
  bool ends_in_directory = false;
  for (size_t at = rooted ? 1 : 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, end - at);
    ends_in_directory = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < kept.size(); ++i) out.append(i > 0 ? "/" : "").append(kept[i]);
  if (ends_in_directory && !kept.empty()) out.push_back('/');
  return out;
}

std::string merge_paths(const Components& base, std::string_view path) {
  if (!base.authority.empty() && base.path.empty()) return "/" + std::string(path);
  const size_t slash = base.path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : base.path.substr(0, slash + 1)).append(path);
}

}  // namespace

SplitUri split_fragment(std::string_view uri) {
  const size_t hash = uri.find('#');
  if (hash == std::string_view::npos) return {uri, {}};
  return {uri.substr(0, hash), uri.substr(hash + 1)};
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  reference = split_fragment(reference).absolute;
  base = split_fragment(base).absolute;
  if (reference.empty()) return std::string(base);
  const auto target = split(reference);
  if (!target.scheme.empty())
    return std::string(target.scheme)
        .append(target.authority)
        .append(remove_dot_segments(target.path))
        .append(target.query);
  const auto from = split(base);
  std::string out(from.scheme);
  if (!target.authority.empty())
    return out.append(target.authority).append(remove_dot_segments(target.path)).append(target.query);
  out.append(from.authority);
  if (target.path.empty()) return out.append(from.path).append(target.query);
  const auto path = target.path.starts_with('/') ? std::string(target.path) : merge_paths(from, target.path);
  return out.append(remove_dot_segments(path)).append(target.query);
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? base::hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? base::hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string unescape_pointer(std::string_view token) {
  std::string out;
  out.reserve(token.size());
  for (size_t i = 0; i < token.size(); ++i) {
    const char next = token[i] == '~' && i + 1 < token.size() ? token[i + 1] : '\0';
    if (next == '0' || next == '1') {
      out.push_back(next == '0' ? '~' : '/');
      ++i;
    } else {
      out.push_back(token[i]);
    }
  }
  return out;
}

std::string escape_pointer(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (c == '~') {
      out.append("~0");
    } else if (c == '/') {
      out.append("~1");
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace cadre::contract
