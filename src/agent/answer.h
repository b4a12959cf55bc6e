// The answer: a sentence made from result rows by template, and for each part of the call the words that led to it.
//
// Every value in the text is a cell of the result or a count of its rows; nothing else can get in. The evidence names
// byte ranges of the question, columns and cells, so that a reader (or a program) can follow each figure back.
// Deterministic and pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/sql_call.h"
#include "contract/sql_task.h"
#include "contract/table.h"

namespace cadre::agent {

inline constexpr size_t kAnswerValuesMax = 10;      // listed in the text; the rest is "and M more"
inline constexpr size_t kAnswerCellBytesMax = 200;  // of one value in the text; the rows hold the whole

// Bytes [begin, end) of the question, or of the text that CallValue::from names.
struct Quote {
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string text;
  bool operator==(const Quote&) const = default;
};

enum class EvidenceRole : uint8_t {
  kSelect,
  kAggregate,
  kCondition,
  kValue,  // a value of a call under a contract
  kName    // the name of a member of one
};

// Where a value of a call comes from (agent/value_evidence.h).
enum class CallOrigin : uint8_t { kCopy, kNormal, kList, kKnown, kEnum };
const char* call_origin_name(CallOrigin origin);  // "copy", "normal", "list", "known", "enum"

struct CallValue {
  std::string place;  // JSON pointer into the call
  CallOrigin origin = CallOrigin::kCopy;
  std::string source;  // of kCopy and kNormal the name of the source, of kList and kKnown of the list
  std::optional<std::string>
      from;  // JSON pointer into the step's input: the text or item that it is of, or the source where the span is of several texts
  std::string reference;   // by which that came into the input, "$step.path"; empty: it stands in the plan itself
  size_t occurrences = 0;  // spans that it could have been taken from; kCopy, kNormal
  bool operator==(const CallValue&) const = default;
};

struct Evidence {
  EvidenceRole role = EvidenceRole::kSelect;
  std::vector<Quote> words;  // empty where the specialist chose without a word that says so
  std::string column;        // header as the user wrote it; empty for "any column" (a count)
  std::string op;            // kAggregate: "COUNT", ...; kCondition: "=", ">", "<"
  std::string
      value;  // kCondition: the cell, number or words compared with; kValue, kName: the text, or the value as JSON
  contract::ValueOrigin origin = contract::ValueOrigin::kCell;  // kCondition: where the value comes from
  CallValue call = {};                                          // kValue, kName
  bool operator==(const Evidence&) const = default;
};

struct Answer {
  std::string text;
  std::vector<Evidence> evidence;
  bool operator==(const Answer&) const = default;
};

Answer compose_answer(const contract::TableSchema& schema, const contract::SqlTask& task, const contract::SqlCall& call,
                      const contract::QueryResult& result);

// A cell as the answer writes it: numbers so that they parse back to the same value, NULL as "(empty)".
std::string cell_text(const contract::CellValue& cell);

// "cell", "number", "words".
std::string_view origin_name(contract::ValueOrigin origin);
std::string_view role_name(EvidenceRole role);

// The conditions in words: `City = "Berlin" and Amount > 500`; empty for none.
std::string describe_conditions(const contract::TableSchema& schema, const contract::SqlCall& call);

}  // namespace cadre::agent
