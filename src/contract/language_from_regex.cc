// From a parsed pattern to the language of the strings in which it matches somewhere.
//
// A node is compiled against what follows it: "the node, then a text of K". So look-ahead is an intersection with K, and `$` leaves of K
// the empty string alone. What stands before matters only to `^`, `\b` and look-behind: K is therefore one language for every context,
// that is the start of the text or a set of characters that the assertions of this pattern do not tell apart. Patterns without
// such assertions have two contexts, and parts without any are compiled once for all of them.
// A repeat of something with assertions inside becomes a loop: a state that stands for "what follows, or once more and this again".
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Parts = LanguageTable::Parts;

constexpr size_t kUnrolledMax = 2'000;  // copies of a repeat with assertions inside
constexpr size_t kCompileStepsMax = 200'000;
constexpr size_t kContextsMax = 32;
constexpr Language kNothing = LanguageTable::kNothing;
constexpr Language kEmptyString = LanguageTable::kEmptyString;
constexpr Language kEverything = LanguageTable::kEverything;

const CodePointSet kAnyCharacter = {{0, 0xD7FF}, {0xE000, 0x10FFFF}};
const CodePointSet kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};

CodePointSet intersection(const CodePointSet& a, const CodePointSet& b) {
  CodePointSet common;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const char32_t low = std::max(a[i].low, b[j].low), high = std::min(a[i].high, b[j].high);
    if (low <= high) common.push_back({low, high});
    (a[i].high < b[j].high ? i : j)++;
  }
  return common;
}

CodePointSet difference(const CodePointSet& a, const CodePointSet& b) {
  CodePointSet rest;
  size_t j = 0;
  for (const CodePointRange& range : a) {
    char32_t low = range.low;
    while (j < b.size() && b[j].high < low) ++j;
    for (size_t k = j; low <= range.high; ++k) {
      if (k == b.size() || b[k].low > range.high) {
        rest.push_back({low, range.high});
        break;
      }
      if (b[k].low > low) rest.push_back({low, b[k].low - 1});
      low = b[k].high + 1;
    }
  }
  return rest;
}

CodePointSet unite(const CodePointSet& a, const CodePointSet& b) {
  CodePointSet all = a, united;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end(), [](const CodePointRange& l, const CodePointRange& r) { return l.low < r.low; });
  for (const CodePointRange& range : all) {
    if (!united.empty() && range.low <= united.back().high + 1) {
      united.back().high = std::max(united.back().high, range.high);
    } else {
      united.push_back(range);
    }
  }
  return united;
}

class Compiler {
 public:
  Compiler(Parts& parts, const Regex& regex)
      : parts_(parts),
        regex_(regex),
        nodes_(regex.nodes()),
        plain_(nodes_.size()),
        may_be_empty_(nodes_.size()),
        languages_(nodes_.size(), Parts::kNoIndex) {}

  Result<Language> compile() {
    for (uint32_t i = 0; i < nodes_.size(); ++i) look_at(i);
    if (plain_[regex_.root()])
      return checked(parts_.concat(kEverything, parts_.concat(plain(regex_.root()), kEverything)));
    TRY(find_atoms());
    return checked(TRY(search(regex_.root())));
  }

 private:
  // [0] at the start of the text, [i] after a character of atoms_[i - 1].
  using Contexts = std::vector<Language>;

  Error unsupported(const char* what) const {
    return Error{ErrorCode::kUnsupported, fmt::format("pattern \"{}\": {}; write it without", regex_.pattern(), what)};
  }

  Result<Language> checked(Language language) const {
    if (!parts_.full) return language;
    return Error{ErrorCode::kLimit, fmt::format("pattern \"{}\": more than {} states or nested too deeply",
                                                regex_.pattern(), parts_.limits.nodes_max)};
  }

  // Is the node free of assertions, and can it match without reading? Children come before their parents.
  void look_at(uint32_t index) {
    const RegexNode& node = nodes_[index];
    const auto& c = node.children;
    const auto is_plain = [&](uint32_t child) { return bool{plain_[child]}; };
    const auto is_empty = [&](uint32_t child) { return bool{may_be_empty_[child]}; };
    plain_[index] = node.kind <= RegexKind::kRepeat && std::ranges::all_of(c, is_plain);
    switch (node.kind) {
      case RegexKind::kSet:
        may_be_empty_[index] = false;
        break;
      case RegexKind::kAlternate:
        may_be_empty_[index] = std::ranges::any_of(c, is_empty);
        break;
      case RegexKind::kConcat:
        may_be_empty_[index] = std::ranges::all_of(c, is_empty);
        break;
      case RegexKind::kRepeat:
        may_be_empty_[index] = node.low == 0 || is_empty(c[0]);
        break;
      default:
        may_be_empty_[index] = true;
    }
  }

  // The partition of the characters by all that looks back.
  Result<void> find_atoms() {
    atoms_ = {kAnyCharacter};
    for (const RegexNode& node : nodes_) {
      if (node.kind == RegexKind::kWordBoundary || node.kind == RegexKind::kNotWordBoundary) split_atoms(kWord);
      if (node.kind == RegexKind::kLookBehind || node.kind == RegexKind::kNegativeLookBehind)
        split_by_sets(node.children[0]);
      if (atoms_.size() >= kContextsMax) return unsupported("look-behind at very many sets of characters");
    }
    for (const CodePointSet& atom : atoms_) after_word_.push_back(intersection(atom, kWord) == atom);
    return {};
  }

  void split_atoms(const CodePointSet& set) {
    std::vector<CodePointSet> finer;
    for (const CodePointSet& atom : atoms_) {
      for (CodePointSet part : {intersection(atom, set), difference(atom, set)}) {
        if (!part.empty()) finer.push_back(std::move(part));
      }
    }
    atoms_ = std::move(finer);
  }

  void split_by_sets(uint32_t index) {
    if (atoms_.size() >= kContextsMax) return;
    if (nodes_[index].kind == RegexKind::kSet) split_atoms(nodes_[index].set);
    if (nodes_[index].kind == RegexKind::kAlternate) {
      for (const uint32_t child : nodes_[index].children) split_by_sets(child);
    }
  }

  // Where in the text can it match? At its start, or behind any text that ends in a character of the context.
  Language anywhere(const Contexts& matching) {
    std::vector<Language> alternatives = {matching[0]};
    for (const auto& [language, set] : by_language(matching)) {
      if (set == kAnyCharacter && language == matching[0]) return parts_.concat(kEverything, language);
      alternatives.push_back(parts_.concat(text_that_ends_in(set), language));
    }
    return parts_.alternate(std::move(alternatives));
  }

  Language text_that_ends_in(const CodePointSet& set) {
    return set == kAnyCharacter ? parts_.length(1, kAnyLength) : parts_.concat(kEverything, parts_.code_points(set));
  }

  // The characters after which each language follows; those with kNothing left out.
  std::vector<std::pair<Language, CodePointSet>> by_language(const Contexts& contexts) const {
    std::vector<std::pair<Language, CodePointSet>> groups;
    for (size_t i = 1; i < contexts.size(); ++i) {
      if (contexts[i] == kNothing) continue;
      auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == contexts[i]; });
      if (group == groups.end()) group = groups.insert(groups.end(), {contexts[i], {}});
      group->second = unite(group->second, atoms_[i - 1]);
    }
    return groups;
  }

  // The whole pattern. A look-behind that begins it may be long: what it looks at is text before the match like any other.
  Result<Language> search(uint32_t index) {
    const RegexNode& node = nodes_[index];
    if (node.kind == RegexKind::kAlternate) {
      std::vector<Language> alternatives;
      for (const uint32_t child : node.children) alternatives.push_back(TRY(search(child)));
      return parts_.alternate(std::move(alternatives));
    }
    std::span<const uint32_t> items =
        node.kind == RegexKind::kConcat ? std::span<const uint32_t>(node.children) : std::span(&index, 1);
    const uint32_t first = items.empty() ? index : items[0];
    const RegexKind kind = nodes_[first].kind;
    const bool looks_far_back = !items.empty() &&
                                (kind == RegexKind::kLookBehind || kind == RegexKind::kNegativeLookBehind) &&
                                !looks_at_one(nodes_[first].children[0]);
    const Contexts end(atoms_.size() + 1, kEverything);
    if (!looks_far_back) return anywhere(TRY(compile(index, end)));
    const Contexts rest = TRY(compile_all(items.subspan(1), end));
    const uint32_t before = nodes_[first].children[0];
    if (kind == RegexKind::kLookBehind) return anywhere(TRY(compile(before, rest)));
    const Language forbidden = anywhere(TRY(compile(before, Contexts(atoms_.size() + 1, kEmptyString))));
    std::vector<Language> alternatives;
    if (!parts_.nullable(forbidden)) alternatives.push_back(rest[0]);
    for (const auto& [language, set] : by_language(rest)) {
      const Language allowed = parts_.intersect({text_that_ends_in(set), parts_.complement(forbidden)});
      alternatives.push_back(parts_.concat(allowed, language));
    }
    return parts_.alternate(std::move(alternatives));
  }

  Result<Contexts> compile_all(std::span<const uint32_t> items, Contexts next) {
    for (size_t i = items.size(); i-- > 0;) next = TRY(compile(items[i], next));
    return next;
  }

  static bool is_uniform(const Contexts& next, size_t from) {
    return std::all_of(next.begin() + static_cast<ptrdiff_t>(from), next.end(),
                       [&](Language l) { return l == next.back(); });
  }

  Result<Contexts> compile(uint32_t index, const Contexts& next) {
    if (++steps_ > kCompileStepsMax || parts_.full) {
      return Error{ErrorCode::kLimit, fmt::format("pattern \"{}\": its assertions take more than {} steps to compile",
                                                  regex_.pattern(), kCompileStepsMax)};
    }
    const RegexNode& node = nodes_[index];
    if (plain_[index] && is_uniform(next, 0)) return Contexts(next.size(), parts_.concat(plain(index), next[0]));
    switch (node.kind) {
      case RegexKind::kEmpty:
        return next;
      case RegexKind::kSet:
        return Contexts(next.size(), one_of(node.set, next));
      case RegexKind::kConcat:
        return compile_all(node.children, next);
      case RegexKind::kAlternate:
        return alternatives(node, next);
      case RegexKind::kRepeat:
        return repeat(node, next);
      default:
        return assertion(node, next);
    }
  }

  Language one_of(const CodePointSet& set, const Contexts& next) {
    std::vector<Language> parts;
    for (const auto& [language, characters] : by_language(next)) {
      parts.push_back(parts_.concat(parts_.code_points(intersection(set, characters)), language));
    }
    return parts_.alternate(std::move(parts));
  }

  Result<Contexts> alternatives(const RegexNode& node, const Contexts& next) {
    std::vector<std::vector<Language>> of_context(next.size());
    for (const uint32_t child : node.children) {
      const Contexts compiled = TRY(compile(child, next));
      for (size_t i = 0; i < compiled.size(); ++i) of_context[i].push_back(compiled[i]);
    }
    Contexts result;
    for (auto& parts : of_context) result.push_back(parts_.alternate(std::move(parts)));
    return result;
  }

  Result<Contexts> assertion(const RegexNode& node, const Contexts& next) {
    Contexts result = next;
    switch (node.kind) {
      case RegexKind::kBegin:
        std::fill(result.begin() + 1, result.end(), kNothing);
        return result;
      case RegexKind::kEnd:
        for (Language& l : result) l = parts_.intersect({l, kEmptyString});
        return result;
      case RegexKind::kWordBoundary:
      case RegexKind::kNotWordBoundary:
        return word_boundary(result, node.kind == RegexKind::kWordBoundary);
      case RegexKind::kLookAhead:
      case RegexKind::kNegativeLookAhead: {
        const Contexts ahead = TRY(compile(node.children[0], Contexts(next.size(), kEverything)));
        for (size_t i = 0; i < result.size(); ++i) {
          const Language seen = node.kind == RegexKind::kLookAhead ? ahead[i] : parts_.complement(ahead[i]);
          result[i] = parts_.intersect({result[i], seen});
        }
        return result;
      }
      default:
        if (!looks_at_one(node.children[0]))
          return unsupported("look-behind at more than one character inside the pattern");
        for (size_t i = 0; i < result.size(); ++i) {
          if (stands_behind(node.children[0], i) != (node.kind == RegexKind::kLookBehind)) result[i] = kNothing;
        }
        return result;
    }
  }

  Contexts word_boundary(Contexts next, bool is_boundary) {
    const Language word = parts_.concat(parts_.code_points(kWord), kEverything);
    const Language other = parts_.concat(parts_.code_points(difference(kAnyCharacter, kWord)), kEverything);
    const Language no_word = parts_.alternate({kEmptyString, other});
    for (size_t i = 0; i < next.size(); ++i) {
      const bool after_word = i > 0 && after_word_[i - 1];
      next[i] = parts_.intersect({next[i], after_word != is_boundary ? word : no_word});
    }
    return next;
  }

  // What a look-behind may ask of the context alone.
  bool looks_at_one(uint32_t index) const {
    const RegexNode& node = nodes_[index];
    if (node.kind == RegexKind::kAlternate) {
      return std::ranges::all_of(node.children, [&](uint32_t child) { return looks_at_one(child); });
    }
    return node.kind == RegexKind::kSet || node.kind == RegexKind::kBegin || node.kind == RegexKind::kEmpty;
  }

  bool stands_behind(uint32_t index, size_t context) const {
    const RegexNode& node = nodes_[index];
    if (node.kind == RegexKind::kEmpty) return true;
    if (node.kind == RegexKind::kBegin) return context == 0;
    if (node.kind == RegexKind::kSet) return context > 0 && !intersection(atoms_[context - 1], node.set).empty();
    return std::ranges::any_of(node.children, [&](uint32_t child) { return stands_behind(child, context); });
  }

  // A node without assertions, whatever stands around it.
  Language plain(uint32_t index) {
    if (languages_[index] != Parts::kNoIndex) return languages_[index];
    const RegexNode& node = nodes_[index];
    Language result = kEmptyString;
    if (node.kind == RegexKind::kSet) result = parts_.code_points(node.set);
    if (node.kind == RegexKind::kRepeat) result = parts_.repeat(plain(node.children[0]), node.low, high_of(node));
    if (node.kind == RegexKind::kConcat) {
      for (size_t i = node.children.size(); i-- > 0;) result = parts_.concat(plain(node.children[i]), result);
    }
    if (node.kind == RegexKind::kAlternate) {
      std::vector<Language> parts;
      for (const uint32_t child : node.children) parts.push_back(plain(child));
      result = parts_.alternate(std::move(parts));
    }
    return languages_[index] = result;
  }

  static uint64_t high_of(const RegexNode& node) { return node.high == kUnbounded ? kAnyLength : node.high; }

  Result<Contexts> repeat(const RegexNode& node, const Contexts& next) {
    const uint32_t body = node.children[0];
    const uint64_t high = high_of(node);
    if (high < node.low) return Contexts(next.size(), kNothing);
    if (high == 0) return next;
    const bool one_character = nodes_[body].kind == RegexKind::kSet;
    if (!plain_[body] || !(one_character || is_uniform(next, 1))) return repeat_with_contexts(node, next);
    // At least once: only what the last character was matters to what follows.
    const uint64_t low = std::max<uint32_t>(node.low, 1);
    Language at_least_once;
    if (is_uniform(next, 1)) {
      Language once = plain(body);
      if (parts_.nullable(once)) once = parts_.intersect({once, parts_.length(1, kAnyLength)});
      const uint64_t times = parts_.nullable(plain(body)) ? 1 : low;
      at_least_once = parts_.concat(parts_.repeat(once, times, high), next.back());
    } else {
      const Language before = parts_.repeat(plain(body), low - 1, high == kAnyLength ? high : high - 1);
      at_least_once = parts_.concat(before, one_of(nodes_[body].set, next));
    }
    Contexts result(next.size(), at_least_once);
    if (node.low == 0 || may_be_empty_[body]) add(result, next);
    return result;
  }

  void add(Contexts& to, const Contexts& other) {
    for (size_t i = 0; i < to.size(); ++i) to[i] = parts_.alternate({to[i], other[i]});
  }

  Result<Contexts> repeat_with_contexts(const RegexNode& node, const Contexts& next) {
    const uint32_t body = node.children[0];
    const uint64_t copies = node.high == kUnbounded ? node.low : node.high;
    if (copies > kUnrolledMax) {
      return Error{ErrorCode::kLimit,
                   fmt::format("pattern \"{}\": {} repeats of something with assertions inside; at most {}",
                               regex_.pattern(), copies, kUnrolledMax)};
    }
    Contexts result = next;
    if (node.high == kUnbounded) {
      result = TRY(loop(body, next));
    } else {
      for (uint64_t i = node.low; i < node.high; ++i) {
        result = TRY(compile(body, result));
        add(result, next);
      }
    }
    for (uint32_t i = 0; i < node.low; ++i) result = TRY(compile(body, result));
    return result;
  }

  Result<Contexts> loop(uint32_t body, const Contexts& next) {
    if (may_be_empty_[body]) return unsupported("an unlimited repeat of assertions that may read nothing");
    Contexts loops;
    for (const Language l : next) loops.push_back(parts_.new_loop(parts_.nullable(l)));
    Contexts meanings = TRY(compile(body, loops));
    add(meanings, next);
    if (parts_.full) return loops;
    for (size_t i = 0; i < loops.size(); ++i) parts_.set_loop(loops[i], meanings[i]);
    return loops;
  }

  Parts& parts_;
  const Regex& regex_;
  const std::vector<RegexNode>& nodes_;
  std::vector<bool> plain_;
  std::vector<bool> may_be_empty_;
  std::vector<Language> languages_;  // [nodes] plain ones, once compiled
  std::vector<CodePointSet> atoms_;
  std::vector<bool> after_word_;  // [atoms]
  size_t steps_ = 0;
};

}  // namespace

Result<Language> LanguageTable::Parts::from_regex(const Regex& regex) {
  return Compiler(*this, regex).compile();
}

Result<Language> LanguageTable::from_regex(const Regex& regex) {
  return renew(parts_->from_regex(regex));
}

}  // namespace cadre::contract
