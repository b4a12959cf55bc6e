// One connection to a PostgreSQL server: postgres.cc is the one file that knows libpq.
//
// Nothing but the given URL decides where it goes: environment variables, service and password files are not read. The address policy
// is asked for the name and for the address connected to; a path of a socket folder is this machine and not asked for. Without an sslmode in the URL,
// the connection is encrypted and the server's certificate verified against its host name (verify-full) unless the address is loopback or a socket; authorities
// are the system's, unless the URL names an sslrootcert. No call waits past its Deadline (resolving a name excepted, which the system bounds),
// and Cancel is looked at every 20 ms.
// Errors: kBusy (deadlock, serialisation, lock not available), kTimeout, kUnavailable (not there, shutting down, too many clients),
// kDenied (policy, certificate, password, privileges, writing in a read-only transaction), kLimit, kCancelled, else kInvalid.
// Thread safety: a connection belongs to one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/deadline.h"
#include "agent/sql_rows.h"
#include "base/json.h"
#include "base/result.h"
#include "net/address_policy.h"

namespace cadre::agent {

struct PostgresTarget {
  std::vector<std::pair<std::string, std::string>> settings;  // of libpq, by keyword
  std::string host;                                           // a name, an address, or the path of a socket's folder
  std::string port = "5432";
  std::string shown;  // for messages, without the password
};

// Error: no such URL, more than one host, a name that the policy denies.
Result<PostgresTarget> postgres_target(const std::string& url, const std::string& password,
                                       const net::AddressPolicy& policy);

// Where a URL does not say.
const char* postgres_sslmode_for(const net::IpAddress& address);

class Postgres {
 public:
  static Result<Postgres> connect(const PostgresTarget& target, const net::AddressPolicy& policy, const Deadline& wait);
  Postgres(Postgres&&) noexcept;
  Postgres& operator=(Postgres&&) noexcept;
  ~Postgres();

  // One statement with values for $1, $2, ...; rows go to `rows` where it is not null. Returns how many rows were written or fetched.
  // After kTimeout and kCancelled the server was told to stop.
  Result<int64_t> query(const std::string& sql, const std::vector<base::Json>& parameters, const Deadline& wait,
                        SqlRows* rows = nullptr);
  Result<void> exec(const std::string& sql, const Deadline& wait);
  // The first value of the first row as text; kNotFound if there is no row.
  Result<std::string> query_text(const std::string& sql, const std::vector<base::Json>& parameters,
                                 const Deadline& wait);
  // Names and types are resolved, nothing is executed.
  Result<void> prepare(const std::string& sql, const Deadline& wait);

  bool is_usable() const;  // connected, and between statements
  bool was_answered() const {
    return was_answered_;
  }  // did the server answer the last statement, if only with an error?

 private:
  struct Handle;
  explicit Postgres(std::unique_ptr<Handle> handle);
  Result<int64_t> collect(const Deadline& wait, SqlRows* rows);
  Result<void> wait_for_result(const Deadline& wait);
  void stop_statement();

  std::unique_ptr<Handle> handle_;
  bool was_answered_ = false;
};

}  // namespace cadre::agent
