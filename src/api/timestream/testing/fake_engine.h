// SPDX-License-Identifier: Apache-2.0
// A sql::Engine that answers from a script: what paging, errors and cancelling need, without SQL.
// Thread-compatible; results may be cancelled from anywhere.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sql/engine.h"

namespace tidemark::timestream {

struct FakeStatement {
  std::vector<sql::Column> columns;
  std::vector<std::vector<sql::Value>> rows;
  size_t chunk_rows = 100;
  std::optional<Error> error;        // of Execute()
  std::optional<Error> error_after;  // of Next(), once all rows were given
  bool metadata = false;
  std::vector<store::DamagedRange> gaps;
  std::function<void()> before_next;  // runs in Next()
};

class FakeEngine final : public sql::Engine {
 public:
  void Set(std::string sql, FakeStatement statement) {
    statements_[std::move(sql)] = std::move(statement);
  }
  int executed() const { return executed_; }
  int open() const { return *open_; }

  Result<std::unique_ptr<sql::QueryResult>> Execute(const sql::QueryRequest& request) override {
    ++executed_;
    last_request = request;
    const auto it = statements_.find(request.sql);
    if (it == statements_.end()) {
      return Error{Code::kInvalidArgument, "line 1:1: no such statement"};
    }
    if (it->second.error) return *it->second.error;
    return std::unique_ptr<sql::QueryResult>(std::make_unique<Answer>(it->second, open_));
  }
  Result<sql::Description> Describe(const sql::QueryRequest& request) override {
    if (!description.columns.empty()) return description;
    const auto it = statements_.find(request.sql);
    if (it == statements_.end()) {
      return Error{Code::kInvalidArgument, "line 1:1: no such statement"};
    }
    if (it->second.error) return *it->second.error;
    sql::Description out{.columns = it->second.columns};
    out.origins.resize(out.columns.size());
    return out;
  }

  sql::QueryRequest last_request;  // of Execute()
  sql::Description description;    // of Describe(), if it has columns

 private:
  class Answer final : public sql::QueryResult {
   public:
    Answer(FakeStatement statement, std::shared_ptr<int> open)
        : statement_(std::move(statement)), open_(std::move(open)) {
      ++*open_;
    }
    ~Answer() override { --*open_; }
    const std::vector<sql::Column>& columns() const override { return statement_.columns; }
    Result<bool> Next(sql::RowChunk& out) override {
      if (statement_.before_next) statement_.before_next();
      if (cancelled_) return Error{Code::kCancelled, "cancelled"};
      if (given_ == statement_.rows.size()) {
        if (statement_.error_after) return *statement_.error_after;
        return false;
      }
      const size_t n = std::min(statement_.chunk_rows, statement_.rows.size() - given_);
      out.Reset(n, statement_.columns.size());
      for (size_t r = 0; r < n; ++r) {
        for (size_t c = 0; c < statement_.columns.size(); ++c) {
          out.at(r, c) = statement_.rows[given_ + r][c];
        }
      }
      given_ += n;
      return true;
    }
    void Cancel() override { cancelled_ = true; }
    sql::QueryProgress progress() const override {
      return {.percent = 50, .metadata = statement_.metadata};
    }

    std::vector<store::DamagedRange> gaps() const override { return statement_.gaps; }

   private:
    FakeStatement statement_;
    std::shared_ptr<int> open_;
    size_t given_ = 0;
    std::atomic<bool> cancelled_{false};
  };

  std::map<std::string, FakeStatement> statements_;
  std::shared_ptr<int> open_ = std::make_shared<int>(0);
  int executed_ = 0;
};

}  // namespace tidemark::timestream
