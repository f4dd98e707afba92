// SPDX-License-Identifier: Apache-2.0
#include "app/backup_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/json.h"

namespace tidemark::app {
namespace {

constexpr size_t kPieceBytes = 1_MiB;

struct Sum {
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
};

/// Reads the whole file; `out`, if there is one, gets the same bytes.
Result<Sum> ReadThrough(FileSystem& fs, const std::string& path, AppendFile* out) {
  TM_ASSIGN_OR_RETURN(const auto in, fs.OpenRead(path));
  std::string piece(kPieceBytes, '\0');
  Sum sum;
  while (true) {
    TM_ASSIGN_OR_RETURN(const size_t got,
                        in->ReadAt(sum.bytes, std::as_writable_bytes(std::span(piece))));
    if (got == 0) return sum;
    const std::string_view bytes = std::string_view(piece).substr(0, got);
    sum.crc32c = Crc32c(sum.crc32c, bytes);
    if (out != nullptr) TM_RETURN_IF_ERROR(out->Append(AsBytes(bytes)));
    sum.bytes += got;
  }
}

Result<bool> IsFolder(FileSystem& fs, const std::string& path) {
  // Listing is how the interface tells: a file has no names in it.
  const auto names = fs.List(path);
  if (names.ok()) return true;
  if (names.error().code == Code::kNotFound || names.error().code == Code::kIo) return false;
  return names.error();
}

Result<void> ListInto(FileSystem& fs, const std::string& root, const std::string& below,
                      std::vector<BackupFile>& out) {
  TM_ASSIGN_OR_RETURN(const auto names, fs.List(JoinPath(root, below)));
  for (const std::string& name : names) {
    const std::string relative = below.empty() ? name : JoinPath(below, name);
    const std::string path = JoinPath(root, relative);
    TM_ASSIGN_OR_RETURN(const bool folder, IsFolder(fs, path));
    if (folder) {
      TM_RETURN_IF_ERROR(ListInto(fs, root, relative, out));
      continue;
    }
    TM_ASSIGN_OR_RETURN(const Sum sum, ReadThrough(fs, path, nullptr));
    out.push_back({relative, sum.bytes, sum.crc32c});
  }
  return {};
}

std::string Difference(const BackupFile& expected, const Sum& found) {
  if (found.bytes != expected.bytes) {
    return fmt::format("it has {} bytes instead of {}", found.bytes, expected.bytes);
  }
  return found.crc32c == expected.crc32c ? "" : "its bytes are not those that were written";
}

/// A path of a list that leaves the folder is damage or an attack.
bool StaysInside(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos)
    return false;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(std::min(path.size(), slash + 1));
  }
  return true;
}

Result<BackupFile> DecodeFile(const JsonValue& value) {
  const JsonValue* path = value.Find("path");
  const JsonValue* bytes = value.Find("bytes");
  const JsonValue* crc = value.Find("crc32c");
  const auto size = bytes != nullptr ? bytes->AsInt64() : std::nullopt;
  const auto sum = crc != nullptr ? crc->AsInt64() : std::nullopt;
  if (path == nullptr || !path->is_string() || !StaysInside(path->string_value()) || !size ||
      *size < 0 || !sum || *sum < 0 || *sum > UINT32_MAX) {
    return Error{Code::kCorruption, "an entry of the list of files makes no sense"};
  }
  return BackupFile{path->string_value(), static_cast<uint64_t>(*size),
                    static_cast<uint32_t>(*sum)};
}

std::string_view TextOf(const JsonValue& root, std::string_view key) {
  const JsonValue* value = root.Find(key);
  return value != nullptr && value->is_string() ? std::string_view(value->string_value())
                                                : std::string_view();
}

}  // namespace

// The last line is the checksum of the bytes before it.
std::string EncodeComplete(const Complete& complete) {
  JsonWriter out;
  out.BeginObject().Key("format").Int(kBackupFormat);
  out.Key("version").String(complete.version);
  out.Key("position").String(complete.position);
  out.Key("time").String(complete.time);
  out.Key("files").BeginArray();
  for (const BackupFile& file : complete.files) {
    out.BeginObject().Key("path").String(file.path).Key("bytes").Uint(file.bytes);
    out.Key("crc32c").Uint(file.crc32c).EndObject();
  }
  out.EndArray();
  std::string text = std::move(out).Take();
  const uint32_t crc = Crc32c(0, text);
  return text + fmt::format(",\"crc32c\":{}}}\n", crc);
}

Result<Complete> DecodeComplete(std::string_view text) {
  const size_t tail = text.rfind(",\"crc32c\":");
  auto parsed = ParseJson(text);
  if (!parsed.ok() || tail == std::string_view::npos) {
    return Error{Code::kCorruption, "it is not the list of a backup's files"};
  }
  const JsonValue* format = parsed->Find("format");
  if (format == nullptr || !format->AsInt64()) {
    return Error{Code::kCorruption, "it is not the list of a backup's files"};
  }
  if (*format->AsInt64() > kBackupFormat) {
    return Error{Code::kFailedPrecondition,
                 fmt::format("the backup has format {}, written by tidemark {}; this one reads up "
                             "to format {}",
                             *format->AsInt64(), TextOf(*parsed, "version"), kBackupFormat)};
  }
  const JsonValue* crc = parsed->Find("crc32c");
  if (crc == nullptr || crc->AsInt64() != int64_t{Crc32c(0, text.substr(0, tail))}) {
    return Error{Code::kCorruption, "it fails its checksum"};
  }
  Complete complete;
  complete.version = TextOf(*parsed, "version");
  complete.position = TextOf(*parsed, "position");
  complete.time = TextOf(*parsed, "time");
  const JsonValue* files = parsed->Find("files");
  if (files == nullptr || !files->is_array()) {
    return Error{Code::kCorruption, "it has no list of files"};
  }
  for (const JsonValue& value : files->array()) {
    TM_ASSIGN_OR_RETURN(BackupFile file, DecodeFile(value));
    complete.files.push_back(std::move(file));
  }
  return complete;
}

Result<std::vector<BackupFile>> ListFiles(FileSystem& fs, const std::string& dir) {
  std::vector<BackupFile> out;
  TM_RETURN_IF_ERROR(ListInto(fs, dir, "", out));
  std::ranges::sort(out, {}, &BackupFile::path);
  return out;
}

Result<void> CopyAndVerify(FileSystem& fs, const std::string& from, const std::string& to,
                           const BackupFile& expected) {
  TM_ASSIGN_OR_RETURN(const auto out, fs.OpenAppend(to, OpenMode::kCreateNew));
  auto sum = ReadThrough(fs, from, out.get());
  if (!sum.ok()) {
    if (sum.error().code != Code::kNotFound) return std::move(sum).error();
    return Error{Code::kCorruption, "the backup is damaged: " + from + " is missing"};
  }
  if (const std::string wrong = Difference(expected, *sum); !wrong.empty()) {
    return Error{Code::kCorruption, "the backup is damaged: " + from + ": " + wrong};
  }
  return out->Sync();
}

void CheckFile(FileSystem& fs, const std::string& dir, const BackupFile& expected,
               const FindingSink& report) {
  const auto sum = ReadThrough(fs, JoinPath(dir, expected.path), nullptr);
  if (!sum.ok()) {
    report({expected.path, sum.error().code == Code::kNotFound ? "missing" : "unreadable",
            sum.error().message});
  } else if (std::string wrong = Difference(expected, *sum); !wrong.empty()) {
    report({expected.path, "checksum", std::move(wrong)});
  }
}

Result<void> RemoveTree(FileSystem& fs, const std::string& dir) {
  TM_ASSIGN_OR_RETURN(const auto names, fs.List(dir));
  for (const std::string& name : names) {
    const std::string path = JoinPath(dir, name);
    TM_ASSIGN_OR_RETURN(const bool folder, IsFolder(fs, path));
    TM_RETURN_IF_ERROR(folder ? RemoveTree(fs, path) : fs.Remove(path));
  }
  return fs.RemoveDir(dir);
}

}  // namespace tidemark::app
