#include "pawl/core/base/result.hpp"

namespace pawl {

int exit_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::usage: return 64;
    case ErrorCode::bad_pipeline:
    case ErrorCode::bad_data: return 65;
    case ErrorCode::corrupt:
    case ErrorCode::missing:
    case ErrorCode::foreign:
    case ErrorCode::newer_format:
    case ErrorCode::not_initialised: return 66;
    case ErrorCode::in_use: return 75;
    case ErrorCode::not_found:
    case ErrorCode::disk_full:
    case ErrorCode::io:
    case ErrorCode::unsupported:
    case ErrorCode::failed: return 74;
  }
  return 74;
}

}  // namespace pawl
