// SPDX-License-Identifier: Apache-2.0
#include "serve/chat.h"

#include <algorithm>

#include "serve/chat_request.h"
#include "serve/idempotency.h"
#include "serve/replies.h"

namespace cadre::serve {
namespace {

constexpr const char* kCadreModel = "cadre";

base::Json model_json(const std::string& name, const std::string& description) {
  return {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "cadre"}, {"description", description}};
}

base::Json cadre_json() {
  return model_json(kCadreModel, "the dispatcher: sends a request to the specialists it needs");
}

std::optional<agent::SpecialistView> find_specialist(const Surroundings& around, const std::string& name) {
  const auto all = around.service.specialists();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
  if (found == all.end()) return std::nullopt;
  return *found;
}

// Everything about a completion but its outcome.
struct Completion {
  std::string id;
  std::string model;
  int64_t created_s = 0;
  std::string run;
  bool is_chat = false;  // the run's value is an assistant message
  bool has_usage_chunk = false;

  base::Json head(const char* object) const {
    return {{"id", id}, {"object", object}, {"created", created_s}, {"model", model}};
  }
};

struct Answer {
  base::Json message;  // {"role", "content", "refusal", "tool_calls"}
  std::string finish_reason = "stop";
  std::optional<ApiError> error;
};

ApiError run_error(const agent::RunView& view) {
  const auto run = view.run.text();
  const auto why = view.message.empty() ? view.reason : view.message;
  if (view.status == agent::RunStatus::kWaiting) {
    return {403, "run " + run + " waits for an approval: POST /v1/runs/" + run + "/approve", "approval_required", ""};
  }
  if (view.status == agent::RunStatus::kCancelled)
    return {422, "run " + run + " was cancelled: " + why, "run_cancelled", ""};
  return {422, "run " + run + " failed: " + why, "run_failed", ""};
}

Answer answer_of(const agent::RunView& view, bool is_chat) {
  Answer answer;
  answer.message = {{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
  if (view.status == agent::RunStatus::kDeclined) {
    answer.message["refusal"] = view.message.empty() ? view.reason : view.message;
  } else if (view.status != agent::RunStatus::kAnswered) {
    answer.error = run_error(view);
  } else if (!is_chat) {
    answer.message["content"] = view.text.empty() && !view.value.is_null() ? base::dump_json(view.value) : view.text;
  } else if (!view.value.is_object()) {
    answer.error = ApiError{500, "run " + view.run.text() + " answered with no chat message", "internal", ""};
  } else {
    answer.message["content"] = view.value.value("content", base::Json());
    if (view.value.contains("tool_calls") && !view.value["tool_calls"].empty()) {
      answer.message["tool_calls"] = view.value["tool_calls"];
      answer.finish_reason = "tool_calls";
    }
    const auto reason = view.value.value("finish_reason", base::Json());
    if (reason.is_string()) answer.finish_reason = reason.get<std::string>();
  }
  return answer;
}

base::Json usage_json(const agent::RunUsage& usage) {
  return {{"prompt_tokens", usage.tokens_in},
          {"completion_tokens", usage.tokens_out},
          {"total_tokens", usage.tokens_in + usage.tokens_out}};
}

base::Json cadre_field(const agent::RunView& view) {
  return {{"run", view.run.text()},
          {"status", agent::run_status_name(view.status)},
          {"reason", view.reason},
          {"confidence", view.confidence},
          {"evidence", view.evidence}};
}

net::Reply named(net::Reply reply, const std::string& run) {
  reply.headers.push_back({"X-Cadre-Run", run});
  return reply;
}

net::Reply whole_reply(const Completion& completion, const Result<agent::RunView>& view) {
  if (!view.ok()) return named(error_reply(api_error_of(view.error())), completion.run);
  auto answer = answer_of(*view, completion.is_chat);
  if (answer.error) return named(error_reply(*answer.error), completion.run);
  auto body = completion.head("chat.completion");
  body["choices"] = base::Json::array({{{"index", 0},
                                        {"message", std::move(answer.message)},
                                        {"logprobs", nullptr},
                                        {"finish_reason", answer.finish_reason}}});
  body["usage"] = usage_json(view->usage);
  body["cadre"] = cadre_field(*view);
  return named(json_reply(200, body), completion.run);
}

// A committed answer comes at once, so a stream has the role, then the answer, then why it ended.
class ChatSource final : public net::ReplySource {
 public:
  ChatSource(Completion completion, std::shared_ptr<Follower> follower)
      : completion_(std::move(completion)), follower_(std::move(follower)) {}

  Piece next() override {
    if (!has_begun_) {
      has_begun_ = true;
      return {chunk({{"role", "assistant"}, {"content", ""}}, nullptr), State::kMore};
    }
    const auto view = follower_->poll();
    if (!view) return {"", State::kWait};
    if (!view->ok()) return {sse_event(base::dump_json(error_json(api_error_of(view->error())))), State::kEnd};
    return {rest(**view), State::kEnd};
  }

 private:
  std::string chunk(base::Json delta, base::Json finish_reason, const base::Json& more = {}) const {
    auto body = completion_.head("chat.completion.chunk");
    body["choices"] = base::Json::array({{{"index", 0},
                                          {"delta", std::move(delta)},
                                          {"logprobs", nullptr},
                                          {"finish_reason", std::move(finish_reason)}}});
    if (completion_.has_usage_chunk) body["usage"] = nullptr;
    if (!more.is_null()) body["cadre"] = more;
    return sse_event(base::dump_json(body));
  }

  std::string rest(const agent::RunView& view) const {
    auto answer = answer_of(view, completion_.is_chat);
    if (answer.error) return sse_event(base::dump_json(error_json(*answer.error)));
    base::Json delta = base::Json::object();
    for (const char* name : {"content", "refusal"}) {
      if (!answer.message[name].is_null()) delta[name] = answer.message[name];
    }
    if (answer.message.contains("tool_calls")) {
      delta["tool_calls"] = answer.message["tool_calls"];
      for (size_t i = 0; i < delta["tool_calls"].size(); ++i) delta["tool_calls"][i]["index"] = i;
    }
    std::string out = delta.empty() ? "" : chunk(std::move(delta), nullptr);
    out += chunk(base::Json::object(), answer.finish_reason, cadre_field(view));
    if (completion_.has_usage_chunk) {
      auto body = completion_.head("chat.completion.chunk");
      body["choices"] = base::Json::array();
      body["usage"] = usage_json(view.usage);
      out += sse_event(base::dump_json(body));
    }
    return out + sse_event("[DONE]");
  }

  const Completion completion_;
  const std::shared_ptr<Follower> follower_;
  bool has_begun_ = false;
};

// What only a specialist that writes chat messages can honour.
std::optional<ApiError> check_fits(const ChatRequest& chat, bool is_chat) {
  if (is_chat) return std::nullopt;
  auto refuse = [&](const char* param) {
    return ApiError{400,
                    std::string(param) + ": the model " + chat.model + " writes no chat messages and cannot honour it",
                    "unsupported_parameter", param};
  };
  if (!chat.tools.is_null()) return refuse("tools");
  if (!chat.response_format.is_null()) return refuse("response_format");
  if (!chat.stop.is_null()) return refuse("stop");
  if (chat.tokens_max) return refuse("max_tokens");
  if (!chat.last_user_text().empty()) return std::nullopt;
  return ApiError{400, "messages: the last one must be a user's, with text", "invalid_value", "messages"};
}

agent::RunRequest run_request(const ChatRequest& chat, bool is_chat) {
  agent::RunRequest run;
  run.text = chat.last_user_text();
  if (chat.model != kCadreModel) run.specialist = chat.model;
  if (is_chat) run.chat = chat.for_run();
  run.subject = chat.user;
  return run;
}

}  // namespace

net::Reply list_models(const Surroundings& around) {
  auto models = base::Json::array({cadre_json()});
  for (const auto& each : around.service.specialists()) models.push_back(model_json(each.name, each.purpose));
  return json_reply(200, {{"object", "list"}, {"data", std::move(models)}});
}

net::Reply show_model(const Surroundings& around, const std::string& name) {
  if (name == kCadreModel) return json_reply(200, cadre_json());
  const auto found = find_specialist(around, name);
  if (found) return json_reply(200, model_json(found->name, found->purpose));
  return error_reply({404, "model \"" + name + "\": GET /v1/models lists those there are", "model_not_found", "model"});
}

net::Handled complete_chat(const Surroundings& around, const net::InboundRequest& request, const std::string& asker) {
  const auto body = read_json_body(request);
  if (body.error) return error_reply(*body.error);
  const auto read = read_chat_request(body.json);
  if (read.error) return error_reply(*read.error);
  const auto& chat = read.request;
  const auto specialist = find_specialist(around, chat.model);
  if (!specialist && chat.model != kCadreModel) return show_model(around, chat.model);
  const bool is_chat = specialist && specialist->is_chat;
  if (const auto error = check_fits(chat, is_chat)) return error_reply(*error);
  const auto key = read_idempotency_key(request);
  if (key.error) return error_reply(*key.error);

  auto run = run_request(chat, is_chat);
  run.asker = asker;
  run.idempotency_key = key.key;
  const auto id = around.service.start(run);
  if (!id.ok()) return error_reply(api_error_of(id.error()));
  Completion completion{.id = "chatcmpl-" + id->text(),
                        .model = chat.model,
                        .created_s = around.clock.wall_us() / 1'000'000,
                        .run = id->text(),
                        .is_chat = is_chat,
                        .has_usage_chunk = chat.has_usage_chunk};
  const auto when = key.key.empty() ? WhenAbandoned::kCancelRun : WhenAbandoned::kLetRun;
  auto follower = std::make_shared<Follower>(around, *id, request.waker, when, asker);
  if (chat.is_stream) {
    return named(sse_reply(std::make_unique<ChatSource>(completion, std::move(follower))), completion.run);
  }
  auto ask = [completion, follower = std::move(follower)]() -> std::optional<net::Reply> {
    const auto view = follower->poll();
    if (!view) return std::nullopt;
    return whole_reply(completion, *view);
  };
  if (auto reply = ask()) return std::move(*reply);
  return net::Handled(net::Pending(std::move(ask)));
}

}  // namespace cadre::serve
