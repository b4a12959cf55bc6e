// The journal's promises under power cuts, kills and failing disks, on a disk that forgets (tests/crash_disk.h).
//
// One workload touches everything that writes: several runs, lone and shared commits, large payloads, erasure, checkpoints, a full
// write-ahead log, closing and reopening. The power is cut before and after every single sync point of it, each time with several
// ideas of what survived. What the ledger says was acknowledged must then be there. The same sweep must notice planted bugs.
// CADRE_CRASH_SEEDS=20 sweeps more random survivals (the default is 1).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "store/journal.h"
#include "tests/crash_disk.h"

namespace cadre::test {
namespace {

using base::Json;
using store::Event;
using store::Journal;
using store::JournalOptions;
using store::JournalTestHooks;
using store::Record;
using store::RunId;
using store::RunState;
using store::Ticket;

constexpr const char* kPath = "journal.db";

// What the world outside was told about one run.
struct LedgerRun {
  std::vector<int64_t> attempted;  // the numbers in its events, in order; the begin record first
  size_t acknowledged = 0;         // so many of them
  std::optional<RunState> finish_acknowledged;
  size_t erased = 0;  // the first so many payloads, acknowledged
};

struct Ledger {
  std::map<RunId, LedgerRun> runs;
  int64_t begins_failed = 0;  // may be there or not, under an id that nobody learned
  int64_t next_number = 0;
};

// Holds the journal's writer, so that what is appended meanwhile shares a commit.
class Gate {
 public:
  void pass() const { is_closed_.wait(true); }
  void close() { is_closed_ = true; }
  void open() {
    is_closed_ = false;
    is_closed_.notify_all();
  }

 private:
  std::atomic<bool> is_closed_{false};
};

// One process that writes the journal and keeps the ledger.
class Worker {
 public:
  Worker(CrashDisk& disk, Ledger& ledger, uint64_t seed, JournalTestHooks hooks = {})
      : disk_(disk), ledger_(ledger), random_(seed), hooks_(std::move(hooks)) {
    hooks_.before_batch = [this] { gate_.pass(); };
  }

  bool open() {
    journal_.reset();
    auto opened = Journal::open(kPath, options());
    if (opened.ok()) journal_.emplace(std::move(*opened));
    if (!opened.ok()) why_not_open_ = opened.error().message;
    return opened.ok();
  }
  const std::string& why_not_open() const { return why_not_open_; }
  void close() { journal_.reset(); }
  Journal& journal() { return *journal_; }

  std::optional<RunId> begin() {
    clock_.advance_us(1000);
    const int64_t number = ledger_.next_number++;
    auto run = journal_->begin_run("ask", payload(number));
    if (!run.ok()) {
      ledger_.begins_failed += 1;
      return std::nullopt;
    }
    ledger_.runs[*run] = {.attempted = {number}, .acknowledged = 1};
    return *run;
  }

  bool append(const RunId& run, int events = 1, size_t padding_bytes = 0) {
    return settle(run, journal_->append(run, make_events(run, events, padding_bytes)).ok());
  }

  // One commit for several runs.
  void append_together(const std::vector<RunId>& runs) {
    gate_.close();
    std::vector<Ticket> tickets;
    for (const auto& run : runs) tickets.push_back(journal_->append_async(run, make_events(run, 1, 0)));
    gate_.open();
    for (size_t i = 0; i < runs.size(); ++i) settle(runs[i], tickets[i].wait().ok());
  }

  void finish(const RunId& run, RunState outcome) {
    auto& entry = ledger_.runs[run];
    entry.attempted.push_back(ledger_.next_number++);
    if (!journal_->finish_run(run, outcome, payload(entry.attempted.back())).ok()) return;
    entry.acknowledged = entry.attempted.size();
    entry.finish_acknowledged = outcome;
  }

  bool resume(const RunId& run) {
    auto& entry = ledger_.runs[run];
    entry.attempted.push_back(ledger_.next_number++);
    return settle(run, journal_->resume_run(run, payload(entry.attempted.back())).ok());
  }

  void erase(const RunId& run) {
    auto& entry = ledger_.runs[run];
    if (journal_->erase_payloads(std::vector{run}).ok()) entry.erased = entry.acknowledged;
  }

 private:
  JournalOptions options() {
    return {.checkpoint_every_records = 7,
            .log_pages_max = 12,
            .clock = &clock_,
            .entropy =
                [this](std::span<uint8_t> out) {
                  for (auto& byte : out) byte = static_cast<uint8_t>(random_.next_u64());
                  return Result<void>();
                },
            .vfs_name = disk_.vfs_name(),
            .sync_folder = [this](const std::string&) { return disk_.sync_names(); },
            .test = hooks_};
  }

  Json payload(int64_t number, size_t padding_bytes = 0) {
    return {{"number", number}, {"padding", std::string(padding_bytes, 'p')}};
  }

  std::vector<Event> make_events(const RunId& run, int count, size_t padding_bytes) {
    clock_.advance_us(10);
    std::vector<Event> events;
    auto& entry = ledger_.runs[run];
    for (int i = 0; i < count; ++i) {
      entry.attempted.push_back(ledger_.next_number++);
      events.push_back({"step", payload(entry.attempted.back(), padding_bytes)});
    }
    return events;
  }

  bool settle(const RunId& run, bool is_acknowledged) {
    auto& entry = ledger_.runs[run];
    if (is_acknowledged) entry.acknowledged = entry.attempted.size();
    return is_acknowledged;
  }

  CrashDisk& disk_;
  Ledger& ledger_;
  base::Random random_;
  JournalTestHooks hooks_;
  base::ManualClock clock_{1'700'000'000'000'000};
  Gate gate_;
  std::optional<Journal> journal_;
  std::string why_not_open_;
};

// The workload of the sweep. The power may go at any moment; then all that is left fails quickly.
void work(Worker& worker) {
  if (!worker.open()) return;
  const auto a = worker.begin();
  const auto b = worker.begin();
  if (!a || !b) return;
  worker.append(*a);
  worker.append(*b, 3);
  worker.append_together({*a, *b, *a});
  worker.append(*a, 1, 9'000);  // overflow pages
  const auto c = worker.begin();
  if (!c) return;
  for (int i = 0; i < 4; ++i) worker.append_together({*a, *b, *c});
  worker.finish(*b, RunState::kDone);
  worker.erase(*b);
  (void)worker.journal().write_checkpoint();
  for (int i = 0; i < 3; ++i) worker.append(*c, 1, 20'000);  // past log_pages_max
  worker.append(*a);
  worker.close();
  if (!worker.open()) return;
  if (worker.resume(*a)) worker.append(*a);
  const auto d = worker.begin();
  if (!d) return;
  worker.append(*d, 2);
  worker.finish(*a, RunState::kFailed);
}

struct Outcome {
  int64_t cuts = 0;
  int64_t events_lost = 0;  // acknowledged and gone
  std::vector<std::string> inconsistencies;

  void complain(const std::string& what) { inconsistencies.push_back(what); }
  std::string text() const {
    std::string text = fmt::format("{} cuts, {} acknowledged events lost, {} inconsistencies", cuts, events_lost,
                                   inconsistencies.size());
    for (size_t i = 0; i < std::min<size_t>(inconsistencies.size(), 5); ++i) text += "\n  " + inconsistencies[i];
    return text;
  }
};

void check_run(const LedgerRun& expected, const std::vector<Record>& records, const std::string& where,
               Outcome& outcome) {
  for (size_t i = 0; i < records.size(); ++i) {
    const bool is_erased = i < expected.erased;
    if (is_erased != !records[i].payload.has_value()) {
      // An erasure that was not acknowledged may have happened.
      if (is_erased) outcome.complain(fmt::format("{}: an erased payload is back", where));
      continue;
    }
    if (is_erased) continue;
    if (i >= expected.attempted.size() || (*records[i].payload)["number"] != expected.attempted[i])
      outcome.complain(fmt::format("{}: record {} is not what was appended there", where, i));
  }
  if (records.size() < expected.acknowledged)
    outcome.events_lost += static_cast<int64_t>(expected.acknowledged - records.size());
}

// Compares what a reopened journal holds with what the ledger says, then checks that life goes on.
void check(CrashDisk& disk, Ledger& ledger, const std::string& where, Outcome& outcome) {
  Ledger afterwards = ledger;
  Worker worker(disk, afterwards, 99);
  if (!worker.open()) return outcome.complain(where + ": " + worker.why_not_open());
  const auto& journal = worker.journal();
  if (const auto verified = journal.verify_all(); !verified.ok())
    outcome.complain(where + ": " + verified.error().message);
  const auto listed = journal.list_runs(1000);
  const auto unfinished = journal.unfinished_runs();
  if (!listed.ok() || !unfinished.ok()) return outcome.complain(where + ": the runs cannot be listed");
  int64_t strangers = 0;
  for (const auto& summary : *listed) strangers += ledger.runs.contains(summary.run) ? 0 : 1;
  if (strangers > ledger.begins_failed) outcome.complain(where + ": a run that nobody began");
  for (const auto& [run, expected] : ledger.runs) {
    const auto records = journal.read_run(run);
    if (!records.ok()) {
      outcome.events_lost += static_cast<int64_t>(expected.acknowledged);
      continue;
    }
    check_run(expected, *records, where, outcome);
    const auto summary = journal.run_summary(run);
    if (expected.finish_acknowledged && (!summary.ok() || summary->state != *expected.finish_acknowledged))
      outcome.complain(where + ": a finished run is not finished");
  }
  for (const auto& summary : *unfinished) {
    const bool goes_on = worker.resume(summary.run) && worker.append(summary.run);
    if (!goes_on) outcome.complain(where + ": an unfinished run cannot be resumed");
    worker.finish(summary.run, RunState::kFailed);
  }
  const auto left = journal.unfinished_runs();
  if (!journal.verify_all().ok() || !left.ok() || !left->empty())
    outcome.complain(where + ": the journal is wrong after it was resumed");
}

int seeds_from_environment() {
  const char* text = std::getenv("CADRE_CRASH_SEEDS");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}

struct Fault {
  JournalTestHooks hooks;
  bool ignore_syncs = false;
  bool is_planted = false;  // then the first loss ends the sweep
};

// One pass over every sync point of the workload, and over its end.
void sweep_points(const Fault& fault, CutMoment moment, Survival survival, uint64_t seed, Outcome& outcome) {
  for (int64_t point = 1;; ++point) {
    CrashDisk disk("crash");
    disk.ignore_syncs(fault.ignore_syncs);
    disk.cut_power_at(point, moment);
    Ledger ledger;
    bool is_past_the_end;
    {
      Worker worker(disk, ledger, 1, fault.hooks);
      work(worker);
      is_past_the_end = !disk.is_off();
      disk.cut_power();
    }
    outcome.cuts += 1;
    disk.restore_power(survival, seed * 100'000 + static_cast<uint64_t>(point));
    check(disk, ledger,
          fmt::format("sync point {} {}, survival {}, seed {}", point,
                      moment == CutMoment::kBefore ? "before" : "after", static_cast<int>(survival), seed),
          outcome);
    if (is_past_the_end || (fault.is_planted && outcome.events_lost > 0)) return;
  }
}

Outcome sweep(const Fault& fault, int seeds) {
  Outcome outcome;
  for (const auto moment : {CutMoment::kBefore, CutMoment::kAfter}) {
    sweep_points(fault, moment, Survival::kNothing, 0, outcome);
    for (int seed = 1; seed <= seeds; ++seed) {
      sweep_points(fault, moment, Survival::kSomeWrites, static_cast<uint64_t>(seed), outcome);
      sweep_points(fault, moment, Survival::kTornWrites, static_cast<uint64_t>(seed), outcome);
    }
  }
  return outcome;
}

TEST(JournalCrash, NothingAcknowledgedIsLostWhereverThePowerIsCut) {
  const Outcome outcome = sweep({}, seeds_from_environment());
  RecordProperty("cuts", static_cast<int>(outcome.cuts));
  std::printf("%s\n", outcome.text().c_str());
  EXPECT_EQ(outcome.events_lost, 0) << outcome.text();
  EXPECT_TRUE(outcome.inconsistencies.empty()) << outcome.text();
  EXPECT_GT(outcome.cuts, 200);
}

TEST(JournalCrash, TheSweepNoticesAJournalThatForgetsToSync) {
  const Outcome outcome = sweep({.hooks = {.skip_sync = true}, .is_planted = true}, 1);
  std::printf("%s\n", outcome.text().c_str());
  EXPECT_GT(outcome.events_lost, 0) << outcome.text();
}

TEST(JournalCrash, TheSweepNoticesADiskThatDoesNotSync) {
  const Outcome outcome = sweep({.ignore_syncs = true, .is_planted = true}, 1);
  std::printf("%s\n", outcome.text().c_str());
  EXPECT_GT(outcome.events_lost, 0) << outcome.text();
}

TEST(JournalCrash, TheSweepNoticesAnEarlyAcknowledgement) {
  const Outcome outcome = sweep({.hooks = {.acknowledge_before_commit = true}, .is_planted = true}, 1);
  std::printf("%s\n", outcome.text().c_str());
  EXPECT_GT(outcome.events_lost, 0) << outcome.text();
}

// Several lives of one journal on one disk: each ends in a kill, which leaves un-synced writes in the system's cache, or in a
// power cut. What a later life acknowledges rests on what an earlier one left in the cache.
TEST(JournalCrash, NothingAcknowledgedIsLostOverManyLivesThatEndInKillsAndPowerCuts) {
  const int lives_of_disks = 12 * seeds_from_environment();
  Outcome outcome;
  for (int seed = 1; seed <= lives_of_disks; ++seed) {
    base::Random random(static_cast<uint64_t>(seed));
    CrashDisk disk("crash");
    Ledger ledger;
    for (int life = 0; life < 6; ++life) {
      const std::string where = fmt::format("disk {}, life {}", seed, life);
      disk.cut_power_at(static_cast<int64_t>(1 + random.below(40)),
                        random.chance(.5) ? CutMoment::kBefore : CutMoment::kAfter);
      {
        Worker worker(disk, ledger, random.next_u64());
        work(worker);
        disk.kill();
      }
      // Every event on the books that was not acknowledged may be there or not, once and for all; ask the journal which.
      const bool is_power_cut = random.chance(.5);
      if (is_power_cut) {
        disk.restore_power(random.chance(.5) ? Survival::kTornWrites : Survival::kNothing, random.next_u64());
      } else {
        disk.restart();
      }
      outcome.cuts += 1;
      Worker reader(disk, ledger, random.next_u64());
      if (!reader.open()) {
        outcome.complain(where + ": " + reader.why_not_open());
        break;
      }
      if (!reader.journal().verify_all().ok()) outcome.complain(where + ": the journal does not verify");
      for (auto& [run, entry] : ledger.runs) {
        const auto records = reader.journal().read_run(run);
        const size_t found = records.ok() ? records->size() : 0;
        if (records.ok()) check_run(entry, *records, where, outcome);
        if (!records.ok()) outcome.events_lost += static_cast<int64_t>(entry.acknowledged);
        entry.attempted.resize(std::min(found, entry.attempted.size()));
        // Opening moved what a kill left in the cache to the disk: what was found now stays.
        entry.acknowledged = entry.attempted.size();
      }
      disk.kill();
      reader.close();
      disk.restart();
    }
  }
  EXPECT_EQ(outcome.events_lost, 0) << outcome.text();
  EXPECT_TRUE(outcome.inconsistencies.empty()) << outcome.text();
}

TEST(JournalCrash, NothingAcknowledgedIsLostWhenManyThreadsAppend) {
  Outcome outcome;
  for (int seed = 1; seed <= 15 * seeds_from_environment(); ++seed) {
    base::Random random(static_cast<uint64_t>(seed));
    CrashDisk disk("crash");
    std::array<Ledger, 6> ledgers;  // one per thread
    {
      auto opened = Journal::open(kPath, {.log_pages_max = 12,
                                          .vfs_name = disk.vfs_name(),
                                          .sync_folder = [&](const std::string&) { return disk.sync_names(); }});
      ASSERT_TRUE(opened.ok());
      disk.cut_power_at(static_cast<int64_t>(1 + random.below(60)), CutMoment::kBefore);
      std::vector<std::thread> threads;
      for (auto& ledger : ledgers) {
        threads.emplace_back([&ledger, &journal = *opened] {
          const auto run = journal.begin_run("ask", {{"number", 0}});
          if (!run.ok()) return;
          auto& entry = ledger.runs[*run];
          entry = {.attempted = {0}, .acknowledged = 1};
          for (int64_t i = 1; i < 40; ++i) {
            entry.attempted.push_back(i);
            if (!journal.append(*run, "step", {{"number", i}}).ok()) return;
            entry.acknowledged = entry.attempted.size();
          }
        });
      }
      for (auto& thread : threads) thread.join();
      disk.cut_power();
    }
    outcome.cuts += 1;
    disk.restore_power(random.chance(.5) ? Survival::kTornWrites : Survival::kNothing, random.next_u64());
    Ledger all;
    for (auto& ledger : ledgers) {
      all.begins_failed += ledger.runs.empty() ? 1 : 0;
      all.runs.merge(ledger.runs);
    }
    check(disk, all, fmt::format("seed {}", seed), outcome);
  }
  EXPECT_EQ(outcome.events_lost, 0) << outcome.text();
  EXPECT_TRUE(outcome.inconsistencies.empty()) << outcome.text();
}

// After a failed fsync Linux may believe that pages are clean which never reached the disk; whoever syncs again gets "success".
TEST(JournalCrash, AFailedSyncIsReportedAndWhatIsAcknowledgedLaterIsSafe) {
  for (const bool reopen : {false, true}) {
    for (const int events : {1, 30}) {
      CrashDisk disk("crash");
      Ledger ledger;
      std::optional<RunId> run;
      std::vector<int64_t> acknowledged;
      {
        Worker worker(disk, ledger, 1);
        ASSERT_TRUE(worker.open());
        run = worker.begin();
        ASSERT_TRUE(worker.append(*run));
        acknowledged = ledger.runs[*run].attempted;
        disk.fail_syncs(1);
        const auto refused =
            worker.journal().append(*run, std::vector<Event>(static_cast<size_t>(events), {"lost", {}}));
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::kIo);
        EXPECT_EQ(worker.journal().read_run(*run)->size(), 2u) << "an append that failed is not seen";
        if (reopen) {
          disk.kill();
          worker.close();
          disk.restart();
          ASSERT_TRUE(worker.open());
          ASSERT_TRUE(worker.resume(*run));
        }
        ASSERT_TRUE(worker.append(*run));
        disk.cut_power();
      }
      disk.restore_power(Survival::kNothing, 1);
      Worker after(disk, ledger, 2);
      ASSERT_TRUE(after.open());
      ASSERT_TRUE(after.journal().verify_all().ok());
      const auto records = after.journal().read_run(*run).value();
      // A process that dies with the failed append in the cache may leave it to the next one; without that it is gone.
      std::vector<int64_t> numbers;
      for (const auto& record : records)
        if (record.kind != "lost") numbers.push_back((*record.payload)["number"]);
      EXPECT_EQ(numbers, ledger.runs[*run].attempted)
          << (reopen ? "reopened" : "same process") << ", " << events << " events";
    }
  }
}

TEST(JournalCrash, AFullDiskRefusesAppendsAndLosesNone) {
  CrashDisk disk("crash");
  Ledger ledger;
  {
    Worker worker(disk, ledger, 1);
    ASSERT_TRUE(worker.open());
    const auto run = worker.begin();
    disk.set_capacity_bytes(200'000);
    int accepted = 0;
    auto appended = worker.journal().append(*run, "step", {{"number", 0}});
    while (appended.ok() && accepted < 1000) {
      ledger.runs[*run].attempted.push_back(accepted++);
      appended = worker.journal().append(*run, "step", {{"number", accepted}, {"padding", std::string(3000, 'p')}});
    }
    ASSERT_FALSE(appended.ok());
    EXPECT_EQ(appended.error().code, ErrorCode::kIo);
    EXPECT_NE(appended.error().message.find("disk is full"), std::string::npos) << appended.error().message;
    EXPECT_GT(accepted, 5);
    ledger.runs[*run].acknowledged = ledger.runs[*run].attempted.size();
    EXPECT_EQ(worker.journal().read_run(*run)->size(), ledger.runs[*run].acknowledged);
    disk.set_capacity_bytes(0);
    EXPECT_TRUE(worker.append(*run)) << "there is room again";
    disk.cut_power();
  }
  disk.restore_power(Survival::kNothing, 1);
  Outcome outcome;
  check(disk, ledger, "full disk", outcome);
  EXPECT_EQ(outcome.events_lost, 0) << outcome.text();
  EXPECT_TRUE(outcome.inconsistencies.empty()) << outcome.text();
}

// Bits that rot, or somebody's edits: whatever one flipped bit does, either it is noticed or every record still reads the same.
TEST(JournalCrash, AFlippedBitIsNoticedOrHarmless) {
  CrashDisk disk("crash");
  Ledger ledger;
  {
    Worker worker(disk, ledger, 1);
    work(worker);
  }
  const JournalOptions options{.read_only = true, .vfs_name = disk.vfs_name()};
  const auto read_all = [&]() -> Result<std::string> {
    auto journal = TRY(Journal::open(kPath, options));
    TRY(journal.verify_all());
    std::string all;
    for (const auto& [run, entry] : ledger.runs)
      for (const auto& record : TRY(journal.read_run(run)))
        all += fmt::format("{} {} {}\n", record.kind, record.wall_us,
                           record.payload ? base::dump_json(*record.payload) : "erased");
    return all;
  };
  const std::string original = read_all().value();
  const std::string file = "./journal.db";
  const uint64_t bits = disk.content(file).size() * 8;
  ASSERT_GT(bits, 0u);
  base::Random random(1);
  int noticed = 0;
  for (int i = 0; i < 400 * seeds_from_environment(); ++i) {
    // Half of them near the start of a page, where its structure is.
    uint64_t bit = random.below(bits);
    if (random.chance(.5)) bit = bit / 32768 * 32768 + random.below(400);
    disk.flip_bit(file, bit);
    const auto read = read_all();
    noticed += read.ok() ? 0 : 1;
    EXPECT_TRUE(!read.ok() || *read == original) << "bit " << bit;
    disk.flip_bit(file, bit);
  }
  EXPECT_GT(noticed, 40);
}

}  // namespace
}  // namespace cadre::test
