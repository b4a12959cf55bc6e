// SPDX-License-Identifier: Apache-2.0
#include "agent/postgres.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kPollCancelMs = 20;
constexpr int64_t kStopMs = 2'000;  // for the server to confirm that it stopped a statement
constexpr const char* kScheme = "postgresql";
constexpr const char* kAuthoritiesFile = "/etc/ssl/certs/ca-certificates.crt";  // the system's
constexpr const char* kNoFile = "/dev/null/none";                               // instead of one in the home folder

// Object ids of the types that have a JSON type of their own (pg_type.dat).
enum : unsigned {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700,
  kJsonb = 3802
};

// A number if a double holds it exactly enough to print the same digits, else the text.
Json decimal_or_text(const std::string& text) {
  const auto digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (digits == 0 || digits > 15 || *end != '\0' || !std::isfinite(value)) return text;
  return value;
}

Json value_of(const PGresult* result, int column) {
  if (PQgetisnull(result, 0, column)) return Json();
  const std::string text(PQgetvalue(result, 0, column), static_cast<size_t>(PQgetlength(result, 0, column)));
  switch (PQftype(result, column)) {
    case kBool:
      return text == "t";
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
      return static_cast<int64_t>(std::strtoll(text.c_str(), nullptr, 10));
    case kFloat4:
    case kFloat8: {
      const double value = std::strtod(text.c_str(), nullptr);
      return std::isfinite(value) ? Json(value) : Json(text);
    }
    case kNumeric:
      return decimal_or_text(text);
    case kJson:
    case kJsonb: {
      auto parsed = base::parse_json(text);
      return parsed.ok() ? std::move(parsed).value() : Json(text);
    }
    default:
      return text;
  }
}

std::string parameter_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : base::dump_json(value);
}

std::string without_line_end(const char* text) {
  std::string result = text == nullptr ? "" : text;
  while (!result.empty() && (result.back() == '\n' || result.back() == ' ')) result.pop_back();
  return result;
}

// Of a verbose message, "FATAL:  28000: role ...": the words differ with the language, the shape does not. Empty: none.
std::string sqlstate_in(std::string_view message) {
  for (size_t at = message.find(":  "); at != std::string_view::npos; at = message.find(":  ", at + 1)) {
    const std::string_view state = message.substr(at + 3, 5);
    const bool is_state = state.size() == 5 && std::all_of(state.begin(), state.end(), [](char c) {
                            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
                          });
    if (is_state && message.substr(at + 8, 2) == ": ") return std::string(state);
  }
  return "";
}

// By SQLSTATE, appendix A of the manual.
ErrorCode code_of(std::string_view state) {
  if (state == "40001" || state == "40P01" || state == "55P03") return ErrorCode::kBusy;
  if (state == "57014") return ErrorCode::kTimeout;
  if (state == "42501" || state == "25006" || state.starts_with("28")) return ErrorCode::kDenied;
  if (state.starts_with("08") || state.starts_with("53") || state.starts_with("57")) return ErrorCode::kUnavailable;
  if (state.starts_with("54")) return ErrorCode::kLimit;
  return state.empty() ? ErrorCode::kUnavailable : ErrorCode::kInvalid;
}

// Waits for one of `events` on the socket; kTimeout, kCancelled.
Result<void> wait_for_socket(int socket, short events, const Deadline& wait, const std::string& what) {
  while (true) {
    TRY(wait.check(what));
    const int64_t left_ms = wait.left_ms();
    pollfd entry{socket, events, 0};
    if (::poll(&entry, 1, static_cast<int>(std::min(left_ms, wait.cancel == nullptr ? left_ms : kPollCancelMs))) > 0)
      return {};
  }
}

net::Destination destination_of(const PostgresTarget& target) {
  return {kScheme, target.host, static_cast<uint16_t>(std::atoi(target.port.c_str()))};
}

bool is_socket_folder(const std::string& host) {
  return host.starts_with('/');
}

// The first address of the host that the policy allows.
Result<net::IpAddress> allowed_address(const net::Destination& destination, const net::AddressPolicy& policy) {
  if (const auto literal = net::IpAddress::parse(destination.host)) {
    TRY(policy.check_address(destination, *literal));
    return *literal;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(destination.host.c_str(), nullptr, &hints, &found);
  if (code != 0) return Error{ErrorCode::kUnavailable, fmt::format("{}: {}", destination.host, ::gai_strerror(code))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  Error denied{ErrorCode::kUnavailable, fmt::format("{}: no address", destination.host)};
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    const auto address = net::IpAddress::of(entry->ai_addr);
    if (!address) continue;
    auto allowed = policy.check_address(destination, *address);
    if (allowed.ok()) return *address;
    denied = std::move(allowed).error();
  }
  return denied;
}

void ignore_notice(void*, const char*) {}

}  // namespace

Result<PostgresTarget> postgres_target(const std::string& url, const std::string& password,
                                       const net::AddressPolicy& policy) {
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))
    return Error{ErrorCode::kInvalid, "a PostgreSQL address begins with postgresql://"};
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &why),
                                                                             &PQconninfoFree);
  if (!options) {
    PQfreemem(why);  // it quotes the URL, which may hold a password
    return Error{ErrorCode::kInvalid,
                 "the PostgreSQL address is no valid URL of the form postgresql://user@host:port/database"};
  }
  PostgresTarget target;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string keyword = option->keyword, value = option->val;
    if (keyword == "password")
      return Error{ErrorCode::kInvalid,
                   "the PostgreSQL address holds a password; name the variable that has it in password_variable"};
    if (keyword == "host") {
      target.host = value;
    } else if (keyword == "port") {
      target.port = value;
    } else if (keyword == "user" || keyword == "dbname" || keyword == "sslmode" || keyword == "sslrootcert") {
      target.settings.emplace_back(keyword, value);
    } else {
      return Error{
          ErrorCode::kUnsupported,
          fmt::format(
              "the PostgreSQL address says {}; only user, host, port, dbname, sslmode and sslrootcert are known",
              keyword)};
    }
  }
  if (target.host.empty() || target.host.find(',') != std::string::npos)
    return Error{ErrorCode::kInvalid,
                 "the PostgreSQL address does not name exactly one host (or ?host=/folder of a socket)"};
  if (!is_socket_folder(target.host)) TRY(policy.check_name(destination_of(target)));
  if (!password.empty()) target.settings.emplace_back("password", password);
  target.shown = fmt::format("PostgreSQL at {}:{}", target.host, target.port);
  return target;
}

struct Postgres::Handle {
  PGconn* connection = nullptr;
  std::string shown;
  ~Handle() { PQfinish(connection); }

  Error error(const PGresult* result, const char* verb) const {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* primary = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string said = primary != nullptr ? primary : without_line_end(PQerrorMessage(connection));
    return Error{
        code_of(state == nullptr ? "" : state),
        fmt::format("{} {}: {}{}", verb, shown, said, state == nullptr ? "" : fmt::format(" (SQLSTATE {})", state))};
  }

  // What the server said instead of letting us in, or what kept us from reaching it.
  Error connect_error() const {
    const std::string said = without_line_end(PQerrorMessage(connection));
    const std::string state = sqlstate_in(said);
    const bool is_about_trust = state.empty() && said.find("certificate") != std::string::npos;
    return Error{is_about_trust ? ErrorCode::kDenied : code_of(state),
                 fmt::format("connect to {}: {}", shown, said.substr(0, said.find("\nLOCATION:")))};
  }
};

const char* postgres_sslmode_for(const net::IpAddress& address) {
  return address.kind() == net::AddressKind::kLoopback ? "disable" : "verify-full";
}

Postgres::Postgres(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Postgres::Postgres(Postgres&&) noexcept = default;
Postgres& Postgres::operator=(Postgres&&) noexcept = default;
Postgres::~Postgres() = default;

Result<Postgres> Postgres::connect(const PostgresTarget& target, const net::AddressPolicy& policy,
                                   const Deadline& wait) {
  // What is not said here would come from PG* variables and files in the home folder.
  std::vector<std::pair<std::string, std::string>> settings = {
      {"host", target.host},         {"port", target.port},     {"client_encoding", "UTF8"},
      {"application_name", "cadre"}, {"options", ""},           {"service", ""},
      {"passfile", kNoFile},         {"gssencmode", "disable"}, {"sslcert", kNoFile},
      {"sslkey", kNoFile},           {"sslcrl", kNoFile},       {"ssl_min_protocol_version", "TLSv1.2"}};
  std::string sslmode = "disable";
  if (!is_socket_folder(target.host)) {
    const net::IpAddress address = TRY(allowed_address(destination_of(target), policy));
    settings.emplace_back("hostaddr", address.text());
    sslmode = postgres_sslmode_for(address);
  }
  for (const auto& [keyword, value] : target.settings)
    if (keyword == "sslmode") sslmode = value;
  settings.emplace_back("sslmode", sslmode);
  // Where a file of authorities is there, even "require" verifies.
  settings.emplace_back("sslrootcert", sslmode.starts_with("verify") ? kAuthoritiesFile : kNoFile);
  settings.insert(settings.end(), target.settings.begin(), target.settings.end());  // the last of a keyword counts
  const auto has = [&](const char* name) {
    return std::any_of(settings.begin(), settings.end(), [&](const auto& s) { return s.first == name; });
  };
  if (!has("password")) settings.emplace_back("password", "");
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : settings) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);

  auto handle = std::make_unique<Handle>();
  handle->shown = target.shown;
  handle->connection = PQconnectStartParams(keywords.data(), values.data(), 0);
  if (handle->connection == nullptr) return Error{ErrorCode::kInternal, "libpq has no memory"};
  if (PQstatus(handle->connection) == CONNECTION_BAD) return handle->error(nullptr, "connect to");
  PQsetErrorVerbosity(handle->connection, PQERRORS_VERBOSE);  // so that a refusal carries its SQLSTATE
  PQsetNoticeProcessor(handle->connection, &ignore_notice, nullptr);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    TRY(wait_for_socket(PQsocket(handle->connection), events, wait, "connect to " + target.shown));
    state = PQconnectPoll(handle->connection);
    if (state == PGRES_POLLING_FAILED) return handle->connect_error();
  }
  if (PQsetnonblocking(handle->connection, 1) != 0) return handle->error(nullptr, "set up");
  return Postgres(std::move(handle));
}

bool Postgres::is_usable() const {
  return PQstatus(handle_->connection) == CONNECTION_OK && PQtransactionStatus(handle_->connection) == PQTRANS_IDLE;
}

// Sends what is left to send and reads until a result is whole.
Result<void> Postgres::wait_for_result(const Deadline& wait) {
  PGconn* connection = handle_->connection;
  while (true) {
    const int unsent = PQflush(connection);
    if (unsent < 0) return handle_->error(nullptr, "send to");
    if (unsent == 0 && PQisBusy(connection) == 0) return {};
    const short events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0));
    TRY(wait_for_socket(PQsocket(connection), events, wait, "run SQL on " + handle_->shown));
    if (PQconsumeInput(connection) == 0) return handle_->error(nullptr, "read from");
  }
}

// Tells the server to stop and reads what it still says, so that the connection can be used again; if it does not, the connection is dropped.
void Postgres::stop_statement() {
  PGconn* connection = handle_->connection;
  if (PGcancel* cancel = PQgetCancel(connection); cancel != nullptr) {
    char why[256];
    PQcancel(cancel, why, sizeof why);
    PQfreeCancel(cancel);
  }
  const Deadline wait = Deadline::for_ms(kStopMs, nullptr);
  while (wait_for_result(wait).ok()) {
    PGresult* result = PQgetResult(connection);
    if (result == nullptr) return;
    PQclear(result);
  }
  PQfinish(std::exchange(handle_->connection, nullptr));
}

Result<int64_t> Postgres::collect(const Deadline& wait, SqlRows* rows) {
  PGconn* connection = handle_->connection;
  std::optional<Error> error;
  int64_t count = 0;
  bool has_columns = false;
  while (true) {
    if (auto ready = wait_for_result(wait); !ready.ok()) {
      const bool is_ours = ready.error().code == ErrorCode::kTimeout || ready.error().code == ErrorCode::kCancelled;
      if (is_ours) stop_statement();
      return std::move(ready).error();
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection), &PQclear);
    if (!result) break;
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK: {
        was_answered_ = true;
        if (rows != nullptr && !has_columns) {
          std::vector<std::string> names;
          for (int i = 0; i < PQnfields(result.get()); ++i) names.emplace_back(PQfname(result.get(), i));
          rows->set_columns(names);
          has_columns = true;
        }
        if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) {
          count = std::atoll(PQcmdTuples(result.get()));
          break;
        }
        if (rows == nullptr || error) break;
        std::vector<Json> values;
        for (int i = 0; i < PQnfields(result.get()); ++i) values.push_back(value_of(result.get(), i));
        if (auto added = rows->add(std::move(values)); !added.ok()) error = std::move(added).error();
        break;
      }
      case PGRES_COMMAND_OK:
        was_answered_ = true;
        count = std::atoll(PQcmdTuples(result.get()));
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        PQfinish(std::exchange(handle_->connection, nullptr));
        return Error{ErrorCode::kUnsupported, "COPY is not spoken here"};
      default:
        was_answered_ = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) != nullptr;
        if (!error) error = handle_->error(result.get(), "run SQL on");
    }
  }
  if (error) return std::move(*error);
  return count;
}

Result<int64_t> Postgres::query(const std::string& sql, const std::vector<Json>& parameters, const Deadline& wait,
                                SqlRows* rows) {
  was_answered_ = false;
  if (sql.find('\0') != std::string::npos) return Error{ErrorCode::kInvalid, "the SQL statement holds a NUL"};
  std::vector<std::string> texts;
  for (const Json& parameter : parameters) {
    texts.push_back(parameter_text(parameter));
    if (texts.back().find('\0') != std::string::npos)
      return Error{ErrorCode::kInvalid, "a value holds a NUL, which PostgreSQL has no text for"};
  }
  std::vector<const char*> values;
  for (size_t i = 0; i < texts.size(); ++i) values.push_back(parameters[i].is_null() ? nullptr : texts[i].c_str());
  if (handle_->connection == nullptr ||
      PQsendQueryParams(handle_->connection, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                        nullptr, nullptr, 0) == 0)
    return handle_->error(nullptr, "run SQL on");
  PQsetSingleRowMode(handle_->connection);
  return collect(wait, rows);
}

Result<void> Postgres::exec(const std::string& sql, const Deadline& wait) {
  TRY(query(sql, {}, wait));
  return {};
}

Result<std::string> Postgres::query_text(const std::string& sql, const std::vector<Json>& parameters,
                                         const Deadline& wait) {
  ToolCall one;
  one.rows_max = 1;
  one.result_size_bytes_max = 64 << 20;
  SqlRows rows(one);
  TRY(query(sql, parameters, wait, &rows));
  const Json result = std::move(rows).result(-1);
  if (result["rows"].empty()) return Error{ErrorCode::kNotFound, "no row"};
  return parameter_text(result["rows"][0].begin().value());
}

Result<void> Postgres::prepare(const std::string& sql, const Deadline& wait) {
  was_answered_ = false;
  if (sql.find('\0') != std::string::npos) return Error{ErrorCode::kInvalid, "the SQL statement holds a NUL"};
  if (handle_->connection == nullptr || PQsendPrepare(handle_->connection, "", sql.c_str(), 0, nullptr) == 0)
    return handle_->error(nullptr, "check SQL on");
  TRY(collect(wait, nullptr));
  return {};
}

}  // namespace cadre::agent
