// What the driver needs of a journal: append the records of a run, read them back, and find runs that were not
// finished.
//
// Promise of an implementation: when append() with kSynced returns, that record and all earlier ones of the run survive
// a crash of the process and of the machine. Records of one run are read in the order in which they were appended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/run.h"
#include "base/result.h"

namespace cadre::agent {

struct LoggedRecord {
  std::string kind;
  base::Json payload;
  int64_t wall_us = 0;  // when it was appended
};

class RunLog {
 public:
  virtual ~RunLog() = default;
  virtual Result<std::string> new_run() = 0;
  virtual Result<void> append(const std::string& run, const Record& record) = 0;
  virtual Result<std::vector<LoggedRecord>> read(const std::string& run) = 0;
  virtual Result<std::vector<std::string>> unfinished_runs(size_t count_max) = 0;
};

}  // namespace cadre::agent
