// SPDX-License-Identifier: Apache-2.0
#include "net/event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cadre::net {

Result<std::vector<StreamEvent>> EventStreamReader::push(std::string_view bytes) {
  std::vector<StreamEvent> events;
  while (!bytes.empty() && !is_over_limit_) {
    if (was_carriage_return_ && bytes.front() == '\n') bytes.remove_prefix(1);
    was_carriage_return_ = false;
    const size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    is_over_limit_ = line_.size() + data_.size() + part.size() > size_bytes_max_;
    if (is_over_limit_) break;
    line_.append(part);
    if (end == std::string_view::npos) break;
    was_carriage_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(events);
  }
  if (is_over_limit_)
    return Error{ErrorCode::kLimit,
                 fmt::format("an event of the stream is larger than the limit of {} bytes", size_bytes_max_)};
  return events;
}

void EventStreamReader::end_line(std::vector<StreamEvent>& events) {
  std::string_view line = line_;
  if (is_first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  is_first_line_ = false;
  if (line.empty()) {
    if (!data_.empty()) {
      data_.pop_back();  // the line end after the last data line
      events.push_back({type_.empty() ? "message" : type_, data_, last_id_});
    }
    type_.clear();
    data_.clear();
  } else if (line.front() != ':') {
    const size_t colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
  }
  line_.clear();
}

void EventStreamReader::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    data_.append(value).push_back('\n');
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) last_id_ = value;
  } else if (name == "retry") {
    const bool is_number =
        !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    int64_t ms = 0;
    if (is_number && std::from_chars(value.data(), value.data() + value.size(), ms).ec == std::errc()) retry_ms_ = ms;
  }
}

}  // namespace cadre::net
