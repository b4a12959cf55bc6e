// SPDX-License-Identifier: Apache-2.0
#include "model/call_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/ascii.h"
#include "base/random.h"
#include "contract/cell_index.h"
#include "contract/cell_match.h"
#include "contract/question_numbers.h"

namespace cadre::model {

using contract::Aggregate;
using contract::ColumnType;
using contract::Condition;
using contract::ConditionCandidate;
using contract::SqlCall;
using contract::ValueOrigin;
using contract::WordSpan;

namespace {

constexpr size_t kColumnsRead = 64;  // one bit each in a word's mask; further columns have no features of their own
constexpr size_t kShapeCells = 3;
constexpr size_t kShapeSizeMax = 8;
constexpr size_t kNameStemsMax = 5;
constexpr std::string_view kNoWord = "^";  // past either end of the question

// "1,234" -> "9", "Ada Brandt" -> "Aa Aa", "12-05-1999" -> "9-9-1999": runs of one class become one letter, years stay years.
std::string shape_of(std::string_view cell) {
  std::string shape;
  for (const text::WordPlace& word : text::find_words(cell.substr(0, 64))) {
    if (shape.size() >= kShapeSizeMax) break;
    const std::string_view written = cell.substr(word.begin, word.end - word.begin);
    if (word.kind == text::WordKind::kNumber) {
      const bool is_year = written.size() == 4 && (written.starts_with("1") || written.starts_with("20"));
      shape += is_year ? "Y" : "9";
    } else if (word.kind == text::WordKind::kPunctuation) {
      shape += written;
    } else {
      shape += written[0] >= 'A' && written[0] <= 'Z' ? 'A' : 'a';
    }
  }
  return shape;
}

std::string few(size_t count, size_t most) {
  return std::to_string(std::min(count, most));
}

std::string share(size_t some, size_t all) {
  return some == 0 ? "none" : some == all ? "all" : "some";
}

bool overlap(WordSpan a, WordSpan b) {
  return a.begin < b.end && b.begin < a.end;
}

// The candidate that a condition came from; nullptr: somebody else wrote the call.
const ConditionCandidate* origin_of(const contract::SqlTask& task, const Condition& condition) {
  for (const ConditionCandidate& candidate : task.candidates) {
    if (candidate.column == condition.column && candidate.value == condition.value && candidate.span == condition.span)
      return &candidate;
  }
  return nullptr;
}

std::string_view origin_name(const ConditionCandidate* origin) {
  if (origin == nullptr) return "other";
  if (origin->origin == ValueOrigin::kNumber) return "number";
  if (origin->origin == ValueOrigin::kSpan) return "span";
  return origin->full_match ? "cell" : "part";
}

void place(const contract::SqlTask& task, Condition& condition) {
  if (condition.span.begin < condition.span.end) return;
  for (const ConditionCandidate& candidate : task.candidates) {
    if (candidate.column != condition.column || candidate.value != condition.value) continue;
    condition.span = candidate.span;
    return;
  }
}

}  // namespace

NgramFeatures CallFeatures::grouped() const {
  NgramFeatures out;
  for (const CallPart& part : parts) {
    auto& group = part.name == "select" || part.name == "aggregate" ? out.words
                  : part.name.starts_with("condition")              ? out.pairs
                                                                    : out.pieces;
    group.insert(group.end(), part.hashes.begin(), part.hashes.end());
  }
  return out;
}

// Collects the features of one call, part by part.
class CallReader::Writer {
 public:
  void begin(std::string part) { features_.parts.push_back({std::move(part), {}}); }
  template <class... Pieces>
  void add(std::string_view tag, const Pieces&... pieces) {
    uint64_t hash = contract::extend_hash(contract::kHashSeed, tag);
    ((hash = contract::extend_hash(contract::extend_hash(hash, "\x1f"), pieces)), ...);
    features_.parts.back().hashes.push_back(static_cast<uint32_t>(base::mix64(hash) >> 32));
  }
  CallFeatures take() { return std::move(features_); }

 private:
  CallFeatures features_;
};

CallReader::CallReader(const contract::Table& table, const contract::SqlTask& task) : table_(table), task_(task) {
  read_columns();
  read_words();
}

void CallReader::read_columns() {
  const auto& columns = table_.schema().columns;
  for (uint32_t c = 0; c < columns.size(); ++c) {
    Column& column = columns_.emplace_back();
    column.is_real = columns[c].type == ColumnType::kReal;
    std::vector<std::string> all;
    for (const text::Word& word : text::split_words(columns[c].name)) {
      if (word.norm.empty() || all.size() >= kNameStemsMax) continue;
      all.push_back(text::stem(word.norm));
      if (!contract::is_function_word(word.norm) && word.norm.size() > 1) column.stems.push_back(all.back());
    }
    if (column.stems.empty()) column.stems = all;
    column.head = column.stems.empty() ? "" : column.stems.back();
    if (c >= kColumnsRead) continue;
    const auto cells = table_.sample_cells(c, kShapeCells);
    if (!cells.empty()) column.shape = shape_of(cells[cells.size() / 2]);
  }
}

void CallReader::read_words() {
  for (const text::Word& place : task_.words) {
    Word& word = words_.emplace_back();
    word.norm = place.norm.empty() ? task_.question.substr(place.begin, place.end - place.begin) : place.norm;
    word.stem = place.norm.empty() ? word.norm : text::stem(place.norm);
    word.is_number = place.kind == text::WordKind::kNumber;
    word.is_content = !place.norm.empty() && place.norm.size() > 2 && !contract::is_function_word(place.norm);
    const char first = task_.question[place.begin];
    word.is_capital = words_.size() > 1 && first >= 'A' && first <= 'Z';
    for (size_t c = 0; c < std::min(columns_.size(), kColumnsRead); ++c) {
      const auto& stems = columns_[c].stems;
      if (std::find(stems.begin(), stems.end(), word.stem) != stems.end()) word.columns |= uint64_t{1} << c;
    }
  }
  for (size_t c = 0; c < std::min(columns_.size(), kColumnsRead); ++c) {
    for (const std::string& stem : columns_[c].stems) {
      const auto found =
          std::find_if(words_.begin(), words_.end(), [&](const Word& word) { return word.stem == stem; });
      if (found == words_.end()) continue;
      if (columns_[c].mentioned++ == 0) columns_[c].first_mention = static_cast<uint32_t>(found - words_.begin());
    }
  }
  static constexpr std::array<std::string_view, 9> kAsking = {"what", "who",  "when",  "where", "which",
                                                              "how",  "name", "whose", "whom"};
  for (size_t i = 0; i < words_.size() && asking_.empty(); ++i) {
    if (std::find(kAsking.begin(), kAsking.end(), words_[i].norm) == kAsking.end()) continue;
    asking_ = words_[i].norm + " " + (i + 1 < words_.size() ? words_[i + 1].norm : std::string(kNoWord));
  }
  if (asking_.empty() && !words_.empty()) asking_ = words_[0].norm;
}

CallFeatures CallReader::read(const SqlCall& given) const {
  SqlCall call = given;
  for (Condition& condition : call.conditions) place(task_, condition);
  Writer out;
  out.begin("select");
  add_select(call, out);
  out.begin("aggregate");
  add_aggregate(call, out);
  for (size_t i = 0; i < call.conditions.size(); ++i) {
    out.begin(fmt::format("condition {}", i + 1));
    add_condition(call, call.conditions[i], out);
  }
  out.begin("unused words");
  add_unused(call, out);
  out.begin("count of conditions");
  add_count(call, out);
  return out.take();
}

namespace {

bool is_in_value(const SqlCall& call, uint32_t word) {
  return std::any_of(call.conditions.begin(), call.conditions.end(), [&](const Condition& condition) {
    return condition.span.begin <= word && word < condition.span.end;
  });
}

}  // namespace

void CallReader::add_select(const SqlCall& call, Writer& out) const {
  const Column& column = columns_[call.select_column];
  const std::string mentioned = share(column.mentioned, column.stems.size());
  const std::string type = column.is_real ? "number" : "text";
  const bool has_condition =
      std::any_of(call.conditions.begin(), call.conditions.end(),
                  [&](const Condition& condition) { return condition.column == call.select_column; });
  // Of the columns that the question names in full and no condition stands on, how many does it name before this one?
  size_t before = 0, others = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const Column& other = columns_[c];
    if (c == call.select_column || other.mentioned == 0 || other.mentioned < other.stems.size()) continue;
    if (std::any_of(call.conditions.begin(), call.conditions.end(), [&](const Condition& x) { return x.column == c; }))
      continue;
    ++others;
    before += column.mentioned == 0 || other.first_mention < column.first_mention;
  }
  out.add("s.mentioned", mentioned, few(others, 3), few(before, 3));
  out.add("s.before", mentioned, few(before, 2), has_condition ? "own" : "");
  out.add("s.asking", asking_, column.head);
  out.add("s.type", asking_, type, mentioned);
  out.add("s.shape", asking_, column.shape);
  out.add("s.own", has_condition ? "own" : "", mentioned);
  out.add("s.head", column.head, few(before, 2), mentioned);
  for (uint32_t i = 0; i < words_.size(); ++i) {
    if (words_[i].norm.empty() || is_in_value(call, i)) continue;
    for (const std::string& stem : column.stems) out.add("s.word", stem, words_[i].stem);
    if (i < 3) out.add("s.first", column.shape, type, words_[i].norm);
    if (call.select_column < kColumnsRead && (words_[i].columns >> call.select_column & 1) != 0) {
      const std::string_view left = i > 0 ? std::string_view(words_[i - 1].norm) : kNoWord;
      const std::string_view left2 = i > 1 ? std::string_view(words_[i - 2].norm) : kNoWord;
      const std::string_view right = i + 1 < words_.size() ? std::string_view(words_[i + 1].norm) : kNoWord;
      out.add("s.left", left, left2);
      out.add("s.left1", left);
      out.add("s.right", right);
      out.add("s.around", left, right);
    }
  }
}

void CallReader::add_aggregate(const SqlCall& call, Writer& out) const {
  const Column& column = columns_[call.select_column];
  const std::string_view aggregate = contract::aggregate_name(call.aggregate);
  const std::string type = column.is_real ? "number" : "text";
  const std::string mentioned = share(column.mentioned, column.stems.size());
  const std::string conditions = few(call.conditions.size(), 3);
  out.add("a", aggregate, type);
  out.add("a.asking", aggregate, asking_);
  out.add("a.asking.type", aggregate, asking_, type, mentioned);
  out.add("a.head", aggregate, column.head, mentioned);
  out.add("a.head.asking", aggregate, column.head, asking_);
  out.add("a.conditions", aggregate, conditions, type);
  bool has_repeated = false;
  for (const Condition& condition : call.conditions) {
    const ConditionCandidate* origin = origin_of(task_, condition);
    has_repeated |= origin != nullptr && origin->is_repeated;
  }
  out.add("a.repeated", aggregate, has_repeated ? "repeated" : "", type, asking_);
  std::string last(kNoWord);
  for (uint32_t i = 0; i < words_.size(); ++i) {
    if (is_in_value(call, i)) {
      last = "#";
      continue;
    }
    const bool is_select = call.select_column < kColumnsRead && (words_[i].columns >> call.select_column & 1) != 0;
    const std::string word = is_select ? "$" : words_[i].norm;
    out.add("a.word", aggregate, word);
    out.add("a.pair", aggregate, last, word);
    out.add("a.word.type", aggregate, type, words_[i].stem);
    last = word;
  }
}

std::string_view CallReader::norm_at(int64_t word) const {
  if (word < 0 || word >= static_cast<int64_t>(words_.size())) return kNoWord;
  return words_[static_cast<size_t>(word)].norm;
}

void CallReader::add_condition(const SqlCall& call, const Condition& condition, Writer& out) const {
  const Column& column = columns_[condition.column];
  const std::string_view op = contract::compare_op_name(condition.op);
  const ConditionCandidate* origin = origin_of(task_, condition);
  const std::string_view from = origin_name(origin);
  const std::string type = column.is_real ? "number" : "text";
  const std::string mentioned = share(column.mentioned, column.stems.size());
  const std::string shape = shape_of(condition.value);
  const WordSpan span = condition.span;
  const std::string length = few(span.end - span.begin, 4);
  const bool is_selected = condition.column == call.select_column;
  const int64_t begin = span.begin, end = span.end;
  out.add("c", op, from, type);
  out.add("c.mentioned", from, mentioned, length);
  out.add("c.selected", is_selected ? "selected" : "", mentioned, op, from);
  out.add("c.left", op, norm_at(begin - 1));
  out.add("c.left2", op, norm_at(begin - 2), norm_at(begin - 1));
  out.add("c.left3", op, norm_at(begin - 3), norm_at(begin - 2), norm_at(begin - 1));
  out.add("c.right", op, norm_at(end));
  out.add("c.right2", op, norm_at(end), norm_at(end + 1));
  out.add("c.shape", shape, column.head);
  out.add("c.shape.asking", shape, mentioned, type);
  out.add("c.column", column.head, from, mentioned);
  add_column_words(call, condition, out);
  add_distance(condition, from, out);
  add_rivals(condition, from, out);
  if (origin != nullptr)
    out.add("c.repeated", origin->is_repeated ? "repeated" : "", contract::aggregate_name(call.aggregate));
  const auto number = contract::cell_number(condition.value);
  if (number && column.is_real) {
    const auto range = table_.range(condition.column);
    const std::string_view place = range.empty            ? "none"
                                   : *number < range.low  ? "below"
                                   : *number > range.high ? "above"
                                                          : "inside";
    out.add("c.range", op, place, from);
  }
  const auto on_column = std::count_if(call.conditions.begin(), call.conditions.end(),
                                       [&](const Condition& other) { return other.column == condition.column; });
  out.add("c.twice", op, few(static_cast<size_t>(on_column), 2));
}

// The name of the condition's column with the words around the value.
void CallReader::add_column_words(const SqlCall& call, const Condition& condition, Writer& out) const {
  const Column& column = columns_[condition.column];
  const int64_t begin = condition.span.begin, end = condition.span.end;
  for (const std::string& stem : column.stems) {
    out.add("c.column.left", stem, norm_at(begin - 1));
    out.add("c.column.left2", stem, norm_at(begin - 2), norm_at(begin - 1));
    out.add("c.column.right", stem, norm_at(end));
    out.add("c.column.selected", stem, columns_[call.select_column].head);
    for (int64_t i = std::max<int64_t>(0, begin - 5);
         i < std::min<int64_t>(static_cast<int64_t>(words_.size()), end + 3); ++i)
      if (i < begin || i >= end) out.add("c.column.near", stem, words_[static_cast<size_t>(i)].stem);
  }
}

// The nearest mention of a column's name decides what a bare number belongs to.
void CallReader::add_distance(const Condition& condition, std::string_view from, Writer& out) const {
  const int64_t begin = condition.span.begin, end = condition.span.end;
  const std::string type = columns_[condition.column].is_real ? "number" : "text";
  const uint64_t own = condition.column < kColumnsRead ? uint64_t{1} << condition.column : 0;
  size_t own_distance = 9, other_distance = 9;
  for (int64_t i = 0; i < static_cast<int64_t>(words_.size()); ++i) {
    if ((i >= begin && i < end) || words_[static_cast<size_t>(i)].columns == 0) continue;
    const auto distance = static_cast<size_t>(i < begin ? begin - i : i - end + 1);
    auto& least = (words_[static_cast<size_t>(i)].columns & own) != 0 ? own_distance : other_distance;
    least = std::min(least, distance);
  }
  out.add("c.distance", few(own_distance, 6), few(other_distance, 6), from);
  out.add("c.nearer", own_distance < other_distance ? "own" : own_distance > other_distance ? "other" : "", from, type);
}

// Who else could have these words?
void CallReader::add_rivals(const Condition& condition, std::string_view from, Writer& out) const {
  const Column& column = columns_[condition.column];
  const std::string mentioned = share(column.mentioned, column.stems.size());
  const WordSpan span = condition.span;
  size_t same_words = 0, longer = 0, rivals_mentioned = 0;
  for (const ConditionCandidate& candidate : task_.candidates) {
    if (candidate.column == condition.column && candidate.span == span) continue;
    if (!overlap(candidate.span, span)) continue;
    const bool is_full_cell = candidate.origin == ValueOrigin::kCell && candidate.full_match;
    if (candidate.span.end - candidate.span.begin > span.end - span.begin) longer += is_full_cell;
    if (candidate.column == condition.column || !(candidate.span == span)) continue;
    same_words += is_full_cell;
    const Column& rival = columns_[candidate.column];
    rivals_mentioned += rival.mentioned > 0 && rival.mentioned == rival.stems.size();
  }
  out.add("c.rivals", from, few(same_words, 2), few(rivals_mentioned, 2), mentioned);
  out.add("c.longer", from, few(longer, 2));
}

void CallReader::add_unused(const SqlCall& call, Writer& out) const {
  const std::string_view aggregate = contract::aggregate_name(call.aggregate);
  uint64_t used = call.select_column < kColumnsRead ? uint64_t{1} << call.select_column : 0;
  bool has_order = false;
  for (const Condition& condition : call.conditions) {
    if (condition.column < kColumnsRead) used |= uint64_t{1} << condition.column;
    has_order |= condition.op != contract::CompareOp::kEqual && condition.op != contract::CompareOp::kNotEqual;
  }
  size_t capitals = 0, numbers = 0, content = 0, headers = 0;
  for (uint32_t i = 0; i < words_.size(); ++i) {
    const Word& word = words_[i];
    if (is_in_value(call, i) || (word.columns & used) != 0) continue;
    out.add("u.word", word.norm);
    out.add("u.word.aggregate", word.norm, aggregate);
    out.add("u.word.order", word.norm, has_order ? "order" : "equal", few(call.conditions.size(), 2));
    if (word.is_number) {
      out.add("u.number", i > 0 ? std::string_view(words_[i - 1].norm) : kNoWord);
      ++numbers;
    }
    capitals += word.is_capital && !word.is_number;
    content += word.is_content;
    headers += word.columns != 0;
  }
  const std::string conditions = few(call.conditions.size(), 4);
  out.add("u.capitals", few(capitals, 4), conditions);
  out.add("u.numbers", few(numbers, 3), conditions);
  out.add("u.content", few(content, 6), conditions);
  out.add("u.headers", few(headers, 4), conditions);
  out.add("u.all", few(capitals, 2), few(numbers, 2), few(headers, 2), few(content, 3));
  // Columns that the question names in full and the call does not use.
  for (size_t c = 0; c < std::min(columns_.size(), kColumnsRead); ++c) {
    const Column& column = columns_[c];
    if ((used >> c & 1) != 0 || column.mentioned == 0 || column.mentioned < column.stems.size()) continue;
    out.add("u.column", few(column.stems.size(), 3), column.is_real ? "number" : "text");
    out.add("u.column.head", column.head);
  }
}

void CallReader::add_count(const SqlCall& call, Writer& out) const {
  // Mentions of cells that no condition uses, none inside another.
  std::vector<WordSpan> free;
  size_t numbers = 0;
  for (const ConditionCandidate& candidate : task_.candidates) {
    const bool is_cell = candidate.origin == ValueOrigin::kCell && candidate.full_match;
    const bool is_used = std::any_of(call.conditions.begin(), call.conditions.end(), [&](const Condition& condition) {
      return overlap(condition.span, candidate.span);
    });
    if (is_used || !is_cell) continue;
    if (std::any_of(free.begin(), free.end(), [&](WordSpan other) { return overlap(other, candidate.span); })) continue;
    free.push_back(candidate.span);
    numbers += words_[candidate.span.begin].is_number;
  }
  const std::string conditions = few(call.conditions.size(), 4);
  out.add("n", conditions);
  out.add("n.aggregate", conditions, contract::aggregate_name(call.aggregate));
  out.add("n.free", conditions, few(free.size(), 3), few(numbers, 2));
  for (const WordSpan span : free) {
    out.add("n.free.length", few(span.end - span.begin, 3), conditions);
    out.add("n.free.left", span.begin > 0 ? std::string_view(words_[span.begin - 1].norm) : kNoWord);
    out.add("n.free.word", words_[span.begin].norm);
  }
  out.add("n.words", conditions, few(words_.size() / 4, 6));
  for (const Word& word : words_)
    if (!word.is_content && !word.norm.empty()) out.add("n.word", conditions, word.norm);
}

}  // namespace cadre::model
