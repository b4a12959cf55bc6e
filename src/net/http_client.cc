// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "base/ascii.h"
#include "base/clock.h"

namespace cadre::net {
namespace {

constexpr int kPollCancelMs = 20;
constexpr int kPollMs = 500;
constexpr size_t kUrlSizeBytesMax = 16 << 10;
constexpr size_t kPooledSessionsMax = 16;

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

struct UrlHandle {
  CURLU* handle = ::curl_url();
  UrlHandle() = default;
  UrlHandle(const UrlHandle&) = delete;
  ~UrlHandle() { ::curl_url_cleanup(handle); }
  // Empty where the URL has none.
  std::string part(CURLUPart what, unsigned flags = 0) const {
    char* text = nullptr;
    if (::curl_url_get(handle, what, &text, flags) != CURLUE_OK) return "";
    std::string result(text);
    ::curl_free(text);
    return result;
  }
};

Error url_error(std::string_view why) {
  return Error{ErrorCode::kInvalid, fmt::format("the URL cannot be used: {}", why)};
}

Result<void> set_url(UrlHandle& url, const std::string& text) {
  if (text.size() > kUrlSizeBytesMax) return url_error(fmt::format("it is longer than {} bytes", kUrlSizeBytesMax));
  if (text.find('\0') != std::string::npos) return url_error("it holds a NUL");
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return url_error("it is not ASCII; write international names in their xn-- form, the rest percent-encoded");
  const CURLUcode code = ::curl_url_set(url.handle, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) return url_error(::curl_url_strerror(code));
  return {};
}

Result<Destination> destination_of(const UrlHandle& url) {
  Destination destination;
  destination.scheme = base::ascii_lower(url.part(CURLUPART_SCHEME));
  if (destination.scheme != "http" && destination.scheme != "https") return url_error("only http and https are spoken");
  if (!url.part(CURLUPART_USER).empty() || !url.part(CURLUPART_PASSWORD).empty())
    return url_error("credentials in it would end up in logs; send them in a header");
  destination.host = url.part(CURLUPART_HOST);
  if (destination.host.starts_with('[') && destination.host.ends_with(']'))
    destination.host = destination.host.substr(1, destination.host.size() - 2);
  if (destination.host.empty()) return url_error("it has no host");
  destination.port =
      static_cast<uint16_t>(std::strtoul(url.part(CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str(), nullptr, 10));
  if (destination.port == 0) return url_error("port 0 is none");
  return destination;
}

// For messages: without query, which may hold secrets.
std::string url_for_people(const UrlHandle& url, const Destination& destination) {
  return fmt::format("{}://{}:{}{}", destination.scheme, url.part(CURLUPART_HOST), destination.port,
                     url.part(CURLUPART_PATH));
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool may_repeat(const HttpRequest& request) {
  if (request.repeatable != Repeatable::kByMethod) return request.repeatable == Repeatable::kYes;
  return request.method != "POST" && request.method != "PATCH";
}

Result<void> check_request(const HttpRequest& request) {
  if (request.method.empty() ||
      !std::all_of(request.method.begin(), request.method.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
    return Error{ErrorCode::kInvalid, "the HTTP method is not upper-case letters"};
  for (const HttpHeader& header : request.headers) {
    if (!is_header_name(header.name))
      return Error{ErrorCode::kInvalid, "an HTTP header's name holds characters that no name may have"};
    if (!is_header_value(header.value))
      return Error{ErrorCode::kInvalid, fmt::format("the HTTP header {} holds control characters", header.name)};
    const std::string name = base::ascii_lower(header.name);
    for (const char* ours :
         {"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade", "trailer"})
      if (name == ours)
        return Error{ErrorCode::kInvalid, fmt::format("the HTTP header {} cannot be chosen", header.name)};
  }
  return {};
}

// One exchange in progress: what curl's callbacks need and what they found.
struct Transfer {
  const HttpRequest& request;
  const AddressPolicy& policy;
  Destination destination;
  bool is_hop_hidden = false;  // a redirect that will be followed: nobody sees its body

  HttpResponse response;
  size_t header_size_bytes = 0;
  size_t body_size_bytes = 0;
  bool has_sent = false;
  bool is_stopped = false;
  bool has_opened = false;      // a socket to an allowed address
  std::optional<Error> denied;  // the last address that the policy refused
  std::optional<Error> error;   // found by a callback
  int64_t last_byte_ns = 0;
};

size_t fail(Transfer& transfer, Error error) {
  transfer.error = std::move(error);
  return 0;
}

size_t take_header(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.last_byte_ns = base::system_clock().monotonic_ns();
  transfer.header_size_bytes += line.size();
  if (transfer.header_size_bytes > transfer.request.header_size_bytes_max)
    return fail(transfer, Error{ErrorCode::kLimit, fmt::format("headers over the limit of {} bytes",
                                                               transfer.request.header_size_bytes_max)});
  if (line.starts_with("HTTP/")) {
    transfer.response.headers.clear();
    const size_t space = line.find(' ');
    transfer.response.status =
        space == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(space + 1, 3)).c_str());
    return line.size();
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::string_view(" \t").find(value.front()) != std::string_view::npos)
    value.remove_prefix(1);
  while (!value.empty() && std::string_view(" \t\r\n").find(value.back()) != std::string_view::npos)
    value.remove_suffix(1);
  transfer.response.headers.push_back({base::ascii_lower(line.substr(0, colon)), std::string(value)});
  return line.size();
}

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view bytes(data, size * count);
  transfer.last_byte_ns = base::system_clock().monotonic_ns();
  transfer.body_size_bytes += bytes.size();
  if (transfer.body_size_bytes > transfer.request.body_size_bytes_max)
    return fail(transfer, Error{ErrorCode::kLimit, fmt::format("a response over the limit of {} bytes",
                                                               transfer.request.body_size_bytes_max)});
  if (transfer.is_hop_hidden && is_redirect(transfer.response.status)) return bytes.size();
  if (!transfer.request.sink) {
    transfer.response.body.append(bytes);
    return bytes.size();
  }
  auto flow = transfer.request.sink(transfer.response, bytes);
  if (!flow.ok()) return fail(transfer, std::move(flow).error());
  transfer.is_stopped = *flow == Flow::kStop;
  return transfer.is_stopped ? 0 : bytes.size();
}

// The last word: the address that is about to be connected to.
curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto ip = IpAddress::of(&address->addr);
  const auto allowed = ip ? transfer.policy.check_address(transfer.destination, *ip)
                          : Result<void>(Error{ErrorCode::kDenied, "an address that is neither IPv4 nor IPv6"});
  if (!allowed.ok()) {
    transfer.denied = allowed.error();
    return CURL_SOCKET_BAD;
  }
  transfer.has_opened = true;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Called when the connection, new or kept, is there and before the first byte of the request.
int before_request(void* user, char* peer, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(user);
  const auto ip = IpAddress::parse(peer == nullptr ? "" : peer);
  const auto allowed = ip ? transfer.policy.check_address(transfer.destination, *ip)
                          : Result<void>(Error{ErrorCode::kDenied, "a connection whose other end is unknown"});
  if (!allowed.ok()) {
    transfer.error = allowed.error();
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.has_sent = true;
  transfer.last_byte_ns = base::system_clock().monotonic_ns();
  return CURL_PREREQFUNC_OK;
}

Error error_of(CURLcode code, const Transfer& transfer) {
  if (transfer.error) return *transfer.error;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error{ErrorCode::kTimeout,
                   transfer.has_sent ? fmt::format("no complete answer within {} ms", transfer.request.timeout_ms)
                                     : "no connection within the time allowed"};
    case CURLE_COULDNT_CONNECT:
      if (transfer.denied && !transfer.has_opened) return *transfer.denied;
      return Error{ErrorCode::kUnavailable, "connection refused"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Error{ErrorCode::kDenied, fmt::format("its certificate is not trusted ({})", ::curl_easy_strerror(code))};
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return Error{ErrorCode::kInternal, ::curl_easy_strerror(code)};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return url_error(::curl_easy_strerror(code));
    default:
      return Error{ErrorCode::kUnavailable, ::curl_easy_strerror(code)};
  }
}

// Curl's list of header lines.
struct HeaderLines {
  curl_slist* list = nullptr;
  HeaderLines() = default;
  HeaderLines(const HeaderLines&) = delete;
  ~HeaderLines() { ::curl_slist_free_all(list); }
  void add(const std::string& line) { list = ::curl_slist_append(list, line.c_str()); }
};

void add_headers(const HttpRequest& request, HeaderLines& lines) {
  bool has_content_type = false;
  for (const HttpHeader& header : request.headers) {
    has_content_type = has_content_type || base::ascii_lower(header.name) == "content-type";
    lines.add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  lines.add("Expect:");  // no 100-continue
  if (!has_content_type) lines.add("Content-Type:");
}

}  // namespace

std::optional<std::string> HttpResponse::header(std::string_view lower_case_name) const {
  for (const HttpHeader& header : headers)
    if (header.name == lower_case_name) return header.value;
  return std::nullopt;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_char);
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

std::string percent_encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      result.push_back(c);
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

Result<Destination> destination_of(const std::string& url) {
  UrlHandle handle;
  TRY(set_url(handle, url));
  return destination_of(handle);
}

// Curl's handles, with the connections they keep. One thread at a time.
class HttpClient::Session {
 public:
  Session() : multi_(::curl_multi_init()), easy_(::curl_easy_init()) { CADRE_CHECK(multi_ && easy_, "curl handles"); }
  Session(const Session&) = delete;
  ~Session() {
    ::curl_easy_cleanup(easy_);
    ::curl_multi_cleanup(multi_);
  }

  CURLcode perform(Transfer& transfer, const std::string& url, const HttpClientOptions& options, int64_t timeout_ms) {
    ::curl_easy_reset(easy_);
    HeaderLines headers;
    add_headers(transfer.request, headers);
    set_policies(options);
    set_request(transfer, url, headers, timeout_ms);
    set_callbacks(transfer);
    transfer.last_byte_ns = base::system_clock().monotonic_ns();
    if (::curl_multi_add_handle(multi_, easy_) != CURLM_OK) return CURLE_FAILED_INIT;
    const CURLcode code = run(transfer);
    ::curl_multi_remove_handle(multi_, easy_);
    return code;
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    CADRE_CHECK(::curl_easy_setopt(easy_, option, value) == CURLE_OK, "an option this libcurl knows");
  }

  void set_policies(const HttpClientOptions& options) {
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");  // the environment's proxies are not asked
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a slow resolver does not hold up the end of a timed-out request
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_USERAGENT, options.user_agent.c_str());
    if (!options.ca_file.empty()) {
      set(CURLOPT_CAINFO, options.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
  }

  void set_request(const Transfer& transfer, const std::string& url, const HeaderLines& headers, int64_t timeout_ms) {
    const HttpRequest& request = transfer.request;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, headers.list);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(request.connect_timeout_ms, timeout_ms)));
    const bool has_body =
        !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (has_body) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.data());
    }
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // On a kept connection curl would send the request again if it dies without an answer.
    if (!may_repeat(request)) set(CURLOPT_FRESH_CONNECT, 1L);
  }

  void set_callbacks(Transfer& transfer) {
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_OPENSOCKETDATA, &transfer);
    set(CURLOPT_PREREQFUNCTION, &before_request);
    set(CURLOPT_PREREQDATA, &transfer);
  }

  CURLcode run(Transfer& transfer) {
    const HttpRequest& request = transfer.request;
    while (true) {
      int running = 0;
      if (::curl_multi_perform(multi_, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      int left = 0;
      if (const CURLMsg* message = ::curl_multi_info_read(multi_, &left); message != nullptr)
        return message->data.result;
      if (request.cancel != nullptr && request.cancel->requested()) {
        transfer.error = Error{ErrorCode::kCancelled, "asked to stop"};
        return CURLE_ABORTED_BY_CALLBACK;
      }
      const int64_t idle_ms = (base::system_clock().monotonic_ns() - transfer.last_byte_ns) / 1'000'000;
      if (request.idle_timeout_ms > 0 && idle_ms >= request.idle_timeout_ms) {
        transfer.error = Error{ErrorCode::kTimeout, fmt::format("nothing arrived for {} ms", request.idle_timeout_ms)};
        return CURLE_ABORTED_BY_CALLBACK;
      }
      const bool is_watching = request.cancel != nullptr || request.idle_timeout_ms > 0;
      ::curl_multi_poll(multi_, nullptr, 0, is_watching ? kPollCancelMs : kPollMs, nullptr);
    }
  }

  CURLM* multi_;
  CURL* easy_;
};

// Sessions that nobody uses just now.
struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Session>> idle;  // guarded by mutex

  std::unique_ptr<Session> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<Session>();
    auto session = std::move(idle.back());
    idle.pop_back();
    return session;
  }
  void give_back(std::unique_ptr<Session> session) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kPooledSessionsMax) idle.push_back(std::move(session));
  }
};

HttpClient::HttpClient(AddressPolicy policy, HttpClientOptions options)
    : policy_(std::move(policy)), options_(std::move(options)), pool_(std::make_unique<Pool>()) {
  static std::once_flag once;
  std::call_once(once, [] { CADRE_CHECK(::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl starts"); });
}

HttpClient::~HttpClient() = default;

HttpExchange HttpClient::exchange_once(const HttpRequest& request, const std::string& url, bool is_last_hop,
                                       Session& session) const {
  HttpExchange exchange;
  UrlHandle handle;
  auto parsed = set_url(handle, url);
  auto destination = parsed.ok() ? destination_of(handle) : Result<Destination>(std::move(parsed).error());
  if (!destination.ok()) {
    exchange.error = std::move(destination).error();
    return exchange;
  }
  ::curl_url_set(handle.handle, CURLUPART_FRAGMENT, nullptr, 0);
  if (auto allowed = policy_.check_name(*destination); !allowed.ok()) {
    exchange.error = std::move(allowed).error();
    return exchange;
  }
  Transfer transfer{request, policy_, *destination};
  transfer.is_hop_hidden = !is_last_hop;
  transfer.response.url = handle.part(CURLUPART_URL);
  const CURLcode code = session.perform(transfer, transfer.response.url, options_, request.timeout_ms);
  exchange.may_have_arrived = transfer.has_sent;
  if (code != CURLE_OK && !transfer.is_stopped) {
    exchange.error = error_of(code, transfer)
                         .with_context(fmt::format("{} {}", request.method, url_for_people(handle, *destination)));
    return exchange;
  }
  exchange.response = std::move(transfer.response);
  return exchange;
}

namespace {

// What to ask for after a redirect; kInvalid if its Location leads nowhere.
Result<std::string> next_url(const HttpResponse& response, const std::string& location) {
  UrlHandle url;
  TRY(set_url(url, response.url));
  TRY(set_url(url, location));  // relative to what stands there
  return url.part(CURLUPART_URL);
}

void turn_to(HttpRequest& request, const HttpResponse& response, const Destination& from, const Destination& to) {
  const bool becomes_get =
      response.status == 303 || (request.method == "POST" && (response.status == 301 || response.status == 302));
  if (becomes_get && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
  }
  const bool is_same_origin = from.scheme == to.scheme && from.host == to.host && from.port == to.port;
  std::erase_if(request.headers, [&](const HttpHeader& header) {
    const std::string name = base::ascii_lower(header.name);
    const bool is_harmless = name == "accept" || name == "accept-language" || name == "content-type";
    return (!is_same_origin && !is_harmless) || (becomes_get && name == "content-type");
  });
}

}  // namespace

HttpExchange HttpClient::exchange(const HttpRequest& request) const {
  HttpExchange exchange;
  if (auto checked = check_request(request); !checked.ok()) {
    exchange.error = std::move(checked).error();
    return exchange;
  }
  auto session = pool_->take();
  const int64_t start_ns = base::system_clock().monotonic_ns();
  HttpRequest hop = request;
  bool may_have_arrived = false;
  for (int redirects = 0;; ++redirects) {
    const int64_t spent_ms = (base::system_clock().monotonic_ns() - start_ns) / 1'000'000;
    hop.timeout_ms = std::max<int64_t>(1, request.timeout_ms - spent_ms);
    exchange = exchange_once(hop, hop.url, redirects == request.redirects_max, *session);
    may_have_arrived = exchange.may_have_arrived = exchange.may_have_arrived || may_have_arrived;
    const auto location = exchange.response.header("location");
    if (exchange.error || request.redirects_max == 0 || !is_redirect(exchange.response.status) || !location) break;
    if (redirects == request.redirects_max) {
      exchange.error = Error{ErrorCode::kLimit, fmt::format("more than {} redirects", request.redirects_max)};
      break;
    }
    const auto from = destination_of(hop.url);
    auto url = next_url(exchange.response, *location);
    const auto to = url.ok() ? destination_of(*url) : Result<Destination>(url.error());
    if (!to.ok()) {
      exchange.error = Error(to.error()).with_context("a redirect");
      break;
    }
    turn_to(hop, exchange.response, *from, *to);
    hop.url = *url;
  }
  pool_->give_back(std::move(session));
  return exchange;
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) const {
  HttpExchange done = exchange(request);
  if (done.error) return std::move(*done.error);
  return std::move(done.response);
}

}  // namespace cadre::net
