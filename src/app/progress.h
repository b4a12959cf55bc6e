// Progress of long work on standard error: a line that overwrites itself on a terminal, else a new line every few seconds.
// Thread safety: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace cadre::app {

class Progress {
 public:
  explicit Progress(const base::Clock& clock);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Leaves a terminal's line empty.
  ~Progress();
  // Shows `text` if it is time to; cheap enough to call often. Nothing is shown in the first second.
  void show(const std::string& text);

 private:
  const base::Clock& clock_;
  const bool is_terminal_;
  int64_t due_ns_;
  bool has_line_ = false;
};

}  // namespace cadre::app
