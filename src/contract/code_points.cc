// SPDX-License-Identifier: Apache-2.0
#include "contract/code_points.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "text/unicode.h"

namespace cadre::contract {
namespace {

constexpr char32_t kLast = 0x10FFFF, kSurrogateFirst = 0xD800, kSurrogateLast = 0xDFFF;

// Long names of general categories (Unicode's PropertyValueAliases for gc).
struct CategoryName {
  std::string_view name, category;
};
constexpr std::array kCategoryNames = {
    CategoryName{"Other", "C"},
    CategoryName{"Control", "Cc"},
    CategoryName{"cntrl", "Cc"},
    CategoryName{"Format", "Cf"},
    CategoryName{"Unassigned", "Cn"},
    CategoryName{"Private_Use", "Co"},
    CategoryName{"Surrogate", "Cs"},
    CategoryName{"Letter", "L"},
    CategoryName{"Cased_Letter", "LC"},
    CategoryName{"Lowercase_Letter", "Ll"},
    CategoryName{"Modifier_Letter", "Lm"},
    CategoryName{"Other_Letter", "Lo"},
    CategoryName{"Titlecase_Letter", "Lt"},
    CategoryName{"Uppercase_Letter", "Lu"},
    CategoryName{"Mark", "M"},
    CategoryName{"Combining_Mark", "M"},
    CategoryName{"Spacing_Mark", "Mc"},
    CategoryName{"Enclosing_Mark", "Me"},
    CategoryName{"Nonspacing_Mark", "Mn"},
    CategoryName{"Number", "N"},
    CategoryName{"Decimal_Number", "Nd"},
    CategoryName{"digit", "Nd"},
    CategoryName{"Letter_Number", "Nl"},
    CategoryName{"Other_Number", "No"},
    CategoryName{"Punctuation", "P"},
    CategoryName{"punct", "P"},
    CategoryName{"Connector_Punctuation", "Pc"},
    CategoryName{"Dash_Punctuation", "Pd"},
    CategoryName{"Close_Punctuation", "Pe"},
    CategoryName{"Final_Punctuation", "Pf"},
    CategoryName{"Initial_Punctuation", "Pi"},
    CategoryName{"Other_Punctuation", "Po"},
    CategoryName{"Open_Punctuation", "Ps"},
    CategoryName{"Symbol", "S"},
    CategoryName{"Currency_Symbol", "Sc"},
    CategoryName{"Modifier_Symbol", "Sk"},
    CategoryName{"Math_Symbol", "Sm"},
    CategoryName{"Other_Symbol", "So"},
    CategoryName{"Separator", "Z"},
    CategoryName{"Line_Separator", "Zl"},
    CategoryName{"Paragraph_Separator", "Zp"},
    CategoryName{"Space_Separator", "Zs"},
};

using PropertyTable = std::map<std::string, CodePointSet, std::less<>>;

void append(CodePointSet& set, const CodePointSet& more) {
  set.insert(set.end(), more.begin(), more.end());
}

PropertyTable read_categories() {
  PropertyTable table;
  std::string category = text::general_category(0);
  char32_t low = 0;
  for (char32_t code = 1; code <= kLast + 1; ++code) {
    if (code <= kLast && category == text::general_category(code)) continue;
    table[category].push_back({low, code - 1});
    if (code <= kLast) category = text::general_category(code);
    low = code;
  }
  return table;
}

PropertyTable read_properties() {
  const auto categories = read_categories();
  PropertyTable table;
  for (const auto& [name, set] : categories) {
    table[name] = normalize(set);
    append(table[name.substr(0, 1)], set);
    if (name == "Lu" || name == "Ll" || name == "Lt") append(table["LC"], set);
  }
  table["Cs"];  // surrogates are in no set, but the name exists
  for (auto& [name, set] : table) set = normalize(std::move(set));
  for (const auto& alias : kCategoryNames) table[std::string(alias.name)] = table[std::string(alias.category)];
  table["Any"] = normalize({{0, kLast}});
  table["ASCII"] = {{0, 0x7F}};
  table["Assigned"] = negate(table["Cn"]);
  return table;
}

}  // namespace

CodePointSet normalize(CodePointSet ranges) {
  CodePointSet whole;
  for (const auto& range : ranges) {
    if (range.low < kSurrogateFirst) whole.push_back({range.low, std::min<char32_t>(range.high, kSurrogateFirst - 1)});
    if (range.high > kSurrogateLast) whole.push_back({std::max<char32_t>(range.low, kSurrogateLast + 1), range.high});
  }
  std::sort(whole.begin(), whole.end(), [](const auto& a, const auto& b) { return a.low < b.low; });
  CodePointSet out;
  for (const auto& range : whole) {
    if (!out.empty() && range.low <= out.back().high + 1) {
      out.back().high = std::max(out.back().high, range.high);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

CodePointSet negate(const CodePointSet& set) {
  CodePointSet out;
  char32_t low = 0;
  for (const auto& range : set) {
    if (range.low > low) out.push_back({low, range.low - 1});
    low = range.high + 1;
  }
  if (low <= kLast) out.push_back({low, kLast});
  return normalize(std::move(out));
}

bool contains(const CodePointSet& set, char32_t code) {
  const auto after = std::upper_bound(set.begin(), set.end(), code,
                                      [](char32_t value, const auto& range) { return value < range.low; });
  return after != set.begin() && code <= std::prev(after)->high;
}

const CodePointSet& digit_set() {
  static const CodePointSet set = {{'0', '9'}};
  return set;
}

const CodePointSet& word_set() {
  static const CodePointSet set = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  return set;
}

const CodePointSet& space_set() {
  static const CodePointSet set = {{0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680},
                                   {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                   {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return set;
}

const CodePointSet& dot_set() {
  static const CodePointSet set = negate({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}});
  return set;
}

const CodePointSet* property_set(std::string_view name) {
  static const PropertyTable table = read_properties();
  for (const std::string_view prefix : {"gc=", "General_Category="}) {
    if (name.starts_with(prefix)) return property_set(name.substr(prefix.size()));
  }
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace cadre::contract
