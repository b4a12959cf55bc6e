// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_walk.h"

#include <algorithm>

#include "base/check.h"
#include "contract/decision_texts.h"
#include "contract/schema_uri.h"

namespace cadre::contract {

namespace {

using Kind = SchemaMachine::PlaceKind;
constexpr uint32_t kNoWay = SchemaMachine::kNoWay;
constexpr size_t kSuppliedSizeBytesMax = 4096;  // that shortest() looks for

}  // namespace

DecisionWalk::DecisionWalk(DecisionPoints& points, std::shared_ptr<DecisionSource> input)
    : points_(&points),
      machine_(points.contract().with_machine([](SchemaMachine& machine) { return &machine; })),
      input_(std::move(input)),
      cursor_(*machine_) {
  points_->contract().with_machine([&](SchemaMachine&) { advance(); });
}

void DecisionWalk::choose(size_t index) {
  CADRE_CHECK(is_choosing() && index < point_.candidates().size(), "a candidate of the decision is chosen");
  points_->contract().with_machine([&](SchemaMachine&) {
    const List list = point_.list;  // writing replaces the point
    const Candidate& candidate = list->items[index];
    made_.push_back({point_.kind, point_.tool, point_.path, size_, size_, candidate.source, candidate.source_name});
    switch (point_.kind) {
      case DecisionKind::kTool:
        call_tool(candidate);
        break;
      case DecisionKind::kBranch: {
        size_t type = 0;
        while (value_type_name(static_cast<ValueType>(type)) != candidate.label) ++type;
        choose_branch(static_cast<ValueType>(type));
        break;
      }
      case DecisionKind::kMember:
        choose_member(index == 0);
        break;
      case DecisionKind::kItem:
        choose_item(candidate.label == "another");
        break;
      default:
        is_name() ? write_name(candidate.bytes, candidate.label) : write_value(candidate.bytes);
        break;
    }
    made_.back().end = size_;
    advance();
  });
}

bool DecisionWalk::supply(std::string_view json) {
  if (!is_choosing() || (point_.kind != DecisionKind::kOpen && point_.kind != DecisionKind::kNumber &&
                         point_.kind != DecisionKind::kSpan))
    return false;
  return points_->contract().with_machine([&](SchemaMachine&) {
    const Result<JsonValue> value = parse_document(json);
    if (!value.ok()) return false;
    const bool is_text = value->kind == JsonKind::kString;
    if (!is_text && (is_name() || value->kind != JsonKind::kNumber)) return false;
    std::string bytes(json);
    if (is_name()) bytes = (open_.back().has_any ? "," : "") + bytes + ":";
    if (!fits(after(bytes, !is_name()), bytes.size())) return false;
    made_.push_back({point_.kind, point_.tool, point_.path, size_, size_ + bytes.size(), std::nullopt, {}});
    is_name() ? write_name(bytes, value->text) : write_value(bytes);
    advance();
    return true;
  });
}

std::string DecisionWalk::shortest() const {
  return points_->contract().with_machine([&](SchemaMachine&) {
    const bool is_number = point_.open == OpenKind::kNumber && !is_name();
    DocumentCursor cursor = cursor_;
    if (is_name() && open_.back().has_any && !cursor.read(",")) return std::string();
    for (std::string value; value.size() < kSuppliedSizeBytesMax;) {
      std::optional<DocumentCursor> best;
      char byte = 0;
      for (int b = 0; b < 256; ++b) {
        const auto c = static_cast<char>(b);
        const bool is_numeric = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (is_number ? !is_numeric : value.empty() && c != '"') continue;
        DocumentCursor way = cursor;
        if (!way.read({&c, 1}) || way.distance() == kNoWay || (best && way.distance() >= best->distance())) continue;
        best = std::move(way);
        byte = c;
      }
      if (!best) return std::string();
      cursor = std::move(*best);
      value.push_back(byte);
      const bool is_whole =
          is_number ? after(value, true) <= cursor.distance() : value.size() > 1 && parse_document(value).ok();
      if (is_whole) return value;
    }
    return std::string();
  });
}

void DecisionWalk::write_value(std::string_view bytes) {
  write(bytes);
  type_.reset();
  item_begun_ = false;
}

void DecisionWalk::write_name(std::string_view bytes, std::string_view name) {
  write(bytes);
  item_begun_ = false;
  open_.back().has_any = true;
  ++open_.back().items;
  enter(name);
}

// ---- what may follow --------------------------------------------------------------------------------------------------------

DecisionWalk::State DecisionWalk::position() const {
  return machine().after_item(machine().end_number(cursor_.state()));
}

uint32_t DecisionWalk::after(std::string_view bytes, bool is_value) const {
  State state = cursor_.state();
  if (machine().item_must_differ(state)) return after_in_text(bytes, is_value);
  for (const char byte : bytes) {
    state = machine().next(state, static_cast<uint8_t>(byte));
    if (machine().dead(state)) return kNoWay;
  }
  if (is_value) state = machine().end_number(state);
  if (state.guarded) return after_in_text(bytes, is_value);
  return machine().dead(state) ? kNoWay : machine().distance(state);
}

// The same where the text decides what the machine cannot know.
uint32_t DecisionWalk::after_in_text(std::string_view bytes, bool is_value) const {
  DocumentCursor cursor = cursor_;
  if (!cursor.read(bytes)) return kNoWay;
  const Kind kind = machine().place(cursor.state()).kind;
  if (!is_value || (kind != Kind::kNumber && kind != Kind::kNumberText)) return cursor.distance();
  // A number is compared with the items before it once something ends it.
  uint32_t least = kNoWay;
  for (const std::string_view end : {",", "]", "}"}) {
    DocumentCursor ended = cursor;
    if (ended.read(end)) least = std::min(least, ended.distance() + 1);
  }
  return cursor.complete() ? 0 : least;
}

bool DecisionWalk::fits(uint32_t distance, size_t bytes) const {
  return distance != kNoWay && size_ + bytes + distance <= points_->options().size_bytes_max;
}

bool DecisionWalk::is_hurried() const {
  return made_.size() >= points_->options().decisions_max;
}

bool DecisionWalk::is_near_end() const {
  const DecisionOptions& options = points_->options();
  return size_ > options.size_bytes_max / 4 * 3 || made_.size() > options.decisions_max / 4 * 3;
}

// The part of a list of values that may be chosen here. At a place that depends on nothing around it (is_alone) that is found out once per list.
DecisionWalk::List DecisionWalk::offered(const List& list, bool is_alone, VerifiedLists& verified) const {
  if (list->items.empty()) return list;
  if (!is_alone) return fitting(list);
  List& whole = verified[list.get()];
  if (whole == nullptr) {
    auto result = std::make_shared<CandidateList>();
    for (const Candidate& candidate : list->items) {
      if (after(candidate.bytes, true) != kNoWay) result->add(candidate);
    }
    whole = result->items.size() == list->items.size() ? list : List(std::move(result));
  }
  return whole->items.empty() || fits(after(whole->items.front().bytes, true), whole->size_bytes_max) ? whole
                                                                                                      : fitting(whole);
}

DecisionWalk::List DecisionWalk::fitting(const List& list) const {
  auto result = std::make_shared<CandidateList>();
  for (const Candidate& candidate : list->items) {
    if (fits(after(candidate.bytes, true), candidate.bytes.size())) result->add(candidate);
  }
  return result->items.size() == list->items.size() ? list : List(std::move(result));
}

// ---- from decision to decision ----------------------------------------------------------------------------------------------

void DecisionWalk::ask(DecisionKind kind, List list) {
  status_ = Status::kChoosing;
  point_.kind = kind;
  point_.tool = tool_;
  point_.path = path_;
  point_.outline_path = outline_path_;
  point_.open = OpenKind::kText;
  point_.count = kind == DecisionKind::kItem ? open_.back().items : 0;
  point_.list = std::move(list);
  point_.description = kind == DecisionKind::kTool ? std::string() : points_->label(tool_, outline_path_);
}

void DecisionWalk::stop(Status status, std::string problem) {
  status_ = status;
  problem_ = std::move(problem);
  point_ = {};
  point_.list = DecisionIndex::nothing();
}

void DecisionWalk::write(std::string_view bytes) {
  if (bytes.empty() || !problem_.empty()) return;
  if (cursor_.read(bytes)) {
    size_ += bytes.size();
  } else {
    problem_ = machine().problem().empty() ? "the contract refuses what it offered: " + std::string(bytes)
                                           : machine().problem();
  }
}

void DecisionWalk::enter(std::string_view name) {
  const std::string token = escape_pointer(name);
  path_.append("/").append(token);
  outline_path_.append("/").append(open_.back().type == ValueType::kArray ? "-" : token);
}

void DecisionWalk::open_container(ValueType type) {
  write(value_type_bytes(type));
  open_.push_back({type, false, path_.size(), outline_path_.size()});
}

void DecisionWalk::close_container() {
  write(open_.back().type == ValueType::kObject ? "}" : "]");
  open_.pop_back();
}

// Until there is something to decide. Each round writes, leaves a member out, or stops.
void DecisionWalk::advance() {
  for (point_.list.reset(); point_.list == nullptr;) {
    if (!problem_.empty()) return stop(Status::kStuck, problem_);
    const State state = position();
    const SchemaMachine::Place place = machine().place(state);
    if (item_begun_ && place.kind != Kind::kObjectStart && place.kind != Kind::kObjectAfter) {
      at_item(place.a);
    } else {
      switch (place.kind) {
        case Kind::kDone:
          return stop(Status::kDone);
        case Kind::kOutside:
          at_outside();
          break;
        case Kind::kValue:
          at_value(place.a, false);
          break;
        case Kind::kObjectStart:
        case Kind::kObjectAfter:
          path_.resize(open_.back().path_size);
          outline_path_.resize(open_.back().outline_size);
          at_object(place.a);
          break;
        case Kind::kArrayStart:
        case Kind::kArrayAfter:
          path_.resize(open_.back().path_size);
          outline_path_.resize(open_.back().outline_size);
          at_array(place.a, place.kind == Kind::kArrayStart);
          break;
        default: {
          std::string problem = machine().problem();
          return stop(Status::kStuck, problem.empty() ? "no way leads on from here" : std::move(problem));
        }
      }
    }
  }
}

// ---- tools ------------------------------------------------------------------------------------------------------------------

void DecisionWalk::at_outside() {
  if (is_answered_) return stop(Status::kDone);
  tool_ = DecisionPoint::kNoTool;
  path_.clear();
  outline_path_.clear();
  const bool is_further = calls_ > 0;
  const List list = tools_offered(points_->tool_list(is_further));
  if (list->items.empty()) return stop(Status::kStuck, "no tool can be called within the budget");
  if (list->items.size() > 1) return ask(DecisionKind::kTool, list);
  call_tool(list->items[0]);
}

// Of the tools, and the end of the answer, those that may come and fit into the budget.
DecisionWalk::List DecisionWalk::tools_offered(const List& list) const {
  const bool may_call = calls_ == 0 || (!is_hurried() && calls_ < points_->options().items_max);
  auto result = std::make_shared<CandidateList>();
  for (const Candidate& candidate : list->items) {
    const bool is_call = points_->tool_of(candidate) != DecisionPoint::kNoTool;
    // What is known of one tool is known of all but for the size of their arguments.
    if (is_call && may_call && &candidate == &list->items.front() && after(candidate.bytes, false) != kNoWay &&
        fits(points_->tool_distance_max(), list->size_bytes_max)) {
      return list;
    }
    if (is_call ? may_call && fits(after(candidate.bytes, false), candidate.bytes.size()) : may_end(candidate.bytes))
      result->add(candidate);
  }
  return result;
}

bool DecisionWalk::may_end(std::string_view bytes) const {
  DocumentCursor ended = cursor_;
  return (bytes.empty() || ended.read(bytes)) && ended.complete() &&
         size_ + bytes.size() <= points_->options().size_bytes_max;
}

void DecisionWalk::call_tool(const Candidate& candidate) {
  tool_ = points_->tool_of(candidate);
  is_answered_ = tool_ == DecisionPoint::kNoTool;
  ++calls_;
  write(candidate.bytes);
}

// ---- values -----------------------------------------------------------------------------------------------------------------

void DecisionWalk::at_value(uint32_t location, bool must_differ) {
  if (type_) return at_typed_value(location, *type_, must_differ);
  const DecisionIndex::Shape& shape = points_->index().shape(location);
  const bool is_alone = shape.is_settled && !must_differ && machine().is_local(cursor_.state());
  if (shape.values != nullptr && !must_differ) {
    List list = offered(shape.values, is_alone, points_->index().verified());
    if (list->items.empty()) return stop(Status::kStuck, "no value fits into the budget");
    if (list->items.size() > 1) return ask(DecisionKind::kValue, std::move(list));
    return write_value(list->items[0].bytes);
  }
  const std::vector<TypeWay> ways = type_ways(shape);
  if (ways.empty()) return stop(Status::kStuck, "no value fits into the budget");
  if (ways.size() == 1) return at_typed_value(location, ways[0].type, must_differ);
  if (is_hurried()) {
    const auto shorter = [](const TypeWay& a, const TypeWay& b) { return a.size_bytes < b.size_bytes; };
    return at_typed_value(location, std::min_element(ways.begin(), ways.end(), shorter)->type, must_differ);
  }
  uint8_t types = 0;
  for (const TypeWay& way : ways) types = static_cast<uint8_t>(types | 1u << static_cast<size_t>(way.type));
  ask(DecisionKind::kBranch, points_->index().branches(types));
}

// The types that the value may have, without containers where they are deep enough and something else will do.
std::vector<DecisionWalk::TypeWay> DecisionWalk::type_ways(const DecisionIndex::Shape& shape) const {
  std::vector<TypeWay> ways;
  for (size_t i = 0; i < kValueTypes; ++i) {
    const auto type = static_cast<ValueType>(i);
    if (shape.programs[i] == kNone) continue;
    const bool is_open = type == ValueType::kString || is_container(type);
    const std::string_view begin = type == ValueType::kString ? "\"" : value_type_bytes(type);
    const uint32_t distance = type == ValueType::kNumber ? number_distance() : after(begin, !is_open);
    const size_t written = type == ValueType::kNumber ? 1 : begin.size();
    if (fits(distance, written)) ways.push_back({type, distance + written});
  }
  const auto is_deep = [](const TypeWay& way) { return is_container(way.type); };
  if (open_.size() >= points_->options().depth_max && !std::all_of(ways.begin(), ways.end(), is_deep))
    std::erase_if(ways, is_deep);
  return ways;
}

// Bytes to the end behind the first byte of a number.
uint32_t DecisionWalk::number_distance() const {
  uint32_t least = kNoWay;
  for (const std::string_view begin : {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-"}) {
    least = std::min(least, after(begin, false));
    if (fits(least, 1) && !is_hurried()) break;
  }
  return least;
}

void DecisionWalk::choose_branch(ValueType type) {
  if (type == ValueType::kString || type == ValueType::kNumber) {
    type_ = type;
    return;
  }
  if (!is_container(type)) return write_value(value_type_bytes(type));
  type_.reset();
  item_begun_ = false;
  open_container(type);
}

void DecisionWalk::at_typed_value(uint32_t location, ValueType type, bool must_differ) {
  if (type != ValueType::kString && type != ValueType::kNumber) return choose_branch(type);
  const DecisionIndex::Shape& shape = points_->index().shape(location);
  const uint32_t program = shape.programs[static_cast<size_t>(type)];
  const bool is_text = type == ValueType::kString;
  const bool is_regex = is_text && programs().text(programs().text_start(program)).is_regex;
  const bool is_alone = shape.is_settled && !must_differ && !is_regex && machine().is_local(cursor_.state());
  if (const List& copies = is_text ? points_->index().copies(program) : nullptr; copies != nullptr && !must_differ)
    return ask(DecisionKind::kSpan, offered(copies, is_alone, points_->index().verified()));
  const List& finite = is_text ? points_->index().texts(program) : points_->index().numbers(program);
  if (finite != nullptr && !must_differ) {
    List list = offered(finite, is_alone, points_->index().verified());
    if (list->items.empty()) return stop(Status::kStuck, "no value fits into the budget");
    if (list->items.size() == 1) return write_value(list->items[0].bytes);
    ask(DecisionKind::kValue, std::move(list));
    point_.open = is_text ? OpenKind::kText : OpenKind::kNumber;
    return;
  }
  List list = DecisionIndex::nothing();
  if (input_ != nullptr) {
    const List& known = is_text ? input_->spans_for(programs(), program) : input_->numbers_for(programs(), program);
    if (is_alone && programs().is_plain(program)) input_->verified()[known.get()] = known;  // any text, any number
    list = offered(known, is_alone, input_->verified());
  }
  const bool is_number = !is_text && !list->items.empty();
  ask(is_number ? DecisionKind::kNumber : DecisionKind::kOpen, std::move(list));
  point_.open = is_text ? OpenKind::kText : OpenKind::kNumber;
}

// ---- objects ----------------------------------------------------------------------------------------------------------------

void DecisionWalk::at_object(uint32_t frame) {
  if (item_begun_) {
    ask(DecisionKind::kOpen, names(frame));
    point_.open = OpenKind::kName;
    return;
  }
  Open& object = open_.back();
  const std::vector<DecisionIndex::Member>& members = points_->index().members(frame);
  for (; object.next_member < members.size(); ++object.next_member) {
    if (object.items == 0 && offer_member(frame, members[object.next_member])) return;
  }
  at_object_end(frame);
}

// True if the member was written or asked about.
bool DecisionWalk::offer_member(uint32_t frame, const DecisionIndex::Member& member) {
  Open& object = open_.back();
  const uint32_t step = programs().named_step(frame, member.index);
  if (step == kNone) return false;
  const List& list = object.has_any ? member.further : member.first;
  const std::string& bytes = list->items[0].bytes;
  const uint32_t inside = after(bytes, false);
  if (!fits(inside, bytes.size())) return false;
  const uint32_t around = way_around(frame, object.next_member + 1, !object.has_any);
  const bool is_shorter = around == kNoWay || inside + bytes.size() < around;
  const bool is_deep = open_.size() >= points_->options().depth_max;
  if (around != kNoWay && (is_hurried() || is_deep) && !is_shorter) return false;
  if (around != kNoWay && !is_hurried()) {
    enter(member.name);
    ask(DecisionKind::kMember, list);
  } else {
    ++object.next_member;
    object.has_any = true;
    write(bytes);
    enter(member.name);
  }
  return true;
}

void DecisionWalk::choose_member(bool is_present) {
  Open& object = open_.back();
  if (is_present) write(point_.list->items[0].bytes);
  ++object.next_member;
  object.has_any |= is_present;
}

// Bytes to the end, at most, if no member before `next_member` comes any more; kNoWay if the object then cannot go on.
uint32_t DecisionWalk::way_around(uint32_t frame, size_t next_member, bool is_first) const {
  const uint32_t closing = after("}", false);
  if (fits(closing, 1)) return closing + 1;
  const std::vector<DecisionIndex::Member>& members = points_->index().members(frame);
  for (; next_member < members.size(); ++next_member) {
    if (programs().named_step(frame, members[next_member].index) == kNone) continue;
    const std::string& bytes = (is_first ? members[next_member].first : members[next_member].further)->items[0].bytes;
    const uint32_t inside = after(bytes, false);
    if (fits(inside, bytes.size())) return inside + static_cast<uint32_t>(bytes.size());
  }
  const List others = names(frame);
  if (others->items.empty()) return kNoWay;
  const std::string& bytes = others->items[0].bytes;
  return after(bytes, false) + static_cast<uint32_t>(bytes.size());
}

// All that the schema names is decided.
void DecisionWalk::at_object_end(uint32_t frame) {
  const DecisionOptions& options = points_->options();
  const Open& object = open_.back();
  const bool may_close = fits(after("}", false), 1);
  const bool must_close = is_hurried() || object.items >= options.items_max || open_.size() >= options.depth_max;
  if (may_close && (must_close || !(options.members_of_any_name || is_schema_about_others(frame))))
    return close_container();
  const bool may_go_on = !names(frame)->items.empty();
  if (may_close && !may_go_on) return close_container();
  if (may_close) {
    return ask(DecisionKind::kItem, points_->index().items(ValueType::kObject, !object.has_any, is_near_end()));
  }
  item_begun_ = true;  // a name must come, whether there is one or not
}

bool DecisionWalk::is_schema_about_others(uint32_t frame) const {
  const uint32_t key = programs().key_start(frame);
  if (key == kNone) return false;
  if (!programs().key(key).languages.empty()) return true;
  const uint32_t step = programs().other_step(frame);
  return step != kNone && !points_->index().shape(programs().step(step).location).is_anything;
}

// Names that the schema does not mention and that may come next, each with its colon: all that patterns leave, or else spans of the input.
DecisionWalk::List DecisionWalk::names(uint32_t frame) const {
  const Open& object = open_.back();
  const uint32_t key = programs().key_start(frame);
  if (key == kNone) return DecisionIndex::nothing();
  List list = points_->index().names(frame);
  if (list == nullptr) list = input_ == nullptr ? DecisionIndex::nothing() : input_->spans();
  const std::vector<DecisionIndex::Member>& members = points_->index().members(frame);
  auto result = std::make_shared<CandidateList>();
  for (const Candidate& candidate : list->items) {
    const bool is_known =
        std::any_of(members.begin(), members.end(), [&](const auto& member) { return member.name == candidate.label; });
    if (is_known) continue;
    std::string bytes = (object.has_any ? "," : "") + candidate.bytes + ":";
    if (fits(after(bytes, false), bytes.size())) result->add({std::move(bytes), candidate.label, candidate.source});
  }
  return result;
}

// ---- arrays, and members of any name ----------------------------------------------------------------------------------------

void DecisionWalk::choose_item(bool is_another) {
  if (!is_another) return close_container();
  if (open_.back().type == ValueType::kArray && open_.back().has_any) write(",");
  item_begun_ = true;
}

void DecisionWalk::at_array(uint32_t frame, bool is_first) {
  const DecisionOptions& options = points_->options();
  const bool may_close = fits(after("]", false), 1);
  const uint32_t item = item_distance(frame, is_first);
  const bool may_go_on = fits(item, is_first ? 0 : 1);
  const bool must_close = is_hurried() || open_.back().items >= options.items_max || open_.size() >= options.depth_max;
  if (may_close && (must_close || !may_go_on)) return close_container();
  if (!may_go_on) return stop(Status::kStuck, "no item fits into the budget");
  if (may_close) return ask(DecisionKind::kItem, points_->index().items(ValueType::kArray, is_first, is_near_end()));
  if (!is_first) write(",");
  item_begun_ = true;
}

// Bytes to the end behind the comma, if there must be one.
uint32_t DecisionWalk::item_distance(uint32_t frame, bool is_first) const {
  if (programs().item_step(frame) == kNone) return kNoWay;
  if (!is_first) return after(",", false);
  for (const std::string_view begin :
       {"\"", "{", "[", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-", "n", "t", "f"}) {
    const uint32_t distance = after(begin, false);
    if (fits(distance, 1)) return distance + 1;
  }
  return kNoWay;
}

void DecisionWalk::at_item(uint32_t frame) {
  const uint32_t step = programs().item_step(frame);
  if (path_.size() == open_.back().path_size) {
    enter(std::to_string(open_.back().items++));
    open_.back().has_any = true;
  }
  at_value(programs().step(step).location, programs().step(step).must_differ);
}

}  // namespace cadre::contract
