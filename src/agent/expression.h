// State assertions: small typed expressions over JSON, for verifiers and routes of a cadre file.
//
//   result.rows[0].total <= 10 * request.limit and call.currency in ["EUR", "CHF"]
//   size(output.items) > 0 and all(output.items, item, item.price >= 0)
//   matches(call.email, "[^@]+@example[.]org")
//
//   or, and, not · == != < <= > >= in · + - * / · -x · a.b a["b"] a[0] · 1 2.5 "text" true false null [x, y] · ( )
//   size(text, array or object), has(path), matches(text, "RE2 pattern", the whole text), lower(text), number(text), abs(n), round(n, digits),
//   all(array, name, condition), any(...), count(...), sum(array, name, number)
//
// Types are null, boolean, number, text, array, object; nothing is converted in silence. What is wrong whatever the data are ("1 + true",
// an unknown name, a condition that is no boolean) is refused when the expression is read; what only the data show (a missing member,
// a text where a number is needed) is an error of the evaluation, which a verifier counts as a failed check. == compares any two values,
// numbers by value. Numbers are doubles; integers beyond 2^53 are refused rather than rounded.
//
// Cost is bounded: each node visited is a step, and a text of n bytes that is compared or matched counts n / 16 more, and
// what is copied into a list counts with all its parts.
// Thread safety: an Expression is immutable. Source of the idea: Google's Common Expression Language, of which this is a small relative.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kExpressionSizeMax = 4096;  // bytes
inline constexpr int kExpressionDepthMax = 64;
inline constexpr int64_t kExpressionStepsMax = 100'000;

// A name of the expression and what it stands for.
struct ExpressionValue {
  std::string name;
  const base::Json* value = nullptr;  // outlives the evaluation
};

struct ExpressionNode;

class Expression {
 public:
  // `names`: what it may refer to. kInvalid with the position ("at 14: ...").
  static Result<Expression> parse(std::string_view text, const std::vector<std::string>& names);

  // kInvalid: the data do not fit. kLimit: too many steps.
  Result<base::Json> evaluate(const std::vector<ExpressionValue>& values,
                              int64_t steps_max = kExpressionStepsMax) const;
  // The same of a condition. kInvalid: it yields no boolean.
  Result<bool> holds(const std::vector<ExpressionValue>& values, int64_t steps_max = kExpressionStepsMax) const;

  const std::string& text() const { return text_; }

 private:
  Expression(std::string text, std::shared_ptr<const ExpressionNode> root)
      : text_(std::move(text)), root_(std::move(root)) {}
  std::string text_;
  std::shared_ptr<const ExpressionNode> root_;
};

}  // namespace cadre::agent
