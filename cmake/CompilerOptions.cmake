# Language level, warnings and the options that keep floating-point sums exact (docs/decisions/0003-exact-sums.md).
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")

option(TM_WERROR "Treat warnings as errors" OFF)

add_library(tm_options INTERFACE)
target_compile_options(tm_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wcast-qual
  -Wnon-virtual-dtor -Wundef -ffp-contract=off)
if(TM_WERROR)
  target_compile_options(tm_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Designated initialisers leave the members that have defaults to them; -Wconversion of g++ has no
  # -Wsign-conversion in it, and both compilers are to agree.
  target_compile_options(tm_options INTERFACE -Wthread-safety -Wno-missing-field-initializers
    -Wno-sign-conversion)
else()
  # g++ 12 reports these inside its own headers at -O2 (std::string, std::variant): false positives.
  target_compile_options(tm_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized
    -Wno-missing-field-initializers)
endif()
find_package(Threads REQUIRED)
target_link_libraries(tm_options INTERFACE Threads::Threads)
