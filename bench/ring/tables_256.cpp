#include "ring/tables_inline.hpp"

template struct pawl::bench::Tables<256>;
