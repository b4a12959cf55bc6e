// A client for tests of servers: a plain blocking socket that sends exactly the bytes it is given and reads what comes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace cadre::net {

// What a test waits at most for bytes that must come.
inline constexpr int kTestWaitMs = 20'000;

struct TestReply {
  int status = 0;  // 0: the connection closed before a whole head
  std::string head;
  std::string body;  // without the chunked coding
  bool is_whole = false;

  // The value of a header, by its name as the server writes it; empty: none.
  std::string header(const std::string& name) const {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class TestClient {
 public:
  explicit TestClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
  }
  TestClient(TestClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)) {}
  TestClient& operator=(TestClient&&) = delete;
  ~TestClient() { close(); }

  bool is_connected() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }

  // False once the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Reads until `mark` has come, and returns what came up to its end; empty if the connection closed or nothing came in time.
  std::string read_until(std::string_view mark) {
    for (;;) {
      const size_t at = input_.find(mark);
      if (at != std::string::npos) return take(at + mark.size());
      if (!fill()) return "";
    }
  }
  std::string read_size(size_t size) {
    while (input_.size() < size && fill()) {
    }
    return take(std::min(size, input_.size()));
  }
  std::string read_to_end() {
    while (fill()) {
    }
    return take(input_.size());
  }

  TestReply read_reply(bool has_body = true) {
    TestReply reply;
    reply.head = read_until("\r\n\r\n");
    if (reply.head.size() < 12) return reply;
    reply.status = std::stoi(reply.head.substr(9, 3));
    if (!has_body || reply.status == 204 || reply.status == 100) {
      reply.is_whole = true;
    } else if (const auto length = reply.header("Content-Length"); !length.empty()) {
      reply.body = read_size(std::stoul(length));
      reply.is_whole = reply.body.size() == std::stoul(length);
    } else if (reply.header("Transfer-Encoding") == "chunked") {
      while (!reply.is_whole) {
        const auto chunk = read_chunk();
        if (!chunk.is_there) break;
        reply.body += chunk.bytes;
        reply.is_whole = chunk.bytes.empty();
      }
    } else {
      reply.body = read_to_end();
      reply.is_whole = true;
    }
    return reply;
  }

  struct Chunk {
    bool is_there = false;
    std::string bytes;  // empty: the last one
  };
  Chunk read_chunk() {
    const auto line = read_until("\r\n");
    if (line.empty()) return {};
    const size_t size = std::stoul(line, nullptr, 16);
    auto bytes = read_size(size);
    const bool is_there = bytes.size() == size && read_until("\r\n") == "\r\n";
    return {is_there, std::move(bytes)};
  }

  TestReply request(const std::string& method, const std::string& target, const std::string& body = "",
                    const std::string& headers = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (!body.empty()) text += "Content-Type: application/json\r\n";
    if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (!send(text + "\r\n" + body)) return {};
    return read_reply(method != "HEAD");
  }

 private:
  std::string take(size_t size) {
    auto out = input_.substr(0, size);
    input_.erase(0, size);
    return out;
  }
  bool fill() {
    if (fd_ < 0) return false;
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, kTestWaitMs) <= 0) return false;
    char bytes[16 << 10];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    input_.append(bytes, static_cast<size_t>(got));
    return true;
  }

  int fd_;
  std::string input_;
};

// Spins until a counter that another thread moves is there.
template <class Condition>
bool eventually(Condition condition) {
  for (int64_t i = 0; i < 20'000'000; ++i) {
    if (condition()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace cadre::net
