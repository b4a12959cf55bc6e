// One output under construction, decision by decision.
//
// What the contract forces is written without asking; at a real choice the walk stops with a DecisionPoint. Only candidates are offered from which an
// end is left within the byte budget, as the machine's distance() and the cursor tell; so a walk that is done is valid, whatever was chosen.
// Members come in the order in which the schema names them: for each that may stay away one decision. Members of other names are offered where the
// schema speaks about them (patterns, a schema for them) or nothing else leads on. Where decisions_max, items_max or depth_max is reached,
// the shortest way is taken without asking, and near the end of the byte budget "end" comes before "another".
// A walk gets stuck only at a text, name or number that nothing in the input fits (or no longer fits into the budget): its decision then has no
// candidates, must_abstain(), and the caller abstains or supplies a value of its own.
// A walk is a value: copies go on by themselves. Thread safety: as DecisionPoints says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/decision_points.h"

namespace cadre::contract {

struct DecisionMade {
  DecisionKind kind = DecisionKind::kValue;
  uint32_t tool = DecisionPoint::kNoTool;
  std::string path;
  size_t begin = 0, end = 0;         // what it wrote, in the output; all else was forced
  std::optional<SourceSpan> source;  // of what was copied
  std::string source_name;           // out of which bound source; empty: out of the input
};

class DecisionWalk {
 public:
  bool is_choosing() const { return status_ == Status::kChoosing; }
  bool is_done() const { return status_ == Status::kDone; }
  // Why it is neither; empty otherwise.
  const std::string& problem() const { return problem_; }

  const DecisionPoint& decision() const { return point_; }  // REQUIRES is_choosing()
  // Takes a candidate by its index and goes on to the next decision. REQUIRES is_choosing() and index < candidates().size().
  void choose(size_t index);
  // At a decision of kind kOpen, kNumber or kSpan: a value (or name) from elsewhere, as JSON in generate mode's spelling. False, and nothing
  // changed, if the contract refuses it there or it does not fit into the budget.
  bool supply(std::string_view json);

  std::string text() const { return cursor_.text(); }
  size_t size_bytes() const { return size_; }
  const std::vector<DecisionMade>& decisions() const { return made_; }
  // At such a decision: the value (or name) on a shortest way to the end, for whoever must go on. Empty if there is none.
  std::string shortest() const;

 private:
  friend class DecisionPoints;
  enum class Status : uint8_t { kChoosing, kDone, kStuck };
  using State = SchemaMachine::State;
  using List = DecisionIndex::List;

  struct Open {  // a container
    ValueType type = ValueType::kObject;
    bool has_any = false;  // a member or item stands there
    size_t path_size = 0;  // of its own path
    size_t outline_size = 0;
    size_t next_member = 0;  // in DecisionIndex::members; those before it are written or left out
    size_t items = 0;        // items, or members of any name
  };

  struct TypeWay {
    ValueType type = ValueType::kNull;
    size_t size_bytes = 0;  // to the end of the output, at most
  };

  DecisionWalk(DecisionPoints& points, std::shared_ptr<DecisionSource> input);

  SchemaMachine& machine() const { return *machine_; }
  SchemaPrograms& programs() const { return machine_->programs(); }
  State position() const;  // as if a number just written ended here
  // Bytes to the end behind `bytes`, which are a whole value or not; kNoWay if they are refused.
  uint32_t after(std::string_view bytes, bool is_value) const;
  uint32_t after_in_text(std::string_view bytes, bool is_value) const;
  bool fits(uint32_t distance, size_t bytes) const;
  bool is_name() const { return point_.kind == DecisionKind::kOpen && point_.open == OpenKind::kName; }
  bool is_hurried() const;
  bool is_near_end() const;

  void advance();
  void at_outside();
  List tools_offered(const List& list) const;
  bool may_end(std::string_view bytes) const;
  void call_tool(const Candidate& candidate);
  void at_value(uint32_t location, bool must_differ);
  std::vector<TypeWay> type_ways(const DecisionIndex::Shape& shape) const;
  uint32_t number_distance() const;
  void at_typed_value(uint32_t location, ValueType type, bool must_differ);
  void at_object(uint32_t frame);
  bool offer_member(uint32_t frame, const DecisionIndex::Member& member);
  uint32_t way_around(uint32_t frame, size_t next_member, bool is_first) const;
  void at_object_end(uint32_t frame);
  void at_array(uint32_t frame, bool is_first);
  void at_item(uint32_t frame);
  uint32_t item_distance(uint32_t frame, bool is_first) const;
  List names(uint32_t frame) const;
  bool is_schema_about_others(uint32_t frame) const;

  List offered(const List& list, bool is_alone, VerifiedLists& verified) const;
  List fitting(const List& list) const;
  void ask(DecisionKind kind, List list);
  void stop(Status status, std::string problem = {});
  void write(std::string_view bytes);
  void open_container(ValueType type);
  void close_container();
  void enter(std::string_view name);
  void choose_branch(ValueType type);
  void choose_member(bool is_present);
  void choose_item(bool is_another);
  void write_value(std::string_view bytes);
  void write_name(std::string_view bytes, std::string_view name);

  DecisionPoints* points_;
  SchemaMachine* machine_;
  std::shared_ptr<DecisionSource> input_;
  DocumentCursor cursor_;
  size_t size_ = 0;
  Status status_ = Status::kChoosing;
  std::string problem_;
  DecisionPoint point_;
  std::string path_, outline_path_;
  std::vector<Open> open_;
  bool item_begun_ = false;        // the next item of the innermost array, or name of the innermost object, must come
  std::optional<ValueType> type_;  // of the value that must begin, once chosen
  uint32_t tool_ = DecisionPoint::kNoTool;
  size_t calls_ = 0;
  bool is_answered_ = false;  // of a tool set: nothing more comes
  std::vector<DecisionMade> made_;
};

}  // namespace cadre::contract
