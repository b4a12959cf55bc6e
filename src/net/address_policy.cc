// SPDX-License-Identifier: Apache-2.0
#include "net/address_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace cadre::net {
namespace {

// A host as it is compared: lower case, without the dot that may end a full name.
std::string plain_host(std::string_view host) {
  std::string result = base::ascii_lower(host);
  if (result.size() > 1 && result.back() == '.') result.pop_back();
  return result;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

template <class T>
std::optional<T> number_of(std::string_view text, T max) {
  T value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

uint16_t port_of_scheme(const std::string& scheme) {
  if (scheme == "https") return 443;
  if (scheme == "http") return 80;
  return scheme == "postgresql" ? 5432 : 0;
}

Error entry_error(std::string_view entry, std::string_view why) {
  return Error{
      ErrorCode::kInvalid,
      fmt::format("allowed address \"{}\": {}; write a name, an address or a network with an optional port, like "
                  "\"api.example.com:443\", \"127.0.0.1:8080\", \"[::1]:8080\" or \"10.0.0.0/8\"",
                  entry, why)};
}

std::string host_and_port(std::string_view host, uint16_t port) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Error denied(const Destination& destination, const std::string& what, const std::string& entry) {
  return Error{ErrorCode::kDenied,
               fmt::format("{}://{}: {}; to allow it, add \"{}\" to addresses in the cadre file", destination.scheme,
                           host_and_port(destination.host, destination.port), what, entry)};
}

// An entry's text in its parts, still unchecked.
struct EntryText {
  std::string scheme, host, prefix, port;
};

// "host", "host:port", "[v6]:port", "v6", with "/bits" before the port.
Result<EntryText> split_entry(std::string_view text) {
  EntryText parts;
  std::string_view rest = text;
  if (const size_t at = rest.find("://"); at != std::string_view::npos) {
    parts.scheme = base::ascii_lower(rest.substr(0, at));
    rest.remove_prefix(at + 3);
    if (port_of_scheme(parts.scheme) == 0) return entry_error(text, "its scheme is neither http, https nor postgresql");
  }
  const bool has_brackets = !rest.empty() && rest.front() == '[';
  if (has_brackets) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return entry_error(text, "its \"[\" is not closed");
    parts.host = base::ascii_lower(rest.substr(1, close - 1));
    rest.remove_prefix(close + 1);
  } else {
    const bool is_v6 = std::count(rest.begin(), rest.end(), ':') > 1;
    const size_t end = is_v6 ? rest.find('/') : rest.find_first_of("/:");
    parts.host = base::ascii_lower(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
  if (!rest.empty() && rest.front() == '/') {
    const size_t colon = rest.find(':');
    parts.prefix = rest.substr(1, colon == std::string_view::npos ? colon : colon - 1);
    if (parts.prefix.empty()) return entry_error(text, "a path is no part of an address");
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
  }
  if (rest.empty()) return parts;
  if (rest.front() != ':' || rest.size() == 1) return entry_error(text, "after the host only a port may follow");
  parts.port = rest.substr(1);
  return parts;
}

int width_of(const IpAddress& address) {
  return address.is_v4() ? 32 : 128;
}

}  // namespace

bool is_localhost(std::string_view host) {
  const std::string plain = plain_host(host);
  return plain == "localhost" || plain.ends_with(".localhost");
}

Result<AddressPolicy::Entry> AddressPolicy::parse_entry(std::string_view text) {
  const EntryText parts = TRY(split_entry(text));
  Entry entry;
  entry.scheme = parts.scheme;
  entry.port = port_of_scheme(parts.scheme);
  if (!parts.port.empty()) {
    entry.port = number_of<uint16_t>(parts.port, 65535).value_or(0);
    if (entry.port == 0) return entry_error(text, "its port is not a number of 1 to 65535");
  }
  entry.network = IpAddress::parse(parts.host);
  if (!entry.network) {
    if (!parts.prefix.empty()) return entry_error(text, "a path is no part of an address");
    entry.name = parts.host;
    const std::string_view name = parts.host;
    const bool is_pattern = name == "*" || (name.starts_with("*.") && is_name(name.substr(2)));
    if (!is_pattern && !is_name(name))
      return entry_error(text, "this is no host name (international names in their xn-- form)");
    const bool looks_numeric =
        std::all_of(name.begin(), name.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    if (looks_numeric) return entry_error(text, "this is no full IPv4 address");
    return entry;
  }
  entry.prefix_bits = width_of(*entry.network);
  if (!parts.prefix.empty()) {
    const auto bits = number_of<int>(parts.prefix, entry.prefix_bits);
    if (!bits || *bits < 0)
      return entry_error(text, fmt::format("the length of its network is not 0 to {}", entry.prefix_bits));
    entry.prefix_bits = *bits;
  }
  if (entry.network->kind() == AddressKind::kForbidden && entry.prefix_bits > 0)
    return entry_error(text, "unspecified, multicast and reserved addresses cannot be reached");
  return entry;
}

Result<AddressPolicy> AddressPolicy::parse(const std::vector<std::string>& entries) {
  AddressPolicy policy;
  for (const std::string& entry : entries) policy.entries_.push_back(TRY(parse_entry(entry)));
  return policy;
}

bool AddressPolicy::covers_port(const Entry& entry, const Destination& destination) {
  return (entry.scheme.empty() || entry.scheme == destination.scheme) &&
         (entry.port == 0 || entry.port == destination.port);
}

bool AddressPolicy::names_host(const Entry& entry, const std::string& host) {
  if (entry.network) return false;
  if (entry.name == "*" || entry.name == host) return true;
  if (entry.name == "localhost") return is_localhost(host);
  if (!entry.name.starts_with("*.")) return false;
  const std::string_view below = std::string_view(entry.name).substr(1);  // ".x"
  return host.size() > below.size() && host.ends_with(below);
}

Result<void> AddressPolicy::check_name(const Destination& destination) const {
  const std::string host = plain_host(destination.host);
  if (const auto address = IpAddress::parse(host)) return check_address(destination, *address);
  for (const Entry& entry : entries_) {
    if (!covers_port(entry, destination)) continue;
    if (names_host(entry, host)) return {};
    if (entry.network && is_localhost(host) && entry.network->kind() == AddressKind::kLoopback) return {};
  }
  return denied(destination, "this address is not allowed", host_and_port(host, destination.port));
}

Result<void> AddressPolicy::check_address(const Destination& destination, const IpAddress& address) const {
  const AddressKind kind = address.kind();
  if (kind == AddressKind::kForbidden)
    return Error{ErrorCode::kDenied,
                 fmt::format("{}://{}: {} is unspecified, multicast or reserved and cannot be reached",
                             destination.scheme, host_and_port(destination.host, destination.port), address.text())};
  const std::string host = plain_host(destination.host);
  const bool is_literal = IpAddress::parse(host).has_value();
  for (const Entry& entry : entries_) {
    if (!covers_port(entry, destination)) continue;
    if (entry.network) {
      if (address.is_within(*entry.network, entry.prefix_bits) &&
          (kind == AddressKind::kPublic || entry.network->is_network_of_one_kind(entry.prefix_bits)))
        return {};
    } else if (kind == AddressKind::kPublic) {
      if (entry.name == "*" || (!is_literal && names_host(entry, host))) return {};
    } else if (kind == AddressKind::kLoopback && entry.name == "localhost" && (is_literal || is_localhost(host))) {
      return {};
    }
  }
  const std::string literal = host_and_port(address.text(), destination.port);
  if (is_literal)
    return denied(destination, fmt::format("this {} address is not allowed", address_kind_name(kind)), literal);
  return denied(
      destination,
      fmt::format("the name stands for {}, a {} address that is not allowed", address.text(), address_kind_name(kind)),
      literal);
}

}  // namespace cadre::net
