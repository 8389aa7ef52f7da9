// From the tree to an automaton of single steps that may stand at several places at once, and from that, by following all places
// together for every byte there is, to the table. All of it at set-up; bounded by the limits of regex.hpp.
#include <algorithm>
#include <map>
#include <utility>

#include "pawl/core/base/assert.hpp"
#include "pawl/core/regex/syntax.hpp"

namespace pawl::regex {
namespace automata {  // named, as Table outside of it holds some

using Place = std::uint16_t;  // an instruction

struct Instruction {
  enum class Kind : std::uint8_t { byte, split, assertion, match } kind = Kind::match;
  Assertion assertion = Assertion::begin;
  std::uint8_t low = 0, high = 255;  // byte
  Place next = 0, other = 0;         // split: both
};

// From its last part to its first, as each has to know where it goes on.
class Automaton {
 public:
  explicit Automaton(const Tree& tree) {
    const Place match = add({.kind = Instruction::Kind::match});
    const Place body = build(tree, match);
    start_ = add({.kind = Instruction::Kind::split});  // a match may begin anywhere
    code_[start_].next = body;
    code_[start_].other = add({.kind = Instruction::Kind::byte, .next = start_});
  }

  [[nodiscard]] bool too_large() const { return too_large_; }
  [[nodiscard]] Place start() const { return start_; }
  [[nodiscard]] const std::vector<Instruction>& code() const { return code_; }

 private:
  Place add(const Instruction& instruction) {
    too_large_ = too_large_ || code_.size() == instructions_max;
    if (!too_large_) code_.push_back(instruction);
    return static_cast<Place>(code_.size() - 1);
  }
  Place split(Place next, Place other) { return add({.kind = Instruction::Kind::split, .next = next, .other = other}); }

  Place build(const Tree& tree, Place next) {
    switch (tree.kind) {
      case Tree::Kind::runes: return runes(tree.runes, next);
      case Tree::Kind::assertion: return add({.kind = Instruction::Kind::assertion, .assertion = tree.assertion, .next = next});
      case Tree::Kind::all_of:
        for (auto part = tree.parts.rbegin(); part != tree.parts.rend(); ++part) next = build(*part, next);
        return next;
      case Tree::Kind::one_of: {
        Place place = build(tree.parts.back(), next);
        for (std::size_t i = tree.parts.size() - 1; i-- > 0;) place = split(build(tree.parts[i], next), place);
        return place;
      }
      case Tree::Kind::repeat: return tree.is_empty() ? next : repeat(tree, next);
    }
    return next;
  }

  Place repeat(const Tree& tree, Place next) {
    const Tree& part = tree.parts.front();
    Place place = next;
    std::size_t least = tree.at_least;
    if (tree.at_most == SIZE_MAX) {
      const Place again = split(next, next);
      const Place first = build(part, again);
      if (!too_large_) code_[again].next = first;
      place = least == 0 ? again : first;
      least -= least == 0 ? 0 : 1;
    } else {
      for (std::size_t i = least; i < tree.at_most && !too_large_; ++i) place = split(build(part, place), next);
    }
    for (std::size_t i = 0; i < least && !too_large_; ++i) place = build(part, place);
    return place;
  }

  // --- characters as bytes ---

  Place runes(const std::vector<Runes>& ranges, Place next) {
    known_.clear();
    starts_.clear();
    next_ = next;
    for (const Runes& range : ranges) bytes_of(range.first, range.last);
    if (starts_.empty()) return add({.kind = Instruction::Kind::byte, .low = 1, .high = 0, .next = next});  // no character at all
    Place place = starts_.back();
    for (std::size_t i = starts_.size() - 1; i-- > 0;) place = split(starts_[i], place);
    return place;
  }

  // In parts whose characters have as many bytes, each of which takes all values from its first to its last.
  void bytes_of(Rune first, Rune last) {
    for (const Rune longest : {Rune{0x7F}, Rune{0x7FF}, Rune{0xFFFF}}) {
      if (first <= longest && longest < last) return bytes_of(first, longest), bytes_of(longest + 1, last);
    }
    for (unsigned bits = 6; bits <= 18 && last > 0x7F; bits += 6) {
      const Rune low = (Rune{1} << bits) - 1;
      if ((first & ~low) == (last & ~low)) continue;
      if ((first & low) != 0) return bytes_of(first, first | low), bytes_of((first | low) + 1, last);
      if ((last & low) != low) return bytes_of(first, (last & ~low) - 1), bytes_of(last & ~low, last);
    }
    std::array<std::uint8_t, 4> low{}, high{};
    const std::size_t count = encode(first, low);
    PAWL_ASSERT(encode(last, high) == count);
    Place place = next_;
    for (std::size_t i = count; i-- > 0;) place = byte(low[i], high[i], place);
    if (std::find(starts_.begin(), starts_.end(), place) == starts_.end()) starts_.push_back(place);
  }

  static std::size_t encode(Rune rune, std::array<std::uint8_t, 4>& out) {
    const std::size_t count = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    for (std::size_t i = count; i-- > 1; rune >>= 6) out[i] = static_cast<std::uint8_t>(0x80 | (rune & 0x3F));
    const std::uint8_t lead = count == 1 ? 0 : static_cast<std::uint8_t>(0xF0U << (4 - count));
    out[0] = static_cast<std::uint8_t>(lead | rune);
    return count;
  }

  // Ends of characters that are alike are shared.
  Place byte(std::uint8_t low, std::uint8_t high, Place next) {
    const auto [known, fresh] = known_.try_emplace(std::array<unsigned, 3>{low, high, next}, Place{});
    if (fresh) known->second = add({.kind = Instruction::Kind::byte, .low = low, .high = high, .next = next});
    return known->second;
  }

  std::vector<Instruction> code_;
  Place start_ = 0, next_ = 0;
  std::map<std::array<unsigned, 3>, Place> known_;
  std::vector<Place> starts_;
  bool too_large_ = false;
};

}  // namespace automata

using automata::Automaton;
using automata::Instruction;
using automata::Place;

class Table {
 public:
  Table(const Automaton& automaton, std::size_t work) : code_(automaton.code()), marks_(code_.size()), work_max_(work) { make_classes(); start(automaton.start()); }

  // Null: more work than it may take, or a table that is too large.
  std::shared_ptr<const Regex> run() {
    for (std::size_t i = 2; i < states_.size(); ++i) {
      for (std::size_t c = 0; c < regex_.classes_; ++c) {
        const Place to = step(i, example_[c]);
        if (work_ > work_max_ || states_.size() > states_max || states_.size() * regex_.classes_ > cells_max) return nullptr;
        regex_.table_.push_back(to);
      }
      regex_.at_end_.push_back(matches_at_end(i));
    }
    decide_early();
    return std::make_shared<const Regex>(std::move(regex_));
  }

  [[nodiscard]] std::size_t work() const { return work_; }

 private:
  enum Before : std::uint16_t { nothing_asked, at_begin, word, no_word };  // what stands before; asked only if a place of the state does
  struct State {
    std::vector<Place> places;  // bytes and assertions, ascending
    Before before;
    auto operator<=>(const State&) const = default;
  };

  // Bytes that no instruction tells apart.
  void make_classes() {
    std::array<bool, 257> begins{};
    bool boundaries = false;
    for (const Instruction& instruction : code_) {
      boundaries = boundaries || (instruction.kind == Instruction::Kind::assertion && instruction.assertion >= Assertion::boundary);
      if (instruction.kind != Instruction::Kind::byte || instruction.low > instruction.high) continue;
      begins[instruction.low] = begins[instruction.high + std::size_t{1}] = true;
    }
    for (unsigned b = 1; b < 256 && boundaries; ++b) begins[b] = begins[b] || is_word(b) != is_word(b - 1) || goes_on(b) != goes_on(b - 1);
    for (std::size_t b = 0, next = 0; b < 256; ++b) {
      if (b == 0 || begins[b]) example_.push_back(static_cast<std::uint8_t>(b)), ++next;
      regex_.class_of_[b] = static_cast<std::uint8_t>(next - 1);
    }
    regex_.classes_ = example_.size();
  }

  void start(Place place) {
    for (const bool end : {false, true}) {  // failed, matched
      states_.emplace_back();
      regex_.table_.insert(regex_.table_.end(), regex_.classes_, static_cast<Place>(end ? Regex::matched : Regex::failed));
      regex_.at_end_.push_back(end ? 1 : 0);
    }
    begin_set();
    add(place);
    regex_.start_ = state(at_begin);
  }

  // --- sets of places ---

  void begin_set() {
    ++mark_;
    matched_ = false;
    set_.clear();
  }
  // With all that is reached from there without a byte and without asking.
  void add(Place place) {
    todo_.push_back(place);
    while (!todo_.empty()) {
      const Place at = todo_.back();
      todo_.pop_back();
      ++work_;
      if (std::exchange(marks_[at], mark_) == mark_) continue;
      const Instruction& instruction = code_[at];
      if (instruction.kind == Instruction::Kind::match) matched_ = true;
      else if (instruction.kind == Instruction::Kind::split) todo_.push_back(instruction.next), todo_.push_back(instruction.other);
      else set_.push_back(at);
    }
  }

  // The state of the set.
  Place state(Before before) {
    if (matched_) return Regex::matched;
    const bool asks = std::any_of(set_.begin(), set_.end(), [&](Place place) { return code_[place].kind == Instruction::Kind::assertion; });
    std::sort(set_.begin(), set_.end());
    State key{set_, asks ? before : nothing_asked};
    work_ += set_.size();
    const auto [known, fresh] = numbers_.try_emplace(std::move(key), static_cast<Place>(states_.size()));
    if (fresh) states_.push_back(&known->first);
    return known->second;
  }

  // --- steps ---

  // A byte within a character of UTF-8: no place of the text is before it.
  static bool goes_on(unsigned byte) { return byte >= 0x80 && byte <= 0xBF; }

  static bool holds(Assertion assertion, Before before, std::optional<unsigned> next) {
    if (assertion >= Assertion::boundary && next && goes_on(*next)) return false;
    const bool boundary = (before == word) != (next && is_word(*next));
    switch (assertion) {
      case Assertion::begin: return before == at_begin;
      case Assertion::end: return !next;
      case Assertion::boundary: return boundary;
      case Assertion::inside: return !boundary;
    }
    return false;
  }

  // Into the set: the state's places, and what is behind its assertions that hold there.
  void ask(const State& state, std::optional<unsigned> next) {
    begin_set();
    for (const Place place : state.places) add(place);
    for (std::size_t i = 0; i < set_.size(); ++i) {  // grows
      const Instruction& instruction = code_[set_[i]];
      if (instruction.kind == Instruction::Kind::assertion && holds(instruction.assertion, state.before, next)) add(instruction.next);
    }
  }

  Place step(std::size_t from, std::uint8_t byte) {
    ask(*states_[from], byte);
    if (matched_) return Regex::matched;
    here_.swap(set_);
    begin_set();
    for (const Place place : here_) {
      const Instruction& instruction = code_[place];
      if (instruction.kind == Instruction::Kind::byte && instruction.low <= byte && byte <= instruction.high) add(instruction.next);
    }
    work_ += here_.size();
    return state(is_word(byte) ? word : no_word);
  }

  std::uint8_t matches_at_end(std::size_t state) {
    ask(*states_[state], std::nullopt);
    return matched_ ? 1 : 0;
  }

  // States from which no text matches, and those from which every text does, are the two that end the search.
  void decide_early() {
    const std::vector<bool> can_match = reaching([&](std::size_t state) { return regex_.at_end_[state] != 0; });
    const std::vector<bool> can_fail = reaching([&](std::size_t state) { return regex_.at_end_[state] == 0; });
    const auto decided = [&](Place state) { return !can_match[state] ? Regex::failed : !can_fail[state] ? Regex::matched : state; };
    for (Place& to : regex_.table_) to = decided(to);
    regex_.start_ = decided(regex_.start_);
  }

  template <class Wanted>
  [[nodiscard]] std::vector<bool> reaching(Wanted wanted) const {
    const std::size_t count = regex_.at_end_.size(), classes = regex_.classes_;
    std::vector<std::vector<Place>> from(count);
    for (std::size_t cell = 0; cell < regex_.table_.size(); ++cell) {
      std::vector<Place>& before = from[regex_.table_[cell]];
      if (before.empty() || before.back() != cell / classes) before.push_back(static_cast<Place>(cell / classes));
    }
    std::vector<bool> reaches(count);
    std::vector<Place> todo;
    for (std::size_t state = 0; state < count; ++state) {
      if (wanted(state)) reaches[state] = true, todo.push_back(static_cast<Place>(state));
    }
    while (!todo.empty()) {
      const Place state = todo.back();
      todo.pop_back();
      for (const Place before : from[state]) {
        if (!reaches[before]) reaches[before] = true, todo.push_back(before);
      }
    }
    return reaches;
  }

  const std::vector<Instruction>& code_;
  Regex regex_;
  std::vector<std::uint8_t> example_;       // by class: a byte of it
  std::map<State, Place> numbers_;
  std::vector<const State*> states_;        // by number; null of the two that end the search
  std::vector<Place> set_, here_, todo_;
  std::vector<std::size_t> marks_;          // by place: the last set that it came into
  std::size_t mark_ = 0, work_ = 0, work_max_;
  bool matched_ = false;
};

Compiled compile(std::string_view pattern, std::size_t work) {
  Compiled made;
  const std::optional<Tree> tree = parse(pattern, made.problem);
  if (!tree) return made;
  const Automaton automaton(*tree);
  made.work = automaton.code().size();
  if (!automaton.too_large()) {
    Table table(automaton, std::min(work, work_max));
    made.regex = table.run();
    made.work += table.work();
  }
  if (made.regex == nullptr) {
    made.problem = {.begin = 0, .end = pattern.size(), .text = "this expression needs a larger table than there may be: bound repeats lower, begin it with `^`, or write `*` for a repeat whose count does not matter", .too_large = true};
  }
  return made;
}

}  // namespace pawl::regex
