// The tree of an expression (agent/expression.h), between its reader and its evaluator. Internal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

enum class ExpressionType : uint8_t { kAny, kNull, kBoolean, kNumber, kText, kArray, kObject };
const char* expression_type_name(ExpressionType type);

enum class ExpressionOp : uint8_t {
  kLiteral,
  kName,
  kMember,  // operands: object, text or number
  kList,
  kOr,
  kAnd,
  kNot,
  kEqual,
  kUnequal,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kNegate,
  kSize,
  kHas,
  kMatches,
  kLower,
  kNumber,
  kAbs,
  kRound,
  kAll,  // operands: array, body; `text` is the item's name
  kAny,
  kCount,
  kSum,
};

struct ExpressionNode {
  ExpressionOp op = ExpressionOp::kLiteral;
  ExpressionType type = ExpressionType::kAny;  // of what it yields, as far as the text alone says
  size_t position = 0;                         // byte in the text
  std::string text;                            // a name
  base::Json literal;
  std::shared_ptr<const RE2> pattern;
  std::vector<std::shared_ptr<const ExpressionNode>> operands;
};

Error expression_error(size_t position, const std::string& message);

Result<std::shared_ptr<const ExpressionNode>> read_expression(std::string_view text,
                                                              const std::vector<std::string>& names);

}  // namespace cadre::agent
