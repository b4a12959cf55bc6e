// SPDX-License-Identifier: Apache-2.0
#include "engine/oracle_server.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "base/json_lines.h"
#include "base/random.h"
#include "base/sha256.h"

namespace cadre::engine {
namespace {

using base::Json;

constexpr std::array<std::pair<OracleFault, const char*>, 6> kFaultNames = {
    {{OracleFault::kBusy, "busy"},
     {OracleFault::kError, "error"},
     {OracleFault::kHang, "hang"},
     {OracleFault::kMalformed, "malformed"},
     {OracleFault::kUnconstrained, "unconstrained"},
     {OracleFault::kTruncated, "truncated"}}};
constexpr size_t kMessagesKept = 100'000;  // whose repetitions are counted
constexpr int64_t kSamplesMax = 64;
constexpr int64_t kHangLook_ms = 1'000;

net::Reply reply_of(int status, const Json& body) {
  net::Reply reply{.status = status, .headers = {{"Content-Type", "application/json"}}};
  reply.body = base::dump_json(body);
  return reply;
}

net::Reply refusal(int status, const std::string& message) {
  return reply_of(status, {{"error", {{"message", message}, {"type", "oracle"}}}});
}

// The text as it stands between the quotes of a JSON string.
std::string escaped(const std::string& text) {
  const std::string quoted = base::dump_json(Json(text));
  return quoted.substr(1, quoted.size() - 2);
}

std::string text_of(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (!content.is_array()) return text;
  for (const Json& part : content) {
    if (part.is_object() && part.contains("text") && part["text"].is_string()) text += part["text"].get<std::string>();
  }
  return text;
}

std::optional<std::string> last_user_text(const Json& request) {
  if (!request.is_object() || !request.contains("messages") || !request["messages"].is_array()) return std::nullopt;
  std::optional<std::string> text;
  for (const Json& message : request["messages"]) {
    if (message.is_object() && message.value("role", Json()) == "user" && message.contains("content"))
      text = text_of(message["content"]);
  }
  return text;
}

int64_t samples_of(const Json& request) {
  const Json samples = request.value("n", Json(1));
  return samples.is_number_integer() ? samples.get<int64_t>() : 0;
}

int64_t tokens_of(size_t bytes) {
  return static_cast<int64_t>((bytes + 3) / 4);
}

uint64_t number_of(const std::string& text) {
  const base::Sha256 digest = base::sha256(text);
  uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return number;
}

bool is_rate(double rate) {
  return rate >= 0 && rate <= 1;
}

}  // namespace

const char* oracle_fault_name(OracleFault fault) {
  for (const auto& [known, name] : kFaultNames) {
    if (known == fault) return name;
  }
  return "error";
}

Result<OracleFault> oracle_fault_of(const std::string& name) {
  for (const auto& [fault, known] : kFaultNames) {
    if (name == known) return fault;
  }
  return Error{ErrorCode::kInvalid,
               fmt::format("\"{}\" is no fault; say busy, error, hang, malformed, unconstrained or truncated", name)};
}

Result<std::vector<OracleAnswer>> read_oracle_answers(const std::string& path) {
  std::vector<OracleAnswer> answers;
  TRY(base::for_each_json_line(path, [&](const Json& line) -> Result<bool> {
    OracleAnswer answer{.match = TRY(base::json_string(line, "match"))};
    if (answer.match.empty()) return Error{ErrorCode::kInvalid, "\"match\" is empty"};
    if (!line.contains("answer")) return Error{ErrorCode::kInvalid, "it has no \"answer\""};
    answer.answer = line["answer"];
    answers.push_back(std::move(answer));
    return true;
  }));
  return answers;
}

class OracleServer::Core {
 public:
  Core(std::vector<OracleAnswer> answers, OracleOptions options, const base::Clock& clock)
      : answers_(std::move(answers)), options_(std::move(options)), clock_(clock) {
    for (const OracleAnswer& answer : answers_) escaped_.push_back(escaped(answer.match));
  }

  net::Handled handle(const net::InboundRequest& request) {
    if (request.method == "GET" && request.path == "/v1/models")
      return reply_of(200, {{"object", "list"}, {"data", {{{"id", kOracleModel}, {"object", "model"}}}}});
    if (request.method != "POST" || request.path != "/v1/chat/completions")
      return refusal(404, "there is POST /v1/chat/completions and GET /v1/models");
    ++requests_;
    const auto json = base::parse_json(request.body);
    const auto asked = json.ok() ? last_user_text(*json) : std::nullopt;
    if (!asked) return refusal(400, json.ok() ? "it has no user message" : json.error().message);
    const int64_t samples = samples_of(*json);
    if (samples < 1 || samples > kSamplesMax) return refusal(400, fmt::format("\"n\" is not 1 to {}", kSamplesMax));
    return answer(*json, *asked, samples, request.body.size());
  }

  OracleStats stats() const { return {requests_, wrong_, faults_}; }

 private:
  net::Handled answer(const Json& request, const std::string& asked, int64_t samples, size_t request_size_bytes) {
    base::Random random(options_.seed ^ number_of(base::dump_json(request)) ^ base::mix64(repetition_of(request)));
    const auto fault = fault_of(random);
    if (fault) ++faults_;
    if (fault == OracleFault::kHang) return net::Handled([] { return std::optional<net::Reply>(); }, kHangLook_ms);
    if (fault == OracleFault::kBusy) {
      net::Reply busy = refusal(429, "the oracle is told to be busy");
      busy.headers.push_back({"Retry-After", "1"});
      return later(std::move(busy));
    }
    if (fault == OracleFault::kError) return later(refusal(500, "the oracle is told to fail"));
    const auto found = find(asked);
    if (!found) return later(refusal(404, "the oracle has no answer to this message"));
    net::Reply reply = reply_of(200, completion(*found, samples, fault, random, request_size_bytes));
    if (fault == OracleFault::kMalformed) reply.body.resize(reply.body.size() / 2);
    return later(std::move(reply));
  }

  // Holds no thread meanwhile.
  net::Handled later(net::Reply reply) const {
    if (options_.delay_ms <= 0) return reply;
    const int64_t due_ns = clock_.monotonic_ns() + options_.delay_ms * 1'000'000;
    auto waiting = std::make_shared<net::Reply>(std::move(reply));
    return net::Handled(
        [this, due_ns, waiting]() -> std::optional<net::Reply> {
          if (clock_.monotonic_ns() < due_ns) return std::nullopt;
          return std::move(*waiting);
        },
        std::min<int64_t>(options_.delay_ms, kHangLook_ms));
  }

  uint64_t repetition_of(const Json& request) {
    const std::lock_guard lock(mutex_);
    if (repetitions_.size() >= kMessagesKept) repetitions_.clear();
    return repetitions_[number_of(base::dump_json(request))]++;
  }

  std::optional<OracleFault> fault_of(base::Random& random) const {
    double chance = random.uniform();
    for (const auto& [fault, rate] : options_.faults) {
      if (chance < rate) return fault;
      chance -= rate;
    }
    return std::nullopt;
  }

  std::optional<size_t> find(const std::string& asked) const {
    std::optional<size_t> best;
    for (size_t i = 0; i < answers_.size(); ++i) {
      if (answers_[i].match == asked) return i;
      const bool is_in =
          asked.find(answers_[i].match) != std::string::npos || asked.find(escaped_[i]) != std::string::npos;
      if (is_in && (!best || answers_[i].match.size() > answers_[*best].match.size())) best = i;
    }
    return best;
  }

  Json answer_of(size_t gold, base::Random& random) {
    if (!random.chance(options_.error_rate)) return answers_[gold].answer;
    ++wrong_;
    for (size_t tries = 0; tries < answers_.size(); ++tries) {
      const size_t other = random.below(answers_.size());
      if (answers_[other].answer != answers_[gold].answer) return answers_[other].answer;
    }
    return nullptr;
  }

  Json completion(size_t gold, int64_t samples, std::optional<OracleFault> fault, base::Random& random,
                  size_t request_size_bytes) {
    Json choices = Json::array();
    size_t bytes_out = 0;
    for (int64_t i = 0; i < samples; ++i) {
      const Json answer = answer_of(gold, random);
      std::string text = answer.is_string() ? answer.get<std::string>() : base::dump_json(answer);
      if (fault == OracleFault::kUnconstrained) text = "Well, I would say that it is " + text + " or so.";
      if (fault == OracleFault::kTruncated) text.resize(text.size() / 2);
      bytes_out += text.size();
      choices.push_back({{"index", i},
                         {"message", {{"role", "assistant"}, {"content", text}}},
                         {"finish_reason", fault == OracleFault::kTruncated ? "length" : "stop"}});
    }
    return {{"id", fmt::format("oracle-{}", requests_.load())},
            {"object", "chat.completion"},
            {"created", clock_.wall_us() / 1'000'000},
            {"model", kOracleModel},
            {"choices", std::move(choices)},
            {"usage", usage(tokens_of(request_size_bytes), tokens_of(bytes_out))}};
  }

  Json usage(int64_t tokens_in, int64_t tokens_out) const {
    Json usage = {
        {"prompt_tokens", tokens_in}, {"completion_tokens", tokens_out}, {"total_tokens", tokens_in + tokens_out}};
    const double micros = (static_cast<double>(tokens_in) * static_cast<double>(options_.price_in_micros) +
                           static_cast<double>(tokens_out) * static_cast<double>(options_.price_out_micros)) /
                          1e6;
    if (micros > 0) usage["cost"] = micros / 1e6;
    return usage;
  }

  const std::vector<OracleAnswer> answers_;
  std::vector<std::string> escaped_;  // of each match
  const OracleOptions options_;
  const base::Clock& clock_;
  std::atomic<int64_t> requests_{0}, wrong_{0}, faults_{0};
  std::mutex mutex_;
  std::map<uint64_t, uint64_t> repetitions_;  // guarded by mutex_
};

Result<std::unique_ptr<OracleServer>> OracleServer::start(std::vector<OracleAnswer> answers, OracleOptions options,
                                                          const base::Clock& clock) {
  double all_faults = 0;
  for (const auto& [fault, rate] : options.faults) {
    if (!is_rate(rate))
      return Error{ErrorCode::kInvalid,
                   fmt::format("fault {}: {} is no share of 0 to 1", oracle_fault_name(fault), rate)};
    all_faults += rate;
  }
  if (!is_rate(options.error_rate) || all_faults > 1)
    return Error{ErrorCode::kInvalid, "the error rate, or the faults together, are over 1"};
  net::HttpServerOptions http{.address = options.address, .port = options.port};
  auto core = std::make_shared<Core>(std::move(answers), std::move(options), clock);
  auto server = TRY(net::HttpServer::start(
      http, [core](net::InboundRequest request) { return core->handle(request); }, refusal));
  return std::unique_ptr<OracleServer>(new OracleServer(std::move(core), std::move(server)));
}

OracleServer::OracleServer(std::shared_ptr<Core> core, std::unique_ptr<net::HttpServer> server)
    : core_(std::move(core)), server_(std::move(server)) {}
OracleServer::~OracleServer() = default;

uint16_t OracleServer::port() const {
  return server_->port();
}

std::string OracleServer::url() const {
  return fmt::format("http://127.0.0.1:{}/v1", port());
}

OracleStats OracleServer::stats() const {
  return core_->stats();
}

}  // namespace cadre::engine
