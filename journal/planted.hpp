// Planted bugs: mistakes that systems like this one have shipped, switched on one at a time by tests/canary to prove that the other
// tests would see them. In every other build planted() is a constant false and leaves nothing behind.
#pragma once

namespace pawl::journal {

enum class Bug {
  none,
  ack_before_durable,          // etcd #14370
  no_directory_sync,           // etcd #6368, RocksDB #10573: the next segment's name is not durable when it is used
  short_write_ignored,         // exchange-core
  retry_after_eio,             // PostgreSQL's fsync, 20 years
  truncate_on_any_damage,      // tolerating a corrupt tail too far: RocksDB kTolerateCorruptedTailRecords misused
  nonce_ignored,               // payload that looks like a block is taken for evidence
  place_ignored,               // TigerBeetle #2711: a misdirected block is accepted
  torn_bytes_not_erased,       // the remains of one crash are the evidence of the next
  evidence_before_sync,        // CONTROL claims blocks that no sync covered (found here, at durability os)
  body_not_checked,
  chain_not_checked,
};

#ifdef PAWL_PLANTED_BUGS
inline Bug planted_bug = Bug::none;
[[nodiscard]] inline bool planted(Bug bug) noexcept { return planted_bug == bug; }
#else
[[nodiscard]] constexpr bool planted(Bug /*bug*/) noexcept { return false; }
#endif

}  // namespace pawl::journal
