# Everything comes from Debian 12 packages, DuckDB from npm (docs/decisions/0002-dependencies.md).
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
# The server is built without GoogleTest and Google Benchmark where they are not installed (`make demo`).
set(TM_TESTS AUTO CACHE STRING "Build tests and benchmarks: ON, OFF, or AUTO (where their libraries are installed)")
set(TM_WITH_TESTS OFF)
set(TM_WITH_BENCHES OFF)
if(TM_TESTS STREQUAL "AUTO")
  find_package(GTest QUIET)
  find_package(benchmark QUIET)
elseif(TM_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
if(GTest_FOUND AND TM_TESTS)
  set(TM_WITH_TESTS ON)
  if(benchmark_FOUND)
    set(TM_WITH_BENCHES ON)
  endif()
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(roaring REQUIRED CONFIG)
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)

set(DUCKDB_ROOT "${CMAKE_SOURCE_DIR}/third_party/duckdb" CACHE PATH
  "Folder with node_modules/@duckdb/node-bindings-linux-x64 and node_modules/duckdb")
set(duckdb_library "${DUCKDB_ROOT}/node_modules/@duckdb/node-bindings-linux-x64/libduckdb.so")
set(duckdb_include "${DUCKDB_ROOT}/node_modules/duckdb/src/duckdb/src/include")
if(NOT EXISTS "${duckdb_library}" OR NOT EXISTS "${duckdb_include}/duckdb.h")
  message(FATAL_ERROR "DuckDB is missing below ${DUCKDB_ROOT}: run `make deps`")
endif()
# Only the one C header is visible: the package's folder holds the whole C++ source of DuckDB.
configure_file("${duckdb_include}/duckdb.h" "${CMAKE_BINARY_DIR}/duckdb/duckdb.h" COPYONLY)
configure_file("${duckdb_library}" "${CMAKE_BINARY_DIR}/libduckdb.so" COPYONLY)
add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION "${CMAKE_BINARY_DIR}/libduckdb.so"
  INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_BINARY_DIR}/duckdb"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${CMAKE_BINARY_DIR}/duckdb")
