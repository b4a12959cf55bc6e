// Certificates and an HTTPS server for tests, made with the openssl program (package openssl). Nothing of it is kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "net/subprocess.h"

namespace cadre::net {

// One authority of its own, and what it has signed.
class TestAuthority {
 public:
  TestAuthority() { request({"-x509", "-subj", "/CN=test authority", "-keyout", path("ca.key"), "-out", ca_file()}); }

  std::string ca_file() const { return path("ca.pem"); }
  std::string certificate(const std::string& name) const { return path(name + ".pem"); }
  std::string key(const std::string& name) const { return path(name + ".key"); }
  // `subjects`: "IP:127.0.0.1,DNS:localhost".
  void sign(const std::string& name, const std::string& subjects) const {
    request({"-x509", "-CA", ca_file(), "-CAkey", path("ca.key"), "-subj", "/CN=test server", "-addext",
             "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=" + subjects, "-keyout", key(name),
             "-out", certificate(name)});
  }

 private:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  static void request(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {"openssl", "req",   "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                     "-nodes",  "-days", "2"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    auto process = Process::start({.argv = argv});
    ASSERT_TRUE(process.ok()) << process.error().message << " (package openssl)";
    const auto output = process->run_to_end({});
    ASSERT_TRUE(output.ok() && output->exit.is_success()) << (output.ok() ? output->log : output.error().message);
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

// Answers every GET with status 200 and a page about the connection.
class TestTlsServer {
 public:
  TestTlsServer(const TestAuthority& authority, const std::string& name, const std::vector<std::string>& more = {}) {
    std::vector<std::string> argv = {
        "openssl", "s_server",         "-accept", "127.0.0.1:0", "-www", "-cert", authority.certificate(name),
        "-key",    authority.key(name)};
    argv.insert(argv.end(), more.begin(), more.end());
    auto started = Process::start({.argv = argv});
    if (!started.ok()) {
      ADD_FAILURE() << started.error().message << " (package openssl)";
      return;
    }
    process_.emplace(std::move(started).value());
    while (port_.empty()) {
      const auto line = process_->read_line(20'000, 1 << 12);
      if (!line.ok() || !line->has_value()) {
        ADD_FAILURE() << "openssl s_server does not say where it listens: " << process_->log_tail();
        return;
      }
      if ((*line)->starts_with("ACCEPT ")) port_ = (*line)->substr((*line)->rfind(':') + 1);
    }
  }

  std::string url(const std::string& host = "127.0.0.1") const { return "https://" + host + ":" + port_ + "/"; }

 private:
  std::optional<Process> process_;
  std::string port_;
};

}  // namespace cadre::net
