#include "pawl/journal/follower.hpp"

#include <cstring>

namespace pawl::journal {

Result<Follower> Follower::open(const JournalReader& reader, Sequence from_sequence) {
  auto cursor = reader.read({.from_sequence = from_sequence});
  if (!cursor) return std::move(cursor).error();
  return Follower(std::move(*cursor), reader.control());
}

Result<bool> Follower::next(BlockView& block) {
  for (;;) {
    if (held_ && is_witnessed()) {
      give(block);
      return true;
    }
    BlockView found;
    auto more = read_on(found);
    if (!more && held_) {  // the damage is behind it
      give(block);
      return true;
    }
    if (!more || !*more) return more;
    const bool had_one = held_.has_value();
    if (had_one) give(block);
    hold(found);
    if (had_one) return true;
  }
}

Result<bool> Follower::read_on(BlockView& found) {
  auto more = cursor_.next(found);
  if (!more || *more) return more;
  auto grown = cursor_.look_again();
  if (!grown || !*grown) return grown;
  return cursor_.next(found);
}

bool Follower::take_unwitnessed(BlockView& block) {
  if (!held_) return false;
  give(block);
  return true;
}

// By CONTROL; or at level `os`, whose blocks name no durable one: there, written is acked.
bool Follower::is_witnessed() const noexcept {
  const BlockHeader& header = held_->header;
  return header.block <= known_durable_ || (header.block > 1 && header.durable_block == 0);
}

void Follower::give(BlockView& block) {
  block = *held_;
  std::swap(shown_, kept_);
  held_.reset();
}

void Follower::hold(const BlockView& found) {
  std::memcpy(kept_.data(), found.bytes.data(), found.bytes.size());
  held_ = BlockView{found.header, kept_.span().first(found.bytes.size())};
}

}  // namespace pawl::journal
