// SPDX-License-Identifier: Apache-2.0
#include "agent/condition_types.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "agent/expression.h"
#include "agent/expression_node.h"
#include "contract/schema_fit.h"

namespace cadre::agent {
namespace {

using base::Json;

// What a schema says about the type of its values, if it names one.
ExpressionType type_of_schema(const Json& schema) {
  const std::string type = schema.is_object() && schema.contains("type") && schema["type"].is_string()
                               ? schema["type"].get<std::string>()
                               : "";
  static const std::map<std::string, ExpressionType> kTypes = {
      {"string", ExpressionType::kText},     {"number", ExpressionType::kNumber}, {"integer", ExpressionType::kNumber},
      {"boolean", ExpressionType::kBoolean}, {"array", ExpressionType::kArray},   {"object", ExpressionType::kObject},
      {"null", ExpressionType::kNull}};
  const auto found = kTypes.find(type);
  return found == kTypes.end() ? ExpressionType::kAny : found->second;
}

class ConditionTypes {
 public:
  explicit ConditionTypes(const std::vector<std::pair<std::string, Json>>& names) {
    for (const auto& [name, schema] : names) schemas_[name] = schema;
  }

  // The type of what the node yields, once all below it holds together.
  Result<ExpressionType> check(const ExpressionNode& node) {
    if (node.op == ExpressionOp::kName || node.op == ExpressionOp::kMember) return type_of_schema(TRY(schema_of(node)));
    if (binds_a_name(node.op)) return check_binding(node);
    std::vector<ExpressionType> types;
    for (const auto& operand : node.operands) types.push_back(TRY(check(*operand)));
    const ExpressionType needed = needed_by(node.op);
    for (size_t i = 0; i < types.size() && needed != ExpressionType::kAny; ++i)
      TRY(demand(*node.operands[i], types[i], needed));
    if (is_order(node.op) && known(types[0]) && known(types[1]) && types[0] != types[1])
      return expression_error(node.position, fmt::format("{} and {} have no order", expression_type_name(types[0]),
                                                         expression_type_name(types[1])));
    return node.type;
  }

 private:
  static bool known(ExpressionType type) { return type != ExpressionType::kAny; }
  static bool binds_a_name(ExpressionOp op) {
    return op == ExpressionOp::kAll || op == ExpressionOp::kAny || op == ExpressionOp::kCount ||
           op == ExpressionOp::kSum;
  }
  static bool is_order(ExpressionOp op) {
    return op == ExpressionOp::kLess || op == ExpressionOp::kLessOrEqual || op == ExpressionOp::kGreater ||
           op == ExpressionOp::kGreaterOrEqual;
  }
  static ExpressionType needed_by(ExpressionOp op) {
    switch (op) {
      case ExpressionOp::kOr:
      case ExpressionOp::kAnd:
      case ExpressionOp::kNot:
        return ExpressionType::kBoolean;
      case ExpressionOp::kSubtract:
      case ExpressionOp::kMultiply:
      case ExpressionOp::kDivide:
      case ExpressionOp::kNegate:
      case ExpressionOp::kAbs:
      case ExpressionOp::kRound:
        return ExpressionType::kNumber;
      case ExpressionOp::kMatches:
      case ExpressionOp::kLower:
        return ExpressionType::kText;
      default:
        return ExpressionType::kAny;
    }
  }

  static Result<void> demand(const ExpressionNode& node, ExpressionType type, ExpressionType needed) {
    if (!known(type) || type == needed) return {};
    return expression_error(
        node.position, fmt::format("{} where {} is needed", expression_type_name(type), expression_type_name(needed)));
  }

  // all(array, item, body): the body knows the item by what the array holds.
  Result<ExpressionType> check_binding(const ExpressionNode& node) {
    const Json list = TRY(schema_of(*node.operands[0]));
    TRY(demand(*node.operands[0], TRY(check(*node.operands[0])), ExpressionType::kArray));
    Json item;
    if (!list.is_null()) {
      auto inside = contract::sub_schema(list, {"*"});
      if (inside.ok()) item = std::move(inside->schema);
    }
    std::optional<Json> hidden;
    if (const auto found = schemas_.find(node.text); found != schemas_.end()) hidden = found->second;
    schemas_[node.text] = std::move(item);
    auto body = check(*node.operands[1]);
    if (hidden) schemas_[node.text] = std::move(*hidden);
    const auto needed = node.op == ExpressionOp::kSum ? ExpressionType::kNumber : ExpressionType::kBoolean;
    TRY(demand(*node.operands[1], TRY(std::move(body)), needed));
    return node.type;
  }

  // Null: not known.
  Result<Json> schema_of(const ExpressionNode& node) {
    if (node.op == ExpressionOp::kName) {
      const auto found = schemas_.find(node.text);
      return found == schemas_.end() ? Json() : found->second;
    }
    if (node.op != ExpressionOp::kMember) return Json();
    const Json whole = TRY(schema_of(*node.operands[0]));
    const ExpressionNode& key = *node.operands[1];
    if (key.op != ExpressionOp::kLiteral) TRY(check(key));
    if (whole.is_null() || key.op != ExpressionOp::kLiteral) return Json();
    const std::string name =
        key.literal.is_string() ? key.literal.get<std::string>() : fmt::format("{:.0f}", key.literal.get<double>());
    auto inside = contract::sub_schema(whole, {name});
    if (!inside.ok() && inside.error().code == ErrorCode::kNotFound)
      return expression_error(node.position, fmt::format("there can never be a \"{}\"", name));
    return inside.ok() ? std::move(inside->schema) : Json();
  }

  std::map<std::string, Json> schemas_;
};

}  // namespace

Result<void> check_condition(const std::string& condition, const std::vector<std::pair<std::string, Json>>& names) {
  std::vector<std::string> known;
  for (const auto& [name, schema] : names) known.push_back(name);
  TRY(Expression::parse(condition, known));
  const auto root = TRY(read_expression(condition, known));
  const ExpressionType type = TRY(ConditionTypes(names).check(*root));
  if (type != ExpressionType::kBoolean && type != ExpressionType::kAny)
    return expression_error(0, fmt::format("a condition is a boolean, not {}", expression_type_name(type)));
  return {};
}

}  // namespace cadre::agent
