// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.h"

#include <bit>
#include <memory>
#include <utility>

#include "app/backup_files.h"
#include "app/scratch_files.h"
#include "app/simulation_replay.h"
#include "app/simulation_tape.h"
#include "base/logging.h"

namespace tidemark::app {
namespace {

constexpr milliseconds kTick{1000};  // of arrival, between looks at what views do

bool SameBits(const store::Scalar& a, const store::Scalar& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr) {
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y);
  }
  return a == b;
}

/// Notes rows that differ, the first of them whole.
class Comparison {
 public:
  Comparison(size_t rows_max, console::ViewSimulation& out) : rows_max_(rows_max), out_(out) {}

  void Compare(const Replay::Outcome& present, const Replay::Outcome& other) {
    static const std::vector<Replay::Row> kNone;
    auto a = present.rows.begin();
    auto b = other.rows.begin();
    while (a != present.rows.end() || b != other.rows.end()) {
      if (b == other.rows.end() || (a != present.rows.end() && a->first < b->first)) {
        CompareSeries(a->first, a->second, kNone);
        ++a;
      } else if (a == present.rows.end() || b->first < a->first) {
        CompareSeries(b->first, kNone, b->second);
        ++b;
      } else {
        CompareSeries(a->first, a->second, b->second);
        ++a;
        ++b;
      }
    }
  }

 private:
  void CompareSeries(const Replay::SeriesName& name, const std::vector<Replay::Row>& present,
                     const std::vector<Replay::Row>& other) {
    auto a = present.begin();
    auto b = other.begin();
    while (a != present.end() || b != other.end()) {
      if (b == other.end() || (a != present.end() && a->time < b->time)) {
        Note(name, &*a++, nullptr);
      } else if (a == present.end() || b->time < a->time) {
        Note(name, nullptr, &*b++);
      } else {
        if (!SameBits(a->value, b->value)) Note(name, &*a, &*b);
        ++a;
        ++b;
      }
    }
  }

  void Note(const Replay::SeriesName& name, const Replay::Row* old_row,
            const Replay::Row* new_row) {
    if (++out_.differences > rows_max_) return;
    const Replay::Row& shown = new_row != nullptr ? *new_row : *old_row;
    console::ViewSimulation::Row& row = out_.rows.emplace_back();
    row.measure = name.first;
    row.dimensions = name.second;
    row.time = shown.time;
    row.window = shown.window;
    if (old_row != nullptr) row.old_value = old_row->value;
    if (new_row != nullptr) row.new_value = new_row->value;
  }

  const size_t rows_max_;
  console::ViewSimulation& out_;
};

console::ViewSimulation::Totals TotalsOf(const Replay::Outcome& outcome) {
  return {.rows = outcome.rows_count,
          .revisions = outcome.status.revisions_total,
          .late_points = outcome.status.late_points_total,
          .frozen = outcome.status.frozen_total,
          .watermark = outcome.status.watermark};
}

/// The folder goes, whatever came of it.
class Scratch {
 public:
  explicit Scratch(const SimulationContext& context) : context_(context) { Clear(); }
  ~Scratch() { Clear(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// A new folder in it.
  Result<std::string> Folder(std::string_view name) {
    std::string path = JoinPath(context_.scratch_dir, name);
    TM_RETURN_IF_ERROR(context_.fs.CreateDirs(path));
    return path;
  }

 private:
  void Clear() {
    const auto there = context_.fs.Exists(context_.scratch_dir);
    if (!there.ok() || !*there) return;
    if (const auto gone = RemoveTree(context_.fs, context_.scratch_dir); !gone.ok()) {
      Log(LogLevel::kWarning, "app", "a simulation's folder stays until the next start",
          {{"folder", context_.scratch_dir}, {"error", gone.error().message}});
    }
  }

  const SimulationContext& context_;
};

}  // namespace

Result<console::ViewSimulation> Simulate(const SimulationContext& context,
                                         std::string_view database, std::string_view table,
                                         const view::ViewDefinition& present,
                                         const view::ViewDefinition& wished) {
  TM_ASSIGN_OR_RETURN(const auto tape, Tape::Open(context.catalog, context.log, database, table,
                                                  context.records_max));
  console::ViewSimulation out;
  if (tape->begin()) {
    Scratch scratch(context);
    ScratchFiles files(context.fs);
    TM_ASSIGN_OR_RETURN(std::string folder, scratch.Folder("present"));
    TM_ASSIGN_OR_RETURN(const auto now, Replay::Open(std::move(folder), files, *tape, present));
    TM_ASSIGN_OR_RETURN(folder, scratch.Folder("simulated"));
    TM_ASSIGN_OR_RETURN(const auto then, Replay::Open(std::move(folder), files, *tape, wished));
    PlayedTick tick;
    for (;;) {
      TM_ASSIGN_OR_RETURN(const bool more, tape->Next(kTick, tick));
      if (!more) break;
      if (context.gone()) return Error{Code::kCancelled, "Nobody waits for the simulation."};
      TM_RETURN_IF_ERROR(now->Play(tick));
      TM_RETURN_IF_ERROR(then->Play(tick));
    }
    TM_ASSIGN_OR_RETURN(const auto a, now->Finish(context.now, context.rows_compared_max));
    TM_ASSIGN_OR_RETURN(const auto b, then->Finish(context.now, context.rows_compared_max));
    out.present = TotalsOf(a);
    out.simulated = TotalsOf(b);
    Comparison(context.rows_max, out).Compare(a, b);
  }
  out.records = tape->records();
  out.points = tape->points();
  return out;
}

}  // namespace tidemark::app
