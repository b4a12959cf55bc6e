// What a number must be: the verdict on a whole one, and what one that has begun can still become.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/schema_programs.h"

namespace cadre::contract {

namespace {

constexpr size_t kBoundsMax = 64;

bool is_order(AtomKind kind) {
  switch (kind) {
    case AtomKind::kMinimum:
    case AtomKind::kExclusiveMinimum:
    case AtomKind::kMaximum:
    case AtomKind::kExclusiveMaximum:
    case AtomKind::kEqualNumber:
      return true;
    default:
      return false;
  }
}

NumberPiece point(const Decimal& value) {
  NumberPiece piece;
  piece.low = piece.high = value;
  return piece;
}

bool is_point(const NumberPiece& piece) {
  return piece.low && piece.high && *piece.low == *piece.high;
}

// Is `value` among the multiples that the piece asks for?
bool fits_step(const NumberPiece& piece, const Decimal& value) {
  return piece.step.is_zero() || value.is_multiple_of(piece.step);
}

// A value inside an open piece; only its order among the bounds matters.
Decimal inside(const std::optional<Decimal>& low, const std::optional<Decimal>& high) {
  const Decimal one = Decimal::from_int(1);
  if (!low && !high) return one;
  if (low && high) {
    if (low->negative() && !high->negative() && !high->is_zero()) return Decimal();
    // The one nearer to zero with another digit behind all that tell the two apart.
    const Decimal& near = low->negative() ? *high : *low;
    const Decimal& far = low->negative() ? *low : *high;
    if (near.is_zero()) return far.times_power_of_ten(-1);
    const int64_t unit = std::min(near.exponent(), far.exponent());
    const auto zeros = static_cast<size_t>(near.exponent() - unit);
    return Decimal::from_digits(near.negative(), near.digits() + std::string(zeros, '0') + "1", unit - 1);
  }
  const Decimal& bound = low ? *low : *high;
  const bool outward = low ? !bound.negative() : bound.negative();
  if (bound.is_zero()) return low ? one : one.negated();
  return bound.times_power_of_ten(outward ? 1 : -1);
}

}  // namespace

bool SchemaPrograms::number_atom_holds(const Atom& atom, const Decimal& value, std::string_view text) const {
  const auto order = [&] { return value.compare(formulas_.decimal(atom.a)); };
  switch (atom.kind) {
    case AtomKind::kInteger:
      return value.is_integer();
    case AtomKind::kPlainInteger:
      return text.find_first_of(".eE") == std::string_view::npos;
    case AtomKind::kMinimum:
      return order() >= 0;
    case AtomKind::kExclusiveMinimum:
      return order() > 0;
    case AtomKind::kMaximum:
      return order() <= 0;
    case AtomKind::kExclusiveMaximum:
      return order() < 0;
    case AtomKind::kMultipleOf:
      return value.is_multiple_of(formulas_.decimal(atom.a));
    case AtomKind::kEqualNumber:
      return order() == 0;
    case AtomKind::kNumberSet:
      return formulas_.number_set(atom.a).contains(value);
    default:
      return false;
  }
}

uint32_t SchemaPrograms::number_verdict(uint32_t program_id, std::string_view text) {
  const Program& program = programs_[program_id];
  const Result<Decimal> parsed = Decimal::parse(text);
  if (!parsed.ok()) return kNone;
  auto verdict = final_verdict(program.formulas, program.formulas.size() - 1, [&](uint32_t variable) {
    return table().constant(number_atom_holds(formulas_.atom(variable), *parsed, text));
  });
  return verdict ? verdicts_.id(std::move(*verdict)) : kNone;
}

SchemaPrograms::NumberMarks SchemaPrograms::number_marks(uint32_t program_id) {
  NumberMarks marks;
  std::vector<uint32_t> variables;
  for (const Formula formula : programs_[program_id].formulas) {
    const auto& more = table().variables(formula);
    variables.insert(variables.end(), more.begin(), more.end());
  }
  for (const uint32_t variable : variables) {
    const Atom& atom = formulas_.atom(variable);
    if (atom.kind == AtomKind::kInteger || atom.kind == AtomKind::kPlainInteger) continue;
    if (atom.kind == AtomKind::kNumberSet) {
      marks.sets.push_back(&formulas_.number_set(atom.a));
      continue;
    }
    (atom.kind == AtomKind::kMultipleOf ? marks.divisors : marks.bounds).push_back(formulas_.decimal(atom.a));
  }
  const auto outside = [&](uint32_t variable) {
    return formulas_.atom(variable).kind == AtomKind::kNumberSet ? FormulaTable::kFalse : table().variable(variable);
  };
  marks.only_sets =
      !marks.sets.empty() && table().substitute(programs_[program_id].formulas[0], outside) == FormulaTable::kFalse;
  return marks;
}

// ---- what a number that has begun can become --------------------------------------------------------------------------------

bool SchemaPrograms::number_can_follow(uint32_t program, std::string_view begun) {
  auto known = number_pieces_.find(program);
  if (known == number_pieces_.end()) known = number_pieces_.emplace(program, find_number_pieces(program)).first;
  return number_can_reach(known->second, begun);
}

// The bounds cut the number line into points and what lies between them; on each piece only the atoms that divide are left to decide.
std::vector<NumberPiece> SchemaPrograms::find_number_pieces(uint32_t program_id) {
  const Formula requirement = programs_[program_id].formulas[0];
  const std::vector<uint32_t> variables = table().variables(requirement);
  std::vector<Decimal> bounds;
  bool only_values = table().node(requirement).kind == FormulaTable::Kind::kAny;
  for (const uint32_t variable : variables) {
    const Atom& atom = formulas_.atom(variable);
    if (is_order(atom.kind)) bounds.push_back(formulas_.decimal(atom.a));
    only_values &= atom.kind == AtomKind::kEqualNumber;
  }
  if (only_values) {
    for (const uint32_t part : table().node(requirement).parts)
      only_values &= table().node(part).kind == FormulaTable::Kind::kVariable;
  }
  std::vector<NumberPiece> pieces;
  if (only_values) {  // an enumeration, however long
    for (const Decimal& value : bounds) pieces.push_back(point(value));
    return pieces;
  }
  if (bounds.size() > kBoundsMax) return {NumberPiece{}};
  std::sort(bounds.begin(), bounds.end(), [](const Decimal& a, const Decimal& b) { return a.compare(b) < 0; });
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  const auto at = [&](const Decimal& value, bool is_all) {
    return table().substitute(requirement, [&](uint32_t variable) {
      const Atom& atom = formulas_.atom(variable);
      const bool decided =
          is_order(atom.kind) || (is_all && atom.kind != AtomKind::kPlainInteger) || (is_all && !value.is_integer());
      return decided ? table().constant(number_atom_holds(atom, value, ".")) : table().variable(variable);
    });
  };
  for (size_t i = 0; i <= bounds.size(); ++i) {
    NumberPiece between;
    if (i > 0) between.low = bounds[i - 1];
    if (i < bounds.size()) between.high = bounds[i];
    between.low_open = between.high_open = true;
    add_number_piece(between, at(inside(between.low, between.high), false), pieces);
    if (i < bounds.size()) add_number_piece(point(bounds[i]), at(bounds[i], true), pieces);
  }
  return pieces;
}

// `left`: what is still to decide on the piece. Atoms that it cannot do without are demands on all of its values; others are not looked at.
void SchemaPrograms::add_number_piece(NumberPiece piece, Formula left, std::vector<NumberPiece>& pieces) {
  if (left == FormulaTable::kFalse) return;
  const std::vector<uint32_t> variables = table().variables(left);
  const Decimal one = Decimal::from_int(1);
  for (const uint32_t variable : variables) {
    const auto without = [&](uint32_t other) {
      return other == variable ? FormulaTable::kFalse : table().variable(other);
    };
    if (table().substitute(left, without) != FormulaTable::kFalse) continue;
    const Atom& atom = formulas_.atom(variable);
    if (atom.kind == AtomKind::kPlainInteger) piece.plain = true;
    if (atom.kind == AtomKind::kPlainInteger || atom.kind == AtomKind::kInteger)
      piece.step = common_step(piece.step, one);
    if (atom.kind == AtomKind::kMultipleOf) piece.step = common_step(piece.step, formulas_.decimal(atom.a));
  }
  if (is_point(piece)) piece.step = Decimal();  // it was decided
  if (!pieces.empty() && pieces.back().plain == piece.plain && pieces.back().high == piece.low) {
    NumberPiece& last = pieces.back();
    const bool to_point = is_point(piece) && last.high_open && fits_step(last, *piece.low);
    const bool from_point = is_point(last) && piece.low_open && fits_step(piece, *last.low);
    const bool touches = !last.high_open && piece.low_open && last.step == piece.step;
    if (from_point) last.step = piece.step;
    if (to_point || from_point || touches) {
      last.high = piece.high;
      last.high_open = piece.high_open;
      return;
    }
  }
  pieces.push_back(std::move(piece));
}

}  // namespace cadre::contract
