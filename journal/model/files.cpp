#include "pawl/journal/model/files.hpp"

#include <span>

#include "pawl/journal/engine/load_pipeline.hpp"
#include "pawl/journal/files.hpp"
#include "pawl/journal/hash.hpp"
#include "pawl/journal/model/parse.hpp"
#include "pawl/journal/replace_file.hpp"

namespace pawl::journal {
namespace {

constexpr const char* draft_ending = ".tmp";

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

Result<language::ModelFile> parsed(std::string bytes, const std::string& path) {
  auto model = parse_model(bytes);
  if (!model.ok()) return Error{ErrorCode::bad_data, path + " cannot be evaluated: " + model.error().text};
  return language::ModelFile{std::make_shared<const model::Model>(*std::move(model)), std::move(bytes)};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const auto byte : Hasher().sha_256({bytes_of(bytes)})) {
    const auto value = static_cast<unsigned>(byte);
    hex += {digits[value >> 4], digits[value & 15]};
  }
  return hex;
}

std::string kept_model_path(const std::string& directory, const std::string& sha256) { return join(join(directory, models_name), sha256); }

std::string DiskModelFiles::place_of(const std::string& path) const {
  if (path.starts_with('/')) return path;
  const std::size_t slash = beside_.rfind('/');
  return slash == std::string::npos ? path : beside_.substr(0, slash + 1) + path;
}

Result<language::ModelFile> DiskModelFiles::load(const std::string& path, const std::string& sha256) {
  auto found = find(path, sha256);
  return found.ok() ? parsed(std::move(found->bytes), found->place) : std::move(found).error();
}

Result<std::string> DiskModelFiles::bytes(const std::string& path, const std::string& sha256) {
  auto found = find(path, sha256);
  if (!found.ok()) return std::move(found).error();
  return std::move(found->bytes);
}

Result<DiskModelFiles::Found> DiskModelFiles::find(const std::string& path, const std::string& sha256) const {
  if (!directory_.empty()) {
    const std::string kept = kept_model_path(directory_, sha256);
    auto bytes = read_text(disk_, kept, model_bytes_max);
    if (bytes.ok() && sha256_hex(*bytes) == sha256) return Found{*std::move(bytes), kept};
  }
  const std::string place = place_of(path), by_hash = place_of(sha256);
  auto bytes = read_text(disk_, place, model_bytes_max);
  if (bytes.ok() && sha256_hex(*bytes) == sha256) return Found{*std::move(bytes), place};
  if (auto other = read_text(disk_, by_hash, model_bytes_max); other.ok() && sha256_hex(*other) == sha256) return Found{*std::move(other), by_hash};
  if (!bytes.ok()) return Error{bytes.error().code, bytes.error().text + (directory_.empty() ? std::string() : std::string("; the journal in ") + directory_ + " has no sound copy of it either")};
  return Error{ErrorCode::usage, place + " has the SHA-256 " + sha256_hex(*bytes) + ", not the one that the pipeline names: it is another file. If it is the right one, write its SHA-256"};
}

std::vector<NamedFile> files_of(const language::Pipeline& pipeline) {
  std::vector<NamedFile> files;
  for (const language::Model& model : pipeline.models) files.push_back({&model.path, &model.sha256, &model.bytes});
  for (const language::Map& map : pipeline.maps) {
    if (!map.path.empty()) files.push_back({&map.path, &map.sha256, &map.bytes});
  }
  return files;
}

Result<void> keep_models(io::Disk& disk, const std::string& directory, const language::Pipeline& pipeline) {
  const std::vector<NamedFile> files = files_of(pipeline);
  if (files.empty()) return {};
  const std::string models = join(directory, models_name);
  if (auto made = disk.make_directory(models); !made.ok()) return made;
  for (const NamedFile& file : files) {
    const std::string path = kept_model_path(directory, *file.sha256);
    const auto there = read_text(disk, path, model_bytes_max);
    if (there.ok() && *there == *file.bytes) continue;
    if (auto written = replace_file(disk, path, path + draft_ending, bytes_of(*file.bytes)); !written.ok()) return written;
  }
  if (auto synced = disk.sync_directory(models); !synced.ok()) return synced;
  return disk.sync_directory(directory);
}

Result<void> copy_models(io::Disk& disk, const std::string& from, const std::string& to) {
  auto there = disk.exists(join(from, models_name));
  if (!there.ok() || !*there) return {};
  auto names = disk.list(join(from, models_name));
  if (!names.ok()) return std::move(names).error();
  if (auto made = disk.make_directory(join(to, models_name)); !made.ok()) return made;
  for (const std::string& name : *names) {
    if (name.ends_with(draft_ending)) continue;
    auto bytes = read_text(disk, kept_model_path(from, name), model_bytes_max);
    if (!bytes.ok()) return std::move(bytes).error();
    if (auto written = replace_file(disk, kept_model_path(to, name), kept_model_path(to, name) + draft_ending, bytes_of(*bytes)); !written.ok()) return written;
  }
  return disk.sync_directory(join(to, models_name));
}

}  // namespace pawl::journal
