#include "csv/output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/event/format.hpp"
#include "pawl/io/os_error.hpp"

namespace pawl::csv {
namespace {

constexpr std::size_t flush_bytes = std::size_t{256} << 10;

bool needs_quotes(std::string_view value) { return value.find_first_of(",\"\r\n") != std::string_view::npos; }

Result<io::Descriptor> open_file(const OutputOptions& options) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (options.continue_existing ? O_APPEND : O_TRUNC);
  io::Descriptor descriptor(::open(options.path.c_str(), flags, 0644));
  if (!descriptor.valid()) return io::os_error("cannot open", options.path, errno);
  return descriptor;
}

// The entry of a file in its directory: without it a power cut may take the whole of a new file.
Result<void> sync_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const io::Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return io::os_error("cannot open", directory, errno);
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) return io::os_error("cannot sync directory", directory, errno);
  return {};
}

}  // namespace

struct Writer::Encoder {
  struct Free {
    void operator()(ZSTD_CCtx* used) const { ZSTD_freeCCtx(used); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
  std::vector<char> packed;

  explicit Encoder(int level) {
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  }
  // One frame; empty: zstd is out of memory.
  std::string_view frame(std::string_view bytes) {
    packed.resize(std::max(packed.size(), ZSTD_compressBound(bytes.size())));
    const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size());
    return ZSTD_isError(size) ? std::string_view() : std::string_view(packed.data(), size);
  }
};

Writer::Writer(std::string path, io::Descriptor descriptor, std::unique_ptr<Encoder> encoder)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), encoder_(std::move(encoder)), buffer_(2 * flush_bytes) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::open(const OutputOptions& options, const FileForm& form) {
  const bool standard = options.path == "-";
  auto encoder = options.path.ends_with(".zst") ? std::make_unique<Encoder>(options.zstd_level) : nullptr;
  const std::string header_row = form.json ? std::string(FileForm::json_start) : form.binary() ? form.header : form.header + "\n";
  constexpr std::string_view zstd_magic("\x28\xB5\x2F\xFD", 4);
  const std::string start(!encoder ? header_row : form.json ? zstd_magic : encoder->frame(header_row));
  Continuation found;
  io::Descriptor descriptor;
  bool has_header = form.json;
  if (!standard) {
    if (options.continue_existing && ::access(options.path.c_str(), F_OK) == 0) {
      auto cut = cut_to_whole_rows(options.path, form, start);
      if (!cut) return std::move(cut).error();
      found = *cut;
    }
    auto opened = open_file(options);
    if (!opened) return std::move(opened).error();
    descriptor = *std::move(opened);
    has_header |= ::lseek(descriptor.get(), 0, SEEK_END) > 0;
  }
  Writer writer(standard ? "standard output" : options.path, std::move(descriptor), std::move(encoder));
  writer.continuation_ = found;
  struct stat status {};
  const bool is_regular = ::fstat(standard ? STDOUT_FILENO : writer.descriptor_.get(), &status) == 0 && S_ISREG(status.st_mode);
  if (!is_regular) writer.stop_ = options.stop;
  if (!has_header) {
    writer.append(header_row);
    writer.finish_row();
    writer.rows_ = 0;
    if (auto written = writer.flush(); !written) return std::move(written).error();
  }
  return writer;
}

void Writer::append(std::string_view bytes) {
  if (used_ + bytes.size() > buffer_.size()) buffer_.resize(2 * (used_ + bytes.size()));  // a row that is longer than the buffer
  std::copy(bytes.begin(), bytes.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += bytes.size();
}

char* Writer::value_room(std::size_t bytes) {
  if (used_ + bytes + 1 > buffer_.size()) buffer_.resize(2 * (used_ + bytes + 1));
  if (in_row_) buffer_[used_++] = ',';
  in_row_ = true;
  return buffer_.data() + used_;
}

void Writer::text(std::string_view value) {
  value_room(0);
  if (!needs_quotes(value)) return append(value);
  append("\"");
  for (std::size_t from = 0; from < value.size();) {
    const std::size_t quote = std::min(value.find('"', from), value.size() - 1);
    append(value.substr(from, quote + 1 - from));
    if (value[quote] == '"') append("\"");
    from = quote + 1;
  }
  append("\"");
}

void Writer::integer(std::int64_t value) { used_ += print_integer(value, value_room(print_bytes_max)); }
void Writer::number(const Type& type, std::int64_t value, std::span<const std::string> labels) {
  used_ += print_number(type, value, labels, value_room(print_bytes_max));
}
void Writer::ratio(const Type& type, const Fraction& fraction) { used_ += print_ratio(type, fraction, value_room(print_bytes_max)); }
void Writer::floating(double value) { used_ += print_floating(value, value_room(print_bytes_max)); }
void Writer::missing() { value_room(0); }

void Writer::list(std::span<const std::string_view> values) {
  value_room(0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) append(";");
    append(values[i]);
  }
}

void Writer::end_row() {
  append("\n");
  finish_row();
}

void Writer::finish_row() {
  in_row_ = false;
  ++rows_;
  whole_ = used_;
  if (whole_ >= flush_bytes) write_out();
}

void Writer::line(std::string_view text) {
  append(text);
  end_row();
}

void Writer::record(std::string_view bytes) {
  const std::uint32_t check[FileForm::check_bytes / sizeof(std::uint32_t)] = {crc32c(std::as_bytes(std::span(bytes))), 0};
  append(bytes);
  append({reinterpret_cast<const char*>(check), sizeof check});
  finish_row();
}

void Writer::write_out() {
  if (whole_ == 0) return;
  if (state_) {
    const std::string_view rows(buffer_.data(), whole_);
    const std::string_view bytes = encoder_ ? encoder_->frame(rows) : rows;
    if (bytes.empty()) state_ = Error{ErrorCode::io, path_ + ": zstd cannot compress: out of memory"};
    write_all(bytes.data(), bytes.size());
  }
  std::memmove(buffer_.data(), buffer_.data() + whole_, used_ - whole_);
  used_ -= whole_;
  whole_ = 0;
}

void Writer::write_all(const char* bytes, std::size_t count) {
  const int fd = descriptor_.valid() ? descriptor_.get() : STDOUT_FILENO;
  while (count > 0 && state_) {
    if (stop_ != nullptr && !wait_for_room(fd)) {
      state_ = Error{ErrorCode::io, path_ + ": its reader took nothing for 5 s after a signal to end; decisions that it did not get are given again at the next start"};
      return;
    }
    // PIPE_BUF bytes: so many a pipe with room takes at once.
    const ssize_t written = ::write(fd, bytes, stop_ != nullptr ? std::min<std::size_t>(count, PIPE_BUF) : count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      state_ = io::os_error("cannot write", path_, errno);
      return;
    }
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
}

// False: a stop was requested, and there was none for so long.
bool Writer::wait_for_room(int fd) const {
  constexpr int step_ms = 100;
  pollfd out{fd, POLLOUT, 0};
  for (int waited_ms = 0; waited_ms < stopped_patience_ms;) {
    const int ready = ::poll(&out, 1, step_ms);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // errors are the write's to tell
    if (stop_->requested()) waited_ms += step_ms;
  }
  return false;
}

Result<void> Writer::flush() {
  write_out();
  return state_;
}

Result<void> Writer::sync() {
  if (!synced_ || !descriptor_.valid()) return synced_;
  if (::fdatasync(descriptor_.get()) != 0) {
    if (errno == EINVAL || errno == EROFS) return synced_;  // a pipe or a device: it has nothing to sync
    synced_ = io::os_error("cannot sync", path_, errno);
    return synced_;
  }
  if (!name_synced_) synced_ = sync_name(path_);
  name_synced_ = true;
  return synced_;
}

Result<void> Writer::close() {
  write_out();
  descriptor_ = io::Descriptor();
  return state_;
}

}  // namespace pawl::csv
