// SPDX-License-Identifier: Apache-2.0
#include "pipeline/order_book.h"

#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/logging.h"

namespace tidemark::pipeline {
namespace {

constexpr std::string_view kMagic = "TMLATE01";  // the digits: version of the format

struct Stored {
  OrderKey key;
  std::string name;
  std::optional<uint64_t> counted_to;
  OrderSketch sketch;
};

Error Damaged(std::string what) { return {Code::kCorruption, std::move(what)}; }

Result<Stored> ReadEntry(ByteReader& in) {
  Stored out;
  const uint8_t kind = in.GetU8();
  out.key.source.id = in.GetU32();
  out.key.table = TableId(in.GetU32());
  out.key.partition = in.GetU32();
  out.name = in.GetString();
  if (const uint64_t counted = in.GetVarint(); counted > 0) out.counted_to = counted - 1;
  if (kind != static_cast<uint8_t>(store::SourceId::Kind::kPipeline) &&
      kind != static_cast<uint8_t>(store::SourceId::Kind::kDirect)) {
    return Damaged("an entry of no known kind");
  }
  out.key.source.kind = static_cast<store::SourceId::Kind>(kind);
  TM_ASSIGN_OR_RETURN(out.sketch, OrderSketch::Decode(in));
  return out;
}

Result<std::vector<Stored>> Decode(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return Damaged("it is of another format");
  ByteReader in(bytes.substr(kMagic.size()));
  const uint32_t checksum = in.GetU32();
  if (!in.ok() || checksum != Crc32c(0, bytes.substr(kMagic.size() + sizeof(checksum)))) {
    return Damaged("its checksum differs");
  }
  std::vector<Stored> out;
  for (uint64_t left = in.GetVarint(); left > 0; --left) {
    TM_ASSIGN_OR_RETURN(Stored one, ReadEntry(in));
    out.push_back(std::move(one));
  }
  TM_RETURN_IF_ERROR(in.Finish("sketches of lateness"));
  return out;
}

}  // namespace

Result<void> CheckOrders(std::string_view bytes) {
  TM_RETURN_IF_ERROR(Decode(bytes));
  return {};
}

void OrderTally::Add(const OrderSketch& measured, std::optional<uint64_t> last_offset) {
  const MutexLock lock(mutex_);
  sketch_.Merge(measured);
  counted_to_ = std::max(counted_to_, last_offset);
  changed_ = true;
}

std::optional<uint64_t> OrderTally::counted_to() const {
  const MutexLock lock(mutex_);
  return counted_to_;
}

OrderSketch OrderTally::sketch() const {
  const MutexLock lock(mutex_);
  return sketch_;
}

OrderBook::OrderBook(FileSystem& fs, std::string path, const Clock& clock)
    : fs_(fs), path_(std::move(path)), clock_(clock) {}

void OrderBook::Load() {
  if (path_.empty()) return;
  const auto bytes = fs_.ReadFile(path_, kFileBytesMax);
  if (!bytes.ok() && bytes.error().code == Code::kNotFound) return;
  auto stored = bytes.ok() ? Decode(*bytes) : bytes.error();
  if (!stored.ok()) {
    Log(LogLevel::kWarning, "pipeline",
        "how late records came before this start is lost: advice on lateness begins anew",
        {{"file", path_}, {"error", stored.error().message}});
    return;
  }
  const MutexLock lock(mutex_);
  for (Stored& one : *stored) {
    auto tally = std::make_shared<OrderTally>();
    {
      const MutexLock inside(tally->mutex_);
      tally->sketch_ = std::move(one.sketch);
      tally->counted_to_ = one.counted_to;
      tally->name_ = std::move(one.name);
    }
    tallies_[one.key] = std::move(tally);
  }
}

void OrderBook::Attach(Executor& executor) {
  executor_ = &executor;
  task_ = executor.Add("lateness", Lane::kBackground, *this);
}

void OrderBook::Detach() {
  if (executor_ != nullptr) std::exchange(executor_, nullptr)->Remove(task_);
  (void)Save();  // a failure is logged; there is nobody to tell
}

std::shared_ptr<OrderTally> OrderBook::Of(const OrderKey& key, std::string_view name) {
  const MutexLock lock(mutex_);
  std::shared_ptr<OrderTally>& tally = tallies_[key];
  if (tally == nullptr) tally = std::make_shared<OrderTally>();
  const MutexLock inside(tally->mutex_);
  tally->name_ = name;
  return tally;
}

void OrderBook::Forget(const std::function<bool(const OrderKey&)>& gone) {
  const MutexLock lock(mutex_);
  unsaved_ =
      std::erase_if(tallies_, [&](const auto& one) { return gone(one.first); }) > 0 || unsaved_;
}

std::vector<OrderBook::Entry> OrderBook::Into(TableId table) const {
  const MutexLock lock(mutex_);
  std::vector<Entry> out;
  for (const auto& [key, tally] : tallies_) {
    if (key.table != table) continue;
    const MutexLock inside(tally->mutex_);
    out.push_back({key, tally->name_, tally->sketch_});
  }
  return out;
}

std::string OrderBook::Encode() const {
  ByteWriter body;
  body.PutVarint(tallies_.size());
  for (const auto& [key, tally] : tallies_) {
    const MutexLock inside(tally->mutex_);
    body.PutU8(static_cast<uint8_t>(key.source.kind));
    body.PutU32(key.source.id);
    body.PutU32(key.table.value);
    body.PutU32(key.partition);
    body.PutString(tally->name_);
    body.PutVarint(tally->counted_to_ ? *tally->counted_to_ + 1 : 0);
    tally->sketch_.Encode(body);
    tally->changed_ = false;
  }
  ByteWriter out;
  out.PutRaw(kMagic);
  out.PutU32(Crc32c(0, body.view()));
  out.PutRaw(body.view());
  return std::move(out).Take();
}

Result<void> OrderBook::Save() {
  if (path_.empty()) return {};
  const MutexLock saving(saving_);
  std::string bytes;
  {
    const MutexLock lock(mutex_);
    bool changed = std::exchange(unsaved_, false);
    for (const auto& [key, tally] : tallies_) {
      const MutexLock inside(tally->mutex_);
      changed = changed || tally->changed_;
    }
    if (!changed) return {};
    bytes = Encode();
  }
  auto written = WriteFileAtomically(fs_, path_, bytes);
  if (written.ok()) {
    failed_logged_ = false;
    return {};
  }
  {
    const MutexLock lock(mutex_);
    unsaved_ = true;  // it is still to be written
  }
  if (!std::exchange(failed_logged_, true)) {
    Log(LogLevel::kWarning, "pipeline", "how late records came cannot be saved",
        {{"file", path_}, {"error", written.error().message}});
  }
  return written;
}

Result<Progress> OrderBook::Step() {
  (void)Save();  // logged; tried again
  return Progress{.wake_at = clock_.Monotonic() + kSaveEvery};
}

}  // namespace tidemark::pipeline
