// SPDX-License-Identifier: Apache-2.0
// Who puts records on a stream (web/API.md section 5, Streams).
#include <cmath>

#include "api/console/hand_shakes.h"
#include "api/console/streams_internal.h"

namespace tidemark::console {
namespace {

double Tenths(double value) { return std::round(value * 10) / 10; }

void WriteProducer(JsonWriter& out, const log::Producer& producer) {
  const ClientProduct product = ProductOf(producer.key.client);
  out.BeginObject();
  WriteTextOrNull(out, "library", product.library);
  WriteTextOrNull(out, "version", product.version);
  WriteText(out, "agent", producer.key.client);
  WriteTextOrNull(out, "access_key", producer.key.access_key);
  WriteText(out, "address", producer.key.address);
  WriteText(out, "protocol", "HTTP/1.1");  // of every call that gets so far (console-ux.md 2.1)
  WriteText(out, "operation", producer.key.operation);
  out.Key("requests_per_second").Double(Tenths(producer.requests_per_second));
  out.Key("records_per_second").Double(Tenths(producer.records_per_second));
  out.Key("bytes_per_second").Double(Tenths(producer.bytes_per_second));
  WriteI64(out, "requests", producer.requests);
  WriteI64(out, "records", producer.records);
  WriteI64(out, "bytes", producer.bytes);
  out.Key("errors").BeginArray();
  for (const auto& [code, count] : producer.errors) {
    out.BeginObject();
    WriteText(out, "code", code);
    WriteI64(out, "count", count);
    out.EndObject();
  }
  out.EndArray();
  WriteI64(out, "first_seen", producer.first_seen.ms);
  WriteI64(out, "last_seen", producer.last_seen.ms);
  out.EndObject();
}

}  // namespace

Answer GetStreamProducers(Core& core, Call& call) {
  const auto stream = FindStream(core.deps, call);
  if (!stream) return core.Fail(stream.error());
  JsonWriter out;
  out.BeginObject().Key("producers").BeginArray();
  for (const log::Producer& producer :
       core.deps.log.producers().List((*stream)->id(), core.deps.clock.Now())) {
    WriteProducer(out, producer);
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

}  // namespace tidemark::console
