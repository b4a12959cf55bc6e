// SPDX-License-Identifier: Apache-2.0
#include "serve/runs.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "serve/idempotency.h"
#include "serve/replies.h"

namespace cadre::serve {
namespace {

constexpr int64_t kEventsPerPiece = 64;
constexpr int64_t kEventsMax = 1'000;
constexpr int64_t kRunsMax = 1'000;
constexpr int64_t kDecisionMs = 30'000;

net::Reply refuse(const Error& error) {
  return error_reply(api_error_of(error));
}

std::optional<int64_t> parse_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A number of the query, between least and most; `otherwise` if it is not there.
Result<int64_t> query_number(const net::InboundRequest& request, const char* name, int64_t otherwise, int64_t least,
                             int64_t most) {
  const auto* text = request.query_value(name);
  if (text == nullptr) return otherwise;
  const auto number = parse_number(*text);
  if (number && *number >= least && *number <= most) return *number;
  return Error{ErrorCode::kInvalid, fmt::format("{}: it must be an integer from {} to {}", name, least, most)};
}

net::Reply run_reply(int status, const agent::RunView& view) {
  auto reply = json_reply(status, run_json(view));
  reply.headers.push_back({"X-Cadre-Run", view.run.text()});
  if (status == 201) reply.headers.push_back({"Location", "/v1/runs/" + view.run.text()});
  return reply;
}

using Answer = std::function<net::Reply(const agent::RunView&)>;

// `answer` of the run once it is final or waits for an approval, or as it stands after `wait_ms`.
net::Handled when_settled(const Surroundings& around, const net::InboundRequest& request, const store::RunId& run,
                          int64_t wait_ms, Answer answer) {
  auto follower = std::make_shared<Follower>(around, run, request.waker, WhenAbandoned::kLetRun, "");
  const int64_t until_ns = around.clock.monotonic_ns() + wait_ms * 1'000'000;
  auto ask = [around, follower, until_ns, answer = std::move(answer)]() -> std::optional<net::Reply> {
    const auto settled = follower->poll();
    const bool is_late = around.clock.monotonic_ns() >= until_ns || around.is_draining();
    if (!settled && !is_late) return std::nullopt;
    const auto view = settled ? *settled : around.service.view(follower->run());
    return view.ok() ? answer(*view) : refuse(view.error());
  };
  if (auto reply = ask()) return std::move(*reply);
  return net::Handled(net::Pending(std::move(ask)), std::min<int64_t>(wait_ms, 1000));
}

std::optional<ApiError> check_fields(const base::Json& body, const std::set<std::string>& known) {
  for (const auto& [name, value] : body.items()) {
    if (!known.contains(name)) return ApiError{400, name + ": this field is unknown", "unsupported_parameter", name};
  }
  return std::nullopt;
}

struct RequestRead {
  agent::RunRequest request;
  std::optional<ApiError> error;
};

std::optional<ApiError> read_text_field(const base::Json& body, const char* name, std::string& out) {
  if (!body.contains(name)) return std::nullopt;
  if (!body[name].is_string()) return ApiError{400, std::string(name) + ": it must be a string", "invalid_value", name};
  out = body[name].get<std::string>();
  return std::nullopt;
}

RequestRead read_run_request(const net::InboundRequest& request, const base::Json& body, const std::string& asker) {
  RequestRead read;
  auto& run = read.request;
  read.error = read_text_field(body, "text", run.text);
  if (!read.error) read.error = read_text_field(body, "specialist", run.specialist);
  if (!read.error) read.error = read_text_field(body, "subject", run.subject);
  if (read.error) return read;
  if (body.contains("input")) run.input = body["input"];
  if (!run.input.is_null() && !run.input.is_object()) {
    read.error = ApiError{400, "input: it must be an object", "invalid_value", "input"};
  } else if (run.text.empty() && run.input.is_null()) {
    read.error = ApiError{400, "text: say what is asked, or give an input", "invalid_value", "text"};
  }
  auto key = read_idempotency_key(request);
  if (!read.error) read.error = key.error;
  run.idempotency_key = key.key;
  run.asker = asker;
  return read;
}

base::Json event_json(const agent::RunEvent& event) {
  return {{"sequence", event.sequence}, {"kind", event.kind}, {"wall_us", event.wall_us}, {"payload", event.payload}};
}

// The records of a run as they become durable, each read once; after the last one of a final run, an event "end".
class EventSource final : public net::ReplySource {
 public:
  EventSource(agent::RunService& service, store::RunId run, int64_t after, std::shared_ptr<net::Waker> waker)
      : service_(service), run_(run), reader_(service.read_events(run, after)) {
    watch_ = service_.watch(run_, [waker = std::move(waker)] { waker->wake(); });
  }

  // A run that another process carries out is read whole for its status: so that is asked for only where no records are left.
  Piece next() override {
    if (auto piece = next_records()) return std::move(*piece);
    const auto view = service_.view(run_);
    if (!view.ok()) return fault(view.error());
    // The status was read before these records, so that a final one means that all of them are there.
    if (auto piece = next_records()) return std::move(*piece);
    if (!agent::is_final(view->status)) return {"", State::kWait};
    return {sse_event(base::dump_json(run_json(*view)), "", "end"), State::kEnd};
  }

 private:
  // Nothing: there are none at present.
  std::optional<Piece> next_records() {
    const auto events = reader_->next(kEventsPerPiece);
    if (!events.ok()) return fault(events.error());
    if (events->empty()) return std::nullopt;
    std::string out;
    for (const auto& event : *events)
      out += sse_event(base::dump_json(event_json(event)), std::to_string(event.sequence), event.kind);
    return Piece{std::move(out), State::kMore};
  }

  static Piece fault(const Error& error) {
    return {sse_event(base::dump_json(error_json(api_error_of(error))), "", "error"), State::kEnd};
  }

  agent::RunService& service_;
  const store::RunId run_;
  const std::unique_ptr<agent::EventReader> reader_;
  std::shared_ptr<void> watch_;
};

net::Reply events_as_stream(const Surroundings& around, const net::InboundRequest& request, const store::RunId& run) {
  int64_t after = -1;
  if (const auto* last = request.header("last-event-id")) {
    const auto number = parse_number(*last);
    if (!number || *number < -1) {
      return refuse(Error{ErrorCode::kInvalid, "Last-Event-ID: it must be the id of an event of this run"});
    }
    after = *number;
  }
  auto reply = sse_reply(std::make_unique<EventSource>(around.service, run, after, request.waker));
  reply.ends_on_drain = true;
  reply.headers.push_back({"X-Cadre-Run", run.text()});
  return reply;
}

net::Reply decision_reply(const std::string& specialist, const agent::RunView& view) {
  if (view.status == agent::RunStatus::kFailed || view.status == agent::RunStatus::kCancelled) {
    return error_reply({422, "run " + view.run.text() + ": " + (view.message.empty() ? view.reason : view.message),
                        std::string("run_") + agent::run_status_name(view.status), ""});
  }
  const bool is_answered = view.status == agent::RunStatus::kAnswered;
  auto reply = json_reply(is_final(view.status) ? 200 : 202, {{"run", view.run.text()},
                                                              {"specialist", specialist},
                                                              {"status", agent::run_status_name(view.status)},
                                                              {"value", is_answered ? view.value : base::Json()},
                                                              {"confidence", view.confidence},
                                                              {"reason", view.reason},
                                                              {"message", view.message},
                                                              {"evidence", view.evidence}});
  reply.headers.push_back({"X-Cadre-Run", view.run.text()});
  return reply;
}

}  // namespace

net::Handled start_run(const Surroundings& around, const net::InboundRequest& request, const std::string& asker) {
  const auto wait_ms = query_number(request, "wait_ms", 0, 0, kWaitMsMax);
  if (!wait_ms.ok()) return refuse(wait_ms.error());
  const auto body = read_json_body(request);
  if (body.error) return error_reply(*body.error);
  if (const auto error = check_fields(body.json, {"text", "specialist", "input", "subject"}))
    return error_reply(*error);
  const auto read = read_run_request(request, body.json, asker);
  if (read.error) return error_reply(*read.error);
  const auto run = around.service.start(read.request);
  if (!run.ok()) return refuse(run.error());
  return when_settled(around, request, *run, *wait_ms, [](const agent::RunView& view) { return run_reply(201, view); });
}

net::Reply list_runs(const Surroundings& around, const net::InboundRequest& request) {
  const auto limit = query_number(request, "limit", 20, 1, kRunsMax);
  if (!limit.ok()) return refuse(limit.error());
  const auto runs = around.service.list(static_cast<size_t>(*limit));
  if (!runs.ok()) return refuse(runs.error());
  auto list = base::Json::array();
  for (const auto& view : *runs) {
    auto item = run_json(view);
    item.erase("steps");
    item.erase("evidence");
    list.push_back(std::move(item));
  }
  return json_reply(200, {{"runs", std::move(list)}});
}

net::Handled show_run(const Surroundings& around, const net::InboundRequest& request, const std::string& run) {
  const auto id = store::RunId::parse(run);
  if (!id.ok()) return refuse(id.error());
  const auto wait_ms = query_number(request, "wait_ms", 0, 0, kWaitMsMax);
  if (!wait_ms.ok()) return refuse(wait_ms.error());
  return when_settled(around, request, *id, *wait_ms, [](const agent::RunView& view) { return run_reply(200, view); });
}

net::Reply run_events(const Surroundings& around, const net::InboundRequest& request, const std::string& run) {
  const auto id = store::RunId::parse(run);
  if (!id.ok()) return refuse(id.error());
  const auto view = around.service.view(*id);
  if (!view.ok()) return refuse(view.error());
  const auto* accept = request.header("accept");
  if (accept != nullptr && accept->find("text/event-stream") != std::string::npos) {
    return events_as_stream(around, request, *id);
  }
  const auto after = query_number(request, "after", -1, -1, INT64_MAX);
  if (!after.ok()) return refuse(after.error());
  const auto limit = query_number(request, "limit", kEventsMax, 1, kEventsMax);
  if (!limit.ok()) return refuse(limit.error());
  const auto events = around.service.events(*id, *after, static_cast<size_t>(*limit));
  if (!events.ok()) return refuse(events.error());
  auto list = base::Json::array();
  for (const auto& event : *events) list.push_back(event_json(event));
  return json_reply(200, {{"run", id->text()}, {"events", std::move(list)}});
}

net::Reply approve_run(const Surroundings& around, const net::InboundRequest& request, const std::string& run,
                       const std::string& who) {
  const auto id = store::RunId::parse(run);
  if (!id.ok()) return refuse(id.error());
  const auto body = read_json_body(request);
  if (body.error) return error_reply(*body.error);
  if (const auto error = check_fields(body.json, {"step", "approved", "why"})) return error_reply(*error);
  std::string step;
  std::string why;
  if (const auto error = read_text_field(body.json, "step", step)) return error_reply(*error);
  if (const auto error = read_text_field(body.json, "why", why)) return error_reply(*error);
  if (step.empty()) return error_reply({400, "step: name the step that waits", "invalid_value", "step"});
  const auto approved = base::json_bool(body.json, "approved");
  if (!approved.ok()) return error_reply({400, "approved: it must be true or false", "invalid_value", "approved"});
  const auto decided = around.service.decide(*id, step, *approved, who, why);
  if (!decided.ok()) return refuse(decided.error());
  const auto view = around.service.view(*id);
  return view.ok() ? run_reply(200, *view) : refuse(view.error());
}

net::Reply cancel_run(const Surroundings& around, const std::string& run, const std::string& who) {
  const auto id = store::RunId::parse(run);
  if (!id.ok()) return refuse(id.error());
  const auto cancelled = around.service.cancel(*id, who);
  if (!cancelled.ok()) return refuse(cancelled.error());
  const auto view = around.service.view(*id);
  return view.ok() ? run_reply(200, *view) : refuse(view.error());
}

net::Handled decide(const Surroundings& around, const net::InboundRequest& request, const std::string& asker) {
  const auto body = read_json_body(request);
  if (body.error) return error_reply(*body.error);
  if (const auto error = check_fields(body.json, {"text", "specialist", "input", "subject", "timeout_ms"}))
    return error_reply(*error);
  const auto read = read_run_request(request, body.json, asker);
  if (read.error) return error_reply(*read.error);
  if (read.request.specialist.empty()) {
    return error_reply({400, "specialist: name the one that decides", "invalid_value", "specialist"});
  }
  int64_t timeout_ms = kDecisionMs;
  if (body.json.contains("timeout_ms")) {
    const auto given = base::json_int(body.json, "timeout_ms");
    if (!given.ok() || *given < 0 || *given > kWaitMsMax) {
      return error_reply({400, fmt::format("timeout_ms: it must be an integer from 0 to {}", kWaitMsMax),
                          "invalid_value", "timeout_ms"});
    }
    timeout_ms = *given;
  }
  const auto run = around.service.start(read.request);
  if (!run.ok()) return refuse(run.error());
  return when_settled(
      around, request, *run, timeout_ms,
      [specialist = read.request.specialist](const agent::RunView& view) { return decision_reply(specialist, view); });
}

}  // namespace cadre::serve
