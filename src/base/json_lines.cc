// SPDX-License-Identifier: Apache-2.0
#include "base/json_lines.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_source.h"

namespace cadre::base {
namespace {

class LineReader {
 public:
  LineReader(const std::string& path, const std::function<Result<bool>(const Json&)>& take)
      : path_(path), take_(take) {}

  Result<void> run() {
    const auto source = TRY(open_byte_source(path_));
    std::vector<char> buffer(size_t{1} << 18);
    while (const size_t size = TRY(source->read(buffer))) {
      if (!TRY(add(std::string_view(buffer.data(), size)))) return {};
    }
    TRY(end_line());
    return {};
  }

 private:
  // False: no more lines are wanted.
  Result<bool> add(std::string_view bytes) {
    while (true) {
      const size_t end = bytes.find('\n');
      line_ += bytes.substr(0, end);
      if (line_.size() > kJsonLineSizeBytesMax) {
        return Error{ErrorCode::kLimit,
                     fmt::format("read \"{}\", line {}: over {} bytes", path_, number_, kJsonLineSizeBytesMax)};
      }
      if (end == std::string_view::npos) return true;
      if (!TRY(end_line())) return false;
      bytes.remove_prefix(end + 1);
    }
  }

  Result<bool> end_line() {
    bool goes_on = true;
    const bool is_empty = line_.find_first_not_of(" \t\r") == std::string::npos;
    if (!is_empty) {
      const auto value = parse_json(line_);
      auto taken = value.ok() ? take_(*value) : Result<bool>(value.error());
      if (!taken.ok())
        return std::move(taken).error().with_context(fmt::format("read \"{}\", line {}", path_, number_));
      goes_on = *taken;
    }
    line_.clear();
    ++number_;
    return goes_on;
  }

  const std::string& path_;
  const std::function<Result<bool>(const Json&)>& take_;
  std::string line_;
  uint64_t number_ = 1;
};

}  // namespace

Result<void> for_each_json_line(const std::string& path, const std::function<Result<bool>(const Json&)>& take) {
  return LineReader(path, take).run();
}

}  // namespace cadre::base
