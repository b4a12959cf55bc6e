// SPDX-License-Identifier: Apache-2.0
#include "app/grammar_contracts.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/exit_codes.h"
#include "app/grammar_bindings.h"
#include "app/grammar_input.h"
#include "app/printable.h"
#include "base/json.h"
#include "base/random.h"
#include "contract/constraint.h"
#include "contract/gbnf.h"
#include "contract/grammar_contract.h"
#include "contract/regex_contract.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"
#include "contract/sql_contract.h"
#include "contract/vocabulary_file.h"
#include "store/sqlite.h"

namespace cadre::app {
namespace {

using base::Json;
using contract::Contract;
using contract::SchemaMode;
using contract::SqlMode;

Result<store::Database> open_database(const std::string& path) {
  store::DatabaseOptions options;
  options.read_only = true;
  return store::Database::open(path, options);
}

Result<std::shared_ptr<Contract>> read_contract(const GrammarOptions& options, bool generate) {
  if (!options.gbnf.empty()) {
    const std::string text = TRY(read_input(options.gbnf, contract::kGbnfSizeBytesMax));
    return contract::grammar_contract(std::string_view(text));
  }
  if (!options.regex.empty()) return contract::regex_contract(options.regex);
  if (!options.sql.empty()) {
    auto database = TRY(open_database(options.sql));
    contract::SqlGrammarOptions sql;
    sql.mode = generate ? SqlMode::kGenerate : SqlMode::kAccept;
    return contract::sql_contract(TRY(contract::read_sql_schema(database)), sql);
  }
  const std::string text = TRY(read_input(options.schema, contract::kSchemaSizeBytesMax));
  contract::SchemaOptions schema;
  schema.assert_formats = options.formats;
  auto read = std::make_shared<const contract::Schema>(TRY(contract::read_schema(text, schema)));
  return std::shared_ptr<Contract>(TRY(contract::SchemaContract::compile(
      std::move(read), generate ? SchemaMode::kGenerate : SchemaMode::kAccept, TRY(read_bindings(options)))));
}

// The second opinion on a sample: the validator's on a document, SQLite's on a statement, the whole text read again on the others.
Result<bool> holds(const GrammarOptions& options, Contract& contract, const std::string& text) {
  if (const auto* schema = dynamic_cast<contract::SchemaContract*>(&contract)) {
    const auto document = contract::parse_document(text);
    if (!document.ok()) return false;
    return TRY(contract::validate_document(schema->schema(), *document, schema->bindings())).valid;
  }
  if (!options.sql.empty()) {
    auto database = TRY(open_database(options.sql));
    return database.prepare(text).ok();
  }
  return contract.accepts(text);
}

// All bytes, a token each: budgets of bytes are budgets of tokens then.
std::vector<std::string> single_bytes() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return tokens;
}

bool is_readable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F && c != '\\'; });
}

// A token of the mask; readable ones are likelier, for the reader's sake.
uint32_t random_token(const contract::TokenMask& mask, const contract::Vocabulary& vocabulary, base::Random& random) {
  uint32_t rank = 0;
  for (int draw = 0; draw < 6; ++draw) {
    const auto& interval = mask.intervals[random.below(mask.intervals.size())];
    rank = interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low));
    if (is_readable(vocabulary.text_of_rank(rank))) break;
  }
  return vocabulary.id_of(rank);
}

struct Sample {
  std::string text;
  size_t tokens = 0;
};

Result<Sample> random_sample(contract::Constraint constraint, const contract::Vocabulary& vocabulary,
                             base::Random& random) {
  Sample sample;
  while (!constraint.complete() || random.chance(0.5)) {
    const contract::TokenMask& mask = constraint.mask();
    if (mask.count == 0 && constraint.complete()) break;
    if (mask.count == 0 || !constraint.advance(random_token(mask, vocabulary, random))) {
      return Error{ErrorCode::kInternal,
                   "no token may follow this text; please report it with the contract: " + constraint.text()};
    }
    ++sample.tokens;
  }
  sample.text = constraint.text();
  return sample;
}

Result<void> write_samples(const GrammarOptions& options) {
  const auto contract = TRY(read_contract(options, true));
  const bool bytes = options.vocabulary.empty();
  const auto tokens = bytes ? single_bytes() : TRY(contract::read_vocabulary_file(options.vocabulary));
  const auto vocabulary = TRY(contract::Vocabulary::build(tokens, contract::kNoToken));
  const uint32_t needed = contract->bytes_min();
  const auto budget = options.budget == 0 ? std::max(4 * needed, 16U) : static_cast<uint32_t>(options.budget);
  if (budget < needed) {
    return Error{ErrorCode::kInvalid, fmt::format("a budget of {} {} is too small: this contract needs {}", budget,
                                                  bytes ? "bytes" : "tokens", needed)};
  }
  base::Random random(static_cast<uint64_t>(options.seed));
  for (int64_t i = 0; i < options.count; ++i) {
    const Sample sample =
        TRY(random_sample(TRY(contract::Constraint::make(contract, vocabulary, budget)), *vocabulary, random));
    if (!TRY(holds(options, *contract, sample.text))) {
      return Error{ErrorCode::kInternal,
                   "the second reader refuses this sample; please report it with the contract: " + sample.text};
    }
    Json value = {{"document", sample.text}, {"bytes", sample.text.size()}};
    if (!bytes) value["tokens"] = sample.tokens;
    fmt::print("{}\n", options.json ? base::dump_json(value) : sample.text);
  }
  return {};
}

}  // namespace

bool names_contract(const GrammarOptions& options) {
  return !options.gbnf.empty() || !options.regex.empty() || !options.sql.empty();
}

int check_contract(const GrammarOptions& options) {
  const auto generating = read_contract(options, true);
  const auto accepting = generating.ok() ? read_contract(options, false) : generating;
  const Error* error = !accepting.ok() ? &accepting.error() : nullptr;
  if (error != nullptr && error->code != ErrorCode::kInvalid && error->code != ErrorCode::kUnsupported &&
      error->code != ErrorCode::kLimit) {
    return fail_grammar("check", *error);  // nothing was read that could be refused
  }
  const char* generate = error != nullptr ? "refused" : options.sql.empty() ? "exact" : "narrowed";
  Json value = {{"accept", error != nullptr ? "refused" : "exact"}, {"generate", generate}};
  if (error == nullptr) {
    value["tokens_min"] = (*generating)->bytes_min();
    value["states"] = (*generating)->size();
  } else {
    value["notes"] = Json::array({{{"path", ""}, {"note", error->message}}});
  }
  if (options.json) {
    fmt::print("{}\n", base::dump_json(value));
  } else if (error == nullptr) {
    fmt::print("accept    exact\ngenerate  {}\nshortest  {} bytes, so no more tokens\n", generate,
               (*generating)->bytes_min());
  } else {
    fmt::print("accept    refused\ngenerate  refused\nnote      {}\n", printable(error->message));
  }
  return error != nullptr ? kExitDeclined : kExitOk;
}

int accept_contract(const GrammarOptions& options) {
  const auto contract = read_contract(options, false);
  if (!contract.ok()) return fail_grammar("accept", contract.error());
  const auto text = read_input(options.instance, kInstanceSizeBytesMax);
  if (!text.ok()) return fail_grammar("accept", text.error());
  Contract::State state = (*contract)->start();
  size_t read = 0;
  while (read < text->size() && (*contract)->read(state, std::string_view(*text).substr(read, 1))) ++read;
  const bool accepted = read == text->size() && (*contract)->complete(state);
  if (const std::string problem = (*contract)->problem(); !problem.empty())
    return fail_grammar("accept", Error{ErrorCode::kLimit, problem});
  const char* reason = read < text->size() ? "this byte may not stand here" : "the text may not end here";
  if (options.json) {
    Json value = {{"accepted", accepted}};
    if (!accepted) {
      value["read_bytes"] = read;
      value["reason"] = reason;
    }
    fmt::print("{}\n", base::dump_json(value));
  } else if (accepted) {
    fmt::print("accepted\n");
  } else {
    fmt::print("refused after {} bytes: {}\n", read, reason);
  }
  return accepted ? kExitOk : kExitDeclined;
}

int sample_contract(const GrammarOptions& options) {
  const auto written = write_samples(options);
  return written.ok() ? kExitOk : fail_grammar("sample", written.error());
}

}  // namespace cadre::app
