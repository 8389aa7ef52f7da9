# `cmake --install`: libraries, headers as include/pawl/<layer>/..., the CMake package, and what executables add for themselves.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/pawl)
install(TARGETS core io journal EXPORT pawl ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(layer core io journal)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/${layer}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pawl/${layer} FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(EXPORT pawl NAMESPACE pawl:: FILE pawlTargets.cmake DESTINATION ${package_directory})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/pawlConfig.cmake.in ${CMAKE_BINARY_DIR}/pawlConfig.cmake
  INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/pawlConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/pawlConfig.cmake ${CMAKE_BINARY_DIR}/pawlConfigVersion.cmake DESTINATION ${package_directory})
