// Random JSON documents near a schema: values made of its own names and constants, and small changes to given documents.
//
// Texts, not values: a change of bytes may leave no JSON at all, which is a case as well. Thread safety: one per thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/random.h"

namespace cadre::eval {

class DocumentMutations {
 public:
  // Takes names, texts and numbers from the schema.
  DocumentMutations(std::string_view schema, base::Random random);

  std::string random_document() { return base::dump_json(value(3)); }
  // One to three changes: a member or item dropped, doubled, renamed, moved or replaced, a text or number changed a little, bytes.
  std::string mutate(std::string_view document);

 private:
  void collect(const base::Json& value, int depth);
  base::Json value(int depth);
  base::Json leaf();
  std::string name();
  base::Json* pick(base::Json& root);
  void change(base::Json& value);
  void change_text(std::string& text);
  std::string change_bytes(std::string text);

  base::Random random_;
  std::vector<std::string> names_;
  std::vector<base::Json> leaves_;
};

}  // namespace cadre::eval
