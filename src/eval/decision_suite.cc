// SPDX-License-Identifier: Apache-2.0
#include "eval/decision_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/random.h"
#include "contract/decision_walk.h"
#include "contract/json_document.h"
#include "contract/schema_uri.h"
#include "contract/schema_validate.h"
#include "eval/json_slices.h"
#include "eval/maskbench_suite.h"
#include "eval/schema_judge.h"

namespace cadre::eval {
namespace {

using contract::DecisionKind;
using contract::DecisionPoint;
using contract::DecisionWalk;
using contract::JsonKind;
using contract::JsonValue;
using contract::OpenKind;

constexpr size_t kComplaintsMax = 1'000;

std::string split_of(const std::string& file) {
  const size_t dashes = file.find("---");
  return file.substr(0, dashes != std::string::npos ? dashes : file.find('_'));
}

void add_scalars(const JsonValue& value, bool numbers, std::string& out) {
  if (value.kind == JsonKind::kString) out += value.text + "\n";
  if (value.kind == JsonKind::kNumber && numbers) out += value.number.text() + "\n";
  for (const JsonValue& item : value.items) add_scalars(item, numbers, out);
  for (const auto& [name, member] : value.members) add_scalars(member, numbers, out);
}

const JsonValue* find_pointer(const JsonValue& root, std::string_view pointer) {
  const JsonValue* value = &root;
  while (value != nullptr && !pointer.empty()) {
    const size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string token = contract::unescape_pointer(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
    if (value->kind == JsonKind::kArray) {
      const size_t index = token.empty() || token.size() > 9 ? SIZE_MAX : std::stoul(token);
      value = index < value->items.size() ? &value->items[index] : nullptr;
    } else {
      value = value->find(token);
    }
  }
  return value;
}

bool same_json(std::string_view bytes, const JsonValue& value) {
  const Result<JsonValue> parsed = contract::parse_document(bytes);
  return parsed.ok() && contract::same_value(*parsed, value);
}

std::string_view type_name(const JsonValue& value) {
  constexpr std::string_view kNames[] = {"null", "false", "true", "number", "string", "array", "object"};
  return kNames[static_cast<size_t>(value.kind)];
}

// The candidate that the instance asks for.
std::optional<size_t> guided_choice(const DecisionWalk& walk, const JsonValue& instance) {
  const DecisionPoint& point = walk.decision();
  const JsonValue* value = find_pointer(instance, point.path);
  const auto& candidates = point.candidates();
  const auto find = [&](const auto& fits) -> std::optional<size_t> {
    const auto found = std::find_if(candidates.begin(), candidates.end(), fits);
    return found == candidates.end() ? std::nullopt
                                     : std::optional<size_t>(static_cast<size_t>(found - candidates.begin()));
  };
  if (point.kind == DecisionKind::kMember) return value != nullptr ? 0 : 1;
  if (value == nullptr) return std::nullopt;
  const auto is_member = [&](const contract::Candidate& name) { return value->find(name.label) != nullptr; };
  switch (point.kind) {
    case DecisionKind::kBranch:
      return find([&](const auto& candidate) { return candidate.label == type_name(*value); });
    case DecisionKind::kItem: {
      const size_t another = *find([](const auto& candidate) { return candidate.label == "another"; });
      bool goes_on = value->kind == JsonKind::kArray && point.count < value->items.size();
      if (value->kind == JsonKind::kObject) {
        DecisionWalk fork = walk;
        fork.choose(another);
        const auto names = fork.is_choosing() ? fork.decision().candidates() : std::vector<contract::Candidate>();
        goes_on = std::any_of(names.begin(), names.end(), is_member);
      }
      return goes_on ? another : 1 - another;
    }
    case DecisionKind::kOpen:
      if (point.open == OpenKind::kName) return find(is_member);
      [[fallthrough]];
    default:
      return find([&](const auto& candidate) { return same_json(candidate.bytes, *value); });
  }
}

class Suite {
 public:
  explicit Suite(const DecisionSuiteOptions& options) : options_(options), random_(options.seed) {}

  Result<DecisionReport> run() {
    const auto files = TRY(json_files(options_.data));
    for (size_t i = 0; i < files.size(); ++i) {
      file_ = files[i];
      if (!options_.split.empty() && split_of(file_) != options_.split) continue;
      const auto text = TRY(base::read_file(options_.data + "/" + file_, kMaskbenchFileSizeBytesMax));
      TRY(run_file(text));
      if (options_.on_progress) options_.on_progress(i + 1, files.size());
    }
    for (const auto& split : report_.splits) report_.total += split.second;
    report_.complaints.insert(report_.complaints.end(), misses_.begin(), misses_.end());
    return std::move(report_);
  }

 private:
  void add(std::vector<std::string>& lines, std::string what) {
    if (lines.size() < kComplaintsMax) lines.push_back(file_ + ": " + std::move(what));
  }
  void complain(std::string what) { add(report_.complaints, std::move(what)); }

  Result<void> run_file(std::string_view text) {
    const auto schema = member_slice(text, "schema");
    const auto tests = member_slice(text, "tests");
    if (!schema || !tests) return Error{ErrorCode::kInvalid, fmt::format("{}: no \"schema\" or no \"tests\"", file_)};
    count_ = &report_.splits[split_of(file_)];
    ++count_->schemas;
    contract::SchemaOptions schema_options;
    schema_options.assert_formats = true;
    const auto contract = contract::SchemaContract::compile(*schema, contract::SchemaMode::kGenerate, schema_options);
    if (!contract.ok()) return {};
    ++count_->compiled;
    std::vector<JsonValue> valid;
    std::string input;
    for (const auto test : array_slices(*tests)) {
      const auto data = contract::parse_document(member_slice(test, "data").value_or(""));
      if (!data.ok()) continue;
      add_scalars(*data, true, input);
      if (member_slice(test, "valid") == "true") valid.push_back(*data);
    }
    auto points = TRY(contract::DecisionPoints::make(*contract, options_.decisions));
    if (input.size() > contract::kInputSizeBytesMax) input.clear();
    for (size_t i = 0; i < options_.walks; ++i) random_walk(*points, input, i);
    for (const JsonValue& instance : valid) guided_walk(*points, instance);
    return {};
  }

  void random_walk(contract::DecisionPoints& points, const std::string& text, size_t index) {
    ++count_->walks;
    const auto input = points.read_input(text);
    auto walk = points.begin(input.ok() ? *input : nullptr);
    if (!walk.ok()) return complain(fmt::format("walk {}: {}", index, walk.error().message));
    bool supplied = false;
    while (walk->is_choosing()) {
      const auto& candidates = walk->decision().candidates();
      if (!candidates.empty()) {
        walk->choose(random_.below(candidates.size()));
        continue;
      }
      const std::string path = walk->decision().path;
      if (!walk->supply(walk->shortest()))
        return complain(fmt::format("walk {}: nothing can be supplied at {} behind {}", index, path, walk->text()));
      supplied = true;
      ++count_->supplied;
    }
    if (!walk->is_done())
      return complain(fmt::format("walk {}: stuck: {} behind {}", index, walk->problem(), walk->text()));
    ++count_->done;
    count_->decisions += walk->decisions().size();
    count_->without_supply += supplied ? 0 : 1;
    check(points, walk->text(), index);
  }

  void check(contract::DecisionPoints& points, const std::string& text, size_t index) {
    const auto document = contract::parse_document(text);
    const auto validity = document.ok() ? contract::validate_document(points.contract().schema(), *document)
                                        : Result<contract::Validity>(document.error());
    if (validity.ok() && validity->valid) return;
    ++count_->invalid;
    complain(fmt::format("walk {}: invalid: {}: {}", index,
                         validity.ok() ? validity->message : validity.error().message, text));
  }

  void guided_walk(contract::DecisionPoints& points, const JsonValue& instance) {
    ++count_->instances;
    std::string text;
    add_scalars(instance, options_.number_words, text);
    const auto input = points.read_input(text);
    if (!input.ok()) return miss("input");
    auto walk = points.begin(*input);
    if (!walk.ok()) return miss("budget");
    while (walk->is_choosing()) {
      const auto choice = guided_choice(*walk, instance);
      if (!choice) return miss(std::string(contract::decision_kind_name(walk->decision().kind)));
      walk->choose(*choice);
    }
    if (!walk->is_done()) return miss("stuck");
    if (!same_json(walk->text(), instance)) return miss("other document");
    ++count_->reached;
  }

  void miss(const std::string& why) {
    ++report_.missed[why];
    add(misses_, "instance not reached: " + why);
  }

  const DecisionSuiteOptions& options_;
  base::Random random_;
  std::string file_;
  DecisionCount* count_ = nullptr;
  DecisionReport report_;
  std::vector<std::string> misses_;  // many, and no faults: they stand behind the complaints, and cannot crowd them out
};

}  // namespace

DecisionCount& DecisionCount::operator+=(const DecisionCount& other) {
  schemas += other.schemas;
  compiled += other.compiled;
  walks += other.walks;
  done += other.done;
  invalid += other.invalid;
  without_supply += other.without_supply;
  decisions += other.decisions;
  supplied += other.supplied;
  instances += other.instances;
  reached += other.reached;
  return *this;
}

Result<DecisionReport> run_decision_suite(const DecisionSuiteOptions& options) {
  return Suite(options).run();
}

}  // namespace cadre::eval
