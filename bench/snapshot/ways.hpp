// Three ways to an image of a state that goes on changing, each whole but small: what the engine's choice was made by (DECISIONS.md).
//
//   way      the event's work                              memory beside the state    who else works
//   undo     first change of a line: its old bytes         up to 1.06 states          the image's thread, for as long as it is made
//   page     first change of a page of 4 KiB: a copy       one state                  the same
//   shadow   none                                          one state                  a second state machine, all the time
//
// Each has mark(), before(line) and passed(event) for the thread of the events, and image(chunk) for that of the image, in order.
#pragma once

#include <memory>
#include <vector>

#include "pawl/core/ring/cursor.hpp"
#include "snapshot/lines.hpp"

namespace pawl::bench {

// Nothing is taken: what the others are compared with.
class NoWay {
 public:
  explicit NoWay(const Lines&) {}
  void mark(std::int64_t) noexcept {}
  void before(LineIndex) noexcept {}
  void passed(std::int64_t) noexcept {}
  [[nodiscard]] std::uint64_t copied() const noexcept { return 0; }
};

// An undo log of lines, in a list for each chunk.
class UndoWay {
 public:
  explicit UndoWay(const Lines& lines)
      : lines_(lines), touched_(lines.count() / 64), lists_(lines.chunks()),
        old_(or_fail(io::Region::map({.bytes = lines.count() * line_bytes, .best_pages = io::Pages::transparent_huge}))),
        places_(or_fail(io::Region::map({.bytes = lines.count() * sizeof(LineIndex), .best_pages = io::Pages::transparent_huge}))) {}

  void mark(std::int64_t) noexcept { active_ = true; }
  void before(LineIndex index) noexcept {
    if (!active_) return;
    std::uint64_t& word = touched_[index / 64];
    const std::uint64_t bit = std::uint64_t{1} << index % 64;
    if ((word & bit) != 0) return;
    word |= bit;
    List& list = lists_[index / lines_per_chunk];
    if (list.done.load(std::memory_order_acquire)) return;  // pairs with image(): its copy is behind us
    const std::uint32_t at = list.count.load(std::memory_order_relaxed);
    const std::size_t entry = index / lines_per_chunk * lines_per_chunk + at;
    places()[entry] = index;
    std::memcpy(old_line(entry), lines_.line(index), line_bytes);
    list.count.store(at + 1, std::memory_order_release);
    // Whoever reads a word that changes from here on, and then fences, sees the entry.
    std::atomic_thread_fence(std::memory_order_release);
    ++copied_;
  }
  void passed(std::int64_t) noexcept {}
  [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }

  // A copy that may be torn, and the old bytes over all lines that were changed before or meanwhile.
  void image(std::size_t chunk, std::uint64_t* to) noexcept {
    lines_.copy(chunk * lines_per_chunk, lines_per_chunk, to);
    std::atomic_thread_fence(std::memory_order_acquire);
    List& list = lists_[chunk];
    const std::size_t first = chunk * lines_per_chunk, entries = list.count.load(std::memory_order_acquire);
    for (std::size_t i = first; i < first + entries; ++i) std::memcpy(to + (places()[i] - first) * line_words, old_line(i), line_bytes);
    list.done.store(true, std::memory_order_release);
  }

 private:
  struct List {
    std::atomic<std::uint32_t> count{0};
    std::atomic<bool> done{false};
  };
  [[nodiscard]] LineIndex* places() const noexcept { return reinterpret_cast<LineIndex*>(places_.bytes().data()); }
  [[nodiscard]] std::byte* old_line(std::size_t entry) const noexcept { return old_.bytes().data() + entry * line_bytes; }

  const Lines& lines_;
  std::vector<std::uint64_t> touched_;  // since the mark: the events' thread alone
  std::vector<List> lists_;
  io::Region old_, places_;
  bool active_ = false;
  std::uint64_t copied_ = 0;
};

// Pages of 4 KiB are copied before their first change, or by the image's thread when it comes by.
class PageWay {
 public:
  explicit PageWay(const Lines& lines) : lines_(lines), pages_(lines.count() / lines_per_page), copies_(lines.count() * line_bytes) {}

  void mark(std::int64_t) noexcept { active_ = true; }
  void before(LineIndex index) noexcept {
    if (!active_) return;
    const std::size_t page = index / lines_per_page;
    if (pages_[page].load(std::memory_order_acquire) != State::copied) copied_ += copy(page);
  }
  void passed(std::int64_t) noexcept {}
  [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }

  void image(std::size_t chunk, std::uint64_t* to) noexcept {
    for (std::size_t page = chunk * pages_per_chunk; page < (chunk + 1) * pages_per_chunk; ++page) copy(page);
    std::memcpy(to, copies_.line(chunk * lines_per_chunk), chunk_bytes);
  }

 private:
  enum class State : std::uint8_t { fresh, claimed, copied };
  static constexpr std::size_t lines_per_page = 64, pages_per_chunk = lines_per_chunk / lines_per_page;

  // 1 if it was this thread that copied. Nobody changes a page that is claimed: the events' thread waits for it.
  std::uint64_t copy(std::size_t page) noexcept {
    State expected = State::fresh;
    if (!pages_[page].compare_exchange_strong(expected, State::claimed, std::memory_order_acquire)) {
      while (pages_[page].load(std::memory_order_acquire) != State::copied) __builtin_ia32_pause();
      return 0;
    }
    lines_.copy(page * lines_per_page, lines_per_page, copies_.line(page * lines_per_page));
    pages_[page].store(State::copied, std::memory_order_release);
    return 1;
  }

  const Lines& lines_;
  std::vector<std::atomic<State>> pages_;
  Lines copies_;
  bool active_ = false;
  std::uint64_t copied_ = 0;
};

// A second state follows the events behind the first, and rests where the image is to be.
class ShadowWay {
 public:
  explicit ShadowWay(const Lines& lines) : second_(lines.count() * line_bytes) {}

  void mark(std::int64_t last) noexcept { mark_ = last; }
  void before(LineIndex) noexcept {}
  void passed(std::int64_t event) noexcept { passed_.publish(event); }
  [[nodiscard]] std::uint64_t copied() const noexcept { return 0; }

  // Thread: the image's. Takes in events up to what has passed, `to` at most; true: it stands there.
  bool follow(std::int64_t to) noexcept {
    const std::int64_t end = std::min<std::int64_t>(to, passed_.load_acquire());
    for (std::int64_t event = at_ + 1; event <= end; ++event) {
      for (std::size_t touch = 0; touch < touches; ++touch) {
        second_.fetch(second_.place(event + ahead, touch));
        second_.change(second_.place(event, touch), event);
      }
    }
    at_ = std::max(at_, end);
    return at_ == to;
  }
  void image(std::size_t chunk, std::uint64_t* to) const noexcept { std::memcpy(to, second_.line(chunk * lines_per_chunk), chunk_bytes); }

 private:
  static constexpr std::int64_t ahead = 8;
  Lines second_;
  std::int64_t at_ = -1, mark_ = 0;
  ring::Cursor<> passed_;
};

}  // namespace pawl::bench
