// SPDX-License-Identifier: Apache-2.0
#include "contract/document_cursor.h"

#include <algorithm>

namespace cadre::contract {

namespace {

using Kind = SchemaMachine::PlaceKind;

bool is_number(Kind kind) {
  return kind == Kind::kNumber || kind == Kind::kNumberText;
}

bool is_after_item(Kind kind) {
  return kind == Kind::kArrayAfter || kind == Kind::kAnything;
}

}  // namespace

bool DocumentCursor::read(std::string_view bytes, Trace* trace) {
  if (is_refused_early(bytes)) return false;
  DocumentCursor next = *this;
  if (!next.read_or_break(bytes, trace)) return false;
  *this = std::move(next);
  return true;
}

bool DocumentCursor::is_refused_early(std::string_view bytes) const {
  constexpr size_t kBytes = 4;
  SchemaMachine::State state = state_;
  for (const char byte : bytes.substr(0, kBytes)) {
    if (machine_->dead(state)) break;
    state = machine_->next(state, static_cast<uint8_t>(byte));
  }
  return machine_->dead(state);
}

bool DocumentCursor::read_or_break(std::string_view bytes, Trace* trace) {
  unkept_ = bytes.substr(0, 0);
  if (trace != nullptr) trace->least = machine_->open_values(state_);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (!read_byte(static_cast<uint8_t>(bytes[i]))) return false;
    if (trace == nullptr) continue;
    const uint32_t open = machine_->open_values(state_);
    if (i == 0) trace->first = open;
    trace->least = std::min(trace->least, open);
  }
  unkept_ = {};
  text_.append(bytes);
  return true;
}

bool DocumentCursor::complete() const {
  return machine_->complete(state_);
}

DocumentCursor::Level& DocumentCursor::own_level(size_t depth) {
  auto level = std::make_shared<Level>();
  if (level_ && level_->depth == depth) {
    *level = *level_;
  } else {
    level->outer = level_;
    level->depth = depth;
  }
  Level& result = *level;
  level_ = std::move(level);
  return result;
}

uint32_t DocumentCursor::distance() const {
  const uint32_t distance = machine_->distance(state_);
  return distance == SchemaMachine::kNoWay ? distance : distance + bytes_to_differ();
}

// Where the name or item begun stands there already, it needs another byte or two.
uint32_t DocumentCursor::bytes_to_differ() const {
  const SchemaMachine::Place& place = machine_->place(state_);
  const bool in_name =
      place.kind == Kind::kKey && place.scan == kPlainText && machine_->programs().key_is_idle(place.b);
  if (in_name) {
    // The machine's distance has a byte for this already.
    return level_ && level_->depth == machine_->depth(state_) && has_name(text_from(name_start_) + '"') ? 0u : -1u;
  }
  const bool in_item = (place.kind == Kind::kText && place.scan == kPlainText) || place.kind == Kind::kNumber;
  if (!in_item || !level_ || level_->depth + 1 != machine_->depth(state_) || level_->items.empty() ||
      !machine_->item_must_differ(state_))
    return 0;
  const std::string item = text_from(level_->item_start);
  if (place.kind == Kind::kText) return has_item(item + '"') ? 1 : 0;
  if (!number_may_end(static_cast<NumberState>(place.scan)) || !has_item(item)) return 0;
  for (char digit = '0'; digit <= '9'; ++digit) {
    const bool extends =
        number_next(static_cast<NumberState>(place.scan), static_cast<uint8_t>(digit)) != kNumberRefused;
    if (extends && !has_item(item + digit)) return 1;
  }
  return 2;
}

std::optional<std::string> DocumentCursor::open_name() const {
  const SchemaMachine::Place& place = machine_->place(state_);
  if (place.kind != Kind::kKey || place.scan != kPlainText) return std::nullopt;
  for (const Level* level = level_.get(); level != nullptr; level = level->outer.get()) {
    if (level->item_start != 0) return std::nullopt;
  }
  std::string begun = text_from(name_start_ + 1);
  if (begun.find('\\') != std::string::npos) return std::nullopt;
  return begun;
}

std::optional<bool> DocumentCursor::name_is_new(std::string_view begun, std::string_view rest) const {
  if (rest.find('\\') != std::string_view::npos) return std::nullopt;
  if (!level_ || level_->depth != machine_->depth(state_)) return true;
  return std::none_of(level_->names.begin(), level_->names.end(), [&](const std::string& name) {
    return name.size() == begun.size() + rest.size() && name.starts_with(begun) && name.ends_with(rest);
  });
}

bool DocumentCursor::has_name(const std::string& quoted) const {
  const Result<JsonValue> name = parse_document(quoted);
  return name.ok() && std::find(level_->names.begin(), level_->names.end(), name->text) != level_->names.end();
}

bool DocumentCursor::has_item(const std::string& text) const {
  const Result<JsonValue> item = parse_document(text);
  return item.ok() && std::any_of(level_->items.begin(), level_->items.end(),
                                  [&](const auto& earlier) { return same_value(*earlier, *item); });
}

bool DocumentCursor::read_byte(uint8_t byte) {
  // A number that is an item ends before the byte that ends it, and must be compared before the array can close.
  if (is_number(machine_->place(state_).kind) &&
      number_next(static_cast<NumberState>(machine_->place(state_).scan), byte) == kNumberRefused) {
    state_ = machine_->end_number(state_);
    if (machine_->dead(state_)) return false;
    if (is_after_item(machine_->place(state_).kind) && !end_item()) return false;
  }
  const SchemaMachine::Place place_before = machine_->place(state_);
  const Kind before = place_before.kind;
  const size_t depth_before = machine_->depth(state_);
  state_ = machine_->next(state_, byte);
  if (machine_->dead(state_)) return false;
  state_.guarded = false;  // what a guard asks is answered below, byte by byte
  unkept_ = {unkept_.data(), unkept_.size() + 1};

  const SchemaMachine::Place& place = machine_->place(state_);
  const size_t depth = machine_->depth(state_);
  while (level_ && level_->depth > depth) level_ = level_->outer;
  if (place.kind == Kind::kKey && before != Kind::kKey) name_start_ = text_size() - 1;
  if (place.kind == Kind::kText && before != Kind::kText) string_start_ = text_size() - 1;
  const bool string_ended = before == Kind::kText && place.kind != Kind::kText;
  if (string_ended && machine_->programs().text(place_before.a).is_regex && !end_regex()) return false;
  if (place.kind == Kind::kColon && before == Kind::kKey) {
    return !machine_->programs().key_is_other(place_before.b) || end_name();
  }
  const bool item_begins = (before == Kind::kArrayStart || before == Kind::kArrayNext) && depth > depth_before;
  if (item_begins && machine_->programs().has_unique(place_before.a))
    own_level(depth_before).item_start = text_size() - 1;
  const bool value_ended = before != Kind::kArrayAfter || depth < depth_before;
  if (is_after_item(place.kind) && value_ended && !is_number(before)) return end_item();
  return true;
}

// What this reader of patterns does not support may still be one.
bool DocumentCursor::end_regex() const {
  const Result<JsonValue> value = parse_document(text_from(string_start_));
  if (!value.ok()) return false;
  const Result<Regex> regex = Regex::parse(value->text);
  return regex.ok() || regex.error().code != ErrorCode::kInvalid;
}

bool DocumentCursor::end_name() {
  const size_t depth = machine_->depth(state_);
  Result<JsonValue> name = parse_document(text_from(name_start_));
  if (!name.ok()) return false;
  if (level_ && level_->depth == depth &&
      std::find(level_->names.begin(), level_->names.end(), name->text) != level_->names.end()) {
    return false;
  }
  own_level(depth).names.push_back(std::move(name->text));
  return true;
}

bool DocumentCursor::end_item() {
  const SchemaMachine::Place place = machine_->place(state_);
  if (!machine_->programs().has_unique(place.a)) return true;
  const size_t depth = machine_->depth(state_);
  while (level_ && level_->depth > depth) level_ = level_->outer;
  Level& level = own_level(depth);
  Result<JsonValue> item = parse_document(text_from(level.item_start));
  if (!item.ok()) return false;
  const bool duplicate = std::any_of(level.items.begin(), level.items.end(),
                                     [&](const auto& earlier) { return same_value(*earlier, *item); });
  if (duplicate) {
    state_ = machine_->mark_duplicate(state_);
    return !machine_->dead(state_);
  }
  level.items.push_back(std::make_shared<const JsonValue>(std::move(*item)));
  state_ = machine_->after_item(state_);
  return true;
}

}  // namespace cadre::contract
