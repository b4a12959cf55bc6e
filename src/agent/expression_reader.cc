// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "agent/expression.h"
#include "agent/expression_node.h"
#include "base/ascii.h"

namespace cadre::agent {

using base::is_digit;
namespace {

using base::Json;
using Node = std::shared_ptr<const ExpressionNode>;
using Op = ExpressionOp;
using Type = ExpressionType;

constexpr int64_t kPatternMemoryBytesMax = 1 << 20;

struct Function {
  const char* name;
  Op op;
  size_t operands;
  Type yields;
  Type first;  // what the first operand must be
};
constexpr Function kFunctions[] = {
    {"size", Op::kSize, 1, Type::kNumber, Type::kAny},         {"has", Op::kHas, 1, Type::kBoolean, Type::kAny},
    {"matches", Op::kMatches, 2, Type::kBoolean, Type::kText}, {"lower", Op::kLower, 1, Type::kText, Type::kText},
    {"number", Op::kNumber, 1, Type::kNumber, Type::kText},    {"abs", Op::kAbs, 1, Type::kNumber, Type::kNumber},
    {"round", Op::kRound, 2, Type::kNumber, Type::kNumber},    {"all", Op::kAll, 3, Type::kBoolean, Type::kArray},
    {"any", Op::kAny, 3, Type::kBoolean, Type::kArray},        {"count", Op::kCount, 3, Type::kNumber, Type::kArray},
    {"sum", Op::kSum, 3, Type::kNumber, Type::kArray},
};

struct BinaryOperator {
  const char* sign;
  Op op;
};
constexpr BinaryOperator kComparisons[] = {{"==", Op::kEqual},          {"!=", Op::kUnequal}, {"<=", Op::kLessOrEqual},
                                           {">=", Op::kGreaterOrEqual}, {"<", Op::kLess},     {">", Op::kGreater}};

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

// Recursive descent, one function per level of precedence.
class Reader {
 public:
  Reader(std::string_view text, std::vector<std::string> names) : text_(text), names_(std::move(names)) {}

  Result<Node> read() {
    Node root = TRY(disjunction());
    skip_space();
    if (at_ < text_.size()) return fail(fmt::format("\"{}\" is not expected here", text_.substr(at_, 12)));
    return root;
  }

 private:
  // Counts nesting while it lives.
  struct Level {
    explicit Level(int& depth_of) : depth(depth_of) { ++depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --depth; }
    int& depth;
  };

  Result<Node> disjunction() {
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return fail(fmt::format("nested more than {} deep", kExpressionDepthMax));
    Node left = TRY(conjunction());
    while (take_word("or")) left = TRY(binary(Op::kOr, Type::kBoolean, Type::kBoolean, left, TRY(conjunction())));
    return left;
  }

  Result<Node> conjunction() {
    Node left = TRY(negation());
    while (take_word("and")) left = TRY(binary(Op::kAnd, Type::kBoolean, Type::kBoolean, left, TRY(negation())));
    return left;
  }

  Result<Node> negation() {
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return fail(fmt::format("nested more than {} deep", kExpressionDepthMax));
    if (!take_word("not")) return comparison();
    const size_t position = last_;
    return unary(Op::kNot, Type::kBoolean, position, TRY(negation()));
  }

  Result<Node> comparison() {
    Node left = TRY(additive());
    if (take_word("in")) return binary(Op::kIn, Type::kAny, Type::kBoolean, left, TRY(additive()));
    for (const BinaryOperator& candidate : kComparisons) {
      if (!take(candidate.sign)) continue;
      Node right = TRY(additive());
      if (candidate.op != Op::kEqual && candidate.op != Op::kUnequal) TRY(check_ordered(left, right));
      return binary(candidate.op, Type::kAny, Type::kBoolean, left, right);
    }
    return left;
  }

  // < and its like order two numbers or two texts.
  Result<void> check_ordered(const Node& left, const Node& right) {
    for (const Node& side : {left, right}) {
      if (side->type != Type::kAny && side->type != Type::kNumber && side->type != Type::kText)
        return expression_error(side->position, fmt::format("a {} has no order", expression_type_name(side->type)));
    }
    if (left->type != Type::kAny && right->type != Type::kAny && left->type != right->type)
      return expression_error(right->position,
                              fmt::format("a {} and a {} have no order", expression_type_name(left->type),
                                          expression_type_name(right->type)));
    return {};
  }

  Result<Node> additive() {
    Node left = TRY(multiplicative());
    while (true) {
      if (take("+")) {
        left = TRY(binary(Op::kAdd, Type::kNumber, Type::kNumber, left, TRY(multiplicative())));
      } else if (take("-")) {
        left = TRY(binary(Op::kSubtract, Type::kNumber, Type::kNumber, left, TRY(multiplicative())));
      } else {
        return left;
      }
    }
  }

  Result<Node> multiplicative() {
    Node left = TRY(signed_value());
    while (true) {
      if (take("*")) {
        left = TRY(binary(Op::kMultiply, Type::kNumber, Type::kNumber, left, TRY(signed_value())));
      } else if (take("/")) {
        left = TRY(binary(Op::kDivide, Type::kNumber, Type::kNumber, left, TRY(signed_value())));
      } else {
        return left;
      }
    }
  }

  Result<Node> signed_value() {
    const Level level(depth_);
    if (depth_ > kExpressionDepthMax) return fail(fmt::format("nested more than {} deep", kExpressionDepthMax));
    if (!take("-")) return with_members(TRY(primary()));
    const size_t position = last_;
    return unary(Op::kNegate, Type::kNumber, position, TRY(signed_value()));
  }

  Result<Node> with_members(Node value) {
    for (int members = 0;; ++members) {
      if (members > kExpressionDepthMax) return fail("a path this long");
      if (take(".")) {
        skip_space();
        const std::string name = take_name();
        if (name.empty()) return fail("the name of a member is missing after the dot");
        value = TRY(member(value, literal(Json(name), Type::kText)));
      } else if (take("[")) {
        Node key = TRY(disjunction());
        if (!take("]")) return fail("\"]\" is missing");
        value = TRY(member(value, key));
      } else {
        return value;
      }
    }
  }

  Result<Node> member(const Node& value, const Node& key) {
    const bool has_members = value->type == Type::kAny || value->type == Type::kObject || value->type == Type::kArray;
    if (!has_members)
      return expression_error(value->position, fmt::format("a {} has no members", expression_type_name(value->type)));
    if (key->type != Type::kAny && key->type != Type::kText && key->type != Type::kNumber)
      return expression_error(key->position, "a member has a name or a number");
    auto node = make(Op::kMember, Type::kAny, value->position);
    node->operands = {value, key};
    return Node(node);
  }

  Result<Node> primary() {
    skip_space();
    const size_t position = at_;
    if (at_ == text_.size()) return fail("the expression ends too early");
    const char c = text_[at_];
    if (take("(")) {
      Node inner = TRY(disjunction());
      if (!take(")")) return fail("\")\" is missing");
      return inner;
    }
    if (take("[")) return list(position);
    if (c == '"') return quoted();
    if (is_digit(c)) return number();
    if (!is_name_start(c)) return fail(fmt::format("\"{}\" is not expected here", text_.substr(at_, 1)));
    const std::string name = take_name();
    if (name == "true" || name == "false") return literal(Json(name == "true"), Type::kBoolean, position);
    if (name == "null") return literal(Json(), Type::kNull, position);
    if (take("(")) return function(name, position);
    if (std::find(names_.begin(), names_.end(), name) == names_.end())
      return expression_error(
          position, fmt::format("nothing is called \"{}\" here; there are {}", name, fmt::join(names_, ", ")));
    auto node = make(Op::kName, Type::kAny, position);
    node->text = name;
    return Node(node);
  }

  Result<Node> list(size_t position) {
    auto node = make(Op::kList, Type::kArray, position);
    if (take("]")) return Node(node);
    do node->operands.push_back(TRY(disjunction()));
    while (take(","));
    if (!take("]")) return fail("\"]\" is missing");
    return Node(node);
  }

  // A JSON string.
  Result<Node> quoted() {
    const size_t position = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return expression_error(position, "the closing quotation mark is missing");
    ++at_;
    auto value = base::parse_json(text_.substr(position, at_ - position));
    if (!value.ok()) return expression_error(position, value.error().message);
    return literal(std::move(*value), Type::kText, position);
  }

  Result<Node> number() {
    const size_t position = at_;
    double value = 0;
    const auto [end, status] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (status != std::errc()) return fail("this number is out of range");
    at_ = static_cast<size_t>(end - text_.data());
    if (at_ < text_.size() && is_name_start(text_[at_])) return fail("a number ends in letters");
    return literal(Json(value), Type::kNumber, position);
  }

  Result<Node> function(const std::string& name, size_t position) {
    const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                     [&](const Function& each) { return name == each.name; });
    if (found == std::end(kFunctions))
      return expression_error(position, fmt::format("there is no function \"{}\"", name));
    auto node = make(found->op, found->yields, position);
    node->operands.push_back(TRY(disjunction()));
    TRY(require(node->operands[0], found->first));
    if (found->operands == 3) {
      TRY(body(*node));
    } else if (found->operands == 2) {
      if (!take(",")) return fail("\",\" is missing");
      node->operands.push_back(TRY(disjunction()));
      TRY(second_operand(*node));
    }
    if (found->op == Op::kHas && node->operands[0]->op != Op::kMember)
      return expression_error(position, "has() asks for a path, such as a.b");
    if (!take(")")) return fail("\")\" is missing");
    return Node(node);
  }

  Result<void> second_operand(ExpressionNode& node) {
    const Node& operand = node.operands[1];
    if (node.op == Op::kRound) return require(operand, Type::kNumber);
    if (operand->op != Op::kLiteral || operand->type != Type::kText)
      return expression_error(operand->position, "a pattern is a text in quotation marks");
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kPatternMemoryBytesMax);
    node.pattern = std::make_shared<const RE2>(operand->literal.get_ref<const std::string&>(), options);
    if (!node.pattern->ok())
      return expression_error(operand->position, fmt::format("this is no pattern: {}", node.pattern->error()));
    return {};
  }

  // ", name, condition", with the name known inside.
  Result<void> body(ExpressionNode& node) {
    if (!take(",")) return fail("\",\" is missing");
    skip_space();
    node.text = take_name();
    if (node.text.empty()) return fail("the name of an item is missing");
    if (!take(",")) return fail("\",\" is missing");
    names_.push_back(node.text);
    auto inner = disjunction();
    names_.pop_back();
    node.operands.push_back(TRY(std::move(inner)));
    return require(node.operands[1], node.op == Op::kSum ? Type::kNumber : Type::kBoolean);
  }

  Result<void> require(const Node& node, Type type) {
    if (type == Type::kAny || node->type == Type::kAny || node->type == type) return {};
    return expression_error(node->position, fmt::format("a {} stands where a {} is needed",
                                                        expression_type_name(node->type), expression_type_name(type)));
  }

  Result<Node> binary(Op op, Type takes, Type yields, const Node& left, const Node& right) {
    TRY(require(left, takes));
    TRY(require(right, takes));
    auto node = make(op, yields, left->position);
    node->operands = {left, right};
    return Node(node);
  }

  Result<Node> unary(Op op, Type type, size_t position, const Node& operand) {
    TRY(require(operand, type));
    auto node = make(op, type, position);
    node->operands = {operand};
    return Node(node);
  }

  std::shared_ptr<ExpressionNode> make(Op op, Type type, size_t position) {
    auto node = std::make_shared<ExpressionNode>();
    node->op = op;
    node->type = type;
    node->position = position;
    return node;
  }

  Node literal(Json value, Type type, std::optional<size_t> position = std::nullopt) {
    auto node = make(Op::kLiteral, type, position.value_or(last_));
    node->literal = std::move(value);
    return node;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  bool take(std::string_view sign) {
    skip_space();
    if (!text_.substr(at_).starts_with(sign)) return false;
    last_ = at_;
    at_ += sign.size();
    return true;
  }

  bool take_word(std::string_view word) {
    skip_space();
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word) || (rest.size() > word.size() && is_name_part(rest[word.size()]))) return false;
    return take(word);
  }

  std::string take_name() {
    const size_t begin = at_;
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    }
    last_ = begin;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Error fail(const std::string& message) const { return expression_error(at_, message); }

  std::string_view text_;
  std::vector<std::string> names_;
  size_t at_ = 0;
  size_t last_ = 0;  // where the last thing taken began
  int depth_ = 0;
};

}  // namespace

Error expression_error(size_t position, const std::string& message) {
  return Error{ErrorCode::kInvalid, fmt::format("at {}: {}", position + 1, message)};
}

const char* expression_type_name(ExpressionType type) {
  switch (type) {
    case Type::kAny:
      return "value";
    case Type::kNull:
      return "null";
    case Type::kBoolean:
      return "boolean";
    case Type::kNumber:
      return "number";
    case Type::kText:
      return "text";
    case Type::kArray:
      return "array";
    case Type::kObject:
      return "object";
  }
  return "value";
}

Result<Node> read_expression(std::string_view text, const std::vector<std::string>& names) {
  if (text.size() > kExpressionSizeMax)
    return Error{ErrorCode::kLimit,
                 fmt::format("an expression of {} bytes; at most {} are read", text.size(), kExpressionSizeMax)};
  return Reader(text, names).read();
}

}  // namespace cadre::agent
