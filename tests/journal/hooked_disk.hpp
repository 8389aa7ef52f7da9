// A simulated disk that does something else in the middle of an operation: what another thread would, at the worst moment. Unlike
// SimulatedDisk::watch, the hook may use the disk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pawl/io/simulated.hpp"

namespace pawl::world {

class HookedDisk final : public io::Disk {
 public:
  // Called before each operation on a path; not from within itself.
  using Hook = std::function<void(io::Operation operation, const std::string& path)>;

  explicit HookedDisk(io::SimulatedDisk& disk) : disk_(disk) {}
  void set_hook(Hook hook) { hook_ = std::move(hook); }

  Result<std::unique_ptr<io::File>> open(const std::string& path, const io::OpenOptions& options) override { return call(io::Operation::open, path), disk_.open(path, options); }
  Result<std::unique_ptr<io::Lock>> lock(const std::string& path) override { return call(io::Operation::lock, path), disk_.lock(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return call(io::Operation::list, path), disk_.list(path); }
  Result<bool> exists(const std::string& path) override { return call(io::Operation::open, path), disk_.exists(path); }
  Result<void> make_directory(const std::string& path) override { return call(io::Operation::make_directory, path), disk_.make_directory(path); }
  Result<void> rename(const std::string& from, const std::string& to) override { return call(io::Operation::rename, from), disk_.rename(from, to); }
  Result<void> remove(const std::string& path) override { return call(io::Operation::remove, path), disk_.remove(path); }
  Result<void> sync_directory(const std::string& path) override { return call(io::Operation::sync_directory, path), disk_.sync_directory(path); }
  Result<std::uint64_t> free_bytes(const std::string& path) override { return disk_.free_bytes(path); }
  [[nodiscard]] std::string_view backend() const override { return disk_.backend(); }
  [[nodiscard]] std::string notice() const override { return disk_.notice(); }

 private:
  void call(io::Operation operation, const std::string& path) {
    if (!hook_ || inside_) return;
    inside_ = true;
    hook_(operation, path);
    inside_ = false;
  }

  io::SimulatedDisk& disk_;
  Hook hook_;
  bool inside_ = false;
};

}  // namespace pawl::world
