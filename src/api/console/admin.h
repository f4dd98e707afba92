// SPDX-License-Identifier: Apache-2.0
// What the console and the command line may change. app implements it: it alone knows every part.
// Thread-safe; calls wait for the disk, so they belong on query threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "pipeline/pipeline.h"
#include "store/types.h"
#include "view/generations.h"
#include "view/maintainer.h"

namespace tidemark::console {

/// One line of what apply, describe or delete did or found.
struct StackItem {
  std::string kind;    // "stream", "database", "table", "pipeline", "view", "dashboard"
  std::string name;    // tables: "database.table"
  std::string action;  // "created", "unchanged", "updated", "deleted", "missing", "exists", ..
  std::string detail;  // for people; may be empty
};

struct StackReport {
  std::vector<StackItem> items;
  /// What a user copies next: ("Console", "http://127.0.0.1:4580/ui/"), ("Stream", "ec2-metrics"),
  /// ...
  std::vector<std::pair<std::string, std::string>> outputs;
};

/// Why a stack would be refused.
struct StackProblem {
  std::string message;  // without the place
  int line = 0;         // of the text, from 1; 0: none
  std::string field;    // the key of [[view]] that it is about; "": none, or not one alone
};

/// What apply would do, or why it would not.
struct StackCheck {
  std::string content_json;  // the text's tables and keys; "": it is not TOML
  /// `action` is "create", "update" or "unchanged". Empty if there is a problem.
  std::vector<StackItem> items;
  std::optional<StackProblem> problem;  // the first one
};

/// The published dashboards as stacks see them; the console keeps them. Thread-safe; calls wait for
/// the disk.
class DashboardKeeper {
 public:
  virtual ~DashboardKeeper() = default;

  enum class Presence : uint8_t { kMissing, kSame, kDiffers };

  /// A dashboard's file as it would be kept, with `title` ("": its own) as title. kInvalidArgument
  /// says what is wrong with it, and where.
  virtual Result<std::string> Read(std::string_view text, std::string_view title) const = 0;
  /// kInvalidArgument: it cannot be the name of a dashboard.
  virtual Result<void> CheckName(std::string_view name) const = 0;
  /// Whether `definition`, which Read() gave, is the newest published version.
  virtual Presence Compare(std::string_view name, std::string_view definition) const = 0;
  /// Makes it the newest published version, unless it is; a draft stays. What it was before.
  virtual Result<Presence> Publish(std::string_view name, const std::string& definition) = 0;
  /// With versions, draft and links. kNotFound.
  virtual Result<void> Delete(std::string_view name) = 0;
};

/// What a stack's call brings.
struct StackRequest {
  std::string_view text;
  std::string_view file;      // names the text in messages
  std::string_view endpoint;  // the address the client used, for the outputs
  /// Those that the stack names, by the path it names them with.
  std::map<std::string, std::string, std::less<>> files;
  DashboardKeeper& dashboards;
};

/// What of a table's keeping is to be changed.
struct TableChange {
  std::optional<int64_t> memory_retention_hours;
  std::optional<int64_t> magnetic_retention_days;
  std::optional<bool> magnetic_writes;
};

/// What a view's rows would be under other settings, by the records that are retained.
struct ViewSimulation {
  struct Totals {
    uint64_t rows = 0;
    uint64_t revisions = 0;  // later ones
    uint64_t late_points = 0;
    uint64_t frozen = 0;  // of them: changed nothing
    std::optional<EventTime> watermark;
  };
  struct Row {
    std::string measure;
    std::vector<std::pair<std::string, std::string>> dimensions;
    EventTime time;
    TimeRange window;
    store::Scalar old_value;  // under the present settings; none: no row
    store::Scalar new_value;  // under the others
  };
  uint64_t records = 0;  // played
  uint64_t points = 0;
  Totals present;
  Totals simulated;
  uint64_t differences = 0;
  std::vector<Row> rows;  // the first of them
};

/// A backup that was made.
struct BackupMade {
  std::string path;
  std::string position;  // of the store's journal
  uint64_t files = 0;
  uint64_t bytes = 0;
};

/// Of a view whose definition was changed.
struct ViewGenerations {
  uint32_t generation = 1;  // whose rows are seen
  struct Next {
    uint32_t generation = 0;
    std::string definition;
    view::ViewStatus status;
  };
  std::optional<Next> next;  // being built
  struct Switch {
    uint32_t generation = 0;
    ArrivalTime at;
    view::GenerationDiff diff;  // against the one before
  };
  std::optional<Switch> last;  // since the server's start
};

class Admin {
 public:
  virtual ~Admin() = default;

  /// kInvalidArgument: with file and line; kAlreadyExists: something exists and differs, and
  /// nothing of the file was applied. A view that differs is built anew beside the one that is
  /// there (Generations()), unless its tables differ.
  virtual Result<StackReport> ApplyStack(const StackRequest& request) = 0;
  /// Makes nothing. What is wrong with the text is part of the answer.
  virtual Result<StackCheck> CheckStack(const StackRequest& request) = 0;
  virtual Result<StackReport> DescribeStack(const StackRequest& request) = 0;
  /// Removes what the file names, with its data. What is missing is no error; `files` are not
  /// needed.
  virtual Result<StackReport> DeleteStack(const StackRequest& request) = 0;

  /// kNotFound. The wished state survives a restart; repeating is fine. `from`:
  /// pipeline::Manager::Start().
  virtual Result<void> StartPipeline(std::string_view name, pipeline::StartFrom from) = 0;
  virtual Result<void> StopPipeline(std::string_view name) = 0;
  virtual Result<void> StartView(std::string_view name) = 0;
  virtual Result<void> StopView(std::string_view name) = 0;
  /// An operator's hold, apart from start and stop.
  virtual Result<void> PauseView(std::string_view name) = 0;
  virtual Result<void> ResumeView(std::string_view name) = 0;
  /// Ends a view and its rows, or keeps those as points of nobody's (view::Maintainer::Drop()).
  /// Waits for it. kNotFound.
  enum class ViewRows : uint8_t { kEnd, kKeep };
  virtual Result<void> DropView(std::string_view name, ViewRows rows) = 0;
  /// `settings`: keys of [[view]] with their values, strings without quotes. Takes long; writes
  /// nothing that stays. `gone` is asked now and then: true ends it. kNotFound; kInvalidArgument:
  /// names the key; kFailedPrecondition: it cannot be simulated, another simulation runs, or more
  /// is retained than a run takes; kCancelled.
  virtual Result<ViewSimulation> SimulateView(
      std::string_view name, const std::vector<std::pair<std::string, std::string>>& settings,
      const std::function<bool()>& gone) = 0;

  /// As a stack writes it, with every key that is not at its default. kNotFound.
  virtual Result<std::string> PipelineStack(std::string_view name) const = 0;
  virtual Result<std::string> ViewStack(std::string_view name) const = 0;
  /// kNotFound.
  virtual Result<ViewGenerations> Generations(std::string_view name) const = 0;

  /// kNotFound. What the table keeps follows at once.
  virtual Result<void> ChangeTable(std::string_view database, std::string_view table,
                                   const TableChange& change) = 0;

  /// Store, streams and catalog of one moment, at `path`. kInvalidArgument: not an absolute path
  /// below the configured folder; kAlreadyExists: something is there; kFailedPrecondition: another
  /// backup is being made.
  virtual Result<BackupMade> Backup(std::string_view path) = 0;
};

}  // namespace tidemark::console
