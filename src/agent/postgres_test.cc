// SPDX-License-Identifier: Apache-2.0
#include "agent/postgres.h"

#include <gtest/gtest.h>

#include <thread>

#include "agent/sql_tool.h"
#include "agent/test_postgres.h"
#include "agent/test_returns.h"
#include "net/test_tls.h"

// Against a real server. Starting one takes seconds, so that few tests show a lot.
namespace cadre::agent {
namespace {

using base::Json;

net::AddressPolicy local() {
  return net::AddressPolicy::parse({"127.0.0.1"}).value();
}

std::unique_ptr<Tool> tool(const TestPostgres& server, const std::string& effect, const std::string& statement,
                           bool is_fenced = false) {
  Json from = {{"name", "shop"}, {"kind", "sql"}, {"postgres", server.url()}, {"effect", effect}};
  if (!statement.empty()) from["statement"] = statement;
  if (is_fenced) from["fenced"] = true;
  return make_sql_tool(sql_tool_options(from).value(), local()).value();
}

ToolReturn call(Tool& tool, Json arguments, const std::string& key = "k1") {
  return tool.call({.arguments = std::move(arguments), .key = key});
}

std::string rows(Tool& tool, Json arguments) {
  const ToolReturn returned = call(tool, std::move(arguments));
  return returned.error ? returned.error->message : returned.result["rows"].dump();
}

void make_orders(const TestPostgres& server) {
  auto connection = server.connect();
  ASSERT_TRUE(
      connection.exec("CREATE TABLE orders(id serial PRIMARY KEY, city text, total numeric)", TestPostgres::wait())
          .ok());
  ASSERT_TRUE(connection
                  .exec("INSERT INTO orders(city, total) VALUES ('Berlin', 10.5), ('Paris', 7), ('Berlin', 3)",
                        TestPostgres::wait())
                  .ok());
}

std::string count(const TestPostgres& server) {
  return server.connect().query_text("SELECT count(*) FROM orders", {}, TestPostgres::wait()).value();
}

void reading_tools_read_and_cannot_write(const TestPostgres* server) {
  const auto by_city =
      tool(*server, "read", "SELECT id, total FROM orders WHERE city = :city AND total > :least ORDER BY id");
  EXPECT_EQ(rows(*by_city, {{"city", "Berlin"}, {"least", 5}}), R"([{"id":1,"total":10.5}])");
  EXPECT_EQ(rows(*by_city, {{"city", "x' OR '1'='1"}, {"least", 0}}), "[]");
  EXPECT_EQ(rows(*by_city, {{"city", "Berlin"}}), "[]");

  const auto free = tool(*server, "read", "");
  EXPECT_EQ(
      rows(*free, {{"sql",
                    "SELECT true AS b, 9007199254740993::int8 AS i, 0.5::float8 AS f, 'NaN'::float8 AS n, 1.50 AS d, "
                    "12345678901234567890.5 AS big, NULL AS z, '{\"a\":[1]}'::jsonb AS j, 'x'::text AS t, 2 AS t"}}),
      R"([{"b":true,"i":9007199254740993,"f":0.5,"n":"NaN","d":1.5,"big":"12345678901234567890.5","z":null,"j":{"a":[1]},"t":"x","t_2":2}])");
  for (const char* sql :
       {"DELETE FROM orders", "INSERT INTO orders(city) VALUES ('x')", "DROP TABLE orders", "COMMIT", "ROLLBACK",
        "SET TRANSACTION READ WRITE", "SELECT 1; DELETE FROM orders", "COPY orders TO STDOUT",
        "COPY orders TO PROGRAM 'true'", "WITH d AS (DELETE FROM orders RETURNING id) SELECT * FROM d",
        "SELECT nextval('orders_id_seq')", "SELECT * FROM nothing", "", "SELECT 'open",
        "EXPLAIN ANALYZE DELETE FROM orders", "CREATE TEMP TABLE t(a int)",
        "SELECT set_config('transaction_read_only', 'off', true); SELECT 1", "DO $$ BEGIN DELETE FROM orders; END $$",
        "CALL x()"}) {
    EXPECT_NE(error_code(call(*free, {{"sql", sql}})), ErrorCode::kInternal) << sql;
  }
  EXPECT_EQ(count(*server), "3");
  EXPECT_TRUE(free->check({{"sql", "WITH x AS (SELECT 1) SELECT * FROM x, orders"}}).ok());
  EXPECT_FALSE(free->check({{"sql", "SELECT nothing FROM orders"}}).ok());
  EXPECT_FALSE(free->check({{"sql", "DELETE FROM orders"}}).ok());

  const Json many = {{"sql", "SELECT * FROM generate_series(1, 100000)"}};
  const ToolReturn two = free->call({.arguments = many, .rows_max = 2});
  EXPECT_EQ(two.result["row_count"], 2);
  EXPECT_EQ(two.result["is_complete"], false);
  EXPECT_EQ(error_code(free->call({.arguments = {{"sql", "SELECT repeat('x', 1000)"}}, .result_size_bytes_max = 100})),
            ErrorCode::kLimit);
  const ToolReturn late = free->call({.arguments = {{"sql", "SELECT pg_sleep(600)"}}, .timeout_ms = 60});
  EXPECT_EQ(error_code(late), ErrorCode::kTimeout);
  EXPECT_FALSE(late.is_uncertain);
  base::Cancel cancel;
  std::thread asker([&] { cancel.request(); });
  EXPECT_EQ(error_code(free->call({.arguments = {{"sql", "SELECT pg_sleep(600)"}}, .cancel = &cancel})),
            ErrorCode::kCancelled);
  asker.join();
  EXPECT_EQ(rows(*free, {{"sql", "SELECT 1 AS a"}}), R"([{"a":1}])");  // the connections live on
}

void fenced_writes_happen_once_per_key(const TestPostgres* server) {
  const auto plain = tool(*server, "once", "UPDATE orders SET total = total + :by WHERE city = :city");
  EXPECT_EQ(call(*plain, {{"by", 1}, {"city", "Berlin"}}).result.dump(),
            R"({"row_count":0,"is_complete":true,"rows":[],"changed":2})");
  EXPECT_TRUE(plain->check({{"by", 1}, {"city", "Berlin"}}).ok());

  const auto insert =
      tool(*server, "once", "INSERT INTO orders(city, total) VALUES (:city, :total) RETURNING id", true);
  const Json rome = {{"city", "Rome"}, {"total", 5}};
  const ToolReturn first = call(*insert, rome, "run/1");
  EXPECT_EQ(first.result["rows"].dump(), R"([{"id":4}])");
  EXPECT_EQ(call(*insert, rome, "run/1").result.dump(), first.result.dump());
  EXPECT_EQ(error_code(call(*insert, {{"city", "Oslo"}, {"total", 5}}, "run/1")), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(call(*insert, {{"city", "Rome"}, {"total", "many"}}, "run/2")), ErrorCode::kInvalid);
  EXPECT_EQ(count(*server), "4");

  // Many at once with the same keys, each through connections of its own.
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) EXPECT_FALSE(call(*insert, rome, "many/" + std::to_string(i)).error.has_value());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(*server), "9");

  // A row that somebody else holds: the time runs out, and nothing was done.
  auto other = server->connect();
  ASSERT_TRUE(other.exec("BEGIN", TestPostgres::wait()).ok());
  ASSERT_TRUE(other.exec("UPDATE orders SET total = 0 WHERE city = 'Berlin'", TestPostgres::wait()).ok());
  const ToolReturn blocked = plain->call({.arguments = {{"by", 1}, {"city", "Berlin"}}, .timeout_ms = 60});
  EXPECT_EQ(error_code(blocked), ErrorCode::kTimeout);
  EXPECT_FALSE(blocked.is_uncertain);
}

TEST(Postgres, ReadingToolsCannotWriteAndFencedWritesHappenOncePerKey) {
  const auto server = TestPostgres::start();
  ASSERT_NE(server, nullptr);
  make_orders(*server);
  reading_tools_read_and_cannot_write(server.get());
  fenced_writes_happen_once_per_key(server.get());
}

TEST(Postgres, AServerThatGoesAwayIsUnavailableAndComesBack) {
  auto server = TestPostgres::start();
  ASSERT_NE(server, nullptr);
  make_orders(*server);
  const auto free = tool(*server, "read", "");
  EXPECT_EQ(rows(*free, {{"sql", "SELECT 1 AS a"}}), R"([{"a":1}])");
  server->kill();
  const ToolReturn gone = call(*free, {{"sql", "SELECT 1 AS a"}});
  EXPECT_EQ(error_code(gone), ErrorCode::kUnavailable);
  EXPECT_FALSE(gone.is_uncertain);
  ASSERT_TRUE(server->start_again().ok());
  EXPECT_EQ(rows(*free, {{"sql", "SELECT count(*) AS n FROM orders"}}), R"([{"n":3}])");

  // A commit that is never answered is uncertain: the deferred trigger ends the server's own process.
  auto admin = server->connect();
  for (const char* sql : {"CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                          "pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
                          "CREATE CONSTRAINT TRIGGER dies AFTER DELETE ON orders DEFERRABLE INITIALLY DEFERRED FOR "
                          "EACH ROW EXECUTE FUNCTION die()"})
    ASSERT_TRUE(admin.exec(sql, TestPostgres::wait()).ok());
  const auto remove = tool(*server, "once", "DELETE FROM orders WHERE id = 1");
  const ToolReturn lost = call(*remove, Json::object());
  EXPECT_EQ(error_code(lost), ErrorCode::kUnavailable);
  EXPECT_TRUE(lost.is_uncertain);

  // A user without the right.
  ASSERT_TRUE(admin.exec("CREATE ROLE guest LOGIN", TestPostgres::wait()).ok());
  Json from = {{"name", "shop"}, {"postgres", server->url("guest")}};
  const auto guest = make_sql_tool(sql_tool_options(from).value(), local()).value();
  EXPECT_EQ(error_code(call(*guest, {{"sql", "SELECT * FROM orders"}})), ErrorCode::kDenied);
  from["postgres"] = server->url("nobody_knows");
  const auto unknown = make_sql_tool(sql_tool_options(from).value(), local()).value();
  EXPECT_EQ(error_code(call(*unknown, {{"sql", "SELECT 1"}})), ErrorCode::kDenied);
}

TEST(Postgres, AddressesAreCheckedBeforeAnythingIsSent) {
  const auto target = [](const std::string& url, const std::vector<std::string>& allowed) {
    const auto made = postgres_target(url, "", net::AddressPolicy::parse(allowed).value());
    return made.ok() ? "ok" : base::error_code_name(made.error().code);
  };
  EXPECT_STREQ(target("postgresql://u@127.0.0.1:5433/d", {"127.0.0.1:5433"}), "ok");
  EXPECT_STREQ(target("postgresql://u@127.0.0.1:5433/d", {"127.0.0.1:5432"}), "denied");
  EXPECT_STREQ(target("postgresql://u@db.example.com/d", {}), "denied");
  EXPECT_STREQ(target("postgresql://u@db.example.com/d", {"postgresql://db.example.com"}), "ok");
  EXPECT_STREQ(target("postgresql:///d?host=/run/postgresql", {}), "ok");
  EXPECT_STREQ(target("postgresql://u:secret@127.0.0.1/d", {"127.0.0.1"}), "invalid");
  EXPECT_STREQ(target("postgresql://a,b/d", {"a", "b"}), "invalid");
  EXPECT_STREQ(target("postgresql://127.0.0.1/d?hostaddr=10.0.0.1", {"127.0.0.1"}), "unsupported");
  EXPECT_STREQ(target("postgresql://127.0.0.1/d?service=x", {"127.0.0.1"}), "unsupported");
  EXPECT_STREQ(target("postgresql:///d", {"*"}), "invalid");
  EXPECT_STREQ(target("host=127.0.0.1", {"127.0.0.1"}), "invalid");
  EXPECT_STREQ(target("postgresql://127.0.0.1:port/d?=", {"127.0.0.1"}), "invalid");
  // The name passes "*", its address does not.
  const auto policy = net::AddressPolicy::parse({"*"}).value();
  const auto made = postgres_target("postgresql://u@localhost:1/d", "", policy).value();
  EXPECT_EQ(Postgres::connect(made, policy, TestPostgres::wait()).error().code, ErrorCode::kDenied);
  const auto refused = postgres_target("postgresql://u@127.0.0.1:1/d", "", local()).value();
  EXPECT_EQ(Postgres::connect(refused, local(), TestPostgres::wait()).error().code, ErrorCode::kUnavailable);
}

TEST(Postgres, CertificatesAreVerifiedAsTheUrlSays) {
  const auto server = TestPostgres::start();
  ASSERT_NE(server, nullptr);
  const net::TestAuthority authority;
  authority.sign("other", "DNS:db.example");
  authority.sign("right", "IP:127.0.0.1");
  const auto connect = [&](const std::string& more) -> Result<void> {
    const auto target = TRY(postgres_target(server->url() + "?sslmode=" + more, "", local()));
    TRY(Postgres::connect(target, local(), TestPostgres::wait()));
    return {};
  };
  // The server reads its new configuration a moment after it was told to.
  const auto connect_soon = [&](const std::string& more) {
    auto connected = connect(more);
    for (int attempt = 0; attempt < 10'000 && !connected.ok(); ++attempt) connected = connect(more);
    return connected;
  };
  const std::string root = "&sslrootcert=" + authority.ca_file();
  ASSERT_TRUE(server->serve_tls(authority.certificate("other"), authority.key("other")).ok());
  const auto by_authority = connect_soon("verify-ca" + root);
  ASSERT_TRUE(by_authority.ok()) << by_authority.error().message;
  EXPECT_TRUE(connect("require").ok()) << "who asks for no verification gets none";
  EXPECT_EQ(connect("verify-full" + root).error().code, ErrorCode::kDenied) << "another host's";
  EXPECT_EQ(connect("verify-ca").error().code, ErrorCode::kDenied) << "no authority of the system's";
  EXPECT_EQ(connect("verify-full").error().code, ErrorCode::kDenied);
  EXPECT_EQ(connect("verify-full&sslrootcert=/nonexistent.pem").error().code, ErrorCode::kDenied);
  ASSERT_TRUE(server->serve_tls(authority.certificate("right"), authority.key("right")).ok());
  const auto by_name = connect_soon("verify-full" + root);
  EXPECT_TRUE(by_name.ok()) << by_name.error().message;
}

TEST(Postgres, OnlyThisMachineIsSpokenToWithoutVerification) {
  const auto mode = [](const char* address) { return postgres_sslmode_for(*net::IpAddress::parse(address)); };
  for (const char* here : {"127.0.0.1", "127.8.9.10", "::1"}) EXPECT_STREQ(mode(here), "disable") << here;
  for (const char* away : {"10.0.0.1", "192.168.1.1", "169.254.1.1", "93.184.216.34", "fd00::1", "2001:db8::1"})
    EXPECT_STREQ(mode(away), "verify-full") << away;
}

}  // namespace
}  // namespace cadre::agent
