// `pawl rules profile`: figures of profile.hpp for people and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "pawl/commands.hpp"
#include "pawl/profile.hpp"
#include "pawl/report.hpp"
#include "pawl/run_support.hpp"

namespace pawl::tools {
namespace {

struct ProfileOptions {
  std::string file, input, event;
  std::int64_t events = ProfileLimits{}.events;
  int passes = ProfileLimits{}.passes;
  bool ignore_unknown = false, json = false;
};

std::string joined(const std::vector<std::string>& users) {
  std::string text;
  for (const std::string& user : users) text += (text.empty() ? "" : ", ") + user;
  return text;
}

// What is less than the measurement can tell apart is no figure.
std::string ns_of(double ns, double noise) { return ns <= noise ? std::string("-") : fmt::format("{:.1f}", ns); }
std::string bytes_of(std::int64_t bytes) { return bytes <= 0 ? std::string("-") : std::to_string(bytes); }

std::string windows_text(const Profile& profile) {
  if (profile.groups.empty()) return {};
  std::string text = "\nWindows: of a key and its events, with all windows over them; below, what is saved without one of these\n";
  text += fmt::format("{:>12}{:>14}\n", "ns an event", "bytes");
  for (const GroupProfile& group : profile.groups) {
    text += fmt::format("{:>12.1f}{:>14}  {}: {} keys, {} events held\n", group.cost.ns(), group.cost.bytes(), group.key, group.keys, group.entries);
    for (const FeatureProfile& feature : group.features) {
      text += fmt::format("{:>12}{:>14}    {}: {} {}\n", ns_of(feature.saved.ns(), profile.noise.windows_ns), bytes_of(feature.saved.bytes()), feature.feature.text,
                          feature.feature.users.size() > 1 ? "shared by" : "used by", joined(feature.feature.users));
    }
  }
  return text;
}

std::string rules_text(const Profile& profile) {
  if (profile.rules.empty()) return {};
  std::string text = "\nRules: what is saved without one, windows that nobody else reads included\n";
  text += fmt::format("{:>12}{:>14}{:>12}{:>12}{:>12}\n", "ns an event", "bytes", "windows", "decide", "fired");
  for (const RuleProfile& rule : profile.rules) {
    if (!rule.evaluated) {
      text += fmt::format("{:>12}{:>14}{:>12}{:>12}{:>12}  {}: off, or not evaluated by this release\n", "-", "-", "-", "-", "-", rule.name);
      continue;
    }
    text += fmt::format("{:>12}{:>14}{:>12}{:>12}{:>12}  {}\n", ns_of(rule.saved.ns(), rule.saved.windows_ns == 0 ? profile.noise.decide_ns : profile.noise.ns()), bytes_of(rule.saved.bytes()), ns_of(rule.saved.windows_ns, profile.noise.windows_ns),
                        ns_of(rule.saved.decide_ns, profile.noise.decide_ns), rule.fired, rule.name);
  }
  return text;
}

std::string text_of(const Profile& profile, const ProfileOptions& options) {
  std::string text = fmt::format("{}: {} events, 64 at a time on one thread, of each batch the fastest of {} passes\n", options.file, profile.events, options.passes);
  text += fmt::format("{:.1f} ns an event: windows {:.1f}, decide {:.1f}; differences below {:.1f} and {:.1f} ns are noise here, and shown as -\n", profile.whole.ns(),
                      profile.whole.windows_ns, profile.whole.decide_ns, profile.noise.windows_ns, profile.noise.decide_ns);
  text += fmt::format("{} bytes of state: windows {}, lists, cooldowns and patterns {}\n", profile.whole.bytes(), profile.whole.windows_bytes, profile.whole.decide_bytes);
  text += windows_text(profile) + rules_text(profile);
  if (!profile.shared.empty()) text += "\nComputed once for several\n";
  for (const SharedValue& value : profile.shared) text += fmt::format("  {}: {}\n", value.text, joined(value.users));
  return text;
}

std::string json_of(const std::vector<std::string>& texts) {
  std::string json;
  for (const std::string& text : texts) json.append(json.empty() ? "" : ",").append(json_string(text));
  return '[' + json + ']';
}

std::string json_of(const Cost& cost) {
  return fmt::format("{{\"windows_ns\":{:.2f},\"decide_ns\":{:.2f},\"windows_bytes\":{},\"decide_bytes\":{}}}", cost.windows_ns, cost.decide_ns, cost.windows_bytes, cost.decide_bytes);
}

std::string json_of(const SharedValue& value) { return fmt::format("\"text\":{},\"users\":{}", json_string(value.text), json_of(value.users)); }

template <class Values, class Json>
std::string json_list(const Values& values, Json json) {
  std::string text;
  for (const auto& value : values) text.append(text.empty() ? "" : ",").append("{").append(json(value)).append("}");
  return '[' + text + ']';
}

std::string json_of(const Profile& profile, const ProfileOptions& options) {
  const auto feature = [](const FeatureProfile& f) { return fmt::format("{},\"saved\":{}", json_of(f.feature), json_of(f.saved)); };
  const auto group = [&](const GroupProfile& g) {
    return fmt::format("\"key\":{},\"cost\":{},\"keys\":{},\"events_held\":{},\"windows\":{}", json_string(g.key), json_of(g.cost), g.keys, g.entries, json_list(g.features, feature));
  };
  const auto rule = [](const RuleProfile& r) {
    return fmt::format("\"rule\":{},\"evaluated\":{},\"saved\":{},\"fired\":{}", json_string(r.name), r.evaluated, json_of(r.saved), r.fired);
  };
  return fmt::format("{{\"file\":{},\"events\":{},\"passes\":{},\"whole\":{},\"noise\":{},\"refused\":{},\"groups\":{},\"rules\":{},\"shared\":{}}}\n", json_string(options.file), profile.events,
                     options.passes, json_of(profile.whole), json_of(profile.noise), profile.refused, json_list(profile.groups, group), json_list(profile.rules, rule),
                     json_list(profile.shared, [](const SharedValue& value) { return json_of(value); }));
}

int profile(const ProfileOptions& options) {
  const auto pipeline = check_pipeline(options.file, {});
  if (!pipeline.ok()) return fail(pipeline.error());
  const auto event = find_event(*pipeline->pipeline, options.event);
  if (!event.ok()) return fail(event.error());
  auto rows = csv::Source::open(pipeline->pipeline->events[*event], {.path = options.input, .ignore_unknown = options.ignore_unknown});
  if (!rows.ok()) return fail(rows.error());
  const auto& reorder = pipeline->pipeline->reorder;
  if (std::any_of(reorder.begin(), reorder.end(), [](Duration hold) { return hold != 0; })) warn("events are measured in the order of the input: `reorder` puts them into another one in an engine, and what that costs is not measured");
  const auto measured = measure_profile(*pipeline->pipeline, *event, *rows, {.events = options.events, .passes = options.passes});
  if (!measured.ok()) return fail(measured.error());
  if (measured->refused > 0) warn(fmt::format("{} events or values found no room: what is measured is another state than an engine's with ample bounds; take fewer with --events", measured->refused));
  return print(options.json ? json_of(*measured, options) : text_of(*measured, options));
}

}  // namespace

void add_profile(Command& rules, Action& action) {
  const auto options = std::make_shared<ProfileOptions>();
  Command command = rules.subcommand("profile", "Measure what each window and rule costs on a file of events, and which share what");
  command.option("file", options->file, "The pipeline file; - is standard input").required();
  command.option("--input", options->input, "Events as CSV; .zst is read directly; - is standard input").required();
  command.option("--event", options->event, "Which event of the pipeline a row is; may be left out if it has one");
  command.option("--events", options->events, "The first so many rows").within(1, std::int64_t{1} << 24).shows_default();
  command.option("--passes", options->passes, "How often each batch is run; the fastest counts").within(1, 1000).shows_default();
  command.flag("--ignore-unknown", options->ignore_unknown, "Ignore columns that the event does not have");
  command.flag("--json", options->json, "One JSON object");
  command.does(action, options, &profile);
}

}  // namespace pawl::tools
