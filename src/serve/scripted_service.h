// A RunService for tests and benchmarks that does what a request's text says:
//
//   "decline ..."  declined, out of scope          "fail ..."    failed
//   "approve ..."  waits for an approval           "slow ..."    runs until finish() or cancel()
//   "count N"      N records, then an answer       "refuse ..."  no run: kInvalid
//   anything else  answered with "echo: " and the text
//
// Specialists: "sql" (schemas for input and output), "writer" (chat messages), "booker" (changes things). "writer" calls the first
// tool, or the one that tool_choice names, when it has tools and may; else it repeats the last message. With tools for the conformance
// suite of the Model Context Protocol there are also "test_simple_text", "test_error_handling" and "test_tool_with_progress".
// Thread safety: as RunService wants it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "agent/run_service.h"
#include "base/clock.h"

namespace cadre::serve {

enum class ConformanceTools : uint8_t { kNo, kYes };

class ScriptedService final : public agent::RunService {
 public:
  explicit ScriptedService(ConformanceTools tools = ConformanceTools::kNo) : tools_(tools) {}
  ~ScriptedService() override {
    for (auto& thread : threads_) thread.join();
  }

  Result<store::RunId> start(const agent::RunRequest& request) override {
    store::RunId id;
    {
      const std::lock_guard lock(mutex_);
      last_request_ = request;
      if (request.text.starts_with("refuse")) return Error{ErrorCode::kInvalid, "the text asks for a refusal"};
      if (request.text.starts_with("busy")) return Error{ErrorCode::kBusy, "too many runs; try again later"};
      const auto key = request.asker + "\n" + request.idempotency_key;
      if (!request.idempotency_key.empty() && by_key_.contains(key)) return by_key_[key];
      std::array<uint8_t, 10> chance{};
      for (size_t i = 0; i < 8; ++i) chance[9 - i] = static_cast<uint8_t>(count_ >> 8 * i);
      id = store::RunId::make(1'700'000'000'000'000 + static_cast<int64_t>(count_++) * 1000, chance);
      if (!request.idempotency_key.empty()) by_key_[key] = id;
      auto& run = runs_[id];
      run.view.run = id;
      record(run, "run.started", {{"text", request.text}});
      perform(run, request);
    }
    return id;
  }

  Result<agent::RunView> view(const store::RunId& id) override {
    const std::lock_guard lock(mutex_);
    ++views_;
    const auto found = runs_.find(id);
    if (found == runs_.end()) return Error{ErrorCode::kNotFound, "run " + id.text() + ": there is none of this name"};
    return found->second.view;
  }

  Result<agent::RunView> wait(const store::RunId& id, int64_t timeout_ms, const base::Cancel* cancel) override {
    std::unique_lock lock(mutex_);
    if (!runs_.contains(id)) return Error{ErrorCode::kNotFound, "run " + id.text() + ": there is none of this name"};
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] {
      return runs_[id].view.status != agent::RunStatus::kRunning || (cancel != nullptr && cancel->requested());
    });
    return runs_[id].view;
  }

  Result<std::vector<agent::RunEvent>> events(const store::RunId& id, int64_t sequence, size_t count_max) override {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(id);
    if (found == runs_.end()) return Error{ErrorCode::kNotFound, "run " + id.text() + ": there is none of this name"};
    std::vector<agent::RunEvent> out;
    for (const auto& event : found->second.events) {
      if (event.sequence > sequence && out.size() < count_max) out.push_back(event);
    }
    return out;
  }

  std::unique_ptr<agent::EventReader> read_events(const store::RunId& id, int64_t sequence) override {
    return std::make_unique<Reader>(*this, id, sequence);
  }

  // How often somebody asked for a run as it stands.
  int64_t views() const {
    const std::lock_guard lock(mutex_);
    return views_;
  }

  std::shared_ptr<void> watch(const store::RunId& id, std::function<void()> changed) override {
    const std::lock_guard lock(mutex_);
    const int token = next_token_++;
    watchers_[id][token] = std::make_shared<std::function<void()>>(std::move(changed));
    return {nullptr, [this, id, token](void*) {
              const std::lock_guard inner(mutex_);
              watchers_[id].erase(token);
            }};
  }

  Result<void> decide(const store::RunId& id, const std::string& step, bool approved, const std::string& who,
                      const std::string& why) override {
    return change(id, [&](Run& run) -> Result<void> {
      if (run.view.status != agent::RunStatus::kWaiting || step != "s1") {
        return Error{ErrorCode::kInvalid, "step " + step + " does not wait for an approval"};
      }
      run.view.approvals.clear();
      record(run, "approval.given", {{"approved", approved}, {"who", who}, {"why", why}});
      approved ? answer(run, "done", {{"booked", true}})
               : end(run, agent::RunStatus::kDeclined, "not_approved", "not approved");
      return {};
    });
  }

  Result<void> cancel(const store::RunId& id, const std::string& who) override {
    return change(id, [&](Run& run) -> Result<void> {
      if (agent::is_final(run.view.status))
        return Error{ErrorCode::kInvalid, "run " + id.text() + " has ended already"};
      end(run, agent::RunStatus::kCancelled, "cancelled", "cancelled by " + who);
      return {};
    });
  }

  Result<std::vector<agent::RunView>> list(size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<agent::RunView> out;
    for (auto it = runs_.rbegin(); it != runs_.rend() && out.size() < limit; ++it) out.push_back(it->second.view);
    return out;
  }

  std::vector<agent::SpecialistView> specialists() override {
    const base::Json text = {{"type", "string"}};
    agent::SpecialistView sql{.name = "sql", .version = "1.2.0", .purpose = "Answers a question about one table."};
    sql.input_schema = {
        {"type", "object"}, {"properties", {{"question", text}}}, {"required", base::Json::array({"question"})}};
    sql.output_schema = {{"type", "object"}, {"properties", {{"sql", text}}}, {"required", base::Json::array({"sql"})}};
    agent::SpecialistView writer{.name = "writer", .version = "1.0.0", .purpose = "Writes text.", .is_chat = true};
    agent::SpecialistView booker{
        .name = "booker", .version = "0.1.0", .purpose = "Books a room.", .is_read_only = false};
    std::vector<agent::SpecialistView> all = {sql, writer, booker};
    if (tools_ == ConformanceTools::kNo) return all;
    for (const char* name : {"test_simple_text", "test_error_handling", "test_tool_with_progress"}) {
      agent::SpecialistView tool{.name = name, .version = "1.0.0", .purpose = "For the conformance suite."};
      tool.input_schema = {{"type", "object"}, {"properties", base::Json::object()}};
      all.push_back(std::move(tool));
    }
    return all;
  }

  std::string metrics() override {
    return "# TYPE cadre_runs_total counter\ncadre_runs_total " + std::to_string(count()) + "\n";
  }

  // Ends a "slow" run.
  void finish(const store::RunId& id) {
    (void)change(id, [&](Run& run) -> Result<void> {
      answer(run, "finished", {});
      return {};
    });
  }
  void add_record(const store::RunId& id, const std::string& kind) {
    (void)change(id, [&](Run& run) -> Result<void> {
      record(run, kind, base::Json::object());
      return {};
    });
  }
  agent::RunRequest last_request() const {
    const std::lock_guard lock(mutex_);
    return last_request_;
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return runs_.size();
  }

 private:
  class Reader final : public agent::EventReader {
   public:
    Reader(ScriptedService& service, const store::RunId& id, int64_t sequence)
        : service_(service), id_(id), sequence_(sequence) {}
    Result<std::vector<agent::RunEvent>> next(size_t count_max) override {
      auto events = service_.events(id_, sequence_, count_max);
      if (events.ok() && !events->empty()) sequence_ = events->back().sequence;
      return events;
    }

   private:
    ScriptedService& service_;
    const store::RunId id_;
    int64_t sequence_;
  };

  struct Run {
    agent::RunView view;
    std::vector<agent::RunEvent> events;
  };

  static void record(Run& run, const std::string& kind, base::Json payload) {
    const auto sequence = static_cast<int64_t>(run.events.size());
    run.events.push_back({sequence, kind, 1'700'000'000'000'000 + sequence, std::move(payload)});
  }
  static void end(Run& run, agent::RunStatus status, const std::string& reason, const std::string& message) {
    run.view.status = status;
    run.view.reason = reason;
    run.view.message = message;
    record(run, "run.ended", {{"status", agent::run_status_name(status)}});
  }
  static void answer(Run& run, const std::string& text, base::Json value) {
    run.view.text = text;
    run.view.value = std::move(value);
    run.view.confidence = 0.875;
    run.view.usage = {.tokens_in = 12, .tokens_out = 3, .attempts = 1, .calls = 1};
    end(run, agent::RunStatus::kAnswered, "none", "");
  }

  // With mutex_ held.
  void perform(Run& run, const agent::RunRequest& request) {
    const auto& text = request.text;
    if (text.starts_with("decline")) {
      end(run, agent::RunStatus::kDeclined, "out_of_scope", "that is not what this cadre does");
    } else if (text.starts_with("fail")) {
      end(run, agent::RunStatus::kFailed, "tool_failed", "the tool did not answer");
    } else if (text.starts_with("approve")) {
      run.view.status = agent::RunStatus::kWaiting;
      run.view.approvals.push_back({"s1", "booker", "book", {{"room", 7}}, "it changes things"});
      record(run, "approval.asked", {{"step", "s1"}});
    } else if (text.starts_with("slow")) {
      record(run, "step.started", {{"step", "s1"}});
    } else if (request.specialist == "test_simple_text") {
      answer(run, "This is a simple text response for testing.", nullptr);
    } else if (request.specialist == "test_error_handling") {
      end(run, agent::RunStatus::kFailed, "tool_failed", "This tool intentionally returns an error for testing");
    } else if (request.specialist == "test_tool_with_progress") {
      threads_.emplace_back([this, id = run.view.run] {
        for (int i = 0; i < 4; ++i) {
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          add_record(id, "step.counted");
        }
        finish(id);
      });
    } else if (text.starts_with("count ")) {
      threads_.emplace_back([this, id = run.view.run, total = std::stoi(text.substr(6))] {
        for (int i = 0; i < total; ++i) add_record(id, "step.counted");
        finish(id);
      });
    } else if (!request.chat.is_null()) {
      answer(run, "", chat_message(request.chat));
    } else if (request.specialist == "sql") {
      answer(run, "", {{"sql", "SELECT 1"}});
    } else {
      answer(run, "echo: " + text, nullptr);
    }
  }

  static base::Json chat_message(const base::Json& chat) {
    const auto choice = chat.value("tool_choice", base::Json("none"));
    const auto& last = chat["messages"].back();
    const bool calls = choice != "none" && last["role"] != "tool";
    if (!calls) {
      const bool wants_json = chat.contains("response_format");
      return {{"content", wants_json ? base::Json("{\"answer\":1}") : last["content"]}, {"finish_reason", "stop"}};
    }
    const auto name = choice.is_object() ? choice["function"]["name"] : chat["tools"][0]["function"]["name"];
    auto list = base::Json::array();
    list.push_back(
        {{"id", "call_1"}, {"type", "function"}, {"function", {{"name", name}, {"arguments", "{\"city\":\"Ulm\"}"}}}});
    return {{"content", nullptr}, {"tool_calls", std::move(list)}, {"finish_reason", "tool_calls"}};
  }

  template <class Change>
  Result<void> change(const store::RunId& id, Change apply) {
    std::vector<std::shared_ptr<std::function<void()>>> watchers;
    {
      const std::lock_guard lock(mutex_);
      const auto found = runs_.find(id);
      if (found == runs_.end()) return Error{ErrorCode::kNotFound, "run " + id.text() + ": there is none of this name"};
      TRY(apply(found->second));
      for (const auto& [token, watcher] : watchers_[id]) watchers.push_back(watcher);
    }
    changed_.notify_all();
    for (const auto& watcher : watchers) (*watcher)();
    return {};
  }

  const ConformanceTools tools_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by mutex_.
  uint64_t count_ = 0;
  int next_token_ = 0;
  int64_t views_ = 0;
  std::map<store::RunId, Run> runs_;
  std::map<std::string, store::RunId> by_key_;
  std::map<store::RunId, std::map<int, std::shared_ptr<std::function<void()>>>> watchers_;
  std::vector<std::thread> threads_;
  agent::RunRequest last_request_;
};

}  // namespace cadre::serve
