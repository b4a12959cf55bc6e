// SPDX-License-Identifier: Apache-2.0
#include "net/http_inbound.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace cadre::net {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return base::ascii_lower(x) == base::ascii_lower(y); });
}

Result<std::string> decode(std::string_view text, bool is_form) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && is_form) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size() || base::hex_digit(text[i + 1]) < 0 || base::hex_digit(text[i + 2]) < 0) {
        return Error{ErrorCode::kInvalid, "request target: % is not followed by two hexadecimal digits"};
      }
      out.push_back(static_cast<char>(base::hex_digit(text[i + 1]) << 4 | base::hex_digit(text[i + 2])));
      i += 2;
    }
  }
  if (!base::is_valid_utf8(out)) return Error{ErrorCode::kInvalid, "request target: it does not decode to UTF-8"};
  const bool has_control =
      std::any_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (has_control) return Error{ErrorCode::kInvalid, "request target: it holds a control character"};
  return out;
}

Result<void> read_query(std::string_view text, InboundRequest& request) {
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    auto name = TRY(decode(part.substr(0, equals), true));
    auto value = equals == std::string_view::npos ? std::string() : TRY(decode(part.substr(equals + 1), true));
    request.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

const std::string* InboundRequest::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (same_name(header.name, name)) return &header.value;
  }
  return nullptr;
}

const std::string* InboundRequest::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

Result<void> read_target(std::string_view target, InboundRequest& request) {
  request.target = target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (!target.starts_with('/')) return Error{ErrorCode::kInvalid, "request target: it does not begin with /"};
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  auto path = target.substr(0, mark);
  if (mark != std::string_view::npos) TRY(read_query(target.substr(mark + 1), request));
  request.path = TRY(decode(path, false));
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    request.segments.push_back(TRY(decode(segment, false)));
  }
  return {};
}

const char* http_reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

std::string reply_head(const Reply& reply, const ReplyFrame& frame) {
  std::string head = fmt::format("HTTP/1.{} {} {}\r\n", frame.minor, reply.status, http_reason(reply.status));
  for (const auto& header : reply.headers) {
    head += header.name;
    head += ": ";
    for (const char c : header.value) {
      const auto byte = static_cast<unsigned char>(c);
      head.push_back((byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c);
    }
    head += "\r\n";
  }
  if (frame.body_size_bytes) head += fmt::format("Content-Length: {}\r\n", *frame.body_size_bytes);
  if (frame.is_chunked) head += "Transfer-Encoding: chunked\r\n";
  if (!frame.keeps_alive) head += "Connection: close\r\n";
  if (frame.keeps_alive && frame.minor == 0) head += "Connection: keep-alive\r\n";
  return head + "\r\n";
}

std::string http_chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

}  // namespace cadre::net
