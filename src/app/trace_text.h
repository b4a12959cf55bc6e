// The records of a run as lines for people.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "store/journal.h"

namespace cadre::app {

// What one record says, without its kind and time: "accepted by the linear tier (0.97)". Safe for a terminal; a payload that is
// erased or not as expected is said to be so.
std::string record_text(const store::Record& record);

// One line for each record: time since the run began, kind, text.
std::string trace_text(const std::vector<store::Record>& records);

// 2026-02-03 14:05:06.
std::string utc_time(int64_t wall_us);

}  // namespace cadre::app
