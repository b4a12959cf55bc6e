// SPDX-License-Identifier: Apache-2.0
#include "agent/process_tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "agent/argv_template.h"
#include "agent/option_reader.h"
#include "base/utf8.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr size_t kLogTailBytes = 300;
constexpr const char* kKeyVariable = "CADRE_CALL_KEY";

bool contains(const std::vector<int>& codes, int code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// The end of what it said: programs tend to say last why they stop.
std::string excerpt_of(std::string log) {
  while (!log.empty() && (log.back() == '\n' || log.back() == ' ')) log.pop_back();
  if (log.size() > kLogTailBytes) log = "..." + log.substr(log.size() - kLogTailBytes);
  return log.empty() ? "" : ": " + log;
}

class ProcessTool final : public Tool {
 public:
  ProcessTool(ProcessToolOptions options, ArgvTemplate command)
      : options_(std::move(options)), command_(std::move(command)) {}

  const ToolDefinition& definition() const override { return options_.definition; }

  Result<void> check(const Json& arguments) override {
    TRY(command_.fill(arguments));
    return {};
  }

  ToolReturn call(const ToolCall& call) override {
    ToolReturn returned = run(call);
    if (returned.error)
      returned.error = std::move(*returned.error).with_context(fmt::format("tool \"{}\"", options_.definition.name));
    return returned;
  }

 private:
  ToolReturn run(const ToolCall& call) const {
    if (options_.definition.is_fenced && call.key.empty())
      return {.error = Error{ErrorCode::kInvalid, "a fenced call needs a key"}};
    auto argv = command_.fill(call.arguments);
    if (!argv.ok()) return {.error = std::move(argv).error()};
    auto process = net::Process::start(process_options(std::move(argv).value(), call.key));
    if (!process.ok()) return {.error = std::move(process).error()};  // nothing ran
    auto output = process->run_to_end(process_input(call));
    if (!output.ok()) return {.error = std::move(output).error(), .is_uncertain = has_effect()};
    if (output->exit.signal != 0 || !contains(options_.success_codes, output->exit.code)) return failure_of(*output);
    auto result = result_of(std::move(output->output), call.result_size_bytes_max);
    // It happened, but nobody knows with what result.
    if (!result.ok()) return {.error = std::move(result).error(), .is_uncertain = has_effect()};
    return {.result = std::move(result).value()};
  }

  bool has_effect() const { return options_.definition.effect != ToolEffect::kRead; }

  net::ProcessOptions process_options(std::vector<std::string> argv, const std::string& key) const {
    net::ProcessOptions options{.argv = std::move(argv),
                                .working_directory = options_.folder,
                                .environment = options_.environment,
                                .inherited_variables = options_.variables,
                                .limits = options_.limits};
    if (options_.definition.is_fenced) options.environment.emplace_back(kKeyVariable, key);
    return options;
  }

  net::ProcessInput process_input(const ToolCall& call) const {
    net::ProcessInput input{.timeout_ms = call.timeout_ms,
                            .output_size_bytes_max = static_cast<size_t>(call.result_size_bytes_max),
                            .cancel = call.cancel};
    if (options_.timeout_ms_max > 0) input.timeout_ms = std::min(input.timeout_ms, options_.timeout_ms_max);
    if (options_.input == ProcessInputKind::kJson) input.bytes = base::dump_json(call.arguments) + "\n";
    return input;
  }

  ToolReturn failure_of(const net::ProcessOutput& output) const {
    const std::string excerpt = excerpt_of(output.log);
    if (output.exit.signal != 0)
      return {.error = Error{ErrorCode::kInvalid, fmt::format("ended by signal {}{}", output.exit.signal, excerpt)},
              .is_uncertain = has_effect()};
    const bool is_transient = contains(options_.transient_codes, output.exit.code);
    const bool is_unchanged = is_transient || contains(options_.unchanged_codes, output.exit.code);
    return {.error = Error{is_transient ? ErrorCode::kUnavailable : ErrorCode::kInvalid,
                           fmt::format("exit status {}{}", output.exit.code, excerpt)},
            .is_uncertain = has_effect() && !is_unchanged};
  }

  Result<Json> result_of(std::string output, int64_t size_bytes_max) const {
    if (options_.output == ProcessOutputKind::kJson) {
      auto parsed = base::parse_json(output);
      if (!parsed.ok()) return std::move(parsed).error().with_context("the program's output");
      return parsed;
    }
    if (!base::is_valid_utf8(output))
      return Error{ErrorCode::kInvalid, "the program's output is not UTF-8 text; have it write JSON"};
    Json text(std::move(output));
    if (base::dump_json(text).size() > static_cast<size_t>(size_bytes_max))
      return Error{ErrorCode::kLimit,
                   fmt::format("the program's output is over the limit of {} bytes as JSON", size_bytes_max)};
    return text;
  }

  ProcessToolOptions options_;
  ArgvTemplate command_;
};

Result<std::vector<int>> codes_of(OptionReader& reader, const char* key, std::vector<int> fallback) {
  const Json list = TRY(reader.array_or_null(key));
  if (list.is_null()) return fallback;
  std::vector<int> codes;
  for (const Json& item : list) {
    if (!item.is_number_integer() || item.get<int64_t>() < 0 || item.get<int64_t>() > 255)
      return reader.error(key, "is not a list of exit statuses, 0 to 255");
    codes.push_back(item.get<int>());
  }
  return codes;
}

Result<net::ProcessLimits> limits_of(OptionReader& reader) {
  net::ProcessLimits limits;
  limits.address_space_bytes = TRY(reader.whole_number_or("memory_bytes_max", 0, 0, INT64_MAX));
  limits.cpu_seconds = TRY(reader.whole_number_or("cpu_seconds_max", 0, 0, 1'000'000));
  limits.file_size_bytes = TRY(reader.whole_number_or("file_bytes_max", 0, 0, INT64_MAX));
  limits.open_files = TRY(reader.whole_number_or("open_files_max", limits.open_files, 3, 1'000'000));
  return limits;
}

// Whether `key` says `second` rather than `first`, which is the default.
Result<bool> is_second(OptionReader& reader, const char* key, const char* first, const char* second) {
  const std::string said = TRY(reader.text_or(key, first));
  if (said != first && said != second) return reader.error(key, fmt::format("is neither {} nor {}", first, second));
  return said == second;
}

Result<void> check_codes(const OptionReader& reader, const ProcessToolOptions& options) {
  if (options.success_codes.empty()) return reader.error("success_codes", "is empty, so nothing could succeed");
  for (const int code : options.success_codes) {
    if (contains(options.unchanged_codes, code) || contains(options.transient_codes, code))
      return reader.error("success_codes", fmt::format("has {}, which is also called a failure", code));
  }
  return {};
}

void complete_schemas(ProcessToolOptions& options, const ArgvTemplate& command) {
  ToolDefinition& definition = options.definition;
  if (definition.input_schema.is_null())
    definition.input_schema =
        options.input == ProcessInputKind::kJson ? Json{{"type", "object"}} : command.input_schema();
  if (definition.output_schema.is_null() && options.output == ProcessOutputKind::kText)
    definition.output_schema = {{"type", "string"}};
}

}  // namespace

Result<ProcessToolOptions> process_tool_options(const Json& object) {
  OptionReader reader(object);
  ProcessToolOptions options{.definition = TRY(read_definition(reader)),
                             .command = TRY(reader.texts_or_none("command"))};
  if (TRY(is_second(reader, "input", "none", "json"))) options.input = ProcessInputKind::kJson;
  if (TRY(is_second(reader, "output", "text", "json"))) options.output = ProcessOutputKind::kJson;
  options.environment = TRY(reader.text_map_or_none("environment"));
  options.variables = TRY(reader.texts_or_none("variables"));
  options.folder = TRY(reader.text_or("folder", ""));
  options.success_codes = TRY(codes_of(reader, "success_codes", {0}));
  options.unchanged_codes = TRY(codes_of(reader, "unchanged_codes", {}));
  options.transient_codes = TRY(codes_of(reader, "transient_codes", {}));
  options.timeout_ms_max = TRY(reader.whole_number_or("timeout_ms_max", 0, 1, 86'400'000));
  options.limits = TRY(limits_of(reader));
  TRY(reader.finish());
  TRY(check_codes(reader, options));
  auto command = ArgvTemplate::parse(options.command);
  if (!command.ok()) return reader.error("command", "cannot be used: " + command.error().message);
  complete_schemas(options, *command);
  return options;
}

Result<std::unique_ptr<Tool>> make_process_tool(ProcessToolOptions options) {
  auto command = TRY(ArgvTemplate::parse(options.command));
  for (const std::string& name : options.variables) {
    if (std::getenv(name.c_str()) == nullptr)
      return Error{ErrorCode::kNotFound,
                   fmt::format("tool \"{}\": the environment variable {} is not set", options.definition.name, name)};
  }
  return std::unique_ptr<Tool>(std::make_unique<ProcessTool>(std::move(options), std::move(command)));
}

}  // namespace cadre::agent
