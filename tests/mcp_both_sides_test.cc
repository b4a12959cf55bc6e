// Our MCP client against our MCP server, as the binary serves it: the modern era over both transports, pins and all.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/mcp_tool.h"
#include "base/file.h"
#include "net/subprocess.h"

namespace cadre::tests {
namespace {

using agent::Deadline;
using agent::McpClient;
using agent::ToolReturn;
using base::Json;
using ::testing::HasSubstr;

const std::string kCadreFile = std::string(CADRE_SOURCE_DIR) + "/examples/cadre.yaml";

class McpBothSides : public ::testing::Test {
 protected:
  std::vector<std::string> serve(const std::string& how) const {
    return {CADRE_BINARY, "serve", "--cadre", kCadreFile, "--journal", folder_.path() + "/journal.sqlite", how};
  }

  static void expect_answers(const std::shared_ptr<McpClient>& client) {
    const auto listing = client->list(Deadline::for_ms(60'000, nullptr));
    ASSERT_TRUE(listing.ok()) << listing.error().message;
    EXPECT_THAT((*listing)->rejected, ::testing::IsEmpty());
    agent::ToolPins pins;
    for (const auto& tool : (*listing)->tools) pins.approve(client->name(), tool.definition, 0);
    const auto tool =
        agent::make_mcp_tool({.tool = "countries"}, client, std::make_shared<const agent::ToolPins>(pins)).value();
    const ToolReturn answered = tool->call({.arguments = {{"question", "what is the capital of Peru"}}});
    ASSERT_FALSE(answered.error) << answered.error->message;
    EXPECT_THAT(base::dump_json(answered.result), HasSubstr("Lima"));
    const ToolReturn refused = tool->call({.arguments = Json::object()});
    EXPECT_TRUE(refused.error);
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(McpBothSides, OverStandardInputAndOutput) {
  const std::shared_ptr<McpClient> client =
      McpClient::make({.name = "cadre", .command = serve("--mcp-stdio"), .environment = {{"HOME", folder_.path()}}},
                      nullptr)
          .value();
  expect_answers(client);
}

TEST_F(McpBothSides, OverHttp) {
  auto command = serve("--port");
  command.push_back("0");
  auto server = net::Process::start({.argv = command, .environment = {{"HOME", folder_.path()}}}).value();
  const auto line = server.read_line(60'000, 1 << 12);
  ASSERT_TRUE(line.ok() && line->has_value()) << server.log_tail();
  const std::string url = (*line)->substr((*line)->rfind(' ') + 1);
  auto http = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({"127.0.0.1"}).value());
  const std::shared_ptr<McpClient> client = McpClient::make({.name = "cadre", .url = url + "/mcp"}, http).value();
  expect_answers(client);
}

}  // namespace
}  // namespace cadre::tests
