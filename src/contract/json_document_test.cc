// SPDX-License-Identifier: Apache-2.0
#include "contract/json_document.h"

#include <gtest/gtest.h>

namespace cadre::contract {
namespace {

using namespace std::string_literals;

JsonValue document(std::string_view text) {
  return parse_document(text).value();
}

std::string repeated(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(JsonDocument, ReadsEveryKindAndKeepsTheOrderOfMembers) {
  const auto value = document(R"( {"b": [null, true, false, -1.50, "x"], "a": {}} )");
  ASSERT_EQ(value.kind, JsonKind::kObject);
  ASSERT_EQ(value.members.size(), 2u);
  EXPECT_EQ(value.members[0].first, "b");
  const auto& items = value.find("b")->items;
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0].kind, JsonKind::kNull);
  EXPECT_EQ(items[1].kind, JsonKind::kTrue);
  EXPECT_EQ(items[2].kind, JsonKind::kFalse);
  EXPECT_EQ(items[3].number, Decimal::parse("-1.5").value());
  EXPECT_EQ(items[4].text, "x");
  EXPECT_EQ(value.find("a")->kind, JsonKind::kObject);
  EXPECT_EQ(value.find("c"), nullptr);
}

TEST(JsonDocument, DecodesEscapes) {
  EXPECT_EQ(document(R"("\"\\\/\b\f\n\r\t")").text, "\"\\/\b\f\n\r\t");
  EXPECT_EQ(document(R"("a\u0000b")").text, "a\0b"s);
  EXPECT_EQ(document(R"("\u00e9\u20AC\ud83d\ude00")").text, "\u00e9\u20ac\U0001F600");
}

TEST(JsonDocument, RefusesWhatTheStandardDoesNotHave) {
  const std::string kCases[] = {"",
                                " ",
                                "[1,]",
                                "[,1]",
                                "[1 2]",
                                "{\"a\":1,}",
                                "{a:1}",
                                "{'a':1}",
                                "{\"a\" 1}",
                                "{\"a\":}",
                                "[",
                                "{",
                                "[1",
                                "\"",
                                "\"\\",
                                "\"\\x\"",
                                "\"\\u12g4\"",
                                "\"\\u123\"",
                                "\"\t\"",
                                "\"\n\"",
                                "tru",
                                "nul",
                                "True",
                                "NaN",
                                "1 2",
                                "[1]]",
                                "+1",
                                "01",
                                "1.",
                                "// c\n1",
                                "\xEF\xBB\xBF[]",
                                "\"\\ud800\"",
                                "\"\\udc00\"",
                                "\"\\ud800\\u0041\"",
                                "\"\xff\"",
                                "\"\xc0\x80\"",
                                "\"\xed\xa0\x80\"",
                                "\f1",
                                "[1\0]"s,
                                "\"\\"s + '\0' + "\""};
  for (const auto& text : kCases) EXPECT_FALSE(parse_document(text).ok()) << text;
}

TEST(JsonDocument, ErrorsTellTheByte) {
  EXPECT_NE(parse_document("[1, x]").error().message.find("byte 4"), std::string::npos);
}

TEST(JsonDocument, ANameTwiceIsRefusedHoweverItIsSpelt) {
  EXPECT_FALSE(parse_document(R"({"a":1,"b":2,"\u0061":3})").ok());
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"n" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_document(many + "\"x\":0}").ok());
  EXPECT_FALSE(parse_document(many + "\"n57\":0}").ok());
}

TEST(JsonDocument, DepthIsBounded) {
  EXPECT_TRUE(parse_document(repeated("[", 1024) + repeated("]", 1024)).ok());
  const auto deep = parse_document(repeated("[", 1025) + repeated("]", 1025));
  ASSERT_FALSE(deep.ok());
  EXPECT_EQ(deep.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(parse_document(repeated("{\"a\":", 200000)).ok());
  EXPECT_FALSE(parse_document("[[1]]", 1).ok());
}

TEST(JsonDocument, NumbersBeyondADoubleStayExact) {
  EXPECT_EQ(document("1e400").number.text(), "1e400");
  EXPECT_EQ(document("9007199254740993").number.text(), "9007199254740993");
  EXPECT_EQ(parse_document("1e2000000000").error().code, ErrorCode::kLimit);
}

TEST(JsonDocument, EqualityIsThatOfJsonSchema) {
  const std::pair<const char*, const char*> kEqual[] = {{"1", "1.0"},
                                                        {"[1,2]", "[1.0,20e-1]"},
                                                        {R"({"a":1,"b":[null]})", R"({"b":[null],"a":1.00})"},
                                                        {R"("\u0041")", R"("A")"}};
  for (const auto& [a, b] : kEqual) {
    EXPECT_TRUE(same_value(document(a), document(b))) << a << " and " << b;
    EXPECT_EQ(hash_value(document(a)), hash_value(document(b))) << a << " and " << b;
  }
  const std::pair<const char*, const char*> kDifferent[] = {{"0", "false"},
                                                            {"1", "true"},
                                                            {"null", "0"},
                                                            {"\"1\"", "1"},
                                                            {"[1,2]", "[2,1]"},
                                                            {"[1]", "[1,1]"},
                                                            {R"({"a":1})", R"({"b":1})"},
                                                            {"{}", "[]"},
                                                            {"\"\"", "null"},
                                                            {"1", "-1"}};
  for (const auto& [a, b] : kDifferent) EXPECT_FALSE(same_value(document(a), document(b))) << a << " and " << b;
}

TEST(JsonDocument, LargeObjectsAreEqualInAnyOrder) {
  std::string forward = "{\"z\":0", backward = "{\"z\":0";
  for (int i = 0; i < 50; ++i) {
    forward += ",\"n" + std::to_string(i) + "\":" + std::to_string(i);
    backward += ",\"n" + std::to_string(49 - i) + "\":" + std::to_string(49 - i);
  }
  EXPECT_TRUE(same_value(document(forward + "}"), document(backward + "}")));
  EXPECT_EQ(hash_value(document(forward + "}")), hash_value(document(backward + "}")));
  EXPECT_FALSE(same_value(document(forward + ",\"x\":1}"), document(backward + ",\"x\":2}")));
}

TEST(JsonDocument, WritingAndReadingGiveTheSameValue) {
  for (const char* text : {R"({"b":[null,true,false,-1.5,"x\"\\\n\u0001é😀"],"a":{}})", "[]", "1e400", "\"\\u007f\""}) {
    const auto value = document(text);
    EXPECT_TRUE(same_value(document(write_document(value)), value)) << text;
  }
  EXPECT_EQ(write_document(document(R"( { "a" : [ 1.0 , "\u000a" ] } )")), R"({"a":[1,"\n"]})");
}

}  // namespace
}  // namespace cadre::contract
