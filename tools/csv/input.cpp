#include "csv/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>

#include "csv/marks.hpp"
#include "pawl/io/os_error.hpp"

namespace pawl::csv {

struct InputFile::Decoder {
  struct Free {
    void operator()(ZSTD_DCtx* used) const { ZSTD_freeDCtx(used); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
  std::vector<char> packed = std::vector<char>(ZSTD_DStreamInSize());
  ZSTD_inBuffer input{packed.data(), 0, 0};
  bool inside_frame = false;
  bool at_end = false;
};

InputFile::InputFile(std::string path, io::Descriptor descriptor, std::unique_ptr<Decoder> decoder)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), decoder_(std::move(decoder)) {}
InputFile::InputFile(InputFile&&) noexcept = default;
InputFile& InputFile::operator=(InputFile&&) noexcept = default;
InputFile::~InputFile() = default;

Result<InputFile> InputFile::open(const std::string& path) {
  if (path == "-") return InputFile("standard input", {}, nullptr);
  // Not blocking: a FIFO is open at once, and whoever reads waits for its writer, as for bytes.
  io::Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor.valid()) return io::os_error("cannot open", path, errno);
  ::posix_fadvise(descriptor.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // advice: what it answers does not matter
  auto decoder = path.ends_with(".zst") ? std::make_unique<Decoder>() : nullptr;
  return InputFile(path, std::move(descriptor), std::move(decoder));
}

Result<std::size_t> InputFile::read_raw(char* into, std::size_t bytes) {
  const int fd = descriptor_.valid() ? descriptor_.get() : STDIN_FILENO;
  constexpr int patience_ms = 50;
  for (;;) {
    pollfd waiting{fd, POLLIN, 0};
    for (int ready = 0; ready == 0;) {
      if (stop_.stop_requested()) return std::size_t{0};
      ready = ::poll(&waiting, 1, patience_ms);
      if (ready < 0 && errno == EINTR) ready = 0;
    }
    const ssize_t got = ::read(fd, into, bytes);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return io::os_error("cannot read", path_, errno);
  }
}

Result<std::size_t> InputFile::read_decoded(std::span<char> into) {
  Decoder& d = *decoder_;
  ZSTD_outBuffer output{into.data(), into.size(), 0};
  while (output.pos < output.size) {
    if (d.input.pos == d.input.size && !d.at_end) {
      const auto got = read_raw(d.packed.data(), d.packed.size());
      if (!got) return got.error();
      d.input = {d.packed.data(), *got, 0};
      d.at_end = *got == 0;
    }
    const std::size_t before = output.pos;
    if (d.at_end && !d.inside_frame) break;
    const std::size_t rest = ZSTD_decompressStream(d.context.get(), &output, &d.input);
    if (ZSTD_isError(rest)) return Error{ErrorCode::bad_data, path_ + ": damaged zstd data (" + ZSTD_getErrorName(rest) + ")"};
    d.inside_frame = rest != 0;
    if (d.at_end && d.inside_frame && output.pos == before)
      return Error{ErrorCode::bad_data, path_ + ": ends inside a zstd frame; the file was cut off"};
  }
  return output.pos;
}

Result<std::size_t> InputFile::read(std::span<char> into) { return decoder_ ? read_decoded(into) : read_raw(into.data(), into.size()); }

Result<std::unique_ptr<BlockReader>> BlockReader::open(const std::string& path, bool read_ahead) {
  auto file = InputFile::open(path);
  if (!file) return std::move(file).error();
  return std::make_unique<BlockReader>(*std::move(file), read_ahead);
}

BlockReader::BlockReader(InputFile file, bool read_ahead) : file_(std::move(file)), read_ahead_(read_ahead) {
  for (Block& block : memory_) {
    block.memory = std::make_unique_for_overwrite<char[]>(row_bytes_max + block_bytes + mark_step_bytes);
    free_.push_back(&block);
  }
  filled_.reserve(blocks);
  if (read_ahead_) thread_ = std::jthread([this](const std::stop_token& stop) { read_all(stop); });
}

BlockReader::~BlockReader() = default;

Result<bool> BlockReader::fill(Block& block) {
  auto got = file_.read({block.text(), block_bytes});
  if (!got) return std::move(got).error();
  block.used = *got;
  return *got > 0;
}

void BlockReader::read_all(const std::stop_token& stop) {
  file_.stop_with(stop);
  for (;;) {
    Block* block = nullptr;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return !free_.empty(); })) return;
      block = free_.back();
      free_.pop_back();
    }
    auto more = fill(*block);
    const std::lock_guard lock(mutex_);
    if (more.ok() && *more) {
      filled_.push_back(block);
    } else {
      if (!more) error_ = std::move(more).error();
      ended_ = true;
    }
    changed_.notify_all();
    if (ended_) return;
  }
}

BlockReader::Take BlockReader::take(Block*& block) {
  const std::lock_guard lock(mutex_);
  if (!read_ahead_ && !ended_) {
    block = free_.back();
    auto more = fill(*block);
    ended_ = !more || !*more;
    if (!more) error_ = std::move(more).error();
    if (!ended_) {
      free_.pop_back();
      return Take::block;
    }
  }
  if (!filled_.empty()) {
    block = filled_.front();
    filled_.erase(filled_.begin());
    return Take::block;
  }
  if (error_) return Take::failed;
  return ended_ ? Take::end : Take::not_yet;
}

void BlockReader::give_back(Block* block) {
  const std::lock_guard lock(mutex_);
  free_.push_back(block);
  changed_.notify_all();
}

void BlockReader::wait() {
  std::unique_lock lock(mutex_);
  if (read_ahead_) changed_.wait(lock, [&] { return !filled_.empty() || ended_; });
}

const Error& BlockReader::error() const {
  PAWL_ASSERT(error_.has_value());
  return *error_;
}

}  // namespace pawl::csv
