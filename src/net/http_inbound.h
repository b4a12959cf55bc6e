// What an HTTP server hands to its handler and gets back: requests as they came in, replies as they go out.
//
// A reply is a whole body, or a source that is asked for its next piece each time the client has taken the last one (back-pressure:
// a client that does not read holds no thread and no queue). A handler that has no answer yet returns a Pending: it is asked again
// after each wake(), so that thousands of requests may wait for their runs on a few threads.
//
// Thread safety: values; a Waker may be used from any thread, for as long as one likes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"

namespace cadre::net {

// Has a waiting exchange looked at again. Never blocks; does nothing once the exchange is over.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

struct InboundHeader {
  std::string name;
  std::string value;
};

struct InboundRequest {
  std::string method;
  std::string target;                                      // as it was sent
  std::string path;                                        // decoded, without the query
  std::vector<std::string> segments;                       // of the path, decoded one by one: "/v1/runs" has two
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::vector<InboundHeader> headers;                      // in order
  std::string body;
  std::string peer;  // the other side's address, without its port
  bool is_peer_loopback = false;
  std::shared_ptr<base::Cancel> cancel;  // requested once the client is gone or the server's drain ran out of time
  std::shared_ptr<Waker> waker;          // of this exchange

  // The value of the first header of that name, whatever its case; null: none.
  const std::string* header(std::string_view name) const;
  const std::string* query_value(std::string_view name) const;
};

// Path, segments and query of a request target (RFC 9112 §3.2, origin or absolute form). kInvalid: it is neither, an escape is broken,
// or what it decodes to is not UTF-8 or holds a control character.
Result<void> read_target(std::string_view target, InboundRequest& request);

// A body in pieces.
class ReplySource {
 public:
  enum class State : uint8_t {
    kMore,  // ask again once `bytes` are taken
    kWait,  // ask again after a wake()
    kEnd,   // `bytes` are the last
  };
  struct Piece {
    std::string bytes;
    State state = State::kEnd;
  };
  virtual ~ReplySource() = default;
  // Called on a worker thread, never twice at once. May block for as long as a handler may.
  virtual Piece next() = 0;
};

struct Reply {
  int status = 200;
  std::vector<InboundHeader> headers;  // control characters in values are replaced by spaces
  std::string body;
  std::unique_ptr<ReplySource> source;  // if there is one, `body` is not used
  std::string keep_alive;               // sent when a source waits for long; empty: nothing is
  bool ends_on_drain = false;           // a source that the client can take up again elsewhere
};

// Called on a worker thread, never twice at once: the reply, or nothing yet.
using Pending = std::function<std::optional<Reply>()>;

struct Handled {
  Handled(Reply reply_now) : reply(std::move(reply_now)) {}  // NOLINT: implicit by design
  explicit Handled(Pending ask_later, int64_t within_ms = 1000)
      : pending(std::move(ask_later)), ask_within_ms(within_ms) {}
  std::optional<Reply> reply;
  Pending pending;
  int64_t ask_within_ms = 1000;  // `pending` is also asked when nobody woke it for so long
};

const char* http_reason(int status);

// Status line and headers up to the empty line, for HTTP/1.`minor`.
struct ReplyFrame {
  int minor = 1;
  bool keeps_alive = true;
  bool is_chunked = false;
  std::optional<uint64_t> body_size_bytes;
};
std::string reply_head(const Reply& reply, const ReplyFrame& frame);

// `bytes` as one chunk of the chunked coding; REQUIRES that there are some.
std::string http_chunk(std::string_view bytes);

}  // namespace cadre::net
