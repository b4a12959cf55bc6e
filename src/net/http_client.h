// The door to the web: one HTTP or HTTPS request out, its response back. http_client.cc is the one file that knows libcurl.
//
// Promises: nothing is sent, and no name resolved, unless the address policy allows it; the policy is asked again for the very address of
// each connection, so that a name that resolves elsewhere the second time gains nothing. Proxy variables, netrc, cookies, HSTS and Alt-Svc
// are not used, certificates are verified (TLS 1.2 or newer), nothing is decompressed. Whatever arrives has a limit, and so has all waiting.
// A status is a result, not an error. Errors:
//
//   kInvalid      the request itself: URL, method or header cannot be sent
//   kDenied       the policy, or a certificate that nobody vouches for
//   kUnavailable  no address, connection refused or broken off
//   kTimeout      connect, total or idle time used up
//   kLimit        headers or body over the limit, too many redirects
//   kCancelled    asked to stop
//
// Connections are kept and used again. A kept connection that turns out dead is replaced and the request sent again, but only where the
// request may be repeated. Messages name scheme, host, port and path, never query, headers or body: those may hold secrets.
// Thread safety: a client may be used by many threads; each request has a connection of its own meanwhile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "net/address_policy.h"

namespace cadre::net {

struct HttpHeader {
  std::string name, value;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;  // in order, names in lower case
  std::string body;                 // empty where a sink took it
  std::string url;                  // after redirects

  std::optional<std::string> header(std::string_view lower_case_name) const;  // the first of that name
};

enum class Flow : uint8_t { kMore, kStop };

// Takes the body as it arrives; kStop ends the exchange, successfully, and closes the connection.
using BodySink = std::function<Result<Flow>(const HttpResponse& head, std::string_view bytes)>;

// May the same request be sent twice, if the kept connection it was sent on dies without an answer?
enum class Repeatable : uint8_t { kByMethod, kYes, kNo };  // by method: all but POST and PATCH

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<HttpHeader> headers;  // not Host, Content-Length, Transfer-Encoding, Connection, Expect, TE, Upgrade
  std::string body;
  Repeatable repeatable = Repeatable::kByMethod;

  int64_t connect_timeout_ms = 5'000;
  int64_t timeout_ms = 30'000;  // of everything, redirects included
  int64_t idle_timeout_ms = 0;  // without a byte from the other side; 0: only the total counts
  size_t header_size_bytes_max = 64 << 10;
  size_t body_size_bytes_max = 8 << 20;  // of what arrives in all, sink or not
  // Each one is checked like a request of its own. To another scheme, host or port go no headers but Accept, Accept-Language and
  // Content-Type; 303, and POST after 301 and 302, become GET.
  int redirects_max = 0;
  BodySink sink;                         // empty: the body is collected
  const base::Cancel* cancel = nullptr;  // may be null; looked at every 20 ms
};

struct HttpExchange {
  std::optional<Error> error;
  bool may_have_arrived = false;  // the request was at least partly sent: with an error, it may have had its effect
  HttpResponse response;
};

struct HttpClientOptions {
  std::string ca_file;  // PEM, instead of the system's certificates; empty: the system's
  std::string user_agent = "cadre";
};

class HttpClient {
 public:
  explicit HttpClient(AddressPolicy policy, HttpClientOptions options = {});
  ~HttpClient();

  HttpExchange exchange(const HttpRequest& request) const;
  // The same, where it does not matter whether a failed request arrived.
  Result<HttpResponse> send(const HttpRequest& request) const;

  const AddressPolicy& policy() const { return policy_; }

 private:
  class Session;
  struct Pool;
  HttpExchange exchange_once(const HttpRequest& request, const std::string& url, bool is_last_hop,
                             Session& session) const;

  AddressPolicy policy_;
  HttpClientOptions options_;
  std::unique_ptr<Pool> pool_;
};

// Where a URL leads. Error kInvalid: no absolute http or https URL, credentials in it, a host that is no ASCII name.
Result<Destination> destination_of(const std::string& url);

// Bytes outside the unreserved characters of RFC 3986 as %XX.
std::string percent_encoded(std::string_view text);

bool is_header_name(std::string_view name);
bool is_header_value(std::string_view value);  // no control characters, so no way to begin another header

}  // namespace cadre::net
