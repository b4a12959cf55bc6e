// Where the values of a call come from: the place of each in the input, in a list, or in the schema itself.
// SPDX-License-Identifier: Apache-2.0
#include "agent/value_evidence.h"

#include <gtest/gtest.h>

#include "agent/sql_json.h"

namespace cadre::agent {
namespace {

using base::Json;

const Json kOrderSchema = Json::parse(R"({
  "type": "object",
  "properties": {
    "city": {"type": "string", "x-copy": "letter"},
    "count": {"type": "integer", "x-normal": "number", "x-copy": "letter"},
    "guest": {"type": "string", "x-enum-from": "guests"},
    "room": {"type": "string", "x-enum-from": "rooms"},
    "currency": {"enum": ["EUR", "CHF"]},
    "words": {"type": "array", "items": {"type": "string", "x-copy": "input"}},
    "note": {"type": "string"}
  }})");
const Json kOrderInput = Json::parse(R"({
  "letter": "Köln for two, or Ulm for 12, for Ulm is nice",
  "guests": [["Ada"], "Ben"],
  "more": {"a/b": ["red", "blue door"]}})");
const Json kRooms = {{"rooms", {"attic", "cellar"}}};

// The JSON of each, by its place.
Json told(const Json& call, const Json& planned = Json::object()) {
  const SchemaCheck check = SchemaCheck::make(kOrderSchema).value();
  const OriginScope scope{&kOrderInput, &kRooms};
  EXPECT_TRUE(check.check(call, scope).ok());
  std::vector<Evidence> evidence = value_evidence(check, kOrderSchema, call, scope);
  name_references(planned, evidence);
  Json by_place = Json::object();
  for (const Json& one : evidence_to_json(evidence)) by_place[one["place"].get<std::string>()] = one;
  return by_place;
}

TEST(ValueEvidence, ACopiedSpanIsNamedByItsTextAndBytes) {
  const Json city = told({{"city", "Ulm"}})["/city"];
  EXPECT_EQ(city,
            Json::parse(R"({"role":"value","words":[{"begin":18,"end":21,"text":"Ulm"}],"place":"/city","value":"Ulm",
    "origin":"copy","source":"letter","from":"/letter","occurrences":2})"));
  const std::string letter = kOrderInput["letter"];
  EXPECT_EQ(letter.substr(18, 3), "Ulm");
}

TEST(ValueEvidence, AMentionIsNamedAsItIsWritten) {
  const Json count = told({{"count", 12}})["/count"];
  EXPECT_EQ(count["origin"], "normal");
  EXPECT_EQ(count["value"], "12");
  EXPECT_EQ(count["words"], Json::parse(R"([{"begin":26,"end":28,"text":"12"}])"));
}

TEST(ValueEvidence, ItemsOfListsAreNamedByTheirPlaceAndTheContractsOwnByTheirList) {
  const Json told_of = told({{"guest", "Ada"}, {"room", "cellar"}, {"currency", "CHF"}});
  EXPECT_EQ(told_of["/guest"]["origin"], "list");
  EXPECT_EQ(told_of["/guest"]["from"], "/guests/0/0");
  EXPECT_EQ(told({{"guest", "Ben"}})["/guest"]["from"], "/guests/1");
  EXPECT_EQ(told_of["/room"]["origin"], "known");
  EXPECT_EQ(told_of["/room"]["source"], "rooms");
  EXPECT_FALSE(told_of["/room"].contains("from"));
  EXPECT_EQ(told_of["/currency"],
            Json::parse(R"({"role":"value","words":[],"place":"/currency","value":"CHF","origin":"enum"})"));
}

TEST(ValueEvidence, OffsetsAreOfTheTextThatTheSpanStandsInNotOfAllTextsTogether) {
  const Json told_of = told({{"words", {"door", "Köln", "red\nblue"}}, {"note", "free"}});
  EXPECT_EQ(told_of["/words/0"]["from"], "/more/a~1b/1");
  EXPECT_EQ(told_of["/words/0"]["words"], Json::parse(R"([{"begin":5,"end":9,"text":"door"}])"));
  EXPECT_EQ(told_of["/words/1"]["words"][0]["end"], 5) << "bytes";
  EXPECT_EQ(told_of["/words/2"]["from"], "") << "a span of two texts is one of the whole source";
  EXPECT_FALSE(told_of.contains("/note")) << "nothing binds it";
}

TEST(ValueEvidence, TheReferenceSaysWhichResultATextIsOf) {
  const Json planned = {{"letter", "$mail.body"}, {"guests", "$find.rows"}, {"more", {{"a/b", {"red", "$$5"}}}}};
  const Json told_of = told({{"city", "Ulm"}, {"guest", "Ben"}, {"words", {"red"}}}, planned);
  EXPECT_EQ(told_of["/city"]["reference"], "$mail.body");
  EXPECT_EQ(told_of["/guest"]["reference"], "$find.rows.1");
  EXPECT_FALSE(told_of["/words/0"].contains("reference")) << "it stands in the plan";
}

TEST(ValueEvidence, ASchemaThatBindsNothingTellsNothing) {
  const Json schema = {{"properties", {{"currency", {{"enum", {"EUR"}}}}}}};
  const Json call = {{"currency", "EUR"}};
  EXPECT_TRUE(value_evidence(SchemaCheck::make(schema).value(), schema, call, {&kOrderInput, nullptr}).empty());
}

}  // namespace
}  // namespace cadre::agent
