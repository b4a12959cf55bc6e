// Writes programs of the SQL machine from parts: sequences, choices, repetitions, rules that are called.
// Thread safety: one writer belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/sql_program.h"

namespace cadre::contract {

using SqlPart = std::function<void()>;

// Writes operations one after the other; parts are written where they are used.
class SqlWriter {
 public:
  uint32_t here() const { return static_cast<uint32_t>(program_.code.size()); }
  uint32_t emit(SqlInstruction instruction) {
    program_.code.push_back(std::move(instruction));
    return here() - 1;
  }
  void text(std::string_view words, bool space = false) { emit({SqlOp::kText, space, 0, 0, 0, std::string(words)}); }
  void word(std::string_view words) { text(words, true); }
  void op(SqlOp what, bool space = false, uint32_t argument = 0) { emit({what, space, argument, 0, 0, {}}); }
  void act(SqlAct what, uint32_t x = 0) { emit({SqlOp::kAct, false, static_cast<uint32_t>(what), x, 0, {}}); }
  void call(uint32_t target) { emit({SqlOp::kCall, false, 0, target, 0, {}}); }
  void ret() { op(SqlOp::kReturn); }

  void either(std::initializer_list<SqlPart> parts) {
    std::vector<uint32_t> exits;
    size_t left = parts.size();
    for (const SqlPart& part : parts) {
      if (--left == 0) {
        part();
        break;
      }
      const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
      part();
      exits.push_back(emit({SqlOp::kJump}));
      program_.code[split].y = here();
    }
    for (const uint32_t exit : exits) program_.code[exit].x = here();
  }
  void maybe(const SqlPart& part) {
    const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
    part();
    program_.code[split].y = here();
  }
  void repeat(const SqlPart& part) {
    const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
    part();
    emit({SqlOp::kJump, false, 0, split, 0, {}});
    program_.code[split].y = here();
  }
  void words(std::initializer_list<std::string_view> choices, bool space = false) {
    std::vector<uint32_t> exits;
    size_t left = choices.size();
    for (const std::string_view choice : choices) {
      if (--left == 0) {
        text(choice, space);
        break;
      }
      const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
      text(choice, space);
      exits.push_back(emit({SqlOp::kJump}));
      program_.code[split].y = here();
    }
    for (const uint32_t exit : exits) program_.code[exit].x = here();
  }
  // A rule that is called: its body is written later, its place is filled in by begin().
  struct Rule {
    std::vector<uint32_t> callers;
    uint32_t at = 0;
  };
  void call(Rule& rule) { rule.callers.push_back(emit({SqlOp::kCall})); }
  void begin(Rule& rule) { rule.at = here(); }
  void link(const Rule& rule) {
    for (const uint32_t caller : rule.callers) program_.code[caller].x = rule.at;
  }
  SqlProgram take(uint32_t start) {
    program_.start = start;
    return std::move(program_);
  }

 private:
  SqlProgram program_;
};

}  // namespace cadre::contract
