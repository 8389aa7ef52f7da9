# cmake -D BUILD= -D CONSUMER= -D STAGE= -D CXX= -P install_test.cmake
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}\nended with ${status}:\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${STAGE}/prefix ${STAGE}/build)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${STAGE}/prefix)
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${STAGE}/build -G Ninja -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${CXX}
  -D CMAKE_PREFIX_PATH=${STAGE}/prefix -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run(${CMAKE_COMMAND} --build ${STAGE}/build)
run(${STAGE}/build/consumer)
if(NOT out MATCHES "consumer: fine")
  message(FATAL_ERROR "the consumer said: ${out}")
endif()

# The installed command runs from where it was installed.
run(${STAGE}/prefix/bin/pawl --version)
if(NOT out MATCHES "^pawl [0-9]+\\.[0-9]+\\.[0-9]+")
  message(FATAL_ERROR "pawl --version said: ${out}")
endif()
