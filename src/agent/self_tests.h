// The tests that packs bring along, put to their specialists through a real run: journal, attempts, verifiers, retries.
//
// A tool is called only where it reads and the test expects an output. Everywhere else the run goes up to the call, which is then withheld: what would have
// been called is compared, nothing is executed, and no person is asked. An endpoint that cannot be reached fails a test, also one that
// expects a refusal. Records go to a journal of their own that is deleted. Thread safety: one thread; may take as long as the budget allows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/open_cadre.h"
#include "base/clock.h"
#include "base/result.h"

namespace cadre::agent {

struct SelfTestResult {
  std::string specialist;
  std::string test;
  bool passed = false;
  std::string expected, got;  // in words, for people
  std::string
      difference;  // the first place where two values differ, as a JSON pointer; empty: passed, or not two values
};

// In the order of the cadre. Error: no journal could be made.
Result<std::vector<SelfTestResult>> run_self_tests(const Cadre& cadre, const base::Clock& clock = base::system_clock());

}  // namespace cadre::agent
