// SPDX-License-Identifier: Apache-2.0
#include "agent/process_tool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "agent/argv_template.h"
#include "agent/test_returns.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using base::Json;

Json object(const std::vector<std::string>& command, Json more = Json::object()) {
  Json tool = {{"name", "program"}, {"kind", "process"}, {"command", command}};
  tool.update(more);
  return tool;
}

std::unique_ptr<Tool> tool(const Json& from) {
  return make_process_tool(process_tool_options(from).value()).value();
}

TEST(ArgvTemplate, AnArgumentStaysInsideOneEntry) {
  const auto command =
      ArgvTemplate::parse({"grep", "--max={max?}", "-e", "x{pattern}", "{{}}", "--", "{file}", "{more...}"}).value();
  const auto fill = [&](const Json& arguments) { return command.fill(arguments).value(); };
  EXPECT_EQ(fill({{"pattern", "a b; rm -rf $HOME"}, {"file", "-rf"}}),
            (std::vector<std::string>{"grep", "-e", "xa b; rm -rf $HOME", "{}", "--", "-rf"}));
  EXPECT_EQ(fill({{"max", 3}, {"pattern", ""}, {"file", true}, {"more", {"a", 1.5}}}),
            (std::vector<std::string>{"grep", "--max=3", "-e", "x", "{}", "--", "true", "a", "1.5"}));
  EXPECT_EQ(fill({{"max", nullptr}, {"pattern", "{file}"}, {"file", "f"}, {"more", nullptr}}),
            (std::vector<std::string>{"grep", "-e", "x{file}", "{}", "--", "f"}));
  for (const Json& bad : {Json{{"pattern", "p"}}, Json{{"pattern", nullptr}, {"file", "f"}}, Json::array(),
                          Json{{"pattern", {1}}, {"file", "f"}}, Json{{"pattern", "p"}, {"file", "f"}, {"more", "m"}},
                          Json{{"pattern", "p"}, {"file", std::string("a\0b", 3)}},
                          Json{{"pattern", "p"}, {"file", "f"}, {"more", {nullptr}}}})
    EXPECT_EQ(command.fill(bad).error().code, ErrorCode::kInvalid) << bad.dump();
}

TEST(ArgvTemplate, WhatCouldPassForAnOptionIsRefused) {
  const auto command = ArgvTemplate::parse({"ls", "{folder}", "--sort={by?}"}).value();
  EXPECT_EQ(command.fill({{"folder", "-R"}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(command.fill({{"folder", "a-R"}, {"by", "-x"}}).value(),
            (std::vector<std::string>{"ls", "a-R", "--sort=-x"}));
}

TEST(ArgvTemplate, RefusesWhatItCannotFill) {
  using List = std::vector<std::string>;
  for (const List& bad :
       {List{}, List{""}, List{"{program}"}, List{"p{x}"}, List{"p", "{"}, List{"p", "}"}, List{"p", "{}"},
        List{"p", "{a}b"}, List{"p", "{a}{b}"}, List{"p", "{a b}"}, List{"p", "{a..}"}, List{"p", "{?}"},
        List{"p", "{...}"}, List{"p", std::string("a\0b", 3)}, List{"p", "{{a}"}})
    EXPECT_FALSE(ArgvTemplate::parse(bad).ok()) << Json(bad).dump();
}

TEST(ProcessTool, NoShellReadsTheArguments) {
  const auto echo = tool(object({"printf", "%s|", "{a}", "{b...}"}));
  const ToolReturn returned = echo->call({.arguments = {{"a", "$(id) `id` ; x > /tmp/y"}, {"b", {"*", "a\nb"}}}});
  ASSERT_FALSE(returned.error) << returned.error->message;
  EXPECT_EQ(returned.result, "$(id) `id` ; x > /tmp/y|*|a\nb|");
  EXPECT_EQ(echo->definition().input_schema["required"].dump(), R"(["a"])");
  EXPECT_EQ(echo->definition().output_schema.dump(), R"({"type":"string"})");
  EXPECT_TRUE(echo->check({{"a", "x"}}).ok());
  EXPECT_EQ(echo->check(Json::object()).error().code, ErrorCode::kInvalid);
}

TEST(ProcessTool, JsonGoesInAndComesOut) {
  const auto cat = tool(object({"cat"}, {{"input", "json"}, {"output", "json"}}));
  const Json arguments = {{"city", "Köln"}, {"list", {1, nullptr}}};
  EXPECT_EQ(cat->call({.arguments = arguments}).result, arguments);
  const auto say = [](const char* text) { return tool(object({"printf", text}, {{"output", "json"}})); };
  EXPECT_EQ(error_code(say("[1")->call({.arguments = Json::object()})), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(say("")->call({.arguments = Json::object()})), ErrorCode::kInvalid);
  const auto binary = tool(object({"printf", "\\377"}));
  EXPECT_EQ(error_code(binary->call({.arguments = Json::object()})), ErrorCode::kInvalid);
}

TEST(ProcessTool, OnlyNamedVariablesAreThere) {
  ::setenv("CADRE_TEST_SHOWN", "shown", 1);
  ::setenv("CADRE_TEST_HIDDEN", "hidden", 1);
  const auto env = tool(object({"env"}, {{"environment", {{"FIXED", "a b"}}}, {"variables", {"CADRE_TEST_SHOWN"}}}));
  const std::string said = env->call({.arguments = Json::object()}).result.get<std::string>();
  EXPECT_NE(said.find("FIXED=a b\n"), std::string::npos);
  EXPECT_NE(said.find("CADRE_TEST_SHOWN=shown\n"), std::string::npos);
  EXPECT_EQ(said.find("hidden"), std::string::npos);
  EXPECT_EQ(said.find("CADRE_CALL_KEY"), std::string::npos);
  const auto missing = process_tool_options(object({"env"}, {{"variables", {"CADRE_TEST_UNSET"}}})).value();
  EXPECT_EQ(make_process_tool(missing).error().code, ErrorCode::kNotFound);
}

TEST(ProcessTool, AFencedProgramGetsTheKey) {
  const auto fenced = tool(object({"printenv", "CADRE_CALL_KEY"}, {{"effect", "once"}, {"fenced", true}}));
  EXPECT_EQ(fenced->call({.arguments = Json::object(), .key = "run/1"}).result, "run/1\n");
  const ToolReturn without = fenced->call({.arguments = Json::object()});
  EXPECT_EQ(error_code(without), ErrorCode::kInvalid);
  EXPECT_FALSE(without.is_uncertain);
}

TEST(ProcessTool, AnExitStatusSaysWhatItIsDeclaredToSay) {
  const struct {
    const char* status;
    bool is_error;
    ErrorCode code;
    bool is_uncertain;  // of a program with an effect
  } cases[] = {{"0", false, ErrorCode::kInternal, false},
               {"1", false, ErrorCode::kInternal, false},
               {"2", true, ErrorCode::kInvalid, true},
               {"3", true, ErrorCode::kInvalid, false},
               {"75", true, ErrorCode::kUnavailable, false}};
  for (const char* effect : {"read", "idempotent", "once"}) {
    const auto exits = tool(
        object({"sh", "-c", "echo out; echo why >&2; exit $0", "{status}"},
               {{"effect", effect}, {"success_codes", {0, 1}}, {"unchanged_codes", {3}}, {"transient_codes", {75}}}));
    for (const auto& each : cases) {
      const ToolReturn returned = exits->call({.arguments = {{"status", each.status}}});
      EXPECT_EQ(returned.error.has_value(), each.is_error) << effect << each.status;
      EXPECT_EQ(returned.is_uncertain, each.is_uncertain && std::string(effect) != "read") << effect << each.status;
      if (!each.is_error) continue;
      EXPECT_EQ(error_code(returned), each.code) << each.status;
      EXPECT_NE(returned.error->message.find("why"), std::string::npos) << returned.error->message;
    }
  }
}

TEST(ProcessTool, WhatIsKilledAfterItsStartIsUncertain) {
  for (const char* effect : {"read", "once"}) {
    const bool is_uncertain = std::string(effect) == "once";
    const auto expect = [&](const ToolReturn& returned, ErrorCode wanted) {
      EXPECT_EQ(error_code(returned), wanted) << returned.error->message;
      EXPECT_EQ(returned.is_uncertain, is_uncertain) << effect;
    };
    const auto sleep = tool(object({"sleep", "60"}, {{"effect", effect}, {"timeout_ms_max", 30}}));
    expect(sleep->call({.arguments = Json::object()}), ErrorCode::kTimeout);
    base::Cancel cancel;
    cancel.request();
    expect(sleep->call({.arguments = Json::object(), .cancel = &cancel}), ErrorCode::kCancelled);
    const auto loud = tool(object({"yes"}, {{"effect", effect}}));
    expect(loud->call({.arguments = Json::object(), .result_size_bytes_max = 1000}), ErrorCode::kLimit);
    const auto suicide = tool(object({"sh", "-c", "kill -9 $$"}, {{"effect", effect}}));
    expect(suicide->call({.arguments = Json::object()}), ErrorCode::kInvalid);
    const auto mumble = tool(object({"printf", "{{"}, {{"effect", effect}, {"output", "json"}}));
    expect(mumble->call({.arguments = Json::object()}), ErrorCode::kInvalid);
  }
}

TEST(ProcessTool, WhatNeverStartedIsCertain) {
  const auto missing = tool(object({"/nonexistent/program"}, {{"effect", "once"}}));
  const ToolReturn returned = missing->call({.arguments = Json::object()});
  EXPECT_EQ(error_code(returned), ErrorCode::kNotFound);
  EXPECT_FALSE(returned.is_uncertain);
}

TEST(ProcessTool, TheLimitCountsTheResultAsJson) {
  const auto bells = tool(object({"printf", "\\a\\a\\a\\a"}));
  EXPECT_FALSE(bells->call({.arguments = Json::object(), .result_size_bytes_max = 26}).error);
  EXPECT_EQ(error_code(bells->call({.arguments = Json::object(), .result_size_bytes_max = 25})), ErrorCode::kLimit);
}

TEST(ProcessTool, WorksInItsFolder) {
  const auto folder = base::TemporaryDirectory::make().value();
  const auto pwd = tool(object({"pwd", "-P"}, {{"folder", folder.path()}}));
  EXPECT_EQ(pwd->call({.arguments = Json::object()}).result, folder.path() + "\n");
}

TEST(ProcessTool, RefusesOptionsThatMeanNothing) {
  for (const Json& bad : {object({}), object({"{p}"}), object({"p", "{"}), object({"p"}, {{"comand", "x"}}),
                          object({"p"}, {{"input", "text"}}), object({"p"}, {{"output", "xml"}}),
                          object({"p"}, {{"success_codes", Json::array()}}), object({"p"}, {{"success_codes", {256}}}),
                          object({"p"}, {{"unchanged_codes", {0}}}), object({"p"}, {{"transient_codes", {"1"}}}),
                          object({"p"}, {{"timeout_ms_max", 0}}), object({"p"}, {{"memory_bytes_max", -1}}),
                          object({"p"}, {{"environment", {{"A", 1}}}}), Json::array()})
    EXPECT_EQ(process_tool_options(bad).error().code, ErrorCode::kInvalid) << bad.dump();
}

}  // namespace
}  // namespace cadre::agent
