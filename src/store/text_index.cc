// SPDX-License-Identifier: Apache-2.0
#include "store/text_index.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "store/sqlite.h"

namespace cadre::store {
namespace {

// Bytes of characters beyond ASCII count as letters: the tokenizer of the index knows better where words end.
bool is_of_a_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

}  // namespace

std::string fts_query(std::string_view query) {
  std::string expression;
  size_t words = 0;
  for (size_t i = 0; i < query.size() && words < kQueryWordsMax;) {
    if (!is_of_a_word(query[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < query.size() && is_of_a_word(query[end])) ++end;
    // In quotes a word is a string, whatever it spells ("AND", "NEAR").
    expression += fmt::format("{}\"{}\"", words == 0 ? "" : " OR ", query.substr(i, end - i));
    ++words;
    i = end;
  }
  return expression;
}

struct TextIndex::Impl {
  Impl(Database given_database, Statement given_put, Statement given_remove, Statement given_search)
      : database(std::move(given_database)),
        put(std::move(given_put)),
        remove(std::move(given_remove)),
        search(std::move(given_search)) {}
  std::mutex mutex;
  Database database;
  Statement put, remove, search;
};

TextIndex::TextIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextIndex::TextIndex(TextIndex&&) noexcept = default;
TextIndex& TextIndex::operator=(TextIndex&&) noexcept = default;
TextIndex::~TextIndex() = default;

Result<TextIndex> TextIndex::open_in_memory() {
  Database database = TRY(Database::open_in_memory());
  TRY(database.exec(
      "CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61 remove_diacritics 2')"));
  Statement put = TRY(database.prepare("INSERT INTO passages(rowid, text) VALUES (?1, ?2)"));
  Statement remove = TRY(database.prepare("DELETE FROM passages WHERE rowid = ?1"));
  Statement search = TRY(database.prepare(
      "SELECT rowid, -bm25(passages) FROM passages WHERE passages MATCH ?1 ORDER BY bm25(passages), rowid LIMIT ?2"));
  return TextIndex(std::make_unique<Impl>(std::move(database), std::move(put), std::move(remove), std::move(search)));
}

Result<void> TextIndex::put(int64_t id, std::string_view text) {
  if (text.size() > kPassageSizeMax)
    return Error{ErrorCode::kLimit, fmt::format("a passage of {} bytes; at most {}", text.size(), kPassageSizeMax)};
  TRY(remove(id));
  const std::lock_guard lock(impl_->mutex);
  impl_->put.bind_int64(1, id);
  impl_->put.bind_text(2, text);
  return impl_->put.run();
}

Result<void> TextIndex::remove(int64_t id) {
  const std::lock_guard lock(impl_->mutex);
  impl_->remove.bind_int64(1, id);
  return impl_->remove.run();
}

Result<std::vector<FoundPassage>> TextIndex::search(std::string_view query, size_t count_max) const {
  std::vector<FoundPassage> found;
  const std::string expression = fts_query(query);
  if (expression.empty()) return found;
  const std::lock_guard lock(impl_->mutex);
  Statement& search = impl_->search;
  search.bind_text(1, expression);
  search.bind_int64(2, static_cast<int64_t>(count_max));
  while (true) {
    auto row = search.step();
    if (!row.ok()) {
      search.reset();
      return std::move(row).error();
    }
    if (!*row) break;
    found.push_back({search.column_int64(0), search.column_double(1)});
  }
  search.reset();
  return found;
}

}  // namespace cadre::store
