// Which tools of other people's servers a person has approved, by the very definition that was approved: a JSON file.
//
// A server may change what a tool is said to do after it was approved, or list a new one under a name one knows. So a tool is called only while its
// definition has the fingerprint of its pin (agent/tool.h; name, description, schemas). The definition is kept beside the fingerprint, so that it can be said what
// changed, and so that a deployment knows its tools without asking the server.
//
//   {"version": 1, "tools": [{"server": "files", "tool": "read_file", "fingerprint": "...", "approved_at": "2026-11-25T23:15:00Z",
//                             "definition": {"description": "...", "input_schema": {...}, "output_schema": null}}]}
//
// Errors: kInvalid, kCorrupt (a fingerprint that is not its definition's), kLimit, kIo. Thread safety: a value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/tool.h"

namespace cadre::agent {

inline constexpr uint64_t kToolPinsBytesMax = 64 << 20;

struct ToolPin {
  std::string server, tool;
  std::string approved_at;    // UTC, ISO 8601
  ToolDefinition definition;  // as the server lists it; its name is `tool`, its effect once
};

class ToolPins {
 public:
  // A file that is not there has no pins.
  static Result<ToolPins> read(const std::string& path);
  static Result<ToolPins> parse(const std::string& json);
  Result<void> write(const std::string& path) const;
  std::string json() const;

  const std::vector<ToolPin>& pins() const { return pins_; }
  const ToolPin* find(const std::string& server, const std::string& tool) const;

  // Pins this definition, in place of an older one of the same server and name. `now_us`: the wall clock's.
  void approve(const std::string& server, const ToolDefinition& listed, int64_t now_us);
  // True: there was one.
  bool forget(const std::string& server, const std::string& tool);

  // kDenied unless `listed` is what was approved: says what changed, old and new, and how to approve.
  Result<void> check(const std::string& server, const ToolDefinition& listed) const;

 private:
  std::vector<ToolPin> pins_;  // by server and tool
};

// In one line, what is different: "the description was "..." and is "..."", "the input schema differs at /properties/path". Empty: nothing is.
std::string definition_change(const ToolDefinition& before, const ToolDefinition& after);

}  // namespace cadre::agent
