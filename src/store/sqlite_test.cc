// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace cadre::store {
namespace {

using base::TemporaryDirectory;

Database memory() {
  return Database::open_in_memory().value();
}

// A write transaction that stays open in another connection.
struct Locker {
  Database database;
  explicit Locker(const std::string& path) : database(Database::open(path).value()) {
    EXPECT_TRUE(database.exec("BEGIN EXCLUSIVE").ok());
  }
};

TEST(Sqlite, ValuesOfEveryKindComeBackAsBound) {
  auto database = memory();
  ASSERT_TRUE(database.exec("CREATE TABLE t(a, b, c, d, e)").ok());
  auto insert = database.prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)").value();
  const uint8_t bytes[] = {0, 255, 7};
  insert.bind_null(1);
  insert.bind_int64(2, INT64_MIN);
  insert.bind_double(3, 0.1);
  insert.bind_text(4, "text");
  insert.bind_blob(5, bytes);
  ASSERT_TRUE(insert.run().ok());

  auto select = database.prepare("SELECT * FROM t").value();
  ASSERT_TRUE(select.step().value());
  EXPECT_TRUE(select.is_null(0));
  EXPECT_EQ(select.column_int64(1), INT64_MIN);
  EXPECT_EQ(select.column_double(2), 0.1);
  EXPECT_EQ(select.column_text(3), "text");
  EXPECT_EQ(select.column_blob(4).size(), 3u);
  EXPECT_EQ(select.column_blob(4)[1], 255);
  EXPECT_EQ(select.column_name(4), "e");
  EXPECT_FALSE(select.step().value());
}

TEST(Sqlite, TextKeepsNulsAndBytesThatAreNotUtf8) {
  auto database = memory();
  const std::string text("a\0b\xff\xfe", 5);
  auto select = database.prepare("SELECT ?1").value();
  select.bind_text(1, text);
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.column_text(0), text);
  EXPECT_EQ(select.column_kind(0), ValueKind::kText);
}

TEST(Sqlite, EmptyTextAndBlobAreNotNull) {
  auto database = memory();
  auto select = database.prepare("SELECT ?1, ?2").value();
  select.bind_text(1, {});
  select.bind_blob(2, {});
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.column_kind(0), ValueKind::kText);
  EXPECT_EQ(select.column_kind(1), ValueKind::kBlob);
}

TEST(Sqlite, OneTextIsOneStatement) {
  auto database = memory();
  EXPECT_TRUE(database.prepare("SELECT 1; -- that is all\n ;").ok());
  for (const char* sql : {"SELECT 1; SELECT 2", "SELECT 1; garbage", "", "  -- nothing", "SELEC 1"})
    EXPECT_EQ(database.prepare(sql).error().code, ErrorCode::kInvalid) << sql;
  EXPECT_EQ(database.prepare(std::string_view("SELECT 1\0; DROP TABLE t", 23)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(database.prepare(std::string(kSqlSizeBytesMax + 1, ' ')).error().code, ErrorCode::kLimit);
}

TEST(Sqlite, AMisspeltColumnInDoubleQuotesIsAnErrorNotAText) {
  auto database = memory();
  ASSERT_TRUE(database.exec("CREATE TABLE t(a)").ok());
  EXPECT_FALSE(database.prepare("SELECT \"b\" FROM t").ok());
  EXPECT_TRUE(database.prepare("SELECT \"a\" FROM t").ok());
}

TEST(Sqlite, StepLimitStopsARunawayQueryAndSaysHowFarItWent) {
  auto database = memory();
  auto endless =
      database.prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n").value();
  endless.set_step_limit(20'000);
  auto stopped = endless.step();
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kLimit);
  EXPECT_NE(stopped.error().message.find("20000 steps"), std::string::npos) << stopped.error().message;
  EXPECT_GE(endless.steps_used(), 20'000);
  EXPECT_LT(endless.steps_used(), 21'100);
}

TEST(Sqlite, StepsAreCountedTheSameEveryTimeAndFromZeroAfterReset) {
  auto database = memory();
  auto count = database
                   .prepare(
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
                       "SELECT i FROM n")
                   .value();
  int64_t first = 0;
  for (int round = 0; round < 3; ++round) {
    count.reset();
    EXPECT_EQ(count.steps_used(), 0);
    while (count.step().value()) {
    }
    if (round == 0) first = count.steps_used();
    EXPECT_EQ(count.steps_used(), first);
  }
  EXPECT_GT(first, 300);
  // Many small steps add up to the limit as one long one does.
  count.reset();
  count.set_step_limit(1000);
  auto row = count.step();
  while (row.ok() && *row) row = count.step();
  EXPECT_EQ(row.error().code, ErrorCode::kLimit);
}

TEST(Sqlite, ReadOnlyAuthorizerAllowsSelectsAndNothingElse) {
  auto database = memory();
  ASSERT_TRUE(database.exec("CREATE TABLE t(a); CREATE INDEX j ON t(a); INSERT INTO t VALUES (1)").ok());
  database.set_authorizer(read_only_authorizer());
  for (const char* sql :
       {"SELECT a FROM t", "SELECT max(a), upper('x') FROM t WHERE a IN (SELECT a FROM t)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n"})
    EXPECT_TRUE(database.prepare(sql).ok()) << sql;
  for (const char* sql : {"INSERT INTO t VALUES (2)", "UPDATE t SET a = 2", "DELETE FROM t", "DROP TABLE t",
                          "CREATE TABLE u(a)", "CREATE INDEX i ON t(a)", "ALTER TABLE t RENAME TO u",
                          "PRAGMA journal_mode", "ATTACH '/tmp/x' AS x", "BEGIN", "SAVEPOINT s", "REINDEX", "ANALYZE",
                          "VACUUM", "SELECT load_extension('x')", "CREATE VIRTUAL TABLE v USING fts5(a)"}) {
    auto statement = database.prepare(sql);
    if (statement.ok())
      statement = statement->run().ok() ? std::move(statement) : Error{ErrorCode::kInvalid, "refused"};
    EXPECT_FALSE(statement.ok()) << sql;
  }
  database.set_authorizer({});
  EXPECT_EQ(database.query_int64("SELECT sum(a) FROM t").value(), 1);
  EXPECT_TRUE(database.exec("INSERT INTO t VALUES (2)").ok());
}

TEST(Sqlite, AuthorizerSeesTablesColumnsAndFunctions) {
  auto database = memory();
  ASSERT_TRUE(database.exec("CREATE TABLE t(a, b)").ok());
  std::string seen;
  database.set_authorizer([&](const AccessRequest& request) {
    if (request.access == Access::kRead) seen += std::string(request.name) + "." + std::string(request.detail) + " ";
    if (request.access == Access::kFunction) seen += std::string(request.name) + "() ";
    return Permission::kAllow;
  });
  ASSERT_TRUE(database.prepare("SELECT abs(b) FROM t").ok());
  EXPECT_EQ(seen, "abs() t.b ");
}

TEST(Sqlite, AttachIsRefused) {
  auto database = memory();
  EXPECT_FALSE(database.exec("ATTACH ':memory:' AS other").ok());
}

TEST(Sqlite, TransactionRollsBackUnlessCommitted) {
  auto database = memory();
  ASSERT_TRUE(database.exec("CREATE TABLE t(a)").ok());
  {
    auto transaction = Transaction::begin(database, TransactionKind::kWrite).value();
    ASSERT_TRUE(database.exec("INSERT INTO t VALUES (1)").ok());
  }
  EXPECT_EQ(database.query_int64("SELECT count(*) FROM t").value(), 0);
  {
    auto transaction = Transaction::begin(database, TransactionKind::kWrite).value();
    ASSERT_TRUE(database.exec("INSERT INTO t VALUES (1)").ok());
    ASSERT_TRUE(transaction.commit().ok());
  }
  EXPECT_EQ(database.query_int64("SELECT count(*) FROM t").value(), 1);
}

TEST(Sqlite, AFileThatIsNoDatabaseIsCorrupt) {
  auto folder = TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/notes.txt";
  ASSERT_TRUE(base::replace_file(path, std::string(5000, 'x')).ok());
  const auto opened = Database::open(path);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message.find(path), std::string::npos);
  EXPECT_EQ(base::read_file(path).value(), std::string(5000, 'x'));
}

TEST(Sqlite, MissingFilesFoldersAndPipesAreRefusedByName) {
  auto folder = TemporaryDirectory::make().value();
  const std::string missing = folder.path() + "/missing.db";
  EXPECT_EQ(Database::open(missing, {.read_only = true}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Database::open(missing, {.create = false}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Database::open(missing, {.immutable = true}).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(base::file_exists(missing));
  EXPECT_EQ(Database::open(folder.path()).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Database::open(folder.path() + "/no/such/x.db").error().code, ErrorCode::kIo);
  ASSERT_EQ(::mkfifo((folder.path() + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(Database::open(folder.path() + "/pipe", {.read_only = true}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Database::open("").error().code, ErrorCode::kInvalid);
}

TEST(Sqlite, ALockedDatabaseIsBusyAndUnlockedAgainWorks) {
  auto folder = TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/x.db";
  ASSERT_TRUE(Database::open(path).value().exec("CREATE TABLE t(a)").ok());
  {
    const Locker locker(path);
    EXPECT_EQ(Database::open(path, {.busy_timeout_ms = 1}).error().code, ErrorCode::kBusy);
    EXPECT_TRUE(Database::open(path, {.immutable = true}).ok());
  }
  EXPECT_TRUE(Database::open(path, {.busy_timeout_ms = 1}).ok());
}

TEST(Sqlite, ReadOnlyConnectionsCannotWrite) {
  auto folder = TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/odd ?#%41 name.db";  // would mean something in a URI
  ASSERT_TRUE(Database::open(path).value().exec("CREATE TABLE t(a); INSERT INTO t VALUES (7)").ok());
  for (const bool immutable : {false, true}) {
    auto database = Database::open(path, {.read_only = true, .immutable = immutable}).value();
    EXPECT_EQ(database.query_int64("SELECT a FROM t").value(), 7);
    const auto written = database.exec("INSERT INTO t VALUES (8)");
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, ErrorCode::kIo);
    EXPECT_NE(written.error().message.find("permissions"), std::string::npos);
  }
}

TEST(Sqlite, APathThatLooksLikeAUriIsAPath) {
  auto folder = TemporaryDirectory::make().value();
  ASSERT_EQ(::chdir(folder.path().c_str()), 0);
  ASSERT_TRUE(Database::open("file:x?mode=memory").value().exec("CREATE TABLE t(a)").ok());
  EXPECT_TRUE(base::file_exists(folder.path() + "/file:x?mode=memory"));
  ASSERT_TRUE(Database::open(":memory:").value().exec("CREATE TABLE t(a)").ok());
  EXPECT_TRUE(base::file_exists(folder.path() + "/:memory:"));
  ASSERT_EQ(::chdir("/"), 0);
}

TEST(Sqlite, AValueOverTheSizeLimitIsReportedByTheNextStep) {
  auto database = memory();
  auto select = database.prepare("SELECT length(zeroblob(?1))").value();
  select.bind_int64(1, int64_t{1} << 40);
  EXPECT_EQ(select.step().error().code, ErrorCode::kLimit);
}

TEST(Sqlite, StatementsMayOutliveTheirDatabase) {
  auto database = std::make_unique<Database>(memory());
  auto select = database->prepare("SELECT 5").value();
  database.reset();
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.column_int64(0), 5);
}

TEST(Sqlite, InterruptBeforeAStepDoesNotStickAndErrorsNameTheDatabase) {
  auto database = memory();
  database.interrupt();
  EXPECT_EQ(database.query_int64("SELECT 1").value(), 1);
  EXPECT_NE(database.exec("SELECT nothing").error().message.find("(memory)"), std::string::npos);
}

TEST(Sqlite, QuotedIdentifierDoublesQuotes) {
  auto database = memory();
  const std::string name = quoted_identifier("a\"b; --");
  ASSERT_TRUE(database.exec("CREATE TABLE " + name + "(x)").ok());
  EXPECT_EQ(database.query_int64("SELECT count(*) FROM " + name).value(), 0);
}

TEST(Sqlite, AWatchStopsALongStatement) {
  auto database = memory();
  int asked = 0;
  database.set_watch([&] { return ++asked == 3; });
  auto endless = database.prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n").value();
  EXPECT_EQ(endless.step().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(asked, 3);
  database.set_watch({});
  EXPECT_EQ(database.query_int64("SELECT 1").value(), 1);
}

}  // namespace
}  // namespace cadre::store
