// SPDX-License-Identifier: Apache-2.0
#include "train/sql_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "contract/answers.h"
#include "model/decider_decode.h"

namespace cadre::train {

using base::Json;
using tensor::BFloat16;

namespace {

constexpr char kMagic[8] = {'C', 'A', 'D', 'R', 'E', 'C', 'K', '1'};

struct CheckpointHeader {
  char magic[8];
  uint8_t fingerprint[32];  // of recipe and data size: a checkpoint of another run is not resumed
  uint64_t steps;
  uint64_t floats;
};

double seconds_since(int64_t start_ns) { return static_cast<double>(base::system_clock().monotonic_ns() - start_ns) * 1e-9; }

Result<void> optional_number(const Json& json, const char* key, double low, double high, const std::function<void(double)>& assign) {
  if (!json.contains(key)) return {};
  const double value = TRY(base::json_number(json, key));
  if (!(value >= low && value <= high)) return Error{ErrorCode::kInvalid, fmt::format("recipe: \"{}\" is {}, must be {} to {}", key, value, low, high)};
  assign(value);
  return {};
}

class Trainer {
 public:
  Trainer(const SqlRecipe& recipe, const TrainOptions& options, SqlCorpus train, SqlCorpus dev, text::BpeTokenizer tokenizer)
      : recipe_(recipe), options_(options), train_(std::move(train)), dev_(std::move(dev)), tokenizer_(std::move(tokenizer)),
        random_(recipe.seed), specs_(model::decider_tensors(recipe.shape)), parameters_(specs_, recipe.shards, random_.fork(1)),
        net_(recipe.shape, parameters_, tensor::best_matmul_kernel<BFloat16>()) {
    steps_per_epoch_ = std::max<size_t>(1, train_.questions().size() / recipe.batch_examples);
    steps_ = static_cast<uint64_t>(std::llround(recipe.epochs * static_cast<double>(steps_per_epoch_)));
  }

  Result<TrainedDecider> run() {
    TRY(base::make_directories(options_.run_directory));
    TRY(resume());
    const int64_t start = base::system_clock().monotonic_ns();
    int64_t last_report = start, last_checkpoint = start;
    const auto evaluate_every = static_cast<uint64_t>(std::max(1.0, options_.evaluate_share * static_cast<double>(steps_)));
    while (parameters_.steps() < steps_) {
      TRY(step());
      const uint64_t done = parameters_.steps();
      const bool evaluates = done % evaluate_every == 0 || done == steps_;
      if (evaluates || seconds_since(last_report) >= options_.report_seconds) {
        TRY(report(seconds_since(start), seconds_since(last_report), evaluates));
        last_report = base::system_clock().monotonic_ns();
      }
      if (seconds_since(last_checkpoint) >= options_.checkpoint_seconds) {
        TRY(save());
        last_checkpoint = base::system_clock().monotonic_ns();
      }
    }
    TRY(save());
    return finish(seconds_since(start));
  }

 private:
  std::string checkpoint_path() const { return options_.run_directory + "/checkpoint.bin"; }

  base::Sha256 fingerprint() const {
    Json trained = recipe_.source;  // without what only packing reads
    for (const char* key : {"name", "version", "quantisation", "risk_max", "answerable_min"}) trained.erase(key);
    return base::sha256(base::dump_json(trained) + fmt::format("|{}|{}", train_.questions().size(), parameters_.size()));
  }

  Result<void> resume() {
    if (!base::file_exists(checkpoint_path())) return {};
    const std::string bytes = TRY(base::read_file(checkpoint_path(), uint64_t{1} << 33));
    CheckpointHeader header{};
    const auto arrays = parameters_.state_arrays();
    const size_t expected = sizeof header + arrays.size() * parameters_.size() * sizeof(float);
    if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
    if (bytes.size() != expected || std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 ||
        std::memcmp(header.fingerprint, fingerprint().data(), sizeof header.fingerprint) != 0 || header.floats != parameters_.size())
      return Error{ErrorCode::kInvalid, fmt::format("resume \"{}\": it is damaged or belongs to another recipe or data set; remove it, or name another --run folder", checkpoint_path())};
    const char* from = bytes.data() + sizeof header;
    for (const auto& array : arrays) {
      std::memcpy(array.data(), from, array.size_bytes());
      from += array.size_bytes();
    }
    parameters_.set_steps(header.steps);
    return {};
  }

  Result<void> save() {
    CheckpointHeader header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    const auto print = fingerprint();
    std::memcpy(header.fingerprint, print.data(), print.size());
    header.steps = parameters_.steps();
    header.floats = parameters_.size();
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    for (const auto& array : parameters_.state_arrays()) bytes.append(reinterpret_cast<const char*>(array.data()), array.size_bytes());
    return base::replace_file(checkpoint_path(), bytes);
  }

  float learning_rate() const {
    const auto step = static_cast<double>(parameters_.steps());
    const double warmup = std::min(1.0, (step + 1) / static_cast<double>(std::max<size_t>(1, recipe_.warmup_steps)));
    const double progress = step / static_cast<double>(steps_);
    const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * progress));
    return static_cast<float>(recipe_.adam.learning_rate * warmup * (recipe_.final_rate_share + (1 - recipe_.final_rate_share) * cosine));
  }

  // The order of an epoch depends on the seed and the epoch alone.
  void order_epoch(uint64_t epoch) {
    if (epoch == ordered_epoch_ && !order_.empty()) return;
    order_.resize(train_.questions().size());
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<uint32_t>(i);
    base::Random random = random_.fork(1000 + epoch);
    random.shuffle(std::span(order_));
    ordered_epoch_ = epoch;
  }

  struct Slice {
    Result<void> status;
    DeciderLoss loss;
    size_t tokens = 0;
  };

  Slice run_slice(size_t shard, size_t begin, size_t end, uint64_t step) {
    Slice slice;
    std::vector<DeciderExample> examples;
    for (size_t i = begin; i < end; ++i) {
      base::Random random = random_.fork((step << 12) + i + 7);
      auto example = make_example(train_, train_.questions()[order_[(step % steps_per_epoch_) * recipe_.batch_examples + i]], tokenizer_,
                                  recipe_.augmentation, random);
      if (!example.ok()) {
        slice.status = std::move(example).error();
        return slice;
      }
      slice.tokens += example->input.length();
      examples.push_back(std::move(example).value());
    }
    std::vector<const DeciderExample*> pointers;
    for (const auto& example : examples) pointers.push_back(&example);
    NetOptions net_options{.dropout = recipe_.dropout, .loss_scale = 1.0f / static_cast<float>(recipe_.batch_examples)};
    slice.loss = net_.run(shard, pointers, net_options, true, random_.fork((step << 12) + 4000 + shard));
    return slice;
  }

  // Runs body(index) for index < count on up to options_.threads threads.
  template <class Body>
  void parallel(size_t count, const Body& body) {
    const size_t threads = std::min(options_.threads, count);
    std::vector<std::thread> workers;
    const auto work = [&](size_t thread) {
      for (size_t i = thread; i < count; i += threads) body(i);
    };
    for (size_t t = 1; t < threads; ++t) workers.emplace_back(work, t);
    work(0);
    for (auto& worker : workers) worker.join();
  }

  Result<void> step() {
    const uint64_t step = parameters_.steps();
    order_epoch(step / steps_per_epoch_);
    net_.pack(options_.threads);
    std::vector<Slice> slices(recipe_.shards);
    parallel(recipe_.shards, [&](size_t s) {
      slices[s] = run_slice(s, recipe_.batch_examples * s / recipe_.shards, recipe_.batch_examples * (s + 1) / recipe_.shards, step);
    });
    for (auto& slice : slices) {
      TRY(slice.status);
      loss_ += slice.loss;
      tokens_ += slice.tokens;
    }
    AdamOptions adam = recipe_.adam;
    adam.learning_rate = learning_rate();
    parameters_.step(adam, options_.threads);
    ++loss_steps_;
    return {};
  }

  Result<void> report(double total_seconds, double interval_seconds, bool evaluates) {
    TrainProgress progress;
    progress.step = parameters_.steps();
    progress.steps = steps_;
    progress.seconds = total_seconds;
    progress.tokens_per_second = static_cast<double>(tokens_) / std::max(1e-9, interval_seconds);
    const double scale = 1.0 / static_cast<double>(std::max<size_t>(1, loss_steps_));
    progress.loss = {loss_.select * scale, loss_.aggregate * scale, loss_.condition * scale,
                     loss_.count * scale,  loss_.answerable * scale, loss_.span * scale};
    loss_ = {};
    tokens_ = 0;
    loss_steps_ = 0;
    if (evaluates) {
      progress.evaluated = true;
      progress.dev_logical_form = dev_logical_form_ = TRY(evaluate());
    }
    if (options_.on_progress) options_.on_progress(progress);
    return {};
  }

  Result<double> evaluate() {
    parameters_.swap_average();
    net_.pack(options_.threads);
    const size_t count = std::min(options_.dev_questions_max, dev_.questions().size());
    std::vector<size_t> right(recipe_.shards);
    std::vector<Result<void>> status(recipe_.shards);
    parallel(recipe_.shards, [&](size_t s) { status[s] = evaluate_slice(s, count * s / recipe_.shards, count * (s + 1) / recipe_.shards, right[s]); });
    parameters_.swap_average();
    size_t total = 0;
    for (size_t s = 0; s < recipe_.shards; ++s) {
      TRY(status[s]);
      total += right[s];
    }
    return static_cast<double>(total) / static_cast<double>(std::max<size_t>(1, count));
  }

  Result<void> evaluate_slice(size_t shard, size_t begin, size_t end, size_t& right) {
    for (size_t i = begin; i < end; ++i) {
      const auto& question = dev_.questions()[i];
      const auto labelled = TRY(make_plain_example(dev_, question, tokenizer_, options_.use_cells));
      const DeciderExample* pointer = &labelled.example;
      std::vector<model::DeciderOutputs> outputs;
      net_.run(shard, std::span(&pointer, 1), {}, false, random_, &outputs);
      const auto& schema = dev_.table(question.table).schema();
      const auto calls = model::rank_calls(schema, labelled.task, outputs[0], 1);
      right += !calls.empty() && contract::same_call(calls[0].call, question.gold);
    }
    return {};
  }

  TrainedDecider finish(double seconds) {
    std::vector<tensor::AlignedVector<float>> tensors;
    for (size_t i = 0; i < specs_.size(); ++i) {
      const float* from = parameters_.average(i);
      tensors.emplace_back(from, from + size_t{specs_[i].rows} * specs_[i].columns);
    }
    return {recipe_.shape, specs_, std::move(tensors), std::move(tokenizer_), parameters_.steps(), dev_logical_form_, seconds};
  }

  const SqlRecipe& recipe_;
  const TrainOptions& options_;
  SqlCorpus train_, dev_;
  text::BpeTokenizer tokenizer_;
  base::Random random_;
  std::vector<model::TensorSpec> specs_;
  Parameters parameters_;
  DeciderNet<BFloat16> net_;
  std::vector<uint32_t> order_;
  uint64_t ordered_epoch_ = 0;
  size_t steps_per_epoch_ = 1;
  uint64_t steps_ = 1;
  DeciderLoss loss_;
  size_t tokens_ = 0, loss_steps_ = 0;
  double dev_logical_form_ = 0;
};

}  // namespace

Result<SqlRecipe> sql_recipe_from_json(const Json& json) {
  SqlRecipe recipe;
  recipe.source = json;
  recipe.name = TRY(base::json_string(json, "name"));
  recipe.version = TRY(base::json_string(json, "version"));
  recipe.shape = TRY(model::decider_config_from_json(*TRY(base::json_object(json, "shape"))));
  TRY(optional_number(json, "seed", 0, 1e15, [&](double x) { recipe.seed = static_cast<uint64_t>(x); }));
  TRY(optional_number(json, "epochs", 0.001, 1000, [&](double x) { recipe.epochs = x; }));
  TRY(optional_number(json, "batch_examples", 1, 2048, [&](double x) { recipe.batch_examples = static_cast<size_t>(x); }));
  TRY(optional_number(json, "shards", 1, 64, [&](double x) { recipe.shards = static_cast<size_t>(x); }));
  TRY(optional_number(json, "warmup_steps", 0, 1e6, [&](double x) { recipe.warmup_steps = static_cast<size_t>(x); }));
  TRY(optional_number(json, "learning_rate", 1e-6, 1, [&](double x) { recipe.adam.learning_rate = static_cast<float>(x); }));
  TRY(optional_number(json, "weight_decay", 0, 1, [&](double x) { recipe.adam.weight_decay = static_cast<float>(x); }));
  TRY(optional_number(json, "beta2", 0.5, 0.99999, [&](double x) { recipe.adam.beta2 = static_cast<float>(x); }));
  TRY(optional_number(json, "clip_norm", 1e-3, 1e6, [&](double x) { recipe.adam.clip_norm = static_cast<float>(x); }));
  TRY(optional_number(json, "average_decay", 0, 0.999999, [&](double x) { recipe.adam.average_decay = static_cast<float>(x); }));
  TRY(optional_number(json, "dropout", 0, 0.9, [&](double x) { recipe.dropout = static_cast<float>(x); }));
  if (json.contains("augmentation")) {
    const Json& a = *TRY(base::json_object(json, "augmentation"));
    auto& out = recipe.augmentation;
    TRY(optional_number(a, "without_cells", 0, 1, [&](double x) { out.without_cells = x; }));
    TRY(optional_number(a, "missing_value", 0, 1, [&](double x) { out.missing_value = x; }));
    TRY(optional_number(a, "wrong_table", 0, 1, [&](double x) { out.wrong_table = x; }));
    TRY(optional_number(a, "dropped_column", 0, 1, [&](double x) { out.dropped_column = x; }));
    TRY(optional_number(a, "synthetic", 0, 1, [&](double x) { out.synthetic = x; }));
    TRY(optional_number(a, "unsupported", 0, 1, [&](double x) { out.unsupported = x; }));
    TRY(optional_number(a, "extra_span", 0, 1, [&](double x) { out.extra_span = x; }));
    TRY(optional_number(a, "partial_value", 0, 1, [&](double x) { out.partial_value = x; }));
    TRY(optional_number(a, "other_operator", 0, 1, [&](double x) { out.other_operator = x; }));
    TRY(optional_number(a, "masked_word", 0, 1, [&](double x) { out.masked_word = x; }));
  }
  if (recipe.batch_examples < recipe.shards) return Error{ErrorCode::kInvalid, "recipe: \"batch_examples\" must be at least \"shards\""};
  return recipe;
}

Result<TrainedDecider> train_sql_decider(const SqlRecipe& recipe, const TrainOptions& options) {
  auto train = TRY(SqlCorpus::load(options.data_directory, "train", CorpusPart::kTraining, options.questions_max));
  auto dev = TRY(SqlCorpus::load(options.data_directory, "dev", CorpusPart::kAll, options.dev_questions_max));
  if (train.questions().size() < recipe.batch_examples)
    return Error{ErrorCode::kInvalid, fmt::format("{} training questions are fewer than one batch of {}", train.questions().size(), recipe.batch_examples)};
  text::BpeTrainOptions bpe;
  bpe.vocab_size = recipe.shape.vocabulary;
  for (const auto name : model::special_token_names()) bpe.special_tokens.emplace_back(name);
  const auto words = count_words(train);
  auto tokenizer = TRY(text::BpeTokenizer::train(words, bpe));
  return Trainer(recipe, options, std::move(train), std::move(dev), std::move(tokenizer)).run();
}

}  // namespace cadre::train
