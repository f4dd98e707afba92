// SPDX-License-Identifier: Apache-2.0
#include "app/scratch_files.h"

#include <utility>

namespace tidemark::app {
namespace {

class ScratchFile final : public AppendFile {
 public:
  explicit ScratchFile(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {}
  Result<void> Append(std::span<const std::byte> bytes) override { return file_->Append(bytes); }
  Result<void> Sync() override { return {}; }
  uint64_t size() const override { return file_->size(); }

 private:
  const std::unique_ptr<AppendFile> file_;
};

}  // namespace

Result<std::unique_ptr<AppendFile>> ScratchFiles::OpenAppend(const std::string& path,
                                                             OpenMode mode) {
  TM_ASSIGN_OR_RETURN(auto file, fs_.OpenAppend(path, mode));
  return std::unique_ptr<AppendFile>(std::make_unique<ScratchFile>(std::move(file)));
}

}  // namespace tidemark::app
