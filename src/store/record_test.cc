// The expected hashes were computed from the layouts in record.h by an independent program (Python's hashlib).
// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <gtest/gtest.h>

#include <numeric>

namespace cadre::store {
namespace {

RunId counting_run() {
  RunId run;
  std::iota(run.bytes.begin(), run.bytes.end(), uint8_t{0});
  return run;
}

RecordHeader begin_record() {
  Salt salt;
  std::iota(salt.begin(), salt.end(), uint8_t{16});
  return {.run = counting_run(),
          .sequence = 0,
          .kind = "run.begin",
          .wall_us = 1'700'000'000'000'000,
          .payload_hash = payload_hash(salt, R"({"a":1})"),
          .previous_hash = first_previous_hash(counting_run(), "ask")};
}

TEST(Record, HashesAreThoseOfTheDocumentedLayout) {
  const auto record = begin_record();
  EXPECT_EQ(canonical_bytes(record).size(), 123u);
  EXPECT_EQ(base::to_hex(record.payload_hash), "5d73cdfb7170239390f73daa51fa4a6dd6f90246cdb78ebbd68222710dae3536");
  EXPECT_EQ(base::to_hex(record.previous_hash), "65d51509c225d375f00ad98d841c3799643b1055f7dc3cd9e35016209ed7e78a");
  EXPECT_EQ(base::to_hex(record_hash(record)), "e071baad9b3cdee9d7a3cfd56d152c8612087ead17404025b5270daa61701866");
}

TEST(Record, CheckpointHashesAreThoseOfTheDocumentedLayout) {
  const RunHead head{.run = counting_run(), .records = 1, .hash = record_hash(begin_record())};
  const Sha256 heads = heads_hash({&head, 1});
  EXPECT_EQ(base::to_hex(heads), "05b21094539a31355ea1fc6bcecfaa524df6dbd0cd38e49036569ba92b01770a");
  const CheckpointHeader checkpoint{.number = 1, .wall_us = -5, .run_count = 1, .heads_hash = heads};
  EXPECT_EQ(base::to_hex(checkpoint_hash(checkpoint)),
            "a6b6831ae5656bfe6c48316ed7ef1730229469f8396b194696a9143543b4e269");
}

TEST(Record, EveryFieldChangesTheHash) {
  const Sha256 original = record_hash(begin_record());
  auto changed = begin_record();
  changed.run.bytes[15] ^= 1;
  EXPECT_NE(record_hash(changed), original);
  changed = begin_record();
  changed.sequence = 1;
  EXPECT_NE(record_hash(changed), original);
  changed = begin_record();
  changed.kind = "run.begim";
  EXPECT_NE(record_hash(changed), original);
  changed = begin_record();
  changed.wall_us += 1;
  EXPECT_NE(record_hash(changed), original);
  changed = begin_record();
  changed.payload_hash[0] ^= 1;
  EXPECT_NE(record_hash(changed), original);
  changed = begin_record();
  changed.previous_hash[31] ^= 1;
  EXPECT_NE(record_hash(changed), original);
}

TEST(Record, KindsAreShortAndPlain) {
  for (const char* kind : {"a", "step.begin", "tool-call_2.done"}) EXPECT_TRUE(check_kind(kind).ok()) << kind;
  EXPECT_TRUE(check_kind(std::string(64, 'k')).ok());
  for (const char* kind : {"", "Step", "step begin", "st\xc3\xa9p", "a/b"}) EXPECT_FALSE(check_kind(kind).ok()) << kind;
  EXPECT_FALSE(check_kind(std::string(65, 'k')).ok());
}

}  // namespace
}  // namespace cadre::store
