// SPDX-License-Identifier: Apache-2.0
#include "serve/follow.h"

namespace cadre::serve {

Follower::Follower(Surroundings around, store::RunId run, std::shared_ptr<net::Waker> waker, WhenAbandoned when,
                   std::string asker)
    : around_(std::move(around)), run_(run), when_(when), asker_(std::move(asker)) {
  watch_ = around_.service.watch(run_, [waker = std::move(waker)] { waker->wake(); });
  // What happened before the watch began wakes nobody; the first poll() sees it.
}

Follower::~Follower() {
  watch_.reset();
  if (is_settled_ || when_ == WhenAbandoned::kLetRun || around_.is_draining()) return;
  (void)around_.service.cancel(run_, asker_);  // it may have ended meanwhile
}

std::optional<Result<agent::RunView>> Follower::poll() {
  auto view = around_.service.view(run_);
  if (view.ok() && view->status == agent::RunStatus::kRunning) return std::nullopt;
  is_settled_ = true;
  return view;
}

base::Json run_json(const agent::RunView& view) {
  base::Json out;
  out["run"] = view.run.text();
  out["status"] = agent::run_status_name(view.status);
  out["reason"] = view.reason;
  out["message"] = view.message;
  out["text"] = view.text;
  out["value"] = view.value;
  out["confidence"] = view.confidence;
  out["evidence"] = view.evidence;
  out["steps"] = view.steps;
  auto approvals = base::Json::array();
  for (const auto& each : view.approvals) {
    approvals.push_back({{"step", each.step},
                         {"specialist", each.specialist},
                         {"tool", each.tool},
                         {"arguments", each.arguments},
                         {"why", each.why}});
  }
  out["approvals"] = std::move(approvals);
  out["usage"] = {{"tokens_in", view.usage.tokens_in},
                  {"tokens_out", view.usage.tokens_out},
                  {"cost_micros", view.usage.cost_micros},
                  {"attempts", view.usage.attempts},
                  {"calls", view.usage.calls}};
  return out;
}

}  // namespace cadre::serve
