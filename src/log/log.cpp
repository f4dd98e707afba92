// SPDX-License-Identifier: Apache-2.0
#include "log/log.h"

#include <algorithm>

#include "base/logging.h"
#include "log/segment_internal.h"

namespace tidemark::log {
namespace {

constexpr std::string_view kDeleted = ".deleted";

}  // namespace

Log::Log(const LogContext& context, std::string dir, LogOptions options)
    : context_(context), dir_(std::move(dir)), options_(options) {}

Result<std::unique_ptr<Log>> Log::Open(const LogContext& context, std::string dir,
                                       LogOptions options) {
  std::unique_ptr<Log> log(new Log(context, std::move(dir), options));
  TM_RETURN_IF_ERROR(log->OpenAll());
  log->next_trim_ = context.clock.Monotonic();
  log->running_ = true;
  log->task_ = context.executor.Add("log-writer", Lane::kWriter, *log);
  return log;
}

Log::~Log() {
  if (running_) context_.executor.Remove(task_);
  for (const auto& stream : List()) stream->Abandon({Code::kUnavailable, "the log is closed"});
}

std::string Log::FolderOf(StreamId id) const {
  std::string digits = std::to_string(id.value);
  return std::string(10 - digits.size(), '0') + digits;
}

Result<void> Log::OpenAll() {
  TM_RETURN_IF_ERROR(context_.fs.CreateDirs(dir_));
  TM_ASSIGN_OR_RETURN(const auto names, context_.fs.List(dir_));
  std::map<std::string, bool> folders;  // name -> claimed by a stream
  for (const std::string& name : names) folders.emplace(name, false);
  for (const catalog::StreamDef& def : context_.catalog.ListStreams()) {
    const std::string folder = FolderOf(def.id);
    if (!folders.contains(folder) && folders.contains(folder + std::string(kDeleted))) {
      TM_RETURN_IF_ERROR(
          context_.catalog.DeleteStream(def.id));  // a crash interrupted the deletion here
      continue;
    }
    folders[folder] = true;
    TM_ASSIGN_OR_RETURN(auto stream, OpenStream(def));
    const MutexLock lock(mutex_);
    streams_.emplace(def.name, std::move(stream));
  }
  return SweepFolders(folders);
}

Result<void> Log::SweepFolders(std::map<std::string, bool>& folders) {
  for (const auto& [name, claimed] : folders) {
    const std::string path = JoinPath(dir_, name);
    if (claimed) continue;
    TM_ASSIGN_OR_RETURN(const auto files, context_.fs.List(path));
    // An empty one is what a failed CreateStream() leaves behind.
    if (name.ends_with(kDeleted) || files.empty()) {
      TM_RETURN_IF_ERROR(RemoveFolder(path));
    } else {
      return Error{Code::kCorruption,
                   "log: " + path +
                       " belongs to no stream of the catalog; was catalog.sqlite lost or replaced? "
                       "Restore it, or move the folder away, and start again"};
    }
  }
  return {};
}

Result<std::shared_ptr<Stream>> Log::OpenStream(catalog::StreamDef def) {
  const std::string path = JoinPath(dir_, FolderOf(def.id));
  // Also at start: a crash may have come between the catalog's commit and the folder.
  TM_RETURN_IF_ERROR(context_.fs.CreateDirs(path));
  const std::string name = def.name;
  auto stream = Stream::Open({context_.fs, context_.clock, context_.metrics, options_,
                              [this](Stream& appended) { OnAppend(appended); }},
                             path, std::move(def));
  if (!stream.ok()) return std::move(stream).error().With("stream " + name);
  return stream;
}

Result<std::shared_ptr<Stream>> Log::CreateStream(const CreateStreamRequest& request) {
  if (request.shards == 0 || request.shards > kShardNumberMax) {
    return Error{Code::kInvalidArgument,
                 "stream " + request.name + ": " + std::to_string(request.shards) + " shards"};
  }
  const MutexLock control(control_mutex_);
  catalog::StreamDef def;
  def.name = request.name;
  def.created = context_.clock.Now();
  def.shards = UniformShards(request.shards, def.created);
  def.retention_hours = request.retention_hours;
  def.mode = request.mode;
  def.record_kib_max = request.record_kib_max;
  def.tags = request.tags;
  TM_ASSIGN_OR_RETURN(def, context_.catalog.CreateStream(std::move(def)));
  auto stream = OpenStream(def);
  if (!stream.ok()) {
    if (auto undone = context_.catalog.DeleteStream(def.id); !undone.ok()) {
      tidemark::Log(LogLevel::kError, "log", "a stream that could not be made stays in the catalog",
                    {{"stream", def.name}, {"error", undone.error().message}});
    }
    return std::move(stream).error();
  }
  const MutexLock lock(mutex_);
  streams_.emplace(def.name, *stream);
  return stream;
}

Result<void> Log::DeleteStream(std::string_view name) {
  const MutexLock control(control_mutex_);
  const std::shared_ptr<Stream> stream = Find(name);
  if (stream == nullptr)
    return Error{Code::kNotFound, "stream " + std::string(name) + " does not exist"};
  {
    const MutexLock lock(mutex_);
    streams_.erase(stream->name());
  }
  stream->Abandon({Code::kNotFound, "stream " + std::string(name) + " was deleted"});
  const std::string path = JoinPath(dir_, FolderOf(stream->id()));
  TM_RETURN_IF_ERROR(context_.fs.Rename(path, path + std::string(kDeleted)));
  TM_RETURN_IF_ERROR(context_.fs.SyncDir(dir_));
  TM_RETURN_IF_ERROR(context_.catalog.DeleteStream(stream->id()));
  if (auto removed = RemoveFolder(path + std::string(kDeleted)); !removed.ok()) {
    tidemark::Log(LogLevel::kWarning, "log", "the next start removes the files of a deleted stream",
                  {{"stream", name}, {"error", removed.error().message}});
  }
  return {};
}

Result<void> Log::SetRetention(std::string_view name, uint32_t retention_hours) {
  const MutexLock control(control_mutex_);
  const std::shared_ptr<Stream> stream = Find(name);
  if (stream == nullptr) {
    return Error{Code::kNotFound, "stream " + std::string(name) + " does not exist"};
  }
  TM_ASSIGN_OR_RETURN(catalog::StreamDef def, context_.catalog.GetStream(stream->id()));
  def.retention_hours = retention_hours;
  TM_RETURN_IF_ERROR(context_.catalog.UpdateStream(def));
  stream->retention_hours_.store(retention_hours, std::memory_order_relaxed);
  return {};
}

Result<void> Log::RemoveFolder(const std::string& path) {
  TM_ASSIGN_OR_RETURN(const auto names, context_.fs.List(path));
  for (const std::string& name : names) {
    TM_RETURN_IF_ERROR(context_.fs.Remove(JoinPath(path, name)));
  }
  TM_RETURN_IF_ERROR(context_.fs.RemoveDir(path));
  return context_.fs.SyncDir(dir_);
}

std::shared_ptr<Stream> Log::Find(std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto it = streams_.find(name);
  return it == streams_.end() ? nullptr : it->second;
}

std::shared_ptr<Stream> Log::Find(StreamId id) const {
  const MutexLock lock(mutex_);
  for (const auto& [name, stream] : streams_) {
    if (stream->id() == id) return stream;
  }
  return nullptr;
}

std::vector<std::shared_ptr<Stream>> Log::List() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Stream>> out;
  out.reserve(streams_.size());
  for (const auto& [name, stream] : streams_) out.push_back(stream);
  return out;
}

void Log::OnAppend(Stream& stream) {
  {
    const MutexLock lock(dirty_mutex_);
    const std::weak_ptr<Stream> weak = stream.weak_from_this();
    const bool known = std::ranges::any_of(dirty_, [&](const std::weak_ptr<Stream>& other) {
      return !other.owner_before(weak) && !weak.owner_before(other);
    });
    if (!known) dirty_.push_back(weak);
  }
  context_.executor.Wake(task_);
}

Result<Progress> Log::Step() {
  std::vector<std::weak_ptr<Stream>> work;
  {
    const MutexLock lock(dirty_mutex_);
    work.swap(dirty_);
  }
  bool more = false;
  for (const auto& weak : work) {
    const std::shared_ptr<Stream> stream = weak.lock();
    if (stream == nullptr || !stream->Commit()) continue;
    const MutexLock lock(dirty_mutex_);
    dirty_.push_back(weak);
    more = true;
  }
  if (more) return Progress{.more = true};
  const MonotonicTime now = context_.clock.Monotonic();
  if (now >= next_trim_) {
    for (const auto& stream : List()) stream->Trim();
    next_trim_ = now + options_.trim_interval;
  }
  return Progress{.wake_at = next_trim_};
}

Result<void> Log::Close() {
  if (running_) context_.executor.Remove(task_);
  running_ = false;
  Result<void> first;
  for (const auto& stream : List()) {
    if (auto closed = stream->Close(); !closed.ok() && first.ok()) first = std::move(closed);
  }
  return first;
}

}  // namespace tidemark::log
