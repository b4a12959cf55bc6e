// An IPv4 or IPv6 address as a number, and what kind of network it belongs to.
//
// Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4) are turned into it, so that no spelling of 127.0.0.1 is
// another address. Accepts only the strict spellings of inet_pton: no octal, no hexadecimal, no short forms.
// Spec: the IANA special-purpose registries for IPv4 and IPv6. Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace cadre::net {

enum class AddressKind : uint8_t {
  kPublic,
  kLoopback,
  kPrivate,    // RFC 1918, RFC 6598, unique local
  kLinkLocal,  // 169.254.0.0/16 (cloud metadata lives there), fe80::/10
  kForbidden,  // unspecified, multicast, broadcast, reserved, Teredo: no server of ours is there
};

class IpAddress {
 public:
  static std::optional<IpAddress> parse(std::string_view text);
  static std::optional<IpAddress> of(const ::sockaddr* address);  // nothing for other families

  bool is_v4() const { return is_v4_; }
  AddressKind kind() const;
  std::string text() const;
  // The first `prefix_bits` bits are the same. REQUIRES prefix_bits of 0..32 (IPv4) or 0..128.
  bool is_within(const IpAddress& network, int prefix_bits) const;
  // Does the network of the first `prefix_bits` bits hold addresses of this one's kind only? Never said of kPublic and kForbidden.
  bool is_network_of_one_kind(int prefix_bits) const;
  bool operator==(const IpAddress&) const = default;

 private:
  IpAddress unwrapped() const;

  bool is_v4_ = true;
  std::array<uint8_t, 16> bytes_{};  // IPv4: the first four
};

// "private", "loopback", ... for messages.
const char* address_kind_name(AddressKind kind);

}  // namespace cadre::net
