// A real PostgreSQL server for tests: in a temporary folder, on a socket in it and on a port of 127.0.0.1, gone with this object.
//
// The server refuses to run as root, so that a root test starts it as the user postgres (of Debian's package) or nobody.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "agent/postgres.h"
#include "base/file.h"
#include "net/subprocess.h"

namespace cadre::agent {

class TestPostgres {
 public:
  // Fails the test, with what the server said, where it cannot be started.
  static std::unique_ptr<TestPostgres> start() {
    auto server = std::unique_ptr<TestPostgres>(new TestPostgres());
    const auto started = server->start_in_folder();
    if (started.ok()) return server;
    ADD_FAILURE() << "a PostgreSQL server is needed for this test (package postgresql): " << started.error().message;
    return nullptr;
  }

  std::string socket_url() const {
    return "postgresql:///postgres?host=" + folder_.path() + "&port=" + std::to_string(port_) + "&user=cadre";
  }
  std::string url(const std::string& user = "cadre") const {
    return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port_) + "/postgres";
  }
  uint16_t port() const { return port_; }
  // A connection that is not the tool's.
  Postgres connect() const {
    const net::AddressPolicy nothing;
    return Postgres::connect(postgres_target(socket_url(), "", nothing).value(), nothing, wait()).value();
  }
  static Deadline wait() { return Deadline::for_ms(20'000, nullptr); }
  // As a crash would. The processes behind open connections have groups of their own and outlive the server by a moment, in which they still
  // answer: they are killed, too.
  void kill() {
    auto pids = connect().query_text("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity", {}, wait());
    server_.reset();
    std::istringstream list(pids.value());
    for (pid_t pid; list >> pid;) ::kill(pid, SIGKILL);
  }
  Result<void> start_again() { return start_server(); }
  // From now on, or soon after, connections may be encrypted, with this certificate.
  Result<void> serve_tls(const std::string& certificate, const std::string& key) const {
    for (const auto& [from, name] : {std::pair(certificate, "server.crt"), std::pair(key, "server.key")}) {
      const std::string to = folder_.path() + "/data/" + name;
      TRY(base::replace_file(to, TRY(base::read_file(from))));
      struct stat folder {};
      if (::stat((folder_.path() + "/data").c_str(), &folder) != 0 || ::chmod(to.c_str(), 0600) != 0 ||
          ::chown(to.c_str(), folder.st_uid, folder.st_gid) != 0)
        return Error{ErrorCode::kIo, "its certificate cannot be given to the server"};
    }
    auto connection = connect();
    TRY(connection.exec("ALTER SYSTEM SET ssl = on", wait()));
    return connection.exec("SELECT pg_reload_conf()", wait());
  }

 private:
  TestPostgres() : folder_(base::TemporaryDirectory::make().value()) {}

  static std::string program(const std::string& name) {
    std::error_code ignored;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      const auto path = version.path() / "bin" / name;
      if (std::filesystem::exists(path, ignored)) return path.string();
    }
    return name;
  }

  // As somebody who is not root.
  static std::vector<std::string> unprivileged(std::vector<std::string> argv) {
    if (::geteuid() != 0) return argv;
    const char* user = ::getpwnam("postgres") != nullptr ? "postgres" : "nobody";
    std::vector<std::string> whole = {"setpriv", std::string("--reuid=") + user,
                                      "--regid=" + std::to_string(::getpwnam(user)->pw_gid), "--clear-groups", "--"};
    whole.insert(whole.end(), argv.begin(), argv.end());
    return whole;
  }

  static uint16_t free_port() {
    const base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  Result<void> start_in_folder() {
    if (::geteuid() == 0) {
      const passwd* user = ::getpwnam(::getpwnam("postgres") != nullptr ? "postgres" : "nobody");
      if (user == nullptr || ::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
        return Error{ErrorCode::kIo, "its folder cannot be given to an unprivileged user"};
    }
    auto initdb =
        TRY(net::Process::start({.argv = unprivileged({program("initdb"), "-D", folder_.path() + "/data", "-U", "cadre",
                                                       "--auth=trust", "--no-sync", "--no-locale", "-E", "UTF8"}),
                                 .working_directory = folder_.path()}));
    const auto made = TRY(initdb.run_to_end({.timeout_ms = 60'000}));
    if (!made.exit.is_success()) return Error{ErrorCode::kIo, "initdb: " + made.log};
    port_ = free_port();
    return start_server();
  }

  Result<void> start_server() {
    const std::vector<std::string> argv = {
        program("postgres"),   "-D", folder_.path() + "/data",     "-k", folder_.path(), "-p",
        std::to_string(port_), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",    "-c",
        "shared_buffers=8MB",  "-c", "max_connections=20"};
    server_ = std::make_unique<net::Process>(
        TRY(net::Process::start({.argv = unprivileged(argv), .working_directory = folder_.path()})));
    const net::AddressPolicy nothing;
    const auto target = TRY(postgres_target(socket_url(), "", nothing));
    for (int attempt = 0; attempt < 1'500; ++attempt) {
      if (Postgres::connect(target, nothing, wait()).ok()) return {};
      (void)server_->read_line(20, 1 << 16);  // waits, and takes its log
      if (!server_->is_running()) break;
    }
    return Error{ErrorCode::kUnavailable, server_->log_tail()};
  }

  base::TemporaryDirectory folder_;
  uint16_t port_ = 0;
  std::unique_ptr<net::Process> server_;
};

}  // namespace cadre::agent
