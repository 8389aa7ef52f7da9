// A receipt's text of any bytes: refused, or read and written back to the same receipt.
#include "input.hpp"
#include "pawl/journal/receipt.hpp"

using namespace pawl;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  auto receipt = journal::parse_receipt(text);
  if (!receipt.ok() && text.size() > 9) {  // once more with the checksum that it should have
    text.resize(text.size() - 9);
    static constexpr char digits[] = "0123456789abcdef";
    const std::uint32_t crc = crc32c(std::as_bytes(std::span(text)));
    text += ':';
    for (int shift = 28; shift >= 0; shift -= 4) text += digits[crc >> shift & 15U];
    receipt = journal::parse_receipt(text);
  }
  if (!receipt.ok()) return 0;
  const auto again = journal::parse_receipt(to_text(*receipt));
  fuzz::require(again.ok() && *again == *receipt);
  return 0;
}
