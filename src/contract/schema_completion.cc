// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_completion.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "contract/json_scan.h"

namespace cadre::contract {

namespace {

constexpr size_t kOutcomesMax = 12;       // verdicts remembered per situation
constexpr size_t kTextPlacesPerWork = 4;  // places in a text that count as much as one situation
constexpr size_t kKeyStatesMax = 300;     // and of a name, each of which asks what may stand under it
constexpr size_t kTextStatesMax = 6000;   // of one search for the end of a string; a date-time takes about 3,000
constexpr size_t kCountStatesMax = 4000;  // the same where only the number of characters matters
constexpr size_t kDepthMax = 2500;        // situations inside each other
constexpr size_t kNamesTriedMax = 64;
constexpr size_t kWorkMax =
    2'000;  // situations examined for one question; what is not found by then counts as impossible
// A name that no keyword mentions, and an item of uniqueItems, must differ from those before it; with at most kOthersMax of them, so many more bytes
// make sure of it (one letter out of ninety; two digits).
constexpr uint32_t kOtherNameSlack = 1;
constexpr uint32_t kOtherItemSlack = 2;

void add(Outcomes& outcomes, uint32_t verdict, uint64_t cost) {
  if (verdict == kNone || cost > UINT32_MAX / 4) return;
  for (Outcome& outcome : outcomes) {
    if (outcome.verdict != verdict) continue;
    outcome.cost = std::min(outcome.cost, static_cast<uint32_t>(cost));
    return;
  }
  if (outcomes.size() < kOutcomesMax) outcomes.push_back({verdict, static_cast<uint32_t>(cost)});
}

void add_all(Outcomes& outcomes, const Outcomes& more, uint64_t cost) {
  for (const Outcome& outcome : more) add(outcomes, outcome.verdict, cost + outcome.cost);
}

// The string bytes that canonical text may hold, as a step over a scan state: two bytes for a short escape, one otherwise.
struct Spelling {
  uint8_t escaped = 0;  // the letter after the backslash, or 0
  uint8_t byte = 0;
};

const std::vector<Spelling>& spellings() {
  static const std::vector<Spelling> all = [] {
    std::vector<Spelling> result;
    // Letters first: a shortest text is then also a readable one.
    for (int byte = 'a'; byte <= 'z'; ++byte) result.push_back({0, static_cast<uint8_t>(byte)});
    for (int byte = 0x20; byte < 256; ++byte) {
      if (byte == '"' || byte == '\\' || (byte >= 'a' && byte <= 'z')) continue;
      result.push_back({0, static_cast<uint8_t>(byte)});
    }
    for (const char letter : {'"', '\\', 'b', 'f', 'n', 'r', 't'}) result.push_back({static_cast<uint8_t>(letter), 0});
    return result;
  }();
  return all;
}

// Breadth-first over (id, scan) along `step`, which follows decoded bytes, one of those that are `alike` for all of them; `visit` is told each
// place between two characters and its distance, and says whether to go on. Returns how many places it met.
size_t search_text(uint32_t id, uint32_t scan, size_t states_max,
                   const std::function<uint32_t(uint32_t, uint8_t)>& step,
                   const std::function<ByteSet(uint32_t, uint8_t)>& alike,
                   const std::function<bool(uint32_t, uint32_t)>& visit) {
  struct Point {
    uint32_t id, scan, distance;
  };
  std::map<std::pair<uint32_t, uint32_t>, bool> seen;
  std::deque<Point> queue, later;  // later: what two bytes reach
  queue.push_back({id, scan, 0});
  seen[{id, scan}] = true;
  while (!queue.empty() || !later.empty()) {
    if (queue.empty() || (!later.empty() && later.front().distance <= queue.front().distance)) {
      queue.push_front(later.front());
      later.pop_front();
    }
    const Point point = queue.front();
    queue.pop_front();
    if (point.scan == kPlainText && !visit(point.id, point.distance)) break;
    if (seen.size() > states_max) continue;
    const auto follow = [&](uint8_t first, uint8_t second) {
      StringScan read = scan_string(point.scan, first);
      if (second != 0 && read.kind == StringScan::Kind::kInside) read = scan_string(read.state, second);
      if (read.kind != StringScan::Kind::kInside) return;
      uint32_t next = point.id;
      for (int i = 0; i < read.size && next != kNone; ++i) next = step(next, read.bytes[i]);
      if (next == kNone || !seen.try_emplace({next, read.state}, true).second) return;
      (second == 0 ? queue : later).push_back({next, read.state, point.distance + (second == 0 ? 1 : 2)});
    };
    if (point.scan != kPlainText) {
      for (int byte = 0; byte < 256; ++byte) {
        if (is_canonical(point.scan, static_cast<uint8_t>(byte))) follow(static_cast<uint8_t>(byte), 0);
      }
      continue;
    }
    ByteSet followed;
    for (const Spelling& spelling : spellings()) {
      if (spelling.escaped == 0) {
        if (followed[spelling.byte]) continue;
        follow(spelling.byte, 0);
        followed |= bytes_alike(kPlainText, spelling.byte) & alike(point.id, spelling.byte);
      } else {
        follow('\\', spelling.escaped);
      }
    }
  }
  return seen.size();
}

// Numbers that decide what comparisons decide: on each bound, beside it, between bounds, on multiples nearby, as plain texts.
std::vector<std::string> telling_numbers(const SchemaPrograms::NumberMarks& marks) {
  std::vector<std::string> texts{"0", "1", "2", "5", "10", "-1", "0.5", "-0.5"};
  const auto scaled = [](const Decimal& value, int places, __int128* out) {  // value x 10^places
    const int64_t exponent = value.exponent() + places;
    if (exponent < 0 || exponent > 30 || value.digits().size() + static_cast<size_t>(exponent) > 30) return false;
    *out = 0;
    for (const char digit : value.digits()) *out = *out * 10 + (digit - '0');
    for (int64_t i = 0; i < exponent; ++i) *out *= 10;
    if (value.negative()) *out = -*out;
    return true;
  };
  const auto write = [&](__int128 value, int places) {
    const bool negative = value < 0;
    if (negative) value = -value;
    std::string digits;
    do {
      digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
      value /= 10;
    } while (value != 0);
    while (digits.size() <= static_cast<size_t>(places)) digits.push_back('0');
    std::string text = negative ? "-" : "";
    for (size_t i = digits.size(); i-- > 0;) {
      text.push_back(digits[i]);
      if (i == static_cast<size_t>(places) && i > 0) text.push_back('.');
    }
    if (places > 0) {
      while (text.back() == '0') text.pop_back();
      if (text.back() == '.') text.pop_back();
    }
    texts.push_back(text == "-0" ? "0" : text);
  };
  int places = 0;
  for (const auto* list : {&marks.bounds, &marks.divisors}) {
    for (const Decimal& value : *list)
      places = std::max(places, static_cast<int>(std::clamp<int64_t>(-value.exponent(), 0, 20)));
  }
  std::vector<__int128> near{0};
  const auto grid = [&](int at) {
    __int128 unit = 1;
    for (int i = 0; i < at; ++i) unit *= 10;
    std::vector<__int128> points;
    for (const Decimal& bound : marks.bounds) {
      __int128 value = 0;
      if (!scaled(bound, at, &value)) continue;
      const __int128 whole = value / unit * unit;
      for (const __int128 point :
           {value, value - 1, value + 1, value - unit, value + unit, whole, whole - unit, whole + unit})
        points.push_back(point);
    }
    const size_t first = points.size();
    points.push_back(0);
    for (const Decimal& divisor : marks.divisors) {
      __int128 step = 0;
      if (!scaled(divisor, at, &step) || step <= 0) continue;
      for (size_t i = 0; i <= first; ++i) {
        const __int128 near_point = points[i] / step * step;
        for (const __int128 point : {near_point, near_point - step, near_point + step}) points.push_back(point);
      }
      points.push_back(step);
    }
    for (const __int128 point : points) write(point, at);
  };
  grid(places);
  grid(places + 1);  // between neighbours of the finest grid
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

// The numbers of a set that begin like this: the cheapest, and if that will not do the others, from the cheapest on.
void try_numbers(const SortedTexts& texts, const std::string& begun, bool one_will_do,
                 const std::function<void(const std::string&)>& try_text, const Outcomes& outcomes) {
  constexpr size_t kTriedMax = 2'000;
  const auto [low, high] = texts.with_prefix(begun);
  const auto cheapest = texts.cheapest(low, high);
  if (!cheapest) return;
  try_text(texts.all()[*cheapest]);
  if (one_will_do && !outcomes.empty()) return;
  std::vector<const std::string*> others;
  for (uint32_t i = low; i < high; ++i) others.push_back(&texts.all()[i]);
  std::stable_sort(others.begin(), others.end(), [](const auto* a, const auto* b) { return a->size() < b->size(); });
  for (size_t i = 0; i < std::min(others.size(), kTriedMax) && !(one_will_do && !outcomes.empty()); ++i)
    try_text(*others[i]);
}

}  // namespace

size_t quoted_size_bytes(std::string_view name) {
  size_t size = 2;
  for (const char c : name) {
    const auto byte = static_cast<uint8_t>(c);
    const bool is_short =
        byte == '"' || byte == '\\' || byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t';
    size += is_short ? 2 : byte < 0x20 ? 6 : 1;
  }
  return size;
}

const Outcomes& SchemaCompletion::remember(Kind kind, uint64_t a, uint64_t b, const std::function<Outcomes()>& find) {
  Entry& entry = entries_[kind][a][b];  // map nodes do not move
  if (entry.state == Entry::State::kDone) return entry.outcomes;
  static const Outcomes kNothing;
  if (entry.state == Entry::State::kRunning || depth_ >= kDepthMax) {
    cyclic_ = true;
    return kNothing;
  }
  if (depth_ == 0) work_ = 0;
  if (++work_ > kWorkMax) return kNothing;
  entry.state = Entry::State::kRunning;
  const bool cyclic_before = cyclic_;
  cyclic_ = false;
  ++depth_;
  Outcomes outcomes = find();
  --depth_;
  std::sort(outcomes.begin(), outcomes.end(), [](const Outcome& x, const Outcome& y) { return x.cost < y.cost; });
  entry.outcomes = std::move(outcomes);
  // A search that met itself and found nothing may find something when asked from elsewhere.
  const bool exhausted = work_ > kWorkMax;
  const bool open = entry.outcomes.empty() && cyclic_ && depth_ > 0 && !exhausted;
  entry.state = open ? Entry::State::kUnknown : Entry::State::kDone;
  cyclic_ = cyclic_before || open;
  return entry.outcomes;
}

void SchemaCompletion::search_wider() {
  wide_ = true;
  for (auto& entries : entries_) entries.clear();
}

// Could other verdicts than the first be of use?
bool SchemaCompletion::wants_more(uint32_t frame) const {
  return wide_ && programs_.has_open_goals(programs_.frame(frame).program);
}

const Outcomes& SchemaCompletion::value(uint32_t location) {
  return remember(kValue, location, 0, [&] { return find_value(location); });
}

Outcomes SchemaCompletion::find_value(uint32_t location) {
  Outcomes outcomes;
  for (const ValueType type : {ValueType::kNumber, ValueType::kString, ValueType::kNull, ValueType::kTrue,
                               ValueType::kFalse, ValueType::kArray, ValueType::kObject}) {
    const uint32_t program = programs_.program(location, type);
    if (program == kNone) continue;
    switch (type) {
      case ValueType::kNull:
      case ValueType::kTrue:
        add(outcomes, programs_.plain_verdict(program), 4);
        break;
      case ValueType::kFalse:
        add(outcomes, programs_.plain_verdict(program), 5);
        break;
      case ValueType::kNumber:
        add_all(outcomes, number(program, ""), 0);
        break;
      case ValueType::kString: {
        const uint32_t start = programs_.text_start(program);
        if (start != kNone) add_all(outcomes, text(start, kPlainText), 1);
        break;
      }
      case ValueType::kArray:
      case ValueType::kObject:
        add_all(outcomes, start(programs_.frame_start(program)), 1);
        break;
    }
  }
  return outcomes;
}

Outcomes SchemaCompletion::free_value(uint32_t location) {
  Outcomes outcomes;
  if (programs_.is_free(location, ValueType::kNumber))
    add(outcomes, programs_.plain_verdict(programs_.program(location, ValueType::kNumber)), 1);
  if (programs_.is_free(location, ValueType::kString))
    add(outcomes, programs_.plain_verdict(programs_.program(location, ValueType::kString)), 2);
  return outcomes;
}

const Outcomes& SchemaCompletion::start(uint32_t frame) {
  return remember(kStart, frame, 0, [&] {
    Outcomes outcomes;
    add(outcomes, programs_.frame_verdict(frame), 1);
    if (outcomes.empty() || wants_more(frame)) add_all(outcomes, next(frame), 0);
    return outcomes;
  });
}

const Outcomes& SchemaCompletion::end(uint32_t frame) {
  return remember(kEnd, frame, 0, [&] {
    Outcomes outcomes;
    add(outcomes, programs_.frame_verdict(frame), 1);
    if (outcomes.empty() || wants_more(frame)) add_all(outcomes, next(frame), 1);
    return outcomes;
  });
}

const Outcomes& SchemaCompletion::member(uint32_t step) {
  return remember(kMember, step, 0, [&] {
    Outcomes outcomes;
    const Step& begun = programs_.step(step);
    const uint32_t slack = begun.must_differ ? kOtherItemSlack : 0;
    for (const Outcome& outcome : begun.must_differ ? free_value(begun.location) : value(begun.location)) {
      const uint32_t frame = programs_.after(step, outcome.verdict);
      if (frame != kNone) add_all(outcomes, end(frame), outcome.cost + slack);
    }
    return outcomes;
  });
}

const Outcomes& SchemaCompletion::next(uint32_t frame) {
  return remember(kNext, frame, 0, [&] { return find_next(frame); });
}

Outcomes SchemaCompletion::find_next(uint32_t frame) {
  Outcomes outcomes;
  if (programs_.frame_type(frame) == ValueType::kArray) {
    const uint32_t step = programs_.item_step(frame);
    if (step != kNone) add_all(outcomes, member(step), 0);
    return outcomes;
  }
  const uint32_t key_start = programs_.key_start(frame);
  if (key_start != kNone) add_all(outcomes, key(frame, key_start, kPlainText), 1);
  return outcomes;
}

// ---- names ------------------------------------------------------------------------------------------------------------------

const Outcomes& SchemaCompletion::key(uint32_t frame, uint32_t key, uint32_t scan) {
  return remember(kKey, static_cast<uint64_t>(frame) << 32 | key, scan, [&] { return find_key(frame, key, scan); });
}

Outcomes SchemaCompletion::find_key(uint32_t frame, uint32_t key, uint32_t scan) {
  const bool one_will_do = !wants_more(frame);
  Outcomes outcomes;
  if (scan == kPlainText) {
    // What must come, then what is asked about, then the rest; the order of the schema within each.
    std::vector<SchemaPrograms::NamedMember> members = programs_.next_members(frame);
    std::stable_sort(members.begin(), members.end(),
                     [](const auto& a, const auto& b) { return a.required * 2 + a.asked > b.required * 2 + b.asked; });
    const KeyState& begun = programs_.key(key);
    size_t tried = 0;
    for (const auto& candidate : members) {
      if (candidate.index < begun.low || candidate.index >= begun.high) continue;
      const uint32_t step = programs_.named_step(frame, candidate.index);
      if (step == kNone) continue;
      if (++tried > kNamesTriedMax) break;
      const size_t rest =
          quoted_size_bytes(candidate.name.substr(begun.depth)) - 1;  // the closing quote, not the opening one
      add_all(outcomes, member(step), rest + 1);
      if (one_will_do && !outcomes.empty()) return outcomes;
    }
    if (begun.languages.empty()) {
      // A letter more leads away from every name that the schema mentions.
      const uint32_t step = programs_.other_step(frame);
      if (step != kNone) add_all(outcomes, member(step), 2 + kOtherNameSlack + (begun.low < begun.high ? 1 : 0));
      return outcomes;
    }
  }
  add_all(outcomes, find_patterned_key(frame, key, scan), 0);
  return outcomes;
}

// Names that patterns or propertyNames speak about, and names in the middle of a character.
Outcomes SchemaCompletion::find_patterned_key(uint32_t frame, uint32_t key, uint32_t scan) {
  Outcomes outcomes;
  const bool one_will_do = !wants_more(frame);
  const auto step = [&](uint32_t at, uint8_t byte) { return programs_.key_next(frame, at, byte); };
  const auto alike = [&](uint32_t at, uint8_t byte) { return programs_.key_bytes_alike(at, byte); };
  const size_t places = search_text(key, scan, kKeyStatesMax, step, alike, [&](uint32_t at, uint32_t distance) {
    const uint32_t member_step = programs_.key_step(frame, at);
    if (member_step != kNone) {
      add_all(outcomes, member(member_step), distance + 2);
    }
    return !(one_will_do && !outcomes.empty());
  });
  work_ += places / kTextPlacesPerWork;
  return outcomes;
}

// ---- strings and numbers ----------------------------------------------------------------------------------------------------

const Outcomes& SchemaCompletion::text(uint32_t text, uint32_t scan) {
  return remember(kText, text, scan, [&] { return find_text(text, scan); });
}

Outcomes SchemaCompletion::find_text(uint32_t text, uint32_t scan) {
  Outcomes outcomes;
  if (const auto end = programs_.bound_end(text)) {
    if (scan == kPlainText) {
      add(outcomes, end->first, uint64_t{end->second} + 1);
    } else {
      add_rest_of_character(text, scan, outcomes);
    }
    return outcomes;
  }
  if (const auto& unlimited = programs_.unlimited_text(text); unlimited.text != kNone) {
    const Outcomes& same = this->text(unlimited.text, scan);
    if (!same.empty() && same.back().cost <= unlimited.agrees_bytes) return same;
  }
  const std::vector<Language>& languages = programs_.text(text).languages;
  const bool one_will_do = std::all_of(languages.begin() + 1, languages.end(), [](Language language) {
    return language == LanguageTable::kEverything || language == LanguageTable::kNothing;
  });
  const auto step = [&](uint32_t at, uint8_t byte) { return programs_.text_next(at, byte); };
  const auto alike = [&](uint32_t at, uint8_t byte) { return programs_.text_bytes_alike(at, byte); };
  const size_t states_max = programs_.text(text).only_counts ? kCountStatesMax : kTextStatesMax;
  const size_t places = search_text(text, scan, states_max, step, alike, [&](uint32_t at, uint32_t distance) {
    add(outcomes, programs_.text_verdict(at), distance + 1);
    return !(one_will_do && !outcomes.empty());
  });
  work_ += places / kTextPlacesPerWork;
  return outcomes;
}

// In the middle of a character or an escape: whatever byte leads nearest to the end.
void SchemaCompletion::add_rest_of_character(uint32_t text, uint32_t scan, Outcomes& outcomes) {
  for (int byte = 0; byte < 256; ++byte) {
    if (!is_canonical(scan, static_cast<uint8_t>(byte))) continue;
    const StringScan read = scan_string(scan, static_cast<uint8_t>(byte));
    if (read.kind != StringScan::Kind::kInside) continue;
    uint32_t next = text;
    for (int i = 0; i < read.size && next != kNone; ++i) next = programs_.text_next(next, read.bytes[i]);
    if (next != kNone) add_all(outcomes, this->text(next, read.state), 1);
  }
}

const Outcomes& SchemaCompletion::number(uint32_t program, const std::string& begun) {
  const uint64_t id = number_ids_.try_emplace(begun, number_ids_.size()).first->second;
  return remember(kNumber, program, id, [&] { return find_number(program, begun); });
}

Outcomes SchemaCompletion::find_number(uint32_t program, const std::string& begun) {
  Outcomes outcomes;
  const auto try_text = [&](const std::string& text) {
    NumberState state = number_start(static_cast<uint8_t>(text[0]));
    for (size_t i = 1; i < text.size() && state != kNumberRefused; ++i)
      state = number_next(state, static_cast<uint8_t>(text[i]));
    if (!number_may_end(state)) return;
    add(outcomes,
        programs_.is_plain(program) ? programs_.plain_verdict(program) : programs_.number_verdict(program, text),
        text.size() - begun.size());
  };
  if (!begun.empty()) try_text(begun);
  const bool one_will_do = !programs_.has_open_goals(program);
  if (one_will_do && !outcomes.empty()) return outcomes;
  if (programs_.is_plain(program)) {
    try_text(begun + "0");
    return outcomes;
  }
  const SchemaPrograms::NumberMarks marks = programs_.number_marks(program);
  for (const NumberSet* set : marks.sets) try_numbers(set->texts, begun, one_will_do, try_text, outcomes);
  if (marks.only_sets || (one_will_do && !outcomes.empty())) return outcomes;
  std::vector<std::string> texts = telling_numbers(marks);
  for (const std::string& text : texts) {
    if (text.size() > begun.size() && text.compare(0, begun.size(), begun) == 0) try_text(text);
  }
  // Digits after what was begun: the ends of every decade, and the multiples near them.
  if (!begun.empty()) {
    std::string low = begun, high = begun;
    for (int i = 0; i < 20; ++i) {
      low.push_back('0');
      high.push_back('9');
      try_text(low);
      try_text(high);
      try_text(begun + low.substr(begun.size() + 1) + "1");
      try_text(begun + low.substr(begun.size() + 1) + "5");
      for (const Decimal& divisor : marks.divisors) {
        int64_t step = 0, from = 0;
        const Result<Decimal> parsed = Decimal::parse(low);
        if (i > 16 || !parsed.ok() || !parsed->to_int64(&from) || !divisor.to_int64(&step) || step <= 0) continue;
        const int64_t multiple = from >= 0 ? (from + step - 1) / step * step : -(-from + step - 1) / step * step;
        const std::string text = std::to_string(multiple);
        if (text.compare(0, begun.size(), begun) == 0) try_text(text);
      }
      if (one_will_do && !outcomes.empty()) break;
    }
  }
  return outcomes;
}

}  // namespace cadre::contract
