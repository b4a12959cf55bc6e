// SQL token by token: which tokens may come next, and what the machine knows behind each of them.
//
// A token state is an interned set of threads (place in the program, stack of callers, scope), all of them before a
// token. Its menu lists the fixed texts that may come next (keywords, names in scope, values) and the classes of
// open-ended tokens.
// contract/sql_machine.h reads bytes along menus. Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/sql_program.h"
#include "contract/sql_scope.h"

namespace cadre::contract {

enum class SqlMode : uint8_t { kAccept, kGenerate };

struct SqlGrammarOptions {
  SqlMode mode = SqlMode::kGenerate;
  // generate: may a text literal be anything? If not, it is a value of the compared column or one of `spans`.
  bool any_text = true;
  std::vector<std::string> spans;
};

enum class SqlTokenClass : uint8_t { kNumber, kInteger, kString, kIdentifier };

struct SqlMenu {
  struct Choice {
    std::string text;   // lower case where case does not matter
    uint32_t next = 0;  // token state
  };
  struct Open {
    SqlTokenClass kind = SqlTokenClass::kNumber;
    bool space = false;
    uint32_t next = 0;  // token state; of an identifier: see SqlTokens::after_identifier
  };
  std::vector<Choice> choices;  // sorted by text, distinct
  std::vector<Open> open;
  bool end = false;  // the text may end here
};

class SqlTokens {
 public:
  SqlTokens(const SqlSchema& schema, SqlGrammarOptions options);

  uint32_t start() const { return start_; }
  const SqlMenu& menu(uint32_t state);
  // 0 when the text is no name that may stand here.
  uint32_t after_identifier(uint32_t state, std::string_view text);
  // Bytes that the program needs to its end from here, where no guard and nothing in scope stands in the way; UINT32_MAX for the dead state.
  uint32_t bytes_at_least(uint32_t state);
  const SqlGrammarOptions& options() const { return options_; }
  size_t size_bytes() const;

 private:
  struct Thread {
    uint32_t at = 0, stack = 0, scope = 0;
    friend bool operator==(const Thread&, const Thread&) = default;
    friend auto operator<=>(const Thread&, const Thread&) = default;
  };
  struct Stack {
    uint32_t back = 0, below = 0, depth = 0;
  };
  struct State {
    std::vector<Thread> threads;
    std::unique_ptr<SqlMenu> menu;
    uint32_t bytes_at_least = 0;  // 0: not asked yet, or the end
  };
  using Offers = std::vector<std::pair<std::string, Thread>>;

  bool generates() const { return options_.mode == SqlMode::kGenerate; }
  uint32_t settle(const std::vector<Thread>& seeds);
  bool act(const SqlInstruction& instruction, Thread& thread);
  bool act_on(SqlAct act, uint32_t x, SqlScope& scope, uint32_t& id);
  bool leave_from(SqlScope& scope) const;
  void leave_derived(SqlScope& scope);
  bool guard(SqlAct act, SqlScope& scope) const;
  bool text_possible(const SqlScope& scope) const;
  bool another_table(const SqlScope& scope) const;

  void find_least();
  void build_menu(const State& state, SqlMenu& menu);
  void offer(const Thread& thread, Offers& offers, std::vector<std::pair<SqlMenu::Open, Thread>>& open);
  void offer_table(const Thread& thread, const SqlInstruction& instruction, Offers& offers);
  void offer_column(const Thread& thread, const SqlInstruction& instruction, Offers& offers);
  void offer_owed_column(const Thread& thread, bool space, Offers& offers);
  void owe(SqlScope& scope, uint32_t name) const;
  void offer_qualifier(const Thread& thread, const SqlInstruction& instruction, Offers& offers);
  void offer_qualified(const Thread& thread, const SqlInstruction& instruction, Offers& offers);
  void offer_join(const Thread& thread, const SqlInstruction& instruction, Offers& offers);
  void offer_values(const Thread& thread, const SqlInstruction& instruction, Offers& offers);
  void offer_name(std::string_view display, bool space, const Thread& next, Offers& offers) const;
  Thread behind(const Thread& thread, const SqlScope& scope);
  void set_operand(SqlScope& scope, uint32_t table, uint32_t column) const;
  std::vector<uint32_t> names_in_sight(const SqlScope& scope) const;

  SqlGrammarOptions options_;
  SqlProgram program_;
  std::vector<uint32_t> least_;  // [program] bytes to the end of the query that an instruction is in
  SqlScopes scopes_;
  std::vector<std::string> display_;  // per name id of the schema: as first written there
  std::vector<Stack> stacks_;
  std::unordered_map<uint64_t, uint32_t> stack_ids_;
  std::vector<State> states_;
  std::unordered_map<std::string, uint32_t> state_ids_;
  std::unordered_map<std::string, uint32_t> settled_;  // one thread -> token state
  std::unordered_map<std::string, uint32_t> identifiers_;
  size_t menu_bytes_ = 0;
  uint32_t start_ = 0;
};

}  // namespace cadre::contract
