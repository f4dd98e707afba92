// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/sim/disk_internal.h"

namespace tidemark::sim {
namespace {

Error NotFound(const std::string& path) {
  return {Code::kNotFound, path + ": no such file or folder"};
}

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (start <= path.size()) {
    const size_t end = std::min(path.find('/', start), path.size());
    std::string part = path.substr(start, end - start);
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    start = end + 1;
  }
  return parts;
}

SimNode Lookup(const std::map<std::string, SimNode>& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? SimNode() : found->second;
}

void SetName(std::map<std::string, SimNode>& names, const std::string& name, const SimNode& node) {
  if (std::holds_alternative<std::monostate>(node)) {
    names.erase(name);
  } else {
    names[name] = node;
  }
}

/// Puts `bytes` at `offset`, with zeros in a gap before it.
void WriteAt(std::string& image, uint64_t offset, std::string_view bytes) {
  const auto end = static_cast<size_t>(offset) + bytes.size();
  if (image.size() < end) image.resize(end, '\0');
  std::copy(bytes.begin(), bytes.end(), image.begin() + static_cast<ptrdiff_t>(offset));
}

/// How one crash, or one failed sync, treats what was not synced. Drawn per event, so that some
/// runs lose everything, some nothing, and some keep a clean prefix.
struct LossPlan {
  explicit LossPlan(SeededRandom& random)
      : keep_percent(std::array<uint64_t, 5>{0, 25, 50, 90, 100}[random.Below(5)]),
        in_order(random.Below(2) == 0),
        zero_tail(random.Below(4) == 0) {}

  uint64_t keep_percent;
  bool in_order;   // after the first lost change all later ones are lost too
  bool zero_tail;  // the file may be longer than what reached it
};

/// The sectors of a write that reached the disk: a prefix, or any.
void WriteTorn(std::string& image, uint64_t offset, std::string_view bytes, const LossPlan& plan,
               SeededRandom& random) {
  const uint64_t end = offset + bytes.size();
  bool lost = false;
  for (uint64_t at = offset; at < end;) {
    const uint64_t next = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
    lost = (plan.in_order && lost) || random.Below(2) == 0;
    if (!lost) {
      WriteAt(image, at,
              bytes.substr(static_cast<size_t>(at - offset), static_cast<size_t>(next - at)));
    }
    at = next;
  }
}

}  // namespace

void SimFile::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  pending_.push_back({Change::Kind::kAppend, cached_.size(), std::string(bytes)});
  cached_ += bytes;
}

void SimFile::Cut(uint64_t size) {
  if (size == cached_.size()) return;
  pending_.push_back({Change::Kind::kCut, size, {}});
  cached_.resize(static_cast<size_t>(size), '\0');
}

void SimFile::Sync() {
  for (const Change& change : pending_) {
    if (change.kind == Change::Kind::kAppend) {
      WriteAt(durable_, change.offset, change.bytes);
    } else {
      durable_.resize(static_cast<size_t>(change.offset), '\0');
    }
  }
  pending_.clear();
}

void SimFile::SyncBadly(SeededRandom& random) {
  if (pending_.empty()) return;
  const LossPlan plan(random);
  uint64_t longest = durable_.size();
  bool lost = false;
  for (const Change& change : pending_) {
    lost = (plan.in_order && lost) || random.Below(100) >= plan.keep_percent;
    if (change.kind == Change::Kind::kCut) {
      // Later appends would overwrite what the cut took away: without it none of them is kept.
      if (lost) break;
      durable_.resize(static_cast<size_t>(change.offset), '\0');
      longest = durable_.size();
      continue;
    }
    longest = change.offset + change.bytes.size();
    if (!lost) {
      WriteAt(durable_, change.offset, change.bytes);
    } else if (plan.keep_percent > 0 && random.Below(2) == 0) {
      WriteTorn(durable_, change.offset, change.bytes, plan, random);
    }
  }
  if (plan.zero_tail && longest > durable_.size()) {
    const uint64_t extra = random.Below(longest - durable_.size() + 1);
    durable_.resize(durable_.size() + static_cast<size_t>(extra), '\0');
  }
  pending_.clear();
}

void SimFile::Crash(SeededRandom& random) {
  SyncBadly(random);
  cached_ = durable_;
}

void SimFile::FlipBit(uint64_t bit) {
  const auto byte = static_cast<size_t>(bit / 8);
  TM_CHECK(byte < cached_.size());
  const auto mask = static_cast<char>(1U << (bit % 8));
  cached_[byte] = static_cast<char>(cached_[byte] ^ mask);
  if (byte < durable_.size()) durable_[byte] = static_cast<char>(durable_[byte] ^ mask);
  for (Change& change : pending_) {
    if (change.kind == Change::Kind::kAppend && byte >= change.offset &&
        byte < change.offset + change.bytes.size()) {
      char& c = change.bytes[byte - static_cast<size_t>(change.offset)];
      c = static_cast<char>(c ^ mask);
    }
  }
}

SimDisk::SimDisk() : root_(std::make_shared<SimFolder>()) {}

std::string SimDisk::Normalise(const std::string& path) {
  std::string out;
  for (const std::string& part : SplitPath(path)) {
    out.push_back('/');
    out += part;
  }
  return out;
}

Result<SimNode> SimDisk::Find(const std::string& path) const {
  SimNode node = root_;
  for (const std::string& part : SplitPath(path)) {
    const auto* folder = std::get_if<std::shared_ptr<SimFolder>>(&node);
    if (folder == nullptr) return NotFound(path);
    node = Lookup((*folder)->cached, part);
  }
  if (std::holds_alternative<std::monostate>(node)) return NotFound(path);
  return node;
}

Result<std::shared_ptr<SimFile>> SimDisk::FindFile(const std::string& path) const {
  TM_ASSIGN_OR_RETURN(const SimNode node, Find(path));
  const auto* file = std::get_if<std::shared_ptr<SimFile>>(&node);
  if (file == nullptr) return Error{Code::kIo, path + ": is a folder"};
  return *file;
}

Result<std::shared_ptr<SimFolder>> SimDisk::FindFolder(const std::string& path) const {
  TM_ASSIGN_OR_RETURN(const SimNode node, Find(path));
  const auto* folder = std::get_if<std::shared_ptr<SimFolder>>(&node);
  if (folder == nullptr) return NotFound(path);  // as POSIX's "not a directory"
  return *folder;
}

Result<SimDisk::Place> SimDisk::PlaceOf(const std::string& path) const {
  const std::vector<std::string> parts = SplitPath(path);
  if (parts.empty()) return Error{Code::kIo, path + ": is the root folder"};
  const std::string normal = Normalise(path);
  TM_ASSIGN_OR_RETURN(auto folder,
                      FindFolder(normal.substr(0, normal.size() - parts.back().size())));
  return Place{std::move(folder), parts.back()};
}

void SimDisk::Apply(std::vector<Edit> edits) {
  for (const Edit& edit : edits) SetName(edit.folder->cached, edit.name, edit.node);
  pending_.push_back({std::move(edits)});
}

void SimDisk::MakeDurable(const FolderChange& change) {
  for (const Edit& edit : change.edits) SetName(edit.folder->durable, edit.name, edit.node);
}

Result<std::shared_ptr<SimFile>> SimDisk::CreateFile(const std::string& path) {
  TM_ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
  auto file = std::make_shared<SimFile>();
  Apply({{place.folder, place.name, file}});
  return file;
}

Result<void> SimDisk::RemoveFile(const std::string& path) {
  TM_RETURN_IF_ERROR(FindFile(path));
  TM_ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
  Apply({{place.folder, place.name, {}}});
  return {};
}

Result<void> SimDisk::RemoveFolder(const std::string& path) {
  TM_ASSIGN_OR_RETURN(const auto folder, FindFolder(path));
  if (!folder->cached.empty()) return Error{Code::kIo, path + ": the folder is not empty"};
  TM_ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
  Apply({{place.folder, place.name, {}}});
  return {};
}

Result<void> SimDisk::Rename(const std::string& from, const std::string& to) {
  TM_ASSIGN_OR_RETURN(const SimNode node, Find(from));
  TM_ASSIGN_OR_RETURN(const Place source, PlaceOf(from));
  TM_ASSIGN_OR_RETURN(const Place target, PlaceOf(to));
  if (Normalise(to).starts_with(Normalise(from) + "/")) {
    return Error{Code::kIo, "rename " + from + " to " + to + ": moves a folder into itself"};
  }
  if (source.folder == target.folder && source.name == target.name) return {};
  const SimNode old = Lookup(target.folder->cached, target.name);
  const bool is_folder = std::holds_alternative<std::shared_ptr<SimFolder>>(node);
  if (!std::holds_alternative<std::monostate>(old)) {
    const auto* old_folder = std::get_if<std::shared_ptr<SimFolder>>(&old);
    if (is_folder != (old_folder != nullptr) ||
        (old_folder != nullptr && !(*old_folder)->cached.empty())) {
      return Error{Code::kIo, "rename " + from + " to " + to + ": the target is in the way"};
    }
  }
  Apply({{source.folder, source.name, {}}, {target.folder, target.name, node}});
  return {};
}

Result<void> SimDisk::Link(const std::string& from, const std::string& to) {
  TM_ASSIGN_OR_RETURN(auto file, FindFile(from));
  TM_ASSIGN_OR_RETURN(const Place target, PlaceOf(to));
  if (!std::holds_alternative<std::monostate>(Lookup(target.folder->cached, target.name))) {
    return Error{Code::kAlreadyExists, "link " + from + " to " + to + ": exists already"};
  }
  Apply({{target.folder, target.name, SimNode(std::move(file))}});
  return {};
}

Result<void> SimDisk::CreateFolders(const std::string& path) {
  std::string at;
  for (const std::string& part : SplitPath(path)) {
    const std::string parent = at;
    at += "/" + part;
    TM_ASSIGN_OR_RETURN(const auto folder, FindFolder(parent));
    const SimNode node = Lookup(folder->cached, part);
    if (std::holds_alternative<std::shared_ptr<SimFolder>>(node)) continue;
    if (!std::holds_alternative<std::monostate>(node)) {
      return Error{Code::kAlreadyExists, at + ": is a file"};
    }
    Apply({{folder, part, std::make_shared<SimFolder>()}});
    TM_RETURN_IF_ERROR(SyncFolder(parent));
  }
  return {};
}

Result<void> SimDisk::SyncFolder(const std::string& path) {
  TM_ASSIGN_OR_RETURN(const auto folder, FindFolder(path));
  // Backwards, to find what the synced changes rest on: earlier changes of the same names.
  std::set<std::pair<const SimFolder*, std::string>> needed;
  std::vector<bool> durable(pending_.size(), false);
  for (size_t i = pending_.size(); i-- > 0;) {
    const std::vector<Edit>& edits = pending_[i].edits;
    bool take = edits.back().folder == folder;
    for (const Edit& edit : edits) take = take || needed.contains({edit.folder.get(), edit.name});
    if (!take) continue;
    durable[i] = true;
    for (const Edit& edit : edits) needed.emplace(edit.folder.get(), edit.name);
  }
  std::vector<FolderChange> rest;
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (durable[i]) {
      MakeDurable(pending_[i]);
    } else {
      rest.push_back(std::move(pending_[i]));
    }
  }
  pending_ = std::move(rest);
  return {};
}

uint64_t SimDisk::UsedBytes() const {
  uint64_t bytes = 0;
  std::vector<const SimFolder*> folders{root_.get()};
  while (!folders.empty()) {
    const SimFolder* folder = folders.back();
    folders.pop_back();
    for (const auto& [name, node] : folder->cached) {
      if (const auto* file = std::get_if<std::shared_ptr<SimFile>>(&node)) {
        bytes += (*file)->cached().size();
      } else if (const auto* child = std::get_if<std::shared_ptr<SimFolder>>(&node)) {
        folders.push_back(child->get());
      }
    }
  }
  return bytes;
}

void SimDisk::Crash(SeededRandom& random) {
  // A change rests on the earlier ones of the same names: once one of those is lost, it is too.
  // Otherwise they are independent, also within a folder.
  const uint64_t keep_percent = std::array<uint64_t, 4>{0, 50, 90, 100}[random.Below(4)];
  std::set<std::pair<const SimFolder*, std::string>> broken;
  for (const FolderChange& change : pending_) {
    bool lost = random.Below(100) >= keep_percent;
    for (const Edit& edit : change.edits) {
      lost = lost || broken.contains({edit.folder.get(), edit.name});
    }
    if (!lost) {
      MakeDurable(change);
      continue;
    }
    for (const Edit& edit : change.edits) broken.emplace(edit.folder.get(), edit.name);
  }
  pending_.clear();

  std::vector<SimFolder*> folders{root_.get()};
  while (!folders.empty()) {
    SimFolder* folder = folders.back();
    folders.pop_back();
    folder->cached = folder->durable;
    for (const auto& [name, node] : folder->cached) {
      if (const auto* file = std::get_if<std::shared_ptr<SimFile>>(&node)) {
        (*file)->Crash(random);
      } else if (const auto* child = std::get_if<std::shared_ptr<SimFolder>>(&node)) {
        folders.push_back(child->get());
      }
    }
  }
}

}  // namespace tidemark::sim
