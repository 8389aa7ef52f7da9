// What the records of a journal mean, by what the journal says about itself: no schema file is needed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pawl/core/language/pipeline.hpp"
#include "pawl/journal/catalogue.hpp"

namespace pawl::tools {

// Thread: one.
class Decoder {
 public:
  // Every record in order, before it is asked about.
  void apply(journal::Record record);

  // Of the last PIPELINE that was applied; nullptr if there was none, or this release does not understand it.
  [[nodiscard]] const language::Pipeline* pipeline();
  // Of an event's record, if it is one of the pipeline's; else nullptr.
  [[nodiscard]] const EventSchema* schema(journal::Record record);
  // The record where its slot would be: for the functions of core/event/schema.hpp. Valid until the next call.
  [[nodiscard]] const std::byte* slot_of(journal::Record record);
  // Its name, or its number if the journal has none.
  [[nodiscard]] std::string source_name(std::uint16_t number) const;
  [[nodiscard]] const journal::Catalogue& catalogue() const noexcept { return catalogue_; }

 private:
  journal::Catalogue catalogue_;
  bool is_stale_ = true;  // a PIPELINE came since pipeline_ was made
  std::string source_;
  std::unique_ptr<const language::Pipeline> pipeline_;
  std::vector<std::uint64_t> slot_;
};

// "Payment", "activate", "tick", or "unknown".
[[nodiscard]] std::string input_name(const EventSchema* schema, std::uint16_t type);

}  // namespace pawl::tools
