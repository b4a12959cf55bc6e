// A decider pack behind the engine interface: features, one pass, heads, ranked calls.
//
// Calibration from the contract maps the raw probability of the best call to the share of such calls that are right
// (piecewise linear over `cadre.contract` calibration.points). Whether the question is answerable
// at all is a probability of its own. Where the model reads words as a value that no candidate covers, their
// spans become candidates of a second scoring (heads only) and are reported as unmatched.
// Thread safety: one engine per thread; engines made from the same weights share them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/specialist_engine.h"
#include "model/decider.h"
#include "tensor/gguf.h"

namespace cadre::engine {

struct DeciderEngineOptions {
  bool use_cells = true;  // false: no links to cell contents, to measure what they are worth
};

// A pack's weights, and the bytes that they were read from, which the weights do not need any more.
struct DeciderFile {
  std::shared_ptr<const model::DeciderWeights> weights;
  std::shared_ptr<const tensor::GgufFile> file;
};

class DeciderEngine final : public SpecialistEngine {
 public:
  // Opens a pack with the best kernel of this machine.
  static Result<std::unique_ptr<DeciderEngine>> load(const std::string& path, const DeciderEngineOptions& options = {});
  // The same weights may stand behind any number of engines.
  static Result<DeciderFile> load_file(const std::string& path);
  DeciderEngine(std::shared_ptr<const model::DeciderWeights> weights, const DeciderEngineOptions& options);

  std::string name() const override;
  Result<SqlAttempt> attempt_sql(const contract::Table& table, const contract::SqlTask& task,
                                 size_t candidates_max) override;
  const base::Json& contract() const { return weights_->contract(); }

 private:
  double calibrated(double raw) const;

  std::shared_ptr<const model::DeciderWeights> weights_;
  DeciderEngineOptions options_;
  model::DeciderRunner runner_;
  model::DeciderOutputs outputs_;
  std::vector<std::pair<double, double>> calibration_;  // raw -> calibrated, ascending
};

}  // namespace cadre::engine
