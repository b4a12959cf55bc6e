// SPDX-License-Identifier: Apache-2.0
#include "app/grammar_bindings.h"

#include <fmt/format.h>

#include <cstdio>

#include "app/grammar_input.h"
#include "app/printable.h"

namespace cadre::app {
namespace {

using base::Json;
using contract::Provenance;

constexpr uint64_t kSetFileSizeBytesMax = 300 << 20;

// "NAME=rest"
Result<std::pair<std::string, std::string>> split_name(const std::string& option, const std::string& value) {
  const size_t equals = value.find('=');
  if (equals == std::string::npos || equals == 0)
    return Error{ErrorCode::kInvalid, fmt::format("{} \"{}\": not NAME=VALUE", option, value)};
  return std::pair{value.substr(0, equals), value.substr(equals + 1)};
}

// The text itself, or with @ in front a file.
Result<std::string> text_or_file(const std::string& value) {
  if (!value.starts_with('@')) return value;
  return read_input(value.substr(1), contract::kSourceSizeBytesMax);
}

std::vector<std::string> input_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t feed = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, feed);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(feed + 1, text.size()));
  }
  return lines;
}

Result<contract::BindingOptions> read_options(const GrammarOptions& options) {
  contract::BindingOptions read;
  if (!options.today.empty()) {
    contract::CivilDate today;
    char more = 0;
    const int fields =
        std::sscanf(options.today.c_str(), "%4d-%2d-%2d%c", &today.year, &today.month, &today.day, &more);
    if (fields != 3 || today.month < 1 || today.month > 12 || today.day < 1 || today.day > 31)
      return Error{ErrorCode::kInvalid, fmt::format("--today \"{}\": not a date like 2026-05-03", options.today)};
    read.today = today;
  }
  if (options.date_order != "month-day" && options.date_order != "day-month")
    return Error{ErrorCode::kInvalid,
                 fmt::format("--date-order \"{}\": neither month-day nor day-month", options.date_order)};
  if (options.date_order == "day-month") read.date_order = contract::DateOrder::kDayMonth;
  if (options.calling_code.size() > 3 || options.calling_code.find_first_not_of("0123456789") != std::string::npos)
    return Error{ErrorCode::kInvalid, fmt::format("--calling-code \"{}\": not 1 to 3 digits", options.calling_code)};
  read.calling_code = options.calling_code;
  read.decimal_comma = options.decimal_comma;
  return read;
}

}  // namespace

void add_binding_options(Command& command, GrammarOptions& options) {
  command.text("--input", options.input, "the request, for values bound at run time: a text, or @FILE");
  command.texts("--bind", options.sources, "another source of copies: NAME=TEXT or NAME=@FILE; may be repeated");
  command.texts("--set", options.sets, "a set for x-enum-from: NAME=@FILE, a value per line; may be repeated");
  command.text("--today", options.today,
               "the day of the request, YYYY-MM-DD, for dates like \"tomorrow\" or \"May 3\"");
  command.text("--date-order", options.date_order, "how 03/05/2026 is read: month-day or day-month");
  command.flag("--decimal-comma", options.decimal_comma, "numbers are written 1.250,5 instead of 1,250.5");
  command.text("--calling-code", options.calling_code, "of phone numbers written without one: 49");
}

Result<std::shared_ptr<const contract::Bindings>> read_bindings(const GrammarOptions& options) {
  std::shared_ptr<const contract::Bindings> none;
  if (options.input.empty() && options.sources.empty() && options.sets.empty()) return none;
  auto bindings = std::make_shared<contract::Bindings>(TRY(read_options(options)));
  if (!options.input.empty()) TRY(bindings->bind_source(contract::kInputSource, TRY(text_or_file(options.input))));
  for (const std::string& option : options.sources) {
    auto [name, value] = TRY(split_name("--bind", option));
    TRY(bindings->bind_source(name, TRY(text_or_file(value))));
  }
  for (const std::string& option : options.sets) {
    const size_t at = option.find("=@");
    if (at == std::string::npos || at == 0 || option.find('=') != at)
      return Error{ErrorCode::kInvalid, fmt::format("--set \"{}\": not NAME=@FILE", option)};
    auto set = contract::ValueSet::make(input_lines(TRY(read_input(option.substr(at + 2), kSetFileSizeBytesMax))));
    if (!set.ok()) return std::move(set).error().with_context("--set \"" + option + "\"");
    TRY(bindings->bind_set(option.substr(0, at), std::move(*set)));
  }
  return std::shared_ptr<const contract::Bindings>(std::move(bindings));
}

Json json_of(const std::vector<Provenance>& origins) {
  Json list = Json::array();
  for (const Provenance& origin : origins) {
    Json one = {{"pointer", origin.pointer}};
    if (origin.is_name) one["is_name"] = true;
    if (origin.kind == Provenance::Kind::kSet) {
      one["set"] = origin.source;
      one["index"] = origin.index;
    } else {
      one["source"] = origin.source;
      one["begin"] = origin.begin;
      one["end"] = origin.end;
      one["occurrences"] = origin.occurrences;
      one["normalised"] = origin.kind == Provenance::Kind::kNormal;
    }
    list.push_back(std::move(one));
  }
  return list;
}

void print_origins(const std::vector<Provenance>& origins) {
  for (const Provenance& origin : origins) {
    const std::string at = printable(origin.pointer) + (origin.is_name ? " (name)" : "");
    if (origin.kind == Provenance::Kind::kSet) {
      fmt::print("from      {} = {}[{}]\n", at, printable(origin.source), origin.index);
    } else {
      const char* sign = origin.kind == Provenance::Kind::kCopy ? "=" : "~";
      fmt::print("from      {} {} {} {}..{}\n", at, sign, printable(origin.source), origin.begin, origin.end);
    }
  }
}

}  // namespace cadre::app
