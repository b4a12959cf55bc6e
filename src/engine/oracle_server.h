// An endpoint that answers from gold labels: the real HTTP interface of a chat model, with a stated error rate, delay and faults. What
// depends on a larger model is tested and measured against it where there is no such model, and everything that comes of it says "oracle".
//
// POST /v1/chat/completions: the answer whose `match` is the last user message, or the longest that stands in it (as it is, or as it is
// written in a JSON string). With rate `error_rate` it is wrong: another line's answer (null where there is no other). 404 where nothing
// matches. GET /v1/models lists "oracle". Token counts are bytes / 4, rounded up; with a price usage says the cost.
//
// Faults happen to a share of the requests, at most one each:
//   busy           429 with Retry-After: 1        malformed      200 with half a body
//   error          500                            unconstrained  the answer inside of prose, no JSON value
//   hang           no reply                       truncated      half of the answer, finish_reason "length"
//
// The same seed, message and number of its repetition give the same answer, whatever is asked in between. Thread safety: as HttpServer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "net/http_server.h"

namespace cadre::engine {

inline constexpr const char* kOracleModel = "oracle";

enum class OracleFault : uint8_t { kBusy, kError, kHang, kMalformed, kUnconstrained, kTruncated };
const char* oracle_fault_name(OracleFault fault);  // "busy", "error", "hang", "malformed", "unconstrained", "truncated"
Result<OracleFault> oracle_fault_of(const std::string& name);

struct OracleAnswer {
  std::string match;
  base::Json answer;
};

// One object a line: {"match": text, "answer": any JSON}.
Result<std::vector<OracleAnswer>> read_oracle_answers(const std::string& path);

struct OracleOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: a free one
  double error_rate = 0;
  int64_t delay_ms = 0;
  uint64_t seed = 1;
  std::vector<std::pair<OracleFault, double>> faults;  // with the share of requests that each happens to
  int64_t price_in_micros = 0;                         // per million tokens
  int64_t price_out_micros = 0;
};

struct OracleStats {
  int64_t requests = 0;  // chat completions
  int64_t wrong = 0;     // answers
  int64_t faults = 0;
};

class OracleServer {
 public:
  // The clock outlives the server. kInvalid: a rate that is none; else as HttpServer::start.
  static Result<std::unique_ptr<OracleServer>> start(std::vector<OracleAnswer> answers, OracleOptions options,
                                                     const base::Clock& clock = base::system_clock());
  ~OracleServer();

  uint16_t port() const;
  std::string url() const;  // of its API over loopback: "http://127.0.0.1:PORT/v1"
  OracleStats stats() const;

 private:
  class Core;
  OracleServer(std::shared_ptr<Core> core, std::unique_ptr<net::HttpServer> server);
  std::shared_ptr<Core> core_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace cadre::engine
