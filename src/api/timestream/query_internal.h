// SPDX-License-Identifier: Apache-2.0
// The operations Query and CancelQuery (timestream-api.md 5.1, 5.2). Thread-safe: decisions under
// one short lock, binding on Lane::kBackground, pages on Lane::kQuery, expiry in Step().
//
// A query's pages are numbered from 0. NextToken k fetches page k; while page k is the newest one
// given out,
//   token k      gives the same page again (up to 5 calls: 5.1.2),
//   token k + 1  makes the next page and thereby ends token k,
//   any other    is "Invalid pagination token.".
//
//            Query                 page full            last row
//   (none) ---------> running ----------------> open ------------> finished --> forgotten
//                        |   <-- NextToken ---    |     error ---> failed   --> forgotten
//                        +------- CancelQuery ----+-------------> cancelled --> forgotten
//
// A page that takes longer than page_wait_max is answered empty, with a NextToken; what the
// statement makes meanwhile is the content of a later page. Statements are bound on
// Lane::kBackground, so that the columns of such a page are known however many statements run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/timestream/answer_internal.h"
#include "api/timestream/service.h"
#include "base/checksum.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/work_gate.h"
#include "sql/engine.h"

namespace tidemark::timestream {

class QueryApi final : public Steppable, public std::enable_shared_from_this<QueryApi> {
 public:
  struct Deps {
    sql::Engine& engine;
    Executor& executor;
    const Clock& clock;
    std::shared_ptr<Answers> answers;
    MetricRegistry& metrics;
    ObjectSink* exports;  // of UNLOAD; null: not configured
  };
  QueryApi(const ServiceOptions& options, Deps deps);

  /// Adds itself to the executor; Stop() takes it out, cancels everything and answers who waits.
  void Start();
  void Stop();

  void Query(const http::Request& request, http::Responder responder);
  void CancelQuery(const http::Request& request, http::Responder responder);

  /// Answers who waits too long and forgets what has expired.
  Result<Progress> Step() override;

 private:
  struct Call;       // a decoded request
  struct OpenQuery;  // one statement and its pages
  struct Delivery;   // answers to send once the lock is released
  using Queries = std::map<std::string, std::shared_ptr<OpenQuery>, std::less<>>;

  std::optional<Failure> Decode(const http::Request& request, Call& call) const;
  void Begin(Call call, http::Responder responder);
  void Continue(const Call& call, http::Responder responder);

  // query_registry.cpp
  std::shared_ptr<OpenQuery> FindRepeat(const Call& call, std::optional<Failure>& failure)
      TM_REQUIRES(mutex_);
  bool MakeRoom(MonotonicTime now) TM_REQUIRES(mutex_);
  void TrimPages() TM_REQUIRES(mutex_);
  void Forget(Queries::iterator it) TM_REQUIRES(mutex_);

  // query_pages.cpp
  struct Page;  // what a job made
  /// Jobs begin here and end in EndJob(): one binds a new statement and goes on to its first page,
  /// or makes a later one. The failure, or none.
  std::optional<Failure> StartAnalysis(const std::shared_ptr<OpenQuery>& query, Call call)
      TM_REQUIRES(mutex_);
  std::optional<Failure> StartPage(const std::shared_ptr<OpenQuery>& query) TM_REQUIRES(mutex_);
  std::optional<Failure> Post(Lane lane, const std::shared_ptr<OpenQuery>& query,
                              std::move_only_function<void()> work) TM_REQUIRES(mutex_);
  void Analyse(const std::shared_ptr<OpenQuery>& query, const Call& call);
  void BindStatement(const std::shared_ptr<OpenQuery>& query, const Call& call);
  void MakePage(const std::shared_ptr<OpenQuery>& query);
  void EndJob(const std::shared_ptr<OpenQuery>& query, Page page, std::vector<Delivery>& out)
      TM_REQUIRES(mutex_);
  std::optional<Failure> Execute(OpenQuery& query, const Call& call);
  std::optional<Failure> PrepareUnload(const OpenQuery& query,
                                       std::unique_ptr<sql::QueryResult>& result);
  std::optional<Failure> FillPage(OpenQuery& query, Page& page);
  std::optional<Failure> CheckResultSize(const OpenQuery& query, size_t page_bytes) const;
  /// Gives who waits an empty page and the token of the next.
  void GiveEmptyPage(OpenQuery& query, std::vector<Delivery>& out) TM_REQUIRES(mutex_);
  void AnswerSlow(OpenQuery& query, MonotonicTime now, std::vector<Delivery>& out)
      TM_REQUIRES(mutex_);
  void Publish(OpenQuery& query, std::string body, bool more) TM_REQUIRES(mutex_);
  void Deliver(OpenQuery& query, std::vector<Delivery>& out) TM_REQUIRES(mutex_);
  std::string Token(const OpenQuery& query, uint64_t page) const;
  void Send(std::vector<Delivery> deliveries);

  const ServiceOptions options_;
  Deps deps_;
  Counter& queries_total_;
  Gauge& open_;
  Gauge& pages_;
  WorkGate gate_;

  Mutex mutex_;
  Queries queries_ TM_GUARDED_BY(mutex_);
  std::map<std::string, std::string> client_tokens_ TM_GUARDED_BY(mutex_);  // to the query's id
  size_t page_bytes_ TM_GUARDED_BY(mutex_) = 0;                             // kept for replay
  size_t jobs_ TM_GUARDED_BY(mutex_) = 0;                                   // posted, not ended
  std::vector<std::shared_ptr<sql::QueryResult>> garbage_ TM_GUARDED_BY(mutex_);
  std::optional<TaskId> task_ TM_GUARDED_BY(mutex_);
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
};

struct QueryApi::Call {
  std::string principal;
  std::string sql;
  Hash128 sql_hash;
  std::optional<std::string> client_token;
  std::optional<std::string> next_token;
  size_t rows_max = SIZE_MAX;
  bool insights = false;
};

struct QueryApi::OpenQuery {
  // Constant.
  std::string id;
  uint64_t nonce = 0;
  std::string principal;
  Hash128 sql_hash;
  std::string client_token_key;  // "" without
  size_t first_rows_max = SIZE_MAX;
  bool insights = false;
  MonotonicTime deadline;

  // The running job's.
  sql::RowChunk chunk;
  size_t chunk_row = 0;
  uint64_t rows_total = 0;
  uint64_t bytes_total = 0;

  // Guarded by QueryApi::mutex_.
  std::shared_ptr<sql::QueryResult> result;  // null before the start and after the end
  std::string head;  // `{"ColumnInfo":[..],"QueryId":".."`: set once columns are known
  bool job_running = false;
  size_t rows_max = SIZE_MAX;            // of the page being made
  std::vector<http::Responder> waiting;  // for page pages_given
  MonotonicTime waiting_since;
  std::optional<std::string> ready;  // a page that nobody has asked for yet, without its end
  bool ready_more = false;
  uint64_t pages_given = 0;
  std::shared_ptr<const std::string> last_page;  // the newest page given out; null: evicted
  bool last_more = true;
  int last_uses = 0;
  std::optional<Failure> failure;
  bool cancelled = false;
  MonotonicTime created;
  MonotonicTime used;

  bool finished() const {
    return failure.has_value() || cancelled || (pages_given > 0 && !last_more);
  }
  bool idle() const { return !job_running && waiting.empty(); }
};

struct QueryApi::Page {
  std::string body;  // without its end
  bool more = false;
  std::optional<Failure> failure;
};

struct QueryApi::Delivery {
  std::vector<http::Responder> to;
  std::shared_ptr<const std::string> body;  // null: the failure
  std::optional<Failure> failure;
};

}  // namespace tidemark::timestream
