// `cadre run`: a request to a cadre, carried out here. `cadre approve`: a person's decision on a call that waits for one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct RunOptions {
  std::string file;     // the cadre file
  std::string journal;  // where the cadre file names none
  std::string text;
  std::string specialist;
  std::string input;  // JSON
  std::string subject;
  bool json = false;
};

struct ApproveOptions {
  std::string file;
  std::string journal;
  std::string run;   // id or a prefix of it
  std::string step;  // empty: the only one that waits
  std::string who;
  std::string why;
  bool deny = false;
  bool json = false;
};

void add_run(CommandLine& line, RunOptions& options);
void add_approve(CommandLine& line, ApproveOptions& options);

}  // namespace cadre::app
