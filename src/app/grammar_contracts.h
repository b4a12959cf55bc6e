// `cadre grammar` for contracts other than schemas and tool sets: a GBNF grammar, a regular expression, SQL over a database. And sampling by the
// tokens of a vocabulary, for schemas as well.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/grammar_command.h"

namespace cadre::app {

// Is one of --gbnf, --regex and --sql given?
bool names_contract(const GrammarOptions& options);

int check_contract(const GrammarOptions& options);
int accept_contract(const GrammarOptions& options);
// Of any kind, a schema included.
int sample_contract(const GrammarOptions& options);

}  // namespace cadre::app
