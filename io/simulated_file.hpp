// An open file of a simulated disk.
#pragma once

#include "pawl/io/simulated_state.hpp"

namespace pawl::io {

class SimulatedFile final : public File {
 public:
  // REQUIRES: the state's mutex is held.
  SimulatedFile(std::shared_ptr<SimulatedState> state, NodeId node, std::string path, const OpenOptions& options);
  ~SimulatedFile() override;

  std::int64_t read(std::span<std::byte> into, std::uint64_t offset) override;
  std::int64_t write(std::span<const std::byte> from, std::uint64_t offset) override;
  int submit_write(std::span<const std::byte> from, std::uint64_t offset, std::uint64_t tag) override;
  std::size_t poll(std::span<Completion> into) override;
  std::size_t wait(std::span<Completion> into, Duration timeout) override;
  int sync() override;
  std::int64_t size() override;
  int truncate(std::uint64_t bytes) override;
  [[nodiscard]] std::size_t alignment_bytes() const override;
  [[nodiscard]] bool direct() const override { return direct_; }
  [[nodiscard]] std::string notice() const override;

 private:
  [[nodiscard]] SimulatedNode& node() { return state_->files.at(node_); }
  // 0 or the errno of a write that cannot even begin.
  [[nodiscard]] int refuse_write(std::span<const std::byte> from, std::uint64_t offset) const;
  [[nodiscard]] bool aligned(const void* memory, std::size_t bytes, std::uint64_t offset) const;
  [[nodiscard]] WriteInFlight write_in_flight(const WritePlan& plan, std::span<const std::byte> from);
  void show_in_flight(const WritePlan& plan, std::span<const std::byte> from);
  [[nodiscard]] std::int64_t due_time();
  [[nodiscard]] std::size_t in_flight();
  std::size_t take_due(std::span<Completion> into);
  void age();

  std::shared_ptr<SimulatedState> state_;
  NodeId node_;
  std::string path_;
  bool writable_;
  bool direct_;
  bool refused_direct_;
  bool durable_;
};

}  // namespace pawl::io
