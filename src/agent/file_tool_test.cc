// SPDX-License-Identifier: Apache-2.0
#include "agent/file_tool.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "agent/test_returns.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using base::Json;

class FileToolTest : public ::testing::Test {
 protected:
  Json object(const char* action, Json more = Json::object()) const {
    const bool writes = std::string(action) == "write";
    Json tool = {{"name", "files"},
                 {"kind", "file"},
                 {"action", action},
                 {"root", folder_.path()},
                 {"effect", writes ? "idempotent" : "read"}};
    tool.update(more);
    return tool;
  }
  std::unique_ptr<Tool> tool(const char* action, Json more = Json::object()) const {
    return make_file_tool(file_tool_options(object(action, std::move(more))).value()).value();
  }
  void put(const char* name, std::string_view bytes) const {
    ASSERT_TRUE(base::replace_file(folder_.path() + "/" + name, bytes).ok());
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(FileToolTest, ReadsTextAndBytes) {
  put("note.txt", "Köln");
  put("image", "\xff\xfe");
  const auto read = tool("read");
  EXPECT_EQ(read->call({.arguments = {{"path", "note.txt"}}}).result.dump(), R"({"content":"Köln","size_bytes":5})");
  EXPECT_EQ(read->call({.arguments = {{"path", "image"}, {"encoding", "base64"}}}).result["content"], "//4=");
  EXPECT_EQ(error_code(read->call({.arguments = {{"path", "image"}}})), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(read->call({.arguments = {{"path", "note.txt"}, {"encoding", "latin1"}}})), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(read->call({.arguments = {{"path", "none"}}})), ErrorCode::kNotFound);
  EXPECT_EQ(error_code(read->call({.arguments = {{"path", "../x"}}})), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(read->call({.arguments = Json::object()})), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(read->call({.arguments = Json::array()})), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(read->call({.arguments = {{"path", "note.txt"}}, .result_size_bytes_max = 10})),
            ErrorCode::kLimit);
  EXPECT_EQ(error_code(tool("read", {{"file_bytes_max", 4}})->call({.arguments = {{"path", "note.txt"}}})),
            ErrorCode::kLimit);
  base::Cancel cancel;
  cancel.request();
  EXPECT_EQ(error_code(read->call({.arguments = {{"path", "note.txt"}}, .cancel = &cancel})), ErrorCode::kCancelled);
}

TEST_F(FileToolTest, ListsUpToTheRowsOfTheCall) {
  put("b", "12");
  put("a", "");
  std::filesystem::create_directory(folder_.path() + "/c");
  std::filesystem::create_symlink("/", folder_.path() + "/d");
  const auto list = tool("list");
  EXPECT_EQ(list->call({.arguments = Json::object()}).result.dump(),
            R"({"entries":[{"name":"a","kind":"file","size_bytes":0},{"name":"b","kind":"file","size_bytes":2},)"
            R"({"name":"c","kind":"folder"},{"name":"d","kind":"link"}],"is_cut":false,"unnamed_count":0})");
  const Json cut = list->call({.arguments = {{"path", ""}}, .rows_max = 1}).result;
  EXPECT_EQ(cut["entries"].size(), 1u);
  EXPECT_EQ(cut["is_cut"], true);
  EXPECT_EQ(list->call({.arguments = {{"path", "c"}}}).result["entries"].size(), 0u);
  EXPECT_EQ(error_code(list->call({.arguments = {{"path", "d"}}})), ErrorCode::kDenied);
}

TEST_F(FileToolTest, WritingTwiceIsWritingOnce) {
  const auto write = tool("write", {{"file_bytes_max", 10}});
  const Json arguments = {{"path", "out"}, {"content", "AP8="}, {"encoding", "base64"}};
  const ToolReturn first = write->call({.arguments = arguments});
  ASSERT_FALSE(first.error) << first.error->message;
  EXPECT_EQ(first.result["size_bytes"], 2);
  EXPECT_EQ(first.result, write->call({.arguments = arguments}).result);
  EXPECT_EQ(base::read_file(folder_.path() + "/out").value(), std::string("\0\xff", 2));
  EXPECT_FALSE(write->call({.arguments = {{"path", "out"}, {"content", ""}}}).error);
  EXPECT_EQ(base::read_file(folder_.path() + "/out").value(), "");
  for (const auto& [bad, wanted] : std::vector<std::pair<Json, ErrorCode>>{
           {{{"path", "out"}, {"content", "01234567890"}}, ErrorCode::kLimit},
           {{{"path", "out"}, {"content", "AP8"}, {"encoding", "base64"}}, ErrorCode::kInvalid},
           {{{"path", "out"}}, ErrorCode::kInvalid},
           {{{"path", ""}, {"content", "x"}}, ErrorCode::kInvalid},
           {{{"path", "x/out"}, {"content", "x"}}, ErrorCode::kNotFound}}) {
    const ToolReturn returned = write->call({.arguments = bad});
    EXPECT_EQ(error_code(returned), wanted) << bad.dump();
    EXPECT_FALSE(returned.is_uncertain);
  }
  EXPECT_FALSE(tool("write", {{"make_folders", true}})->call({.arguments = {{"path", "x/y"}, {"content", "z"}}}).error);
  EXPECT_EQ(base::read_file(folder_.path() + "/x/y").value(), "z");
}

TEST_F(FileToolTest, ChecksWithoutTouching) {
  put("a", "1");
  EXPECT_TRUE(tool("read")->check({{"path", "a"}}).ok());
  EXPECT_EQ(tool("read")->check({{"path", "b"}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(tool("list")->check({{"path", "a"}}).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(tool("list")->check(Json::object()).ok());
  EXPECT_TRUE(tool("write")->check({{"path", "b"}, {"content", ""}}).ok());
  EXPECT_EQ(tool("write")->check({{"path", "b"}, {"content", 1}}).error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(base::file_exists(folder_.path() + "/b"));
}

TEST_F(FileToolTest, RefusesOptionsThatDoNotFit) {
  for (const Json& bad :
       {object("delete"), object("read", {{"effect", "idempotent"}}), object("write", {{"effect", "read"}}),
        object("write", {{"effect", "once"}}), object("write", {{"fenced", true}}),
        object("read", {{"make_folders", true}}), object("read", {{"file_bytes_max", 0}}),
        object("read", {{"roots", "x"}}), object("read", {{"root", 1}}), Json{{"name", "x"}}})
    EXPECT_EQ(file_tool_options(bad).error().code, ErrorCode::kInvalid) << bad.dump();
  EXPECT_EQ(
      make_file_tool(file_tool_options(object("read", {{"root", folder_.path() + "/none"}})).value()).error().code,
      ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cadre::agent
