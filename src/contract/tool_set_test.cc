// Tool sets: what is refused, and why; the tools array.
// SPDX-License-Identifier: Apache-2.0
#include "contract/tool_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/schema_machine.h"

namespace cadre::contract {
namespace {

using testing::HasSubstr;

std::string error_of(std::vector<Tool> tools, const ToolFormat& format = ToolFormat::hermes(),
                     const ToolSetOptions& options = {}) {
  const auto set = ToolSet::make(std::move(tools), format, options);
  return set.ok() ? "" : set.error().message;
}

TEST(ToolSet, RefusesToolsByName) {
  EXPECT_EQ(error_of({}), "");
  EXPECT_EQ(error_of({{"a", "", ""}, {"b", "", "{}"}}), "");
  EXPECT_THAT(error_of({{"", "", ""}}), HasSubstr("a tool has no name"));
  EXPECT_THAT(error_of({{"a", "", ""}, {"b", "", ""}, {"a", "", ""}}), HasSubstr("tool \"a\": there are two"));
  EXPECT_THAT(error_of({{std::string(257, 'a'), "", ""}}), HasSubstr("has 257 bytes, the limit is 256"));
  EXPECT_EQ(error_of({{"a b", "", ""}}), "");
  EXPECT_THAT(error_of({{"a b", "", ""}}, ToolFormat::functions()),
              HasSubstr("tool \"a b\": its name has a space in it (format \"functions\")"));
  EXPECT_THAT(error_of({{"a\n", "", ""}}), HasSubstr("a control character"));
  EXPECT_THAT(error_of({{"a\"", "", ""}}), HasSubstr("that JSON must escape"));
  EXPECT_THAT(error_of({{"a\xFF", "", ""}}), HasSubstr("not UTF-8"));
  EXPECT_EQ(error_of({{"a\"", "", ""}}, ToolFormat::functions()), "");
  EXPECT_THAT(error_of({{"a>", "", ""}}, ToolFormat::functions()), HasSubstr("that ends names in this format"));
  EXPECT_THAT(error_of({{"x", "", R"({"properties":{"a":{"type":"strin"}}})"}}),
              HasSubstr("tool \"x\": #/properties/a/type"));
  EXPECT_THAT(error_of({{"x", "", "{"}}), HasSubstr("tool \"x\": "));
  EXPECT_THAT(error_of(std::vector<Tool>(kToolsMax + 1)), HasSubstr("10001 tools are too many"));
}

TEST(ToolSet, RefusesChoicesThatCannotBeMade) {
  ToolSetOptions options;
  set_choice(options, "none");
  EXPECT_EQ(options.choice, ToolChoice::kNoCall);
  set_choice(options, "nothing");
  EXPECT_THAT(error_of({{"a", "", ""}}, ToolFormat::hermes(), options),
              HasSubstr("\"nothing\", which is none of the 1 tools"));
  set_choice(options, "required");
  EXPECT_THAT(error_of({}, ToolFormat::hermes(), options), HasSubstr("a call is required but there are no tools"));
  options.calls_max = 0;
  EXPECT_THAT(error_of({{"a", "", ""}}, ToolFormat::hermes(), options), HasSubstr("no call allowed"));
}

TEST(ToolSet, RefusesFormatsThatCouldNotBeReadBack) {
  const auto with = [](auto change) {
    ToolFormat format = ToolFormat::hermes();
    change(format);
    return error_of({{"a", "", ""}}, format);
  };
  EXPECT_THAT(with([](ToolFormat& f) { f.trigger = ""; }), HasSubstr("the trigger is empty"));
  EXPECT_THAT(with([](ToolFormat& f) { f.trigger = "<call>"; }),
              HasSubstr("the trigger <call> is not how its calls begin"));
  EXPECT_THAT(with([](ToolFormat& f) { f.trigger = "<tool_call>\n"; }), HasSubstr("has a space in it"));
  EXPECT_THAT(with([](ToolFormat& f) { f.list_end = "<tool_call>{\"name\":\""; }),
              HasSubstr("cannot be told from the beginning of a further call"));
  EXPECT_THAT(with([](ToolFormat& f) { f.call_end = std::string(1025, 'x'); }), HasSubstr("the limit is 1024"));
  EXPECT_THAT(with([](ToolFormat& f) { f.call_end = "\xFF"; }), HasSubstr("call_end is not UTF-8"));
  EXPECT_THAT(with([](ToolFormat& f) { f.name_member = "arguments"; }), HasSubstr("the same member"));
  const auto functions = [](auto change) {
    ToolFormat format = ToolFormat::functions();
    change(format);
    return error_of({{"get", "", ""}}, format);
  };
  EXPECT_THAT(functions([](ToolFormat& f) { f.trigger = "<function=get"; }),
              HasSubstr("where the name of a tool stands"));
  EXPECT_THAT(functions([](ToolFormat& f) { f.name_end = "\n"; }), HasSubstr("spaces alone do not"));
  EXPECT_THAT(functions([](ToolFormat& f) { f.list_end = "<function=>"; }),
              HasSubstr("cannot be told from the beginning of a further call"));
  EXPECT_THAT(ToolFormat::find("json").error().message, HasSubstr("hermes, llama3, mistral, openai, functions"));
}

TEST(ToolSet, ToolsThatNothingCanBeWrittenForAreNamed) {
  const std::string never = R"({"type":"object","required":["a"],"properties":{"a":false}})";
  ToolSetOptions options;
  options.choice = ToolChoice::kRequired;
  const auto set = ToolSet::make({{"good", "", ""}, {"bad", "", never}}, ToolFormat::hermes(), options).value();
  const auto machine = SchemaMachine::compile(set, SchemaMode::kGenerate);
  ASSERT_FALSE(machine.ok());
  EXPECT_THAT(machine.error().message, HasSubstr("tool \"bad\": no arguments were found"));
  EXPECT_TRUE(SchemaMachine::compile(set, SchemaMode::kAccept).ok());
  options.choice = ToolChoice::kNamed;
  options.named = "good";
  const auto named = ToolSet::make({{"good", "", ""}, {"bad", "", never}}, ToolFormat::hermes(), options).value();
  EXPECT_TRUE(SchemaMachine::compile(named, SchemaMode::kGenerate).ok());
  const auto pattern = ToolSet::make({{"x", "", ""}, {"y", "", R"({"properties":{"a":{"pattern":"(?=a)*b"}}})"}},
                                     ToolFormat::hermes(), options);
  if (pattern.ok()) {
    EXPECT_THAT(SchemaMachine::compile(*pattern, SchemaMode::kAccept).error().message, HasSubstr("tool \"y\""));
  }
}

TEST(ToolSet, CallsAreWrittenAsModelsWereTaught) {
  const std::pair<const char*, const char*> rows[] = {
      {"hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"},
      {"llama3", "{\"name\": \"f\", \"parameters\": {}}"},
      {"mistral", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}]"},
      {"openai", "[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {}}}]"},
      {"functions", "<function=f>{}</function>"}};
  for (const auto& [name, expected] : rows) {
    ToolSetOptions options;
    options.choice = ToolChoice::kRequired;
    const auto set = ToolSet::make({{"f", "", R"({"maxProperties":0})"}}, ToolFormat::find(name).value(), options);
    ASSERT_TRUE(set.ok());
    auto machine = SchemaMachine::compile(*set, SchemaMode::kGenerate).value();
    std::string written;
    SchemaMachine::State state = machine->start();
    while (!machine->complete(state)) {
      SchemaMachine::State only;
      for (int byte = 0; byte < 256; ++byte) {
        const SchemaMachine::State next = machine->next(state, static_cast<uint8_t>(byte));
        if (machine->dead(next)) continue;
        EXPECT_TRUE(machine->dead(only)) << written;
        EXPECT_EQ(machine->distance(next) + 1, machine->distance(state)) << written;
        only = next;
        written.push_back(static_cast<char>(byte));
      }
      ASSERT_FALSE(machine->dead(only)) << written;
      state = only;
    }
    EXPECT_EQ(written, expected);
  }
}

TEST(ToolSet, ReadsTheArrayOfToolsInBothShapes) {
  const auto tools =
      read_tools(R"([{"type":"function","function":{"name":"a","description":"d","parameters":{"type":"object"}}},
                                    {"name":"b","parameters":null}])");
  ASSERT_TRUE(tools.ok()) << tools.error().message;
  ASSERT_EQ(tools->size(), 2u);
  EXPECT_EQ((*tools)[0].name, "a");
  EXPECT_EQ((*tools)[0].description, "d");
  EXPECT_EQ((*tools)[0].parameters, R"({"type":"object"})");
  EXPECT_EQ((*tools)[1].parameters, "");
  EXPECT_THAT(read_tools("{}").error().message, HasSubstr("not an array"));
  EXPECT_THAT(read_tools("[1]").error().message, HasSubstr("tool 0: "));
  EXPECT_THAT(read_tools(R"([{"type":"web_search","function":{}}])").error().message, HasSubstr("only functions"));
  EXPECT_THAT(read_tools(R"([{"name":1}])").error().message, HasSubstr("name is not a text"));
}

}  // namespace
}  // namespace cadre::contract
