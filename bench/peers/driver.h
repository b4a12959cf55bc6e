// One way to run every engine over cases: compile, walk the instances token by token with the whole mask before each,
// and again.
//
//     bench_peer_NAME CASES [OPTION..]    a case's number a line on standard input, a line of JSON for each on standard
//                                         output
//
// What is measured, in nanoseconds of the thread's processor time (where less, of the processor's time-stamp counter,
// which costs less to read):
// "first": from the schema's text to its first mask. "cold": the masks after that, of every instance once. "warm": the
// masks of a second pass. "advance": taking the token. "fork", "rollback": in the middle of the first valid instance,
// the least of twenty; rollback takes two tokens back.
// An instance is accepted if each of its tokens is in the mask before it and the text may end after the last.
// Memory is what malloc has handed out (mallinfo2): "bytes_compiled" with the first mask, "bytes_walked" after the first
// pass. A case that takes more than ten seconds of processor time ends the program with exit status 3 after a line that
// says so; a case that breaks it ends it without a line. bench/peers/compare.py starts it again behind that case.
// Thread safety: none; one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/peers/cases.h"

namespace cadre::peers {

class Engine {
 public:
  virtual ~Engine() = default;
  // Error: why the schema is not read.
  virtual std::optional<std::string> compile(const Case& schema) = 0;
  virtual void release() = 0;  // all that compile made
  virtual void begin() = 0;    // at the start of a text
  virtual void mask() = 0;
  virtual bool allows(uint32_t token) const = 0;  // by the last mask
  virtual bool advance(uint32_t token) = 0;
  virtual bool complete() = 0;
  virtual void fork() = 0;  // keeps the copy until unfork()
  virtual void unfork() = 0;
  virtual void rollback(uint32_t tokens) = 0;
};

int run_driver(Engine& engine, const CaseFile& cases);

}  // namespace cadre::peers
