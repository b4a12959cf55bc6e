// A client of one server of the Model Context Protocol: finds out which revision the server speaks, lists its tools, calls them.
//
// Revisions: 2026-07-28, without state; 2025-11-25, 2025-06-18 and 2025-03-26, with a session. A program is asked with server/discover first and
// initialized where it does not know that or says nothing within `probe_timeout_ms`; a web server likewise, unless what it answers shows that it is a modern one.
// The era is remembered for as long as the client lives. A program that has ended is started again by the next request, a session that the server has
// forgotten is opened again; a request that may have arrived is never sent twice.
// A list is asked for again when its ttlMs (kMcpListMs where there is none) is over or the server says that it has changed.
// Not done: the transport of 2024-11-05, OAuth, resources, prompts, sampling, elicitation, roots, progress, streams that are taken up again.
// Errors: kDenied (the address policy, the server), kUnavailable, kTimeout, kCancelled, kUnsupported (no common revision, no tools), kLimit, kInvalid.
// Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/deadline.h"
#include "agent/mcp_messages.h"
#include "agent/mcp_result.h"
#include "agent/mcp_transport.h"

namespace cadre::agent {

inline constexpr int64_t kMcpListMs = 300'000;
inline constexpr int64_t kMcpListMsMax = 86'400'000;
inline constexpr int kMcpPagesMax = 100;

struct McpServerOptions {
  std::string name;  // of the server, as pins and messages call it: 1 to 64 letters, digits, "_", "." or "-"
  std::vector<std::string> command;                              // a program and its arguments; or
  std::string url;                                               // http(s)://host[:port]/path
  std::vector<std::pair<std::string, std::string>> environment;  // of the program: name, value
  std::vector<std::string> variables;                            // names whose values are taken from our environment
  std::string folder;                                            // of the program; empty: ours
  std::vector<std::pair<std::string, std::string>> headers;      // of requests: name, value
  std::vector<std::pair<std::string, std::string>> header_variables;  // name, environment variable
  int64_t probe_timeout_ms = 5'000;
};

struct McpListing {
  std::vector<McpListedTool> tools;
  std::vector<std::string> rejected;  // definitions that cannot be used, and why
  const McpListedTool* find(const std::string& name) const;
};

class McpClient {
 public:
  // Nothing is started or asked yet. Error: neither or both of command and url, a URL or header that is none, a variable that is not set.
  static Result<std::unique_ptr<McpClient>> make(McpServerOptions options,
                                                 std::shared_ptr<const net::HttpClient> client);
  McpClient(std::string name, std::unique_ptr<McpTransport> transport, int64_t probe_timeout_ms);
  ~McpClient();

  const std::string& name() const { return name_; }
  McpResult<std::shared_ptr<const McpListing>> list(const Deadline& deadline);
  // The next list() asks the server.
  void forget_list();
  // tools/call. `state`: of an earlier answer to the same call.
  McpAnswer call(const McpListedTool& tool, const base::Json& arguments, const std::optional<std::string>& state,
                 const Deadline& deadline);

 private:
  // Only one thread finds out, or lists; the others wait for it.
  class Turn;

  McpResult<McpSpoken> ready(const Deadline& deadline);
  McpResult<McpSpoken> negotiate(const Deadline& deadline);
  McpResult<McpEra> probe(const Deadline& deadline);
  McpResult<McpSpoken> initialize(const Deadline& deadline);
  McpResult<std::shared_ptr<const McpListing>> fetch_list(const Deadline& deadline);
  // Makes ready, asks, and once more where a session was lost or nothing arrived at a server that had ended.
  McpAnswer ask(McpRequest request, const Deadline& deadline);
  int64_t next_id() { return ++last_id_; }

  const std::string name_;
  const std::unique_ptr<McpTransport> transport_;
  const int64_t probe_timeout_ms_;
  std::atomic<int64_t> last_id_{0};

  std::mutex mutex_;
  std::condition_variable turn_ended_;
  // All below: guarded by mutex_.
  bool is_setting_up_ = false;
  bool is_listing_ = false;
  std::optional<McpEra> era_;        // once it is known
  std::optional<McpSpoken> spoken_;  // while the transport is open
  std::shared_ptr<const McpListing> listing_;
  int64_t listing_ends_ns_ = 0;
};

}  // namespace cadre::agent
