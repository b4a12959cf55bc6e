// SPDX-License-Identifier: Apache-2.0
#include "train/column_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "text/words.h"

namespace cadre::train {
namespace {

using Words = std::span<const std::string_view>;

constexpr size_t kRowsLookedAt = 32;
constexpr double kBracketsDropped = 0.7;

constexpr std::array<std::string_view, 8> kYearWords = {"year",        "years",  "season", "founded",
                                                        "established", "joined", "since",  "discovered"};
constexpr std::array<std::string_view, 46> kOrdinalWords = {
    "rank",       "ranking",  "position",  "pos",     "no",        "no.",     "number", "#",       "round", "pick",
    "week",       "matchday", "age",       "date",    "day",       "month",   "seed",   "grid",    "place", "id",
    "code",       "zip",      "grade",     "class",   "lane",      "heat",    "draft",  "stage",   "game",  "match",
    "race",       "latitude", "longitude", "average", "avg",       "rate",    "ratio",  "percent", "%",     "pct",
    "percentage", "channel",  "series",    "episode", "frequency", "district"};
constexpr std::array<std::string_view, 30> kPersonWords = {
    "player",  "name",    "driver",   "winner",   "candidate", "coach",     "artist",     "director",
    "author",  "rider",   "singer",   "actor",    "champion",  "incumbent", "leader",     "president",
    "manager", "writer",  "employee", "customer", "pilot",     "skipper",   "contestant", "swimmer",
    "athlete", "cyclist", "runner",   "golfer",   "skater",    "student"};
constexpr std::array<std::string_view, 4> kOpponentWords = {"opponent", "opponents", "against", "opposition"};
constexpr std::array<std::string_view, 14> kPlaceWords = {"city", "location", "country",  "venue",    "stadium",
                                                          "town", "state",    "place",    "region",   "nation",
                                                          "site", "county",   "province", "continent"};
constexpr std::array<std::string_view, 3> kTimeWords = {"date", "day", "month"};
constexpr std::array<std::string_view, 22> kUnits = {
    "km2", "km²", "km", "m", "ft", "kg",  "lb",   "lbs",      "cm",        "mm", "mi",
    "usd", "eur", "$",  "€", "%",  "mph", "km/h", "millions", "thousands", "m²", "hectares"};

bool is_one_of(std::string_view word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text::lower(name) + " ") {
    if (c != ' ' && c != '_' && c != '(' && c != ')' && c != ',') {
      word += c;
      continue;
    }
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  }
  return words;
}

bool any_of(const std::vector<std::string>& words, Words list) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return is_one_of(word, list); });
}

}  // namespace

ColumnWords column_words(const contract::Column& column, size_t index,
                         const std::vector<std::vector<std::string>>& rows) {
  ColumnWords out;
  const auto words = words_of(column.name);
  if (words.empty()) return out;
  if (column.type == contract::ColumnType::kText) {
    out.is_person = is_one_of(words.back(), kPersonWords);
    out.is_opponent = any_of(words, kOpponentWords);
    out.is_place = is_one_of(words.back(), kPlaceWords);
    out.is_time = any_of(words, kTimeWords);
    return out;
  }
  bool whole = true, years = true;
  for (size_t r = 0; r < std::min(rows.size(), kRowsLookedAt); ++r) {
    const auto number = text::parse_number(rows[r][index]);
    if (!number) continue;
    whole &= *number == std::floor(*number);
    years &= *number >= 1500 && *number <= 2100;
  }
  out.is_year = whole && years && any_of(words, kYearWords);
  out.is_ordinal = out.is_year || any_of(words, kOrdinalWords) || (whole && years);
  out.is_additive = !out.is_ordinal;
  out.is_counted = out.is_additive && whole && words.front().size() >= 4 && words.back().size() >= 4 &&
                   words.back().back() == 's' && words.size() <= 3;
  return out;
}

std::string spoken_name(const std::string& name, base::Random& random) {
  std::string out = text::lower(name);
  std::replace(out.begin(), out.end(), '_', ' ');
  if (!random.chance(kBracketsDropped)) return out;
  const size_t bracket = out.find('(');
  if (bracket != std::string::npos && bracket > 2) out.resize(bracket);
  while (!out.empty() && out.back() == ' ') out.pop_back();
  const size_t last = out.rfind(' ');
  if (last != std::string::npos && is_one_of(std::string_view(out).substr(last + 1), kUnits)) out.resize(last);
  return out;
}

std::string plural(const std::string& name) {
  if (name.empty() || name.back() == 's') return name;
  if (name.back() == 'y' && name.size() > 2 &&
      std::string_view("aeiou").find(name[name.size() - 2]) == std::string_view::npos)
    return name.substr(0, name.size() - 1) + "ies";
  if (name.ends_with("ch") || name.ends_with("sh") || name.ends_with("x")) return name + "es";
  return name + "s";
}

}  // namespace cadre::train
