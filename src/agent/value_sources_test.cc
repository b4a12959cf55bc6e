// SPDX-License-Identifier: Apache-2.0
#include "agent/value_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/schema_check.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;

bool accepts(const Json& schema, const Json& value, const Json& input, const Json& lists = nullptr) {
  return SchemaCheck::make(schema).value().check(value, {&input, &lists}).ok();
}

TEST(ValueSources, TextsAndNumbersOfTheInputAreItsSources) {
  const Json input = {
      {"mail", "Blue Door at 8"}, {"rows", Json::parse(R"([["Oslo", 3], ["Ulm", 4]])")}, {"secret", "Red Door"}};
  const Json any = {{"type", "string"}, {"x-copy", {{"from", "input"}}}};
  const Json mail = {{"type", "string"}, {"x-copy", "mail"}};
  const Json cell = {{"type", "string"}, {"x-copy", {{"from", "rows"}, {"unit", "line"}}}};
  EXPECT_TRUE(accepts(any, "Red Door", input));
  EXPECT_FALSE(accepts(mail, "Red Door", input));
  EXPECT_TRUE(accepts(mail, "Blue Door", input));
  EXPECT_TRUE(accepts(cell, "Oslo", input));
  EXPECT_FALSE(accepts(cell, "Osl", input));
  EXPECT_TRUE(accepts({{"type", "number"}, {"x-normal", "number"}, {"x-copy", "rows"}}, 4, input));
  EXPECT_FALSE(accepts({{"type", "number"}, {"x-normal", "number"}, {"x-copy", "rows"}}, 8, input));
  EXPECT_FALSE(accepts(mail, "Blue Door", {{"other", "Blue Door"}})) << "a member that is missing is an empty source";
}

TEST(ValueSources, NoInputWidensAListOfTheContract) {
  const Json schema = {{"type", "string"}, {"x-enum-from", "cities"}};
  const Json input = {{"cities", {"Rome"}}};
  EXPECT_TRUE(accepts(schema, "Rome", input));
  EXPECT_FALSE(accepts(schema, "Rome", input, {{"cities", {"Oslo"}}}));
  EXPECT_TRUE(accepts(schema, "Oslo", input, {{"cities", {"Oslo"}}}));
  EXPECT_FALSE(accepts(schema, "Rome", {{"cities", "Rome"}})) << "no list";
  const Json rows = {{"cities", Json::parse(R"([["Oslo"], [3]])")}};
  EXPECT_THAT(values_of_set("cities", {&rows, nullptr}).value(), ElementsAre("Oslo", "3"));
  const Json table = {{"cities", Json::parse(R"([["Oslo", 3]])")}};
  EXPECT_THAT(values_of_set("cities", {&table, nullptr}).error().message, HasSubstr("a list of texts and numbers"));
}

TEST(ValueSources, EndpointsSeeASchemaWithoutTheseKeywords) {
  const Json input = {{"cities", {"Oslo", "Ulm", "Oslo"}}};
  const Json schema = {{"type", "object"},
                       {"x-grounded", true},
                       {"properties",
                        {{"x-copy", {{"type", "string"}, {"x-copy", "input"}}},
                         {"city", {{"type", "string"}, {"x-enum-from", "cities"}}},
                         {"place", {{"enum", {"a"}}, {"x-enum-from", "cities"}}}}},
                       {"anyOf", {{{"required", {"x-copy"}}}, {{"x-grounded", false}}}}};
  const Json plain = schema_without_origins(schema, {&input, nullptr});
  EXPECT_EQ(plain, Json({{"type", "object"},
                         {"properties",
                          {{"x-copy", {{"type", "string"}}},
                           {"city", {{"type", "string"}, {"enum", {"Oslo", "Ulm"}}}},
                           {"place", {{"enum", {"a"}}}}}},
                         {"anyOf", {{{"required", {"x-copy"}}}, Json::object()}}}));
}

}  // namespace
}  // namespace cadre::agent
