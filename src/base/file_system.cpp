// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include "base/bytes.h"

namespace tidemark {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> WriteAndSync(FileSystem& fs, const std::string& path, std::string_view contents) {
  TM_ASSIGN_OR_RETURN(const auto file, fs.OpenAppend(path, OpenMode::kTruncate));
  TM_RETURN_IF_ERROR(file->Append(AsBytes(contents)));
  return file->Sync();
}

}  // namespace

Result<void> WriteFileAtomically(FileSystem& fs, const std::string& path,
                                 std::string_view contents) {
  const std::string temporary = path + ".tmp";
  auto written = WriteAndSync(fs, temporary, contents);
  if (written.ok()) written = fs.Rename(temporary, path);
  if (!written.ok()) {
    // Only tidying: the next call truncates what is left.
    if (const auto removed = fs.Remove(temporary); !removed.ok()) return written;
    return written;
  }
  return fs.SyncDir(FolderOf(path));
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  std::string out(folder);
  if (!out.empty() && out.back() != '/') out.push_back('/');
  out += name;
  return out;
}

}  // namespace tidemark
