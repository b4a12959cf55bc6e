// A compiled JSON Schema as a machine that reads the bytes of one document and refuses a byte as soon as it can tell.
//
// States are small handles into tables that grow as they are used (lazily built, hash-consed): the place in the JSON text and, per open
// object or array, the frame of SchemaPrograms. Equal situations are equal states, so forks and rollbacks are copies and masks can be
// remembered by state. In accept mode the language is the schema's whole language, any legal whitespace and member order. In generate mode it is
// canonical text (no spaces, no exponents, short escapes, SchemaMode::kGenerate's order) and no state is a dead end: distance() says how
// many bytes lead to the end at most, and some next byte always brings it nearer.
//
// Two demands look at whole values that a state cannot hold: a name that no keyword mentions must not come twice in one object, and uniqueItems. Where
// the machine passes such a point it marks the state `guarded`; Constraint (contract/constraint.h) decides those with the text.
// Limits: kDepthMax open containers; a table past kStatesMax states refuses everything and says so in problem().
// Thread safety: none; the owner locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/json_scan.h"
#include "contract/schema_completion.h"
#include "contract/schema_programs.h"
#include "contract/token_mask.h"
#include "contract/tool_envelope.h"

namespace cadre::contract {

inline constexpr size_t kMachineDepthMax = 1000;
inline constexpr size_t kMachineStatesMax = 4'000'000;

class SchemaMachine {
 public:
  struct State {
    uint32_t place = 0;    // 0: refused
    uint32_t stack = 0;    // 0: nothing open
    bool guarded = false;  // a point was passed that the text has to confirm
    friend bool operator==(const State& a, const State& b) { return a.place == b.place && a.stack == b.stack; }
  };

  enum class PlaceKind : uint8_t {
    kRefused,
    kDone,         // the document is complete; only spaces
    kValue,        // a value must begin: a = location
    kText,         // in a string value: a = text, scan
    kKey,          // in a name: a = frame, b = key, scan
    kColon,        // a = step
    kNumber,       // without demands: a = program, b = bytes so far (0: not counted), scan = NumberState
    kNumberText,   // with demands: a = program, b = text so far, scan = NumberState
    kLiteral,      // true, false, null: a = which, b = verdict, scan = letters so far
    kObjectStart,  // a = frame
    kObjectNext,   // after a comma
    kObjectAfter,  // after a member's value
    kArrayStart,
    kArrayNext,
    kArrayAfter,
    kAnything,  // every byte, until the text decides
    kOutside    // of a tool set's answer, not in the arguments of a call: a = state of the envelope
  };
  struct Place {
    PlaceKind kind = PlaceKind::kRefused;
    uint32_t a = 0, b = 0, scan = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  static constexpr uint32_t kNoWay = UINT32_MAX;

  // A schema with values bound at run time (contract/value_origins.h) needs bindings; Error kInvalid names what is missing.
  static Result<std::unique_ptr<SchemaMachine>> compile(const Schema& schema, SchemaMode mode,
                                                        std::shared_ptr<const Bindings> bindings = nullptr);
  // Reads answers with tool calls. Generate mode: Error names a tool that can be called and whose arguments nothing can be written for.
  static Result<std::unique_ptr<SchemaMachine>> compile(std::shared_ptr<const ToolSet> tools, SchemaMode mode,
                                                        std::shared_ptr<const Bindings> bindings = nullptr);

  State start() const { return start_; }
  State next(State state, uint8_t byte) {
    const Row* row = state.place < rows_.size() ? rows_[state.place].get() : nullptr;
    const uint32_t known = row != nullptr ? row->next[byte] : kNotYet;
    if (known == 0) return {};
    if (known < kNotYet && mode_ == SchemaMode::kAccept) return {known, state.stack, state.guarded};
    return next_unknown(state, byte);
  }
  bool dead(State state) const { return state.place == 0; }
  bool complete(State state);
  // Bytes that finish the document from here, at most; kNoWay if none were found. What the text decides (a name or item that stands there
  // already) is not in it: see DocumentCursor::distance.
  uint32_t distance(State state) { return onward(state).bytes; }
  // May the text make the distance one byte shorter or up to two longer than distance() says?
  bool distance_depends_on_text(State state) const;
  Idle idle(State state);
  // A state that many others lead into and that is idle for ever: this one, or the one it returns to after the character begun; refused if
  // there is none. Its mask serves as a reference to theirs.
  State home(State state);

  // In a text with limits: the same place in the text without those that `spare_chars` more characters, and any way to the end behind them, do not
  // reach. The same tokens of up to so many characters may follow there, equally far from the end. Nothing elsewhere.
  struct Unlimited {
    State state;
    uint64_t spare_chars = 0;
  };
  std::optional<Unlimited> without_limits(State state);

  const Place& place(State state) const { return places_[state.place]; }
  size_t depth(State state) const { return stack_[state.stack].depth; }
  // The step of the `level`-th open container from the inside, 0 being the innermost; and whether what may follow depends on the innermost
  // `level`s alone, if no more of them are closed on the way.
  uint32_t step_at(State state, size_t level) const;
  bool is_local(State state) const { return mode_ == SchemaMode::kAccept || stack_[state.stack].settled; }
  // Of a byte that was refused: how many of the open containers, from the inside, may have had a say.
  size_t refused_by(State state, uint8_t byte) const;
  SchemaPrograms& programs() { return programs_; }
  // The location of a tool's arguments. REQUIRES a tool set.
  uint32_t arguments(size_t tool) { return programs_.location_of(arguments_[tool]); }
  const ToolSet* tools() const { return envelope_ ? &envelope_->set() : nullptr; }
  // A number has no last byte of its own: the state as if it ended here; the state itself elsewhere.
  State end_number(State state);
  // The state after an item of an array once that item proved equal to an earlier one, and once it proved different from all.
  State mark_duplicate(State state);
  State after_item(State state);
  // Why everything is refused from some point on; empty when all is well.
  std::string problem() const;

  // The values that are open, the document's own counting as the first: one may stand at each depth() down from the state's own. The innermost one
  // may not have begun yet. None where the document is complete and outside of the arguments of a call.
  uint32_t open_values(State state) const;
  // Generate mode: the bytes to the end of the open value at that depth on the way to the end of the document that distance() means, so
  // that both shrink together; of several such ways the one that ends the innermost value first.
  uint32_t bytes_to_value_end(State state, uint32_t depth);
  // Of the open values those with a budget of tokens (contract/value_budgets.h), innermost first.
  struct ValueBudget {
    uint32_t depth = 0;
    uint32_t tokens_max = 0;
    uint32_t bytes_min = 0;  // bytes_to_value_end() before the value begins
  };
  const std::vector<ValueBudget>& budgets(State state);
  bool has_budgets() const { return mode_ == SchemaMode::kGenerate && programs_.has_tokens_max(); }

  // Is the value begun here an item that must differ from those before it?
  bool item_must_differ(State state) const { return must_differ(state.stack); }
  size_t size() const { return places_.size() + stack_.size() + programs_.size(); }

 private:
  struct StackNode {
    uint32_t parent = 0;
    uint32_t step = 0;
    uint32_t depth = 0;
    uint32_t location = 0;  // of the value: the step's, or the arguments' of a call
    bool settled = true;    // whatever value ends here, there is only one verdict; and so all the way down
    friend bool operator==(const StackNode&, const StackNode&) = default;
  };
  friend uint64_t hash_of(const StackNode& node) { return mix_hash(mix_hash(node.parent, node.step), node.depth); }
  friend uint64_t hash_of(const Place& place) {
    return mix_hash(mix_hash(static_cast<uint64_t>(place.kind), place.a),
                    static_cast<uint64_t>(place.b) << 32 | place.scan);
  }
  struct TextNode {  // a text as its last byte and what stands before it
    uint32_t before = 0;
    uint8_t byte = 0;
    friend bool operator==(const TextNode&, const TextNode&) = default;
  };
  friend uint64_t hash_of(const TextNode& node) { return mix_hash(node.before, node.byte); }
  struct Row {
    std::array<uint32_t, 256> next;  // place; kNotYet, kByStack
    Idle idle;
    bool idle_known = false;
  };
  static constexpr uint32_t kByStack =
      UINT32_MAX;  // in a row: the stack has a say; of a string's places: the closing quote
  static constexpr uint32_t kNotYet = UINT32_MAX - 1;  // in a row: not computed
  static Row first_row(PlaceKind kind);
  Row& row(uint32_t place);
  Idle find_idle(const Place& place);
  void remember(uint32_t place, uint8_t byte, uint32_t next);

  SchemaMachine(SchemaPrograms programs, SchemaMode mode)
      : mode_(mode), programs_(std::move(programs)), completion_(programs_) {}
  uint32_t place_id(PlaceKind kind, uint32_t a = 0, uint32_t b = 0, uint32_t scan = 0);
  State at(uint32_t stack, PlaceKind kind, uint32_t a = 0, uint32_t b = 0, uint32_t scan = 0, bool guarded = false);
  State next_unknown(State state, uint8_t byte);
  State read(State state, uint8_t byte);  // as the rows know it, or else step()
  State step(State state, uint8_t byte);  // worked out
  State begin_value(uint32_t stack, uint32_t location, uint8_t byte);
  State begin_item(State state, uint8_t byte);
  State push(uint32_t stack, uint32_t step);
  State step_outside(State state, uint8_t byte);
  Result<void> find_arguments();
  State end_value(uint32_t stack, uint32_t verdict, bool guarded);
  uint32_t text_place(const Place& place, uint8_t byte);
  uint32_t key_place(const Place& place, uint8_t byte);
  std::string number_text(uint32_t node) const;
  uint32_t number_verdict(const Place& place);
  State number_byte(State state, uint8_t byte);

  // A shortest way on: the bytes to the end of the document, those of them to the end of the innermost open value, and the verdict it ends with.
  struct Onward {
    uint32_t bytes = kNoWay;
    uint32_t value_bytes = 0;
    uint32_t verdict = 0;
  };
  Outcomes outcomes(const Place& place);
  Onward shortest(const Outcomes& outcomes, uint32_t stack);
  Onward onward(State state);
  Onward onward(uint32_t stack, uint32_t verdict);  // behind a value that ends there with that verdict
  uint32_t rest(uint32_t stack, uint32_t verdict);
  Error nothing_to_generate(const char* what);
  bool must_differ(uint32_t stack) const {
    return stack != 0 && !is_call(stack_[stack].step) && programs_.step(stack_[stack].step).must_differ;
  }
  // The lowest node of the stack in a call's arguments: its step says where the envelope goes on behind them.
  static bool is_call(uint32_t step) { return (step & kCallStep) != 0; }
  static constexpr uint32_t kCallStep = 1u << 31;

  SchemaMode mode_;
  std::unique_ptr<const Schema> schema_of_tools_;  // a tool set's, in one; and what stands around them
  std::vector<SchemaId> arguments_;                // per tool
  std::unique_ptr<ToolEnvelope> envelope_;
  bool by_stack_ = false;  // the transition under way looked at the stack, so it cannot stand in a row
  SchemaPrograms programs_;
  SchemaCompletion completion_;                                          // generate mode
  std::unordered_map<uint64_t, Onward> rest_memo_;                       // (stack, verdict)
  std::unordered_map<uint64_t, Onward> distance_memo_;                   // (place, stack)
  std::unordered_map<uint32_t, std::vector<ValueBudget>> budgets_memo_;  // per stack
  std::deque<ByteSet> idle_sets_;
  InternTable<Place> places_;
  InternTable<StackNode> stack_;
  InternTable<TextNode> number_texts_;
  std::vector<std::unique_ptr<Row>> rows_;  // per place
  State start_;
  std::string problem_;
};

}  // namespace cadre::contract
