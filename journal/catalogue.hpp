// What a journal says about itself in annotations and inputs: its pipeline, sources with their tickets, the last DIGEST and
// EMITTED. The writer keeps one and repeats it at the start of every segment; recovery and tools rebuild it from records.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pawl/journal/block.hpp"
#include "pawl/journal/tickets.hpp"

namespace pawl::journal {

struct Source {
  std::uint16_t number;
  std::string name;

  friend bool operator==(const Source&, const Source&) = default;
};

class Catalogue {
 public:
  // Takes one record into account. Inputs change the tickets of their source alone. Thread: one at a time.
  void apply(Record record);
  // All inputs of a source from one ticket to another.
  void apply_row(std::uint16_t source, Ticket first, Ticket last) {
    Tickets& tickets = tickets_to_change(source);
    holds_back_ ? tickets.add_row(first, last) : tickets.reach(last);
  }

  [[nodiscard]] const std::string& pipeline() const noexcept { return pipeline_; }
  [[nodiscard]] const std::vector<Source>& sources() const noexcept { return sources_; }
  [[nodiscard]] const Tickets& tickets(std::uint16_t source) const noexcept { return source < tickets_.size() ? tickets_[source] : none_; }
  [[nodiscard]] const std::optional<DigestMark>& digest() const noexcept { return digest_; }
  // EmittedMark{no_sequence, 0} before the first.
  [[nodiscard]] const EmittedMark& emitted() const noexcept { return emitted_; }

  void set_source(std::uint16_t number, std::string_view name);
  void set_digest(const DigestMark& mark) noexcept { digest_ = mark; }

  // The catalogue as annotations: items [0, items()), each one record or none.
  [[nodiscard]] std::size_t items() const noexcept;
  [[nodiscard]] std::size_t item_bytes(std::size_t item) const noexcept;
  std::size_t put_item(std::size_t item, std::byte* to) const noexcept;
  // Whether everything that `other` would repeat stands in this one: the same pipeline, sources, tickets and marks.
  [[nodiscard]] bool repeats(const Catalogue& other) const noexcept;

 private:
  [[nodiscard]] std::size_t pipeline_chunks() const noexcept;
  void apply_pipeline(std::span<const std::byte> payload);
  void apply_source(std::span<const std::byte> payload);
  Tickets& tickets_to_change(std::uint16_t source) {
    if (source >= tickets_.size()) tickets_.resize(source + std::size_t{1});
    return tickets_[source];
  }

  std::string pipeline_;
  bool holds_back_ = true;  // one of its events declares `reorder`, as far as is known: else tickets that are passed over are missed by nobody
  std::string arriving_;  // chunks of a pipeline until it is whole
  std::vector<Source> sources_;
  std::vector<Tickets> tickets_;  // by source; grows with the first input of a source
  Tickets none_;
  std::optional<DigestMark> digest_;
  EmittedMark emitted_{no_sequence, 0};
};

}  // namespace pawl::journal
