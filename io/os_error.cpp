#include "pawl/io/os_error.hpp"

#include <cerrno>
#include <cstring>

namespace pawl::io {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::not_found;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE: return ErrorCode::disk_full;  // all of them pass when somebody gives something back
    case EWOULDBLOCK: return ErrorCode::in_use;
    case ENOSYS:
    case EOPNOTSUPP: return ErrorCode::unsupported;
    default: return ErrorCode::io;
  }
}

// The likely cause and what cures it; empty where nothing useful can be said.
const char* advice(int error_number) {
  switch (error_number) {
    case ENOENT: return "it, or a directory on the way to it, does not exist: check the path";
    case ENOTDIR: return "a part of the path is a file, not a directory: check the path";
    case EISDIR: return "it is a directory, not a file: check the path";
    case EEXIST: return "it exists already and is never overwritten: choose another name, or move it away";
    case EACCES:
    case EPERM: return "this user may not do that: check owner and mode with 'ls -ld', or run as the owner";
    case EROFS: return "the file system is mounted read-only, often after a device error: see 'dmesg', then remount it read-write";
    case ENOSPC: return "the file system is full: free space ('df -h'), or move the directory to a larger one";
    case EDQUOT: return "the user's disk quota is used up: see 'quota'";
    case EMFILE: return "this process has too many open files: raise the limit ('ulimit -n')";
    case ENFILE: return "the whole system has too many open files: raise 'sysctl fs.file-max'";
    case ENAMETOOLONG: return "the path is too long: choose a shorter directory";
    case EIO: return "the device failed: see 'dmesg' and 'smartctl -a', and do not trust the device before you know why";
    case ENOMEM: return "the kernel is short of memory, or the limit of locked memory is too low ('ulimit -l')";
    case EWOULDBLOCK: return "another process holds it: stop that one first ('fuser -v' or 'lslocks' names it)";
    case EXDEV: return "the two paths are on different file systems: keep both in one directory";
    case ESTALE: return "the network file system lost it: use a local disk";
    default: return "";
  }
}

}  // namespace

std::string errno_name(int error_number) {
  const char* name = strerrorname_np(error_number);
  return name != nullptr ? name : "errno " + std::to_string(error_number);
}

Error os_error(std::string_view operation, const std::string& path, int error_number) {
  const char* description = strerrordesc_np(error_number);
  std::string text(operation);
  text += " " + path + ": " + (description != nullptr ? description : "unknown error") + " (" + errno_name(error_number) + ")";
  if (const char* cure = advice(error_number); *cure != '\0') text += std::string("; ") + cure;
  return {code_of(error_number), text};
}

}  // namespace pawl::io
