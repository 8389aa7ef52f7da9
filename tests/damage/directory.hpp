// A small directory with everything that a journal's directory may hold, and what a start and a reader make of it when it is damaged.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../journal/world.hpp"

namespace pawl::damage {

// What an undamaged directory says.
struct State {
  std::vector<std::byte> inputs;  // one behind the other, in order
  Sequence last_sequence = no_sequence;
  journal::Hash chain{};
  std::string pipeline;
  std::vector<journal::SourceState> sources;
  std::optional<journal::DigestMark> digest;
  journal::EmittedMark emitted{no_sequence, 0};
};

enum class Outcome {
  identical,  // a start and a reader find the state as it was, and have nothing to say
  repaired,   // the state as it was, and a start says what it has made good
  declared,   // an error that names the directory
  silent,     // anything else
};

// CONTROL, three segments of which the last is in use, a snapshot, quarantine. `clean`: closed; else killed behind the idle seal.
class Directory {
 public:
  explicit Directory(bool clean);

  [[nodiscard]] const std::vector<std::string>& files() const noexcept { return files_; }  // that state depends on
  [[nodiscard]] const std::string& snapshot() const noexcept { return snapshot_; }
  [[nodiscard]] const std::string& quarantined() const noexcept { return quarantined_; }
  [[nodiscard]] std::vector<std::byte> content(const std::string& file) const { return disk_->content(file); }
  [[nodiscard]] std::unique_ptr<io::SimulatedDisk> copy() const { return disk_->after_process_death(); }

  // Starts a journal on the disk and reads it. `with_witness`: the damage lies in the last block and in the seal behind it, so what it
  // leaves is what a power cut leaves: TORN then, which says what it dropped, is all that can be known (a receipt proves more).
  [[nodiscard]] Outcome judge(io::SimulatedDisk& disk, bool with_witness = false) const;
  // The pages of the last block with inputs and of its seal. REQUIRES: not clean.
  [[nodiscard]] bool is_last_block(const std::string& file, std::uint64_t offset) const { return file == files_.back() && offset / journal::page_bytes == seal_page_ - 1; }
  [[nodiscard]] bool is_seal(const std::string& file, std::uint64_t offset) const { return file == files_.back() && offset / journal::page_bytes == seal_page_; }
  // The same for the snapshot alone.
  [[nodiscard]] Outcome judge_snapshot(io::SimulatedDisk& disk) const;

 private:
  void write(bool clean);
  void write_snapshot();
  [[nodiscard]] Outcome judge_reading(io::SimulatedDisk& disk, std::size_t& read_bytes) const;
  [[nodiscard]] bool is_as_it_was(const journal::RecoveryReport& report) const;

  io::SimulatedClock clock_;
  std::unique_ptr<io::SimulatedDisk> disk_;
  journal::Options options_;
  State state_;
  std::vector<std::string> files_;
  std::string snapshot_;
  std::string quarantined_;
  std::uint64_t seal_page_ = 0;
};

}  // namespace pawl::damage
