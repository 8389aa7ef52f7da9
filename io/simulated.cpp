#include "pawl/io/simulated.hpp"

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <algorithm>

#include "pawl/io/os_error.hpp"
#include "pawl/io/simulated_file.hpp"

namespace pawl::io {
namespace {

class SimulatedLock final : public Lock {
 public:
  SimulatedLock(std::shared_ptr<SimulatedState> state, NodeId node) : state_(std::move(state)), node_(node) {}
  ~SimulatedLock() override {
    const std::lock_guard hold(state_->mutex);
    state_->locked.erase(node_);
  }

 private:
  std::shared_ptr<SimulatedState> state_;
  NodeId node_;
};

std::vector<std::byte> bytes_of(const Image& image) {
  std::vector<std::byte> bytes(image.size());
  image.read(bytes, 0);
  return bytes;
}

// Why a file cannot be opened there; 0 if it can.
int open_obstacle(const SimulatedState& state, const SimulatedState::Place& place, Access access) {
  if (place.node != no_node && state.is_directory(place.node)) return EISDIR;
  if (place.node != no_node) return access == Access::create_new ? EEXIST : 0;
  return place.directory != no_node && access == Access::create_new ? 0 : ENOENT;
}

NodeId make_file(SimulatedState& state, const SimulatedState::Place& place) {
  const NodeId id = state.new_node();
  state.files[id];
  state.change_entry({.stamp = 0, .node = id, .from = no_node, .from_name = {}, .to = place.directory, .to_name = place.name});
  return id;
}

std::vector<Fate> fates_for(const PowerCut& cut, std::size_t count) {
  std::vector<Fate> fates(count, cut.policy == PowerCut::Policy::keep_all ? Fate::landed : Fate::lost);
  Random random(cut.seed);
  // How much lands differs from cut to cut, or nearly every crash state would hold about a half of everything.
  const std::uint64_t landed = random.below(1001);
  const std::uint64_t garbage = cut.policy == PowerCut::Policy::torn ? random.below(501) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (cut.policy == PowerCut::Policy::prefix) fates[i] = i < cut.kept ? Fate::landed : Fate::lost;
    if (cut.policy != PowerCut::Policy::subset && cut.policy != PowerCut::Policy::torn) continue;
    if (random.below(1000) < landed) fates[i] = Fate::landed;
    if (random.below(1000) < garbage) fates[i] = Fate::garbage;
  }
  return fates;
}

std::shared_ptr<SimulatedState> copy_of(const SimulatedState& state, std::uint64_t salt) {
  return std::make_shared<SimulatedState>(state, state.options.seed + salt);
}

std::shared_ptr<SimulatedState> cut_power(const SimulatedState& state, const std::vector<CrashChoice>& choices,
                                          std::span<const Fate> fates, std::uint64_t garbage_seed) {
  PAWL_ASSERT(fates.size() == choices.size());
  auto copy = copy_of(state, garbage_seed);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    Random random(garbage_seed + i);  // of its own: garbage in one place is the same whatever became of the others
    if (fates[i] != Fate::lost) copy->land(choices[i], fates[i] == Fate::garbage ? &random : nullptr);
  }
  copy->lose_power();
  return copy;
}

// Of the tree below a directory, names in order.
std::uint64_t fingerprint_of(const SimulatedState& state, NodeId directory, const std::string& path, std::string_view under, std::uint64_t hash) {
  for (const auto& [name, node] : state.directories.at(directory).entries) {
    const std::string below = path + "/" + name;
    if (!below.starts_with(under) && !under.starts_with(below)) continue;
    hash = XXH3_64bits_withSeed(below.data(), below.size(), hash);
    if (state.is_directory(node)) {
      hash = fingerprint_of(state, node, below, under, hash);
      continue;
    }
    const std::uint64_t content = state.files.at(node).device().fingerprint();
    hash = XXH3_64bits_withSeed(&content, sizeof content, hash);
  }
  return hash;
}

}  // namespace

SimulatedDisk::SimulatedDisk(const SimulatedOptions& options) : state_(std::make_shared<SimulatedState>(options)) {}
SimulatedDisk::SimulatedDisk(std::shared_ptr<SimulatedState> state) : state_(std::move(state)) {}
SimulatedDisk::~SimulatedDisk() = default;

Result<std::unique_ptr<File>> SimulatedDisk::open(const std::string& path, const OpenOptions& options) {
  const std::lock_guard hold(state_->mutex);
  const char* operation = options.access == Access::create_new ? "cannot create" : "cannot open";
  if (const int failed = state_->begin_or_errno(Operation::open, path); failed != 0) return os_error(operation, path, failed);
  const auto place = state_->find(path);
  if (const int failed = open_obstacle(*state_, place, options.access); failed != 0) return os_error(operation, path, failed);
  const NodeId node = place.node != no_node ? place.node : make_file(*state_, place);
  return std::unique_ptr<File>(new SimulatedFile(state_, node, path, options));
}

Result<std::unique_ptr<Lock>> SimulatedDisk::lock(const std::string& path) {
  const std::lock_guard hold(state_->mutex);
  int failed = state_->begin_or_errno(Operation::lock, path);
  const auto place = state_->find(path);
  if (failed == 0) failed = open_obstacle(*state_, place, place.node != no_node ? Access::read : Access::create_new);
  if (failed == 0 && place.node != no_node && state_->locked.contains(place.node)) failed = EWOULDBLOCK;
  if (failed != 0) return os_error("cannot lock", path, failed);
  const NodeId node = place.node != no_node ? place.node : make_file(*state_, place);
  state_->locked.insert(node);
  return std::unique_ptr<Lock>(new SimulatedLock(state_, node));
}

Result<std::vector<std::string>> SimulatedDisk::list(const std::string& directory) {
  const std::lock_guard hold(state_->mutex);
  int failed = state_->begin_or_errno(Operation::list, directory);
  const NodeId node = state_->find(directory).node;
  if (failed == 0 && node == no_node) failed = ENOENT;
  if (failed == 0 && !state_->is_directory(node)) failed = ENOTDIR;
  if (failed != 0) return os_error("cannot list", directory, failed);
  std::vector<std::string> names;
  for (const auto& entry : state_->directories.at(node).entries) names.push_back(entry.first);
  return names;
}

Result<bool> SimulatedDisk::exists(const std::string& path) {
  const std::lock_guard hold(state_->mutex);
  if (const int failed = state_->begin_or_errno(Operation::open, path); failed != 0) return os_error("cannot look up", path, failed);
  return state_->find(path).node != no_node;
}

Result<void> SimulatedDisk::make_directory(const std::string& path) {
  const std::lock_guard hold(state_->mutex);
  int failed = state_->begin_or_errno(Operation::make_directory, path);
  const auto place = state_->find(path);
  if (failed == 0 && place.node != no_node && state_->is_directory(place.node)) return {};
  if (failed == 0 && place.node != no_node) failed = EEXIST;
  if (failed == 0 && place.directory == no_node) failed = ENOENT;
  if (failed != 0) return os_error("cannot make directory", path, failed);
  const NodeId id = state_->new_node();
  state_->directories[id];
  state_->change_entry({.stamp = 0, .node = id, .from = no_node, .from_name = {}, .to = place.directory, .to_name = place.name});
  return {};
}

Result<void> SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard hold(state_->mutex);
  int failed = state_->begin_or_errno(Operation::rename, from);
  const auto source = state_->find(from);
  const auto target = state_->find(to);
  if (failed == 0 && (source.node == no_node || target.directory == no_node)) failed = ENOENT;
  if (failed == 0 && (state_->is_directory(source.node) || state_->is_directory(target.node))) failed = EISDIR;
  if (failed != 0) return os_error("cannot rename " + from + " to", to, failed);
  state_->change_entry({.stamp = 0,
                        .node = source.node,
                        .from = source.directory,
                        .from_name = source.name,
                        .to = target.directory,
                        .to_name = target.name});
  return {};
}

Result<void> SimulatedDisk::remove(const std::string& path) {
  const std::lock_guard hold(state_->mutex);
  int failed = state_->begin_or_errno(Operation::remove, path);
  const auto place = state_->find(path);
  if (failed == 0 && place.node == no_node) failed = ENOENT;
  if (failed == 0 && state_->is_directory(place.node)) failed = EISDIR;
  if (failed != 0) return os_error("cannot remove", path, failed);
  state_->change_entry({.stamp = 0, .node = place.node, .from = place.directory, .from_name = place.name, .to = no_node, .to_name = {}});
  return {};
}

Result<void> SimulatedDisk::sync_directory(const std::string& path) {
  const std::lock_guard hold(state_->mutex);
  int failed = state_->begin_or_errno(Operation::sync_directory, path);
  const NodeId node = state_->find(path).node;
  if (failed == 0 && node == no_node) failed = ENOENT;
  if (failed == 0 && !state_->is_directory(node)) failed = ENOTDIR;
  if (failed != 0) return os_error("cannot sync directory", path, failed);
  ++state_->counters.directory_syncs;
  state_->sync_directory(node);
  state_->collect();
  return {};
}

Result<std::uint64_t> SimulatedDisk::free_bytes(const std::string& path) {
  const std::lock_guard hold(state_->mutex);
  if (state_->off) return os_error("cannot ask for the free space of", path, EIO);
  if (state_->find(path).node == no_node) return os_error("cannot ask for the free space of", path, ENOENT);
  const std::uint64_t capacity = std::min(state_->options.capacity_bytes, std::uint64_t{1} << 40);
  return capacity - std::min(capacity, state_->used_bytes());
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::after_power_cut(const PowerCut& cut) const {
  const std::lock_guard hold(state_->mutex);
  const auto choices = state_->choices();
  return std::unique_ptr<SimulatedDisk>(new SimulatedDisk(cut_power(*state_, choices, fates_for(cut, choices.size()), cut.seed)));
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::after_power_cut(std::span<const Fate> fates, std::uint64_t garbage_seed) const {
  const std::lock_guard hold(state_->mutex);
  return std::unique_ptr<SimulatedDisk>(new SimulatedDisk(cut_power(*state_, state_->choices(), fates, garbage_seed)));
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::after_process_death() const {
  const std::lock_guard hold(state_->mutex);
  auto copy = copy_of(*state_, 1);
  for (auto& [id, node] : copy->files) {
    while (!node.in_flight.empty()) static_cast<void>(copy->complete(node, 0));
  }
  copy->counters = {};
  copy->collect();
  return std::unique_ptr<SimulatedDisk>(new SimulatedDisk(std::move(copy)));
}

std::vector<Unsynced> SimulatedDisk::unsynced() const {
  const std::lock_guard hold(state_->mutex);
  const auto names = state_->names();
  std::vector<Unsynced> all;
  for (const CrashChoice& choice : state_->choices()) {
    const auto name = names.find(choice.node);
    const std::string path = name == names.end() ? std::string() : name->second;
    const bool is_sector = choice.piece && choice.piece->kind == UnsyncedPiece::Kind::sectors;
    const auto kind = choice.entry ? Unsynced::Kind::entry : is_sector ? Unsynced::Kind::sector : Unsynced::Kind::size;
    all.push_back({kind, path, is_sector ? choice.piece->offset : 0});
  }
  return all;
}

void SimulatedDisk::watch(std::function<void()> look) {
  const std::lock_guard hold(state_->mutex);
  state_->look = std::move(look);
}

void SimulatedDisk::power_off() {
  const std::lock_guard hold(state_->mutex);
  state_->off = true;
}

void SimulatedDisk::add_fault(const Fault& fault) {
  const std::lock_guard hold(state_->mutex);
  state_->faults.add(fault);
}

void SimulatedDisk::clear_faults() {
  const std::lock_guard hold(state_->mutex);
  state_->faults.clear();
}

void SimulatedDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard hold(state_->mutex);
  state_->options.capacity_bytes = bytes;
}

void SimulatedDisk::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  const std::lock_guard hold(state_->mutex);
  SimulatedNode& node = state_->file_at(path);
  PAWL_ASSERT(offset < node.size());
  std::byte value{};
  node.device().read({&value, 1}, offset);
  value ^= std::byte{1} << bit;
  node.damage({&value, 1}, offset);
}

void SimulatedDisk::overwrite(const std::string& path, std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::lock_guard hold(state_->mutex);
  SimulatedNode& node = state_->file_at(path);
  PAWL_ASSERT(offset + bytes.size() <= node.size());
  node.damage(bytes, offset);
}

void SimulatedDisk::make_unreadable(const std::string& path, std::uint64_t offset, std::uint64_t bytes) {
  const std::lock_guard hold(state_->mutex);
  SimulatedNode& node = state_->file_at(path);
  PAWL_ASSERT(offset % sector_bytes == 0);
  PAWL_ASSERT(bytes % sector_bytes == 0);
  PAWL_ASSERT(offset < node.size());
  node.unreadable.emplace_back(offset, bytes);
}

SimulatedCounters SimulatedDisk::counters() const {
  const std::lock_guard hold(state_->mutex);
  return state_->counters;
}

std::vector<std::byte> SimulatedDisk::content(const std::string& path) const {
  const std::lock_guard hold(state_->mutex);
  return bytes_of(state_->file_at(path).device());
}

std::uint64_t SimulatedDisk::fingerprint(std::string_view under) const {
  const std::lock_guard hold(state_->mutex);
  return fingerprint_of(*state_, root_node, std::string(), under, 0);
}

struct CrashStates::Moment {
  std::shared_ptr<SimulatedState> base;  // holds nothing but what is durable
  std::vector<CrashChoice> choices;
};

CrashStates::CrashStates(const SimulatedDisk& disk) {
  const std::lock_guard hold(disk.state_->mutex);
  auto moment = std::make_unique<Moment>();
  moment->choices = disk.state_->choices();
  moment->base = copy_of(*disk.state_, 1);
  for (auto& [id, node] : moment->base->files) node.keep_durable_alone();
  for (auto& [id, directory] : moment->base->directories) directory.entries.clear();
  moment->base->unsynced_entries.clear();
  moment_ = std::move(moment);
}

CrashStates::~CrashStates() = default;

std::unique_ptr<SimulatedDisk> CrashStates::after(std::span<const Fate> fates, std::uint64_t garbage_seed) const {
  return std::unique_ptr<SimulatedDisk>(new SimulatedDisk(cut_power(*moment_->base, moment_->choices, fates, garbage_seed)));
}

}  // namespace pawl::io
