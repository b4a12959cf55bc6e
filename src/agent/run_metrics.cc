// SPDX-License-Identifier: Apache-2.0
#include "agent/run_metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace cadre::agent {
namespace {

std::string head(const char* name, const char* type, const char* help) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

std::string single(const char* name, const char* type, const char* help, int64_t value) {
  return head(name, type, help) + fmt::format("{} {}\n", name, value);
}

}  // namespace

void RunMetrics::count_end(const RunEnd& end) {
  const double elapsed_s = static_cast<double>(end.elapsed_ns) * 1e-9;
  const auto bucket = std::lower_bound(kBuckets_s.begin(), kBuckets_s.end(), elapsed_s) - kBuckets_s.begin();
  const std::lock_guard lock(mutex_);
  ++ends_[run_status_name(end.status)];
  for (const auto& step : end.steps) ++steps_[step];
  for (const TierReport& report : end.tiers) {
    TierCount& count = tiers_[report.tier];
    ++count.asked;
    count.took_us += report.took_us;
  }
  if (!end.tiers.empty() && !end.tier.empty() && end.tier != "none") ++tiers_[end.tier].decided;
  attempts_ += end.attempts;
  calls_ += end.calls;
  ++buckets_[static_cast<size_t>(bucket)];
  elapsed_s_ += elapsed_s;
}

// Label values are names of the cadre file, statuses and tiers: none needs escaping.
std::string RunMetrics::text(const RunGauges& gauges) const {
  const std::lock_guard lock(mutex_);
  std::string text = single("cadre_runs_started_total", "counter", "Runs begun by this process.", starts_);
  text += head("cadre_runs_total", "counter", "Runs that ended, by status.");
  for (const auto& [status, count] : ends_)
    text += fmt::format("cadre_runs_total{{status=\"{}\"}} {}\n", status, count);
  text += head("cadre_steps_total", "counter", "Steps of those runs, by specialist and how they ended.");
  for (const auto& [labels, count] : steps_)
    text +=
        fmt::format("cadre_steps_total{{specialist=\"{}\",status=\"{}\"}} {}\n", labels.first, labels.second, count);
  text += head("cadre_tier_asked_total", "counter", "Requests that a tier of the dispatcher looked at.");
  for (const auto& [tier, count] : tiers_)
    text += fmt::format("cadre_tier_asked_total{{tier=\"{}\"}} {}\n", tier, count.asked);
  text += head("cadre_dispatches_total", "counter", "Decisions who carries a run out, by the tier that made them.");
  for (const auto& [tier, count] : tiers_)
    text += fmt::format("cadre_dispatches_total{{tier=\"{}\"}} {}\n", tier, count.decided);
  text += head("cadre_tier_seconds_total", "counter", "Time that a tier took.");
  for (const auto& [tier, count] : tiers_)
    text += fmt::format("cadre_tier_seconds_total{{tier=\"{}\"}} {:.6f}\n", tier,
                        static_cast<double>(count.took_us) * 1e-6);
  text += single("cadre_attempts_total", "counter", "Passes of a specialist.", attempts_);
  text += single("cadre_calls_total", "counter", "Executions.", calls_);
  text += single("cadre_runs_refused_total", "counter", "Requests refused because too many runs waited.", refusals_);
  text += single("cadre_runs_repeated_total", "counter", "Requests whose idempotency key was known.", repeats_);
  text += single("cadre_runs_waiting", "gauge", "Runs that wait for a thread.", static_cast<int64_t>(gauges.waiting));
  text += single("cadre_runs_working", "gauge", "Runs being carried out.", static_cast<int64_t>(gauges.working));
  text += head("cadre_run_seconds", "histogram", "From the acknowledgement of a run to its end.");
  int64_t total = 0;
  for (size_t i = 0; i < kBuckets_s.size(); ++i) {
    total += buckets_[i];
    text += fmt::format("cadre_run_seconds_bucket{{le=\"{}\"}} {}\n", kBuckets_s[i], total);
  }
  total += buckets_.back();
  text += fmt::format("cadre_run_seconds_bucket{{le=\"+Inf\"}} {}\n", total);
  text += fmt::format("cadre_run_seconds_sum {:.6f}\ncadre_run_seconds_count {}\n", elapsed_s_, total);
  return text;
}

}  // namespace cadre::agent
