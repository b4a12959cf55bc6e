// The MCP client against servers that others wrote. Needs node, and a folder with their packages in CADRE_MCP_SERVERS (`PARTS=clients tools/check_deep.sh`).
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "agent/mcp_tool.h"
#include "base/file.h"
#include "net/subprocess.h"

namespace cadre::tests {
namespace {

using agent::Deadline;
using agent::McpClient;
using agent::McpServerOptions;
using agent::ToolReturn;
using base::Json;
using ::testing::HasSubstr;

class McpServers : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("CADRE_MCP_SERVERS");
    if (folder == nullptr) GTEST_SKIP() << "CADRE_MCP_SERVERS names no folder with servers";
    packages_ = std::filesystem::absolute(folder).string() + "/@modelcontextprotocol/";
  }

  McpServerOptions program(const std::string& name, const std::vector<std::string>& arguments) const {
    McpServerOptions options{.name = name, .command = {"node", packages_ + "server-" + name + "/dist/index.js"}};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.variables = {"PATH"};
    return options;
  }

  static Deadline soon() { return Deadline::for_ms(60'000, nullptr); }

  // Everything that the server lists, approved as it is.
  static std::shared_ptr<const agent::ToolPins> approve_all(McpClient& client) {
    agent::ToolPins pins;
    const auto listing = client.list(soon());
    if (!listing.ok()) {
      ADD_FAILURE() << listing.error().message;
      return std::make_shared<const agent::ToolPins>();
    }
    EXPECT_THAT((*listing)->rejected, ::testing::IsEmpty());
    for (const auto& tool : (*listing)->tools) pins.approve(client.name(), tool.definition, 0);
    return std::make_shared<const agent::ToolPins>(std::move(pins));
  }

  static ToolReturn call(const std::shared_ptr<McpClient>& client, const std::shared_ptr<const agent::ToolPins>& pins,
                         const std::string& tool, const Json& arguments) {
    auto made = agent::make_mcp_tool({.tool = tool}, client, pins);
    if (!made.ok()) return {.error = made.error()};
    return (*made)->call({.arguments = arguments});
  }

  // What each transport of server-everything must do.
  static void expect_everything(const std::shared_ptr<McpClient>& client) {
    const auto pins = approve_all(*client);
    const ToolReturn echo = call(client, pins, "echo", {{"message", "Grüße"}});
    ASSERT_FALSE(echo.error) << echo.error->message;
    EXPECT_THAT(echo.result.get<std::string>(), HasSubstr("Grüße"));
    const ToolReturn sum = call(client, pins, "get-sum", {{"a", 2}, {"b", 40}});
    ASSERT_FALSE(sum.error) << sum.error->message;
    EXPECT_THAT(sum.result.get<std::string>(), HasSubstr("42"));
    const ToolReturn structured = call(client, pins, "get-structured-content", {{"location", "Chicago"}});
    ASSERT_FALSE(structured.error) << structured.error->message;
    EXPECT_TRUE(structured.result["temperature"].is_number()) << structured.result.dump();
    const ToolReturn image = call(client, pins, "get-tiny-image", Json::object());
    ASSERT_FALSE(image.error) << image.error->message;
    EXPECT_TRUE(image.result.is_array()) << "more than text";
    const ToolReturn wrong = call(client, pins, "get-sum", {{"a", "x"}});
    ASSERT_TRUE(wrong.error);
    EXPECT_EQ(wrong.error->code, ErrorCode::kInvalid) << wrong.error->message;
  }

  std::string packages_;
};

TEST_F(McpServers, EverythingOverStandardInputAndOutput) {
  const std::shared_ptr<McpClient> client = McpClient::make(program("everything", {"stdio"}), nullptr).value();
  expect_everything(client);
}

TEST_F(McpServers, EverythingOverHttp) {
  McpServerOptions options = program("everything", {"streamableHttp"});
  net::ProcessOptions server{.argv = options.command, .environment = {{"PORT", "0"}}, .inherited_variables = {"PATH"}};
  // It cannot say which free port it took, so one is chosen for it.
  const std::string port = std::to_string(20'000 + ::getpid() % 20'000);
  server.environment = {{"PORT", port}};
  auto process = net::Process::start(server).value();
  auto http = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({"127.0.0.1", "localhost"}).value());
  options = {.name = "everything", .url = "http://localhost:" + port + "/mcp"};
  const std::shared_ptr<McpClient> client = McpClient::make(options, http).value();
  for (int attempt = 0; attempt < 600 && !client->list(soon()).ok(); ++attempt) (void)process.read_line(50, 1 << 16);
  expect_everything(client);
}

TEST_F(McpServers, FilesystemReadsAndWritesInItsFolder) {
  const auto folder = base::TemporaryDirectory::make().value();
  ASSERT_TRUE(base::replace_file(folder.path() + "/note.txt", "hello").ok());
  const std::shared_ptr<McpClient> client = McpClient::make(program("filesystem", {folder.path()}), nullptr).value();
  const auto pins = approve_all(*client);
  const ToolReturn read = call(client, pins, "read_text_file", {{"path", folder.path() + "/note.txt"}});
  ASSERT_FALSE(read.error) << read.error->message;
  EXPECT_EQ(read.result["content"], "hello") << read.result.dump();
  const ToolReturn wrote =
      call(client, pins, "write_file", {{"path", folder.path() + "/new.txt"}, {"content", "it's \"new\"\n"}});
  ASSERT_FALSE(wrote.error) << wrote.error->message;
  EXPECT_EQ(base::read_file(folder.path() + "/new.txt").value(), "it's \"new\"\n");
  const ToolReturn outside = call(client, pins, "read_text_file", {{"path", "/etc/passwd"}});
  ASSERT_TRUE(outside.error);
  EXPECT_TRUE(outside.is_uncertain) << "a tool's own error, of a tool whose effect nobody declared";
}

}  // namespace
}  // namespace cadre::tests
