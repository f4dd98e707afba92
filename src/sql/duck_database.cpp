// SPDX-License-Identifier: Apache-2.0
// Opens the library in memory, starts statements, fetches rows and translates errors.
//  1. Settings are fixed at opening: no files but the spill directory, no network, no extensions.
//  2. One connection per statement. duckdb_interrupt is lost before the query has begun, so after
//  the
//     beginning the flag is looked at again; from then on an interrupt stays.
//  3. The calling thread works on the statement's tasks and looks at cancel and deadline between
//  them.
#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/logging.h"
#include "sql/duck_internal.h"
#include "sql/emitter.h"
#include "sql/memory_meter.h"

namespace tidemark::sql {

Result<void> Control::Check() const {
  if (cancelled_.load(std::memory_order_acquire))
    return Error{Code::kCancelled, "the query was cancelled"};
  if (deadline_ && clock_.Monotonic() >= *deadline_) {
    return Error{Code::kDeadlineExceeded, "the query ran longer than allowed"};
  }
  return {};
}

void Control::Fail(Error error) {
  const MutexLock lock(mutex_);
  if (!failure_) failure_ = std::move(error);
}

double Control::percent() const {
  // A series of a grouping counts as so many rows beside those of scans.
  constexpr uint64_t kRowsOfSeries = 1000;
  const auto expected =
      static_cast<double>(rows_expected_.load(std::memory_order_relaxed) +
                          kRowsOfSeries * series_expected_.load(std::memory_order_relaxed));
  if (expected <= 0) return percent_.load(std::memory_order_relaxed);
  // A cursor opened later (the other side of a join) adds to what is expected: the number said
  // before stays until it is reached again.
  const uint64_t read = rows_read_.load(std::memory_order_relaxed) +
                        kRowsOfSeries * series_done_.load(std::memory_order_relaxed);
  const double now = std::min(99.0, 100.0 * static_cast<double>(read) / expected);
  double said = percent_.load(std::memory_order_relaxed);
  while (said < now && !percent_.compare_exchange_weak(said, now, std::memory_order_relaxed)) {
  }
  return std::max(said, now);
}

void Control::Forgive() {
  pushdown_refused_.store(false, std::memory_order_relaxed);
  direct_refused_.store(false, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  failure_.reset();
}

void Control::NoteGaps(std::vector<store::DamagedRange> gaps) {
  const MutexLock lock(mutex_);
  for (store::DamagedRange& gap : gaps) {
    if (gap.accepted && std::ranges::find(gaps_, gap) == gaps_.end()) {
      gaps_.push_back(std::move(gap));
    }
  }
}

std::vector<store::DamagedRange> Control::gaps() const {
  const MutexLock lock(mutex_);
  return gaps_;
}

std::optional<Error> Control::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

// ----------------------------------------------------------------------------------------------
// errors

namespace {
constexpr std::string_view kMark = "[tm:";
constexpr std::string_view kMarkEnd = ":tm]";
}  // namespace

std::string MarkError(std::string_view message) {
  return fmt::format("{}{}{}", kMark, message, kMarkEnd);
}

Error TranslateError(std::string_view text, duckdb_error_type type) {
  const size_t mark = text.find(kMark);
  if (mark != std::string_view::npos) {
    const size_t start = mark + kMark.size();
    const size_t end = std::min(text.find(kMarkEnd, start), text.size());
    return {Code::kInvalidArgument, std::string(text.substr(start, end - start))};
  }
  switch (type) {
    case DUCKDB_ERROR_INTERRUPT:
      return {Code::kCancelled, "the query was cancelled"};
    case DUCKDB_ERROR_OUT_OF_MEMORY:
      return {Code::kNoSpace, "the query needs more memory than sql.memory_max allows"};
    case DUCKDB_ERROR_OUT_OF_RANGE:
    case DUCKDB_ERROR_CONVERSION:
      return {Code::kInvalidArgument, "a value is out of the range of its type"};
    case DUCKDB_ERROR_DIVIDE_BY_ZERO:
      return {Code::kInvalidArgument, "Division by zero"};
    default:
      break;
  }
  if (text.find("More than one row returned by a subquery") != std::string_view::npos)
    return {Code::kInvalidArgument, "a scalar sub-query has returned more than one row"};
  if (text.find("INTERRUPT") != std::string_view::npos)
    return {Code::kCancelled, "the query was cancelled"};
  if (text.find("Overflow") != std::string_view::npos ||
      text.find("out of range") != std::string_view::npos) {
    return {Code::kInvalidArgument, "a value is out of the range of its type"};
  }
  if (text.find("could not allocate") != std::string_view::npos ||
      text.find("Out of Memory") != std::string_view::npos) {
    return {Code::kNoSpace, "the query needs more memory than sql.memory_max allows"};
  }
  Log(LogLevel::kError, "sql", "query execution failed", {{"error", text}});
  return {Code::kInternal, "internal error in query execution (see the server's log)"};
}

DuckType CarrierType(TypeKind kind) {
  const std::string_view name = CarrierName(kind);
  if (name == "BOOLEAN") return DuckType(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  if (name == "INTEGER") return DuckType(duckdb_create_logical_type(DUCKDB_TYPE_INTEGER));
  if (name == "DOUBLE") return DuckType(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
  if (name == "VARCHAR") return DuckType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  return DuckType(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
}

// --------------------------------------------------------------------------------------------
// registry

uint64_t TaskRegistry::Add(const StoreTask& task) {
  const MutexLock lock(mutex_);
  tasks_.emplace(next_, task);
  return next_++;
}

void TaskRegistry::Remove(uint64_t handle) {
  const MutexLock lock(mutex_);
  tasks_.erase(handle);
}

std::optional<StoreTask> TaskRegistry::Find(uint64_t handle) const {
  const MutexLock lock(mutex_);
  const auto found = tasks_.find(handle);
  if (found == tasks_.end()) return std::nullopt;
  return found->second;
}

// -------------------------------------------------------------------------------------------
// execution

namespace {

class DuckExecution final : public Execution {
 public:
  DuckExecution(TaskRegistry& registry, const plan::Plan& plan, Control& control)
      : registry_(registry), plan_(plan), control_(control), columns_(plan.query.columns) {}
  ~DuckExecution() override {
    Close();
    for (const uint64_t handle : handles_) registry_.Remove(handle);
  }

  /// Rows go into files.
  void IntoParquet(const UnloadSpec& spec, const std::string& folder) {
    spec_ = &spec;
    folder_ = folder;
    columns_ = {{"path", TypeKind::kVarchar, 0},
                {"rows", TypeKind::kBigint, 1},
                {"bytes", TypeKind::kBigint, 2}};
  }

  Result<void> Start(duckdb_database database, store::Store& store, int threads) {
    TM_ASSIGN_OR_RETURN(std::string sql, Connect(database, store, threads));
    if (spec_ != nullptr) {
      std::vector<Column> columns;
      for (const plan::Column& column : plan_.query.columns) {
        columns.push_back({column.name, column.type});
      }
      TM_ASSIGN_OR_RETURN(sql, ParquetCopy(*spec_, columns, sql, folder_));
    }
    if (duckdb_prepare(connection_.get(), sql.c_str(), prepared_.address()) == DuckDBError) {
      const char* text = duckdb_prepare_error(prepared_.get());
      Log(LogLevel::kDebug, "sql", "emitted", {{"statement", sql}});
      return Failure(text == nullptr ? "" : text, DUCKDB_ERROR_INVALID);
    }
    if (duckdb_pending_prepared_streaming(prepared_.get(), pending_.address()) == DuckDBError) {
      return PendingFailure();
    }
    return {};
  }

  Result<std::vector<std::string>> Explain(duckdb_database database, store::Store& store) {
    TM_ASSIGN_OR_RETURN(const std::string sql, Connect(database, store, 1));
    if (duckdb_query(connection_.get(), ("EXPLAIN " + sql).c_str(), result_.get()) == DuckDBError) {
      const char* text = duckdb_result_error(result_.get());
      return Failure(text == nullptr ? "" : text, duckdb_result_error_type(result_.get()));
    }
    std::vector<std::string> lines;
    // One row: the plan's name and its drawing.
    const DuckChunk chunk(duckdb_fetch_chunk(*result_.get()));
    if (chunk.get() == nullptr || duckdb_data_chunk_get_size(chunk.get()) == 0) return lines;
    const auto* texts = static_cast<const duckdb_string_t*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 1)));
    std::string_view drawing = DuckText(texts[0]);
    while (!drawing.empty()) {
      const size_t end = std::min(drawing.find('\n'), drawing.size());
      lines.emplace_back(drawing.substr(0, end));
      drawing.remove_prefix(std::min(end + 1, drawing.size()));
    }
    return lines;
  }

  Result<bool> Next(RowChunk& out) override {
    if (!running_) {
      TM_RETURN_IF_ERROR(Run());
      running_ = true;
    }
    for (;;) {
      TM_RETURN_IF_ERROR(control_.Check());
      DuckChunk chunk(duckdb_fetch_chunk(*result_.get()));
      if (chunk.get() == nullptr) {
        const char* text = duckdb_result_error(result_.get());
        if (text != nullptr && *text != '\0')
          return Failure(text, duckdb_result_error_type(result_.get()));
        return false;
      }
      if (duckdb_data_chunk_get_size(chunk.get()) == 0) continue;
      DecodeChunk(chunk.get(), columns_, out);
      return true;
    }
  }

  void Interrupt() override {
    const MutexLock lock(mutex_);
    if (connection_.get() != nullptr) duckdb_interrupt(connection_.get());
    idle_.NotifyAll();
  }

 private:
  /// Registers what the plan reads and gives the statement for the engine.
  Result<std::string> Connect(duckdb_database database, store::Store& store, int threads) {
    TM_RETURN_IF_ERROR(control_.Check());
    std::vector<uint64_t> scans;
    std::vector<uint64_t> aggregates;
    for (const plan::TableScan& scan : plan_.scans) {
      scans.push_back(registry_.Add({&scan, nullptr, &store, &control_, threads}));
    }
    for (const plan::TableAggregate& aggregate : plan_.aggregates) {
      aggregates.push_back(registry_.Add({nullptr, &aggregate, &store, &control_, threads}));
    }
    handles_ = scans;
    handles_.insert(handles_.end(), aggregates.begin(), aggregates.end());
    {
      const MutexLock lock(mutex_);
      if (duckdb_connect(database, connection_.address()) == DuckDBError) {
        return Error{Code::kInternal, "the execution engine gives no connection"};
      }
    }
    return Emit(plan_, {scans, aggregates});
  }

  /// Works until the first rows are there.
  Result<void> Run() {
    for (;;) {
      if (Result<void> check = control_.Check(); !check.ok()) {
        duckdb_interrupt(connection_.get());
        return check;
      }
      const duckdb_pending_state state = duckdb_pending_execute_task(pending_.get());
      if (state == DUCKDB_PENDING_ERROR) return PendingFailure();
      if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) {
        // Others work on the last tasks.
        const MutexLock lock(mutex_);
        idle_.WaitFor(mutex_, microseconds(200));
        continue;
      }
      if (duckdb_pending_execution_is_finished(state)) break;
    }
    if (duckdb_execute_pending(pending_.get(), result_.get()) == DuckDBError) {
      const char* text = duckdb_result_error(result_.get());
      return Failure(text == nullptr ? "" : text, duckdb_result_error_type(result_.get()));
    }
    return {};
  }

  Error PendingFailure() {
    const char* text = duckdb_pending_error(pending_.get());
    return Failure(text == nullptr ? "" : text, DUCKDB_ERROR_INVALID);
  }

  /// Ours first: what a callback said, then cancel and deadline, then what the engine says.
  Error Failure(std::string_view text, duckdb_error_type type) {
    if (std::optional<Error> failure = control_.failure()) return *std::move(failure);
    Error error = TranslateError(text, type);
    if (error.code == Code::kCancelled) {
      if (Result<void> check = control_.Check(); !check.ok()) return std::move(check).error();
    }
    return error;
  }

  void Close() {
    const MutexLock lock(mutex_);
    duckdb_destroy_result(result_.get());
    *result_.get() = duckdb_result{};
    pending_ = DuckPending();
    prepared_ = DuckPrepared();
    connection_ = DuckConnection();
  }

  TaskRegistry& registry_;
  const plan::Plan& plan_;
  Control& control_;
  std::vector<plan::Column> columns_;  // of the rows that Next() gives
  const UnloadSpec* spec_ = nullptr;
  std::string folder_;
  std::vector<uint64_t> handles_;
  Mutex mutex_;  // the connection's life against Interrupt()
  CondVar idle_;
  DuckConnection connection_;  // set once; the owner reads it without the lock
  DuckPrepared prepared_;
  DuckPending pending_;
  DuckResult result_;
  bool running_ = false;
};

class DuckEngine final : public Database {
 public:
  explicit DuckEngine(const DatabaseOptions& options)
      : meter_(options.memory_bytes_max), threads_(options.threads) {}

  Result<void> Open(const DatabaseOptions& options) {
    DuckConfig config;
    if (duckdb_create_config(config.address()) == DuckDBError) {
      return Error{Code::kInternal, "the execution engine gives no configuration"};
    }
    std::vector<std::pair<std::string, std::string>> settings{
        {"threads", std::to_string(options.threads)},
        {"memory_limit", fmt::format("{}B", options.memory_bytes_max)},
        {"temp_directory", options.spill_dir},
        {"preserve_insertion_order", "false"},  // storage.md 10.11
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"default_null_order", "nulls_last"},
    };
    for (const auto& [name, value] : settings) {
      if (duckdb_set_config(config.get(), name.c_str(), value.c_str()) == DuckDBError) {
        return Error{Code::kInvalidArgument,
                     fmt::format("the execution engine refuses {} = '{}'", name, value)};
      }
    }
    char* text = nullptr;
    if (duckdb_open_ext(nullptr, database_.address(), config.get(), &text) == DuckDBError) {
      Error error{Code::kInternal,
                  fmt::format("open the execution engine: {}", text == nullptr ? "" : text)};
      duckdb_free(text);
      return error;
    }
    DuckConnection connection;
    if (duckdb_connect(database_.get(), connection.address()) == DuckDBError) {
      return Error{Code::kInternal, "the execution engine gives no connection"};
    }
    TM_RETURN_IF_ERROR(AllowOnly(connection.get(), {options.export_dir, options.spill_dir}));
    TM_RETURN_IF_ERROR(RegisterScan(connection.get(), registry_));
    TM_RETURN_IF_ERROR(RegisterRevisionScan(connection.get(), registry_));
    TM_RETURN_IF_ERROR(RegisterAggregateScan(connection.get(), registry_));
    TM_RETURN_IF_ERROR(RegisterScalars(connection.get()));
    TM_RETURN_IF_ERROR(RegisterNested(connection.get()));
    return RegisterAggregates(connection.get(), meter_);
  }

  Result<std::unique_ptr<Execution>> Start(const plan::Plan& plan, store::Store& store,
                                           Control& control) override {
    auto execution = std::make_unique<DuckExecution>(registry_, plan, control);
    TM_RETURN_IF_ERROR(execution->Start(database_.get(), store, threads_));
    return std::unique_ptr<Execution>(std::move(execution));
  }

  Result<std::vector<std::string>> Explain(const plan::Plan& plan, store::Store& store,
                                           Control& control) override {
    return DuckExecution(registry_, plan, control).Explain(database_.get(), store);
  }

  Result<std::unique_ptr<Execution>> StartParquet(const plan::Plan& plan, const UnloadSpec& spec,
                                                  const std::string& folder, store::Store& store,
                                                  Control& control) override {
    auto execution = std::make_unique<DuckExecution>(registry_, plan, control);
    execution->IntoParquet(spec, folder);
    TM_RETURN_IF_ERROR(execution->Start(database_.get(), store, threads_));
    return std::unique_ptr<Execution>(std::move(execution));
  }

  std::string version() const override { return duckdb_library_version(); }

  uint64_t memory_bytes() const override {
    DuckConnection connection;
    if (duckdb_connect(database_.get(), connection.address()) == DuckDBError) return 0;
    DuckResult result;
    constexpr const char* kSum =
        "SELECT CAST(coalesce(sum(memory_usage_bytes), 0) AS BIGINT) FROM duckdb_memory()";
    if (duckdb_query(connection.get(), kSum, result.get()) == DuckDBError) return 0;
    return static_cast<uint64_t>(std::max<int64_t>(0, duckdb_value_int64(result.get(), 0, 0)));
  }

 private:
  /// Once set it cannot be taken back, and nor can the folders that are allowed before it.
  static Result<void> AllowOnly(duckdb_connection connection,
                                std::initializer_list<std::string_view> folders) {
    std::string list;
    for (const std::string_view folder : folders) {
      if (folder.empty()) continue;
      list += list.empty() ? "'" : ", '";
      for (const char c : folder) list += c == '\'' ? "''" : std::string(1, c);
      list += "/'";
    }
    for (const std::string& sql : {"SET allowed_directories = [" + list + "]",
                                   std::string("SET enable_external_access = false")}) {
      DuckResult result;
      if (duckdb_query(connection, sql.c_str(), result.get()) == DuckDBError) {
        return Error{Code::kInternal, fmt::format("the execution engine refuses {}: {}", sql,
                                                  duckdb_result_error(result.get()))};
      }
    }
    return {};
  }

  TaskRegistry registry_;
  MemoryMeter meter_;  // of what aggregates allocate beside the library
  const int threads_;
  DuckDatabase database_;  // after what its functions read: closed before it
};

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options) {
  auto engine = std::make_unique<DuckEngine>(options);
  TM_RETURN_IF_ERROR(engine->Open(options));
  return std::unique_ptr<Database>(std::move(engine));
}

}  // namespace tidemark::sql
