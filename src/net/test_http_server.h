// A web server for tests: answers what the test says, byte for byte, on a port of its own of 127.0.0.1.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"

namespace cadre::net {

struct TestRequest {
  std::string head;  // request line and headers
  std::string body;

  std::string line() const { return head.substr(0, head.find("\r\n")); }
  // Empty where there is none; names as they were sent.
  std::string header(std::string_view name) const {
    const size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "";
    const size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

class TestConnection {
 public:
  TestConnection(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
  // False: the other side is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // Until the client hangs up or the server goes away.
  void wait_until_closed() {
    char byte = 0;
    while (!stopping_) {
      pollfd entry{fd_, POLLIN, 0};
      if (::poll(&entry, 1, 20) > 0 && ::recv(fd_, &byte, 1, MSG_DONTWAIT) <= 0) break;
    }
    is_closing = true;
  }
  bool is_closing = false;  // set: the connection ends after this request

 private:
  int fd_;
  const std::atomic<bool>& stopping_;
};

inline std::string http_answer(int status, std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class TestHttpServer {
 public:
  using Handler = std::function<void(const TestRequest&, TestConnection&)>;

  explicit TestHttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CADRE_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "a free port of 127.0.0.1");
    CADRE_CHECK(::listen(listener_, 64) == 0, "a listening socket");
    CADRE_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "its port");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // Always the same answer.
  explicit TestHttpServer(std::string answer)
      : TestHttpServer([answer = std::move(answer)](const TestRequest&, TestConnection& connection) {
          connection.send(answer);
        }) {}
  ~TestHttpServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int connections() const { return connections_; }
  std::vector<TestRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd entry{listener_, POLLIN, 0};
      if (::poll(&entry, 1, 20) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  bool read_more(int fd, std::string& bytes) {
    char buffer[4096];
    while (!stopping_) {
      pollfd entry{fd, POLLIN, 0};
      if (::poll(&entry, 1, 20) <= 0) continue;
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      bytes.append(buffer, static_cast<size_t>(got));
      return true;
    }
    return false;
  }

  void serve(int fd) {
    TestConnection connection(fd, stopping_);
    std::string bytes;
    while (!connection.is_closing) {
      size_t end = 0;
      while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
        if (!read_more(fd, bytes)) return (void)::close(fd);
      }
      TestRequest request{bytes.substr(0, end + 2), ""};
      const size_t size = std::strtoul(request.header("Content-Length").c_str(), nullptr, 10);
      bytes.erase(0, end + 4);
      while (bytes.size() < size) {
        if (!read_more(fd, bytes)) return (void)::close(fd);
      }
      request.body = bytes.substr(0, size);
      bytes.erase(0, size);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      handler_(request, connection);
    }
    ::close(fd);
  }

  Handler handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<TestRequest> requests_;  // guarded by mutex_
  std::vector<std::thread> threads_;   // the acceptor's until it has ended
  std::thread acceptor_;
};

}  // namespace cadre::net
