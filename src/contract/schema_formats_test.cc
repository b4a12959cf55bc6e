// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_formats.h"

#include <gtest/gtest.h>

#include <vector>

#include "contract/regex.h"
#include "contract/schema_contract.h"

namespace cadre::contract {
namespace {

struct FormatCase {
  const char* format;
  std::vector<const char*> accepted, refused;
};

TEST(SchemaFormats, EachFormatAcceptsItsOwn) {
  const FormatCase kCases[] = {
      {"date",
       {"2024-02-29", "2000-02-29", "1999-12-31", "0000-02-29"},
       {"2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-1-1", "2024-00-10", "2024-01-00", " 2024-01-01"}},
      {"time",
       {"23:59:59Z", "00:00:00.123+05:30", "23:59:60Z", "15:59:60-08:00", "00:59:60+01:00", "01:29:60+01:30",
        "05:29:60.25+05:30", "20:29:60-03:30", "00:00:60+00:01", "00:00:60-23:59", "23:58:60-00:01", "23:58:60+23:59"},
       {"24:00:00Z", "12:60:00Z", "12:00:60Z", "12:00:00", "1:00:00Z", "12:00:00+24:00", "23:59:60-08:00",
        "01:29:60+01:31", "01:29:60+02:30", "01:29:60-01:30", "23:58:60Z", "23:58:60-01:01", "24:00:60-23:59",
        "05:29:60.+05:30"}},
      {"date-time",
       {"2024-02-29T12:00:00Z", "1998-12-31t23:59:60z"},
       {"2024-02-29 12:00:00Z", "2023-02-29T12:00:00Z", "2024-02-29T12:00:00"}},
      {"duration",
       {"P1Y2M3D", "PT1H", "P4W", "P1DT12H", "PT36H"},
       {"P", "PT", "P1", "P1W2D", "P1YT", "1D", "P1D1Y", "PT1D"}},
      {"ipv4",
       {"0.0.0.0", "255.255.255.255", "192.168.1.1"},
       {"256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4.5", "1.2.3.4 "}},
      {"ipv6",
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1::8", "1:2:3:4:5:6:7::"},
       {":", ":::", "1:2:3:4:5:6:7", "1::2::3", "12345::", "::1.2.3", "1:2:3:4:5:6:7:8:9", "::g", "1:2:3:4:5:6:7::8"}},
      {"uuid",
       {"123e4567-e89b-12d3-a456-426655440000"},
       {"123e4567e89b12d3a456426655440000", "123e4567-e89b-12d3-a456-42665544000",
        "g23e4567-e89b-12d3-a456-426655440000"}},
      {"hostname",
       {"example.com", "a", "xn--4gbwdl.xn--wgbh1c", "a-b.c1"},
       {"", "-a.b", "a-.b", "a..b", "a.b.", "a_b", "example.com:80",
        "a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},
      {"email",
       {"a@b.c", "joe.bloggs@example.com", "\"joe bloggs\"@example.com", "a+b@[127.0.0.1]", "x@[IPv6:::1]"},
       {"a", "a@", "@b", "a..b@c", ".a@b", "a.@b", "a b@c", "a@b@c", "a@[1.2.3]", "a@-b.c"}},
      {"uri",
       {"http://a.b/c?d=e#f", "urn:x:y", "mailto:a@b.c", "http://[::1]:80/", "a:", "http://x/%41"},
       {"a", "//a/b", "/a", "", "http://a b", "http://a/%4", "1a:b", "http://[::1", "a:<b>"}},
      {"uri-reference", {"a", "//a/b", "/a?b#c", "", "http://a", "#f", "./a:b"}, {"a b", "%", "\\a", "1a:b", "#a#b"}},
      {"iri", {"http://\u00e9.b/\u4e2d?\ue000", "http://a"}, {"\u00e9", "http://a/\ue000", "http://a b"}},
      {"iri-reference", {"\u00e9/b", "#\u4e2d"}, {"a\\b"}},
      {"uri-template", {"http://a/{x}{?y*,z:3}", "plain", "{+a.b}"}, {"{", "}", "{}", "{a,}", "{a:0}", "a b"}},
      {"json-pointer", {"", "/a/b~0~1", "/", "//"}, {"a", "/~", "/~2", "#/a"}},
      {"relative-json-pointer", {"0", "1/a", "12#"}, {"", "/a", "01/a", "-1", "1a"}},
  };
  for (const auto& c : kCases) {
    const auto* pattern = format_pattern(c.format);
    ASSERT_NE(pattern, nullptr) << c.format;
    const auto regex = Regex::parse(*pattern);
    ASSERT_TRUE(regex.ok()) << regex.error().message;
    for (const char* text : c.accepted) EXPECT_TRUE(regex->search(text).value()) << c.format << " \"" << text << '"';
    for (const char* text : c.refused) EXPECT_FALSE(regex->search(text).value()) << c.format << " \"" << text << '"';
  }
}

TEST(SchemaFormats, OtherNamesAreNotKnown) {
  for (const char* format : {"", "regex", "idn-email", "password", "Date"})
    EXPECT_EQ(format_pattern(format), nullptr) << format;
}

// The search for a shortest text must not give up before the end of the longest formats.
TEST(SchemaFormats, EachFormatCanBeGenerated) {
  const std::pair<const char*, uint32_t> kShortest[] = {
      {"date", 12},        {"time", 11},         {"date-time", 22},    {"duration", 5},
      {"ipv4", 9},         {"ipv6", 4},          {"uuid", 38},         {"email", 5},
      {"hostname", 3},     {"uri", 4},           {"uri-reference", 2}, {"iri", 4},
      {"json-pointer", 2}, {"iri-reference", 2}, {"uri-template", 2},  {"relative-json-pointer", 3}};
  SchemaOptions options;
  options.assert_formats = true;
  for (const auto& [format, bytes] : kShortest) {
    const auto contract = SchemaContract::compile(std::string(R"({"type":"string","format":")") + format + "\"}",
                                                  SchemaMode::kGenerate, options);
    ASSERT_TRUE(contract.ok()) << format << ": " << contract.error().message;
    EXPECT_EQ((*contract)->bytes_min(), bytes) << format;
  }
}

}  // namespace
}  // namespace cadre::contract
