// The runs API: start, read, follow, approve and cancel runs; and decisions, a specialist's typed choice with its probability.
// Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "net/http_inbound.h"
#include "serve/follow.h"

namespace cadre::serve {

inline constexpr int64_t kWaitMsMax = 600'000;

// POST /v1/runs {"text", "specialist", "input", "subject"}[?wait_ms=N]; Idempotency-Key.
net::Handled start_run(const Surroundings& around, const net::InboundRequest& request, const std::string& asker);
// GET /v1/runs[?limit=N]
net::Reply list_runs(const Surroundings& around, const net::InboundRequest& request);
// GET /v1/runs/RUN[?wait_ms=N]
net::Handled show_run(const Surroundings& around, const net::InboundRequest& request, const std::string& run);
// GET /v1/runs/RUN/events: server-sent events if Accept names them (Last-Event-ID goes on after that one), else JSON (?after=N&limit=N).
net::Reply run_events(const Surroundings& around, const net::InboundRequest& request, const std::string& run);
// POST /v1/runs/RUN/approve {"step", "approved", "why"}
net::Reply approve_run(const Surroundings& around, const net::InboundRequest& request, const std::string& run,
                       const std::string& who);
// POST /v1/runs/RUN/cancel
net::Reply cancel_run(const Surroundings& around, const std::string& run, const std::string& who);
// POST /v1/decisions {"specialist", "text" or "input", "subject", "timeout_ms"}
net::Handled decide(const Surroundings& around, const net::InboundRequest& request, const std::string& asker);

}  // namespace cadre::serve
