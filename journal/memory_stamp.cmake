# Writes OUTPUT, a header with the SHA-256 of all SOURCES.
set(hashes "")
foreach(source ${SOURCES})
  file(SHA256 ${source} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
file(WRITE ${OUTPUT} "#pragma once\n\nnamespace pawl::journal {\n\ninline constexpr const char* memory_stamp = \"${hash}\";\n\n}  // namespace pawl::journal\n")
