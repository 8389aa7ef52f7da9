#include "zoo.hpp"

namespace pawl::canary {
namespace {

constexpr Kill all_kills[] = {
    {Bug::ack_before_durable, "ack before durable", "power cuts: many blocks"},
    {Bug::short_write_ignored, "short write ignored", "faults: a block's write that may be tried again*"},
    {Bug::retry_after_eio, "retry after EIO", "faults: a block's write that may be tried again*"},
    {Bug::cancelled_is_success, "cancelled write taken for done", "faults: a block's write that may be tried again*"},
    {Bug::disk_full_is_fatal, "disk full is fatal", "faults: a block's write that may be tried again*"},
    {Bug::buffer_reused_in_flight, "buffer reused in flight", "power cuts: blocks queue behind one in flight"},
    {Bug::no_idle_seal, "no idle seal", "a seal witnesses the last data block*"},
    {Bug::later_segment_first, "later segment durable first", "power cuts: durability os"},
    {Bug::evidence_before_sync, "evidence before sync", "power cuts: durability os"},
    {Bug::tickets_not_repeated, "tickets not repeated in the next segment", "pipeline? sources? tickets? digest and emitted survive*"},
    {Bug::full_window_forgotten, "tickets of a full window forgotten", "tickets: a row leaves nothing missing*"},
    {Bug::digest_mark_skipped, "digest mark skipped", "an interval's digest stands in the journal*"},
    {Bug::no_directory_sync, "directory not synced", "power cuts: roll"},
    {Bug::segment_named_before_sync, "segment named before it is synced", "power cuts: roll"},
    {Bug::ready_before_name_synced, "segment handed over before its name is synced", "preparer: an ack in the next segment waits until its name is durable"},
    {Bug::control_named_before_sync, "CONTROL named before it is synced", "power cuts: first start"},
    {Bug::control_not_synced, "CONTROL not synced", "power cuts: restart after death"},
    {Bug::sync_error_ignored, "error of a sync ignored", "a sync that fails stops the start*"},
    {Bug::lock_not_taken, "lock not taken", "real disk: a second process is told IN USE*"},
    {Bug::data_sync_forgotten, "write without data sync", "real disk: each acked block is at least one device flush"},
    {Bug::truncate_on_any_damage, "truncate on any damage", "damage to the last acked block is named"},
    {Bug::zero_sector_is_torn, "zeroed sector taken for a torn write", "a zeroed sector in an acked block is named"},
    {Bug::later_blocks_ignored, "torn range without a bound", "damage to the last acked block is named"},
    {Bug::nonce_ignored, "nonce ignored", "payload that looks like a later block is no evidence"},
    {Bug::epoch_not_raised, "epoch not raised", "payload with an earlier epoch's secret is no evidence"},
    {Bug::place_ignored, "misdirected block accepted", "a misdirected block is named"},
    {Bug::body_not_checked, "body not checked", "a changed payload in a sealed segment is seen"},
    {Bug::chain_not_checked, "chain not checked", "a block of a forked history is refused"},
    {Bug::torn_bytes_not_erased, "torn bytes not erased", "power cuts: torn? then torn again? long blocks"},
    {Bug::torn_bytes_not_kept, "torn bytes not kept", "what a start drops stands in quarantine"},
    {Bug::page_cache_in_recovery, "page cache read in recovery", "a start believes the device and not the page cache"},
    {Bug::salvage_not_synced, "salvaged tail not synced", "power cuts: os? killed? then disk"},
    {Bug::lost_journal_begun_anew, "lost journal begun anew", "a directory from which CONTROL and all segments were deleted*"},
    {Bug::reader_skips_damage, "reader skips damage", "a changed payload in a sealed segment is seen"},
    {Bug::receipt_chain_ignored, "receipt's chain ignored", "an earlier state of the journal*"},
    {Bug::snapshot_named_before_sync, "snapshot named before it is synced", "a snapshot is whole after a power cut*"},
    {Bug::snapshot_name_not_synced, "snapshot's name not synced", "a snapshot is whole after a power cut*"},
    {Bug::snapshot_not_read_back, "snapshot not read back", "no byte of a snapshot can change unseen"},
    {Bug::snapshot_of_any_history, "snapshot of another history accepted", "a snapshot of a forked history is refused"},
    {Bug::start_skips_decisions, "start skips decisions", "retention: a start gives each decision*"},
    {Bug::segments_removed_before_control, "segments removed before CONTROL says so", "retention: power cuts at each operation"},
    {Bug::retention_trusts_flushed_sink, "retention trusts a flushed sink", "retention: power cuts at each operation"},
    {Bug::retention_trusts_page_cache, "retention trusts the page cache", "retention: power cuts at level os"},
    {Bug::one_snapshot_is_enough, "one snapshot is enough", "retention waits for a sink? for two whole snapshots*"},
    {Bug::emitted_before_durable, "decision emitted before its input is durable", "power cuts: each event once*"},
    {Bug::digest_mismatch_ignored, "digest mismatch ignored", "a start that does not reproduce a digest is refused*"},
    {Bug::tickets_forgotten_at_restart, "tickets forgotten at restart", "a producer's own numbers*"},
    {Bug::duplicate_accepted, "duplicate source number accepted", "a producer's own numbers*"},
    {Bug::slot_reused_too_early, "ring slot reused too early", "a ring grants what is free*"},
    {Bug::window_closed_on_the_left, "window closed on the left", "a window is open on the left*"},
};
static_assert(std::size(all_kills) == static_cast<std::size_t>(last_bug), "each bug has one test that all_kills it");

}  // namespace

std::span<const Kill> zoo() noexcept { return all_kills; }

}  // namespace pawl::canary
