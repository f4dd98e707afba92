// SPDX-License-Identifier: Apache-2.0
// Takes a statement from text to rows: parse, bind, wait for a turn, run. A statement keeps its own
// syntax tree, so that it can be bound again without pushdown (see Control::RefusePushdown).
#include "sql/engine.h"

#include <charconv>

#include <fmt/format.h>

#include "base/mutex.h"
#include "sql/binder.h"
#include "sql/direct_execution.h"
#include "sql/execution.h"
#include "sql/explain.h"
#include "sql/metadata.h"
#include "sql/parser.h"
#include "sql/query_log.h"

namespace tidemark::sql {

void RowChunk::Reset(size_t rows, size_t columns) {
  columns_ = columns;
  cells_.clear();
  cells_.resize(rows * columns);
}

std::string QueryError::ToString() const {
  return fmt::format("line {}:{}: {}{}{}", line, column, message, suggestion.empty() ? "" : "; ",
                     suggestion);
}

std::optional<QueryError> QueryErrorOf(const Error& error) {
  std::string_view text = error.message;
  const size_t place = text.find("line ");
  if (place == std::string_view::npos) return std::nullopt;
  text.remove_prefix(place + 5);
  QueryError out;
  const auto number = [&text](int& value, char end) {
    const auto [next, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || next == text.data() + text.size() || *next != end) return false;
    text.remove_prefix(static_cast<size_t>(next - text.data()) + 1);
    return true;
  };
  if (!number(out.line, ':') || !number(out.column, ':')) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  const size_t suggestion = text.rfind("; ");
  out.message = text.substr(0, suggestion);
  if (suggestion != std::string_view::npos) out.suggestion = text.substr(suggestion + 2);
  const size_t open = out.message.find('\'');
  const size_t close = open == std::string::npos ? open : out.message.find('\'', open + 1);
  if (close != std::string::npos) out.token = out.message.substr(open + 1, close - open - 1);
  return out;
}

namespace {

/// Lets at most `running_max` calls work at a time. Thread-safe.
class Turns {
 public:
  Turns(const EngineOptions& options, const Clock& clock, Gauge& running)
      : options_(options), clock_(clock), running_gauge_(running) {}

  Result<void> Take(const Control& control) TM_EXCLUDES(mutex_) {
    const MonotonicTime give_up = clock_.Monotonic() + options_.wait_max;
    const MutexLock lock(mutex_);
    if (running_ >= options_.queries_running_max && waiting_ >= options_.queries_waiting_max) {
      return Error{
          Code::kResourceExhausted,
          fmt::format("{} queries run and {} wait already: try again later", running_, waiting_)};
    }
    ++waiting_;
    Result<void> outcome;
    while (running_ >= options_.queries_running_max) {
      outcome = control.Check();
      if (!outcome.ok()) break;
      if (clock_.Monotonic() >= give_up) {
        outcome = Error{Code::kResourceExhausted,
                        "the query waited too long for its turn: try again later"};
        break;
      }
      free_.WaitFor(mutex_, milliseconds(20));
    }
    --waiting_;
    if (outcome.ok()) running_gauge_.Set(static_cast<int64_t>(++running_));
    return outcome;
  }

  void Give() TM_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    running_gauge_.Set(static_cast<int64_t>(--running_));
    free_.NotifyOne();
  }

 private:
  const EngineOptions& options_;
  const Clock& clock_;
  Gauge& running_gauge_;
  Mutex mutex_;
  CondVar free_;
  size_t running_ TM_GUARDED_BY(mutex_) = 0;
  size_t waiting_ TM_GUARDED_BY(mutex_) = 0;
};

struct Shared {
  EngineOptions options;
  store::Store& store;
  const Namespace& names;
  const Clock& clock;
  std::unique_ptr<Database> database;
  Turns turns;
  QueryLog log;
  Counter& rows_returned;
  Counter& failed;
  Counter& succeeded;
  std::atomic<size_t> results_open{0};
};

/// Rows that are there already: SHOW, DESCRIBE, EXPLAIN.
class TableResult final : public QueryResult {
 public:
  explicit TableResult(Table table) : table_(std::move(table)) {}

  const std::vector<Column>& columns() const override { return table_.columns; }
  Result<bool> Next(RowChunk& out) override {
    if (cancelled_.load()) return Error{Code::kCancelled, "the query was cancelled"};
    if (done_.exchange(true) || table_.rows.empty()) return false;
    out.Reset(table_.rows.size(), table_.columns.size());
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      for (size_t c = 0; c < table_.columns.size(); ++c)
        out.at(row, c) = std::move(table_.rows[row][c]);
    }
    return true;
  }
  void Cancel() override { cancelled_.store(true); }
  QueryProgress progress() const override {
    return {.rows_returned = table_.rows.size(),
            .percent = done_.load() ? 100.0 : 0.0,
            .metadata = true};
  }

 private:
  Table table_;
  std::atomic<bool> done_{false};
  std::atomic<bool> cancelled_{false};
};

class StatementResult final : public QueryResult {
 public:
  StatementResult(Shared& shared, ast::QueryPtr query, BindOptions bind, plan::Plan plan,
                  const QueryRequest& request)
      : shared_(shared),
        query_(std::move(query)),
        bind_(std::move(bind)),
        plan_(std::move(plan)),
        control_(shared.clock, request.deadline, shared.options.memory_bytes_max) {
    for (const plan::Column& column : plan_.query.columns)
      columns_.push_back({column.name, column.type});
    shared_.results_open.fetch_add(1);
    entry_ = shared_.log.Open(
        request, {.progress = [this] { return progress(); }, .cancel = [this] { Cancel(); }});
  }
  ~StatementResult() override {
    // First: the list must not ask a statement that goes.
    entry_.reset();
    SetExecution(nullptr);
    if (!finished_) shared_.results_open.fetch_sub(1);
  }

  const std::vector<Column>& columns() const override { return columns_; }

  Result<bool> Next(RowChunk& out) override {
    if (finished_) return false;
    Result<bool> more = Work(out);
    if (more.ok() && *more) {
      rows_returned_.fetch_add(out.rows());
      shared_.rows_returned.Add(out.rows());
      return more;
    }
    End(more.ok() ? Result<void>() : Result<void>(more.error()));
    return more;
  }

  void SetUnload(UnloadSpec spec) { unload_ = std::move(spec); }
  const UnloadSpec* unload() const override { return unload_ ? &*unload_ : nullptr; }

  Result<std::vector<ParquetFile>> WriteParquet(const std::string& folder) override {
    if (finished_ || started_ || !unload_) {
      return Error{Code::kFailedPrecondition, "the statement cannot be written to files now"};
    }
    std::vector<ParquetFile> files;
    const Result<void> outcome = WriteFiles(folder, files);
    End(outcome);
    if (!outcome.ok()) return outcome.error();
    return files;
  }

  void Cancel() override TM_EXCLUDES(mutex_) {
    control_.Cancel();
    const MutexLock lock(mutex_);
    if (execution_) execution_->Interrupt();
  }

  QueryProgress progress() const override {
    return {.rows_scanned = control_.rows_scanned(),
            .bytes_scanned = control_.bytes_scanned(),
            .rows_returned = rows_returned_.load(),
            .percent = ended_.load() ? 100.0 : control_.percent()};
  }

  std::vector<store::DamagedRange> gaps() const override { return control_.gaps(); }

 private:
  void End(const Result<void>& outcome) {
    (outcome.ok() ? shared_.succeeded : shared_.failed).Add();
    ended_.store(true);
    entry_->End(outcome);
    finished_ = true;
    SetExecution(nullptr);
    shared_.results_open.fetch_sub(1);
  }

  Result<void> WriteFiles(const std::string& folder, std::vector<ParquetFile>& files) {
    TM_RETURN_IF_ERROR(control_.Check());
    entry_->Set(QueryState::kWaiting);
    TM_RETURN_IF_ERROR(shared_.turns.Take(control_));
    entry_->Set(QueryState::kRunning);
    Result<void> outcome = CopyFiles(folder, files);
    shared_.turns.Give();
    return outcome;
  }

  Result<void> CopyFiles(const std::string& folder, std::vector<ParquetFile>& files) {
    TM_ASSIGN_OR_RETURN(
        std::unique_ptr<Execution> execution,
        shared_.database->StartParquet(plan_, *unload_, folder, shared_.store, control_));
    SetExecution(std::move(execution));
    for (RowChunk chunk;;) {
      TM_ASSIGN_OR_RETURN(const bool more, Running().Next(chunk));
      if (!more) return {};
      for (size_t row = 0; row < chunk.rows(); ++row) {
        const auto number = [&](size_t column) {
          return static_cast<uint64_t>(std::get<int64_t>(chunk.at(row, column).data));
        };
        files.push_back({std::get<std::string>(chunk.at(row, 0).data), number(1), number(2)});
      }
    }
  }

  Result<bool> Work(RowChunk& out) {
    TM_RETURN_IF_ERROR(control_.Check());
    entry_->Set(QueryState::kWaiting);
    if (Result<void> turn = shared_.turns.Take(control_); !turn.ok()) {
      return std::move(turn).error();
    }
    entry_->Set(QueryState::kRunning);
    Result<bool> more = Advance(out);
    if (!more.ok() && control_.pushdown_refused() && bind_.pushdown && rows_returned_.load() == 0) {
      more = AdvanceWithoutPushdown(out);
    } else if (!more.ok() && control_.direct_refused()) {
      more = AdvanceInEngine(out);
    }
    shared_.turns.Give();
    entry_->Set(QueryState::kOpen);
    return more;
  }

  Result<bool> Advance(RowChunk& out) {
    if (!started_) {
      std::unique_ptr<Execution> execution;
      if (direct_ && shared_.options.direct_rows_max > 0 && RunsDirectly(plan_)) {
        execution =
            DirectExecution(plan_, shared_.store, control_, shared_.options.direct_rows_max);
      } else {
        TM_ASSIGN_OR_RETURN(execution, shared_.database->Start(plan_, shared_.store, control_));
      }
      SetExecution(std::move(execution));
      started_ = true;
    }
    // Only this thread replaces execution_, so it may read it without the lock.
    return Running().Next(out);
  }

  Result<bool> AdvanceWithoutPushdown(RowChunk& out) {
    SetExecution(nullptr);
    started_ = false;
    bind_.pushdown = false;
    control_.Forgive();
    TM_ASSIGN_OR_RETURN(plan_, Bind(*query_, shared_.names, shared_.store, bind_));
    return Advance(out);
  }

  Result<bool> AdvanceInEngine(RowChunk& out) {
    SetExecution(nullptr);
    started_ = false;
    direct_ = false;
    control_.Forgive();
    return Advance(out);
  }

  void SetExecution(std::unique_ptr<Execution> execution) TM_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      std::swap(execution_, execution);
    }
    // The old one ends outside the lock: it may take a while, and Cancel() never waits.
  }
  Execution& Running() TM_NO_THREAD_SAFETY_ANALYSIS { return *execution_; }

  Shared& shared_;
  const ast::QueryPtr query_;
  BindOptions bind_;
  plan::Plan plan_;
  std::vector<Column> columns_;
  Control control_;
  std::unique_ptr<QueryLog::Entry> entry_;
  std::optional<UnloadSpec> unload_;
  bool started_ = false;
  bool direct_ = true;  // unless it proved too large for that
  bool finished_ = false;
  std::atomic<bool> ended_{false};
  std::atomic<uint64_t> rows_returned_{0};
  mutable Mutex mutex_;  // the execution's life against Cancel()
  std::unique_ptr<Execution> execution_ TM_GUARDED_BY(mutex_);
};

/// The text behind EXPLAIN on one line.
std::string StatementText(std::string_view sql) {
  std::string out;
  for (const char c : sql) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return out.substr(std::min(out.find(' ') + 1, out.size()));
}

Result<Table> ExplainTable(std::string_view sql, const plan::Plan& plan, Shared& shared) {
  std::vector<std::string> lines{"query: " + StatementText(sql)};
  const auto add = [&lines](std::vector<std::string> more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  };
  add(Explain(plan, shared.store));
  add(ExplainDamage(plan, shared.store));
  if (RunsDirectly(plan)) {
    lines.emplace_back("execution engine: not needed");
  } else {
    Control control(shared.clock, std::nullopt);
    TM_ASSIGN_OR_RETURN(std::vector<std::string> engine_plan,
                        shared.database->Explain(plan, shared.store, control));
    lines.emplace_back("execution engine:");
    add(std::move(engine_plan));
  }
  Table table{{{"Query Plan", TypeKind::kVarchar}}, {}};
  for (std::string& line : lines) table.rows.push_back({Value{std::move(line)}});
  return table;
}

/// A column that is one of a table keeps its table's name (timestream-api.md 5.3).
Description::Origin OriginOf(const plan::Plan& plan, size_t column) {
  const std::string& name = plan.query.columns[column].name;
  const plan::Select* select = plan.query.select ? &*plan.query.select : nullptr;
  const plan::Expr* expr = select == nullptr ? nullptr : select->outputs[column].get();
  const plan::Aggregation* aggregation =
      select != nullptr && select->aggregation ? &*select->aggregation : nullptr;
  if (expr != nullptr && aggregation != nullptr && expr->relation == aggregation->id &&
      expr->column < aggregation->keys.size()) {
    expr = aggregation->keys[expr->column].get();
  }
  if (expr != nullptr && expr->kind == plan::ExprKind::kColumn) {
    for (const plan::TableScan& scan : plan.scans) {
      if (scan.relation != expr->relation) continue;
      return {scan.database, scan.table, name != scan.columns[expr->column].name};
    }
  }
  return {"", "", name != fmt::format("_col{}", column)};
}

class EngineImpl final : public Engine {
 public:
  EngineImpl(EngineOptions options, store::Store& store, const Namespace& names, const Clock& clock,
             MetricRegistry& metrics, std::unique_ptr<Database> database)
      : shared_{std::move(options),
                store,
                names,
                clock,
                std::move(database),
                Turns(shared_.options, clock,
                      metrics.GetGauge("tidemark_query_running", "Statements at work")),
                QueryLog({.slow = shared_.options.slow_query}, clock),
                metrics.GetCounter("tidemark_sql_rows_returned_total", "Rows of results"),
                metrics.GetCounter("tidemark_sql_queries_total", "Statements ended",
                                   {{"outcome", "failed"}}),
                metrics.GetCounter("tidemark_sql_queries_total", "Statements ended",
                                   {{"outcome", "ok"}})} {}

  Result<std::unique_ptr<QueryResult>> Execute(const QueryRequest& request) override {
    Result<std::unique_ptr<QueryResult>> result = Compile(request);
    if (!result.ok()) {
      shared_.failed.Add();
      shared_.log.Refused(request, result.error());
    }
    return result;
  }

  Result<Description> Describe(const QueryRequest& request) override {
    TM_ASSIGN_OR_RETURN(ast::Statement statement, ParseStatement(request.sql));
    Description out;
    if (statement.kind != ast::StatementKind::kQuery) {
      TM_ASSIGN_OR_RETURN(std::unique_ptr<QueryResult> result, Compile(request));
      if (result->unload() != nullptr) {
        return Error{Code::kInvalidArgument, "line 1:1: UNLOAD can only be run by Query"};
      }
      out.columns = result->columns();
      out.origins.resize(out.columns.size());
      return out;
    }
    TM_ASSIGN_OR_RETURN(const plan::Plan plan, BindStatement(*statement.query, OptionsOf(request)));
    for (size_t i = 0; i < plan.query.columns.size(); ++i) {
      out.columns.push_back({plan.query.columns[i].name, plan.query.columns[i].type});
      out.origins.push_back(OriginOf(plan, i));
    }
    for (const plan::Parameter& parameter : plan.parameters)
      out.parameters.push_back({parameter.name, parameter.type});
    for (const plan::TableScan& scan : plan.scans) {
      if (scan.kind != plan::TableScan::Kind::kPoints) {
        out.views.push_back(scan.selection.owners.view);
      }
    }
    return out;
  }

  std::vector<QueryInfo> Queries() const override { return shared_.log.List(); }
  std::optional<QueryInfo> FindQuery(std::string_view id) const override {
    return shared_.log.Find(id);
  }
  bool CancelQuery(std::string_view id) override { return shared_.log.Cancel(id); }
  uint64_t memory_bytes() const override { return shared_.database->memory_bytes(); }

 private:
  BindOptions OptionsOf(const QueryRequest& request) const {
    BindOptions bind;
    bind.database = request.database;
    bind.now = shared_.clock.Now().AsEventTime();
    bind.as_of = request.as_of;
    bind.pushdown = shared_.options.pushdown;
    bind.narrowing = shared_.options.narrowing;
    bind.parameters = request.parameters;
    return bind;
  }
  Result<plan::Plan> BindStatement(const ast::Query& query, const BindOptions& bind) const {
    return Bind(query, shared_.names, shared_.store, bind);
  }

  Result<std::unique_ptr<QueryResult>> Compile(const QueryRequest& request) {
    TM_ASSIGN_OR_RETURN(ast::Statement statement, ParseStatement(request.sql));
    const bool unload = statement.kind == ast::StatementKind::kUnload;
    if (!unload && statement.kind != ast::StatementKind::kQuery &&
        statement.kind != ast::StatementKind::kExplain) {
      TM_ASSIGN_OR_RETURN(
          Table table, AnswerMetadata(statement, shared_.names, shared_.store, request.database));
      return std::unique_ptr<QueryResult>(std::make_unique<TableResult>(std::move(table)));
    }
    BindOptions bind = OptionsOf(request);
    // Files cannot be taken back: what a pushed-down aggregate may refuse is not tried.
    if (unload) bind.pushdown = false;
    TM_ASSIGN_OR_RETURN(plan::Plan plan, BindStatement(*statement.query, bind));
    if (statement.kind == ast::StatementKind::kExplain) {
      TM_ASSIGN_OR_RETURN(Table table, ExplainTable(request.sql, plan, shared_));
      return std::unique_ptr<QueryResult>(std::make_unique<TableResult>(std::move(table)));
    }
    if (!plan.parameters.empty()) {
      const plan::Parameter& parameter = plan.parameters[0];
      return ErrorAt(parameter.place, fmt::format("parameter @{} has no value", parameter.name));
    }
    if (shared_.results_open.load() >= shared_.options.results_open_max) {
      return Error{Code::kResourceExhausted,
                   fmt::format("{} results are open already: read or close some",
                               shared_.options.results_open_max)};
    }
    std::optional<UnloadSpec> spec;
    if (unload) {
      TM_ASSIGN_OR_RETURN(const UnloadClause clause, ParseUnloadClause(request.sql));
      std::vector<Column> columns;
      for (const plan::Column& column : plan.query.columns) {
        columns.push_back({column.name, column.type});
      }
      TM_ASSIGN_OR_RETURN(spec, ReadUnload(clause, columns));
    }
    auto result = std::make_unique<StatementResult>(shared_, std::move(statement.query),
                                                    std::move(bind), std::move(plan), request);
    if (spec) result->SetUnload(*std::move(spec));
    return std::unique_ptr<QueryResult>(std::move(result));
  }

  Shared shared_;
};

}  // namespace

Result<std::vector<ParquetFile>> QueryResult::WriteParquet(const std::string& /*folder*/) {
  return Error{Code::kUnimplemented, "this result cannot be written to files"};
}

Result<std::unique_ptr<Engine>> Engine::Open(EngineOptions options, store::Store& store,
                                             const Namespace& names, const Clock& clock,
                                             MetricRegistry& metrics) {
  if (options.threads < 1 || options.queries_running_max < 1) {
    return Error{Code::kInvalidArgument,
                 "sql.threads and the number of running queries must be at least 1"};
  }
  TM_ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                      Database::Open({options.spill_dir, options.export_dir,
                                      options.memory_bytes_max, options.threads}));
  return std::unique_ptr<Engine>(std::make_unique<EngineImpl>(std::move(options), store, names,
                                                              clock, metrics, std::move(database)));
}

}  // namespace tidemark::sql
