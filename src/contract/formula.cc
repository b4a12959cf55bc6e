// SPDX-License-Identifier: Apache-2.0
#include "contract/formula.h"

#include <algorithm>

namespace cadre::contract {

FormulaTable::FormulaTable() {
  make(Kind::kConstant, {0});
  make(Kind::kConstant, {1});
}

Formula FormulaTable::make(Kind kind, std::vector<uint32_t> parts) {
  return nodes_.id(Node{kind, std::move(parts)});
}

Formula FormulaTable::variable(uint32_t variable) {
  return make(Kind::kVariable, {variable});
}

Formula FormulaTable::negate(Formula f) {
  if (f <= kTrue) return f ^ 1;
  const Node& node = nodes_[f];
  switch (node.kind) {
    case Kind::kNot:
      return node.parts[0];
    case Kind::kAll:
    case Kind::kAny: {
      std::vector<Formula> parts;
      parts.reserve(node.parts.size());
      for (const Formula part : node.parts) parts.push_back(negate(part));
      return node.kind == Kind::kAll ? any(std::move(parts)) : all(std::move(parts));
    }
    default:
      return make(Kind::kNot, {f});
  }
}

// Flattened, sorted, without repetitions and units; a part beside its own negation decides.
template <bool kIsAll>
Formula FormulaTable::join(std::vector<Formula> parts) {
  constexpr Formula kUnit = kIsAll ? kTrue : kFalse;
  constexpr Formula kZero = kIsAll ? kFalse : kTrue;
  constexpr Kind kKind = kIsAll ? Kind::kAll : Kind::kAny;
  std::vector<Formula> flat;
  flat.reserve(parts.size());
  for (const Formula part : parts) {
    if (part == kZero) return kZero;
    if (part == kUnit) continue;
    const Node& node = nodes_[part];
    if (node.kind == kKind) {
      flat.insert(flat.end(), node.parts.begin(), node.parts.end());
    } else {
      flat.push_back(part);
    }
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  if (flat.empty()) return kUnit;
  if (flat.size() == 1) return flat[0];
  for (const Formula part : flat) {
    const Node& node = nodes_[part];
    if (node.kind == Kind::kNot && std::binary_search(flat.begin(), flat.end(), node.parts[0])) return kZero;
  }
  return make(kKind, std::move(flat));
}

Formula FormulaTable::all(std::vector<Formula> parts) {
  return join<true>(std::move(parts));
}

Formula FormulaTable::any(std::vector<Formula> parts) {
  return join<false>(std::move(parts));
}

Formula FormulaTable::exactly_one(std::vector<Formula> parts) {
  const auto trues = std::count(parts.begin(), parts.end(), kTrue);
  if (trues > 1) return kFalse;
  std::erase_if(parts, [](Formula part) { return part <= kTrue; });
  std::sort(parts.begin(), parts.end());
  // A part that stands there twice can only be false; it goes, and its negation stays.
  std::vector<Formula> conditions, single;
  for (size_t i = 0; i < parts.size();) {
    size_t end = i;
    while (end < parts.size() && parts[end] == parts[i]) ++end;
    if (end - i > 1 || trues == 1) {
      conditions.push_back(negate(parts[i]));
    } else {
      single.push_back(parts[i]);
    }
    i = end;
  }
  if (trues == 0) {
    if (single.empty()) return kFalse;
    conditions.push_back(single.size() == 1 ? single[0] : make(Kind::kExactlyOne, std::move(single)));
  }
  return all(std::move(conditions));
}

Formula FormulaTable::substitute(Formula f, const std::function<Formula(uint32_t)>& value_of) {
  if (f <= kTrue) return f;
  ++epoch_;
  return substitute_step(f, value_of);
}

Formula FormulaTable::substitute_step(Formula f, const std::function<Formula(uint32_t)>& value_of) {
  if (f <= kTrue) return f;
  if (f < memo_epoch_.size() && memo_epoch_[f] == epoch_) return memo_[f];
  const Node& node = nodes_[f];  // never moves
  Formula result = f;
  if (node.kind == Kind::kVariable) {
    result = value_of(node.parts[0]);
  } else {
    std::vector<Formula> parts;
    parts.reserve(node.parts.size());
    bool changed = false;
    for (const Formula part : node.parts) {
      parts.push_back(substitute_step(part, value_of));
      changed |= parts.back() != part;
    }
    if (changed) {
      if (node.kind == Kind::kNot) result = negate(parts[0]);
      if (node.kind == Kind::kAll) result = all(std::move(parts));
      if (node.kind == Kind::kAny) result = any(std::move(parts));
      if (node.kind == Kind::kExactlyOne) result = exactly_one(std::move(parts));
    }
  }
  if (f >= memo_.size()) {
    memo_.resize(nodes_.size(), 0);
    memo_epoch_.resize(nodes_.size(), 0);
  }
  memo_[f] = result;
  memo_epoch_[f] = epoch_;
  return result;
}

Formula FormulaTable::possible(Formula f, const std::function<Formula(uint32_t, bool)>& literal) {
  return possible_step(f, true, literal);
}

Formula FormulaTable::possible_step(Formula f, bool positive, const std::function<Formula(uint32_t, bool)>& literal) {
  if (f <= kTrue) return positive ? f : f ^ 1;
  const Node& node = nodes_[f];
  switch (node.kind) {
    case Kind::kVariable:
      return literal(node.parts[0], positive);
    case Kind::kNot:
      return possible_step(node.parts[0], !positive, literal);
    case Kind::kExactlyOne: {
      // "Not exactly one" can nearly always still come about; of "exactly one" we ask that one of them can.
      if (!positive) return kTrue;
      std::vector<Formula> parts;
      for (const Formula part : node.parts) parts.push_back(possible_step(part, true, literal));
      return any(std::move(parts));
    }
    default: {
      std::vector<Formula> parts;
      parts.reserve(node.parts.size());
      for (const Formula part : node.parts) parts.push_back(possible_step(part, positive, literal));
      return (node.kind == Kind::kAll) == positive ? all(std::move(parts)) : any(std::move(parts));
    }
  }
}

const std::vector<uint32_t>& FormulaTable::variables(Formula f) {
  if (f >= variables_.size()) {
    variables_.resize(nodes_.size());
    variables_known_.resize(nodes_.size(), false);
  }
  if (variables_known_[f]) return variables_[f];
  const Node& node = nodes_[f];
  std::vector<uint32_t> found;
  if (node.kind == Kind::kVariable) {
    found = node.parts;
  } else if (node.kind != Kind::kConstant) {
    for (const Formula part : node.parts) {
      const std::vector<uint32_t>& inner = variables(part);
      found.insert(found.end(), inner.begin(), inner.end());
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  variables_[f] = std::move(found);
  variables_known_[f] = true;
  return variables_[f];
}

}  // namespace cadre::contract
