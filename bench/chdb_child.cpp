// SPDX-License-Identifier: Apache-2.0
// ClickHouse for the benchmarks: chdb_child LIBRARY DATA_DIR. A process of its own, because the
// library is half a gigabyte, brings its own allocator and threads, and must not share our process.
// A request on stdin is one line, "FORMAT<tab>QUERY"; the answer on stdout is a line
// "ok SECONDS BYTES" or "error 0 BYTES" and then that many bytes.
#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

// The package has no header. These are the prototypes of its C interface, checked against
// the exported symbols of version 26.5.3.
extern "C" {
struct ChdbConnectionData;
using ChdbConnection = ChdbConnectionData*;
struct ChdbResult;
using ChdbConnect = ChdbConnection* (*)(int argc, char** argv);
using ChdbCloseConnection = void (*)(ChdbConnection* connection);
using ChdbQuery = ChdbResult* (*)(ChdbConnection connection, const char* query, const char* format);
using ChdbDestroyResult = void (*)(ChdbResult* result);
using ChdbResultBuffer = char* (*)(ChdbResult* result);
using ChdbResultLength = size_t (*)(ChdbResult* result);
using ChdbResultError = const char* (*)(ChdbResult* result);
using ChdbSetSignalHandlers = void (*)(int enabled);
}

namespace {

struct Library {
  ChdbConnect connect = nullptr;
  ChdbCloseConnection close = nullptr;
  ChdbQuery query = nullptr;
  ChdbDestroyResult destroy = nullptr;
  ChdbResultBuffer buffer = nullptr;
  ChdbResultLength length = nullptr;
  ChdbResultError error = nullptr;
};

template <typename F>
bool Load(void* library, const char* name, F& out) {
  void* symbol = ::dlsym(library, name);
  static_assert(sizeof symbol == sizeof out);
  std::memcpy(&out, &symbol, sizeof out);
  return symbol != nullptr;
}

void Answer(const char* word, double seconds, const char* bytes, size_t size) {
  std::printf("%s %.9f %zu\n", word, seconds, size);
  std::fwrite(bytes, 1, size, stdout);
  std::fflush(stdout);
}

bool ReadLine(std::string& out) {
  out.clear();
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c == '\n') return true;
    out.push_back(static_cast<char>(c));
  }
  return false;
}

void Serve(const Library& chdb, ChdbConnection connection) {
  std::string line;
  while (ReadLine(line)) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) return;
    const std::string format = line.substr(0, tab);
    const auto start = std::chrono::steady_clock::now();
    ChdbResult* const result = chdb.query(connection, line.c_str() + tab + 1, format.c_str());
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const char* const error = result == nullptr ? "no result" : chdb.error(result);
    if (error != nullptr && *error != '\0') {
      Answer("error", 0, error, std::strlen(error));
    } else {
      Answer("ok", seconds, chdb.buffer(result), chdb.length(result));
    }
    if (result != nullptr) chdb.destroy(result);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  void* const library = ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    return 1;
  }
  Library chdb;
  if (!Load(library, "chdb_connect", chdb.connect) ||
      !Load(library, "chdb_close_conn", chdb.close) || !Load(library, "chdb_query", chdb.query) ||
      !Load(library, "chdb_destroy_query_result", chdb.destroy) ||
      !Load(library, "chdb_result_buffer", chdb.buffer) ||
      !Load(library, "chdb_result_length", chdb.length) ||
      !Load(library, "chdb_result_error", chdb.error)) {
    std::fprintf(stderr, "%s: a symbol is missing\n", argv[1]);
    return 1;
  }
  ChdbSetSignalHandlers set_signal_handlers = nullptr;
  if (Load(library, "chdb_set_signal_handlers_enabled", set_signal_handlers)) {
    set_signal_handlers(0);
  }
  std::string name = "clickhouse";
  std::string path = "--path=" + std::string(argv[2]);
  char* arguments[] = {name.data(), path.data()};
  ChdbConnection* const connection = chdb.connect(2, arguments);
  if (connection == nullptr) {
    std::fprintf(stderr, "no connection to %s\n", argv[2]);
    return 1;
  }
  Answer("ok", 0, "", 0);
  Serve(chdb, *connection);
  chdb.close(connection);
  std::fflush(nullptr);
  ::_exit(0);  // its threads and static destructors need not be waited for
}
