// What the exit status of every command means. `--help` prints the same list.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cadre::app {

enum ExitCode : int {
  kExitOk = 0,        // answered; the command did what it was asked
  kExitFailed = 1,    // something broke: the journal, the engine, a limit
  kExitUsage = 2,     // the command line is not understood
  kExitDeclined = 3,  // cadre chose not to answer, and said why
  kExitBadInput = 4,  // the question, the table or another input file cannot be used
  kExitWaiting = 5,   // the run waits for a person: see `cadre approve`
};

inline constexpr const char* kExitCodesHelp =
    "Exit status: 0 answered or done, 1 failed, 2 usage, 3 declined to answer, 4 bad input (question, table, pack, "
    "data), 5 waits for a person";

}  // namespace cadre::app
