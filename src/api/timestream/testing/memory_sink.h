// SPDX-License-Identifier: Apache-2.0
// An ObjectSink that keeps its objects in memory. Staged files are on a real or simulated disk of
// the caller's. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "api/timestream/object_sink.h"

namespace tidemark::timestream {

class MemorySink final : public ObjectSink {
 public:
  Result<std::unique_ptr<Writer>> Create(std::string_view bucket, std::string_view key) override {
    return std::unique_ptr<Writer>(
        std::make_unique<MemoryWriter>(*this, std::string(bucket) + "/" + std::string(key)));
  }
  Result<void> Adopt(const std::string& /*path*/, std::string_view /*bucket*/,
                     std::string_view /*key*/) override {
    return Error{Code::kUnimplemented, "a sink in memory has no staging folder"};
  }
  Result<std::string> MakeStagingFolder(std::string_view /*name*/) override {
    return Error{Code::kUnimplemented, "a sink in memory has no staging folder"};
  }

  Result<void> RemoveStagingFolder(std::string_view /*name*/) override { return {}; }

  std::map<std::string, std::string> objects;  // "bucket/key"

 private:
  class MemoryWriter final : public Writer {
   public:
    MemoryWriter(MemorySink& sink, std::string name) : sink_(sink), name_(std::move(name)) {}
    Result<void> Append(std::string_view bytes) override {
      bytes_ += bytes;
      return {};
    }
    Result<void> Finish() override {
      sink_.objects[name_] = bytes_;
      return {};
    }

   private:
    MemorySink& sink_;
    const std::string name_;
    std::string bytes_;
  };
};

}  // namespace tidemark::timestream
