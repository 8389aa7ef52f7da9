// The recovery table: every combination of inputs matches exactly one row, and every row and label is reached.
#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "pawl/journal/recovery_table.hpp"

using namespace pawl;
using namespace pawl::journal;

namespace {

template <class Visit>
void for_every_observation(Visit visit) {
  using O = Observation;
  for (unsigned lock = 0; lock < 2; ++lock)
    for (unsigned directory = 0; directory < 5; ++directory)
      for (unsigned control = 0; control < 3; ++control)
        for (unsigned segments = 0; segments < 3; ++segments)
          for (unsigned next = 0; next < 7; ++next)
            for (unsigned behind = 0; behind < 3; ++behind)
              for (unsigned witness = 0; witness < 2; ++witness)
                for (unsigned writes = 0; writes < 2; ++writes)
                  visit(O{static_cast<O::Lock>(lock), static_cast<O::Directory>(directory), static_cast<O::Control>(control),
                          static_cast<O::Segments>(segments), static_cast<O::Next>(next), static_cast<O::Behind>(behind),
                          static_cast<O::Witness>(witness), static_cast<O::Writes>(writes)});
}

}  // namespace

TEST_CASE("every combination of inputs matches exactly one row") {
  std::set<const RecoveryRow*> reached;
  std::set<Label> labels_reached;
  std::size_t combinations = 0;
  std::size_t ambiguous = 0;
  for_every_observation([&](const Observation& seen) {
    ++combinations;
    std::size_t matching = 0;
    for (const RecoveryRow& row : recovery_rows()) matching += matches(row, seen) ? 1U : 0U;
    if (matching != 1) ++ambiguous;
    if (matching == 1) {
      reached.insert(&classify(seen));
      labels_reached.insert(classify(seen).label);
    }
  });
  CHECK(combinations == 2 * 5 * 3 * 3 * 7 * 3 * 2 * 2);
  CHECK(ambiguous == 0);
  CHECK(reached.size() == recovery_rows().size());
  CHECK(labels_reached.size() == labels);
}

TEST_CASE("the table drops data only where no evidence says that it was durable") {
  using O = Observation;
  for_every_observation([](const Observation& seen) {
    const Label label = classify(seen).label;
    if (label != Label::torn) return;
    CHECK(seen.witness == O::Witness::none);
    if (seen.writes == O::Writes::synced) CHECK(seen.behind == O::Behind::zeros);
    CHECK((seen.next == O::Next::damaged || seen.writes == O::Writes::unsynced));
  });
}

TEST_CASE("only END and TORN may start, and the other labels have error codes that differ from io") {
  for (std::uint32_t i = 0; i < labels; ++i) {
    const auto label = static_cast<Label>(i);
    CHECK(may_start(label) == (label == Label::end || label == Label::torn));
    CHECK(name(label) != "UNKNOWN");
    CHECK(error_code(label) != ErrorCode::io);
  }
}
