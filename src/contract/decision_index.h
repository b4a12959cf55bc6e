// What decisions ask of a compiled schema again and again, worked out once per place: which values are finitely many, which members there are.
//
// Lists are shared with whoever gets them. Everything here is about a place alone; what the text so far allows besides is for the walk to
// find out. Thread safety: none; the owner locks. The machine must outlive the index.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "contract/decision.h"
#include "contract/decision_copies.h"
#include "contract/schema_machine.h"

namespace cadre::contract {

class DecisionIndex {
 public:
  using List = std::shared_ptr<const CandidateList>;

  struct Shape {                                   // of the values that may stand at a location
    std::array<uint32_t, kValueTypes> programs{};  // per ValueType; kNone: not that type
    bool is_settled = false;                       // whatever value stands there, its verdict is the same
    bool is_anything = false;                      // every value may
    List values;  // all of them, if they are finitely many and none is an object or array
  };
  struct Member {  // that the schema names
    std::string name;
    uint32_t index = 0;     // in the program's names
    bool required = false;  // as far as the object's first frame tells
    List first, further;    // present or absent: as the first member and behind others
  };

  struct Limits {
    size_t candidates_max, spans_max;  // as DecisionOptions says
  };
  DecisionIndex(SchemaMachine& machine, const Bindings* bindings, Limits limits)
      : machine_(machine), candidates_max_(limits.candidates_max), copies_(bindings, limits.spans_max) {}

  const Shape& shape(uint32_t location);
  // Of a program whose texts are copies out of bound sources, perhaps beside others: those that are offered (contract/decision_copies.h); none for
  // any other program.
  const List& copies(uint32_t program);
  // The texts or numbers of a program; none if they are not finitely many, or if there are copies.
  const List& texts(uint32_t program);
  const List& numbers(uint32_t program);
  // The names of members that the schema leaves open, as JSON strings; none if they are not finitely many.
  const List& names(uint32_t frame);
  // In the order in which they are written.
  const std::vector<Member>& members(uint32_t frame);
  // The types of which bit 1 << ValueType is set.
  const List& branches(uint8_t types);
  // "another" and "end", or the other way round; in an array or object; where an item stands already.
  static const List& items(ValueType container, bool is_first, bool end_first);
  static const List& nothing();
  VerifiedLists& verified() { return verified_; }

 private:
  SchemaMachine& machine_;
  size_t candidates_max_;
  DecisionCopies copies_;
  std::unordered_map<uint32_t, Shape> shapes_;
  std::unordered_map<uint32_t, List> texts_, numbers_;
  std::unordered_map<uint32_t, List> names_;                   // per frame
  std::unordered_map<uint32_t, std::vector<Member>> members_;  // per program
  std::map<uint8_t, List> branches_;
  VerifiedLists verified_;
};

std::string_view value_type_name(ValueType type);
// "null", "false", "true", "{" or "[": what a value of the type is or begins with. Nothing for texts and numbers.
std::string_view value_type_bytes(ValueType type);
bool is_container(ValueType type);

}  // namespace cadre::contract
