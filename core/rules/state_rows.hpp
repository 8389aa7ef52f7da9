// A part of what decide remembers from event to event, as snapshots see it: under a name, as rows that do not tell where they lay in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

#include "pawl/core/base/types.hpp"
#include "pawl/core/state/rows.hpp"

namespace pawl::rules {

// Takes one part of rows, at most some megabytes; false: no more is wanted. Refers to any callable, which outlives it.
class PartSink {
 public:
  template <class Take>
    requires(!std::is_same_v<std::remove_cvref_t<Take>, PartSink>)
  PartSink(Take&& take) noexcept
      : take_(const_cast<void*>(static_cast<const void*>(std::addressof(take)))),
        call_([](void* object, std::span<const std::byte> part) -> bool { return (*static_cast<std::remove_reference_t<Take>*>(object))(part); }) {}

  bool operator()(std::span<const std::byte> part) const { return call_(take_, part); }

 private:
  void* take_;
  bool (*call_)(void*, std::span<const std::byte>);
};

// Refers to the owner of some rows, which outlives it. An owner has these five functions. For set-up, snapshots and restarts alone: nothing
// of it is called between two events.
class StateRows {
 public:
  template <class Owner>
  explicit StateRows(Owner& owner) noexcept : owner_(&owner), calls_(&calls_of<Owner>) {}

  // "list hot_terminals".
  [[nodiscard]] const std::string& name() const noexcept { return calls_->name(owner_); }
  // One line that says what rows look like: rows of another schema are not read.
  [[nodiscard]] std::string schema() const { return calls_->schema(owner_); }
  // Parts in order. The same state gives the same bytes. `now`: effective time.
  void save(Time now, const PartSink& sink) const { calls_->save(owner_, now, sink); }
  // The next part, as save() wrote it. False: it does not fit. REQUIRES: nothing was remembered yet.
  [[nodiscard]] bool load(state::RowReader& part) const { return calls_->load(owner_, part); }
  // All parts were there.
  [[nodiscard]] bool loaded() const noexcept { return calls_->loaded(owner_); }

 private:
  struct Calls {
    const std::string& (*name)(const void*) noexcept;
    std::string (*schema)(const void*);
    void (*save)(const void*, Time, const PartSink&);
    bool (*load)(void*, state::RowReader&);
    bool (*loaded)(const void*) noexcept;
  };
  template <class Owner>
  static constexpr Calls calls_of{
      .name = [](const void* owner) noexcept -> const std::string& { return static_cast<const Owner*>(owner)->name(); },
      .schema = [](const void* owner) { return static_cast<const Owner*>(owner)->schema(); },
      .save = [](const void* owner, Time now, const PartSink& sink) { static_cast<const Owner*>(owner)->save(now, sink); },
      .load = [](void* owner, state::RowReader& part) { return static_cast<Owner*>(owner)->load(part); },
      .loaded = [](const void* owner) noexcept { return static_cast<const Owner*>(owner)->loaded(); },
  };

  void* owner_;
  const Calls* calls_;
};

}  // namespace pawl::rules
