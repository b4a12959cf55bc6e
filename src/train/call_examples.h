// Questions with judged calls: what the specialist proposed, the gold call, and the gold call corrupted, each executed.
//
// A call is right if what it returns is what the gold call returns. Those of a training question that are not the gold call and yet
// return the same teach nothing and are marked. Tables are queried one after the other, so that only one database is open at a time.
// Deterministic in the seed. Cost: about 1 ms a question, most of it the specialist. Thread safety: one collection at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "model/call_features.h"
#include "train/call_corruptions.h"
#include "train/sql_examples.h"

namespace cadre::train {

struct ProposedCall {
  contract::SqlCall call;
  double probability = 0;
};

// The specialist whose calls the verifier will see, most probable first; floors above know how to ask it.
using ProposeCalls =
    std::function<Result<std::vector<ProposedCall>>(const contract::Table& table, const contract::SqlTask& task)>;

struct JudgedCall {
  model::NgramFeatures features;
  double probability = 0;                // of a proposal
  std::optional<Corruption> corruption;  // of the gold call; nullopt: a proposal, or the gold call itself
  bool is_right = false;                 // returns what the gold call returns
  bool is_gold = false;                  // the gold call, however it is spelled
};

struct JudgedQuestion {
  std::vector<JudgedCall> proposals;  // those that execute, most probable first
  std::vector<JudgedCall> made;       // the gold call if it is within the contract, then corruptions, all executed
};

struct CallExampleOptions {
  uint64_t seed = 1;
  // Questions made besides the natural ones, as shares of their number. Users ask otherwise than the data set's writers
  // (train/synthetic_questions.h), and of a question that one table cannot answer every call is wrong.
  double synthetic = 0;
  double unanswerable = 0;
  std::function<void(size_t done, size_t total)> on_progress = {};
};

// The natural questions in the corpus's order, then those made.
Result<std::vector<JudgedQuestion>> judge_calls(const SqlCorpus& corpus, const ProposeCalls& propose,
                                                const CallExampleOptions& options);

// The calls of one question. `gold_result` is what the gold call returns; nullptr: no call is right.
Result<JudgedQuestion> judge_question(const contract::Table& table, const std::string& question,
                                      const contract::SqlCall& gold, const contract::QueryResult* gold_result,
                                      const ProposeCalls& propose, base::Random& random);

}  // namespace cadre::train
