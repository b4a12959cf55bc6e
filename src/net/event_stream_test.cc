// SPDX-License-Identifier: Apache-2.0
#include "net/event_stream.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace cadre::net {
namespace {

std::string shown(const std::vector<StreamEvent>& events) {
  std::string text;
  for (const StreamEvent& event : events) text += event.type + "|" + event.data + "|" + event.id + "\n";
  return text;
}

std::string read_whole(std::string_view bytes) {
  EventStreamReader reader;
  return shown(reader.push(bytes).value());
}

TEST(EventStream, ReadsWhatTheStandardShows) {
  const struct {
    const char *stream, *events;
  } cases[] = {
      {"data: YHOO\ndata: +2\ndata: 10\n\n", "message|YHOO\n+2\n10|\n"},
      {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
       "message|first event|1\nmessage|second event|\nmessage| third event|\n"},
      {"data\n\ndata\ndata\n\ndata:", "message||\nmessage|\n|\n"},
      {"data:test\n\ndata: test\n\n", "message|test|\nmessage|test|\n"},
      {"event: add\ndata: 1\n\ndata: 2\n\n", "add|1|\nmessage|2|\n"},
      {"event: add\n\ndata: 2\n\n", "message|2|\n"},
      {"\xEF\xBB\xBF"
       "data: 1\r\n\r\ndata: 2\r\rdata: 3\n\r\n",
       "message|1|\nmessage|2|\nmessage|3|\n"},
      {"data: cut off", ""},
      {"data: cut off\n", ""},
      {"nothing: x\ndata: 1\nDATA: 2\n\n", "message|1|\n"},
      {"id: 7\ndata: a\n\ndata: b\n\n", "message|a|7\nmessage|b|7\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(read_whole(c.stream), c.events) << c.stream;
}

TEST(EventStream, CutsMakeNoDifference) {
  const std::string stream =
      "\xEF\xBB\xBF"
      "event: a\r\ndata: 1\r\n\r\n:c\rid:\x31\rdata: 2\r\rdata: 3\ndata\n\nretry: 50\n\n";
  const std::string whole = read_whole(stream);
  base::Random random(7);
  for (int round = 0; round < 200; ++round) {
    EventStreamReader reader;
    std::string text;
    for (size_t at = 0; at < stream.size();) {
      const size_t size = 1 + random.below(5);
      text += shown(reader.push(std::string_view(stream).substr(at, size)).value());
      at += size;
    }
    EXPECT_EQ(text, whole);
    EXPECT_EQ(reader.retry_ms(), 50);
  }
}

TEST(EventStream, AnIdWithANulAndARetryThatIsNoNumberAreIgnored) {
  EventStreamReader reader;
  const std::string stream("id: a\nid: b\0c\nretry: 12x\nretry: 99999999999999999999\ndata: 1\n\n", 62);
  EXPECT_EQ(shown(reader.push(stream).value()), "message|1|a\n");
  EXPECT_FALSE(reader.retry_ms().has_value());
}

TEST(EventStream, EndlessLinesAndEventsStopAtTheLimit) {
  EventStreamReader line(100);
  Result<std::vector<StreamEvent>> last = line.push("data: ");
  for (int i = 0; i < 20 && last.ok(); ++i) last = line.push("0123456789");
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, ErrorCode::kLimit);
  EXPECT_FALSE(line.push("\n\n").ok());

  EventStreamReader event(100);
  Result<std::vector<StreamEvent>> many = event.push("");
  for (int i = 0; i < 50 && many.ok(); ++i) many = event.push("data: 12\n");
  EXPECT_FALSE(many.ok());
}

}  // namespace
}  // namespace cadre::net
