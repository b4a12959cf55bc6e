// SPDX-License-Identifier: Apache-2.0
#include "net/address_policy.h"

#include <gtest/gtest.h>

namespace cadre::net {
namespace {

AddressPolicy policy(const std::vector<std::string>& entries) {
  return AddressPolicy::parse(entries).value();
}

bool allows_name(const std::vector<std::string>& entries, const char* scheme, const char* host, uint16_t port) {
  return policy(entries).check_name({scheme, host, port}).ok();
}

bool allows(const std::vector<std::string>& entries, const char* host, uint16_t port, const char* address) {
  return policy(entries).check_address({"https", host, port}, IpAddress::parse(address).value()).ok();
}

TEST(IpAddress, EverySpellingOfAnAddressIsThatAddress) {
  const struct {
    const char *spelling, *text;
  } cases[] = {
      {"127.0.0.1", "127.0.0.1"},     {"::ffff:127.0.0.1", "127.0.0.1"}, {"::FFFF:7f00:1", "127.0.0.1"},
      {"64:ff9b::a00:1", "10.0.0.1"}, {"2002:a00:1::", "10.0.0.1"},      {"0:0:0:0:0:0:0:1", "::1"},
      {"FE80::1", "fe80::1"},
  };
  for (const auto& c : cases) EXPECT_EQ(IpAddress::parse(c.spelling).value().text(), c.text) << c.spelling;
  for (const char* refused :
       {"127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "127.0.0.1 ", "", "::1%lo", "[::1]", "localhost"})
    EXPECT_FALSE(IpAddress::parse(refused).has_value()) << refused;
}

TEST(IpAddress, KnowsWhatKindOfNetworkItIsIn) {
  const struct {
    const char* address;
    AddressKind kind;
  } cases[] = {
      {"8.8.8.8", AddressKind::kPublic},
      {"2606:4700::1111", AddressKind::kPublic},
      {"127.9.9.9", AddressKind::kLoopback},
      {"::1", AddressKind::kLoopback},
      {"10.1.2.3", AddressKind::kPrivate},
      {"172.31.0.1", AddressKind::kPrivate},
      {"172.32.0.1", AddressKind::kPublic},
      {"192.168.1.1", AddressKind::kPrivate},
      {"100.100.100.200", AddressKind::kPrivate},
      {"fd00:ec2::254", AddressKind::kPrivate},
      {"169.254.169.254", AddressKind::kLinkLocal},
      {"fe80::1", AddressKind::kLinkLocal},
      {"0.0.0.0", AddressKind::kForbidden},
      {"::", AddressKind::kForbidden},
      {"224.0.0.1", AddressKind::kForbidden},
      {"255.255.255.255", AddressKind::kForbidden},
      {"ff02::1", AddressKind::kForbidden},
      {"::2", AddressKind::kForbidden},
      {"2001::1", AddressKind::kForbidden},
      {"2001:4860:4860::8888", AddressKind::kPublic},
  };
  for (const auto& c : cases) EXPECT_EQ(IpAddress::parse(c.address).value().kind(), c.kind) << c.address;
}

TEST(AddressPolicy, AllowsNothingByItself) {
  EXPECT_FALSE(AddressPolicy().check_name({"https", "api.example.com", 443}).ok());
  EXPECT_FALSE(AddressPolicy().check_name({"http", "127.0.0.1", 80}).ok());
  EXPECT_FALSE(AddressPolicy().check_name({"http", "localhost", 80}).ok());
}

TEST(AddressPolicy, NamesAreComparedWhole) {
  const struct {
    const char* entry;
    const char* scheme;
    const char* host;
    uint16_t port;
    bool allowed;
  } cases[] = {
      {"api.example.com:443", "https", "api.example.com", 443, true},
      {"api.example.com:443", "https", "API.Example.COM.", 443, true},
      {"api.example.com:443", "https", "api.example.com", 8443, false},
      {"api.example.com", "https", "api.example.com", 8443, true},
      {"api.example.com", "https", "evil-api.example.com", 443, false},
      {"api.example.com", "https", "api.example.com.evil.org", 443, false},
      {"*.example.com", "https", "a.b.example.com", 443, true},
      {"*.example.com", "https", "example.com", 443, false},
      {"*.example.com", "https", "badexample.com", 443, false},
      {"https://api.example.com", "https", "api.example.com", 443, true},
      {"https://api.example.com", "http", "api.example.com", 443, false},
      {"https://api.example.com", "https", "api.example.com", 80, false},
      {"postgresql://db.example.com", "postgresql", "db.example.com", 5432, true},
      {"*", "https", "anything.example.org", 443, true},
      {"*:443", "https", "anything.example.org", 80, false},
      {"*", "http", "169.254.169.254", 80, false},
      {"*", "http", "127.0.0.1", 80, false},
      {"*", "http", "8.8.8.8", 80, true},
      {"localhost", "http", "localhost", 9, true},
      {"localhost", "http", "app.localhost", 9, true},
      {"localhost", "http", "127.0.0.1", 9, true},
      {"localhost:80", "http", "127.0.0.1", 9, false},
      {"localhost", "http", "localhost.example.com", 9, false},
      {"127.0.0.1:8080", "http", "127.0.0.1", 8080, true},
      {"127.0.0.1:8080", "http", "127.0.0.2", 8080, false},
      {"127.0.0.1:8080", "http", "localhost", 8080, true},
      {"[::1]:8080", "http", "::1", 8080, true},
      {"::1", "http", "::1", 1, true},
      {"10.0.0.0/8", "http", "10.9.8.7", 80, true},
      {"10.0.0.0/8:5432", "http", "10.9.8.7", 80, false},
      {"10.0.0.0/8", "http", "11.0.0.1", 80, false},
      {"fd00::/8", "http", "fd12::1", 80, true},
      {"[fd00::]/8:80", "http", "fd12::1", 80, true},
      {"169.254.169.254", "http", "169.254.169.254", 80, true},
      {"127.0.0.1", "http", "::ffff:127.0.0.1", 80, true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(allows_name({c.entry}, c.scheme, c.host, c.port), c.allowed)
        << c.entry << " " << c.scheme << "://" << c.host << ":" << c.port;
}

TEST(AddressPolicy, ANameMayStandForPublicAddressesOnly) {
  EXPECT_TRUE(allows({"api.example.com"}, "api.example.com", 443, "93.184.216.34"));
  for (const char* inside :
       {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "0.0.0.0"}) {
    EXPECT_FALSE(allows({"api.example.com"}, "api.example.com", 443, inside)) << inside;
    EXPECT_FALSE(allows({"*"}, "api.example.com", 443, inside)) << inside;
    EXPECT_FALSE(allows({"0.0.0.0/0", "::/0"}, "api.example.com", 443, inside)) << inside;
  }
  EXPECT_TRUE(allows({"db.example.com", "10.0.0.0/8"}, "db.example.com", 443, "10.0.0.1"));
  EXPECT_TRUE(allows({"localhost"}, "localhost", 443, "127.0.0.1"));
  EXPECT_FALSE(allows({"localhost"}, "rebound.example.com", 443, "127.0.0.1"));
  EXPECT_FALSE(allows({"api.example.com"}, "8.8.8.8", 443, "8.8.8.8"));
}

TEST(AddressPolicy, ADenialSaysWhatWouldAllowIt) {
  const auto name = AddressPolicy().check_name({"https", "api.example.com", 443});
  EXPECT_EQ(name.error().code, ErrorCode::kDenied);
  EXPECT_EQ(name.error().message,
            "https://api.example.com:443: this address is not allowed; to allow it, add \"api.example.com:443\" to "
            "addresses in "
            "the cadre file");
  const Destination destination{"https", "db.example.com", 443};
  const auto address = policy({"db.example.com"}).check_address(destination, IpAddress::parse("fd00::1").value());
  EXPECT_NE(address.error().message.find("add \"[fd00::1]:443\""), std::string::npos) << address.error().message;
  // What it says is true.
  EXPECT_TRUE(policy({"api.example.com:443"}).check_name({"https", "api.example.com", 443}).ok());
  EXPECT_TRUE(
      policy({"db.example.com", "[fd00::1]:443"}).check_address(destination, IpAddress::parse("fd00::1").value()).ok());
}

TEST(AddressPolicy, RefusesEntriesThatMeanNothing) {
  for (const char* entry : {"",
                            "https://api.example.com/v1",
                            "api.example.com/v1",
                            "host:",
                            "host:0",
                            "host:65536",
                            "host:http",
                            "[::1",
                            "[::1]x",
                            "10.0.0.0/33",
                            "10.0.0.0/",
                            "10.0.0.0/-1",
                            "ftp://host",
                            "user@host",
                            "a..b",
                            ".host",
                            "0.0.0.0",
                            "224.0.0.1",
                            "10.0.0",
                            "b\xc3\xbc"
                            "cher.example",
                            "a*b.example",
                            "*.",
                            "host:80:90"}) {
    const auto parsed = AddressPolicy::parse({entry});
    ASSERT_FALSE(parsed.ok()) << entry;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace cadre::net
