// SPDX-License-Identifier: Apache-2.0
#include "train/router_net_trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "train/router_train_math.h"

namespace cadre::train {
namespace {

// Three intents that words tell apart, and texts of none of them.
std::vector<RouterExample> toy_examples() {
  constexpr const char* kVerbs[] = {"freeze", "play", "translate"};
  constexpr const char* kObjects[] = {"my account", "the song", "this word", "it now", "that one please", "everything"};
  std::vector<RouterExample> examples;
  for (int32_t label = 0; label < 3; ++label)
    for (const char* object : kObjects)
      examples.push_back({model::ngram_features(std::string(kVerbs[label]) + " " + object), label, 0, 0});
  for (const char* object : kObjects)
    examples.push_back({model::ngram_features(std::string("is rain ") + object), kNoLabel, 0, 0});
  return examples;
}

std::vector<uint32_t> all_of(const std::vector<RouterExample>& examples) {
  std::vector<uint32_t> chosen(examples.size());
  std::iota(chosen.begin(), chosen.end(), 0u);
  return chosen;
}

RouterNetOptions small_options() {
  RouterNetOptions options;
  options.rows = 64, options.width = 6, options.hidden = 10, options.epochs = 40, options.batch_examples = 4;
  options.learning_rate = 0.01f, options.feature_dropout = 0.2f, options.hidden_dropout = 0.1f,
  options.label_smoothing = 0.0f;
  return options;
}

// Finite differences of the loss at every fifth value of every array.
TEST(RouterNetTrainer, GradientsAreThoseOfTheLoss) {
  const auto examples = toy_examples();
  for (const size_t which : {size_t{1}, examples.size() - 1}) {
    RouterNetTraining training(3, small_options(), base::Random(3));
    // Away from the kinks of ReLU: biases large enough that a small step changes no sign.
    for (float& bias : training.dense_arrays()[1]->values) bias = 0.7f;
    training.add_example(examples[which], nullptr);
    const auto table_gradient = training.table_gradient();
    std::array<std::vector<float>, 4> dense_gradients;
    for (size_t i = 0; i < 4; ++i) dense_gradients[i] = training.dense_arrays()[i]->gradient;

    const auto check = [&](std::vector<float>& values, const std::vector<float>& gradient, const char* name) {
      double checked = 0;
      for (size_t i = 0; i < values.size(); i += 5) {
        const float kept = values[i], step = 1e-2f;
        values[i] = kept + step;
        const double above = training.add_example(examples[which], nullptr);
        values[i] = kept - step;
        const double below = training.add_example(examples[which], nullptr);
        values[i] = kept;
        EXPECT_NEAR((above - below) / (2 * static_cast<double>(step)), gradient[i], 2e-3) << name << " " << i;
        checked += std::abs(gradient[i]);
      }
      EXPECT_GT(checked, 1e-3) << name << ": all zero, nothing was checked";
    };
    check(training.tables(), table_gradient, "tables");
    constexpr const char* kNames[] = {"hidden", "hidden bias", "output", "output bias"};
    for (size_t i = 0; i < 4; ++i) check(training.dense_arrays()[i]->values, dense_gradients[i], kNames[i]);
  }
}

TEST(RouterNetTrainer, LearnsWhatWordsTellApartAndWhatIsNone) {
  const auto examples = toy_examples();
  double last_loss = 0;
  const auto weights = train_router_net(examples, all_of(examples), 3, small_options(), base::Random(1),
                                        [&](size_t, double loss) { last_loss = loss; });
  EXPECT_LT(last_loss, 0.3);
  const auto net = model::RouterNet::make(weights).value();
  for (const auto& example : examples) {
    const auto probabilities = net.probabilities(example.features);
    for (int32_t label = 0; label < 3; ++label)
      EXPECT_EQ(probabilities[static_cast<size_t>(label)] > 0.5f, label == example.label);
  }
}

TEST(RouterNetTrainer, TheSameSeedGivesTheSameWeights) {
  const auto examples = toy_examples();
  auto options = small_options();
  options.epochs = 3;
  options.label_smoothing = 0.1f;
  const auto train = [&](uint64_t seed) {
    return train_router_net(examples, all_of(examples), 3, options, base::Random(seed), {});
  };
  EXPECT_EQ(train(7).tables, train(7).tables);
  EXPECT_EQ(train(7).output_scales, train(7).output_scales);
  EXPECT_NE(train(7).tables, train(8).tables);
}

TEST(LinearTrainer, LearnsWhatWordsTellApartAndWhatIsNone) {
  const auto examples = toy_examples();
  const LinearOptions options{.buckets = 256, .epochs = 20, .learning_rate = 0.1f, .weight_decay = 1e-4f};
  const auto classifier =
      model::LinearClassifier::make(train_linear(examples, all_of(examples), 3, options, base::Random(1), {})).value();
  for (const auto& example : examples) {
    const auto probabilities = classifier.probabilities(example.features);
    for (int32_t label = 0; label < 3; ++label)
      EXPECT_EQ(probabilities[static_cast<size_t>(label)] > 0.5f, label == example.label);
  }
}

TEST(LinearTrainer, TextsThatAreNotChosenAreNotSeen) {
  const auto examples = toy_examples();
  const LinearOptions options{.buckets = 256, .epochs = 2};
  const std::vector<uint32_t> chosen = {0, 7, 13};
  const std::vector<RouterExample> few = {examples[0], examples[7], examples[13]};
  const auto a = train_linear(examples, chosen, 3, options, base::Random(2), {});
  const auto b = train_linear(few, std::vector<uint32_t>{0, 1, 2}, 3, options, base::Random(2), {});
  EXPECT_EQ(a.weights, b.weights);
}

TEST(RouterTrainMath, DotAddsSixteenLanesThenTheLanes) {
  base::Random random(4);
  for (const size_t count : {0u, 1u, 15u, 16u, 17u, 150u}) {
    std::vector<float> x(count), y(count);
    double exact = 0;
    for (size_t i = 0; i < count; ++i) {
      x[i] = static_cast<float>(random.normal()), y[i] = static_cast<float>(random.normal());
      exact += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    }
    EXPECT_NEAR(dot(x.data(), y.data(), count), exact, 1e-4);
  }
}

TEST(RouterTrainMath, RoundingKeepsEachColumnWithinHalfAStep) {
  const std::vector<float> values = {1.0f, 0.001f, 0.0f, -0.5f, -0.002f, 0.0f};
  const auto [rounded, scales] = quantize_columns(values, 3);
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(static_cast<float>(rounded[i]) * scales[i % 3], values[i], scales[i % 3] * 0.501f);
  EXPECT_EQ(rounded[0], 127);
  EXPECT_EQ(rounded[4], -127);
  EXPECT_EQ(scales[2], 0.0f);
}

}  // namespace
}  // namespace cadre::train
