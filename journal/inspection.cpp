#include "pawl/journal/inspection.hpp"

#include "pawl/journal/files.hpp"
#include "pawl/journal/recovery.hpp"
#include "pawl/journal/snapshot/names.hpp"

namespace pawl::journal {

Result<JournalInfo> inspect(const std::string& directory, io::Disk& disk) {
  JournalInfo info;
  auto control = read_identity(disk, directory, info.notes);
  if (!control) return std::move(control).error();
  auto reader = JournalReader::open(directory, disk);
  if (!reader) return std::move(reader).error();
  auto segments = reader->segments();
  if (!segments) return std::move(segments).error();
  auto found = survey_beside_writer(disk, directory, *control);
  if (!found) return std::move(found).error();
  const RecoveryRow& row = classify(found->seen);
  info.database = control->database;
  info.format = control->version;
  info.created = control->created;
  info.segment_bytes = control->segment_bytes;
  info.block_bytes_max = control->block_bytes_max;
  info.epochs = control->epoch;
  info.durability = static_cast<Durability>(control->epoch_durability);
  info.clean = control->clean != 0;
  info.label = row.label;
  if (!may_start(row.label)) info.text = explain(row, *found, directory);
  info.segments = std::move(*segments);
  for (const SegmentSummary& segment : info.segments) info.file_bytes += segment.bytes;
  auto snapshots = list_snapshots(disk, directory);
  if (!snapshots) return std::move(snapshots).error();
  for (const SnapshotName& snapshot : *snapshots) info.snapshots.push_back(snapshot.sequence);
  if (!info.segments.empty() && info.segments.front().opened) info.first_sequence = info.segments.front().before.next_sequence;
  info.last_block = found->last.block;
  info.last_sequence = found->last.next_sequence - 1;
  info.last_block_time = found->last_block_time;
  info.body_hash = found->last_body_hash;
  info.chain = found->last.chain;
  info.pipeline = found->catalogue.pipeline();
  info.digest = found->catalogue.digest();
  info.emitted = found->catalogue.emitted();
  for (const Source& source : found->catalogue.sources()) {
    const Tickets& tickets = found->catalogue.tickets(source.number);
    info.sources.push_back({source.number, source.name, tickets.last(), tickets.missing()});
  }
  return info;
}

Result<void> check_end(const std::string& directory, io::Disk& disk) {
  const auto info = inspect(directory, disk);
  if (!info) return info.error();
  if (may_start(info->label)) return {};
  return Error{error_code(info->label), info->text};
}

}  // namespace pawl::journal
