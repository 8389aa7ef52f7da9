// What tools show of a journal: a summary, and every defect with its place. Read-only, no lock: also beside a live engine.
#pragma once

#include <string>
#include <vector>

#include "pawl/journal/journal.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::journal {

struct JournalInfo {
  Uuid database{};
  std::uint16_t format = 0;
  Time created = 0;
  std::uint64_t segment_bytes = 0;
  std::uint32_t block_bytes_max = 0;
  std::uint32_t epochs = 0;         // starts of an engine
  Durability durability{};          // of the last one
  bool clean = false;               // the last one closed the journal
  Label label = Label::end;         // what a start would find now; beside a live engine a block under way looks TORN
  std::string text;                 // explains a label that refuses
  std::vector<SegmentSummary> segments;
  std::uint64_t file_bytes = 0;
  std::vector<Sequence> snapshots;  // by their names, the newest first
  std::uint64_t last_block = 0;     // blocks are numbered from 1
  Sequence first_sequence = 0;      // later ones than 0 once older segments were retired
  Sequence last_sequence = no_sequence;
  Time last_block_time = 0;
  BodyHash body_hash = BodyHash::xxh3_128;  // of the last block
  Hash chain{};
  std::vector<SourceState> sources;
  std::string pipeline;
  std::optional<DigestMark> digest;
  EmittedMark emitted{no_sequence, 0};
  std::vector<std::string> notes;
};

// Reads CONTROL, both ends of every segment, and the last segment whole. Errors: as JournalReader::open.
Result<JournalInfo> inspect(const std::string& directory, io::Disk& disk);

// A cursor takes the first block of an unsealed segment that is not whole for the end. Whoever has read that far asks here whether it is
// one: errors as Journal::open, for damage and lost blocks. A torn tail is none. Reads the last segment whole.
Result<void> check_end(const std::string& directory, io::Disk& disk);

// One defect, or one thing worth knowing that is none.
struct Finding {
  Label label = Label::corrupt;     // end: whole, but worth a note
  bool is_damage = true;            // false: a torn tail, a damaged copy of which another is whole
  bool in_quarantine = false;       // of a file there, which the journal needs no more
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;          // extent; 0 if it has none
  std::uint64_t first_block = 0;    // lost, inclusive; first > last: none
  std::uint64_t last_block = 0;
  Sequence first_sequence = no_sequence;  // lost, inclusive; first > last: none; no_sequence: unknown
  Sequence last_sequence = no_sequence;
  std::string what;                 // what stands there
  std::string loss;                 // what it has cost, in words
  std::string cure;                 // what to do
  std::string text;                 // one line with all of the above
};

struct Verification {
  std::vector<Finding> findings;    // in the order of the journal
  std::uint64_t segments = 0;
  std::uint64_t blocks = 0;         // whole ones
  std::uint64_t records = 0;
  std::uint64_t inputs = 0;
  std::uint64_t bytes = 0;          // of whole blocks
  Position begin;                   // before the first block that is kept
  Position end;                     // behind the last whole block

  [[nodiscard]] bool whole() const noexcept;
  // But for quarantine/.
  [[nodiscard]] bool log_whole() const noexcept;
};

// Reads everything from the device, each record's CRC and each body's hash included, and goes on behind a defect. With so many threads,
// whose calls of `disk` come at the same time.
Result<Verification> verify(const std::string& directory, io::Disk& disk, int threads = 1);

}  // namespace pawl::journal
