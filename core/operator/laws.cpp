#include "pawl/core/operator/laws.hpp"

#include <string>
#include <vector>

namespace pawl {
namespace {

using State = std::vector<std::byte>;

class Trial {
 public:
  Trial(const Operator& one, std::span<const std::int64_t> values) : one_(one), values_(values) {}

  Result<void> run() const {
    const State none(one_.state_bytes);
    for (std::size_t begin = 0; begin < values_.size(); ++begin) {
      for (std::size_t end = begin + 1; end <= values_.size(); ++end) {
        const State whole = window(begin, end);
        if (combined(none, whole) != whole) return broken("combine(State{}, x) is not x", begin, begin, end);
        if (combined(whole, none) != whole) return broken("combine(x, State{}) is not x", begin, end, end);
        if (auto cut = at_each_cut(begin, end, whole); !cut.ok()) return cut;
      }
    }
    return {};
  }

 private:
  Result<void> at_each_cut(std::size_t begin, std::size_t end, const State& whole) const {
    for (std::size_t cut = begin; cut <= end; ++cut) {
      const State earlier = window(begin, cut), later = window(cut, end);
      if (combined(earlier, later) != whole) return broken("combine gives another state for another cut", begin, cut, end);
      if (one_.inverse == nullptr) continue;
      State left(one_.state_bytes);
      one_.inverse(whole.data(), earlier.data(), left.data());
      if (left != later) return broken("inverse(combine(x, y), x) is not y", begin, cut, end);
    }
    return {};
  }

  // One value after the other.
  [[nodiscard]] State window(std::size_t begin, std::size_t end) const {
    State state(one_.state_bytes);
    if (begin != end) one_.lift(values_[begin], state.data());
    for (std::size_t i = begin + 1; i < end; ++i) one_.add(state.data(), values_[i]);
    return state;
  }
  [[nodiscard]] State combined(const State& earlier, const State& later) const {
    State both(one_.state_bytes);
    one_.combine(earlier.data(), later.data(), both.data());
    return both;
  }
  [[nodiscard]] Error broken(const char* law, std::size_t begin, std::size_t cut, std::size_t end) const {
    std::string text = "operator " + one_.name + " version " + std::to_string(one_.version) + ": " + law + ", for the values";
    for (std::size_t i = begin; i < end; ++i) text.append(i == cut ? " | " : " ").append(std::to_string(values_[i]));
    return {ErrorCode::usage, text + ". Windows would depend on how they were put together"};
  }

  const Operator& one_;
  std::span<const std::int64_t> values_;
};

}  // namespace

Result<void> check_laws(const Operator& one, std::span<const std::int64_t> values) { return Trial(one, values).run(); }

}  // namespace pawl
