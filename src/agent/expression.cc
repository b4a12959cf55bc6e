// SPDX-License-Identifier: Apache-2.0
#include "agent/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "agent/expression_node.h"

namespace cadre::agent {
namespace {

using base::Json;
using Op = ExpressionOp;
using Type = ExpressionType;

constexpr double kIntegerMax = 9007199254740992.0;  // 2^53: beyond it doubles leave integers out
constexpr int64_t kBytesPerStep = 16;
constexpr double kRoundDigitsMax = 15;

Type type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return Type::kBoolean;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      return Type::kNumber;
    case Json::value_t::string:
      return Type::kText;
    case Json::value_t::array:
      return Type::kArray;
    case Json::value_t::object:
      return Type::kObject;
    default:
      return Type::kNull;
  }
}

// A value that stands in the data, or one that was made on the way.
class Value {
 public:
  explicit Value(const Json* seen) : seen_(seen) {}
  explicit Value(Json made) : made_(std::move(made)) {}
  const Json& operator*() const { return seen_ != nullptr ? *seen_ : made_; }
  const Json* operator->() const { return &**this; }
  bool is_made() const { return seen_ == nullptr; }
  // The member of a made value must not outlive it: it is copied.
  Value member(const Json& inner) const { return seen_ != nullptr ? Value(&inner) : Value(Json(inner)); }

 private:
  const Json* seen_ = nullptr;
  Json made_;
};

class Evaluator {
 public:
  Evaluator(std::vector<ExpressionValue> values, int64_t steps_max)
      : values_(std::move(values)), steps_left_(steps_max) {}

  Result<Value> value_of(const ExpressionNode& node);

 private:
  Result<void> spend(int64_t steps) {
    steps_left_ -= steps;
    if (steps_left_ < 0) return Error{ErrorCode::kLimit, "the expression takes more steps than it is allowed"};
    return {};
  }
  Result<void> spend_on_text(const Json& value) {
    return value.is_string() ? spend(static_cast<int64_t>(value.get_ref<const std::string&>().size()) / kBytesPerStep)
                             : Result<void>();
  }

  // A value is copied: every part of it counts.
  Result<void> spend_on_copy(const Json& value) {
    TRY(spend(1));
    TRY(spend_on_text(value));
    if (!value.is_structured()) return {};
    for (const Json& part : value) TRY(spend_on_copy(part));
    return {};
  }

  Result<bool> boolean(const ExpressionNode& node);
  Result<double> number(const ExpressionNode& node);
  Result<std::string> text(const ExpressionNode& node);
  Result<bool> equal(const Json& left, const Json& right, size_t position);
  Result<bool> ordered(const ExpressionNode& node);
  Result<bool> is_in(const ExpressionNode& node);
  Result<double> arithmetic(const ExpressionNode& node);
  Result<Value> name(const ExpressionNode& node);
  Result<Value> member(const ExpressionNode& node);
  Result<Value> list(const ExpressionNode& node);
  Result<double> size(const ExpressionNode& node);
  Result<bool> has(const ExpressionNode& node);
  Result<double> parsed_number(const ExpressionNode& node);
  Result<double> rounded(const ExpressionNode& node);
  Result<Value> over_items(const ExpressionNode& node);

  std::vector<ExpressionValue> values_;
  int64_t steps_left_;
};

Error unfit(const ExpressionNode& node, Type needed, const Json& value) {
  return expression_error(node.position,
                          fmt::format("a {} stands where a {} is needed", expression_type_name(type_of(value)),
                                      expression_type_name(needed)));
}

Result<bool> Evaluator::boolean(const ExpressionNode& node) {
  const Value value = TRY(value_of(node));
  if (!value->is_boolean()) return unfit(node, Type::kBoolean, *value);
  return value->get<bool>();
}

Result<double> number_in(const Json& value, size_t position) {
  const auto number = value.get<double>();
  if (value.is_number_integer() && std::abs(number) >= kIntegerMax)
    return expression_error(position, "an integer beyond 2^53 cannot be computed with exactly");
  return number;
}

Result<double> Evaluator::number(const ExpressionNode& node) {
  const Value value = TRY(value_of(node));
  if (!value->is_number()) return unfit(node, Type::kNumber, *value);
  return number_in(*value, node.position);
}

Result<std::string> Evaluator::text(const ExpressionNode& node) {
  const Value value = TRY(value_of(node));
  if (!value->is_string()) return unfit(node, Type::kText, *value);
  TRY(spend_on_text(*value));
  return value->get<std::string>();
}

// Of any two values; members of objects in any order.
Result<bool> Evaluator::equal(const Json& left, const Json& right, size_t position) {
  TRY(spend(1));
  const Type type = type_of(left);
  if (type != type_of(right)) return false;
  if (type == Type::kText) TRY(spend_on_text(left));
  if (type == Type::kNumber && left.is_number_integer() && right.is_number_integer()) return left == right;
  if (type == Type::kNumber) return TRY(number_in(left, position)) == TRY(number_in(right, position));
  if (type != Type::kArray && type != Type::kObject) return left == right;
  if (left.size() != right.size()) return false;
  if (type == Type::kArray) {
    for (size_t i = 0; i < left.size(); ++i) {
      if (!TRY(equal(left[i], right[i], position))) return false;
    }
    return true;
  }
  for (const auto& [key, inner] : left.items()) {
    const auto found = right.find(key);
    if (found == right.end() || !TRY(equal(inner, *found, position))) return false;
  }
  return true;
}

Result<bool> Evaluator::ordered(const ExpressionNode& node) {
  const Value left = TRY(value_of(*node.operands[0]));
  const Value right = TRY(value_of(*node.operands[1]));
  const Type type = type_of(*left);
  if (type != type_of(*right) || (type != Type::kNumber && type != Type::kText)) {
    return expression_error(node.position, fmt::format("a {} and a {} have no order", expression_type_name(type),
                                                       expression_type_name(type_of(*right))));
  }
  int order = 0;
  if (type == Type::kNumber) {
    const double a = TRY(number_in(*left, node.position));
    const double b = TRY(number_in(*right, node.position));
    order = a < b ? -1 : (a > b ? 1 : 0);
  } else {
    TRY(spend_on_text(*left));
    order = left->get_ref<const std::string&>().compare(right->get_ref<const std::string&>());
  }
  switch (node.op) {
    case Op::kLess:
      return order < 0;
    case Op::kLessOrEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

// An item of an array, the name of a member, or a part of a text.
Result<bool> Evaluator::is_in(const ExpressionNode& node) {
  const Value needle = TRY(value_of(*node.operands[0]));
  const Value hay = TRY(value_of(*node.operands[1]));
  if (hay->is_array()) {
    for (const Json& item : *hay) {
      if (TRY(equal(*needle, item, node.position))) return true;
    }
    return false;
  }
  if (!needle->is_string()) return unfit(*node.operands[0], Type::kText, *needle);
  const auto& word = needle->get_ref<const std::string&>();
  if (hay->is_object()) return hay->contains(word);
  if (!hay->is_string()) return unfit(*node.operands[1], Type::kArray, *hay);
  TRY(spend_on_text(*hay));
  return hay->get_ref<const std::string&>().find(word) != std::string::npos;
}

Result<double> Evaluator::arithmetic(const ExpressionNode& node) {
  const double left = TRY(number(*node.operands[0]));
  if (node.op == Op::kNegate) return -left;
  if (node.op == Op::kAbs) return std::abs(left);
  const double right = TRY(number(*node.operands[1]));
  if (node.op == Op::kDivide && right == 0) return expression_error(node.operands[1]->position, "a division by zero");
  double result = 0;
  if (node.op == Op::kAdd) result = left + right;
  if (node.op == Op::kSubtract) result = left - right;
  if (node.op == Op::kMultiply) result = left * right;
  if (node.op == Op::kDivide) result = left / right;
  if (!std::isfinite(result)) return expression_error(node.position, "the result is too large");
  return result;
}

Result<Value> Evaluator::name(const ExpressionNode& node) {
  for (auto value = values_.rbegin(); value != values_.rend(); ++value) {
    if (value->name == node.text) return Value(value->value);
  }
  return expression_error(node.position, fmt::format("\"{}\" has no value here", node.text));
}

Result<Value> Evaluator::member(const ExpressionNode& node) {
  const Value whole = TRY(value_of(*node.operands[0]));
  const Value key = TRY(value_of(*node.operands[1]));
  if (whole->is_object() && key->is_string()) {
    const auto& wanted = key->get_ref<const std::string&>();
    const auto found = whole->find(wanted);
    if (found == whole->end()) return expression_error(node.position, fmt::format("there is no member \"{}\"", wanted));
    TRY(whole.is_made() ? spend_on_copy(*found) : Result<void>());
    return whole.member(*found);
  }
  if (whole->is_array() && key->is_number()) {
    const auto index = key->get<double>();
    if (index < 0 || index >= static_cast<double>(whole->size()) || index != std::floor(index))
      return expression_error(node.position, fmt::format("an array of {} has no item {}", whole->size(), index));
    const Json& item = (*whole)[static_cast<size_t>(index)];
    TRY(whole.is_made() ? spend_on_copy(item) : Result<void>());
    return whole.member(item);
  }
  return expression_error(node.position,
                          fmt::format("a {} has no member by a {}", expression_type_name(type_of(*whole)),
                                      expression_type_name(type_of(*key))));
}

Result<Value> Evaluator::list(const ExpressionNode& node) {
  Json items = Json::array();
  for (const auto& operand : node.operands) {
    const Value item = TRY(value_of(*operand));
    TRY(spend_on_copy(*item));
    items.push_back(*item);
  }
  return Value(std::move(items));
}

Result<double> Evaluator::size(const ExpressionNode& node) {
  const Value value = TRY(value_of(*node.operands[0]));
  if (!value->is_string() && !value->is_structured()) return unfit(*node.operands[0], Type::kArray, *value);
  if (!value->is_string()) return static_cast<double>(value->size());
  TRY(spend_on_text(*value));
  const auto& bytes = value->get_ref<const std::string&>();
  const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<double>(std::count_if(bytes.begin(), bytes.end(), is_start));  // code points
}

// A path that leads nowhere is what it asks about; any other fault stays one.
Result<bool> Evaluator::has(const ExpressionNode& node) {
  const ExpressionNode& path = *node.operands[0];
  const Value whole = TRY(value_of(*path.operands[0]));
  const Value key = TRY(value_of(*path.operands[1]));
  if (whole->is_object() && key->is_string()) return whole->contains(key->get_ref<const std::string&>());
  if (whole->is_array() && key->is_number())
    return key->get<double>() >= 0 && key->get<double>() < static_cast<double>(whole->size());
  return false;
}

Result<double> Evaluator::parsed_number(const ExpressionNode& node) {
  const std::string digits = TRY(text(*node.operands[0]));
  double value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    return expression_error(node.position, "this text is no number");
  return value;
}

Result<double> Evaluator::rounded(const ExpressionNode& node) {
  const double value = TRY(number(*node.operands[0]));
  const double digits = TRY(number(*node.operands[1]));
  if (digits < 0 || digits > kRoundDigitsMax || digits != std::floor(digits))
    return expression_error(node.operands[1]->position, fmt::format("digits are 0 to {}", kRoundDigitsMax));
  const double scale = std::pow(10.0, digits);
  const double scaled = value * scale;
  return std::isfinite(scaled) ? std::round(scaled) / scale : value;
}

Result<Value> Evaluator::over_items(const ExpressionNode& node) {
  const Value array = TRY(value_of(*node.operands[0]));
  if (!array->is_array()) return unfit(*node.operands[0], Type::kArray, *array);
  double total = 0;
  bool result = node.op == Op::kAll;
  for (const Json& item : *array) {
    values_.push_back({node.text, &item});
    auto value = value_of(*node.operands[1]);
    values_.pop_back();
    const Value inner = TRY(std::move(value));
    if (node.op == Op::kSum) {
      if (!inner->is_number()) return unfit(*node.operands[1], Type::kNumber, *inner);
      total += TRY(number_in(*inner, node.position));
      continue;
    }
    if (!inner->is_boolean()) return unfit(*node.operands[1], Type::kBoolean, *inner);
    total += inner->get<bool>() ? 1 : 0;
    const bool is_decided = node.op != Op::kCount && inner->get<bool>() != result;
    if (is_decided) return Value(Json(!result));
  }
  return node.op == Op::kSum || node.op == Op::kCount ? Value(Json(total)) : Value(Json(result));
}

Result<Value> Evaluator::value_of(const ExpressionNode& node) {
  TRY(spend(1));
  switch (node.op) {
    case Op::kLiteral:
      return Value(&node.literal);
    case Op::kName:
      return name(node);
    case Op::kMember:
      return member(node);
    case Op::kList:
      return list(node);
    case Op::kOr:
      return Value(Json(TRY(boolean(*node.operands[0])) || TRY(boolean(*node.operands[1]))));
    case Op::kAnd:
      return Value(Json(TRY(boolean(*node.operands[0])) && TRY(boolean(*node.operands[1]))));
    case Op::kNot:
      return Value(Json(!TRY(boolean(*node.operands[0]))));
    case Op::kEqual:
    case Op::kUnequal: {
      const Value left = TRY(value_of(*node.operands[0]));
      const Value right = TRY(value_of(*node.operands[1]));
      return Value(Json(TRY(equal(*left, *right, node.position)) == (node.op == Op::kEqual)));
    }
    case Op::kLess:
    case Op::kLessOrEqual:
    case Op::kGreater:
    case Op::kGreaterOrEqual:
      return Value(Json(TRY(ordered(node))));
    case Op::kIn:
      return Value(Json(TRY(is_in(node))));
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kNegate:
    case Op::kAbs:
      return Value(Json(TRY(arithmetic(node))));
    case Op::kSize:
      return Value(Json(TRY(size(node))));
    case Op::kHas:
      return Value(Json(TRY(has(node))));
    case Op::kMatches:
      return Value(Json(RE2::FullMatch(TRY(text(*node.operands[0])), *node.pattern)));
    case Op::kLower: {
      std::string lowered = TRY(text(*node.operands[0]));
      std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
      return Value(Json(std::move(lowered)));
    }
    case Op::kNumber:
      return Value(Json(TRY(parsed_number(node))));
    case Op::kRound:
      return Value(Json(TRY(rounded(node))));
    case Op::kAll:
    case Op::kAny:
    case Op::kCount:
    case Op::kSum:
      return over_items(node);
  }
  return expression_error(node.position, "this cannot be evaluated");
}

}  // namespace

Result<Expression> Expression::parse(std::string_view text, const std::vector<std::string>& names) {
  return Expression(std::string(text), TRY(read_expression(text, names)));
}

Result<Json> Expression::evaluate(const std::vector<ExpressionValue>& values, int64_t steps_max) const {
  const Value value = TRY(Evaluator(values, steps_max).value_of(*root_));
  return Json(*value);
}

Result<bool> Expression::holds(const std::vector<ExpressionValue>& values, int64_t steps_max) const {
  const Json value = TRY(evaluate(values, steps_max));
  if (!value.is_boolean()) return unfit(*root_, Type::kBoolean, value);
  return value.get<bool>();
}

}  // namespace cadre::agent
