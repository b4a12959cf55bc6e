// What a value must be where it stands, as programs that read it piece by piece: the meaning under the JSON machine.
//
// A *location* is a place for a value: the goals (schema nodes) whose truth the parent needs, and a requirement, a formula over the
// goals that must be able to hold. Per value type a location has a *program*: the requirement and the wanted truths as formulas
// over atoms. A *frame* is a program under way inside an object or array: the formulas progressed by what was read, the names seen, the
// count. A *step* is one member or item begun: the frame so far, the location of its value, and which atoms its verdict will decide. A *verdict*
// is the truth of each goal of a location. All are interned: equal situations are one id, so everything is computed once.
//
// So several schemas are checked in lock-step over one value, which is what anyOf, oneOf, not, if/then/else, dependentSchemas and
// unevaluated* need; a branch that is out leaves the formulas and costs nothing more. What is refused is refused as early as the
// formulas show it (FormulaTable::possible); what they cannot show is refused at the end of the value at the latest.
// Idea: streaming validation by parallel automata over nested words (Alur and Madhusudan 2009) with formula progression.
// Thread safety: none; the owner locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/number_reach.h"
#include "contract/schema_formulas.h"

namespace cadre::contract {

inline constexpr uint32_t kOthersMax = 64;
inline constexpr uint32_t kNone = UINT32_MAX;  // no such id: refused

struct Location {
  std::vector<SchemaId> goals;
  Formula requirement = FormulaTable::kTrue;  // over variables kGoalVariable | index into goals
  friend bool operator==(const Location&, const Location&) = default;
};
inline constexpr uint32_t kGoalVariable = 1u << 31;
inline uint64_t hash_of(const Location& location) {
  return mix_hash(hash_range(1, location.goals), location.requirement);
}

struct Program {
  ValueType type = ValueType::kNull;
  std::vector<Formula> formulas;  // the requirement, then one per goal of the location
  friend bool operator==(const Program&, const Program&) = default;
};
inline uint64_t hash_of(const Program& program) {
  return hash_range(static_cast<uint64_t>(program.type), program.formulas);
}

struct Frame {
  uint32_t program = 0;
  uint32_t count = 0;   // members or items so far, up to the largest number that matters
  uint32_t others = 0;  // members whose names no keyword mentions: 1 stands for any number when all is accepted
  std::vector<Formula> formulas;    // the program's, then the guards of unevaluated*; progressed
  std::vector<uint64_t> seen;       // bit per name of the object's program
  std::vector<uint32_t> contained;  // per contains atom of the array's program, up to what matters
  friend bool operator==(const Frame&, const Frame&) = default;
};
inline uint64_t hash_of(const Frame& frame) {
  uint64_t hash = mix_hash(frame.program, frame.count * 128ull + frame.others);
  return hash_range(hash_range(hash_range(hash, frame.formulas), frame.seen), frame.contained);
}

// How the verdict of a value decides one atom.
struct Decision {
  uint32_t variable = 0;
  std::vector<uint32_t> goals;  // indices into the verdict; the atom stays open (or is settled true) only if all hold
  bool settled = false;         // nothing that may follow concerns the atom
  bool unevaluated = false;     // the goals failing is no failure if one of `covers` holds
  bool contains = false;        // counts instead
  std::vector<std::pair<uint32_t, uint32_t>>
      covers;  // guard index in the frame's formulas, goal index that must hold as well or kNone
  friend bool operator==(const Decision&, const Decision&) = default;
};

struct Step {
  uint32_t frame = 0;
  uint32_t location = 0;
  bool must_differ =
      false;  // generate: an item that must differ from those before it, so only free text or plain numbers
  std::vector<Decision> decisions;
  friend bool operator==(const Step&, const Step&) = default;
};
uint64_t hash_of(const Step& step);

struct KeyState {
  uint32_t program = 0;
  uint32_t low = 0, high = 0;       // the names that still begin like the text
  uint32_t depth = 0;               // bytes of it
  std::vector<Language> languages;  // patterns, then the kNames atoms
  friend bool operator==(const KeyState&, const KeyState&) = default;
};
inline uint64_t hash_of(const KeyState& key) {
  uint64_t hash = mix_hash(key.program, key.low);
  hash = mix_hash(mix_hash(hash, key.high), key.low < key.high ? key.depth : 0);
  return hash_range(hash, key.languages);
}

struct KeyClass {
  uint32_t name = kNone;      // index into the program's names
  std::vector<bool> matches;  // patterns, then the kNames atoms
  friend bool operator==(const KeyClass&, const KeyClass&) = default;
};
inline uint64_t hash_of(const KeyClass& key_class) {
  return hash_range(key_class.name, key_class.matches);
}

struct TextState {  // inside a string value: requirement, then goals, each as what is left of its language
  std::vector<Language> languages;
  bool only_counts = false;  // nothing but the number of characters matters
  bool is_regex = false;     // the whole must be a regular expression: whoever has the text looks
  friend bool operator==(const TextState&, const TextState&) = default;
};
inline uint64_t hash_of(const TextState& text) {
  return hash_range(text.only_counts * 2ull + text.is_regex, text.languages);
}

struct Verdict {
  std::vector<bool> goals;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
inline uint64_t hash_of(const Verdict& verdict) {
  return hash_range(5, verdict.goals);
}

// kAccept: the schema's whole language. kGenerate: a part of it that can be written without ever getting stuck: members in the order in
// which the schema names them; then at most kOthersMax others (one, where patterns or propertyNames speak about them); the items of uniqueItems
// after the first are free texts or plain numbers, at most kOthersMax.
enum class SchemaMode : uint8_t { kAccept, kGenerate };

class SchemaPrograms {
 public:
  static Result<SchemaPrograms> make(const Schema& schema, SchemaMode mode,
                                     std::shared_ptr<const Bindings> bindings = nullptr);

  uint32_t root() const { return root_; }  // location
  uint32_t location_of(SchemaId node) { return location({node}, table().variable(kGoalVariable)); }
  // kNone: no value of that type may stand there.
  uint32_t program(uint32_t location, ValueType type);
  // Can any value stand there, as far as the types tell?
  bool viable(uint32_t location);
  // Is every text, is every number as good as any other there?
  bool is_free(uint32_t location, ValueType type);
  // Does every value that may stand there give the same verdict?
  bool is_settled(uint32_t location);
  // The least x-max-tokens of the schemas that a value there must satisfy, allOf and $ref followed; kNone: there is none.
  uint32_t tokens_max(uint32_t location);
  bool has_tokens_max() const { return has_tokens_max_; }

  // Values without inner structure (null, false, true, numbers without demands): the verdict, if the requirement allows it.
  bool is_plain(uint32_t program) const;
  uint32_t plain_verdict(uint32_t program);
  uint32_t number_verdict(uint32_t program, std::string_view text);

  uint32_t text_start(uint32_t program);
  uint32_t text_next(uint32_t text, uint8_t byte);
  uint32_t text_verdict(uint32_t text);
  ByteSet text_bytes_alike(uint32_t text, uint8_t byte);  // that lead where this one leads
  const TextState& text(uint32_t id) const { return texts_[id]; }
  // The verdict of the cheapest text that ends from here, and its bytes up to the quote, where it can be looked up: in a language that is bound
  // at run time, if the verdict is settled. kNone: there is none.
  std::optional<std::pair<uint32_t, uint32_t>> bound_end(uint32_t text);
  // A text that goes on like this one for `spare_chars` characters, whose limits are too far away to matter (LanguageTable::unlimited); kNone if
  // there is none. At most `agrees_bytes` of a way to its end are one for this text as well.
  struct UnlimitedText {
    uint32_t text = kNone;
    uint64_t spare_chars = 0;
    uint64_t agrees_bytes = 0;
  };
  const UnlimitedText& unlimited_text(uint32_t text);
  // What may follow in the text without a care (LanguageTable::free_text), as far as a verdict beyond fitness does not matter.
  FreeText free_text(uint32_t text);
  // Does nothing depend on how the text goes on?
  bool text_is_free(uint32_t text) const;

  uint32_t frame_start(uint32_t program);  // of an object or array
  uint32_t frame_verdict(uint32_t frame);  // if it may end here
  bool frame_open(uint32_t frame);         // may another member or item begin?
  const Frame& frame(uint32_t id) const { return frames_[id]; }
  ValueType frame_type(uint32_t frame) const { return programs_[frames_[frame].program].type; }
  bool has_unique(uint32_t frame);          // two equal items would matter from here on
  uint32_t mark_duplicate(uint32_t frame);  // the frame after two items proved equal
  bool duplicate_is_fatal(uint32_t frame);

  uint32_t key_start(uint32_t frame);
  uint32_t key_next(uint32_t frame, uint32_t key, uint8_t byte);
  ByteSet key_bytes_alike(uint32_t key, uint8_t byte);
  uint32_t key_step(uint32_t frame, uint32_t key);  // the step of the member whose name ends here
  bool key_is_other(uint32_t key);                  // ends as a name that no keyword mentions
  // Any further text is as good as the last: past the known names, no pattern at work.
  bool key_is_idle(uint32_t key) const { return keys_[key].low >= keys_[key].high && keys_[key].languages.empty(); }
  // The bytes of whole characters that leave a name as it is: past the known names, and no pattern can tell.
  ByteSet key_loops(uint32_t key);
  uint32_t item_step(uint32_t frame);

  // The members that may come next by a name that the schema mentions, in its order.
  struct NamedMember {
    std::string_view name;
    uint32_t index = 0;     // in the program's names, which are sorted
    bool asked = false;     // the requirement mentions the name
    bool required = false;  // as one of its parts, so it cannot hold without it
  };
  std::vector<NamedMember> next_members(uint32_t frame);
  uint32_t named_step(uint32_t frame, uint32_t name);  // kNone: it may not come, after all
  uint32_t other_step(uint32_t frame);  // the member whose name no keyword mentions, where no pattern is at work
  const KeyState& key(uint32_t id) const { return keys_[id]; }
  // The decimals that a number's program compares with, and those it divides by.
  struct NumberMarks {
    std::vector<Decimal> bounds, divisors;
    std::vector<const NumberSet*> sets;
    bool only_sets = false;  // nothing outside of them can do
  };
  NumberMarks number_marks(uint32_t program);
  // Can a number that begins like this still be what the program demands? See contract/number_reach.h; in formulas that negate multipleOf or
  // integer, compare with over 64 numbers or ask for one of a bound set, it says yes where it would have to look at every number.
  bool number_can_follow(uint32_t program, std::string_view begun);
  // Does the program's verdict tell more than that the value is fit?
  bool has_open_goals(uint32_t program) const;
  const Step& step(uint32_t id) const { return steps_[id]; }

  uint32_t after(uint32_t step, uint32_t verdict);  // the frame once the step's value is complete

  SchemaFormulas& formulas() { return formulas_; }
  // Why some values are refused that the schema may allow; empty when all is well.
  const std::string& problem() const { return problem_.empty() ? formulas_.problem() : problem_; }
  bool languages_full() const { return formulas_.languages_full(); }
  size_t size() const { return frames_.size() + steps_.size() + keys_.size() + texts_.size() + locations_.size(); }

 private:
  struct Member {
    uint32_t variable = 0;
    SchemaId node = 0;
    std::vector<SchemaId> by_name;  // per name of the program: the schema under `properties`, or kNone
  };
  struct CountAtom {
    uint32_t variable = 0;
    uint64_t bound = 0;
    bool is_max = false;
  };
  struct Unevaluated {
    uint32_t variable = 0;
    SchemaId node = 0;
    std::vector<std::pair<uint32_t, SchemaId>> covering;  // guard index, node that may evaluate members or items
  };
  struct Details {  // of an object's or array's program
    bool ready = false;
    std::vector<Formula> start;  // formulas of the first frame
    std::vector<std::string> names;
    std::vector<uint32_t> ranks;  // per name: its place in the order of the schema
    std::vector<uint32_t> has;    // per name: variable, or kNone
    std::vector<Member> members;
    std::vector<uint32_t> patterns;
    std::vector<std::pair<uint32_t, Language>> name_atoms;
    std::vector<CountAtom> counts;
    std::vector<Unevaluated> unevaluated;
    std::vector<std::pair<uint32_t, SchemaId>> items, contains;
    std::optional<uint32_t> unique;
    uint32_t count_max = 0;
  };

  SchemaPrograms(SchemaFormulas formulas, SchemaMode mode) : formulas_(std::move(formulas)), mode_(mode) {}
  FormulaTable& table() { return formulas_.formulas(); }
  uint32_t location(std::vector<SchemaId> goals, Formula requirement);
  bool is_implied(const Location& location, uint32_t goal);
  uint32_t tokens_max_of(SchemaId node, int depth) const;
  Details& details(uint32_t program);
  void find_atoms(Details& details, ValueType type);
  void find_guards(Details& details, SchemaId node, const std::vector<Formula>& path, Unevaluated& unevaluated,
                   ValueType type, int depth);
  void sort_names(Details& details);
  std::optional<Verdict> final_verdict(const std::vector<Formula>& formulas, size_t goals,
                                       const std::function<Formula(uint32_t)>& value_of);
  std::vector<SchemaId> schemas_for(const Member& member, const Details& details, const KeyClass& key_class) const;
  bool covers_member(SchemaId node, const Details& details, const KeyClass& key_class, bool itself) const;
  static bool matches(const Details& details, const KeyClass& key_class, const PatternSchema& pattern);
  uint32_t rank_reached(const Frame& frame, const Details& details) const;
  uint32_t member_step(uint32_t frame, const KeyClass& key_class);
  uint32_t make_member_step(uint32_t frame, const KeyClass& key_class);
  uint32_t make_item_step(uint32_t frame);
  uint32_t make_step(uint32_t frame, std::vector<Decision> decisions, std::vector<SchemaId> goals, bool must_differ);
  Formula possible_literal(const Step& step, const std::vector<SchemaId>& goals, uint32_t variable, bool positive);
  void decide_counts(Frame& frame, const Details& details);
  void substitute(std::vector<Formula>& formulas, const std::function<Formula(uint32_t)>& value_of);
  bool key_alive(uint32_t frame, uint32_t key);
  bool key_can_end(uint32_t frame, const KeyState& key);
  bool number_atom_holds(const Atom& atom, const Decimal& value, std::string_view text) const;
  std::vector<NumberPiece> find_number_pieces(uint32_t program);
  void add_number_piece(NumberPiece piece, Formula left, std::vector<NumberPiece>& pieces);
  KeyClass class_of(const KeyState& key);
  uint32_t class_of_name(uint32_t program, uint32_t name);
  bool text_alive(const TextState& text);
  Language harmless_texts();

  SchemaFormulas formulas_;
  SchemaMode mode_;
  uint32_t root_ = 0;
  bool has_tokens_max_ = false;
  std::string problem_;
  InternTable<Location> locations_;
  InternTable<Program> programs_;
  InternTable<Frame> frames_;
  InternTable<Step> steps_;
  InternTable<KeyState> keys_;
  InternTable<KeyClass> classes_;
  InternTable<TextState> texts_;
  InternTable<Verdict> verdicts_;
  std::deque<Details> details_;                                           // per program
  std::vector<std::array<uint32_t, kValueTypes>> location_programs_;      // per location; kUnknown: not yet
  std::vector<int8_t> viable_;                                            // per location: -1 unknown
  std::unordered_map<uint32_t, uint32_t> tokens_max_memo_;                // per location
  std::unordered_map<uint64_t, uint32_t> step_memo_;                      // (frame, class) -> step
  std::unordered_map<uint64_t, uint32_t> after_memo_;                     // (step, verdict) -> frame
  std::unordered_map<uint32_t, std::vector<NumberPiece>> number_pieces_;  // per program
  std::unordered_map<uint32_t, UnlimitedText> unlimited_texts_;           // per text
  std::unordered_map<uint64_t, bool> key_alive_memo_;                     // (frame, key)
  std::unordered_map<uint64_t, uint32_t> name_class_memo_;                // (program, name) -> class
  std::vector<uint32_t> item_step_memo_, frame_verdict_memo_;             // per frame
};

}  // namespace cadre::contract
