// SPDX-License-Identifier: Apache-2.0
#include "net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace cadre::net {
namespace {

struct Range {
  const char* network;
  int prefix_bits;
  AddressKind kind;
};

// The first range that holds an address decides.
constexpr Range kRanges[] = {
    {"127.0.0.0", 8, AddressKind::kLoopback},
    {"10.0.0.0", 8, AddressKind::kPrivate},
    {"172.16.0.0", 12, AddressKind::kPrivate},
    {"192.168.0.0", 16, AddressKind::kPrivate},
    {"100.64.0.0", 10, AddressKind::kPrivate},
    {"169.254.0.0", 16, AddressKind::kLinkLocal},
    {"0.0.0.0", 8, AddressKind::kForbidden},
    {"192.0.0.0", 24, AddressKind::kForbidden},
    {"192.0.2.0", 24, AddressKind::kForbidden},
    {"198.18.0.0", 15, AddressKind::kPrivate},
    {"198.51.100.0", 24, AddressKind::kForbidden},
    {"203.0.113.0", 24, AddressKind::kForbidden},
    {"224.0.0.0", 3, AddressKind::kForbidden},  // multicast, reserved, broadcast
    {"::1", 128, AddressKind::kLoopback},
    {"fc00::", 7, AddressKind::kPrivate},
    {"fe80::", 10, AddressKind::kLinkLocal},
    {"2001::", 23, AddressKind::kForbidden},
    {"2001:db8::", 32, AddressKind::kForbidden},
    {"2000::", 3, AddressKind::kPublic},
    {"::", 0, AddressKind::kForbidden},  // what is not global unicast
};

// Null: public IPv4.
const Range* range_of(const IpAddress& address) {
  for (const Range& range : kRanges) {
    const auto network = IpAddress::parse(range.network);
    if (network && address.is_within(*network, range.prefix_bits)) return &range;
  }
  return nullptr;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET, copy.c_str(), address.bytes_.data()) == 1) return address;
  address.is_v4_ = false;
  if (::inet_pton(AF_INET6, copy.c_str(), address.bytes_.data()) == 1) return address.unwrapped();
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::of(const ::sockaddr* address) {
  IpAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(result.bytes_.data(), &v4.sin_addr, 4);
    return result;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  result.is_v4_ = false;
  std::memcpy(result.bytes_.data(), &v6.sin6_addr, 16);
  return result.unwrapped();
}

IpAddress IpAddress::unwrapped() const {
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr uint8_t kNat64[12] = {0, 0x64, 0xff, 0x9b};
  IpAddress inner;
  const auto starts_with = [&](const uint8_t(&prefix)[12]) { return std::equal(prefix, prefix + 12, bytes_.begin()); };
  if (starts_with(kMapped) || starts_with(kNat64)) {
    std::copy(bytes_.begin() + 12, bytes_.end(), inner.bytes_.begin());
    return inner;
  }
  if (bytes_[0] == 0x20 && bytes_[1] == 0x02) {  // 6to4
    std::copy(bytes_.begin() + 2, bytes_.begin() + 6, inner.bytes_.begin());
    return inner;
  }
  return *this;
}

AddressKind IpAddress::kind() const {
  const Range* range = range_of(*this);
  return range == nullptr ? AddressKind::kPublic : range->kind;
}

bool IpAddress::is_network_of_one_kind(int prefix_bits) const {
  const Range* range = range_of(*this);
  return range != nullptr && range->kind != AddressKind::kPublic && range->kind != AddressKind::kForbidden &&
         prefix_bits >= range->prefix_bits;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

bool IpAddress::is_within(const IpAddress& network, int prefix_bits) const {
  if (is_v4_ != network.is_v4_) return false;
  for (int bit = 0; bit < prefix_bits; bit += 8) {
    const int kept = std::min(8, prefix_bits - bit);
    const uint8_t mask = static_cast<uint8_t>(0xff << (8 - kept));
    if (((bytes_[bit / 8] ^ network.bytes_[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

const char* address_kind_name(AddressKind kind) {
  switch (kind) {
    case AddressKind::kPublic:
      return "public";
    case AddressKind::kLoopback:
      return "loopback";
    case AddressKind::kPrivate:
      return "private";
    case AddressKind::kLinkLocal:
      return "link-local";
    case AddressKind::kForbidden:
      return "not a server's";
  }
  return "not a server's";
}

}  // namespace cadre::net
