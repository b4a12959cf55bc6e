// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_outline.h"

#include <algorithm>

#include "contract/schema_uri.h"

namespace cadre::contract {

namespace {

class Outliner {
 public:
  Outliner(DecisionPoints& points, SchemaMachine& machine, DecisionSource* input)
      : points_(points), machine_(machine), input_(input) {}

  DecisionOutline run() {
    if (points_.tools() == nullptr) {
      add_value(machine_.programs().root());
    } else {
      add_tools(*points_.tools());
    }
    return std::move(outline_);
  }

 private:
  using List = DecisionIndex::List;

  void add(DecisionKind kind, List list, OpenKind open = OpenKind::kText) {
    if (outline_.points.size() >= kOutlinePointsMax) return;
    DecisionPoint point;
    point.kind = kind;
    point.open = open;
    point.tool = tool_;
    point.path = point.outline_path = path_;
    if (kind != DecisionKind::kTool) point.description = points_.label(tool_, path_);
    point.list = std::move(list);
    outline_.index_of_key.emplace(outline_key(point), outline_.points.size());
    outline_.points.push_back(std::move(point));
  }

  void add_tools(const ToolSet& tools) {
    const auto [first, last] = tools.callable();
    const List& list = points_.tool_list(false);
    if (list->items.size() > 1) add(DecisionKind::kTool, list);
    for (size_t tool = first; tool < last; ++tool) {
      tool_ = static_cast<uint32_t>(tool);
      add_value(machine_.arguments(tool));
    }
  }

  void add_value(uint32_t location) {
    const DecisionIndex::Shape& shape = points_.index().shape(location);
    if (shape.values != nullptr) {
      if (shape.values->items.size() > 1) add(DecisionKind::kValue, shape.values);
      return;
    }
    uint8_t types = 0;
    for (size_t i = 0; i < kValueTypes; ++i) types = static_cast<uint8_t>(types | (shape.programs[i] != kNone) << i);
    if ((types & (types - 1)) != 0) add(DecisionKind::kBranch, points_.index().branches(types));
    if (depth_ >= kOutlineDepthMax || std::find(open_.begin(), open_.end(), location) != open_.end()) return;
    open_.push_back(location);
    ++depth_;
    for (size_t i = 0; i < kValueTypes; ++i) {
      if (shape.programs[i] != kNone) add_typed_value(static_cast<ValueType>(i), shape.programs[i]);
    }
    --depth_;
    open_.pop_back();
  }

  void add_typed_value(ValueType type, uint32_t program) {
    switch (type) {
      case ValueType::kString:
        if (const List& copies = points_.index().copies(program); copies != nullptr)
          return add(DecisionKind::kSpan, copies);
        return add_scalar(points_.index().texts(program), program, OpenKind::kText);
      case ValueType::kNumber:
        return add_scalar(points_.index().numbers(program), program, OpenKind::kNumber);
      case ValueType::kObject:
        return add_members(program);
      case ValueType::kArray:
        return add_items(program);
      default:
        return;
    }
  }

  void add_scalar(const List& finite, uint32_t program, OpenKind open) {
    if (finite != nullptr) {
      if (finite->items.size() > 1) add(DecisionKind::kValue, finite, open);
    } else {
      SchemaPrograms& programs = machine_.programs();
      const List list = input_ == nullptr         ? DecisionIndex::nothing()
                        : open == OpenKind::kText ? input_->spans_for(programs, program)
                                                  : input_->numbers_for(programs, program);
      const bool is_number = open == OpenKind::kNumber && !list->items.empty();
      add(is_number ? DecisionKind::kNumber : DecisionKind::kOpen, list, open);
    }
  }

  // A member is looked at behind all that are required, or else behind all that are there: whichever lets it come.
  void add_members(uint32_t program) {
    SchemaPrograms& programs = machine_.programs();
    uint32_t required = programs.frame_start(program), all = required;
    if (required == kNone) return;
    const std::vector<DecisionIndex::Member>& members = points_.index().members(required);
    const size_t outer = path_.size();
    for (size_t i = 0; i < members.size() && outline_.points.size() < kOutlinePointsMax; ++i) {
      uint32_t step = programs.named_step(required, members[i].index);
      const uint32_t further = programs.named_step(all, members[i].index);
      if (step != kNone && members[i].required) required = programs.step(step).frame;
      if (further != kNone) all = programs.step(further).frame;
      if (step == kNone) step = further;
      if (step == kNone) continue;
      path_.append("/").append(escape_pointer(members[i].name));
      if (!members[i].required) add(DecisionKind::kMember, i == 0 ? members[i].first : members[i].further);
      add_value(programs.step(step).location);
      path_.resize(outer);
    }
  }

  void add_items(uint32_t program) {
    const uint32_t frame = machine_.programs().frame_start(program);
    const uint32_t step = frame == kNone ? kNone : machine_.programs().item_step(frame);
    if (step == kNone) return;
    add(DecisionKind::kItem, DecisionIndex::items(ValueType::kArray, true, false));
    const size_t outer = path_.size();
    path_.append("/-");
    add_value(machine_.programs().step(step).location);
    path_.resize(outer);
  }

  DecisionPoints& points_;
  SchemaMachine& machine_;
  DecisionSource* input_;
  DecisionOutline outline_;
  uint32_t tool_ = DecisionPoint::kNoTool;
  std::string path_;
  std::vector<uint32_t> open_;  // locations whose values are under way
  size_t depth_ = 0;
};

}  // namespace

std::string outline_key(const DecisionPoint& point) {
  // The texts and the numbers that may stand at one place are two points.
  const bool is_value = point.kind == DecisionKind::kValue;
  const bool is_open = point.kind == DecisionKind::kOpen || point.kind == DecisionKind::kNumber;
  const char kind = static_cast<char>(is_value  ? 'A' + static_cast<int>(point.open)
                                      : is_open ? 'a' + static_cast<int>(point.open)
                                                : '0' + static_cast<int>(point.kind));
  std::string key = point.tool == DecisionPoint::kNoTool ? std::string() : std::to_string(point.tool);
  key.push_back(kind);
  return key.append(point.outline_path);
}

DecisionOutline decision_outline(DecisionPoints& points, const std::shared_ptr<DecisionSource>& input) {
  return points.contract().with_machine(
      [&](SchemaMachine& machine) { return Outliner(points, machine, input.get()).run(); });
}

}  // namespace cadre::contract
