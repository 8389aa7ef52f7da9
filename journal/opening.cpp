#include "pawl/journal/opening.hpp"

#include <fmt/format.h>

#include "pawl/core/base/planted.hpp"
#include "pawl/journal/errors.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/quarantine.hpp"
#include "pawl/journal/reader.hpp"

namespace pawl::journal {
namespace {

// Identity before the lock, so that no LOCK is made in a directory that is no journal; and again under it, as it may have changed.
Result<ControlSlot> enter(const Options& options, Opened& opened) {
  std::vector<std::string> notes;
  auto before = read_identity(*options.disk, options.directory, notes);
  if (!before) return before;
  auto lock = options.disk->lock(join(options.directory, lock_name));
  if (!lock && lock.error().code == ErrorCode::in_use) {
    return Error{ErrorCode::in_use, fmt::format("{}: another process has the journal in {} open, or one that was killed still has writes under "
                                                "way, then wait a second. {}", name(Label::in_use), options.directory, lock.error().text)};
  }
  if (!lock) return std::move(lock).error();
  opened.lock = std::move(*lock);
  const std::string path = control_path(options.directory);
  auto control = options.disk->open(path, {.access = io::Access::read_write});
  if (!control) return std::move(control).error();
  if (auto synced = sync_file(**control, path); !synced) return synced.error();
  if (auto unmarked = ControlFile::unmark(*options.disk, options.directory); !unmarked) return unmarked.error();
  return read_identity(*options.disk, options.directory, opened.report.notes);
}

// Nothing is decided on what only the page cache holds: a process that died may have left data there, or in the device's cache.
Result<void> sync_everything(const Options& options) {
  if (planted(Bug::salvage_not_synced)) return {};
  if (auto synced = sync_last_segments(*options.disk, options.directory); !synced) return synced;
  return options.disk->sync_directory(options.directory);
}

// A name that is free: an earlier recovery that was cut off may have saved more than is left now.
Result<std::string> free_quarantine_path(const Options& options, std::uint32_t epoch, const TornRange& torn) {
  for (int copy = 0;; ++copy) {
    std::string path = quarantine_path(options.directory, {epoch, torn.segment, torn.offset}, copy);
    auto exists = options.disk->exists(path);
    if (!exists) return std::move(exists).error();
    if (!*exists) return path;
  }
}

// Copies the range away, durably, before a byte of it is changed. Returns its SHA-256. Unreadable pages are saved as zeros.
Result<Hash> quarantine(const Options& options, const TornRange& torn, const std::string& to) {
  io::Disk& disk = *options.disk;
  auto source = SegmentBytes::read_directly(disk, segment_path(options.directory, torn.segment), options.block_bytes_max);
  if (!source) return std::move(source).error();
  if (auto made = disk.make_directory(join(options.directory, quarantine_name)); !made) return made.error();
  auto file = disk.open(to, {.access = io::Access::create_new});
  if (!file) return std::move(file).error();
  const AlignedBytes zero_page(page_bytes);
  Hasher hasher;
  Hash hash{};
  for (std::uint64_t at = 0; at < torn.bytes; at += page_bytes) {
    auto page = source->at(torn.offset + at, page_bytes);
    if (page.empty()) page = zero_page.span();
    hash = quarantine_hash(hasher, hash, page);
    if (auto written = write_whole(**file, page, at, to); !written) return written.error();
  }
  if (auto synced = sync_file(**file, to); !synced) return synced.error();
  if (auto synced = disk.sync_directory(join(options.directory, quarantine_name)); !synced) return synced.error();
  return hash;
}

// Zeros over the range, synced and read back from the device.
Result<void> erase(const Options& options, const TornRange& torn) {
  const std::string path = segment_path(options.directory, torn.segment);
  auto file = options.disk->open(path, {.access = io::Access::read_write, .direct = true, .durable = true});
  if (!file) return std::move(file).error();
  const AlignedBytes zeros(options.block_bytes_max);
  for (std::uint64_t at = 0; at < torn.bytes; at += zeros.size()) {
    const std::size_t bytes = std::min<std::uint64_t>(zeros.size(), torn.bytes - at);
    if (auto written = write_whole(**file, zeros.span().first(bytes), torn.offset + at, path); !written) return written;
  }
  if (auto synced = sync_file(**file, path); !synced) return synced;
  auto back = SegmentBytes::read_directly(*options.disk, path, options.block_bytes_max);
  if (!back) return std::move(back).error();
  for (std::uint64_t at = 0; at < torn.bytes; at += page_bytes) {
    const auto page = back->at(torn.offset + at, page_bytes);
    if (page.empty() || !all_zero(page)) {
      return Error{ErrorCode::io, fmt::format("{} at offset {}: zeros were written and synced, but the device gives back something else. Do not "
                                              "use this device; look at dmesg and smartctl.", path, torn.offset + at)};
    }
  }
  return {};
}

Result<void> drop_torn(const Options& options, const Survey& survey, std::uint32_t epoch, Opened& opened) {
  for (const TornRange& torn : survey.torn) {
    auto path = free_quarantine_path(options, epoch, torn);
    if (!path) return std::move(path).error();
    auto hash = planted(Bug::torn_bytes_not_kept) ? Result<Hash>(Hash{}) : quarantine(options, torn, *path);
    if (!hash) return std::move(hash).error();
    if (auto erased = planted(Bug::torn_bytes_not_erased) ? Result<void>{} : erase(options, torn); !erased) return erased;
    opened.report.dropped_bytes += torn.bytes;
    opened.report.quarantine_file = *path;
    opened.start.epoch.dropped_hash = *hash;
  }
  return {};
}

// Segments that CONTROL has retired, and whose removal was cut off. One that cannot be removed is a matter of space alone.
Result<void> remove_retired(const Options& options, const ControlSlot& control, Opened& opened) {
  auto segments = list_segments(*options.disk, options.directory);
  if (!segments) return std::move(segments).error();
  bool removed_any = false;
  for (const std::uint64_t segment : *segments) {
    if (segment >= control.oldest_segment) break;
    auto removed = options.disk->remove(segment_path(options.directory, segment));
    if (!removed) opened.report.notes.push_back(removed.error().text);
    removed_any |= removed.ok();
  }
  return removed_any ? options.disk->sync_directory(segments_directory(options.directory)) : Result<void>{};
}

// Files behind the tail: one that is whole and zero serves as the next segment, all others go.
Result<void> keep_spare(const Options& options, const Survey& survey, Opened& opened) {
  bool removed_any = false;
  for (const Spare& spare : survey.spares) {
    const bool fits = spare.zero && spare.segment == survey.last.segment + 1 && spare.bytes >= 4 * std::uint64_t{options.block_bytes_max};
    if (fits) {
      opened.preparer->adopt(spare.bytes);
      continue;
    }
    if (auto removed = options.disk->remove(segment_path(options.directory, spare.segment)); !removed) return removed;
    opened.report.notes.push_back(fmt::format("segment {} was prepared, never used, and not all zeros: it is made anew", spare.segment));
    removed_any = true;
  }
  return removed_any ? options.disk->sync_directory(segments_directory(options.directory)) : Result<void>{};
}

// The first segment of a new journal.
Result<std::uint64_t> prepare_now(SegmentPreparer& preparer, const Options& options, std::uint64_t segment) {
  preparer.request({.segment = segment, .bytes = options.segment_bytes, .bytes_min = options.segment_bytes});
  for (;;) {
    switch (preparer.state()) {
      case SegmentPreparer::State::ready: return preparer.take();
      case SegmentPreparer::State::failed: return preparer.error();
      case SegmentPreparer::State::no_space:
        if (!preparer.lack().empty()) return Error{ErrorCode::disk_full, preparer.lack()};
        return Error{ErrorCode::disk_full, fmt::format("no space for the first segment of {} bytes in {}. Free space, or create the journal with "
                                                       "smaller segments.", options.segment_bytes, segments_directory(options.directory))};
      case SegmentPreparer::State::idle:
      case SegmentPreparer::State::working: preparer.step();
    }
  }
}

void describe(const Survey& survey, Label label, const ControlSlot& control, RecoveryReport& report) {
  report.label = label;
  report.clean = control.clean != 0 && label == Label::end;
  report.last_sequence = survey.last.next_sequence - 1;
  report.last_block = survey.last.block;
  report.segments = survey.segments;
  report.chain = survey.last.chain;
  report.pipeline = survey.catalogue.pipeline();
  report.digest = survey.catalogue.digest();
  report.emitted = survey.catalogue.emitted();
  for (const Source& source : survey.catalogue.sources()) {
    const Tickets& tickets = survey.catalogue.tickets(source.number);
    report.sources.push_back({source.number, source.name, tickets.last(), tickets.missing()});
  }
}

Result<void> start_epoch(const Options& options, const Survey& survey, Opened& opened) {
  ControlSlot next = opened.control->current();
  next.epoch += planted(Bug::epoch_not_raised) && next.epoch > 0 ? 0U : 1U;
  next.epoch_durability = static_cast<std::uint32_t>(options.durability);
  next.epoch_first_block = survey.last.block + 1;
  next.dropped_bytes = opened.report.dropped_bytes;
  next.durable_block = survey.last.block;
  next.durable_segment = survey.last.segment;
  next.durable_sequence = survey.last.next_sequence - 1;
  next.durable_chain = survey.last.chain;
  next.clean = 0;
  opened.report.epoch = next.epoch;
  opened.start.epoch.epoch = next.epoch;
  opened.start.epoch.label = static_cast<std::uint32_t>(opened.report.label);
  opened.start.epoch.dropped_bytes = opened.report.dropped_bytes;
  return opened.control->publish(next, options.clock->now());
}

}  // namespace

Result<Opened> open_directory(Options& options) {
  Opened opened;
  auto control = enter(options, opened);
  if (!control) return std::move(control).error();
  options.segment_bytes = control->segment_bytes;
  options.block_bytes_max = control->block_bytes_max;
  if (auto synced = sync_everything(options); !synced) return synced.error();
  auto found = survey(*options.disk, options.directory, *control);
  if (!found) return std::move(found).error();
  const RecoveryRow& row = classify(found->seen);
  if (!may_start(row.label)) return Error{error_code(row.label), explain(row, *found, options.directory)};

  auto file = ControlFile::open(*options.disk, options.directory, *control);
  if (!file) return std::move(file).error();
  opened.control = std::make_unique<ControlFile>(std::move(*file));
  opened.preparer = std::make_unique<SegmentPreparer>(options, opened.control.get());
  describe(*found, row.label, *control, opened.report);
  if (auto removed = remove_retired(options, *control, opened); !removed) return removed.error();
  if (auto dropped = drop_torn(options, *found, control->epoch + 1, opened); !dropped) return dropped.error();
  if (found->segment_bytes == 0) {
    auto bytes = prepare_now(*opened.preparer, options, found->last.segment);
    if (!bytes) return std::move(bytes).error();
    found->segment_bytes = *bytes;
  }
  if (auto kept = keep_spare(options, *found, opened); !kept) return kept.error();
  if (auto started = start_epoch(options, *found, opened); !started) return started.error();
  opened.start.position = found->last;
  opened.start.segment_bytes = found->segment_bytes;
  opened.start.opening = found->opening;
  opened.start.catalogue = std::move(found->catalogue);
  return opened;
}

}  // namespace pawl::journal
