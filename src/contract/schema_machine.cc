// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace cadre::contract {

namespace {

// Generate: of a number without demands. A small model that has begun to repeat digits would not stop.
constexpr uint32_t kGeneratedNumberSizeBytesMax = 40;

// Bytes that stand for themselves in a string, or are part of a character that does.
const ByteSet& plain_bytes() {
  static const ByteSet set = [] {
    ByteSet bytes;
    for (size_t byte = 0x20; byte <= 0xF4; ++byte) bytes.set(byte);
    return bytes.reset('"').reset('\\').reset(0xC0).reset(0xC1);
  }();
  return set;
}

const ByteSet& digits() {
  static const ByteSet set = [] {
    ByteSet bytes;
    for (char digit = '0'; digit <= '9'; ++digit) bytes.set(static_cast<size_t>(digit));
    return bytes;
  }();
  return set;
}

const ByteSet& json_spaces() {
  static const ByteSet set = [] {
    ByteSet bytes;
    for (const char space : {' ', '\t', '\n', '\r'}) bytes.set(static_cast<size_t>(space));
    return bytes;
  }();
  return set;
}

template <class Visit>
void for_each_byte(const ByteSet& set, const Visit& visit) {
  for (unsigned word = 0; word < 4; ++word) {
    uint64_t left = ((set >> (64 * word)) & ByteSet(UINT64_MAX)).to_ullong();
    for (; left != 0; left &= left - 1)
      visit(static_cast<uint8_t>(64 * word + static_cast<unsigned>(std::countr_zero(left))));
  }
}

// All bytes that any place of the kind takes, besides spaces and bytes of a string.
std::string_view bytes_taken(SchemaMachine::PlaceKind kind) {
  using Kind = SchemaMachine::PlaceKind;
  switch (kind) {
    case Kind::kValue:
    case Kind::kArrayNext:
      return "{[\"nft-0123456789";
    case Kind::kArrayStart:
      return "]{[\"nft-0123456789";
    case Kind::kColon:
      return ":";
    case Kind::kNumber:
      return "0123456789.eE+- \t\n\r,}]";
    case Kind::kLiteral:
      return "aelrsu";
    case Kind::kObjectStart:
      return "\"}";
    case Kind::kObjectNext:
      return "\"";
    case Kind::kObjectAfter:
      return ",}";
    case Kind::kArrayAfter:
      return ",]";
    default:
      return "";
  }
}

bool skips_spaces(SchemaMachine::PlaceKind kind) {
  using Kind = SchemaMachine::PlaceKind;
  switch (kind) {
    case Kind::kDone:
    case Kind::kValue:
    case Kind::kColon:
    case Kind::kObjectStart:
    case Kind::kObjectNext:
    case Kind::kObjectAfter:
    case Kind::kArrayStart:
    case Kind::kArrayNext:
    case Kind::kArrayAfter:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<SchemaMachine>> SchemaMachine::compile(const Schema& schema, SchemaMode mode,
                                                              std::shared_ptr<const Bindings> bindings) {
  auto programs = TRY(SchemaPrograms::make(schema, mode, std::move(bindings)));
  std::unique_ptr<SchemaMachine> machine(new SchemaMachine(std::move(programs), mode));
  machine->place_id(PlaceKind::kRefused);
  machine->stack_.id(StackNode{.location = machine->programs_.root()});  // 0: nothing open but the document's value
  machine->number_texts_.id(TextNode{});
  machine->start_ = machine->at(0, PlaceKind::kValue, machine->programs_.root());
  if (!machine->programs_.viable(machine->programs_.root())) {
    machine
        ->start_ = {};  // a contract that accepts nothing is a contract all the same; nothing can be generated for it
    if (mode == SchemaMode::kGenerate) return machine->nothing_to_generate("no value can satisfy this schema");
  }
  const std::string problem = machine->problem();
  if (!problem.empty()) return Error{ErrorCode::kLimit, problem};
  if (mode == SchemaMode::kGenerate && machine->distance(machine->start_) == kNoWay) {
    machine->completion_.search_wider();
    machine->distance_memo_.clear();
    machine->rest_memo_.clear();
  }
  if (mode == SchemaMode::kGenerate && machine->distance(machine->start_) == kNoWay) {
    return machine->nothing_to_generate("no document of this schema was found that could be generated");
  }
  return machine;
}

Error SchemaMachine::nothing_to_generate(const char* what) {
  const std::string& reason = programs_.formulas().empty_origins();
  return Error{ErrorCode::kUnsupported, reason.empty() ? what : fmt::format("{}; {}", what, reason)};
}

uint32_t SchemaMachine::place_id(PlaceKind kind, uint32_t a, uint32_t b, uint32_t scan) {
  return places_.id(Place{kind, a, b, scan});
}

SchemaMachine::State SchemaMachine::at(uint32_t stack, PlaceKind kind, uint32_t a, uint32_t b, uint32_t scan,
                                       bool guarded) {
  return {place_id(kind, a, b, scan), stack, guarded};
}

std::string SchemaMachine::problem() const {
  if (!problem_.empty()) return problem_;
  if (programs_.languages_full()) return "the patterns of this schema have too many states; simplify them";
  return programs_.problem();
}

SchemaMachine::State SchemaMachine::next_unknown(State state, uint8_t byte) {
  State result = read(state, byte);
  if (result.place == 0) return {};
  if (mode_ == SchemaMode::kGenerate && !(result == state) && distance(result) == kNoWay) return {};
  result.guarded |= state.guarded;
  return result;
}

// Most transitions do not look at the stack and stand in the row of their place once they were worked out.
SchemaMachine::State SchemaMachine::read(State state, uint8_t byte) {
  const uint32_t known = row(state.place).next[byte];
  if (known < kNotYet) return {known, state.stack, false};
  if (size() > kMachineStatesMax) {
    problem_ = fmt::format("over {} states; simplify the schema or shorten the document", kMachineStatesMax);
    return {};
  }
  by_stack_ = false;
  const State result = step(state, byte);
  if (known == kNotYet) remember(state.place, byte, by_stack_ || result.guarded ? kByStack : result.place);
  return result;
}

SchemaMachine::Row& SchemaMachine::row(uint32_t place) {
  if (place >= rows_.size()) rows_.resize(places_.size());
  if (!rows_[place]) {
    static const auto first_rows = [] {
      std::array<Row, static_cast<size_t>(PlaceKind::kOutside) + 1> rows;
      for (size_t kind = 0; kind < rows.size(); ++kind) rows[kind] = first_row(static_cast<PlaceKind>(kind));
      return rows;
    }();
    const Place& of = places_[place];
    rows_[place] = std::make_unique<Row>(first_rows[static_cast<size_t>(of.kind)]);
    if (of.kind == PlaceKind::kOutside && envelope_->counts(of.a)) rows_[place]->next.fill(kByStack);
  }
  return *rows_[place];
}

// What holds for all places of a kind: most bytes are refused everywhere but in strings.
SchemaMachine::Row SchemaMachine::first_row(PlaceKind kind) {
  Row row;
  if (kind == PlaceKind::kText || kind == PlaceKind::kKey || kind == PlaceKind::kAnything ||
      kind == PlaceKind::kOutside) {
    row.next.fill(kNotYet);
    return row;
  }
  row.next.fill(kind == PlaceKind::kNumberText ? kByStack : 0);  // digits that are read once are not worth remembering
  for (const char byte : bytes_taken(kind)) row.next[static_cast<uint8_t>(byte)] = kNotYet;
  for (const char byte : skips_spaces(kind) ? std::string_view(" \t\n\r") : std::string_view())
    row.next[static_cast<uint8_t>(byte)] = kNotYet;
  return row;
}

// In a string, bytes that no keyword tells apart have one answer.
void SchemaMachine::remember(uint32_t place_id, uint8_t byte, uint32_t next) {
  Row& row = this->row(place_id);
  row.next[byte] = next;
  const Place& place = places_[place_id];
  if (next == kByStack || (place.kind != PlaceKind::kText && place.kind != PlaceKind::kKey)) return;
  ByteSet alike = bytes_alike(place.scan, byte);
  if (alike.none()) return;
  alike &= place.kind == PlaceKind::kText ? programs_.text_bytes_alike(place.a, byte)
                                          : programs_.key_bytes_alike(place.b, byte);
  for_each_byte(alike, [&](uint8_t other) { row.next[other] = next; });
}

SchemaMachine::State SchemaMachine::step(State state, uint8_t byte) {
  const Place place = places_[state.place];
  const bool in_string = place.kind == PlaceKind::kText || place.kind == PlaceKind::kKey;
  const bool free_of_spaces = mode_ == SchemaMode::kGenerate && !in_string && place.kind != PlaceKind::kOutside;
  if (free_of_spaces && is_json_space(byte)) return {};
  switch (place.kind) {
    case PlaceKind::kText: {
      const uint32_t next = text_place(place, byte);
      if (next != kByStack) return {next, state.stack, false};
      const uint32_t verdict = programs_.text_verdict(place.a);
      return verdict == kNone ? State{} : end_value(state.stack, verdict, programs_.text(place.a).is_regex);
    }
    case PlaceKind::kKey: {
      const uint32_t next = key_place(place, byte);
      if (next != kByStack) return {next, state.stack, false};
      const uint32_t step = programs_.key_step(place.a, place.b);
      if (step == kNone) return {};
      const bool guarded = programs_.frame(place.a).others > 0 && programs_.key_is_other(place.b);
      return at(state.stack, PlaceKind::kColon, step, 0, 0, guarded);
    }
    case PlaceKind::kValue:
      return is_json_space(byte) ? state : begin_value(state.stack, place.a, byte);
    case PlaceKind::kColon:
      if (is_json_space(byte)) return state;
      return byte == ':' ? push(state.stack, place.a) : State{};
    case PlaceKind::kNumber:
    case PlaceKind::kNumberText:
      return number_byte(state, byte);
    case PlaceKind::kLiteral: {
      const std::string_view literal = kJsonLiterals[place.a];
      if (place.scan >= literal.size() || static_cast<uint8_t>(literal[place.scan]) != byte) return {};
      if (place.scan + 1 == literal.size()) return end_value(state.stack, place.b, false);
      return at(state.stack, PlaceKind::kLiteral, place.a, place.b, place.scan + 1);
    }
    case PlaceKind::kObjectStart:
    case PlaceKind::kObjectNext:
    case PlaceKind::kObjectAfter: {
      if (is_json_space(byte)) return state;
      if (byte == '"' && place.kind != PlaceKind::kObjectAfter) {
        const uint32_t key = programs_.key_start(place.a);
        return key == kNone ? State{} : at(state.stack, PlaceKind::kKey, place.a, key, kPlainText);
      }
      if (byte == ',' && place.kind == PlaceKind::kObjectAfter) {
        return programs_.frame_open(place.a) ? at(state.stack, PlaceKind::kObjectNext, place.a) : State{};
      }
      if (byte == '}' && place.kind != PlaceKind::kObjectNext) {
        const uint32_t verdict = programs_.frame_verdict(place.a);
        return verdict == kNone ? State{} : end_value(state.stack, verdict, false);
      }
      return {};
    }
    case PlaceKind::kArrayStart:
    case PlaceKind::kArrayNext:
    case PlaceKind::kArrayAfter: {
      if (is_json_space(byte)) return state;
      if (byte == ']' && place.kind != PlaceKind::kArrayNext) {
        const uint32_t verdict = programs_.frame_verdict(place.a);
        return verdict == kNone ? State{} : end_value(state.stack, verdict, false);
      }
      if (place.kind == PlaceKind::kArrayAfter) {
        return byte == ',' && programs_.frame_open(place.a) ? at(state.stack, PlaceKind::kArrayNext, place.a) : State{};
      }
      return begin_item(state, byte);
    }
    case PlaceKind::kDone:
      return is_json_space(byte) ? state : State{};
    case PlaceKind::kAnything:
      return state;
    case PlaceKind::kOutside:
      return step_outside(state, byte);
    case PlaceKind::kRefused:
      break;
  }
  return {};
}

// ---- values -----------------------------------------------------------------------------------------------------------------

SchemaMachine::State SchemaMachine::push(uint32_t stack, uint32_t step) {
  by_stack_ = true;
  const uint32_t depth = stack_[stack].depth + 1;
  if (depth > kMachineDepthMax) return {};
  const bool settled = stack_[stack].settled && programs_.is_settled(programs_.step(step).location);
  const uint32_t location = programs_.step(step).location;
  const uint32_t node = stack_.id(StackNode{stack, step, depth, location, settled});
  return at(node, PlaceKind::kValue, location);
}

SchemaMachine::State SchemaMachine::begin_item(State state, uint8_t byte) {
  const uint32_t step = programs_.item_step(places_[state.place].a);
  if (step == kNone) return {};
  const State pushed = push(state.stack, step);
  return pushed.place == 0 ? State{} : begin_value(pushed.stack, programs_.step(step).location, byte);
}

SchemaMachine::State SchemaMachine::begin_value(uint32_t stack, uint32_t location, uint8_t byte) {
  if (mode_ == SchemaMode::kGenerate) by_stack_ = true;  // must_differ
  if (must_differ(stack) && !programs_.is_free(location, byte == '"' ? ValueType::kString : ValueType::kNumber))
    return {};
  if (must_differ(stack) && byte != '"' && number_start(byte) == kNumberRefused) return {};
  switch (byte) {
    case '{': {
      const uint32_t program = programs_.program(location, ValueType::kObject);
      if (program == kNone) return {};
      return at(stack, PlaceKind::kObjectStart, programs_.frame_start(program));
    }
    case '[': {
      const uint32_t program = programs_.program(location, ValueType::kArray);
      if (program == kNone) return {};
      return at(stack, PlaceKind::kArrayStart, programs_.frame_start(program));
    }
    case '"': {
      const uint32_t program = programs_.program(location, ValueType::kString);
      const uint32_t text = program == kNone ? kNone : programs_.text_start(program);
      return text == kNone ? State{} : at(stack, PlaceKind::kText, text, 0, kPlainText);
    }
    case 'n':
    case 'f':
    case 't': {
      const ValueType type = byte == 'n' ? ValueType::kNull : byte == 'f' ? ValueType::kFalse : ValueType::kTrue;
      const uint32_t program = programs_.program(location, type);
      const uint32_t verdict = program == kNone ? kNone : programs_.plain_verdict(program);
      return verdict == kNone ? State{} : at(stack, PlaceKind::kLiteral, static_cast<uint32_t>(type), verdict, 1);
    }
    default: {
      const NumberState number = number_start(byte);
      const uint32_t program = number == kNumberRefused ? kNone : programs_.program(location, ValueType::kNumber);
      if (program == kNone) return {};
      const bool counts =
          mode_ == SchemaMode::kGenerate && !must_differ(stack);  // what must differ may need a digit more
      if (programs_.is_plain(program)) return at(stack, PlaceKind::kNumber, program, counts ? 1 : 0, number);
      if (mode_ == SchemaMode::kAccept && !programs_.number_can_follow(program, {reinterpret_cast<char*>(&byte), 1}))
        return {};
      return at(stack, PlaceKind::kNumberText, program, number_texts_.id(TextNode{0, byte}), number);
    }
  }
}

SchemaMachine::State SchemaMachine::end_value(uint32_t stack, uint32_t verdict, bool guarded) {
  by_stack_ = true;
  if (stack == 0) return at(0, PlaceKind::kDone, 0, 0, 0, guarded);
  const StackNode node = stack_[stack];
  if (is_call(node.step)) return at(node.parent, PlaceKind::kOutside, node.step & ~kCallStep, 0, 0, guarded);
  const uint32_t frame = programs_.after(node.step, verdict);
  if (frame == kNone) return {};
  if (programs_.frame_type(frame) == ValueType::kObject)
    return at(node.parent, PlaceKind::kObjectAfter, frame, 0, 0, guarded);
  const bool compare = programs_.frame(frame).count != 1 && programs_.has_unique(frame);
  if (compare && !programs_.duplicate_is_fatal(frame)) return at(node.parent, PlaceKind::kAnything, frame, 0, 0, true);
  return at(node.parent, PlaceKind::kArrayAfter, frame, 0, 0, guarded || compare);
}

// ---- strings ----------------------------------------------------------------------------------------------------------------

uint32_t SchemaMachine::text_place(const Place& place, uint8_t byte) {
  if (mode_ == SchemaMode::kGenerate && !is_canonical(place.scan, byte)) return 0;
  const StringScan scan = scan_string(place.scan, byte);
  if (scan.kind == StringScan::Kind::kRefused) return 0;
  if (scan.kind == StringScan::Kind::kClosed) return kByStack;
  uint32_t text = place.a;
  for (int i = 0; i < scan.size && text != kNone; ++i) text = programs_.text_next(text, scan.bytes[i]);
  return text == kNone ? 0 : place_id(PlaceKind::kText, text, 0, scan.state);
}

uint32_t SchemaMachine::key_place(const Place& place, uint8_t byte) {
  if (mode_ == SchemaMode::kGenerate && !is_canonical(place.scan, byte)) return 0;
  const StringScan scan = scan_string(place.scan, byte);
  if (scan.kind == StringScan::Kind::kRefused) return 0;
  if (scan.kind == StringScan::Kind::kClosed) return kByStack;
  uint32_t key = place.b;
  for (int i = 0; i < scan.size && key != kNone; ++i) key = programs_.key_next(place.a, key, scan.bytes[i]);
  return key == kNone ? 0 : place_id(PlaceKind::kKey, place.a, key, scan.state);
}

// ---- numbers ----------------------------------------------------------------------------------------------------------------

std::string SchemaMachine::number_text(uint32_t node) const {
  std::string text;
  for (; node != 0; node = number_texts_[node].before) text.push_back(static_cast<char>(number_texts_[node].byte));
  std::reverse(text.begin(), text.end());
  return text;
}

uint32_t SchemaMachine::number_verdict(const Place& place) {
  if (!number_may_end(static_cast<NumberState>(place.scan))) return kNone;
  if (place.kind == PlaceKind::kNumber) return programs_.plain_verdict(place.a);
  return programs_.number_verdict(place.a, number_text(place.b));
}

SchemaMachine::State SchemaMachine::end_number(State state) {
  const Place place = places_[state.place];
  if (place.kind != PlaceKind::kNumber && place.kind != PlaceKind::kNumberText) return state;
  const uint32_t verdict = number_verdict(place);
  if (verdict == kNone) return {};
  State ended = end_value(state.stack, verdict, false);
  ended.guarded |= state.guarded;
  return ended;
}

SchemaMachine::State SchemaMachine::number_byte(State state, uint8_t byte) {
  const Place place = places_[state.place];
  const NumberState number = number_next(static_cast<NumberState>(place.scan), byte);
  if (mode_ == SchemaMode::kGenerate && number == kNumberE) return {};
  if (number == kNumberRefused) {
    if (!is_json_space(byte) && byte != ',' && byte != '}' && byte != ']') return {};
    const State ended = end_number(state);
    const State after = ended.place == 0 ? State{} : next(ended, byte);
    by_stack_ = true;
    return after;
  }
  if (place.kind == PlaceKind::kNumber) {
    const uint32_t size = place.b == 0 ? 0 : place.b + 1;
    const uint32_t size_max = kGeneratedNumberSizeBytesMax - (number_may_end(number) ? 0 : 1);
    return size > size_max ? State{} : at(state.stack, PlaceKind::kNumber, place.a, size, number);
  }
  std::string text = number_text(place.b);
  if (text.size() >= kNumberSizeBytesMax) return {};
  text.push_back(static_cast<char>(byte));
  if (mode_ == SchemaMode::kAccept && !programs_.number_can_follow(place.a, text)) return {};
  return at(state.stack, PlaceKind::kNumberText, place.a, number_texts_.id(TextNode{place.b, byte}), number);
}

// ---- what the walk and the owner ask ----------------------------------------------------------------------------------------

bool SchemaMachine::complete(State state) {
  if (state.place == 0) return false;
  const Place& place = places_[state.place];
  if (place.kind == PlaceKind::kOutside) return envelope_->complete(place.a);
  return places_[end_number(state).place].kind == PlaceKind::kDone;
}

uint32_t SchemaMachine::step_at(State state, size_t level) const {
  uint32_t node = state.stack;
  for (; level > 0; --level) node = stack_[node].parent;
  return stack_[node].step;
}

size_t SchemaMachine::refused_by(State state, uint8_t byte) const {
  if (state.place >= rows_.size() || !rows_[state.place] || rows_[state.place]->next[byte] != kByStack) return 0;
  const Place& place = places_[state.place];
  if (place.kind != PlaceKind::kNumber && place.kind != PlaceKind::kNumberText) return 1;
  // One byte ends the number and perhaps what it stands in; all others are refused by the number itself.
  const bool ends = is_json_space(byte) || byte == ',' || byte == '}' || byte == ']';
  return ends ? 2 : 0;
}

SchemaMachine::State SchemaMachine::mark_duplicate(State state) {
  const Place place = places_[state.place];
  const uint32_t frame = programs_.mark_duplicate(place.a);
  return frame == kNone ? State{} : at(state.stack, PlaceKind::kArrayAfter, frame);
}

SchemaMachine::State SchemaMachine::after_item(State state) {
  const Place place = places_[state.place];
  return place.kind == PlaceKind::kAnything ? at(state.stack, PlaceKind::kArrayAfter, place.a) : state;
}

Idle SchemaMachine::idle(State state) {
  if (places_[state.place].kind == PlaceKind::kNumberText) return {};  // many, and each asked once
  Row& row = this->row(state.place);
  if (!row.idle_known) {
    const Idle found = find_idle(places_[state.place]);
    Row& same = this->row(state.place);
    same.idle = found;
    same.idle_known = true;
    return found;
  }
  return row.idle;
}

Idle SchemaMachine::find_idle(const Place& place) {
  if (place.kind == PlaceKind::kOutside) return envelope_->idle(place.a);
  if (mode_ == SchemaMode::kAccept && skips_spaces(place.kind)) return {&json_spaces(), false, UINT32_MAX, true, true};
  if (place.kind == PlaceKind::kNumber) {
    const auto number = static_cast<NumberState>(place.scan);
    return place.b == 0 && number_next(number, '0') == number ? Idle{&digits(), false, UINT32_MAX, true, false}
                                                              : Idle{};
  }
  if (place.scan != kPlainText) return {};
  if (place.kind == PlaceKind::kKey) {
    if (programs_.key_is_idle(place.b))
      return {&plain_bytes(), true, UINT32_MAX, true, true, mode_ == SchemaMode::kAccept};
    // A text that begins like a name of the schema may still become any other name, where others are welcome.
    const ByteSet loops = programs_.key_loops(place.b) & plain_bytes();
    if (loops == plain_bytes()) return {&plain_bytes(), true, UINT32_MAX, true, true};
    if (loops.any()) return {&idle_sets_.emplace_back(loops), true, UINT32_MAX, true, false};
    const bool any = mode_ == SchemaMode::kAccept && programs_.key(place.b).languages.empty() &&
                     programs_.other_step(place.a) != kNone;
    return any ? Idle{&plain_bytes(), true, UINT32_MAX, false, false} : Idle{};
  }
  if (place.kind != PlaceKind::kText) return {};
  FreeText free = programs_.free_text(place.a);
  free.bytes &= plain_bytes();
  if (free.bytes.none()) return {};
  const auto chars = static_cast<uint32_t>(std::min<uint64_t>(free.chars_max, UINT32_MAX));
  const bool escapes = free.stays && mode_ == SchemaMode::kAccept && programs_.text_is_free(place.a);
  if (free.bytes == plain_bytes()) return {&plain_bytes(), true, chars, free.stays, free.stays, escapes};
  return {&idle_sets_.emplace_back(free.bytes), true, chars, free.stays, false};
}

std::optional<SchemaMachine::Unlimited> SchemaMachine::without_limits(State state) {
  const Place place = places_[state.place];
  if (place.kind != PlaceKind::kText) return std::nullopt;
  const SchemaPrograms::UnlimitedText unlimited = programs_.unlimited_text(place.a);
  if (unlimited.text == kNone) return std::nullopt;
  return Unlimited{at(state.stack, PlaceKind::kText, unlimited.text, 0, place.scan), unlimited.spare_chars};
}

SchemaMachine::State SchemaMachine::home(State state) {
  const Place place = places_[state.place];
  if (place.scan != kPlainText && (place.kind == PlaceKind::kText || place.kind == PlaceKind::kKey))
    state.place = place_id(place.kind, place.a, place.b, kPlainText);
  state.guarded = false;
  return idle(state).stays ? state : State{};
}

}  // namespace cadre::contract
