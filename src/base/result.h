// Errors that the world can cause (user, file, model output, network, tool), as values.
//
// `Result<T>` holds a T or an Error. `TRY(expression)` yields the value or returns the error from the enclosing function.
// Messages say what we tried, on what, what happened and what to do. Add context once per layer with `with_context`.
//
//   Result<Pack> load(const std::string& path) {
//     auto bytes = TRY(read_file(path));
//     if (bytes.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: empty file", path)};
//     return parse(bytes);
//   }
//
// Thread safety: values; as safe as T.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace cadre::base {

enum class ErrorCode {
  kInvalid,      // the input is not what its format or contract says
  kNotFound,     // a file, table, run or name that does not exist
  kUnsupported,  // well-formed, but cadre does not do this
  kLimit,        // over a stated limit (size, depth, steps, time)
  kIo,           // the operating system refused a read, write or sync
  kBusy,         // locked by somebody else; trying again may help
  kCorrupt,      // stored data contradicts itself
  kTimeout,      // no answer within the time allowed; what was asked may have happened
  kUnavailable,  // the other side is not there, or says that it cannot now; trying again may help
  kDenied,       // a policy forbids it
  kCancelled,    // somebody asked to stop
  kInternal,     // a library failed in a way it should not
};

// "invalid", "not_found", ...: the name used in JSON and in the journal.
const char* error_code_name(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error with "what: " in front of its message.
  Error with_context(const std::string& what) && { return Error{code, what + ": " + message}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}   // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CADRE_CHECK(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& {
    CADRE_CHECK(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  T&& value() && {
    CADRE_CHECK(ok(), "value() of a failed Result");
    return std::get<0>(std::move(state_));
  }
  const Error& error() const& {
    CADRE_CHECK(!ok(), "error() of a successful Result");
    return std::get<1>(state_);
  }
  Error&& error() && {
    CADRE_CHECK(!ok(), "error() of a successful Result");
    return std::get<1>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { CADRE_CHECK(ok(), "value() of a failed Result"); }
  const Error& error() const& {
    CADRE_CHECK(!ok(), "error() of a successful Result");
    return *error_;
  }
  Error&& error() && {
    CADRE_CHECK(!ok(), "error() of a successful Result");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace cadre::base

namespace cadre {
using base::Error;
using base::ErrorCode;
using base::Result;
}  // namespace cadre

#define CADRE_CONCAT_INNER(a, b) a##b
#define CADRE_CONCAT(a, b) CADRE_CONCAT_INNER(a, b)
#define CADRE_TRY(expression, name)                      \
  __extension__({                                        \
    auto&& name = (expression);                          \
    if (!name.ok()) return std::move(name).error();      \
    std::move(name).value();                             \
  })
// Each use names its own local, so that one TRY may stand inside another.
#define TRY(expression) CADRE_TRY(expression, CADRE_CONCAT(cadre_try_, __COUNTER__))
