// SPDX-License-Identifier: Apache-2.0
#include "app/grammar_command.h"

#include <fmt/format.h>

#include "app/exit_codes.h"
#include "app/grammar_bindings.h"
#include "app/grammar_contracts.h"
#include "app/grammar_decisions.h"
#include "app/grammar_input.h"
#include "app/grammar_tools.h"
#include "app/printable.h"
#include "base/json.h"
#include "base/random.h"
#include "contract/document_cursor.h"
#include "contract/schema_report.h"
#include "contract/schema_validate.h"

namespace cadre::app {
namespace {

using base::Json;
using contract::SchemaMode;

int without_schema(const char* command) {
  fmt::print(stderr,
             "cadre grammar {}: no contract is given (a schema, --tools, --gbnf, --regex or --sql); see cadre grammar "
             "{} --help\n",
             command, command);
  return kExitUsage;
}

int run_check(const GrammarOptions& options) {
  if (!options.tools.empty()) return check_tools(options);
  if (names_contract(options)) return check_contract(options);
  if (options.schema.empty()) return without_schema("check");
  const auto text = read_input(options.schema, contract::kSchemaSizeBytesMax);
  if (!text.ok()) return fail_grammar("check", text.error());
  contract::SchemaOptions schema_options;
  schema_options.assert_formats = options.formats;
  const auto bindings = read_bindings(options);
  if (!bindings.ok()) return fail_grammar("check", bindings.error());
  const contract::SchemaReport report = contract::report_schema(*text, schema_options, *bindings);
  if (options.json) {
    Json notes = Json::array();
    for (const auto& note : report.notes) notes.push_back({{"path", note.path}, {"note", note.text}});
    Json value = {{"accept", contract::grade_name(report.accept)}, {"generate", contract::grade_name(report.generate)}};
    if (report.generate != contract::Grade::kRefused) {
      value["tokens_min"] = report.bytes_min;
      value["states"] = report.states;
    }
    value["notes"] = std::move(notes);
    fmt::print("{}\n", base::dump_json(value));
  } else {
    fmt::print("accept    {}\ngenerate  {}\n", contract::grade_name(report.accept),
               contract::grade_name(report.generate));
    if (report.generate != contract::Grade::kRefused) {
      fmt::print("shortest  {} bytes, so no more tokens\nstates    {}\n", report.bytes_min, report.states);
    }
    for (const auto& note : report.notes)
      fmt::print("note      {}{}{}\n", printable(note.path), note.path.empty() ? "" : ": ", printable(note.text));
  }
  return report.accept == contract::Grade::kRefused ? kExitDeclined : kExitOk;
}

// How much of the text the machine takes, and what the validator says about the whole.
struct Acceptance {
  bool accepted = false;
  size_t read = 0;  // bytes before the first refused one
  std::string reason;
  std::vector<contract::Provenance> origins;
};

Result<Acceptance> accept(const contract::Schema& schema, const std::shared_ptr<const contract::Bindings>& bindings,
                          std::string_view text) {
  auto machine = TRY(contract::SchemaMachine::compile(schema, SchemaMode::kAccept, bindings));
  contract::DocumentCursor cursor(*machine);
  Acceptance result;
  result.accepted = cursor.read(text) && cursor.complete();
  if (!machine->problem().empty()) return Error{ErrorCode::kLimit, machine->problem()};
  const auto document = contract::parse_document(text);
  if (document.ok()) {
    const contract::Validity validity = TRY(contract::validate_document(schema, *document, bindings.get()));
    if (validity.valid != result.accepted) {
      return Error{ErrorCode::kInternal,
                   "the machine and the validator disagree about this document; please report it with the schema"};
    }
    if (validity.valid && bindings) result.origins = TRY(contract::provenance(schema, *bindings, *document));
    if (!validity.valid)
      result.reason = fmt::format("{}: {} ({})", validity.instance_path, validity.message, validity.keyword_path);
  } else {
    result.reason = document.error().message;
  }
  if (result.accepted) return result;
  contract::DocumentCursor again(*machine);
  while (result.read < text.size() && again.read(text.substr(result.read, 1))) ++result.read;
  return result;
}

int run_accept(const GrammarOptions& options) {
  if (!options.tools.empty()) return accept_tools(options);
  if (names_contract(options)) return accept_contract(options);
  if (options.schema.empty()) return without_schema("accept");
  const auto schema_text = read_input(options.schema, contract::kSchemaSizeBytesMax);
  if (!schema_text.ok()) return fail_grammar("accept", schema_text.error());
  const auto text = read_input(options.instance, kInstanceSizeBytesMax);
  if (!text.ok()) return fail_grammar("accept", text.error());
  contract::SchemaOptions schema_options;
  schema_options.assert_formats = options.formats;
  const auto schema = contract::read_schema(*schema_text, schema_options);
  if (!schema.ok()) return fail_grammar("accept", schema.error());
  const auto bindings = read_bindings(options);
  if (!bindings.ok()) return fail_grammar("accept", bindings.error());
  const auto result = accept(*schema, *bindings, *text);
  if (!result.ok()) return fail_grammar("accept", result.error());
  if (options.json) {
    Json value = {{"accepted", result->accepted}};
    if (!result->accepted) {
      value["read_bytes"] = result->read;
      value["reason"] = result->reason;
    }
    if (result->accepted && *bindings) value["origins"] = json_of(result->origins);
    fmt::print("{}\n", base::dump_json(value));
  } else if (result->accepted) {
    fmt::print("accepted\n");
    print_origins(result->origins);
  } else {
    fmt::print("refused after {} bytes: {}\n", result->read, printable(result->reason));
  }
  return result->accepted ? kExitOk : kExitDeclined;
}

int run_sample(const GrammarOptions& options) {
  if (!options.tools.empty()) return sample_tools(options);
  if (names_contract(options)) return sample_contract(options);
  if (options.schema.empty()) return without_schema("sample");
  if (!options.vocabulary.empty()) return sample_contract(options);
  const auto schema_text = read_input(options.schema, contract::kSchemaSizeBytesMax);
  if (!schema_text.ok()) return fail_grammar("sample", schema_text.error());
  contract::SchemaOptions schema_options;
  schema_options.assert_formats = options.formats;
  const auto schema = contract::read_schema(*schema_text, schema_options);
  if (!schema.ok()) return fail_grammar("sample", schema.error());
  const auto bindings = read_bindings(options);
  if (!bindings.ok()) return fail_grammar("sample", bindings.error());
  auto machine = contract::SchemaMachine::compile(*schema, SchemaMode::kGenerate, *bindings);
  if (!machine.ok()) return fail_grammar("sample", machine.error());
  const uint32_t needed = (*machine)->distance((*machine)->start());
  const auto budget = options.budget == 0 ? 4 * needed : static_cast<uint32_t>(options.budget);
  if (budget < needed) {
    return fail_grammar("sample",
                        Error{ErrorCode::kInvalid,
                              fmt::format("a budget of {} bytes is too small: this schema needs {}", budget, needed)});
  }
  base::Random random(static_cast<uint64_t>(options.seed));
  for (int64_t i = 0; i < options.count; ++i) {
    const std::string text = random_text(**machine, random, budget);
    const auto document = contract::parse_document(text);
    const auto validity = document.ok() ? contract::validate_document(*schema, *document, bindings->get())
                                        : Result<contract::Validity>(document.error());
    if (!validity.ok() || !validity->valid) {
      return fail_grammar(
          "sample", Error{ErrorCode::kInternal,
                          "the validator refuses a generated document; please report it with the schema: " + text});
    }
    if (!options.json) {
      fmt::print("{}\n", text);
      continue;
    }
    Json value = {{"document", text}, {"bytes", text.size()}};
    if (*bindings) {
      const auto origins = contract::provenance(*schema, **bindings, *document);
      if (!origins.ok()) return fail_grammar("sample", origins.error());
      value["origins"] = json_of(*origins);
    }
    fmt::print("{}\n", base::dump_json(value));
  }
  return kExitOk;
}

void add_contract_options(Command& command, GrammarOptions& options) {
  command.text("--gbnf", options.gbnf, "a grammar file in GBNF instead of a schema");
  command.text("--regex", options.regex, "a regular expression that the whole text matches, instead of a schema");
  command.text("--sql", options.sql, "a SQLite database, for SELECT statements over it, instead of a schema");
}

}  // namespace

void add_grammar(CommandLine& line, GrammarOptions& options) {
  Command& grammar = line.command(
      "grammar", "Contracts: grade a JSON Schema or a set of tools, test a document or an answer, write samples");
  Command& check = grammar.command("check", "Say what becomes of a schema: exact, narrowed where, refused why");
  check.text("schema", options.schema, "a JSON Schema file; - for standard input");
  check.text("--schema", options.schema, "the same");
  add_contract_options(check, options);
  add_tool_options(check, options);
  add_binding_options(check, options);
  check.flag("--formats", options.formats, "formats assert (date, email, ...) instead of annotating");
  check.flag("--json", options.json, "one JSON object instead of text");
  check.example("cadre grammar check tool.schema.json");
  check.action([&options] { return run_check(options); });
  Command& accept = grammar.command("accept", "Test a document; exit status 3 if it is refused");
  accept.text("--schema", options.schema, "a JSON Schema file");
  add_contract_options(accept, options);
  add_tool_options(accept, options);
  add_binding_options(accept, options);
  accept.text("instance", options.instance, "the document; standard input if not given");
  accept.flag("--formats", options.formats, "formats assert instead of annotating");
  accept.flag("--json", options.json, "one JSON object instead of text");
  accept.example("cadre grammar accept --schema tool.schema.json < call.json");
  accept.example("cadre grammar accept --sql shop.sqlite < statement.sql");
  accept.example("cadre grammar accept --tools tools.json --choice required --format hermes < answer.txt");
  accept.action([&options] { return run_accept(options); });
  Command& samples = grammar.command("sample", "Write random documents of a schema, each complete within a budget");
  samples.text("--schema", options.schema, "a JSON Schema file");
  add_contract_options(samples, options);
  add_tool_options(samples, options);
  add_binding_options(samples, options);
  samples.text("--vocabulary", options.vocabulary, "sample by these tokens: a line each, base64 and id");
  samples.integer("--budget", options.budget,
                  "bytes a document may have, with --vocabulary tokens; 0: four times the shortest", 0, 1'000'000);
  samples.integer("--count", options.count, "how many", 1, 1'000'000);
  samples.integer("--seed", options.seed, "of the random walk", 0, INT64_MAX);
  samples.flag("--formats", options.formats, "formats assert instead of annotating");
  samples.flag("--json", options.json, "one JSON object per line instead of the bare document");
  samples.example("cadre grammar sample --schema tool.schema.json --budget 200 --count 3");
  samples.example(
      "cadre grammar sample --schema tool.schema.json --input \"a table for two\" --set cities=@cities.txt");
  samples.example("cadre grammar sample --regex '[A-Z]{3}-[0-9]+' --budget 12");
  samples.action([&options] { return run_sample(options); });
  add_decisions(grammar, options);
  grammar.example("cadre grammar check tool.schema.json");
}

}  // namespace cadre::app
