// Server-sent events as they arrive: bytes in any cut, whole events out.
//
// Follows the standard's interpretation: CR, LF and CRLF end lines, a byte order mark at the start is skipped, comments and unknown fields are
// ignored, an event without data is none, what the stream breaks off in the middle of is dropped. A line or an event over the limit is an
// error, after which the reader takes nothing more. Thread safety: one reader belongs to one thread.
// Spec: html.spec.whatwg.org/multipage/server-sent-events.html, "Interpreting an event stream".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::net {

struct StreamEvent {
  std::string type = "message";
  std::string data;
  std::string id;  // of the last event that had one
};

class EventStreamReader {
 public:
  explicit EventStreamReader(size_t event_size_bytes_max = size_t{1} << 20) : size_bytes_max_(event_size_bytes_max) {}

  // The events that `bytes` completed. Error kLimit: a line or an event is larger than the limit.
  Result<std::vector<StreamEvent>> push(std::string_view bytes);

  // The server's last wish for how long to wait before connecting again.
  std::optional<int64_t> retry_ms() const { return retry_ms_; }

 private:
  void end_line(std::vector<StreamEvent>& events);
  void take_field(std::string_view name, std::string_view value);

  size_t size_bytes_max_;
  std::string line_;
  bool is_first_line_ = true;
  bool was_carriage_return_ = false;
  bool is_over_limit_ = false;

  std::string type_, data_, last_id_;
  std::optional<int64_t> retry_ms_;
};

}  // namespace cadre::net
