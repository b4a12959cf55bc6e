// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_machine.h"

#include <algorithm>

#include "base/random.h"

namespace cadre::contract {
namespace {

bool is_digit(uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

bool is_word(uint8_t byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '$' ||
         byte >= 0x80;
}

bool is_space(uint8_t byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

uint8_t folded(uint8_t byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<uint8_t>(byte + ('a' - 'A')) : byte;
}

// Numbers: kStart -> sign -> digits -> point -> digits -> exponent.
enum Number : uint32_t {
  kStart,
  kSign,
  kZero,
  kWhole,
  kPoint,
  kFraction,
  kExponent,
  kExponentSign,
  kExponentDigits,
  kNoNumber
};

Number next_number(Number state, uint8_t byte, bool canonical, bool integer) {
  const bool digit = is_digit(byte);
  switch (state) {
    case kStart:
      if (byte == '-' && canonical && !integer) return kSign;
      if (byte == '.' && !canonical) return kPoint;
      [[fallthrough]];
    case kSign:
      if (!digit || (integer && byte == '0')) return kNoNumber;
      return canonical && byte == '0' ? kZero : kWhole;
    case kZero:
      return byte == '.' ? kPoint : kNoNumber;
    case kWhole:
      if (digit) return kWhole;
      if (byte == '.' && !integer) return kPoint;
      return folded(byte) == 'e' && !canonical ? kExponent : kNoNumber;
    case kPoint:
    case kFraction:
      if (digit) return kFraction;
      return folded(byte) == 'e' && !canonical && state == kFraction ? kExponent : kNoNumber;
    case kExponent:
      if (byte == '+' || byte == '-') return kExponentSign;
      [[fallthrough]];
    case kExponentSign:
    case kExponentDigits:
      return digit ? kExponentDigits : kNoNumber;
    default:
      return kNoNumber;
  }
}

bool is_number(uint32_t state) {
  return state == kZero || state == kWhole || state == kFraction || state == kExponentDigits;
}

// Strings: b = quote << 8 | phase. Phases from kInside on say which bytes the character begun still needs.
enum Phase : uint32_t {
  kOutside,
  kClosed,
  kInside,
  kOneMore,
  kTwoMore,
  kThreeMore,
  kAfterE0,
  kAfterEd,
  kAfterF0,
  kAfterF4,
  kNoPhase
};

Phase next_in_character(Phase phase, uint8_t byte) {
  const auto within = [&](uint8_t low, uint8_t high, Phase next) {
    return byte >= low && byte <= high ? next : kNoPhase;
  };
  switch (phase) {
    case kInside:
      if (byte < 0x80) return kInside;
      if (byte >= 0xC2 && byte <= 0xDF) return kOneMore;
      if (byte == 0xE0) return kAfterE0;
      if (byte == 0xED) return kAfterEd;
      if (byte >= 0xE1 && byte <= 0xEF) return kTwoMore;
      if (byte == 0xF0) return kAfterF0;
      if (byte == 0xF4) return kAfterF4;
      return within(0xF1, 0xF3, kThreeMore);
    case kOneMore:
      return within(0x80, 0xBF, kInside);
    case kTwoMore:
      return within(0x80, 0xBF, kOneMore);
    case kThreeMore:
      return within(0x80, 0xBF, kTwoMore);
    case kAfterE0:
      return within(0xA0, 0xBF, kOneMore);
    case kAfterEd:
      return within(0x80, 0x9F, kOneMore);
    case kAfterF0:
      return within(0x90, 0xBF, kTwoMore);
    case kAfterF4:
      return within(0x80, 0x8F, kTwoMore);
    default:
      return kNoPhase;
  }
}

// Bytes that end a string from this phase, its quote included, and a number from this state.
uint32_t string_left(uint32_t phase) {
  switch (phase) {
    case kOutside:
      return 2;
    case kClosed:
      return 0;
    case kInside:
      return 1;
    case kOneMore:
      return 2;
    case kThreeMore:
    case kAfterF0:
    case kAfterF4:
      return 4;
    default:
      return 3;
  }
}

uint32_t number_left(uint32_t state) {
  return is_number(state) ? 0 : 1;
}

}  // namespace

Result<SqlMachine> SqlMachine::create(const SqlSchema& schema, SqlGrammarOptions options, size_t size_bytes_max) {
  TRY(check_sql_schema(schema));
  for (const std::string& span : options.spans) {
    if (span.find('\0') != std::string::npos)
      return Error{ErrorCode::kInvalid, "a span for SQL literals holds a NUL byte"};
  }
  return SqlMachine(schema, std::move(options), size_bytes_max);
}

SqlMachine::SqlMachine(const SqlSchema& schema, SqlGrammarOptions options, size_t size_bytes_max)
    : mode_(options.mode),
      size_bytes_max_(size_bytes_max),
      tokens_(std::make_unique<SqlTokens>(schema, std::move(options))),
      completion_(std::make_unique<SqlCompletion>(*tokens_)) {
  states_.emplace_back();  // dead
  known_dead_.emplace_back();
  state_table_.assign(1024, 0);
  moves_.assign(1024, {});
  for (unsigned byte = 0x20; byte <= 0xF4; ++byte) {
    string_bytes_.set(byte, byte != '\'' && byte != 0x7F && byte != 0xC0 && byte != 0xC1);
  }
  out_ = {{tokens_->start(), Kind::kGap, 0, 0, 0}};
  start_ = {intern()};
}

SqlMachine::State SqlMachine::next(State state, uint8_t byte) {
  if (state.id == 0 || known_dead_[state.id][byte]) return {0};
  const uint64_t key = uint64_t{state.id} << 8 | byte;
  if (const Move& known = find_move(key); known.key == key) return {known.next};
  if (size_bytes() > size_bytes_max_) {
    overflowed_ = true;
    return {0};
  }
  const uint32_t next = step(state.id, byte);
  if (next == 0) {  // most bytes are dead: a bit each
    known_dead_[state.id].set(byte);
    return {0};
  }
  if (2 * ++moves_used_ > moves_.size()) {
    std::vector<Move> old(moves_.size() * 2);
    std::swap(old, moves_);
    for (const Move& move : old) {
      if (move.key != 0) find_move(move.key) = move;
    }
  }
  find_move(key) = {key, next};
  return {next};
}

SqlMachine::Move& SqlMachine::find_move(uint64_t key) {
  size_t at = base::mix64(key) & (moves_.size() - 1);
  while (moves_[at].key != 0 && moves_[at].key != key) at = (at + 1) & (moves_.size() - 1);
  return moves_[at];
}

std::span<const SqlMachine::Place> SqlMachine::places_of(uint32_t state) const {
  return {places_.data() + states_[state].begin, states_[state].size};
}

uint32_t SqlMachine::step(uint32_t state, uint8_t byte) {
  out_.clear();
  const Span span = states_[state];  // reading a place adds no states
  for (uint32_t i = 0; i < span.size; ++i) go_on(Place(places_[span.begin + i]), byte);
  return intern();
}

void SqlMachine::go_on(const Place& place, uint8_t byte) {
  switch (place.kind) {
    case Kind::kGap:
      break;
    case Kind::kChoice:
      narrow(place, byte);
      break;
    case Kind::kOpen:
      read_open(place, tokens_->menu(place.token_state).open[place.a], byte);
      break;
    case Kind::kIdentifier:
      if (is_word(byte) && texts_[place.a].size() < kSqlIdentifierSizeBytesMax) {
        const std::string longer = texts_[place.a] + static_cast<char>(folded(byte));
        out_.push_back({place.token_state, Kind::kIdentifier, intern_text(longer), 0, 0});
      }
      break;
  }
  const End end = end_of(place);
  if (end.token_state == 0) return;
  if (!generates() && is_space(byte)) {
    out_.push_back({end.token_state, Kind::kGap, 0, 0, 0});
  } else if (generates() || !end.word || !is_word(byte)) {
    begin_token(end.token_state, byte);
  }
}

SqlMachine::End SqlMachine::end_of(const Place& place) {
  switch (place.kind) {
    case Kind::kGap:
      return {place.token_state, place.a != 0};
    case Kind::kChoice: {
      const auto& choice = tokens_->menu(place.token_state).choices[place.a];  // the shortest comes first
      if (choice.text.size() != place.c) return {};
      return {choice.next, is_word(static_cast<uint8_t>(choice.text.back()))};
    }
    case Kind::kOpen: {
      const SqlMenu::Open& open = tokens_->menu(place.token_state).open[place.a];
      if (open.kind == SqlTokenClass::kString) return {(place.b & 0xFF) == kClosed ? open.next : 0, false};
      const bool ends = is_number(place.b) || (!generates() && place.b == kPoint && place.c > 0);
      return {ends ? open.next : 0, true};
    }
    case Kind::kIdentifier:
      return {tokens_->after_identifier(place.token_state, texts_[place.a]), true};
  }
  return {};
}

void SqlMachine::begin_token(uint32_t token_state, uint8_t byte) {
  const SqlMenu& menu = tokens_->menu(token_state);
  if (!menu.choices.empty()) {
    narrow({token_state, Kind::kChoice, 0, static_cast<uint32_t>(menu.choices.size()), 0}, byte);
  }
  for (uint32_t i = 0; i < menu.open.size(); ++i) {
    const SqlMenu::Open& open = menu.open[i];
    if (open.kind == SqlTokenClass::kIdentifier) {
      if (is_word(byte) && !is_digit(byte)) {
        const std::string text(1, static_cast<char>(folded(byte)));
        out_.push_back({token_state, Kind::kIdentifier, intern_text(text), 0, 0});
      }
      continue;
    }
    const Place begin{token_state, Kind::kOpen, i, 0, 0};
    if (!generates() || !open.space) {
      read_open(begin, open, byte);
    } else if (byte == ' ') {
      out_.push_back(begin);
    }
  }
}

// The candidates that have this byte next.
void SqlMachine::narrow(const Place& place, uint8_t byte) {
  const auto& choices = tokens_->menu(place.token_state).choices;
  const uint8_t wanted = generates() ? byte : folded(byte);
  const auto key = [&](const SqlMenu::Choice& choice) {
    return choice.text.size() > place.c ? static_cast<int>(static_cast<uint8_t>(choice.text[place.c])) : -1;
  };
  const auto first = std::lower_bound(choices.begin() + place.a, choices.begin() + place.b, static_cast<int>(wanted),
                                      [&](const SqlMenu::Choice& choice, int value) { return key(choice) < value; });
  const auto last = std::upper_bound(first, choices.begin() + place.b, static_cast<int>(wanted),
                                     [&](int value, const SqlMenu::Choice& choice) { return value < key(choice); });
  if (first == last) return;
  out_.push_back({place.token_state, Kind::kChoice, static_cast<uint32_t>(first - choices.begin()),
                  static_cast<uint32_t>(last - choices.begin()), place.c + 1});
}

void SqlMachine::read_open(const Place& place, const SqlMenu::Open& open, uint8_t byte) {
  if (open.kind == SqlTokenClass::kString) return read_string(place, byte);
  const bool integer = open.kind == SqlTokenClass::kInteger;
  const Number next = next_number(static_cast<Number>(place.b), byte, generates(), integer);
  if (next == kNoNumber) return;
  uint32_t digits = 0;
  if (generates()) {
    digits = place.c + (is_digit(byte) ? 1 : 0);
    const uint32_t most = integer ? 6 : kSqlNumberDigitsMax;
    if (digits > most || (next == kPoint && digits >= most)) return;
  } else {
    digits = place.c | (is_digit(byte) ? 1 : 0);  // "1." is a number, "." is none
  }
  out_.push_back({place.token_state, Kind::kOpen, place.a, next, digits});
}

void SqlMachine::read_string(Place place, uint8_t byte) {
  const uint32_t quote = place.b >> 8;
  const auto phase = static_cast<Phase>(place.b & 0xFF);
  if (phase == kOutside) {
    if (byte == '\'' || (byte == '"' && !generates())) {
      place.b = uint32_t{byte} << 8 | kInside;
      out_.push_back(place);
    }
    return;
  }
  Phase next = kNoPhase;
  if (phase == kClosed) {
    next = byte == quote ? kInside : kNoPhase;  // a doubled quote stands for one
    if (generates() && next == kInside && ++place.c > kSqlTextCharsMax) return;
  } else if (byte == quote && phase == kInside) {
    next = kClosed;
  } else if (!generates()) {
    next = byte != 0 ? kInside : kNoPhase;
  } else if (string_bytes_[byte]) {
    next = next_in_character(phase, byte);
    if (phase == kInside && ++place.c > kSqlTextCharsMax) return;
  }
  if (next == kNoPhase) return;
  place.b = quote << 8 | next;
  out_.push_back(place);
}

bool SqlMachine::complete(State state) {
  for (const Place& place : places_of(state.id)) {
    const End end = end_of(place);
    if (end.token_state != 0 && tokens_->menu(end.token_state).end) return true;
  }
  return false;
}

uint32_t SqlMachine::distance(State state) {
  if (!generates() || state.id == 0) return kNoWay;
  if (state.id >= distances_.size())
    distances_.resize(std::max<size_t>(states_.size(), 2 * distances_.size()), kUnknown);
  if (distances_[state.id] != kUnknown) return distances_[state.id];
  uint32_t best = kNoWay;
  for (const Place& place : places_of(state.id)) best = std::min(best, distance_of(place));
  return distances_[state.id] = best;
}

// generate: what is left of the token, and the way behind it.
uint32_t SqlMachine::distance_of(const Place& place) {
  const auto behind = [&](uint32_t left, uint32_t token_state) {
    const uint32_t distance = completion_->way(token_state).distance;
    return distance == kNoWay ? kNoWay : left + distance;
  };
  if (place.kind == Kind::kGap) return behind(0, place.token_state);
  const SqlMenu& menu = tokens_->menu(place.token_state);
  if (place.kind == Kind::kOpen) {
    const SqlMenu::Open& open = menu.open[place.a];
    return behind(open.kind == SqlTokenClass::kString ? string_left(place.b & 0xFF) : number_left(place.b), open.next);
  }
  // One choice stands for all: the shortest, or the one that the way from here begins with. Either stays that when others drop out.
  const auto through = [&](uint32_t choice) {
    const auto size = static_cast<uint32_t>(menu.choices[choice].text.size());
    return behind(size - place.c, menu.choices[choice].next);
  };
  const auto shortest = std::min_element(
      menu.choices.begin() + place.a, menu.choices.begin() + place.b,
      [](const SqlMenu::Choice& a, const SqlMenu::Choice& b) { return a.text.size() < b.text.size(); });
  const uint32_t best = through(static_cast<uint32_t>(shortest - menu.choices.begin()));
  const uint32_t first = completion_->way(place.token_state).choice;
  return first >= place.a && first < place.b ? std::min(best, through(first)) : best;
}

Idle SqlMachine::idle(State state) const {
  if (!generates()) return {};
  for (const Place& place : places_of(state.id)) {
    if (place.kind != Kind::kOpen || (place.b & 0xFF) != kInside || place.b >> 8 != '\'') continue;
    return {&string_bytes_, true, kSqlTextCharsMax - place.c};
  }
  return {};
}

uint32_t SqlMachine::intern_text(const std::string& text) {
  const auto [slot, fresh] = text_ids_.emplace(text, static_cast<uint32_t>(texts_.size()));
  if (fresh) texts_.push_back(text);
  return slot->second;
}

uint64_t SqlMachine::hash_of(std::span<const Place> places) const {
  uint64_t hash = places.size();
  for (const Place& place : places) {
    hash = base::mix64(hash ^ (uint64_t{place.token_state} << 32 | place.a));
    hash = base::mix64(hash ^ (uint64_t{place.b} << 32 | place.c << 2 | static_cast<uint32_t>(place.kind)));
  }
  return hash;
}

uint32_t SqlMachine::intern() {
  if (out_.empty()) return 0;
  std::sort(out_.begin(), out_.end());
  out_.erase(std::unique(out_.begin(), out_.end()), out_.end());
  if (2 * states_.size() > state_table_.size()) {
    state_table_.assign(state_table_.size() * 2, 0);
    for (uint32_t id = 1; id < states_.size(); ++id) {
      size_t at = hash_of(places_of(id)) & (state_table_.size() - 1);
      while (state_table_[at] != 0) at = (at + 1) & (state_table_.size() - 1);
      state_table_[at] = id;
    }
  }
  size_t at = hash_of(out_) & (state_table_.size() - 1);
  for (; state_table_[at] != 0; at = (at + 1) & (state_table_.size() - 1)) {
    const auto known = places_of(state_table_[at]);
    if (std::equal(known.begin(), known.end(), out_.begin(), out_.end())) return state_table_[at];
  }
  state_table_[at] = static_cast<uint32_t>(states_.size());
  known_dead_.emplace_back();
  states_.push_back({static_cast<uint32_t>(places_.size()), static_cast<uint32_t>(out_.size())});
  places_.insert(places_.end(), out_.begin(), out_.end());
  return state_table_[at];
}

size_t SqlMachine::size_bytes() const {
  return places_.size() * sizeof(Place) + states_.size() * (sizeof(Span) + sizeof(ByteSet)) +
         state_table_.size() * sizeof(uint32_t) + moves_.size() * sizeof(Move) + texts_.size() * 100 +
         distances_.size() * sizeof(uint32_t) + tokens_->size_bytes() + completion_->size_bytes();
}

}  // namespace cadre::contract
