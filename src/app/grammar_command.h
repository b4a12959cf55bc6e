// `cadre grammar`: contracts from the command line: grade a schema or a set of tools, test a document or an answer against it, write samples, list
// the decisions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/command_line.h"

namespace cadre::app {

struct GrammarOptions {
  std::string schema;
  std::string tools;  // instead of a schema: the tools array, and what may be done with it
  std::string choice = "auto";
  std::string format = "hermes";
  int64_t parallel = 1;
  std::string gbnf;  // or a grammar file, a regular expression, a SQLite database
  std::string regex;
  std::string sql;
  std::string vocabulary;
  std::string instance = "-";
  std::string input;  // what the schema is bound to; app/grammar_bindings.h
  std::vector<std::string> sources, sets;
  std::string today;
  std::string date_order = "month-day";
  bool decimal_comma = false;
  std::string calling_code;
  int64_t budget = 0;  // bytes, with a vocabulary tokens; 0: four times the shortest
  int64_t count = 1;
  int64_t seed = 1;
  bool formats = false;
  bool json = false;
};

void add_grammar(CommandLine& line, GrammarOptions& options);

}  // namespace cadre::app
