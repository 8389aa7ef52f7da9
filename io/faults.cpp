#include "pawl/io/faults.hpp"

namespace pawl::io {

std::optional<Fault> FaultPlan::strike(Operation operation, const std::string& path) {
  std::optional<Fault> struck;
  for (Fault& fault : faults_) {
    if (fault.operation != Operation::any && fault.operation != operation) continue;
    if (path.find(fault.path_part) == std::string::npos) continue;
    if (fault.after > 0) {
      --fault.after;
    } else if (fault.times > 0 && !struck) {
      if (fault.times != Fault::for_ever) --fault.times;
      struck = fault;
    }
  }
  return struck;
}

}  // namespace pawl::io
