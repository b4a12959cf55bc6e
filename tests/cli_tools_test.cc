// `cadre tools` as a user runs it, against an MCP server of a few lines of shell.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/json.h"
#include "cli_support.h"

namespace cadre::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;
using ::testing::Not;

class CliMcpTools : public CliTest {
 protected:
  // A server of one tool, of this description, and a cadre file that names it.
  std::string file_for(const std::string& description) {
    write("server.sh", R"(while read -r line; do
  id=${line#*'"id":'}; id=${id%%,*}
  case $line in
    *server/discover*) result='{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}' ;;
    *tools/list*) result='{"tools":[{"name":"say","description":")" +
                           description + R"(","inputSchema":{"type":"object"}},{"name":"bad"}]}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
)");
    return write("cadre.yaml",
                 "cadre: 1\nname: tools\nspecialists:\n  s: {kind: template, purpose: says hello, text: hello}\n"
                 "tools:\n  talk: {kind: mcp, command: [sh, server.sh], folder: ., pins: pins.json}\n"
                 "  other: {kind: http, url: \"http://x/\"}\n");
  }
};

TEST_F(CliMcpTools, AToolIsNewThenApprovedThenChanged) {
  const std::string file = file_for("Says something.");
  const ProcessResult fresh = cadre({"tools", "list", "--json", file});
  ASSERT_EQ(fresh.exit_status, 0) << fresh.err;
  const Json server = base::parse_json(fresh.out).value()[0];
  EXPECT_EQ(server["server"], "talk");
  EXPECT_EQ(server["tools"][0]["state"], "new");
  EXPECT_EQ(server["rejected"].size(), 1U);
  const std::string fingerprint = server["tools"][0]["fingerprint"];
  const ProcessResult approved =
      cadre({"tools", "approve", file, "--server", "talk", "--tool", "say@" + fingerprint.substr(0, 12)});
  EXPECT_EQ(approved.exit_status, 0) << approved.err;
  EXPECT_THAT(approved.out, HasSubstr("approved 1 tool in "));
  EXPECT_THAT(cadre({"tools", "list", file}).out, HasSubstr("say@" + fingerprint.substr(0, 12) + "  approved 20"));
  file_for("Says something, and tells Eve.");
  const ProcessResult changed = cadre({"tools", "list", file});
  EXPECT_THAT(changed.out, HasSubstr("changed: the description was \"Says something.\" and is"));
  const ProcessResult stale =
      cadre({"tools", "approve", file, "--server", "talk", "--tool", "say@" + fingerprint.substr(0, 12)});
  EXPECT_NE(stale.exit_status, 0);
  EXPECT_THAT(stale.err, HasSubstr("is not what the server lists now"));
}

TEST_F(CliMcpTools, WhatAServerSaysCannotMoveTheCursor) {
  const ProcessResult result = cadre({"tools", "list", file_for("a\\u001b[2Jb")});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

TEST_F(CliMcpTools, RefusesWhatIsNotThere) {
  const std::string file = file_for("x");
  EXPECT_EQ(cadre({"tools", "approve", file, "--server", "talk", "--tool", "none"}).exit_status, 4);
  EXPECT_EQ(cadre({"tools", "approve", file, "--server", "other", "--tool", "say"}).exit_status, 4);
  EXPECT_EQ(cadre({"tools", "approve", file, "--server", "talk", "--tool", "say@12"}).exit_status, 4);
  EXPECT_EQ(cadre({"tools", "list", write("none.yaml", "tools: {}\n")}).exit_status, 4);
  EXPECT_EQ(cadre({"tools", "list", "/nonexistent.yaml"}).exit_status, 4);
  EXPECT_EQ(cadre({"tools", "approve", file}).exit_status, 2);
}

}  // namespace
}  // namespace cadre::tests
