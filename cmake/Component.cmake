# tm_component(NAME log DEPS base catalog SOURCES segment.cpp ... [HEADERS segment.h ...]
#              [LIBS OpenSSL::Crypto ...] [TESTS segment_test.cpp ...] [TEST_DEPS sql ...]
#              [TESTING testing/fake.cpp ...] [BENCHES segment_bench.cpp ...])
#
# One per folder. Makes the library tm_<name>, the test program <name>_test (ctest names
# <Suite>.<Test>, label `unit`; *_model_test.cpp and *_crash_test.cpp go into programs and labels of
# their own), <name>_bench, and fails on a dependency that cmake/Layers.cmake does not allow.
# LIBS are private: third-party headers do not leak through public headers.
# TESTING sources become tm_<name>_testing, which only tests and benches may link.
function(tm_component)
  cmake_parse_arguments(C "" "NAME" "DEPS;SOURCES;HEADERS;LIBS;TESTS;TEST_DEPS;TESTING;TESTING_DEPS;BENCHES" ${ARGN})
  if(NOT "${C_NAME}" IN_LIST TM_LAYERS)
    message(FATAL_ERROR "tm_component: '${C_NAME}' is not in cmake/Layers.cmake")
  endif()
  foreach(dep IN LISTS C_DEPS)
    if(NOT "${dep}" IN_LIST TM_LAYER_${C_NAME})
      message(FATAL_ERROR "layer check: ${C_NAME} may not use ${dep} (cmake/Layers.cmake)")
    endif()
  endforeach()
  list(TRANSFORM C_DEPS PREPEND tm_ OUTPUT_VARIABLE deps)

  set(lib tm_${C_NAME})
  add_library(${lib} STATIC ${C_SOURCES})
  target_sources(${lib} PUBLIC FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}/src" FILES ${C_HEADERS})
  set_target_properties(${lib} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_include_directories(${lib} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(${lib} PUBLIC ${deps} PRIVATE tm_options ${C_LIBS})

  if(NOT TM_WITH_TESTS)
    return()
  endif()
  if(C_TESTING)
    list(TRANSFORM C_TESTING_DEPS PREPEND tm_ OUTPUT_VARIABLE testing_deps)
    add_library(${lib}_testing STATIC ${C_TESTING})
    target_link_libraries(${lib}_testing PUBLIC ${lib} ${testing_deps} PRIVATE tm_options ${C_LIBS} GTest::gtest)
  endif()

  list(TRANSFORM C_TEST_DEPS PREPEND tm_ OUTPUT_VARIABLE test_deps)
  set(unit ${C_TESTS})
  list(FILTER unit EXCLUDE REGEX "_(model|crash)_test\\.cpp$")
  set(groups "")
  if(unit)
    tm_test_program(${C_NAME}_test unit ${lib} "${test_deps};${C_LIBS}" ${unit})
  endif()
  foreach(kind model crash)
    set(some ${C_TESTS})
    list(FILTER some INCLUDE REGEX "_${kind}_test\\.cpp$")
    if(some)
      tm_test_program(${C_NAME}_${kind}_test ${kind} ${lib} "${test_deps};${C_LIBS}" ${some})
    endif()
  endforeach()

  if(C_BENCHES AND TM_WITH_BENCHES)
    add_executable(${C_NAME}_bench ${C_BENCHES})
    target_link_libraries(${C_NAME}_bench PRIVATE ${lib} ${test_deps} tm_options ${C_LIBS} benchmark::benchmark_main)
    set_target_properties(${C_NAME}_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench" EXCLUDE_FROM_ALL ON)
    set_property(GLOBAL APPEND PROPERTY TM_BENCHES ${C_NAME}_bench)
  endif()
endfunction()

# A GoogleTest program whose tests are discovered when ctest runs.
function(tm_test_program name label lib extra)
  add_executable(${name} ${ARGN})
  if(TARGET ${lib}_testing)
    target_link_libraries(${name} PRIVATE ${lib}_testing)
  endif()
  target_link_libraries(${name} PRIVATE ${lib} ${extra} tm_options GTest::gmock GTest::gtest_main)
  if("${label}" STREQUAL "unit" AND CMAKE_BUILD_TYPE STREQUAL "Release")
    # Each runs for milliseconds and compiles for seconds; -O1 is a fifth less of it than -O2.
    target_compile_options(${name} PRIVATE -O1)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT 300)
endfunction()
