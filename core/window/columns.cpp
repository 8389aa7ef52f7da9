#include "pawl/core/window/decay.hpp"
#include "pawl/core/window/deviation.hpp"
#include "pawl/core/window/layout.hpp"

namespace pawl::window {

std::size_t bytes_of(const Column& column) noexcept {
  switch (column.kind) {
    case Column::Kind::count32: return 4;
    case Column::Kind::count64: case Column::Kind::sum64: return 8;
    case Column::Kind::sum128: case Column::Kind::latest: case Column::Kind::earliest: case Column::Kind::least: case Column::Kind::greatest: return 16;
    case Column::Kind::carry: return 24;
    case Column::Kind::moments: return sizeof(Moments);
    case Column::Kind::decayed: return sizeof(Decayed);
    case Column::Kind::own: return column.own->state_bytes;
    case Column::Kind::recent: return sizeof(RecentHead) + column.room * sizeof(std::int64_t);
  }
  return 0;
}

bool same_group(const language::Aggregate& a, const language::Aggregate& b) noexcept { return a.key == b.key && a.on == b.on && a.pane == b.pane; }

}  // namespace pawl::window
