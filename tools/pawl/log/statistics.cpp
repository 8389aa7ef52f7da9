#include "pawl/log/statistics.hpp"

#include <fmt/format.h>

#include <bit>

#include "pawl/log/text.hpp"
#include "pawl/report.hpp"

namespace pawl::tools {
namespace {

using journal::BlockKind;

// In the order of BlockKind.
constexpr std::array<const char*, Statistics::block_kinds> kind_names = {"data", "idle_seal", "segment_open", "segment_seal", "epoch_open"};
constexpr std::size_t rate_rows = 12;

std::string annotation_name(std::uint16_t type) {
  static constexpr std::array names = {"pipeline", "source", "digest", "emitted", "epoch", "segment", "seal", "repair"};
  const std::size_t index = type - static_cast<std::size_t>(journal::AnnotationType::pipeline);
  return index < names.size() ? names[index] : fmt::format("type_{:#x}", type);
}

std::string size_name(std::size_t size_class) {
  const std::size_t kib = std::size_t{4} << size_class;
  return kib < 1024 ? fmt::format("{} KiB", kib) : fmt::format("{} MiB", kib / 1024);
}

double micros(std::uint64_t ns) { return static_cast<double>(ns) / 1e3; }

std::string latency_text(const Histogram& histogram) {
  if (histogram.count() == 0) return "none";
  return fmt::format("p50 {:.1f} us, p99 {:.1f} us, max {:.1f} us", micros(histogram.at(0.5)), micros(histogram.at(0.99)), micros(histogram.max()));
}

std::string latency_json(const Histogram& histogram) {
  return fmt::format(R"({{"count": {}, "p50_ns": {}, "p99_ns": {}, "max_ns": {}}})", histogram.count(), histogram.at(0.5), histogram.at(0.99), histogram.max());
}

std::uint64_t total(const std::map<std::string, Count>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count.records;
  return sum;
}

std::string rates_text(const Rates& rates) {
  std::string text;
  for (const Rates::Bucket& bucket : rates.buckets()) {
    text += fmt::format("  {:<20} {:>12} inputs {:>14.1f}/s\n", second_text(bucket.from), bucket.inputs,
                        static_cast<double>(bucket.inputs) * 1e9 / static_cast<double>(rates.width()));
  }
  return text;
}

// `render(key, value)` of each, with commas between.
template <class Items, class Render>
std::string joined(const Items& items, Render&& render) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + render(item);
  return text;
}

}  // namespace

void Rates::add(Time at) {
  const std::int64_t bucket = at / width_ - (at % width_ < 0 ? 1 : 0);
  ++counts_[bucket];
  if (counts_.size() > buckets_max) widen();
}

void Rates::widen() {
  width_ *= 2;
  std::map<std::int64_t, std::uint64_t> wide;
  for (const auto& [bucket, inputs] : counts_) wide[bucket >> 1] += inputs;
  counts_ = std::move(wide);
}

std::vector<Rates::Bucket> Rates::buckets() const {
  std::vector<Bucket> all;
  for (const auto& [bucket, inputs] : counts_) all.push_back({bucket * width_, inputs});
  return all;
}

Rates Rates::coarse(std::size_t rows_max) const {
  Rates rates = *this;
  while (rates.counts_.size() > rows_max) rates.widen();
  return rates;
}

void Statistics::add(const journal::BlockView& block, Decoder& decoder) {
  const journal::BlockHeader& header = block.header;
  blocks[static_cast<std::size_t>(header.kind) - 1].add(header.total_bytes);
  padding_bytes += header.total_bytes - journal::block_header_bytes - header.body_bytes;
  if (first_time == 0) first_time = header.time;
  if (last_sequence == no_sequence && header.inputs > 0) first_sequence = header.first_sequence;
  if (header.inputs > 0) last_sequence = block.last_sequence();
  // Pauses say nothing about the device: only where one block with inputs follows another at once is it a write's time.
  if (header.kind == BlockKind::data && last_data_time_ != 0) block_after_ns.record(header.time - last_data_time_);
  last_data_time_ = header.kind == BlockKind::data ? header.time : 0;
  last_time = header.time;
  if (header.kind == BlockKind::data) {
    const auto class_of = static_cast<std::size_t>(std::bit_width((header.total_bytes - 1) / journal::page_bytes));
    ++data_sizes[std::min(class_of, size_classes - 1)];
    inputs_per_block.record(header.inputs);
  }
  for (const journal::Record record : block.records()) {
    decoder.apply(record);
    if (record.is_input()) {
      add_input(record, header, decoder);
    } else {
      annotations[record.header().type].add(record.bytes().size());
    }
  }
}

void Statistics::add_input(journal::Record record, const journal::BlockHeader& block, Decoder& decoder) {
  const journal::RecordHeader& header = record.header();
  inputs[input_name(decoder.schema(record), header.type)].add(record.bytes().size());
  ++sources[decoder.source_name(header.source)];
  rates.add(header.ingest);
  submitted_after_ns.record(block.time - header.ingest);
}

std::string to_text(const Statistics& statistics, const std::string& directory) {
  const Statistics& s = statistics;
  std::string text = fmt::format("{}: {} inputs, sequences {}; blocks of {} to {}\n", directory, total(s.inputs), range_text(s.first_sequence, s.last_sequence),
                                 time_text(s.first_time), time_text(s.last_time));
  text += fmt::format("\n{:<24} {:>12} {:>14} {:>10}\n", "inputs by type", "count", "bytes", "each");
  for (const auto& [name, count] : s.inputs) text += fmt::format("  {:<22} {:>12} {:>14} {:>10}\n", name, count.records, count.bytes, count.bytes / count.records);
  text += "\ninputs by source\n";
  for (const auto& [name, inputs] : s.sources) text += fmt::format("  {:<22} {:>12}\n", one_line(name), inputs);
  text += fmt::format("\n{:<24} {:>12} {:>14}\n", "annotations", "count", "bytes");
  for (const auto& [type, count] : s.annotations) text += fmt::format("  {:<22} {:>12} {:>14}\n", annotation_name(type), count.records, count.bytes);
  text += fmt::format("\n{:<24} {:>12} {:>14}\n", "blocks", "count", "bytes");
  for (std::size_t i = 0; i < s.blocks.size(); ++i) {
    if (s.blocks[i].records > 0) text += fmt::format("  {:<22} {:>12} {:>14}\n", kind_names[i], s.blocks[i].records, s.blocks[i].bytes);
  }
  text += fmt::format("  {:<22} {:>12} {:>14}\n\ndata blocks by size\n", "padding in them", "", s.padding_bytes);
  for (std::size_t i = 0; i < s.data_sizes.size(); ++i) {
    if (s.data_sizes[i] > 0) text += fmt::format("  up to {:<16} {:>12}\n", size_name(i), s.data_sizes[i]);
  }
  text += fmt::format("  inputs in one: p50 {}, p99 {}, max {}\n", s.inputs_per_block.at(0.5), s.inputs_per_block.at(0.99), s.inputs_per_block.max());
  text += fmt::format("\ninputs over time, by the clock that sequenced them\n{}", rates_text(s.rates.coarse(rate_rows)));
  text += fmt::format("\nsequenced to submitted   {}\nblock to next block      {} (of blocks without a pause between: one write with its sync, and what ran beside it)\n",
                      latency_text(s.submitted_after_ns), latency_text(s.block_after_ns));
  return text + "The seals of segments, 4096 bytes each, are not counted. The format records when a block was submitted, not when it was durable: latencies of acks are not in it.\n";
}

std::string to_json(const Statistics& statistics) {
  const Statistics& s = statistics;
  const auto count = [](const std::string& name, const Count& value) {
    return fmt::format(R"({}: {{"count": {}, "bytes": {}}})", json_string(name), value.records, value.bytes);
  };
  std::string text = fmt::format(R"({{"inputs": {}, "first_sequence": {}, "last_sequence": {}, "from": "{}", "to": "{}", )", total(s.inputs), s.first_sequence,
                                 s.last_sequence, time_text(s.first_time), time_text(s.last_time));
  text += fmt::format(R"("types": {{{}}}, )", joined(s.inputs, [&](const auto& item) { return count(item.first, item.second); }));
  text += fmt::format(R"("sources": {{{}}}, )", joined(s.sources, [](const auto& item) { return fmt::format("{}: {}", json_string(item.first), item.second); }));
  text += fmt::format(R"("annotations": {{{}}}, )", joined(s.annotations, [&](const auto& item) { return count(annotation_name(item.first), item.second); }));
  std::string blocks;
  for (std::size_t i = 0; i < s.blocks.size(); ++i) {
    if (s.blocks[i].records > 0) blocks += (blocks.empty() ? "" : ", ") + count(kind_names[i], s.blocks[i]);
  }
  text += fmt::format(R"("blocks": {{{}}}, "padding_bytes": {}, )", blocks, s.padding_bytes);
  std::size_t size_class = 0;
  text += fmt::format(R"("data_blocks_up_to_bytes": {{{}}}, )", joined(s.data_sizes, [&](std::uint64_t count_of_class) {
    return fmt::format(R"("{}": {})", std::size_t{4096} << size_class++, count_of_class);
  }));
  text += fmt::format(R"("inputs_per_data_block": {{"p50": {}, "p99": {}, "max": {}}}, )", s.inputs_per_block.at(0.5), s.inputs_per_block.at(0.99), s.inputs_per_block.max());
  text += fmt::format(R"("rates": {{"width_ns": {}, "buckets": [{}]}}, )", s.rates.width(), joined(s.rates.buckets(), [](const Rates::Bucket& bucket) {
    return fmt::format(R"(["{}", {}])", time_text(bucket.from), bucket.inputs);
  }));
  return text + fmt::format(R"("sequenced_to_submitted": {}, "block_to_next_block": {}}})", latency_json(s.submitted_after_ns), latency_json(s.block_after_ns)) + "\n";
}

}  // namespace pawl::tools
