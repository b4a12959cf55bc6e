// A value, or why an MCP server gave none and how long it asks to be left alone: a Result whose error keeps what a Retry-After said.
//
// TRY takes it; in a function that returns a plain Result the wait is lost. Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/result.h"

namespace cadre::agent {

struct McpFailure : Error {
  std::optional<int64_t> retry_after_ms;  // with a transient error; nothing: not told
};

template <class T>
class [[nodiscard]] McpResult {
 public:
  McpResult(T value) : value_(std::move(value)) {}                 // NOLINT: implicit by design
  McpResult(Error error) : failure_{std::move(error), {}} {}       // NOLINT: implicit by design
  McpResult(McpFailure failure) : failure_(std::move(failure)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return *std::move(value_); }
  const McpFailure& error() const& { return failure_; }
  McpFailure&& error() && { return std::move(failure_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  McpFailure failure_;
};

}  // namespace cadre::agent
