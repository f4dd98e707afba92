// SPDX-License-Identifier: Apache-2.0
// Payloads with the readable padding that sources promise, for tests and benchmarks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/source.h"

namespace tidemark::pipeline::testing {

/// A batch over copies of `payloads`, all with the same arrival time.
inline SourceBatch MakeBatch(const std::vector<std::string>& payloads, ArrivalTime arrival,
                             uint32_t partition = 0) {
  auto buffer = std::make_shared<std::string>();
  std::vector<size_t> offsets;
  for (const auto& payload : payloads) {
    offsets.push_back(buffer->size());
    buffer->append(payload);
  }
  buffer->append(kPayloadPadding, '\0');
  SourceBatch batch;
  batch.partition = partition;
  for (size_t i = 0; i < payloads.size(); ++i) {
    batch.records.push_back(
        {std::string_view(*buffer).substr(offsets[i], payloads[i].size()), arrival});
  }
  batch.keep_alive = buffer;
  return batch;
}

}  // namespace tidemark::pipeline::testing
