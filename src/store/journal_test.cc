// What a journal does while nothing crashes; tests/journal_crash_test.cc and tests/journal_kill_test.cc have the rest.
// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "base/file.h"
#include "store/sqlite.h"

namespace cadre::store {
namespace {

using base::Json;
using testing::HasSubstr;

class JournalTest : public testing::Test {
 protected:
  Journal open(JournalOptions options = {}) {
    if (options.clock == &base::system_clock()) options.clock = &clock_;
    return Journal::open(path_, std::move(options)).value();
  }
  // Changes the file behind the journal's back.
  void tamper(std::string_view sql) {
    auto database = Database::open(path_).value();
    ASSERT_TRUE(database.exec(sql).ok()) << sql;
  }

  // Goes on with a copy of the (closed) journal, so that each tampering starts from the same file.
  void use_copy_of(const std::string& original) {
    path_ = folder_.path() + "/copy-" + std::to_string(++files_) + ".db";
    ASSERT_TRUE(base::replace_file(path_, base::read_file(original).value()).ok());
  }

  int files_ = 0;
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  std::string path_ = folder_.path() + "/journal.db";
  base::ManualClock clock_{1'700'000'000'000'000};
};

TEST_F(JournalTest, ARunReadsBackInOrderWithItsPayloads) {
  auto journal = open();
  const RunId run = journal.begin_run("ask", {{"question", "how many?"}}).value();
  clock_.advance_us(5);
  ASSERT_TRUE(journal.append(run, "step.begin", {{"z", 1}, {"a", 2.5}}).ok());
  ASSERT_TRUE(journal.append(run, "step.end", nullptr).ok());
  ASSERT_TRUE(journal.finish_run(run, RunState::kDone, {{"answer", 42}}).ok());

  const auto records = journal.read_run(run).value();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].kind, "run.begin");
  EXPECT_EQ(records[1].kind, "step.begin");
  EXPECT_EQ(records[1].sequence, 1);
  EXPECT_EQ(records[1].wall_us, 1'700'000'000'000'005);
  EXPECT_EQ(base::dump_json(*records[1].payload), R"({"z":1,"a":2.5})");
  EXPECT_TRUE(records[2].payload->is_null());
  EXPECT_EQ(records[3].kind, "run.done");
  for (size_t i = 1; i < records.size(); ++i) EXPECT_EQ(records[i].previous_hash, records[i - 1].hash);
  EXPECT_EQ(journal.run_summary(run)->head, records[3].hash);
  EXPECT_EQ(journal.verify(run)->records, 4);
}

TEST_F(JournalTest, AReaderOfALongRunReadsEveryRecordOnceAndGoesOnAsItGrows) {
  Journal journal = open();
  const RunId run = journal.begin_run("ask", {{"n", 0}}).value();
  const RunId other = journal.begin_run("ask", {{"n", -1}}).value();
  constexpr int64_t kRecords = 10'000;
  for (int64_t n = 1; n < kRecords; n += 999) {
    std::vector<Event> events;
    for (int64_t k = n; k < std::min(n + 999, kRecords); ++k) events.push_back({"step.begin", {{"n", k}}});
    ASSERT_TRUE(journal.append(run, events).ok());
    ASSERT_TRUE(journal.append(other, "step.begin", {{"n", n}}).ok());
  }
  RunCursor cursor(run);
  int64_t next = 0;
  int64_t pieces = 0;
  while (true) {
    const auto piece = journal.read_on(cursor, 64);
    ASSERT_TRUE(piece.ok()) << piece.error().message;
    if (piece->empty()) break;
    ++pieces;
    for (const Record& record : *piece) EXPECT_EQ((*record.payload)["n"], next++);
  }
  EXPECT_EQ(next, kRecords);
  EXPECT_EQ(pieces, (kRecords + 63) / 64);
  EXPECT_EQ(cursor.rows_read(), 2 * kRecords) << "each record's link once and each record once";
  ASSERT_TRUE(journal.append(run, "step.begin", {{"n", kRecords}}).ok());
  EXPECT_EQ(journal.read_on(cursor, 64).value().size(), 1U);
  EXPECT_EQ(cursor.rows_read(), 2 * kRecords + 2);
  EXPECT_TRUE(journal.read_on(cursor, 64).value().empty());
  RunCursor late(run, kRecords - 2);
  const auto rest = journal.read_on(late, 64).value();
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].sequence, kRecords - 1);
  EXPECT_EQ(late.rows_read(), 4);
  RunCursor beyond(run, kRecords + 5);
  EXPECT_TRUE(journal.read_on(beyond, 64).value().empty());
  RunCursor unknown(RunId::make(1, {}));
  EXPECT_EQ(journal.read_on(unknown, 1).error().code, ErrorCode::kNotFound);
}

TEST_F(JournalTest, AReaderNoticesRecordsThatWereChanged) {
  RunId run;
  {
    Journal journal = open();
    run = journal.begin_run("ask", {{"n", 0}}).value();
    for (int n = 1; n < 4; ++n) ASSERT_TRUE(journal.append(run, "step.begin", {{"n", n}}).ok());
  }
  const std::string original = path_;
  const auto damaged = [&](const char* sql) {
    use_copy_of(original);
    tamper(sql);
    Journal journal = open();
    RunCursor cursor(run);
    const auto piece = journal.read_on(cursor, 64);
    return piece.ok() ? std::string("read") : piece.error().message;
  };
  EXPECT_EQ(damaged("SELECT 1"), "read");
  EXPECT_THAT(
      damaged("UPDATE payloads SET payload = CAST('{\"n\":7}' AS BLOB) WHERE id = (SELECT max(id) - 1 FROM payloads)"),
      HasSubstr("record 2: its payload was changed"));
  EXPECT_THAT(damaged("UPDATE records SET wall_us = 7 WHERE id = (SELECT max(id) - 1 FROM records)"),
              HasSubstr("record 2: it was changed"));
  EXPECT_THAT(damaged("DELETE FROM records WHERE id = (SELECT max(id) - 1 FROM records)"), HasSubstr("record 2"));
}

TEST_F(JournalTest, WhatWasAcknowledgedIsThereAfterReopening) {
  RunId run;
  {
    auto journal = open();
    run = journal.begin_run("ask", {}).value();
    ASSERT_TRUE(journal.append(run, "step", {{"n", 1}}).ok());
  }
  EXPECT_EQ(open().read_run(run)->size(), 2u);
}

TEST_F(JournalTest, ClosingWritesWhatWasQueued) {
  RunId run;
  {
    auto journal = open();
    run = journal.begin_run("ask", {}).value();
    for (int i = 0; i < 500; ++i) (void)journal.append_async(run, "step", {{"n", i}});
  }
  const auto records = open().read_run(run).value();
  ASSERT_EQ(records.size(), 501u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ((*records[static_cast<size_t>(i) + 1].payload)["n"], i);
}

TEST_F(JournalTest, SeveralEventsAreAppendedTogetherOrNotAtAll) {
  auto journal = open();
  const RunId run = journal.begin_run("ask", {}).value();
  const std::vector<Event> good = {{"call.intent", {{"tool", "sql"}}}, {"call.result", {{"rows", 3}}}};
  ASSERT_TRUE(journal.append(run, good).ok());
  const std::vector<Event> bad = {{"call.intent", {}}, {"Not A Kind", {}}};
  EXPECT_EQ(journal.append(run, bad).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal.append(run, std::vector<Event>{}).error().code, ErrorCode::kLimit);
  EXPECT_EQ(journal.append(run, std::vector<Event>(kEventsPerAppendMax + 1, good[0])).error().code, ErrorCode::kLimit);
  EXPECT_EQ(journal.read_run(run)->size(), 3u);
}

TEST_F(JournalTest, AFinishedRunTakesNothingMore) {
  auto journal = open();
  const RunId run = journal.begin_run("ask", {}).value();
  ASSERT_TRUE(journal.finish_run(run, RunState::kDeclined, {{"why", "a poem"}}).ok());
  EXPECT_EQ(journal.append(run, "step", {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal.finish_run(run, RunState::kDone, {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal.resume_run(run, {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal.run_summary(run)->state, RunState::kDeclined);
  EXPECT_EQ(journal.run_summary(run)->owner, Owner::kNone);
}

TEST_F(JournalTest, ARefusedAppendDoesNotHarmTheOthersOfItsBatch) {
  std::atomic<bool> is_held{false};
  auto journal = open({.test = {.before_batch = [&] { is_held.wait(true); }}});
  const RunId run = journal.begin_run("ask", {}).value();
  is_held = true;
  const auto first = journal.append_async(run, "step", {});
  const auto unknown = journal.append_async(RunId{}, "step", {});
  const auto last = journal.append_async(run, "step", {});
  is_held = false;
  is_held.notify_all();
  EXPECT_TRUE(first.wait().ok());
  EXPECT_EQ(unknown.wait().error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(last.wait().ok());
  EXPECT_EQ(journal.read_run(run)->size(), 3u);
  EXPECT_EQ(journal.commit_counts().commits, 2);
}

TEST_F(JournalTest, TheJournalsOwnKindsAndUnboundedPayloadsAreRefused) {
  auto journal = open();
  const RunId run = journal.begin_run("ask", {}).value();
  EXPECT_EQ(journal.append(run, "run.done", {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal.begin_run("Ask me", {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal.append(run, "step", std::string(kPayloadSizeBytesMax, 'x')).error().code, ErrorCode::kLimit);
  Json deep;
  for (int i = 0; i <= kPayloadDepthMax; ++i) deep = Json::array({deep});
  EXPECT_EQ(journal.append(run, "step", deep).error().code, ErrorCode::kLimit);
  EXPECT_EQ(journal.read_run(run)->size(), 1u);
}

TEST_F(JournalTest, TextThatIsNotUtf8IsReplacedBeforeItIsHashed) {
  auto journal = open();
  const RunId run = journal.begin_run("ask", {{"question", std::string("a\xff\0b", 4)}}).value();
  EXPECT_EQ((*journal.read_run(run).value()[0].payload)["question"], std::string("a\xEF\xBF\xBD\0b", 6));
}

TEST_F(JournalTest, ErasedPayloadsAreGoneFromTheFilesAndTheChainStillVerifies) {
  RunId erased, kept;
  {
    auto journal = open();
    erased = journal.begin_run("ask", {{"question", "SECRETALPHA"}}).value();
    kept = journal.begin_run("ask", {{"question", "PUBLICBETA"}}).value();
    ASSERT_TRUE(journal.append(erased, "step", {{"x", "SECRETALPHA " + std::string(20'000, 'y')}}).ok());
    const auto erasure = journal.erase_payloads(std::vector{erased}).value();
    EXPECT_EQ(erasure.payloads, 2);
    EXPECT_TRUE(erasure.log_truncated);
    EXPECT_EQ(journal.erase_payloads(std::vector{erased})->payloads, 0);
    EXPECT_EQ(journal.erase_payloads(std::vector{kept, RunId{}}).error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(journal.append(erased, "step", {{"x", "later"}}).ok());
    const auto records = journal.read_run(erased).value();
    EXPECT_FALSE(records[0].payload.has_value());
    EXPECT_TRUE(records[2].payload.has_value());
    EXPECT_EQ(journal.verify_all()->payloads_erased, 2);
  }
  const auto bytes = base::read_file(path_).value();
  EXPECT_EQ(bytes.find("SECRETALPHA"), std::string::npos);
  EXPECT_EQ(bytes.find("yyyyyyyy"), std::string::npos);
  EXPECT_NE(bytes.find("PUBLICBETA"), std::string::npos);
}

TEST_F(JournalTest, VerifyNamesTheFirstBadRecord) {
  struct Case {
    const char* sql;
    const char* complaint;
  };
  const Case cases[] = {
      {"UPDATE records SET kind = 'forged' WHERE sequence = 2", "record 2: it was changed"},
      {"UPDATE records SET wall_us = wall_us + 1 WHERE sequence IN (1, 3)", "record 1: it was changed"},
      {"UPDATE records SET previous_hash = zeroblob(32) WHERE sequence = 1", "record 1: it was changed"},
      {"UPDATE records SET hash = zeroblob(31) WHERE sequence = 1", "record 1: journal: a hash has 31 bytes"},
      {"UPDATE records SET sequence = 7 WHERE sequence = 1", "record 1: another record stands in its place"},
      {"UPDATE payloads SET payload = CAST('{\"n\":9}' AS BLOB) WHERE id = 3", "record 2: its payload was changed"},
      {"UPDATE payloads SET salt = zeroblob(16) WHERE id = 3", "record 2: its payload was changed"},
      {"UPDATE payloads SET payload = NULL WHERE id = 3", "record 2: its payload was changed"},
      {"DELETE FROM payloads WHERE id = 3", "record 2: its payload is missing"},
      {"DELETE FROM records WHERE sequence = 1", "record 1: it is missing"},
      {"UPDATE runs SET kind = 'eval'", "record 0: it does not begin a run of this kind"},
      {"UPDATE runs SET state = 1", "record 4: it does not agree with the state"},
      {"UPDATE runs SET head = zeroblob(32)", "record 4: its hash is not the one"},
      {"UPDATE runs SET records = 4", "another record stands in its place"},
      {"UPDATE runs SET begun_us = 1", "record 0: the run says that it began at another time"},
      {"UPDATE runs SET state = 9", "unknown state 9"},
  };
  const std::string original = path_;
  RunId run;
  {
    auto journal = open();
    run = journal.begin_run("ask", {}).value();
    for (int i = 1; i < 5; ++i) ASSERT_TRUE(journal.append(run, "step", {{"n", i}}).ok());
    ASSERT_TRUE(journal.verify_all().ok());
  }
  for (const auto& tampering : cases) {
    use_copy_of(original);
    tamper(tampering.sql);
    const auto journal = open({.read_only = true});
    for (const auto& error :
         {journal.verify(run).error(), journal.verify_all().error(), journal.read_run(run).error()}) {
      EXPECT_EQ(error.code, ErrorCode::kCorrupt) << tampering.sql;
      EXPECT_NE(error.message.find(tampering.complaint), std::string::npos) << tampering.sql << ": " << error.message;
    }
  }
}

TEST_F(JournalTest, CheckpointsNoticeRunsAndEndsOfRunsThatWereCutOff) {
  const std::string original = path_;
  {
    auto journal = open();
    for (int run_number = 0; run_number < 3; ++run_number) {
      clock_.advance_us(1000);
      const RunId run = journal.begin_run("ask", {}).value();
      ASSERT_TRUE(journal.append(run, "step", {}).ok());
      EXPECT_EQ(journal.write_checkpoint().value(), run_number + 1);
      EXPECT_EQ(journal.write_checkpoint().value(), 0);
    }
    EXPECT_EQ(journal.verify_all()->checkpoints, 3);
  }
  struct Case {
    const char* sql;
    const char* complaint;
  };
  const Case cases[] = {
      // The whole of one run, neatly.
      {"DELETE FROM runs WHERE head_id = 4; DELETE FROM payloads WHERE id IN (3, 4); DELETE FROM records WHERE id IN "
       "(3, 4)",
       "checkpoint 2 knows record 1 of run"},
      // The last record of one run, neatly.
      {"UPDATE runs SET records = 1, head_id = 3, head = (SELECT hash FROM records WHERE id = 3) WHERE head_id = 4;"
       "DELETE FROM payloads WHERE id = 4; DELETE FROM records WHERE id = 4",
       "checkpoint 2 knows record 1 of run"},
      {"DELETE FROM checkpoints WHERE number = 2", "checkpoint 2: it is missing"},
      {"UPDATE checkpoints SET wall_us = 0 WHERE number = 2", "checkpoint 2: it was changed"},
      {"DELETE FROM checkpoint_heads WHERE checkpoint = 3", "checkpoint 3: its list of run heads was changed"},
      {"INSERT INTO records SELECT 99, run, 9, kind, wall_us, payload_hash, previous_hash, hash, 0 FROM records WHERE "
       "id = 1",
       "it holds 7 records, its runs only 6"},
  };
  for (const auto& tampering : cases) {
    use_copy_of(original);
    tamper(tampering.sql);
    const auto error = open({.read_only = true}).verify_all().error();
    EXPECT_NE(error.message.find(tampering.complaint), std::string::npos) << tampering.sql << ": " << error.message;
  }
}

TEST_F(JournalTest, CheckpointsAreWrittenByThemselvesAcrossReopening) {
  for (int i = 0; i < 6; ++i) {
    auto journal = open({.checkpoint_every_records = 4});
    ASSERT_TRUE(journal.begin_run("ask", {}).ok());
    ASSERT_TRUE(journal.begin_run("ask", {}).ok());
  }
  EXPECT_EQ(open().verify_all()->checkpoints, 3);
}

TEST_F(JournalTest, FilesThatAreNoJournalAreRefusedAndLeftAlone) {
  ASSERT_TRUE(Database::open(path_).value().exec("CREATE TABLE customers(name)").ok());
  const auto before = base::read_file(path_).value();
  EXPECT_EQ(Journal::open(path_).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Journal::open(path_, {.read_only = true}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(base::read_file(path_).value(), before);
  EXPECT_FALSE(base::file_exists(path_ + "-owners"));

  const std::string text = folder_.path() + "/notes.txt";
  ASSERT_TRUE(base::replace_file(text, "dear diary " + std::string(2000, '.')).ok());
  EXPECT_EQ(Journal::open(text).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(Journal::open(folder_.path()).error().code, ErrorCode::kInvalid);
}

TEST_F(JournalTest, AnotherVersionIsRefusedByNumber) {
  open();
  tamper("PRAGMA user_version = 7");
  for (const bool read_only : {false, true}) {
    const auto error = Journal::open(path_, {.read_only = read_only}).error();
    EXPECT_EQ(error.code, ErrorCode::kUnsupported);
    EXPECT_NE(error.message.find("version 7"), std::string::npos) << error.message;
  }
}

TEST_F(JournalTest, PlacesWhereNothingCanBeWrittenAreNamed) {
  for (const char* place : {"/proc/journal.db", "/nonexistent/journal.db"}) {
    const auto error = Journal::open(place).error();
    EXPECT_EQ(error.code, ErrorCode::kIo) << place;
    EXPECT_NE(error.message.find(place), std::string::npos);
  }
  EXPECT_EQ(Journal::open(path_, {.read_only = true}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(base::replace_file(path_, "").ok());
  EXPECT_EQ(Journal::open(path_, {.read_only = true}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Journal::open(path_).ok());
}

TEST_F(JournalTest, TheFilesAreReadableByTheirOwnerOnly) {
  auto journal = open();
  ASSERT_TRUE(journal.begin_run("ask", {}).ok());
  for (const char* suffix : {"", "-wal", "-shm", "-owners"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(JournalTest, AJournalLockedBySomebodyElseIsBusyAndNothingIsAcknowledged) {
  auto journal = open({.busy_timeout_ms = 20});
  const RunId run = journal.begin_run("ask", {}).value();
  {
    auto other = Database::open(path_).value();
    ASSERT_TRUE(other.exec("BEGIN IMMEDIATE").ok());
    EXPECT_EQ(journal.append(run, "step", {{"n", 1}}).error().code, ErrorCode::kBusy);
    EXPECT_EQ(journal.read_run(run)->size(), 1u);
  }
  ASSERT_TRUE(journal.append(run, "step", {{"n", 2}}).ok());
  EXPECT_EQ(journal.read_run(run)->size(), 2u);
}

TEST_F(JournalTest, AReadOnlyJournalSeesWhatAnotherWritesAndWritesNothing) {
  auto writer = open();
  const RunId run = writer.begin_run("ask", {}).value();
  auto reader = open({.read_only = true});
  ASSERT_TRUE(writer.append(run, "step", {}).ok());
  EXPECT_EQ(reader.read_run(run)->size(), 2u);
  EXPECT_EQ(reader.run_summary(run)->owner, Owner::kOther);
  EXPECT_EQ(writer.run_summary(run)->owner, Owner::kThis);
  EXPECT_EQ(reader.append(run, "step", {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(reader.begin_run("ask", {}).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(reader.verify_all().ok());
}

TEST_F(JournalTest, TwoWritersShareAFileAndEachOwnsItsRuns) {
  auto first = open();
  auto second = open();
  const RunId one = first.begin_run("ask", {}).value();
  const RunId two = second.begin_run("ask", {}).value();
  std::thread other([&] {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(second.append(two, "step", {}).ok());
  });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(first.append(one, "step", {}).ok());
  other.join();
  EXPECT_EQ(second.append(one, "step", {}).error().code, ErrorCode::kBusy);
  EXPECT_EQ(second.resume_run(one, {}).error().code, ErrorCode::kBusy);
  EXPECT_EQ(first.read_run(two)->size(), 21u);
  EXPECT_EQ(first.verify_all()->records, 42);
}

TEST_F(JournalTest, ARunWhoseOwnerIsGoneIsResumedOnce) {
  RunId run;
  {
    auto gone = open();
    run = gone.begin_run("ask", {}).value();
  }
  auto first = open();
  auto second = open();
  const auto unfinished = first.unfinished_runs().value();
  ASSERT_EQ(unfinished.size(), 1u);
  EXPECT_EQ(unfinished[0].run, run);
  EXPECT_EQ(unfinished[0].owner, Owner::kDead);
  EXPECT_EQ(first.append(run, "step", {}).error().code, ErrorCode::kBusy);
  ASSERT_TRUE(first.resume_run(run, {{"after", "a crash"}}).ok());
  EXPECT_EQ(second.resume_run(run, {}).error().code, ErrorCode::kBusy);
  EXPECT_EQ(first.resume_run(run, {}).error().code, ErrorCode::kBusy);
  ASSERT_TRUE(first.finish_run(run, RunState::kFailed, {}).ok());
  const auto records = second.read_run(run).value();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].kind, "run.resume");
  EXPECT_TRUE(second.unfinished_runs()->empty());
}

TEST_F(JournalTest, RunsAreListedNewestFirstAndFoundByPrefix) {
  auto journal = open();
  std::vector<RunId> runs;
  for (int i = 0; i < 3; ++i) {
    runs.push_back(journal.begin_run("ask", {}).value());
    clock_.advance_us(int64_t{1} << 40);  // so that the first digits differ
  }
  const auto listed = journal.list_runs(2).value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].run, runs[2]);
  EXPECT_EQ(listed[1].run, runs[1]);
  EXPECT_EQ(listed[0].kind, "ask");
  EXPECT_EQ(journal.find_run(runs[1].text()).value(), runs[1]);
  EXPECT_EQ(journal.find_run(runs[1].text().substr(0, 8)).value(), runs[1]);
  const auto ambiguous = journal.find_run("0").error();
  EXPECT_EQ(ambiguous.code, ErrorCode::kInvalid);
  EXPECT_NE(ambiguous.message.find(runs[0].text()), std::string::npos);
  EXPECT_EQ(journal.find_run("ffff").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(journal.read_run(RunId{}).error().code, ErrorCode::kNotFound);
}

TEST_F(JournalTest, ManyThreadsShareTheSyncs) {
  constexpr int kThreads = 32, kAppends = 25;
  auto journal = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const RunId run = journal.begin_run("ask", {{"thread", t}}).value();
      for (int i = 0; i < kAppends; ++i) EXPECT_TRUE(journal.append(run, "step", {{"n", i}}).ok());
    });
  }
  for (auto& thread : threads) thread.join();
  const auto counts = journal.commit_counts();
  EXPECT_EQ(counts.records, kThreads * (kAppends + 1));
  EXPECT_LT(counts.commits, counts.records / 2);
  EXPECT_EQ(journal.verify_all()->records, counts.records);
}

TEST_F(JournalTest, EntropyThatFailsIsAnErrorNotAWeakId) {
  auto journal = open();
  const RunId run = journal.begin_run("ask", {}).value();
  std::atomic<bool> is_broken{false};
  auto other = open({.entropy = [&](std::span<uint8_t> out) -> Result<void> {
    if (is_broken) return Error{ErrorCode::kIo, "no entropy"};
    return base::secure_random(out);
  }});
  is_broken = true;
  EXPECT_EQ(other.begin_run("ask", {}).error().message, "no entropy");
  EXPECT_EQ(other.append(run, "step", {}).error().message, "no entropy");
}

}  // namespace
}  // namespace cadre::store
