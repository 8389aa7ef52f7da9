// The open runs of one group as part of what decide remembers (core/rules/state_rows.hpp).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pawl/core/pattern/group_rows.hpp"
#include "pawl/core/rules/state_rows.hpp"

namespace pawl::pattern {

// The group outlives it.
class GroupRows {
 public:
  GroupRows(std::string name, Group& group) : name_(std::move(name)), group_(&group) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string schema() const { return GroupSaver::schema(*group_); }
  void save(Time, const rules::PartSink& sink) const {
    const GroupSaver saver(*group_);
    std::vector<std::byte> bytes;
    for (std::size_t part = 0; part < GroupSaver::parts; ++part) {
      bytes.clear();
      saver.write(part, bytes);
      if (!sink(bytes)) return;
    }
  }
  [[nodiscard]] bool load(state::RowReader& part) {
    if (!loader_) loader_.emplace(*group_);
    return loader_->read(part);
  }
  [[nodiscard]] bool loaded() const noexcept { return loader_ && loader_->finished(); }

 private:
  std::string name_;
  Group* group_;
  std::optional<GroupLoader> loader_;
};

}  // namespace pawl::pattern
