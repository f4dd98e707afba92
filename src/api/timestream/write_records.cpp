// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/timestream/write_records_internal.h"
#include "base/json.h"

namespace tidemark::timestream {
namespace {

constexpr size_t kScratchKeptMax = 8;

std::string RejectedBody(const std::vector<RejectedRecord>& rejected) {
  constexpr std::string_view kMessage =
      "One or more records have been rejected. See RejectedRecords for details.";
  JsonWriter out;
  out.BeginObject();
  out.Key("__type").String("com.amazonaws.timestream.v20181101#RejectedRecordsException");
  out.Key("Message").String(kMessage).Key("message").String(kMessage);
  out.Key("RejectedRecords").BeginArray();
  for (const RejectedRecord& record : rejected) {
    out.BeginObject();
    if (record.existing_version) out.Key("ExistingVersion").Int(*record.existing_version);
    out.Key("Reason").String(record.reason).Key("RecordIndex").Uint(record.record).EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

std::string IngestedBody(size_t memory, size_t magnetic) {
  JsonWriter out;
  out.BeginObject().Key("RecordsIngested").BeginObject();
  out.Key("MagneticStore").Uint(magnetic).Key("MemoryStore").Uint(memory);
  out.Key("Total").Uint(memory + magnetic).EndObject().EndObject();
  return std::move(out).Take();
}

// AWS has no reason for damage. The words are those of the error that SDKs try again after.
std::string ReasonOf(store::Rejection& rejection) {
  if (rejection.reason != store::RejectReason::kDamaged) return std::move(rejection.text);
  return "InternalServerException: " + rejection.text + " The record can be sent again.";
}

}  // namespace

struct RecordWriter::InFlight {
  http::Responder responder;
  std::shared_ptr<const TableEntry> table;
  std::vector<uint32_t> records;         // of each point
  std::vector<EventTime> times;          // of each point
  std::vector<RejectedRecord> rejected;  // before the store was asked
};

RecordWriter::RecordWriter(Deps deps)
    : deps_(deps),
      records_total_(deps.metrics.GetCounter("tidemark_timestream_records_written_total",
                                             "Records that WriteRecords accepted.")),
      rejected_total_(deps.metrics.GetCounter("tidemark_timestream_records_rejected_total",
                                              "Records that WriteRecords rejected.")) {}

std::unique_ptr<RecordWriter::Scratch> RecordWriter::TakeScratch() {
  const MutexLock lock(mutex_);
  if (idle_.empty()) return std::make_unique<Scratch>();
  std::unique_ptr<Scratch> out = std::move(idle_.back());
  idle_.pop_back();
  return out;
}

void RecordWriter::ReturnScratch(std::unique_ptr<Scratch> scratch) {
  if (!scratch->request.reusable()) return;
  const MutexLock lock(mutex_);
  if (idle_.size() < kScratchKeptMax) idle_.push_back(std::move(scratch));
}

void RecordWriter::Handle(http::Request request, http::Responder responder) {
  std::unique_ptr<Scratch> scratch = TakeScratch();
  const auto fail = [&](const Failure& failure) { responder.Send(deps_.answers->Fail(failure)); };
  WriteRequest& decoded = scratch->request;
  WriteBatchBuilder& batch = scratch->batch;
  if (const auto failure = decoded.Parse(request.body)) return fail(*failure);
  const auto table = deps_.tables.Find(decoded.database(), decoded.table());
  if (table == nullptr) {
    return fail({ApiError::kResourceNotFound, "The table " + std::string(decoded.table()) +
                                                  " does not exist in database " +
                                                  std::string(decoded.database()) + "."});
  }
  if (const auto failure = batch.Build(decoded, *table, deps_.store)) return fail(*failure);

  InFlight flight{std::move(responder), table, batch.records(), TimesOf(batch.points()),
                  std::move(batch.rejected())};
  if (batch.points().empty()) {
    Complete(std::move(flight), store::WriteReply{});
    return ReturnScratch(std::move(scratch));
  }
  store::WriteBatch write;
  write.points = batch.points();
  write.direct_clock = true;
  // The views of `write` were read when Write() returns: the scratch is free again.
  deps_.store.Write(write, [self = shared_from_this(),
                            flight = std::move(flight)](Result<store::WriteReply> reply) mutable {
    self->Complete(std::move(flight), std::move(reply));
  });
  ReturnScratch(std::move(scratch));
}

void RecordWriter::Complete(InFlight flight, Result<store::WriteReply> reply) {
  if (!reply.ok()) {
    flight.responder.Send(deps_.answers->Fail(Failure::Of(reply.error(), Phase::kWrite)));
    return;
  }
  deps_.direct_clock.OnWritten(flight.table->def.id, flight.times, reply->outcomes);
  for (store::Rejection& rejection : reply->rejections) {
    flight.rejected.push_back(
        {flight.records[rejection.index], ReasonOf(rejection), rejection.existing_version});
  }
  records_total_.Add(reply->memory_points + reply->magnetic_points);
  if (flight.rejected.empty()) {
    flight.responder.Send(
        deps_.answers->Ok(IngestedBody(reply->memory_points, reply->magnetic_points)));
    return;
  }
  rejected_total_.Add(flight.rejected.size());
  std::sort(flight.rejected.begin(), flight.rejected.end(),
            [](const auto& a, const auto& b) { return a.record < b.record; });
  // timestream-api.md 1.4.2: the status is 419.
  flight.responder.Send(deps_.answers->Make(419, RejectedBody(flight.rejected)));
}

}  // namespace tidemark::timestream
