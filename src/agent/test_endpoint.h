// An endpoint of the shape of OpenAI's API that says what it was told to say: shared by tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "base/json.h"
#include "net/test_http_server.h"

namespace cadre::agent {

// Answers chat completions with what it was told to say, in order; then with the last of it.
class ScriptedEndpoint {
 public:
  void say(const base::Json& answer) { say_text(base::dump_json(answer)); }
  void say_text(const std::string& text) {
    const base::Json body = {
        {"choices",
         {{{"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}},
        {"usage", {{"prompt_tokens", 100}, {"completion_tokens", 10}}}};
    const std::lock_guard lock(mutex_);
    answers_.push_back(net::http_answer(200, base::dump_json(body), "Content-Type: application/json\r\n"));
  }
  void fail(int status, const std::string& headers = "") {
    const std::lock_guard lock(mutex_);
    answers_.push_back(net::http_answer(status, "{}", "Content-Type: application/json\r\n" + headers));
  }
  // Nobody is answered before so many have asked (or ten seconds have passed).
  void hold_until(size_t asked) {
    const std::lock_guard lock(mutex_);
    held_until_ = asked;
  }
  bool was_held_in_vain() const { return held_in_vain_; }
  // The last answer is not given any more once there is another.
  void forget_first() {
    const std::lock_guard lock(mutex_);
    answers_.pop_front();
  }
  uint16_t port() const { return server_.port(); }
  size_t asked() const { return server_.requests().size(); }
  std::string last_request() const { return server_.requests().back().body; }

 private:
  std::mutex mutex_;
  std::condition_variable asked_;
  size_t asked_count_ = 0;
  size_t held_until_ = 0;
  std::atomic<bool> held_in_vain_{false};
  std::deque<std::string> answers_;
  net::TestHttpServer server_{[this](const net::TestRequest&, net::TestConnection& connection) {
    std::unique_lock lock(mutex_);
    ++asked_count_;
    asked_.notify_all();
    if (!asked_.wait_for(lock, std::chrono::seconds(10), [this] { return asked_count_ >= held_until_; }))
      held_in_vain_ = true;
    if (answers_.empty()) return (void)connection.send(net::http_answer(500, "{}"));
    connection.send(answers_.front());
    if (answers_.size() > 1) answers_.pop_front();
  }};
};

}  // namespace cadre::agent
