// SPDX-License-Identifier: Apache-2.0
#include "forge/sql_pack.h"

#include <span>
#include <vector>

#include "engine/decider_engine.h"
#include "model/decider_pack.h"
#include "tensor/gguf.h"

namespace cadre::forge {

using base::Json;

namespace {

std::string encode(const train::TrainedDecider& trained, const Json& contract, tensor::TensorType type) {
  std::vector<std::span<const float>> tensors(trained.tensors.begin(), trained.tensors.end());
  return model::encode_decider_pack({trained.config, trained.specs, tensors, trained.tokenizer, contract}, type);
}

}  // namespace

Json sql_contract(const train::SqlRecipe& recipe, const train::TrainedDecider& trained) {
  Json contract;
  contract["name"] = recipe.name;
  contract["version"] = recipe.version;
  contract["purpose"] = "Turns a question in English about one table into one SELECT over it.";
  contract["kind"] = "sql";
  contract["input"] = {{"question", "text, at most 8192 bytes"}, {"table", "column names and types; cells for links and values"}};
  contract["form"] = "SELECT [MAX|MIN|COUNT|SUM|AVG](column) FROM table [WHERE column (=|>|<|>=|<=|<>) value {AND ...}], at most 4 conditions";
  contract["origins"] = {{"column", "schema"}, {"value", "cell of the column, number in the question, or words of the question"}};
  contract["tool"] = "sqlite.select";
  contract["verifiers"] = {"parses", "grounded", "read_only", "executes", "non_empty", "confidence"};
  contract["decoding"] = {{"candidates", 8}};
  contract["training"] = {{"recipe", recipe.source}, {"steps", trained.steps}};
  contract["data"] = Json::array();
  contract["data"].push_back({{"name", "WikiSQL questions (official training split), tables from TabFact"},
                              {"source", "github.com/salesforce/WikiSQL, github.com/jkkummerfeld/text2sql-data, github.com/wenhuchen/Table-Fact-Checking"},
                              {"licence", "BSD-3-Clause (WikiSQL), MIT (TabFact), table text CC BY-SA (Wikipedia)"}});
  contract["licence"] = "Apache-2.0 for the weights; see data for what they were trained on";
  return contract;
}

Result<SqlPack> make_sql_pack(const train::TrainedDecider& trained, Json contract, tensor::TensorType type,
                              const train::SqlCorpus& calibration_corpus, double risk_max) {
  SqlPack pack;
  pack.contract = std::move(contract);
  const std::string draft = encode(trained, pack.contract, type);
  const auto file = TRY(tensor::Gguf::parse(std::span(reinterpret_cast<const uint8_t*>(draft.data()), draft.size())));
  auto weights = TRY(model::DeciderWeights::load(file, tensor::available_quant_kernels().back()));
  engine::DeciderEngine engine(std::move(weights), {});
  pack.calibration = fit_calibration(TRY(collect_outcomes(engine, calibration_corpus)), risk_max);
  pack.contract["calibration"] = to_json(pack.calibration);
  pack.bytes = encode(trained, pack.contract, type);
  return pack;
}

std::string with_card(const train::TrainedDecider& trained, SqlPack& pack, tensor::TensorType type, Json card) {
  pack.contract["evaluation"] = std::move(card);
  return pack.bytes = encode(trained, pack.contract, type);
}

}  // namespace cadre::forge
