// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <algorithm>

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

Result<void> CopyFile(FileSystem& fs, const std::string& from, const std::string& to,
                      uint64_t bytes) {
  constexpr size_t kPieceBytes = size_t{1} << 20U;
  TM_ASSIGN_OR_RETURN(const auto in, fs.OpenRead(from));
  TM_ASSIGN_OR_RETURN(const auto out, fs.OpenAppend(to, OpenMode::kCreateNew));
  std::string piece(static_cast<size_t>(std::min<uint64_t>(kPieceBytes, bytes)), '\0');
  for (uint64_t at = 0; at < bytes;) {
    const auto want = static_cast<size_t>(std::min<uint64_t>(piece.size(), bytes - at));
    TM_ASSIGN_OR_RETURN(const size_t got,
                        in->ReadAt(at, std::as_writable_bytes(std::span(piece).first(want))));
    if (got == 0) break;
    TM_RETURN_IF_ERROR(out->Append(std::as_bytes(std::span(piece).first(got))));
    at += got;
  }
  return out->Sync();
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  std::string out(folder);
  if (!out.empty() && out.back() != '/') out.push_back('/');
  out += name;
  return out;
}

}  // namespace tidemark
