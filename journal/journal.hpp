// A journal directory: create it, open it (which recovers it), write, close. Reading needs no Journal: reader.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pawl/journal/options.hpp"
#include "pawl/journal/recovery_table.hpp"
#include "pawl/journal/segment_preparer.hpp"
#include "pawl/journal/writer.hpp"

namespace pawl::journal {

struct SourceState {
  std::uint16_t number = 0;
  std::string name;
  Ticket last_ticket = 0;
  std::vector<Ticket> missing = {};  // below it, ascending: events that were held back, and are still to be offered again. See Tickets
};

// What a start found and did. To be shown, and to be started from.
struct RecoveryReport {
  Label label = Label::end;            // END or TORN
  bool clean = false;                  // the last run closed the journal
  Sequence last_sequence = no_sequence;
  std::uint64_t last_block = 0;
  std::uint64_t segments = 0;
  std::uint32_t epoch = 0;             // of this run
  std::uint64_t dropped_bytes = 0;     // of one block that was never acked
  std::string quarantine_file;         // where they are now; empty if none
  std::vector<SourceState> sources;
  std::string pipeline;                // source text of the last one; empty if none
  std::optional<DigestMark> digest;    // the last one
  EmittedMark emitted{no_sequence, 0};
  Hash chain{};                        // of the last block: print it, keep it elsewhere, compare it later
  std::vector<std::string> notes;      // repaired or worth knowing, each one sentence

  [[nodiscard]] std::string summary() const;  // one line
};

class Journal {
 public:
  // Makes an absent or empty directory a journal; never touches one that holds anything else. Blocking.
  // Errors: usage, foreign (holds files), in_use, disk_full, io.
  static Result<void> create(const Options& options);

  // Takes LOCK, syncs, reads what the device holds, decides by the recovery table, drops at most one block that was never acked,
  // and starts a new epoch. Durability memory: an empty journal without files. Blocking.
  // Errors: by Label (error_code), or those of the operating system. After an error nothing was changed, or only what a second
  // open repeats.
  static Result<Journal> open(const Options& options);

  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();  // releases LOCK; what is not durable stays so. close() first

  [[nodiscard]] const RecoveryReport& recovery() const noexcept;
  [[nodiscard]] Writer& writer() noexcept;
  // step() it on another thread, or between polls: never both.
  [[nodiscard]] SegmentPreparer* preparer() noexcept;  // nullptr at durability memory
  // While the writer's state is disk_full: what is lacking, if it is not space; else empty. REQUIRES: no poll of the writer or step of the preparer is under way.
  [[nodiscard]] const std::string& lack() const noexcept;
  [[nodiscard]] const Uuid& database() const noexcept;

  // Makes everything appended durable and records a clean end. Blocking. No other thread may be in step().
  // Errors: failed or disk_full, naming what is not durable.
  Result<void> close();

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pawl::journal
