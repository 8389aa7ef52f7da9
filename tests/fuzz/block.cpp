// A block of any bytes, with as many of its checks made to pass as the input asks for: header, body, order, records, annotations.
#include "input.hpp"
#include "pawl/journal/aligned.hpp"
#include "pawl/journal/catalogue.hpp"
#include "pawl/journal/segment_reader.hpp"

using namespace pawl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t block_bytes_max = 8192;
  fuzz::Input input(data, size);
  const auto fixes = input.take<std::uint8_t>();
  const journal::AlignedBytes memory(block_bytes_max);
  const std::span<std::byte> bytes = memory.span();
  std::memset(bytes.data(), 0, bytes.size());
  fuzz::put(bytes, input.rest());
  journal::BlockChecker checker({fuzz::database, fuzz::secret}, block_bytes_max);
  journal::Position before{.segment = 1, .chain = checker.identity().first_chain(checker.hasher())};
  if ((fixes & 1U) != 0) fuzz::make_own(bytes, 1, 0);
  if ((fixes & 2U) != 0) {
    journal::BlockHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    before.block = header.block - 1;
    before.next_sequence = header.first_sequence;
    before.epoch = header.epoch;
  }
  if ((fixes & 4U) != 0) fuzz::fix_block(bytes, (fixes & 2U) != 0 ? &before.chain : nullptr);
  if (checker.check_header(bytes.first(journal::page_bytes), 1, 0) != journal::BlockFault::none) return 0;
  const journal::BlockHeader header = journal::load_header(bytes);
  const auto block = bytes.first(header.total_bytes);
  if (checker.check_body(block) != journal::BlockFault::none) return 0;
  static_cast<void>(checker.check_order(block, before));
  if (checker.check_records(block, (fixes & 8U) != 0) != journal::BlockFault::none) return 0;
  const journal::BlockView view{header, block};
  journal::Catalogue catalogue;
  std::uint64_t records = 0;
  for (const journal::Record record : view.records()) {
    catalogue.apply(record);
    ++records;
  }
  fuzz::require(records == header.records);
  std::vector<std::byte> item;
  for (std::size_t i = 0; i < catalogue.items(); ++i) {
    item.assign(catalogue.item_bytes(i), std::byte{});
    fuzz::require(catalogue.put_item(i, item.data()) == item.size());
  }
  journal::Position own;
  static_cast<void>(journal::position_before(view, own));
  return 0;
}
