// A snapshot file of any bytes; its header and parts framed with right checksums where the input asks for it.
#include "input.hpp"
#include "pawl/io/simulated.hpp"
#include "pawl/journal/snapshot/file_reader.hpp"

using namespace pawl;

namespace {

std::vector<std::byte> framed(fuzz::Input& input) {
  journal::Hasher hasher;
  journal::SnapshotHeader header{};
  fuzz::put(std::as_writable_bytes(std::span(&header, 1)), input.take(160));
  header.magic = journal::snapshot_magic;
  header.version = journal::snapshot_version;
  header.reserved0 = 0;
  header.sequence = (header.sequence & 0xFF'FFFF) / limits::digest_interval * limits::digest_interval + limits::digest_interval - 1;
  header.crc = crc32c(journal::bytes_of(header).subspan(journal::snapshot_crc_from));
  std::vector<std::byte> file;
  const auto add = [&](std::span<const std::byte> bytes) {
    const std::size_t at = file.size();
    file.resize(at + bytes.size());
    fuzz::put(file, bytes, at);
  };
  add(journal::bytes_of(header));
  journal::Hash hash = hasher.sha_256({journal::Hash{}, journal::bytes_of(header)});
  std::uint64_t parts = 0;
  const auto add_part = [&](journal::PartKind kind, std::uint64_t claimed, std::span<const std::byte> body) {
    journal::PartHeader part{journal::part_magic, 0, kind, input.take<std::uint8_t>(), parts++, claimed, {}};
    const journal::Hash sum = hasher.body(journal::BodyHash::xxh3_128, body);
    std::copy_n(sum.begin(), part.body_hash.size(), part.body_hash.begin());
    part.crc = crc32c(journal::bytes_of(part).subspan(journal::part_crc_from));
    add(journal::bytes_of(part));
    add(body);
    file.resize((file.size() + 7) / 8 * 8);
    if (kind != journal::PartKind::end) hash = hasher.sha_256({hash, journal::bytes_of(part)});
  };
  while (!input.empty()) {
    const auto kind = input.take<std::uint8_t>();
    const auto body = input.take(input.take<std::uint8_t>());
    add_part(static_cast<journal::PartKind>(kind % 8), (kind & 0x80U) != 0 ? input.take<std::uint64_t>() : body.size(), body);
  }
  const journal::SnapshotEnd end{parts, 0, hash};
  add_part(journal::PartKind::end, sizeof end, journal::bytes_of(end));
  file.resize((file.size() + journal::page_bytes - 1) / journal::page_bytes * journal::page_bytes);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool frames = (input.take<std::uint8_t>() & 1U) != 0;
  std::vector<std::byte> bytes = frames ? framed(input) : std::vector<std::byte>(input.rest().begin(), input.rest().end());
  io::SimulatedDisk disk;
  {
    auto file = disk.open("snapshot", {.access = io::Access::create_new});
    fuzz::require(file.ok());
    static_cast<void>((*file)->write(bytes, 0));
  }
  const auto whole = journal::verify_snapshot(disk, "snapshot");
  auto reader = journal::SnapshotReader::open(disk, "snapshot");
  if (!reader.ok()) {
    fuzz::require(!whole.ok());
    return 0;
  }
  journal::Part part;
  for (;;) {
    const auto more = reader->next(part);
    if (!more.ok()) break;
    fuzz::require(part.body.size() <= bytes.size());
    if (!*more) {
      fuzz::require(whole.ok());
      break;
    }
  }
  return 0;
}
