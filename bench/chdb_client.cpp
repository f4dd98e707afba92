// SPDX-License-Identifier: Apache-2.0
#include "chdb_client.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/check.h"

namespace tidemark {

std::optional<std::string> ChdbClient::FindLibrary() {
  const char* const named = std::getenv("TM_CHDB_LIBRARY");
  const std::string path = named != nullptr ? named : TM_CHDB_LIBRARY_PATH;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

ChdbClient::ChdbClient(std::string library, std::string data_dir)
    : library_(std::move(library)), data_dir_(std::move(data_dir)) {
  Start();
}

ChdbClient::~ChdbClient() { Stop(); }

void ChdbClient::Start() {
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "chdb_child").string();
  int to_child[2];
  int from_child[2];
  TM_CHECK(::pipe2(to_child, O_CLOEXEC) == 0 && ::pipe2(from_child, O_CLOEXEC) == 0);
  child_ = ::fork();
  TM_CHECK(child_ >= 0);
  if (child_ == 0) {
    ::dup2(to_child[0], STDIN_FILENO);
    ::dup2(from_child[1], STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), library_.c_str(), data_dir_.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(to_child[0]);
  ::close(from_child[1]);
  requests_ = ::fdopen(to_child[1], "w");
  replies_ = ::fdopen(from_child[0], "r");
  TM_CHECK(requests_ != nullptr && replies_ != nullptr);
  ReadReply("start");
}

void ChdbClient::Stop() {
  std::fclose(requests_);
  int status = 0;
  ::waitpid(child_, &status, 0);
  std::fclose(replies_);
}

void ChdbClient::Restart(const std::function<void()>& between) {
  Stop();
  between();
  Start();
}

ChdbClient::Reply ChdbClient::ReadReply(const std::string& sql) {
  char word[8] = "";
  Reply reply;
  size_t size = 0;
  if (std::fscanf(replies_, "%7s %lf %zu", word, &reply.seconds, &size) != 3 ||
      std::fgetc(replies_) != '\n') {
    std::fprintf(stderr, "chdb_child ended at: %s\n", sql.c_str());
    std::abort();
  }
  reply.bytes.resize(size);
  TM_CHECK(std::fread(reply.bytes.data(), 1, size, replies_) == size);
  if (std::string(word) != "ok") {
    std::fprintf(stderr, "%s\n%s\n", sql.c_str(), reply.bytes.c_str());
    std::abort();
  }
  return reply;
}

ChdbClient::Reply ChdbClient::Ask(const std::string& format, const std::string& sql) {
  TM_CHECK(sql.find('\n') == std::string::npos);
  std::fprintf(requests_, "%s\t%s\n", format.c_str(), sql.c_str());
  std::fflush(requests_);
  return ReadReply(sql);
}

double ChdbClient::Run(const std::string& sql) { return Ask("Null", sql).seconds; }

std::vector<std::vector<std::string>> ChdbClient::Query(const std::string& sql) {
  const Reply reply = Ask("TabSeparated", sql);
  std::vector<std::vector<std::string>> rows;
  for (size_t at = 0; at < reply.bytes.size();) {
    const size_t end = std::min(reply.bytes.find('\n', at), reply.bytes.size());
    auto& cells = rows.emplace_back();
    for (size_t cell = at; cell <= end;) {
      const size_t stop = std::min(reply.bytes.find('\t', cell), end);
      cells.push_back(reply.bytes.substr(cell, stop - cell));
      cell = stop + 1;
    }
    at = end + 1;
  }
  return rows;
}

}  // namespace tidemark
