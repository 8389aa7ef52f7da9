// Reopening an output: what of it is whole, and what was its last row.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "pawl/core/base/crc32c.hpp"
#include "pawl/core/event/format.hpp"
#include "csv/output.hpp"
#include "pawl/io/os_error.hpp"

namespace pawl::csv {
namespace {

constexpr std::size_t header_bytes_max = std::size_t{64} << 10;
constexpr std::size_t sequence_bytes_max = FileForm::json_start.size() + 20;
constexpr const char* other_pipeline = "was written by another pipeline or release";
constexpr std::size_t read_bytes = std::size_t{1} << 20;

// Each sector is what was written there, or not yet.
bool is_torn_start(std::string_view found, std::string_view start) {
  constexpr std::size_t sector_bytes = 512;
  for (std::size_t at = 0; at < found.size(); at += sector_bytes) {
    const std::string_view sector = found.substr(at, sector_bytes);
    if (sector != start.substr(at, sector.size()) && sector.find_first_not_of('\0') != std::string_view::npos) return false;
  }
  return true;
}

// Walks over rows as they come, in pieces of any size.
class RowWalk {
 public:
  explicit RowWalk(const FileForm& form) : form_(form), is_header_(!form.json) {}

  // False: stop, nothing behind this is to be kept.
  bool take(std::string_view piece) {
    if (form_.binary()) return take_records(piece);
    for (const char c : piece) {
      if (c == '\0') return false;
      ++position_;
      if (c == '"' && !form_.json) inside_quotes_ = !inside_quotes_;
      if (c == '\n' && !inside_quotes_) {
        if (!end_row()) return false;
      } else if (first_.size() < (is_header_ ? header_bytes_max : sequence_bytes_max) && (is_header_ || (in_first_ &= c != ','))) {
        first_ += c;
      }
    }
    return true;
  }

  [[nodiscard]] std::uint64_t whole_bytes() const { return whole_bytes_; }
  [[nodiscard]] const Continuation& found() const { return found_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // For a piece that starts behind the header.
  void skip_header() { is_header_ = false; }
  [[nodiscard]] const FileForm& form() const { return form_; }
  [[nodiscard]] bool is_one_sequence() const { return rows_ > 0 && found_.rows_of_last == rows_; }
  // Of the same sequence, before the first one walked over.
  void add_rows_before(std::uint64_t rows) { found_.rows_of_last += rows; }

 private:
  bool take_records(std::string_view piece) {
    first_ += piece;
    std::string_view rest = first_;
    for (;;) {
      const std::size_t bytes = is_header_ ? form_.header.size() : form_.record_bytes;
      if (rest.size() < bytes) break;
      if (is_header_ && rest.substr(0, bytes) != form_.header) {
        // Of one that a power cut tore, whole records may stand behind it: nothing counts as written then.
        if (!is_torn_start(rest.substr(0, bytes), form_.header)) problem_ = other_pipeline;
        return false;
      }
      if (!is_header_ && !FileForm::is_whole_record(rest.substr(0, bytes))) return false;
      if (!is_header_) note_row(rest.data());
      is_header_ = false;
      whole_bytes_ += bytes;
      rest.remove_prefix(bytes);
    }
    first_.erase(0, first_.size() - rest.size());
    return true;
  }

  void note_row(const char* record) {
    Sequence sequence;
    std::memcpy(&sequence, record, sizeof sequence);
    note_row(sequence);
  }
  void note_row(Sequence sequence) {
    found_.rows_of_last = sequence == found_.last_sequence ? found_.rows_of_last + 1 : 1;
    found_.last_sequence = sequence;
    ++rows_;
  }

  bool end_row() {
    if (is_header_ && first_ != form_.header) problem_ = "has another header than `" + form_.header + "`";
    Sequence sequence = no_sequence;
    std::string_view first = first_;
    if (form_.json && first.starts_with(FileForm::json_start)) first.remove_prefix(FileForm::json_start.size());
    if (!is_header_ && parse_integer(first, sequence) != ParseError::none) problem_ = "has a row that does not start with a sequence";
    if (!problem_.empty()) return false;
    if (!is_header_) note_row(sequence);
    is_header_ = false;
    in_first_ = true;
    first_.clear();
    whole_bytes_ = position_;
    return true;
  }

  FileForm form_;
  std::string first_;  // the header row, or the first value of a row; of binary records what is not whole yet
  std::string problem_;
  Continuation found_;
  std::uint64_t position_ = 0, whole_bytes_ = 0, rows_ = 0;
  bool is_header_;
  bool in_first_ = true, inside_quotes_ = false;
};

Result<std::size_t> read_at(int fd, char* into, std::size_t bytes, std::uint64_t offset, const std::string& path) {
  for (;;) {
    const ssize_t got = ::pread(fd, into, bytes, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return io::os_error("cannot read", path, errno);
  }
}

Error foreign(const std::string& path, const std::string& problem) {
  return {ErrorCode::bad_data, path + ": " + problem + ", so it is not continued; name another file or move this one away"};
}

Result<std::uint64_t> walk_plain(int fd, const std::string& path, RowWalk& walk) {
  std::vector<char> buffer(read_bytes);
  for (std::uint64_t offset = 0;;) {
    const auto got = read_at(fd, buffer.data(), buffer.size(), offset, path);
    if (!got) return got.error();
    if (*got == 0 || !walk.take({buffer.data(), *got})) break;
    offset += *got;
  }
  if (!walk.problem().empty()) return foreign(path, walk.problem());
  return walk.whole_bytes();
}

Result<std::string> unpacked(std::string_view frame, const std::string& path) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return Error{ErrorCode::bad_data, path + ": a frame of unknown size"};
  std::string rows(size, '\0');
  const std::size_t got = ZSTD_decompress(rows.data(), rows.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) return Error{ErrorCode::bad_data, path + ": damaged zstd data"};
  return rows;
}

// Frames are whole rows each. Walks the first for the header and the last whole ones for the sequence.
Result<std::uint64_t> walk_frames(std::string_view file, const std::string& path, RowWalk& walk) {
  std::vector<std::size_t> ends{0};
  while (ends.back() < file.size()) {
    const std::size_t bytes = ZSTD_findFrameCompressedSize(file.data() + ends.back(), file.size() - ends.back());
    if (ZSTD_isError(bytes)) break;
    ends.push_back(ends.back() + bytes);
  }
  const auto frame = [&](std::size_t i) { return file.substr(ends[i], ends[i + 1] - ends[i]); };
  const std::string broken = walk.form().binary() ? "holds a damaged record" : "holds a zero byte";  // in a frame whose own check is right
  // Frames hold whole rows, the first of them the header too.
  const auto starts_as_ours = [&](const std::string& rows) { return !walk.form().binary() || rows.starts_with(walk.form().header); };
  for (std::size_t last = ends.size() - 1; last > 0; --last) {
    const auto rows = unpacked(frame(last - 1), path);
    if (!rows || rows->empty() || (!walk.form().binary() && rows->back() != '\n')) continue;  // its bytes did not all reach the device: cut it too
    RowWalk tail = walk;
    if (last == 1 && !starts_as_ours(*rows)) return foreign(path, other_pipeline);
    if (last > 1) {
      const auto first = unpacked(frame(0), path);
      if (!first && walk.form().binary()) break;  // a torn start, or another's: see check_torn_start
      if (!first) return first.error();
      if (!starts_as_ours(*first)) return foreign(path, other_pipeline);
      if (!walk.take(*first)) return foreign(path, walk.problem());
      tail = RowWalk(walk.form());
      tail.skip_header();
    }
    const bool taken = tail.take(*rows);
    // The outputs of one input may stand in several frames.
    bool goes_on = taken && tail.is_one_sequence();
    for (std::size_t before = last - 1; goes_on && before > 0; --before) {
      const auto more = unpacked(frame(before - 1), path);
      if (!more) return more.error();
      RowWalk earlier(walk.form());
      if (before > 1) earlier.skip_header();
      if (!earlier.take(*more)) return foreign(path, earlier.problem().empty() ? broken : earlier.problem());
      const bool same = earlier.found().last_sequence == tail.found().last_sequence;
      if (same) tail.add_rows_before(earlier.found().rows_of_last);
      goes_on = same && earlier.is_one_sequence();
    }
    walk = tail;
    if (!taken) return foreign(path, walk.problem().empty() ? broken : walk.problem());
    return ends[last];
  }
  return std::uint64_t{0};
}

Result<std::string> whole_file(int fd, std::uint64_t bytes, const std::string& path) {
  std::string text(bytes, '\0');
  for (std::uint64_t at = 0; at < bytes;) {
    const auto got = read_at(fd, text.data() + at, bytes - at, at, path);
    if (!got) return got.error();
    if (*got == 0) return Error{ErrorCode::io, path + ": got shorter while it was read"};
    at += *got;
  }
  return text;
}

Result<std::uint64_t> walk_zstd(int fd, std::uint64_t size, const std::string& path, RowWalk& walk) {
  const auto text = whole_file(fd, size, path);
  if (!text) return text.error();
  return walk_frames(*text, path, walk);
}

// A file without one whole row is cut to nothing only if it is the torn start of ours: never wipe what somebody else wrote.
Result<void> check_torn_start(int fd, const std::string& path, const FileForm& form, std::string_view start) {
  std::string found(start.size(), '\0');
  const auto got = read_at(fd, found.data(), found.size(), 0, path);
  if (!got) return got.error();
  found.resize(*got);
  const std::size_t written = std::min(found.find('\0'), *got);
  const bool is_ours = form.binary() ? is_torn_start(found, start) : start.substr(0, written) == std::string_view(found).substr(0, written);
  if (!is_ours) return foreign(path, form.binary() ? other_pipeline : "is not one of this command's files");
  return {};
}

struct Walked {
  io::Descriptor file;
  bool is_regular = false;  // a pipe or device has no past
  std::uint64_t size = 0, whole = 0;
  Continuation found;
};

Result<Walked> walk_file(const std::string& path, const FileForm& form, int access) {
  Walked walked;
  struct stat status {};
  // Looked at before it is opened: a FIFO without a writer would hold that up, and one with a reader would be taken from it.
  if (::stat(path.c_str(), &status) != 0) return io::os_error("cannot look at", path, errno);
  walked.is_regular = S_ISREG(status.st_mode);
  if (!walked.is_regular) return walked;
  walked.file = io::Descriptor(::open(path.c_str(), access | O_CLOEXEC));
  if (!walked.file.valid()) return io::os_error("cannot open", path, errno);
  walked.size = static_cast<std::uint64_t>(status.st_size);
  RowWalk walk(form);
  const auto whole = path.ends_with(".zst") ? walk_zstd(walked.file.get(), walked.size, path, walk) : walk_plain(walked.file.get(), path, walk);
  if (!whole) return whole.error();
  walked.whole = *whole;
  walked.found = walk.found();
  walked.found.bytes_cut = walked.size - *whole;
  return walked;
}

}  // namespace

bool FileForm::is_whole_record(std::string_view record) noexcept {
  std::uint32_t check[check_bytes / sizeof(std::uint32_t)];
  const std::string_view checked = record.substr(0, record.size() - sizeof check);
  std::memcpy(check, record.data() + checked.size(), sizeof check);
  return check[0] == crc32c(std::as_bytes(std::span(checked))) && check[1] == 0;
}

Result<Continuation> find_whole_rows(const std::string& path, const FileForm& form) {
  if (::access(path.c_str(), F_OK) != 0) return Continuation{};
  auto walked = walk_file(path, form, O_RDONLY);
  if (!walked) return std::move(walked).error();
  return walked->found;
}

Result<Continuation> cut_to_whole_rows(const std::string& path, const FileForm& form, std::string_view start) {
  auto walked = walk_file(path, form, O_RDWR);
  if (!walked) return std::move(walked).error();
  if (!walked->is_regular) return Continuation{};
  const int file = walked->file.get();
  if (walked->whole == 0 && walked->size > 0) {
    if (auto ours = check_torn_start(file, path, form, start); !ours) return std::move(ours).error();
  }
  if (walked->whole < walked->size && ::ftruncate(file, static_cast<off_t>(walked->whole)) != 0) return io::os_error("cannot cut", path, errno);
  return walked->found;
}

}  // namespace pawl::csv
