// SPDX-License-Identifier: Apache-2.0
#include "text/yaml.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace cadre::text {
namespace {

std::string as_json(std::string_view text) {
  const auto parsed = parse_yaml(text, "test.yaml");
  return parsed.ok() ? base::dump_json(parsed.value()) : "error: " + parsed.error().message;
}

TEST(Yaml, PlainScalarsBecomeTypedValuesAndQuotedOnesStayText) {
  EXPECT_EQ(as_json("a: 3\nb: 0.5\nc: 1e-4\nd: true\ne: ~\nf: Q8_0\ng: \"3\"\nh: 'true'\ni: -7\nj:\n"),
            R"({"a":3,"b":0.5,"c":0.0001,"d":true,"e":null,"f":"Q8_0","g":"3","h":"true","i":-7,"j":null})");
}

TEST(Yaml, NestedMapsSequencesAndCommentsKeepTheirOrder) {
  EXPECT_EQ(as_json("# recipe\nz: {x: 1, w: [1, two]}\na:\n  - file: f.jsonl  # data\n    limit: 5\n  - []\n"),
            R"({"z":{"x":1,"w":[1,"two"]},"a":[{"file":"f.jsonl","limit":5},[]]})");
}

TEST(Yaml, ErrorsNameFileLineAndColumn) {
  EXPECT_EQ(as_json("a: 1\nb: 2\na: 3\n"), "error: test.yaml:3:1: key \"a\" appears twice");
  EXPECT_EQ(as_json("a: [1, 2\nb: 3\n").substr(0, 17), "error: test.yaml:");
  EXPECT_EQ(as_json("a: &x 1\nb: *x\n"), "error: test.yaml:1:4: anchors are not supported; write the value out");
  EXPECT_EQ(as_json("a: !!int 3\n").substr(0, 22), "error: test.yaml:1:4: ");
  EXPECT_EQ(as_json("? [a, b]\n: 1\n"), "error: test.yaml:1:3: a key must be a plain word or a string");
}

TEST(Yaml, RefusesWhatWouldExpandOrRecurseWithoutBound) {
  EXPECT_NE(as_json(std::string(100, '[') + std::string(100, ']')).find("deeper than 32"), std::string::npos);
  EXPECT_NE(as_json(std::string(100000, '[')).find("error"), std::string::npos);
  EXPECT_NE(as_json(std::string(kYamlBytesMax + 1, 'a')).find("bytes"), std::string::npos);
  EXPECT_NE(as_json("a: 1\n---\nb: 2\n").find("more than one document"), std::string::npos);
  EXPECT_NE(as_json("").find("empty"), std::string::npos);
}

TEST(Yaml, AnyBytesEndInAValueOrAnError) {
  for (const char* text : {"\xff\xfe", "\t- a", "%YAML 9.9\n---\na", "a: \"\\x", "- - - -\n-", "{", "}", "&", "*", "!",
                           "|", ">-\n x", "a: b: c"})
    (void)parse_yaml(text, "bytes");
  SUCCEED();
}

TEST(Yaml, APlaceIsThatOfTheKeyOrOfTheElement) {
  const auto document = parse_yaml_document("# cadre\na: 1\nb:\n  c/d: [x, {e~: 2}]\n  f:\n    - y\n", "t").value();
  EXPECT_EQ(base::dump_json(document.value), R"({"a":1,"b":{"c/d":["x",{"e~":2}],"f":["y"]}})");
  const YamlPlaces expected = {{"", {2, 1}},
                               {"/a", {2, 1}},
                               {"/b", {3, 1}},
                               {"/b/c~1d", {4, 3}},
                               {"/b/c~1d/0", {4, 9}},
                               {"/b/c~1d/1", {4, 12}},
                               {"/b/c~1d/1/e~0", {4, 13}},
                               {"/b/f", {5, 3}},
                               {"/b/f/0", {6, 7}}};
  EXPECT_EQ(document.places, expected);
}

TEST(Yaml, LoadNamesAMissingFile) {
  const auto loaded = load_yaml("/nonexistent/recipe.yaml");
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("/nonexistent/recipe.yaml"), std::string::npos);
}

}  // namespace
}  // namespace cadre::text
