// SPDX-License-Identifier: Apache-2.0
#include "store/series_directory.h"

#include "base/check.h"

namespace tidemark::store {

SeriesDirectory::SeriesDirectory()
    : chunks_(std::make_unique<std::atomic<SeriesEntry*>[]>(kSeriesMax / kChunk)) {}

SeriesDirectory::~SeriesDirectory() {
  for (uint32_t i = 0; i < kSeriesMax / kChunk; ++i) delete[] chunks_[i].load();
}

SeriesEntry& SeriesDirectory::Create(uint32_t id) {
  TM_CHECK(id >= end());
  return CreateInGap(id);
}

SeriesEntry& SeriesDirectory::CreateInGap(uint32_t id) {
  TM_CHECK(id > 0 && id < kSeriesMax);
  std::atomic<SeriesEntry*>& chunk = chunks_[id / kChunk];
  if (chunk.load() == nullptr) chunk.store(new SeriesEntry[kChunk], std::memory_order_release);
  SeriesEntry& entry = chunk.load()[id % kChunk];
  entry.id = id;
  return entry;
}

}  // namespace tidemark::store
