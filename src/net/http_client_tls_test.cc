// Which certificates an HttpClient takes.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "net/http_client.h"
#include "net/test_tls.h"

namespace cadre::net {
namespace {

HttpExchange get(const std::string& url, const std::string& ca_file) {
  const HttpClient client(AddressPolicy::parse({"localhost", "127.0.0.1"}).value(), {.ca_file = ca_file});
  return client.exchange({.url = url});
}

class HttpClientTls : public ::testing::Test {
 protected:
  void expect_refused(const HttpExchange& exchange, ErrorCode code) {
    ASSERT_TRUE(exchange.error) << "answered " << exchange.response.status;
    EXPECT_EQ(exchange.error->code, code) << exchange.error->message;
    EXPECT_FALSE(exchange.may_have_arrived) << "no byte of the request is sent before the certificate is accepted";
  }

  TestAuthority authority_;
};

TEST_F(HttpClientTls, ACertificateOfTheNamedAuthorityForTheHostIsTaken) {
  authority_.sign("both", "IP:127.0.0.1,DNS:localhost");
  const TestTlsServer server(authority_, "both");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const HttpExchange exchange = get(server.url(host), authority_.ca_file());
    ASSERT_FALSE(exchange.error) << exchange.error->message;
    EXPECT_EQ(exchange.response.status, 200);
  }
}

TEST_F(HttpClientTls, AnotherHostsCertificateIsRefused) {
  authority_.sign("other", "DNS:other.example,DNS:*.localhost");
  authority_.sign("address", "IP:127.0.0.1");
  const TestTlsServer other(authority_, "other"), address(authority_, "address");
  expect_refused(get(other.url("127.0.0.1"), authority_.ca_file()), ErrorCode::kDenied);
  expect_refused(get(other.url("localhost"), authority_.ca_file()), ErrorCode::kDenied);
  expect_refused(get(address.url("localhost"), authority_.ca_file()), ErrorCode::kDenied);
  EXPECT_FALSE(get(address.url("127.0.0.1"), authority_.ca_file()).error);
}

TEST_F(HttpClientTls, AnAuthorityThatNobodyNamedIsRefused) {
  authority_.sign("server", "IP:127.0.0.1");
  const TestTlsServer server(authority_, "server");
  const TestAuthority stranger;
  expect_refused(get(server.url(), ""), ErrorCode::kDenied);
  expect_refused(get(server.url(), stranger.ca_file()), ErrorCode::kDenied);
  expect_refused(get(server.url(), "/nonexistent.pem"), ErrorCode::kDenied);
}

TEST_F(HttpClientTls, VersionsBefore12AreRefused) {
  authority_.sign("server", "IP:127.0.0.1");
  const TestTlsServer old(authority_, "server", {"-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"});
  expect_refused(get(old.url(), authority_.ca_file()), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace cadre::net
