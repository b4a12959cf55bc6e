// The grammar of SELECT statements as a program for the SQL machine: operations that read a token, and operations
// between tokens that choose, call or act on the scope. A thread of the machine is a place in this program with a
// stack and a scope.
//
// Two programs: *accept* is the language as SQLite reads it (expressions in full, CTEs, window functions and CASE
// left out); *generate* is the narrower, canonical language that a model may write, in which every place can be
// finished.
// Idea: a regular-expression virtual machine (Thompson 1968; Pike) with calls. Spec: sqlite.org/lang_select.html.
// Thread safety: immutable after build.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cadre::contract {

enum class SqlOp : uint8_t {
  // Read a token. All but kEnd go on at the next operation.
  kText,       // text
  kTable,      // a table's name; argument 1: it will be T1.. (generate)
  kColumn,     // a column's name without qualifier
  kQualifier,  // an alias or table name before a dot
  kQualified,  // the column behind the dot
  kJoinLeft,   // generate, ON Tj.x = Ti.y: Tj
  kJoinLeftColumn,
  kJoinRight,
  kJoinRightColumn,
  kTableAlias,  // a new name for the table just bound
  kItemAlias,   // a new name for the result column
  kNumber,
  kInteger,
  kString,  // argument 1: a LIKE pattern
  kEnd,     // the text may end here
  // Read nothing.
  kJump,   // to x
  kSplit,  // to x and to y
  kCall,   // x, coming back behind
  kReturn,
  kAct,  // action `argument`; kills the thread where it does not apply
};

enum class SqlAct : uint32_t {
  kEnterQuery,    // a SELECT inside: new scope; x = number of columns it must have, 0 any
  kLeaveQuery,    // back to the scope around
  kLeaveDerived,  // likewise, and its columns are a table's
  kNextCore,      // behind UNION and the like: same columns again
  kItem,          // one more result column
  kItemName,      // its name is that of the column just read
  kStar,
  kQualifiedStar,
  kEnterFrom,
  kLeaveFrom,  // everything owed must be covered
  kMerged,
  kAggregatesOff,
  kAggregatesOn,
  kAggregate,  // guard: may an aggregate stand here
  kAggregatesInOrder,
  kGrouped,
  kForgetOperand,
  // Guards and registers of generate.
  kMoreItems,    // another result column may follow
  kEnoughItems,  // FROM may follow
  kStarFits,
  kNothingOwed,
  kDepthLeft,
  kTablesDone,
  kMoreTables,
  kOnlyGrouped,
  kTypeNumber,
  kIfText,
  kIfLiteral,
  kIfLiteralOrDepth,
  kTerm,
  kCompoundLeft,
  kHasColumns,
  kDefineAlias,  // the table just read is T<n>
};

struct SqlInstruction {
  SqlOp op = SqlOp::kEnd;
  bool space = false;  // generate: the token follows a space
  uint32_t argument = 0;
  uint32_t x = 0, y = 0;
  std::string text;
};

struct SqlProgram {
  std::vector<SqlInstruction> code;
  uint32_t start = 0;
};

inline constexpr uint32_t kSqlItemsMax = 6;     // generate: result columns
inline constexpr uint32_t kSqlAliasesMax = 4;   // generate: tables in one FROM
inline constexpr uint32_t kSqlTermsMax = 6;     // generate: conditions, GROUP BY, ORDER BY and IN terms of one SELECT
inline constexpr uint32_t kSqlDepthMax = 2;     // generate: SELECTs inside SELECTs
inline constexpr uint32_t kSqlCompoundMax = 2;  // generate: UNION, INTERSECT, EXCEPT in one query
inline constexpr uint32_t kSqlAcceptDepthMax = 20;

SqlProgram sql_accept_program();
SqlProgram sql_generate_program();

}  // namespace cadre::contract
