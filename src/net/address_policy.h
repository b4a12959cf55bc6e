// Which addresses a byte may leave for. Default: none.
//
// A policy is a list of entries of the cadre file (addresses):
//
//   "api.example.com:443"     that name, that port; without a port, any
//   "*.example.com"           every name below, not example.com itself
//   "127.0.0.1:8080" "[::1]"  that address
//   "10.0.0.0/8" "fd00::/8"   that network; "10.0.0.0/8:5432" one port of it
//   "localhost"               this machine's own addresses, 127.0.0.0/8 and ::1
//   "https://api.example.com" that name, the scheme's port, that scheme only
//   "*"                       every name and every public address
//
// It is asked twice: for the name before anything is resolved (a DNS query leaves the machine too), and for each address the name
// turned out to have before a connection to it is opened. Loopback, private and link-local addresses (cloud metadata) pass only if an
// entry names them, or a network that is wholly of that kind: "*", "0.0.0.0/0" and a name that happens to resolve there do not. So a
// name inside a private network takes two entries: the name and the network. Unspecified, multicast and reserved addresses never pass.
// Thread safety: immutable after parse().
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/ip_address.h"

namespace cadre::net {

struct Destination {
  std::string scheme;  // "http", "https", "postgresql"; lower case
  std::string host;    // a name, or an address without brackets
  uint16_t port = 0;
};

class AddressPolicy {
 public:
  AddressPolicy() = default;  // allows nothing
  // Error kInvalid names the entry that cannot be understood and says what to write.
  static Result<AddressPolicy> parse(const std::vector<std::string>& entries);

  // May this be asked for at all? Error kDenied says which entry would allow it.
  Result<void> check_name(const Destination& destination) const;
  // May a connection be opened to `address`, which destination.host is or was resolved to?
  Result<void> check_address(const Destination& destination, const IpAddress& address) const;

 private:
  struct Entry {
    std::string scheme;                // empty: any
    std::string name;                  // lower case; "*" any, "*.x" below x; empty where `network` is set
    std::optional<IpAddress> network;  // of `prefix_bits`
    int prefix_bits = 0;
    uint16_t port = 0;  // 0: any
  };
  static Result<Entry> parse_entry(std::string_view text);
  static bool covers_port(const Entry& entry, const Destination& destination);
  static bool names_host(const Entry& entry, const std::string& host);

  std::vector<Entry> entries_;
};

// "localhost" or a name below it, which never leave the machine (RFC 6761).
bool is_localhost(std::string_view host);

}  // namespace cadre::net
