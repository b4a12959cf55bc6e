// The disk that forgets, checked by itself: a test tool that forgets nothing would prove nothing.
// SPDX-License-Identifier: Apache-2.0
#include "tests/crash_disk.h"

#include <gtest/gtest.h>

#include <set>

#include "store/sqlite.h"

namespace cadre::test {
namespace {

using store::Database;

Database open(const CrashDisk& disk, int busy_timeout_ms = 0) {
  return Database::open("x.db", {.vfs_name = disk.vfs_name(), .busy_timeout_ms = busy_timeout_ms}).value();
}

// 200 rows of 1000 bytes: several pages, in one transaction.
constexpr const char* kInsertMany =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
    "INSERT INTO t SELECT i, printf('%01000d', i) FROM n";

void create(const CrashDisk& disk) {
  ASSERT_TRUE(open(disk).exec("PRAGMA journal_mode = WAL; CREATE TABLE t(i, text)").ok());
}

bool is_whole(const CrashDisk& disk) {
  auto database = Database::open("x.db", {.vfs_name = disk.vfs_name()});
  if (!database.ok()) return false;
  const auto length = database->query_int64("SELECT sum(length(text)) FROM t");
  return length.ok() && *length == 200'000;
}

TEST(CrashDisk, SyncedTransactionsSurviveAndUnsyncedOnesDoNot) {
  CrashDisk disk("crash");
  create(disk);
  {
    auto database = open(disk);
    ASSERT_TRUE(database.exec("PRAGMA synchronous = FULL; INSERT INTO t VALUES (1, 'synced')").ok());
    ASSERT_TRUE(database.exec("PRAGMA synchronous = OFF; INSERT INTO t VALUES (2, 'not')").ok());
    EXPECT_EQ(database.query_int64("SELECT count(*) FROM t").value(), 2);
    disk.cut_power();
    EXPECT_FALSE(database.exec("INSERT INTO t VALUES (3, 'off')").ok());
  }
  disk.restore_power(Survival::kNothing, 1);
  EXPECT_EQ(open(disk).query_int64("SELECT count(*) FROM t").value(), 1);
}

TEST(CrashDisk, AKillKeepsWhatWasWritten) {
  CrashDisk disk("crash");
  create(disk);
  {
    auto database = open(disk);
    ASSERT_TRUE(database.exec("PRAGMA synchronous = OFF; INSERT INTO t VALUES (2, 'not')").ok());
    disk.kill();
  }
  disk.restart();
  EXPECT_EQ(open(disk).query_int64("SELECT count(*) FROM t").value(), 1);
}

TEST(CrashDisk, AFileWhoseFolderWasNotSyncedIsGone) {
  CrashDisk disk("crash");
  ASSERT_TRUE(open(disk).exec("PRAGMA synchronous = OFF; CREATE TABLE t(i)").ok());
  EXPECT_FALSE(disk.content("./x.db").empty());
  disk.cut_power();
  disk.restore_power(Survival::kNothing, 1);
  EXPECT_TRUE(disk.content("./x.db").empty());
}

// Without syncs a database in place is harmed by a cut: some writes survive without those that belong to them.
TEST(CrashDisk, WritesSurviveInAnyOrderAndTorn) {
  for (const auto survival : {Survival::kSomeWrites, Survival::kTornWrites}) {
    std::set<std::string> images;
    int damaged = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      CrashDisk disk("crash");
      create(disk);
      ASSERT_TRUE(
          open(disk).exec(std::string("PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; ") + kInsertMany).ok());
      disk.cut_power();
      disk.restore_power(survival, seed);
      images.insert(disk.content("./x.db"));
      damaged += is_whole(disk) ? 0 : 1;
    }
    EXPECT_EQ(images.size(), 20u);
    EXPECT_GT(damaged, 10);
  }
}

TEST(CrashDisk, TheSameSeedLeavesTheSameImage) {
  std::string images[2];
  for (auto& image : images) {
    CrashDisk disk("crash");
    create(disk);
    ASSERT_TRUE(open(disk).exec("PRAGMA synchronous = OFF; INSERT INTO t VALUES (1, 'x')").ok());
    disk.cut_power();
    disk.restore_power(Survival::kTornWrites, 7);
    image = disk.content("./x.db");
  }
  EXPECT_EQ(images[0], images[1]);
}

TEST(CrashDisk, SyncPointsAreCountedAndThePowerGoesAtTheOneAskedFor) {
  CrashDisk disk("crash");
  create(disk);
  for (const auto moment : {CutMoment::kBefore, CutMoment::kAfter}) {
    int64_t rows;
    {
      auto database = open(disk);
      ASSERT_TRUE(database.exec("PRAGMA synchronous = FULL; INSERT INTO t VALUES (1, 'x')").ok());
      rows = database.query_int64("SELECT count(*) FROM t").value();
      disk.cut_power_at(1, moment);
      EXPECT_FALSE(database.exec("INSERT INTO t VALUES (2, 'y')").ok());
      EXPECT_TRUE(disk.is_off());
    }
    disk.restore_power(Survival::kNothing, 1);
    // Cut after the sync, the commit is durable although nobody was told.
    EXPECT_EQ(open(disk).query_int64("SELECT count(*) FROM t").value(), rows + (moment == CutMoment::kAfter ? 1 : 0));
  }
}

TEST(CrashDisk, TwoConnectionsExcludeEachOther) {
  for (const char* mode : {"DELETE", "WAL"}) {
    CrashDisk disk("crash");
    auto first = open(disk), second = open(disk);
    ASSERT_TRUE(first.exec(std::string("PRAGMA journal_mode = ") + mode + "; CREATE TABLE t(i)").ok());
    ASSERT_TRUE(first.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").ok());
    EXPECT_EQ(second.exec("BEGIN IMMEDIATE").error().code, ErrorCode::kBusy) << mode;
    EXPECT_EQ(second.query_int64("SELECT count(*) FROM t").value(), 0) << mode;
    ASSERT_TRUE(first.exec("COMMIT").ok());
    EXPECT_EQ(second.query_int64("SELECT count(*) FROM t").value(), 1) << mode;
    EXPECT_TRUE(second.exec("INSERT INTO t VALUES (2)").ok());
  }
}

TEST(CrashDisk, AFullDiskSaysSo) {
  CrashDisk disk("crash");
  create(disk);
  disk.set_capacity_bytes(50'000);
  const auto refused = open(disk).exec(kInsertMany);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("full"), std::string::npos);
}

}  // namespace
}  // namespace cadre::test
