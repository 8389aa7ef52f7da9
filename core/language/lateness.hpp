// Events declared `late`: their place in windows, and the windows that know of it.
//
// With te the effective time, an event of a type declared `late L` stands at its own time if that is at most L behind te, else at te, as every other
// event does. A window of event e ends at e's place and holds events by theirs; what it holds is what had come by then, so a late event
// corrects the windows of those behind it in the log, and no value that was given before.
#pragma once

#include <optional>
#include <string>

#include "pawl/core/language/pipeline.hpp"
#include "pawl/core/language/problems.hpp"

namespace pawl::language {

// Every event that has all key fields with the types that the events of `on` give them can read the window.
[[nodiscard]] bool can_read(const Pipeline& pipeline, const Aggregate& aggregate, const EventSchema& schema);

// How far behind the effective time a window can be asked for, or changed: the longest `late` of the events that read it or are in it. 0: it never is.
[[nodiscard]] Duration lateness(const Pipeline& pipeline, const Aggregate& aggregate);

// Why this release has no such window with a lateness, or nothing if it has.
[[nodiscard]] std::optional<std::string> why_not_late(const Aggregate& aggregate);

// Reports those as E124. REQUIRES: a pipeline without errors.
void check_lateness(const Pipeline& pipeline, Problems& problems);

}  // namespace pawl::language
