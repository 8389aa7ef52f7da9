// Planted bugs: mistakes that systems like this one have shipped, each at the place where it could be made here. tests/canary builds all
// layers with PAWL_PLANTED_BUGS, switches one on at a time, and demands that the test named for it fails. In every other build planted()
// is a constant false and leaves nothing behind. Memory orders are planted by type instead, in tests/relacy: each is weakened alone.
#pragma once

#include <cstdint>

namespace pawl {

enum class Bug : std::uint8_t {
  none,
  // The journal's writer.
  ack_before_durable,               // etcd #14370: a single node lost acked writes
  short_write_ignored,              // exchange-core: the result of channel.write is dropped
  retry_after_eio,                  // PostgreSQL's fsync, for twenty years
  cancelled_is_success,             // liburing: -ECANCELED of a linked write taken for done
  disk_full_is_fatal,               // Chronicle Queue: "may crash if it runs out of space"; TigerBeetle
  buffer_reused_in_flight,          // the next block grows in the memory that the device still reads
  no_idle_seal,                     // nothing witnesses the last block: rot and a torn write look alike (Aeron's last fragment)
  later_segment_first,              // RocksDB #10560, #12489: a later log file durable before an earlier one
  evidence_before_sync,             // CONTROL claims blocks that no sync covered (found here, at durability os)
  tickets_not_repeated,             // the table of duplicates is not in what a start reads
  full_window_forgotten,            // found here: all that may be held back is, the youngest goes first, and the others become duplicates
  digest_mark_skipped,              // nothing to hold a replay against
  // Files and directories.
  no_directory_sync,                // etcd #6368, RocksDB #10573, ClickHouse Keeper #111339
  segment_named_before_sync,        // a file renamed into place before its content is durable: ext4's zero-length files
  ready_before_name_synced,         // found here: the next segment is handed to the writer while its name is still being synced
  control_named_before_sync,
  control_not_synced,               // RocksDB's MANIFEST: the new epoch is used before it is durable
  sync_error_ignored,               // USENIX ATC 2020: five of five systems
  lock_not_taken,                   // two processes, one log
  data_sync_forgotten,              // the io_uring manual: an fsync is not ordered behind the write queued before it
  // Recovery and reading.
  truncate_on_any_damage,           // RocksDB kTolerateCorruptedTailRecords misused
  zero_sector_is_torn,              // etcd isTornEntry: rot that left zeros is taken for a torn write
  later_blocks_ignored,             // TigerBeetle #2345: how much may be torn has no bound
  nonce_ignored,                    // payload that looks like a block is taken for evidence
  epoch_not_raised,                 // RocksDB #12918: what an earlier run wrote passes for this one's
  place_ignored,                    // TigerBeetle #2711: a misdirected block is accepted
  body_not_checked,
  chain_not_checked,
  torn_bytes_not_erased,            // the remains of one crash are the evidence of the next
  torn_bytes_not_kept,              // TigerBeetle #2996: recovery destroys what could have told
  page_cache_in_recovery,           // USENIX ATC 2020: after a failed sync the page cache shows what the device lacks
  salvage_not_synced,               // Kafka #8812: what recovery found is served, then lost
  lost_journal_begun_anew,          // TigerBeetle #2996, NATS: an empty directory where data was
  reader_skips_damage,              // exchange-core: replay goes on with the next file
  receipt_chain_ignored,            // a receipt that any history answers to
  // Snapshots.
  snapshot_named_before_sync,       // ArcadeDB #4830
  snapshot_name_not_synced,
  snapshot_not_read_back,           // a lost write is published
  snapshot_of_any_history,          // restored from another time than the journal
  start_skips_decisions,            // the newest snapshot, although the sink lacks decisions before it
  // Retention.
  segments_removed_before_control,  // a crash between leaves a gap that looks like loss
  retention_trusts_flushed_sink,    // found here: the page cache's decisions, when nothing can make them again
  retention_trusts_page_cache,      // found here, at durability os: the blocks that the kept snapshots stand on
  one_snapshot_is_enough,           // and when that one rots, the journal is lost
  // The engine.
  emitted_before_durable,           // etcd #13766: the effect runs ahead of the log
  digest_mismatch_ignored,
  tickets_forgotten_at_restart,     // an event offered again after a crash counts twice
  duplicate_accepted,
  // Core.
  slot_reused_too_early,            // a ring that forgets one of its gates' slots
  window_closed_on_the_left,        // an event exactly as old as the window still counts
};
inline constexpr Bug last_bug = Bug::window_closed_on_the_left;

#ifdef PAWL_PLANTED_BUGS
inline Bug planted_bug = Bug::none;  // set before the threads of a test start
[[nodiscard]] inline bool planted(Bug bug) noexcept { return planted_bug == bug; }
#else
[[nodiscard]] constexpr bool planted(Bug /*bug*/) noexcept { return false; }
#endif

}  // namespace pawl
