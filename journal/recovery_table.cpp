#include "pawl/journal/recovery_table.hpp"

#include "pawl/core/base/assert.hpp"

namespace pawl::journal {
namespace {

using Lock = Observation::Lock;
using Directory = Observation::Directory;
using Control = Observation::Control;
using Segments = Observation::Segments;
using Next = Observation::Next;
using Behind = Observation::Behind;
using Witness = Observation::Witness;
using Writes = Observation::Writes;

// A namespace of their own, for names as short as a table wants them.
namespace table {

constexpr Values is_free = one_of({Lock::free});
constexpr Values is_journal = one_of({Directory::journal});
constexpr Values is_valid = one_of({Control::valid});
constexpr Values is_whole = one_of({Segments::whole});
constexpr Values synced = one_of({Writes::synced});
constexpr Values unsynced = one_of({Writes::unsynced});
constexpr Values none = one_of({Witness::none});
constexpr Values durable = one_of({Witness::durable});
constexpr Values clear = one_of({Behind::zeros});
constexpr Values not_clear = one_of({Behind::residue, Behind::later_block});
constexpr Values zeros = one_of({Next::zeros});
constexpr Values damaged = one_of({Next::damaged});

// clang-format off
constexpr RecoveryRow rows[] = {
  //  label                  lock                    directory                                      control                    segments                     next                             behind     witness  writes
  {Label::in_use,          one_of({Lock::held}), any,                                           any,                       any,                         any,                              any,       any,     any,
   "another process holds LOCK"},
  {Label::not_initialised, is_free, one_of({Directory::absent, Directory::empty, Directory::unfinished}), any,               any,                         any,                              any,       any,     any,
   "there is no journal here"},
  {Label::foreign,         is_free, one_of({Directory::other}),                                 any,                       any,                         any,                              any,       any,     any,
   "the directory holds something else"},
  {Label::newer_format,    is_free, is_journal,                                                 one_of({Control::newer}),  any,                         any,                              any,       any,     any,
   "CONTROL was written by a newer release"},
  {Label::control_lost,    is_free, is_journal,                                                 one_of({Control::lost}),   any,                         any,                              any,       any,     any,
   "no generation of CONTROL is whole"},
  {Label::missing,         is_free, is_journal,                                                 is_valid,                  one_of({Segments::gap}),     any,                              any,       any,     any,
   "segment files that were durable are gone"},
  {Label::corrupt,         is_free, is_journal,                                                 is_valid,                  one_of({Segments::cut}),     any,                              any,       any,     any,
   "a segment file is shorter or longer than it was made"},
  {Label::misdirected,     is_free, is_journal,                                                 is_valid,                  is_whole,                    one_of({Next::misplaced}),        any,       any,     any,
   "a whole block stands at a place that is not its own: a misdirected write, or a copied file"},
  {Label::swapped,         is_free, is_journal,                                                 is_valid,                  is_whole,                    one_of({Next::disordered}),       any,       any,     any,
   "a whole block does not continue the block before it: files of different histories"},
  {Label::foreign,         is_free, is_journal,                                                 is_valid,                  is_whole,                    one_of({Next::other_database}),   any,       any,     any,
   "a block of another journal"},
  {Label::rollback,        is_free, is_journal,                                                 is_valid,                  is_whole,                    one_of({Next::unknown_epoch}),    any,       any,     any,
   "the journal is newer than CONTROL: an older CONTROL was restored, or its newest generation is damaged"},
  {Label::newer_format,    is_free, is_journal,                                                 is_valid,                  is_whole,                    one_of({Next::newer_version}),    any,       any,     any,
   "a block was written by a newer release"},
  {Label::end,             is_free, is_journal,                                                 is_valid,                  is_whole,                    zeros,                            clear,     none,    any,
   "zeros follow the last block"},
  {Label::rollback,        is_free, is_journal,                                                 is_valid,                  is_whole,                    zeros,                            clear,     durable, any,
   "CONTROL knows durable blocks that are not there: older segment files were restored, or written data was lost"},
  {Label::corrupt,         is_free, is_journal,                                                 is_valid,                  is_whole,                    zeros,                            not_clear, durable, any,
   "zeros where a durable block was"},
  {Label::corrupt,         is_free, is_journal,                                                 is_valid,                  is_whole,                    zeros,                            not_clear, none,    synced,
   "zeros before later data: with one block in flight the block here was durable"},
  {Label::torn,            is_free, is_journal,                                                 is_valid,                  is_whole,                    zeros,                            not_clear, none,    unsynced,
   "written without data sync: the system's crash kept later blocks and lost this one"},
  {Label::torn,            is_free, is_journal,                                                 is_valid,                  is_whole,                    damaged,                          clear,     none,    any,
   "the block in flight when the system stopped is incomplete"},
  {Label::torn,            is_free, is_journal,                                                 is_valid,                  is_whole,                    damaged,                          not_clear, none,    unsynced,
   "written without data sync: the system's crash kept blocks in part"},
  {Label::corrupt,         is_free, is_journal,                                                 is_valid,                  is_whole,                    damaged,                          not_clear, none,    synced,
   "a damaged block before later data: with one block in flight it was durable"},
  {Label::corrupt,         is_free, is_journal,                                                 is_valid,                  is_whole,                    damaged,                          any,       durable, any,
   "a block that was durable is damaged"},
};
// clang-format on

}  // namespace table

template <class Enum>
bool has(Values values, Enum value) noexcept {
  return (values >> static_cast<unsigned>(value) & 1U) != 0;
}

}  // namespace

std::string_view name(Label label) noexcept {
  switch (label) {
    case Label::end: return "END";
    case Label::torn: return "TORN";
    case Label::corrupt: return "CORRUPT";
    case Label::missing: return "MISSING";
    case Label::misdirected: return "MISDIRECTED";
    case Label::swapped: return "SWAPPED";
    case Label::rollback: return "ROLLBACK";
    case Label::control_lost: return "CONTROL LOST";
    case Label::newer_format: return "NEWER FORMAT";
    case Label::not_initialised: return "NOT INITIALISED";
    case Label::in_use: return "IN USE";
    case Label::foreign: return "FOREIGN";
  }
  return "UNKNOWN";
}

ErrorCode error_code(Label label) noexcept {
  switch (label) {
    case Label::missing:
    case Label::rollback: return ErrorCode::missing;
    case Label::newer_format: return ErrorCode::newer_format;
    case Label::not_initialised: return ErrorCode::not_initialised;
    case Label::in_use: return ErrorCode::in_use;
    case Label::foreign: return ErrorCode::foreign;
    case Label::end:
    case Label::torn:
    case Label::corrupt:
    case Label::misdirected:
    case Label::swapped:
    case Label::control_lost: return ErrorCode::corrupt;
  }
  return ErrorCode::corrupt;
}

std::span<const RecoveryRow> recovery_rows() noexcept { return table::rows; }

bool matches(const RecoveryRow& row, const Observation& seen) noexcept {
  return has(row.lock, seen.lock) && has(row.directory, seen.directory) && has(row.control, seen.control) &&
         has(row.segments, seen.segments) && has(row.next, seen.next) && has(row.behind, seen.behind) && has(row.witness, seen.witness) &&
         has(row.writes, seen.writes);
}

const RecoveryRow& classify(const Observation& seen) noexcept {
  for (const RecoveryRow& row : table::rows) {
    if (matches(row, seen)) return row;
  }
  assert_failed("every observation matches a row of the recovery table", __FILE__, __LINE__);
}

}  // namespace pawl::journal
